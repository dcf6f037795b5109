//! Rooms that are somebody's: who keeps them, who comes in, who reads what, and that nobody else knows of them.

mod giving;
mod inviting;
mod sending_out;
mod shown;
mod unseen;

use bytes::BytesMut;

use super::*;
use crate::account::{AccountId, KnownAddresses, Proof, Role};
use crate::chat::{ShellRequest, Wanted};
use crate::journal::Act;
use crate::limits::owning::{ROOMS_OWNED, SENT_OUT_FOR};
use crate::message::{
    Before, Keep, KeepOrder, KeepOwning, KeptAccount, KeptHouse, Owning, RoomMember,
};
use crate::wire::render;

const OPERATOR: &str = "olga";
const MEMBERS: [&str; 5] = [OPERATOR, "mary", "nick", "paul", "ruth"];

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

/// The number of the account of a member.
fn account(name: &str) -> AccountId {
    let place = MEMBERS.iter().position(|it| *it == name).unwrap();
    AccountId(place as u64 + 1)
}

fn house() -> KeptHouse {
    let account = |it: &&str| KeptAccount {
        id: account(it),
        name: name(it),
        role: match *it {
            OPERATOR => Role::Operator,
            _ => Role::Member,
        },
        changed: account(it).0,
        has_ended: false,
        addresses: KnownAddresses::default(),
        waiting: 0,
        last: 0,
    };
    KeptHouse {
        accounts: MEMBERS.iter().map(account).collect(),
        ..KeptHouse::default()
    }
}

/// A chat with accounts. Nobody is in it yet.
fn members_chat() -> Chat {
    let mut chat = Chat::new();
    let last = 1_795_276_799 << 20;
    chat.alone.go_on(last, Vec::new(), house());
    chat
}

impl Chat {
    /// A member comes in, whose password is right.
    fn has_come(&mut self, slot: u32, typed: &str) -> PeerId {
        let peer = self.member_as(slot, typed, Format::default());
        self.reads(peer);
        peer
    }

    fn member_as(&mut self, slot: u32, typed: &str, format: Format) -> PeerId {
        let peer = self.connect_as(slot, format);
        let from = Origin::default();
        let id = account(typed);
        let (account, changed) = (id, id.0);
        let proof = Some((Proof { account, changed }, Box::default()));
        let name = name(typed);
        let mut effects = Effects::default();
        self.alone.with_hub(self.now, &mut effects, |_, effects| {
            effects.append(peer, None, Act::ComeIn { name, from, proof });
        });
        self.apply(effects);
        peer
    }

    /// What the peer reads after a line of theirs, as text.
    fn answered(&mut self, peer: PeerId, line: &str) -> String {
        self.reads(peer);
        self.types(peer, line);
        self.alone.check();
        self.text(peer)
    }

    /// What the peer has not read yet, as text.
    fn text(&mut self, peer: PeerId) -> String {
        self.keeps();
        texts(&self.reads(peer)).join("\n")
    }

    /// Somebody in the hub sends somebody else out of their current room.
    fn kick(&mut self, by: PeerId, whom: &str, reason: &str) {
        let now = self.now;
        let mut effects = Effects::default();
        self.alone.with_hub(now, &mut effects, |hub, effects| {
            let whom = hub.find(whom).expect("they are here").id;
            let caller = hub.caller(now, by).expect("they are here");
            let reason = Some(reason).filter(|it| !it.is_empty()).map(Into::into);
            hub.kick_from_room(&caller, whom, reason, effects);
        });
        self.apply(effects);
        self.alone.check();
    }

    /// The file has all that was kept so far, and says so to those who wait for that.
    fn keeps(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        for (peer, question) in asked {
            match question {
                Question::Kept => self.event(peer, Event::Answered(Ok(&Finding::Kept))),
                _ => self.asked.push((peer, question)),
            }
        }
    }

    fn forget_all(&mut self) {
        self.keeps();
        self.told.clear();
    }

    fn owning(&self, typed: &str) -> Owning {
        let rooms = &self.alone.hub.rooms;
        let found = rooms.find(&room(typed)).and_then(|it| rooms.get(it));
        found.expect("it is there").owning.clone()
    }
}

fn texts(messages: &[Message]) -> Vec<String> {
    let text = |message: &Message| {
        let mut out = BytesMut::new();
        render(message, 0, Format::PLAIN, &mut out);
        String::from_utf8_lossy(&out)
            .trim_end()
            .replace("\r\n", "\n")
    };
    messages.iter().map(text).collect()
}

