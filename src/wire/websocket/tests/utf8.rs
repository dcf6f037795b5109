//! Cases 6.5 to 6.23 of Autobahn's test suite: sequences of UTF-8, sound and unsound, each in one frame and in frames of
//! one byte.

use super::{TEXT, fragments, frame, hear, hear_in_pieces};
use crate::wire::websocket::{CloseCode, Incoming};

const LIMIT: usize = 1024;

/// A word whose letters take two and three bytes.
pub(super) const KOSME: &[u8] = "κ\u{1f79}σμε".as_bytes();

type Sequences = &'static [&'static [u8]];

const SOUND: [(&str, Sequences); 6] = [
    (
        "6.5 some valid sequences",
        &[
            b"hello$world",
            b"hello\xc2\xa2world",
            b"hello\xe2\x82\xacworld",
            b"hello\xf0\xa4\xad\xa2world",
            KOSME,
        ],
    ),
    (
        "6.7 first of each length",
        &[b"\0", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"],
    ),
    (
        "6.9 last of each length",
        &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"],
    ),
    (
        "6.11.1 to 6.11.4 beside what is impossible",
        &[
            b"\xed\x9f\xbf",
            b"\xee\x80\x80",
            b"\xef\xbf\xbd",
            b"\xf4\x8f\xbf\xbf",
        ],
    ),
    (
        "6.22 no characters, but valid",
        &[
            b"\xef\xbf\xbe",
            b"\xef\xbf\xbf",
            b"\xf0\x9f\xbf\xbe",
            b"\xf3\xbf\xbf\xbf",
            b"\xf4\x8f\xbf\xbe",
        ],
    ),
    (
        "6.23 specials",
        &[
            b"\xef\xbf\xb9",
            b"\xef\xbf\xba",
            b"\xef\xbf\xbb",
            b"\xef\xbf\xbc",
            b"\xef\xbf\xbd",
        ],
    ),
];

const UNSOUND: [(&str, Sequences); 12] = [
    ("6.8 first of length five and six", &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
    (
        "6.10 last of length four to six",
        &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"],
    ),
    ("6.11.5 behind the last", &[b"\xf4\x90\x80\x80"]),
    (
        "6.12 continuations alone",
        &[b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80", b"\x80\xbf\x80\xbf", b"\x80\xbf\x80\xbf\x80", b"\x80\xbf\x80\xbf\x80\xbf"],
    ),
    ("6.13 starts alone", &[b"\xc0 \xc1 \xdf ", b"\xe0 \xef ", b"\xf0 \xf6 ", b"\xf8 \xfa ", b"\xfc "]),
    (
        "6.14 the last continuation is missing",
        &[
            b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80",
            b"\xdf", b"\xef\xbf", b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf",
        ],
    ),
    (
        "6.15 all of these in a row",
        &[b"\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7\xbf\xbf\xfb\xbf\xbf\xbf\xfd\xbf\xbf\xbf\xbf"],
    ),
    ("6.16 impossible bytes", &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
    (
        "6.17 a slash in too many bytes",
        &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"],
    ),
    (
        "6.18 the most in too many bytes",
        &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"],
    ),
    (
        "6.19 NUL in too many bytes",
        &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"],
    ),
    (
        "6.20 and 6.21 surrogates, single and in pairs",
        &[
            b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf", b"\xed\xb0\x80", b"\xed\xbe\x80",
            b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xed\xa0\x80\xed\xbf\xbf", b"\xed\xad\xbf\xed\xb0\x80",
            b"\xed\xad\xbf\xed\xbf\xbf", b"\xed\xae\x80\xed\xb0\x80", b"\xed\xae\x80\xed\xbf\xbf",
            b"\xed\xaf\xbf\xed\xb0\x80", b"\xed\xaf\xbf\xed\xbf\xbf",
        ],
    ),
];

fn assert_heard(case: &str, bytes: &[u8], expected: &Incoming<'_>) {
    let whole = hear_in_pieces(&frame(TEXT, bytes), LIMIT);
    assert_eq!(whole, std::slice::from_ref(expected), "{case}: {bytes:x?}");
    let split = hear([&fragments(bytes, 1)[..]], LIMIT);
    assert_eq!(split, whole, "{case}: {bytes:x?} in fragments");
}

#[test]
fn sound_text_is_heard() {
    for (case, sequences) in SOUND {
        for bytes in sequences {
            let text = str::from_utf8(bytes).expect(case);
            assert_heard(case, bytes, &Incoming::Text(text.into()));
        }
    }
}

#[test]
fn unsound_text_fails() {
    for (case, sequences) in UNSOUND {
        for bytes in sequences {
            assert_heard(case, bytes, &Incoming::Failed(CloseCode::NOT_UTF8));
        }
    }
}

/// Case 6.6.
#[test]
fn a_beginning_of_a_word_is_heard_if_its_last_letter_is_whole() {
    for end in 1..=KOSME.len() {
        let bytes = &KOSME[..end];
        let expected = match str::from_utf8(bytes) {
            Ok(text) => Incoming::Text(text.into()),
            Err(_) => Incoming::Failed(CloseCode::NOT_UTF8),
        };
        assert_heard("6.6", bytes, &expected);
    }
}
