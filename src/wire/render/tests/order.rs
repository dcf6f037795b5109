//! Every message about order, with the words that people read.

use std::sync::Arc;

use crate::account::{AccountId, Rank};
use crate::message::{
    AboutConnection, AboutOrder, Answer, Audit, Message, News, PersonRow, Report, Retype, Silence,
    Why,
};
use crate::moment::Medium;
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

/// 2026-11-25 12:00 UTC.
const NOON: i64 = 1_795_608_000_000;

fn bob() -> Username {
    Username::parse("Bob").unwrap()
}

fn tea() -> RoomName {
    RoomName::parse("tea").unwrap()
}

fn spam() -> Option<Arc<str>> {
    Some("spam".into())
}

fn sanction(kind: SanctionKind, target: Target) -> Sanction {
    Sanction {
        id: 7,
        kind,
        target,
        name: Some(bob()),
        room: None,
        is_for_all: false,
        by: "Ann".into(),
        reason: spam(),
        at: 0,
        until: Some(NOON),
    }
}

/// A ban of a network, a ban of a name, and a mute of an account.
fn several() -> Vec<Arc<Sanction>> {
    let network = Target::Network("192.0.2.0/24".parse().unwrap());
    let net = Sanction {
        name: None,
        is_for_all: true,
        until: None,
        reason: None,
        ..sanction(SanctionKind::Ban, network)
    };
    let name = sanction(SanctionKind::Ban, Target::Name(bob()));
    let mute = Sanction {
        room: Some(tea()),
        ..sanction(SanctionKind::Mute, Target::Account(AccountId(1)))
    };
    [net, name, mute].map(Arc::new).into()
}

fn silence(room: Option<RoomName>, why: Why) -> Silence {
    let until = Some(NOON);
    Silence { until, room, why }
}

/// What is told of people who are sent away, and to them.
#[rustfmt::skip]
pub(super) fn sent_away() -> Vec<(Message, &'static str)> {
    use AboutConnection as It;
    let away = |is_banned, reason| News::SentAway { who: bob(), by: "Ann".into(), is_banned, reason };
    let news = [
        (away(false, spam()), "Bob was kicked by Ann: spam"),
        (away(true, None), "Bob was banned by Ann."),
    ];
    let news = news.map(|(it, words)| (Message::from(it), words));
    let kicked = |reason| It::Kicked { by: "Ann".into(), reason, seconds: 60 };
    let told = [
        (kicked(spam()), "You were kicked by Ann: spam. Come back in 60 s. Goodbye!"),
        (kicked(None), "You were kicked by Ann. Come back in 60 s. Goodbye!"),
        (
            It::Banned { until: Some(NOON), reason: spam() },
            "You are banned until 2026-11-25 12:00 (UTC): spam. Goodbye!",
        ),
        (It::Banned { until: None, reason: None }, "You are banned for ever. Goodbye!"),
        (
            It::LockedDown(NOON),
            "This server is for members at the moment until 2026-11-25 12:00 (UTC). \
            Type the name of your account, or come back then.",
        ),
    ];
    let told = told.map(|(it, words)| (Message::from(it), words));
    news.into_iter().chain(told).collect()
}

/// Answers about order.
#[rustfmt::skip]
pub(super) fn about_order() -> Vec<(Message, &'static str)> {
    let all = [refusals(), done(), lists()].concat();
    all.into_iter().map(|(it, words)| (Message::Answer(Answer::Order(it)), words)).collect()
}

