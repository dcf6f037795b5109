//! `Replays`: what a person has read of each room, so that coming back does not show it again. Lines of the server go in,
//! and the lines to show come out. A replay is held back until it has ended; every other line comes out at once.
//!
//! Lines are hidden only at the beginning of a replay, and only if they are, in the same order, the last that were read of
//! their room.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::mem;

use crate::limits::{HISTORY_BYTES, REPLAYED_LINES, ROOMS_REMEMBERED};
use crate::name::RoomName;

use super::line::{Fact, Line, read};

/// How many rooms to remember: more than one person hears at once.
const ROOMS: usize = 2 * ROOMS_REMEMBERED;

/// Bytes of a replay to hold back: more than a room keeps.
const HELD_BYTES: usize = 2 * HISTORY_BYTES;

#[derive(Debug, Default)]
pub(super) struct Replays {
    /// The room that was read last stands at the end.
    rooms: Vec<Room>,
    hasher: RandomState,
    /// The lines of a replay that has not ended, behind its header.
    held: Vec<String>,
    held_bytes: usize,
    /// The person comes back, and has read the lines that are replayed now, or some of them.
    is_again: bool,
}

/// The last lines that were read of a room, as hashes.
#[derive(Debug)]
struct Room {
    name: RoomName,
    lines: VecDeque<u64>,
}

impl Replays {
    /// The person comes back: the replays that follow may repeat lines.
    pub(super) fn begin(&mut self) {
        self.is_again = true;
    }

    /// The person is back, and asks for all that is replayed from now on.
    pub(super) fn finish(&mut self) {
        self.is_again = false;
    }

    /// Takes in a line of the server, and returns the lines to show now.
    pub(super) fn pass(&mut self, line: String, current: &RoomName) -> Vec<String> {
        let read = read(&line);
        if let Fact::Replay { .. } = read.fact {
            let shown = self.take_held();
            self.held.push(line);
            return shown;
        }
        if self.held.is_empty() {
            if !read.past {
                self.note(&read, current);
            }
            return vec![line];
        }
        if read.past && self.held_bytes + line.len() <= HELD_BYTES {
            self.held_bytes += line.len();
            self.held.push(line);
            return Vec::new();
        }
        let is_end = read.fact == Fact::ReplayEnd;
        if !is_end && !read.past {
            self.note(&read, current);
        }
        let mut shown = self.take_held();
        shown.push(line);
        match is_end {
            true => self.end(shown, current),
            false => shown,
        }
    }

    /// The lines that are held back. The connection has ended, and so has the replay.
    pub(super) fn take_held(&mut self) -> Vec<String> {
        self.held_bytes = 0;
        mem::take(&mut self.held)
    }

    /// Notes words that the person said in a room, once the server has read them. It does not send them back.
    pub(super) fn note_said(&mut self, room: &RoomName, name: &str, text: &str) {
        let line = self.hash(&Fact::Said { name, text });
        self.room(room).lines.extend(line);
        self.room(room).shorten();
    }

    fn note(&mut self, line: &Line<'_>, current: &RoomName) {
        if let Some(hash) = self.hash(&line.fact) {
            let name = line.room(current);
            let room = self.room(&name);
            room.lines.push_back(hash);
            room.shorten();
        }
    }

    /// A replay has ended: returns the part of it to show. The lines stand between its header and its end.
    fn end(&mut self, mut replay: Vec<String>, current: &RoomName) -> Vec<String> {
        let past = &replay[1..replay.len() - 1];
        let lines: Vec<Line<'_>> = past.iter().map(|it| read(it)).collect();
        let Some(first) = lines
            .first()
            .filter(|it| lines.iter().all(|one| one.tag == it.tag))
        else {
            return replay;
        };
        let name = first.room(current);
        // A room keeps nothing that cannot be hashed.
        let hashes: Vec<u64> = lines.iter().filter_map(|it| self.hash(&it.fact)).collect();
        if hashes.len() < lines.len() {
            return replay;
        }
        let room = self.room(&name);
        let known = room.overlap(&hashes);
        room.lines.extend(&hashes[known..]);
        room.shorten();
        if !self.is_again || known == 0 {
            return replay;
        }
        if known == hashes.len() {
            return Vec::new();
        }
        if let Fact::Replay { times } = read(&replay[0]).fact {
            replay[0] = header(hashes.len() - known, times);
        }
        replay.drain(1..=known);
        replay
    }

    /// Names and text of lines that people say in rooms.
    fn hash(&self, fact: &Fact<'_>) -> Option<u64> {
        match fact {
            Fact::Said { name, text } => Some(self.hasher.hash_one((":", name, text))),
            Fact::Action { name, text } => Some(self.hasher.hash_one(("*", name, text))),
            _ => None,
        }
    }

    /// The lines read of a room.
    fn room(&mut self, name: &RoomName) -> &mut Room {
        let room = match self.rooms.iter().position(|it| it.name == *name) {
            Some(at) => self.rooms.remove(at),
            None => Room {
                name: name.clone(),
                lines: VecDeque::new(),
            },
        };
        if self.rooms.len() == ROOMS {
            self.rooms.remove(0);
        }
        self.rooms.push(room);
        let last = self.rooms.len() - 1;
        &mut self.rooms[last]
    }
}

impl Room {
    /// How many of these lines were read last, in the same order.
    fn overlap(&self, lines: &[u64]) -> usize {
        let most = lines.len().min(self.lines.len());
        let is_overlap = |count: &usize| {
            let read = self.lines.range(self.lines.len() - count..);
            read.eq(&lines[..*count])
        };
        (1..=most).rev().find(is_overlap).unwrap_or(0)
    }

