//! Newcomers: their protocol, by their first bytes, and the moment at which the chat hears of them.

use std::time::Duration;

use crate::chat::Event;
use crate::error::{CloseReason, Protocol};
use crate::id::{PeerId, Slot};
use crate::message::{AboutConnection, Message, Told};
#[cfg(feature = "machine")]
use crate::moment::Medium;
use crate::moment::{Format, Moment};
#[cfg(feature = "machine")]
use crate::wire::Tongue;
#[cfg(feature = "web")]
use crate::wire::http::Refusal;
use crate::wire::{Codec, Decoder, Opening, blank_lines, is_blank_line, opening};

use super::Talk;
use crate::server::ListenKind;

impl Talk {
    /// A newcomer may speak: greets them, at once or after some silence.
    pub(super) fn begin_opening(&mut self, now: Moment, peer: PeerId) {
        match (self.connections.kind(peer.slot), self.config.greet_after) {
            (ListenKind::Tls, _) => self.connections.await_handshake(peer, now.instant),
            (ListenKind::Line, _) | (ListenKind::Auto, Duration::ZERO) => {
                self.introduce(now, peer, Format::default());
            }
            (ListenKind::Auto, silence) => {
                self.connections.greet_at(peer, now.instant + silence);
            }
        }
    }

    /// A newcomer has been silent for a while, or has only pressed Enter to see whether anyone is there. Nobody greets what
    /// may be the second connection of a browser.
    pub(super) fn greet(&mut self, now: Moment, peer: PeerId) {
        #[cfg(feature = "web")]
        if self.may_be_second(now, peer) {
            return self.await_browser(now, peer);
        }
        let mut first = self.connections.first_bytes(peer.slot, &[]);
        first.drain(..blank_lines(&first));
        self.connections.keep_first_bytes(peer.slot, &first);
        self.introduce(now, peer, Format::default());
    }

    /// Takes bytes of a peer whose protocol is not known. Once it is known, and is one that is spoken here, returns all
    /// bytes so far.
    pub(super) fn open(&mut self, now: Moment, peer: PeerId, bytes: &[u8]) -> Option<Vec<u8>> {
        let slot = peer.slot;
        let mut first = self.connections.first_bytes(slot, bytes);
        if self.connections.awaits_header(slot) {
            first = self.take_header(now, peer, first)?;
        }
        let opening = opening(&first);
        let is_blank = is_blank_line(&first);
        if opening == Opening::Undecided && !is_blank {
            self.connections.keep_first_bytes(slot, &first);
            return None;
        }
        if let Opening::Foreign(protocol) = opening {
            return self.open_for_stranger(now, peer, protocol, first);
        }
        let kind = self.connections.kind(slot);
        if kind == ListenKind::Tls && !self.connections.connection(slot).is_tls() {
            #[cfg(feature = "machine")]
            self.answer_in_kind(slot, &first);
            self.refuse_plain(now, peer);
            return None;
        }
        #[cfg(feature = "machine")]
        if opening == Opening::Objects && kind != ListenKind::Line {
            self.connections.end_opening(slot);
            self.connections.set_tongue(slot, Tongue::Objects);
            self.introduce_program(now, peer, Medium::Json);
            return self.connections.is_open(slot).then_some(first);
        }
        if !self.connections.is_introduced(slot) {
            if is_blank {
                self.introduce(now, peer, Format::default());
                return None;
            }
            first.drain(..blank_lines(&first));
        }
        self.open_for_lines(now, peer).then_some(first)
    }

    /// A peer speaks another protocol than people do. Returns its bytes so far if that is one that is spoken here.
    fn open_for_stranger(
        &mut self,
        now: Moment,
        peer: PeerId,
        protocol: Protocol,
        first: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let slot = peer.slot;
        let kind = self.connections.kind(slot);
        let must_be_tls = kind == ListenKind::Tls && !self.connections.connection(slot).is_tls();
        if let Some(why) = self.connections.refusal(slot) {
            self.refuse_stranger(now, peer, protocol, why);
        } else if protocol == Protocol::Tls && self.may_speak_tls(slot) {
            self.start_tls(now, peer, first);
        } else if must_be_tls {
            #[cfg(feature = "web")]
            if protocol == Protocol::Http {
                self.refuse_plain_request(now, peer);
                return None;
            }
            self.refuse_plain(now, peer);
        } else {
            #[cfg(feature = "web")]
            if protocol == Protocol::Http
                && kind != ListenKind::Line
                && !self.connections.is_introduced(slot)
            {
                self.open_for_http(now, peer);
                return Some(first[blank_lines(&first)..].to_vec());
            }
            self.connections.end_opening(slot);
            self.turn_stranger_away(now, peer, protocol);
        }
        None
    }

