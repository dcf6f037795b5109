//! Work that may block, such as that of a disk or a password hash: two ends, with a bounded number of jobs between
//! them.
//!
//! The loop has a [`Worker`], which never waits; a thread that may wait has its [`Jobs`]. Nothing here starts a thread,
//! or knows what a job is or how its result comes back.
//!
//! Invariant: at most as many jobs are out as the worker takes. A job is out from the call in which the loop pushes it
//! until the loop has taken its result.

#[cfg(feature = "cluster")]
pub mod cluster;
#[cfg(feature = "accounts")]
pub(crate) mod passwords;
#[cfg(feature = "store")]
pub mod store;

use std::mem;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::vec;

/// The loop's end.
#[derive(Debug)]
pub(crate) struct Worker<J> {
    queue: Sender<Vec<J>>,
    /// Jobs to hand over at the end of the tick.
    batch: Vec<J>,
    /// Jobs whose results have not been taken.
    out: usize,
    most: usize,
}

/// The worker's end: its jobs, in order. As an iterator it waits for each, and ends with the server.
#[derive(Debug)]
pub struct Jobs<J> {
    queue: Receiver<Vec<J>>,
    batch: vec::IntoIter<J>,
}

/// As many jobs are out as the worker takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Both ends. `most` bounds the jobs that are out.
pub(crate) fn worker<J>(most: usize) -> (Worker<J>, Jobs<J>) {
    let (sender, receiver) = channel();
    let worker = Worker {
        queue: sender,
        batch: Vec::new(),
        out: 0,
        most,
    };
    let jobs = Jobs {
        queue: receiver,
        batch: Vec::new().into_iter(),
    };
    (worker, jobs)
}

impl<J> Worker<J> {
    /// Queues a job, if there is room for it.
    pub(crate) fn push(&mut self, job: impl FnOnce() -> J) -> Result<(), Full> {
        if self.out >= self.most {
            return Err(Full);
        }
        self.out += 1;
        self.batch.push(job());
        Ok(())
    }

    /// Notes that the result of a job was taken, which makes room for another.
    pub(crate) fn done(&mut self) {
        debug_assert!(self.out > 0, "nothing is out");
        self.out = self.out.saturating_sub(1);
    }

    /// Hands over the jobs of a tick, all at once. If the worker is gone, they are dropped.
    pub(crate) fn hand_over(&mut self) {
        if !self.batch.is_empty() {
            drop(self.queue.send(mem::take(&mut self.batch)));
        }
    }
}

impl<J> Jobs<J> {
    /// The next job, if one is there already.
    pub fn try_next(&mut self) -> Option<J> {
        if self.batch.len() == 0 {
            self.batch = self.queue.try_recv().ok()?.into_iter();
        }
        self.batch.next()
    }
}

impl<J> Iterator for Jobs<J> {
    type Item = J;

    fn next(&mut self) -> Option<J> {
        if self.batch.len() == 0 {
            self.batch = self.queue.recv().ok()?.into_iter();
        }
        self.batch.next()
    }
}

#[cfg(test)]
impl<J> Worker<J> {
    /// Sets the number of jobs that may be out.
    pub(crate) fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// The number of jobs that are to be handed over.
    pub(crate) fn batched(&self) -> usize {
        self.batch.len()
    }

    /// The number of jobs that are out.
    pub(crate) fn out(&self) -> usize {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_in_batches_and_in_order() {
        let (mut worker, mut jobs) = worker(3);
        worker.push(|| 1).expect("room");
        assert_eq!(jobs.try_next(), None);
        worker.push(|| 2).expect("room");
        worker.hand_over();
        worker.push(|| 3).expect("room");
        assert_eq!((jobs.next(), jobs.next()), (Some(1), Some(2)));
        assert_eq!(jobs.try_next(), None);
        worker.hand_over();
        assert_eq!(jobs.try_next(), Some(3));
        drop(worker);
        assert_eq!(jobs.next(), None);
    }

    #[test]
    fn there_is_room_again_when_a_result_was_taken() {
        let (mut worker, mut jobs) = worker(2);
        assert_eq!(worker.push(|| 1), Ok(()));
        assert_eq!(worker.push(|| 2), Ok(()));
        assert_eq!(worker.push(|| panic!("it is full")), Err(Full));
        worker.hand_over();
        assert_eq!(jobs.by_ref().take(2).sum::<u32>(), 3);
        assert_eq!(worker.push(|| 3), Err(Full));
        worker.done();
        assert_eq!(worker.push(|| 3), Ok(()));
        drop(jobs);
        worker.hand_over();
        assert_eq!(worker.out(), 2);
    }
}
