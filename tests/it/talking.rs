//! Conversation: lines for the room, and commands.

use crate::harness::{PROMPT, Person, TAKEN, invalid, serve};

#[test]
fn everyone_reads_a_line_but_its_sender() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    ann.types("Hello, everyone!");
    bob.reads("ann: Hello, everyone!");
    carl.reads("ann: Hello, everyone!");
    bob.types("Hi ann");
    carl.reads("bob: Hi ann");
    ann.reads("bob: Hi ann");
}

#[test]
fn lines_are_passed_on_as_they_were_typed() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for line in [
        "  indented",
        "trailing  ",
        "a\tb",
        "Ольга 花子 🎉",
        "{} %s \\n",
    ] {
        ann.types(line);
        bob.reads(&format!("ann: {line}"));
    }
}

#[test]
fn blank_lines_are_ignored() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"\n\r\n  \t \n\r\0\nhi\n");
    bob.reads("ann: hi");
    ann.types("/users");
    ann.reads("Users online: 2");
}

#[test]
fn two_slashes_send_one() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, read) in [("//quit", "/quit"), ("//", "/"), ("///x", "//x")] {
        ann.types(typed);
        bob.reads(&format!("ann: {read}"));
    }
}

#[test]
fn an_unknown_command_never_reaches_the_room() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, repeated) in [
        ("/foo", "/foo"),
        ("/foo secret words", "/foo"),
        ("/", "/"),
        ("/ quit", "/"),
        ("/quitt", "/quitt"),
        ("/\u{1b}[2J", "/␛[2J"),
    ] {
        ann.types(typed);
        ann.reads(&format!(
            "Unknown command: {repeated}. Type /help for the list."
        ));
    }
    ann.types("said");
    bob.reads("ann: said");
}

#[test]
fn a_long_unknown_command_is_repeated_in_part() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types(&format!("/{}", "ß".repeat(4000)));
    let start = "ß".repeat(31);
    ann.reads(&format!(
        "Unknown command: /{start}…. Type /help for the list."
    ));
    ann.types("said");
    bob.reads("ann: said");
}

/// Asks for help, and returns the usage and the description of each row.
fn help(person: &mut Person) -> Vec<(String, String)> {
    person.types("/help");
    person.types("/users");
    let rows = person.reads_until("Users online: 1");
    let column = |row: &String| {
        let usage_ends = row.find("  ").expect("usage, two spaces, words");
        let gap = row[usage_ends..].chars().take_while(|&c| c == ' ').count();
        usage_ends + gap
    };
    let at = column(&rows[0]);
    for row in &rows {
        assert_eq!(column(row), at, "not aligned: {rows:#?}");
    }
    rows.iter()
        .map(|row| row.split_at(at))
        .map(|(usage, does)| (usage.trim_end().into(), does.into()))
        .collect()
}

#[test]
fn help_lists_the_commands_there_are() {
    let server = serve();
    let mut ann = server.login("ann");
    let rows = help(&mut ann);
    for (usage, does) in [
        ("/help", "show this list"),
        ("/users", "tell how many people are online"),
        ("/nick NAME", "change your name"),
        (
            "/quit [TEXT]",
            "leave the chat, with a last word; also /q, /exit",
        ),
    ] {
        assert!(rows.contains(&(usage.into(), does.into())), "{rows:#?}");
    }
    for (usage, does) in &rows {
        let columns = usage.len().max(26) + 2 + does.len();
        assert!(columns <= 80, "{usage} {does}");
        let (_, also) = does.split_once("; also ").unwrap_or(("", usage));
        let also = also.split(", ").last().unwrap();
        let word = also.split(' ').next().unwrap();
        let mut tester = server.login("tester");
        ann.reads("tester has joined the chat.");
        tester.types(word);
        tester.ends_input();
        let first = tester.reads_line();
        assert!(!first.starts_with("Unknown command"), "{word}: {first}");
        ann.reads_until("tester has left the chat.");
    }
}

#[test]
fn users_counts_those_who_have_a_name() {
    let server = serve();
    let mut ann = server.login("ann");
    ann.types("/users");
    ann.reads("Users online: 1");
    let _stranger = server.connect();
    let bob = server.login("bob");
    ann.reads("bob has joined the chat.");
    ann.types("/users");
    ann.reads("Users online: 2");
    drop(bob);
    ann.reads("bob has left the chat.");
    ann.types("/users");
    ann.reads("Users online: 1");
}

#[test]
fn quit_says_goodbye_and_what_stands_behind_it_is_lost() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"before\n/quit\nbehind\n/users\n");
    ann.reads("Goodbye!");
    ann.is_closed();
    bob.reads("ann: before");
    bob.reads("ann has left the chat.");
    server.login("carl");
    bob.reads("carl has joined the chat.");
}

