//! Held peers. A peer is held, and not read, until the outcome of its last line is known, if the next line may depend
//! on that. The line's act is out, which never happens on a server that is alone; or a worker has a question to answer.
//!
//! Lines that a held peer sends stay where they are, and so does the readiness event: they back up into the peer's own
//! socket. The end of the input waits too. A peer that is leaving is no longer held, and all timers run on.
//!
//! Invariant: a peer that waits for an answer is held for it, or is told in the same call, and has a [`Timer::Answer`].

use std::time::Instant;

use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::limits::ANSWER_TIMEOUT;
use crate::server::workers::{Asked, Wait};

use super::{Connections, Timer};

/// The reason why a peer is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Awaited {
    /// An act of theirs is out.
    Act = 1,
    /// A worker has a question of theirs.
    Answer = 2,
}

/// All reasons why a peer is held, in one byte: each [`Awaited`] is a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held(u8);

/// They are held, and no byte will come any more. The hub has not been told.
const AT_END: u8 = 4;

impl Connections {
    /// Stops reading the peer, unless it is leaving.
    pub(in crate::server) fn hold(&mut self, slot: Slot, by: Awaited) {
        if self.is_open(slot) {
            self.peers[slot.index()].held.0 |= by as u8;
        }
    }

    pub(in crate::server) fn is_held(&self, slot: Slot) -> bool {
        self.peers[slot.index()].held != Held::default()
    }

    /// Notes that the input of a peer has ended, if it is held. Returns whether it is, so that the hub hears of the end
    /// later.
    pub(in crate::server) fn hold_end(&mut self, slot: Slot) -> bool {
        let is_held = self.is_held(slot);
        if is_held {
            self.peers[slot.index()].held.0 |= AT_END;
        }
        is_held
    }

    /// Removes one reason to hold a peer, unless it already waits for the next answer. It is read again if no other
    /// reason is left.
    pub(in crate::server) fn release(&mut self, slot: Slot, by: Awaited, now: Instant) {
        let is_asked_again = by == Awaited::Answer && self.asked.contains_key(&self.id(slot));
        let held = self.peers[slot.index()].held;
        if held.0 & by as u8 == 0 || is_asked_again {
            return;
        }
        let left = Held(held.0 & !(by as u8));
        self.peers[slot.index()].held = left;
        match left {
            Held(0) if self.has_input(slot) => self.mark_runnable(slot, now),
            Held(AT_END) => {
                self.doom(slot, CloseReason::EndOfInput);
                self.mark_dirty(slot);
            }
            _ => {}
        }
    }

    /// Removes every reason to hold the peer, which then waits for no answer.
    pub(super) fn unhold(&mut self, slot: Slot) {
        self.peers[slot.index()].held = Held::default();
        self.forget_question(self.id(slot));
    }

    /// Whether a question may be asked for a peer. A peer that is leaving waits for nothing.
    pub(in crate::server) fn can_wait(&self, slot: Slot) -> bool {
        self.is_open(slot) && !self.peers[slot.index()].leaving.is_doomed()
    }

    /// Has a peer wait for an answer from now on, within a time limit.
    pub(in crate::server) fn await_answer(&mut self, asked: Asked, wait: Wait, now: Instant) {
        let peer = asked.peer;
        self.hold(peer.slot, Awaited::Answer);
        let before = self.asked.insert(peer, wait);
        debug_assert!(before.is_none(), "{peer} asks two things at a time");
        self.timers.set(Timer::Answer, peer, now + ANSWER_TIMEOUT);
    }

    /// Ends the wait for the answer to a question. Returns whether the peer was still waiting for it.
    pub(in crate::server) fn end_wait(&mut self, asked: Asked) -> bool {
        let wait = self.asked.get(&asked.peer);
        let waits = wait.is_some_and(|it| it.number == asked.number);
        if waits {
            self.forget_question(asked.peer);
        }
        waits
    }

