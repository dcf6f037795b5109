//! `Masked`: a password being typed, of which nothing is shown. It is taken as it comes, and never cleaned.

use unicode_segmentation::UnicodeSegmentation;

use crate::account::Secret;
use crate::limits::accounts::SECRET_BYTES;

use super::keys::Key;

/// The password being typed, and where it was asked for.
#[derive(Debug)]
pub(super) struct Masked {
    typed: Typed,
    /// The server has not let us in yet.
    pub(super) at_door: bool,
}

/// Debugging shows nothing of it.
#[derive(Default)]
struct Typed(String);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed")
    }
}

impl Masked {
    pub(super) fn new(at_door: bool) -> Masked {
        let typed = Typed::default();
        Masked { typed, at_door }
    }

    /// The prompt. In the chat the server's question stands above it.
    pub(super) fn prompt(&self) -> &'static str {
        match self.at_door {
            true => "Password: ",
            false => "(hidden) > ",
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.typed.0.is_empty()
    }

    pub(super) fn text(&self) -> &str {
        &self.typed.0
    }

    pub(super) fn secret(&self) -> Secret {
        Secret::new(self.text())
    }

    /// Acts on a key that edits. Returns whether there was room for what it types.
    pub(super) fn edit(&mut self, key: &Key) -> bool {
        match key {
            Key::Char(c) => return self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Paste(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                return self.insert(text.lines().next().unwrap_or_default());
            }
            Key::Backspace => {
                let last = self.typed.0.graphemes(true).next_back();
                let left = self.typed.0.len() - last.map_or(0, str::len);
                self.typed.0.truncate(left);
            }
            Key::Ctrl('u') => self.typed.0.clear(),
            Key::Ctrl('w') | Key::WordBackspace => {
                let text = self.typed.0.trim_end_matches(char::is_whitespace);
                let left = text.rfind(char::is_whitespace);
                self.typed.0.truncate(left.map_or(0, |at| at + 1));
            }
            _ => {}
        }
        true
    }

    fn insert(&mut self, text: &str) -> bool {
        let fits = self.typed.0.len() + text.len() <= SECRET_BYTES;
        if fits {
            self.typed.0.push_str(text);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_edited_unseen_and_taken_as_it_is() {
        let mut masked = Masked::new(true);
        for key in [
            Key::Char('x'),
            Key::Ctrl('u'),
            Key::Paste(b" a\xe2\x80\x8b b\r\nmore".to_vec()),
            Key::Char('\u{e9}'),
            Key::Backspace,
            Key::Left,
            Key::Char('c'),
        ] {
            assert!(masked.edit(&key));
        }
        assert_eq!(masked.text(), " a\u{200b} bc");
        masked.edit(&Key::Ctrl('w'));
        assert_eq!(masked.text(), " a\u{200b} ");
        assert!(
            !format!("{masked:?}").contains('a') || !format!("{masked:?}").contains("\u{200b}")
        );
        assert!(!masked.edit(&Key::Paste(vec![b'x'; SECRET_BYTES])));
        assert_eq!(masked.text(), " a\u{200b} ");
    }
}
