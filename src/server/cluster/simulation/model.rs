//! What must have been read: each line of a play, where it stands in the stream, and who must know it.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::{Act, ServerAct, Wanted};
use crate::work::cluster::simulated::{Fields, open};

use super::node::End;
use super::people::{Person, Read, Spell, Stand};

/// Something that somebody typed.
pub(super) struct Line {
    pub(super) author: usize,
    /// The server, and its life then.
    pub(super) node: usize,
    pub(super) life: usize,
    /// The room. `None`: it is for one person, or nobody knows which room it is.
    pub(super) room: Option<String>,
    /// The name of the one whom it is for.
    pub(super) to: Option<String>,
    /// The author's name then.
    pub(super) by: String,
    /// Where it was applied, by the numbers of entries that were never void. There are several only where the stream was
    /// forgotten.
    pub(super) places: Vec<u64>,
}

/// All lines, and what the stream says of the servers.
#[derive(Default)]
pub(super) struct Model {
    pub(super) lines: Vec<Line>,
    gone: BTreeSet<u64>,
    last: BTreeMap<u64, u64>,
    /// How often a server of this name was counted as gone.
    pub(super) losses: BTreeMap<String, usize>,
    names: BTreeMap<u64, String>,
    /// The entries that were forgotten.
    forgotten: BTreeSet<u64>,
    /// Something was forgotten.
    pub(super) has_forgotten: bool,
}

/// Places are numbered by entries, and by acts within each.
const ACTS: u64 = 100;

/// The number of the line that a text is.
pub(super) fn token(text: &str) -> Option<usize> {
    let word = text.rsplit(' ').next()?;
    word.strip_prefix('t')?.parse().ok()
}

impl Model {
    /// Whether the servers were told that an epoch is gone.
    pub(super) fn is_gone(&self, epoch: u64) -> bool {
        self.gone.contains(&epoch)
    }

    /// An entry was added.
    pub(super) fn add(&mut self, number: u64, fields: &Fields) {
        self.pass(number, fields, true);
    }

