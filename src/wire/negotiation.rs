//! Telnet options: a client's offers and requests, and the replies. The client's later messages about its terminal are
//! read only to answer them.
//!
//! The server asks nothing, and offers nothing but to show what is typed, so that a password is not shown. It accepts three
//! offers: the window's size (RFC 1073), the
//! terminal's type (RFC 1091) and the character set (RFC 2066). It refuses all else, once for each change of state (RFC
//! 1143). The refusals `WONT ECHO` and `WONT SUPPRESS-GO-AHEAD` keep the client's own line editing. Replies are bounded
//! by [`TELNET_REPLIES`] a minute. The answer to `DO TIMING-MARK` does not count, as it must always come and is as long
//! as its question.

use std::mem;
use std::time::Instant;

use crate::limits::{
    CHARSET_LIST_BYTES, SUBNEGOTIATION_BYTES, TELNET_REPLIES, TELNET_REPLY_SPAN,
    TERMINAL_NAME_BYTES,
};

/// RFC 854: interpret the next byte as a command.
pub(super) const IAC: u8 = 255;
pub(super) const DONT: u8 = 254;
pub(super) const DO: u8 = 253;
pub(super) const WONT: u8 = 252;
pub(super) const WILL: u8 = 251;
/// RFC 854: subnegotiation begins, and ends.
pub(super) const SB: u8 = 250;
pub(super) const SE: u8 = 240;
/// RFC 857.
pub(super) const ECHO: u8 = 1;
/// RFC 860.
const TIMING_MARK: u8 = 6;
/// RFC 1091, with the two words of its subnegotiation.
const TERMINAL_TYPE: u8 = 24;
const TERMINAL_TYPE_IS: u8 = 0;
const TERMINAL_TYPE_SEND: u8 = 1;
/// RFC 1073: negotiate about window size.
const WINDOW_SIZE: u8 = 31;
/// RFC 2066, with the three words of its subnegotiation.
const CHARSET: u8 = 42;
const CHARSET_REQUEST: u8 = 1;
const CHARSET_ACCEPTED: u8 = 2;
const CHARSET_REJECTED: u8 = 3;

/// The number of types of its terminal that a client is asked for: name of the client, type, and its abilities (MTTS).
const TERMINAL_TYPES: usize = 3;

/// The options of one client.
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    /// The client has said something. Otherwise it was only told something.
    pub(super) is_spoken: bool,
    /// The number of terminal types that the client has told, and the last of them.
    types: usize,
    last_type: Vec<u8>,
    /// Options of the client that are in use.
    accepted: OptionSet,
    /// Options that the client offered or asked for, and that were refused.
    refused_will: OptionSet,
    refused_do: OptionSet,
    /// How often `WILL ECHO` was sent and not answered yet.
    wills: u8,
    /// The client agreed to the last one that it answered, and so will answer the `WONT ECHO` behind it too.
    has_agreed: bool,
    /// The incomplete subnegotiation, up to the limit.
    gathered: Vec<u8>,
    /// Replies since the span began.
    replies: u32,
    span_began: Option<Instant>,
}

/// A set of options.
#[derive(Debug, Default)]
struct OptionSet([u64; 4]);

impl OptionSet {
    /// Whether the option was not in the set before.
    fn insert(&mut self, option: u8) -> bool {
        let before = self.contains(option);
        self.0[usize::from(option / 64)] |= 1 << (option % 64);
        !before
    }

    /// Whether the option was in the set before.
    fn remove(&mut self, option: u8) -> bool {
        let before = self.contains(option);
        self.0[usize::from(option / 64)] &= !(1 << (option % 64));
        before
    }

    fn contains(&self, option: u8) -> bool {
        self.0[usize::from(option / 64)] & (1 << (option % 64)) != 0
    }
}

impl Negotiation {
    /// The number of bytes kept of the incomplete subnegotiation.
    pub(super) fn gathered(&self) -> usize {
        self.gathered.len()
    }

