//! `Stage`: a server, its world, its clients, and the model beside them; and what is checked after every tick.

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::account::Accounts;
use crate::chat::Twin;
use crate::dice::Dice;
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::STALL;
use crate::limits::accounts::SECRET_BYTES;
use crate::message::{AboutConnection, Hello};
use crate::net::simulated::{Nature, World};
use crate::rate::Rate;
use crate::server::{Config, Server, Stats};

use super::asking::Thread;
use super::client::Client;
#[cfg(feature = "accounts")]
use super::guard::Guard;
#[cfg(feature = "accounts")]
use super::hush::Hush;
use super::late;
#[cfg(feature = "accounts")]
use super::members;
use super::model::{Model, Rules};
use super::numbers::Numbers;
use super::record::{Happened, Told, What};
use super::scene::serve;
use super::script::Rooms;
use super::setting;
#[cfg(feature = "store")]
use super::storing::{Keeping, check_kept};
use super::story::{Kind, Story};
#[cfg(feature = "accounts")]
use super::watch::Watch;

pub(super) struct Stage {
    pub(super) dice: Dice,
    /// The rooms that people name.
    pub(super) rooms: Rooms,
    pub(super) world: World,
    pub(super) nature: Nature,
    pub(super) config: Config,
    /// Until a shutdown is complete.
    pub(super) server: Option<Server>,
    pub(super) clients: Vec<Client>,
    /// When a shutdown was asked for, and when it was complete.
    pub(super) stops_since: Option<Instant>,
    pub(super) stopped_at: Option<Instant>,
    /// Who answers what the chat asks, if it asks anything.
    pub(super) thread: Option<Thread>,
    /// Something was asked through a handle, or came from a worker, since the last tick.
    pub(super) is_woken: bool,
    /// The hub was told something since it was checked last.
    is_hub_new: bool,
    /// The figures of the server, as they were last.
    pub(super) stats: Stats,
    pub(super) model: Model,
    pub(super) numbers: Numbers,
    /// The passwords that were typed.
    #[cfg(feature = "accounts")]
    pub(super) secrets: members::Secrets,
    /// Has an eye on what is said in locked rooms.
    #[cfg(feature = "accounts")]
    pub(super) watch: Watch,
    /// Has an eye on the door.
    #[cfg(feature = "accounts")]
    pub(super) guard: Guard,
    /// Has an eye on those who are muted.
    #[cfg(feature = "accounts")]
    pub(super) hush: Hush,
    /// Hears the entries alone.
    pub(super) twin: Twin,
    /// What outlasts a server, if what is said is kept.
    #[cfg(feature = "store")]
    pub(super) keeping: Option<Keeping>,
    pub(super) story: Story,
}

pub(super) type Checked = Result<(), String>;

fn be_late(server: &mut Server, kind: Kind, seed: u64) {
    if kind.is_late {
        server.talk.hub.be_late();
        server.talk.record.be_late(Dice::new(!seed));
    }
}

/// Has a configuration fit a kind of play.
fn fit(config: &mut Config, kind: Kind) {
    if kind.has_members {
        config.anonymous = false;
        // A line and a password may be as long.
        config.max_line = SECRET_BYTES;
    }
    if kind.has_order {
        // Enough people stay for long enough.
        (config.rate, config.idle_timeout) = (None, None);
        config.max_clients += 6;
        config.max_per_ip = None;
    }
}

impl Stage {
    pub(super) fn new(seed: u64, kind: Kind, is_told: bool) -> Stage {
        let mut dice = Dice::new(seed);
        let mut config = setting::config(&mut dice);
        let mut rooms = Rooms::new(&mut dice);
        fit(&mut config, kind);
        if kind.has_members {
            rooms = Rooms::Few;
        }
        let nature = setting::nature(&mut dice, &config);
        let rules = Rules {
            anonymous: config.anonymous,
            login_timeout: config.login_timeout,
            idle_timeout: config.idle_timeout,
            history: config.history,
            max_line: config.max_line,
            motd: config.motd.clone(),
        };
        let world = World::new(nature, seed);
        let mut server = serve(&world, config.clone());
        be_late(&mut server, kind, seed);
        let twin = Twin::of(&mut server.talk.hub, world.now());
        let steps = Vec::new();
        let mut stage = Stage {
            dice,
            rooms,
            world,
            nature,
            config,
            server: Some(server),
            clients: Vec::new(),
            stops_since: None,
            stopped_at: None,
            thread: None,
            is_woken: false,
            is_hub_new: true,
            stats: Stats::default(),
            model: Model::new(rules),
            numbers: Numbers::default(),
            #[cfg(feature = "accounts")]
            secrets: members::Secrets::default(),
            #[cfg(feature = "accounts")]
            watch: Watch::default(),
            #[cfg(feature = "accounts")]
            guard: Guard::default(),
            #[cfg(feature = "accounts")]
            hush: Hush::default(),
            twin,
            #[cfg(feature = "store")]
            keeping: None,
            story: Story {
                seed,
                kind,
                is_told,
                steps,
            },
        };
        stage.tell(|stage| format!("{:?}\n{:?}", stage.nature, stage.config));
        stage
    }

