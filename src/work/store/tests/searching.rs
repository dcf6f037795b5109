//! What is found, and in which time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{
    DAY, Directory, Running, assert_whole, done, name, parse, room, row, said, search, texts, topic,
};
use crate::dice::Dice;
use crate::id::PersonId;
use crate::message::{Before, News, Page, Past, Unseen};
use crate::moment::Moment;
use crate::name::RoomName;
use crate::query::Query;
use crate::work::store::open::open;
use crate::work::store::{Clock, Reader, Refused};

/// All pages of a search, the oldest line first.
fn all(reader: &mut Reader, query: &Query, unseen: &Unseen, count: usize) -> Vec<u64> {
    let (mut before, mut found) = (Before::End, Vec::new());
    loop {
        let page = reader.search(query, &RoomName::lobby(), unseen, before, count);
        let page = page.expect("in time");
        let Page { lines, older } = page;
        assert!(
            older.is_none() || lines.len() == count,
            "a page is full, or the last"
        );
        found.splice(0..0, lines.iter().map(|line| line.seq));
        match older {
            Some(id) => before = Before::Id(id),
            None => return found,
        }
    }
}

/// A search as a test makes it up, beside what is typed for it.
#[derive(Debug, Default)]
struct Asked {
    typed: String,
    words: Vec<&'static str>,
    prefix: Option<&'static str>,
    from: Option<&'static str>,
    room: Option<&'static str>,
    is_everywhere: bool,
    before: Option<i64>,
    after: Option<i64>,
}

const WORDS: [&str; 6] = ["deploy", "deployed", "Tea", "Ü", "京", "x-y"];
const NAMES: [&str; 3] = ["Ann", "bob", "Éve"];
const ROOMS: [&str; 3] = ["lobby", "tea", "Den"];

