//! The cases of Autobahn's test suite for servers, version 0.8.2 (github.com/crossbario/autobahn-testsuite), from 1 to 7
//! and 9, by name. Cases 6.5 to 6.23 have a file of their own.
//!
//! The suite expects an echo. Here, what is to be echoed is to be heard. Binary messages are refused, by which their
//! cases end.

use super::utf8::KOSME;
use super::{
    BEGIN, BINARY, CLOSE, END, MORE, PING, PONG, TEXT, fragments, frame, hear, hear_in_pieces,
    times, words,
};

/// No case has a longer message.
const LIMIT: usize = 16 << 20;

/// What a case sends, and what is heard of it.
type Case<'a> = (&'a str, Vec<Vec<u8>>, &'a str);

fn assert_heard(cases: Vec<Case<'_>>) {
    for (name, frames, expected) in cases {
        let bytes = frames.concat();
        let heard = match bytes.len() {
            0..1024 => hear_in_pieces(&bytes, LIMIT),
            _ => hear([&bytes[..]], LIMIT),
        };
        assert_eq!(words(&heard), expected, "case {name}");
    }
}

fn text(length: usize) -> Vec<u8> {
    frame(TEXT, &vec![b'*'; length])
}

fn binary(length: usize) -> Vec<u8> {
    frame(BINARY, &vec![0xfe; length])
}

fn hello() -> Vec<u8> {
    frame(TEXT, b"Hello, world!")
}

/// RSV as the suite counts it, in the first byte of a frame.
fn reserved(rsv: u8, first: u8) -> u8 {
    first | rsv << 4
}

fn close(code: u16, reason: &[u8]) -> Vec<u8> {
    frame(CLOSE, &[&code.to_be_bytes(), reason].concat())
}

#[test]
fn case_1_framing() {
    assert_heard(vec![
        ("1.1.1", vec![text(0)], "text"),
        ("1.1.2", vec![text(125)], "text of 125"),
        ("1.1.3", vec![text(126)], "text of 126"),
        ("1.1.4", vec![text(127)], "text of 127"),
        ("1.1.5", vec![text(128)], "text of 128"),
        ("1.1.6", vec![text(65535)], "text of 65535"),
        ("1.1.7", vec![text(65536)], "text of 65536"),
        ("1.2.1", vec![binary(0)], "failed 1003"),
        ("1.2.2", vec![binary(125)], "failed 1003"),
        ("1.2.3", vec![binary(126)], "failed 1003"),
        ("1.2.4", vec![binary(127)], "failed 1003"),
        ("1.2.5", vec![binary(128)], "failed 1003"),
        ("1.2.6", vec![binary(65535)], "failed 1003"),
        ("1.2.7", vec![binary(65536)], "failed 1003"),
    ]);
    assert_eq!(
        words(&hear(text(65536).chunks(997), LIMIT)),
        "text of 65536",
        "case 1.1.8"
    );
    assert_eq!(
        words(&hear(binary(65536).chunks(997), LIMIT)),
        "failed 1003",
        "case 1.2.8"
    );
}

#[test]
fn case_2_pings_and_pongs() {
    let ping = |payload: &[u8]| frame(PING, payload);
    let numbered = |i| ping(format!("payload-{i}").as_bytes());
    let ten: Vec<_> = (0..10).map(numbered).collect();
    let ten_heard = "ping payload-0, ping payload-1, ping payload-2, ping payload-3, ping payload-4, \
                     ping payload-5, ping payload-6, ping payload-7, ping payload-8, ping payload-9";
    let unasked = frame(PONG, b"unsolicited pong payload");
    assert_heard(vec![
        ("2.1", vec![ping(b"")], "ping"),
        ("2.2", vec![ping(b"Hello, world!")], "ping Hello, world!"),
        (
            "2.3",
            vec![ping(b"\0\xff\xfe\xfd\xfc\xfb\0\xff")],
            r"ping \x00\xff\xfe\xfd\xfc\xfb\x00\xff",
        ),
        ("2.4 and 2.6", vec![ping(&[0xfe; 125])], "ping of 125"),
        ("2.5", vec![ping(&[0xfe; 126])], "failed 1002"),
        (
            "2.7",
            vec![frame(PONG, b""), close(1000, b"")],
            "pong, close 1000",
        ),
        (
            "2.8",
            vec![unasked.clone(), close(1000, b"")],
            "pong unsolicited pong payload, close 1000",
        ),
        (
            "2.9",
            vec![unasked, ping(b"ping payload")],
            "pong unsolicited pong payload, ping ping payload",
        ),
        ("2.10 and 2.11", ten, ten_heard),
    ]);
}

