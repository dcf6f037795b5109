//! The words of news.

use bytes::BytesMut;

use crate::erasure::messages;
use crate::id::PersonId;
use crate::limits::cluster::GONE_TOLD;
use crate::message::News;
use crate::name::Username;

use super::{line, names, order, owning};

/// Appends the news without a stamp.
pub(super) fn render(news: &News, out: &mut BytesMut) {
    match news {
        News::Said { from, text } => line(out, &[from.as_str(), ": ", text]),
        News::Action { from, text } => line(out, &["* ", from.as_str(), " ", text]),
        News::Joined(name) => line(out, &[name.as_str(), " has joined the chat."]),
        News::Left { who, word: None } => line(out, &[who.as_str(), " has left the chat."]),
        News::Left {
            who,
            word: Some(word),
        } => line(out, &[who.as_str(), " has left the chat: ", word]),
        News::SentAway {
            who,
            by,
            is_banned,
            reason,
        } => {
            let was = if *is_banned { "banned" } else { "kicked" };
            let reason = match reason {
                Some(text) => order::reason(Some(text)),
                None => ".".into(),
            };
            line(out, &[who.as_str(), " was ", was, " by ", by, &reason]);
        }
        News::ServerLost { server, who } => server_lost(server, who, out),
        News::Entered(name) => line(out, &[name.as_str(), " has come in."]),
        News::ListensIn { who, from } => {
            let from = from.as_ref().map(|it| format!(" from {it}"));
            let from = from.unwrap_or_default();
            line(out, &[who.as_str(), " listens in", &from, "."]);
        }
        News::ListensNoMore(name) => line(out, &[name.as_str(), " no longer listens."]),
        News::WentTo { who, room } => {
            let to = room.as_ref().map(|it| format!("to {it}"));
            let to = to.unwrap_or_else(|| "elsewhere".into());
            line(out, &[who.as_str(), " has gone ", &to, "."]);
        }
        News::Away { .. } => {}
        News::Renamed { from, to } => {
            line(out, &[from.as_str(), " is now known as ", to.as_str(), "."]);
        }
        News::TopicSet {
            by,
            topic: Some(topic),
        } => {
            line(out, &[by.as_str(), " has set the topic: ", topic]);
        }
        News::TopicSet { by, topic: None } => {
            line(out, &[by.as_str(), " has cleared the topic."]);
        }
        News::Erased {
            whose, by, count, ..
        } => erased(whose, by, *count, out),
        News::Room(news) => line(out, &[&owning::news(news)]),
        News::Notice(text) => line(out, &["-- ", text, " --"]),
        News::NotKept(1) => line(out, &["-- 1 line was not kept --"]),
        News::NotKept(lines) => line(out, &["-- ", &lines.to_string(), " lines were not kept --"]),
        News::Private { from, text } => line(out, &[from.as_str(), " (private): ", text]),
        News::PrivateSent { to, text } => line(out, &["To ", to.as_str(), " (private): ", text]),
    }
}

/// `Ann, Bob and 298 others have left the chat: the server n2 was lost.`
fn server_lost(server: &str, who: &[(PersonId, Username)], out: &mut BytesMut) {
    let (told, others) = who.split_at(who.len().min(GONE_TOLD));
    let mut all: Vec<String> = told.iter().map(|(_, it)| it.to_string()).collect();
    match others.len() {
        0 => {}
        1 => all.push("1 other".into()),
        count => all.push(format!("{count} others")),
    }
    let have = if who.len() == 1 { "has" } else { "have" };
    let why = [" left the chat: the server ", server, " was lost."].concat();
    line(out, &[&names(all), " ", have, &why]);
}

/// Programs alone read it where it was counted already.
fn erased(whose: &Username, by: &Username, count: Option<usize>, out: &mut BytesMut) {
    if let Some(count) = count {
        let (messages, were) = (
            messages(count as u64),
            if count == 1 { "was" } else { "were" },
        );
        line(
            out,
            &[&format!("{messages} of {whose} {were} removed by {by}.")],
        );
    }
}
