//! The figures of the `server` program: where it shows them, those of its process, and how curl and Prometheus' own parser
//! read them.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
#[cfg(all(target_os = "linux", feature = "cluster"))]
use std::time::{Duration, Instant};

#[cfg(all(target_os = "linux", feature = "cluster"))]
use nix::sys::signal::Signal;

#[cfg(all(target_os = "linux", feature = "cluster"))]
use crate::cluster::Redis;
use crate::daemon::{Daemon, command, start};
#[cfg(target_os = "linux")]
use crate::harness::{Person, until};
#[cfg(target_os = "linux")]
use crate::metrics::figures;
#[cfg(all(target_os = "linux", feature = "cluster"))]
use crate::metrics::shows;
use crate::metrics::{get, serve};
use crate::program::program;
use crate::real_clients::{CURL, Client, can_play};

/// Python with the package `prometheus_client`. The words it prints are not in its complaint without the package.
const PROMETHEUS: Client = Client {
    program: "python3",
    is_known_by: "prometheus_client is here",
    asks_help: "-cimport prometheus_client.parser as it; print(it.__package__, 'is', 'here')",
    args: &[],
    ends_with_server: true,
};

/// Prints each value that the parser finds, as a line of the kind, the name, the labels and the value.
const PARSE: &str = r#"
import sys
from prometheus_client.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation, family
    for it in family.samples:
        labels = ",".join(f"{k}={v}" for k, v in sorted(it.labels.items()))
        print(family.type, it.name, "{" + labels + "}", float(it.value))
"#;

