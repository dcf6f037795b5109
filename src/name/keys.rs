//! `Keys`: names are compared by these. They are made once, when a name is parsed, and kept as hashes. The forms behind
//! them are made again only if two hashes are equal and the texts are not.
//!
//! The hashes are the same in every process, so that servers can exchange them.

use std::hash::{DefaultHasher, Hasher};

/// The writing of a name from which its look is taken. Two names are compared in the same writing: the capital of i
/// looks like l, but that is no reason to keep Ian and Lan apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// As typed.
    Typed,
    /// In compatible forms (NFKC, UAX #15) and small letters.
    Small,
    /// In compatible forms and capitals.
    Capital,
}

pub(crate) const LOOKS: [Look; 3] = [Look::Typed, Look::Small, Look::Capital];

/// The common form of everything that looks like a text, in each writing.
pub(super) type Looks = [String; LOOKS.len()];

pub(super) fn looks(text: &str) -> Looks {
    LOOKS.map(|it| look(text, it))
}

/// The number of keys of a name: that of the form that addresses a person, and one of each look.
pub(super) const KEYS: usize = 1 + LOOKS.len();

/// The size of all keys, in bytes.
pub(super) const BYTES: usize = size_of::<u64>() * KEYS;

/// The keys of a text with these looks.
pub(super) fn keys(text: &str, looks: &Looks) -> Vec<u8> {
    let addressed = addressed(text);
    let forms = [&addressed].into_iter().chain(looks);
    forms.flat_map(|form| hash(form).to_le_bytes()).collect()
}

/// All keys of a name.
pub(super) fn all(keys: &[u8]) -> [u64; KEYS] {
    std::array::from_fn(|place| key(keys, place))
}

/// The key of the form that addresses a person.
pub(super) fn addressed_key(keys: &[u8]) -> u64 {
    key(keys, 0)
}

/// The key of a look.
pub(super) fn look_key(keys: &[u8], look: Look) -> u64 {
    key(keys, 1 + look as usize)
}

fn key(keys: &[u8], place: usize) -> u64 {
    let (keys, _) = keys.as_chunks();
    keys.get(place).map_or(0, |key| u64::from_le_bytes(*key))
}

/// The hash of a form.
pub(super) fn hash(form: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(form.as_bytes());
    hasher.finish()
}

#[cfg(feature = "store")]
pub(super) use forms::version;
pub(super) use forms::{addressed, composed, look, written_out};

/// Whether two texts address the same person. If both are ASCII, as most are, it needs no folding.
pub(super) fn address_the_same(one: &str, other: &str) -> bool {
    match one.is_ascii() && other.is_ascii() {
        true => one.eq_ignore_ascii_case(other),
        false => addressed(one) == addressed(other),
    }
}

/// Upper case comes first: it joins forms that differ only in lower case, such as σ and ς.
fn without_case(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    chars
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

/// A build without `unicode-names`: names are compared without case, and nothing looks like anything else.
#[cfg(not(feature = "unicode-names"))]
mod forms {
    use std::borrow::Cow;

    /// The version of the tables.
    #[cfg(feature = "store")]
    pub(in crate::name) fn version() -> String {
        "none".into()
    }

    pub(in crate::name) fn composed(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    pub(in crate::name) fn written_out(text: &str) -> usize {
        text.chars().count()
    }

    pub(in crate::name) fn addressed(text: &str) -> String {
        crate::tally::fold(text.len());
        super::without_case(text.chars()).collect()
    }

    pub(in crate::name) fn look(text: &str, _: super::Look) -> String {
        addressed(text)
    }
}

#[cfg(feature = "unicode-names")]
mod forms {
    use std::borrow::Cow;

    use unicode_normalization::{UnicodeNormalization, is_nfc};
    use unicode_security::skeleton;

    use super::{Look, without_case};
    use crate::invisible::is_ignorable;
    use crate::tally;

    /// The version of the tables: those of the compatible forms, and those of what looks alike.
    #[cfg(feature = "store")]
    pub(in crate::name) fn version() -> String {
        let (major, minor, patch) = unicode_normalization::UNICODE_VERSION;
        let (looks, of_looks, patch_of_looks) = unicode_security::UNICODE_VERSION;
        format!("{major}.{minor}.{patch}/{looks}.{of_looks}.{patch_of_looks}")
    }

    pub(in crate::name) fn composed(text: &str) -> Cow<'_, str> {
        match is_nfc(text) {
            true => Cow::Borrowed(text),
            false => Cow::Owned(text.nfc().collect()),
        }
    }

    /// The number of characters once signs for several letters are written out (NFKC).
    pub(in crate::name) fn written_out(text: &str) -> usize {
        match text.is_ascii() {
            true => text.len(),
            false => text.nfkc().count(),
        }
    }

    /// The form that addresses a person: compatible (NFKC), without case and without joiners.
    pub(in crate::name) fn addressed(text: &str) -> String {
        tally::fold(text.len());
        if text.is_ascii() {
            return text.to_ascii_lowercase();
        }
        let shown = text.chars().filter(|&c| !is_ignorable(c));
        without_case(shown.nfkc()).nfd().collect()
    }

    /// The common form of everything that looks like this text (the skeleton of UTS #39).
    pub(in crate::name) fn look(text: &str, look: Look) -> String {
        tally::fold(text.len());
        if text.is_ascii() {
            let alike = |c: char| look_of_ascii(in_writing(c, look));
            return text.chars().map(alike).collect();
        }
        match look {
            Look::Typed => look_of(text.nfd()),
            Look::Small => look_of(text.nfkc().flat_map(char::to_lowercase).nfd()),
            Look::Capital => look_of(text.nfkc().flat_map(char::to_uppercase).nfd()),
        }
    }

    fn in_writing(c: char, look: Look) -> char {
        match look {
            Look::Typed => c,
            Look::Small => c.to_ascii_lowercase(),
            Look::Capital => c.to_ascii_uppercase(),
        }
    }

    fn look_of(decomposed: impl Iterator<Item = char>) -> String {
        let mut out = String::new();
        decomposed.for_each(|c| push_look(c, &mut out));
        out.nfd().collect()
    }

    /// Several plain letters never stand for the look of one: m does not become r and n.
    pub(super) fn push_look(c: char, out: &mut String) {
        let start = out.len();
        out.extend(skeleton(c.encode_utf8(&mut [0; 4])));
        if out[start..].starts_with("rn") {
            out.replace_range(start..start + 2, "m");
        }
    }

    /// Most names are ASCII. These are the confusables of ASCII, hard-coded.
    pub(super) fn look_of_ascii(c: char) -> char {
        match c {
            'I' | '1' => 'l',
            '0' => 'O',
            c => c,
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "unicode-names")]
    #[test]
    fn the_confusables_of_ascii_are_those_of_unicode() {
        use super::forms::{look_of_ascii, push_look};

        for c in ('!'..='~').filter(|c| c.is_alphanumeric() || "_-.:[]".contains(*c)) {
            let mut by_table = String::new();
            push_look(c, &mut by_table);
            assert_eq!(by_table, look_of_ascii(c).to_string(), "{c}");
        }
    }
}
