//! The server as people meet it: real sockets, real processes, and dialogues with the exact words on the wire.

mod bad_input;
mod coming_in;
mod command_line;
mod conversation;
mod crowd;
mod daemon;
mod decoding;
mod embedding;
#[cfg(target_os = "linux")]
mod faults;
mod floors;
mod harness;
mod output;
mod properties;
mod rate;
mod reading;
mod real_clients;
mod service;
mod shutdown;
mod source;
mod streams;
mod talking;
mod telnet;
mod tidy;
