//! `Username`: parsed, bounded, compared by keys; the only way to own a name.
//!
//! A `Username` that exists is valid: it holds no space, no control character, nothing invisible, no colon (an address
//! aside) and no line end, so it can forge neither a line of the chat nor one of the log.
//!
//! Names are compared in two ways. A name *addresses* a person in any case and any compatible form of its letters: that
//! is `Eq`. It *looks like* another name if the two could be mistaken for each other: this keeps names apart, but never
//! addresses anybody. Both use keys that are made once.

mod addressed;
mod house;
mod keys;
mod rules;
mod slips;
#[cfg(feature = "cluster")]
mod travel;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::limits::USERNAME_CHARS;

pub(crate) use addressed::{Addressed, addresses, beginning, words};
pub(crate) use house::is_of_house;
pub(crate) use keys::{LOOKS, Look};
pub(crate) use slips::find_slip;

/// The name of a person as they wrote it, after its keys. Both share one allocation, as there is one for every idle
/// person.
#[derive(Clone)]
pub struct Username(Arc<[u8]>);

/// The name of a room. It follows the rules of usernames and is shown after a `#`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoomName(Username);

/// Why a text is not a name of a person or room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidUsername {
    /// The text is empty.
    Empty,
    /// It has this many characters.
    TooLong(usize),
    /// It has this many characters once signs that stand for several letters are written out (NFKC).
    WrittenOut(usize),
    /// It is a line beyond the limit.
    WholeLine,
    /// It begins with this character, and not with a letter or digit.
    Begins(char),
    /// It contains a space.
    Space,
    /// It contains this character, which no name may have.
    Character(char),
    /// It contains this invisible character at a place where it has no effect.
    Invisible(char),
    /// It contains this mark, which does not belong to the letter before it.
    Mark(char),
    /// A letter has too many marks.
    TooManyMarks,
    /// It mixes letters written from left to right with letters written from right to left.
    Directions,
    /// It could be taken for an address of the internet.
    Address,
}

impl Username {
    /// The number of keys of a name.
    pub(crate) const KEYS: usize = keys::KEYS;

