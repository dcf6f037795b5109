//! From the server to the screen: what an object tells the client, and how it is shown.

use std::time::Instant;

use crate::wire::tag;

use super::super::outgoing::Sent;
use super::super::protocol::{Answer, Event, Told};
use super::super::sentences::{Sentence, behind_lines, sentences};
use super::super::status::rule;
use super::super::style::Before;
use super::Chat;

impl Chat {
    /// An object came, and we are in.
    pub(super) fn hear_inside(&mut self, told: Told, now: Instant) {
        let sent = told.re.as_deref().and_then(|it| self.outgoing.confirm(it));
        let is_own = sent.as_ref().is_some_and(|it| it.spoken.is_some())
            || self.ids.is_of(told.re.as_deref(), 's');
        let asked = self.ids.is_of(told.re.as_deref(), 'c');
        // The room that we go to comes next.
        let is_on_the_way = matches!(told.event, Event::Out { .. })
            && told.room.as_ref() == Some(self.world.current());
        self.world.learn(&told);
        self.completer.learn(&told);
        if is_on_the_way && asked {
            self.standing.room = self.world.current().clone();
        }
        self.note(&told, sent.as_ref());
        if self.position.is_new(&told, asked, is_own) && !is_on_the_way {
            self.show(&told, is_own, sent, now);
        }
        let (_, bytes) = self.outgoing.unconfirmed();
        self.liveness.set_patience(bytes, self.rate);
    }

    /// Takes note of what an object means for where we are.
    fn note(&mut self, told: &Told, sent: Option<&Sent>) {
        self.standing.learn(told, sent);
        match &told.event {
            Event::Renamed { .. } => {
                if let Some(name) = self.world.name() {
                    // The next connection uses this name too.
                    self.name = Some(name.into());
                }
            }
            Event::Room {
                is_current: true,
                facts,
            } => {
                self.unread.read_room(&facts.room);
                let is_answer = told.re.is_some() && told.re == self.going;
                if is_answer || self.ids.is_of(told.re.as_deref(), 'c') {
                    self.standing.room = facts.room.clone();
                }
                if is_answer {
                    self.arrive();
                }
            }
            Event::Answer(_) => self.note_password(told.re.as_deref(), true),
            Event::CaughtUp => self.position.settle(),
            Event::Refused { .. } | Event::Error { .. } => {
                self.note_password(told.re.as_deref(), false);
            }
            _ => {}
        }
        if self.returning.is_none() {
            self.standing.others = self.world.others();
        }
    }

    /// The command that led to another room is answered: we are there, or still here.
    fn arrive(&mut self) {
        self.going = None;
        self.late_at = None;
    }

    /// Shows what is new.
    fn show(&mut self, told: &Told, is_own: bool, sent: Option<Sent>, now: Instant) {
        let stays = told.re.is_some() && told.re == self.going;
        match &told.event {
            Event::Pong => self.hear_pong(told.re.as_deref()),
            Event::Goodbye(goodbye) => self.say_goodbye(goodbye, now),
            // Nothing but invisible characters was said.
            Event::Error { code, .. } if code == "member" && sent.is_some() => {}
            Event::Refused { .. } | Event::Error { .. } => {
                self.show_sentences(sentences(&told.event));
                self.give_back_refused(sent);
            }
            Event::Answer(_) if self.ids.is_of(told.re.as_deref(), 'r') => {}
            Event::Answer(answer) if answer.lines.is_some() => self.show_lines(answer),
            Event::Answer(_) | Event::Room { .. } => {
                self.show_sentences(sentences(&told.event));
            }
            Event::Out { .. } => {
                if let Some(room) = &told.room {
                    self.show_text(&format!("You no longer hear {room}."));
                }
            }
            _ => self.show_event(told, is_own),
        }
        if stays
            && matches!(
                told.event,
                Event::Refused { .. } | Event::Error { .. } | Event::Answer(_)
            )
        {
            self.arrive();
            self.stay_here();
        }
    }

