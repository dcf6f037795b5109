//! From Enter to the server: which line goes to which room, and what becomes of lines that do not arrive.

use std::mem;
use std::time::Instant;

use crate::name::RoomName;
use crate::wire::Command;

use super::super::Outcome;
use super::super::link::SEND_BYTES;
use super::super::outgoing::{Entered, Sent};
use super::super::protocol::{Op, Spoken, encode};
use super::super::words::{
    Accounts, SEND_USAGE, Wish, has_last_word, leads_elsewhere, said_in, spoken,
};
use super::{Chat, GOODBYE_TIMEOUT, LATE_ANSWER, Question, Way};

/// How many of many lines are shown.
const SHOWN_LINES: usize = 10;

impl Chat {
    /// Takes lines that were entered, to be sent as soon as possible.
    pub(super) fn enter_lines(&mut self, lines: Vec<Entered>) {
        if !self.outgoing.push(lines) {
            self.screen.bell();
            self.notice("-- Too much waits to be sent already: this was not taken. --");
        }
    }

    /// Sends the lines that may go now. `queued` is the number of bytes that the link already holds.
    pub(in super::super) fn send_entered(&mut self, queued: usize, now: Instant) {
        let mut bytes = queued;
        while self.way == Way::In
            && self.masked.is_none()
            && self.returning.is_none()
            && self.going.is_none()
            && !self.is_leaving
            && bytes < SEND_BYTES
        {
            let Some(line) = self.outgoing.next() else {
                return;
            };
            bytes += line.text.len();
            if *self.world.current() == self.standing.room || room_named(&line).is_some() {
                self.perform(line, now);
            } else {
                self.hold_for_room(line, now);
            }
        }
    }

    /// Keeps lines that were typed for a room other than ours. If it is a single line, the next Enter sends it. A
    /// person who wants to leave may go, without the last word that they meant for the other room.
    fn hold_for_room(&mut self, line: Entered, now: Instant) {
        let mut lines = vec![line];
        lines.extend(self.outgoing.take_queue());
        let is_leaving = lines.iter().any(wants_to_leave);
        lines.retain(|line| !wants_to_leave(line) || has_last_word(&line.text));
        if !lines.is_empty() {
            self.tell_room_is_another(!is_leaving && self.can_be_typed_on(&lines));
        }
        if is_leaving {
            self.leave_now(now);
        }
        self.give_back(lines);
    }

    fn tell_room_is_another(&mut self, enter_sends: bool) {
        self.screen.bell();
        let room = self.world.current().clone();
        let notice = format!(
            "-- You are in {room} now, not in {}. Nothing was sent{}. --",
            self.standing.room,
            if enter_sends {
                "; Enter sends it here"
            } else {
                ""
            }
        );
        self.standing.room = room;
        self.notice(&notice);
    }

    fn perform(&mut self, line: Entered, now: Instant) {
        if line.pasted {
            let text = line.text.clone();
            return self.say(text, line);
        }
        match Wish::parse(&line.text) {
            Wish::Nothing => {}
            Wish::SendUsage => self.notice(SEND_USAGE),
            Wish::Leave(wish) => self.leave(wish, now),
            Wish::Say(text) => {
                let text = text.to_string();
                self.say(text, line);
            }
            Wish::Command(command) => match Accounts::parse(command) {
                Some(accounts) => self.begin_asking(accounts),
                None => {
                    let command = command.to_string();
                    self.command(&command, line, now);
                }
            },
        }
    }

    /// Sends text to the room. The server sends it back, which confirms it.
    fn say(&mut self, text: String, line: Entered) {
        let room = self.standing.room.clone();
        self.speak(Spoken::Say { room, text }, line);
    }

    fn speak(&mut self, spoken: Spoken, line: Entered) {
        match &spoken {
            Spoken::Say { room, .. } | Spoken::Do { room, .. } => self.unread.read_room(room),
            Spoken::Write { to, .. } => self.unread.read_person(to),
        }
        let id = self.send(Op::Spoken(&spoken), 's');
        let spoken = Some(spoken);
        self.outgoing.sent(Sent { id, line, spoken });
    }

