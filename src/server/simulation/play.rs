//! What happens on the stage: a number of steps by the dice, then rest, then everyone leaves.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::error::Error;
use crate::limits::{ACCEPT_RETRY, CLOSE_TIMEOUT, LINGER, NOTICE_BYTES, REQUESTS, STALL_CHECK};

use super::asking;
use super::client::{Client, Pace};
use super::objects;
use super::script;
use super::setting;
use super::stage::{Checked, Stage};
use super::traffic::shown;

/// Ticks within which the server comes to rest when nothing more happens. Two floods of `/history 200` that are read in
/// small pieces take 30,000.
const TICKS_TO_REST: usize = 100_000;

/// Ticks within which the server sleeps when nothing comes in.
const TICKS_TO_SLEEP: usize = 2000;

/// Clients that come in the course of a play.
const MOST_CLIENTS: usize = 24;

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

impl Stage {
    pub(super) fn play(&mut self) -> Checked {
        #[cfg(feature = "store")]
        if self.keeping.is_some() {
            for _ in 0..self.dice.below(4) {
                self.act_on()?;
                let is_killed = self.dice.below(2) == 0;
                if !is_killed {
                    self.shut_down()?;
                }
                self.start_again(is_killed)?;
            }
            self.play_to_the_end()?;
            return self.check_file();
        }
        self.play_to_the_end()
    }

    /// Things happen, for a while.
    fn act_on(&mut self) -> Checked {
        let steps = match self.story.kind.keeps {
            // There is more than one server in a play.
            true if self.story.kind.has_order => 40 + self.dice.below(70),
            true => 20 + self.dice.below(70),
            false => 40 + self.dice.below(120),
        };
        for _ in 0..steps {
            for _ in 0..1 + self.dice.below(4) {
                self.act()?;
            }
            self.pump()?;
            let ticks = 1 + self.dice.below(3);
            self.run(ticks)?;
        }
        Ok(())
    }

    fn play_to_the_end(&mut self) -> Checked {
        self.act_on()?;
        if self.dice.below(4) == 0 {
            return self.shut_down();
        }
        self.tell(|_| "everyone reads, and nothing more happens".into());
        self.clients.iter_mut().for_each(|it| it.pace = Pace::All);
        self.rest()?;
        self.check_quiet()?;
        self.pass(2 * STALL_CHECK)?;
        self.check_caught_up()?;
        self.tell(|_| "everyone leaves".into());
        for place in 0..self.clients.len() {
            self.go(place);
        }
        self.rest()?;
        self.pass(LINGER + CLOSE_TIMEOUT + SECOND)?;
        self.rest()?;
        self.check_empty()
    }

