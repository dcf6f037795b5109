//! Whatever people do, nobody reads the name of a room that they may not see, or a line that was said there.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::chat::commands::USAGES;
use crate::dice::Dice;
use crate::journal::Returning;
use crate::message::{Cause, Page, Told};
use crate::moment::Medium;
use crate::wire::write_message;

/// No text but a name holds these.
const ROOMS: [&str; 4] = ["qqden", "qqtea", "qqpit", "qqvat"];
/// It looks like the name of a room.
const ALIKE: &str = "qqpi1t";
const PEOPLE: [&str; 7] = [OPERATOR, "mary", "nick", "paul", "ruth", "gus", "gil"];
const GUESTS: usize = 5;
/// One of the people reads objects.
const PROGRAM: usize = 3;

/// Who may see which room.
type Sight = BTreeSet<(PeerId, String)>;

struct Walk {
    chat: Chat,
    twin: Twin,
    here: BTreeMap<usize, PeerId>,
    /// Rooms that were locked before the step or are now, and who may see them.
    before: (BTreeSet<String>, Sight),
    checked: usize,
}

impl Walk {
    fn new() -> Walk {
        let mut chat = members_chat();
        let mut twin = Twin::of(&mut chat.alone, chat.now);
        twin.go_on(Vec::new(), house());
        Walk {
            chat,
            twin,
            here: BTreeMap::new(),
            before: Default::default(),
            checked: 0,
        }
    }

    /// The locked rooms, and who may see them.
    fn sight(&self) -> (BTreeSet<String>, Sight) {
        let hub = &self.chat.alone.hub;
        let locked = hub.rooms.iter().filter(|(_, it)| it.owning.is_locked);
        let (mut names, mut sight) = (BTreeSet::new(), Sight::new());
        for (id, room) in locked {
            let name = room.name.name().to_string();
            for peer in self.here.values() {
                let person = hub.roster.at(*peer);
                if person.is_some_and(|it| hub.may_see(it, id)) {
                    sight.insert((*peer, name.clone()));
                }
            }
            names.insert(name);
        }
        (names, sight)
    }

    fn come_in(&mut self, who: usize) {
        let (slot, name) = (who as u32, PEOPLE[who]);
        let medium = match who {
            PROGRAM => Medium::Json,
            _ => Medium::default(),
        };
        let format = Format {
            medium,
            ..Format::default()
        };
        let peer = match who {
            GUESTS.. => {
                let peer = self.chat.connect_as(slot, format);
                self.chat.types(peer, name);
                peer
            }
            _ => self.chat.member_as(slot, name, format),
        };
        self.here.insert(who, peer);
    }

    /// Checks what everyone has read since the last call. `typed` is what somebody typed, who may read it again.
    fn check(&mut self, by: Option<PeerId>, typed: &str) {
        self.twin.follow(&mut self.chat.alone);
        self.chat.alone.check();
        let after = self.sight();
        let locked: Vec<String> = self.before.0.union(&after.0).cloned().collect();
        for (who, peer) in &self.here {
            for message in self.chat.reads(*peer) {
                let text = text_of(&message, *who == PROGRAM);
                for room in locked.iter().filter(|it| text.contains(it.as_str())) {
                    let pair = (*peer, room.clone());
                    let may_see = self.before.1.contains(&pair) || after.1.contains(&pair);
                    let is_echo = by == Some(*peer) && typed.contains(room.as_str());
                    assert!(may_see || is_echo, "{} reads {text:?}", PEOPLE[*who]);
                    self.checked += usize::from(may_see);
                }
            }
        }
        let hub = &self.chat.alone.hub;
        self.here.retain(|_, peer| hub.roster.at(*peer).is_some());
        self.before = self.sight();
    }

    /// The file answers with everything that was ever said.
    fn answer(&mut self) {
        self.chat.keeps();
        for (peer, _) in std::mem::take(&mut self.chat.asked) {
            let lines = self.chat.kept.iter().filter_map(|it| match it {
                Keep::Line(past) if past.news.written().is_some() => Some(past.clone()),
                _ => None,
            });
            let lines = lines.collect();
            let finding = Finding::Page(Page { lines, older: None });
            self.chat.event(peer, Event::Answered(Ok(&finding)));
            self.check(None, "");
        }
    }

