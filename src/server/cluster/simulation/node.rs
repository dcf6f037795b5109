//! A server of a play, with whoever writes and reads the stream for it: what the two threads do, without waiting for anything.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::dice::Dice;
use crate::id::ServerId;
use crate::journal::Wanted;
use crate::limits::cluster::{LEASE, LEASE_RENEWED, STOP_DRAIN};
use crate::server::Config;
use crate::server::cluster::Cluster;
use crate::server::inbox::Incoming;
use crate::server::simulation::Scene;
use crate::work::cluster::simulated::{Desk, Outgoing, desk, open};
use crate::work::cluster::{Entry, Errand, Joined, News, Position};

use super::joining::Joining;
use super::redis::{Place, Redis};

/// How a life of a server under one epoch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The others counted it as gone.
    Gone,
    /// Its place in the stream was forgotten.
    Lost,
}

pub(super) struct Node {
    pub(super) name: Arc<str>,
    /// `None` until it has joined for the first time.
    pub(super) scene: Option<Scene>,
    desk: Option<Desk<Wanted>>,
    pub(super) epoch: u64,
    /// The epochs that it had before.
    pub(super) mine: Vec<u64>,
    errands: VecDeque<Errand<Wanted>>,
    outgoing: Outgoing,
    pub(super) at: Place,
    pub(super) joining: Option<Joining>,
    is_standing: bool,
    watched: Vec<(Arc<str>, u64)>,
    /// Since when it has a connection to write, and when the lease is due.
    writes: Option<(Duration, Duration)>,
    reads: bool,
    is_lost: bool,
    is_told_away: bool,
    /// Until when the network between it and Redis is cut.
    pub(super) cut: Duration,
    /// How its lives ended that are over.
    pub(super) ends: Vec<End>,
    /// It was asked to stop.
    pub(super) is_stopping: bool,
    pub(super) has_stopped: bool,
    /// By when it stops at the latest.
    pub(super) stops: Option<Duration>,
}

impl Node {
    pub(super) fn new(name: &str, joining: Joining) -> Node {
        Node {
            name: name.into(),
            scene: None,
            desk: None,
            epoch: 0,
            mine: Vec::new(),
            errands: VecDeque::new(),
            outgoing: Outgoing::new(Place::default().id),
            at: Place::default(),
            joining: Some(joining),
            is_standing: false,
            watched: Vec::new(),
            writes: None,
            reads: false,
            is_lost: false,
            is_told_away: false,
            cut: Duration::ZERO,
            ends: Vec::new(),
            is_stopping: false,
            has_stopped: false,
            stops: None,
        }
    }

    pub(super) fn reaches(&self, redis: &Redis) -> bool {
        redis.is_up() && redis.now >= self.cut
    }

    /// Whether it is in, reaches Redis, and stays.
    pub(super) fn stands(&self, redis: &Redis) -> bool {
        let stays = self.scene.is_some() && !self.is_stopping && self.joining.is_none();
        stays && !self.is_lost && redis.has(self.at) && self.reaches(redis)
    }

    fn tell(&self, news: News<Wanted>) {
        if let Some(scene) = &self.scene {
            scene.server.outside.tell(Incoming::News(news));
        }
    }

    fn tell_health(&mut self) {
        let is_away = self.writes.is_none() || !self.reads;
        if is_away != self.is_told_away && self.joining.is_none() && !self.is_lost {
            self.is_told_away = is_away;
            match is_away {
                true => self.tell(News::Away("played".into())),
                false => self.tell(News::Back),
            }
        }
    }

    /// The connections break.
    pub(super) fn break_off(&mut self) {
        self.writes = None;
        self.reads = false;
        self.outgoing.cut();
        self.tell_health();
    }

    fn is_sent(&self) -> bool {
        self.outgoing.is_empty() && self.errands.is_empty()
    }

    /// Whether nothing is on its way from or to it.
    pub(super) fn is_at_rest(&self, redis: &Redis) -> bool {
        let out = self.scene.as_ref().map_or(0, |it| it.server.talk.hub.out());
        self.joining.is_none()
            && self.at == redis.tail()
            && self.outgoing.is_empty()
            && self.errands.is_empty()
            && out == 0
    }

    /// It is in, for the first time or again.
    pub(super) fn joined(&mut self, joined: Joined, at: Place, now: Duration) {
        self.joining = None;
        self.epoch = joined.epoch;
        self.mine.push(joined.epoch);
        self.is_standing = joined.is_founded();
        self.outgoing = Outgoing::new(at.id);
        (self.at, self.is_lost) = (at, false);
        if self.scene.is_some() {
            self.tell(News::Returned(joined));
            return;
        }
        let config = Config {
            history: 0,
            keep_guests: Duration::ZERO,
            keep_members: Duration::ZERO,
            login_timeout: None,
            rate: None,
            ..Config::default()
        };
        let mut scene = Scene::with(config);
        scene.world.pass(now);
        let (link, desk) = desk();
        let server = ServerId(joined.epoch);
        let cluster = Cluster::new(self.name.clone(), server, link);
        let moment = scene.world.now();
        let talk = &mut scene.server.talk;
        talk.cluster = Some(cluster);
        talk.begin(moment, joined)
            .expect("a state that can be loaded");
        scene.rest();
        (self.scene, self.desk) = (Some(scene), Some(desk));
    }

    /// What the position of a joined server is, for the loop.
    pub(super) fn position(at: Place) -> Position {
        let mut position = Position::default();
        position.id = at.id;
        position
    }

