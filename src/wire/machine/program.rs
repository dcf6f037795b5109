//! What programs are told in place of words that people read, as objects.

use bytes::BytesMut;

use crate::account::Accounts;
use crate::limits::USERNAME_CHARS;
use crate::message::{ForProgram, Hello, MisuseCode, Presence, RoomFacts, Welcome};
use crate::name::RoomName;

use super::Context;
use super::answer::refuse;
use super::news;
use super::writer::{self, Writer};

/// The version of the protocol.
const PROTOCOL: u64 = 1;

pub(super) fn render(it: &ForProgram, context: &Context<'_>, out: &mut BytesMut) {
    match it {
        ForProgram::Hello(it) => hello(it, out),
        ForProgram::Welcome(it) => welcome(it, context, out),
        ForProgram::InRoom { room, is_current } => {
            let mut it = context.begin_entry("room", out);
            it.text("room", room.name.name());
            it.flag("current", *is_current);
            facts(room, &mut it);
            it.end();
        }
        ForProgram::OutOf { room, current } => {
            let mut it = context.begin_entry("out", out);
            it.text("room", room.name());
            it.text("current", current.name());
            it.end();
        }
        ForProgram::Lines {
            room,
            lines,
            has_more,
        } => {
            let mut it = context.begin("answer", out);
            match room {
                None => it.text("to", "search"),
                Some(room) => {
                    it.text("to", "history");
                    it.text("room", room.name());
                }
            }
            it.array("lines", lines, |out, past| news::line(past, out));
            it.flag("more", *has_more);
            it.end();
        }
        ForProgram::Skipped { room, count } => skipped(room.as_ref(), *count, context, out),
        ForProgram::CaughtUp(seq) => position(context.begin("caught-up", out), *seq),
        ForProgram::Pong(seq) => position(context.begin("pong", out), *seq),
        ForProgram::LogInFirst => {
            let text = "Come in first: {\"op\":\"login\",\"name\":\"NAME\"}.";
            refuse("not-allowed", text, context, out);
        }
        ForProgram::InAlready => {
            let text = "You are in already. Change your name with the command /nick NAME.";
            refuse("not-allowed", text, context, out);
        }
        ForProgram::Misused(misuse) => {
            let mut it = context.begin("error", out);
            it.text("code", code(misuse.code));
            it.text("text", &misuse.sentence);
            it.end();
        }
    }
}

/// An object that only tells how far the journal is.
fn position(mut it: Writer<'_>, seq: u64) {
    it.number("seq", seq);
    it.end();
}

fn skipped(room: Option<&RoomName>, count: Option<u64>, context: &Context<'_>, out: &mut BytesMut) {
    let mut it = context.begin("skipped", out);
    it.text_or_null("room", room.map(RoomName::name));
    match count {
        Some(count) => it.number("count", count),
        None => it.raw("count", "null"),
    }
    it.end();
}

fn code(code: MisuseCode) -> &'static str {
    match code {
        MisuseCode::Json => "json",
        MisuseCode::Op => "op",
        MisuseCode::Member => "member",
        MisuseCode::Size => "size",
    }
}

fn hello(hello: &Hello, out: &mut BytesMut) {
    let mut it = Writer::event(out, "hello");
    it.number("protocol", PROTOCOL);
    it.text("server", concat!("chinwag ", env!("CARGO_PKG_VERSION")));
    it.object("limits", |limits| {
        limits.number("line", hello.line as u64);
        limits.number("name", USERNAME_CHARS as u64);
        match hello.rate {
            Some(rate) => limits.number("rate", rate.into()),
            None => limits.raw("rate", "null"),
        }
    });
    let accounts = match hello.accounts {
        Accounts::Off => "off",
        Accounts::On => "on",
        Accounts::Required => "required",
    };
    it.text("accounts", accounts);
    it.flag("tls", hello.tls);
    it.end();
}

fn welcome(welcome: &Welcome, context: &Context<'_>, out: &mut BytesMut) {
    let mut it = context.begin_entry("welcome", out);
    it.text("name", welcome.name.as_str());
    if let Some(entry) = context.entry {
        it.number("person", entry.author.0);
    }
    let current = welcome.rooms.first().map(|it| it.name.name());
    it.text_or_null("current", current);
    it.array("rooms", &welcome.rooms, |out, room| {
        let mut it = Writer::new(out);
        it.text("room", room.name.name());
        facts(room, &mut it);
        it.end();
    });
    it.text("journal", &format!("{:x}", welcome.journal));
    let seat = welcome.seat.as_ref();
    if let Some(token) = seat.and_then(|it| it.token.as_deref()) {
        it.text("resume", token);
    }
    it.number("keep", seat.map_or(0, |it| it.keep));
    it.flag("resumed", welcome.is_resumed);
    it.text_or_null("motd", welcome.motd.as_deref());
    it.end();
}

fn facts(room: &RoomFacts, it: &mut Writer<'_>) {
    it.text_or_null("topic", room.topic.as_deref());
    people(&room.people, room.more, it);
}

/// The people in a list, and how many are missing.
pub(super) fn people(people: &[Presence], more: usize, it: &mut Writer<'_>) {
    it.array("people", people, person);
    if more > 0 {
        it.number("more", more as u64);
    }
}

pub(super) fn person(out: &mut BytesMut, presence: &Presence) {
    let mut it = Writer::new(out);
    it.text("name", presence.name.as_str());
    it.number("person", presence.id.0);
    it.flag("away", presence.away);
    it.flag("listens", presence.elsewhere.is_some());
    it.flag("lost", presence.lost);
    it.end();
}

/// Several texts.
pub(super) fn texts<'t>(name: &str, texts: impl Iterator<Item = &'t str>, it: &mut Writer<'_>) {
    it.array(name, texts, writer::string);
}
