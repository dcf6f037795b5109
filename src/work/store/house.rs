//! What a file has about accounts and order, as a server needs it before it listens.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use rusqlite::{Connection, Row, Rows};

use crate::account::{AccountId, KnownAddresses, Role};
use crate::message::{Audit, KeptAccount, KeptHouse, Report as Told};
use crate::name::{self, LOOKS, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

use super::batch::{LOCKED_DOWN, table};
use super::error::Report;
use super::line::{a_name, address, number, positive, room_name, text};
use super::schema::{JOURNAL, meta};

/// What the file has. `now` is the time: milliseconds since 1970-01-01 00:00 UTC.
pub(super) fn load(conn: &Connection, now: i64) -> rusqlite::Result<KeptHouse> {
    let mut sanctions = Vec::new();
    for kind in [SanctionKind::Ban, SanctionKind::Mute] {
        load_sanctions(conn, kind, now, &mut sanctions)?;
    }
    sanctions.sort_by_key(|it| it.id);
    Ok(KeptHouse {
        accounts: accounts(conn)?,
        sanctions,
        locked_down: meta(conn, LOCKED_DOWN)?.filter(|until| now < *until),
        reports: reports(conn)?,
        journal: meta(conn, JOURNAL)?.map(|it| positive(Some(it))),
    })
}

fn accounts(conn: &Connection) -> rusqlite::Result<Vec<KeptAccount>> {
    let sql = "SELECT account, address FROM account_address ORDER BY account, number";
    let mut read = conn.prepare(sql)?;
    // Both come by the numbers of accounts, so that never more than one account's are here.
    let mut addresses = Addresses::new(read.query([])?)?;
    let mut waiting = HashMap::new();
    let mut read = conn.prepare("SELECT account, count(*) FROM waiting GROUP BY account")?;
    let mut found = read.query([])?;
    while let Some(row) = found.next()? {
        let count: i64 = row.get(1)?;
        waiting.insert(positive(number(row, 0)?), count.max(0) as usize);
    }
    let sql = "SELECT id, name, keys, role, changed, ended, unicode,
        CASE WHEN ended IS NULL THEN coalesce(last, made) END FROM account ORDER BY id";
    let mut read = conn.prepare(sql)?;
    let account = |row: &Row<'_>| {
        let id = positive(number(row, 0)?);
        let changed = positive(number(row, 4)?);
        Ok(KeptAccount {
            id: AccountId(id),
            name: name_of(row, id)?,
            role: Role::parse(&text(row, 3)?).unwrap_or_default(),
            changed: changed.max(id),
            has_ended: number(row, 5)?.is_some(),
            addresses: addresses.of(id)?,
            waiting: waiting.remove(&id).unwrap_or_default(),
            last: number(row, 7)?.unwrap_or(0),
        })
    };
    let count: i64 = conn.query_row("SELECT count(*) FROM account", [], |row| row.get(0))?;
    let mut accounts = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    for it in read.query_map([], account)? {
        accounts.push(it?);
    }
    Ok(accounts)
}

/// The name of an account, by its keys if these are of the present tables.
fn name_of(row: &Row<'_>, id: u64) -> rusqlite::Result<Username> {
    let (name, of) = (text(row, 1)?, text(row, 6)?);
    let keys = match row.get_ref(2)?.as_bytes() {
        Ok(keys) if *of == *name::tables() => keys,
        _ => &[],
    };
    let name = Username::with_keys(&name, keys).or_else(|| Username::of_old(&name));
    // Somebody edited the file. The account stays, and an operator can give it up.
    match name {
        Some(name) => Ok(name),
        None => a_name(&format!("unknown-{id}").into()),
    }
}

/// The last addresses of accounts, as they are read by the numbers of accounts.
struct Addresses<'a> {
    rows: Rows<'a>,
    /// The next row.
    next: Option<(u64, Option<IpAddr>)>,
}

