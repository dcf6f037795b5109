//! `FrameDecoder`: turns the bytes of a client into messages.
//!
//! It unmasks in place and lends a message that lies whole in one read. Of any other it keeps what has come, which is
//! never more than the limit: a length beyond it fails the connection before its first byte is kept.
//!
//! Invariant: a message that is kept is UTF-8, but for a last character that has not ended.

use std::borrow::Cow;
use std::{mem, str};

use super::{CONTROL_BYTES, CloseCode, FINAL, LENGTH_OF_EIGHT, LENGTH_OF_TWO, Opcode};

/// Bits of a header (RFC 6455 §5.2).
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;

/// Bytes of a header before a longer length, and of the key of the mask (RFC 6455 §5.2).
const START_BYTES: usize = 2;
const MASK_BYTES: usize = 4;

/// Longest header of a client's frame, in bytes.
const HEADER_BYTES: usize = START_BYTES + size_of::<u64>() + MASK_BYTES;

/// Input from a client. What it lends is no longer masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole message.
    Text(Cow<'a, str>),
    /// The client asks for a pong with the same payload.
    Ping(Cow<'a, [u8]>),
    /// The client answers a ping, or only says that it is there.
    Pong(Cow<'a, [u8]>),
    /// The client closes the connection, and is sent the same code. Nothing comes after it.
    Close(Option<CloseCode>),
    /// The client did what it must not, and is sent this code. Nothing comes after it.
    Failed(CloseCode),
}

/// A frame of which the header has come.
#[derive(Debug, Clone, Copy)]
struct Frame {
    opcode: Opcode,
    is_final: bool,
    /// The key of the mask, beginning with the byte for the next byte of the payload.
    mask: [u8; MASK_BYTES],
    /// Bytes of the payload that have not come.
    left: usize,
}

/// The state between two reads of one client. While it [is idle](FrameDecoder::is_idle), it need not be kept.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    /// The beginning of a header, and how much of it has come.
    header: [u8; HEADER_BYTES],
    header_length: usize,
    frame: Option<Frame>,
    /// What has come of a message that has not ended.
    message: Vec<u8>,
    /// Bytes of it that are known to be whole characters.
    checked: usize,
    /// Further frames of a message have to come.
    is_fragmented: bool,
    /// What has come of the payload of a control frame.
    control: Vec<u8>,
    has_ended: bool,
}

impl FrameDecoder {
    /// Takes what comes next out of `input`, which shrinks by the bytes used. `None` when `input` is used up. `limit` is
    /// the longest message accepted, in bytes.
    pub fn next<'a>(&mut self, input: &mut &'a mut [u8], limit: usize) -> Option<Incoming<'a>> {
        if self.has_ended {
            *input = &mut [];
            return None;
        }
        let next = self.advance(input, limit);
        let next = next.unwrap_or_else(|code| Some(Incoming::Failed(code)));
        if matches!(next, Some(Incoming::Close(_) | Incoming::Failed(_))) {
            *self = FrameDecoder::default();
            self.has_ended = true;
            *input = &mut [];
        }
        debug_assert!(self.checked <= self.message.len());
        next
    }

    /// Whether nothing has to be kept until the next read: neither a frame nor a message is incomplete.
    pub fn is_idle(&self) -> bool {
        let is_between_frames = self.header_length == 0 && self.frame.is_none();
        is_between_frames && !self.is_fragmented && !self.has_ended
    }

    /// Bytes of memory that are kept between two reads, for a message and a control frame that have not ended. At most
    /// twice what these may have, as they grow by doubling.
    pub fn pending(&self) -> usize {
        self.message.capacity() + self.control.capacity()
    }

    fn advance<'a>(
        &mut self,
        input: &mut &'a mut [u8],
        limit: usize,
    ) -> Result<Option<Incoming<'a>>, CloseCode> {
        loop {
            let header = match self.frame.take() {
                None => self.header(input, limit)?,
                frame => frame,
            };
            let Some(mut frame) = header else {
                return Ok(None);
            };
            let payload = take(input, frame.left);
            unmask(payload, frame.mask);
            frame.left -= payload.len();
            if frame.left > 0 {
                frame.mask.rotate_left(payload.len() % MASK_BYTES);
                self.frame = Some(frame);
                self.keep(frame.opcode, payload)?;
                return Ok(None);
            }
            let next = match frame.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                    self.end_of_text(payload, frame.is_final)?
                }
                control => Some(self.end_of_control(control, payload)?),
            };
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Takes the header of the next frame. `None` if its end has not come.
    fn header(&mut self, input: &mut &mut [u8], limit: usize) -> Result<Option<Frame>, CloseCode> {
        if !self.has_header(START_BYTES, input) {
            return Ok(None);
        }
        let (first, second) = (self.header[0], self.header[1]);
        let opcode = self.opcode(first, second)?;
        let length_bytes = match second & LENGTH {
            LENGTH_OF_TWO => size_of::<u16>(),
            LENGTH_OF_EIGHT => size_of::<u64>(),
            _ => 0,
        };
        let mask_at = START_BYTES + length_bytes;
        if !self.has_header(mask_at, input) {
            return Ok(None);
        }
        let length = match &self.header[START_BYTES..mask_at] {
            [] => u64::from(second & LENGTH),
            long => long.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)),
        };
        // RFC 6455 §5.2: the first bit of the longest length is 0.
        if i64::try_from(length).is_err() {
            return Err(CloseCode::PROTOCOL);
        }
        let left = usize::try_from(length).map_err(|_| CloseCode::TOO_LONG)?;
        if !opcode.is_control() && left > limit.saturating_sub(self.message.len()) {
            return Err(CloseCode::TOO_LONG);
        }
        if !self.has_header(mask_at + MASK_BYTES, input) {
            return Ok(None);
        }
        let mut mask = [0; MASK_BYTES];
        mask.copy_from_slice(&self.header[mask_at..mask_at + MASK_BYTES]);
        self.header_length = 0;
        Ok(Some(Frame {
            opcode,
            is_final: first & FINAL != 0,
            mask,
            left,
        }))
    }

    /// Whether this many bytes of the header have come, now that `input` has.
    fn has_header(&mut self, wanted: usize, input: &mut &mut [u8]) -> bool {
        let part = take(input, wanted.saturating_sub(self.header_length));
        let end = self.header_length + part.len();
        self.header[self.header_length..end].copy_from_slice(part);
        self.header_length = end;
        end >= wanted
    }

    /// Checks the first two bytes of a header, at this point of the input (RFC 6455 §5.1, §5.2, §5.4, §5.5).
    fn opcode(&self, first: u8, second: u8) -> Result<Opcode, CloseCode> {
        let opcode = Opcode::parse(first & OPCODE).ok_or(CloseCode::PROTOCOL)?;
        let is_in_place = match opcode {
            Opcode::Continuation => self.is_fragmented,
            Opcode::Text | Opcode::Binary => !self.is_fragmented,
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                first & FINAL != 0 && usize::from(second & LENGTH) <= CONTROL_BYTES
            }
        };
        if !is_in_place || first & RESERVED != 0 || second & MASKED == 0 {
            return Err(CloseCode::PROTOCOL);
        }
        match opcode {
            Opcode::Binary => Err(CloseCode::UNSUPPORTED),
            opcode => Ok(opcode),
        }
    }

    /// Keeps a part of a payload. Bytes that are in no character fail the connection as soon as they come.
    fn keep(&mut self, opcode: Opcode, part: &[u8]) -> Result<(), CloseCode> {
        if opcode.is_control() {
            self.control.extend_from_slice(part);
            return Ok(());
        }
        self.message.extend_from_slice(part);
        self.checked += match str::from_utf8(&self.message[self.checked..]) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return Err(CloseCode::NOT_UTF8),
        };
        Ok(())
    }

    /// Ends a frame of a message with its last part.
    fn end_of_text<'a>(
        &mut self,
        part: &'a [u8],
        is_final: bool,
    ) -> Result<Option<Incoming<'a>>, CloseCode> {
        self.is_fragmented = !is_final;
        if is_final && self.message.is_empty() {
            let text = str::from_utf8(part).map_err(|_| CloseCode::NOT_UTF8)?;
            return Ok(Some(Incoming::Text(text.into())));
        }
        self.keep(Opcode::Text, part)?;
        if !is_final {
            return Ok(None);
        }
        self.checked = 0;
        let text = String::from_utf8(mem::take(&mut self.message));
        let text = text.map_err(|_| CloseCode::NOT_UTF8)?;
        Ok(Some(Incoming::Text(text.into())))
    }

    /// Ends a control frame with its last part.
    fn end_of_control<'a>(
        &mut self,
        opcode: Opcode,
        part: &'a [u8],
    ) -> Result<Incoming<'a>, CloseCode> {
        let mut payload = Cow::Borrowed(part);
        if !self.control.is_empty() {
            self.control.extend_from_slice(part);
            payload = mem::take(&mut self.control).into();
        }
        match opcode {
            Opcode::Ping => Ok(Incoming::Ping(payload)),
            Opcode::Pong => Ok(Incoming::Pong(payload)),
            _ => close_code(&payload).map(Incoming::Close),
        }
    }
}

/// The code in the payload of a close frame, which has none or a valid one before a reason in UTF-8 (RFC 6455 §5.5.1).
fn close_code(payload: &[u8]) -> Result<Option<CloseCode>, CloseCode> {
    let (number, reason) = match payload {
        [] => return Ok(None),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        _ => return Err(CloseCode::PROTOCOL),
    };
    let code = CloseCode::parse(number).ok_or(CloseCode::PROTOCOL)?;
    match str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(CloseCode::NOT_UTF8),
    }
}

/// Takes this many bytes out of `input`, or all that there are.
fn take<'a>(input: &mut &'a mut [u8], most: usize) -> &'a mut [u8] {
    let most = most.min(input.len());
    let (part, rest) = mem::take(input).split_at_mut(most);
    *input = rest;
    part
}

/// Takes the mask off (RFC 6455 §5.3), eight bytes at a time.
fn unmask(bytes: &mut [u8], mask: [u8; MASK_BYTES]) {
    let half = u64::from(u32::from_ne_bytes(mask));
    let whole = half << 32 | half;
    let (eights, rest) = bytes.as_chunks_mut();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ whole).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
}
