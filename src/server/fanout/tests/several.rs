//! People who hear several rooms.

use super::{Dealt, Fanout, Format, Gauge, LOBBY, Message, RoomId, RoomName, Slot, read, said};
use super::{say, take, zoned};
use crate::limits::{MERGED_PIECE_BYTES, ROOMS_HEARD};
use crate::message::AboutChat;
use crate::moment::Stamp;
use crate::tally;

const DEN: RoomId = RoomId(1);

fn name(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

/// Enters the lobby as the current room, and the den besides.
fn hear_both(fanout: &mut Fanout, slot: usize, format: Format) {
    fanout.enters(Slot::new(slot), LOBBY, format, None);
    fanout.enters(Slot::new(slot), DEN, format, Some(&name("den")));
}

fn tell(fanout: &mut Fanout, slot: usize, count: usize) {
    let answer = Message::Answer(AboutChat::UsersOnline(count).into());
    fanout.tells(Slot::new(slot), &answer, 0);
}

/// The lengths of a peer's pieces, and how many groups there were.
fn pieces(fanout: &mut Fanout, slot: usize) -> (Vec<usize>, usize) {
    let mut readers = Vec::new();
    let logs = fanout.freeze(&Gauge::default(), |slot| readers.push(slot));
    readers.sort_unstable();
    readers.dedup();
    let (mut lengths, mut groups) = (Vec::new(), 0);
    fanout.deal(logs, &mut readers, |dealt| match dealt {
        Dealt::Share(it, pieces) if it == Slot::new(slot) => {
            lengths.extend(pieces.iter().map(|it| it.range.len()));
        }
        Dealt::Share(..) => {}
        Dealt::GroupEnd => groups += 1,
    });
    (lengths, groups)
}

#[test]
fn the_lines_of_all_rooms_and_the_replies_have_one_order() {
    let mut fanout = Fanout::default();
    hear_both(&mut fanout, 0, Format::default());
    hear_both(&mut fanout, 1, zoned(Stamp::Clock, false, 0));
    fanout.enters(Slot::new(2), DEN, Format::default(), None);
    say(&mut fanout, DEN, Some(2), "a");
    say(&mut fanout, LOBBY, Some(1), "b");
    say(&mut fanout, DEN, Some(0), "c");
    tell(&mut fanout, 0, 2);
    say(&mut fanout, LOBBY, None, "d");
    say(&mut fanout, DEN, None, "e");
    tell(&mut fanout, 0, 3);
    let texts = read(&mut fanout, [0, 1, 2]);
    assert_eq!(
        texts,
        [
            "#den x: a|x: b|Users online: 2|x: d|#den x: e|Users online: 3|",
            "[00:00] #den x: a|[00:00] #den x: c|[00:00] x: d|[00:00] #den x: e|",
            "x: c|x: e|"
        ]
    );
    assert_eq!(fanout.check_between_ticks(), 5);
}

#[test]
fn the_current_room_has_no_tag_and_a_room_that_was_left_is_not_heard() {
    let mut fanout = Fanout::default();
    let format = Format::default();
    hear_both(&mut fanout, 0, format);
    fanout.enters(Slot::new(1), LOBBY, format, None);
    fanout.enters(Slot::new(1), DEN, format, Some(&name("den")));
    let say_both = |fanout: &mut Fanout, text| {
        say(fanout, LOBBY, None, text);
        say(fanout, DEN, None, text);
    };
    say_both(&mut fanout, "a");
    fanout.enters(Slot::new(0), LOBBY, format, Some(&name("lobby")));
    fanout.enters(Slot::new(0), DEN, format, None);
    say_both(&mut fanout, "b");
    fanout.exit(Slot::new(0), LOBBY);
    say_both(&mut fanout, "c");
    fanout.exit(Slot::new(0), DEN);
    say_both(&mut fanout, "d");
    let [text, _] = read(&mut fanout, [0, 1]);
    assert_eq!(text, "x: a|#den x: a|#lobby x: b|x: b|x: c|");
    assert_eq!(fanout.check_between_ticks(), 2);
}

#[test]
fn sixteen_rooms_are_heard_in_order() {
    let mut fanout = Fanout::default();
    let rooms = (0..ROOMS_HEARD).map(|it| RoomId(it as u32));
    let mut expected = String::new();
    for room in rooms.clone() {
        let tag = (room != LOBBY).then(|| name(&format!("room-{}", room.0)));
        fanout.enters(Slot::new(0), room, Format::default(), tag.as_ref());
    }
    for room in rooms.clone().rev().chain(rooms) {
        say(&mut fanout, room, None, "a");
        expected += &match room {
            LOBBY => "x: a|".into(),
            RoomId(it) => format!("#room-{it} x: a|"),
        };
    }
    assert_eq!(read(&mut fanout, [0]), [expected]);
}

#[test]
fn people_who_read_the_same_are_served_together() {
    let mut fanout = Fanout::default();
    for slot in 0..100 {
        hear_both(&mut fanout, slot, Format::default());
    }
    fanout.enters(Slot::new(100), LOBBY, Format::default(), None);
    fanout.enters(Slot::new(101), DEN, Format::default(), None);
    let mut groups = |rooms: &[RoomId]| {
        for &room in rooms {
            say(&mut fanout, room, None, "a");
        }
        let (lengths, groups) = pieces(&mut fanout, 7);
        (lengths.len(), groups)
    };
    assert_eq!(groups(&[LOBBY]), (1, 1), "as people who hear no other room");
    assert_eq!(groups(&[DEN]), (1, 2), "behind the tag, and without it");
    assert_eq!(groups(&[LOBBY, DEN, LOBBY]), (1, 2), "one combination");
    assert_eq!(groups(&[]), (0, 0));
}

#[test]
fn people_who_read_more_or_less_than_others_are_served_alone() {
    let mut fanout = Fanout::default();
    let say_both = |fanout: &mut Fanout, text| {
        say(fanout, DEN, None, text);
        say(fanout, LOBBY, None, text);
    };
    hear_both(&mut fanout, 0, Format::default());
    hear_both(&mut fanout, 1, Format::default());
    fanout.enters(Slot::new(2), LOBBY, Format::default(), None);
    tell(&mut fanout, 1, 1);
    say_both(&mut fanout, "a");
    hear_both(&mut fanout, 2, Format::default());
    hear_both(&mut fanout, 3, Format::default());
    say_both(&mut fanout, "b");
    let [a, b] = ["a", "b"].map(|it| format!("#den x: {it}|x: {it}|"));
    let texts = read(&mut fanout, [0, 1, 2, 3]);
    assert_eq!(texts[0], format!("{a}{b}"));
    assert_eq!(texts[1], format!("Users online: 1|{a}{b}"));
    assert_eq!(texts[2], format!("x: a|{b}"));
    assert_eq!(texts[3], b);
}

#[test]
fn a_span_that_goes_on_in_a_second_room_keeps_its_place() {
    let mut fanout = Fanout::default();
    fanout.enters(Slot::new(0), LOBBY, Format::default(), None);
    say(&mut fanout, LOBBY, None, "a");
    fanout.exit(Slot::new(0), LOBBY);
    hear_both(&mut fanout, 0, Format::default());
    say(&mut fanout, DEN, None, "b");
    say(&mut fanout, LOBBY, None, "c");
    say(&mut fanout, LOBBY, Some(0), "d");
    assert_eq!(read(&mut fanout, [0]), ["x: a|#den x: b|x: c|"]);
}

#[test]
fn short_pieces_are_copied_together_and_long_ones_are_not() {
    let mut fanout = Fanout::default();
    hear_both(&mut fanout, 0, Format::default());
    for _ in 0..1000 {
        say(&mut fanout, LOBBY, None, "a");
        say(&mut fanout, DEN, None, "b");
    }
    assert_eq!(pieces(&mut fanout, 0), (vec![1000 * (6 + 11)], 1));
    let line = MERGED_PIECE_BYTES;
    let long = "y".repeat(line - "x: \r\n".len());
    for text in ["a", &long] {
        say(&mut fanout, DEN, None, "b");
        say(&mut fanout, LOBBY, None, text);
    }
    assert_eq!(pieces(&mut fanout, 0), (vec![11 + 6 + 11, line], 1));
    for text in ["a", "b", "c"] {
        say(&mut fanout, LOBBY, None, text);
    }
    say(&mut fanout, DEN, None, "d");
    assert_eq!(pieces(&mut fanout, 0), (vec![3 * 6 + 11], 1));
}

#[test]
fn a_line_is_rendered_once_however_many_people_hear_several_rooms() {
    let work = |people: usize| {
        let mut fanout = Fanout::default();
        for slot in 0..people {
            hear_both(&mut fanout, slot, Format::default());
        }
        let before = tally::done();
        for room in [LOBBY, DEN, LOBBY] {
            fanout.says(room, std::iter::empty(), &said("a").into(), 0);
        }
        let mut readers = Vec::new();
        let logs = fanout.freeze(&Gauge::default(), |slot| readers.push(slot));
        readers.sort_unstable();
        readers.dedup();
        let mut read = 0;
        take(&mut fanout, logs, readers, |_, lines| read += lines.len());
        assert_eq!(read, 3 * people);
        let after = tally::done();
        (after.writes - before.writes, after.steps - before.steps)
    };
    let (writes, steps) = work(10);
    assert_eq!(writes, 3 + 1, "each line, and the combination");
    assert_eq!(work(1000), (writes, steps));
}
