//! `KnownAddresses`: from where the owner of an account came in last. There is one for every account, so it is small.

use std::net::IpAddr;
use std::slice;

use crate::limits::accounts::KNOWN_ADDRESSES;
use crate::network::household;

/// The last few households from which somebody came in, the last one at the end. One alone, as most people have, takes no
/// memory of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(from = "Vec<Household>", into = "Vec<Household>")
)]
pub enum KnownAddresses {
    /// One.
    One(Household),
    /// None, or several.
    Several(Box<[Household]>),
}

/// What counts as one address, in eight bytes: the first 64 bits of an address of IPv6, or else an address of IPv4 behind
/// 0:1::/32, in a block that belongs to nobody (RFC 4291, section 2.4: ::/8 is reserved).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
pub struct Household(u64);

impl Household {
    fn of(address: IpAddr) -> Household {
        Household(match household(address) {
            IpAddr::V4(v4) => 1 << 32 | u64::from(v4.to_bits()),
            IpAddr::V6(v6) => (v6.to_bits() >> 64) as u64,
        })
    }
}

impl KnownAddresses {
    /// Whether somebody came in from an address.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.all().contains(&Household::of(address))
    }

    /// Notes that somebody came in from an address, and forgets the oldest if there are too many.
    pub(crate) fn note(&mut self, address: IpAddr) {
        let new = Household::of(address);
        let others = self.all().iter().filter(|it| **it != new);
        let all: Vec<Household> = others.copied().chain([new]).collect();
        *self = match &all[all.len().saturating_sub(KNOWN_ADDRESSES)..] {
            [one] => KnownAddresses::One(*one),
            several => KnownAddresses::Several(several.into()),
        };
    }

    fn all(&self) -> &[Household] {
        match self {
            KnownAddresses::One(it) => slice::from_ref(it),
            KnownAddresses::Several(all) => all,
        }
    }
}

#[cfg(feature = "cluster")]
impl From<KnownAddresses> for Vec<Household> {
    fn from(it: KnownAddresses) -> Vec<Household> {
        it.all().into()
    }
}

/// Only the last few are taken.
#[cfg(feature = "cluster")]
impl From<Vec<Household>> for KnownAddresses {
    fn from(all: Vec<Household>) -> KnownAddresses {
        match &all[all.len().saturating_sub(KNOWN_ADDRESSES)..] {
            [one] => KnownAddresses::One(*one),
            several => KnownAddresses::Several(several.into()),
        }
    }
}

impl Default for KnownAddresses {
    fn default() -> KnownAddresses {
        KnownAddresses::Several(Box::default())
    }
}

impl FromIterator<IpAddr> for KnownAddresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(all: I) -> KnownAddresses {
        let mut known = KnownAddresses::default();
        all.into_iter().for_each(|it| known.note(it));
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(all: &[&str]) -> KnownAddresses {
        all.iter().map(|it| it.parse::<IpAddr>().unwrap()).collect()
    }

    fn knows(known: &KnownAddresses, address: &str) -> bool {
        known.contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_of_ipv6_is_one_household_and_so_is_an_address_of_ipv4() {
        let some = known(&["192.0.2.1", "2001:db8::1"]);
        assert!(knows(&some, "2001:db8::ffff:2") && knows(&some, "::ffff:192.0.2.1"));
        for other in ["192.0.2.2", "2001:db8:0:1::1", "::1", "0:1:c000:0202::"] {
            assert!(!knows(&some, other), "{other}");
        }
    }

    #[test]
    fn the_oldest_is_forgotten_and_one_alone_takes_no_memory() {
        let mut some = KnownAddresses::default();
        assert!(!knows(&some, "10.0.0.0"));
        for last in 0..=KNOWN_ADDRESSES as u8 {
            some.note(IpAddr::from([10, 0, 0, last]));
            some.note(IpAddr::from([10, 0, 0, last]));
            assert_eq!(matches!(some, KnownAddresses::One(_)), last == 0);
        }
        assert!(!knows(&some, "10.0.0.0") && knows(&some, "10.0.0.1"));
        assert_eq!(some.all().len(), KNOWN_ADDRESSES);
        some.note(IpAddr::from([10, 0, 0, 1]));
        some.note(IpAddr::from([10, 0, 0, 99]));
        assert!(knows(&some, "10.0.0.1") && !knows(&some, "10.0.0.2"));
        assert_eq!(size_of::<KnownAddresses>(), 16);
    }
}
