//! `Message` to bytes: the words that people read. Every line ends in CR LF (RFC 854); a prompt ends without.

use bytes::{BufMut, BytesMut};

use crate::error::Protocol;
use crate::message::{HelpRow, Message};

/// Appends the message as a person reads it.
pub fn render(message: &Message, out: &mut BytesMut) {
    match message {
        Message::Said { from, text } => line(out, &[from.as_str(), ": ", text]),
        Message::Joined(name) => line(out, &[name.as_str(), " has joined the chat."]),
        Message::Left(name) => line(out, &[name.as_str(), " has left the chat."]),
        Message::Renamed { from, to } => {
            line(out, &[from.as_str(), " is now known as ", to.as_str(), "."])
        }
        Message::Notice(text) => line(out, &["-- ", text, " --"]),

        Message::UsernamePrompt => out.put_slice(b"Enter your username: "),
        Message::Welcome => line(out, &["Welcome to the chat!"]),
        Message::UsernameTaken => line(out, &["That username is taken."]),
        Message::UsernameInvalid => line(
            out,
            &["A username has 1 to 32 letters, digits, '_', '-' or '.'."],
        ),
        Message::TooManyAttempts => line(out, &["Too many attempts. Goodbye!"]),
        Message::LoginTimedOut => line(out, &["Login timed out. Goodbye!"]),
        Message::WrongProtocol(protocol) => wrong_protocol(out, *protocol),

        Message::Help(rows) => help(out, rows),
        Message::UsersOnline(count) => line(out, &["Users online: ", &count.to_string()]),
        Message::UnknownCommand(word) => line(
            out,
            &["Unknown command: ", word, ". Type /help for the list."],
        ),
        Message::Usage(usage) => line(out, &["Usage: ", usage]),
        Message::TooLong { limit } => line(
            out,
            &[
                "Message too long: the limit is ",
                &limit.to_string(),
                " bytes. Not sent.",
            ],
        ),
        Message::HowToQuit => line(out, &["Type /quit to leave."]),
        Message::StillHere(online) => line(out, &["Yes, ", &online.to_string(), " online."]),
        Message::Goodbye => line(out, &["Goodbye!"]),

        Message::ServerFull => line(out, &["Server is full. Try again later."]),
        Message::ShuttingDown => line(out, &["Server is shutting down. Goodbye!"]),
        Message::LineBreak => line(out, &[]),
    }
}

fn line(out: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        out.put_slice(part.as_bytes());
    }
    out.put_slice(b"\r\n");
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

fn help(out: &mut BytesMut, rows: &[HelpRow]) {
    let width = rows.iter().map(|row| row.usage.len()).max().unwrap_or(0);
    for row in rows {
        line(out, &[&format!("{:width$}  {}", row.usage, row.does)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Username;

    fn text(message: Message) -> String {
        let mut out = BytesMut::new();
        render(&message, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn lines_end_in_cr_lf_and_the_prompt_does_not() {
        let alice = Username::parse("Alice").unwrap();
        let said = Message::Said {
            from: alice.clone(),
            text: "Hello, everyone!".into(),
        };
        assert_eq!(text(said), "Alice: Hello, everyone!\r\n");
        assert_eq!(
            text(Message::Joined(alice)),
            "Alice has joined the chat.\r\n"
        );
        assert_eq!(text(Message::UsernamePrompt), "Enter your username: ");
    }

    #[test]
    fn help_is_aligned() {
        const ROWS: &[HelpRow] = &[
            HelpRow {
                usage: "/a",
                does: "one",
            },
            HelpRow {
                usage: "/long X",
                does: "two",
            },
        ];
        assert_eq!(
            text(Message::Help(ROWS)),
            "/a       one\r\n/long X  two\r\n"
        );
    }
}
