//! The whole server over loopback, in a thread of this process: the time until everyone has read a line that one of
//! them said.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use chinwag::{Config, Server};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const LINE: &[u8] = b"the quick brown fox jumps over the lazy dog, and then once more\n";

/// The bytes that people receive when `p0` says that.
const SAID: usize = "p0: ".len() + LINE.len() + 1;

struct Room(Vec<TcpStream>);

impl Room {
    /// Lets people in one by one, and reads everything that they are told about each other.
    fn of(people: usize, addr: SocketAddr) -> io::Result<Room> {
        let mut room = Room(Vec::new());
        for i in 0..people {
            let mut stream = TcpStream::connect(addr)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            writeln!(stream, "p{i}")?;
            room.0.push(stream);
            let joined = format!("p{i} has joined the chat.\r\n");
            for (place, stream) in room.0.iter_mut().enumerate() {
                let welcome = if place == i {
                    "Enter your username: Welcome to the chat!\r\nType /help for the list of commands.\r\n".len()
                } else {
                    0
                };
                stream.read_exact(&mut vec![0; welcome + joined.len()])?;
            }
        }
        Ok(room)
    }

    /// The first person says this many lines at once, and everyone else reads them.
    fn say(&mut self, lines: usize) -> io::Result<()> {
        let (speaker, others) = self.0.split_at_mut(1);
        speaker[0].write_all(&LINE.repeat(lines))?;
        let mut heard = vec![0; lines * SAID];
        for stream in others {
            stream.read_exact(&mut heard)?;
        }
        Ok(())
    }
}

fn loopback(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loopback");
    for (people, lines) in [(2, 1), (100, 1), (100, 100)] {
        let mut config = Config::default();
        config.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()];
        let mut server = Server::bind(config).expect("a free port");
        let (addr, handle) = (server.local_addrs()[0], server.handle());
        let thread = thread::spawn(move || server.run());

        let mut room = Room::of(people, addr).expect("people are let in");
        let deliveries = lines * (people - 1);
        group.throughput(Throughput::Elements(deliveries as u64));
        let name = BenchmarkId::new("say", format!("{lines} to {}", people - 1));
        group.bench_function(name, |bencher| {
            bencher.iter(|| room.say(lines).expect("everyone hears"));
        });
        drop(room);
        handle.shutdown();
        thread
            .join()
            .expect("the server's thread ends")
            .expect("the server's poll works");
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = loopback
}
criterion_main!(benches);
