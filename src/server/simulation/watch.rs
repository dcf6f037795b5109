//! `Watch`: has an eye on what is said in locked rooms, and on the names of these, beside the model. Nobody reads such a line,
//! or such a name, who may not see the room.
//!
//! It knows from the model where people are and whom they invite. What clients may read it says by itself, and it looks at
//! the bytes that they do read.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::PeerId;

use super::model::Door;
use super::record::{Happened, Told, What};
use super::stage::{Checked, Stage};

/// With what every line begins that is watched, and every name of a room that is.
const MARK: &str = "W3hisper-";
pub(super) const VAULT: &str = "vault";
/// How many such rooms there are.
pub(super) const VAULTS: usize = 3;

#[derive(Debug, Default)]
pub(super) struct Watch {
    made: usize,
    /// By their numbers: the lives of rooms in which they were said, and the entries that said them.
    whispers: BTreeMap<usize, (usize, u64)>,
    /// What each client may read now, or could when something was sent that it has not read.
    clients: BTreeMap<usize, May>,
    pub(super) read: usize,
}

/// What a client may read.
#[derive(Debug, Default)]
struct May {
    /// From which entry on, of each life of a room.
    reads: BTreeMap<usize, u64>,
    /// The names of rooms that it sees, or has typed.
    sees: BTreeSet<String>,
    typed: BTreeSet<String>,
    /// What was said where they were.
    heard: BTreeSet<usize>,
}

impl Watch {
    /// Another line that is watched.
    pub(super) fn whisper(&mut self) -> String {
        self.made += 1;
        format!("{MARK}{:04}", self.made)
    }

    pub(super) fn forget_clients(&mut self) {
        self.clients.clear();
    }

    pub(super) fn typed(&mut self, place: usize, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let names = vaults_in(&text).map(|(_, it)| it);
        self.clients.entry(place).or_default().typed.extend(names);
    }
}

impl Door {
    /// From which entry on somebody may read it.
    fn opens_to(&self, peer: PeerId) -> Option<u64> {
        let mut invited = self.invited.iter();
        let since = invited.find(|(it, _)| *it == peer).map(|it| it.1);
        match () {
            () if !self.is_locked || self.keepers.contains(&peer) => Some(0),
            () if self.is_past_open => since.map(|_| 0),
            () => since,
        }
    }
}

/// The numbers of the watched lines in a text. One that is cut does not count.
fn whispers_in(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices(MARK).filter_map(|(at, _)| {
        let number = text.get(at + MARK.len()..at + MARK.len() + 4)?;
        number.parse().ok()
    })
}

/// The names of watched rooms in a text, and where they stand.
fn vaults_in(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.match_indices(VAULT).filter_map(|(at, _)| {
        let name = text.get(at..=at + VAULT.len())?;
        let is_one = name.ends_with(|c: char| c.is_ascii_digit());
        is_one.then(|| (at, name.into()))
    })
}

impl Stage {
    /// The hub is about to be told something.
    pub(super) fn watch_told(&mut self, told: &Told) {
        if self.story.kind.has_order {
            self.watch_speech(told);
            self.guard_typed(told);
            self.hush_told(told);
        }
    }

    /// The hub was told something.
    pub(super) fn watch_done(&mut self, told: &Told) -> Checked {
        match self.story.kind.has_order {
            true => {
                self.watch_doors();
                self.guard_door(told)
            }
            false => Ok(()),
        }
    }

    /// What the hub is told may be a line that is watched.
    fn watch_speech(&mut self, told: &Told) {
        let What::Event(peer, Happened::Line(_) | Happened::Object(_)) = &told.what else {
            return;
        };
        let text = format!("{:?}", told.what);
        let numbers: Vec<usize> = whispers_in(&text).collect();
        if numbers.is_empty() || !self.model.is_named(*peer) {
            return;
        }
        let (life, _) = self.model.keeps_life(*peer);
        let seq = self.model.last() + 1;
        let doors = self.model.doors();
        let inside = doors.iter().find(|it| it.life == life);
        let inside: Vec<PeerId> = inside.map(|it| it.inside.clone()).unwrap_or_default();
        for number in numbers {
            self.watch.whispers.entry(number).or_insert((life, seq));
            for (place, _) in self.peers().filter(|(_, it)| inside.contains(it)) {
                let it = self.watch.clients.entry(place).or_default();
                it.heard.insert(number);
            }
        }
    }

    fn peers(&self) -> impl Iterator<Item = (usize, PeerId)> + use<> {
        let clients = self.clients.iter().enumerate();
        let peers = clients.filter_map(|(place, it)| Some((place, it.peer?)));
        peers.collect::<Vec<_>>().into_iter()
    }

    /// People may see more than before.
    fn watch_doors(&mut self) {
        let doors = self.model.doors();
        for (place, peer) in self.peers() {
            self.watch_door(place, peer, &doors);
        }
    }

    fn watch_door(&mut self, place: usize, peer: PeerId, doors: &[Door]) {
        let it = self.watch.clients.entry(place).or_default();
        for door in doors {
            let since = door.opens_to(peer);
            if let Some(since) = since {
                let known = it.reads.entry(door.life).or_insert(since);
                *known = since.min(*known);
            }
            if since.is_some() || door.inside.contains(&peer) {
                it.sees.insert(door.name.clone());
            }
        }
        // Rooms that have ended, or sleep, are nobody's secret, nor what was said there.
        let names = (1..=VAULTS).map(|it| format!("{VAULT}{it}"));
        let ended = names.filter(|name| !doors.iter().any(|it| it.name == *name));
        it.sees.extend(ended);
        let lives = self.watch.whispers.values().map(|it| it.0);
        let ended = lives.filter(|life| !doors.iter().any(|it| it.life == *life));
        it.reads.extend(ended.map(|life| (life, 0)));
    }

    /// A client that has read all, and waits for nothing, reads no more of what it could see before.
    pub(super) fn forget_doors(&mut self, place: usize) {
        let client = &self.clients[place];
        let Some(peer) = client.peer.filter(|_| self.story.kind.has_order) else {
            return;
        };
        let is_done = client.unsent.is_empty()
            && client.check_all_read().is_ok()
            && client.check_all_heard().is_ok()
            && !self.has_input_of(client)
            && !self.model.waits(peer);
        if is_done {
            let it = self.watch.clients.entry(place).or_default();
            (it.reads, it.sees) = (BTreeMap::new(), BTreeSet::new());
            it.typed.clear();
            let doors = self.model.doors();
            self.watch_door(place, peer, &doors);
        }
    }

    /// What a client reads has nothing of a room that it may not see.
    pub(super) fn check_no_whisper(&mut self, place: usize, bytes: &[u8]) -> Checked {
        if !self.story.kind.has_order {
            return Ok(());
        }
        let text = String::from_utf8_lossy(bytes);
        let may = self.watch.clients.entry(place).or_default();
        for number in whispers_in(&text) {
            let Some((life, seq)) = self.watch.whispers.get(&number) else {
                return Err(format!("client {place} reads {number}, which nobody said"));
            };
            let since = may.reads.get(life);
            if !may.heard.contains(&number) && since.is_none_or(|it| it > seq) {
                return Err(format!("client {place} reads what was whispered: {number}"));
            }
            self.watch.read += 1;
        }
        let text = text.to_lowercase();
        for (at, name) in vaults_in(&text) {
            if !may.sees.contains(&name) && !may.typed.contains(&name) {
                let around: String = text[at..].chars().take(40).collect();
                return Err(format!(
                    "client {place} reads the name of a room: {around:?}"
                ));
            }
        }
        Ok(())
    }
}
