//! Messages of any bytes: with line ends in them, or with none.

use super::*;
use crate::dice::Dice;

/// The first byte of a notice, which no message of these tests contains. The number of skipped messages follows.
const NOTICE: u8 = 0xff;

fn notice(count: u64, out: &mut BytesMut) {
    out.extend_from_slice(&[NOTICE]);
    out.extend_from_slice(&count.to_le_bytes());
}

fn drain(queue: &mut SendQueue) -> Vec<u8> {
    let mut taken = Vec::new();
    queue.write_to(&mut taken, usize::MAX).unwrap();
    taken
}

#[test]
fn a_message_is_cut_nowhere_whatever_is_in_it() {
    let messages = [
        "", "a\nb", "\n", "none", "", "\n\n\r\n", "x", "end\n", "\ny",
    ];
    // One that is copied, and one long enough to be shared.
    for times in [1, 60] {
        let messages = messages.repeat(times);
        let bytes = messages.iter().map(|it| it.as_bytes());
        let log = of_messages(bytes, true, &Gauge::default());
        let is_shared = log.bytes().len() >= SHARED_PIECE_BYTES;
        for written in 0..log.bytes().len() {
            let (mut end, mut left) = (0, 0);
            for message in messages.iter().filter(|it| !it.is_empty()) {
                match end < written {
                    true => end += message.len(),
                    false => left += 1,
                }
            }
            let mut expected = BytesMut::from(&log.bytes()[written..end]);
            if left > 0 {
                notice(left, &mut expected);
            }
            let (mut direct, mut queued) = (SendQueue::default(), SendQueue::default());
            direct.push(&whole(&log), written);
            queued.push(&whole(&log), 0);
            assert_eq!(queued.chunks.len() == 1, is_shared);
            assert_eq!(
                write_some(&mut queued, written),
                log.bytes()[..written],
                "{written}"
            );
            for mut queue in [direct, queued] {
                assert_eq!(queue.begun(), end - written, "cut at {written}");
                assert_eq!(queue.skip_to(0, &notice), left, "cut at {written}");
                assert_eq!(queue.begun(), end - written, "cut at {written}");
                assert_eq!(drain(&mut queue), expected, "cut at {written}");
            }
        }
    }
}

/// The pushed messages, and whether each may be skipped.
type Pushed = Vec<(Vec<u8>, bool)>;

/// Pushes some messages of random bytes, which may be one large one, by the pieces of one log.
fn push(queue: &mut SendQueue, pushed: &mut Pushed, dice: &mut Dice) {
    let most = [4, 40, 4000][dice.below(3)];
    let messages: Vec<Vec<u8>> = (0..dice.below(12))
        .map(|_| {
            (0..dice.below(most))
                .map(|_| b"\n\ra"[dice.below(3)])
                .collect()
        })
        .collect();
    let skippable = dice.below(3) > 0;
    let bytes = messages.iter().map(|it| &it[..]);
    let log = of_messages(bytes, skippable, &Gauge::default());
    let mut start = 0;
    for &end in log.ends().iter().filter(|_| dice.below(2) == 0) {
        let range = start..end as usize;
        queue.push(&Piece { log: &log, range }, 0);
        start = end as usize;
    }
    let range = start..log.bytes().len();
    queue.push(&Piece { log: &log, range }, 0);
    pushed.extend(messages.into_iter().map(|it| (it, skippable)));
}

/// The number of skipped messages. All others must have come out whole and in order.
fn read(mut taken: &[u8], pushed: &Pushed) -> u64 {
    let (mut told, mut to_skip) = (0, 0);
    for (message, skippable) in pushed.iter().filter(|(it, _)| !it.is_empty()) {
        if *skippable
            && to_skip == 0
            && let Some((count, rest)) = taken.split_first_chunk::<9>()
            && let Some(count) = count.strip_prefix(&[NOTICE])
        {
            to_skip = u64::from_le_bytes(count.try_into().unwrap());
            told += to_skip;
            taken = rest;
        }
        if to_skip > 0 {
            assert!(skippable, "skipped what is to be kept");
            to_skip -= 1;
        } else {
            let rest = taken.strip_prefix(&message[..]);
            taken = rest.expect("a whole message");
        }
    }
    assert!(taken.is_empty() && to_skip == 0);
    told
}

#[test]
fn every_message_is_read_whole_or_counted_whatever_is_in_it() {
    for seed in 0..400 {
        let mut dice = Dice::new(seed);
        let mut queue = SendQueue::default();
        let (mut pushed, mut taken, mut skipped) = (Pushed::new(), Vec::new(), 0);
        for _ in 0..60 {
            match dice.below(3) {
                0 => push(&mut queue, &mut pushed, &mut dice),
                1 => skipped += queue.skip_to(dice.below(8000), &notice),
                _ => taken.extend(write_some(&mut queue, 1 + dice.below(3000))),
            }
        }
        // The memory held for ends is given back with them.
        skipped += queue.skip_to(0, &notice);
        taken.extend(drain(&mut queue));
        assert_eq!(queue.held(), 0, "seed {seed}");
        assert_eq!(read(&taken, &pushed), skipped, "seed {seed}");
    }
}