    /// Whether a newcomer whose first bytes are those of TLS may go on so. Behind a greeting it is too late.
    fn may_speak_tls(&mut self, slot: Slot) -> bool {
        let is_plain = !self.connections.connection(slot).is_tls();
        let is_line = self.connections.kind(slot) == ListenKind::Line;
        self.identity.is_some() && is_plain && !is_line && !self.connections.is_introduced(slot)
    }

    fn start_tls(&mut self, now: Moment, peer: PeerId, first: Vec<u8>) {
        if let Some(identity) = &self.identity {
            self.connections
                .start_tls(peer.slot, identity, first, now.instant);
        }
    }

    /// TLS is set up with a newcomer. What it speaks inside is to be seen, as it was before.
    pub(super) fn go_on_in_tls(&mut self, now: Moment, slot: Slot) {
        let peer = self.connections.id(slot);
        let silence = self.config.greet_after;
        self.connections.greet_at(peer, now.instant + silence);
    }

    /// No byte follows the first ones of a peer, so it speaks lines, or is nobody. Returns the decoder, with what is left of
    /// these, unless the peer is turned away.
    pub(super) fn open_at_end(&mut self, now: Moment, peer: PeerId) -> Option<Codec> {
        let mut first = self.connections.first_bytes(peer.slot, &[]);
        if !self.connections.is_introduced(peer.slot) {
            first.drain(..blank_lines(&first));
        }
        if self.is_nobody(now, peer, &first) {
            return None;
        }
        // A stranger may send no more than a request line.
        if let Opening::Foreign(protocol) = opening(&[&first, &b"\n"[..]].concat()) {
            self.open_for_stranger(now, peer, protocol, Vec::new());
            return None;
        }
        if !self.open_for_lines(now, peer) {
            return None;
        }
        let mut decoder = Decoder::default();
        decoder.begin_stream();
        self.decode_line(now, peer, &mut decoder, &first);
        Some(Codec::Lines(decoder))
    }

    /// A peer speaks lines. Returns whether it is heard.
    fn open_for_lines(&mut self, now: Moment, peer: PeerId) -> bool {
        self.connections.end_opening(peer.slot);
        if !self.connections.is_introduced(peer.slot) {
            self.introduce(now, peer, Format::default());
        }
        self.connections.is_introduced(peer.slot)
    }

    /// Tells the chat of a newcomer, whom it then greets. Before that the chat does not know of them. Those who ought to
    /// have come by TLS are told so instead.
    pub(super) fn introduce(&mut self, now: Moment, peer: PeerId, format: Format) {
        let addr = self.connections.connection(peer.slot).addr();
        self.fanout.introduce(peer.slot, format);
        if let Some(why) = self.connections.refusal(peer.slot) {
            return self.dismiss_refused(now, peer, why);
        }
        if self.config.is_tls_only() && !self.is_safe(peer.slot) {
            return self.refuse_plain(now, peer);
        }
        self.connections.introduce(peer);
        #[cfg(feature = "machine")]
        if format.is_for_programs() {
            self.say_hello(now, peer);
        }
        let is_tls = self.connections.connection(peer.slot).is_tls();
        let connected = Event::Connected {
            addr,
            is_tls,
            format,
        };
        self.tell_hub(now, peer, connected);
    }

    /// TLS was not set up in time. A newcomer who has not even begun may be a person who does not know.
    pub(super) fn give_up_handshake(&mut self, now: Moment, peer: PeerId) {
        if self.connections.connection(peer.slot).is_tls() {
            self.connections.doom(peer.slot, CloseReason::TlsTimedOut);
        } else {
            self.refuse_plain(now, peer);
        }
    }

