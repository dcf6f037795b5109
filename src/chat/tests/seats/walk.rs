//! Programs that lose their connection anywhere, by the dice: each of them reads everything once and in order, whatever
//! was lost on the way.

use std::collections::BTreeMap;

use super::*;
use crate::dice::Dice;

const SEEDS: u64 = 64;
const STEPS: usize = 300;
const ROBOTS: usize = 4;

/// What a program has read.
#[derive(Debug, Clone)]
enum Read {
    Welcome {
        token: String,
        seq: u64,
    },
    /// A line that somebody said, or wrote to it.
    Line {
        seq: u64,
        text: Arc<str>,
    },
    CaughtUp {
        seq: u64,
    },
    Skipped,
    Other,
}

#[derive(Debug, Default)]
struct Robot {
    peer: Option<PeerId>,
    /// Everything that has arrived, since it came in for the first time.
    read: Vec<Read>,
    /// What it said last, with its id.
    said: Option<(String, String)>,
    count: usize,
    /// How much it had read when it sent something last, or took its seat.
    known: usize,
}

impl Robot {
    fn since(&self) -> u64 {
        let seqs = self.read.iter().filter_map(|it| match it {
            Read::Welcome { seq, .. } | Read::Line { seq, .. } | Read::CaughtUp { seq } => {
                Some(*seq)
            }
            Read::Skipped | Read::Other => None,
        });
        seqs.max().unwrap_or(0)
    }

    fn token(&self) -> &str {
        let mut newest = self.read.iter().rev();
        let token = newest.find_map(|it| match it {
            Read::Welcome { token, .. } => Some(token),
            _ => None,
        });
        token.expect("it was welcomed")
    }

    fn lines(&self) -> impl Iterator<Item = (u64, &Arc<str>)> {
        self.read.iter().filter_map(|it| match it {
            Read::Line { seq, text } => Some((*seq, text)),
            _ => None,
        })
    }

    fn has_read(&self, text: &str) -> bool {
        self.lines().any(|(_, it)| **it == *text)
    }
}

struct Walk {
    alone: Journaled,
    /// A hub that hears only the entries, and has to be the same.
    twin: Twin,
    now: Moment,
    readers: Readers,
    dice: Dice,
    generation: u32,
    /// A person who never goes, and what they have read that was said to all.
    ann: Option<PeerId>,
    said: Vec<(u64, Arc<str>)>,
    /// What they wrote, by whose it is.
    written: BTreeMap<usize, Vec<(u64, Arc<str>)>>,
    robots: Vec<Robot>,
}

impl Walk {
    fn new(seed: u64) -> Walk {
        let now = Moment {
            instant: Instant::now(),
            unix: 1_795_276_799,
            millis: 0,
        };
        let mut alone = Journaled::new(rules());
        let mut walk = Walk {
            twin: Twin::of(&mut alone, now),
            alone,
            now,
            readers: Readers::default(),
            dice: Dice::new(seed),
            generation: 0,
            ann: None,
            said: Vec::new(),
            written: BTreeMap::new(),
            robots: Vec::new(),
        };
        let ann = walk.connect(Format::default());
        walk.ann = Some(ann);
        walk.event(ann, Event::Line("ann"));
        for number in 0..ROBOTS {
            walk.robots.push(Robot::default());
            let peer = walk.connect_robot(number);
            let op = Op::Login {
                name: format!("bot{number}"),
                password: None,
                position: None,
            };
            walk.object(peer, None, op);
        }
        walk
    }

    fn connect(&mut self, format: Format) -> PeerId {
        self.generation += 1;
        let slots = 0..;
        let is_free = |slot: &usize| !self.readers.connected().any(|it| it.index() == *slot);
        let peer = PeerId {
            slot: Slot::new(slots.into_iter().find(is_free).expect("one is free")),
            generation: self.generation,
        };
        let connected = Event::Connected {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            is_tls: false,
            format,
        };
        self.event(peer, connected);
        peer
    }

    fn connect_robot(&mut self, number: usize) -> PeerId {
        let peer = self.connect(Format {
            medium: Medium::Json,
            ..Format::default()
        });
        self.robots[number].peer = Some(peer);
        peer
    }

    fn object(&mut self, peer: PeerId, id: Option<&str>, op: Op) {
        let id = id.map(Arc::from);
        self.event(peer, Event::Object(&Object { id, op }));
    }

    fn event(&mut self, peer: PeerId, event: Event<'_>) {
        self.readers.expect(peer, &event);
        let mut effects = Effects::default();
        self.alone.handle(self.now, peer, event, &mut effects);
        for effect in effects.drain() {
            let readers = self.readers.apply(&effect);
            if let Effect::Send { message, cause, .. } = effect {
                for reader in readers {
                    self.note(reader, &message, cause.entry.map_or(0, |it| it.seq));
                }
            }
        }
        self.readers.check(|_| false);
        self.alone.check();
        self.twin.follow(&mut self.alone);
    }

