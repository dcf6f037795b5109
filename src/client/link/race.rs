//! `Race`: which address of a host to try when (RFC 8305, Happy Eyeballs). Attempts begin one after another with little
//! time between them and continue side by side; the first one to connect wins. It knows no socket and no clock.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Time from one attempt to the next while the first is undecided: the Connection Attempt Delay of RFC 8305 §5 and §8.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How long one address may take to accept a connection.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most addresses of one host to try, and so the most attempts side by side. If none of this many answers, we know
/// within 14 s.
pub(super) const ADDRESSES: usize = 16;

/// Attempts to reach one host, each with a socket of its own.
#[derive(Debug)]
pub(super) struct Race<S> {
    /// Addresses not tried yet.
    waiting: VecDeque<SocketAddr>,
    /// Attempts in the order in which they began; the index is the number of the attempt. Failed attempts are gone.
    attempts: Vec<Option<Attempt<S>>>,
    /// When the next attempt may begin.
    next_at: Instant,
    /// The failure to report.
    failure: Option<(SocketAddr, io::Error)>,
}

#[derive(Debug)]
struct Attempt<S> {
    addr: SocketAddr,
    give_up_at: Instant,
    socket: S,
}

impl<S> Race<S> {
    /// A race to these addresses. The preferred ones come first.
    pub(super) fn new(addrs: Vec<SocketAddr>, now: Instant) -> Race<S> {
        Race {
            waiting: interleaved(addrs),
            attempts: Vec::new(),
            next_at: now,
            failure: None,
        }
    }

    /// Gives up attempts that took too long, and begins those that are due. `connect` gets the number of the attempt.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        mut connect: impl FnMut(usize, SocketAddr) -> io::Result<S>,
    ) {
        for number in 0..self.attempts.len() {
            let attempt = self.attempts[number].as_ref();
            if attempt.is_some_and(|attempt| attempt.give_up_at <= now) {
                let seconds = ATTEMPT_TIMEOUT.as_secs();
                let words = format!("no answer within {seconds} s");
                self.fail(number, io::Error::new(ErrorKind::TimedOut, words), now);
            }
        }
        while self.next_at <= now
            && let Some(addr) = self.waiting.pop_front()
        {
            match connect(self.attempts.len(), addr) {
                Ok(socket) => {
                    let give_up_at = now + ATTEMPT_TIMEOUT;
                    self.attempts.push(Some(Attempt {
                        addr,
                        give_up_at,
                        socket,
                    }));
                    self.next_at = now + ATTEMPT_DELAY;
                }
                Err(error) => self.note(addr, error),
            }
        }
    }

    /// The socket of an attempt that is under way.
    pub(super) fn socket(&self, number: usize) -> Option<&S> {
        Some(&self.attempts.get(number)?.as_ref()?.socket)
    }

    /// Ends an attempt that failed. If it is the one that began last, the next need not wait.
    pub(super) fn fail(&mut self, number: usize, error: io::Error, now: Instant) {
        let Some(attempt) = self.take(number) else {
            return;
        };
        self.note(attempt.addr, error);
        if number + 1 == self.attempts.len() {
            self.next_at = self.next_at.min(now);
        }
    }

    /// Takes the socket of the winner. The race closes those of the others.
    pub(super) fn win(mut self, number: usize) -> Option<S> {
        Some(self.take(number)?.socket)
    }

    /// When to call [`advance`](Self::advance) next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let next = (!self.waiting.is_empty()).then_some(self.next_at);
        let attempts = self.attempts.iter().flatten();
        attempts.map(|it| it.give_up_at).chain(next).min()
    }

    /// Whether no address is left.
    pub(super) fn is_lost(&self) -> bool {
        self.waiting.is_empty() && self.attempts.iter().all(Option::is_none)
    }

    /// The address that could not be reached, and the reason.
    pub(super) fn into_failure(self) -> Option<(SocketAddr, io::Error)> {
        self.failure
    }

    fn take(&mut self, number: usize) -> Option<Attempt<S>> {
        self.attempts.get_mut(number)?.take()
    }

    /// Keeps a failure to report, unless the kept one says more. Of equal ones, the last is kept.
    fn note(&mut self, addr: SocketAddr, error: io::Error) {
        let kept = self.failure.as_ref();
        if kept.is_none_or(|(_, kept)| telling(kept) <= telling(&error)) {
            self.failure = Some((addr, error));
        }
    }
}

/// How much an error says about the server: an answer says most, a missing route on this machine least.
fn telling(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => 2,
        ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => 0,
        _ => 1,
    }
}

