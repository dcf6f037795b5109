//! The words of answers about being away.

use std::sync::Arc;

use bytes::BytesMut;

use crate::limits::AWAY_CHARS;
use crate::message::AboutAway;
use crate::moment::Format;
use crate::name::Username;

use super::{header, line, names};

pub(super) fn render(about: &AboutAway, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutAway::Away(name, text) => sentence(name, text),
        AboutAway::SeveralAway { names, more } => several(names, *more),
        AboutAway::AwaySet => "You are away. Type /back when you return.".into(),
        AboutAway::AwayTooLong => {
            format!("An away message has at most {AWAY_CHARS} characters. Not set.")
        }
        AboutAway::Back { missed: 0, .. } => "You are back. You missed nothing.".into(),
        AboutAway::Back { shown, missed } => {
            let lines = match missed {
                1 => "1 message you missed".into(),
                missed if shown < missed => {
                    format!("last {shown} of the {missed} messages you missed")
                }
                missed => format!("{missed} messages you missed"),
            };
            return header(out, &lines, format);
        }
        AboutAway::NotAway => "You were not away.".into(),
    };
    line(out, &[&words]);
}

/// A sentence that somebody is away, with their reason if they gave one.
pub(super) fn sentence(name: &Username, text: &Option<Arc<str>>) -> String {
    match text {
        Some(text) => format!("{name} is away: {text}"),
        None => format!("{name} is away."),
    }
}

/// `Ann and Bob are away.`, `Ann, Bob and 298 others are away.`
fn several(absent: &[Username], more: usize) -> String {
    let mut entries: Vec<String> = absent.iter().map(Username::to_string).collect();
    if more > 0 {
        entries.push(format!("{more} others"));
    }
    format!("{} are away.", names(entries))
}