impl Asked {
    fn new(dice: &mut Dice) -> Asked {
        let mut it = Asked::default();
        let pick = |dice: &mut Dice, from: &[&'static str]| from[dice.below(from.len())];
        for _ in 0..1 + dice.below(2) {
            let word = pick(dice, &WORDS);
            it.words.push(word);
            it.typed += &format!("{word} ");
        }
        if dice.below(4) == 0 {
            it.prefix = Some("dep");
            it.typed += "DEP* ";
        }
        if dice.below(4) == 0 {
            let name = pick(dice, &NAMES);
            it.from = Some(name);
            it.typed += &format!("from:{} ", name.to_uppercase());
        }
        match dice.below(3) {
            0 => {
                it.is_everywhere = true;
                it.typed += "in:* ";
            }
            1 => {
                let room = pick(dice, &ROOMS);
                it.room = Some(room);
                it.typed += &format!("in:#{room} ");
            }
            _ => it.room = Some("lobby"),
        }
        // Lines come every 10 minutes.
        let day = |dice: &mut Dice| dice.below(4) as i64;
        if dice.below(4) == 0 {
            let day = day(dice);
            it.before = Some(DAY + day * 86_400_000);
            it.typed += &format!("before:2026-11-{} ", 20 + day);
        }
        if dice.below(4) == 0 {
            let day = day(dice);
            it.after = Some(DAY + day * 86_400_000 + 3_600_000);
            it.typed += &format!("after:\"2026-11-{} 01:00\" ", 20 + day);
        }
        it
    }

    fn finds(&self, line: &Past, unseen: &Unseen) -> bool {
        let (News::Said { from, text } | News::Action { from, text }) = &line.news else {
            return false;
        };
        let place = line.room.as_ref().expect("a room");
        let text = text.to_lowercase();
        let words: Vec<&str> = text.split(' ').collect();
        let holds = |word: &&str| {
            let word = word.to_lowercase();
            // A bare u is a ü without its accent.
            words
                .iter()
                .any(|it| *it == word || word == "ü" && *it == "u")
                || word == "京" && text.contains(&word)
        };
        let begins = |prefix: &str| words.iter().any(|it| it.starts_with(prefix));
        let is_house = line.author == PersonId::HOUSE;
        let is_excepted = is_house || unseen.but.contains(&line.author);
        self.words.iter().all(holds)
            && self.prefix.is_none_or(begins)
            && self.from.is_none_or(|it| *from == name(it))
            && (self.is_everywhere || self.room.is_some_and(|it| *place == room(it)))
            && self.before.is_none_or(|it| line.at < it)
            && self.after.is_none_or(|it| line.at >= it)
            && !unseen.rooms.contains(place)
            && unseen
                .hidden_before
                .iter()
                .all(|it| it.0 != *place || it.1 <= line.seq)
            && !unseen.people.contains(&line.author)
            && (is_excepted || !unseen.names.contains(from))
    }
}

fn made_up(dice: &mut Dice, seq: u64) -> Past {
    let texts = [
        "deploy", "DEPLOYED", "tea", "u", "Ü", "x東京y", "x-y", "nothing", "r1", "s1",
    ];
    let words: Vec<&str> = (0..1 + dice.below(5)).map(|_| dice.pick(&texts)).collect();
    let from = dice.pick(&["Ann", "ann", "bob", "Éve"]);
    // One room is so quiet that its searches go another way.
    let place = ROOMS[[0, 0, 0, 0, 0, 1, 1, 1, 1, 2][dice.below(10)]];
    let line = said(seq, place, from, &words.join(" "));
    let line = Past {
        at: DAY + 600_000 * seq as i64,
        author: PersonId(dice.below(4) as u64),
        account: None,
        ..line
    };
    match dice.below(4) {
        0 => done(line),
        1 => Past {
            news: topic(seq, "tea").news,
            ..line
        },
        _ => line,
    }
}

/// What a reader does not see, made up.
fn overlooked(dice: &mut Dice) -> Unseen {
    let mut unseen = Unseen::default();
    let mut is_so = |one_in: usize| dice.below(one_in) == 0;
    let (has_room, has_person, has_name, has_but) = (is_so(4), is_so(3), is_so(2), is_so(2));
    if has_room {
        unseen.rooms.push(room(dice.pick(&ROOMS)));
    }
    if dice.below(4) == 0 {
        let since = dice.below(400) as u64;
        unseen.hidden_before.push((room(dice.pick(&ROOMS)), since));
    }
    if has_person {
        unseen.people.push(PersonId(1 + dice.below(3) as u64));
    }
    if has_name {
        unseen.names.push(name(dice.pick(&NAMES)));
    }
    if has_but {
        unseen.but.push(PersonId(1 + dice.below(3) as u64));
    }
    unseen
}

#[test]
fn what_is_found_is_what_reading_everything_would_find() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let mut dice = Dice::new(1);
    let rows: Vec<Past> = (1..=600).map(|seq| made_up(&mut dice, seq)).collect();
    store.keep(&rows);
    let mut found = 0;
    for _ in 0..600 {
        let asked = Asked::new(&mut dice);
        let unseen = overlooked(&mut dice);
        let query = parse(&asked.typed);
        let expected: Vec<u64> = rows
            .iter()
            .filter(|it| asked.finds(it, &unseen))
            .map(|it| it.seq)
            .collect();
        found += expected.len();
        let count = 1 + dice.below(30);
        assert_eq!(
            all(&mut store.reader, &query, &unseen, count),
            expected,
            "{asked:?} {unseen:?}"
        );
    }
    assert!(found > 2000, "{found}");
    for _ in 0..100 {
        let unseen = overlooked(&mut dice);
        let asked = Asked {
            room: Some("tea"),
            ..Asked::default()
        };
        let expected = rows.iter().filter(|it| asked.finds(it, &unseen));
        let expected: Vec<u64> = expected.map(|it| it.seq).collect();
        let page = store
            .reader
            .history(&room("tea"), &unseen, Before::End, 9999);
        let page = page.expect("in time");
        let read: Vec<u64> = page.lines.iter().map(|it| it.seq).collect();
        assert_eq!(read, expected, "{unseen:?}");
    }
    store.stop();
}

