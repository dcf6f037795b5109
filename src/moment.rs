//! `Moment`: a point in time for the chat, and how a person reads it. This file reads no clock.

use std::fmt;
use std::time::Instant;

use crate::limits::OFFSET_MINUTES;

/// Now, on both clocks: the one that only goes forward, for timeouts, and the wall clock, for people.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The clock that only goes forward.
    pub instant: Instant,
    /// Seconds since 1970-01-01 00:00 UTC.
    pub unix: i64,
    /// Milliseconds of the present second.
    pub millis: u16,
}

impl Moment {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub fn unix_millis(&self) -> i64 {
        let seconds = self.unix.saturating_mul(1000);
        seconds.saturating_add(self.millis.into())
    }
}

/// How far a person's wall clock is ahead of UTC: quarters of an hour, as in all time zones today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset(i8);

const QUARTER: i16 = 15;

impl Offset {
    /// Reads `+2`, `+02`, `+0200`, `+2:00` or `+02:00`, and the same with `-`. `UTC` may stand before it, or alone.
    pub fn parse(text: &str) -> Option<Offset> {
        let text = match text.split_at_checked(3) {
            Some((utc, "")) if utc.eq_ignore_ascii_case("utc") => return Some(Offset(0)),
            Some((utc, rest)) if utc.eq_ignore_ascii_case("utc") => rest,
            _ => text,
        };
        let (sign, digits) = match text.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = match digits.split_once(':') {
            Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
            Some(_) => return None,
            None if digits.len() == 4 => digits.split_at_checked(2)?,
            None => (digits, "00"),
        };
        let number = |text: &str| match text.as_bytes() {
            [b'0'..=b'9'] | [b'0'..=b'9', b'0'..=b'9'] => text.parse::<i16>().ok(),
            _ => None,
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let offset = Some(sign * (hours * 60 + minutes)).filter(|_| minutes < 60);
        Offset::from_minutes(offset?.into())
    }

    /// An offset of this many minutes, if there is such a time zone.
    pub fn from_minutes(minutes: i32) -> Option<Offset> {
        let minutes = i16::try_from(minutes).ok()?;
        let exists = minutes % QUARTER == 0 && OFFSET_MINUTES.contains(&minutes);
        let quarters = i8::try_from(minutes / QUARTER).ok()?;
        exists.then_some(Offset(quarters))
    }

    fn minutes(self) -> i16 {
        i16::from(self.0) * QUARTER
    }

    /// The same in seconds.
    pub(crate) fn seconds(self) -> i64 {
        i64::from(self.minutes()) * 60
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("UTC");
        }
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = self.minutes().unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A date and a time of day, by the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// The year, such as 2026.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, 0 to 23.
    pub hour: i64,
    /// The minute, 0 to 59.
    pub minute: i64,
    /// The second, 0 to 59.
    pub second: i64,
}

impl Civil {
    /// The date and time on a person's calendar and clock, this many seconds after 1970-01-01 00:00 UTC.
    pub fn at(unix: i64, offset: Offset) -> Civil {
        /// Days from 0000-03-01 to 1970-01-01.
        const EPOCH: i64 = 719_468;
        const CENTURY: i64 = 36_524;
        let local = unix + offset.seconds();
        let seconds = local.rem_euclid(86_400);
        // Years are counted from March, so that a leap day is the last of its year. The calendar repeats every 400
        // years, which are four centuries and a day.
        let days = local.div_euclid(86_400) + EPOCH;
        let day_of_cycle = days.rem_euclid(4 * CENTURY + 1);
        let century = (day_of_cycle / CENTURY).min(3);
        let day_of_century = day_of_cycle - century * CENTURY;
        let four_years = day_of_century / 1461;
        let day_of_four = day_of_century % 1461;
        let year_of_four = (day_of_four / 365).min(3);
        let day_of_year = day_of_four - year_of_four * 365;
        let cycle = days.div_euclid(4 * CENTURY + 1);
        let march_year = cycle * 400 + century * 100 + four_years * 4 + year_of_four;
        // From March on, the months repeat in groups of five with 153 days.
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let after_december = month_from_march / 10;
        Civil {
            year: march_year + after_december,
            month: month_from_march + 3 - 12 * after_december,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

/// The date and the minute: `2026-11-21 13:05`.
impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil {
            year, month, day, ..
        } = self;
        let Civil { hour, minute, .. } = self;
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}

/// The format of everything that one person reads. People with the same format read the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// What it is made of.
    pub medium: Medium,
    /// What stands before each line.
    pub stamp: Stamp,
    /// The offset of the person's clock.
    pub offset: Offset,
    /// Whether joins and leaves are hidden.
    pub quiet: bool,
}

impl Format {
    /// No stamp, and nothing hidden.
    pub(crate) const PLAIN: Format = Format {
        medium: Medium::Text,
        stamp: Stamp::Off,
        offset: Offset(0),
        quiet: false,
    };

