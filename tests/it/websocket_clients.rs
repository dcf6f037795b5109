//! WebSocket by clients that others wrote, Python's `websockets` and npm's `ws`, and through nginx and HAProxy. A machine
//! without them leaves these tests out, as [`real_clients`](crate::real_clients) does with others.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::daemon::{Daemon, start};
use crate::harness::Person;
use crate::output::ends_cleanly;
use crate::program::program;
use crate::proxy::{HAPROXY, Proxy};
use crate::reading::Scratch;
use crate::real_clients::{CURL, Client, can_play};
use crate::robots::lasting;
use crate::tls::{OPENSSL, make};
use crate::web::Web;

/// The words that it prints are not in its complaint without the package.
const PYTHON: Client = Client {
    program: "python3",
    is_known_by: "websockets is here",
    asks_help: "-cimport websockets.sync.client as it; print(it.__package__.split('.')[0], 'is', 'here')",
    args: &["-c", PYTHON_SCRIPT],
    ends_with_server: true,
};
const NODE: Client = Client {
    program: "node",
    is_known_by: "ws is here",
    asks_help: "--eval=require('ws'); console.log('ws', 'is', 'here')",
    args: &["--eval", NODE_SCRIPT],
    ends_with_server: true,
};
const NGINX: Client = Client {
    program: "nginx",
    is_known_by: "nginx version",
    asks_help: "-v",
    args: &[],
    ends_with_server: false,
};

/// Sends each line as a message, and prints each message as a line. At the end it says how that came. It pings first.
const PYTHON_SCRIPT: &str = r#"
import ssl, sys, threading
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
url, source, *forged = sys.argv[1:]
more = {}
if url.startswith("wss:"):
    more["ssl"] = ssl.create_default_context()
    more["ssl"].check_hostname = False
    more["ssl"].verify_mode = ssl.CERT_NONE
if forged:
    more["additional_headers"] = {"X-Forwarded-For": forged[0]}
with connect(url, proxy=None, source_address=(source, 0), **more) as ws:
    assert ws.ping("are you there").wait(10)
    def send():
        for line in sys.stdin:
            ws.send(line.rstrip("\n"))
    threading.Thread(target=send, daemon=True).start()
    for message in ws:
        print(message, flush=True)
    print("closed", ws.close_code, flush=True)
"#;
const NODE_SCRIPT: &str = r#"
const [url, source] = process.argv.slice(1);
const ws = new (require("ws"))(url, { localAddress: source });
ws.on("message", (data, isBinary) => console.log(isBinary ? "binary" : data.toString()));
ws.on("close", code => { console.log(`closed ${code}`); process.exit(0); });
ws.on("open", () => {
    ws.ping("are you there");
    require("readline").createInterface({ input: process.stdin }).on("line", line => ws.send(line));
});
"#;

/// One of the clients, which runs.
struct Script(Daemon);

impl Script {
    /// Opens this address from another one of this machine, and perhaps tells a lie about that.
    fn start(client: &Client, url: &str, source: &str, forged: Option<&str>) -> Script {
        let mut command = program(client.program);
        command.args(client.args).args([url, source]).args(forged);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        Script(Daemon::spawn(command))
    }

