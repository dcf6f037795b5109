//! People who send faster than they may.

use crate::harness::{Person, Running, serve, serve_with};

const TOO_FAST: &str = "You are sending too fast; slowing you down.";
const REFUSED: &str =
    "A username has 1 to 32 letters, digits, '_', '-' or '.'; it cannot have '!'.";
const PROMPT: &str = "Enter your username: ";

/// A server that also holds people on this machine to a rate.
fn serve_at(rate: &str) -> Running {
    serve_with(|config| {
        config.rate = Some(rate.parse().expect("a rate"));
        config.rate_on_loopback = true;
    })
}

#[test]
fn who_sends_too_fast_is_told_once_and_loses_nothing() {
    let server = serve_at("50:8");
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let lines: Vec<String> = (0..60).map(|i| format!("line {i}")).collect();
    ann.sends(format!("{}\n/users\n", lines.join("\n")).as_bytes());
    ann.ends_input();
    for line in lines {
        bob.reads(&format!("ann: {line}"));
    }
    ann.reads(TOO_FAST);
    ann.reads("Users online: 2");
    ann.is_closed();
    bob.reads("ann has left the chat.");
}

#[test]
fn a_burst_within_the_allowance_goes_through_at_once() {
    let server = serve_at("1:128");
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    // The username was the first of them.
    ann.sends("hi\n".repeat(126).as_bytes());
    ann.types("/users");
    ann.reads("Users online: 2");
    (0..126).for_each(|_| bob.reads("ann: hi"));
}

#[test]
fn people_on_this_machine_are_not_slowed_down_unless_it_is_asked_for() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends("hi\n".repeat(3000).as_bytes());
    ann.types("/users");
    ann.reads("Users online: 2");
    (0..3000).for_each(|_| bob.reads("ann: hi"));
}

#[test]
fn a_newcomer_who_is_slowed_down_is_prompted_again() {
    let server = serve_at("20:4");
    let mut ann = server.connect();
    ann.sends(&b"!\n".repeat(6));
    ann.sees(PROMPT);
    let mut refused = 0;
    let mut told = 0;
    while refused < 6 {
        match &*ann.reads_line() {
            REFUSED => refused += 1,
            // The line break that ends the prompt.
            "" => {
                ann.reads(TOO_FAST);
                told += 1;
            }
            other => panic!("{other:?}"),
        }
        ann.sees(PROMPT);
    }
    assert_eq!(told, 1);
    ann.types("ann");
    ann.is_welcomed();
}

#[test]
fn a_long_answer_counts_for_as_much_as_it_is_long() {
    let server = serve_with(|config| {
        config.history = 100;
        config.rate = Some("8:40".parse().expect("a rate"));
        config.rate_on_loopback = true;
    });
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let text = "x".repeat(100);
    (0..20).for_each(|_| bob.types(&text));
    (0..20).for_each(|_| ann.reads(&format!("bob: {text}")));
    // Each answer holds some 2,600 bytes, which is worth five lines.
    ann.sends(&b"/history\n".repeat(12));
    let mut answers = 0;
    while ann.reads_line() != TOO_FAST {
        answers += 1;
    }
    let answers = answers / 22;
    assert!((7..=9).contains(&answers), "{answers} answers at once");
    (answers..12).for_each(|_| drop(ann.reads_until("-- end --")));
}

#[test]
fn who_is_gone_while_slowed_down_leaves_at_once() {
    let server = serve_at("1:1");
    let mut bob = Person::login(server.addr(), "bob");
    let mut ann = Person::login(server.addr(), "ann");
    bob.reads("ann has joined the chat.");
    ann.sends("hi\n".repeat(1000).as_bytes());
    ann.reads(TOO_FAST);
    ann.vanishes();
    let mut said = 0;
    while bob.reads_line() != "ann has left the chat." {
        said += 1;
    }
    assert!(said < 100, "{said} lines were said after the end");
}

#[test]
fn that_others_are_away_counts_for_nobody() {
    let server = serve_with(|config| {
        config.rate = Some("1:40".parse().expect("a rate"));
        config.rate_on_loopback = true;
    });
    let mut ann = Person::login(server.addr(), "ann");
    let mut people = Vec::new();
    for i in 0..30 {
        let mut person = Person::login(server.addr(), &format!("p{i}"));
        ann.reads(&format!("p{i} has joined the chat."));
        person.types(&format!("/away {}", "\u{1f375}".repeat(200)));
        person.reads("You are away. Type /back when you return.");
        people.push(person);
    }
    // Each answer is longer than a line that counts as one may be.
    for i in 0..30 {
        ann.types(&format!("p{i}?"));
        ann.reads(&format!("p{i} is away: {}", "\u{1f375}".repeat(200)));
    }
    ann.types("/users");
    ann.reads("Users online: 31");
}
