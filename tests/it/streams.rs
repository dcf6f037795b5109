//! Recordings of real clients, replayed: the streams under `tests/streams`, whose README says how each was recorded.

use std::fs;
use std::path::{Path, PathBuf};

use chinwag::inner::wire::{Opening, opening};
use chinwag::limits::LINE_BYTES;

use crate::decoding::{Heard, assert_sound};

const TALK: &[&str] = &["ann", "Hello, Zoë 花子!", "/users", "/quit"];
const LAST_WORDS: &[&str] = &["ann", "last words"];

const MARK: &[u8] = b"\xff\xfc\x06";
/// Answers to WILL NAWS, TSPEED, TTYPE and NEW-ENVIRON, DO ECHO, WILL and DO SGA; to its type; to WILL OLD-ENVIRON. It
/// gives one type twice, so the server does not ask again.
const TO_PUTTY: &[u8] = b"\xff\xfd\x1f\xff\xfe\x20\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfe\x27\
    \xff\xfc\x01\xff\xfe\x03\xff\xfc\x03\xff\xfa\x18\x01\xff\xf0\xff\xfe\x24";

/// Each stream, the lines and keys in it, and the server's replies.
const STREAMS: [(&str, &[&str], &[u8]); 18] = [
    ("gnu-telnet-talk", TALK, b""),
    (
        "gnu-telnet-interrupt",
        &["ann", "<interrupt>", "whole", "/users", "/quit"],
        MARK,
    ),
    (
        "gnu-telnet-ayt",
        &["ann", "<are you there>", "still here", "/quit"],
        b"",
    ),
    ("gnu-telnet-eof", &["ann", "bye", "<end>"], b""),
    (
        "gnu-telnet-synch",
        &["ann", "still here", "/users", "/quit"],
        b"",
    ),
    ("gnu-telnet-ctrl-d", &["ann", "<end>"], b""),
    (
        "gnu-telnet-character",
        &[
            "ann",
            "right",
            "/users",
            "<interrupt>",
            "whole",
            "/users",
            "<end>",
        ],
        b"\xff\xfc\x03\xff\xfc\x01\xff\xfc\x06",
    ),
    ("plink-telnet-talk", TALK, TO_PUTTY),
    ("plink-telnet-interrupt", &["ann"], TO_PUTTY),
    (
        "plink-telnet-eof",
        &["ann", "last words", "<end>"],
        TO_PUTTY,
    ),
    ("plink-raw", TALK, b""),
    ("nc-talk", TALK, b""),
    ("nc-pipe", LAST_WORDS, b""),
    ("ncat-talk", TALK, b""),
    ("ncat-crlf", LAST_WORDS, b""),
    ("socat-pipe", LAST_WORDS, b""),
    (
        "socat-raw-terminal",
        &["ann", "half␃ and ␡", "/users", "<end>"],
        b"",
    ),
    (
        "tf-talk",
        &["ann", "Hello, everyone!", "/users", "/quit"],
        b"",
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams")
}

fn stream(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.bin"));
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_client_is_understood_however_its_bytes_are_cut() {
    for (name, lines, replies) in STREAMS {
        let bytes = stream(name);
        assert_eq!(opening(&bytes), Opening::Lines, "{name}");
        let whole = Heard::of(&[&bytes], LINE_BYTES);
        assert_eq!(whole.lines, lines, "{name}");
        assert_eq!(whole.replies.concat(), replies, "{name}");
        let cuts = (0..=bytes.len()).map(|at| vec![&bytes[..at], &bytes[at..]]);
        assert_sound(&bytes, cuts, LINE_BYTES);
    }
}

#[test]
fn each_recording_is_replayed_and_described() {
    let mut recorded: Vec<String> = fs::read_dir(folder())
        .expect("the folder of the streams can be listed")
        .map(|entry| entry.expect("and its entries read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "bin"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.into()))
        .collect();
    recorded.sort_unstable();
    let mut replayed = STREAMS.map(|(name, ..)| name);
    replayed.sort_unstable();
    assert_eq!(recorded, replayed);

    let read = |file| fs::read_to_string(folder().join(file)).expect("it is text");
    let (readme, recorder) = (read("README.md"), read("record"));
    for name in replayed {
        assert!(readme.contains(&format!("\n| `{name}` |")), "{name}");
        assert!(recorder.contains(&format!("\n    \"{name}\": (")), "{name}");
    }
}
