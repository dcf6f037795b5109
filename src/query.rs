//! `Query`: what a person types to search for what was said, and what it asks for.

use std::fmt;

use crate::limits::past::{PREFIX_CHARS, SEARCH_BYTES, SEARCH_TERMS};
use crate::moment::{Civil, Offset};
use crate::name::{InvalidUsername, RoomName, Username};

/// A search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Where to search.
    pub place: Place,
    pub(crate) terms: Vec<Term>,
    /// Only lines of this author.
    pub(crate) from: Option<Username>,
    /// Only lines from before this time: milliseconds since 1970-01-01 00:00 UTC.
    pub(crate) before: Option<i64>,
    /// Only lines from this time on.
    pub(crate) after: Option<i64>,
}

/// Where to search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the reader's current room.
    Here,
    /// In this room.
    Room(RoomName),
    /// In all rooms.
    Everywhere,
}

/// A word, a phrase, or the beginning of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) text: String,
    pub(crate) is_prefix: bool,
}

/// Why a text is no search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidQuery {
    /// It has no word, and no name.
    Empty,
    /// It has more bytes than this.
    TooLong(usize),
    /// It has more words and phrases than this.
    TooManyTerms(usize),
    /// The beginning of a word has fewer letters than this.
    ShortPrefix(usize),
    /// This is neither a date nor a date with a time.
    Date(String),
    /// The text behind `from:` is no name.
    Name(InvalidUsername),
    /// The text behind `in:` is no name of a room.
    Room(InvalidUsername),
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidQuery::Empty => write!(f, "Type a word to search for, such as /search tea."),
            InvalidQuery::TooLong(most) => {
                write!(f, "A search has at most {most} bytes.")
            }
            InvalidQuery::TooManyTerms(most) => {
                write!(f, "A search has at most {most} words and phrases.")
            }
            InvalidQuery::ShortPrefix(least) => {
                write!(f, "Give at least {least} letters before the *.")
            }
            InvalidQuery::Date(text) => write!(
                f,
                "'{text}' is not a date. Write it as 2026-11-20 or 2026-11-20T18:00."
            ),
            InvalidQuery::Name(_) => write!(f, "from: takes a name."),
            InvalidQuery::Room(_) => write!(f, "in: takes a room's name, or *."),
        }
    }
}

impl std::error::Error for InvalidQuery {}

/// One piece of what was typed: words between quotes are one piece.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    /// What stands before a colon, if it is one of the words that mean something.
    key: Option<Key>,
    text: &'a str,
    is_quoted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    From,
    Before,
    After,
    In,
}

const KEYS: [(&str, Key); 4] = [
    ("from:", Key::From),
    ("before:", Key::Before),
    ("after:", Key::After),
    ("in:", Key::In),
];

impl Query {
    /// Reads what a person typed. The offset is that of their clock, by which they mean dates.
    ///
    /// # Errors
    ///
    /// [`InvalidQuery`], which says what is wrong.
    pub fn parse(text: &str, offset: Offset) -> Result<Query, InvalidQuery> {
        if text.len() > SEARCH_BYTES {
            return Err(InvalidQuery::TooLong(SEARCH_BYTES));
        }
        let mut query = Query {
            place: Place::Here,
            terms: Vec::new(),
            from: None,
            before: None,
            after: None,
        };
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (piece, after) = piece(rest);
            rest = after.trim_start();
            query.take(&piece, offset)?;
        }
        if query.terms.is_empty() && query.from.is_none() {
            return Err(InvalidQuery::Empty);
        }
        Ok(query)
    }

    fn take(&mut self, piece: &Piece<'_>, offset: Offset) -> Result<(), InvalidQuery> {
        let text = piece.text;
        let time = || time(text, offset).ok_or_else(|| InvalidQuery::Date(text.into()));
        match piece.key {
            Some(Key::From) => {
                let parsed = Username::parse_addr(text).map_or_else(|| Username::parse(text), Ok);
                self.from = Some(parsed.map_err(InvalidQuery::Name)?);
            }
            Some(Key::Before) => self.before = Some(time()?),
            Some(Key::After) => self.after = Some(time()?),
            Some(Key::In) if text == "*" => self.place = Place::Everywhere,
            Some(Key::In) => {
                let room = RoomName::parse(text).map_err(InvalidQuery::Room)?;
                self.place = Place::Room(room);
            }
            None => return self.take_term(text, piece.is_quoted),
        }
        Ok(())
    }

    /// Takes a word or phrase. One without letters and digits finds nothing, and is left out.
    fn take_term(&mut self, text: &str, is_quoted: bool) -> Result<(), InvalidQuery> {
        let beginning = text.strip_suffix('*').filter(|_| !is_quoted);
        let text = beginning.unwrap_or(text);
        if !text.chars().any(char::is_alphanumeric) {
            return Ok(());
        }
        // A letter that is a word of its own begins no other.
        let is_prefix = beginning.is_some() && !text.ends_with(is_unspaced);
        let word = text.rsplit(|c: char| !c.is_alphanumeric() && !is_mark(c));
        let letters = |it: &str| it.chars().filter(|c| is_letter(*c)).count();
        if is_prefix && word.map(letters).next() < Some(PREFIX_CHARS) {
            return Err(InvalidQuery::ShortPrefix(PREFIX_CHARS));
        }
        if self.terms.len() == SEARCH_TERMS {
            return Err(InvalidQuery::TooManyTerms(SEARCH_TERMS));
        }
        let shown = text.chars().filter(|c| !c.is_control());
        let text = shown.collect();
        self.terms.push(Term { text, is_prefix });
        Ok(())
    }

    /// The words, for a title: without what stands before a colon.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for term in &self.terms {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&term.text);
            words.push_str(if term.is_prefix { "*" } else { "" });
        }
        words
    }
}

