//! Accounts: names that are somebody's, and the passwords that prove it.

use bytes::BytesMut;

use super::*;
use crate::account::{AccountId, Hashed, KnownAddresses, Role, Secret, Typed};
use crate::message::{AccountFacts, KeepAccount, KeptAccount, KeptHouse, Settings, Waiting};
use crate::wire::render;

const PASSWORD: &str = "correct horse";

/// A chat with members who are not here. Their numbers are 1, 2 and so on.
pub(super) fn with_members(names: &[(&str, Role)]) -> Chat {
    let rules = Rules {
        login_timeout: Some(TIMEOUT),
        ..Rules::default()
    };
    with_members_by(rules, names)
}

/// The same by other rules.
pub(super) fn with_members_by(rules: Rules, names: &[(&str, Role)]) -> Chat {
    let mut chat = Chat::with(rules);
    chat.alone.go_on(0, Vec::new(), house(names));
    chat
}

fn house(names: &[(&str, Role)]) -> KeptHouse {
    let numbered = (1..).zip(names);
    let accounts = numbered.map(|(id, (text, role))| KeptAccount {
        id: AccountId(id),
        name: name(text),
        role: *role,
        changed: id,
        has_ended: false,
        addresses: KnownAddresses::default(),
        waiting: 0,
        last: 0,
    });
    KeptHouse {
        accounts: accounts.collect(),
        ..KeptHouse::default()
    }
}

impl Chat {
    /// Everything that a peer has read since the last call.
    pub(super) fn shown(&mut self, peer: PeerId) -> String {
        let mut out = BytesMut::new();
        for message in self.reads(peer) {
            render(&message, 0, Format::default(), &mut out);
        }
        String::from_utf8_lossy(&out).replace("\r\n", "\n")
    }

    fn secret(&mut self, peer: PeerId, typed: &str) {
        self.event(peer, Event::Secret(Typed(typed.as_bytes())));
    }

    /// Answers the question for this password as a worker would that knows it is right or wrong.
    pub(super) fn verify(&mut self, peer: PeerId, facts: Option<AccountFacts>) {
        let question = self.question();
        assert!(question.is_secret(), "{question:?}");
        let finding = match facts {
            Some(facts) => Finding::Right(facts.into(), None),
            None => Finding::Wrong,
        };
        self.answers_with(peer, Ok(finding));
    }

    /// The file has what the peer did.
    fn confirms(&mut self, peer: PeerId) {
        assert_eq!(self.question(), Question::Kept);
        self.answers_with(peer, Ok(Finding::Kept));
    }

    /// A member who comes in.
    pub(super) fn comes_in(&mut self, slot: u32, name: &str) -> PeerId {
        self.comes_in_reading(slot, name).0
    }

    /// The same with what they read.
    pub(super) fn comes_in_reading(&mut self, slot: u32, name: &str) -> (PeerId, String) {
        let peer = self.connect(slot);
        self.types(peer, name);
        self.secret(peer, PASSWORD);
        self.verify(peer, Some(AccountFacts::default()));
        let screen = self.shown(peer);
        assert!(screen.contains("Welcome, "), "{screen}");
        (peer, screen)
    }
}

const ANN: [(&str, Role); 2] = [("Ann", Role::Member), ("Bob", Role::Operator)];

fn ann() -> Chat {
    with_members(&ANN)
}

#[test]
fn a_name_that_is_somebodys_needs_its_password_also_by_a_look_alike() {
    for typed in ["Ann", "ANN", " ann ", "\u{0391}nn"] {
        let mut chat = ann();
        let peer = chat.connect(0);
        chat.types(peer, typed);
        assert_eq!(
            chat.shown(peer),
            "Enter your username: Password: ",
            "{typed}"
        );
        chat.secret(peer, PASSWORD);
        let expected = Question::Verify {
            account: AccountId(1),
            changed: 1,
            password: Secret::new(PASSWORD),
        };
        assert_eq!(chat.asked.last(), Some(&(peer, expected)));
        let facts = AccountFacts {
            last: Some(1_795_000_000_000),
            wrong: 12,
            wrong_from: Some([192, 0, 2, 7].into()),
            ..AccountFacts::default()
        };
        chat.verify(peer, Some(facts));
        assert_eq!(
            chat.shown(peer),
            "Welcome back, Ann! You were last here on 2026-11-18 11:06 (UTC).\n\
             12 wrong passwords since then, last from 192.0.2.7.\n\
             Type /help for the list of commands.\nAnn has joined the chat.\n"
        );
        assert_eq!(chat.online(), ["Ann"]);
    }
}

