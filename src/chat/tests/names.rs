//! Whom a name means, and the cost of looking a name up.

use super::Chat;
use crate::limits::IGNORED;
use crate::message::{AboutConnection, AboutPeople, AboutRooms, Message, News};
use crate::name::{RoomName, Username};
use crate::tally;

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

#[test]
fn a_look_keeps_a_name_and_addresses_nobody() {
    let mut chat = Chat::new();
    let [ann, nell] = [(0, "Ann"), (1, "Nell")].map(|(slot, name)| chat.login(slot, name));
    chat.reads(ann);
    chat.types(ann, "/msg Neil the code is 1234");
    let nobody = |typed: &str, meant: Option<&str>| {
        let (typed, meant) = (typed.into(), meant.map(name));
        Message::Answer(AboutPeople::Nobody { typed, meant }.into())
    };
    assert_eq!(chat.reads(ann), [nobody("Neil", Some("Nell"))]);
    assert_eq!(chat.reads(nell), []);
    for command in ["/whois", "/ignore"] {
        chat.types(ann, &format!("{command} Nelly"));
        assert_eq!(chat.reads(ann), [nobody("Nelly", Some("Nell"))]);
    }
    // No hint tells people that they mean themselves, and a text far from every name is near to none.
    for typed in ["Anna", "An", "nobody"] {
        chat.types(ann, &format!("/whois {typed}"));
        assert_eq!(chat.reads(ann), [nobody(typed, None)], "{typed}");
    }
}

#[cfg(feature = "unicode-names")]
#[test]
fn what_looks_like_a_name_is_taken_until_its_owner_goes() {
    let mut chat = Chat::new();
    let bill = chat.login(0, "Bill");
    let other = chat.connect(1);
    for typed in ["BiIl", "\u{412}ill", "bill", "ＢILL"] {
        chat.reads(other);
        chat.types(other, typed);
        let refused = [
            AboutConnection::UsernameTaken,
            AboutConnection::UsernamePrompt,
        ]
        .map(Message::from);
        assert_eq!(chat.reads(other), refused, "{typed}");
    }
    // People may spell their own name anew. If they take another name, the old one is free again.
    chat.types(bill, "/nick BiIl");
    let renamed = |from, to| {
        let (from, to) = (name(from), name(to));
        Message::News(News::Renamed { from, to })
    };
    assert_eq!(chat.reads(bill).last(), Some(&renamed("Bill", "BiIl")));
    chat.types(bill, "/nick Rob");
    chat.types(other, "BILL");
    assert!(chat.reads(other).contains(&AboutConnection::Welcome.into()));
    chat.types(bill, "/nick B1LL");
    assert_eq!(
        chat.reads(bill).last(),
        Some(&AboutConnection::UsernameTaken.into())
    );
}

#[test]
fn names_of_plain_letters_do_not_take_each_other() {
    let mut chat = Chat::new();
    let names = [
        "Ian", "Lan", "Eli", "Ell", "Tom", "Torn", "barn", "bam", "modern", "modem",
    ];
    for (slot, name) in (0..).zip(names) {
        chat.login(slot, name);
    }
    assert_eq!(chat.alone.online(), names.len());
}

#[cfg(feature = "unicode-names")]
#[test]
fn a_room_that_looks_like_another_is_not_made() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "Ann");
    chat.reads(ann);
    let room = |text| RoomName::parse(text).unwrap();
    chat.types(ann, "/join #Iobby");
    let refusal = AboutRooms::RoomLooksLike {
        typed: room("#Iobby"),
        room: room("#lobby"),
    };
    assert_eq!(chat.reads(ann), [Message::Answer(refusal.into())]);
    chat.types(ann, "/who Iobby");
    let unknown = AboutRooms::NoSuchRoom {
        name: room("Iobby"),
        meant: Some(room("lobby")),
    };
    assert_eq!(chat.reads(ann), [Message::Answer(unknown.into())]);
    assert_eq!(chat.alone.hub.rooms.iter().count(), 1);
}

#[test]
fn nothing_that_is_typed_folds_a_name_for_each_person() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "Ann");
    for slot in 1..=IGNORED as u32 {
        let text = format!("Ünlü-{slot}-{}", "ü".repeat(20));
        chat.login(slot, &text);
        chat.types(ann, &format!("/ignore {text}"));
    }
    let zoe = chat.login(200, "Zoe");
    let mut folds_of = |peer, line: &str| {
        let before = tally::done().folds;
        chat.types(peer, line);
        chat.reads(peer);
        tally::done().folds - before
    };
    for _ in 0..20 {
        assert_eq!(folds_of(zoe, "hello, everyone"), 0);
    }
    for line in ["/history", "/who", "/ignore", "/users", "hello"] {
        assert_eq!(folds_of(ann, line), 0, "{line}");
    }
    // Five forms of the typed text, and one of the person it may mean.
    assert!(folds_of(ann, "/msg Zoé hello") <= 10);
    assert!(folds_of(ann, "/nick Annie") <= 10);
}
