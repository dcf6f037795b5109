//! `Talk`: the state that the phases of a tick share. It stands between the chat and the sockets: it passes events to
//! the hub and carries out the hub's effects. It does not know the poller, the listeners or other threads.

use std::mem;
use std::time::Instant;

#[cfg(any(test, feature = "machine"))]
use crate::account::Accounts;
use crate::chat::{Audience, Effect, Effects, Event, Hub, Journaled};
use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::limits::READ_TURN_BYTES;
use crate::message::{AboutConnection, Cause, Message, SecretQuestion, Told};
use crate::moment::Moment;
use crate::name::Username;
use crate::net::TlsIdentity;
#[cfg(feature = "web")]
use crate::page::Page;
use crate::wire::{Tongue, WILL_ECHO, WONT_ECHO};
#[cfg(feature = "store")]
use crate::work::store::Sink;

#[cfg(test)]
use super::simulation::Record;

use super::Config;
#[cfg(feature = "web")]
use super::browsers::Browsers;
#[cfg(feature = "cluster")]
use super::cluster::Cluster;
use super::connections::{Awaited, Connections};
use super::entries::Listener;
use super::fanout::Fanout;
use super::figures::Figures;
use super::handle::Stats;
#[cfg(feature = "accounts")]
use super::shell::Told as ShellAnswer;
use super::workers::Workers;

/// The connections, the chat, and the output for each.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) config: Config,
    /// The certificate and key for TLS.
    pub(super) identity: Option<TlsIdentity>,
    pub(super) connections: Connections,
    pub(super) hub: Journaled,
    pub(super) effects: Effects,
    pub(super) fanout: Fanout,
    pub(super) workers: Workers,
    /// Takes what is to be kept, if anything is.
    #[cfg(feature = "store")]
    pub(super) sink: Option<Sink>,
    /// The other servers, if there may be several.
    #[cfg(feature = "cluster")]
    pub(super) cluster: Option<Cluster>,
    /// Answers to shells that wait for the end of the tick.
    #[cfg(feature = "accounts")]
    pub(super) told: Vec<ShellAnswer>,
    /// The page, if browsers get one.
    #[cfg(feature = "web")]
    pub(super) page: Option<Page>,
    /// The addresses of browsers.
    #[cfg(feature = "web")]
    pub(super) browsers: Browsers,
    listeners: Vec<Listener>,
    /// Bytes told to single peers since the start that count against nobody's rate.
    pub(super) uncharged: usize,
    /// Input lands here before it is cut into lines. All peers share it.
    pub(super) scratch: Box<[u8]>,
    /// Whether this tick accepted or read anything.
    pub(super) got_input: bool,
    /// The laggard that was written to last.
    pub(super) flushed_last: Slot,
    pub(super) stats: Stats,
    pub(super) figures: Figures,
    /// The events that the hub received, if a test wants to know.
    #[cfg(test)]
    pub(super) record: Record,
}

impl Talk {
    pub(super) fn new(config: Config, hub: Journaled, workers: Workers, began: Instant) -> Talk {
        Talk {
            identity: config.identity(),
            #[cfg(feature = "web")]
            page: config.page.then(Page::new),
            connections: Connections::new(config.rate, config.max_per_ip, began),
            config,
            hub,
            effects: Effects::default(),
            fanout: Fanout::default(),
            workers,
            #[cfg(feature = "store")]
            sink: None,
            #[cfg(feature = "cluster")]
            cluster: None,
            #[cfg(feature = "accounts")]
            told: Vec::new(),
            #[cfg(feature = "web")]
            browsers: Browsers::default(),
            listeners: Vec::new(),
            uncharged: 0,
            scratch: vec![0; READ_TURN_BYTES].into(),
            got_input: false,
            flushed_last: Slot::new(0),
            stats: Stats::default(),
            figures: Figures::default(),
            #[cfg(test)]
            record: Record::default(),
        }
    }

    /// When the certificate ends, if there is one: seconds since 1970-01-01 00:00 UTC.
    pub(super) fn certificate_end(&self) -> Option<i64> {
        #[cfg(feature = "tls")]
        let end = self.identity.as_ref().and_then(TlsIdentity::not_after);
        #[cfg(not(feature = "tls"))]
        let end = None;
        end
    }

    /// Whether people have accounts here. They need a file.
    #[cfg(any(test, feature = "machine"))]
    pub(super) fn accounts(&self) -> Accounts {
        #[cfg(feature = "store")]
        let has_file = self.sink.is_some();
        #[cfg(not(feature = "store"))]
        let has_file = false;
        match has_file {
            true => self.config.accounts,
            false => Accounts::Off,
        }
    }

    /// When something is to be said about the other servers.
    pub(super) fn others_timeout(&self) -> Option<Instant> {
        #[cfg(feature = "cluster")]
        let timeout = self.cluster.as_ref().and_then(Cluster::next_timeout);
        #[cfg(not(feature = "cluster"))]
        let timeout = None;
        timeout
    }

