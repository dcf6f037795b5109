//! What a line of the author does, as everybody sees it and as the state is behind it.

use super::*;
use crate::account::{AccountId, Hashed, Typed};
use crate::message::{AccountFacts, KeepAccount, KeepOrder, Owning};

const PASSWORD: &str = "a long password";

impl Scene {
    /// What a line of the author does: `x` what it is for, `r` that in the room alone, `-` nothing.
    pub(super) fn does(&mut self, line: &str) -> char {
        let before = self.prepare(line);
        self.types(self.author, line);
        let done = match line {
            "/kick Tom" => return self.is_target_out(),
            "/mute Tom" => return self.is_target_muted(),
            "/unmute Tom" | "/unmute Tom in the room" => self.reads(self.target, "no longer muted"),
            "/erase Tom" => self.reads(self.target, "1 message of Tom was removed by Anna"),
            "/ban Tom" => !self.chat.readers.is_connected(self.target),
            "/unban Tom" => self.was_kept(|it| matches!(it, Keep::Order(KeepOrder::Lifted(..)))),
            "/invite Tom" => self.reads(self.target, "invites you"),
            "/invite Tom off" | "/trust Tom" | "/untrust Tom" => self.members() != before.members,
            "/owner Tom" => self.reads(self.target, "offers you"),
            "/unregister to Tom" => self.is_gone() && self.has_inherited(before.owner),
            "/unregister" => self.is_gone(),
            "/register" => {
                self.was_kept(|it| matches!(it, Keep::Account(_, KeepAccount::Made { .. })))
            }
            "/password" => {
                self.was_kept(|it| matches!(it, Keep::Account(_, KeepAccount::Password { .. })))
            }
            "/catchup" => self.reads(self.author, "since you left"),
            "/lock" | "/unlock" | "/topic lock" | "/topic unlock" | "/slow 10" | "/past open" => {
                self.owning() != before.owning
            }
            "/owner accept tea" => self.owner("tea") == self.account(self.author),
            "/owner decline tea" => self.reads(self.third, "does not want"),
            "/report fire" => self.reads(self.operator, "Anna reported on"),
            "/bans" => self.reads(self.author, "Nobody is banned"),
            "/lockdown" => self.reads(self.operator, "Anna lets in nobody but members"),
            "/announce tea" => self.reads(self.operator, "Anna announces: tea"),
            "/people" => self.reads(self.author, "people who are here"),
            "/audit" => self.reads(self.author, "Nothing was done to anybody yet"),
            _ => panic!("{line}"),
        };
        if done { 'x' } else { '-' }
    }

    /// Has there be something to undo or to answer. Returns the state before the line.
    fn prepare(&mut self, line: &str) -> Before {
        match line {
            "/unmute Tom" => self.types(self.operator, "/mute Tom"),
            "/unmute Tom in the room" => self.as_owner("/mute Tom"),
            "/unban Tom" => self.types(self.operator, "/ban Tom"),
            "/erase Tom" => self.types(self.target, "hello"),
            "/invite Tom" => self.as_owner("/invite Tom off"),
            "/invite Tom off" => self.as_owner("/invite Tom"),
            "/unlock" => self.as_owner("/lock"),
            "/topic unlock" => self.as_owner("/topic lock"),
            "/owner accept tea" | "/owner decline tea" => self.types(self.third, "/owner Anna"),
            _ => {}
        }
        self.forget_all();
        Before {
            owner: self
                .owner("den")
                .filter(|it| Some(*it) == self.account(self.author)),
            owning: self.owning(),
            members: self.members(),
        }
    }

    /// An owner of the author's room types a line there. In the lobby, an operator does.
    fn as_owner(&mut self, line: &str) {
        if self.room == "lobby" {
            return self.types(self.operator, line);
        }
        let id = self.room_id();
        self.types(self.third, &format!("/join {}", self.room));
        let third = self.account(self.third);
        let room = self.chat.alone.hub.rooms.get_mut(id).unwrap();
        let owner = std::mem::replace(&mut room.owning.owner, third);
        self.types(self.third, line);
        let room = self.chat.alone.hub.rooms.get_mut(id).unwrap();
        room.owning.owner = owner;
    }

