//! Properties of the decoder that hold for any input, tried on random input.

use std::ops::Range;

use chinwag::inner::wire::clean_typed;
use chinwag::limits::OPENING_BYTES;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof};
use proptest::{collection, proptest};

use crate::decoding::{Heard, assert_sound};
use crate::{opening_bytes, proxy_header};

/// Short, so that lines beyond it are common.
const LIMIT: usize = 64;

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;

/// Bytes that people often type, one meaningful piece at a time. Neither a telnet command nor a key.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = |bytes: &'static [u8]| Just(bytes.to_vec());
    prop_oneof![
        4 => "[ -~]{0,20}".prop_map(String::into_bytes),
        2 => any::<char>().prop_filter("keys are left out", |c| !matches!(c, '\x03' | '\x04'))
            .prop_map(|c| c.to_string().into_bytes()),
        2 => prop_oneof![piece(b"\n"), piece(b"\r\n"), piece(b"\r\0"), piece(b"\r"), piece(b"\0")],
        // Pieces of UTF-8: what may lead a character, continue one, and what is never in any.
        1 => prop_oneof![piece(b"\xc3"), piece(b"\xa9"), piece(b"\xf0\x9f"), piece(b"\xed\xa0"), piece(b"\xfe")],
        // Sequences that control a terminal or reorder text.
        1 => prop_oneof![piece(b"\x1b]0;gotcha\x07"), piece(b"\xc2\x9b"), piece(b"\xe2\x80\xae"), piece(b"\t")],
        1 => run(b'x', LIMIT - 2..LIMIT + 3),
    ]
}

fn run(byte: u8, lengths: Range<usize>) -> impl Strategy<Value = Vec<u8>> {
    lengths.prop_map(move |n| vec![byte; n])
}

/// Telnet commands, whole and maimed, and keys.
fn telnet() -> impl Strategy<Value = Vec<u8>> {
    let options = [0, 1, 3, 6, 6, 24, 24, 31, 31, 34, 42, 42, IAC];
    let option = || prop_oneof![prop::sample::select(options.to_vec()), any::<u8>()];
    let said = prop_oneof![
        4 => collection::vec(any::<u8>(), 0..12),
        1 => Just(b"\0XTERM".to_vec()),
        1 => Just(b"\x01;UTF-8".to_vec()),
        1 => run(b'\n', 900..1200),
    ];
    let subnegotiation = (option(), said, any::<bool>()).prop_map(|(option, said, ends)| {
        let end: &[u8] = if ends { &[IAC, SE] } else { &[] };
        [&[IAC, SB, option], &said[..], end].concat()
    });
    let keys = b"\x03\x04\x08\x15\x17\x7f".to_vec();
    prop_oneof![
        3 => (251..=254u8, option()).prop_map(|(verb, option)| vec![IAC, verb, option]),
        2 => any::<u8>().prop_map(|byte| vec![IAC, byte]),
        2 => (236..=249u8).prop_map(|command| vec![IAC, command]),
        2 => subnegotiation,
        2 => prop::sample::select(keys).prop_map(|key| vec![key]),
        1 => Just(vec![IAC]),
        1 => Just(b"\xff\xf4\xff\xfd\x06".to_vec()),
        1 => (251..=254u8, 60..80usize).prop_map(|(verb, n)| [IAC, verb, 1, IAC, 254, 1].repeat(n)),
    ]
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => text(),
        4 => telnet(),
        1 => collection::vec(any::<u8>(), 0..8),
    ];
    collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// What looks like a PROXY header, with something of it changed, and something behind it.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let words = r"PROXY (TCP4|TCP6|UNKNOWN)( [0-9a-f.:]{0,40}){0,5}[ \r\n]{0,3}\r\n";
    let line = words.prop_map(String::into_bytes);
    let head = (0x1f..=0x22u8, 0..=0x33u8, 0..600u16);
    let binary = (head, 0..600usize).prop_map(|((command, family, length), sent)| {
        let head = [&[command, family][..], &length.to_be_bytes()].concat();
        [b"\r\n\r\n\0\r\nQUIT\n", &head[..], &vec![1; sent]].concat()
    });
    let changed = (
        prop_oneof![line, binary],
        any::<prop::sample::Index>(),
        any::<u8>(),
    );
    prop_oneof![
        changed.prop_map(|(mut bytes, at, byte)| {
            let at = at.index(4 * bytes.len());
            bytes.get_mut(at).into_iter().for_each(|it| *it = byte);
            bytes
        }),
        anything(),
    ]
}

