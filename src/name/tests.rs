//! Names: which are valid, which are refused and why, which are the same, and which exclude each other.

use crate::limits::MARKS_PER_LETTER;
use crate::tally;

use super::*;

fn name(text: &str) -> Username {
    Username::parse(text).unwrap_or_else(|why| panic!("{text:?}: {why:?}"))
}

fn refusal(text: &str) -> InvalidUsername {
    Username::parse(text).expect_err(text)
}

#[test]
fn names_of_any_script_are_taken_and_trimmed() {
    for (typed, shown) in [
        ("Alice", "Alice"),
        ("  bob\t", "bob"),
        ("7of9", "7of9"),
        ("Zoë-Ann_2.0", "Zoë-Ann_2.0"),
        ("Ольга", "Ольга"),
        ("花子", "花子"),
    ] {
        assert_eq!(name(typed).as_str(), shown);
    }
    assert!(Username::parse(&"é".repeat(32)).is_ok());
}

#[cfg(feature = "unicode-names")]
#[test]
fn letters_have_the_marks_of_their_script() {
    for typed in [
        "हिन्दी",
        "दुःख",
        "தமிழ்",
        "ก้อง",
        "ទូច",
        "မြို့",
        "བསྟན་འཛིན",
        "Ṣọlá\u{301}",
        "q\u{323}\u{301}",
        "Мо\u{301}ника",
        "שָׁלוֹם",
        "מֻחַמַּד",
        "مُحَمَّد",
        "か\u{3099}",
    ] {
        name(typed);
    }
}

#[cfg(feature = "unicode-names")]
#[test]
fn joiners_stand_where_they_change_how_letters_are_written() {
    for typed in [
        "علی\u{200c}رضا",
        "क्\u{200d}ष",
        "क\u{94d}\u{200c}ष",
        "ශ්\u{200d}රී",
        "ন\u{9cd}\u{200d}",
        "র\u{200d}\u{9cd}যাচেল",
        "Col\u{b7}legi",
        "ジョン・スミス",
        "רמב\u{5f4}ם",
    ] {
        name(typed);
    }
    for (typed, why) in [
        ("a\u{200d}b", InvalidUsername::Invisible('\u{200d}')),
        ("a\u{200c}b", InvalidUsername::Invisible('\u{200c}')),
        ("\u{200c}علی", InvalidUsername::Invisible('\u{200c}')),
        ("علی\u{200c}", InvalidUsername::Invisible('\u{200c}')),
        ("क\u{200d}ष", InvalidUsername::Invisible('\u{200d}')),
        ("a\u{b7}b", InvalidUsername::Character('\u{b7}')),
        ("a・b", InvalidUsername::Character('・')),
    ] {
        assert_eq!(refusal(typed), why, "{typed:?}");
    }
    // Joiners are not part of the form that addresses a person, and hide nobody.
    assert_eq!(name("علی\u{200c}رضا"), name("علیرضا"));
}

#[test]
fn each_refusal_has_one_reason() {
    for (typed, why) in [
        ("", InvalidUsername::Empty),
        ("   ", InvalidUsername::Empty),
        ("-x", InvalidUsername::Begins('-')),
        ("_x", InvalidUsername::Begins('_')),
        (".x", InvalidUsername::Begins('.')),
        ("/x", InvalidUsername::Character('/')),
        ("a b", InvalidUsername::Space),
        ("a\u{3000}b", InvalidUsername::Space),
        ("a:b", InvalidUsername::Character(':')),
        ("a\u{1b}[2J", InvalidUsername::Character('\u{1b}')),
        ("a\u{202e}b", InvalidUsername::Invisible('\u{202e}')),
        ("a\u{200b}b", InvalidUsername::Invisible('\u{200b}')),
        ("a\u{ad}b", InvalidUsername::Invisible('\u{ad}')),
        ("*", InvalidUsername::Character('*')),
        ("a\u{fffd}", InvalidUsername::Character('\u{fffd}')),
        ("🎉", InvalidUsername::Character('🎉')),
        ("abcאבג", InvalidUsername::Directions),
        ("אבגabc", InvalidUsername::Directions),
        ("abcعرب", InvalidUsername::Directions),
    ] {
        assert_eq!(refusal(typed), why, "{typed:?}");
    }
    assert_eq!(refusal(&"x".repeat(33)), InvalidUsername::TooLong(33));
    let far = "x".repeat(1_000_000);
    assert_eq!(refusal(&far), InvalidUsername::TooLong(1_000_000));
}

#[test]
fn letters_that_show_nothing_are_refused() {
    for c in "\u{3164}\u{ffa0}\u{115f}\u{1160}\u{13441}\u{13442}\u{2800}\u{17b4}".chars() {
        assert_eq!(refusal(&c.to_string()), InvalidUsername::Invisible(c));
        assert_eq!(refusal(&format!("a{c}b")), InvalidUsername::Invisible(c));
    }
}

#[test]
fn names_written_from_right_to_left_are_taken() {
    for typed in ["אבג", "محمد_7", "7אבג"] {
        name(typed);
    }
}

