//! `Tally`: how much work was done, for tests to count what they must not time. Outside of tests nothing is counted.
//!
//! What grows with the number of people, rooms, lines or words counts itself here, where it is done: a loop its steps, a
//! name that is folded, a message that is rendered.

/// A name was folded into what it is compared by, of so many bytes.
#[inline]
pub(crate) fn fold(_bytes: usize) {
    #[cfg(test)]
    count(|tally| {
        tally.folds += 1;
        tally.folded += _bytes;
    });
}

/// A loop over people, rooms, lines or words took so many steps, or will.
#[inline]
pub(crate) fn steps(_steps: usize) {
    #[cfg(test)]
    count(|tally| tally.steps += _steps);
}

/// Somebody was left out of a message to a room.
#[inline]
pub(crate) fn leave_out() {
    #[cfg(test)]
    count(|tally| tally.left_out += 1);
}

/// A message was rendered, of so many bytes.
#[inline]
pub(crate) fn write(_bytes: usize) {
    #[cfg(test)]
    count(|tally| {
        tally.writes += 1;
        tally.bytes += _bytes;
    });
}

/// The work done in this thread since it was last taken.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) folds: usize,
    folded: usize,
    steps: usize,
    left_out: usize,
    writes: usize,
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
