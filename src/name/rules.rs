//! The characters that a name may hold (UAX #31, and the rules of context of RFC 5892, appendix A).

use crate::invisible::shows_nothing;
use crate::limits::MARKS_PER_LETTER;

use super::InvalidUsername;
use super::keys::{Look, Looks, look};

/// Checks a composed text (NFC) of at least one character.
pub(super) fn check(text: &str) -> Result<(), InvalidUsername> {
    let chars: Vec<char> = text.chars().collect();
    // The letter that a mark would belong to, and the number of its marks so far.
    let (mut letter, mut marks) = (None, 0);
    for (at, &c) in chars.iter().enumerate() {
        if shows_nothing(c) && !script::fits(&chars, at) {
            return Err(InvalidUsername::Invisible(c));
        }
        if script::is_mark(c) {
            marks += 1;
            check_mark(c, letter, marks)?;
        } else if c.is_alphanumeric() {
            letter = Some(c).filter(|c| c.is_alphabetic());
            marks = 0;
        } else if is_sign(c) {
            letter = None;
        } else if !script::fits(&chars, at) {
            return Err(refusal(c));
        }
    }
    if !chars[0].is_alphanumeric() {
        return Err(InvalidUsername::Begins(chars[0]));
    }
    check_direction(&chars)
}

/// The signs that a name may hold besides letters, digits and their marks.
fn is_sign(c: char) -> bool {
    matches!(c, '_' | '-' | '.')
}

/// Whether a name may hold a character, if its neighbours allow it.
pub(super) fn may_hold(c: char) -> bool {
    c.is_alphanumeric() || is_sign(c) || script::is_mark(c) || script::is_joiner(c)
}

/// Whether a character is one that these tables do not know.
#[cfg(feature = "cluster")]
pub(super) fn is_unassigned(c: char) -> bool {
    script::is_unassigned(c)
}

/// A mark must follow a letter that has few marks and is of a script that uses the mark.
fn check_mark(mark: char, letter: Option<char>, marks: usize) -> Result<(), InvalidUsername> {
    match letter {
        _ if shows_nothing(mark) => Err(InvalidUsername::Invisible(mark)),
        Some(letter) if script::is_of(mark, letter) => match marks > MARKS_PER_LETTER {
            true => Err(InvalidUsername::TooManyMarks),
            false => Ok(()),
        },
        _ => Err(InvalidUsername::Mark(mark)),
    }
}

fn refusal(c: char) -> InvalidUsername {
    match c.is_whitespace() {
        true => InvalidUsername::Space,
        false => InvalidUsername::Character(c),
    }
}

/// Letters from right to left beside others would change the order of the text around the name.
fn check_direction(chars: &[char]) -> Result<(), InvalidUsername> {
    let is_letter = |c: &char| c.is_alphabetic() && !script::is_mark(*c);
    let mut letters = chars.iter().copied().filter(is_letter);
    let first = letters.next().is_some_and(runs_right_to_left);
    match letters.all(|c| runs_right_to_left(c) == first) {
        true => Ok(()),
        false => Err(InvalidUsername::Directions),
    }
}