    /// Forgets the question of a peer. Its answer no longer matters.
    pub(in crate::server) fn forget_question(&mut self, peer: PeerId) {
        if self.asked.remove(&peer).is_some() {
            self.timers.unset(Timer::Answer, peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::server::Config;
    use crate::server::simulation::Scene;

    /// A server whose journal answers when a test tells it to, and two people.
    fn scene() -> (Scene, [usize; 2]) {
        let mut scene = Scene::with(Config::default());
        let people = ["ann", "bob"].map(|name| scene.enter([127, 0, 0, 1], name));
        scene.rest();
        people.iter().for_each(|it| drop(scene.heard(*it)));
        scene.server.talk.hub.be_late();
        (scene, people)
    }

    fn connect(scene: &mut Scene, sent: &[u8]) -> usize {
        let pair = scene
            .world
            .connect("127.0.0.1:9".parse().expect("an address"));
        let pair = pair.expect("the server listens");
        assert_eq!(scene.world.send(pair, sent), sent.len());
        pair
    }

    /// Runs more ticks than it takes to read everything sent.
    fn ticks(scene: &mut Scene) {
        (0..5).for_each(|_| _ = scene.tick());
    }

    /// Checks that this many acts are out, and answers them after a while.
    fn answer(scene: &mut Scene, out: usize) {
        ticks(scene);
        assert_eq!(scene.server.talk.hub.out(), out);
        let now = scene.world.now();
        let talk = &mut scene.server.talk;
        for _ in 0..out {
            talk.hub.answer(now, &mut talk.effects);
            talk.apply(now);
        }
        ticks(scene);
    }

    #[test]
    fn lines_wait_behind_what_they_may_depend_on_and_keep_their_order() {
        let (mut scene, [ann, bob]) = scene();
        scene.say(ann, "one\n/nick eve\ntwo\n/whois eve\n/join tea\n/topic\n");
        ticks(&mut scene);
        assert_eq!(scene.heard(ann), "");
        answer(&mut scene, 2);
        let heard = scene.heard(ann);
        let renamed = "ann is now known as eve.\r\neve is in #lobby, online";
        assert!(heard.starts_with(renamed), "{heard}");
        let heard = scene.heard(bob);
        assert_eq!(heard, "ann: one\r\nann is now known as eve.\r\n");
        answer(&mut scene, 2);
        assert_eq!(scene.heard(bob), "eve: two\r\neve has gone to #tea.\r\n");
        let heard = scene.heard(ann);
        assert!(
            heard.starts_with("You are in #tea now.\r\n#tea has no topic."),
            "{heard}"
        );
    }

    #[test]
    fn the_end_of_the_input_waits_too() {
        for (sent, goodbye) in [(&b"eve"[..], ""), (b"eve\xff\xec", "Goodbye!\r\n")] {
            let (mut scene, [_, bob]) = scene();
            let eve = connect(&mut scene, sent);
            if goodbye.is_empty() {
                scene.world.finish(eve);
            }
            answer(&mut scene, 1);
            let heard = scene.heard(eve);
            assert!(heard.contains("eve has joined the chat.\r\n"), "{heard}");
            assert!(heard.ends_with(goodbye), "{heard}");
            assert_eq!(scene.heard(bob), "eve has joined the chat.\r\n");
            answer(&mut scene, 1);
            assert_eq!(scene.heard(bob), "eve has left the chat.\r\n");
        }
    }

    #[test]
    fn a_reset_waits_for_nothing() {
        let (mut scene, [ann, bob]) = scene();
        scene.say(ann, "/join tea\nhello\n");
        ticks(&mut scene);
        scene.world.reset(ann);
        ticks(&mut scene);
        assert_eq!(scene.server.talk.connections.len(), 1);
        answer(&mut scene, 2);
        assert_eq!(scene.heard(bob), "ann has gone to #tea.\r\n");
        assert_eq!(scene.server.talk.hub.online(), 1);
    }

    #[test]
    fn who_is_held_is_closed_when_their_time_is_over() {
        let (mut scene, _) = scene();
        let eve = connect(&mut scene, b"eve\n/help\n");
        ticks(&mut scene);
        let timeout = scene.server.talk.config.login_timeout.expect("a limit");
        scene.world.pass(timeout);
        ticks(&mut scene);
        assert!(scene.heard(eve).ends_with("Login timed out. Goodbye!\r\n"));
        answer(&mut scene, 1);
        answer(&mut scene, 1);
        assert_eq!(scene.server.talk.hub.online(), 2);
    }
}
