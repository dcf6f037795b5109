//! `Outbox`: what was sent or is to be sent, and has not come back. It knows nothing of Redis.
//!
//! What always holds:
//!
//! - The packets are in order, and so are their numbers. A packet leaves when it comes back, for nothing else.
//! - On one connection each packet is sent once, in order.
//! - On a new connection nothing is sent before the reader has passed what was the tail when the connection was new. What
//!   was written before is known by then, and the rest is sent again with the same numbers. One that is written even later
//!   does no harm, as readers drop repeats.

use std::collections::VecDeque;

use crate::limits::cluster::{PACKETS_OUT, PIPELINE_PACKETS};

use super::id::StreamId;
use super::packet::Sealed;

/// What has not come back.
#[derive(Debug)]
pub(super) struct Outbox {
    packets: VecDeque<Sealed>,
    /// How many of them were sent on this connection.
    sent: usize,
    gate: Gate,
    /// How far the reader has come.
    position: StreamId,
}

/// Whether something may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// There is no connection.
    Cut,
    /// The place in the stream is lost, and with it the sense of these packets.
    Barred,
    /// The reader has not come so far.
    Until(StreamId),
    Open,
}

impl Outbox {
    /// An empty one, without a connection.
    pub(super) fn new(position: StreamId) -> Outbox {
        Outbox {
            packets: VecDeque::new(),
            sent: 0,
            gate: Gate::Cut,
            position,
        }
    }

    /// Takes packets that follow the last one.
    pub(super) fn push(&mut self, packets: Vec<Sealed>) {
        self.packets.extend(packets);
        self.check();
    }

    /// Notes that the connection broke, or that something on it failed.
    pub(super) fn cut(&mut self) {
        self.sent = 0;
        if self.gate != Gate::Barred {
            self.gate = Gate::Cut;
        }
    }

    /// Sends nothing any more, whatever happens.
    pub(super) fn bar(&mut self) {
        self.gate = Gate::Barred;
    }

    /// Notes that there is a connection, and what is the last entry of the stream.
    pub(super) fn connected(&mut self, tail: StreamId) {
        self.sent = 0;
        if self.gate != Gate::Barred {
            self.gate = Gate::Until(tail);
        }
        self.open();
    }

    /// Notes how far the reader has come, and the last number of this server's epoch among what it read.
    pub(super) fn read(&mut self, position: StreamId, own: Option<u64>) {
        self.position = position;
        while let Some(packet) = self.packets.front()
            && own.is_some_and(|own| packet.last() <= own)
        {
            self.packets.pop_front();
            self.sent = self.sent.saturating_sub(1);
        }
        self.open();
        self.check();
    }

    fn open(&mut self) {
        if let Gate::Until(tail) = self.gate
            && tail <= self.position
        {
            self.gate = Gate::Open;
        }
    }

    /// What is to be sent now, all together.
    pub(super) fn next(&self) -> impl Iterator<Item = &Sealed> {
        let count = match self.gate {
            Gate::Open => PIPELINE_PACKETS.min(PACKETS_OUT.saturating_sub(self.sent)),
            Gate::Cut | Gate::Barred | Gate::Until(_) => 0,
        };
        self.packets.iter().skip(self.sent).take(count)
    }

    /// Notes that so many of them were sent, without an error.
    pub(super) fn sent(&mut self, count: usize) {
        self.sent += count;
        self.check();
    }

    /// Whether something is to be sent, now or once the reader has come far enough.
    pub(super) fn is_waiting(&self) -> bool {
        self.sent < self.packets.len()
    }

    /// Whether everything came back.
    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// How many acts have not come back.
    pub(super) fn acts(&self) -> u64 {
        self.packets.iter().map(|it| it.count).sum()
    }

