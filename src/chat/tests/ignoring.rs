//! An ignored person stays ignored, under any name, until it is lifted.

use std::collections::BTreeSet;

use super::*;
use crate::limits::IGNORED_NAMES;
use crate::message::{AboutAway, AboutIgnoring, Answer, IgnoredRow, Message, News};
use crate::name::RoomName;

/// The lines that a person reads, without the notices around them.
fn lines(chat: &mut Chat, peer: PeerId) -> Vec<String> {
    let told = chat.reads(peer).into_iter();
    let text = |message| match message {
        Message::News(News::Said { text, .. }) => Some(text.to_string()),
        Message::Past { past, .. } => match &past.news {
            News::Said { text, .. } | News::Private { text, .. } => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    };
    told.filter_map(text).collect()
}

fn row(name: &str, now: Option<&str>) -> IgnoredRow {
    IgnoredRow {
        name: self::name(name),
        now: now.map(self::name),
    }
}

/// The list that a person gets of the people they ignore.
fn listed(chat: &mut Chat, peer: PeerId) -> Vec<IgnoredRow> {
    chat.reads(peer);
    chat.types(peer, "/ignore");
    match chat.answers(peer).pop() {
        Some(Answer::Ignoring(AboutIgnoring::Ignored(rows))) => rows,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_name_is_listed_as_it_was_spelled_when_it_was_ignored() {
    let mut chat = Chat::new();
    let (ann, bob) = (chat.login(0, "ann"), chat.login(1, "bob"));
    let pest = chat.login(2, "Pest");
    chat.types(ann, "/ignore pest");
    chat.types(pest, "/nick PEST");
    chat.types(bob, "/ignore pest");
    for (peer, spelling) in [(ann, "Pest"), (bob, "PEST")] {
        let rows = listed(&mut chat, peer);
        assert_eq!(rows[0].name.as_str(), spelling);
        chat.types(peer, "/unignore pest");
        assert_eq!(listed(&mut chat, peer), []);
    }
}

#[test]
fn a_name_that_was_chosen_later_is_not_ignored() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let pest = chat.login(1, "Pest");
    chat.types(ann, "/ignore pest");
    chat.types(pest, "/nick Alice");
    assert_eq!(listed(&mut chat, ann), [row("Pest", Some("Alice"))]);
    chat.types(pest, "not heard");
    chat.types(pest, "/quit");
    assert_eq!(listed(&mut chat, ann), [row("Pest", None)]);

    let alice = chat.login(2, "alice");
    let pest = chat.login(1, "PEST");
    chat.alone.check();
    chat.types(alice, "from Alice");
    chat.types(pest, "not heard either");
    assert_eq!(lines(&mut chat, ann), ["from Alice"]);
}

#[test]
fn a_name_that_its_owner_gave_away_binds_nobody_who_takes_it() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let pest = chat.login(1, "pest");
    chat.types(ann, "/ignore pest");
    chat.types(pest, "/nick alice");
    let other = chat.login(2, "pest");
    chat.types(pest, "/quit");
    chat.types(other, "/nick PEST");
    chat.alone.check();
    chat.reads(ann);
    chat.types(other, "heard");
    assert_eq!(lines(&mut chat, ann), ["heard"]);
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["heard"]);
    // The name is free again: the next person to take it may well be the ignored one.
    chat.types(other, "/nick other");
    let back = chat.login(3, "pest");
    chat.types(back, "not heard");
    assert_eq!(lines(&mut chat, ann), [""; 0]);
}

#[test]
fn an_ignore_is_lifted_by_the_present_name_or_the_listed_one() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let pest = chat.login(1, "pest");
    for typed in ["/unignore alice", "/unignore PEST"] {
        chat.types(pest, "/nick pest");
        chat.types(ann, "/ignore pest");
        chat.types(pest, "/nick alice");
        chat.reads(ann);
        chat.types(ann, typed);
        chat.alone.check();
        assert!(matches!(
            chat.answers(ann)[..],
            [Answer::Ignoring(AboutIgnoring::IgnoreLifted(_))]
        ));
        assert_eq!(listed(&mut chat, ann), []);
        chat.types(pest, "heard");
        assert_eq!(lines(&mut chat, ann), ["heard"]);
    }
    // A name means the person who has it, before anyone who had it.
    chat.types(pest, "/nick pest");
    chat.types(ann, "/ignore pest");
    chat.types(pest, "/nick alice");
    chat.login(2, "pest");
    chat.types(ann, "/ignore pest");
    let rows = [row("pest", Some("alice")), row("pest", None)];
    assert_eq!(listed(&mut chat, ann), rows);
    chat.types(ann, "/unignore pest");
    assert_eq!(listed(&mut chat, ann), rows[..1]);
    chat.types(ann, "/unignore pest");
    assert_eq!(listed(&mut chat, ann), []);
}

#[test]
fn who_takes_a_name_that_they_ignore_is_not_their_own_pest() {
    let mut chat = Chat::new();
    let [ann, bob, pest] = ["ann", "bob", "pest"].map(|it| {
        let slot = chat.generation;
        chat.login(slot, it)
    });
    for peer in [ann, bob] {
        chat.types(peer, "/ignore pest");
    }
    chat.types(pest, "/quit");
    chat.types(ann, "/nick pest");
    chat.alone.check();
    chat.types(ann, "not heard by bob");
    assert_eq!(lines(&mut chat, bob), [""; 0]);
    chat.types(ann, "/nick ann");
    let pest = chat.login(5, "pest");
    chat.alone.check();
    chat.types(pest, "not heard by ann");
    assert_eq!(lines(&mut chat, ann), [""; 0]);
    assert_eq!(listed(&mut chat, ann), [row("pest", None)]);
    assert_eq!(listed(&mut chat, bob), [row("pest", Some("ann"))]);
}

