//! A journal that answers some ticks later.
//!
//! What each client reads is compared byte by byte with what the model owes it, as in any play. The model works as a chat that
//! is alone, to which each line comes at the time at which what it wants is applied, in the order of the journal; what wants
//! nothing of others is answered where it is read, and whoever leaves reads no more from then on. So a late journal changes
//! nothing but when: all that one person types is answered once and in its order, apart from local answers, which do not wait
//! for what is out; every line is read once by everyone who is in the room in which it is said; and a twin hub is fed the
//! same entries.
//!
//! Two things are taken as they were when a line was read: whom a name means in it, and when its author was last active.

use crate::limits::ACTS_OUT;
use crate::server::Server;

use super::model::Model;
use super::sightings::Sight;
use super::story::Kind;
use super::{check_seen, play_all};

/// Seeds of an ordinary run.
const SEEDS: u64 = 128;

/// What is out is known to the model, and those are held whom that holds.
pub(super) fn check_out(server: &Server, model: &Model) {
    let hub = &server.talk.hub;
    assert_eq!(hub.out(), model.out(), "acts are out");
    for peer in model.hurried.iter().filter(|it| model.is_here(**it)) {
        let can_wait = server.talk.connections.can_wait(peer.slot);
        assert!(!can_wait, "{peer} asks two things at once");
    }
    for peer in server.talk.connections.open() {
        let is_held = server.talk.connections.is_held(peer.slot);
        let is_to_be = model.is_held(peer) || model.waits(peer);
        assert_eq!(is_held, is_to_be, "{peer} is held");
        assert!(model.out_of(peer) <= ACTS_OUT, "{peer} has too many out");
    }
}

#[test]
fn a_journal_that_answers_later_changes_nothing_but_when() {
    let kind = Kind {
        is_late: true,
        ..Kind::default()
    };
    check_seen(&play_all(SEEDS, kind), SEEDS, 5, &Sight::ALWAYS);
}
