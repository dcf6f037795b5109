//! Accounts, order and rooms with owners: whatever happens to them, a start gives what was kept.

mod play;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use play::{Model, Play};

use super::{DAY, Directory, Running, Time, name, row, sqlite3, until};
use crate::account::{AccountId, Hashed, Role, Secret};
use crate::dice::Dice;
use crate::message::{Audit, Keep, KeepAccount, KeepOrder, KeptHouse};
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::work::store::accounts::owner;
use crate::work::store::addresses;
use crate::work::store::batch::Batch;
use crate::work::store::item::Item;
use crate::work::store::open::{self, open};
use crate::work::store::{Refused, Report};

const YEAR: i64 = 365 * 24 * 3_600_000;

fn check(dir: &Directory, model: &Model, now: i64) {
    let time = Time::new();
    time.set(now);
    let store = open(&dir.options(), time.clock()).expect("it opens");
    let house = KeptHouse {
        journal: None,
        ..store.loaded.house.clone()
    };
    assert_eq!(house, model.house(now));
    let mut rooms = HashMap::new();
    for it in &store.loaded.rooms {
        let members = it.members.iter().map(|it| (it.account.0, *it)).collect();
        rooms.insert(it.name.clone(), (it.made, it.owning.clone(), members));
    }
    assert_eq!(rooms, model.rooms);
    let mut reader = store.reader;
    let audit = reader.audit(usize::MAX).expect("it is read");
    assert_eq!(audit, model.audit);
    let last: Vec<Audit> = audit.iter().rev().take(3).rev().cloned().collect();
    assert_eq!(reader.audit(3).expect("it is read"), last);
    let conn = Connection::open(dir.file()).expect("it opens");
    for (id, (kept, facts, hash)) in &model.accounts {
        let owner = owner(&conn, AccountId(*id)).expect("it is read");
        let mut owner = owner.expect("it is there");
        let mut facts = facts.clone();
        facts.left.sort_by_key(|it| it.0.to_string());
        owner.facts.left.sort_by_key(|it| it.0.to_string());
        assert_eq!(owner.facts, facts);
        assert_eq!((owner.changed, owner.hash), (kept.changed, hash.clone()));
    }
    let count = "SELECT count(*) FROM account";
    assert_eq!(
        sqlite3(&dir.file(), count),
        model.accounts.len().to_string()
    );
}

#[test]
fn whatever_happens_a_start_gives_what_was_kept() {
    for seed in 0..12 {
        let dir = Directory::new();
        drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
        let mut play = Play {
            dice: Dice::new(seed),
            seq: 100,
            accounts: Vec::new(),
            sanctions: Vec::new(),
            names: 0,
            model: Model::default(),
        };
        for _ in 0..3 {
            let conn = open::to_write(&dir.file(), false).expect("it opens");
            let mut batch = Batch::new(&conn).expect("it is prepared");
            for _ in 0..6 {
                let steps = 1 + play.dice.below(30);
                let items: Vec<Item> = (0..steps).map(|_| Item::Keep(play.step())).collect();
                // What was reported as failed may be in the file all the same.
                let number = batch.number();
                for _ in 0..1 + play.dice.below(2) {
                    batch.set_number(number);
                    batch.write(&items, play.seq).expect("it is written");
                }
            }
            drop(batch);
            check(&dir, &play.model, play.at() + play.dice.below(2000) as i64);
        }
    }
}

fn made(seq: u64, text: &str, hash: Option<Hashed>) -> Keep {
    let made = KeepAccount::Made {
        name: name(text),
        role: Role::Member,
        at: DAY,
        hash,
    };
    Keep::Account(AccountId(seq), made)
}

