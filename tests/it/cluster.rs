//! Several servers that are one chat, by a real Redis.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::daemon::{Daemon, command, start};
use crate::harness::{PROMPT, Person, until};
use crate::program::program;
use crate::real_clients::leave_out;

/// How long a server that is gone counts as one that lives.
const LEASE: Duration = Duration::from_secs(15);

/// A Redis of the test's own, on a free port, whose file is in a directory of its own.
pub(crate) struct Redis {
    dir: PathBuf,
    port: u16,
    child: Child,
}

impl Redis {
    /// `None`: it is not installed.
    pub(crate) fn start(test: &str) -> Option<Redis> {
        if program("redis-server").arg("--version").output().is_err() {
            leave_out(test, "redis-server");
            return None;
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let dir = env::temp_dir().join(format!("chinwag-{}-redis-{port}", std::process::id()));
        fs::create_dir(&dir).expect("a directory can be made");
        let child = Redis::run(&dir, port);
        Some(Redis { dir, port, child })
    }

    fn run(dir: &Path, port: u16) -> Child {
        let child = program("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "yes",
            ])
            .args([
                "--appendfsync",
                "always",
                "--maxmemory-policy",
                "noeviction",
            ])
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server can be run");
        until("Redis listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        child
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).expect("it runs");
    }

    /// Kills it, and starts it again with the file that it had.
    fn kill_and_start(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        self.child = Redis::run(&self.dir, self.port);
    }

    /// Cuts the connections of all servers.
    fn cut_connections(&self) {
        self.answers(&["client", "kill", "type", "normal"]);
    }

    /// What it answers to this command.
    pub(crate) fn answers(&self, command: &[&str]) -> String {
        let mut client = program("redis-cli");
        client.args(["-p", &self.port.to_string()]).args(command);
        let output = client.output().expect("redis-cli can be run");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().into()
    }

    /// One of the servers of the chat.
    pub(crate) fn server(&self, node: &str, more: &[&str]) -> (Daemon, SocketAddr) {
        let url = self.url();
        start(&[&["--cluster", &url, "--node", node], more].concat())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
        _ = fs::remove_dir_all(&self.dir);
    }
}

/// Everyone else reads that somebody has joined.
fn joined(people: &mut [&mut Person], name: &str) {
    for it in people {
        it.reads(&format!("{name} has joined the chat."));
    }
}

#[test]
fn people_on_three_servers_are_in_one_chat() {
    let Some(redis) = Redis::start("people_on_three_servers_are_in_one_chat") else {
        return;
    };
    let servers = ["n1", "n2", "n3"].map(|it| redis.server(it, &["--history", "0"]));
    let [one, two, three] = [&servers[0], &servers[1], &servers[2]].map(|it| it.1);
    let mut ann = Person::login(one, "Ann");
    let mut bob = Person::login(two, "Bob");
    joined(&mut [&mut ann], "Bob");
    let mut cid = Person::login(three, "Cid");
    joined(&mut [&mut ann, &mut bob], "Cid");
    ann.types("hello");
    bob.reads("Ann: hello");
    cid.reads("Ann: hello");
    // A name is one person's, wherever they are.
    let mut other = Person::connect(three);
    other.sees(PROMPT);
    other.types("ann");
    other.reads("That username is taken.");
    drop(other);
    // What is private, where somebody is, and rooms.
    cid.types("/msg Ann psst");
    cid.reads("To Ann (private): psst");
    ann.reads("Cid (private): psst");
    ann.types("/reply hm");
    ann.reads("To Cid (private): hm");
    cid.reads("Ann (private): hm");
    bob.types("/join tea");
    bob.reads("You are in #tea now.");
    ann.reads("Bob has gone to #tea.");
    cid.reads("Bob has gone to #tea.");
    cid.types("/join TEA");
    cid.reads("You are in #tea now.");
    ann.reads("Cid has gone to #tea.");
    bob.reads("Cid has come in.");
    bob.types("/topic leaves");
    cid.reads("Bob has set the topic: leaves");
    cid.types("/nick Dora");
    bob.reads_until("Cid is now known as Dora.");
    cid.types("/quit so long");
    bob.reads("Dora has left the chat: so long");
    drop(servers);
}

