//! `Client`: one client of the simulated world, what it has sent and read, and what it is owed.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;

use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::{CHUNK_BYTES, END_BYTES};
use crate::message::{AboutConnection, ForProgram, Hello, Told};
use crate::moment::Format;
use crate::wire::write_object;

use super::model::{Piece, rendered};
use super::naive::Naive;
use super::numbers::Numbers;
use super::record::Happened;
use super::sightings::Sightings;

#[derive(Debug)]
pub(super) struct Client {
    pub(super) pair: usize,
    pub(super) addr: SocketAddr,
    /// The server limits how fast it may send.
    pub(super) is_limited: bool,
    /// It sends objects from the first byte on, once it was greeted like a person.
    pub(super) is_program: bool,
    /// The journal answers late.
    pub(super) may_be_held: bool,
    /// A question for a password has ended before a line answered it. What had come of that line is dropped.
    pub(super) may_drop: bool,
    /// Once the hub was told of it.
    pub(super) peer: Option<PeerId>,
    /// What is still to be sent.
    pub(super) unsent: Vec<u8>,
    /// A FIN follows what is still to be sent.
    pub(super) finishes: bool,
    /// It let go of its socket.
    pub(super) is_gone: bool,
    pub(super) pace: Pace,
    /// What it has sent, as it is to be heard.
    naive: Naive,
    /// How much of that was heard.
    heard: usize,
    answered: usize,
    /// It began with another protocol, and the server said so.
    is_stranger: bool,
    /// The first bytes it sent.
    first: Vec<u8>,
    /// It sends no more: how many lines had ended by then.
    ended_at: Option<usize>,
    /// It broke the connection, which it had not finished; what was not heard by then may be lost on the way.
    is_broken: bool,
    loses_input: bool,
    owed: Vec<Piece>,
    /// How many pieces were read to the end.
    read: usize,
    /// What was read behind them.
    unmatched: Vec<u8>,
    /// Lines of rooms that were said to be skipped, and have not come up.
    skipped: usize,
    /// How many pieces were owed before the present tick.
    owed_before: usize,
    /// The most rooms that the person was in at once.
    pub(super) most_rooms: usize,
    pub(super) seen: Sightings,
    /// When the hub was told of its end or sent it away, and why, where it was told.
    pub(super) left: Option<(Instant, Option<CloseReason>)>,
    /// The server did not let it in.
    pub(super) turned_away: bool,
    /// It is known whether it was let in.
    pub(super) is_judged: bool,
}

/// The first line of the only request that the script knows. It is not known for one before its last byte.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n";

/// How fast a client reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pace {
    All,
    Some(usize),
    Nothing,
}

impl Client {
    pub(super) fn new(
        pair: usize,
        addr: SocketAddr,
        max_line: usize,
        is_limited: bool,
        is_program: bool,
    ) -> Client {
        Client {
            pair,
            addr,
            is_limited,
            is_program,
            may_be_held: false,
            may_drop: false,
            peer: None,
            unsent: Vec::new(),
            finishes: false,
            is_gone: false,
            pace: Pace::All,
            naive: match is_program {
                true => Naive::of_program(max_line),
                false => Naive::new(max_line),
            },
            heard: 0,
            answered: 0,
            is_stranger: false,
            first: Vec::new(),
            ended_at: None,
            is_broken: false,
            loses_input: false,
            owed: Vec::new(),
            read: 0,
            unmatched: Vec::new(),
            skipped: 0,
            owed_before: 0,
            most_rooms: 0,
            seen: Sightings::default(),
            left: None,
            turned_away: false,
            is_judged: false,
        }
    }

    /// So many of the bytes to be sent were sent.
    pub(super) fn sent(&mut self, count: usize) {
        let rest = self.unsent.split_off(count);
        let sent = std::mem::replace(&mut self.unsent, rest);
        let wanted = REQUEST.len().saturating_sub(self.first.len()).min(count);
        self.first.extend_from_slice(&sent[..wanted]);
        self.naive.hear(&sent);
    }

    /// Whether more telnet would come near the bound on replies.
    pub(super) fn has_negotiated_much(&self) -> bool {
        self.naive.replies.len() > 90
    }

    /// The hub was told something of this client: it must be what comes next of what was sent.
    /// It may be left unread when more than `kept` bytes wait that cannot be skipped.
    pub(super) fn check_heard(&mut self, happened: &Happened, kept: usize) -> Result<(), String> {
        match happened {
            Happened::Connected(_) | Happened::Answered(_) => return Ok(()),
            Happened::Program(_) if self.is_program && self.heard == 0 => return Ok(()),
            Happened::WrongProtocol(_) if self.heard == 0 => {
                let firsts: [&[u8]; 3] = [b"GET ", b"SSH-", b"\x16\x03"];
                self.is_stranger = firsts.iter().any(|it| self.first.starts_with(it));
                return match self.is_stranger {
                    true => Ok(()),
                    false => Err("taken for a stranger".into()),
                };
            }
            Happened::TooFast { .. } if self.is_limited => return Ok(()),
            Happened::Disconnected(reason) => return self.check_end(*reason, kept),
            _ => {}
        }
        if self.left.is_some() {
            return Err(format!("heard {happened:?} after it had left"));
        }
        if *happened == Happened::EndOfInput && self.naive.may_end.contains(&self.heard) {
            return Ok(());
        }
        if self.may_drop && !self.is_next(happened) {
            self.heard += 1;
        }
        self.may_drop = false;
        let expected = self.naive.heard.get(self.heard);
        if !self.is_next(happened) {
            return Err(format!("heard {happened:?}, but sent was {expected:?}"));
        }
        self.heard += 1;
        Ok(())
    }

