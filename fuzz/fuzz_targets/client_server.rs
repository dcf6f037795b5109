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
    b"Enter your username: ", b"Welcome to the chat!\r\n", b"Type /help for the list of commands.\r\n", b"\xff\xfc\x06",
    b"That username is taken.\r\n", b"A username has 1 to 32 letters, digits, '_', '-' or '.'.\r\n", b"Goodbye!\r\n",
    b"Server is full. Try again later.\r\n", b"Too many attempts. Goodbye!\r\n", b"Login timed out. Goodbye!\r\n",
    b"You have been silent for too long. Goodbye!\r\n", b"Server is shutting down. Goodbye!\r\n",
    b"You are in #den now.\r\n", b"You are in #lobby now.\r\n", b"You are already in #den.\r\n", b"Ann", b"Bob", b": ",
    b" (private): ", b"To Bob (private): ", b"* Bob ", b" is now known as ", b".\r\n", b" has joined the chat.\r\n",
    b" has left the chat.\r\n", b" has come in.\r\n", b" has gone to #den.\r\n", b"[12:30] ", b"[2026-11-21 16:59:59] ",
    b"[2026-11-21 16:59] ", b"Timestamps are on (UTC).\r\n", b"Timestamps are on, with the date (+02:00).\r\n",
    b"Timestamps are off.\r\n", b"Join and leave notices are off.\r\n", b"You are away. Type /back when you return.\r\n",
    b"You are back. You missed nothing.\r\n", b"You are now ignoring Bob. Type /unignore Bob to undo it.\r\n",
    b"You are no longer ignoring Bob.\r\n", b"-- 3 messages you missed, times in UTC --\r\n", b"/help  list the commands\r\n",
    b"\r\n", b"\n", b"\r", b"\r\0", b" ", b"\t", b"\x1b[2J", b"\x1b]0;x\x07", b"\x9b", b"\xc2\x9b", b"\xff", b"\xff\xfb\x01",
    b"\xff\xfa\x1f", b"\xff\xf0", b"\xc3", "\u{1f468}\u{200d}\u{1f469}".as_bytes(), "e\u{301}".as_bytes(), "\u{202e}".as_bytes(),
    "\u{6f22}".as_bytes(), "\u{fdfa}".as_bytes(), "\u{feff}".as_bytes(), b"x", b"127.0.0.1:5000 has joined the chat.\r\n", b"#den",
    b"You hear #tea too. Say something there with /in tea TEXT.\r\n", b"You hear #den already.\r\n", b"You no longer hear #tea.\r\n",
    b"You no longer hear #den, #tea and #lobby.\r\n", b"#tea ", b" listens in from #den.\r\n", b" no longer listens.\r\n",
    b"You do not hear #den. Type /listen den first.\r\n",
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