/// Whether a letter is written from right to left, by the ranges that Unicode reserves for such scripts
/// (DerivedBidiClass).
fn runs_right_to_left(c: char) -> bool {
    matches!(
        c,
        '\u{590}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// Checks that a name cannot be taken for something that is not a name.
pub(super) fn check_looks(text: &str, looks: &Looks) -> Result<(), InvalidUsername> {
    if looks_like_address(text) || looks.iter().any(|look| looks_like_address(look)) {
        return Err(InvalidUsername::Address);
    }
    if looks.iter().any(|look| look.contains(':'))
        && let Some(colon) = misplaced_colon(text)
    {
        return Err(InvalidUsername::Character(colon));
    }
    Ok(())
}

/// Anonymous mode names people by their addresses. Characters that look like digits count as digits. IPv6 addresses
/// have colons, which names do not.
fn looks_like_address(look: &str) -> bool {
    let is_digit = |c: char| c.is_numeric() || matches!(c, 'l' | 'O' | 'o');
    let is_byte = |it: &&str| (1..=3).contains(&it.chars().count()) && it.chars().all(is_digit);
    let groups: Vec<&str> = look.splitn(4, '.').collect();
    groups.len() == 4 && groups[..3].iter().all(is_byte) && groups[3].starts_with(is_digit)
}

/// A letter that looks like a colon and follows a letter of another script.
fn misplaced_colon(text: &str) -> Option<char> {
    let look_of = |c: char| look(c.encode_utf8(&mut [0; 4]), Look::Typed);
    let is_colon = |c: char| !script::is_mark(c) && look_of(c) == ":";
    let mut pairs = text.chars().zip(text.chars().skip(1));
    let misplaced = pairs.find(|&(before, c)| is_colon(c) && !script::is_at_home(c, before));
    misplaced.map(|(_, c)| c)
}

/// The parts that the standard library does not know. In a build without `unicode-names`, names have only letters and
/// digits.
#[cfg(not(feature = "unicode-names"))]
mod script {
    pub(super) fn is_mark(_: char) -> bool {
        false
    }

    pub(super) fn is_of(_: char, _: char) -> bool {
        false
    }

    pub(super) fn is_at_home(_: char, _: char) -> bool {
        false
    }

    pub(super) fn is_joiner(_: char) -> bool {
        false
    }

    pub(super) fn fits(_: &[char], _: usize) -> bool {
        false
    }

    #[cfg(feature = "cluster")]
    pub(super) fn is_unassigned(_: char) -> bool {
        false
    }
}

#[cfg(feature = "unicode-names")]
mod script {
    use unicode_ident::is_xid_continue;
    use unicode_joining_type::{JoiningType, get_joining_type};
    use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
    use unicode_script::{Script, UnicodeScript};

    const NON_JOINER: char = '\u{200c}';
    const JOINER: char = '\u{200d}';
    /// The canonical combining class of viramas.
    const VIRAMA: u8 = 9;

    pub(super) fn is_mark(c: char) -> bool {
        !c.is_ascii() && is_combining_mark(c) && is_xid_continue(c)
    }

    /// Whether a mark is used with letters of this letter's script.
    pub(super) fn is_of(mark: char, letter: char) -> bool {
        let scripts = mark.script_extension();
        // A dot above a letter that has one already is invisible (Unicode, Soft_Dotted).
        let is_hidden =
            mark == '\u{307}' && matches!(letter, 'i' | 'j' | 'ı' | 'ȷ' | 'і' | 'ј' | 'į' | 'ị');
        let is_of_signs = matches!(mark, '\u{20d0}'..='\u{20ff}');
        !is_hidden && !is_of_signs && (scripts.is_inherited() || is_at_home(mark, letter))
    }

    /// Whether a character belongs to a script of this letter (UAX #24).
    pub(super) fn is_at_home(c: char, letter: char) -> bool {
        let (mut scripts, of_letter) = (c.script_extension(), letter.script_extension());
        let is_of_any = scripts.is_common() || of_letter.is_common();
        scripts.intersect_with(of_letter);
        !is_of_any && !scripts.is_empty()
    }

    pub(super) fn is_joiner(c: char) -> bool {
        matches!(c, NON_JOINER | JOINER)
    }

    /// Whether a character has no script, not even that of all (UAX #24, `Zzzz`).
    #[cfg(feature = "cluster")]
    pub(super) fn is_unassigned(c: char) -> bool {
        !c.is_ascii() && c.script() == Script::Unknown
    }

    /// Whether a character that is not a letter fits its place.
    pub(super) fn fits(chars: &[char], at: usize) -> bool {
        let (before, behind) = (&chars[..at], &chars[at + 1..]);
        let (previous, next) = (before.last().copied(), behind.first().copied());
        let is = |c: Option<char>, script| c.is_some_and(|c| c.script() == script);
        let is_l = |c| matches!(c, Some('l' | 'L'));
        match chars[at] {
            NON_JOINER => follows_virama(previous) || parts_letters(before, behind),
            // Before a virama it keeps the Bengali ra whole (The Unicode Standard, 12.2).
            JOINER => follows_virama(previous) || (previous, next) == (Some('র'), Some('\u{9cd}')),
            // The rules for the middle dot of Catalan, of Katakana, and for geresh and gershayim.
            '\u{b7}' => is_l(previous) && is_l(next),
            '\u{30fb}' => chars.iter().any(|&c| is_japanese(c)),
            '\u{5f3}' | '\u{5f4}' => is(previous, Script::Hebrew),
            // Between the syllables of Tibetan.
            '\u{f0b}' => is(previous, Script::Tibetan) && is(next, Script::Tibetan),
            _ => false,
        }
    }

    fn is_japanese(c: char) -> bool {
        matches!(
            c.script(),
            Script::Hiragana | Script::Katakana | Script::Han
        )
    }

    fn follows_virama(previous: Option<char>) -> bool {
        previous.is_some_and(|c| canonical_combining_class(c) == VIRAMA)
    }

    /// Whether the letters on both sides would be joined otherwise.
    fn parts_letters(before: &[char], behind: &[char]) -> bool {
        use JoiningType::{DualJoining, LeftJoining, RightJoining, Transparent};
        let types = |c: &char| get_joining_type(*c);
        let opaque = |it: &JoiningType| *it != Transparent;
        let last = before.iter().rev().map(types).find(opaque);
        let first = behind.iter().map(types).find(opaque);
        matches!(last, Some(LeftJoining | DualJoining))
            && matches!(first, Some(RightJoining | DualJoining))
    }
}
