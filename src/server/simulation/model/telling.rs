//! Telling people things: one of them, a room, or everyone.

use bytes::BytesMut;

use crate::id::PeerId;
use crate::message::{AboutConnection, AboutInput, Answer, Message, News};
use crate::moment::Format;
use crate::wire::render;

use super::{Model, Piece, Room};

impl Model {
    pub(super) fn tell_bytes(&mut self, peer: PeerId, bytes: Vec<u8>) {
        let piece = Piece {
            bytes,
            room: None,
            is_tagged: false,
        };
        if self.is_here(peer) {
            self.owed.push((peer, piece));
        }
    }

    pub(super) fn tell(&mut self, peer: PeerId, message: impl Into<Message>) {
        let format = self.person(peer).format;
        self.tell_bytes(peer, rendered(&message.into(), self.unix, format));
    }

    pub(super) fn answer(&mut self, peer: PeerId, answer: impl Into<Answer>) {
        self.tell(peer, Message::Answer(answer.into()));
    }

    pub(super) fn tell_room(&mut self, room: usize, by: Option<PeerId>, to: Readers, news: News) {
        let message = Message::News(news);
        let Room { life, name, .. } = self.room(room);
        let (life, tag) = (*life, format!("{name} "));
        for it in &self.people {
            let is_left_out = by.is_some_and(|author| it.does_ignore(author))
                || matches!(to, Readers::Others | Readers::Comings) && by == Some(it.peer)
                || matches!(to, Readers::Comings | Readers::Joined) && it.format.quiet;
            if it.name.is_some() && !it.is_gone && it.is_in(room) && !is_left_out {
                let is_tagged = it.room != room;
                let bytes = match is_tagged {
                    true => tagged(&message, self.unix, it.format, &tag),
                    false => rendered(&message, self.unix, it.format),
                };
                let piece = Piece {
                    bytes,
                    room: Some(life),
                    is_tagged,
                };
                self.owed.push((it.peer, piece));
            }
        }
    }

    /// Everyone reads a notice of the operator once, as a line of their current room.
    pub(super) fn notice(&mut self, text: &str) {
        let message = Message::News(News::Notice(text.into()));
        for it in &self.people {
            if it.name.is_some() && !it.is_gone {
                let piece = Piece {
                    bytes: rendered(&message, self.unix, it.format),
                    room: Some(self.room(it.room).life),
                    is_tagged: false,
                };
                self.owed.push((it.peer, piece));
            }
        }
    }

    pub(super) fn answer_key(&mut self, peer: PeerId, answer: AboutInput) {
        self.tell(peer, AboutConnection::LineBreak);
        self.answer(peer, answer);
        if self.person(peer).name.is_none() {
            self.tell(peer, AboutConnection::UsernamePrompt);
        }
    }

    pub(super) fn break_prompt(&mut self, peer: PeerId) {
        if self.person(peer).name.is_none() {
            self.tell(peer, AboutConnection::LineBreak);
        }
    }
}

/// A message as it is read.
pub(in crate::server::simulation) fn rendered(
    message: &Message,
    unix: i64,
    format: Format,
) -> Vec<u8> {
    let mut out = BytesMut::new();
    render(message, unix, format, &mut out);
    out.into()
}

/// The same with a tag, which stands behind the stamp if there is one.
fn tagged(message: &Message, unix: i64, format: Format, tag: &str) -> Vec<u8> {
    let (line, bare) = (
        rendered(message, unix, format),
        rendered(message, unix, Format::default()),
    );
    let stamp = line.strip_suffix(&bare[..]).expect("a stamp stands first");
    [stamp, tag.as_bytes(), &bare].concat()
}

/// The readers of a line in a room.
#[derive(Debug, Clone, Copy)]
pub(super) enum Readers {
    All,
    /// All but who caused it.
    Others,
    /// The same, for a line about somebody who comes or goes.
    Comings,
    /// The person who joins reads it too.
    Joined,
}
