//! `Relay`: the way between a desk and a server in its simulated world. One thing goes wrong on it. Witnesses hear what
//! people say there.

use std::mem;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::client::desk::Desk;
use crate::net::simulated::End;
use crate::server::Config as Rules;
use crate::server::simulation::Scene;

use super::config;

/// After this many rounds, everything rests.
const ROUNDS: usize = 1000;

/// How long a server believes in a client that is gone, is full, or keeps a name taken.
const WHILE: Duration = Duration::from_secs(20);

/// Bytes that the socket of a client of the server takes.
const OUTBOUND: usize = 1 << 20;
const HOST: [u8; 4] = [127, 0, 0, 1];
const WINDOW: (usize, usize) = (1000, 50);
/// Who hears the lobby, and who `#den`.
const WITNESSES: [&str; 2] = ["Lob", "Den"];
/// What leads to `#den`, and what leads nowhere.
const JOINS: [(&[u8], &[u8]); 2] = [
    (b"/join #den", b"/jxin #den"),
    (
        b"\"room\":\"den\",\"current\":true",
        b"\"room\":\"d!n\",\"current\":true",
    ),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// From the client to the server.
    Up,
    Down,
}

/// The fault after this many bytes of one side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) side: Side,
    pub(super) at: usize,
    pub(super) kind: Kind,
    /// A second fault this many bytes later.
    pub(super) then: Option<(usize, Kind)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The connection is reset, and both ends learn it.
    Drop,
    /// The connection breaks at the client's end; the server goes on believing in it for a while.
    DropOneSide,
    /// Nothing passes for this long. Then it goes on, or breaks.
    Halt { seconds: u64, breaks: bool },
    /// Nothing passes for a while. After that, the server lets nobody into `#den`.
    Refuse,
    /// The bytes from here on arrive separately.
    Cut,
    /// The person leaves.
    Leave,
    /// Another server takes the place of this one.
    Swap(Swap),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swap {
    /// It knows nobody.
    Fresh,
    /// Like `Fresh`, and the old one says goodbye.
    Restarted,
    /// Nobody listens for a while.
    Absent,
    Full,
    /// Others have taken the names in the meantime.
    NameTaken,
    /// It lets nobody into `#den`.
    Refuses,
    /// It asks nobody for a name.
    Anonymous,
}

/// A person who reads the lines in a room.
#[derive(Debug)]
struct Witness {
    room: &'static str,
    pair: usize,
    part: String,
}

/// A line that somebody has read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) room: &'static str,
    pub(super) row: String,
}

pub(super) struct Relay {
    scene: Scene,
    pub(super) desk: Desk,
    begun: Instant,
    clock: Instant,
    /// The attempt of the client that led to this connection.
    pair: Option<(usize, usize)>,
    passed: [usize; 2],
    held: [Vec<u8>; 2],
    pub(super) fault: Option<Fault>,
    /// Until when nothing passes, and whether the connection then breaks.
    halt: Option<(Instant, bool)>,
    /// Connections that the server believes in, and until when.
    ghosts: Vec<(Instant, usize)>,
    absent_until: Option<Instant>,
    swapped: Option<Swap>,
    refuses: bool,
    /// Whether the person should leave, and whether they have asked to.
    leaving: Option<bool>,
    witnesses: Vec<Witness>,
    pub(super) heard: Vec<Read>,
    /// Where the server stood in for another one: as many rows had been heard.
    pub(super) swaps: Vec<usize>,
    rules: Rules,
}

impl Relay {
    pub(super) fn new(name: &str, fault: Option<Fault>) -> Relay {
        Relay::with(name, fault, Rules::default())
    }

    /// A relay to a server with these rules.
    pub(super) fn with(name: &str, fault: Option<Fault>, rules: Rules) -> Relay {
        let clock = Instant::now();
        let mut relay = Relay {
            scene: Scene::with(rules.clone()),
            desk: Desk::new(&config(Some(name)), WINDOW, clock),
            begun: clock,
            clock,
            pair: None,
            passed: [0; 2],
            held: Default::default(),
            fault,
            halt: None,
            ghosts: Vec::new(),
            absent_until: None,
            swapped: None,
            refuses: false,
            leaving: None,
            witnesses: Vec::new(),
            heard: Vec::new(),
            swaps: Vec::new(),
            rules,
        };
        relay.call_witnesses();
        relay.settle();
        relay
    }

    /// The person starts the client once more.
    pub(super) fn start_again(&mut self, name: &str) {
        self.desk = Desk::new(&config(Some(name)), WINDOW, self.clock);
        self.leaving = None;
        self.settle();
    }

    pub(super) fn passed(&self, side: Side) -> usize {
        self.passed[side as usize]
    }