#[test]
fn case_3_reserved_bits() {
    let with = |rsv| frame(reserved(rsv, TEXT), b"Hello, world!");
    let ping = || frame(PING, b"");
    let refused = "text Hello, world!, failed 1002";
    assert_heard(vec![
        ("3.1", vec![with(1)], "failed 1002"),
        ("3.2", vec![hello(), with(2), ping()], refused),
        ("3.3", vec![hello(), with(3), ping()], refused),
        ("3.4", vec![hello(), with(4), ping()], refused),
        (
            "3.5",
            vec![frame(reserved(5, BINARY), b"\0\xff\xfe")],
            "failed 1002",
        ),
        (
            "3.6",
            vec![frame(reserved(6, PING), b"Hello, world!")],
            "failed 1002",
        ),
        ("3.7", vec![frame(reserved(7, CLOSE), b"")], "failed 1002"),
    ]);
}

#[test]
fn case_4_reserved_opcodes() {
    let of = |opcode: u8, payload: &[u8]| frame(0x80 | opcode, payload);
    let ping = || frame(PING, b"");
    let refused = "text Hello, world!, failed 1002";
    assert_heard(vec![
        ("4.1.1", vec![of(3, b"")], "failed 1002"),
        (
            "4.1.2",
            vec![of(4, b"reserved opcode payload")],
            "failed 1002",
        ),
        ("4.1.3", vec![hello(), of(5, b""), ping()], refused),
        (
            "4.1.4",
            vec![hello(), of(6, b"Hello, world!"), ping()],
            refused,
        ),
        (
            "4.1.5",
            vec![hello(), of(7, b"Hello, world!"), ping()],
            refused,
        ),
        ("4.2.1", vec![of(11, b"")], "failed 1002"),
        (
            "4.2.2",
            vec![of(12, b"reserved opcode payload")],
            "failed 1002",
        ),
        ("4.2.3", vec![hello(), of(13, b""), ping()], refused),
        (
            "4.2.4",
            vec![hello(), of(14, b"Hello, world!"), ping()],
            refused,
        ),
        (
            "4.2.5",
            vec![hello(), of(15, b"Hello, world!"), ping()],
            refused,
        ),
    ]);
}

fn begin() -> Vec<u8> {
    frame(BEGIN, b"fragment1")
}

fn end() -> Vec<u8> {
    frame(END, b"fragment2")
}

#[test]
fn case_5_fragments() {
    let (more, ping) = (|text| frame(MORE, text), |text| frame(PING, text));
    let five = vec![
        begin(),
        more(b"fragment2"),
        ping(b"pongme 1!"),
        more(b"fragment3"),
        more(b"fragment4"),
        ping(b"pongme 2!"),
        frame(END, b"fragment5"),
    ];
    let (heard, heard_of_five) = (
        "ping ping payload, text fragment1fragment2",
        "ping pongme 1!, ping pongme 2!, text of 45",
    );
    let between = vec![begin(), frame(PING, b"ping payload"), end()];
    assert_heard(vec![
        (
            "5.3 to 5.5",
            vec![begin(), end()],
            "text fragment1fragment2",
        ),
        ("5.6 to 5.8", between, heard),
        ("5.19 and 5.20", five, heard_of_five),
    ]);
}

