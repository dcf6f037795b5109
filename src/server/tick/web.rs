//! Browsers: a request is answered once, with the page or an upgrade to WebSocket, whose messages are objects.

use std::net::SocketAddr;

use bytes::BytesMut;

use crate::chat::Event;
use crate::error::{CloseReason, ProxyFault};
use crate::id::PeerId;
use crate::limits::{HEAD_TIMEOUT, LOGIN_TIMEOUT};
use crate::moment::{Medium, Moment};
use crate::wire::Tongue;
use crate::wire::http::{
    Answer, HeadDecoder, Page, Refusal, Settings, answer, forwarded_for, is_browser,
};
use crate::wire::websocket::{self, CloseCode, FrameDecoder, Incoming};

use super::Talk;
use super::decode::Decoded;

impl Talk {
    /// A newcomer sends a request. Its head has to come in time.
    pub(super) fn open_for_http(&mut self, now: Moment, peer: PeerId) {
        self.connections.end_opening(peer.slot);
        self.connections
            .await_head(peer, now.instant + HEAD_TIMEOUT);
        self.connections.set_tongue(peer.slot, Tongue::Http);
    }

    /// Gathers the head of a request, and answers it.
    pub(super) fn decode_head(
        &mut self,
        now: Moment,
        peer: PeerId,
        decoder: &mut HeadDecoder,
        unread: &mut &mut [u8],
    ) -> Decoded {
        let before = unread.len();
        let mut input: &[u8] = unread;
        let head = decoder.next(&mut input);
        let used = before - input.len();
        *unread = &mut std::mem::take(unread)[used..];
        let lines = usize::from(head.is_some());
        match head {
            None => {}
            Some(Ok(head)) => self.answer_request(now, peer, &head),
            Some(Err(refusal)) => self.end_http(now, peer, &refusal.response(false)),
        }
        Decoded { lines, ends: false }
    }

    fn answer_request(&mut self, now: Moment, peer: PeerId, head: &[u8]) {
        if self.connections.awaits_header(peer.slot) {
            let source = forwarded_for(head).map(|ip| SocketAddr::new(ip, 0));
            let Some(source) = source else {
                return self.refuse_header(now, peer, ProxyFault::Missing);
            };
            if !self.let_in_through_proxy(now, peer, Some(source)) {
                return;
            }
        }
        if is_browser(head) {
            let ip = self.connections.connection(peer.slot).addr().ip();
            self.browsers.note(ip, now.instant);
        }
        let is_safe = self.is_safe(peer.slot);
        if self.config.is_tls_only() && !is_safe {
            return self.refuse_plain_request(now, peer);
        }
        let page = self.page.as_ref().map(|it| Page {
            html: &it.body,
            etag: &it.etag,
            policy: &it.policy,
        });
        let settings = Settings {
            page,
            origins: &self.config.origins,
        };
        match answer(head, settings) {
            Answer::Close(response) => self.end_http(now, peer, &response),
            Answer::Upgrade(response) => {
                self.connections.set_tongue(peer.slot, Tongue::Frames);
                self.connections.ping_later(peer, now.instant);
                self.fanout.reply_raw(peer.slot, &response);
                self.introduce_program(now, peer, Medium::WebSocket);
            }
        }
    }

    /// A request came in plain text where TLS is needed.
    pub(super) fn refuse_plain_request(&mut self, now: Moment, peer: PeerId) {
        self.end_http(now, peer, &Refusal::TlsOnly.response(false));
    }

    /// Whether a newcomer who has said nothing for a while may be the second connection of a browser.
    pub(super) fn may_be_second(&mut self, now: Moment, peer: PeerId) -> bool {
        let ip = self.connections.connection(peer.slot).addr().ip();
        let silence = self.config.greet_after;
        let accepted = now.instant.checked_sub(silence).unwrap_or(now.instant);
        self.browsers.may_be_one(ip, accepted)
    }

    /// Waits until a silent connection is used, for as long as a person would have to give a name.
    pub(super) fn await_browser(&mut self, now: Moment, peer: PeerId) {
        let time = self.config.login_timeout.unwrap_or(LOGIN_TIMEOUT);
        self.connections.await_head(peer, now.instant + time);
    }

    /// The head of a request did not come in time, or nothing at all came from a browser.
    pub(super) fn refuse_slow_head(&mut self, now: Moment, peer: PeerId) {
        match self.connections.tongue(peer.slot) {
            Tongue::Http => self.end_http(now, peer, &Refusal::TooSlow.response(false)),
            _ => _ = self.connections.doom(peer.slot, CloseReason::LoginTimedOut),
        }
    }

    /// Sends the response to a request, and closes the connection.
    fn end_http(&mut self, now: Moment, peer: PeerId, response: &[u8]) {
        self.connections
            .count_closing(peer.slot, CloseReason::Answered);
        self.respond(now, peer, response);
    }

