//! Seats of members, who come back by their password over any connection.

use super::*;
use crate::account::Role;
use crate::chat::tests::accounts::with_members_by;

fn left(who: &str, word: Option<&str>) -> Message {
    let (who, word) = (name(who), word.map(Arc::from));
    News::Left { who, word }.into()
}

#[test]
fn a_member_comes_back_by_the_password_and_reads_what_was_missed() {
    let mut chat = with_members_by(rules(), &[("bob", Role::Member)]);
    let ann = chat.login(0, "ann");
    let bob = chat.comes_in(1, "bob");
    chat.types(bob, "/time on");
    chat.types(bob, "/listen tea");
    chat.types(ann, "/join tea");
    chat.reads(ann);
    for reason in [
        CloseReason::Broken(ErrorKind::TimedOut),
        CloseReason::TlsFailed,
        CloseReason::Stalled,
    ] {
        let bob = chat.readers.online()[1].0;
        chat.reads(bob);
        chat.event(bob, Event::Disconnected(reason));
        chat.types(ann, "one");
        chat.types(ann, "/msg bob two");
        chat.wait(KEEP);
        let (_, shown) = chat.comes_in_reading(2, "bob");
        assert_eq!(chat.online(), ["ann", "bob"]);
        let parts = shown.split_once("-- 2 messages you missed");
        let (before, missed) = parts.expect(&shown);
        assert!(before.contains("You hear #tea too"), "{before}");
        assert!(missed.contains("#tea ann: one\n"), "{missed}");
        assert!(missed.contains("ann (private): two\n"), "{missed}");
        let told = chat.reads(ann);
        let news = told.iter().filter(|it| matches!(it, Message::News(_)));
        assert_eq!(news.count(), 1, "{told:?}");
    }
    let bob = chat.readers.online()[1].0;
    chat.event(bob, Event::Disconnected(CloseReason::EndOfInput));
    assert_eq!(chat.reads(ann), [left("bob", None)]);
}

#[test]
fn a_member_who_does_not_come_back_leaves_later_than_a_guest() {
    let mut chat = with_members_by(rules(), &[("bob", Role::Member)]);
    let ann = chat.login(0, "ann");
    let bob = chat.comes_in(1, "bob");
    let (bot, _) = chat.program(2, "bot");
    chat.event(bob, BROKEN);
    chat.event(bot, BROKEN);
    chat.reads(ann);
    chat.wait(KEEP);
    assert_eq!(chat.reads(ann), [left("bot", Some("link lost"))]);
    chat.wait(8 * KEEP);
    assert_eq!(chat.reads(ann), []);
    chat.wait(KEEP);
    assert_eq!(chat.reads(ann), [left("bob", Some("link lost"))]);
}

#[test]
fn a_kick_and_a_ban_end_a_seat_that_is_kept() {
    let mut chat = with_members_by(rules(), &[("Olga", Role::Operator), ("bob", Role::Member)]);
    let olga = chat.comes_in(0, "Olga");
    for (line, is_banned) in [("/kick bob", false), ("/ban bob", true)] {
        let bob = chat.comes_in(1, "bob");
        chat.event(bob, BROKEN);
        chat.reads(olga);
        chat.types(olga, line);
        let away = chat.reads(olga).into_iter().find_map(|it| match it {
            Message::News(News::SentAway { who, is_banned, .. }) => Some((who, is_banned)),
            _ => None,
        });
        assert_eq!(away, Some((name("bob"), is_banned)));
        assert_eq!(chat.online(), ["Olga"]);
        assert_eq!(chat.alone.online(), 1);
        chat.asked.clear();
        chat.wait(2 * KEEP);
    }
    let (bot, token) = chat.program(3, "bot");
    chat.event(bot, BROKEN);
    chat.types(olga, "/kick bot");
    let bot = chat.resumes(4, &token, None);
    chat.owner(bot, &token, Ok(Finding::Wrong));
    assert!(chat.reads(bot).contains(&gone()));
}
