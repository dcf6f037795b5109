//! The accept phase: newcomers come in, within a budget, or learn why they cannot.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use mio::Registry;

use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_TICK, PROXY_TIMEOUT, TURNED_AWAY, UNREAD_TURNS};
use crate::message::{AboutConnection, Message};
use crate::moment::{Format, Moment};
use crate::net::{Accepted, Listener, Socket, Spare};
use crate::wire::render;

use super::Talk;
use crate::server::ListenKind;

/// The listeners, and the state of accepting.
#[derive(Debug)]
pub(in crate::server) struct Door {
    pub(in crate::server) listeners: Vec<(ListenKind, Listener)>,
    /// The time before which not to accept, if nobody could be let in, not even to be turned away.
    accept_again: Option<Instant>,
    /// Whether the operator has been told that nobody can be let in.
    is_short_of_room: bool,
    /// A spare descriptor, used to turn newcomers away when no other is left.
    spare: Spare,
}

impl Door {
    pub(in crate::server) fn new(listeners: Vec<(ListenKind, Listener)>) -> Door {
        Door {
            listeners,
            accept_again: None,
            is_short_of_room: false,
            spare: Spare::default(),
        }
    }

    /// Accepts waiting newcomers, within a budget. If none can be accepted, no event will tell when that changes. So
    /// the server tries again after a while, or when a peer goes.
    pub(in crate::server) fn accept(&mut self, now: Moment, talk: &mut Talk, registry: &Registry) {
        if self.accept_again.is_some_and(|at| now.instant < at) {
            return;
        }
        self.accept_again = None;
        for i in 0..self.listeners.len() {
            if !self.accept_from(now, i, talk, registry) {
                self.accept_again = Some(now.instant + ACCEPT_RETRY);
                return;
            }
        }
    }

    /// Accepts from one listener. Returns whether it makes sense to go on.
    fn accept_from(&mut self, now: Moment, i: usize, talk: &mut Talk, registry: &Registry) -> bool {
        if !self.listeners[i].1.ready {
            return true;
        }
        self.spare.hold();
        let mut failed = 0;
        for _ in 0..ACCEPTS_PER_TICK {
            let (kind, listener) = &mut self.listeners[i];
            if !listener.ready {
                break;
            }
            match listener.accept() {
                Accepted::Connection(socket, addr) => {
                    self.is_short_of_room = false;
                    talk.admit(now, *kind, socket, addr, registry);
                }
                Accepted::Failed(error) => {
                    failed += 1;
                    log::debug!("a connection failed early: {error}");
                }
                Accepted::Nobody => {}
                Accepted::OutOfDescriptors(error) => {
                    self.warn_of_shortage(&error);
                    if !self.turn_one_away(i, talk) {
                        return false;
                    }
                }
                Accepted::Exhausted(error) => {
                    self.warn_of_shortage(&error);
                    return false;
                }
            }
        }
        // If every attempt failed, the connections themselves are unlikely to be the cause.
        failed < ACCEPTS_PER_TICK
    }

    /// Warns once, until someone can be let in again.
    fn warn_of_shortage(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_short_of_room, true) {
            log::warn!("cannot let anyone in for now: {error}");
        }
    }

    /// Uses the spare descriptor to accept one waiting newcomer and tell them that there is no other. Returns whether
    /// the next one can be told in the same way.
    fn turn_one_away(&mut self, i: usize, talk: &mut Talk) -> bool {
        if !self.spare.give_up() {
            return false;
        }
        let accepted = self.listeners[i].1.accept();
        let went_well = matches!(accepted, Accepted::Connection(..) | Accepted::Nobody);
        if let Accepted::Connection(socket, addr) = accepted {
            talk.stats.accepted += 1;
            talk.figures.refused.count(CloseReason::ServerFull);
            log::info!("{addr} turned away: {}", CloseReason::ServerFull);
            talk.tell_and_close(socket, &AboutConnection::ServerFull.into());
        }
        self.spare.hold() && went_well
    }

    /// A slot was freed, and with it a descriptor: a newcomer who could not be accepted before can be now.
    pub(super) fn try_again(&mut self) {
        self.accept_again = None;
    }

    /// The time to try again, if nobody could be let in.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.accept_again
    }

    /// Whether somebody may be waiting to be let in.
    pub(super) fn has_work(&self) -> bool {
        self.accept_again.is_none() && self.listeners.iter().any(|(_, it)| it.ready)
    }
}

