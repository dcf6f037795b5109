//! Rooms as they travel. Who is in them follows from where people are.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::chat::Hub;
use crate::chat::room::{Room, Rooms};
use crate::id::{PersonId, RoomId};
use crate::limits::HISTORY_BYTES;
use crate::message::{KeptRoom, Owning, Page, RoomMember};
use crate::name::RoomName;

use super::InvalidState;
use super::form::{Text, Time, text};
use super::lines::{HistoryForm, PastForm};
use super::order::SanctionForm;

/// A room.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomForm {
    name: RoomName,
    made: u64,
    maker: Option<PersonId>,
    life: u64,
    topic: Option<Text>,
    topic_line: Option<PastForm>,
    owning: OwningForm,
    ranks: Vec<MemberForm>,
    guests: Vec<(PersonId, u64)>,
    sent_out: Vec<SanctionForm>,
    spoke: Vec<(PersonId, Time)>,
    history: HistoryForm,
}

/// A room that nobody has come into since a file had it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SleepingForm {
    name: RoomName,
    made: u64,
    topic: Option<Text>,
    topic_line: Option<PastForm>,
    owning: OwningForm,
    ranks: Vec<MemberForm>,
    /// `None`: only the file has lines.
    lines: Option<Vec<PastForm>>,
    /// Whether the file has older lines than these.
    has_older: bool,
}

/// How a room is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwningForm {
    owner: Option<AccountId>,
    is_locked: bool,
    is_topic_locked: bool,
    is_past_open: bool,
    slow: u32,
    offered: Option<(AccountId, Time)>,
}

/// What a member is in a room.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberForm {
    account: AccountId,
    trusted: Option<u64>,
    invited: Option<u64>,
}

impl From<&Owning> for OwningForm {
    fn from(it: &Owning) -> OwningForm {
        OwningForm {
            owner: it.owner,
            is_locked: it.is_locked,
            is_topic_locked: it.is_topic_locked,
            is_past_open: it.is_past_open,
            slow: it.slow,
            offered: it.offered.map(|(account, at)| (account, Time(at))),
        }
    }
}

impl From<OwningForm> for Owning {
    fn from(it: OwningForm) -> Owning {
        Owning {
            owner: it.owner,
            is_locked: it.is_locked,
            is_topic_locked: it.is_topic_locked,
            is_past_open: it.is_past_open,
            slow: it.slow,
            offered: it.offered.map(|(account, at)| (account, at.0)),
        }
    }
}

impl MemberForm {
    fn of_all(members: &[RoomMember]) -> Vec<MemberForm> {
        let form = |it: &RoomMember| MemberForm {
            account: it.account,
            trusted: it.trusted,
            invited: it.invited,
        };
        members.iter().map(form).collect()
    }

    /// In the order of their accounts.
    fn all(forms: Vec<MemberForm>) -> Vec<RoomMember> {
        let member = |it: MemberForm| RoomMember {
            account: it.account,
            trusted: it.trusted,
            invited: it.invited,
        };
        let mut members: Vec<RoomMember> = forms.into_iter().map(member).collect();
        members.sort_by_key(|it| it.account);
        members.dedup_by_key(|it| it.account);
        members
    }
}

impl RoomForm {
    fn of(it: &Room) -> RoomForm {
        RoomForm {
            name: it.name.clone(),
            made: it.made,
            maker: it.maker,
            life: it.life,
            topic: text(&it.topic),
            topic_line: it.topic_line.as_deref().and_then(PastForm::of),
            owning: (&it.owning).into(),
            ranks: MemberForm::of_all(&it.ranks),
            guests: it.guests.iter().map(|(id, seq)| (*id, *seq)).collect(),
            sent_out: it.sent_out.iter().map(SanctionForm::of).collect(),
            spoke: it.spoke.iter().map(|(id, at)| (*id, Time(*at))).collect(),
            history: it.history.as_form(),
        }
    }

    /// Gives a room that has only a name what else it has.
    fn fill(self, room: &mut Room, lines: usize) -> Result<(), InvalidState> {
        room.life = self.life;
        room.topic = self.topic.map(Into::into);
        room.topic_line = self.topic_line.map(Into::into);
        room.history = self.history.load(lines, HISTORY_BYTES)?;
        room.owning = self.owning.into();
        room.ranks = MemberForm::all(self.ranks);
        room.guests = self.guests.into_iter().collect();
        room.sent_out = self.sent_out.into_iter().map(Into::into).collect();
        room.spoke = self.spoke.into_iter().map(|(id, at)| (id, at.0)).collect();
        Ok(())
    }
}

impl From<SleepingForm> for KeptRoom {
    fn from(it: SleepingForm) -> KeptRoom {
        // Where the older ones are in the file of another server means nothing here.
        let older = it.has_older.then_some(i64::MAX);
        KeptRoom {
            name: it.name,
            made: it.made,
            topic: it.topic.map(Into::into),
            topic_line: it.topic_line.map(Into::into),
            page: it.lines.map(|lines| Page {
                lines: PastForm::all(lines),
                older,
            }),
            owning: it.owning.into(),
            members: MemberForm::all(it.ranks),
        }
    }
}

impl Hub {
    pub(super) fn rooms_as_forms(&self) -> Vec<Option<RoomForm>> {
        let places = self.rooms.places();
        places.map(|it| it.map(RoomForm::of)).collect()
    }

    /// The oldest first.
    pub(super) fn sleeping_as_forms(&self) -> Vec<SleepingForm> {
        let mut rooms: Vec<&KeptRoom> = self.rooms.asleep().collect();
        rooms.sort_by_key(|it| (it.made, it.name.key()));
        let form = |it: &KeptRoom| SleepingForm {
            name: it.name.clone(),
            made: it.made,
            topic: text(&it.topic),
            topic_line: it.topic_line.as_deref().and_then(PastForm::of),
            owning: (&it.owning).into(),
            ranks: MemberForm::of_all(&it.members),
            lines: it.page.as_ref().map(|it| PastForm::of_all(&it.lines)),
            has_older: it.page.as_ref().is_some_and(|it| it.older.is_some()),
        };
        rooms.into_iter().map(form).collect()
    }
}

/// Rooms without anybody in them, and each of them by the entry that made it.
pub(super) fn load(
    forms: Vec<Option<RoomForm>>,
    asleep: Vec<SleepingForm>,
    lines: usize,
) -> Result<(Rooms, HashMap<u64, RoomId>), InvalidState> {
    if !matches!(forms.first(), Some(Some(_))) {
        return Err(InvalidState("no lobby"));
    }
    let (mut rooms, mut made) = (Rooms::new(lines), HashMap::new());
    for (id, form) in (0..).map(RoomId).zip(forms) {
        let Some(form) = form else {
            rooms.leave_gap(id);
            continue;
        };
        let known = rooms.find(&form.name);
        if known.is_some_and(|it| it != id) || made.insert(form.made, id).is_some() {
            return Err(InvalidState("a room twice"));
        }
        if (id == RoomId::LOBBY) != known.is_some() {
            return Err(InvalidState("no lobby at its place"));
        }
        rooms.put(id, form.name.clone(), form.made, form.maker);
        if let Some(room) = rooms.get_mut(id) {
            form.fill(room, lines)?;
        }
    }
    for form in asleep {
        if rooms.find(&form.name).is_some() || !rooms.lay(form.into()) {
            return Err(InvalidState("a room twice"));
        }
    }
    Ok((rooms, made))
}