#[test]
fn a_server_that_comes_late_knows_all_and_one_that_is_killed_takes_its_people_along() {
    let test = "a_server_that_comes_late_knows_all_and_one_that_is_killed_takes_its_people_along";
    let Some(redis) = Redis::start(test) else {
        return;
    };
    let (first, one) = redis.server("n1", &[]);
    let mut ann = Person::login(one, "Ann");
    ann.types("/join tea");
    ann.reads("You are in #tea now.");
    ann.types("/topic leaves");
    ann.types("first");
    let (_second, two) = redis.server("n2", &[]);
    let mut bob = Person::login(two, "Bob");
    bob.types("/join tea");
    bob.reads_until("You are in #tea now.");
    let shown = bob.reads_until("-- end --");
    let holds = |words: &str| shown.iter().any(|it| it.contains(words));
    assert!(holds("leaves") && holds("Ann: first"), "{shown:?}");
    ann.reads_until("Bob has come in.");
    first.signal(Signal::SIGKILL);
    // The lease runs out, and somebody notices.
    let ears = bob.stream();
    ears.set_read_timeout(Some(2 * LEASE))
        .expect("a time limit can be set");
    let mut line = String::new();
    BufReader::new(ears).read_line(&mut line).expect("a line");
    assert_eq!(line, "Ann has left the chat: the server n1 was lost.\r\n");
    // The name is free.
    let mut new = Person::login(two, "Ann");
    new.types("/quit");
}

#[test]
fn a_server_that_was_counted_as_gone_brings_its_people_back() {
    let test = "a_server_that_was_counted_as_gone_brings_its_people_back";
    let Some(redis) = Redis::start(test) else {
        return;
    };
    let (first, one) = redis.server("n1", &["--history", "0"]);
    let (_second, two) = redis.server("n2", &["--history", "0"]);
    let mut ann = Person::login(one, "Ann");
    let mut bob = Person::login(two, "Bob");
    joined(&mut [&mut ann], "Bob");
    first.signal(Signal::SIGSTOP);
    let ears = bob.stream();
    ears.set_read_timeout(Some(2 * LEASE))
        .expect("a time limit can be set");
    let mut line = String::new();
    BufReader::new(ears).read_line(&mut line).expect("a line");
    assert_eq!(line, "Ann has left the chat: the server n1 was lost.\r\n");
    first.signal(Signal::SIGCONT);
    bob.reads("Ann has joined the chat.");
    ann.reads_until("Ann has joined the chat.");
    ann.types("hello again");
    bob.reads("Ann: hello again");
    bob.types("hello");
    ann.reads_until("Bob: hello");
}

#[test]
fn a_redis_that_stands_still_or_is_killed_costs_no_line() {
    let Some(mut redis) = Redis::start("a_redis_that_stands_still_or_is_killed_costs_no_line")
    else {
        return;
    };
    let (_first, one) = redis.server("n1", &["--history", "0"]);
    let (_second, two) = redis.server("n2", &["--history", "0"]);
    let mut ann = Person::login(one, "Ann");
    let mut bob = Person::login(two, "Bob");
    joined(&mut [&mut ann], "Bob");
    redis.send(Signal::SIGSTOP);
    ann.types("one");
    for it in [&mut ann, &mut bob] {
        it.reads("-- The other servers cannot be reached; what you say waits. --");
    }
    ann.types("two");
    // What concerns nobody else goes on.
    ann.types("/users");
    ann.reads("Users online: 2");
    redis.send(Signal::SIGCONT);
    let back = "-- Connected again. --";
    let mut heard = [bob.reads_line(), bob.reads_line(), bob.reads_line()];
    heard.sort();
    assert_eq!(heard, [back, "Ann: one", "Ann: two"]);
    ann.reads_until(back);
    for round in 0..3 {
        let line = format!("three {round}");
        ann.types(&line);
        redis.kill_and_start();
        bob.reads(&format!("Ann: {line}"));
    }
}

/// Waits until somebody sees so many people in the chat.
fn sees_online(person: &mut Person, count: usize) {
    until("everyone is back", || {
        person.types("/users");
        let mut lines = iter::from_fn(|| Some(person.reads_line()));
        let told = lines.find_map(|it| it.strip_prefix("Users online: ")?.parse().ok());
        told == Some(count)
    });
}

#[test]
fn a_redis_that_comes_back_empty_brings_everyone_back() {
    let Some(redis) = Redis::start("a_redis_that_comes_back_empty_brings_everyone_back") else {
        return;
    };
    let (_first, one) = redis.server("n1", &["--history", "0"]);
    let (_second, two) = redis.server("n2", &["--history", "0"]);
    let mut ann = Person::login(one, "Ann");
    let mut bob = Person::login(two, "Bob");
    joined(&mut [&mut ann], "Bob");
    for round in 0..5 {
        redis.answers(&["flushall"]);
        // Each has come anew before anybody talks again.
        ann.reads_until("Ann has joined the chat.");
        bob.reads_until("Bob has joined the chat.");
        for it in [&mut ann, &mut bob] {
            sees_online(it, 2);
        }
        let line = format!("round {round}");
        ann.types(&line);
        bob.reads_until(&format!("Ann: {line}"));
        bob.types(&line);
        ann.reads_until(&format!("Bob: {line}"));
    }
}

