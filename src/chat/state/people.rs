//! People as they travel. Most of them have nothing but a name, a number and a room.

use serde::{Deserialize, Serialize};

use crate::account::{AccountId, Origin};
use crate::chat::Hub;
use crate::chat::history::History;
use crate::chat::owning::Moved;
use crate::chat::person::{Away, Extras, Lost, Person, Place, Visit};
use crate::chat::repeats::Repeats;
use crate::id::{PersonId, RoomId};
use crate::limits::seats::{PRIVATE_BYTES, PRIVATE_LINES};
use crate::limits::{IGNORED, IGNORED_NAMES, MISSED_BYTES, MISSED_LINES, ROOMS_HEARD};
use crate::name::{RoomName, Username};

use super::form::{Id, Text, Time, text};
use super::lines::{HistoryForm, PastForm};
use super::{InvalidState, Loading};

/// Somebody who is in the chat.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonForm {
    id: PersonId,
    name: Username,
    /// Seconds since 1970-01-01 00:00 UTC.
    since: i64,
    from: Origin,
    /// The entries that made their rooms, the current one first.
    rooms: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignores: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ignored_as: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<Box<MoreForm>>,
}

/// What few people have; see [`Extras`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MoreForm {
    away: Option<AwayForm>,
    moved: Option<MovedForm>,
    /// Rooms by the entries that made them, and how many lines of them were read.
    visits: Vec<(u64, usize)>,
    repeats: Vec<SaidForm>,
    correspondent: Option<(PersonId, Username)>,
    privates: Option<HistoryForm>,
    came: Option<u64>,
    lost: Option<LostForm>,
    left: Vec<(RoomName, u64)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AwayForm {
    text: Option<Text>,
    absence: u64,
    missed: HistoryForm,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MovedForm {
    told: Time,
    held: u8,
    /// The line that is held back, and whether it is an action.
    line: Option<(Text, bool)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidForm {
    id: Id,
    seq: u64,
    past: Option<PastForm>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LostForm {
    unread: Vec<PastForm>,
    bytes: usize,
}

impl Hub {
    pub(super) fn person_as_form(&self, it: &Person) -> PersonForm {
        let rooms = it.rooms().filter_map(|id| self.rooms.get(id));
        PersonForm {
            id: it.id,
            name: it.name.clone(),
            since: it.since(),
            from: it.from,
            rooms: rooms.map(|it| it.made).collect(),
            account: self.account_of(it).map(|it| it.id),
            ignores: self.numbers_of(it.ignores()),
            ignored_as: self.numbers_of(it.ignored_as()),
            more: it.extras.as_deref().and_then(MoreForm::of),
        }
    }
}

impl MoreForm {
    /// `None`: there is nothing.
    fn of(it: &Extras) -> Option<Box<MoreForm>> {
        let away = it.away.as_ref().map(|it| AwayForm {
            text: text(&it.text),
            absence: it.absence,
            missed: it.missed.as_form(),
        });
        let moved = it.moved.as_ref().map(|it| MovedForm {
            told: Time(it.told),
            held: it.held,
            line: it
                .line
                .as_ref()
                .map(|(line, is_act)| (line.into(), *is_act)),
        });
        let lost = it.lost.as_ref().map(|it| LostForm {
            unread: PastForm::of_all(&it.unread),
            bytes: it.bytes,
        });
        let repeats = it.repeats.iter().flat_map(|it| it.iter());
        let more = MoreForm {
            away,
            moved,
            visits: it.visits.iter().map(|it| (it.made, it.lines)).collect(),
            repeats: repeats
                .map(|(id, seq, past)| SaidForm {
                    id: Id(id.clone()),
                    seq,
                    past: past.and_then(PastForm::of),
                })
                .collect(),
            correspondent: it.correspondent.clone(),
            privates: it.privates.as_ref().map(|it| it.as_form()),
            came: it.came,
            lost,
            left: it.left.clone(),
        };
        (!more.is_empty()).then(|| Box::new(more))
    }

    fn is_empty(&self) -> bool {
        let MoreForm {
            away,
            moved,
            visits,
            repeats,
            correspondent,
            privates,
            came,
            lost,
            left,
        } = self;
        away.is_none()
            && moved.is_none()
            && visits.is_empty()
            && repeats.is_empty()
            && correspondent.is_none()
            && privates.is_none()
            && came.is_none()
            && lost.is_none()
            && left.is_empty()
    }

    fn fill(self, extras: &mut Extras) -> Result<(), InvalidState> {
        extras.away = self.away.map(AwayForm::load).transpose()?;
        extras.moved = self.moved.map(|it| {
            Box::new(Moved {
                told: it.told.0,
                held: it.held,
                line: it.line.map(|(line, is_act)| (line.into(), is_act)),
            })
        });
        let visits = self.visits.into_iter();
        extras.visits = visits.map(|(made, lines)| Visit { made, lines }).collect();
        if !self.repeats.is_empty() {
            let said = self.repeats.into_iter();
            let said = said.map(|it| (it.id.0, it.seq, it.past.map(Into::into)));
            extras.repeats = Some(Box::new(Repeats::of(said)));
        }
        extras.correspondent = self.correspondent;
        extras.privates = self.privates.map(privates).transpose()?.map(Box::new);
        extras.came = self.came;
        extras.lost = self.lost.map(LostForm::load).transpose()?.map(Box::new);
        extras.left = self.left;
        Ok(())
    }
}

fn privates(it: HistoryForm) -> Result<History, InvalidState> {
    it.load(PRIVATE_LINES, PRIVATE_BYTES)
}

impl AwayForm {
    fn load(self) -> Result<Away, InvalidState> {
        Ok(Away {
            text: self.text.map(Into::into),
            absence: self.absence,
            missed: self.missed.load(MISSED_LINES, MISSED_BYTES)?,
        })
    }
}

impl LostForm {
    fn load(self) -> Result<Lost, InvalidState> {
        if self.unread.len() > PRIVATE_LINES || self.bytes > PRIVATE_BYTES {
            return Err(InvalidState("too many lines that somebody has not read"));
        }
        Ok(Lost {
            unread: PastForm::all(self.unread),
            bytes: self.bytes,
        })
    }
}

impl Loading {
    /// Lets somebody in who came after all others so far.
    pub(super) fn add_person(&mut self, it: PersonForm) -> Result<(), InvalidState> {
        let rooms: Option<Vec<RoomId>> = it.rooms.iter().map(|it| self.room(*it)).collect();
        let rooms = rooms.filter(|all| all.len() <= ROOMS_HEARD && is_set(all));
        let Some((room, hears)) = rooms.as_deref().and_then(<[RoomId]>::split_first) else {
            return Err(InvalidState("a person in no room"));
        };
        if it.id == PersonId::HOUSE || self.roster.last().is_some_and(|last| last >= it.id) {
            return Err(InvalidState("people in no order"));
        }
        let mut person = Person::new(it.id, it.name, *room, it.since);
        (person.from, person.active) = (it.from, self.now);
        if !hears.is_empty() {
            person.extras_mut().hears = hears.to_vec();
        }
        if let Some(more) = it.more {
            more.fill(person.extras_mut())?;
        }
        let place = self.roster.admit(person);
        let place = place.map_err(|_| InvalidState("a name twice"))?;
        self.seat_owner(place, it.account)?;
        for room in rooms.into_iter().flatten() {
            self.rooms.enter(room, place, |it| self.roster.number(it));
            if let Some(person) = self.roster.get(place) {
                self.rooms.list_away(room, place, person);
            }
        }
        self.link(place, &it.ignores, &it.ignored_as)
    }

    fn room(&self, made: u64) -> Option<RoomId> {
        self.made.get(&made).copied()
    }

    /// Gives a person their account.
    fn seat_owner(&mut self, place: Place, account: Option<AccountId>) -> Result<(), InvalidState> {
        let Some(id) = account else { return Ok(()) };
        let index = self.accounts.index(id);
        let account = index.and_then(|it| self.accounts.get_mut(it));
        let account = account.filter(|it| it.is_owned() && it.place.is_none());
        let account = account.ok_or(InvalidState("a person with the account of another"))?;
        account.place = Some(place);
        if let Some(person) = self.roster.get_mut(place) {
            person.account = index;
        }
        Ok(())
    }

    /// Has a person ignore some targets, and be some of them.
    fn link(&mut self, place: Place, ignores: &[u64], own: &[u64]) -> Result<(), InvalidState> {
        if ignores.is_empty() && own.is_empty() {
            return Ok(());
        }
        let wrong = InvalidState("somebody who ignores nobody that there is");
        if ignores.len() > IGNORED || own.len() > IGNORED_NAMES {
            return Err(wrong);
        }
        let find = |all: &[u64]| -> Option<Vec<_>> {
            all.iter().map(|it| self.numbers.get(it).copied()).collect()
        };
        let (ignores, own) = (find(ignores).ok_or(wrong)?, find(own).ok_or(wrong)?);
        let id = self.roster.number(place);
        let is_linked = ignores.iter().all(|it| self.targets.add_reader(*it, place))
            && own.iter().all(|it| self.targets.give(*it, id, place));
        let person = self.roster.get_mut(place).filter(|_| is_linked);
        let extras = person.ok_or(wrong)?.extras_mut();
        (extras.ignores, extras.ignored_as) = (ignores, own);
        Ok(())
    }
}

/// Whether none of them is there twice.
fn is_set(all: &[RoomId]) -> bool {
    let mut before = all.iter().enumerate();
    before.all(|(at, it)| !all[..at].contains(it))
}
