//! `Username`: parsed, bounded, compared by keys; the only way to own a name.
//!
//! A `Username` that exists is valid: it holds no space, no control character, nothing that shows nothing, no colon (an
//! address aside) and no line end, so it can forge neither a line of the chat nor one of the log.
//!
//! A name is compared in two ways. It *addresses* a person in any case and any compatible form of its letters: that is
//! `Eq`. It *looks like* another one where the two could be mistaken for each other: that keeps names apart, and nobody is
//! ever addressed by it. Both go by keys that are made once.

mod addressed;
mod keys;
mod rules;
mod slips;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::limits::USERNAME_CHARS;

pub(crate) use addressed::{Addressed, addresses, beginning, words};
pub(crate) use keys::{LOOKS, Look};
pub(crate) use slips::find_slip;

/// The name of a person, as they wrote it, behind its keys. Both in one allocation, as there is one for every idle person.
#[derive(Clone)]
pub struct Username(Arc<[u8]>);

/// The name of a room, which follows the rules of usernames and is shown behind a `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomName(Username);

/// Why a text is no name of a person or room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidUsername {
    /// There is nothing.
    Empty,
    /// It has so many characters.
    TooLong(usize),
    /// It has so many characters where signs that stand for several letters are written out (NFKC).
    WrittenOut(usize),
    /// It is a line beyond the limit.
    WholeLine,
    /// It begins with this, and not with a letter or digit.
    Begins(char),
    /// It has a space.
    Space,
    /// It has this character, which stands in no name.
    Character(char),
    /// It has this character, which shows nothing, where it does nothing.
    Invisible(char),
    /// It has this mark, which does not belong to the letter before it.
    Mark(char),
    /// A letter has too many marks.
    TooManyMarks,
    /// It has letters written from left to right and others written from right to left.
    Directions,
    /// It could be taken for an address of the internet.
    Address,
}

impl Username {
    /// How many keys there are of it.
    pub(crate) const KEYS: usize = keys::KEYS;

