//! People who share several rooms: what each of them reads, and what the server remembers of them.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use chinwag::limits::{LOG_BYTES, ROOMS_HEARD, USERNAME_CHARS};
use chinwag::{Act, Entries, Heard, Person as Member, Server};

use crate::conversation::reads_replay;
use crate::harness::{Person, config, serve, serve_with};
use crate::rooms::{ann_hears_three, asks, goes, hears_too, listens};

#[test]
fn a_new_name_and_a_leaving_are_read_in_each_shared_room() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    listens(&mut carl, "lobby");
    for (person, tag) in [(&mut bob, ""), (&mut ann, "")] {
        person.reads(&format!("{tag}carl listens in from #den."));
    }
    asks(&mut ann, "/nick carl", &["That username is taken."]);
    ann.types("/nick Eve");
    for tag in ["", "#den ", "#tea "] {
        ann.reads(&format!("{tag}ann is now known as Eve."));
    }
    for (person, tags) in [
        (&mut bob, &[""][..]),
        (&mut carl, &["#lobby ", ""]),
        (&mut dora, &[""]),
    ] {
        for tag in tags {
            person.reads(&format!("{tag}ann is now known as Eve."));
        }
    }
    // An operator's notice is read once.
    server.handle().notice("tea at five").expect("a notice");
    for person in [&mut ann, &mut bob, &mut carl, &mut dora] {
        person.reads("-- tea at five --");
    }
    asks(&mut ann, "/quit good night", &["Goodbye!"]);
    ann.is_closed();
    for (person, tags) in [
        (&mut bob, &[""][..]),
        (&mut carl, &["#lobby ", ""]),
        (&mut dora, &[""]),
    ] {
        for tag in tags {
            person.reads(&format!("{tag}Eve has left the chat: good night"));
        }
        asks(person, "/users", &["Users online: 3"]);
    }
}

#[test]
fn stamps_stand_before_tags() {
    let server = serve();
    let [mut ann, mut bob, mut carl, _dora] = ann_hears_three(server.addr());
    for (typed, answer, stamp) in [
        ("/time on", "Timestamps are on (UTC).", "[13:05] "),
        (
            "/time full",
            "Timestamps are on, with the date (UTC).",
            "[2026-11-21 13:05:07] ",
        ),
        ("/time off", "Timestamps are off.", ""),
    ] {
        asks(&mut ann, typed, &[answer]);
        carl.types("hi");
        bob.types("/me waves");
        bob.reads("* bob waves");
        let mut texts = [ann.reads_line(), ann.reads_line()].map(|line| {
            let (shown, text) = line.split_at(stamp.len());
            assert_eq!(shown.starts_with('['), !stamp.is_empty(), "{line}");
            assert_eq!(shown.ends_with("] "), !stamp.is_empty(), "{line}");
            text.to_string()
        });
        // Two people said them.
        texts.sort();
        assert_eq!(texts, ["#den carl: hi", "* bob waves"]);
        // An answer has neither.
        asks(&mut ann, "/in den /who", &[ONLY_TEXT]);
    }
}

const ONLY_TEXT: &str = "Only text and /me ACTION can be said in another room. Not sent.";

#[test]
fn the_quiet_read_of_no_coming_or_going_in_any_room() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    asks(&mut ann, "/quiet on", &["Join and leave notices are off."]);
    listens(&mut bob, "den");
    carl.reads("bob listens in from #lobby.");
    asks(&mut bob, "/unlisten den", &["You no longer hear #den."]);
    carl.reads("bob no longer listens.");
    listens(&mut carl, "tea");
    dora.reads("carl listens in from #den.");
    goes(&mut carl, "tea");
    asks(&mut dora, "/nick Dot", &["dora is now known as Dot."]);
    carl.reads("dora is now known as Dot.");
    carl.vanishes();
    dora.reads("carl has left the chat.");
    dora.types("gone");
    ann.reads("#tea dora is now known as Dot.");
    ann.reads("#tea Dot: gone");
    // A room that they hear from now on is as quiet.
    listens(&mut ann, "ops");
    listens(&mut bob, "ops");
    bob.types("/in ops anyone?");
    ann.reads("#ops bob: anyone?");
    asks(&mut ann, "/quiet off", &["Join and leave notices are on."]);
    bob.types("/unlisten ops");
    ann.reads("#ops bob no longer listens.");
}

#[test]
fn whom_one_ignores_one_reads_in_no_room() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    asks(
        &mut ann,
        "/ignore carl",
        &["You are now ignoring carl. Type /unignore carl to undo it."],
    );
    carl.types("psst");
    listens(&mut carl, "tea");
    dora.reads("carl listens in from #den.");
    carl.types("/in tea psst");
    dora.reads("carl: psst");
    carl.types("/in tea /me waves");
    carl.reads("#tea * carl waves");
    dora.reads("* carl waves");
    asks(
        &mut carl,
        "/nick Cat",
        &[
            "carl is now known as Cat.",
            "#tea carl is now known as Cat.",
        ],
    );
    dora.reads("carl is now known as Cat.");
    dora.types("hello");
    ann.reads("#tea dora: hello");
    asks(
        &mut ann,
        "/unignore Cat",
        &["You are no longer ignoring Cat."],
    );
    carl.types("/in tea hi");
    ann.reads("#tea Cat: hi");
    bob.types("hi");
    ann.reads("bob: hi");
}

