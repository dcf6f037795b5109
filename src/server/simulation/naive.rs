//! The naive decoder: what a client's bytes come to, byte by byte, whatever the reads they come in.

use std::collections::BTreeMap;

use super::objects::Objects;
use super::record::Happened;

const IAC: u8 = 255;
const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_U: u8 = 21;
const CTRL_W: u8 = 23;
const DELETE: u8 = 127;

/// One client's decoder, and all that it has heard.
#[derive(Debug, Default)]
pub(super) struct Naive {
    limit: usize,
    line: Vec<u8>,
    /// The line was too long; the rest of it is lost.
    is_lost: bool,
    after_cr: bool,
    speaks_telnet: bool,
    place: Place,
    /// The subnegotiation, with its option.
    parameters: Vec<u8>,
    /// Something was heard already, or a key was pressed.
    has_begun: bool,
    /// Options that were refused: with WONT, and with DONT.
    refused: [Vec<u8>; 2],
    pub(super) heard: Vec<Happened>,
    /// The bytes of each line, by its place in what was heard.
    pub(super) typed: BTreeMap<usize, Vec<u8>>,
    pub(super) replies: Vec<u8>,
    /// How much had been heard where Ctrl-D stood alone on a line, if nothing came behind it for a while.
    pub(super) may_end: Vec<usize>,
    /// Of a program, which sends objects in place of lines and telnet.
    objects: Option<Objects>,
}

/// What the next byte is.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum Place {
    #[default]
    Text,
    Command,
    Option(u8),
    Subnegotiation,
    SubnegotiationCommand,
}

impl Naive {
    pub(super) fn new(limit: usize) -> Naive {
        Naive {
            limit,
            ..Naive::default()
        }
    }

    /// The decoder of a program.
    pub(super) fn of_program(limit: usize) -> Naive {
        Naive {
            objects: Some(Objects::new(limit)),
            ..Naive::default()
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        if let Some(objects) = &mut self.objects {
            return objects.hear(bytes, &mut self.heard);
        }
        for &byte in bytes {
            self.byte(byte);
            // Commands may come between the key and the silence behind it.
            if !self.line.is_empty() && self.line.iter().all(|&byte| byte == CTRL_D) {
                self.may_end.push(self.heard.len());
            }
        }
    }

    /// What is heard besides when no more comes.
    pub(super) fn end(&mut self) {
        if let Some(objects) = &mut self.objects {
            return objects.end(&mut self.heard);
        }
        if std::mem::take(&mut self.place) == Place::Command {
            self.text(IAC);
        }
        self.end_line();
    }

    fn byte(&mut self, byte: u8) {
        let place = std::mem::take(&mut self.place);
        match place {
            Place::Text if byte == IAC => self.place = Place::Command,
            Place::Text => self.text(byte),
            Place::Command if byte == IAC => self.text(IAC),
            Place::Command if byte < 236 => {
                self.text(IAC);
                self.text(byte);
            }
            Place::Command => self.command(byte),
            Place::Option(verb) => self.option(verb, byte),
            Place::Subnegotiation if byte == IAC => self.place = Place::SubnegotiationCommand,
            Place::SubnegotiationCommand if byte == 240 => {}
            Place::SubnegotiationCommand if byte >= 236 && byte != IAC => self.command(byte),
            Place::SubnegotiationCommand if byte != IAC => {
                self.text(IAC);
                self.text(byte);
            }
            _ if self.has_room() => {
                self.parameters.push(byte);
                self.place = Place::Subnegotiation;
            }
            Place::Subnegotiation if byte == 240 => {}
            Place::Subnegotiation | Place::SubnegotiationCommand => self.text(byte),
        }
    }

    fn command(&mut self, byte: u8) {
        self.speaks_telnet = true;
        match byte {
            251..=254 => self.place = Place::Option(byte),
            250 => {
                self.parameters.clear();
                self.place = Place::Subnegotiation;
            }
            248 => self.erase_line(),
            247 => self.erase_character(),
            246 => self.heard.push(Happened::AreYouThere),
            243 | 244 => self.interrupt(),
            236 => {
                self.end_line();
                if self.heard.last() != Some(&Happened::EndOfInput) {
                    self.heard.push(Happened::EndOfInput);
                }
            }
            _ => {}
        }
    }

    /// Whether the subnegotiation is shorter than one of its option can be.
    fn has_room(&self) -> bool {
        let most = match self.parameters.first() {
            None => 1,
            Some(31) => 5,
            Some(24) => 42,
            Some(42) => 258,
            Some(_) => 1024,
        };
        self.parameters.len() < most
    }

    /// All options that the script knows are refused.
    fn option(&mut self, verb: u8, option: u8) {
        match (verb, option) {
            (251, 6) => {}
            (253, 6) => self.replies.extend([IAC, 252, 6]),
            (251 | 253, _) => {
                let (list, answer) = if verb == 253 { (0, 252) } else { (1, 254) };
                if !self.refused[list].contains(&option) {
                    self.refused[list].push(option);
                    self.replies.extend([IAC, answer, option]);
                }
            }
            (252, _) => self.refused[1].retain(|&other| other != option),
            _ => self.refused[0].retain(|&other| other != option),
        }
    }

    fn text(&mut self, byte: u8) {
        if std::mem::take(&mut self.after_cr) && matches!(byte, b'\n' | b'\0') {
            return;
        }
        let begins = self.line.is_empty() && !self.is_lost;
        match byte {
            CTRL_C if self.speaks_telnet || begins => self.interrupt(),
            BACKSPACE | DELETE if self.speaks_telnet => self.erase_character(),
            CTRL_U if self.speaks_telnet => self.erase_line(),
            CTRL_W if self.speaks_telnet => self.erase_word(),
            b'\n' | b'\r' => {
                self.after_cr = byte == b'\r';
                if !std::mem::take(&mut self.is_lost) {
                    self.take_line();
                }
            }
            _ if self.is_lost => {}
            _ => {
                self.line.push(byte);
                if self.line.len() > self.limit {
                    self.line.clear();
                    self.is_lost = true;
                    self.has_begun = true;
                    self.heard.push(Happened::TooLong);
                }
            }
        }
    }

    /// What stands without a line end is a line.
    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.take_line();
        }
    }

    fn take_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.has_begun, true) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        self.typed.insert(self.heard.len(), line.clone());
        let is_key = !line.is_empty() && line.iter().all(|&byte| byte == CTRL_D);
        self.heard.push(match is_key {
            true => Happened::EndOfInput,
            false => Happened::Line(clean(&line)),
        });
    }

    fn interrupt(&mut self) {
        self.erase_line();
        self.heard.push(Happened::Interrupt);
    }

    fn erase_line(&mut self) {
        self.has_begun = true;
        self.line.clear();
        self.is_lost = false;
    }

    /// Takes away the last byte, and where those behind the first of a character were last, that too.
    fn erase_character(&mut self) {
        self.has_begun = true;
        for _ in 0..4 {
            match self.line.pop() {
                Some(byte) if byte & 0xc0 == 0x80 => continue,
                _ => return,
            }
        }
    }

    fn erase_word(&mut self) {
        self.has_begun = true;
        let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        while is_blank(self.line.last()) {
            self.line.pop();
        }
        while !self.line.is_empty() && !is_blank(self.line.last()) {
            self.line.pop();
        }
    }
}

