//! Where to listen: from `--listen`, `--metrics` and their variables to addresses.
//!
//! The server listens on every address given, or does not start. A name may stand for addresses that this machine does
//! not have, such as `::1` without IPv6. Then it stands only for those that the machine has.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

use chinwag::{Listen, ListenKind};

use crate::args::Given;

/// One place to listen, as given.
pub(crate) struct Place {
    text: String,
    kind: ListenKind,
    addrs: Vec<SocketAddr>,
    is_name: bool,
}

impl Place {
    /// Reads `ADDR:PORT`, where the address may be a name or have a zone, as in `[fe80::1%eth0]:8080`. A kind may stand
    /// before it, as in `tls:localhost:8443`.
    pub(crate) fn parse(given: &Given) -> Result<Place, String> {
        let (kind, _) = ListenKind::split(&given.text);
        let place = Place::parse_bare(&given.without_kind())?;
        Ok(Place { kind, ..place })
    }

    fn parse_bare(given: &Given) -> Result<Place, String> {
        let Given { source, text } = given;
        let (addrs, is_name) = match Form::of(text) {
            Some(Form::Address(addr)) => (vec![addr], false),
            Some(Form::Zoned(host, port)) => (resolve(given, host, port)?, false),
            Some(Form::Name(host, port)) => (resolve(given, host, port)?, true),
            None => {
                return Err(format!(
                    "{source} takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080, or tls:ADDR:PORT, not '{text}'"
                ));
            }
        };
        Ok(Place {
            text: text.clone(),
            kind: ListenKind::Auto,
            addrs,
            is_name,
        })
    }
}

impl Place {
    /// Whether only TLS is spoken there.
    pub(crate) fn is_for_tls(&self) -> bool {
        self.kind == ListenKind::Tls
    }
}

impl Given {
    fn without_kind(&self) -> Given {
        let (_, text) = ListenKind::split(&self.text);
        Given {
            source: self.source.clone(),
            text: text.into(),
        }
    }
}

/// Reads a port of this machine, or `ADDR:PORT`. A name stands for the first of its addresses that the machine has.
pub(crate) fn local(given: &Given) -> Result<SocketAddr, String> {
    let Given { source, text } = given;
    if let Ok(port) = text.trim().parse() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    let place = match Form::of(text) {
        Some(_) => Place::parse_bare(given)?,
        None => {
            return Err(format!(
                "{source} takes a port, such as 9100, or ADDR:PORT, such as [::1]:9100, not '{text}'"
            ));
        }
    };
    let addrs = addresses(&[place], is_here, &mut Vec::new());
    let none = || format!("{source} cannot be '{text}': the name has no address");
    addrs.first().map(|it| it.addr).ok_or_else(none)
}

/// The form of a place.
#[derive(Debug, PartialEq)]
enum Form<'a> {
    Address(SocketAddr),
    /// An address with the name of an interface.
    Zoned(&'a str, u16),
    Name(&'a str, u16),
}

impl Form<'_> {
    fn of(text: &str) -> Option<Form<'_>> {
        if let Ok(addr) = text.parse() {
            return Some(Form::Address(addr));
        }
        let (host, port) = text.rsplit_once(':')?;
        let port = port.parse().ok()?;
        if let Some(inside) = host.strip_prefix('[') {
            let host = inside.strip_suffix(']')?;
            let (addr, _) = host.split_once('%')?;
            addr.parse::<Ipv6Addr>().ok()?;
            return Some(Form::Zoned(host, port));
        }
        let is_name = !host.is_empty() && !host.contains(':');
        is_name.then_some(Form::Name(host, port))
    }
}

fn resolve(given: &Given, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let Given { source, text } = given;
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| format!("{source} cannot be '{text}': {error}"))?;
    Ok(found.collect())
}

/// The addresses to listen on for these places, each once. `has` tells whether this machine has an address. Each
/// address that it lacks is left out and gets a remark.
pub(crate) fn addresses(
    places: &[Place],
    has: impl Fn(SocketAddr) -> io::Result<()>,
    remarks: &mut Vec<String>,
) -> Vec<Listen> {
    let mut chosen: Vec<Listen> = Vec::new();
    for Place {
        text,
        kind,
        addrs,
        is_name,
    } in places
    {
        let mut of_place = Vec::new();
        let mut left_out = Vec::new();
        for &addr in addrs {
            match has(addr) {
                Err(error) if *is_name => left_out.push(format!(
                    "not listening on {addr}, which {text} stands for too: {error}"
                )),
                _ if of_place.contains(&addr) => {}
                _ => of_place.push(addr),
            }
        }
        if of_place.is_empty() {
            // Listening then fails, and tells why.
            of_place.extend(addrs.first());
        } else {
            remarks.append(&mut left_out);
        }
        for addr in of_place {
            if chosen.iter().any(|other| covers(other.addr, addr)) {
                continue;
            }
            chosen.retain(|other| !covers(addr, other.addr));
            chosen.push(Listen { kind: *kind, addr });
        }
    }
    chosen
}

