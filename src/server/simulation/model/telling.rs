//! Telling people things: one of them, a room, or everyone.

use std::sync::Arc;

use bytes::BytesMut;

use crate::id::{PeerId, Slot};
use crate::message::{AboutConnection, AboutInput, Answer, Cause, Message, News, Request, Told};
use crate::moment::Format;
use crate::name::RoomName;
use crate::wire::{render, write_object};

use super::{Model, Person, Piece, Room};

impl Model {
    /// Bytes of telnet, which programs do not speak.
    pub(super) fn tell_bytes(&mut self, peer: PeerId, bytes: Vec<u8>) {
        self.owe(peer, bytes, false);
    }

    /// What somebody alone is told.
    fn owe(&mut self, peer: PeerId, bytes: Vec<u8>, is_object: bool) {
        let piece = Piece {
            bytes,
            room: None,
            is_tagged: false,
            is_object,
        };
        if self.is_here(peer) && !piece.bytes.is_empty() {
            self.owed.push((peer, piece));
        }
    }

    pub(super) fn tell(&mut self, peer: PeerId, message: impl Into<Message>) {
        self.tell_in(peer, message, None);
    }

    /// Tells one person alone what happened in a room, if it is one.
    pub(super) fn tell_in(
        &mut self,
        peer: PeerId,
        message: impl Into<Message>,
        room: Option<&RoomName>,
    ) {
        let it = self.person(peer);
        let (message, is_program) = (message.into(), it.is_program());
        let bytes = match is_program {
            true => self.object_for(it, &message, room),
            false => rendered(&message, self.unix, it.format),
        };
        self.owe(peer, bytes, is_program);
    }

    /// A message as one program reads it. Nobody else reads which of its objects the message answers.
    fn object_for(&self, it: &Person, message: &Message, room: Option<&RoomName>) -> Vec<u8> {
        let is_own = |request: &&Arc<Request>| request.peer == it.peer;
        let request = self.request.as_ref().filter(is_own).cloned();
        self.object_of(message, request, room, Some(it.peer.slot))
    }

    fn object_of(
        &self,
        message: &Message,
        request: Option<Arc<Request>>,
        room: Option<&RoomName>,
        reader: Option<Slot>,
    ) -> Vec<u8> {
        let cause = Cause {
            entry: Some(self.entry),
            request,
        };
        let told = Told {
            message,
            cause: &cause,
            unix: self.unix,
        };
        let mut out = BytesMut::new();
        write_object(&told, room, reader, &mut out);
        out.into()
    }

    pub(super) fn answer(&mut self, peer: PeerId, answer: impl Into<Answer>) {
        self.tell(peer, Message::Answer(answer.into()));
    }

    pub(super) fn tell_room(&mut self, room: usize, by: Option<PeerId>, to: Readers, news: News) {
        self.tell_all_but(room, by, to, &[], news);
    }

    /// Tells a room of somebody's comings and goings, but for these people.
    pub(super) fn tell_room_but(&mut self, room: usize, by: PeerId, except: &[PeerId], news: News) {
        self.tell_all_but(room, Some(by), Readers::Comings, except, news);
    }

    fn tell_all_but(
        &mut self,
        room: usize,
        by: Option<PeerId>,
        to: Readers,
        except: &[PeerId],
        news: News,
    ) {
        let message = Message::News(news);
        let Room { life, name, .. } = self.room(room);
        let (life, tag) = (*life, format!("{name} "));
        // Rendered for nobody else.
        let has_program = self.people.iter().any(Person::is_program);
        let object = has_program.then(|| self.object_of(&message, None, Some(name), None));
        let object = object.unwrap_or_default();
        for it in &self.people {
            let is_author = by == Some(it.peer);
            let is_hidden = by.is_some_and(|author| it.does_ignore(author));
            let is_left_out = is_hidden && !matches!(to, Readers::Unhidden)
                || except.contains(&it.peer)
                || matches!(to, Readers::Others | Readers::Comings | Readers::Unhidden)
                    && is_author
                || is_author && it.is_program()
                || matches!(to, Readers::Programs) && !it.is_program()
                || matches!(to, Readers::Comings | Readers::Joined) && it.format.quiet;
            if it.name.is_some() && !it.is_gone && it.is_in(room) && !is_left_out {
                let is_tagged = it.room != room;
                let bytes = match (it.is_program(), is_tagged) {
                    (true, _) => object.clone(),
                    (false, true) => tagged(&message, self.unix, it.format, &tag),
                    (false, false) => rendered(&message, self.unix, it.format),
                };
                let piece = Piece {
                    bytes,
                    room: Some(life),
                    is_tagged,
                    is_object: it.is_program(),
                };
                self.owed.push((it.peer, piece));
            }
        }
    }

    /// A program reads what it did in a room apart from the others there, as the answer to its object.
    pub(super) fn tell_author(&mut self, peer: PeerId, room: usize, news: News) {
        if self.person(peer).is_program() {
            let name = self.room(room).name.clone();
            self.tell_in(peer, news, Some(&name));
        }
    }

    /// Everyone reads a notice of the operator once, as a line of their current room.
    pub(super) fn notice(&mut self, text: &str) {
        self.begin_entry(None);
        let message = Message::News(News::Notice(text.into()));
        for it in &self.people {
            if it.name.is_some() && !it.is_gone {
                let bytes = match it.is_program() {
                    true => self.object_of(&message, None, None, None),
                    false => rendered(&message, self.unix, it.format),
                };
                let piece = Piece {
                    bytes,
                    room: Some(self.room(it.room).life),
                    is_tagged: false,
                    is_object: it.is_program(),
                };
                self.owed.push((it.peer, piece));
            }
        }
    }

    pub(super) fn answer_key(&mut self, peer: PeerId, answer: AboutInput) {
        self.tell(peer, AboutConnection::LineBreak);
        self.answer(peer, answer);
        self.prompt(peer);
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
    /// The same, and also those who ignore that person.
    Unhidden,
    /// All but who caused it, for a line about somebody who comes or goes.
    Comings,
    /// The person who joins reads it too.
    Joined,
    /// All programs.
    Programs,
}
