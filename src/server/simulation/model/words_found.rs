//! Which lines a search finds: those that hold all its words.

use crate::query::{Query, Term};

use super::rows::Shelved;

/// Whether a line is found, apart from where and when it was said.
pub(super) fn finds(query: &Query, it: &Shelved) -> bool {
    let text = match it.line.news.text() {
        Some(text) if it.is_talk() => words(text),
        _ => return false,
    };
    let is_by = |name| it.line.name.as_ref() == Some(name);
    query.from.as_ref().is_none_or(is_by) && query.terms.iter().all(|term| holds(&text, term))
}

/// Whether the words of a phrase stand one behind the other. Of the last one the beginning may be enough.
fn holds(text: &[String], term: &Term) -> bool {
    let sought = words(&term.text);
    let Some((last, others)) = sought.split_last() else {
        return true;
    };
    text.windows(sought.len()).any(|run| {
        let end = &run[others.len()];
        run[..others.len()] == *others && (end == last || term.is_prefix && end.starts_with(last))
    })
}

/// The words of a text, in small letters. A letter of a script without spaces is a word.
fn words(text: &str) -> Vec<String> {
    let is_word =
        |c: char| ('\u{3040}'..='\u{30ff}').contains(&c) || ('\u{4e00}'..='\u{9fff}').contains(&c);
    // The index takes what is no character yet for a letter. Noise has some of these.
    let is_none = |c: char| {
        const NONE: [(u32, u32); 9] = [
            (0x378, 0x379),
            (0x380, 0x383),
            (0x557, 0x558),
            (0x58b, 0x58c),
            (0x5c8, 0x5cf),
            (0x5eb, 0x5ee),
            (0x5f5, 0x5ff),
            (0x7b2, 0x7bf),
            (0x7fb, 0x7fc),
        ];
        let is_in = |(first, last): (u32, u32)| (first..=last).contains(&(c as u32));
        NONE.into_iter().any(is_in) || [0x38b, 0x38d, 0x3a2, 0x530, 0x590].contains(&(c as u32))
    };
    // Nor are marks letters there, which are some of an alphabet otherwise.
    let is_mark = |c: char| {
        const MARKS: [(u32, u32); 8] = [
            (0x345, 0x345),
            (0x5b0, 0x5c7),
            (0x610, 0x61a),
            (0x64b, 0x65f),
            (0x670, 0x670),
            (0x6d6, 0x6e4),
            (0x6e7, 0x6ed),
            (0x711, 0x711),
        ];
        let is_in = |(first, last): (u32, u32)| (first..=last).contains(&(c as u32));
        MARKS.into_iter().any(is_in)
            || ('\u{730}'..='\u{74a}').contains(&c)
            || ('\u{7a6}'..='\u{7b0}').contains(&c)
    };
    let is_letter = |c: char| c.is_alphanumeric() && !is_mark(c) || is_none(c);
    let is_accent = |c: char| ('\u{300}'..='\u{331}').contains(&c);
    let (mut all, mut word) = (Vec::new(), String::new());
    for c in text.chars().chain([' ']) {
        if is_word(c) || !is_letter(c) && !is_accent(c) {
            all.extend(Some(std::mem::take(&mut word)).filter(|it| !it.is_empty()));
        }
        if is_word(c) {
            all.push(c.into());
        } else if is_letter(c) {
            word.extend(c.to_lowercase());
        }
    }
    all
}
