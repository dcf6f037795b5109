//! What a reader is told: all that was handed over, pages of bounded size, and nothing that drives a terminal.

use std::fs;
use std::time::{Duration, Instant};

use super::{
    Directory, Running, Time, keep, name, parse, room, row, said, search, sqlite3, texts, until,
};
use crate::limits::HISTORY_BYTES;
use crate::message::{Before, Keep, News, Past, Unseen};
use crate::name::RoomName;
use crate::work::store::Refused;
use crate::work::store::open::{self, open};
use crate::work::store::pages;
use crate::work::store::queue::{self, Behind, Condition, Untold};

#[test]
fn what_was_handed_over_is_there_when_somebody_asks() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let start = Instant::now();
    for seq in 1..=1000 {
        let said = format!("word{seq}");
        store.give(&[row(seq, &said)]);
        let found = match seq % 2 {
            0 => texts(&store.history("lobby", Before::End, 1)),
            _ => store.texts(&said),
        };
        assert_eq!(found, [said]);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(15), "the writer waits: {took:?}");
    store.stop();
}

#[test]
fn a_question_is_refused_when_the_disk_does_not_get_on() {
    let dir = Directory::new();
    let store = open(&dir.options(), Time::new().clock()).expect("it opens");
    let (mut sink, mut reader) = (store.sink, store.reader);
    assert!(search(&mut reader, "x").is_ok(), "nothing waits");
    sink.keep(keep(&row(1, "x")));
    sink.hand_over(1);
    // The writer is there, and does nothing.
    assert_eq!(search(&mut reader, "x"), Err(Refused::Behind));
    assert_eq!(reader.seen(&name("Ann")), Err(Refused::Behind));
    drop(store.writer);
    assert_eq!(reader.seen(&name("Ann")), Ok(None));
}

#[test]
fn a_question_does_not_wait_for_a_full_disk() {
    let (mut sink, feed, watch) = queue::queue(0);
    sink.keep(keep(&row(1, "x")));
    sink.hand_over(1);
    for condition in [Condition::Full, Condition::Busy] {
        feed.set(condition);
        let start = Instant::now();
        assert_eq!(watch.settle(None).map(|_| ()), Err(Behind));
        assert!(start.elapsed() < Duration::from_millis(400));
    }
}

#[test]
fn lines_that_are_refused_are_told_before_the_file_has_their_gap() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "a"), row(2, "b"), said(3, "tea", "Ann", "c")]);
    store.sink.set_most(0, 0);
    store.give(&[row(4, "d"), row(5, "e")]);
    assert_eq!(
        texts(&store.history("lobby", Before::End, 9)),
        ["a", "b", "-2"]
    );
    assert_eq!(texts(&store.history("lobby", Before::End, 2)), ["b", "-2"]);
    assert_eq!(
        texts(&store.history("lobby", Before::Seq(5), 2)),
        ["b", "-2"]
    );
    assert_eq!(
        texts(&store.history("lobby", Before::Seq(4), 2)),
        ["a", "b"]
    );
    assert_eq!(texts(&store.history("lobby", Before::Id(2), 2)), ["a"]);
    assert_eq!(texts(&store.history("tea", Before::End, 2)), ["c"]);
    let gap = store.history("lobby", Before::End, 1).lines[0].clone();
    assert_eq!((gap.seq, &gap.news), (4, &News::NotKept(2)));
    store.sink.set_most(9, 1 << 20);
    store.give(&[row(6, "f")]);
    assert_eq!(
        texts(&store.history("lobby", Before::End, 3)),
        ["b", "-2", "f"]
    );
    store.stop();
}

/// The gap may be written between the two looks.
#[test]
fn a_gap_is_told_once() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "a"), row(2, "b")]);
    let conn = open::connect(&dir.file()).expect("it opens");
    let (lobby, unseen) = (RoomName::lobby(), Unseen::default());
    for (seq, expected) in [(2, ["a", "b"]), (3, ["b", "-7"])] {
        let untold = Untold {
            gap: Some(Past {
                news: News::NotKept(7),
                ..row(seq, "")
            }),
            ..Untold::default()
        };
        let page = pages::history(&conn, &lobby, &unseen, Before::End, 2, untold);
        assert_eq!(texts(&page.expect("it is read")), expected);
    }
    store.stop();
}

#[test]
fn lines_that_are_given_up_while_somebody_asks_are_told() {
    let (mut sink, feed, watch) = queue::queue(0);
    sink.keep(keep(&row(1, "a")));
    sink.keep(keep(&row(2, "b")));
    sink.hand_over(2);
    let lobby = RoomName::lobby();
    let untold = std::thread::scope(|scope| {
        let asking = scope.spawn(|| watch.settle(Some(&lobby)));
        until(|| feed.is_awaited());
        drop(feed);
        asking.join().expect("it ends")
    });
    let gap = untold.expect("nothing waits any more").gap;
    assert_eq!(gap.map(|it| it.news), Some(News::NotKept(2)));
}

