//! What a word of a text addresses, for looking up many words in a row.

use std::borrow::Cow;

use crate::limits::USERNAME_CHARS;

use super::Username;
use super::keys;

/// The form of a word by which it may address somebody. Whether it is a name is not checked.
#[derive(Debug)]
pub(crate) struct Addressed<'a> {
    form: Cow<'a, str>,
    key: u64,
}

impl<'a> Addressed<'a> {
    /// `None` where it is too long for a name, in any form.
    pub(crate) fn new(word: &str) -> Option<Addressed<'static>> {
        // A composed letter comes of four characters at most.
        let is_short = word.chars().nth(4 * USERNAME_CHARS).is_none();
        let word = Some(word).filter(|it| !it.is_empty() && is_short)?;
        Some(Addressed::by_form(keys::addressed(word).into()))
    }

    /// What is addressed by a form.
    pub(super) fn by_form(form: Cow<'a, str>) -> Addressed<'a> {
        let key = keys::hash(&form);
        Addressed { form, key }
    }

    /// How long its form is, which tells what it took to make.
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
