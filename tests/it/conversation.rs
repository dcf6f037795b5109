//! Rooms, private messages, people who are away and people who are ignored: every byte that people read.

use crate::harness::{Person, serve};

/// The line without its date. Checks that there is one.
pub(crate) fn undated(line: &str) -> &str {
    let (date, text) = line
        .split_at_checked("[2026-11-21 13:05] ".len())
        .unwrap_or_else(|| panic!("no date: {line:?}"));
    let shape: String = date
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "[0000-00-00 00:00] ", "{line:?}");
    text
}

/// Reads a replay of these lines.
pub(crate) fn reads_replay(person: &mut Person, head: &str, lines: &[&str]) {
    person.reads(head);
    for line in lines {
        assert_eq!(undated(&person.reads_line()), *line);
    }
    person.reads("-- end --");
}

#[test]
fn ann_makes_a_room_and_bob_follows() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    ann.types("/join #Tea");
    ann.reads("You are in #Tea now.");
    for person in [&mut bob, &mut carl] {
        person.reads("ann has gone to #Tea.");
    }
    ann.types("not for the lobby");
    bob.types("/join tea");
    bob.reads("You are in #Tea now.");
    ann.reads("bob has come in.");
    carl.reads("bob has gone to #Tea.");
    ann.types("milk first?");
    bob.reads("ann: milk first?");
    carl.types("anyone?");

    bob.types("/join TEA");
    bob.reads("You are already in #Tea.");
    bob.types("/leave");
    bob.reads("You are in #lobby now.");
    ann.reads("bob has gone to #lobby.");
    carl.reads("bob has come in.");
    bob.types("/leave");
    bob.reads("You are already in #lobby.");
    bob.types("/quit");
    bob.reads("Goodbye!");
    carl.reads("bob has left the chat.");
    ann.types("/users");
    ann.reads("Users online: 2");
}

#[test]
fn rooms_are_listed_with_their_people_and_topics() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/rooms");
    ann.reads("#lobby  2  you are here");
    bob.types("/join tea");
    bob.reads("You are in #tea now.");
    bob.types("/topic milk first?");
    bob.reads("bob has set the topic: milk first?");
    ann.reads("bob has gone to #tea.");
    ann.types("/rooms");
    ann.reads("#lobby  1  you are here");
    ann.reads("#tea    1                milk first?");

    // A room with a topic outlives its people; one without does not.
    bob.types("/join den");
    bob.reads("You are in #den now.");
    bob.types("/leave");
    bob.reads("You are in #lobby now.");
    ann.reads("bob has come in.");
    ann.types("/rooms");
    ann.reads("#lobby  2  you are here");
    ann.reads("#tea    0                milk first?");
    let rule = "A room's name has 1 to 32 letters, digits, '_', '-' or '.'";
    for (name, reason) in [
        ("no room", "; it cannot have a space."),
        ("#", "."),
        ("-x", "; it cannot begin with '-'."),
        ("##tea", "; it cannot have '#'."),
        ("a:b", "; it cannot have ':'."),
    ] {
        ann.types(&format!("/join {name}"));
        ann.reads(&format!("{rule}{reason}"));
    }
}

#[test]
fn a_topic_is_shown_on_joining_and_when_asked_for() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/topic");
    ann.reads("#lobby has no topic. Type /topic TEXT to set one.");
    ann.types("/topic -");
    ann.reads("#lobby has no topic. Type /topic TEXT to set one.");
    ann.types("/topic  Tea: milk first?  ");
    for person in [&mut ann, &mut bob] {
        person.reads("ann has set the topic: Tea: milk first?");
    }
    let mut carl = server.connect();
    carl.sees("Enter your username: ");
    carl.types("carl");
    carl.is_welcomed();
    carl.reads("The topic of #lobby: Tea: milk first?");
    carl.reads("carl has joined the chat.");
    carl.types(&format!("/topic {}", "é".repeat(201)));
    carl.reads("A topic has at most 200 characters. Not set.");
    carl.types("/topic");
    carl.reads("The topic of #lobby: Tea: milk first?");
    carl.types("/topic -");
    carl.reads("carl has cleared the topic.");
    bob.reads("carl has joined the chat.");
    bob.reads("carl has cleared the topic.");
}

