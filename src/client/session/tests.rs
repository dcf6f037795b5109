//! What a session hears.

use bytes::BytesMut;

use super::*;
use crate::error::{ProxyFault, Unanswered};
use crate::message::{AboutConnection, SecretQuestion};
use crate::moment::Format;
use crate::name::InvalidUsername;
use crate::wire::render;

/// Checks that whole bytes and single bytes are heard alike, and returns what was heard.
fn hear(session: fn() -> Session, bytes: &str) -> (Vec<Heard>, Session) {
    let (mut whole, mut single) = (Vec::new(), Vec::new());
    let (mut one, mut other) = (session(), session());
    one.receive(bytes.as_bytes(), &mut whole);
    for byte in bytes.as_bytes().chunks(1) {
        other.receive(byte, &mut single);
    }
    assert_eq!(whole, single);
    (whole, one)
}

fn named() -> Session {
    let mut session = Session::new();
    session.receive(PROMPT.as_bytes(), &mut Vec::new());
    assert_eq!(session.offer(" Ann "), " Ann \n");
    session
}

fn welcomed() -> Session {
    let mut session = named();
    session.receive(b"Welcome to the chat!\r\n", &mut Vec::new());
    assert!(session.is_in());
    session
}

#[test]
fn the_question_is_heard_though_its_line_does_not_end() {
    assert_eq!(hear(Session::new, PROMPT).0, [Heard::Asked]);
    assert_eq!(hear(Session::new, "Enter your").0, []);
    assert_eq!(
        hear(Session::new, "Hello\r\nEnter your username: ").0,
        [Heard::Line("Hello".into()), Heard::Asked]
    );
}

#[test]
fn a_name_is_taken_or_refused() {
    let (heard, session) = hear(
        named,
        "Welcome to the chat!\r\nAnn has joined the chat.\r\n",
    );
    assert_eq!(
        heard,
        [
            Heard::Welcomed(WELCOME.into()),
            Heard::Line("Ann has joined the chat.".into())
        ]
    );
    assert_eq!(session.name(), Some("Ann"));
    for refusal in [
        "That username is taken.",
        "A username has 1 to 32 letters, digits, '_', '-' or '.'.",
    ] {
        let (heard, session) = hear(named, &format!("{refusal}\r\n{PROMPT}"));
        assert_eq!(heard, [Heard::Refused(refusal.into()), Heard::Asked]);
        assert_eq!(session.name(), None);
    }
}

#[test]
fn those_who_are_turned_away_hear_why() {
    for (start, words) in [
        (
            Session::new as fn() -> Session,
            "Server is full. Try again later.",
        ),
        (
            Session::new,
            "Too many connections from your address. Close one and try again.",
        ),
        (named, "Too many attempts. Goodbye!"),
        (named, "Login timed out. Goodbye!"),
    ] {
        let heard = hear(start, &format!("{words}\r\n")).0;
        assert_eq!(heard, [Heard::TurnedAway(words.into())]);
    }
}

#[test]
fn those_who_come_without_tls_hear_of_the_option() {
    let lines = "This server speaks TLS only.\r\n\
                 Connect with: openssl s_client -quiet -connect HOST:PORT\r\n";
    let words = "This server speaks TLS only. Connect with --tls";
    let heard = hear(Session::new, lines).0;
    assert_eq!(heard, [Heard::TurnedAway(words.into())]);
}

#[test]
fn a_server_without_login_welcomes_at_once() {
    let (heard, session) = hear(Session::new, "Welcome to the chat!\r\n");
    assert_eq!(heard, [Heard::Welcomed(WELCOME.into())]);
    assert_eq!(session.name(), None);
}

#[test]
fn a_new_name_is_followed() {
    let (_, session) = hear(welcomed, "Bob is now known as Rob.\r\n");
    assert_eq!(session.name(), Some("Ann"));
    let (_, session) = hear(welcomed, "Ann is now known as Zoë.\r\n");
    assert_eq!(session.name(), Some("Zoë"));
}

#[test]
fn a_name_that_is_somebodys_takes_its_password() {
    for prompt in PASSWORD_PROMPTS {
        let (heard, _) = hear(named, prompt);
        assert_eq!(heard, [Heard::AskedPassword]);
    }
    // Nobody gave a name yet.
    assert_eq!(hear(Session::new, "Password: ").0, []);
    let asked = || {
        let mut session = named();
        session.receive(b"Password: ", &mut Vec::new());
        session.answer_password();
        session
    };
    let why = "That is not the password. 2 attempts left.";
    let (heard, _) = hear(asked, &format!("{why}\r\nPassword: "));
    let expected = [Heard::PasswordRefused(why.into()), Heard::AskedPassword];
    assert_eq!(heard, expected);
    assert_eq!(hear(asked, PROMPT).0, [Heard::Asked]);
    let back = "Welcome back, ann! You were last here on 2026-11-20 18:02 (UTC).";
    let (heard, session) = hear(asked, &format!("{back}\r\n"));
    assert_eq!(heard, [Heard::Welcomed(back.into())]);
    assert_eq!(session.name(), Some("ann"));
    assert_eq!(session.answers_marks(), Some(true));
}

