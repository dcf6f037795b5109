//! The people of a play, each with what they typed and read.

use std::collections::{BTreeMap, BTreeSet};

/// Where somebody is in their talk with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// They gave a name.
    Named,
    /// They are in.
    In,
    /// They have left, or their server is gone.
    Out,
}

/// A time in which somebody certainly heard a room.
#[derive(Debug, Default)]
pub(super) struct Spell {
    /// What was said there and read, in order.
    pub(super) read: Vec<usize>,
    pub(super) is_open: bool,
    /// The servers that were killed meanwhile, with people in this room.
    pub(super) losses: Vec<String>,
}

/// A line that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) line: usize,
    pub(super) life: usize,
}

pub(super) struct Person {
    pub(super) node: usize,
    pub(super) pair: usize,
    pub(super) stand: Stand,
    buffer: String,
    /// Every name that they typed.
    pub(super) names: BTreeSet<String>,
    /// That under which they are in.
    pub(super) name: String,
    pub(super) tries: usize,
    /// Their room, once all that they typed has happened. `None`: nobody knows since their server came in anew.
    pub(super) room: Option<String>,
    /// They typed something that changes where or who they are, and have not read that it did.
    pub(super) is_pending: bool,
    /// The rooms that they may hear now, if that is known.
    pub(super) may: Option<BTreeSet<String>>,
    pub(super) listens: BTreeSet<String>,
    pub(super) spells: BTreeMap<String, Spell>,
    pub(super) ended: Vec<(String, Spell)>,
    pub(super) reads: Vec<Read>,
    pub(super) ignores: BTreeSet<String>,
    /// The sentences about servers that were lost.
    pub(super) lost: Vec<String>,
    /// What they read last, for the story.
    pub(super) log: Vec<String>,
    /// Where they go to find out where they are.
    pub(super) settling: Option<String>,
    /// They were asked for another name, and lines on their way may have been taken for one.
    pub(super) is_muddled: bool,
    /// They are to type a name.
    pub(super) is_asked: bool,
}

pub(super) const LOBBY: &str = "#lobby";

impl Person {
    pub(super) fn new(node: usize, pair: usize, name: String) -> Person {
        Person {
            node,
            pair,
            stand: Stand::Named,
            buffer: String::new(),
            names: BTreeSet::from([name]),
            name: String::new(),
            tries: 0,
            room: None,
            is_pending: true,
            may: None,
            listens: BTreeSet::new(),
            spells: BTreeMap::new(),
            ended: Vec::new(),
            reads: Vec::new(),
            ignores: BTreeSet::new(),
            lost: Vec::new(),
            log: Vec::new(),
            settling: None,
            is_muddled: false,
            is_asked: false,
        }
    }

    /// Whether it is known where they are, and nothing of that is about to change.
    pub(super) fn is_settled(&self) -> bool {
        self.stand == Stand::In && !self.is_pending && self.room.is_some()
    }

    /// Their server has lost its place, and they come in again.
    pub(super) fn unsettle(&mut self) {
        self.end_spells();
        self.room = None;
        self.may = None;
        self.is_pending = false;
        self.listens.clear();
    }

    pub(super) fn leave(&mut self) {
        self.end_spells();
        self.stand = Stand::Out;
    }

    /// They no longer certainly hear this room.
    pub(super) fn end_spell(&mut self, room: &str) {
        if let Some((room, mut it)) = self.spells.remove_entry(room) {
            it.is_open = false;
            self.ended.push((room, it));
        }
    }

    fn end_spells(&mut self) {
        let rooms: Vec<String> = self.spells.keys().cloned().collect();
        rooms.iter().for_each(|it| self.end_spell(it));
    }

    pub(super) fn begin_spell(&mut self, room: &str) {
        self.end_spell(room);
        let spell = Spell {
            read: Vec::new(),
            is_open: true,
            losses: Vec::new(),
        };
        self.spells.insert(room.into(), spell);
    }

    /// Takes bytes that came. Returns the lines, and whether a prompt for a name stands behind them.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (Vec<String>, bool) {
        const PROMPT: &str = "Enter your username: ";
        self.buffer += std::str::from_utf8(bytes).expect("text");
        let mut lines = Vec::new();
        while let Some(at) = self.buffer.find('\n') {
            let line: String = self.buffer.drain(..=at).collect();
            lines.push(line.replace(PROMPT, "").trim_end().into());
        }
        let is_asked = self.buffer.ends_with(PROMPT);
        if is_asked {
            self.buffer.clear();
        }
        (lines, is_asked)
    }

    /// They read an answer about where or who they are. Returns whether it was one.
    pub(super) fn hear_answer(&mut self, text: &str) -> bool {
        if text == "Welcome to the chat!" {
            // The next line has it.
            self.name.clear();
            self.is_muddled |= self.stand == Stand::In;
            self.is_asked = false;
            self.stand = Stand::In;
            self.is_pending = false;
            self.settling = None;
            self.listens.clear();
            match self.is_muddled {
                // They are brought to where they had been.
                true => self.unsettle(),
                false => self.be_in(LOBBY),
            }
        } else if self.name.is_empty()
            && let Some(name) = text.strip_suffix(" has joined the chat.")
        {
            self.name = name.into();
            self.names.insert(name.into());
        } else if text == "That username is taken." {
            self.is_pending = self.stand != Stand::In;
        } else if let Some(room) = between(text, "You are in ", " now.")
            .or_else(|| between(text, "You are already in ", "."))
        {
            if self.room.is_none() && self.settling.as_deref() != Some(room) {
                // Their server brings them back.
                return true;
            }
            self.is_pending = false;
            self.be_in(room);
        } else if let Some(room) = text.strip_prefix("You hear ").and_then(|it| {
            it.split_once(" too.")
                .or_else(|| it.split_once(" already."))
        }) {
            let room = room.0;
            if self.room.is_none() {
                return true;
            }
            self.is_pending = false;
            self.listens.insert(room.into());
            if let Some(may) = &mut self.may {
                may.insert(room.into());
            }
            self.begin_spell(room);
        } else if let Some(rooms) = between(text, "You no longer hear ", ".") {
            self.is_pending = false;
            self.listens.remove(rooms);
            if let Some(may) = &mut self.may {
                may.remove(rooms);
            }
        } else {
            return self.hear_of_names(text);
        }
        true
    }

    /// They read that they ignore somebody, or that somebody has another name. Returns whether it was that.
    fn hear_of_names(&mut self, text: &str) -> bool {
        if let Some(whom) = text.strip_prefix("You are now ignoring ") {
            // That may be another name than they typed, if it was changed just before.
            let name = whom.split_once(". ").map_or(whom, |it| it.0);
            self.ignores.insert(name.into());
        } else if let Some((from, to)) = text.split_once(" is now known as ") {
            if from == self.name {
                self.name = to.trim_end_matches('.').into();
                self.is_pending = false;
            }
        } else {
            return false;
        }
        true
    }

    /// They read that they are in a room.
    fn be_in(&mut self, room: &str) {
        self.room = Some(room.into());
        let rooms: Vec<String> = self.spells.keys().cloned().collect();
        for it in rooms.into_iter().filter(|it| *it != room) {
            if !self.listens.contains(&it) {
                self.end_spell(&it);
            }
        }
        let mut may = self.listens.clone();
        may.insert(room.into());
        self.may = Some(may);
        self.begin_spell(room);
    }
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(behind)
}
