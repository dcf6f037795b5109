//! Aiming: from what an operator typed to whom it means.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::account::AccountId;
use crate::name::Username;
use crate::network::{InvalidNetwork, Network};
use crate::sanction::{Sanction, Target};
use crate::tally;

use crate::chat::Hub;
use crate::chat::person::{Person, Place};

/// Whom somebody means.
#[derive(Debug)]
pub(in crate::chat) struct Aim {
    pub(in crate::chat) target: Target,
    /// The name, if it was a name.
    pub(in crate::chat) name: Option<Username>,
}

/// Why they mean nobody.
#[derive(Debug, PartialEq)]
pub(in crate::chat) enum NoAim {
    /// There is nobody of this name, neither here nor among the members.
    Nobody,
    /// It is not a network. Perhaps this one is meant.
    NoNetwork(Option<Network>),
    /// Many people share addresses of it.
    Shared(Network),
}

impl Hub {
    /// Whom a typed name, address or network means.
    pub(in crate::chat) fn aim(&self, typed: &str) -> Result<Aim, NoAim> {
        if let Some(network) = typed_network(typed) {
            let network = network.map_err(NoAim::NoNetwork)?;
            if self.is_shared(&network) {
                return Err(NoAim::Shared(network));
            }
            let target = Target::Network(network);
            return Ok(Aim { target, name: None });
        }
        let name = Username::parse_any(typed).ok_or(NoAim::Nobody)?;
        if let Some(place) = self.roster.find(&name) {
            let target = self.target_of(place).ok_or(NoAim::Nobody)?;
            let name = self.roster.get(place).map(|it| it.name.clone());
            return Ok(Aim { target, name });
        }
        let (id, name) = self.member_called(&name).ok_or(NoAim::Nobody)?;
        let target = Target::Account(id);
        let name = Some(name);
        Ok(Aim { target, name })
    }

    /// The account of this name, if it has an owner.
    pub(super) fn member_called(&self, name: &Username) -> Option<(AccountId, Username)> {
        let account = self.accounts.get(self.accounts.find(name)?)?;
        let account = self.accounts.owned(account.id)?;
        Some((account.id, account.name.clone()))
    }

    /// Whether many people share addresses of a network: those of this machine, of a tunnel to it, or of a proxy.
    pub(super) fn is_shared(&self, network: &Network) -> bool {
        let own = [
            Network::new(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
            Network::new(Ipv6Addr::LOCALHOST.into(), 128),
            Network::new(Ipv4Addr::UNSPECIFIED.into(), 32),
            Network::new(Ipv6Addr::UNSPECIFIED.into(), 128),
        ];
        own.iter().flatten().any(|it| it.overlaps(network)) || self.rules.shared.overlap(network)
    }

    /// Whether a sanction meets a person. It never meets an operator.
    pub(super) fn is_met(&self, sanction: &Sanction, person: &Person) -> bool {
        let account = self.account_of(person).map(|it| it.id);
        let is_meant = sanction.meets(&person.name, account, person.from.address);
        (is_meant || self.is_followed(person, sanction.id)) && !self.is_operator(person)
    }

    /// The people whom a sanction meets, in the order in which they came. This is what counts them and what acts.
    pub(in crate::chat) fn met(&self, sanction: &Sanction) -> Vec<Place> {
        let people = self.roster.people().inspect(|_| tally::steps(1));
        let met = people.filter(|(_, it)| self.is_met(sanction, it));
        met.map(|(place, _)| place).collect()
    }

    /// The guests who came in since a time in milliseconds since 1970-01-01 00:00 UTC.
    pub(in crate::chat) fn guests_since(&self, at: i64) -> Vec<Place> {
        let people = self.roster.people().inspect(|_| tally::steps(1));
        let new = people.filter(|(_, it)| it.account.is_none() && came_since(it, at));
        new.map(|(place, _)| place).collect()
    }
}

/// Whether a person came in since a time in milliseconds since 1970-01-01 00:00 UTC.
pub(super) fn came_since(person: &Person, at: i64) -> bool {
    person.since() >= at.div_euclid(1000)
}

/// The network that a text means, if it is meant as one. An address stands for all those of the same subscriber.
pub(super) fn typed_network(typed: &str) -> Option<Result<Network, Option<Network>>> {
    if let Ok(address) = typed.parse::<IpAddr>() {
        return Some(Ok(Network::of_subscriber(address)));
    }
    if !typed.contains('/') {
        return None;
    }
    Some(typed.parse().map_err(|why| match why {
        InvalidNetwork::Address(meant) => Some(meant),
        InvalidNetwork::Form => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_network_or_it_is_a_name() {
        let meant = |text: &str| match typed_network(text) {
            None => "a name".into(),
            Some(Ok(network)) => network.to_string(),
            Some(Err(Some(meant))) => format!("perhaps {meant}"),
            Some(Err(None)) => "nothing".into(),
        };
        for (text, expected) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::7", "2001:db8::/64"),
            ("2001:db8::7/128", "2001:db8::7/128"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7/24", "perhaps 192.0.2.0/24"),
            ("192.0.2.0/", "nothing"),
            ("192.0.2/24", "nothing"),
            ("/24", "nothing"),
            ("*/0", "nothing"),
            ("192.0.2", "a name"),
            ("192.0.2.7:5000", "a name"),
            ("ann", "a name"),
        ] {
            assert_eq!(meant(text), expected, "{text}");
        }
    }
}