#[test]
fn a_name_that_is_taken_gives_no_more_passwords() {
    let mut chat = ann();
    let guest = chat.connect(1);
    chat.types(guest, "carl");
    let peer = chat.connect(0);
    for left in ["2 attempts left", "1 attempt left"] {
        chat.types(peer, "Ann");
        chat.secret(peer, "wrong");
        chat.verify(peer, None);
        assert!(chat.shown(peer).contains(left), "{left}");
        chat.secret(peer, "");
        chat.types(peer, "carl");
        assert!(chat.shown(peer).contains("That username is taken."));
    }
}

#[test]
fn a_wrong_password_never_leads_back_to_where_it_would_show() {
    let mut chat = ann();
    let peer = chat.connect(0);
    chat.types(peer, "Ann");
    chat.shown(peer);
    chat.secret(peer, "wrong");
    chat.verify(peer, None);
    assert_eq!(
        chat.shown(peer),
        "That is not the password. 2 attempts left.\nPassword: "
    );
    let wrong = |it: &Keep| matches!(it, Keep::Account(AccountId(1), KeepAccount::Wrong { .. }));
    assert!(chat.kept().iter().any(wrong));
    // An empty line goes back to the name, and the count goes on.
    chat.secret(peer, "");
    assert_eq!(chat.shown(peer), "Enter your username: ");
    chat.types(peer, "Ann");
    chat.secret(peer, "wrong");
    chat.verify(peer, None);
    chat.shown(peer);
    chat.secret(peer, "wrong");
    chat.verify(peer, None);
    assert!(chat.shown(peer).ends_with("Too many attempts. Goodbye!\n"));
    assert!(chat.online().is_empty());
}

#[test]
fn the_right_password_takes_the_seat_of_an_older_self() {
    let mut chat = ann();
    let eve = chat.login(9, "eve");
    let older = chat.comes_in(0, "Ann");
    chat.types(older, "/join tea");
    chat.types(older, "/listen lobby");
    chat.types(older, "/time off +2");
    chat.shown(older);
    chat.shown(eve);
    let newer = chat.connect(1);
    chat.types(newer, "Ann");
    chat.secret(newer, PASSWORD);
    chat.verify(newer, Some(AccountFacts::default()));
    assert_eq!(chat.shown(older), "You came in from elsewhere. Goodbye!\n");
    assert_eq!(chat.shown(eve), "", "nobody else is told");
    assert_eq!(chat.online(), ["eve", "Ann"]);
    chat.shown(newer);
    chat.types(newer, "/rooms");
    let rooms = chat.shown(newer);
    assert!(
        rooms.contains("#tea    1  you are here") && rooms.contains("you hear it"),
        "{rooms}"
    );
    chat.event(older, Event::Disconnected(CloseReason::EndOfInput));
    assert_eq!(chat.online(), ["eve", "Ann"]);
    chat.types(newer, "/quit");
    assert_eq!(chat.online(), ["eve"]);
    assert_eq!(chat.shown(eve), "Ann has left the chat.\n");
}

#[test]
fn all_servers_note_alike_from_where_a_seat_is_taken_over() {
    let mut chat = ann();
    let mut twin = Twin::of(&mut chat.alone, chat.now);
    twin.go_on(Vec::new(), house(&ANN));
    chat.comes_in(0, "Ann");
    twin.follow(&mut chat.alone);
    let addr = SocketAddr::from(([192, 0, 2, 9], 50_000));
    let newer = chat.connect_from(1, addr, Format::default());
    chat.types(newer, "Ann");
    chat.secret(newer, PASSWORD);
    chat.verify(newer, Some(AccountFacts::default()));
    twin.follow(&mut chat.alone);
}

#[test]
fn a_guest_registers_and_the_name_is_theirs() {
    let mut chat = ann();
    let eve = chat.login(0, "eve");
    chat.types(eve, "/register secret stuff");
    assert_eq!(
        chat.shown(eve),
        "Type /register alone; you are asked for the password.\n"
    );
    chat.types(eve, "/register");
    assert_eq!(chat.shown(eve), "New password:\n");
    chat.secret(eve, "short");
    assert_eq!(
        chat.shown(eve),
        "A password has 8 bytes at least. Nothing was changed. Type /register to try again.\n"
    );
    chat.types(eve, "/register");
    chat.secret(eve, PASSWORD);
    chat.secret(eve, "another one");
    assert_eq!(
        chat.shown(eve),
        "New password:\nOnce more:\nThese are two different passwords. Nothing was changed. Type /register to try again.\n"
    );
    chat.types(eve, "/register");
    chat.secret(eve, PASSWORD);
    chat.secret(eve, PASSWORD);
    assert_eq!(chat.question(), Question::Hash(Secret::new(PASSWORD)));
    chat.shown(eve);
    chat.answers_with(eve, Ok(Finding::Hashed(Hashed::new("$argon2id$x"))));
    assert_eq!(chat.shown(eve), "", "the file does not have it yet");
    chat.confirms(eve);
    assert_eq!(chat.shown(eve), "eve is yours from now on.\n");
    let made = |it: &Keep| match it {
        Keep::Account(_, KeepAccount::Made { hash, name, .. }) => {
            hash.as_ref().is_some_and(|it| it.reveal() == "$argon2id$x") && name.as_str() == "eve"
        }
        _ => false,
    };
    assert!(chat.kept().iter().any(made));
    chat.types(eve, "/quit");
    let other = chat.connect(1);
    chat.types(other, "EVE");
    assert!(chat.shown(other).ends_with("Password: "));
}

