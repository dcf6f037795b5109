//! All figures of a server, as text. No label is that of a person, a room or an address: a reader learns of none, and the
//! number of figures has a bound.

use crate::server::figures::Reasons;
use crate::server::talk::Talk;
#[cfg(feature = "store")]
use crate::work::store::{Condition, Sink};

use super::process::ProcessFigures;
use super::text::Text;

/// The figures as they are now.
pub(super) fn render(talk: &Talk, process: ProcessFigures) -> String {
    let mut text = Text::default();
    now(&mut text, talk);
    connections(&mut text, talk);
    tls(&mut text, talk);
    lines(&mut text, talk);
    #[cfg(feature = "store")]
    keeping(&mut text, talk);
    #[cfg(feature = "cluster")]
    others(&mut text, talk);
    times(&mut text, talk);
    of_process(&mut text, process);
    text.finish()
}

fn now(text: &mut Text, talk: &Talk) {
    text.family("chinwag_build_info", "gauge", "The version of the server.");
    let version = concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"");
    text.value(version, 1);
    text.gauge(
        "chinwag_people_online",
        "People who have a name.",
        talk.hub.online(),
    );
    text.gauge(
        "chinwag_rooms",
        "Rooms, the lobby included.",
        talk.hub.rooms(),
    );
    let held = talk.connections.len();
    text.family(
        "chinwag_connections",
        "gauge",
        "Connections held, with or without a name.",
    );
    for (transport, is_tls, count) in talk.connections.by_transport() {
        text.value(
            &format!("transport=\"{transport}\",tls=\"{is_tls}\""),
            count,
        );
    }
    text.gauge(
        "chinwag_places_left",
        "Connections that can still be let in.",
        talk.config.max_clients.saturating_sub(held),
    );
    text.gauge(
        "chinwag_laggards",
        "Connections that output waits for.",
        talk.connections.behind(),
    );
    text.gauge(
        "chinwag_queued_bytes",
        "Memory of the output that waits for all of them.",
        talk.connections.held(),
    );
}

fn connections(text: &mut Text, talk: &Talk) {
    text.counter(
        "chinwag_connections_accepted_total",
        "Connections accepted, those refused included.",
        talk.stats.accepted,
    );
    text.family(
        "chinwag_connections_refused_total",
        "counter",
        "Connections that were not let in.",
    );
    by_reason(text, &talk.figures.refused);
    text.family(
        "chinwag_connections_closed_total",
        "counter",
        "Connections that were let in and have ended.",
    );
    by_reason(text, talk.connections.closed());
}

fn tls(text: &mut Text, talk: &Talk) {
    text.counter(
        "chinwag_tls_handshakes_total",
        "Handshakes of TLS that went well.",
        talk.figures.handshakes,
    );
    text.gauge(
        "chinwag_tls_handshakes",
        "Handshakes of TLS that are on.",
        talk.connections.handshakes(),
    );
    if let Some(end) = talk.certificate_end() {
        text.gauge(
            "chinwag_tls_certificate_not_after_seconds",
            "When the certificate ends, in seconds since 1970-01-01 00:00 UTC.",
            end,
        );
    }
}

fn by_reason(text: &mut Text, reasons: &Reasons) {
    for (reason, count) in reasons.iter() {
        text.value(&format!("reason=\"{reason}\""), count);
    }
}

fn lines(text: &mut Text, talk: &Talk) {
    text.counter(
        "chinwag_lines_received_total",
        "Lines that people sent, names and commands included.",
        talk.figures.lines,
    );
    text.counter(
        "chinwag_lines_said_total",
        "Lines that people and programs said to a room.",
        talk.stats.said,
    );
    text.counter(
        "chinwag_deliveries_total",
        "Lines and notices of rooms, each once for everyone who was to read it.",
        talk.fanout.deliveries(),
    );
    text.counter(
        "chinwag_deliveries_skipped_total",
        "Those that were skipped, as their reader was too far behind.",
        talk.stats.skipped,
    );
    text.counter(
        "chinwag_received_bytes_total",
        "Bytes read from connections, without what TLS adds.",
        talk.figures.received,
    );
    text.counter(
        "chinwag_sent_bytes_total",
        "Bytes written to connections, without what TLS adds.",
        talk.connections.sent,
    );
}

