//! `Addresses`: how many connections each address holds, if that is limited; and `Traffic`: how much each has sent
//! recently. They know no sockets.
//!
//! One network of IPv6 is commonly one household or one machine, which can take any address in it. So all of a /64
//! count as one address. An IPv4 address counts as itself; the listener has already converted one that came by IPv6.
//!
//! Invariants: an address is listed in `Addresses` exactly as long as it holds a connection; `Traffic` lists at most
//! [`RATED_ADDRESSES`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::limits::RATED_ADDRESSES;
use crate::network::household;
use crate::rate::{Bucket, Rate};

/// Connections by address. It is a tree, because trees give memory back when a rush of newcomers is over.
#[derive(Debug)]
pub(super) struct Addresses {
    most: usize,
    held: BTreeMap<IpAddr, usize>,
}

impl Addresses {
    /// Limits each address to this many connections.
    pub(super) fn new(most: usize) -> Addresses {
        let held = BTreeMap::new();
        Addresses { most, held }
    }

    /// Whether the address holds as many as it may.
    pub(super) fn has_all_of(&self, ip: IpAddr) -> bool {
        let held = self.held.get(&household(ip));
        held.is_some_and(|&held| held >= self.most)
    }

    /// Counts one more connection of the address.
    pub(super) fn add(&mut self, ip: IpAddr) {
        *self.held.entry(household(ip)).or_default() += 1;
    }

    /// Counts one connection less.
    pub(super) fn remove(&mut self, ip: IpAddr) {
        let ip = household(ip);
        let Some(held) = self.held.get_mut(&ip) else {
            return debug_assert!(false, "{ip} holds nothing");
        };
        *held -= 1;
        if *held == 0 {
            self.held.remove(&ip);
        }
    }

    /// The number of connections of all addresses.
    pub(super) fn sum(&self) -> usize {
        self.held.values().sum()
    }
}

/// How much has come from each address, whoever sent it. So reconnecting does not let anybody send faster.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// The addresses that have sent something recently.
    buckets: BTreeMap<IpAddr, Bucket>,
    /// The number of addresses at which to look next for ones to forget.
    forget_at: usize,
}

impl Traffic {
    /// Counts lines that came from the address, and their bytes together.
    pub(super) fn charge(
        &mut self,
        ip: IpAddr,
        now: Duration,
        rate: Rate,
        lines: usize,
        bytes: usize,
    ) {
        if self.buckets.len() >= self.forget_at {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            self.forget_at = 2 * self.buckets.len() + 64;
        }
        let has_room = self.buckets.len() < RATED_ADDRESSES;
        let ip = household(ip);
        if has_room || self.buckets.contains_key(&ip) {
            let bucket = self.buckets.entry(ip).or_insert(Bucket::new(true));
            bucket.is_named = true;
            bucket.take(now, rate, lines, bytes);
        }
    }

    /// When the address may send the next line, if not now.
    pub(super) fn empty_until(&self, ip: IpAddr, now: Duration, rate: Rate) -> Option<Duration> {
        let bucket = self.buckets.get(&household(ip))?;
        bucket.empty_until(now, rate)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

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
    fn an_address_is_remembered_as_long_as_it_has_sent_too_much() {
        let rate = Rate::new(1, 4).unwrap();
        let at = Duration::from_secs;
        let mut traffic = Traffic::default();
        traffic.charge(ip("2001:db8:1:2::1"), at(0), rate, 3, 0);
        traffic.charge(ip("2001:db8:1:2::2"), at(0), rate, 3, 0);
        let until = |traffic: &Traffic, now| traffic.empty_until(ip("2001:db8:1:2::3"), now, rate);
        assert!(until(&traffic, at(1)).is_some_and(|it| it > at(2)));
        assert_eq!(until(&traffic, at(3)), None);
        for i in 0..1000 {
            let other = Ipv6Addr::new(1, 2, 3, i, 0, 0, 0, 0);
            traffic.charge(other.into(), at(100 + u64::from(i)), rate, 1, 0);
        }
        assert!(traffic.buckets.len() <= 64 + 2);
    }

    #[test]
    fn the_addresses_remembered_are_bounded() {
        let mut traffic = Traffic::default();
        let rate = Rate::new(1, 1).unwrap();
        for i in 0..RATED_ADDRESSES as u32 + 10 {
            traffic.charge(Ipv4Addr::from_bits(i).into(), Duration::ZERO, rate, 1, 0);
        }
        assert_eq!(traffic.buckets.len(), RATED_ADDRESSES);
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
