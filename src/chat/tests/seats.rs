//! Seats that are kept while the connection is lost, as programs take them again.

mod crowds;
mod late;
mod members;
mod private;
mod tokens;
mod walk;

use std::cell::Cell;
use std::io::ErrorKind;

use super::*;
use crate::account::Secret;
use crate::message::{ForProgram, Welcome};
use crate::moment::Medium;
use crate::token::Token;
use crate::wire::machine::{Object, Op, Position};

pub(super) const KEEP: Duration = Duration::from_secs(60);

const BROKEN: Event<'_> = Event::Disconnected(CloseReason::Broken(ErrorKind::ConnectionReset));

thread_local! {
    static TOKENS: Cell<u128> = const { Cell::new(0) };
}

fn token() -> Option<Token> {
    TOKENS.set(TOKENS.get() + 1);
    Some(Token::new(TOKENS.get().to_be_bytes()))
}

pub(super) fn rules() -> Rules {
    Rules {
        keep: Keeping {
            guests: KEEP,
            members: 10 * KEEP,
        },
        token,
        ..Rules::default()
    }
}

impl Chat {
    pub(super) fn object(&mut self, peer: PeerId, id: Option<&str>, op: Op) {
        let id = id.map(Arc::from);
        self.event(peer, Event::Object(&Object { id, op }));
    }

    fn connect_program(&mut self, slot: u32, is_tls: bool) -> PeerId {
        let format = Format {
            medium: Medium::Json,
            ..Format::default()
        };
        match is_tls {
            false => self.connect_as(slot, format),
            true => self.connect_encrypted(slot, format),
        }
    }

    fn connect_encrypted(&mut self, slot: u32, format: Format) -> PeerId {
        self.generation += 1;
        let peer = PeerId {
            slot: Slot::new(slot as usize),
            generation: self.generation,
        };
        let connected = Event::Connected {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            is_tls: true,
            format,
        };
        self.event(peer, connected);
        peer
    }

    /// A program that comes in, with its token.
    pub(super) fn program(&mut self, slot: u32, text: &str) -> (PeerId, String) {
        self.program_over(slot, text, false)
    }

    fn program_over(&mut self, slot: u32, text: &str, is_tls: bool) -> (PeerId, String) {
        let peer = self.connect_program(slot, is_tls);
        let (name, password, position) = (text.into(), None, None);
        self.object(
            peer,
            None,
            Op::Login {
                name,
                password,
                position,
            },
        );
        let welcome = self.welcome(peer).expect("a welcome");
        assert!(!welcome.is_resumed);
        (peer, token_of(&welcome))
    }

    /// What a program was welcomed with, if it was.
    fn welcome(&mut self, peer: PeerId) -> Option<Welcome> {
        let told = self.told.get(&peer)?.iter();
        let mut welcomes = told.filter_map(|it| match it {
            Message::Program(ForProgram::Welcome(welcome)) => Some(*welcome.clone()),
            _ => None,
        });
        welcomes.next()
    }

    /// A program that wants its seat again, having read up to here.
    pub(super) fn resumes(&mut self, slot: u32, token: &str, since: Option<u64>) -> PeerId {
        self.resumes_over(slot, token, since, false)
    }

    fn resumes_over(&mut self, slot: u32, token: &str, since: Option<u64>, is_tls: bool) -> PeerId {
        let peer = self.connect_program(slot, is_tls);
        let token = Secret::new(token);
        let position = since.map(|seq| Position {
            seq,
            journal: Some(0),
        });
        self.object(peer, Some("9"), Op::Resume { token, position });
        peer
    }

    pub(super) fn says(&mut self, peer: PeerId, id: &str, text: &str) {
        let (text, room) = (text.into(), None);
        self.object(peer, Some(id), Op::Say { text, room });
    }

    /// The lines that a peer was told again, what was skipped, and whether it was told that this is all.
    pub(super) fn told_again(&mut self, peer: PeerId) -> Vec<String> {
        let told = self.reads(peer).into_iter();
        let again = told.filter_map(|it| match it {
            Message::Past { past, .. } => past.news.text().map(String::from),
            Message::Program(ForProgram::Skipped { room, count }) => {
                let room = room.map_or("private".into(), |it| it.to_string());
                Some(format!("skipped {count:?} of {room}"))
            }
            Message::Program(ForProgram::CaughtUp(_)) => Some("caught up".into()),
            _ => None,
        });
        again.collect()
    }

    fn last(&self) -> u64 {
        self.alone.last()
    }
}

fn token_of(welcome: &Welcome) -> String {
    let seat = welcome.seat.as_ref().expect("a seat");
    seat.token.as_deref().expect("a token").into()
}

