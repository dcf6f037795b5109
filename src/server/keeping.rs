//! Keeping what is said: the loop hands it to the store once a tick, and goes on from what the store has.

use std::sync::Arc;
use std::time::Instant;

use crate::chat::{Finding, Question};
use crate::message::Keep;
use crate::net;
use crate::work::Jobs;
#[cfg(feature = "accounts")]
use crate::work::store::Checker;
use crate::work::store::{self, Error, Options, Reader, Refused, Store, Writer};

use super::Server;
use super::talk::Talk;
use super::workers::Job;

/// Opens a directory for a server, and takes its lock.
///
/// # Errors
///
/// [`Error`], which says what stands in the way. Nothing was changed in the file.
pub fn open(options: &Options) -> Result<Store, Error> {
    store::open(options, Arc::new(net::now))
}

/// Answers what people ask about what was said, in a thread of its own.
pub struct Answers {
    jobs: Option<Jobs<Job>>,
    /// The questions about passwords, unless somebody has taken them.
    secrets: Option<Jobs<Job>>,
    reader: Reader,
}

/// Answers what the chat asks about passwords, in a thread of its own.
#[cfg(feature = "accounts")]
pub struct PasswordChecks {
    jobs: Jobs<Job>,
    checker: Checker,
}

impl Server {
    /// Goes on from what a store has, and keeps there what is said from now on. This comes before the first tick. The
    /// caller runs the two ends that are returned, each in a thread of its own. Both end some time after the server does:
    /// the writer once everything is kept, or after [`Config::drain`](crate::Config::drain), and the answers when the
    /// server is dropped.
    pub fn keep(&mut self, store: Store) -> (Writer, Answers) {
        let Store {
            sink,
            writer,
            reader,
            loaded,
        } = store;
        self.talk.hub.go_on(loaded.seq, loaded.rooms, loaded.house);
        self.talk.sink = Some(sink);
        let (jobs, secrets) = (self.jobs(), self.secrets());
        let answers = Answers {
            jobs,
            secrets,
            reader,
        };
        (writer, answers)
    }
}

impl Answers {
    /// Takes out what checks passwords. Without that, all questions about them are refused.
    #[cfg(feature = "accounts")]
    pub fn password_checks(&mut self) -> Option<PasswordChecks> {
        let jobs = self.secrets.take()?;
        let checker = self.reader.checker();
        Some(PasswordChecks { jobs, checker })
    }

    /// Answers until the server is gone.
    pub fn run(mut self) {
        self.secrets = None;
        for mut job in self.jobs.into_iter().flatten() {
            let began = net::now().instant;
            let finding = find(&mut self.reader, job.question());
            let took = net::now().instant.saturating_duration_since(began);
            job.took(took);
            if let Some(finding) = finding {
                job.answer(finding);
            }
        }
    }
}

#[cfg(feature = "accounts")]
impl PasswordChecks {
    /// Answers until the server is gone. What nobody waits for any more is not worked on.
    pub fn run(mut self) {
        for mut job in self.jobs {
            if !job.is_awaited() {
                continue;
            }
            let began = net::now().instant;
            let found = match job.question() {
                Question::Verify {
                    account,
                    changed,
                    password,
                } => {
                    let right = self.checker.check(*account, *changed, password);
                    right.map(|it| {
                        it.map_or(Finding::Wrong, |(facts, anew)| Finding::Right(facts, anew))
                    })
                }
                Question::Hash(password) => self.checker.hash(password).map(Finding::Hashed),
                _ => continue,
            };
            job.took(net::now().instant.saturating_duration_since(began));
            if let Some(finding) = finding(found) {
                job.answer(finding);
            }
        }
    }
}

#[cfg(test)]
impl Answers {
    /// The questions, those about passwords, and what answers them.
    pub(super) fn parts(self) -> (Option<Jobs<Job>>, Option<Jobs<Job>>, Reader) {
        (self.jobs, self.secrets, self.reader)
    }
}

/// What the file has on a question. `None`: the file cannot be read.
pub(super) fn find(reader: &mut Reader, question: &Question) -> Option<Finding> {
    let found = match question {
        Question::History {
            room,
            before,
            count,
            unseen,
        } => {
            let page = reader.history(room, unseen, *before, *count);
            page.map(Finding::Page)
        }
        Question::Search {
            query,
            here,
            before,
            count,
            unseen,
        } => {
            let page = reader.search(query, here, unseen, *before, *count);
            page.map(Finding::Page)
        }
        Question::Seen(name) => reader.seen(name).map(Finding::Seen),
        Question::Kept => reader.kept().map(|()| Finding::Kept),
        Question::Audit(count) => reader.audit(*count).map(Finding::Audit),
        #[cfg(feature = "accounts")]
        Question::Owner { token, is_tls } => reader.owner_by(token, *is_tls).map(|it| {
            it.map_or(Finding::Wrong, |(proof, facts)| {
                Finding::Owner(proof, facts.into())
            })
        }),
        #[cfg(not(feature = "accounts"))]
        Question::Owner { .. } => Ok(Finding::Wrong),
        // Another worker has these.
        Question::Verify { .. } | Question::Hash(_) => return None,
        #[cfg(test)]
        Question::Echo(line) => Ok(Finding::Echo(line.clone())),
    };
    finding(found)
}

/// The answer to a question. `None`: there is none.
fn finding(found: Result<Finding, Refused>) -> Option<Finding> {
    match found {
        Ok(finding) => Some(finding),
        Err(Refused::TooMuch) => Some(Finding::TooMuch),
        Err(Refused::Behind) => Some(Finding::Behind),
        Err(Refused::Failed(why)) => {
            log::warn!("cannot answer from the file: {why}");
            None
        }
    }
}

impl Talk {
    /// Takes something to keep. It is handed over with the rest of the tick.
    pub(super) fn keep(&mut self, it: Keep) {
        if let Some(sink) = &mut self.sink {
            sink.keep(it);
        }
    }

    /// Hands over what this tick has to keep.
    pub(super) fn hand_over_kept(&mut self) {
        let last = self.hub.last();
        if let Some(sink) = &mut self.sink {
            sink.hand_over(last);
            #[cfg(test)]
            self.record.handed_over();
        }
    }

    /// Has the store keep the rest, until then at the latest: the server has ended.
    pub(super) fn stop_keeping(&mut self, by: Instant) {
        if let Some(sink) = self.sink.take() {
            sink.stop(by);
        }
    }
}
