//! Names as they travel between servers: `["Ann","…"]`, the text and its keys in hexadecimal digits.
//!
//! The keys travel too, because servers may have different tables of Unicode, and everything that all of them must
//! decide alike goes by the keys. Who wrote the JSON is not known, so a name must not be able to forge a line.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::invisible::shows_nothing;
use crate::limits::USERNAME_CHARS;

use super::{RoomName, Username, keys, rules};

impl Username {
    /// A name that another server gave, with its keys. `None`: it is none by any tables, or the keys are not keys.
    fn from_elsewhere(text: &str, digits: &str) -> Option<Username> {
        let keys = bytes(digits)?;
        // No character takes more than four bytes.
        let is_short = (1..=4 * USERNAME_CHARS).contains(&text.len());
        let known = Username::with_keys(text, &keys);
        if known.is_some() {
            return known.filter(|_| is_short);
        }
        let is_name = is_short && text.chars().all(is_harmless);
        is_name.then(|| Username([&keys, text.as_bytes()].concat().into()))
    }
}

/// Whether a character can forge no line. It may be a letter of tables newer than these.
fn is_harmless(c: char) -> bool {
    let is_new = !shows_nothing(c) && rules::is_unassigned(c);
    (rules::may_hold(c) || is_new) && !c.is_control()
}

fn digits(keys: &[u8]) -> String {
    let half = |it: u8| char::from_digit(it.into(), 16).unwrap_or('0');
    let both = keys.iter().flat_map(|it| [half(it >> 4), half(it & 15)]);
    both.collect()
}

fn bytes(digits: &str) -> Option<[u8; keys::BYTES]> {
    let half = |it: u8| char::from(it).to_digit(16);
    let (pairs, rest) = digits.as_bytes().as_chunks();
    if pairs.len() != keys::BYTES || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; keys::BYTES];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = u8::try_from(half(*high)? << 4 | half(*low)?).ok()?;
    }
    Some(bytes)
}

impl Serialize for Username {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.as_str(), digits(self.key_bytes())).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Username {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Username, D::Error> {
        let (text, digits) = <(String, String)>::deserialize(from)?;
        Username::from_elsewhere(&text, &digits).ok_or_else(|| D::Error::custom("no name"))
    }
}

impl Serialize for RoomName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for RoomName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<RoomName, D::Error> {
        Username::deserialize(from).map(RoomName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Username> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn a_name_arrives_as_it_left_with_its_keys() {
        let mut names = vec![
            Username::from_addr("[2001:db8::1]:65535".parse().unwrap()),
            Username::from_addr_again("192.0.2.1:1".parse().unwrap(), usize::MAX),
        ];
        let typed = ["Ann", "x_1.-", "Ünlü", "सत्य", "col·lecció", "מיכל"];
        names.extend(typed.iter().filter_map(|it| Username::parse(it).ok()));
        for name in names {
            let text = serde_json::to_string(&name).unwrap();
            let read = read(&text).unwrap();
            assert_eq!(read.as_str(), name.as_str(), "{text}");
            assert_eq!(read.keys(), name.keys(), "{text}");
            assert!(text.starts_with(&format!("[\"{name}\",\"")), "{text}");
        }
    }

    #[test]
    fn keys_of_other_tables_are_kept() {
        let keys = "00112233445566778899aabbccddeeff".repeat(2);
        let name = read(&format!("[\"ann\",\"{keys}\"]")).unwrap();
        assert_eq!(
            name.key(),
            u64::from_le_bytes([0, 17, 34, 51, 68, 85, 102, 119])
        );
        for wrong in [
            "",
            "0",
            &keys[1..],
            &keys.replace('f', "g"),
            &format!("{keys}00"),
        ] {
            assert_eq!(read(&format!("[\"ann\",\"{wrong}\"]")), None, "{wrong}");
        }
    }

    #[test]
    fn what_could_forge_a_line_is_no_name() {
        let keys = "0".repeat(2 * keys::BYTES);
        let name = |text: &str| {
            let text = serde_json::to_string(text).unwrap();
            read(&format!("[{text},\"{keys}\"]"))
        };
        // The second is no letter yet.
        for text in ["ann", "ann\u{e1ff0}", "-x"] {
            let is_one = cfg!(feature = "unicode-names") || text.is_ascii();
            assert_eq!(name(text).is_some(), is_one, "{text:?}");
        }
        let long = "x".repeat(4 * USERNAME_CHARS + 1);
        for text in [
            "",
            " ",
            "an n",
            "ann\n",
            "a\rb",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{1b}[2J",
            "ann:",
            "a\u{202e}b",
            "#tea",
            "a\tb",
            "a\u{0}b",
            "a\u{ad}b",
            "a\u{2800}b",
            "a/b",
            "\"",
            "a：b",
            &long,
        ] {
            assert_eq!(name(text), None, "{text:?}");
        }
    }
}
