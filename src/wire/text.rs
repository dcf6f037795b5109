//! The one place where bytes become text that may reach another person or a log.
//!
//! Every text that leaves here is UTF-8 and one line. It can neither drive a terminal nor reorder the text around it,
//! and has no invisible character outside of its words.

use std::borrow::Cow;

use crate::invisible::{is_blank, shows_nothing};
use crate::limits::SPACE_COLUMNS;

/// Makes text of bytes. Text that is clean already is not copied.
///
/// Each bad UTF-8 sequence becomes U+FFFD. A control character (C0 apart from TAB, and DEL) becomes its visible picture
/// (U+2400 and following, so ESC shows as `␛`). C1 controls, the line and paragraph separators and all characters that
/// control the direction of text become U+FFFD.
///
/// A character that shows nothing stays within a word, where a script or an emoji may need it, and becomes U+FFFD
/// elsewhere. Of a text that shows nothing at all, only the white space is left. The result is at most three times as
/// long as the input.
pub fn clean(bytes: &[u8]) -> Cow<'_, str> {
    clean_to(usize::MAX, bytes)
}

/// Makes text of a person's typed line: like [`clean`], but with at most [`SPACE_COLUMNS`] columns of space in a row.
/// With more, a line could push its end onto a row of its own, where it looks like somebody else's.
pub fn clean_typed(bytes: &[u8]) -> Cow<'_, str> {
    clean_to(SPACE_COLUMNS, bytes)
}

fn clean_to(columns: usize, bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !may_need_care(bytes) => Cow::Borrowed(text),
        Ok(text) => rewritten(text.into(), columns),
        Err(_) => rewritten(String::from_utf8_lossy(bytes), columns),
    }
}

/// Whether this UTF-8 can hold a character to replace, or long white space. False alarms are allowed; they cost a copy.
fn may_need_care(bytes: &[u8]) -> bool {
    // These folds have no early exit, so the compiler turns them into vector instructions.
    let is_odd = |byte: u8| byte.wrapping_sub(b' ') > b'~' - b' ';
    let has_odd = bytes.iter().fold(false, |any, &byte| any | is_odd(byte));
    // Nine spaces in a row fill at least one aligned group of four.
    let is_space = |four: &[u8; 4]| u32::from_ne_bytes(*four) == u32::from_ne_bytes([b' '; 4]);
    let fours = bytes.as_chunks().0.iter();
    let has_spaces = fours.fold(false, |any, four| any | is_space(four));
    has_spaces || has_odd && bytes.iter().any(|&byte| may_hide(byte))
}

/// Whether a byte can belong to a character to replace.
fn may_hide(byte: u8) -> bool {
    // The bytes here that are no controls begin the characters U+0080..=U+00BF, U+0340..=U+037F, U+0600..=U+063F,
    // U+1000..=U+3FFF, and U+F000 and beyond.
    matches!(byte, 0..0x20 | 0x7f | 0xc2 | 0xcd | 0xd8 | 0xe1..=0xe3 | 0xef..)
}

