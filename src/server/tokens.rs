//! Tokens from the random bytes of the system.

use std::fs::File;
use std::io::Read;

use crate::token::Token;

/// Where the system has them. Reading never waits once the system has started.
const RANDOM: &str = "/dev/urandom";

/// A token that nobody can guess. `None` if the system has no random bytes for it.
pub(super) fn token() -> Option<Token> {
    let mut bytes = [0; 16];
    let read = File::open(RANDOM).and_then(|mut it| it.read_exact(&mut bytes));
    match read {
        Ok(()) => Some(Token::new(bytes)),
        Err(error) => {
            log::warn!("no token can be made: {RANDOM}: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_the_same() {
        let [Some(one), Some(two)] = [token(), token()] else {
            panic!("the system has random bytes");
        };
        assert!(one == one && one != two);
    }
}
