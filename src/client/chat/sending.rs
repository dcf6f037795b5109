//! From Enter to the server: which line goes to which room, and what becomes of lines that do not arrive.

use std::mem;
use std::time::Instant;

use crate::name::RoomName;
use crate::wire::{Command, clean_typed, tag};

use super::super::link::SEND_BYTES;
use super::super::outgoing::{Entered, Sent};
use super::super::words::{
    QUIT, SEND_USAGE, Wish, has_last_word, keeps_room, leads_elsewhere, line_to_say, said_in,
};
use super::super::{Outcome, time_of_day};
use super::{Chat, GOODBYE_TIMEOUT, LATE_ANSWER, Question, Returning, Way};

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
            && !self.session.is_leaving()
            && bytes < SEND_BYTES
        {
            let Some(line) = self.outgoing.next() else {
                return;
            };
            bytes += line.text.len();
            if self.room == self.standing.room || names_room(&line) {
                self.perform(&line, now);
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
        let notice = format!(
            "-- You are in {} now, not in {}. Nothing was sent{}. --",
            self.room,
            self.standing.room,
            if enter_sends {
                "; Enter sends it here"
            } else {
                ""
            }
        );
        self.standing.room = self.room.clone();
        self.notice(&notice);
    }

    fn perform(&mut self, line: &Entered, now: Instant) {
        if line.pasted {
            return self.say(&line.text);
        }
        match Wish::parse(&line.text) {
            Wish::Nothing => {}
            Wish::SendUsage => self.notice(SEND_USAGE),
            Wish::Leave(line) => self.leave(line, now),
            Wish::Say(text) => self.say(text),
            Wish::Command(command) if said_in(command).is_some() => self.say_elsewhere(command),
            Wish::Command(command) => {
                let time = time_of_day(self.time);
                self.lines.push(self.styler.own(&time, "", None, command));
                self.command = command.into();
                self.standing.follow(command);
                self.going = leads_elsewhere(command);
                if self.session.answers_marks() != Some(false) {
                    self.outgoing.hold();
                    self.late_at = Some(now + LATE_ANSWER);
                }
                self.replays.finish();
                self.send_line(format!("{command}\n"), command, false);
            }
        }
    }

    /// Sends text to the room. The server does not send it back, so it is shown here.
    fn say(&mut self, text: &str) {
        let time = time_of_day(self.time);
        let shown = self.styler.own(&time, "", self.session.name(), text);
        self.lines.push(shown);
        self.send_line(line_to_say(text), text, true);
    }

    /// Sends text to another room, by a command. It leads nowhere, so nothing has to wait for its answer. It is shown as
    /// others read it, if the server is sure to pass it on.
    fn say_elsewhere(&mut self, command: &str) {
        let time = time_of_day(self.time);
        let mut shown = self.styler.own(&time, "", None, command);
        if let Some((room, text)) = said_in(command)
            && let Command::Say(text) = Command::parse(text)
            && let Some(tag) = self.tag(&room)
        {
            shown = self.styler.own(&time, &tag, self.session.name(), text);
        }
        self.lines.push(shown);
        self.send_line(format!("{command}\n"), command, false);
    }

    /// The tag before lines of a room, if we hear it. Lines of the current room have none.
    fn tag(&self, room: &RoomName) -> Option<String> {
        if *room == self.room {
            return Some(String::new());
        }
        self.standing.other(room).map(tag)
    }

    fn send_line(&mut self, line: String, text: &str, is_said: bool) {
        let text = text.into();
        let sent = Sent { text, is_said };
        let mut bytes = line.into_bytes();
        match self.session.answers_marks() {
            Some(false) => {}
            Some(true) => {
                self.outgoing.sent(sent);
                bytes.extend_from_slice(self.outgoing.mark());
            }
            // The mark follows as soon as we know whether the server answers any.
            None => self.outgoing.sent(sent),
        }
        self.send(bytes);
    }

    /// On a new connection: goes back to the former rooms, with all settings. Nothing else is sent before that is done.
    pub(super) fn return_there(&mut self, now: Instant) {
        self.standing.begin();
        self.replays.begin();
        let commands = self.standing.commands();
        if commands.is_empty() {
            return;
        }
        self.send(commands.join("\n") + "\n");
        self.returning = Returning::Sent;
        self.outgoing.hold();
        self.late_at = Some(now + LATE_ANSWER);
    }

    /// Called after the line that tells whether the server answers marks: sends the mark that the lines sent so far
    /// lack. Without marks the server confirms nothing, and we wait only for the answers that bring us back.
    pub(super) fn learn_marks(&mut self) {
        let lacks_mark = self.outgoing.lacks_mark();
        match self.session.answers_marks() {
            Some(true) if lacks_mark || self.returning == Returning::Sent => {
                let mark = self.outgoing.mark();
                self.send(mark);
                if self.returning == Returning::Sent {
                    self.returning = Returning::Marked;
                }
            }
            Some(false) if lacks_mark => {
                self.outgoing.take_unconfirmed();
                if self.returning == Returning::Done {
                    self.outgoing.release();
                    self.answered();
                }
            }
            _ => {}
        }
    }

    /// The server has come to one more mark.
    pub(super) fn confirm(&mut self) {
        let (lines, is_answered) = self.outgoing.confirm();
        for line in lines {
            self.note_said(&line);
        }
        if is_answered {
            self.answered();
        }
    }

    /// The server has read a line: notes its words among those that the person has read in that room.
    fn note_said(&mut self, line: &Sent) {
        let (room, text) = match said_in(&line.text) {
            _ if line.is_said => (self.room.clone(), &*line.text),
            Some((room, text)) => match Command::parse(text) {
                Command::Say(text) => (room, text),
                _ => return,
            },
            None => return,
        };
        if let Some(name) = self.session.name() {
            let text = clean_typed(text.as_bytes());
            self.replays.note_said(&room, name, &text);
        }
    }

    /// The server has answered everything that was sent.
    fn answered(&mut self) {
        self.late_at = None;
        if mem::replace(&mut self.returning, Returning::Done) == Returning::Done {
            self.standing.room = self.room.clone();
            if mem::take(&mut self.going) {
                self.stay_here();
            }
            return;
        }
        self.tell_unheard();
        if self.room != self.standing.room && !self.outgoing.waits() {
            let notice = format!(
                "-- You are in {} now, not in {}. --",
                self.room, self.standing.room
            );
            self.notice(&notice);
        }
    }

    /// We are back, and tell which rooms are not heard again. The lines typed for those meanwhile are not sent.
    fn tell_unheard(&mut self) {
        let rooms = self.standing.settle(&self.room);
        if rooms.is_empty() {
            return;
        }
        let is_for = |line: &Entered| room_named(line).is_some_and(|it| rooms.contains(&it));
        let lines = self.outgoing.extract(is_for);
        let unsent = match &lines[..] {
            [] => "",
            _ => " What you typed for it was not sent.",
        };
        let rooms: Vec<String> = rooms.iter().map(RoomName::to_string).collect();
        let rooms = rooms.join(", ");
        self.screen.bell();
        self.notice(&format!("-- You no longer hear {rooms}.{unsent} --"));
        self.give_back(lines);
    }

    /// The command has led to no room. The lines typed after it were not meant for this one.
    fn stay_here(&mut self) {
        if !self.outgoing.waits() {
            return;
        }
        self.screen.bell();
        let room = &self.room;
        let notice = format!(
            "-- You are still in {room}. What you typed for the other room was not sent. --"
        );
        self.notice(&notice);
        let lines = self.outgoing.take_queue();
        self.give_back(lines);
    }

    /// The answer is late. A server that knows no marks never tells that its answer is complete.
    pub(super) fn answer_is_late(&mut self, now: Instant) {
        match self.session.answers_marks() {
            Some(true) => {
                return self.notice(
                    "-- The server has not answered yet. What you enter waits until it does. --",
                );
            }
            Some(false) => {}
            // The server has said nothing yet.
            None => {
                self.late_at = Some(now + LATE_ANSWER);
                return;
            }
        }
        self.outgoing.release();
        self.answered();
    }

    /// The server has told which room we are in.
    pub(super) fn enter(&mut self, room: RoomName) {
        let left = mem::replace(&mut self.room, room);
        let goes = mem::take(&mut self.going);
        if self.returning == Returning::Done {
            self.standing.unhear(&self.room);
            // The line that says so may be lost.
            if goes && keeps_room(&self.command) && left != self.room {
                self.standing.hear(left);
            }
        }
        // Without marks this is the best sign that there is.
        if self.session.answers_marks() == Some(false) && self.returning == Returning::Done {
            self.standing.room = self.room.clone();
        }
    }

    pub(super) fn leave(&mut self, line: &str, now: Instant) {
        if self.way != Way::In || self.session.is_leaving() {
            self.outcome = Some(Outcome::left());
            return self.tell_undelivered();
        }
        self.session.leave();
        self.leave_by = Some(now + GOODBYE_TIMEOUT);
        self.send(format!("{line}\n"));
        let waiting = self.outgoing.take_queue();
        self.give_back(waiting);
    }

    /// Leaves at once, even if lines still wait to be sent.
    pub(super) fn leave_now(&mut self, now: Instant) {
        self.leave(QUIT, now);
    }

    /// The connection is gone: tells which lines the server has not confirmed, and gives back the lines that were not
    /// sent.
    pub(super) fn tell_undelivered(&mut self) {
        self.show_held();
        // The person has read which room they are in, although the mark after that is lost.
        if self.way == Way::In && self.returning == Returning::Done {
            self.standing.room = self.room.clone();
        }
        self.returning = Returning::Done;
        self.late_at = None;
        self.outgoing.begin();
        let unconfirmed = self.outgoing.take_unconfirmed();
        if !unconfirmed.is_empty() {
            self.notice("-- The server has not confirmed this; perhaps nobody has read it: --");
            self.show_some(&unconfirmed);
        }
        let waiting = self.outgoing.take_queue();
        if mem::take(&mut self.going) {
            // They were meant for a room that we may never have reached.
            return self.show_unsent(waiting);
        }
        self.give_back(waiting);
    }

    /// Gives back lines that were not sent. A single line goes back to the prompt, if there is room for it.
    pub(super) fn give_back(&mut self, lines: Vec<Entered>) {
        if self.can_be_typed_on(&lines) {
            return self.editor.set(&lines[0].text);
        }
        self.show_unsent(lines);
    }

    fn show_unsent(&mut self, lines: Vec<Entered>) {
        if !lines.is_empty() {
            self.notice("-- Not sent: --");
            let texts: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            self.show_some(&texts);
        }
    }

    /// Whether this is a single line, and there is room for it at the prompt.
    fn can_be_typed_on(&self, lines: &[Entered]) -> bool {
        let ends = self.session.is_leaving() || self.outcome.is_some();
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
fn room_named(line: &Entered) -> Option<RoomName> {
    let said = said_in(&line.text).filter(|_| !line.pasted);
    said.map(|(room, _)| room)
}

fn names_room(line: &Entered) -> bool {
    room_named(line).is_some()
}

fn wants_to_leave(line: &Entered) -> bool {
    !line.pasted && matches!(Wish::parse(&line.text), Wish::Leave(_))
}
