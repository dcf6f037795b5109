//! What waits for the disk: the loop's end, which never waits, and the writer's.
//!
//! A line waits until its transaction is over. If too many wait, further ones are refused and counted, until half of
//! the room is free again. Then a gap stands in each room whose lines were refused. What is no line takes room too, but
//! most of it is not refused.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::store::{BYTES_WAITING, COMMIT_ROWS, GATHERING, ROWS_WAITING, SETTLING};
use crate::message::{Keep, Past};
use crate::name::RoomName;

use super::item::Item;
use super::line::Line;
use super::missed::Missed;

/// The loop's end: lines go in, a batch a tick.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    batch: Vec<Item>,
    /// The number of the last entry.
    last: u64,
    is_refusing: bool,
}

/// The writer's end. Without it all is refused.
#[derive(Debug)]
pub(super) struct Feed {
    shared: Arc<Shared>,
}

/// The reader's end: it waits until the file has what it is asked about.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    shared: Arc<Shared>,
}

/// What a reader knows that the file does not tell yet.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// Lines of the room in question were refused.
    pub(super) gap: Option<Past>,
    /// The rooms that have ended, and the numbers of the entries that ended them.
    pub(super) ended: Vec<(RoomName, u64)>,
}

/// The writer does not get on, so the file does not have what was said last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Behind;

/// How the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What becomes of lines.
    pub condition: Condition,
    /// The number of the last entry that is in the file for certain.
    pub kept: u64,
    /// Lines that wait.
    pub lines: usize,
    /// What waits in all, and its bytes.
    pub waiting: (usize, usize),
    /// Lines that were refused since the start.
    pub refused: u64,
}

/// What becomes of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// They are kept.
    Keeping,
    /// They wait, as another process holds the file.
    Busy,
    /// They wait, as the disk is full.
    Full,
    /// Nothing is kept any more.
    Off,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// The writer waits for items.
    wake: Condvar,
    /// A reader waits for the writer.
    settled: Condvar,
}

#[derive(Debug)]
struct State {
    items: VecDeque<Item>,
    /// Items that were ever handed over, and those of them that are in the file or given up.
    pushed: u64,
    settled: u64,
    /// Of the items, and of those that the writer has taken and not kept yet.
    rows: usize,
    lines: usize,
    bytes: usize,
    most: (usize, usize),
    kept: u64,
    /// The number of the last entry.
    last: u64,
    refused: u64,
    /// What was refused and does not wait as a gap yet.
    missed: Missed,
    condition: Condition,
    /// Whether the writer waits for the first item.
    is_writer_idle: bool,
    /// Whether a reader waits for the writer.
    is_awaited: bool,
    stop: Option<Stop>,
}

/// How the writer stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// By this time.
    By(Instant),
    /// After one attempt.
    Now,
}

/// Why the writer goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Items wait.
    Items,
    /// Time has passed without any.
    Rest,
    /// All is done, and the loop has stopped.
    Stop,
}

/// All ends.
pub(super) fn queue(kept: u64) -> (Sink, Feed, Watch) {
    let state = State {
        items: VecDeque::new(),
        pushed: 0,
        settled: 0,
        rows: 0,
        lines: 0,
        bytes: 0,
        most: (ROWS_WAITING, BYTES_WAITING),
        kept,
        last: kept,
        refused: 0,
        missed: Missed::default(),
        condition: Condition::Keeping,
        is_writer_idle: false,
        is_awaited: false,
        stop: None,
    };
    let shared = Arc::new(Shared {
        state: Mutex::new(state),
        wake: Condvar::new(),
        settled: Condvar::new(),
    });
    let sink = Sink {
        shared: shared.clone(),
        batch: Vec::new(),
        last: kept,
        is_refusing: false,
    };
    let watch = Watch {
        shared: shared.clone(),
    };
    (sink, Feed { shared }, watch)
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, item: Item) {
        self.pushed += 1;
        self.rows += 1;
        self.lines += usize::from(item.is_line());
        self.bytes += item.held();
        self.items.push_back(item);
    }

    fn untold(&self, room: Option<&RoomName>) -> Untold {
        Untold {
            gap: room.and_then(|it| self.missed.gap(it)),
            ended: self.missed.ended(),
        }
    }

    fn is_full(&self) -> bool {
        self.rows >= self.most.0 || self.bytes >= self.most.1
    }

    fn has_half_free(&self) -> bool {
        self.rows <= self.most.0 / 2 && self.bytes <= self.most.1 / 2
    }
}

