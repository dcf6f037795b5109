//! The username prompt, and what other people read about a login.

use crate::harness::{
    INVALID, PROMPT, Person, Running, TAKEN, config, invalid, run, serve, serve_with, until,
};
use chinwag::Server;
use std::io::Write as _;

#[test]
fn ann_comes_in_with_the_words_that_scripts_match() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees("Enter your username: ");
    ann.types("Alice");
    ann.sees("Welcome to the chat!\r\nType /help for the list of commands.\r\nAlice has joined the chat.\r\n");
    ann.types("/quit");
    ann.reads("Goodbye!");
    ann.is_closed();
}

#[test]
fn others_read_who_comes_and_who_goes() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut bob = server.login("bob");
    ann.reads("bob has joined the chat.");
    let carl = server.login("carl");
    ann.reads("carl has joined the chat.");
    bob.reads("carl has joined the chat.");

    drop(carl);
    ann.reads("carl has left the chat.");
    bob.reads("carl has left the chat.");
    bob.types("/quit");
    bob.reads("Goodbye!");
    bob.is_closed();
    ann.reads("bob has left the chat.");
}

#[test]
fn someone_without_a_name_is_neither_announced_nor_told_anything() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut stranger = server.connect();
    stranger.sees(PROMPT);
    ann.types("psst");
    let mut bob = server.login("bob");
    ann.reads("bob has joined the chat.");
    bob.types("hi");
    ann.reads("bob: hi");

    stranger.types("carl");
    stranger.is_welcomed();
    stranger.reads("carl has joined the chat.");
    ann.reads("carl has joined the chat.");

    let mut nobody = server.connect();
    nobody.sees(PROMPT);
    nobody.ends_input();
    nobody.is_closed();
    bob.reads("carl has joined the chat.");
    bob.types("still three?");
    ann.reads("bob: still three?");
    ann.types("/users");
    ann.reads("Users online: 3");
}

#[test]
fn a_name_that_is_none_is_refused_and_asked_for_again() {
    let server = serve();
    let mut ann = server.connect();
    for name in ["", "   "] {
        ann.sees(PROMPT);
        ann.types(name);
        ann.reads(INVALID);
    }
    let long = "x".repeat(40);
    for (name, reason) in [
        ("two words", "it cannot have a space"),
        ("/help", "it cannot have '/'"),
        ("-dash", "it cannot begin with '-'"),
        (&long, "that one has 40"),
        ("a:b", "it cannot have ':'"),
        ("10.0.0.1", "it cannot look like an address"),
    ] {
        ann.sees(PROMPT);
        ann.types(name);
        ann.reads(&invalid(reason));
    }
    ann.logs_in(&"x".repeat(32));
}

#[test]
fn who_gives_no_name_can_leave_too() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.types("/quit");
    ann.reads("Goodbye!");
    ann.is_closed();
}

#[test]
fn a_line_too_long_for_any_name_is_refused_as_one() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.types(&"x".repeat(20_000));
    ann.reads(&invalid("that one is far too long"));
    ann.logs_in("ann");
}

#[test]
fn a_name_is_taken_in_any_case() {
    let server = serve();
    let mut ann = server.login("Zoë");
    let mut other = server.connect();
    for name in ["Zoë", "zoë", "ZOË", "  zOË "] {
        other.sees(PROMPT);
        other.types(name);
        other.reads(TAKEN);
    }
    other.logs_in("bob");
    ann.reads("bob has joined the chat.");
}

#[test]
fn spaces_around_a_name_are_trimmed() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.sends(b"  \tann  \r\n");
    ann.is_welcomed();
    ann.reads("ann has joined the chat.");
}

#[test]
fn a_name_is_free_again_when_its_owner_has_left() {
    let server = serve();
    let [mut ann, mut bob, carl] = server.room(["ann", "bob", "carl"]);
    bob.types("/quit");
    bob.reads("Goodbye!");
    bob.is_closed();
    ann.reads("bob has left the chat.");
    carl.vanishes();
    ann.reads("carl has left the chat.");
    for name in ["BOB", "Carl"] {
        server.login(name);
        ann.reads(&format!("{name} has joined the chat."));
        ann.reads(&format!("{name} has left the chat."));
    }
}

#[test]
fn ten_refusals_end_the_connection() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut other = server.connect();
    for attempt in 0..10 {
        other.sees(PROMPT);
        let (name, refusal) = [("ann", TAKEN), ("", INVALID)][attempt % 2];
        other.types(name);
        other.reads(refusal);
    }
    other.reads("Too many attempts. Goodbye!");
    other.is_closed();
    ann.types("/users");
    ann.reads("Users online: 1");
}

#[test]
fn the_answer_to_the_tenth_attempt_may_be_yes() {
    let server = serve();
    let mut ann = server.connect();
    for _ in 0..9 {
        ann.sees(PROMPT);
        ann.types("");
        ann.reads(INVALID);
    }
    ann.logs_in("ann");
}

#[test]
fn of_two_who_give_one_name_at_once_one_gets_it() {
    let server = Server::bind(config(|_| ())).unwrap();
    let addr = server.local_addrs()[0];
    let mut both = [Person::connect(addr), Person::connect(addr)];
    for person in &mut both {
        person.types("ann");
    }
    let server = run(server);
    let mut answers = both.each_mut().map(|person| {
        person.sees(PROMPT);
        person.reads_line()
    });
    answers.sort();
    assert_eq!(answers, [TAKEN, "Welcome to the chat!"]);
    until("both are counted", || server.handle().stats().accepted == 2);
}

