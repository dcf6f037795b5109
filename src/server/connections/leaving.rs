//! The way out of a connection: how far a peer has got, and which steps are possible next.
//!
//! | state | doomed | talks on | what the peer is |
//! |---|---|---|---|
//! | Open | | | in use |
//! | Open | yes | | its input has ended, or it is to be dropped: farewell tells the hub |
//! | Draining | yes | or not | the same, but the hub closed it before farewell came to it |
//! | Draining | | or not | its waiting output is being written; its input is thrown away |
//! | Lingering | | or not | it has been sent our FIN; theirs is awaited |
//! | Finished | | or not | gone; reap frees the slot |
//!
//! | step | who takes it | from | to |
//! |---|---|---|---|
//! | Doom | read, at the end of the input; write and time, if a peer is too slow | Open | doomed |
//! | Tell | farewell | doomed | not doomed |
//! | Drain | the hub, when it closes a peer; farewell, after a FIN; accept, when it turns a peer away | Open | Draining |
//! | Linger | write, when all is written | Draining, not doomed | Lingering |
//! | TalkOn | read, on input from a peer that is being closed | all but Open | talks on |
//! | Finish | farewell, unless after a FIN; write, when both FINs were sent; time | all but doomed | Finished |
//!
//! Doom and Drain come too late for a peer that is already leaving, and change nothing.

use std::time::Instant;

use crate::error::CloseReason;
use crate::id::Slot;
use crate::limits::{CLOSE_TIMEOUT, LINGER, LINGER_MOST};

use super::{Connections, Reasons, Timer};

/// How far a peer is on the way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaving {
    state: State,
    /// The hub is to be told.
    is_doomed: bool,
    /// Input came from them while they were being closed.
    talks_on: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Draining,
    Lingering,
    Finished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Doom,
    Tell,
    Drain,
    Linger,
    TalkOn,
    Finish,
}

impl Leaving {
    /// A peer that is not leaving.
    pub(super) const NOT: Leaving = Leaving {
        state: State::Open,
        is_doomed: false,
        talks_on: false,
    };

    /// Whether the hub is to be told.
    pub(super) fn is_doomed(self) -> bool {
        self.is_doomed
    }

    /// The state after a step. `None` if the step is not allowed here.
    fn after(self, step: Step) -> Option<Leaving> {
        let to = |state| Some(Leaving { state, ..self });
        let doomed = |is_doomed| Some(Leaving { is_doomed, ..self });
        match (step, self.state, self.is_doomed) {
            (Step::Doom, State::Open, _) => doomed(true),
            (Step::Drain, State::Open, _) => to(State::Draining),
            (Step::Doom | Step::Drain, _, _) => Some(self),
            (Step::Tell, _, true) => doomed(false),
            (Step::Linger, State::Draining, false) => to(State::Lingering),
            (Step::Finish, _, false) => to(State::Finished),
            (Step::TalkOn, State::Draining | State::Lingering | State::Finished, _) => {
                let talks_on = true;
                Some(Leaving { talks_on, ..self })
            }
            (Step::Tell | Step::Linger | Step::Finish | Step::TalkOn, _, _) => None,
        }
    }
}

impl Connections {
    /// Takes a step of a peer's way out; nothing else changes the state. Returns whether the step was allowed.
    fn step(&mut self, slot: Slot, step: Step) -> bool {
        let leaving = &mut self.peers[slot.index()].leaving;
        let next = leaving.after(step);
        debug_assert!(next.is_some(), "no {step:?} from {leaving:?}");
        next.is_some_and(|next| std::mem::replace(leaving, next) != next)
    }

    fn state(&self, slot: Slot) -> State {
        self.peers[slot.index()].leaving.state
    }

    /// Whether the peer's input is heard.
    pub(in crate::server) fn is_open(&self, slot: Slot) -> bool {
        self.state(slot) == State::Open
    }

    /// Marks a peer whose input has ended, or who is to be dropped, so that the hub is told. Returns whether that is
    /// new; a peer that is already leaving does not change.
    pub(in crate::server) fn doom(&mut self, slot: Slot, reason: CloseReason) -> bool {
        let is_new = self.step(slot, Step::Doom);
        if is_new {
            self.closed.count(reason);
            self.unhold(slot);
            self.doomed.push_back((slot, reason));
        }
        is_new
    }

    /// Takes out the next peer of which to tell the hub, in the order in which they were doomed.
    pub(in crate::server) fn next_doomed(&mut self) -> Option<(Slot, CloseReason)> {
        let doomed = self.doomed.pop_front()?;
        self.step(doomed.0, Step::Tell);
        Some(doomed)
    }

    /// Counts the reason why a peer is about to be closed, unless it is leaving already for another.
    pub(in crate::server) fn count_closing(&mut self, slot: Slot, reason: CloseReason) {
        if self.can_wait(slot) {
            self.closed.count(reason);
        }
    }

    /// Why connections ended. Those that were turned away at the door are not among them.
    pub(in crate::server) fn closed(&self) -> &Reasons {
        &self.closed
    }

