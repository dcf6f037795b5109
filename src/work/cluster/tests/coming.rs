//! Servers come: alone, to one that stands, and at the same time.

use std::thread;
use std::time::{Duration, Instant};

use redis::Value;

use super::member::{Member, entrance, try_to_join};
use super::server::{RedisServer, until};
use crate::limits::cluster::{LEASE, STATE_PIECE};
use crate::work::cluster::{Errand, Error, Options, Start};

/// The other comes while this one hears.
fn come_to(first: &mut Member, options: &Options) -> Member {
    let options = options.clone();
    let joining = thread::spawn(move || Member::start(&options));
    first.until("the other is in", |_| joining.is_finished());
    joining.join().expect("it joins")
}

#[test]
fn one_that_is_alone_founds_and_the_next_gets_its_state() {
    let Some(server) = RedisServer::start("a state", &[]) else {
        return;
    };
    let mut first = Member::start(&server.options("n1"));
    assert!(first.is_standing);
    // A state of several pieces.
    let long = "x".repeat(STATE_PIECE / 2);
    let acts = (0..10).map(|it| format!("{it} {long}"));
    acts.for_each(|it| first.say(vec![it]));
    first.until("it is heard", |it| it.heard.len() == 10);
    let mut second = come_to(&mut first, &server.options("n2"));
    assert!(second.heard == first.heard);
    second.say(vec!["hi".into()]);
    first.until("it is heard", |it| it.heard.len() == 11);
    second.until("it is heard", |it| it.heard.len() == 11);
    // The second answers when the first is gone.
    assert_eq!(first.stop(), 0);
    let third = come_to(&mut second, &server.options("n3"));
    assert!(third.heard == second.heard && third.seen.last(second.epoch).is_some());
}

/// Two come to an empty stream at the same time.
fn race(server: &RedisServer, round: &str) -> [Member; 2] {
    let options = ["n1", "n2"].map(|it| Options::new(&server.url(), it, round).expect("options"));
    let threads = options.map(|it| {
        thread::spawn(move || {
            let joined = try_to_join(&it).expect("it joins");
            (joined.is_founded(), Member::with(&it, joined))
        })
    });
    let mut threads: Vec<_> = threads.into_iter().collect();
    let mut members: Vec<(bool, Member)> = Vec::new();
    // The one that is in has to hear, or the other never gets the state.
    until("both are in", || {
        for thread in threads.extract_if(.., |it| it.is_finished()) {
            members.push(thread.join().expect("it joins"));
        }
        members.iter_mut().for_each(|it| it.1.hear(Duration::ZERO));
        members.len() == 2
    });
    let founders = members.iter().filter(|it| it.0).count();
    assert_eq!(founders, 1, "{round}");
    let [mut a, mut b] = <[_; 2]>::try_from(members)
        .ok()
        .expect("two")
        .map(|it| it.1);
    a.say(vec!["a".into()]);
    b.say(vec!["b".into()]);
    a.until("both are heard", |it| it.heard.len() == 2);
    b.until("both are heard", |it| it.heard.len() == 2);
    assert!(a.heard == b.heard, "{round}");
    [a, b]
}

#[test]
fn of_two_that_come_at_once_one_founds() {
    let Some(server) = RedisServer::start("a race", &[]) else {
        return;
    };
    thread::scope(|scope| {
        for group in 0..5 {
            let server = &server;
            scope.spawn(move || {
                let rounds = (0..10).map(|it| race(server, &format!("chat:{group}:{it}")));
                let mut members: Vec<Member> = rounds.flatten().collect();
                members.iter_mut().for_each(Member::leave);
                for mut member in members {
                    assert_eq!(member.stop() + member.lost, 0);
                }
            });
        }
    });
}

#[test]
fn a_second_server_of_one_name_does_not_start() {
    let Some(server) = RedisServer::start("one name", &[]) else {
        return;
    };
    let options = server.options("n1");
    let mut first = Member::start(&options);
    let taken = Error::Taken { node: "n1".into() };
    assert_eq!(try_to_join(&options), Err(taken.clone()));
    assert_eq!(
        taken.to_string(),
        "another server is called n1; stop it, or give another name"
    );
    first.say(vec!["still here".into()]);
    first.until("it is heard", |it| it.heard.len() == 1);
    // One that was killed leaves its lease behind, which runs out.
    assert_eq!(first.stop(), 0);
    server.ask("SET chat:lease:n1 00000000000000ab_standing PX 1500");
    let again = try_to_join(&options).expect("it joins");
    assert_eq!(again.start, Start::Founded);
}

