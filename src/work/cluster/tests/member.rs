//! A member of a cluster, as small as it can be: its acts are texts, and its state is what it has heard.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::server::{clock, pause};
use crate::work::cluster::join::join_from;
use crate::work::cluster::{
    Entrance, Errand, Error, Joined, Link, News, Options, Seen, Start, Verdict, link,
};

/// Acts that may be out, as the loop keeps to it.
const OUT: u64 = 4096;

pub(super) struct Member {
    link: Option<Link<String>>,
    news: Receiver<News<String>>,
    threads: Vec<JoinHandle<()>>,
    pub(super) seen: Seen,
    /// What all members hear, in the order in which all hear it.
    pub(super) heard: Vec<String>,
    pub(super) lost: u64,
    pub(super) epoch: u64,
    next: u64,
    /// The last number that came back.
    back: u64,
    pub(super) is_standing: bool,
    /// What was told besides entries, in few words.
    pub(super) told: Vec<String>,
}

/// A random number.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(super) fn entrance() -> Entrance<String> {
    Entrance {
        epochs: Box::new(random),
        hello: Box::new(|turn| format!("hello {turn}")),
        found: Box::new(|| "found".into()),
        is_found: Box::new(|act| act == "found"),
    }
}

pub(super) fn try_to_join(options: &Options) -> Result<Joined, Error> {
    let mut wait = |time| {
        pause(time);
        true
    };
    join_from(options, &clock(), &mut entrance(), &mut wait, None)
}

impl Member {
    pub(super) fn start(options: &Options) -> Member {
        let joined = try_to_join(options).expect("it joins");
        Member::with(options, joined)
    }

    pub(super) fn with(options: &Options, joined: Joined) -> Member {
        let (sender, news) = channel();
        let tell = move |it| drop(sender.send(it));
        let (link, publisher, follower) = link(options, clock(), &joined, tell);
        let threads = vec![
            thread::spawn(move || publisher.run()),
            thread::spawn(move || follower.run()),
        ];
        let mut member = Member {
            link: Some(link),
            news,
            threads,
            seen: Seen::new(),
            heard: Vec::new(),
            lost: 0,
            epoch: 0,
            next: 0,
            back: 0,
            is_standing: false,
            told: Vec::new(),
        };
        member.come_in(&joined);
        member
    }

    fn come_in(&mut self, joined: &Joined) {
        (self.epoch, self.next) = (joined.epoch, joined.next);
        self.back = joined.next - 1;
        self.is_standing = joined.is_founded();
        match &joined.start {
            Start::State(bytes) => {
                (self.seen, self.heard) = serde_json::from_slice(bytes).expect("a state");
                self.hand_over(Errand::Stand);
                self.is_standing = true;
            }
            Start::Founded => self.seen = Seen::new(),
        }
    }

    pub(super) fn hand_over(&self, errand: Errand<String>) {
        self.link.as_ref().expect("a link").hand_over(vec![errand]);
    }

    /// How many acts may be handed over.
    pub(super) fn room(&self) -> usize {
        (OUT - (self.next - 1 - self.back)) as usize
    }

    pub(super) fn say(&mut self, acts: Vec<String>) {
        let first = self.next;
        self.next += acts.len() as u64;
        self.hand_over(Errand::Publish(first, acts));
    }

    /// Hears what there is, and waits so long for something.
    pub(super) fn hear(&mut self, wait: Duration) {
        let mut next = self.news.recv_timeout(wait);
        while let Ok(news) = next {
            self.take(news);
            next = self.news.recv_timeout(Duration::ZERO);
        }
    }

    fn take(&mut self, news: News<String>) {
        let word = match news {
            News::Read(batch) if batch.epoch == self.epoch => {
                for entry in batch.entries {
                    self.apply(entry);
                }
                return;
            }
            News::Read(_) => return,
            News::Away(_) => "away".into(),
            News::Back => "back".into(),
            News::Expired { node, epoch } => {
                self.seen.gone(epoch);
                format!("expired {node}")
            }
            News::Lost { why, .. } => {
                self.hand_over(Errand::Return(entrance()));
                format!("lost: {why}")
            }
            News::Returned(joined) => {
                self.come_in(&joined);
                "returned".into()
            }
            News::Failed(why) => format!("failed: {why}"),
            News::Stopped { left } => format!("stopped {left}"),
        };
        if self.told.last() != Some(&word) {
            self.told.push(word);
        }
    }

    fn apply(&mut self, entry: crate::work::cluster::Entry<String>) {
        let packet = entry.packet;
        if packet.epoch == self.epoch {
            self.back = self.back.max(packet.last());
        }
        // Whoever founded may not have seen the first Hellos of those that came at the same time.
        let is_known = self.seen.last(packet.epoch).is_some() || packet.first == 1;
        let count = packet.acts.len() as u64;
        let new = match self.seen.take(packet.epoch, packet.first, count) {
            Verdict::Next => count,
            Verdict::Repeated { new } => new,
            Verdict::Jumped { lost } => {
                self.lost += if is_known { lost } else { 0 };
                count
            }
            Verdict::Void => 0,
        };
        for act in packet.acts.into_iter().skip((count - new) as usize) {
            let is_hello = act.starts_with("hello ");
            if is_hello && packet.epoch != self.epoch && self.is_standing {
                let bytes = serde_json::to_vec(&(&self.seen, &self.heard)).expect("JSON");
                self.hand_over(Errand::State {
                    epoch: packet.epoch,
                    hello: entry.id,
                    bytes,
                });
            }
            if !is_hello && act != "found" {
                self.heard.push(act);
            }
        }
    }

    /// Hears until something is so.
    pub(super) fn until(&mut self, what: &str, mut is_so: impl FnMut(&Member) -> bool) {
        let by = Instant::now() + Duration::from_secs(90);
        while !is_so(self) {
            let told = &self.told;
            assert!(
                Instant::now() < by,
                "{what}: not within 90 s; heard {}, out {}, told {told:?}",
                self.heard.len(),
                self.next - 1 - self.back
            );
            self.hear(Duration::from_millis(20));
        }
    }

    /// Begins to stop.
    pub(super) fn leave(&mut self) {
        drop(self.link.take());
    }

    /// Stops, and returns how many acts have not come back.
    pub(super) fn stop(&mut self) -> u64 {
        self.leave();
        self.threads
            .drain(..)
            .for_each(|it| it.join().expect("no panic"));
        self.hear(Duration::ZERO);
        let last = self.told.last().expect("a word");
        let left = last.strip_prefix("stopped ").expect("its end");
        left.parse().expect("a number")
    }
}
