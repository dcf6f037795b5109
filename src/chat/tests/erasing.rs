//! Taking back what somebody said: from everything that memory has, and what everyone reads of it.

use super::order::with_operator;
use super::*;
use crate::account::{AccountId, Role};
use crate::message::{KeepOrder, Page, Past};
use crate::moment::Medium;
use crate::wire::machine::{Object, Op};

/// The erasures that were kept, as whose, where and since when.
fn kept(chat: &Chat) -> Vec<(String, Option<String>, Option<i64>)> {
    let erased = chat.kept.iter().filter_map(|it| match it {
        Keep::Order(KeepOrder::Erase(it)) => Some(it),
        _ => None,
    });
    let shown = |it: &crate::erasure::Erasure| {
        let room = it.room.as_ref().map(RoomName::to_string);
        (it.whose.name.to_string(), room, it.since)
    };
    erased.map(shown).collect()
}

/// What somebody reads who has just come into the lobby.
fn newcomer_reads(chat: &mut Chat, slot: u32) -> Vec<String> {
    let new = chat.stranger(slot);
    chat.types(new, &format!("new{slot}"));
    chat.screen(new)
}

/// How many lines came in each room.
fn totals(chat: &Chat) -> Vec<usize> {
    let rooms = chat.alone.hub.rooms.iter();
    rooms.map(|(_, it)| it.history.total()).collect()
}

#[test]
fn what_was_said_is_gone_everywhere_and_its_readers_know() {
    let (mut chat, olga) = with_operator();
    let bob = chat.member(1, "Bob", Role::Member);
    let carl = chat.guest(2, "carl");
    let dora = chat.guest(3, "dora");
    chat.types(carl, "/join tea");
    chat.types(dora, "/away asleep");
    for line in ["spam one", "/me spams", "spam, dora", "/msg dora spam"] {
        chat.types(bob, line);
    }
    chat.types(carl, "good tea");
    chat.types(bob, "/nick Rob");
    chat.types(bob, "/join tea");
    chat.types(bob, "spam for tea");
    for peer in [bob, carl, dora, olga] {
        chat.screen(peer);
    }
    let before = totals(&chat);
    let asked = "That is 4 messages. Type the same line again to do it.";
    for line in ["/erase rob", "/erase rob 7d", "/erase rob"] {
        assert_eq!(chat.answer_to(olga, line), [asked]);
    }
    let answer = chat.answer_to(olga, "/erase rob");
    let gone = "4 messages of Rob are gone. Nobody reads those in the file any more, and they are being removed from it.";
    assert_eq!(answer, ["3 messages of Rob were removed by Olga.", gone]);
    let told = "1 message of Rob was removed by Olga.";
    assert_eq!(
        (chat.screen(carl), chat.screen(bob)),
        (vec![told.into()], vec![told.into()])
    );
    assert_eq!(totals(&chat), before, "lines are counted as before");
    chat.screen(dora);
    chat.types(dora, "/back");
    let missed = chat.screen(dora).join("\n");
    assert!(!missed.contains("spam"), "{missed}");
    let read = newcomer_reads(&mut chat, 4).join("\n");
    assert!(!read.contains("spam"), "{read}");
    chat.types(carl, "/history");
    let read = chat.screen(carl).join("\n");
    assert!(
        read.contains("good tea") && !read.contains("spam"),
        "{read}"
    );
    assert_eq!(kept(&chat), [("Rob".into(), None, None)]);
    let audited = chat.audited();
    let last = audited.last().map(String::as_str);
    assert_eq!(last, Some("Olga erase Rob - 4 messages"));
}

#[test]
fn an_owner_takes_back_words_of_their_room_and_a_time_may_be_given() {
    let (mut chat, olga) = with_operator();
    let ann = chat.member(1, "Ann", Role::Member);
    let bob = chat.guest(2, "bob");
    chat.types(ann, "/join tea");
    chat.types(bob, "in the lobby");
    chat.types(bob, "/join tea");
    chat.types(bob, "early");
    chat.wait(Duration::from_secs(3600));
    chat.types(bob, "late");
    chat.screen(ann);
    let gone = |count| {
        format!(
            "{count} of bob in #tea is gone. Nobody reads those in the file any more, and they are being removed from it."
        )
    };
    let told = "1 message of bob was removed by Ann.";
    assert_eq!(
        chat.answer_to(ann, "/erase bob 30m"),
        [told.into(), gone("1 message")]
    );
    chat.types(bob, "/quit");
    chat.screen(ann);
    assert_eq!(
        chat.answer_to(ann, "/erase BOB"),
        [
            "1 message of BOB was removed by Ann.",
            &gone("1 message").replace("bob", "BOB")
        ]
    );
    let read = newcomer_reads(&mut chat, 4).join("\n");
    assert!(read.contains("in the lobby"), "{read}");
    let since = chat.now.unix_millis() - 1_800_000;
    let tea = Some("#tea".to_string());
    assert_eq!(
        kept(&chat),
        [
            ("bob".into(), tea.clone(), Some(since)),
            ("BOB".into(), tea, None)
        ]
    );
    // Nobody says less in the room than its owner but others who keep it.
    let refused = "Olga keeps order here too. Ask the owner or an operator.";
    assert_eq!(chat.answer_to(ann, "/erase olga"), [refused]);
    assert_eq!(
        chat.answer_to(ann, "/erase bob 10x"),
        ["10x is not a time. Type it as 30m, 12h, 7d or forever."]
    );
    chat.types(ann, "/join lobby");
    let refused = "Only the owner of this room, and those who keep order in it, may do that.";
    assert_eq!(chat.answer_to(ann, "/erase bob"), [refused]);
    chat.screen(olga);
}

