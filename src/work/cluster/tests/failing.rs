//! Connections break, and Redis stands still or ends: nothing is lost, told twice or out of order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::member::Member;
use super::proxy::Proxy;
use super::server::{RedisServer, pause, until};
use crate::dice::Dice;
use crate::work::cluster::Options;

/// Acts of each writer.
const ACTS: usize = 10_000;
/// How many of them are said once nothing fails any more.
const LAST: usize = 500;

/// Says all acts, some each tick, until both have heard everything of both.
fn talk(mut member: Member, name: &str, is_quiet: &AtomicBool) -> Member {
    let mut dice = Dice::new(name.len() as u64);
    let mut said = 0;
    let by = Instant::now() + Duration::from_secs(120);
    while member.heard.len() < 2 * ACTS {
        assert!(
            Instant::now() < by,
            "{name}: {:?}",
            (said, member.heard.len(), &member.told)
        );
        let until = ACTS - if is_quiet.load(Relaxed) { 0 } else { LAST };
        let count = dice
            .below(60)
            .min(until - said.min(until))
            .min(member.room());
        if count > 0 {
            let acts = (said..said + count).map(|it| format!("{name} {it}"));
            member.say(acts.collect());
            said += count;
        }
        member.hear(Duration::from_millis(10));
    }
    member
}

/// Two members say everything while something fails. Each has to hear each act once, and both in one order.
fn talk_while(options: [Options; 2], fail: impl FnOnce()) -> [Member; 2] {
    let [one, two] = options;
    let is_quiet = AtomicBool::new(false);
    let mut first = Member::start(&one);
    let joining = thread::spawn(move || Member::start(&two));
    first.until("the other is in", |_| joining.is_finished());
    let second = joining.join().expect("it joins");
    let members = thread::scope(|scope| {
        let first = scope.spawn(|| talk(first, "a", &is_quiet));
        let second = scope.spawn(|| talk(second, "bb", &is_quiet));
        fail();
        is_quiet.store(true, Relaxed);
        [first, second].map(|it| it.join().expect("it talks"))
    });
    for member in &members {
        assert_eq!(member.lost, 0);
        let mut next: HashMap<&str, usize> = HashMap::new();
        for act in &member.heard {
            let (name, number) = act.split_once(' ').expect("two words");
            let expected = next.entry(name).or_default();
            assert_eq!(number, expected.to_string(), "{name}");
            *expected += 1;
        }
        assert_eq!(next, HashMap::from([("a", ACTS), ("bb", ACTS)]));
    }
    assert!(members[0].heard == members[1].heard, "two orders");
    members
}

#[test]
fn each_act_is_heard_once_while_connections_are_killed_and_redis_stops_and_ends() {
    let settings = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start("killed connections", &settings) else {
        return;
    };
    let options = [server.options("n1"), server.options("n2")];
    let mut members = talk_while(options, || {
        for _ in 0..50 {
            server.ask("CLIENT KILL TYPE normal SKIPME yes");
            pause(Duration::from_millis(60));
        }
        server.signal(Signal::SIGSTOP);
        pause(Duration::from_secs(3));
        server.signal(Signal::SIGCONT);
        pause(Duration::from_millis(300));
        server.kill();
        pause(Duration::from_millis(300));
        server.start_again();
    });
    for member in &mut members {
        // The reader may be well before the writer is.
        member.until("it is well", |it| {
            it.told.last().is_some_and(|it| it == "back")
        });
        let words: Vec<&str> = member.told.iter().map(String::as_str).collect();
        assert!(
            words.contains(&"away") && words.last() == Some(&"back"),
            "{words:?}"
        );
        assert!(
            words.iter().all(|it| ["away", "back"].contains(it)),
            "{words:?}"
        );
        assert_eq!(member.stop(), 0);
    }
    assert_eq!(
        server.ask("EXISTS chat:lease:n1 chat:lease:n2 chat:nodes"),
        redis::Value::Int(0)
    );
}

#[test]
fn each_act_is_heard_once_through_a_proxy_that_cuts() {
    let Some(server) = RedisServer::start("a cutting proxy", &[]) else {
        return;
    };
    let proxy = Proxy::before(server.port);
    let url = format!("redis://127.0.0.1:{}/0", proxy.port);
    let options = ["n1", "n2"].map(|it| Options::new(&url, it, "chat").expect("options"));
    let mut members = talk_while(options, || {
        proxy.is_cutting.store(true, Relaxed);
        until("it cuts", || proxy.cuts.load(Relaxed) >= 60);
        proxy.is_cutting.store(false, Relaxed);
    });
    members.iter_mut().for_each(|it| assert_eq!(it.stop(), 0));
}

#[test]
fn what_redis_refuses_is_kept_until_it_takes_it() {
    let Some(server) = RedisServer::start("a full Redis", &[]) else {
        return;
    };
    let mut member = Member::start(&server.options("n1"));
    member.say(vec!["before".into()]);
    member.until("it is heard", |it| it.heard.len() == 1);
    for (set, reset) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
        (
            "CONFIG SET min-replicas-to-write 1",
            "CONFIG SET min-replicas-to-write 0",
        ),
    ] {
        let heard = member.heard.len();
        member.told.clear();
        server.ask(set);
        member.say((0..100).map(|it| format!("{set} {it}")).collect());
        member.until("it is told", |it| it.told == ["away"]);
        assert_eq!(member.heard.len(), heard);
        server.ask(reset);
        member.until("it goes on", |it| it.told == ["away", "back"]);
        member.until("it is heard", |it| it.heard.len() == heard + 100);
    }
    assert_eq!((member.stop(), member.lost), (0, 0));
}
