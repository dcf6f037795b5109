//! Order: members lock their rooms and invite others, and those others try to get in and to read what is said there.
//! Operators ban and kick people, who try to come back, and mute others, who talk on.

use serde_json::json;

use crate::account::{AccountId, Role, Secret};
use crate::dice::Dice;
use crate::id::PeerId;
use crate::message::{Keep, KeepAccount};
use crate::name::Username;
use crate::sanction::SanctionKind;
use crate::work::store::simulated::Disk;

use super::client::Client;
use super::members::hash;
use super::script;
use super::sightings::Sight;
use super::stage::Stage;
use super::story::Kind;
use super::watch::{VAULT, VAULTS};
use super::{check_seen, play_all};

/// Seeds of an ordinary run.
const SEEDS: u64 = 48;

fn vault(dice: &mut Dice) -> String {
    match dice.below(8) {
        // Their names are alike.
        0 => "vauIt1".into(),
        // Most people want to be in the same one.
        number => format!("{VAULT}{}", 1 + number.saturating_sub(5) % VAULTS),
    }
}

/// The names of operators, which nobody else types.
const OPERATORS: [&str; 2] = ["Olga", "Hugo"];
/// Where people come from, and addresses that are read as one with this machine's.
const ADDRESSES: [&str; 6] = [
    "192.0.2.7",
    "192.0.2.8",
    "2001:db8::9",
    "::1",
    "::",
    "127.9.9.9",
];

impl Stage {
    /// The file has one operator or two, before the first server begins.
    pub(super) fn add_operators(&mut self) {
        let mut store = self.open_file();
        let count = 1 + self.dice.below(OPERATORS.len());
        for (number, name) in OPERATORS.into_iter().take(count).enumerate() {
            let name = Username::parse(name).expect("a name");
            let password = Secret::new(&self.secrets.fresh());
            let made = KeepAccount::Made {
                name: name.clone(),
                role: Role::Operator,
                at: 0,
                hash: Some(hash(&password)),
            };
            let id = AccountId(1 + number as u64);
            store.sink.keep(Keep::Account(id, made));
            self.model.add_operator(name, password);
        }
        store.sink.hand_over(count as u64);
        Disk::new(store.writer).write(usize::MAX, false);
    }

    /// Lines about locked rooms and about order, with line ends. A program sends them as objects.
    pub(super) fn lines_about_order(&mut self, peer: PeerId) -> String {
        let is_member = self.model.owners(peer).1.is_some();
        if !is_member && self.dice.below(4) == 0 {
            return self.lines_to_register(peer);
        }
        let mut lines = String::new();
        for _ in 0..1 + self.dice.below(3) {
            let is_keeper = self.model.keeps_life(peer).1;
            lines += &match (is_keeper, is_member, self.dice.below(10)) {
                _ if self
                    .dice
                    .below(if self.model.is_muted(peer) { 2 } else { 10 })
                    == 0 =>
                {
                    let name = self.someone();
                    self.lines_with_words(peer, &name)
                }
                _ if self.model.is_operator_here(peer) && self.dice.below(3) > 0 => {
                    self.lines_of_operator()
                }
                (true, _, 0..8) => self.lines_of_keeper(peer),
                (false, _, 0..3) => format!("/join {}", vault(&mut self.dice)),
                (false, true, 3 | 4) => format!("/join {}\n/lock", vault(&mut self.dice)),
                _ => self.lines_of_outsider(),
            };
            lines += "\n";
        }
        let is_program = self.is_program(peer);
        let line = |line: &str| match (is_program, line.starts_with('/')) {
            (true, true) => json!({"op": "command", "line": line}).to_string() + "\n",
            (true, false) => json!({"op": "say", "text": line}).to_string() + "\n",
            (false, _) => format!("{line}\n"),
        };
        // Behind a line that has not ended, a name would be said aloud.
        let lines = lines.lines().map(line).collect::<String>();
        format!("\n{lines}")
    }

    /// Somebody's name, of those who are here or have an account.
    fn someone(&mut self) -> String {
        let mut names = self.model.named();
        names.extend(self.model.owned_names());
        match names.is_empty() {
            true => script::name(&mut self.dice),
            false => names[self.dice.below(names.len())].clone(),
        }
    }

    /// The name or address of somebody who is kept out, if anybody is.
    fn one_kept_out(&mut self) -> String {
        let (names, others) = self.model.sanctioned(SanctionKind::Ban);
        self.one_of([names, others].concat())
    }

    /// The name of a guest who is kept out, or else somebody's.
    pub(super) fn name_kept_out(&mut self) -> String {
        let names = self.model.sanctioned(SanctionKind::Ban).0;
        self.one_of(names)
    }

