//! Order: who is sent away, kept out and silenced, and what everyone reads of it.

use bytes::BytesMut;

use super::*;
use crate::account::{AccountId, Proof, Role};
use crate::journal::{AccountAct, Act};
use crate::message::KeepOrder;
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::wire::render;

/// The address of a guest who has it alone, by a slot.
fn address(slot: u32) -> String {
    format!("192.0.2.{slot}")
}

/// A chat with a file, in which Olga is an operator, and has come in.
pub(super) fn with_operator() -> (Chat, PeerId) {
    let mut chat = Chat::new();
    chat.alone.go_on(0, Vec::new(), KeptHouse::default());
    let olga = chat.member(0, "Olga", Role::Operator);
    (chat, olga)
}

impl Chat {
    fn with_hub(&mut self, act: impl FnOnce(&mut Hub, &mut Effects)) {
        let mut effects = Effects::default();
        self.alone.with_hub(self.now, &mut effects, act);
        self.apply(effects);
    }

    /// Makes an account.
    pub(super) fn account(&mut self, text: &str, role: Role) -> AccountId {
        let name = name(text);
        self.with_hub(|_, effects| {
            let by = "root".into();
            let act = Act::Account(AccountAct::Add { name, role, by });
            effects.propose(None, Some(PersonId::HOUSE), act);
        });
        AccountId(self.alone.last())
    }

    /// Lets a peer in as the owner of an account.
    pub(super) fn comes_in_as(&mut self, peer: PeerId, text: &str, account: AccountId) {
        let name = name(text);
        let from = self.alone.hub.roster.origin(peer).unwrap();
        let changed = account.0;
        let proof = Proof { account, changed };
        let proof = Some((proof, Box::default()));
        self.with_hub(|_, effects| {
            effects.append(peer, None, Act::ComeIn { name, from, proof });
        });
    }

    /// A newcomer in this slot, at the address of the slot.
    pub(super) fn stranger(&mut self, slot: u32) -> PeerId {
        self.stranger_at(slot, &address(slot))
    }

    pub(super) fn stranger_at(&mut self, slot: u32, ip: &str) -> PeerId {
        let addr = SocketAddr::new(ip.parse().unwrap(), 5000);
        self.connect_from(slot, addr, Format::default())
    }

    /// Somebody who comes in with a new account.
    pub(super) fn member(&mut self, slot: u32, text: &str, role: Role) -> PeerId {
        let account = self.account(text, role);
        let peer = self.stranger(slot);
        self.comes_in_as(peer, text, account);
        self.reads(peer);
        peer
    }

    /// Somebody who comes in without one.
    pub(super) fn guest(&mut self, slot: u32, text: &str) -> PeerId {
        self.guest_at(slot, &address(slot), text)
    }

    pub(super) fn guest_at(&mut self, slot: u32, ip: &str, text: &str) -> PeerId {
        let peer = self.stranger_at(slot, ip);
        self.types(peer, text);
        self.reads(peer);
        peer
    }

    /// A person types a line, and the file has at once what comes of it.
    pub(super) fn orders(&mut self, peer: PeerId, line: &str) {
        self.types(peer, line);
        while let Some((peer, question)) = self.asked.pop() {
            assert_eq!(question, Question::Kept);
            self.event(peer, Event::Answered(Ok(&Finding::Kept)));
        }
    }

    /// What the peer has not read yet, as it is shown.
    pub(super) fn screen(&mut self, peer: PeerId) -> Vec<String> {
        let mut out = BytesMut::new();
        for message in self.reads(peer) {
            render(&message, 0, Format::default(), &mut out);
        }
        let text = String::from_utf8(out.to_vec()).unwrap();
        text.lines().map(String::from).collect()
    }

    /// What came of a line on the author's screen.
    pub(super) fn answer_to(&mut self, peer: PeerId, line: &str) -> Vec<String> {
        self.screen(peer);
        self.orders(peer, line);
        self.screen(peer)
    }

    /// The rows of the audit since the last call: by whom, what, to whom, by which addresses, and why. What the shell did
    /// is left out.
    pub(super) fn audited(&mut self) -> Vec<String> {
        let row = |it: Keep| match it {
            Keep::Order(KeepOrder::Audit(it)) if &*it.by != "root" => {
                let texts = [
                    it.whom.as_deref(),
                    it.network.as_deref(),
                    it.reason.as_deref(),
                ];
                let texts = texts.map(|it| it.unwrap_or("-")).join(" ");
                Some(format!("{} {} {texts}", it.by, it.act))
            }
            _ => None,
        };
        let kept = std::mem::take(&mut self.kept);
        kept.into_iter().filter_map(row).collect()
    }

