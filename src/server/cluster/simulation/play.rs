//! A play: steps by the dice, then rest, a last word by everyone, and the checks.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::dice::Dice;
use crate::net::simulated::End as Input;
use crate::server::cluster::joining::entrance;
use crate::work::cluster::Seen;

use super::joining::Joining;
use super::model::Model;
use super::node::{End, Node};
use super::people::{Person, Stand};
use super::redis::Redis;

/// Turns within which everything comes to rest.
const TURNS_TO_REST: usize = 1500;

/// Servers that are started in the course of a play.
const MOST_NODES: usize = 6;

/// What happened in all plays.
#[derive(Debug, Default)]
pub(super) struct Sights {
    pub(super) lines: usize,
    pub(super) reads: usize,
    pub(super) private: usize,
    pub(super) taken: usize,
    pub(super) repeats: usize,
    pub(super) late_starts: usize,
    pub(super) kills: usize,
    pub(super) stops: usize,
    pub(super) counted_gone: usize,
    pub(super) lost_places: usize,
    pub(super) forgotten: usize,
    pub(super) emptied: usize,
    pub(super) told_of_losses: usize,
    pub(super) asked_again: usize,
}

impl Sights {
    /// Whether a sample that is large enough has everything in it that may happen.
    pub(super) fn is_enough(&self) -> bool {
        let Sights {
            lines,
            reads,
            private,
            taken,
            repeats,
            late_starts,
            kills,
            stops,
            counted_gone,
            lost_places,
            forgotten,
            emptied,
            told_of_losses,
            asked_again,
        } = *self;
        let often = [lines, reads, private, taken].iter().all(|it| *it > 500);
        let others = [
            repeats,
            late_starts,
            kills,
            stops,
            counted_gone,
            lost_places,
            forgotten,
            emptied,
            told_of_losses,
            asked_again,
        ];
        often && others.iter().all(|it| *it >= 5)
    }
}

pub(super) struct Play {
    seed: u64,
    is_told: bool,
    steps: Vec<String>,
    pub(super) dice: Dice,
    pub(super) redis: Redis,
    pub(super) nodes: Vec<Node>,
    pub(super) people: Vec<Person>,
    pub(super) model: Model,
    pub(super) sights: Sights,
    /// Nothing goes wrong any more.
    is_calm: bool,
}

impl Play {
    pub(super) fn new(seed: u64, is_told: bool) -> Play {
        Play {
            seed,
            is_told,
            steps: Vec::new(),
            dice: Dice::new(seed),
            redis: Redis::default(),
            nodes: Vec::new(),
            people: Vec::new(),
            model: Model::default(),
            sights: Sights::default(),
            is_calm: false,
        }
    }

    pub(super) fn tell(&mut self, step: impl FnOnce() -> String) {
        let step = step();
        if self.is_told {
            println!("{:4} {:?} {step}", self.steps.len(), self.redis.now);
        }
        self.steps.push(step);
    }

    pub(super) fn run(mut self, sights: &mut Sights) {
        for _ in 0..3 {
            self.start();
            if self.dice.below(2) == 0 {
                self.turns(100);
            }
        }
        let is_rough = self.dice.below(4) > 0;
        for _ in 0..150 + self.dice.below(150) {
            if is_rough && self.dice.below(20) == 0 {
                self.upset();
            }
            for _ in 0..self.dice.below(3) {
                self.act();
            }
            let time = [1, 5, 20, 20, 100, 700][self.dice.below(6)];
            self.turn(Duration::from_millis(time));
        }
        self.rest();
        self.last_words();
        self.rest();
        self.check();
        sights.add(&self.sights, &self.people, &self.nodes);
    }

    fn turns(&mut self, count: usize) {
        for _ in 0..count {
            self.turn(Duration::from_millis(50));
        }
    }

    /// A server that is new.
    pub(super) fn start(&mut self) {
        if self.nodes.len() < MOST_NODES {
            let name = format!("n{}", self.nodes.len() + 1);
            self.tell(|| format!("{name} starts"));
            self.nodes
                .push(Node::new(&name, Joining::new(entrance(&name))));
        }
    }

