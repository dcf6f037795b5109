//! What holds for any bytes of a browser: for heads of requests, and for frames of WebSocket. The fuzzer checks the same.

use chinwag::inner::wire::http::{Answer, HeadDecoder, Page, Refusal, Settings, answer};
use chinwag::inner::wire::websocket::{FrameDecoder, Incoming};
use chinwag::limits::HEAD_BYTES;

/// Longest payload of a control frame, in bytes.
const CONTROL_BYTES: usize = 125;

const PAGE: Page<'_> = Page {
    html: b"<!doctype html>",
    etag: "\"1\"",
    policy: "default-src 'none'",
};

/// The bytes in one read and byte by byte.
fn whole_and_single(bytes: &[u8]) -> [Vec<&[u8]>; 2] {
    [vec![bytes], bytes.chunks(1).collect()]
}

/// Checks all properties of the head of a request, and that it is the same in these reads, whole, and byte by byte.
pub(crate) fn assert_head_sound<'a>(
    bytes: &'a [u8],
    cuts: impl IntoIterator<Item = Vec<&'a [u8]>>,
) {
    let [whole, single] = whole_and_single(bytes);
    let (head, behind) = gather(&whole);
    for reads in cuts.into_iter().chain([single]) {
        assert_eq!(
            gather(&reads),
            (head.clone(), behind.clone()),
            "cut as {reads:x?}"
        );
    }
    let response = match head {
        None => return assert!(bytes.len() < HEAD_BYTES && behind.is_empty()),
        Some(Err(refusal)) => refusal.response(false),
        Some(Ok(head)) => {
            assert!(head.len() <= HEAD_BYTES && [head.clone(), behind].concat() == bytes);
            let settings = Settings {
                page: Some(PAGE),
                origins: &[],
            };
            match answer(&head, settings) {
                Answer::Close(response) => response,
                Answer::Upgrade(response) => return assert_upgrade(&head, &response),
            }
        }
    };
    assert_response(&response, bytes.starts_with(b"HEAD "));
}

fn gather(reads: &[&[u8]]) -> (Option<Result<Vec<u8>, Refusal>>, Vec<u8>) {
    let mut decoder = HeadDecoder::default();
    let mut head = None;
    let mut behind = Vec::new();
    for read in reads {
        let mut input = *read;
        if head.is_none() {
            head = decoder.next(&mut input);
            assert!(head.is_some() || input.is_empty());
        }
        assert!(decoder.pending() <= HEAD_BYTES && (head.is_none() || decoder.pending() == 0));
        behind.extend(input);
    }
    (head, behind)
}

/// A response is whole, and the connection is closed behind it.
fn assert_response(response: &[u8], is_head: bool) {
    let text = str::from_utf8(response).expect("a response is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let field = |name| head.lines().find_map(|line| line.strip_prefix(name));
    assert!(head.starts_with("HTTP/1.1 ") && !head.starts_with("HTTP/1.1 101"));
    assert!(field("Connection: ").is_some_and(|it| it.starts_with("close")));
    let length = field("Content-Length: ").map(str::parse);
    assert!(
        is_head && body.is_empty() || length.unwrap_or(Ok(0)) == Ok(body.len()),
        "{text}"
    );
}

/// Nobody gets a WebSocket without asking for one in so many words, nor from another host.
fn assert_upgrade(head: &[u8], response: &[u8]) {
    assert!(response.starts_with(b"HTTP/1.1 101 ") && response.ends_with(b"=\r\n\r\n"));
    let head = String::from_utf8_lossy(head).to_lowercase();
    assert!(!head.contains(['\0', '\u{7f}']) && !head.contains("\ntransfer-encoding:"));
    let fields = |name: &str| {
        let values = head.lines().filter_map(|line| line.strip_prefix(name));
        values.map(str::trim).collect::<Vec<_>>()
    };
    assert_eq!(fields("sec-websocket-key:").len(), 1, "{head}");
    assert_eq!(fields("sec-websocket-version:"), ["13"], "{head}");
    let hosts = fields("host:");
    assert_eq!(hosts.len(), 1, "{head}");
    for origin in fields("origin:") {
        let place = origin.split("://").nth(1).expect("an origin has a host");
        let host = place
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches(':');
        // A host in the target goes before the field.
        assert!(
            hosts[0].starts_with(host) || head.contains(&format!("://{host}")),
            "{head}"
        );
    }
}

/// Checks all properties of frames, and that they mean the same in these reads, whole, and byte by byte.
pub(crate) fn assert_frames_sound<'a>(
    bytes: &'a [u8],
    cuts: impl IntoIterator<Item = Vec<&'a [u8]>>,
    limit: usize,
) {
    let [whole, single] = whole_and_single(bytes);
    let heard = hear(&whole, limit);
    for reads in cuts.into_iter().chain([single]) {
        assert_eq!(hear(&reads, limit), heard, "cut as {reads:x?}");
    }
    // A frame has six bytes at least.
    let failed = matches!(heard.last(), Some(Incoming::Failed(_)));
    assert!(heard.len() <= bytes.len() / 6 + usize::from(failed));
    for (i, incoming) in heard.iter().enumerate() {
        match incoming {
            Incoming::Text(text) => assert!(text.len() <= limit),
            Incoming::Ping(payload) | Incoming::Pong(payload) => {
                assert!(payload.len() <= CONTROL_BYTES);
            }
            Incoming::Close(_) | Incoming::Failed(_) => assert_eq!(i + 1, heard.len()),
        }
    }
}

fn hear(reads: &[&[u8]], limit: usize) -> Vec<Incoming<'static>> {
    let mut decoder = FrameDecoder::default();
    let mut heard = Vec::new();
    for read in reads {
        let mut bytes = read.to_vec();
        let mut input = &mut bytes[..];
        while let Some(incoming) = decoder.next(&mut input, limit) {
            heard.push(match incoming {
                Incoming::Text(text) => Incoming::Text(text.into_owned().into()),
                Incoming::Ping(payload) => Incoming::Ping(payload.into_owned().into()),
                Incoming::Pong(payload) => Incoming::Pong(payload.into_owned().into()),
                Incoming::Close(code) => Incoming::Close(code),
                Incoming::Failed(code) => Incoming::Failed(code),
            });
        }
        assert!(input.is_empty() && decoder.pending() <= 2 * (limit + CONTROL_BYTES));
        // As the server does: forgets a decoder that has nothing to remember.
        if decoder.is_idle() {
            assert_eq!(decoder.pending(), 0);
            decoder = FrameDecoder::default();
        }
    }
    heard
}
