//! `Workers`: the questions of the chat, and their answers, which come in time from a worker or from the clock.
//!
//! Each question gets one answer, unless the peer is leaving by then. The peer that waits for it is held until the chat
//! has been told, so each peer has at most one question out. A worker's later results are dropped.
//!
//! There are two workers: one has the questions about passwords, which keep a processor busy, and the other all else.
//!
//! The library does not run the threads behind the other ends: a program that has them calls [`Server::jobs`] and
//! [`Server::secrets`]. Whatever happens to those threads, the loop goes on.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::chat::{Event, Finding, Question};
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::accounts::SECRETS;
use crate::limits::{QUESTIONS, WORK_BYTES};
use crate::moment::Moment;
use crate::work::{self, Jobs, Worker};

use super::Server;
use super::connections::Awaited;
use super::inbox::{Incoming, Outside};
use super::talk::Talk;

/// The loop's ends of all workers.
#[derive(Debug)]
pub(super) struct Workers {
    plain: End,
    /// The one for questions about passwords.
    secret: End,
    outside: Outside,
    /// The number of questions since the start.
    asked: u64,
}

/// The loop's end of a worker, and the other one, until somebody takes it.
#[derive(Debug)]
struct End {
    worker: Worker<Job>,
    jobs: Option<Jobs<Job>>,
}

/// A question at the worker's end. If it is dropped without an answer, the chat learns so at once.
#[derive(Debug)]
pub struct Job {
    question: Question,
    result: Result<Finding, Unanswered>,
    /// How long the worker took.
    took: Duration,
    asked: Asked,
    /// Whether the answer is awaited. `None`: that is not known.
    awaited: Option<Weak<()>>,
    outside: Outside,
}

/// The peer that waits for an answer, the number of its question, and whether that is about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) peer: PeerId,
    pub(super) number: u64,
    pub(super) is_secret: bool,
}

/// The wait for an answer.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) number: u64,
    /// Once it is dropped, the worker knows that nobody waits any more.
    _alive: Option<Arc<()>>,
}

impl Job {
    /// The question.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Answers the question.
    pub fn answer(mut self, finding: Finding) {
        self.result = Ok(finding);
    }

    /// Whether somebody may still wait for the answer.
    pub fn is_awaited(&self) -> bool {
        let awaited = self.awaited.as_ref();
        awaited.is_none_or(|it| it.strong_count() > 0)
    }

    /// Notes how long the worker took, which counts against the rate of the person who asked.
    pub fn took(&mut self, time: Duration) {
        self.took = time;
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let failed = Err(Unanswered::Failed);
        let result = std::mem::replace(&mut self.result, failed);
        let (asked, took) = (self.asked, self.took);
        self.outside.tell(Incoming::Result(asked, took, result));
    }
}

impl Workers {
    pub(super) fn new(outside: Outside) -> Workers {
        Workers {
            plain: End::new(QUESTIONS),
            secret: End::new(SECRETS),
            outside,
            asked: 0,
        }
    }

    /// Has a question answered, if a worker exists and has room for it.
    fn ask(&mut self, peer: PeerId, question: Question) -> Result<(Asked, Wait), Unanswered> {
        let is_secret = question.is_secret();
        let end = match is_secret {
            true => &mut self.secret,
            false => &mut self.plain,
        };
        if end.jobs.is_some() {
            return Err(Unanswered::Failed);
        }
        let number = self.asked + 1;
        let asked = Asked {
            peer,
            number,
            is_secret,
        };
        // Others cost too little.
        let alive = is_secret.then(Arc::default);
        let job = || Job {
            question,
            result: Err(Unanswered::Failed),
            took: Duration::ZERO,
            asked,
            awaited: alive.as_ref().map(Arc::downgrade),
            outside: self.outside.clone(),
        };
        end.worker.push(job).map_err(|_| Unanswered::Busy)?;
        self.asked = number;
        let wait = Wait {
            number,
            _alive: alive,
        };
        Ok((asked, wait))
    }