    fn command(&mut self, command: &str, line: Entered, now: Instant) {
        if let Some(spoken) = spoken(command, &self.standing.room) {
            return self.speak(spoken, line);
        }
        let shown = self.styler.command(&self.clock.now(), command);
        self.lines.push(shown);
        self.standing.follow(command);
        let id = self.send(Op::Command(command), 'c');
        if leads_elsewhere(command) {
            self.going = Some(id.clone());
            self.late_at = Some(now + LATE_ANSWER);
        }
        let spoken = None;
        self.outgoing.sent(Sent { id, line, spoken });
    }

    /// The command has led to no room. The lines typed after it were not meant for this one.
    pub(super) fn stay_here(&mut self) {
        if !self.outgoing.waits() {
            return;
        }
        self.screen.bell();
        let room = self.world.current();
        let notice = format!(
            "-- You are still in {room}. What you typed for the other room was not sent. --"
        );
        self.notice(&notice);
        let lines = self.outgoing.take_queue();
        self.give_back(lines);
    }

    pub(super) fn leave(&mut self, line: &str, now: Instant) {
        if self.way != Way::In || self.is_leaving {
            self.outcome = Some(Outcome::left());
            return self.tell_all_undelivered();
        }
        self.is_leaving = true;
        self.leave_by = Some(now + GOODBYE_TIMEOUT);
        let word = match Command::parse(line) {
            Command::Slash { args, .. } if !args.is_empty() => Some(args),
            _ => None,
        };
        self.send(Op::Quit(word), 'q');
        let waiting = self.outgoing.take_queue();
        self.give_back(waiting);
    }

    /// Leaves at once, even if lines still wait to be sent.
    pub(super) fn leave_now(&mut self, now: Instant) {
        self.leave("", now);
    }

    /// What to tell the server if the process ends now.
    pub(in super::super) fn parting(&mut self) -> Option<Vec<u8>> {
        let is_due = self.way == Way::In && !mem::replace(&mut self.is_leaving, true);
        is_due.then(|| encode(&Op::Quit(None), &self.ids.next('q')))
    }

    /// Gives back lines that were not sent. A single line goes back to the prompt, if there is room for it.
    pub(super) fn give_back(&mut self, lines: Vec<Entered>) {
        if self.can_be_typed_on(&lines) {
            return self.editor.set(&lines[0].text);
        }
        self.show_unsent(lines);
    }

    pub(super) fn show_unsent(&mut self, lines: Vec<Entered>) {
        if !lines.is_empty() {
            self.notice("-- Not sent: --");
            let texts: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            self.show_some(&texts);
        }
    }

    /// Whether this is a single line, and there is room for it at the prompt.
    fn can_be_typed_on(&self, lines: &[Entered]) -> bool {
        let ends = self.is_leaving || self.outcome.is_some();
        let is_free = self.question == Question::Line && self.editor.text().is_empty() && !ends;
        is_free && matches!(lines, [line] if !line.pasted)
    }

    /// Shows the first few of some lines that are not sent.
    pub(super) fn show_some(&mut self, lines: &[String]) {
        for line in lines.iter().take(SHOWN_LINES) {
            self.notice(&format!("| {line}"));
        }
        if let more @ 1.. = lines.len().saturating_sub(SHOWN_LINES) {
            self.notice(&format!("| … and {more} more"));
        }
    }
}

/// The room that a line names for its text.
pub(super) fn room_named(line: &Entered) -> Option<RoomName> {
    let said = said_in(&line.text).filter(|_| !line.pasted);
    said.map(|(room, _)| room)
}

fn wants_to_leave(line: &Entered) -> bool {
    !line.pasted && matches!(Wish::parse(&line.text), Wish::Leave(_))
}
