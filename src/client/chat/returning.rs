//! Coming back behind a broken connection: to the same seat, if the server has kept it, else into the same rooms.

use std::time::{Duration, Instant};

use crate::name::RoomName;

use super::super::outgoing::{Entered, Sent};
use super::super::protocol::{Op, Spoken, encode};
use super::super::standing::Restore;
use super::sending::room_named;
use super::{Chat, Errand, LATE_ANSWER, Way};

/// A network that comes up changes several times: its link, then its addresses and routes.
const SETTLING: Duration = Duration::from_millis(500);

impl Chat {
    /// The server gives our seat back, with its rooms. What it has not confirmed is sent again under the same ids, so that
    /// nothing is said twice.
    pub(super) fn resume_seat(&mut self) {
        self.unread.begin();
        let room = self.world.current().clone();
        self.notice(&format!("-- Back in {room}. --"));
        let commands = self.outgoing.take_commands();
        self.tell_unconfirmed(commands);
        let again: Vec<Vec<u8>> = self
            .outgoing
            .spoken()
            .map(|(id, spoken)| encode(&Op::Spoken(spoken), id))
            .collect();
        self.errands.extend(again.into_iter().map(Errand::Send));
        self.await_return();
    }

    /// On a new seat: goes back to the former rooms, with all settings. Nothing else is sent before that is done.
    pub(super) fn return_there(&mut self, now: Instant) {
        self.unread.begin();
        let unconfirmed = self.outgoing.take_unconfirmed();
        self.tell_unconfirmed(unconfirmed);
        for restore in self.standing.restore() {
            match restore {
                Restore::Command(line) => self.restore_command(&line),
                Restore::Join { room, is_current } => {
                    let room = &room;
                    self.send(Op::Join { room, is_current }, 'j');
                }
            }
        }
        self.await_return();
        self.late_at = Some(now + LATE_ANSWER);
    }

    /// Types a command for the person. Its answer is shown.
    pub(super) fn restore_command(&mut self, line: &str) {
        let id = self.send(Op::Command(line), 'j');
        self.standing.typed_again(id, line);
    }

    /// Everything is answered once this is.
    fn await_return(&mut self) {
        let id = self.send(Op::Ping, 'p');
        self.returning = Some(id);
    }

    pub(super) fn hear_pong(&mut self, re: Option<&str>) {
        self.outgoing.answered_before(re.unwrap_or_default());
        if self.returning.is_some() && self.returning.as_deref() == re {
            self.returning = None;
            self.late_at = None;
            self.position.settle();
            self.unread.end();
            if self.focused == Some(false) {
                self.unread.begin();
            }
            self.settle();
        }
    }

    /// We are back.
    fn settle(&mut self) {
        self.tell_unheard();
        self.standing.others = self.world.others();
        let (room, wanted) = (self.world.current().clone(), self.standing.room.clone());
        if room != wanted && !self.outgoing.waits() {
            self.notice(&format!("-- You are in {room} now, not in {wanted}. --"));
        }
    }

    /// Tells which rooms are not heard again. The lines typed for those meanwhile are not sent.
    fn tell_unheard(&mut self) {
        let heard = |it: &RoomName| self.world.room(it).is_some();
        let others = self.standing.others.iter();
        let rooms: Vec<RoomName> = others.filter(|it| !heard(it)).cloned().collect();
        if rooms.is_empty() {
            return;
        }
        let is_for = |line: &Entered| room_named(line).is_some_and(|it| rooms.contains(&it));
        let mut queue = self.outgoing.take_queue();
        let lines: Vec<Entered> = queue.extract_if(.., |it| is_for(it)).collect();
        self.outgoing.push(queue);
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

    /// Waits for the next attempt. Returns the number of seconds, rounded up.
    pub(super) fn wait(&mut self, now: Instant) -> u64 {
        let after = std::mem::take(&mut self.after);
        let wait = self.backoff.next_behind(after, self.chance, now);
        self.way = Way::Waiting(now + wait);
        wait.as_secs_f32().ceil() as u64
    }

    /// The machine's network has changed. Who waits tries again soon; who is in asks whether the server is still there.
    pub(in crate::client) fn network_changed(&mut self, now: Instant) {
        match &mut self.way {
            Way::Waiting(until) => *until = (*until).min(now + SETTLING),
            Way::In => self.liveness.doubt(),
            Way::Connecting | Way::SentAway => {}
        }
    }

    /// The connection is gone. What was sent may have been read; whether it was is known once the seat is given back. What
    /// was not sent waits.
    pub(super) fn tell_undelivered(&mut self) {
        if self.returning.take().is_none() {
            self.standing.others = self.world.others();
        }
        self.late_at = None;
        if self.going.take().is_some() {
            // They were meant for a room that we may never have reached.
            let waiting = self.outgoing.take_queue();
            self.show_unsent(waiting);
        }
        let unconfirmed = match self.token {
            Some(_) => self.outgoing.take_commands(),
            None => self.outgoing.take_unconfirmed(),
        };
        self.tell_unconfirmed(unconfirmed);
    }

    /// It is over: tells everything that was not confirmed, or not sent.
    pub(super) fn tell_all_undelivered(&mut self) {
        self.token = None;
        self.tell_undelivered();
        let waiting = self.outgoing.take_queue();
        self.show_unsent(waiting);
    }

    fn tell_unconfirmed(&mut self, lines: Vec<Sent>) {
        if lines.is_empty() {
            return;
        }
        self.notice("-- The server has not confirmed this; perhaps nobody has read it: --");
        let lines: Vec<String> = lines.into_iter().map(|it| it.line.text).collect();
        self.show_some(&lines);
    }

    /// Gives back a line that the server has refused.
    pub(super) fn give_back_refused(&mut self, sent: Option<Sent>) {
        if let Some(Sent {
            line,
            spoken: Some(Spoken::Say { .. } | Spoken::Do { .. } | Spoken::Write { .. }),
            ..
        }) = sent
        {
            self.give_back(vec![line]);
        }
    }
}
