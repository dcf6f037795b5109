//! Before the server has let us in: the name, the password, and everything that keeps us out.

use std::mem;
use std::time::{Duration, Instant};

use super::super::Status;
use super::super::masked::Masked;
use super::super::protocol::{Event, Goodbye, Login, Op, Told, Welcome};
use super::super::sentences::{of_topic, of_welcome};
use super::super::shown::Shown;
use super::{Chat, Errand, Question, Way};

impl Chat {
    /// Asks to come in, and for our former seat if there was one. Without a name, asks only whether anybody is there.
    pub(super) fn log_in(&mut self) {
        let Some(name) = self.name.clone() else {
            self.login = self.send(Op::Ping, 'l');
            return;
        };
        let (password, token) = (self.password.clone(), self.token.clone());
        let (journal, since) = self.position.since();
        let journal = journal.map(String::from);
        let login = Login {
            name: &name,
            password: password.as_ref(),
            resume: token.as_ref().map(|it| (it, since)),
            journal: journal.as_deref(),
        };
        self.login = self.send(Op::Login(login), 'l');
    }

    pub(super) fn hear_at_door(&mut self, told: Told, now: Instant) {
        let is_answer = told.re.as_ref() == Some(&self.login);
        self.completer.learn(&told);
        self.world.learn(&told);
        match told.event {
            // A server that reads slowly on purpose is asked whether it is there, and has no time to acknowledge.
            Event::Hello { rate } => {
                self.rate = rate;
                if rate.is_some() {
                    self.errands.push_back(Errand::ExpectSlowReads);
                }
            }
            // A server without login would have let us in by now.
            Event::Pong if is_answer && self.name.is_none() => {
                self.errands.push_back(Errand::Stay);
                self.ask_for_name();
            }
            Event::Welcome(welcome) => self.come_in(&welcome, told.seq, is_answer, now),
            Event::Refused { code, text } | Event::Error { code, text } if is_answer => {
                self.refuse(&code, &text, now);
            }
            Event::Goodbye(goodbye) => self.say_goodbye(&goodbye, now),
            Event::Notice(text) => self.show_text(&text),
            _ => {}
        }
    }

    /// The server does not let us in.
    fn refuse(&mut self, code: &str, text: &str, now: Instant) {
        match code {
            // The seat is gone, or nothing that this server understands, but we may come in as anybody else.
            "resume-gone" | "member" if self.token.take().is_some() => return self.log_in(),
            "password" => {
                self.show_text(text);
                self.password = None;
                return self.ask_for_password();
            }
            "busy" | "too-many-attempts" if !self.was_in() && self.password.is_some() => {
                self.show_text(text);
                self.password = None;
                return self.ask_for_password();
            }
            _ => {}
        }
        if self.was_in() {
            self.errands.push_back(Errand::Close);
            let is_name = code.starts_with("name-");
            let way_out = match is_name {
                true => " Type /nick and another name to come in under that one.",
                false => "",
            };
            return self.try_later_or("Not let in", text, way_out, now);
        }
        self.name = None;
        self.show_text(text);
        self.errands.push_back(Errand::Stay);
        self.ask_for_name();
    }

    fn ask_for_password(&mut self) {
        self.errands.push_back(Errand::Stay);
        self.masked = Some(Masked::new(true));
    }

    /// The person has typed the password at the door, or that they have none.
    pub(super) fn submit_password(&mut self, masked: &Masked) {
        self.lines.push(Shown::plain(masked.prompt()));
        if masked.is_empty() {
            self.name = None;
            return self.ask_for_name();
        }
        self.password = Some(masked.secret());
        self.log_in();
    }

