//! How a server comes to the others, at the start and again: as `work::cluster::join` does it, a step at a time.

use std::time::Duration;

use crate::dice::Dice;
use crate::journal::Wanted;
use crate::limits::cluster::{HELLO_WAIT, LEASE_WAIT};
use crate::work::cluster::simulated::{entry, open};
use crate::work::cluster::{Entrance, Joined, Start};

use super::node::Node;
use super::redis::{Place, Redis};

pub(super) struct Joining {
    entrance: Entrance<Wanted>,
    attempt: Option<Attempt>,
}

/// One attempt, with one epoch.
struct Attempt {
    epoch: u64,
    next: u64,
    began: Duration,
    asked: Duration,
    turn: u32,
    hellos: Vec<Place>,
}

impl Joining {
    pub(super) fn new(entrance: Entrance<Wanted>) -> Joining {
        let attempt = None;
        Joining { entrance, attempt }
    }

    /// Nobody knows what came through. Returns the epoch that is given up.
    pub(super) fn give_up(&mut self) -> Option<u64> {
        self.attempt.take().map(|it| it.epoch)
    }

    fn say(&self, it: &mut Attempt, node: &Node, redis: &mut Redis, act: Wanted) -> Place {
        let place = redis.add(entry(&node.name, it.epoch, it.next, act));
        it.next += 1;
        place
    }

    fn hello(&self, it: &mut Attempt, node: &Node, redis: &mut Redis) {
        let hello = self.say(it, node, redis, (self.entrance.hello)(it.turn));
        it.hellos.push(hello);
        it.turn += 1;
        it.asked = redis.now;
    }

    /// Goes on. Returns how it came in, and where.
    fn go_on(
        &mut self,
        node: &mut Node,
        redis: &mut Redis,
        dice: &mut Dice,
    ) -> Option<(Joined, Place)> {
        if !node.reaches(redis) || dice.below(200) == 0 {
            node.mine.extend(self.give_up());
            return None;
        }
        let Some(mut it) = self.attempt.take() else {
            let epoch = 1 + dice.below(1 << 40) as u64;
            if redis.renew(&node.name, epoch, false, &node.mine) {
                let mut it = Attempt {
                    epoch,
                    next: 1,
                    began: redis.now,
                    asked: redis.now,
                    turn: 0,
                    hellos: Vec::new(),
                };
                self.hello(&mut it, node, redis);
                self.attempt = Some(it);
            }
            return None;
        };
        let came = self.look(&mut it, node, redis);
        let (epoch, next) = (it.epoch, it.next);
        self.attempt = Some(it);
        let (at, start) = came?;
        let joined = Joined {
            epoch,
            next,
            position: Node::position(at),
            start,
            warnings: Vec::new(),
        };
        Some((joined, at))
    }

    fn look(&self, it: &mut Attempt, node: &Node, redis: &mut Redis) -> Option<(Place, Start)> {
        let state = redis.states.get(&it.epoch);
        let at = state.and_then(|(hello, _)| it.hellos.iter().find(|at| at.id == *hello));
        if let Some(at) = at {
            let state = redis.states.remove(&it.epoch)?.1;
            return Some((*at, Start::State(state)));
        }
        let others = redis.names.iter().filter(|name| **name != node.name);
        let leases: Vec<Option<bool>> = others
            .map(|name| redis.lease(name).map(|it| it.is_standing))
            .collect();
        let nobody_stands = leases.iter().all(|it| *it == Some(false));
        if !nobody_stands && redis.now - it.asked < HELLO_WAIT {
            return None;
        }
        let is_long = redis.now - it.began >= LEASE_WAIT;
        let may_found = leases
            .iter()
            .all(|it| *it == Some(false) || it.is_none() && is_long);
        if may_found && let Some(at) = self.found(it, node, redis) {
            return Some((at, Start::Founded));
        }
        if redis.now - it.asked >= HELLO_WAIT {
            redis.renew(&node.name, it.epoch, false, &[]);
            self.hello(it, node, redis);
        }
        None
    }

    /// Founds, unless another one was first.
    fn found(&self, it: &mut Attempt, node: &Node, redis: &mut Redis) -> Option<Place> {
        let (first, last) = (*it.hellos.first()?, *it.hellos.last()?);
        let is_found = |at: &super::redis::Stored| {
            let packet = open::<Wanted>(&at.fields);
            packet.acts.iter().any(&self.entrance.is_found)
        };
        let is_second = redis.behind(last.id).iter().any(is_found);
        self.say(it, node, redis, (self.entrance.found)());
        redis.renew(&node.name, it.epoch, !is_second, &[]);
        (!is_second).then_some(first)
    }
}

impl Node {
    /// Goes on coming in, if it does.
    pub(super) fn join(&mut self, redis: &mut Redis, dice: &mut Dice) {
        let Some(mut joining) = self.joining.take() else {
            return;
        };
        match joining.go_on(self, redis, dice) {
            Some((joined, at)) => self.joined(joined, at, redis.now),
            None => self.joining = Some(joining),
        }
    }
}
