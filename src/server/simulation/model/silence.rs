//! Mutes as the model knows them: whose words reach nobody, and whom a mute goes on to meet.

use crate::id::PeerId;
use crate::message::{AboutOrder, Silence, Why};
use crate::sanction::SanctionKind;
use crate::server::simulation::sightings::Sight;

use super::rows::Row;
use super::sanctions::{Sanction, Target};
use super::{Model, Person};

impl Sanction {
    pub(super) fn silence(&self) -> Silence {
        Silence {
            until: self.until,
            room: None,
            why: Why::Reason(self.reason.clone()),
        }
    }
}

impl Model {
    fn mutes(&self) -> impl Iterator<Item = &Sanction> {
        let mutes = self.sanctions.iter();
        mutes.filter(|it| it.kind == SanctionKind::Mute && it.holds(self.at))
    }

    /// What keeps somebody silent: the oldest mute that meets them as they are, or else one that met them before.
    pub(super) fn mute_on(&self, me: &Person) -> Option<&Sanction> {
        if self.is_operator(me) {
            return None;
        }
        let meets = |it: &&Sanction| it.meets(me.name(), me.account, me.address);
        let followed = |it: &&Sanction| me.followed.contains(&it.id);
        self.mutes()
            .find(meets)
            .or_else(|| self.mutes().find(followed))
    }

    /// Whether what somebody says or sets now reaches nobody. They are told.
    pub(super) fn is_silenced(&mut self, peer: PeerId, sight: Sight) -> bool {
        let me = self.person(peer);
        let Some(mute) = self.mute_on(me) else {
            return false;
        };
        let is_met = mute.meets(me.name(), me.account, me.address);
        let (is_old, silence) = (mute.is_old, mute.silence());
        self.seen.add(sight, 1);
        self.seen.add(Sight::MuteKept, is_old.into());
        self.seen.add(Sight::MuteFollows, (!is_met).into());
        self.answer(peer, AboutOrder::Muted(silence));
        true
    }

    /// The last word of somebody, unless they are muted.
    pub(super) fn last_word<'a>(&mut self, peer: PeerId, word: &'a str) -> &'a str {
        let is_muted = self.mute_on(self.person(peer)).is_some();
        let is_dropped = is_muted && !word.is_empty();
        self.seen.add(Sight::LastWordDropped, is_dropped.into());
        if is_muted { "" } else { word }
    }

    /// Tells those whom a mute meets. One by a name goes on to meet them under another.
    pub(super) fn silence_met(&mut self, mute: &Sanction) -> usize {
        let met = self.met(mute);
        for peer in &met {
            if matches!(mute.target, Target::Name(_)) {
                self.person_mut(*peer).followed.push(mute.id);
            }
            self.answer(*peer, AboutOrder::Silenced(mute.silence()));
        }
        self.seen.add(Sight::Muted, met.len());
        met.len()
    }

    /// Tells those whom a mute met, and no other does, that they are heard again.
    pub(super) fn tell_heard(&mut self, lifted: &Sanction) {
        for peer in self.met(lifted) {
            if self.mute_on(self.person(peer)).is_none() {
                self.seen.add(Sight::Heard, 1);
                self.answer(peer, AboutOrder::Heard);
            }
        }
    }

    /// Somebody takes another name: mutes by the name that they have go on to meet them.
    pub(super) fn follow_renamed(&mut self, peer: PeerId) {
        let me = self.person(peer);
        let by_name = self
            .mutes()
            .filter(|it| matches!(it.target, Target::Name(_)));
        let met = by_name.filter(|it| self.is_met(it, me)).map(|it| it.id);
        let met: Vec<u64> = met.collect();
        self.person_mut(peer).followed.extend(met);
    }

    /// A guest registers: what keeps them silent goes by the account too.
    pub(super) fn mute_registered(&mut self, peer: PeerId) {
        let me = self.person(peer);
        let meets =
            |it: &&Sanction| it.meets(me.name(), None, me.address) || me.followed.contains(&it.id);
        let Some(mute) = self.mutes().find(meets) else {
            return;
        };
        let mute = Sanction {
            id: self.entry.seq,
            target: Target::Account(self.entry.seq),
            name: me.name.clone(),
            ..mute.clone()
        };
        self.seen.add(Sight::MuteRegistered, 1);
        self.sanctions.push(mute.clone());
        self.keep(|| Row::Sanction(mute));
    }
}