    /// Whether something of other servers was read and is still to be applied.
    pub(super) fn has_read(&self) -> bool {
        #[cfg(feature = "cluster")]
        let has_read = self.cluster.as_ref().is_some_and(Cluster::is_behind);
        #[cfg(not(feature = "cluster"))]
        let has_read = false;
        has_read
    }

    /// Passes an event of a peer to the hub, and carries out the effects.
    pub(super) fn tell_hub(&mut self, now: Moment, peer: PeerId, event: Event<'_>) {
        #[cfg(test)]
        self.record.event(now, peer, event);
        self.hub.handle(now, peer, event, &mut self.effects);
        self.apply(now);
    }

    /// Has the hub do something that no peer caused, and carries out the effects.
    pub(super) fn have(&mut self, now: Moment, act: impl FnOnce(&mut Hub, &mut Effects)) {
        self.hub.with_hub(now, &mut self.effects, act);
        self.apply(now);
    }

    /// Applies some of the acts that are out, if a test has the journal answer late.
    #[cfg(test)]
    pub(super) fn answer_late(&mut self, now: Moment) {
        for _ in 0..self.record.answers(self.hub.out()) {
            self.record.entered(now);
            self.hub.answer(now, &mut self.effects);
            self.apply(now);
        }
    }

    /// Starts passing the journal to a listener.
    pub(super) fn listen(&mut self, listener: Listener) {
        // Earlier entries of this tick are for the others alone.
        self.tell_listeners();
        self.listeners.retain(Listener::is_heard);
        self.hub.listen();
        self.listeners.push(listener);
    }

    /// Ends all listening: no more entries will be made.
    pub(super) fn end_listening(&mut self) {
        self.listeners.clear();
        self.hub.listen_no_more();
    }

    /// Hands the entries of this tick to the listeners.
    pub(super) fn tell_listeners(&mut self) {
        if self.listeners.is_empty() {
            return;
        }
        let heard = self.hub.take_entries();
        if !heard.is_empty() {
            self.listeners.retain(|listener| listener.hear(&heard));
        }
        if self.listeners.is_empty() {
            self.hub.listen_no_more();
        }
    }

    /// Carries out the hub's effects.
    pub(super) fn apply(&mut self, now: Moment) {
        #[cfg(test)]
        self.record.note_out(self.hub.out());
        let mut effects = mem::take(&mut self.effects);
        let mut refused = Vec::new();
        for effect in effects.drain() {
            match effect {
                Effect::Append(it) => debug_assert!(false, "{it:?} was not applied"),
                Effect::Hold { peer } => self.connections.hold(peer.slot, Awaited::Act),
                Effect::Release { peer } => {
                    let awaited = Awaited::Act;
                    self.connections.release(peer.slot, awaited, now.instant);
                }
                Effect::Ask { peer, question } => {
                    let asked = self.ask(now, peer, question);
                    refused.extend(asked.err().map(|why| (peer, why)));
                }
                #[cfg(feature = "store")]
                Effect::Keep(it) => self.keep(it),
                // Nothing was asked to be kept.
                #[cfg(not(feature = "store"))]
                Effect::Keep(_) => {}
                Effect::Send { to, message, cause } => self.queue(now, to, &message, &cause),
                Effect::Enter {
                    peer,
                    room,
                    format,
                    name,
                    is_current,
                } => {
                    self.fanout
                        .enter(peer.slot, room, &name, is_current, format);
                }
                Effect::AskSecret { peer, question } => self.ask_secret(now, peer, question),
                Effect::SecretOver { peer } => self.end_secret(peer.slot),
                Effect::Replaced { peer, name } => self.log_replaced(peer, &name),
                Effect::LinkLost { peer, name, reason } => self.log_lost(peer, &name, reason),
                Effect::SeatEnded { name, reason } => {
                    log::info!("the seat of {name} ended: {reason}")
                }
                Effect::WrongPassword { peer, name } => self.log_wrong_password(peer, &name),
                Effect::Exit { peer, room } => self.fanout.exit(peer.slot, room),
                Effect::Close { peer, reason } => self.close(now, peer, reason),
                Effect::CameOnline { peer, name } => {
                    self.connections.set_named(peer.slot);
                    let addr = self.connections.connection(peer.slot).addr();
                    log::info!("{name} came from {addr}, {} online", self.hub.online());
                }
                Effect::Renamed { peer, from, to } => {
                    let addr = self.connections.connection(peer.slot).addr();
                    log::info!("{from} is now {to}; came from {addr}");
                }
                Effect::WentOffline { peer, name, reason } => self.log_leaving(peer, &name, reason),
            }
        }
        self.effects = effects;
        for (peer, why) in refused {
            self.answer(now, peer, Err(why));
        }
    }

    fn log_replaced(&mut self, peer: PeerId, name: &Username) {
        let addr = self.connections.connection(peer.slot).addr();
        log::info!("{name} has another connection now; had come from {addr}");
    }

    fn log_lost(&mut self, peer: PeerId, name: &Username, reason: CloseReason) {
        let addr = self.connections.connection(peer.slot).addr();
        log::info!("{name} lost the link: {reason}; came from {addr}, the seat is kept");
    }

