//! Chinwag: a chat server for lines of text.
//!
//! ```no_run
//! use chinwag::{Config, Server};
//!
//! fn main() -> Result<(), chinwag::Error> {
//!     let mut config = Config::default();
//!     config.listen = vec!["127.0.0.1:0".parse().unwrap()];
//!     let mut server = Server::bind(config)?;
//!     let handle = server.handle(); // Clone + Send: for other threads
//!     println!("listening on {:?}", server.local_addrs());
//!     server.run() // until handle.shutdown()
//! }
//! ```

pub mod chat;
mod deadlines;
mod error;
mod id;
pub mod limits;
mod message;
mod name;
pub mod net;
mod server;
pub mod wire;

pub use error::{CloseReason, Error};
pub use id::{PeerId, RoomId};
pub use message::{HelpRow, Message};
pub use name::{InvalidUsername, Username};
pub use server::{Config, Handle, Server, Stats, fanout};
