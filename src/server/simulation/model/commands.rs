//! What people type: names, lines and commands; and the commands about rooms and reading.

use std::cmp::Reverse;

use crate::id::PeerId;
use crate::limits::{
    HISTORY_BYTES, LOGIN_ATTEMPTS, PEOPLE_LISTED, QUIT_CHARS, REPLAYED_LINES, ROOMS_LISTED,
    ROOMS_REMEMBERED, TOPIC_CHARS,
};
use crate::moment::{Moment, Offset};
use crate::name::{RoomName, Username};

use super::{Kept, Line, Model, PROMPT, Readers, Room, Stamp, words};

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
            return self.dismiss(now, peer, "Goodbye!");
        }
        match Username::parse(line) {
            Ok(name) => self.come_in(now, peer, name),
            Err(why) => self.refuse(peer, &words::no_name("A username", why)),
        }
    }

    pub(super) fn come_in(&mut self, now: Moment, peer: PeerId, name: Username) {
        if self.is_taken(&name, peer) {
            return self.refuse(peer, "That username is taken.");
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
        let help = "Type /help for the list of commands.";
        self.tell(peer, &format!("Welcome to the chat!\r\n{help}\r\n"));
        for line in self.motd.clone().iter().flat_map(|text| text.lines()) {
            self.answer(peer, line);
        }
        self.show_room(peer, 0);
        let line = format!("{name} has joined the chat.");
        self.tell_room(now, 0, Some(peer), Readers::Joined, &line);
    }

    pub(super) fn refuse(&mut self, peer: PeerId, why: &str) {
        self.answer(peer, why);
        self.person_mut(peer).attempts += 1;
        if self.person(peer).attempts < LOGIN_ATTEMPTS.into() {
            return self.tell(peer, PROMPT);
        }
        self.answer(peer, "Too many attempts. Goodbye!");
        self.people.retain(|it| it.peer != peer);
    }

    pub(super) fn dismiss(&mut self, now: Moment, peer: PeerId, word: &str) {
        self.answer(peer, word);
        self.leave(now, peer, "");
    }

    /// Someone is gone for everyone.
    pub(super) fn depart(&mut self, now: Moment, peer: PeerId, word: &str) {
        let place = self.people.iter().position(|it| it.peer == peer);
        let place = place.expect("they are here");
        if let Some(name) = self.people[place].name.clone() {
            let room = self.people[place].room;
            let line = match word {
                "" => format!("{name} has left the chat."),
                word => format!("{name} has left the chat: {word}"),
            };
            self.tell_room(now, room, Some(peer), Readers::Comings, &line);
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
        let shown = format!("{}: {text}", typed.name);
        self.say(&typed, shown, text, Readers::Others);
    }

    fn command(&mut self, typed: &Typed, word: &str, args: &str) {
        let peer = typed.peer;
        let wants = match words::usage(word) {
            None => {
                let word = words::shorten(word);
                let line = format!("Unknown command: {word}. Type /help for the list.");
                return self.answer(peer, &line);
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
            "/help" => words::HELP.lines().for_each(|line| self.answer(peer, line)),
            "/users" => self.answer(peer, &format!("Users online: {}", self.online())),
            "/rooms" => self.list_rooms(peer),
            "/join" => self.join(typed, args),
            "/leave" => self.go(typed, 0),
            "/topic" => self.topic(typed, args),
            "/who" => self.who(typed, args),
            "/history" => self.history(typed, args),
            "/time" => self.set_time(typed, args),
            "/quiet" => self.set_quiet(typed, args),
            "/quit" if args.chars().count() > QUIT_CHARS => {
                let line = "A last word has at most 200 characters. Type a shorter one, or none.";
                self.answer(peer, line);
            }
            "/quit" => {
                self.answer(peer, "Goodbye!");
                self.leave(typed.now, peer, args);
            }
            word => self.command_about_people(typed, word, args),
        }
    }

    pub(super) fn misused(&mut self, peer: PeerId, word: &str) {
        let usage = words::usage(word).expect("the command is there");
        self.answer(peer, &format!("How to use it: {usage}"));
    }

    pub(super) fn say(&mut self, typed: &Typed, shown: String, text: &str, to: Readers) {
        let line = Line {
            number: 0,
            unix: typed.now.unix,
            author: typed.peer,
            name: typed.name.clone(),
            typed: text.len(),
            shown: shown.clone(),
        };
        let room = self.rooms[typed.room].as_mut().expect("they are in it");
        room.history.push(line.clone());
        self.note_mentions(typed, text, &line);
        self.tell_room(typed.now, typed.room, Some(typed.peer), to, &shown);
    }

    fn room(&self, room: usize) -> &Room {
        self.rooms[room].as_ref().expect("the room is there")
    }

    fn people_in(&self, room: usize) -> usize {
        let is_in = |it: &&super::Person| it.name.is_some() && it.room == room;
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
        let line = match topic {
            Some(topic) => format!("The topic of {name}: {topic}"),
            None => format!("{name} has no topic. Type /topic TEXT to set one."),
        };
        self.answer(peer, &line);
    }

    fn replay(&mut self, peer: PeerId, room: usize, known: usize, count: usize) -> bool {
        let all = &self.room(room).history.lines;
        let mut seen: Vec<Line> = all
            .iter()
            .filter(|it| it.number >= known && self.sees(peer, it))
            .cloned()
            .collect();
        let shown = seen.split_off(seen.len().saturating_sub(count));
        match shown.len() {
            0 => return false,
            1 => self.show_header(peer, "last message"),
            count => self.show_header(peer, &format!("last {count} messages")),
        }
        self.show_lines(peer, &shown);
        true
    }

    pub(super) fn show_header(&mut self, peer: PeerId, lines: &str) {
        let header = words::header(lines, self.person(peer).offset);
        self.answer(peer, &header);
    }

    fn list_rooms(&mut self, peer: PeerId) {
        let mut rows: Vec<(usize, &Room)> = Vec::new();
        for (place, room) in self.rooms.iter().enumerate() {
            rows.extend(room.as_ref().map(|room| (self.people_in(place), room)));
        }
        rows.sort_by_key(|(people, room)| (Reverse(*people), room.life));
        let more = rows.len().saturating_sub(ROOMS_LISTED);
        rows.truncate(ROOMS_LISTED);
        let name_width = rows
            .iter()
            .map(|(_, it)| words::width(&it.name.to_string()))
            .max();
        let count_width = rows.iter().map(|(count, _)| count.to_string().len()).max();
        let (name_width, count_width) = (name_width.unwrap_or(0), count_width.unwrap_or(0));
        let mut lines = Vec::new();
        for (count, room) in rows {
            let (name, topic) = (room.name.to_string(), room.topic.as_deref().unwrap_or(""));
            let name = name.clone() + &" ".repeat(name_width - words::width(&name));
            let line = format!("{name}  {count:count_width$}  {topic}");
            lines.push(line.trim_end().to_string());
        }
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines.iter().for_each(|line| self.answer(peer, line));
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
            Err(why) => return self.answer(typed.peer, &words::no_name("A room's name", why)),
        };
        if self.find_room(&name).is_none()
            && let Some(other) = self.find_alike(&name)
        {
            let line = format!(
                "{name} looks like {other}. Type /join {other} to go there, or choose another name."
            );
            return self.answer(typed.peer, &line);
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
        let Typed {
            now, peer, name, ..
        } = typed.clone();
        let there = self.room(room).name.clone();
        if room == typed.room {
            return self.answer(peer, &format!("You are already in {there}."));
        }
        let line = format!("{name} has gone to {there}.");
        self.tell_room(now, typed.room, Some(peer), Readers::Comings, &line);
        let Room { life, history, .. } = self.room(typed.room);
        let visit = (*life, history.total);
        let it = self.person_mut(peer);
        it.visits.retain(|(life, _)| *life != visit.0);
        it.visits.push(visit);
        let forgotten = it.visits.len().saturating_sub(ROOMS_REMEMBERED);
        it.visits.drain(..forgotten);
        it.room = room;
        self.close_if_empty(typed.room);
        self.answer(peer, &format!("You are in {there} now."));
        self.show_room(peer, room);
        let line = format!("{name} has come in.");
        self.tell_room(now, room, Some(peer), Readers::Comings, &line);
    }

    fn topic(&mut self, typed: &Typed, args: &str) {
        if args.is_empty() || args == "-" && self.room(typed.room).topic.is_none() {
            return self.show_topic(typed.peer, typed.room);
        }
        if args.chars().count() > TOPIC_CHARS {
            let line = format!("A topic has at most {TOPIC_CHARS} characters. Not set.");
            return self.answer(typed.peer, &line);
        }
        let topic = Some(args.to_string()).filter(|it| it != "-");
        let line = match &topic {
            Some(topic) => format!("{} has set the topic: {topic}", typed.name),
            None => format!("{} has cleared the topic.", typed.name),
        };
        self.rooms[typed.room]
            .as_mut()
            .expect("they are in it")
            .topic = topic;
        self.tell_room(typed.now, typed.room, Some(typed.peer), Readers::All, &line);
    }

    fn who(&mut self, typed: &Typed, args: &str) {
        let room = match (args, RoomName::parse(args)) {
            ("", _) => typed.room,
            (_, Err(why)) => {
                return self.answer(typed.peer, &words::no_name("A room's name", why));
            }
            (_, Ok(name)) => match self.find_room(&name) {
                Some(room) => room,
                None => {
                    let line = match self.find_alike(&name) {
                        Some(other) => format!("There is no room {name}. Did you mean {other}?"),
                        None => format!("There is no room {name}. Type /rooms for the list."),
                    };
                    return self.answer(typed.peer, &line);
                }
            },
        };
        let count = self.people_in(room);
        let mut here: Vec<&super::Person> = Vec::new();
        here.extend(
            self.people
                .iter()
                .filter(|it| it.name.is_some() && it.room == room),
        );
        here.sort_by_key(|it| it.came);
        here.truncate(PEOPLE_LISTED);
        let more = count - here.len();
        let seconds = self.seconds(typed.now);
        let entries = here.iter().map(|it| words::presence(it, seconds)).collect();
        let header = format!("In {}: {count}", self.room(room).name);
        self.answer(typed.peer, &header);
        for line in words::wrapped(entries, more) {
            self.answer(typed.peer, &line);
        }
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
            self.answer(typed.peer, "This room has no history yet.");
        }
    }

    fn set_time(&mut self, typed: &Typed, args: &str) {
        let first = args.split_whitespace().next().unwrap_or("");
        let it = self.person(typed.peer);
        let (stamp, zone) = match (first.to_ascii_lowercase().as_str(), it.stamp) {
            ("off", _) => (Stamp::Off, &args[first.len()..]),
            ("on", _) => (Stamp::Clock, &args[first.len()..]),
            ("full", _) => (Stamp::Full, &args[first.len()..]),
            ("", stamp) => (stamp, ""),
            (_, Stamp::Off) => (Stamp::Clock, args),
            (_, stamp) => (stamp, args),
        };
        let zone = zone.trim();
        let offset = match zone {
            "" => Some(it.offset),
            // The only one that the script knows by name; it has neither summer nor winter.
            zone if zone.eq_ignore_ascii_case("Asia/Kolkata") => Offset::parse("+05:30"),
            zone => Offset::parse(zone),
        };
        let Some(offset) = offset else {
            let zone = words::shorten(zone);
            let line = format!(
                "There is no time zone {zone}. Type one such as +2, +05:45, UTC or Europe/Berlin."
            );
            return self.answer(typed.peer, &line);
        };
        let it = self.person_mut(typed.peer);
        (it.stamp, it.offset) = (stamp, offset);
        let line = match stamp {
            Stamp::Off => "Timestamps are off.".into(),
            Stamp::Clock => format!("Timestamps are on ({offset})."),
            Stamp::Full => format!("Timestamps are on, with the date ({offset})."),
        };
        self.answer(typed.peer, &line);
    }

    fn set_quiet(&mut self, typed: &Typed, args: &str) {
        let typed_word = match (args, self.person(typed.peer).quiet) {
            ("", true) => "on".into(),
            ("", false) => "off".into(),
            (args, _) => args.to_ascii_lowercase(),
        };
        let (quiet, line) = match typed_word.as_str() {
            "on" => (true, "Join and leave notices are off."),
            "off" => (false, "Join and leave notices are on."),
            _ => return self.misused(typed.peer, "/quiet"),
        };
        self.person_mut(typed.peer).quiet = quiet;
        self.answer(typed.peer, line);
    }
}
