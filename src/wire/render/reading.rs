//! The words of answers about what a person reads, and how.

use bytes::BytesMut;

use crate::message::AboutReading;
use crate::moment::{Format, Stamp};

use super::{header, line};

pub(super) fn render(about: &AboutReading, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutReading::History(lines) => {
            let lines = match lines {
                1 => "last message".into(),
                lines => format!("last {lines} messages"),
            };
            return header(out, &lines, format);
        }
        AboutReading::TimeSet(format) => match format.stamp {
            Stamp::Off => "Timestamps are off.".into(),
            Stamp::Clock => format!("Timestamps are on ({}).", format.offset),
            Stamp::Full => format!("Timestamps are on, with the date ({}).", format.offset),
        },
        AboutReading::NoZone { typed, by_name } => {
            let named = if *by_name {
                ", UTC or Europe/Berlin"
            } else {
                " or UTC"
            };
            format!("There is no time zone {typed}. Type one such as +2, +05:45{named}.")
        }
        AboutReading::QuietSet(true) => "Join and leave notices are off.".into(),
        AboutReading::QuietSet(false) => "Join and leave notices are on.".into(),
        AboutReading::NoHistory => "This room has no history yet.".into(),
        AboutReading::End => "-- end --".into(),
    };
    line(out, &[&words]);
}
