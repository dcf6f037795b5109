//! How much one person can cost everyone else: places, time, and memory of the kernel.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chinwag::limits::{LINGER_MOST, UNSENT_BYTES};

use crate::harness::{DEADLINE, PROMPT, serve_with, until};

/// The bytes that the kernel holds to send from one IPv4 address to another: `tx_queue` of proc(5), `/proc/net/tcp`.
fn unsent(from: SocketAddr, to: SocketAddr) -> Option<u64> {
    let shown = |addr: SocketAddr| match addr {
        SocketAddr::V4(addr) => {
            let ip = u32::from_ne_bytes(addr.ip().octets());
            format!("{ip:08X}:{:04X}", addr.port())
        }
        SocketAddr::V6(_) => panic!("it is of IPv4"),
    };
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux tells of its sockets");
    let mut rows = table.lines().map(|row| row.split_whitespace().collect());
    let row: Vec<&str> =
        rows.find(|row: &Vec<&str>| row[1] == shown(from) && row[2] == shown(to))?;
    let (queued, _) = row[4].split_once(':')?;
    u64::from_str_radix(queued, 16).ok()
}

#[test]
#[cfg(target_os = "linux")]
fn the_kernel_holds_little_for_somebody_who_never_reads() {
    let server = serve_with(|config| config.send_queue = 1 << 20);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let sleeper = server.login("sleeper");
    for person in [&mut ann, &mut bob] {
        person.reads("sleeper has joined the chat.");
    }
    let text = "x".repeat(8000);
    let line = format!("ann: {text}");
    // Much more than the kernel takes without a limit, and than the sleeper's side takes.
    for _ in 0..3000 {
        ann.types(&text);
        bob.reads(&line);
    }
    until("the server skips lines", || {
        server.handle().stats().skipped > 0
    });
    let held = unsent(server.addr(), sleeper.addr()).expect("the connection is there");
    let most = u64::from(UNSENT_BYTES) * 3 / 2;
    assert!(held > 0 && held <= most, "{held} bytes");
}

#[test]
fn who_talks_on_behind_a_goodbye_keeps_no_place() {
    let server = serve_with(|config| {
        config.max_clients = 1;
        config.login_timeout = Some(Duration::from_secs(1));
    });
    let mut ann = server.connect();
    ann.sees(PROMPT);
    until("she is counted", || {
        server.handle().stats().connections == 1
    });
    let stream = ann.stream();
    let began = Instant::now();
    let gives_up = Duration::from_secs(1) + LINGER_MOST + DEADLINE;
    // Sends a byte again and again, until the server has closed its side for good and answers with a reset.
    until("the place is free", || {
        let _ = (&stream).write(b"x");
        assert!(began.elapsed() < gives_up);
        server.handle().stats().connections == 0
    });
    let mut bob = server.connect();
    bob.sees(PROMPT);
}
