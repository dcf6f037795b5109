//! Dialogues with a queue.

mod any_bytes;

use super::*;
use crate::limits::END_BYTES;

/// Messages to one peer alone.
fn log(bytes: Vec<u8>) -> Log {
    by_line(&bytes, false, &Gauge::default())
}

/// One message for each line, or for the part of a line at the end.
fn by_line(bytes: &[u8], skippable: bool, gauge: &Gauge) -> Log {
    let lines = bytes.split_inclusive(|&byte| byte == b'\n');
    of_messages(lines, skippable, gauge)
}

fn of_messages<'a>(
    messages: impl Iterator<Item = &'a [u8]>,
    skippable: bool,
    gauge: &Gauge,
) -> Log {
    let (mut bytes, mut ends) = (BytesMut::new(), Vec::new());
    for message in messages {
        bytes.extend_from_slice(message);
        ends.push(bytes.len() as u32);
    }
    Log::new(bytes, ends, skippable, gauge)
}

/// The notice in place of skipped messages.
fn notice(count: u64, out: &mut BytesMut) {
    let s = if count == 1 { "" } else { "s" };
    out.extend_from_slice(format!("-- {count} message{s} skipped --\r\n").as_bytes());
}

/// Takes a few bytes a call, and blocks every other call.
struct Trickle {
    taken: Vec<u8>,
    per_call: usize,
    blocked: bool,
}

impl Write for Trickle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.blocked = !self.blocked;
        if self.blocked {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = bytes.len().min(self.per_call);
        self.taken.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn bytes_come_out_in_order_however_little_the_writer_takes() {
    for per_call in [1, 7, 1000, 1 << 20] {
        let mut queue = SendQueue::default();
        let mut owed = Vec::new();
        for (i, len) in [5, 4000, 0, 3, 100, 5000, 1].into_iter().enumerate() {
            let log = log(vec![i as u8; len]);
            let piece = Piece {
                range: 0..len,
                log: &log,
            };
            owed.extend_from_slice(piece.bytes());
            queue.push(&piece, 0);
        }
        let mut writer = Trickle {
            taken: Vec::new(),
            per_call,
            blocked: false,
        };
        while let Err(error) = queue.write_to(&mut writer, usize::MAX) {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        }
        assert!(queue.is_empty());
        assert_eq!(writer.taken, owed);
    }
}

#[test]
fn a_large_part_of_a_log_is_shared_and_a_small_part_copied() {
    let messages = [[b'x'; 10_000]; 10];
    let messages = messages.iter().map(|it| &it[..]);
    let log = of_messages(messages, true, &Gauge::default());
    let shared = log.share();
    let inside = |chunk: &[u8]| shared.bytes.as_ptr_range().contains(&chunk.as_ptr());
    let push = |range: Range<usize>| {
        let mut queue = SendQueue::default();
        queue.push(&Piece { log: &log, range }, 0);
        queue
    };
    assert!(inside(push(50_000..100_000).chunks[0].bytes()));
    assert!(!inside(push(90_000..100_000).tail.bytes()));
    assert!(!inside(push(0..10_000).tail.bytes()));
}

#[test]
fn small_copies_share_allocations() {
    let mut queue = SendQueue::default();
    let log = log(vec![b'x'; 80]);
    for _ in 0..1000 {
        let piece = Piece {
            log: &log,
            range: 0..80,
        };
        queue.push(&piece, 0);
    }
    assert_eq!(queue.len(), 80_000);
    assert!(queue.chunks.len() < 20, "{}", queue.chunks.len());
}

/// Numbered lines of one length, as a log that may be skipped.
fn lines(numbers: Range<usize>) -> Log {
    let mut bytes = Vec::new();
    for number in numbers {
        bytes.extend(format!("line {number:05}\r\n").bytes());
    }
    by_line(&bytes, true, &Gauge::default())
}

fn whole(log: &Log) -> Piece<'_> {
    let range = 0..log.bytes().len();
    Piece { log, range }
}

/// Everything that comes out, read by a writer that takes `per_call` bytes at a time.
fn drain(queue: &mut SendQueue, per_call: usize) -> String {
    let mut writer = Trickle {
        taken: Vec::new(),
        per_call,
        blocked: false,
    };
    while queue.write_to(&mut writer, usize::MAX).is_err() {}
    String::from_utf8(writer.taken).unwrap()
}

