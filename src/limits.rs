//! Every bound of the server, with its unit and its reason.
//!
//! [`Config`](crate::Config) holds the limits that an operator may choose; their defaults and ranges stand here too.
//! The assertions at the end of this file check the relations between the limits at compile time.

pub mod accounts;
pub mod cluster;
pub mod order;
pub mod owning;
pub mod past;
pub mod seats;
#[cfg(feature = "store")]
pub mod store;

use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest username, in characters. It fits a terminal's line and leaves most of the line to the text.
pub const USERNAME_CHARS: usize = 32;

/// Marks that one letter of a name may have. Yoruba puts two on a letter; Tibetan and Burmese stack four.
pub const MARKS_PER_LETTER: usize = 5;

/// Attempts at giving a username before the connection is closed.
pub const LOGIN_ATTEMPTS: u8 = 10;

/// Time in which a newcomer must give a username, by default.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes from which on the protocol of a new connection is decided, even if more bytes may follow.
pub const OPENING_BYTES: usize = 2048;

/// Silence after which the server greets a newcomer as a person, by default of its program. Programs and browsers speak
/// first, and must not be greeted. None of 120 `curl`s on a loaded machine took longer; one in ten took 50 ms.
pub const GREET_AFTER: Duration = Duration::from_millis(300);

/// Longest such silence.
pub const GREET_AFTER_MOST: Duration = Duration::from_secs(5);

/// Longest header of a proxy in the first version of the PROXY protocol, in bytes with its line end (§2.1).
pub const PROXY_LINE_BYTES: usize = 107;

/// Longest header in the second version, in bytes (§2): the smallest segment that any host must take holds it. Proxies may
/// add as many fields as fit.
pub const PROXY_BINARY_BYTES: usize = 536;

/// Time for such a header to come, from accept on. The specification asks for 3 s at least, as a segment may be lost.
pub const PROXY_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest head of an HTTP request, in bytes. Browsers send one or two thousand.
pub const HEAD_BYTES: usize = 8 * 1024;

/// Time in which the head of a request must come.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long behind a browser's request a silent connection from its address may be its second one.
pub const BROWSER_TIME: Duration = Duration::from_secs(10);

/// Addresses of browsers that are known at a time.
pub const BROWSERS: usize = 4096;

/// How often a WebSocket is pinged. Proxies take a connection for idle after a minute, as a rule.
pub const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Fields that the head of an HTTP request may have. Browsers send some twenty, and each proxy adds a few.
pub const HEAD_FIELDS: usize = 64;

/// Longest id of a program's object that is a text, in bytes.
pub const ID_BYTES: usize = 64;

/// An id that is a number is less than this, as every number is that JSON programs exchange safely (RFC 8259 §6).
pub const ID_NUMBER: u64 = 1 << 53;

/// Ids of a person that are remembered with what was said under them. They are fewer if the texts are long.
pub const IDS_REMEMBERED: usize = 64;

/// The texts of these together, in bytes.
pub const REMEMBERED_BYTES: usize = 32 * 1024;

/// Bytes that an object may have besides a text of the longest line, which may need two bytes for each of its own.
pub const OBJECT_BYTES: usize = 1024;

/// When programs should come again after everyone had to go, in milliseconds. The server spreads them.
pub const COME_AGAIN: RangeInclusive<u64> = 500..=5000;

/// Longest line accepted, in bytes without its line end, by default.
pub const LINE_BYTES: usize = 8 * 1024;

/// Range from which an operator may choose the longest line, in bytes.
pub const LINE_BYTES_RANGE: RangeInclusive<usize> = 64..=1024 * 1024;

/// Columns of consecutive white space that a person's line may have. Further ones are left out. A table's columns still
/// stand apart, and no text is pushed onto a row of its own. A tab counts as four columns, the space of Chinese and
/// Japanese as two.
pub const SPACE_COLUMNS: usize = 8;

/// Factor by which cleaning can lengthen a line: a bad byte becomes U+FFFD, which takes three bytes.
pub const CLEAN_GROWTH: usize = 3;