    /// The server runs, as long as it does not sleep.
    fn run(&mut self, ticks: usize) -> Checked {
        for _ in 0..ticks {
            if !self.is_server_awake() {
                break;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Clients and server go on until nothing moves any more.
    fn rest(&mut self) -> Checked {
        for _ in 0..TICKS_TO_REST {
            let moved = self.pump()?;
            if self.is_server_awake() {
                self.tick()?;
            } else if !moved {
                if !self.world.has_newcomers() && !self.has_input() {
                    return Ok(());
                }
                // Someone could not be let in, or sends too fast; it is tried again.
                self.pass(ACCEPT_RETRY / 4)?;
            }
        }
        Err("it does not come to rest".into())
    }

    /// Time passes; the server wakes up where it has to, and not quite on time.
    fn pass(&mut self, time: Duration) -> Checked {
        let end = self.world.now().instant + time;
        for _ in 0..1000 {
            self.run(TICKS_TO_SLEEP)?;
            if self.is_server_awake() {
                return Err("it does not sleep".into());
            }
            let left = end.saturating_duration_since(self.world.now().instant);
            let late = MILLISECOND * self.dice.below(3) as u32;
            match self.timeout() {
                Some(timeout) if timeout < left => self.world.pass((timeout + late).min(left)),
                _ => {
                    self.world.pass(left);
                    return self.run(1);
                }
            }
        }
        Err("it wakes up again and again".into())
    }

    fn shut_down(&mut self) -> Checked {
        self.tell(|_| "the server is told to shut down".into());
        let Some(server) = &self.server else {
            return Ok(());
        };
        server.handle().shutdown();
        self.stops_since = Some(self.world.now().instant);
        self.is_woken = true;
        if self.dice.below(2) == 0 {
            self.clients.iter_mut().for_each(|it| it.pace = Pace::All);
        }
        for _ in 0..TICKS_TO_REST {
            let moved = self.pump()?;
            if self.is_server_awake() {
                self.tick()?;
            } else if self.server.is_some() {
                // A client may read a few bytes at a time.
                self.pass(if moved { MILLISECOND } else { SECOND })?;
            }
            if self.server.is_none() {
                self.clients.iter_mut().for_each(|it| it.pace = Pace::All);
                return self.pump().map(|_| ());
            }
        }
        Err("it does not stop".into())
    }

    /// One thing that happens.
    fn act(&mut self) -> Checked {
        match self.dice.below(40) {
            0..6 => self.connect(),
            6 => self.notice()?,
            7 => self.set_motd()?,
            8 => self.fail_accept(),
            9 => {
                let seconds = self.dice.below(200_000) as i64 - 100_000;
                // Nobody could know numbers that were lost with a server that was killed.
                let seconds = match self.numbers.is_lost(self.model.last()) {
                    true => seconds.abs(),
                    false => seconds,
                };
                self.tell(|_| format!("the clock on the wall jumps by {seconds} s"));
                self.world.jump(seconds);
            }
            10 if self.nature.events > MOST_CLIENTS => {
                let time = SECOND * (1 + self.dice.below(100) as u32);
                self.tell(|_| format!("the server is stopped for {time:?}"));
                self.world.pass(time);
            }
            10..13 => {
                let most = [100, 1500, 30_000][self.dice.below(3)];
                let time = MILLISECOND * self.dice.below(most) as u32;
                self.tell(|_| format!("{time:?} pass"));
                self.pass(time)?;
            }
            _ => self.act_as_client(),
        }
        Ok(())
    }

    fn connect(&mut self) {
        let count = self.clients.len();
        if count == MOST_CLIENTS {
            return;
        }
        const ADDRESSES: [&str; 5] = ["127.0.0.1", "::1", "192.0.2.7", "192.0.2.8", "2001:db8::7"];
        let ip: IpAddr = self.dice.pick(&ADDRESSES).parse().expect("an address");
        let addr = SocketAddr::from((ip, 50_000 + count as u16));
        let Some(pair) = self.world.connect(addr) else {
            return;
        };
        self.tell(|_| format!("client {count} connects from {addr}"));
        let is_limited = self.config.rate.is_some()
            && (self.config.rate_on_loopback || !addr.ip().is_loopback());
        let is_program = cfg!(feature = "machine") && self.dice.below(4) == 0;
        let max_line = self.config.max_line;
        let mut client = Client::new(pair, addr, max_line, is_limited, is_program);
        client.may_be_held = self.story.kind.is_late || self.thread.is_some();
        if is_program {
            let first = objects::first(&mut self.dice, self.rooms);
            client.unsent.extend(first.bytes());
        } else if self.dice.below(20) == 0 {
            client
                .unsent
                .extend(script::stranger(&mut self.dice).bytes());
        } else if self.dice.below(4) > 0 {
            let name = script::name(&mut self.dice);
            let name = asking::or_ask(self.story.kind.asks, &mut self.dice, name);
            client.unsent.extend(name.bytes());
            client.unsent.extend(script::end(&mut self.dice).bytes());
        }
        self.story.kind.strip(&mut client.unsent);
        self.clients.push(client);
    }

    fn notice(&mut self) -> Checked {
        let Some(server) = &self.server else {
            return Ok(());
        };
        // A long one is told many times, where that is too much for who does not read.
        let is_long = setting::is_tight(&self.config) && self.dice.below(2) == 0;
        let (text, times) = match is_long {
            true => ("tea ".repeat(NOTICE_BYTES / 4), REQUESTS),
            false => ("tea\nis ready".into(), 1),
        };
        for _ in 0..times {
            asked(server.handle().notice(&text))?;
        }
        self.is_woken = true;
        self.tell(|_| format!("{times} notices"));
        Ok(())
    }

    fn set_motd(&mut self) -> Checked {
        let Some(server) = &self.server else {
            return Ok(());
        };
        let motd = self.dice.pick(&["", "One line.", "Two\nlines."]);
        let motd = Some(motd).filter(|text| !text.is_empty());
        asked(server.handle().set_motd(motd))?;
        self.is_woken = true;
        self.tell(|_| format!("the message of the day is {motd:?}"));
        Ok(())
    }

    fn fail_accept(&mut self) {
        // EMFILE and ENFILE, which have no kind.
        let failure = match self.dice.below(4) {
            0 => io::Error::from_raw_os_error(24),
            1 => io::Error::from_raw_os_error(23),
            2 => ErrorKind::ConnectionAborted.into(),
            _ => ErrorKind::Interrupted.into(),
        };
        self.tell(|_| format!("accepting is to fail: {failure}"));
        self.world.fail_accept(failure);
    }

    fn act_as_client(&mut self) {
        let here: Vec<usize> = (0..self.clients.len())
            .filter(|&place| !self.clients[place].is_gone)
            .collect();
        if here.is_empty() {
            return self.connect();
        }
        let mut place = here[self.dice.below(here.len())];
        #[cfg(feature = "accounts")]
        if self.story.kind.has_order && self.dice.below(8) == 0 {
            place = self.operator_here().unwrap_or(place);
        }
        let rooms = self.rooms;
        #[cfg(feature = "accounts")]
        if self.story.kind.has_members && self.act_as_member(place) {
            return;
        }
        if self.clients[place].is_program {
            return self.act_as_program(place);
        }
        if self.story.kind.keeps && self.dice.below(5) == 0 {
            return self.type_bytes(place, |dice| script::past(dice, rooms).into());
        }
        match self.dice.below(28) {
            0..12 => self.type_line(place),
            12 => self.flood(place),
            13 | 17 if self.story.kind.has_members => {}
            13 => self.type_bytes(place, script::noise),
            14 if self.story.kind.has_members => {}
            14 if !self.clients[place].has_negotiated_much() => {
                self.type_bytes(place, script::telnet);
            }
            15 => self.type_bytes(place, |dice| script::talk(dice, rooms).into()),
            16 => {
                let limit = self.config.max_line;
                let length = limit - 2 + self.dice.below(5);
                self.type_bytes(place, |_| vec![b'l'; length]);
            }
            17 => self.send_urgent(place),
            18 => self.go(place),
            19..23 => self.type_bytes(place, |dice| script::round(dice, rooms).into()),
            _ => self.change_pace(place),
        }
    }

    fn act_as_program(&mut self, place: usize) {
        let rooms = self.rooms;
        let number = self.numbers.pick(&mut self.dice);
        match self.dice.below(30) {
            0..10 => self.type_bytes(place, |dice| (objects::line(dice, rooms) + "\n").into()),
            24.. => self.type_bytes(place, |dice| {
                (objects::past(dice, rooms, number) + "\n").into()
            }),
            // The rest may follow, or never come.
            10 => self.type_bytes(place, |dice| objects::line(dice, rooms).into()),
            11 => self.type_bytes(place, |dice| {
                let count = 20 + dice.below(100);
                (objects::line(dice, rooms) + "\r\n").repeat(count).into()
            }),
            12 if self.story.kind.has_members => {}
            12 => self.type_bytes(place, script::noise),
            13 => self.go(place),
            14..18 => self.type_bytes(place, |dice| objects::round(dice, rooms).into()),
            _ => self.change_pace(place),
        }
    }

    fn type_line(&mut self, place: usize) {
        let rooms = self.rooms;
        // Several at once, where what follows a line may be read too early.
        let lines = if self.story.kind.is_late || self.thread.is_some() {
            1 + self.dice.below(4)
        } else {
            1
        };
        for _ in 0..lines {
            let mut line = script::talk(&mut self.dice, rooms);
            if self.dice.below(30) == 0 {
                line = script::line(&mut self.dice, rooms);
            }
            line = asking::or_ask(self.story.kind.asks, &mut self.dice, line);
            line += script::end(&mut self.dice);
            self.type_bytes(place, |_| line.into());
        }
    }

    /// Many lines at once, often of the kind that has a long answer.
    fn flood(&mut self, place: usize) {
        let rooms = self.rooms;
        let count = 20 + self.dice.below(200);
        let line = match self.dice.below(8) {
            0 => "a long line ".repeat(40),
            1..3 => script::talk(&mut self.dice, rooms),
            3..5 => "/help".into(),
            5 => "/history 200".into(),
            6 => {
                let room = rooms.name(&mut self.dice);
                self.type_bytes(place, |_| format!("/listen {room}\n").into());
                format!("a line of a flood\n/in {room} another")
            }
            _ => "a line of a flood".into(),
        };
        self.type_bytes(place, |_| format!("{line}\n").repeat(count).into());
    }

    pub(super) fn type_bytes(
        &mut self,
        place: usize,
        bytes: impl FnOnce(&mut crate::dice::Dice) -> Vec<u8>,
    ) {
        if self.clients[place].finishes {
            return;
        }
        let mut bytes = bytes(&mut self.dice);
        self.story.kind.strip(&mut bytes);
        self.tell(|_| format!("client {place} types {}", shown(&bytes)));
        #[cfg(feature = "accounts")]
        self.watch.typed(place, &bytes);
        self.clients[place].unsent.extend(bytes);
    }

    fn send_urgent(&mut self, place: usize) {
        let client = &mut self.clients[place];
        if client.finishes || !client.unsent.is_empty() {
            return;
        }
        if self.world.send_urgent(client.pair, b'u') {
            client.unsent.push(b'u');
            client.sent(1);
            self.tell(|_| format!("client {place} sends urgent data"));
        }
    }

    fn change_pace(&mut self, place: usize) {
        let pace = match self.dice.below(3) {
            0 => Pace::All,
            1 => Pace::Some(1 + self.dice.below(300)),
            _ => Pace::Nothing,
        };
        self.clients[place].pace = pace;
        self.tell(|_| format!("client {place} reads {pace:?}"));
    }

    /// A client leaves, in one way or another.
    fn go(&mut self, place: usize) {
        let client = &mut self.clients[place];
        if client.is_gone {
            return;
        }
        let way = self.dice.below(3);
        let pair = client.pair;
        match way {
            0 if !client.finishes => {
                client.finishes = true;
                if client.unsent.is_empty() {
                    self.world.finish(pair);
                    client.end_input();
                }
            }
            1 if !self.world.has_unread(pair) => {
                self.world.close(pair);
                client.let_go();
            }
            _ => {
                self.world.reset(pair);
                client.breaks(self.nature.reset_discards);
            }
        }
        self.tell(|_| format!("client {place} leaves, way {way}"));
    }

    /// All who are still here have read all that they are owed, and were heard; the server sleeps.
    fn check_quiet(&mut self) -> Checked {
        for place in 0..self.clients.len() {
            let client = &self.clients[place];
            if !client.is_gone && client.peer.is_some() {
                self.checked(place, |it| it.check_all_read())?;
                self.checked(place, |it| it.check_all_heard())?;
            }
        }
        Ok(())
    }

    /// The kernel waits without end only for those who have not read everything, and those on this machine.
    fn check_caught_up(&self) -> Checked {
        let mut here = self.clients.iter().filter(|it| !it.is_gone);
        let is_waited_for = |client: &&Client| {
            let can_vanish = !client.addr.ip().is_loopback();
            let has_unread = self.world.has_unread(client.pair);
            can_vanish && !has_unread && self.world.is_waited_for(client.pair)
        };
        match here.find(is_waited_for) {
            None => Ok(()),
            Some(client) => Err(format!("{} is waited for without end", client.addr)),
        }
    }

    /// Everyone has left: nothing is left of them.
    fn check_empty(&self) -> Checked {
        let Some(server) = &self.server else {
            return Ok(());
        };
        assert_eq!((self.model.present(), server.talk.hub.online()), (0, 0));
        assert_eq!((server.talk.connections.len(), self.world.held()), (0, 0));
        match server.timeout() {
            None => Ok(()),
            Some(timeout) => Err(format!(
                "nobody is here, but the server wakes in {timeout:?}"
            )),
        }
    }
}

/// Where so much was asked since the last tick that no more is taken, nothing comes of it.
fn asked(result: Result<(), Error>) -> Checked {
    match result {
        Ok(()) | Err(Error::Busy) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