#[test]
fn what_stands_in_the_way_of_a_start_is_a_sentence() {
    let Some(redis) = Redis::start("what_stands_in_the_way_of_a_start_is_a_sentence") else {
        return;
    };
    let (_first, _) = redis.server("n1", &[]);
    let url = redis.url();
    let mut again = Daemon::spawn(command(&[
        "-l",
        "127.0.0.1:0",
        "--cluster",
        &url,
        "--node",
        "n1",
    ]));
    again.logs("another server is called n1");
}

/// People who talk, on each of three servers.
const TALKERS: usize = 4;

/// What happens to Redis while people talk.
struct Accidents {
    /// How often all connections are cut.
    cuts: usize,
    /// At every how manieth of these it is killed, and started again.
    kill_at: usize,
    /// How many lines each person says.
    lines: usize,
}

/// Reads so many lines that others said. The sentences of the server are left out.
fn lines_of_others(person: &mut Person, count: usize) -> Vec<String> {
    let said = iter::from_fn(|| Some(person.reads_line()));
    said.filter(|it| it.contains(": line "))
        .take(count)
        .collect()
}

/// Everyone reads everything once, and all in one order, whatever happens to Redis meanwhile.
fn talk_through(test: &str, accidents: &Accidents) {
    let Some(mut redis) = Redis::start(test) else {
        return;
    };
    let more = ["--history", "0", "--rate", "100:10"];
    let servers = ["n1", "n2", "n3"].map(|it| redis.server(it, &more));
    let mut ear = Person::login(servers[0].1, "ear");
    let names: Vec<String> = (0..3 * TALKERS).map(|it| format!("p{it}")).collect();
    let mut people: Vec<Person> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let newcomer = Person::login(servers[at % 3].1, name);
        for it in people.iter_mut().chain([&mut ear]) {
            it.reads(&format!("{name} has joined the chat."));
        }
        people.push(newcomer);
    }
    // They say more at once than the server takes, and it goes on reading all the while.
    let said: String = (0..accidents.lines)
        .map(|it| format!("line {it}\n"))
        .collect();
    people.iter_mut().for_each(|it| it.sends(said.as_bytes()));
    let all = accidents.lines * people.len();
    let mut heard = Vec::new();
    for cut in 1..=accidents.cuts {
        heard.extend(lines_of_others(&mut ear, all / (accidents.cuts + 1)));
        redis.cut_connections();
        if cut % accidents.kill_at == 0 {
            redis.kill_and_start();
        }
    }
    heard.extend(lines_of_others(&mut ear, all - heard.len()));
    for name in &names {
        let of_name = of(name, &heard);
        let whole: Vec<String> = (0..accidents.lines)
            .map(|it| format!("{name}: line {it}"))
            .collect();
        assert!(
            of_name == whole,
            "not all of {name} once and in order: {of_name:#?}"
        );
    }
    for (name, person) in names.iter().zip(&mut people) {
        let own = of(name, &heard);
        let expected: Vec<&String> = heard.iter().filter(|it| !own.contains(it)).collect();
        let read = lines_of_others(person, expected.len());
        assert!(read.iter().eq(expected), "{name} read it in another way");
    }
    for (daemon, _) in servers {
        daemon.signal(Signal::SIGTERM);
        let (status, _, _) = daemon.ends();
        assert!(status.success());
    }
}

/// The lines of one person.
fn of(name: &str, lines: &[String]) -> Vec<String> {
    let by = format!("{name}: ");
    lines
        .iter()
        .filter(|it| it.starts_with(&by))
        .cloned()
        .collect()
}

#[test]
fn everyone_reads_everything_once_through_accidents() {
    let test = "everyone_reads_everything_once_through_accidents";
    let (cuts, kill_at, lines) = (20, 7, 60);
    talk_through(
        test,
        &Accidents {
            cuts,
            kill_at,
            lines,
        },
    );
}

#[test]
#[ignore = "takes a minute; .ci/run runs it"]
fn everyone_reads_everything_once_through_many_accidents() {
    let test = "everyone_reads_everything_once_through_many_accidents";
    let (cuts, kill_at, lines) = (200, 10, 400);
    talk_through(
        test,
        &Accidents {
            cuts,
            kill_at,
            lines,
        },
    );
}