#[test]
fn a_question_ends_by_silence_an_interrupt_and_an_empty_line() {
    let nothing = "New password:\nNothing was changed. Type /register to try again.\n";
    let mut chat = ann();
    let eve = chat.login(0, "eve");
    chat.types(eve, "/register");
    chat.secret(eve, "");
    assert_eq!(chat.shown(eve), nothing);
    chat.types(eve, "/register");
    chat.event(eve, Event::Interrupt);
    assert_eq!(chat.shown(eve), nothing);
    chat.types(eve, "/register");
    chat.wait(Duration::from_secs(59));
    assert_eq!(chat.shown(eve), "New password:\n");
    chat.wait(Duration::from_secs(1));
    assert_eq!(
        chat.shown(eve),
        "Nothing was changed. Type /register to try again.\n"
    );
    // It may be the answer, which comes too late.
    let bob = chat.login(1, "bert");
    chat.types(eve, PASSWORD);
    assert_eq!(
        chat.shown(eve),
        "bert has joined the chat.\nThat was not sent, in case it is a password. Type it again to send it.\n"
    );
    assert_eq!(chat.shown(bob), "");
    chat.wait(Duration::from_secs(2));
    chat.types(eve, "hello");
    assert_eq!(chat.shown(bob), "eve: hello\n");
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn passwords_typed_ahead_of_a_question_that_is_not_asked_are_not_said() {
    let mut chat = ann();
    let ann = chat.comes_in(0, "Ann");
    let eve = chat.login(1, "eve");
    chat.shown(ann);
    for command in ["/password", "/unregister", "/register secret"] {
        chat.types(eve, command);
        chat.shown(eve);
        for _ in 0..3 {
            chat.types(eve, PASSWORD);
            assert_eq!(
                chat.shown(eve),
                "That was not sent, in case it is a password. Type it again to send it.\n"
            );
        }
    }
    chat.types(eve, "hello");
    assert_eq!(chat.shown(ann), "eve: hello\n");
}

#[test]
fn an_interrupt_at_the_door_says_what_leads_out_of_there() {
    let mut chat = ann();
    let peer = chat.connect(0);
    chat.types(peer, "Ann");
    chat.shown(peer);
    chat.event(peer, Event::Interrupt);
    assert_eq!(
        chat.shown(peer),
        "\nPress Enter alone to give another name, or to leave: type /quit there.\nPassword: "
    );
    chat.secret(peer, "");
    chat.shown(peer);
    chat.event(peer, Event::Interrupt);
    let told = chat.shown(peer);
    assert!(told.contains("Type /quit to leave."), "{told}");
    chat.types(peer, "/quit");
    assert!(!chat.readers.is_connected(peer));
}

#[test]
fn the_last_operator_is_warned() {
    let roles = [("Ann", Role::Operator), ("Bob", Role::Operator)];
    let warning = "You are the last operator: ";
    for (count, is_warned) in [(1, true), (2, false)] {
        let mut chat = with_members(&roles[..count]);
        let ann = chat.comes_in(0, "Ann");
        chat.shown(ann);
        chat.types(ann, "/unregister");
        let told = chat.shown(ann);
        assert_eq!(told.starts_with(warning), is_warned, "{told}");
    }
    let mut chat = with_members(&[("Ann", Role::Operator), ("Cid", Role::Member)]);
    let cid = chat.comes_in(0, "Cid");
    chat.shown(cid);
    chat.types(cid, "/unregister");
    let told = chat.shown(cid);
    assert!(told.starts_with("Your password"), "{told}");
}

#[test]
fn nobody_takes_a_members_name_while_they_are_away_or_here() {
    let mut chat = ann();
    let eve = chat.login(0, "eve");
    for name in ["Ann", "aNN"] {
        chat.types(eve, &format!("/nick {name}"));
        assert_eq!(chat.shown(eve), "That username is taken.\n");
    }
    let ann = chat.comes_in(1, "Ann");
    chat.types(ann, "/nick anna");
    chat.shown(eve);
    chat.types(eve, "/nick Ann");
    assert_eq!(chat.shown(eve), "That username is taken.\n");
    chat.shown(ann);
    chat.types(ann, "/nick Ann");
    assert_eq!(chat.shown(ann), "anna is now known as Ann.\n");
}

#[test]
fn what_is_written_to_a_member_who_is_away_waits_for_them() {
    let mut chat = ann();
    let eve = chat.login(0, "eve");
    chat.types(eve, "/msg ann the code is 1234");
    chat.confirms(eve);
    assert_eq!(
        chat.shown(eve),
        "Ann is not here. They read it when they come.\n"
    );
    let kept = chat.kept();
    let waiting = kept.iter().find_map(|it| match it {
        Keep::Account(AccountId(1), KeepAccount::Waiting(it)) => Some(it.clone()),
        _ => None,
    });
    let waiting: Waiting = waiting.expect("it is kept");
    for _ in 1..100 {
        chat.types(eve, "/msg ann again");
        chat.confirms(eve);
    }
    chat.shown(eve);
    chat.types(eve, "/msg ann once more");
    assert_eq!(
        chat.shown(eve),
        "Ann has 100 messages waiting, and that is the most. Not sent.\n"
    );
    let ann = chat.connect(1);
    chat.types(ann, "Ann");
    chat.secret(ann, PASSWORD);
    let facts = AccountFacts {
        waiting: vec![waiting],
        settings: Settings {
            time: "on +02:00".into(),
            is_quiet: true,
            room: None,
        },
        ignores: vec![name("mallory"), name("eve")],
        ..AccountFacts::default()
    };
    chat.verify(ann, Some(facts));
    let screen = chat.shown(ann);
    assert!(
        screen.contains("-- 1 message came while you were not here --\n[2026-11-21 15:59] eve (private): the code is 1234\n-- end --\n"),
        "{screen}"
    );
    let read = |it: &Keep| matches!(it, Keep::Account(_, KeepAccount::Read { .. }));
    assert!(chat.kept().iter().any(read));
    chat.types(eve, "hello");
    assert_eq!(chat.shown(ann), "");
    chat.types(ann, "/ignore");
    let ignored = chat.shown(ann);
    assert!(
        ignored.contains("mallory") && ignored.contains("eve"),
        "{ignored}"
    );
    let mallory = chat.login(2, "mallory");
    chat.types(mallory, "hello");
    assert_eq!(chat.shown(ann), "");
    chat.types(ann, "/time");
    assert!(chat.shown(ann).contains("+02:00"));
}

#[test]
fn what_a_member_sets_is_kept_at_once() {
    let mut chat = ann();
    let ann = chat.comes_in(0, "Ann");
    let eve = chat.login(1, "eve");
    let kept = |chat: &mut Chat, peer, line| {
        chat.kept();
        chat.types(peer, line);
        let mut kept = chat.kept();
        kept.retain(|it| matches!(it, Keep::Account(_, KeepAccount::Left { .. })));
        kept
    };
    // The last two change nothing.
    for (line, count) in [
        ("/quiet on", 1),
        ("/time full +2", 1),
        ("/listen den", 1),
        ("/switch den", 1),
        ("/unlisten lobby", 1),
        ("/ignore eve", 1),
        ("/unignore eve", 1),
        ("/ignore eve", 1),
        ("/leave", 1),
        ("/join den", 1),
        ("/quiet on", 0),
        ("/join den", 0),
    ] {
        assert_eq!(kept(&mut chat, ann, line).len(), count, "{line}");
    }
    let last = kept(&mut chat, ann, "/time off");
    let [
        Keep::Account(
            AccountId(1),
            KeepAccount::Left {
                rooms,
                settings,
                ignores,
                ..
            },
        ),
    ] = &last[..]
    else {
        panic!("{last:?}");
    };
    assert_eq!(rooms.len(), 1);
    assert_eq!((settings.is_quiet, &*settings.time), (true, "off +02:00"));
    assert_eq!(
        settings.room.as_ref().map(|it| it.to_string()),
        Some("#den".into())
    );
    assert_eq!(ignores[..], [name("eve")]);
    for line in ["/quiet on", "/join den", "/ignore Ann"] {
        assert!(kept(&mut chat, eve, line).is_empty(), "{line}");
    }
}
