//! Any bytes as the first of a connection.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/opening_bytes.rs"]
mod opening_bytes;

fuzz_target!(|bytes: &[u8]| opening_bytes::assert_sound(bytes));
