//! `Seen`: a strict terminal. It knows only the sequences that the client uses, and accepts no others. A terminal in
//! memory also shows what is left after them.

use std::collections::BTreeMap;
use std::num::NonZero;

use chinwag::inner::client::desk::{ENTER, LEAVE};

/// Lines that can be scrolled back to.
const SCROLLBACK: usize = 10;

/// The longest sequence, in bytes.
const SEQUENCE_BYTES: usize = 32;

pub struct Seen {
    terminal: vt100::Parser,
    /// Private modes, and whether they are on.
    modes: BTreeMap<String, bool>,
}

impl Seen {
    pub fn new(size: (usize, usize)) -> Seen {
        let [columns, rows] = [size.0, size.1].map(cells);
        Seen {
            terminal: vt100::Parser::new(rows, columns, SCROLLBACK),
            modes: BTreeMap::new(),
        }
    }

    pub fn resize(&mut self, size: (usize, usize)) {
        let [columns, rows] = [size.0, size.1].map(cells);
        self.terminal.screen_mut().set_size(rows, columns);
    }

    /// Takes the output of one write: whole sequences.
    pub fn take(&mut self, shown: &str) {
        self.terminal.process(shown.as_bytes());
        let mut rest = shown;
        while let Some(at) = rest.find(|c: char| c.is_control()) {
            rest = &rest[at..];
            rest = &rest[self.take_control(rest)..];
        }
    }

    /// Takes the control character or sequence at the beginning of the text, and returns its length.
    fn take_control(&mut self, text: &str) -> usize {
        if text.starts_with(['\r', '\n', '\x07']) {
            return 1;
        }
        for known in ENTER.iter().chain(&LEAVE) {
            if text.starts_with(known) {
                known
                    .split("\x1b[?")
                    .skip(1)
                    .for_each(|it| self.set_modes(it));
                return known.len();
            }
        }
        let head: String = text.chars().take(SEQUENCE_BYTES).collect();
        let body = head.strip_prefix("\x1b[");
        let last = body.and_then(|it| Some((it, it.find(|c: char| c.is_ascii_alphabetic())?)));
        let Some((body, last)) = last else {
            panic!("no sequence of the client's: {head:?}");
        };
        let sequence = &body[..=last];
        assert!(
            self.is_known(sequence),
            "no sequence of the client's: {head:?}"
        );
        2 + sequence.len()
    }

    fn is_known(&mut self, sequence: &str) -> bool {
        if ["?25l", "?25h", "?7l", "?7h"].contains(&sequence) {
            self.set_modes(&sequence[1..]);
            return true;
        }
        let (parameters, last) = sequence.split_at(sequence.len() - 1);
        let mut numbers = parameters.split(';').map(str::parse::<u16>);
        match (last, parameters) {
            ("J" | "H", "") | ("K", "2") => true,
            ("A" | "C" | "G", _) => {
                numbers.all(|it| it.is_ok_and(|it| it > 0)) && !parameters.contains(';')
            }
            ("H", _) => numbers.all(|it| it.is_ok()) && parameters.ends_with(";1"),
            ("m", _) => {
                numbers.all(|it| it.is_ok_and(|it| [0, 1, 2, 7].contains(&it) || is_color(it)))
            }
            _ => false,
        }
    }

    /// Takes note of `7h`, `9;1000l` and the like.
    fn set_modes(&mut self, modes: &str) {
        let end = modes
            .find(|c: char| c.is_ascii_alphabetic())
            .expect("a final byte");
        for mode in modes[..end].split(';') {
            self.modes.insert(mode.into(), &modes[end..=end] == "h");
        }
    }

    /// Called when the client has ended: no mode is left on, and nothing is coloured or hidden.
    pub fn check_left(&self) {
        for (mode, is_on) in &self.modes {
            let stays_on = ["7", "25"].contains(&mode.as_str());
            assert_eq!(*is_on, stays_on, "mode {mode} is left so");
        }
        let screen = self.terminal.screen();
        assert!(!screen.hide_cursor() && !screen.bracketed_paste());
        assert!(!screen.application_cursor() && !screen.application_keypad());
        assert!(!screen.alternate_screen());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        assert_eq!(screen.fgcolor(), vt100::Color::Default);
        assert_eq!(screen.bgcolor(), vt100::Color::Default);
        assert!(!screen.bold() && !screen.inverse() && !screen.underline() && !screen.italic());
    }
}

fn is_color(number: u16) -> bool {
    (30..38).contains(&number) || (90..98).contains(&number)
}

fn cells(n: usize) -> NonZero<u16> {
    let n = u16::try_from(n).ok();
    n.and_then(NonZero::new).expect("a size of a window")
}