#[test]
fn a_busy_room_is_searched_to_its_end() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let place = |seq| match seq {
        1..=30 | 1501.. => "lobby",
        _ => "den",
    };
    let text = |seq| if seq > 1500 { "other" } else { "tea" };
    let rows = (1..=1900).map(|seq| said(seq, place(seq), "Ann", text(seq)));
    store.keep(&rows.collect::<Vec<_>>());
    let unseen = Unseen::default();
    let found = all(&mut store.reader, &parse("tea"), &unseen, 20);
    assert_eq!(found, (1..=30).collect::<Vec<u64>>());
    let found = all(&mut store.reader, &parse("other"), &unseen, 30);
    assert_eq!(found, (1501..=1900).collect::<Vec<u64>>());
    store.stop();
}

#[test]
fn words_are_found_in_any_script_case_and_accent() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let lines = [
        "昨日東京都へ行った",
        "京都",
        "ภาษาไทย",
        "Déjà vu",
        "two words, here",
        "words two",
        "see https://example.org/a_b",
    ];
    let rows = lines.iter().zip(1..).map(|(text, seq)| row(seq, text));
    store.keep(&rows.collect::<Vec<_>>());
    for (query, expected) in [
        ("東京", &[0][..]),
        ("京都", &[0, 1]),
        ("東京*", &[0]),
        ("ไทย", &[2]),
        ("DEJA", &[3]),
        ("\"two words\"", &[4]),
        ("two words", &[4, 5]),
        ("wor*", &[4, 5]),
        ("https://example.org/a_b", &[6]),
        ("\"NEAR(\" OR)", &[]),
        ("AND", &[]),
        ("body:two", &[]),
        ("🙂 vu", &[3]),
        ("from:ann vu", &[3]),
        ("from:Ann", &[0, 1, 2, 3, 4, 5, 6]),
        ("from:bob", &[]),
        ("s1", &[]),
        ("vu in:nowhere", &[]),
    ] {
        let expected: Vec<&str> = expected.iter().map(|it| lines[*it]).collect();
        assert_eq!(store.texts(query), expected, "{query}");
    }
    store.stop();
}

#[test]
fn lines_of_ignored_people_make_no_page_shorter() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=1002).map(|seq| {
        let is_ann = seq == 1 || seq == 1002;
        let from = if is_ann { "Ann" } else { "Spam" };
        said(seq, "lobby", from, "tea")
    });
    store.keep(&rows.collect::<Vec<_>>());
    let unseen = Unseen {
        names: vec![name("SPAM")],
        ..Unseen::default()
    };
    assert_eq!(all(&mut store.reader, &parse("tea"), &unseen, 1), [1, 1002]);
    let page = store
        .reader
        .history(&room("lobby"), &unseen, Before::End, 2);
    let page = page.expect("in time");
    assert_eq!(
        (page.lines[0].seq, page.lines[1].seq, page.older),
        (1, 1002, None)
    );
    store.stop();
}

#[test]
fn a_room_is_read_from_the_entry_on_from_which_one_may() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=100).map(|seq| {
        let place = ["lobby", "den"][(seq % 2) as usize];
        said(2 * seq, place, "Ann", "tea")
    });
    store.keep(&rows.collect::<Vec<_>>());
    let unseen = Unseen {
        hidden_before: vec![(room("den"), 191)],
        ..Unseen::default()
    };
    let read = |page: Page| page.lines.iter().map(|it| it.seq).collect::<Vec<_>>();
    let den = store.reader.history(&room("DEN"), &unseen, Before::End, 50);
    let den = den.expect("in time");
    assert_eq!(den.older, None);
    assert_eq!(read(den), [194, 198]);
    let lobby = store
        .reader
        .history(&room("lobby"), &unseen, Before::End, 50);
    assert_eq!(read(lobby.expect("in time")).len(), 50);
    let found = all(&mut store.reader, &parse("tea in:den"), &unseen, 20);
    assert_eq!(found, [194, 198]);
    let found = all(&mut store.reader, &parse("tea in:*"), &unseen, 20);
    assert_eq!(found.len(), 52);
    store.stop();
}

