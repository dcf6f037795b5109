//! What people type, and what goes wrong, by the dice.

use std::net::SocketAddr;
use std::time::Duration;

use crate::limits::cluster::LEASE;

use super::model::Line;
use super::people::{LOBBY, Person, Stand};
use super::play::Play;

const NAMES: [&str; 6] = ["ann", "bob", "cid", "dora", "eve", "finn"];
const ROOMS: [&str; 3] = ["tea", "den", "attic"];

impl Play {
    fn name(&mut self) -> String {
        match self.dice.below(3) {
            0 => format!("u{}", self.people.len() + 1000 * self.dice.below(9)),
            _ => self.dice.pick(&NAMES).into(),
        }
    }

    /// Somebody does something.
    pub(super) fn act(&mut self) {
        self.answer_prompts();
        let at = self.dice.below(self.nodes.len());
        let node = &self.nodes[at];
        if node.scene.is_none() || node.is_stopping {
            return;
        }
        let here = self.people.iter().enumerate();
        let here = here.filter(|(_, it)| it.node == at && it.stand != Stand::Out);
        let here: Vec<usize> = here.map(|(who, _)| who).collect();
        if here.len() < 2 || here.len() < 5 && self.dice.below(20) == 0 {
            return self.come(at);
        }
        let who = here[self.dice.below(here.len())];
        if self.people[who].stand == Stand::In {
            self.act_of(who);
        }
    }

    fn come(&mut self, at: usize) {
        let name = self.name();
        let Some(scene) = &self.nodes[at].scene else {
            return;
        };
        let addr = SocketAddr::from(([127, 0, 0, 1], 1024));
        let Some(pair) = scene.world.connect(addr) else {
            return;
        };
        scene.say(pair, &format!("{name}\n"));
        let who = self.people.len();
        self.tell(|| format!("{who} connects to n{} as {name}", at + 1));
        self.people.push(Person::new(at, pair, name));
    }

    fn types(&mut self, who: usize, text: &str) {
        let it = &self.people[who];
        let (pair, name) = (it.pair, it.name.clone());
        if let Some(scene) = &self.nodes[it.node].scene {
            scene.say(pair, &format!("{text}\n"));
        }
        self.tell(|| format!("{who} {name} types {text}"));
    }

    /// Whoever is asked for a name gives one.
    pub(super) fn answer_prompts(&mut self) {
        for who in 0..self.people.len() {
            if !self.people[who].is_asked || self.people[who].stand == Stand::Out {
                continue;
            }
            self.people[who].is_asked = false;
            // It was asked for as they came.
            if self.people[who]
                .log
                .iter()
                .all(|it| it != "That username is taken.")
            {
                continue;
            }
            let tries = self.people[who].tries;
            let name = match tries < 3 {
                true => self.name(),
                false => format!("v{who}x{tries}"),
            };
            let it = &mut self.people[who];
            if it.stand == Stand::In {
                self.sights.asked_again += 1;
                it.unsettle();
                it.is_muddled = true;
            }
            it.stand = Stand::Named;
            it.tries += 1;
            it.names.insert(name.clone());
            self.types(who, &name);
        }
    }

    fn line(&mut self, who: usize, room: Option<String>, to: Option<String>) -> String {
        let it = &self.people[who];
        let number = self.model.lines.len();
        self.model.lines.push(Line {
            author: who,
            node: it.node,
            life: self.nodes[it.node].ends.len(),
            room,
            to,
            by: it.name.clone(),
            places: Vec::new(),
        });
        self.sights.lines += 1;
        format!("t{number}")
    }

