//! Acts that keep order.

use std::sync::Arc;

use crate::erasure::Whose;
use crate::id::PersonId;
use crate::name::{RoomName, Username};
use crate::sanction::{SanctionKind, Target};

/// An act that keeps order. Whether its author may do it is decided when it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum OrderAct {
    /// To send people away for a moment.
    Kick {
        /// Each of them, and what keeps them out for that moment.
        whom: Arc<[(PersonId, Target)]>,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// To keep somebody out or silent for a time.
    Sanction {
        /// What for.
        kind: SanctionKind,
        /// Whom.
        target: Target,
        /// The name by which they were meant, if it was a name.
        name: Option<Username>,
        /// In this room alone.
        room: Option<RoomName>,
        /// Whether a network's members are met too.
        is_for_all: bool,
        /// Until when: milliseconds since 1970-01-01 00:00 UTC.
        until: Option<i64>,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// To end sanctions.
    Lift {
        /// Their numbers.
        ids: Arc<[u64]>,
    },
    /// To take back what somebody said.
    Erase {
        /// Who.
        whose: Whose,
        /// In this room alone.
        room: Option<RoomName>,
        /// From then on: milliseconds since 1970-01-01 00:00 UTC.
        since: Option<i64>,
    },
    /// To let in nobody but members for a time, or guests again.
    LockDown {
        /// Until when: milliseconds since 1970-01-01 00:00 UTC. `None`: guests come in again.
        until: Option<i64>,
    },
    /// To tell the operators something.
    Report {
        /// What.
        text: Arc<str>,
    },
    /// To tell everyone something.
    Proclaim {
        /// What.
        text: Arc<str>,
    },
}

impl OrderAct {
    /// The text that somebody wrote with the act.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            OrderAct::Kick { reason, .. } | OrderAct::Sanction { reason, .. } => reason.as_deref(),
            OrderAct::Report { text } | OrderAct::Proclaim { text } => Some(text),
            OrderAct::Lift { .. } | OrderAct::Erase { .. } | OrderAct::LockDown { .. } => None,
        }
    }
}