impl Sink {
    /// Takes something to keep. It is handed over with all else of this tick. A message that was not said in a room, or
    /// is of a kind that is not kept, is left out.
    pub fn keep(&mut self, it: Keep) {
        if let Keep::Line(past) = &it
            && Line::of(past).is_none()
        {
            return;
        }
        self.batch.push(Item::Keep(it));
    }

    /// Hands over what this tick has, and what was refused before, if there is room for it now. `last` is the number of
    /// the last entry. The file gets it with the next lines.
    pub fn hand_over(&mut self, last: u64) {
        self.last = self.last.max(last);
        if self.batch.is_empty() && !self.is_refusing {
            return;
        }
        let shared = self.shared.clone();
        let mut state = shared.lock();
        state.last = self.last;
        let is_off = state.condition == Condition::Off;
        if self.is_refusing && !is_off && state.has_half_free() {
            self.is_refusing = false;
            let missed = state.missed.take();
            missed.into_iter().for_each(|item| state.push(item));
        }
        for item in self.batch.drain(..) {
            if !item.may_be_refused() {
                // Nobody would ever take it.
                if !is_off {
                    state.push(item);
                }
            } else if is_off || self.is_refusing || state.is_full() {
                self.is_refusing = true;
                state.refused += u64::from(item.is_line());
                state.missed.add(item);
            } else {
                state.push(item);
            }
        }
        if state.is_writer_idle && !state.items.is_empty() {
            state.is_writer_idle = false;
            self.shared.wake.notify_one();
        }
    }

    /// What tells when all that is handed over by then is in the file.
    #[cfg(feature = "accounts")]
    pub(crate) fn watch(&self) -> Watch {
        let shared = self.shared.clone();
        Watch { shared }
    }

    /// How the store is.
    pub fn status(&self) -> Status {
        let state = self.shared.lock();
        Status {
            condition: state.condition,
            kept: state.kept,
            lines: state.lines,
            waiting: (state.rows, state.bytes),
            refused: state.refused,
        }
    }

    /// Has the writer keep what waits, and stop by then at the latest. Dropping the sink has it stop after one attempt.
    pub fn stop(mut self, by: Instant) {
        self.hand_over(self.last);
        self.end(Stop::By(by));
    }

    fn end(&self, stop: Stop) {
        let mut state = self.shared.lock();
        state.last = self.last;
        state.stop.get_or_insert(stop);
        drop(state);
        self.shared.wake.notify_all();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.end(Stop::Now);
    }
}

impl Feed {
    /// Waits for the first item, for the end, or for this long.
    pub(super) fn next(&self, rest: Duration) -> Next {
        let mut state = self.shared.lock();
        while state.items.is_empty() {
            if state.stop.is_some() {
                return Next::Stop;
            }
            state.is_writer_idle = true;
            let (after, timed_out) = self.wait_for(state, rest);
            state = after;
            state.is_writer_idle = false;
            if timed_out && state.items.is_empty() && state.stop.is_none() {
                return Next::Rest;
            }
        }
        Next::Items
    }