    /// What the stream says now is this, and nothing else.
    pub(super) fn forget<'a>(&mut self, left: impl Iterator<Item = (u64, &'a Fields)>) {
        self.has_forgotten = true;
        self.gone.clear();
        self.last.clear();
        let mut kept = BTreeSet::new();
        for (number, fields) in left {
            kept.insert(number);
            self.pass(number, fields, false);
        }
        let entries = self.lines.iter().flat_map(|it| &it.places);
        let entries = entries.map(|it| it / ACTS).filter(|it| !kept.contains(it));
        self.forgotten.extend(entries);
    }

    fn pass(&mut self, number: u64, fields: &Fields, is_new: bool) {
        let packet = open::<Wanted>(fields);
        let epoch = packet.epoch;
        self.names.insert(epoch, packet.node.to_string());
        for ((act, at), own) in packet.acts.iter().zip(0..).zip(packet.first..) {
            let last = self.last.get(&epoch).copied().unwrap_or(0);
            if self.gone.contains(&epoch) || own <= last {
                continue;
            }
            self.last.insert(epoch, own);
            if let Act::Server(ServerAct::Gone { server }) = &act.act {
                self.gone.insert(server.0);
                let name = self.names.get(&server.0).cloned();
                *self.losses.entry(name.unwrap_or_default()).or_default() += usize::from(is_new);
            }
            if is_new && let Some(line) = act.act.text().and_then(token) {
                self.lines[line].places.push(number * ACTS + at);
            }
        }
    }

    /// Somebody reads this line now.
    pub(super) fn read(&self, people: &mut [Person], who: usize, text: &str, life: usize) {
        let Some(number) = token(text) else { return };
        let it = &mut people[who];
        if text.starts_with('[') || text.starts_with("To ") {
            return;
        }
        let line = &self.lines[number];
        it.reads.push(Read { line: number, life });
        if let Some(to) = &line.to {
            assert!(
                it.names.contains(to),
                "{} reads what {to} is to read: {text}",
                it.name
            );
            assert!(text.contains("(private): "), "{text} was private");
            return;
        }
        assert!(!text.contains("(private): "), "{text} was for all");
        let Some(room) = &line.room else { return };
        if let Some(may) = &it.may {
            assert!(
                may.contains(room),
                "{} is in {may:?} and reads of {room}: {text}",
                it.name
            );
        }
        if let Some(spell) = it.spells.get_mut(room) {
            spell.read.push(number);
        }
    }

    /// Checks everything, once everyone has read all.
    pub(super) fn check(&self, people: &[Person], ends: &[Vec<End>]) {
        for it in people {
            self.check_once(it, ends);
            self.check_order(it);
            let spells = it.ended.iter().map(|(room, it)| (room, it));
            for (room, spell) in spells.chain(&it.spells) {
                self.check_spell(people, it, room, spell, ends);
            }
        }
        self.check_said(people, ends);
        self.check_private(people, ends);
        self.check_lost(people);
    }

    /// Whether a line may have been lost or told twice, as its author's server lost its place.
    fn is_lost(&self, line: &Line, ends: &[Vec<End>]) -> bool {
        ends[line.node].get(line.life) == Some(&End::Lost)
    }

    /// Nobody reads a line twice.
    fn check_once(&self, it: &Person, ends: &[Vec<End>]) {
        let mut lives: BTreeMap<usize, usize> = BTreeMap::new();
        for read in &it.reads {
            let before = lives.insert(read.line, read.life);
            let line = &self.lines[read.line];
            let is_lost = |life: usize| ends[it.node].get(life) == Some(&End::Lost);
            let is_excused = self.is_lost(line, ends)
                || before.is_some_and(|then| (then..read.life).any(is_lost));
            let is_new = before.is_none();
            assert!(
                is_new || is_excused,
                "{} reads t{} twice",
                it.name,
                read.line
            );
        }
    }

    /// What was read under one life of a server was read in the order of the stream.
    fn check_order(&self, it: &Person) {
        let mut last = (0, 0);
        for read in &it.reads {
            let line = &self.lines[read.line];
            let (life, before) = last;
            let before = if life == read.life { before } else { 0 };
            let place = line.places.iter().filter(|at| **at > before).min();
            let Some(place) = place else {
                panic!(
                    "{} reads t{} out of order: {:?}",
                    it.name, read.line, line.places
                );
            };
            last = (read.life, *place);
        }
    }

    /// What was said while somebody heard a room was read by them.
    fn check_spell(
        &self,
        people: &[Person],
        it: &Person,
        room: &str,
        spell: &Spell,
        ends: &[Vec<End>],
    ) {
        // One that stands there twice tells nothing of where it was read.
        let place = |line: &usize| match self.lines[*line].places[..] {
            [place] => Some(place),
            _ => None,
        };
        let Some(first) = spell.read.iter().filter_map(place).min() else {
            return;
        };
        let last = spell.read.iter().filter_map(place).max();
        let last = if spell.is_open { None } else { last };
        for (number, line) in self.lines.iter().enumerate() {
            let is_there = line.room.as_deref() == Some(room);
            let &[at] = &line.places[..] else { continue };
            if self.forgotten.contains(&(at / ACTS)) {
                continue;
            }
            let is_then = at > first && last.is_none_or(|last| at < last);
            let names = &people[line.author].names;
            let is_ignored = it.ignores.iter().any(|name| names.contains(name));
            let is_own = std::ptr::eq(&raw const people[line.author], it);
            if !is_there || !is_then || is_ignored || is_own || self.is_lost(line, ends) {
                continue;
            }
            let is_read = spell.read.contains(&number);
            assert!(
                is_read,
                "{} misses t{number} by {} in {room}",
                it.name, line.by
            );
        }
    }

    /// What was said by somebody who is still there has come through.
    fn check_said(&self, people: &[Person], ends: &[Vec<End>]) {
        for (number, line) in self.lines.iter().enumerate() {
            let author = &people[line.author];
            let is_there = author.stand == Stand::In && !author.is_muddled && line.room.is_some();
            if is_there && !self.is_lost(line, ends) {
                let came = line.places.len();
                assert!(came > 0, "t{number} by {} never came back", line.by);
                assert!(
                    came == 1 || self.has_forgotten,
                    "t{number} came back {came} times"
                );
            }
        }
    }

    /// What was written to somebody who was certainly there is read by them alone.
    fn check_private(&self, people: &[Person], ends: &[Vec<End>]) {
        for (number, line) in self.lines.iter().enumerate() {
            let Some(to) = &line.to else { continue };
            let readers = people.iter();
            let readers: Vec<&Person> = readers
                .filter(|it| it.reads.iter().any(|it| it.line == number))
                .collect();
            assert!(
                readers.len() <= 1,
                "several people read t{number}, which was private"
            );
            // Whoever ever had the name is in, ignores nobody, and their server never left the others.
            let mut all = people.iter().filter(|it| it.names.contains(to));
            let steady = |it: &Person| {
                it.stand == Stand::In && it.ignores.is_empty() && ends[it.node].is_empty()
            };
            let is_due = !line.places.is_empty() && all.all(steady) && !self.is_lost(line, ends);
            assert!(!is_due || readers.len() == 1, "{to} never reads t{number}");
        }
    }

    /// Who was in a room with people of a server that was killed has read so. Nobody reads more sentences about a lost server than there were losses and rooms.
    fn check_lost(&self, people: &[Person]) {
        for it in people {
            for name in it.spells.values().flat_map(|it| &it.losses) {
                let end = format!("the server {name} was lost.");
                let is_told = it.lost.iter().any(|it| it.ends_with(&end));
                assert!(
                    is_told || self.has_forgotten,
                    "{} never reads that {name} was lost",
                    it.name
                );
            }
            let mut count: BTreeMap<&str, usize> = BTreeMap::new();
            it.lost
                .iter()
                .for_each(|it| *count.entry(it).or_default() += 1);
            for (sentence, count) in count {
                let name = sentence.rsplit(' ').nth(2).unwrap_or_default();
                let losses = self.losses.get(name).copied().unwrap_or(0);
                assert!(
                    count <= losses,
                    "{} reads {count} times: {sentence}",
                    it.name
                );
            }
        }
    }
}
