//! News as objects, when they are told and when they are told again.

use bytes::BytesMut;

use crate::id::PersonId;
use crate::message::{EntryFacts, Message, News, Past};
use crate::name::{RoomName, Username};

use super::Context;
use super::answer::sentences;
use super::writer::Writer;

pub(super) fn render(news: &News, context: &Context<'_>, out: &mut BytesMut) {
    let mut it = context.begin_entry(event(news), out);
    members(news, context, &mut it);
    it.end();
}

/// Something that was told before, with the number and the time that it had then.
pub(super) fn render_past(past: &Past, context: &Context<'_>, out: &mut BytesMut) {
    let Past {
        seq, at, author, ..
    } = *past;
    let context = Context {
        entry: Some(EntryFacts { seq, at, author }),
        room: past.room.as_ref(),
        ..*context
    };
    let mut it = context.begin_entry(event(&past.news), out);
    members(&past.news, &context, &mut it);
    it.flag("past", true);
    it.end();
}

/// A line among others, as a value.
pub(super) fn line(past: &Past, out: &mut BytesMut) {
    let mut it = Writer::new(out);
    it.number("seq", past.seq);
    it.time("at", past.at);
    it.text_or_null("room", past.room.as_ref().map(RoomName::name));
    if let News::NotKept(count) = past.news {
        it.text("kind", "gap");
        it.number("count", count);
    } else if let Some((from, text)) = past.news.written() {
        it.text("from", from.as_str());
        if past.author != PersonId::HOUSE {
            it.number("person", past.author.0);
        }
        it.text("kind", event(&past.news));
        it.text("text", text);
    }
    it.end();
}

fn event(news: &News) -> &'static str {
    match news {
        News::Said { .. } => "said",
        News::Action { .. } => "did",
        News::Joined(_) => "joined",
        News::Left { .. } | News::SentAway { .. } => "left",
        News::ServerLost { .. } => "lost",
        News::Entered(_) | News::ListensIn { .. } => "entered",
        News::ListensNoMore(_) | News::WentTo { .. } => "went",
        News::Away { .. } => "away",
        News::Renamed { .. } => "renamed",
        News::TopicSet { .. } => "topic",
        News::Room(_) | News::Notice(_) => "notice",
        News::Erased { .. } => "erased",
        News::NotKept(_) => "skipped",
        News::Private { .. } => "private",
        News::PrivateSent { .. } => "written",
    }
}

fn members(news: &News, context: &Context<'_>, it: &mut Writer<'_>) {
    if let Some(room) = context.room
        && !matches!(news, News::Notice(_))
    {
        it.text("room", room.name());
    }
    match news {
        News::Said { from, text } | News::Action { from, text } | News::Private { from, text } => {
            it.text("from", from.as_str());
            person(context, it);
            it.text("text", text);
        }
        News::Joined(name) | News::Entered(name) | News::ListensNoMore(name) => {
            someone(name, context, it);
        }
        News::ListensIn { who, .. } => {
            someone(who, context, it);
            it.flag("listens", true);
        }
        News::Left { who, word } => {
            someone(who, context, it);
            it.text_or_null("why", word.as_deref());
        }
        News::SentAway {
            who,
            by,
            is_banned,
            reason,
        } => {
            someone(who, context, it);
            sent_away(*is_banned, by, reason.as_deref(), it);
        }
        News::ServerLost { server, who } => {
            server_lost(server, who, it);
            words(news, it);
        }
        News::WentTo { who, room } => went(who, room.as_ref(), context, it),
        News::Away { who, is_away, text } => away(who, *is_away, text.as_deref(), context, it),
        News::Renamed { from, to } => renamed(from, to, context, it),
        News::TopicSet { by, topic } => {
            it.text("by", by.as_str());
            it.text_or_null("topic", topic.as_deref());
        }
        News::Erased { count, seqs, .. } => {
            it.numbers("seqs", seqs);
            // It is told once, however many objects there are.
            if count.is_some() {
                words(news, it);
            }
        }
        News::Room(_) => words(news, it),
        News::Notice(text) => it.text("text", text),
        News::NotKept(count) => it.number("count", *count),
        News::PrivateSent { to, text } => {
            it.text("to", to.as_str());
            it.text("text", text);
        }
    }
}

fn server_lost(server: &str, who: &[(PersonId, Username)], it: &mut Writer<'_>) {
    it.text("server", server);
    it.array("people", who, |out, (id, name)| {
        let mut it = Writer::new(out);
        it.text("name", name.as_str());
        it.number("person", id.0);
        it.end();
    });
}

fn went(who: &Username, room: Option<&RoomName>, context: &Context<'_>, it: &mut Writer<'_>) {
    someone(who, context, it);
    if let Some(room) = room {
        it.text("to", room.name());
    }
}

fn renamed(from: &Username, to: &Username, context: &Context<'_>, it: &mut Writer<'_>) {
    it.text("from", from.as_str());
    it.text("to", to.as_str());
    person(context, it);
}

/// The line that people read.
fn words(news: &News, it: &mut Writer<'_>) {
    let words = sentences(&Message::News(news.clone()));
    it.text("text", &words.join(" "));
}

fn away(
    who: &Username,
    is_away: bool,
    text: Option<&str>,
    context: &Context<'_>,
    it: &mut Writer<'_>,
) {
    someone(who, context, it);
    it.text_or_null("text", is_away.then(|| text.unwrap_or_default()));
}

/// How somebody was sent away, beside a last word that they cannot have had.
fn sent_away(is_banned: bool, by: &str, reason: Option<&str>, it: &mut Writer<'_>) {
    it.text_or_null("why", None);
    it.text("sent", if is_banned { "banned" } else { "kicked" });
    it.text("by", by);
    it.text_or_null("reason", reason);
}

fn someone(name: &Username, context: &Context<'_>, it: &mut Writer<'_>) {
    it.text("name", name.as_str());
    person(context, it);
}

/// The number of the author of the entry, if it is a person.
fn person(context: &Context<'_>, it: &mut Writer<'_>) {
    let author = context.entry.map(|it| it.author);
    if let Some(author) = author.filter(|it| *it != PersonId::HOUSE) {
        it.number("person", author.0);
    }
}
