//! `Message` to bytes: the words that people read. Every line ends in CR LF (RFC 854); a prompt ends without.
//!
//! Nobody can type a line that looks like any of these but their own: what people say begins with their name and a
//! colon, and no name holds a space or a colon, addresses aside; every other line begins otherwise or goes on otherwise.
//! So no other line may begin with one word and a colon.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use crate::error::Protocol;
use crate::message::{Message, Past};
use crate::moment::{Civil, Format, Stamp};

use super::answer::{self, line};
use super::refusal;

/// Appends the message as a person reads it whose lines have this format. `unix` is when it is told: seconds since
/// 1970-01-01 00:00 UTC.
pub fn render(message: &Message, unix: i64, format: Format, out: &mut BytesMut) {
    match message {
        _ if is_stamped(message) => {
            stamp(out, unix, format);
            event(out, message);
        }
        Message::Past(past) => dated(out, past, format),
        Message::Answer(answer) => answer::render(answer, format, out),
        _ => about_connection(out, message),
    }
}

/// Whether it is told as it happens, so that a stamp may stand before it.
pub(crate) fn is_stamped(message: &Message) -> bool {
    matches!(
        message,
        Message::Said { .. }
            | Message::Action { .. }
            | Message::Joined(_)
            | Message::Left { .. }
            | Message::Entered(_)
            | Message::WentTo { .. }
            | Message::Renamed { .. }
            | Message::TopicSet { .. }
            | Message::Notice(_)
            | Message::Private { .. }
            | Message::PrivateSent { .. }
    )
}

/// Whether a person of this format is not told of it.
pub(crate) fn is_hidden(message: &Message, format: Format) -> bool {
    format.quiet
        && matches!(
            message,
            Message::Joined(_)
                | Message::Left { .. }
                | Message::Entered(_)
                | Message::WentTo { .. }
        )
}

/// What someone caused.
fn event(out: &mut BytesMut, message: &Message) {
    match message {
        Message::Said { from, text } => line(out, &[from.as_str(), ": ", text]),
        Message::Action { from, text } => line(out, &["* ", from.as_str(), " ", text]),
        Message::Joined(name) => line(out, &[name.as_str(), " has joined the chat."]),
        Message::Left { who, word: None } => line(out, &[who.as_str(), " has left the chat."]),
        Message::Left {
            who,
            word: Some(word),
        } => line(out, &[who.as_str(), " has left the chat: ", word]),
        Message::Entered(name) => line(out, &[name.as_str(), " has come in."]),
        Message::WentTo { who, room } => {
            line(
                out,
                &[who.as_str(), " has gone to ", &room.to_string(), "."],
            );
        }
        Message::Renamed { from, to } => {
            line(out, &[from.as_str(), " is now known as ", to.as_str(), "."]);
        }
        Message::TopicSet {
            by,
            topic: Some(topic),
        } => {
            line(out, &[by.as_str(), " has set the topic: ", topic]);
        }
        Message::TopicSet { by, topic: None } => {
            line(out, &[by.as_str(), " has cleared the topic."]);
        }
        Message::Notice(text) => line(out, &["-- ", text, " --"]),
        Message::Private { from, text } => line(out, &[from.as_str(), " (private): ", text]),
        Message::PrivateSent { to, text } => line(out, &["To ", to.as_str(), " (private): ", text]),
        _ => debug_assert!(false, "{message:?} is no event"),
    }
}

