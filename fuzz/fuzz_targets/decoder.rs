//! Any bytes of any peer, checked for all that holds without a model of what they mean.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/decoding.rs"]
mod decoding;

/// Short, so that the fuzzer finds lines beyond it soon.
const LIMIT: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    // Where to cut is drawn from the bytes themselves, so that a recorded stream is input as it is.
    let sum: usize = bytes.iter().map(|&byte| usize::from(byte)).sum();
    let (head, tail) = bytes.split_at(sum % (bytes.len() + 1));
    let sevens = bytes.chunks(7).collect();
    decoding::assert_sound(bytes, [vec![head, tail], sevens], LIMIT);
});