    /// Takes a name as typed. Spaces around it are trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] unless it has 1 to 32 letters or digits of any script, `_`, `-` or `.`, and begins with a
    /// letter or digit. A letter may have marks of its script, and joiners where they change how letters are written.
    /// Characters that cannot be seen are refused, and so are letters written from right to left beside others, as they
    /// could change the order of what stands around the name, and what could be taken for an address.
    pub fn parse(text: &str) -> Result<Username, InvalidUsername> {
        /// A composed letter comes of four characters at most.
        const TYPED_CHARS: usize = 4 * USERNAME_CHARS;
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidUsername::Empty);
        }
        let typed = text.chars().count();
        if typed > TYPED_CHARS {
            return Err(InvalidUsername::TooLong(typed));
        }
        let text = keys::composed(text);
        let length = text.chars().count();
        if length > USERNAME_CHARS {
            return Err(InvalidUsername::TooLong(length));
        }
        rules::check(&text)?;
        let written_out = keys::written_out(&text);
        if written_out > USERNAME_CHARS {
            return Err(InvalidUsername::WrittenOut(written_out));
        }
        let looks = keys::looks(&text);
        rules::check_looks(&text, &looks)?;
        Ok(Username::new(&text, &looks))
    }

    /// The name of a person in anonymous mode. No typed name can equal it, as it has a colon.
    pub fn from_addr(addr: SocketAddr) -> Username {
        Username::of(&addr.to_string())
    }

    /// The same for the second and further people of one address, as several listeners may have.
    pub fn from_addr_again(addr: SocketAddr, number: usize) -> Username {
        Username::of(&format!("{addr}-{number}"))
    }

    /// Takes a name as typed, of either kind: one that was chosen, or an address.
    pub(crate) fn parse_any(text: &str) -> Option<Username> {
        let chosen = Username::parse(text).ok();
        chosen.or_else(|| Username::parse_addr(text))
    }

    /// Takes such a name as typed.
    pub(crate) fn parse_addr(text: &str) -> Option<Username> {
        let (addr, number) = split_addr(text)?;
        Some(match number {
            None => Username::from_addr(addr),
            Some(number) => Username::from_addr_again(addr, number),
        })
    }

    /// The address that it is made of, if it is such a name.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        let (addr, _) = split_addr(self.as_str())?;
        Some(addr)
    }

    /// Whether it is such a name.
    pub(crate) fn is_addr(&self) -> bool {
        self.as_str().contains(':')
    }

    fn new(text: &str, looks: &keys::Looks) -> Username {
        let mut bytes = keys::keys(text, looks);
        bytes.extend_from_slice(text.as_bytes());
        Username(bytes.into())
    }

    /// A text that is a name without being checked.
    fn of(text: &str) -> Username {
        Username::new(text, &keys::looks(text))
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        let (_, text) = self.0.split_at(keys::BYTES);
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Whether the two could be mistaken for each other: equal names, and those whose letters look the same.
    pub fn looks_like(&self, other: &Username) -> bool {
        self == other || LOOKS.iter().any(|&look| self.has_look_of(other, look))
    }

    /// Whether the two look the same in this writing.
    pub(crate) fn has_look_of(&self, other: &Username, look: Look) -> bool {
        self.look_key(look) == other.look_key(look)
            && (self.0 == other.0
                || keys::look(self.as_str(), look) == keys::look(other.as_str(), look))
    }

    /// Whether the two have the same key. What all servers must decide alike goes by keys alone: the forms behind them are made
    /// again by tables, which another version of Unicode may have otherwise.
    pub(crate) fn has_key_of(&self, other: &Username) -> bool {
        self.key() == other.key()
    }

    /// Whether the two cannot be there at once, by their keys alone.
    pub(crate) fn excludes(&self, other: &Username) -> bool {
        let has_look = |look: &Look| self.look_key(*look) == other.look_key(*look);
        self.has_key_of(other) || LOOKS.iter().any(has_look)
    }

    /// The hash of what it is addressed by. Names that address the same person have the same.
    pub(crate) fn key(&self) -> u64 {
        keys::addressed_key(&self.0)
    }

    /// All of them: what it is addressed by, and each look.
    pub(crate) fn keys(&self) -> [u64; Username::KEYS] {
        keys::all(&self.0)
    }

    /// The hash of how it looks in this writing.
    pub(crate) fn look_key(&self, look: Look) -> u64 {
        keys::look_key(&self.0, look)
    }

    /// Whether a character may stand in a name. What may not ends a name that is named in a text.
    pub(crate) fn may_hold(c: char) -> bool {
        rules::may_hold(c)
    }
}

/// An address, and which of those named by it this is, unless it is the first.
fn split_addr(text: &str) -> Option<(SocketAddr, Option<usize>)> {
    if let Ok(addr) = text.parse() {
        return Some((addr, None));
    }
    let (addr, number) = text.rsplit_once('-')?;
    Some((addr.parse().ok()?, Some(number.parse().ok()?)))
}

impl RoomName {
    /// Takes a name as typed, with or without a `#` before it.
    ///
    /// # Errors
    ///
    /// As for [`Username::parse`].
    pub fn parse(text: &str) -> Result<RoomName, InvalidUsername> {
        let text = text.trim();
        Username::parse(text.strip_prefix('#').unwrap_or(text)).map(RoomName)
    }

    /// The name of the room where everyone begins.
    pub fn lobby() -> RoomName {
        RoomName(Username::of("lobby"))
    }

    /// Whether the two could be mistaken for each other.
    pub fn looks_like(&self, other: &RoomName) -> bool {
        self.0.looks_like(&other.0)
    }

    /// As [`Username::excludes`].
    pub(crate) fn excludes(&self, other: &RoomName) -> bool {
        self.0.excludes(&other.0)
    }

    /// As [`Username::key`].
    pub(crate) fn key(&self) -> u64 {
        self.0.key()
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Username) -> bool {
        self.key() == other.key()
            && (self.0 == other.0 || keys::address_the_same(self.as_str(), other.as_str()))
    }
}

impl Eq for Username {}

impl Hash for Username {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key());
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Username({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests;
