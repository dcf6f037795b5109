//! Tokens of accounts in the file: whose they are, how long, and how many.

use rusqlite::Connection;

use super::{DAY, Directory, Running, Time, name, sqlite3};
use crate::account::{AccountId, Hashed, Role};
use crate::limits::accounts::{TOKEN_AGE, TOKENS};
use crate::message::{Keep, KeepAccount};
use crate::token::Token;
use crate::work::store::open::open;
use crate::work::store::tokens::account;

const ANN: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

fn token(number: u8) -> Token {
    Token::new([number; 16])
}

fn given(number: u8, is_tls: bool, at: i64) -> KeepAccount {
    let token = token(number);
    KeepAccount::Token { token, is_tls, at }
}

struct File {
    dir: Directory,
    store: Option<Running>,
}

impl File {
    /// A file with two accounts.
    fn new() -> File {
        let dir = Directory::new();
        let mut store = Running::start(&dir.options());
        for (id, text) in [(ANN, "Ann"), (BOB, "Bob")] {
            let made = KeepAccount::Made {
                name: name(text),
                role: Role::Member,
                at: DAY,
                hash: Some(Hashed::new("hash")),
            };
            store.sink.keep(Keep::Account(id, made));
        }
        let store = Some(store);
        File { dir, store }
    }

    fn keep(&mut self, account: AccountId, it: KeepAccount) {
        let store = self
            .store
            .get_or_insert_with(|| Running::start(&self.dir.options()));
        store.sink.keep(Keep::Account(account, it));
    }

    /// Of the first so many tokens, whose each is at a time.
    fn owners(&mut self, numbers: u8, is_tls: bool, at: i64) -> Vec<Option<AccountId>> {
        if let Some(mut store) = self.store.take() {
            store.sink.hand_over(9);
            store.stop();
        }
        let conn = Connection::open(self.dir.file()).expect("it opens");
        let owner = |number| account(&conn, &token(number), is_tls, at).expect("it is read");
        (0..numbers).map(owner).collect()
    }
}

#[test]
fn a_token_is_its_owners_for_thirty_days() {
    let mut file = File::new();
    let age = TOKEN_AGE.as_millis() as i64;
    file.keep(ANN, given(0, false, DAY));
    file.keep(BOB, given(1, false, DAY));
    assert_eq!(file.owners(3, false, DAY), [Some(ANN), Some(BOB), None]);
    assert_eq!(file.owners(1, true, DAY + age), [Some(ANN)]);
    assert_eq!(file.owners(2, false, DAY + age + 1), [None, None]);
    file.keep(ANN, KeepAccount::TokenOver(token(0)));
    assert_eq!(file.owners(2, false, DAY), [None, Some(BOB)]);
    // What was given long ago goes with the next one.
    file.keep(BOB, given(2, false, DAY + age + 1));
    assert_eq!(file.owners(3, false, DAY), [None, None, Some(BOB)]);
}

#[test]
fn the_file_has_a_hash_and_no_token() {
    let mut file = File::new();
    file.keep(ANN, given(0x61, false, DAY));
    file.owners(0, false, DAY);
    // As `printf aaaaaaaaaaaaaaaa | sha256sum` says.
    let hash = "0C0BEACEF8877BBF2416EB00F2B5DC96354E26DD1DF5517320459B1236860F8C";
    let sql = "SELECT hex(hash) FROM token";
    assert_eq!(sqlite3(&file.dir.file(), sql), hash);
}

#[test]
fn a_token_that_was_given_by_an_encrypted_connection_is_good_there_alone() {
    let mut file = File::new();
    file.keep(ANN, given(0, true, DAY));
    file.keep(ANN, given(1, false, DAY));
    assert_eq!(file.owners(2, false, DAY), [None, Some(ANN)]);
    assert_eq!(file.owners(2, true, DAY), [Some(ANN); 2]);
}

#[test]
fn an_account_has_the_last_few() {
    let mut file = File::new();
    file.keep(BOB, given(0, false, DAY));
    let most = TOKENS as u8;
    // Also of those that are given in the same millisecond, or by a clock that was set back.
    for number in 1..=most + 1 {
        file.keep(
            ANN,
            given(number, false, DAY - i64::from(number == most + 1)),
        );
    }
    let owners = file.owners(most + 2, false, DAY);
    assert_eq!(
        (owners[0], owners[usize::from(most) + 1]),
        (Some(BOB), Some(ANN))
    );
    let theirs = owners.iter().filter(|it| **it == Some(ANN));
    assert_eq!(theirs.count(), TOKENS);
}

#[test]
fn another_password_ends_all_tokens_and_so_does_the_end_of_the_account() {
    for end in [
        KeepAccount::Password {
            hash: Hashed::new("another"),
            seq: 9,
        },
        KeepAccount::TokensOver,
        KeepAccount::Ended { at: DAY },
        KeepAccount::Freed,
    ] {
        let mut file = File::new();
        file.keep(ANN, given(0, false, DAY));
        file.keep(ANN, given(1, true, DAY));
        file.keep(BOB, given(2, true, DAY));
        file.keep(ANN, end.clone());
        assert_eq!(
            file.owners(3, true, DAY),
            [None, None, Some(BOB)],
            "{end:?}"
        );
        // What was given on the way is nobody's, if nobody has the account.
        let ends = matches!(end, KeepAccount::Ended { .. } | KeepAccount::Freed);
        file.keep(ANN, given(3, false, DAY));
        let owner = file.owners(4, false, DAY)[3];
        assert_eq!(owner, (!ends).then_some(ANN), "{end:?}");
    }
}

#[test]
fn the_reader_knows_whose_a_token_is() {
    let mut file = File::new();
    file.keep(BOB, given(0, false, DAY));
    file.owners(0, false, DAY);
    let time = Time::new();
    let mut store = open(&file.dir.options(), time.clock()).expect("it opens");
    let found = store.reader.owner_by(&token(0), false).expect("it is read");
    let (proof, _) = found.expect("it is Bob's");
    assert_eq!((proof.account, proof.changed), (BOB, BOB.0));
    assert_eq!(store.reader.owner_by(&token(1), false), Ok(None));
    time.set(DAY + TOKEN_AGE.as_millis() as i64 + 1);
    assert_eq!(store.reader.owner_by(&token(0), false), Ok(None));
}
