//! The page in a real browser, beside people with telnet.

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, process};

use serde_json::json;

use crate::chromium::Chromium;
use crate::daemon::{Daemon, command, start};
use crate::harness::{PROMPT, Person};
use crate::real_clients::{Desk, TELNET, can_play};
use crate::tab::Tab;

/// A browser on a busy machine takes its time.
pub(crate) const GREET_LATE: [&str; 2] = ["--greet-after", "2000"];

/// A server as it runs for people, which is silent at first.
pub(crate) fn serve() -> (Daemon, SocketAddr) {
    start(&GREET_LATE)
}

/// Opens the page, which asks for a name.
pub(crate) fn opens(chromium: &Chromium, addr: SocketAddr) -> Tab {
    let tab = chromium.opens_tab();
    opens_in(&tab, addr);
    tab
}

pub(crate) fn opens_in(tab: &Tab, addr: SocketAddr) {
    tab.goes_to(&format!("http://{addr}/"));
    tab.waits_for("document.activeElement.id === 'name'");
}

/// Opens the page and comes in, by keyboard.
fn comes_in(chromium: &Chromium, addr: SocketAddr, name: &str) -> Tab {
    let tab = opens(chromium, addr);
    tab.types(name);
    tab.presses("Enter");
    is_in(&tab);
    tab
}

pub(crate) fn is_in(tab: &Tab) {
    tab.waits_for("document.activeElement.id === 'box'");
}

pub(crate) fn says(tab: &Tab, text: &str) {
    tab.types(text);
    tab.presses("Enter");
}

/// The log has a line with this text, and nothing waits any more.
pub(crate) fn shows(tab: &Tab, text: &str) {
    let text = json!(text);
    tab.waits_for(&format!(
        "document.getElementById('log').innerText.includes({text}) && !document.getElementById('waiting').innerText"
    ));
}

/// Somebody with telnet's bytes, on the same port.
pub(crate) fn ann(addr: SocketAddr) -> Person {
    let mut ann = Person::connect(addr);
    ann.types("ann");
    ann.sees(PROMPT);
    ann.is_welcomed();
    ann.reads("ann has joined the chat.");
    ann
}

#[test]
fn a_phone_and_a_terminal_talk_on_one_port() {
    let test = "a_phone_and_a_terminal_talk_on_one_port";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    if !can_play(test, &[&TELNET]) {
        return;
    }
    let (_daemon, addr) = serve();
    let mut telnet = Desk::login(&TELNET, addr, "ann");
    let phone = chromium.opens_tab();
    phone.is_a_phone(360, 740);
    phone.goes_to(&format!("http://{addr}/"));
    phone.waits_for("document.activeElement.id === 'name'");
    phone.types("花子");
    phone.taps("#come-in");
    is_in(&phone);
    telnet.reads("花子 has joined the chat.");
    phone.types("こんにちは 🎉");
    phone.taps("#send");
    telnet.reads("花子: こんにちは 🎉");
    shows(&phone, "こんにちは 🎉");
    telnet.types("and hello to you");
    shows(&phone, "and hello to you");
    let is_narrow = "document.documentElement.scrollWidth <= 360";
    assert_eq!(phone.evaluates(is_narrow), json!(true));
    phone.is_sound(addr);
}

#[test]
fn two_tabs_and_a_terminal_talk_and_a_reload_comes_in_again() {
    let test = "two_tabs_and_a_terminal_talk_and_a_reload_comes_in_again";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let mut ann = ann(addr);
    let bob = comes_in(&chromium, addr, "bob");
    ann.reads("bob has joined the chat.");
    let eve = comes_in(&chromium, addr, "eve");
    ann.reads("eve has joined the chat.");
    says(&eve, "<b>bold</b> & http://example.org/?a=b");
    ann.reads("eve: <b>bold</b> & http://example.org/?a=b");
    shows(&bob, "<b>bold</b> & http://example.org/?a=b");
    let link = "document.querySelector('#log a')";
    let link = eve.evaluates(&format!("[{link}.href, {link}.rel]"));
    assert_eq!(
        link,
        json!(["http://example.org/?a=b", "noopener noreferrer"])
    );
    bob.comes_to_front();
    says(&bob, "/listen tea");
    bob.waits_for("document.getElementById('room-list').innerText.includes('#tea')");
    // A later request may go over a socket that was silent so far.
    eve.comes_to_front();
    eve.reloads();
    is_in(&eve);
    // She has her seat again, and nobody notices.
    shows(&eve, "<b>bold</b>");
    says(&eve, "here again");
    ann.reads("eve: here again");
    shows(&bob, "here again");
    for tab in [bob, eve] {
        tab.is_sound(addr);
    }
}

