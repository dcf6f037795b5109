//! A chat with accounts: a file, in which there are ten members for each person who is here, bans and mutes as many as may
//! be, and rooms that most people must not see. Ann is an operator. What people do about all of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::inner::chat::{Event, Finding, Question};
use crate::inner::{Audit, Hashed, KeptAccount, KeptHouse, KeptRoom, Page, Typed};
use crate::inner::{Owning, RoomMember};
use crate::limits::ROOMS;
use crate::limits::order::{AUDIT_SHOWN_MOST, BANS, KICK_TIME, MUTES, REPORT_INTERVAL};
use crate::{AccountId, Network, Role, RoomName, Sanction, SanctionKind, Target, Username};

use super::acts::{Act, Step, act};
use super::{ANN, BOB, CARL, REPETITIONS, Scene};

/// Members for each person who is here. They are not here.
const MEMBERS: u32 = 10;

/// The number of the first of their accounts, and of the first of those that own rooms.
const FIRST_MEMBER: u64 = 1_000_000;
const FIRST_OWNER: u64 = 900_000;

/// The number of the first entry of this life of the server.
const LAST: u64 = 10_000_000;

/// Rooms of one owner.
const ROOMS_EACH: usize = 20;

/// The members who are invited to a locked room, for each person who is ignored in another scene.
const INVITED: u64 = 10;

/// The room where all are but a few, and that is Ann's.
const BIG: &str = "big";

fn name(text: &str) -> Username {
    Username::parse(text).expect("a name")
}

fn account(id: u64, text: &str, role: Role) -> KeptAccount {
    KeptAccount {
        id: AccountId(id),
        name: name(text),
        role,
        changed: id,
        has_ended: false,
        addresses: [address(id as u32)].into_iter().collect(),
        waiting: 0,
        last: 0,
    }
}

/// The address of somebody, which is theirs alone.
pub(super) fn address(number: u32) -> IpAddr {
    let [_, a, b, c] = number.to_be_bytes();
    [10, a, b, c].into()
}

/// Whether the person in a slot is a member. Ann, Bob and Carl are, and some of the crowd.
pub(super) fn is_member(slot: u32) -> bool {
    slot <= CARL || slot.is_multiple_of(8)
}

/// What the file has about accounts and order.
fn house(people: u32, names: &[String]) -> KeptHouse {
    let members = (0..).zip(names).filter(|(slot, _)| is_member(*slot));
    let here = members.map(|(slot, text)| match slot {
        ANN => account(1, text, Role::Operator),
        _ => account(u64::from(slot) + 1, text, Role::Member),
    });
    let owners = (0..ROOMS / ROOMS_EACH).map(|it| (FIRST_OWNER + it as u64, format!("owner{it}")));
    let away = (0..MEMBERS * people).map(|it| (FIRST_MEMBER + u64::from(it), format!("m{it}")));
    let others = owners.chain(away);
    let others = others.map(|(id, text)| account(id, &text, Role::Member));
    KeptHouse {
        accounts: here.chain(others).collect(),
        sanctions: sanctions(),
        ..KeptHouse::default()
    }
}

/// As many sanctions as may be, of which none meets anybody who is here.
fn sanctions() -> Vec<Arc<Sanction>> {
    let of = |kind, id: u64, number: usize| Sanction {
        id,
        kind,
        target: match number % 3 {
            0 => Target::Account(AccountId(FIRST_MEMBER + number as u64)),
            1 => Target::Name(name(&format!("barred{number}"))),
            _ => {
                let [_, _, a, b] = (number as u32).to_be_bytes();
                let address = IpAddr::from([203, 0, a, b]);
                Target::Network(Network::new(address, 32).expect("a network"))
            }
        },
        name: None,
        room: None,
        is_for_all: number.is_multiple_of(2),
        by: "p0".into(),
        reason: Some("spam".into()),
        at: 0,
        until: None,
    };
    let bans = (0..BANS - 1).map(|it| of(SanctionKind::Ban, 100_000 + it as u64, it));
    let mutes = (0..MUTES - 1).map(|it| of(SanctionKind::Mute, 200_000 + it as u64, it));
    bans.chain(mutes).map(Arc::new).collect()
}

