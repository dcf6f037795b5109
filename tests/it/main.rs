//! The server as people use it: real sockets, real processes, and dialogues with the exact words on the wire.

mod accounts;
mod bad_input;
#[cfg(feature = "web")]
mod browsers;
mod browsing;
#[cfg(target_os = "linux")]
mod budgets;
mod chromium;
mod churn;
mod client_in_tmux;
mod cluster;
mod coming_in;
mod command_line;
mod conversation;
mod crowd;
mod daemon;
mod data;
mod decoding;
mod embedding;
mod environment;
#[cfg(target_os = "linux")]
mod faults;
mod first_bytes;
#[cfg(target_os = "linux")]
mod floods;
mod floors;
#[cfg(feature = "web")]
mod framing;
mod harness;
mod keeping;
mod kept;
mod killed;
mod last_words;
mod lasting;
mod members;
mod metrics;
mod metrics_program;
mod names;
mod opening_bytes;
mod operators;
mod order;
mod output;
mod page;
mod page_accounts;
mod page_members;
mod page_seats;
#[cfg(target_os = "linux")]
mod process;
mod program;
mod programs;
mod programs_at_the_door;
mod properties;
mod protocol;
mod proxy;
mod proxy_header;
mod queues;
mod rate;
mod reading;
mod real_clients;
mod robots;
mod rooms;
mod seats;
#[cfg(target_os = "linux")]
mod secrets;
mod service;
mod sharing;
mod shutdown;
mod signals;
mod source;
#[cfg(target_os = "linux")]
mod stopped;
#[cfg(target_os = "linux")]
mod storms;
mod streams;
mod tab;
mod talking;
mod telnet;
mod tidy;
mod tls;
mod unseen;
mod web;
mod websocket;
mod websocket_clients;