    /// Whether this is what was sent next. A password is heard as it was typed.
    fn is_next(&self, happened: &Happened) -> bool {
        let expected = self.naive.heard.get(self.heard);
        match (happened, expected) {
            (Happened::Secret(typed), Some(Happened::Line(_))) => {
                self.naive.typed.get(&self.heard) == Some(typed)
            }
            (happened, expected) => expected == Some(happened),
        }
    }

    /// The client's input has ended for this reason. What stands without a line end was heard as a line, or was cut off.
    fn check_end(&mut self, reason: CloseReason, kept: usize) -> Result<(), String> {
        match reason {
            CloseReason::SendQueueFull | CloseReason::Stalled => Ok(()),
            // What is not read because it came too fast, while it was held, or while the client was behind, is not read any more.
            CloseReason::Broken(_)
                if self.may_be_held || self.is_limited || self.kept_at_most() > kept =>
            {
                Ok(())
            }
            CloseReason::Broken(_) if self.is_gone => self.check_all_heard(),
            CloseReason::Broken(_) => Err("it did not break the connection".into()),
            CloseReason::EndOfInput if self.ended_at.is_none() || self.is_broken => {
                Err("it did not finish".into())
            }
            _ => self.check_heard_up_to(self.naive.heard.len()),
        }
    }

    /// The client breaks the connection; what is not heard by then may be lost on the way.
    pub(super) fn breaks(&mut self, loses_input: bool) {
        self.is_broken = self.ended_at.is_none();
        self.loses_input = loses_input && self.is_broken;
        self.let_go();
    }

    /// The client lets go of its socket.
    pub(super) fn let_go(&mut self) {
        self.is_gone = true;
        self.unsent.clear();
        self.end_input();
    }

    /// The client has sent all it will.
    pub(super) fn end_input(&mut self) {
        self.ended_at.get_or_insert(self.naive.heard.len());
        self.naive.end();
    }

    pub(super) fn check_reply(&mut self, bytes: &[u8]) -> Result<(), String> {
        let end = self.answered + bytes.len();
        if self.naive.replies.get(self.answered..end) != Some(bytes) {
            return Err(format!("answered {bytes:?} to telnet"));
        }
        self.answered = end;
        Ok(())
    }

    /// All that was sent was heard, but for what stands without a line end, and for what may become a request of HTTP.
    pub(super) fn check_all_heard(&self) -> Result<(), String> {
        let is_undecided = self.first.len() < REQUEST.len() && REQUEST.starts_with(&self.first);
        // Behind a blank line this may be the method of a request.
        let is_blank = |byte: &u8| b" \t\r\n\0".contains(byte);
        let begun = self.first.iter().skip_while(|it| is_blank(it)).count();
        let method = &self.first[self.first.len() - begun..];
        let method = method.strip_suffix(b" ").unwrap_or(method);
        let is_method = method
            .iter()
            .all(|it| it.is_ascii_uppercase() || b"-_".contains(it));
        let may_be_method = 0 < begun && begun < self.first.len() && is_method;
        if is_undecided || may_be_method && self.first.len() < REQUEST.len() {
            return Ok(());
        }
        self.check_heard_up_to(self.ended_at.unwrap_or(self.naive.heard.len()))
    }

    fn check_heard_up_to(&self, all: usize) -> Result<(), String> {
        let mut missing = &self.naive.heard[self.heard.min(all)..all];
        if self.may_drop {
            missing = missing.get(1..).unwrap_or_default();
        }
        if !missing.is_empty() && !self.is_stranger && !self.loses_input {
            return Err(format!("sent and not heard: {missing:?}"));
        }
        Ok(())
    }

    /// The server does not let it in.
    pub(super) fn turn_away(&mut self, why: AboutConnection) {
        self.turned_away = true;
        self.owe(Piece {
            bytes: rendered(&why.into(), 0, Format::default()),
            room: None,
            is_tagged: false,
            is_object: false,
        });
    }

    pub(super) fn owe(&mut self, piece: Piece) {
        self.owed.push(piece);
    }

    /// It turns out to be a program, and is told what the server is.
    pub(super) fn owe_hello(&mut self, hello: Hello) {
        let hello = ForProgram::Hello(hello).into();
        let mut bytes = BytesMut::new();
        write_object(&Told::new(&hello, 0), None, None, &mut bytes);
        // Its first object does not stand behind the prompt.
        self.owe(Piece {
            bytes: b"\r\n".into(),
            room: None,
            is_tagged: false,
            is_object: false,
        });
        self.owe(Piece {
            bytes: bytes.into(),
            room: None,
            is_tagged: false,
            is_object: true,
        });
    }

