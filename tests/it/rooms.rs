//! Several rooms at once: what people read, over telnet itself and byte by byte.

use std::net::SocketAddr;

use chinwag::limits::ROOMS_HEARD;

use crate::daemon::start;
use crate::harness::{Person, room, serve};
use crate::real_clients::{Desk, TELNET, can_play};

/// The answer to `/listen`.
pub(crate) fn hears_too(room: &str) -> String {
    format!("You hear #{room} too. Say something there with /in {room} TEXT.")
}

/// Goes to a room.
pub(crate) fn goes(person: &mut Person, room: &str) {
    asks(
        person,
        &format!("/join {room}"),
        &[&format!("You are in #{room} now.")],
    );
}

/// Begins to hear a room that has neither a topic nor a history.
pub(crate) fn listens(person: &mut Person, room: &str) {
    asks(person, &format!("/listen {room}"), &[&hears_too(room)]);
}

/// Types a line and reads its answer.
pub(crate) fn asks(person: &mut Person, typed: &str, answer: &[&str]) {
    person.types(typed);
    for line in answer {
        person.reads(line);
    }
}

/// Ann and bob are in the lobby, carl in #den and dora in #tea.
fn three_rooms(addr: SocketAddr) -> [Person; 4] {
    let [mut ann, mut bob, mut carl, mut dora] = room(addr, ["ann", "bob", "carl", "dora"]);
    goes(&mut carl, "den");
    for person in [&mut ann, &mut bob, &mut dora] {
        person.reads("carl has gone to #den.");
    }
    goes(&mut dora, "tea");
    for person in [&mut ann, &mut bob] {
        person.reads("dora has gone to #tea.");
    }
    [ann, bob, carl, dora]
}

/// Ann hears #den and #tea too, and the people there have read it.
pub(crate) fn ann_hears_three(addr: SocketAddr) -> [Person; 4] {
    let [mut ann, bob, mut carl, mut dora] = three_rooms(addr);
    listens(&mut ann, "den");
    carl.reads("ann listens in from #lobby.");
    listens(&mut ann, "tea");
    dora.reads("ann listens in from #lobby.");
    [ann, bob, carl, dora]
}

/// Types a line, and reads nothing but the line itself and then these lines.
fn telnet_shows(desk: &mut Desk, typed: &str, lines: &[&str]) {
    desk.types(typed);
    for line in [&[typed], lines].concat() {
        let before = desk.reads(&format!("{line}\r"));
        assert_eq!(before.trim(), "", "before {line:?}");
    }
}

#[test]
fn eve_has_telnet_and_hears_three_rooms() {
    if !can_play("eve_has_telnet_and_hears_three_rooms", &[&TELNET]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let [mut ann, mut bob, mut carl, mut dora] = three_rooms(addr);
    let mut eve = Desk::login(&TELNET, addr, "eve");
    for person in [&mut ann, &mut bob] {
        person.reads("eve has joined the chat.");
    }
    telnet_shows(&mut eve, "/listen den", &[&hears_too("den")]);
    carl.reads("eve listens in from #lobby.");
    telnet_shows(&mut eve, "/listen #Tea", &[&hears_too("tea")]);
    dora.reads("eve listens in from #lobby.");

    telnet_shows(&mut eve, "hello, lobby", &[]);
    ann.reads("eve: hello, lobby");
    telnet_shows(&mut eve, "/in den hello, den", &[]);
    carl.reads("eve: hello, den");
    telnet_shows(&mut eve, "/in den /me waves", &["#den * eve waves"]);
    carl.reads("* eve waves");
    telnet_shows(&mut eve, "/in TEA  //me too", &[]);
    dora.reads("eve: /me too");
    telnet_shows(&mut eve, "/me yawns", &["* eve yawns"]);
    // What the others say comes behind the echo of the next line, in the order in which they said it.
    for (person, text, read) in [
        (&mut carl, "from the den", "#den carl: from the den"),
        (&mut dora, "from the kitchen", "#tea dora: from the kitchen"),
        (&mut bob, "from the lobby", "bob: from the lobby"),
    ] {
        person.types(text);
        assert_eq!(eve.reads(&format!("{read}\r")).trim(), "");
    }
    telnet_shows(
        &mut eve,
        "/switch den",
        &["You are in #den now.", &hears_too("lobby")],
    );
    telnet_shows(&mut eve, "here I am", &[]);
    carl.reads("eve: here I am");
    telnet_shows(&mut eve, "/in lobby and there", &[]);
    bob.reads("eve: hello, lobby");
    bob.reads("* eve yawns");
    bob.reads("eve: and there");
    telnet_shows(
        &mut eve,
        "/rooms",
        &[
            "#lobby  3  you hear it",
            "#den    2  you are here",
            "#tea    2  you hear it",
        ],
    );
    telnet_shows(&mut eve, "/quit", &["Goodbye!"]);
    eve.ends();
    for person in [&mut bob, &mut carl, &mut dora] {
        person.reads("eve has left the chat.");
    }
}

#[test]
fn nobody_hears_a_room_unseen() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    let lists = [
        ("lobby", "In #lobby: 2", "  ann, bob"),
        ("den", "In #den: 2", "  ann (in #lobby), carl"),
        ("tea", "In #tea: 2", "  ann (in #lobby), dora"),
    ];
    for person in [&mut ann, &mut bob, &mut carl, &mut dora] {
        for (room, head, people) in lists {
            asks(person, &format!("/who {room}"), &[head, people]);
        }
    }
    asks(
        &mut ann,
        "/away",
        &["You are away. Type /back when you return."],
    );
    asks(
        &mut carl,
        "/who",
        &["In #den: 2", "  ann (in #lobby, away), carl"],
    );
    asks(&mut ann, "/back", &["You are back. You missed nothing."]);

    // A switch is not told, and shown to those who ask.
    asks(
        &mut ann,
        "/switch tea",
        &["You are in #tea now.", &hears_too("lobby")],
    );
    asks(&mut carl, "/who", &["In #den: 2", "  ann (in #tea), carl"]);
    asks(&mut dora, "/who", &["In #tea: 2", "  ann, dora"]);
    asks(&mut bob, "/who", &["In #lobby: 2", "  ann (in #tea), bob"]);
    asks(&mut ann, "/unlisten den", &["You no longer hear #den."]);
    carl.reads("ann no longer listens.");
    asks(&mut carl, "/who", &["In #den: 1", "  carl"]);
    carl.types("alone?");
    asks(
        &mut ann,
        "/in den me?",
        &["You do not hear #den. Not sent. Type /listen den first."],
    );
    listens(&mut ann, "den");
    carl.reads("ann listens in from #tea.");
    carl.types("no more");
    ann.reads("#den carl: no more");
}

