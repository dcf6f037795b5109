//! The commands about people: names, private messages, who is away, who is ignored.

use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::{
    ABSENCE_TOLD_FOR, ABSENCES_TOLD, AWAY_CHARS, IGNORED, MISSED_BYTES, MISSED_LINES,
};
use crate::message::{
    AboutAway, AboutConnection, AboutIgnoring, AboutPeople, AboutReading, Answer, IgnoredRow,
    Message, News, Whois,
};
use crate::name::Username;
use crate::server::simulation::sightings::Sight;

use super::commands::Typed;
use super::{Away, Ignored, Kept, Line, Model, Readers, words};

impl Model {
    pub(super) fn command_about_people(&mut self, typed: &Typed, word: &str, args: &str) {
        match word {
            "/msg" => self.msg(typed, args),
            "/reply" => self.reply(typed, args),
            "/me" => self.act(typed, typed.room, args),
            "/nick" => self.nick(typed, args),
            "/away" => self.away(typed, args),
            "/back" => self.back(typed),
            "/whois" => self.whois(typed, args),
            "/ignore" => self.ignore(typed, args),
            "/unignore" => self.unignore(typed, args),
            word => panic!("the model does not know {word}"),
        }
    }

    /// Who has this name.
    pub(super) fn holder(&self, name: &Username) -> Option<PeerId> {
        let has_it = |it: &&super::Person| it.name.as_ref() == Some(name);
        self.people.iter().find(has_it).map(|it| it.peer)
    }

    /// Whether the name is too much like that of somebody else.
    pub(super) fn is_taken(&self, name: &Username, by: PeerId) -> bool {
        let names = self.people.iter().filter(|it| it.peer != by);
        let mut names = names.filter_map(|it| it.name.as_ref());
        names.any(|it| it.looks_like(name))
    }

    fn parse_name(&self, typed: &str) -> Option<Username> {
        let addr = || typed.parse().ok().map(Username::from_addr);
        Username::parse(typed).ok().or_else(addr)
    }

    pub(super) fn find(&self, typed: &str) -> Option<(PeerId, Username)> {
        let holder = || self.holder(&self.parse_name(typed)?);
        let peer = self.meant.or_else(holder)?;
        Some((peer, self.person(peer).name().clone()))
    }

    pub(super) fn show_lines(&mut self, peer: PeerId, lines: &[Line], end: Answer) {
        let current = self.room(self.person(peer).room).name.clone();
        for line in lines {
            let is_elsewhere = line.room.as_ref().is_some_and(|it| *it != current);
            let past = line.past();
            self.tell(peer, Message::Past { past, is_elsewhere });
        }
        self.answer(peer, end);
    }

    /// A person has taken a name: others who ignored someone of that name, who is gone, ignore them now.
    pub(super) fn has_taken(&mut self, peer: PeerId, name: &Username) {
        let person = self.person(peer).id();
        for it in self.people.iter_mut().filter(|it| it.peer != peer) {
            for ignored in &mut it.ignores {
                if !ignored.is_here && ignored.name == *name {
                    (ignored.peer, ignored.person, ignored.is_here) = (peer, person, true);
                }
            }
        }
    }

    /// Who is away in the room and has this name.
    fn find_away(&self, room: usize, word: &str) -> Option<PeerId> {
        let (peer, _) = self.find(word)?;
        let it = self.person(peer);
        (it.is_in(room) && it.away.is_some()).then_some(peer)
    }

    pub(super) fn note_mentions(&mut self, typed: &Typed, room: usize, text: &str, line: &Line) {
        let mut named: Vec<PeerId> = Vec::new();
        let edges = ['.', '-', '_'];
        for word in text.split(|c| !Username::may_hold(c)) {
            let word = word.trim_start_matches(edges);
            let whole = self.find_away(room, word);
            let bare = word.trim_end_matches(edges);
            named.extend(whole.or_else(|| self.find_away(room, bare)));
        }
        if self.rules.anonymous {
            for word in text.split_whitespace() {
                let word = word.trim_start_matches(|c: char| c != '[' && !c.is_ascii_hexdigit());
                let bare = word.trim_end_matches(|c: char| !c.is_ascii_digit());
                named.extend(self.find_away(room, bare));
            }
        }
        let mut told = Vec::new();
        for (place, &peer) in named.iter().enumerate() {
            if peer != typed.peer && !named[..place].contains(&peer) {
                told.extend(self.note_missed(typed, peer, line));
            }
        }
        self.tell_away(typed, told);
    }

