//! `Story`: what happened in a play, step by step, and how to play it again.

/// What has happened so far, to be told when it ends badly.
pub(super) struct Story {
    pub(super) seed: u64,
    pub(super) is_late: bool,
    pub(super) asks: bool,
    pub(super) is_told: bool,
    pub(super) steps: Vec<String>,
}

impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = self.steps.len().saturating_sub(25);
            if !self.is_told {
                let steps = self.steps.iter().enumerate().skip(last);
                steps.for_each(|(number, step)| println!("{number:4} {step}"));
            }
            let (seed, step) = (self.seed, self.steps.len());
            let late = if self.is_late { "CHINWAG_LATE=1 " } else { "" };
            println!("seed {seed} fails at step {step}; to see it from the beginning:");
            let asks = if self.asks { "CHINWAG_ASKS=1 " } else { "" };
            println!("{late}{asks}CHINWAG_SEED={seed} cargo test --lib simulation -- --nocapture");
        }
    }
}