    /// Tells a newcomer who came in plain text that TLS is needed.
    fn refuse_plain(&mut self, now: Moment, peer: PeerId) {
        let addr = self.connections.connection(peer.slot).addr();
        let reason = CloseReason::NoTls;
        log::info!("{addr} turned away: {reason}");
        self.connections.count_closing(peer.slot, reason);
        self.dismiss_newcomer(now, peer, &AboutConnection::TlsOnly.into());
    }

    /// Whether nobody on the way can read what a peer sends.
    pub(super) fn is_safe(&mut self, slot: Slot) -> bool {
        let connection = self.connections.connection(slot);
        connection.is_tls() || connection.is_local()
    }

    /// Closes the connection of a client of another protocol that could not come in anyway. A browser is told why.
    fn refuse_stranger(&mut self, now: Moment, peer: PeerId, protocol: Protocol, why: CloseReason) {
        self.figures.refused.count(why);
        self.connections.expect_nothing(peer);
        #[cfg(feature = "web")]
        if protocol == Protocol::Http {
            let refusal = match why {
                CloseReason::TooManyFromAddress => Refusal::TooManyFromAddress,
                _ => Refusal::Full,
            };
            let response = refusal.response(false);
            self.fanout.reply_raw(peer.slot, &response);
        }
        log::debug!("a client that speaks {protocol} is told that: {why}");
        self.connections.drain(peer.slot, now.instant);
    }

    /// Tells a client of another protocol what this server is, in words of that protocol where it has some, and closes
    /// the connection.
    fn turn_stranger_away(&mut self, now: Moment, peer: PeerId, protocol: Protocol) {
        if self.connections.is_introduced(peer.slot) {
            return self.tell_hub(now, peer, Event::WrongProtocol(protocol));
        }
        let addr = self.connections.connection(peer.slot).addr();
        let reason = CloseReason::WrongProtocol(protocol);
        log::info!("{addr} turned away: {reason}");
        self.connections.count_closing(peer.slot, reason);
        self.dismiss_newcomer(now, peer, &AboutConnection::WrongProtocol(protocol).into());
    }

    /// The server is shutting down: newcomers whom the chat does not know are told so too.
    pub(super) fn shut_the_door(&mut self, now: Moment) {
        for slot in self.connections.not_introduced() {
            let peer = self.connections.id(slot);
            if let Some(why) = self.connections.refusal(slot) {
                self.dismiss_refused(now, peer, why);
                continue;
            }
            match self.connections.connection(slot).handshake() {
                #[cfg(feature = "web")]
                None if self.connections.tongue(slot) == Tongue::Http => {
                    self.refuse_request(now, peer)
                }
                None => {
                    self.connections.count_closing(slot, CloseReason::Shutdown);
                    self.dismiss_newcomer(now, peer, &AboutConnection::ShuttingDown.into());
                }
                Some(_) => _ = self.connections.doom(slot, CloseReason::Shutdown),
            }
        }
    }

