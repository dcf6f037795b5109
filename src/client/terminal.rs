//! The terminal itself: raw mode, the window's size, reading and writing. However the process ends, it leaves the
//! terminal as it found it: when [`Terminal`] is dropped, and in a panic of any thread.
//!
//! A terminal may stop taking output. A write waits for it, but not after a signal has asked for the end, and giving
//! the terminal back never waits longer than [`GRACE`].

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, TryLockError};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, OFlags, fstat};
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetsid, tcgetwinsize, tcsetattr};

/// The modes that an earlier program may have left on, or that we switch on: cursor keys for applications (1), reports
/// of the mouse (9, 1000 to 1003) in all their forms (1005, 1006, 1015, 1016), news of the focus (1004), marked pastes
/// (2004), keys reported by numbers as xterm and kitty do, the keypad for applications, inserting, other characters
/// (G0, shift-out). A terminal that does not know one of these shows nothing of it.
pub(super) const OFF: &str = concat!(
    "\x1b[?1;9;1000;1001;1002;1003;1004;1005;1006;1015;1016;2004l",
    "\x1b[>4;0m\x1b[=0u\x1b>\x1b[4l\x1b(B\x0f"
);

/// Marked pastes and news of the focus on.
pub(super) const ENTER: &str = "\x1b[?2004h\x1b[?1004h";

/// Wrapping on, the cursor visible, colours as they were.
pub(super) const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[0m";

/// The size assumed if a terminal does not tell its own.
const UNKNOWN_SIZE: (usize, usize) = (80, 24);

/// How long to wait for a terminal that takes nothing, when we cannot wait for good: long enough if it is merely slow.
const GRACE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// The status of a process that a panic ended, as Rust gives it.
const PANICKED: i32 = 101;

/// The modes of the terminal as we found it, while it is in raw mode. There is one for the process, because the panic
/// hook needs it. The lock is held only for system calls that do not wait.
static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

/// Whether a signal has asked for the end.
static ENDING: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// The terminal in raw mode. Dropping it gives the terminal back.
#[derive(Debug)]
pub(super) struct Terminal(());

impl Terminal {
    /// Puts the terminal of the standard input into raw mode. These signals ask for the end.
    pub(super) fn enter<'a>(ending: impl IntoIterator<Item = &'a i32>) -> io::Result<Terminal> {
        for &signal in ending {
            signal_hook::flag::register(signal, Arc::clone(&ENDING))?;
        }
        let report = panic::take_hook();
        let ours = thread::current().id();
        panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
            // After another thread's panic, we would run on a terminal that was given back.
            if thread::current().id() != ours {
                process::exit(PANICKED);
            }
        }));
        // If this fails half-way, it is undone as well.
        let terminal = Terminal(());
        raw()?;
        Ok(terminal)
    }

    /// Raw mode again, after the process was stopped and then continued.
    pub(super) fn resume(&self) -> io::Result<()> {
        if let Some(found) = take_found() {
            tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &found)?;
        }
        raw()
    }

    /// Gives the terminal back and stops the process with its group, as the terminal would at Ctrl-Z; returns when the
    /// process continues. If no shell could continue it, nothing happens.
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

/// Without a terminal to draw on: the first of these signals asks for the end, and each further one brings it at once.
pub(super) fn heed<'a>(ending: impl IntoIterator<Item = &'a i32>) -> io::Result<()> {
    for &signal in ending {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&ENDING))?;
        signal_hook::flag::register(signal, Arc::clone(&ENDING))?;
    }
    Ok(())
}

/// Sets the modes at once in both directions: waiting for the output would mean waiting for a terminal that has
/// stopped.
fn raw() -> io::Result<()> {
    let stdin = rustix::stdio::stdin();
    let found = tcgetattr(stdin)?;
    let mut raw = found.clone();
    raw.make_raw();
    if let Some(mut saved) = saved() {
        saved.get_or_insert(found);
        tcsetattr(stdin, OptionalActions::Now, &raw)?;
    }
    write_out([OFF, ENTER].concat().as_bytes())
}

