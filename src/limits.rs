//! Every bound of the server, with its unit and its reason.
//!
//! What an operator may choose is in [`Config`](crate::Config); its defaults and ranges stand here too. How the bounds
//! relate is checked when the crate is compiled, at the end of this file.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest username, in characters. Fits a column of a terminal and leaves most of the line to the text.
pub const USERNAME_CHARS: usize = 32;

/// Marks that one letter of a name may have. Yoruba has two behind a letter, Tibetan and Burmese stack four.
pub const MARKS_PER_LETTER: usize = 5;

/// Attempts at giving a username before the connection is closed.
pub const LOGIN_ATTEMPTS: u8 = 10;

/// Time in which a newcomer must give a username, by default.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// Longest line accepted, in bytes without its line end, by default.
pub const LINE_BYTES: usize = 8 * 1024;

/// What an operator may choose as the longest line, in bytes.
pub const LINE_BYTES_RANGE: RangeInclusive<usize> = 64..=1024 * 1024;

/// Columns of white space in a row that a person's line may have; more are left out. A table's columns still stand apart,
/// and no text is pushed onto a row of its own. A tab counts as four, the space of Chinese and Japanese as two.
pub const SPACE_COLUMNS: usize = 8;

/// How many times as long a line can become when it is cleaned: a bad byte becomes U+FFFD, which has three.
pub const CLEAN_GROWTH: usize = 3;

/// What stands around a line that somebody reads, at most, in bytes: a stamp, two names, some words.
pub const AROUND_LINE: usize = 512;

/// What may wait for one slow reader, in bytes, by default.
pub const SEND_QUEUE_BYTES: usize = 1024 * 1024;

/// What an operator may choose as the bound of one send queue, in bytes. A peer is read while the answers that wait
/// for it take up to half of that; the other half holds what one more tick can add, whatever the longest line is:
/// [`Config::check`](crate::Config::check) sees to that.
pub const SEND_QUEUE_BYTES_RANGE: RangeInclusive<usize> = 512 * 1024..=1024 * 1024 * 1024;

/// What may wait for all readers together, in bytes of memory, by default: a copy that several share counts once.
pub const ALL_QUEUES_BYTES: usize = 256 * 1024 * 1024;

/// What the kernel takes for one peer that it cannot send yet, in bytes: `TCP_NOTSENT_LOWAT` in tcp(7). A share of a
/// full tick fits, so that nothing is queued for a peer that reads; what the kernel counts besides is some tenths of it.
pub const UNSENT_BYTES: u32 = 256 * 1024;

/// Most that one line is answered, in bytes: a room's history, or a hundred rooms with their topics.
pub const ANSWER_BYTES: usize = 96 * 1024;

/// A peer is dropped when its socket has taken no byte for this long, while something waited for it.
pub const STALL: Duration = Duration::from_secs(60);

/// How often it is looked for peers whose sockets take nothing, while there are any that something waits for.
pub const STALL_CHECK: Duration = Duration::from_secs(1);

/// Slow readers of whom the kernel is asked at each look whether they were sent everything: some 6 µs for each.
pub const SLOW_ASKED: usize = 128;

/// How long the kernel waits for a peer to acknowledge what was sent before it gives up the connection: the user timeout
/// of RFC 793 §3.8 and RFC 5482, `TCP_USER_TIMEOUT` in tcp(7). It can take twice that until a peer that vanished is
/// given up, which is to be within two minutes.
pub const PEER_TIMEOUT: Duration = Duration::from_secs(60);

/// Silence of a peer, with nothing sent to it unacknowledged, after which the kernel asks whether it is still there.
/// RFC 1122 §4.2.3.6 has two hours as the default and lets an application choose: `TCP_KEEPIDLE` in tcp(7).
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// Time between two such questions while no answer comes: `TCP_KEEPINTVL` in tcp(7).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// Unanswered questions after which the peer is given up: `TCP_KEEPCNT` in tcp(7). Linux goes by [`PEER_TIMEOUT`]
/// in place of this number, at the first moment of asking that is no earlier; both fall on the same moment.
pub const KEEPALIVE_PROBES: u32 = 3;

/// Connections held at once, by default.
pub const CLIENTS: usize = 10_000;