#[test]
fn case_5_fragments_out_of_place() {
    let lost = b"non-continuation payload";
    let more = |text: &[u8]| frame(MORE, text);
    let twice = |first: u8| {
        let begin = [frame(first, b"fragment1"), frame(BEGIN, b"fragment2")];
        times(2, [begin.concat(), end()].concat())
    };
    let ping = frame(PING & !END, b"fragment1");
    let pong = frame(PONG & !END, b"fragment1");
    let two = vec![
        begin(),
        end(),
        more(b"fragment3"),
        frame(TEXT, b"fragment4"),
    ];
    let refused = "failed 1002";
    assert_heard(vec![
        ("5.1", vec![ping, end()], refused),
        ("5.2", vec![pong, end()], refused),
        ("5.9 to 5.11", vec![frame(END, lost), hello()], refused),
        ("5.12 to 5.14", vec![more(lost), hello()], refused),
        ("5.15", two, "text fragment1fragment2, failed 1002"),
        ("5.16", vec![twice(MORE)], refused),
        ("5.17", vec![twice(END)], refused),
        ("5.18", vec![begin(), frame(TEXT, b"fragment2")], refused),
    ]);
}

#[test]
fn case_6_text() {
    let surrogate = [KOSME, b"\xed\xa0\x80", b"edited"].concat();
    let greeting = "Hello-µ@ßöäüàá-UTF-8!!";
    let (front, back) = greeting.split_at("Hello-µ@ßöä".len());
    let greeting = greeting.as_bytes();
    let two = vec![frame(BEGIN, front.as_bytes()), frame(END, back.as_bytes())];
    let empty = |first| frame(first, b"");
    let middle = frame(MORE, b"middle frame payload");
    let (heard, kosme) = ("text of 29", format!("text {}", KOSME.escape_ascii()));
    assert_eq!(greeting.len(), 29);
    assert_heard(vec![
        ("6.1.1", vec![empty(TEXT)], "text"),
        ("6.1.2", [BEGIN, MORE, END].map(empty).to_vec(), "text"),
        (
            "6.1.3",
            vec![empty(BEGIN), middle, empty(END)],
            "text middle frame payload",
        ),
        ("6.2.1", vec![frame(TEXT, greeting)], heard),
        ("6.2.2", two, heard),
        ("6.2.3", vec![fragments(greeting, 1)], heard),
        ("6.2.4", vec![fragments(KOSME, 1)], &kosme),
        ("6.3.1", vec![frame(TEXT, &surrogate)], "failed 1007"),
        ("6.3.2", vec![fragments(&surrogate, 1)], "failed 1007"),
    ]);
}

/// The suite waits behind the first part and behind the second. The failure may wait neither for the end of the message
/// nor for that of the frame.
#[test]
fn case_6_4_text_that_fails_at_once() {
    let text = [KOSME, b"\xf4\x90\x80\x80", b"edited"].concat();
    let (sound, fails) = (KOSME.len(), KOSME.len() + 2);
    let begin = |end: usize| frame(BEGIN, &text[..end]);
    let more = |from: usize, end: usize| frame(MORE, &text[from..end]);
    // Of one frame, whose header has six bytes.
    let part = |end: usize| vec![frame(TEXT, &text)[..6 + end].to_vec()];
    let failed = "failed 1007";
    assert_heard(vec![
        ("6.4.1", vec![begin(sound)], ""),
        ("6.4.1", vec![begin(sound), more(sound, sound + 4)], failed),
        ("6.4.2", vec![begin(fails - 1)], ""),
        (
            "6.4.2",
            vec![begin(fails - 1), more(fails - 1, fails)],
            failed,
        ),
        ("6.4.3", part(sound), ""),
        ("6.4.3", part(sound + 4), failed),
        ("6.4.4", part(fails - 1), ""),
        ("6.4.4", part(fails), failed),
    ]);
}

