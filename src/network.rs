//! `Networks`: addresses that an operator names by their common beginning.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// All addresses with a common beginning, such as 10.0.0.0/8 or 2001:db8::/32 (CIDR, RFC 4632 §3.1, RFC 4291 §2.3). The
/// bits behind the beginning are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "cluster", serde(try_from = "String", into = "String"))]
pub struct Network {
    first: IpAddr,
    /// The length of the beginning, in bits.
    prefix: u8,
}

/// Why a text is not a [`Network`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidNetwork {
    /// It is not an address with, or without, a slash and a number of bits that the address has.
    Form,
    /// The address has bits behind the common beginning. This network may be meant.
    Address(Network),
}

impl Network {
    /// The addresses whose first `prefix` bits are those of `first`. An IPv4 address in the form of IPv6 counts as IPv4.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] if the address has fewer bits, or others behind these that are not zero.
    pub fn new(first: IpAddr, prefix: u8) -> Result<Network, InvalidNetwork> {
        let (first, prefix) = match (first.to_canonical(), prefix.checked_sub(96)) {
            (v4 @ IpAddr::V4(_), Some(prefix)) if first.is_ipv6() => (v4, prefix),
            _ => (first, prefix),
        };
        if prefix > bits(first) {
            return Err(InvalidNetwork::Form);
        }
        let network = Network {
            first: beginning(first, prefix),
            prefix,
        };
        match network.first == first {
            true => Ok(network),
            false => Err(InvalidNetwork::Address(network)),
        }
    }

    /// The addresses that are one subscriber's: an IPv4 address alone, or the /64 of an IPv6 address.
    pub(crate) fn of_subscriber(ip: IpAddr) -> Network {
        Network::around(ip, 64)
    }

    /// The addresses that have their first bits in common with one.
    pub(crate) fn around(ip: IpAddr, prefix: u8) -> Network {
        let ip = ip.to_canonical();
        let prefix = prefix.min(bits(ip));
        Network {
            first: beginning(ip, prefix),
            prefix,
        }
    }

    /// Whether its addresses are of IPv4, and how many bits they have in common.
    pub(crate) fn length(&self) -> (bool, u8) {
        (self.first.is_ipv4(), self.prefix)
    }

    /// Whether an address is one of both.
    pub(crate) fn overlaps(&self, other: &Network) -> bool {
        self.contains(other.first) || other.contains(self.first)
    }

    /// Whether an address is one of them.
    pub fn contains(&self, ip: IpAddr) -> bool {
        ip.is_ipv4() == self.first.is_ipv4() && beginning(ip, self.prefix) == self.first
    }
}

/// What counts as one address: one network of IPv6 is commonly one household or one machine, which can take any address
/// in it, so all of a /64 are one.
pub(crate) fn household(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        v6 @ IpAddr::V6(_) => beginning(v6, 64),
    }
}

fn bits(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address with zeros behind its first bits.
fn beginning(ip: IpAddr, prefix: u8) -> IpAddr {
    let behind = u32::from(bits(ip).saturating_sub(prefix));
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(behind).unwrap_or_default();
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(behind).unwrap_or_default();
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    /// Reads `ADDRESS/BITS`, or an address, which stands for itself alone.
    fn from_str(text: &str) -> Result<Network, InvalidNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().map_err(|_| InvalidNetwork::Form)?;
        let prefix = match prefix {
            Some(prefix) if prefix.starts_with('+') => return Err(InvalidNetwork::Form),
            Some(prefix) => prefix.parse().map_err(|_| InvalidNetwork::Form)?,
            None => bits(first),
        };
        Network::new(first, prefix)
    }
}

#[cfg(feature = "cluster")]
impl From<Network> for String {
    fn from(it: Network) -> String {
        it.to_string()
    }
}

#[cfg(feature = "cluster")]
impl TryFrom<String> for Network {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Network, &'static str> {
        text.parse().map_err(|_| "no network")
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

/// Any number of networks.
///
/// ```
/// use chinwag::Networks;
///
/// let networks: Networks = "10.0.0.0/8, ::1".parse()?;
/// assert!(networks.contains("10.1.2.3".parse().unwrap()));
/// # Ok::<(), chinwag::InvalidNetwork>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// Whether an address is in one of them.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }

    /// Whether one of them has an address in common with this network.
    pub(crate) fn overlap(&self, network: &Network) -> bool {
        self.0.iter().any(|it| it.overlaps(network))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Network> for Networks {
    fn from_iter<T: IntoIterator<Item = Network>>(networks: T) -> Networks {
        Networks(networks.into_iter().collect())
    }
}

impl FromStr for Networks {
    type Err = InvalidNetwork;

    /// Reads networks with commas between them, and space around each.
    fn from_str(text: &str) -> Result<Networks, InvalidNetwork> {
        let each = text.split(',').map(str::trim);
        each.filter(|it| !it.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, network) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{network}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, within, without) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("0.0.0.0/0", "255.255.255.255", "::"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::1", "::1", "::2"),
            ("fe80::/10", "febf::1", "fec0::1"),
            ("::/0", "ffff::", "0.0.0.0"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"),
        ] {
            let read: Network = network.parse().expect(network);
            let has = |ip: &str| read.contains(ip.parse().expect("an address"));
            assert!(has(within) && !has(without), "{network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "/8",
            "10",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/256",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "::/129",
            "::1:",
            "localhost",
            "10.0.0.0:80",
            " 10.0.0.0/8",
            "fe80::1%eth0",
            "*",
        ] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork::Form), "{text}");
        }
        for (text, meant) in [
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("192.0.2.7/0", "0.0.0.0/0"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("::ffff:10.0.0.1/104", "10.0.0.0/8"),
        ] {
            let Err(InvalidNetwork::Address(network)) = text.parse::<Network>() else {
                panic!("{text}");
            };
            assert_eq!(network.to_string(), meant);
        }
    }

    #[test]
    fn networks_overlap_if_one_has_the_beginning_of_the_other() {
        let read = |text: &str| text.parse::<Network>().expect(text);
        for (one, other, do_overlap) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.0.0.0/8", "10.0.0.0/8", true),
            ("10.0.0.0/8", "11.0.0.0/8", false),
            ("0.0.0.0/0", "127.0.0.0/8", true),
            ("::/0", "127.0.0.0/8", false),
        ] {
            let (one, other) = (read(one), read(other));
            assert_eq!(one.overlaps(&other), do_overlap, "{one} {other}");
            assert_eq!(other.overlaps(&one), do_overlap, "{other} {one}");
        }
        for (ip, network) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ] {
            let ip = ip.parse().expect(ip);
            assert_eq!(Network::of_subscriber(ip).to_string(), network);
        }
    }

    #[test]
    fn networks_stand_with_commas_between_them() {
        let networks: Networks = " 10.0.0.0/8,::1 , ,".parse().expect("two networks");
        assert_eq!(networks.to_string(), "10.0.0.0/8, ::1/128");
        let has = |ip: &str| networks.contains(ip.parse().expect("an address"));
        assert!(has("10.0.0.1") && has("::1") && !has("127.0.0.1"));
        assert_eq!("".parse(), Ok(Networks::default()));
        assert!(!Networks::default().contains(IpAddr::from([127, 0, 0, 1])));
        assert!("10.0.0.0/8, x".parse::<Networks>().is_err());
    }
}
