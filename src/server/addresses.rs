//! `Addresses`: how many connections each address holds, where that is limited. It knows no sockets.
//!
//! One network of IPv6 is commonly one household or one machine, which can take any address in it: all of a /64 count as
//! one. An IPv4 address counts as itself; one that came by IPv6 was made one by the listener.
//!
//! Invariant: an address is listed as long as it holds a connection, and no longer.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Connections by address. A tree, since it gives its memory back when a rush of newcomers is over.
#[derive(Debug)]
pub(super) struct Addresses {
    most: usize,
    held: BTreeMap<IpAddr, usize>,
}

impl Addresses {
    /// At most so many connections for each.
    pub(super) fn new(most: usize) -> Addresses {
        let held = BTreeMap::new();
        Addresses { most, held }
    }

    /// Whether the address holds as many as it may.
    pub(super) fn has_all_of(&self, ip: IpAddr) -> bool {
        let held = self.held.get(&counted_as(ip));
        held.is_some_and(|&held| held >= self.most)
    }

    /// The address holds one more.
    pub(super) fn add(&mut self, ip: IpAddr) {
        *self.held.entry(counted_as(ip)).or_default() += 1;
    }

    /// The address holds one less.
    pub(super) fn remove(&mut self, ip: IpAddr) {
        let ip = counted_as(ip);
        let Some(held) = self.held.get_mut(&ip) else {
            return debug_assert!(false, "{ip} holds nothing");
        };
        *held -= 1;
        if *held == 0 {
            self.held.remove(&ip);
        }
    }

    /// How many connections all of them hold.
    pub(super) fn sum(&self) -> usize {
        self.held.values().sum()
    }
}

/// The address that stands for all that count as this one.
fn counted_as(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let mut addresses = Addresses::new(2);
        addresses.add(ip("2001:db8:1:2::1"));
        addresses.add(ip("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(addresses.has_all_of(ip("2001:db8:1:2::7")));
        assert!(!addresses.has_all_of(ip("2001:db8:1:3::1")));
    }

    #[test]
    fn an_address_that_holds_nothing_is_forgotten() {
        let mut addresses = Addresses::new(2);
        for text in ["192.0.2.1", "192.0.2.1", "::1"] {
            addresses.add(ip(text));
        }
        assert_eq!(addresses.sum(), 3);
        addresses.remove(ip("192.0.2.1"));
        assert!(!addresses.has_all_of(ip("192.0.2.1")));
        addresses.remove(ip("192.0.2.1"));
        addresses.remove(ip("::2"));
        assert!(addresses.held.is_empty());
    }
}
