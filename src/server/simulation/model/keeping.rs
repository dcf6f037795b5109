//! The file as the model knows it: what was handed over, what of it is there, and what was refused.

use crate::limits::HISTORY_BYTES;
use crate::message::{News, Report, RoomMember};
use crate::name::{RoomName, Username};

use crate::server::simulation::sightings::{Sight, Sightings};

use super::attempts::Attempts;
use super::members::{Owned, Owner};
use super::past::Eyes;
use super::reports::Reports;
use super::rows::{Row, Shelved};
use super::sanctions::Sanction;
use super::{Kept, Line, Model, Room};

/// What is kept, and what is to be.
#[derive(Debug)]
pub(super) struct File {
    /// So many rows may wait.
    most: usize,
    /// So many lines of each room are read at a start.
    loads: usize,
    /// Of this tick.
    batch: Vec<Row>,
    pub(super) waiting: Vec<Row>,
    /// What was refused and waits as no gap yet.
    pub(super) missed: Vec<Row>,
    is_refusing: bool,
    /// Nothing is kept any more.
    is_off: bool,
    /// Lines that were refused since the start.
    refused: usize,
    /// Lines that were not kept by any server, and those of them of which no gap tells.
    not_kept: u64,
    untold: u64,
    /// What the file has.
    pub(super) lines: Vec<Shelved>,
    pub(super) seen: Vec<(Username, i64)>,
    pub(super) ended: Vec<usize>,
    pub(super) owners: Vec<Owner>,
    pub(super) owned: Vec<Owned>,
    /// What members are in rooms, by the lives of these.
    pub(super) members: Vec<(usize, RoomMember)>,
    pub(super) sanctions: Vec<Sanction>,
    pub(super) reports: Vec<Report>,
    /// Rooms of the file into which nobody has come since the start: their lives and names.
    asleep: Vec<(usize, RoomName)>,
}

/// The life of the lobby, which never ends.
const LOBBY: usize = 1;

impl File {
    /// The gap of a life among these rows.
    pub(super) fn gap_in(missed: &[Row], life: usize) -> Option<Shelved> {
        let lines = missed.iter().filter_map(|it| match it {
            Row::Line(it) if it.life == life => Some(it),
            _ => None,
        });
        Shelved::gap(&lines.collect::<Vec<_>>())
    }

    /// The rows that stand for what was refused. Of the rooms of one name, those between the first and the last came and
    /// went meanwhile, and are nobody's to read.
    fn take_missed(&mut self) -> Vec<Row> {
        let missed = std::mem::take(&mut self.missed);
        let mut names: Vec<(RoomName, Vec<usize>)> = Vec::new();
        for row in &missed {
            let (room, life) = match row {
                Row::Line(it) => (it.room(), it.life),
                Row::End { room, life, .. } => (room, *life),
                _ => continue,
            };
            match names.iter_mut().find(|(it, _)| it == room) {
                Some((_, lives)) if lives.contains(&life) => {}
                Some((_, lives)) => lives.push(life),
                None => names.push((room.clone(), vec![life])),
            }
        }
        let ends = |life| {
            let mut ends = missed
                .iter()
                .filter(|row| matches!(row, Row::End { life: ended, .. } if *ended == life));
            ends.next()
        };
        let mut rows: Vec<Row> = Vec::new();
        for (_, lives) in names {
            let (first, last) = (lives[0], lives[lives.len() - 1]);
            rows.extend(File::gap_in(&missed, first).map(Row::Line));
            rows.extend(ends(first).cloned());
            if last != first && ends(last).is_none() {
                rows.extend(File::gap_in(&missed, last).map(Row::Line));
            }
        }
        let told: u64 = rows.iter().map(Row::lines).sum();
        self.untold += missed.iter().map(Row::lines).sum::<u64>() - told;
        rows.sort_by_key(|row| match row {
            Row::Line(it) => it.line.entry.seq,
            Row::End { seq, .. } => *seq,
            _ => 0,
        });
        rows
    }

