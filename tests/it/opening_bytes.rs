//! What holds for the first bytes of a connection, whatever they are. The fuzzer checks the same.

use chinwag::inner::wire::{Opening, opening};
use chinwag::limits::OPENING_BYTES;

/// Checks what each beginning of these bytes is taken for.
pub(crate) fn assert_sound(bytes: &[u8]) {
    let mut known = Opening::Undecided;
    for end in 0..=bytes.len() {
        let now = opening(&bytes[..end]);
        match known {
            Opening::Undecided => known = now,
            // The server asks no more once it is known. What is known does not change, whatever follows, but for lines
            // that were too long to be waited for.
            known => assert!(now == known || end > OPENING_BYTES, "{bytes:?} at {end}"),
        }
        assert!(
            now != Opening::Undecided || end < OPENING_BYTES,
            "{bytes:?} at {end}"
        );
    }
}