    fn wait_for<'a>(
        &self,
        state: MutexGuard<'a, State>,
        time: Duration,
    ) -> (MutexGuard<'a, State>, bool) {
        let woken = self.shared.wake.wait_timeout(state, time);
        let (state, result) = woken.unwrap_or_else(PoisonError::into_inner);
        (state, result.timed_out())
    }

    /// Waits for this long. If the loop stops meanwhile, the wait is over; if it has stopped already, it is short.
    pub(super) fn pause(&self, time: Duration) {
        /// How long between attempts while the loop waits for the end.
        const AT_END: Duration = Duration::from_millis(50);
        let state = self.shared.lock();
        if state.stop.is_some() {
            drop(self.shared.wake.wait_timeout(state, time.min(AT_END)));
        } else {
            let goes_on = |state: &mut State| state.stop.is_none();
            drop(self.shared.wake.wait_timeout_while(state, time, goes_on));
        }
    }

    /// Waits until more items have come, unless a reader waits for those that are there.
    pub(super) fn gather(&self) {
        let state = self.shared.lock();
        let goes_on = |state: &mut State| {
            state.stop.is_none() && !state.is_awaited && state.items.len() < COMMIT_ROWS
        };
        drop(
            self.shared
                .wake
                .wait_timeout_while(state, GATHERING, goes_on),
        );
    }

    /// The number of the last entry.
    pub(super) fn last(&self) -> u64 {
        self.shared.lock().last
    }

    /// Takes the oldest items, as many as one transaction keeps.
    pub(super) fn take(&self) -> Vec<Item> {
        let mut state = self.shared.lock();
        state.is_awaited = false;
        let count = state.items.len().min(COMMIT_ROWS);
        state.items.drain(..count).collect()
    }

    /// Notes that items are in the file, up to this entry.
    pub(super) fn kept(&self, items: &[Item], kept: u64) {
        let bytes: usize = items.iter().map(Item::held).sum();
        let lines = items.iter().filter(|it| it.is_line()).count();
        let mut state = self.shared.lock();
        state.rows = state.rows.saturating_sub(items.len());
        state.lines = state.lines.saturating_sub(lines);
        state.bytes = state.bytes.saturating_sub(bytes);
        state.kept = state.kept.max(kept);
        state.settled += items.len() as u64;
        drop(state);
        self.shared.settled.notify_all();
    }

    /// Notes that nothing is kept any more, neither these items nor any that wait.
    pub(super) fn give_up(&self, items: Vec<Item>) {
        let mut state = self.shared.lock();
        state.condition = Condition::Off;
        let waiting = mem::take(&mut state.items);
        let refused = state.missed.take();
        let all = items.into_iter().chain(waiting).chain(refused);
        all.for_each(|item| state.missed.add(item));
        (state.rows, state.lines, state.bytes) = (0, 0, 0);
        state.settled = state.pushed;
        drop(state);
        self.shared.settled.notify_all();
    }

    /// Notes what becomes of lines. Returns what it was.
    pub(super) fn set(&self, condition: Condition) -> Condition {
        let was = mem::replace(&mut self.shared.lock().condition, condition);
        self.shared.settled.notify_all();
        was
    }

    /// How the writer is to stop, if it is.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.shared.lock().stop
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.shared.lock().rows == 0
    }

    /// Lines that wait, with those that were taken and are not kept yet, and lines that were refused.
    pub(super) fn waiting(&self) -> (usize, u64) {
        let state = self.shared.lock();
        (state.lines, state.refused)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.give_up(Vec::new());
    }
}

impl Watch {
    /// Waits until all that was handed over by now is in the file, and nothing of it was given up.
    pub(crate) fn kept(&self) -> Result<(), Behind> {
        self.settle(None)?;
        match self.shared.lock().condition {
            Condition::Off => Err(Behind),
            _ => Ok(()),
        }
    }

    /// Waits until all that was handed over by now is in the file or given up. Returns what the file does not tell then,
    /// of this room and of ended ones.
    pub(super) fn settle(&self, room: Option<&RoomName>) -> Result<Untold, Behind> {
        let state = self.shared.lock();
        let until = state.pushed;
        let untold = state.untold(room);
        let waits = |state: &mut State| {
            let waits = state.settled < until && state.condition == Condition::Keeping;
            if waits {
                state.is_awaited = true;
                self.shared.wake.notify_one();
            }
            waits
        };
        let settled = &self.shared.settled;
        let woken = settled.wait_timeout_while(state, SETTLING, waits);
        let (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        if state.settled < until {
            return Err(Behind);
        }
        // The items that waited may have been given up.
        Ok(match state.condition {
            Condition::Off => state.untold(room),
            _ => untold,
        })
    }
}

#[cfg(test)]
impl Sink {
    /// Sets how many items, and how many bytes, may wait.
    pub(super) fn set_most(&self, items: usize, bytes: usize) {
        self.shared.lock().most = (items, bytes);
    }
}

#[cfg(test)]
impl Feed {
    /// Whether a reader waits.
    pub(super) fn is_awaited(&self) -> bool {
        self.shared.lock().is_awaited
    }
}
