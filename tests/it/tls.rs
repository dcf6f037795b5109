//! TLS with real clients and real certificates, which `openssl` makes for each test. A machine without it leaves these
//! tests out, as [`real_clients`](crate::real_clients) does with others.

use std::fs;
use std::net::SocketAddr;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, start};
use crate::harness::{PROMPT, Person};
use crate::output::ends_cleanly;
use crate::program::program;
use crate::reading::Scratch;
use crate::real_clients::{Client, Desk, TELNET, can_play, one_talks};

pub(crate) const OPENSSL: Client = Client {
    program: "openssl",
    is_known_by: "OpenSSL",
    asks_help: "version",
    args: &["s_client", "-quiet", "-connect", "HOST:PORT"],
    ends_with_server: true,
};
const SOCAT: Client = Client {
    program: "socat",
    is_known_by: "openssl",
    asks_help: "-h",
    args: &["STDIO", "OPENSSL:HOST:PORT,verify=0"],
    ends_with_server: true,
};

/// A certificate and its key, in files.
pub(crate) struct Made {
    pub(crate) certificate: Scratch,
    pub(crate) key: Scratch,
}

fn openssl(args: &[&str]) {
    let made = program("openssl")
        .args(args)
        .output()
        .expect("it can be run");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{args:?}: {said}");
}

/// Those for the test of this name, valid for so many days from now on.
pub(crate) fn make(name: &str, days: &str) -> Made {
    let made = Made {
        certificate: Scratch::new(&format!("{name}-certificate"), ""),
        key: Scratch::new(&format!("{name}-key"), ""),
    };
    let asked = Scratch::new(&format!("{name}-request"), "");
    let (certificate, key) = (made.certificate.path(), made.key.path());
    openssl(&[
        "req",
        "-new",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        key,
        "-out",
        asked.path(),
    ]);
    let names = Scratch::new(&format!("{name}-names"), "subjectAltName=DNS:localhost\n");
    let request = ["x509", "-req", "-in", asked.path(), "-signkey", key];
    let wanted = ["-days", days, "-extfile", names.path(), "-out", certificate];
    openssl(&[request, wanted].concat());
    made
}

impl Made {
    /// The options of a server that uses it.
    fn options(&self) -> [&str; 8] {
        let (certificate, key) = (self.certificate.path(), self.key.path());
        [
            "--tls-cert",
            certificate,
            "--tls-key",
            key,
            "--greet-after",
            "300",
            "--history",
            "0",
        ]
    }

    /// Takes over what is in the files of another one.
    fn become_that_of(&self, other: &Made) {
        for (to, from) in [
            (&self.certificate, &other.certificate),
            (&self.key, &other.key),
        ] {
            fs::copy(from.path(), to.path()).expect("a file can be copied");
        }
    }
}

/// The second line of a file in PEM, which is in no other.
fn mark(file: &Scratch) -> String {
    let text = fs::read_to_string(file.path()).expect("it can be read");
    text.lines().nth(1).expect("more than a head").into()
}

/// Everything that openssl tells of a server, its certificate among that.
fn shown_by(addr: SocketAddr, version: &str) -> String {
    let client = ["s_client", version, "-connect", &addr.to_string()];
    let shown = program("openssl")
        .args(client)
        .stdin(Stdio::null())
        .output();
    let shown = shown.expect("it can be run").stdout;
    String::from_utf8_lossy(&shown).into()
}

#[test]
fn one_has_openssl_and_one_has_telnet() {
    let name = "one_has_openssl_and_one_has_telnet";
    if !can_play(name, &[&OPENSSL, &TELNET]) {
        return;
    }
    let made = make(name, "2");
    let (_daemon, addr) = start(&made.options());
    let mut bob = Desk::login(&TELNET, addr, "bob");
    let mut ann = Desk::login(&OPENSSL, addr, "ann");
    bob.reads("ann has joined the chat.");
    ann.types("Hello, Zoë!");
    bob.reads("ann: Hello, Zoë!");
    bob.types("Hi ann");
    ann.reads("bob: Hi ann");
    ann.types("/quit");
    ann.reads("Goodbye!");
    ann.ends();
    bob.reads("ann has left the chat.");
}

#[test]
fn ann_has_openssl() {
    if can_play("ann_has_openssl", &[&OPENSSL]) {
        one_talks(&OPENSSL, &make("ann_has_openssl", "2").options());
    }
}