/// Rooms that are locked, and a big one. One more may be made.
fn rooms(invited: u64) -> Vec<KeptRoom> {
    let room = |text: &str, made, owner, is_locked, members| KeptRoom {
        name: RoomName::parse(text).expect("a name"),
        made,
        topic: Some("leaves".into()),
        topic_line: None,
        page: None,
        owning: Owning {
            owner: Some(AccountId(owner)),
            is_locked,
            ..Owning::default()
        },
        members,
    };
    let member = |account, trusted| RoomMember {
        account: AccountId(account),
        trusted,
        invited: Some(1),
    };
    let locked = (0..ROOMS - 3).map(|it| {
        let members = (0..invited).map(|it| member(FIRST_MEMBER + it, None));
        let owner = FIRST_OWNER + (it / ROOMS_EACH) as u64;
        let made = 300_000 + it as u64;
        room(&format!("r{it}"), made, owner, true, members.collect())
    });
    let bob = member(u64::from(BOB) + 1, Some(1));
    let big = room(BIG, 400_000, 1, false, vec![bob]);
    locked.chain([big]).collect()
}

/// The answer of a worker.
fn found(question: &Question) -> Finding {
    match question {
        Question::Kept => Finding::Kept,
        Question::Verify { .. } => Finding::Right(Box::default(), None),
        Question::Hash(_) => Finding::Hashed(Hashed::new("$")),
        Question::Seen(_) => Finding::Seen(None),
        Question::Audit(_) => {
            let row = |seq| Audit {
                seq,
                at: 0,
                by: "p0".into(),
                act: "kick".into(),
                whom: Some("p9".into()),
                network: Some("203.0.113.9/32".into()),
                room: None,
                reason: Some("spam".into()),
            };
            Finding::Audit((0..AUDIT_SHOWN_MOST as u64).map(row).collect())
        }
        _ => Finding::Page(Page::default()),
    }
}

impl Scene {
    /// Goes on from the file.
    pub(super) fn go_on(&mut self) {
        let house = house(self.people, &self.names);
        let rooms = rooms(INVITED * u64::from(self.ignored));
        self.chat.hub.go_on(LAST, rooms, house);
    }

    /// Answers all questions, as workers who knew would.
    pub(super) fn answer_questions(&mut self) {
        while let Some((peer, question)) = self.chat.asked.pop() {
            let finding = found(&question);
            let peers = &mut self.peers;
            let event = Event::Answered(Ok(&finding));
            self.chat.happen(peer, event, |it| peers[it.index()] = None);
        }
    }

    /// Somebody types a password.
    pub(super) fn proves(&mut self, slot: u32) {
        self.happen(slot, Event::Secret(Typed(b"correct horse")));
    }

    /// All in the crowd hear the big room too.
    pub(super) fn settle_in_house(&mut self, slot: u32) {
        if slot > CARL {
            self.types(slot, &format!("/listen {BIG}"));
        }
    }

    fn wait(&mut self, time: Duration) {
        self.chat.now.instant += time;
        self.chat.now.unix += time.as_secs() as i64;
        self.act_on_time();
    }

    /// Everyone in the crowd who was sent away comes back a minute later.
    fn all_come_back(&mut self) {
        self.wait(2 * KICK_TIME);
        for slot in BOB..self.people {
            if self.peers[slot as usize].is_none() {
                self.come(slot);
                self.settle_in_house(slot);
            }
        }
    }

    /// Somebody connects and gives the name of the next account that nobody gave up yet.
    fn an_owner_comes(&mut self) {
        let owner = format!("owner{}", self.given_up);
        self.given_up += 1;
        self.connects(self.spare());
        self.types(self.spare(), &owner);
        self.proves(self.spare());
    }

    /// Ann does something about the last one in the crowd.
    fn ann_orders(&mut self, command: &str, more: &str) {
        let line = format!("{command} {}{more}", self.names[self.last() as usize]);
        self.types(ANN, &line);
    }
}

