//! The frames beside those of tungstenite, on random streams and cuts, both ways.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use bytes::BytesMut;
use tungstenite::protocol::frame::CloseFrame;
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::{BEGIN, BINARY, CLOSE, END, MORE, PING, PONG, TEXT, frame_with, hear};
use crate::dice::Dice;
use crate::wire::websocket::{CloseCode, Incoming, close, ping, pong, text_header};

const SEEDS: u64 = 3000;

/// Longer than a control frame may be, as tungstenite bounds these by it too.
const LIMIT: usize = 200;

/// What tungstenite says in place of a code that must not be sent.
const VIOLATION: &str = "Protocol violation";

/// A socket of which each read is known. What is written to it is kept.
#[derive(Debug, Default)]
struct Wire {
    reads: VecDeque<Vec<u8>>,
    written: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(mut bytes) = self.reads.pop_front() else {
            return Err(ErrorKind::WouldBlock.into());
        };
        let length = bytes.len().min(into.len());
        into[..length].copy_from_slice(&bytes[..length]);
        if length < bytes.len() {
            self.reads.push_front(bytes.split_off(length));
        }
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(role: Role, reads: &[&[u8]]) -> WebSocket<Wire> {
    let config = WebSocketConfig::default()
        .read_buffer_size(512)
        .max_message_size(Some(LIMIT))
        .max_frame_size(Some(LIMIT));
    let reads = reads.iter().map(|it| it.to_vec()).collect();
    let written = Vec::new();
    WebSocket::from_raw_socket(Wire { reads, written }, role, Some(config))
}

/// What tungstenite hears, in our words.
fn heard_by(socket: &mut WebSocket<Wire>) -> Vec<Incoming<'static>> {
    let mut heard = Vec::new();
    loop {
        heard.push(match socket.read() {
            Ok(Message::Text(text)) => Incoming::Text(text.to_string().into()),
            Ok(Message::Ping(payload)) => Incoming::Ping(payload.to_vec().into()),
            Ok(Message::Pong(payload)) => Incoming::Pong(payload.to_vec().into()),
            Ok(Message::Binary(_)) => Incoming::Failed(CloseCode::UNSUPPORTED),
            Ok(Message::Close(Some(it))) if it.reason.as_str() == VIOLATION => {
                Incoming::Failed(CloseCode::PROTOCOL)
            }
            Ok(Message::Close(it)) => Incoming::Close(it.map(|it| CloseCode(it.code.into()))),
            Err(Error::Protocol(_)) => Incoming::Failed(CloseCode::PROTOCOL),
            Err(Error::Utf8(_)) => Incoming::Failed(CloseCode::NOT_UTF8),
            Err(Error::Capacity(_)) => Incoming::Failed(CloseCode::TOO_LONG),
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return heard,
            other => panic!("{other:?}"),
        });
        if matches!(heard.last(), Some(Incoming::Close(_) | Incoming::Failed(_))) {
            return heard;
        }
    }
}

fn random_bytes(dice: &mut Dice, most: usize) -> Vec<u8> {
    let length = dice.below(most + 1);
    (0..length).map(|_| dice.below(256) as u8).collect()
}

fn random_text(dice: &mut Dice, most: usize) -> String {
    let mut text = String::new();
    let length = dice.below(most + 1);
    while text.len() < length {
        text += dice.pick(&[
            "a",
            "\n",
            "\0",
            "é",
            "€",
            "κόσμε",
            "\u{1f389}",
            "plain words ",
        ]);
    }
    while text.len() > length {
        text.pop();
    }
    text
}

fn random_frame(dice: &mut Dice, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = std::array::from_fn(|_| dice.below(256) as u8);
    let at_least = match first & 0x08 {
        // A control frame has a short length.
        0 => [0, 0, 0, 2, 8][dice.below(5)],
        _ => 0,
    };
    frame_with(first, payload, mask, at_least)
}

/// A message in one frame or several, with control frames between them.
fn random_message(dice: &mut Dice, text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    let mut opcode = TEXT & !END;
    while dice.below(3) == 0 {
        let (part, after) = rest.split_at(dice.below(rest.len() + 1));
        out.extend(random_frame(dice, opcode, part));
        (rest, opcode) = (after, MORE);
        if dice.below(3) == 0 {
            random_control(dice, out);
        }
    }
    out.extend(random_frame(dice, opcode | END, rest));
}

fn random_control(dice: &mut Dice, out: &mut Vec<u8>) {
    let payload = random_bytes(dice, 125);
    let opcode = [PING, PONG][dice.below(2)];
    out.extend(random_frame(dice, opcode, &payload));
}

/// Something that ends the connection, or may.
fn random_fault(dice: &mut Dice, out: &mut Vec<u8>) {
    let text = random_text(dice, 20).into_bytes();
    let (first, payload) = match dice.below(10) {
        0 => (TEXT | 0x10 << dice.below(3), text),
        1 => (0x80 | [3, 7, 11, 15][dice.below(4)], text),
        2 => ([PING, PONG, CLOSE][dice.below(3)] & !END, text),
        3 => (PING, vec![0; 126 + dice.below(LIMIT - 125)]),
        4 => ([MORE, END][dice.below(2)], text),
        5 => (BEGIN, random_bytes(dice, 20)),
        6 => (BINARY, text),
        7 => (TEXT, vec![b'x'; LIMIT - 3 + dice.below(6)]),
        _ => (CLOSE, random_close(dice)),
    };
    let mut frame = random_frame(dice, first, &payload);
    if payload.len() < 100 && dice.below(10) == 0 {
        // It says that it is not masked. What stands for the mask is its payload then, or the next frame.
        frame[1] &= 0x7f;
        frame.resize(frame.len() + 4, 0);
    }
    out.extend(frame);
}

