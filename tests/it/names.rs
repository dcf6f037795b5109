//! Names: who may have which name, and whom a typed name means.

use crate::harness::{PROMPT, TAKEN, invalid, serve};

#[test]
fn a_slip_of_the_finger_tells_nobody_a_secret() {
    let server = serve();
    let [mut ann, mut nell] = server.room(["Ann", "Nell"]);
    ann.types("/msg Neil the code is 1234");
    ann.reads("Nobody here is called Neil. Did you mean Nell?");
    ann.types("/whois NelI");
    ann.reads("Nobody here is called NelI. Did you mean Nell?");
    ann.types("/ignore nobody");
    ann.reads("Nobody here is called nobody.");
    ann.types("/msg NELL hello");
    ann.reads("To Nell (private): hello");
    nell.reads("Ann (private): hello");
    let mut neil = server.login("Neil");
    for person in [&mut ann, &mut nell] {
        person.reads("Neil has joined the chat.");
    }
    ann.types("/msg neil hello");
    ann.reads("To Neil (private): hello");
    neil.reads("Ann (private): hello");
}

#[test]
fn names_of_many_scripts_come_in() {
    let server = serve();
    let mut people = Vec::new();
    for name in [
        "हिन्दी",
        "தமிழ்",
        "ก้อง",
        "علی\u{200c}رضا",
        "Ṣọlá\u{301}",
        "שָׁלוֹם",
        "ﬁne",
    ] {
        let mut person = server.login(name);
        person.types("/whois nobody");
        person.reads("Nobody here is called nobody.");
        person.types(&format!("/join 7-{name}"));
        person.reads(&format!("You are in #7-{name} now."));
        people.push(person);
    }
}

#[test]
fn names_that_hide_or_pass_for_others_are_refused_with_a_reason() {
    let server = serve();
    let _alice = server.login("Alice");
    let mut other = server.connect();
    let crowned = format!("a{}", "\u{301}".repeat(31));
    for (name, reason) in [
        (
            "\u{64b}",
            "the mark U+064B does not belong to the letter before it",
        ),
        (
            "Alice\u{345}",
            "the mark U+0345 does not belong to the letter before it",
        ),
        (&crowned, "a letter has at most 5 marks"),
        ("a\u{13441}b", "it cannot have U+13441, which shows nothing"),
        ("a\u{3164}b", "it cannot have U+3164, which shows nothing"),
        ("10.0.0.1\u{2d0}5000", "it cannot look like an address"),
    ] {
        other.sees(PROMPT);
        other.types(name);
        other.reads(&invalid(reason));
    }
    for name in ["AIice", "alice", "Alic\u{435}"] {
        other.sees(PROMPT);
        other.types(name);
        other.reads(TAKEN);
    }
    other.logs_in("Al1ce2");
}

#[test]
fn a_room_that_looks_like_another_is_pointed_out() {
    let server = serve();
    let mut ann = server.login("ann");
    ann.types("/join #Iobby");
    ann.reads("#Iobby looks like #lobby. Type /join #lobby to go there, or choose another name.");
    ann.types("/who Iobby");
    ann.reads("There is no room #Iobby. Did you mean #lobby?");
    ann.types("/join hobby");
    ann.reads("You are in #hobby now.");
}
