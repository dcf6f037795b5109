//! Any bytes of a client that speaks WebSocket.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/framing.rs"]
#[expect(dead_code, reason = "heads have a target of their own")]
mod framing;

/// Short, so that the fuzzer finds messages beyond it soon.
const LIMIT: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    // The bytes themselves decide where to cut, so that a recorded stream works as input without changes.
    let sum: usize = bytes.iter().map(|&byte| usize::from(byte)).sum();
    let (head, tail) = bytes.split_at(sum % (bytes.len() + 1));
    let sevens = bytes.chunks(7).collect();
    framing::assert_frames_sound(bytes, [vec![head, tail], sevens], LIMIT);
});