/// Mary in her room, Nick in the lobby, and a guest in the lobby.
fn tea() -> (Chat, [PeerId; 3]) {
    let mut chat = members_chat();
    let mary = chat.has_come(0, "mary");
    let nick = chat.has_come(1, "nick");
    let guest = chat.login(2, "gus");
    chat.types(mary, "/join tea");
    chat.forget_all();
    (chat, [mary, nick, guest])
}

#[test]
fn a_room_that_a_member_makes_is_theirs_and_a_guests_is_nobodys() {
    let (mut chat, [mary, _, guest]) = tea();
    chat.types(guest, "/join den");
    assert_eq!(chat.owning("tea").owner, Some(account("mary")));
    assert_eq!(chat.owning("den").owner, None);
    let refused = chat.answered(guest, "/lock");
    assert!(refused.starts_with("Only the owner"), "{refused}");
    chat.types(mary, "/leave");
    chat.types(guest, "/join tea");
    assert_eq!(chat.owning("tea").owner, None, "it is another room");
    let kept = |it: &&Keep| matches!(it, Keep::Owning(_, KeepOwning::State { .. }));
    assert_eq!(chat.kept.iter().filter(kept).count(), 1);
}

#[test]
fn so_many_rooms_belong_to_one_account() {
    let mut chat = members_chat();
    let mary = chat.has_come(0, "mary");
    for i in 0..ROOMS_OWNED {
        chat.types(mary, &format!("/join room{i}"));
        chat.types(mary, "/topic x");
    }
    let told = chat.answered(mary, "/join more");
    assert!(told.contains("20 rooms are yours"), "{told}");
    assert_eq!(chat.owning("more").owner, None);
}

#[test]
fn a_locked_room_is_for_those_who_are_invited_and_for_operators() {
    let (mut chat, [mary, nick, guest]) = tea();
    let olga = chat.has_come(3, OPERATOR);
    let locked = chat.answered(mary, "/lock");
    assert_eq!(
        locked,
        "#tea is locked. Type /invite NAME to let somebody in."
    );
    for line in ["/join tea", "/join #TEA", "/listen tea"] {
        let refused = "That room is for those who are invited.";
        assert_eq!(chat.answered(nick, line), refused);
        assert_eq!(chat.answered(guest, line), refused);
    }
    for (line, same) in [("/who tea", "/who tee"), ("/switch tea", "/switch tee")] {
        let there = chat.answered(guest, line);
        let none = chat.answered(guest, same);
        assert_eq!(there.replace("tea", "tee"), none);
    }
    assert_eq!(chat.answered(nick, "/rooms"), "#lobby  3  you are here");
    assert!(chat.answered(olga, "/rooms").contains("#tea"));
    assert!(
        chat.answered(nick, "/whois mary")
            .starts_with("mary is here, online")
    );
    chat.types(mary, "/invite gus");
    chat.types(mary, "/invite nick");
    let invited = "mary invites you to #tea. Type /join tea to go there.";
    assert_eq!(chat.text(guest), invited);
    assert!(
        chat.answered(guest, "/join tea")
            .starts_with("You are in #tea now.")
    );
    assert!(
        chat.answered(nick, "/listen tea")
            .starts_with("You hear #tea too.")
    );
    assert!(
        chat.answered(olga, "/listen tea")
            .starts_with("You hear #tea too.")
    );
}

#[test]
fn a_name_that_looks_like_that_of_an_unseen_room_is_answered_like_it() {
    let (mut chat, [mary, nick, _]) = tea();
    chat.types(mary, "/join ten0");
    chat.types(mary, "/lock");
    let refused = "That room is for those who are invited.";
    assert_eq!(chat.answered(nick, "/join tenO"), refused);
    assert_eq!(
        chat.answered(nick, "/who tenO"),
        "There is no room #tenO. Type /rooms for the list."
    );
    assert!(
        chat.answered(mary, "/who tenO")
            .contains("Did you mean #ten0?")
    );
}

