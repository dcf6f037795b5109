//! Bytes to words and back: telnet, lines, text, commands, other protocols, rendering. No socket, no state of the chat,
//! no clock.

mod command;
mod decoder;
#[cfg(feature = "web")]
pub mod http;
mod lines;
mod negotiation;
mod protocol;
mod proxy;
mod refusal;
mod render;
mod telnet;
mod text;
#[cfg(feature = "web")]
pub mod websocket;

pub(crate) use command::Command;
pub use decoder::Decoder;
pub use lines::Input;
#[cfg(feature = "client")]
pub(crate) use lines::LineDecoder;
pub(crate) use lines::split_line;
pub use protocol::{Opening, opening};
pub use proxy::{ProxyHeader, proxy_header};
pub(crate) use refusal::no_name;
pub use render::render;
pub(crate) use render::{is_hidden, is_stamped, stamp, tag};
pub(crate) use telnet::END_OF_INPUT;
pub use text::{clean, clean_typed};