fn gone() -> Message {
    AboutConnection::SeatGone.into()
}

#[test]
fn nobody_notices_a_lost_link_and_its_program_reads_what_it_missed_once() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    chat.types(ann, "/listen tea");
    chat.types(ann, "read");
    chat.object(
        bot,
        None,
        Op::Join {
            room: "tea".into(),
            is_current: false,
        },
    );
    let since = chat.last();
    chat.types(ann, "on its way");
    chat.reads(ann);
    chat.event(bot, BROKEN);
    assert_eq!(chat.reads(ann), []);
    chat.types(ann, "/me waits");
    chat.types(ann, "/msg bot for you");
    chat.types(ann, "/switch tea");
    chat.types(ann, "to tea");
    chat.types(ann, "/topic Tea");
    chat.wait(KEEP - Duration::from_secs(1));
    chat.reads(ann);
    let bot = chat.resumes(2, &token, Some(since));
    let welcome = chat.welcome(bot).expect("a welcome");
    assert!(welcome.is_resumed && welcome.name == name("bot"));
    let rooms: Vec<String> = welcome.rooms.iter().map(|it| it.name.to_string()).collect();
    assert_eq!(rooms, ["#lobby", "#tea"]);
    let told = chat.reads(bot);
    let topics = told.iter().filter(
        |it| matches!(it, Message::Past { past, .. } if matches!(past.news, News::TopicSet { .. })),
    );
    assert_eq!(topics.count(), 1);
    chat.told.insert(bot, told);
    assert_eq!(
        chat.told_again(bot),
        ["on its way", "waits", "for you", "to tea", "caught up"]
    );
    assert_eq!(chat.reads(ann), []);
    chat.says(bot, "1", "here");
    assert_eq!(chat.reads(ann), [said("bot", "here")]);
    // It is the same person as ever, and reads nothing twice.
    let (last, token) = (chat.last(), token_of(&welcome));
    chat.event(bot, Event::Disconnected(CloseReason::EndOfInput));
    let bot = chat.resumes(3, &token, Some(last));
    assert_eq!(chat.told_again(bot), ["caught up"]);
    assert_eq!(chat.online(), ["ann", "bot"]);
}

#[test]
fn a_seat_that_nobody_takes_again_ends() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    chat.event(bot, BROKEN);
    chat.reads(ann);
    chat.wait(KEEP - Duration::from_secs(1));
    assert_eq!(chat.reads(ann), []);
    chat.wait(Duration::from_secs(1));
    let (who, word) = (name("bot"), Some("link lost".into()));
    assert_eq!(chat.reads(ann), [News::Left { who, word }.into()]);
    let bot = chat.resumes(1, &token, None);
    assert!(chat.reads(bot).contains(&gone()));
    let (_, other) = chat.program(2, "bot");
    assert_ne!(other, token);
}

#[test]
fn some_ends_keep_no_seat() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    for (slot, reason) in [
        (1, CloseReason::SendQueueFull),
        (2, CloseReason::BrokeProtocol),
    ] {
        let (bot, _) = chat.program(slot, "bot");
        chat.reads(ann);
        chat.event(bot, Event::Disconnected(reason));
        let (who, word) = (name("bot"), None);
        assert_eq!(chat.reads(ann), [News::Left { who, word }.into()]);
    }
    let (bot, token) = chat.program(3, "bot");
    chat.object(bot, None, Op::Quit { text: None });
    let bot = chat.resumes(4, &token, None);
    assert!(chat.reads(bot).contains(&gone()));
    // A guest who is a person has nothing to take it again with.
    let bob = chat.login(5, "bob");
    chat.event(bob, BROKEN);
    assert_eq!(chat.online(), ["ann"]);
    assert_eq!(chat.alone.online(), 1);
}

#[test]
fn a_token_is_good_for_one_seat_and_goes_the_way_it_came() {
    let mut chat = Chat::with(rules());
    let (bot, token) = chat.program_over(1, "bot", true);
    let (other, others) = chat.program(2, "other");
    chat.event(bot, BROKEN);
    chat.event(other, BROKEN);
    let (id, secret) = token.split_once('-').expect("two parts");
    let (other_id, _) = others.split_once('-').expect("two parts");
    for wrong in [
        format!("{other_id}-{secret}"),
        format!("{id}-{}", "0".repeat(32)),
        format!("0-{secret}"),
        "x".into(),
    ] {
        let peer = chat.resumes_over(3, &wrong, None, true);
        assert!(chat.reads(peer).contains(&gone()), "{wrong}");
        chat.event(peer, BROKEN);
    }
    let plain = chat.resumes(3, &token, None);
    assert!(chat.reads(plain).contains(&gone()));
    let bot = chat.resumes_over(4, &token, None, true);
    assert!(chat.welcome(bot).is_some());
    // One that was given in the open may be used in any way.
    let other = chat.resumes_over(5, &others, None, true);
    assert!(chat.welcome(other).is_some());
}

