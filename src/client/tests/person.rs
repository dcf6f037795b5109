//! `Person`: Ann, who reads her screen, and the fate of each text that she entered, as far as the client told her.

mod reading;

use std::time::Duration;

use super::relay::{Read, Relay};
use super::screen::Screen;

/// How long Ann waits for the prompt, in seconds: longer than any fault lasts, and two of the longest waits.
const PATIENCE: usize = 300;

/// How often she tries to get into a room.
const TRIES: usize = 3;

/// How often she starts the client.
const STARTS: usize = 40;

pub(super) const LOBBY: &str = "#lobby";
pub(super) const DEN: &str = "#den";

/// What the client told a person about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Nothing,
    NotSent,
    NotConfirmed,
    /// She has taken it back herself.
    TakenBack,
}

/// A text that was entered.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) words: String,
    /// The room that it was typed for, or the one person.
    pub(super) room: &'static str,
    pub(super) told: Told,
    is_pasted: bool,
    /// It was said by a command with the name of its room.
    is_named: bool,
}

/// Whether a person checks the effect of her lines before she types on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    Careful,
    Eager,
}

pub(super) struct Person {
    pub(super) relay: Relay,
    pub(super) pace: Pace,
    pub(super) texts: Vec<Text>,
    pub(super) rows: Vec<String>,
    /// The text above rows that quote her lines.
    heading: String,
    screen: Screen,
    pub(super) name: String,
    /// The room that the client last told her she is in.
    told: &'static str,
    /// The rooms that she hears besides.
    hears: Vec<&'static str>,
    /// The command that should lead her to another room, until it is answered.
    going: Option<(String, &'static str)>,
    /// The part of her next line that she has typed.
    pub(super) half: String,
    /// Commands that had no effect.
    undone: Vec<String>,
    /// The commands that she has typed. She types them again after she has started the client again.
    commands: Vec<&'static str>,
    /// How many lines she has pasted last.
    pasted: usize,
    starts: usize,
    is_leaving: bool,
    /// How it ended.
    pub(super) left: Option<String>,
    /// She has not got into the room.
    pub(super) is_shut_out: bool,
}

impl Person {
    pub(super) fn new(pace: Pace, relay: Relay) -> Person {
        Person {
            relay,
            pace,
            texts: Vec::new(),
            rows: Vec::new(),
            heading: String::new(),
            screen: Screen::default(),
            name: "Ann".into(),
            told: LOBBY,
            hears: Vec::new(),
            going: None,
            half: String::new(),
            undone: Vec::new(),
            commands: Vec::new(),
            pasted: 0,
            starts: 1,
            is_leaving: false,
            left: None,
            is_shut_out: false,
        }
    }

    /// Types a line for a room, and the beginning of the next one.
    pub(super) fn say(&mut self, room: &'static str, words: &str, next: &str) {
        if !self.get_ready(room) {
            return;
        }
        let rest = words.strip_prefix(&*self.half).expect("what was begun");
        let half = match self.pace {
            Pace::Eager => &next[..next.len() / 2],
            Pace::Careful => "",
        };
        self.entered(room, words, false);
        let typed = format!("{rest}\r{half}");
        // If the client does not take it, it stays before her further text.
        self.half = half.into();
        if self.is_online() {
            self.relay.type_in(&typed);
        } else {
            self.half.clear();
            self.relay.type_in(&format!("{rest}\r"));
        }
        self.look();
    }

    pub(super) fn paste(&mut self, room: &'static str, lines: &[&str]) {
        if !self.get_ready(room) {
            return;
        }
        self.erase();
        let text = lines.join("\r");
        self.relay.type_in(&format!("\x1b[200~{text}\x1b[201~"));
        self.look();
        if !self.screen.typed().0.is_empty() && !self.asks_about_paste() {
            // Meanwhile she has started the client again.
            return;
        }
        self.pasted = lines.len();
        for line in lines {
            self.entered(room, line, true);
        }
        self.relay.type_in("\r");
        self.look();
    }

    /// Says something to one person.
    pub(super) fn whisper(&mut self, to: &'static str, words: &str) {
        if self.get_ready(DEN) {
            self.erase();
            self.entered(to, words, false);
            self.relay.type_in(&format!("/msg {to} {words}\r"));
            self.look();
        }
    }

