//! The commands about people: names, private messages, who is away, who is ignored.

use crate::id::PeerId;
use crate::limits::{AWAY_CHARS, IGNORED, MISSED_BYTES, MISSED_LINES};
use crate::moment::Civil;
use crate::name::Username;

use super::commands::Typed;
use super::{Away, Ignored, Kept, Line, Model, Readers, words};

impl Model {
    pub(super) fn command_about_people(&mut self, typed: &Typed, word: &str, args: &str) {
        match word {
            "/msg" => self.msg(typed, args),
            "/reply" => self.reply(typed, args),
            "/me" => {
                let shown = format!("* {} {args}", typed.name);
                self.say(typed, shown, args, Readers::All);
            }
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

    fn find(&self, typed: &str) -> Option<(PeerId, Username)> {
        let peer = self.holder(&self.parse_name(typed)?)?;
        Some((peer, self.person(peer).name().clone()))
    }

    /// Whether a person is shown a line of the past.
    pub(super) fn sees(&self, peer: PeerId, line: &Line) -> bool {
        let hides = |it: &Ignored| it.peer == line.author || it.name == line.name;
        !self.person(peer).ignores.iter().any(hides)
    }

    pub(super) fn show_lines(&mut self, peer: PeerId, lines: &[Line]) {
        let offset = self.person(peer).offset;
        for line in lines {
            let it = Civil::at(line.unix, offset);
            let (year, month, day) = (it.year, it.month, it.day);
            let (hour, minute, shown) = (it.hour, it.minute, &line.shown);
            let date = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}");
            self.answer(peer, &format!("[{date}] {shown}"));
        }
        self.answer(peer, "-- end --");
    }

    /// Whoever ignores this person, or someone who went by this name, ignores them under it.
    pub(super) fn is_known_as(&mut self, peer: PeerId, name: &Username) {
        for it in &mut self.people {
            for ignored in &mut it.ignores {
                if ignored.is_here && ignored.peer == peer {
                    ignored.name = name.clone();
                }
            }
            if it.peer == peer {
                continue;
            }
            let knows_them = it.ignores.iter().any(|it| it.peer == peer);
            let is_awaited = |it: &Ignored| !it.is_here && it.name == *name;
            let Some(place) = it.ignores.iter().position(is_awaited) else {
                continue;
            };
            if knows_them {
                it.ignores.remove(place);
            } else {
                it.ignores[place] = Ignored {
                    name: name.clone(),
                    peer,
                    is_here: true,
                };
            }
        }
    }

    pub(super) fn note_mentions(&mut self, typed: &Typed, text: &str, line: &Line) {
        let mut named: Vec<PeerId> = Vec::new();
        let in_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let edges = ['.', '-', '_'];
        for word in text.split(|c| !in_name(c)) {
            let word = word.trim_start_matches(edges);
            let found = self
                .find(word)
                .or_else(|| self.find(word.trim_end_matches(edges)));
            named.extend(found.map(|(peer, _)| peer));
        }
        if self.rules.anonymous {
            for word in text.split_whitespace() {
                let bare = word.trim_end_matches(|c: char| !c.is_ascii_digit());
                named.extend(self.find(bare).map(|(peer, _)| peer));
            }
        }
        named.sort();
        named.dedup();
        for peer in named {
            if peer != typed.peer && self.person(peer).room == typed.room {
                self.note_missed(typed, peer, line);
            }
        }
    }

    fn note_missed(&mut self, typed: &Typed, to: PeerId, line: &Line) {
        if self.person(to).does_ignore(typed.peer) {
            return;
        }
        let it = self.person_mut(to);
        let name = it.name().clone();
        let Some(away) = &mut it.away else { return };
        away.missed.push(line.clone());
        let sentence = words::away(&name, away.text.as_deref());
        self.answer(typed.peer, &sentence);
    }

    fn nobody(&mut self, peer: PeerId, typed: &str) {
        let mut line = format!("Nobody here is called {}.", words::shorten(typed));
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
        if let Some((_, name)) = meant {
            line.push_str(&format!(" Did you mean {name}?"));
        }
        self.answer(peer, &line);
    }

    fn msg(&mut self, typed: &Typed, args: &str) {
        let Some((name, text)) = args.split_once(char::is_whitespace) else {
            return self.misused(typed.peer, "/msg");
        };
        match self.find(name) {
            Some((to, _)) => self.write_to(typed, to, text.trim_start()),
            None => self.nobody(typed.peer, name),
        }
    }

    fn reply(&mut self, typed: &Typed, args: &str) {
        let Some((to, name)) = self.person(typed.peer).correspondent.clone() else {
            let line = "Nobody has written to you privately. Type /msg NAME TEXT to write first.";
            return self.answer(typed.peer, line);
        };
        if !self.people.iter().any(|it| it.peer == to) {
            return self.answer(typed.peer, &format!("{name} has left since. Not sent."));
        }
        let name = self.person(to).name().clone();
        self.person_mut(typed.peer).correspondent = Some((to, name));
        self.write_to(typed, to, args);
    }

    fn write_to(&mut self, typed: &Typed, to: PeerId, text: &str) {
        let name = self.person(to).name().clone();
        if to == typed.peer {
            return self.answer(typed.peer, "That is yourself.");
        }
        if self.person(to).does_ignore(typed.peer) {
            return self.answer(typed.peer, &format!("{name} ignores you. Not sent."));
        }
        self.person_mut(to).correspondent = Some((typed.peer, typed.name.clone()));
        let line = Line {
            unix: typed.now.unix,
            author: typed.peer,
            name: typed.name.clone(),
            shown: format!("{} (private): {text}", typed.name),
            typed: text.len(),
        };
        self.note_missed(typed, to, &line);
        self.tell_stamped(typed.now, to, &line.shown);
        let sent = format!("To {name} (private): {text}");
        self.tell_stamped(typed.now, typed.peer, &sent);
    }

    fn nick(&mut self, typed: &Typed, args: &str) {
        let name = match Username::parse(args) {
            Ok(name) => name,
            Err(why) => return self.answer(typed.peer, &words::no_name("A username", why)),
        };
        if self.is_taken(&name, typed.peer) {
            return self.answer(typed.peer, "That username is taken.");
        }
        if name.as_str() == typed.name.as_str() {
            return self.answer(typed.peer, "That is your name already.");
        }
        self.person_mut(typed.peer).name = Some(name.clone());
        self.is_known_as(typed.peer, &name);
        let line = format!("{} is now known as {name}.", typed.name);
        self.tell_room(typed.now, typed.room, Some(typed.peer), Readers::All, &line);
    }

    fn away(&mut self, typed: &Typed, args: &str) {
        if args.chars().count() > AWAY_CHARS {
            let line = format!("The text of /away has at most {AWAY_CHARS} characters. Not set.");
            return self.answer(typed.peer, &line);
        }
        let it = self.person_mut(typed.peer);
        let missed = it.away.take().map(|away| away.missed);
        it.away = Some(Away {
            text: Some(args.to_string()).filter(|text| !text.is_empty()),
            missed: missed.unwrap_or(Kept::new(MISSED_LINES, MISSED_BYTES)),
        });
        self.answer(typed.peer, "You are away. Type /back when you are back.");
    }

    fn back(&mut self, typed: &Typed) {
        let peer = typed.peer;
        let Some(Away { missed, .. }) = self.person_mut(peer).away.take() else {
            return self.answer(peer, "You were not away.");
        };
        let kept = missed.lines.len();
        let lines: Vec<Line> = missed
            .lines
            .into_iter()
            .filter(|it| self.sees(peer, it))
            .collect();
        let (shown, total) = (lines.len(), missed.total - (kept - lines.len()));
        let line = match total {
            0 => "You are back. You missed nothing.".into(),
            _ if shown < total => {
                format!("-- the last {shown} of {total} messages that you missed --")
            }
            1 => "-- 1 message that you missed --".into(),
            _ => format!("-- {total} messages that you missed --"),
        };
        self.answer(peer, &line);
        if total > 0 {
            self.show_lines(peer, &lines);
        }
    }

    fn whois(&mut self, typed: &Typed, args: &str) {
        let Some((peer, name)) = self.find(args) else {
            return self.nobody(typed.peer, args);
        };
        let it = self.person(peer);
        let idle = words::idle(self.seconds(typed.now) - it.active);
        let idle = idle.map_or(String::new(), |idle| format!(", idle {idle}"));
        let offset = self.person(typed.peer).offset;
        let since = Civil::at(it.since, offset);
        let room = &self.rooms[it.room].as_ref().expect("they are in it").name;
        let line = format!("{name} is in {room}, online since {since} ({offset}){idle}.");
        let away = it
            .away
            .as_ref()
            .map(|away| words::away(&name, away.text.as_deref()));
        self.answer(typed.peer, &line);
        if let Some(away) = away {
            self.answer(typed.peer, &away);
        }
    }

    fn ignore(&mut self, typed: &Typed, args: &str) {
        let me = typed.peer;
        if args.is_empty() {
            let ignores = &self.person(me).ignores;
            let names: Vec<&str> = ignores.iter().map(|it| it.name.as_str()).collect();
            let line = match names.is_empty() {
                true => "You ignore nobody.".into(),
                false => format!("You ignore: {}", names.join(", ")),
            };
            return self.answer(me, &line);
        }
        let Some((peer, name)) = self.find(args) else {
            return self.nobody(me, args);
        };
        if peer == me {
            return self.answer(me, "That is yourself.");
        }
        let ignores = &mut self.person_mut(me).ignores;
        if !ignores.iter().any(|it| it.peer == peer) {
            if ignores.len() >= IGNORED {
                let line = "You ignore as many people as you can. Type /unignore NAME first.";
                return self.answer(me, line);
            }
            ignores.push(Ignored {
                name: name.clone(),
                peer,
                is_here: true,
            });
        }
        let line = format!("You ignore {name} now. Type /unignore {name} to undo it.");
        self.answer(me, &line);
    }

    fn unignore(&mut self, typed: &Typed, args: &str) {
        let name = self.parse_name(args);
        let ignores = &mut self.person_mut(typed.peer).ignores;
        let line = match ignores
            .iter()
            .position(|it| Some(&it.name) == name.as_ref())
        {
            Some(place) => format!("You no longer ignore {}.", ignores.remove(place).name),
            None => format!("You do not ignore {}.", words::shorten(args)),
        };
        self.answer(typed.peer, &line);
    }
}
