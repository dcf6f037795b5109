//! Chinwag beside its peers: each server in turn does the same work, on the same machine, for the same load generator.
//!
//! Each server runs in a process of its own on one core; this process, on the other core, plays everybody who talks to
//! it. The servers take turns within a round, and figures are medians over rounds, so that other work on the machine
//! affects all of them. `benches/README.md` tells how to run it and what the results were.

mod baselines;
mod door;
mod floor;
mod load;
mod proc;
mod report;
mod rooms;
mod scenarios;
mod servers;

use std::env;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use getopts::Options;

use scenarios::{Outcome, Scenario};
use servers::Kind;

const HELP: &str = "\
cargo bench --bench peers -- [SCENARIO,...] [SERVER,...] [OPTIONS]

  scenarios: crowd everyone steady idle laggard time rooms door memory guesses  [all]
  servers:   floor at-once chinwag kept shared stamped clock zones unseen formats redis nats ngircd tokio threads
                                                                  [those that suit the scenario]

      --seconds S    how long each run is measured     [2]
      --rounds N     how often everything is repeated  [3]
  -h, --help
";

/// The measurements to make.
#[derive(Debug)]
struct Plan {
    scenarios: Vec<Scenario>,
    servers: Vec<Kind>,
    seconds: Duration,
    rounds: usize,
}

fn main() -> ExitCode {
    let result = match parse() {
        Ok(Wish::Measure(plan)) => measure(&plan),
        Ok(Wish::Serve(kind)) => serve(kind),
        Ok(Wish::BeginTls(addr)) => door::send_hellos(addr),
        Ok(Wish::Help) => {
            print!("{HELP}");
            Ok(())
        }
        Err(sentence) => {
            eprintln!("peers: {sentence}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::from(1)
        }
    }
}

/// The wish behind the command line.
enum Wish {
    Measure(Plan),
    /// To be one of the servers; the bench starts itself so.
    Serve(Kind),
    /// To be those who begin TLS with this server; the bench starts itself so.
    BeginTls(SocketAddr),
    Help,
}

fn parse() -> Result<Wish, String> {
    let mut options = Options::new();
    options
        .optopt("", "seconds", "", "S")
        .optopt("", "rounds", "", "N")
        .optopt("", "serve", "", "SERVER")
        .optopt("", "hellos", "", "ADDR")
        .optflag("", "bench", "")
        .optflag("h", "help", "");
    let matches = options
        .parse(env::args().skip(1))
        .map_err(|fail| fail.to_string())?;
    if matches.opt_present("help") {
        return Ok(Wish::Help);
    }
    let server = |word: &str| Kind::ALL.into_iter().find(|kind| kind.name() == word);
    let scenario = |word: &str| Scenario::ALL.into_iter().find(|s| s.name() == word);
    if let Some(word) = matches.opt_str("serve") {
        let kind = server(&word).ok_or_else(|| format!("no server is called '{word}'"))?;
        return Ok(Wish::Serve(kind));
    }
    if let Some(word) = matches.opt_str("hellos") {
        let addr = word
            .parse()
            .map_err(|_| format!("'{word}' is no address"))?;
        return Ok(Wish::BeginTls(addr));
    }
    let number = |name: &str, default: u64| match matches.opt_str(name) {
        None => Ok(default),
        Some(text) => match text.parse() {
            Ok(number @ 1..=3600) => Ok(number),
            _ => Err(format!(
                "--{name} takes a whole number of 1 to 3600, not '{text}'"
            )),
        },
    };
    let mut plan = Plan {
        scenarios: Vec::new(),
        servers: Vec::new(),
        seconds: Duration::from_secs(number("seconds", 2)?),
        rounds: number("rounds", 3)? as usize,
    };
    for word in matches.free.iter().flat_map(|words| words.split(',')) {
        match (scenario(word), server(word)) {
            (Some(scenario), _) => plan.scenarios.push(scenario),
            (None, Some(server)) => plan.servers.push(server),
            (None, None) => return Err(format!("'{word}' is neither a scenario nor a server")),
        }
    }
    if plan.scenarios.is_empty() {
        plan.scenarios = Scenario::ALL.into();
    }
    Ok(Wish::Measure(plan))
}

fn serve(kind: Kind) -> io::Result<()> {
    match kind {
        Kind::Floor => floor::serve(floor::Writes::Ticks),
        Kind::AtOnce => floor::serve(floor::Writes::Lines),
        Kind::Tokio => baselines::serve_tasks(),
        Kind::Threads => baselines::serve_threads(),
        _ => Err(io::Error::other("that server is a program of its own")),
    }
}

fn measure(plan: &Plan) -> io::Result<()> {
    if std::thread::available_parallelism()?.get() < 2 {
        return Err(io::Error::other(
            "two cores are needed: one for the load, one for the server",
        ));
    }
    // Each person's connection needs a descriptor here, and the servers inherit the limit.
    rlimit::increase_nofile_limit(u64::MAX)?;
    servers::pin_load()?;
    println!("{}", proc::machine());
    for &scenario in &plan.scenarios {
        match scenario {
            Scenario::Door => door::measure(plan.seconds, plan.rounds)?,
            Scenario::Memory => door::measure_memory()?,
            Scenario::Guesses => door::measure_guesses(plan.seconds)?,
            _ => measure_servers(scenario, plan),
        }
    }
    Ok(())
}

fn measure_servers(scenario: Scenario, plan: &Plan) {
    let servers = match &plan.servers[..] {
        [] => scenario.servers(),
        named => named,
    };
    let outcomes = put(scenario, servers, plan);
    report::print(scenario, &outcomes);
}

/// Runs a scenario on each of the servers, in turn and in rounds. If a server cannot be measured, names it and the
/// reason.
fn put(scenario: Scenario, servers: &[Kind], plan: &Plan) -> Vec<(Kind, Outcome)> {
    let mut runs: Vec<(Kind, Vec<Outcome>)> = Vec::new();
    for &kind in servers {
        match kind.missing_package() {
            Some(package) => eprintln!("{}: install the Debian package {package}", kind.name()),
            None => runs.push((kind, Vec::new())),
        }
    }
    for round in 1..=plan.rounds {
        for (kind, outcomes) in &mut runs {
            match scenario.run(*kind, plan.seconds) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => {
                    let (scenario, kind) = (scenario.name(), kind.name());
                    eprintln!("{scenario}, {kind}, round {round}: {error}");
                }
            }
        }
    }
    runs.retain(|(_, outcomes)| !outcomes.is_empty());
    let median = |(kind, outcomes): &(Kind, Vec<Outcome>)| (*kind, report::median_round(outcomes));
    runs.iter().map(median).collect()
}
