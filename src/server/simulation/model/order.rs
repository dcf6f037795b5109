//! The commands of operators, as the model knows them.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::id::PeerId;
use crate::message::{AboutConnection, AboutOrder, AboutPeople, News};
use crate::name::Username;
use crate::network::Network;
use crate::sanction::SanctionKind;
use crate::server::simulation::sightings::Sight;

use super::commands::Typed;
use super::members::household;
use super::rows::Row;
use super::sanctions::{Sanction, Target};
use super::{Model, Readers, words};

/// For so long somebody who was kicked stays out, in milliseconds.
const KICK: i64 = 60_000;
const DAY: i64 = 24 * 60 * 60_000;
/// For so long a line that is to be typed again is remembered.
const AGAIN: Duration = Duration::from_secs(60);
const REASON_CHARS: usize = 200;

fn first(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// A time in milliseconds, `None` for ever, if a word is meant as one. The script types no others.
fn time(word: &str) -> Option<Option<i64>> {
    if word.eq_ignore_ascii_case("forever") {
        return Some(None);
    }
    let minutes = [("m", 1), ("h", 60), ("d", 24 * 60)];
    minutes.iter().find_map(|(unit, minutes)| {
        let number = word.strip_suffix(unit)?.parse::<i64>().ok()?;
        Some(Some(number * minutes * 60_000))
    })
}

/// Whether this machine has an address that is read as one with this.
pub(super) fn is_shared(address: IpAddr) -> bool {
    address.is_loopback() || household(address) == household(Ipv6Addr::LOCALHOST.into())
}

impl Model {
    pub(super) fn command_of_rank(&mut self, typed: &Typed, word: &str, args: &str) {
        match word {
            "/ban" => self.sanction(typed, SanctionKind::Ban, args),
            "/unban" => self.lift(typed, SanctionKind::Ban, args),
            "/mute" => self.sanction(typed, SanctionKind::Mute, args),
            "/unmute" => self.lift(typed, SanctionKind::Mute, args),
            "/report" => self.report(typed, args),
            "/kick" => self.kick(typed, args),
            word => self.command_about_locks(typed, word, args),
        }
    }

    /// A reason, unless it is too long.
    fn reason(&mut self, peer: PeerId, text: &str) -> Option<Option<Arc<str>>> {
        if text.chars().count() > REASON_CHARS {
            self.answer(peer, AboutOrder::TooLong(REASON_CHARS));
            return None;
        }
        Some(Some(text).filter(|it| !it.is_empty()).map(Into::into))
    }

    /// What a kick of somebody goes by, or a ban by their name.
    pub(super) fn target_of(&self, peer: PeerId) -> Target {
        let me = self.person(peer);
        let people = self.people.iter().filter(|it| it.name.is_some());
        let others = people.filter(|it| it.household() == me.household());
        match me.account {
            Some(it) => Target::Account(it),
            None if others.count() == 1 && !is_shared(me.address) => {
                Target::Household(me.household())
            }
            None => Target::Name(me.name().clone()),
        }
    }

    /// Whom somebody means who types a name or an address. If that is nobody, they are told.
    fn aim(&mut self, peer: PeerId, typed: &str) -> Option<(Target, Option<Username>)> {
        if let Ok(address) = typed.parse::<IpAddr>() {
            let target = Target::Household(household(address));
            if is_shared(address) {
                let network = Network::of_subscriber(address);
                self.answer(peer, AboutOrder::Shared(network));
                return None;
            }
            return Some((target, None));
        }
        if let Some((whom, name)) = self.find(typed) {
            return Some((self.target_of(whom), Some(name)));
        }
        let Some(id) = self.member_named(typed) else {
            self.nobody(peer, typed);
            return None;
        };
        Some((Target::Account(id), Some(self.account(id).name.clone())))
    }

    fn sanction(&mut self, typed: &Typed, kind: SanctionKind, args: &str) {
        let (whom, rest) = first(args);
        let Some((target, name)) = self.aim(typed.peer, whom) else {
            return;
        };
        let (is_for_all, rest) = match first(rest) {
            ("all", rest) if name.is_none() => (true, rest),
            _ => (false, rest),
        };
        let (span, reason) = match time(first(rest).0) {
            Some(span) => (span, first(rest).1),
            None => (Some(DAY), rest),
        };
        let Some(reason) = self.reason(typed.peer, reason) else {
            return;
        };
        if let Target::Account(id) = target {
            if self.person(typed.peer).account == Some(id) {
                return self.answer(typed.peer, AboutPeople::Yourself);
            }
            if self.account(id).is_operator {
                let name = self.account(id).name.clone();
                return self.answer(typed.peer, AboutOrder::NotAnOperator(name));
            }
        }
        let made = Sanction {
            id: self.entry.seq,
            kind,
            target,
            name,
            is_for_all,
            by: typed.name.clone(),
            reason,
            until: span.map(|it| self.at + it),
            is_old: false,
        };
        let count = self.met(&made).len();
        let line = format!("{kind:?} {args}");
        if count > 1 && !self.is_typed_again(typed, line) {
            self.seen.add(Sight::TypedOnce, 1);
            return self.answer(typed.peer, AboutOrder::TypeAgain(count));
        }
        self.seen.add(Sight::TypedTwice, (count > 1).into());
        self.make_sanction(typed, made);
    }

    fn is_typed_again(&mut self, typed: &Typed, line: String) -> bool {
        let now = typed.now.instant;
        let again = &mut self.person_mut(typed.peer).again;
        let is_again = again
            .take()
            .is_some_and(|(it, until)| it == line && now < until);
        if !is_again {
            *again = Some((line, now + AGAIN));
        }
        is_again
    }

    /// Somebody is kept out, or silent, from now on. It stands in the place of what was made for the same before.
    fn make_sanction(&mut self, typed: &Typed, made: Sanction) {
        let at = self.at;
        self.sanctions
            .retain(|it| it.kind != made.kind || it.holds(at));
        let same = |it: &Sanction| it.kind == made.kind && it.target == made.target;
        let replaced = self.sanctions.iter().filter(|it| same(it)).map(|it| it.id);
        for id in replaced.collect::<Vec<_>>() {
            self.seen.add(Sight::Replaced, 1);
            self.keep(|| Row::Lifted(id));
        }
        self.sanctions.retain(|it| !same(it));
        self.sanctions.push(made.clone());
        self.keep(|| Row::Sanction(made.clone()));
        self.keep(|| Row::Audit);
        if made.kind == SanctionKind::Mute {
            let count = self.silence_met(&made);
            return self.confirm(typed.peer, AboutOrder::Made(made.told(), count));
        }
        if let Target::Account(_) = made.target {
            self.keep(|| Row::TokensOver);
        }
        let met = self.met(&made);
        self.seen.add(Sight::Banned, met.len());
        self.seen.add(Sight::BannedAway, met.is_empty().into());
        let word = AboutConnection::Banned {
            until: made.until,
            reason: made.reason.clone(),
        };
        self.send_away(typed, &met, word, made.reason.clone(), true);
        self.confirm(typed.peer, AboutOrder::Made(made.told(), met.len()));
    }

    /// People are sent away. None of them reads that the others leave.
    fn send_away(
        &mut self,
        typed: &Typed,
        peers: &[PeerId],
        word: AboutConnection,
        reason: Option<Arc<str>>,
        is_banned: bool,
    ) {
        let mut peers = peers.to_vec();
        peers.sort();
        for peer in &peers {
            self.tell(*peer, word.clone());
            self.person_mut(*peer).is_gone = true;
        }
        for peer in peers {
            if self.person(peer).account.is_some() {
                self.keep(|| Row::TokensOver);
            }
            self.vanish(peer, Readers::Others, |who| News::SentAway {
                who,
                by: typed.name.as_str().into(),
                is_banned,
                reason: reason.clone(),
            });
        }
    }

    fn kick(&mut self, typed: &Typed, args: &str) {
        let (whom, rest) = first(args);
        let Some(reason) = self.reason(typed.peer, rest) else {
            return;
        };
        let Some((peer, name)) = self.find(whom) else {
            return self.nobody(typed.peer, whom);
        };
        if peer == typed.peer {
            return self.answer(typed.peer, AboutPeople::Yourself);
        }
        if self.is_operator(self.person(peer)) {
            return self.answer(typed.peer, AboutOrder::NotAnOperator(name));
        }
        let at = self.at;
        self.kicks.retain(|it| it.holds(at));
        self.keep(|| Row::Audit);
        self.kicks.push(Sanction {
            id: self.entry.seq,
            kind: SanctionKind::Ban,
            target: self.target_of(peer),
            name: Some(name.clone()),
            is_for_all: false,
            by: typed.name.clone(),
            reason: reason.clone(),
            until: Some(at + KICK),
            is_old: false,
        });
        self.seen.add(Sight::Kicked, 1);
        let word = AboutConnection::Kicked {
            by: typed.name.as_str().into(),
            reason: reason.clone(),
            seconds: KICK as u64 / 1000,
        };
        self.send_away(typed, &[peer], word, reason, false);
        self.confirm(typed.peer, AboutOrder::Kicked(name, 1));
    }

    /// The sanctions that a name or an address means hold no more.
    fn lift(&mut self, typed: &Typed, kind: SanctionKind, args: &str) {
        let address = args.parse::<IpAddr>().ok().map(household);
        let name = Username::parse_any(args);
        let account = self.member_named(args);
        let is_meant = |it: &&Sanction| {
            let by_name = name.is_some() && it.name == name;
            by_name
                || match &it.target {
                    Target::Account(id) => account == Some(*id),
                    Target::Household(it) => address == Some(*it),
                    Target::Name(it) => name.as_ref() == Some(it),
                }
        };
        let all = self.sanctions.iter().filter(|it| it.kind == kind);
        let meant = all.filter(|it| it.holds(self.at)).filter(is_meant);
        let meant: Vec<Sanction> = meant.cloned().collect();
        if meant.is_empty() {
            let typed_name = words::shorten(args).into();
            return self.answer(typed.peer, AboutOrder::NoSuch(kind, typed_name));
        }
        for it in &meant {
            self.sanctions.retain(|known| known.id != it.id);
            self.keep(|| Row::Lifted(it.id));
            self.keep(|| Row::Audit);
            if kind == SanctionKind::Mute {
                self.tell_heard(it);
            }
        }
        let is_ban = kind == SanctionKind::Ban;
        self.seen.add(Sight::Unbanned, is_ban.into());
        let told = meant.iter().map(Sanction::told).collect();
        self.confirm(typed.peer, AboutOrder::Lifted(told));
    }
}