#[cfg(feature = "unicode-names")]
#[test]
fn marks_that_do_not_belong_to_their_letter_are_refused() {
    for (typed, why) in [
        ("\u{64b}", InvalidUsername::Mark('\u{64b}')),
        ("Alice\u{345}", InvalidUsername::Mark('\u{345}')),
        ("a\u{94d}", InvalidUsername::Mark('\u{94d}')),
        ("क\u{64b}", InvalidUsername::Mark('\u{64b}')),
        ("7\u{301}", InvalidUsername::Mark('\u{301}')),
        ("a-\u{301}", InvalidUsername::Mark('\u{301}')),
        ("a\u{20dd}", InvalidUsername::Character('\u{20dd}')),
        ("a\u{20d0}", InvalidUsername::Mark('\u{20d0}')),
        ("a\u{1d165}", InvalidUsername::Mark('\u{1d165}')),
        ("ali\u{307}ce", InvalidUsername::Mark('\u{307}')),
    ] {
        assert_eq!(refusal(typed), why, "{typed:?}");
    }
    let crowned = format!("q{}", "\u{301}".repeat(MARKS_PER_LETTER));
    assert!(Username::parse(&crowned).is_ok());
    let more = format!("{crowned}\u{301}");
    assert_eq!(refusal(&more), InvalidUsername::TooManyMarks);
    let many = format!("a{}", "\u{301}".repeat(31));
    assert_eq!(refusal(&many), InvalidUsername::TooManyMarks);
}

#[test]
fn a_sign_that_stands_for_many_letters_has_no_slips() {
    let mut tried = 0;
    let found = find_slip(&"\u{fdfa}".repeat(20), |_| -> Option<()> {
        tried += 1;
        None
    });
    assert_eq!((found, tried), (None, 0));
}

#[test]
fn no_name_looks_like_an_address() {
    for typed in [
        "10.0.0.1",
        "10.0.0.1-5000",
        "999.0.0.1x",
        "127.0.0.1.example",
    ] {
        assert_eq!(refusal(typed), InvalidUsername::Address, "{typed:?}");
    }
    for typed in [
        "127.0.0.1:50123",
        "[::1]:5000",
        "fe80::1",
        "fe80\u{a789}\u{a789}1",
    ] {
        let why = refusal(typed);
        assert!(matches!(why, InvalidUsername::Character(_)), "{typed:?}");
    }
    for typed in ["10.0.1", "1.2.3", "v1.2.3.4", "a.b.c.d", "1234.0.0.1"] {
        name(typed);
    }
}

#[cfg(feature = "unicode-names")]
#[test]
fn nothing_that_looks_like_an_address_is_a_name() {
    for typed in [
        "10.0.0.1\u{2d0}5000",
        "IO.O.0.l",
        "１０.０.０.１",
        "١٠.٠.٠.١",
        "10\u{a4f8}0\u{a4f8}0\u{a4f8}1",
    ] {
        assert_eq!(refusal(typed), InvalidUsername::Address, "{typed:?}");
    }
    for typed in ["fe80\u{2d0}\u{2d0}1", "Bob\u{2d0}", "Bob\u{a4fd}"] {
        let colon = typed.chars().find(|c| !c.is_ascii()).unwrap();
        assert_eq!(refusal(typed), InvalidUsername::Character(colon));
    }
    name("ꓡꓲꓽ");
}

#[cfg(feature = "unicode-names")]
#[test]
fn a_name_is_short_when_it_is_written_out_too() {
    name("ﷺ");
    let long = "ﷺ".repeat(29);
    assert_eq!(refusal(&long), InvalidUsername::WrittenOut(29 * 18));
}

#[test]
fn people_are_addressed_in_any_case() {
    assert_eq!(name("Alice"), name("aLICE"));
    assert_eq!(name("ΣΟΦΟΣ"), name("σοφος"));
    assert_eq!(name("σοφος"), name("σοφοσ"));
    assert_ne!(name("alice"), name("alice2"));
}

#[cfg(feature = "unicode-names")]
#[test]
fn people_are_addressed_in_any_form_of_their_letters_and_in_no_look() {
    assert_eq!(name("Zoë"), name("ZOE\u{308}"));
    assert_eq!(name("ｗｉｄｅ"), name("wide"));
    assert_eq!(name("ﬁne"), name("fine"));
    for (one, other) in [("Neil", "Nell"), ("paypal", "p\u{430}ypal"), ("B0B", "bob")] {
        assert_ne!(name(one), name(other));
    }
}

#[test]
fn plain_names_are_free_beside_each_other() {
    for (one, other) in [
        ("Ian", "Lan"),
        ("Eli", "Ell"),
        ("Lia", "Ila"),
        ("Tom", "Torn"),
        ("barn", "bam"),
        ("modern", "modem"),
        ("Ali", "All"),
        ("Neil", "Nell"),
        ("Ольга", "Olga"),
        ("van", "nan"),
        ("corn", "com"),
        ("clay", "day"),
        ("Kai", "Kal"),
    ] {
        for [one, other] in [[one, other], [other, one]] {
            assert!(!name(one).looks_like(&name(other)), "{one} {other}");
        }
    }
}