    /// Another server begins, in another world whose clock is so far ahead.
    #[cfg(feature = "store")]
    pub(super) fn begin_again(&mut self, ahead: i64, life: u64, has_noted: bool) {
        let seed = self.story.seed;
        self.world = World::new(self.nature, seed ^ life << 32);
        self.world.jump(ahead);
        let mut server = serve(&self.world, self.config.clone());
        be_late(&mut server, self.story.kind, seed ^ life);
        self.twin = Twin::of(&mut server.talk.hub, self.world.now());
        self.server = Some(server);
        self.clients.clear();
        #[cfg(feature = "accounts")]
        {
            self.watch.forget_clients();
            self.hush.forget_clients();
            self.guard.begin_again(self.world.now().unix);
        }
        let last = self.model.last();
        self.numbers.go_on(Some(last).filter(|_| !has_noted));
        (self.stops_since, self.stopped_at, self.thread) = (None, None, None);
        (self.is_woken, self.is_hub_new) = (false, true);
    }

    /// Adds to the story.
    pub(super) fn tell(&mut self, step: impl FnOnce(&Stage) -> String) {
        let step = step(self);
        self.story.add(step);
    }

    /// Whether the server would not sleep on.
    pub(super) fn is_server_awake(&self) -> bool {
        let is_due = |server: &Server| server.timeout() == Some(Duration::ZERO);
        let server = self.server.as_ref();
        server.is_some() && (self.is_woken || self.world.has_events() || server.is_some_and(is_due))
    }

    /// When the server wakes up by itself.
    pub(super) fn timeout(&self) -> Option<Duration> {
        self.server.as_ref()?.timeout()
    }

    /// One tick of the server, and all checks.
    pub(super) fn tick(&mut self) -> Checked {
        let Some(server) = &mut self.server else {
            return Ok(());
        };
        let flow = server.tick().map_err(|error| error.to_string())?;
        let record = server.talk.record.take();
        self.stats = server.talk.stats;
        // An interrupted tick takes nothing in.
        self.is_woken &= record.is_empty();
        for told in record {
            self.hear(&told)?;
        }
        if !self.is_woken {
            self.end_tick();
        }
        for client in &mut self.clients {
            client.end_tick(client.peer.map_or(0, |peer| self.model.rooms_of(peer)));
        }
        if flow == ControlFlow::Break(()) {
            self.tell(|_| "the server stops".into());
            self.server = None;
            self.model.hand_over();
            self.stopped_at = Some(self.world.now().instant);
            return Ok(());
        }
        self.check_clients()?;
        self.check_server();
        Ok(())
    }

