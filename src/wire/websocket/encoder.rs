//! The frames that the server sends. Each is whole and has the shortest header, as RFC 6455 §5.2 demands.

use bytes::{BufMut, BytesMut};

use super::{CONTROL_BYTES, CloseCode, FINAL, LENGTH_OF_EIGHT, LENGTH_OF_TWO, Opcode};

/// Bytes of a close frame's code, which stands before its reason (RFC 6455 §5.5.1).
const CODE_BYTES: usize = 2;

/// Appends the header of a text message of this length, in bytes. The text is to follow.
pub fn text_header(length: usize, out: &mut BytesMut) {
    header(Opcode::Text, length, out);
}

/// Appends a ping. The peer answers it with a pong.
pub fn ping(out: &mut BytesMut) {
    header(Opcode::Ping, 0, out);
}

/// Appends the answer to a ping, which has the same payload.
pub fn pong(payload: &[u8], out: &mut BytesMut) {
    debug_assert!(payload.len() <= CONTROL_BYTES);
    header(Opcode::Pong, payload.len(), out);
    out.put_slice(payload);
}

/// Appends a close frame, the last frame of a connection. Without a code there is no reason either. A reason that does
/// not fit is cut.
pub fn close(code: Option<CloseCode>, reason: &str, out: &mut BytesMut) {
    let Some(code) = code else {
        return header(Opcode::Close, 0, out);
    };
    let mut end = reason.len().min(CONTROL_BYTES - CODE_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    header(Opcode::Close, CODE_BYTES + end, out);
    out.put_u16(code.number());
    out.put_slice(&reason.as_bytes()[..end]);
}

fn header(opcode: Opcode, length: usize, out: &mut BytesMut) {
    out.put_u8(FINAL | opcode as u8);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < LENGTH_OF_TWO => out.put_u8(short),
        (_, Ok(length)) => {
            out.put_u8(LENGTH_OF_TWO);
            out.put_u16(length);
        }
        _ => {
            out.put_u8(LENGTH_OF_EIGHT);
            out.put_u64(length as u64);
        }
    }
}