impl<'a> Addresses<'a> {
    fn new(rows: Rows<'a>) -> rusqlite::Result<Addresses<'a>> {
        let mut addresses = Addresses { rows, next: None };
        addresses.step()?;
        Ok(addresses)
    }

    fn step(&mut self) -> rusqlite::Result<()> {
        self.next = match self.rows.next()? {
            None => None,
            Some(row) => {
                let address = row.get_ref(1)?.as_str().ok().and_then(address);
                Some((positive(number(row, 0)?), address))
            }
        };
        Ok(())
    }

    /// Those of an account. Each account asked for has a higher number than the one before.
    fn of(&mut self, account: u64) -> rusqlite::Result<KnownAddresses> {
        let mut all = KnownAddresses::default();
        while let Some((of, address)) = self.next.filter(|(of, _)| *of <= account) {
            // Rows of no account are left out.
            if let Some(address) = address.filter(|_| of == account) {
                all.note(address);
            }
            self.step()?;
        }
        Ok(all)
    }
}

fn load_sanctions(
    conn: &Connection,
    kind: SanctionKind,
    now: i64,
    to: &mut Vec<Arc<Sanction>>,
) -> rusqlite::Result<()> {
    let sql = format!(
        "SELECT id, account, net, guest, name, room, is_for_all, by, reason, at, until FROM {}
            WHERE until IS NULL OR until > ?1",
        table(kind)
    );
    let mut read = conn.prepare(&sql)?;
    let mut found = read.query([now])?;
    while let Some(row) = found.next()? {
        let target = match number(row, 1)? {
            Some(id) => Some(Target::Account(AccountId(positive(Some(id))))),
            None => match text(row, 2)?.parse() {
                Ok(network) => Some(Target::Network(network)),
                Err(_) => Username::parse_any(&text(row, 3)?).map(Target::Name),
            },
        };
        // Somebody edited the file so that nobody is met.
        let Some(target) = target else {
            continue;
        };
        let room = Some(text(row, 5)?).filter(|it| !it.is_empty());
        to.push(Arc::new(Sanction {
            id: positive(number(row, 0)?),
            kind,
            target,
            name: Username::parse_any(&text(row, 4)?),
            room: room.and_then(|it| room_name(&it)),
            is_for_all: number(row, 6)? == Some(1),
            by: (*text(row, 7)?).into(),
            reason: some_text(row, 8)?,
            at: number(row, 9)?.unwrap_or(0),
            until: number(row, 10)?,
        }));
    }
    Ok(())
}

fn reports(conn: &Connection) -> rusqlite::Result<Vec<Told>> {
    let mut read = conn.prepare("SELECT at, by, body FROM report WHERE NOT is_read ORDER BY id")?;
    let report = |row: &Row<'_>| {
        Ok(Told {
            at: number(row, 0)?.unwrap_or(0),
            by: a_name(&text(row, 1)?)?,
            text: text(row, 2)?,
        })
    };
    read.query_map([], report)?.collect()
}

/// What was done to people, the last so many acts, the oldest first.
pub(super) fn audit(conn: &Connection, count: usize) -> rusqlite::Result<Vec<Audit>> {
    let sql =
        "SELECT seq, at, by, act, whom, net, room, reason FROM audit ORDER BY id DESC LIMIT ?1";
    let mut read = conn.prepare(sql)?;
    let audit = |row: &Row<'_>| {
        let room = some_text(row, 6)?;
        Ok(Audit {
            seq: positive(number(row, 0)?),
            at: number(row, 1)?.unwrap_or(0),
            by: (*text(row, 2)?).into(),
            act: (*text(row, 3)?).into(),
            whom: some_text(row, 4)?.map(|it| (*it).into()),
            network: some_text(row, 5)?.map(|it| (*it).into()),
            room: room.and_then(|it| room_name(&it)),
            reason: some_text(row, 7)?,
        })
    };
    let rows = read.query_map([i64::try_from(count).unwrap_or(i64::MAX)], audit)?;
    let mut rows: Vec<Audit> = rows.collect::<Result<_, _>>()?;
    rows.reverse();
    Ok(rows)
}

/// A text of the file, if there is one.
fn some_text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Arc<str>>> {
    Ok(Some(text(row, column)?).filter(|it| !it.is_empty()))
}