impl Talk {
    fn admit(
        &mut self,
        now: Moment,
        kind: ListenKind,
        socket: Socket,
        addr: SocketAddr,
        registry: &Registry,
    ) {
        self.got_input = true;
        self.stats.accepted += 1;
        let is_proxy = self.config.proxy_from.contains(addr.ip());
        if let Some(why) = self.refusal((!is_proxy).then_some(addr.ip())) {
            log::info!("{addr} turned away: {why}");
            return self.turn_away(now, socket, addr, why, registry);
        }
        let added = match is_proxy {
            true => {
                let by = now.instant + PROXY_TIMEOUT;
                let connections = &mut self.connections;
                connections.insert_from_proxy(socket, addr, by, registry)
            }
            false => {
                let is_limited = self.is_limited(addr.ip());
                self.connections.insert(socket, addr, is_limited, registry)
            }
        };
        match added {
            Ok(peer) => {
                log::debug!("{addr} connected");
                self.fanout.introduce(peer.slot, Format::default());
                self.connections.set_kind(peer.slot, kind);
                if !is_proxy {
                    self.begin_opening(now, peer);
                }
            }
            Err(error) => {
                let reason = CloseReason::Broken(error.kind());
                self.figures.refused.count(reason);
                log::warn!("cannot watch {addr}, closing it: {error}");
            }
        }
    }

    /// Whether the rate applies to people of this address.
    pub(super) fn is_limited(&self, ip: IpAddr) -> bool {
        self.config.rate_on_loopback || !ip.is_loopback()
    }

    /// The reason to let nobody in now, if there is one. A proxy's own address, which is not given, is no reason.
    fn refusal(&self, ip: Option<IpAddr>) -> Option<CloseReason> {
        if ip.is_some_and(|ip| self.connections.has_all_of(ip)) {
            return Some(CloseReason::TooManyFromAddress);
        }
        let is_full = self.connections.len() >= self.config.max_clients;
        is_full.then_some(CloseReason::ServerFull)
    }

    /// Tells a newcomer why they cannot come in, in what they speak, and closes the connection like any other, so that
    /// they can read it whatever they send meanwhile. There are few places for that. Without one, they are told in plain
    /// text, and the connection is closed at once.
    fn turn_away(
        &mut self,
        now: Moment,
        socket: Socket,
        addr: SocketAddr,
        why: CloseReason,
        registry: &Registry,
    ) {
        if self.connections.turned_away() >= TURNED_AWAY {
            self.figures.refused.count(why);
            return self.tell_and_close(socket, &about_refusal(why));
        }
        match self
            .connections
            .insert_turned_away(socket, addr, why, registry)
        {
            Ok(peer) => {
                self.fanout.introduce(peer.slot, Format::default());
                self.begin_opening(now, peer);
            }
            Err(error) => {
                self.figures.refused.count(why);
                log::debug!("cannot watch {addr}, closing it: {error}");
            }
        }
    }

    /// Tells a newcomer who is turned away why, in the format that is known to be theirs by now.
    pub(super) fn dismiss_refused(&mut self, now: Moment, peer: PeerId, why: CloseReason) {
        self.figures.refused.count(why);
        self.dismiss_newcomer(now, peer, &about_refusal(why));
    }

    /// Tells a newcomer why they cannot come in, and closes the connection at once. A fresh socket takes one short
    /// line. If it does not, the peer is gone already, and nobody is left to learn of errors. Input that has arrived is
    /// read first, because the close would be a reset otherwise. Later input causes a reset, but our line is on its way
    /// before that.
    fn tell_and_close(&mut self, mut socket: Socket, why: &Message) {
        let mut line = BytesMut::new();
        render(why, 0, Format::default(), &mut line);
        for _ in 0..UNREAD_TURNS {
            if !matches!(socket.read(&mut self.scratch), Ok(1..)) {
                break;
            }
        }
        let _ = socket.write(&line);
        let _ = socket.shutdown(Shutdown::Write);
    }
}