    fn done(&mut self, asked: Asked) {
        match asked.is_secret {
            true => self.secret.worker.done(),
            false => self.plain.worker.done(),
        }
    }
}

impl End {
    fn new(most: usize) -> End {
        let (worker, jobs) = work::worker(most);
        let jobs = Some(jobs);
        End { worker, jobs }
    }
}

#[cfg(test)]
impl Job {
    /// The peer that waits for the answer.
    pub(super) fn peer(&self) -> PeerId {
        self.asked.peer
    }

    /// The number of the question.
    pub(super) fn number(&self) -> u64 {
        self.asked.number
    }
}

#[cfg(test)]
impl Workers {
    /// Sets the number of questions that may be out.
    pub(super) fn set_most(&mut self, most: usize) {
        self.plain.worker.set_most(most);
    }

    /// The same of those about passwords.
    pub(super) fn set_most_secrets(&mut self, most: usize) {
        self.secret.worker.set_most(most);
    }

    /// The number of questions that are to be handed over, about passwords or not.
    pub(super) fn batched(&self, is_secret: bool) -> usize {
        match is_secret {
            true => self.secret.worker.batched(),
            false => self.plain.worker.batched(),
        }
    }
}

impl Talk {
    /// Has a worker answer a question, and holds the peer meanwhile. If there will be no answer, returns the reason.
    pub(super) fn ask(
        &mut self,
        now: Moment,
        peer: PeerId,
        question: Question,
    ) -> Result<(), Unanswered> {
        if self.connections.can_wait(peer.slot) {
            let (asked, wait) = self.workers.ask(peer, question)?;
            self.connections.await_answer(asked, wait, now.instant);
        }
        Ok(())
    }

    /// Takes a worker's result of a question. By now the peer may have stopped waiting for it.
    pub(super) fn take_result(
        &mut self,
        now: Moment,
        asked: Asked,
        took: Duration,
        result: &Result<Finding, Unanswered>,
    ) {
        self.workers.done(asked);
        if self.connections.end_wait(asked) {
            let told = self.fanout.reply_bytes();
            self.answer(now, asked.peer, result.as_ref().map_err(|why| *why));
            // It counts as if it had come at once, and so does the work.
            let told = self.fanout.reply_bytes() - told;
            let worked = usize::try_from(took.as_millis()).unwrap_or(usize::MAX);
            let bytes = told.saturating_add(worked.saturating_mul(WORK_BYTES));
            let slot = asked.peer.slot;
            self.connections.charge(slot, now.instant, 0, bytes);
            self.connections.charge_turn(slot, now.instant, 0, bytes);
        }
    }

    /// Tells the chat the answer to a peer's question. The peer stops waiting, if it ever did.
    pub(super) fn answer(
        &mut self,
        now: Moment,
        peer: PeerId,
        result: Result<&Finding, Unanswered>,
    ) {
        self.tell_hub(now, peer, Event::Answered(result));
        self.connections
            .release(peer.slot, Awaited::Answer, now.instant);
    }

    /// The hand-over phase: one batch to each worker that has something to do.
    pub(super) fn hand_over(&mut self) {
        // A question covers what was said before it.
        #[cfg(feature = "store")]
        self.hand_over_kept();
        #[cfg(feature = "accounts")]
        self.tell_shells();
        #[cfg(feature = "cluster")]
        self.hand_over_acts();
        self.workers.plain.worker.hand_over();
        self.workers.secret.worker.hand_over();
    }
}

impl Server {
    /// The questions of the chat, except those about passwords, for a thread that answers them. `None` if somebody has
    /// taken them already. Until somebody does, each question is refused at once.
    #[doc(hidden)]
    pub fn jobs(&mut self) -> Option<Jobs<Job>> {
        self.talk.workers.plain.jobs.take()
    }