#[test]
fn one_person_is_ignored_under_so_many_names() {
    let mut chat = Chat::new();
    let pest = chat.login(0, "pest");
    let count = 2 * IGNORED_NAMES as u32;
    for i in 1..=count {
        let peer = chat.login(i, &format!("p{i}"));
        let name = format!("pest{i}");
        chat.types(pest, &format!("/nick {name}"));
        chat.types(peer, &format!("/ignore {name}"));
        chat.types(pest, "not heard");
        assert_eq!(lines(&mut chat, peer), [""; 0]);
        chat.alone.check();
    }
    chat.types(pest, "/quit");
    let names: BTreeSet<u32> = (1..=count).collect();
    for i in names.iter().map(|i| format!("pest{i}")) {
        let peer = chat.login(0, &i);
        chat.alone.check();
        chat.types(peer, "/quit");
    }
}

/// This many people, each of whom ignores the next ones.
fn crowd(chat: &mut Chat, people: u32, each: u32) -> Vec<PeerId> {
    let peers: Vec<PeerId> = (0..people)
        .map(|i| chat.login(i, &format!("p{i}")))
        .collect();
    for i in 0..people {
        for other in 1..=each {
            let line = format!("/ignore p{}", (i + other) % people);
            chat.types(peers[i as usize], &line);
        }
    }
    peers
}

fn steps(chat: &mut Chat, act: impl FnOnce(&mut Chat)) -> usize {
    let before = chat.alone.hub.targets.steps;
    act(chat);
    chat.alone.hub.targets.steps - before
}

#[test]
fn leaving_and_renaming_cost_no_more_where_many_ignore_one() {
    let mut chat = Chat::new();
    let peers: Vec<PeerId> = (0..500).map(|i| chat.login(i, &format!("p{i}"))).collect();
    let pest = chat.login(1000, "pest");
    for peer in &peers {
        chat.types(*peer, "/ignore pest");
    }
    assert_eq!(steps(&mut chat, |chat| chat.types(pest, "/nick rest")), 0);
    assert_eq!(steps(&mut chat, |chat| chat.types(pest, "/quit")), 1);
    let coming = steps(&mut chat, |chat| _ = chat.login(1000, "pest"));
    assert!(coming <= 2, "{coming}");
    assert_eq!(steps(&mut chat, |chat| chat.types(peers[0], "/quit")), 1);
    chat.alone.check();
}

#[test]
fn all_leave_at_once_at_a_price_of_what_they_ignored() {
    const EACH: u32 = 20;
    let price = |people| {
        let mut chat = Chat::new();
        let peers = crowd(&mut chat, people, EACH);
        chat.alone.check();
        let steps = steps(&mut chat, |chat| {
            for peer in peers {
                chat.event(peer, Event::Disconnected(CloseReason::EndOfInput));
            }
        });
        assert!(chat.alone.hub.targets.is_empty());
        steps
    };
    // The work is one step for each entry of a list, and for each person as a target.
    for people in [50, 200] {
        let most = (people * EACH + people) as usize;
        let steps = price(people);
        assert!(steps <= most, "{steps} of {most}");
    }
}

#[test]
fn whoever_comes_under_an_ignored_name_is_ignored_whoever_gets_the_slot_is_not() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(ann, "/ignore BOB");
    chat.types(bob, "/quit");
    let carl = chat.login(1, "carl");
    let bob = chat.login(2, "Bob");
    chat.alone.check();
    chat.types(carl, "from the slot");
    chat.types(bob, "from the name");
    assert_eq!(lines(&mut chat, ann), ["from the slot"]);
}

#[test]
fn a_list_goes_with_its_owner() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(ann, "/ignore bob");
    chat.types(bob, "/quit");
    chat.types(ann, "/quit");
    assert!(chat.alone.hub.targets.is_empty());
    let dora = chat.login(0, "dora");
    let bob = chat.login(1, "bob");
    chat.types(bob, "hello");
    assert_eq!(lines(&mut chat, dora), ["hello"]);
}

#[test]
fn another_name_does_not_bring_back_what_was_said_before() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(carl, "seen");
    chat.types(bob, "not seen");
    chat.types(ann, "/ignore bob");
    chat.types(bob, "/nick rob");
    chat.reads(ann);
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
    chat.types(bob, "/quit");
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
}

#[test]
fn lines_of_the_ignored_do_not_push_out_those_of_others() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(carl, "seen");
    for _ in 0..30 {
        chat.types(bob, "spam");
    }
    chat.types(ann, "/ignore bob");
    chat.reads(ann);
    chat.types(ann, "/history 5");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
}

#[test]
fn whom_one_ignores_while_away_is_not_read_on_coming_back() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(ann, "/away");
    chat.types(bob, "ann: one");
    chat.types(carl, "ann: two");
    chat.types(ann, "/ignore bob");
    chat.reads(ann);
    chat.types(ann, "/back");
    let told = chat.reads(ann);
    let back = AboutAway::Back {
        shown: 1,
        missed: 1,
    };
    assert_eq!(told[0], Message::Answer(back.into()));
    assert_eq!(told.len(), 3, "{told:?}");
}

#[test]
fn a_program_that_has_an_ignored_name_is_read_and_stays_in_the_history() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.login(1, "bob");
    chat.types(ann, "/ignore bob");
    chat.reads(ann);
    let mut effects = Effects::default();
    chat.alone.with_hub(chat.now, &mut effects, |hub, effects| {
        let name = Username::parse("bob").unwrap();
        hub.announce(RoomName::lobby(), name, "seen", effects);
    });
    chat.apply(effects);
    assert_eq!(chat.reads(ann).len(), 1);
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
}
