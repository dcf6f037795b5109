//! The header of the PROXY protocol, in both of its versions: it tells the address behind a proxy. The specification is
//! `proxy-protocol.txt` of HAProxy, to which the section numbers here belong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::{self, FromStr};

use crate::error::ProxyFault;
use crate::limits::{PROXY_BINARY_BYTES, PROXY_LINE_BYTES};

/// The beginnings of a header: four of the first version, and that of the second.
pub(super) const BEGINNINGS: [&[u8]; 5] = [
    b"PROXY TCP4 ",
    b"PROXY TCP6 ",
    b"PROXY UNKNOWN ",
    b"PROXY UNKNOWN\r",
    SIGNATURE,
];

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A whole header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyHeader {
    /// Who connected to the proxy. `None` if the proxy does not tell, or has connected for itself.
    pub source: Option<SocketAddr>,
    /// The length of the header. What the connection speaks comes behind it.
    pub bytes: usize,
}

/// The header at the beginning of a connection, by all bytes that have come so far. `None` while it is not whole.
///
/// # Errors
///
/// A [`ProxyFault`] if these bytes cannot become a valid header.
pub fn proxy_header(first: &[u8]) -> Result<Option<ProxyHeader>, ProxyFault> {
    match BEGINNINGS.into_iter().find(|it| first.starts_with(it)) {
        Some(SIGNATURE) => binary(first),
        Some(_) => line(first),
        None if BEGINNINGS.into_iter().any(|it| it.starts_with(first)) => Ok(None),
        None if first.starts_with(b"PROXY ") => Err(ProxyFault::Broken),
        None => Err(ProxyFault::Missing),
    }
}

/// The first version (§2.1): a line, which is read once it has ended.
fn line(first: &[u8]) -> Result<Option<ProxyHeader>, ProxyFault> {
    let bounded = &first[..first.len().min(PROXY_LINE_BYTES)];
    let Some(end) = bounded.windows(2).position(|two| two == b"\r\n") else {
        let may_end = bounded.len() < PROXY_LINE_BYTES;
        return may_end.then_some(None).ok_or(ProxyFault::Broken);
    };
    let line = &first[..end];
    let source = match line.split_at_checked(11) {
        Some((b"PROXY TCP4 ", fields)) => source_in_line::<Ipv4Addr>(fields).map(Some),
        Some((b"PROXY TCP6 ", fields)) => source_in_line::<Ipv6Addr>(fields).map(Some),
        // What else stands in such a line is to be ignored.
        _ if line == b"PROXY UNKNOWN" || line.starts_with(b"PROXY UNKNOWN ") => Some(None),
        _ => None,
    };
    let (source, bytes) = (source.ok_or(ProxyFault::Broken)?, end + 2);
    Ok(Some(ProxyHeader { source, bytes }))
}

fn source_in_line<T: FromStr + Into<IpAddr>>(fields: &[u8]) -> Option<SocketAddr> {
    let mut fields = str::from_utf8(fields).ok()?.split(' ');
    let source: T = fields.next()?.parse().ok()?;
    let _destination: T = fields.next()?.parse().ok()?;
    let source_port = port(fields.next()?)?;
    let _destination_port = port(fields.next()?)?;
    fields
        .next()
        .is_none()
        .then(|| address(source, source_port))
}

/// A port has no sign and no zero before it.
fn port(text: &str) -> Option<u16> {
    let is_plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_plain)
}

/// The second version (§2.2): a head of 16 bytes, whose last two tell the length of the rest.
fn binary(first: &[u8]) -> Result<Option<ProxyHeader>, ProxyFault> {
    let Some((head, behind)) = first.split_first_chunk::<16>() else {
        return Ok(None);
    };
    let [.., command, family, high, low] = *head;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let bytes = head.len() + length;
    if bytes > PROXY_BINARY_BYTES {
        return Err(ProxyFault::Broken);
    }
    let Some(rest) = behind.get(..length) else {
        return Ok(None);
    };
    // Behind the addresses may be further fields, which are of no use here.
    let source = match (command, family >> 4, family & 15) {
        // The proxy has connected for itself, whatever else it says.
        (0x20, _, _) => Some(None),
        (0x21, 1, 1) => source_in_block::<4>(rest).map(Some),
        (0x21, 2, 1) => source_in_block::<16>(rest).map(Some),
        // Addresses that are none of TCP.
        (0x21, 0..=3, 0..=2) => Some(None),
        _ => None,
    };
    let source = source.ok_or(ProxyFault::Broken)?;
    Ok(Some(ProxyHeader { source, bytes }))
}