    /// Keeps a line for someone who is away. Returns who that is, if its author is to be told.
    fn note_missed(&mut self, typed: &Typed, to: PeerId, line: &Line) -> Option<PeerId> {
        if self.person(to).does_ignore(typed.peer) {
            return None;
        }
        let away = self.person_mut(to).away.as_mut()?;
        away.missed.push(line.clone());
        let number = away.number;
        let now = self.seconds(typed.now);
        let me = self.person_mut(typed.peer);
        if me.does_ignore(to) {
            return None;
        }
        me.told
            .retain(|(_, at)| now - at < ABSENCE_TOLD_FOR.as_secs());
        if me.told.iter().any(|(told, _)| *told == number) {
            return None;
        }
        me.told.push((number, now));
        let forgotten = me.told.len().saturating_sub(ABSENCES_TOLD);
        me.told.drain(..forgotten);
        Some(to)
    }

    fn tell_away(&mut self, typed: &Typed, told: Vec<PeerId>) {
        let answer = match told[..] {
            [] => return,
            [peer] => {
                let it = self.person(peer);
                let text = it.away.as_ref().and_then(|away| away.text.clone());
                AboutAway::Away(it.name().clone(), text)
            }
            [_, _] | [_, _, _] => AboutAway::SeveralAway {
                names: self.names(&told),
                more: 0,
            },
            _ => AboutAway::SeveralAway {
                names: self.names(&told[..2]),
                more: told.len() - 2,
            },
        };
        self.answer(typed.peer, answer);
    }

    fn names(&self, people: &[PeerId]) -> Vec<Username> {
        let names = people.iter().map(|it| self.person(*it).name().clone());
        names.collect()
    }

    pub(super) fn nobody(&mut self, peer: PeerId, typed: &str) {
        let parsed = Username::parse(typed).ok();
        let named = || {
            self.people
                .iter()
                .filter_map(|it| Some((it.peer, it.name.as_ref()?)))
        };
        let alike = named().find(|(it, name)| {
            *it != peer && parsed.as_ref().is_some_and(|typed| typed.looks_like(name))
        });
        let is_slip = |slip: &String| {
            let is_it = |name: &Username| name.as_str().to_lowercase() == *slip;
            named().find(|(it, name)| *it != peer && is_it(name))
        };
        let meant = alike.or_else(|| words::slips(typed).iter().find_map(is_slip));
        let meant = meant.map(|(_, name)| name.clone());
        let typed = words::shorten(typed).into();
        self.answer(peer, AboutPeople::Nobody { typed, meant });
    }

    fn msg(&mut self, typed: &Typed, args: &str) {
        let Some((name, text)) = args.split_once(char::is_whitespace) else {
            return self.misused(typed.peer, "/msg");
        };
        match self.find(name) {
            Some((to, _)) => self.write_to(typed, to, text.trim_start()),
            None if self.write_to_absent(typed, name, text.trim_start()) => {}
            None => self.nobody(typed.peer, name),
        }
    }

    fn reply(&mut self, typed: &Typed, args: &str) {
        let meant = self.meant.map(|it| (it, self.person(it).name().clone()));
        let written = self.person(typed.peer).correspondent.clone();
        let Some((to, name)) = meant.or(written) else {
            return self.answer(typed.peer, AboutPeople::NothingToReplyTo);
        };
        if !self.people.iter().any(|it| it.peer == to) {
            return self.answer(typed.peer, AboutPeople::Gone(name));
        }
        if self.is_repeated(typed.peer) || self.is_silenced(typed.peer, Sight::SilentPrivately) {
            return;
        }
        let name = self.person(to).name().clone();
        self.person_mut(typed.peer).correspondent = Some((to, name));
        self.write_to(typed, to, args);
    }

