//! The floors of the crate: imports only go down, and the lower floors know neither sockets nor clocks.
//!
//! As in [`tidy`](crate::tidy), every check also runs on a small bad sample.

use crate::source::{Source, check, find_words, is_word, sample, shipped, sources};

/// One floor of the crate: its files, the floors below it, and the crates that it may use besides `std`.
struct Floor {
    /// Beginnings of the paths of its files.
    files: &'static [&'static str],
    /// Modules of this crate that it may name.
    modules: &'static [&'static str],
    crates: &'static [&'static str],
}

const FLOORS: [Floor; 8] = [
    Floor {
        files: &[
            "src/limits.rs",
            "src/limits/",
            "src/error.rs",
            "src/id.rs",
            "src/name.rs",
            "src/name/",
            "src/invisible.rs",
            "src/account.rs",
            "src/account/",
            "src/sanction.rs",
            "src/erasure.rs",
            "src/network.rs",
            "src/journal.rs",
            "src/journal/",
            "src/message/",
            "src/moment.rs",
            "src/query.rs",
            "src/tally",
            "src/token.rs",
        ],
        modules: &[
            "limits",
            "error",
            "id",
            "name",
            "invisible",
            "journal",
            "account",
            "sanction",
            "erasure",
            "network",
            "message",
            "moment",
            "query",
            "tally",
            "token",
        ],
        crates: &[
            "bytes",
            "serde",
            "serde_json",
            "unicode_ident",
            "unicode_joining_type",
            "unicode_normalization",
            "unicode_script",
            "unicode_security",
        ],
    },
    Floor {
        files: &["src/deadlines.rs", "src/dice.rs", "src/rate.rs"],
        modules: &["limits", "error", "id", "name", "message", "moment"],
        crates: &[],
    },
    Floor {
        files: &["src/wire/"],
        modules: &[
            "account",
            "erasure",
            "sanction",
            "limits",
            "error",
            "id",
            "name",
            "account",
            "invisible",
            "message",
            "moment",
            "query",
            "wire",
        ],
        crates: &[
            "bytes",
            "httparse",
            "memchr",
            "serde_core",
            "serde_json",
            "sha1_smol",
            "unicode_width",
        ],
    },
    Floor {
        files: &["src/page/"],
        modules: &["page"],
        crates: &["bytes", "sha1_smol"],
    },
    Floor {
        files: &["src/chat/"],
        modules: &[
            "account",
            "erasure",
            "network",
            "sanction",
            "limits",
            "error",
            "id",
            "name",
            "account",
            "sanction",
            "network",
            "journal",
            "message",
            "moment",
            "query",
            "wire",
            "deadlines",
            "tally",
            "token",
            "chat",
        ],
        crates: &["hashbrown", "serde", "serde_json", "slab"],
    },
    Floor {
        files: &["src/net/"],
        modules: &["limits", "error", "id", "moment", "net"],
        crates: &["bytes", "libc", "log", "mio", "rustls", "socket2"],
    },
    Floor {
        files: &["src/work/"],
        modules: &[
            "account", "erasure", "limits", "id", "name", "message", "moment", "network", "query",
            "sanction", "token", "wire", "work",
        ],
        crates: &[
            "argon2",
            "redis",
            "rusqlite",
            "rustix",
            "serde",
            "serde_json",
            "sha2",
        ],
    },
    Floor {
        files: &["src/server/"],
        modules: &[
            "account",
            "sanction",
            "limits",
            "error",
            "id",
            "name",
            "journal",
            "message",
            "moment",
            "wire",
            "deadlines",
            "rate",
            "tally",
            "token",
            "chat",
            "net",
            "network",
            "page",
            "work",
            "server",
        ],
        crates: &["bytes", "jiff", "log", "mio", "slab"],
    },
];

fn floor(path: &str) -> Option<&'static Floor> {
    let stands_on = |floor: &&Floor| floor.files.iter().any(|begin| path.starts_with(begin));
    FLOORS.iter().find(stands_on)
}

/// The names after each `crate::`. Names in braces are listed one by one.
fn modules_named(code: &str) -> Vec<&str> {
    let mut named = Vec::new();
    for after in code.split("crate::").skip(1) {
        let names = match after.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or(inside),
            None => after.split(|c| !is_word(c)).next().unwrap_or(after),
        };
        let heads = names.split(',').map(|name| name.split("::").next());
        named.extend(
            heads
                .flatten()
                .map(str::trim)
                .filter(|name| !name.is_empty()),
        );
    }
    named
}

/// The crates that `Cargo.toml` lists, as the code spells them.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if inside && let Some((name, _)) = line.split_once(" = ") {
            names.push(name.trim_start_matches("# ").replace('-', "_"));
        }
    }
    names
}

