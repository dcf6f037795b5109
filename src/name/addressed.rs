//! What a word of a text addresses, for looking up many words in a row.

use crate::limits::USERNAME_CHARS;

use super::Username;
use super::keys;

/// The form of a word by which it may address somebody. Whether it is a name is not checked.
#[derive(Debug)]
pub(crate) struct Addressed {
    form: String,
    key: u64,
}

impl Addressed {
    /// `None` where it is too long for a name, in any form.
    pub(crate) fn new(word: &str) -> Option<Addressed> {
        // A composed letter comes of four characters at most.
        let is_short = word.chars().nth(4 * USERNAME_CHARS).is_none();
        let form = keys::addressed(Some(word).filter(|it| !it.is_empty() && is_short)?);
        let key = keys::hash(&form);
        Some(Addressed { form, key })
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
