//! The bounds of accounts and passwords.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Longest name of a user of the system who changes an account from a shell, in characters: more than any system allows.
pub const USER_CHARS: usize = 64;

/// Length of a new password, in bytes of UTF-8 after NFC.
pub const PASSWORD_BYTES: RangeInclusive<usize> = 8..=256;

/// Wrong passwords after which a connection at the door is closed.
pub const PASSWORDS_AT_DOOR: u8 = 3;

/// Time to answer a question for a password in the chat.
pub const ASKED_FOR: Duration = Duration::from_secs(60);

/// Answers that a command about passwords asks for, at most: the present password, and a new one twice.
pub const ANSWERS_DUE: u8 = 3;

/// Lines that follow each other within this time were typed ahead, or pasted.
pub const TYPED_AHEAD: Duration = Duration::from_secs(2);

/// Wrong passwords that an address, or an account, may try at once.
pub const ATTEMPTS: u32 = 10;

/// The time that one of them takes to come back.
pub const ATTEMPT_INTERVAL: Duration = Duration::from_secs(60);

/// The time after which an address that its owner never came from may try again, once an account has no attempts left
/// for such addresses.
pub const UNKNOWN_WAIT: Duration = Duration::from_secs(30);

/// Addresses and accounts whose attempts are counted. When there are more, those are forgotten that have all of theirs.
pub const COUNTED: usize = 65_536;

/// Accounts that people may make within [`REGISTERED_WITHIN`]: all together, and from one address.
pub const REGISTRATIONS: (u32, u32) = (30, 3);

/// The time in which these may be made.
pub const REGISTERED_WITHIN: Duration = Duration::from_secs(3600);

/// The last addresses from which the owner of an account came in. Guesses from elsewhere do not keep the owner out there.
pub const KNOWN_ADDRESSES: usize = 8;

/// Tokens of an account that are kept: as many programs can come in by theirs.
pub const TOKENS: usize = 8;

/// How long a token of an account is good.
pub const TOKEN_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Private messages that may wait for a member who is not here.
pub const MESSAGES_WAITING: u8 = 100;

/// Most lines that `/catchup` shows.
pub const CAUGHT_UP: usize = 1000;

/// Longest line that answers a question for a password, in bytes. A password of 256 bytes may be four times as long as it
/// is typed, where its letters are taken apart into marks.
pub const SECRET_BYTES: usize = 1024;

/// Questions about passwords that may be with their worker. At 15 ms each, all are answered within half a second. People who
/// come in while it is full are told to try again.
pub const SECRETS: usize = 32;

/// The memory that the hash of a password may ask for, in blocks of 1 KiB. A new one takes 19,456.
pub const HASH_BLOCKS_MOST: usize = 256 * 1024;

/// How often such a hash may go through its memory. A new one does so twice.
pub const HASH_PASSES_MOST: u32 = 16;

/// How long an address stays in what was done to people, once that holds no more.
pub const ADDRESSES_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
