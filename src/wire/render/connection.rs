//! The words of messages to one person about their connection.

use bytes::{BufMut, BytesMut};

use crate::error::{Protocol, ProxyFault};
use crate::message::AboutConnection;
use crate::wire::refusal;

use super::line;

pub(super) fn render(about: &AboutConnection, out: &mut BytesMut) {
    let words = match about {
        AboutConnection::UsernamePrompt => return out.put_slice(b"Enter your username: "),
        AboutConnection::Motd(text) => return text.lines().for_each(|it| line(out, &[it])),
        AboutConnection::WrongProtocol(protocol) => return wrong_protocol(out, *protocol),
        AboutConnection::Skipped(1) => "-- 1 message skipped --",
        AboutConnection::Skipped(count) => {
            return line(out, &["-- ", &count.to_string(), " messages skipped --"]);
        }
        AboutConnection::LineBreak => "",
        AboutConnection::Welcome => {
            line(out, &["Welcome to the chat!"]);
            "Type /help for the list of commands."
        }
        AboutConnection::UsernameTaken => "That username is taken.",
        AboutConnection::UsernameInvalid(why) => {
            return line(out, &[&refusal::no_name("A username", *why)]);
        }
        AboutConnection::Goodbye => "Goodbye!",
        AboutConnection::TooManyAttempts => "Too many attempts. Goodbye!",
        AboutConnection::LoginTimedOut => "Login timed out. Goodbye!",
        AboutConnection::IdleTimedOut => "You have been silent for too long. Goodbye!",
        AboutConnection::SentAway(why) => return line(out, &["-- ", why, " --"]),
        AboutConnection::NoProxyHeader(ProxyFault::Missing) => {
            "From your address a PROXY header must come first. Goodbye!"
        }
        AboutConnection::NoProxyHeader(ProxyFault::Late) => {
            "From your address a PROXY header must come first, and none came in time. Goodbye!"
        }
        AboutConnection::NoProxyHeader(ProxyFault::Broken) => {
            "The PROXY header from your address is not valid. Goodbye!"
        }
        AboutConnection::ServerFull => "Server is full. Try again later.",
        AboutConnection::TooManyFromAddress => {
            "Too many connections from your address. Close one and try again."
        }
        AboutConnection::TlsOnly => {
            line(out, &["This server speaks TLS only."]);
            "Connect with: openssl s_client -quiet -connect HOST:PORT"
        }
        AboutConnection::ShuttingDown => "Server is shutting down. Goodbye!",
    };
    line(out, &[words]);
}

/// A browser shows the body after a response's head (RFC 9112 §4); everyone else reads the sentence as it is.
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
