//! The stream is another one by now, or cannot be read.

use super::member::Member;
use super::server::RedisServer;

#[test]
fn a_redis_that_comes_back_empty_is_told_and_joined_again() {
    let settings = ["--appendonly", "yes"];
    let Some(mut server) = RedisServer::start("an empty Redis", &settings) else {
        return;
    };
    let mut member = Member::start(&server.options("n1"));
    let before = member.epoch;
    member.say(vec!["before".into()]);
    member.until("it is heard", |it| it.heard.len() == 1);
    server.kill();
    server.forget();
    server.start_again();
    member.until("it is back", |it| it.told.iter().any(|it| it == "returned"));
    let lost = member
        .told
        .iter()
        .filter(|it| it.starts_with("lost"))
        .count();
    assert!(lost == 1 && member.epoch != before, "{:?}", member.told);
    member.say(vec!["after".into()]);
    member.until("it is heard", |it| it.heard == ["before", "after"]);
    assert_eq!(member.stop(), 0);
}

#[test]
fn entries_that_were_removed_unread_are_missed() {
    let Some(server) = RedisServer::start("removed entries", &[]) else {
        return;
    };
    let mut member = Member::start(&server.options("n1"));
    for batch in 0..3 {
        member.say(vec![format!("{batch}")]);
    }
    member.until("all are heard", |it| it.heard.len() == 3);
    // What was read may go, even all of it.
    server.ask("XTRIM chat MAXLEN = 0");
    server.ask("CLIENT KILL TYPE normal");
    member.say(vec!["more".into()]);
    member.until("it is heard", |it| it.heard.len() == 4);
    assert!(!member.told.iter().any(|it| it.starts_with("lost")));
    // Both in one transaction: nobody has read it.
    server.ask(
        "EVAL redis.call('XADD','chat','*','v','1');redis.call('XTRIM','chat','MAXLEN','=',0) 0",
    );
    member.until("it is told", |it| {
        it.told.iter().any(|it| it.contains("removed before"))
    });
}

#[test]
fn what_cannot_be_read_ends_the_server() {
    let Some(server) = RedisServer::start("unreadable entries", &[]) else {
        return;
    };
    let mut member = Member::start(&server.options("n1"));
    server.ask("XADD chat * v 2 n n2 e 1 f 1 c 1 a [1]");
    member.until("it is told", |it| it.told.len() == 2);
    let why = &member.told[0];
    assert!(
        why.starts_with("failed: chat in Redis cannot be read (entry "),
        "{why}"
    );
    assert!(
        why.contains("version 2") && why.ends_with("or give another key"),
        "{why}"
    );
    assert_eq!(member.told[1], "stopped 0");
}

#[test]
fn a_key_of_another_type_ends_the_server() {
    let Some(server) = RedisServer::start("another type", &[]) else {
        return;
    };
    let member = Member::start(&server.options("n1"));
    server.ask("DEL chat");
    server.ask("SET chat text");
    let mut member = member;
    member.until("it is told", |it| {
        it.told.iter().any(|it| it.starts_with("failed"))
    });
    member.until("it stops", |it| {
        it.told.iter().any(|it| it.starts_with("stopped"))
    });
}
