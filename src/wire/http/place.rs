//! Hosts and their ports, as a request tells them, and whether a page is from one of them.

/// A host, with its port unless that is the usual one (RFC 3986 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    host: &'a str,
    port: Option<u16>,
}

/// Whether text can be a host and its port. None at all is valid too (RFC 9112 §3.2).
pub(super) fn is_place(text: &str) -> bool {
    text.is_empty() || Place::parse(text).is_some()
}

/// Whether a page of this origin (RFC 6454 §6.2) is from this place. The scheme only tells the usual port, as a proxy in
/// front may speak TLS.
pub(super) fn is_from(origin: &str, place: &str) -> bool {
    let Some((scheme, from)) = origin.split_once("://") else {
        return false;
    };
    let usual = match &*scheme.to_ascii_lowercase() {
        "http" => 80,
        "https" => 443,
        _ => return false,
    };
    let (Some(from), Some(to)) = (Place::parse(from), Place::parse(place)) else {
        return false;
    };
    let port = |place: Place<'_>| place.port.unwrap_or(usual);
    from.host.eq_ignore_ascii_case(to.host) && port(from) == port(to)
}

/// Whether a page of this origin is among those that may come from elsewhere: hosts, with a port unless it is the usual
/// one, or whole origins.
pub(super) fn is_listed(origin: &str, origins: &[String]) -> bool {
    let is_it = |listed: &String| listed.eq_ignore_ascii_case(origin) || is_from(origin, listed);
    origins.iter().any(is_it)
}

/// Whether text can be listed so.
pub fn is_origin(text: &str) -> bool {
    let (scheme, place) = text.split_once("://").unwrap_or(("http", text));
    let begins = place.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
    matches!(scheme, "http" | "https") && begins && Place::parse(place).is_some()
}

impl<'a> Place<'a> {
    fn parse(text: &'a str) -> Option<Place<'a>> {
        let (host, port) = match text.rsplit_once(':') {
            Some((_, inside)) if inside.ends_with(']') => (text, ""),
            Some((host, port)) => (host, port),
            None => (text, ""),
        };
        let in_brackets = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        let is_host = match in_brackets {
            Some(address) => address
                .bytes()
                .all(|b| b.is_ascii_hexdigit() || b":.".contains(&b)),
            None => host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
        };
        let is_port = port.bytes().all(|b| b.is_ascii_digit());
        if host.is_empty() || !is_host || !is_port {
            return None;
        }
        let port = match port {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        Some(Place { host, port })
    }
}
