//! A terminal sends anything, cut anywhere, to the client of a person on a friendly server. Only the client's own
//! sequences reach the terminal, the client's memory has a limit, and Ctrl-C ends it.

#![no_main]

#[path = "client/heap.rs"]
mod heap;
#[path = "client/seat.rs"]
mod seat;
#[path = "client/seen.rs"]
mod seen;

use libfuzzer_sys::fuzz_target;

use seat::{Seat, next_step};

/// The pieces that a byte of the terminal may stand for.
#[rustfmt::skip]
const PIECES: [&[u8]; 68] = [
    b"\r", b"\n", b"\t", b"\x7f", b"\x08", b"\x1b", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[3~",
    b"\x1b[1;5C", b"\x1b[1;3D", b"\x1bb", b"\x1bf", b"\x1bd", b"\x01", b"\x05", b"\x0b", b"\x15", b"\x17", b"\x19", b"\x0c", b"\x1a",
    b"\x1b[200~", b"\x1b[201~", b"one\rtwo\rthree", b"\x1b[I", b"\x1b[O", b"\x1b[<64;10;5M", b"\x1b[M !!", b"\x1b]11;rgb:1e1e/1e1e",
    b"\x1b\\", b"\x07", b"\x1bP", b"\x1b[?62;c", b"\x1bO", b"\x1b[[A", b"\x9b", b"\xc2\x9b", b"\x1b[99999999;5u", b"\0", b"\xff", b"\xc3",
    "\u{e9}".as_bytes(), "\u{6f22}".as_bytes(), "\u{301}".as_bytes(), "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
    "\u{1f1e9}\u{1f1ea}".as_bytes(), "\u{202e}".as_bytes(), "\u{200d}".as_bytes(), "\u{fdfa}".as_bytes(), b"hello ", b"/join ", b"#den",
    b"/nick Bea\r", b"/leave\r", b"send ", b"/wh", b"Ann", b"x", b" ",
    b"/listen tea\r", b"/switch tea\r", b"/in tea hello\r", b"/unlisten ",
];

/// A server that lets people in and answers their lines.
#[derive(Default)]
struct Server {
    named: bool,
    /// The current room of the person.
    room: String,
    part: Vec<u8>,
}

impl Server {
    /// The server's answer to these bytes, and whether it then closes the connection.
    fn answer(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        for &byte in bytes {
            self.part.push(byte);
            if self.part.ends_with(b"\xff\xfd\x06") {
                self.part.truncate(self.part.len() - 3);
                out.extend(b"\xff\xfc\x06");
            }
            if byte != b'\n' {
                continue;
            }
            let line = String::from_utf8_lossy(&self.part).trim().to_string();
            self.part.clear();
            match line.split_once(' ').unwrap_or((&line, "")) {
                _ if !self.named => {
                    self.named = true;
                    self.room = "#lobby".into();
                    out.extend(b"Welcome to the chat!\r\nType /help for the list of commands.\r\n");
                }
                ("/quit", _) => {
                    out.extend(b"Goodbye!\r\n");
                    return (out, true);
                }
                ("/join", room) => self.go(room, &mut out),
                ("/leave", _) => self.go("lobby", &mut out),
                ("/listen", room) => hear(room, &mut out),
                ("/switch", room) => {
                    let left = self.room.clone();
                    self.go(room, &mut out);
                    hear(&left, &mut out);
                }
                ("/unlisten", room) => {
                    out.extend(format!("You no longer hear {}.\r\n", tag(room)).bytes());
                }
                ("/in", _) => {}
                (word, _) if word.starts_with('/') => out.extend(b"Unknown command.\r\n"),
                _ => {}
            }
        }
        (out, false)
    }

    fn go(&mut self, room: &str, out: &mut Vec<u8>) {
        self.room = tag(room);
        out.extend(format!("You are in {} now.\r\n", self.room).bytes());
    }
}

fn hear(room: &str, out: &mut Vec<u8>) {
    let room = tag(room);
    let line = format!(
        "You hear {room} too. Say something there with /in {} TEXT.\r\n",
        &room[1..]
    );
    out.extend(line.bytes());
}

/// A room as the server writes it.
fn tag(typed: &str) -> String {
    format!("#{}", typed.trim_start_matches('#'))
}

fn serve(seat: &mut Seat, server: &mut Server) {
    if seat.desk.is_connecting() {
        *server = Server::default();
        seat.desk.accept();
        seat.receive(b"Enter your username: ");
    }
    let sent = seat.desk.take_sent();
    let (answer, closes) = server.answer(&sent);
    seat.receive(&answer);
    if closes {
        seat.lose();
    }
}

fuzz_target!(|script: &[u8]| {
    let Some((&how, mut script)) = script.split_first() else {
        return;
    };
    let mut seat = Seat::new(how);
    let mut server = Server::default();
    serve(&mut seat, &mut server);
    while seat.desk.outcome().is_none()
        && let Some((what, typed)) = next_step(&mut script, &PIECES)
    {
        match what {
            0..12 => seat.pass(what),
            12..20 => seat.resize(what),
            20..24 => seat.lose(),
            24..28 => seat.receive(b"Bob: hello, Ann\r\n"),
            28..40 => seat.paste(&typed, what % 4 != 0),
            _ => seat.type_in(&typed),
        }
        // Sometimes the server is slow.
        if what % 8 != 7 {
            serve(&mut seat, &mut server);
        }
    }
    seat.end();
});