    fn act_of(&mut self, who: usize) {
        let what = self.dice.below(40);
        let (is_settled, room) = {
            let it = &self.people[who];
            (it.is_settled(), it.room.clone())
        };
        match what {
            0..16 => {
                let text = self.line(who, room, None);
                self.types(who, &text);
            }
            16..19 => {
                let text = self.line(who, room, None);
                self.types(who, &format!("/me {text}"));
            }
            19..23 => {
                let to = self.somebody();
                let text = self.line(who, None, Some(to.clone()));
                self.sights.private += 1;
                self.types(who, &format!("/msg {to} {text}"));
            }
            23 => self.types(who, "/away tea"),
            24 => self.types(who, "/back"),
            25 | 26 => {
                let topic = self.dice.below(1000);
                self.types(who, &format!("/topic about {topic}"));
            }
            27 => {
                let name = self.somebody();
                self.people[who].ignores.insert(name.clone());
                self.types(who, &format!("/ignore {name}"));
            }
            28 => self.leave(who),
            29..32 if is_settled => {
                let name = self.name();
                let it = &mut self.people[who];
                it.names.insert(name.clone());
                it.is_pending = name != it.name;
                self.types(who, &format!("/nick {name}"));
            }
            32..36 if is_settled => self.go(who),
            36 | 37 if is_settled => self.listen(who),
            38 if is_settled => self.unlisten(who),
            _ => self.settle_in(who),
        }
    }

    /// A name that somebody has or had.
    fn somebody(&mut self) -> String {
        let who = self.dice.below(self.people.len());
        match self.people[who].name.is_empty() {
            true => "ann".into(),
            false => self.people[who].name.clone(),
        }
    }

    fn leave(&mut self, who: usize) {
        match self.dice.below(3) {
            0 => self.types(who, "/quit"),
            1 => self.types(who, "/quit bye"),
            _ => {
                let (node, pair) = (self.people[who].node, self.people[who].pair);
                if let Some(scene) = &self.nodes[node].scene {
                    scene.world.close(pair);
                }
                self.tell(|| format!("{who} closes"));
            }
        }
        self.people[who].leave();
    }

    fn go(&mut self, who: usize) {
        let it = &self.people[who];
        let mut rooms: Vec<String> = ROOMS.iter().map(|it| format!("#{it}")).collect();
        rooms.push(LOBBY.into());
        rooms.retain(|room| it.room.as_ref() != Some(room) && !it.listens.contains(room));
        let Some(room) = rooms.get(self.dice.below(rooms.len().max(1))).cloned() else {
            return;
        };
        let it = &mut self.people[who];
        if let Some(old) = it.room.replace(room.clone()) {
            it.end_spell(&old);
        }
        if let Some(may) = &mut it.may {
            may.insert(room.clone());
        }
        it.is_pending = true;
        match room == LOBBY {
            true => self.types(who, "/leave"),
            false => self.types(who, &format!("/join {}", &room[1..])),
        }
    }

    fn listen(&mut self, who: usize) {
        let room = format!("#{}", self.dice.pick(&ROOMS));
        let it = &mut self.people[who];
        if it.room.as_ref() == Some(&room) || it.listens.contains(&room) {
            return;
        }
        if let Some(may) = &mut it.may {
            may.insert(room.clone());
        }
        it.is_pending = true;
        self.types(who, &format!("/listen {}", &room[1..]));
    }

    fn unlisten(&mut self, who: usize) {
        let it = &mut self.people[who];
        let Some(room) = it.listens.iter().next().cloned() else {
            return;
        };
        it.end_spell(&room);
        it.is_pending = true;
        self.types(who, &format!("/unlisten {}", &room[1..]));
    }

    /// Somebody whose server came anew finds out where they are.
    fn settle_in(&mut self, who: usize) {
        let it = &mut self.people[who];
        if it.room.is_none() && !it.is_pending {
            it.is_pending = true;
            let room = format!("s{}", self.redis.now.as_millis());
            it.settling = Some(format!("#{room}"));
            self.types(who, "/unlisten all");
            self.types(who, &format!("/join {room}"));
        }
    }

    /// Everyone who is in says a last word.
    pub(super) fn last_words(&mut self) {
        for who in 0..self.people.len() {
            let it = &self.people[who];
            if it.stand == Stand::In {
                let room = it.room.clone();
                let text = self.line(who, room, None);
                self.types(who, &text);
            }
        }
    }

