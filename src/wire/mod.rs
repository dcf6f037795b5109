//! Bytes to words and back: telnet, lines, text, commands, other protocols, rendering. No socket, no state of the chat,
//! no clock.

mod codec;
mod command;
mod decoder;
#[cfg(feature = "web")]
pub mod http;
mod lines;
pub mod machine;
mod negotiation;
mod object;
mod protocol;
mod proxy;
mod refusal;
mod render;
mod secret;
mod telnet;
mod text;
pub mod websocket;

pub(crate) use codec::{Codec, Tongue};
pub(crate) use command::Command;
pub use decoder::Decoder;
pub use lines::Input;
#[cfg(feature = "client")]
pub(crate) use lines::LineDecoder;
pub(crate) use lines::split_line;
pub(crate) use object::{FRAME_HEADER_BYTES, put_object, write_message, write_object};
pub use protocol::{Opening, opening};
pub(crate) use protocol::{blank_lines, is_blank_line};
pub use proxy::{ProxyHeader, proxy_header};
pub(crate) use refusal::no_name;
#[cfg(feature = "accounts")]
pub(crate) use render::columns;
pub use render::render;
pub(crate) use render::{is_hidden, is_stamped, stamp, tag};
pub(crate) use secret::wipe;
pub(crate) use telnet::{END_OF_INPUT, WILL_ECHO, WONT_ECHO};
pub use text::{clean, clean_typed};
