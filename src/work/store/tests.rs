//! Tests of the whole store, on real files.

mod asking;
mod copies;
mod erasing;
#[cfg(feature = "accounts")]
mod house;
mod keeping;
mod old;
mod opening;
mod rooms;
mod searching;
#[cfg(feature = "accounts")]
mod tokens;
mod trouble;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::open::{self, Options, Store};
use super::queue::Sink;
use super::writer::Ended;
use super::{Clock, Loaded, Reader, Refused, Report};
use crate::id::PersonId;
use crate::message::{Before, Keep, News, Page, Past, Unseen};
use crate::moment::{Moment, Offset};
use crate::name::{RoomName, Username};
use crate::query::Query;

/// A directory of one test, removed when dropped.
pub(super) struct Directory(pub(super) PathBuf);

impl Directory {
    pub(super) fn new() -> Directory {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        drop(fs::remove_dir_all(&path));
        Directory(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        open::file_in(&self.0)
    }

    fn options(&self) -> Options {
        Options {
            dir: self.0.clone(),
            is_durable: false,
            keep: None,
            may_be_network: false,
            lines: 100,
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// 2026-11-20 00:00 UTC, in milliseconds.
const DAY: i64 = 1_795_132_800_000;

/// A clock that goes when a test says so.
#[derive(Clone)]
struct Time(Arc<Mutex<(Instant, i64)>>);

impl Time {
    fn new() -> Time {
        Time(Arc::new(Mutex::new((Instant::now(), DAY))))
    }

    fn clock(&self) -> Clock {
        let time = self.0.clone();
        Arc::new(move || {
            let (instant, millis) = *time.lock().unwrap();
            Moment {
                instant,
                unix: millis.div_euclid(1000),
                millis: millis.rem_euclid(1000) as u16,
            }
        })
    }

    fn now(&self) -> Instant {
        self.0.lock().unwrap().0
    }

    fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        now.0 += time;
        now.1 += time.as_millis() as i64;
    }

    /// Sets the wall clock alone.
    fn set(&self, millis: i64) {
        self.0.lock().unwrap().1 = millis;
    }
}

/// A store at work, with its writer in a thread.
struct Running {
    sink: Sink,
    reader: Reader,
    loaded: Loaded,
    reports: Receiver<Report>,
    writer: JoinHandle<Ended>,
    time: Time,
}

/// A minute, after which a test has failed.
const LONG: Duration = Duration::from_secs(60);

impl Running {
    fn start(options: &Options) -> Running {
        let time = Time::new();
        let store = open::open(options, time.clock()).expect("it opens");
        Running::run(store, time, |_| {})
    }

    /// Runs the writer. `hear` hears each report in the writer's thread.
    fn run(store: Store, time: Time, mut hear: impl FnMut(&Report) + Send + 'static) -> Running {
        let (tell, reports) = channel();
        let writer = store.writer;
        let tell = move |report| {
            hear(&report);
            drop(tell.send(report));
        };
        Running {
            sink: store.sink,
            reader: store.reader,
            loaded: store.loaded,
            reports,
            writer: thread::spawn(move || writer.run(tell)),
            time,
        }
    }

    /// Hands lines over.
    fn give(&mut self, lines: &[Past]) {
        lines.iter().for_each(|it| self.sink.keep(keep(it)));
        self.sink.hand_over(lines.last().map_or(0, |it| it.seq));
    }

    /// Hands lines over, and waits until they are in the file.
    fn keep(&mut self, lines: &[Past]) {
        self.give(lines);
        let last = lines.last().map_or(0, |it| it.seq);
        until(|| self.sink.status().kept >= last);
    }

    /// The next report.
    fn report(&self) -> Report {
        self.reports.recv_timeout(LONG).expect("it comes in time")
    }

    fn stop(self) -> (Ended, Reader) {
        self.sink.stop(self.time.now() + LONG);
        (self.writer.join().expect("it ends"), self.reader)
    }

    fn texts(&mut self, query: &str) -> Vec<String> {
        let page = search(&mut self.reader, query);
        texts(&page.expect("it is found in time"))
    }

    /// The last lines of a room, as everybody reads them.
    fn history(&mut self, name: &str, before: Before, count: usize) -> Page {
        let unseen = Unseen::default();
        let page = self.reader.history(&room(name), &unseen, before, count);
        page.expect("it is read in time")
    }
}

/// Searches in the lobby.
fn search(reader: &mut Reader, query: &str) -> Result<Page, Refused> {
    let lobby = RoomName::lobby();
    reader.search(&parse(query), &lobby, &Unseen::default(), Before::End, 20)
}

fn parse(query: &str) -> Query {
    Query::parse(query, Offset::default()).expect("a search")
}

/// Waits until something holds, which another thread does.
fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "it did not happen in time");
        thread::yield_now();
    }
}

fn name(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text).expect("the name of a room")
}

fn keep(it: &Past) -> Keep {
    Keep::Line(Arc::new(it.clone()))
}

/// A line that Ann says in the lobby, one a second.
fn row(seq: u64, text: &str) -> Past {
    said(seq, "lobby", "Ann", text)
}

fn said(seq: u64, place: &str, from: &str, text: &str) -> Past {
    Past {
        seq,
        at: DAY + 1000 * seq as i64,
        author: PersonId(7),
        account: None,
        room: Some(room(place)),
        news: News::Said {
            from: name(from),
            text: text.into(),
        },
    }
}

/// The same as done in place of said.
fn done(it: Past) -> Past {
    let News::Said { from, text } = it.news else {
        return it;
    };
    let news = News::Action { from, text };
    Past { news, ..it }
}

/// A topic that Ann sets in the lobby. An empty one is none.
fn topic(seq: u64, text: &str) -> Past {
    let topic = Some(text.into()).filter(|_| !text.is_empty());
    let by = name("Ann");
    Past {
        news: News::TopicSet { by, topic },
        ..row(seq, "")
    }
}

/// The texts of a page. A gap is the number of its lines.
fn texts(page: &Page) -> Vec<String> {
    let text = |it: &Arc<Past>| match &it.news {
        News::NotKept(lines) => format!("-{lines}"),
        news => news.text().unwrap_or_default().into(),
    };
    page.lines.iter().map(text).collect()
}

/// What the program `sqlite3` answers.
fn sqlite3(file: &Path, sql: &str) -> String {
    let mut program = Command::new("sqlite3");
    let output = program.args(["-cmd", ".timeout 10000"]).arg(file).arg(sql);
    let output = output.output().expect("sqlite3 is installed");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// Whether the tables and the index are whole.
fn assert_whole(file: &Path) {
    let checks = "PRAGMA integrity_check; INSERT INTO found (found) VALUES ('integrity-check');";
    assert_eq!(sqlite3(file, checks), "ok");
}
