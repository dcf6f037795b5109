//! `Username`: parsed, bounded, compared without case; the only way to own a name.
//!
//! A `Username` that exists is valid: it holds no space, no control character, no colon (an address aside) and no
//! line end, so it can forge neither a line of the chat nor one of the log.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::limits::USERNAME_CHARS;

/// The name of a person, as they wrote it. What it is compared by is made where names are compared, and not kept.
#[derive(Clone)]
pub struct Username(Arc<str>);

/// The name of a room, which follows the rules of usernames and is shown behind a `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomName(Username);

/// Why a text is no username.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUsername;

impl Username {
    /// Takes a name as typed. Spaces around it are trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] unless it has 1 to 32 letters or digits of any script, `_`, `-` or `.`, and begins with a
    /// letter or digit. Letters that cannot be seen are refused, and so are letters written from right to left beside
    /// others, as they could change the order of what stands around the name.
    pub fn parse(text: &str) -> Result<Username, InvalidUsername> {
        let text = forms::composed(text.trim());
        let begins_well = text.chars().next().is_some_and(char::is_alphanumeric);
        let allowed =
            |c: char| (c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) && !is_invisible(c);
        let one_direction = {
            let mut letters = text.chars().filter(|c| c.is_alphabetic());
            let first = letters.next().is_some_and(runs_right_to_left);
            letters.all(|c| runs_right_to_left(c) == first)
        };
        let short = text.chars().count() <= USERNAME_CHARS;
        if begins_well && one_direction && short && text.chars().all(allowed) {
            Ok(Username(text.into()))
        } else {
            Err(InvalidUsername)
        }
    }

