//! The plain model of the chat: from what the hub was told, which messages each client is owed.
//!
//! Written to be seen to be right: everyone stands in one list, and every message is made and rendered anew for each reader. It
//! shares nothing with the chat but names, addresses, dates and searches as they are typed, and the messages themselves. How they read is the business of
//! the wire, whose own tests have every word.

mod accounts;
mod answers;
mod asking;
mod attempts;
mod commands;
mod facts;
mod keeping;
mod late;
mod locks;
mod members;
mod order;
mod owners;
mod past;
mod people;
mod person;
mod programs;
mod reading;
mod registering;
mod reports;
mod rooms;
mod rows;
mod sanctions;
mod silence;
mod telling;
mod words;
mod words_found;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chat::Finding;
use crate::id::{PeerId, PersonId};
use crate::message::{AboutConnection, AboutInput, EntryFacts, News, Request, RoomMember};
use crate::moment::{Format, Moment};
use crate::name::{InvalidUsername, RoomName, Username};

use super::numbers::OWN;
use super::record::{Happened, Told, What};
use super::sightings::Sightings;

pub(super) use facts::{Door, Guest};
use telling::Readers;
pub(super) use telling::rendered;

/// What the chat is like, by what it was told.
#[derive(Debug)]
pub(super) struct Model {
    rules: Rules,
    /// In no order.
    people: Vec<Person>,
    accounts: Vec<accounts::Account>,
    attempts: attempts::Attempts,
    /// Bans and mutes, and who was kicked a moment ago. Each list has the oldest first.
    sanctions: Vec<sanctions::Sanction>,
    kicks: Vec<sanctions::Sanction>,
    reports: reports::Reports,
    /// By their places, which are used again; the lobby is the first.
    rooms: Vec<Option<Room>>,
    motd: Option<String>,
    began: Option<Instant>,
    /// How many people have come in, how many rooms there have been, and how often someone has gone away.
    comings: usize,
    lives: usize,
    absences: usize,
    /// What is not applied yet.
    out: VecDeque<late::Out>,
    /// When the hub was told of something last: seconds since 1970-01-01 00:00 UTC.
    unix: i64,
    /// The same in milliseconds.
    at: i64,
    /// Whether what the hub was told of last is put off, as far as others are concerned.
    puts_off: bool,
    /// Whom the line means that is applied.
    meant: Option<PeerId>,
    /// The entry that is applied, with a number that is larger for each, and the object that is acted on.
    entry: EntryFacts,
    request: Option<Arc<Request>>,
    /// How often a program was told again what it had said.
    pub(super) told_again: usize,
    /// When it was looked last for what is due.
    looked: Option<Instant>,
    /// When the hub was told of something last, on the clock that never jumps.
    now: Option<Instant>,
    /// The server stops, and only loses its people.
    is_stopping: bool,
    /// What keeps what is said, if anything does.
    file: Option<keeping::File>,
    /// Those who were read though they waited.
    pub(super) hurried: Vec<PeerId>,
    seen: Sightings,
    /// What clients are owed, in the order in which it was said.
    owed: Vec<(PeerId, Piece)>,
}

#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub(super) anonymous: bool,
    pub(super) login_timeout: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) history: usize,
    pub(super) max_line: usize,
    pub(super) motd: Option<String>,
}

/// What is owed to one client at one time.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    /// The room that it is a line of, by the life of the room. Such a line may be skipped for somebody who is slow.
    pub(super) room: Option<usize>,
    /// The room is not the current one of its reader, so its name stands before the line.
    pub(super) is_tagged: bool,
    /// It is an object, for a program.
    pub(super) is_object: bool,
}