#[test]
fn many_names_typed_ahead_are_answered_in_order() {
    let server = serve();
    let mut ann = server.connect();
    ann.sends(b"*\nann\nhello\n/users\n");
    ann.sees(PROMPT);
    ann.reads(&invalid("it cannot have '*'"));
    ann.sees(PROMPT);
    ann.is_welcomed();
    ann.reads("ann has joined the chat.");
    ann.reads("Users online: 1");
}

#[test]
fn without_login_people_are_named_by_their_address() {
    let server = serve_with(|config| config.anonymous = true);
    let mut ann = server.connect();
    let ann_is = ann.addr();
    ann.is_welcomed();
    ann.reads(&format!("{ann_is} has joined the chat."));
    let mut bob = server.connect();
    let bob_is = bob.addr();
    bob.is_welcomed();
    bob.reads(&format!("{bob_is} has joined the chat."));
    ann.reads(&format!("{bob_is} has joined the chat."));

    bob.types("hello");
    ann.reads(&format!("{bob_is}: hello"));
    bob.types("/nick bob");
    for person in [&mut ann, &mut bob] {
        person.reads(&format!("{bob_is} is now known as bob."));
    }
    bob.types("hello");
    ann.reads("bob: hello");
    drop(ann);
    bob.reads(&format!("{ann_is} has left the chat."));
}

#[test]
fn without_login_nobody_is_asked_for_a_name_though_two_have_one_address() {
    let listeners = config(|config| {
        config.anonymous = true;
        config.listen = vec![config.listen[0]; 2];
    });
    let server = Server::bind(listeners).unwrap();
    let addrs = [server.local_addrs()[0], server.local_addrs()[1]];
    let _running = run(server);
    let [mut ann, mut bob] = Person::connect_alike(addrs);
    assert_eq!(ann.addr(), bob.addr());
    let mut names = [&mut ann, &mut bob].map(|person| {
        person.is_welcomed();
        let joined = person.reads_line();
        joined.split(' ').next().unwrap().to_string()
    });
    names.sort();
    let name = ann.addr().to_string();
    assert_eq!(names, [name.clone(), name + "-2"]);
}

#[test]
fn who_gives_no_name_in_time_is_sent_away() {
    let at_once = std::time::Duration::from_millis(20);
    let server = serve_with(|config| config.login_timeout = Some(at_once));
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.sees("\r\nLogin timed out. Goodbye!\r\n");
    ann.is_closed();
    drop(ann);
    until("the connection is gone", || {
        server.handle().stats().connections == 0
    });
}

#[test]
fn a_full_server_says_so_until_someone_leaves() {
    let server = serve_with(|config| config.max_clients = 2);
    let [ann, bob] = server.room(["ann", "bob"]);
    let mut carl = server.connect();
    carl.reads("Server is full. Try again later.");
    carl.is_closed();

    carl_gets_the_place_of_bob(&server, ann, bob, 1);
}

/// Once bob has left, this many connections remain.
fn carl_gets_the_place_of_bob(server: &Running, mut ann: Person, mut bob: Person, left: u64) {
    bob.types("/quit");
    bob.reads("Goodbye!");
    bob.is_closed();
    drop(bob);
    ann.reads("bob has left the chat.");
    until("bob's place is free", || {
        server.handle().stats().connections == left
    });
    server.login("carl").types("thanks");
    ann.reads("carl has joined the chat.");
    ann.reads("carl: thanks");
}

const ONE_TOO_MANY: &str = "Too many connections from your address. Close one and try again.";

#[test]
fn one_address_may_hold_so_many_connections_and_no_more() {
    let server = serve_with(|config| config.max_per_ip = Some(2));
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let mut carl = server.connect();
    carl.reads(ONE_TOO_MANY);
    carl.is_closed();
    let mut dora = Person::connect_from([127, 0, 0, 2].into(), server.addr());
    dora.logs_in("dora");
    for person in [&mut ann, &mut bob] {
        person.reads("dora has joined the chat.");
    }

    carl_gets_the_place_of_bob(&server, ann, bob, 2);
}

/// However a connection ends, it no longer counts, and is not subtracted twice.
#[test]
fn the_connections_of_an_address_are_counted_exactly() {
    let server = serve_with(|config| config.max_per_ip = Some(2));
    let _ann = server.login("ann");
    let leave: [fn(Person); 6] = [
        drop,
        Person::vanishes,
        |mut bob| bob.ends_input(),
        |mut bob| bob.types("/quit"),
        |mut bob| bob.types(&"*\n".repeat(10)),
        |mut bob| bob.types("GET / HTTP/1.1"),
    ];
    for leave in leave {
        let mut bob = server.connect();
        bob.sees(PROMPT);
        let mut carl = server.connect();
        carl.reads(ONE_TOO_MANY);
        carl.is_closed();
        leave(bob);
        until("bob's place is free", || {
            server.handle().stats().connections == 1
        });
    }
}

#[test]
fn an_ipv6_network_counts_as_one_address() {
    let here = "[::1]:0".parse().expect("an address");
    let bound = Server::bind(config(|config| {
        config.listen = vec![here];
        config.max_per_ip = Some(1);
    }));
    let Ok(bound) = bound else {
        // Through the handle, as the test runner keeps what is printed with a macro to itself.
        let said = "left out: counting connections of [::1], as this machine has no IPv6 loopback";
        let _ = writeln!(std::io::stderr(), "{said}");
        return;
    };
    let server = run(bound);
    let _ann = server.login("ann");
    let mut bob = server.connect();
    bob.reads(ONE_TOO_MANY);
    bob.is_closed();
}