    /// Says something in a room by its name, wherever she is.
    pub(super) fn say_in(&mut self, room: &'static str, words: &str) {
        if self.get_ready(self.room()) {
            self.erase();
            self.entered(room, words, false);
            if let Some(text) = self.texts.last_mut() {
                text.is_named = true;
            }
            self.relay.type_in(&format!("/in {room} {words}\r"));
            self.look();
        }
    }

    /// Types a command. If that is her way, waits for this answer.
    pub(super) fn command(&mut self, command: &'static str, answer: &str) {
        if !self.get_ready(self.room()) {
            return;
        }
        self.erase();
        self.commands.push(command);
        let seen = self.rows.len();
        self.relay.type_in(&format!("{command}\r"));
        self.look();
        let is_answer = |row: &String| row.contains(answer);
        for _ in 0..PATIENCE {
            let is_undone = self.undone.iter().any(|it| it == command);
            let is_over = is_undone || self.rows[seen..].iter().any(is_answer);
            if is_over || self.pace == Pace::Eager {
                return;
            }
            self.wait();
        }
    }

    /// Types a command that leads to a room.
    pub(super) fn go(&mut self, room: &'static str) {
        if self.get_ready(self.room()) {
            self.type_way_to(room);
        }
    }

    /// Types a command that leads to a room. If she hears it, she goes on to hear the one that she leaves.
    pub(super) fn switch(&mut self, room: &'static str) {
        if self.get_ready(self.room()) {
            self.type_switch_to(room);
        }
    }

    fn type_switch_to(&mut self, room: &'static str) {
        // Where she switches to and from, she hears the room that she leaves.
        match self.hears(room) {
            true => self.type_way(&format!("/switch {room}"), room),
            false => self.type_way_to(room),
        }
    }

    /// Whether she has typed that she switches to this room, and was not answered.
    fn is_switching_to(&self, room: &str) -> bool {
        let going = self.going.as_ref();
        going.is_some_and(|(command, to)| command.starts_with("/switch") && *to == room)
    }

    /// Whether she hears this room besides the one she is in, as far as she knows.
    pub(super) fn hears(&self, room: &str) -> bool {
        self.hears.contains(&room) || self.is_switching_to(self.room()) && self.told == room
    }

    fn type_way_to(&mut self, room: &'static str) {
        let command = match room {
            LOBBY => "/leave",
            _ => "/join #den",
        };
        self.type_way(command, room);
    }

    fn type_way(&mut self, command: &str, room: &'static str) {
        self.erase();
        self.going = Some((command.into(), room));
        self.relay.type_in(&format!("{command}\r"));
        self.look();
    }

    /// Types the commands again that had no effect, as far as she knows.
    pub(super) fn repeat_undone(&mut self) {
        self.look();
        for command in std::mem::take(&mut self.undone) {
            if self.get_ready(self.room()) {
                self.erase();
                self.relay.type_in(&format!("{command}\r"));
                self.look();
            }
        }
    }

    /// Makes sure that a line can be typed for this room. False if there is no way.
    pub(super) fn get_ready(&mut self, room: &'static str) -> bool {
        let mut tries = 0;
        for _ in 0..PATIENCE {
            self.look();
            if self.starts > STARTS {
                return false;
            }
            let (prompt, typed) = self.screen.typed();
            if prompt.starts_with("Enter your username") {
                let name = format!("Ann{}", self.starts);
                self.starts += 1;
                self.relay.type_in(&format!("{name}\r"));
            } else if typed != self.half && !self.is_online() {
                self.wait();
            } else if typed != self.half {
                self.decide();
            } else if self.pace == Pace::Careful && prompt != "> " {
                self.wait();
            } else if self.room() == room {
                return true;
            } else if tries == TRIES {
                self.erase();
                self.is_shut_out = true;
                return false;
            } else {
                tries += 1;
                self.type_switch_to(room);
            }
        }
        panic!(
            "there is no prompt; typed: {:?}, rows: {:#?}",
            self.screen, self.rows
        )
    }

