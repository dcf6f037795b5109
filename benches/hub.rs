//! The hub with its fan-out, and no socket: the price of a message, and of a delivery, by how many people there are.
//!
//! A tick is what the server does of it: lines go to the hub, its effects to the fan-out, and each member's share is
//! taken out as slices that a socket could be written. Time is told per message, with one line a tick (`message`) and
//! with 100 (`busy`), and per delivery within such a busy tick (`delivery`).

use std::hint::black_box;
use std::time::{Duration, Instant};

use chinwag::inner::chat::{Alone, Audience, Effect, Effects, Event, Rules};
use chinwag::inner::fanout::{Dealt, Fanout};
use chinwag::inner::net::Gauge;
use chinwag::inner::{Format, Moment, PeerId, Slot};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const LINE: &str = "the quick brown fox jumps over the lazy dog, and then once more";

/// Lines in a busy tick.
const LINES: u32 = 100;

struct Chat {
    hub: Alone,
    effects: Effects,
    fanout: Fanout,
    gauge: Gauge,
    now: Moment,
}

impl Chat {
    fn of(people: u32) -> Chat {
        let mut chat = Chat {
            hub: Alone::new(Rules::default()),
            effects: Effects::default(),
            fanout: Fanout::default(),
            gauge: Gauge::default(),
            now: Moment {
                instant: Instant::now(),
                unix: 0,
            },
        };
        let (addr, format) = (([127, 0, 0, 1], 1).into(), Format::default());
        for slot in 0..people {
            chat.happen(slot, Event::Connected { addr, format });
            chat.happen(slot, Event::Line(&format!("p{slot}")));
        }
        chat.end_tick();
        chat
    }

    fn happen(&mut self, slot: u32, event: Event<'_>) {
        let peer = PeerId {
            slot: Slot::new(slot as usize),
            generation: 0,
        };
        let unix = self.now.unix;
        self.hub.handle(self.now, peer, event, &mut self.effects);
        for effect in self.effects.drain() {
            match effect {
                Effect::Send { to, message } => match to {
                    Audience::Peer(peer) => self.fanout.reply(peer.slot, &message, unix),
                    Audience::Room { room, except, .. } => {
                        let except = except.iter().map(|peer| peer.slot);
                        self.fanout.say(room, except, &message, unix);
                    }
                },
                Effect::Enter { peer, room, format } => {
                    self.fanout.enter(peer.slot, room, format);
                }
                Effect::Exit { peer } => self.fanout.exit(peer.slot),
                _ => {}
            }
        }
    }

    /// Takes out each member's share. Returns how many bytes they have in all.
    fn end_tick(&mut self) -> usize {
        let mut bytes = 0;
        let mut readers = Vec::new();
        let logs = self.fanout.freeze(&self.gauge, |slot| readers.push(slot));
        self.fanout.deal(logs, &mut readers, |dealt| {
            if let Dealt::Share(_, pieces) = dealt {
                let lengths = pieces.iter().map(|piece| piece.bytes().len());
                bytes += lengths.sum::<usize>();
            }
        });
        bytes
    }

    fn tick(&mut self, people: u32, lines: u32) -> usize {
        for i in 0..lines {
            self.happen(i % people, Event::Line(black_box(LINE)));
        }
        self.end_tick()
    }
}

fn hub(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hub");
    for people in [10, 1_000, 10_000] {
        let mut chat = Chat::of(people);
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("message", people), |bencher| {
            bencher.iter(|| chat.tick(people, 1));
        });
        // One iteration is one message: of so many, each hundredth ends a tick.
        group.bench_function(BenchmarkId::new("busy", people), |bencher| {
            bencher.iter_custom(|messages| {
                let ticks = messages.div_ceil(u64::from(LINES));
                let elapsed = chat.time(people, ticks);
                elapsed.mul_f64(messages as f64 / (ticks * u64::from(LINES)) as f64)
            });
        });
        group.bench_function(BenchmarkId::new("delivery", people), |bencher| {
            let deliveries_per_tick = u64::from(LINES) * u64::from(people - 1);
            bencher.iter_custom(|deliveries| {
                let ticks = deliveries.div_ceil(deliveries_per_tick);
                let elapsed = chat.time(people, ticks);
                elapsed.mul_f64(deliveries as f64 / (ticks * deliveries_per_tick) as f64)
            });
        });
    }
    group.finish();
}

impl Chat {
    fn time(&mut self, people: u32, ticks: u64) -> Duration {
        let begun = Instant::now();
        for _ in 0..ticks {
            black_box(self.tick(people, LINES));
        }
        begun.elapsed()
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20);
    targets = hub
}
criterion_main!(benches);
