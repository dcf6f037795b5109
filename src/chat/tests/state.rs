//! The state of the chat as it travels: nothing is lost, and whatever arrives breaks nothing.

use serde_json::{Value, json};

use super::seats::rules;
use super::*;
use crate::account::Role;
use crate::chat::State;
use crate::chat::order::{SentAway, WhySentAway};
use crate::dice::Dice;
use crate::id::ServerId;
use crate::message::{KeptHouse, KeptRoom, Page};
use crate::wire::machine::Op;

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

/// A room as a file has it.
fn kept(text: &str) -> KeptRoom {
    let line = |seq: u64, news| Past {
        seq,
        at: 5,
        author: PersonId(3),
        account: None,
        room: Some(room(text)),
        news,
    };
    let (from, by) = (name("zoe"), name("zoe"));
    let text = "old line".into();
    let lines = vec![line(8, News::Said { from, text }).into()];
    let topic = Some("old".into());
    KeptRoom {
        name: room("old"),
        made: 7,
        topic: None,
        topic_line: Some(line(9, News::TopicSet { by, topic }).into()),
        page: Some(Page {
            lines,
            older: Some(4),
        }),
        owning: Default::default(),
        members: Vec::new(),
    }
}

/// What people type, so that everything happens that leaves something behind.
const SCRIPT: [(&str, &str); 35] = [
    ("fred", "/join gap"),
    ("Mary", "/join tea"),
    ("Mary", "/topic green"),
    ("Mary", "tea, anyone?"),
    ("Mary", "/slow 10"),
    ("fred", "/join lobby"),
    ("dora", "/listen tea"),
    ("dora", "/in tea me"),
    ("dora", "/away asleep"),
    ("Mary", "dora, wake up"),
    ("Mary", "/msg dora hello"),
    ("Mary", "/msg bot hello"),
    ("carl", "/ignore eve"),
    ("carl", "/ignore dora"),
    ("carl", "/join tea"),
    ("carl", "/join lobby"),
    ("carl", "/join tea"),
    ("eve", "spam"),
    ("eve", "/nick evil"),
    ("evil", "/ignore carl"),
    ("evil", "/quit"),
    ("Mary", "/lock"),
    ("Mary", "/invite fred"),
    ("Mary", "/trust ned"),
    ("Mary", "/owner ned"),
    ("Mary", "/kick carl rude"),
    ("carl", "where am I?"),
    ("Olga", "/mute fred shouts"),
    ("Olga", "/ban 10.0.0.0/8 spam"),
    ("Olga", "/erase eve"),
    ("Olga", "/erase eve"),
    ("Olga", "/lockdown 1h"),
    ("Olga", "/msg ned a word"),
    ("Olga", "/kick fred"),
    ("Olga", "/quit"),
];

/// A chat in which everything has happened that leaves something behind.
fn full() -> Chat {
    let mut chat = Chat::with(rules());
    chat.alone.go_on(0, vec![kept("old")], KeptHouse::default());
    chat.member(0, "Olga", Role::Operator);
    let mary = chat.member(1, "Mary", Role::Member);
    chat.account("Ned", Role::Member);
    let guests = [(2, "carl"), (3, "dora"), (4, "eve"), (5, "fred")];
    let [_, dora, ..] = guests.map(|(slot, text)| chat.guest(slot, text));
    let (bot, _) = chat.program(6, "bot");
    let (text, lobby) = (String::from("beep"), None);
    chat.object(bot, Some("7"), Op::Say { text, room: lobby });
    for (who, line) in SCRIPT {
        let person = chat.alone.hub.find(who).unwrap();
        let peer = chat.alone.hub.roster.peer(person).unwrap();
        chat.types(peer, line);
    }
    chat.event(bot, Event::Disconnected(CloseReason::EndOfInput));
    chat.types(mary, "/msg bot are you there?");
    chat.types(dora, "/report they are loud");
    let place = |text| chat.alone.hub.roster.find(&name(text)).unwrap();
    let (mary, carl) = (place("Mary"), place("carl"));
    let person = chat.alone.hub.roster.get_mut(mary).unwrap();
    person.extras_mut().left = vec![(room("tea"), 7)];
    person.extras_mut().came = Some(7);
    // Those who are sent away leave at once, if they are few.
    let sent = SentAway {
        by: "Olga".into(),
        why: WhySentAway::Banned(Some(7)),
        reason: Some("spam".into()),
    };
    let carl = chat.alone.hub.roster.number(carl);
    chat.alone.hub.order.sent_away.insert(carl, Arc::new(sent));
    let servers = &mut chat.alone.hub.servers;
    servers.add(ServerId(7), &"n1".into());
    servers.note(ServerId(7), carl);
    servers.greeted.insert(ServerId(7));
    chat
}

fn value(hub: &Hub) -> Value {
    serde_json::to_value(hub.state()).unwrap()
}

fn load(chat: &Chat, value: &Value) -> Result<Hub, String> {
    let state = State::read(value.to_string().as_bytes()).map_err(|it| it.to_string())?;
    let mut hub = Hub::new(chat.alone.hub.rules.clone());
    let loaded = hub.load_state(chat.now, state);
    loaded.map(|()| hub).map_err(|it| it.to_string())
}

