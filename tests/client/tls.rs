//! The client and TLS: with the real server, and certificates that `openssl` makes for each test. A machine without it
//! leaves these tests out.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::harness::{ChatServer, Home, Person, Relay, Scripted, Served, client};
use crate::pipe::{run, text};
use crate::program::program;

/// Certificates and their keys, in files of this directory.
struct Made(Home);

/// A root, and two certificates that it signed for `localhost`, of which one has expired. `None` without openssl.
fn make() -> Option<Made> {
    let version = program("openssl").arg("version").output();
    if version.is_err() {
        let sentence = "left out: a test of TLS, as openssl is not installed";
        let required = std::env::var_os("CHINWAG_REQUIRE_CLIENTS").is_some_and(|it| it == "1");
        assert!(!required, "{sentence}");
        // Through the handle, as the test runner keeps what is printed with a macro to itself.
        let _ = writeln!(io::stderr(), "{sentence}");
        return None;
    }
    let made = Made(Home::new());
    made.root("root", "DNS:localhost");
    made.signed("leaf", "DNS:localhost,IP:127.0.0.1", "2");
    made.signed("expired", "DNS:localhost", "-1");
    Some(made)
}

impl Made {
    fn path(&self, file: &str) -> PathBuf {
        self.0.0.join(file)
    }

    fn certificate(&self, name: &str) -> String {
        let path = self.path(&format!("{name}.pem"));
        path.to_str().unwrap().into()
    }

    /// Runs openssl among the files.
    fn openssl(&self, args: &str) {
        let made = program("openssl")
            .args(args.split(' '))
            .current_dir(&self.0.0)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{args}: {said}");
    }

    /// A certificate that is its own root, made as the README does it.
    fn root(&self, name: &str, of: &str) {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} \
             -addext subjectAltName={of} -keyout {name}.key -out {name}.pem"
        ));
    }

    /// A certificate that the root signs, valid for so many days from now on.
    fn signed(&self, name: &str, of: &str, days: &str) {
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={name} \
             -keyout {name}.key -out {name}.csr"
        ));
        let names = format!("subjectAltName={of}\n");
        fs::write(self.path("names"), names).unwrap();
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days {days} \
             -extfile names -out {name}.pem"
        ));
    }

    /// A server with the certificate of this name. It greets behind the handshake.
    fn server(&self, port: u16, name: &str) -> ChatServer {
        let key = self.path(&format!("{name}.key"));
        let files = [&self.certificate(name), key.to_str().unwrap()];
        let options = ["--tls-cert", files[0], "--tls-key", files[1]];
        ChatServer::start_on(port, &[&options[..], &["--greet-after", "300"]].concat())
    }

    /// The client of somebody who trusts the root.
    fn client(&self, port: u16, home: &Home, name: &str) -> Command {
        let ca = self.certificate("root");
        let args = ["--host", "localhost", "--ca", &ca, "--name", name];
        client(port, &home.0, &args)
    }
}

#[test]
fn people_talk_through_tls() {
    let Some(made) = make() else { return };
    let (server, home) = (made.server(0, "leaf"), Home::new());
    let mut ann = Person::sit_down(made.client(server.port, &home, "Ann"), 80, 24);
    ann.until_seen("Ann has joined the chat.");
    // By address, and all from the environment.
    let mut command = client(server.port, &home.0, &["--name", "Bob"]);
    command
        .env("CHAT_CA", made.certificate("root"))
        .env("CHAT_TLS", "on");
    let mut bob = Person::sit_down(command, 80, 24);
    bob.until_seen("Bob has joined the chat.");
    ann.keys("Hello, Zoë!\r");
    bob.until_seen("Ann: Hello, Zoë!");
    bob.keys("hi Ann\r");
    ann.until_seen("Bob: hi Ann");
    bob.keys("leave\r");
    bob.end_with(0);
    ann.until_seen("Bob has left the chat.");
    ann.keys("leave\r");
    ann.end_with(0);
}

