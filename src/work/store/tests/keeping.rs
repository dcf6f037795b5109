//! Lines are kept, once and under new numbers, and what was not kept is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    DAY, Directory, LONG, Running, Time, assert_whole, done, keep, name, room, row, said, sqlite3,
    texts, topic, until,
};
use crate::dice::Dice;
use crate::message::{Before, Keep, Past, Seen, Unseen};
use crate::work::store::batch::Batch;
use crate::work::store::item::Item;
use crate::work::store::open::{self, open};
use crate::work::store::queue;

#[test]
fn what_was_said_is_there_after_a_restart() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    assert_eq!((store.loaded.seq, store.loaded.rooms.len()), (0, 0));
    let tea = done(said(3, "Tea", "bob", "waves"));
    let (carl, at) = (name("Carl"), DAY + 5);
    store.sink.keep(Keep::Seen { name: carl, at });
    store.keep(&[
        row(1, "one"),
        topic(2, "of tea"),
        tea.clone(),
        row(4, "four"),
    ]);
    let (ended, _) = store.stop();
    assert_eq!((ended.kept, ended.left, ended.refused), (4, 0, 0));

    let lines = sqlite3(&dir.file(), "SELECT * FROM line");
    let expected = "1|2026-11-20 00:00:01|#lobby|Ann|said|one
2|2026-11-20 00:00:02|#lobby|Ann|topic|of tea
3|2026-11-20 00:00:03|#Tea|bob|did|waves
4|2026-11-20 00:00:04|#lobby|Ann|said|four";
    assert_eq!(lines, expected);

    let mut store = Running::start(&dir.options());
    assert_eq!(store.loaded.seq, 4);
    let rooms = &store.loaded.rooms;
    let names: Vec<&str> = rooms.iter().map(|it| it.name.name()).collect();
    assert_eq!(names, ["lobby", "Tea"]);
    assert_eq!((rooms[0].made, rooms[1].made), (1, 3));
    assert_eq!(rooms[0].topic.as_deref(), Some("of tea"));
    let page = |at: usize| rooms[at].page.as_ref().expect("there was time");
    assert_eq!(texts(page(0)), ["one", "four"]);
    assert_eq!(*page(1).lines[0], tea);
    let unseen = Unseen::default();
    let again = store.reader.history(&room("TEA"), &unseen, Before::End, 10);
    assert_eq!(again.as_ref(), Ok(page(1)));
    let seen = store.reader.seen(&name("carl")).expect("it is read");
    let name_then = seen.as_ref().map(|it| it.name.as_str());
    assert_eq!(name_then, Some("Carl"));
    let (carl, at) = (name("Carl"), DAY + 5);
    assert_eq!(seen, Some(Seen { name: carl, at }));
    let seen = store.reader.seen(&name("ANN")).expect("it is read");
    assert_eq!(seen.map(|it| it.at), Some(DAY + 4000));
    assert_eq!(store.reader.seen(&name("eve")), Ok(None));
    store.keep(&[topic(5, "")]);
    store.stop();
    assert_eq!(sqlite3(&dir.file(), "SELECT count(topic) FROM room"), "0");
}

#[test]
fn numbers_are_never_given_again() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows: Vec<Past> = (1..=20).map(|it| row(it, &format!("old{it}"))).collect();
    store.keep(&rows);
    store.stop();
    sqlite3(&dir.file(), "DELETE FROM message WHERE id > 10");
    let mut store = Running::start(&dir.options());
    assert_eq!(store.loaded.seq, 20);
    assert_eq!(store.texts("old11"), [""; 0]);
    store.keep(&(21..=30).map(|it| row(it, "new")).collect::<Vec<_>>());
    assert_eq!(store.texts("old11"), [""; 0]);
    assert_eq!(store.texts("old10"), ["old10"]);
    store.stop();
    let ids = sqlite3(&dir.file(), "SELECT id FROM message WHERE id > 9 LIMIT 2");
    assert_eq!(ids, "10\n21");
}

#[test]
fn a_number_that_no_line_has_is_not_given_again_either() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x")]);
    store.sink.hand_over(70);
    // It is in the file with the next lines.
    store.sink.keep(keep(&row(60, "y")));
    store.sink.hand_over(70);
    until(|| store.sink.status().kept == 60);
    let numbers = "SELECT id, seq, line FROM numbers";
    assert_eq!(sqlite3(&dir.file(), numbers), "2|70|60");
    store.sink.hand_over(80);
    store.stop();
    assert_eq!(sqlite3(&dir.file(), numbers), "2|80|60");
    let store = Running::start(&dir.options());
    assert_eq!(store.loaded.seq, 80);
    store.stop();
}

/// The gap of one room may end behind the beginning of another's.
#[test]
fn gaps_are_written_once_and_in_the_places_of_their_first_lines() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let mut batch = Batch::new(&conn).expect("it is prepared");
    let (mut sink, feed, _) = queue::queue(0);
    sink.set_most(1, 1 << 20);
    for (seq, room) in [(1, "tea"), (2, "lobby"), (3, "tea"), (4, "lobby")] {
        sink.keep(keep(&said(seq, room, "Ann", "x")));
    }
    sink.hand_over(4);
    let mut items = feed.take();
    feed.kept(&items, 1);
    sink.set_most(9, 1 << 20);
    sink.hand_over(4);
    items.extend(feed.take());
    for _ in 0..2 {
        assert_eq!(batch.write(&items[..2], 4), Ok(4));
        assert_eq!(batch.write(&items, 4), Ok(4));
    }
    let lines = "SELECT group_concat(seq || ':' || body) FROM message";
    assert_eq!(sqlite3(&dir.file(), lines), "1:x,2:2,3:1");
    let numbers = "SELECT id, seq, line FROM numbers";
    assert_eq!(sqlite3(&dir.file(), numbers), "3|4|3");
}