/// Text that can do no harm, with eight columns of space in a row at most.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let chars: Vec<char> = text.chars().collect();
    let is_empty = !chars.iter().any(is_shown);
    let mut out = String::new();
    let mut columns = 0;
    for (place, &c) in chars.iter().enumerate() {
        let (left, right) = (&chars[..place], &chars[place + 1..]);
        let hangs_on = left
            .iter()
            .rev()
            .find(|c| !hangs(**c))
            .is_some_and(is_shown);
        let is_within = ends_at_shown(left.iter().rev()) && ends_at_shown(right.iter());
        let may_stay = is_space(c) || is_within && !is_banned(c);
        if is_shown(&c) {
            out.push(picture(c));
            columns = 0;
        } else if hangs(c) && hangs_on {
            out.push(c);
        } else if may_stay {
            columns += width(c);
            out.extend(Some(c).filter(|_| columns <= 8));
        } else if !is_empty {
            out.push('\u{fffd}');
            columns = 0;
        }
    }
    out
}

/// Whether what is seen comes next but for what shows nothing.
fn ends_at_shown<'a>(mut side: impl Iterator<Item = &'a char>) -> bool {
    let beyond = side.find(|c| !is_unseen(**c) || is_banned(**c));
    beyond.is_some_and(is_shown)
}

fn is_shown(c: &char) -> bool {
    !is_space(*c) && !is_unseen(*c) && !is_banned(*c)
}

fn picture(c: char) -> char {
    match c as u32 {
        it @ 0..0x20 => char::from_u32(0x2400 + it).expect("a picture"),
        0x7f => '\u{2421}',
        0x80..0xa0 => '\u{fffd}',
        _ => c,
    }
}

fn is_space(c: char) -> bool {
    let code = c as u32;
    [0x09, 0x20, 0xa0, 0x1680, 0x202f, 0x205f, 0x3000].contains(&code)
        || (0x2000..=0x200a).contains(&code)
}

fn is_banned(c: char) -> bool {
    let code = c as u32;
    let lone = [0x85, 0x61c, 0x200e, 0x200f].contains(&code);
    lone || (0x2028..=0x202e).contains(&code) || (0x2066..=0x2069).contains(&code)
}

/// It shows nothing, and is no space.
fn is_unseen(c: char) -> bool {
    const RANGES: [(u32, u32); 21] = [
        (0xfff9, 0xfffb),
        (0x13430, 0x13440),
        (0xfdd0, 0xfdef),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x206f),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfff8),
        (0x13441, 0x13442),
        (0x1bca0, 0x1bca3),
        (0xe0000, 0xe0fff),
    ];
    let others =
        [0x16fe4, 0x1d159].contains(&(c as u32)) || ('\u{1d173}'..='\u{1d17a}').contains(&c);
    let is_in = |&(first, last): &(u32, u32)| first <= c as u32 && c as u32 <= last;
    let is_none = c as u32 & 0xffff >= 0xfffe;
    others || is_none || RANGES.iter().any(is_in)
}

/// It changes what stands before it.
fn hangs(c: char) -> bool {
    let lone = [0x34f, 0x17b4, 0x17b5, 0x180f, 0x200c, 0x200d].contains(&(c as u32));
    lone || matches!(c as u32, 0x180b..=0x180d | 0xfe00..=0xfe0f | 0xe0020..=0xe007f | 0xe0100..=0xe01ef)
}

fn width(c: char) -> usize {
    match c as u32 {
        0x09 => 4,
        0x3000 | 0x115f | 0x3164 => 2,
        0xad | 0xffa0 | 0x2800 | 0x13441 | 0x13442 | 0x16fe4 | 0x1d159 => 1,
        _ => is_space(c).into(),
    }
}