    pub(super) fn one_of(&mut self, all: Vec<String>) -> String {
        match all.is_empty() {
            true => self.someone(),
            false => all[self.dice.below(all.len())].clone(),
        }
    }

    /// The client of an operator, if there is one.
    pub(super) fn operator_here(&self) -> Option<usize> {
        let is_operator = |it: &Client| it.peer.is_some_and(|it| self.model.is_operator_here(it));
        let here = self.clients.iter().enumerate();
        let mut here = here.filter(|(_, it)| !it.is_gone);
        here.find(|(_, it)| is_operator(it)).map(|(place, _)| place)
    }

    /// Somebody's name who is in a room, if there is anybody but its keeper.
    fn someone_in(&mut self, life: usize, keeper: PeerId) -> String {
        let names = self.model.named_in(life, keeper);
        match names.is_empty() {
            true => self.someone(),
            false => names[self.dice.below(names.len())].clone(),
        }
    }

    fn lines_of_operator(&mut self) -> String {
        let named = self.model.named();
        let name = match self.dice.below(2) {
            0 => self.one_of(named),
            _ => self.someone(),
        };
        let address = match self.dice.below(2) {
            0 => self.dice.pick(&ADDRESSES).into(),
            _ => self.model.address_of_most(),
        };
        let time = self
            .dice
            .pick(&["", " 1m", " 30m", " 2h", " forever", " 1d"]);
        let reason = self.dice.pick(&["", " spam", " much spam"]);
        let banned = self.one_kept_out();
        match self.dice.below(21) {
            0 | 1 => format!("/ban {name}{time}{reason}"),
            2 => format!("/ban {banned}{time}{reason}"),
            3 => format!("/ban {address} 30m{reason}"),
            4 => format!("/ban {address} 1m\n/ban {address} 1m"),
            5 => format!("/ban {address} all 1h\n/ban {address} all 1h"),
            6..10 => format!("/unban {banned}"),
            10 => format!("/unban {name}\n/unban {address}"),
            11 | 12 => format!("/kick {name}{reason}"),
            13..18 => self.lines_about_mutes(&name, &address, &format!("{time}{reason}")),
            _ => self.watch.whisper(),
        }
    }

    fn lines_of_keeper(&mut self, peer: PeerId) -> String {
        let (life, _) = self.model.keeps_life(peer);
        let (name, inside) = (self.someone(), self.someone_in(life, peer));
        match self.dice.below(24) {
            0..5 => format!("/lock\n/invite {name}"),
            5 => format!("/invite {name} off"),
            6 | 7 => format!("/lock\n/invite {inside} off"),
            8 => format!("/trust {name}\n/trust {inside}"),
            9 => format!("/trust {name} off\n/untrust {name} off\n/untrust {inside}"),
            10..12 => format!("/unlock\n{}", self.watch.whisper()),
            12..15 => format!("{}\n/lock", self.watch.whisper()),
            15 => "/past open".into(),
            16 => "/past closed\n/past x".into(),
            17 => format!("/me {}", self.watch.whisper()),
            18 => "/lock x\n/invite x y\n/leave".into(),
            19 | 20 => match self.model.owners(peer).1 {
                Some((_, password)) if !self.is_program(peer) => {
                    format!("/trust {name}\n/trust {inside}\n/unregister\n{password}")
                }
                _ => "/leave".into(),
            },
            _ => self.watch.whisper(),
        }
    }

    fn lines_of_outsider(&mut self) -> String {
        let (vault, name) = (vault(&mut self.dice), self.someone());
        match self.dice.below(24) {
            20..24 => format!("/nick {}\n/ban {name}\n/unban {name}", self.name_kept_out()),
            0..3 => format!("/join {vault}"),
            3 | 4 => format!("/listen {vault}"),
            5 => format!("/who {vault}\n/who lobby"),
            6 => format!("/rooms\n/whois {name}"),
            7 => format!("/search w3hisper in:{vault}\n/more"),
            8 => "/search w3hisper in:*\n/more".into(),
            9 => "/history\n/more".into(),
            10 => format!("/in {vault} x\n/switch {vault}"),
            11 => format!("/unlisten {vault}"),
            12 => "/leave".into(),
            13 => format!("/away\n/join {vault}"),
            14 => "/back\n/lock\n/invite x".into(),
            15 => format!("/msg {name} psst\n/quit"),
            16 | 17 => format!("/join {vault}\n{}\n/quit", self.watch.whisper()),
            _ => self.watch.whisper(),
        }
    }
}

#[test]
fn a_locked_room_is_for_those_who_are_invited_and_nobody_who_is_banned_is_here() {
    let kind = Kind {
        keeps: true,
        has_members: true,
        has_order: true,
        ..Kind::default()
    };
    check_seen(&play_all(SEEDS, kind), SEEDS, 2, &Sight::ORDER);
}
