//! `Request`: the head of a request, taken apart and checked.

use httparse::{EMPTY_HEADER, Error, Header, Status};

use super::place::is_place;
use super::refusal::Refusal;
use crate::limits::HEAD_FIELDS;

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Request<'h> {
    pub(super) method: &'h str,
    /// The path alone, without a query.
    pub(super) path: &'h str,
    /// Where the client believes to be: a host, with a port unless it is the usual one.
    pub(super) place: Option<&'h str>,
    /// The last digit of its version, HTTP/1.0 or HTTP/1.1.
    pub(super) minor: u8,
    fields: Vec<Header<'h>>,
}

impl<'h> Request<'h> {
    /// Takes a whole head apart. What is left has no body, and means the same to everybody.
    pub(super) fn parse(head: &'h [u8]) -> Result<Request<'h>, Refusal> {
        let mut fields = [EMPTY_HEADER; HEAD_FIELDS];
        let mut parsed = httparse::Request::new(&mut fields);
        match parsed.parse(head) {
            Ok(Status::Complete(length)) if length == head.len() => {}
            Err(Error::TooManyHeaders) => return Err(Refusal::TooLarge),
            Err(Error::Version) => return Err(Refusal::Version),
            _ => return Err(Refusal::Unsound),
        }
        let (Some(method), Some(target), Some(minor)) =
            (parsed.method, parsed.path, parsed.version)
        else {
            return Err(Refusal::Unsound);
        };
        let mut request = Request {
            method,
            path: target,
            place: None,
            minor,
            fields: parsed.headers.to_vec(),
        };
        request.check_length()?;
        request.find_place(target)?;
        Ok(request)
    }

    /// The values of a field, in order.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        let named = move |field: &&Header<'h>| field.name.eq_ignore_ascii_case(name);
        let fields = self.fields.iter().filter(named);
        fields.map(|field| field.value.trim_ascii())
    }

    /// The parts of a field that is a list (RFC 9110 §5.6.1).
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &'h [u8]> {
        let parts = |value: &'h [u8]| value.split(|&byte| byte == b',');
        self.all(name).flat_map(parts).map(<[u8]>::trim_ascii)
    }

    /// The value of a field that stands there once at most.
    pub(super) fn one(&self, name: &str) -> Result<Option<&'h [u8]>, Refusal> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (value, None) => Ok(value),
            _ => Err(Refusal::Unsound),
        }
    }

    /// Refuses a body, and any doubt about its length, by which requests are smuggled past a proxy (RFC 9112 §6.3).
    fn check_length(&self) -> Result<(), Refusal> {
        if self.all("Transfer-Encoding").next().is_some() {
            return Err(Refusal::Unsound);
        }
        let Some(length) = self.one("Content-Length")? else {
            return Ok(());
        };
        if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
            return Err(Refusal::Unsound);
        }
        match text(length).and_then(|it| it.parse::<u64>().ok()) {
            Some(0) => Ok(()),
            Some(_) => Err(Refusal::Body),
            None => Err(Refusal::Unsound),
        }
    }

    /// Finds host and path, in a target of either form (RFC 9112 §3.2). If the target has a host, that one holds.
    fn find_place(&mut self, target: &'h str) -> Result<(), Refusal> {
        self.place = match self.one("Host").map_err(|_| Refusal::Host)? {
            Some(host) => Some(text(host).ok_or(Refusal::Host)?),
            None if self.minor == 0 => None,
            None => return Err(Refusal::Host),
        };
        let absolute = target.split_once("://");
        let is_http = |scheme: &str| matches!(&*scheme.to_ascii_lowercase(), "http" | "https");
        if let Some((_, rest)) = absolute.filter(|(scheme, _)| is_http(scheme)) {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (place, path) = rest.split_at(end);
            self.place = Some(place);
            self.path = path;
        }
        self.path = self.path.split('?').next().unwrap_or(self.path);
        if self.path.is_empty() {
            self.path = "/";
        }
        match self.place {
            Some(place) if !is_place(place) => Err(Refusal::Host),
            _ => Ok(()),
        }
    }
}

/// The value of a field as text. Those that matter here are ASCII.
pub(super) fn text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok();
    text.filter(|it| it.is_ascii())
}