    /// The name of a person in anonymous mode. No typed name can equal it, as it has a colon.
    pub fn from_addr(addr: SocketAddr) -> Username {
        Username(addr.to_string().into())
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RoomName {
    /// Takes a name as typed, with or without a `#` before it.
    ///
    /// # Errors
    ///
    /// As for [`Username::parse`].
    pub fn parse(text: &str) -> Result<RoomName, InvalidUsername> {
        let text = text.trim();
        Username::parse(text.strip_prefix('#').unwrap_or(text)).map(RoomName)
    }

    /// The name of the room where everyone begins.
    pub fn lobby() -> RoomName {
        RoomName(Username("lobby".into()))
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// Letters that show nothing: the fillers of Hangul, which are letters by their category (Unicode, DerivedCoreProperties,
/// Default_Ignorable_Code_Point). What else shows nothing is no letter.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// Whether a letter is written from right to left, by the ranges that Unicode sets aside for such scripts
/// (DerivedBidiClass).
fn runs_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// What names are compared by, in a build without `unicode-names`: without case.
#[cfg(not(feature = "unicode-names"))]
mod forms {
    use std::borrow::Cow;

    pub(super) fn composed(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    pub(super) fn folded(text: &str) -> String {
        super::without_case(text.chars()).collect()
    }
}

/// What names are compared by: without case, in compatible forms (NFKC, UAX #15), and without what only looks
/// different (skeletons, UTS #39).
#[cfg(feature = "unicode-names")]
mod forms {
    use std::borrow::Cow;

    use unicode_normalization::{UnicodeNormalization, is_nfc};
    use unicode_security::skeleton;

    pub(super) fn composed(text: &str) -> Cow<'_, str> {
        if is_nfc(text) {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(text.nfc().collect())
        }
    }

    pub(super) fn folded(text: &str) -> String {
        let mut folded = String::with_capacity(text.len());
        if text.is_ascii() {
            text.chars().for_each(|c| fold_ascii(c, &mut folded));
        } else {
            let plain = super::without_case(text.nfkc()).nfd();
            plain.for_each(|c| fold(c, &mut folded));
        }
        folded
    }

    /// Names are looked up with every line, and most are ASCII: these are its confusables, by heart. The capital I is
    /// one with the small l, and as case does not count, so are i and L.
    fn fold_ascii(c: char, out: &mut String) {
        match c.to_ascii_lowercase() {
            'i' | '1' => out.push('l'),
            '0' => out.push('o'),
            'm' => out.push_str("rn"),
            c => out.push(c),
        }
    }

    /// Some letters look like none of ASCII, but their capitals do, such as the Cyrillic в. These are compared by the
    /// capital.
    fn fold(c: char, out: &mut String) {
        let looks = |c: char| skeleton(c.encode_utf8(&mut [0; 4])).collect::<String>();
        let small = looks(c);
        let capital = || c.to_uppercase().map(looks).collect::<String>();
        let look = match small.is_ascii() {
            true => small,
            false => Some(capital()).filter(|it| it.is_ascii()).unwrap_or(small),
        };
        for c in look.chars().flat_map(char::to_lowercase) {
            fold_ascii(c, out);
        }
    }

    #[cfg(test)]
    #[test]
    fn the_confusables_of_ascii_are_those_of_unicode() {
        for c in ('!'..='~').filter(|c| c.is_alphanumeric() || "_-.:[]".contains(*c)) {
            let (mut by_heart, mut by_table) = (String::new(), String::new());
            fold_ascii(c, &mut by_heart);
            fold(c.to_ascii_lowercase(), &mut by_table);
            assert_eq!(by_heart, by_table, "{c}");
        }
    }
}

/// Upper case first: it joins forms that differ in lower case only, such as σ and ς.
fn without_case(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    chars
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
}

impl PartialEq for Username {
    fn eq(&self, other: &Username) -> bool {
        forms::folded(&self.0) == forms::folded(&other.0)
    }
}

impl Eq for Username {}

impl Hash for Username {
    fn hash<H: Hasher>(&self, state: &mut H) {
        forms::folded(&self.0).hash(state);
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Username({:?})", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_are_taken_and_trimmed() {
        for (typed, shown) in [
            ("Alice", "Alice"),
            ("  bob\t", "bob"),
            ("7of9", "7of9"),
            ("Zoë-Ann_2.0", "Zoë-Ann_2.0"),
            ("Ольга", "Ольга"),
            ("花子", "花子"),
        ] {
            assert_eq!(Username::parse(typed).unwrap().as_str(), shown);
        }
        assert!(Username::parse(&"é".repeat(32)).is_ok());
    }

    #[test]
    fn what_could_forge_a_line_or_hide_is_refused() {
        let long = "x".repeat(33);
        for typed in [
            "",
            "   ",
            "-x",
            "_x",
            ".x",
            "/x",
            "a b",
            "a:b",
            "a\u{1b}[2J",
            "a\u{202e}b",
            "a\u{200b}b",
            "*",
            "a\u{fffd}",
            &long,
        ] {
            assert_eq!(Username::parse(typed), Err(InvalidUsername), "{typed:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case() {
        let name = |text| Username::parse(text).unwrap();
        assert_eq!(name("Alice"), name("aLICE"));
        assert_eq!(name("ΣΟΦΟΣ"), name("σοφος"));
        assert_eq!(name("σοφος"), name("σοφοσ"));
        assert_ne!(name("alice"), name("alice2"));
    }

    #[test]
    fn letters_that_hide_or_turn_others_around_are_refused() {
        for typed in ["\u{3164}", "a\u{ffa0}b", "abcאבג", "אבגabc", "abcعرب"] {
            assert!(Username::parse(typed).is_err(), "{typed:?}");
        }
        for typed in ["אבג", "محمد_7", "7אבג"] {
            assert!(Username::parse(typed).is_ok(), "{typed:?}");
        }
    }

    #[cfg(feature = "unicode-names")]
    #[test]
    fn names_that_look_alike_are_the_same() {
        let name = |text| Username::parse(text).unwrap();
        assert_eq!(name("paypal"), name("p\u{430}yp\u{430}l"));
        assert_eq!(name("PAYPAL"), name("p\u{430}ypal"));
        assert_eq!(name("Zoë"), name("Zoe\u{308}"));
        assert_eq!(name("ｗｉｄｅ"), name("wide"));
        assert_eq!(name("ﬁne"), name("fine"));
        assert_ne!(name("Ольга"), name("Olga"));
        // A capital I for a small l, digits for letters, Cyrillic capitals for Latin ones.
        assert_eq!(name("AIice"), name("Alice"));
        assert_eq!(name("A1ICE"), name("alice"));
        assert_eq!(name("B0B"), name("bob"));
        assert_eq!(name("\u{412}\u{41e}\u{412}"), name("BOB"));
        assert_eq!(name("\u{41d}\u{410}\u{422}"), name("hat"));
        assert_ne!(name("van"), name("nan"));
    }

    #[test]
    fn a_room_is_named_with_or_without_its_sign() {
        assert_eq!(RoomName::parse("#Tea"), RoomName::parse(" tea "));
        assert_eq!(RoomName::parse("#Tea").unwrap().to_string(), "#Tea");
        assert_eq!(RoomName::parse("LOBBY"), Ok(RoomName::lobby()));
        for typed in ["", "#", "##tea", "tea time"] {
            assert!(RoomName::parse(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn an_address_is_a_name_nobody_can_type() {
        let name = Username::from_addr("127.0.0.1:50123".parse().unwrap());
        assert_eq!(name.as_str(), "127.0.0.1:50123");
        assert!(Username::parse(name.as_str()).is_err());
    }
}
