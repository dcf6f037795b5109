//! `Username`: parsed, bounded, compared without case; the only way to own a name.
//!
//! A `Username` that exists is valid: it holds no space, no control character, no colon (an address aside) and no
//! line end, so it can forge neither a line of the chat nor one of the log.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::limits::USERNAME_CHARS;

/// The name of a person, as they wrote it. Case is folded where names are compared, which is on coming in, and not kept.
#[derive(Clone)]
pub struct Username(Arc<str>);

/// Why a text is no username.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUsername;

impl Username {
    /// Takes a name as typed. Spaces around it are trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] unless it has 1 to 32 letters or digits of any script, `_`, `-` or `.`, and begins with a
    /// letter or digit.
    pub fn parse(text: &str) -> Result<Username, InvalidUsername> {
        let text = text.trim();
        let begins_well = text.chars().next().is_some_and(char::is_alphanumeric);
        let all_allowed = text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !begins_well || !all_allowed || text.chars().count() > USERNAME_CHARS {
            return Err(InvalidUsername);
        }
        Ok(Username(text.into()))
    }

    /// The name of a person in anonymous mode. No typed name can equal it, as it has a colon.
    pub fn from_addr(addr: SocketAddr) -> Username {
        Username(addr.to_string().into())
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The characters without case. Upper case first: it joins forms that differ in lower case only, such as σ and ς.
    fn folded(&self) -> impl Iterator<Item = char> + '_ {
        self.0
            .chars()
            .flat_map(char::to_uppercase)
            .flat_map(char::to_lowercase)
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Username) -> bool {
        self.folded().eq(other.folded())
    }
}

impl Eq for Username {}

impl Hash for Username {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for c in self.folded() {
            c.hash(state);
        }
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
    fn an_address_is_a_name_nobody_can_type() {
        let name = Username::from_addr("127.0.0.1:50123".parse().unwrap());
        assert_eq!(name.as_str(), "127.0.0.1:50123");
        assert!(Username::parse(name.as_str()).is_err());
    }
}