    /// Something goes wrong, or a server comes or goes.
    pub(super) fn upset(&mut self) {
        let at = self.dice.below(self.nodes.len());
        let time = Duration::from_millis([100, 1000, 5000, 20_000][self.dice.below(4)]);
        let live = self.nodes.iter().filter(|it| it.scene.is_some());
        let live = live.filter(|it| !it.is_stopping).count();
        let is_there = self.nodes[at].scene.is_some() && !self.nodes[at].is_stopping;
        match self.dice.below(12) {
            0..3 => {
                self.tell(|| format!("Redis is away for {time:?}"));
                self.redis.away = self.redis.now + time;
            }
            3 if self.redis.length() > 0 => self.forget(),
            4 | 5 => {
                self.tell(|| format!("n{} is cut off for {time:?}", at + 1));
                let time = time.min(Duration::from_secs(5));
                self.nodes[at].cut = self.redis.now + time;
            }
            6 if is_there && self.another_stands(at) => self.count_out(at),
            7 if is_there && live > 1 => self.kill(at),
            8 if is_there && live > 1 => self.stop(at),
            9 => {
                self.sights.late_starts += 1;
                self.start();
            }
            10 => {
                self.sights.late_starts += 2;
                self.start();
                self.start();
            }
            _ => {
                self.tell(|| format!("the connections of n{} break", at + 1));
                self.nodes[at].break_off();
            }
        }
    }

    /// Whether another server is in, and reaches Redis. Without one, whoever starts would found another chat.
    fn another_stands(&self, at: usize) -> bool {
        let mut others = self.nodes.iter().enumerate().filter(|(it, _)| *it != at);
        others.any(|(_, it)| it.stands(&self.redis))
    }

    /// A server is cut off until the others count it as gone.
    fn count_out(&mut self, at: usize) {
        self.tell(|| format!("n{} is cut off for long", at + 1));
        self.nodes[at].cut = self.redis.now + 2 * LEASE;
        for _ in 0..65 {
            if self.dice.below(2) == 0 {
                self.act();
            }
            self.turn(Duration::from_millis(500));
        }
    }

    /// Redis ends, and comes back without what was written last, or empty.
    fn forget(&mut self) {
        let all = self.redis.length();
        let count = match self.dice.below(3) {
            0 => all,
            _ => 1 + self.dice.below(4.min(all)),
        };
        self.tell(|| format!("Redis forgets {count} entries of {all}"));
        self.sights.forgotten += 1;
        self.sights.emptied += usize::from(count == all);
        self.redis.forget(count);
        self.redis.away = self.redis.now + Duration::from_millis(500);
        for it in &mut self.nodes {
            it.break_off();
            it.give_up_joining();
        }
        self.model.forget(self.redis.all());
    }

    fn kill(&mut self, at: usize) {
        self.tell(|| format!("n{} is killed", at + 1));
        self.sights.kills += 1;
        let name = self.nodes[at].name.to_string();
        self.nodes[at].die();
        let mut rooms: Vec<String> = Vec::new();
        for it in self.people.iter_mut().filter(|it| it.node == at) {
            rooms.extend(it.spells.keys().cloned());
            it.leave();
        }
        for it in &mut self.people {
            let theirs = it.spells.iter_mut();
            for (_, spell) in theirs.filter(|(room, _)| rooms.contains(room)) {
                spell.losses.push(name.clone());
            }
        }
    }

    fn stop(&mut self, at: usize) {
        self.tell(|| format!("n{} is to stop", at + 1));
        self.sights.stops += 1;
        if let Some(scene) = &self.nodes[at].scene {
            scene.server.handle().shutdown();
        }
        self.nodes[at].is_stopping = true;
        let people = self.people.iter_mut();
        people.filter(|it| it.node == at).for_each(Person::leave);
    }
}