/// Most bytes around a line as it is read: a stamp, two names, some words.
pub const AROUND_LINE: usize = 512;

/// Output that may wait for one slow reader, in bytes, by default.
pub const SEND_QUEUE_BYTES: usize = 1024 * 1024;

/// Range from which an operator may choose the bound of one send queue, in bytes. A peer is read while the answers that
/// wait for it take at most half of the queue. The other half holds what one more tick can add, however long the
/// longest line is: [`Config::check`](crate::Config::check) ensures that.
pub const SEND_QUEUE_BYTES_RANGE: RangeInclusive<usize> = 512 * 1024..=1024 * 1024 * 1024;

/// Output that may wait for all readers together, in bytes of memory, by default. A copy that several readers share
/// counts once.
pub const ALL_QUEUES_BYTES: usize = 256 * 1024 * 1024;

/// Unsent bytes that the kernel accepts for one peer: `TCP_NOTSENT_LOWAT` in tcp(7). A share of a full tick fits, so
/// nothing is queued for a peer that reads. The kernel counts some tenths more than the bytes themselves.
pub const UNSENT_BYTES: u32 = 256 * 1024;

/// Longest answer to one line, in bytes: a room's history, or a hundred rooms with their topics.
pub const ANSWER_BYTES: usize = 96 * 1024;

/// A peer is dropped when output waits for it and its socket has taken no byte for this long.
pub const STALL: Duration = Duration::from_secs(60);

/// How often the server looks for peers whose sockets take nothing, as long as output waits for any peer.
pub const STALL_CHECK: Duration = Duration::from_secs(1);

/// Slow readers for which the server asks the kernel, at each look, whether everything was sent: some 6 µs each.
pub const SLOW_ASKED: usize = 128;

/// How long the kernel waits for a peer to acknowledge data before it gives up the connection: the user timeout of RFC
/// 793 §3.8 and RFC 5482, `TCP_USER_TIMEOUT` in tcp(7). It can take twice that long to give up a peer that vanished,
/// and that must stay within two minutes.
pub const PEER_TIMEOUT: Duration = Duration::from_secs(60);

/// Silence of a peer, with no data to it unacknowledged, after which the kernel asks whether it is still there. RFC
/// 1122 §4.2.3.6 has two hours as the default and lets an application choose: `TCP_KEEPIDLE` in tcp(7).
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Time between two such questions while no answer comes: `TCP_KEEPINTVL` in tcp(7).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Unanswered questions after which the peer is given up: `TCP_KEEPCNT` in tcp(7). Linux ignores this number and goes
/// by [`PEER_TIMEOUT`], at the first question that is due no earlier. Both come to the same moment.
pub const KEEPALIVE_PROBES: u32 = 3;

/// Connections held at once, by default.
pub const CLIENTS: usize = 10_000;

/// Range from which an operator may choose the number of connections.
pub const CLIENTS_RANGE: RangeInclusive<usize> = 1..=1_000_000;

/// Descriptors that stay free below the process's limit on open files: for standard streams, poll, waker, listeners,
/// logs, and the embedding program.
pub const RESERVED_DESCRIPTORS: usize = 32;

/// Lines a second that one person may send in the long run, by default.
pub const RATE_LINES: u32 = 16;
/// Lines that one person may send at once, by default. A pasted page of text fits.
pub const RATE_BURST: u32 = 128;

/// Range from which an operator may choose the lines a second and the lines at once.
pub const RATE_RANGE: RangeInclusive<u32> = 1..=1_000_000;

/// An address, or an IPv6 /64, may send as many lines as this many people, however many connections it holds or
/// reopens. A household, or a class behind one router, does not reach that by talking.
pub const ADDRESS_SHARES: u32 = 8;

/// Addresses for which the server remembers how much they sent recently. For any more, only each person's own rate
/// counts. At some 64 bytes each, this takes 4 MB.
pub const RATED_ADDRESSES: usize = 64 * 1024;

/// Shortest pause in reading people whose address has sent too fast: all of them wake up together.
pub const ADDRESS_PAUSE: Duration = Duration::from_millis(125);

