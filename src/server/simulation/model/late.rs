//! What is not applied yet, where the journal answers late.

use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::ACTS_OUT;
use crate::message::{AboutPeople, Request};
use crate::moment::Moment;
use crate::name::Username;
use crate::server::simulation::record::{Happened, Told, What};
use crate::wire::machine::{Object, Op};

use super::commands::as_command;
use super::programs::request_of;
use super::{Model, words};

/// What is to be done when it is applied.
#[derive(Debug)]
pub(super) enum Out {
    ComeIn(PeerId, Username, Option<Arc<Request>>),
    Line {
        peer: PeerId,
        line: String,
        /// Whom a name in it meant when it was read.
        meant: Option<PeerId>,
    },
    Object {
        peer: PeerId,
        object: Object,
        meant: Option<PeerId>,
    },
    Leave {
        peer: PeerId,
        word: String,
        /// The server stops.
        is_stop: bool,
    },
    Notice(String),
}

/// The commands that change who or where their author is.
const HOLDING: [&str; 6] = [
    "/join",
    "/leave",
    "/listen",
    "/unlisten",
    "/switch",
    "/nick",
];

impl Model {
    /// How much is out.
    pub(in crate::server::simulation) fn out(&self) -> usize {
        self.out.len()
    }

    /// How much of that is of one person.
    pub(in crate::server::simulation) fn out_of(&self, peer: PeerId) -> usize {
        let is_theirs = |it: &&Out| match it {
            Out::ComeIn(of, ..)
            | Out::Line { peer: of, .. }
            | Out::Object { peer: of, .. }
            | Out::Leave { peer: of, .. } => *of == peer,
            Out::Notice(_) => false,
        };
        self.out.iter().filter(is_theirs).count()
    }

    /// Whether a peer is held: what they asked for changes who or where they are and is out, or as much of theirs is out
    /// as may be.
    pub(in crate::server::simulation) fn is_held(&self, peer: PeerId) -> bool {
        let does_hold = |it: &Out| match it {
            Out::ComeIn(of, ..) => *of == peer,
            Out::Object {
                peer: of, object, ..
            } => *of == peer && holds(object),
            Out::Line { peer: of, line, .. } => *of == peer && is_holding(line),
            Out::Leave { .. } | Out::Notice(_) => false,
        };
        self.out.iter().any(does_hold) || self.out_of(peer) >= ACTS_OUT
    }

    /// How many read a room, counted once for each room.
    pub(in crate::server::simulation) fn readers(&self) -> usize {
        let readers = self.people.iter().filter(|it| !it.is_gone);
        let named = readers.filter(|it| it.name.is_some());
        named.map(|it| it.rooms().len()).sum()
    }

    /// Takes in something that is put off. Returns whether all of it is.
    pub(super) fn put_off(&mut self, told: &Told) -> bool {
        let out = match &told.what {
            What::Notice(text) => Out::Notice(text.clone()),
            What::Event(peer, Happened::Connected(addr)) => {
                self.welcome(told.now, *peer, addr.ip());
                Out::ComeIn(*peer, Username::from_addr(*addr), None)
            }
            What::Event(peer, Happened::Line(line)) if self.person(*peer).name.is_none() => {
                Out::ComeIn(*peer, Username::parse(line).expect("a name"), None)
            }
            What::Event(peer, Happened::Object(object)) if self.person(*peer).name.is_none() => {
                let Op::Login { name, .. } = &object.op else {
                    panic!("a newcomer wants {object:?}");
                };
                let name = Username::parse(name).expect("a name");
                Out::ComeIn(*peer, name, Some(request_of(*peer, object)))
            }
            What::Event(peer, Happened::Object(object)) if !does_quit(object) => {
                self.person_mut(*peer).active = self.seconds(told.now);
                Out::Object {
                    peer: *peer,
                    object: object.clone(),
                    meant: self.meant_by(*peer, object),
                }
            }
            What::Event(peer, Happened::Line(line)) if usage_of(line) != Some("/quit") => {
                self.person_mut(*peer).active = self.seconds(told.now);
                Out::Line {
                    peer: *peer,
                    line: line.clone(),
                    meant: self.meant_in(*peer, line),
                }
            }
            // Whoever leaves is told so at once.
            _ => return false,
        };
        self.out.push_back(out);
        true
    }

