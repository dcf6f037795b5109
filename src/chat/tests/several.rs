//! Several rooms at once: the readers of each line, and the people whom everybody sees.

use super::*;
use crate::limits::ROOMS_HEARD;
use crate::message::{AboutAway, AboutHearing, AboutReading, AboutRooms, Elsewhere, Here};

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

fn answer(about: impl Into<Answer>) -> Message {
    Message::Answer(about.into())
}

/// Ann in the lobby, hearing the den; Bob in the den; Carl in the kitchen. Nobody has anything left to read.
fn three() -> (Chat, [PeerId; 3]) {
    let mut chat = Chat::new();
    let people = [(0, "ann"), (1, "bob"), (2, "carl")].map(|(slot, name)| chat.login(slot, name));
    let [ann, bob, carl] = people;
    chat.types(bob, "/join den");
    chat.types(carl, "/join kitchen");
    chat.types(ann, "/listen den");
    people.iter().for_each(|it| drop(chat.reads(*it)));
    (chat, people)
}

/// How the people of a room are listed: their names, and where else they are.
fn listed(chat: &mut Chat, by: PeerId, room: &str) -> Vec<(String, Option<Elsewhere>)> {
    chat.reads(by);
    chat.types(by, &format!("/who {room}"));
    match &chat.answers(by)[..] {
        [Answer::Rooms(AboutRooms::Who { people, .. })] => people
            .iter()
            .map(|it| (it.name.to_string(), it.elsewhere.clone()))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everyone_in_a_room_sees_who_hears_it() {
    let mut chat = Chat::new();
    let [ann, bob] = [(0, "ann"), (1, "bob")].map(|(slot, name)| chat.login(slot, name));
    chat.types(bob, "/join den");
    chat.reads(bob);
    chat.types(ann, "/listen den");
    let who = name("ann");
    let from = RoomName::lobby();
    assert_eq!(
        chat.reads(bob),
        [News::ListensIn {
            who,
            from: Some(from)
        }
        .into()]
    );
    let both = [
        ("ann".into(), Some(Elsewhere::In(RoomName::lobby()))),
        ("bob".into(), None),
    ];
    assert_eq!(listed(&mut chat, bob, "den"), both);
    chat.types(ann, "/switch den");
    assert_eq!(chat.reads(bob), [], "she was there before");
    let both = [("ann".into(), None), ("bob".into(), None)];
    assert_eq!(listed(&mut chat, bob, "den"), both);
    let ann_alone = [("ann".into(), Some(Elsewhere::In(room("den"))))];
    assert_eq!(listed(&mut chat, bob, "lobby"), ann_alone);
    chat.types(ann, "/switch lobby");
    chat.types(ann, "/unlisten den");
    let no_more = News::ListensNoMore(name("ann"));
    assert_eq!(chat.reads(bob), [no_more.into()]);
    assert_eq!(listed(&mut chat, bob, "den"), [("bob".into(), None)]);
}

#[test]
fn lines_go_to_the_current_room_or_to_the_one_that_is_named() {
    let (mut chat, [ann, bob, carl]) = three();
    chat.types(ann, "hello");
    chat.types(ann, "/in den hi there");
    chat.types(ann, "/in #DEN //help");
    chat.types(ann, "/in den /ME  waves ");
    let (from, text) = (name("ann"), "waves".into());
    let waves: Message = News::Action { from, text }.into();
    let read = [said("ann", "hi there"), said("ann", "/help"), waves.clone()];
    assert_eq!(chat.reads(bob), read);
    assert_eq!(chat.reads(ann), [waves]);
    chat.types(ann, "/switch den");
    chat.types(ann, "here");
    assert_eq!(chat.reads(bob), [said("ann", "here")]);
    assert_eq!(chat.reads(carl), []);
}

#[test]
fn nothing_is_said_where_one_does_not_hear() {
    let (mut chat, [ann, bob, carl]) = three();
    let not_sent = |it: &str| answer(AboutHearing::NotSent(room(it)));
    for (line, refusal) in [
        ("/in kitchen hi", not_sent("kitchen")),
        ("/in nowhere hi", not_sent("nowhere")),
        ("/in den /who", answer(AboutHearing::OnlySaid)),
        ("/in den /me", answer(AboutHearing::OnlySaid)),
        ("/in den /x", answer(AboutHearing::OnlySaid)),
        (
            "/switch kitchen",
            answer(AboutHearing::NotHeard(room("kitchen"))),
        ),
        (
            "/unlisten kitchen",
            answer(AboutHearing::NotHeard(room("kitchen"))),
        ),
        (
            "/unlisten lobby",
            answer(AboutHearing::Current(room("lobby"))),
        ),
        (
            "/switch lobby",
            answer(AboutRooms::InRoomAlready(room("lobby"))),
        ),
        (
            "/listen lobby",
            answer(AboutRooms::InRoomAlready(room("lobby"))),
        ),
        ("/listen den", answer(AboutHearing::Already(room("den")))),
    ] {
        chat.types(ann, line);
        assert_eq!(chat.reads(ann), [refusal], "{line}");
        assert_eq!([bob, carl].map(|it| chat.reads(it)), [[], []], "{line}");
    }
}

#[test]
fn joining_a_room_that_one_hears_leaves_the_one_before() {
    let (mut chat, [ann, bob, _]) = three();
    let dora = chat.login(3, "dora");
    chat.reads(ann);
    chat.types(ann, "/join den");
    assert_eq!(chat.reads(ann), [answer(AboutRooms::InRoom(room("den")))]);
    assert_eq!(chat.reads(bob), [], "she was there before");
    let (who, there) = (name("ann"), room("den"));
    assert_eq!(
        chat.reads(dora),
        [News::WentTo {
            who,
            room: Some(there)
        }
        .into()]
    );
    chat.types(ann, "/unlisten all");
    assert_eq!(chat.reads(ann), [answer(AboutHearing::NoOther)]);
    chat.types(ann, "/listen kitchen");
    chat.reads(ann);
    chat.types(ann, "/leave");
    chat.types(ann, "/in kitchen still here");
    chat.types(ann, "/rooms");
    let rows = match &chat.answers(ann)[..] {
        [_, Answer::Rooms(AboutRooms::Rooms { rows, .. })] => rows.clone(),
        other => panic!("{other:?}"),
    };
    let marks: Vec<_> = rows.iter().map(|it| (it.name.name(), it.here)).collect();
    let here = [
        ("lobby", Some(Here::Current)),
        ("kitchen", Some(Here::Hears)),
        ("den", None),
    ];
    assert_eq!(marks, here);
}

#[test]
fn what_concerns_a_person_is_told_in_each_of_their_rooms() {
    let (mut chat, [ann, bob, carl]) = three();
    chat.types(bob, "/listen lobby");
    chat.reads(ann);
    chat.reads(bob);
    chat.types(ann, "/nick Anna");
    let (from, to) = (name("ann"), name("Anna"));
    let renamed: Message = News::Renamed { from, to }.into();
    assert_eq!(chat.reads(bob), [renamed.clone(), renamed.clone()]);
    assert_eq!(chat.reads(ann), [renamed.clone(), renamed]);
    chat.types(ann, "/quit");
    let (who, word) = (name("Anna"), None);
    let left: Message = News::Left { who, word }.into();
    assert_eq!(chat.reads(bob), [left.clone(), left]);
    assert_eq!(chat.reads(carl), []);
}

#[test]
fn a_notice_is_read_once_however_many_rooms_one_hears() {
    let (mut chat, people) = three();
    let mut effects = Effects::default();
    chat.alone.notice(chat.now, "at noon", &mut effects);
    chat.apply(effects);
    let notice: Message = News::Notice("at noon".into()).into();
    for peer in people {
        assert_eq!(chat.reads(peer), std::slice::from_ref(&notice));
    }
}

#[test]
fn whoever_is_away_misses_lines_of_all_their_rooms() {
    let (mut chat, [ann, bob, _]) = three();
    chat.types(ann, "/away");
    let dora = chat.login(3, "dora");
    chat.types(dora, "ann: lunch?");
    chat.reads(bob);
    chat.types(bob, "ann, tea?");
    let away = AboutAway::Away(name("ann"), None);
    assert_eq!(chat.answers(bob), [away.into()]);
    chat.types(ann, "/switch den");
    chat.types(ann, "/unlisten lobby");
    chat.types(dora, "ann?");
    chat.reads(ann);
    chat.types(ann, "/back");
    let told = chat.reads(ann);
    let past = told.iter().filter_map(|it| match it {
        Message::Past { past, is_elsewhere } => Some((past.room.clone().unwrap(), *is_elsewhere)),
        _ => None,
    });
    let from = [(RoomName::lobby(), true), (room("den"), false)];
    assert_eq!(past.collect::<Vec<_>>(), from, "{told:?}");
    assert!(told.contains(&Message::Answer(AboutReading::End.into())));
}

#[test]
fn a_person_is_in_so_many_rooms_and_no_more() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    for i in 1..ROOMS_HEARD {
        chat.types(ann, &format!("/listen r{i}"));
        chat.alone.check();
    }
    chat.reads(ann);
    chat.types(ann, "/listen more");
    assert_eq!(chat.reads(ann), [answer(AboutHearing::TooMany)]);
    let rooms = chat.alone.hub.rooms.iter().count();
    assert_eq!(rooms, ROOMS_HEARD, "the last one is not made");
    chat.types(ann, "/join more");
    assert_eq!(chat.reads(ann), [answer(AboutRooms::InRoom(room("more")))]);
    let others: Vec<RoomName> = (1..ROOMS_HEARD).map(|i| room(&format!("r{i}"))).collect();
    chat.types(ann, "/unlisten all");
    assert_eq!(chat.reads(ann), [answer(AboutHearing::NoMore(others))]);
    assert_eq!(chat.alone.hub.rooms.iter().count(), 2);
}