const LAST_COMES_BACK: Step = |it| {
    it.wait(2 * KICK_TIME);
    it.come(it.last());
    it.settle_in_house(it.last());
};

/// What people do where there are accounts.
pub(super) fn acts() -> Vec<Act> {
    let mut acts = lockdown();
    acts.extend(order());
    acts.extend(lists());
    acts.extend(accounts());
    acts.extend(owning());
    acts
}

/// While all have just come.
fn lockdown() -> Vec<Act> {
    let lock: Step = |it| it.types(ANN, "/lockdown");
    let open: Step = |it| it.types(ANN, "/lockdown off");
    vec![
        act("/lockdown, all are new", lock).undo(open),
        act("/lockdown off, all are new", open).ready(lock),
        act("/people new 10m, all are new", |it| {
            it.types(ANN, "/people new 10m")
        }),
    ]
}

fn order() -> Vec<Act> {
    let ban: Step = |it| it.ann_orders("/ban", " 7d spam");
    let mute: Step = |it| it.ann_orders("/mute", " 7d spam");
    let unmute: Step = |it| it.ann_orders("/unmute", "");
    vec![
        act("say, short, by a guest", |it| {
            it.types(it.last(), "hello there")
        }),
        act("say, by one who is muted", |it| {
            it.types(it.last(), "hello there")
        })
        .ready(mute)
        .undo(unmute),
        act("/kick NAME", |it| it.ann_orders("/kick", " spam")).undo(LAST_COMES_BACK),
        act("/ban NAME", ban).undo(|it| {
            it.ann_orders("/unban", "");
            LAST_COMES_BACK(it);
        }),
        act("/unban NAME", |it| it.ann_orders("/unban", ""))
            .ready(ban)
            .undo(LAST_COMES_BACK),
        act("/ban NET, typed once, of all", |it| {
            it.types(ANN, "/ban 10.0.0.0/8")
        })
        .undo(|it| it.wait(2 * KICK_TIME)),
        act("/mute NAME", mute).undo(unmute),
        act("/unmute NAME", unmute).ready(mute),
        act("/erase NAME", |it| it.ann_orders("/erase", "")).ready(|it| {
            it.types(it.last(), "spam");
            // It asks first.
            it.ann_orders("/erase", "");
        }),
        act("/announce TEXT", |it| it.types(ANN, "/announce hello")),
        act("/report TEXT", |it| it.types(BOB, "/report spam")).undo(|it| it.wait(REPORT_INTERVAL)),
    ]
}

fn lists() -> Vec<Act> {
    vec![
        act("/bans", |it| it.types(ANN, "/bans")),
        act("/people", |it| it.types(ANN, "/people")),
        act("/audit 50", |it| it.types(ANN, "/audit 50")),
        act("/rooms, none of which one may see", |it| {
            it.types(BOB, "/rooms")
        }),
        act("/search, beside rooms unseen", |it| {
            it.types(BOB, "/search deploy in:*")
        }),
        act("/join, a room unseen", |it| it.types(BOB, "/join r7")),
    ]
}

fn accounts() -> Vec<Act> {
    let gone: Step = |it| it.leaves(it.spare());
    vec![
        act("come in with a password", |it| {
            it.types(it.spare(), "m7");
            it.proves(it.spare());
        })
        .ready(|it| it.connects(it.spare()))
        .undo(gone),
        act("/register", |it| {
            it.types(it.spare(), "/register");
            it.proves(it.spare());
            it.proves(it.spare());
        })
        .ready(|it| {
            it.given_up += 1;
            let name = format!("new{}", it.given_up);
            it.connects(it.spare());
            it.types(it.spare(), &name);
        })
        .undo(|it| {
            it.leaves(it.spare());
            it.wait(REPORT_INTERVAL);
        }),
        act("/password", |it| {
            it.types(ANN, "/password");
            it.proves(ANN);
            it.proves(ANN);
            it.proves(ANN);
        }),
        act("/unregister, with 20 rooms", |it| {
            it.types(it.spare(), "/unregister");
            it.proves(it.spare());
        })
        .ready(|it| {
            it.given_up %= REPETITIONS;
            it.an_owner_comes();
        })
        .undo(gone),
        act("/catchup", |it| it.types(ANN, "/catchup")),
        act("/msg, to a member who is away", |it| {
            it.types(ANN, "/msg m8 hi")
        }),
    ]
}

