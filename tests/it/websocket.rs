//! WebSocket as the server speaks it: what it answers, what it refuses, and how it ends.

use std::net::SocketAddr;
use std::time::Duration;

use chinwag::limits::{LINE_BYTES, OBJECT_BYTES};
use serde_json::json;
use tungstenite::Message;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::daemon::{Daemon, command, start};
use crate::harness::{Person, serve_with, until};
use crate::output::ends_cleanly;
use crate::program::program;
use crate::real_clients::{CURL, can_play};
use crate::web::{Web, frame, request};

/// First bytes of frames: a whole text, its parts, and others.
const TEXT: u8 = 0x81;
const BEGIN: u8 = 0x01;
const MORE: u8 = 0x00;
const END: u8 = 0x80;
const PING: u8 = 0x89;

/// A server that greets nobody before they speak.
fn serve() -> (Daemon, SocketAddr) {
    start(&[
        "--greet-after",
        "5000",
        "--history",
        "0",
        "--keep-seat",
        "0",
    ])
}

/// Somebody there without a program.
fn person(addr: SocketAddr, name: &str) -> Person {
    let mut person = Person::connect(addr);
    person.speaks_first(name);
    person
}

#[test]
fn a_web_program_chats_with_a_person() {
    let (_daemon, addr) = serve();
    let mut web = Web::login(addr, "web");
    let mut ann = person(addr, "ann");
    web.reads(&json!({"event": "joined", "room": "lobby", "name": "ann"}));
    web.asks(&json!({"op": "say", "text": "Hello, Zoë!", "id": 1}));
    ann.reads("web: Hello, Zoë!");
    let said =
        json!({"event": "said", "re": 1, "room": "lobby", "from": "web", "text": "Hello, Zoë!"});
    web.reads(&said);
    ann.types("hi");
    web.reads(&json!({"event": "said", "room": "lobby", "from": "ann", "text": "hi"}));
    web.asks(&json!({"op": "quit"}));
    assert_eq!(web.hears()["code"], "quit");
    web.is_closed(Some(1000));
    ann.reads("web has left the chat.");
}

#[test]
fn either_side_closes() {
    let (daemon, addr) = serve();
    let mut ann = person(addr, "ann");
    let close = |code: u16| CloseFrame {
        code: CloseCode::from(code),
        reason: "bye".into(),
    };
    for (sent, answered) in [
        (None, None),
        (Some(close(1000)), Some(1000)),
        (Some(close(1001)), Some(1001)),
        (Some(close(3000)), Some(3000)),
    ] {
        let mut web = Web::login(addr, "web");
        ann.reads("web has joined the chat.");
        web.closes(sent);
        web.is_closed(answered);
        ann.reads("web has left the chat.");
    }
    // Without a word.
    drop(Web::login(addr, "web"));
    ann.reads("web has joined the chat.");
    ann.reads("web has left the chat.");
    let mut web = Web::login(addr, "web");
    ends_cleanly(daemon);
    let goodbye = web.hears();
    assert_eq!(
        (&goodbye["code"], &goodbye["again"]),
        (&json!("shutdown"), &json!(true))
    );
    web.is_closed(Some(1001));
}

#[test]
fn what_breaks_the_rules_is_closed_with_the_reason() {
    let (_daemon, addr) = serve();
    let mut ann = person(addr, "ann");
    let most = 2 * LINE_BYTES + OBJECT_BYTES;
    let longest = format!("{{\"op\":\"ping\",\"x\":\"{}\"}}", "x".repeat(most - 20));
    assert_eq!(longest.len(), most);
    let too_long = longest.replace("xx\"}", "xxx\"}");
    for (bytes, told, code) in [
        // Binary.
        (frame(0x82, b"{}"), "", 1003),
        (frame(TEXT, b"{\"op\":\"\xff\"}"), "", 1007),
        (frame(TEXT, too_long.as_bytes()), "size", 1009),
        // Without a mask.
        (b"\x81\x02{}".to_vec(), "", 1002),
        // The end of a message that has not begun.
        (frame(END, b"{}"), "", 1002),
        // A kind that there is not, an extension that was not asked for, and a ping in parts.
        (frame(0x83, b"{}"), "", 1002),
        (frame(0xc1, b"{}"), "", 1002),
        (frame(0x09, b""), "", 1002),
        // A close frame with half a code, and with a code that nobody may send.
        (frame(0x88, b"\x03"), "", 1002),
        (frame(0x88, b"\x03\xed"), "", 1002),
    ] {
        let mut web = Web::login(addr, "web");
        ann.reads("web has joined the chat.");
        web.sends(&frame(TEXT, longest.as_bytes()));
        assert_eq!(web.hears()["event"], "pong");
        web.sends(&bytes);
        if !told.is_empty() {
            assert_eq!(web.hears()["code"], told);
        }
        web.is_closed(Some(code));
        ann.reads("web has left the chat.");
    }
}

