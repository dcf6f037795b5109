//! Who reads which bytes of a tick, without a socket.

mod consistency;
mod model;
mod several;

use super::*;
use crate::id::PersonId;
use crate::message::{AboutChat, AboutConnection, Message, News, Past};
use crate::moment::{Medium, Offset, Stamp};
use crate::name::Username;
use crate::net::{Gauge, Piece};
use crate::server::fanout::room_log::MIN_LOG;

const LOBBY: RoomId = RoomId::LOBBY;

fn said(text: &str) -> News {
    News::Said {
        from: Username::parse("x").unwrap(),
        text: text.into(),
    }
}

/// Short forms of the calls, for messages that come from nothing in particular.
impl Fanout {
    fn enters(&mut self, slot: Slot, room: RoomId, format: Format, tag: Option<&RoomName>) {
        let name = tag.cloned().unwrap_or_else(RoomName::lobby);
        self.enter(slot, room, &name, tag.is_none(), format);
    }

    fn says(
        &mut self,
        room: RoomId,
        except: impl Iterator<Item = Slot>,
        message: &Message,
        unix: i64,
    ) {
        self.say(room, except, &Told::new(message, unix));
    }

    fn tells(&mut self, slot: Slot, message: &Message, unix: i64) {
        self.reply(slot, &Told::new(message, unix));
    }
}

fn say(fanout: &mut Fanout, room: RoomId, except: Option<usize>, text: &str) {
    let except = except.into_iter().map(Slot::new);
    fanout.says(room, except, &said(text).into(), 0);
}

/// Ends the tick and returns what each of the slots reads, without the line ends.
fn read<const N: usize>(fanout: &mut Fanout, slots: [usize; N]) -> [String; N] {
    let mut readers = Vec::new();
    let logs = fanout.freeze(&Gauge::default(), |slot| readers.push(slot));
    readers.extend(slots.map(Slot::new));
    readers.sort_unstable();
    readers.dedup();
    let mut texts = [const { String::new() }; N];
    take(fanout, logs, readers, |slot, messages| {
        if let Some(i) = slots.iter().position(|&it| it == slot.index()) {
            texts[i] = String::from_utf8(messages.concat())
                .unwrap()
                .replace("\r\n", "|");
        }
    });
    texts
}

/// Takes everyone's share out, group by group, and begins the next tick. Returns how many groups there were.
fn take(
    fanout: &mut Fanout,
    logs: Logs,
    mut readers: Vec<Slot>,
    mut read: impl FnMut(Slot, &[&[u8]]),
) -> usize {
    let mut groups = 0;
    fanout.deal(logs, &mut readers, |dealt| match dealt {
        Dealt::Share(slot, pieces) => {
            assert!(pieces.iter().all(|piece| !piece.range.is_empty()));
            read(slot, &pieces.iter().flat_map(messages).collect::<Vec<_>>());
        }
        Dealt::GroupEnd => groups += 1,
    });
    groups
}

/// The messages of a piece, cut as its log says.
fn messages<'a>(piece: &Piece<'a>) -> impl Iterator<Item = &'a [u8]> {
    let Piece { log, range } = piece.clone();
    let mut start = range.start;
    let ends = log.ends().iter().map(|&end| end as usize);
    ends.filter_map(move |end| {
        let message = start..end;
        start = start.max(end.min(range.end));
        (!message.is_empty() && end <= range.end).then(|| &log.bytes()[message])
    })
}

fn lobby_of(people: usize) -> Fanout {
    let mut fanout = Fanout::default();
    for slot in 0..people {
        fanout.enters(Slot::new(slot), LOBBY, Format::default(), None);
    }
    fanout
}

#[test]
fn whoever_is_gone_has_no_share_in_the_tick() {
    let mut fanout = lobby_of(3);
    say(&mut fanout, LOBBY, Some(0), "a");
    fanout.reply_raw(Slot::new(1), b"psst\r\n");
    fanout.exit(Slot::new(1), LOBBY);
    fanout.forget(Slot::new(1));
    say(&mut fanout, LOBBY, None, "b");
    let texts = read(&mut fanout, [0, 1, 2]);
    assert_eq!(texts, ["x: b|", "", "x: a|x: b|"]);
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
    fanout.tells(
        Slot::new(0),
        &Message::Answer(AboutChat::UsersOnline(2).into()),
        0,
    );
    fanout.tells(
        Slot::new(0),
        &Message::Answer(AboutChat::UsersOnline(3).into()),
        0,
    );
    say(&mut fanout, LOBBY, Some(1), "after");
    let [text, _] = read(&mut fanout, [0, 1]);
    assert_eq!(text, "x: before|Users online: 2|Users online: 3|x: after|");
    assert!(fanout.shares.is_empty());
}

