//! Any first bytes of a browser, and what they are answered.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/framing.rs"]
#[expect(dead_code, reason = "frames have a target of their own")]
mod framing;

fuzz_target!(|bytes: &[u8]| {
    // The bytes themselves decide where to cut, so that a recorded request works as input without changes.
    let sum: usize = bytes.iter().map(|&byte| usize::from(byte)).sum();
    let (head, tail) = bytes.split_at(sum % (bytes.len() + 1));
    framing::assert_head_sound(bytes, [vec![head, tail]]);
});