#[test]
fn what_is_typed_is_hidden_when_the_server_says_so() {
    let mut heard = Vec::new();
    let mut session = welcomed();
    session.receive(b"\xff\xfb\x01New password:\r\n\xff\xfc\x01", &mut heard);
    let line = Heard::Line("New password:".into());
    assert_eq!(heard, [Heard::Hides(true), line, Heard::Hides(false)]);
}

#[test]
fn goodbye_counts_when_we_asked_for_it() {
    assert_eq!(
        hear(welcomed, "Goodbye!\r\n").0,
        [Heard::Line(GOODBYE.into())]
    );
    let leaving = || {
        let mut session = welcomed();
        session.leave();
        session
    };
    assert_eq!(
        hear(leaving, "Goodbye!\r\n").0,
        [Heard::Goodbye(GOODBYE.into())]
    );
}

#[test]
fn a_server_that_answers_marks_says_so_behind_the_welcome() {
    let lines = format!("{WELCOME}\r\n{HELP_HINT}\r\nBob: hi\r\n");
    let (_, session) = hear(named, &lines);
    assert_eq!(session.answers_marks(), Some(true));
    // Words that somebody says later change nothing.
    let lines = format!("{WELCOME}\r\nBob: hi\r\n{HELP_HINT}\r\n");
    let (_, session) = hear(named, &lines);
    assert_eq!(session.answers_marks(), Some(false));
    let mut heard = Vec::new();
    welcomed().receive(b"Bob: h\xff\xfc\x06i\r\n", &mut heard);
    assert_eq!(heard, [Heard::Mark, Heard::Line("Bob: hi".into())]);
}

#[test]
fn a_server_without_login_tells_our_name_when_we_come_in() {
    let lines = format!(
        "{WELCOME}\r\n[2026-11-25 12:00] 127.0.0.1:1 has joined the chat.\r\n\
         127.0.0.1:5000-2 has joined the chat.\r\n127.0.0.1:6000 has joined the chat.\r\n"
    );
    let (_, session) = hear(Session::new, &lines);
    assert_eq!(session.name(), Some("127.0.0.1:5000-2"));
}

#[test]
fn a_goodbye_that_nobody_asked_for_sends_us_away_if_nothing_follows() {
    for (lines, sent_away) in [
        ("You have been silent for too long. Goodbye!", true),
        (
            "You have been silent for too long. Goodbye!\r\nBob: hi",
            false,
        ),
        ("Server is shutting down. Goodbye!", false),
        ("You came in from elsewhere. Goodbye!", true),
        (
            "You are banned until 2026-11-25 12:00 (UTC): spam. Goodbye!",
            true,
        ),
        ("You were kicked by Bob. Come back in 60 s. Goodbye!", true),
        ("Bob: You are banned. Goodbye!", false),
        ("Bob: Goodbye!", false),
        ("[12:30] Bob: Goodbye!", false),
        ("Bob is away: See you. Goodbye!", false),
        ("The topic of #den is: Goodbye!", false),
        ("Goodbye!", true),
    ] {
        let (_, session) = hear(welcomed, &format!("{lines}\r\n"));
        assert_eq!(session.is_sent_away(), sent_away, "{lines}");
    }
}

#[test]
fn what_could_drive_a_terminal_becomes_visible() {
    let heard = hear(welcomed, "Bob: \x1b]0;x\x07\u{9b}2J\r\n").0;
    assert_eq!(heard, [Heard::Line("Bob: ␛]0;x␇\u{fffd}2J".into())]);
}

#[test]
fn the_question_is_plain_text_once_we_are_in() {
    let heard = hear(welcomed, "Enter your username: \r\n").0;
    assert_eq!(heard, [Heard::Line(PROMPT.into())]);
}