    pub(super) fn is_here(&self, text: &str) -> bool {
        self.online().contains(&text)
    }
}

#[test]
fn a_kick_is_read_by_all_and_lasts_a_minute() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    let carl = chat.guest(2, "carl");
    chat.types(olga, "/kick bob spam");
    assert_eq!(
        chat.screen(bob),
        [
            "carl has joined the chat.",
            "You were kicked by Olga: spam. Come back in 60 s. Goodbye!"
        ]
    );
    assert_eq!(chat.screen(carl), ["bob was kicked by Olga: spam"]);
    assert_eq!(chat.readers.closed(), [(bob, CloseReason::Kicked)]);
    assert!(
        !chat
            .screen(olga)
            .contains(&"bob is out for a minute.".into())
    );
    assert_eq!(chat.audited(), ["Olga kick bob 192.0.2.1 spam"]);
    // The author is told once the file has it.
    let (asker, question) = chat.asked.pop().unwrap();
    assert_eq!((asker, question), (olga, Question::Kept));
    chat.event(olga, Event::Answered(Ok(&Finding::Kept)));
    assert_eq!(chat.screen(olga), ["bob is out for a minute."]);
    for (waited, back) in [(0, "60"), (58, "2"), (1, "1")] {
        chat.wait(Duration::from_secs(waited));
        let again = chat.stranger(1);
        chat.types(again, "robert");
        let goodbye = format!("You were kicked by Olga: spam. Come back in {back} s. Goodbye!");
        assert_eq!(
            chat.screen(again).last(),
            Some(&format!("Enter your username: {goodbye}"))
        );
    }
    chat.wait(Duration::from_secs(1));
    let again = chat.stranger(1);
    chat.types(again, "robert");
    assert!(chat.is_here("robert"));
}

#[test]
fn a_slow_disk_does_not_hide_that_it_was_done() {
    let (mut chat, olga) = with_operator();
    chat.guest(1, "bob");
    chat.screen(olga);
    chat.types(olga, "/kick bob");
    assert_eq!(chat.screen(olga), ["bob was kicked by Olga."]);
    chat.asked.pop();
    chat.event(olga, Event::Answered(Ok(&Finding::Behind)));
    assert_eq!(
        chat.screen(olga),
        [
            "bob is out for a minute.",
            "It holds, but it is not on the disk yet: after a crash it may be gone."
        ]
    );
}

#[test]
fn a_ban_of_a_guest_goes_by_the_address_that_is_theirs_alone() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    let answer = chat.answer_to(olga, "/ban bob 7d spam");
    let until = "2026-11-28 15:59 (UTC)";
    assert_eq!(
        answer,
        [
            "bob was banned by Olga: spam".into(),
            format!(
                "bob, 192.0.2.1/32 (by address) is banned until {until}. That is 1 person here. Members are not affected."
            ),
        ]
    );
    let goodbye = format!("You are banned until {until}: spam. Goodbye!");
    assert_eq!(chat.screen(bob), [goodbye.as_str()]);
    assert_eq!(chat.audited(), ["Olga ban bob 192.0.2.1/32 spam"]);
    let again = chat.stranger(1);
    chat.types(again, "another");
    assert_eq!(chat.readers.closed()[1..], [(again, CloseReason::Banned)]);
    // A member comes in from there.
    let anna = chat.account("Anna", Role::Member);
    let peer = chat.stranger(1);
    chat.comes_in_as(peer, "Anna", anna);
    assert!(chat.is_here("Anna"));
    chat.wait(Duration::from_secs(7 * 24 * 60 * 60));
    let again = chat.stranger(3);
    chat.types(again, "another");
    assert!(chat.is_here("another"));
}

#[test]
fn where_several_people_have_an_address_a_ban_goes_by_the_name_and_what_looks_like_it() {
    for ip in ["192.0.2.9", "127.0.0.1", "::1", "2001:db8::1"] {
        let (mut chat, olga) = with_operator();
        chat.guest_at(1, ip, "bob");
        // An address of this machine may be a tunnel's, also while nobody else has it.
        let is_own = ["127.0.0.1", "::1"].contains(&ip);
        let others = match ip {
            "2001:db8::1" => "2001:db8::2",
            _ if is_own => "198.51.100.1",
            ip => ip,
        };
        chat.guest_at(2, others, "carl");
        let answer = chat.answer_to(olga, "/ban bob");
        let expected =
            "bob (by name) is banned until 2026-11-22 15:59 (UTC). That is 1 person here.";
        assert_eq!(answer.last().map(String::as_str), Some(expected), "{ip}");
        assert!(chat.is_here("carl"));
        for (text, is_let_in) in [("B0b", false), ("bobby", true)] {
            let again = chat.stranger_at(3, ip);
            chat.types(again, text);
            assert_eq!(chat.is_here(text), is_let_in, "{text} {ip}");
            chat.types(again, "/quit");
        }
    }
}

