//! Other protocols, recognised by the first bytes of a connection, so that a browser or a stray client never becomes a
//! person in the chat.

use crate::error::Protocol;

/// Methods of HTTP (RFC 9110 §9, RFC 5789), and the word that opens HTTP/2 (RFC 9113 §3.4).
const HTTP_METHODS: [&[u8]; 10] = [
    b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"PRI",
];

/// The beginnings of a PROXY protocol header, in its first version and in its second.
const PROXY_HEADERS: [&[u8]; 4] = [
    b"PROXY TCP4 ",
    b"PROXY TCP6 ",
    b"PROXY UNKNOWN",
    b"\r\n\r\n\0\r\nQUIT\n",
];

/// The protocol that the first bytes of a connection belong to, if it is a known one other than ours.
pub fn recognise(first: &[u8]) -> Option<Protocol> {
    // A record of a TLS handshake (RFC 8446 §5.1): its type, and the major version.
    if first.starts_with(&[22, 3]) {
        return Some(Protocol::Tls);
    }
    // RFC 4253 §4.2.
    if first.starts_with(b"SSH-") {
        return Some(Protocol::Ssh);
    }
    if PROXY_HEADERS.iter().any(|it| first.starts_with(it)) {
        return Some(Protocol::Proxy);
    }
    is_http(first).then_some(Protocol::Http)
}

/// Whether the first line is a request line: a method, a target, a version. If it is too long to have come whole, a
/// method and a path are enough.
fn is_http(first: &[u8]) -> bool {
    let mut lines = first.split(|&byte| byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let is_whole = lines.next().is_some();
    let mut words = line.trim_ascii_end().split(|&byte| byte == b' ');
    let method = words.next().unwrap_or_default();
    let is_request = if is_whole {
        words.next_back().is_some_and(|it| it.starts_with(b"HTTP/"))
    } else {
        words.next().is_some_and(|it| it.starts_with(b"/"))
    };
    is_request && HTTP_METHODS.contains(&method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_known_by_their_first_bytes() {
        for (first, protocol) in [
            (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], Protocol::Http),
            (b"GET /search?q=so+long+that+it+is", Protocol::Http),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::Http),
            (b"\x16\x03\x01\x02\0\x01", Protocol::Tls),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol::Ssh),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Protocol::Proxy),
            (b"PROXY UNKNOWN\r\n", Protocol::Proxy),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11", Protocol::Proxy),
        ] {
            assert_eq!(recognise(first), Some(protocol));
        }
    }

    #[test]
    fn people_are_not_mistaken_for_strangers() {
        for first in [
            &b"GET\n"[..],
            b"GET / HTTP\n",
            b"Get / HTTP/1.1\n",
            b"PRI\r\n",
            b"PROXY\n",
            b"PROXY fights are fun\n",
            b"GET /away\n",
            b"GET",
            b"ssh-fan\n",
            b"\x16\n",
            b"\r\n\r\n",
            b"",
        ] {
            assert_eq!(recognise(first), None);
        }
    }
}
