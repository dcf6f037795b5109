//! Questions from the chat to a worker, and the answers.
//!
//! A new kind of work needs a variant in both enums, and a place in [`Hub::handle`](super::Hub::handle). The two
//! variants below are for tests alone, as no capability of the chat asks a worker anything yet.

#[cfg(test)]
use std::sync::Arc;

/// A question that a worker answers for a waiting peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// To give back a line, which the hub then handles as if it had been typed.
    #[cfg(test)]
    Echo(Arc<str>),
}

/// The answer of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The line of the question.
    #[cfg(test)]
    Echo(Arc<str>),
}

#[cfg(test)]
impl Question {
    /// The question that a typed line asks in the tests: to give back the rest of the line.
    pub(super) fn typed(line: &str) -> Option<Question> {
        let rest = line.strip_prefix("/ask ")?;
        Some(Question::Echo(rest.into()))
    }
}

#[cfg(test)]
impl super::Hub {
    /// Asks a question for a peer, unless they are gone.
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