#[derive(Debug)]
struct Person {
    peer: PeerId,
    address: IpAddr,
    /// The account that is theirs.
    account: Option<u64>,
    /// What they are asked about a password.
    asking: Option<accounts::Asking>,
    /// What they say next may be a password: how many such lines were held, and when the last one came.
    late: Option<(u8, Option<Instant>)>,
    /// Their connection has ended, and they will leave.
    is_gone: bool,
    /// None at the username prompt.
    name: Option<Username>,
    attempts: usize,
    /// How many had come in before them.
    came: usize,
    name_by: Option<Instant>,
    /// Their current room, and the others that they hear, the one that they have heard for longest first.
    room: usize,
    hears: Vec<usize>,
    format: Format,
    since: i64,
    /// When they last typed, and when that is looked at next.
    active: u64,
    idle_at: Option<Instant>,
    away: Option<Away>,
    /// Absences that they were told of, and when.
    told: Vec<(usize, u64)>,
    /// Rooms that they left, by their lives, and how many lines had been said there.
    visits: Vec<(usize, usize)>,
    ignores: Vec<Ignored>,
    correspondent: Option<(PeerId, Username)>,
    /// What they said or wrote under an id, the last of it.
    remembered: Vec<programs::Remembered>,
    /// What they had asked, and wait for.
    asked: Option<past::Asked>,
    /// What `/more` shows.
    more: Option<past::Sought>,
    /// For how long they have searched, as it were, and when they did last.
    searches: Option<(Duration, Instant)>,
    /// A line that they typed, and that does something if they type it again by then.
    again: Option<(String, Instant)>,
    /// Mutes that meet them whatever becomes of their name.
    followed: Vec<u64>,
}

#[derive(Debug)]
struct Away {
    number: usize,
    text: Option<Arc<str>>,
    missed: Kept,
}

#[derive(Debug)]
struct Ignored {
    /// The name that they had then.
    name: Username,
    peer: PeerId,
    person: PersonId,
    is_here: bool,
}

#[derive(Debug)]
struct Room {
    life: usize,
    /// The entry that made it.
    made: u64,
    /// The entry that made its life.
    began: u64,
    kept: locks::Kept,
    /// What members are in it, and which guests are invited since when.
    ranks: Vec<RoomMember>,
    guests: Vec<(PersonId, u64)>,
    name: RoomName,
    /// Nobody made the lobby.
    maker: Option<PeerId>,
    topic: Option<Arc<str>>,
    history: Kept,
}

/// Lines that are kept, the newest of them.
#[derive(Debug)]
struct Kept {
    lines: Vec<Line>,
    total: usize,
    most_lines: usize,
    most_bytes: usize,
    /// Whether there were lines before these.
    is_cut: bool,
}

#[derive(Debug, Clone)]
struct Line {
    /// How many were kept before it.
    number: usize,
    /// The entry by which it was said.
    entry: EntryFacts,
    /// The author's name then. Nobody wrote that lines were not kept.
    name: Option<Username>,
    /// Where it was said, if it was not private.
    room: Option<RoomName>,
    news: News,
    /// What the author typed of it, in bytes.
    typed: usize,
}

/// Before the first entry.
const NO_ENTRY: EntryFacts = EntryFacts {
    seq: OWN,
    at: 0,
    author: PersonId::HOUSE,
};

impl Line {
    /// What it counts for, however it is read.
    fn size(&self) -> usize {
        let around = "[2026-11-21 15:28]  (private): \r\n".len();
        let author = self.name.as_ref().map_or(0, |it| it.as_str().len());
        around + author + self.typed
    }
}

impl Kept {
    fn new(most_lines: usize, most_bytes: usize) -> Kept {
        Kept {
            lines: Vec::new(),
            total: 0,
            most_lines,
            most_bytes,
            is_cut: false,
        }
    }

    fn push(&mut self, mut line: Line) {
        line.number = self.total;
        self.total += 1;
        if line.size() > self.most_bytes {
            self.is_cut = true;
            return;
        }
        self.lines.push(line);
        let is_over = |lines: &[Line]| {
            let bytes: usize = lines.iter().map(Line::size).sum();
            lines.len() > self.most_lines || bytes > self.most_bytes
        };
        while is_over(&self.lines) {
            self.lines.remove(0);
            self.is_cut = true;
        }
    }
}