#[test]
fn who_comes_reads_from_then_on_and_who_goes_until_then() {
    let mut fanout = lobby_of(2);
    say(&mut fanout, LOBBY, None, "one");
    fanout.enters(Slot::new(2), LOBBY, Format::default(), None);
    say(&mut fanout, LOBBY, None, "two");
    fanout.exit(Slot::new(0), LOBBY);
    say(&mut fanout, LOBBY, None, "three");
    fanout.tells(Slot::new(0), &AboutConnection::Goodbye.into(), 0);
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
    fanout.enters(Slot::new(2), other, Format::default(), None);
    say(&mut fanout, LOBBY, None, "here");
    say(&mut fanout, other, None, "missed");
    fanout.exit(Slot::new(0), LOBBY);
    fanout.enters(Slot::new(0), other, Format::default(), None);
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
    fanout.enters(Slot::new(1), LOBBY, stamped, None);
    fanout.enters(Slot::new(2), LOBBY, quiet, None);
    let joined = News::Joined(Username::parse("new").unwrap()).into();
    fanout.says(LOBBY, [1, 2].map(Slot::new).into_iter(), &joined, 60);
    fanout.says(LOBBY, [0].map(Slot::new).into_iter(), &said("a").into(), 60);
    fanout.enters(Slot::new(1), LOBBY, Format::default(), None);
    fanout.says(
        LOBBY,
        [2, 3].map(Slot::new).into_iter(),
        &said("b").into(),
        120,
    );
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
    assert_eq!(fanout.channels.free.len(), 1, "the channel with stamps");
}

#[test]
fn a_peer_has_one_format_from_coming_to_going() {
    let stamped = Format {
        stamp: Stamp::Clock,
        ..Format::default()
    };
    let mut fanout = lobby_of(1);
    let steps: [fn(&mut Fanout, Format); 4] = [
        |it, format| it.introduce(Slot::new(1), format),
        |it, format| it.enters(Slot::new(1), LOBBY, format, None),
        |it, _| it.exit(Slot::new(1), LOBBY),
        |it, _| it.introduce(Slot::new(1), Format::default()),
    ];
    for (step, stamp) in steps
        .into_iter()
        .zip(["[00:01] ", "[00:01] ", "[00:01] ", ""])
    {
        step(&mut fanout, stamped);
        fanout.tells(Slot::new(1), &said("a").into(), 60);
        assert_eq!(read(&mut fanout, [1]), [format!("{stamp}x: a|")]);
    }
}

#[test]
fn a_buffer_is_used_again_unless_a_burst_made_it_large() {
    let mut fanout = lobby_of(1);
    let mut capacities = |text: &str| {
        say(&mut fanout, LOBBY, None, text);
        read(&mut fanout, [0]);
        let logs = fanout.spare.iter();
        logs.map(RoomLog::capacity).max().unwrap_or(0)
    };
    let few = capacities(&"x".repeat(1000));
    assert!((1000..=4 * MIN_LOG).contains(&few));
    assert_eq!(capacities("y"), few);
    assert!(capacities(&"x".repeat(100_000)) >= 100_000);
    assert_eq!(capacities("y"), 0);
}

fn zoned(stamp: Stamp, quiet: bool, minutes: i32) -> Format {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    let offset = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
    Format {
        stamp,
        offset: Offset::parse(&offset).unwrap(),
        quiet,
        ..Format::default()
    }
}

/// Every format that there is, once.
fn formats() -> Vec<Format> {
    let mut formats = Vec::new();
    for stamp in [Stamp::Off, Stamp::Clock, Stamp::Full] {
        for minutes in (-12 * 60..=14 * 60).step_by(15) {
            formats.extend([false, true].map(|quiet| zoned(stamp, quiet, minutes)));
        }
    }
    formats
}

