//! The whole border of the chat on one screen: its events and its effects.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::account::Typed;
use crate::error::{CloseReason, Protocol, Unanswered};
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::Act;
use crate::message::{
    Answer, Cause, EntryFacts, Keep, Message, Misuse, News, Request, SecretQuestion,
};
use crate::moment::Format;
use crate::name::{RoomName, Username};
use crate::wire::machine::Object;

use super::question::{Finding, Question};

/// Something that happened to a peer. The server reports it; the [`Hub`](super::Hub) acts.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The server has found out what protocol a newcomer speaks. Always a peer's first event.
    Connected {
        /// The address they connect from.
        addr: SocketAddr,
        /// Whether the connection is encrypted.
        is_tls: bool,
        /// The format of everything they read, from the first prompt on.
        format: Format,
    },
    /// They sent a line of clean text.
    Line(&'a str),
    /// They answered a [question for a password](Effect::AskSecret). It is as they typed it.
    Secret(Typed<'a>),
    /// They sent a line that is longer than the limit. It is lost.
    LineTooLong {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// They sent an object. Only programs do.
    Object(&'a Object),
    /// They sent what is no object, or none that means anything, perhaps with an id. Only programs do.
    Misused(Option<&'a Arc<str>>, &'a Misuse),
    /// They turn out to be a program, and read this format from now on. Only possible before they have sent anything.
    Program(Format),
    /// Their first bytes were of another protocol: the peer is not a person.
    WrongProtocol(Protocol),
    /// They pressed the key that interrupts.
    Interrupt,
    /// They pressed the key that ends their input.
    EndOfInput,
    /// Their telnet client asks whether the server is still there.
    AreYouThere,
    /// They send faster than they may, and are not read for a while. They are told once per spell.
    TooFast {
        /// Whether the limit is that of everyone at their address together, not their own.
        of_address: bool,
    },
    /// The answer to a [question](Effect::Ask). Each question gets one, unless the peer is leaving by then.
    Answered(Result<&'a Finding, Unanswered>),
    /// The connection has ended. Always a peer's last event. It is not sent for a peer that the hub itself closed.
    Disconnected(CloseReason),
}

/// An act that somebody wants to enter into the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The connection that the act came from, if its end still matters. Only this server knows it.
    pub peer: Option<PeerId>,
    /// The author. `None`: somebody who comes in by this act.
    pub author: Option<PersonId>,
    /// The act.
    pub act: Act,
    /// The object that asked for it, if it came from a program.
    pub request: Option<Arc<Request>>,
}

impl Proposal {
    /// The peer that the act holds until it is applied. Such an act changes who or where the person is, and their next
    /// line may depend on that. A person who leaves is not read any more anyway.
    pub fn holds(&self) -> Option<PeerId> {
        match self.act {
            Act::ComeIn { .. }
            | Act::Return { .. }
            | Act::Go { .. }
            | Act::Listen { .. }
            | Act::Unlisten { .. }
            | Act::Switch { .. }
            | Act::Rename { .. }
            | Act::Account(_)
            | Act::Order(_)
            | Act::Own(_) => self.peer,
            Act::Say { .. }
            | Act::Do { .. }
            | Act::Write { .. }
            | Act::SetTopic { .. }
            | Act::GoAway { .. }
            | Act::ComeBack
            | Act::Ignore { .. }
            | Act::Unignore { .. }
            | Act::Lose { .. }
            | Act::Leave { .. }
            | Act::Notice { .. }
            | Act::Announce { .. }
            | Act::Server(_) => None,
        }
    }
}

/// Something that the chat asks for. The [`Hub`](super::Hub) appends effects; the server applies them in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Enter this into the journal. Its result is known when the entry is [applied](super::Hub::apply).
    Append(Proposal),
    /// Read nothing more from a peer: an act of theirs is out that [holds](Proposal::holds) them, or as many acts are out
    /// as one person may have. On a server that is alone nothing is ever out.
    Hold {
        /// The peer.
        peer: PeerId,
    },
    /// Read a peer again: the act that held them was applied, and its effects stand before this one. Never sent for a
    /// peer that has left.
    Release {
        /// The peer.
        peer: PeerId,
    },
    /// Have a worker find something out, and report the result as [`Event::Answered`]. The server reads nothing more
    /// from the peer until the hub has handled that event. A peer has one question at a time.
    Ask {
        /// The peer that waits for the answer.
        peer: PeerId,
        /// The question.
        question: Question,
    },
    /// Ask a peer for a password. Their next line is passed on as [`Event::Secret`], and their screen does not show it, if
    /// their client can hide it.
    AskSecret {
        /// The peer.
        peer: PeerId,
        /// The question.
        question: SecretQuestion,
    },
    /// The peer's next line is a line like any other again.
    SecretOver {
        /// The peer.
        peer: PeerId,
    },
    /// Keep this in the file, if the server has one.
    Keep(Keep),
    /// Tell an audience something. The server renders the message once for all of them.
    Send {
        /// The audience.
        to: Audience,
        /// The message.
        message: Message,
        /// What it comes from.
        cause: Cause,
    },
    /// From now on the peer reads everything said in the room, in this format, besides the rooms that they read already.
    /// Entering one of these changes how they read it. Exactly one of a person's rooms is their current one.
    Enter {
        /// The peer.
        peer: PeerId,
        /// The room.
        room: RoomId,
        /// The format.
        format: Format,
        /// The name of the room.
        name: RoomName,
        /// Whether it is the peer's current one. In the others its name stands before each line.
        is_current: bool,
    },
    /// From now on the peer does not read the room, which they read until now.
    Exit {
        /// The peer.
        peer: PeerId,
        /// The room.
        room: RoomId,
    },
    /// Close the connection once its queued output has been written. The hub has forgotten the peer already.
    Close {
        /// The peer.
        peer: PeerId,
        /// The reason.
        reason: CloseReason,
    },
    /// The peer's person has another connection now. For the log.
    Replaced {
        /// The peer.
        peer: PeerId,
        /// The name of the person.
        name: Username,
    },
    /// The peer's connection has ended, and the seat of their person is kept. For the log and the figures.
    LinkLost {
        /// The peer.
        peer: PeerId,
        /// The name of the person.
        name: Username,
        /// How the connection ended.
        reason: CloseReason,
    },
    /// A seat that was kept is kept no more. For the log.
    SeatEnded {
        /// The name of the person.
        name: Username,
        /// Why.
        reason: CloseReason,
    },
    /// The peer typed a wrong password. For the log.
    WrongPassword {
        /// The peer.
        peer: PeerId,
        /// The name of the account.
        name: Username,
    },
    /// The peer now has a name and counts as online. For the log and the figures.
    CameOnline {
        /// The peer.
        peer: PeerId,
        /// Their name.
        name: Username,
    },
    /// The peer has another name now. For the log.
    Renamed {
        /// The peer.
        peer: PeerId,
        /// The name before.
        from: Username,
        /// The name from now on.
        to: Username,
    },
    /// The peer, who had a name, is no longer online. For the log and the figures.
    WentOffline {
        /// The peer.
        peer: PeerId,
        /// Their name.
        name: Username,
        /// The reason.
        reason: CloseReason,
    },
}

/// The readers of a message. It is never a list of recipients, so a message costs the hub the same in a room of any
/// size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// One person.
    Peer(PeerId),
    /// One program, which is told what it did in a room.
    Author {
        /// The program.
        peer: PeerId,
        /// The room.
        room: RoomName,
    },
    /// Everyone who is in the room when the message is said.
    Room {
        /// The room.
        room: RoomId,
        /// The author, who does not read their own line.
        except: Option<PeerId>,
        /// The people who ignore the person who caused it. Nearly always empty.
        hidden_from: Vec<PeerId>,
    },
}

/// The effects of one call into the [`Hub`](super::Hub), in order. Reused from call to call.
#[derive(Debug, Default)]
pub struct Effects {
    effects: Vec<Effect>,
    /// What the next messages come from.
    cause: Cause,
}

impl Effects {
    /// Takes the effects out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.effects.drain(..)
    }

    pub(super) fn len(&self) -> usize {
        self.effects.len()
    }

    /// From now on messages come from this entry, until it is `None` again.
    pub(super) fn set_entry(&mut self, entry: Option<EntryFacts>) {
        self.cause.entry = entry;
    }

    /// From now on messages and acts come from this object of a program, until it is `None` again.
    pub(super) fn set_request(&mut self, request: Option<Arc<Request>>) {
        self.cause.request = request;
    }

    /// The entry that messages come from now.
    pub(super) fn entry(&self) -> Option<EntryFacts> {
        self.cause.entry
    }

    /// The object that messages come from now.
    pub(super) fn request(&self) -> Option<Arc<Request>> {
        self.cause.request.clone()
    }

    /// Keeps something in the file.
    pub(super) fn keep(&mut self, it: Keep) {
        self.push(Effect::Keep(it));
    }

    /// Takes out the first proposed act after the first `behind` effects, and moves the effects that follow it to the end of
    /// `to`.
    pub(super) fn take_proposed(&mut self, behind: usize, to: &mut Effects) -> Option<Proposal> {
        let mut new = self.effects.get(behind..)?.iter();
        let first = new.position(|it| matches!(it, Effect::Append(_)))?;
        to.effects.extend(self.effects.drain(behind + first + 1..));
        let Some(Effect::Append(it)) = self.effects.pop() else {
            return None;
        };
        Some(it)
    }

    /// Drops the proposed acts after the first `behind` effects.
    pub(super) fn drop_proposed(&mut self, behind: usize) {
        self.drop_some(behind, |it| matches!(it, Effect::Append(_)));
    }

    /// Drops what is told after the first `behind` effects.
    #[cfg(feature = "cluster")]
    pub(super) fn drop_sent(&mut self, behind: usize) {
        self.drop_some(behind, |it| matches!(it, Effect::Send { .. }));
    }

    fn drop_some(&mut self, behind: usize, is_one: impl Fn(&Effect) -> bool) {
        let mut at = 0;
        self.effects.retain(|it| {
            at += 1;
            at <= behind || !is_one(it)
        });
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Tells a peer something. With no peer it does nothing, as for people who are not connected here.
    pub(super) fn tell(&mut self, peer: impl Into<Option<PeerId>>, message: impl Into<Message>) {
        if let Some(peer) = peer.into() {
            self.send(Audience::Peer(peer), message.into());
        }
    }

    fn send(&mut self, to: Audience, message: Message) {
        let cause = self.cause.clone();
        self.push(Effect::Send { to, message, cause });
    }

    /// Tells a program what it did in a room.
    pub(super) fn tell_author(&mut self, peer: PeerId, room: RoomName, news: News) {
        self.send(Audience::Author { peer, room }, Message::News(news));
    }

    pub(super) fn answer(&mut self, peer: impl Into<Option<PeerId>>, answer: impl Into<Answer>) {
        self.tell(peer, Message::Answer(answer.into()));
    }

    /// Proposes an act of the person who has this connection.
    pub(super) fn append(&mut self, peer: PeerId, author: Option<PersonId>, act: Act) {
        self.propose(Some(peer), author, act);
    }

    /// Proposes an act, whether or not its author has a connection here.
    pub(super) fn propose(&mut self, peer: Option<PeerId>, author: Option<PersonId>, act: Act) {
        let request = self.cause.request.clone();
        self.push(Effect::Append(Proposal {
            peer,
            author,
            act,
            request,
        }));
    }

    pub(super) fn tell_room(
        &mut self,
        room: RoomId,
        except: Option<PeerId>,
        hidden_from: Vec<PeerId>,
        news: News,
    ) {
        let to = Audience::Room {
            room,
            except,
            hidden_from,
        };
        self.send(to, Message::News(news));
    }

    /// Tells each of a person's rooms what the person did.
    pub(super) fn tell_rooms(
        &mut self,
        rooms: impl Iterator<Item = RoomId>,
        hidden_from: &[PeerId],
        news: &News,
    ) {
        for room in rooms {
            self.tell_room(room, None, hidden_from.to_vec(), news.clone());
        }
    }
}
