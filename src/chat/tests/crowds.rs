//! Sending a crowd away: in slices, and nobody of it reads that the others go.

use super::order::with_operator;
use super::*;
use crate::account::Role;
use crate::limits::order::SENT_AWAY_AT_ONCE;

/// More than are sent away in two slices.
const CROWD: u32 = 2 * SENT_AWAY_AT_ONCE as u32 + 44;

/// An operator, a member who stays, and a crowd in the lobby.
fn crowd() -> (Chat, PeerId, PeerId, Vec<PeerId>) {
    let (mut chat, olga) = with_operator();
    let ann = chat.member(1, "ann", Role::Member);
    let guest = |it: u32| {
        let [_, _, a, b] = it.to_be_bytes();
        chat.guest_at(2 + it, &format!("198.51.{a}.{b}"), &format!("guest-{it}"))
    };
    let guests: Vec<PeerId> = (0..CROWD).map(guest).collect();
    guests.iter().for_each(|it| drop(chat.reads(*it)));
    (chat, olga, ann, guests)
}

/// Lets what is due be done. Returns after how many slices, and how many people went in the biggest of them.
fn pass(chat: &mut Chat) -> (usize, usize) {
    let (mut slices, mut biggest) = (0, 0);
    while chat
        .alone
        .next_timeout()
        .is_some_and(|it| it <= chat.now.instant)
    {
        let before = chat.online().len();
        chat.wait(Duration::ZERO);
        biggest = biggest.max(before - chat.online().len());
        slices += 1;
    }
    (slices, biggest)
}

#[test]
fn a_crowd_that_is_banned_goes_in_slices_and_is_not_heard_meanwhile() {
    let (mut chat, olga, ann, guests) = crowd();
    chat.types(olga, "/ban 198.51.0.0/16 forever raid");
    chat.screen(ann);
    chat.orders(olga, "/ban 198.51.0.0/16 forever raid");
    assert_eq!(chat.online().len(), CROWD as usize + 2);
    chat.types(ann, "what is going on?");
    chat.types(guests[7], "not heard");
    chat.types(guests[8], "/nick nothear");
    let newcomer = chat.stranger_at(1000, "198.51.0.200");
    chat.types(newcomer, "late");
    assert!(!chat.is_here("late"));
    let (slices, biggest) = pass(&mut chat);
    assert_eq!((slices, biggest), (7, SENT_AWAY_AT_ONCE));
    // Nobody of them read that another one went. What was said before their turn came, they did.
    for it in &guests {
        let screen = chat.screen(*it);
        let banned = "You are banned for ever: raid. Goodbye!".to_string();
        assert_eq!(screen, ["ann: what is going on?".into(), banned]);
    }
    let screen = chat.screen(ann);
    assert_eq!(screen.len(), CROWD as usize);
    assert!(
        screen
            .iter()
            .all(|it| it.ends_with(" was banned by Olga: raid"))
    );
    chat.types(olga, "/quit");
    assert!(chat.alone.hub.order.remembers_nobody());
}

#[test]
fn a_crowd_that_is_kicked_goes_in_slices_and_its_author_is_told_once() {
    let (mut chat, olga, ann, guests) = crowd();
    chat.types(olga, "/kick new 10m");
    chat.screen(olga);
    chat.screen(ann);
    chat.orders(olga, "/kick new 10m");
    // One of them goes before.
    chat.types(guests[3], "/quit");
    assert_eq!(chat.screen(guests[3]), ["Goodbye!"]);
    let (slices, biggest) = pass(&mut chat);
    assert_eq!((slices, biggest), (10, SENT_AWAY_AT_ONCE));
    while let Some((peer, _)) = chat.asked.pop() {
        chat.event(peer, Event::Answered(Ok(&Finding::Kept)));
    }
    let rest: Vec<PeerId> = guests
        .iter()
        .filter(|it| **it != guests[3])
        .copied()
        .collect();
    for it in rest {
        let screen = chat.screen(it);
        let last = screen.last().map(String::as_str);
        assert_eq!(
            last,
            Some("You were kicked by Olga. Come back in 60 s. Goodbye!")
        );
        assert!(screen.len() <= 2, "{screen:?}");
    }
    let told: Vec<String> = chat
        .screen(olga)
        .into_iter()
        .filter(|it| it.contains("for a minute"))
        .collect();
    assert_eq!(
        told,
        [format!("{} people are out for a minute.", CROWD - 1)]
    );
    assert_eq!(chat.online(), ["Olga", "ann"]);
}

#[test]
fn an_operator_who_leaves_kicks_nobody_any_more() {
    let (mut chat, olga, _, guests) = crowd();
    chat.types(olga, "/kick new 10m");
    chat.orders(olga, "/kick new 10m");
    chat.types(olga, "/quit");
    assert_eq!(pass(&mut chat), (1, 0));
    assert_eq!(chat.online().len(), guests.len() + 1);
}
