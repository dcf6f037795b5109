//! `State`: everything that people share, as it travels to a server that has just started. The same entries, applied to the
//! hub that gave it and to the one that loaded it, have the same effect on both.
//!
//! It holds all that applying an entry can ever read, and nothing that is a server's own: neither connections and what
//! belongs to them, nor seats that are kept and the tokens for them, nor times on a clock.
//!
//! Places mean nothing to another server, so people are known by their numbers, rooms by the entries that made them, and
//! whom somebody ignores by the number of that target. Rooms keep their order, and the gaps in it: a gap decides whether one
//! more room can be made.
//!
//! Whoever wrote the JSON: reading and loading it never panics, its texts and names can forge no line, and a state that
//! breaks an invariant of the hub is refused. A member that this server does not know is an error, since applying may depend
//! on it.

mod accounts;
mod form;
mod ignoring;
mod lines;
mod order;
mod people;
mod rooms;

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, RoomId, ServerId};
use crate::moment::Moment;

use super::Hub;
use super::accounts::AccountTable;
use super::ignore::Targets;
use super::order::Order;
use super::person::TargetId;
use super::room::Rooms;
use super::roster::Roster;
use super::servers::{Member, Servers};

use accounts::AccountForm;
use form::{Text, is_counted};
use ignoring::TargetForm;
pub(super) use lines::{HistoryForm, PastForm};
use order::OrderForm;
use people::PersonForm;
use rooms::{RoomForm, SleepingForm};

/// The state of a [`Hub`] that people share.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The number of the last entry.
    last: u64,
    /// By what programs know that numbers are of the same life of the chat.
    journal: u64,
    /// In the order of their numbers.
    accounts: Vec<AccountForm>,
    /// Each at its place. The first is the lobby.
    rooms: Vec<Option<RoomForm>>,
    /// Rooms that nobody has come into since a file had them.
    asleep: Vec<SleepingForm>,
    /// How many targets there have been.
    targets_made: u64,
    /// In the order of their numbers.
    targets: Vec<TargetForm>,
    /// In the order in which they came.
    people: Vec<PersonForm>,
    order: OrderForm,
    /// In the order in which they came.
    servers: Vec<ServerForm>,
    /// Those who have said Hello since the chat was last begun.
    greeted: Vec<ServerId>,
}

/// A server as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerForm {
    id: ServerId,
    name: Text,
    people: Vec<PersonId>,
}

/// Why a state is none that a hub could have given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidState(pub(super) &'static str);

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the state of the chat has {}", self.0)
    }
}

impl std::error::Error for InvalidState {}

impl State {
    /// The state as JSON, in one line.
    ///
    /// # Errors
    ///
    /// None today: everything in it can be written.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with it, for example that it has a member or text that no server of this version
    /// writes.
    pub fn read(bytes: &[u8]) -> Result<State, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The number of the last entry that it knows.
    pub fn last(&self) -> u64 {
        self.last
    }
}

/// What is being loaded.
struct Loading {
    now: u32,
    roster: Roster,
    rooms: Rooms,
    accounts: AccountTable,
    targets: Targets,
    /// The rooms by the entries that made them.
    made: HashMap<u64, RoomId>,
    /// The targets by their numbers.
    numbers: HashMap<u64, TargetId>,
}

impl Hub {
    /// The state that people share.
    pub fn state(&self) -> State {
        let people = self.roster.people();
        State {
            last: self.last,
            journal: self.rules.journal,
            accounts: self.accounts.iter().map(AccountForm::of).collect(),
            rooms: self.rooms_as_forms(),
            asleep: self.sleeping_as_forms(),
            targets_made: self.targets.made,
            targets: self.targets_as_forms(),
            people: people.map(|(_, it)| self.person_as_form(it)).collect(),
            order: self.order.as_form(),
            servers: self.servers.iter().map(ServerForm::of).collect(),
            greeted: self.servers.greeted.iter().copied().collect(),
        }
    }

    /// Goes on from the state of another hub. Whatever people shared here before is forgotten. Nobody may be connected, nor
    /// have a seat that is kept.
    ///
    /// Rooms keep as many lines as the rules of this hub say. What a file has is unchanged.
    ///
    /// # Errors
    ///
    /// [`InvalidState`] if it breaks an invariant of the hub, or if somebody is connected. Nothing has changed then.
    pub fn load_state(&mut self, now: Moment, state: State) -> Result<(), InvalidState> {
        if self.roster.peers().next().is_some() || !self.seats.is_empty() {
            return Err(InvalidState("people before it, who have connections here"));
        }
        if !is_counted(state.last) || !is_counted(state.targets_made) {
            return Err(InvalidState("a number beyond all entries"));
        }
        let (rooms, made) = rooms::load(state.rooms, state.asleep, self.rules.history)?;
        let (targets, numbers) = ignoring::load(state.targets, state.targets_made)?;
        let mut loading = Loading {
            now: self.seconds(now),
            roster: Roster::default(),
            rooms,
            accounts: accounts::load(state.accounts)?,
            targets,
            made,
            numbers,
        };
        state
            .people
            .into_iter()
            .try_for_each(|it| loading.add_person(it))?;
        if !loading.targets.await_absent() {
            return Err(InvalidState("somebody whom nobody ignores"));
        }
        loading.check()?;
        let order = Order::of_form(state.order, now)?;
        let mut servers = Servers::default();
        servers.greeted = state.greeted.into_iter().collect();
        for it in state.servers {
            it.load(&mut servers, &loading.roster)?;
        }
        self.roster = loading.roster;
        self.rooms = loading.rooms;
        self.accounts = loading.accounts;
        self.targets = loading.targets;
        self.order = order;
        self.servers = servers;
        self.rules.journal = state.journal;
        self.last = state.last;
        Ok(())
    }
}

impl ServerForm {
    fn of(it: &Member) -> ServerForm {
        ServerForm {
            id: it.id,
            name: (&it.name).into(),
            people: it.people.iter().copied().collect(),
        }
    }

    fn load(self, servers: &mut Servers, roster: &Roster) -> Result<(), InvalidState> {
        servers.add(self.id, &self.name.into());
        for id in self.people {
            roster
                .place(id)
                .ok_or(InvalidState("somebody on a server who is not here"))?;
            servers.note(self.id, id);
        }
        Ok(())
    }
}

impl Loading {
    /// Checks what only shows once everyone is here.
    fn check(&self) -> Result<(), InvalidState> {
        let mut rooms = self.rooms.iter();
        let has_reason = |id: RoomId| {
            let room = self.rooms.get(id);
            room.is_some_and(|it| it.lasts() || !it.members.is_empty())
        };
        match rooms.all(|(id, _)| id == RoomId::LOBBY || has_reason(id)) {
            true => Ok(()),
            false => Err(InvalidState("a room that should have ended")),
        }
    }
}
