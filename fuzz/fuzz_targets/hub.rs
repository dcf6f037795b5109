//! The chat, whatever happens to it in whatever order, checked after each step: by itself, and by what it asks for.
//!
//! The input is a script of lines. The first byte of a line says who and what, the rest is what they type. A byte of
//! 0x80 or above stands for a whole piece, so that one mutation makes a command or a name of something else.

#![no_main]

#[path = "hub/audience.rs"]
mod audience;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use chinwag::chat::{Effects, Event, Hub, Rules};
use chinwag::wire::clean;
use chinwag::{CloseReason, Moment, PeerId, Protocol};
use libfuzzer_sys::fuzz_target;

use audience::Audience;

/// As many as meet all the time.
const SLOTS: usize = 8;
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// What a byte of 0x80 or above stands for; past the end, for itself, which is no UTF-8.
const PIECES: [&str; 64] = [
    "ann",
    "bob",
    "BOB",
    "carl",
    "Dora",
    "b\u{43e}b",
    "\u{5d0}\u{5d1}",
    "e.-_",
    "lobby",
    "tea",
    "#Tea",
    "127.0.0.1:50001",
    "/help ",
    "/users ",
    "/rooms ",
    "/join ",
    "/leave ",
    "/topic ",
    "/who ",
    "/msg ",
    "/reply ",
    "/me ",
    "/nick ",
    "/away ",
    "/back ",
    "/whois ",
    "/ignore ",
    "/unignore ",
    "/history ",
    "/time ",
    "/quiet ",
    "/quit",
    "/quit ",
    "//",
    "/ ",
    " /",
    "on ",
    "off ",
    "full ",
    "+05:45",
    "-12:00",
    "+14:15",
    "1",
    "99",
    "0",
    "-1",
    "- ",
    "-- end --",
    ": ",
    ", ",
    " ",
    "\t",
    "\u{a0}",
    "\u{202e}",
    "\u{2028}",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{9b}",
    "\0\r",
    "e\u{301}",
    "\u{3164}",
    "\u{fb01}",
    "\u{130}",
    "\u{1f389}",
];
/// Repeats the piece before it, so that limits are within reach.
const REPEAT: u8 = 0xfe;
const REPEATS: usize = 40;

/// The chat, a clock, and everyone who has come.
struct Chat {
    hub: Hub,
    now: Moment,
    generation: u32,
    /// Who is in each slot, or was there last, and who was there before.
    slots: [[Option<PeerId>; 2]; SLOTS],
    audience: Audience,
    login_timeout: Option<Duration>,
}

impl Chat {
    /// The lowest bits of the byte are the rules.
    fn new(byte: u8) -> Chat {
        let login_timeout = (byte & 2 == 0).then_some(LOGIN_TIMEOUT);
        let rules = Rules {
            anonymous: byte & 1 != 0,
            login_timeout,
            idle_timeout: (byte & 4 != 0).then_some(IDLE_TIMEOUT),
            history: [200, 3, 0, 1][usize::from(byte >> 3 & 3)],
        };
        let instant = Instant::now();
        let unix = 1_795_276_799;
        Chat {
            audience: Audience::new(rules.anonymous),
            hub: Hub::new(rules),
            now: Moment { instant, unix },
            generation: 0,
            slots: [[None; 2]; SLOTS],
            login_timeout,
        }
    }

    /// One line of the script.
    fn step(&mut self, line: &[u8]) {
        let Some((&what, typed)) = line.split_first() else {
            return;
        };
        let slot = usize::from(what) % SLOTS;
        let text = text(typed);
        let text = clean(&text);
        let [peer, ghost] = self.slots[slot];
        match (usize::from(what) / SLOTS, peer, ghost) {
            (0, ..) => self.pass_time(text.len()),
            (1, ..) => self.run_the_server(slot, &text),
            (2, _, Some(ghost)) => self.event(ghost, Event::Line(&text)),
            (3, _, Some(ghost)) => self.event(ghost, key(text.len())),
            (4, Some(peer), _) => self.event(peer, Event::Disconnected(reason(text.len()))),
            (5, Some(peer), _) => self.event(peer, key(text.len())),
            (_, Some(peer), _) if self.audience.is_connected(peer) => {
                self.event(peer, Event::Line(&text))
            }
            _ => self.connect(slot, &text),
        }
        self.hub.check();
    }

