//! What goes over the wires: clients send and read, and what they read is what they are owed.

use crate::error::CloseReason;
use crate::limits::{CLOSE_TIMEOUT, LINGER, STALL};
use crate::net::simulated::End;

use super::client::Pace;
use super::stage::{Checked, SHORT_TIME, Stage};

impl Stage {
    /// Lets clients send and read. Returns whether any byte moved.
    pub(super) fn pump(&mut self) -> Result<bool, String> {
        let mut moved = self.work();
        for place in 0..self.clients.len() {
            if self.clients[place].is_gone {
                continue;
            }
            moved |= self.send(place);
            moved |= self.read(place)?;
            #[cfg(feature = "accounts")]
            self.forget_doors(place);
        }
        Ok(moved)
    }

    fn send(&mut self, place: usize) -> bool {
        let client = &mut self.clients[place];
        let wanted = client.unsent.len();
        if wanted == 0 {
            return false;
        }
        // Often all at once, else cut anywhere.
        let most = match self.dice.below(3) {
            0 => 1 + self.dice.below(wanted),
            _ => wanted,
        };
        let sent = self.world.send(client.pair, &client.unsent[..most]);
        client.sent(sent);
        if client.finishes && client.unsent.is_empty() {
            self.world.finish(client.pair);
            client.end_input();
        }
        sent > 0
    }

    fn read(&mut self, place: usize) -> Result<bool, String> {
        let client = &mut self.clients[place];
        let most = match client.pace {
            Pace::All => usize::MAX,
            Pace::Some(most) => most,
            Pace::Nothing => return Ok(false),
        };
        let (bytes, end) = self.world.receive(client.pair, most);
        if !bytes.is_empty() {
            self.tell(|_| format!("client {place} reads {}", shown(&bytes)));
            #[cfg(feature = "accounts")]
            self.check_no_secret(place, &bytes)?;
            #[cfg(feature = "accounts")]
            self.check_no_whisper(place, &bytes)?;
            #[cfg(feature = "accounts")]
            self.guard_answers(place, &bytes)?;
            let mut numbers = std::mem::take(&mut self.numbers);
            self.checked(place, |it| it.read(&bytes, &mut numbers))?;
            self.numbers = numbers;
        }
        if end != End::Open {
            self.tell(|_| format!("client {place} reads {end:?}"));
            self.check_end(place, end)?;
            self.world.close(self.clients[place].pair);
            self.clients[place].let_go();
        }
        Ok(!bytes.is_empty() || end != End::Open)
    }

    /// A client has come to the end of what it reads: all that it is owed, unless there is a reason.
    fn check_end(&mut self, place: usize, end: End) -> Checked {
        let client = &self.clients[place];
        let closed_at = self.world.closed_at(client.pair);
        let fin_at = self.world.fin_at(client.pair);
        let took_at = self.world.took_at(client.pair);
        let has_lingered = |(closed, fin)| closed >= fin + LINGER;
        let is_excused = match client.left {
            _ if end == End::Reset && self.stopped_at.is_some() => true,
            _ if self.is_drain_over() => true,
            _ if end == End::Reset && closed_at.zip(fin_at).is_some_and(has_lingered) => true,
            // Where there are too many of them, they are told with one write, which is not tried again.
            _ if client.peer.is_none() => end == End::Reset || self.nature.interrupts > 0,
            Some((_, Some(CloseReason::SendQueueFull | CloseReason::Stalled))) => true,
            // The same can happen to whoever is being closed already.
            Some(_) if self.is_owed_too_much(client) => true,
            Some(_) if fin_at.is_some_and(|at| at + SHORT_TIME >= took_at + STALL) => true,
            Some((left, _)) => closed_at.is_some_and(|at| at >= left + CLOSE_TIMEOUT),
            None => return Err(format!("client {place} was closed for no reason")),
        };
        if is_excused {
            return Ok(());
        }
        self.checked(place, |it| it.check_all_read())
    }

    /// The server stopped because the time for it was over.
    fn is_drain_over(&self) -> bool {
        let times = self.stops_since.zip(self.stopped_at);
        times.is_some_and(|(since, at)| at >= since + self.config.drain)
    }
}

/// Bytes as they are told of in the story.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]);
    match bytes.len() {
        0..=120 => format!("{text:?}"),
        count => format!("{count} bytes, {text:?}…"),
    }
}