    fn step(&mut self, dice: &mut Dice) {
        let who = dice.below(PEOPLE.len());
        let Some(peer) = self.here.get(&who).copied() else {
            self.come_in(who);
            return self.check(None, "");
        };
        if dice.below(30) == 0 {
            self.chat.wait(Duration::from_secs(dice.below(700) as u64));
            return self.check(None, "");
        }
        if dice.below(12) == 0 {
            let whom = PEOPLE[dice.below(PEOPLE.len())];
            if self.chat.alone.hub.find(whom).is_some() {
                self.chat.kick(peer, whom, "");
                self.chat.keeps();
            }
            return self.check(None, "");
        }
        let line = line(dice);
        self.chat.types(peer, &line);
        self.check(Some(peer), &line);
        self.answer();
    }
}

fn text_of(message: &Message, is_program: bool) -> String {
    let mut out = BytesMut::new();
    let (cause, unix) = (&Cause::NONE, 0);
    let told = Told {
        message,
        cause,
        unix,
    };
    let medium = match is_program {
        true => Medium::Json,
        false => Medium::default(),
    };
    let format = Format {
        medium,
        ..Format::default()
    };
    write_message(&told, format, None, Slot::new(0), &mut out);
    String::from_utf8_lossy(&out).into()
}

fn line(dice: &mut Dice) -> String {
    let (room, whom) = (dice.pick(&ROOMS), dice.pick(&PEOPLE));
    let own = [
        "/lock",
        "/lock",
        "/unlock",
        "/past open",
        "/past closed",
        "/topic lock",
    ];
    match dice.below(24) {
        0..4 => format!("/join {room}"),
        4 | 5 => format!("/listen {room}"),
        6 | 7 => dice.pick(&own).into(),
        8 => format!("/invite {whom}"),
        9 => format!("/invite {whom} off"),
        10 => format!("/trust {whom}"),
        11 => format!("/owner {whom}"),
        12 => "/owner accept".into(),
        13 => "/rooms".into(),
        14 => format!("/who {}", dice.pick(&["", "lobby", ALIKE, room])),
        15 => format!("/whois {whom}"),
        16 => "/search in:* hello".into(),
        17 => "/history 40".into(),
        18 => format!("/join {ALIKE}"),
        19 => "/leave".into(),
        20 => format!("/slow {}", dice.pick(&["off", "3"])),
        21 => {
            let (word, rest) = dice.pick(&USAGES).split_once(' ').unwrap_or(("/who", ""));
            match (word, rest.contains("ROOM")) {
                ("/nick", _) => "hello".into(),
                (_, true) => format!("{word} {room}"),
                (_, false) => format!("{word} {whom}"),
            }
        }
        _ => dice
            .pick(&["hello", "hello all", "", "/me waves", "mary: hello"])
            .into(),
    }
}

#[test]
fn nobody_reads_of_a_room_that_they_may_not_see() {
    let mut checked = 0;
    for seed in 0..6 {
        let mut dice = Dice::new(seed);
        let mut walk = Walk::new();
        for _ in 0..1500 {
            walk.step(&mut dice);
        }
        checked += walk.checked;
    }
    assert!(
        checked > 1000,
        "only {checked} names of locked rooms were read"
    );
}

/// A member comes back who was last in a room of this name.
fn comes_back(chat: &mut Chat, slot: u32, typed: &str, last: &str) -> PeerId {
    let peer = chat.connect(slot);
    let returning = Returning {
        room: Some(room(last)),
        ignores: Vec::new(),
    };
    let (account, from) = (account(typed), Origin::default());
    let changed = account.0;
    let proof = Some((Proof { account, changed }, returning.into()));
    let name = name(typed);
    let mut effects = Effects::default();
    chat.alone.with_hub(chat.now, &mut effects, |_, effects| {
        effects.append(peer, None, Act::ComeIn { name, from, proof });
    });
    chat.apply(effects);
    peer
}

#[test]
fn nobody_comes_back_into_a_room_that_they_may_not_enter() {
    let mut chat = members_chat();
    let mary = chat.has_come(0, "mary");
    for line in ["/join qqden", "/lock", "/invite nick", "hidden"] {
        chat.types(mary, line);
    }
    let ruth = comes_back(&mut chat, 1, "ruth", "qqden");
    chat.types(mary, "still hidden");
    let read = chat.text(ruth);
    assert!(
        !read.contains("qqden") && !read.contains("hidden"),
        "{read}"
    );
    let nick = comes_back(&mut chat, 2, "nick", "qqden");
    chat.types(mary, "for nick");
    assert!(chat.text(nick).contains("mary: for nick"));
    // Whoever is sent out does not come back so either.
    chat.types(mary, "/unlock");
    chat.kick(mary, "nick", "");
    chat.types(nick, "/quit");
    let nick = comes_back(&mut chat, 3, "nick", "qqden");
    chat.types(mary, "without nick");
    let read = chat.text(nick);
    assert!(!read.contains("without nick"), "{read}");
}