    /// The same, where the reason for the end is counted already.
    pub(super) fn respond(&mut self, now: Moment, peer: PeerId, response: &[u8]) {
        self.connections.expect_nothing(peer);
        self.fanout.reply_raw(peer.slot, response);
        self.connections.drain(peer.slot, now.instant);
    }

    /// Passes on the next message of a WebSocket, and answers what is about the connection.
    pub(super) fn decode_frame(
        &mut self,
        now: Moment,
        peer: PeerId,
        decoder: &mut FrameDecoder,
        unread: &mut &mut [u8],
    ) -> Decoded {
        let Some(incoming) = decoder.next(unread, self.longest_escaped()) else {
            return Decoded::default();
        };
        let mut frame = BytesMut::new();
        match incoming {
            Incoming::Text(text) => {
                if !self.hear_json(now, peer, text.as_bytes()) {
                    let code = Some(CloseCode::TOO_LONG);
                    self.end_websocket(now, peer, code, CloseReason::BrokeProtocol);
                }
            }
            Incoming::Ping(payload) => websocket::pong(&payload, &mut frame),
            Incoming::Pong(_) => {}
            Incoming::Close(code) => {
                self.end_websocket(now, peer, code, CloseReason::EndOfInput);
            }
            Incoming::Failed(code) => {
                if code == CloseCode::TOO_LONG {
                    self.hear_too_long(now, peer);
                }
                self.end_websocket(now, peer, Some(code), CloseReason::BrokeProtocol);
            }
        }
        if !frame.is_empty() {
            self.fanout.reply_raw(peer.slot, &frame);
        }
        Decoded {
            lines: 1,
            ends: false,
        }
    }

    /// A peer has closed its WebSocket, or broken the rules. Nothing may follow the close frame, so the hub is told first.
    fn end_websocket(
        &mut self,
        now: Moment,
        peer: PeerId,
        code: Option<CloseCode>,
        reason: CloseReason,
    ) {
        self.tell_hub(now, peer, Event::Disconnected(reason));
        self.connections.count_closing(peer.slot, reason);
        self.send_close(peer, code);
        self.connections.drain(peer.slot, now.instant);
    }

    /// The chat is about to close a connection. If it is a WebSocket, it ends with a frame that says so.
    pub(in crate::server) fn close_websocket(&mut self, peer: PeerId, reason: CloseReason) {
        if self.connections.tongue(peer.slot) == Tongue::Frames {
            let code = match reason {
                CloseReason::Quit => CloseCode::NORMAL,
                _ => CloseCode::GOING_AWAY,
            };
            self.send_close(peer, Some(code));
        }
    }

    fn send_close(&mut self, peer: PeerId, code: Option<CloseCode>) {
        let mut frame = BytesMut::new();
        websocket::close(code, "", &mut frame);
        self.fanout.reply_raw(peer.slot, &frame);
    }

    /// The server is shutting down while a request has not come to its end.
    pub(super) fn refuse_request(&mut self, now: Moment, peer: PeerId) {
        self.end_http(now, peer, &Refusal::Full.response(false));
    }

    /// A WebSocket has been silent for a while: asks whether the peer is there, so that no proxy in between takes the
    /// connection for idle.
    pub(super) fn ping(&mut self, now: Moment, peer: PeerId) {
        // Nothing may follow the close frame.
        if !self.connections.is_open(peer.slot) {
            return;
        }
        let mut frame = BytesMut::new();
        websocket::ping(&mut frame);
        self.fanout.reply_raw(peer.slot, &frame);
        self.connections.mark_dirty(peer.slot);
        self.connections.ping_later(peer, now.instant);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::limits::{BROWSER_TIME, HEAD_TIMEOUT, LOGIN_TIMEOUT, PING_INTERVAL, PROXY_TIMEOUT};
    use crate::server::Config;
    use crate::server::simulation::Scene;

    const SILENCE: Duration = Duration::from_millis(300);
    const NEARLY: Duration = Duration::from_millis(1);

    const PROMPT: &str = "Enter your username: ";

    const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const BROWSED: &str =
        "GET /nowhere HTTP/1.1\r\nHost: x\r\nUser-Agent: Mozilla/5.0 (X11)\r\n\r\n";
    const ASKED: &str = "GET /nowhere HTTP/1.1\r\nHost: x\r\nUser-Agent: curl/8\r\n\r\n";

    /// Kinds of frames from the server, each whole.
    const TEXT: u8 = 0x81;
    const CLOSE: u8 = 0x88;
    const PING: u8 = 0x89;

    fn config() -> Config {
        Config {
            greet_after: SILENCE,
            ..Config::default()
        }
    }

    fn scene(change: impl FnOnce(&mut Config)) -> Scene {
        let mut config = config();
        change(&mut config);
        Scene::with(config)
    }

    /// A short message, masked by zeros.
    fn text(object: &str) -> Vec<u8> {
        let length = u8::try_from(object.len()).ok().filter(|it| *it < 126);
        let head = [TEXT, 0x80 | length.expect("a short one"), 0, 0, 0, 0];
        [&head, object.as_bytes()].concat()
    }

    /// The frames that somebody was sent: the kind of each, and its payload.
    fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut frames = Vec::new();
        while let [kind, length, rest @ ..] = bytes {
            let (length, rest) = match length {
                126 => (usize::from(rest[0]) << 8 | usize::from(rest[1]), &rest[2..]),
                _ => (usize::from(*length), rest),
            };
            assert!(length < 1 << 16 && length <= rest.len(), "a cut frame");
            frames.push((*kind, rest[..length].to_vec()));
            bytes = &rest[length..];
        }
        assert!(bytes.is_empty());
        frames
    }