#[test]
fn who_lists_a_room_and_who_of_them_is_away() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    bob.types("/away");
    bob.reads("You are away. Type /back when you return.");
    ann.types("/who");
    ann.reads("In #lobby: 2");
    ann.reads("  ann, bob (away)");
    ann.types("/join tea");
    ann.reads("You are in #tea now.");
    ann.types("/who LOBBY");
    ann.reads("In #lobby: 1");
    ann.reads("  bob (away)");
    ann.types("/who #nowhere");
    ann.reads("There is no room #nowhere. Type /rooms for the list.");
    ann.types("/who two words");
    ann.reads(
        "A room's name has 1 to 32 letters, digits, '_', '-' or '.'; it cannot have a space.",
    );
}

#[test]
fn tables_stand_in_columns_of_the_screen() {
    let server = serve();
    let [mut ann, _bob] = server.room(["ann", "bob"]);
    let mut people = Vec::new();
    for i in 0..10 {
        let mut person = server.login(&format!("\u{53f0}\u{6240}\u{306e}\u{65e5}\u{672c}{i}"));
        person.types("/join \u{53f0}\u{6240}");
        person.reads("You are in #\u{53f0}\u{6240} now.");
        people.push(person);
    }
    let mut lines = Vec::new();
    ann.types("/rooms");
    ann.types("/users");
    lines.extend(ann.reads_until("Users online: 12"));
    let tables = lines.split_off(lines.len() - 2);
    assert_eq!(
        tables,
        ["#\u{53f0}\u{6240}   10", "#lobby   2  you are here"]
    );
    ann.types("/who \u{53f0}\u{6240}");
    ann.types("/users");
    // A name and its comma take 12 columns, and the space between two is one more.
    let rows = ann.reads_until("Users online: 12");
    let names: Vec<usize> = rows[1..]
        .iter()
        .map(|it| it.matches('\u{672c}').count())
        .collect();
    assert_eq!(names, [5, 5]);
}

#[test]
fn private_messages_cross_rooms_and_are_marked() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    ann.types("/reply hello?");
    ann.reads("Nobody has written to you privately. Type /msg NAME TEXT to write first.");
    bob.types("/join tea");
    bob.reads("You are in #tea now.");
    for person in [&mut ann, &mut carl] {
        person.reads("bob has gone to #tea.");
    }
    ann.types("/msg BOB  psst,  listen ");
    ann.reads("To bob (private): psst,  listen");
    bob.reads("ann (private): psst,  listen");
    bob.types("/reply I do");
    bob.reads("To ann (private): I do");
    ann.reads("bob (private): I do");
    bob.types("/nick rob");
    bob.reads("bob is now known as rob.");
    ann.types("/reply still there?");
    ann.reads("To rob (private): still there?");
    bob.reads("ann (private): still there?");
    bob.types("/quit");
    bob.reads("Goodbye!");
    bob.is_closed();
    // The name is someone else's now, and a message for one person must not reach the other.
    let mut rob = server.login("rob");
    for person in [&mut ann, &mut carl] {
        person.reads("rob has joined the chat.");
    }
    ann.types("/reply a secret");
    ann.reads("rob has left. Not sent.");
    ann.types("/msg nobody x");
    ann.reads("Nobody here is called nobody.");
    ann.types("/msg ann x");
    ann.reads("That's you.");
    ann.types("said");
    for person in [&mut rob, &mut carl] {
        person.reads("ann: said");
    }
}

#[test]
fn an_action_is_read_by_all_and_looks_like_nothing_else() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/me waves");
    for person in [&mut ann, &mut bob] {
        person.reads("* ann waves");
    }
    ann.types("* bob waves");
    bob.reads("ann: * bob waves");
    ann.types("/me");
    ann.reads("How to use it: /me ACTION");
}