/// The names of members that have no value, wherever they stand.
fn bare(value: &Value, names: &mut std::collections::BTreeMap<String, bool>) {
    let is_bare = |it: &Value| match it {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    match value {
        Value::Array(all) => all.iter().for_each(|it| bare(it, names)),
        Value::Object(all) => {
            for (key, it) in all {
                *names.entry(key.clone()).or_insert(true) &= is_bare(it);
                bare(it, names);
            }
        }
        _ => {}
    }
}

#[test]
fn nothing_of_a_state_is_lost_on_its_way() {
    let chat = full();
    let sent = value(&chat.alone.hub);
    let mut names = std::collections::BTreeMap::new();
    bare(&sent, &mut names);
    let bare: Vec<String> = names.into_iter().filter(|it| it.1).map(|it| it.0).collect();
    assert_eq!(
        bare, [""; 0],
        "nothing has happened that shows whether these travel: {sent:#}"
    );
    let hub = load(&chat, &sent).unwrap();
    hub.check();
    assert_eq!(value(&hub), sent);
    assert_eq!(hub.digest(), chat.alone.hub.digest());
}

#[test]
fn nobody_loses_a_connection_by_a_state() {
    let mut chat = full();
    let state = chat.alone.hub.state();
    let now = chat.now;
    assert!(chat.alone.hub.load_state(now, state).is_err());
    chat.alone.check();
}

#[test]
fn a_state_that_no_hub_has_is_refused() {
    let chat = full();
    let sent = value(&chat.alone.hub);
    let people = sent["people"].as_array().unwrap().len();
    let wrong = |path: &str, new: Value| {
        let mut value = sent.clone();
        *value.pointer_mut(path).expect(path) = new;
        let loaded = load(&chat, &value).map(|_| ());
        assert!(loaded.is_err(), "{path}");
    };
    let last = &sent["people"][people - 1];
    wrong("/last", json!(u64::MAX));
    wrong("/rooms/0", Value::Null);
    wrong("/rooms", json!([]));
    wrong("/rooms/0/name", sent["rooms"][2]["name"].clone());
    wrong("/rooms/2/made", json!(0));
    wrong("/rooms/2/topic", json!("a\nb"));
    wrong("/rooms/0/history/total", json!(0));
    wrong("/rooms/0/history/total", json!(u64::MAX));
    wrong("/rooms/0/history/lines/0/0", json!(9));
    wrong("/rooms/2/history/lines/1/0", json!(0));
    wrong("/asleep/0/name", sent["rooms"][2]["name"].clone());
    wrong("/people/0", last.clone());
    wrong("/people/0/id", json!(0));
    wrong("/people/0/name", last["name"].clone());
    wrong("/people/0/rooms", json!([]));
    wrong("/people/0/rooms", json!([1]));
    wrong("/people/0/rooms", json!([0, 0]));
    wrong("/people/0/account", json!(1));
    wrong("/people/1/ignores", json!([1, 1]));
    wrong("/people/1/ignores", json!([99]));
    wrong("/people/1/ignores", json!([]));
    wrong("/targets_made", json!(0));
    wrong("/accounts/1/id", json!(1));
    wrong("/accounts/1/last", json!(i64::MIN));
    wrong("/order/mutes/0/until", json!(i64::MAX));
    wrong("/order/reports/0/text", json!("\u{1b}[2J"));
    let mut more = sent.clone();
    more["order"]["jail"] = json!([]);
    assert!(load(&chat, &more).is_err(), "what is not known");
    assert!(load(&chat, &sent).is_ok());
}

/// Changes one value somewhere. Returns whether it did.
fn change(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Array(all) if !all.is_empty() => {
            let at = dice.below(all.len());
            match dice.below(8) {
                0 => drop(all.remove(at)),
                1 => all.push(all[at].clone()),
                2 => all.swap(0, at),
                _ => change(&mut all[at], dice),
            }
        }
        Value::Object(all) if !all.is_empty() => {
            let at = dice.below(all.len());
            let key = all.keys().nth(at).unwrap().clone();
            match dice.below(12) {
                0 => drop(all.remove(&key)),
                1 => drop(all.insert(key, Value::Null)),
                _ => change(&mut all[&key], dice),
            }
        }
        Value::Number(_) => {
            let numbers = [
                json!(0),
                json!(1),
                json!(-1),
                json!(u64::MAX),
                json!(i64::MAX),
                json!(i64::MIN),
            ];
            *value = numbers[dice.below(numbers.len())].clone();
        }
        Value::Bool(it) => *it = !*it,
        other => {
            *other = [
                json!(null),
                json!(""),
                json!("x"),
                json!([]),
                json!(1_u64 << 53),
            ][dice.below(5)]
            .clone()
        }
    }
}

/// Everyone does something and leaves.
fn go_on(hub: &mut Hub, now: Moment) {
    let people: Vec<PersonId> = hub.everyone().iter().map(|it| it.id).collect();
    let room = room("old");
    let reason = CloseReason::Quit;
    let acts = [
        Act::Say {
            room: None,
            text: "x".into(),
        },
        Act::Go { room },
        Act::ComeBack,
        Act::Rename {
            name: name("someone"),
        },
        Act::Leave { reason, word: None },
    ];
    for act in acts {
        for (seq, author) in (hub.last() + 1..).zip(&people) {
            let entry = crate::journal::Entry {
                server: ServerId::ALONE,
                seq,
                at: now.unix_millis(),
                author: *author,
                act: act.clone(),
                id: None,
            };
            hub.apply(now, &entry, None, &mut Effects::default());
        }
    }
    assert_eq!(hub.online(), 0);
}

#[test]
fn whatever_state_arrives_nothing_panics() {
    let chat = full();
    let sent = value(&chat.alone.hub);
    let mut dice = Dice::new(5);
    let mut loaded = 0;
    for _ in 0..4000 {
        let mut value = sent.clone();
        change(&mut value, &mut dice);
        if let Ok(mut hub) = load(&chat, &value) {
            loaded += 1;
            go_on(&mut hub, chat.now);
        }
    }
    assert!((400..3600).contains(&loaded), "{loaded}");
}
