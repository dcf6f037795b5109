//! Commands about accounts.

use crate::account::{Rank, Role, Secret};
use crate::chat::coming_in::Purpose;
use crate::chat::event::Effects;
use crate::chat::recall::{Sought, Way, What};
use crate::chat::{Caller, Hub};
use crate::limits::accounts::CAUGHT_UP;
use crate::message::{AboutAccount, Before};
use crate::name::Username;
use crate::network;

use super::{Args, Row, row, shorten, usage};

pub(super) const TABLE: [Row; 4] = [
    row(
        "/register",
        Args::Alone,
        register,
        "have your name as your own, with a password",
    )
    .by(Rank::Guest),
    row("/password", Args::Alone, password, "change your password").by(Rank::Member),
    row(
        "/unregister [to NAME]",
        Args::Optional,
        unregister,
        "give your account up, and your rooms to a member",
    )
    .by(Rank::Member),
    row(
        "/catchup [N]",
        Args::Optional,
        catchup,
        "show what was said in this room since you left",
    )
    .by(Rank::Member),
];

fn register(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    hub.begin_to_register(caller, None, effects);
}

fn password(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    hub.begin_asking(caller, Purpose::Change, None, None, effects);
}

fn unregister(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let heir = match args.split_once(char::is_whitespace) {
        None if args.is_empty() => None,
        Some((to, name)) if to.eq_ignore_ascii_case("to") => Some(name.trim()),
        _ => {
            hub.expect_late_answer(caller.peer);
            return effects.answer(caller.peer, AboutAccount::TypedBehind("/unregister"));
        }
    };
    hub.begin_to_unregister(caller, heir, None, effects);
}

fn catchup(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let count = match args {
        "" => CAUGHT_UP,
        args => match args.parse() {
            Ok(count) if count > 0 => count,
            _ => return effects.answer(caller.peer, usage("/catchup")),
        },
    };
    let since = hub.left(caller.place, caller.room);
    let missed = hub.missed(caller.place, caller.room);
    let (Some(since), Some((here, has_more)), Some(room)) =
        (since, missed, hub.room_name(caller.room))
    else {
        return effects.answer(caller.peer, AboutAccount::NothingMissed);
    };
    // Memory has them all, as a rule.
    let count = if has_more { count } else { count.min(here) };
    let sought = Sought {
        what: What::History(room),
        before: Before::End,
        count: count.min(CAUGHT_UP),
    };
    hub.recall(caller.place, sought, Way::Since(since), effects);
}

impl Hub {
    /// Asks somebody who wants an account for a new password, unless a program has sent it.
    pub(in crate::chat) fn begin_to_register(
        &mut self,
        caller: &Caller,
        new: Option<Secret>,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(caller.place) else {
            return;
        };
        let name = person.name.clone();
        let address = network::household(person.from.address);
        let refused = match self.account_of(person) {
            Some(account) => Some(AboutAccount::HasAccount(account.name.clone())),
            None if name.is_addr() => Some(AboutAccount::NeedsName),
            None if !self.rules.is_registration_open => Some(AboutAccount::RegistrationClosed),
            None if self.locked_down(caller.now.unix_millis()).is_some() => {
                Some(AboutAccount::RegistrationLocked)
            }
            None if self.accounts.find_alike(&name).is_some() => {
                Some(AboutAccount::NameTaken(name))
            }
            None => {
                let wait = self
                    .attempts
                    .may_register(caller.now.instant, address)
                    .err();
                let seconds = wait.map(|it| it.as_secs().max(1));
                seconds.map(|seconds| AboutAccount::TooManyRegistered { seconds })
            }
        };
        match refused {
            Some(why) => {
                self.expect_late_answer(caller.peer);
                effects.answer(caller.peer, why);
            }
            None => self.begin_asking(caller, Purpose::Register, None, new, effects),
        }
    }

    /// Tells a member what unregistering does, and asks for the password, unless a program has sent it.
    pub(in crate::chat) fn begin_to_unregister(
        &mut self,
        caller: &Caller,
        heir: Option<&str>,
        password: Option<Secret>,
        effects: &mut Effects,
    ) {
        let person = self.roster.get(caller.place);
        let Some(account) = person.and_then(|it| self.account_of(it)) else {
            return;
        };
        let (id, name) = (account.id, account.name.clone());
        let is_last_operator =
            account.role == Role::Operator && self.accounts.operators().count() == 1;
        let heir = match heir {
            None => None,
            Some(typed) => {
                let found = Username::parse(typed).ok();
                let found = found.and_then(|it| self.accounts.get(self.accounts.find(&it)?));
                match found.filter(|it| it.is_owned() && it.id != id) {
                    Some(heir) => Some((heir.id, heir.name.clone())),
                    None => {
                        let typed = shorten(typed);
                        return effects.answer(caller.peer, AboutAccount::NoMember(typed));
                    }
                }
            }
        };
        let (heir, heir_name) = heir.unzip();
        if password.is_none() && !self.is_program(caller.peer) {
            let rooms = self.rooms_of(id);
            let unregistering = AboutAccount::Unregistering {
                name,
                rooms,
                heir: heir_name,
                is_last_operator,
            };
            effects.answer(caller.peer, unregistering);
        }
        let purpose = Purpose::Unregister { heir };
        self.begin_asking(caller, purpose, password, None, effects);
    }
}
