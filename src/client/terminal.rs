//! The terminal itself: raw mode, the window's size, what is read from it and written to it. However the process ends,
//! the terminal is left as it was found.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Marked pastes (2004) and news of the focus (1004) on.
const ENTER: &str = "\x1b[?2004h\x1b[?1004h";

/// Those off again, wrapping on, the cursor seen, colours as they were.
const LEAVE: &str = "\x1b[?2004l\x1b[?1004l\x1b[?7h\x1b[?25h\x1b[0m";

/// Size assumed of a terminal that does not tell.
const UNKNOWN_SIZE: (usize, usize) = (80, 24);

/// How the terminal was found, while it is in raw mode. One for the process, as the terminal is: the panic hook needs it.
static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

/// The terminal in raw mode. Dropping it gives the terminal back.
#[derive(Debug)]
pub(super) struct Terminal(());

impl Terminal {
    /// Puts the terminal of the standard input into raw mode.
    pub(super) fn enter() -> io::Result<Terminal> {
        let restore_then_report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            restore();
            restore_then_report(panic);
        }));
        raw()?;
        Ok(Terminal(()))
    }

    /// Raw mode again, after the process was stopped and goes on.
    pub(super) fn resume(&self) -> io::Result<()> {
        restore_modes();
        raw()
    }

    /// Gives the terminal back and stops the process with its group, as the terminal would at Ctrl-Z; returns when it
    /// goes on. Where no shell could make it go on, nothing happens.
    pub(super) fn suspend(&self) -> io::Result<()> {
        if getsid(None).is_ok_and(|session| session == getpgrp()) {
            return Ok(());
        }
        restore();
        Ok(kill_current_process_group(Signal::STOP)?)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn raw() -> io::Result<()> {
    let stdin = rustix::stdio::stdin();
    let found = tcgetattr(stdin)?;
    let mut raw = found.clone();
    raw.make_raw();
    let mut saved = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    saved.get_or_insert(found);
    tcsetattr(stdin, OptionalActions::Drain, &raw)?;
    drop(saved);
    write_out(ENTER.as_bytes())
}

fn restore() {
    if FOUND
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .is_some()
    {
        // A terminal that has gone needs no restoring.
        let _ = write_out(LEAVE.as_bytes());
        restore_modes();
    }
}

fn restore_modes() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(found) = found {
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &found);
    }
}

/// Columns and rows of the window.
pub(super) fn size() -> (usize, usize) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => UNKNOWN_SIZE,
    }
}

/// Whether there is someone at both ends.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether the standard input has something to read, or has ended. It is asked before each read, since the input is
/// left in blocking mode: that mode is shared with the shell that started us.
pub(super) fn input_waits() -> bool {
    ready(
        rustix::stdio::stdin(),
        PollFlags::IN,
        Some(&Timespec::default()),
    )
}

/// Reads once from the standard input. `None` when it has ended.
pub(super) fn read_in(buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match rustix::io::read(rustix::stdio::stdin(), buffer) {
        Ok(0) => Ok(None),
        Ok(n) => Ok(Some(n)),
        // A terminal that was hung up.
        Err(rustix::io::Errno::IO) => Ok(None),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

/// Writes everything, also where someone else made the standard output non-blocking.
pub(super) fn write_out(mut bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    // Past the line buffer: what is written is written whole.
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stdout(), bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                ready(rustix::stdio::stdout(), PollFlags::OUT, None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    out.flush()
}

fn ready(fd: impl AsFd, what: PollFlags, timeout: Option<&Timespec>) -> bool {
    let mut fds = [PollFd::new(&fd, what)];
    matches!(rustix::event::poll(&mut fds, timeout), Ok(n) if n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    use rexpect::process::PtyProcess;
    use rustix::termios::LocalModes;

    /// Set for the process that is to panic.
    const PANIC: &str = "CHINWAG_TEST_PANIC";

    /// This test runs itself at the end of a pseudo-terminal, and there it panics.
    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        if std::env::var_os(PANIC).is_some() {
            let _terminal = Terminal::enter().unwrap();
            panic!("as it was asked to");
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--exact",
                "client::terminal::tests::a_panic_leaves_the_terminal_as_it_was",
            ])
            .arg("--nocapture")
            .env(PANIC, "1");
        let process = PtyProcess::new(command).unwrap();
        let mut terminal = process.get_file_handle().unwrap();
        let mut seen = Vec::new();
        // The end of a pseudo-terminal is an error, EIO.
        let _ = io::Read::read_to_end(&mut terminal, &mut seen);
        let seen = String::from_utf8_lossy(&seen);
        let left = seen.find(LEAVE).expect("the terminal is given back");
        let told = seen.find("as it was asked to").expect("the panic is told");
        assert!(seen.contains(ENTER) && left < told, "{seen:?}");
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ISIG));
    }
}
