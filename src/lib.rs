//! Chinwag: a chat server for lines of text. People connect with `telnet`, `nc`, the bundled client or any other. A
//! program can embed it like this:
//!
//! ```no_run
//! use chinwag::{Config, Server};
//!
//! fn main() -> Result<(), chinwag::Error> {
//!     let mut config = Config::default();
//!     config.listen = vec!["127.0.0.1:0".parse().unwrap()];
//!     let mut server = Server::bind(config)?;
//!     let handle = server.handle(); // Clone + Send: keep it for other threads
//!     println!("listening on {:?}", server.local_addrs());
//!     server.run() // until handle.shutdown()
//! }
//! ```
//!
//! The library installs no signal handler, starts no thread and prints nothing; it logs through [`log`].
//! [`Server::run`] serves in the calling thread until [`Handle::shutdown`]. A program with a loop of its own calls
//! [`Server::tick`] instead, and uses [`Server::watch`] to make it return for the program's own events.
//!
//! # The map
//!
//! Imports only go down. `chat`, `net` and `work` never see each other; only the server sees them all.
//!
//! | floor | module | what it is |
//! |---|---|---|
//! | 4 | `client` | the terminal client, behind the feature `client`; it and the server know nothing of each other |
//! | 4 | `server` | [`Server::tick`], [`Config`], [`Handle`], and `fanout`: the only code that sees sockets and the chat at once |
//! | 2 | `net` | the poller, listeners, sockets, TLS, latched readiness, send queues |
//! | 2 | `work` | the work for threads that may block, and its limits; `work::store` keeps what is said in a file, behind the feature `store`; `work::cluster` writes and reads a stream of Redis, behind `cluster`; `work::passwords` hashes passwords, behind `accounts` |
//! | 2 | `chat` | the people, the rooms and what is said, as pure state: no socket, no clock |
//! | 1 | `wire` | bytes to words and back: first bytes, telnet, lines, text, commands, rendering, objects of programs, PROXY headers, heads of HTTP, frames of WebSocket; no I/O |
//! | 1 | `page` | the chat in a browser, as one document, behind the feature `web` |
//! | 0 | [`limits`], `account`, `sanction`, `erasure`, `error`, `id`, `name`, `invisible`, `journal`, `message`, `moment`, `deadlines`, `network`, `query`, `rate`, `tally`, `token` | the vocabulary |
//!
//! # The path of a message
//!
//! A line that a person types takes this path:
//!
//! | what happens | where |
//! |---|---|
//! | bytes become lines | `wire::Decoder`, for `Talk::decode` in `server/tick/decode.rs` |
//! | a line becomes an event | `Talk::hear`, in the same file; `chat/event.rs` has all events |
//! | the hub hears it | `Talk::tell_hub` in `server/talk.rs`, by `Journaled` in `chat/journaling.rs`: a hub, with its journal |
//! | an event becomes an act, if it changes what people share | `Hub::handle` in `chat/mod.rs`, commands in `chat/commands/`; the act leaves as `Effect::Append` |
//! | with other servers, it first goes out to all of them | `chat/out.rs` keeps it, `server/cluster` sends it and takes what comes back, `chat/sharing.rs` enters that |
//! | an act becomes an [`Entry`] | `Journaled::enter` in `chat/journaling.rs`, which numbers it by `Journal::enter` in `journal.rs` |
//! | an entry becomes effects | `Hub::apply` in `chat/apply.rs`; `chat/event.rs` has all effects |
//! | an effect is acted on | `Talk::apply` in `server/talk.rs` |
//! | an effect becomes bytes | `Fanout::say` and `Fanout::reply` in `server/fanout.rs`, by `wire::render` |
//! | bytes are written | `Talk::write` in `server/tick/write.rs`, by `net::Connection` |
//!
//! Lines for the file leave `apply` as [`Effect::Keep`](inner::chat::Effect), and go to the store once a tick. Questions
//! about the past are answered by `chat/recall.rs`, from memory or by a worker that reads the file.
//!
//! A line that changes nothing that people share, such as `/who`, makes no entry: `Hub::handle` answers it by an effect.
//! An object of a program takes the same path, from `server/tick/program.rs` by `chat/programs.rs`; what programs read is
//! rendered by `wire/machine`, once for all of them, and only where one of them reads the room.
//!
//! One thread runs one loop for this, `Server::turn` in `server/mod.rs`. Each phase of the loop has a file of its own
//! in `server/tick/`. The phases share one struct, `server::Talk`:
//!
//! ```text
//! poll      wait for events; not at all while a peer is still runnable
//! mark      latch what the events say, list the peers that become runnable
//! take      requests and results of other threads, from the inbox
//! accept    let newcomers in, within a budget; they enter the chat once the server knows what protocol they speak
//! read      a bounded turn per runnable peer, within a budget of the tick; peers that have sent little go first:
//!           socket -> Decoder -> Hub::handle -> an entry -> Hub::apply -> effects -> the room's log
//! time      act on what is due by now; server/connections/timers.rs has the table of all timers
//! farewell  people whose connection has ended leave the hub
//! write     each peer once: a slice of the log, straight from where it was rendered
//! hand over what is to be kept (server/keeping.rs), the questions (server/workers.rs) and what other servers are to read
//!           (server/cluster), one batch to each thread
//! show      figures to programs that ask for them, on a listener of their own (server/metrics)
//! reap      free the slots of peers that are gone; server/connections/leaving.rs has the table of their ways out
//! ```
//!
//! Handlers queue, phases act: no write, close or free happens while a line is handled. A message is rendered once and
//! appended to its room's log of the tick. All people who read the same bytes are written the same slice of that log,
//! or of one copy of it with their stamps. So a tick costs one write per member, however many messages it carried.
//! Output that a socket does not take is kept as a slice of one copy of the log, which all laggards share.
//!
//! # What always holds
//!
//! - Order: every reader sees lines in the order in which the hub handled them, replies to the reader alone included.
//! - A round of the loop does a bounded amount of work, whoever sends; people who have sent little go before a flood.
//! - A peer that reads slowly or not at all holds nobody up. Its waiting output is bounded. Beyond the bound the oldest
//!   lines of its rooms are skipped, with a notice in their place. A line is never cut.
//! - No input reaches another person unless it is clean text, one line, under the sender's name.
//! - A `PeerId` is never mistaken for the next peer in its slot; a slot is freed only at the end of a tick.
//! - A failure of one peer is a [`CloseReason`], and never an [`Error`] that stops the server.
//! - Every queue, loop and buffer has its bound in [`limits`].

