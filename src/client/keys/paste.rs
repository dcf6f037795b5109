//! `Paste`: the text that a terminal marks as pasted (`CSI ? 2004 h`), up to its end. It knows no clock.
//!
//! Invariant: between two calls it holds at most [`PASTE_BYTES`] and the beginning of the end.

use super::{CTRL_C, Key, PASTE_BYTES, TYPED_BYTES};

/// What ends a paste.
const END: &[u8] = b"\x1b[201~";

/// Bytes of a paste to search in one go.
const STEP_BYTES: usize = 4096;

/// A paste that has begun.
#[derive(Debug, Default)]
pub(super) struct Paste {
    text: Vec<u8>,
    too_long: bool,
    has_ctrl_c: bool,
}

impl Paste {
    /// Takes in bytes of the paste. Returns how many, and the paste as a key if they ended it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, Option<Key>) {
        let bytes = &bytes[..bytes.len().min(STEP_BYTES)];
        let before = self.text.len();
        self.text.extend_from_slice(bytes);
        // The end mark may have begun in the earlier bytes.
        let seen = before.saturating_sub(END.len() - 1);
        if let Some(at) = memchr::memmem::find(&self.text[seen..], END) {
            self.text.truncate(seen + at);
            let taken = seen + at + END.len() - before;
            return (taken, Some(self.key()));
        }
        self.has_ctrl_c |= bytes.contains(&CTRL_C);
        if self.text.len() > PASTE_BYTES + END.len() - 1 {
            self.too_long = true;
            self.text.drain(..self.text.len() - (END.len() - 1));
            self.text.shrink_to(STEP_BYTES);
        }
        debug_assert!(self.text.len() < PASTE_BYTES + END.len());
        (bytes.len(), None)
    }

    /// Whether the paste holds a Ctrl-C, which a person may have pressed because no end came.
    pub(super) fn has_ctrl_c(&self) -> bool {
        self.has_ctrl_c
    }

    /// The end did not come. Returns the paste or, if a Ctrl-C gave it up, the bytes typed after that.
    pub(super) fn give_up(mut self) -> Result<Key, Vec<u8>> {
        match memchr::memrchr(CTRL_C, &self.text) {
            Some(at) if !self.too_long => {
                let typed = self.text.split_off(at + 1);
                Err(if typed.len() > TYPED_BYTES {
                    Vec::new()
                } else {
                    typed
                })
            }
            _ => Ok(self.key()),
        }
    }

    fn key(&mut self) -> Key {
        if self.too_long || self.text.len() > PASTE_BYTES {
            Key::PasteTooLong
        } else {
            Key::Paste(std::mem::take(&mut self.text))
        }
    }
}