#[test]
fn a_taken_name_is_refused_in_the_words_of_the_server() {
    let test = "a_taken_name_is_refused_in_the_words_of_the_server";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let _ann = ann(addr);
    let tab = opens(&chromium, addr);
    tab.types("Ann");
    tab.presses("Enter");
    tab.waits_for("document.getElementById('name-error').innerText === 'That username is taken.'");
    tab.presses("Control+a");
    tab.types("a b");
    tab.presses("Enter");
    tab.waits_for(
        "document.getElementById('name-error').innerText.includes('cannot have a space')",
    );
    tab.is_sound(addr);
}

#[test]
fn what_is_typed_while_the_server_is_away_is_not_lost() {
    let test = "what_is_typed_while_the_server_is_away_is_not_lost";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (daemon, addr) = serve();
    let bob = comes_in(&chromium, addr, "bob");
    says(&bob, "before");
    shows(&bob, "before");
    drop(daemon);
    bob.waits_for("!document.getElementById('strip').hidden");
    says(&bob, "meanwhile");
    bob.types("a draft");
    let waits = "document.getElementById('waiting').innerText.includes('meanwhile')";
    assert_eq!(bob.evaluates(waits), json!(true));
    let mut daemon = Daemon::spawn(command(&[
        "-l",
        &addr.to_string(),
        GREET_LATE[0],
        GREET_LATE[1],
    ]));
    assert_eq!(daemon.listens_on(), addr);
    let mut ann = ann(addr);
    bob.clicks("#try");
    ann.reads("bob has joined the chat.");
    ann.reads("bob: meanwhile");
    shows(&bob, "meanwhile");
    let draft = bob.evaluates("document.getElementById('box').value");
    assert_eq!(draft, json!("a draft"));
    bob.waits_for("document.getElementById('strip').hidden");
}

#[test]
fn a_screen_reader_finds_the_log_the_field_and_the_button() {
    let test = "a_screen_reader_finds_the_log_the_field_and_the_button";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let tab = opens(&chromium, addr);
    let has = |tab: &Tab, part: &str| {
        let parts = tab.accessible();
        assert!(parts.iter().any(|it| it == part), "{part}: {parts:#?}");
    };
    has(&tab, "textbox \"Your name\"");
    has(&tab, "button \"Come in\"");
    tab.types("bob");
    tab.presses("Enter");
    is_in(&tab);
    has(&tab, "button \"Send\"");
    has(&tab, "textbox \"Say something to #lobby\"");
    has(&tab, "complementary \"People\"");
    let has_log = tab.accessible().iter().any(|it| it.starts_with("log "));
    assert!(has_log, "{:#?}", tab.accessible());
    // Escape and Alt lead back to the field, and rooms change by keys.
    says(&tab, "/listen tea");
    tab.waits_for("document.getElementById('room-list').innerText.includes('#tea')");
    tab.presses("Alt+ArrowDown");
    tab.waits_for("document.getElementById('where').innerText.includes('#tea')");
    tab.is_sound(addr);
}

/// More lines than newcomers are told, and than are asked for at once.
const SAID: usize = 150;

/// Somebody says them, and this one in their middle.
fn says_much(ann: &mut Person, middle: &str) {
    for number in 0..SAID {
        match number == SAID / 2 {
            true => ann.types(middle),
            false => ann.types(&format!("line {number}")),
        }
    }
    ann.types("/users");
    ann.reads_until("Users online: 1");
}