    fn hears(&mut self) -> Value {
        let line = self.0.prints();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn asks(&mut self, object: &Value) {
        self.0.types(&object.to_string());
    }

    /// Comes in, says and hears something, and leaves, while ann reads it.
    fn chats(&mut self, name: &str, ann: &mut Person) {
        assert_eq!(self.hears()["event"], "hello");
        self.asks(&json!({"op": "login", "name": name}));
        assert_eq!(self.hears()["name"], name);
        ann.reads(&format!("{name} has joined the chat."));
        let long = "Zoë 🎉 ".repeat(500);
        for text in ["Hello, \"Zoë\"!", long.trim_end()] {
            self.asks(&json!({"op": "say", "text": text}));
            ann.reads(&format!("{name}: {text}"));
            let said = self.hears();
            assert_eq!((&said["from"], &said["text"]), (&name.into(), &text.into()));
            ann.types(text);
            let heard = json!({"event": "said", "room": "lobby", "from": "ann", "text": text});
            assert_eq!(lasting(&self.hears()), heard);
        }
    }

    fn quits(mut self) {
        self.asks(&json!({"op": "quit"}));
        assert_eq!(self.hears()["code"], "quit");
        self.ends(1000);
    }

    fn ends(mut self, code: u16) {
        assert_eq!(self.0.prints(), format!("closed {code}"));
        let (status, rest, log) = self.0.ends();
        assert!(status.success() && rest.is_empty(), "{rest:?} {log:?}");
    }
}

/// A server that greets nobody before they speak, and ann there.
fn serve(options: &[&str]) -> (Daemon, SocketAddr, Person) {
    let options = [&["--greet-after", "5000", "--history", "0"], options].concat();
    let (daemon, addr) = start(&options);
    let mut ann = Person::connect_from([127, 0, 0, 9].into(), addr);
    ann.speaks_first("ann");
    (daemon, addr, ann)
}

fn one_chats(client: &Client) {
    let (daemon, addr, mut ann) = serve(&[]);
    let url = format!("ws://{addr}/ws");
    let mut first = Script::start(client, &url, "127.0.0.1", None);
    first.chats("web", &mut ann);
    first.quits();
    ann.reads("web has left the chat.");
    let mut second = Script::start(client, &url, "127.0.0.1", None);
    second.chats("web", &mut ann);
    ends_cleanly(daemon);
    assert_eq!(second.hears()["code"], "shutdown");
    second.ends(1001);
}

#[test]
fn one_has_python() {
    if can_play("one_has_python", &[&PYTHON]) {
        one_chats(&PYTHON);
    }
}

#[test]
fn one_has_node() {
    if can_play("one_has_node", &[&NODE]) {
        one_chats(&NODE);
    }
}

#[test]
fn a_server_speaks_websocket_inside_its_own_tls() {
    let name = "websocket_inside_tls";
    if !can_play(name, &[&PYTHON, &OPENSSL]) {
        return;
    }
    let made = make(name, "2");
    let files = [
        "--tls-cert",
        made.certificate.path(),
        "--tls-key",
        made.key.path(),
    ];
    let (_daemon, addr, mut ann) = serve(&files);
    let mut web = Script::start(&PYTHON, &format!("wss://{addr}/ws"), "127.0.0.1", None);
    web.chats("web", &mut ann);
    web.quits();
}

/// A running nginx. It ends TLS, and passes everything on by HTTP.
struct Nginx {
    process: Option<Daemon>,
    _config: Scratch,
    /// For what it puts aside.
    folder: PathBuf,
    addr: SocketAddr,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers go on if it is only killed.
        if let Some(process) = self.process.take() {
            process.signal(Signal::SIGTERM);
            process.ends();
        }
        // It is in the build's own directory, so that nothing is lost if this fails.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Nginx {
    fn start(name: &str, server: SocketAddr) -> Nginx {
        let made = make(name, "2");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port can be listened on");
        let addr = listener.local_addr().expect("it has an address");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("nginx-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = kinds.map(|it| format!("{it}_temp_path {}/{it};\n", folder.display()));
        let temporary = temporary.concat();
        let config = format!(
            "daemon off;\nworker_processes 1;\nerror_log stderr notice;\npid {}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\
             server {{\nlisten {addr} ssl;\nssl_certificate {};\nssl_certificate_key {};\nlocation / {{\n\
             proxy_pass http://{server};\nproxy_http_version 1.1;\nproxy_set_header Host $http_host;\n\
             proxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;\n\
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n}}\n}}\n}}\n",
            folder.display(),
            made.certificate.path(),
            made.key.path(),
        );
        let config = Scratch::new(&format!("{name}-config"), &config);
        let mut nginx = program(NGINX.program);
        nginx.args(["-c", config.path(), "-e", "stderr"]);
        // It takes over the socket that is its standard input, as it would at an upgrade of itself.
        nginx.env("NGINX", "0;").stdin(OwnedFd::from(listener));
        nginx.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = Daemon::spawn(nginx);
        // Only now are the files not needed any more.
        process.logs("start worker process ");
        Nginx {
            process: Some(process),
            _config: config,
            folder,
            addr,
        }
    }
}

#[test]
fn nginx_passes_websocket_on_and_tells_for_whom() {
    let name = "through_nginx";
    if !can_play(name, &[&PYTHON, &NGINX, &OPENSSL, &CURL]) {
        return;
    }
    let (mut daemon, addr, mut ann) = serve(&["--proxy-from", "127.0.0.1"]);
    let nginx = Nginx::start(name, addr);
    let url = format!("wss://{}/ws", nginx.addr);
    for forged in [None, Some("192.0.2.66")] {
        let mut web = Script::start(&PYTHON, &url, "127.0.0.2", forged);
        web.chats("web", &mut ann);
        daemon.logs("web came from 127.0.0.2:0, 2 online");
        web.quits();
        ann.reads("web has left the chat.");
    }
    let mut curl = program(CURL.program);
    curl.args(["-s", "-k", "--noproxy", "*", "--max-time", "10"]);
    let page = curl.arg(format!("https://{}/", nginx.addr)).output();
    let page = page.expect("curl runs").stdout;
    assert!(page.ends_with(b"</html>\n"));
}

#[test]
fn haproxy_passes_websocket_on_and_tells_for_whom() {
    if !can_play("websocket_through_haproxy", &[&HAPROXY, &CURL]) {
        return;
    }
    for words in ["send-proxy-v2", "send-proxy", "\n option forwardfor"] {
        let options = ["--proxy-from", "127.0.0.1", "--max-per-ip", "2"];
        let (mut daemon, addr, mut ann) = serve(&options);
        let proxy = Proxy::start_in("http", addr, words);
        let mut web = Web::connect_from([127, 0, 0, 2], proxy.addr());
        web.logs_in("web");
        daemon.logs("web came from 127.0.0.2:");
        ann.reads("web has joined the chat.");
        ann.types("hi");
        web.reads(&json!({"event": "said", "room": "lobby", "from": "ann", "text": "hi"}));
        // It counts for its own address, and what is too much there is told in HTTP.
        let mut again = Web::connect_from([127, 0, 0, 2], proxy.addr());
        again.logs_in("again");
        ann.reads("again has joined the chat.");
        let mut curl = program(CURL.program);
        curl.args([
            "-s",
            "-i",
            "--noproxy",
            "*",
            "--interface",
            "127.0.0.2",
            "--max-time",
            "10",
        ]);
        let answer = curl.arg(format!("http://{}/", proxy.addr())).output();
        let answer = answer.expect("curl runs").stdout;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{words}: {answer}");
        assert!(
            answer.contains("Too many connections from your address."),
            "{words}: {answer}"
        );
        assert_eq!(web.hears()["event"], "joined");
        web.asks(&json!({"op": "quit"}));
        assert_eq!(web.hears()["code"], "quit");
        web.is_closed(Some(1000));
        ann.reads("web has left the chat.");
    }
}

#[test]
fn haproxy_without_any_word_of_its_clients_is_refused_in_http() {
    if !can_play("silent_haproxy", &[&HAPROXY, &CURL]) {
        return;
    }
    let (mut daemon, addr, _ann) = serve(&["--proxy-from", "127.0.0.1"]);
    let proxy = Proxy::start_in("http", addr, "");
    for path in ["", "ws"] {
        let mut curl = program(CURL.program);
        curl.args(["-s", "-i", "--noproxy", "*", "--max-time", "10"]);
        let answer = curl.arg(format!("http://{}/{path}", proxy.addr())).output();
        let answer = answer.expect("curl runs").stdout;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(
            answer.contains("X-Forwarded-For must say whose request it is"),
            "{answer}"
        );
        daemon.logs("turned away: sent no PROXY header");
    }
}