#[test]
fn history_goes_back_to_any_date() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=999).map(|seq| row(seq, &seq.to_string()));
    store.keep(&rows.collect::<Vec<_>>());
    for (at, expected) in [
        (DAY, &[][..]),
        (DAY + 1000, &[]),
        (DAY + 1001, &["1"]),
        (DAY + 500_000, &["497", "498", "499"]),
        (DAY + 999_000, &["996", "997", "998"]),
        (i64::MAX, &["997", "998", "999"]),
    ] {
        let page = store.history("lobby", Before::At(at), 3);
        assert_eq!(texts(&page), expected, "{at}");
    }
    store.stop();
}

/// A clock that goes by a millisecond with each look.
fn hasty(looks: Arc<AtomicU64>) -> Clock {
    let start = Instant::now();
    Arc::new(move || {
        let looks = looks.fetch_add(1, Ordering::Relaxed);
        Moment {
            instant: start + Duration::from_millis(looks),
            unix: DAY / 1000,
            millis: 0,
        }
    })
}

#[test]
fn a_search_that_takes_too_long_is_given_up() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=40_000).map(|seq| row(seq, if seq % 2 == 0 { "even" } else { "odd" }));
    let rows: Vec<Past> = rows.collect();
    rows.chunks(8000).for_each(|rows| store.keep(rows));
    store.stop();
    let looks = Arc::new(AtomicU64::new(0));
    let store = open(&dir.options(), hasty(looks.clone())).expect("it opens");
    let mut reader = store.reader;
    let unseen = Unseen {
        people: vec![PersonId(7)],
        ..Unseen::default()
    };
    let lobby = RoomName::lobby();
    let page = reader.search(&parse("even"), &lobby, &unseen, Before::End, 20);
    assert_eq!(page, Err(Refused::TooMuch));
    // The index alone is read here, and no line is found.
    let before = looks.load(Ordering::Relaxed);
    let page = search(&mut reader, "even odd");
    assert_eq!(page, Ok(Page::default()));
    assert!(
        looks.load(Ordering::Relaxed) > before + 2,
        "it looks at the clock"
    );
    let page = search(&mut reader, "even");
    assert_eq!(page.map(|it| it.lines.len()), Ok(20));
}

/// Case, accents and points, and how a letter is composed, make no difference.
#[test]
fn words_are_found_however_they_are_written() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let pairs = [
        (
            "한국어",
            "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}\u{110b}\u{1165}",
        ),
        ("ελλαδα", "Ελλάδα"),
        ("ελλας", "ΕΛΛΆΣ"),
        ("שלום", "שָׁלוֹם"),
        ("full", "ＦＵＬＬ"),
        ("strasse", "Straße"),
        ("ガ行", "ｶﾞ行"),
        ("Zoë", "ZOE\u{308}"),
        ("سلام", "سَلَام"),
    ];
    let rows = pairs.iter().flat_map(|it| [it.0, it.1]);
    let rows: Vec<_> = (1..).zip(rows).map(|(seq, text)| row(seq, text)).collect();
    store.keep(&rows);
    for (one, other) in pairs {
        for typed in [one, other] {
            assert_eq!(store.texts(typed), [one, other], "{typed}");
        }
    }
    // Signs of vowels are no accents.
    store.keep(&[row(100, "हिन्दी"), row(101, "हनद")]);
    assert_eq!(store.texts("हिन्*"), ["हिन्दी"]);
    assert_eq!(store.texts("Zoe\u{308}*"), ["Zoë", "ZOE\u{308}"]);
    store.stop();
    assert_whole(&dir.file());
}