/// Whether listening on one address also covers the other. Port 0 is a different port each time.
fn covers(one: SocketAddr, other: SocketAddr) -> bool {
    let all = one.ip().is_unspecified() && one.is_ipv4() == other.is_ipv4();
    one.port() != 0 && one.port() == other.port() && (one == other || all)
}

/// Whether this machine has an address: it can be bound, on any free port.
pub(crate) fn is_here(mut addr: SocketAddr) -> io::Result<()> {
    addr.set_port(0);
    UdpSocket::bind(addr).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, addrs: &[&str]) -> Place {
        Place {
            text: text.into(),
            kind: ListenKind::Auto,
            addrs: addrs.iter().map(|addr| addr.parse().unwrap()).collect(),
            is_name: text.starts_with(char::is_alphabetic),
        }
    }

    /// Where a machine without IPv6 listens.
    fn chosen(places: &[Place]) -> Vec<String> {
        let has = |addr: SocketAddr| match addr.is_ipv4() {
            true => Ok(()),
            false => Err(io::ErrorKind::AddrNotAvailable.into()),
        };
        let chosen = addresses(places, has, &mut Vec::new()).into_iter();
        chosen.map(|addr| addr.to_string()).collect()
    }

    #[test]
    fn an_address_is_listened_on_once() {
        let localhost = || place("localhost:1", &["127.0.0.1:1", "127.0.0.1:1"]);
        assert_eq!(chosen(&[localhost()]), ["127.0.0.1:1"]);
        assert_eq!(chosen(&[localhost(), localhost()]), ["127.0.0.1:1"]);
        let given = [place("127.0.0.1:1", &["127.0.0.1:1"]), localhost()];
        assert_eq!(chosen(&given), ["127.0.0.1:1"]);
        let all = || place("0.0.0.0:1", &["0.0.0.0:1"]);
        assert_eq!(chosen(&[localhost(), all()]), ["0.0.0.0:1"]);
        assert_eq!(chosen(&[all(), localhost()]), ["0.0.0.0:1"]);
        let other = place("127.0.0.1:2", &["127.0.0.1:2"]);
        assert_eq!(chosen(&[all(), other]), ["0.0.0.0:1", "127.0.0.1:2"]);
        let v6 = place("[::1]:1", &["[::1]:1"]);
        assert_eq!(chosen(&[all(), v6]), ["0.0.0.0:1", "[::1]:1"]);
    }

    #[test]
    fn port_0_is_another_port_each_time_it_is_given() {
        let free = || place("127.0.0.1:0", &["127.0.0.1:0"]);
        assert_eq!(chosen(&[free(), free()]), ["127.0.0.1:0"; 2]);
        let twice = place("localhost:0", &["127.0.0.1:0", "127.0.0.1:0"]);
        assert_eq!(chosen(&[twice]), ["127.0.0.1:0"]);
    }

    #[test]
    fn a_name_stands_for_the_addresses_that_the_machine_has() {
        let both = place("localhost:1", &["[::1]:1", "127.0.0.1:1"]);
        assert_eq!(chosen(&[both]), ["127.0.0.1:1"]);
        // If the machine has none of them, listening on the first fails and tells why.
        let none = place("six:1", &["[::1]:1", "[::2]:1"]);
        assert_eq!(chosen(&[none]), ["[::1]:1"]);
        let given = place("[::1]:1", &["[::1]:1"]);
        assert_eq!(chosen(&[given]), ["[::1]:1"]);
    }

    #[test]
    fn a_place_is_an_address_with_a_zone_or_not_or_a_name() {
        let numbered = "[fe80::1%2]:80";
        for (text, form) in [
            (numbered, Some(Form::Address(numbered.parse().unwrap()))),
            ("[fe80::1%eth0]:80", Some(Form::Zoned("fe80::1%eth0", 80))),
            ("chat.example:80", Some(Form::Name("chat.example", 80))),
            ("[chat.example]:80", None),
            ("[chat%eth0]:80", None),
            ("[fe80::1%eth0]", None),
            ("[fe80::1%eth0:80", None),
            ("chat.example", None),
            ("ssl:127.0.0.1:80", None),
            ("chat.example:", None),
            ("chat.example:65536", None),
            (":80", None),
            ("", None),
        ] {
            assert_eq!(Form::of(text), form, "{text}");
        }
    }
}
