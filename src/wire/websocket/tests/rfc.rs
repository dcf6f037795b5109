//! The examples of RFC 6455 §5.7, and rules of it that neither of the other tests reaches.

use bytes::BytesMut;

use super::{BEGIN, CLOSE, MASK, MORE, PING, TEXT, frame, frame_with, hear, hear_in_pieces, words};
use crate::wire::websocket::{CloseCode, FrameDecoder, close, ping, pong, text_header};

const LIMIT: usize = 1024;

fn heard(bytes: &[u8]) -> String {
    words(&hear_in_pieces(bytes, LIMIT))
}

fn sent(send: impl FnOnce(&mut BytesMut)) -> Vec<u8> {
    let mut out = BytesMut::new();
    send(&mut out);
    out.to_vec()
}

#[test]
fn what_a_client_sends_in_the_examples_is_heard() {
    let hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(heard(hello), "text Hello");
    assert_eq!(frame(TEXT, b"Hello"), hello);
    let pong = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(heard(pong), "pong Hello");
    // What is unmasked is for clients alone.
    for unmasked in [
        &b"\x81\x05Hello"[..],
        b"\x01\x03Hel\x80\x02lo",
        b"\x89\x05Hello",
    ] {
        assert_eq!(heard(unmasked), "failed 1002");
    }
}

#[test]
fn what_a_server_sends_in_the_examples_is_sent() {
    assert_eq!(sent(|out| text_header(5, out)), b"\x81\x05");
    assert_eq!(sent(ping), b"\x89\0");
    assert_eq!(sent(|out| pong(b"Hello", out)), b"\x8a\x05Hello");
    assert_eq!(sent(|out| text_header(256, out)), b"\x81\x7e\x01\0");
    assert_eq!(
        sent(|out| text_header(65536, out)),
        b"\x81\x7f\0\0\0\0\0\x01\0\0"
    );
    // The borders of each form of a length.
    assert_eq!(sent(|out| text_header(125, out)), b"\x81\x7d");
    assert_eq!(sent(|out| text_header(126, out)), b"\x81\x7e\0\x7e");
    assert_eq!(sent(|out| text_header(65535, out)), b"\x81\x7e\xff\xff");
}

#[test]
fn a_close_frame_has_room_for_a_code_and_a_short_reason() {
    assert_eq!(sent(|out| close(None, "unheard", out)), b"\x88\0");
    let bye = sent(|out| close(Some(CloseCode::GOING_AWAY), "bye", out));
    assert_eq!(bye, b"\x88\x05\x03\xe9bye");
    // Two bytes of code, and 61 of these with two bytes each: one more would be cut in the middle.
    let long = sent(|out| close(Some(CloseCode::NORMAL), &"é".repeat(100), out));
    assert_eq!(long[..4], *b"\x88\x7c\x03\xe8");
    assert_eq!(long[4..], *"é".repeat(61).as_bytes());
}

#[test]
fn a_length_may_take_more_bytes_than_it_needs_but_not_its_first_bit() {
    for at_least in [2, 8] {
        let long = frame_with(TEXT, b"Hello", MASK, at_least);
        assert_eq!(heard(&long), "text Hello", "{at_least}");
    }
    assert_eq!(heard(b"\x81\xff\x80\0\0\0\0\0\0\0"), "failed 1002");
    assert_eq!(
        heard(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff"),
        "failed 1009"
    );
    // A control frame cannot use it even for a short payload (§5.5).
    assert_eq!(heard(&frame_with(PING, b"", MASK, 2)), "failed 1002");
}

#[test]
fn a_message_beyond_the_limit_fails_before_any_of_it_is_kept() {
    assert_eq!(heard(&frame(TEXT, &[b'x'; LIMIT])), "text of 1024");
    let long = frame(TEXT, &[b'x'; LIMIT + 1]);
    assert_eq!(words(&hear([&long[..4]], LIMIT)), "failed 1009");

    let mut decoder = FrameDecoder::default();
    let begin = frame(BEGIN, &[b'x'; 1000]);
    let mut more = frame(MORE, &[b'x'; 25]);
    assert_eq!(decoder.next(&mut &mut begin.clone()[..], LIMIT), None);
    assert!(decoder.pending() >= 1000);
    let failed = decoder.next(&mut &mut more[..2], LIMIT);
    assert_eq!(
        words(&failed.into_iter().collect::<Vec<_>>()),
        "failed 1009"
    );
    assert_eq!(decoder.pending(), 0);
}

#[test]
fn a_frame_fails_by_its_first_two_bytes_if_they_are_wrong() {
    let cases: [(&[u8], &str); 7] = [
        (b"\x83\x80", "failed 1002"),
        (b"\xc1\x80", "failed 1002"),
        (b"\x80\x80", "failed 1002"),
        (b"\x81\x00", "failed 1002"),
        (b"\x09\x80", "failed 1002"),
        (b"\x88\xfe", "failed 1002"),
        (b"\x02\xfe", "failed 1003"),
    ];
    for (bytes, expected) in cases {
        assert_eq!(heard(bytes), expected, "{bytes:x?}");
        assert_eq!(heard(&bytes[..1]), "", "{bytes:x?}");
    }
}

#[test]
fn nothing_is_heard_behind_a_close_frame_or_a_failure() {
    let hello = frame(TEXT, b"Hello");
    let close = frame(CLOSE, b"\x03\xe8");
    assert_eq!(heard(&[&close[..], &hello].concat()), "close 1000");
    assert_eq!(heard(&[b"\x83\x80", &hello[..]].concat()), "failed 1002");
}

#[test]
fn a_message_within_one_read_is_lent() {
    let mut bytes = [frame(TEXT, b"Hello"), frame(PING, b"?")].concat();
    let range = bytes.as_ptr_range();
    let mut input = &mut bytes[..];
    let mut decoder = FrameDecoder::default();
    let mut lent = 0;
    while let Some(incoming) = decoder.next(&mut input, LIMIT) {
        let at = match &incoming {
            super::Incoming::Text(text) => text.as_ptr(),
            super::Incoming::Ping(payload) => payload.as_ptr(),
            other => panic!("{other:?}"),
        };
        assert!(range.contains(&at));
        lent += 1;
    }
    assert!(lent == 2 && decoder.is_idle());
}

#[test]
fn every_mask_is_taken_off_at_every_length_and_cut() {
    let text: String = ('a'..='z').cycle().take(40).collect();
    for length in 0..text.len() {
        let bytes = frame_with(TEXT, &text.as_bytes()[..length], [1, 2, 4, 8], 0);
        let heard = hear_in_pieces(&bytes, LIMIT);
        assert_eq!(heard, [super::Incoming::Text(text[..length].into())]);
    }
}
