//! The chat alone: events in, effects out, and time made up.

mod accounts;
mod authority;
mod away;
mod coming_in;
mod crowds;
mod erasing;
mod ignoring;
mod late;
mod names;
mod order;
mod owning;
mod past;
mod rooms;
mod seats;
mod several;
mod silence;
#[cfg(feature = "cluster")]
mod state;
mod table;
mod walk;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::*;
use crate::id::Slot;
use crate::limits::LOGIN_ATTEMPTS;
use crate::message::{AboutConnection, AboutPeople, Answer, Keep, Message, News, Past};
use crate::moment::Format;
use crate::name::RoomName;

const TIMEOUT: Duration = Duration::from_secs(60);

/// A hub, a clock that stands still until told to go on, and the messages of each peer.
struct Chat {
    alone: Journaled,
    now: Moment,
    generation: u32,
    readers: Readers,
    told: HashMap<PeerId, Vec<Message>>,
    asked: Vec<(PeerId, Question)>,
    kept: Vec<Keep>,
}

impl Chat {
    fn new() -> Chat {
        Chat::with(Rules {
            login_timeout: Some(TIMEOUT),
            ..Rules::default()
        })
    }

    fn with(rules: Rules) -> Chat {
        Chat {
            alone: Journaled::new(rules),
            now: Moment {
                instant: Instant::now(),
                unix: 1_795_276_799,
                millis: 0,
            },
            generation: 0,
            readers: Readers::default(),
            told: HashMap::new(),
            asked: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// A newcomer in this slot.
    fn connect(&mut self, slot: u32) -> PeerId {
        self.connect_as(slot, Format::default())
    }

    fn connect_as(&mut self, slot: u32, format: Format) -> PeerId {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000 + slot as u16));
        self.connect_from(slot, addr, format)
    }

    fn connect_from(&mut self, slot: u32, addr: SocketAddr, format: Format) -> PeerId {
        self.generation += 1;
        let generation = self.generation;
        let peer = PeerId {
            slot: Slot::new(slot as usize),
            generation,
        };
        self.event(
            peer,
            Event::Connected {
                addr,
                is_tls: false,
                format,
            },
        );
        peer
    }

    fn login(&mut self, slot: u32, name: &str) -> PeerId {
        let peer = self.connect(slot);
        self.types(peer, name);
        let told = self.reads(peer);
        assert!(told.contains(&AboutConnection::Welcome.into()), "{told:?}");
        peer
    }

    fn types(&mut self, peer: PeerId, line: &str) {
        self.event(peer, Event::Line(line));
    }

    fn event(&mut self, peer: PeerId, event: Event<'_>) {
        self.readers.expect(peer, &event);
        let mut effects = Effects::default();
        self.alone.handle(self.now, peer, event, &mut effects);
        self.apply(effects);
    }

    fn wait(&mut self, time: Duration) {
        self.now.instant += time;
        let at = self.now.unix_millis() + time.as_millis() as i64;
        self.now.unix = at.div_euclid(1000);
        self.now.millis = at.rem_euclid(1000) as u16;
        let mut effects = Effects::default();
        self.alone.handle_timeout(self.now, &mut effects);
        self.apply(effects);
    }

    fn shut_down(&mut self) {
        let mut effects = Effects::default();
        self.alone.shut_down(self.now, &mut effects);
        self.apply(effects);
    }

    /// Notes who reads what of it, and checks the invariants.
    fn apply(&mut self, mut effects: Effects) {
        for effect in effects.drain() {
            if let Effect::Ask { peer, question } = effect {
                self.asked.push((peer, question));
                continue;
            }
            if let Effect::Keep(it) = &effect {
                self.kept.push(it.clone());
            }
            if let Effect::AskSecret { peer, question } = effect {
                let shows = false;
                let asked = AboutConnection::Secret { question, shows };
                self.told.entry(peer).or_default().push(asked.into());
            }
            let readers = self.readers.apply(&effect);
            if let Effect::Send { to, .. } = &effect {
                let hub = &self.alone.hub;
                readers.iter().for_each(|it| hub.check_reader(*it, to));
            }
            if let Effect::Send { message, .. } = effect {
                for peer in readers {
                    self.told.entry(peer).or_default().push(message.clone());
                }
            }
        }
        let hub = &self.alone.hub;
        self.readers.check(|it| hub.is_hushed(it));
        let lost = hub.seats.lost();
        assert_eq!(self.alone.online() - lost, self.readers.online().len());
    }

    /// Everyone's names, in the order in which they came.
    fn online(&self) -> Vec<&str> {
        let online = self.readers.online().iter();
        online.map(|(_, name)| name.as_str()).collect()
    }

