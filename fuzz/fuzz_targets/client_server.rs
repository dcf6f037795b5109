//! A server sends anything, cut anywhere, to the terminal client of a person who types a little. Only the client's own
//! sequences reach the terminal, its memory has a limit, and Ctrl-C ends it.

#![no_main]

#[path = "client/heap.rs"]
mod heap;
#[path = "client/seat.rs"]
mod seat;
#[path = "client/seen.rs"]
mod seen;

use libfuzzer_sys::fuzz_target;

use seat::{Seat, next_step};

/// The pieces that a byte of the server may stand for.
#[rustfmt::skip]
const PIECES: [&[u8]; 72] = [
    br#"{"event":"hello","protocol":1,"limits":{"line":8192,"rate":16}}"#, b"\n", b"\r\n", b"{", b"}", b"[", b"]", b",", b":", b"\"",
    br#"{"event":"welcome","seq":5,"name":"Ann","person":1,"current":"lobby","rooms":[{"room":"lobby","topic":"T","people":[{"name":"Bob","person":2}]}],"journal":"j","resume":"t","resumed":"#,
    br#"{"event":"pong","seq":7,"re":"p200-"#, br#"{"event":"said","room":"lobby","from":"Bob","text":"Ann"#,
    br#"{"event":"did","room":"den","from":"Bob","text":"waves"#, br#"{"event":"private","from":"Bob","text":"psst"#,
    br#"{"event":"written","to":"Bob","text":"psst"#, br#"{"event":"joined","room":"lobby","name":"Bob","person":2"#,
    br#"{"event":"left","room":"lobby","name":"Bob","person":2,"why":"x"#, br#"{"event":"entered","room":"den","name":"Bob","person":2"#,
    br#"{"event":"went","room":"den","name":"Bob","person":2,"to":"lobby"#, br#"{"event":"renamed","from":"Ann","to":"Bea","person":1"#,
    br#"{"event":"topic","room":"den","by":"Bob","topic":"x"#, br#"{"event":"notice","text":"x"#,
    br#"{"event":"room","room":"den","current":true,"people":[]"#, br#"{"event":"room","room":"tea","current":false,"topic":"x"#,
    br#"{"event":"out","room":"lobby","current":"den"#, br#"{"event":"erased","room":"den","seqs":[1,2],"text":"x"#,
    br#"{"event":"skipped","count":7"#, br#"{"event":"answer","to":"who","text":["a","b"],"count":2"#,
    br#"{"event":"answer","to":"search","lines":[{"kind":"said","from":"Bob","text":"x","seq":1,"at":"2026-11-21T16:59:59.000Z"}],"more":true"#,
    br#"{"event":"refused","code":"name-taken","text":"x"#, br#"{"event":"refused","code":"password","text":"x"#,
    br#"{"event":"refused","code":"resume-gone","text":"x"#, br#"{"event":"error","code":"member","text":"x"#,
    br#"{"event":"goodbye","code":"idle","text":"x","again":false"#, br#"{"event":"goodbye","code":"full","text":"x","again":true,"after":7"#,
    br#"{"event":"goodbye","code":"quit","text":"x"#, br#","past":true"#, br#","re":"s200-"#, br#","re":"c200-"#, br#","re":"l200-1""#, br#","re":"j200-"#,
    b"1", b"2", b"3", b"9", b"true}", b"false}", b"null", br#","seq":"#, br#","at":"2026-11-21T16:59:59.000Z""#, br#"\u001b[2J"#, br#"\u0000"#,
    br#"\ud800"#, b"\x1b[2J", b"\x1b]0;x\x07", b"\x9b", b"\xc2\x9b", b"\xff", b"\xc3", "\u{1f468}\u{200d}\u{1f469}".as_bytes(), "e\u{301}".as_bytes(),
    "\u{202e}".as_bytes(), "\u{6f22}".as_bytes(), "\u{fdfa}".as_bytes(), "\u{feff}".as_bytes(), b"x", b" ", b"Enter your username: ", b"#den", br#"\\"#, br#"\""#,
];

/// The keys that the person types, by a byte.
#[rustfmt::skip]
const TYPED: [&[u8]; 28] = [
    b"\r", b"hello\r", b"half a li", b"/join #den\r", b"/leave\r", b"/nick Bea\r", b"/away lunch\r", b"/ignore Bob\r", b"Ann\r",
    b"\x1b[200~one\rtwo\rthree\x1b[201~", b"y", b"\t", b"Bo\t", b"/j\t", b"\x1b[A", b"\x1b[B", b"\x0c", b"\x1a", b"\x15", b"\x03",
    b"/quit\r", b"leave\r", b"\x1b[I", b"\x1b[O", b"/listen #tea\r", b"/switch #tea\r", b"/in tea hello\r", b"/unlisten \t",
];

fuzz_target!(|script: &[u8]| {
    let Some((&how, mut script)) = script.split_first() else {
        return;
    };
    let mut seat = Seat::new(how);
    while seat.desk.outcome().is_none()
        && let Some((what, sent)) = next_step(&mut script, &PIECES)
    {
        match what % 16 {
            // Usually the server is there.
            0 => seat.lose(),
            _ => seat.desk.accept(),
        }
        match what / 16 {
            0 => seat.lose(),
            1 => seat.pass(what),
            2 => seat.resize(what),
            3 => seat.paste(&sent, true),
            4..8 => {
                let typed = sent
                    .iter()
                    .take(4)
                    .map(|it| TYPED[usize::from(*it) % TYPED.len()]);
                typed.for_each(|typed| seat.type_in(typed));
            }
            _ => seat.receive(&sent),
        }
        seat.desk.take_sent();
    }
    seat.end();
});
