//! Several servers that are one chat: what happens here goes out to a stream that all of them read, and happens once it comes
//! back from there. The threads in [`work::cluster`](crate::work::cluster) write and read the stream.
//!
//! What was read is applied in turns, as what people type is: no flood of the others holds the loop.

mod joining;
mod telling;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::id::ServerId;
use crate::journal::{Act, ServerAct, Wanted};
use crate::limits::cluster::ENTRIES_A_TICK;
use crate::moment::Moment;
use crate::work::cluster::{Batch, Entry, Errand, Link, News, Seen, StreamId, Verdict};

use super::talk::Talk;

pub use joining::ClusterThreads;

/// What this server knows of the others.
pub(super) struct Cluster {
    name: Arc<str>,
    /// This server, as the others know it.
    server: ServerId,
    link: Link<Wanted>,
    /// What is to be handed over at the end of the tick.
    errands: Vec<Errand<Wanted>>,
    /// Which acts were applied.
    seen: Seen,
    /// What was read and is still to be applied.
    waiting: VecDeque<Batch<Wanted>>,
    /// Whether this server has lost its place, and is on its way to another one.
    is_returning: bool,
    /// Since when the others cannot be reached.
    away: Option<Instant>,
    /// Whether people were told so.
    is_told: bool,
    /// Why this server cannot go on.
    failure: Option<String>,
    pub(super) figures: Figures,
}

/// Figures for the metrics.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Figures {
    /// How long what was applied last had been on its way.
    pub(super) lag: Duration,
    /// Acts that were lost on the way.
    pub(super) lost: u64,
    /// How often this server lost its place and came again.
    pub(super) returns: u64,
}

impl Cluster {
    fn new(name: Arc<str>, server: ServerId, link: Link<Wanted>) -> Cluster {
        Cluster {
            name,
            server,
            link,
            errands: Vec::new(),
            seen: Seen::default(),
            waiting: VecDeque::new(),
            is_returning: false,
            away: None,
            is_told: false,
            failure: None,
            figures: Figures::default(),
        }
    }

    /// Why this server cannot go on, if it cannot.
    pub(super) fn take_failure(&mut self) -> Option<String> {
        self.failure.take()
    }

    /// Whether something was read and is still to be applied.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether what is said here goes out to the others, as far as is known.
    pub(super) fn is_reachable(&self) -> bool {
        self.away.is_none() && !self.is_returning
    }

    fn send(&mut self, errand: Errand<Wanted>) {
        self.errands.push(errand);
    }

    fn fail(&mut self, sentence: String) {
        self.failure.get_or_insert(sentence);
    }
}

