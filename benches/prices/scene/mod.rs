//! A chat of some people under some load: the hub with its fan-out, without sockets.
//!
//! The bench `prices` measures its time, and a unit test counts its work. So it names the crate `crate`, and the bench
//! has the same names at its root as the library.

mod acts;
mod chat;
mod house;
mod loads;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::CloseReason;
use crate::inner::chat::{Effects, Event, Journaled, Rules};
use crate::inner::{Format, Moment, PeerId, Slot};
use crate::limits::{LINE_BYTES, LINE_BYTES_RANGE};

pub(crate) use acts::{Act, acts};
pub(crate) use loads::Load;

use chat::Chat;

/// The most repetitions of an act. This many people time out alone.
pub(crate) const REPETITIONS: u32 = 6;

/// The people in the measured acts, by slot: Ann acts, Bob is nobody's special case, Carl is one of the ignored.
pub(crate) const ANN: u32 = 0;
pub(crate) const BOB: u32 = 1;
pub(crate) const CARL: u32 = 2;
const FIRST_IDLER: u32 = 3;

/// The smallest number of people: those above, the idlers, and one of the crowd.
pub(crate) const FEWEST: u32 = FIRST_IDLER + REPETITIONS + 1;

/// Time in which a newcomer must give a username, and after which an idle person is dropped.
const TIMEOUT: Duration = Duration::from_secs(100_000);

/// The course of the scene's time, in seconds. Things that are due then come this far apart, one by one.
const APART: u64 = 100;
const ALL_CAME: u64 = 1_000;
const ALL_IDLE: u64 = 10_000;
const ALL_READY: u64 = 20_000;

/// The kinds of event, each with its place among those that were played.
const KINDS: usize = 9;

/// Where everyone is, their names, and the kinds of event so far.
pub(crate) struct Scene {
    chat: Chat,
    began: Instant,
    load: Load,
    people: u32,
    /// How many people are ignored.
    ignored: u32,
    /// Who is in each slot.
    peers: Vec<Option<PeerId>>,
    generation: u32,
    names: Vec<String>,
    /// The lines that are said often: one of the default limit, and one of the greatest.
    long: String,
    longest: String,
    /// How many accounts were given up.
    given_up: u32,
    played: [bool; KINDS],
}

impl Scene {
    /// This many people, and this many of them who are ignored if anyone is.
    pub(crate) fn of(load: Load, people: u32, ignored: u32) -> Scene {
        assert!(people >= FEWEST, "there are at least {FEWEST} people");
        let rules = Rules {
            login_timeout: Some(TIMEOUT),
            idle_timeout: Some(TIMEOUT),
            ..Rules::default()
        };
        let began = Instant::now();
        let now = Moment {
            instant: began,
            unix: 1_795_276_799,
            millis: 0,
        };
        let slots = people + REPETITIONS + 1;
        let names: Vec<String> = load.names(slots);
        let mut scene = Scene {
            chat: Chat::new(rules, now),
            began,
            load,
            people,
            ignored,
            peers: vec![None; slots as usize],
            generation: 0,
            long: load.text(LINE_BYTES, &names),
            longest: load.text(*LINE_BYTES_RANGE.end(), &names),
            names,
            given_up: 0,
            played: [false; KINDS],
        };
        if load == Load::House {
            scene.go_on();
        }
        scene.fill();
        scene.played = [false; KINDS];
        scene
    }

    /// Newcomers who never give a name come one by one. Then everyone comes and does their part of the load. Then the
    /// idlers fall silent one by one, so that each of them times out alone.
    fn fill(&mut self) {
        for i in 0..REPETITIONS {
            self.pass_until(u64::from(i) * APART);
            self.connects(self.people + i);
        }
        self.pass_until(ALL_CAME);
        for slot in 0..self.people {
            self.come(slot);
        }
        for slot in 0..self.people {
            self.settle(slot);
        }
        self.furnish();
        let is_idler = |slot: &u32| (FIRST_IDLER..FIRST_IDLER + REPETITIONS).contains(slot);
        for slot in (0..self.people).filter(is_idler) {
            self.pass_until(ALL_IDLE + u64::from(slot) * APART);
            self.types(slot, "/users");
        }
        self.pass_until(ALL_READY);
        for slot in (0..self.people).filter(|slot| !is_idler(slot)) {
            self.types(slot, "/users");
        }
        self.end_tick();
    }

    /// Someone connects and gives their name.
    fn come(&mut self, slot: u32) {
        self.connects(slot);
        self.gives_name(slot);
    }

    /// Somebody gives their name, and the password if it is theirs.
    fn gives_name(&mut self, slot: u32) {
        let name = self.names[slot as usize].clone();
        self.types(slot, &name);
        if self.load == Load::House && house::is_member(slot) {
            self.proves(slot);
        }
    }

    fn connects(&mut self, slot: u32) {
        let ip = match self.load {
            Load::House => house::address(slot),
            _ => Ipv4Addr::LOCALHOST.into(),
        };
        let (addr, is_tls, format) = ((ip, 1).into(), false, Format::default());
        let newcomer = Event::Connected {
            addr,
            is_tls,
            format,
        };
        self.happen(slot, newcomer);
    }

