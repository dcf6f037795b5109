//! Erasing: what somebody said is in no file of the directory any more, whatever happens meanwhile.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{
    DAY, Directory, Running, Time, assert_whole, keep, name, room, row, said, search, sqlite3,
    texts, until,
};
use crate::account::{AccountId, Role};
use crate::erasure::{Erasure, Whose};
use crate::id::PersonId;
use crate::message::{
    Audit, Before, Keep, KeepAccount, KeepOrder, News, Page, Past, Unseen, Waiting,
};
use crate::name::RoomName;
use crate::work::store::Report;
use crate::work::store::batch::Batch;
use crate::work::store::erasing::Eraser;
use crate::work::store::item::Item;
use crate::work::store::open::{self, open};

const BOB: AccountId = AccountId(2);

/// A word of all lines that are erased.
const MARKER: &str = "xyzzy";

/// The number of the entry that erases.
const ERASED: u64 = 2000;

/// A line of Bob, who has an account.
fn by_bob(seq: u64, place: &str, from: &str) -> Past {
    Past {
        account: Some(BOB),
        author: PersonId(8),
        ..said(seq, place, from, &format!("the {MARKER}{seq} of déjà 東京"))
    }
}

/// A thousand lines, every second of which is Bob's, under two names.
fn lines() -> Vec<Past> {
    let line = |seq: u64| match seq % 4 {
        0 => by_bob(seq, "lobby", "Bob"),
        2 => by_bob(seq, "tea", "Rob"),
        _ => row(seq, &format!("the plain{seq} of déjà 東京")),
    };
    (1001..2001).map(|it| line(it - 1)).collect()
}

fn whose(account: Option<AccountId>, person: Option<u64>, text: &str) -> Whose {
    Whose {
        account,
        person: person.map(PersonId),
        name: name(text),
    }
}

fn erasure(whose: Whose) -> Erasure {
    Erasure {
        seq: ERASED,
        whose,
        room: None,
        since: None,
    }
}

fn erase(it: Erasure) -> [Keep; 2] {
    let audit = Audit {
        seq: it.seq,
        at: DAY,
        by: "Olga".into(),
        act: "erase".into(),
        whom: Some("Bob".into()),
        network: None,
        room: None,
        reason: Some("7 messages".into()),
    };
    [KeepOrder::Audit(audit), KeepOrder::Erase(it)].map(Keep::Order)
}

/// Messages that wait for Ann, of which the second is Bob's.
fn waiting() -> Vec<Keep> {
    let ann = AccountId(1);
    let made = KeepAccount::Made {
        name: name("Ann"),
        role: Role::Member,
        at: DAY,
        hash: None,
    };
    let waiting = |seq, from: &str, author_account, text: &str| {
        KeepAccount::Waiting(Waiting {
            seq,
            at: DAY,
            author: PersonId(8),
            author_account,
            from: name(from),
            text: text.into(),
        })
    };
    let all = [
        made,
        waiting(5, "Cid", None, "plain"),
        waiting(6, "Bob", Some(BOB), &format!("{MARKER} psst")),
    ];
    all.into_iter().map(|it| Keep::Account(ann, it)).collect()
}

/// Whether a file of a directory has a word.
fn has(dir: &Path, word: &str) -> bool {
    let files = fs::read_dir(dir).expect("it is read");
    let mut bytes = files.map(|it| fs::read(it.expect("a file").path()).unwrap_or_default());
    bytes.any(|it| it.windows(word.len()).any(|it| it == word.as_bytes()))
}

impl Running {
    fn erases(&mut self, it: Erasure) {
        erase(it).into_iter().for_each(|it| self.sink.keep(it));
        self.sink.hand_over(ERASED);
    }

    fn everywhere(&mut self, query: &str) -> Vec<String> {
        let page = search(&mut self.reader, &format!("{query} in:*"));
        texts(&page.expect("it is found in time"))
    }
}

/// Whether all of Bob's is gone, and nothing else.
fn check(dir: &Path, file: &Path) {
    assert!(!has(dir, MARKER));
    assert!(has(dir, "plain1001"));
    assert_whole(file);
    assert_eq!(sqlite3(file, "SELECT count(*) FROM message"), "500");
    assert_eq!(sqlite3(file, "SELECT body FROM waiting"), "plain");
    assert_eq!(sqlite3(file, "SELECT count(*) FROM erasure"), "0");
    let audit = "SELECT reason FROM audit";
    assert_eq!(sqlite3(file, audit), "500 messages");
}