    /// Forgets the oldest lines.
    fn shorten(&mut self) {
        let more = self.lines.len().saturating_sub(REPLAYED_LINES);
        self.lines.drain(..more);
    }
}

/// The header of a replay, as the server writes it.
fn header(count: usize, times: &str) -> String {
    match count {
        1 => format!("-- last message, {times} --"),
        count => format!("-- last {count} messages, {times} --"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of these lines, to a person in `#den`.
    fn shown(replays: &mut Replays, lines: &[&str]) -> Vec<String> {
        let den = RoomName::parse("den").unwrap();
        let lines = lines.iter();
        lines
            .flat_map(|line| replays.pass((*line).into(), &den))
            .collect()
    }

    /// A replay of these lines of a room.
    fn replay(tag: &str, lines: &[&str]) -> Vec<String> {
        let header = super::header(lines.len(), "times in UTC");
        let lines = lines.iter();
        let past = lines.map(|line| format!("[2026-11-21 13:05] {tag}{line}"));
        let end = "-- end --".to_string();
        [header].into_iter().chain(past).chain([end]).collect()
    }

    fn replayed(replays: &mut Replays, tag: &str, lines: &[&str]) -> Vec<String> {
        let lines = replay(tag, lines);
        shown(replays, &lines.iter().map(|it| &**it).collect::<Vec<_>>())
    }

    #[test]
    fn what_was_read_of_each_room_is_not_shown_again() {
        let mut replays = Replays::default();
        let first = replay("", &["Bob: one", "* Bob two"]);
        assert_eq!(
            replayed(&mut replays, "", &["Bob: one", "* Bob two"]),
            first
        );
        let live = ["[12:30] Bob: three", "#tea Cid: one", "Bob (private): x"];
        assert_eq!(shown(&mut replays, &live), live);
        replays.begin();
        let den = [
            "Bob: one",
            "* Bob two",
            "Bob: three",
            "Bob: four",
            "Bob: one",
        ];
        let new = replay("", &["Bob: four", "Bob: one"]);
        assert_eq!(replayed(&mut replays, "", &den), new);
        assert_eq!(replayed(&mut replays, "", &den[1..]), [""; 0]);
        assert_eq!(replayed(&mut replays, "#tea ", &["Cid: one"]), [""; 0]);
        let tea = ["Cid: one", "Cid: two"];
        let new = replay("#tea ", &["Cid: two"]);
        assert_eq!(new[0], "-- last message, times in UTC --");
        assert_eq!(replayed(&mut replays, "#tea ", &tea), new);
    }

    #[test]
    fn what_a_person_asks_for_is_shown_whether_they_have_read_it_or_not() {
        let mut replays = Replays::default();
        replays.begin();
        shown(&mut replays, &["Bob: one", "Bob: two"]);
        replays.finish();
        for lines in [&["Bob: one", "Bob: two"][..], &["Bob: two"]] {
            assert_eq!(replayed(&mut replays, "", lines), replay("", lines));
        }
        // And it stands in the same place all the same.
        replays.begin();
        assert_eq!(
            replayed(&mut replays, "", &["Bob: one", "Bob: two"]),
            [""; 0]
        );
    }

    #[test]
    fn unless_they_are_the_last_ones_read_all_lines_are_shown() {
        for lines in [
            &["Bob: one", "Bob: three"][..],
            &["Bob: zero", "Bob: one", "Bob: two"],
            &["bob: one", "Bob: two"],
            &["* Bob one", "Bob: two"],
        ] {
            let mut replays = Replays::default();
            replays.begin();
            shown(&mut replays, &["Bob: one", "Bob: two"]);
            assert_eq!(replayed(&mut replays, "", lines), replay("", lines));
        }
    }

    #[test]
    fn own_words_stand_where_the_server_has_read_them() {
        let mut replays = Replays::default();
        replays.begin();
        let den = RoomName::parse("den").unwrap();
        shown(&mut replays, &["Bob: one"]);
        replays.note_said(&den, "Ann", "two");
        let lines = ["Bob: one", "Ann: two", "Ann: not confirmed"];
        let new = replay("", &lines[2..]);
        assert_eq!(replayed(&mut replays, "", &lines), new);
    }

    #[test]
    fn a_replay_without_an_end_is_shown_as_soon_as_that_is_known() {
        let lines = replay("", &["Bob: one", "Bob: two"]);
        let lines: Vec<&str> = lines.iter().map(|it| &**it).collect();
        for begun in 1..lines.len() {
            let begun = &lines[..begun];
            let mut replays = Replays::default();
            replays.begin();
            assert_eq!(shown(&mut replays, begun), [""; 0]);
            assert_eq!(replays.take_held(), begun);
            shown(&mut replays, begun);
            let all = [begun, &["Bob: three"]].concat();
            assert_eq!(shown(&mut replays, &["Bob: three"]), all);
            // The next header is that of another replay.
            shown(&mut replays, begun);
            assert_eq!(shown(&mut replays, &lines[..1]), begun);
        }
    }

    #[test]
    fn no_server_makes_the_client_hold_back_or_remember_without_bounds() {
        let mut replays = Replays::default();
        shown(&mut replays, &["-- last 20 messages, times in UTC --"]);
        let long = format!("[2026-11-21 13:05] Bob: {}", "x".repeat(HELD_BYTES / 3));
        let long = [&*long; 3];
        assert_eq!(shown(&mut replays, &long).len(), 4);
        for i in 0..10 * ROOMS {
            shown(&mut replays, &[&format!("#r{i} Bob: x")]);
            shown(&mut replays, &[&format!("Bob: {i}")]);
        }
        assert_eq!(replays.rooms.len(), ROOMS);
        let most = replays.rooms.iter().map(|it| it.lines.len()).max();
        assert_eq!(most, Some(REPLAYED_LINES));
    }
}