/// Ann, or Bob, whom she trusts, keeps the room where everybody is.
fn owning() -> Vec<Act> {
    let go: Step = |it| it.types(ANN, "/join big");
    let leave: Step = |it| it.types(ANN, "/leave");
    let lock: Step = |it| {
        it.types(ANN, "/join big");
        it.types(ANN, "/lock");
    };
    let unlock: Step = |it| {
        it.types(ANN, "/unlock");
        it.types(ANN, "/leave");
    };
    vec![
        act("/lock, a room of all", |it| it.types(ANN, "/lock"))
            .ready(go)
            .undo(unlock),
        act("/unlock", |it| it.types(ANN, "/unlock"))
            .ready(lock)
            .undo(leave),
        act("/invite, a guest", |it| it.ann_orders("/invite", ""))
            .ready(lock)
            .undo(unlock),
        act("/invite, a member who is away", |it| {
            it.types(ANN, "/invite m9")
        })
        .ready(lock)
        .undo(|it| {
            it.types(ANN, "/invite m9 off");
            it.types(ANN, "/unlock");
            it.types(ANN, "/leave");
        }),
        act("/slow SECONDS", |it| it.types(ANN, "/slow 5"))
            .ready(go)
            .undo(|it| {
                it.types(ANN, "/slow off");
                it.types(ANN, "/leave");
            }),
        act("/past open", |it| it.types(ANN, "/past open"))
            .ready(go)
            .undo(|it| {
                it.types(ANN, "/past closed");
                it.types(ANN, "/leave");
            }),
        act("/trust NAME", |it| it.types(ANN, "/trust m9"))
            .ready(go)
            .undo(|it| {
                it.types(ANN, "/untrust m9");
                it.types(ANN, "/leave");
            }),
        act("/untrust NAME", |it| it.types(ANN, "/untrust m9"))
            .ready(|it| {
                it.types(ANN, "/join big");
                it.types(ANN, "/trust m9");
            })
            .undo(leave),
        act("/owner NAME", |it| it.types(ANN, "/owner m9"))
            .ready(go)
            .undo(leave),
        act("/owner accept", |it| it.types(ANN, "/owner accept")),
        act("/kick, out of a room", |it| {
            let line = format!("/kick {} spam", it.names[it.last() as usize]);
            it.types(BOB, &line);
        })
        .ready(|it| it.types(BOB, "/join big"))
        .undo(|it| {
            it.wait(REPORT_INTERVAL);
            it.types(BOB, "/leave");
            it.settle_in_house(it.last());
        }),
    ]
}

/// What sends everybody away. Whoever timed out before has come and gone.
pub(super) fn last_acts() -> Vec<Act> {
    let kick: Step = |it| it.types(ANN, "/kick new 365d spam");
    vec![
        act("/kick new, of all", kick)
            .ready(kick)
            .undo(Scene::all_come_back),
        act("come in, behind 4,096 kicks, of all", |it| {
            it.types(it.spare(), "somebody")
        })
        .ready(|it| {
            it.types(ANN, "/kick new 365d spam");
            it.types(ANN, "/kick new 365d spam");
            it.end_tick();
            it.connects(it.spare());
        })
        .undo(|it| {
            it.leaves(it.spare());
            it.all_come_back();
        }),
        act("/ban NET, of all", |it| {
            it.types(ANN, "/ban 10.0.0.0/8 all 1h")
        })
        .ready(|it| it.types(ANN, "/ban 10.0.0.0/8 all 1h"))
        .undo(|it| {
            it.types(ANN, "/unban 10.0.0.0/8");
            it.all_come_back();
        }),
    ]
}
