//! `Story`: what happened in a play, step by step, and how to play it again.

/// What has happened so far, to be told when it ends badly.
pub(super) struct Story {
    pub(super) seed: u64,
    pub(super) kind: Kind,
    pub(super) is_told: bool,
    pub(super) steps: Vec<String>,
}

/// What is out of the ordinary in a play.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kind {
    /// The journal answers late.
    pub(super) is_late: bool,
    /// Clients ask workers to give a line back.
    pub(super) asks: bool,
    /// A store keeps what is said.
    pub(super) keeps: bool,
    /// People register, and come back with their passwords.
    pub(super) has_members: bool,
    /// They lock rooms, and keep order.
    pub(super) has_order: bool,
}

impl Kind {
    /// Where passwords are asked for, no line ends in CR: the client would be taken for one of telnet.
    pub(super) fn strip(self, typed: &mut Vec<u8>) {
        if self.has_members {
            typed.retain(|it| *it != b'\r');
        }
    }

    /// The variables that choose such a play, and whether this is one.
    pub(super) fn variables(self) -> [(&'static str, bool); 5] {
        [
            ("CHINWAG_LATE", self.is_late),
            ("CHINWAG_ASKS", self.asks),
            ("CHINWAG_STORE", self.keeps),
            ("CHINWAG_MEMBERS", self.has_members),
            ("CHINWAG_ORDER", self.has_order),
        ]
    }
}

impl Story {
    pub(super) fn add(&mut self, step: String) {
        // A flood is told in one line.
        if self.steps.last() == Some(&step) {
            return;
        }
        if self.is_told {
            println!("{:4} {step}", self.steps.len());
        }
        self.steps.push(step);
    }
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
            println!("seed {seed} fails at step {step}; to see it from the beginning:");
            for (name, _) in self.kind.variables().iter().filter(|(_, is_so)| *is_so) {
                print!("{name}=1 ");
            }
            println!("CHINWAG_SEED={seed} cargo test --lib simulation -- --nocapture");
        }
    }
}