/// Lines that a newcomer may send at once before giving a username: every attempt at one, and some key presses.
pub const NEWCOMER_LINES: u32 = 16;

/// Up to this many bytes, with its answer, a line counts as one line against a person's rate. A longer one counts as
/// several.
pub const BYTES_PER_LINE: u64 = 512;

/// What one turn of reading counts for besides its lines, in bytes: an eighth of a line, so that bytes that form no
/// line cannot keep the loop busy. A person whose client sends every key by itself types fewer than a hundred keys a
/// second.
pub const TURN_BYTES: usize = BYTES_PER_LINE as usize / 8;

/// Time to flush queues at shutdown, by default.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Longest time that an operator may set for anything: a year, which can be added to any clock.
pub const LONGEST_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a connection that is being closed may take to accept its last output, and to fall silent.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the server keeps a connection after its own FIN to see the peer's, and after each input from the peer in
/// that time, within [`LINGER_MOST`]. Closing a socket that holds unread input, or gets some later, makes the kernel
/// send RST (RFC 1122 §4.2.2.13), and an RST can overtake the goodbye on the peer's side.
pub const LINGER: Duration = Duration::from_secs(1);

/// Longest time that lingering may take for a peer that goes on sending: sending more must not keep a place.
pub const LINGER_MOST: Duration = Duration::from_secs(4);

/// Connections that the kernel completes before the server accepts them.
pub const BACKLOG: i32 = 4096;

/// Connections accepted from one listener in one tick. A storm of newcomers cannot hold up the people who talk.
pub const ACCEPTS_PER_TICK: usize = 128;

/// Newcomers at one time who are told why they cannot come in and get the time to read it. Further ones are told and
/// closed at once. These take descriptors out of [`RESERVED_DESCRIPTORS`], and must leave most of them for other uses.
pub const TURNED_AWAY: usize = 12;

/// Reads of [`READ_TURN_BYTES`] each from a newcomer who is closed at once. Together they take all that a fresh socket
/// on Linux holds before it is read, with some to spare.
pub const UNREAD_TURNS: usize = 16;

/// After accepting has failed for lack of descriptors or memory, the server tries again after this long, or when a peer
/// goes.
pub const ACCEPT_RETRY: Duration = Duration::from_secs(1);

/// Connections at one time to the listener for figures. A monitoring system, its twin and a check of health fit. When one
/// more comes, the oldest goes. These take descriptors out of [`RESERVED_DESCRIPTORS`].
pub const SCRAPERS: usize = 4;

/// Longest request for figures, in bytes. Prometheus sends some 300.
pub const SCRAPE_HEAD_BYTES: usize = 4 * 1024;

/// Bytes that are read and thrown away behind such a request, so that the answer arrives.
pub const SCRAPE_UNREAD_BYTES: usize = 64 * 1024;

/// Time for a request for figures and its answer. Prometheus waits for ten seconds by default; on a healthy network both
/// take some milliseconds.
pub const SCRAPE_TIME: Duration = Duration::from_secs(5);

/// How old the figures of the process may be that are shown: the kernel makes them anew each time it is asked.
pub const PROCESS_FIGURES_AGE: Duration = Duration::from_secs(1);

/// CPU time of the loop that one line, one event or one leaving may take at 10,000 people, because everyone waits for
/// it. The bench `prices` marks what exceeds it; the server does not enforce it.
pub const LOOP_BUDGET: Duration = Duration::from_millis(2);

/// Readiness events taken from one poll. Further events stay in the kernel for the next poll.
pub const EVENTS_PER_POLL: usize = 1024;

/// Bytes read from one peer in one turn: a person's longest line.
pub const READ_TURN_BYTES: usize = 8 * 1024;

/// Longest text of one record of TLS, in bytes (RFC 8446 §5.1).
pub const RECORD_BYTES: usize = 16 * 1024;

/// Most bytes that one record of TLS may have besides its text (RFC 5246 §6.2.3), and a small message before it.
pub const RECORD_OVERHEAD: usize = 2048 + 256;

