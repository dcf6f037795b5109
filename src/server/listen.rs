//! `Listen`: an address to listen on, and what is spoken there.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// An address to listen on, and what is spoken there. As text it is `ADDR:PORT` or `KIND:ADDR:PORT`, as in
/// `tls:[::1]:8443`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// What is spoken there.
    pub kind: ListenKind,
    /// The address. Port 0 picks a free one. An IPv6 address takes IPv6 alone.
    pub addr: SocketAddr,
}

/// What is spoken on an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ListenKind {
    /// `auto`: everything that the server speaks. The first bytes of a connection tell what it is.
    #[default]
    Auto,
    /// `line`: lines of text and telnet alone. Everyone is greeted at once.
    Line,
    /// `tls`: what `auto` speaks, but only inside TLS, with which every connection begins.
    Tls,
}

impl ListenKind {
    const ALL: [(&'static str, ListenKind); 3] = [
        ("auto", ListenKind::Auto),
        ("line", ListenKind::Line),
        ("tls", ListenKind::Tls),
    ];

    /// Takes the kind off a text, if it begins with one and two more parts follow: `tls:8080` is a host and a port.
    pub fn split(text: &str) -> (ListenKind, &str) {
        let of = |(word, kind): (&str, ListenKind)| {
            let rest = text.strip_prefix(word)?.strip_prefix(':')?;
            rest.contains(':').then_some((kind, rest))
        };
        let found = ListenKind::ALL.into_iter().find_map(of);
        found.unwrap_or((ListenKind::Auto, text))
    }
}

impl From<SocketAddr> for Listen {
    /// Everything is spoken there.
    fn from(addr: SocketAddr) -> Listen {
        let kind = ListenKind::Auto;
        Listen { kind, addr }
    }
}

/// The text is not `ADDR:PORT` or `KIND:ADDR:PORT` with a numeric address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidListen;

impl fmt::Display for InvalidListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is ADDR:PORT, or KIND:ADDR:PORT with the kind auto, line or tls")
    }
}

impl std::error::Error for InvalidListen {}

impl FromStr for Listen {
    type Err = InvalidListen;

    fn from_str(text: &str) -> Result<Listen, InvalidListen> {
        let (kind, addr) = ListenKind::split(text);
        let addr = addr.parse().map_err(|_| InvalidListen)?;
        Ok(Listen { kind, addr })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = ListenKind::ALL.into_iter();
        let mut words = words.filter(|(_, kind)| *kind == self.kind);
        match words.next() {
            Some((word, kind)) if kind != ListenKind::Auto => write!(f, "{word}:{}", self.addr),
            _ => write!(f, "{}", self.addr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_kind_before_it() {
        for (text, kind, addr) in [
            ("127.0.0.1:8080", ListenKind::Auto, "127.0.0.1:8080"),
            ("auto:127.0.0.1:8080", ListenKind::Auto, "127.0.0.1:8080"),
            ("line:[::1]:23", ListenKind::Line, "[::1]:23"),
            ("tls:[::]:0", ListenKind::Tls, "[::]:0"),
        ] {
            let listen: Listen = text.parse().expect(text);
            assert_eq!((listen.kind, listen.addr.to_string()), (kind, addr.into()));
            assert_eq!(listen.to_string().parse(), Ok(listen));
        }
        for text in [
            "",
            "tls:8080",
            "ssl:127.0.0.1:8080",
            "tls:127.0.0.1",
            "TLS:127.0.0.1:1",
        ] {
            assert_eq!(text.parse::<Listen>(), Err(InvalidListen), "{text}");
        }
        assert_eq!(
            ListenKind::split("tls:8080"),
            (ListenKind::Auto, "tls:8080")
        );
        let split = ListenKind::split("tls:localhost:8443");
        assert_eq!(split, (ListenKind::Tls, "localhost:8443"));
    }
}
