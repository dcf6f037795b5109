//! `Ids`: the ids of what the client sends. They differ between two runs of the client, so that no server takes a line of
//! one for a repetition of the other's.

/// Makes ids, and knows them again.
#[derive(Debug)]
pub(super) struct Ids {
    run: u32,
    next: u64,
}

impl Ids {
    /// The ids of a run that this number tells from others.
    pub(super) fn new(chance: u64) -> Ids {
        let run = (chance ^ chance >> 32) as u32;
        Ids { run, next: 0 }
    }

    /// An id that there was not yet. It begins with its kind.
    pub(super) fn next(&mut self, kind: char) -> String {
        self.next += 1;
        format!("{kind}{:x}-{}", self.run, self.next)
    }

    /// Whether this is an id of that kind, of this run.
    pub(super) fn is_of(&self, id: Option<&str>, kind: char) -> bool {
        let behind = id.and_then(|it| it.strip_prefix(kind));
        let run = behind.and_then(|it| it.split_once('-'));
        run.is_some_and(|(run, _)| run == format!("{:x}", self.run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_new_each_time_and_told_from_those_of_another_run() {
        let (mut one, mut other) = (Ids::new(7), Ids::new(u64::MAX << 32));
        let id = one.next('s');
        assert_ne!(id, one.next('s'));
        assert_ne!(id, other.next('s'));
        assert!(one.is_of(Some(&id), 's') && !one.is_of(Some(&id), 'c'));
        assert!(!other.is_of(Some(&id), 's') && !one.is_of(None, 's'));
    }
}