#[test]
fn goodbye_reaches_someone_who_goes_on_sending() {
    let server = serve();
    let mut ann = server.login("ann");
    // If the server closed the connection with this unread, the kernel would reset it, and the last write below would
    // fail.
    let behind = "x".repeat(64 * 1024);
    ann.sends(format!("/quit\n{behind}").as_bytes());
    ann.reads("Goodbye!");
    ann.is_closed();
    ann.sends(b"is anyone there?");
}

#[test]
fn commands_are_known_in_any_case() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/USERS");
    ann.reads("Users online: 2");
    ann.types("/nIcK Annie");
    ann.reads("ann is now known as Annie.");
    ann.types("/Quit");
    ann.reads("Goodbye!");
    ann.is_closed();
    bob.reads("ann is now known as Annie.");
    bob.reads("Annie has left the chat.");
}

#[test]
fn spaces_around_what_follows_a_command_do_not_matter() {
    let server = serve();
    let mut ann = server.login("ann");
    ann.types("/users   ");
    ann.reads("Users online: 1");
    ann.types("/nick \t bea  ");
    ann.reads("ann is now known as bea.");
}

#[test]
fn a_command_used_wrongly_tells_how_to_use_it() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, usage) in [
        ("/help me", "/help"),
        ("/users all", "/users"),
        ("/M bob", "/msg NAME TEXT"),
        ("/nick", "/nick NAME"),
        ("/nick   ", "/nick NAME"),
    ] {
        ann.types(typed);
        ann.reads(&format!("How to use it: {usage}"));
    }
    ann.types("still here");
    bob.reads("ann: still here");
}

#[test]
fn other_words_for_a_command_do_the_same() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for word in ["/m", "/w", "/TELL"] {
        ann.types(&format!("{word} bob psst"));
        ann.reads("To bob (private): psst");
        bob.reads("ann (private): psst");
    }
    bob.types("/r yes?");
    bob.reads("To ann (private): yes?");
    ann.reads("bob (private): yes?");
    ann.types("/join tea");
    ann.reads("You are in #tea now.");
    ann.types("/part");
    ann.reads("You are in #lobby now.");
    ann.types("/names");
    ann.reads("In #lobby: 2");
    ann.reads("  ann, bob");
    ann.types("/list");
    ann.reads("#lobby  2  you are here");
    let mut nobody = server.connect();
    nobody.sees(PROMPT);
    for (mut person, word) in [(ann, "/q"), (bob, "/EXIT"), (nobody, "/exit now")] {
        person.types(word);
        let last = person.reads_until("Goodbye!");
        assert!(last.iter().all(|it| it.contains("ann has ")), "{last:?}");
        person.is_closed();
    }
}

#[test]
fn who_leaves_may_have_a_last_word() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    ann.types(&format!("/quit {}", "é".repeat(201)));
    ann.reads("A last word has at most 200 characters. Type a shorter one, or none.");
    ann.types("/quit  good night, all  ");
    ann.reads("Goodbye!");
    ann.is_closed();
    for person in [&mut bob, &mut carl] {
        person.reads("ann has left the chat: good night, all");
    }
    bob.types("/quit");
    carl.reads("bob has left the chat.");
}

#[test]
fn a_new_name_is_told_to_all_and_the_old_one_is_free() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/nick Bea");
    ann.reads("ann is now known as Bea.");
    bob.reads("ann is now known as Bea.");
    ann.types("hi");
    bob.reads("Bea: hi");
    let mut ann_again = server.login("ann");
    for person in [&mut ann, &mut bob] {
        person.reads("ann has joined the chat.");
    }
    ann_again.types("/users");
    ann_again.reads("Users online: 3");
}

#[test]
fn ones_own_name_can_change_its_case() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/nick ANN");
    ann.reads("ann is now known as ANN.");
    bob.reads("ann is now known as ANN.");
    // The same name once more is no news.
    ann.types("/nick ANN");
    ann.reads("That is already your name.");
    ann.types("hi");
    bob.reads("ANN: hi");
}

#[test]
fn a_name_that_is_taken_or_none_is_refused_and_the_old_one_kept() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/nick BOB");
    ann.reads(TAKEN);
    for (name, reason) in [
        ("two words", "it cannot have a space"),
        ("a:b", "it cannot have ':'"),
        ("-x", "it cannot begin with '-'"),
        (&"x".repeat(33), "that one has 33"),
    ] {
        ann.types(&format!("/nick {name}"));
        ann.reads(&invalid(reason));
    }
    ann.types("me");
    bob.reads("ann: me");
}

#[test]
fn a_reply_keeps_its_place_among_the_lines_of_the_room() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for round in 0..100 {
        bob.types(&format!("before {round}"));
        ann.reads(&format!("bob: before {round}"));
        ann.sends(b"/users\n/users x\nafter\n");
        bob.reads("ann: after");
        bob.types("then");
        ann.reads("Users online: 2");
        ann.reads("How to use it: /users");
        ann.reads("bob: then");
    }
}
