//! Who reads which bytes of a tick, without a socket.

mod consistency;
mod model;

use super::*;
use crate::message::Answer;
use crate::moment::Stamp;
use crate::name::Username;

const LOBBY: RoomId = RoomId::LOBBY;

fn said(text: &str) -> Message {
    Message::Said {
        from: Username::parse("x").unwrap(),
        text: text.into(),
    }
}

fn say(fanout: &mut Fanout, room: RoomId, except: Option<u32>, text: &str) {
    fanout.say(room, except.into_iter(), &said(text), 0);
}

/// Ends the tick and returns what each of the slots reads, without the line ends.
fn read<const N: usize>(fanout: &mut Fanout, slots: [u32; N]) -> [String; N] {
    let mut readers = Vec::new();
    let logs = fanout.freeze(|slot| readers.push(slot));
    readers.extend(slots);
    readers.sort_unstable();
    readers.dedup();
    let mut texts = [const { String::new() }; N];
    for slot in readers {
        let mut pieces = Vec::new();
        fanout.take_share(slot, &logs, &mut pieces);
        assert!(pieces.iter().all(|piece| !piece.range.is_empty()));
        if let Some(i) = slots.iter().position(|&s| s == slot) {
            let bytes: Vec<u8> = pieces.iter().flat_map(|p| p.bytes()).copied().collect();
            texts[i] = String::from_utf8(bytes).unwrap().replace("\r\n", "|");
        }
    }
    fanout.thaw(logs);
    texts
}

fn lobby_of(people: u32) -> Fanout {
    let mut fanout = Fanout::default();
    for slot in 0..people {
        fanout.enter(slot, LOBBY, Format::default());
    }
    fanout
}

#[test]
fn everyone_reads_every_line_but_their_own() {
    let mut fanout = lobby_of(3);
    for (slot, text) in [(0, "a"), (1, "b"), (1, "c"), (0, "d")] {
        say(&mut fanout, LOBBY, Some(slot), text);
    }
    let texts = read(&mut fanout, [0, 1, 2]);
    assert_eq!(texts, ["x: b|x: c|", "x: a|x: d|", "x: a|x: b|x: c|x: d|"]);
    assert_eq!(read(&mut fanout, [0, 1, 2]), ["", "", ""]);
}

#[test]
fn a_reply_keeps_its_place_among_the_lines_of_the_room() {
    let mut fanout = lobby_of(2);
    say(&mut fanout, LOBBY, Some(1), "before");
    fanout.reply(0, &Message::Answer(Answer::UsersOnline(2)), 0);
    fanout.reply(0, &Message::Answer(Answer::UsersOnline(3)), 0);
    say(&mut fanout, LOBBY, Some(1), "after");
    let [text, _] = read(&mut fanout, [0, 1]);
    assert_eq!(text, "x: before|Users online: 2|Users online: 3|x: after|");
    assert_eq!(fanout.spans.len(), 0);
}

#[test]
fn who_comes_reads_from_then_on_and_who_goes_until_then() {
    let mut fanout = lobby_of(2);
    say(&mut fanout, LOBBY, None, "one");
    fanout.enter(2, LOBBY, Format::default());
    say(&mut fanout, LOBBY, None, "two");
    fanout.exit(0);
    say(&mut fanout, LOBBY, None, "three");
    fanout.reply(0, &Message::Goodbye, 0);
    let texts = read(&mut fanout, [0, 1, 2]);
    assert_eq!(
        texts,
        [
            "x: one|x: two|Goodbye!|",
            "x: one|x: two|x: three|",
            "x: two|x: three|"
        ]
    );
}

#[test]
fn changing_rooms_keeps_the_order() {
    let other = RoomId(3);
    let mut fanout = lobby_of(2);
    fanout.enter(2, other, Format::default());
    say(&mut fanout, LOBBY, None, "here");
    say(&mut fanout, other, None, "missed");
    fanout.enter(0, other, Format::default());
    say(&mut fanout, LOBBY, None, "gone");
    say(&mut fanout, other, Some(0), "mine");
    say(&mut fanout, other, None, "there");
    let texts = read(&mut fanout, [0, 1, 2]);
    assert_eq!(
        texts,
        [
            "x: here|x: there|",
            "x: here|x: gone|",
            "x: missed|x: mine|x: there|"
        ]
    );
}

#[test]
fn each_format_is_rendered_for_those_who_read_it() {
    let stamped = Format {
        stamp: Stamp::Clock,
        ..Format::default()
    };
    let quiet = Format {
        quiet: true,
        ..Format::default()
    };
    let mut fanout = lobby_of(4);
    fanout.enter(1, LOBBY, stamped);
    fanout.enter(2, LOBBY, quiet);
    let joined = Message::Joined(Username::parse("new").unwrap());
    fanout.say(LOBBY, [1, 2].into_iter(), &joined, 60);
    fanout.say(LOBBY, [0].into_iter(), &said("a"), 60);
    fanout.enter(1, LOBBY, Format::default());
    fanout.say(LOBBY, [2, 3].into_iter(), &said("b"), 120);
    let texts = read(&mut fanout, [0, 1, 2, 3]);
    assert_eq!(
        texts,
        [
            "new has joined the chat.|x: b|",
            "[00:01] x: a|x: b|",
            "x: a|",
            "new has joined the chat.|x: a|"
        ]
    );
    assert_eq!(fanout.free.len(), 1, "the channel with stamps");
}

#[test]
fn a_buffer_is_used_again_unless_a_burst_made_it_large() {
    let mut fanout = lobby_of(1);
    let mut capacities = |text: &str| {
        say(&mut fanout, LOBBY, None, text);
        read(&mut fanout, [0]);
        let buffers = fanout.spare.iter().chain(&fanout.logs);
        buffers.map(BytesMut::capacity).max().unwrap()
    };
    let few = capacities(&"x".repeat(1000));
    assert!((1000..=4 * MIN_LOG).contains(&few));
    assert_eq!(capacities("y"), few);
    assert!(capacities(&"x".repeat(100_000)) >= 100_000);
    assert!(capacities("y") <= 4 * MIN_LOG);
}