/// What a refused newcomer is told.
fn about_refusal(why: CloseReason) -> Message {
    match why {
        CloseReason::TooManyFromAddress => AboutConnection::TooManyFromAddress.into(),
        _ => AboutConnection::ServerFull.into(),
    }
}

#[cfg(all(feature = "tls", feature = "web"))]
#[cfg(test)]
mod tests {

    use std::time::Duration;

    use crate::limits::{COME_AGAIN, HANDSHAKE_TIMEOUT, TURNED_AWAY};
    use crate::net::simulated::tls::{TlsClient, VERSIONS, identity};
    use crate::server::simulation::Scene;
    use crate::server::{Config, ListenKind};

    const SILENCE: Duration = Duration::from_millis(300);

    const PROMPT: &str = "Enter your username: ";
    const FULL: &str = "Server is full. Try again later.\r\n";
    const TLS_ONLY: &str = "This server speaks TLS only";

    const LOGIN: &str = "{\"op\":\"login\",\"name\":\"ann\"}\n";
    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    fn scene(change: impl FnOnce(&mut Config)) -> Scene {
        let mut config = Config {
            greet_after: SILENCE,
            tls: Some(identity()),
            ..Config::default()
        };
        change(&mut config);
        Scene::with(config)
    }

    fn listening(kind: ListenKind) -> Scene {
        scene(|config| config.listen[0].kind = kind)
    }

    /// Sends this, cut anywhere, and checks what comes back.
    fn hears(scene: &mut Scene, text: &str, check: impl Fn(&str)) {
        for at in 0..text.len() {
            let pair = scene.connect("192.0.2.1");
            scene.send(pair, &text[..at]);
            scene.send(pair, &text[at..]);
            check(&scene.heard(pair));
            scene.world.finish(pair);
            scene.rest();
        }
    }

    /// The last word that a program hears, which is the only one.
    fn goodbye(heard: &str) -> (String, u64) {
        let object: serde_json::Value = serde_json::from_str(heard).expect(heard);
        assert_eq!(object["event"], "goodbye");
        let code = object["code"].as_str().expect("a code");
        (code.into(), object["after"].as_u64().expect("a number"))
    }

    /// Lets a session of TLS be set up, if the server wants that.
    fn exchange(scene: &mut Scene, client: &mut TlsClient) {
        loop {
            scene.rest();
            client.receive(usize::MAX);
            if client.send(usize::MAX) == 0 {
                break;
            }
        }
    }

    #[test]
    fn those_beyond_a_cap_are_told_in_what_they_speak() {
        let mut scene = scene(|config| config.max_clients = 1);
        let first = scene.connect("192.0.2.1");
        hears(&mut scene, "ann\n", |heard| assert_eq!(heard, FULL));
        hears(&mut scene, LOGIN, |heard| {
            let (code, after) = goodbye(heard);
            assert!(code == "full" && COME_AGAIN.contains(&after), "{heard}");
        });
        hears(&mut scene, REQUEST, |heard| {
            let status = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\n";
            assert!(heard.starts_with(status), "{heard}");
            assert!(
                heard.ends_with("\r\nConnection: close\r\n\r\nServer is full. Try again later.\n")
            );
        });
        let tls = scene.connect("192.0.2.1");
        let mut client = TlsClient::new(&scene.world, tls, VERSIONS[1], None);
        client.pull();
        exchange(&mut scene, &mut client);
        assert_eq!(client.heard(), "");
        assert!(scene.world.fin_at(tls).is_some());
        let silent = scene.connect("192.0.2.1");
        scene.pass(SILENCE);
        assert_eq!(scene.heard(silent), FULL);
        assert_eq!(scene.heard(first), PROMPT);
        assert_eq!(scene.server.talk.connections.len(), 1);
    }