    /// A line stays in the editor: sends it if it is for the room she is in.
    fn decide(&mut self) {
        let (_, typed) = self.screen.typed();
        let room = self.room();
        let stays = |text: &&mut Text| text.words == typed;
        let text = self.texts.iter_mut().rev().find(stays);
        if self
            .going
            .as_ref()
            .is_some_and(|(command, _)| command == typed)
        {
            self.going = None;
            return self.relay.type_in("\x15");
        }
        match text {
            Some(text) if text.room == room => self.relay.type_in("\r"),
            Some(text) => {
                text.told = Told::TakenBack;
                self.relay.type_in("\x15");
            }
            None if typed.starts_with('/') => {
                let words = typed.to_string();
                self.note(&words, Told::TakenBack);
                self.relay.type_in("\x15");
            }
            None => panic!(
                "{typed:?} stands there in place of {:?}\n{:#?}",
                self.half, self.rows
            ),
        }
    }

    pub(super) fn room(&self) -> &'static str {
        self.going.as_ref().map_or(self.told, |(_, room)| room)
    }

    /// Whether the client takes the lines that she enters.
    pub(super) fn is_online(&self) -> bool {
        let (prompt, _) = self.screen.typed();
        ["> ", "(waiting) > ", "(coming back) > "].contains(&prompt)
    }

    fn asks_about_paste(&self) -> bool {
        self.screen.typed().0.starts_with("Send these")
    }

    pub(super) fn wait(&mut self) {
        if self
            .rows
            .last()
            .is_some_and(|row| row.contains("Press Enter to come back"))
        {
            self.relay.type_in("\r");
        }
        self.relay.pass(Duration::from_secs(1));
        self.look();
    }

    /// Says a last word and leaves, in one go.
    pub(super) fn leave_with(&mut self, room: &'static str, words: &str) {
        self.entered(room, words, false);
        self.is_leaving = true;
        self.relay.type_in(&format!("{words}\rleave\r"));
        self.look();
        for _ in 0..PATIENCE {
            if self.left.is_some() {
                return;
            }
            self.wait();
        }
    }

    /// Waits while nothing passes.
    pub(super) fn wait_for_way(&mut self) {
        while self.relay.is_halted() {
            self.wait();
        }
    }

    fn erase(&mut self) {
        self.half.clear();
        self.relay.type_in("\x15");
        self.look();
    }

    fn entered(&mut self, room: &'static str, words: &str, is_pasted: bool) {
        self.texts.push(Text {
            words: words.into(),
            room,
            told: Told::Nothing,
            is_pasted,
            is_named: false,
        });
    }

    fn read_screen(&mut self) {
        let shown = self.relay.desk.take_shown();
        for row in self.screen.read(&shown) {
            self.read(&row);
            self.rows.push(row);
        }
    }

    /// Reads the new rows on the screen, and acts on them.
    pub(super) fn look(&mut self) {
        self.read_screen();
        if self.relay.is_to_leave() {
            let typed = self.typed().to_string();
            if !typed.is_empty() && typed != self.half {
                self.note(&typed, Told::TakenBack);
            }
            self.relay.leave();
            self.read_screen();
        }
        if let Some(outcome) = self.relay.desk.outcome() {
            let outcome = format!("{outcome:?}");
            if self.is_leaving {
                self.left = Some(outcome);
            } else if self.starts <= STARTS {
                self.rows.push(outcome);
                self.start_again();
            }
        }
    }

    fn start_again(&mut self) {
        self.starts += 1;
        self.relay.pass(Duration::from_secs(5));
        self.screen = Screen::default();
        self.told = LOBBY;
        self.hears.clear();
        self.going = None;
        self.half.clear();
        self.undone = self.commands.iter().map(|it| it.to_string()).collect();
        let name = self.name.clone();
        self.relay.start_again(&name);
        self.look();
    }

    /// The text in the editor.
    pub(super) fn typed(&self) -> &str {
        self.screen.typed().1
    }

    /// Who read this text, and where.
    pub(super) fn readings(&self, text: &Text) -> Vec<&Read> {
        let heard = self.relay.heard.iter();
        heard.filter(|it| it.row.contains(&text.words)).collect()
    }
}