/// Each address once. The two families alternate, beginning with that of the first (RFC 8305 §4).
fn interleaved(addrs: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let mut families = [Vec::new(), Vec::new()];
    let first = addrs.first().is_some_and(SocketAddr::is_ipv6);
    for addr in addrs {
        let family = &mut families[usize::from(addr.is_ipv6() != first)];
        if family.len() < ADDRESSES && !family.contains(&addr) {
            family.push(addr);
        }
    }
    let [first, second] = families;
    let longer = first.len().max(second.len());
    let turns = (0..longer).flat_map(|turn| [first.get(turn), second.get(turn)]);
    turns.flatten().take(ADDRESSES).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addrs(of: &[&str]) -> Vec<SocketAddr> {
        let of = of.iter();
        of.map(|ip| SocketAddr::new(ip.parse().unwrap(), 8080))
            .collect()
    }

    fn ms(after: u64) -> Duration {
        Duration::from_millis(after)
    }

    /// Begins the attempts that are due, and returns the addresses tried.
    fn begun(race: &mut Race<SocketAddr>, now: Instant) -> Vec<SocketAddr> {
        let mut begun = Vec::new();
        race.advance(now, |_, addr| {
            begun.push(addr);
            Ok(addr)
        });
        begun
    }

    fn refused() -> io::Error {
        ErrorKind::ConnectionRefused.into()
    }

    #[test]
    fn families_take_turns_and_each_address_is_tried_once() {
        let given = addrs(&[
            "::1", "::1", "::2", "::3", "1.1.1.1", "::1", "1.1.1.2", "1.1.1.1",
        ]);
        let order = addrs(&["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]);
        assert_eq!(interleaved(given), order);
        let given = addrs(&["1.1.1.1", "::1", "::2"]);
        assert_eq!(interleaved(given.clone()), given);
        let many = (0..=255).map(|n| SocketAddr::from(([10, 0, 0, n], 1)));
        assert_eq!(interleaved(many.collect()).len(), ADDRESSES);
    }

    #[test]
    fn the_next_begins_after_the_delay_while_the_first_goes_on() {
        let t = Instant::now();
        let all = addrs(&["::1", "1.1.1.1", "::2"]);
        let mut race = Race::new(all.clone(), t);
        assert_eq!(begun(&mut race, t), all[..1]);
        assert_eq!(race.next_timeout(), Some(t + ms(250)));
        assert!(begun(&mut race, t + ms(249)).is_empty());
        assert_eq!(begun(&mut race, t + ms(250)), all[1..2]);
        assert_eq!(race.next_timeout(), Some(t + ms(500)));
        assert_eq!(race.socket(0), Some(&all[0]));
        assert_eq!(race.win(1), Some(all[1]));
    }

    #[test]
    fn the_next_begins_at_once_when_the_one_before_fails() {
        let t = Instant::now();
        let all = addrs(&["::1", "::2", "::3", "::4"]);
        let mut race = Race::new(all.clone(), t);
        begun(&mut race, t);
        race.fail(0, refused(), t + ms(1));
        assert_eq!(race.next_timeout(), Some(t + ms(1)));
        assert_eq!(begun(&mut race, t + ms(1)), all[1..2]);
        assert_eq!(begun(&mut race, t + ms(251)), all[2..3]);
        // If an earlier attempt fails while a later one is under way, the next begins no sooner.
        race.fail(1, refused(), t + ms(260));
        assert_eq!(race.next_timeout(), Some(t + ms(501)));
        assert!(begun(&mut race, t + ms(500)).is_empty());
        // An attempt that cannot even begin takes no time.
        let mut race = Race::new(all.clone(), t);
        let mut tried = 0;
        race.advance(t, |_, _| -> io::Result<SocketAddr> {
            tried += 1;
            Err(refused())
        });
        assert!(tried == all.len() && race.is_lost());
    }

    #[test]
    fn an_attempt_ends_after_its_time_and_the_race_after_the_last() {
        let t = Instant::now();
        let mut race = Race::new(addrs(&["::1", "::2"]), t);
        begun(&mut race, t);
        begun(&mut race, t + ms(250));
        assert_eq!(race.next_timeout(), Some(t + ms(10_000)));
        begun(&mut race, t + ms(10_000));
        assert!(!race.is_lost() && race.socket(0).is_none());
        assert_eq!(race.next_timeout(), Some(t + ms(10_250)));
        begun(&mut race, t + ms(10_250));
        assert!(race.is_lost() && race.next_timeout().is_none());
        let (addr, error) = race.into_failure().unwrap();
        assert_eq!((vec![addr], error.to_string()), {
            (addrs(&["::2"]), "no answer within 10 s".into())
        });
    }

    #[test]
    fn the_failure_that_tells_most_is_told_and_of_equals_the_last() {
        let (refused, silent) = (ErrorKind::ConnectionRefused, ErrorKind::TimedOut);
        let no_way = ErrorKind::NetworkUnreachable;
        for (failures, told) in [
            ([refused, refused], 1),
            ([refused, no_way], 0),
            ([no_way, silent], 1),
            ([refused, silent], 0),
            ([silent, no_way], 0),
        ] {
            let t = Instant::now();
            let all = addrs(&["::1", "::2"]);
            let mut race = Race::new(all.clone(), t);
            for (number, kind) in failures.into_iter().enumerate() {
                begun(&mut race, t);
                race.fail(number, kind.into(), t);
            }
            let (addr, error) = race.into_failure().unwrap();
            assert_eq!((addr, error.kind()), (all[told], failures[told]));
        }
    }
}
