//! Members who are not here: what is written to them, what they had set, and what they read when they come back.

use std::sync::Arc;

use crate::account::AccountId;
use crate::id::{PeerId, RoomId};
use crate::journal::{Entry, Returning};
use crate::limits::accounts::MESSAGES_WAITING;
use crate::message::{
    AboutAccount, AccountFacts, Keep, KeepAccount, Message, News, Past, Settings, Waiting,
};
use crate::moment::{Format, Moment, Offset, Stamp};
use crate::name::RoomName;

use super::event::Effects;
use super::person::{Person, Place};
use super::{Author, Hub};

impl Hub {
    /// Writes to a member who is not here. If they have come meanwhile, they read it at once.
    pub(super) fn leave_word(
        &mut self,
        author: &Author,
        entry: &Entry,
        to: AccountId,
        text: &Arc<str>,
        effects: &mut Effects,
    ) {
        let index = self.accounts.index(to);
        let account = index.and_then(|it| self.accounts.get_mut(it));
        let Some(account) = account.filter(|it| it.is_owned()) else {
            return;
        };
        let name = account.name.clone();
        if let Some(person) = account.place.and_then(|it| self.roster.get(it)) {
            return self.write(author, entry, person.id, text, effects);
        }
        if account.waiting >= MESSAGES_WAITING {
            return effects.answer(author.peer, AboutAccount::TooManyWaiting(name));
        }
        account.waiting += 1;
        let waiting = Waiting {
            seq: author.seq,
            at: author.at,
            author: author.id,
            author_account: author.account,
            from: author.name.clone(),
            text: text.clone(),
        };
        effects.keep(Keep::Account(to, KeepAccount::Waiting(waiting)));
        self.confirm(author, AboutAccount::Left(name), effects);
    }

    /// A private message that a member did not read waits for them.
    pub(super) fn leave_unread(&mut self, to: AccountId, past: &Past, effects: &mut Effects) {
        let index = self.accounts.index(to);
        let account = index.and_then(|it| self.accounts.get_mut(it));
        let account = account.filter(|it| it.waiting < MESSAGES_WAITING);
        let (Some(account), Some((from, text))) = (account, past.news.written()) else {
            return;
        };
        account.waiting += 1;
        let waiting = Waiting {
            seq: past.seq,
            at: past.at,
            author: past.author,
            author_account: past.account,
            from: from.clone(),
            text: text.into(),
        };
        effects.keep(Keep::Account(to, KeepAccount::Waiting(waiting)));
    }

    /// Notes what a member has set, and in which rooms they are, for when they come back: as they leave, and whenever it
    /// changes, since a server may end without a word. `at` is in milliseconds since 1970-01-01 00:00 UTC, and `seq` is
    /// the last entry that they have read by then.
    pub(super) fn keep_left(&self, place: Place, (at, seq): (i64, u64), effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let Some(account) = self.account_of(person).map(|it| it.id) else {
            return;
        };
        let rooms = person.rooms().filter_map(|it| self.room_name(it));
        let left = KeepAccount::Left {
            at,
            seq,
            rooms: rooms.collect(),
            settings: Settings {
                time: words_of(person).into(),
                is_quiet: person.format.quiet,
                room: self.room_name(person.room),
            },
            ignores: self.ignored(place).into_iter().map(|it| it.name).collect(),
        };
        effects.keep(Keep::Account(account, left));
    }

    /// The author of an entry has changed where they are, or whom they ignore.
    pub(super) fn keep_set(&self, author: &Author, effects: &mut Effects) {
        self.keep_left(author.place, (author.at, author.seq), effects);
    }

    /// The room where a member goes on who is about to come in, if it is still there and they may go there. It may have
    /// been locked meanwhile, or be another one of that name.
    pub(super) fn room_to_return(&self, at: i64, it: &Person, room: Option<&RoomName>) -> RoomId {
        let room = room.and_then(|it| self.rooms.find(it));
        let room = room.filter(|id| self.may_see(it, *id) && self.kept_out(at, it, *id).is_none());
        room.unwrap_or(RoomId::LOBBY)
    }

    /// Gives somebody who has come back what they had set.
    pub(super) fn restore(&mut self, place: Place, returning: &Returning) {
        for name in &returning.ignores {
            self.ignore_name(place, name);
        }
    }

