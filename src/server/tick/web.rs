//! Browsers: a request is answered once, with the page or an upgrade to WebSocket, whose messages are objects.

use std::net::SocketAddr;

use bytes::BytesMut;

use crate::chat::Event;
use crate::error::{CloseReason, ProxyFault};
use crate::id::PeerId;
use crate::limits::{HEAD_TIMEOUT, LOGIN_TIMEOUT};
use crate::moment::{Medium, Moment};
use crate::wire::http::{Answer, Page, Refusal, Settings, answer, forwarded_for, is_browser};
use crate::wire::websocket::{self, CloseCode, FrameDecoder, Incoming};
use crate::wire::{Codec, Tongue};

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
        codec: &mut Codec,
        unread: &mut &mut [u8],
    ) -> Decoded {
        let Codec::Http(decoder) = codec else {
            return Decoded::default();
        };
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
        let Some(incoming) = decoder.next(unread, self.longest_object()) else {
            return Decoded::default();
        };
        let mut frame = BytesMut::new();
        match incoming {
            Incoming::Text(text) => self.hear_json(now, peer, text.as_bytes()),
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
