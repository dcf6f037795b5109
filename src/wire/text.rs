//! The one place where bytes become text that may reach another person or a log.
//!
//! What holds for every text that leaves here: it is UTF-8, it is one line, and it can neither drive a terminal nor
//! reorder what stands around it.

use std::borrow::Cow;

/// How many bytes are looked at between two decisions to stop looking; a whole number of vector registers.
const STRIDE: usize = 64;

/// Makes text of what a person sent, without copying what is clean already.
///
/// Each bad UTF-8 sequence becomes U+FFFD. A control character (C0 apart from TAB, and DEL) becomes its visible picture
/// (U+2400 and following, so ESC shows as `␛`). C1 controls, bidirectional embeddings, overrides and isolates, and the
/// line and paragraph separators become U+FFFD. The result is at most three times as long as the input.
pub fn clean(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !may_harm(bytes) => Cow::Borrowed(text),
        Ok(text) => Cow::Owned(text.chars().map(harmless).collect()),
        Err(_) => Cow::Owned(
            String::from_utf8_lossy(bytes)
                .chars()
                .map(harmless)
                .collect(),
        ),
    }
}

/// Whether a byte of this UTF-8 can belong to a character that [`harmless`] replaces. False alarms are allowed (the
/// two lead bytes begin harmless characters too); they cost a copy.
fn may_harm(bytes: &[u8]) -> bool {
    bytes.chunks(STRIDE).any(|stride| {
        // A fold without an early exit, which the compiler turns into vector instructions.
        stride.iter().fold(false, |found, &byte| {
            let control = (byte < 0x20) & (byte != b'\t');
            // 0xC2 leads U+0080..=U+00BF, 0xE2 leads U+2000..=U+2FFF.
            found | control | (byte == 0x7f) | (byte == 0xc2) | (byte == 0xe2)
        })
    })
}

/// The character itself, or what is shown in its place.
fn harmless(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => char::REPLACEMENT_CHARACTER,
        // Line and paragraph separator, then bidirectional embeddings and overrides (UAX #9).
        '\u{2028}'..='\u{202e}' => char::REPLACEMENT_CHARACTER,
        // Bidirectional isolates (UAX #9).
        '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_is_borrowed() {
        for text in ["", "Hello, everyone!", "a\tb", "Ольга 花子 🎉", "ß"] {
            assert!(
                matches!(clean(text.as_bytes()), Cow::Borrowed(t) if t == text),
                "{text}"
            );
        }
    }

    #[test]
    fn harmless_characters_that_share_a_lead_byte_pass() {
        for text in ["£5 · ½", "“quoted” – and € too", "→ ␛"] {
            assert_eq!(clean(text.as_bytes()), text);
        }
    }

    #[test]
    fn controls_become_visible_and_the_rest_is_replaced() {
        for (bytes, text) in [
            (&b"\x1b]0;gotcha\x07"[..], "␛]0;gotcha␇"),
            (b"\0\x08\x7f", "␀␈␡"),
            ("a\u{9b}2Jb".as_bytes(), "a\u{fffd}2Jb"),
            (
                "a\u{202e}b\u{2066}c\u{2028}d".as_bytes(),
                "a\u{fffd}b\u{fffd}c\u{fffd}d",
            ),
            (b"a\xffb\xc3", "a\u{fffd}b\u{fffd}"),
            (b"\xff\x1b", "\u{fffd}␛"),
        ] {
            assert_eq!(clean(bytes), text);
        }
    }

    #[test]
    fn no_byte_value_yields_a_control_character_anywhere_in_a_line() {
        for byte in 0..=255u8 {
            for place in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1] {
                let mut bytes = vec![b'x'; 2 * STRIDE];
                bytes[place] = byte;
                let text = clean(&bytes);
                assert!(
                    !text.chars().any(|c| c.is_control() && c != '\t'),
                    "{byte:#x}"
                );
                assert_eq!(text.chars().count(), 2 * STRIDE, "{byte:#x}");
            }
        }
    }
}