#[test]
fn a_zone_makes_no_difference_while_stamps_are_off() {
    let mut fanout = Fanout::default();
    let zones = (-12 * 60..=14 * 60).step_by(15);
    for (slot, minutes) in zones.enumerate() {
        fanout.enters(
            Slot::new(slot),
            LOBBY,
            zoned(Stamp::Off, false, minutes),
            None,
        );
    }
    assert_eq!(fanout.channels.channels.len(), 1);
    // It does in what is dated.
    let news = said("a");
    let past = Past {
        seq: 1,
        at: 0,
        author: PersonId::HOUSE,
        account: None,
        room: None,
        news,
    };
    let past = Message::Past {
        past: past.into(),
        is_elsewhere: false,
    };
    fanout.tells(Slot::new(0), &past, 0);
    fanout.tells(Slot::new(104), &past, 0);
    let [west, east] = read(&mut fanout, [0, 104]);
    assert_eq!(west, "[1969-12-31 12:00] x: a|");
    assert_eq!(east, "[1970-01-01 14:00] x: a|");
}

#[test]
fn what_is_said_counts_once_however_many_formats_it_is_read_in() {
    let mut fanout = Fanout::default();
    let formats = formats();
    for (slot, &format) in formats.iter().enumerate() {
        fanout.enters(Slot::new(slot), LOBBY, format, None);
    }
    assert_eq!((formats.len(), fanout.channels.channels.len()), (630, 422));
    let line = "x".repeat(1000);
    say(&mut fanout, LOBBY, None, &line);
    let len = "x: ".len() + line.len() + "\r\n".len();
    assert_eq!(fanout.bytes, "[1970-01-01 00:00:00] ".len() + len);

    // They are put together one after the other: those with stamps, and the others as it is.
    let mut readers = Vec::new();
    let logs = fanout.freeze(&Gauge::default(), |slot| readers.push(slot));
    let mut bytes = 0;
    let groups = take(&mut fanout, logs, readers, |_, read| {
        bytes += read.concat().len();
    });
    assert_eq!(groups, 421);
    let stamps = 210 * "[13:05] ".len() + 210 * "[1970-01-01 00:00:00] ".len();
    assert_eq!(bytes, 630 * len + stamps);
}

#[test]
fn what_single_peers_are_told_does_not_end_the_tick_of_a_room() {
    let text = "x".repeat(1000);
    let tell = |fanout: &mut Fanout, slot| {
        let before = fanout.reply_bytes();
        fanout.tells(Slot::new(slot), &said(&text).into(), 0);
        fanout.reply_bytes() - before
    };
    let mut fanout = lobby_of(2);
    let mut told = 0;
    for slot in 0.. {
        if told + 2000 >= REPLIES_BYTES {
            break;
        }
        assert!(!fanout.is_full());
        told += tell(&mut fanout, slot);
    }
    assert!(told > 10 * LOG_BYTES);
    tell(&mut fanout, 0);
    tell(&mut fanout, 1);
    assert!(fanout.is_full(), "all of them together");

    let mut fanout = lobby_of(2);
    while fanout.told(Slot::new(0)) < LOG_BYTES {
        assert!(!fanout.is_full());
        tell(&mut fanout, 0);
    }
    assert!(fanout.is_full(), "one of them");
    read(&mut fanout, [0]);

    for _ in 0..LOG_BYTES / 1000 {
        assert!(!fanout.is_full());
        say(&mut fanout, LOBBY, None, &text);
    }
    assert!(fanout.is_full(), "the room");
}

#[test]
fn who_changes_formats_in_the_middle_reads_each_line_as_it_was_then() {
    let mut fanout = lobby_of(3);
    let clock = zoned(Stamp::Clock, false, 60);
    say(&mut fanout, LOBBY, None, "a");
    fanout.enters(Slot::new(0), LOBBY, clock, None);
    say(&mut fanout, LOBBY, Some(1), "b");
    fanout.enters(Slot::new(0), LOBBY, zoned(Stamp::Clock, true, 120), None);
    let joined = News::Joined(Username::parse("new").unwrap()).into();
    fanout.says(LOBBY, std::iter::empty(), &joined, 60);
    say(&mut fanout, LOBBY, Some(1), "c");
    fanout.exit(Slot::new(0), LOBBY);
    fanout.tells(Slot::new(0), &AboutConnection::Goodbye.into(), 0);
    fanout.enters(Slot::new(2), LOBBY, clock, None);
    let texts = read(&mut fanout, [0, 1, 2]);
    let changing = "x: a|[01:00] x: b|[02:00] x: c|Goodbye!|";
    let plain = "x: a|x: b|new has joined the chat.|x: c|";
    assert_eq!(texts, [changing, "x: a|new has joined the chat.|", plain]);
    assert_eq!(fanout.check_between_ticks(), 2);
}