    /// Takes a name as typed. Spaces around it are trimmed.
    ///
    /// # Errors
    ///
    /// [`InvalidUsername`] unless it has 1 to 32 letters or digits of any script, `_`, `-` or `.`, and begins with a
    /// letter or digit. A letter may have marks of its script, and joiners if they change how letters are written.
    /// Invisible characters are refused. So are letters written from right to left beside others, as they could change
    /// the order of the text around the name, and names that could be taken for an address.
    pub fn parse(text: &str) -> Result<Username, InvalidUsername> {
        /// A composed letter comes from four characters at most.
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

    /// The name of a person in anonymous mode. No typed name can equal it, because it has a colon.
    pub fn from_addr(addr: SocketAddr) -> Username {
        Username::of(&addr.to_string())
    }

    /// The same for the second and further people of one address, which are possible with several listeners.
    pub fn from_addr_again(addr: SocketAddr, number: usize) -> Username {
        Username::of(&format!("{addr}-{number}"))
    }

    /// Takes a name as typed, of either kind: a chosen one, or an address.
    pub(crate) fn parse_any(text: &str) -> Option<Username> {
        let chosen = Username::parse(text).ok();
        chosen.or_else(|| Username::parse_addr(text))
    }

    /// Takes the name of an address as typed.
    pub(crate) fn parse_addr(text: &str) -> Option<Username> {
        let (addr, number) = split_addr(text)?;
        Some(match number {
            None => Username::from_addr(addr),
            Some(number) => Username::from_addr_again(addr, number),
        })
    }

    /// The address in the name, if it is the name of an address.
    pub(crate) fn addr(&self) -> Option<SocketAddr> {
        let (addr, _) = split_addr(self.as_str())?;
        Some(addr)
    }

    /// Whether it is the name of an address.
    pub(crate) fn is_addr(&self) -> bool {
        self.as_str().contains(':')
    }

    fn new(text: &str, looks: &keys::Looks) -> Username {
        let mut bytes = keys::keys(text, looks);
        bytes.extend_from_slice(text.as_bytes());
        Username(bytes.into())
    }

    /// Makes a name of a text without checking it.
    fn of(text: &str) -> Username {
        Username::new(text, &keys::looks(text))
    }

    /// The name as its owner wrote it.
    pub fn as_str(&self) -> &str {
        let (_, text) = self.0.split_at(keys::BYTES);
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Whether the two could be mistaken for each other. Equal names can, and so can names whose letters look the same.
    pub fn looks_like(&self, other: &Username) -> bool {
        self == other || LOOKS.iter().any(|&look| self.has_look_of(other, look))
    }

    /// Whether the two look the same in this writing.
    pub(crate) fn has_look_of(&self, other: &Username, look: Look) -> bool {
        self.look_key(look) == other.look_key(look)
            && (self.0 == other.0
                || keys::look(self.as_str(), look) == keys::look(other.as_str(), look))
    }

    /// Whether the two have the same key. Everything that all servers must decide alike uses only keys: the forms are
    /// made anew from tables, and these may differ in another version of Unicode.
    pub(crate) fn has_key_of(&self, other: &Username) -> bool {
        self.key() == other.key()
    }

    /// Whether the two cannot exist at once, by their keys alone.
    pub(crate) fn excludes(&self, other: &Username) -> bool {
        let has_look = |look: &Look| self.look_key(*look) == other.look_key(*look);
        self.has_key_of(other) || LOOKS.iter().any(has_look)
    }

    /// The hash of the form that addresses a person. Names that address the same person have the same hash.
    pub(crate) fn key(&self) -> u64 {
        keys::addressed_key(&self.0)
    }

    /// All keys: that of the addressed form, and that of each look.
    pub(crate) fn keys(&self) -> [u64; Username::KEYS] {
        keys::all(&self.0)
    }

    /// All keys, as the file has them.
    #[cfg(feature = "store")]
    pub(crate) fn key_bytes(&self) -> &[u8] {
        let (keys, _) = self.0.split_at(keys::BYTES);
        keys
    }

    /// A name with keys that were made before, by the same [`tables`], unless the text breaks the rules of names.
    #[cfg(feature = "store")]
    pub(crate) fn with_keys(text: &str, keys: &[u8]) -> Option<Username> {
        let is_name =
            !text.is_empty() && (rules::check(text).is_ok() || split_addr(text).is_some());
        if !is_name || keys.len() != keys::BYTES {
            return None;
        }
        Some(Username([keys, text.as_bytes()].concat().into()))
    }

    /// A name that somebody had by other tables, even if a new person could not take it now. Whatever could forge a line is
    /// none.
    #[cfg(feature = "store")]
    pub(crate) fn of_old(text: &str) -> Option<Username> {
        let is_harmless = |c: char| rules::may_hold(c) && !c.is_control();
        let is_name =
            (1..=4 * USERNAME_CHARS).contains(&text.len()) && text.chars().all(is_harmless);
        Username::parse_any(text).or_else(|| is_name.then(|| Username::of(text)))
    }

    /// The form that addresses a person, as text: names that address the same person have the same one.
    #[cfg(feature = "store")]
    pub(crate) fn folded(&self) -> String {
        keys::addressed(self.as_str())
    }

    /// The hash of its look in this writing.
    pub(crate) fn look_key(&self, look: Look) -> u64 {
        keys::look_key(&self.0, look)
    }

    /// Whether a character may stand in a name. Any other character ends a name within a text.
    pub(crate) fn may_hold(c: char) -> bool {
        rules::may_hold(c)
    }
}

/// A text whose letters are composed (NFC), if this build knows how.
pub(crate) fn composed(text: &str) -> std::borrow::Cow<'_, str> {
    keys::composed(text)
}

/// The version of the tables by which keys are made. It is another one if the keys of any name may be.
#[cfg(feature = "store")]
pub(crate) fn tables() -> &'static str {
    static VERSION: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    VERSION.get_or_init(|| {
        // Also what is built in, and the hash.
        let probe = Username::of("Il1O0-rnm");
        let probe = probe.keys().into_iter().fold(0, u64::wrapping_add);
        format!("{}/{probe:016x}", keys::version())
    })
}

/// An address, and the number of this person among those named by it, unless it is the first.
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

    /// As [`Username::folded`].
    #[cfg(feature = "store")]
    pub(crate) fn folded(&self) -> String {
        self.0.folded()
    }

    /// The name without its `#`.
    pub(crate) fn name(&self) -> &str {
        self.0.as_str()
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
