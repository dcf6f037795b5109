//! Who is ignored stays so, under whatever name, until it is lifted.

use super::*;

/// The lines that a person reads, without the notices around them.
fn lines(chat: &mut Chat, peer: PeerId) -> Vec<String> {
    let told = chat.reads(peer).into_iter();
    let text = |message| match message {
        Message::Said { text, .. } => Some(text.to_string()),
        Message::Past(past) => match &past.message {
            Message::Said { text, .. } | Message::Private { text, .. } => Some(text.to_string()),
            _ => None,
        },
        _ => None,
    };
    told.filter_map(text).collect()
}

#[test]
fn a_name_that_two_had_is_on_the_list_once() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let rob = chat.login(2, "rob");
    chat.types(ann, "/ignore bob");
    chat.types(ann, "/ignore rob");
    chat.event(rob, Event::Disconnected(CloseReason::EndOfInput));
    chat.types(bob, "/nick Rob");
    chat.hub.check();
    chat.reads(ann);
    chat.types(ann, "/ignore");
    let list = Message::Answer(Answer::Ignored(vec![name("rob")]));
    assert_eq!(chat.reads(ann), [list]);

    chat.types(ann, "/unignore rob");
    chat.hub.check();
    chat.types(bob, "heard again");
    assert_eq!(lines(&mut chat, ann), ["heard again"]);
}

#[test]
fn whoever_comes_under_an_ignored_name_is_ignored_whoever_gets_the_slot_is_not() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(ann, "/ignore BOB");
    chat.types(bob, "/quit");
    let carl = chat.login(1, "carl");
    let bob = chat.login(2, "Bob");
    chat.hub.check();
    chat.types(carl, "from the slot");
    chat.types(bob, "from the name");
    assert_eq!(lines(&mut chat, ann), ["from the slot"]);
}

#[test]
fn a_list_goes_with_its_owner() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(ann, "/ignore bob");
    chat.types(bob, "/quit");
    chat.types(ann, "/quit");
    assert!(chat.hub.awaited.is_empty());
    let dora = chat.login(0, "dora");
    let bob = chat.login(1, "bob");
    chat.types(bob, "hello");
    assert_eq!(lines(&mut chat, dora), ["hello"]);
}

#[test]
fn another_name_does_not_bring_back_what_was_said_before() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(carl, "seen");
    chat.types(bob, "not seen");
    chat.types(ann, "/ignore bob");
    chat.types(bob, "/nick rob");
    chat.reads(ann);
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
    chat.types(bob, "/quit");
    chat.types(ann, "/history");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
}

#[test]
fn lines_of_the_ignored_do_not_push_out_those_of_others() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(carl, "seen");
    for _ in 0..30 {
        chat.types(bob, "spam");
    }
    chat.types(ann, "/ignore bob");
    chat.reads(ann);
    chat.types(ann, "/history 5");
    assert_eq!(lines(&mut chat, ann), ["seen"]);
}

#[test]
fn whom_one_ignores_while_away_is_not_read_on_coming_back() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(ann, "/away");
    chat.types(bob, "ann: one");
    chat.types(carl, "ann: two");
    chat.types(ann, "/ignore bob");
    chat.reads(ann);
    chat.types(ann, "/back");
    let told = chat.reads(ann);
    let back = Answer::Back {
        shown: 1,
        missed: 1,
    };
    assert_eq!(told[0], Message::Answer(back));
    assert_eq!(told.len(), 3, "{told:?}");
}