/// The addresses of source and destination have `N` bytes each, and stand before the ports.
fn source_in_block<const N: usize>(block: &[u8]) -> Option<SocketAddr>
where
    IpAddr: From<[u8; N]>,
{
    let (source, behind) = block.split_first_chunk::<N>()?;
    let (_destination, ports) = behind.split_first_chunk::<N>()?;
    let [high, low, _, _] = *ports.first_chunk()?;
    Some(address(*source, u16::from_be_bytes([high, low])))
}

/// An IPv4 address in the form of IPv6 is known as what it is, like that of a socket.
fn address(ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
    let ip: IpAddr = ip.into();
    SocketAddr::new(ip.to_canonical(), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest line of each kind, and the examples of the specification.
    const LINES: [(&str, Option<&str>); 9] = [
        (
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            Some("192.168.0.1:56324"),
        ),
        (
            "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
            Some("255.255.255.255:65535"),
        ),
        ("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", Some("0.0.0.0:0")),
        (
            "PROXY TCP6 2001:DB8::1 ::1 5000 8080\r\n",
            Some("[2001:db8::1]:5000"),
        ),
        (
            "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            Some("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"),
        ),
        (
            "PROXY TCP6 ::ffff:192.0.2.1 ::1 5000 8080\r\n",
            Some("192.0.2.1:5000"),
        ),
        ("PROXY UNKNOWN\r\n", None),
        ("PROXY UNKNOWN what\rever \n\r\n", None),
        (
            "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
             ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            None,
        ),
    ];

    const V4: &[u8] = &[192, 0, 2, 1, 192, 0, 2, 2, 19, 136, 31, 144];

    /// From 2001:db8::1, port 5000.
    fn v6() -> Vec<u8> {
        let mut block = vec![0; 36];
        block[..4].copy_from_slice(&[32, 1, 13, 184]);
        [block[15], block[31]] = [1, 2];
        block[32..].copy_from_slice(&[19, 136, 31, 144]);
        block
    }

    fn binary_header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).expect("a short one");
        let head = [&[command, family][..], &length.to_be_bytes()].concat();
        [SIGNATURE, &head, rest].concat()
    }

    /// Valid headers of the second version, and what they tell.
    fn binaries() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let (v4, v6) = (Some("192.0.2.1:5000"), Some("[2001:db8::1]:5000"));
        let unix = [7; 216];
        let fields = |bytes| [V4, &[4], &u16::to_be_bytes(bytes), &vec![0; bytes.into()]].concat();
        vec![
            (binary_header(0x21, 0x11, V4), v4),
            (binary_header(0x21, 0x21, &self::v6()), v6),
            // With fields behind the addresses: of no length, the longest, and cut.
            (binary_header(0x21, 0x11, &fields(0)), v4),
            (binary_header(0x21, 0x11, &fields(505)), v4),
            (
                binary_header(0x21, 0x11, &[V4, &[4, 255, 255]].concat()),
                v4,
            ),
            // The proxy itself, with addresses or none, and a family that may be anything.
            (binary_header(0x20, 0x00, &[]), None),
            (binary_header(0x20, 0x11, V4), None),
            (binary_header(0x20, 0x11, &[]), None),
            (binary_header(0x20, 0xff, &[1]), None),
            // UDP, sockets of Unix, and what is not known.
            (binary_header(0x21, 0x00, &[]), None),
            (binary_header(0x21, 0x00, V4), None),
            (binary_header(0x21, 0x12, V4), None),
            (binary_header(0x21, 0x10, V4), None),
            (binary_header(0x21, 0x31, &unix), None),
        ]
    }

    fn valid() -> Vec<(Vec<u8>, Option<&'static str>)> {
        let lines = LINES.map(|(line, source)| (line.into(), source));
        [lines.into(), binaries()].concat()
    }

    #[test]
    fn a_header_is_known_however_its_bytes_come_and_whatever_follows() {
        for (bytes, source) in valid() {
            for end in 0..bytes.len() {
                assert_eq!(proxy_header(&bytes[..end]), Ok(None), "{bytes:?} at {end}");
            }
            let header = ProxyHeader {
                source: source.map(|it| it.parse().expect("an address")),
                bytes: bytes.len(),
            };
            for behind in [&b""[..], b"\r\n", b"ann\n", &[255; 600]] {
                let first = [&bytes, behind].concat();
                assert_eq!(proxy_header(&first), Ok(Some(header)), "{first:?}");
            }
        }
    }

    #[test]
    fn the_longest_headers_are_as_long_as_the_specification_says() {
        let longest = |all: &[(Vec<u8>, _)]| all.iter().map(|(it, _)| it.len()).max();
        let lines = LINES.map(|(line, source)| (line.into(), source));
        assert_eq!(longest(&lines), Some(PROXY_LINE_BYTES));
        assert_eq!(longest(&binaries()), Some(PROXY_BINARY_BYTES));
    }

    /// The fault, and the number of bytes that tell it.
    fn fault(bytes: &[u8]) -> (ProxyFault, usize) {
        let mut ends = 0..=bytes.len();
        let found = ends.find_map(|end| Some((proxy_header(&bytes[..end]).err()?, end)));
        let (fault, end) = found.unwrap_or_else(|| panic!("{bytes:?} is taken"));
        for longer in end..=bytes.len() {
            assert_eq!(proxy_header(&bytes[..longer]), Err(fault), "{longer} bytes");
        }
        (fault, end)
    }

    #[test]
    fn a_line_that_is_not_exactly_right_is_broken() {
        for fields in [
            "TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n",
            "TCP4 192.0.2.1 192.0.2.2 1 2\r\r\n",
            "TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
            "TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
            "TCP4 192.0.2.1 192.0.2.2 1\r\n",
            "TCP4  192.0.2.1 192.0.2.2 1 2\r\n",
            "TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
            "TCP4 192.0.2.1 192.0.2.256 1 2\r\n",
            "TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
            "TCP4 192.0.2.1 192.0.2.2 1 +2\r\n",
            "TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
            "TCP4 ::1 ::1 1 2\r\n",
            "TCP4 192.0.2.1 ::1 1 2\r\n",
            "TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
            "TCP6 fe80::1%eth0 ::1 1 2\r\n",
            "TCP4 \r\n",
            "UNKNOWN\rX\r\n",
        ] {
            let bytes = format!("PROXY {fields}").into_bytes();
            assert_eq!(fault(&bytes), (ProxyFault::Broken, bytes.len()), "{fields}");
        }
        assert_eq!(fault(b"PROXY TCP4 \xff\r\n"), (ProxyFault::Broken, 14));
        assert_eq!(fault(b"PROXY TCP5 ::1"), (ProxyFault::Broken, 10));
        assert_eq!(fault(b"PROXY UNKNOWNS\r\n"), (ProxyFault::Broken, 14));
    }

    #[test]
    fn a_line_is_not_waited_for_beyond_its_bound() {
        for beginning in ["PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN "] {
            let endless = beginning.to_string() + &"1".repeat(200) + "\r\n";
            assert_eq!(
                fault(endless.as_bytes()),
                (ProxyFault::Broken, PROXY_LINE_BYTES)
            );
        }
        let longest = LINES[8].0;
        let longer = longest.replace("\r\n", "1\r\n");
        assert_eq!(
            fault(longer.as_bytes()),
            (ProxyFault::Broken, PROXY_LINE_BYTES)
        );
    }

    #[test]
    fn a_binary_header_that_is_not_right_is_broken() {
        for (command, family, rest) in [
            (0x11, 0x11, V4),
            (0x22, 0x11, V4),
            (0x21, 0x41, V4),
            (0x21, 0x13, V4),
            (0x21, 0x11, &V4[..11]),
            (0x21, 0x11, &[]),
            (0x21, 0x21, &v6()[..35]),
            (0x21, 0x21, V4),
        ] {
            let bytes = binary_header(command, family, rest);
            assert_eq!(
                fault(&bytes),
                (ProxyFault::Broken, bytes.len()),
                "{bytes:?}"
            );
        }
        for (command, family) in [(0x21, 0x11), (0x20, 0x00)] {
            let too_long = binary_header(command, family, &[0; 521]);
            assert_eq!(fault(&too_long), (ProxyFault::Broken, 16));
        }
    }

    #[test]
    fn anything_else_is_no_header_from_its_first_different_byte_on() {
        for (bytes, end) in [
            (&b"ann\n"[..], 1),
            (b"POST / HTTP/1.1\r\n", 2),
            (b"PROXY\n", 6),
            (b"proxy TCP4 ", 1),
            (b"\r\n\r\n\0\r\nQUIT\r", 12),
            (b"\n", 1),
            (b"\x16\x03\x01", 1),
        ] {
            assert_eq!(fault(bytes), (ProxyFault::Missing, end), "{bytes:?}");
        }
    }
}
