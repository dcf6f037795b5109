//! `Token`: a secret by which a program takes its seat again. It is shown to nobody but that program.

use std::fmt;

use crate::id::PersonId;

/// Random bytes of a token.
const BYTES: usize = 16;

/// A secret of 128 random bits.
#[derive(Clone, Copy)]
pub struct Token([u8; BYTES]);

impl Token {
    /// A token of random bytes.
    pub fn new(random: [u8; BYTES]) -> Token {
        Token(random)
    }

    /// Its bytes.
    #[cfg(feature = "accounts")]
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.0
    }

    /// The token as a program reads and sends it, with the number of the person whose seat it is for.
    pub(crate) fn write(&self, person: PersonId) -> String {
        format!("{:x}-{:032x}", person.0, u128::from_be_bytes(self.0))
    }

    /// The token that a program sent, and the person whose seat it is for.
    pub(crate) fn parse(text: &str) -> Option<(PersonId, Token)> {
        let (person, token) = text.split_once('-')?;
        let is_whole = token.len() == 2 * BYTES && !token.starts_with('+');
        let token = u128::from_str_radix(token, 16).ok().filter(|_| is_whole)?;
        let person = u64::from_str_radix(person, 16).ok()?;
        Some((PersonId(person), Token(token.to_be_bytes())))
    }
}

/// It takes as long wherever two tokens differ.
impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        let pairs = self.0.iter().zip(&other.0);
        let differing = pairs.fold(0, |differing, (a, b)| differing | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_is_written_and_shown_to_nobody() {
        let token = Token([0xa5; BYTES]);
        let text = token.write(PersonId(77));
        assert_eq!(text, format!("4d-{}", "a5".repeat(BYTES)));
        let (person, read) = Token::parse(&text).expect("a token");
        assert!(person == PersonId(77) && read == token);
        assert_eq!(format!("{read:?}"), "Token");
        for at in 0..BYTES {
            let mut other = token;
            other.0[at] ^= 1;
            assert!(other != token);
        }
        let none = ["", "-", "4d", "4d-a5", "4d-+5", &text[1..4], &text[3..]];
        assert!(none.iter().all(|it| Token::parse(it).is_none()));
        let sign = format!("4d-+{}", &text[4..]);
        assert!(Token::parse(&sign).is_none());
    }
}