    /// The reply to WILL, WONT, DO or DONT of an option.
    pub(super) fn option(&mut self, now: Instant, verb: u8, option: u8) -> Option<Vec<u8>> {
        match (verb, option) {
            (DO, TIMING_MARK) => Some(vec![IAC, WONT, TIMING_MARK]),
            (WILL, TIMING_MARK) => None,
            (DO, ECHO) if self.wills > 0 => {
                self.wills -= 1;
                self.has_agreed = true;
                None
            }
            (DONT, ECHO) if self.has_agreed => {
                self.has_agreed = false;
                None
            }
            (DONT, ECHO) if self.wills > 0 => {
                self.wills -= 1;
                None
            }
            (DO, _) => {
                let may = self.may_reply(now) && self.refused_do.insert(option);
                may.then(|| self.reply(&[IAC, WONT, option]))
            }
            (DONT, _) => {
                self.refused_do.remove(option);
                None
            }
            (WILL, TERMINAL_TYPE | WINDOW_SIZE | CHARSET) => {
                let may = self.may_reply(now) && self.accepted.insert(option);
                may.then(|| {
                    let mut reply = self.reply(&[IAC, DO, option]);
                    if option == TERMINAL_TYPE {
                        self.types = 0;
                        reply.extend(ASK_TERMINAL_TYPE);
                    }
                    reply
                })
            }
            (WILL, _) => {
                let may = self.may_reply(now) && self.refused_will.insert(option);
                may.then(|| self.reply(&[IAC, DONT, option]))
            }
            _ => {
                self.refused_will.remove(option);
                let may = self.may_reply(now) && self.accepted.remove(option);
                may.then(|| self.reply(&[IAC, DONT, option]))
            }
        }
    }

    /// Notes that `WILL ECHO` was sent so many times. What answers it is not answered.
    pub(super) fn note_wills(&mut self, count: u8) {
        self.wills = self.wills.saturating_add(count);
    }

    pub(super) fn begin_subnegotiation(&mut self) {
        self.gathered.clear();
    }

    /// Keeps bytes of a subnegotiation, as far as its option has room for them. Returns how many.
    pub(super) fn gather(&mut self, bytes: &[u8]) -> usize {
        let option = self.gathered.first().or(bytes.first()).copied();
        let room = option
            .map_or(0, most_of)
            .saturating_sub(self.gathered.len());
        let kept = bytes.len().min(room);
        self.gathered.extend_from_slice(&bytes[..kept]);
        kept
    }

    /// The reply to the subnegotiation that has just ended.
    pub(super) fn subnegotiation(&mut self, now: Instant) -> Option<Vec<u8>> {
        let gathered = mem::take(&mut self.gathered);
        let (&option, said) = gathered.split_first()?;
        if !self.accepted.contains(option) {
            return None;
        }
        match (option, said) {
            (TERMINAL_TYPE, [TERMINAL_TYPE_IS, name @ ..]) => {
                let ask = self.terminal_type(name) && self.may_reply(now);
                ask.then(|| self.reply(&ASK_TERMINAL_TYPE))
            }
            (CHARSET, [CHARSET_REQUEST, list @ ..]) => {
                let may = self.may_reply(now);
                may.then(|| self.charset(list))
            }
            _ => None,
        }
    }

    /// Notes a type of the terminal. Returns whether to ask for another: a repeated type is the client's last (RFC
    /// 1091).
    fn terminal_type(&mut self, name: &[u8]) -> bool {
        let is_repeat = self.types > 0 && self.last_type == name;
        if self.types == TERMINAL_TYPES || is_repeat {
            return false;
        }
        self.last_type = name.into();
        self.types += 1;
        self.types < TERMINAL_TYPES
    }

    /// RFC 2066: accepts UTF-8 from the list of character sets, which begins with its separator.
    fn charset(&mut self, list: &[u8]) -> Vec<u8> {
        // A list of translation tables may come first, with its version.
        let list = match list.strip_prefix(b"[TTABLE]") {
            Some([_version, rest @ ..]) => rest,
            _ => list,
        };
        let accepted = list.split_first().and_then(|(separator, names)| {
            let mut names = names.split(|byte| byte == separator);
            names.find(|name| name.eq_ignore_ascii_case(b"UTF-8"))
        });
        let word = match accepted {
            Some(_) => CHARSET_ACCEPTED,
            None => CHARSET_REJECTED,
        };
        let mut reply = self.reply(&[IAC, SB, CHARSET, word]);
        reply.extend(accepted.unwrap_or_default());
        reply.extend([IAC, SE]);
        reply
    }

    /// Whether the bound on replies leaves room for one more.
    fn may_reply(&mut self, now: Instant) -> bool {
        let began = *self.span_began.get_or_insert(now);
        if now.saturating_duration_since(began) >= TELNET_REPLY_SPAN {
            self.span_began = Some(now);
            self.replies = 0;
        }
        self.replies < TELNET_REPLIES
    }

    fn reply(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.replies += 1;
        bytes.to_vec()
    }
}

/// The longest subnegotiation of this option, in bytes, including the option.
fn most_of(option: u8) -> usize {
    match option {
        WINDOW_SIZE => 1 + 4,
        // The option, one word, and the name or the list.
        TERMINAL_TYPE => 2 + TERMINAL_NAME_BYTES,
        CHARSET => 2 + CHARSET_LIST_BYTES,
        _ => SUBNEGOTIATION_BYTES,
    }
}

