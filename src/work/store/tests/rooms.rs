//! Rooms end, and a room that is made later under the same name is another one.

use super::{Directory, Running, keep, room, row, said, sqlite3, texts, topic};
use crate::limits::store::ROOMS_LOADED;
use crate::message::{Before, Keep, Past};
use crate::name::RoomName;

fn end(name: &str, seq: u64) -> Keep {
    let room = room(name);
    Keep::End { room, seq }
}

fn tea(seq: u64) -> Past {
    said(seq, "Tea", "Ann", &format!("leaf {seq}"))
}

fn rooms(dir: &Directory) -> String {
    let sql = "SELECT name, made, ended, last FROM room ORDER BY id";
    sqlite3(&dir.file(), sql).replace('\n', " ")
}

#[test]
fn a_room_that_is_made_again_is_another_one() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x"), tea(2), tea(3)]);
    store.sink.keep(end("tea", 4));
    assert_eq!(texts(&store.history("tea", Before::End, 9)).len(), 2);
    store.keep(&[tea(5)]);
    assert_eq!(texts(&store.history("tea", Before::End, 9)), ["leaf 5"]);
    assert_eq!(store.texts("leaf in:#tea"), ["leaf 5"]);
    assert_eq!(store.texts("leaf in:*"), ["leaf 5"]);
    store.stop();
    assert_eq!(rooms(&dir), "lobby|1||1 Tea|2|4|3 Tea|5||4");
    let mut store = Running::start(&dir.options());
    let loaded = &store.loaded.rooms[1];
    assert_eq!((loaded.name.name(), loaded.made), ("Tea", 5));
    assert_eq!(texts(loaded.page.as_ref().expect("in time")), ["leaf 5"]);
    // A second end of the room before does not end this one.
    store.sink.keep(end("TEA", 4));
    store.sink.keep(end("nowhere", 6));
    assert_eq!(store.texts("leaf in:*"), ["leaf 5"]);
    store.sink.keep(end("TEA", 7));
    store.keep(&[row(8, "y")]);
    assert_eq!(store.texts("leaf in:*"), [""; 0]);
    assert_eq!(texts(&store.history("tea", Before::End, 9)), [""; 0]);
    store.stop();
    assert_eq!(rooms(&dir), "lobby|1||5 Tea|2|4|3 Tea|5|7|4");
}

#[test]
fn rooms_beyond_the_bound_end_at_a_start() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let others = ROOMS_LOADED as u64 + 3;
    store.give(&[row(1, "x"), said(2, "about", "Ann", "x")]);
    let about = Past {
        room: Some(room("about")),
        ..topic(3, "tea")
    };
    store.give(&[about]);
    let all = (1..=others).map(|it| said(3 + it, &format!("room{it}"), "Ann", "x"));
    store.keep(&all.collect::<Vec<_>>());
    store.stop();
    for _ in 0..2 {
        let store = Running::start(&dir.options());
        let names = store.loaded.rooms.iter().map(|it| it.name.name());
        let names: Vec<&str> = names.collect();
        assert_eq!(names.len(), ROOMS_LOADED);
        let newest = format!("room{others}");
        assert_eq!(names[..3], ["lobby", "about", &newest]);
        assert_eq!(names.last(), Some(&"room6"));
        assert_eq!(store.loaded.rooms[0].name, RoomName::lobby());
        store.stop();
        let ended = "SELECT count(*), max(name), min(ended) FROM room WHERE ended IS NOT NULL";
        let last = others + 3;
        assert_eq!(sqlite3(&dir.file(), ended), format!("5|room5|{last}"));
    }
}

#[test]
fn rooms_that_an_edit_gave_one_name_are_one() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x"), tea(2), said(3, "den", "Ann", "x")]);
    store.stop();
    sqlite3(&dir.file(), "UPDATE room SET name = ' ' WHERE id > 1");
    let store = Running::start(&dir.options());
    let names = store.loaded.rooms.iter().map(|it| it.name.name());
    assert_eq!(names.collect::<Vec<_>>(), ["lobby", "unknown"]);
    store.stop();
}

#[test]
fn the_end_of_a_room_is_not_lost_when_lines_are_refused() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x"), tea(2)]);
    store.sink.set_most(0, 0);
    store.sink.keep(keep(&tea(3)));
    store.sink.keep(end("tea", 4));
    // A room that was made and ended meanwhile leaves nothing.
    store.sink.keep(keep(&tea(5)));
    store.sink.keep(end("tea", 6));
    store.sink.keep(keep(&tea(7)));
    store.sink.hand_over(7);
    assert_eq!(texts(&store.history("tea", Before::End, 9)), ["-1"]);
    assert_eq!(store.texts("leaf in:*"), [""; 0]);
    store.sink.set_most(99, 1 << 20);
    store.give(&[tea(8)]);
    let page = store.history("tea", Before::End, 9);
    assert_eq!(texts(&page), ["-1", "leaf 8"]);
    assert_eq!(page.lines[0].seq, 7);
    store.stop();
    assert_eq!(rooms(&dir), "lobby|1||1 Tea|2|4|3 Tea|7||5");
}