#[test]
fn case_7_closing() {
    let bye = || close(1000, b"");
    let unsound = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    assert_heard(vec![
        (
            "7.1.1",
            vec![hello(), bye(), hello()],
            "text Hello, world!, close 1000",
        ),
        ("7.1.2", vec![bye(), frame(CLOSE, b"")], "close 1000"),
        ("7.1.3", vec![bye(), frame(PING, b"")], "close 1000"),
        ("7.1.4", vec![bye(), hello()], "close 1000"),
        (
            "7.1.5",
            vec![frame(BEGIN, b"fragment1"), bye(), frame(END, b"fragment2")],
            "close 1000",
        ),
        (
            "7.1.6",
            vec![text(256 << 10), hello(), bye(), frame(PING, b"")],
            "text of 262144, text Hello, world!, close 1000",
        ),
        ("7.3.1", vec![frame(CLOSE, b"")], "close"),
        ("7.3.2", vec![frame(CLOSE, b"a")], "failed 1002"),
        ("7.3.3", vec![bye()], "close 1000"),
        ("7.3.4", vec![close(1000, b"Hello World!")], "close 1000"),
        ("7.3.5", vec![close(1000, &[b'*'; 123])], "close 1000"),
        ("7.3.6", vec![close(1000, &[b'*'; 124])], "failed 1002"),
        ("7.5.1", vec![close(1000, unsound)], "failed 1007"),
        ("7.13.1", vec![close(5000, b"")], "failed 1002"),
        ("7.13.2", vec![close(65535, b"")], "failed 1002"),
    ]);
}

#[test]
fn cases_7_7_and_7_9_codes() {
    let valid = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ];
    for (i, code) in valid.into_iter().enumerate() {
        let heard = words(&hear_in_pieces(&close(code, b""), LIMIT));
        assert_eq!(heard, format!("close {code}"), "case 7.7.{}", i + 1);
    }
    let invalid = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    for (i, code) in invalid.into_iter().enumerate() {
        let heard = words(&hear_in_pieces(&close(code, b""), LIMIT));
        assert_eq!(heard, "failed 1002", "case 7.9.{}", i + 1);
    }
}

#[test]
fn cases_9_1_to_9_4_long_messages() {
    for (i, size) in [64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20]
        .into_iter()
        .enumerate()
    {
        let heard = words(&hear([&text(size)[..]], LIMIT));
        assert_eq!(heard, format!("text of {size}"), "case 9.1.{}", i + 1);
        assert_eq!(
            words(&hear([&binary(size)[..]], LIMIT)),
            "failed 1003",
            "case 9.2.{}",
            i + 1
        );
    }
    let long = vec![b'*'; 4 << 20];
    for (i, size) in [
        64,
        256,
        1 << 10,
        4 << 10,
        16 << 10,
        64 << 10,
        256 << 10,
        1 << 20,
        4 << 20,
    ]
    .into_iter()
    .enumerate()
    {
        let heard = words(&hear([&fragments(&long, size)[..]], LIMIT));
        assert_eq!(
            heard,
            "text of 4194304",
            "case 9.3.{}, and 9.4 but for its kind",
            i + 1
        );
    }
}

#[test]
fn cases_9_5_to_9_8_pieces_and_many_messages() {
    for (i, size) in [64, 128, 256, 512, 1024, 2048].into_iter().enumerate() {
        let heard = words(&hear(text(1 << 20).chunks(size), LIMIT));
        assert_eq!(heard, "text of 1048576", "case 9.5.{}", i + 1);
        assert_eq!(
            words(&hear(binary(1 << 20).chunks(size), LIMIT)),
            "failed 1003",
            "case 9.6.{}",
            i + 1
        );
    }
    for (i, size) in [0, 16, 64, 256, 1024, 4096].into_iter().enumerate() {
        let heard = hear([&times(1000, text(size))[..]], LIMIT);
        let is_whole = |it: &super::Incoming<'_>| matches!(it, super::Incoming::Text(text) if text.len() == size);
        assert!(
            heard.len() == 1000 && heard.iter().all(is_whole),
            "case 9.7.{}",
            i + 1
        );
        assert_eq!(
            words(&hear([&times(1000, binary(size))[..]], LIMIT)),
            "failed 1003",
            "case 9.8.{}",
            i + 1
        );
    }
}
