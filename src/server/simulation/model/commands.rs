//! The lines that people type: names, talk and commands; and the commands about reading.

use std::time::Duration;

use crate::id::PeerId;
use crate::limits::{LOGIN_ATTEMPTS, QUIT_CHARS, REPLAYED_LINES};
use crate::message::{
    AboutAccount, AboutChat, AboutConnection, AboutInput, AboutReading, Elsewhere, News, Presence,
};
use crate::moment::{Format, Moment, Offset, Stamp};
use crate::name::Username;
use crate::server::simulation::sightings::Sight;

use super::{Line, Model, Person, Readers, words};

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
            Ok(name) => self.choose(now, peer, name, None),
            Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why)),
        }
    }

    pub(super) fn come_in(&mut self, now: Moment, peer: PeerId, name: Username) {
        if self.is_barred(peer, &name, None) {
            return;
        }
        if self.is_taken(&name, peer) {
            return self.refuse(peer, AboutConnection::UsernameTaken);
        }
        let idle_at = self.rules.idle_timeout.map(|it| now.instant + it);
        let active = self.seconds(now);
        self.comings += 1;
        let came = self.comings;
        let it = self.person_mut(peer);
        (it.name, it.came) = (Some(name.clone()), came);
        (it.name_by, it.asking) = (None, None);
        it.since = u32::try_from(now.unix).unwrap_or(0).into();
        (it.active, it.idle_at) = (active, idle_at);
        self.has_taken(peer, &name);
        self.begin_entry(Some(peer));
        self.keep_seen(&name);
        if self.person(peer).is_program() {
            self.welcome_program(now, peer);
        } else {
            self.tell(peer, AboutConnection::Welcome);
            if let Some(motd) = self.motd.as_deref().map(Into::into) {
                self.tell(peer, AboutConnection::Motd(motd));
            }
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
        let word = Some(word).filter(|it| !it.is_empty()).map(Into::into);
        self.vanish(peer, Readers::Comings, |who| News::Left { who, word });
    }

    /// The same, of which others read this.
    pub(super) fn vanish(
        &mut self,
        peer: PeerId,
        to: Readers,
        news: impl FnOnce(Username) -> News,
    ) {
        let place = self.people.iter().position(|it| it.peer == peer);
        let place = place.expect("they are here");
        if let Some(who) = self.people[place].name.clone() {
            self.begin_entry(Some(peer));
            self.keep_left(peer);
            self.keep_seen(&who);
            let rooms = self.people[place].rooms();
            let left = news(who);
            for room in &rooms {
                self.tell_room(*room, Some(peer), to, left.clone());
            }
            self.people.remove(place);
            for it in &mut self.people {
                for ignored in &mut it.ignores {
                    ignored.is_here &= ignored.peer != peer;
                }
            }
            rooms.into_iter().for_each(|it| self.close_if_empty(it));
        } else {
            self.people.remove(place);
        }
    }

    pub(super) fn line(&mut self, now: Moment, peer: PeerId, line: &str) {
        let typed = self.typed(now, peer);
        if line.trim().is_empty() {
            return;
        }
        let late = self.person_mut(peer).late.take();
        if let Some((word, args)) = as_command(line) {
            return self.command(&typed, &word, args);
        }
        if let Some((held, last)) = late
            && held < 3
            && last.is_none_or(|it| now.instant - it < Duration::from_secs(2))
        {
            self.person_mut(peer).late = Some((held + 1, Some(now.instant)));
            return self.answer(peer, AboutAccount::LateAnswer);
        }
        self.say(&typed, typed.room, line);
    }

    /// Somebody sends something.
    pub(super) fn typed(&mut self, now: Moment, peer: PeerId) -> Typed {
        self.begin_entry(Some(peer));
        self.person_mut(peer).active = self.seconds(now);
        let it = self.person(peer);
        Typed {
            now,
            peer,
            name: it.name().clone(),
            room: it.room,
        }
    }

    pub(super) fn command(&mut self, typed: &Typed, word: &str, args: &str) {
        let peer = typed.peer;
        let wants = match words::usage(word) {
            None => {
                let word = words::shorten(word).into();
                return self.answer(peer, AboutInput::UnknownCommand(word));
            }
            Some(usage) => usage.split_once(' ').map(|(_, rest)| rest),
        };
        let usage = words::usage(word).expect("the command is there");
        if self.is_forbidden(peer, usage) {
            return;
        }
        let fits = match wants {
            None => args.is_empty(),
            Some(rest) => rest.starts_with('[') || !args.is_empty(),
        };
        if !fits {
            return match usage {
                "/register" | "/password" => {
                    self.expect_late_answer(peer);
                    self.answer(peer, AboutAccount::TypedBehind(usage));
                }
                _ => self.misused(peer, word),
            };
        }
        match usage.split(' ').next().expect("it has a word") {
            "/help" => self.answer(
                peer,
                AboutChat::Help {
                    rows: &words::HELP,
                    rank: self.rank(peer),
                },
            ),
            "/users" => self.answer(peer, AboutChat::UsersOnline(self.online())),
            "/rooms" => self.list_rooms(peer),
            "/join" => self.join(typed, args),
            "/leave" => self.go(typed, 0),
            "/listen" => self.listen(typed, args),
            "/unlisten" => self.unlisten(typed, args),
            "/switch" => self.switch(typed, args),
            "/in" => self.say_in(typed, args),
            "/topic" => self.topic(typed, args),
            "/who" => self.who(typed, args),
            "/history" => self.history(typed, args),
            "/search" => self.search(typed, args, None),
            "/more" => self.more(typed),
            "/seen" => self.seen(typed, args),
            "/time" => self.set_time(typed, args),
            "/quiet" => self.set_quiet(typed, args),
            "/quit" => self.quit(peer, args),
            "/register" => self.begin_to_register(typed, None),
            "/password" => self.begin_to_change(typed, None),
            "/unregister" => self.unregister_typed(typed, args),
            word if words::is_of_rank(usage) => self.command_of_rank(typed, word, args),
            word => self.command_about_people(typed, word, args),
        }
    }

    fn unregister_typed(&mut self, typed: &Typed, args: &str) {
        match args.split_once(char::is_whitespace) {
            None if args.is_empty() => self.begin_to_unregister(typed, None, None),
            Some((to, name)) if to.eq_ignore_ascii_case("to") => {
                self.begin_to_unregister(typed, Some(name.trim()), None);
            }
            _ => {
                self.expect_late_answer(typed.peer);
                self.answer(typed.peer, AboutAccount::TypedBehind("/unregister"));
            }
        }
    }

    pub(super) fn quit(&mut self, peer: PeerId, word: &str) {
        if word.chars().count() > QUIT_CHARS {
            return self.answer(peer, AboutInput::QuitTooLong);
        }
        self.tell(peer, AboutConnection::Goodbye);
        let word = self.last_word(peer, word);
        self.leave(peer, word);
    }

    pub(super) fn misused(&mut self, peer: PeerId, word: &str) {
        let usage = words::usage(word).expect("the command is there");
        self.answer(peer, AboutInput::Usage(usage));
    }

    /// Somebody says a line that they typed. One that begins with two slashes is said with one.
    pub(super) fn say(&mut self, typed: &Typed, room: usize, line: &str) {
        let text = match line.starts_with("//") {
            true => &line[1..],
            false => line,
        };
        let said = News::Said {
            from: typed.name.clone(),
            text: text.into(),
        };
        self.keep_and_tell(typed, room, said, text, Readers::Others);
    }

    /// Somebody tells what they do.
    pub(super) fn act(&mut self, typed: &Typed, room: usize, text: &str) {
        let action = News::Action {
            from: typed.name.clone(),
            text: text.into(),
        };
        self.keep_and_tell(typed, room, action, text, Readers::All);
    }

    pub(super) fn keep_and_tell(
        &mut self,
        typed: &Typed,
        room: usize,
        news: News,
        text: &str,
        to: Readers,
    ) {
        if self.is_repeated(typed.peer) || self.is_silenced(typed.peer, Sight::SilentInRoom) {
            return;
        }
        let there = self.rooms[room].as_mut().expect("they are in it");
        let line = Line {
            number: 0,
            entry: self.entry,
            name: Some(typed.name.clone()),
            room: Some(there.name.clone()),
            typed: text.len(),
            news: news.clone(),
        };
        there.history.push(line.clone());
        let life = there.life;
        self.keep_line(life, &line);
        self.note_mentions(typed, room, text, &line);
        self.remember(typed.peer, line.room, news.clone());
        self.tell_room(room, Some(typed.peer), to, news.clone());
        self.tell_author(typed.peer, room, news);
    }

    /// Shows somebody who comes into a room its last lines, but for those that they know.
    pub(super) fn replay(&mut self, peer: PeerId, room: usize, known: usize) {
        let (all, eyes) = (&self.room(room).history.lines, self.eyes(peer));
        let new = all.iter().filter(|it| it.number >= known);
        let seen = new.filter(|it| eyes.see(it) && eyes.may_read(it));
        let mut seen: Vec<Line> = seen.cloned().collect();
        let shown = seen.split_off(seen.len().saturating_sub(REPLAYED_LINES));
        if !shown.is_empty() {
            self.answer(peer, AboutReading::History(shown.len()));
            self.show_lines(peer, &shown, AboutReading::End.into());
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
        let stamp = match self.person(typed.peer).is_program() {
            true => before.stamp,
            false => stamp,
        };
        let format = Format {
            stamp,
            offset,
            ..before
        };
        self.person_mut(typed.peer).format = format;
        if format != before {
            self.keep_left(typed.peer);
        }
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
        let before = std::mem::replace(&mut self.person_mut(typed.peer).format.quiet, quiet);
        if before != quiet {
            self.keep_left(typed.peer);
        }
        self.answer(typed.peer, AboutReading::QuietSet(quiet));
    }
}

impl Person {
    pub(super) fn presence(&self, seconds: u64, elsewhere: Option<Elsewhere>) -> Presence {
        Presence {
            id: self.id(),
            name: self.name().clone(),
            elsewhere,
            lost: false,
            away: self.away.is_some(),
            idle: u32::try_from(seconds - self.active).expect("no play takes so long"),
        }
    }
}
