//! Names that are one slip of the finger away from what was typed.

use crate::limits::USERNAME_CHARS;

use super::Username;
use super::keys;

/// What may have been meant or left out.
const TYPED: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_-.";

/// Shorter than this, a name is a slip away from too many.
const SHORTEST: usize = 3;

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
    // As many as can be one more than a name has.
    if !(SHORTEST..=USERNAME_CHARS + 1).contains(&typed.chars().count()) {
        return None;
    }
    let letters: Vec<char> = keys::addressed(typed).chars().collect();
    let mut form = String::new();
    let mut attempt = |before: &[char], between: &[char], behind: &[char]| {
        form.clear();
        form.extend(before.iter().chain(between).chain(behind));
        let key = keys::hash(&form);
        find(Slip { form: &form, key })
    };
    for at in 0..=letters.len() {
        let (before, behind) = letters.split_at(at);
        let (next, rest) = (behind.first(), behind.get(1..).unwrap_or(&[]));
        let swapped = [rest.first().copied(), next.copied()];
        let mut found = next.and_then(|_| attempt(before, &[], rest));
        if let [Some(one), Some(other)] = swapped {
            found = found.or_else(|| attempt(before, &[one, other], &rest[1..]));
        }
        for &c in TYPED {
            let c = [char::from(c)];
            if next.is_some() {
                found = found.or_else(|| attempt(before, &c, rest));
            }
            found = found.or_else(|| attempt(before, &c, behind));
        }
        if found.is_some() {
            return found;
        }
    }
    None
}