    /// The questions about passwords, likewise.
    #[doc(hidden)]
    pub fn secrets(&mut self) -> Option<Jobs<Job>> {
        self.talk.workers.secret.jobs.take()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpStream;
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::limits::ANSWER_TIMEOUT;
    use crate::server::Config;
    use crate::server::simulation::{Scene, answer};

    const BUSY: &str = "The server is busy. Try again in a few seconds.\r\n";
    const FAILED: &str = "That cannot be done right now. Try again later.\r\n";
    const LATE: &str = "That took too long and was given up. Try again later.\r\n";

    /// A server, two people, and the questions.
    fn scene() -> (Scene, [usize; 2], Jobs<Job>) {
        let mut scene = Scene::with(Config::default());
        let people = ["ann", "bob"].map(|name| scene.enter([127, 0, 0, 1], name));
        scene.rest();
        people.iter().for_each(|it| drop(scene.heard(*it)));
        let jobs = scene.server.jobs().expect("nobody has them");
        (scene, people, jobs)
    }

    fn say(scene: &mut Scene, pair: usize, text: &str) {
        scene.say(pair, text);
        scene.rest();
    }

    #[test]
    fn who_has_waited_for_long_enough_is_told_so_and_what_comes_then_is_dropped() {
        let (mut scene, [ann, bob], mut jobs) = scene();
        say(&mut scene, ann, "/ask one\ntwo\n/ask three\n");
        scene.world.pass(ANSWER_TIMEOUT - Duration::from_millis(1));
        scene.rest();
        assert_eq!(scene.heard(ann), "");
        scene.world.pass(Duration::from_millis(1));
        scene.rest();
        assert_eq!(scene.heard(ann), LATE);
        assert_eq!(scene.heard(bob), "ann: two\r\n");
        let [one, three] = [(); 2].map(|()| jobs.try_next().expect("it was asked"));
        answer(one);
        scene.rest();
        assert_eq!(scene.heard(bob), "");
        answer(three);
        scene.rest();
        assert_eq!(scene.heard(bob), "ann: three\r\n");
        assert_eq!(scene.server.talk.workers.plain.worker.out(), 0);
    }

    #[test]
    fn who_asks_too_much_is_told_at_once() {
        let (mut scene, [ann, bob], mut jobs) = scene();
        scene.server.talk.workers.set_most(1);
        say(&mut scene, ann, "/ask one\n");
        say(&mut scene, bob, "/ask two\nthree\n");
        assert_eq!(scene.heard(bob), BUSY);
        assert_eq!(scene.heard(ann), "bob: three\r\n");
        answer(jobs.try_next().expect("it was asked"));
        say(&mut scene, bob, "/ask four\n");
        assert_eq!(scene.heard(bob), "ann: one\r\n");
        answer(jobs.try_next().expect("it was asked"));
        scene.rest();
        assert_eq!(scene.heard(ann), "bob: four\r\n");
    }

    #[test]
    fn what_a_worker_does_for_somebody_counts_against_their_rate() {
        let config = Config {
            rate_on_loopback: true,
            ..Config::default()
        };
        let mut scene = Scene::with(config);
        let ann = scene.enter([127, 0, 0, 1], "ann");
        scene.rest();
        scene.heard(ann);
        let mut jobs = scene.server.jobs().expect("nobody has them");
        let mut questions = 0;
        while !scene.heard(ann).contains("too fast") {
            questions += 1;
            say(&mut scene, ann, "/ask /topic\n");
            let Some(mut job) = jobs.try_next() else {
                continue;
            };
            job.took(Duration::from_millis(250));
            answer(job);
            scene.rest();
        }
        // A burst is 128 lines of 512 bytes.
        assert!((2..=4).contains(&questions), "{questions}");
    }

    #[test]
    fn a_worker_that_is_gone_takes_nobody_along() {
        let mut scene = Scene::with(Config::default());
        let ann = scene.enter([127, 0, 0, 1], "ann");
        let ask = |scene: &mut Scene| {
            scene.heard(ann);
            say(scene, ann, "/ask x\n/topic\n");
            let heard = scene.heard(ann);
            heard.starts_with(&format!("{FAILED}#lobby has no topic."))
        };
        assert!(ask(&mut scene), "nobody answers yet");
        let mut jobs = scene.server.jobs().expect("nobody has them");
        assert!(scene.server.jobs().is_none());
        say(&mut scene, ann, "/ask x\n");
        let job = jobs.try_next();
        assert!(job.is_some());
        drop(job);
        scene.rest();
        assert_eq!(scene.heard(ann), FAILED);
        say(&mut scene, ann, "/ask x\n");
        drop(jobs);
        scene.rest();
        assert_eq!(scene.heard(ann), FAILED);
        assert!(ask(&mut scene), "nobody answers any more");
    }

    #[test]
    fn what_somebody_asked_who_has_left_since_comes_to_nobody() {
        let (mut scene, [ann, bob], mut jobs) = scene();
        say(&mut scene, ann, "/ask one\ntwo\n");
        scene.world.reset(ann);
        scene.rest();
        assert_eq!(scene.heard(bob), "ann has left the chat.\r\n");
        let eve = scene.enter([127, 0, 0, 1], "eve");
        assert_eq!(scene.server.talk.connections.len(), 2);
        scene.heard(eve);
        say(&mut scene, eve, "/ask three\n");
        scene.heard(bob);
        let [one, three] = [(); 2].map(|()| jobs.try_next().expect("it was asked"));
        answer(one);
        scene.rest();
        assert_eq!(scene.heard(bob), "");
        // The end of the input waits for the answer, and takes effect after it.
        scene.world.finish(eve);
        scene.rest();
        assert_eq!(scene.heard(bob), "");
        answer(three);
        scene.rest();
        assert_eq!(scene.heard(bob), "eve: three\r\neve has left the chat.\r\n");
    }

    /// Everything that somebody reads, up to a line.
    fn read_to(reader: &mut impl BufRead, end: &str) -> String {
        let mut read = String::new();
        while !read.ends_with(&format!("{end}\r\n")) {
            let count = reader.read_line(&mut read).expect("it comes in time");
            assert!(count > 0, "the end came after {read}");
        }
        read
    }

    #[test]
    fn a_thread_answers_and_what_was_typed_ahead_goes_on_in_order() {
        let (tell, told) = channel();
        let serving = thread::spawn(move || {
            let config = Config {
                listen: vec!["127.0.0.1:0".parse().expect("an address")],
                ..Config::default()
            };
            let mut server = Server::bind(config).expect("the server starts");
            let all = (server.local_addrs()[0], server.handle(), server.jobs());
            tell.send(all).expect("it is awaited");
            server.run().expect("nothing goes wrong");
        });
        let (addr, handle, jobs) = told.recv().expect("it starts");
        let (go, may_go) = channel();
        let working = thread::spawn(move || {
            for job in jobs.expect("nobody else has them") {
                may_go.recv().expect("it may go on");
                answer(job);
            }
        });
        let enter = |name: &str| {
            let mut socket = TcpStream::connect(addr).expect("the server listens");
            let wait = Some(Duration::from_secs(30));
            socket.set_read_timeout(wait).expect("a timeout");
            let name = format!("{name}\n");
            socket.write_all(name.as_bytes()).expect("it is read");
            let mut reader = BufReader::new(socket.try_clone().expect("a second end"));
            read_to(&mut reader, "Welcome to the chat!");
            (socket, reader)
        };
        let (mut ann, mut ann_reads) = enter("ann");
        let (mut bob, mut bob_reads) = enter("bob");
        read_to(&mut bob_reads, "bob has joined the chat.");
        ann.write_all(b"/ask one\ntwo\n/ask /join tea\n/users\nthree\n/leave\n")
            .expect("it is taken");
        bob.write_all(b"hello\n").expect("it is read");
        read_to(&mut ann_reads, "bob: hello");
        (0..2).for_each(|_| go.send(()).expect("it works"));
        let read = read_to(&mut bob_reads, "ann has come in.");
        assert_eq!(
            read,
            "ann: one\r\nann: two\r\nann has gone to #tea.\r\nann has come in.\r\n"
        );
        handle.shutdown();
        serving.join().expect("it ends");
        working.join().expect("it ends with the server");
    }
}