fn random_close(dice: &mut Dice) -> Vec<u8> {
    // tungstenite does not know 1014.
    let codes: [u16; 10] = [0, 999, 1000, 1004, 1005, 1011, 1012, 2999, 3000, 5000];
    let (code, reason) = match dice.below(3) {
        0 => (1000, random_bytes(dice, 9)),
        _ => (codes[dice.below(10)], random_text(dice, 9).into_bytes()),
    };
    let payload = [&code.to_be_bytes(), &reason[..]].concat();
    let short = dice.below(5);
    payload[..if short < 2 { short } else { payload.len() }].to_vec()
}

fn random_stream(dice: &mut Dice) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..dice.below(12) {
        match dice.below(10) {
            0 => random_fault(dice, &mut out),
            1 => random_control(dice, &mut out),
            2 => {
                let bytes = random_bytes(dice, 4);
                random_message(dice, &bytes, &mut out);
            }
            _ => {
                let text = random_text(dice, 150);
                random_message(dice, text.as_bytes(), &mut out);
            }
        }
    }
    out
}

fn cut<'a>(dice: &mut Dice, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let most = [3, 20, 300][dice.below(3)];
    let mut reads = Vec::new();
    while !bytes.is_empty() {
        let (read, rest) = bytes.split_at(bytes.len().min(1 + dice.below(most)));
        reads.push(read);
        bytes = rest;
    }
    reads
}

#[test]
fn random_frames_of_a_client_mean_the_same_to_both() {
    let mut kinds = [0; 6];
    for seed in 0..SEEDS {
        let mut dice = Dice::new(seed);
        let stream = random_stream(&mut dice);
        let reads = cut(&mut dice, &stream);
        let ours = hear(reads.iter().copied(), LIMIT);
        let mut other = heard_by(&mut theirs(Role::Server, &reads));
        // tungstenite hears a binary message at its end.
        let refused = Incoming::Failed(CloseCode::UNSUPPORTED);
        if ours.last() == Some(&refused) {
            other.truncate(ours.len() - 1);
            other.push(refused);
        }
        assert_eq!(ours, other, "seed {seed}: {stream:x?}");
        for incoming in ours {
            kinds[match incoming {
                Incoming::Text(_) => 0,
                Incoming::Ping(_) | Incoming::Pong(_) => 1,
                Incoming::Close(_) => 2,
                Incoming::Failed(CloseCode::PROTOCOL) => 3,
                Incoming::Failed(CloseCode::NOT_UTF8) => 4,
                Incoming::Failed(_) => 5,
            }] += 1;
        }
    }
    assert!(kinds.iter().all(|&count| count > 50), "{kinds:?}");
}

#[test]
fn what_tungstenite_sends_is_heard() {
    for seed in 0..SEEDS / 10 {
        let mut dice = Dice::new(seed);
        let mut client = theirs(Role::Client, &[]);
        let mut said = Vec::new();
        for _ in 0..dice.below(9) {
            let text = random_text(&mut dice, LIMIT);
            let payload = random_bytes(&mut dice, 125);
            let (message, incoming) = match dice.below(3) {
                0 => (
                    Message::Ping(payload.clone().into()),
                    Incoming::Ping(payload.into()),
                ),
                1 => (
                    Message::Pong(payload.clone().into()),
                    Incoming::Pong(payload.into()),
                ),
                _ => (Message::text(text.clone()), Incoming::Text(text.into())),
            };
            client.send(message).expect("it takes all bytes");
            client.flush().expect("it takes all bytes");
            said.push(incoming);
        }
        let bye = CloseFrame {
            code: 1001.into(),
            reason: "bye".into(),
        };
        client.close(Some(bye)).expect("it takes all bytes");
        said.push(Incoming::Close(Some(CloseCode::GOING_AWAY)));
        let stream = client.get_ref().written.clone();
        let reads = cut(&mut dice, &stream);
        assert_eq!(hear(reads, LIMIT), said, "seed {seed}");
    }
}

#[test]
fn what_is_sent_is_heard_by_tungstenite() {
    for seed in 0..SEEDS / 10 {
        let mut dice = Dice::new(seed);
        let mut out = BytesMut::new();
        let mut said = Vec::new();
        for _ in 0..dice.below(9) {
            let text = random_text(&mut dice, LIMIT);
            let payload = random_bytes(&mut dice, 125);
            said.push(match dice.below(3) {
                0 => {
                    ping(&mut out);
                    Incoming::Ping(b"".into())
                }
                1 => {
                    pong(&payload, &mut out);
                    Incoming::Pong(payload.into())
                }
                _ => {
                    text_header(text.len(), &mut out);
                    out.extend_from_slice(text.as_bytes());
                    Incoming::Text(text.into())
                }
            });
        }
        let code = [None, Some(CloseCode::RESTART)][dice.below(2)];
        close(code, &random_text(&mut dice, 150), &mut out);
        said.push(Incoming::Close(code));
        let reads = cut(&mut dice, &out);
        let other = heard_by(&mut theirs(Role::Client, &reads));
        assert_eq!(other, said, "seed {seed}");
    }
}
