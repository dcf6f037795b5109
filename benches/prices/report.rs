//! Prices as tables.

use chinwag::limits::LOOP_BUDGET;

/// The nanoseconds of each repetition of an act: to handle it, and to deal out what everyone receives.
#[derive(Default)]
pub(crate) struct Price(Vec<(u64, u64)>);

impl Price {
    pub(crate) fn add(&mut self, handled: u64, dealt: u64) {
        self.0.push((handled, dealt));
    }

    fn median(&self, of: impl Fn(&(u64, u64)) -> u64) -> u64 {
        let mut sorted: Vec<u64> = self.0.iter().map(of).collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    fn worst(&self) -> u64 {
        let all = self.0.iter().map(|(handled, dealt)| handled + dealt);
        all.max().unwrap_or(0)
    }

    fn in_all(&self) -> u64 {
        self.median(|(handled, dealt)| handled + dealt)
    }

    fn is_over(&self) -> bool {
        u128::from(self.in_all()) > LOOP_BUDGET.as_nanos()
    }
}

pub(crate) struct Report {
    people: Vec<u32>,
    rows: usize,
    /// The acts over the limit, each with its load.
    over: Vec<String>,
}

impl Report {
    pub(crate) fn new(people: &[u32]) -> Report {
        println!(
            "CPU in microseconds: median and worst, and how much of the median is dealing out.\n"
        );
        Report {
            people: people.to_vec(),
            rows: 0,
            over: Vec::new(),
        }
    }

    pub(crate) fn table(&mut self, title: &str, rows: &[(&str, Vec<Price>)]) {
        if rows.is_empty() {
            return;
        }
        print!("{title}\n{:40}", "");
        for people in &self.people {
            print!(
                " |{:>25}",
                format!("{} people", grouped(u64::from(*people)))
            );
        }
        println!();
        for (name, prices) in rows {
            print!("{name:40}");
            for price in prices {
                let dealt = price.median(|(_, dealt)| *dealt);
                let figures = [price.in_all(), price.worst(), dealt].map(micros);
                print!(" |{:>9}{:>9}{:>7}", figures[0], figures[1], figures[2]);
            }
            let is_over = prices.iter().any(Price::is_over);
            println!("{}", if is_over { "  OVER" } else { "" });
            self.rows += 1;
            if is_over {
                let load = title.split(':').next().unwrap_or(title);
                self.over.push(format!("{load}: {name}"));
            }
        }
        println!();
    }

    pub(crate) fn end(&self) {
        let limit = LOOP_BUDGET.as_millis();
        println!("{} of {} are over {limit} ms", self.over.len(), self.rows);
    }
}

fn micros(nanos: u64) -> String {
    if nanos < 10_000 {
        format!("{:.1}", nanos as f64 / 1_000.0)
    } else {
        grouped(nanos / 1_000)
    }
}

/// With a comma before every three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