/// Turns that peers in a handshake of TLS have in one tick, after everyone else: each may take 0.1 to 0.5 ms. With 2,000
/// newcomers at once the longest tick takes 1 to 3 ms; without this bound it takes 17 to 70, and they are in no sooner.
pub const HANDSHAKE_TURNS: usize = 4;

/// Handshakes of TLS that are on at one time. Each takes some 4 KB, or 20 KB if the peer sends more than it should. Further
/// ones wait.
pub const HANDSHAKES: usize = 1024;

/// How long a handshake of TLS may take, from the first bytes on.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The same while as many are on as may be, and others wait for their turn.
pub const HANDSHAKE_HASTE: Duration = Duration::from_secs(1);

/// Work of one peer's turn, in [steps](STEP_BYTES): a read full of ordinary lines. Input that is not decoded by then
/// waits for the next turn.
pub const TURN_STEPS: usize = 128;

/// Work of all turns of one tick together, in [steps](STEP_BYTES), whoever sends: a millisecond or two.
pub const TICK_STEPS: usize = 4096;

/// One step of work is a line, or this many bytes of its answer: some 0.3 µs each.
pub const STEP_BYTES: usize = 32;

/// Time that the turns of one tick may take together, if it passes before [`TICK_STEPS`] are done.
pub const READ_PHASE: Duration = Duration::from_millis(2);

/// How long to wait after a byte 04 that begins a line. If nothing follows in that time, it is the key that ends the
/// input, and not the first byte of a line whose rest is on its way.
pub const END_KEY_WAIT: Duration = Duration::from_millis(200);

/// Bytes decoded in one go if they hold no line end. Two bytes of telnet can ask for an answer, so at most some five
/// hundred answers are given before the bound on answers is checked again.
pub const PART_BYTES: usize = 1024;

/// When this many bytes were said in rooms in one tick, counting each line in its longest format, or when one peer
/// alone was told this many, reading stops and writing begins. A larger log gains nothing, because the price of a write
/// call is already spread thin, and it costs latency and the memory that a laggard can pin. The last line comes on top
/// of this. So does one copy of the log in another format while it is being written. With the longest line that can be
/// chosen, that is two times 3 MiB, however many formats people have. Copies for laggards, one for each format, count
/// among all queues.
pub const LOG_BYTES: usize = 128 * 1024;

/// When single peers, all of them together, are told this many bytes in one tick, reading stops and writing begins. It
/// is more than [`LOG_BYTES`], because nobody else is sent any of it: a crowd of newcomers who read the history must
/// not cause a write to the whole room for every few of them.
pub const REPLIES_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one peer's waiting output that are written in one turn. It is more than a tick logs, so a peer catches up.
/// The rest that its socket would take waits for the next tick, behind everyone else's output.
pub const WRITE_TURN_BYTES: usize = 1024 * 1024;

/// Bytes written in one tick to all laggards together: a millisecond or two. Others wait no longer than that when
/// thousands of laggards read again at once.
pub const FLUSH_BYTES: usize = 2 * 1024 * 1024;

/// What each laggard counts for besides its bytes: a call of the kernel that may take no byte.
pub const FLUSH_CALL_BYTES: usize = 4 * 1024;

/// A write phase shorter than this is never delayed to allow more reading.
pub const SHORT_WRITE_PHASE: Duration = Duration::from_micros(200);

/// A laggard's piece is copied out of the log if it is smaller than the log divided by this. So no peer can pin more
/// than this many times its own piece, plus one log.
pub const PIN_RATIO: usize = 4;

/// A piece smaller than this, in bytes, is always copied: a reference costs as much as it saves.
pub const SHARED_PIECE_BYTES: usize = 1024;

/// What a slice in a send queue counts for besides its bytes: its place in the queue, and the overhead of its
/// allocation.
pub const CHUNK_BYTES: usize = 64;

/// What a message in a send queue counts for besides its bytes: the offset of its end.
pub const END_BYTES: usize = size_of::<u32>();

/// Lines of one room, between lines of another that the same person hears, are copied into one buffer with those unless
/// they have at least this many bytes together. So short lines make no slices of their own.
pub const MERGED_PIECE_BYTES: usize = 512;