    pub(super) fn write_to(&mut self, typed: &Typed, to: PeerId, text: &str) {
        let name = self.person(to).name().clone();
        if to == typed.peer {
            return self.answer(typed.peer, AboutPeople::Yourself);
        }
        if self.is_repeated(typed.peer) || self.is_silenced(typed.peer, Sight::SilentPrivately) {
            return;
        }
        if self.person(to).does_ignore(typed.peer) {
            return self.answer(typed.peer, AboutPeople::NotTaken(name));
        }
        self.person_mut(to).correspondent = Some((typed.peer, typed.name.clone()));
        let text: Arc<str> = text.into();
        let private = News::Private {
            from: typed.name.clone(),
            text: text.clone(),
        };
        let line = Line {
            number: 0,
            entry: self.entry,
            name: Some(typed.name.clone()),
            room: None,
            news: private.clone(),
            typed: text.len(),
        };
        let told = self.note_missed(typed, to, &line);
        self.tell_away(typed, told.into_iter().collect());
        self.tell(to, private);
        let to = name;
        let sent = News::PrivateSent { to, text };
        self.remember(typed.peer, None, sent.clone());
        self.tell(typed.peer, sent);
    }

    fn nick(&mut self, typed: &Typed, args: &str) {
        let name = match Username::parse(args) {
            Ok(name) => name,
            Err(why) => return self.tell(typed.peer, AboutConnection::UsernameInvalid(why)),
        };
        if self.is_silenced(typed.peer, Sight::SilentName) {
            return;
        }
        let account = self.person(typed.peer).account;
        let alike = self.account_alike(&name).map(|it| it.id);
        let is_anothers = alike.is_some() && alike != account;
        if !is_anothers && self.is_kept_out_as(typed.peer, &name) {
            return;
        }
        if !is_anothers {
            self.follow_renamed(typed.peer);
        }
        if is_anothers || self.is_taken(&name, typed.peer) {
            return self.tell(typed.peer, AboutConnection::UsernameTaken);
        }
        if name.as_str() == typed.name.as_str() {
            return self.answer(typed.peer, AboutPeople::NamedSoAlready);
        }
        self.person_mut(typed.peer).name = Some(name.clone());
        if name != typed.name {
            self.has_taken(typed.peer, &name);
        }
        self.keep_seen(&typed.name);
        self.keep_seen(&name);
        let renamed = News::Renamed {
            from: typed.name.clone(),
            to: name,
        };
        for room in self.person(typed.peer).rooms() {
            self.tell_room(room, Some(typed.peer), Readers::All, renamed.clone());
            self.tell_author(typed.peer, room, renamed.clone());
        }
    }

    fn away(&mut self, typed: &Typed, args: &str) {
        if args.chars().count() > AWAY_CHARS {
            return self.answer(typed.peer, AboutAway::AwayTooLong);
        }
        if !args.is_empty() && self.is_silenced(typed.peer, Sight::SilentAway) {
            return;
        }
        self.absences += 1;
        let number = self.absences;
        let it = self.person_mut(typed.peer);
        let missed = it.away.take().map(|away| away.missed);
        it.away = Some(Away {
            number,
            text: Some(args).filter(|text| !text.is_empty()).map(Into::into),
            missed: missed.unwrap_or(Kept::new(MISSED_LINES, MISSED_BYTES)),
        });
        self.answer(typed.peer, AboutAway::AwaySet);
        self.tell_of_absence(typed, true, args);
    }

    /// Programs in the rooms of somebody read whether they are away.
    fn tell_of_absence(&mut self, typed: &Typed, is_away: bool, text: &str) {
        let away = News::Away {
            who: typed.name.clone(),
            is_away,
            text: Some(text).filter(|text| !text.is_empty()).map(Into::into),
        };
        for room in self.person(typed.peer).rooms() {
            self.tell_room(room, Some(typed.peer), Readers::Programs, away.clone());
        }
    }