    /// The answers among the messages that the peer has not read yet.
    fn answers(&mut self, peer: PeerId) -> Vec<Answer> {
        let told = self.reads(peer).into_iter();
        let answer = |message| match message {
            Message::Answer(answer) => Some(answer),
            _ => None,
        };
        told.filter_map(answer).collect()
    }

    /// The messages that the peer has not read yet.
    fn reads(&mut self, peer: PeerId) -> Vec<Message> {
        self.told.remove(&peer).unwrap_or_default()
    }
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn said(from: &str, text: &str) -> Message {
    News::Said {
        from: name(from),
        text: text.into(),
    }
    .into()
}

#[test]
fn ann_and_bob_come_in_and_talk() {
    let mut chat = Chat::new();
    let ann = chat.connect(0);
    assert_eq!(chat.reads(ann), [AboutConnection::UsernamePrompt.into()]);
    chat.types(ann, " Ann ");
    let joined = News::Joined(name("Ann"));
    assert_eq!(
        chat.reads(ann),
        [AboutConnection::Welcome.into(), joined.into()]
    );

    let bob = chat.login(1, "bob");
    assert_eq!(chat.reads(ann), [News::Joined(name("bob")).into()]);
    chat.types(ann, "hi");
    chat.types(ann, "");
    assert_eq!(chat.reads(bob), [said("Ann", "hi")]);
    assert_eq!(chat.reads(ann), []);

    chat.event(bob, Event::Disconnected(CloseReason::EndOfInput));
    let left = News::Left {
        who: name("bob"),
        word: None,
    };
    assert_eq!(chat.reads(ann), [left.into()]);
    assert_eq!(chat.online(), ["Ann"]);
}

#[test]
fn of_two_at_the_prompt_the_first_to_answer_gets_the_name() {
    let mut chat = Chat::new();
    let [first, second] = [chat.connect(0), chat.connect(1)];
    chat.types(second, "ann");
    chat.types(first, "ANN");
    assert!(
        chat.reads(second)
            .contains(&AboutConnection::Welcome.into())
    );
    assert_eq!(
        chat.reads(first),
        [
            AboutConnection::UsernamePrompt.into(),
            AboutConnection::UsernameTaken.into(),
            AboutConnection::UsernamePrompt.into()
        ]
    );
    chat.event(second, Event::Disconnected(CloseReason::EndOfInput));
    chat.types(first, "ANN");
    assert!(chat.reads(first).contains(&AboutConnection::Welcome.into()));
}

#[test]
fn the_tenth_refusal_is_the_last() {
    let mut chat = Chat::new();
    let ann = chat.connect(0);
    for attempt in 1..LOGIN_ATTEMPTS {
        chat.types(ann, "*");
        assert_eq!(chat.readers.closed(), [], "after {attempt} attempts");
    }
    chat.reads(ann);
    chat.event(ann, Event::LineTooLong { limit: 64 });
    assert_eq!(
        chat.reads(ann),
        [
            AboutConnection::UsernameInvalid(InvalidUsername::WholeLine).into(),
            AboutConnection::TooManyAttempts.into()
        ]
    );
    assert_eq!(chat.readers.closed(), [(ann, CloseReason::TooManyAttempts)]);
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn a_login_times_out_when_its_time_is_over_and_not_before() {
    let mut chat = Chat::new();
    let start = chat.now;
    let early = chat.connect(0);
    chat.wait(Duration::from_secs(1));
    let late = chat.connect(1);
    let ann = chat.login(2, "ann");
    assert_eq!(chat.alone.next_timeout(), Some(start.instant + TIMEOUT));

    chat.wait(TIMEOUT - Duration::from_secs(1) - Duration::from_nanos(1));
    assert_eq!(chat.readers.closed(), []);
    chat.wait(Duration::from_nanos(1));
    assert_eq!(chat.readers.closed(), [(early, CloseReason::LoginTimedOut)]);
    assert_eq!(
        chat.reads(early),
        [
            AboutConnection::UsernamePrompt.into(),
            AboutConnection::LineBreak.into(),
            AboutConnection::LoginTimedOut.into()
        ]
    );
    // A refused name gives no more time.
    chat.types(late, "*");
    chat.wait(Duration::from_secs(1));
    assert_eq!(
        chat.readers.closed()[1..],
        [(late, CloseReason::LoginTimedOut)]
    );

    assert_eq!(chat.alone.next_timeout(), None);
    chat.wait(TIMEOUT * 10);
    assert_eq!(chat.reads(ann), []);
}

#[test]
fn who_leaves_the_prompt_times_out_no_more() {
    let mut chat = Chat::new();
    let ann = chat.connect(0);
    chat.event(ann, Event::Disconnected(CloseReason::EndOfInput));
    assert_eq!(chat.alone.next_timeout(), None);
    // The next person in the slot has the whole time.
    let bob = chat.connect(0);
    assert_eq!(chat.alone.next_timeout(), Some(chat.now.instant + TIMEOUT));
    assert_eq!(chat.reads(bob), [AboutConnection::UsernamePrompt.into()]);
}

#[test]
fn without_a_limit_nobody_times_out() {
    let mut chat = Chat::with(Rules::default());
    chat.connect(0);
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn events_of_a_peer_who_was_closed_are_ignored() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(bob, "/quit");
    assert_eq!(chat.reads(bob), [AboutConnection::Goodbye.into()]);
    chat.reads(ann);
    for event in [
        Event::Line("still here"),
        Event::Line("/users"),
        Event::LineTooLong { limit: 64 },
        Event::Disconnected(CloseReason::EndOfInput),
    ] {
        chat.event(bob, event);
    }
    chat.wait(TIMEOUT * 2);
    assert_eq!(chat.reads(ann), []);
    assert_eq!(chat.reads(bob), []);
    assert_eq!(chat.readers.closed(), [(bob, CloseReason::Quit)]);
}

#[test]
fn whoever_gets_a_slot_next_is_someone_else() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(bob, "/quit");
    let carl = chat.login(1, "carl");
    chat.reads(ann);
    assert_eq!(carl.slot, bob.slot);

    chat.types(bob, "a ghost");
    chat.event(bob, Event::Disconnected(CloseReason::EndOfInput));
    assert_eq!(chat.reads(ann), []);
    assert_eq!(chat.reads(carl), []);
    chat.types(carl, "me");
    assert_eq!(chat.reads(ann), [said("carl", "me")]);
    assert_eq!(chat.online(), ["ann", "carl"]);
}

#[test]
fn a_shutdown_tells_everyone_once_and_nobody_of_the_others_leaving() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let stranger = chat.connect(2);
    chat.types(bob, "/quit");
    for peer in [ann, bob, stranger] {
        chat.reads(peer);
    }
    chat.shut_down();
    assert_eq!(chat.reads(ann), [AboutConnection::ShuttingDown.into()]);
    assert_eq!(
        chat.reads(stranger),
        [
            AboutConnection::LineBreak.into(),
            AboutConnection::ShuttingDown.into()
        ]
    );
    assert_eq!(chat.reads(bob), []);
    assert_eq!(
        chat.readers.closed()[1..],
        [
            (ann, CloseReason::Shutdown),
            (stranger, CloseReason::Shutdown)
        ]
    );
    assert_eq!(chat.online(), [""; 0]);
    chat.wait(TIMEOUT * 2);
    chat.shut_down();
    assert_eq!(chat.readers.closed().len(), 3);
}

