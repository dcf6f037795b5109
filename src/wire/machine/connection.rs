//! Messages about a connection, as objects.

use bytes::BytesMut;

use crate::id::Slot;
use crate::limits::COME_AGAIN;
use crate::message::{AboutConnection, Message};

use super::Context;
use super::answer::{refuse, sentences};
use super::writer::Writer;

/// The end of a connection.
struct Goodbye {
    code: &'static str,
    /// Whether coming back makes sense, and if everyone would at once.
    again: Again,
}

#[derive(PartialEq)]
enum Again {
    Never,
    AtOnce,
    Spread,
}

pub(super) fn render(
    about: &AboutConnection,
    reader: Option<Slot>,
    context: &Context<'_>,
    out: &mut BytesMut,
) {
    let goodbye = |code, again| Some(Goodbye { code, again });
    let goodbye = match about {
        // These are for people.
        AboutConnection::UsernamePrompt
        | AboutConnection::LineBreak
        | AboutConnection::Secret { .. }
        | AboutConnection::Welcome
        | AboutConnection::Motd(_) => None,
        AboutConnection::WelcomeBack { .. } => return welcome_back(about, out),
        AboutConnection::UsernameTaken | AboutConnection::UsernameOfHouse => {
            return refused("name-taken", about, context, out);
        }
        AboutConnection::UsernameInvalid(_) => {
            return refused("name-invalid", about, context, out);
        }
        AboutConnection::LockedDown(_) => return refused("members-only", about, context, out),
        AboutConnection::Skipped(count) => {
            let mut it = context.begin("skipped", out);
            it.number("count", *count);
            return it.end();
        }
        AboutConnection::Goodbye => goodbye("quit", Again::Never),
        AboutConnection::TooManyAttempts => goodbye("too-many-attempts", Again::AtOnce),
        AboutConnection::LoginTimedOut => goodbye("login-timeout", Again::AtOnce),
        AboutConnection::IdleTimedOut => goodbye("idle", Again::Never),
        AboutConnection::PasswordNeeded(_) | AboutConnection::WrongPassword { .. } => {
            return refused("password", about, context, out);
        }
        AboutConnection::SeatGone => return refused("resume-gone", about, context, out),
        AboutConnection::PasswordsTooOften { .. } => {
            return refused("too-many-attempts", about, context, out);
        }
        AboutConnection::PasswordUnanswered(_) => return refused("busy", about, context, out),
        AboutConnection::ForMembers => return refused("account-needed", about, context, out),
        AboutConnection::PasswordChanged | AboutConnection::AccountRemoved => {
            goodbye("kicked", Again::Never)
        }
        AboutConnection::Replaced => goodbye("replaced", Again::Never),
        AboutConnection::SentAway(_) | AboutConnection::Kicked { .. } => {
            goodbye("kicked", Again::Never)
        }
        AboutConnection::Banned { .. } => goodbye("banned", Again::Never),
        AboutConnection::WrongProtocol(_)
        | AboutConnection::NoProxyHeader(_)
        | AboutConnection::TlsOnly => goodbye("protocol", Again::Never),
        AboutConnection::ServerFull => goodbye("full", Again::Spread),
        AboutConnection::TooManyFromAddress => goodbye("too-many-from-address", Again::Spread),
        AboutConnection::ShuttingDown => goodbye("shutdown", Again::Spread),
    };
    if let Some(it) = goodbye {
        end(it, about, reader, context, out);
    }
}

fn welcome_back(about: &AboutConnection, out: &mut BytesMut) {
    let lines = sentences(&Message::Connection(about.clone()));
    // The last one is about what people type.
    let about_visit = lines.split_last().map_or(&[][..], |(_, it)| it);
    let mut it = Writer::event(out, "notice");
    it.text("text", &about_visit.join(" "));
    it.end();
}

fn end(
    Goodbye { code, again }: Goodbye,
    about: &AboutConnection,
    reader: Option<Slot>,
    context: &Context<'_>,
    out: &mut BytesMut,
) {
    let slot = reader.map_or(0, Slot::index) as u64;
    let after = match again {
        Again::Never | Again::AtOnce => 0,
        Again::Spread => {
            COME_AGAIN.start() + slot * SPREAD % (COME_AGAIN.end() - COME_AGAIN.start())
        }
    };
    let mut it = context.begin("goodbye", out);
    it.text("code", code);
    it.text("text", &words(about));
    it.flag("again", again != Again::Never);
    it.number("after", after);
    it.end();
}

/// A prime number of milliseconds, so that slots that are near each other get times that are not.
const SPREAD: u64 = 379;

fn refused(code: &str, about: &AboutConnection, context: &Context<'_>, out: &mut BytesMut) {
    refuse(code, &words(about), context, out);
}

fn words(about: &AboutConnection) -> String {
    sentences(&Message::Connection(about.clone())).join(" ")
}
