//! `Desk`: a person at a terminal in memory, for tests and the fuzzer. It drives the chat and its keys as their loop
//! does, without a terminal, socket, clock or file. The code that holds it types, reads the screen, plays the way to
//! the server, and moves the clock.

use std::mem;
use std::time::{Duration, Instant};

use super::bell::Bell;
use super::chat::{Chat, Errand};
use super::history::History;
use super::keys::{Key, Keyboard};
use super::link::{GREETING_TIMEOUT, LinkEvent};
use super::terminal::{self, OFF};
use super::{Config, Outcome};

/// How long an attempt to connect lasts.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The first bytes that a terminal gets.
pub const ENTER: [&str; 2] = [OFF, terminal::ENTER];

/// The last bytes that it gets.
pub const LEAVE: [&str; 2] = [OFF, terminal::LEAVE];

/// How often timeouts may be due at one moment. A loop whose timeouts stay due would turn forever.
const TIMEOUTS_AT_ONCE: usize = 16;

/// The way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Closed,
    Connecting {
        deadline: Instant,
    },
    Open {
        /// The server must have let us in by then; `None` once it has.
        greeting: Option<Instant>,
    },
}

/// A person at a terminal.
pub struct Desk {
    chat: Chat,
    bell: Bell,
    keyboard: Keyboard,
    now: Instant,
    size: (usize, usize),
    way: Way,
    /// How many times it has started to connect.
    attempts: usize,
    sent: Vec<u8>,
    shown: String,
    outcome: Option<Outcome>,
}

impl Desk {
    /// Sits down at a window of this many columns and rows. The chat starts to connect.
    pub fn new(config: &Config, size: (usize, usize), now: Instant) -> Desk {
        let history = History::open(None);
        let mut desk = Desk {
            chat: Chat::new(config, history, size, || 512),
            bell: Bell::default(),
            keyboard: Keyboard::new(),
            now,
            size,
            way: Way::Closed,
            attempts: 0,
            sent: Vec::new(),
            shown: ENTER.concat(),
            outcome: None,
        };
        desk.go_round();
        desk
    }

    /// The terminal sends these bytes.
    pub fn type_in(&mut self, bytes: &[u8]) {
        let mut keys = Vec::new();
        self.keyboard.feed(bytes, self.now, &mut keys);
        self.press(keys);
        self.go_round();
    }

    /// The window changes its size.
    pub fn resize(&mut self, size: (usize, usize)) {
        self.size = size;
        self.go_round();
    }

    /// The number of the current attempt or, once connected, of the one that succeeded. Each attempt has its own.
    pub fn attempt(&self) -> Option<usize> {
        (self.way != Way::Closed && self.outcome.is_none()).then_some(self.attempts)
    }

    /// Whether an attempt waits to be accepted or refused.
    pub fn is_connecting(&self) -> bool {
        self.attempt().is_some() && matches!(self.way, Way::Connecting { .. })
    }

    /// The server accepts the connection.
    pub fn accept(&mut self) {
        if self.is_connecting() {
            let greeting = Some(self.now + GREETING_TIMEOUT);
            self.way = Way::Open { greeting };
        }
    }

    /// Nobody accepts the connection.
    pub fn refuse(&mut self) {
        if self.is_connecting() {
            self.cannot_reach("cannot connect to the server: Connection refused. Check --host");
        }
    }

    /// The server sends these bytes.
    pub fn receive(&mut self, bytes: &[u8]) {
        if matches!(self.way, Way::Open { .. }) && !bytes.is_empty() {
            self.follow(LinkEvent::Received(bytes.len()), bytes);
        }
    }

    /// The connection ends; the words say how.
    pub fn lose(&mut self, words: &str) {
        if matches!(self.way, Way::Open { .. }) {
            self.way = Way::Closed;
            self.follow(LinkEvent::Lost(words.into()), &[]);
        }
    }

    /// The machine's network changes.
    pub fn network_changed(&mut self) {
        self.chat.network_changed(self.now);
        self.go_round();
    }

