//! The words of answers about order.

use std::sync::Arc;

use bytes::BytesMut;

use crate::account::Rank;
use crate::erasure::messages;
use crate::message::{AboutConnection, AboutOrder, Audit, PersonRow, Report, Retype, Silence, Why};
use crate::moment::{Civil, Format, Medium};
use crate::name::Username;
use crate::sanction::{Sanction, SanctionKind, Target};

use super::rooms::columns;
use super::{header, line};

pub(super) fn render(about: &AboutOrder, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutOrder::Sanctions {
            rows,
            more,
            shows_addresses,
        } => return sanctions(rows, *more, *shows_addresses, format, out),
        AboutOrder::People { rows, more } => return people(rows, *more, format, out),
        AboutOrder::Audited(rows) => return audit(rows, format, out),
        AboutOrder::NotAllowed(_)
        | AboutOrder::NotAnOperator(_)
        | AboutOrder::NoNetwork { .. }
        | AboutOrder::Shared(_)
        | AboutOrder::NoTime(_)
        | AboutOrder::TooLong(_)
        | AboutOrder::TypeAgain(_)
        | AboutOrder::Retype(_)
        | AboutOrder::NameKeptOut(_)
        | AboutOrder::NobodyNew
        | AboutOrder::TooMany
        | AboutOrder::NoSuch(..)
        | AboutOrder::NotLockedDown
        | AboutOrder::WasErased
        | AboutOrder::TooManyReports(_)
        | AboutOrder::ReportsFull => refusal(about),
        AboutOrder::Muted(silence) => muted(silence, "Nobody reads that.", format),
        AboutOrder::Silenced(silence) => muted(silence, "Nobody reads what you say.", format),
        AboutOrder::Kicked(..)
        | AboutOrder::Made(..)
        | AboutOrder::Lifted(_)
        | AboutOrder::Erased { .. }
        | AboutOrder::LockedDown(_)
        | AboutOrder::Opened(_)
        | AboutOrder::StillLockedDown { .. }
        | AboutOrder::Announced(_)
        | AboutOrder::Sent(_)
        | AboutOrder::NotOnDisk
        | AboutOrder::Heard
        | AboutOrder::Reported(_) => happened(about, format),
    };
    line(out, &[&words]);
}

/// The words of a refusal. Others have none here.
fn refusal(about: &AboutOrder) -> String {
    match about {
        AboutOrder::NotAllowed(least) => not_allowed(*least).into(),
        AboutOrder::NotAnOperator(name) => {
            format!("{name} is an operator, and operators do not do that to each other.")
        }
        AboutOrder::NoNetwork { typed, meant } => match meant {
            Some(meant) => format!("{typed} is not a network. Did you mean {meant}?"),
            None => format!("{typed} is not a network. Type it as 192.0.2.0/24 or 2001:db8::/32."),
        },
        AboutOrder::Shared(network) => {
            format!("Many people share addresses of {network}. Type a name instead.")
        }
        AboutOrder::NoTime(typed) => {
            format!("{typed} is not a time. Type it as 30m, 12h, 7d or forever.")
        }
        AboutOrder::TooLong(limit) => format!("That has at most {limit} characters. Shorten it."),
        AboutOrder::TypeAgain(count) => {
            format!("That is {count} people. Type the same line again to do it.")
        }
        AboutOrder::Retype(what) => retype(what),
        AboutOrder::NameKeptOut(name) => {
            format!("A person called {name} was sent away. Choose another name.")
        }
        AboutOrder::NobodyNew => "No guest came in that time. Nobody was sent away.".into(),
        AboutOrder::TooMany => {
            "There are as many bans and mutes as there may be. Lift some first: /bans lists them."
                .into()
        }
        AboutOrder::NoSuch(kind, typed) => {
            format!("There is no {} for {typed}. /bans lists them.", kind.word())
        }
        AboutOrder::WasErased => "That was removed. It is not said again.".into(),
        AboutOrder::NotLockedDown => "Guests may come in already.".into(),
        AboutOrder::TooManyReports(seconds) => {
            let minutes = seconds.div_ceil(60);
            format!("Too many reports. Try again in {minutes} min.")
        }
        AboutOrder::ReportsFull => "Too many reports wait for an operator. Try again later.".into(),
        AboutOrder::Muted(_)
        | AboutOrder::Silenced(_)
        | AboutOrder::Sanctions { .. }
        | AboutOrder::People { .. }
        | AboutOrder::Audited(_)
        | AboutOrder::Kicked(..)
        | AboutOrder::Made(..)
        | AboutOrder::Lifted(_)
        | AboutOrder::Erased { .. }
        | AboutOrder::LockedDown(_)
        | AboutOrder::Opened(_)
        | AboutOrder::StillLockedDown { .. }
        | AboutOrder::Announced(_)
        | AboutOrder::Sent(_)
        | AboutOrder::NotOnDisk
        | AboutOrder::Heard
        | AboutOrder::Reported(_) => String::new(),
    }
}