#[test]
fn pings_are_answered_and_messages_come_in_parts() {
    let (_daemon, addr) = serve();
    let mut web = Web::login(addr, "web");
    for payload in [&b""[..], b"payload"] {
        web.says(Message::Ping(payload.to_vec().into()));
        assert_eq!(web.hears_message(), Message::Pong(payload.to_vec().into()));
    }
    // A pong that answers nothing.
    web.says(Message::Pong("x".into()));
    let parts = [
        frame(BEGIN, b"{\"op\":\"say\",\"text\":\"\xc3"),
        frame(MORE, b""),
        frame(PING, b"between"),
        frame(MORE, b"\xa9"),
        frame(END, b"\"}"),
    ];
    web.sends(&parts.concat());
    assert_eq!(web.hears_message(), Message::Pong("between".into()));
    web.reads(&json!({"event": "said", "room": "lobby", "from": "web", "text": "é"}));
    for byte in parts.concat() {
        web.sends(&[byte]);
    }
    assert_eq!(web.hears_message(), Message::Pong("between".into()));
    web.reads(&json!({"event": "said", "room": "lobby", "from": "web", "text": "é"}));
}

#[test]
fn many_messages_come_in_one_read() {
    let (_daemon, addr) = serve();
    let person = Person::connect(addr);
    // They need not wait for the answer to the request.
    let login = frame(TEXT, b"{\"op\":\"login\",\"name\":\"web\"}");
    let ask = |id: usize| frame(TEXT, json!({"op": "ping", "id": id}).to_string().as_bytes());
    let asked: Vec<u8> = (0..300).flat_map(ask).collect();
    let mut web = Web::over(&person, addr, &[]);
    web.sends(&[login, asked].concat());
    assert_eq!(
        [web.hears(), web.hears()].map(|it| it["event"].clone()),
        ["hello", "welcome"]
    );
    for id in 0..300 {
        web.reads(&json!({"event": "pong", "re": id}));
    }
}

#[test]
fn errors_leave_a_websocket_open() {
    let (_daemon, addr) = serve();
    let mut web = Web::login(addr, "web");
    for (text, code) in [
        ("", "json"),
        ("{", "json"),
        ("{}\n{}", "json"),
        ("{\"op\":1}", "member"),
    ] {
        web.says(Message::text(text));
        assert_eq!(web.hears()["code"], code, "{text:?}");
    }
    web.asks(&json!({"op": "ping"}));
    web.reads(&json!({"event": "pong"}));
}

/// The first line of what a request is answered, and whether the rest is whole.
fn answered(addr: SocketAddr, request: &str) -> String {
    let mut person = Person::connect(addr);
    person.sends(request.as_bytes());
    let answer = person.reads_to_end();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("\r\nConnection: close"), "{head}");
    assert!(
        head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())),
        "{head}"
    );
    head.lines().next().unwrap_or_default().into()
}

#[test]
fn a_page_from_elsewhere_is_refused_unless_the_operator_knows_it() {
    let (_daemon, addr) = serve();
    let from = |origin: &str| request(addr, &[&format!("Origin: {origin}")]);
    let refused = "HTTP/1.1 403 Forbidden";
    for origin in ["https://chat.example.org", "http://127.0.0.1:1", "null"] {
        assert_eq!(answered(addr, &from(origin)), refused, "{origin}");
    }
    let own = format!("Origin: http://{addr}");
    Web::over(&Person::connect(addr), addr, &[&own]).logs_in("own");
    let mut by_env = command(&["-l", "127.0.0.1:0", "--greet-after", "5000"]);
    by_env.args(["--origin", "chat.example.org", "--origin", "localhost:3000"]);
    let mut daemon = Daemon::spawn(by_env);
    let addr = daemon.listens_on();
    for (origin, name) in [
        ("https://chat.example.org", "a"),
        ("http://localhost:3000", "b"),
    ] {
        let field = format!("Origin: {origin}");
        Web::over(&Person::connect(addr), addr, &[&field]).logs_in(name);
    }
    assert_eq!(answered(addr, &from("http://localhost:3001")), refused);
}

