//! What the server tells the client alone, as the lines that a person reads.

use super::protocol::{Answer, Event, Facts, Welcome};

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sentence {
    /// In the server's words, or in those that people read in telnet.
    Text(String),
    /// In the client's own words.
    Notice(String),
}

impl Sentence {
    pub(super) fn text(&self) -> &str {
        let (Sentence::Text(text) | Sentence::Notice(text)) = self;
        text
    }
}

/// The lines of an event. Those in a room, and lines of the past, have none.
pub(super) fn sentences(event: &Event) -> Vec<Sentence> {
    match event {
        Event::Room { is_current, facts } => of_room(*is_current, facts),
        Event::Refused { text, .. } => vec![Sentence::Text(text.clone())],
        Event::Error { text, .. } => vec![Sentence::Notice(format!("-- {text} --"))],
        Event::Answer(answer) => of_answer(answer),
        Event::Goodbye(goodbye) => vec![Sentence::Text(goodbye.text.clone())],
        _ => Vec::new(),
    }
}

/// The lines of a welcome, without the event that we have joined.
pub(super) fn of_welcome(welcome: &Welcome) -> Vec<Sentence> {
    let words = [
        "Welcome to the chat!",
        "Type /help for the list of commands.",
    ];
    let motd = welcome.motd.iter().flat_map(|it| it.lines());
    let all = words.into_iter().chain(motd);
    all.map(|it| Sentence::Text(it.into())).collect()
}

/// The line about what a room is about.
pub(super) fn of_topic(facts: &Facts) -> Option<Sentence> {
    let topic = facts.topic.as_ref()?;
    let words = format!("The topic of {}: {topic}", facts.room);
    Some(Sentence::Text(words))
}

fn of_room(is_current: bool, facts: &Facts) -> Vec<Sentence> {
    let room = &facts.room;
    let words = match is_current {
        true => format!("You are in {room} now."),
        false => {
            let name = room.name();
            format!("You hear {room} too. Say something there with /in {name} TEXT.")
        }
    };
    let mut all = vec![Sentence::Text(words)];
    all.extend(of_topic(facts));
    all
}

fn of_answer(answer: &Answer) -> Vec<Sentence> {
    let messages = |count: u64| match count {
        1 => "1 message".into(),
        count => format!("{count} messages"),
    };
    match (&*answer.to, answer.count) {
        // The server's words tell of a zone that is not the person's.
        ("history", Some(count)) => {
            vec![Sentence::Notice(format!("-- last {} --", messages(count)))]
        }
        ("back", Some(count @ 1..)) => {
            let words = format!("-- {} you missed --", messages(count));
            vec![Sentence::Notice(words)]
        }
        _ => {
            let lines = answer.text.iter();
            lines.map(|it| Sentence::Text(it.clone())).collect()
        }
    }
}

/// What stands behind lines that were asked for.
pub(super) fn behind_lines(is_empty: bool, more: bool) -> &'static str {
    match (is_empty, more) {
        (true, _) => "-- nothing was found --",
        (false, true) => "-- /more shows older ones --",
        (false, false) => "-- end --",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::host::told_of;
    use crate::message::{AboutConnection, AboutHearing, AboutRooms, Answer, Message};
    use crate::moment::Format;
    use crate::name::RoomName;
    use crate::wire::render;
    use bytes::BytesMut;

    /// The lines that people read in telnet.
    fn words(message: impl Into<Message>) -> Vec<String> {
        let mut out = BytesMut::new();
        render(&message.into(), 0, Format::default(), &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        text.lines().map(String::from).collect()
    }

    fn shown(object: &str) -> Vec<String> {
        let all = match told_of(object).event {
            Event::Welcome(welcome) => of_welcome(&welcome),
            event => sentences(&event),
        };
        all.iter().map(|it| it.text().into()).collect()
    }

    #[test]
    fn the_words_are_those_that_people_read_in_telnet() {
        let tea = || RoomName::parse("tea").unwrap();
        let welcome = r#"{"event":"welcome","name":"ann","motd":"one\ntwo"}"#;
        let said = shown(welcome);
        assert_eq!(said[..2], words(AboutConnection::Welcome));
        assert_eq!(said.len(), 3);
        let room = r#"{"event":"room","room":"tea","current":true,"topic":null}"#;
        assert_eq!(shown(room), words(Answer::from(AboutRooms::InRoom(tea()))));
        let room = r#"{"event":"room","room":"tea","current":false,"topic":"T"}"#;
        let topic = AboutRooms::Topic {
            room: tea(),
            topic: Some("T".into()),
        };
        let too = words(Answer::from(AboutHearing::Too(tea())));
        assert_eq!(shown(room), [too, words(Answer::from(topic))].concat());
    }

    #[test]
    fn answers_are_shown_as_they_are_but_for_their_times() {
        for (object, lines) in [
            (
                r#"{"event":"answer","to":"users","text":["Users online: 2"],"count":2}"#,
                &["Users online: 2"][..],
            ),
            (
                r#"{"event":"answer","to":"history","text":["-- last message, times in UTC --"],"count":1}"#,
                &["-- last 1 message --"],
            ),
            (
                r#"{"event":"answer","to":"back","text":["x"],"count":2}"#,
                &["-- 2 messages you missed --"],
            ),
            (
                r#"{"event":"answer","to":"back","text":["You are back."],"count":0}"#,
                &["You are back."],
            ),
            (r#"{"event":"refused","code":"x","text":"No."}"#, &["No."]),
            (
                r#"{"event":"error","code":"x","text":"No."}"#,
                &["-- No. --"],
            ),
        ] {
            assert_eq!(shown(object), lines);
        }
    }
}
