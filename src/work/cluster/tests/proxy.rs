//! A proxy that breaks connections where it hurts: behind a whole answer, within one, before one, and within a request.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread;

use crate::dice::Dice;

/// A proxy, whose threads end with the test.
pub(super) struct Proxy {
    pub(super) port: u16,
    /// Whether it breaks connections.
    pub(super) is_cutting: Arc<AtomicBool>,
    /// How many it broke.
    pub(super) cuts: Arc<AtomicU32>,
}

/// Where a connection breaks.
#[derive(Debug, Clone, Copy)]
enum Cut {
    BehindAnswer,
    WithinAnswer,
    BeforeAnswer,
    WithinRequest,
}

impl Proxy {
    pub(super) fn before(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let proxy = Proxy {
            port: listener.local_addr().expect("an address").port(),
            is_cutting: Arc::default(),
            cuts: Arc::default(),
        };
        let (is_cutting, cuts) = (proxy.is_cutting.clone(), proxy.cuts.clone());
        thread::spawn(move || {
            for (number, client) in listener.incoming().enumerate() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                let pair = (client.expect("a client"), server);
                carry(pair, number as u64, &is_cutting, &cuts);
            }
        });
        proxy
    }
}

fn carry(
    (client, server): (TcpStream, TcpStream),
    number: u64,
    is_cutting: &Arc<AtomicBool>,
    cuts: &Arc<AtomicU32>,
) {
    let mut dice = Dice::new(number);
    let ways = [
        Cut::BehindAnswer,
        Cut::WithinAnswer,
        Cut::BeforeAnswer,
        Cut::WithinRequest,
    ];
    let way = ways[dice.below(ways.len())];
    let of_answers = !matches!(way, Cut::WithinRequest);
    for is_answer in [false, true] {
        let clone = |it: &TcpStream| it.try_clone().expect("a socket");
        let (from, to) = match is_answer {
            true => (clone(&server), clone(&client)),
            false => (clone(&client), clone(&server)),
        };
        let left = 1 + dice.below(12);
        let way = (is_answer == of_answers).then_some(way);
        let (is_cutting, cuts) = (is_cutting.clone(), cuts.clone());
        thread::spawn(move || {
            if pass(&from, &to, left, way, &is_cutting) {
                cuts.fetch_add(1, Relaxed);
            }
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
    }
}

/// Passes on what comes, until it is to break: so many times something comes before. Returns whether it broke.
fn pass(
    mut from: &TcpStream,
    mut to: &TcpStream,
    mut left: usize,
    way: Option<Cut>,
    is_cutting: &AtomicBool,
) -> bool {
    let mut buffer = [0; 16 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer) else {
            return false;
        };
        left = left.saturating_sub(1);
        let due = way.filter(|_| left == 0 && is_cutting.load(Relaxed));
        let passed = match due {
            None | Some(Cut::BehindAnswer) => count,
            Some(Cut::WithinAnswer | Cut::WithinRequest) => count / 2,
            Some(Cut::BeforeAnswer) => 0,
        };
        if to.write_all(&buffer[..passed]).is_err() {
            return false;
        }
        if due.is_some() {
            return true;
        }
    }
}