fn upward_imports(source: &Source, dependencies: &[String]) -> Vec<String> {
    let Some(floor) = floor(&source.path) else {
        return Vec::new();
    };
    let code = shipped(source);
    let named = modules_named(&code).into_iter();
    let modules = named.filter(|name| !floor.modules.contains(name));
    let mut findings: Vec<String> = modules.map(|name| format!("crate::{name}")).collect();
    for crate_name in dependencies {
        if !floor.crates.contains(&crate_name.as_str()) {
            findings.extend(find_words(&code, &[&format!("{crate_name}::")]));
        }
    }
    findings
}

#[test]
fn every_file_of_the_library_stands_on_a_floor() {
    check(&sources(&["src"]), "not on a known floor", |source| {
        let above = ["src/bin/", "src/client/", "src/lib.rs"];
        let known =
            floor(&source.path).is_some() || above.iter().any(|a| source.path.starts_with(a));
        if known {
            vec![]
        } else {
            vec!["which floor?".into()]
        }
    });
}

#[test]
fn imports_only_go_down() {
    let dependencies = dependencies(include_str!("../../Cargo.toml"));
    assert!(
        ["mio", "slab", "signal_hook"]
            .iter()
            .all(|d| dependencies.iter().any(|n| n == d))
    );
    check(&sources(&["src"]), "imports go down only", |source| {
        upward_imports(source, &dependencies)
    });

    let mio = ["mio".to_string()];
    let finds = |path, text| upward_imports(&sample(path, text), &mio);
    assert_eq!(
        finds("src/wire/x.rs", "use crate::chat::Hub;\n"),
        ["crate::chat"]
    );
    assert_eq!(
        finds("src/chat/x.rs", "use crate::{id, net};\n"),
        ["crate::net"]
    );
    assert_eq!(
        finds("src/net/x.rs", "fn f(_: crate::chat::Hub) {}\n"),
        ["crate::chat"]
    );
    assert_eq!(
        finds("src/net/x.rs", "use crate::wire::render;\n"),
        ["crate::wire"]
    );
    assert_eq!(
        finds("src/id.rs", "use crate::Config;\n"),
        ["crate::Config"]
    );
    assert_eq!(
        finds("src/chat/x.rs", "use mio::Poll;\n"),
        ["line 1: mio::"]
    );
    assert_eq!(
        finds("src/chat/x.rs", "/// [`crate::Server`] and mio::Poll\n"),
        [""; 0]
    );
    assert_eq!(
        finds("src/server/x.rs", "use crate::chat::Hub;\nuse mio::Poll;\n"),
        [""; 0]
    );
}

/// Sockets and streams in the pure floors. An address is no socket.
fn input_and_output(source: &Source) -> Vec<String> {
    let pure = ["src/chat/", "src/wire/", "src/deadlines.rs"];
    if !pure.iter().any(|begin| source.path.starts_with(begin)) {
        return Vec::new();
    }
    let sockets = [
        "std::io",
        "std::fs",
        "std::process",
        "std::thread",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "ToSocketAddrs",
        "UnixStream",
    ];
    let code = shipped(source);
    let mut findings = find_words(&code, &sockets);
    let addresses = ["IpAddr", "Ipv4Addr", "Ipv6Addr", "SocketAddr"];
    for (number, line) in code.lines().enumerate() {
        let Some((_, names)) = line.split_once("std::net") else {
            continue;
        };
        let mut names = names.split(|c: char| !c.is_alphanumeric());
        if !names.all(|name| name.is_empty() || addresses.contains(&name)) {
            findings.push(format!("line {}: std::net", number + 1));
        }
    }
    findings
}

#[test]
fn the_chat_and_the_wire_know_no_socket() {
    check(
        &sources(&["src"]),
        "no input or output here",
        input_and_output,
    );

    let finds = |text| input_and_output(&sample("src/chat/x.rs", text)).len();
    assert_eq!(finds("use std::io::Write;\n"), 1);
    assert_eq!(finds("use std::net::{SocketAddr, TcpStream};\n"), 2);
    assert_eq!(finds("use std::net::lookup;\n"), 1);
    assert_eq!(finds("use std::net::SocketAddr;\n"), 0);
    assert_eq!(finds("use std::net::{IpAddr, SocketAddr};\n"), 0);
}

fn clocks(source: &Source) -> Vec<String> {
    if ["src/net/poller.rs", "src/client/", "src/bin/"]
        .iter()
        .any(|begin| source.path.starts_with(begin))
    {
        return Vec::new();
    }
    let code = shipped(source);
    find_words(
        &code,
        &["Instant::now", "SystemTime", "elapsed", "thread::sleep"],
    )
}

#[test]
fn only_the_poller_reads_a_clock() {
    check(&sources(&["src"]), "time is an argument here", clocks);

    let text = "fn f() { let t = Instant::now(); }\n";
    assert_eq!(
        clocks(&sample("src/net/x.rs", text)),
        ["line 1: Instant::now"]
    );
    assert_eq!(clocks(&sample("src/net/poller.rs", text)), [""; 0]);
}
