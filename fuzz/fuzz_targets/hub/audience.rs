//! Checks what each person is told, and by whom. It knows only as much of the hub's state as the effects tell.

use std::collections::{BTreeMap, BTreeSet};

use bytes::BytesMut;
use chinwag::Username;
use chinwag::inner::chat::{self, Effect, Event, Readers};
use chinwag::inner::wire::render;
use chinwag::inner::{
    AboutChat, AboutConnection, AboutIgnoring, AboutInput, AboutPeople, AboutRooms, Answer, Format,
    Message, News, PeerId, RoomId,
};

pub(crate) struct Audience {
    anonymous: bool,
    readers: Readers,
    /// Who was told that they ignore whom, and the name at that time, until they are told that they no longer do.
    ignores: BTreeMap<(PeerId, PeerId), Username>,
    /// A change of name, from and to, and the rooms that must still hear about it.
    renamed: Option<(Username, Username, BTreeSet<RoomId>)>,
}

impl Audience {
    pub(crate) fn new(anonymous: bool) -> Audience {
        Audience {
            anonymous,
            readers: Readers::default(),
            ignores: BTreeMap::new(),
            renamed: None,
        }
    }

    pub(crate) fn is_connected(&self, peer: PeerId) -> bool {
        self.readers.is_connected(peer)
    }

    pub(crate) fn someone_is_connected(&self) -> bool {
        self.readers.connected().next().is_some()
    }

    pub(crate) fn someone_has_no_name(&self) -> bool {
        self.readers.connected().count() > self.online()
    }

    pub(crate) fn online(&self) -> usize {
        self.readers.online().len()
    }

    /// This event comes next.
    pub(crate) fn expect(&mut self, peer: PeerId, event: &Event<'_>) {
        self.readers.expect(peer, event);
    }

    /// Takes the effects of an event of the actor, or of no person.
    pub(crate) fn take(
        &mut self,
        actor: Option<PeerId>,
        unix: i64,
        effects: impl Iterator<Item = Effect>,
    ) {
        let is_here = actor.is_none_or(|it| self.is_connected(it));
        for effect in effects {
            assert!(is_here, "{actor:?} is gone and causes {effect:?}");
            let readers = self.readers.apply(&effect);
            match effect {
                Effect::Send { to, message, .. } => self.tell(actor, &to, &readers, &message, unix),
                Effect::Close { peer, reason } => {
                    let own = actor.is_none_or(|actor| actor == peer);
                    assert!(own, "{actor:?} has {peer} closed: {reason}");
                }
                Effect::CameOnline { peer, name } => {
                    assert_eq!(actor, Some(peer));
                    self.assert_name_is_free(peer, &name);
                }
                Effect::Renamed { peer, from, to } => {
                    assert_eq!(actor, Some(peer));
                    self.assert_name_is_free(peer, &to);
                    self.renamed = Some((from, to, self.readers.rooms(peer).collect()));
                }
                Effect::WentOffline { peer, .. } => {
                    self.ignores
                        .retain(|(by, whom), _| *by != peer && *whom != peer);
                }
                _ => {}
            }
        }
        self.readers.check(|_| false);
        let renamed = self.renamed.take();
        let untold = renamed.filter(|(_, _, rooms)| !rooms.is_empty());
        assert_eq!(untold, None, "some were not told of a new name");
    }

    /// Checks that nobody else has the name or one that looks like it, and that typing it addresses its owner.
    fn assert_name_is_free(&self, peer: PeerId, name: &Username) {
        let online = self.readers.online().iter();
        let mut others = online.filter(|(it, _)| *it != peer);
        let is_taken = others.any(|(_, other)| other.looks_like(name));
        assert!(!is_taken, "{name} is there twice");
        match Username::parse(name.as_str()) {
            Ok(typed) => assert_eq!(typed.as_str(), name.as_str()),
            Err(_) => assert!(self.anonymous, "{name} cannot be typed"),
        }
    }

    fn tell(
        &mut self,
        actor: Option<PeerId>,
        to: &chat::Audience,
        readers: &[PeerId],
        message: &Message,
        unix: i64,
    ) {
        for reader in readers {
            let format = match to {
                chat::Audience::Peer(_) | chat::Audience::Author { .. } => {
                    self.readers.format(*reader)
                }
                chat::Audience::Room { room, .. } => self.readers.format_in(*reader, *room),
            };
            assert_renders_well(message, unix, format.unwrap_or_default());
        }
        match to {
            chat::Audience::Peer(reader) | chat::Audience::Author { peer: reader, .. } => {
                assert!(
                    actor.is_none_or(|it| self.may_read(*reader, it, message)),
                    "{message:?}"
                );
                self.note(*reader, message);
            }
            chat::Audience::Room { room, except, .. } => {
                for reader in readers {
                    let ignored = actor.is_some_and(|it| self.ignores.contains_key(&(*reader, it)));
                    assert!(!ignored, "{reader} ignores {actor:?} and reads {message:?}");
                }
                if let Message::News(News::Renamed { from, to }) = message {
                    let renamed = self.renamed.as_mut().expect("somebody has a new name");
                    assert_eq!((&renamed.0, &renamed.1), (from, to));
                    assert!(renamed.2.remove(room), "{room:?} is told again");
                }
                self.assert_is_from(actor, *room, *except, message);
            }
        }
    }

