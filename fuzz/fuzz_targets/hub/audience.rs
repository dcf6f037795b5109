//! Everyone who is connected, and all that holds of what the hub asks for on their behalf. It knows nothing of the hub's
//! state but what the effects told.

use std::collections::BTreeMap;

use bytes::BytesMut;
use chinwag::inner::chat::{self, Effect, Event};
use chinwag::inner::wire::render;
use chinwag::inner::{
    AboutChat, AboutConnection, AboutIgnoring, AboutInput, AboutPeople, AboutRooms, Answer, Format,
    Message, News, PeerId, RoomId,
};
use chinwag::{CloseReason, Username};

/// One who is connected.
#[derive(Default)]
struct Peer {
    /// By what name they are online.
    name: Option<Username>,
    /// What they read, and how.
    reads: Option<(RoomId, Format)>,
}

pub(crate) struct Audience {
    anonymous: bool,
    peers: BTreeMap<PeerId, Peer>,
    /// Who was told that they ignore whom, under which name, and not since that they no longer do.
    ignores: BTreeMap<(PeerId, PeerId), Username>,
    /// Who is about to end their own connection.
    leaving: Option<PeerId>,
}

impl Audience {
    pub(crate) fn new(anonymous: bool) -> Audience {
        Audience {
            anonymous,
            peers: BTreeMap::new(),
            ignores: BTreeMap::new(),
            leaving: None,
        }
    }

    pub(crate) fn is_connected(&self, peer: PeerId) -> bool {
        self.peers.contains_key(&peer)
    }

    pub(crate) fn someone_is_connected(&self) -> bool {
        !self.peers.is_empty()
    }

    pub(crate) fn someone_has_no_name(&self) -> bool {
        self.peers.values().any(|it| it.name.is_none())
    }

    pub(crate) fn online(&self) -> usize {
        self.peers.values().filter(|it| it.name.is_some()).count()
    }