#[test]
fn what_the_system_trusts_is_trusted_and_so_is_a_certificate_itself() {
    let Some(made) = make() else { return };
    let (by_root, itself) = (made.server(0, "leaf"), made.server(0, "root"));
    let home = Home::new();
    let ca = made.certificate("root");
    let args = ["--host", "localhost", "--name", "ann"];
    for port in [by_root.port, itself.port] {
        let by_system = [&args[..], &["--tls"]].concat();
        let mut command = client(port, &home.0, &by_system);
        command.env("SSL_CERT_FILE", &ca);
        let by_file = [&args[..], &["--ca", &ca]].concat();
        for command in [command, client(port, &home.0, &by_file)] {
            let output = run(command, "hi\n");
            assert_eq!(text(&output.stderr), "");
            assert!(text(&output.stdout).ends_with("Goodbye!\n"));
            assert_eq!(output.status.code(), Some(0));
        }
    }
}

/// Checks how the client ends that is to connect with these arguments, and what it says.
fn is_refused(port: u16, home: &Home, args: &[&str], code: i32, why: &str) {
    let command = client(port, &home.0, &[args, &["--name", "ann"]].concat());
    let output = run(command, "hi\n");
    let why = why.replace("PORT", &port.to_string());
    assert_eq!(text(&output.stderr), format!("client: {why}\n"), "{args:?}");
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(code), &b""[..])
    );
}

#[test]
fn a_server_that_is_not_the_one_that_is_meant_is_refused() {
    let Some(made) = make() else { return };
    let home = Home::new();
    made.root("other", "DNS:localhost");
    made.signed("elsewhere", "DNS:chat.example,DNS:*.chat.example", "2");
    let of = |name| made.server(0, name);
    let (leaf, expired, elsewhere) = (of("leaf"), of("expired"), of("elsewhere"));
    let (root, plain) = (of("root"), ChatServer::start());
    let (ca, other) = (made.certificate("root"), made.certificate("other"));
    let no_system = made.certificate("other");
    let trusting = ["--host", "localhost", "--ca", &ca];
    let misled = ["--host", "localhost", "--ca", &other];
    let stranger = "cannot connect to localhost:PORT: its certificate is neither in the file of --ca nor signed by \
                    one in there. Check --ca.";
    is_refused(leaf.port, &home, &misled, 3, stranger);
    is_refused(root.port, &home, &misled, 3, stranger);
    let say = |why: &str| format!("cannot connect to localhost:PORT: {why}.");
    for (server, why) in [
        (
            &expired,
            "its certificate has expired. The server needs a new one, unless this machine's clock is wrong",
        ),
        (
            &elsewhere,
            "its certificate is for chat.example, *.chat.example, not for localhost. Check --host",
        ),
        (
            &plain,
            "it does not speak TLS. Check --port, or connect without TLS",
        ),
    ] {
        is_refused(server.port, &home, &trusting, 3, &say(why));
    }
    for server in [&leaf, &root] {
        let mut command = client(server.port, &home.0, &["--host", "localhost", "--tls"]);
        command.env("SSL_CERT_FILE", &no_system);
        let output = run(command, "ann\n");
        assert_eq!(output.status.code(), Some(3));
        let why = "its certificate is not trusted. To trust it, give --ca FILE with it or with the one that signed it";
        let why = say(why).replace("PORT", &server.port.to_string());
        assert_eq!(text(&output.stderr), format!("client: {why}\n"));
    }
    let mut ann = Person::sit_down(made.client(expired.port, &home, "Ann"), 80, 24);
    ann.until_seen("its certificate has expired.");
    ann.end_with(3);
}

#[test]
fn a_file_without_certificates_is_a_wrong_command_line() {
    let Some(made) = make() else { return };
    let home = Home::new();
    let key = made.path("root.key");
    let key = key.to_str().unwrap();
    let broken = home.0.join("broken.pem");
    fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let broken = broken.to_str().unwrap();
    for (file, why) in [
        (
            "/nowhere",
            "cannot read /nowhere: No such file or directory".into(),
        ),
        ("/", "cannot read /: it is no regular file".into()),
        (
            key,
            format!("there is no certificate in {key}; it takes PEM"),
        ),
        (
            broken,
            format!("a certificate in {broken} cannot be read; it takes X.509 version 3"),
        ),
    ] {
        let why = format!("--ca: {why}. Try 'client --help'.");
        is_refused(1, &home, &["--ca", file], 2, &why);
    }
    let mut command = client(1, &home.0, &[]);
    command.env("CHAT_TLS", "1");
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(2));
    let why = "client: CHAT_TLS takes on or off, not '1'. Try 'client --help'.\n";
    assert_eq!(text(&output.stderr), why);
}

