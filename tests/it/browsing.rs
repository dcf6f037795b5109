//! The driver of Chromium, tried on pages of a small server. Each kind of complaint is provoked once, so that tests which
//! expect none are known to be able to fail.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::json;

use crate::chromium::Chromium;
use crate::harness::{until, until_seen};
use crate::reading::Scratch;
use crate::tab::Tab;

const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:";

/// A field and a button that put lines into a list.
const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>A page</title>
<form><label>Line <input></label> <button>Send</button></form>
<ul aria-label="Lines"></ul>
<script src="/script"></script>
"#;

const SCRIPT: &str = "const field = document.querySelector('input');
const say = text => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));
document.querySelector('form').addEventListener('submit', event => {
    event.preventDefault();
    say(field.value);
    field.value = '';
});
for (const kind of ['offline', 'online']) addEventListener(kind, () => say(kind));
";

/// A page that breaks its policy.
const UNSOUND: &str = r#"<!doctype html>
<link rel="icon" href="data:,">
<title>Unsound</title>
<script>document.title = 'Inline'</script>
<img src="http://elsewhere.invalid/picture">
<script src="/faults"></script>
"#;

const FAULTS: &str = "console.error('It', { is: 'wrong' });
console.log('It is right');
fetch('/missing');
undefined.name;
";

/// Serves on a free port of 127.0.0.1 for as long as the tests run.
fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port can be listened on");
    let addr = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Some connections stay silent.
            thread::spawn(move || answer(&stream));
        }
    });
    addr
}

fn answer(mut stream: &TcpStream) {
    let mut head = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = head.next() else { return };
    let (status, kind, body) = match request.split(' ').nth(1) {
        Some("/") => ("200 OK", "text/html", PAGE),
        Some("/unsound") => ("200 OK", "text/html", UNSOUND),
        Some("/script") => ("200 OK", "text/javascript", SCRIPT),
        Some("/faults") => ("200 OK", "text/javascript", FAULTS),
        _ => ("404 Not Found", "text/plain", ""),
    };
    head.find(String::is_empty);
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {POLICY}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // Fails if the tab was closed meanwhile, which is fine.
    let _ = stream.write_all(answer.as_bytes());
}

/// The list has these lines, once it has as many.
fn shows(tab: &Tab, lines: &[&str]) {
    tab.waits_for(&format!(
        "document.querySelectorAll('li').length >= {}",
        lines.len()
    ));
    let shown = tab.evaluates("[...document.querySelectorAll('li')].map(line => line.textContent)");
    assert_eq!(shown, json!(lines));
}

#[test]
fn a_page_is_used_by_keyboard_alone() {
    let Some(chromium) = Chromium::start("a_page_is_used_by_keyboard_alone") else {
        return;
    };
    let addr = serve();
    let tab = chromium.opens_tab();
    tab.goes_to(&format!("http://{addr}/"));
    tab.presses("Tab");
    tab.types("Grüße, Bob 🎉");
    tab.presses("Enter");
    shows(&tab, &["Grüße, Bob 🎉"]);
    tab.types("wrong");
    tab.presses("Control+a");
    tab.types("right");
    tab.presses("ArrowLeft");
    tab.presses("Backspace");
    tab.presses("Tab");
    assert_eq!(tab.evaluates("document.activeElement.tagName"), "BUTTON");
    tab.presses("Space");
    shows(&tab, &["Grüße, Bob 🎉", "rigt"]);
    tab.presses("Shift+Tab");
    assert_eq!(tab.evaluates("document.activeElement.tagName"), "INPUT");
    let told = tab.accessible();
    for node in [r#"textbox "Line""#, r#"button "Send""#, r#"list "Lines""#] {
        assert!(told.iter().any(|told| told == node), "{node}: {told:#?}");
    }
    tab.is_sound(addr);
}

#[test]
fn a_tab_tells_of_every_fault() {
    let Some(chromium) = Chromium::start("a_tab_tells_of_every_fault") else {
        return;
    };
    let addr = serve();
    let tab = chromium.opens_tab();
    tab.goes_to(&format!("http://{addr}/unsound"));
    assert_eq!(tab.evaluates("document.title"), "Unsound");
    let mut complaints = tab.takes_complaints();
    until_seen(|| {
        complaints.extend(tab.takes_complaints());
        let expected = [
            ("policy: script-src-elem", ""),
            ("policy: img-src", "elsewhere.invalid"),
            ("console: ", "wrong"),
            ("exception: ", "TypeError"),
            ("network: ", "/missing"),
        ];
        let is_there = |(kind, what): &(&str, &str)| {
            let mut all = complaints.iter();
            all.any(|complaint| complaint.starts_with(kind) && complaint.contains(what))
        };
        match expected.iter().all(is_there) {
            true => Ok(()),
            false => Err(format!("{complaints:#?}")),
        }
    });
    let all = complaints.join("\n");
    assert!(!all.contains("It is right"), "{all}");
    let elsewhere = tab.asked_elsewhere(addr);
    assert_eq!(elsewhere, ["http://elsewhere.invalid/picture"]);
}