/// Cuts the bytes into reads of these lengths, over and over.
fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut reads = Vec::new();
    for &length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (read, rest) = bytes.split_at(length.min(bytes.len()));
        reads.push(read);
        bytes = rest;
    }
    reads
}

/// The lines of a peer that sends neither telnet nor keys, in the simplest possible code.
fn lines_of(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut push = |line: &[u8]| {
        let fits = line.len() <= LIMIT;
        let mark = if lines.is_empty() { "\u{feff}" } else { "" };
        let line = line.strip_prefix(mark.as_bytes()).unwrap_or(line);
        lines.push(if fits {
            clean_typed(line).into()
        } else {
            "<too long>".into()
        });
    };
    while let Some(end) = bytes.iter().position(|byte| b"\r\n".contains(byte)) {
        push(&bytes[..end]);
        bytes = match &bytes[end..] {
            [b'\r', b'\n' | b'\0', rest @ ..] | [_, rest @ ..] => rest,
            [] => &[],
        };
    }
    if !bytes.is_empty() {
        push(bytes);
    }
    lines
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        // A failure is printed; a test writes no file into the tree.
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Beginnings of what is spoken, whole and maimed.
fn opening_of_any() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 18] = [
        b"GET ",
        b"PRI ",
        b"CONNECT ",
        b"/",
        b"*",
        b"http://x",
        b" HTTP/1.1",
        b"\r\n",
        b"\n",
        b" ",
        b"\0",
        b"{",
        b"PROXY TCP4 ",
        b"PROXY UNKNOWN",
        b"\r\n\r\n\0\r\nQUIT\n",
        b"\x16\x03",
        b"SSH-",
        b"ann",
    ];
    let piece = (0..pieces.len()).prop_map(move |i| pieces[i].to_vec());
    let long = run(b'x', OPENING_BYTES - 3..OPENING_BYTES + 3);
    let piece = prop_oneof![20 => piece, 1 => long, 1 => any::<u8>().prop_map(|it| vec![it])];
    collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_decoded_soundly(
        bytes in anything(),
        lengths in collection::vec(1..40usize, 1..8),
    ) {
        assert_sound(&bytes, [cut(&bytes, &lengths)], LIMIT);
    }

    #[test]
    fn the_first_bytes_of_a_connection_are_taken_for_one_thing(bytes in opening_of_any()) {
        opening_bytes::assert_sound(&bytes);
    }

    #[test]
    fn any_bytes_in_place_of_a_header_are_known_for_what_they_are(bytes in header()) {
        proxy_header::assert_sound(&bytes);
    }

    #[test]
    fn without_telnet_and_keys_no_line_is_lost_or_invented(
        pieces in collection::vec(text(), 0..24),
        lengths in collection::vec(1..40usize, 1..8),
    ) {
        let bytes = pieces.concat();
        let heard = Heard::of(&cut(&bytes, &lengths), LIMIT);
        prop_assert_eq!(heard.lines, lines_of(&bytes));
        prop_assert_eq!(heard.replies, Vec::<Vec<u8>>::new());
    }

    #[test]
    fn telnet_commands_that_are_no_keys_leave_the_lines_alone(
        pieces in collection::vec((text(), 251..=254u8, any::<u8>()), 1..24),
        lengths in collection::vec(1..40usize, 1..8),
    ) {
        let keys: &[u8] = b"\x03\x04\x08\x15\x17\x7f";
        let (mut plain, mut mixed) = (Vec::new(), Vec::new());
        for (mut text, verb, option) in pieces {
            text.retain(|byte| !keys.contains(byte));
            plain.extend_from_slice(&text);
            mixed.extend([&text[..], &[IAC, verb, option]].concat());
        }
        let heard = Heard::of(&cut(&mixed, &lengths), LIMIT);
        prop_assert_eq!(heard.lines, lines_of(&plain));
    }
}