impl Talk {
    /// Takes what a thread has to tell.
    pub(super) fn take_news(&mut self, now: Moment, news: News<Wanted>) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        match news {
            News::Read(batch) if batch.epoch != cluster.server.0 || cluster.is_returning => {}
            News::Read(batch) => cluster.waiting.push_back(batch),
            News::Away(why) => {
                log::warn!("the other servers cannot be reached: {why}");
                cluster.away.get_or_insert(now.instant);
            }
            News::Back => {
                log::info!("the other servers can be reached again");
                self.tell_back(now);
            }
            News::Expired { node, epoch } => {
                log::warn!("the server {node} does not answer");
                let server = ServerId(epoch);
                let gone = Act::Server(ServerAct::Gone { server });
                self.have(now, |hub, out| hub.propose(gone, out));
            }
            News::Lost { epoch, why } => {
                if epoch == cluster.server.0 {
                    log::warn!("this server lost its place among the others: {why}");
                    self.return_to_others();
                }
            }
            News::Returned(joined) => {
                if let Err(why) = self.begin(now, joined)
                    && let Some(cluster) = &mut self.cluster
                {
                    cluster.fail(why);
                }
            }
            News::Failed(why) => cluster.fail(why),
            News::Stopped { .. } => {}
        }
    }

    /// Applies what was read, as much of it as the tick's budget allows.
    pub(super) fn enter_read(&mut self, now: Moment) {
        let mut entries = 0;
        while !self.fanout.is_full()
            && entries < ENTRIES_A_TICK
            && let Some(entry) = self.next_read()
        {
            entries += 1;
            self.enter_entry(now, entry);
        }
    }

    fn next_read(&mut self) -> Option<Entry<Wanted>> {
        let cluster = self.cluster.as_mut()?;
        while let Some(batch) = cluster.waiting.front_mut() {
            if let Some(entry) = batch.entries.pop_front() {
                return Some(entry);
            }
            // The reader may read on.
            cluster.waiting.pop_front();
        }
        None
    }

    /// Applies an entry of the stream: some acts of one server.
    fn enter_entry(&mut self, now: Moment, entry: Entry<Wanted>) {
        let Entry { id, packet } = entry;
        let (server, first) = (ServerId(packet.epoch), packet.first);
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        let count = packet.acts.len() as u64;
        let new = match cluster.seen.take(packet.epoch, first, count) {
            Verdict::Next => count,
            Verdict::Repeated { new } => new,
            Verdict::Void => 0,
            Verdict::Jumped { lost } => {
                // What a server said before its Hello was meant for nobody here.
                if self.hub.servers().any(|(it, _)| it == server) {
                    cluster.figures.lost += lost;
                    log::warn!("{lost} acts of the server {} are lost", packet.node);
                    self.tell_lost(now, lost);
                }
                count
            }
        };
        let at = i64::try_from(id.millis).unwrap_or(i64::MAX);
        self.note_lag(now, at);
        let numbered = (first..).zip(packet.acts);
        for (number, wanted) in numbered.skip((count - new) as usize) {
            self.enter_act(now, (id, at), (server, number), wanted);
        }
    }

    fn enter_act(
        &mut self,
        now: Moment,
        (id, at): (StreamId, i64),
        (server, number): (ServerId, u64),
        wanted: Wanted,
    ) {
        // Its server may have been counted as gone by an act just before.
        let Some(cluster) = self
            .cluster
            .as_ref()
            .filter(|it| !it.is_returning && !it.seen.is_gone(server.0))
        else {
            return;
        };
        let own = cluster.server;
        let is_own = own == server;
        // What does not count still takes its place among the acts of its server.
        if !self.hub.counts(server, &wanted.act) && !is_own {
            return;
        }
        let of_server = match &wanted.act {
            // Its people are still here, and come in again with it.
            Act::Server(ServerAct::Gone { server }) if *server == own && !is_own => {
                log::warn!("the other servers counted this one as gone");
                return self.return_to_others();
            }
            // Another one has begun the chat anew, as nobody seemed to be there any more.
            Act::Server(ServerAct::Found { .. }) if !is_own => {
                log::warn!("another server has begun the chat anew");
                return self.return_to_others();
            }
            Act::Server(act) => Some(act.clone()),
            _ => None,
        };
        match is_own {
            true => self
                .hub
                .enter_own(now, at, number, wanted, &mut self.effects),
            false => self
                .hub
                .enter_of(now, at, server, wanted, &mut self.effects),
        }
        self.apply(now);
        if let Some(act) = of_server {
            self.heed_server(id, server, &act);
        }
    }

    /// A server has come or is gone.
    fn heed_server(&mut self, id: StreamId, from: ServerId, act: &ServerAct) {
        let Some(own) = self.cluster.as_ref().map(|it| it.server) else {
            return;
        };
        self.watch_others();
        match act {
            ServerAct::Hello { turn, .. } if from != own => {
                if self.hub.answerer(from, *turn) == Some(own) {
                    self.send_state(id, from);
                }
            }
            ServerAct::Gone { server } => {
                if let Some(cluster) = &mut self.cluster {
                    cluster.seen.gone(server.0);
                }
            }
            ServerAct::Hello { .. } | ServerAct::Found { .. } => {}
        }
    }

    /// Has the leases of the others watched.
    fn watch_others(&mut self) {
        if let Some(cluster) = &mut self.cluster {
            let others = self.hub.servers().filter(|(it, _)| *it != cluster.server);
            let others = others.map(|(it, name)| (name.clone(), it.0)).collect();
            cluster.send(Errand::Watch(others));
        }
    }

    /// Hands over what came up in this tick.
    pub(super) fn hand_over_acts(&mut self) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        // Without a place, it waits.
        if !cluster.is_returning
            && let Some((first, acts)) = self.hub.take_wanted()
        {
            cluster.send(Errand::Publish(first, acts));
        }
        let errands = std::mem::take(&mut cluster.errands);
        cluster.link.hand_over(errands);
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Cluster { name, server, .. } = self;
        write!(f, "Cluster({name}, {server:?})")
    }
}

#[cfg(test)]
mod simulation;
