//! Medians of the rounds, as tables.

use std::time::Duration;

use crate::scenarios::{Outcome, Scenario};
use crate::servers::Kind;

/// The middle value, or the mean of the two in the middle; 0 if there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        n if n.is_multiple_of(2) => (values[middle - 1] + values[middle]) / 2.0,
        _ => values[middle],
    }
}

/// The median of the rounds for each figure; for losses, the sum.
pub(crate) fn median_round(rounds: &[Outcome]) -> Outcome {
    let number = |figure: fn(&Outcome) -> f64| median(rounds.iter().map(figure).collect());
    let time = |figure: fn(&Outcome) -> f64| Duration::from_secs_f64(number(figure));
    Outcome {
        deliveries_per_s: number(|o| o.deliveries_per_s),
        deliveries_with_laggard: number(|o| o.deliveries_with_laggard),
        laggard_ratio: number(|o| o.laggard_ratio),
        cpu_per_delivery: number(|o| o.cpu_per_delivery),
        cpu_in_one_room: number(|o| o.cpu_in_one_room),
        rooms_ratio: number(|o| o.rooms_ratio),
        server_busy: number(|o| o.server_busy),
        load_busy: number(|o| o.load_busy),
        lost: rounds.iter().map(|o| o.lost).sum(),
        p50: time(|o| o.p50.as_secs_f64()),
        p99: time(|o| o.p99.as_secs_f64()),
        p999: time(|o| o.p999.as_secs_f64()),
        peak_memory: number(|o| o.peak_memory as f64) as u64,
        memory_per_connection: number(|o| o.memory_per_connection),
        joined: time(|o| o.joined.as_secs_f64()),
        joining_cpu: time(|o| o.joining_cpu.as_secs_f64()),
        idle_cpu: time(|o| o.idle_cpu.as_secs_f64()),
    }
}

/// Prints the results of a scenario, and the comparable ones as a ratio to the floor.
pub(crate) fn print(scenario: Scenario, outcomes: &[(Kind, Outcome)]) {
    println!("\n## {}\n", scenario.name());
    match scenario {
        Scenario::Crowd | Scenario::Everyone | Scenario::Steady => {
            talk(outcomes);
            let floor = outcomes.iter().find(|(kind, _)| *kind == Kind::Floor);
            if let Some((_, floor)) = floor {
                ratios(outcomes, "floor", floor);
            }
        }
        Scenario::Formats => {
            talk(outcomes);
            let clock = outcomes.iter().find(|(kind, _)| *kind == Kind::Clock);
            if let Some((_, clock)) = clock {
                ratios(outcomes, "clock", clock);
            }
        }
        Scenario::Idle => idle(outcomes),
        Scenario::Laggard => laggard(outcomes),
        Scenario::Rooms => rooms(outcomes),
        Scenario::Door | Scenario::Memory | Scenario::Guesses => {}
    }
}

fn talk(outcomes: &[(Kind, Outcome)]) {
    head(&[
        "server",
        "deliveries/s",
        "CPU/delivery",
        "lost",
        "p50",
        "p99",
        "p99.9",
        "peak memory",
        "server busy",
        "load busy",
    ]);
    for (kind, o) in outcomes {
        row(&[
            kind.name().into(),
            rate(o.deliveries_per_s),
            format!("{:.1} ns", o.cpu_per_delivery),
            o.lost.to_string(),
            time(o.p50),
            time(o.p99),
            time(o.p999),
            format!("{:.1} MiB", o.peak_memory as f64 / 1048576.0),
            percent(o.server_busy),
            percent(o.load_busy),
        ]);
    }
}

fn ratios(outcomes: &[(Kind, Outcome)], name: &str, floor: &Outcome) {
    println!("\nAs a ratio to the {name}:\n");
    head(&[
        "server",
        "deliveries/s",
        "CPU/delivery",
        "p50",
        "p99",
        "p99.9",
        "peak memory",
    ]);
    for (kind, o) in outcomes {
        let ratio = |figure: fn(&Outcome) -> f64| format!("{:.2}", figure(o) / figure(floor));
        row(&[
            kind.name().into(),
            ratio(|o| o.deliveries_per_s),
            ratio(|o| o.cpu_per_delivery),
            ratio(|o| o.p50.as_secs_f64()),
            ratio(|o| o.p99.as_secs_f64()),
            ratio(|o| o.p999.as_secs_f64()),
            ratio(|o| o.peak_memory as f64),
        ]);
    }
}

fn idle(outcomes: &[(Kind, Outcome)]) {
    head(&[
        "server",
        "memory/connection",
        "peak memory",
        "CPU while idle",
        "all joined after",
        "CPU until then",
        "lost",
    ]);
    for (kind, o) in outcomes {
        row(&[
            kind.name().into(),
            format!("{:.0} B", o.memory_per_connection),
            format!("{:.1} MiB", o.peak_memory as f64 / 1048576.0),
            time(o.idle_cpu),
            format!("{:.2} s", o.joined.as_secs_f64()),
            format!("{:.2} s", o.joining_cpu.as_secs_f64()),
            o.lost.to_string(),
        ]);
    }
}

fn laggard(outcomes: &[(Kind, Outcome)]) {
    head(&[
        "server",
        "deliveries/s, all read",
        "one does not",
        "ratio",
        "lost",
        "peak memory",
    ]);
    for (kind, o) in outcomes {
        row(&[
            kind.name().into(),
            rate(o.deliveries_per_s),
            rate(o.deliveries_with_laggard),
            format!("{:.3}", o.laggard_ratio),
            o.lost.to_string(),
            format!("{:.1} MiB", o.peak_memory as f64 / 1048576.0),
        ]);
    }
}

fn rooms(outcomes: &[(Kind, Outcome)]) {
    head(&[
        "server",
        "CPU/delivery, one room",
        "three rooms",
        "ratio",
        "lost",
        "deliveries/s",
        "p50",
        "p99",
        "peak memory",
        "server busy",
        "load busy",
    ]);
    for (kind, o) in outcomes {
        row(&[
            kind.name().into(),
            format!("{:.1} ns", o.cpu_in_one_room),
            format!("{:.1} ns", o.cpu_per_delivery),
            format!("{:.3}", o.rooms_ratio),
            o.lost.to_string(),
            rate(o.deliveries_per_s),
            time(o.p50),
            time(o.p99),
            format!("{:.1} MiB", o.peak_memory as f64 / 1048576.0),
            percent(o.server_busy),
            percent(o.load_busy),
        ]);
    }
}

fn head(titles: &[&str]) {
    println!("| {} |", titles.join(" | "));
    println!("|---|{}", "---:|".repeat(titles.len() - 1));
}

fn row(cells: &[String]) {
    println!("| {} |", cells.join(" | "));
}

fn rate(per_s: f64) -> String {
    format!("{:.2} M", per_s / 1e6)
}

fn percent(part: f64) -> String {
    format!("{:.0} %", part * 100.0)
}

fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..1000.0 => format!("{micros:.0} µs"),
        ..1e6 => format!("{:.2} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}