#[test]
fn a_lease_that_runs_out_is_told() {
    let Some(server) = RedisServer::start("leases", &[]) else {
        return;
    };
    let began = Instant::now();
    let mut first = Member::start(&server.options("n1"));
    let second = come_to(&mut first, &server.options("n2"));
    let epochs = [("n1", first.epoch), ("n2", second.epoch ^ 1), ("n3", 5)];
    let watched = epochs.map(|(node, epoch)| (node.into(), epoch));
    first.hand_over(Errand::Watch(watched.into()));
    // One has another epoch, so its server is another one.
    first.until("it is told", |it| it.told == ["expired n2"]);
    // One has none, which may be because Redis was away.
    first.until("it is told", |it| {
        it.told.iter().any(|it| it == "expired n3")
    });
    assert!(began.elapsed() >= LEASE, "{:?}", began.elapsed());
    assert!(!first.told.iter().any(|it| it == "expired n1"));
    assert_eq!(
        server.ask("EXISTS chat:lease:n1 chat:lease:n2"),
        Value::Int(2)
    );
}

#[test]
fn one_that_was_given_up_comes_back_under_another_epoch() {
    let Some(server) = RedisServer::start("a return", &[]) else {
        return;
    };
    let mut first = Member::start(&server.options("n1"));
    let mut second = come_to(&mut first, &server.options("n2"));
    let before = second.epoch;
    second.say(vec!["before".into()]);
    second.hand_over(Errand::Return(entrance()));
    second.until("it is back", |it| {
        first.hear(Duration::ZERO);
        it.told == ["returned"]
    });
    assert_ne!(second.epoch, before);
    second.say(vec!["after".into()]);
    first.say(vec!["and more".into()]);
    for member in [&mut first, &mut second] {
        member.until("all is heard", |it| {
            it.heard.iter().any(|it| it == "and more")
        });
        member.until("all is heard", |it| it.heard.iter().any(|it| it == "after"));
    }
    assert!(first.heard == second.heard);
    let heard = |act| first.heard.iter().filter(|it| *it == act).count();
    // What was not sent before the return is the caller's to say again.
    assert!(heard("before") <= 1 && heard("after") == 1 && heard("and more") == 1);
    assert_eq!(first.stop() + second.stop() + first.lost + second.lost, 0);
}

#[test]
fn what_stands_in_the_way_of_a_start_is_a_sentence() {
    let Some(server) = RedisServer::start("faults", &["--requirepass", "hush"]) else {
        return;
    };
    let at = |url: &str| Options::new(url, "n1", "chat").expect("options");
    let place = format!("127.0.0.1:{}", server.port);
    for url in [
        format!("redis://{place}"),
        format!("redis://:wrong@{place}"),
    ] {
        let error = try_to_join(&at(&url)).expect_err("a password");
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&place) && !text.contains("wrong@"), "{text}");
    }
    server.ask("SET chat text");
    let error = try_to_join(&server.options("n1")).expect_err("a text");
    let sentence = "chat in Redis is a string and no stream; give another key, or delete it";
    assert_eq!(error.to_string(), sentence);
    server.ask("DEL chat");
    server.ask("XADD chat * v 2 n n1");
    server.ask("CONFIG SET maxmemory-policy allkeys-lru");
    server.ask("CONFIG SET maxmemory 20mb");
    let joined = try_to_join(&server.options("n1")).expect("it joins");
    assert_eq!(joined.warnings.len(), 2, "{:?}", joined.warnings);
}

#[test]
fn a_redis_that_is_away_ends_the_start() {
    let Some(mut server) = RedisServer::start("no Redis", &[]) else {
        return;
    };
    let options = server.options("n1");
    server.kill();
    let began = Instant::now();
    let error = try_to_join(&options).expect_err("no Redis");
    assert!(matches!(error, Error::Away { .. }), "{error}");
    assert!(began.elapsed() >= Duration::from_secs(9));
}
