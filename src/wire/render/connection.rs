//! The words of messages to one person about their connection.

use bytes::{BufMut, BytesMut};

use crate::error::{Protocol, ProxyFault};
use crate::message::{AboutConnection, SecretQuestion};
use crate::moment::{Civil, Format};
use crate::wire::refusal;

use super::{account, line, order};

pub(super) fn render(about: &AboutConnection, format: Format, out: &mut BytesMut) {
    let words = match about {
        AboutConnection::UsernamePrompt => return out.put_slice(b"Enter your username: "),
        AboutConnection::Secret { question, shows } => return secret(out, *question, *shows),
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
        AboutConnection::UsernameOfHouse => "That username is for operators. Choose another.",
        AboutConnection::UsernameTaken => "That username is taken.",
        AboutConnection::UsernameInvalid(why) => {
            return line(out, &[&refusal::no_name("A username", *why)]);
        }
        AboutConnection::Goodbye => "Goodbye!",
        AboutConnection::TooManyAttempts => "Too many attempts. Goodbye!",
        AboutConnection::LoginTimedOut => "Login timed out. Goodbye!",
        AboutConnection::IdleTimedOut => "You have been silent for too long. Goodbye!",
        AboutConnection::WelcomeBack { .. } => return welcome_back(out, about, format),
        AboutConnection::PasswordNeeded(name) => return line(out, &[&account::needed(name)]),
        AboutConnection::WrongPassword { left } => return line(out, &[&account::wrong(*left)]),
        AboutConnection::PasswordsTooOften { seconds } => {
            return line(out, &[&account::too_often(*seconds)]);
        }
        AboutConnection::PasswordUnanswered(why) => account::unanswered(*why),
        AboutConnection::ForMembers => {
            "This server is for members. Give the name of your account, or ask an operator for one."
        }
        AboutConnection::PasswordChanged => {
            "Your password was changed. Come in again with the new one. Goodbye!"
        }
        AboutConnection::AccountRemoved => "Your account was removed. Goodbye!",
        AboutConnection::Replaced => "You came in from elsewhere. Goodbye!",
        AboutConnection::SentAway(why) => return line(out, &["-- ", why, " --"]),
        AboutConnection::Kicked { .. }
        | AboutConnection::Banned { .. }
        | AboutConnection::LockedDown(_) => {
            return line(out, &[&order::kept_out(about, format)]);
        }
        AboutConnection::NoProxyHeader(fault) => no_proxy_header(*fault),
        AboutConnection::ServerFull => "Server is full. Try again later.",
        AboutConnection::TooManyFromAddress => {
            "Too many connections from your address. Close one and try again."
        }
        AboutConnection::TlsOnly => {
            line(out, &["This server speaks TLS only."]);
            "Connect with: openssl s_client -quiet -connect HOST:PORT"
        }
        AboutConnection::SeatGone => "Your seat is not kept any more. Log in again.",
        AboutConnection::ShuttingDown => "Server is shutting down. Goodbye!",
    };
    line(out, &[words]);
}

fn no_proxy_header(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::Missing => "From your address a PROXY header must come first. Goodbye!",
        ProxyFault::Late => {
            "From your address a PROXY header must come first, and none came in time. Goodbye!"
        }
        ProxyFault::Broken => "The PROXY header from your address is not valid. Goodbye!",
    }
}

fn welcome_back(out: &mut BytesMut, about: &AboutConnection, format: Format) {
    let AboutConnection::WelcomeBack {
        name,
        last,
        wrong,
        wrong_from,
    } = about
    else {
        return;
    };
    let last = last.map(|at| Civil::at(at.div_euclid(1000), format.offset));
    match last {
        Some(last) => {
            let words = format!(
                "Welcome back, {name}! You were last here on {last} ({}).",
                format.offset
            );
            line(out, &[&words]);
        }
        None => line(out, &[&format!("Welcome, {name}!")]),
    }
    if *wrong > 0 {
        let passwords = match wrong {
            1 => "1 wrong password".into(),
            count => format!("{count} wrong passwords"),
        };
        let from = wrong_from.map(|it| format!(", last from {it}"));
        let from = from.unwrap_or_default();
        line(out, &[&format!("{passwords} since then{from}.")]);
    }
    line(out, &["Type /help for the list of commands."]);
}

/// A question for a password. At the door it is a prompt; in the chat it is a line.
fn secret(out: &mut BytesMut, question: SecretQuestion, shows: bool) {
    let words = account::question(question);
    let warning = if shows { " (it shows as you type)" } else { "" };
    match question {
        SecretQuestion::Login => out.put_slice([words, warning, ": "].concat().as_bytes()),
        SecretQuestion::Present | SecretQuestion::New | SecretQuestion::Again => {
            line(out, &[words, warning, ":"]);
        }
    }
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