/// Slices handed to the kernel in one `writev`. Linux takes 1,024 (`IOV_MAX`), but more than some dozens gain nothing.
pub const SLICES_PER_WRITE: usize = 32;

/// Entries that may wait for one program that [listens](crate::Handle::entries).
pub const ENTRIES: usize = 65_536;

/// Memory that those entries may take, in bytes. Lines may be long.
pub const ENTRIES_BYTES: usize = 64 * 1024 * 1024;

/// Requests that may wait in the queue behind a [`Handle`](crate::Handle).
pub const REQUESTS: usize = 64;

/// Questions from the chat that may be with a worker, including results that have not been taken yet. At a quarter of a
/// second each, as a search may take, all are answered within four. People who ask while it is full are told to try again.
pub const QUESTIONS: usize = 16;

/// What a millisecond of a worker's time counts for against the rate of the person who asked, in bytes. At the default
/// rate one person can keep a worker busy for a twenty-fifth of its time.
pub const WORK_BYTES: usize = 200;

/// How long a person waits for the answer to such a question. A healthy worker needs a tenth of that for all of them.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Acts of one person that may be unanswered, if the journal answers late. At this number the server reads nothing more
/// from them until one is applied. Nobody types that much in that time; a flood waits in its own socket.
pub const ACTS_OUT: usize = 64;

/// Longest notice from a [`Handle`](crate::Handle), in bytes: as much as a person may say at once by default. It is
/// written out for each room.
pub const NOTICE_BYTES: usize = 8 * 1024;

/// Longest name of a time zone that is looked up, in bytes. The longest name in use has 32.
pub const ZONE_BYTES: usize = 64;

/// How far from UTC a person's clock may be, in minutes: Baker Island to Kiritimati.
pub const OFFSET_MINUTES: RangeInclusive<i16> = -12 * 60..=14 * 60;

/// Rooms at once. Each holds a history, so this bounds memory too.
pub const ROOMS: usize = 1000;

/// Rooms that one person may hear at once.
pub const ROOMS_HEARD: usize = 16;

/// Rooms made by one person that still exist. Few people make more than one.
pub const ROOMS_MADE: usize = 50;

/// Rooms for which the server remembers how far one person has read. Few people go back and forth between more.
pub const ROOMS_REMEMBERED: usize = 16;

/// Rooms listed by `/rooms`.
pub const ROOMS_LISTED: usize = 100;

/// People listed by `/who`.
pub const PEOPLE_LISTED: usize = 200;

/// Longest topic of a room, in characters.
pub const TOPIC_CHARS: usize = 200;

/// Longest reason for being away, in characters. People read it each time they write to the person or name them.
pub const AWAY_CHARS: usize = 200;

/// Longest last word of a person who leaves, in characters. Everyone in the room reads it.
pub const QUIT_CHARS: usize = 200;

/// Lines kept as a room's history, by default.
pub const HISTORY_LINES: usize = 200;

/// Range from which an operator may choose the number of lines kept.
pub const HISTORY_LINES_RANGE: RangeInclusive<usize> = 0..=10_000;

/// Size of one room's history, in bytes as it is read later. The oldest lines go first.
pub const HISTORY_BYTES: usize = 64 * 1024;

/// Lines replayed to a person who joins a room.
pub const REPLAYED_LINES: usize = 20;

/// Lines kept for a person who is away. The oldest lines go first.
pub const MISSED_LINES: usize = 50;
/// Bytes that those lines may take, as they are read later.
pub const MISSED_BYTES: usize = 16 * 1024;

/// Bytes of a line that are searched for the names of people who are away, and bytes of the forms by which its words
/// are compared. A whole line of the default length fits, unless its letters stand for several others each.
pub const MENTION_BYTES: usize = 8 * 1024;

/// People named in the one answer that they are away. The others are counted.
pub const AWAY_NAMED: usize = 3;

/// How long the server remembers that a person was told of somebody's absence. After that they are told again.
pub const ABSENCE_TOLD_FOR: Duration = Duration::from_secs(15 * 60);