    fn hand_over(&mut self) {
        if self.is_refusing && !self.is_off && self.waiting.len() <= self.most / 2 {
            self.is_refusing = false;
            let rows = self.take_missed();
            self.waiting.extend(rows);
        }
        for row in std::mem::take(&mut self.batch) {
            if !row.may_be_refused() {
                self.waiting.extend(Some(row).filter(|_| !self.is_off));
            } else if self.is_off || self.is_refusing || self.waiting.len() >= self.most {
                self.is_refusing = true;
                self.refused += row.lines() as usize;
                self.not_kept += row.lines();
                self.missed.push(row);
            } else {
                self.waiting.push(row);
            }
        }
    }

    fn keep(&mut self, row: Row) {
        match row {
            Row::Line(it) => {
                if let Some(name) = it.line.name.clone() {
                    self.see(name, it.line.entry.at);
                }
                self.lines.push(it);
            }
            Row::Seen(name, at) => self.see(name, at),
            Row::End { life, .. } => self.ended.push(life),
            Row::Account(id, change) => self.change(id, change),
            Row::Owned(it) => {
                self.owned.retain(|known| known.life != it.life);
                self.owned.push(it);
            }
            Row::Member(life, it) => {
                let is_it =
                    |known: &(usize, RoomMember)| known.0 == life && known.1.account == it.account;
                self.members.retain(|known| !is_it(known));
                let is_something = it.trusted.or(it.invited).is_some();
                self.members.extend(is_something.then_some((life, it)));
            }
            Row::Sanction(it) => self.sanctions.push(it),
            Row::Lifted(id) => self.sanctions.retain(|it| it.id != id),
            Row::Report(it) => self.reports.push(it),
            Row::ReportsRead => self.reports.clear(),
            Row::Audit | Row::TokensOver => {}
        }
    }

    /// Whether the file has all that was handed over, and nothing was given up.
    pub(super) fn is_all_kept(&self) -> bool {
        self.is_settled() && !self.is_off
    }

    pub(super) fn asleep(&self) -> &[(usize, RoomName)] {
        &self.asleep
    }

    /// The life of a room into which nobody has come.
    pub(super) fn sleeper(&self, name: &RoomName) -> usize {
        let mut asleep = self.asleep.iter();
        asleep.find(|(_, it)| it == name).expect("it is there").0
    }

    fn see(&mut self, name: Username, at: i64) {
        let mut seen = self.seen.iter_mut();
        match seen.find(|(it, _)| it.as_str() == name.as_str()) {
            Some((_, last)) => *last = at.max(*last),
            None => self.seen.push((name, at)),
        }
    }

    /// What is not in the file by now is lost.
    fn forget(&mut self) {
        self.batch.clear();
        let gaps = |it: &&Row| matches!(it, Row::Line(it) if it.is_gap());
        let gaps = self
            .waiting
            .drain(..)
            .collect::<Vec<_>>()
            .iter()
            .filter(gaps)
            .map(Row::lines)
            .sum::<u64>();
        self.untold += gaps + self.missed.drain(..).map(|it| it.lines()).sum::<u64>();
    }
}

impl Model {
    /// From now on what is said is kept, in a file that is empty.
    pub(in crate::server::simulation) fn begin_to_keep(&mut self, most: usize, loads: usize) {
        self.file = Some(File {
            most,
            loads,
            batch: Vec::new(),
            waiting: Vec::new(),
            missed: Vec::new(),
            is_refusing: false,
            is_off: false,
            refused: 0,
            not_kept: 0,
            untold: 0,
            lines: Vec::new(),
            seen: Vec::new(),
            ended: Vec::new(),
            owners: Vec::new(),
            owned: Vec::new(),
            members: Vec::new(),
            sanctions: Vec::new(),
            reports: Vec::new(),
            asleep: Vec::new(),
        });
    }

