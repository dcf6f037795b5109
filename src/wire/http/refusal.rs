//! Refusals, in the words that a person reads in a browser or behind `curl`.

use crate::limits::{HEAD_BYTES, HEAD_FIELDS};

/// Why a request does not get what it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It breaks the rules of HTTP, or others could understand it in another way.
    Unsound,
    /// It has no host, more than one, or an impossible one.
    Host,
    /// It has no key for WebSocket, or an impossible one.
    Key,
    /// It is from a proxy, which does not tell on whose behalf.
    Unknown,
    /// It is from a page of another host.
    Origin,
    /// There is nothing at its path.
    NotFound,
    /// The server was started without a page.
    NoPage,
    /// Its path can be used by these methods only.
    Method(&'static str),
    /// Its head did not come in time.
    TooSlow,
    /// It has a body.
    Body,
    /// It does not ask for the version of WebSocket that is spoken, or for none at all.
    Upgrade,
    /// Its head has too many bytes or fields.
    TooLarge,
    /// The server has no place for one more connection.
    Full,
    /// The address holds as many connections as it may.
    TooManyFromAddress,
    /// It came in plain text, and the server takes TLS only.
    TlsOnly,
    /// It is of another version of HTTP.
    Version,
}

impl Refusal {
    /// The whole response.
    pub fn response(self, is_head: bool) -> Vec<u8> {
        let fields = match self {
            Refusal::Method(allowed) => format!("Allow: {allowed}\r\n"),
            // RFC 6455 §4.4, RFC 9110 §15.5.22.
            Refusal::Upgrade => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n".into(),
            Refusal::Full | Refusal::TooManyFromAddress => "Retry-After: 30\r\n".into(),
            Refusal::TlsOnly => "Upgrade: TLS/1.2, HTTP/1.1\r\n".into(),
            _ => String::new(),
        };
        // RFC 9110 §7.8: `Upgrade` is for the next hop alone.
        let connection = match self {
            Refusal::Upgrade | Refusal::TlsOnly => "close, Upgrade",
            _ => "close",
        };
        let text = self.sentence() + "\n";
        let head = format!(
            "HTTP/1.1 {}\r\n{fields}Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
            self.status(),
            text.len()
        );
        let body = if is_head { String::new() } else { text };
        (head + &body).into_bytes()
    }

    /// The number of the status and its usual words (RFC 9110 §15, RFC 6585 §5).
    fn status(self) -> &'static str {
        match self {
            Refusal::Unsound | Refusal::Host | Refusal::Key | Refusal::Unknown => "400 Bad Request",
            Refusal::Origin => "403 Forbidden",
            Refusal::NotFound | Refusal::NoPage => "404 Not Found",
            Refusal::Method(_) => "405 Method Not Allowed",
            Refusal::TooSlow => "408 Request Timeout",
            Refusal::Body => "413 Content Too Large",
            // RFC 2817 §4.2.
            Refusal::Upgrade | Refusal::TlsOnly => "426 Upgrade Required",
            Refusal::TooLarge => "431 Request Header Fields Too Large",
            Refusal::Full | Refusal::TooManyFromAddress => "503 Service Unavailable",
            Refusal::Version => "505 HTTP Version Not Supported",
        }
    }

    fn sentence(self) -> String {
        match self {
            Refusal::Unsound => "This request is not sound. Send it by the rules of HTTP/1.1, without a body.",
            Refusal::Host => "A request needs one Host field. Send the host and its port in it.",
            Refusal::Key => "A WebSocket needs a key. Send 16 bytes in Base64 as Sec-WebSocket-Key.",
            Refusal::Unknown => {
                "From your address a PROXY header must come first, or X-Forwarded-For must say whose request it is. Let the \
                 proxy send either."
            }
            Refusal::Origin => {
                "A page from another host cannot use this chat. Start the server with --origin and that host to allow \
                 it. If the page is from here, let the proxy in between pass the Host field on."
            }
            Refusal::NotFound => "There is nothing here. Open / in a browser, or a WebSocket at /ws.",
            Refusal::NoPage => "This server has no page. Use telnet or nc, or open a WebSocket at /ws.",
            Refusal::Method(allowed) => return format!("This method does not work here. Use {allowed}."),
            Refusal::TooSlow => "The request took too long. Try again.",
            Refusal::Body => "No request has a body here. Send it without one.",
            Refusal::Upgrade => {
                "This is a WebSocket of version 13. Open it with HTTP/1.1, and let any proxy in between pass the \
                 Upgrade and Connection fields on."
            }
            Refusal::TooLarge => {
                return format!(
                    "The head of a request has at most {HEAD_BYTES} bytes and {HEAD_FIELDS} fields. Send less."
                );
            }
            Refusal::Full => "Server is full. Try again later.",
            Refusal::TooManyFromAddress => {
                "Too many connections from your address. Close one and try again."
            }
            Refusal::TlsOnly => "This server speaks TLS only. Use https:// or wss://.",
            Refusal::Version => "This server speaks HTTP/1.1. Use that version.",
        }
        .into()
    }
}