#[test]
fn the_past_of_another_room_stands_behind_its_tag() {
    let server = serve_with(|config| config.history = 10);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    goes(&mut bob, "den");
    ann.reads("bob has gone to #den.");
    bob.types("one");
    asks(&mut bob, "/me waves", &["* bob waves"]);
    asks(&mut ann, "/listen den", &[&hears_too("den")]);
    let header = "-- last 2 messages, times in UTC --";
    reads_replay(&mut ann, header, &["#den bob: one", "#den * bob waves"]);
    bob.reads("ann listens in from #lobby.");
    asks(&mut ann, "/unlisten den", &["You no longer hear #den."]);
    bob.reads("ann no longer listens.");
    bob.types("two");
    // By now the server has handled that.
    asks(&mut bob, "/users", &["Users online: 2"]);
    asks(&mut ann, "/listen den", &[&hears_too("den")]);
    let header = "-- last message, times in UTC --";
    reads_replay(&mut ann, header, &["#den bob: two"]);
    bob.reads("ann listens in from #lobby.");
    asks(
        &mut ann,
        "/switch den",
        &["You are in #den now.", &hears_too("lobby")],
    );
    ann.types("/history 1");
    reads_replay(&mut ann, header, &["bob: two"]);
}

#[test]
fn who_is_back_reads_lines_of_all_their_rooms_in_order() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    asks(
        &mut ann,
        "/away tea",
        &["You are away. Type /back when you return."],
    );
    let away = "ann is away: tea";
    asks(&mut bob, "ann?", &[away]);
    ann.reads("bob: ann?");
    asks(&mut carl, "is ann here?", &[away]);
    ann.reads("#den carl: is ann here?");
    dora.types("/msg ann psst");
    dora.reads(away);
    dora.reads("To ann (private): psst");
    ann.reads("dora (private): psst");
    // Each of them was told once.
    dora.types("so long, ann");
    ann.reads("#tea dora: so long, ann");
    asks(
        &mut ann,
        "/switch tea",
        &["You are in #tea now.", &hears_too("lobby")],
    );
    bob.types("ann!");
    ann.reads("#lobby bob: ann!");
    ann.types("/back");
    let missed = [
        "#lobby bob: ann?",
        "#den carl: is ann here?",
        "dora (private): psst",
        "dora: so long, ann",
        "#lobby bob: ann!",
    ];
    let header = "-- 5 messages you missed, times in UTC --";
    reads_replay(&mut ann, header, &missed);
    // Whoever is away is so in a room that they hear from then on.
    asks(
        &mut ann,
        "/away",
        &["You are away. Type /back when you return."],
    );
    listens(&mut ann, "ops");
    listens(&mut carl, "ops");
    ann.reads("#ops carl listens in from #den.");
    asks(&mut carl, "/in ops ann?", &["ann is away."]);
    ann.reads("#ops carl: ann?");
    ann.types("/back");
    let header = "-- 1 message you missed, times in UTC --";
    reads_replay(&mut ann, header, &["#ops carl: ann?"]);
    // Nobody is away in any room any more.
    carl.types("ann?");
    ann.reads("#den carl: ann?");
    asks(&mut carl, "/users", &["Users online: 4"]);
}

#[test]
fn each_room_reads_once_that_somebody_vanished() {
    const GUESTS: usize = 20;
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    asks(&mut ann, "/quit", &["Goodbye!"]);
    for person in [&mut bob, &mut carl, &mut dora] {
        person.reads("ann has left the chat.");
    }
    let mut guests = Vec::new();
    for i in 0..GUESTS {
        let mut guest = Person::login(server.addr(), &format!("g{i}"));
        bob.reads(&format!("g{i} has joined the chat."));
        for (room, person) in [("den", &mut carl), ("tea", &mut dora)] {
            listens(&mut guest, room);
            person.reads(&format!("g{i} listens in from #lobby."));
        }
        listens(&mut guest, &format!("own{i}"));
        if i % 2 == 0 {
            guest.types("/switch den");
            guest.reads("You are in #den now.");
        }
        guests.push(guest);
    }
    guests.into_iter().for_each(Person::vanishes);
    for person in [&mut bob, &mut carl, &mut dora] {
        let mut read: Vec<String> = (0..GUESTS).map(|_| person.reads_line()).collect();
        let left = |i| format!("g{i} has left the chat.");
        let mut expected: Vec<String> = (0..GUESTS).map(left).collect();
        read.sort();
        expected.sort();
        assert_eq!(read, expected);
        // Nothing is left of them, nor of the rooms that only they heard.
        person.types("/users");
        person.reads("Users online: 3");
    }
    asks(
        &mut bob,
        "/rooms",
        &["#lobby  1  you are here", "#den    1", "#tea    1"],
    );
    asks(&mut bob, "/who den", &["In #den: 1", "  carl"]);
    asks(&mut bob, "/who tea", &["In #tea: 1", "  dora"]);
    let people = server.handle().people().expect("the server runs");
    assert_eq!(people.len(), 3);
}

