//! The header of a proxy, before anything else that comes from the proxy's address: it tells on whose behalf the proxy
//! connects.

use std::net::SocketAddr;

#[cfg(feature = "web")]
use crate::error::Protocol;
use crate::error::{CloseReason, ProxyFault};
use crate::id::PeerId;
use crate::limits::TURNED_AWAY;
use crate::message::{AboutConnection, Message};
use crate::moment::Moment;
#[cfg(feature = "web")]
use crate::wire::http::Refusal;
use crate::wire::proxy_header;
#[cfg(feature = "web")]
use crate::wire::{Opening, Tongue, is_blank_line, opening};

use super::Talk;

impl Talk {
    /// Looks for the header in all bytes that a proxy has sent so far. Once it is whole, and the peer is let in, returns
    /// the bytes behind it.
    pub(super) fn take_header(
        &mut self,
        now: Moment,
        peer: PeerId,
        mut first: Vec<u8>,
    ) -> Option<Vec<u8>> {
        match proxy_header(&first) {
            Ok(Some(header)) => {
                let behind = first.split_off(header.bytes);
                let is_let_in = self.let_in_through_proxy(now, peer, header.source);
                is_let_in.then_some(behind)
            }
            Ok(None) => {
                self.connections.keep_first_bytes(peer.slot, &first);
                None
            }
            // A request tells later for whom it is.
            #[cfg(feature = "web")]
            Err(ProxyFault::Missing) if may_be_http(&first) => Some(first),
            Err(fault) => {
                #[cfg(feature = "machine")]
                self.answer_in_kind(peer.slot, &first);
                self.refuse_header(now, peer, fault);
                None
            }
        }
    }

    /// A peer has ended its input behind these first bytes. Returns whether nobody stands behind it: a proxy sent no whole
    /// header, or only looked whether the server is alive, as many do every few seconds.
    pub(super) fn is_nobody(&mut self, now: Moment, peer: PeerId, first: &[u8]) -> bool {
        let slot = peer.slot;
        if self.connections.is_introduced(slot) || self.connections.has_own_address(slot) {
            return false;
        }
        if first.is_empty() {
            let addr = self.connections.connection(slot).addr();
            log::debug!("{addr} closed the connection without a word");
            self.connections.end_header(peer);
            return true;
        }
        let is_cut = self.connections.awaits_header(slot);
        if is_cut {
            self.refuse_header(now, peer, ProxyFault::Broken);
        }
        is_cut
    }

    /// Turns away a peer that came from a proxy's address without a valid header.
    pub(super) fn refuse_header(&mut self, now: Moment, peer: PeerId, fault: ProxyFault) {
        let about = AboutConnection::NoProxyHeader(fault);
        self.refuse_proxied(now, peer, CloseReason::NoProxyHeader(fault), &about.into());
    }

    /// A proxy has told who connects through it. Lets them in, as if they had connected just now from that address.
    /// Returns whether they are let in. If the proxy does not know who it is, or connects for itself, the address stays
    /// that of the proxy, and does not count.
    pub(super) fn let_in_through_proxy(
        &mut self,
        now: Moment,
        peer: PeerId,
        source: Option<SocketAddr>,
    ) -> bool {
        let proxy = self.connections.connection(peer.slot).addr();
        self.connections.end_header(peer);
        if let Some(addr) = source {
            log::debug!("{addr} connected through {proxy}");
            self.connections.set_source(peer.slot, addr);
            if self.connections.has_all_of(addr.ip()) {
                return self.turn_away_proxied(now, peer);
            }
        }
        let is_limited = self.is_limited(source.unwrap_or(proxy).ip());
        self.connections
            .count_proxied(peer.slot, source, is_limited);
        if self.connections.is_opening(peer.slot) {
            self.begin_opening(now, peer);
        }
        true
    }

    /// The address that connected to the proxy holds as many connections as it may. Waits for what the peer speaks, if
    /// that is not known and there is a place for that, so that they can be told in it. Returns whether it waits.
    fn turn_away_proxied(&mut self, now: Moment, peer: PeerId) -> bool {
        let reason = CloseReason::TooManyFromAddress;
        let is_opening = self.connections.is_opening(peer.slot);
        if !is_opening || self.connections.turned_away() >= TURNED_AWAY {
            let about = AboutConnection::TooManyFromAddress;
            self.refuse_proxied(now, peer, reason, &about.into());
            return false;
        }
        let addr = self.connections.connection(peer.slot).addr();
        log::info!("{addr} turned away: {reason}");
        self.connections.turn_away(peer.slot, reason);
        self.begin_opening(now, peer);
        self.connections.is_open(peer.slot)
    }