#[cold]
fn rewritten(text: Cow<'_, str>, columns: usize) -> Cow<'_, str> {
    let rewritten = rewrite(&text, columns);
    match rewritten == text {
        true => text,
        false => Cow::Owned(rewritten),
    }
}

/// The visible words, and the gaps between them.
fn rewrite(text: &str, columns: usize) -> String {
    if text.chars().all(is_gap) {
        let space: String = text.chars().filter(|&c| is_space(c)).collect();
        let mut out = String::new();
        push_gap(&space, false, false, columns, &mut out);
        return out;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(rest.find(is_gap).unwrap_or(rest.len()));
        out.extend(word.chars().map(visible));
        let end = behind.find(|c| !is_gap(c)).unwrap_or(behind.len());
        let (gap, next) = behind.split_at(end);
        push_gap(gap, !word.is_empty(), !next.is_empty(), columns, &mut out);
        rest = next;
    }
    out
}

/// Appends the gap between two words, or at an end of the text.
fn push_gap(gap: &str, follows: bool, goes_on: bool, columns: usize, out: &mut String) {
    // Characters that change the letter or emoji before them belong to the word.
    let attached = match follows {
        true => gap.find(|c| !is_attached(c)).unwrap_or(gap.len()),
        false => 0,
    };
    out.push_str(&gap[..attached]);
    let gap = &gap[attached..];
    let is_within_word = follows && goes_on && !gap.contains(|c| is_space(c) || is_forbidden(c));
    let mut width = 0_usize;
    for c in gap.chars() {
        if is_space(c) || is_within_word {
            width = width.saturating_add(columns_of(c));
            if width <= columns {
                out.push(c);
            }
        } else {
            out.push(char::REPLACEMENT_CHARACTER);
            width = 0;
        }
    }
}

/// Whether a character stands between words: white space, and invisible characters.
fn is_gap(c: char) -> bool {
    is_space(c) || is_forbidden(c) || shows_nothing(c)
}

/// White space that may stay.
fn is_space(c: char) -> bool {
    c == '\t' || c.is_whitespace() && !c.is_control() && !is_forbidden(c)
}

/// Invisible characters that may stay nowhere: separators of lines, and controls of the direction of text (UAX #9).
fn is_forbidden(c: char) -> bool {
    matches!(
        c,
        '\u{85}'
            | '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Characters that act on the letter or emoji before them: joiners, invisible marks, variation selectors, tags.
fn is_attached(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180d}'
            | '\u{180f}'
            | '\u{200c}'..='\u{200d}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0020}'..='\u{e007f}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// The number of columns that a character of a gap takes.
fn columns_of(c: char) -> usize {
    match c {
        '\t' => 4,
        '\u{3000}' | '\u{115f}' | '\u{3164}' => 2,
        '\u{ad}' | '\u{ffa0}' => 1,
        c if is_space(c) || is_blank(c) => 1,
        _ => 0,
    }
}

/// A character of a word, or its visible replacement.
fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More bytes than are examined in one go.
    const BLOCK: usize = 64;

    #[test]
    fn clean_text_is_borrowed() {
        let long = "the quick brown fox jumps over the lazy dog, again and again. ".repeat(20);
        for text in [
            "",
            "Hello, everyone!",
            "a\tb",
            "Ольга 花子 ひらがな 🎉",
            "ß £5 · ½",
            "“quoted” – and € too",
            "→ ␛",
            "two  spaces   or more",
            &long,
        ] {
            for clean in [clean, clean_typed] {
                let cleaned = clean(text.as_bytes());
                assert!(matches!(cleaned, Cow::Borrowed(it) if it == text), "{text}");
            }
        }
    }

    #[test]
    fn controls_become_visible_and_the_rest_is_replaced() {
        for (bytes, text) in [
            (&b"\x1b]0;gotcha\x07"[..], "␛]0;gotcha␇"),
            (b"\0\x08\x7f\x0b\x0c", "␀␈␡␋␌"),
            ("a\u{9b}2Jb".as_bytes(), "a\u{fffd}2Jb"),
            (
                "a\u{202e}b\u{2066}c\u{2028}d\u{85}e".as_bytes(),
                "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e",
            ),
            (
                "a\u{200e}b\u{200f}c\u{61c}d".as_bytes(),
                "a\u{fffd}b\u{fffd}c\u{fffd}d",
            ),
            (b"a\xffb\xc3", "a\u{fffd}b\u{fffd}"),
            (b"\xff\x1b", "\u{fffd}␛"),
        ] {
            assert_eq!(clean(bytes), text);
            assert_eq!(clean_typed(bytes), text);
        }
    }

    #[test]
    fn what_shows_nothing_stays_within_a_word_alone() {
        for text in [
            "👩\u{200d}💻 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            "👁\u{fe0f}\u{200d}🗨\u{fe0f}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}!",
            "می\u{200c}خواهم",
            "ไทย\u{200b}แลนด์",
            "co\u{ad}op\u{2060}er\u{feff}ate",
            "⠓⠑⠇⠇⠕\u{2800}⠺",
            "क\u{94d}\u{200c}",
        ] {
            assert_eq!(clean_typed(text.as_bytes()), text);
        }
        for (text, cleaned) in [
            ("\u{feff}hi", "\u{fffd}hi"),
            ("hi\u{200b}", "hi\u{fffd}"),
            ("hi \u{ad} you", "hi \u{fffd} you"),
            ("hi\u{2800} you", "hi\u{fffd} you"),
            ("hi\u{3164}", "hi\u{fffd}"),
            ("\u{200d}hi", "\u{fffd}hi"),
            (" \u{fe0f}hi", " \u{fffd}hi"),
            ("a\u{200b}\u{202e}b", "a\u{fffd}\u{fffd}b"),
            ("a\u{200d} \u{200b}b", "a\u{200d} \u{fffd}b"),
        ] {
            assert_eq!(clean_typed(text.as_bytes()), cleaned, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_shows_nothing_is_blank() {
        for text in [
            "\u{feff}",
            "\u{200e}\u{3164}",
            " \u{2800}\t\u{ad} ",
            "\u{202e}\u{2028}",
        ] {
            assert_eq!(clean_typed(text.as_bytes()).trim(), "", "{text:?}");
            assert_eq!(clean(text.as_bytes()).trim(), "", "{text:?}");
        }
        // A byte that is not text becomes visible.
        assert_eq!(clean_typed(b"\xff \x1b"), "\u{fffd} ␛");
    }

    #[test]
    fn long_white_space_is_shortened() {
        let ok = format!("ok{}bob (private): the code is 1234", " ".repeat(69));
        let short = format!("ok{}bob (private): the code is 1234", " ".repeat(8));
        assert_eq!(clean_typed(ok.as_bytes()), short);
        assert_eq!(clean(ok.as_bytes()), ok);
        for place in 0..3 * BLOCK {
            let spaced = |n| format!("{}{}x", "x".repeat(place), " ".repeat(n));
            assert_eq!(clean_typed(spaced(8).as_bytes()), spaced(8));
            assert_eq!(clean_typed(spaced(9).as_bytes()), spaced(8));
        }
        for (text, cleaned) in [
            ("a\t\t\tb", "a\t\tb"),
            ("a\t     b", "a\t    b"),
            (
                "a\u{3000}\u{3000}\u{3000}\u{3000}\u{3000}b",
                "a\u{3000}\u{3000}\u{3000}\u{3000}b",
            ),
        ] {
            assert_eq!(clean_typed(text.as_bytes()), cleaned, "{text:?}");
        }
        for blank in ['\u{2800}', '\u{a0}', '\u{3164}', '\u{2003}', '\u{13441}'] {
            let gap: String = std::iter::repeat_n(blank, 70).collect();
            let cleaned = clean_typed(format!("a{gap}b").as_bytes()).into_owned();
            assert!(cleaned.chars().count() <= 10, "{blank:?}");
            let mixed = format!("a{}b", format!("\u{200b}{blank}").repeat(70));
            let cleaned = clean_typed(mixed.as_bytes()).into_owned();
            let blanks = cleaned.chars().filter(|c| *c == blank).count();
            assert!(blanks <= 8 || cleaned.contains('\u{fffd}'), "{blank:?}");
        }
    }

    #[test]
    fn no_byte_value_yields_a_control_character_anywhere_in_a_line() {
        for byte in 0..=255u8 {
            for place in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1] {
                let mut bytes = vec![b'x'; 3 * BLOCK];
                bytes[place] = byte;
                let text = clean(&bytes);
                assert!(
                    !text.chars().any(|c| c.is_control() && c != '\t'),
                    "{byte:#x}"
                );
                assert_eq!(text.chars().count(), 3 * BLOCK, "{byte:#x}");
            }
        }
    }

    #[test]
    fn nothing_that_would_be_replaced_is_overlooked() {
        for c in ('\u{80}'..=char::MAX).filter(|&c| visible(c) != c || is_gap(c)) {
            let mut buffer = [0; 4];
            assert!(
                may_need_care(c.encode_utf8(&mut buffer).as_bytes()),
                "{:x}",
                c as u32
            );
        }
    }
}