/// Makes the keys of names anew that were made by other tables. If names that were apart look alike then, both stay, and
/// an operator is told.
pub(super) fn renew_keys(conn: &mut Connection, reports: &mut Vec<Report>) -> rusqlite::Result<()> {
    let tables = name::tables();
    let mut old = Vec::new();
    {
        let mut read = conn.prepare("SELECT id, name FROM account WHERE unicode <> ?1")?;
        let mut found = read.query([tables])?;
        while let Some(row) = found.next()? {
            let name = Username::of_old(&text(row, 1)?);
            old.extend(name.map(|it| (row.get::<_, i64>(0), it)));
        }
    }
    if old.is_empty() {
        // All were looked at. The pages are for whatever is read next.
        return conn.execute_batch("PRAGMA shrink_memory");
    }
    let all = conn.transaction()?;
    {
        let sql = "UPDATE account SET key = ?2, keys = ?3, unicode = ?4 WHERE id = ?1";
        let mut update = all.prepare(sql)?;
        for (id, name) in &old {
            let id = *id.as_ref().map_err(|_| rusqlite::Error::InvalidQuery)?;
            update.execute((id, name.folded(), name.key_bytes(), tables))?;
        }
    }
    all.commit()?;
    reports.extend(alike(&accounts(conn)?));
    Ok(())
}

/// What to tell of accounts whose names look alike.
fn alike(accounts: &[KeptAccount]) -> Option<Report> {
    let mut seen: HashMap<(usize, u64), &Username> = HashMap::new();
    let (mut count, mut first) = (0, None);
    for account in accounts {
        let name = &account.name;
        let looks = LOOKS.into_iter().map(|look| name.look_key(look));
        let keys = [name.key()].into_iter().chain(looks).enumerate();
        let keys: Vec<(usize, u64)> = keys.collect();
        if let Some(other) = keys.iter().find_map(|key| seen.get(key)) {
            count += 1;
            first.get_or_insert_with(|| (other.to_string(), name.to_string()));
        }
        for key in keys {
            seen.entry(key).or_insert(name);
        }
    }
    first.map(|(one, other)| Report::Alike { count, one, other })
}

/// Every account of a directory in aligned rows, whether or not a server uses it.
///
/// # Errors
///
/// [`Error`](super::Error).
#[cfg(feature = "accounts")]
pub fn list_accounts(dir: &std::path::Path) -> Result<String, super::Error> {
    use crate::wire::columns;

    let file = super::open::file_in(dir);
    let conn = super::backup::source(&file)?;
    let rows = account_rows(&conn).map_err(|why| super::Error::sqlite(&file, &why))?;
    let width = |column: usize| rows.iter().map(|it| columns(&it[column])).max();
    let widths = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    let row = |it: &[String; 4]| {
        let [name, role, made, last] = it;
        let [names, roles, dates] = widths;
        let padding = " ".repeat(names - columns(name));
        format!("{name}{padding}  {role:roles$}  {made:dates$}  {last}\n")
    };
    Ok(rows.iter().map(row).collect())
}

/// The rows with their heading. Times are of UTC.
#[cfg(feature = "accounts")]
fn account_rows(conn: &Connection) -> rusqlite::Result<Vec<[String; 4]>> {
    let sql = "SELECT id, name, keys, iif(ended IS NULL, role, 'reserved'),
            strftime('%Y-%m-%d %H:%M', made / 1000, 'unixepoch'),
            strftime('%Y-%m-%d %H:%M', last / 1000, 'unixepoch'), unicode
        FROM account ORDER BY key, id";
    let mut read = conn.prepare(sql)?;
    let account = |row: &Row<'_>| {
        let name = name_of(row, positive(number(row, 0)?))?.to_string();
        let shown = |column| {
            let text = some_text(row, column)?;
            Ok::<_, rusqlite::Error>(text.map_or_else(|| "-".into(), |it| it.to_string()))
        };
        Ok([name, shown(3)?, shown(4)?, shown(5)?])
    };
    let heading = ["NAME", "ROLE", "MADE", "LAST"].map(String::from);
    let mut rows = vec![heading];
    for row in read.query_map([], account)? {
        rows.push(row?);
    }
    Ok(rows)
}