#[test]
fn a_new_name_frees_the_old_one() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.reads(ann);
    chat.types(ann, "/nick Bob");
    assert_eq!(chat.reads(ann), [AboutConnection::UsernameTaken.into()]);
    chat.types(ann, "/nick bea");
    let (from, to) = (name("ann"), name("bea"));
    let renamed = Message::News(News::Renamed { from, to });
    for peer in [ann, bob] {
        assert_eq!(chat.reads(peer), std::slice::from_ref(&renamed));
    }
    chat.types(bob, "/nick Ann");
    assert!(matches!(
        chat.reads(ann)[..],
        [Message::News(News::Renamed { .. })]
    ));
}

#[test]
fn a_name_that_differs_from_ones_own_in_case_alone_is_no_ones_else() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.types(ann, "/nick ann");
    let already = Message::Answer(AboutPeople::NamedSoAlready.into());
    assert_eq!(chat.reads(ann), [already]);
    chat.types(ann, "/nick ANN");
    assert!(matches!(
        &chat.reads(ann)[..],
        [Message::News(News::Renamed { from, to })] if (from.as_str(), to.as_str()) == ("ann", "ANN")
    ));
    let other = chat.connect(1);
    chat.types(other, "ann");
    assert!(
        chat.reads(other)
            .contains(&AboutConnection::UsernameTaken.into())
    );
}

#[test]
fn a_notice_is_read_by_those_who_have_a_name() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let stranger = chat.connect(1);
    chat.reads(stranger);
    let mut effects = Effects::default();
    chat.alone.notice(chat.now, "tea", &mut effects);
    chat.apply(effects);
    assert_eq!(chat.reads(ann), [News::Notice("tea".into()).into()]);
    assert_eq!(chat.reads(stranger), []);
}