    /// Ends a tick, after which the person is in so many rooms.
    pub(super) fn end_tick(&mut self, rooms: usize) {
        self.seen.note_tick(&self.owed[self.owed_before..]);
        self.owed_before = self.owed.len();
        self.most_rooms = self.most_rooms.max(rooms);
    }

    /// Takes in what was read: it must be what is owed, apart from lines that are said to be skipped.
    pub(super) fn read(&mut self, bytes: &[u8], numbers: &mut Numbers) -> Result<(), String> {
        self.unmatched.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let rest = &self.unmatched[at..];
            let Some(piece) = self.owed.get(self.read) else {
                break;
            };
            if self.skipped > 0 && piece.room.is_some() {
                self.skipped -= 1;
                self.read += 1;
            } else if let Some(len) = piece.meet(rest, numbers)? {
                at += len;
                self.read += 1;
                self.seen.note_read(piece);
            } else if piece.room.is_some()
                && let Some((count, len)) = skip_notice(rest, self.is_program, piece.is_object)
            {
                at += len;
                self.skipped = count;
                let lines = self.owed[self.read..].iter();
                let lines = lines.filter(|it| it.room.is_some());
                self.seen.note_skipped(lines.take(count));
            } else {
                break;
            }
        }
        self.unmatched.drain(..at);
        let piece = self.owed.get(self.read);
        let next = piece.map_or(&[][..], |piece| &piece.bytes);
        let may_be_notice =
            piece.is_some_and(|it| it.room.is_some()) && begins_notice(&self.unmatched);
        let begins_object = self.is_program && !self.unmatched.contains(&b'\n');
        let may_be_object = begins_object && self.unmatched.starts_with(b"{") && piece.is_some();
        if next.starts_with(&self.unmatched) || may_be_notice || may_be_object {
            return Ok(());
        }
        let (unmatched, next) = (text(&self.unmatched), text(next));
        Err(format!("read {unmatched:?}, but owed is {next:?}"))
    }

    /// How many bytes, at most, may wait that cannot be skipped, with what it takes to keep them in order and to say what
    /// was skipped between them.
    pub(super) fn kept_at_most(&self) -> usize {
        const AROUND: usize =
            2 * (CHUNK_BYTES + END_BYTES) + "{\"event\":\"skipped\",\"count\":1000}\n".len();
        let (mut kept, mut longest_line) = (0, 0);
        for piece in &self.owed[self.read..] {
            match piece.room.is_some() {
                true => longest_line = piece.bytes.len().max(longest_line),
                false => kept += piece.bytes.len(),
            }
            kept += AROUND;
        }
        kept + longest_line
    }

    /// Everything owed was read.
    pub(super) fn check_all_read(&self) -> Result<(), String> {
        if self.skipped > 0 {
            return Err(format!(
                "{} lines more were skipped than were owed",
                self.skipped
            ));
        }
        match self.owed.get(self.read) {
            None => Ok(()),
            Some(piece) => Err(format!("owed and not read: {:?}", text(&piece.bytes))),
        }
    }
}

impl Piece {
    /// The length of what was read, if it begins with this.
    fn meet(&self, read: &[u8], numbers: &mut Numbers) -> Result<Option<usize>, String> {
        let len = self.bytes.len();
        match self.is_object {
            false => Ok(read.starts_with(&self.bytes).then_some(len)),
            true => numbers.meet(read, &self.bytes),
        }
    }
}

/// The number in a line that stands for skipped ones, and that line's length. A program reads it as an object once it is
/// known to be one, even if what was skipped is text.
fn skip_notice(bytes: &[u8], is_program: bool, is_object: bool) -> Option<(usize, usize)> {
    let len = bytes.iter().position(|&byte| byte == b'\n')? + 1;
    let line = std::str::from_utf8(&bytes[..len]).ok()?;
    let object = line.strip_prefix("{\"event\":\"skipped\",\"count\":");
    match object.and_then(|it| it.strip_suffix("}\n")) {
        Some(count) if is_program => return Some((count.parse().ok()?, len)),
        _ if is_object => return None,
        _ => {}
    }
    let inside = line.strip_prefix("-- ")?.strip_suffix(" skipped --\r\n")?;
    let count = match inside.split_once(' ')? {
        ("1", "message") => 1,
        (count, "messages") => count.parse().ok().filter(|&count| count > 1)?,
        _ => return None,
    };
    Some((count, len))
}

/// Whether this may become a line that stands for skipped ones.
fn begins_notice(bytes: &[u8]) -> bool {
    let begin = b"-- ";
    let common = bytes.len().min(begin.len());
    bytes[..common] == begin[..common] && !bytes.contains(&b'\n')
}

fn text(bytes: &[u8]) -> String {
    let most = bytes.len().min(200);
    String::from_utf8_lossy(&bytes[..most]).into_owned()
}