fn retype(what: &Retype) -> String {
    match what {
        Retype::Time(typed) => {
            format!("{typed} is no time for that. Type 30m, 12h or the like, up to 7d.")
        }
        Retype::List => {
            "Type /people alone, or /people new 30m for the guests of the last 30 minutes; also 12h or 7d."
                .into()
        }
        Retype::Erasure { count, in_file } => {
            let count = messages(*count as u64);
            let file = match in_file {
                true => " in memory, and those in the file",
                false => "",
            };
            format!("That is {count}{file}. Type the same line again to do it.")
        }
    }
}

fn sent(count: usize) -> String {
    match count {
        0 => "No operator is here. They read it when they come in.".into(),
        1 => "An operator reads it now.".into(),
        count => format!("{count} operators read it now."),
    }
}

/// The words of what happened. Others have none here.
fn happened(about: &AboutOrder, format: Format) -> String {
    match about {
        AboutOrder::Kicked(name, 1) => format!("{name} is out for a minute."),
        AboutOrder::Kicked(_, count) => format!("{count} people are out for a minute."),
        AboutOrder::Made(sanction, met) => made(sanction, *met, format),
        AboutOrder::Lifted(all) => lifted(all),
        AboutOrder::Erased { .. } => erased(about),
        AboutOrder::LockedDown(until) => format!(
            "Nobody but members comes in until {}. Guests of the last 10 minutes are silent. /lockdown off ends it.",
            time(*until, format)
        ),
        AboutOrder::Opened(None) => "The lockdown is over. Guests come in again.".into(),
        AboutOrder::Opened(Some(by)) => {
            format!("{by} has ended the lockdown. Guests come in again.")
        }
        AboutOrder::StillLockedDown { until, by: None } => format!(
            "Still nobody but members comes in, until {}. /lockdown off ends it.",
            time(*until, format)
        ),
        AboutOrder::StillLockedDown {
            until,
            by: Some(by),
        } => format!(
            "{by} lets in nobody but members until {}. /lockdown off ends it.",
            time(*until, format)
        ),
        AboutOrder::Announced(1) => "Only you are here to read it.".into(),
        AboutOrder::Announced(count) => format!("{count} people read it."),
        AboutOrder::Sent(count) => sent(*count),
        AboutOrder::NotOnDisk => {
            "It holds, but it is not on the disk yet: after a crash it may be gone.".into()
        }
        AboutOrder::Heard => "You are no longer muted.".into(),
        AboutOrder::Reported(Report { at, by, text }) => {
            format!("-- {by} reported on {}: {text} --", time(*at, format))
        }
        AboutOrder::Muted(_)
        | AboutOrder::Silenced(_)
        | AboutOrder::Sanctions { .. }
        | AboutOrder::People { .. }
        | AboutOrder::Audited(_)
        | AboutOrder::NotAllowed(_)
        | AboutOrder::NotAnOperator(_)
        | AboutOrder::NoNetwork { .. }
        | AboutOrder::Shared(_)
        | AboutOrder::NoTime(_)
        | AboutOrder::TooLong(_)
        | AboutOrder::TypeAgain(_)
        | AboutOrder::Retype(_)
        | AboutOrder::NameKeptOut(_)
        | AboutOrder::NobodyNew
        | AboutOrder::TooMany
        | AboutOrder::NoSuch(..)
        | AboutOrder::NotLockedDown
        | AboutOrder::WasErased
        | AboutOrder::TooManyReports(_)
        | AboutOrder::ReportsFull => String::new(),
    }
}

