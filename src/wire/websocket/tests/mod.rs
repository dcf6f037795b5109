//! The frames against RFC 6455, against the cases of a test suite, and against another implementation.

mod autobahn;
mod differential;
mod rfc;
mod utf8;

use std::iter;

use super::{FrameDecoder, Incoming};

/// First bytes of frames, in the bits of RFC 6455 §5.2.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// The first of several frames, a further one, and the last one.
const BEGIN: u8 = 0x01;
const MORE: u8 = 0x00;
const END: u8 = 0x80;

/// The key in the examples of RFC 6455 §5.7.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    frame_with(first, payload, MASK, 0)
}

/// A frame with a length of at least so many bytes after the short one: 0, 2 or 8.
fn frame_with(first: u8, payload: &[u8], mask: [u8; 4], at_least: usize) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length if length < 126 && at_least == 0 => frame.push(0x80 | length as u8),
        length if length < 65536 && at_least <= 2 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    let from = frame.len();
    frame.extend(payload);
    // Long messages are masked soon enough by eight bytes at a time.
    let (eights, rest) = frame[from..].as_chunks_mut();
    let eight = u64::from_ne_bytes([mask; 2].as_flattened().try_into().unwrap_or_default());
    for bytes in eights {
        *bytes = (u64::from_ne_bytes(*bytes) ^ eight).to_ne_bytes();
    }
    for (i, byte) in rest.iter_mut().enumerate() {
        *byte ^= mask[i % 4];
    }
    frame
}

/// A message whose bytes come in frames of this many.
fn fragments(text: &[u8], size: usize) -> Vec<u8> {
    let count = text.len().div_ceil(size);
    let parts = text.chunks(size).enumerate();
    let frames = parts.flat_map(|(i, part)| {
        let opcode = if i == 0 { BEGIN } else { MORE };
        let end = if i + 1 == count { END } else { 0 };
        frame(opcode | end, part)
    });
    frames.collect()
}

/// What is heard in these reads.
fn hear<'r>(reads: impl IntoIterator<Item = &'r [u8]>, limit: usize) -> Vec<Incoming<'static>> {
    let mut decoder = FrameDecoder::default();
    let mut heard = Vec::new();
    for read in reads {
        let mut bytes = read.to_vec();
        let mut input = &mut bytes[..];
        while let Some(incoming) = decoder.next(&mut input, limit) {
            heard.push(owned(incoming));
        }
        assert!(input.is_empty());
        assert!(decoder.pending() <= 2 * (limit + 125));
        // As a server does: forgets a decoder that has nothing to remember.
        if decoder.is_idle() {
            assert_eq!(decoder.pending(), 0);
            decoder = FrameDecoder::default();
        }
    }
    heard
}

/// What is heard however the bytes are cut once, and if they come one by one.
fn hear_in_pieces(bytes: &[u8], limit: usize) -> Vec<Incoming<'static>> {
    let whole = hear([bytes], limit);
    assert_eq!(hear(bytes.chunks(1), limit), whole, "in single bytes");
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(hear([head, tail], limit), whole, "cut at {at}");
    }
    whole
}

fn owned(incoming: Incoming<'_>) -> Incoming<'static> {
    match incoming {
        Incoming::Text(text) => Incoming::Text(text.into_owned().into()),
        Incoming::Ping(payload) => Incoming::Ping(payload.into_owned().into()),
        Incoming::Pong(payload) => Incoming::Pong(payload.into_owned().into()),
        Incoming::Close(code) => Incoming::Close(code),
        Incoming::Failed(code) => Incoming::Failed(code),
    }
}

/// What was heard, in short words. Long payloads are told by their lengths, and the same thing many times by a number.
fn words(heard: &[Incoming<'_>]) -> String {
    let payload = |payload: &[u8]| match payload.len() {
        0..29 => payload.escape_ascii().to_string(),
        length => format!("of {length}"),
    };
    let each = heard.iter().map(|it| match it {
        Incoming::Text(text) => format!("text {}", payload(text.as_bytes())),
        Incoming::Ping(it) => format!("ping {}", payload(it)),
        Incoming::Pong(it) => format!("pong {}", payload(it)),
        Incoming::Close(None) => "close".into(),
        Incoming::Close(Some(code)) => format!("close {}", code.number()),
        Incoming::Failed(code) => format!("failed {}", code.number()),
    });
    let mut runs: Vec<(String, usize)> = Vec::new();
    for word in each.map(|it| it.trim_end().to_string()) {
        match runs.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => runs.push((word, 1)),
        }
    }
    let runs = runs.into_iter().map(|(word, count)| match count {
        1 => word,
        count => format!("{count} × {word}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// A repeated frame.
fn times(count: usize, frame: Vec<u8>) -> Vec<u8> {
    iter::repeat_n(frame, count).flatten().collect()
}