    fn refuse_proxied(&mut self, now: Moment, peer: PeerId, reason: CloseReason, why: &Message) {
        let addr = self.connections.connection(peer.slot).addr();
        log::info!("{addr} turned away: {reason}");
        if self.connections.can_wait(peer.slot) {
            self.figures.refused.count(reason);
        }
        #[cfg(feature = "web")]
        if self.connections.tongue(peer.slot) == Tongue::Http {
            let refusal = match reason {
                CloseReason::TooManyFromAddress => Refusal::TooManyFromAddress,
                CloseReason::NoProxyHeader(ProxyFault::Late) => Refusal::TooSlow,
                _ => Refusal::Unknown,
            };
            return self.respond(now, peer, &refusal.response(false));
        }
        self.dismiss_newcomer(now, peer, why);
    }
}

/// Whether these bytes are a request, or the beginning of one.
#[cfg(feature = "web")]
fn may_be_http(first: &[u8]) -> bool {
    match opening(first) {
        Opening::Undecided => !is_blank_line(first),
        opening => opening == Opening::Foreign(Protocol::Http),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::limits::{PROXY_TIMEOUT, STALL_CHECK};
    use crate::rate::Rate;
    use crate::server::Config;
    use crate::server::simulation::Scene;

    const SILENCE: Duration = Duration::from_millis(300);

    const PROMPT: &str = "Enter your username: ";

    const MISSING: &str = "From your address a PROXY header must come first. Goodbye!\r\n";
    const LATE: &str =
        "From your address a PROXY header must come first, and none came in time. Goodbye!\r\n";
    const BROKEN: &str = "The PROXY header from your address is not valid. Goodbye!\r\n";
    const TOO_MANY: &str = "Too many connections from your address. Close one and try again.\r\n";

    /// From 192.0.2.1:5000, in either version.
    const HEADERS: [&[u8]; 2] = [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 5000 8080\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\x13\x88\x1f\x90",
    ];
    /// The proxy connects for itself, or for somebody whom it does not know.
    const NAMELESS: [&[u8]; 2] = [b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", b"PROXY UNKNOWN\r\n"];

    fn header(host: &str) -> Vec<u8> {
        format!("PROXY TCP4 {host} 192.0.2.2 5000 8080\r\n").into()
    }

    /// A server behind a proxy at 10.0.0.0/8 or on the same machine.
    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config {
            greet_after: SILENCE,
            proxy_from: "10.0.0.0/8, 127.0.0.1".parse().expect("networks"),
            ..Config::default()
        };
        change(&mut config);
        config
    }

    fn scene(change: impl FnOnce(&mut Config)) -> Scene {
        Scene::with(config(change))
    }

    /// Somebody at this address comes in through the proxy, without a login.
    fn come(scene: &mut Scene, header: &[u8]) -> (usize, String) {
        let pair = scene.connect("10.0.0.1");
        scene.send(pair, [header, b"\n"].concat());
        let heard = scene.heard(pair);
        (pair, heard)
    }

    #[test]
    fn the_greeting_comes_after_the_silence_behind_the_header() {
        for header in HEADERS.into_iter().chain(NAMELESS) {
            let mut scene = scene(|_| ());
            let ann = scene.connect("10.0.0.1");
            scene.pass(Duration::from_secs(2));
            scene.send(ann, header);
            scene.pass(SILENCE - Duration::from_nanos(1));
            assert_eq!(scene.heard(ann), "");
            scene.pass(Duration::from_nanos(1));
            assert_eq!(scene.heard(ann), PROMPT);
            scene.pass(PROXY_TIMEOUT);
            assert_eq!(scene.heard(ann), "");
        }
    }

    #[test]
    fn a_header_may_be_cut_anywhere_and_the_first_line_with_it() {
        for header in HEADERS {
            let said = [header, b"ann\nhi\n"].concat();
            for at in 0..=said.len() {
                for silence in [SILENCE, Duration::ZERO] {
                    let mut scene = scene(|config| config.greet_after = silence);
                    let ann = scene.connect("10.0.0.1");
                    scene.send(ann, &said[..at]);
                    scene.send(ann, &said[at..]);
                    let heard = scene.heard(ann);
                    let greeting = format!("{PROMPT}Welcome to the chat!\r\n");
                    assert!(heard.starts_with(&greeting), "cut at {at}: {heard}");
                    assert_eq!(scene.server.talk.stats.said, 1);
                }
            }
        }
    }

    #[test]
    fn behind_the_header_a_stranger_is_known_as_anywhere() {
        for behind in [&b"GET / HTTP/1.1\r\n\r\n"[..], HEADERS[0], HEADERS[1]] {
            let mut scene = scene(|_| ());
            let stranger = scene.connect("10.0.0.1");
            scene.send(stranger, [HEADERS[1], behind].concat());
            let heard = scene.heard(stranger);
            let sentence = match behind.starts_with(b"GET") {
                true => "HTTP/1.1 400 Bad Request\r\n",
                false => "This is a chat server and does not speak ",
            };
            assert!(heard.starts_with(sentence), "{heard}");
            assert_eq!(scene.server.talk.hub.online(), 0);
        }
    }

    #[test]
    fn elsewhere_a_header_is_that_of_a_stranger() {
        for header in HEADERS {
            let mut scene = scene(|config| config.anonymous = true);
            let stranger = scene.connect("192.0.2.9");
            scene.send(stranger, header);
            let sentence = "This is a chat server and does not speak the PROXY protocol. \
                 Connect with telnet or nc.\r\n";
            assert_eq!(scene.heard(stranger), sentence);
            // The silence after which people are greeted is that of a person.
            scene.pass(SILENCE);
            assert_eq!(scene.server.talk.hub.online(), 0);
        }
    }

    #[test]
    fn without_a_valid_header_nobody_comes_in() {
        for (said, told) in [
            (&b"ann\n"[..], MISSING),
            (b"PROXY TCP4 192.0.2.1\r\nann\n", BROKEN),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x02\x09", BROKEN),
        ] {
            for at in 0..said.len() {
                let mut scene = scene(|config| config.anonymous = true);
                let pair = scene.connect("10.0.0.1");
                scene.send(pair, &said[..at]);
                scene.send(pair, &said[at..]);
                assert_eq!(scene.heard(pair), told, "{said:?} cut at {at}");
                // Nothing is due any more.
                scene.pass(PROXY_TIMEOUT);
                assert_eq!(scene.heard(pair), "");
                assert_eq!(scene.server.talk.stats.online, 0);
            }
        }
    }

    #[test]
    fn a_header_has_three_seconds_whatever_comes_meanwhile() {
        for said in [&b""[..], b"PROXY TCP4 192.0.2.1 ", &HEADERS[1][..20]] {
            let mut scene = scene(|_| ());
            let pair = scene.connect("10.0.0.1");
            scene.pass(PROXY_TIMEOUT - Duration::from_nanos(1));
            scene.send(pair, said);
            assert_eq!(scene.heard(pair), "");
            scene.pass(Duration::from_nanos(1));
            assert_eq!(scene.heard(pair), LATE);
            scene.world.finish(pair);
            scene.rest();
            assert_eq!(scene.server.talk.connections.len(), 0);
        }
    }

    #[test]
    fn an_end_before_the_header_or_right_behind_it_is_nobody() {
        let cut = &HEADERS[0][..20];
        for (said, told) in [
            (&b""[..], ""),
            (cut, BROKEN),
            (NAMELESS[0], ""),
            (NAMELESS[1], ""),
        ] {
            let mut scene = scene(|config| config.anonymous = true);
            let bob = scene.connect("192.0.2.9");
            scene.pass(SILENCE);
            scene.heard(bob);
            let pair = scene.connect("10.0.0.1");
            scene.send(pair, said);
            scene.world.finish(pair);
            scene.rest();
            scene.pass(PROXY_TIMEOUT);
            assert_eq!(scene.heard(pair), told, "{said:?}");
            assert_eq!(scene.heard(bob), "");
            assert_eq!(scene.server.talk.connections.len(), 1);
        }
    }

    #[test]
    fn connections_count_for_the_address_behind_the_proxy() {
        let mut scene = scene(|config| {
            config.anonymous = true;
            config.max_per_ip = Some(1);
        });
        let (ann, heard) = come(&mut scene, &header("192.0.2.1"));
        assert!(
            heard.contains("192.0.2.1:5000 has joined the chat."),
            "{heard}"
        );
        assert_eq!(come(&mut scene, &header("192.0.2.1")).1, TOO_MANY);
        // By whatever way they come.
        let direct = scene.connect("192.0.2.1");
        scene.pass(SILENCE);
        assert_eq!(scene.heard(direct), TOO_MANY);
        // Somebody at the proxy itself keeps nobody else out.
        come(&mut scene, &header("10.0.0.1"));
        let (_, heard) = come(&mut scene, &header("192.0.2.3"));
        assert!(heard.starts_with("Welcome to the chat!"), "{heard}");
        // Whom the proxy does not know is known by its address, for which nobody counts.
        for (i, header) in [NAMELESS, NAMELESS].concat().iter().enumerate() {
            let (_, heard) = come(&mut scene, header);
            let number = match i {
                0 => String::new(),
                _ => format!("-{}", i + 1),
            };
            let joined = format!("10.0.0.1:1024{number} has joined the chat.");
            assert!(heard.contains(&joined), "{heard}");
        }
        scene.world.finish(ann);
        scene.rest();
        let (_, heard) = come(&mut scene, &header("192.0.2.1"));
        assert!(heard.starts_with("Welcome to the chat!"), "{heard}");
    }

    #[test]
    fn a_connection_without_a_header_yet_takes_a_place() {
        let mut scene = scene(|config| config.max_clients = 1);
        let ann = scene.connect("10.0.0.1");
        let bob = scene.connect("10.0.0.1");
        scene.send(bob, b"bob\n");
        assert_eq!(scene.heard(bob), "Server is full. Try again later.\r\n");
        scene.send(ann, HEADERS[0]);
        scene.pass(SILENCE);
        assert_eq!(scene.heard(ann), PROMPT);
    }

    #[test]
    fn an_ipv6_address_in_the_header_counts_as_its_network() {
        let mut scene = scene(|config| {
            config.anonymous = true;
            config.max_per_ip = Some(1);
        });
        let (_, heard) = come(&mut scene, b"PROXY TCP6 2001:db8::1 ::1 5000 8080\r\n");
        assert!(heard.contains("[2001:db8::1]:5000 has joined"), "{heard}");
        let (_, heard) = come(&mut scene, b"PROXY TCP6 2001:db8::2 ::1 5000 8080\r\n");
        assert_eq!(heard, TOO_MANY);
    }

    /// Whether somebody who sends 20 lines at once at a rate of 2 is slowed down.
    fn is_slowed_down(proxy: &str, header: &[u8]) -> bool {
        let mut scene = scene(|config| {
            config.anonymous = true;
            config.rate = Rate::new(1, 2);
        });
        let pair = scene.connect(proxy);
        scene.send(pair, [header, &b"/users\n".repeat(20)].concat());
        scene.heard(pair).contains("You are sending too fast")
    }

    #[test]
    fn the_rate_goes_by_the_address_behind_the_proxy() {
        for proxy in ["10.0.0.1", "127.0.0.1"] {
            assert!(is_slowed_down(proxy, &header("192.0.2.1")));
            assert!(!is_slowed_down(proxy, &header("127.0.0.1")));
        }
        for header in NAMELESS {
            assert!(is_slowed_down("10.0.0.1", header));
            assert!(!is_slowed_down("127.0.0.1", header));
        }
    }

    #[test]
    fn only_an_address_behind_a_proxy_is_slowed_down_as_a_whole() {
        for (header, is_slowed) in [(HEADERS[0], true), (NAMELESS[1], false)] {
            let mut scene = scene(|config| config.rate = Rate::new(1, 2));
            let mut newcomers = (0..12).map(|_| {
                let (pair, _) = come(&mut scene, header);
                scene.send(pair, b"\n".repeat(2));
                scene
                    .heard(pair)
                    .contains("Too much is coming from your address")
            });
            assert_eq!(newcomers.any(|it| it), is_slowed);
        }
    }

    #[test]
    fn the_kernel_waits_for_a_slow_reader_by_where_the_socket_leads() {
        for (proxy, source) in [("10.0.0.1", "127.0.0.1"), ("127.0.0.1", "192.0.2.1")] {
            let config = config(|config| config.motd = Some("Tea\n".repeat(1000)));
            let mut scene = Scene::taking(1000, config);
            let ann = scene.connect(proxy);
            scene.send(ann, [&header(source)[..], b"ann\n"].concat());
            scene.pass(STALL_CHECK);
            assert!(scene.world.is_waited_for(ann), "{proxy}");
            while !scene.heard(ann).is_empty() {
                scene.pass(STALL_CHECK);
            }
            let is_local = proxy == "127.0.0.1";
            assert_eq!(scene.world.is_waited_for(ann), is_local, "{proxy}");
        }
    }

    #[test]
    fn those_who_are_awaited_hear_of_a_shutdown_and_of_nothing_else() {
        let mut scene = Scene::taking(10, config(|_| ()));
        let pair = scene.connect("10.0.0.1");
        scene.server.handle().shutdown();
        scene.tick();
        scene.world.pass(PROXY_TIMEOUT);
        let mut heard = String::new();
        while scene.server.tick().is_ok_and(|it| it.is_continue()) {
            heard += &scene.heard(pair);
        }
        heard += &scene.heard(pair);
        assert_eq!(heard, "Server is shutting down. Goodbye!\r\n");
    }
}
