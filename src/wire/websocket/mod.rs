//! WebSocket frames (RFC 6455), as a server reads and writes them. They carry text and nothing else, and no extension
//! is spoken.
//!
//! A server sends its frames unmasked, so all readers of a room can be sent the same slice, header included.

mod decoder;
mod encoder;

pub use decoder::{FrameDecoder, Incoming};
pub use encoder::{close, ping, pong, text_header};

/// The kind of a frame (RFC 6455 §11.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    const ALL: [Opcode; 6] = [
        Opcode::Continuation,
        Opcode::Text,
        Opcode::Binary,
        Opcode::Close,
        Opcode::Ping,
        Opcode::Pong,
    ];

    fn parse(number: u8) -> Option<Opcode> {
        Opcode::ALL.into_iter().find(|it| *it as u8 == number)
    }

    fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// Why a connection is closed (RFC 6455 §7.4.1). One that exists may stand in a close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// There is nothing more to say.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The server goes away, or the peer has to.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// The peer broke the protocol.
    pub const PROTOCOL: CloseCode = CloseCode(1002);
    /// The peer sent a kind of data that is not taken: here, anything but text.
    pub const UNSUPPORTED: CloseCode = CloseCode(1003);
    /// The peer sent text that is not UTF-8.
    pub const NOT_UTF8: CloseCode = CloseCode(1007);
    /// The peer sent a message that is too long.
    pub const TOO_LONG: CloseCode = CloseCode(1009);
    /// The server restarts. In IANA's registry of close codes (RFC 6455 §11.7), as 1013 and 1014.
    pub const RESTART: CloseCode = CloseCode(1012);

    /// The code of this number, if a close frame may have it (RFC 6455 §7.4.2).
    fn parse(number: u16) -> Option<CloseCode> {
        let may_be_sent = matches!(number, 1000..=1003 | 1007..=1014 | 3000..=4999);
        may_be_sent.then_some(CloseCode(number))
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Longest payload of a control frame, in bytes (RFC 6455 §5.5).
const CONTROL_BYTES: usize = 125;

/// Set in the first byte of the last frame of a message (RFC 6455 §5.2).
const FINAL: u8 = 0x80;

/// Values of the short length that say how many bytes the length takes after it: 2 or 8 (RFC 6455 §5.2).
const LENGTH_OF_TWO: u8 = 126;
const LENGTH_OF_EIGHT: u8 = 127;

#[cfg(test)]
mod tests;