    fn check(&self) {
        debug_assert!(self.sent <= self.packets.len());
        let mut pairs = self.packets.iter().zip(self.packets.iter().skip(1));
        // Only the ends, as the whole would take long in a full outbox.
        debug_assert!(pairs.next_back().is_none_or(|(a, b)| a.last() < b.first));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;
    use crate::work::cluster::{Seen, Verdict};

    use proptest::prelude::proptest;

    fn id(at: usize) -> StreamId {
        let millis = at as u64;
        StreamId { millis, seq: 0 }
    }

    /// A stream, and connections that break before, while or long after Redis acts on what was sent.
    #[derive(Default)]
    struct World {
        stream: Vec<Sealed>,
        /// What is in the socket of a connection that was given up. Redis may still read it.
        late: Vec<Vec<Sealed>>,
        read: usize,
    }

    impl World {
        fn send(&mut self, outbox: &mut Outbox, dice: &mut Dice) {
            let batch: Vec<Sealed> = outbox.next().cloned().collect();
            assert!(batch.len() <= PIPELINE_PACKETS);
            match dice.below(6) {
                _ if batch.is_empty() => {}
                0 => outbox.cut(),
                1 => {
                    self.stream.extend(batch);
                    outbox.cut();
                }
                2 => {
                    self.late.push(batch);
                    outbox.cut();
                }
                _ => {
                    outbox.sent(batch.len());
                    self.stream.extend(batch);
                }
            }
        }

        fn step(&mut self, outbox: &mut Outbox, pushed: &mut u64, dice: &mut Dice) {
            match dice.below(8) {
                0 => {
                    let acts: Vec<u8> = vec![0; 1 + dice.below(100)];
                    outbox.push(Sealed::cut(*pushed + 1, &acts).expect("numbers"));
                    *pushed += acts.len() as u64;
                }
                1 => {
                    outbox.cut();
                    if dice.below(3) == 0 {
                        // Redis ended, and forgot what it had acknowledged but told nobody yet.
                        self.late.clear();
                        let kept = self.read + dice.below(self.stream.len() - self.read + 1);
                        self.stream.truncate(kept);
                    }
                    outbox.connected(id(self.stream.len()));
                }
                2 if !self.late.is_empty() => {
                    let at = dice.below(self.late.len());
                    let batch = self.late.swap_remove(at);
                    self.stream.extend(batch);
                }
                3 | 4 => {
                    let to = self.read + dice.below(self.stream.len() - self.read + 1);
                    let own = self.stream[self.read..to].iter().map(Sealed::last).max();
                    self.read = to;
                    outbox.read(id(to), own);
                }
                _ => self.send(outbox, dice),
            }
        }
    }

    proptest! {
        #[test]
        fn each_act_is_read_once_and_in_order(seed: u64) {
            let mut dice = Dice::new(seed);
            let mut world = World::default();
            let mut outbox = Outbox::new(id(0));
            let mut pushed = 0;
            for _ in 0..300 {
                world.step(&mut outbox, &mut pushed, &mut dice);
            }
            // From now on nothing breaks.
            while !outbox.is_empty() {
                let batch: Vec<Sealed> = outbox.next().cloned().collect();
                if batch.is_empty() && world.read == world.stream.len() {
                    outbox.connected(id(world.stream.len()));
                }
                outbox.sent(batch.len());
                world.stream.extend(batch);
                let own = world.stream[world.read..].iter().map(Sealed::last).max();
                world.read = world.stream.len();
                outbox.read(id(world.read), own);
            }
            assert!(!outbox.is_waiting() && outbox.acts() == 0);
            world.late.drain(..).for_each(|batch| world.stream.extend(batch));
            let mut seen = Seen::new();
            let mut applied = 0;
            for packet in &world.stream {
                applied += match seen.take(1, packet.first, packet.count) {
                    Verdict::Next => packet.count,
                    Verdict::Repeated { new } => new,
                    other => panic!("{other:?} at {packet:?}"),
                };
            }
            assert_eq!(applied, pushed);
        }
    }

    #[test]
    fn nothing_is_sent_before_the_reader_is_at_the_tail() {
        let mut outbox = Outbox::new(id(0));
        outbox.push(Sealed::cut(1, &[0; 40]).expect("numbers"));
        assert_eq!(outbox.next().count(), 0);
        outbox.connected(id(5));
        assert_eq!(outbox.next().count(), 0);
        outbox.read(id(4), None);
        assert_eq!(outbox.next().count(), 0);
        outbox.read(id(5), Some(32));
        let left: Vec<u64> = outbox.next().map(|it| it.first).collect();
        assert_eq!((left, outbox.acts()), (vec![33], 8));
        outbox.sent(1);
        assert!(outbox.next().next().is_none() && !outbox.is_empty());
        outbox.read(id(6), Some(40));
        assert!(outbox.is_empty());
    }

    #[test]
    fn only_so_much_is_on_its_way() {
        let mut outbox = Outbox::new(id(0));
        outbox.push(Sealed::cut(1, &vec![0; PACKET_ACTS * 2 * PACKETS_OUT]).expect("numbers"));
        outbox.connected(id(0));
        let mut sent = 0;
        while outbox.next().next().is_some() {
            let count = outbox.next().count();
            assert!(count <= PIPELINE_PACKETS);
            outbox.sent(count);
            sent += count;
        }
        assert!(sent == PACKETS_OUT && outbox.is_waiting());
    }

    const PACKET_ACTS: usize = crate::limits::cluster::PACKET_ACTS;
}
