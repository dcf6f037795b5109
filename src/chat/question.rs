//! What the chat asks a worker, and what comes of it.
//!
//! A new kind of work has a variant in each of both, and a place in [`Hub::handle`](super::Hub::handle). The two below are of
//! the tests alone, as no capability of the chat asks for anything yet.

#[cfg(test)]
use std::sync::Arc;

/// What a peer waits for a worker to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// To give back a line, which the hub then takes in as if it had been typed.
    #[cfg(test)]
    Echo(Arc<str>),
}

/// What a worker found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The line that was to be given back.
    #[cfg(test)]
    Echo(Arc<str>),
}

#[cfg(test)]
impl Question {
    /// What a typed line asks in the tests: the rest of it is to be given back.
    pub(super) fn typed(line: &str) -> Option<Question> {
        let rest = line.strip_prefix("/ask ")?;
        Some(Question::Echo(rest.into()))
    }
}

#[cfg(test)]
impl super::Hub {
    /// Asks something for a peer, unless they are gone.
    pub(super) fn ask(
        &self,
        peer: crate::id::PeerId,
        question: Question,
        effects: &mut super::Effects,
    ) {
        if self.roster.session(peer).is_some() {
            effects.push(super::Effect::Ask { peer, question });
        }
    }
}
