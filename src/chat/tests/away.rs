//! Who is away, who is idle, and who has gone.

use super::*;
use crate::limits::AWAY_CHARS;

fn answers(chat: &mut Chat, peer: PeerId) -> Vec<Answer> {
    let told = chat.reads(peer).into_iter();
    let answer = |message| match message {
        Message::Answer(answer) => Some(answer),
        _ => None,
    };
    told.filter_map(answer).collect()
}

#[test]
fn who_types_is_never_dropped_before_the_time_is_over() {
    const SECOND: Duration = Duration::from_secs(1);
    let idle_timeout = Some(SECOND);
    let mut chat = Chat::with(Rules {
        idle_timeout,
        ..Rules::default()
    });
    let ann = chat.login(0, "ann");
    for millis in [999, 999, 500, 999, 1] {
        chat.wait(Duration::from_millis(millis));
        assert_eq!(chat.closed, []);
        chat.types(ann, "");
    }
    chat.wait(Duration::from_millis(900));
    chat.event(ann, Event::LineTooLong { limit: 64 });
    chat.wait(Duration::from_millis(900));
    assert_eq!(chat.closed, [], "a line too long was typed as well");
    chat.wait(SECOND);
    chat.wait(SECOND);
    assert_eq!(chat.closed, [(ann, CloseReason::IdleTimedOut)]);
    assert_eq!(chat.hub.next_timeout(), None);
}

#[test]
fn each_due_deadline_is_in_the_future_again_or_gone() {
    let mut chat = Chat::with(Rules {
        idle_timeout: Some(Duration::from_millis(300)),
        ..Rules::default()
    });
    let ann = chat.login(0, "ann");
    let mut wakes = 0;
    while let Some(at) = chat.hub.next_timeout() {
        assert!(at > chat.now.instant, "the loop would spin");
        chat.wait(at - chat.now.instant);
        wakes += 1;
        assert!(wakes < 20);
    }
    assert_eq!(chat.closed, [(ann, CloseReason::IdleTimedOut)]);
}

#[test]
fn a_mention_is_found_among_signs_and_in_any_case() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(bob, "/away lunch");
    for line in [
        "BOB?",
        "hi (bob).",
        "_bob_",
        "bob's turn",
        "@bob",
        "bob...",
        "x,bob,y",
    ] {
        chat.reads(ann);
        chat.types(ann, line);
        let away = Answer::Away(name("bob"), Some("lunch".into()));
        assert_eq!(answers(&mut chat, ann), [away], "{line}");
    }
    for line in ["bobby", "a-bob", "b o b"] {
        chat.types(ann, line);
        assert_eq!(answers(&mut chat, ann), [], "{line}");
    }
    chat.reads(bob);
    chat.types(bob, "/back");
    let back = Answer::Back {
        shown: 7,
        missed: 7,
    };
    assert_eq!(answers(&mut chat, bob), [back, Answer::End]);
}

#[test]
fn an_address_is_found_where_it_is_a_name() {
    let mut chat = Chat::with(Rules {
        anonymous: true,
        ..Rules::default()
    });
    let [ann, bob] = [chat.connect(0), chat.connect(1)];
    chat.types(bob, "/away");
    chat.reads(ann);
    chat.types(ann, "hi 127.0.0.1:50001!");
    let bob_name = Username::from_addr("127.0.0.1:50001".parse().unwrap());
    assert_eq!(
        answers(&mut chat, ann),
        [Answer::Away(bob_name.clone(), None)]
    );
    for line in ["/ignore 127.0.0.1:50001", "/unignore 127.0.0.1:50001"] {
        chat.types(ann, line);
    }
    let [set, lifted] = [Answer::IgnoreSet, Answer::IgnoreLifted].map(|it| it(bob_name.clone()));
    assert_eq!(answers(&mut chat, ann), [set, lifted]);
}

#[test]
fn the_reason_to_be_away_is_bounded() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.types(ann, &format!("/away {}", "é".repeat(AWAY_CHARS + 1)));
    assert_eq!(answers(&mut chat, ann), [Answer::AwayTooLong]);
    chat.types(ann, "/back");
    assert_eq!(answers(&mut chat, ann), [Answer::NotAway]);
    chat.types(ann, &format!("/away {}", "é".repeat(AWAY_CHARS)));
    assert_eq!(answers(&mut chat, ann), [Answer::AwaySet]);
}

#[test]
fn a_reply_finds_who_has_another_name_and_nobody_who_took_theirs() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.types(bob, "/msg ann psst");
    chat.types(bob, "/nick rob");
    chat.reads(bob);
    chat.types(ann, "/reply yes?");
    let private = Message::Private {
        from: name("ann"),
        text: "yes?".into(),
    };
    assert_eq!(chat.reads(bob), [private]);

    chat.types(bob, "/msg ann bye");
    chat.types(bob, "/quit");
    let other = chat.login(1, "rob");
    chat.reads(ann);
    chat.types(ann, "/reply wait");
    assert_eq!(answers(&mut chat, ann), [Answer::Gone(name("rob"))]);
    assert_eq!(chat.reads(other), []);
}

#[test]
fn a_topic_that_is_not_there_is_not_cleared_aloud() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    chat.reads(ann);
    chat.types(ann, "/topic -");
    assert!(matches!(
        answers(&mut chat, ann)[..],
        [Answer::Topic { topic: None, .. }]
    ));
    assert_eq!(chat.reads(bob), []);
}