#[test]
fn when_nothing_is_kept_any_more_readers_are_told() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "a"), said(2, "tea", "Ann", "b")]);
    assert_eq!(store.texts("a"), ["a"]);
    fs::rename(dir.file(), dir.0.join("aside")).expect("it is moved");
    store.give(&[row(3, "lost"), row(4, "lost")]);
    until(|| store.sink.status().condition == Condition::Off);
    store.give(&[row(5, "lost")]);
    assert_eq!(texts(&store.history("lobby", Before::End, 9)), ["a", "-3"]);
    assert_eq!(store.texts("b in:*"), ["b"]);
    let (tea, seq) = (room("tea"), 6);
    store.sink.keep(Keep::End { room: tea, seq });
    store.give(&[said(7, "tea", "Ann", "lost")]);
    assert_eq!(texts(&store.history("tea", Before::End, 9)), ["-1"]);
    assert_eq!(store.texts("b in:#tea"), [""; 0]);
    assert_eq!(store.texts("b in:*"), [""; 0]);
    store.stop();
}

#[test]
fn a_page_has_a_bounded_size() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let long = format!("word {}", "x".repeat(2990));
    let rows: Vec<_> = (1..=60).map(|seq| row(seq, &long)).collect();
    store.keep(&rows);
    store.keep(&[row(61, &"y ".repeat(HISTORY_BYTES)), row(62, "z")]);
    let (mut before, mut sizes, mut read) = (Before::End, Vec::new(), Vec::new());
    loop {
        let page = store.history("lobby", before, 100);
        sizes.push(page.lines.len());
        let bytes = texts(&page).iter().map(String::len).sum::<usize>();
        assert!(bytes <= HISTORY_BYTES, "{bytes}");
        read.splice(0..0, page.lines.iter().map(|it| it.seq));
        match page.older {
            Some(id) => before = Before::Id(id),
            None => break,
        }
    }
    // Each line has 3003 bytes with its name and room, and one more than fits stands alone.
    assert_eq!(sizes, [1, 1, 21, 21, 18]);
    assert_eq!(read, (1..=62).collect::<Vec<u64>>());
    let lobby = RoomName::lobby();
    let (query, unseen) = (parse("word"), Unseen::default());
    let page = store
        .reader
        .search(&query, &lobby, &unseen, Before::End, 50);
    let page = page.expect("in time");
    assert_eq!((page.lines.len(), page.older.is_some()), (21, true));
    store.stop();
}

#[test]
fn what_somebody_wrote_into_the_file_drives_no_terminal() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows: Vec<_> = (1..=4).map(|seq| row(seq, "tea")).collect();
    store.keep(&rows);
    store.keep(&[said(5, "den", "Bob", "tea")]);
    store.stop();
    let edits = "UPDATE message SET body = 'tea' || char(27) || '[2J' WHERE id = 1;
        UPDATE message SET body = CAST(x'746561ff' AS BLOB) WHERE id = 2;
        UPDATE message SET kind = 9 WHERE id = 3;
        UPDATE message SET sender = 99 WHERE id = 4;
        UPDATE room SET topic = char(27) WHERE key = 'lobby';
        UPDATE room SET name = char(27) || ' den' WHERE key = 'den';
        UPDATE person SET name = char(27) WHERE key = 'bob'";
    sqlite3(&dir.file(), edits);
    let mut store = Running::start(&dir.options());
    let rooms = &store.loaded.rooms;
    let names: Vec<&str> = rooms.iter().map(|it| it.name.name()).collect();
    assert_eq!(names, ["lobby", "unknown"]);
    assert_eq!(rooms[0].topic.as_deref(), Some("␛"));
    let page = store.history("lobby", Before::End, 9);
    assert_eq!(texts(&page), ["tea␛[2J", "tea\u{fffd}", "tea"]);
    let authors = |it: &crate::message::Page| -> Vec<String> {
        let authors = it.lines.iter().filter_map(|it| it.news.author());
        authors.map(|it| it.as_str().into()).collect()
    };
    assert_eq!(authors(&page), ["Ann", "Ann", "unknown"]);
    assert_eq!(authors(&store.history("den", Before::End, 9)), ["unknown"]);
    let bob = store.reader.seen(&name("bob")).expect("in time");
    assert_eq!(bob.expect("he was here").name, name("unknown"));
    assert_eq!(store.texts("tea in:*").len(), 4);
    store.stop();
}

#[test]
fn lines_of_people_who_are_ignored_are_passed_over_a_stretch_at_a_time() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let others = (2..3000).map(|seq| said(seq, "lobby", "Bob", "x"));
    let rows: Vec<Past> = [said(1, "lobby", "Ann", "first")]
        .into_iter()
        .chain(others)
        .collect();
    store.give(&rows);
    store.stop();
    let mut conn = open::connect(&dir.file()).expect("it opens");
    let lobby = pages::find_room(&conn, &RoomName::lobby(), &Untold::default());
    let lobby = lobby.expect("it is read").expect("it is there");
    let unseen = Unseen {
        names: vec![name("bob")],
        ..Unseen::default()
    };
    let (mut end, mut stretches, mut found) = (i64::MAX, 0, Vec::new());
    loop {
        stretches += 1;
        let mut looks = 0;
        let is_late = move || {
            looks += 1;
            looks > 20
        };
        conn.progress_handler(200, Some(is_late))
            .expect("it is set");
        let page = pages::room(&conn, lobby, &unseen, (0, end), 20).expect("it is a page");
        found.extend(texts(&page));
        match page.older {
            Some(older) => end = older,
            None => break,
        }
    }
    assert_eq!(found, ["first"]);
    assert!((3..1000).contains(&stretches), "{stretches}");
}
