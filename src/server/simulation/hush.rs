//! `Hush`: has an eye on those who are muted, beside the model. Nobody else reads a word that they said meanwhile, nor has
//! the file one.
//!
//! It believes that somebody is muted once they read it themselves, until somebody types what may end it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::id::PeerId;
use crate::moment::Offset;
use crate::name::Username;
use crate::query;
use crate::sanction::SanctionKind;

use super::model::Guest;
use super::record::{Happened, Told, What};
use super::sightings::{Sight, Sightings};
use super::stage::{Checked, Stage};

/// With what every word begins that is watched.
const MARK: &str = "W3ord-";

#[derive(Debug, Default)]
pub(super) struct Hush {
    made: usize,
    /// By their numbers: the clients that said them while they were muted, if they were.
    words: BTreeMap<usize, Option<usize>>,
    muted: BTreeMap<PeerId, Muted>,
    pub(super) seen: Sightings,
}

/// Somebody who has read that they are muted.
#[derive(Debug)]
struct Muted {
    /// In milliseconds since 1970-01-01 00:00 UTC.
    until: Option<i64>,
    it: Guest,
}

/// The numbers of such words in a text.
fn words_in(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices(MARK).filter_map(|(at, _)| {
        let number = text.get(at + MARK.len()..at + MARK.len() + 4)?;
        number.parse().ok()
    })
}

/// Until when somebody is muted who reads this. A time in another zone than UTC is left out.
fn muted_in(line: &str) -> Option<Option<i64>> {
    let (_, rest) = line.split_once("You are muted ")?;
    if rest.starts_with("for ever") {
        return Some(None);
    }
    let (time, _) = rest.strip_prefix("until ")?.split_once(" (UTC)")?;
    query::time(time, Offset::default()).map(Some)
}

impl Hush {
    /// Another word that is watched.
    fn word(&mut self) -> String {
        self.made += 1;
        format!("{MARK}{:04}", self.made)
    }

    pub(super) fn forget_clients(&mut self) {
        self.muted.clear();
    }

    /// The client that said such a word while it was muted.
    fn author_of_silent(&self, text: &str) -> Option<(usize, usize)> {
        let mut silent = words_in(text).filter_map(|it| Some((it, (*self.words.get(&it)?)?)));
        silent.next()
    }

    /// What the file has is no such word.
    pub(super) fn check_kept(&self, text: &str) -> Checked {
        match self.author_of_silent(text) {
            None => Ok(()),
            Some((number, _)) => Err(format!("the file has what nobody was to hear: {number}")),
        }
    }
}

impl Stage {
    /// The hub is about to be told something, which may have words, or end mutes.
    pub(super) fn hush_told(&mut self, told: &Told) {
        let What::Event(peer, Happened::Line(_) | Happened::Object(_)) = &told.what else {
            return;
        };
        let text = format!("{:?}", told.what);
        if text.contains("mute ") && self.model.is_operator_here(*peer) {
            let args = text.split("mute ").nth(1).unwrap_or_default();
            self.doubt_muted(args, text.contains("unmute "));
        }
        let place = self.clients.iter().position(|it| it.peer == Some(*peer));
        // Operators read what is reported.
        let is_report = text.contains("/report");
        let place =
            place.filter(|_| !is_report && self.is_surely_muted(*peer, told.now.unix_millis()));
        for number in words_in(&text) {
            self.hush.words.entry(number).or_insert(place);
            self.hush.seen.add(Sight::WordWatched, place.iter().len());
        }
    }

    fn doubt_muted(&mut self, args: &str, is_end: bool) {
        let end = |it: char| it.is_whitespace() || it == '"' || it == '\\';
        let word = args.split(end).next().unwrap_or_default();
        let (address, name) = (word.parse::<IpAddr>().ok(), Username::parse_any(word));
        let may_be = |it: &Guest| {
            address.is_some()
                || name.as_ref().is_none_or(|name| name.looks_like(&it.name))
                || it.account.is_some() && it.account == name
        };
        self.hush.muted.retain(|_, it| !is_end && !may_be(&it.it));
    }

    fn is_surely_muted(&self, peer: PeerId, at: i64) -> bool {
        let Some(muted) = self.hush.muted.get(&peer) else {
            return false;
        };
        let here = self.model.guests();
        let now = here.iter().find(|it| it.0 == peer).map(|it| &it.1);
        let is_same = |it: &Guest| {
            !it.is_operator && (muted.it.account.is_none() || it.account == muted.it.account)
        };
        now.is_some_and(is_same) && muted.until.is_none_or(|until| at < until)
    }

    /// A client has read a line.
    pub(super) fn hush_read(&mut self, place: usize, peer: PeerId, line: &str) -> Checked {
        if let Some((number, author)) = self.hush.author_of_silent(line)
            && author != place
        {
            return Err(format!(
                "client {place} reads {number}, which client {author} said while it was muted"
            ));
        }
        if line.contains("You are no longer muted") {
            self.hush.muted.remove(&peer);
        }
        let here = self.model.guests();
        let it = here.into_iter().find(|it| it.0 == peer);
        if let (Some(until), Some((_, it))) = (muted_in(line), it) {
            self.hush.muted.insert(peer, Muted { until, it });
        }
        Ok(())
    }

    /// Lines with words, of somebody who is muted or not.
    pub(super) fn lines_with_words(&mut self, peer: PeerId, name: &str) -> String {
        let is_muted = self.model.is_muted(peer);
        let word = self.hush.word();
        if is_muted && self.model.keeps_life(peer).1 && self.dice.below(2) == 0 {
            return format!("/invite {name}\n/invite {name} off");
        }
        match self.dice.below(if is_muted { 18 } else { 9 }) {
            7 => format!("/report {word}"),
            8 => format!("/report {word}\n").repeat(4),
            0 => format!("/topic {word}"),
            1 => format!("/away {word}"),
            2 => format!("/me {word}"),
            3 => format!("/msg {name} {word}"),
            4 => format!("/in lobby {word}"),
            5 => format!("/reply {word}\n/away\n/back"),
            6 => format!("{word}\n/topic -"),
            9 => format!("/nick {word}"),
            10 => format!("/join {word}"),
            11 => format!("/listen {word}"),
            12 => format!("/quit {word}"),
            13 => format!("/msg {name} {word}\n/topic {word}\n/away {word}"),
            14 => format!("/reply {word}\n/nick {name}"),
            15 => format!("/away {word}\n/quit {word}"),
            _ => word,
        }
    }

    /// What operators do about the words of others.
    pub(super) fn lines_about_mutes(&mut self, name: &str, address: &str, rest: &str) -> String {
        let (names, others) = self.model.sanctioned(SanctionKind::Mute);
        let muted = self.one_of([names, others].concat());
        let (here, keepers) = (self.model.muted(), self.model.keeper_names());
        match self.dice.below(8) {
            7 => format!("/mute {} 2h", self.one_of(keepers)),
            0..3 => format!("/mute {name}{rest}"),
            3 => format!("/mute {address} 2h\n/mute {address} 2h"),
            4 => format!("/mute {muted}{rest}"),
            5 if !here.is_empty() => format!("/unmute {}", self.one_of(here)),
            _ => format!("/unmute {muted}"),
        }
    }
}