fn not_allowed(least: Rank) -> &'static str {
    match least {
        Rank::Guest | Rank::Member => {
            "That is for members. Type /register to have your name as your own."
        }
        Rank::Trusted => {
            "Only the owner of this room, and those who keep order in it, may do that."
        }
        Rank::Owner => "Only the owner of this room may do that.",
        Rank::Operator => "Only operators may do that.",
    }
}

/// A time on the reader's clock.
fn time(at: i64, format: Format) -> String {
    let time = Civil::at(at.div_euclid(1000), format.offset);
    format!("{time} ({})", format.offset)
}

/// ` until 2026-11-25 12:00 (UTC)`, or ` for ever`.
fn until(at: Option<i64>, format: Format) -> String {
    match at {
        Some(at) => format!(" until {}", time(at, format)),
        None => " for ever".into(),
    }
}

/// `: spam`, or nothing.
pub(super) fn reason(text: Option<&str>) -> String {
    text.map(|it| format!(": {it}")).unwrap_or_default()
}

/// What somebody reads who is sent away or kept out. Nothing else has words here.
pub(super) fn kept_out(about: &AboutConnection, format: Format) -> String {
    if let AboutConnection::Kicked {
        by,
        reason,
        seconds,
    } = about
    {
        let why = self::reason(reason.as_deref());
        return format!("You were kicked by {by}{why}. Come back in {seconds} s. Goodbye!");
    }
    if let AboutConnection::Banned { until, reason } = about {
        let (until, why) = (self::until(*until, format), self::reason(reason.as_deref()));
        return format!("You are banned{until}{why}. Goodbye!");
    }
    let AboutConnection::LockedDown(until) = about else {
        return String::new();
    };
    format!(
        "This server is for members at the moment{}. Type the name of your account, or come back then.",
        self::until(Some(*until), format)
    )
}

fn muted(silence: &Silence, behind: &str, format: Format) -> String {
    let Silence {
        until: at,
        room,
        why,
    } = silence;
    let room = room.as_ref().map(|it| format!(" in {it}"));
    let why = match why {
        Why::Reason(text) => reason(text.as_deref()),
        Why::Lockdown => ": guests who have just come in are silent for a while".into(),
    };
    let (room, until) = (room.unwrap_or_default(), until(*at, format));
    format!("You are muted{room}{until}{why}. {behind}")
}

/// Whom a sanction meets, in words that say what it goes by.
fn met(it: &Sanction, shows_addresses: bool) -> String {
    let name = it.name.as_ref().map_or("somebody", Username::as_str);
    match &it.target {
        Target::Account(_) => format!("{name} (by account)"),
        Target::Name(of) => format!("{of} (by name)"),
        Target::Network(_) if !shows_addresses => format!("{name} (by address)"),
        Target::Network(network) => {
            let all = if it.is_for_all { " for all" } else { "" };
            match &it.name {
                Some(name) => format!("{name}, {network} (by address){all}"),
                None => format!("{network}{all}"),
            }
        }
    }
}

fn done(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Ban => "banned",
        SanctionKind::Mute => "muted",
    }
}

fn made(it: &Sanction, count: usize, format: Format) -> String {
    let until = until(it.until, format);
    let done = done(it.kind);
    let people = match count {
        0 => "nobody here".into(),
        1 => "1 person here".into(),
        count => format!("{count} people here"),
    };
    let guests = match &it.target {
        Target::Network(_) if !it.is_for_all => " Members are not affected.",
        Target::Network(_) | Target::Account(_) | Target::Name(_) => "",
    };
    format!(
        "{} is {done}{until}. That is {people}.{guests}",
        met(it, true)
    )
}

