//! What a request is answered, by its head and the settings alone.

use std::net::{IpAddr, SocketAddr};

use super::refusal::Refusal;
use super::request::{Request, text};
use super::upgrade::upgrade;

/// What the answers depend on besides the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings<'a> {
    /// The page, unless the server has none.
    pub page: Option<Page<'a>>,
    /// Hosts of pages from elsewhere that may use this chat, with a port unless it is the usual one.
    pub origins: &'a [String],
}

/// The page.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Its bytes.
    pub html: &'a [u8],
    /// What tells it from other versions of it, in its quotes (RFC 9110 §8.8.3).
    pub etag: &'a str,
    /// What it may do: the value of its `Content-Security-Policy`.
    pub policy: &'a str,
}

/// A whole response, and what becomes of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The connection is closed behind it.
    Close(Vec<u8>),
    /// Frames of WebSocket come behind it, both ways.
    Upgrade(Vec<u8>),
}

/// Answers a request, whose head this is.
pub fn answer(head: &[u8], settings: Settings<'_>) -> Answer {
    let is_head = head.starts_with(b"HEAD ");
    let found = Request::parse(head).and_then(|request| find(&request, settings));
    found.unwrap_or_else(|refusal| Answer::Close(refusal.response(is_head)))
}

/// Whether a browser sent this head. All of them say that they are Mozilla, which was the first.
pub fn is_browser(head: &[u8]) -> bool {
    let request = Request::parse(head).ok();
    let mut agents = request.iter().flat_map(|it| it.all("User-Agent"));
    agents.any(|agent| agent.starts_with(b"Mozilla/"))
}

/// The address from which the last proxy got the request, if it tells that (RFC 7239 §1 describes this older field). It
/// may stand with a port, and if it is of IPv6, in brackets.
pub fn forwarded_for(head: &[u8]) -> Option<IpAddr> {
    let request = Request::parse(head).ok()?;
    let last = text(request.list("X-Forwarded-For").last()?)?;
    let addr = || Some(last.parse::<SocketAddr>().ok()?.ip());
    let bare = last.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(addr)
}

fn find(request: &Request<'_>, settings: Settings<'_>) -> Result<Answer, Refusal> {
    match (request.path, request.method) {
        ("/", "GET" | "HEAD") => {
            let page = settings.page.ok_or(Refusal::NoPage)?;
            Ok(Answer::Close(page.response(request)))
        }
        ("/", _) => Err(Refusal::Method("GET, HEAD")),
        ("/ws", "GET") => upgrade(request, settings.origins).map(Answer::Upgrade),
        ("/ws", _) => Err(Refusal::Method("GET")),
        _ => Err(Refusal::NotFound),
    }
}

impl Page<'_> {
    /// The page, or that it has not changed since the browser got it (RFC 9110 §13.1.2).
    fn response(&self, request: &Request<'_>) -> Vec<u8> {
        let mut known = request.list("If-None-Match");
        let is_known = known.any(|tag| {
            let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
            tag == b"*" || tag == self.etag.as_bytes()
        });
        let (status, content) = match is_known {
            true => ("304 Not Modified", String::new()),
            false => ("200 OK", self.content_fields()),
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nETag: {}\r\nCache-Control: no-cache\r\n\
             Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n{content}Connection: close\r\n\r\n",
            self.etag, self.policy,
        );
        let is_sent = !is_known && request.method != "HEAD";
        let body = if is_sent { self.html } else { &[] };
        [head.as_bytes(), body].concat()
    }

    fn content_fields(&self) -> String {
        let length = self.html.len();
        format!("Content-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n")
    }
}