#[rustfmt::skip]
fn refusals() -> Vec<(AboutOrder, &'static str)> {
    use AboutOrder as It;
    vec![
        (It::NotAllowed(Rank::Operator), "Only operators may do that."),
        (It::NotAllowed(Rank::Trusted), "Only the owner of this room, and those who keep order in it, may do that."),
        (It::NotAllowed(Rank::Member), "That is for members. Type /register to have your name as your own."),
        (It::NotAnOperator(bob()), "Bob is an operator, and operators do not do that to each other."),
        (
            It::NoNetwork { typed: "10.0.0.1/8".into(), meant: "10.0.0.0/8".parse().ok() },
            "10.0.0.1/8 is not a network. Did you mean 10.0.0.0/8?",
        ),
        (
            It::NoNetwork { typed: "10/8".into(), meant: None },
            "10/8 is not a network. Type it as 192.0.2.0/24 or 2001:db8::/32.",
        ),
        (
            It::Shared("127.0.0.1".parse().unwrap()),
            "Many people share addresses of 127.0.0.1/32. Type a name instead.",
        ),
        (It::NoTime("10x".into()), "10x is not a time. Type it as 30m, 12h, 7d or forever."),
        (It::Retype(Retype::Time("forever".into())), "forever is no time for that. Type 30m, 12h or the like, up to 7d."),
        (
            It::Retype(Retype::List),
            "Type /people alone, or /people new 30m for the guests of the last 30 minutes; also 12h or 7d.",
        ),
        (It::TooLong(200), "That has at most 200 characters. Shorten it."),
        (It::TypeAgain(14), "That is 14 people. Type the same line again to do it."),
        (
            It::Retype(Retype::Erasure { count: 12, in_file: false }),
            "That is 12 messages. Type the same line again to do it.",
        ),
        (
            It::Retype(Retype::Erasure { count: 1, in_file: true }),
            "That is 1 message in memory, and those in the file. Type the same line again to do it.",
        ),
        (It::NameKeptOut(bob()), "A person called Bob was sent away. Choose another name."),
        (It::NobodyNew, "No guest came in that time. Nobody was sent away."),
        (It::TooMany, "There are as many bans and mutes as there may be. Lift some first: /bans lists them."),
        (It::NoSuch(SanctionKind::Ban, "bib".into()), "There is no ban for bib. /bans lists them."),
        (It::NoSuch(SanctionKind::Mute, "bib".into()), "There is no mute for bib. /bans lists them."),
        (It::WasErased, "That was removed. It is not said again."),
        (It::NotLockedDown, "Guests may come in already."),
        (It::TooManyReports(1170), "Too many reports. Try again in 20 min."),
        (It::ReportsFull, "Too many reports wait for an operator. Try again later."),
        (
            It::Muted(silence(None, Why::Reason(spam()))),
            "You are muted until 2026-11-25 12:00 (UTC): spam. Nobody reads that.",
        ),
    ]
}

#[rustfmt::skip]
fn done() -> Vec<(AboutOrder, &'static str)> {
    use AboutOrder as It;
    let [net, name, mute] = <[_; 3]>::try_from(several()).unwrap();
    vec![
        (It::Kicked(bob(), 1), "Bob is out for a minute."),
        (It::Kicked(bob(), 3), "3 people are out for a minute."),
        (It::Made(net.clone(), 14), "192.0.2.0/24 for all is banned for ever. That is 14 people here."),
        (It::Made(name, 1), "Bob (by name) is banned until 2026-11-25 12:00 (UTC). That is 1 person here."),
        (It::Lifted(vec![mute.clone()]), "Bob (by account) is no longer muted."),
        (It::Lifted(vec![net, mute]), "2 bans and mutes are lifted."),
        (
            It::Erased { whose: bob(), room: None, count: 12, topics: 2 },
            "12 messages of Bob are gone. 2 topics are cleared. Nobody reads those in the file any more, and they are being removed from it.",
        ),
        (
            It::Erased { whose: bob(), room: Some(tea()), count: 1, topics: 1 },
            "1 message of Bob in #tea is gone. 1 topic is cleared. Nobody reads those in the file any more, and they are being removed from it.",
        ),
        (
            It::Erased { whose: bob(), room: None, count: 0, topics: 0 },
            "No message of Bob was in memory. Nobody reads those in the file any more, and they are being removed from it.",
        ),
        (
            It::LockedDown(NOON),
            "Nobody but members comes in until 2026-11-25 12:00 (UTC). \
            Guests of the last 10 minutes are silent. /lockdown off ends it.",
        ),
        (It::Opened(None), "The lockdown is over. Guests come in again."),
        (It::Opened(Some(bob())), "Bob has ended the lockdown. Guests come in again."),
        (
            It::StillLockedDown { until: NOON, by: None },
            "Still nobody but members comes in, until 2026-11-25 12:00 (UTC). /lockdown off ends it.",
        ),
        (
            It::StillLockedDown { until: NOON, by: Some(bob()) },
            "Bob lets in nobody but members until 2026-11-25 12:00 (UTC). /lockdown off ends it.",
        ),
        (It::Announced(1), "Only you are here to read it."),
        (It::Announced(14), "14 people read it."),
        (It::Sent(0), "No operator is here. They read it when they come in."),
        (It::Sent(1), "An operator reads it now."),
        (It::Sent(2), "2 operators read it now."),
        (It::NotOnDisk, "It holds, but it is not on the disk yet: after a crash it may be gone."),
        (
            It::Silenced(silence(Some(tea()), Why::Lockdown)),
            "You are muted in #tea until 2026-11-25 12:00 (UTC): guests who have just come in are silent for a while. \
            Nobody reads what you say.",
        ),
        (It::Heard, "You are no longer muted."),
        (
            It::Reported(Report { at: NOON, by: bob(), text: "help".into() }),
            "-- Bob reported on 2026-11-25 12:00 (UTC): help --",
        ),
    ]
}

