//! The fan-out beside a plain model of it: a buffer for each peer, into which every message is rendered for them alone.

use super::*;
use crate::dice::Dice;
use crate::message::{AboutChat, Message, News, Past};

const SLOTS: usize = 7;
const ROOMS: usize = 3;

/// Both, and where everyone is.
struct Pair {
    fanout: Fanout,
    dice: Dice,
    places: [Option<RoomId>; SLOTS],
    formats: [Format; SLOTS],
    /// What everyone is to read, message by message.
    expected: [Vec<BytesMut>; SLOTS],
    said: usize,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        Pair {
            fanout: Fanout::default(),
            dice: Dice::new(seed),
            places: [None; SLOTS],
            formats: [Format::default(); SLOTS],
            expected: Default::default(),
            said: 0,
        }
    }

    fn slot(&mut self) -> usize {
        self.dice.below(SLOTS)
    }

    fn room(&mut self) -> RoomId {
        RoomId(self.dice.below(ROOMS) as u32)
    }

    fn format(&mut self) -> Format {
        let stamps = [Stamp::Off, Stamp::Clock, Stamp::Full];
        let offsets = ["+00:00", "+05:45", "-12:00"];
        Format {
            stamp: stamps[self.dice.below(3)],
            offset: Offset::parse(self.dice.pick(&offsets)).unwrap(),
            quiet: self.dice.below(3) == 0,
        }
    }

    /// Something that is hidden from the quiet, stamped for some, or the same for all.
    fn message(&mut self) -> Message {
        self.said += 1;
        let name = Username::parse(&format!("n{}", self.said)).unwrap();
        match self.dice.below(4) {
            0 => News::Joined(name).into(),
            1 => Message::Answer(AboutChat::UsersOnline(self.said).into()),
            2 => said(&"y".repeat(self.dice.below(3000))).into(),
            _ => said(name.as_str()).into(),
        }
    }

    fn enter(&mut self) {
        let (slot, room, format) = (self.slot(), self.room(), self.format());
        if let Some(place) = self.places[slot].filter(|it| *it != room) {
            self.fanout.exit(Slot::new(slot), place);
        }
        self.fanout.enter(Slot::new(slot), room, format);
        (self.places[slot], self.formats[slot]) = (Some(room), format);
    }

    /// Somebody leaves their room, and perhaps somebody else has the slot then.
    fn exit(&mut self) {
        let slot = self.slot();
        if let Some(place) = self.places[slot].take() {
            self.fanout.exit(Slot::new(slot), place);
        }
        if self.dice.below(2) == 0 {
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
            .say(room, except.iter().copied(), &message, unix);
        for slot in 0..SLOTS {
            let format = self.formats[slot];
            if self.places[slot] == Some(room)
                && !except.contains(&Slot::new(slot))
                && !is_hidden(&message, format)
            {
                self.expect(slot, |out| render(&message, unix, format, out));
            }
        }
    }

    fn expect(&mut self, slot: usize, write: impl FnOnce(&mut BytesMut)) {
        let mut bytes = BytesMut::new();
        write(&mut bytes);
        self.expected[slot].push(bytes);
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
                news: news.clone(),
            };
            message = Message::Past(past.into());
        }
        let format = self.formats[slot];
        self.fanout.reply(Slot::new(slot), &message, 5);
        self.expect(slot, |out| render(&message, 5, format, out));
    }

    fn reply_raw(&mut self) {
        let slot = self.slot();
        self.fanout.reply_raw(Slot::new(slot), b"\xff\xf6");
        self.expect(slot, |out| out.extend_from_slice(b"\xff\xf6"));
    }

    /// Ends the tick: everyone reads what the model says, and whoever reads anything is passed as a reader.
    fn tick(&mut self) {
        let mut readers = [false; SLOTS];
        let gauge = Gauge::default();
        let logs = self
            .fanout
            .freeze(&gauge, |slot| readers[slot.index()] = true);
        let slots = (0..SLOTS).map(Slot::new).collect();
        take(&mut self.fanout, logs, slots, |slot, messages| {
            let slot = slot.index();
            assert_eq!(messages, self.expected[slot], "peer {slot}");
            assert!(
                readers[slot] || messages.is_empty(),
                "peer {slot} is no reader"
            );
            self.expected[slot].clear();
        });
        self.check();
    }

    /// What holds between ticks.
    fn check(&self) {
        let fanout = &self.fanout;
        let readers = fanout.check_between_ticks();
        assert_eq!(readers, self.places.iter().flatten().count());
        for (slot, place) in self.places.iter().enumerate() {
            let share = fanout.shares.all().get(slot).copied();
            let channel = share.and_then(|it| it.channel);
            let channel = channel.map(|it| fanout.channels.get(it));
            let format = share.map_or(Format::default(), |it| it.format);
            assert_eq!(channel.map(|it| it.room), *place);
            assert_eq!(format, self.formats[slot]);
            if let (Some(channel), Some(share)) = (channel, share) {
                assert_eq!(channel.members[share.seat as usize], Slot::new(slot));
            }
        }
    }
}

#[test]
fn everyone_reads_what_a_plain_model_says() {
    const TICKS: usize = 300;
    for seed in 0..40 {
        let mut pair = Pair::new(seed);
        for _ in 0..TICKS {
            for _ in 0..pair.dice.below(14) {
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
            if let Some(place) = pair.places[slot].take() {
                pair.fanout.exit(Slot::new(slot), place);
            }
        }
        pair.tick();
        assert_eq!(
            pair.fanout.channels.free.len(),
            pair.fanout.channels.channels.len()
        );
    }
}
