//! `Guard`: has an eye on the door, beside the model. Nobody who is banned comes in, or is still here, also after a restart.
//!
//! It believes in a ban once its author reads of it, and knows from the model who is here. Whom a ban meets, and until when,
//! it says by itself.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use crate::id::PeerId;
use crate::moment::{Civil, Offset};
use crate::name::Username;
use crate::wire::machine::Op;

use super::model::Guest;
use super::record::{Happened, Told, What};
use super::sightings::{Sight, Sightings};
use super::stage::{Checked, Stage};

/// What stands behind the answer if a ban may be lost with the server.
const NOT_ON_DISK: &str = "is not on the disk yet";

#[derive(Debug, Default)]
pub(super) struct Guard {
    /// What operators have typed.
    typed: Vec<Typed>,
    bans: Vec<Ban>,
    /// What each client has read of a line that has not ended.
    lines: BTreeMap<usize, Vec<u8>>,
    /// Those who were let in, under these names.
    known: BTreeMap<PeerId, Username>,
    pub(super) seen: Sightings,
}

/// A line that bans somebody, if it is right.
#[derive(Debug)]
struct Typed {
    by: PeerId,
    /// Whom it may meet, and how the answer begins then.
    whom: Vec<(String, Whom)>,
    /// In seconds, and in the words of the answer.
    until: (Option<i64>, String),
    /// Those who were here and would be met.
    here: Vec<(PeerId, Guest)>,
}

/// Whom a ban meets.
#[derive(Debug, Clone)]
enum Whom {
    /// The owner of the account of this name.
    Account(Username),
    /// Those at an address: guests, or all.
    Address(IpAddr, bool),
    /// A guest of this name.
    Name(Username),
}

#[derive(Debug)]
struct Ban {
    whom: Whom,
    until: Option<i64>,
    /// How the answer began.
    shown: String,
    /// The client that reads of it, until it has read the whole answer.
    reader: Option<usize>,
    /// Whether it may be lost with the server.
    is_lossy: bool,
    /// A server has begun since.
    is_old: bool,
}

/// The addresses that are banned together.
fn together(address: IpAddr) -> (IpAddr, u8) {
    match address.to_canonical() {
        IpAddr::V6(it) => {
            let first = it.to_bits() >> 64 << 64;
            (Ipv6Addr::from_bits(first).into(), 64)
        }
        it => (it, 32),
    }
}

fn network(address: IpAddr) -> String {
    let (first, prefix) = together(address);
    format!("{first}/{prefix}")
}

impl Whom {
    fn meets(&self, it: &Guest) -> bool {
        match self {
            _ if it.is_operator => false,
            Whom::Account(name) => it.account.as_ref() == Some(name),
            Whom::Address(address, is_for_all) => {
                (*is_for_all || it.account.is_none()) && together(*address) == together(it.address)
            }
            Whom::Name(name) => it.account.is_none() && name.looks_like(&it.name),
        }
    }

    /// Whether what is done to the one may be done to the other.
    fn is_alike(&self, other: &Whom) -> bool {
        match (self, other) {
            (Whom::Account(one), Whom::Account(other)) => one == other,
            (Whom::Address(one, _), Whom::Address(other, _)) => together(*one) == together(*other),
            (Whom::Name(one), Whom::Name(other)) => one.looks_like(other),
            _ => false,
        }
    }
}

/// The time that stands behind a name, in seconds. `None`: for ever.
fn seconds(rest: &str) -> Option<i64> {
    let word = rest.split_whitespace().find(|it| *it != "all");
    let number = |unit| word.and_then(|it| it.strip_suffix(unit)?.parse::<i64>().ok());
    match (number("m"), number("h"), number("d")) {
        _ if word == Some("forever") => None,
        (Some(minutes), ..) => Some(minutes * 60),
        (_, Some(hours), _) => Some(hours * 3600),
        (.., days) => Some(days.unwrap_or(1) * 86_400),
    }
}

/// Whom somebody may mean, and how the answer begins.
fn meant(
    typed: &str,
    rest: &str,
    here: &[(PeerId, Guest)],
    owned: &[String],
) -> Vec<(String, Whom)> {
    if let Ok(address) = typed.parse::<IpAddr>() {
        let is_for_all = rest.split_whitespace().next() == Some("all");
        let all = if is_for_all { " for all" } else { "" };
        let shown = format!("{}{all}", network(address));
        return vec![(shown, Whom::Address(address, is_for_all))];
    }
    let Some(name) = Username::parse_any(typed) else {
        return Vec::new();
    };
    let mut whom = Vec::new();
    if let Some((_, it)) = here.iter().find(|(_, it)| it.name == name) {
        let shown = it.name.clone();
        match &it.account {
            Some(account) => {
                whom.push((
                    format!("{shown} (by account)"),
                    Whom::Account(account.clone()),
                ));
            }
            None => {
                let by_address = format!("{shown}, {} (by address)", network(it.address));
                whom.push((by_address, Whom::Address(it.address, false)));
                whom.push((format!("{shown} (by name)"), Whom::Name(shown)));
            }
        }
    } else if let Some(owned) = owned
        .iter()
        .find_map(|it| Username::parse(it).ok().filter(|it| *it == name))
    {
        whom.push((format!("{owned} (by account)"), Whom::Account(owned)));
    }
    whom
}

