//! The little of HTTP that figures need: the first line of a request, where its head ends, and an answer behind which the
//! connection is closed. It touches no socket.

use crate::limits::SCRAPE_HEAD_BYTES;

/// A request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Figures {
        /// Whether only the head of the answer is wanted.
        is_head: bool,
    },
    Health {
        is_head: bool,
    },
    /// Something else.
    Unknown {
        is_head: bool,
    },
    /// To do what cannot be done here.
    OtherMethod,
    /// In a version of HTTP that is not spoken.
    OtherVersion,
    TooLong,
    /// This is not HTTP, or a request that was broken off.
    Malformed,
}

/// Reads the first bytes of a connection. `None` if more are needed.
pub(super) fn read(head: &[u8]) -> Option<Request> {
    let too_long = (head.len() > SCRAPE_HEAD_BYTES).then_some(Request::TooLong);
    let head = &head[..head.len().min(SCRAPE_HEAD_BYTES)];
    let Some(end) = head.iter().position(|&byte| byte == b'\n') else {
        return too_long;
    };
    let line = &head[..end];
    let request = read_line(line.strip_suffix(b"\r").unwrap_or(line));
    let fields = &head[end..];
    let is_over =
        fields.windows(2).any(|it| it == b"\n\n") || fields.windows(3).any(|it| it == b"\n\r\n");
    // Nothing that follows makes a malformed line better.
    match is_over || request == Request::Malformed {
        true => Some(request),
        false => too_long,
    }
}

/// Reads a request line: a method, a target, and the version.
fn read_line(line: &[u8]) -> Request {
    let line = std::str::from_utf8(line).unwrap_or_default();
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Request::Malformed;
    };
    let is_method = !method.is_empty() && method.bytes().all(|it| it.is_ascii_uppercase());
    let version = version.strip_prefix("HTTP/");
    let Some(version) = version.filter(|_| is_method && !target.is_empty()) else {
        return Request::Malformed;
    };
    if !["1.0", "1.1"].contains(&version) {
        return Request::OtherVersion;
    }
    let is_head = method == "HEAD";
    let path = target.split('?').next();
    match (method, path) {
        ("GET" | "HEAD", Some("/metrics")) => Request::Figures { is_head },
        ("GET" | "HEAD", Some("/healthz")) => Request::Health { is_head },
        ("GET" | "HEAD", _) => Request::Unknown { is_head },
        _ => Request::OtherMethod,
    }
}

/// Prometheus' text format.
const FIGURES: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

impl Request {
    /// The answer. `figures` is the text of the figures, if they are asked for.
    pub(super) fn answer(self, figures: &str, is_stopping: bool) -> String {
        let (status, body) = match self {
            Request::Figures { .. } => ("200 OK", figures),
            Request::Health { .. } if is_stopping => {
                ("503 Service Unavailable", "The server is shutting down.\n")
            }
            Request::Health { .. } => ("200 OK", "ok\n"),
            Request::Unknown { .. } => ("404 Not Found", "Ask for /metrics or /healthz.\n"),
            Request::OtherMethod => ("405 Method Not Allowed", "Only GET works here.\n"),
            Request::OtherVersion => ("505 HTTP Version Not Supported", "Speak HTTP/1.1.\n"),
            Request::TooLong => (
                "431 Request Header Fields Too Large",
                "That request is too long.\n",
            ),
            Request::Malformed => ("400 Bad Request", "That is no request of HTTP/1.1.\n"),
        };
        let kind = match self {
            Request::Figures { .. } => FIGURES,
            _ => PLAIN,
        };
        let allow = match self {
            Request::OtherMethod => "Allow: GET, HEAD\r\n",
            _ => "",
        };
        let sent = match self {
            Request::Figures { is_head: true }
            | Request::Health { is_head: true }
            | Request::Unknown { is_head: true } => "",
            _ => body,
        };
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{allow}Connection: close\r\n\r\n{sent}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: Request = Request::Figures { is_head: false };

    #[test]
    fn a_request_is_known_at_the_end_of_its_head_and_not_before() {
        for head in [
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n",
            "GET /metrics HTTP/1.0\r\n\r\n",
            "GET /metrics?x=1 HTTP/1.1\nHost: x\n\n",
        ] {
            for end in 0..head.len() {
                assert_eq!(read(&head.as_bytes()[..end]), None, "{end} of {head}");
            }
            assert_eq!(read(head.as_bytes()), Some(FIGURES), "{head}");
        }
    }

    #[test]
    fn a_request_line_says_what_is_asked_for() {
        for (line, request) in [
            ("GET /metrics HTTP/1.1", FIGURES),
            ("HEAD /metrics HTTP/1.1", Request::Figures { is_head: true }),
            ("GET /healthz HTTP/1.1", Request::Health { is_head: false }),
            ("GET / HTTP/1.1", Request::Unknown { is_head: false }),
            (
                "GET /metrics/ HTTP/1.1",
                Request::Unknown { is_head: false },
            ),
            ("GET /Metrics HTTP/1.1", Request::Unknown { is_head: false }),
            ("POST /metrics HTTP/1.1", Request::OtherMethod),
            ("OPTIONS * HTTP/1.1", Request::OtherMethod),
            ("PRI * HTTP/2.0", Request::OtherVersion),
            ("GET /metrics HTTP/3", Request::OtherVersion),
            ("GET /metrics", Request::Malformed),
            ("GET  /metrics HTTP/1.1", Request::Malformed),
            ("GET /metrics HTTP/1.1 x", Request::Malformed),
            ("GET /metrics http/1.1", Request::Malformed),
            ("get /metrics HTTP/1.1", Request::Malformed),
            (" /metrics HTTP/1.1", Request::Malformed),
            ("GET  HTTP/1.1", Request::Malformed),
            ("ann", Request::Malformed),
            ("", Request::Malformed),
        ] {
            assert_eq!(read_line(line.as_bytes()), request, "{line}");
        }
        assert_eq!(read_line(b"GET /\xff HTTP/1.1"), Request::Malformed);
    }

    #[test]
    fn a_head_without_an_end_is_too_long_at_its_bound() {
        let line = "GET /metrics HTTP/1.1\r\n";
        let field = "X: y\r\n".repeat(SCRAPE_HEAD_BYTES);
        for head in ["x".repeat(2 * SCRAPE_HEAD_BYTES), format!("{line}{field}")] {
            let head = head.as_bytes();
            assert_eq!(read(&head[..SCRAPE_HEAD_BYTES]), None);
            let longer = &head[..=SCRAPE_HEAD_BYTES];
            assert_eq!(read(longer), Some(Request::TooLong));
        }
    }

    #[test]
    fn an_answer_is_as_long_as_it_says() {
        let figures = FIGURES.answer("a 1\n", false);
        assert!(figures.starts_with("HTTP/1.1 200 OK\r\n"), "{figures}");
        assert!(figures.ends_with("\r\n\r\na 1\n"), "{figures}");
        assert!(figures.contains("\r\nContent-Length: 4\r\n"), "{figures}");
        let head = Request::Figures { is_head: true }.answer("a 1\n", false);
        assert_eq!(format!("{head}a 1\n"), figures);
        let health = Request::Health { is_head: false };
        assert!(health.answer("", false).ends_with("\r\n\r\nok\n"));
        assert!(health.answer("", true).starts_with("HTTP/1.1 503 "));
        let other = Request::OtherMethod.answer("", false);
        assert!(other.contains("\r\nAllow: GET, HEAD\r\n"), "{other}");
    }
}
