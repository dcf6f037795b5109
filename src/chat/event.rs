//! The whole border of the chat on one screen: what happens to it, and what it asks for.

use std::net::SocketAddr;

use crate::error::{CloseReason, Protocol, Unanswered};
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::Act;
use crate::message::{Answer, Message, News};
use crate::moment::Format;
use crate::name::Username;

use super::question::{Finding, Question};

/// What happened to a peer. The server tells; the [`Hub`](super::Hub) acts.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// It is known what a newcomer speaks. Always a peer's first event.
    Connected {
        /// Where they come from.
        addr: SocketAddr,
        /// How what they read is rendered, from the first prompt on.
        format: Format,
    },
    /// A line of clean text came in.
    Line(&'a str),
    /// A line came in that is longer than the limit, in bytes; it is lost.
    LineTooLong {
        /// The limit in force.
        limit: usize,
    },
    /// The first bytes were of another protocol: this is no person.
    WrongProtocol(Protocol),
    /// They pressed the key that interrupts.
    Interrupt,
    /// They pressed the key that ends their input.
    EndOfInput,
    /// Their telnet client asks whether we are still there.
    AreYouThere,
    /// They send faster than they may, and are not read for a while. Told once a spell.
    TooFast {
        /// It is not they alone, but everyone at their address together.
        of_address: bool,
    },
    /// What came of a [question](Effect::Ask). It comes once for each, unless the peer is on the way out by then.
    Answered(Result<&'a Finding, Unanswered>),
    /// The connection has ended. Always a peer's last event; not sent for a peer whom the hub itself had closed.
    Disconnected(CloseReason),
}

/// An act that is to become an entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The connection that it came from, if it is still of interest how it ends. It is of this server alone.
    pub peer: Option<PeerId>,
    /// Whose act it is. `None`: of somebody who comes in by it.
    pub author: Option<PersonId>,
    /// The act.
    pub act: Act,
}

impl Proposal {
    /// Whom it holds until it is applied: who changes by it who or where they are, on which their next line may depend.
    /// Who leaves is not read any more anyway.
    pub fn holds(&self) -> Option<PeerId> {
        match self.act {
            Act::ComeIn { .. } | Act::Go { .. } | Act::Rename { .. } => self.peer,
            Act::Say { .. }
            | Act::Do { .. }
            | Act::Write { .. }
            | Act::SetTopic { .. }
            | Act::GoAway { .. }
            | Act::ComeBack
            | Act::Ignore { .. }
            | Act::Unignore { .. }
            | Act::Leave { .. }
            | Act::Notice { .. }
            | Act::Announce { .. } => None,
        }
    }
}

/// What the chat asks for. The [`Hub`](super::Hub) appends; the server applies them in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Enter this into the journal. What comes of it is known when the entry is [applied](super::Hub::apply).
    Append(Proposal),
    /// Read nothing more of a peer, as an act of theirs is out that [holds](Proposal::holds) them. Alone nothing ever is.
    Hold {
        /// Who.
        peer: PeerId,
    },
    /// Read a peer again: what held them was applied, and what came of it is asked for. Not asked for one who has left.
    Release {
        /// Who.
        peer: PeerId,
    },
    /// Have a worker find something out, and tell what came of it: [`Event::Answered`]. Nothing more of the peer is read until
    /// that was taken in. A peer is asked for one thing at a time.
    Ask {
        /// For whom.
        peer: PeerId,
        /// What.
        question: Question,
    },
    /// Tell an audience. The server renders it once for all of them.
    Send {
        /// Who is to read it.
        to: Audience,
        /// What they read.
        message: Message,
    },
    /// From now on the peer reads what is said in the room, in this format. A peer is in one room at most; entering the
    /// room they are in changes the format.
    Enter {
        /// Who.
        peer: PeerId,
        /// Where.
        room: RoomId,
        /// How.
        format: Format,
    },
    /// From now on the peer reads no room.
    Exit {
        /// Who.
        peer: PeerId,
    },
    /// Close the connection once what it is owed has been written. The hub has forgotten the peer already.
    Close {
        /// Who.
        peer: PeerId,
        /// Why.
        reason: CloseReason,
    },
    /// The peer now has a name and counts as online. For the log and the figures.
    CameOnline {
        /// Who.
        peer: PeerId,
        /// By what name.
        name: Username,
    },
    /// The peer goes by another name now. For the log.
    Renamed {
        /// Who.
        peer: PeerId,
        /// By what name until now.
        from: Username,
        /// By what name from now on.
        to: Username,
    },
    /// The peer, who had a name, is no longer online. For the log and the figures.
    WentOffline {
        /// Who.
        peer: PeerId,
        /// By what name.
        name: Username,
        /// Why.
        reason: CloseReason,
    },
}

/// Who is to read a message. Never a list of recipients: a message costs the hub the same in a room of any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// One person.
    Peer(PeerId),
    /// Everyone who is in the room when the message is said.
    Room {
        /// The room.
        room: RoomId,
        /// The one who does not read it, as they said it.
        except: Option<PeerId>,
        /// Those who ignore whoever caused it. Empty for nearly everyone.
        hidden_from: Vec<PeerId>,
    },
}

/// What one call into the [`Hub`](super::Hub) asked for, in order. Reused from call to call.
#[derive(Debug, Default)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// Takes the effects out, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.0.drain(..)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes out the first act that is proposed behind so many effects, and moves all that follows it to the end of others.
    pub(super) fn take_proposed(&mut self, behind: usize, to: &mut Effects) -> Option<Proposal> {
        let mut new = self.0.get(behind..)?.iter();
        let first = new.position(|it| matches!(it, Effect::Append(_)))?;
        to.0.extend(self.0.drain(behind + first + 1..));
        match self.0.pop() {
            Some(Effect::Append(it)) => Some(it),
            other => {
                self.0.extend(other);
                None
            }
        }
    }

    pub(super) fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }

    /// Tells a peer something, or nobody: people who are not connected here are told nothing.
    pub(super) fn tell(&mut self, peer: impl Into<Option<PeerId>>, message: impl Into<Message>) {
        if let Some(peer) = peer.into() {
            let (to, message) = (Audience::Peer(peer), message.into());
            self.push(Effect::Send { to, message });
        }
    }

    pub(super) fn answer(&mut self, peer: impl Into<Option<PeerId>>, answer: impl Into<Answer>) {
        self.tell(peer, Message::Answer(answer.into()));
    }

    /// Proposes an act of the person whose connection this is.
    pub(super) fn append(&mut self, peer: PeerId, author: Option<PersonId>, act: Act) {
        self.push(Effect::Append(Proposal {
            peer: Some(peer),
            author,
            act,
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
        let message = Message::News(news);
        self.push(Effect::Send { to, message });
    }
}
