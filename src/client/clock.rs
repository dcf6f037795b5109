//! `Clock`: the times before lines, in the zone of the person. Each object of the server has its time; this file makes text
//! of it. `/time` is the person's own business, and the server learns nothing of it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::limits::ZONE_BYTES;
use crate::moment::{Offset, Stamp};

/// Which clock is read.
#[derive(Debug, Clone)]
enum Zone {
    /// That of this machine.
    Local,
    Fixed(Offset),
    Named(TimeZone),
}

/// How a person reads times.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    stamp: Stamp,
    zone: Zone,
}

impl Clock {
    /// Local times, shown if that is wanted.
    pub(super) fn new(is_shown: bool) -> Clock {
        Clock {
            stamp: if is_shown { Stamp::Clock } else { Stamp::Off },
            zone: Zone::Local,
        }
    }

    /// Does what the text behind `/time` asks for, and returns the answer.
    pub(super) fn set(&mut self, args: &str) -> String {
        let (word, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
        let (stamp, zone) = match word.to_ascii_lowercase().as_str() {
            "" => return self.told(),
            "off" => (Stamp::Off, rest),
            "on" => (Stamp::Clock, rest),
            "full" => (Stamp::Full, rest),
            // A person who names only a zone wants to see its time.
            _ if self.stamp == Stamp::Off => (Stamp::Clock, args),
            _ => (self.stamp, args),
        };
        match zone.trim() {
            "" => {}
            zone => match Zone::parse(zone) {
                Some(zone) => self.zone = zone,
                None => {
                    let typed: String = zone.chars().take(ZONE_BYTES).collect();
                    return format!(
                        "There is no time zone {typed}. Type one such as +2, +05:45, UTC or Europe/Berlin."
                    );
                }
            },
        }
        self.stamp = stamp;
        self.told()
    }

    fn told(&self) -> String {
        let zone = match &self.zone {
            Zone::Local => "local time".into(),
            Zone::Fixed(offset) => offset.to_string(),
            Zone::Named(zone) => zone.iana_name().unwrap_or("?").into(),
        };
        match self.stamp {
            Stamp::Off => "Timestamps are off.".into(),
            Stamp::Clock => format!("Timestamps are on ({zone})."),
            Stamp::Full => format!("Timestamps are on, with the date ({zone})."),
        }
    }

    /// The text before a line of this time, in milliseconds since 1970-01-01 00:00 UTC. What is told again has its date.
    pub(super) fn stamp(&self, at: Option<i64>, past: bool) -> String {
        let form = match (self.stamp, past) {
            (Stamp::Off, false) => return String::new(),
            (Stamp::Clock, false) => "%H:%M",
            (Stamp::Full, false) => "%Y-%m-%d %H:%M:%S",
            (_, true) => "%Y-%m-%d %H:%M",
        };
        let at = at.and_then(|it| Timestamp::from_millisecond(it).ok());
        let at = at.unwrap_or_else(Timestamp::now);
        at.to_zoned(self.zone()).strftime(form).to_string()
    }

    /// The text before a line of the client itself.
    pub(super) fn now(&self) -> String {
        self.stamp(None, false)
    }

    fn zone(&self) -> TimeZone {
        match &self.zone {
            Zone::Local => TimeZone::system(),
            Zone::Fixed(offset) => {
                let seconds = i32::try_from(offset.seconds()).unwrap_or(0);
                let offset = jiff::tz::Offset::from_seconds(seconds);
                TimeZone::fixed(offset.unwrap_or(jiff::tz::Offset::UTC))
            }
            Zone::Named(zone) => zone.clone(),
        }
    }
}

impl Zone {
    fn parse(typed: &str) -> Option<Zone> {
        if let Some(offset) = Offset::parse(typed) {
            return Some(Zone::Fixed(offset));
        }
        let is_short = typed.len() <= ZONE_BYTES;
        let named = is_short.then(|| TimeZone::get(typed).ok()).flatten();
        named.map(Zone::Named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Option<i64> = Some(1_795_276_799_007);

    #[test]
    fn times_are_shown_as_they_are_asked_for() {
        let mut clock = Clock::new(false);
        assert_eq!(clock.set(""), "Timestamps are off.");
        assert_eq!(clock.stamp(AT, false), "");
        for (args, answer, stamp) in [
            ("on UTC", "Timestamps are on (UTC).", "15:59"),
            ("+2", "Timestamps are on (+02:00).", "17:59"),
            (
                "FULL +05:45",
                "Timestamps are on, with the date (+05:45).",
                "2026-11-21 21:44:59",
            ),
            (
                "-1",
                "Timestamps are on, with the date (-01:00).",
                "2026-11-21 14:59:59",
            ),
            ("on", "Timestamps are on (-01:00).", "14:59"),
            ("", "Timestamps are on (-01:00).", "14:59"),
            ("off", "Timestamps are off.", ""),
        ] {
            assert_eq!(clock.set(args), answer);
            assert_eq!(clock.stamp(AT, false), stamp, "{args}");
            assert_eq!(clock.stamp(AT, true).len(), "2026-11-21 14:59".len());
        }
        assert_eq!(clock.stamp(AT, true), "2026-11-21 14:59");
        assert!(Clock::new(true).set("").ends_with("(local time)."));
    }

    #[test]
    fn a_zone_that_there_is_not_changes_nothing() {
        let mut clock = Clock::new(false);
        for typed in ["on Berlin-by-the-sea", "../../etc/passwd", "x y"] {
            assert!(clock.set(typed).starts_with("There is no time zone "));
        }
        let long = "x".repeat(10_000);
        assert!(clock.set(&long).len() < 200);
        assert_eq!(clock.set(""), "Timestamps are off.");
    }

    #[test]
    fn no_time_is_too_far_away() {
        let mut clock = Clock::new(true);
        clock.set("+14");
        for at in [i64::MIN, -1, i64::MAX] {
            assert!(!clock.stamp(Some(at), true).is_empty());
        }
    }
}