    /// The kinds of these, with the events of objects.
    fn told(frames: &[(u8, Vec<u8>)]) -> Vec<String> {
        let told = frames.iter().map(|(kind, payload)| match *kind {
            TEXT => {
                let object: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
                object["event"].as_str().expect("an event").into()
            }
            CLOSE => format!("closed {}", u16::from_be_bytes([payload[0], payload[1]])),
            PING => "ping".into(),
            other => panic!("a frame of the kind {other}"),
        });
        told.collect()
    }

    /// What somebody is told behind the answer to their request, which is not looked at.
    fn told_behind(heard: &[u8]) -> Vec<String> {
        let end = heard.windows(4).position(|it| it == b"\r\n\r\n");
        told(&frames(&heard[end.expect("a head") + 4..]))
    }

    fn told_now(scene: &Scene, pair: usize) -> Vec<String> {
        told(&frames(&scene.heard_bytes(pair)))
    }

    /// Somebody with a name, over WebSocket.
    fn enter(scene: &mut Scene, name: &str) -> usize {
        let pair = scene.connect("127.0.0.1");
        let login = format!("{{\"op\":\"login\",\"name\":\"{name}\"}}");
        scene.send(pair, [UPGRADE.as_bytes(), &text(&login)].concat());
        let told = told_behind(&scene.heard_bytes(pair));
        assert_eq!(told, ["hello", "welcome"]);
        pair
    }

    #[test]
    fn a_request_and_messages_behind_it_may_be_cut_anywhere() {
        let login = text("{\"op\":\"login\",\"name\":\"ann\"}");
        let quit = text("{\"op\":\"quit\"}");
        let all = [UPGRADE.as_bytes(), &login, &quit].concat();
        for at in 0..all.len() {
            let mut scene = scene(|_| ());
            let pair = scene.connect("127.0.0.1");
            scene.send(pair, &all[..at]);
            scene.send(pair, &all[at..]);
            let told = told_behind(&scene.heard_bytes(pair));
            let expected = ["hello", "welcome", "goodbye", "closed 1000"];
            assert_eq!(told, expected, "cut at {at}");
            assert!(scene.world.fin_at(pair).is_some());
        }
    }

    #[test]
    fn the_second_connection_of_a_browser_is_not_greeted() {
        for (request, is_greeted) in [(BROWSED, false), (ASKED, true)] {
            let mut scene = scene(|_| ());
            let before = scene.connect("192.0.2.1");
            let first = scene.connect("192.0.2.1");
            scene.send(first, request.as_bytes());
            assert!(scene.heard(first).starts_with("HTTP/1.1 404 "));
            scene.pass(SILENCE);
            scene.pass(BROWSER_TIME - SILENCE);
            let soon = scene.connect("192.0.2.1");
            let typed = scene.connect("192.0.2.1");
            let other = scene.connect("192.0.2.2");
            scene.pass(NEARLY);
            let late = scene.connect("192.0.2.1");
            scene.pass(SILENCE - NEARLY);
            let silent = if is_greeted { PROMPT } else { "" };
            for pair in [before, soon, typed] {
                assert_eq!(scene.heard(pair), silent, "{request}");
            }
            assert_eq!(scene.heard(other), PROMPT);
            scene.pass(NEARLY);
            assert_eq!(scene.heard(late), PROMPT);
            // It may still be a person.
            scene.send(typed, b"ann\n");
            let heard = scene.heard(typed);
            assert!(heard.contains("Welcome to the chat!"), "{heard}");
            assert_eq!(heard.starts_with(PROMPT), !is_greeted);
        }
    }

