//! What was said lasts: it is read again, and found, after the server has stopped and started.

use crate::harness::Person;
use crate::keeping::{Folder, has_sqlite};
use crate::output::ends_cleanly;

/// Somebody who comes in.
fn enters(addr: std::net::SocketAddr, name: &str) -> Person {
    let mut person = Person::connect(addr);
    person.types(name);
    hears(&mut person, "Type /help for the list of commands.\r\n");
    person
}

/// Takes everything up to the end of this text.
fn hears(person: &mut Person, text: &str) -> String {
    person.reads_to(text.as_bytes())
}

#[test]
fn what_was_said_is_read_again_after_a_restart() {
    let folder = Folder::new("lasting");
    let (daemon, addr) = folder.serve(&[]);
    let mut ann = enters(addr, "ann");
    hears(&mut ann, "ann has joined the chat.");
    for line in ["hello", "/me waves", "/join tea", "/topic leaves", "green"] {
        ann.types(line);
    }
    ann.types("/join den");
    ann.types("nobody hears this");
    ann.types("/switch nowhere");
    hears(&mut ann, "You do not hear #nowhere.");
    ends_cleanly(daemon);

    is_in_the_file(&folder);
    let (daemon, addr) = folder.serve(&[]);
    let mut bob = enters(addr, "bob");
    hears(&mut bob, "-- last 2 messages, times in UTC --");
    hears(&mut bob, "ann: hello");
    hears(&mut bob, "* ann waves");
    hears(&mut bob, "-- end --");
    bob.types("/rooms");
    hears(&mut bob, "#lobby  1  you are here");
    hears(&mut bob, "#tea    0                leaves");
    bob.types("/join tea");
    hears(&mut bob, "The topic of #tea: leaves");
    hears(&mut bob, "ann: green");
    // Nobody left this room before the server did.
    bob.types("/join den");
    hears(&mut bob, "ann: nobody hears this");
    bob.types("/seen ann");
    hears(&mut bob, "ann was last here on 20");
    bob.types("/leave");
    hears(&mut bob, "You are in #lobby now.");
    ends_cleanly(daemon);

    let (daemon, addr) = folder.serve(&[]);
    let mut eve = enters(addr, "eve");
    hears(&mut eve, "-- last 2 messages");
    hears(&mut eve, "-- end --");
    // Bob was the last to leave this room, so it is another one now.
    eve.types("/join den");
    hears(&mut eve, "You are in #den now.");
    eve.types("/history");
    hears(&mut eve, "This room has no history yet.");
    eve.types("/search nobody in:*");
    hears(&mut eve, "There are no lines with \"nobody\".");
    ends_cleanly(daemon);
}

/// The real `sqlite3` shows what was said.
fn is_in_the_file(folder: &Folder) {
    if !has_sqlite("what_was_said_is_read_again_after_a_restart") {
        return;
    }
    let said = folder.ask("SELECT room, name, kind, body FROM line");
    assert_eq!(
        said,
        "#lobby|ann|said|hello\n#lobby|ann|did|waves\n#tea|ann|topic|leaves\n#tea|ann|said|green\n#den|ann|said|nobody hears this"
    );
}

#[test]
fn lines_are_found_by_their_words_page_by_page() {
    let folder = Folder::new("finding");
    let (daemon, addr) = folder.serve(&[]);
    let mut ann = enters(addr, "ann");
    for number in 1..=45 {
        ann.types(&format!("deploy number {number}"));
    }
    ann.types("Déjà vu 東京タワー");
    ann.types("/join tea");
    ann.types("a deploy with tea");
    hears(&mut ann, "You are in #tea now.");
    ann.types("/search deploy");
    hears(&mut ann, "-- 1 line with \"deploy\" --");
    hears(&mut ann, "ann: a deploy with tea");
    hears(&mut ann, "-- end --");
    ann.types("/search deploy in:lobby");
    hears(&mut ann, "-- 20 of many lines with \"deploy\" --");
    hears(&mut ann, "#lobby ann: deploy number 26");
    hears(&mut ann, "#lobby ann: deploy number 45");
    hears(&mut ann, "-- /more shows older ones --");
    ann.types("/more");
    hears(&mut ann, "#lobby ann: deploy number 6");
    hears(&mut ann, "-- /more shows older ones --");
    ann.types("/more");
    hears(&mut ann, "-- 5 lines with \"deploy\" --");
    hears(&mut ann, "#lobby ann: deploy number 1\r\n");
    hears(&mut ann, "#lobby ann: deploy number 5\r\n");
    hears(&mut ann, "-- end --");
    // Bob's searches are counted for themselves.
    let mut bob = enters(addr, "bob");
    for (typed, answer) in [
        ("\"number 7\" in:*", "-- 1 line with \"number 7\" --"),
        ("numb* deploy in:* from:ANN", "-- 20 of many lines"),
        ("deja in:*", "-- 1 line with \"deja\" --"),
        ("京タ in:*", "-- 1 line with \"京タ\" --"),
        ("deploy from:eve in:*", "There are no lines"),
        ("deploy before:2020-01-01 in:*", "There are no lines"),
        ("de*", "Give at least 3 letters before the *."),
        ("\" OR NEAR(", "There are no lines"),
        ("deploy after:noon", "'noon' is not a date."),
    ] {
        bob.types(&format!("/search {typed}"));
        hears(&mut bob, answer);
    }
    ends_cleanly(daemon);
}

#[test]
fn history_goes_back_beyond_memory_and_to_a_date() {
    let folder = Folder::new("beyond");
    let (daemon, addr) = folder.serve(&["--history", "5"]);
    let mut ann = enters(addr, "ann");
    for number in 1..=30 {
        ann.types(&format!("line {number}"));
    }
    ann.types("/history 25");
    hears(&mut ann, "-- last 25 messages, times in UTC --");
    for number in 6..=30 {
        hears(&mut ann, &format!("ann: line {number}\r\n"));
    }
    hears(&mut ann, "-- end --");
    ann.types("/more");
    hears(&mut ann, "-- 5 earlier messages, times in UTC --");
    hears(&mut ann, "ann: line 1\r\n");
    ann.types("/history 3 before 2100-01-01 18:00");
    hears(&mut ann, "-- 3 earlier messages, times in UTC --");
    hears(&mut ann, "ann: line 28\r\n");
    ann.types("/history before 2020-01-01");
    hears(&mut ann, "Nothing was said in this room before that.");
    ends_cleanly(daemon);
}