    /// Has a person read in the format that they had.
    pub(super) fn restore_format(&mut self, now: Moment, place: Place, settings: &Settings) {
        let (word, zone) = settings
            .time
            .split_once(' ')
            .unwrap_or((&settings.time, ""));
        let offset = self.zone(zone, now.unix);
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        if offset.is_some() && Offset::parse(zone).is_none() {
            person.extras_mut().zone = Some(zone.into());
        }
        let is_program = person.is_program();
        let format = &mut person.format;
        format.quiet = settings.is_quiet && !is_program;
        format.offset = offset.unwrap_or(format.offset);
        if !is_program {
            format.stamp = match word {
                "on" => Stamp::Clock,
                "full" => Stamp::Full,
                _ => Stamp::Off,
            };
        }
    }

    /// Has a person read everything in this format.
    pub(super) fn set_format(&mut self, place: Place, format: Format, effects: &mut Effects) {
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        let medium = person.format.medium;
        person.format = Format { medium, ..format };
        let rooms: Vec<RoomId> = person.rooms().collect();
        rooms.iter().for_each(|it| self.read(place, *it, effects));
    }

    /// Tells somebody who has come back what was written to them, and how much was said.
    pub(super) fn tell_missed(
        &mut self,
        place: Place,
        peer: PeerId,
        facts: &AccountFacts,
        effects: &mut Effects,
    ) {
        self.tell_waiting(place, peer, facts, effects);
        let Some(room) = self.roster.get(place).map(|it| it.room) else {
            return;
        };
        if let Some(person) = self.roster.get_mut(place) {
            person.extras_mut().left = facts.left.clone();
        }
        let count = self.missed(place, room);
        if let Some((count, has_more)) = count.filter(|it| it.0 > 0) {
            effects.answer(peer, AboutAccount::Missed { count, has_more });
        }
        let left = facts.left.iter().map(|it| it.1).max();
        self.tell_invitations(place, left.unwrap_or(0), effects);
    }

    fn tell_waiting(
        &mut self,
        place: Place,
        peer: PeerId,
        facts: &AccountFacts,
        effects: &mut Effects,
    ) {
        let waiting = facts.waiting.iter();
        let waiting: Vec<&Waiting> = waiting.filter(|it| !self.is_waiting_erased(it)).collect();
        let Some(last) = waiting.last().map(|it| it.seq) else {
            return;
        };
        effects.answer(peer, AboutAccount::Waiting(waiting.len()));
        for Waiting {
            seq,
            at,
            from,
            text,
            ..
        } in &waiting
        {
            let past = Past {
                seq: *seq,
                at: *at,
                author: crate::id::PersonId::HOUSE,
                account: None,
                room: None,
                news: News::Private {
                    from: from.clone(),
                    text: text.clone(),
                },
            };
            let (past, is_elsewhere) = (Arc::new(past), false);
            effects.tell(peer, Message::Past { past, is_elsewhere });
        }
        effects.answer(peer, AboutAccount::WaitingEnd);
        let index = self.roster.get(place).and_then(|it| it.account);
        if let Some(account) = index.and_then(|it| self.accounts.get_mut(it)) {
            let read = KeepAccount::Read { seq: last };
            effects.keep(Keep::Account(account.id, read));
        }
    }

    /// How many lines were said in a room since a member left it, of those that they may read, and whether only the file
    /// has the others.
    pub(super) fn missed(&self, place: Place, room: RoomId) -> Option<(usize, bool)> {
        let from = self.reads_from(self.roster.get(place)?, room)?;
        let behind = self.left(place, room)?.max(from.saturating_sub(1));
        let room = self.rooms.get(room)?;
        Some(room.history.since(behind, self.sees(place)))
    }

    /// The entry with which a member left a room when they were last here.
    pub(super) fn left(&self, place: Place, room: RoomId) -> Option<u64> {
        let name = self.room_name(room)?;
        let left = &self.roster.get(place)?.extras.as_ref()?.left;
        let (_, seq) = left.iter().find(|(it, _)| *it == name)?;
        Some(*seq)
    }
}

/// What a person types behind `/time` to read what they do.
fn words_of(person: &Person) -> String {
    let format = person.format;
    let stamp = match format.stamp {
        Stamp::Off => "off",
        Stamp::Clock => "on",
        Stamp::Full => "full",
    };
    let zone = person.extras.as_ref().and_then(|it| it.zone.as_deref());
    match zone {
        Some(zone) => format!("{stamp} {zone}"),
        None => format!("{stamp} {}", format.offset),
    }
}