    pub(super) fn heard_rows(&self) -> Vec<String> {
        let rows = self.heard.iter();
        rows.map(|it| format!("{} {}", it.room, it.row)).collect()
    }

    pub(super) fn is_halted(&self) -> bool {
        self.halt.is_some()
    }

    pub(super) fn type_in(&mut self, text: &str) {
        self.desk.type_in(text.as_bytes());
        self.settle();
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.clock += time;
        self.scene.world.pass(time);
        self.desk.pass(time);
        self.settle();
    }

    /// Somebody says something in `#den`.
    pub(super) fn say_in_den(&mut self, line: &str) {
        self.witness_says(1, line);
    }

    /// The witness in the lobby, or that in `#den`, says something.
    pub(super) fn witness_says(&mut self, number: usize, line: &str) {
        let Witness { pair, room, .. } = self.witnesses[number];
        self.scene.say(pair, &format!("{line}\n"));
        self.scene.rest();
        self.listen();
        // People do not hear themselves.
        let row = format!("{}: {line}", WITNESSES[number]);
        self.heard.push(Read { room, row });
        self.settle();
    }

    /// Whether the person should leave now.
    pub(super) fn is_to_leave(&self) -> bool {
        self.leaving == Some(false)
    }

    /// The person leaves, and gives up the line being typed.
    pub(super) fn leave(&mut self) {
        self.leaving = Some(true);
        self.type_in("\x15\x03");
        while self.desk.outcome().is_none() {
            self.pass(Duration::from_secs(1));
        }
    }

