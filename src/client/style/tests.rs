//! How lines look, and that their words are those of the server.

use super::*;
use crate::client::tests::host::told_of;
use crate::message::News;
use crate::moment::Format;
use crate::name::RoomName;
use crate::wire::render;
use bytes::BytesMut;

/// The printed form of a line in a wide window.
fn printed(shown: &Shown) -> String {
    let mut out = String::new();
    shown.print(1000, 0, &mut out);
    out
}

fn found<'a>(text: &'a str, own: &str) -> Vec<&'a str> {
    let own = Username::parse_any(own).unwrap();
    let found = mentions(text, &own).into_iter();
    found
        .inspect(|(start, word)| assert!(text[*start..].starts_with(word)))
        .map(|(_, word)| word)
        .collect()
}

#[test]
fn a_mention_is_the_whole_name_in_any_case() {
    let text = "ZOË, zoë! Zoëlle zoë-2 xzoë";
    assert_eq!(found(text, "Zoë"), ["ZOË", "zoë"]);
    assert_eq!(found("(...zoë...) #zoë", "Zoë"), ["zoë", "zoë"]);
    assert_eq!(found("a. or a", "a."), ["a."]);
    assert_eq!(found("nobody", "Zoë"), [""; 0]);
    let text = "127.0.0.1:5000-2, 127.0.0.1:5000, ([::1]:5000)";
    assert_eq!(found(text, "127.0.0.1:5000"), ["127.0.0.1:5000"]);
    assert_eq!(found(text, "127.0.0.1:5000-2"), ["127.0.0.1:5000-2"]);
    assert_eq!(found(text, "[::1]:5000"), ["[::1]:5000"]);
}

#[cfg(feature = "unicode-names")]
#[test]
fn marks_and_joiners_are_part_of_a_word_as_they_are_of_a_name() {
    assert_eq!(found("Zoe\u{301} zoe Zoe\u{308}", "Zoe"), ["zoe"]);
    assert_eq!(found("Zoe\u{308} zoe", "Zoë"), ["Zoe\u{308}"]);
    assert_eq!(found("Zoe\u{200d} Zoe\u{200d}y", "Zoe"), ["Zoe\u{200d}"]);
    assert_eq!(found("ｗｉｄｅ", "wide"), ["ｗｉｄｅ"]);
}

#[test]
fn names_are_looked_for_in_as_much_of_a_text_as_by_the_server() {
    let text = "Ann ".repeat(300_000);
    assert_eq!(found(&text, "Ann").len(), MENTION_BYTES / 4);
    // A sign may stand for many letters, and each of them is compared.
    let text = format!("{} Ann", "x ".repeat(MENTION_BYTES / 3));
    assert_eq!(found(&text, "Ann"), ["Ann"]);
    let text = format!("{} Ann", "ﷺ ".repeat(MENTION_BYTES / 8));
    let few = cfg!(not(feature = "unicode-names"));
    assert_eq!(found(&text, "Ann").len(), usize::from(few));
}

fn shown(styler: &Styler, stamp: &str, tag: &str, object: &str, own: Option<&str>) -> Shown {
    let is_own = false;
    let before = Before { stamp, tag, is_own };
    styler.told(before, &told_of(object), own).expect(object)
}

