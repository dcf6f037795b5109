//! The hub with its fan-out, without sockets: the price of a message and of a delivery, by the number of people.
//!
//! A tick does what the server does in one: lines go to the hub, its effects go to the fan-out, and each member's share
//! comes out as slices that could be written to a socket. The bench reports the time per message, with one line a tick
//! (`message`) and with 100 (`busy`), and the time per delivery within such a busy tick (`delivery`).

#[path = "prices/scene/chat.rs"]
mod chat;

use std::hint::black_box;
use std::time::{Duration, Instant};

use chinwag::inner;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inner::chat::{Event, Rules};
use inner::{Format, Moment, PeerId, Slot};

use chat::Chat;

const LINE: &str = "the quick brown fox jumps over the lazy dog, and then once more";

/// Lines in a busy tick.
const LINES: u32 = 100;

/// A chat of this many people.
struct Crowd {
    chat: Chat,
    people: u32,
}

impl Crowd {
    fn of(people: u32) -> Crowd {
        let now = Moment {
            instant: Instant::now(),
            unix: 0,
            millis: 0,
        };
        let chat = Chat::new(Rules::default(), now);
        let mut crowd = Crowd { chat, people };
        let (addr, format) = (([127, 0, 0, 1], 1).into(), Format::default());
        for slot in 0..people {
            crowd.happen(
                slot,
                Event::Connected {
                    addr,
                    is_tls: false,
                    format,
                },
            );
            crowd.happen(slot, Event::Line(&format!("p{slot}")));
        }
        crowd.end_tick();
        crowd
    }

    fn happen(&mut self, slot: u32, event: Event<'_>) {
        let peer = PeerId {
            slot: Slot::new(slot as usize),
            generation: 0,
        };
        self.chat.happen(peer, event, |_| {});
    }

    /// Takes out each member's share. Returns the total number of bytes.
    fn end_tick(&mut self) -> usize {
        let mut bytes = 0;
        self.chat.deal(|_, piece| bytes += piece.len());
        bytes
    }

    fn tick(&mut self, lines: u32) -> usize {
        for i in 0..lines {
            self.happen(i % self.people, Event::Line(black_box(LINE)));
        }
        self.end_tick()
    }

    fn time(&mut self, ticks: u64) -> Duration {
        let begun = Instant::now();
        for _ in 0..ticks {
            black_box(self.tick(LINES));
        }
        begun.elapsed()
    }
}

fn hub(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hub");
    for people in [10, 1_000, 10_000] {
        let mut crowd = Crowd::of(people);
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("message", people), |bencher| {
            bencher.iter(|| crowd.tick(1));
        });
        // One iteration is one message; every hundredth message ends a tick.
        group.bench_function(BenchmarkId::new("busy", people), |bencher| {
            bencher.iter_custom(|messages| {
                let ticks = messages.div_ceil(u64::from(LINES));
                let elapsed = crowd.time(ticks);
                elapsed.mul_f64(messages as f64 / (ticks * u64::from(LINES)) as f64)
            });
        });
        group.bench_function(BenchmarkId::new("delivery", people), |bencher| {
            let deliveries_per_tick = u64::from(LINES) * u64::from(people - 1);
            bencher.iter_custom(|deliveries| {
                let ticks = deliveries.div_ceil(deliveries_per_tick);
                let elapsed = crowd.time(ticks);
                elapsed.mul_f64(deliveries as f64 / (ticks * deliveries_per_tick) as f64)
            });
        });
    }
    group.finish();
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