    /// Tells a newcomer something, and closes the connection like any other, so that they can read it whatever they send
    /// meanwhile.
    pub(super) fn dismiss_newcomer(&mut self, now: Moment, peer: PeerId, why: &Message) {
        self.connections.expect_nothing(peer);
        let told = Told::new(why, now.unix);
        self.fanout.reply(peer.slot, &told);
        self.connections.drain(peer.slot, now.instant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::limits::HEAD_TIMEOUT;
    use crate::server::Config;
    use crate::server::simulation::Scene;

    const SILENCE: Duration = Duration::from_millis(300);

    const PROMPT: &str = "Enter your username: ";

    const NOT_HTTP: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
        This is a chat server and does not speak HTTP. Connect with telnet or nc.\r\n";

    fn scene(greet_after: Duration) -> Scene {
        Scene::with(Config {
            greet_after,
            anonymous: false,
            ..Config::default()
        })
    }

    #[test]
    fn silence_is_that_of_a_person() {
        let mut scene = scene(SILENCE);
        let ann = scene.connect("127.0.0.1");
        scene.pass(SILENCE - Duration::from_nanos(1));
        assert_eq!(scene.heard(ann), "");
        scene.pass(Duration::from_nanos(1));
        assert_eq!(scene.heard(ann), PROMPT);
        scene.say(ann, "ann\n");
        scene.rest();
        assert!(scene.heard(ann).starts_with("Welcome to the chat!\r\n"));
        scene.pass(SILENCE);
        assert_eq!(scene.heard(ann), "");
    }

    #[test]
    fn a_person_who_speaks_first_is_greeted_at_once() {
        for greet_after in [SILENCE, Duration::ZERO] {
            let mut scene = scene(greet_after);
            let ann = scene.connect("127.0.0.1");
            for part in ["G", "ET", " well\n", "ann"] {
                scene.say(ann, part);
                scene.rest();
            }
            scene.world.finish(ann);
            scene.rest();
            let heard = scene.heard(ann);
            let refused = "it cannot have a space.\r\nEnter your username: Welcome to the chat!";
            assert!(
                heard.starts_with(PROMPT) && heard.contains(refused),
                "{heard}"
            );
        }
    }

    #[test]
    fn a_stranger_is_no_person_however_its_bytes_come() {
        let request = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
        let not_found = "HTTP/1.1 404 Not Found\r\n".to_string();
        let greeted = format!("{PROMPT}{NOT_HTTP}");
        for (greet_after, answer) in [(SILENCE, not_found), (Duration::ZERO, greeted)] {
            for at in 0..request.len() {
                let mut scene = scene(greet_after);
                let stranger = scene.connect("127.0.0.1");
                scene.say(stranger, &request[..at]);
                scene.rest();
                scene.say(stranger, &request[at..]);
                scene.rest();
                let heard = scene.heard(stranger);
                assert!(heard.starts_with(&answer), "cut at {at}: {heard}");
                assert!(scene.world.fin_at(stranger).is_some());
            }
        }
    }

    #[test]
    fn a_stranger_who_lingers_is_never_greeted() {
        let mut scene = Scene::with(Config {
            greet_after: SILENCE,
            anonymous: true,
            ..Config::default()
        });
        let stranger = scene.connect("127.0.0.1");
        scene.say(stranger, "GET / HTTP/1.1\r\n");
        scene.rest();
        scene.pass(SILENCE);
        assert_eq!(scene.heard(stranger), "");
        scene.pass(HEAD_TIMEOUT);
        let too_slow = "HTTP/1.1 408 Request Timeout\r\n";
        assert!(scene.heard(stranger).starts_with(too_slow));
        assert_eq!(scene.server.talk.hub.online(), 0);
    }

    #[test]
    fn a_slow_stranger_is_known_behind_the_greeting() {
        let mut scene = scene(SILENCE);
        let stranger = scene.connect("127.0.0.1");
        scene.say(stranger, "GET / HT");
        scene.pass(SILENCE);
        assert_eq!(scene.heard(stranger), PROMPT);
        scene.say(stranger, "TP/1.1\r\n\r\n");
        scene.rest();
        assert_eq!(scene.heard(stranger), NOT_HTTP);
        assert_eq!(scene.server.talk.hub.online(), 0);
    }

    #[test]
    fn what_ends_early_is_what_a_person_said() {
        for (said, heard) in [
            ("", PROMPT),
            ("\r\n", PROMPT),
            ("GET", "Enter your username: Welcome to the chat!"),
        ] {
            let mut scene = scene(SILENCE);
            let ann = scene.connect("127.0.0.1");
            scene.say(ann, said);
            scene.rest();
            scene.world.finish(ann);
            scene.rest();
            assert!(scene.heard(ann).starts_with(heard), "{said:?}");
            assert_eq!(scene.server.talk.connections.len(), 0);
        }
    }

    #[test]
    fn newcomers_leave_nothing_behind_and_hear_of_a_shutdown() {
        let mut scene = scene(SILENCE);
        let [gone, _] = [scene.connect("127.0.0.1"), scene.connect("127.0.0.1")];
        scene.say(gone, "GE");
        scene.rest();
        scene.world.reset(gone);
        scene.rest();
        assert_eq!(scene.server.talk.connections.len(), 1);
        let left = scene.connect("127.0.0.1");
        scene.server.handle().shutdown();
        while scene
            .server
            .tick()
            .expect("nothing goes wrong")
            .is_continue()
        {}
        let goodbye = "Server is shutting down. Goodbye!\r\n";
        assert_eq!(scene.heard(left), goodbye);
        scene.server.talk.check_figures();
    }
}