/// What is told to one person on coming in and on leaving.
fn about_connection(out: &mut BytesMut, message: &Message) {
    let words = match message {
        Message::UsernamePrompt => return out.put_slice(b"Enter your username: "),
        Message::Motd(text) => return text.lines().for_each(|it| line(out, &[it])),
        Message::WrongProtocol(protocol) => return wrong_protocol(out, *protocol),
        Message::Skipped(1) => "-- 1 message skipped --",
        Message::Skipped(count) => {
            return line(out, &["-- ", &count.to_string(), " messages skipped --"]);
        }
        Message::LineBreak => "",
        Message::Welcome => {
            line(out, &["Welcome to the chat!"]);
            "Type /help for the list of commands."
        }
        Message::UsernameTaken => "That username is taken.",
        Message::UsernameInvalid(why) => {
            return line(out, &[&refusal::no_name("A username", *why)]);
        }
        Message::Goodbye => "Goodbye!",
        Message::TooManyAttempts => "Too many attempts. Goodbye!",
        Message::LoginTimedOut => "Login timed out. Goodbye!",
        Message::IdleTimedOut => "You have been silent for too long. Goodbye!",
        Message::ServerFull => "Server is full. Try again later.",
        Message::TooManyFromAddress => {
            "Too many connections from your address. Close one and try again."
        }
        Message::ShuttingDown => "Server is shutting down. Goodbye!",
        _ => return debug_assert!(false, "{message:?} is not about a connection"),
    };
    line(out, &[words]);
}

/// What was told before, behind its date.
fn dated(out: &mut BytesMut, past: &Past, format: Format) {
    let date = format!("[{}] ", Civil::at(past.unix(), format.offset));
    out.put_slice(date.as_bytes());
    event(out, &past.message);
}

/// Appends what stands before each line of a format.
pub(crate) fn stamp(out: &mut BytesMut, unix: i64, format: Format) {
    let it = Civil::at(unix, format.offset);
    // There is always room in a buffer that grows.
    let _ = match format.stamp {
        Stamp::Off => Ok(()),
        Stamp::Clock => write!(out, "[{:02}:{:02}] ", it.hour, it.minute),
        Stamp::Full => write!(out, "[{it}:{:02}] ", it.second),
    };
}

/// A browser shows what stands behind a response's head (RFC 9112 §4); everyone else reads the sentence as it is.
fn wrong_protocol(out: &mut BytesMut, protocol: Protocol) {
    if protocol == Protocol::Http {
        let head = [
            "HTTP/1.1 400 Bad Request",
            "Content-Type: text/plain",
            "Connection: close",
            "",
        ];
        for field in head {
            line(out, &[field]);
        }
    }
    let protocol = protocol.to_string();
    let sentence = ["This is a chat server and does not speak ", &protocol, "."];
    line(out, &[&sentence.concat(), " Connect with telnet or nc."]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Offset;
    use crate::name::Username;

    fn said() -> Message {
        Message::Said {
            from: Username::parse("Alice").unwrap(),
            text: "Hello, everyone!".into(),
        }
    }

    fn text(message: &Message, format: Format) -> String {
        let mut out = BytesMut::new();
        render(message, 1_795_276_799, format, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn lines_end_in_cr_lf_and_the_prompt_does_not() {
        let plain = Format::default();
        assert_eq!(text(&said(), plain), "Alice: Hello, everyone!\r\n");
        let alice = Username::parse("Alice").unwrap();
        let joined = text(&Message::Joined(alice), plain);
        assert_eq!(joined, "Alice has joined the chat.\r\n");
        assert_eq!(
            text(&Message::UsernamePrompt, plain),
            "Enter your username: "
        );
        let motd = Message::Motd("one\n\ntwo".into());
        assert_eq!(text(&motd, plain), "one\r\n\r\ntwo\r\n");
    }

    #[test]
    fn stamps_stand_before_what_others_cause_and_nothing_else() {
        let mut format = Format {
            stamp: Stamp::Clock,
            offset: Offset::parse("+01:00").unwrap(),
            quiet: false,
        };
        assert_eq!(text(&said(), format), "[16:59] Alice: Hello, everyone!\r\n");
        let welcome = text(&Message::Welcome, format);
        assert!(welcome.starts_with("Welcome to the chat!\r\n"));
        format.stamp = Stamp::Full;
        let full = "[2026-11-21 16:59:59] Alice: Hello, everyone!\r\n";
        assert_eq!(text(&said(), format), full);
    }

    #[test]
    fn the_past_is_dated_for_everyone() {
        let past = Past {
            seq: 1,
            at: 0,
            message: said(),
        };
        let past = Message::Past(past.into());
        let dated = "[1970-01-01 00:00] Alice: Hello, everyone!\r\n";
        assert_eq!(text(&past, Format::default()), dated);
    }
}
