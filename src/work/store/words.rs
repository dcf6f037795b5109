//! The text as the index sees it.
//!
//! Case, accents and points are no part of it, and neither is the way in which a letter is composed.
//! Some scripts write no space between words. Their letters become words of their own, so that a reader finds any run
//! of them as a phrase. A change here needs another [`VERSION`], by which indexes are rebuilt.

use std::borrow::Cow;

use crate::query::{Query, Term, folded, is_unspaced};

/// The version of the index: of the text that goes into it, and of its columns.
pub(super) const VERSION: i64 = 2;

/// The text as it goes into the index.
pub(super) fn indexed(text: &str) -> Cow<'_, str> {
    // The index itself makes these letters small.
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let folded = folded(text);
    let spaced = match spaced(&folded) {
        Cow::Owned(spaced) => Some(spaced),
        Cow::Borrowed(_) => None,
    };
    Cow::Owned(spaced.unwrap_or(folded))
}

/// The text with space around each letter of a script that puts none between words.
fn spaced(text: &str) -> Cow<'_, str> {
    // All of these scripts stand behind the letters of two bytes.
    if text.is_ascii() || !text.chars().any(is_unspaced) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(2 * text.len());
    let mut was_unspaced = false;
    for c in text.chars() {
        let is_unspaced = is_unspaced(c);
        if is_unspaced || was_unspaced {
            out.push(' ');
        }
        out.push(c);
        was_unspaced = is_unspaced;
    }
    Cow::Owned(out)
}

/// The word that stands for a room in the index.
pub(super) fn room_word(id: i64) -> String {
    const YI: u32 = 0xa000;
    word(YI, id)
}

/// The word that stands for an author in the index.
pub(super) fn sender_word(id: i64) -> String {
    const HIEROGLYPHS: u32 = 0x13000;
    word(HIEROGLYPHS, id)
}

/// A number, with the letters of a script as its digits. Hardly anybody writes a word of these letters, and a search for
/// a word is slow if another column has it often. It is too short to have a place in the index of beginnings.
fn word(first: u32, id: i64) -> String {
    const DIGITS: i64 = 1024;
    let mut word = String::new();
    let mut rest = id.max(0);
    loop {
        word.extend(char::from_u32(first + (rest % DIGITS) as u32));
        rest /= DIGITS;
        if rest == 0 {
            return word;
        }
    }
}

/// What the index is asked for the words of a search. Each is quoted, and has a column: nothing that was typed is read
/// as the index's own syntax.
pub(super) fn expression(query: &Query) -> String {
    let term = |term: &Term| {
        let text = indexed(&term.text).replace('"', "\"\"");
        let star = if term.is_prefix { " *" } else { "" };
        format!("body : \"{text}\"{star}")
    };
    let terms: Vec<String> = query.terms.iter().map(term).collect();
    terms.join(" AND ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::*;
    use crate::limits::past::PREFIX_CHARS;
    use crate::moment::Offset;

    fn asked(typed: &str) -> Option<String> {
        let query = Query::parse(typed, Offset::default());
        query.ok().map(|it| expression(&it))
    }

    #[test]
    fn words_are_quoted() {
        for (typed, expression) in [
            ("tea", "body : \"tea\""),
            ("tea time", "body : \"tea\" AND body : \"time\""),
            ("\"tea time\"x", "body : \"tea time\" AND body : \"x\""),
            ("\"tea ti", "body : \"tea ti\""),
            ("dep*", "body : \"dep\" *"),
            ("\"dep*\"", "body : \"dep*\""),
            ("a\"b OR", "body : \"a\"\"b\" AND body : \"OR\""),
            ("東京*", "body : \" 東 京\""),
            ("- tea * ''", "body : \"tea\""),
            ("other:tea", "body : \"other:tea\""),
        ] {
            assert_eq!(asked(typed).as_deref(), Some(expression), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_quoted(typed in any::<String>()) {
            let quotes = asked(&typed).unwrap_or_default().matches('"').count();
            proptest::prop_assert_eq!(quotes % 2, 0);
        }
    }

    #[test]
    fn each_number_has_a_short_word_of_its_own() {
        let mut words = std::collections::HashSet::new();
        for id in (0..5000).chain(1_040_000..1_048_576) {
            for word in [room_word(id), sender_word(id)] {
                assert!(word.chars().all(char::is_alphanumeric), "{id}");
                assert!(word.chars().count() < PREFIX_CHARS, "{id}");
                assert!(words.insert(word), "{id}");
            }
        }
    }

    #[test]
    fn letters_of_scripts_without_spaces_are_words() {
        assert_eq!(spaced("plain déjà Привет"), "plain déjà Привет");
        assert_eq!(spaced("x東京y z"), "x 東 京 y z");
        assert_eq!(spaced("東京"), " 東 京");
        assert_eq!(spaced("ภาษา"), " ภ า ษ า");
        assert_eq!(spaced("한국어"), "한국어");
    }
}