const ASK_TERMINAL_TYPE: [u8; 6] = [IAC, SB, TERMINAL_TYPE, TERMINAL_TYPE_SEND, IAC, SE];

#[cfg(test)]
mod tests {
    use super::*;

    const LINEMODE: u8 = 34;

    fn subnegotiate(it: &mut Negotiation, bytes: &[u8]) -> Option<Vec<u8>> {
        it.begin_subnegotiation();
        it.gather(bytes);
        it.subnegotiation(Instant::now())
    }

    #[test]
    fn what_is_not_known_is_refused_once_for_each_change() {
        let now = Instant::now();
        let mut it = Negotiation::default();
        assert_eq!(it.option(now, DO, ECHO), Some(vec![IAC, WONT, ECHO]));
        assert_eq!(it.option(now, DO, ECHO), None);
        assert_eq!(it.option(now, DONT, ECHO), None);
        assert_eq!(it.option(now, DO, ECHO), Some(vec![IAC, WONT, ECHO]));
        let refusal = Some(vec![IAC, DONT, LINEMODE]);
        assert_eq!(it.option(now, WILL, LINEMODE), refusal);
        assert_eq!(it.option(now, WILL, LINEMODE), None);
        assert_eq!(it.option(now, WONT, LINEMODE), None);
    }

    #[test]
    fn replies_are_bounded_but_for_the_timing_mark() {
        let now = Instant::now();
        let mut it = Negotiation::default();
        let mut count = |now, option| {
            (0..1000)
                .filter(|_| {
                    let answered = it.option(now, DO, option).is_some();
                    it.option(now, DONT, option);
                    answered
                })
                .count()
        };
        assert_eq!(count(now, ECHO), TELNET_REPLIES as usize);
        assert_eq!(count(now, TIMING_MARK), 1000);
        assert_eq!(
            count(now + TELNET_REPLY_SPAN, ECHO),
            TELNET_REPLIES as usize
        );
    }

    #[test]
    fn the_terminal_type_is_asked_for_until_a_repeat() {
        let name = |text: &str| [&[TERMINAL_TYPE, TERMINAL_TYPE_IS], text.as_bytes()].concat();
        let ask = Some(ASK_TERMINAL_TYPE.to_vec());

        let mut it = Negotiation::default();
        let mut offered = vec![IAC, DO, TERMINAL_TYPE];
        offered.extend(ASK_TERMINAL_TYPE);
        assert_eq!(
            it.option(Instant::now(), WILL, TERMINAL_TYPE),
            Some(offered)
        );
        assert_eq!(subnegotiate(&mut it, &name("MUDLET")), ask);
        assert_eq!(subnegotiate(&mut it, &name("ANSI")), ask);
        assert_eq!(subnegotiate(&mut it, &name("MTTS 79")), None);
        assert_eq!(subnegotiate(&mut it, &name("more")), None);

        let mut it = Negotiation::default();
        it.option(Instant::now(), WILL, TERMINAL_TYPE);
        assert_eq!(subnegotiate(&mut it, &name("XTERM")), ask);
        assert_eq!(subnegotiate(&mut it, &name("XTERM")), None);
    }

    #[test]
    fn utf_8_is_accepted_and_nothing_else() {
        let mut it = Negotiation::default();
        it.option(Instant::now(), WILL, CHARSET);
        let mut request =
            |list: &[u8]| subnegotiate(&mut it, &[&[CHARSET, CHARSET_REQUEST], list].concat());
        let accepted = [
            &[IAC, SB, CHARSET, CHARSET_ACCEPTED][..],
            b"utf-8",
            &[IAC, SE],
        ]
        .concat();
        let rejected = vec![IAC, SB, CHARSET, CHARSET_REJECTED, IAC, SE];
        assert_eq!(request(b";LATIN-1"), Some(rejected.clone()));
        assert_eq!(request(b""), Some(rejected));
        assert_eq!(request(b";LATIN-1;utf-8"), Some(accepted.clone()));
        assert_eq!(request(b"[TTABLE]\x01 utf-8"), Some(accepted));
    }

    #[test]
    fn a_long_subnegotiation_is_cut() {
        let mut it = Negotiation::default();
        it.begin_subnegotiation();
        let taken = (0..1000).map(|_| it.gather(&[b'x'; 1000]));
        assert_eq!(taken.sum::<usize>(), SUBNEGOTIATION_BYTES);
        assert_eq!(it.gathered(), SUBNEGOTIATION_BYTES);
        assert_eq!(it.subnegotiation(Instant::now()), None);
    }
}
