//! Coming to the other servers: at the start, and again where this server has lost its place among them.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::State;
use crate::error::Error;
use crate::id::{PersonId, ServerId};
use crate::journal::{Act, ServerAct, Wanted};
use crate::moment::Moment;
use crate::net;
use crate::server::Server;
use crate::server::inbox::Incoming;
use crate::server::talk::Talk;
use crate::server::tokens;
use crate::work::cluster::{
    Clock, Entrance, Errand, Follower, Joined, Options, Publisher, Seen, Start, StreamId, join,
    link,
};

use super::Cluster;

/// What writes and reads the journal that the servers share, each for a thread of its own. Both end some time after the
/// server does.
pub struct ClusterThreads {
    /// Writes it. It waits two seconds at most for what the server wanted last.
    publisher: Publisher<Wanted>,
    /// Reads it.
    follower: Follower<Wanted>,
}

impl ClusterThreads {
    /// What the two threads run.
    pub fn split(self) -> (impl FnOnce() + Send, impl FnOnce() + Send) {
        let ClusterThreads {
            publisher,
            follower,
        } = self;
        (|| publisher.run(), || follower.run())
    }
}

impl Server {
    /// Makes this server one of several that are one chat. This comes before the first tick, and behind
    /// [`keep`](Self::keep). It waits until another server has handed over what people share, or until it is clear that
    /// there is none. The caller runs what is returned, and makes it wait: `wait` waits so long, and tells whether to go on.
    ///
    /// # Errors
    ///
    /// [`Error::Cluster`], a sentence about what stands in the way.
    pub fn join(
        &mut self,
        options: Options,
        wait: &mut dyn FnMut(Duration) -> bool,
    ) -> Result<ClusterThreads, Error> {
        let clock: Clock = Arc::new(net::now);
        let mut entrance = entrance(options.node());
        let joined = join(&options, &clock, &mut entrance, wait);
        let joined = joined.map_err(|why| Error::Cluster(why.to_string()))?;
        for it in &joined.warnings {
            log::warn!("{it}");
        }
        let outside = self.outside.clone();
        let news = move |news| outside.tell(Incoming::News(news));
        let (link, publisher, follower) = link(&options, clock, &joined, news);
        let server = ServerId(joined.epoch);
        let cluster = Cluster::new(options.node().into(), server, link);
        let talk = &mut self.talk;
        talk.cluster = Some(cluster);
        let now = self.poller.now();
        talk.begin(now, joined).map_err(Error::Cluster)?;
        Ok(ClusterThreads {
            publisher,
            follower,
        })
    }
}

/// What this server says as it comes to the others.
pub(super) fn entrance(node: &str) -> Entrance<Wanted> {
    let node: Arc<str> = node.into();
    let name = node.clone();
    let of_house = |act| Wanted {
        author: Some(PersonId::HOUSE),
        act: Act::Server(act),
        id: None,
    };
    Entrance {
        epochs: Box::new(epoch),
        hello: Box::new(move |turn| {
            let name = node.clone();
            of_house(ServerAct::Hello { name, turn })
        }),
        found: Box::new(move || of_house(ServerAct::Found { name: name.clone() })),
        is_found: Box::new(|it| matches!(it.act, Act::Server(ServerAct::Found { .. }))),
    }
}

/// A number that no other server has, and that is not 0.
fn epoch() -> u64 {
    // Without random bytes, no two servers begin in the same millisecond with one name.
    let time = net::now().unix_millis().unsigned_abs();
    tokens::number().unwrap_or(time).max(1)
}

impl Talk {
    /// Goes on from where this server has joined the others.
    pub(super) fn begin(&mut self, now: Moment, joined: Joined) -> Result<(), String> {
        let Some(cluster) = &mut self.cluster else {
            return Ok(());
        };
        let server = ServerId(joined.epoch);
        cluster.server = server;
        cluster.is_returning = false;
        let state = match joined.start {
            Start::Founded => {
                cluster.seen = Seen::default();
                // Its first Hello stands before what is read.
                cluster.seen.take(joined.epoch, 1, 1);
                // Redis may forget that it was founded before anybody reads it. Where it stands already, this is a repeat.
                let found = (entrance(&cluster.name).found)();
                cluster.send(Errand::Publish(joined.next - 1, vec![found]));
                log::info!("no other server lives; this one begins the chat");
                None
            }
            Start::State(bytes) => {
                let (seen, chat) = read(&bytes)?;
                cluster.seen = seen;
                cluster.send(Errand::Stand);
                Some(chat)
            }
        };
        let written = joined.next - 1;
        let begun = self
            .hub
            .begin_anew(now, (server, written), state, &mut self.effects);
        begun.map_err(|why| format!("cannot go on from what another server handed over: {why}"))?;
        self.apply(now);
        self.watch_others();
        Ok(())
    }

    /// Hands what people share to a newcomer.
    pub(super) fn send_state(&mut self, hello: StreamId, to: ServerId) {
        let Some(cluster) = &mut self.cluster else {
            return;
        };
        match write(&cluster.seen, &self.hub.state()) {
            Ok(bytes) => cluster.send(Errand::State {
                epoch: to.0,
                hello,
                bytes,
            }),
            Err(why) => log::error!("what people share cannot be written: {why}"),
        }
    }

    /// This server has lost its place among the others, and comes to them again.
    pub(super) fn return_to_others(&mut self) {
        if let Some(cluster) = self.cluster.as_mut().filter(|it| !it.is_returning) {
            cluster.is_returning = true;
            cluster.waiting.clear();
            cluster.figures.returns += 1;
            let entrance = entrance(&cluster.name);
            cluster.send(Errand::Return(entrance));
        }
    }
}

/// What a server hands to a newcomer: which acts were applied, in the first line, and all that people share.
fn write(seen: &Seen, chat: &State) -> Result<Vec<u8>, String> {
    let seen = seen.write().map_err(|why| why.to_string())?;
    let chat = chat.write().map_err(|why| why.to_string())?;
    Ok([&seen, &b"\n"[..], &chat].concat())
}

fn read(bytes: &[u8]) -> Result<(Seen, State), String> {
    let cannot =
        |why: &dyn std::fmt::Display| format!("cannot read what another server handed over: {why}");
    let mut parts = bytes.splitn(2, |it| *it == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let seen = Seen::read(part()).map_err(|why| cannot(&why))?;
    let chat = State::read(part()).map_err(|why| cannot(&why))?;
    Ok((seen, chat))
}
