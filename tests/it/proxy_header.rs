//! What holds for a PROXY header whatever the bytes are. The fuzzer checks the same.

use chinwag::ProxyFault;
use chinwag::inner::wire::proxy_header;
use chinwag::limits::{PROXY_BINARY_BYTES, PROXY_LINE_BYTES};

/// Checks what becomes of these bytes, and of each beginning of them.
pub(crate) fn assert_sound(bytes: &[u8]) {
    let all = proxy_header(bytes);
    let mut known = None;
    for end in 0..=bytes.len() {
        let now = proxy_header(&bytes[..end]);
        match (now, known) {
            // What is known does not change, whatever follows.
            (now, Some(known)) => assert_eq!(now, known, "{bytes:?} at {end}"),
            (Ok(Some(header)), None) => {
                assert_eq!(header.bytes, end, "{bytes:?}");
                let is_line = bytes.starts_with(b"PROXY ");
                let most = if is_line {
                    PROXY_LINE_BYTES
                } else {
                    PROXY_BINARY_BYTES
                };
                assert!(end <= most, "{bytes:?}");
                known = Some(now);
            }
            (Ok(None), None) => assert!(end < PROXY_BINARY_BYTES, "{bytes:?}"),
            (Err(fault), None) => {
                assert_ne!(fault, ProxyFault::Late);
                known = Some(now);
            }
        }
    }
    assert_eq!(known.unwrap_or(Ok(None)), all);
}
