//! `Web`: a program that speaks the machine protocol over WebSocket, for dialogues. tungstenite is its other half.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};

use serde_json::{Value, json};
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Message, WebSocket};

use crate::harness::{DEADLINE, Person};
use crate::robots::lasting;

/// A request for a WebSocket, with these fields besides those that are needed.
pub(crate) fn request(addr: SocketAddr, fields: &[&str]) -> String {
    let fields: String = fields.iter().map(|it| format!("{it}\r\n")).collect();
    format!(
        "GET /ws HTTP/1.1\r\nHost: {addr}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
}

/// A frame of a client, of less than 64 KiB. The first byte is its kind, and whether it is the last of its message.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [1, 2, 3, 4];
    let length = u16::try_from(payload.len()).expect("not that long");
    let mut frame = match u8::try_from(length) {
        Ok(length @ ..126) => vec![first, 0x80 | length],
        _ => [&[first, 0x80 | 126][..], &length.to_be_bytes()].concat(),
    };
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b));
    frame
}

/// A program at the other end of a WebSocket.
pub(crate) struct Web {
    socket: WebSocket<TcpStream>,
}

impl Web {
    pub(crate) fn connect(addr: SocketAddr) -> Web {
        Web::over(&Person::connect(addr), addr, &[])
    }

    /// From another address of this machine.
    pub(crate) fn connect_from(ip: [u8; 4], addr: SocketAddr) -> Web {
        Web::over(&Person::connect_from(IpAddr::from(ip), addr), addr, &[])
    }

    /// Upgrades a connection, by a request with these fields.
    pub(crate) fn over(person: &Person, addr: SocketAddr, fields: &[&str]) -> Web {
        let mut stream = person.stream();
        let limit = stream.set_read_timeout(Some(DEADLINE));
        limit.expect("a time limit can be set");
        let sent = stream.write_all(request(addr, fields).as_bytes());
        sent.expect("the server takes what is sent");
        let mut head = Vec::new();
        // Frames may follow at once.
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a head comes");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("text");
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let proof = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(head.contains(proof), "{head}");
        let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
        Web { socket }
    }

    /// Comes in. The server says hello without being asked.
    pub(crate) fn logs_in(&mut self, name: &str) {
        assert_eq!(self.hears()["event"], "hello");
        self.asks(&json!({"op": "login", "name": name}));
        let welcome = self.hears();
        assert_eq!(welcome["name"], name, "{welcome}");
    }

    pub(crate) fn login(addr: SocketAddr, name: &str) -> Web {
        let mut web = Web::connect(addr);
        web.logs_in(name);
        web
    }

    pub(crate) fn asks(&mut self, object: &Value) {
        self.says(Message::text(object.to_string()));
    }

    pub(crate) fn says(&mut self, message: Message) {
        self.socket.send(message).expect("the server takes it");
    }

    /// Sends bytes as they are.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        let sent = self.socket.get_mut().write_all(bytes);
        sent.expect("the server takes what is sent");
    }

    /// The next message, whatever it is.
    pub(crate) fn hears_message(&mut self) -> Message {
        self.socket.read().expect("a message comes")
    }

    /// The next object, whatever it is.
    #[track_caller]
    pub(crate) fn hears(&mut self) -> Value {
        match self.hears_message() {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("no text: {other:?}"),
        }
    }

    /// The next object is this one, apart from what is different in each run.
    #[track_caller]
    pub(crate) fn reads(&mut self, expected: &Value) {
        assert_eq!(lasting(&self.hears()), *expected);
    }

    /// Begins to close.
    pub(crate) fn closes(&mut self, code: Option<CloseFrame>) {
        self.socket.close(code).expect("the server takes it");
    }

    /// The server closes the WebSocket with this code, and the connection behind it.
    #[track_caller]
    pub(crate) fn is_closed(&mut self, code: Option<u16>) {
        match self.hears_message() {
            Message::Close(frame) => assert_eq!(frame.map(|it| it.code.into()), code),
            other => panic!("no close frame: {other:?}"),
        }
        let end = self.socket.read();
        let is_end = matches!(end, Err(tungstenite::Error::ConnectionClosed));
        assert!(is_end, "{end:?}");
    }
}
