//! Sending somebody out of a room, and the line that they type next.

use super::*;
use crate::limits::owning::UNREAD_FOR;

impl Chat {
    /// People have the time to read what they were told.
    fn reads_up(&mut self) {
        self.wait(Duration::from_millis(UNREAD_FOR.unsigned_abs()));
    }
}

#[test]
fn those_who_are_sent_out_are_in_the_lobby_and_come_back_after_a_while() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    chat.types(guest, "/listen tea");
    chat.forget_all();
    chat.kick(mary, "nick", "spam");
    let told = chat.text(nick);
    assert!(
        told.starts_with(
            "You were kicked from #tea by mary: spam. Come back in 10 min.\nYou are in #lobby now."
        ),
        "{told}"
    );
    assert_eq!(
        chat.text(guest),
        "nick was kicked from the room by mary: spam.\nnick has come in."
    );
    assert_eq!(chat.text(mary), "nick is out of #tea.");
    chat.types(mary, "behind their back");
    assert_eq!(chat.text(nick), "");
    let refused = "You were kicked from #tea: spam. Come back in 10 min.";
    assert_eq!(chat.answered(nick, "/listen tea"), refused);
    chat.wait(Duration::from_secs(60 * SENT_OUT_FOR - 59));
    let refused = "You were kicked from #tea: spam. Come back in 1 min.";
    assert_eq!(chat.answered(nick, "/join tea"), refused);
    chat.wait(Duration::from_secs(59));
    assert!(
        chat.answered(nick, "/join tea")
            .starts_with("You are in #tea now.")
    );
    let audit = |it: &&Keep| matches!(it, Keep::Order(KeepOrder::Audit(_)));
    assert_eq!(chat.kept.iter().filter(audit).count(), 1);
    chat.forget_all();
    chat.kick(mary, "gus", "");
    assert_eq!(
        chat.text(guest),
        "You were kicked from #tea by mary. Come back in 10 min."
    );
    chat.types(mary, "not for gus");
    assert_eq!(chat.text(guest), "");
    // His current room was another one, so his next line goes there at once.
    chat.types(guest, "hello");
    assert_eq!(chat.readers.rooms(guest).count(), 1);
}

#[test]
fn the_next_line_of_those_who_were_moved_is_held_back() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    let held = "You are in #lobby now. Enter sends it here.";
    let alone = "You are in #lobby now. Enter sends this line alone here.";
    for (lines, said) in [
        (["for tea", "", ""], "nick: for tea"),
        (["for tea", "another", ""], "nick: another"),
        (["/me drinks tea", "", ""], "* nick drinks tea"),
    ] {
        chat.kick(mary, "nick", "");
        chat.forget_all();
        chat.reads_up();
        assert_eq!(chat.answered(nick, lines[0]), held);
        assert_eq!(chat.text(guest), "");
        chat.reads_up();
        let then = chat.answered(nick, lines[1]);
        assert!(lines[1].is_empty() || then == alone, "{then}");
        chat.reads_up();
        chat.types(nick, lines[2]);
        assert_eq!(chat.text(guest), said);
        chat.types(nick, "and");
        assert_eq!(chat.text(guest), "nick: and");
        chat.wait(Duration::from_secs(60 * SENT_OUT_FOR));
        chat.types(nick, "/join tea");
    }
    // A third line is said: they know by now.
    chat.kick(mary, "nick", "");
    for line in ["one", "two"] {
        chat.reads_up();
        chat.types(nick, line);
    }
    chat.reads_up();
    chat.forget_all();
    chat.types(nick, "three");
    assert_eq!(chat.text(guest), "nick: three");
    chat.types(nick, "");
    assert_eq!(chat.text(guest), "");
}

#[test]
fn what_is_sent_in_one_go_is_held_back_together() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    chat.kick(mary, "nick", "");
    chat.forget_all();
    for line in ["one", "/topic ours", "", "two", "/me three", "four", ""] {
        chat.wait(Duration::from_millis(100));
        chat.types(nick, line);
    }
    assert_eq!(chat.text(guest), "");
    let held = [
        "You are in #lobby now. Enter sends it here.",
        "You are in #lobby now. Type that again to set its topic.",
        "You are in #lobby now. Enter sends this line alone here.",
        "You are in #lobby now. Enter sends this line alone here.",
        "You are in #lobby now. Enter sends this line alone here.",
    ];
    assert_eq!(chat.text(nick), held.join("\n"));
    chat.reads_up();
    chat.types(nick, "");
    assert_eq!(chat.text(guest), "nick: four");
    chat.types(nick, "/topic ours");
    assert_eq!(chat.text(guest), "nick has set the topic: ours");
}

#[test]
fn a_topic_is_set_where_its_author_knows_to_be() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    chat.kick(mary, "nick", "");
    chat.reads_up();
    chat.forget_all();
    let held = "You are in #lobby now. Type that again to set its topic.";
    assert_eq!(chat.answered(nick, "/topic ours"), held);
    chat.types(nick, "");
    assert_eq!(chat.text(guest), "");
    chat.reads_up();
    chat.types(nick, "/topic ours");
    chat.types(nick, "and this");
    let read = "nick has set the topic: ours\nnick: and this";
    assert_eq!(chat.text(guest), read);
}

