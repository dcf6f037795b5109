//! Private messages for somebody whose connection is lost, and what others see of that.

use super::*;
use crate::account::Role;
use crate::chat::tests::accounts::with_members_by;
use crate::limits::seats::{PRIVATE_BYTES, PRIVATE_LINES};
use crate::message::KeepAccount;

fn not_read(who: &str, text: &str) -> Message {
    Answer::from(AboutPeople::NotRead(name(who), text.into())).into()
}

#[test]
fn messages_wait_for_a_lost_link_as_many_as_there_is_room_for() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    let since = chat.last();
    chat.event(bot, BROKEN);
    chat.shown(ann);
    for i in 0..PRIVATE_LINES {
        chat.types(ann, &format!("/msg bot {i}"));
        let told = chat.shown(ann);
        assert!(told.starts_with("bot's link is lost; they read it when it is back.\n"));
        assert!(told.contains(&i.to_string()));
    }
    chat.types(ann, "/msg bot more");
    let full = "bot's link is lost, and too many messages wait. Not sent.\n";
    assert_eq!(chat.shown(ann), full);
    let bot = chat.resumes(2, &token, Some(since));
    let told = chat.told_again(bot);
    assert_eq!(told.len(), PRIVATE_LINES + 1);
    assert!(told[0] == "0" && told[PRIVATE_LINES - 1] == (PRIVATE_LINES - 1).to_string());
    chat.types(ann, "/msg bot more");
    assert_eq!(chat.reads(bot).len(), 1);
    chat.shown(ann);

    let (cat, _) = chat.program(3, "cat");
    chat.event(cat, BROKEN);
    let long = "x".repeat(PRIVATE_BYTES / 4);
    for _ in 0..3 {
        chat.types(ann, &format!("/msg cat {long}"));
    }
    chat.shown(ann);
    chat.types(ann, &format!("/msg cat {long}"));
    assert!(chat.shown(ann).ends_with("Not sent.\n"));
}

#[test]
fn of_a_guest_who_does_not_come_back_the_authors_are_told_what_was_not_read() {
    let mut chat = Chat::with(rules());
    let [ann, eve] = [chat.login(0, "ann"), chat.login(1, "eve")];
    let (bot, _) = chat.program(2, "bot");
    chat.types(ann, "/msg bot read");
    chat.event(bot, BROKEN);
    chat.types(ann, "/msg bot one");
    chat.types(eve, "/msg bot two");
    chat.types(ann, "/msg bot three");
    for it in [ann, eve] {
        chat.reads(it);
    }
    chat.wait(KEEP);
    let left = Message::from(News::Left {
        who: name("bot"),
        word: Some("link lost".into()),
    });
    let expected = [
        not_read("bot", "one"),
        not_read("bot", "three"),
        left.clone(),
    ];
    assert_eq!(chat.reads(ann), expected);
    assert_eq!(chat.reads(eve), [not_read("bot", "two"), left]);
}

#[test]
fn what_a_member_does_not_read_waits_for_them() {
    let mut chat = with_members_by(rules(), &[("bob", Role::Member)]);
    let ann = chat.login(0, "ann");
    let bob = chat.comes_in(1, "bob");
    chat.event(bob, BROKEN);
    chat.types(ann, "/msg bob hi");
    chat.shown(ann);
    chat.kept.clear();
    chat.wait(10 * KEEP);
    assert_eq!(chat.shown(ann), "bob has left the chat: link lost\n");
    let waiting = chat.kept.iter().filter_map(|it| match it {
        Keep::Account(_, KeepAccount::Waiting(it)) => Some((it.from.clone(), it.text.clone())),
        _ => None,
    });
    assert_eq!(waiting.collect::<Vec<_>>(), [(name("ann"), "hi".into())]);
}

#[test]
fn others_see_that_a_link_is_lost_when_they_ask() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    chat.event(bot, BROKEN);
    chat.shown(ann);
    chat.types(ann, "/who");
    assert_eq!(chat.shown(ann), "In #lobby: 2\n  ann, bot (link lost)\n");
    chat.types(ann, "/whois bot");
    assert!(chat.shown(ann).ends_with("\nbot's link is lost.\n"));
    chat.resumes(2, &token, None);
    chat.types(ann, "/who");
    assert_eq!(chat.shown(ann), "In #lobby: 2\n  ann, bot\n");
}

#[test]
fn nothing_is_told_again_of_people_who_are_ignored() {
    let mut chat = Chat::with(rules());
    let ann = chat.login(0, "ann");
    let (bot, token) = chat.program(1, "bot");
    let since = chat.last();
    chat.types(ann, "/msg bot psst");
    chat.types(ann, "hi");
    chat.types(bot, "/ignore ann");
    chat.types(ann, "/topic Tea");
    chat.event(bot, BROKEN);
    chat.types(ann, "/topic Green tea");
    chat.reads(bot);
    let bot = chat.resumes(2, &token, Some(since));
    let told = chat.reads(bot);
    let is_past = |it: &&Message| matches!(it, Message::Past { .. });
    assert_eq!(told.iter().find(is_past), None);
}
