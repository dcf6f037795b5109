//! `Decoder`, telnet and lines: bytes a second, by the number of bytes in one read.

use std::hint::black_box;
use std::time::{Duration, Instant};

use chinwag::inner::wire::Decoder;
use chinwag::limits::LINE_BYTES;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Bytes decoded in one iteration.
const INPUT_BYTES: usize = 256 * 1024;

/// Lines of many lengths, 49 bytes on average with their ends.
fn input() -> Vec<u8> {
    let mut input = Vec::new();
    for i in 0.. {
        let line =
            "the quick brown fox jumps over the lazy dog, again and again, until it can no more";
        input.extend_from_slice(&line.as_bytes()[..11 + i * 7 % 72]);
        input.extend_from_slice(b"\r\n");
        if input.len() >= INPUT_BYTES {
            break;
        }
    }
    input.truncate(INPUT_BYTES);
    input
}

fn decode(input: &[u8], read: usize) -> usize {
    let now = Instant::now();
    let mut decoder = Decoder::default();
    let mut lines = 0;
    for bytes in input.chunks(read) {
        for line in decoder.feed(now, bytes, LINE_BYTES) {
            black_box(line);
            lines += 1;
        }
    }
    lines
}

fn decoder(criterion: &mut Criterion) {
    let input = input();
    let mut group = criterion.benchmark_group("decoder");
    group.throughput(Throughput::Bytes(input.len() as u64));
    for (name, read) in [("1 B", 1), ("64 B", 64), ("4 KiB", 4096), ("64 KiB", 65536)] {
        group.bench_with_input(BenchmarkId::new("read", name), &read, |bencher, &read| {
            bencher.iter(|| decode(&input, read));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = decoder
}
criterion_main!(benches);
