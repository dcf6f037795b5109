//! Redis by other ways than its port: by a socket of the file system, by Sentinels, by TLS.

use std::fs;
use std::time::Duration;

use super::member::{Member, try_to_join};
use super::server::RedisServer;
use crate::work::cluster::{Error, Options};

fn says_and_hears(options: &Options) {
    let mut member = Member::start(options);
    member.say(vec!["hi".into()]);
    member.until("it is heard", |it| it.heard == ["hi"]);
    assert_eq!(member.stop(), 0);
}

#[test]
fn a_socket_of_the_file_system_will_do() {
    let settings = ["--unixsocket", "redis.sock", "--requirepass", "h@sh"];
    let Some(server) = RedisServer::start("a socket", &settings) else {
        return;
    };
    let path = server.dir.join("redis.sock");
    let url = format!("unix:{}?pass=h%40sh", path.display());
    says_and_hears(&Options::new(&url, "n1", "chat").expect("options"));
}

#[test]
fn sentinels_tell_where_redis_is() {
    let Some(server) = RedisServer::start("Sentinels", &["--requirepass", "hush"]) else {
        return;
    };
    let file = server.dir.join("sentinel.conf");
    let lines = format!(
        "sentinel monitor main 127.0.0.1 {} 1\nsentinel auth-pass main hush\n",
        server.port
    );
    fs::write(&file, lines).expect("a file");
    let sentinel = RedisServer::sentinel(&file);
    // The first one is not there.
    let url = format!(
        "redis+sentinel://:hush@127.0.0.1:1,127.0.0.1:{}/main/0",
        sentinel.port
    );
    says_and_hears(&Options::new(&url, "n1", "chat").expect("options"));
    let url = url.replace("main", "other");
    let error = try_to_join(&Options::new(&url, "n1", "chat").expect("options"));
    let error = error.expect_err("no such master").to_string();
    assert!(error.contains("the Sentinels know no other"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn tls_where_there_is_none_is_a_sentence() {
    let Some(server) = RedisServer::start("TLS", &[]) else {
        return;
    };
    let url = format!("rediss://127.0.0.1:{}/0", server.port);
    let error = try_to_join(&Options::new(&url, "n1", "chat").expect("options"));
    assert!(matches!(error, Err(Error::Away { .. })), "{error:?}");
    let began = std::time::Instant::now();
    says_and_hears(&server.options("n1"));
    assert!(began.elapsed() < Duration::from_secs(30));
}