#[test]
fn rooms_are_told_apart_by_tags_whichever_is_current() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    for (switch, tags) in [
        ("", ["", "#den ", "#tea "]),
        ("den", ["#lobby ", "", "#tea "]),
        ("tea", ["#lobby ", "#den ", ""]),
        ("lobby", ["", "#den ", "#tea "]),
    ] {
        if !switch.is_empty() {
            ann.types(&format!("/switch {switch}"));
            ann.reads(&format!("You are in #{switch} now."));
            assert!(ann.reads_line().starts_with("You hear #"));
        }
        let others = [("bob", &mut bob), ("carl", &mut carl), ("dora", &mut dora)];
        for ((name, person), tag) in others.into_iter().zip(tags) {
            person.types("hello");
            ann.reads(&format!("{tag}{name}: hello"));
            asks(person, "/me waves", &[&format!("* {name} waves")]);
            ann.reads(&format!("{tag}* {name} waves"));
        }
    }
    // Their comings and goings too, and topics.
    asks(
        &mut carl,
        "/topic cards",
        &["carl has set the topic: cards"],
    );
    ann.reads("#den carl has set the topic: cards");
    goes(&mut dora, "lobby");
    ann.reads("#tea dora has gone to #lobby.");
    for person in [&mut ann, &mut bob] {
        person.reads("dora has come in.");
    }
    asks(
        &mut bob,
        "/listen den",
        &[&hears_too("den"), "The topic of #den: cards"],
    );
    ann.reads("#den bob listens in from #lobby.");
    asks(&mut bob, "/unlisten DEN", &["You no longer hear #den."]);
    ann.reads("#den bob no longer listens.");
}

#[test]
fn each_refusal_has_its_words() {
    let server = serve();
    let [mut ann, mut bob, mut carl, _dora] = ann_hears_three(server.addr());
    let not_heard = "You do not hear #ops. Type /listen ops first.";
    let not_sent = "You do not hear #ops. Not sent. Type /listen ops first.";
    let only_text = "Only text and /me ACTION can be said in another room. Not sent.";
    for (typed, answer) in [
        ("/listen DEN", "You hear #den already."),
        ("/listen lobby", "You are already in #lobby."),
        ("/switch lobby", "You are already in #lobby."),
        ("/switch ops", not_heard),
        ("/unlisten ops", not_heard),
        (
            "/unlisten lobby",
            "You are in #lobby now. Go elsewhere first: /switch ROOM.",
        ),
        ("/in ops hello", not_sent),
        ("/in ops /me waves", not_sent),
        ("/in den /who", only_text),
        ("/in den /me", only_text),
        ("/in den /in tea hello", only_text),
        ("/in den /quit", only_text),
        ("/in den", "How to use it: /in ROOM TEXT"),
        ("/in", "How to use it: /in ROOM TEXT"),
        ("/listen", "How to use it: /listen ROOM"),
        ("/unlisten", "How to use it: /unlisten ROOM|all"),
        ("/switch", "How to use it: /switch ROOM"),
    ] {
        asks(&mut ann, typed, &[answer]);
    }
    // A room that is there and not heard is refused in the same words, and so nobody learns of it.
    goes(&mut bob, "ops");
    ann.reads("bob has gone to #ops.");
    asks(&mut ann, "/switch ops", &[not_heard]);
    asks(&mut ann, "/unlisten ops", &[not_heard]);
    asks(&mut ann, "/in ops hello", &[not_sent]);
    for typed in ["/listen a:b", "/switch a:b", "/unlisten a:b", "/in a:b x"] {
        ann.types(typed);
        let refused = ann.reads_line();
        assert!(refused.starts_with("A room's name has "), "{refused}");
    }
    // Nobody has read any of this.
    for person in [&mut bob, &mut carl] {
        asks(person, "/users", &["Users online: 4"]);
    }
}

