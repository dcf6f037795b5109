//! Properties of what browsers send that hold for any bytes, tried on random ones.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{collection, proptest};

use crate::framing::{assert_frames_sound, assert_head_sound};

/// Short, so that messages beyond it are common.
const LIMIT: usize = 64;

/// Pieces of a head, sound and unsound.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 24] = [
        b"GET /ws HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        b"HEAD / HTTP/1.0\n",
        b"GET http://y/ws HTTP/1.1\r\n",
        b"Host: x\r\n",
        b"Host: x:80\r\n",
        b"Origin: http://x\r\n",
        b"Origin: https://x:80\r\n",
        b"Origin: http://y\r\n",
        b"Connection: keep-alive, Upgrade\r\n",
        b"Upgrade: websocket\r\n",
        b"Sec-WebSocket-Version: 13\r\n",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        b"Content-Length: 0\r\n",
        b"Content-Length: 1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"If-None-Match: \"1\"\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"\0",
        b" ",
        b": ",
    ];
    let piece = (0..pieces.len()).prop_map(move |i| pieces[i].to_vec());
    // The first that are needed for a WebSocket, in most cases.
    let opening = [0, 4, 9, 10, 11, 12].map(|i| pieces[i]).concat();
    let opening = prop_oneof![1 => Just(Vec::new()), 2 => Just(opening)];
    let rest = collection::vec(
        prop_oneof![9 => piece, 1 => any::<u8>().prop_map(|it| vec![it])],
        0..9,
    );
    (opening, rest).prop_map(|(opening, rest)| [opening, rest.concat()].concat())
}

/// A frame, with any bits in its header and any payload that may be text.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        6 => (0..6usize).prop_map(|i| [0x81, 0x01, 0x00, 0x80, 0x89, 0x8a][i]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        "\\PC{0,20}".prop_map(String::into_bytes),
        collection::vec(any::<u8>(), 0..150),
    ];
    (first, any::<[u8; 4]>(), payload).prop_map(|(first, mask, payload)| {
        let mut frame = vec![first];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => frame.push(0x80 | length),
            _ => frame.extend([0x80 | 126, 0, payload.len() as u8]),
        }
        frame.extend(mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
        frame
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_head_is_sound_however_it_is_cut(head in head(), size in 1..40usize) {
        assert_head_sound(&head, [head.chunks(size).collect()]);
    }

    #[test]
    fn frames_are_sound_however_they_are_cut(frames in collection::vec(frame(), 0..8), size in 1..40usize) {
        let bytes = frames.concat();
        assert_frames_sound(&bytes, [bytes.chunks(size).collect()], LIMIT);
    }
}
