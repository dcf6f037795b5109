//! Rooms: what people see when they come in, and which topics are set.

use super::*;
use crate::limits::{REPLAYED_LINES, ROOMS_REMEMBERED};
use crate::message::{AboutRooms, Answer, Message};

#[test]
fn a_topic_that_is_not_there_is_not_cleared_aloud() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.reads(ann);
    chat.types(ann, "/topic -");
    assert!(matches!(
        chat.answers(ann)[..],
        [Answer::Rooms(AboutRooms::Topic { topic: None, .. })]
    ));
    assert_eq!(chat.reads(bob), []);
}

/// How many lines of the past a person sees when they go to a room.
fn shown(chat: &mut Chat, peer: PeerId, room: &str) -> usize {
    chat.reads(peer);
    chat.types(peer, &format!("/join {room}"));
    chat.alone.check();
    let told = chat.reads(peer).into_iter();
    told.filter(|it| matches!(it, Message::Past { .. })).count()
}

#[test]
fn coming_back_shows_what_is_new() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    for line in ["one", "two", "three"] {
        chat.types(bob, line);
    }
    assert_eq!(shown(&mut chat, ann, "den"), 0);
    assert_eq!(shown(&mut chat, ann, "lobby"), 0, "nothing is new");
    shown(&mut chat, ann, "den");
    chat.types(bob, "four");
    assert_eq!(shown(&mut chat, ann, "lobby"), 1);
    shown(&mut chat, ann, "den");
    for _ in 0..2 * REPLAYED_LINES {
        chat.types(bob, "more");
    }
    assert_eq!(shown(&mut chat, ann, "lobby"), REPLAYED_LINES);
    let carl = chat.login(2, "carl");
    chat.types(carl, "/join den");
    assert_eq!(
        shown(&mut chat, carl, "lobby"),
        0,
        "he read it on coming in"
    );
}

#[test]
fn a_room_that_comes_again_is_another_one() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(ann, "/join den");
    for _ in 0..5 {
        chat.types(ann, "hello");
    }
    chat.types(ann, "/leave");
    chat.types(bob, "/join den");
    chat.types(bob, "hi");
    assert_eq!(shown(&mut chat, ann, "den"), 1);
}

#[test]
fn so_many_rooms_are_remembered() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.types(ann, "hello");
    for i in 1..ROOMS_REMEMBERED {
        shown(&mut chat, ann, &format!("room{i}"));
    }
    assert_eq!(shown(&mut chat, ann, "lobby"), 0);
    for i in 0..=ROOMS_REMEMBERED {
        shown(&mut chat, ann, &format!("room{i}"));
    }
    assert_eq!(shown(&mut chat, ann, "lobby"), 1);
}
