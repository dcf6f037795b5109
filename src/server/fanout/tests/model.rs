//! The fan-out beside a plain model of it: a buffer for each peer, into which every message is rendered for them alone
//! when it is told. So the order of a peer's rooms and replies is that in which they were told.

use std::collections::BTreeMap;

use super::*;
use crate::dice::Dice;
use crate::id::PersonId;
use crate::message::{AboutChat, Message, News, Past};
use crate::wire::{is_hidden, put_object, render, write_object};

const SLOTS: usize = 7;
const ROOMS: usize = 3;

/// A message as one program reads it.
fn object(
    message: &Message,
    room: Option<&RoomName>,
    reader: Option<Slot>,
    format: Format,
    out: &mut BytesMut,
) {
    let mut object = BytesMut::new();
    write_object(&Told::new(message, 0), room, reader, &mut object);
    put_object(&object, format.medium, out);
}

/// How somebody reads a room: the format, and the tag.
type Reading = (Format, Option<RoomName>);

/// Both, and where everyone is.
struct Pair {
    fanout: Fanout,
    dice: Dice,
    places: [BTreeMap<RoomId, Reading>; SLOTS],
    /// The names of the rooms, as they were told last.
    names: [RoomName; ROOMS],
    /// Of the messages to them alone.
    formats: [Format; SLOTS],
    /// What everyone is to read, message by message.
    expected: [Vec<BytesMut>; SLOTS],
    said: usize,
    /// Lines of rooms, each once for everyone who is to read it.
    deliveries: u64,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        Pair {
            fanout: Fanout::default(),
            dice: Dice::new(seed),
            places: Default::default(),
            names: [(); ROOMS].map(|()| RoomName::lobby()),
            formats: [Format::default(); SLOTS],
            expected: Default::default(),
            said: 0,
            deliveries: 0,
        }
    }

    fn slot(&mut self) -> usize {
        self.dice.below(SLOTS)
    }

    fn room(&mut self) -> RoomId {
        RoomId(self.dice.below(ROOMS) as u32)
    }

    /// Half of them have the same format, so that some read the same bytes.
    fn format(&mut self) -> Format {
        if self.dice.below(2) == 0 {
            return Format::default();
        }
        let media = [Medium::Text, Medium::Json, Medium::WebSocket];
        let medium = media[self.dice.below(3)];
        if medium != Medium::Text {
            let quiet = self.dice.below(3) == 0;
            return Format {
                medium,
                quiet,
                ..Format::default()
            };
        }
        let stamps = [Stamp::Off, Stamp::Clock, Stamp::Full];
        let offsets = ["+00:00", "+05:45", "-12:00"];
        Format {
            medium,
            stamp: stamps[self.dice.below(3)],
            offset: Offset::parse(self.dice.pick(&offsets)).unwrap(),
            quiet: self.dice.below(3) == 0,
        }
    }

    /// Something that is hidden from the quiet, stamped for some, or the same for all.
    fn message(&mut self) -> Message {
        self.said += 1;
        let name = Username::parse(&format!("n{}", self.said)).unwrap();
        match self.dice.below(5) {
            0 => News::Joined(name).into(),
            4 => News::Away {
                who: name,
                is_away: true,
                text: None,
            }
            .into(),
            1 => Message::Answer(AboutChat::UsersOnline(self.said).into()),
            2 => said(&"y".repeat(self.dice.below(3000))).into(),
            _ => said(name.as_str()).into(),
        }
    }

    /// Somebody hears a room, or hears it otherwise. Half of them leave the others.
    fn enter(&mut self) {
        let (slot, room, format) = (self.slot(), self.room(), self.format());
        if self.dice.below(2) == 0 {
            self.exit_all(slot, |it| it != room);
        }
        // The number of a room may be that of another room soon.
        let names = ["", "", "den", "den", "Den", "a-longer-name"];
        let tag = RoomName::parse(self.dice.pick(&names)).ok();
        let name = tag.clone().unwrap_or_else(RoomName::lobby);
        self.fanout
            .enter(Slot::new(slot), room, &name, tag.is_none(), format);
        self.names[room.index()] = name;
        self.places[slot].insert(room, (format, tag));
        self.formats[slot] = format;
    }

    fn exit_all(&mut self, slot: usize, is_left: impl Fn(RoomId) -> bool) {
        for room in (0..ROOMS).map(|it| RoomId(it as u32)) {
            if is_left(room) {
                self.fanout.exit(Slot::new(slot), room);
                self.places[slot].remove(&room);
            }
        }
    }

    /// Somebody leaves a room or all, and perhaps somebody else has the slot then.
    fn exit(&mut self) {
        let (slot, room) = (self.slot(), self.room());
        let is_all = self.dice.below(3) == 0;
        self.exit_all(slot, |it| is_all || it == room);
        if is_all && self.dice.below(2) == 0 {
            self.formats[slot] = self.format();
            self.fanout.introduce(Slot::new(slot), self.formats[slot]);
        }
    }

    /// Says something, perhaps without some: people elsewhere may be among them, and some twice.
    fn say(&mut self) {
        let (room, message) = (self.room(), self.message());
        let unix = self.said as i64 * 1000;
        let count = self.dice.below(2 * SLOTS).saturating_sub(SLOTS);
        let except: Vec<Slot> = (0..count).map(|_| Slot::new(self.slot())).collect();
        self.fanout
            .says(room, except.iter().copied(), &message, unix);
        for slot in 0..SLOTS {
            let Some((format, tag)) = self.places[slot].get(&room).cloned() else {
                continue;
            };
            if !except.contains(&Slot::new(slot)) && !is_hidden(&message, format, tag.is_some()) {
                self.deliveries += 1;
                if format.is_for_programs() {
                    let name = self.names[room.index()].clone();
                    self.expect(slot, |out| object(&message, Some(&name), None, format, out));
                    continue;
                }
                let tag = tag.map_or(String::new(), |it| format!("{it} "));
                self.expect(slot, |out| {
                    render(&message, unix, format, out);
                    let line = out.split_off(match &message {
                        Message::News(_) => format.stamp.len(),
                        _ => 0,
                    });
                    out.extend_from_slice(tag.as_bytes());
                    out.extend_from_slice(&line);
                });
            }
        }
    }

    fn expect(&mut self, slot: usize, write: impl FnOnce(&mut BytesMut)) {
        let mut bytes = BytesMut::new();
        write(&mut bytes);
        if !bytes.is_empty() {
            self.expected[slot].push(bytes);
        }
    }

    fn reply(&mut self) {
        let (slot, mut message) = (self.slot(), self.message());
        if let Message::News(news) = &message
            && self.dice.below(2) == 0
        {
            let unix = self.said as i64 * 1000;
            let past = Past {
                seq: 1,
                at: unix * 1000,
                author: PersonId::HOUSE,
                account: None,
                room: None,
                news: news.clone(),
            };
            message = Message::Past {
                past: past.into(),
                is_elsewhere: false,
            };
        }
        let format = self.formats[slot];
        self.fanout.tells(Slot::new(slot), &message, 5);
        self.expect(slot, |out| match format.is_for_programs() {
            true => object(&message, None, Some(Slot::new(slot)), format, out),
            false => render(&message, 5, format, out),
        });
    }

    fn reply_raw(&mut self) {
        let slot = self.slot();
        self.fanout.reply_raw(Slot::new(slot), b"\xff\xf6");
        self.expect(slot, |out| out.extend_from_slice(b"\xff\xf6"));
    }

    /// Ends the tick: everyone reads what the model says, and those who read anything are passed as readers.
    fn tick(&mut self) {
        let mut readers = Vec::new();
        let gauge = Gauge::default();
        let logs = self.fanout.freeze(&gauge, |slot| readers.push(slot));
        readers.sort_unstable();
        readers.dedup();
        take(&mut self.fanout, logs, readers, |slot, messages| {
            let expected = std::mem::take(&mut self.expected[slot.index()]);
            assert_eq!(messages, expected, "peer {slot}");
        });
        let unread = self.expected.iter().position(|it| !it.is_empty());
        assert_eq!(unread, None, "no reader");
        self.check();
    }

    /// What holds between ticks.
    fn check(&self) {
        let fanout = &self.fanout;
        assert_eq!(fanout.deliveries(), self.deliveries);
        let readers = fanout.check_between_ticks();
        assert_eq!(
            readers,
            self.places.iter().map(BTreeMap::len).sum::<usize>()
        );
        for (slot, places) in self.places.iter().enumerate() {
            let slot = Slot::new(slot);
            let mut heard = BTreeMap::new();
            for it in fanout.shares.memberships(slot) {
                let channel = fanout.channels.get(it.channel);
                let view = format!("{:?}", channel.view);
                assert_eq!(heard.insert(channel.room, view), None);
                assert_eq!(channel.members[it.seat as usize], slot);
            }
            let view = |(room, (format, tag)): (&RoomId, &Reading)| {
                (*room, format!("{:?}", View::new(*format, tag.as_ref())))
            };
            assert_eq!(heard, places.iter().map(view).collect());
            let format = fanout.shares.find(slot).map(|it| it.format);
            assert_eq!(format.unwrap_or_default(), self.formats[slot.index()]);
        }
    }
}

#[test]
fn everyone_reads_what_a_plain_model_says() {
    const TICKS: usize = 300;
    for seed in 0..40 {
        let mut pair = Pair::new(seed);
        for _ in 0..TICKS {
            for _ in 0..pair.dice.below(24) {
                match pair.dice.below(10) {
                    0 | 1 => pair.enter(),
                    2 => pair.exit(),
                    3 => pair.reply(),
                    4 => pair.reply_raw(),
                    _ => pair.say(),
                }
            }
            pair.tick();
        }
        for slot in 0..SLOTS {
            pair.exit_all(slot, |_| true);
        }
        pair.tick();
        assert_eq!(
            pair.fanout.channels.free.len(),
            pair.fanout.channels.channels.len()
        );
    }
}
