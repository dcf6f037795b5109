//! The loop for a person at a terminal.

use std::io;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use signal_hook::consts::{SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook_mio::v1_0::Signals;

use super::bell::Bell;
use super::chat::{Chat, Errand};
use super::history::{self, History};
use super::keys::Keyboard;
use super::link::{Link, LinkEvent};
use super::network::Network;
use super::terminal::{self, Terminal};
use super::{Config, Outcome, Status, chance};

const WAKER: Token = Token(0);
const INPUT: Token = Token(1);
const SIGNALS: Token = Token(2);
const NETWORK: Token = Token(3);
/// The first of the link's sockets. The others have the tokens after it.
const SOCKETS: Token = Token(4);

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// Reads of the socket between two drawings, so that a flood cannot keep the keyboard waiting; and of the keyboard, as
/// a flood may come from there too.
const READS_PER_ROUND: usize = 4;

/// Chats until the person leaves or the server is gone for good.
pub(super) fn run(config: &Config) -> io::Result<Outcome> {
    let mut poll = Poll::new()?;
    let registry = poll.registry();
    let link = Link::new(registry.try_clone()?, SOCKETS, WAKER, config.target())?;
    let mut signals = Signals::new(config.signals.iter().chain(&[SIGCONT, SIGWINCH]))?;
    registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
    // Without it, the next attempt is made when it is due.
    let network = Network::watch(registry, NETWORK).ok();
    // Descriptor 0 is the standard input; the caller has checked that it is a terminal.
    registry.register(&mut SourceFd(&0), INPUT, Interest::READABLE)?;

    let ending = config.signals.iter().filter(|&&signal| signal != SIGTSTP);
    let terminal = Terminal::enter(ending)?;
    let history = History::open(history::default_path());
    let mut person = Person {
        chat: Chat::new(config, history, terminal::size(), chance),
        bell: Bell::default(),
        link,
        network,
        terminal,
        signals,
        can_stop: config.signals.contains(&SIGTSTP),
        keyboard: Keyboard::new(),
        buffer: vec![0; READ_BYTES],
    };
    let outcome = person.attend(&mut poll);
    // A terminal that takes nothing makes writing fail once a signal has asked for the end. Then the signal is the
    // reason.
    let outcome = outcome.or_else(|error| person.take_signals()?.ok_or(error));
    // A server that is not told keeps the seat of somebody who does not come back.
    if let Some(bytes) = person.chat.parting() {
        let _ = person.link.send(&bytes);
    }
    // A terminal that is gone cannot be tidied up.
    let _ = person.clear_typed();
    outcome
}

/// One person at their terminal.
struct Person {
    chat: Chat,
    bell: Bell,
    link: Link,
    network: Option<Network>,
    terminal: Terminal,
    signals: Signals,
    /// Whether Ctrl-Z may stop the client: not if the signal for that was ignored from the start.
    can_stop: bool,
    keyboard: Keyboard,
    buffer: Vec<u8>,
}

impl Person {
    fn attend(&mut self, poll: &mut Poll) -> io::Result<Outcome> {
        let mut events = Events::with_capacity(16);
        loop {
            self.run_errands(Instant::now());
            if let Some(outcome) = self.chat.take_outcome() {
                return Ok(outcome);
            }
            let out = self.chat.draw(terminal::size());
            terminal::write_out(self.bell.calm(out, Instant::now()).as_bytes())?;
            if self.chat.take_suspend() {
                self.suspend()?;
            }
            if let Err(error) = poll.poll(&mut events, self.timeout())
                && error.kind() != io::ErrorKind::Interrupted
            {
                return Err(error);
            }
            let now = Instant::now();
            for event in &events {
                let happened = match event.token() {
                    token if token >= SOCKETS => self.link.ready(token, now),
                    WAKER => self.link.resolved(now),
                    NETWORK => {
                        self.network.iter().for_each(Network::take);
                        self.chat.network_changed(now);
                        continue;
                    }
                    _ => continue,
                };
                self.chat.follow(happened, &[], now);
            }
            if let Some(outcome) = self.take_signals()? {
                return Ok(outcome);
            }
            if let Some(outcome) = self.read_keys(now)? {
                return Ok(outcome);
            }
            self.read_socket(now);
            let event = self.link.handle_timeout(now);
            self.chat.follow(event, &[], now);
            self.chat.handle_timeout(now);
        }
    }

    /// Runs the chat's errands.
    fn run_errands(&mut self, now: Instant) {
        self.chat.send_entered(self.link.queued(), now);
        while let Some(errand) = self.chat.take_errand() {
            let event = match errand {
                Errand::Connect => self.link.start(now),
                Errand::Send(bytes) => self.link.send(&bytes),
                Errand::Stay => {
                    self.link.greeted();
                    None
                }
                Errand::ExpectSlowReads => {
                    self.link.expect_slow_reads();
                    None
                }
                Errand::Close => {
                    self.link.close();
                    None
                }
            };
            self.chat.follow(event, &[], now);
        }
    }

    /// Draws what is still to be shown, and takes the typed line off the screen.
    fn clear_typed(&mut self) -> io::Result<()> {
        terminal::write_out(self.chat.clear_typed(terminal::size()).as_bytes())
    }

    /// How long the loop may sleep if nothing happens.
    fn timeout(&mut self) -> Option<Duration> {
        if self.link.is_readable() || terminal::input_waits() {
            return Some(Duration::ZERO);
        }
        let due = [
            self.chat.next_timeout(),
            self.link.next_timeout(),
            self.keyboard.next_timeout(),
        ];
        let next = due.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn read_socket(&mut self, now: Instant) {
        for _ in 0..READS_PER_ROUND {
            if !self.link.is_readable() {
                return;
            }
            let event: Option<LinkEvent> = self.link.receive(&mut self.buffer);
            self.chat.follow(event, &self.buffer, now);
            self.run_errands(now);
        }
    }

    /// Reads the keys typed. Returns an outcome if the terminal is gone.
    fn read_keys(&mut self, now: Instant) -> io::Result<Option<Outcome>> {
        let mut keys = Vec::new();
        let mut reads = 0..READS_PER_ROUND;
        while terminal::input_waits() && reads.next().is_some() {
            match terminal::read_in(&mut self.buffer)? {
                Some(n) => self.keyboard.feed(&self.buffer[..n], now, &mut keys),
                None => return Ok(Some(Outcome::left())),
            }
        }
        if !reads.is_empty() {
            self.keyboard.handle_timeout(now, &mut keys);
        }
        for key in keys {
            self.chat.key(key, now);
        }
        Ok(None)
    }

    fn take_signals(&mut self) -> io::Result<Option<Outcome>> {
        let pending: Vec<i32> = self.signals.pending().collect();
        for signal in pending {
            match signal {
                // Every drawing asks for the size.
                SIGWINCH => {}
                SIGTSTP => self.suspend()?,
                SIGCONT => {
                    self.terminal.resume()?;
                    self.chat.resume();
                }
                signal => {
                    let status = Status::Signal(signal);
                    let reason = None;
                    return Ok(Some(Outcome { status, reason }));
                }
            }
        }
        Ok(None)
    }

    /// Stops the process as Ctrl-Z does. SIGCONT tells when to resume the chat.
    fn suspend(&mut self) -> io::Result<()> {
        if !self.can_stop {
            return Ok(());
        }
        self.clear_typed()?;
        self.terminal.suspend()
    }
}