    /// A newcomer in the slot, who types their name.
    fn connect(&mut self, slot: usize, name: &str) {
        self.generation += 1;
        let generation = self.generation;
        let peer = PeerId {
            slot: slot as u32,
            generation,
        };
        self.slots[slot] = [Some(peer), self.slots[slot][0]];
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000 + slot as u16));
        self.event(peer, Event::Connected(addr));
        self.event(peer, Event::Line(name));
    }

    fn event(&mut self, peer: PeerId, event: Event<'_>) {
        self.audience.expect(peer, &event);
        let mut effects = Effects::default();
        self.hub.handle(self.now, peer, event, &mut effects);
        self.apply(Some(peer), effects);
    }

    /// The clocks go on, and the hub is told of it or not: what is due waits while lines are handled.
    fn pass_time(&mut self, choice: usize) {
        let millis = [0, 1, 999, 1000, 59_999, 60_000, 300_000, 100_000_000][choice / 2 % 8];
        self.now.instant += Duration::from_millis(millis);
        self.now.unix += (millis / 1000) as i64;
        if choice % 2 == 1 {
            return;
        }
        let mut effects = Effects::default();
        self.hub.handle_timeout(self.now, &mut effects);
        self.apply(None, effects);
        let next = self.hub.next_timeout();
        assert!(
            next.is_none_or(|at| at > self.now.instant),
            "what was due is left"
        );
        if self.login_timeout.is_some() && self.audience.someone_has_no_name() {
            assert!(next.is_some(), "a login never times out");
        }
    }

    /// What whoever runs the server does; and their clock on the wall may jump.
    fn run_the_server(&mut self, slot: usize, text: &str) {
        let mut effects = Effects::default();
        match slot {
            0 => self.hub.notice(text, &mut effects),
            1 => self.hub.set_motd((!text.is_empty()).then(|| text.into())),
            2 => self.hub.shut_down(&mut effects),
            3 => self.now.unix = 0,
            _ => self.now.unix = self.now.unix.saturating_mul(2).min(YEAR_9999),
        }
        self.apply(None, effects);
        assert!(slot != 2 || self.hub.next_timeout().is_none());
    }

    fn apply(&mut self, actor: Option<PeerId>, mut effects: Effects) {
        self.audience.take(actor, self.now.unix, effects.drain());
        assert_eq!(self.hub.online(), self.audience.online());
    }

    /// Everyone goes; nothing may be left behind.
    fn end(mut self) {
        for [peer, _] in self.slots {
            if let Some(peer) = peer {
                self.event(peer, Event::Disconnected(CloseReason::EndOfInput));
                self.hub.check();
            }
        }
        assert_eq!((self.hub.online(), self.hub.next_timeout()), (0, None));
        assert!(!self.audience.someone_is_connected());
    }
}

/// Seconds from 1970 to a year of four digits; no clock shows more.
const YEAR_9999: i64 = 253_402_300_799;

/// What a client's key or a stranger's bytes come to.
fn key(choice: usize) -> Event<'static> {
    match choice % 6 {
        0 => Event::Interrupt,
        1 => Event::EndOfInput,
        2 => Event::AreYouThere,
        3 => Event::WrongProtocol(
            [
                Protocol::Http,
                Protocol::Tls,
                Protocol::Ssh,
                Protocol::Proxy,
            ][choice / 6 % 4],
        ),
        _ => Event::LineTooLong { limit: 64 },
    }
}

fn reason(choice: usize) -> CloseReason {
    match choice % 3 {
        0 => CloseReason::EndOfInput,
        1 => CloseReason::Broken(std::io::ErrorKind::ConnectionReset),
        _ => CloseReason::SendQueueFull,
    }
}

/// What was typed, its pieces in full.
fn text(typed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut last = Vec::new();
    for &byte in typed {
        if byte == REPEAT {
            text.extend_from_slice(&last.repeat(REPEATS));
            continue;
        }
        let piece = PIECES.get(usize::from(byte).wrapping_sub(0x80));
        last = piece.map_or_else(|| vec![byte], |piece| piece.as_bytes().to_vec());
        text.extend_from_slice(&last);
    }
    text
}

fuzz_target!(|script: &[u8]| {
    let Some((&rules, script)) = script.split_first() else {
        return;
    };
    let mut chat = Chat::new(rules);
    script
        .split(|&byte| byte == b'\n')
        .for_each(|line| chat.step(line));
    chat.end();
});
