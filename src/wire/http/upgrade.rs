//! The opening handshake of WebSocket (RFC 6455 §4.2).

use sha1_smol::Sha1;

use super::place::{is_from, is_listed};
use super::refusal::Refusal;
use super::request::{Request, text};

/// What a server appends to a key before it digests it (RFC 6455 §1.3).
const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The version that is spoken (RFC 6455 §4.1).
const VERSION: &[u8] = b"13";

/// Digits of Base64 (RFC 4648 §4).
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Answers a request for an upgrade. A page from elsewhere could otherwise use this chat in the name of its visitors,
/// since browsers let any page open a WebSocket to anywhere (RFC 6455 §10.2).
pub(super) fn upgrade(request: &Request<'_>, origins: &[String]) -> Result<Vec<u8>, Refusal> {
    let has = |name, token: &[u8]| request.list(name).any(|it| it.eq_ignore_ascii_case(token));
    let asks = has("Connection", b"upgrade") && has("Upgrade", b"websocket");
    let version = request.one("Sec-WebSocket-Version")?;
    // RFC 9110 §7.8: what a request of HTTP/1.0 wants to be upgraded to is ignored.
    if !asks || request.minor == 0 || version != Some(VERSION) {
        return Err(Refusal::Upgrade);
    }
    if let Some(origin) = request.one("Origin")? {
        let origin = text(origin).ok_or(Refusal::Origin)?;
        let is_at_home = request.place.is_some_and(|place| is_from(origin, place));
        if !is_at_home && !is_listed(origin, origins) {
            return Err(Refusal::Origin);
        }
    }
    let key = request.one("Sec-WebSocket-Key")?;
    let key = key.filter(|it| is_key(it)).ok_or(Refusal::Key)?;
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(key)
    );
    Ok(head.into_bytes())
}

/// Whether this is 16 bytes in Base64: 22 digits hold them, and two signs fill up (RFC 6455 §4.2.1).
fn is_key(key: &[u8]) -> bool {
    match key.strip_suffix(b"==") {
        Some(digits) => digits.len() == 22 && digits.iter().all(|it| BASE64.contains(it)),
        None => false,
    }
}

/// The proof that this server has read the key (RFC 6455 §4.2.2).
fn accept(key: &[u8]) -> String {
    let mut sha1 = Sha1::new();
    sha1.update(key);
    sha1.update(SALT);
    let digest = sha1.digest().bytes();
    let mut proof = String::with_capacity(28);
    for three in digest.chunks(3) {
        let bits = (0..3).fold(0, |sum, i| {
            sum << 8 | three.get(i).map_or(0, |&b| usize::from(b))
        });
        for digit in 0..=three.len() {
            proof.push(char::from(BASE64[bits >> (18 - 6 * digit) & 63]));
        }
    }
    // 20 bytes leave one sign to fill up.
    proof + "="
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_rfc() {
        let proof = accept(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(proof, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        for key in [
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "dGhlIHNhbXBsZSBub25jZQ==",
            "/+9+/+9+/+9+/+9+/+9+/w==",
        ] {
            assert!(is_key(key.as_bytes()), "{key}");
        }
        for key in [
            "",
            "==",
            "AAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAA-_==",
            "AAAAAAAAAAAAAAAAAAAA A==",
        ] {
            assert!(!is_key(key.as_bytes()), "{key}");
        }
    }
}