#[test]
fn no_byte_of_what_a_member_said_is_left_while_the_server_runs() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    waiting().into_iter().for_each(|it| store.sink.keep(it));
    for some in lines().chunks(100) {
        store.keep(some);
    }
    assert!(has(&dir.0, MARKER));
    assert_eq!(store.everywhere(&format!("{MARKER}1000")).len(), 1);
    store.erases(erasure(whose(Some(BOB), None, "Bob")));
    // From the transaction on nobody reads it, however long it takes.
    assert_eq!(store.everywhere(&format!("{MARKER}*")), [""; 0]);
    assert_eq!(store.history("tea", Before::End, 10), Page::default());
    let lobby = store.history("lobby", Before::End, 2000);
    assert_eq!(lobby.lines.len(), 500);
    let told = Report::Erased {
        name: "Bob".into(),
        count: 500,
    };
    assert_eq!(store.report(), told);
    check(&dir.0, &dir.file());
    store.keep(&[by_bob(ERASED + 1, "lobby", "Bob")]);
    assert_eq!(
        store.everywhere(&format!("{MARKER}*")).len(),
        1,
        "it is new"
    );
    store.stop();
}

/// What a start reads of the topics of the rooms, and whether it knows who set them.
fn topics(dir: &Directory) -> Vec<(String, Option<String>, bool)> {
    let conn = Connection::open(dir.file()).expect("it is opened");
    let loaded = crate::work::store::rooms::load(&conn, 10, DAY, || true).expect("it is read");
    let topic = |it: crate::message::KeptRoom| {
        let topic = it.topic.map(|it| it.to_string());
        (it.name.to_string(), topic, it.topic_line.is_some())
    };
    loaded.rooms.into_iter().map(topic).collect()
}

#[test]
fn topics_go_with_those_who_set_them() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let set = |seq, place: &str, by: &str, topic: &str| {
        let topic = Some(topic.into());
        let news = News::TopicSet {
            by: name(by),
            topic,
        };
        let line = said(seq, place, by, "");
        Past { news, ..line }
    };
    store.keep(&[
        set(1, "lobby", "Bob", "spam"),
        set(2, "tea", "Bob", "spam"),
        set(3, "tea", "Cid", "leaves"),
    ]);
    let here = |topic: &str, is_known| (Some(topic.to_string()), is_known);
    let known = |room: &str, (topic, is_known)| (room.to_string(), topic, is_known);
    let before = [
        known("#lobby", here("spam", true)),
        known("#tea", here("leaves", true)),
    ];
    assert_eq!(topics(&dir), before);
    store.erases(erasure(whose(None, None, "Bob")));
    store.report();
    let after = [known("#lobby", (None, false)), before[1].clone()];
    assert_eq!(topics(&dir), after);
    store.stop();
}

#[test]
fn a_topic_whose_line_is_still_to_be_removed_is_not_loaded() {
    let dir = Directory::new();
    let store = Running::start(&dir.options());
    store.stop();
    let of = |sql: &str| sqlite3(&dir.file(), sql);
    of("INSERT INTO room (id, name, key, topic, last) VALUES (90, 'tea', 'tea', 'spam', 1)");
    of("INSERT INTO person (id, name, key, last) VALUES (91, 'Bob', 'bob', 1)");
    of("INSERT INTO message VALUES (92, 92, 90, 1, 91, 8, 2, 'spam', NULL)");
    assert!(topics(&dir).contains(&("#tea".into(), Some("spam".into()), true)));
    of("INSERT INTO erasure (seq, name, key, next) VALUES (93, 'Bob', 'bob', 0)");
    assert!(topics(&dir).contains(&("#tea".into(), None, true)));
}

