//! The chat, with any events in any order. After each step it checks itself, and its effects are checked.
//!
//! The input is a script of steps: a byte for the person and the act, a byte for the length of their text, and the
//! text. Most bytes of a text stand for whole names and words, so that any bytes make a script, and people meet in it.

#![no_main]

#[path = "hub/audience.rs"]
mod audience;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use chinwag::inner::chat::{Effects, Event, Journaled, Rules, Twin};
use chinwag::inner::wire::clean;
use chinwag::inner::{Format, Moment, PeerId, Slot};
use chinwag::{CloseReason, Protocol};
use libfuzzer_sys::fuzz_target;

use audience::Audience;

/// So few that they meet all the time.
const SLOTS: usize = 4;
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// Names of people who are there from the start, which keeps scripts short.
const PEOPLE: [&str; SLOTS] = ["ann", "bob", "carl", "Dora"];

/// Names of people and rooms, and forms that are equal to them.
const NAMES: [&str; 8] = [
    "ann",
    "bob",
    "BOB",
    "carl",
    "Dora",
    "b\u{43e}b",
    "\u{5d0}\u{5d1}",
    "e.-_",
];
/// Everything else that a byte stands for.
#[rustfmt::skip]
const PIECES: [&str; 42] = [
    "lobby", "tea", "#Tea", "127.0.0.1:50001", "/quit", "//", "/ ", " /", "on ", "off ", "full ", "+05:45", "-12:00",
    "+14:15", "1", "99", "0", "-1", "-", "-- end --", ": ", ", ", " ", "\t", "\u{a0}", "\u{202e}", "\u{2028}", "\u{1b}[2J",
    "\u{7f}", "\u{9b}", "\0\r", "e\u{301}", "\u{3164}", "\u{fb01}", "\u{130}", "\u{1f389}", "\u{200b}", "hello ", "x",
    " hello ", "/nick ", "-",
];
/// From this length on, the text is raw bytes, eight for each step above it.
const RAW: u8 = 0xf0;
const RAW_BYTES: usize = 8;
/// How often to repeat raw bytes, so that limits are within reach.
const REPEATS: usize = 40;

/// The text before a typed line, by the first byte of a step.
#[rustfmt::skip]
const COMMANDS: [&str; 35] = [
    "", "", "/ignore ", "/unignore ", "/nick ", "/join ", "/leave", "/topic ", "/msg ", "/msg ann ", "/reply ", "/away ",
    "/back", "/me ", "/history ", "/time ", "/quiet ", "/whois ", "/who ", "/rooms", "/users", "/help", "/quit", "/ignore",
    "/nick ", "/", "/listen ", "/listen tea", "/unlisten ", "/switch ", "/in ", "/in tea ", "/more", "/search ", "/seen ",
];

/// How many other acts a step may be, besides a typed line.
const KINDS: usize = 6;

/// The chat, a clock, and everyone who has come.
struct Chat {
    hub: Journaled,
    /// A twin that hears only the entries.
    twin: Twin,
    now: Moment,
    generation: u32,
    /// The person in each slot, present or last there, and the one before them.
    slots: [[Option<PeerId>; 2]; SLOTS],
    audience: Audience,
    login_timeout: Option<Duration>,
}

impl Chat {
    /// The lowest bits of the byte select the rules.
    fn new(byte: u8) -> Chat {
        let login_timeout = (byte & 2 == 0).then_some(LOGIN_TIMEOUT);
        let anonymous = byte & 1 != 0;
        let rules = Rules {
            anonymous,
            login_timeout,
            idle_timeout: (byte & 4 != 0).then_some(IDLE_TIMEOUT),
            history: [200, 3, 0, 1][usize::from(byte >> 3 & 3)],
            ..Rules::default()
        };
        let instant = Instant::now();
        let now = Moment {
            instant,
            unix: 1_795_276_799,
            millis: 0,
        };
        let mut hub = Journaled::new(rules);
        Chat {
            audience: Audience::new(anonymous),
            twin: Twin::of(&mut hub, now),
            hub,
            now,
            generation: 0,
            slots: [[None; 2]; SLOTS],
            login_timeout,
        }
    }

