//! Bytes to words and back: telnet, lines, text, commands, other protocols, rendering. No socket, no state of the chat,
//! no clock.

mod answer;
mod command;
mod decoder;
mod lines;
mod negotiation;
mod protocol;
mod refusal;
mod render;
mod telnet;
mod text;

pub use command::Command;
pub use decoder::{Decoder, Inputs};
pub use lines::{Input, LineDecoder, split_line};
pub use protocol::recognise;
pub use render::{is_hidden, render};
pub(crate) use render::{is_stamped, stamp};
pub use text::{clean, clean_typed};