/// Where the program says that its figures are.
fn shown_at(daemon: &mut Daemon) -> SocketAddr {
    let line = daemon.prints();
    line.strip_prefix("Metrics on http://")
        .and_then(|it| it.strip_suffix("/metrics")?.parse().ok())
        .unwrap_or_else(|| panic!("not an address of figures: {line:?}"))
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_has_the_usual_figures() {
    let (mut daemon, _) = start(&["--metrics", "0"]);
    let metrics = shown_at(&mut daemon);
    let seen = figures(metrics);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("it is later").as_secs_f64();
    let started = seen["process_start_time_seconds"];
    assert!(started > now - 60.0 && started < now + 2.0, "{started}");
    let resident = seen["process_resident_memory_bytes"] / 1024.0;
    let other = daemon.memory() as f64;
    assert!(resident > other / 2.0 && resident < other * 2.0);
    assert!(seen["process_cpu_seconds_total"] < 10.0);
    assert!(seen["process_virtual_memory_bytes"] > seen["process_resident_memory_bytes"]);
    if let Some(descriptors) = seen.get("process_open_fds") {
        let held = daemon.descriptors().len() as f64;
        // The connection that asked is among them.
        assert!((held..held + 3.0).contains(descriptors), "{descriptors}");
        assert!(seen["process_max_fds"] > *descriptors);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_that_is_watched_sleeps_all_the_same() {
    let (mut daemon, _) = start(&["--metrics", "0"]);
    let metrics = shown_at(&mut daemon);
    let mut kept = Person::connect(metrics);
    kept.sends(b"GET /metrics HTTP/1.1\r\n\r\n");
    kept.reads_to_end();
    // It awaits the end of this connection, and of one that is silent.
    let _silent = Person::connect(metrics);
    until("it sleeps", || daemon.is_asleep());
    let wakes = daemon.wakes();
    assert!(get(metrics, "/healthz").ends_with("ok\n"));
    until("it sleeps", || daemon.is_asleep());
    assert!(daemon.wakes() < wakes + 20);
}

#[test]
#[cfg(all(target_os = "linux", feature = "cluster"))]
fn one_of_several_servers_tells_how_it_stands_with_the_others() {
    let test = "one_of_several_servers_tells_how_it_stands_with_the_others";
    let Some(redis) = Redis::start(test) else {
        return;
    };
    let [servers, reachable, out, lost, returns] = [
        "chinwag_cluster_servers",
        "chinwag_cluster_reachable",
        "chinwag_cluster_acts_out",
        "chinwag_cluster_acts_lost_total",
        "chinwag_cluster_returns_total",
    ];
    let lag = "chinwag_cluster_lag_seconds";
    let (mut first, one) = redis.server("n1", &["--metrics", "0"]);
    let metrics = shown_at(&mut first);
    shows(metrics, &[(servers, 1.0), (reachable, 1.0), (lost, 0.0)]);
    let (_second, two) = redis.server("n2", &[]);
    shows(metrics, &[(servers, 2.0), (out, 0.0), (returns, 0.0)]);

    // Others talk while this one stands still.
    let mut ann = Person::login(one, "ann");
    let mut bob = Person::login(two, "bob");
    ann.reads("bob has joined the chat.");
    first.signal(Signal::SIGSTOP);
    let since = Instant::now();
    bob.types("hello");
    until("some time has gone", || {
        redis
            .answers(&["XREVRANGE", "chinwag", "+", "-", "COUNT", "1"])
            .contains("hello")
            && since.elapsed() > Duration::from_secs(2)
    });
    first.signal(Signal::SIGCONT);
    ann.reads("bob: hello");
    assert!(figures(metrics)[lag] > 1.0);

    redis.send(Signal::SIGSTOP);
    ann.types("anyone?");
    shows(metrics, &[(reachable, 0.0), (out, 1.0)]);
    redis.send(Signal::SIGCONT);
    shows(
        metrics,
        &[(reachable, 1.0), (out, 0.0), (lost, 0.0), (returns, 0.0)],
    );

    // Of the other server, six acts are not to be found.
    let lease = redis.answers(&["GET", "chinwag:lease:n2"]);
    let epoch = lease.split(' ').next().expect("a word");
    let act = r#"[{"author":1,"act":"come_back"}]"#;
    let next = 3 + 1 + 6;
    let entry = format!("XADD chinwag * v 1 n n2 e {epoch} f {next} c 1 a {act}");
    redis.answers(&entry.split(' ').collect::<Vec<_>>());
    shows(metrics, &[(lost, 6.0), (returns, 0.0)]);

    redis.answers(&["FLUSHALL"]);
    shows(metrics, &[(returns, 1.0), (servers, 2.0), (reachable, 1.0)]);
}

#[test]
fn the_program_shows_figures_only_where_it_is_told_to() {
    let (daemon, _) = start(&[]);
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(daemon.ends().1, [""; 0]);
    for (args, variable, host) in [
        (&["--metrics", "0"][..], "", "127.0.0.1"),
        (&["--metrics", "127.0.0.2:0"], "junk", "127.0.0.2"),
        (&["--metrics", "localhost:0"], "", "localhost"),
        (&[], "0", "127.0.0.1"),
        (&[], "127.0.0.2:0", "127.0.0.2"),
    ] {
        let mut command = command(&[&["-l", "127.0.0.1:0"], args].concat());
        command.env("CHAT_METRICS", variable);
        let mut daemon = Daemon::spawn(command);
        daemon.listens_on();
        let metrics = shown_at(&mut daemon);
        let is_there = host == "localhost" || metrics.ip().to_string() == host;
        assert!(is_there && metrics.ip().is_loopback(), "{metrics}");
        assert!(get(metrics, "/healthz").ends_with("ok\n"));
    }
}

#[test]
fn a_wrong_address_for_figures_is_refused_with_what_to_give() {
    let takes = |source| {
        format!("server: {source} takes a port, such as 9100, or ADDR:PORT, such as [::1]:9100, ")
    };
    for junk in ["", "nowhere", "65536", "127.0.0.1", ":9100", "-1"] {
        let (status, _, log) = Daemon::spawn(command(&["--metrics", junk])).ends();
        let told = format!("{}not '{junk}'. Try 'server --help'.", takes("--metrics"));
        assert_eq!((status.code(), log), (Some(2), vec![told]));
    }
    let mut by_variable = command(&[]);
    by_variable.env("CHAT_METRICS", "nowhere");
    let (status, _, log) = Daemon::spawn(by_variable).ends();
    let told = format!(
        "{}not 'nowhere'. Try 'server --help'.",
        takes("CHAT_METRICS")
    );
    assert_eq!((status.code(), log), (Some(2), vec![told]));

    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let args = ["-l", "127.0.0.1:0", "--metrics", &taken];
    let (status, out, log) = Daemon::spawn(command(&args)).ends();
    let told = format!(
        "server: cannot listen on {taken}: Address already in use; \
         choose another with --metrics, or stop what listens there"
    );
    assert_eq!((status.code(), out, log), (Some(1), vec![], vec![told]));
}

/// What a program prints for this input.
fn printed(mut command: std::process::Command, input: &str) -> String {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it can be run");
    let mut to = child.stdin.take().expect("it is piped");
    to.write_all(input.as_bytes()).expect("it reads");
    drop(to);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn curl_and_the_parser_of_prometheus_read_the_figures() {
    let name = "curl_and_the_parser_of_prometheus_read_the_figures";
    if !can_play(name, &[&CURL, &PROMETHEUS]) {
        return;
    }
    let (server, metrics) = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("hi");
    bob.reads("ann: hi");
    let mut curl = program("curl");
    let url = format!("http://{metrics}/metrics");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*"]);
    curl.args(["--dump-header", "-", "--max-time", "10", &url]);
    let came = printed(curl, "");
    let (head, text) = came.split_once("\r\n\r\n").expect("a head");
    let kind = "Content-Type: text/plain; version=0.0.4; charset=utf-8";
    assert!(head.lines().any(|line| line == kind), "{head}");

    let mut parser = program("python3");
    parser.args(["-c", PARSE]);
    let parsed = printed(parser, text);
    let parsed: Vec<&str> = parsed.lines().collect();
    for line in [
        "gauge chinwag_people_online {} 2.0",
        "gauge chinwag_connections {tls=false,transport=line} 2.0",
        "counter chinwag_lines_received_total {} 3.0",
        "counter chinwag_deliveries_total {} 4.0",
        "counter chinwag_connections_closed_total {reason=quit} 0.0",
        "histogram chinwag_tick_phase_seconds_bucket {le=0.00001,phase=read} ",
        "histogram chinwag_tick_seconds_count {} ",
    ] {
        assert!(parsed.iter().any(|it| it.starts_with(line)), "{parsed:#?}");
    }
    // No value is lost, and none has a kind or a help text that the parser does not see.
    let values = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(parsed.len(), values);
    let is_unknown = |it: &&&str| it.starts_with("unknown");
    assert_eq!(parsed.iter().find(is_unknown), None);
}
