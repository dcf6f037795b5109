//! `Browsers`: the addresses from which a browser has sent a request just now.
//!
//! A browser opens a second connection beside the one that it uses, stays silent on it, and may send a later request there.
//! If the server greeted that connection, the request would fail. So silent connections from these addresses are not
//! greeted.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::limits::{BROWSER_TIME, BROWSERS};

use crate::network::household;

#[derive(Debug, Default)]
pub(super) struct Browsers {
    /// When the last request came.
    seen: BTreeMap<IpAddr, Instant>,
}

impl Browsers {
    /// A browser at this address has sent a request. If too many others have, this one is not noted, and its second
    /// connection is greeted.
    pub(super) fn note(&mut self, ip: IpAddr, now: Instant) {
        if self.seen.len() >= BROWSERS {
            self.seen.retain(|_, at| is_recent(*at, now));
        }
        if self.seen.len() < BROWSERS {
            self.seen.insert(household(ip), now);
        }
    }

    /// Whether a connection accepted from this address at that time may be the second one of a browser.
    pub(super) fn may_be_one(&self, ip: IpAddr, accepted: Instant) -> bool {
        let seen = self.seen.get(&household(ip));
        seen.is_some_and(|at| is_recent(*at, accepted))
    }
}

/// Whether the request came at most so long before that, or at any time after it.
fn is_recent(request: Instant, accepted: Instant) -> bool {
    accepted.saturating_duration_since(request) <= BROWSER_TIME
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_connection_soon_behind_a_request_may_be_a_second_one() {
        let mut browsers = Browsers::default();
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let now = Instant::now();
        browsers.note(ip("2001:db8::1"), now);
        for (from, later, may_be) in [
            ("2001:db8::2", Duration::ZERO, true),
            ("2001:db8::1", BROWSER_TIME, true),
            (
                "2001:db8::1",
                BROWSER_TIME + Duration::from_millis(1),
                false,
            ),
            ("192.0.2.1", Duration::ZERO, false),
        ] {
            assert_eq!(browsers.may_be_one(ip(from), now + later), may_be, "{from}");
        }
        assert!(browsers.may_be_one(ip("2001:db8::1"), now - Duration::from_secs(1)));
    }

    #[test]
    fn only_so_many_are_known_at_a_time() {
        let mut browsers = Browsers::default();
        let now = Instant::now();
        let ip = |i: u32| IpAddr::from(i.to_be_bytes());
        (0..BROWSERS as u32 + 5).for_each(|i| browsers.note(ip(i), now));
        assert_eq!(browsers.seen.len(), BROWSERS);
        assert!(!browsers.may_be_one(ip(BROWSERS as u32), now));
        let later = now + 2 * BROWSER_TIME;
        browsers.note(ip(BROWSERS as u32), later);
        assert_eq!(browsers.seen.len(), 1);
    }
}