    /// This event comes next.
    pub(crate) fn expect(&mut self, peer: PeerId, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => _ = self.peers.insert(peer, Peer::default()),
            Event::Disconnected(_) => self.leaving = Some(peer).filter(|it| self.is_connected(*it)),
            _ => {}
        }
    }

    /// Takes what came of an event of the actor, or of none.
    pub(crate) fn take(
        &mut self,
        actor: Option<PeerId>,
        unix: i64,
        effects: impl Iterator<Item = Effect>,
    ) {
        let is_here = actor.is_none_or(|it| self.is_connected(it));
        for effect in effects {
            assert!(is_here, "{actor:?} is gone and causes {effect:?}");
            match effect {
                Effect::Send { to, message } => self.tell(actor, to, &message, unix),
                Effect::Enter { peer, room, format } => {
                    let known = self.here(peer);
                    assert!(known.name.is_some() || known.reads.is_none());
                    known.reads = Some((room, format));
                }
                Effect::Append(_)
                | Effect::Hold { .. }
                | Effect::Release { .. }
                | Effect::Ask { .. } => {
                    panic!("{effect:?} where nothing is out")
                }
                Effect::Exit { peer } => {
                    let before = self.here(peer).reads.take();
                    assert!(before.is_some(), "{peer} read no room");
                }
                Effect::Close { peer, reason } => self.close(actor, peer, reason),
                Effect::CameOnline { peer, name } => self.come_online(actor, peer, name),
                Effect::Renamed { peer, from, .. } => {
                    // The message that tells the room comes behind it.
                    assert_eq!(self.here(peer).name.as_ref(), Some(&from));
                }
                Effect::WentOffline { peer, name, .. } => {
                    let before = self.here(peer).name.take();
                    let before = before.map(|it| it.to_string());
                    assert_eq!(before.as_deref(), Some(name.as_str()));
                    self.ignores
                        .retain(|(by, whom), _| *by != peer && *whom != peer);
                }
            }
        }
        if let Some(peer) = self.leaving.take() {
            let left = self.peers.remove(&peer).expect("who leaves was here");
            assert!(
                left.name.is_none() && left.reads.is_none(),
                "{peer} is gone and online"
            );
        }
        let agree = |it: &Peer| it.name.is_some() == it.reads.is_some();
        assert!(
            self.peers.values().all(agree),
            "someone is online in no room"
        );
    }

    fn here(&mut self, peer: PeerId) -> &mut Peer {
        self.peers
            .get_mut(&peer)
            .unwrap_or_else(|| panic!("{peer} is not here"))
    }

    fn close(&mut self, actor: Option<PeerId>, peer: PeerId, reason: CloseReason) {
        let left = self.peers.remove(&peer);
        let left = left.unwrap_or_else(|| panic!("{peer} is closed and not here"));
        assert!(
            left.name.is_none() && left.reads.is_none(),
            "{peer} is closed and online"
        );
        assert!(self.leaving.is_none(), "{peer} has left by themselves");
        let own = actor.is_none_or(|actor| actor == peer);
        assert!(own, "{actor:?} has {peer} closed: {reason}");
    }

    fn come_online(&mut self, actor: Option<PeerId>, peer: PeerId, name: Username) {
        assert_eq!(actor, Some(peer));
        self.assert_name_is_free(peer, &name);
        let known = self.here(peer);
        assert!(known.reads.is_some(), "{peer} reads no room");
        assert!(
            known.name.replace(name).is_none(),
            "{peer} is online already"
        );
    }

    /// Nobody else has it or one that looks like it, and whoever types it means the one who has.
    fn assert_name_is_free(&self, peer: PeerId, name: &Username) {
        let mut others = self.peers.iter().filter(|(it, _)| **it != peer);
        assert!(
            others.all(|(_, it)| it.name.as_ref().is_none_or(|it| !it.looks_like(name))),
            "{name} is there twice"
        );
        match Username::parse(name.as_str()) {
            Ok(typed) => assert_eq!(typed.as_str(), name.as_str()),
            Err(_) => assert!(self.anonymous, "{name} cannot be typed"),
        }
    }

    fn tell(&mut self, actor: Option<PeerId>, to: chat::Audience, message: &Message, unix: i64) {
        match to {
            chat::Audience::Peer(reader) => {
                let format = self.here(reader).reads.map(|(_, format)| format);
                assert_renders_well(message, unix, format.unwrap_or_default());
                assert!(
                    actor.is_none_or(|it| self.may_read(reader, it, message)),
                    "{message:?}"
                );
                self.note(reader, message);
            }
            chat::Audience::Room {
                room,
                except,
                hidden_from,
            } => {
                for left_out in except.iter().chain(&hidden_from) {
                    self.here(*left_out);
                }
                self.note_rename(actor, message);
                let is_in = |it: &&PeerId| self.peers[it].reads.is_some_and(|(its, _)| its == room);
                let is_told = |it: &&PeerId| except != Some(**it) && !hidden_from.contains(it);
                for reader in self.peers.keys().filter(is_in).filter(is_told) {
                    let format = self.peers[reader].reads.map(|(_, format)| format);
                    assert_renders_well(message, unix, format.unwrap_or_default());
                    let ignored = actor.is_some_and(|it| self.ignores.contains_key(&(*reader, it)));
                    assert!(!ignored, "{reader} ignores {actor:?} and reads {message:?}");
                }
                self.assert_is_from(actor, room, except, message);
            }
        }
    }

    /// What one person is told was asked for by themselves, or is a private message of someone they do not ignore.
    fn may_read(&self, reader: PeerId, actor: PeerId, message: &Message) -> bool {
        match message {
            Message::News(News::Private { from, .. }) => {
                let name = self.peers[&actor].name.as_ref();
                reader != actor
                    && name == Some(from)
                    && !self.ignores.contains_key(&(reader, actor))
            }
            _ => reader == actor,
        }
    }

    /// What is said in a room is said by the one who caused it, in the room where they are, under their name.
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
        | News::WentTo { who: name, .. }) = news
        else {
            return assert!(
                matches!(news, News::Left { .. } | News::Notice(_)),
                "{message:?}"
            );
        };
        let actor = actor.expect("someone caused it");
        let peer = &self.peers[&actor];
        assert_eq!(peer.name.as_ref(), Some(name));
        assert_eq!(peer.reads.map(|(room, _)| room), Some(room), "{message:?}");
        assert!(except.is_none_or(|it| it == actor), "{message:?}");
    }

    fn note_rename(&mut self, actor: Option<PeerId>, message: &Message) {
        if let (Message::News(News::Renamed { from, to }), Some(actor)) = (message, actor) {
            self.assert_name_is_free(actor, to);
            let before = self.here(actor).name.replace(to.clone());
            assert_eq!(before.as_ref(), Some(from));
        }
    }

    /// What one person is told that can be held against what is known: whom they ignore, and how many are online.
    fn note(&mut self, reader: PeerId, message: &Message) {
        let find = |name| {
            self.peers
                .iter()
                .find(|(_, it)| it.name.as_ref() == Some(name))
        };
        let Message::Answer(answer) = message else {
            return;
        };
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
                assert_eq!(*count, self.online());
            }
            _ => {}
        }
    }
}

/// Whole lines of harmless text, of one line where a person wrote it; a prompt has no end.
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
                Answer::Chat(AboutChat::Help(_))
                    | Answer::Rooms(AboutRooms::Rooms { .. } | AboutRooms::Who { .. })
                    | Answer::People(AboutPeople::Whois(_))
            )
    );
    assert!(is_list || count == 1, "{message:?} is {count} lines");
}
