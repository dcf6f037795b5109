//! Bytes to words and back: lines, text, commands, rendering. No socket, no state of the chat, no clock.

mod command;
mod lines;
mod render;
mod text;

pub use command::Command;
pub use lines::{Line, LineDecoder};
pub use render::render;
pub use text::clean;
