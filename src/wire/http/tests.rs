//! Requests and their answers, each cut at every byte.

use super::{Answer, HeadDecoder, Page, Refusal, Settings, answer};
use crate::limits::{HEAD_BYTES, HEAD_FIELDS};

const PAGE: Page<'_> = Page {
    html: b"<!doctype html><title>Chat</title>",
    etag: "\"5e1f\"",
    policy: "default-src 'none'",
};

const ASKS_FOR_UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: chat.example\r\nConnection: keep-alive, Upgrade\r\n\
    Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// The head that comes out of these reads, and what comes behind it.
fn gather(reads: &[&[u8]]) -> (Option<Result<Vec<u8>, Refusal>>, Vec<u8>) {
    let mut decoder = HeadDecoder::default();
    let mut head = None;
    let mut behind = Vec::new();
    for read in reads {
        let mut input = *read;
        if head.is_none() {
            head = decoder.next(&mut input);
            assert!(decoder.pending() <= HEAD_BYTES);
        }
        assert!(head.is_some() || input.is_empty());
        behind.extend(input);
    }
    (head, behind)
}

/// The answer to a request, which must be the same however it is cut.
fn ask(request: &str, settings: Settings<'_>) -> (bool, String) {
    let bytes = request.as_bytes();
    let (head, behind) = gather(&[bytes]);
    for at in 0..=bytes.len() {
        let (front, back) = bytes.split_at(at);
        assert_eq!(
            gather(&[front, back]),
            (head.clone(), behind.clone()),
            "cut at {at}"
        );
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(gather(&single), (head.clone(), behind), "in single bytes");
    let head = head.expect("the head is whole");
    let (upgrades, response) = match head.map(|head| answer(&head, settings)) {
        Ok(Answer::Upgrade(bytes)) => (true, bytes),
        Ok(Answer::Close(bytes)) => (false, bytes),
        Err(refusal) => (false, refusal.response(false)),
    };
    let response = String::from_utf8(response).expect("a response is text here");
    assert_is_whole(&response, upgrades, request.starts_with("HEAD "));
    (upgrades, response)
}

/// Checks what all responses have in common.
fn assert_is_whole(response: &str, upgrades: bool, is_head: bool) {
    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    let field = |name| head.lines().find_map(|line| line.strip_prefix(name));
    let connection = field("Connection: ").expect("what becomes of it");
    assert_eq!(connection.starts_with("close"), !upgrades, "{response}");
    assert!(
        head.lines()
            .all(|line| line.trim() == line && !line.is_empty())
    );
    match field("Content-Length: ").map(|it| it.parse::<usize>()) {
        Some(length) if is_head => assert!(body.is_empty() && length.is_ok_and(|it| it > 0)),
        length => assert_eq!(length.unwrap_or(Ok(0)), Ok(body.len()), "{response}"),
    }
}

/// The status of the answer, and its body.
fn status(request: &str) -> (String, String) {
    let origins = [
        "friends.example".into(),
        "localhost:3000".into(),
        "app://chat".into(),
    ];
    let settings = Settings {
        page: Some(PAGE),
        origins: &origins,
    };
    let (_, response) = ask(request, settings);
    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    (head["HTTP/1.1 ".len()..][..3].into(), body.into())
}

fn assert_status(cases: &[(&str, &str)]) {
    for (request, expected) in cases {
        let (number, body) = status(request);
        assert_eq!(number, *expected, "{request:?}: {body}");
        let is_refusal = number.starts_with(['4', '5']) && !request.starts_with("HEAD ");
        assert!(!is_refusal || body.ends_with(".\n"), "{request:?}: {body}");
    }
}

/// A request for an upgrade with something replaced.
fn upgrade_but(from: &str, to: &str) -> String {
    assert!(ASKS_FOR_UPGRADE.contains(from), "{from}");
    ASKS_FOR_UPGRADE.replacen(from, to, 1)
}

#[test]
fn the_page_comes_with_its_headers() {
    let settings = Settings {
        page: Some(PAGE),
        origins: &[],
    };
    let request =
        "GET /?from=there HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0\r\n\r\n";
    let expected = "HTTP/1.1 200 OK\r\nETag: \"5e1f\"\r\nCache-Control: no-cache\r\n\
        Content-Security-Policy: default-src 'none'\r\n\
        X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
        Content-Type: text/html; charset=utf-8\r\nContent-Length: 34\r\nConnection: close\r\n\r\n";
    let page = expected.to_string() + "<!doctype html><title>Chat</title>";
    assert_eq!(ask(request, settings), (false, page));
    let asks_for_head = request.replace("GET", "HEAD");
    assert_eq!(ask(&asks_for_head, settings), (false, expected.into()));
}

#[test]
fn a_page_that_the_browser_has_is_not_sent_again() {
    for (tags, expected) in [
        ("\"5e1f\"", "304"),
        ("W/\"5e1f\"", "304"),
        ("\"other\", \"5e1f\"", "304"),
        ("\"other\"\r\nIf-None-Match: \"5e1f\"", "304"),
        ("*", "304"),
        ("\"5e1\"", "200"),
        ("5e1f", "200"),
        ("", "200"),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: {tags}\r\n\r\n");
        let (number, body) = status(&request);
        assert_eq!(number, expected, "{tags}");
        assert_eq!(body.is_empty(), expected == "304", "{tags}");
    }
}

#[test]
fn a_websocket_is_opened_and_frames_follow() {
    let expected = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let opened = (true, expected.to_string());
    assert_eq!(ask(ASKS_FOR_UPGRADE, Settings::default()), opened);
    for (from, to) in [
        ("keep-alive, Upgrade", "uPGRADE"),
        ("keep-alive, Upgrade", "keep-alive\r\nConnection: upgrade"),
        ("WebSocket", "h2c , websocket"),
        ("/ws", "/ws?x=://y"),
        ("/ws", "http://chat.example/ws"),
        ("\r\n\r\n", "\r\n\r\n\x01\x02frames"),
        ("Sec-WebSocket-Key", "sec-websocket-KEY"),
    ] {
        assert_eq!(
            ask(&upgrade_but(from, to), Settings::default()),
            opened,
            "{to}"
        );
    }
    let (_, behind) = gather(&[ASKS_FOR_UPGRADE.as_bytes(), b"\x81\x80", b"\0\0\0\0"]);
    assert_eq!(behind, b"\x81\x80\0\0\0\0");
}

#[test]
fn a_request_that_opens_no_websocket_is_told_how_to() {
    let without = |field: &str| {
        let lines = ASKS_FOR_UPGRADE.lines();
        let left = lines.filter(|line| !line.starts_with(field));
        left.map(|line| line.to_string() + "\r\n")
            .collect::<String>()
    };
    for request in [
        "GET /ws HTTP/1.1\r\nHost: x\r\n\r\n",
        &without("Connection"),
        &without("Upgrade"),
        &without("Sec-WebSocket-Version"),
        &upgrade_but(": 13", ": 8"),
        &upgrade_but("WebSocket", "websocketeer"),
        &upgrade_but("HTTP/1.1", "HTTP/1.0"),
    ] {
        let (_, response) = ask(request, Settings::default());
        assert!(
            response.starts_with("HTTP/1.1 426 "),
            "{request}: {response}"
        );
        for field in [
            "Sec-WebSocket-Version: 13",
            "Upgrade: websocket",
            "Connection: close, Upgrade",
        ] {
            assert!(response.contains(field), "{response}");
        }
    }
    for request in [
        without("Sec-WebSocket-Key"),
        upgrade_but("dGhl", ""),
        upgrade_but(
            "Upgrade: ",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUpgrade: ",
        ),
    ] {
        assert_eq!(status(&request).0, "400", "{request}");
    }
}

#[test]
fn pages_from_elsewhere_open_no_websocket() {
    for (host, origin, expected) in [
        ("chat.example", "http://chat.example", "101"),
        ("chat.example", "https://chat.example", "101"),
        ("Chat.Example", "https://cHAT.eXAMPLE", "101"),
        ("chat.example:443", "https://chat.example", "101"),
        ("chat.example:80", "http://chat.example", "101"),
        ("chat.example:8080", "http://chat.example:8080", "101"),
        ("chat.example", "https://chat.example:443", "101"),
        ("[::1]:8080", "http://[::1]:8080", "101"),
        ("[::1]", "http://[::1]", "101"),
        // Allowed by the settings.
        ("chat.example", "https://friends.example", "101"),
        ("chat.example", "http://localhost:3000", "101"),
        ("chat.example", "app://chat", "101"),
        ("chat.example:80", "https://chat.example", "403"),
        ("chat.example:8080", "http://chat.example", "403"),
        ("chat.example", "http://chat.example:8080", "403"),
        ("chat.example", "http://evil.example", "403"),
        ("chat.example", "http://chat.example.evil.example", "403"),
        ("chat.example", "http://chat.example@evil.example", "403"),
        ("chat.example", "http://chat.example/", "403"),
        ("chat.example", "https://friends.example:8443", "403"),
        ("chat.example", "http://localhost", "403"),
        ("chat.example", "app://chat.example", "403"),
        ("chat.example", "chat.example", "403"),
        ("chat.example", "null", "403"),
        ("chat.example", "", "403"),
        ("chat.example", "http://", "403"),
        ("", "http://", "403"),
        ("[::1]:8080", "http://[::2]:8080", "403"),
        ("[::1]", "http://[:", "403"),
    ] {
        let fields = format!("Host: {host}\r\nOrigin: {origin}");
        let request = upgrade_but("Host: chat.example", &fields);
        assert_eq!(status(&request).0, expected, "{origin:?} at {host:?}");
    }
    // The host in the target holds.
    let request = upgrade_but("/ws", "http://evil.example/ws");
    let request = request.replacen("Upgrade: ", "Origin: http://chat.example\r\nUpgrade: ", 1);
    assert_eq!(status(&request).0, "403");
    let request = upgrade_but(
        "Upgrade: ",
        "Origin: http://chat.example\r\nOrigin: http://x\r\nUpgrade: ",
    );
    assert_eq!(status(&request).0, "400");
}

#[test]
fn requests_for_anything_else_are_told_what_there_is() {
    assert_status(&[
        ("GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("GET /ws/ HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("GET //x/ HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        ("CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", "404"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            "405",
        ),
        ("get / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        ("HEAD /ws HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"),
        ("GET / HTTP/2\r\nHost: x\r\n\r\n", "505"),
        ("GET / x HTTP/1.1\r\nHost: x\r\n\r\n", "505"),
        ("GET / HTTP/1.0\r\n\r\n", "200"),
        ("GET / HTTP/1.1\nHost: x\n\n", "200"),
        ("GET http://x HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
        ("GET HTTPS://x?y HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
    ]);
    let (_, refused) = ask("PUT / HTTP/1.1\r\nHost: x\r\n\r\n", Settings::default());
    assert!(refused.contains("\r\nAllow: GET, HEAD\r\n"), "{refused}");
    let (_, refused) = ask("PUT /ws HTTP/1.1\r\nHost: x\r\n\r\n", Settings::default());
    assert!(refused.contains("\r\nAllow: GET\r\n"), "{refused}");
    let (_, without) = ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Settings::default());
    assert!(
        without.starts_with("HTTP/1.1 404 ") && without.contains("has no page"),
        "{without}"
    );
}

#[test]
fn a_request_has_one_host() {
    assert_status(&[
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\nHost: x\r\nhost: y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x:70000\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x:+80\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: é\r\n\r\n", "400"),
        ("GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET http://x/ HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: x:\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\n\r\n", "200"),
        ("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", "200"),
    ]);
}

#[test]
fn a_request_has_no_body_and_no_doubtful_length() {
    assert_status(&[
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "413",
        ),
        (
            "GET /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n",
            "413",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n",
            "413",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x0\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "400",
        ),
        (
            "GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding: identity\r\n\r\n",
            "400",
        ),
    ]);
}

#[test]
fn heads_that_others_could_read_otherwise_are_refused() {
    assert_status(&[
        ("GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n", "400"),
        ("GET / HTTP/1.1\rHost: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", "400"),
        ("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: x\x7f\r\n\r\n", "400"),
        ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        ("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", "400"),
        ("GET /\r\n\r\n", "400"),
        ("\r\n\r\n", "400"),
    ]);
}

#[test]
fn a_head_has_a_bound() {
    let start = "GET / HTTP/1.1\r\nHost: x\r\nA: ";
    let filled = |length: usize| {
        let rest = length - start.len() - "\r\n\r\n".len();
        start.to_string() + &"x".repeat(rest) + "\r\n\r\n"
    };
    let gathered = |bytes: &str| gather(&bytes.as_bytes().chunks(1000).collect::<Vec<_>>()).0;
    assert_eq!(
        gathered(&filled(HEAD_BYTES)),
        Some(Ok(filled(HEAD_BYTES).into_bytes()))
    );
    assert_eq!(
        gathered(&filled(HEAD_BYTES + 1)),
        Some(Err(Refusal::TooLarge))
    );
    assert_eq!(gathered(&filled(HEAD_BYTES + 1)[..HEAD_BYTES - 1]), None);
    let (number, body) = status(&("GET / HTTP/1.1\r\nA: ".to_string() + &"x".repeat(HEAD_BYTES)));
    assert_eq!(number, "431");
    assert_eq!(
        body,
        "The head of a request has at most 8192 bytes and 64 fields. Send less.\n"
    );

    let fields = |count| {
        format!(
            "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "A: b\r\n".repeat(count - 1)
        )
    };
    assert_eq!(status(&fields(HEAD_FIELDS)).0, "200");
    assert_eq!(status(&fields(HEAD_FIELDS + 1)).0, "431");
}

#[test]
fn an_answer_is_to_one_head_and_nothing_behind_it() {
    let two = b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let unsound = Answer::Close(Refusal::Unsound.response(false));
    assert_eq!(answer(two, Settings::default()), unsound);
    assert_eq!(answer(&two[..20], Settings::default()), unsound);
}

#[test]
fn each_refusal_is_a_whole_response() {
    for refusal in [
        Refusal::Unsound,
        Refusal::Host,
        Refusal::Key,
        Refusal::Unknown,
        Refusal::Origin,
        Refusal::NotFound,
        Refusal::NoPage,
        Refusal::Method("GET"),
        Refusal::TooSlow,
        Refusal::Body,
        Refusal::Upgrade,
        Refusal::TooLarge,
        Refusal::Full,
        Refusal::Version,
    ] {
        for is_head in [false, true] {
            let response = String::from_utf8(refusal.response(is_head)).expect("text");
            assert_is_whole(&response, false, is_head);
        }
    }
    let full = String::from_utf8(Refusal::Full.response(false)).expect("text");
    assert!(
        full.starts_with("HTTP/1.1 503 ") && full.contains("\r\nRetry-After: "),
        "{full}"
    );
}
