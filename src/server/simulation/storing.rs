//! A store under the server: the real one, but that its threads work by the dice. The disk is slow, full, or dead for a
//! while; the server stops, or is killed, and another one goes on from the same file.
//!
//! The model is told how many rows are in the file, and when questions are answered. What the answers must be, and what
//! must be in the file in the end, it knows by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::moment::Moment;
use crate::server::Server;
use crate::server::keeping::find;
use crate::server::workers::Job;
use crate::work::store::simulated::{Disk, Place, Written, open_with, read_all};
use crate::work::store::{Error, Options, Reader, Store};

#[cfg(feature = "accounts")]
use super::members;
use super::model::Model;
use super::sightings::{Sight, Sightings};
use super::stage::{Checked, Stage};
use super::story::Kind;
use super::{check_seen, play_all};

/// Seeds of an ordinary run.
const SEEDS: u64 = 32;

/// When the world begins: seconds since 1970-01-01 00:00 UTC.
const BEGIN: i64 = 1_795_276_799;

/// What stands in the place of the writer's thread and the reader's.
pub(super) struct Shelf {
    disk: Disk,
    reader: Reader,
    state: State,
    pub(super) seen: Sightings,
}

/// What the disk is like.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Good,
    Slow,
    Full,
    Dead,
}

/// What outlasts a server.
pub(super) struct Keeping {
    pub(super) place: Place,
    most: usize,
    /// The latest time that anybody was told, and the number of lives so far.
    pub(super) latest: i64,
    lives: u64,
    seen: Sightings,
}

impl Shelf {
    /// Does a little. Returns what became of it, for the story.
    pub(super) fn work(&mut self, dice: &mut Dice, model: &mut Model) -> Option<String> {
        if self.state != State::Dead && dice.below(40) == 0 {
            self.change(dice, model);
            return Some(format!("the disk is {:?}", self.state));
        }
        let count = match (self.state, dice.below(3)) {
            (State::Good, 0) => 1 + dice.below(100),
            (State::Good, 1) => 1 + dice.below(3),
            (State::Full, 0) => 1 + dice.below(40),
            _ => return None,
        };
        let written = self.write(count, dice.below(4) == 0, model);
        (written > 0).then(|| format!("{written} rows are kept"))
    }

    fn change(&mut self, dice: &mut Dice, model: &mut Model) {
        if self.state == State::Full {
            self.disk.free();
        }
        self.state = match dice.below(20) {
            0 => State::Dead,
            1..6 => State::Slow,
            6..11 => State::Full,
            _ => State::Good,
        };
        match self.state {
            State::Good => {}
            State::Slow => self.disk.stall(),
            State::Full => self.disk.fill(dice.below(2) as i64),
            State::Dead => {
                self.disk.give_up();
                model.give_up();
                self.seen.add(Sight::Dead, 1);
            }
        }
    }

    fn write(&mut self, count: usize, is_twice: bool, model: &mut Model) -> usize {
        match self.disk.write(count, is_twice) {
            Written::Kept(count) => {
                model.kept(count);
                count
            }
            Written::Full => {
                self.seen.add(Sight::Full, 1);
                0
            }
        }
    }

    /// Answers a question by what the file has now. A disk that is good keeps all that waits first.
    pub(super) fn answer(&mut self, job: Job, is_awaited: bool, model: &mut Model) {
        match self.state {
            State::Good => drop(self.write(usize::MAX, false, model)),
            // The reader does not wait for what will not come.
            State::Slow | State::Full => self.disk.stall(),
            State::Dead => {}
        }
        if is_awaited {
            model.look(job.peer());
        }
        #[cfg(feature = "accounts")]
        if job.question().is_secret() {
            return members::answer(&mut self.reader, job);
        }
        let finding = find(&mut self.reader, job.question());
        job.answer(finding.expect("the file can be read"));
    }
}

impl Stage {
    /// From now on what is said is kept, in a directory of its own.
    pub(super) fn begin_to_keep(&mut self) {
        let most = self.most_waiting();
        self.model.begin_to_keep(most, self.loads());
        self.keeping = Some(Keeping {
            place: Place::new(),
            most,
            latest: 0,
            lives: 1,
            seen: Sightings::default(),
        });
        #[cfg(feature = "accounts")]
        if self.story.kind.has_order {
            self.add_operators();
        }
        self.open();
    }

    /// How many rows may wait.
    fn most_waiting(&mut self) -> usize {
        match self.story.kind.has_members {
            // What is refused is the business of other plays.
            true => usize::MAX,
            false => [6, 30, 300][self.dice.below(3)],
        }
    }

    /// Lines of each room that are read at a start.
    fn loads(&self) -> usize {
        self.config.history.clamp(1, crate::limits::REPLAYED_LINES)
    }

    pub(super) fn open_file(&self) -> Store {
        let keeping = self.keeping.as_ref().expect("something is kept");
        let options = Options {
            dir: keeping.place.0.clone(),
            is_durable: false,
            keep: None,
            may_be_network: true,
            lines: self.loads(),
        };
        let by = Instant::now() + Duration::from_secs(30);
        loop {
            let world = self.world.clone();
            let clock = Arc::new(move || world.now());
            match open_with(&options, clock, keeping.most) {
                // A program that another test starts has the lock too until it has begun.
                Err(Error::InUse { .. }) if Instant::now() < by => {}
                opened => break opened.expect("the file can be opened"),
            }
        }
    }

