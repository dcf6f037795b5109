//! A journal that answers late: other things happen before people's wishes are applied.

use super::*;
use crate::id::ServerId;
use crate::id::Slot;
use crate::journal::{Journal, Wanted};
use crate::limits::ACTS_OUT;
use crate::message::{AboutConnection, AboutPeople, Message, News};

/// A hub whose proposals wait until the test lets them go, and everything said to anybody.
pub(super) struct Late {
    pub(super) hub: Hub,
    journal: Journal,
    pub(super) now: Moment,
    waiting: Vec<Proposal>,
    pub(super) told: Vec<Message>,
}

impl Late {
    fn new(anonymous: bool) -> Late {
        Late::with(Rules {
            anonymous,
            ..Rules::default()
        })
    }

    pub(super) fn with(rules: Rules) -> Late {
        Late {
            hub: Hub::new(rules),
            journal: Journal::default(),
            now: Chat::new().now,
            waiting: Vec::new(),
            told: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, slot: u32, event: Event<'_>) {
        let mut effects = Effects::default();
        let generation = slot;
        let slot = Slot::new(slot as usize);
        let peer = PeerId { slot, generation };
        self.hub.handle(self.now, peer, event, &mut effects);
        self.take(&mut effects);
    }

    /// A newcomer, all from the same address.
    fn connect(&mut self, slot: u32) {
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
        self.event(
            slot,
            Event::Connected {
                addr,
                is_tls: false,
                format: Format::default(),
            },
        );
    }

    /// Applies the waiting proposals.
    pub(super) fn answer(&mut self) {
        for it in std::mem::take(&mut self.waiting) {
            let at = self.now.unix_millis();
            let (author, act, id) = (it.author, it.act, None);
            let wanted = Wanted { author, act, id };
            let entry = self.journal.enter(at, ServerId::ALONE, wanted);
            let mut effects = Effects::default();
            self.hub.apply(self.now, &entry, it.peer, &mut effects);
            self.take(&mut effects);
            self.hub.check();
        }
    }

    pub(super) fn take(&mut self, effects: &mut Effects) {
        for effect in effects.drain() {
            match effect {
                Effect::Append(it) => self.waiting.push(it),
                Effect::Send { message, .. } => self.told.push(message),
                _ => {}
            }
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        let people = self.hub.roster.people();
        people.map(|(_, it)| it.name.to_string()).collect()
    }
}

#[test]
fn people_of_one_address_who_come_at_once_have_names_of_their_own() {
    let mut late = Late::new(true);
    (0..3).for_each(|slot| late.connect(slot));
    for names in 1..=3 {
        late.answer();
        assert_eq!(late.hub.online(), names);
    }
    let second = "127.0.0.1:50000-2";
    let third = "127.0.0.1:50000-3";
    assert_eq!(late.names(), ["127.0.0.1:50000", second, third]);
    assert!(late.waiting.is_empty());
}

#[test]
fn a_name_that_was_taken_meanwhile_is_refused_and_asked_for_again() {
    let mut late = Late::new(false);
    for slot in 0..2 {
        late.connect(slot);
        late.event(slot, Event::Line("ann"));
    }
    late.told.clear();
    late.answer();
    assert_eq!(late.names(), ["ann"]);
    let refused = [
        AboutConnection::UsernameTaken,
        AboutConnection::UsernamePrompt,
    ]
    .map(Message::from);
    assert!(late.told.ends_with(&refused), "{:?}", late.told);
}

#[test]
fn who_is_gone_before_they_came_in_leaves_at_once() {
    let mut late = Late::new(false);
    late.connect(0);
    late.event(0, Event::Line("ann"));
    late.event(0, Event::Disconnected(CloseReason::EndOfInput));
    // Somebody else has the slot by then.
    let (slot, generation) = (Slot::new(0), 9);
    let other = PeerId { slot, generation };
    late.hub
        .roster
        .connect(other, Origin::default(), Format::default());
    late.told.clear();
    late.answer();
    assert_eq!(late.told, [News::Joined(name("ann")).into()]);
    late.answer();
    let (who, word) = (name("ann"), None);
    assert_eq!(late.told[1..], [News::Left { who, word }.into()]);
    assert_eq!(late.hub.online(), 0);
    assert!(late.waiting.is_empty());
}

#[test]
fn who_gives_two_names_at_once_comes_in_under_the_first() {
    let mut late = Late::new(false);
    late.connect(0);
    late.event(0, Event::Line("ann"));
    late.event(0, Event::Line("bob"));
    late.answer();
    late.answer();
    assert_eq!(late.names(), ["ann"]);
    assert!(late.waiting.is_empty());
}

#[test]
fn who_is_held_is_released_behind_what_came_of_it() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.connect(1);
    chat.alone.be_late();
    let mut effects = Effects::default();
    let acts = [
        "hi",
        "/me is here",
        "/topic tea",
        "/away",
        "/back",
        "/ignore x",
        "/unignore x",
        "/help",
        "/who",
        "/join no room",
        "/listen no room",
        "/in den hi",
        "/nick no name",
    ];
    for line in acts {
        chat.alone
            .handle(chat.now, ann, Event::Line(line), &mut effects);
    }
    let holds = |it: &Effect| matches!(it, Effect::Hold { .. } | Effect::Release { .. });
    assert!(!effects.drain().any(|it| holds(&it)));
    while chat.alone.out() > 0 {
        chat.alone.answer(chat.now, &mut effects);
    }
    assert!(!effects.drain().any(|it| holds(&it)));
    for (peer, line) in [
        (ann, "/join tea"),
        (ann, "/listen den"),
        (ann, "/switch den"),
        (ann, "/unlisten tea"),
        (ann, "/unlisten all"),
        (ann, "/nick eve"),
        (bob, "eve"),
        (bob, "bob"),
    ] {
        chat.alone
            .handle(chat.now, peer, Event::Line(line), &mut effects);
        let asked: Vec<Effect> = effects.drain().collect();
        assert_eq!(asked, [Effect::Hold { peer }], "{line}");
        assert!(chat.alone.is_held(peer));
        chat.alone.answer(chat.now, &mut effects);
        let asked: Vec<Effect> = effects.drain().collect();
        let (last, came) = asked.split_last().expect("something came of it");
        assert_eq!(*last, Effect::Release { peer }, "{line}");
        assert!(
            !came.is_empty() && !came.iter().any(holds),
            "{line}: {came:?}"
        );
    }
}

#[test]
fn nobody_is_released_who_has_left() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.alone.be_late();
    let mut effects = Effects::default();
    chat.alone
        .handle(chat.now, ann, Event::Line("/join tea"), &mut effects);
    let gone = Event::Disconnected(CloseReason::EndOfInput);
    chat.alone.handle(chat.now, ann, gone, &mut effects);
    while chat.alone.out() > 0 {
        chat.alone.answer(chat.now, &mut effects);
    }
    assert!(
        !effects
            .drain()
            .any(|it| it == Effect::Release { peer: ann })
    );
    assert_eq!(chat.alone.online(), 0);
}