    pub(super) fn keep(&mut self, row: impl FnOnce() -> Row) {
        if let Some(file) = &mut self.file {
            file.batch.push(row());
        }
    }

    pub(super) fn keep_seen(&mut self, name: &Username) {
        let at = self.at;
        self.keep(|| Row::Seen(name.clone(), at));
    }

    pub(super) fn keep_line(&mut self, life: usize, line: &Line) {
        let topic = match &line.news {
            News::TopicSet { topic, .. } => Some(topic.clone()),
            _ => None,
        };
        let line = line.clone();
        self.keep(|| Row::Line(Shelved { life, line, topic }));
    }

    /// A room vanishes. When the server stops, its life goes on.
    pub(super) fn keep_end(&mut self, life: usize, room: RoomName) {
        let seq = self.entry.seq;
        if !self.is_stopping {
            self.keep(|| Row::End { life, room, seq });
        }
    }

    pub(in crate::server::simulation) fn hand_over(&mut self) {
        if let Some(file) = &mut self.file {
            file.hand_over();
        }
    }

    /// So many rows more are in the file, the oldest that waited.
    pub(in crate::server::simulation) fn kept(&mut self, count: usize) {
        let file = self.file.as_mut().expect("there is one");
        let kept: Vec<Row> = file.waiting.drain(..count).collect();
        let is_gap = |row: &&Row| matches!(row, Row::Line(it) if it.is_gap());
        self.seen
            .add(Sight::Gap, kept.iter().filter(is_gap).count());
        kept.into_iter().for_each(|row| file.keep(row));
    }

    /// Nothing is kept any more.
    pub(in crate::server::simulation) fn give_up(&mut self) {
        let file = self.file.as_mut().expect("there is one");
        file.is_off = true;
        let mut missed = std::mem::take(&mut file.waiting);
        let lines = missed
            .iter()
            .filter(|it| matches!(it, Row::Line(it) if !it.is_gap()));
        file.not_kept += lines.count() as u64;
        missed.retain(Row::may_be_refused);
        missed.append(&mut file.missed);
        file.missed = missed;
    }

    /// Rows that wait, and lines that were refused.
    pub(in crate::server::simulation) fn waiting(&self) -> Option<(usize, usize)> {
        let file = self.file.as_ref()?;
        Some((file.waiting.len(), file.refused))
    }

    /// What came up that clients do not see.
    pub(in crate::server::simulation) fn sights(&self) -> &Sightings {
        &self.seen
    }

    /// The room of that name, of those that the file has and nobody has come into.
    pub(super) fn wake(&mut self, name: &RoomName) -> Option<Room> {
        let file = self.file.as_mut()?;
        let place = file.asleep.iter().position(|(_, it)| it == name)?;
        let (life, name) = file.asleep.remove(place);
        self.seen.add(Sight::Woken, 1);
        Some(self.room_of_file(life, name))
    }

    /// The life of a room of that name that has not ended.
    pub(super) fn life_of(&self, name: &RoomName) -> Option<usize> {
        let here = self.rooms.iter().flatten().find(|it| it.name == *name);
        let mut asleep = self.file.iter().flat_map(|it| &it.asleep);
        let asleep = asleep.find(|(_, it)| it == name);
        here.map(|it| it.life).or(asleep.map(|it| it.0))
    }

    fn room_of_file(&self, life: usize, name: RoomName) -> Room {
        let file = self.file.as_ref().expect("there is one");
        let owned = file.owned(life);
        let all = || file.lines.iter().filter(|it| it.life == life);
        let page = file.page(&Eyes::default(), file.lines.len(), file.loads, |it| {
            it.life == life && (it.is_talk() || it.is_gap())
        });
        let first = all().next().map_or(0, |it| it.line.entry.seq);
        let began = owned.map_or(first, |it| it.made);
        let mut history = Kept::new(self.rules.history, HISTORY_BYTES);
        history.is_cut = page.older.is_some();
        page.lines.into_iter().for_each(|it| history.push(it));
        Room {
            life,
            made: began,
            began,
            kept: owned.map(|it| it.kept.clone()).unwrap_or_default(),
            ranks: file.members(life),
            guests: Vec::new(),
            name,
            maker: None,
            topic: all().rev().find_map(|it| it.topic.clone()).flatten(),
            history,
        }
    }