/// Where a person is, and what they hear.
fn place(member: &Member) -> String {
    let hears = member.hears.iter().map(|it| format!(" +{it}"));
    let hears: String = hears.collect();
    format!("{} in {}{hears}", member.name, member.room)
}

/// The next entry, as a line, with its author's rooms after it.
fn next(entries: &mut Entries) -> String {
    let Some(Heard::Entry { entry, author }) = entries.next() else {
        panic!("an entry");
    };
    let within = |room: Option<_>| room.map_or(String::new(), |it| format!(" in {it}"));
    let act = match entry.act {
        Act::Say { room, text } => format!("says {text}{}", within(room)),
        Act::Do { room, text } => format!("does {text}{}", within(room)),
        Act::Go { room } => format!("goes to {room}"),
        Act::Listen { room } => format!("hears {room}"),
        Act::Unlisten { room } => format!("leaves{}", within(room)),
        Act::Switch { room } => format!("switches to {room}"),
        Act::Leave { .. } => "goes".into(),
        act => panic!("{act:?}"),
    };
    format!("{act}: {}", author.as_ref().map_or("nobody".into(), place))
}

#[test]
fn a_program_knows_who_hears_what() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut entries = server.handle().entries().expect("the server runs");
    for line in [
        "/listen den",
        "/listen Tea",
        "/in den hello",
        "/in tea /me waves",
        "hello",
        "/switch den",
        // Refused before it is an entry, or after.
        "/in ops hello",
        "/listen den",
        "/unlisten lobby",
        "/join tea",
    ] {
        ann.types(line);
    }
    for expected in [
        "hears #den: ann in #lobby +#den",
        "hears #Tea: ann in #lobby +#den +#Tea",
        "says hello in #den: ann in #lobby +#den +#Tea",
        "does waves in #Tea: ann in #lobby +#den +#Tea",
        "says hello: ann in #lobby +#den +#Tea",
        "switches to #den: ann in #den +#Tea +#lobby",
        "hears #den: ann in #den +#Tea +#lobby",
        "leaves in #lobby: ann in #den +#Tea",
        "goes to #tea: ann in #Tea",
    ] {
        assert_eq!(next(&mut entries), expected);
    }
    ann.reads_until("You are in #Tea now.");
    listens(&mut ann, "den");
    let handle = server.handle();
    let people = handle.people().expect("the server runs");
    let places: Vec<String> = people.iter().map(place).collect();
    assert_eq!(places, ["ann in #Tea +#den"]);
    for (room, read) in [
        ("den", "#den clock: it is five"),
        ("tea", "clock: it is five"),
    ] {
        handle.say(room, "clock", "it is five").expect("a room");
        ann.reads(read);
    }
}

/// Somebody with long names for everything, who hears as many rooms as they may.
fn hears_much(addr: SocketAddr, number: usize) -> Person {
    let long = "x".repeat(USERNAME_CHARS - 3);
    let mut person = Person::login(addr, &format!("{number:03}{long}"));
    for i in 1..ROOMS_HEARD {
        person.types(&format!("/listen {i:03}{long}"));
    }
    person.types("/back");
    person.reads_until("You were not away.");
    person
}

/// Each of those who leave may read of those before, and so everyone at once would hold up the others.
#[test]
fn when_many_vanish_from_many_rooms_a_tick_tells_of_some() {
    const GUESTS: usize = 150;
    let mut server = Server::bind(config(|_| ())).expect("a free port can be listened on");
    let (addr, handle) = (server.local_addrs()[0], server.handle());
    let mut tick = || {
        let longest = Duration::from_millis(1);
        assert!(server.tick_within(longest).expect("a tick").is_continue());
        handle.stats().online as usize
    };
    let guests = thread::spawn(move || {
        let guests = (0..GUESTS).map(|it| hears_much(addr, it));
        guests.collect::<Vec<Person>>()
    });
    while !guests.is_finished() {
        tick();
    }
    let guests = guests.join().expect("all came in");
    guests.into_iter().for_each(Person::vanishes);
    let mut before = GUESTS;
    while before > 0 {
        let online = tick();
        // A line has the name of its author, the tag of its room, and some words.
        let of_each = ROOMS_HEARD * (2 * USERNAME_CHARS + " has left the chat.".len());
        let told = (before - online) * of_each;
        assert!(told < LOG_BYTES + of_each, "{told} bytes in a tick");
        before = online;
    }
}