    /// Marks a peer to be closed once all its output has been written.
    pub(in crate::server) fn drain(&mut self, slot: Slot, now: Instant) {
        if self.step(slot, Step::Drain) {
            self.unhold(slot);
            let peer = self.id(slot);
            self.timers.set(Timer::Close, peer, now + CLOSE_TIMEOUT);
            self.mark_dirty(slot);
        }
    }

    /// Takes the next step of closing a peer, if there is one: our FIN when all is written, the end when the peer's FIN
    /// has come.
    pub(in crate::server) fn advance_closing(&mut self, slot: Slot, now: Instant) {
        if self.state(slot) == State::Draining && self.connection(slot).queue().is_none() {
            match self.change_queue(slot, |connection| connection.finish_output(now)) {
                Ok(true) => {
                    self.step(slot, Step::Linger);
                    let peer = self.id(slot);
                    self.timers.set(Timer::Linger, peer, now + LINGER);
                    self.timers.set(Timer::Close, peer, now + LINGER_MOST);
                }
                Ok(false) if self.connection(slot).has_output() => self.mark_dirty(slot),
                Ok(false) => {}
                Err(_) => return self.finish(slot),
            }
        }
        if self.state(slot) == State::Lingering && self.connection(slot).input_ended() {
            self.finish(slot);
        }
    }

    /// A peer that is being closed goes on sending: it has not read our FIN yet, and a close would reset output that is
    /// still on its way. The server waits for it, up to the time for closing.
    pub(in crate::server) fn linger_on(&mut self, slot: Slot, now: Instant) {
        self.step(slot, Step::TalkOn);
        if self.state(slot) == State::Lingering {
            self.timers.set(Timer::Linger, self.id(slot), now + LINGER);
        }
    }

    /// Whether the server waits for a peer that may lose output if the process ends.
    pub(in crate::server) fn is_lingering(&self) -> bool {
        self.peers.iter().any(|(_, peer)| peer.leaving.talks_on)
    }

    /// Gives up closing a peer when the time for it is over.
    pub(in crate::server) fn give_up_closing(&mut self, slot: Slot) {
        if self.state(slot) == State::Draining {
            let addr = self.connection(slot).addr();
            log::info!("{addr}: {}", CloseReason::CloseTimedOut);
        }
        self.finish(slot);
    }

    /// Frees the peer's slot at the end of the tick.
    pub(in crate::server) fn finish(&mut self, slot: Slot) {
        if self.step(slot, Step::Finish) {
            self.finished.push(slot);
        }
    }
}

#[cfg(test)]
impl Leaving {
    pub(super) fn is_finished(self) -> bool {
        self.state == State::Finished
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 6] = [
        Step::Doom,
        Step::Tell,
        Step::Drain,
        Step::Linger,
        Step::TalkOn,
        Step::Finish,
    ];

    /// The states of the table, in its order.
    fn legal() -> Vec<Leaving> {
        let state = |state, is_doomed, talks_on| Leaving {
            state,
            is_doomed,
            talks_on,
        };
        let mut legal = vec![Leaving::NOT, state(State::Open, true, false)];
        for (it, is_doomed) in [
            (State::Draining, true),
            (State::Draining, false),
            (State::Lingering, false),
            (State::Finished, false),
        ] {
            legal.extend([false, true].map(|talks_on| state(it, is_doomed, talks_on)));
        }
        legal
    }

    #[test]
    fn every_step_from_every_state_leads_to_a_legal_one() {
        let legal = legal();
        let mut reached = vec![Leaving::NOT];
        let mut next = 0;
        while let Some(&from) = reached.get(next) {
            next += 1;
            for to in STEPS.iter().filter_map(|&step| from.after(step)) {
                assert!(legal.contains(&to), "{from:?} leads to {to:?}");
                assert!(to.state as u8 >= from.state as u8, "{from:?} to {to:?}");
                assert!(to.talks_on >= from.talks_on, "{from:?} to {to:?}");
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        assert!(legal.iter().all(|it| reached.contains(it)));
    }

    #[test]
    fn a_step_is_refused_where_it_has_no_place() {
        let refused = |step| {
            let from = legal().into_iter().filter(|it| it.after(step).is_none());
            from.map(|it| (it.state, it.is_doomed)).collect::<Vec<_>>()
        };
        assert_eq!(refused(Step::Doom), []);
        assert_eq!(refused(Step::Drain), []);
        let open = [(State::Open, false), (State::Open, true)];
        assert_eq!(refused(Step::TalkOn), open);
        // No peer goes while the hub takes it for present.
        let doomed = [
            (State::Open, true),
            (State::Draining, true),
            (State::Draining, true),
        ];
        assert_eq!(refused(Step::Finish), doomed);
        let draining = |it: &(State, bool)| *it == (State::Draining, false);
        assert!(!refused(Step::Linger).iter().any(draining));
        assert_eq!(refused(Step::Linger).len(), 8);
        assert!(refused(Step::Tell).iter().all(|it| !it.1));
        assert_eq!(refused(Step::Tell).len(), 7);
    }
}