    fn log_wrong_password(&mut self, peer: PeerId, name: &Username) {
        let addr = self.connections.connection(peer.slot).addr();
        log::warn!("wrong password for {name} from {addr}");
    }

    /// Asks for a password. A client that speaks telnet is told not to show it. A program sends one in an object, and is not
    /// asked.
    fn ask_secret(&mut self, now: Moment, peer: PeerId, question: SecretQuestion) {
        let slot = peer.slot;
        if self.connections.tongue(slot) != Tongue::Lines {
            return;
        }
        let at_prompt = question == SecretQuestion::Login;
        if self.connections.ask_secret(slot, at_prompt) {
            self.fanout.reply_raw(slot, WILL_ECHO);
        }
        let shows = !self.connections.secret_end(slot).was_masked;
        let message = AboutConnection::Secret { question, shows }.into();
        self.queue(now, Audience::Peer(peer), &message, &Cause::NONE);
    }

    /// A peer's next line is a line like any other again, which their client is to show.
    fn end_secret(&mut self, slot: Slot) {
        if self.connections.end_secret(slot).was_masked {
            self.fanout.reply_raw(slot, WONT_ECHO);
        }
    }

    /// A peer has answered a question for a password.
    pub(super) fn answer_secret(&mut self, slot: Slot) {
        self.end_secret_line(slot);
        self.end_secret(slot);
    }

    /// Ends the line of a question for a password, where the client did not show that the person did.
    pub(super) fn end_secret_line(&mut self, slot: Slot) {
        if self.connections.secret_end(slot).at_prompt {
            self.fanout.reply_raw(slot, b"\r\n");
        }
    }

    /// Closes a connection once its output was sent.
    fn close(&mut self, now: Moment, peer: PeerId, reason: CloseReason) {
        self.end_secret(peer.slot);
        self.log_close(peer, reason);
        #[cfg(feature = "web")]
        self.close_websocket(peer, reason);
        self.connections.count_closing(peer.slot, reason);
        self.connections.drain(peer.slot, now.instant);
    }

    fn log_leaving(&self, peer: PeerId, name: &Username, reason: CloseReason) {
        let online = self.hub.online();
        match self.connections.addr(peer) {
            Some(addr) => log::info!("{name} left: {reason}, {online} online; came from {addr}"),
            None => log::info!("{name} left: {reason}, {online} online"),
        }
    }

    fn log_close(&mut self, peer: PeerId, reason: CloseReason) {
        let addr = self.connections.connection(peer.slot).addr();
        match reason {
            CloseReason::LoginTimedOut
            | CloseReason::TooManyAttempts
            | CloseReason::WrongProtocol(_) => log::info!("{addr} turned away: {reason}"),
            _ => log::debug!("closing {addr}: {reason}"),
        }
    }

    /// Appends a message for its audience to the logs; the write phase sends it.
    fn queue(&mut self, now: Moment, to: Audience, message: &Message, cause: &Cause) {
        let before = self.fanout.reply_bytes();
        let unix = now.unix;
        let told = Told {
            message,
            cause,
            unix,
        };
        self.fanout.send(&to, &told);
        if let Audience::Room { .. } = to {
            self.stats.said += u64::from(message.author().is_some());
        } else if !message.is_asked_for() {
            self.uncharged += self.fanout.reply_bytes() - before;
        }
    }
}

#[cfg(test)]
impl Talk {
    /// Whether every connection that was accepted is there, or has one reason why not.
    pub(super) fn check_figures(&self) {
        let ended = self.figures.refused.sum() + self.connections.closed().sum();
        let open = self.connections.open().count() as u64;
        assert_eq!(self.stats.accepted, ended + open);
    }
}

#[cfg(test)]
mod tests {
    use crate::journal::{Act, Heard};
    use crate::server::Config;
    use crate::server::simulation::Scene;

    #[test]
    fn a_listener_hears_nothing_from_before_it_listened() {
        let mut scene = Scene::with(Config::default());
        let handle = scene.server.handle();
        let first = handle.entries().expect("room");
        handle.notice("before").expect("room");
        let second = handle.entries().expect("room");
        handle.notice("behind").expect("room");
        scene.rest();
        let heard = [first, second].map(|mut entries| {
            let mut texts = Vec::new();
            while let Some(heard) = entries.try_next() {
                if let Heard::Entry { entry, .. } = heard
                    && let Act::Notice { text } = entry.act
                {
                    texts.push(text.to_string());
                }
            }
            texts
        });
        assert_eq!(heard, [vec!["before", "behind"], vec!["behind"]]);
    }

    #[test]
    fn listeners_that_are_gone_do_not_pile_up_while_nothing_happens() {
        let mut scene = Scene::with(Config::default());
        let handle = scene.server.handle();
        for _ in 0..10 {
            drop(handle.entries().expect("room"));
            scene.rest();
        }
        assert_eq!(scene.server.talk.listeners.len(), 1);
    }
}