/// What an operator may choose as the number of connections.
pub const CLIENTS_RANGE: RangeInclusive<usize> = 1..=1_000_000;

/// Descriptors kept free below the process's limit on open files: standard streams, poll, waker, listeners, logs, and
/// room for the embedding program.
pub const RESERVED_DESCRIPTORS: usize = 32;

/// Lines a second that one person may send in the long run, and at once, by default.
pub const RATE_LINES: u32 = 16;
/// See [`RATE_LINES`]. It takes a pasted page of text.
pub const RATE_BURST: u32 = 128;

/// What an operator may choose as lines a second, and as lines at once.
pub const RATE_RANGE: RangeInclusive<u32> = 1..=1_000_000;

/// How many people's worth of lines one address may send, or one IPv6 /64, however many connections it holds or makes
/// anew. A household, or a class behind one router, does not reach it by talking.
pub const ADDRESS_SHARES: u32 = 8;

/// Addresses of which it is known what they sent of late, at most; beyond that only each person's own rate counts. At
/// some 64 bytes each, this takes 4 MB.
pub const RATED_ADDRESSES: usize = 64 * 1024;

/// How long people are not read, at least, when their address has sent too fast: all of them wake up together.
pub const ADDRESS_PAUSE: Duration = Duration::from_millis(125);

/// Lines that may be sent at once before a username is given: every attempt at one, and some keys pressed.
pub const NEWCOMER_LINES: u32 = 16;

/// A line counts as one against a person's rate up to this many bytes, its answer included, and beyond as several.
pub const BYTES_PER_LINE: u64 = 512;

/// What one turn of reading counts for besides its lines, in bytes: an eighth of a line, so that bytes that make no line are
/// no way to hold the loop. Somebody whose client sends every key by itself types less than a hundred of them a second.
pub const TURN_BYTES: usize = BYTES_PER_LINE as usize / 8;

/// Time to flush queues at shutdown, by default.
pub const DRAIN: Duration = Duration::from_secs(5);

/// Longest time an operator may give for anything: a year, which any clock can be moved ahead by.
pub const LONGEST_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long a connection that is being closed may take to accept what it is owed, and to fall silent.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection is kept after our FIN to see the peer's, and after whatever comes from the peer then, within
/// [`LINGER_MOST`]. Closing a socket that holds unread input, or gets some later, makes the kernel send RST (RFC 1122
/// §4.2.2.13), and an RST can overtake the goodbye on the peer's side.
pub const LINGER: Duration = Duration::from_secs(1);

/// How long that may take in all, of a peer that goes on sending: a place is not kept by those who talk on.
pub const LINGER_MOST: Duration = Duration::from_secs(4);

/// Connections the kernel completes before we accept them.
pub const BACKLOG: i32 = 4096;

/// Connections accepted from one listener in one tick, so that a storm of newcomers cannot hold up those who talk.
pub const ACCEPTS_PER_TICK: usize = 128;

/// Newcomers who are told at one time why they cannot come in and are given the time to read it. Others are told and
/// closed at once. They take descriptors out of [`RESERVED_DESCRIPTORS`], and must leave most of these to others.
pub const TURNED_AWAY: usize = 12;

/// Reads from a newcomer who is closed at once, of [`READ_TURN_BYTES`] each: together what a fresh socket of Linux takes
/// in before it is read, with some to spare.
pub const UNREAD_TURNS: usize = 16;

/// When accepting failed for lack of descriptors or memory, it is tried again after this long, or when a peer goes.
pub const ACCEPT_RETRY: Duration = Duration::from_secs(1);

/// CPU that one line, one event or one leaving may take of the loop, at 10,000 people: everyone waits for it. The bench
/// `prices` marks what is over; nothing is stopped by it.
pub const LOOP_BUDGET: Duration = Duration::from_millis(2);

/// Readiness events taken from one poll. More stay in the kernel for the next.
pub const EVENTS_PER_POLL: usize = 1024;

/// Bytes read from one peer in one turn: a person's longest line.
pub const READ_TURN_BYTES: usize = 8 * 1024;

/// Work of one peer's turn, in [steps](STEP_BYTES): a read full of ordinary lines. What was received and is not decoded by
/// then has to wait for the next turn.
pub const TURN_STEPS: usize = 128;