#[test]
fn a_password_is_checked_as_soon_as_it_is_kept() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let mut checker = store.reader.checker();
    let [right, wrong] = ["correct horse", "wrong horse"].map(Secret::new);
    let hash = checker.hash(&right).expect("a hash");
    store.sink.keep(made(5, "Ann", Some(hash)));
    store.sink.keep(made(6, "Bob", None));
    store.sink.hand_over(6);
    let mut check = |id, changed, password: &Secret| {
        let checked = checker.check(AccountId(id), changed, password);
        checked.map(|it| it.is_some())
    };
    assert_eq!(check(5, 5, &right), Ok(true));
    assert_eq!(check(5, 5, &wrong), Ok(false));
    assert_eq!(check(6, 6, &right), Ok(false));
    assert_eq!(check(7, 7, &right), Ok(false));
    // What a slow disk has not taken is not there yet, but what it has is.
    let other = open::to_write(&dir.file(), false).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("it locks");
    store.sink.keep(made(8, "Eve", None));
    store.sink.hand_over(8);
    assert_eq!(check(8, 8, &right), Err(Refused::Behind));
    assert_eq!(check(5, 5, &right), Ok(true));
    assert_eq!(store.reader.kept(), Err(Refused::Behind));
    other.execute_batch("COMMIT").expect("it unlocks");
    until(|| store.reader.kept().is_ok());
    store.stop();
}

#[test]
fn what_people_count_on_is_kept_however_much_waits() {
    let dir = Directory::new();
    let mut store = open(&dir.options(), Time::new().clock()).expect("it opens");
    store.sink.set_most(2, usize::MAX);
    for seq in 1..=4 {
        store.sink.keep(super::keep(&row(seq, "x")));
    }
    let before = store.sink.status().waiting.1;
    store
        .sink
        .keep(made(5, "Ann", Some(Hashed::new(&"x".repeat(5000)))));
    store.sink.hand_over(5);
    let status = store.sink.status();
    assert_eq!((status.lines, status.waiting.0, status.refused), (2, 3, 2));
    assert!(status.waiting.1 - before > 5000);
    let mut store = Running::run(store, Time::new(), |_| {});
    store.sink.hand_over(5);
    until(|| store.sink.status().lines == 0);
    store.stop();
    assert_eq!(sqlite3(&dir.file(), "SELECT name FROM account"), "Ann");
}

#[test]
fn addresses_go_90_days_after_they_stopped_to_matter() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let day = 24 * 3_600_000;
    let mut items = Vec::new();
    for (id, until) in [(1, Some(day)), (2, Some(50 * day)), (3, None)] {
        items.push(Item::Keep(Keep::Order(KeepOrder::Made(Arc::new(
            Sanction {
                id,
                kind: SanctionKind::Ban,
                target: Target::Network("192.0.2.0/24".parse().expect("a network")),
                name: None,
                room: None,
                is_for_all: false,
                by: "Ann".into(),
                reason: None,
                at: 0,
                until,
            },
        )))));
        items.push(Item::Keep(Keep::Order(KeepOrder::Audit(Audit {
            seq: id,
            at: 0,
            by: "Ann".into(),
            act: "ban".into(),
            whom: None,
            network: Some("192.0.2.0/24".into()),
            room: None,
            reason: None,
        }))));
    }
    let mut batch = Batch::new(&conn).expect("it is prepared");
    batch.write(&items, 3).expect("it is written");
    drop(batch);
    let left = |now| {
        addresses::remove(&conn, now).expect("it works");
        let sql = "SELECT (SELECT group_concat(id) FROM ban), (SELECT group_concat(seq) FROM audit WHERE net IS NOT NULL),
            (SELECT count(*) FROM audit)";
        sqlite3(&dir.file(), sql)
    };
    assert_eq!(left(91 * day), "1,2,3|1,2,3|3");
    assert_eq!(left(91 * day + 1), "2,3|2,3|3");
    assert_eq!(left(140 * day + 1), "3|3|3");
    assert_eq!(left(100 * YEAR), "3|3|3");
}

#[test]
fn addresses_go_without_an_age_for_lines_too() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x")]);
    let insert =
        "INSERT INTO audit (seq, at, by, act, net) VALUES (1, 5, 'Ann', 'ban', '192.0.2.1/32')";
    sqlite3(&dir.file(), insert);
    store.time.pass(Duration::from_secs(601));
    store.keep(&[row(2, "x")]);
    until(|| sqlite3(&dir.file(), "SELECT net IS NULL FROM audit") == "1");
    store.stop();
}