    /// Time passes, and everything due in it happens.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut at_once = 0;
        while self.outcome.is_none()
            && let Some(due) = self.next_timeout()
            && due <= end
        {
            at_once = if due > self.now { 0 } else { at_once + 1 };
            assert!(at_once < TIMEOUTS_AT_ONCE, "what was due stays due");
            self.now = self.now.max(due);
            self.handle_timeout();
            self.go_round();
        }
        self.now = end;
    }

    /// The bytes sent to the server since the last call.
    pub fn take_sent(&mut self) -> Vec<u8> {
        match self.way {
            Way::Open { .. } => mem::take(&mut self.sent),
            _ => Vec::new(),
        }
    }

    /// The output for the terminal since the last call.
    pub fn take_shown(&mut self) -> String {
        mem::take(&mut self.shown)
    }

    /// How it ended, once it has.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn next_timeout(&self) -> Option<Instant> {
        let link = match self.way {
            Way::Closed => None,
            Way::Connecting { deadline } => Some(deadline),
            Way::Open { greeting } => greeting,
        };
        let due = [self.chat.next_timeout(), link, self.keyboard.next_timeout()];
        due.into_iter().flatten().min()
    }

    fn handle_timeout(&mut self) {
        let now = self.now;
        let mut keys = Vec::new();
        self.keyboard.handle_timeout(now, &mut keys);
        self.press(keys);
        match self.way {
            Way::Connecting { deadline } if deadline <= now => {
                self.cannot_reach("cannot connect to the server: no answer. Check --host");
            }
            Way::Open { greeting: Some(by) } if by <= now => {
                self.cannot_reach("the server took the connection but said nothing. Check --port");
            }
            _ => {}
        }
        self.chat.handle_timeout(now);
    }

    fn press(&mut self, keys: Vec<Key>) {
        for key in keys {
            self.chat.key(key, self.now);
        }
    }

    fn cannot_reach(&mut self, sentence: &str) {
        self.way = Way::Closed;
        self.follow(LinkEvent::Unreachable(sentence.into()), &[]);
    }

    fn follow(&mut self, event: LinkEvent, buffer: &[u8]) {
        if self.outcome.is_none() {
            self.chat.follow(Some(event), buffer, self.now);
            self.go_round();
        }
    }

    /// One round of the loop: runs the chat's errands, and draws.
    fn go_round(&mut self) {
        if self.outcome.is_some() {
            return;
        }
        self.chat.send_entered(self.sent.len(), self.now);
        while let Some(errand) = self.chat.take_errand() {
            match errand {
                Errand::Connect => {
                    self.attempts += 1;
                    self.sent.clear();
                    let deadline = self.now + ATTEMPT_TIMEOUT;
                    self.way = Way::Connecting { deadline };
                }
                Errand::Send(bytes) => self.sent.extend(bytes),
                Errand::Stay => self.way = Way::Open { greeting: None },
                // A way in memory has no timeout of its own.
                Errand::ExpectSlowReads => {}
                Errand::Close => {
                    self.sent.clear();
                    self.way = Way::Closed;
                }
            }
        }
        self.outcome = self.chat.take_outcome();
        if self.outcome.is_some() {
            self.shown.push_str(&self.chat.clear_typed(self.size));
            return self.shown.extend(LEAVE);
        }
        let out = self.chat.draw(self.size);
        self.shown.push_str(&self.bell.calm(out, self.now));
        if self.chat.take_suspend() {
            // The process stops, and goes on at once.
            self.shown.push_str(&self.chat.clear_typed(self.size));
            self.shown.extend(LEAVE);
            self.shown.extend(ENTER);
            self.chat.resume();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;

    #[test]
    fn the_bell_rings_once_for_a_burst() {
        let mut desk = Desk::new(&config(Some("Ann")), (80, 24), Instant::now());
        // Nothing can be completed.
        let mut rings = |wait: u64, keys: &[u8]| {
            desk.pass(Duration::from_millis(wait));
            desk.type_in(keys);
            desk.take_shown().matches('\x07').count()
        };
        assert_eq!(rings(0, b"\t\t\t"), 1);
        assert_eq!(rings(500, b"\t"), 0);
        assert_eq!(rings(2000, b"\t"), 1);
    }
}