#[test]
fn who_is_away_reads_what_was_said_to_them_and_about_them() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    bob.types("/back");
    bob.reads("You were not away.");
    bob.types("/away gone for tea");
    bob.reads("You are away. Type /back when you return.");
    ann.types("is Bob, who drinks tea, here?");
    ann.reads("bob is away: gone for tea");
    ann.types("no matter");
    carl.types("/msg bob call me");
    carl.reads("ann: is Bob, who drinks tea, here?");
    carl.reads("ann: no matter");
    carl.reads("bob is away: gone for tea");
    carl.reads("To bob (private): call me");
    carl.types("/whois bob");
    let whois = carl.reads_line();
    assert!(
        whois.starts_with("bob is in #lobby, online since 2"),
        "{whois}"
    );
    assert!(!whois.contains("127.0.0.1"), "{whois}");
    carl.reads("bob is away: gone for tea");

    bob.reads("ann: is Bob, who drinks tea, here?");
    bob.reads("ann: no matter");
    bob.reads("carl (private): call me");
    bob.types("/back");
    let missed = [
        "ann: is Bob, who drinks tea, here?",
        "carl (private): call me",
    ];
    reads_replay(
        &mut bob,
        "-- 2 messages you missed, times in UTC --",
        &missed,
    );
    ann.types("bob?");
    bob.reads("ann: bob?");
    bob.types("/away");
    bob.reads("You are away. Type /back when you return.");
    bob.types("/back");
    bob.reads("You are back. You missed nothing.");
}

#[test]
fn what_is_missed_is_bounded_and_counted() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    bob.types("/away");
    bob.reads("You are away. Type /back when you return.");
    for i in 0..60 {
        ann.types(&format!("bob {i}"));
        bob.reads(&format!("ann: bob {i}"));
    }
    // It is told once.
    ann.reads("bob is away.");
    bob.types("/back");
    let lines: Vec<String> = (10..60).map(|i| format!("ann: bob {i}")).collect();
    let lines: Vec<&str> = lines.iter().map(|it| &**it).collect();
    let head = "-- last 50 of the 60 messages you missed, times in UTC --";
    reads_replay(&mut bob, head, &lines);
}

#[test]
fn who_is_ignored_is_not_read_under_any_name() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    ann.types("/ignore");
    ann.reads("You are not ignoring anybody.");
    ann.types("/ignore BOB");
    ann.reads("You are now ignoring bob. Type /unignore bob to undo it.");
    for line in [
        "hello",
        "/me waves",
        "/topic bob's",
        "/nick rob",
        "it is me",
    ] {
        bob.types(line);
    }
    bob.types("/msg ann psst");
    for line in [
        "* bob waves",
        "bob has set the topic: bob's",
        "bob is now known as rob.",
        "ann is ignoring you. Not sent.",
    ] {
        bob.reads(line);
    }
    bob.types("/join tea");
    bob.reads("You are in #tea now.");
    bob.types("/leave");
    bob.reads("You are in #lobby now.");
    bob.reads("The topic of #lobby: bob's");
    for line in [
        "bob: hello",
        "* bob waves",
        "bob has set the topic: bob's",
        "bob is now known as rob.",
        "rob: it is me",
        "rob has gone to #tea.",
        "rob has come in.",
    ] {
        carl.reads(line);
    }
    ann.types("/ignore");
    ann.reads("You are ignoring: bob (now rob)");
    ann.types("/unignore carl");
    ann.reads("You are not ignoring carl.");
    ann.types("/ignore ann");
    ann.reads("That's you.");
    ann.types("/ignore nobody");
    ann.reads("Nobody here is called nobody.");
    ann.types("/unignore rob");
    ann.reads("You are no longer ignoring rob.");
    bob.types("at last");
    ann.reads("rob: at last");
}