    /// A person types a line and, when they are asked for it, their password. The workers answer at once.
    fn types(&mut self, peer: PeerId, line: &str) {
        let line = line.strip_suffix(" in the room").unwrap_or(line);
        self.chat.types(peer, line);
        loop {
            if let Some((peer, question)) = self.chat.asked.pop() {
                let finding = match question {
                    Question::Kept => Finding::Kept,
                    Question::Verify { .. } => Finding::Right(AccountFacts::default().into(), None),
                    Question::Hash(_) => Finding::Hashed(Hashed::new("$argon2id$x")),
                    Question::Audit(_) => Finding::Audit(Vec::new()),
                    other => panic!("{other:?}"),
                };
                self.chat.event(peer, Event::Answered(Ok(&finding)));
            } else if self.chat.alone.hub.question_for(peer).is_some() {
                let typed = Typed(PASSWORD.as_bytes());
                self.chat.event(peer, Event::Secret(typed));
            } else {
                return;
            }
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.chat.told.clear();
        self.chat.kept.clear();
    }

    fn reads(&mut self, peer: PeerId, words: &str) -> bool {
        self.chat.screen(peer).iter().any(|it| it.contains(words))
    }

    fn was_kept(&self, is_it: impl Fn(&Keep) -> bool) -> bool {
        self.chat.kept.iter().any(is_it)
    }

    fn is_target_out(&self) -> char {
        let person = self.chat.alone.hub.roster.at(self.target);
        let is_kicked_out = |it: &Keep| matches!(it, Keep::Order(KeepOrder::Audit(it)) if &*it.act == "kick" && it.room.is_some());
        match person {
            None => 'x',
            Some(_) if self.was_kept(is_kicked_out) => 'r',
            Some(_) => '-',
        }
    }

    fn is_target_muted(&mut self) -> char {
        self.forget_all();
        self.types(self.target, "/msg Third hello");
        if self.reads(self.target, "You are muted") {
            return 'x';
        }
        self.types(self.target, &format!("/join {}", self.room));
        self.types(self.target, "hello");
        match self.reads(self.target, "You are muted in") {
            true => 'r',
            false => '-',
        }
    }

    fn room_id(&self) -> RoomId {
        let rooms = &self.chat.alone.hub.rooms;
        rooms.find(&RoomName::parse(self.room).unwrap()).unwrap()
    }

    fn owning(&self) -> Owning {
        let room = self.chat.alone.hub.rooms.get(self.room_id());
        room.unwrap().owning.clone()
    }

    /// Who is trusted in the room of the author, and who is invited.
    fn members(&self) -> Vec<(String, bool, bool)> {
        let hub = &self.chat.alone.hub;
        let room = hub.rooms.get(self.room_id()).unwrap();
        let members = room.ranks.iter().map(|it| {
            let account = format!("{:?}", it.account);
            (account, it.trusted.is_some(), it.invited.is_some())
        });
        let guests = room.guests.keys();
        let guests = guests.map(|it| (format!("{it:?}"), false, true));
        members.chain(guests).collect()
    }

    fn owner(&self, room: &str) -> Option<AccountId> {
        let rooms = &self.chat.alone.hub.rooms;
        let id = rooms.find(&RoomName::parse(room).unwrap());
        rooms.get(id?)?.owning.owner
    }

    /// The account of a person. `None` is nobody's.
    fn account(&self, peer: PeerId) -> Option<AccountId> {
        let hub = &self.chat.alone.hub;
        let person = hub.roster.at(peer)?;
        hub.account_of(person).map(|it| it.id)
    }

    /// Whether the target has the room that was the author's, if one was.
    fn has_inherited(&self, owner: Option<AccountId>) -> bool {
        owner.is_none() || self.owner("den") == self.account(self.target)
    }

    /// Whether the author has given their account up.
    fn is_gone(&self) -> bool {
        self.was_kept(|it| matches!(it, Keep::Account(_, KeepAccount::Ended { .. })))
    }
}

/// What there was before a line.
struct Before {
    /// The author, if the room of their own is theirs.
    owner: Option<AccountId>,
    owning: Owning,
    members: Vec<(String, bool, bool)>,
}