/// People of one server, and the same of several.
#[rustfmt::skip]
fn people() -> (Vec<PersonRow>, Vec<PersonRow>) {
    let row = |name: &str, role, address: &str, is_tls, medium| PersonRow {
        name: Username::parse(name).unwrap(),
        role,
        address: address.parse().unwrap(),
        is_tls,
        medium,
        since: NOON / 1000,
        server: None,
    };
    let people = vec![
        row("Ann", "operator", "2001:db8::1", true, Some(Medium::WebSocket)),
        row("日本", "guest", "192.0.2.1", false, Some(Medium::Text)),
    ];
    let on = |server: &str, row: &PersonRow| PersonRow { server: Some(server.into()), ..row.clone() };
    let elsewhere = PersonRow { medium: None, ..on("n2", &people[0]) };
    let on_servers = vec![elsewhere, on("n1", &people[1])];
    (people, on_servers)
}

#[rustfmt::skip]
fn lists() -> Vec<(AboutOrder, &'static str)> {
    use AboutOrder as It;
    let (people, on_servers) = people();
    let audit = Audit {
        seq: 7,
        at: NOON,
        by: "Ann".into(),
        act: "mute".into(),
        whom: Some("Bob".into()),
        network: Some("192.0.2.1/32".into()),
        room: Some(tea()),
        reason: spam(),
    };
    let sanctions = |shows_addresses, more| It::Sanctions { rows: several(), more, shows_addresses };
    vec![
        (
            sanctions(true, 3),
            "1. 192.0.2.0/24 for all banned for ever by Ann\r\n\
            2. Bob (by name) banned until 2026-11-25 12:00 (UTC) by Ann: spam\r\n\
            3. Bob (by account) muted in #tea until 2026-11-25 12:00 (UTC) by Ann: spam\r\n\
            and 3 more",
        ),
        (It::Sanctions { rows: Vec::new(), more: 0, shows_addresses: true }, "Nobody is banned or muted."),
        (
            It::Sanctions { rows: several()[..1].to_vec(), more: 0, shows_addresses: false },
            "1. somebody (by address) banned for ever by Ann",
        ),
        (
            It::People { rows: people, more: 0 },
            "-- people who are here, times in UTC --\r\n\
            Ann   operator  2001:db8::1  page, TLS  2026-11-25 12:00\r\n\
            日本  guest     192.0.2.1    text       2026-11-25 12:00",
        ),
        (
            It::People { rows: on_servers, more: 0 },
            "-- people who are here, times in UTC --\r\n\
            Ann   operator  2001:db8::1  TLS   2026-11-25 12:00  on n2\r\n\
            日本  guest     192.0.2.1    text  2026-11-25 12:00  on n1",
        ),
        (It::People { rows: Vec::new(), more: 0 }, "No guest came in that time."),
        (
            It::Audited(vec![audit]),
            "-- what was done, times in UTC --\r\n\
            [2026-11-25 12:00] mute Bob by Ann, address 192.0.2.1/32, in #tea: spam",
        ),
        (It::Audited(Vec::new()), "Nothing was done to anybody yet."),
    ]
}