    #[test]
    fn few_of_those_beyond_a_cap_are_waited_for() {
        let mut scene = scene(|config| config.max_clients = 1);
        scene.connect("192.0.2.1");
        let waiting: Vec<usize> = (0..TURNED_AWAY)
            .map(|_| scene.connect("192.0.2.1"))
            .collect();
        // Whatever the next one speaks, that is not known at once.
        let next = scene.connect("192.0.2.1");
        assert_eq!(scene.heard(next), FULL);
        for (i, &pair) in waiting.iter().enumerate() {
            assert_eq!(scene.heard(pair), "");
            if i == 0 {
                scene.send(pair, LOGIN);
                assert_eq!(goodbye(&scene.heard(pair)).0, "full");
                scene.world.finish(pair);
                scene.rest();
            }
        }
        let next = scene.connect("192.0.2.1");
        assert_eq!(scene.heard(next), "");
        scene.pass(SILENCE);
        assert_eq!(scene.heard(next), FULL);
        assert!(waiting[1..].iter().all(|it| scene.heard(*it) == FULL));
    }

    #[test]
    fn an_address_for_lines_takes_nothing_else() {
        let mut scene = listening(ListenKind::Line);
        let silent = scene.connect("192.0.2.1");
        assert_eq!(scene.heard(silent), PROMPT);
        let name = "it cannot have '{'.\r\n";
        hears(&mut scene, "{}\n", |heard| {
            assert!(heard.starts_with(PROMPT) && heard.contains(name), "{heard}");
        });
        hears(&mut scene, REQUEST, |heard| {
            let refusal = heard.strip_prefix(PROMPT).expect(heard);
            assert!(
                refusal.starts_with("HTTP/1.1 400 Bad Request\r\n"),
                "{heard}"
            );
            assert!(refusal.contains("\r\nConnection: close\r\n"));
            assert!(refusal.ends_with("does not speak HTTP. Connect with telnet or nc.\r\n"));
        });
    }

    #[test]
    fn a_proxy_gets_no_further_at_an_address_for_lines() {
        let mut scene = scene(|config| {
            config.listen[0].kind = ListenKind::Line;
            config.proxy_from = "192.0.2.0/24".parse().expect("networks");
        });
        let field = "\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
        let request = REQUEST.replace("\r\n\r\n", field);
        hears(&mut scene, &request, |heard| {
            assert!(heard.contains("does not speak HTTP"), "{heard}");
        });
    }

    #[test]
    fn an_address_for_tls_takes_nothing_in_plain_text() {
        let mut scene = listening(ListenKind::Tls);
        hears(&mut scene, "ann\n", |heard| {
            assert!(heard.starts_with(TLS_ONLY), "{heard}")
        });
        hears(&mut scene, LOGIN, |heard| {
            assert_eq!(goodbye(heard).0, "protocol")
        });
        hears(&mut scene, REQUEST, |heard| {
            assert!(
                heard.starts_with("HTTP/1.1 426 Upgrade Required\r\n"),
                "{heard}"
            );
            assert!(heard.contains(TLS_ONLY));
        });
        // Nobody is greeted before TLS is set up.
        let silent = scene.connect("192.0.2.1");
        scene.pass(HANDSHAKE_TIMEOUT - SILENCE);
        assert_eq!(scene.heard(silent), "");
        scene.pass(SILENCE);
        assert!(scene.heard(silent).starts_with(TLS_ONLY));
        scene.world.finish(silent);
        scene.rest();
        assert!(scene.world.closed_at(silent).is_some());
        let pair = scene.connect("192.0.2.1");
        let mut client = TlsClient::new(&scene.world, pair, VERSIONS[1], None);
        client.pull();
        client.say(LOGIN);
        exchange(&mut scene, &mut client);
        let heard = client.heard();
        let hello = heard.lines().next().unwrap_or_default();
        assert!(hello.starts_with("{\"event\":\"hello\"") && hello.ends_with("\"tls\":true}"));
        assert!(heard.contains("\"event\":\"welcome\""), "{heard}");
    }
}