/// The output as a reader understands it: how many lines were skipped before each line that came.
fn read(text: &str) -> (Vec<String>, u64) {
    let mut skipped = 0;
    let mut read = Vec::new();
    for line in text.split_terminator("\r\n") {
        match line.strip_prefix("-- ").and_then(|it| it.split_once(' ')) {
            Some((count, "message skipped --" | "messages skipped --")) => {
                skipped += count.parse::<u64>().unwrap();
            }
            _ => read.push(line.to_owned()),
        }
    }
    (read, skipped)
}

#[test]
fn the_oldest_lines_are_skipped_and_the_notice_stands_in_their_place() {
    let mut queue = SendQueue::default();
    let talk = lines(0..100);
    queue.push(&whole(&talk), 0);
    assert_eq!(queue.skip_to(queue.held(), &notice), 0);

    let skipped = queue.skip_to(queue.held() - 20, &notice);
    let text = drain(&mut queue, 7);
    assert!(text.starts_with(&format!("-- {skipped} messages skipped --\r\nline ")));
    let (read, told) = read(&text);
    assert_eq!((read.len() as u64 + told, told), (100, skipped));
    assert_eq!(read.last().unwrap(), "line 00099");
}

#[test]
fn one_line_is_a_message_and_more_lines_add_to_the_same_notice() {
    let mut queue = SendQueue::default();
    queue.push(&whole(&log(b"kept\r\n".into())), 0);
    queue.push(&whole(&lines(0..99)), 0);
    // After the first, each frees as much room as it takes.
    let skipped: u64 = (0..3)
        .map(|_| queue.skip_to(queue.held() - 1, &notice))
        .sum();
    let text = drain(&mut queue, 1000);
    assert!(
        text.starts_with(&format!(
            "kept\r\n-- {skipped} messages skipped --\r\nline "
        )),
        "{text}"
    );
    assert_eq!(text.matches("skipped").count(), 1);

    queue.push(&whole(&lines(0..1)), 0);
    assert_eq!(queue.skip_to(0, &notice), 1);
    assert_eq!(drain(&mut queue, 3), "-- 1 message skipped --\r\n");
}

#[test]
fn what_is_told_to_one_peer_alone_is_never_skipped_and_keeps_its_place() {
    let mut queue = SendQueue::default();
    for turn in 0..50 {
        queue.push(&whole(&lines(10 * turn..10 * turn + 10)), 0);
        queue.push(&whole(&log(format!("answer {turn}\r\n").into())), 0);
        queue.skip_to(1000, &notice);
    }
    queue.skip_to(0, &notice);
    assert_eq!(queue.kept(), queue.held());
    let mut expected = String::new();
    for turn in 0..50 {
        expected += &format!("-- 10 messages skipped --\r\nanswer {turn}\r\n");
    }
    assert_eq!(drain(&mut queue, 11), expected);
}

#[test]
fn a_line_that_has_begun_to_be_written_is_not_cut() {
    for written in 0..40 {
        let mut queue = SendQueue::default();
        let talk = lines(0..10);
        queue.push(&whole(&talk), written);
        let skipped = queue.skip_to(0, &notice);
        let rest = drain(&mut queue, 5);
        let begun = String::from_utf8(talk.bytes()[..written].to_vec()).unwrap() + &rest;
        let (read, told) = read(&begun);
        assert_eq!(told, skipped);
        let whole = |line: &String| line.len() == "line 00000".len();
        assert!(read.iter().all(whole), "cut at {written}: {begun:?}");
        assert_eq!(read.len() as u64 + told, 10, "cut at {written}: {begun:?}");
    }
}

