//! Silence: whose words are heard, and whose are not.

use std::sync::Arc;

use crate::journal::{Act, Words};
use crate::message::Silence;
use crate::name::RoomName;
use crate::sanction::Sanction;

use crate::chat::person::Person;
use crate::chat::{Author, Hub};

impl Hub {
    /// What keeps the author of an entry silent, if the act carries words and something does.
    pub(in crate::chat) fn silence(&self, author: &Author, act: &Act) -> Option<Silence> {
        let order = &self.order;
        if order.mutes.is_empty() && order.lockdown.is_none() {
            return None;
        }
        let person = self.roster.get(author.place)?;
        let words = match act.words() {
            Words::None => return None,
            Words::NameOf(room) if self.rooms.find(room).is_some() => return None,
            words @ (Words::ToRoom(_) | Words::ToRooms | Words::ToPeople | Words::NameOf(_)) => {
                words
            }
        };
        let reaches = |room: Option<&RoomName>| match room {
            None => true,
            Some(room) => self.do_reach(words, person, room),
        };
        let mute = self.mute_on(person, author.at, reaches);
        mute.map(|it| Silence::from(&**it))
            .or_else(|| self.silence_of_lockdown(person, author.at))
    }

    /// Whether words reach a room.
    fn do_reach(&self, words: Words<'_>, person: &Person, room: &RoomName) -> bool {
        let is_it = |id| self.rooms.get(id).is_some_and(|it| it.name == *room);
        match words {
            Words::ToRoom(Some(named)) => named == room,
            Words::ToRoom(None) => is_it(person.room),
            Words::ToRooms => person.rooms().any(is_it),
            Words::None | Words::ToPeople | Words::NameOf(_) => false,
        }
    }

    /// A mute that meets a person, of those that hold in rooms like these.
    pub(super) fn mute_on(
        &self,
        person: &Person,
        at: i64,
        counts: impl Fn(Option<&RoomName>) -> bool,
    ) -> Option<&Arc<Sanction>> {
        if self.is_operator(person) {
            return None;
        }
        let account = self.account_of(person).map(|it| it.id);
        let counts = |it: &Sanction| it.holds(at) && counts(it.room.as_ref());
        let mutes = &self.order.mutes;
        let met = mutes.find(&person.name, account, person.from.address, counts);
        met.or_else(|| {
            let followed = self.order.followed.get(&person.id).into_iter().flatten();
            let mut followed = followed.filter_map(|id| mutes.get(*id));
            followed.find(|it| counts(it))
        })
    }
}