/// The first piece of a text, and what is behind it.
fn piece(text: &str) -> (Piece<'_>, &str) {
    let begins = |(name, _): &&(&str, Key)| {
        let begin = text.get(..name.len());
        begin.is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let found = KEYS.iter().find(begins);
    let (key, value) = match found {
        Some((name, key)) => (Some(*key), &text[name.len()..]),
        None => (None, text),
    };
    let (text, is_quoted, rest) = match value.strip_prefix('"') {
        Some(inside) => {
            let (text, rest) = inside.split_once('"').unwrap_or((inside, ""));
            (text, true, rest)
        }
        None => {
            let end = match key {
                Some(Key::Before | Key::After) => end_of_time(value),
                _ => end_of_word(value),
            };
            let (text, rest) = value.split_at(end);
            (text, false, rest)
        }
    };
    let piece = Piece {
        key,
        text,
        is_quoted,
    };
    (piece, rest)
}

fn end_of_word(text: &str) -> usize {
    text.find(char::is_whitespace).unwrap_or(text.len())
}

/// Where a date ends, and a time right behind it.
fn end_of_time(text: &str) -> usize {
    let date = end_of_word(text);
    let (spaces, time) = {
        let rest = &text[date..];
        let time = rest.trim_start();
        (rest.len() - time.len(), &time[..end_of_word(time)])
    };
    let is_time = |it: &[u8]| matches!(it, [a, b, b':', c, d] if [a, b, c, d].iter().all(|it| it.is_ascii_digit()));
    let is_date = text[..date]
        .bytes()
        .all(|it| it.is_ascii_digit() || it == b'-');
    match is_date && is_time(time.as_bytes()) {
        true => date + spaces + time.len(),
        false => date,
    }
}

/// Whether something is a letter or a digit, and no accent or point.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_accent(c)
}

/// Whether something belongs to the letter before it.
fn is_mark(c: char) -> bool {
    #[cfg(feature = "unicode-names")]
    let is_mark = unicode_normalization::char::is_combining_mark(c);
    #[cfg(not(feature = "unicode-names"))]
    let is_mark = is_accent(c);
    is_mark
}

/// Whether a mark is an accent or a point of Latin, Greek, Cyrillic, Hebrew or Arabic, without which a word is the same
/// to a search. Other scripts write their vowels with marks.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20dc}' | '\u{fe20}'..='\u{fe2f}'
        // Hebrew.
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{fb1e}'
        // Arabic.
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}' | '\u{898}'..='\u{89f}'
        | '\u{8ca}'..='\u{8e1}' | '\u{8e3}'..='\u{8ff}')
}

/// The text without differences that nobody searches for: as full case folding has it, as far as the standard library
/// knows that.
#[cfg(feature = "store")]
pub(crate) fn folded(text: &str) -> String {
    let large = apart(text).flat_map(char::to_uppercase);
    // Letter by letter, so that a sigma at the end is one like others.
    together(large.flat_map(char::to_lowercase))
}

/// Letters apart from their marks, and without those that are accents or points.
#[cfg(all(feature = "store", feature = "unicode-names"))]
fn apart(text: &str) -> impl Iterator<Item = char> {
    use unicode_normalization::UnicodeNormalization;
    text.nfkd().filter(|it| !is_accent(*it))
}

#[cfg(all(feature = "store", not(feature = "unicode-names")))]
fn apart(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|it| !is_accent(*it))
}

/// Letters together with the marks that are left.
#[cfg(all(feature = "store", feature = "unicode-names"))]
fn together(letters: impl Iterator<Item = char>) -> String {
    use unicode_normalization::UnicodeNormalization;
    letters.nfc().collect()
}

#[cfg(all(feature = "store", not(feature = "unicode-names")))]
fn together(letters: impl Iterator<Item = char>) -> String {
    letters.collect()
}