fn lifted(all: &[Arc<Sanction>]) -> String {
    match all {
        [one] => format!("{} is no longer {}.", met(one, true), done(one.kind)),
        all => format!("{} bans and mutes are lifted.", all.len()),
    }
}

/// What was taken back. Nothing else has words here.
fn erased(about: &AboutOrder) -> String {
    let AboutOrder::Erased {
        whose,
        room,
        count,
        topics,
    } = about
    else {
        return String::new();
    };
    let room = room
        .as_ref()
        .map(|it| format!(" in {it}"))
        .unwrap_or_default();
    let gone = match count {
        0 => format!("No message of {whose}{room} was in memory."),
        1 => format!("1 message of {whose}{room} is gone."),
        count => format!("{count} messages of {whose}{room} are gone."),
    };
    let topics = match topics {
        0 => String::new(),
        1 => " 1 topic is cleared.".into(),
        count => format!(" {count} topics are cleared."),
    };
    format!(
        "{gone}{topics} Nobody reads those in the file any more, and they are being removed from it."
    )
}

fn sanctions(
    rows: &[Arc<Sanction>],
    more: usize,
    shows_addresses: bool,
    format: Format,
    out: &mut BytesMut,
) {
    if rows.is_empty() {
        return line(out, &["Nobody is banned or muted."]);
    }
    for (i, it) in rows.iter().enumerate() {
        let room = it.room.as_ref().map(|it| format!(" in {it}"));
        let words = format!(
            "{}. {} {}{}{} by {}{}",
            i + 1,
            met(it, shows_addresses),
            done(it.kind),
            room.unwrap_or_default(),
            until(it.until, format),
            it.by,
            reason(it.reason.as_deref()),
        );
        line(out, &[&words]);
    }
    not_listed(more, out);
}

fn not_listed(more: usize, out: &mut BytesMut) {
    if more > 0 {
        line(out, &[&format!("and {more} more")]);
    }
}

fn people(rows: &[PersonRow], more: usize, format: Format, out: &mut BytesMut) {
    if rows.is_empty() {
        return line(out, &["No guest came in that time."]);
    }
    let cells = |it: &PersonRow| {
        let medium = match it.medium {
            None => "",
            Some(Medium::Text) => "text",
            Some(Medium::Json) => "program",
            Some(Medium::WebSocket) => "page",
        };
        let tls = match (it.is_tls, medium) {
            (false, _) => "",
            (true, "") => "TLS",
            (true, _) => ", TLS",
        };
        let since = Civil::at(it.since, format.offset);
        [
            it.name.to_string(),
            it.role.into(),
            it.address.to_string(),
            format!("{medium}{tls}"),
            since.to_string(),
            it.server
                .as_ref()
                .map_or(String::new(), |it| format!("on {it}")),
        ]
    };
    let rows: Vec<[String; 6]> = rows.iter().map(cells).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = columns(cell).max(*width);
        }
    }
    header(out, "people who are here", format);
    for row in &rows {
        let mut words = String::new();
        for (width, cell) in widths.iter().zip(row) {
            let padding = " ".repeat(*width - columns(cell));
            words.extend([cell.as_str(), &padding, "  "]);
        }
        line(out, &[words.trim_end()]);
    }
    not_listed(more, out);
}

fn audit(rows: &[Audit], format: Format, out: &mut BytesMut) {
    if rows.is_empty() {
        return line(out, &["Nothing was done to anybody yet."]);
    }
    header(out, "what was done", format);
    for it in rows {
        let time = Civil::at(it.at.div_euclid(1000), format.offset);
        let whom = it.whom.as_ref().map(|it| format!(" {it}"));
        let whom = whom.unwrap_or_default();
        let mut words = format!("[{time}] {}{whom} by {}", it.act, it.by);
        if let Some(network) = &it.network {
            words.extend([", address ", network]);
        }
        if let Some(room) = &it.room {
            words.push_str(&format!(", in {room}"));
        }
        words.push_str(&reason(it.reason.as_deref()));
        line(out, &[&words]);
    }
}
