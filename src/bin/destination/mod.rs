//! Where the client goes: `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`, as it stands on the command line.

use std::net::Ipv6Addr;

/// A host, and its port if that was given too.
#[derive(Debug, PartialEq)]
pub(crate) struct Destination<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: Option<&'a str>,
}

impl Destination<'_> {
    pub(crate) fn parse(text: &str) -> Option<Destination<'_>> {
        let (host, port) = match text.rsplit_once(':') {
            _ if is_ipv6(text) => (text, None),
            Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let is_host = match bare {
            Some(address) => is_ipv6(address),
            None if port.is_none() && is_ipv6(host) => true,
            None => !host.is_empty() && !host.contains([':', '[', ']', '/', ' ']),
        };
        let has_port = port.is_none_or(|port| !port.is_empty() && !port.contains('/'));
        (is_host && has_port).then_some(Destination { host, port })
    }
}

/// Whether this is an address of IPv6, with a zone or without.
fn is_ipv6(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_have_a_port_and_an_address_brackets() {
        for (text, host, port) in [
            ("chat.example.org", "chat.example.org", None),
            ("chat.example.org:4000", "chat.example.org", Some("4000")),
            ("127.0.0.1:4000", "127.0.0.1", Some("4000")),
            ("[::1]:4000", "[::1]", Some("4000")),
            ("[fe80::1%eth0]:4000", "[fe80::1%eth0]", Some("4000")),
            ("[::1]", "[::1]", None),
            ("::1", "::1", None),
            // Whatever stands in its place is judged like that of --port.
            ("host:port", "host", Some("port")),
        ] {
            assert_eq!(
                Destination::parse(text),
                Some(Destination { host, port }),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_destination() {
        for text in [
            "",
            ":4000",
            "host:",
            "[::1]:",
            "[host]:1",
            "[::1",
            "::1]:1",
            "a:b:1",
            "[]:1",
            "telnet://host",
            "host 4000",
            "[::1]x:1",
        ] {
            assert_eq!(Destination::parse(text), None, "{text}");
        }
    }
}
