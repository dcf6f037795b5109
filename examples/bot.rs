//! A chat with a bot in it: when somebody says `!roll 6` in a room, it answers there with a number from 1 to 6.
//!
//! `cargo run --example bot`, and then `telnet localhost 8080`.

use std::hash::{BuildHasher, RandomState};

use chinwag::{Act, Config, Error, Heard, Server};

fn main() -> Result<(), Error> {
    let mut server = Server::bind(Config::default())?;
    let handle = server.handle();
    let entries = handle.entries()?;
    std::thread::spawn(move || {
        for heard in entries {
            if let Heard::Entry { entry, author } = heard
                && let (Act::Say { room, text }, Some(author)) = (&entry.act, author)
                && let Some(Ok(sides @ 1..)) = text.strip_prefix("!roll ").map(str::parse::<u64>)
            {
                let rolled = RandomState::new().hash_one(entry.seq) % sides + 1;
                let answer = format!("{} rolls {rolled}.", author.name);
                let room = room.as_ref().unwrap_or(&author.room);
                let _ = handle.say(&room.to_string(), "dice", &answer);
            }
        }
    });
    println!("listening on {:?}", server.local_addrs());
    server.run()
}