    /// Time passes, and everyone does something or nothing.
    pub(super) fn turn(&mut self, time: Duration) {
        self.redis.now += time;
        if self.redis.is_up() && !self.redis.late.is_empty() && self.dice.below(4) == 0 {
            let which = self.dice.below(self.redis.late.len());
            self.redis.act_late(which);
            self.sights.repeats += 1;
            self.tell(|| "what was sent long ago is written".into());
        }
        for at in 0..self.nodes.len() {
            if let Some(scene) = &mut self.nodes[at].scene {
                scene.world.pass(time);
            }
            self.turn_of(at);
        }
    }

    fn turn_of(&mut self, at: usize) {
        let lives = self.nodes[at].ends.len();
        self.tick(at);
        self.nodes[at].take_errands(&mut self.redis);
        if self.nodes[at].ends.len() > lives {
            let node = &mut self.nodes[at];
            if !self.model.is_gone(node.epoch) {
                // Its place is lost, or another server has begun the chat anew.
                node.ends[lives] = End::Lost;
            }
            let end = node.ends[lives];
            self.tell(|| format!("n{} comes anew: {end:?}", at + 1));
            let people = self.people.iter_mut();
            people.filter(|it| it.node == at).for_each(Person::unsettle);
        }
        let Play {
            nodes, redis, dice, ..
        } = self;
        let node = &mut nodes[at];
        let was_in = node.joining.is_none();
        if dice.below(3) > 0 {
            node.join(redis, dice);
        }
        if dice.below(3) > 0 {
            node.write(redis, dice);
        }
        if dice.below(3) > 0 {
            node.read(redis, dice);
        }
        let is_in = node.joining.is_none();
        let epoch = node.epoch;
        for (number, fields) in self.redis.take_added() {
            self.model.add(number, &fields);
        }
        if is_in && !was_in {
            self.tell(|| format!("n{} is in as {epoch:x}", at + 1));
        }
        self.tick(at);
    }

    /// The server does all that there is to do, and its people read.
    fn tick(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(scene) = &mut node.scene else { return };
        if node.is_stopping {
            return self.go_on_stopping(at);
        }
        scene.rest();
        self.read(at);
    }

    fn go_on_stopping(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let Some(scene) = &mut node.scene else { return };
        for _ in 0..10 {
            node.has_stopped |= scene.server.tick().expect("it goes well").is_break();
        }
        self.read(at);
        let node = &mut self.nodes[at];
        if node.has_stopped && node.end(&mut self.redis) {
            node.scene = None;
            node.joining = None;
            self.tell(|| format!("n{} has stopped", at + 1));
        }
    }

    /// People on a server read what came.
    fn read(&mut self, at: usize) {
        for who in 0..self.people.len() {
            let node = &self.nodes[at];
            let it = &mut self.people[who];
            let Some(scene) = node.scene.as_ref().filter(|_| it.node == at) else {
                continue;
            };
            if it.stand == Stand::Out {
                continue;
            }
            let (bytes, end) = scene.world.receive(it.pair, usize::MAX);
            let life = node.ends.len();
            let (lines, is_asked) = it.take(&bytes);
            for text in lines {
                self.hear(who, &text, life);
            }
            self.people[who].is_asked |= is_asked;
            if end != Input::Open {
                self.people[who].leave();
            }
        }
    }

    fn hear(&mut self, who: usize, text: &str, life: usize) {
        let it = &mut self.people[who];
        if self.is_told {
            println!("          {who} {} reads: {text}", it.name);
        }
        it.log.push(text.into());
        if text == "That username is taken." {
            self.sights.taken += 1;
        }
        if text.ends_with(" was lost.") {
            it.lost.push(text.into());
            self.sights.told_of_losses += 1;
        }
        if !it.hear_answer(text) {
            self.model.read(&mut self.people, who, text, life);
        }
    }

    /// Lets everything come to rest.
    fn rest(&mut self) {
        self.tell(|| "nothing more goes wrong".into());
        self.is_calm = true;
        self.redis.away = self.redis.now;
        for it in &mut self.nodes {
            it.cut = self.redis.now;
        }
        for turns in 0.. {
            self.turn(Duration::from_millis(100));
            self.answer_prompts();
            if self.is_at_rest() {
                return;
            }
            if turns > TURNS_TO_REST {
                self.tell_stuck();
                panic!("it does not come to rest");
            }
        }
    }