    /// The connection ends, and the server says why.
    pub(super) fn say_goodbye(&mut self, goodbye: &Goodbye, now: Instant) {
        let Goodbye {
            code,
            text,
            again,
            after,
        } = goodbye;
        if self.is_leaving {
            self.show_text(text);
            self.outcome = Some(super::Outcome::left());
            // It may not be the answer to ours.
            return self.tell_all_undelivered();
        }
        let is_late = *code == "login-timeout";
        let is_asking = self.masked.is_some() || self.question == Question::Username;
        if is_late && is_asking && !self.was_in() {
            // The person may think about it for as long as they like.
            self.errands.push_back(Errand::Close);
            self.way = Way::SentAway;
            return;
        }
        if !self.was_in() {
            let status = match &**code {
                "too-many-attempts" => Status::Refused,
                _ => Status::Closed,
            };
            let text = match &**code {
                "protocol" if !self.is_encrypted => format!("{text} Try --tls"),
                _ => text.clone(),
            };
            return self.end(status, text);
        }
        if !again {
            self.show_text(text);
            return self.wait_for_person();
        }
        self.errands.push_back(Errand::Close);
        self.after = Duration::from_millis((*after).min(super::LASTED.as_millis() as u64));
        if self.way == Way::Connecting {
            return self.try_later("Not let in", text, now);
        }
        self.show_text(text);
        self.lose("the server closed the connection", now);
    }

    /// What stands there is no chat server, or an old one.
    pub(super) fn meet_stranger(&mut self, words: &str, now: Instant) {
        self.errands.push_back(Errand::Close);
        let sentence = stranger(words);
        match self.was_in() {
            true => self.try_later("Still offline", &sentence, now),
            false => self.end(
                Status::Unreachable,
                format!("{sentence}. Check --host and --port"),
            ),
        }
    }

    /// The server has let us in.
    fn come_in(&mut self, welcome: &Welcome, seq: Option<u64>, is_answer: bool, now: Instant) {
        let again = self.was_in();
        self.errands.push_back(Errand::Stay);
        self.put_back_aside();
        self.masked = None;
        self.way = Way::In;
        self.in_since = Some(now);
        self.liveness.heard(now);
        self.told.clear();
        self.position.begin(welcome, seq, again);
        self.token = welcome.token.clone();
        self.keep = Duration::from_secs(welcome.keep);
        // A server without login knows us by our address, and another name may have been chosen meanwhile.
        let wanted = self.name.clone().filter(|it| !is_same(it, &welcome.name));
        match wanted {
            Some(name) if !welcome.resumed => {
                self.send(Op::Command(&format!("/nick {name}")), 'n');
            }
            // A server without login names us again each time.
            None if !is_answer => {}
            _ => self.name = Some(welcome.name.clone()),
        }
        if again && welcome.resumed {
            return self.resume_seat();
        }
        self.show_welcome(welcome);
        // Only for Tab.
        self.send(Op::Command("/rooms"), 'r');
        match again {
            true => self.return_there(now),
            false => self.stand_here(),
        }
    }

    fn show_welcome(&mut self, welcome: &Welcome) {
        self.show_sentences(of_welcome(welcome));
        let shown = self.styler.came_in(&self.clock.now(), &welcome.name);
        self.lines.push(shown);
        let current = welcome.rooms.first().and_then(of_topic);
        self.show_sentences(current.into_iter().collect());
    }

    /// Takes over where the server says that we are.
    fn stand_here(&mut self) {
        self.standing.room = self.world.current().clone();
        self.standing.others = self.world.others();
    }

    /// Ends the question for a username, if there is one: the line that was being typed comes back, and so does the
    /// question.
    pub(super) fn put_back_aside(&mut self) {
        if self.question == Question::Username {
            let (question, text) = mem::take(&mut self.aside);
            self.question = question;
            self.editor.set(&text);
        }
    }

    /// Asks for a username. The current question and the typed line wait meanwhile. If a name is being typed already,
    /// it stays.
    pub(super) fn ask_for_name(&mut self) {
        if self.question != Question::Username {
            let question = mem::replace(&mut self.question, Question::Username);
            self.aside = (question, self.editor.take());
        }
    }
}

/// Whether two names are the same, as a server writes them.
fn is_same(typed: &str, written: &str) -> bool {
    let parsed = crate::name::Username::parse(typed);
    parsed.map_or(typed.trim() == written, |it| it.as_str() == written)
}

/// That a server does not speak the protocol.
pub(in super::super) fn stranger(words: &str) -> String {
    format!("the server does not speak the machine protocol of Chinwag; it said '{words}'")
}