impl Model {
    pub(super) fn new(rules: Rules) -> Model {
        let mut model = Model {
            motd: rules.motd.clone(),
            rules,
            people: Vec::new(),
            accounts: Vec::new(),
            attempts: attempts::Attempts::default(),
            sanctions: Vec::new(),
            kicks: Vec::new(),
            reports: reports::Reports::default(),
            rooms: Vec::new(),
            began: None,
            comings: 0,
            lives: 0,
            absences: 0,
            out: VecDeque::new(),
            unix: 0,
            at: 0,
            puts_off: false,
            meant: None,
            entry: NO_ENTRY,
            request: None,
            told_again: 0,
            looked: None,
            now: None,
            is_stopping: false,
            file: None,
            hurried: Vec::new(),
            seen: Sightings::default(),
            owed: Vec::new(),
        };
        let lobby = model.make_room(RoomName::lobby(), None);
        model.rooms.push(Some(lobby));
        model
    }

    /// Takes in what the hub was told. Returns what clients are owed for it.
    pub(super) fn hear(&mut self, told: &Told) -> Vec<(PeerId, Piece)> {
        let now = told.now;
        (self.unix, self.at) = (now.unix, now.unix_millis());
        self.now = Some(now.instant);
        self.puts_off = told.is_put_off;
        match &told.what {
            _ if self.asks(told) => {}
            What::Event(peer, Happened::Answered(Ok(Finding::Echo(line)))) => {
                let told = self.given_back(told, *peer, line);
                return self.hear(&told);
            }
            _ if told.is_put_off && self.put_off(told) => {}
            What::Entered => self.enter(now),
            What::Event(peer, happened) => self.event(now, *peer, happened),
            What::Reply(peer, bytes) => self.tell_bytes(*peer, bytes.clone()),
            What::Notice(text) => self.notice(text),
            What::Motd(text) => self.motd = text.clone(),
            What::Timeout => {
                self.check_waits(now);
                self.time(now);
            }
            What::ShutDown => self.shut_down(),
            What::HandedOver => self.hand_over(),
        }
        std::mem::take(&mut self.owed)
    }

    pub(super) fn online(&self) -> usize {
        self.people.iter().filter(|it| it.name.is_some()).count()
    }

    pub(super) fn is_here(&self, peer: PeerId) -> bool {
        let mut people = self.people.iter();
        people.any(|it| it.peer == peer && !it.is_gone)
    }

    /// Whether a peer is in the chat.
    pub(super) fn is_named(&self, peer: PeerId) -> bool {
        let mut people = self.people.iter();
        people.any(|it| it.peer == peer && it.name.is_some())
    }

    /// How many are here, with or without a name.
    pub(super) fn present(&self) -> usize {
        self.people.len()
    }

    fn event(&mut self, now: Moment, peer: PeerId, happened: &Happened) {
        if let Happened::Connected(addr) = happened {
            self.welcome(now, peer, addr.ip());
            if self.rules.anonymous {
                return self.come_in(now, peer, Username::from_addr(*addr));
            }
            let timeout = self.rules.login_timeout;
            self.person_mut(peer).name_by = timeout.map(|it| now.instant + it);
            return self.tell(peer, AboutConnection::UsernamePrompt);
        }
        if !self.is_here(peer) {
            return;
        }
        let is_named = self.person(peer).name.is_some();
        match happened {
            Happened::Connected(_) | Happened::Answered(_) => {}
            Happened::Secret(typed) => self.secret(now, peer, typed),
            Happened::TooLong if self.asked_for_password(peer).is_some() => {
                let question = self.asked_for_password(peer).expect("they are asked");
                self.secret_too_long(peer, question);
            }
            Happened::Interrupt if is_named && self.asked_for_password(peer).is_some() => {
                self.stop_asking(peer, None);
            }
            Happened::Line(line) if is_named => self.line(now, peer, line),
            Happened::Line(line) => self.login(now, peer, line),
            Happened::TooLong if is_named => {
                self.person_mut(peer).active = self.seconds(now);
                let limit = self.rules.max_line;
                self.answer(peer, AboutInput::TooLong { limit });
            }
            Happened::TooLong => {
                self.refuse(
                    peer,
                    AboutConnection::UsernameInvalid(InvalidUsername::WholeLine),
                );
            }
            Happened::WrongProtocol(protocol) => {
                self.dismiss(peer, AboutConnection::WrongProtocol(*protocol));
            }
            Happened::Interrupt => self.answer_key(peer, self.how_to_leave(peer)),
            Happened::AreYouThere => self.answer_key(peer, AboutInput::StillHere(self.online())),
            Happened::TooFast { of_address } => {
                self.break_prompt(peer);
                let of_address = *of_address;
                self.answer(peer, AboutInput::TooFast { of_address });
                self.prompt(peer);
            }
            Happened::EndOfInput => {
                self.break_prompt(peer);
                self.dismiss(peer, AboutConnection::Goodbye);
            }
            Happened::Disconnected(_) => self.leave(peer, ""),
            Happened::Object(object) => self.object(now, peer, object),
            Happened::Misused(id, misuse) => self.tell_misuse(peer, id, misuse),
            Happened::Program(format) => self.become_program(now, peer, *format),
        }
    }