#[test]
fn ann_has_socat() {
    if can_play("ann_has_socat", &[&OPENSSL, &SOCAT]) {
        one_talks(&SOCAT, &make("ann_has_socat", "2").options());
    }
}

#[test]
fn a_certificate_is_read_again_while_people_stay() {
    let name = "a_certificate_is_read_again";
    if !can_play(name, &[&OPENSSL]) {
        return;
    }
    let made = make(name, "2");
    let (first, second) = (mark(&made.certificate), make("another", "2"));
    let (mut daemon, addr) = start(&made.options());
    let mut ann = Desk::login(&OPENSSL, addr, "ann");
    for version in ["-tls1_2", "-tls1_3"] {
        assert!(shown_by(addr, version).contains(&first), "{version}");
    }
    made.become_that_of(&second);
    daemon.signal(Signal::SIGHUP);
    daemon.logs(&format!(
        "read {} and {} again",
        made.certificate.path(),
        made.key.path()
    ));
    assert!(shown_by(addr, "-tls1_3").contains(&mark(&second.certificate)));

    // Only both together are taken over.
    fs::copy(make("third", "2").key.path(), made.key.path()).expect("a file can be copied");
    daemon.signal(Signal::SIGHUP);
    daemon.logs("is not that of the certificate in ");
    assert!(shown_by(addr, "-tls1_3").contains(&mark(&second.certificate)));
    ann.types("/users");
    ann.reads("Users online: 1");
    ends_cleanly(daemon);
    ann.reads("Server is shutting down. Goodbye!");
    ann.ends();
}

#[test]
fn the_message_of_the_day_and_the_certificate_are_read_again_together() {
    let name = "both_are_read_again";
    if !can_play(name, &[&OPENSSL]) {
        return;
    }
    let (made, motd) = (make(name, "2"), Scratch::new("both-motd", "Tea at five."));
    let options = [&made.options()[..], &["--motd", motd.path()]].concat();
    let (mut daemon, addr) = start(&options);
    made.become_that_of(&make("another-of-both", "-1"));
    daemon.signal(Signal::SIGHUP);
    let mut logged = [daemon.logs(" again"), daemon.logs(" again")];
    logged.sort_by_key(|line| line.contains(motd.path()));
    assert!(
        logged[0].contains(made.key.path()) && logged[1].contains(motd.path()),
        "{logged:?}"
    );
    Person::connect(addr).sees(PROMPT);
    ends_cleanly(daemon);
}

#[test]
fn an_expired_certificate_is_used_and_warned_of() {
    if !can_play("an_expired_certificate", &[&OPENSSL]) {
        return;
    }
    let made = make("expired", "-1");
    let (mut daemon, addr) = start(&made.options());
    let file = made.certificate.path();
    daemon.logs(&format!(
        "the certificate in {file} has expired; clients refuse it"
    ));
    assert!(shown_by(addr, "-tls1_3").contains(&mark(&made.certificate)));
    ends_cleanly(daemon);
}

/// Checks that the server does not start, and why.
fn is_refused(options: &[&str], why: &str) {
    let (status, out, log) = Daemon::spawn(command(options)).ends();
    assert_eq!((status.code(), out.len()), (Some(2), 0), "{log:?}");
    assert_eq!(log, [format!("server: {why}. Try 'server --help'.")]);
}