/// Nothing, if nothing is kept.
#[cfg(feature = "store")]
fn keeping(text: &mut Text, talk: &Talk) {
    let Some(status) = talk.sink.as_ref().map(Sink::status) else {
        return;
    };
    text.family(
        "chinwag_keeping",
        "gauge",
        "Whether the file takes what is said, and what it does otherwise.",
    );
    for (word, condition) in [
        ("keeping", Condition::Keeping),
        ("busy", Condition::Busy),
        ("full", Condition::Full),
        ("off", Condition::Off),
    ] {
        let is_so = usize::from(status.condition == condition);
        text.value(&format!("condition=\"{word}\""), is_so);
    }
    text.gauge(
        "chinwag_keeping_waiting",
        "Lines that wait for the disk.",
        status.lines,
    );
    text.counter(
        "chinwag_keeping_refused_total",
        "Lines that were not kept, as too many waited.",
        status.refused,
    );
}

/// Nothing, unless this is one of several servers.
#[cfg(feature = "cluster")]
fn others(text: &mut Text, talk: &Talk) {
    let Some(cluster) = &talk.cluster else {
        return;
    };
    text.gauge(
        "chinwag_cluster_servers",
        "Servers that are one chat and live, this one included.",
        talk.hub.servers().count(),
    );
    text.gauge(
        "chinwag_cluster_reachable",
        "1 while the others can be reached, 0 while what is said here waits.",
        usize::from(cluster.is_reachable()),
    );
    text.gauge(
        "chinwag_cluster_acts_out",
        "Acts of this server that have not come back from the stream.",
        talk.hub.out(),
    );
    let figures = cluster.figures;
    text.gauge(
        "chinwag_cluster_lag_seconds",
        "Time from Redis to here of what was applied last, by the clocks of both.",
        figures.lag.as_secs_f64(),
    );
    text.counter(
        "chinwag_cluster_acts_lost_total",
        "Acts of servers, this one included, that were lost on the way.",
        figures.lost,
    );
    text.counter(
        "chinwag_cluster_returns_total",
        "How often this server lost its place among the others and set out to come again.",
        figures.returns,
    );
}

fn times(text: &mut Text, talk: &Talk) {
    let figures = &talk.figures;
    text.family(
        "chinwag_tick_seconds",
        "histogram",
        "Time that a round of the loop took, without the wait for events.",
    );
    text.histogram("", &figures.tick);
    text.family(
        "chinwag_tick_phase_seconds",
        "histogram",
        "Time that phases of a round took.",
    );
    text.histogram("phase=\"read\"", &figures.read);
    text.histogram("phase=\"write\"", &figures.write);
    text.histogram("phase=\"metrics\"", &figures.metrics);
}

/// Under the names that are usual for them.
fn of_process(text: &mut Text, process: ProcessFigures) {
    if let Some(cpu) = process.cpu {
        text.counter(
            "process_cpu_seconds_total",
            "CPU time of the process, in user and system mode.",
            cpu,
        );
    }
    for (name, help, value) in [
        (
            "process_resident_memory_bytes",
            "Resident memory.",
            process.resident,
        ),
        (
            "process_virtual_memory_bytes",
            "Virtual memory.",
            process.virtual_size,
        ),
        (
            "process_open_fds",
            "Open file descriptors.",
            process.descriptors,
        ),
        (
            "process_max_fds",
            "File descriptors that may be open.",
            process.most_descriptors,
        ),
    ] {
        if let Some(value) = value {
            text.gauge(name, help, value);
        }
    }
    text.gauge(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970-01-01 00:00 UTC.",
        process.started,
    );
}
