//! Names that are one slip of the finger away from the typed one.

use std::ops::RangeInclusive;

use super::Addressed;
use super::keys;

/// Characters that the person may have meant or left out.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789_-.";

/// Lengths of a typed name, in characters, for which to look: a shorter name is a slip away from too many, and each
/// further character adds eighty names to look for.
const TYPED_CHARS: RangeInclusive<usize> = 3..=20;

/// Looks for a name that differs from the typed one by one letter that is changed, missing, extra, or swapped with the
/// next. It calls `find` some eighty times for each letter, however many names there are.
pub(crate) fn find_slip<T>(
    typed: &str,
    mut find: impl FnMut(Addressed<'_>) -> Option<T>,
) -> Option<T> {
    if !TYPED_CHARS.contains(&typed.chars().count()) {
        return None;
    }
    let typed = keys::addressed(typed);
    // A sign may stand for many letters. A text that is too long for a name has no slip.
    if typed.chars().count() > *TYPED_CHARS.end() {
        return None;
    }
    let mut form = String::with_capacity(2 * typed.len());
    let mut attempt = |parts: [&str; 4]| {
        form.clear();
        parts.iter().for_each(|part| form.push_str(part));
        find(Addressed::by_form(form.as_str().into()))
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

/// The first character, and the rest of the text.
fn first_of(text: &str) -> (&str, &str) {
    text.split_at(text.chars().next().map_or(0, char::len_utf8))
}