#[test]
fn unfit_files_get_a_sentence_each() {
    if !can_play("unfit_files", &[&OPENSSL]) {
        return;
    }
    let (made, other) = (make("fit", "2"), make("unfit", "2"));
    let locked = Scratch::new("locked-key", "");
    let (fit, key) = (made.certificate.path(), made.key.path());
    let to = ["-passout", "pass:x", "-out", locked.path()];
    openssl(&[&["pkcs8", "-topk8", "-in", key][..], &to].concat());
    let none = Scratch::new("no-pem", "Hi.");
    let in_pem = |kind| format!("-----BEGIN {kind}-----\nMAA=\n-----END {kind}-----\n");
    let broken = Scratch::new("broken", &in_pem("CERTIFICATE"));
    let broken_key = Scratch::new("broken-key", &in_pem("PRIVATE KEY"));
    for (certificate, key, why) in [
        (
            "/nowhere",
            key,
            "cannot read /nowhere: No such file or directory (os error 2)",
        ),
        (fit, "/", "cannot read /: it is no regular file"),
        (
            none.path(),
            key,
            "there is no certificate in CERTIFICATE; it takes PEM",
        ),
        (
            broken.path(),
            key,
            "a certificate in CERTIFICATE cannot be read; it takes X.509 version 3",
        ),
        (
            fit,
            none.path(),
            "there is no private key in KEY; it takes PEM without a password",
        ),
        (
            fit,
            locked.path(),
            "there is no private key in KEY; it takes PEM without a password",
        ),
        (
            fit,
            broken_key.path(),
            "the private key in KEY cannot be read; it takes an EC, Ed25519 or RSA key",
        ),
        (
            fit,
            other.key.path(),
            "the key in KEY is not that of the certificate in CERTIFICATE",
        ),
    ] {
        let why = why.replace("CERTIFICATE", certificate).replace("KEY", key);
        let files = ["--tls-cert", certificate, "--tls-key", key];
        is_refused(&[&files[..], &["--greet-after", "1"]].concat(), &why);
    }
}

#[test]
fn who_is_greeted_at_once_cannot_speak_tls() {
    if !can_play("greeted_at_once", &[&OPENSSL]) {
        return;
    }
    let made = make("greeted", "2");
    let files = [
        "--tls-cert",
        made.certificate.path(),
        "--tls-key",
        made.key.path(),
    ];
    is_refused(
        &[&files[..], &["--greet-after", "0"]].concat(),
        "newcomers who are greeted at once cannot speak TLS; greet them after 1 ms or more",
    );
}

#[test]
fn half_of_what_tls_needs_is_not_enough() {
    is_refused(
        &["--tls-cert", "x"],
        "--tls-cert needs a key; give --tls-key FILE",
    );
    is_refused(
        &["--tls-key", "x"],
        "--tls-key needs a certificate; give --tls-cert FILE",
    );
    let both = "needs a certificate; give --tls-cert FILE and --tls-key FILE";
    is_refused(&["--tls-only"], &format!("--tls-only {both}"));
    for (name, value, why) in [
        (
            "CHAT_TLS_CERT",
            "x",
            "CHAT_TLS_CERT needs a key; give --tls-key FILE",
        ),
        (
            "CHAT_TLS_KEY",
            "x",
            "CHAT_TLS_KEY needs a certificate; give --tls-cert FILE",
        ),
        (
            "CHAT_TLS_ONLY",
            "1",
            "CHAT_TLS_ONLY takes on or off, not '1'",
        ),
        ("CHAT_TLS_ONLY", "on", &format!("CHAT_TLS_ONLY {both}")),
    ] {
        let mut command = command(&[]);
        command.env(name, value);
        let (status, _, log) = Daemon::spawn(command).ends();
        assert_eq!(status.code(), Some(2));
        assert_eq!(log, [format!("server: {why}. Try 'server --help'.")]);
    }
}

#[test]
fn the_log_tells_of_failed_handshakes_and_no_secret() {
    let name = "no_secret_in_the_log";
    if !can_play(name, &[&OPENSSL]) {
        return;
    }
    let made = make(name, "2");
    let mut by_env = command(&["-l", "127.0.0.1:0", "-vv", "--greet-after", "300"]);
    by_env.env("CHAT_TLS_CERT", made.certificate.path());
    by_env
        .env("CHAT_TLS_KEY", made.key.path())
        .env("CHAT_TLS_ONLY", "on");
    let mut daemon = Daemon::spawn(by_env);
    let addr = daemon.listens_on();
    daemon.logs("; tls only; ");
    // This machine's own people need no TLS.
    drop(Person::login(addr, "near"));
    let mut stranger = Person::connect(addr);
    stranger.sends(b"\x16\x03\x01\0\x04\x01\0\0\0");
    daemon.logs(": TLS failed: ");
    let mut ann = Desk::login(&OPENSSL, addr, "ann");
    ann.types("/quit");
    ann.ends();
    daemon.signal(Signal::SIGTERM);
    let (status, _, log) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    let (log, secret) = (log.join("\n"), mark(&made.key));
    assert!(log.contains("ann left: quit"), "{log}");
    assert!(!log.contains(&secret) && !log.contains("PRIVATE"), "{log}");
}
