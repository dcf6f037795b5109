//! The words that say why something is not a name.

use crate::limits::{MARKS_PER_LETTER, USERNAME_CHARS};
use crate::name::InvalidUsername;

/// Says what a name may have, and what is wrong with the typed one.
pub(crate) fn no_name(subject: &str, why: InvalidUsername) -> String {
    let rule = format!("{subject} has 1 to {USERNAME_CHARS} letters, digits, '_', '-' or '.'");
    match reason(why) {
        Some(reason) => format!("{rule}; {reason}."),
        None => format!("{rule}."),
    }
}

fn reason(why: InvalidUsername) -> Option<String> {
    Some(match why {
        InvalidUsername::Empty => return None,
        InvalidUsername::TooLong(length) => format!("that one has {length}"),
        InvalidUsername::WrittenOut(length) => format!("written out, that one has {length}"),
        InvalidUsername::WholeLine => "that one is far too long".into(),
        InvalidUsername::Begins(c) => format!("it cannot begin with {}", named(c)),
        InvalidUsername::Space => "it cannot have a space".into(),
        InvalidUsername::Character(c) => format!("it cannot have {}", named(c)),
        InvalidUsername::Invisible(c) => {
            format!("it cannot have U+{:04X}, which shows nothing", c as u32)
        }
        InvalidUsername::Mark(c) => {
            format!(
                "the mark U+{:04X} does not belong to the letter before it",
                c as u32
            )
        }
        InvalidUsername::TooManyMarks => format!("a letter has at most {MARKS_PER_LETTER} marks"),
        InvalidUsername::Directions => "its letters must all run in one direction".into(),
        InvalidUsername::Address => "it cannot look like an address".into(),
    })
}

/// The character between quotes if it is sure to stand there alone, otherwise its number: a mark would join the quote
/// before it, and a letter written from the right would move the words after it.
fn named(c: char) -> String {
    match c {
        '!'..='~'
        | '\u{2010}'..='\u{2027}'
        | '\u{20a0}'..='\u{20cf}'
        | '\u{2400}'..='\u{2426}'
        | '\u{1f300}'..='\u{1faff}'
        | char::REPLACEMENT_CHARACTER => format!("'{c}'"),
        c => format!("the character U+{:04X}", c as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Username;

    #[test]
    fn each_refusal_says_what_is_wrong_with_that_name() {
        let rule = "A username has 1 to 32 letters, digits, '_', '-' or '.'";
        let long = "x".repeat(40);
        for (typed, reason) in [
            ("", "."),
            (&long, "; that one has 40."),
            ("-x", "; it cannot begin with '-'."),
            ("a b", "; it cannot have a space."),
            ("a:b", "; it cannot have ':'."),
            ("a\u{1f389}", "; it cannot have '🎉'."),
            ("a\u{85}b", "; it cannot have a space."),
            ("a\u{9b}b", "; it cannot have the character U+009B."),
            (
                "a\u{200b}b",
                "; it cannot have U+200B, which shows nothing.",
            ),
            ("abcאבג", "; its letters must all run in one direction."),
            ("10.0.0.1", "; it cannot look like an address."),
        ] {
            let why = Username::parse(typed).expect_err(typed);
            assert_eq!(no_name("A username", why), format!("{rule}{reason}"));
        }
        assert!(
            no_name("A room's name", InvalidUsername::Space)
                .starts_with("A room's name has 1 to 32 ")
        );
    }

    #[cfg(feature = "unicode-names")]
    #[test]
    fn marks_and_what_stands_for_many_letters_have_reasons_too() {
        let rule = "A username has 1 to 32 letters, digits, '_', '-' or '.'";
        let (spread, crowned) = ("ﷺ".repeat(29), "a".to_string() + &"\u{301}".repeat(31));
        for (typed, reason) in [
            (
                "\u{64b}",
                "; the mark U+064B does not belong to the letter before it.",
            ),
            (&crowned, "; a letter has at most 5 marks."),
            (&spread, "; written out, that one has 522."),
        ] {
            let why = Username::parse(typed).expect_err(typed);
            assert_eq!(no_name("A username", why), format!("{rule}{reason}"));
        }
    }
}