fn said(from: &str, text: &str) -> String {
    format!(r#"{{"event":"said","from":"{from}","text":"{text}"}}"#)
}

#[test]
fn without_colour_a_line_is_text_and_a_bar_sets_a_mention_off() {
    let object = said("Alice", r"hi\tBob");
    let shown = shown(&Styler::new(false), "12:00", "#den ", &object, Some("bob"));
    assert_eq!(shown.text, "┃ 12:00 #den Alice: hi\tBob");
    assert_eq!(printed(&shown), "┃ 12:00 #den Alice: hi  Bob\r\n");
    assert!(shown.mention);
}

#[test]
fn a_name_keeps_its_colour_and_a_mention_is_set_off() {
    let styler = Styler::new(true);
    let look = |object: &str| printed(&shown(&styler, "", "", object, Some("Bob")));
    let one = look(&said("Alice", "hi Bob"));
    assert!(one.contains("\x1b[1;7mBob\x1b[0m"), "{one:?}");
    let color = one.split("Alice").next().unwrap();
    let color = color.strip_prefix("┃ ").expect("it names Bob");
    for (object, before) in [
        (r#"{"event":"joined","name":"alice","person":1}"#, ""),
        (
            r#"{"event":"renamed","from":"alice","to":"x","person":1}"#,
            "",
        ),
        (r#"{"event":"private","from":"alice","text":"x"}"#, ""),
        (r#"{"event":"did","from":"alice","text":"waves"}"#, "* "),
        (r#"{"event":"written","to":"alice","text":"x"}"#, "To "),
    ] {
        let other = look(object);
        assert!(other.starts_with(&format!("{before}{color}")), "{other:?}");
    }
}

#[test]
fn what_a_line_says_is_no_matter_of_what_stands_before_it() {
    let styler = Styler::new(true);
    let own = Some("Ann");
    for (kind, from, text, speaks) in [
        ("said", "Bob", "hi ann", true),
        ("did", "Bob", "waves at ANN.", true),
        ("private", "Bob", "psst", true),
        ("said", "Bob", "nothing", false),
        ("said", "Ann", "I am Ann", false),
        ("did", "Ann", "is Ann", false),
    ] {
        let object = |past: bool| {
            format!(r#"{{"event":"{kind}","from":"{from}","text":"{text}","past":{past}}}"#)
        };
        let plain = shown(&styler, "", "", &object(false), own);
        assert_eq!(plain.mention, speaks, "{kind} {text}");
        for (stamp, tag) in [("12:30", ""), ("", "#den "), ("12:30", "#den ")] {
            let it = shown(&styler, stamp, tag, &object(false), own);
            assert_eq!(it.mention, speaks, "{stamp}{tag}{text}");
            let old = shown(&styler, stamp, tag, &object(true), own);
            assert!(!old.mention);
            for it in [it, old] {
                let [it, plain] = [&it, &plain].map(printed);
                let has_bar = speaks && kind != "private";
                assert_eq!(it.starts_with("┃ "), has_bar, "{text}");
                assert!(it.ends_with(plain.trim_start_matches("┃ ")), "{text}");
            }
        }
    }
}

#[test]
fn the_own_name_is_bold_and_the_own_words_mention_nobody() {
    let styler = Styler::new(true);
    let (stamp, tag, is_own) = ("", "", true);
    let before = Before { stamp, tag, is_own };
    let told = told_of(&said("Ann", "Ann"));
    let shown = styler.told(before, &told, Some("Bob")).unwrap();
    assert_eq!(printed(&shown), "\x1b[1mAnn\x1b[0m: Ann\r\n");
    assert!(!shown.mention);
}

/// Checks that an object is shown in the words of this news, as people read them in telnet.
#[track_caller]
fn reads(object: &str, news: News) {
    let mut words = BytesMut::new();
    render(&news.into(), 0, Format::default(), &mut words);
    let shown = shown(&Styler::new(false), "", "", object, None);
    assert_eq!(
        shown.text,
        String::from_utf8_lossy(&words).trim_end(),
        "{object}"
    );
}

fn bob() -> Username {
    Username::parse("bob").unwrap()
}

#[test]
fn lines_have_the_words_that_people_read_in_telnet() {
    let text = || std::sync::Arc::<str>::from("tea");
    let from = || bob();
    let object = |kind: &str| {
        format!(r#"{{"event":"{kind}","room":"den","from":"bob","to":"bob","text":"tea"}}"#)
    };
    let (said, did) = (
        News::Said {
            from: from(),
            text: text(),
        },
        News::Action {
            from: from(),
            text: text(),
        },
    );
    reads(&object("said"), said);
    reads(&object("did"), did);
    let private = News::Private {
        from: from(),
        text: text(),
    };
    reads(&object("private"), private);
    let written = News::PrivateSent {
        to: bob(),
        text: text(),
    };
    reads(&object("written"), written);
    for count in [1, 2] {
        let skipped = format!(r#"{{"event":"skipped","count":{count},"past":true}}"#);
        reads(&skipped, News::NotKept(count));
    }
    let by = || bob();
    let topic = Some(text());
    let set = r#"{"event":"topic","by":"bob","topic":"tea"}"#;
    reads(set, News::TopicSet { by: by(), topic });
    let cleared = r#"{"event":"topic","by":"bob","topic":null}"#;
    let topic = None;
    reads(cleared, News::TopicSet { by: by(), topic });
}

#[test]
fn comings_and_goings_have_the_words_that_people_read_in_telnet() {
    let word = || Some(std::sync::Arc::<str>::from("tea"));
    let object = |kind: &str, more: &str| {
        format!(r#"{{"event":"{kind}","room":"den","name":"bob","person":2{more}}}"#)
    };
    let who = bob;
    reads(&object("joined", ""), News::Joined(bob()));
    let left = News::Left {
        who: who(),
        word: None,
    };
    reads(&object("left", ""), left);
    let left = News::Left {
        who: who(),
        word: word(),
    };
    reads(&object("left", r#","why":"tea""#), left);
    for is_banned in [true, false] {
        for reason in [word(), None] {
            let sent = if is_banned { "banned" } else { "kicked" };
            let why = reason.as_ref().map(|it| format!(r#","reason":"{it}""#));
            let more = format!(r#","sent":"{sent}","by":"olga"{}"#, why.unwrap_or_default());
            let by = "olga".into();
            let news = News::SentAway {
                who: who(),
                by,
                is_banned,
                reason,
            };
            reads(&object("left", &more), news);
        }
    }
    reads(&object("entered", ""), News::Entered(bob()));
    let listens = News::ListensIn {
        who: who(),
        from: None,
    };
    reads(&object("entered", r#","listens":true"#), listens);
    let room = RoomName::parse("tea").ok();
    reads(
        &object("went", r#","to":"tea""#),
        News::WentTo { who: who(), room },
    );
    let (from, to) = (bob(), bob());
    let renamed = r#"{"event":"renamed","from":"bob","to":"bob","person":2}"#;
    reads(renamed, News::Renamed { from, to });
}