#[test]
fn the_old_token_is_good_until_the_new_connection_sends_something() {
    let mut chat = Chat::with(rules());
    let (bot, first) = chat.program(1, "bot");
    chat.event(bot, BROKEN);
    let bot = chat.resumes(2, &first, None);
    // Its welcome was lost.
    chat.event(bot, BROKEN);
    let bot = chat.resumes(3, &first, None);
    let second = token_of(&chat.welcome(bot).expect("a welcome"));
    chat.object(bot, None, Op::Ping);
    chat.event(bot, BROKEN);
    let thief = chat.resumes(4, &first, None);
    assert!(chat.reads(thief).contains(&gone()));
    let bot = chat.resumes(5, &second, None);
    assert!(chat.welcome(bot).is_some());
}

#[test]
fn a_connection_that_still_stands_makes_way() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    let since = chat.last();
    chat.types(ann, "hi");
    chat.reads(ann);
    let again = chat.resumes(2, &token, Some(since));
    assert_eq!(
        chat.reads(bot).last(),
        Some(&AboutConnection::Replaced.into())
    );
    assert_eq!(chat.told_again(again), ["hi", "caught up"]);
    assert_eq!(chat.reads(ann), []);
    assert_eq!(chat.online(), ["ann", "bot"]);
}

#[test]
fn what_is_not_kept_any_more_is_counted() {
    let mut chat = Chat::with(Rules {
        history: 2,
        ..rules()
    });
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    chat.types(ann, "0");
    let since = chat.last();
    chat.event(bot, BROKEN);
    for text in ["1", "2", "3", "4", "5"] {
        chat.types(ann, text);
    }
    let bot = chat.resumes(2, &token, Some(since));
    let expected = ["skipped Some(3) of #lobby", "4", "5", "caught up"];
    assert_eq!(chat.told_again(bot), expected);
    let (bot, token) = chat.program(3, "cat");
    let since = chat.last();
    // These were sent, and nobody knows which of them arrived.
    chat.types(ann, "6");
    chat.event(bot, BROKEN);
    for text in ["7", "8"] {
        chat.types(ann, text);
    }
    let bot = chat.resumes(4, &token, Some(since));
    let token = token_of(&chat.welcome(bot).expect("a welcome"));
    let expected = ["skipped None of #lobby", "7", "8", "caught up"];
    assert_eq!(chat.told_again(bot), expected);
    let ahead = chat.last() + 1000;
    let bot = chat.resumes(6, &token, Some(ahead));
    let expected = ["skipped None of #lobby", "caught up"];
    assert_eq!(chat.told_again(bot), expected);
}

#[test]
fn what_was_said_under_an_id_is_not_said_again_by_another_connection() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    let since = chat.last();
    chat.says(bot, "7", "once");
    chat.event(bot, BROKEN);
    let bot = chat.resumes(2, &token, Some(since));
    assert_eq!(chat.told_again(bot), ["once", "caught up"]);
    chat.reads(ann);
    chat.says(bot, "7", "once");
    assert_eq!(chat.reads(bot), [said("bot", "once")]);
    assert_eq!(chat.reads(ann), []);
}

#[test]
fn few_seats_are_kept_and_the_oldest_makes_way() {
    let mut chat = Chat::with(Rules {
        clients: 8,
        ..rules()
    });
    let bots: Vec<_> = (0..3)
        .map(|it| chat.program(it, &format!("bot{it}")))
        .collect();
    let ann = chat.login(9, "ann");
    for (bot, _) in &bots {
        chat.event(*bot, BROKEN);
        chat.wait(Duration::from_secs(1));
    }
    let left = |who: &str| {
        let (who, word) = (name(who), Some("link lost".into()));
        Message::from(News::Left { who, word })
    };
    assert!(chat.reads(ann).contains(&left("bot0")));
    assert_eq!(chat.alone.online(), 3);
    // Seven people and two kept seats are one too many.
    for slot in 10..15 {
        chat.login(slot, &format!("guest{slot}"));
    }
    assert_eq!(chat.alone.online(), 8);
    chat.reads(ann);
    chat.login(16, "one-more");
    assert!(chat.reads(ann).contains(&left("bot1")));
    assert_eq!(chat.alone.online(), 8);
    let bot = chat.resumes(17, &bots[2].1, None);
    assert!(chat.welcome(bot).is_some());
}