    /// The server has ended, and another one goes on from the file. Returns how many rows were lost.
    pub(in crate::server::simulation) fn go_on(&mut self, most: usize) -> usize {
        self.people.clear();
        self.out.clear();
        self.hurried.clear();
        self.motd = self.rules.motd.clone();
        (self.began, self.looked, self.is_stopping) = (None, None, false);
        let file = self.file.as_mut().expect("there is one");
        let lost = file.waiting.len() + file.batch.len() + file.missed.len();
        (file.is_refusing, file.is_off, file.most) = (false, false, most);
        file.refused = 0;
        file.forget();
        let alive = file.alive_rooms();
        self.accounts = file.accounts();
        self.attempts = Attempts::default();
        (self.sanctions, self.kicks) = (Vec::new(), Vec::new());
        self.reports = Reports::default();
        self.reports.waiting.clone_from(&file.reports);
        file.asleep.clear();
        let mut lobby = self.room_of_file(LOBBY, RoomName::lobby());
        lobby.made = 0;
        self.rooms = vec![Some(lobby)];
        for (life, name) in alive.into_iter().filter(|(life, _)| *life != LOBBY) {
            let room = self.room_of_file(life, name.clone());
            let file = self.file.as_mut().expect("there is one");
            if room.topic.is_none() && !room.kept.is_locked {
                file.asleep.push((life, name));
            } else {
                self.seen.add(Sight::LockKept, room.kept.is_locked.into());
                self.seen.add(Sight::TopicKept, room.topic.is_some().into());
                self.rooms.push(Some(room));
            }
        }
        lost
    }

    /// The gaps of the file tell of all lines that were not kept, but for those that no server came to tell of.
    pub(in crate::server::simulation) fn check_gaps(&mut self) -> Result<(), String> {
        let file = self.file.as_mut().expect("there is one");
        file.forget();
        let gaps = file.lines.iter().filter(|it| it.is_gap());
        let told: u64 = gaps.map(Shelved::count).sum();
        match told + file.untold == file.not_kept {
            true => Ok(()),
            false => Err(format!("gaps tell of {told} lines, not {}", file.not_kept)),
        }
    }

    /// The last entry.
    pub(in crate::server::simulation) fn last(&self) -> u64 {
        self.entry.seq
    }

    /// How many rooms there are.
    pub(in crate::server::simulation) fn rooms_here(&self) -> usize {
        self.rooms.iter().flatten().count()
    }

    /// What the file has, in the words of its own: for each line the life of its room, and so on.
    pub(in crate::server::simulation) fn shelved(
        &self,
    ) -> Vec<(usize, i64, String, String, &'static str, String)> {
        let file = self.file.as_ref().expect("there is one");
        let told = |it: &Shelved| {
            let (kind, body) = match &it.line.news {
                News::Said { text, .. } => ("said", text.to_string()),
                News::Action { text, .. } => ("did", text.to_string()),
                News::TopicSet { topic, .. } => {
                    ("topic", topic.as_deref().unwrap_or("").to_string())
                }
                News::NotKept(count) => ("gap", count.to_string()),
                other => panic!("{other:?} is kept"),
            };
            let author = it.line.name.as_ref().map_or("", |it| it.as_str());
            let (at, room) = (it.line.entry.at, it.room().to_string());
            (it.life, at, room, author.into(), kind, body)
        };
        file.lines.iter().map(told).collect()
    }
}