    fn tell_stuck(&self) {
        for it in &self.nodes {
            let out = it.scene.as_ref().map(|it| it.server.talk.hub.out());
            let (at, tail) = (it.at.number, self.redis.tail().number);
            let joins = it.joining.is_some();
            let hub = it.scene.as_ref().map(|it| &it.server.talk.hub);
            let others = hub.into_iter().flat_map(|it| it.servers());
            let others: Vec<String> = others.map(|(it, name)| format!("{name} {it:?}")).collect();
            let name = &it.name;
            println!("{name}: {out:?} out, at {at} of {tail}, joins: {joins}, knows {others:?}");
        }
        for (who, it) in self.people.iter().enumerate() {
            println!(
                "{who} {}: {:?} pending: {}",
                it.name, it.stand, it.is_pending
            );
        }
    }

    fn is_at_rest(&mut self) -> bool {
        let live = || self.nodes.iter().filter(|it| it.scene.is_some());
        let epochs: BTreeSet<u64> = live().map(|it| it.epoch).collect();
        let knows_all = |it: &Node| {
            let hub = it.scene.as_ref().map(|it| &it.server.talk.hub);
            let servers = hub.into_iter().flat_map(|it| it.servers());
            servers.map(|(it, _)| it.0).collect::<BTreeSet<u64>>() == epochs
        };
        let joins = self.nodes.iter().any(|it| it.joining.is_some());
        let stops = live().any(|it| it.is_stopping);
        let is_asked = |it: &Person| it.stand == Stand::Named;
        !joins
            && !stops
            && self.redis.late.is_empty()
            && live().all(|it| it.is_at_rest(&self.redis) && knows_all(it))
            && !self.people.iter().any(is_asked)
    }

    fn check(&mut self) {
        let mut digests: Vec<(String, u64, Seen)> = Vec::new();
        let mut names: Vec<String> = Vec::new();
        for node in &mut self.nodes {
            let Some(scene) = &mut node.scene else {
                continue;
            };
            let now = scene.world.now();
            let talk = &mut scene.server.talk;
            talk.hub.check();
            let mut digest = 0;
            talk.have(now, |hub, _| digest = hub.digest());
            let people = talk.hub.people();
            names = people.iter().map(|it| it.name.to_string()).collect();
            let seen = talk.cluster.as_ref().map(|it| it.seen.clone());
            digests.push((node.name.to_string(), digest, seen.unwrap_or_default()));
        }
        for pair in digests.windows(2) {
            let ((one, digest, seen), (other, another, seen_there)) = (&pair[0], &pair[1]);
            assert_eq!(digest, another, "{one} and {other} do not know the same");
            assert_eq!(seen, seen_there, "{one} and {other} have not seen the same");
        }
        let here = self.people.iter().filter(|it| it.stand == Stand::In);
        let mut typed: Vec<String> = here.map(|it| it.name.clone()).collect();
        typed.sort();
        names.sort();
        assert_eq!(names, typed, "who is there");
        let ends: Vec<Vec<End>> = self.nodes.iter().map(|it| it.ends.clone()).collect();
        self.model.check(&self.people, &ends);
    }
}

impl Sights {
    fn add(&mut self, other: &Sights, people: &[Person], nodes: &[Node]) {
        let ends = || nodes.iter().flat_map(|it| &it.ends);
        self.lines += other.lines;
        self.reads += people.iter().map(|it| it.reads.len()).sum::<usize>();
        self.private += other.private;
        self.taken += other.taken;
        self.repeats += other.repeats;
        self.late_starts += other.late_starts;
        self.kills += other.kills;
        self.stops += other.stops;
        self.counted_gone += ends().filter(|it| **it == End::Gone).count();
        self.lost_places += ends().filter(|it| **it == End::Lost).count();
        self.forgotten += other.forgotten;
        self.emptied += other.emptied;
        self.told_of_losses += other.told_of_losses;
        self.asked_again += other.asked_again;
    }
}

impl Drop for Play {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = self.steps.len().saturating_sub(25);
            if !self.is_told {
                let steps = self.steps.iter().enumerate().skip(last);
                steps.for_each(|(number, step)| println!("{number:4} {step}"));
            }
            let seed = self.seed;
            println!("seed {seed} fails; to see it from the beginning:");
            println!(
                "CHINWAG_SERVERS=1 CHINWAG_SEED={seed} cargo test --lib cluster::simulation -- --nocapture"
            );
        }
    }
}