    fn types(&mut self, slot: u32, line: &str) {
        self.happen(slot, Event::Line(line));
    }

    fn leaves(&mut self, slot: u32) {
        self.happen(slot, Event::Disconnected(CloseReason::EndOfInput));
    }

    fn happen(&mut self, slot: u32, event: Event<'_>) {
        if let Some(played) = self.played.get_mut(kind(&event)) {
            *played = true;
        }
        if let Event::Connected { .. } = event {
            self.generation += 1;
            let generation = self.generation;
            self.peers[slot as usize] = Some(PeerId {
                slot: Slot::new(slot as usize),
                generation,
            });
        }
        let Some(peer) = self.peers[slot as usize] else {
            return;
        };
        if let Event::Disconnected(_) = event {
            self.peers[slot as usize] = None;
        }
        let peers = &mut self.peers;
        self.chat.happen(peer, event, |it| peers[it.index()] = None);
        self.answer_questions();
        self.bound_tick();
    }

    fn notice(&mut self, text: &str) {
        self.have(|hub, now, effects| hub.notice(now, text, effects));
    }

    /// Moves the clock on, and acts on everything due.
    fn pass_until(&mut self, seconds: u64) {
        let at = self.began + Duration::from_secs(seconds);
        self.chat.now.instant = self.chat.now.instant.max(at);
        self.act_on_time();
    }

    fn act_on_time(&mut self) {
        self.have(|hub, now, effects| hub.handle_timeout(now, effects));
    }

    /// Waits until the time for the name of one newcomer is over.
    fn wait_for_a_login(&mut self) {
        self.chat.now.instant = self.next_timeout();
    }

    /// Waits until one person has been idle for long enough. People who looked idle but were not have been checked
    /// before.
    fn wait_for_an_idler(&mut self) {
        self.pass_until(TIMEOUT.as_secs() + ALL_IDLE);
        self.chat.now.instant = self.next_timeout() + Duration::from_secs(2);
    }

    fn next_timeout(&self) -> Instant {
        self.chat
            .hub
            .next_timeout()
            .unwrap_or(self.chat.now.instant)
    }

    /// A person who is back, or has undone their part of the load, does it again.
    fn settle_anew(&mut self, slot: u32) {
        for whom in [CARL, self.last()] {
            let line = format!("/unignore {}", self.names[whom as usize]);
            self.types(slot, &line);
        }
        self.settle(slot);
    }

    /// Everyone goes.
    pub(crate) fn shut_down(&mut self) {
        self.have(|hub, now, effects| hub.shut_down(now, effects));
    }

    fn have(&mut self, act: impl FnOnce(&mut Journaled, Moment, &mut Effects)) {
        let Chat {
            hub, now, effects, ..
        } = &mut self.chat;
        act(hub, *now, effects);
        let peers = &mut self.peers;
        self.chat.apply(|it| peers[it.index()] = None);
        self.bound_tick();
    }

    /// If a whole crowd acts, this is not all one tick.
    fn bound_tick(&mut self) {
        if self.chat.fanout.reply_bytes() > 64 << 20 {
            self.end_tick();
        }
    }

    /// Takes out every share. Returns the total number of bytes.
    pub(crate) fn end_tick(&mut self) -> usize {
        let mut bytes = 0;
        self.chat.deal(|_, piece| bytes += piece.len());
        bytes
    }

    /// The part of an answer that Ann reads, alone.
    pub(crate) fn answer(&mut self, line: &str) -> String {
        self.end_tick();
        self.types(ANN, line);
        let mut text = Vec::new();
        self.chat.deal(|slot, piece| {
            if slot == Slot::new(ANN as usize) {
                text.extend_from_slice(piece);
            }
        });
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Whether every kind of event was played.
    pub(crate) fn has_played_every_event(&self) -> bool {
        self.played.iter().all(|&played| played)
    }

    pub(crate) fn people(&self) -> u32 {
        self.people
    }

    /// The last person in the crowd.
    fn last(&self) -> u32 {
        self.people - 1
    }

    /// A slot that nobody has.
    fn spare(&self) -> u32 {
        self.people + REPETITIONS
    }
}

/// The commands that `/help` lists but no act begins with.
pub(crate) fn forgotten(load: Load, help: &str) -> Vec<&str> {
    let words = help.lines().filter_map(|line| {
        let word = line.split_whitespace().next()?;
        word.starts_with('/').then_some(word)
    });
    let acts = acts(load);
    let is_played = |word: &str| acts.iter().any(|act| act.word() == word);
    words.filter(|word| !is_played(word)).collect()
}

/// Add each new kind of event here, so that it is played too.
fn kind(event: &Event<'_>) -> usize {
    match event {
        Event::Connected { .. } => 0,
        Event::Line(_) | Event::Secret(_) => 1,
        Event::LineTooLong { .. } => 2,
        Event::WrongProtocol(_) => 3,
        Event::Interrupt => 4,
        Event::EndOfInput => 5,
        Event::AreYouThere => 6,
        Event::TooFast { .. } => 7,
        Event::Disconnected(_) => 8,
        // Workers answer, where there are any.
        Event::Answered(_) => 9,
        // What an object asks for is done as if it had been typed.
        Event::Object(_) | Event::Misused(..) | Event::Program(_) => 10,
    }
}
