//! The bounds of a cluster: of what goes into the stream and waits for it, and of how long Redis may take.

use std::time::Duration;

/// Longest name of a server, in characters.
pub const NODE_CHARS: usize = 32;

/// Longest key of a stream, in bytes. Other keys begin with it.
pub const KEY_BYTES: usize = 64;

/// Acts of one entry. With 32 in each, 2.9 million acts a second came through, and 0.28 million with one in each.
pub const PACKET_ACTS: usize = 32;

/// Bytes of JSON of one entry, unless a single act is longer.
pub const PACKET_BYTES: usize = 8 * 1024;

/// Acts of this server that may wait to come back. The loop keeps to it: it stops reading people before.
pub const OUTBOX_ACTS: usize = 4096;

/// The memory that they may take, in bytes of JSON. The loop keeps to it, too.
pub const OUTBOX_BYTES: usize = 1024 * 1024;

/// Entries that are sent together, and are all written or none.
pub const PIPELINE_PACKETS: usize = 64;

/// Entries that may be written and not have come back. Beyond that the reader must catch up first.
pub const PACKETS_OUT: usize = 512;

/// Entries that one read asks for.
pub const READ_ENTRIES: usize = 512;

/// Batches of entries that the loop may not have taken.
pub const BATCHES: usize = 8;

/// How long a read waits for something new.
pub const READ_BLOCK: Duration = Duration::from_secs(1);

/// How long the answer to a read may take: three times as long as it waits, since even a quiet stream answers.
pub const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the answer to anything else may take.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long it may take to connect, TLS and password included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How often a reader looks whether the stream is still the one that it reads.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The first wait behind a failure.
pub const RETRY_FIRST: Duration = Duration::from_millis(50);

/// The longest wait behind a failure. Each wait is twice the one before, and up to half of it is random.
pub const RETRY_MOST: Duration = Duration::from_secs(5);

/// How long a start waits for Redis.
pub const START_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a lease holds unless it is renewed.
pub const LEASE: Duration = Duration::from_secs(15);

/// How often it is renewed: two renewals may be lost.
pub const LEASE_RENEWED: Duration = Duration::from_secs(5);

/// How long a start waits for a lease of its own name, and for servers whose leases are missing.
pub const LEASE_WAIT: Duration = Duration::from_secs(16);

/// By how much more than before a lease must hold to count as renewed. Clocks of the two ends do not matter for it.
pub const LEASE_SLACK: Duration = Duration::from_millis(500);

/// How long a newcomer waits for the state before it says Hello to the next server.
pub const HELLO_WAIT: Duration = Duration::from_secs(1);

/// How often it says Hello without an answer before it gives up.
pub const HELLO_TURNS: u32 = 60;

/// Bytes of one piece of a state. Redis refuses no smaller ones, and a slow link takes one within the time of an answer.
pub const STATE_PIECE: usize = 256 * 1024;

/// Pieces that are sent together.
pub const STATE_PIECES_OUT: usize = 2;

/// How long Redis keeps a state.
pub const STATE_KEPT: Duration = Duration::from_secs(60);

/// The largest state, in bytes.
pub const STATE_BYTES: usize = 512 * 1024 * 1024;

/// What the stream may take in Redis, in bytes, as far as lengths of entries tell.
pub const STREAM_BYTES: u64 = 64 * 1024 * 1024;

/// Entries whose mean size bounds the length of the stream.
pub const SIZES: usize = 1000;

/// The size that an entry is taken for until some were read, in bytes.
pub const SIZE_FIRST: u64 = 1024;

/// What an entry takes besides its acts, in bytes: its id, the names and numbers of its fields, the tree above it.
pub const SIZE_AROUND: u64 = 128;

/// The age up to which entries are kept. They hold private lines, which nobody should find in a dump of Redis later.
pub const STREAM_AGE: Duration = Duration::from_secs(3600);

/// How often older ones are removed.
pub const STREAM_TRIMMED: Duration = Duration::from_secs(60);

/// How long a stop waits for what is on its way.
pub const STOP_DRAIN: Duration = Duration::from_secs(2);

/// Epochs that are gone and remembered. Entries of theirs that are still to come are void.
pub const EPOCHS_GONE: usize = 4096;

const _: () = assert!(PIPELINE_PACKETS <= PACKETS_OUT && PACKET_ACTS <= OUTBOX_ACTS);
const _: () = assert!(PACKET_BYTES * PIPELINE_PACKETS <= OUTBOX_BYTES);
const _: () = assert!(READ_BLOCK.as_millis() < READ_TIMEOUT.as_millis());
const _: () = assert!(2 * LEASE_RENEWED.as_millis() < LEASE.as_millis());
const _: () = assert!(LEASE.as_millis() < LEASE_WAIT.as_millis());

/// Names in the sentence that a server is gone.
pub const GONE_TOLD: usize = 5;

/// Time after which people are told that the other servers cannot be reached.
pub const AWAY_TOLD: Duration = Duration::from_secs(3);

/// Entries of the stream that one round of the loop applies. Each has up to 32 acts, so that people who type are served again
/// within milliseconds, however far behind this server is.
pub const ENTRIES_A_TICK: usize = 128;
