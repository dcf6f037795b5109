//! Answers as objects: `answer` with what people would read and the same as data, or `refused` with a code.

use bytes::BytesMut;

use crate::message::{
    AboutAccount, AboutAway, AboutChat, AboutHearing, AboutIgnoring, AboutInput, AboutKeeping,
    AboutOrder, AboutOwning, AboutPast, AboutPeople, AboutReading, AboutRooms, Answer, Message,
    Retype, RoomRow, Whois,
};
use crate::moment::Format;
use crate::name::RoomName;
use crate::wire::render as render_text;

use super::Context;
use super::program::{people, person, texts};
use super::writer::Writer;

/// How a program reads an answer.
enum Kind {
    Answer,
    /// With this code.
    Refused(&'static str),
    /// Nothing that it asked for.
    Notice,
    /// Not at all.
    Silent,
}

pub(super) fn render(answer: &Answer, context: &Context<'_>, out: &mut BytesMut) {
    let lines = sentences(&Message::Answer(answer.clone()));
    match kind(answer, context) {
        Kind::Silent => {}
        Kind::Refused(code) => refuse(code, &lines.join(" "), context, out),
        Kind::Answer if context.request.is_some() => {
            let mut it = context.begin("answer", out);
            let word = context.command().map(|it| it.trim_start_matches('/'));
            it.text_or_null("to", word);
            texts("text", lines.iter().map(String::as_str), &mut it);
            data(answer, &mut it);
            it.end();
        }
        Kind::Notice | Kind::Answer => {
            let mut it = Writer::event(out, "notice");
            it.text("text", &lines.join(" "));
            it.end();
        }
    }
}

/// Appends a refusal.
pub(super) fn refuse(code: &str, text: &str, context: &Context<'_>, out: &mut BytesMut) {
    let mut it = context.begin("refused", out);
    it.text("code", code);
    it.text("text", text);
    it.end();
}

/// The lines that a person would read.
pub(super) fn sentences(message: &Message) -> Vec<String> {
    let mut lines = BytesMut::new();
    render_text(message, 0, Format::PLAIN, &mut lines);
    let lines = String::from_utf8_lossy(&lines);
    lines.lines().map(String::from).collect()
}

fn kind(answer: &Answer, context: &Context<'_>) -> Kind {
    match answer {
        Answer::Input(about) => of_input(about),
        Answer::Chat(_) => Kind::Answer,
        Answer::Rooms(about) => of_rooms(about),
        Answer::Hearing(about) => of_hearing(about),
        Answer::People(about) => of_people(about),
        Answer::Away(about) => of_away(about),
        Answer::Ignoring(about) => of_ignoring(about),
        Answer::Reading(about) => of_reading(about, context),
        Answer::Past(about) => of_past(about),
        Answer::Account(about) => of_account(about),
        Answer::Order(about) => of_order(about),
        Answer::Owning(about) => of_owning(about),
    }
}

fn of_input(about: &AboutInput) -> Kind {
    match about {
        AboutInput::UnknownCommand(_) => Kind::Refused("unknown-command"),
        AboutInput::Usage(_) => Kind::Refused("usage"),
        AboutInput::TooLong { .. } | AboutInput::QuitTooLong => Kind::Refused("too-long"),
        AboutInput::TooFast { .. } => Kind::Notice,
        AboutInput::Unanswered(_) => Kind::Refused("busy"),
        AboutInput::HowToQuit | AboutInput::HowToGoBack | AboutInput::StillHere(_) => Kind::Answer,
    }
}

fn of_rooms(about: &AboutRooms) -> Kind {
    match about {
        AboutRooms::Rooms { .. }
        | AboutRooms::InRoom(_)
        | AboutRooms::InRoomAlready(_)
        | AboutRooms::Topic { .. }
        | AboutRooms::Who { .. } => Kind::Answer,
        AboutRooms::RoomInvalid(_)
        | AboutRooms::RoomLooksLike { .. }
        | AboutRooms::NoSuchRoom { .. } => Kind::Refused("no-room"),
        AboutRooms::TooManyRooms | AboutRooms::TooManyRoomsMade => Kind::Refused("not-allowed"),
        AboutRooms::TopicTooLong => Kind::Refused("too-long"),
    }
}

fn of_hearing(about: &AboutHearing) -> Kind {
    match about {
        AboutHearing::Too(_)
        | AboutHearing::Already(_)
        | AboutHearing::NoMore(_)
        | AboutHearing::NoOther => Kind::Answer,
        AboutHearing::NotHeard(_) | AboutHearing::NotSent(_) => Kind::Refused("no-room"),
        AboutHearing::OnlySaid => Kind::Refused("usage"),
        AboutHearing::Current(_) | AboutHearing::TooMany => Kind::Refused("not-allowed"),
    }
}

fn of_people(about: &AboutPeople) -> Kind {
    match about {
        AboutPeople::Whois(_) | AboutPeople::NamedSoAlready => Kind::Answer,
        AboutPeople::Nobody { .. }
        | AboutPeople::NothingToReplyTo
        | AboutPeople::Gone(_)
        | AboutPeople::JustLeft => Kind::Refused("nobody"),
        AboutPeople::Yourself | AboutPeople::NotTaken(_) => Kind::Refused("not-allowed"),
        AboutPeople::TooManyWait(_) => Kind::Refused("busy"),
        AboutPeople::LinkLost(_) | AboutPeople::NotRead(..) => Kind::Notice,
    }
}

fn of_away(about: &AboutAway) -> Kind {
    match about {
        AboutAway::Away(..) | AboutAway::SeveralAway { .. } => Kind::Notice,
        AboutAway::AwaySet | AboutAway::Back { .. } | AboutAway::NotAway => Kind::Answer,
        AboutAway::AwayTooLong => Kind::Refused("too-long"),
    }
}

fn of_ignoring(about: &AboutIgnoring) -> Kind {
    match about {
        AboutIgnoring::Ignored(_)
        | AboutIgnoring::IgnoreSet(_)
        | AboutIgnoring::IgnoreLifted(_) => Kind::Answer,
        AboutIgnoring::TooManyIgnored => Kind::Refused("not-allowed"),
        AboutIgnoring::NotIgnored(_) => Kind::Refused("nobody"),
    }
}

fn of_reading(about: &AboutReading, context: &Context<'_>) -> Kind {
    match about {
        // The lines themselves say that they are past.
        AboutReading::History(_) if context.command() == Some("/history") => Kind::Answer,
        AboutReading::History(_) | AboutReading::End => Kind::Silent,
        AboutReading::TimeSet(_) | AboutReading::QuietSet(_) | AboutReading::NoHistory => {
            Kind::Answer
        }
        AboutReading::NoZone { .. } => Kind::Refused("usage"),
    }
}

fn of_past(about: &AboutPast) -> Kind {
    match about {
        AboutPast::Earlier(_)
        | AboutPast::Found { .. }
        | AboutPast::More
        | AboutPast::FurtherBack
        | AboutPast::NothingMore
        | AboutPast::NothingEarlier
        | AboutPast::Here(_)
        | AboutPast::Seen(_) => Kind::Answer,
        AboutPast::NoQuery(_) => Kind::Refused("usage"),
        AboutPast::TooMuch | AboutPast::NothingKept => Kind::Refused("not-allowed"),
        AboutPast::TooManySearches(_) => Kind::Refused("too-many-attempts"),
        AboutPast::Behind => Kind::Refused("busy"),
    }
}

fn of_account(about: &AboutAccount) -> Kind {
    match about {
        AboutAccount::Registered(_)
        | AboutAccount::PasswordSet
        | AboutAccount::Unregistering { .. }
        | AboutAccount::Unregistered(_)
        | AboutAccount::Left(_)
        | AboutAccount::NothingMissed => Kind::Answer,
        AboutAccount::RoleIs(_)
        | AboutAccount::Waiting(_)
        | AboutAccount::WaitingEnd
        | AboutAccount::Missed { .. } => Kind::Notice,
        AboutAccount::NoAccounts
        | AboutAccount::HasAccount(_)
        | AboutAccount::RegistrationClosed
        | AboutAccount::RegistrationLocked
        | AboutAccount::NeedsName
        | AboutAccount::TooManyWaiting(_) => Kind::Refused("not-allowed"),
        AboutAccount::NameTaken(_) => Kind::Refused("name-taken"),
        AboutAccount::NoMember(_) => Kind::Refused("nobody"),
        AboutAccount::TooManyRegistered { .. } | AboutAccount::TooOften { .. } => {
            Kind::Refused("too-many-attempts")
        }
        AboutAccount::TypedBehind(_)
        | AboutAccount::TakesOp(_)
        | AboutAccount::NoPassword(_)
        | AboutAccount::NotTheSame
        | AboutAccount::LateAnswer => Kind::Refused("usage"),
        AboutAccount::WrongPassword | AboutAccount::NothingChanged { why: None, .. } => {
            Kind::Refused("password")
        }
        AboutAccount::Unanswered(_) => Kind::Refused("busy"),
        AboutAccount::NothingChanged { why: Some(why), .. } => of_account(why),
    }
}

fn of_order(about: &AboutOrder) -> Kind {
    match about {
        AboutOrder::NotAllowed(_)
        | AboutOrder::NotAnOperator(_)
        | AboutOrder::Shared(_)
        | AboutOrder::TypeAgain(_)
        | AboutOrder::Retype(Retype::Erasure { .. })
        | AboutOrder::NameKeptOut(_)
        | AboutOrder::TooMany
        | AboutOrder::NotLockedDown
        | AboutOrder::WasErased
        | AboutOrder::ReportsFull => Kind::Refused("not-allowed"),
        AboutOrder::NoNetwork { .. }
        | AboutOrder::NoTime(_)
        | AboutOrder::Retype(Retype::Time(_) | Retype::List) => Kind::Refused("usage"),
        AboutOrder::TooLong(_) => Kind::Refused("too-long"),
        AboutOrder::NobodyNew | AboutOrder::NoSuch(..) => Kind::Refused("nobody"),
        AboutOrder::TooManyReports(_) => Kind::Refused("too-many-attempts"),
        AboutOrder::Muted(_) => Kind::Refused("muted"),
        AboutOrder::Kicked(..)
        | AboutOrder::Made(..)
        | AboutOrder::Lifted(_)
        | AboutOrder::Erased { .. }
        | AboutOrder::LockedDown(_)
        | AboutOrder::Announced(_)
        | AboutOrder::Sent(_)
        | AboutOrder::Sanctions { .. }
        | AboutOrder::People { .. }
        | AboutOrder::Audited(_) => Kind::Answer,
        AboutOrder::Opened(by) => match by {
            Some(_) => Kind::Notice,
            None => Kind::Answer,
        },
        AboutOrder::StillLockedDown { .. }
        | AboutOrder::NotOnDisk
        | AboutOrder::Silenced(_)
        | AboutOrder::Heard
        | AboutOrder::Reported(_) => Kind::Notice,
    }
}

fn of_owning(about: &AboutOwning) -> Kind {
    match about {
        AboutOwning::Keeping(about) => of_keeping(about),
        AboutOwning::ForInvited
        | AboutOwning::Lobby
        | AboutOwning::NothingOffered
        | AboutOwning::TooManyOwned
        | AboutOwning::NotYet { .. }
        | AboutOwning::Moved(_)
        | AboutOwning::MovedAlone(_)
        | AboutOwning::MovedTopic(_)
        | AboutOwning::TopicIsLocked(_)
        | AboutOwning::TooSoon { .. } => Kind::Refused("not-allowed"),
        AboutOwning::NotAMember(_) => Kind::Refused("nobody"),
        AboutOwning::NobodysRoom(_)
        | AboutOwning::YouAreInvited { .. }
        | AboutOwning::WereInvited { .. }
        | AboutOwning::YouAreTrusted { .. }
        | AboutOwning::YouAreOffered { .. }
        | AboutOwning::DeclinedBy { .. }
        | AboutOwning::YouAreSentOut { .. } => Kind::Notice,
        AboutOwning::Yours(_) | AboutOwning::Declined(_) => Kind::Answer,
    }
}

fn of_keeping(about: &AboutKeeping) -> Kind {
    match about {
        AboutKeeping::TooManyInvited(_)
        | AboutKeeping::MayNotBeSentOut(_)
        | AboutKeeping::HasOwner(_)
        | AboutKeeping::OwnAlready(_) => Kind::Refused("not-allowed"),
        AboutKeeping::NotInRoom { .. } => Kind::Refused("nobody"),
        AboutKeeping::NoSeconds => Kind::Refused("usage"),
        AboutKeeping::Locked { .. }
        | AboutKeeping::TopicLocked { .. }
        | AboutKeeping::Past { .. }
        | AboutKeeping::Slowed { .. }
        | AboutKeeping::Trusted { .. }
        | AboutKeeping::Invited { .. }
        | AboutKeeping::SentOut { .. }
        | AboutKeeping::WhoIsInvited { .. }
        | AboutKeeping::WhoIsTrusted { .. }
        | AboutKeeping::Pause { .. }
        | AboutKeeping::Kept { .. }
        | AboutKeeping::Offered { .. } => Kind::Answer,
    }
}

/// What an answer is about, as data.
fn data(answer: &Answer, it: &mut Writer<'_>) {
    match answer {
        Answer::Chat(AboutChat::UsersOnline(count))
        | Answer::Reading(AboutReading::History(count))
        | Answer::Away(AboutAway::Back { shown: count, .. }) => it.number("count", *count as u64),
        Answer::Rooms(AboutRooms::Rooms { rows, more }) => {
            it.array("rooms", rows, room);
            if *more > 0 {
                it.number("more", *more as u64);
            }
        }
        Answer::Rooms(AboutRooms::Topic { room, topic }) => {
            it.text("room", room.name());
            it.text_or_null("topic", topic.as_deref());
        }
        Answer::Rooms(AboutRooms::Who {
            room,
            people: listed,
            more,
        }) => {
            it.text("room", room.name());
            people(listed, *more, it);
        }
        Answer::People(AboutPeople::Whois(whois)) => {
            it.value("person", |out| person(out, &whois.presence));
            about(whois, it);
        }
        Answer::Past(AboutPast::Seen(Some(seen))) => {
            it.text("name", seen.name.as_str());
            it.time("at", seen.at);
        }
        Answer::Chat(AboutChat::Help { .. })
        | Answer::Rooms(_)
        | Answer::People(_)
        | Answer::Away(_)
        | Answer::Reading(_)
        | Answer::Input(_)
        | Answer::Hearing(_)
        | Answer::Ignoring(_)
        | Answer::Past(_)
        | Answer::Account(_)
        | Answer::Order(_)
        | Answer::Owning(_) => {}
    }
}

fn room(out: &mut BytesMut, row: &RoomRow) {
    let mut it = Writer::new(out);
    it.text("room", row.name.name());
    it.text_or_null("topic", row.topic.as_deref());
    it.number("count", row.people as u64);
    it.flag("here", row.here.is_some());
    it.end();
}

fn about(whois: &Whois, it: &mut Writer<'_>) {
    it.text_or_null("room", whois.room.as_ref().map(RoomName::name));
    it.time("since", whois.since.saturating_mul(1000));
    it.number("idle", whois.presence.idle.into());
    it.text_or_null("away", whois.away.as_deref());
}
