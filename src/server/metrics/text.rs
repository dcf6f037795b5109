//! `Text`: Prometheus' text format, version 0.0.4. It knows no figure.
//!
//! Names, labels and help texts are words of this program, which need no escapes: [`Text::family`] checks that.

use std::fmt::{Display, Write};

use crate::server::figures::Histogram;

/// A text under construction.
#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// The name of the present family.
    name: &'static str,
}

impl Text {
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// A figure that only grows, with one value.
    pub(super) fn counter(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.value("", value);
    }

    /// A figure that goes up and down, with one value.
    pub(super) fn gauge(&mut self, name: &'static str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.value("", value);
    }

    /// Begins a family: all values of one name.
    pub(super) fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        debug_assert!(!help.contains(['\\', '\n']));
        debug_assert_eq!(name.ends_with("_total"), kind == "counter");
        self.name = name;
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// A value of the present family. `labels` is empty, or such as `reason="quit"`.
    pub(super) fn value(&mut self, labels: &str, value: impl Display) {
        self.sample("", labels, value);
    }

    /// A histogram of the present family.
    pub(super) fn histogram(&mut self, labels: &str, histogram: &Histogram) {
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, count) in histogram.buckets() {
            self.sample("_bucket", &format!("{labels}{comma}le=\"{bound}\""), count);
        }
        let count = histogram.count();
        self.sample("_bucket", &format!("{labels}{comma}le=\"+Inf\""), count);
        self.sample("_sum", labels, histogram.sum());
        self.sample("_count", labels, count);
    }

    fn sample(&mut self, suffix: &str, labels: &str, value: impl Display) {
        let name = self.name;
        match labels {
            "" => self.line(format_args!("{name}{suffix} {value}")),
            _ => self.line(format_args!("{name}{suffix}{{{labels}}} {value}")),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = writeln!(self.text, "{line}");
    }
}