    /// The hub was told something: it must be true, and the model says who is owed what for it.
    fn hear(&mut self, told: &Told) -> Checked {
        self.tell_of(told);
        match &told.what {
            What::Event(peer, happened) => {
                if let Happened::Connected(addr) = happened {
                    let newcomer = self.clients.iter_mut().find(|it| it.addr == *addr);
                    let newcomer = newcomer.ok_or("nobody came from there")?;
                    assert_eq!(newcomer.peer.replace(*peer), None);
                }
                let place = self.place(|it| it.peer == Some(*peer))?;
                #[cfg(feature = "accounts")]
                self.note_secret(*peer, happened)?;
                if let Happened::Program(_) = happened {
                    self.owe_hello(place);
                }
                let kept = self.config.send_queue / 2;
                self.checked(place, |it| it.check_heard(happened, kept))?;
                if let Happened::Answered(Err(why)) = happened {
                    self.check_unanswered(*peer, *why)?;
                }
                if let Happened::Disconnected(reason) = happened {
                    let left = (told.now.instant, Some(*reason));
                    self.check_dropped(place, left.0, *reason)?;
                    self.clients[place].left.get_or_insert(left);
                }
            }
            What::Reply(peer, bytes) => {
                let place = self.place(|it| it.peer == Some(*peer))?;
                self.checked(place, |it| it.check_reply(bytes))?;
            }
            _ => {}
        }
        #[cfg(feature = "store")]
        self.note_time(told.now);
        #[cfg(feature = "accounts")]
        self.watch_told(told);
        let own = self.numbers.own(told);
        let asked = self.model.asked_for_passwords();
        let owed = self.model.hear(own.as_ref().unwrap_or(told));
        if !matches!(told.what, What::Event(_, Happened::Secret(_))) {
            self.let_drop(asked);
        }
        let is_routine = matches!(
            told.what,
            What::Timeout | What::Reply(..) | What::HandedOver
        );
        self.is_hub_new |= !is_routine || !owed.is_empty();
        for (peer, piece) in owed {
            let place = self.place(|it| it.peer == Some(peer))?;
            self.clients[place].owe(piece);
        }
        #[cfg(feature = "accounts")]
        self.watch_done(told)?;
        for client in self.clients.iter_mut().filter(|it| it.left.is_none()) {
            if client.peer.is_some_and(|peer| !self.model.is_here(peer)) {
                client.left = Some((told.now.instant, None));
            }
        }
        Ok(())
    }

    /// Of these people, who were asked for a password, those who are not any more may lose what they typed.
    fn let_drop(&mut self, asked: Vec<PeerId>) {
        for peer in asked {
            let client = self.clients.iter_mut().find(|it| it.peer == Some(peer));
            let is_asked = self.model.asked_for_password(peer).is_some();
            client.into_iter().for_each(|it| it.may_drop |= !is_asked);
        }
    }

    fn owe_hello(&mut self, place: usize) {
        let accounts = self.server.as_ref().map(|it| it.talk.accounts());
        let client = &mut self.clients[place];
        let rate = self.config.rate.filter(|_| client.is_limited);
        client.owe_hello(Hello {
            line: self.config.max_line,
            rate: rate.map(Rate::lines),
            accounts: accounts.unwrap_or(Accounts::Off),
            tls: false,
        });
    }

    /// Who is dropped was behind by too much, or has taken nothing for too long.
    fn check_dropped(&mut self, place: usize, now: Instant, reason: CloseReason) -> Checked {
        let client = &self.clients[place];
        let is_right = match reason {
            CloseReason::SendQueueFull => self.is_owed_too_much(client),
            CloseReason::Stalled => {
                // The server takes the time once a tick, before it writes.
                let took_at = self.world.took_at(client.pair) - SHORT_TIME;
                now >= took_at + STALL && !self.world.had_room(client.pair)
            }
            _ => true,
        };
        match is_right {
            true => Ok(()),
            false => {
                let took = now.saturating_duration_since(self.world.took_at(client.pair));
                let kept = client.kept_at_most();
                let room = self.world.had_room(client.pair);
                Err(format!(
                    "client {place}, {reason}: took something {took:?} ago, room: {room}, {kept} bytes wait"
                ))
            }
        }
    }

    /// Whether a client is owed more than may wait for it besides lines of a room, or all of them together are and it
    /// can be the one who is owed the most.
    pub(super) fn is_owed_too_much(&self, client: &Client) -> bool {
        let now = self.world.now().instant;
        // Others may have been dropped in the same tick.
        let was_here = |at| at + SHORT_TIME >= now;
        let here = self.clients.iter();
        let here = here.filter(|it| self.world.closed_at(it.pair).is_none_or(was_here));
        let kept: Vec<usize> = here.map(Client::kept_at_most).collect();
        let (all, most) = (kept.iter().sum::<usize>(), self.config.all_queues);
        let is_largest = client.kept_at_most() > most / kept.len().max(1);
        client.kept_at_most() > self.config.send_queue || all > most && is_largest
    }

    /// Adds what the hub was told to the story.
    fn tell_of(&mut self, told: &Told) {
        let who = |stage: &Stage, peer| match stage.place(|it| it.peer == Some(peer)) {
            Ok(place) => format!("client {place}"),
            Err(_) => "a newcomer".into(),
        };
        match &told.what {
            What::Event(peer, it) => {
                self.tell(|stage| format!("  hub: {} {it:?}", who(stage, *peer)))
            }
            What::Timeout | What::Entered | What::HandedOver => {}
            what => self.tell(|_| format!("  hub: {what:?}")),
        }
    }

