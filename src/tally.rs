//! `Tally`: how much work was done. Tests count it, because they must not measure time. Nothing is counted outside of
//! tests.
//!
//! Work that grows with the number of people, rooms, lines or words counts itself where it is done: the steps of a
//! loop, a name that is folded, a message that is rendered.

/// Counts a name of this many bytes that was folded into its form for comparison.
#[inline]
pub(crate) fn fold(_bytes: usize) {
    #[cfg(test)]
    count(|tally| {
        tally.folds += 1;
        tally.folded += _bytes;
    });
}

/// Counts the steps of a loop over people, rooms, lines or words, done or about to be done.
#[inline]
pub(crate) fn steps(_steps: usize) {
    #[cfg(test)]
    count(|tally| tally.steps += _steps);
}

/// Counts a person who was left out of a message to a room.
#[inline]
pub(crate) fn leave_out() {
    #[cfg(test)]
    count(|tally| tally.left_out += 1);
}

/// Counts a rendered message of this many bytes.
#[inline]
pub(crate) fn write(_bytes: usize) {
    #[cfg(test)]
    count(|tally| {
        tally.writes += 1;
        tally.bytes += _bytes;
    });
}

/// The work done in this thread since this was last called.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) folds: usize,
    folded: usize,
    pub(crate) steps: usize,
    left_out: usize,
    pub(crate) writes: usize,
    bytes: usize,
}

#[cfg(test)]
pub(crate) fn done() -> Tally {
    TALLY.get()
}

#[cfg(test)]
thread_local! {
    static TALLY: std::cell::Cell<Tally> = std::cell::Cell::default();
}

#[cfg(test)]
fn count(add: impl FnOnce(&mut Tally)) {
    let mut tally = TALLY.get();
    add(&mut tally);
    TALLY.set(tally);
}

#[cfg(test)]
mod tests;
