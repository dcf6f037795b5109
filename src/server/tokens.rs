//! Tokens and numbers from the random bytes of the system.

use std::fs::File;
use std::io::Read;

use crate::token::Token;

/// Where the system has them. Reading never waits once the system has started.
const RANDOM: &str = "/dev/urandom";

/// A token that nobody can guess. `None` if the system has no random bytes for it.
pub(super) fn token() -> Option<Token> {
    random().map(Token::new)
}

/// A random number. `None` if the system has no random bytes for it.
#[cfg(feature = "cluster")]
pub(super) fn number() -> Option<u64> {
    random().map(u64::from_le_bytes)
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let read = File::open(RANDOM).and_then(|mut it| it.read_exact(&mut bytes));
    let failed = |why: &std::io::Error| log::warn!("there are no random bytes: {RANDOM}: {why}");
    read.inspect_err(failed).ok()?;
    Some(bytes)
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
