//! Names that are one slip of the finger away from what was typed.

use std::ops::RangeInclusive;

use super::Username;
use super::keys;

/// What may have been meant or left out.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789_-.";

/// How many characters must have been typed, and may: a shorter name is a slip away from too many, and each character is
/// eighty more names to look for.
const TYPED_CHARS: RangeInclusive<usize> = 3..=20;

/// A form that a name may be addressed by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slip<'a> {
    form: &'a str,
    key: u64,
}

impl Slip<'_> {
    /// As [`Username::key`].
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    pub(crate) fn addresses(&self, name: &Username) -> bool {
        name.key() == self.key && keys::addressed(name.as_str()) == self.form
    }
}

/// Looks for a name that is one letter changed, missing, too many, or swapped with the next away from what was typed.
/// It asks `find` some eighty times for each letter, however many names there are.
pub(crate) fn find_slip<T>(typed: &str, mut find: impl FnMut(Slip<'_>) -> Option<T>) -> Option<T> {
    if !TYPED_CHARS.contains(&typed.chars().count()) {
        return None;
    }
    let typed = keys::addressed(typed);
    // A sign may stand for many letters; what is no name any more has no slip.
    if typed.chars().count() > *TYPED_CHARS.end() {
        return None;
    }
    let mut form = String::with_capacity(2 * typed.len());
    let mut attempt = |parts: [&str; 4]| {
        form.clear();
        parts.iter().for_each(|part| form.push_str(part));
        let key = keys::hash(&form);
        find(Slip { form: &form, key })
    };
    let mut found = None;
    let ends = typed.char_indices().map(|(at, _)| at).chain([typed.len()]);
    for (before, behind) in ends.map(|at| typed.split_at(at)) {
        let (this, rest) = first_of(behind);
        let (next, far) = first_of(rest);
        if !this.is_empty() {
            found = found.or_else(|| attempt([before, rest, "", ""]));
        }
        if !next.is_empty() {
            found = found.or_else(|| attempt([before, next, this, far]));
        }
        for at in 0..LETTERS.len() {
            let letter = &LETTERS[at..at + 1];
            if !this.is_empty() {
                found = found.or_else(|| attempt([before, letter, rest, ""]));
            }
            found = found.or_else(|| attempt([before, letter, behind, ""]));
        }
    }
    found
}

/// The first character, and what is behind it.
fn first_of(text: &str) -> (&str, &str) {
    text.split_at(text.chars().next().map_or(0, char::len_utf8))
}
