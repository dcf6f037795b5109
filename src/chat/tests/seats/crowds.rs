//! Seats of people who are sent away with many others, and take them again before it is their turn.

use super::*;
use crate::account::{AccountId, Role};
use crate::chat::tests::accounts::with_members_by;
use crate::error::Unanswered;
use crate::limits::order::SENT_AWAY_AT_ONCE;

/// A program at an address of its own.
fn program_at(chat: &mut Chat, slot: u32, ip: &str) -> PeerId {
    let format = Format {
        medium: Medium::Json,
        ..Format::default()
    };
    chat.connect_from(slot, SocketAddr::new(ip.parse().unwrap(), 5000), format)
}

/// An operator, and more guests in one network than are sent away at once.
fn crowd() -> (Chat, PeerId) {
    let mut chat = with_members_by(rules(), &[("Olga", Role::Operator), ("bob", Role::Member)]);
    let olga = chat.comes_in(0, "Olga");
    for it in 0..=SENT_AWAY_AT_ONCE as u32 {
        chat.guest_at(2 + it, &format!("198.51.100.{it}"), &format!("guest-{it}"));
    }
    (chat, olga)
}

fn ban(chat: &mut Chat, olga: PeerId) {
    let line = "/ban 198.51.100.0/24 all forever raid";
    chat.types(olga, line);
    chat.screen(olga);
    chat.orders(olga, line);
}

/// Lets what is due be done.
fn pass(chat: &mut Chat) {
    while chat.alone.next_timeout() == Some(chat.now.instant) {
        chat.wait(Duration::ZERO);
    }
}

#[test]
fn nobody_takes_a_seat_again_from_elsewhere_who_is_sent_away_with_a_crowd() {
    let (mut chat, olga) = crowd();
    let bot = program_at(&mut chat, 500, "198.51.100.250");
    let (name, password, position) = ("bot".into(), None, None);
    let login = Op::Login {
        name,
        password,
        position,
    };
    chat.object(bot, None, login);
    let token = token_of(&chat.welcome(bot).expect("a welcome"));
    chat.event(bot, BROKEN);
    ban(&mut chat, olga);
    // The network is banned, and this is another one.
    let again = program_at(&mut chat, 501, "203.0.113.1");
    let (resume, position) = (Secret::new(&token), None);
    let resume = Op::Resume {
        token: resume,
        position,
    };
    chat.object(again, None, resume);
    let told = chat.reads(again);
    assert!(told.contains(&gone()), "{told:?}");
    pass(&mut chat);
    assert_eq!(chat.online(), ["Olga"]);
    assert_eq!(chat.alone.online(), 1);
    // They may come in anew, and are heard.
    let login = Op::Login {
        name: "bot".into(),
        password: None,
        position: None,
    };
    chat.object(again, None, login);
    chat.reads(olga);
    chat.says(again, "1", "here");
    assert_eq!(chat.reads(olga), [said("bot", "here")]);
}

#[test]
fn a_member_who_is_sent_away_with_a_crowd_comes_in_again_once_they_have_gone() {
    for is_lost in [false, true] {
        let (mut chat, olga) = crowd();
        let bob = chat.stranger_at(500, "198.51.100.250");
        chat.comes_in_as(bob, "bob", AccountId(2));
        if is_lost {
            chat.event(bob, BROKEN);
        }
        ban(&mut chat, olga);
        let again = chat.stranger_at(501, "203.0.113.1");
        chat.comes_in_as(again, "bob", AccountId(2));
        let busy = AboutConnection::PasswordUnanswered(Unanswered::Busy);
        let told = chat.reads(again);
        assert!(told.contains(&busy.into()), "{told:?}");
        pass(&mut chat);
        assert_eq!(chat.alone.online(), 1);
        chat.comes_in_as(again, "bob", AccountId(2));
        chat.reads(olga);
        chat.types(again, "here");
        assert_eq!(chat.reads(olga), [said("bob", "here")]);
    }
}