#[test]
fn after_a_restart_the_client_comes_back_to_a_server_that_it_trusts() {
    let Some(made) = make() else { return };
    let (server, home) = (made.server(0, "leaf"), Home::new());
    let port = server.port;
    let mut ann = Person::sit_down(made.client(port, &home, "Ann"), 100, 24);
    ann.until_seen("Ann has joined the chat.");
    ann.keys("half a li");
    server.stop();
    ann.until_seen("-- Disconnected: the server closed the connection. Trying again in");
    let server = made.server(port, "expired");
    ann.keys("ne\r");
    ann.until_seen("-- Still offline: cannot connect to localhost:");
    ann.until_seen("its certificate has expired. Trying again in");
    server.stop();
    let _server = made.server(port, "leaf");
    ann.keys("\r");
    ann.until_rows(&["Ann has joined the chat.", "> half a line"]);
    ann.keys("\r");
    ann.until_rows(&["Ann: half a line", ">"]);
}

#[test]
fn a_connection_that_is_cut_is_lost() {
    let Some(made) = make() else { return };
    let (server, home) = (made.server(0, "leaf"), Home::new());
    let mut relay = Relay::to(server.port);
    let mut ann = Person::sit_down(made.client(relay.port, &home, "Ann"), 100, 24);
    let way = relay.connect();
    ann.until_seen("Ann has joined the chat.");
    ann.keys("one\r");
    ann.until_rows(&["Ann: one", ">"]);
    relay.forget(way);
    ann.until_seen("-- Disconnected: the connection was lost: it was cut off. Trying again in");
    let _way = relay.connect();
    ann.until_rows(&[">"]);
    ann.keys("two\r");
    ann.until_rows(&["Ann: two", ">"]);
}

/// Copies byte by byte, so that no record comes in one piece.
fn trickle(mut from: TcpStream, mut to: TcpStream) {
    to.set_nodelay(true).unwrap();
    thread::spawn(move || {
        let mut byte = [0];
        while from
            .read_exact(&mut byte)
            .and_then(|()| to.write_all(&byte))
            .is_ok()
        {}
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

#[test]
fn records_may_come_in_any_pieces() {
    let Some(made) = make() else { return };
    let (server, home) = (made.server(0, "leaf"), Home::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = server.port;
    thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
        trickle(client.try_clone().unwrap(), server.try_clone().unwrap());
        trickle(server, client);
    });
    let output = run(made.client(port, &home, "ann"), "hi\n");
    assert_eq!(text(&output.stderr), "");
    assert!(text(&output.stdout).ends_with("Goodbye!\n"));
}

#[test]
fn much_text_goes_through_whole() {
    const LINES: usize = 5_000;
    let Some(made) = make() else { return };
    let (server, home) = (made.server(0, "leaf"), Home::new());
    let mut ear = made
        .client(server.port, &home, "ear")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heard = io::BufRead::lines(io::BufReader::new(ear.stdout.take().unwrap()));
    let mut next = || heard.next().unwrap().unwrap();
    while next() != "ear has joined the chat." {}
    let path = home.0.join("input");
    let line = "x".repeat(100);
    let lines = (0..LINES).map(|i| format!("{i} {line}\n"));
    fs::write(&path, lines.collect::<String>()).unwrap();
    let output = made
        .client(server.port, &home, "mouth")
        .stdin(File::open(Path::new(&path)).unwrap())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
    assert_eq!(next(), "mouth has joined the chat.");
    for i in 0..LINES {
        assert_eq!(next(), format!("mouth: {i} {line}"));
    }
    drop(ear.stdin.take());
    assert!(ear.wait().unwrap().success());
}

#[test]
fn a_server_of_tls_only_tells_of_the_option() {
    let (server, home) = (Scripted::start(), Home::new());
    let port = server.port;
    let saying = thread::spawn(move || {
        let mut served = Served::new(server.accept());
        served.reads_op();
        served.tells(serde_json::json!({
            "event": "goodbye", "code": "protocol", "text": "This server speaks TLS only.", "again": false, "after": 0,
        }));
    });
    is_refused(
        port,
        &home,
        &[],
        1,
        "This server speaks TLS only. Try --tls.",
    );
    saying.join().unwrap();
}