/// Work of all turns of one tick together, in [steps](STEP_BYTES), whoever sends: a millisecond or two.
pub const TICK_STEPS: usize = 4096;

/// A line is one step of work, and so are so many bytes of what it is answered: some 0.3 µs each.
pub const STEP_BYTES: usize = 32;

/// Time that the turns of one tick may take together, where that is over before [`TICK_STEPS`] are done.
pub const READ_PHASE: Duration = Duration::from_millis(2);

/// How long nothing may come behind byte 04 where a line begins for it to be the key that ends the input, and not the
/// first byte of a line whose rest is on its way.
pub const END_KEY_WAIT: Duration = Duration::from_millis(200);

/// Bytes decoded in one go where they hold no line end: what two bytes of telnet can ask for is answered five hundred times
/// at most before it is looked again whether that is enough.
pub const PART_BYTES: usize = 1024;

/// When this many bytes were said in rooms in one tick, each line in its longest format, or told to one peer alone, reading
/// stops and writing begins. More gains nothing, as the price of a write call is spread thin enough by then, and costs
/// latency and what a laggard can pin in memory. The last line comes on top, and so does, while it is written, one copy
/// of all that in another format: with the longest line that can be chosen, two times 3 MiB, however many formats
/// people have. Copies for laggards, one for each format, count among all queues.
pub const LOG_BYTES: usize = 128 * 1024;

/// When single peers are told this many bytes in one tick, all of them together, reading stops and writing begins. It is
/// more than [`LOG_BYTES`], as nobody else is sent any of it: a crowd of newcomers who read the past is not to make the
/// room be written to for each few of them.
pub const REPLIES_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of what waits for one peer that are written in one turn. More than a tick logs, so that a peer catches up; what
/// else its socket would take waits for the next tick, behind what everyone else is sent.
pub const WRITE_TURN_BYTES: usize = 1024 * 1024;

/// Bytes that are written in one tick to all who are behind together: a millisecond or two. Nobody else waits for longer
/// when thousands of them read on at once.
pub const FLUSH_BYTES: usize = 2 * 1024 * 1024;

/// What each of them counts for besides: a call of the kernel that may take no byte.
pub const FLUSH_CALL_BYTES: usize = 4 * 1024;

/// A write phase shorter than this is never put off for the sake of more reading.
pub const SHORT_WRITE_PHASE: Duration = Duration::from_micros(200);

/// A piece owed to a laggard is copied out of the log when it is smaller than the log divided by this, so that no
/// peer can pin more than so many times what it is owed, plus one log.
pub const PIN_RATIO: usize = 4;

/// A piece smaller than this, in bytes, is copied in any case: a reference costs as much as it saves.
pub const SHARED_PIECE_BYTES: usize = 1024;

/// What a slice in a send queue counts for besides its bytes: its place in the queue, and its allocation's own weight.
pub const CHUNK_BYTES: usize = 64;

/// What a message in a send queue counts for besides its bytes: where it ends.
pub const END_BYTES: usize = size_of::<u32>();

/// Slices handed to the kernel in one `writev`. Linux takes 1,024 (`IOV_MAX`); past some dozens nothing is gained.
pub const SLICES_PER_WRITE: usize = 32;

/// Entries that may wait for one program that [listens](crate::Handle::entries).
pub const ENTRIES: usize = 65_536;

/// Memory that those entries may take, in bytes. Lines may be long.
pub const ENTRIES_BYTES: usize = 64 * 1024 * 1024;

/// Requests that may wait in the queue behind a [`Handle`](crate::Handle).
pub const REQUESTS: usize = 64;

/// Questions of the chat that may be with a worker, results that have not been taken included. What takes 15 ms each, as a
/// password does, is answered within a second. Whoever asks then is told to try again.
pub const QUESTIONS: usize = 64;

/// How long a person waits for the answer to such a question. A worker that is well needs a tenth of that for all of them.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Acts of one person that may be out, where the journal answers late. With so many, nothing more of them is read until one
/// is applied. Nobody types as much in the time that it takes; what a flood sends waits in its own socket.
pub const ACTS_OUT: usize = 64;

