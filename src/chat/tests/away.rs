//! People who are away, idle, or gone.

use super::*;
use crate::limits::{ABSENCE_TOLD_FOR, ABSENCES_TOLD, AWAY_CHARS, MENTION_BYTES};
use crate::message::{AboutAway, AboutIgnoring, AboutPeople, AboutReading, Message, News};
use crate::tally;

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
        assert_eq!(chat.readers.closed(), []);
        chat.types(ann, "");
    }
    chat.wait(Duration::from_millis(900));
    chat.event(ann, Event::LineTooLong { limit: 64 });
    chat.wait(Duration::from_millis(900));
    assert_eq!(
        chat.readers.closed(),
        [],
        "a line too long was typed as well"
    );
    chat.wait(SECOND);
    chat.wait(SECOND);
    assert_eq!(chat.readers.closed(), [(ann, CloseReason::IdleTimedOut)]);
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn each_due_deadline_is_in_the_future_again_or_gone() {
    let mut chat = Chat::with(Rules {
        idle_timeout: Some(Duration::from_millis(300)),
        ..Rules::default()
    });
    let ann = chat.login(0, "ann");
    let mut wakes = 0;
    while let Some(at) = chat.alone.next_timeout() {
        assert!(at > chat.now.instant, "the loop would spin");
        chat.wait(at - chat.now.instant);
        wakes += 1;
        assert!(wakes < 20);
    }
    assert_eq!(chat.readers.closed(), [(ann, CloseReason::IdleTimedOut)]);
}

#[test]
fn a_mention_is_found_among_signs_and_in_any_case() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = chat.login(1, "bob");
    for line in [
        "BOB?",
        "hi (bob).",
        "_bob_",
        "bob's turn",
        "@bob",
        "bob...",
        "x,bob,y",
    ] {
        chat.types(bob, "/away lunch");
        chat.reads(ann);
        chat.types(ann, line);
        let away = AboutAway::Away(name("bob"), Some("lunch".into()));
        assert_eq!(chat.answers(ann), [away.into()], "{line}");
    }
    for line in ["bobby", "a-bob", "b o b"] {
        chat.types(ann, line);
        assert_eq!(chat.answers(ann), [], "{line}");
    }
    chat.reads(bob);
    chat.types(bob, "/back");
    let back = AboutAway::Back {
        shown: 7,
        missed: 7,
    };
    assert_eq!(chat.answers(bob), [back.into(), AboutReading::End.into()]);
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
        chat.answers(ann),
        [AboutAway::Away(bob_name.clone(), None).into()]
    );
    for line in ["/ignore 127.0.0.1:50001", "/unignore 127.0.0.1:50001"] {
        chat.types(ann, line);
    }
    let [set, lifted] =
        [AboutIgnoring::IgnoreSet, AboutIgnoring::IgnoreLifted].map(|it| it(bob_name.clone()));
    assert_eq!(chat.answers(ann), [set.into(), lifted.into()]);
}

#[test]
fn the_reason_to_be_away_is_bounded() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    chat.types(ann, &format!("/away {}", "é".repeat(AWAY_CHARS + 1)));
    assert_eq!(chat.answers(ann), [AboutAway::AwayTooLong.into()]);
    chat.types(ann, "/back");
    assert_eq!(chat.answers(ann), [AboutAway::NotAway.into()]);
    chat.types(ann, &format!("/away {}", "é".repeat(AWAY_CHARS)));
    assert_eq!(chat.answers(ann), [AboutAway::AwaySet.into()]);
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
    let private = News::Private {
        from: name("ann"),
        text: "yes?".into(),
    };
    assert_eq!(chat.reads(bob), [private.into()]);

    chat.types(bob, "/msg ann bye");
    chat.types(bob, "/quit");
    let other = chat.login(1, "rob");
    chat.reads(ann);
    chat.types(ann, "/reply wait");
    assert_eq!(chat.answers(ann), [AboutPeople::Gone(name("rob")).into()]);
    assert_eq!(chat.reads(other), []);
}

#[cfg(feature = "unicode-names")]
#[test]
fn a_composed_and_a_decomposed_spelling_are_one() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    for (slot, name, other) in [
        (1, "Zo\u{eb}", "ZOE\u{308}"),
        (2, "Tie\u{302}\u{301}n", "ti\u{1ebf}n"),
        (
            3,
            "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
            "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
        ),
    ] {
        let zoe = chat.login(slot, name);
        chat.types(zoe, "/away");
        chat.reads(ann);
        chat.types(ann, &format!("hi {other}: tea?"));
        assert_eq!(
            chat.answers(ann),
            [AboutAway::Away(self::name(name), None).into()],
            "{name}"
        );
        chat.types(zoe, "/back");
        let back = AboutAway::Back {
            shown: 1,
            missed: 1,
        };
        assert!(chat.answers(zoe).contains(&back.into()), "{name}");
    }
}

/// People of these names, away in the lobby, in slots from 10 on.
fn people_away(chat: &mut Chat, names: &[&str]) -> Vec<PeerId> {
    let mut people = Vec::new();
    for (slot, name) in (10..).zip(names) {
        let peer = chat.login(slot, name);
        chat.types(peer, "/away tea");
        people.push(peer);
    }
    people
}