    /// Passes bytes on until nothing moves.
    fn settle(&mut self) {
        for _ in 0..ROUNDS {
            if self.leaving == Some(false) {
                return;
            }
            self.act_on_time();
            let moved = self.pass_up();
            self.scene.rest();
            let moved = self.pass_down() | moved;
            self.listen();
            if !moved {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn act_on_time(&mut self) {
        let now = self.clock;
        let world = &self.scene.world;
        self.ghosts.retain(|&(until, pair)| {
            if until <= now {
                world.reset(pair);
            }
            until > now
        });
        if let Some((until, breaks)) = self.halt
            && until <= now
        {
            self.halt = None;
            if breaks && let Some((_, pair)) = self.pair {
                world.reset(pair);
                self.lose("the connection was lost: Connection timed out");
            }
        }
    }

    fn pass_up(&mut self) -> bool {
        let sent = self.desk.take_sent();
        let mut moved = !sent.is_empty();
        if self.pair.is_some() {
            self.held[Side::Up as usize].extend(sent);
            moved |= self.forward(Side::Up);
        }
        let attempt = self.desk.attempt();
        if let Some((of, pair)) = self.pair
            && Some(of) != attempt
        {
            match self.halt {
                Some((until, _)) => self.ghosts.push((until, pair)),
                None => self.scene.world.close(pair),
            }
            self.hang_up();
        }
        if let Some(attempt) = attempt
            && self.desk.is_connecting()
            && self.halt.is_none()
        {
            moved = true;
            if self.absent_until.is_some_and(|until| self.clock < until) {
                self.desk.refuse();
            } else {
                let addr = SocketAddr::from((HOST, 2048));
                let pair = self.scene.world.connect(addr).expect("the server listens");
                self.pair = Some((attempt, pair));
                self.desk.accept();
            }
        }
        moved
    }

    fn pass_down(&mut self) -> bool {
        let Some((_, pair)) = self.pair else {
            return false;
        };
        let (bytes, end) = self.scene.world.receive(pair, usize::MAX);
        self.held[Side::Down as usize].extend(bytes);
        let moved = self.forward(Side::Down);
        let is_there = self.pair.is_some_and(|(_, it)| it == pair) && self.halt.is_none();
        if !is_there || self.is_to_leave() || !self.held[Side::Down as usize].is_empty() {
            return moved;
        }
        match end {
            End::Open => return moved,
            End::Fin => self.lose("the server closed the connection"),
            End::Reset => self.lose("the connection was lost: Connection reset by peer"),
        }
        true
    }

    /// Passes the held bytes on, up to the fault.
    fn forward(&mut self, side: Side) -> bool {
        let stands_still = self.halt.is_some() || self.leaving == Some(false);
        let Some((_, pair)) = self.pair.filter(|_| !stands_still) else {
            return false;
        };
        let passed = self.passed[side as usize];
        let mut bytes = mem::take(&mut self.held[side as usize]);
        let due = |fault: &Fault| fault.side == side && fault.at <= passed + bytes.len();
        let fault = self.fault.filter(due);
        if let Some(fault) = fault {
            self.held[side as usize] = bytes.split_off(fault.at - passed);
            self.fault = fault.then.map(|(behind, kind)| Fault {
                side,
                at: fault.at + behind,
                kind,
                then: None,
            });
        }
        self.passed[side as usize] += bytes.len();
        match side {
            Side::Up => {
                for (join, nowhere) in JOINS.into_iter().filter(|_| self.refuses) {
                    while memmem::find(&bytes, join).is_some() {
                        bytes = replace(&bytes, join, nowhere);
                    }
                }
                assert_eq!(self.scene.world.send(pair, &bytes), bytes.len());
            }
            Side::Down => {
                self.desk.receive(&bytes);
            }
        }
        if let Some(fault) = fault {
            self.happen(fault.kind);
        }
        !bytes.is_empty() || fault.is_some()
    }

    fn happen(&mut self, kind: Kind) {
        let (_, pair) = self.pair.expect("a fault has a connection");
        match kind {
            Kind::Drop => {
                self.scene.world.reset(pair);
                self.lose("the connection was lost: Connection reset by peer");
            }
            Kind::DropOneSide => {
                self.ghosts.push((self.clock + WHILE, pair));
                self.lose("the connection was lost: Connection timed out");
            }
            Kind::Halt { seconds, breaks } => {
                self.halt = Some((self.clock + Duration::from_secs(seconds), breaks));
            }
            Kind::Refuse => {
                self.halt = Some((self.clock + WHILE, false));
                self.refuses = true;
            }
            Kind::Cut => {}
            // The person leaves at their next look, and nothing passes before.
            Kind::Leave => self.leaving = Some(false),
            Kind::Swap(swap) => self.swap(swap),
        }
    }

    fn swap(&mut self, swap: Swap) {
        if swap == Swap::Restarted
            && let Some((_, pair)) = self.pair
        {
            self.scene.server.handle().shutdown();
            let ticks = (0..ROUNDS).map(|_| self.scene.server.tick().expect("nothing goes wrong"));
            ticks.take_while(|flow| flow.is_continue()).count();
            let (bytes, _) = self.scene.world.receive(pair, usize::MAX);
            self.desk.receive(&bytes);
        }
        self.listen();
        self.swaps.push(self.heard.len());
        let mut rules = self.rules.clone();
        match swap {
            Swap::Full => rules.max_clients = 3,
            Swap::Anonymous => rules.anonymous = true,
            Swap::Absent => self.absent_until = Some(self.clock + WHILE),
            _ => {}
        }
        self.swapped = Some(swap);
        self.refuses = swap == Swap::Refuses;
        self.ghosts.clear();
        // Each server has a journal of its own, by the time at which it began.
        let ahead = self.clock.duration_since(self.begun).as_secs() as usize;
        self.scene = Scene::ahead((ahead + self.swaps.len()) as i64, OUTBOUND, rules);
        self.call_witnesses();
        let others: &[&str] = match swap {
            Swap::Full => &["Fil"],
            Swap::NameTaken => &["Ann", "Bea"],
            _ => &[],
        };
        for name in others {
            let pair = self.scene.enter(HOST, name);
            self.ghosts.push((self.clock + WHILE, pair));
        }
        self.lose("the server closed the connection");
    }

    fn lose(&mut self, words: &str) {
        self.hang_up();
        self.desk.lose(words);
    }

    fn hang_up(&mut self) {
        self.pair = None;
        self.held = Default::default();
    }

    fn call_witnesses(&mut self) {
        let [lobby, den] = WITNESSES.map(|name| self.scene.enter(HOST, name));
        if self.swapped == Some(Swap::Anonymous) {
            self.scene.say(lobby, "/nick Lob\n");
            self.scene.say(den, "/nick Den\n");
        }
        self.scene.say(den, "/join #den\n");
        let world = self.scene.world.clone();
        let mut heard = String::new();
        self.scene.until(|scene| {
            heard.push_str(&scene.heard(den));
            heard.contains("You are in #den now.")
        });
        self.scene.rest();
        world.receive(lobby, usize::MAX);
        let witness = |room, pair| Witness {
            room,
            pair,
            part: String::new(),
        };
        self.witnesses = vec![witness("#lobby", lobby), witness("#den", den)];
    }

    fn listen(&mut self) {
        for witness in &mut self.witnesses {
            witness.part.push_str(&self.scene.heard(witness.pair));
            let part = mem::take(&mut witness.part);
            let (rows, rest) = part.rsplit_once("\r\n").unwrap_or(("", &part));
            witness.part = rest.into();
            for row in rows.split("\r\n").filter(|row| !row.is_empty()) {
                self.heard.push(Read {
                    room: witness.room,
                    row: row.into(),
                });
            }
        }
    }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    match memmem::find(bytes, from) {
        Some(at) => [&bytes[..at], to, &bytes[at + from.len()..]].concat(),
        None => bytes.into(),
    }
}