    /// One step of the script.
    fn step(&mut self, what: u8, typed: &[u8]) {
        let slot = usize::from(what) % SLOTS;
        let kind = usize::from(what) / SLOTS;
        let row = kind.checked_sub(KINDS);
        let command = row.map_or("", |it| COMMANDS[it % COMMANDS.len()]);
        let text = [command.as_bytes(), typed].concat();
        let text = clean(&text);
        let [peer, ghost] = self.slots[slot];
        match (kind, peer, ghost) {
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
        self.twin.follow(&mut self.hub);
    }

    /// A newcomer in the slot types their name.
    fn connect(&mut self, slot: usize, name: &str) {
        self.generation += 1;
        let generation = self.generation;
        let peer = PeerId {
            slot: Slot::new(slot),
            generation,
        };
        self.slots[slot] = [Some(peer), self.slots[slot][0]];
        let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000 + slot as u16));
        self.event(
            peer,
            Event::Connected {
                is_tls: false,
                addr,
                format: Format::default(),
            },
        );
        self.event(peer, Event::Line(name));
    }

    fn event(&mut self, peer: PeerId, event: Event<'_>) {
        self.audience.expect(peer, &event);
        let mut effects = Effects::default();
        self.hub.handle(self.now, peer, event, &mut effects);
        self.apply(Some(peer), effects);
    }

    /// Moves the clocks on, and may tell the hub: timeouts wait while lines are handled.
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

    /// Acts of the person who runs the server; also, their wall clock may jump.
    fn run_the_server(&mut self, slot: usize, text: &str) {
        let mut effects = Effects::default();
        match slot {
            0 => self.hub.notice(self.now, text, &mut effects),
            1 => self.hub.set_motd((!text.is_empty()).then(|| text.into())),
            2 if text.is_empty() => self.hub.shut_down(self.now, &mut effects),
            2 => self.now.unix = 0,
            _ => self.now.unix = self.now.unix.saturating_mul(2).min(YEAR_9999),
        }
        self.apply(None, effects);
        if self.hub.online() == 0 && !self.audience.someone_is_connected() {
            assert_eq!(self.hub.next_timeout(), None);
        }
    }

    fn apply(&mut self, actor: Option<PeerId>, mut effects: Effects) {
        self.audience.take(actor, self.now.unix, effects.drain());
        assert_eq!(self.hub.online(), self.audience.online());
    }

    /// Everyone goes; nothing may stay behind.
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

/// The event behind a client's key or a stranger's bytes.
fn key(choice: usize) -> Event<'static> {
    match choice % 7 {
        0 => Event::Interrupt,
        1 => Event::EndOfInput,
        2 => Event::AreYouThere,
        3 => Event::TooFast { of_address: false },
        4 => Event::WrongProtocol(
            [
                Protocol::Http,
                Protocol::Tls,
                Protocol::Ssh,
                Protocol::Proxy,
            ][choice / 7 % 4],
        ),
        _ => Event::LineTooLong { limit: 64 },
    }
}

fn reason(choice: usize) -> CloseReason {
    match choice % 4 {
        0 => CloseReason::EndOfInput,
        1 => CloseReason::Stalled,
        2 => CloseReason::Broken(std::io::ErrorKind::ConnectionReset),
        _ => CloseReason::SendQueueFull,
    }
}

/// Takes a step from the front of the script: its first byte, and the text.
fn next_step(script: &mut &[u8]) -> Option<(u8, Vec<u8>)> {
    let &[what, length, ref rest @ ..] = *script else {
        return None;
    };
    let raw = length.checked_sub(RAW).map(usize::from);
    let count = raw.map_or(usize::from(length) % 4, |it| it % 8 * RAW_BYTES);
    let (typed, rest) = rest.split_at(count.min(rest.len()));
    *script = rest;
    let typed = match raw {
        Some(8..) => typed.repeat(REPEATS),
        Some(_) => typed.to_vec(),
        None => typed.iter().flat_map(|it| piece(*it).bytes()).collect(),
    };
    Some((what, typed))
}

/// The text that a byte stands for. Every other one is a name.
fn piece(byte: u8) -> &'static str {
    let place = usize::from(byte) / 2;
    match byte % 2 {
        0 => NAMES[place % NAMES.len()],
        _ => PIECES[place % PIECES.len()],
    }
}

fuzz_target!(|script: &[u8]| {
    let Some((&rules, mut script)) = script.split_first() else {
        return;
    };
    let mut chat = Chat::new(rules);
    for (slot, name) in PEOPLE.iter().enumerate() {
        chat.connect(slot, name);
    }
    while let Some((what, typed)) = next_step(&mut script) {
        chat.step(what, &typed);
    }
    chat.end();
});
