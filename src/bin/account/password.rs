//! Reading a new password: twice and unseen from a terminal, once from a pipe.

use std::io::{self, BufRead, BufReader, Read, Stdin, Write};
use std::os::fd::AsFd;

use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use crate::args;

/// More than any password has.
const MOST_BYTES: u64 = 4096;

const INTERRUPT: u8 = 3;
const END: u8 = 4;
const ERASE: [u8; 2] = [8, 127];
const ERASE_LINE: u8 = 21;

/// Reads it from standard input.
pub(super) fn read() -> Result<Vec<u8>, String> {
    let input = io::stdin();
    let failed = |why: io::Error| format!("cannot read the password: {}", args::cause(&why));
    if !termios::isatty(&input) {
        return read_line(&input).map_err(failed);
    }
    let first = ask(&input, "New password: ").map_err(failed)?;
    let first = first.ok_or("no password was given")?;
    let second = ask(&input, "Once more: ").map_err(failed)?;
    match second.as_ref() == Some(&first) {
        true => Ok(first),
        false => Err("these were two passwords; type the same one twice".into()),
    }
}

fn read_line(input: &Stdin) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(Read::take(input.lock(), MOST_BYTES));
    reader.read_until(b'\n', &mut line)?;
    while let Some(b'\n' | b'\r') = line.last() {
        line.pop();
    }
    Ok(line)
}

/// A terminal that shows nothing of what is typed, until this is dropped.
struct Unseen<'a> {
    input: &'a Stdin,
    before: Termios,
}

impl<'a> Unseen<'a> {
    fn new(input: &'a Stdin) -> io::Result<Unseen<'a>> {
        let before = termios::tcgetattr(input.as_fd())?;
        let mut modes = before.clone();
        // A signal would end the program with the terminal as it is, so its key is read like any other.
        modes.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios::tcsetattr(input.as_fd(), OptionalActions::Flush, &modes)?;
        Ok(Unseen { input, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        let now = OptionalActions::Drain;
        // The terminal may be gone.
        let _ = termios::tcsetattr(self.input.as_fd(), now, &self.before);
    }
}

/// Asks on a terminal. `None`: whoever is asked does not want to.
fn ask(input: &Stdin, question: &str) -> io::Result<Option<Vec<u8>>> {
    let unseen = Unseen::new(input)?;
    let mut output = io::stderr();
    output.write_all(question.as_bytes())?;
    let typed = type_line(&mut input.lock());
    output.write_all(b"\n")?;
    drop(unseen);
    typed
}

fn type_line(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    loop {
        if input.read(&mut byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\n' | b'\r' => return Ok(Some(line)),
            INTERRUPT => return Ok(None),
            END if line.is_empty() => return Ok(None),
            it if ERASE.contains(&it) => erase(&mut line),
            ERASE_LINE => line.clear(),
            it if (line.len() as u64) < MOST_BYTES => line.push(it),
            _ => {}
        }
    }
}

/// Erases the last character.
fn erase(line: &mut Vec<u8>) {
    while let Some(byte) = line.pop() {
        if byte & 0b1100_0000 != 0b1000_0000 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_with_its_mistakes() {
        for (typed, line) in [
            (&b"secret\n"[..], Some("secret")),
            (b"secrex\x7ft\r", Some("secret")),
            ("sé\u{8}ecret\n".as_bytes(), Some("secret")),
            (b"no\x15secret\n", Some("secret")),
            (b"\x7f\n", Some("")),
            (b"sec\x03ret\n", None),
            (b"\x04", None),
            (b"half", None),
        ] {
            let read = type_line(&mut &*typed).expect("it is read");
            assert_eq!(read, line.map(|it| it.as_bytes().to_vec()), "{typed:?}");
        }
    }
}