#[test]
fn a_line_has_one_answer_however_many_it_names() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let names = ["bob", "Carl", "dora", "eve", "fred"];
    let people = people_away(&mut chat, &names);
    let several = |names: &[&str], more| AboutAway::SeveralAway {
        names: names.iter().map(|it| name(it)).collect(),
        more,
    };
    for (line, answer) in [
        ("bob, carl", several(&names[..2], 0)),
        ("bob carl BOB dora!", several(&names[..3], 0)),
        ("eve bob carl dora", several(&["eve", "bob"], 2)),
        ("fred eve dora carl bob fred", several(&["fred", "eve"], 3)),
    ] {
        for peer in &people {
            chat.types(*peer, "/away tea");
        }
        chat.reads(ann);
        chat.types(ann, line);
        assert_eq!(chat.reads(ann), [Message::Answer(answer.into())], "{line}");
    }
    // The chat keeps for each of them all lines that name them.
    for (peer, lines) in people.iter().zip([4, 4, 3, 2, 1]) {
        chat.reads(*peer);
        chat.types(*peer, "/back");
        let (shown, missed) = (lines, lines);
        assert_eq!(
            chat.answers(*peer)[0],
            AboutAway::Back { shown, missed }.into()
        );
    }
}

#[test]
fn an_absence_is_told_once_in_a_quarter_of_an_hour() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let carl = chat.login(1, "carl");
    let bob = people_away(&mut chat, &["bob"])[0];
    let away = || AboutAway::Away(name("bob"), Some("tea".into()));
    chat.reads(ann);
    chat.types(ann, "bob?");
    assert_eq!(chat.answers(ann), [away().into()]);
    for line in ["bob!", "/msg bob psst", "/me waves at bob"] {
        chat.types(ann, line);
        assert_eq!(chat.answers(ann), [], "{line}");
    }
    chat.types(carl, "/msg bob psst");
    assert_eq!(
        chat.answers(carl),
        [away().into()],
        "it is another who writes"
    );
    chat.wait(ABSENCE_TOLD_FOR - Duration::from_secs(1));
    chat.types(ann, "bob!");
    assert_eq!(chat.answers(ann), []);
    chat.wait(Duration::from_secs(1));
    chat.types(ann, "bob!");
    assert_eq!(chat.answers(ann), [away().into()]);
    chat.types(bob, "/back");
    chat.types(bob, "/away tea");
    chat.types(ann, "bob!");
    assert_eq!(chat.answers(ann), [away().into()], "it is another absence");
}

#[test]
fn what_is_remembered_of_absences_is_bounded() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let names: Vec<String> = (0..3 * ABSENCES_TOLD).map(|i| format!("p{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    people_away(&mut chat, &names);
    chat.reads(ann);
    for _ in 0..2 {
        chat.types(ann, &names.join(" "));
        assert_eq!(chat.answers(ann).len(), 1);
    }
}

#[test]
fn nobody_is_told_of_those_who_ignore_them_or_whom_they_ignore() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let people = people_away(&mut chat, &["the", "of"]);
    chat.types(people[0], "/ignore ann");
    chat.types(ann, "/ignore of");
    chat.reads(ann);
    for line in ["the lord of the rings", "/msg of hello"] {
        chat.types(ann, line);
        assert_eq!(chat.answers(ann), [], "{line}");
    }
    for (peer, missed) in people.into_iter().zip([0, 2]) {
        chat.reads(peer);
        chat.types(peer, "/back");
        let shown = missed;
        assert_eq!(
            chat.answers(peer)[0],
            AboutAway::Back { shown, missed }.into()
        );
    }
}

#[test]
fn only_those_of_the_room_count_under_the_name_that_they_have() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let bob = people_away(&mut chat, &["bob"])[0];
    let told = |chat: &mut Chat, line| {
        chat.reads(ann);
        chat.types(ann, line);
        let told = chat.answers(ann).len();
        chat.types(bob, "/away");
        chat.alone.check();
        told
    };
    assert_eq!(told(&mut chat, "bob"), 1);
    chat.types(bob, "/nick rob");
    assert_eq!(told(&mut chat, "bob"), 0);
    assert_eq!(told(&mut chat, "rob"), 1);
    chat.types(bob, "/join den");
    assert_eq!(told(&mut chat, "rob"), 0);
    chat.types(ann, "/join den");
    assert_eq!(told(&mut chat, "rob"), 1);
    chat.types(bob, "/quit");
    assert_eq!(told(&mut chat, "rob"), 0);
}

#[cfg(feature = "unicode-names")]
#[test]
fn a_line_is_looked_through_once_and_so_far_and_only_where_someone_is_away() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    let words = "word ".repeat(2 * MENTION_BYTES / 5);
    let folds = |chat: &mut Chat| {
        let before = tally::done().folds;
        chat.types(ann, &words);
        tally::done().folds - before
    };
    let bob = people_away(&mut chat, &["bob"])[0];
    assert!((MENTION_BYTES / 5..=MENTION_BYTES / 5 + 1).contains(&folds(&mut chat)));
    // A letter that stands for 18.
    let before = tally::done().folds;
    chat.types(ann, &"\u{fdfa} ".repeat(MENTION_BYTES / 4));
    assert!(tally::done().folds - before < MENTION_BYTES / 18);
    chat.types(bob, "/join den");
    assert_eq!(folds(&mut chat), 0, "he is elsewhere");
    // A word that is cut in the middle names nobody.
    chat.types(bob, "/leave");
    chat.reads(ann);
    let line = " ".repeat(MENTION_BYTES - 3) + "bobby";
    chat.types(ann, &line);
    assert_eq!(chat.answers(ann), []);
}