mod account;
mod chat;
#[cfg(feature = "client")]
mod client;
mod deadlines;
mod erasure;
mod error;
mod id;
mod invisible;
mod journal;
pub mod limits;
mod message;
mod moment;
mod name;
mod net;
mod network;
#[cfg(feature = "web")]
mod page;
mod query;
mod rate;
mod sanction;
mod server;
mod tally;
mod token;
mod wire;
mod work;

/// The README's examples compile too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use account::{AccountId, Accounts, Origin, Proof, Role};
pub use erasure::{Erasure, Whose};
pub use error::{CloseReason, Error, Protocol, ProxyFault};
pub use id::{PersonId, ServerId};
pub use journal::{
    AccountAct, Act, Entry, Heard, Invited, OrderAct, OwnAct, Person, Returning, ServerAct,
};
pub use name::{InvalidUsername, RoomName, Username};
#[cfg(feature = "tls")]
pub use net::{InvalidTlsIdentity, TlsIdentity};
pub use network::{InvalidNetwork, Network, Networks};
pub use rate::{InvalidRate, Rate};
pub use sanction::{Sanction, SanctionKind, Target};
#[cfg(feature = "cluster")]
pub use server::ClusterThreads;
pub use server::{Config, Entries, Handle, InvalidListen, Listen, ListenKind, Server, Stats};
#[cfg(feature = "cluster")]
pub use work::cluster::Options as ClusterOptions;

/// Keeping what is said in a file, and searching it; see [`Server::keep`].
#[cfg(feature = "store")]
pub mod store {
    #[cfg(feature = "accounts")]
    pub use crate::server::{
        AccountChange, AccountRequest, CONTROL, PasswordChecks, change_account,
    };
    pub use crate::server::{Answers, open};
    #[cfg(feature = "accounts")]
    pub use crate::work::store::list_accounts;
    pub use crate::work::store::{Ended, Error, Options, Report, Store, Writer, backup, restore};
}

/// Items for this package's own programs, tests, benches and fuzzing. They carry no promise: any version may change
/// them.
#[doc(hidden)]
pub mod inner {
    pub use crate::account::{Hashed, KnownAddresses, Rank, Secret, Typed};
    pub use crate::error::Unanswered;
    pub use crate::id::{PeerId, RoomId, Slot};
    #[cfg(feature = "cluster")]
    pub use crate::journal::Wanted;
    pub use crate::message::{
        AboutAccount, AboutAway, AboutChat, AboutConnection, AboutHearing, AboutIgnoring,
        AboutInput, AboutKeeping, AboutOrder, AboutOwning, AboutPast, AboutPeople, AboutReading,
        AboutRooms, AccountFacts, Answer, Audit, Before, Cause, Elsewhere, EntryFacts, ForProgram,
        Hello, HelpRow, Here, IgnoredRow, Keep, KeepAccount, KeepOrder, KeepOwning, KeptAccount,
        KeptHouse, KeptRoom, Message, Misuse, MisuseCode, News, Owning, Page, Past, PersonRow,
        Presence, Report, Request, Retype, RoomFacts, RoomMember, RoomNews, RoomRow, SeatFacts,
        SecretQuestion, Seen, Settings, Silence, Told, Unseen, Waiting, Welcome, Whois, Why,
    };
    pub use crate::moment::{Civil, Format, Medium, Moment, Offset, Stamp};
    pub use crate::query::{InvalidQuery, Place, Query};
    pub use crate::server::{Job, fanout};
    pub use crate::token::Token;
    pub use crate::work::Jobs;
    #[cfg(feature = "cluster")]
    pub use crate::work::cluster;
    #[cfg(feature = "store")]
    pub use crate::work::store;

    pub mod chat {
        pub use crate::chat::{
            Audience, Effect, Effects, Event, Finding, Hub, Journaled, Keeping, Proposal, Question,
            Rules,
        };
        #[cfg(feature = "cluster")]
        pub use crate::chat::{InvalidState, State};
        #[cfg(any(test, fuzzing))]
        pub use crate::chat::{Readers, Twin};
    }

    #[cfg(feature = "client")]
    pub mod client {
        #[cfg(any(test, fuzzing))]
        pub use crate::client::desk;
        pub use crate::client::{Config, NoTrust, Outcome, SIGNALS, Status, Trust, run};
    }

    pub mod net {
        pub use crate::net::{Gauge, Log, Piece, SendQueue};
    }

    pub mod wire {
        #[cfg(feature = "web")]
        pub use crate::wire::http;
        pub use crate::wire::{
            Decoder, Input, Opening, ProxyHeader, clean, clean_typed, opening, proxy_header, render,
        };
        pub use crate::wire::{machine, websocket};
    }
}

#[cfg(test)]
mod dice;