#[test]
fn notices_name_a_locked_room_to_those_who_may_see_it() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(mary, "/lock");
    chat.types(mary, "/invite paul");
    let paul = chat.has_come(3, "paul");
    chat.types(mary, "/invite nick");
    chat.forget_all();
    chat.types(paul, "/join tea");
    assert_eq!(chat.text(guest), "paul has gone elsewhere.");
    assert_eq!(chat.text(nick), "paul has gone to #tea.");
    chat.types(paul, "/listen lobby");
    assert_eq!(chat.text(guest), "paul listens in.");
    assert_eq!(chat.text(nick), "paul listens in from #tea.");
    let listed = chat.answered(guest, "/who");
    assert!(listed.contains("paul (elsewhere)"), "{listed}");
    let listed = chat.answered(nick, "/who");
    assert!(listed.contains("paul (in #tea)"), "{listed}");
    chat.types(nick, "/quiet on");
    chat.forget_all();
    chat.types(paul, "/join lobby");
    chat.types(paul, "/join tea");
    assert_eq!(chat.text(nick), "");
}

#[test]
fn one_reads_a_locked_room_from_ones_invitation_on_unless_the_past_is_open() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(mary, "before");
    chat.types(mary, "/lock");
    chat.types(mary, "secret");
    for name in ["nick", "gus"] {
        chat.types(mary, &format!("/invite {name}"));
    }
    chat.types(mary, "tea is ready");
    for peer in [nick, guest] {
        let shown = chat.answered(peer, "/join tea");
        assert!(shown.contains("tea is ready"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("before"));
        let shown = chat.answered(peer, "/history 50");
        assert!(!shown.contains("secret") && !shown.contains("before"));
    }
    chat.types(nick, "/search in:* tea");
    let (_, question) = chat.asked.pop().expect("it is asked");
    let Question::Search { unseen, .. } = question else {
        panic!("another question");
    };
    assert_eq!(unseen.hidden_before.len(), 1);
    assert_eq!(
        (&unseen.hidden_before[0].0, unseen.rooms.len()),
        (&room("tea"), 0)
    );
    let since = unseen.hidden_before[0].1;
    let (from, text) = (name("mary"), "secret in the file".into());
    let line = |seq, news: &News| {
        Arc::new(Past {
            seq,
            at: 0,
            author: PersonId(1),
            account: None,
            room: Some(room("tea")),
            news: news.clone(),
        })
    };
    let news = News::Said { from, text };
    let page = crate::message::Page {
        lines: vec![line(since - 1, &news), line(since, &news)],
        older: None,
    };
    chat.forget_all();
    chat.event(nick, Event::Answered(Ok(&Finding::Page(page))));
    let shown = chat.text(nick);
    assert_eq!(shown.matches("secret in the file").count(), 1, "{shown}");
    chat.forget_all();
    chat.types(mary, "/past open");
    let told = "mary has opened the past: those who are invited read all of it.";
    assert_eq!(chat.text(guest), told);
    let shown = chat.answered(guest, "/history 50");
    assert!(shown.contains("secret") && shown.contains("before"));
    assert!(chat.asked.is_empty());
}

#[test]
fn the_file_is_told_which_rooms_somebody_may_not_see() {
    let (mut chat, [mary, _, guest]) = tea();
    chat.types(mary, "/lock");
    chat.types(guest, "/search in:tea x");
    let (_, question) = chat.asked.pop().expect("it is asked");
    let Question::Search { unseen, before, .. } = question else {
        panic!("another question");
    };
    assert_eq!((unseen.rooms, before), (vec![room("tea")], Before::End));
}

#[test]
fn a_slow_room_has_people_wait_but_those_who_keep_it() {
    let (mut chat, [mary, nick, guest]) = tea();
    for peer in [nick, guest] {
        chat.types(peer, "/join tea");
    }
    let told = chat.answered(mary, "/slow 10");
    assert_eq!(told, "#tea is slow: one line every 10 s.");
    assert_eq!(chat.answered(nick, "one"), "");
    chat.wait(Duration::from_secs(3));
    let wait = "Wait 7 s. #tea is slow: one line every 10 s.\nNot sent: two";
    assert_eq!(chat.answered(nick, "two"), wait);
    assert!(chat.answered(guest, "me").is_empty());
    for _ in 0..2 {
        assert_eq!(chat.answered(mary, "as I like"), "");
    }
    chat.wait(Duration::from_secs(7));
    chat.forget_all();
    chat.types(nick, "two");
    assert_eq!(chat.text(guest), "nick: two");
    chat.types(mary, "/slow off");
    for _ in 0..2 {
        assert_eq!(chat.answered(nick, "now"), "");
    }
    for wrong in ["/slow 0", "/slow 3601", "/slow x", "/slow -1"] {
        let told = chat.answered(mary, wrong);
        assert!(told.starts_with("Type /slow and a number"), "{told}");
    }
}

