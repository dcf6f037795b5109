//! From the server to the output of a pipe.

use std::time::{Duration, Instant};

use crate::wire::tag;

use super::super::chat::stranger;
use super::super::link::LinkEvent;
use super::super::protocol::{Event, Goodbye, Heard, Op, Told, Welcome};
use super::super::sentences::{behind_lines, of_topic, of_welcome, sentences};
use super::super::style::Before;
use super::super::{Outcome, Status};
use super::{Pipe, Way};

impl Pipe<'_> {
    pub(super) fn follow(&mut self, event: Option<LinkEvent>, buffer: &[u8], now: Instant) {
        let mut heard = Vec::new();
        match event {
            None => {}
            Some(LinkEvent::Received(n)) => {
                self.liveness.heard(now);
                self.protocol.receive(&buffer[..n], &mut heard);
                self.hear(heard, now);
            }
            Some(LinkEvent::Unreachable(sentence)) if self.was_in => {
                // The rest of the sentence is about the command line.
                let why = sentence.split(". ").next().unwrap_or(&sentence);
                self.try_later(why, Duration::ZERO, now);
            }
            Some(LinkEvent::Unreachable(sentence)) => self.end(Status::Unreachable, sentence),
            Some(LinkEvent::Lost(words)) => {
                self.protocol.finish(&mut heard);
                self.hear(heard, now);
                if !matches!(self.way, Way::Waiting(_)) {
                    self.lose(&words, now);
                }
            }
        }
    }

    fn hear(&mut self, heard: Vec<Heard>, now: Instant) {
        for heard in heard {
            match (heard, self.way) {
                _ if self.outcome.is_some() => return,
                (_, Way::Waiting(_)) => {}
                (Heard::Told(told), Way::In) => self.hear_inside(&told, now),
                (Heard::Told(told), _) => self.hear_at_door(told, now),
                (Heard::Stranger(words), _) => {
                    let sentence = stranger(&words);
                    self.link.close();
                    match self.was_in {
                        true => self.try_later(&sentence, Duration::ZERO, now),
                        false => self.end(
                            Status::Unreachable,
                            format!("{sentence}. Check --host and --port"),
                        ),
                    }
                }
                (Heard::TooLong, _) => {
                    self.print("-- What the server sent was too long to be shown. --");
                }
            }
        }
    }

    fn hear_at_door(&mut self, told: Told, now: Instant) {
        let is_answer = told.re.as_ref() == Some(&self.login);
        self.world.learn(&told);
        match &told.event {
            Event::Hello { rate } => {
                self.rate = *rate;
                if rate.is_some() {
                    self.link.expect_slow_reads();
                }
            }
            // A server without login would have let us in by now.
            Event::Pong if is_answer && self.name.is_none() => self.ask(),
            Event::Welcome(welcome) => self.come_in(welcome, told.seq, is_answer),
            Event::Refused { code, text } | Event::Error { code, text } if is_answer => {
                self.refuse(code, text, now);
            }
            Event::Goodbye(goodbye) => self.say_goodbye(goodbye, now),
            Event::Notice(text) => self.print(text),
            _ => {}
        }
    }

    /// The server wants a name.
    fn ask(&mut self) {
        self.way = Way::Asked;
        self.link.greeted();
        self.ask_person();
    }

    /// The server does not let us in.
    fn refuse(&mut self, code: &str, text: &str, now: Instant) {
        match code {
            // The seat is gone, or nothing that this server understands, but we may come in as anybody else.
            "resume-gone" | "member" if self.token.take().is_some() => self.log_in(),
            "password" if self.config.password.is_some() => {
                let sentence = format!("the server refused the password: {text}");
                self.end(Status::Refused, sentence);
            }
            "password" => {
                let name = self.name.as_deref().unwrap_or("This name").trim();
                let sentence =
                    format!("{name} has a password. Give it in CHAT_PASSWORD or --password-file");
                self.end(Status::Refused, sentence);
            }
            _ if self.was_in => {
                self.link.close();
                self.try_later(text, Duration::ZERO, now);
            }
            _ if self.person => {
                self.print(text);
                self.name = None;
                self.ask();
            }
            _ => {
                let sentence = format!("the server refused the name: {text} Choose another --name");
                self.end(Status::Refused, sentence);
            }
        }
    }

    fn say_goodbye(&mut self, goodbye: &Goodbye, now: Instant) {
        let text = &goodbye.text;
        if self.leave_by.is_some() {
            self.print(text);
            self.outcome = Some(Outcome::left());
        } else if !self.was_in && goodbye.code == "too-many-attempts" {
            self.end(Status::Refused, text);
        } else if !self.was_in && goodbye.code == "protocol" && self.config.tls.is_none() {
            self.end(Status::Closed, format!("{text} Try --tls"));
        } else if !self.was_in {
            self.end(Status::Closed, text);
        } else if !goodbye.again || !self.config.reconnect {
            self.print(text);
            self.end(Status::Closed, "the server closed the connection");
        } else {
            if self.way == Way::In {
                self.print(text);
            }
            self.link.close();
            let after = Duration::from_millis(goodbye.after.min(60_000));
            self.try_later(text, after, now);
        }
    }

    /// The server has let us in.
    fn come_in(&mut self, welcome: &Welcome, seq: Option<u64>, is_answer: bool) {
        let again = std::mem::replace(&mut self.was_in, true);
        self.link.greeted();
        self.way = Way::In;
        self.liveness.heard(Instant::now());
        self.position.begin(welcome, seq, again);
        self.token = welcome.token.clone();
        self.keep = Duration::from_secs(welcome.keep);
        if !(again && welcome.resumed) {
            let stamp = self.clock.now();
            for sentence in of_welcome(welcome) {
                let shown = self.styler.answer(&stamp, sentence.text());
                self.print(&shown.text);
            }
            let shown = self.styler.came_in(&stamp, &welcome.name);
            self.print(&shown.text);
            let topic = welcome.rooms.first().and_then(of_topic);
            if let Some(topic) = topic {
                self.print(topic.text());
            }
        }
        if !again {
            self.standing.room = self.world.current().clone();
            self.standing.others = self.world.others();
        }
        // A server without login knows us by our address, until we say otherwise.
        let name = self.name.clone().filter(|_| !is_answer && !welcome.resumed);
        if again {
            self.come_back(welcome.resumed);
        }
        if let Some(name) = name {
            let command = format!("/nick {name}");
            let id = self.send(Op::Command(&command), 'n');
            self.wait_for_answer(id, &command, true);
        }
    }

    fn hear_inside(&mut self, told: &Told, now: Instant) {
        let sent = told.re.as_deref().and_then(|it| self.outgoing.confirm(it));
        let is_own = self.ids.is_of(told.re.as_deref(), 's');
        let asked = self.ids.is_of(told.re.as_deref(), 'c');
        // The room that we go to comes next.
        let is_on_the_way = matches!(told.event, Event::Out { .. })
            && told.room.as_ref() == Some(self.world.current());
        self.world.learn(told);
        self.standing.learn(told, sent.as_ref());
        if let (Event::Renamed { .. }, Some(name)) = (&told.event, self.world.name()) {
            self.name = Some(name.into());
        }
        let is_refused = matches!(told.event, Event::Refused { .. } | Event::Error { .. });
        if is_refused
            && let Some(text) = sentences(&told.event).first()
            && sent.is_some_and(|it| it.spoken.is_some())
        {
            self.refused += 1;
            self.refusal = text.text().into();
        }
        if self.position.is_new(told, asked, is_own) && !is_on_the_way {
            self.show(told, is_own, now);
        }
        self.note_answer(told);
        if self.returning.is_none() {
            self.standing.others = self.world.others();
        }
        let (_, bytes) = self.outgoing.unconfirmed();
        self.liveness.set_patience(bytes, self.rate);
    }

    /// Whether this answers the command that lines wait for.
    fn note_answer(&mut self, told: &Told) {
        let is_awaited = |it: &super::Awaited| told.re.as_ref() == Some(&it.id);
        if !self.awaited.as_ref().is_some_and(is_awaited) {
            return;
        }
        let refusal = match &told.event {
            Event::Room {
                is_current: true,
                facts,
            } => {
                self.standing.room = facts.room.clone();
                self.awaited = None;
                return;
            }
            Event::Renamed { .. } => {
                self.awaited = None;
                return;
            }
            Event::Refused { .. } | Event::Error { .. } | Event::Answer(_) => {
                let sentences = sentences(&told.event);
                sentences.first().map(|it| it.text().to_string())
            }
            _ => return,
        };
        let (Some(awaited), false) = (self.awaited.take(), self.person) else {
            return;
        };
        let answer = refusal.unwrap_or_default();
        match awaited.wants_name {
            true => {
                let sentence =
                    format!("the server refused the name: {answer} Choose another --name");
                self.end(Status::Refused, sentence);
            }
            false => {
                let command = &awaited.command;
                let sentence = format!("'{command}' led to no other room: {answer}");
                self.end(Status::Closed, sentence);
            }
        }
    }

    fn show(&mut self, told: &Told, is_own: bool, now: Instant) {
        let is_hidden = matches!(
            told.event,
            Event::Joined(_)
                | Event::Left { .. }
                | Event::Lost { .. }
                | Event::Entered { .. }
                | Event::Went { .. }
        );
        match &told.event {
            Event::Pong => self.hear_pong(told.re.as_deref()),
            Event::CaughtUp => self.position.settle(),
            Event::Goodbye(goodbye) => self.say_goodbye(goodbye, now),
            // Whoever wrote the line knows it.
            Event::Said { .. } if is_own => {}
            _ if is_hidden && self.quiet => {}
            Event::Out { .. } => {
                if let Some(room) = &told.room {
                    self.print(&format!("You no longer hear {room}."));
                }
            }
            Event::Answer(answer) if answer.lines.is_some() => {
                let lines = answer.lines.as_deref().unwrap_or_default();
                lines.iter().for_each(|it| self.show_event(it));
                self.print(behind_lines(lines.is_empty(), answer.more));
            }
            event => {
                let stamp = self.clock.now();
                for sentence in sentences(event) {
                    let shown = self.styler.answer(&stamp, sentence.text());
                    self.print(&shown.text);
                }
                self.show_event(told);
            }
        }
    }

    fn show_event(&mut self, told: &Told) {
        let stamp = self.clock.stamp(told.at, told.past);
        let elsewhere = told.room.as_ref().filter(|it| *it != self.world.current());
        let tag = elsewhere.map(|it| tag(self.world.room(it).unwrap_or(it)));
        let before = Before {
            stamp: &stamp,
            tag: &tag.unwrap_or_default(),
            is_own: false,
        };
        if let Some(shown) = self.styler.told(before, told, None) {
            self.print(&shown.text);
        }
    }

    fn hear_pong(&mut self, re: Option<&str>) {
        self.outgoing.answered_before(re.unwrap_or_default());
        if self.returning.is_none() || self.returning.as_deref() != re {
            return;
        }
        self.returning = None;
        self.position.settle();
        self.told.clear();
        let (room, wanted) = (self.world.current().clone(), &self.standing.room);
        if room != *wanted && !self.person {
            let sentence = format!("the way back led to {room}, not to {wanted}");
            return self.end(Status::Closed, sentence);
        }
        self.standing.room = room;
    }
}