#[test]
fn what_a_guest_said_goes_by_the_name_and_by_the_person() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let by = |seq, author, from: &str| Past {
        author: PersonId(author),
        ..said(seq, "lobby", from, "tea")
    };
    let of_member = Past {
        account: Some(BOB),
        ..by(4, 12, "Bob")
    };
    let another = Past {
        room: Some(room("tea")),
        ..by(5, 11, "BOB")
    };
    store.keep(&[
        by(1, 10, "Bob"),
        by(2, 11, "bob"),
        by(3, 11, "Cid"),
        of_member,
        another,
    ]);
    let in_lobby = |whose| Erasure {
        room: Some(RoomName::lobby()),
        ..erasure(whose)
    };
    store.erases(in_lobby(whose(None, Some(11), "bob")));
    store.report();
    let left = "SELECT group_concat(seq) FROM message";
    assert_eq!(sqlite3(&dir.file(), left), "4,5");
    store.keep(&[by(ERASED + 1, 10, "Bob"), by(ERASED + 2, 10, "Bob")]);
    let latest = Erasure {
        seq: ERASED + 3,
        since: Some(DAY + 1000 * (ERASED as i64 + 2)),
        ..erasure(whose(None, None, "Bob"))
    };
    store.erases(latest);
    store.report();
    assert_eq!(sqlite3(&dir.file(), left), format!("4,5,{}", ERASED + 1));
    store.stop();
    assert_whole(&dir.file());
}

/// The files of a directory as a crash leaves them.
fn crashed(dir: &Directory) -> Directory {
    let copy = Directory::new();
    fs::create_dir_all(&copy.0).expect("a directory");
    for file in fs::read_dir(&dir.0).expect("it is read") {
        let file = file.expect("a file");
        let name = file.file_name();
        if !name.to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), copy.0.join(name)).expect("it is copied");
        }
    }
    copy
}

#[test]
fn an_erasure_that_a_crash_ended_is_done_again() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let mut batch = Batch::new(&conn).expect("it is prepared");
    let mut items: Vec<Item> = waiting().into_iter().map(Item::Keep).collect();
    items.extend(lines().iter().map(|it| Item::Keep(keep(it))));
    batch.write(&items, ERASED).expect("it is written");
    let erase = erase(erasure(whose(Some(BOB), None, "Bob")));
    let items: Vec<Item> = erase.into_iter().map(Item::Keep).collect();
    batch.write(&items, ERASED).expect("it is written");
    let mut eraser = Eraser::new();
    let now = Time::new().now();
    let mut copies = vec![crashed(&dir)];
    while eraser.is_due(now) {
        let empty = || empty(&conn);
        eraser.step(&conn, now, empty).expect("it works");
        copies.push(crashed(&dir));
    }
    assert!(copies.len() > 4, "{}", copies.len());
    check(&dir.0, &dir.file());
    for copy in copies {
        let store = open(&copy.options(), Time::new().clock()).expect("it opens");
        for room in &store.loaded.rooms {
            let texts = room.page.as_ref().map(texts).unwrap_or_default();
            assert!(texts.iter().all(|it| !it.contains(MARKER)), "{texts:?}");
        }
        let mut store = Running::run(store, Time::new(), |_| {});
        let found = search(&mut store.reader, &format!("{MARKER}*"));
        assert_eq!(texts(&found.expect("it is found in time")), [""; 0]);
        until(|| sqlite3(&copy.file(), "SELECT count(*) FROM erasure") == "0");
        check(&copy.0, &copy.file());
        store.stop();
    }
}

/// Empties the log, if nobody reads it.
fn empty(conn: &Connection) -> rusqlite::Result<bool> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    conn.query_row(sql, [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

#[test]
fn a_reader_of_another_program_only_makes_it_wait() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&lines());
    let other = Connection::open(dir.file()).expect("it opens");
    let sql = "BEGIN; SELECT count(*) FROM message";
    other.execute_batch(sql).expect("it reads");
    store.erases(erasure(whose(Some(BOB), None, "Bob")));
    let left = "SELECT count(*) FROM erasure WHERE next IS NULL";
    until(|| sqlite3(&dir.file(), left) == "1");
    assert!(store.reports.try_recv().is_err(), "it is not done");
    store.keep(&[row(ERASED + 1, "others are not kept from talking")]);
    drop(other);
    until(|| {
        store.time.pass(std::time::Duration::from_secs(2));
        store.reports.try_recv().is_ok()
    });
    assert!(!has(&dir.0, MARKER));
    let unseen = Unseen::default();
    let (_, mut reader) = store.stop();
    let page = reader.history(&RoomName::lobby(), &unseen, Before::End, 1);
    assert_eq!(
        texts(&page.expect("it is read")),
        ["others are not kept from talking"]
    );
}