/// Whether the script of a letter puts no space between words. Each such letter is a word of its own.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(c,
        // Thai, Lao, Burmese, Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Signs of repetition, kana, bopomofo, and kana of half width.
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}'
        | '\u{ff66}'..='\u{ff9f}'
        // Ideographs.
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Reads a date, `2026-11-20`, or a date and a time, `2026-11-20 18:00` or `2026-11-20T18:00`, by a clock of this offset.
/// Returns milliseconds since 1970-01-01 00:00 UTC.
pub(crate) fn time(text: &str, offset: Offset) -> Option<i64> {
    let local = local_time(text)?;
    Some((local - offset.seconds()) * 1000)
}

/// Seconds since 1970-01-01 00:00 of the clock that shows this.
fn local_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = match text.split_once([' ', 'T', 't']) {
        Some((date, time)) => (date, time.trim_start()),
        None => (text, "00:00"),
    };
    let number = |text: &str, digits: usize| {
        let is_number = text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
        is_number.then(|| text.parse::<i64>().ok()).flatten()
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let (month, day) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute) = (number(hour, 2)?, number(minute, 2)?);
    if parts.next().is_some() || hour > 23 || minute > 59 || !(1..=12).contains(&month) {
        return None;
    }
    // Years are counted from March, so that a leap day is the last of its year.
    let march_year = year - i64::from(month < 3);
    let month_from_march = (month + 9) % 12;
    let days = 365 * march_year + march_year.div_euclid(4) - march_year.div_euclid(100)
        + march_year.div_euclid(400)
        + (153 * month_from_march + 2) / 5
        + day
        - 1
        - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60;
    let back = Civil::at(seconds, Offset::default());
    let is_date = (back.year, back.month, back.day) == (year, month, day);
    is_date.then_some(seconds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::{InvalidQuery, Place, Query, local_time};
    use crate::moment::{Civil, Offset};
    use crate::name::{RoomName, Username};

    fn parse(text: &str) -> Result<Query, InvalidQuery> {
        Query::parse(text, Offset::parse("+1").expect("an offset"))
    }

    #[test]
    fn some_words_mean_something() {
        let typed = "tea IN:#Den from:ann before:2026-11-20 after:\"2026-11-19 18:30\"";
        let query = parse(typed).expect("a search");
        let ann = Username::parse("Ann").expect("a name");
        assert_eq!(
            (query.from.as_ref(), query.words()),
            (Some(&ann), "tea".into())
        );
        let day = 1_795_132_800_000;
        assert_eq!(query.before, Some(day - 3_600_000));
        assert_eq!(query.after, Some(day - 6 * 3_600_000 - 1_800_000));
        for typed in ["x before:2026-11-30 18:00 y", "x before:2026-11-30T18:00 y"] {
            let query = parse(typed).expect("a search");
            let time = day + 10 * 24 * 3_600_000 + 17 * 3_600_000;
            assert_eq!((query.before, query.words()), (Some(time), "x y".into()));
        }
        let words = parse("after:2026-11-30 tea 18:00").map(|it| it.words());
        assert_eq!(words, Ok("tea 18:00".into()));
        let den = RoomName::parse("den").expect("the name of a room");
        assert_eq!(query.place, Place::Room(den));
        assert_eq!(parse("x in:*").map(|it| it.place), Ok(Place::Everywhere));
    }

    #[test]
    fn what_is_no_search_is_told_why() {
        let many = "x ".repeat(9);
        for (typed, sentence) in [
            ("", "Type a word to search for, such as /search tea."),
            ("!! in:*", "Type a word to search for, such as /search tea."),
            (&many[..], "A search has at most 8 words and phrases."),
            (&"x".repeat(257)[..], "A search has at most 256 bytes."),
            ("de*", "Give at least 3 letters before the *."),
            ("x-de*", "Give at least 3 letters before the *."),
            (
                "x before:2026-02-29",
                "'2026-02-29' is not a date. Write it as 2026-11-20 or 2026-11-20T18:00.",
            ),
            (
                "\u{5e9}\u{5b8}\u{5c1}*",
                "Give at least 3 letters before the *.",
            ),
            ("from:!", "from: takes a name."),
            ("x in:", "in: takes a room's name, or *."),
        ] {
            let why = parse(typed).map_err(|why| why.to_string());
            assert_eq!(why, Err(sentence.to_string()), "{typed}");
        }
        // Marks are no letters, but they part none.
        assert!(parse("हिन्*").is_ok() && parse("Zoe\u{308}*").is_ok());
        assert!(parse(&many[2..]).is_ok() && parse(&"x".repeat(256)).is_ok());
    }

    proptest! {
        #[test]
        fn any_date_is_read_as_it_is_shown(seconds in -62_167_219_200_i64..253_402_300_799) {
            let civil = Civil::at(seconds, Offset::default());
            let minute = seconds - civil.second;
            proptest::prop_assert_eq!(local_time(&civil.to_string()), Some(minute));
        }

        #[test]
        fn nothing_that_is_typed_stops_anything(typed in any::<String>()) {
            if let Ok(query) = parse(&typed) {
                proptest::prop_assert!(query.words().len() <= 2 * typed.len());
            }
            let _ = local_time(&typed);
        }
    }
}