#[test]
fn two_tabs_are_two_pages_and_the_one_behind_is_hidden() {
    let test = "two_tabs_are_two_pages_and_the_one_behind_is_hidden";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let addr = serve();
    let (ann, bob) = (chromium.opens_tab(), chromium.opens_tab());
    for tab in [&ann, &bob] {
        tab.goes_to(&format!("http://{addr}/"));
    }
    ann.waits_for("document.hidden");
    bob.waits_for("!document.hidden");
    ann.comes_to_front();
    ann.waits_for("!document.hidden");
    bob.waits_for("document.hidden");
    for (tab, line) in [(&ann, "I am Ann"), (&bob, "I am Bob")] {
        tab.clicks("input");
        tab.types(line);
        tab.clicks("button");
        shows(tab, &[line]);
    }
    bob.is_sound(addr);
    bob.closes();
    ann.reloads();
    shows(&ann, &[]);
    ann.is_sound(addr);
}

#[test]
fn a_phone_has_a_narrow_screen_and_is_tapped_on() {
    let test = "a_phone_has_a_narrow_screen_and_is_tapped_on";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let addr = serve();
    let tab = chromium.opens_tab();
    let size = "[innerWidth, innerHeight, matchMedia('(pointer: coarse)').matches]";
    tab.has_size(1440, 900);
    tab.goes_to(&format!("http://{addr}/"));
    assert_eq!(tab.evaluates(size), json!([1440, 900, false]));
    tab.is_a_phone(360, 640);
    tab.waits_for("innerWidth == 360");
    assert_eq!(tab.evaluates(size), json!([360, 640, true]));
    tab.taps("input");
    tab.waits_for("document.activeElement.tagName == 'INPUT'");
    tab.types("On the bus");
    tab.taps("button");
    shows(&tab, &["On the bus"]);
    let file = Scratch::new("phone.png", "");
    tab.is_painted(file.path().as_ref());
    let picture = fs::read(file.path()).expect("it is there");
    let ends = picture.ends_with(b"IEND\xae\x42\x60\x82");
    assert!(ends, "a whole picture of {} bytes", picture.len());
    assert_eq!(
        picture[16..24],
        [0, 0, 2, 208, 0, 0, 5, 0],
        "720 and 1280 pixels"
    );
    tab.is_sound(addr);
}

#[test]
fn a_tab_is_offline_and_comes_back() {
    let Some(chromium) = Chromium::start("a_tab_is_offline_and_comes_back") else {
        return;
    };
    let addr = serve();
    let tab = chromium.opens_tab();
    tab.goes_to(&format!("http://{addr}/"));
    tab.is_offline(true);
    shows(&tab, &["offline"]);
    let ask = "fetch('/script').then(answer => answer.ok, () => 'failed')";
    assert_eq!(tab.evaluates(ask), "failed");
    until("the tab complains", || {
        let complaints = tab.takes_complaints();
        complaints
            .iter()
            .any(|it| it.contains("ERR_INTERNET_DISCONNECTED"))
    });
    tab.is_offline(false);
    shows(&tab, &["offline", "online"]);
    assert_eq!(tab.evaluates(ask), true);
    tab.is_sound(addr);
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_left_of_chromium() {
    let Some(chromium) = Chromium::start("nothing_is_left_of_chromium") else {
        return;
    };
    let folder = chromium.folder().to_owned();
    let name = folder.to_str().expect("the path is text").to_owned();
    chromium.opens_tab();
    assert!(folder.exists());
    assert!(count(&name) > 1, "it has several processes");
    drop(chromium);
    assert!(!folder.exists());
    until("its processes are gone", || count(&name) == 0);
}

/// How many processes have this text in their arguments.
#[cfg(target_os = "linux")]
fn count(text: &str) -> usize {
    let processes = fs::read_dir("/proc").expect("proc(5) is there");
    let processes = processes.filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
    processes
        .filter(|args| String::from_utf8_lossy(args).contains(text))
        .count()
}