    /// What somebody reads who interrupts.
    fn how_to_leave(&self, peer: PeerId) -> AboutInput {
        match self.asked_for_password(peer) {
            Some(_) => AboutInput::HowToGoBack,
            None => AboutInput::HowToQuit,
        }
    }

    /// A newcomer.
    fn welcome(&mut self, now: Moment, peer: PeerId, address: IpAddr) {
        self.began.get_or_insert(now.instant);
        self.people.push(Person::new(peer, address.to_canonical()));
    }

    fn time(&mut self, now: Moment) {
        let due = |at: fn(&Person) -> Option<Instant>| {
            let people = self.people.iter();
            let all = people.filter_map(|it| Some((at(it)?, it.peer)));
            let mut due: Vec<_> = all.filter(|(at, _)| *at <= now.instant).collect();
            due.sort();
            due
        };
        let (late, silent) = (due(|it| it.name_by), due(|it| it.idle_at));
        for (_, peer) in late {
            self.break_prompt(peer);
            self.dismiss(peer, AboutConnection::LoginTimedOut);
        }
        self.time_out_asking(now);
        for (_, peer) in silent {
            let idle = self.seconds(now) - self.person(peer).active;
            let idle = Duration::from_secs(idle.saturating_sub(1));
            let timeout = self.rules.idle_timeout.expect("it has come");
            if idle >= timeout {
                self.dismiss(peer, AboutConnection::IdleTimedOut);
            } else {
                self.person_mut(peer).idle_at = Some(now.instant + (timeout - idle));
            }
        }
    }

    fn shut_down(&mut self) {
        let here = self.people.iter().filter(|it| !it.is_gone);
        let mut here: Vec<PeerId> = here.map(|it| it.peer).collect();
        here.sort();
        self.is_stopping = true;
        for &peer in &here {
            self.break_prompt(peer);
            self.tell(peer, AboutConnection::ShuttingDown);
        }
        self.leave_all(&here);
        self.is_stopping = false;
    }

    /// From now on an entry by this person is applied.
    fn begin_entry(&mut self, by: Option<PeerId>) {
        self.entry = EntryFacts {
            seq: self.entry.seq + 1,
            at: self.at,
            author: by.map_or(PersonId::HOUSE, |by| self.person(by).id()),
        };
    }

    fn person(&self, peer: PeerId) -> &Person {
        let mut people = self.people.iter();
        people.find(|it| it.peer == peer).expect("they are here")
    }

    fn person_mut(&mut self, peer: PeerId) -> &mut Person {
        let mut people = self.people.iter_mut();
        people.find(|it| it.peer == peer).expect("they are here")
    }

    fn seconds(&self, now: Moment) -> u64 {
        let began = self.began.expect("someone has come");
        now.instant.duration_since(began).as_secs()
    }
}