impl Guard {
    /// An operator types a line that may end bans, or replace them. They are not believed in any more.
    fn doubt(&mut self, typed: &str, whom: &[(String, Whom)]) {
        let name = Username::parse_any(typed);
        let is_alike = |known: &Whom, shown: &str| {
            let first = shown.split([',', ' ']).next().and_then(Username::parse_any);
            name.is_some() && first == name || whom.iter().any(|(_, it)| it.is_alike(known))
        };
        self.bans.retain(|it| !is_alike(&it.whom, &it.shown));
        self.typed
            .retain(|it| !it.whom.iter().any(|(shown, whom)| is_alike(whom, shown)));
    }

    /// A client has read a line.
    fn read_line(&mut self, place: usize, peer: PeerId, line: &str) -> Option<Typed> {
        for ban in self.bans.iter_mut().filter(|it| it.reader == Some(place)) {
            ban.reader = None;
            ban.is_lossy = line.contains(NOT_ON_DISK);
        }
        let tells = |it: &Typed, shown: &str| {
            let at = line.find(&format!("{shown} is banned{}. ", it.until.1));
            at.is_some_and(|at| at == 0 || line[..at].ends_with([' ', '"']))
        };
        let found = self
            .typed
            .iter()
            .position(|it| it.by == peer && it.whom.iter().any(|(shown, _)| tells(it, shown)))?;
        let typed = self.typed.remove(found);
        let (shown, whom) = typed
            .whom
            .iter()
            .find(|(shown, _)| tells(&typed, shown))?
            .clone();
        self.seen.add(Sight::BanWatched, 1);
        self.bans.push(Ban {
            whom,
            until: typed.until.0,
            shown,
            reader: Some(place),
            is_lossy: false,
            is_old: false,
        });
        Some(typed)
    }

    /// Another server begins. Of the bans, those hold that were confirmed.
    pub(super) fn begin_again(&mut self, unix: i64) {
        self.typed.clear();
        self.lines.clear();
        self.known.clear();
        self.bans.retain(|it| !it.is_lossy && it.reader.is_none());
        self.bans.iter_mut().for_each(|it| it.is_old = true);
        self.forget_ended(unix);
    }

    fn forget_ended(&mut self, unix: i64) {
        self.bans.retain(|it| it.until.is_none_or(|it| unix < it));
    }
}

impl Stage {
    /// The hub is about to be told something, which may be about bans.
    pub(super) fn guard_typed(&mut self, told: &Told) {
        let What::Event(peer, happened) = &told.what else {
            return;
        };
        let line = match happened {
            Happened::Line(line) => line,
            Happened::Object(object) => match &object.op {
                Op::Command { line } => line,
                _ => return,
            },
            _ => return,
        };
        let line = line.trim();
        let Some((word, args)) = line.split_once(' ') else {
            return;
        };
        if !["/ban", "/unban"].contains(&word) || !self.model.is_operator_here(*peer) {
            return;
        }
        let (typed, rest) = args.split_once(' ').unwrap_or((args, ""));
        let (mut here, owned) = (self.model.guests(), self.model.owned_names());
        let whom = meant(typed, rest, &here, &owned);
        self.guard.doubt(typed, &whom);
        if word == "/unban" {
            return;
        }
        here.retain(|(_, it)| whom.iter().any(|(_, whom)| whom.meets(it)));
        let until = seconds(rest).map(|it| told.now.unix + it);
        let words = until.map_or(" for ever".into(), |it| {
            format!(" until {} (UTC)", Civil::at(it, Offset::default()))
        });
        self.guard.typed.push(Typed {
            by: *peer,
            whom,
            until: (until, words),
            here,
        });
    }

    /// The hub was told something, by which somebody may have come in.
    pub(super) fn guard_door(&mut self, told: &Told) -> Checked {
        self.guard.forget_ended(told.now.unix);
        let here = self.model.guests();
        for (peer, it) in &here {
            let known = self.guard.known.insert(*peer, it.name.clone());
            if known
                .as_ref()
                .is_some_and(|known| known.as_str() == it.name.as_str())
            {
                continue;
            }
            let bans = &self.guard.bans;
            if let Some(ban) = bans.iter().find(|ban| ban.whom.meets(it)) {
                return Err(format!("{it:?} comes in, though banned: {ban:?}"));
            }
            let has_old = bans.iter().any(|it| it.is_old);
            self.guard
                .seen
                .add(Sight::DoorWatched, usize::from(!bans.is_empty()));
            self.guard.seen.add(Sight::OldBanWatched, has_old.into());
        }
        Ok(())
    }

    /// A client reads something. If it is that somebody is banned, nobody of those is here any more.
    pub(super) fn guard_answers(&mut self, place: usize, bytes: &[u8]) -> Checked {
        let Some(peer) = self.clients[place]
            .peer
            .filter(|_| self.story.kind.has_order)
        else {
            return Ok(());
        };
        let unended = self.guard.lines.entry(place).or_default();
        unended.extend_from_slice(bytes);
        let end = unended
            .iter()
            .rposition(|it| *it == b'\n')
            .map_or(0, |it| it + 1);
        let ended: Vec<u8> = unended.drain(..end).collect();
        for line in String::from_utf8_lossy(&ended).lines() {
            self.hush_read(place, peer, line)?;
            let Some(typed) = self.guard.read_line(place, peer, line) else {
                continue;
            };
            let ban = self.guard.bans.last().ok_or("it was made")?;
            let here = self.model.guests();
            let mut met = typed.here.iter().filter(|(_, it)| ban.whom.meets(it));
            if let Some(it) = met.find(|(peer, _)| here.iter().any(|(it, _)| it == peer)) {
                return Err(format!("{it:?} is banned, and is still here"));
            }
        }
        Ok(())
    }
}