    /// Shows what happened in a room or to somebody.
    fn show_event(&mut self, told: &Told, is_own: bool) {
        let is_hidden = matches!(
            told.event,
            Event::Joined(_) | Event::Left { .. } | Event::Entered { .. } | Event::Went { .. }
        );
        if self.quiet && is_hidden {
            return;
        }
        if self.ignore_again(told) {
            return;
        }
        let stamp = self.clock.stamp(told.at, told.past);
        // On the way back the person thinks that they are there already.
        let here = match self.returning {
            Some(_) => &self.standing.room,
            None => self.world.current(),
        };
        let elsewhere = told.room.as_ref().filter(|it| *it != here);
        let elsewhere = elsewhere.map(|it| self.world.room(it).unwrap_or(it).clone());
        let before = Before {
            stamp: &stamp,
            tag: &elsewhere.as_ref().map(tag).unwrap_or_default(),
            is_own,
        };
        let Some(shown) = self.styler.told(before, told, self.world.name()) else {
            return;
        };
        self.count_unread(told, is_own);
        if shown.mention && self.focused == Some(false) {
            self.screen.bell();
        }
        self.lines.push(shown);
    }

    /// Counts a line that somebody else has just said elsewhere. The first unread one has a rule above it.
    fn count_unread(&mut self, told: &Told, is_own: bool) {
        let is_missed = told.past && self.position.is_catching_up();
        let may_be_unread = is_missed || !told.past;
        if is_own || !may_be_unread {
            return;
        }
        match (&told.event, &told.room) {
            (Event::Said { .. } | Event::Did { .. }, Some(room)) => {
                if *room != self.standing.room {
                    self.unread.said_in(room);
                }
            }
            (Event::Private { from, .. }, _) => self.unread.wrote(from),
            _ => return,
        }
        if (is_missed || self.focused == Some(false)) && self.unread.take_rule() {
            let rule = rule(self.screen.size().0);
            self.lines.push(self.styler.notice("", &rule));
        }
    }

    fn show_lines(&mut self, answer: &Answer) {
        let lines = answer.lines.as_deref().unwrap_or_default();
        for told in lines {
            let is_own = self.world.name() == from(&told.event);
            self.show_event(told, is_own);
        }
        self.notice(behind_lines(lines.is_empty(), answer.more));
    }

    pub(super) fn show_sentences(&mut self, sentences: Vec<Sentence>) {
        for sentence in sentences {
            match sentence {
                Sentence::Text(text) => self.show_text(&text),
                Sentence::Notice(text) => self.notice(&text),
            }
        }
    }

    /// Ignores a person again who was not there when we came back. Returns whether this was such a person.
    fn ignore_again(&mut self, told: &Told) -> bool {
        let (name, is_said) = match &told.event {
            Event::Joined(who) | Event::Entered { who, .. } => (&who.name, false),
            event => match from(event) {
                Some(_) if told.past => return false,
                Some(name) => (&name.to_string(), true),
                None => return false,
            },
        };
        let again = self.standing.ignore_again(name);
        if again == Some(true) {
            self.restore_command(&format!("/ignore {name}"));
        }
        again.is_some() && is_said
    }

    /// Shows a line of the server for the person alone.
    pub(super) fn show_text(&mut self, text: &str) {
        let shown = self.styler.answer(&self.clock.now(), text);
        self.lines.push(shown);
    }

    /// Shows a line of the client itself.
    pub(super) fn notice(&mut self, text: &str) {
        let shown = self.styler.notice(&self.clock.now(), text);
        self.lines.push(shown);
    }

    /// The terminal's window has got or lost the focus.
    pub(super) fn focus(&mut self, focused: bool) {
        if self.focused.replace(focused) != Some(focused) {
            match focused {
                true => self.unread.end(),
                false => self.unread.begin(),
            }
        }
    }
}

/// The person who said or wrote something.
fn from(event: &Event) -> Option<&str> {
    match event {
        Event::Said { from, .. } | Event::Did { from, .. } | Event::Private { from, .. } => {
            Some(from)
        }
        _ => None,
    }
}