#[test]
fn a_ban_of_a_member_goes_by_the_account_also_while_they_are_away() {
    let (mut chat, olga) = with_operator();
    let anna = chat.account("Anna", Role::Member);
    let answer = chat.answer_to(olga, "/ban anna forever spam");
    assert_eq!(
        answer,
        ["Anna (by account) is banned for ever. That is nobody here."]
    );
    let peer = chat.stranger(1);
    chat.comes_in_as(peer, "Anna", anna);
    assert_eq!(
        chat.screen(peer),
        ["Enter your username: You are banned for ever: spam. Goodbye!"]
    );
    chat.guest(1, "guest");
    assert!(chat.is_here("guest"), "the address is not banned");
    let bans = chat.answer_to(olga, "/bans");
    assert_eq!(bans, ["1. Anna (by account) banned for ever by Olga: spam"]);
    let answer = chat.answer_to(olga, "/unban 1");
    assert_eq!(answer, ["Anna (by account) is no longer banned."]);
    let peer = chat.stranger(2);
    chat.comes_in_as(peer, "Anna", anna);
    assert!(chat.is_here("Anna"));
    assert_eq!(
        chat.answer_to(olga, "/bans"),
        ["Nobody is banned or muted."]
    );
    assert_eq!(
        chat.answer_to(olga, "/unban anna"),
        ["There is no ban for anna. /bans lists them."]
    );
}

#[test]
fn a_ban_that_meets_several_people_says_so_first_and_meets_just_these() {
    let (mut chat, olga) = with_operator();
    let anna = chat.member(1, "Anna", Role::Member);
    for slot in 2..5 {
        chat.guest(slot, &format!("guest{slot}"));
    }
    chat.guest_at(5, "198.51.100.1", "outside");
    let line = "/ban 192.0.2.0/24 1h raid";
    let asks = ["That is 3 people. Type the same line again to do it."];
    assert_eq!(chat.answer_to(olga, line), asks);
    assert_eq!(chat.answer_to(olga, "/ban 192.0.2.0/24 2h raid"), asks);
    assert_eq!(
        chat.answer_to(olga, line),
        asks,
        "another line came between"
    );
    chat.wait(Duration::from_secs(60));
    assert_eq!(chat.answer_to(olga, line), asks, "a minute is over");
    let answer = chat.answer_to(olga, line);
    let until = "2026-11-21 17:00 (UTC)";
    let done = format!(
        "192.0.2.0/24 is banned until {until}. That is 3 people here. Members are not affected."
    );
    assert_eq!(answer.last(), Some(&done));
    assert_eq!(chat.online(), ["Olga", "Anna", "outside"]);
    // For all it meets members, and never an operator: not even the one who types it.
    let answer = chat.answer_to(olga, "/ban 192.0.2.0/24 all 1h raid");
    assert_eq!(answer[0], "Anna was banned by Olga: raid");
    assert_eq!(
        chat.readers.closed().last(),
        Some(&(anna, CloseReason::Banned))
    );
    assert_eq!(chat.online(), ["Olga", "outside"]);
    assert_eq!(
        chat.answer_to(olga, "/bans").len(),
        1,
        "one replaces the other"
    );
}

#[test]
fn a_list_of_people_that_there_is_not_is_refused_with_those_that_there_are() {
    let (mut chat, olga) = with_operator();
    let how = "Type /people alone, or /people new 30m for the guests of the last 30 minutes; also 12h or 7d.";
    let time = "forever is no time for that. Type 30m, 12h or the like, up to 7d.";
    for (line, answer) in [
        ("/people new", how),
        ("/people old", how),
        ("/people new forever", time),
    ] {
        assert_eq!(chat.answer_to(olga, line), [answer], "{line}");
    }
}