    /// Opens the file for a server that has just begun.
    fn open(&mut self) {
        let store = self.open_file();
        let server = self.server.as_mut().expect("it has begun");
        self.twin
            .go_on(store.loaded.rooms.clone(), store.loaded.house.clone());
        let (writer, answers) = server.keep(store);
        let (jobs, secrets, reader) = answers.parts();
        let shelf = Shelf {
            disk: Disk::new(writer),
            reader,
            state: State::Good,
            seen: Sightings::default(),
        };
        self.begin_to_work(jobs, secrets, Some(shelf));
    }

    /// The server has ended, or is killed, and another one goes on.
    pub(super) fn start_again(&mut self, is_killed: bool) -> Checked {
        let has_noted = !is_killed && self.finish_keeping();
        // A server that was killed before may have given numbers of which this one does not know.
        let has_noted = has_noted && !self.numbers.is_lost(self.model.last());
        if is_killed {
            self.tell(|_| "the server is killed".into());
        }
        let now = self.world.now().unix;
        self.server = None;
        let most = self.most_waiting();
        let lost = self.model.go_on(most);
        let seen = self.seen_so_far();
        let keeping = self.keeping.as_mut().ok_or("nothing is kept")?;
        (keeping.most, keeping.lives) = (most, keeping.lives + 1);
        keeping.seen = seen;
        let how = if is_killed {
            Sight::Killed
        } else {
            Sight::Stopped
        };
        keeping.seen.add(how, 1);
        keeping.seen.add(Sight::Lost, lost.min(1));
        let latest = keeping.latest.max(now);
        // Only if the file does not know the last number, the clock must be ahead of all before.
        let unix = match has_noted {
            true => latest + self.dice.below(200_000) as i64 - 100_000,
            false => latest + 1 + self.dice.below(1000) as i64,
        };
        let lives = keeping.lives;
        self.begin_again(unix - BEGIN, lives, has_noted);
        self.model.load_sanctions(self.world.now().unix_millis());
        self.tell(|_| format!("another server goes on, {lost} rows were lost, at {unix}"));
        self.open();
        let server = self.server.as_ref().ok_or("it has begun")?;
        assert_eq!(server.talk.hub.rooms(), self.model.rooms_here());
        Ok(())
    }

    /// The writer keeps what waits, if it can. Returns whether all of it is kept, with the number of the last entry.
    fn finish_keeping(&mut self) -> bool {
        let Some(shelf) = self.thread.as_mut().and_then(|it| it.shelf.as_mut()) else {
            return false;
        };
        if shelf.state != State::Good {
            return false;
        }
        shelf.write(usize::MAX, false, &mut self.model);
        shelf.disk.note_last();
        true
    }

    /// The file has what it must have, and nothing else.
    pub(super) fn check_file(&mut self) -> Checked {
        self.finish_keeping();
        let Some(keeping) = &self.keeping else {
            return Ok(());
        };
        #[cfg(feature = "accounts")]
        self.check_no_secret_in_file()?;
        let all = read_all(&keeping.place.0).map_err(|error| error.to_string())?;
        let (told, is_sound) = all;
        assert!(is_sound, "the file is damaged");
        let owed = self.model.shelved();
        let (mut rooms, mut lives) = (HashMap::new(), HashMap::new());
        let mut before = 0;
        for (number, (it, owed)) in told.iter().zip(&owed).enumerate() {
            let (life, at, room, author, kind, body) = owed;
            let read = (&it.at, &it.name, &it.author, &*it.kind, &it.body);
            if read != (at, room, author, *kind, body) || it.id != number as i64 + 1 {
                return Err(format!("the file has {it:?}, and not {owed:?}"));
            }
            let is_one = *rooms.entry(*life).or_insert(it.room) == it.room
                && *lives.entry(it.room).or_insert(*life) == *life;
            if !is_one {
                return Err(format!("{it:?} stands in another room than {owed:?}"));
            }
            #[cfg(feature = "accounts")]
            self.hush.check_kept(&it.body)?;
            if it.seq <= before {
                return Err(format!("{it:?} stands behind {before}"));
            }
            before = it.seq;
        }
        match told.len() == owed.len() {
            true => self.model.check_gaps(),
            false => Err(format!("{} lines, not {}", told.len(), owed.len())),
        }
    }

    pub(super) fn note_time(&mut self, now: Moment) {
        if let Some(keeping) = &mut self.keeping {
            keeping.latest = keeping.latest.max(now.unix);
        }
    }

    /// What came up about the store.
    pub(super) fn store_sights(&self) -> Sightings {
        let mut seen = Sightings::default();
        if let Some(keeping) = &self.keeping {
            seen.add_all(&keeping.seen);
        }
        let shelf = self.thread.as_ref().and_then(|it| it.shelf.as_ref());
        shelf.iter().for_each(|it| seen.add_all(&it.seen));
        seen
    }
}

/// As many rows wait, and were refused, as the model says.
pub(super) fn check_kept(server: &Server, model: &Model) {
    if let (Some(sink), Some(owed)) = (&server.talk.sink, model.waiting()) {
        let status = sink.status();
        assert_eq!((status.waiting.0, status.refused as usize), owed);
    }
}

#[test]
fn whatever_the_disk_does_people_read_what_was_said_before() {
    let kind = Kind {
        keeps: true,
        ..Kind::default()
    };
    check_seen(&play_all(SEEDS, kind), SEEDS, 3, &Sight::STORE);
}

#[test]
fn a_store_keeps_what_a_journal_that_is_late_brings() {
    let kind = Kind {
        is_late: true,
        keeps: true,
        ..Kind::default()
    };
    play_all(SEEDS / 4, kind);
}