/// Keys may make signals only after the last word: at such a key the kernel throws away the output that the terminal
/// has not read.
fn restore() {
    if let Some(found) = take_found() {
        // A terminal that has gone needs no restoring.
        let _ = write_while([OFF, LEAVE].concat().as_bytes(), || false);
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &found);
    }
}

/// The modes as we found them, if they are still to be restored.
fn take_found() -> Option<Termios> {
    saved().and_then(|mut saved| saved.take())
}

/// The modes as we found them. Nothing if the lock does not come free, as in a panic of the thread that holds it.
fn saved() -> Option<MutexGuard<'static, Option<Termios>>> {
    const TRIES: usize = 1000;
    for _ in 0..TRIES {
        match FOUND.try_lock() {
            Ok(saved) => return Some(saved),
            Err(TryLockError::Poisoned(saved)) => return Some(saved.into_inner()),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
    None
}

/// Columns and rows of the window.
pub(super) fn size() -> (usize, usize) {
    match tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => UNKNOWN_SIZE,
    }
}

/// Whether a person is at both ends.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Whether the standard input has bytes to read, or has ended. The client asks before each read, since the input stays
/// in blocking mode: the shell that started us shares that mode.
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
        // A terminal that was hung up is not a terminal any more.
        Err(rustix::io::Errno::IO) if is_device() => Ok(None),
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(Some(0)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the standard input is a device, as terminals are, and not a file.
fn is_device() -> bool {
    let stat = fstat(rustix::stdio::stdin());
    stat.is_ok_and(|it| FileType::from_raw_mode(it.st_mode).is_char_device())
}

/// Writes everything. Waits for a terminal that takes nothing, until a signal has asked for the end.
pub(super) fn write_out(bytes: &[u8]) -> io::Result<()> {
    write_while(bytes, || !ENDING.load(Ordering::Relaxed))
}

/// Writes everything. Waits for a terminal that takes nothing while that is wanted, and for [`GRACE`] in any case.
fn write_while(mut bytes: &[u8], wanted: impl Fn() -> bool) -> io::Result<()> {
    let out = output();
    while !bytes.is_empty() {
        match rustix::io::write(out, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) if wanted() => {}
            Err(rustix::io::Errno::INTR) => return Err(ErrorKind::TimedOut.into()),
            Err(rustix::io::Errno::AGAIN) => {
                if !ready(out, PollFlags::OUT, Some(&GRACE)) && !wanted() {
                    return Err(ErrorKind::TimedOut.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The terminal of the standard output, opened again in a mode that does not block: the shell that started us shares
/// the mode of the standard output itself. If it cannot be opened, this is the standard output, which may block.
fn output() -> BorrowedFd<'static> {
    static OPENED: OnceLock<Option<OwnedFd>> = OnceLock::new();
    let stdout = rustix::stdio::stdout();
    let opened = OPENED.get_or_init(|| {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        let is_ours = tcgetsid(stdout).is_ok_and(|session| getsid(None) == Ok(session));
        let mut options = OpenOptions::new();
        options.write(true).custom_flags(i32::try_from(flags).ok()?);
        let opened = is_ours.then(|| options.open("/dev/tty").ok());
        opened.flatten().map(OwnedFd::from)
    });
    opened.as_ref().map_or(stdout, AsFd::as_fd)
}

fn ready(fd: impl AsFd, what: PollFlags, timeout: Option<&Timespec>) -> bool {
    let mut fds = [PollFd::new(&fd, what)];
    matches!(rustix::event::poll(&mut fds, timeout), Ok(n) if n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Read;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use rexpect::process::{PtyProcess, Signal as Sent, WaitStatus};
    use rustix::termios::LocalModes;
    use signal_hook::consts::SIGTERM;

    /// Set for a process that a test runs in a pseudo-terminal: the same test again.
    const INSIDE: &str = "CHINWAG_TEST_INSIDE";

    /// Runs a test of this module inside a pseudo-terminal. Returns the terminal's other end.
    fn inside(test: &str) -> (PtyProcess, File) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", &format!("client::terminal::tests::{test}")])
            .arg("--nocapture")
            .env(INSIDE, "1");
        let mut process = PtyProcess::new(command).unwrap();
        process.set_kill_timeout(Some(1000));
        let terminal = process.get_file_handle().unwrap();
        (process, terminal)
    }

    fn is_inside() -> bool {
        std::env::var_os(INSIDE).is_some()
    }

    /// Reads until this text stands there. If it never does, reads to the end, which is an error, EIO, of
    /// pseudo-terminals.
    fn read_until(terminal: &mut File, expected: &str) -> String {
        let mut seen = Vec::new();
        let mut buffer = [0; 64];
        while !seen
            .windows(expected.len())
            .any(|w| w == expected.as_bytes())
        {
            match terminal.read(&mut buffer) {
                Ok(n @ 1..) => seen.extend_from_slice(&buffer[..n]),
                _ => break,
            }
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// This test and the next run themselves in a terminal, and panic there.
    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        if is_inside() {
            let _terminal = Terminal::enter(&[]).unwrap();
            panic!("as it was asked to");
        }
        is_given_back(inside("a_panic_leaves_the_terminal_as_it_was"));
    }

    #[test]
    fn a_panic_of_another_thread_leaves_it_as_it_was_and_ends_us() {
        if is_inside() {
            let terminal = Terminal::enter(&[]).unwrap();
            let other = thread::spawn(|| panic!("as it was asked to"));
            let _ = other.join();
            // Not reached: the program would go on without the terminal.
            drop(terminal);
            process::exit(0);
        }
        let test = "a_panic_of_another_thread_leaves_it_as_it_was_and_ends_us";
        is_given_back(inside(test));
    }

    fn is_given_back((process, mut terminal): (PtyProcess, File)) {
        let seen = read_until(&mut terminal, "nothing of the kind");
        let left = seen.rfind(LEAVE).expect("the terminal is given back");
        let told = seen.find("as it was asked to").expect("the panic is told");
        assert!(seen.contains(ENTER) && left < told, "{seen:?}");
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ISIG));
        assert!(matches!(
            process.wait(),
            Ok(WaitStatus::Exited(_, PANICKED))
        ));
    }

    #[test]
    fn a_panic_while_modes_are_set_does_not_wait_for_them() {
        let held = FOUND.lock();
        assert!(take_found().is_none());
        drop(held);
    }

    /// Nobody reads what the process inside writes.
    #[test]
    fn a_terminal_that_takes_nothing_does_not_hold_up_the_end() {
        if is_inside() {
            let terminal = Terminal::enter(&[SIGTERM]).unwrap();
            let written = write_out(&vec![b'x'; 1024 * 1024]);
            drop(terminal);
            let given_up = written.is_err_and(|error| error.kind() == ErrorKind::TimedOut);
            process::exit(if given_up { 7 } else { 1 });
        }
        let test = "a_terminal_that_takes_nothing_does_not_hold_up_the_end";
        let (mut process, mut terminal) = inside(test);
        let seen = read_until(&mut terminal, "xxx");
        assert!(seen.contains(ENTER), "{seen:?}");
        process.signal(Sent::SIGTERM).unwrap();
        let give_up = Instant::now() + Duration::from_secs(30);
        let mut status = process.status();
        while status == Some(WaitStatus::StillAlive) && Instant::now() < give_up {
            thread::yield_now();
            status = process.status();
        }
        assert!(
            matches!(status, Some(WaitStatus::Exited(_, 7))),
            "{status:?}"
        );
    }
}
