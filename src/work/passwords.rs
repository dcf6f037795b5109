//! `Passwords`: hashing passwords, and checking them, one at a time, in memory that is kept from one to the next.
//!
//! A hash is a PHC string of Argon2id: it names its own parameters and salt. An account without a hash is checked against
//! one that nobody knows the password of, so that nobody can tell by the time which accounts have one.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::account::{Hashed, Secret};
use crate::limits::accounts::{HASH_BLOCKS_MOST, HASH_PASSES_MOST};

/// Hashes passwords.
pub(crate) struct Passwords {
    params: Params,
    memory: Vec<Block>,
    /// A hash that no password has.
    nobodys: Option<PasswordHash>,
}

/// What a check of a password says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is right. If its hash has other parameters than a new one, there is another one.
    Right(Option<Hashed>),
    /// It is wrong.
    Wrong,
}

/// A password cannot be hashed: the system gives no random numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoHash;

/// The parts of a hash that a password is checked with.
struct Parts {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl Passwords {
    pub(crate) fn new() -> Passwords {
        Passwords::with(Params::default())
    }

    fn with(params: Params) -> Passwords {
        Passwords {
            params,
            memory: Vec::new(),
            nobodys: None,
        }
    }

    /// The hash of a password, with a salt of its own.
    pub(crate) fn hash(&mut self, password: &Secret) -> Result<Hashed, NoHash> {
        let hash = self.hash_bytes(password.reveal().as_bytes())?;
        Ok(Hashed::new(&hash.to_string()))
    }

    /// Whether a password has this hash. It takes as long if there is none, or none that can be read.
    pub(crate) fn check(
        &mut self,
        password: &Secret,
        hashed: Option<&Hashed>,
    ) -> Result<Checked, NoHash> {
        let hashed = hashed.and_then(|it| PasswordHash::new(it.reveal()).ok());
        let Some(parts) = hashed.as_ref().and_then(Parts::of) else {
            return self.check_nobodys(password);
        };
        if !self.is_of(password, &parts) {
            return Ok(Checked::Wrong);
        }
        let is_new = parts.algorithm == Algorithm::default()
            && parts.version == Version::default()
            && (parts.params.m_cost(), parts.params.t_cost())
                == (self.params.m_cost(), self.params.t_cost())
            && parts.params.p_cost() == self.params.p_cost();
        Ok(Checked::Right(match is_new {
            true => None,
            false => Some(self.hash(password)?),
        }))
    }

    fn check_nobodys(&mut self, password: &Secret) -> Result<Checked, NoHash> {
        let nobodys = match self.nobodys.take() {
            Some(hash) => hash,
            // No password has such bytes.
            None => self.hash_bytes(&[0xff])?,
        };
        if let Some(parts) = Parts::of(&nobodys) {
            self.is_of(password, &parts);
        }
        self.nobodys = Some(nobodys);
        Ok(Checked::Wrong)
    }

    fn is_of(&mut self, password: &Secret, parts: &Parts) -> bool {
        let mut out = [0; Output::MAX_LENGTH];
        let Some(out) = out.get_mut(..parts.output.len()) else {
            return false;
        };
        let (blocks, kept) = (parts.params.block_count(), self.params.block_count());
        self.fit(blocks);
        let argon2 = Argon2::new(parts.algorithm, parts.version, parts.params.clone());
        let password = password.reveal().as_bytes();
        let done =
            argon2.hash_password_into_with_memory(password, &parts.salt, out, &mut self.memory);
        if blocks > kept {
            self.memory = Vec::new();
        }
        // Outputs are compared in constant time.
        done.is_ok() && Output::new(out).is_ok_and(|it| it == parts.output)
    }

