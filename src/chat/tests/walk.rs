//! Random walks through the chat: the invariants hold after any acts of people, in any order.

use std::collections::BTreeMap;

use super::*;
use crate::chat::commands::USAGES;
use crate::dice::Dice;

/// So few names, rooms and slots that people meet all the time.
const SLOTS: u32 = 6;
const NAMES: [&str; 9] = [
    "ann", "BOB", "carl", "dora", "Ann", "eve.", "אבג", "bob", "carI",
];
const ROOMS: [&str; 7] = ["tea", "#Tea", "lobby", "2", "#", "no room", "all"];
const TEXTS: [&str; 6] = [
    "hello ann, bob: and (carl)!",
    "-",
    "-- end --",
    "\u{5d0}\u{5d1}",
    "␛[2J\u{fffd}",
    "on",
];

/// A line that someone might type: a command with words behind it, or talk.
fn line(dice: &mut Dice) -> String {
    let usage = USAGES[dice.below(USAGES.len())];
    let word = usage.split(' ').next().unwrap();
    match (word, dice.below(12)) {
        ("/quit", 1..) | (_, 0) => dice.pick(&TEXTS).into(),
        (_, 1) => word.into(),
        (_, 2) => format!("{word} {}", dice.pick(&TEXTS)),
        (_, 3) => format!("{word} {} {}", dice.pick(&NAMES), dice.pick(&TEXTS)),
        ("/join" | "/who" | "/listen" | "/unlisten" | "/switch", _) => {
            format!("{word} {}", dice.pick(&ROOMS))
        }
        ("/in", _) => {
            let text = dice.pick(&["hello", "/me waves", "ann: hi", "//x", "/who"]);
            format!("{word} {} {text}", dice.pick(&ROOMS))
        }
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
    let Some(peer) = known.filter(|peer| chat.alone.hub.roster.session(*peer).is_some()) else {
        peers.insert(slot, chat.connect(slot));
        return;
    };
    let has_name = chat.alone.hub.roster.at(peer).is_some();
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
        ..Rules::default()
    });
    let mut dice = Dice::new(seed);
    let mut twin = Twin::of(&mut chat.alone, chat.now);
    let mut peers = BTreeMap::new();
    for _ in 0..STEPS {
        step(&mut chat, &mut dice, &mut peers);
        chat.alone.check();
        twin.follow(&mut chat.alone);
    }
    for peer in peers.into_values() {
        chat.event(peer, Event::Disconnected(CloseReason::EndOfInput));
        chat.alone.check();
        twin.follow(&mut chat.alone);
    }
    is_as_new(&chat);
}

/// Everyone has left: the hub remembers nothing but rooms with a topic.
pub(super) fn is_as_new(chat: &Chat) {
    let hub = &chat.alone.hub;
    assert_eq!(hub.online(), 0);
    assert_eq!(hub.roster.peers().count(), 0);
    assert!(hub.targets.is_empty());
    assert_eq!(hub.next_timeout(), None);
    assert_eq!(chat.online(), [""; 0]);
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