#[test]
fn whoever_hears_sixteen_rooms_hears_no_seventeenth() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for i in 1..ROOMS_HEARD {
        listens(&mut ann, &format!("r{i}"));
    }
    let most = "You are in 16 rooms, and that is the most. Leave one with /unlisten.";
    asks(&mut ann, "/listen r16", &[most]);
    bob.types("/rooms");
    assert_eq!(bob.reads_line(), "#lobby  2  you are here");
    // The room was not made.
    let rows: Vec<String> = (1..ROOMS_HEARD).map(|_| bob.reads_line()).collect();
    assert_eq!(rows[ROOMS_HEARD - 2], "#r15    1");
    // Another current room is no further room.
    goes(&mut ann, "r16");
    bob.reads("ann has gone to #r16.");
    asks(&mut ann, "/listen lobby", &[most]);
    asks(&mut ann, "/unlisten r1", &["You no longer hear #r1."]);
    listens(&mut ann, "lobby");
    bob.reads("ann listens in from #r16.");
    goes(&mut ann, "r2");
    asks(&mut ann, "/listen r17", &[&hears_too("r17")]);
    asks(&mut ann, "/listen r18", &[most]);
    bob.types("still?");
    ann.reads("#lobby bob: still?");
}

#[test]
fn one_leaves_one_room_or_all_but_the_current_one() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    for (rooms, answer) in [
        (&[][..], "You no longer hear #den and #tea."),
        (&["ops"], "You no longer hear #ops."),
        (
            &["den", "tea", "ops"],
            "You no longer hear #den, #tea and #ops.",
        ),
    ] {
        for room in rooms {
            listens(&mut ann, room);
        }
        asks(&mut ann, "/unlisten ALL", &[answer]);
        asks(&mut ann, "/unlisten all", &["You hear no other room."]);
    }
    for person in [&mut carl, &mut dora] {
        person.reads("ann no longer listens.");
        person.reads("ann listens in from #lobby.");
        person.reads("ann no longer listens.");
        person.types("gone?");
    }
    // #ops has gone with her.
    asks(
        &mut ann,
        "/rooms",
        &["#lobby  2  you are here", "#den    1", "#tea    1"],
    );
    bob.types("alone again");
    ann.reads("bob: alone again");
}

#[test]
fn to_join_a_heard_room_leaves_the_old_one_alone() {
    let server = serve();
    let [mut ann, mut bob, mut carl, mut dora] = ann_hears_three(server.addr());
    goes(&mut ann, "den");
    bob.reads("ann has gone to #den.");
    // Carl has read that she listens, and reads nothing now.
    asks(&mut carl, "/who", &["In #den: 2", "  ann, carl"]);
    asks(&mut bob, "/who", &["In #lobby: 1", "  bob"]);
    bob.types("gone?");
    dora.types("still there?");
    ann.reads("#tea dora: still there?");
    asks(&mut ann, "/leave", &["You are in #lobby now."]);
    carl.reads("ann has gone to #lobby.");
    bob.reads("ann has come in.");
    asks(
        &mut ann,
        "/rooms",
        &[
            "#lobby  2  you are here",
            "#tea    2  you hear it",
            "#den    1",
        ],
    );
    // A room that she hears as well as the lobby does not end with her leaving the lobby.
    asks(
        &mut ann,
        "/switch tea",
        &["You are in #tea now.", &hears_too("lobby")],
    );
    asks(&mut ann, "/leave", &["You are in #lobby now."]);
    dora.reads("ann has gone to #lobby.");
    asks(&mut dora, "/who", &["In #tea: 1", "  dora"]);
    asks(&mut bob, "/who", &["In #lobby: 2", "  ann, bob"]);
}