    fn meant_by(&self, peer: PeerId, object: &Object) -> Option<PeerId> {
        match &object.op {
            Op::Write { to, .. } => self.find(to).map(|(peer, _)| peer),
            Op::Command { line } => self.meant_in(peer, line),
            _ => None,
        }
    }

    /// Whom a line means by a name, in what it wants of others.
    fn meant_in(&self, peer: PeerId, line: &str) -> Option<PeerId> {
        let (_, args) = as_command(line)?;
        let found = match usage_of(line)? {
            "/msg" => self.find(args.split_once(char::is_whitespace)?.0),
            "/ignore" => self.find(args),
            "/reply" => self.person(peer).correspondent.clone(),
            _ => None,
        };
        found.map(|(peer, _)| peer)
    }

    /// What was out for longest is applied.
    pub(super) fn enter(&mut self, now: Moment) {
        match self.out.pop_front().expect("something is out") {
            Out::ComeIn(peer, name, request) if self.is_here(peer) => {
                self.request = request;
                self.come_in(now, peer, name);
                self.request = None;
            }
            Out::ComeIn(peer, name, _) if self.is_taken(&name, peer) => {
                self.people.retain(|it| it.peer != peer);
            }
            Out::ComeIn(peer, name, _) => {
                self.come_in(now, peer, name);
                let it = self.person_mut(peer);
                (it.active, it.idle_at) = (0, None);
                self.leaves(peer, "");
            }
            Out::Line { peer, line, meant } => {
                self.enter_by(peer, meant, |model| model.line(now, peer, &line));
            }
            Out::Object {
                peer,
                object,
                meant,
            } => {
                self.request = Some(request_of(peer, &object));
                self.enter_by(peer, meant, |model| model.object(now, peer, &object));
                self.request = None;
            }
            Out::Leave {
                peer,
                word,
                is_stop,
            } => {
                self.is_stopping = is_stop;
                self.depart(peer, &word);
                self.is_stopping = false;
            }
            Out::Notice(text) => self.notice(&text),
        }
    }

    fn enter_by(&mut self, peer: PeerId, meant: Option<PeerId>, act: impl FnOnce(&mut Model)) {
        if meant.is_some_and(|meant| !self.people.iter().any(|it| it.peer == meant)) {
            if !self.is_repeated(peer) {
                self.answer(peer, AboutPeople::JustLeft);
            }
            return;
        }
        let active = self.person(peer).active;
        self.meant = meant;
        act(self);
        self.meant = None;
        self.person_mut(peer).active = active;
    }

    /// A connection ends, or is about to. Others read of it when that is applied, if they know of the person.
    pub(super) fn leave(&mut self, peer: PeerId, word: &str) {
        let comes = |it: &Out| matches!(it, Out::ComeIn(who, ..) if *who == peer);
        let comes_in = self.out.iter().any(comes);
        let leaves = self.puts_off && self.person(peer).name.is_some();
        if !comes_in && !leaves {
            return self.depart(peer, word);
        }
        let it = self.person_mut(peer);
        (it.is_gone, it.name_by, it.idle_at) = (true, None, None);
        if leaves {
            self.leaves(peer, word);
        }
    }

    fn leaves(&mut self, peer: PeerId, word: &str) {
        self.out.push_back(Out::Leave {
            peer,
            word: word.into(),
            is_stop: self.is_stopping,
        });
    }

    /// Everyone leaves at once, and nobody who leaves reads of it.
    pub(super) fn leave_all(&mut self, here: &[PeerId]) {
        for it in &mut self.people {
            it.is_gone = true;
        }
        here.iter().for_each(|it| self.leave(*it, ""));
    }
}

fn is_holding(line: &str) -> bool {
    usage_of(line).is_some_and(|word| HOLDING.contains(&word))
}

fn holds(object: &Object) -> bool {
    match &object.op {
        Op::Join { .. } | Op::Leave { .. } => true,
        Op::Command { line } => is_holding(line),
        _ => false,
    }
}

fn does_quit(object: &Object) -> bool {
    match &object.op {
        Op::Quit { .. } => true,
        Op::Command { line } => usage_of(line) == Some("/quit"),
        _ => false,
    }
}

/// The word of the command that a line is, as it stands in the list of them.
pub(super) fn usage_of(line: &str) -> Option<&'static str> {
    let (word, _) = as_command(line)?;
    words::usage(&word)?.split(' ').next()
}