#[test]
fn what_is_typed_wrongly_bans_nobody() {
    let (mut chat, olga) = with_operator();
    chat.guest(1, "bob");
    chat.member(2, "Oskar", Role::Operator);
    for (line, answer) in [
        (
            "/ban 192.0.2.7/24",
            "192.0.2.7/24 is not a network. Did you mean 192.0.2.0/24?",
        ),
        (
            "/ban 192.0.2/24",
            "192.0.2/24 is not a network. Type it as 192.0.2.0/24 or 2001:db8::/32.",
        ),
        (
            "/ban 0.0.0.0/0",
            "Many people share addresses of 0.0.0.0/0. Type a name instead.",
        ),
        (
            "/ban 127.0.0.1",
            "Many people share addresses of 127.0.0.1/32. Type a name instead.",
        ),
        (
            "/ban bob 10x",
            "10x is not a time. Type it as 30m, 12h, 7d or forever.",
        ),
        ("/ban bib", "Nobody here is called bib. Did you mean bob?"),
        ("/ban olga", "That's you."),
        ("/mute Olga", "That's you."),
        ("/kick olga", "That's you."),
        (
            "/ban Oskar",
            "Oskar is an operator, and operators do not do that to each other.",
        ),
        (
            "/kick oskar spam",
            "Oskar is an operator, and operators do not do that to each other.",
        ),
        (
            "/mute oskar",
            "Oskar is an operator, and operators do not do that to each other.",
        ),
        (
            "/lockdown 8d",
            "8d is no time for that. Type 30m, 12h or the like, up to 7d.",
        ),
        ("/lockdown off", "Guests may come in already."),
        (
            "/kick new 1x",
            "1x is no time for that. Type 30m, 12h or the like, up to 7d.",
        ),
    ] {
        assert_eq!(chat.answer_to(olga, line), [answer], "{line}");
    }
    assert_eq!(chat.online(), ["Olga", "bob", "Oskar"]);
    assert_eq!(chat.audited(), [""; 0]);
}

#[test]
fn the_audit_comes_from_the_file() {
    let (mut chat, olga) = with_operator();
    chat.types(olga, "/audit 5");
    assert_eq!(chat.asked.pop(), Some((olga, Question::Audit(5))));
    let row = crate::message::Audit {
        seq: 7,
        at: 1_795_276_799_000,
        by: "Olga".into(),
        act: "ban".into(),
        whom: Some("bob".into()),
        network: Some("192.0.2.1/32".into()),
        room: None,
        reason: Some("spam".into()),
    };
    chat.event(olga, Event::Answered(Ok(&Finding::Audit(vec![row]))));
    assert_eq!(
        chat.screen(olga)[1..],
        ["[2026-11-21 15:59] ban bob by Olga, address 192.0.2.1/32: spam"]
    );
}

#[test]
fn what_a_file_has_holds_after_a_start() {
    let sanction = |id, kind, target| {
        Arc::new(Sanction {
            id,
            kind,
            target,
            name: None,
            room: None,
            is_for_all: false,
            by: "Olga".into(),
            reason: None,
            at: 0,
            until: None,
        })
    };
    let network = Target::Network("192.0.2.1".parse().unwrap());
    let house = KeptHouse {
        sanctions: vec![
            sanction(2, SanctionKind::Mute, Target::Name(name("carl"))),
            sanction(1, SanctionKind::Ban, network),
        ],
        ..KeptHouse::default()
    };
    let mut chat = Chat::new();
    chat.alone.go_on(0, Vec::new(), house);
    let bob = chat.stranger(1);
    chat.types(bob, "bob");
    assert_eq!(chat.readers.closed(), [(bob, CloseReason::Banned)]);
    let carl = chat.guest(2, "carl");
    assert_eq!(
        chat.answer_to(carl, "hi"),
        ["You are muted for ever. Nobody reads that."]
    );
}

#[test]
fn what_somebody_says_behind_a_kick_is_not_heard() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    let id = chat.alone.hub.roster.at(bob).unwrap().id;
    chat.screen(olga);
    // Both are out at once, and the kick is first.
    chat.alone.be_late();
    let mut effects = Effects::default();
    chat.alone
        .handle(chat.now, olga, Event::Line("/kick bob"), &mut effects);
    chat.alone
        .handle(chat.now, bob, Event::Line("one more"), &mut effects);
    effects.drain().for_each(drop);
    let mut said = Vec::new();
    while chat.alone.out() > 0 {
        chat.alone.answer(chat.now, &mut effects);
        said.extend(effects.drain().filter(|it| {
            matches!(
                it,
                Effect::Send {
                    message: Message::News(News::Said { .. }),
                    ..
                }
            )
        }));
    }
    assert_eq!(said, []);
    assert_eq!(chat.alone.hub.roster.place(id), None);
}