    #[test]
    fn what_is_silent_beside_a_browser_is_dropped_in_silence() {
        let mut scene = scene(|_| ());
        let first = scene.connect("127.0.0.1");
        scene.send(first, BROWSED.as_bytes());
        scene.world.finish(first);
        let second = scene.connect("127.0.0.1");
        scene.pass(SILENCE);
        scene.pass(LOGIN_TIMEOUT - NEARLY);
        assert_eq!(scene.server.talk.connections.len(), 1);
        scene.pass(NEARLY);
        assert_eq!(scene.heard(second), "");
        assert_eq!(scene.server.talk.connections.len(), 0);
        scene.server.talk.check_figures();
    }

    #[test]
    fn a_websocket_is_pinged_every_half_minute() {
        let mut scene = scene(|_| ());
        let ann = enter(&mut scene, "ann");
        for _ in 0..3 {
            scene.pass(PING_INTERVAL - NEARLY);
            assert_eq!(told_now(&scene, ann), [""; 0]);
            scene.pass(NEARLY);
            assert_eq!(told_now(&scene, ann), ["ping"]);
        }
    }

    #[test]
    fn no_ping_follows_the_close_frame_while_that_waits() {
        let mut scene = Scene::taking(10, config());
        let ann = scene.connect("127.0.0.1");
        scene.send(ann, UPGRADE.as_bytes());
        scene.pass(PING_INTERVAL - NEARLY);
        scene.send(ann, text("{\"op\":\"quit\"}"));
        scene.pass(NEARLY);
        let mut heard = Vec::new();
        while scene.world.fin_at(ann).is_none() || scene.world.has_unread(ann) {
            heard.extend(scene.heard_bytes(ann));
            scene.rest();
        }
        heard.extend(scene.heard_bytes(ann));
        assert_eq!(told_behind(&heard), ["hello", "goodbye", "closed 1000"]);
    }

    #[test]
    fn nothing_follows_the_close_frame_in_the_same_tick() {
        let mut scene = scene(|_| ());
        let pairs = ["ann", "bob", "cleo"].map(|it| enter(&mut scene, it));
        pairs.iter().for_each(|it| drop(scene.heard_bytes(*it)));
        let [ann, bob, cleo] = pairs;
        let say = text("{\"op\":\"say\",\"text\":\"hi\"}");
        for (pair, last) in [
            (bob, &say),
            (ann, &text("{\"op\":\"quit\"}")),
            (cleo, &vec![0x88, 0x80, 0, 0, 0, 0]),
        ] {
            assert_eq!(scene.world.send(pair, last), last.len());
        }
        scene.rest();
        for pair in [ann, cleo] {
            let told = frames(&scene.heard_bytes(pair));
            let closing = told.iter().position(|it| it.0 == CLOSE);
            assert_eq!(closing, Some(told.len() - 1));
        }
        // The seat of a program that only closed its WebSocket is kept.
        assert_eq!(told_now(&scene, bob), ["said", "left"]);
        scene.server.handle().shutdown();
        while scene.server.tick().is_ok_and(|it| it.is_continue()) {}
        assert_eq!(told_now(&scene, bob), ["goodbye", "closed 1001"]);
    }

    #[test]
    fn a_request_is_refused_in_http_whatever_is_wrong() {
        let behind = |config: &mut Config| {
            config.proxy_from = "10.0.0.0/8".parse().expect("networks");
            config.max_per_ip = Some(1);
        };
        let header = "PROXY TCP4 192.0.2.1 192.0.2.2 5000 8080\r\n";
        let headed = [header, ASKED].concat();
        let field = ASKED.replace("\r\n\r\n", "\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
        for (request, status) in [
            (ASKED, "400 Bad Request"),
            (UPGRADE, "400 Bad Request"),
            (&headed, "503 Service Unavailable"),
            (&field, "503 Service Unavailable"),
        ] {
            for at in 0..request.len() {
                let mut scene = scene(behind);
                scene.connect("192.0.2.1");
                let pair = scene.connect("10.0.0.1");
                scene.send(pair, &request.as_bytes()[..at]);
                scene.send(pair, &request.as_bytes()[at..]);
                is_refused(&scene, pair, status);
                scene.server.talk.check_figures();
            }
        }
        for (host, time) in [("192.0.2.1", HEAD_TIMEOUT), ("10.0.0.1", PROXY_TIMEOUT)] {
            let mut scene = scene(behind);
            let pair = scene.connect(host);
            scene.send(pair, b"GET / HTTP/1.1\r\nHost: x\r\n");
            scene.pass(time);
            is_refused(&scene, pair, "408 Request Timeout");
        }
    }

    fn is_refused(scene: &Scene, pair: usize, status: &str) {
        let heard = scene.heard(pair);
        assert!(
            heard.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{heard}"
        );
        assert!(heard.contains("\r\nConnection: close\r\n"), "{heard}");
        assert!(scene.world.fin_at(pair).is_some());
    }
}
