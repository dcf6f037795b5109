//! From the server to the screen: what a line tells the client, and how it is shown.

use crate::name::Username;

use super::super::line::{self, Fact};
use super::super::time_of_day;
use super::Chat;
use super::typing::NextEnter;

impl Chat {
    /// Shows a line of the server, or holds it back while it may turn out to be nothing new.
    pub(super) fn show_received(&mut self, line: &str) {
        for line in self.replays.pass(line.into(), &self.room) {
            self.show_line(&line);
        }
    }

    /// Shows the lines that are still held back.
    pub(super) fn show_held(&mut self) {
        for line in self.replays.take_held() {
            self.show_line(&line);
        }
    }

    fn show_line(&mut self, line: &str) {
        self.completer.learn(line);
        let read = line::read(line);
        if !read.past && self.learn(read.fact) {
            return;
        }
        let time = time_of_day(self.time);
        let shown = self.styler.received(&time, line, self.session.name());
        if shown.mention && self.focused == Some(false) {
            self.screen.bell();
        }
        self.lines.push(shown);
    }

    /// Takes note of a fact. Returns whether to hide it.
    fn learn(&mut self, fact: Fact<'_>) -> bool {
        self.standing.learn(&fact, &self.command);
        if let Some(name) = self.session.name()
            && Username::parse(name).is_ok()
        {
            // The next connection uses this name too.
            self.name = Some(name.into());
        }
        match fact {
            Fact::InRoom(room) => self.enter(room),
            Fact::HeldBack(_) => self.next_enter = NextEnter::SendsHeld,
            Fact::NothingChanged => {
                self.hide(false);
                self.next_enter = NextEnter::MayBeSecret;
            }
            Fact::Said { name, .. } | Fact::Action { name, .. } | Fact::Private { name, .. } => {
                return self.ignore_again(name);
            }
            Fact::Event { name, .. } => drop(self.ignore_again(name)),
            _ => {}
        }
        false
    }

    /// Ignores a person again who was not there when we came back. Returns whether this was such a person.
    fn ignore_again(&mut self, name: &str) -> bool {
        let again = self.standing.ignore_again(name);
        if again == Some(true) {
            self.send(format!("/ignore {name}\n"));
        }
        again.is_some()
    }

    pub(super) fn notice(&mut self, text: &str) {
        let time = time_of_day(self.time);
        self.lines.push(self.styler.notice(&time, text));
    }
}