#[test]
fn who_writes_to_somebody_who_has_left_since_is_told() {
    let mut chat = Chat::new();
    let (ann, bob) = (chat.login(0, "ann"), chat.login(1, "bob"));
    chat.alone.be_late();
    let mut effects = Effects::default();
    chat.alone
        .handle(chat.now, bob, Event::Line("/quit"), &mut effects);
    for line in ["/msg bob x", "/ignore bob"] {
        chat.alone
            .handle(chat.now, ann, Event::Line(line), &mut effects);
    }
    chat.alone.answer(chat.now, &mut effects);
    effects.drain().for_each(drop);
    chat.alone.answer(chat.now, &mut effects);
    chat.alone.answer(chat.now, &mut effects);
    let message = Message::Answer(AboutPeople::JustLeft.into());
    let to = Audience::Peer(ann);
    let told = effects.drain().map(|it| match it {
        Effect::Send { to, message, .. } => (to, message),
        other => panic!("{other:?}"),
    });
    let expected = (to, message);
    assert_eq!(told.collect::<Vec<_>>(), [expected.clone(), expected]);
}

#[test]
fn who_has_as_much_out_as_may_be_is_held_until_there_is_less() {
    let mut chat = Chat::new();
    let (ann, bob) = (chat.login(0, "ann"), chat.login(1, "bob"));
    chat.alone.be_late();
    let mut effects = Effects::default();
    let mut asked = |chat: &mut Chat, peer, line| {
        chat.alone
            .handle(chat.now, peer, Event::Line(line), &mut effects);
        effects.drain().collect::<Vec<_>>()
    };
    for _ in 1..ACTS_OUT {
        assert_eq!(asked(&mut chat, ann, "hi"), []);
        assert_eq!(asked(&mut chat, bob, "/help").len(), 1);
    }
    assert_eq!(asked(&mut chat, bob, "hi"), []);
    let hold = Effect::Hold { peer: ann };
    assert_eq!(asked(&mut chat, ann, "hi"), [hold]);
    let release = Effect::Release { peer: ann };
    let mut effects = Effects::default();
    chat.alone.answer(chat.now, &mut effects);
    assert_eq!(effects.drain().last(), Some(release));
    while chat.alone.out() > 0 {
        chat.alone.answer(chat.now, &mut effects);
    }
    let releases = |it: &Effect| matches!(it, Effect::Release { .. });
    assert!(!effects.drain().any(|it| releases(&it)));
}
