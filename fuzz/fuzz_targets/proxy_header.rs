//! Any bytes in place of the header of a proxy.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/proxy_header.rs"]
mod proxy_header;

fuzz_target!(|bytes: &[u8]| proxy_header::assert_sound(bytes));