#[test]
fn behind_a_proxy_a_request_says_whose_it_is() {
    let (mut daemon, addr) = start(&[
        "--greet-after",
        "5000",
        "--proxy-from",
        "127.0.0.1",
        "--max-per-ip",
        "1",
    ]);
    let unknown = "HTTP/1.1 400 Bad Request";
    for fields in [
        &[][..],
        &["X-Forwarded-For: unknown"],
        &["X-Forwarded-For: 192.0.2.1, x"],
    ] {
        assert_eq!(
            answered(addr, &request(addr, fields)),
            unknown,
            "{fields:?}"
        );
        daemon.logs("turned away: sent no PROXY header");
    }
    let fields = [
        "X-Forwarded-For: 10.0.0.1",
        "X-Forwarded-For: 10.0.0.2,192.0.2.1",
    ];
    let mut web = Web::over(&Person::connect(addr), addr, &fields);
    web.logs_in("web");
    daemon.logs("web came from 192.0.2.1:0, 1 online");
    assert_eq!(
        answered(addr, &request(addr, &fields)),
        "HTTP/1.1 503 Service Unavailable"
    );
    let header = "PROXY TCP4 192.0.2.1 192.0.2.2 5000 8080\r\n";
    let headed = header.to_string() + &request(addr, &[]);
    assert_eq!(answered(addr, &headed), "HTTP/1.1 503 Service Unavailable");
    // From elsewhere the field is not believed.
    let mut near = Web::connect_from([127, 0, 0, 9], addr);
    near.logs_in("near");
    daemon.logs("near came from 127.0.0.9:");
}

#[test]
fn curl_reads_what_each_path_has() {
    if !can_play("curl_reads_what_each_path_has", &[&CURL]) {
        return;
    }
    let (_daemon, addr) = start(&["--greet-after", "5000"]);
    let refused = "This is a WebSocket of version 13.";
    for (args, status, said) in [
        (&["/"][..], "200 OK", "<!doctype html>"),
        (&["/", "--head"], "200 OK", ""),
        (
            &["/", "--data", "x"],
            "413 Content Too Large",
            "No request has a body here.",
        ),
        (
            &["/", "-X", "POST"],
            "405 Method Not Allowed",
            "Use GET, HEAD.",
        ),
        (&["/ws"], "426 Upgrade Required", refused),
        (&["/nowhere"], "404 Not Found", "There is nothing here."),
    ] {
        curl_reads(addr, args, status, said);
    }
    let (_daemon, addr) = start(&["--greet-after", "5000", "--no-web"]);
    curl_reads(addr, &["/"], "404 Not Found", "This server has no page.");
    curl_reads(addr, &["/ws"], "426 Upgrade Required", refused);
}

/// Checks what curl reads at a path, with some options.
fn curl_reads(addr: SocketAddr, args: &[&str], status: &str, said: &str) {
    let url = format!("http://{addr}{}", args[0]);
    let mut curl = program(CURL.program);
    curl.args(["-s", "-i", "--noproxy", "*", "--max-time", "10", &url]);
    let answer = curl.args(&args[1..]).output().expect("curl runs").stdout;
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let begin = format!("HTTP/1.1 {status}\r\n");
    assert!(head.starts_with(&begin), "{args:?}: {head}");
    assert!(head.contains("\r\nConnection: close"), "{args:?}: {head}");
    let body = body.to_lowercase();
    assert!(body.contains(&said.to_lowercase()), "{args:?}: {body:.200}");
    assert!(!said.is_empty() || body.is_empty(), "{body:.200}");
}

#[test]
fn a_slow_web_program_reads_whole_frames_and_how_many_are_missing() {
    let server = serve_with(|config| config.greet_after = Duration::from_secs(5));
    let mut ann = Web::login(server.addr(), "ann");
    let person = Person::taking(server.addr(), 4096);
    let mut slow = Web::over(&person, server.addr(), &[]);
    slow.logs_in("slow");
    assert_eq!(ann.hears()["event"], "joined");
    const COUNT: u64 = 1500;
    let text = "x".repeat(8000);
    for _ in 0..COUNT {
        ann.asks(&json!({"op": "say", "text": text}));
        assert_eq!(ann.hears()["event"], "said");
    }
    until("lines are skipped", || server.handle().stats().skipped > 0);
    ann.asks(&json!({"op": "write", "to": "slow", "text": "the end"}));
    let (mut said, mut skipped) = (0, 0);
    loop {
        let object = slow.hears();
        match object["event"].as_str() {
            Some("said") => said += 1,
            Some("skipped") => skipped += object["count"].as_u64().expect("a number"),
            _ => break assert_eq!(object["event"], "private"),
        }
    }
    assert!(skipped > 0);
    assert_eq!(said + skipped, COUNT);
    // It may still leave as usual.
    slow.asks(&json!({"op": "quit"}));
    assert_eq!(slow.hears()["code"], "quit");
    slow.is_closed(Some(1000));
}
