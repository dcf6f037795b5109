//! `Outgoing`: typed lines on their way to the server. Some wait for their turn; others were sent, each under an id of its
//! own, and are not confirmed. No line is forgotten before the server has confirmed it or the person was told.

use std::collections::VecDeque;
use std::mem;

use super::protocol::Spoken;

/// The most bytes that may wait for their turn: two of the longest pastes.
const QUEUE_BYTES: usize = 2 * 1024 * 1024;

/// How many lines may be unconfirmed at once, and from how many bytes of them on no more is sent. The server remembers
/// 64 ids, and 32 KiB of what was said under them: within that it can tell which of them it has read.
const UNCONFIRMED: usize = 48;
const UNCONFIRMED_BYTES: usize = 16 * 1024;

/// A line as it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) text: String,
    /// It came in a paste, so it is text, whatever it begins with.
    pub(super) pasted: bool,
}

/// A line that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) line: Entered,
    /// What was said or written to others. `None`: it is a command, which nobody repeats.
    pub(super) spoken: Option<Spoken>,
}

/// The lines of one person.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Entered>,
    queue_bytes: usize,
    unconfirmed: VecDeque<Sent>,
    unconfirmed_bytes: usize,
}

impl Outgoing {
    /// Puts lines after those that wait. If too much waits already, returns false and does nothing.
    pub(super) fn push(&mut self, lines: Vec<Entered>) -> bool {
        let bytes = bytes_of(&lines);
        if self.queue_bytes > 0 && self.queue_bytes + bytes > QUEUE_BYTES {
            return false;
        }
        self.queue_bytes += bytes;
        self.queue.extend(lines);
        true
    }

    /// Whether another line may be sent now.
    pub(super) fn has_room(&self) -> bool {
        self.unconfirmed.len() < UNCONFIRMED && self.unconfirmed_bytes < UNCONFIRMED_BYTES
    }

    /// The next line to send, if one may go.
    pub(super) fn next(&mut self) -> Option<Entered> {
        if !self.has_room() {
            return None;
        }
        let line = self.queue.pop_front()?;
        self.queue_bytes -= line.text.len();
        Some(line)
    }

    /// Whether lines wait for their turn.
    pub(super) fn waits(&self) -> bool {
        !self.queue.is_empty()
    }

    /// How many lines, and how many bytes, are not confirmed.
    pub(super) fn unconfirmed(&self) -> (usize, usize) {
        (self.unconfirmed.len(), self.unconfirmed_bytes)
    }

    /// Notes that a line was sent.
    pub(super) fn sent(&mut self, line: Sent) {
        self.unconfirmed_bytes += line.line.text.len();
        self.unconfirmed.push_back(line);
    }

    /// The server has answered what was sent under this id. Returns the line, unless it was confirmed before.
    pub(super) fn confirm(&mut self, id: &str) -> Option<Sent> {
        let at = self.unconfirmed.iter().position(|it| it.id == id)?;
        let line = self.unconfirmed.remove(at)?;
        self.unconfirmed_bytes -= line.line.text.len();
        Some(line)
    }

    /// What was said or written and is not confirmed, in order.
    pub(super) fn spoken(&self) -> impl Iterator<Item = (&str, &Spoken)> {
        let lines = self.unconfirmed.iter();
        lines.filter_map(|it| Some((it.id.as_str(), it.spoken.as_ref()?)))
    }

    /// Takes away the commands that are not confirmed.
    pub(super) fn take_commands(&mut self) -> Vec<Sent> {
        let all = mem::take(&mut self.unconfirmed);
        let (kept, taken): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.spoken.is_some());
        self.unconfirmed_bytes = kept.iter().map(|it| it.line.text.len()).sum();
        self.unconfirmed = kept.into();
        taken
    }

    /// The server has answered a ping under this id, and so all commands before it.
    pub(super) fn answered_before(&mut self, ping: &str) {
        let number = |id: &str| id.rsplit_once('-').and_then(|it| it.1.parse::<u64>().ok());
        let ping = number(ping);
        let is_answered = |it: &mut Sent| it.spoken.is_none() && number(&it.id) < ping;
        let mut lines: Vec<Sent> = mem::take(&mut self.unconfirmed).into();
        let answered = lines.extract_if(.., is_answered);
        let bytes: usize = answered.map(|it| it.line.text.len()).sum();
        self.unconfirmed_bytes -= bytes;
        self.unconfirmed = lines.into();
    }

    /// Takes away all lines that were sent and not confirmed.
    pub(super) fn take_unconfirmed(&mut self) -> Vec<Sent> {
        self.unconfirmed_bytes = 0;
        mem::take(&mut self.unconfirmed).into()
    }

    /// Takes away the lines that wait for their turn.
    pub(super) fn take_queue(&mut self) -> Vec<Entered> {
        self.queue_bytes = 0;
        mem::take(&mut self.queue).into()
    }
}

fn bytes_of(lines: &[Entered]) -> usize {
    lines.iter().map(|line| line.text.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Entered {
        let (text, pasted) = (text.into(), false);
        Entered { text, pasted }
    }

    fn sent(id: &str, text: &str, is_command: bool) -> Sent {
        let spoken = Spoken::Write {
            to: "bob".into(),
            text: text.into(),
        };
        Sent {
            id: id.into(),
            line: line(text),
            spoken: (!is_command).then_some(spoken),
        }
    }

    #[test]
    fn a_line_is_confirmed_once_by_its_own_id() {
        let mut outgoing = Outgoing::default();
        outgoing.sent(sent("1", "one", false));
        outgoing.sent(sent("2", "/two", true));
        outgoing.sent(sent("3", "three", false));
        assert_eq!(outgoing.confirm("4"), None);
        assert_eq!(outgoing.confirm("3"), Some(sent("3", "three", false)));
        assert_eq!(outgoing.confirm("3"), None);
        assert_eq!(outgoing.unconfirmed(), (2, 7));
        assert_eq!(outgoing.spoken().count(), 1);
        assert_eq!(outgoing.take_commands(), [sent("2", "/two", true)]);
        assert_eq!(outgoing.take_unconfirmed(), [sent("1", "one", false)]);
        assert_eq!(outgoing.unconfirmed(), (0, 0));
    }

    #[test]
    fn commands_without_an_answer_are_done_with_the_next_pong() {
        let mut outgoing = Outgoing::default();
        for (id, is_command) in [("c7-9", true), ("s7-10", false), ("c7-12", true)] {
            outgoing.sent(sent(id, "text", is_command));
        }
        outgoing.answered_before("p7-11");
        assert_eq!(outgoing.unconfirmed(), (2, 8));
        assert_eq!(outgoing.confirm("c7-9"), None);
        assert!(outgoing.confirm("c7-12").is_some());
    }

    #[test]
    fn no_more_is_sent_than_the_server_remembers() {
        let mut outgoing = Outgoing::default();
        let lines = vec![line("x"); 100];
        assert!(outgoing.push(lines));
        let mut count = 0;
        while let Some(line) = outgoing.next() {
            outgoing.sent(sent(&count.to_string(), &line.text, false));
            count += 1;
        }
        assert_eq!(count, UNCONFIRMED);
        const { assert!(UNCONFIRMED < crate::limits::IDS_REMEMBERED) };
        outgoing.confirm("0");
        outgoing.sent(sent("long", &"x".repeat(UNCONFIRMED_BYTES), false));
        outgoing.confirm("1");
        assert!(!outgoing.has_room() && outgoing.waits());
    }
}
