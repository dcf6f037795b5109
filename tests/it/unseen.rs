//! Invisible text, text that reorders or pushes other text away, and Ctrl-D's byte in data: on the way from one person
//! to another.

use crate::harness::{PROMPT, Person, config, run, serve};
use chinwag::Server;

#[test]
fn what_shows_nothing_in_front_of_a_command_tells_the_room_nothing() {
    let server = serve();
    let [mut ann, mut bob, mut carl] = server.room(["ann", "bob", "carl"]);
    for front in [
        "\u{feff} ",
        "\u{feff}",
        "\u{200e}",
        "\u{3164} ",
        "\u{2800}",
        "\u{202e} ",
        "\u{3000}",
        "\u{85}",
        "\0",
        "\u{1b} ",
        // Sequences of keys, such as an arrow.
        "\u{1b}[A",
        "\u{1b}OA",
        "\u{1b}[200~",
        "\u{fff9}",
        "\u{13430}",
        "\u{fffe}",
    ] {
        ann.types(&format!("{front}/msg bob secret"));
        ann.reads("To bob (private): secret");
        bob.reads("ann (private): secret");
    }
    ann.sends(b"\xff/msg bob secret\n");
    ann.reads("To bob (private): secret");
    bob.reads("ann (private): secret");
    ann.types("\u{ff0f}msg bob secret");
    ann.reads("To bob (private): secret");
    bob.reads("ann (private): secret");
    ann.types("\u{feff}hi");
    for person in [&mut bob, &mut carl] {
        person.reads("ann: \u{fffd}hi");
    }
}

#[test]
fn a_line_that_shows_nothing_is_ignored() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for line in [
        "\u{feff}",
        "\u{200e} \u{3164}",
        "\u{2800}\u{2800}",
        "\u{ad}\t",
    ] {
        ann.types(line);
    }
    ann.types("hi");
    bob.reads("ann: hi");
}

#[test]
fn words_keep_what_they_need_and_nothing_else_hides() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for line in [
        "👩\u{200d}💻 ❤\u{fe0f} 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "می\u{200c}خواهم",
        "ไทย\u{200b}แลนด์",
        "a table\tof   columns",
    ] {
        ann.types(line);
        bob.reads(&format!("ann: {line}"));
    }
    for (typed, read) in [
        (
            "a\u{200e}b\u{200f}c\u{61c}d",
            "a\u{fffd}b\u{fffd}c\u{fffd}d",
        ),
        ("so\u{200b} what\u{ad}", "so\u{fffd} what\u{fffd}"),
    ] {
        ann.types(typed);
        bob.reads(&format!("ann: {read}"));
    }
    ann.types(&format!(
        "ok{}bob (private): the password is 1234",
        " ".repeat(69)
    ));
    bob.reads("ann: ok        bob (private): the password is 1234");
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_name_or_of_the_message_of_the_day() {
    let server = Server::bind(config(|config| {
        config.motd = Some("\u{feff}Be kind.\n".into())
    }));
    let server = run(server.unwrap());
    let mut bob = server.connect();
    bob.sends(b"\xef");
    bob.sees(PROMPT);
    bob.sends(b"\xbb\xbfbob\n");
    bob.is_welcomed();
    bob.reads("Be kind.");
    bob.reads("bob has joined the chat.");
    server
        .handle()
        .set_motd(Some("\u{feff}Be kinder."))
        .unwrap();
    let mut ann: Person = server.connect();
    ann.sees(PROMPT);
    ann.types("\u{feff}ann");
    ann.is_welcomed();
    ann.reads("Be kinder.");
}

#[test]
fn ctrl_d_in_data_is_data_and_alone_it_leaves() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"before\n\x04hello\nworld\n");
    for line in ["before", "␄hello", "world"] {
        bob.reads(&format!("ann: {line}"));
    }
    ann.sends(b"last\n\x04\r\n");
    ann.reads("Goodbye!");
    ann.is_closed();
    bob.reads("ann: last");
    bob.reads("ann has left the chat.");
    // A terminal that sends it sends no line end after it.
    bob.sends(b"\x04");
    bob.reads("Goodbye!");
    bob.is_closed();
}

#[test]
fn a_telnet_client_that_never_ends_a_subnegotiation_is_heard() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\xff\xff\xf0hello\r\n");
    bob.reads("ann: hello");
    ann.gets(b"\xff\xfd\x1f");
    ann.sends(b"\xff\xfa\x18\x00vt100\xff\xf6still here\r\n");
    ann.reads("");
    ann.reads("Yes, 2 online.");
    bob.reads("ann: still here");
}