    fn back(&mut self, typed: &Typed) {
        let peer = typed.peer;
        let Some(Away { missed, .. }) = self.person_mut(peer).away.take() else {
            return self.answer(peer, AboutAway::NotAway);
        };
        let (kept, eyes) = (missed.lines.len(), self.eyes(peer));
        let lines = missed.lines.into_iter().filter(|it| eyes.see(it));
        let lines: Vec<Line> = lines.filter(|it| self.may_read(peer, it)).collect();
        let (shown, missed) = (lines.len(), missed.total - (kept - lines.len()));
        self.answer(peer, AboutAway::Back { shown, missed });
        self.tell_of_absence(typed, false, "");
        if missed > 0 {
            self.show_lines(peer, &lines, AboutReading::End.into());
        }
    }

    fn whois(&mut self, typed: &Typed, args: &str) {
        let Some((peer, _)) = self.find(args) else {
            return self.nobody(typed.peer, args);
        };
        let it = self.person(peer);
        let is_seen = self.may_see(self.person(typed.peer), it.room);
        let room = Some(self.room(it.room).name.clone());
        let whois = Whois {
            presence: it.presence(self.seconds(typed.now), None),
            room: room.filter(|_| is_seen),
            since: it.since,
            away: it.away.as_ref().and_then(|away| away.text.clone()),
        };
        self.answer(typed.peer, AboutPeople::Whois(Box::new(whois)));
    }

    fn ignore(&mut self, typed: &Typed, args: &str) {
        let me = typed.peer;
        if args.is_empty() {
            let row = |it: &Ignored| {
                let now = it.is_here.then(|| self.person(it.peer).name());
                IgnoredRow {
                    name: it.name.clone(),
                    now: now.filter(|now| **now != it.name).cloned(),
                }
            };
            let rows = self.person(me).ignores.iter().map(row).collect();
            return self.answer(me, AboutIgnoring::Ignored(rows));
        }
        let Some((peer, name)) = self.find(args) else {
            return self.nobody(me, args);
        };
        if peer == me {
            return self.answer(me, AboutPeople::Yourself);
        }
        let person = self.person(peer).id();
        let ignores = &mut self.person_mut(me).ignores;
        if !ignores.iter().any(|it| it.is_here && it.peer == peer) {
            if ignores.len() >= IGNORED {
                return self.answer(me, AboutIgnoring::TooManyIgnored);
            }
            ignores.push(Ignored {
                name: name.clone(),
                peer,
                person,
                is_here: true,
            });
        }
        self.keep_left(me);
        self.answer(me, AboutIgnoring::IgnoreSet(name));
    }

    fn unignore(&mut self, typed: &Typed, args: &str) {
        let name = self.parse_name(args);
        let holder = name.as_ref().and_then(|name| self.holder(name));
        let now = holder.map(|it| self.person(it).name().clone());
        let ignores = &mut self.person_mut(typed.peer).ignores;
        let is_holder = |it: &Ignored| it.is_here && Some(it.peer) == holder;
        let is_listed = |it: &Ignored| Some(&it.name) == name.as_ref();
        let listed = ignores.iter().find(|it| is_listed(it));
        let lifted = match ignores.iter().any(is_holder) {
            true => now,
            false => listed.map(|it| it.name.clone()),
        };
        match ignores.iter().any(is_holder) {
            true => ignores.retain(|it| !is_holder(it)),
            false => ignores.retain(|it| !is_listed(it)),
        }
        if lifted.is_some() {
            self.keep_left(typed.peer);
        }
        let answer = match lifted {
            Some(name) => AboutIgnoring::IgnoreLifted(name),
            None => AboutIgnoring::NotIgnored(words::shorten(args).into()),
        };
        self.answer(typed.peer, answer);
    }
}