#[test]
fn topics_and_the_reason_for_being_away_go_with_what_was_said() {
    let (mut chat, olga) = with_operator();
    let ann = chat.member(1, "Ann", Role::Member);
    let bob = chat.guest(2, "bob");
    let carl = chat.guest(3, "carl");
    chat.types(ann, "/join tea");
    for line in [
        "/topic spam",
        "/join tea",
        "/topic spam for tea",
        "/join den",
    ] {
        chat.types(bob, line);
    }
    for line in ["/topic spam for nobody", "/join tea", "/away spam"] {
        chat.types(bob, line);
    }
    chat.types(carl, "/topic good tea");
    let topic = |chat: &Chat, room: &str| {
        let rooms = &chat.alone.hub.rooms;
        let found = rooms.find(&RoomName::parse(room).unwrap());
        let topic = found
            .and_then(|it| rooms.get(it))
            .map(|it| it.topic.clone());
        topic.map(|it| it.map(|it| it.to_string()))
    };
    chat.screen(ann);
    // An owner clears their room alone.
    let gone = |topics| {
        format!(
            "No message of bob{topics} Nobody reads those in the file any more, and they are being removed from it."
        )
    };
    assert_eq!(
        chat.answer_to(ann, "/erase bob"),
        [
            "Ann has cleared the topic.",
            &gone(" in #tea was in memory. 1 topic is cleared.")
        ]
    );
    assert_eq!(topic(&chat, "tea"), Some(None));
    assert_eq!(topic(&chat, "den"), Some(Some("spam for nobody".into())));
    let whois = chat.answer_to(carl, "/whois bob").join(" ");
    assert!(whois.contains("spam"), "{whois}");
    let answer = chat.answer_to(olga, "/erase bob");
    assert_eq!(answer, [gone(" was in memory. 1 topic is cleared.")]);
    assert_eq!(topic(&chat, "lobby"), Some(Some("good tea".into())));
    assert_eq!(topic(&chat, "den"), None, "nothing holds it any more");
    let whois = chat.answer_to(carl, "/whois bob").join(" ");
    assert!(whois.contains("away") && !whois.contains("spam"), "{whois}");
}

#[test]
fn it_is_asked_about_where_the_file_may_have_more() {
    let (mut chat, olga) = with_operator();
    let carl = chat.guest(2, "carl");
    chat.types(carl, "spam");
    for _ in 0..200 {
        chat.types(olga, "tea");
    }
    chat.screen(olga);
    let asked =
        "That is 0 messages in memory, and those in the file. Type the same line again to do it.";
    assert_eq!(chat.answer_to(olga, "/erase carl"), [asked]);
    let answer = chat.answer_to(olga, "/erase carl").join(" ");
    assert!(answer.starts_with("No message of carl"), "{answer}");
}

#[test]
fn an_answer_of_the_file_from_before_has_none_of_it() {
    let (mut chat, olga) = with_operator();
    let account = chat.account("Bob", Role::Member);
    let carl = chat.guest(2, "carl");
    chat.types(carl, "/search spam");
    chat.question();
    chat.orders(olga, "/erase Bob");
    chat.screen(carl);
    let line = |seq, account: Option<AccountId>, text: &str| {
        Arc::new(Past {
            seq,
            at: seq as i64,
            author: PersonId(3),
            account,
            room: Some(RoomName::lobby()),
            news: News::Said {
                from: name("Robert"),
                text: text.into(),
            },
        })
    };
    let lines = vec![line(3, Some(account), "spam"), line(4, None, "about spam")];
    let page = Page { lines, older: None };
    chat.answers_with(carl, Ok(Finding::Page(page)));
    let read = chat.screen(carl).join("\n");
    assert!(
        read.contains("Robert: about spam") && !read.contains("Robert: spam"),
        "{read}"
    );
}

#[test]
fn programs_are_told_the_numbers_and_say_nothing_twice() {
    let (mut chat, olga) = with_operator();
    let carl = chat.guest(2, "carl");
    let bot = chat.guest(3, "bot");
    for _ in 0..150 {
        chat.types(carl, "spam");
    }
    let say = Object {
        id: Some("7".into()),
        op: Op::Say {
            room: None,
            text: "spam".into(),
        },
    };
    let format = Format {
        medium: Medium::Json,
        ..Format::default()
    };
    chat.event(bot, Event::Program(format));
    chat.event(bot, Event::Object(&say));
    chat.reads(bot);
    for _ in 0..2 {
        chat.orders(olga, "/erase carl");
    }
    let of = |it: &Message| match it {
        Message::News(News::Erased { count, seqs, .. }) => Some((*count, seqs.len())),
        _ => None,
    };
    let told: Vec<_> = chat.reads(olga).iter().filter_map(of).collect();
    assert_eq!(told, [(Some(150), 100)]);
    chat.orders(olga, "/erase bot");
    chat.reads(bot);
    chat.event(bot, Event::Object(&say));
    let was_erased = crate::message::AboutOrder::WasErased;
    assert_eq!(chat.reads(bot), [Message::Answer(was_erased.into())]);
}