#[test]
fn older_lines_come_as_one_scrolls_up() {
    let test = "older_lines_come_as_one_scrolls_up";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let mut ann = ann(addr);
    says_much(&mut ann, "half of it");
    let bob = opens(&chromium, addr);
    bob.has_size(1000, 600);
    bob.types("bob");
    bob.presses("Enter");
    is_in(&bob);
    shows(&bob, "line 149");
    let has_beginning =
        "document.getElementById('older').innerText === 'This is the beginning of what is kept.'";
    let is_at_top = "document.getElementById('scroll').scrollTop === 0";
    // More may come before the top is reached.
    for _ in 0..20 {
        bob.presses("PageUp");
    }
    bob.waits_for(&format!(
        "{has_beginning} || (document.getElementById('scroll').scrollTop = 0)"
    ));
    for _ in 0..20 {
        bob.presses("PageUp");
    }
    bob.waits_for(is_at_top);
    let lines = "[...document.querySelectorAll('#log .said .text')].map(text => text.innerText)";
    let said = |number| match number == SAID / 2 {
        true => "half of it".into(),
        false => format!("line {number}"),
    };
    let all: Vec<String> = (0..SAID).map(said).collect();
    assert_eq!(bob.evaluates(lines), json!(all));
    ann.types("and one more");
    bob.waits_for("document.getElementById('newer').innerText === '1 new message'");
    assert_eq!(bob.evaluates(is_at_top), json!(true));
    bob.clicks("#newer");
    bob.waits_for("document.getElementById('newer').hidden");
    shows(&bob, "and one more");
    bob.is_sound(addr);
}

#[test]
fn what_was_said_is_found_and_shown_in_its_place() {
    let test = "what_was_said_is_found_and_shown_in_its_place";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("found-{}", process::id()));
    let path = folder.to_str().expect("the path is text");
    let (daemon, addr) = start(&[&GREET_LATE[..], &["--data", path]].concat());
    let mut ann = ann(addr);
    says_much(&mut ann, "The Café <b>is</b> open");
    let bob = comes_in(&chromium, addr, "bob");
    says(&bob, "/search cafe");
    bob.waits_for("document.getElementById('search-state').innerText === '1 line.'");
    let found = "document.querySelector('#found .words').innerText";
    assert_eq!(bob.evaluates(found), json!("The Café <b>is</b> open"));
    let mark = "document.querySelector('#found mark').innerText";
    assert_eq!(bob.evaluates(mark), json!("Café"));
    let parts = bob.accessible();
    for part in ["searchbox \"Search for\"", "list \"Found\""] {
        assert!(parts.iter().any(|it| it == part), "{part}: {parts:#?}");
    }
    let has_result = parts.iter().any(|it| it.starts_with("button \"ann "));
    assert!(has_result, "{parts:#?}");
    bob.presses("ArrowDown");
    bob.presses("Enter");
    bob.waits_for("document.activeElement.matches('#log .found')");
    let shown = bob.evaluates("document.activeElement.querySelector('.text').innerText");
    assert_eq!(shown, json!("The Café <b>is</b> open"));
    bob.presses("Control+Shift+f");
    bob.types("xyzzy");
    bob.presses("Enter");
    bob.waits_for("document.getElementById('search-state').innerText === 'Nothing was found.'");
    bob.presses("Escape");
    bob.waits_for("document.activeElement.matches('#log .found')");
    bob.is_sound(addr);
    drop(daemon);
    fs::remove_dir_all(&folder).expect("the server made it");
}

#[test]
fn a_search_where_nothing_is_kept_is_refused_in_the_words_of_the_server() {
    let test = "a_search_where_nothing_is_kept_is_refused_in_the_words_of_the_server";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let bob = comes_in(&chromium, addr, "bob");
    says(&bob, "/search tea");
    bob.waits_for("document.getElementById('search-error').innerText === 'Nothing is kept here: the server was started without --data.'");
    bob.is_sound(addr);
}
