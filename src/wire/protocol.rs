//! What a connection speaks, by its first bytes. A browser or a stray client never becomes a person in the chat.

use crate::error::Protocol;
use crate::limits::OPENING_BYTES;

use super::proxy;

/// The first bytes of a handshake under TLS (RFC 8446 §5.1): the type of the record, and the major version.
const TLS: &[u8] = &[22, 3];

/// RFC 4253 §4.2.
const SSH: &[u8] = b"SSH-";

/// Longest method of a request, in bytes. Those of RFC 4918 and RFC 3253 are among the longest.
const METHOD_BYTES: usize = 20;

/// What the first bytes of a connection tell about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Nothing yet: they are the beginning of something that more than one protocol begins with, or there are none.
    Undecided,
    /// It speaks lines, as a person types them.
    Lines,
    /// It is a program and sends JSON objects.
    #[cfg(feature = "machine")]
    Objects,
    /// It speaks another protocol.
    Foreign(Protocol),
}

/// How bytes compare with a known opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Other,
    /// They may become it.
    Beginning,
    Same,
}

/// What a connection speaks, by all bytes that have come so far. It stays undecided only while these are a strict
/// beginning of a known opening, and never beyond [`OPENING_BYTES`].
pub fn opening(first: &[u8]) -> Opening {
    match first.iter().find(|byte| !is_blank(**byte)) {
        None if first.len() < OPENING_BYTES => return Opening::Undecided,
        None => return Opening::Lines,
        #[cfg(feature = "machine")]
        Some(b'{') => return Opening::Objects,
        Some(_) => {}
    }
    let proxy = proxy::BEGINNINGS
        .into_iter()
        .map(|it| compare(first, it))
        .max();
    let found = [
        (compare(first, TLS), Protocol::Tls),
        (compare(first, SSH), Protocol::Ssh),
        (proxy.unwrap_or(Likeness::Other), Protocol::Proxy),
        (http(first), Protocol::Http),
    ];
    // Of several the first one counts, which is known from its first bytes on.
    let best = found
        .into_iter()
        .rev()
        .max_by_key(|(likeness, _)| *likeness);
    match best {
        Some((Likeness::Same, protocol)) => Opening::Foreign(protocol),
        Some((Likeness::Beginning, _)) => Opening::Undecided,
        _ => Opening::Lines,
    }
}

/// Whether these are blank lines, and not the beginning of a known opening.
pub(crate) fn is_blank_line(first: &[u8]) -> bool {
    let has_end = first.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    let is_opening = || proxy::BEGINNINGS.iter().any(|it| it.starts_with(first));
    has_end && first.iter().all(|byte| is_blank(*byte)) && !is_opening()
}

/// The length of the blank lines that these bytes begin with.
pub(crate) fn blank_lines(first: &[u8]) -> usize {
    let begun = first.iter().position(|byte| !is_blank(*byte));
    let blank = &first[..begun.unwrap_or(first.len())];
    let end = blank.iter().rposition(|byte| matches!(byte, b'\n' | b'\0'));
    end.map_or(0, |at| at + 1)
}

/// White space, as of JSON (RFC 8259 §2), and the NUL that telnet sends behind a CR (RFC 854).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'\0')
}

/// Compares with the first line of a request (RFC 9112 §3): a method, a target and a version. A client may send blank
/// lines before it (§2.2).
fn http(first: &[u8]) -> Likeness {
    let is_long = first.len() >= OPENING_BYTES;
    let first = &first[blank_lines(first)..];
    let end = first.iter().position(|&byte| byte == b'\n');
    let line = &first[..end.unwrap_or(first.len())];
    let likeness = request(line);
    match (likeness, end) {
        (Likeness::Beginning, Some(_)) if has_version(line) => Likeness::Same,
        (_, Some(_)) => Likeness::Other,
        // A method and the beginning of a target are enough if the line is too long to be waited for.
        (Likeness::Beginning, None) if is_long => Likeness::Same,
        (likeness, None) => likeness,
    }
}