#[test]
fn names_keep_their_accounts_when_other_tables_make_them_look_alike() {
    let dir = Directory::new();
    let store = open(&dir.options(), Time::new().clock()).expect("it opens");
    let mut store = Running::run(store, Time::new(), |_| {});
    for (seq, text) in [(1, "Bob"), (2, "B0b"), (3, "Eve")] {
        store.sink.keep(made(seq, text, None));
    }
    store.sink.hand_over(3);
    until(|| store.reader.kept().is_ok());
    store.stop();
    let other = "UPDATE account SET unicode = '9.0.0', keys = x'00', key = 'x'";
    sqlite3(&dir.file(), other);
    let store = Running::start(&dir.options());
    if cfg!(feature = "unicode-names") {
        let (one, other) = ("Bob".into(), "B0b".into());
        let count = 1;
        assert_eq!(store.report(), Report::Alike { count, one, other });
    }
    let names: Vec<String> = store
        .loaded
        .house
        .accounts
        .iter()
        .map(|it| it.name.to_string())
        .collect();
    assert_eq!(names, ["Bob", "B0b", "Eve"]);
    store.stop();
    let sql = "SELECT DISTINCT unicode <> '9.0.0', length(keys) FROM account";
    assert_eq!(sqlite3(&dir.file(), sql), "1|32");
    assert_eq!(
        sqlite3(&dir.file(), "SELECT key FROM account WHERE id = 3"),
        "eve"
    );
}

#[test]
fn a_name_that_somebody_put_into_the_file_forges_nothing() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let insert = "INSERT INTO account (id, name, key, keys, unicode, changed, role, made)
        VALUES (7, 'Ann: hi' || char(10), 'x', x'', 'x', 7, 'king', 0)";
    sqlite3(&dir.file(), insert);
    let store = open(&dir.options(), Time::new().clock()).expect("it opens");
    let account = &store.loaded.house.accounts[0];
    assert_eq!(account.name, name("unknown-7"));
    assert_eq!(account.role, Role::Member);
}

/// `CHINWAG_ACCOUNTS=100000 cargo test --release --lib many_accounts -- --nocapture` tells how long it takes.
#[test]
fn many_accounts_are_loaded_by_their_keys() {
    let count = std::env::var("CHINWAG_ACCOUNTS").ok();
    let count = count.and_then(|it| it.parse().ok()).unwrap_or(1000);
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let hash = Some(Hashed::new(&"x".repeat(97)));
    for seq in 1..=count {
        store
            .sink
            .keep(made(seq, &format!("member-{seq}"), hash.clone()));
        let address = Ipv4Addr::from_bits(seq as u32).into();
        let came = KeepAccount::CameIn { at: DAY, address };
        store.sink.keep(Keep::Account(AccountId(seq), came));
    }
    store.sink.hand_over(count);
    until(|| store.reader.kept().is_ok());
    store.stop();
    let before = Instant::now();
    let store = open(&dir.options(), Time::new().clock()).expect("it opens");
    println!("{count} accounts in {:?}", before.elapsed());
    assert_eq!(store.loaded.house.accounts.len() as u64, count);
}

#[cfg(feature = "unicode-names")]
#[test]
fn accounts_are_listed_in_columns_of_the_screen() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    for (id, text) in [(1, "Ann"), (2, "東京")] {
        let made = KeepAccount::Made {
            name: name(text),
            role: Role::Member,
            at: DAY,
            hash: None,
        };
        store.sink.keep(Keep::Account(AccountId(id), made));
    }
    store.keep(&[row(3, "tea")]);
    store.stop();
    let listed = crate::work::store::list_accounts(&dir.0).expect("it is read");
    let rows = [
        "NAME  ROLE    MADE              LAST\n",
        "Ann   member  2026-11-20 00:00  -\n",
        "東京  member  2026-11-20 00:00  -\n",
    ];
    assert_eq!(listed, rows.concat());
}
