//! The form by which a word of a text addresses a person, made for looking up many words in a row.

use std::borrow::Cow;

use crate::limits::{MENTION_BYTES, USERNAME_CHARS};

use super::Username;
use super::keys;

/// Signs that a name may hold, but that may belong to the sentence if they stand at either end of a word.
const EDGES: [char; 3] = ['.', '-', '_'];

/// The words of a text that may name somebody, and their offsets. Each comes with the signs at its end, and without
/// them if it has any.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str, Option<&str>)> {
    let ends_word = |c| !Username::may_hold(c);
    let mut end = 0;
    text.split_inclusive(ends_word).map(move |part| {
        end += part.len();
        let begun = part.trim_start_matches(EDGES);
        let word = begun.trim_end_matches(ends_word);
        let bare = word.trim_end_matches(EDGES);
        let bare = Some(bare).filter(|bare| *bare != word);
        (end - begun.len(), word, bare)
    })
}

/// The same for people who are named by their address.
pub(crate) fn addresses(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let begins = |c: char| c == '[' || c.is_ascii_hexdigit();
    let mut end = 0;
    text.split_inclusive(char::is_whitespace).map(move |part| {
        end += part.len();
        let begun = part.trim_start_matches(|c| !begins(c));
        let word = begun.trim_end_matches(|c: char| !c.is_ascii_digit());
        (end - begun.len(), word)
    })
}

/// The part of a text that is searched for names, in whole words.
pub(crate) fn beginning(text: &str) -> &str {
    if text.len() <= MENTION_BYTES {
        return text;
    }
    let mut ends = (0..=MENTION_BYTES).rev();
    let end = ends.find(|it| text.is_char_boundary(*it)).unwrap_or(0);
    text[..end].trim_end_matches(Username::may_hold)
}

/// The form of a word by which it may address somebody. Nothing checks whether it is a name.
#[derive(Debug)]
pub(crate) struct Addressed<'a> {
    form: Cow<'a, str>,
    key: u64,
}

impl<'a> Addressed<'a> {
    /// `None` if the word is too long for a name, in any form.
    pub(crate) fn new(word: &str) -> Option<Addressed<'static>> {
        // A composed letter comes from four characters at most.
        let is_short = word.chars().nth(4 * USERNAME_CHARS).is_none();
        let word = Some(word).filter(|it| !it.is_empty() && is_short)?;
        Some(Addressed::by_form(keys::addressed(word).into()))
    }

    /// Takes a form that was made before.
    pub(super) fn by_form(form: Cow<'a, str>) -> Addressed<'a> {
        let key = keys::hash(&form);
        Addressed { form, key }
    }

    /// The length of its form, which tells how much work it took.
    pub(crate) fn bytes(&self) -> usize {
        self.form.len()
    }

    /// As [`Username::key`].
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    pub(crate) fn is_of(&self, name: &Username) -> bool {
        name.key() == self.key && keys::addressed(name.as_str()) == self.form
    }
}