/// Compares a line that has not ended with a request of any method.
fn request(line: &[u8]) -> Likeness {
    let end = line.iter().position(|&byte| byte == b' ');
    let (method, target) = line.split_at(end.unwrap_or(line.len()));
    let is_method = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
    if method.is_empty() || method.len() > METHOD_BYTES || !method.iter().all(is_method) {
        return Likeness::Other;
    }
    let target = target.get(1..).unwrap_or_default();
    let forms: [&[u8]; 3] = [b"/", b"*", b"http"];
    let mut forms = forms.into_iter();
    let is_target = method == b"CONNECT" || forms.any(|it| compare(target, it) > Likeness::Other);
    match is_target {
        true => Likeness::Beginning,
        false => Likeness::Other,
    }
}

/// Whether a line ends with a target and a version.
fn has_version(line: &[u8]) -> bool {
    let mut words = line.trim_ascii_end().rsplit(|&byte| byte == b' ');
    let is_version = words.next().is_some_and(|it| it.starts_with(b"HTTP/"));
    is_version && words.next().is_some_and(|it| !it.is_empty()) && words.next().is_some()
}

fn compare(first: &[u8], known: &[u8]) -> Likeness {
    match first.starts_with(known) {
        true => Likeness::Same,
        false if known.starts_with(first) => Likeness::Beginning,
        false => Likeness::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: [(&[u8], Protocol); 9] = [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Protocol::Http),
        (b"GET http://x/ HTTP/1.0\n", Protocol::Http),
        (b"OPTIONS * HTTP/1.1\r\n", Protocol::Http),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::Http),
        (b"CONNECT x:443 HTTP/1.1\r\n", Protocol::Http),
        (b"\x16\x03\x01\x02\0\x01", Protocol::Tls),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol::Ssh),
        (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Protocol::Proxy),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x11", Protocol::Proxy),
    ];

    const LINES: [&[u8]; 17] = [
        b"GET\n",
        b"GET well soon",
        b"GET  HTTP/1.1\n",
        b"GET / HTTP\n",
        b"Get / HTTP/1.1\n",
        b"PRI\r\n",
        b"PROXY\n",
        b"PROXY fights are fun\n",
        b"GET /away\n",
        b"ssh-fan\n",
        b"\x16\n",
        b"\r\n\r\n\r\nx",
        b"\xff\xfb\x1f",
        b"CONNECT me\n",
        b"OPTIONS?",
        b"PUTter",
        b" GET / HTTP/1.1\n",
    ];

    #[test]
    fn strangers_are_known_however_their_bytes_come() {
        for (first, protocol) in FOREIGN {
            assert_eq!(opening(first), Opening::Foreign(protocol), "{first:?}");
            let cut = (0..first.len()).map(|end| opening(&first[..end]));
            let undecided = cut.take_while(|it| *it == Opening::Undecided).count();
            let known = opening(&first[..undecided]);
            assert_eq!(known, Opening::Foreign(protocol), "{undecided} bytes");
        }
    }

    #[test]
    fn people_are_not_mistaken_for_strangers() {
        for first in LINES {
            assert_eq!(opening(first), Opening::Lines, "{first:?}");
            for end in 0..first.len() {
                let opening = opening(&first[..end]);
                assert!(
                    !matches!(opening, Opening::Foreign(_)),
                    "{first:?} at {end}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_beginning_of_anything_is_decided_by_its_first_byte() {
        for byte in 0..=u8::MAX {
            let begins = byte == 0x16 || byte.is_ascii_uppercase() || b"-_".contains(&byte);
            let expected = match byte {
                #[cfg(feature = "machine")]
                b'{' => Opening::Objects,
                _ if begins || is_blank(byte) => Opening::Undecided,
                _ => Opening::Lines,
            };
            assert_eq!(opening(&[byte]), expected, "{byte}");
        }
        assert_eq!(opening(b""), Opening::Undecided);
    }

    #[test]
    fn a_long_request_line_is_not_waited_for() {
        let mut first = b"GET /search?q=".to_vec();
        while first.len() < OPENING_BYTES {
            assert_eq!(opening(&first), Opening::Undecided);
            first.push(b'x');
        }
        assert_eq!(opening(&first), Opening::Foreign(Protocol::Http));
    }

    #[test]
    fn what_is_known_by_its_first_bytes_is_no_long_request_line() {
        let mut first = b"SSH- /".to_vec();
        first.resize(OPENING_BYTES, b'x');
        assert_eq!(opening(&first), Opening::Foreign(Protocol::Ssh));
    }
}