/// Absences that the server remembers having told one person, the latest of them.
pub const ABSENCES_TOLD: usize = 100;

/// People whom one person may ignore.
pub const IGNORED: usize = 100;

/// Names under which one person may be ignored while they are here. People who ignore them under a further name are
/// counted under the last of these.
pub const IGNORED_NAMES: usize = 8;

/// Largest message of the day, in bytes. It is sent to every newcomer.
pub const MOTD_BYTES: usize = 16 * 1024;

/// Longest telnet subnegotiation, in bytes. The bytes after that are text again, so that a client that never ends one
/// is still heard. The subnegotiations that the server reads have bounds of their own.
pub const SUBNEGOTIATION_BYTES: usize = 1024;

/// Longest list of character sets, in bytes; RFC 2066 names no bound. Clients offer two or three sets.
pub const CHARSET_LIST_BYTES: usize = 256;

/// Replies to telnet options for one connection in [`TELNET_REPLY_SPAN`]. A client's opening takes some ten.
pub const TELNET_REPLIES: u32 = 64;

/// The span in which [`TELNET_REPLIES`] are counted.
pub const TELNET_REPLY_SPAN: Duration = Duration::from_secs(60);

/// Longest name of a terminal that is kept, in bytes; RFC 1091 allows 40.
pub const TERMINAL_NAME_BYTES: usize = 40;

/// Longest part of an unknown command that the answer repeats, in characters.
pub const ECHOED_CHARS: usize = 32;

const _: () = {
    assert!(LINE_BYTES >= *LINE_BYTES_RANGE.start() && LINE_BYTES <= *LINE_BYTES_RANGE.end());
    assert!(
        SEND_QUEUE_BYTES >= *SEND_QUEUE_BYTES_RANGE.start()
            && SEND_QUEUE_BYTES <= *SEND_QUEUE_BYTES_RANGE.end()
    );
    assert!(
        *SEND_QUEUE_BYTES_RANGE.start() / 2 >= LOG_BYTES + ANSWER_BYTES
            && ANSWER_BYTES >= CLEAN_GROWTH * LINE_BYTES + AROUND_LINE,
        "nobody is dropped for what they asked for themselves"
    );
    assert!(AROUND_LINE >= 22 + 2 * 4 * USERNAME_CHARS + 100);
    assert!(REPLIES_BYTES >= LOG_BYTES && WRITE_TURN_BYTES >= LOG_BYTES + ANSWER_BYTES);
    assert!(UNSENT_BYTES as usize >= LOG_BYTES + ANSWER_BYTES);
    assert!(READ_TURN_BYTES <= RECORD_BYTES);
    assert!(TURNED_AWAY + SCRAPERS <= RESERVED_DESCRIPTORS / 2);
    assert!(NEWCOMER_LINES > LOGIN_ATTEMPTS as u32);
    assert!(ALL_QUEUES_BYTES >= SEND_QUEUE_BYTES);
    assert!(2 * PEER_TIMEOUT.as_secs() <= 120);
    assert!(LINGER.as_secs() < LINGER_MOST.as_secs());
    assert!(TURN_STEPS * 8 <= TICK_STEPS, "a tick has turns for several");
    assert!(PEER_TIMEOUT.as_secs() >= STALL.as_secs());
    assert!(
        PEER_TIMEOUT.as_secs()
            == KEEPALIVE_IDLE.as_secs() + KEEPALIVE_PROBES as u64 * KEEPALIVE_INTERVAL.as_secs(),
        "a peer that is sent nothing is given up as soon as one that is"
    );
    assert!(ANSWER_BYTES >= HISTORY_BYTES + 100 && ANSWER_BYTES >= MOTD_BYTES);
    assert!(ANSWER_BYTES >= ROOMS_LISTED * (4 * TOPIC_CHARS + 100));
    assert!(
        LINE_BYTES >= 4 * USERNAME_CHARS,
        "every username fits a line"
    );
    assert!(
        LOG_BYTES <= (u32::MAX / 1024) as usize,
        "offsets into a log are 32 bits, with room for the last turn's output"
    );
};