    /// Each message to one person is one that they asked for, or a private message of someone they do not ignore.
    fn may_read(&self, reader: PeerId, actor: PeerId, message: &Message) -> bool {
        match message {
            Message::News(News::Private { from, .. }) => {
                let name = self.readers.name(actor);
                reader != actor
                    && name == Some(from)
                    && !self.ignores.contains_key(&(reader, actor))
            }
            _ => reader == actor,
        }
    }

    /// Each message to a room comes from the person who caused it, in a room where they are, under their name.
    fn assert_is_from(
        &self,
        actor: Option<PeerId>,
        room: RoomId,
        except: Option<PeerId>,
        message: &Message,
    ) {
        let Message::News(news) = message else {
            panic!("{message:?} is told to a room");
        };
        let (News::Said { from: name, .. }
        | News::Action { from: name, .. }
        | News::TopicSet { by: name, .. }
        | News::Renamed { to: name, .. }
        | News::Joined(name)
        | News::Entered(name)
        | News::ListensIn { who: name, .. }
        | News::ListensNoMore(name)
        | News::WentTo { who: name, .. }) = news
        else {
            return assert!(
                matches!(news, News::Left { .. } | News::Notice(_)),
                "{message:?}"
            );
        };
        let actor = actor.expect("someone caused it");
        assert_eq!(self.readers.name(actor), Some(name));
        let is_current = self.readers.room(actor) == Some(room);
        assert!(
            self.readers.rooms(actor).any(|it| it == room),
            "{message:?}"
        );
        match news {
            News::Joined(_) | News::Entered(_) | News::WentTo { .. } => assert!(is_current),
            News::ListensIn { .. } | News::ListensNoMore(_) => assert!(!is_current),
            _ => {}
        }
        assert!(except.is_none_or(|it| it == actor), "{message:?}");
    }

    /// Takes note of messages to one person that can be checked against known facts: whom they ignore, and how many are
    /// online.
    fn note(&mut self, reader: PeerId, message: &Message) {
        let Message::Answer(answer) = message else {
            return;
        };
        let online = self.readers.online();
        let find = |name| online.iter().find(|(_, it)| it == name);
        match answer {
            Answer::Ignoring(AboutIgnoring::IgnoreSet(name)) => {
                let (whom, _) = find(name).expect("who is ignored is here");
                let (whom, name) = ((reader, *whom), name.clone());
                self.ignores.entry(whom).or_insert(name);
            }
            Answer::Ignoring(AboutIgnoring::IgnoreLifted(name)) => {
                let present = find(name).map(|(whom, _)| *whom);
                self.ignores.retain(|(by, whom), then| {
                    *by != reader || Some(*whom) != present && then != name
                });
            }
            Answer::Chat(AboutChat::UsersOnline(count))
            | Answer::Input(AboutInput::StillHere(count)) => {
                assert_eq!(*count, online.len());
            }
            _ => {}
        }
    }
}

/// Whole lines of harmless text; a text by a person has one line; a prompt has no end.
fn assert_renders_well(message: &Message, unix: i64, format: Format) {
    let mut out = BytesMut::new();
    render(message, unix, format, &mut out);
    let text = std::str::from_utf8(&out).expect("it is UTF-8");
    if *message == Message::Connection(AboutConnection::UsernamePrompt) {
        return assert!(!text.contains(char::is_control));
    }
    let lines = text.strip_suffix("\r\n").expect("lines are ended");
    let harms = |c: char| {
        c.is_control() && c != '\t'
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let count = lines
        .split("\r\n")
        .inspect(|it| assert!(!it.contains(harms), "{it:?}"))
        .count();
    let is_list = matches!(
        message,
        Message::Connection(AboutConnection::WrongProtocol(_) | AboutConnection::Welcome)
            | Message::Answer(
                Answer::Chat(AboutChat::Help { .. })
                    | Answer::Rooms(AboutRooms::Rooms { .. } | AboutRooms::Who { .. })
                    | Answer::People(AboutPeople::Whois(_))
            )
    );
    assert!(is_list || count == 1, "{message:?} is {count} lines");
}
