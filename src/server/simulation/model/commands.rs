//! What people type: names, lines and commands; and the commands about rooms and reading.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::{
    HISTORY_BYTES, LOGIN_ATTEMPTS, PEOPLE_LISTED, QUIT_CHARS, REPLAYED_LINES, ROOMS_LISTED,
    ROOMS_REMEMBERED, TOPIC_CHARS,
};
use crate::message::{
    AboutChat, AboutConnection, AboutInput, AboutReading, AboutRooms, Here, News, Presence, RoomRow,
};
use crate::moment::{Format, Moment, Offset, Stamp};
use crate::name::{RoomName, Username};

use super::{Kept, Line, Model, Person, Readers, Room, words};

/// A line, who typed it, when, and as whom.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) now: Moment,
    pub(super) peer: PeerId,
    pub(super) name: Username,
    pub(super) room: usize,
}

/// What follows the sequence of a key, where the line goes on with one whose ESC was passed.
fn behind_key<'a>(line: &str, bare: &'a str) -> Option<&'a str> {
    line[..line.len() - bare.len()].strip_suffix('␛')?;
    if let Some(behind) = bare.strip_prefix('[') {
        let end = behind.find(|c| ('@'..='~').contains(&c))?;
        return Some(&behind[end + 1..]);
    }
    let behind = bare.strip_prefix('O')?;
    behind.strip_prefix(|c: char| c.is_ascii_graphic())
}

/// The word of a command and what follows it, if the line is one.
pub(super) fn as_command(line: &str) -> Option<(String, &str)> {
    let is_nothing = |c: char| c.is_whitespace() || c == '\u{fffd}' || ('␀'..='␡').contains(&c);
    let mut bare = line.trim_start_matches(is_nothing);
    while let Some(behind) = behind_key(line, bare) {
        bare = behind.trim_start_matches(is_nothing);
    }
    let wide = bare.replace('／', "/");
    if !wide.starts_with('/') || line.starts_with("//") || wide.starts_with("//") {
        return None;
    }
    let word = bare.split(char::is_whitespace).next().unwrap_or(bare);
    let args = bare[word.len()..].trim();
    Some((word.replacen('／', "/", 1), args))
}

