//! `HeadDecoder`: gathers the head of a request, up to the blank line behind it.

use std::mem;

use memchr::memchr_iter;

use super::refusal::Refusal;
use crate::limits::HEAD_BYTES;

/// The beginning of a head that has not ended. At most [`HEAD_BYTES`].
#[derive(Debug, Default)]
pub struct HeadDecoder {
    kept: Vec<u8>,
}

impl HeadDecoder {
    /// Takes the head out of `input`, which shrinks by the bytes used: what is left came after it. `None` when more of
    /// the head has to come.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Result<Vec<u8>, Refusal>> {
        let before = self.kept.len();
        let most = (HEAD_BYTES - before).min(input.len());
        self.kept.extend_from_slice(&input[..most]);
        let mut line_ends = memchr_iter(b'\n', &self.kept[before..]).map(|at| before + at);
        let Some(last) = line_ends.find(|&at| ends_head(&self.kept[..at])) else {
            *input = &input[most..];
            let is_full = self.kept.len() == HEAD_BYTES;
            return is_full.then(|| {
                self.kept = Vec::new();
                Err(Refusal::TooLarge)
            });
        };
        *input = &input[last + 1 - before..];
        self.kept.truncate(last + 1);
        Some(Ok(mem::take(&mut self.kept)))
    }

    /// Bytes kept between two reads.
    pub fn pending(&self) -> usize {
        self.kept.len()
    }
}

/// Whether a line end behind these bytes is a blank line. A line may end without CR (RFC 9112 §2.2).
fn ends_head(before: &[u8]) -> bool {
    before.ends_with(b"\n\r") || before.ends_with(b"\n")
}
