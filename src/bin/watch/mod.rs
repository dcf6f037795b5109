//! The signals that the server handles: which ask for files to be read again, and which for the end.
//!
//! The first signal that asks for the end lets the server end cleanly. The second ends the process at once, as the signal
//! alone would.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use chinwag::{Error, Handle, Server};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::signal_name;
use signal_hook_mio::v1_0::Signals;

use crate::files::Reader;
use crate::signals;

/// The signals from now on.
pub(crate) struct Watch {
    signals: Signals,
    heeded: Vec<i32>,
    ignored: Vec<i32>,
    read_again: Vec<Reader>,
    asked: Option<Instant>,
}

impl Watch {
    pub(crate) fn start() -> io::Result<Watch> {
        let (mut heeded, ignored) = signals::heeded(&[SIGHUP, SIGINT]);
        heeded.push(SIGTERM);
        Ok(Watch {
            signals: Signals::new(&heeded)?,
            heeded,
            ignored,
            read_again: Vec::new(),
            asked: None,
        })
    }

    /// Has a signal interrupt the wait of the server.
    pub(crate) fn wake(&mut self, server: &mut Server) -> Result<(), Error> {
        server.watch(&mut self.signals)?;
        for signal in &self.ignored {
            let name = signal_name(*signal).unwrap_or("a signal");
            log::info!("{name} was ignored at the start, and stays so");
        }
        Ok(())
    }

    /// Has SIGHUP read these again, if there are any. Otherwise it has its usual meaning: the terminal was closed.
    pub(crate) fn read_again(&mut self, readers: impl Iterator<Item = Reader>) {
        self.read_again = readers.collect();
    }

    /// Acts on the signals that came. Returns whether one of them asks for the end.
    pub(crate) fn heed(&mut self, handle: &Handle) -> bool {
        let mut is_end = false;
        for signal in self.signals.pending() {
            if signal == SIGHUP && !self.read_again.is_empty() {
                self.read_again.iter().for_each(Reader::read_again);
                continue;
            }
            if self.asked.is_some() {
                process::exit(128 + signal);
            }
            self.asked = Some(Instant::now());
            handle.shutdown();
            is_end = true;
        }
        is_end
    }

    /// The time of the signal that asked for the end.
    pub(crate) fn asked(&self) -> Option<Instant> {
        self.asked
    }

    /// Has the next signal end the process at once, now that the server has ended and nobody calls [`heed`](Self::heed)
    /// any more.
    pub(crate) fn end_at_the_next(&mut self, handle: &Handle) -> io::Result<()> {
        let asked = Arc::new(AtomicBool::new(self.asked.is_some()));
        for &signal in &self.heeded {
            if signal != SIGHUP || self.read_again.is_empty() {
                flag::register_conditional_shutdown(signal, 128 + signal, asked.clone())?;
                flag::register(signal, asked.clone())?;
            }
        }
        // Those that came before.
        self.heed(handle);
        Ok(())
    }
}
