//! What workers were asked, and what came of it.

use crate::chat::Finding;
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::ANSWER_TIMEOUT;
use crate::message::AboutConnection;
use crate::moment::Moment;
use crate::server::simulation::record::{Happened, Told, What};

use super::Model;
use super::past::{Asked, Question};

impl Model {
    /// Whether a peer waits for an answer.
    pub(in crate::server::simulation) fn waits(&self, peer: PeerId) -> bool {
        self.is_here(peer) && self.person(peer).waits_since().is_some()
    }

    /// Takes in that something is asked, or that there is no answer. Returns whether that is all.
    pub(super) fn asks(&mut self, told: &Told) -> bool {
        let now = told.now.instant;
        match &told.what {
            What::Event(peer, Happened::Line(line)) if self.is_here(*peer) => {
                let Some(rest) = line.strip_prefix("/ask ") else {
                    return false;
                };
                let asked = Asked::echo(rest, now);
                let before = self.person_mut(*peer).asked.replace(asked);
                assert!(before.is_none(), "{peer} was read though they wait");
            }
            What::Event(peer, Happened::Answered(Err(why))) => {
                let since = self.person(*peer).waits_since();
                let since = since.expect("they had asked");
                let is_due = now >= since + ANSWER_TIMEOUT;
                assert!(is_due || *why != Unanswered::Late, "given up too early");
                if self.asks_of_password(*peer) {
                    self.answered_secret(told.now, *peer, &Err(*why));
                    return true;
                }
                self.answered(*peer, &Err(*why));
                if self.person(*peer).name.is_none() {
                    self.tell(*peer, AboutConnection::UsernamePrompt);
                }
            }
            What::Event(_, Happened::Answered(Ok(Finding::Echo(_)))) => return false,
            What::Event(peer, Happened::Answered(finding)) if self.asks_of_password(*peer) => {
                self.answered_secret(told.now, *peer, finding);
            }
            What::Event(peer, Happened::Answered(finding)) => self.answered(*peer, finding),
            _ => return false,
        }
        true
    }

    /// The answer is the line that was asked for, as if it had been typed now.
    pub(super) fn given_back(&mut self, told: &Told, peer: PeerId, line: &str) -> Told {
        let asked = self.person_mut(peer).asked.take();
        let asked = asked.map(|it| it.what);
        let is_it = matches!(&asked, Some(Question::Echo(rest)) if rest == line);
        assert!(is_it, "{peer} was told {line:?}, and had asked {asked:?}");
        Told {
            now: told.now,
            what: What::Event(peer, Happened::Line(line.into())),
            is_put_off: told.is_put_off,
        }
    }

    /// Nobody waits for longer than it may take.
    pub(super) fn check_waits(&mut self, now: Moment) {
        let looked = self.looked.replace(now.instant);
        let is_over = |since| looked.is_some_and(|looked| looked >= since + ANSWER_TIMEOUT);
        let waiting = self.people.iter().filter(|it| !it.is_gone);
        let mut since = waiting.filter_map(|it| it.waits_since());
        assert!(!since.any(is_over), "somebody waits for ever");
    }
}
