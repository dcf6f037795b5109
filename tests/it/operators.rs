//! Operators, and people who keep a room, with the words as everyone reads them. What they do lasts over a restart.

use std::net::SocketAddr;

use crate::harness::{PROMPT, Person};
use crate::members::{HELP, account, password, restarts, serve};
use crate::output::ends_cleanly;
use crate::real_clients::{Client, Desk, TELNET, can_play};

impl Desk {
    /// Comes in under a name that is somebody's. Nothing of the password is shown.
    fn comes_in(client: &Client, addr: SocketAddr, name: &str, welcome: &str) -> Desk {
        let mut desk = Desk::connect(client, addr);
        desk.reads("Enter your username: ");
        desk.types(name);
        desk.reads("Password: ");
        desk.types(&password(name));
        let shown = desk.reads(welcome);
        assert_eq!(shown.trim(), "", "behind the question");
        desk.reads(&format!("{name} has joined the chat."));
        desk
    }
}

/// Without its times, which differ.
fn timeless(line: &str) -> String {
    let is_time = |word: &&str| word.contains('-') && word.starts_with("20") || word.contains(':');
    let words = line.split(' ').filter(|word| {
        let shape: String = word
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        let is_date = is_time(word) && matches!(&*shape, "0000-00-00" | "00:00");
        !(is_date || shape.starts_with("(UTC)"))
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_first_operator_keeps_order_over_telnet_and_it_lasts_over_a_restart() {
    let test = "the_first_operator_keeps_order_over_telnet_and_it_lasts_over_a_restart";
    if !can_play(test, &[&TELNET]) {
        return;
    }
    let (folder, daemon, addr) = serve("members-operator", &[], &[]);
    let mut ann = Desk::comes_in(&TELNET, addr, "Ann", "Welcome, Ann!");
    let mut bob = Person::guest(addr, 2, "Bob");
    let mut eve = Person::guest(addr, 3, "Eve");
    let mut mia = Person::guest(addr, 4, "Mia");
    ann.types("/kick Eve too loud");
    ann.reads("Eve was kicked by Ann: too loud");
    ann.reads("Eve is out for a minute.");
    let kicked = "You were kicked by Ann: too loud. Come back in 60 s. Goodbye!";
    eve.is_sent_away(kicked);
    bob.hears("Eve was kicked by Ann: too loud");
    let mut again = Person::connect_from([127, 0, 0, 3].into(), addr);
    again.sees(PROMPT);
    again.types("Eve");
    let again = again.reads_to_end();
    assert!(
        again.starts_with("You were kicked by Ann: too loud. Come back in "),
        "{again}"
    );
    ann.types("/ban Mia 12h flood");
    ann.reads("Mia was banned by Ann: flood");
    ann.reads("Mia (by name) is banned until ");
    ann.reads(" (UTC). That is 1 person here.");
    assert_eq!(
        timeless(&mia.hears("banned")),
        "You are banned until flood. Goodbye!"
    );
    mia.is_closed();
    ann.types("/mute Bob 30m noise");
    ann.reads("Bob (by name) is muted until ");
    let muted = bob.hears("You are muted");
    assert!(
        muted.ends_with(" (UTC): noise. Nobody reads what you say."),
        "{muted}"
    );
    let muted = bob.answered_with("hello?", "You are muted");
    assert!(
        muted.ends_with(" (UTC): noise. Nobody reads that."),
        "{muted}"
    );
    bob.answered("/report it is unfair", "An operator reads it now.");
    ann.reads("-- Bob reported on ");
    ann.reads("it is unfair --");

    let (daemon, addr) = restarts(&folder, daemon);
    holds_over_a_restart(addr);
    ends_cleanly(daemon);
}

/// What the operator did before, and takes back now.
fn holds_over_a_restart(addr: SocketAddr) {
    let mut mia = Person::connect_from([127, 0, 0, 4].into(), addr);
    mia.sees(PROMPT);
    mia.types("Mia");
    mia.hears("You are banned until ");
    mia.is_closed();
    let mut bob = Person::guest(addr, 2, "Bob");
    bob.answered_with("hello?", "You are muted until ");
    let mut ann = Desk::comes_in(&TELNET, addr, "Ann", "Welcome back, Ann!");
    ann.types("/bans");
    ann.reads("1. Bob (by name) muted until ");
    ann.reads("by Ann: noise");
    ann.reads("2. Mia (by name) banned until ");
    ann.reads("by Ann: flood");
    ann.types("/unban Mia");
    ann.reads("Mia (by name) is no longer banned.");
    ann.types("/unmute bob");
    ann.reads("Bob (by name) is no longer muted.");
    bob.hears("You are no longer muted.");
    bob.types("now then");
    ann.reads("Bob: now then");
    Person::guest(addr, 4, "Mia");
    ann.types("/audit");
    for row in [
        "account add Ann by ",
        "role operator Ann by ",
        "kick Eve by Ann",
        "ban Mia by Ann: flood",
        "mute Bob by Ann: noise",
        "report by Bob: it is unfair",
        "unban Mia by Ann",
    ] {
        ann.reads(row);
    }
    ann.types("/quit");
    ann.reads("Goodbye!");
    ann.ends();
}

#[test]
fn a_lockdown_keeps_guests_out_and_names_of_the_house_are_for_operators() {
    let (folder, daemon, addr) = serve("members-lockdown", &["Mia"], &[]);
    let mut ann = Person::member(addr, "Ann");
    let mut bob = Person::guest(addr, 2, "Bob");
    ann.types("/lockdown 10m");
    ann.hears("Nobody but members comes in until ");
    bob.hears("You are muted until ");
    bob.types("/register");
    bob.reads("Nobody can register at the moment: guests are kept out. Try again later.");
    let (_daemon, addr) = restarts(&folder, daemon);
    let mut eve = Person::connect(addr);
    eve.sees(PROMPT);
    eve.types("Eve");
    let members = "This server is for members at the moment until ";
    eve.hears(members);
    eve.sees(PROMPT);
    for name in ["admin", "Root", "operat0r", "syst\u{435}m"] {
        eve.types(name);
        eve.reads("That username is for operators. Choose another.");
        eve.sees(PROMPT);
    }
    Person::member(addr, "Mia");
    let mut ann = Person::connect(addr);
    ann.gives("Ann", &password("Ann"));
    ann.hears("Still nobody but members comes in, until ");
    ann.answered(
        "/lockdown off",
        "The lockdown is over. Guests come in again.",
    );
    eve.types("Eve");
    eve.is_welcomed();
}

#[test]
fn a_server_can_be_for_members_alone_or_make_nobody_a_member() {
    let (folder, daemon, addr) = serve("members-only", &[], &["--accounts", "required"]);
    let mut eve = Person::connect(addr);
    eve.sees(PROMPT);
    eve.types("Eve");
    eve.reads(
        "This server is for members. Give the name of your account, or ask an operator for one.",
    );
    eve.sees(PROMPT);
    Person::member(addr, "Ann");
    let mut robot = Person::connect(addr);
    robot.types(r#"{"op":"login","name":"robot"}"#);
    assert_eq!(robot.object("hello")["accounts"], "required");
    assert_eq!(robot.object("refused")["code"], "account-needed");
    ends_cleanly(daemon);
    let (_daemon, addr) = folder.serve(&["--registration", "closed"]);
    let mut eve = Person::guest(addr, 2, "Eve");
    eve.types("/register");
    eve.reads("Registration is closed here. Ask an operator for an account.");
}

#[test]
fn what_a_shell_does_to_somebody_who_is_in_counts_at_once() {
    let (folder, _daemon, addr) = serve("members-roles", &["Mia"], &[]);
    let mut mia = Person::member(addr, "Mia");
    mia.types("/announce hi");
    mia.reads("Only operators may do that.");
    account(&folder, &["role", "Mia", "operator"], "");
    mia.reads("You are an operator now. Type /help for what you can do.");
    mia.types("/announce hi");
    mia.reads("-- Mia announces: hi --");
    mia.reads("Only you are here to read it.");
    account(&folder, &["role", "Mia", "member"], "");
    mia.reads("You are no longer an operator.");
    mia.types("/announce hi");
    mia.reads("Only operators may do that.");
    account(&folder, &["remove", "Mia"], "");
    mia.is_sent_away("Your account was removed. Goodbye!");
    let mut other = Person::guest(addr, 2, "Mia");
    other.types("/msg Mia hi");
    other.reads("That's you.");
    let list = account(&folder, &["list"], "");
    assert!(!list.contains("Mia"), "{list}");
}

#[test]
fn a_locked_room_is_for_those_who_are_invited() {
    let (folder, daemon, addr) = serve("members-locked", &["Mia"], &[]);
    let mut mia = Person::member(addr, "Mia");
    let mut bob = Person::guest(addr, 2, "Bob");
    mia.answered("/join cave", "You are in #cave now.");
    mia.types("/lock");
    mia.reads("#cave is locked. Type /invite NAME to let somebody in.");
    mia.types("a secret plan");
    for line in ["/join cave", "/listen cave", "/join c\u{430}ve"] {
        bob.answered(line, "That room is for those who are invited.");
    }
    bob.types("/rooms");
    bob.reads("#lobby  1  you are here");
    bob.types("/whois Mia");
    assert_eq!(
        timeless(&bob.reads_line()),
        "Mia is here, online since (UTC).".replace(" (UTC).", "")
    );
    mia.types("/invite Bob");
    mia.reads("Bob is invited to #cave.");
    bob.reads("Mia invites you to #cave. Type /join cave to go there.");
    bob.types("/join cave");
    bob.reads("You are in #cave now.");
    mia.reads("Bob has come in.");
    mia.types("/kick Bob shush");
    mia.reads("Bob is out of #cave.");
    bob.reads("You were kicked from #cave by Mia: shush. Come back in 10 min.");
    bob.reads("You are in #lobby now.");
    bob.types("oops");
    bob.reads("You are in #lobby now. Enter sends it here.");
    let mut ann = Person::member(addr, "Ann");
    bob.reads("Ann has joined the chat.");
    bob.types("/in lobby oops");
    ann.reads("Bob: oops");
    bob.types("/join cave");
    bob.hears("You were kicked from #cave: shush. Come back in 10 min.");
    let (_daemon, addr) = restarts(&folder, daemon);
    let mut mia = Person::connect(addr);
    mia.gives("Mia", &password("Mia"));
    mia.hears("Welcome back, Mia!");
    mia.reads(HELP);
    mia.reads("You are in #cave now.");
    let mut bob = Person::guest(addr, 3, "Eve");
    bob.answered("/join cave", "That room is for those who are invited.");
}