/// The lines that the server writes.
fn written(about: AboutConnection) -> String {
    let mut out = BytesMut::new();
    render(&about.into(), 0, Format::default(), &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

/// How a line is heard.
type Hearing = fn(String) -> Heard;

/// What somebody is told at the door, and how they hear it.
#[rustfmt::skip]
fn at_the_door() -> Vec<(AboutConnection, Hearing)> {
    use AboutConnection as It;
    let name = || Username::parse("Ann").unwrap();
    let back = |last| It::WelcomeBack { name: name(), last, wrong: 0, wrong_from: None };
    let secret = |shows| It::Secret { question: SecretQuestion::Login, shows };
    let mut all: Vec<(It, Hearing)> = vec![
        (It::UsernamePrompt, |_| Heard::Asked),
        (secret(false), |_| Heard::AskedPassword),
        (secret(true), |_| Heard::AskedPassword),
        (It::Welcome, Heard::Welcomed),
        (back(None), Heard::Welcomed),
        (back(Some(0)), Heard::Welcomed),
        (It::UsernameTaken, Heard::Refused),
        (It::UsernameOfHouse, Heard::Refused),
        (It::UsernameInvalid(InvalidUsername::Space), Heard::Refused),
        (It::LockedDown(0), Heard::Refused),
        (It::ForMembers, Heard::Refused),
        (It::WrongPassword { left: 2 }, Heard::PasswordRefused),
        (It::WrongPassword { left: 1 }, Heard::PasswordRefused),
        (It::PasswordsTooOften { seconds: 40 }, Heard::PasswordRefused),
        (It::TooManyAttempts, Heard::TurnedAway),
        (It::LoginTimedOut, Heard::TurnedAway),
        (It::Kicked { by: "Bob".into(), reason: None, seconds: 60 }, Heard::TurnedAway),
        (It::Banned { until: None, reason: Some("spam".into()) }, Heard::TurnedAway),
        (It::ServerFull, Heard::TurnedAway),
        (It::TooManyFromAddress, Heard::TurnedAway),
        (It::Motd("Be kind.".into()), Heard::Line),
        (It::SentAway("too loud".into()), Heard::Line),
        (It::NoProxyHeader(ProxyFault::Missing), Heard::Line),
        (It::ShuttingDown, Heard::Line),
    ];
    for why in [Unanswered::Busy, Unanswered::Failed, Unanswered::Late] {
        all.push((It::PasswordUnanswered(why), Heard::PasswordRefused));
    }
    all
}

#[test]
fn the_door_is_heard_as_the_server_writes_it() {
    for (about, heard_as) in at_the_door() {
        let words = written(about);
        let (first, _) = words.split_once("\r\n").unwrap_or((&words, ""));
        let (heard, _) = hear(named, &words);
        assert_eq!(heard.first(), Some(&heard_as(first.into())), "{words}");
    }
    let wrong = |left| is_wrong_password(&written(AboutConnection::WrongPassword { left }));
    assert!(wrong(2) && wrong(1));
    let unanswered = AboutConnection::PasswordUnanswered(Unanswered::Busy);
    assert!(!is_wrong_password(&written(unanswered)));
}

#[test]
fn those_who_are_in_hear_when_it_is_over_for_good() {
    use AboutConnection as It;
    let (by, until) = (|| "Bob".into(), Some(0));
    let seconds = 60;
    for (about, is_over) in [
        (It::PasswordChanged, true),
        (It::AccountRemoved, true),
        (It::Replaced, true),
        (It::IdleTimedOut, true),
        (It::Goodbye, true),
        (
            It::Kicked {
                by: by(),
                reason: None,
                seconds,
            },
            true,
        ),
        (
            It::Banned {
                until,
                reason: Some("spam".into()),
            },
            true,
        ),
        (
            It::Banned {
                until: None,
                reason: None,
            },
            true,
        ),
        (It::ShuttingDown, false),
        (It::Skipped(2), false),
    ] {
        let words = written(about);
        let (_, session) = hear(welcomed, &words);
        assert_eq!(session.is_sent_away(), is_over, "{words}");
    }
}

/// A message to people with a screen must be in one of the tests above, or be known here as none that the client
/// has to understand.
#[test]
fn no_message_about_a_connection_is_unknown() {
    let source = include_str!("../../message/mod.rs");
    let (_, body) = source.split_once("pub enum AboutConnection {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    let names = names.filter(|it| it.starts_with(char::is_uppercase));
    let names = names.map(|it| it.split([' ', '(', ',']).next().unwrap());
    let tests = include_str!("tests.rs");
    // The client speaks no other protocol, and reads a line break as one. Programs are told the rest.
    let others = ["LineBreak", "WrongProtocol", "TlsOnly", "PasswordNeeded"];
    let is_known = |it: &&str| tests.contains(&format!("It::{it}")) || others.contains(it);
    let names: Vec<&str> = names.collect();
    assert!(names.len() > 25, "{names:?}");
    let unknown: Vec<_> = names.into_iter().filter(|it| !is_known(it)).collect();
    assert_eq!(unknown, [""; 0]);
}