#[test]
fn whatever_is_written_and_skipped_in_between_every_line_is_read_or_counted() {
    for seed in 0..200 {
        let mut dice = crate::dice::Dice::new(seed);
        let mut queue = SendQueue::default();
        let (mut said, mut answers, mut skipped) = (0, 0, 0);
        let mut text = Vec::new();
        for _ in 0..100 {
            match dice.below(4) {
                0 => {
                    let count = dice.below(300);
                    queue.push(&whole(&lines(said..said + count)), 0);
                    said += count;
                }
                1 => {
                    answers += 1;
                    queue.push(&whole(&log(format!("answer {answers}\r\n").into())), 0);
                }
                2 => skipped += queue.skip_to(dice.below(6000), &notice),
                _ => {
                    let mut room = vec![0; dice.below(4000)];
                    let mut cursor = io::Cursor::new(&mut room[..]);
                    let _ = queue.write_to(&mut cursor, usize::MAX);
                    let taken = cursor.position() as usize;
                    text.extend_from_slice(&room[..taken]);
                }
            }
        }
        text.extend(drain(&mut queue, 1000).bytes());
        let (read, told) = read(&String::from_utf8(text).unwrap());
        assert_eq!(told, skipped, "seed {seed}");
        let (lines, others): (Vec<_>, Vec<_>) =
            read.into_iter().partition(|it| it.starts_with("line "));
        assert!(lines.is_sorted_by(|a, b| a < b), "seed {seed}");
        assert_eq!(lines.len() as u64 + told, said as u64, "seed {seed}");
        assert_eq!(others.len(), answers, "seed {seed}");
    }
}

#[test]
fn a_copy_that_many_share_counts_once_and_as_long_as_any_has_a_part_of_it() {
    let gauge = Gauge::default();
    let log = by_line(lines(0..1000).bytes(), true, &gauge);
    let size = log.bytes().len() + 1000 * END_BYTES;
    let mut queues: [SendQueue; 10] = Default::default();
    for queue in &mut queues {
        queue.push(&whole(&log), 0);
        queue.push(&whole(&self::log(b"an answer\r\n".into())), 0);
        assert_eq!(queue.held() - queue.own(), size);
    }
    assert_eq!(gauge.bytes(), size);
    drop(log);
    for mut queue in queues {
        assert_eq!(gauge.bytes(), size);
        queue.skip_to(queue.held() / 2, &notice);
        assert!(queue.own() < 500, "{}", queue.own());
        queue.skip_to(0, &notice);
        assert_eq!(queue.own(), queue.held());
    }
    assert_eq!(gauge.bytes(), 0);
}

/// Takes this many bytes, and no more.
fn write_some(queue: &mut SendQueue, bytes: usize) -> Vec<u8> {
    let mut room = vec![0; bytes];
    let mut cursor = io::Cursor::new(&mut room[..]);
    let _ = queue.write_to(&mut cursor, usize::MAX);
    let taken = cursor.position() as usize;
    room.truncate(taken);
    room
}

#[test]
fn the_rest_of_a_begun_line_is_told_apart_and_keeps_no_log_alive() {
    let gauge = Gauge::default();
    let log = by_line(lines(0..1000).bytes(), true, &gauge);
    let mut queue = SendQueue::default();
    queue.push(&whole(&log), 0);
    drop(log);
    assert_eq!(queue.begun(), 0);
    assert_eq!(write_some(&mut queue, 17), b"line 00000\r\nline ");
    assert_eq!(queue.begun(), "00001\r\n".len());
    assert_eq!(queue.skip_to(0, &notice), 998);
    assert_eq!(queue.begun(), "00001\r\n".len());
    assert_eq!(gauge.bytes(), 0);
    let rest = "00001\r\n-- 998 messages skipped --\r\n";
    assert_eq!(drain(&mut queue, 1000), rest);

    // The same holds for messages to one peer alone.
    queue.push(&whole(&self::log(b"an answer\r\nanother\r\n".into())), 3);
    assert_eq!(queue.begun(), "answer\r\n".len());
    write_some(&mut queue, "answer\r\n".len());
    assert_eq!(queue.begun(), 0);
}

#[test]
fn no_more_is_written_than_asked_for() {
    for most in [1, 100, 5000] {
        let mut queue = SendQueue::default();
        for numbers in [0..3, 3..500, 500..501] {
            queue.push(&whole(&lines(numbers)), 0);
        }
        let mut left = queue.len();
        while !queue.is_empty() {
            let mut written = Vec::new();
            queue.write_to(&mut written, most).unwrap();
            assert_eq!(written.len(), most.min(left));
            left -= written.len();
        }
        assert_eq!(left, 0);
    }
}