#[test]
fn a_locked_topic_is_set_by_those_who_keep_the_room() {
    let (mut chat, [mary, nick, _]) = tea();
    chat.types(nick, "/join tea");
    chat.types(mary, "/topic lock");
    let refused = "The topic of #tea is locked. Ask its owner to set it.";
    assert_eq!(chat.answered(nick, "/topic mine"), refused);
    assert!(
        chat.answered(nick, "/topic unlock")
            .starts_with("Only the owner")
    );
    assert_eq!(
        chat.answered(mary, "/topic leaves"),
        "mary has set the topic: leaves"
    );
    chat.types(mary, "/topic unlock");
    assert_eq!(
        chat.answered(nick, "/topic mine"),
        "nick has set the topic: mine"
    );
}

#[test]
fn a_room_goes_on_as_the_file_has_it() {
    let mut chat = Chat::new();
    let kept = |text: &str, is_locked| KeptRoom {
        name: room(text),
        made: 7,
        topic: None,
        topic_line: None,
        page: None,
        owning: Owning {
            owner: Some(account("mary")),
            is_locked,
            ..Owning::default()
        },
        members: vec![RoomMember {
            account: account("nick"),
            trusted: None,
            invited: Some(8),
        }],
    };
    let rooms = vec![kept("tea", true), kept("den", false)];
    chat.alone.go_on(1_795_276_799 << 20, rooms, house());
    let paul = chat.has_come(0, "paul");
    let nick = chat.has_come(1, "nick");
    let refused = "That room is for those who are invited.";
    assert_eq!(chat.answered(paul, "/join tea"), refused);
    assert!(
        chat.answered(nick, "/join tea")
            .starts_with("You are in #tea now.")
    );
    let (_, question) = chat.asked.pop().expect("it is asked");
    let Question::History { unseen, .. } = question else {
        panic!("another question");
    };
    assert_eq!(unseen.hidden_before, [(room("tea"), 8)]);
    chat.types(paul, "/join den");
    assert_eq!(
        chat.owning("den").owner,
        Some(account("mary")),
        "it is hers still"
    );
    assert!(chat.answered(paul, "/lock").starts_with("Only the owner"));
}

#[test]
fn the_lobby_is_nobodys() {
    let mut chat = members_chat();
    let olga = chat.has_come(0, OPERATOR);
    let mary = chat.has_come(1, "mary");
    for line in [
        "/lock",
        "/trust mary",
        "/owner mary",
        "/past open",
        "/invite mary",
    ] {
        let told = chat.answered(olga, line);
        assert!(told.starts_with("The lobby is nobody's"), "{line}: {told}");
        let told = chat.answered(mary, line);
        assert!(told.starts_with("Only "), "{line}: {told}");
    }
    assert_eq!(
        chat.answered(olga, "/slow 5"),
        "#lobby is slow: one line every 5 s."
    );
    assert_eq!(
        chat.answered(olga, "/topic lock"),
        "The topic of #lobby is locked."
    );
}

#[test]
fn who_ignores_somebody_is_not_invited_by_them() {
    let (mut chat, [mary, nick, _]) = tea();
    chat.types(nick, "/ignore mary");
    chat.forget_all();
    assert_eq!(
        chat.answered(mary, "/invite nick"),
        "nick is ignoring you. Not sent."
    );
    assert_eq!(chat.text(nick), "");
}

#[test]
fn who_is_no_operator_any_more_does_not_stay_in_a_locked_room() {
    let (mut chat, [mary, ..]) = tea();
    let olga = chat.has_come(3, OPERATOR);
    chat.types(mary, "/lock");
    chat.types(olga, "/join tea");
    chat.forget_all();
    let mut effects = Effects::default();
    chat.alone.with_hub(chat.now, &mut effects, |hub, effects| {
        let request = ShellRequest {
            name: name(OPERATOR),
            wanted: Wanted::Role(Role::Member),
            by: "root".into(),
        };
        hub.shell(&request, effects).unwrap();
    });
    chat.apply(effects);
    assert_eq!(
        chat.text(olga),
        "You are no longer an operator.\n-- You were in a room that is locked. Come in again. --"
    );
    assert_eq!(chat.answered(mary, "/who"), "In #tea: 1\n  mary");
}
