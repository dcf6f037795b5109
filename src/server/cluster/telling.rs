//! What people are told of the other servers: that these cannot be reached, and that they can again.

use std::time::{Duration, Instant};

use crate::limits::cluster::AWAY_TOLD;
use crate::moment::Moment;

use super::{Cluster, Talk};

/// What people read once the others could not be reached for some time.
const AWAY: &str = "The other servers cannot be reached; what you say waits.";

/// What they read when that has ended.
const BACK: &str = "Connected again.";

impl Cluster {
    /// When people are to be told that the others cannot be reached.
    pub(in crate::server) fn next_timeout(&self) -> Option<Instant> {
        let away = self.away.filter(|_| !self.is_told);
        away.map(|it| it + AWAY_TOLD)
    }
}

impl Talk {
    /// Tells people that the others cannot be reached, if it is time for that.
    pub(in crate::server) fn tell_away(&mut self, now: Moment) {
        if let Some(cluster) = &mut self.cluster
            && cluster.next_timeout().is_some_and(|at| at <= now.instant)
        {
            cluster.is_told = true;
            self.have(now, |hub, out| hub.tell_everyone(AWAY, out));
        }
    }

    /// The others can be reached again.
    pub(super) fn tell_back(&mut self, now: Moment) {
        if let Some(cluster) = &mut self.cluster {
            cluster.away = None;
            if std::mem::take(&mut cluster.is_told) {
                self.have(now, |hub, out| hub.tell_everyone(BACK, out));
            }
        }
    }

    /// So many acts of another server are lost, or a few of this one.
    pub(super) fn tell_lost(&mut self, now: Moment, lost: u64) {
        let sentence = match lost {
            1 => "1 line may be missing here.".into(),
            lost => format!("{lost} lines may be missing here."),
        };
        self.have(now, |hub, out| hub.tell_everyone(&sentence, out));
    }

    /// Notes when Redis took what is being applied, in milliseconds since 1970-01-01 00:00 UTC by its clock.
    pub(super) fn note_lag(&mut self, now: Moment, at: i64) {
        if let Some(cluster) = &mut self.cluster {
            let lag = now.unix_millis().saturating_sub(at);
            cluster.figures.lag = Duration::from_millis(u64::try_from(lag).unwrap_or(0));
        }
    }
}
