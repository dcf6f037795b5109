//! The dialogue that is played once for each fault, and the checks after it.

use super::person::{DEN, LOBBY, Person, Text, Told};
use super::relay::{Fault, Kind, Relay, Swap};

pub(super) use super::person::Pace;

/// A dialogue that was played.
pub(super) struct Dialogue {
    pub(super) person: Person,
    fault: Option<Fault>,
}

/// Ann comes in, talks here and there, and leaves.
pub(super) fn play(pace: Pace, fault: Option<Fault>) -> Dialogue {
    let mut ann = Person::new(pace, Relay::new("Ann", fault));
    ann.command("/time on", "Timestamps are on");
    ann.command("/quiet on", "Join and leave notices are off.");
    ann.say(LOBBY, "lobby 1", "lobby 2");
    ann.say(LOBBY, "lobby 2", "");
    ann.go(DEN);
    ann.say(DEN, "den 1", "den 2");
    ann.say(DEN, "den 2", "");
    ann.paste(DEN, &["den paste 1", "den paste 2", "den paste 3"]);
    ann.say(DEN, "den 3", "");
    ann.whisper("Den", "whisper 1");
    ann.command("/nick Bea", "is now known as Bea.");
    ann.say(DEN, "den 4", "den 5");
    ann.say(DEN, "den 5", "");
    ann.command("/listen lobby", "You hear #lobby too.");
    ann.say_in(LOBBY, "lobby by name 1");
    ann.switch(LOBBY);
    ann.say_in(DEN, "den by name 1");
    ann.say(LOBBY, "lobby 3", "lobby 4");
    ann.say(LOBBY, "lobby 4", "");
    ann.go(DEN);
    ann.say(DEN, "den 6", "den 7");
    ann.say(DEN, "den 7", "");
    // By now, everything that goes wrong has gone wrong.
    ann.pace = Pace::Careful;
    ann.is_shut_out = false;
    ann.wait_for_way();
    // The fault may also come here.
    for last in ["den last", "den very last"] {
        ann.repeat_undone();
        if !ann.get_ready(DEN) {
            break;
        }
        ann.relay.say_in_den("Den was here");
        ann.say(DEN, last, "");
        ann.wait_for_way();
    }
    if ann.get_ready(DEN) {
        ann.leave_with(DEN, "den bye");
    }
    Dialogue { person: ann, fault }
}

impl Dialogue {
    /// Whether somebody read each text.
    pub(super) fn is_all_read(&self) -> bool {
        let ann = &self.person;
        ann.texts.iter().all(|text| ann.readings(text).len() == 1)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let ann = &self.person;
        for text in &ann.texts {
            self.check_text(text)?;
        }
        if ann.is_shut_out && self.is_refused() {
            return Ok(());
        }
        if ann.is_shut_out {
            return Err("she was shut out of her room".into());
        }
        let lasts = ann.texts.iter().rev().take(3);
        if !lasts.clone().any(|text| ann.readings(text).len() == 1) {
            return Err("her last line was not read".into());
        }
        if ann.left.is_none() {
            return Err("she did not get away".into());
        }
        let mut rows = ann.rows.iter().rev();
        match rows.find(|row| row.ends_with("Den: Den was here")) {
            // Behind the time, or the date too if she missed it.
            Some(row) if matches!(row.find(" Den: "), Some(5 | 16)) => Ok(()),
            Some(_) => Err("her stamps are off".into()),
            None => Err("she does not read what is said in her room".into()),
        }
    }

    /// Whether the server lets nobody into the room.
    fn is_refused(&self) -> bool {
        let Some(fault) = self.fault else {
            return false;
        };
        let kinds = [Some(fault.kind), fault.then.map(|(_, kind)| kind)];
        let refuses = |kind| matches!(kind, Kind::Refuse | Kind::Swap(Swap::Refuses));
        kinds.into_iter().flatten().any(refuses)
    }

    fn check_text(&self, text: &Text) -> Result<(), String> {
        let ann = &self.person;
        let words = &text.words;
        let readings = ann.readings(text);
        for reading in &readings {
            let is_right = match text.room {
                "Den" => reading.row.ends_with(&format!(" (private): {words}")),
                room => reading.room == room && reading.row.ends_with(&format!(": {words}")),
            };
            if !is_right {
                return Err(format!("{words:?} was read as {reading:?}"));
            }
        }
        match (readings.len(), text.told) {
            (0, Told::Nothing) if ann.typed() == words => Ok(()),
            (0, Told::Nothing) => Err(format!("{words:?} was lost without a word")),
            (0, _) | (1, Told::Nothing | Told::NotConfirmed) => Ok(()),
            (1, told) => Err(format!("{words:?} was read, but told was {told:?}")),
            _ => Err(format!("{words:?} was read twice")),
        }
    }
}
