//! Random walks through the chat: whatever people do, in whatever order, what must hold does.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;
use crate::chat::commands::USAGES;
use crate::dice::Dice;

/// As many as fit few enough names, rooms and slots that they meet all the time.
const SLOTS: u32 = 6;
const NAMES: [&str; 8] = ["ann", "BOB", "carl", "dora", "Ann", "eve.", "אבג", "bob"];
const ROOMS: [&str; 6] = ["tea", "#Tea", "lobby", "2", "#", "no room"];
const TEXTS: [&str; 6] = [
    "hello ann, bob: and (carl)!",
    "-",
    "-- end --",
    "\u{5d0}\u{5d1}",
    "␛[2J\u{fffd}",
    "on",
];

/// What always holds between two calls into the hub.
pub(crate) fn check(hub: &Hub) {
    let people: Vec<PeerId> = hub.roster.peers().collect();
    let person = |peer| hub.roster.person(peer);
    let here: Vec<(PeerId, &Person)> = people
        .iter()
        .filter_map(|&peer| Some((peer, person(peer)?)))
        .collect();

    let names: HashSet<&Username> = here.iter().map(|(_, it)| &it.name).collect();
    assert_eq!(names.len(), here.len(), "a name is there twice");
    assert_eq!(hub.online(), here.len());
    for (peer, it) in &here {
        assert_eq!(hub.roster.find(&it.name), Some(*peer));
    }
    let away = here.iter().filter(|(_, it)| it.away().is_some()).count();
    assert_eq!(hub.away, away);

    let mut counts = BTreeMap::new();
    for (_, it) in &here {
        *counts.entry(it.room).or_insert(0) += 1;
    }
    for (id, room) in hub.rooms.iter() {
        assert_eq!(
            room.people,
            counts.remove(&id).unwrap_or(0),
            "{}",
            room.name
        );
        let has_reason = room.people > 0 || room.topic.is_some() || id == RoomId::LOBBY;
        assert!(has_reason, "{} has nobody in it", room.name);
        assert_eq!(hub.rooms.find(&room.name), Some(id));
    }
    assert!(counts.is_empty(), "people are in no room: {counts:?}");
    check_ignores(hub, &here);
}

fn check_ignores(hub: &Hub, here: &[(PeerId, &Person)]) {
    let mut links = BTreeSet::new();
    let mut awaited = 0;
    for &(by, it) in here {
        let names: HashSet<&Username> = it.ignores().iter().map(|it| &it.name).collect();
        assert_eq!(names.len(), it.ignores().len(), "{} ignores twice", it.name);
        for ignored in it.ignores() {
            if ignored.is_here {
                let whom = ignored.peer;
                let person = hub.roster.person(whom).expect("who is ignored is here");
                assert_eq!(person.name.as_str(), ignored.name.as_str());
                assert!(links.insert((by, whom)));
            } else {
                let holder = hub.roster.find(&ignored.name);
                assert!(holder.is_none_or(|holder| holder == by), "not linked");
                assert!(hub.awaited[&ignored.name].contains(&by));
                awaited += 1;
            }
        }
    }
    let waiting: usize = hub.awaited.values().map(Vec::len).sum();
    assert_eq!(awaited, waiting);
    for &(whom, it) in here {
        for &by in it.ignored_by() {
            assert!(
                links.remove(&(by, whom)),
                "{} is ignored by nobody",
                it.name
            );
        }
    }
    assert!(links.is_empty(), "links of one side: {links:?}");
}

/// A line that someone might type: a command with words behind it, or talk.
fn line(dice: &mut Dice) -> String {
    let usage = USAGES[dice.below(USAGES.len())];
    let word = usage.split(' ').next().unwrap();
    match (word, dice.below(12)) {
        ("/quit", 1..) | (_, 0) => dice.pick(&TEXTS).into(),
        (_, 1) => word.into(),
        (_, 2) => format!("{word} {}", dice.pick(&TEXTS)),
        (_, 3) => format!("{word} {} {}", dice.pick(&NAMES), dice.pick(&TEXTS)),
        ("/join" | "/who", _) => format!("{word} {}", dice.pick(&ROOMS)),
        ("/nick" | "/ignore" | "/unignore" | "/whois", _) => {
            format!("{word} {}", dice.pick(&NAMES))
        }
        ("/msg", _) => format!("{word} {} {}", dice.pick(&NAMES), dice.pick(&TEXTS)),
        ("/quiet", _) => format!("{word} {}", dice.pick(&["on", "off", "ON", "?"])),
        ("/time", _) => {
            let stamp = dice.pick(&["off", "on", "full", "?"]);
            format!(
                "{word} {stamp} {}",
                dice.pick(&["", "+05:45", "-12:00", "+1"])
            )
        }
        ("/history", _) => format!("{word} {}", dice.pick(&["1", "300", "0", "-1"])),
        _ => word.into(),
    }
}

/// One step: someone connects, types, presses a key or goes, or time passes.
fn step(chat: &mut Chat, dice: &mut Dice, peers: &mut BTreeMap<u32, PeerId>) {
    let slot = dice.below(SLOTS as usize) as u32;
    let known = peers.get(&slot).copied();
    let Some(peer) = known.filter(|peer| chat.hub.roster.session(*peer).is_some()) else {
        peers.insert(slot, chat.connect(slot));
        return;
    };
    let has_name = chat.hub.roster.person(peer).is_some();
    match dice.below(40) {
        0 => chat.event(peer, Event::Disconnected(CloseReason::EndOfInput)),
        1 => chat.event(peer, Event::EndOfInput),
        2 => chat.event(peer, Event::Interrupt),
        3 => chat.event(peer, Event::AreYouThere),
        4 => chat.event(peer, Event::LineTooLong { limit: 64 }),
        5 => chat.wait(Duration::from_millis(dice.below(40_000) as u64)),
        _ if has_name => chat.types(peer, &line(dice)),
        _ => chat.types(peer, dice.pick(&NAMES)),
    }
}

fn walk(seed: u64, anonymous: bool) {
    const STEPS: usize = 2000;
    let mut chat = Chat::with(Rules {
        anonymous,
        login_timeout: Some(TIMEOUT),
        idle_timeout: Some(TIMEOUT * 5),
        history: 5,
    });
    let mut dice = Dice::new(seed);
    let mut peers = BTreeMap::new();
    for _ in 0..STEPS {
        step(&mut chat, &mut dice, &mut peers);
        check(&chat.hub);
    }
    for peer in peers.into_values() {
        chat.event(peer, Event::Disconnected(CloseReason::EndOfInput));
        check(&chat.hub);
    }
    is_as_new(&chat);
}

/// Everyone has left: nothing is remembered but rooms, and those only with a topic.
pub(super) fn is_as_new(chat: &Chat) {
    let hub = &chat.hub;
    assert_eq!((hub.online(), hub.away), (0, 0));
    assert_eq!(hub.roster.peers().count(), 0);
    assert!(hub.awaited.is_empty());
    assert_eq!(hub.next_timeout(), None);
    assert_eq!(chat.online, []);
    for (id, room) in hub.rooms.iter() {
        assert!(id == RoomId::LOBBY || room.topic.is_some(), "{}", room.name);
    }
}

#[test]
fn what_must_hold_does_whatever_people_do() {
    for seed in 0..8 {
        walk(seed, seed % 4 == 3);
    }
}
