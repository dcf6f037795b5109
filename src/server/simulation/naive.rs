//! The naive decoder: what a client's bytes come to, byte by byte, whatever the reads they come in.

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
    /// Options that were refused: with WONT, and with DONT.
    refused: [Vec<u8>; 2],
    pub(super) heard: Vec<Happened>,
    pub(super) replies: Vec<u8>,
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

    pub(super) fn hear(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.byte(byte));
    }

    /// What is heard besides when no more comes.
    pub(super) fn end(&mut self) {
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
            Place::Subnegotiation | Place::SubnegotiationCommand => {
                self.place = Place::Subnegotiation;
            }
        }
    }

    fn command(&mut self, byte: u8) {
        self.speaks_telnet = true;
        match byte {
            251..=254 => self.place = Place::Option(byte),
            250 => self.place = Place::Subnegotiation,
            248 => self.erase_line(),
            247 => self.erase_character(),
            246 => self.heard.push(Happened::AreYouThere),
            243 | 244 => self.interrupt(),
            236 => {
                self.end_line();
                self.heard.push(Happened::EndOfInput);
            }
            _ => {}
        }
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
            CTRL_D if begins => self.heard.push(Happened::EndOfInput),
            BACKSPACE | DELETE if self.speaks_telnet => self.erase_character(),
            CTRL_U if self.speaks_telnet => self.erase_line(),
            CTRL_W if self.speaks_telnet => self.erase_word(),
            b'\n' | b'\r' => {
                self.after_cr = byte == b'\r';
                if !std::mem::take(&mut self.is_lost) {
                    let line = std::mem::take(&mut self.line);
                    self.heard.push(Happened::Line(clean(&line)));
                }
            }
            _ if self.is_lost => {}
            _ => {
                self.line.push(byte);
                if self.line.len() > self.limit {
                    self.line.clear();
                    self.is_lost = true;
                    self.heard.push(Happened::TooLong);
                }
            }
        }
    }

    /// What stands without a line end is a line.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.heard.push(Happened::Line(clean(&line)));
        }
    }

    fn interrupt(&mut self) {
        self.erase_line();
        self.heard.push(Happened::Interrupt);
    }

    fn erase_line(&mut self) {
        self.line.clear();
        self.is_lost = false;
    }

    /// Takes away the last byte, and where those behind the first of a character were last, that too.
    fn erase_character(&mut self) {
        for _ in 0..4 {
            match self.line.pop() {
                Some(byte) if byte & 0xc0 == 0x80 => continue,
                _ => return,
            }
        }
    }

    fn erase_word(&mut self) {
        let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        while is_blank(self.line.last()) {
            self.line.pop();
        }
        while !self.line.is_empty() && !is_blank(self.line.last()) {
            self.line.pop();
        }
    }
}

/// Text that can do no harm.
fn clean(bytes: &[u8]) -> String {
    let harmless = |c: char| match c as u32 {
        0x09 => c,
        it @ 0..0x20 => char::from_u32(0x2400 + it).expect("a picture"),
        0x7f => '\u{2421}',
        0x80..0xa0 | 0x2028..=0x202e | 0x2066..=0x2069 => '\u{fffd}',
        _ => c,
    };
    String::from_utf8_lossy(bytes)
        .chars()
        .map(harmless)
        .collect()
}
