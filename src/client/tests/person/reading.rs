//! The rows on Ann's screen, and the facts that she learns from them.

use super::{DEN, LOBBY, Person, Told};

impl Person {
    pub(super) fn read(&mut self, row: &str) {
        let row = without_time(row);
        if !row.starts_with("| ") {
            self.heading = row.into();
        }
        if row.starts_with("-- Nothing was sent") || row.starts_with("-- Not connected: nothing") {
            let pasted = self.texts.iter_mut().rev().take(self.pasted);
            let pasted = pasted.take_while(|text| text.is_pasted);
            pasted.for_each(|text| text.told = Told::NotSent);
        }
        if let Some(words) = row.strip_prefix("| ") {
            let told = match &*self.heading {
                "-- Not sent: --" => Told::NotSent,
                it if it.contains("not confirmed") => Told::NotConfirmed,
                _ => return,
            };
            match words.starts_with("… and ") {
                true => self.note_more(told),
                false => self.note(words, told),
            }
        }
        if row.starts_with("Unknown command: /jxin") {
            self.going = None;
        }
        self.read_about_hearing(row);
        if let Some((from, to)) = row.split_once(" is now known as ")
            && from.ends_with(&self.name)
        {
            self.name = to.trim_end_matches('.').into();
        }
        for room in [LOBBY, DEN] {
            let answers = [
                format!("You are in {room} now."),
                format!("You are already in {room}."),
            ];
            let is_put = row.starts_with(&format!("-- You are in {room} now, not in "));
            let is_switched = self.is_switching_to(room) && self.told != room;
            if is_put && is_switched && !self.hears.contains(&self.told) {
                self.hears.push(self.told);
            }
            if is_put || answers.iter().any(|answer| answer == row) {
                self.told = room;
                self.going.take_if(|(_, going)| is_put || *going == room);
            }
        }
    }

    /// Reads which rooms she hears, and that a text for one of them was refused.
    fn read_about_hearing(&mut self, row: &str) {
        for room in [LOBBY, DEN] {
            if row.starts_with(&format!("You do not hear {room}.")) {
                self.hears.retain(|it| *it != room);
            }
            if row.starts_with(&format!("You do not hear {room}. Type")) {
                self.going.take_if(|(_, going)| *going == room);
            }
            if row == format!("You are in {room} now.") {
                self.hears.retain(|it| *it != room);
            } else if row.starts_with(&format!("You hear {room} too.")) {
                self.hears.push(room);
            } else if row.starts_with(&format!("You do not hear {room}. Not sent.")) {
                let mut texts = self.texts.iter_mut().rev();
                let refused = texts.find(|it| it.is_named && it.room == room);
                refused.expect("it was said").told = Told::NotSent;
            }
        }
        if row.starts_with("-- You no longer hear ") {
            self.hears.clear();
        }
    }

    /// Notes the news about a line.
    pub(super) fn note(&mut self, line: &str, told: Told) {
        if self
            .going
            .as_ref()
            .is_some_and(|(command, _)| command == line)
        {
            self.going = None;
            return;
        }
        let text = self
            .texts
            .iter_mut()
            .rev()
            .find(|text| line.ends_with(&text.words));
        match text {
            Some(text) => text.told = told,
            None if self.commands.contains(&line) => self.undone.push(line.into()),
            None => {}
        }
    }

    /// Notes the news about lines that were not shown.
    fn note_more(&mut self, told: Told) {
        // The way to another room may be among them.
        self.going = None;
        let last = self.texts.iter().rposition(|text| text.told == told);
        for text in &mut self.texts[last.map_or(0, |last| last + 1)..] {
            text.told = told;
        }
    }
}

/// A row without the time before it.
fn without_time(row: &str) -> &str {
    let is_time = |at: usize| row.as_bytes().get(at) == Some(&b':');
    match row.split_once(' ') {
        Some((time, behind)) if time.len() == 5 && is_time(2) => behind,
        _ => row,
    }
}
