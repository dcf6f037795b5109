//! The words of answers about people.

use bytes::BytesMut;

use crate::message::{AboutPeople, Whois};
use crate::moment::{Civil, Format};

use super::{away, line};

pub(super) fn render(about: &AboutPeople, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutPeople::Whois(whois) => return tell_of(out, whois, format),
        AboutPeople::Nobody {
            typed,
            meant: Some(meant),
        } => format!("Nobody here is called {typed}. Did you mean {meant}?"),
        AboutPeople::Nobody { typed, meant: None } => format!("Nobody here is called {typed}."),
        AboutPeople::Yourself => "That's you.".into(),
        AboutPeople::NamedSoAlready => "That is already your name.".into(),
        AboutPeople::NotTaken(name) => format!("{name} is ignoring you. Not sent."),
        AboutPeople::NothingToReplyTo => {
            "Nobody has written to you privately. Type /msg NAME TEXT to write first.".into()
        }
        AboutPeople::Gone(name) => format!("{name} has left. Not sent."),
        AboutPeople::LinkLost(name) => {
            format!("{name}'s link is lost; they read it when it is back.")
        }
        AboutPeople::TooManyWait(name) => {
            format!("{name}'s link is lost, and too many messages wait. Not sent.")
        }
        AboutPeople::NotRead(name, text) => format!("{name} has left and did not read: {text}"),
        AboutPeople::JustLeft => "They have just left. Nothing was sent or changed.".into(),
    };
    line(out, &[&words]);
}

fn tell_of(out: &mut BytesMut, whois: &Whois, format: Format) {
    let Whois {
        presence,
        room,
        since,
        away,
    } = whois;
    let place = match room {
        Some(room) => format!("in {room}"),
        None => "here".into(),
    };
    let since = Civil::at(*since, format.offset);
    let idle = match idle(presence.idle) {
        Some(idle) => format!(", idle {idle}"),
        None => String::new(),
    };
    let name = presence.name.as_str();
    let offset = format.offset;
    line(
        out,
        &[
            name,
            &format!(" is {place}, online since {since} ({offset}){idle}."),
        ],
    );
    if presence.lost {
        line(out, &[name, "'s link is lost."]);
    }
    if presence.away {
        line(out, &[&away::sentence(&presence.name, away)]);
    }
}

/// How long someone has been idle, once it is worth mentioning.
pub(super) fn idle(seconds: u32) -> Option<String> {
    const MINUTE: u32 = 60;
    const HOUR: u32 = 60 * MINUTE;
    const DAY: u32 = 24 * HOUR;
    match seconds {
        0..MINUTE => None,
        MINUTE..HOUR => Some(format!("{} min", seconds / MINUTE)),
        HOUR..DAY => Some(format!("{} h", seconds / HOUR)),
        _ => Some(format!("{} d", seconds / DAY)),
    }
}
