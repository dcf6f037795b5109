//! Tokens of accounts: what programs come in by as their owners. The file has the SHA-256 of each.
//!
//! A token is 128 random bits, so that nobody finds it by its hash, however fast that is.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::account::AccountId;
use crate::limits::accounts::{TOKEN_AGE, TOKENS};
use crate::token::Token;

use super::line::{number, positive};

fn hash(token: &Token) -> [u8; 32] {
    Sha256::digest(token.reveal()).into()
}

/// The earliest time at which a token was given that is good at a time.
fn oldest(at: i64) -> i64 {
    at.saturating_sub(i64::try_from(TOKEN_AGE.as_millis()).unwrap_or(i64::MAX))
}

/// Keeps a token of an account, and removes those that are too old or too many.
pub(super) fn keep(
    conn: &Connection,
    account: i64,
    token: &Token,
    is_tls: bool,
    at: i64,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO token (hash, account, made, is_tls)
        SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT * FROM account WHERE id = ?2 AND ended IS NULL)";
    conn.execute(sql, (hash(token), account, at, is_tls))?;
    // The clock may have been set back since the others were given.
    let sql = "DELETE FROM token WHERE account = ?1 AND (made < ?3 OR hash NOT IN
        (SELECT hash FROM token WHERE account = ?1 ORDER BY hash = ?2 DESC, made DESC LIMIT ?4))";
    let most = i64::try_from(TOKENS).unwrap_or(i64::MAX);
    conn.execute(sql, (account, hash(token), oldest(at), most))?;
    Ok(())
}

/// Removes a token.
pub(super) fn end(conn: &Connection, token: &Token) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM token WHERE hash = ?1", [hash(token)])?;
    Ok(())
}

/// The account whose token it is at a time, by such a connection.
pub(super) fn account(
    conn: &Connection,
    token: &Token,
    is_tls: bool,
    at: i64,
) -> rusqlite::Result<Option<AccountId>> {
    let sql = "SELECT account FROM token WHERE hash = ?1 AND made >= ?2 AND is_tls <= ?3";
    let account = |row: &rusqlite::Row<'_>| Ok(AccountId(positive(number(row, 0)?)));
    conn.query_row(sql, (hash(token), oldest(at), is_tls), account)
        .optional()
}