/// A transaction that was reported as failed may be in the file all the same.
#[test]
fn what_is_written_a_second_time_is_there_once() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let mut batch = Batch::new(&conn).expect("it is prepared");
    let items = |seqs: std::ops::Range<u64>| -> Vec<Item> {
        seqs.map(|seq| Item::Keep(Keep::Line(Arc::new(row(seq, "x")))))
            .collect()
    };
    assert_eq!(batch.write(&items(1..4), 0), Ok(3));
    assert_eq!(batch.write(&items(1..6), 0), Ok(5));
    assert_eq!(
        sqlite3(&dir.file(), "SELECT group_concat(seq) FROM message"),
        "1,2,3,4,5"
    );
    assert_whole(&dir.file());
}

#[test]
fn what_is_refused_leaves_a_gap_in_its_room() {
    let dir = Directory::new();
    let time = Time::new();
    let store = open(&dir.options(), time.clock()).expect("it opens");
    let mut sink = store.sink;
    sink.set_most(4, 1 << 20);
    let in_tea = |seq| keep(&said(seq, "tea", "Ann", "x"));
    for seq in 1..=6 {
        sink.keep(keep(&row(seq, "x")));
    }
    sink.keep(keep(&topic(7, "late")));
    sink.keep(in_tea(8));
    sink.hand_over(8);
    assert_eq!((sink.status().waiting.0, sink.status().refused), (4, 4));
    let writer = store.writer;
    let running = std::thread::spawn(move || writer.run(|_| {}));
    until(|| sink.status().kept == 4);
    sink.hand_over(8);
    sink.keep(in_tea(9));
    sink.stop(time.now() + LONG);
    let ended = running.join().expect("it ends");
    assert_eq!((ended.kept, ended.refused), (9, 4));
    let lines = sqlite3(
        &dir.file(),
        "SELECT room, ifnull(name, '-'), kind, body FROM line WHERE id > 4",
    );
    assert_eq!(lines, "#lobby|-|gap|3\n#tea|-|gap|1\n#tea|Ann|said|x");
    let seqs = "SELECT group_concat(seq) FROM message WHERE id > 4";
    assert_eq!(sqlite3(&dir.file(), seqs), "5,8,9");
    let topic = "SELECT name FROM room WHERE topic = 'late'";
    assert_eq!(sqlite3(&dir.file(), topic), "lobby");
    assert_whole(&dir.file());
}

/// Whatever comes when, each line is in the file once or counted in the gap that stands in its place.
#[test]
fn lines_and_gaps_add_up() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let (mut sink, feed, _) = queue::queue(0);
        sink.set_most(1 + dice.below(30), 200 + dice.below(4000));
        let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let (mut out, mut kept) = (Vec::new(), Vec::new());
        let mut seq = 0;
        for _ in 0..200 {
            for _ in 0..dice.below(10) {
                seq += 1;
                let room = dice.pick(&["lobby", "tea", "den"]);
                told.entry(format!("#{room}")).or_default().push(seq);
                let text = "x".repeat(dice.below(60));
                sink.keep(keep(&said(seq, room, "Ann", &text)));
            }
            sink.hand_over(seq);
            if dice.below(3) == 0 {
                take(&feed, &mut out, dice.below(20), &mut kept);
            }
        }
        sink.hand_over(seq);
        while sink.status().waiting.0 > 0 {
            take(&feed, &mut out, 20, &mut kept);
            sink.hand_over(seq);
        }
        let mut last = 0;
        for item in &kept {
            let (room, number, lines) = match item {
                Item::Keep(Keep::Line(past)) => (past.room.as_ref().expect("a room"), past.seq, 1),
                Item::Gap(gap) => (&gap.room, gap.seq, gap.lines),
                Item::Keep(_) => continue,
            };
            assert!(number > last, "seed {seed}: {number} behind {last}");
            last = number;
            let told = told.entry(room.to_string()).or_default();
            assert_eq!(told.first(), Some(&number), "seed {seed}: {item:?}");
            let told: Vec<u64> = told.drain(..lines as usize).collect();
            if let Item::Gap(gap) = item {
                assert_eq!(told.last(), Some(&gap.last), "seed {seed}: {gap:?}");
            }
        }
        assert!(told.values().all(Vec::is_empty), "seed {seed}: {told:?}");
        assert_eq!(sink.status().waiting, (0, 0));
    }
}

/// Does what the writer does with items, some of which are kept and the others still out.
fn take(feed: &queue::Feed, out: &mut Vec<Item>, count: usize, kept: &mut Vec<Item>) {
    out.extend(feed.take());
    let count = count.min(out.len());
    let part: Vec<Item> = out.drain(..count).collect();
    feed.kept(&part, 0);
    kept.extend(part);
}

#[test]
fn pages_go_by_number_however_many_lines_a_moment_has() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=50).map(|seq| Past {
        at: DAY,
        ..row(seq, &format!("tea {seq}"))
    });
    store.keep(&rows.collect::<Vec<_>>());
    let (mut before, mut read) = (Before::End, Vec::new());
    loop {
        let page = store.history("lobby", before, 7);
        read.splice(0..0, page.lines.iter().map(|it| it.seq));
        match page.older {
            Some(id) => before = Before::Id(id),
            None => break,
        }
    }
    assert_eq!(read, (1..=50).collect::<Vec<u64>>());
    let page = store.history("lobby", Before::Seq(3), 7);
    assert_eq!(texts(&page), ["tea 1", "tea 2"]);
    assert_eq!(page.older, None);
    let page = store.history("nowhere", Before::End, 7);
    assert_eq!(page, Default::default());
    store.stop();
}
