//! Characters that show nothing. Names and text both go by this one table.

/// Whether a character shows nothing by its definition (Unicode 17, DerivedCoreProperties,
/// Default_Ignorable_Code_Point): joiners, marks of direction, fillers, variation selectors, tags.
pub(crate) const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether a character is a letter or sign whose glyph is empty in the charts of Unicode 17: the blanks of Braille, of
/// hieroglyphs and of Khitan, and the note without a head.
pub(crate) const fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{2800}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
    )
}

/// Whether a character is a sign of layout without a glyph of its own, or a noncharacter (Unicode 17: the anchors of
/// annotations, the joiners of hieroglyphs, and Noncharacter_Code_Point).
pub(crate) const fn is_of_layout(c: char) -> bool {
    matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{13430}'..='\u{13440}' | '\u{fdd0}'..='\u{fdef}')
        || c as u32 & 0xfffe == 0xfffe
}

/// Whether a character shows nothing. White space does not count.
pub(crate) const fn shows_nothing(c: char) -> bool {
    is_ignorable(c) || is_blank(c) || is_of_layout(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A skeleton leaves out ignorable characters (UTS #39 §4).
    #[cfg(feature = "unicode-names")]
    #[test]
    fn the_table_is_that_of_unicode() {
        for c in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text = c.encode_utf8(&mut buffer);
            let is_left_out = unicode_security::skeleton(text).next().is_none();
            assert_eq!(is_ignorable(c), is_left_out, "{:x}", c as u32);
        }
    }
}
