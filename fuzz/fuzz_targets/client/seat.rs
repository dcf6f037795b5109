//! `Seat`: a desk and its terminal, checked after each step, and at the end.

use std::time::{Duration, Instant};

use chinwag::inner::client::Config;
use chinwag::inner::client::desk::Desk;

use crate::heap;
use crate::seen::Seen;

/// Bytes that the client reads at once.
const READ_BYTES: usize = 16 * 1024;

/// Bytes that a server may send in one input: more than its longest line.
const SERVER_BYTES: usize = 1536 * 1024;

/// Bytes that a person may type in one input: more than a line holds. With each key, the editor checks itself.
const TYPED_BYTES: usize = 12 * 1024;

/// Bytes that a person may paste in one input: more than the longest paste.
const PASTED_BYTES: usize = 1536 * 1024;

const WINDOW: (usize, usize) = (80, 24);
/// Sizes of a window.
const SIZES: [(usize, usize); 8] = [
    (1, 1),
    (2, 9),
    (9, 2),
    (20, 5),
    (39, 12),
    WINDOW,
    (132, 43),
    (500, 2),
];

/// Lengths of time, in milliseconds.
const TIMES: [u64; 8] = [0, 10, 50, 500, 1000, 5000, 60_000, 3_600_000];

pub struct Seat {
    pub desk: Desk,
    seen: Seen,
    /// How many bytes may still be sent by the server, typed and pasted.
    left: [usize; 3],
}

impl Seat {
    /// The byte selects how the client starts.
    pub fn new(how: u8) -> Seat {
        let config = Config {
            host: "server".into(),
            port: 8080,
            tls: None,
            name: (how & 1 == 0).then(|| "Ann".into()),
            color: how & 2 == 0,
            time: false,
            reconnect: how & 4 == 0,
            raw: false,
            password: None,
            drawing: true,
            signals: Vec::new(),
        };
        let mut seat = Seat {
            desk: Desk::new(&config, WINDOW, Instant::now()),
            seen: Seen::new(WINDOW),
            left: [SERVER_BYTES, TYPED_BYTES, PASTED_BYTES],
        };
        seat.look();
        seat
    }

    pub fn type_in(&mut self, bytes: &[u8]) {
        let bytes = bounded(bytes, &mut self.left[1]);
        self.desk.type_in(bytes);
        self.look();
    }

    /// A paste, whose end may be missing.
    pub fn paste(&mut self, bytes: &[u8], is_ended: bool) {
        self.desk.type_in(b"\x1b[200~");
        for part in bounded(bytes, &mut self.left[2]).chunks(READ_BYTES) {
            self.desk.type_in(part);
        }
        if is_ended {
            self.desk.type_in(b"\x1b[201~");
        }
        self.look();
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        for part in bounded(bytes, &mut self.left[0]).chunks(READ_BYTES) {
            self.desk.receive(part);
            self.look();
        }
    }

    pub fn pass(&mut self, choice: u8) {
        let millis = TIMES[usize::from(choice) % TIMES.len()];
        self.desk.pass(Duration::from_millis(millis));
        self.look();
    }

    pub fn resize(&mut self, choice: u8) {
        let size = SIZES[usize::from(choice) % SIZES.len()];
        self.seen.resize(size);
        self.desk.resize(size);
        self.look();
    }

    /// The way to the server ends, or does not open.
    pub fn lose(&mut self) {
        self.desk.refuse();
        self.desk.lose("the server closed the connection");
        self.look();
    }

    /// The person wants to leave. Whatever happened before, Ctrl-C ends the client, pressed as often as it takes to
    /// drop the paste that waits for an answer, then the typed line, and then to go.
    pub fn end(mut self) {
        const HELD_UP: Duration = Duration::from_secs(10);
        self.desk.pass(HELD_UP);
        for _ in 0..3 {
            self.desk.type_in(b"\x03");
            self.look();
        }
        self.desk.pass(HELD_UP);
        self.look();
        assert!(self.desk.outcome().is_some(), "Ctrl-C does not end it");
        self.seen.check_left();
        drop(self);
        heap::check();
    }

    fn look(&mut self) {
        let shown = self.desk.take_shown();
        self.seen.take(&shown);
    }
}

/// As many of the bytes as may still be sent.
fn bounded<'a>(bytes: &'a [u8], left: &mut usize) -> &'a [u8] {
    let length = bytes.len().min(*left);
    *left -= length;
    &bytes[..length]
}

/// Takes a step from the front of the script: its first byte, and the bytes that belong to it. The second byte says how
/// many follow, up to 64, and whether they stand for themselves, for a piece each, or for pieces to repeat.
pub fn next_step<'a>(script: &mut &[u8], pieces: &[&'a [u8]]) -> Option<(u8, Vec<u8>)> {
    let &[what, length, ref rest @ ..] = *script else {
        return None;
    };
    let count = usize::from(length) % 64;
    let (with, rest) = rest.split_at(count.min(rest.len()));
    *script = rest;
    let piece = |byte: &u8| pieces[usize::from(*byte) % pieces.len()];
    let with = match length / 64 {
        0 => with.to_vec(),
        1 | 2 => with.iter().flat_map(piece).copied().collect(),
        _ => {
            let times = with.first().map_or(0, |&it| repeats(it));
            let with: Vec<u8> = with
                .iter()
                .skip(1)
                .take(8)
                .flat_map(piece)
                .copied()
                .collect();
            // What the script makes counts as well, so it makes no more than may be sent.
            with.repeat(times.min(1 + SERVER_BYTES / with.len().max(1)))
        }
    };
    Some((what, with))
}

/// How often to repeat bytes, so that limits are within reach: usually a few times, because more takes long.
fn repeats(choice: u8) -> usize {
    match choice {
        0..192 => 5,
        192..240 => 50,
        240..252 => 500,
        252..255 => 5000,
        255 => 100_000,
    }
}