    fn note(&mut self, reader: PeerId, message: &Message, seq: u64) {
        if Some(reader) == self.ann {
            return match message {
                Message::News(News::Said { text, .. }) => self.said.push((seq, text.clone())),
                Message::News(News::PrivateSent { to, text }) => {
                    let digit = to.as_str().trim_start_matches("bot").parse();
                    let whose = self.written.entry(digit.expect("a robot")).or_default();
                    whose.push((seq, text.clone()));
                }
                _ => {}
            };
        }
        let robot = self.robots.iter_mut().find(|it| it.peer == Some(reader));
        let Some(robot) = robot else { return };
        robot.read.push(match message {
            Message::News(News::Said { text, .. } | News::Private { text, .. }) => {
                let text = text.clone();
                Read::Line { seq, text }
            }
            Message::Past { past, .. } => Read::Line {
                seq: past.seq,
                text: past.news.text().expect("a line").into(),
            },
            Message::Program(ForProgram::Welcome(it)) => {
                let token = token_of(it);
                Read::Welcome { token, seq }
            }
            Message::Program(ForProgram::CaughtUp(seq)) => Read::CaughtUp { seq: *seq },
            Message::Program(ForProgram::Skipped { .. }) => Read::Skipped,
            _ => Read::Other,
        });
    }

    /// A robot says something, or says again what it does not know to have arrived.
    fn says(&mut self, number: usize) {
        let robot = &mut self.robots[number];
        let Some(peer) = robot.peer else { return };
        robot.known = robot.read.len();
        let is_unsure = robot
            .said
            .as_ref()
            .is_some_and(|(_, text)| !robot.has_read(text));
        if !is_unsure {
            robot.count += 1;
            let (id, text) = (robot.count.to_string(), format!("{number}/{}", robot.count));
            robot.said = Some((id, text));
        }
        let (id, text) = robot.said.clone().expect("something was said");
        let room = None;
        self.object(peer, Some(&id), Op::Say { text, room });
    }

    /// The connection of a robot breaks, and the last objects never arrive.
    fn cuts(&mut self, number: usize) {
        let lost = self.dice.below(6);
        let robot = &mut self.robots[number];
        let Some(peer) = robot.peer.take() else {
            return;
        };
        let left = robot
            .read
            .len()
            .saturating_sub(lost)
            .max(robot.known)
            .max(1);
        robot.read.truncate(left);
        self.event(peer, BROKEN);
    }

    fn resumes(&mut self, number: usize) {
        // At times the connection before it still stands.
        let (token, since) = (
            self.robots[number].token().to_string(),
            self.robots[number].since(),
        );
        let robot = &mut self.robots[number];
        (robot.peer, robot.known) = (None, robot.read.len());
        let peer = self.connect_robot(number);
        let position = Some(Position {
            seq: since,
            journal: Some(0),
        });
        let token = Secret::new(&token);
        self.object(peer, None, Op::Resume { token, position });
    }

    fn step(&mut self) {
        let number = self.dice.below(ROBOTS);
        match self.dice.below(8) {
            0 | 1 => self.says(number),
            2 => self.cuts(number),
            3 if self.robots[number].peer.is_none() || self.dice.below(4) == 0 => {
                self.resumes(number);
            }
            4 => {
                let text = format!("/msg bot{number} secret {}", self.alone.last());
                let ann = self.ann.expect("ann is there");
                self.event(ann, Event::Line(&text));
            }
            5 => {
                let text = format!("line {}", self.alone.last());
                let ann = self.ann.expect("ann is there");
                let seq = self.alone.last() + 1;
                self.event(ann, Event::Line(&text));
                // She does not read what she types.
                self.said.push((self.alone.last().max(seq), text.into()));
            }
            _ => {
                self.now.unix += 1;
                self.now.instant += Duration::from_millis(20);
            }
        }
    }

    /// Everyone is back and has said what they had to. Whatever was said was read by all, once and in order.
    fn ends(mut self) {
        for number in 0..ROBOTS {
            if self.robots[number].peer.is_none() {
                self.resumes(number);
            }
            self.says(number);
        }
        let mut texts: Vec<&Arc<str>> = self.said.iter().map(|it| &it.1).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), self.said.len(), "something was said twice");
        for (number, robot) in self.robots.iter().enumerate() {
            let came = match &robot.read[0] {
                Read::Welcome { seq, .. } => *seq,
                other => panic!("{other:?}"),
            };
            let written = self.written.get(&number).into_iter().flatten();
            let mut expected: Vec<(u64, Arc<str>)> =
                self.said.iter().chain(written).cloned().collect();
            expected.retain(|it| it.0 > came);
            expected.sort();
            let mut read: Vec<(u64, Arc<str>)> = robot
                .lines()
                .map(|(seq, text)| (seq, text.clone()))
                .collect();
            // What it says again is answered as it was the first time.
            let own = format!("{number}/");
            let mut seen = std::collections::BTreeSet::new();
            read.retain(|(seq, text)| seen.insert(*seq) || !text.starts_with(&own));
            assert_eq!(read, expected, "bot{number}");
            assert!(!robot.read.iter().any(|it| matches!(it, Read::Skipped)));
        }
    }
}

#[test]
fn whatever_is_lost_on_the_way_each_line_is_read_once_and_in_order() {
    for seed in 0..SEEDS {
        let mut walk = Walk::new(seed);
        for _ in 0..STEPS {
            walk.step();
        }
        walk.ends();
    }
}