    /// Takes what the loop hands over, as far as it can be done now.
    pub(super) fn take_errands(&mut self, redis: &mut Redis) {
        let new = self.desk.as_ref().map(Desk::errands);
        self.errands.extend(new.into_iter().flatten());
        while self.joining.is_none()
            && let Some(errand) = self.errands.pop_front()
        {
            match errand {
                Errand::Publish(first, acts) => self.outgoing.push(first, &acts),
                Errand::Watch(watched) => self.watched = watched,
                Errand::State {
                    epoch,
                    hello,
                    bytes,
                } => {
                    if self.writes.is_some() {
                        redis.states.insert(epoch, (hello, bytes));
                    }
                }
                Errand::Stand => {
                    self.is_standing = true;
                    if let Some((_, renew)) = &mut self.writes {
                        *renew = Duration::ZERO;
                    }
                }
                Errand::Return(entrance) => {
                    let end = if self.is_lost { End::Lost } else { End::Gone };
                    self.ends.push(end);
                    self.break_off();
                    self.joining = Some(Joining::new(entrance));
                }
                Errand::Stop => {}
            }
        }
    }

    /// What the publisher does in a turn.
    pub(super) fn write(&mut self, redis: &mut Redis, dice: &mut Dice) {
        if self.joining.is_some() || self.is_lost || self.scene.is_none() {
            return;
        }
        if !self.reaches(redis) {
            return self.break_off();
        }
        if self.writes.is_none() {
            if dice.below(3) == 0 {
                self.outgoing.connected(redis.tail().id);
                self.writes = Some((redis.now, redis.now));
            }
            return self.tell_health();
        }
        if let Some((since, renew)) = self.writes
            && redis.now >= renew
        {
            let is_renewed = redis.renew(&self.name, self.epoch, self.is_standing, &[]);
            assert!(is_renewed, "another one has the lease of {}", self.name);
            self.writes = Some((since, redis.now + LEASE_RENEWED));
            self.watch(redis, since);
        }
        self.send(redis, dice);
    }

    fn watch(&self, redis: &mut Redis, since: Duration) {
        let is_early = redis.now - since < LEASE;
        for (node, epoch) in &self.watched {
            let (node, epoch) = (node.clone(), *epoch);
            match redis.lease(&node) {
                Some(lease) if lease.epoch == epoch => continue,
                None if is_early => continue,
                Some(_) => {}
                None => drop(redis.names.remove(&node)),
            }
            self.tell(News::Expired { node, epoch });
        }
    }

    /// Sends what is to be sent. Often enough the answer does not come.
    fn send(&mut self, redis: &mut Redis, dice: &mut Dice) {
        let packets = self.outgoing.next(&self.name, self.epoch);
        if packets.is_empty() {
            return;
        }
        let count = packets.len();
        let (is_cut, is_late) = match dice.below(40) {
            0 => return self.break_off(),
            1 => (true, false),
            2 => (true, true),
            _ => (false, false),
        };
        match is_late {
            true => redis.late.push(packets),
            false => packets.into_iter().for_each(|it| {
                redis.add(it);
            }),
        }
        match is_cut {
            true => self.break_off(),
            false => self.outgoing.sent(count),
        }
    }

    /// What the follower does in a turn.
    pub(super) fn read(&mut self, redis: &Redis, dice: &mut Dice) {
        if self.joining.is_some() || self.is_lost || self.scene.is_none() {
            return;
        }
        if !self.reaches(redis) {
            return self.break_off();
        }
        if !redis.has(self.at) {
            (self.is_lost, self.reads, self.writes) = (true, false, None);
            self.outgoing.cut();
            self.outgoing.bar();
            let (epoch, why) = (self.epoch, "played".into());
            return self.tell(News::Lost { epoch, why });
        }
        self.reads = true;
        let behind = redis.behind(self.at.id);
        let most = [1, 3, 512][dice.below(3)];
        let behind = &behind[..behind.len().min(most)];
        if let Some(last) = behind.last() {
            let mut own = None;
            let entries = || {
                behind.iter().map(|it| Entry {
                    id: it.at.id,
                    packet: open(&it.fields),
                })
            };
            let desk = self.desk.as_ref().expect("it has joined");
            let batch = desk.batch(self.epoch, || entries().collect());
            if let Some(batch) = batch {
                let of_this = batch.entries.iter().map(|it| &it.packet);
                let of_this = of_this.filter(|it| it.epoch == self.epoch);
                own = of_this.map(|it| it.last()).max().max(own);
                self.at = last.at;
                self.tell(News::Read(batch));
                self.outgoing.read(self.at.id, own);
            }
        }
        self.tell_health();
    }

    /// The connections break while it comes in, and it begins anew.
    pub(super) fn give_up_joining(&mut self) {
        let epoch = self.joining.as_mut().and_then(Joining::give_up);
        self.mine.extend(epoch);
    }

    /// It is killed.
    pub(super) fn die(&mut self) {
        (self.scene, self.desk, self.joining) = (None, None, None);
    }

    /// Gives up the lease once the server has ended, and nothing is left to be sent or two seconds are over. Returns whether
    /// that is so.
    pub(super) fn end(&mut self, redis: &mut Redis) -> bool {
        let by = *self.stops.get_or_insert(redis.now + STOP_DRAIN);
        let is_over = redis.now >= by || self.joining.is_some() || self.is_sent();
        if is_over && self.reaches(redis) {
            redis.release(&self.name, self.epoch);
        }
        is_over
    }
}
