//! The words of news.

use bytes::BytesMut;

use crate::message::News;

use super::line;

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
        News::Entered(name) => line(out, &[name.as_str(), " has come in."]),
        News::ListensIn { who, from } => {
            line(
                out,
                &[who.as_str(), " listens in from ", &from.to_string(), "."],
            );
        }
        News::ListensNoMore(name) => line(out, &[name.as_str(), " no longer listens."]),
        News::WentTo { who, room } => {
            line(
                out,
                &[who.as_str(), " has gone to ", &room.to_string(), "."],
            );
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
        News::Notice(text) => line(out, &["-- ", text, " --"]),
        News::NotKept(1) => line(out, &["-- 1 line was not kept --"]),
        News::NotKept(lines) => line(out, &["-- ", &lines.to_string(), " lines were not kept --"]),
        News::Private { from, text } => line(out, &[from.as_str(), " (private): ", text]),
        News::PrivateSent { to, text } => line(out, &["To ", to.as_str(), " (private): ", text]),
    }
}
