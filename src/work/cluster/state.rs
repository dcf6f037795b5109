//! The state of the chat on its way to a newcomer: a list `KEY:state:EPOCH` of a header and pieces. It is written under
//! another key first, so that the newcomer finds it as a whole or not at all.

use std::collections::VecDeque;

use redis::{Cmd, cmd};

use crate::limits::cluster::{STATE_BYTES, STATE_KEPT, STATE_PIECE, STATE_PIECES_OUT};

use super::connection::{Connection, Trouble, array, bytes, out_of_step};
use super::error::Error;
use super::id::StreamId;
use super::options::Options;

/// A state that is being written, some pieces at a time, so that acts go out meanwhile.
pub(super) struct Writing {
    /// The key while it is not whole.
    draft: String,
    key: String,
    header: Option<String>,
    pieces: VecDeque<Vec<u8>>,
}

fn key(options: &Options, epoch: u64) -> String {
    options.under(&format!("state:{epoch:016x}"))
}

impl Writing {
    /// The state as of a `Hello` of an epoch.
    pub(super) fn new(options: &Options, epoch: u64, hello: StreamId, state: &[u8]) -> Writing {
        let pieces: VecDeque<_> = state.chunks(STATE_PIECE).map(<[u8]>::to_vec).collect();
        let key = key(options, epoch);
        Writing {
            draft: format!("{key}:{}", options.node()),
            header: Some(format!("1 {} {} {hello}", pieces.len(), state.len())),
            key,
            pieces,
        }
    }

    /// Writes some more. Returns whether it is whole now.
    pub(super) fn go_on(&mut self, connection: &mut Connection) -> Result<bool, Trouble> {
        let kept = STATE_KEPT.as_millis().to_string();
        let with = |what: &str, key: &str| {
            let mut it = cmd(what);
            it.arg(key);
            it
        };
        let mut commands: Vec<Cmd> = Vec::new();
        if let Some(header) = self.header.take() {
            let mut push = with("RPUSH", &self.draft);
            push.arg(header);
            commands.extend([with("DEL", &self.draft), push]);
        }
        for piece in self.pieces.drain(..STATE_PIECES_OUT.min(self.pieces.len())) {
            let mut push = with("RPUSH", &self.draft);
            push.arg(piece);
            commands.push(push);
        }
        let mut expire = with("PEXPIRE", &self.draft);
        expire.arg(kept);
        commands.push(expire);
        let is_whole = self.pieces.is_empty();
        if is_whole {
            let mut rename = with("RENAME", &self.draft);
            rename.arg(&self.key);
            commands.push(rename);
        }
        connection.ask_all(&commands)?;
        Ok(is_whole)
    }
}

/// Takes the state that was written for an epoch, and the `Hello` that it answers. `None`: there is none, or not any more.
pub(super) fn take(
    connection: &mut Connection,
    options: &Options,
    epoch: u64,
) -> Result<Option<(StreamId, Vec<u8>)>, Trouble> {
    let key = key(options, epoch);
    let mut header = cmd("LINDEX");
    header.arg(&key).arg(0);
    let header = connection.ask(&header)?;
    let Some(header) = bytes(&header) else {
        return Ok(None);
    };
    let (pieces, length, hello) = parse(header).ok_or_else(|| {
        let why = "the state is of another version".into();
        let key = key.clone();
        Trouble::Never(Error::Unreadable { key, why })
    })?;
    let mut state = Vec::new();
    for at in 1..=pieces {
        let mut range = cmd("LRANGE");
        range.arg(&key).arg(at).arg(at);
        let piece = connection.ask(&range)?;
        let [piece] = array(&piece) else {
            // Another server has put its own in its place, or it ran out.
            return Ok(None);
        };
        state.extend_from_slice(bytes(piece).ok_or_else(out_of_step)?);
    }
    // A server that answered meanwhile has put another one in its place.
    let mut again = cmd("LINDEX");
    again.arg(&key).arg(0);
    if bytes(&connection.ask(&again)?) != Some(header) || state.len() != length {
        return Ok(None);
    }
    let mut remove = cmd("DEL");
    remove.arg(&key);
    connection.ask(&remove)?;
    Ok(Some((hello, state)))
}

/// Reads a header: a version, the number of pieces, their length, and the `Hello`.
fn parse(header: &[u8]) -> Option<(usize, usize, StreamId)> {
    let mut words = std::str::from_utf8(header).ok()?.split(' ');
    let ("1", pieces, length, hello) = (words.next()?, words.next()?, words.next()?, words.next()?)
    else {
        return None;
    };
    let (pieces, length) = (pieces.parse().ok()?, length.parse().ok()?);
    let is_fine = length <= STATE_BYTES && pieces <= STATE_BYTES / STATE_PIECE;
    is_fine.then_some((pieces, length, StreamId::parse(hello.as_bytes())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let options = Options::new("redis://host", "n1", "chat").expect("options");
        let hello = StreamId { millis: 5, seq: 1 };
        let writing = Writing::new(&options, 0xab, hello, &vec![7; STATE_PIECE + 1]);
        assert_eq!(writing.key, "chat:state:00000000000000ab");
        assert_eq!(writing.draft, "chat:state:00000000000000ab:n1");
        let header = writing.header.expect("a header");
        assert_eq!(parse(header.as_bytes()), Some((2, STATE_PIECE + 1, hello)));
        for bad in [
            "",
            "2 1 1 5-1",
            "1 1 1",
            "1 x 1 5-1",
            "1 1 99999999999999 5-1",
        ] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