impl Model {
    pub(super) fn login(&mut self, now: Moment, peer: PeerId, line: &str) {
        let first = line.split_whitespace().next().unwrap_or("");
        if ["/quit", "/q", "/exit"].contains(&&*first.to_ascii_lowercase()) {
            return self.dismiss(peer, AboutConnection::Goodbye);
        }
        match Username::parse(line) {
            Ok(name) => self.come_in(now, peer, name),
            Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why)),
        }
    }

    pub(super) fn come_in(&mut self, now: Moment, peer: PeerId, name: Username) {
        if self.is_taken(&name, peer) {
            return self.refuse(peer, AboutConnection::UsernameTaken);
        }
        let idle_at = self.rules.idle_timeout.map(|it| now.instant + it);
        let active = self.seconds(now);
        self.comings += 1;
        let came = self.comings;
        let it = self.person_mut(peer);
        (it.name, it.came) = (Some(name.clone()), came);
        it.name_by = None;
        it.since = u32::try_from(now.unix).unwrap_or(0).into();
        (it.active, it.idle_at) = (active, idle_at);
        self.has_taken(peer, &name);
        self.tell(peer, AboutConnection::Welcome);
        if let Some(motd) = self.motd.as_deref().map(Into::into) {
            self.tell(peer, AboutConnection::Motd(motd));
        }
        self.show_room(peer, 0);
        self.tell_room(0, Some(peer), Readers::Joined, News::Joined(name));
    }

    pub(super) fn refuse(&mut self, peer: PeerId, why: AboutConnection) {
        self.tell(peer, why);
        self.person_mut(peer).attempts += 1;
        if self.person(peer).attempts < LOGIN_ATTEMPTS.into() {
            return self.tell(peer, AboutConnection::UsernamePrompt);
        }
        self.tell(peer, AboutConnection::TooManyAttempts);
        self.people.retain(|it| it.peer != peer);
    }

    pub(super) fn dismiss(&mut self, peer: PeerId, why: AboutConnection) {
        self.tell(peer, why);
        self.leave(peer, "");
    }

    /// Someone is gone for everyone.
    pub(super) fn depart(&mut self, peer: PeerId, word: &str) {
        let place = self.people.iter().position(|it| it.peer == peer);
        let place = place.expect("they are here");
        if let Some(who) = self.people[place].name.clone() {
            let room = self.people[place].room;
            let word = Some(word).filter(|it| !it.is_empty()).map(Into::into);
            let left = News::Left { who, word };
            self.tell_room(room, Some(peer), Readers::Comings, left);
            self.people.remove(place);
            for it in &mut self.people {
                for ignored in &mut it.ignores {
                    ignored.is_here &= ignored.peer != peer;
                }
            }
            self.close_if_empty(room);
        } else {
            self.people.remove(place);
        }
    }

    pub(super) fn line(&mut self, now: Moment, peer: PeerId, line: &str) {
        self.person_mut(peer).active = self.seconds(now);
        let it = self.person(peer);
        let typed = Typed {
            now,
            peer,
            name: it.name().clone(),
            room: it.room,
        };
        if line.trim().is_empty() {
            return;
        }
        if let Some((word, args)) = as_command(line) {
            return self.command(&typed, &word, args);
        }
        let text = match line.starts_with("//") {
            true => &line[1..],
            false => line,
        };
        let said = News::Said {
            from: typed.name.clone(),
            text: text.into(),
        };
        self.say(&typed, said, text, Readers::Others);
    }

    fn command(&mut self, typed: &Typed, word: &str, args: &str) {
        let peer = typed.peer;
        let wants = match words::usage(word) {
            None => {
                let word = words::shorten(word).into();
                return self.answer(peer, AboutInput::UnknownCommand(word));
            }
            Some(usage) => usage.split_once(' ').map(|(_, rest)| rest),
        };
        let fits = match wants {
            None => args.is_empty(),
            Some(rest) => rest.starts_with('[') || !args.is_empty(),
        };
        if !fits {
            return self.misused(peer, word);
        }
        let usage = words::usage(word).expect("the command is there");
        match usage.split(' ').next().expect("it has a word") {
            "/help" => self.answer(peer, AboutChat::Help(&words::HELP)),
            "/users" => self.answer(peer, AboutChat::UsersOnline(self.online())),
            "/rooms" => self.list_rooms(peer),
            "/join" => self.join(typed, args),
            "/leave" => self.go(typed, 0),
            "/topic" => self.topic(typed, args),
            "/who" => self.who(typed, args),
            "/history" => self.history(typed, args),
            "/time" => self.set_time(typed, args),
            "/quiet" => self.set_quiet(typed, args),
            "/quit" if args.chars().count() > QUIT_CHARS => {
                self.answer(peer, AboutInput::QuitTooLong);
            }
            "/quit" => {
                self.tell(peer, AboutConnection::Goodbye);
                self.leave(peer, args);
            }
            word => self.command_about_people(typed, word, args),
        }
    }

    pub(super) fn misused(&mut self, peer: PeerId, word: &str) {
        let usage = words::usage(word).expect("the command is there");
        self.answer(peer, AboutInput::Usage(usage));
    }

    pub(super) fn say(&mut self, typed: &Typed, news: News, text: &str, to: Readers) {
        let line = Line {
            number: 0,
            unix: typed.now.unix,
            author: typed.peer,
            name: typed.name.clone(),
            typed: text.len(),
            news: news.clone(),
        };
        let room = self.rooms[typed.room].as_mut().expect("they are in it");
        room.history.push(line.clone());
        self.note_mentions(typed, text, &line);
        self.tell_room(typed.room, Some(typed.peer), to, news);
    }

    pub(super) fn room(&self, room: usize) -> &Room {
        self.rooms[room].as_ref().expect("the room is there")
    }

    fn people_in(&self, room: usize) -> usize {
        let is_in = |it: &&Person| it.name.is_some() && it.room == room;
        self.people.iter().filter(is_in).count()
    }

    pub(super) fn make_room(&mut self, name: RoomName) -> Room {
        self.lives += 1;
        Room {
            life: self.lives,
            name,
            topic: None,
            history: Kept::new(self.rules.history, HISTORY_BYTES),
        }
    }

    fn find_room(&self, name: &RoomName) -> Option<usize> {
        let is_it = |room: &Option<Room>| room.as_ref().is_some_and(|room| room.name == *name);
        self.rooms.iter().position(is_it)
    }

    fn close_if_empty(&mut self, room: usize) {
        if room != 0 && self.people_in(room) == 0 && self.room(room).topic.is_none() {
            self.rooms[room] = None;
        }
    }

    fn show_room(&mut self, peer: PeerId, room: usize) {
        if self.room(room).topic.is_some() {
            self.show_topic(peer, room);
        }
        let life = self.room(room).life;
        let mut visits = self.person(peer).visits.iter();
        let known = visits.find(|(it, _)| *it == life).map_or(0, |it| it.1);
        self.replay(peer, room, known, REPLAYED_LINES);
    }

    fn show_topic(&mut self, peer: PeerId, room: usize) {
        let Room { name, topic, .. } = self.room(room);
        let (room, topic) = (name.clone(), topic.clone());
        self.answer(peer, AboutRooms::Topic { room, topic });
    }

    fn replay(&mut self, peer: PeerId, room: usize, known: usize, count: usize) -> bool {
        let all = &self.room(room).history.lines;
        let mut seen: Vec<Line> = all
            .iter()
            .filter(|it| it.number >= known && self.sees(peer, it))
            .cloned()
            .collect();
        let shown = seen.split_off(seen.len().saturating_sub(count));
        if shown.is_empty() {
            return false;
        }
        self.answer(peer, AboutReading::History(shown.len()));
        self.show_lines(peer, &shown);
        true
    }

    fn list_rooms(&mut self, peer: PeerId) {
        let current = self.person(peer).room;
        let mut rows: Vec<(usize, &Room, bool)> = Vec::new();
        for (place, room) in self.rooms.iter().enumerate() {
            let is_current = place == current;
            let room = room.as_ref();
            rows.extend(room.map(|room| (self.people_in(place), room, is_current)));
        }
        rows.sort_by_key(|(people, room, _)| (Reverse(*people), room.life));
        let more = rows.len().saturating_sub(ROOMS_LISTED);
        rows.truncate(ROOMS_LISTED);
        let row = |(people, room, is_current): (usize, &Room, bool)| RoomRow {
            name: room.name.clone(),
            people,
            here: is_current.then_some(Here::Current),
            topic: room.topic.clone(),
        };
        let rows = rows.into_iter().map(row).collect();
        self.answer(peer, AboutRooms::Rooms { rows, more });
    }

    /// The oldest room whose name looks like this one.
    fn find_alike(&self, name: &RoomName) -> Option<&RoomName> {
        let rooms = self.rooms.iter().flatten();
        let alike = rooms.filter(|room| room.name.looks_like(name));
        Some(&alike.min_by_key(|room| room.life)?.name)
    }

    fn join(&mut self, typed: &Typed, args: &str) {
        let name = match RoomName::parse(args) {
            Ok(name) => name,
            Err(why) => return self.answer(typed.peer, AboutRooms::RoomInvalid(why)),
        };
        if self.find_room(&name).is_none()
            && let Some(other) = self.find_alike(&name)
        {
            let (typed_name, room) = (name, other.clone());
            let looks_like = AboutRooms::RoomLooksLike {
                typed: typed_name,
                room,
            };
            return self.answer(typed.peer, looks_like);
        }
        let room = match self.find_room(&name) {
            Some(room) => room,
            None => {
                let free = self.rooms.iter().position(Option::is_none);
                let room = free.unwrap_or(self.rooms.len());
                if free.is_none() {
                    self.rooms.push(None);
                }
                let made = self.make_room(name);
                self.rooms[room] = Some(made);
                room
            }
        };
        self.go(typed, room);
    }

    fn go(&mut self, typed: &Typed, room: usize) {
        let Typed { peer, name, .. } = typed.clone();
        let there = self.room(room).name.clone();
        if room == typed.room {
            return self.answer(peer, AboutRooms::InRoomAlready(there));
        }
        let gone = News::WentTo {
            who: name.clone(),
            room: there.clone(),
        };
        self.tell_room(typed.room, Some(peer), Readers::Comings, gone);
        let Room { life, history, .. } = self.room(typed.room);
        let visit = (*life, history.total);
        let it = self.person_mut(peer);
        it.visits.retain(|(life, _)| *life != visit.0);
        it.visits.push(visit);
        let forgotten = it.visits.len().saturating_sub(ROOMS_REMEMBERED);
        it.visits.drain(..forgotten);
        it.room = room;
        self.close_if_empty(typed.room);
        self.answer(peer, AboutRooms::InRoom(there));
        self.show_room(peer, room);
        self.tell_room(room, Some(peer), Readers::Comings, News::Entered(name));
    }

    fn topic(&mut self, typed: &Typed, args: &str) {
        if args.is_empty() || args == "-" && self.room(typed.room).topic.is_none() {
            return self.show_topic(typed.peer, typed.room);
        }
        if args.chars().count() > TOPIC_CHARS {
            return self.answer(typed.peer, AboutRooms::TopicTooLong);
        }
        let topic: Option<Arc<str>> = Some(args).filter(|it| *it != "-").map(Into::into);
        let set = News::TopicSet {
            by: typed.name.clone(),
            topic: topic.clone(),
        };
        self.rooms[typed.room]
            .as_mut()
            .expect("they are in it")
            .topic = topic;
        self.tell_room(typed.room, Some(typed.peer), Readers::All, set);
    }

    fn who(&mut self, typed: &Typed, args: &str) {
        let room = match (args, RoomName::parse(args)) {
            ("", _) => typed.room,
            (_, Err(why)) => return self.answer(typed.peer, AboutRooms::RoomInvalid(why)),
            (_, Ok(name)) => match self.find_room(&name) {
                Some(room) => room,
                None => {
                    let meant = self.find_alike(&name).cloned();
                    return self.answer(typed.peer, AboutRooms::NoSuchRoom { name, meant });
                }
            },
        };
        let count = self.people_in(room);
        let mut here: Vec<&Person> = Vec::new();
        here.extend(
            self.people
                .iter()
                .filter(|it| it.name.is_some() && it.room == room),
        );
        here.sort_by_key(|it| it.came);
        here.truncate(PEOPLE_LISTED);
        let more = count - here.len();
        let seconds = self.seconds(typed.now);
        let people = here.iter().map(|it| it.presence(seconds)).collect();
        let room = self.room(room).name.clone();
        self.answer(typed.peer, AboutRooms::Who { room, people, more });
    }

    fn history(&mut self, typed: &Typed, args: &str) {
        let count = match args {
            "" => Some(REPLAYED_LINES),
            args => args.parse().ok().filter(|count| *count > 0),
        };
        let Some(count) = count else {
            return self.misused(typed.peer, "/history");
        };
        if !self.replay(typed.peer, typed.room, 0, count) {
            self.answer(typed.peer, AboutReading::NoHistory);
        }
    }

    fn set_time(&mut self, typed: &Typed, args: &str) {
        let first = args.split_whitespace().next().unwrap_or("");
        let before = self.person(typed.peer).format;
        let (stamp, zone) = match (first.to_ascii_lowercase().as_str(), before.stamp) {
            ("off", _) => (Stamp::Off, &args[first.len()..]),
            ("on", _) => (Stamp::Clock, &args[first.len()..]),
            ("full", _) => (Stamp::Full, &args[first.len()..]),
            ("", stamp) => (stamp, ""),
            (_, Stamp::Off) => (Stamp::Clock, args),
            (_, stamp) => (stamp, args),
        };
        let zone = zone.trim();
        let offset = match zone {
            "" => Some(before.offset),
            // The only one that the script knows by name; it has neither summer nor winter.
            zone if zone.eq_ignore_ascii_case("Asia/Kolkata") => Offset::parse("+05:30"),
            zone => Offset::parse(zone),
        };
        let Some(offset) = offset else {
            let (typed_zone, by_name) = (words::shorten(zone).into(), true);
            let no_zone = AboutReading::NoZone {
                typed: typed_zone,
                by_name,
            };
            return self.answer(typed.peer, no_zone);
        };
        let format = Format {
            stamp,
            offset,
            ..before
        };
        self.person_mut(typed.peer).format = format;
        self.answer(typed.peer, AboutReading::TimeSet(format));
    }

    fn set_quiet(&mut self, typed: &Typed, args: &str) {
        let typed_word = match (args, self.person(typed.peer).format.quiet) {
            ("", true) => "on".into(),
            ("", false) => "off".into(),
            (args, _) => args.to_ascii_lowercase(),
        };
        let quiet = match typed_word.as_str() {
            "on" => true,
            "off" => false,
            _ => return self.misused(typed.peer, "/quiet"),
        };
        self.person_mut(typed.peer).format.quiet = quiet;
        self.answer(typed.peer, AboutReading::QuietSet(quiet));
    }
}

impl Person {
    pub(super) fn presence(&self, seconds: u64) -> Presence {
        Presence {
            name: self.name().clone(),
            elsewhere: None,
            away: self.away.is_some(),
            idle: u32::try_from(seconds - self.active).expect("no play takes so long"),
        }
    }
}