    fn hash_bytes(&mut self, password: &[u8]) -> Result<PasswordHash, NoHash> {
        let salt = try_generate_salt().map_err(|_| NoHash)?;
        let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
        self.fit(self.params.block_count());
        let (algorithm, version) = (Algorithm::default(), Version::default());
        let argon2 = Argon2::new(algorithm, version, self.params.clone());
        argon2
            .hash_password_into_with_memory(password, &salt, &mut out, &mut self.memory)
            .map_err(|_| NoHash)?;
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: (&self.params).try_into().map_err(|_| NoHash)?,
            salt: Some(Salt::new(&salt).map_err(|_| NoHash)?),
            hash: Some(Output::new(&out).map_err(|_| NoHash)?),
        })
    }

    fn fit(&mut self, blocks: usize) {
        if self.memory.len() < blocks {
            self.memory.resize(blocks, Block::default());
        }
    }
}

impl Parts {
    /// The parts of a hash, unless it asks for more memory or time than any hash of this server: somebody may have edited
    /// the file.
    fn of(hash: &PasswordHash) -> Option<Parts> {
        let params = Params::try_from(hash).ok()?;
        let is_bounded =
            params.block_count() <= HASH_BLOCKS_MOST && params.t_cost() <= HASH_PASSES_MOST;
        let version = hash.version.map(Version::try_from).transpose().ok()?;
        is_bounded.then_some(Parts {
            algorithm: Algorithm::try_from(hash.algorithm.as_str()).ok()?,
            version: version.unwrap_or_default(),
            params,
            salt: hash.salt?,
            output: hash.hash?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn a_password_has_its_hash_and_no_other() {
        let mut passwords = Passwords::new();
        let hash = passwords.hash(&secret("correct horse")).expect("a hash");
        let shown = hash.reveal();
        assert!(
            shown.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{shown}"
        );
        let mut check = |text, hash: Option<&Hashed>| {
            let checked = passwords.check(&secret(text), hash);
            checked.expect("random numbers")
        };
        assert_eq!(check("correct horse", Some(&hash)), Checked::Right(None));
        assert_eq!(check("correct Horse", Some(&hash)), Checked::Wrong);
        assert_eq!(check("", Some(&hash)), Checked::Wrong);
        assert_eq!(check("correct horse", None), Checked::Wrong);
        let again = passwords.hash(&secret("correct horse")).expect("a hash");
        assert_ne!(again, hash, "each has a salt of its own");
        assert_eq!(format!("{hash:?}"), "Hashed");
    }

    #[test]
    fn the_hashes_of_other_programs_are_read_and_made_anew() {
        let mut old = Passwords::with(Params::new(64, 2, 1, None).expect("they are valid"));
        let hash = old.hash(&secret("password")).expect("a hash");
        assert!(hash.reveal().contains("$m=64,t=2,p=1$"));
        let mut passwords = Passwords::with(Params::new(128, 2, 1, None).expect("they are valid"));
        let checked = passwords.check(&secret("password"), Some(&hash));
        let Ok(Checked::Right(Some(anew))) = checked else {
            panic!("{checked:?}");
        };
        assert!(anew.reveal().contains("$m=128,t=2,p=1$"));
        let checked = passwords.check(&secret("password"), Some(&anew));
        assert_eq!(checked, Ok(Checked::Right(None)));
        // From the tests of the reference implementation, version 0x13.
        let known =
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let checked = passwords.check(&secret("password"), Some(&Hashed::new(known)));
        assert!(
            matches!(checked, Ok(Checked::Right(Some(_)))),
            "{checked:?}"
        );
    }

    #[test]
    fn a_hash_that_is_none_or_asks_for_too_much_is_nobodys() {
        let mut passwords = Passwords::with(Params::new(64, 2, 1, None).expect("they are valid"));
        for text in [
            "",
            "plain",
            "$argon2id$v=19$m=64,t=2,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=64,t=4000000,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$scrypt$ln=15,r=8,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            let checked = passwords.check(&secret("password"), Some(&Hashed::new(text)));
            assert_eq!(checked, Ok(Checked::Wrong), "{text}");
        }
    }
}
