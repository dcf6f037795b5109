//! The words of answers about what was said before.

use bytes::BytesMut;

use crate::message::AboutPast;
use crate::moment::{Civil, Format};

use super::{header, line};

pub(super) fn render(about: &AboutPast, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutPast::Earlier(count) => {
            let lines = match count {
                1 => "1 earlier message".into(),
                count => format!("{count} earlier messages"),
            };
            return header(out, &lines, format);
        }
        AboutPast::Found {
            count,
            has_more,
            words,
        } => found(*count, *has_more, words),
        AboutPast::More => "-- /more shows older ones --".into(),
        AboutPast::FurtherBack => {
            "You ignore the people who spoke last. Type /more to look further back.".into()
        }
        AboutPast::NothingMore => {
            "There is nothing more to show. /more goes on behind /history and /search.".into()
        }
        AboutPast::NothingEarlier => "Nothing was said in this room before that.".into(),
        AboutPast::Here(name) => format!("{name} is here now."),
        AboutPast::Seen(None) => "Nobody of that name was here.".into(),
        AboutPast::Seen(Some(seen)) => {
            let time = Civil::at(seen.at.div_euclid(1000), format.offset);
            let (name, zone) = (&seen.name, format.offset);
            format!("{name} was last here on {time} ({zone}).")
        }
        AboutPast::NoQuery(why) => why.to_string(),
        AboutPast::TooMuch => "That is too much to search. Be more precise.".into(),
        AboutPast::TooManySearches(seconds) => {
            format!("Too many searches. Try again in {seconds} s.")
        }
        AboutPast::Behind => "What was said last is not on the disk yet. Try again later.".into(),
        AboutPast::NothingKept => {
            "Nothing is kept here: the server was started without --data.".into()
        }
    };
    line(out, &[&words]);
}

/// The header over the lines that a search found, or the sentence that there are none.
fn found(count: usize, has_more: bool, words: &str) -> String {
    let with = match words {
        "" => String::new(),
        words => format!(" with \"{}\"", words.replace('"', "")),
    };
    match (count, has_more) {
        (0, _) => format!("There are no lines{with}."),
        (count, true) => format!("-- {count} of many lines{with} --"),
        (1, false) => format!("-- 1 line{with} --"),
        (count, false) => format!("-- {count} lines{with} --"),
    }
}
