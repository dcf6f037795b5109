//! Any bytes of any peer, with checks of everything that holds without a model of their meaning.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/decoding.rs"]
mod decoding;

/// Short, so that the fuzzer finds lines beyond it soon.
const LIMIT: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    // The bytes themselves decide where to cut, so that a recorded stream works as input without changes.
    let sum: usize = bytes.iter().map(|&byte| usize::from(byte)).sum();
    let (head, tail) = bytes.split_at(sum % (bytes.len() + 1));
    let sevens = bytes.chunks(7).collect();
    decoding::assert_sound(bytes, [vec![head, tail], sevens], LIMIT);
});