    fn place(&self, is_it: impl Fn(&Client) -> bool) -> Result<usize, String> {
        let place = self.clients.iter().position(is_it);
        place.ok_or_else(|| "nobody is that peer".into())
    }

    /// A check of one client; what it finds is told with the client's number.
    pub(super) fn checked(
        &mut self,
        place: usize,
        check: impl FnOnce(&mut Client) -> Checked,
    ) -> Checked {
        check(&mut self.clients[place]).map_err(|what| format!("client {place}: {what}"))
    }

    /// Whoever was let in is known to the hub, and whose bytes are read was heard.
    fn check_clients(&mut self) -> Checked {
        for place in 0..self.clients.len() {
            self.check_let_in(place)?;
            let client = &self.clients[place];
            let is_open = client.peer.is_some() && client.left.is_none();
            if is_open && !self.has_input_of(client) && self.world.unread(client.pair) == 0 {
                self.checked(place, |it| it.check_all_heard())?;
            }
        }
        Ok(())
    }

    /// Whoever is accepted is let in or turned away, as the limits say.
    fn check_let_in(&mut self, place: usize) -> Checked {
        let client = &self.clients[place];
        if client.is_judged || !self.world.is_accepted(client.pair) {
            return Ok(());
        }
        // All pairs belong to clients, in the same order.
        let others = self.world.held_then(client.pair).into_iter();
        let others = others.map(|it| &self.clients[it]);
        let others: Vec<&Client> = others.filter(|it| !it.turned_away).collect();
        let network = network(client.addr.ip());
        let neighbours = others
            .iter()
            .filter(|it| self::network(it.addr.ip()) == network);
        let has_too_many = self
            .config
            .max_per_ip
            .is_some_and(|most| neighbours.count() >= most);
        let is_full = others.len() >= self.config.max_clients;
        let is_in = client.peer.is_some();
        let was_short = self.world.was_short(client.pair);
        let why = match () {
            () if is_in && !has_too_many && !is_full => None,
            () if is_in => return Err(format!("client {place} was let in over a limit")),
            () if was_short => Some(AboutConnection::ServerFull),
            () if has_too_many => Some(AboutConnection::TooManyFromAddress),
            () if is_full => Some(AboutConnection::ServerFull),
            () => return Err(format!("client {place} was not let in")),
        };
        let client = &mut self.clients[place];
        client.is_judged = true;
        why.into_iter().for_each(|why| client.turn_away(why));
        Ok(())
    }

    /// Whether the server has not decoded all that was sent.
    pub(super) fn has_input(&self) -> bool {
        self.clients.iter().any(|it| self.has_input_of(it))
    }

    /// Whether it has not decoded all that a client sent, who has not left.
    pub(super) fn has_input_of(&self, client: &Client) -> bool {
        let peer = client.peer.filter(|_| client.left.is_none());
        let server = self.server.as_ref().zip(peer);
        server.is_some_and(|(server, peer)| server.talk.connections.has_input(peer.slot))
    }

    /// What always holds between two ticks.
    fn check_server(&mut self) {
        let Some(server) = &mut self.server else {
            return;
        };
        late::check_out(server, &self.model);
        #[cfg(feature = "store")]
        check_kept(server, &self.model);
        if std::mem::take(&mut self.is_hub_new) {
            server.talk.hub.check();
            self.twin.follow(&mut server.talk.hub);
        }
        if !server.pace.has_put_off() {
            let bound = self.config.send_queue;
            let all = self.config.all_queues;
            server.talk.connections.check_between_ticks(bound, all);
            let readers = server.talk.fanout.check_between_ticks();
            assert_eq!(readers, self.model.readers());
        }
        assert_eq!(server.talk.hub.online(), self.model.online());
        let all = server.talk.connections.len() + server.talk.connections.turned_away();
        assert_eq!(self.world.held(), all);
        assert!(server.talk.connections.len() <= self.config.max_clients);
        server.talk.check_figures();
    }
}

/// The part of an address that counts as one.
fn network(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().into(),
        IpAddr::V6(ip) => ip.octets()[..8].into(),
    }
}

/// What a tick may take.
pub(super) const SHORT_TIME: Duration = Duration::from_millis(100);