#[test]
fn those_who_were_sent_out_of_a_locked_room_read_nothing_of_it() {
    let (mut chat, [mary, nick, _]) = tea();
    chat.types(nick, "/join tea");
    chat.types(mary, "/lock");
    chat.types(mary, "secret");
    let unseen = |chat: &mut Chat, line: &str| {
        chat.asked.clear();
        chat.types(nick, line);
        match chat.asked.pop() {
            Some((_, Question::Search { unseen, .. })) => unseen.rooms,
            asked => panic!("another question: {asked:?}"),
        }
    };
    assert_eq!(unseen(&mut chat, "/search in:* x"), []);
    let page = |lines, older| Finding::Page(crate::message::Page { lines, older });
    let older = page(Vec::new(), Some(7));
    chat.event(nick, Event::Answered(Ok(&older)));
    chat.kick(mary, "nick", "");
    chat.keeps();
    assert_eq!(unseen(&mut chat, "/more"), [room("tea")]);
    chat.event(nick, Event::Answered(Ok(&older)));
    chat.wait(Duration::from_secs(60 * SENT_OUT_FOR + 1));
    chat.types(mary, "later");
    assert_eq!(unseen(&mut chat, "/more"), []);
}

#[test]
fn a_line_that_crosses_with_being_sent_out_is_read_nowhere() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    chat.forget_all();
    let now = chat.now;
    let mut effects = Effects::default();
    chat.alone.with_hub(now, &mut effects, |hub, effects| {
        let caller = hub.caller(now, mary).expect("she is here");
        let whom = hub.find("nick").expect("he is here").id;
        hub.kick_from_room(&caller, whom, None, effects);
        let (room, text) = (None, "for tea".into());
        effects.append(nick, Some(whom), Act::Say { room, text });
    });
    chat.apply(effects);
    let told = chat.text(nick);
    assert!(
        told.ends_with("You are in #lobby now. Enter sends it here."),
        "{told}"
    );
    assert_eq!(chat.text(guest), "nick has come in.");
    assert_eq!(chat.text(mary), "nick is out of #tea.");
}

#[test]
fn a_line_that_was_held_back_is_said_once_however_often_enter_is_pressed() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(nick, "/join tea");
    chat.kick(mary, "nick", "");
    chat.types(nick, "for tea");
    chat.reads_up();
    chat.forget_all();
    let now = chat.now;
    let mut effects = Effects::default();
    // Neither is applied when the other is wanted.
    chat.alone.with_hub(now, &mut effects, |hub, effects| {
        let caller = hub.caller(now, nick).expect("he is here");
        hub.release_held(&caller, effects);
        hub.release_held(&caller, effects);
        assert_eq!(effects.len(), 2);
    });
    chat.apply(effects);
    assert_eq!(chat.text(guest), "nick: for tea");
}

#[test]
fn another_name_does_not_open_a_room_to_a_guest_who_was_sent_out_of_it() {
    let (mut chat, [mary, _, guest]) = tea();
    let other = chat.login(4, "other");
    chat.types(guest, "/join tea");
    chat.kick(mary, "gus", "");
    chat.types(guest, "/nick augustus");
    let refused = "You were kicked from #tea. Come back in 10 min.";
    assert_eq!(chat.answered(guest, "/join tea"), refused);
    // Others of that address come in, but not under the name.
    chat.types(other, "/join tea");
    assert_eq!(chat.readers.rooms(other).count(), 1);
    assert!(chat.text(mary).ends_with("other has come in."));
    chat.types(other, "/leave");
    chat.types(other, "/nick gus");
    assert_eq!(chat.answered(other, "/join tea"), refused);
}

#[test]
fn those_who_keep_a_room_are_sent_out_only_by_those_above_them() {
    let (mut chat, [mary, nick, _]) = tea();
    let olga = chat.has_come(3, OPERATOR);
    let paul = chat.has_come(4, "paul");
    for peer in [nick, olga, paul] {
        chat.types(peer, "/join tea");
    }
    chat.types(mary, "/trust nick");
    chat.types(mary, "/trust paul");
    for (by, whom, goes) in [
        (nick, "paul", false),
        (nick, "mary", false),
        (nick, "olga", false),
        (mary, "olga", false),
        (mary, "nick", true),
        (olga, "mary", true),
    ] {
        chat.forget_all();
        chat.kick(by, whom, "");
        let told = chat.text(by);
        let refused = format!("{whom} keeps order here too. Ask the owner or an operator.");
        assert_eq!(told == refused, !goes, "{told}");
        assert_eq!(told == format!("{whom} is out of #tea."), goes, "{told}");
    }
    // They keep the room all the same, and may come back.
    assert!(
        chat.answered(mary, "/join tea")
            .starts_with("You are in #tea now.")
    );
    assert!(
        chat.answered(paul, "/trust nick off")
            .starts_with("Only the owner")
    );
}