#[cfg(feature = "unicode-names")]
#[test]
fn names_that_could_be_mistaken_for_each_other_are_taken() {
    for (one, other) in [
        ("Bill", "BiIl"),
        ("B0B", "bob"),
        ("A1ICE", "ALICE"),
        ("A1ICE", "alice"),
        ("AIice", "Alice"),
        ("НАТ", "hat"),
        ("ВОВ", "BOB"),
        ("\u{3f9}arl", "Carl"),
        ("\u{39d}ina", "Nina"),
        ("p\u{430}ypal", "paypal"),
        ("p\u{430}ypal", "PAYPAL"),
        ("ＡLICE", "alice"),
        ("Tom", "To\u{ff4d}"),
        ("ﬁne", "fine"),
        ("علی\u{200c}رضا", "علیرضا"),
    ] {
        for [one, other] in [[one, other], [other, one]] {
            assert!(name(one).looks_like(&name(other)), "{one} {other}");
        }
    }
}

#[test]
fn a_room_is_named_with_or_without_its_sign() {
    assert_eq!(RoomName::parse("#Tea"), RoomName::parse(" tea "));
    assert_eq!(RoomName::parse("#Tea").unwrap().to_string(), "#Tea");
    assert_eq!(RoomName::parse("LOBBY"), Ok(RoomName::lobby()));
    for typed in ["", "#", "##tea", "tea time"] {
        assert!(RoomName::parse(typed).is_err(), "{typed:?}");
    }
}

#[test]
fn an_address_is_a_name_nobody_can_type() {
    let addr = "127.0.0.1:50123".parse().unwrap();
    let (first, second) = (
        Username::from_addr(addr),
        Username::from_addr_again(addr, 2),
    );
    assert_eq!(first.as_str(), "127.0.0.1:50123");
    assert_eq!(second.as_str(), "127.0.0.1:50123-2");
    for name in [&first, &second] {
        assert!(Username::parse(name.as_str()).is_err());
    }
    assert!(!first.looks_like(&second));
}

/// The number of forms made by an action.
fn folds(act: impl FnOnce()) -> usize {
    let before = tally::done().folds;
    act();
    tally::done().folds - before
}

#[test]
fn names_are_compared_without_folding_them() {
    let long: Vec<Username> = (0..100).map(|i| name(&format!("Ünlü{i}"))).collect();
    let work = folds(|| {
        let known: std::collections::HashSet<&Username> = long.iter().collect();
        for one in &long {
            assert!(known.contains(&one.clone()));
            assert_eq!(long.iter().filter(|other| *other == one).count(), 1);
            assert_eq!(long.iter().filter(|it| it.looks_like(one)).count(), 1);
        }
    });
    assert_eq!(work, 0);
    // An equal hash alone does not make two names the same.
    assert_eq!(folds(|| assert_eq!(name("Ünlü"), name("ünlü"))), 2 * 4 + 2);
}

#[test]
fn a_slip_finds_a_name_one_letter_away() {
    let nell = name("Nell");
    let finds = |typed| find_slip(typed, |slip| slip.is_of(&nell).then_some(())).is_some();
    for typed in ["Neil", "nel", "nelll", "Nlel", "xnell", "nell.", "NELK"] {
        assert!(finds(typed), "{typed}");
    }
    for typed in ["", "ne", "Nora", "lenl", "nellxx"] {
        assert!(!finds(typed), "{typed}");
    }
    let mut asked = 0;
    let none: Option<()> = find_slip(&"x".repeat(20), |_| {
        asked += 1;
        None
    });
    assert!(none.is_none() && asked < 21 * 80);
    assert!(find_slip(&"x".repeat(21), |_| Some(())).is_none());
}

proptest::proptest! {
    #[test]
    fn what_is_a_name_is_one_again(typed in "\\PC{1,12}|[a-zA-Z0-9._-]{1,12}|[\\p{L}\\p{M}\u{200c}\u{200d}]{1,8}") {
        if let Ok(name) = Username::parse(&typed) {
            let again = Username::parse(name.as_str()).unwrap();
            assert_eq!(again.as_str(), name.as_str());
            assert!(again == name && again.looks_like(&name));
            assert!(!name.as_str().contains(|c: char| c.is_control() || c.is_whitespace()));
        }
    }

    #[test]
    fn looking_alike_is_mutual(one in "[a-zA-Z0-9IlO0іΙрѕ]{1,4}", other in "[a-zA-Z0-9IlO0іΙрѕ]{1,4}") {
        if let (Ok(one), Ok(other)) = (Username::parse(&one), Username::parse(&other)) {
            assert_eq!(one.looks_like(&other), other.looks_like(&one));
            assert!(one != other || one.looks_like(&other));
        }
    }
}