/// Longest notice that a [`Handle`](crate::Handle) says, in bytes: as much as a person may say at once by default. It is
/// written out for each room.
pub const NOTICE_BYTES: usize = 8 * 1024;

/// Longest name of a time zone that is looked up, in bytes. The longest there is has 32.
pub const ZONE_BYTES: usize = 64;

/// How far from UTC a person's clock may be, in minutes: Baker Island to Kiritimati.
pub const OFFSET_MINUTES: RangeInclusive<i16> = -12 * 60..=14 * 60;

/// Rooms at once. Each holds a history, so this bounds memory too.
pub const ROOMS: usize = 1000;

/// Rooms that one person made and that are still there. Few people make more than one.
pub const ROOMS_MADE: usize = 50;

/// Rooms of which it is remembered how far one person has read them. Few people go back and forth between more.
pub const ROOMS_REMEMBERED: usize = 16;

/// Rooms listed by `/rooms`.
pub const ROOMS_LISTED: usize = 100;

/// People listed by `/who`.
pub const PEOPLE_LISTED: usize = 200;

/// Longest topic of a room, in characters.
pub const TOPIC_CHARS: usize = 200;

/// Longest word of why someone is away, in characters. Whoever writes to them or names them reads it each time.
pub const AWAY_CHARS: usize = 200;

/// Longest last word of someone who leaves, in characters. Everyone in the room reads it.
pub const QUIT_CHARS: usize = 200;

/// Lines kept as a room's history, by default.
pub const HISTORY_LINES: usize = 200;

/// What an operator may choose as the number of lines kept.
pub const HISTORY_LINES_RANGE: RangeInclusive<usize> = 0..=10_000;

/// Most that one room's history holds, in bytes as it is read later; the oldest lines go first.
pub const HISTORY_BYTES: usize = 64 * 1024;

/// Lines replayed to whoever joins a room.
pub const REPLAYED_LINES: usize = 20;

/// Lines kept for a person who is away, and their size in bytes as they are read later; the oldest go
/// first.
pub const MISSED_LINES: usize = 50;
/// See [`MISSED_LINES`].
pub const MISSED_BYTES: usize = 16 * 1024;

/// Bytes of a line that are looked through for the names of people who are away, and bytes of the forms that its words are
/// compared by: a whole line of the default length, and no more where its letters stand for several others each.
pub const MENTION_BYTES: usize = 8 * 1024;

/// People who are named in the one answer that they are away; the others are counted.
pub const AWAY_NAMED: usize = 3;

/// How long it is remembered that a person was told of somebody's absence. They are told again after that.
pub const ABSENCE_TOLD_FOR: Duration = Duration::from_secs(15 * 60);

/// Absences that one person was told of and that are remembered, the latest of them.
pub const ABSENCES_TOLD: usize = 100;

/// People whom one person may ignore.
pub const IGNORED: usize = 100;

/// Names under which one person may be ignored while they are here. Who begins to ignore them under one more does so under
/// the last of these.
pub const IGNORED_NAMES: usize = 8;

/// Largest message of the day, in bytes. It is sent to every newcomer.
pub const MOTD_BYTES: usize = 16 * 1024;

/// Most that a telnet subnegotiation may have, in bytes. What comes behind is text again, so that a client that never ends
/// one is heard. Those we read have bounds of their own.
pub const SUBNEGOTIATION_BYTES: usize = 1024;

/// Most that a list of character sets may have, in bytes; RFC 2066 names no bound. Clients offer two or three sets.
pub const CHARSET_LIST_BYTES: usize = 256;

/// Replies to telnet options for one connection in [`TELNET_REPLY_SPAN`]. A client's hello takes some ten.
pub const TELNET_REPLIES: u32 = 64;

/// The span in which [`TELNET_REPLIES`] are counted.
pub const TELNET_REPLY_SPAN: Duration = Duration::from_secs(60);

/// Longest name of a terminal that is kept, in bytes; RFC 1091 allows 40.
pub const TERMINAL_NAME_BYTES: usize = 40;

/// Longest part of an unknown command that is repeated in the answer, in characters.
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
    assert!(TURNED_AWAY < RESERVED_DESCRIPTORS / 2);
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