    /// The same without settings that do not show in the lines of a room: without stamps the offset of the clock makes
    /// no difference.
    pub(crate) fn shown(self) -> Format {
        let offset = match self.stamp {
            Stamp::Off => Offset::default(),
            Stamp::Clock | Stamp::Full => self.offset,
        };
        Format { offset, ..self }
    }

    /// Whether a program reads it, and no person.
    pub(crate) fn is_for_programs(self) -> bool {
        self.medium != Medium::Text
    }
}

/// What the messages to somebody are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Medium {
    /// Lines of text, for people.
    #[default]
    Text,
    /// JSON objects, one a line.
    Json,
    /// The same objects, each in a WebSocket frame.
    WebSocket,
}

/// The stamp before each line that someone else caused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stamp {
    /// Nothing.
    #[default]
    Off,
    /// `[13:05]`
    Clock,
    /// `[2026-11-21 13:05:07]`
    Full,
}

impl Stamp {
    /// Its length before a line, in bytes.
    pub(crate) fn len(self) -> usize {
        match self {
            Stamp::Off => 0,
            Stamp::Clock => "[13:05] ".len(),
            Stamp::Full => "[2026-11-21 13:05:07] ".len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(unix: i64, offset: &str) -> String {
        let it = Civil::at(unix, Offset::parse(offset).unwrap());
        format!("{it}:{:02}", it.second)
    }

    #[test]
    fn dates_are_right_around_leap_days_and_centuries() {
        // Figures from GNU date.
        assert_eq!(shown(0, "+00:00"), "1970-01-01 00:00:00");
        assert_eq!(shown(951_782_399, "+00:00"), "2000-02-28 23:59:59");
        assert_eq!(shown(951_782_400, "+00:00"), "2000-02-29 00:00:00");
        assert_eq!(shown(951_868_800, "+00:00"), "2000-03-01 00:00:00");
        assert_eq!(shown(1_709_251_199, "+00:00"), "2024-02-29 23:59:59");
        assert_eq!(shown(1_795_276_799, "+00:00"), "2026-11-21 15:59:59");
        assert_eq!(shown(4_107_542_400, "+00:00"), "2100-03-01 00:00:00");
        assert_eq!(shown(-1, "+00:00"), "1969-12-31 23:59:59");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = Civil::at(-86_400 * 150_000, Offset::default());
        for day in -149_999..150_000 {
            let it = Civil::at(86_400 * day, Offset::default());
            let next_day =
                (it.year, it.month) == (before.year, before.month) && it.day == before.day + 1;
            let next_month = it.day == 1 && before.day >= 28;
            assert!(next_day || next_month, "{before:?} {it:?}");
            before = it;
        }
    }

    #[test]
    fn offsets_are_those_that_exist() {
        assert_eq!(shown(0, "+05:45"), "1970-01-01 05:45:00");
        assert_eq!(shown(0, "-03:30"), "1969-12-31 20:30:00");
        assert_eq!(Offset::parse("-03:30").unwrap().to_string(), "-03:30");
        assert_eq!(Offset::parse("+00:00").unwrap().to_string(), "UTC");
        for text in [
            "+2",
            "+02",
            "+0200",
            "+2:00",
            "+02:00",
            "utc+2",
            "UTC+02:00",
        ] {
            assert_eq!(Offset::parse(text), Offset::from_minutes(120), "{text}");
        }
        assert_eq!(Offset::parse("utc"), Some(Offset::default()));
        assert_eq!(Offset::parse("-0330"), Offset::from_minutes(-210));
        for text in [
            "", "1", "+", "+01:60", "+01:07", "+15:00", "-12:15", "01:00", "+é1:00", "++1:00",
            "+1:0", "+100", "+01000", "+1:", "+:30", "+-2", "utc2", "utc ", "uté", "+2é",
        ] {
            assert_eq!(Offset::parse(text), None, "{text}");
        }
    }
}
