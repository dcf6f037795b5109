//! Who is held: not read until it is known what came of the last line of theirs, on which the next may depend. Alone that is
//! known at once, and nobody ever is.
//!
//! What they send meanwhile stays where it is, and so does the word that it came: their lines back up into their own socket.
//! The end of their input waits too. Who is on the way out is held no longer, and all timers run on.

use std::time::Instant;

use crate::error::CloseReason;
use crate::id::Slot;

use super::Connections;

/// Whether a peer is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    No,
    /// Until they are released.
    Yes,
    /// The same, and no byte will come any more. The hub has not been told.
    AtEnd,
}

impl Connections {
    /// Nothing of the peer is read from now on, unless they are on the way out.
    pub(in crate::server) fn hold(&mut self, slot: Slot) {
        let is_open = self.is_open(slot);
        let held = &mut self.peers[slot.index()].held;
        if is_open && *held == Held::No {
            *held = Held::Yes;
        }
    }

    pub(in crate::server) fn is_held(&self, slot: Slot) -> bool {
        self.peers[slot.index()].held != Held::No
    }

    /// The input of a peer has ended. Returns whether they are held, and the hub is to hear of it later.
    pub(in crate::server) fn hold_end(&mut self, slot: Slot) -> bool {
        let is_held = self.is_held(slot);
        if is_held {
            self.peers[slot.index()].held = Held::AtEnd;
        }
        is_held
    }

    /// The peer is read again, if they were held.
    pub(in crate::server) fn release(&mut self, slot: Slot, now: Instant) {
        match self.unhold(slot) {
            Held::No => {}
            Held::Yes if self.has_input(slot) => self.mark_runnable(slot, now),
            Held::Yes => {}
            Held::AtEnd => {
                self.doom(slot, CloseReason::EndOfInput);
                self.mark_dirty(slot);
            }
        }
    }

    /// The peer is held no longer.
    pub(super) fn unhold(&mut self, slot: Slot) -> Held {
        std::mem::replace(&mut self.peers[slot.index()].held, Held::No)
    }
}

#[cfg(test)]
mod tests {
    use crate::server::Config;
    use crate::server::simulation::Scene;

    /// A server whose journal answers when it is told to, and two people.
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

    /// More than it takes to read what was sent.
    fn ticks(scene: &mut Scene) {
        (0..5).for_each(|_| _ = scene.tick());
    }

    /// So many acts are out; they are answered, after a while.
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
