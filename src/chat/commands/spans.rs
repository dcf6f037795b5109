//! Times and reasons, as they are typed behind a command.

use std::sync::Arc;
use std::time::Duration;

use crate::limits::order::{REASON_CHARS, SANCTION_TIME, SANCTION_TIME_MOST};
use crate::message::AboutOrder;

use super::shorten;

/// The first word of a text, and what follows it.
pub(super) fn first(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}

/// For how long something is to last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Span {
    Time(Duration),
    Forever,
}

/// The time that a word means, if it begins like one.
pub(super) fn span(word: &str) -> Option<Result<Span, ()>> {
    if word.eq_ignore_ascii_case("forever") {
        return Some(Ok(Span::Forever));
    }
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (number, unit) = word.split_at(word.trim_end_matches(|c: char| !c.is_ascii_digit()).len());
    let unit = match unit.to_ascii_lowercase().as_str() {
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return Some(Err(())),
    };
    let seconds = number.parse::<u32>().map(|it| u64::from(it) * unit);
    let time = seconds.map(Duration::from_secs).ok();
    let time = time.filter(|it| !it.is_zero() && *it <= SANCTION_TIME_MOST);
    Some(time.map(Span::Time).ok_or(()))
}

/// A time and a reason, both of which may be left out.
pub(super) fn span_and_reason(text: &str) -> Result<(Span, Option<Arc<str>>), AboutOrder> {
    let (word, rest) = first(text);
    match span(word) {
        Some(Err(())) => Err(AboutOrder::NoTime(shorten(word))),
        Some(Ok(span)) => Ok((span, reason(rest)?)),
        None => Ok((Span::Time(SANCTION_TIME), reason(text)?)),
    }
}

pub(super) fn reason(text: &str) -> Result<Option<Arc<str>>, AboutOrder> {
    match text.chars().count() {
        0 => Ok(None),
        1..=REASON_CHARS => Ok(Some(text.into())),
        _ => Err(AboutOrder::TooLong(REASON_CHARS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        let seconds = |it| Some(Ok(Span::Time(Duration::from_secs(it))));
        for (text, expected) in [
            ("30m", seconds(1800)),
            ("12H", seconds(43_200)),
            ("7d", seconds(604_800)),
            ("forever", Some(Ok(Span::Forever))),
            ("spam", None),
            ("", None),
            ("m", None),
            ("0m", Some(Err(()))),
            ("10", Some(Err(()))),
            ("10x", Some(Err(()))),
            ("1h30m", Some(Err(()))),
            ("99999d", Some(Err(()))),
            ("99999999999d", Some(Err(()))),
            ("3rd", Some(Err(()))),
            ("5é", Some(Err(()))),
        ] {
            assert_eq!(span(text), expected, "{text}");
        }
    }

    #[test]
    fn a_reason_follows_the_time_or_stands_alone() {
        let day = Span::Time(SANCTION_TIME);
        let hour = Span::Time(Duration::from_secs(3600));
        for (text, expected) in [
            ("", (day, None)),
            ("spam", (day, Some("spam"))),
            ("1h", (hour, None)),
            ("1h  much spam", (hour, Some("much spam"))),
            ("forever spam", (Span::Forever, Some("spam"))),
        ] {
            let (span, reason) = span_and_reason(text).unwrap();
            assert_eq!((span, reason.as_deref()), expected, "{text}");
        }
        let long = "ß".repeat(REASON_CHARS + 1);
        assert_eq!(
            span_and_reason(&long),
            Err(AboutOrder::TooLong(REASON_CHARS))
        );
    }
}
