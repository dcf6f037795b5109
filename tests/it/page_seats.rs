//! The page takes its seat again: in ways in which a link, a token or the page itself may be lost.

use serde_json::json;

use crate::chromium::Chromium;
use crate::daemon::{Daemon, command};
use crate::harness::until;
use crate::keeping::{Folder, has_sqlite};
use crate::members;
use crate::page::{GREET_LATE, ann, is_in, opens, opens_in, says, serve, shows};
use crate::tab::Tab;

/// The page hears nothing while `isDeaf` holds and sends nothing while `isMute` does, as if the network were gone; and `cut`
/// closes its connection.
const DEAF: &str = r#"
    const Real = WebSocket;
    Object.assign(window, { isDeaf: false, isMute: false });
    window.WebSocket = class extends Real {
        set onmessage(hear) {
            window.cut = () => this.close();
            super.onmessage = event => isDeaf || hear(event);
        }
        send(text) {
            if (!isMute) super.send(text);
        }
    };
"#;

fn has_seat(tab: &Tab, is_stored: bool) {
    tab.waits_for(&format!(
        "(sessionStorage.getItem('seat') !== 'null') === {is_stored}"
    ));
}

#[test]
fn a_page_that_nobody_sees_can_be_ended_and_has_its_seat_all_the_same() {
    let test = "a_page_that_nobody_sees_can_be_ended_and_has_its_seat_all_the_same";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let bob = opens(&chromium, addr);
    says(&bob, "bob");
    is_in(&bob);
    // What a copy of it would have.
    has_seat(&bob, false);
    let other = chromium.opens_tab();
    has_seat(&bob, true);
    bob.comes_to_front();
    has_seat(&bob, false);
    for tab in [bob, other] {
        tab.is_sound(addr);
    }
}

#[test]
fn with_a_new_password_nothing_is_missed_that_was_on_its_way() {
    let test = "with_a_new_password_nothing_is_missed_that_was_on_its_way";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let folder = Folder::new("page-in-flight");
    members::account(&folder, &["add", "bob"], "right horse");
    let (_server, addr) = folder.serve(&GREET_LATE);
    let mut ann = ann(addr);
    let bob = chromium.opens_tab();
    bob.runs_first(DEAF);
    opens_in(&bob, addr);
    says(&bob, "bob");
    bob.waits_for("document.activeElement.id === 'password'");
    says(&bob, "right horse");
    is_in(&bob);
    ann.reads("bob has joined the chat.");
    says(&bob, "/password");
    for (field, text) in [
        ("present", "right horse"),
        ("fresh", "brand new horse"),
        ("again", "brand new horse"),
    ] {
        bob.waits_for(&format!("document.activeElement.id === '{field}'"));
        bob.types(text);
        bob.presses(if field == "again" { "Enter" } else { "Tab" });
    }
    shows(&bob, "password from now on.");
    bob.evaluates("isDeaf = true");
    ann.types("on its way");
    ann.answered_with("/whois bob", "bob");
    bob.evaluates("cut(), isDeaf = false");
    bob.waits_for("!document.getElementById('strip').hidden");
    bob.clicks("#try");
    shows(&bob, "on its way");
    let log = bob.evaluates("document.getElementById('log').innerText");
    assert!(!log.to_string().contains("missing"), "{log}");
    assert_eq!(bob.evaluates("document.hidden"), json!(false));
    bob.is_sound(addr);
}

#[test]
fn a_server_that_was_killed_tells_nothing_twice() {
    let test = "a_server_that_was_killed_tells_nothing_twice";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    if !has_sqlite(test) {
        return;
    }
    let folder = Folder::new("page-killed");
    let (daemon, addr) = folder.serve(&GREET_LATE);
    let bob = opens(&chromium, addr);
    says(&bob, "bob");
    is_in(&bob);
    says(&bob, "before");
    shows(&bob, "before");
    let count = "SELECT count(*) FROM line WHERE body = 'before'";
    until("it is kept", || folder.ask(count) == "1");
    bob.types("a draft");
    drop(daemon);
    bob.waits_for("!document.getElementById('strip').hidden");
    let listen = addr.to_string();
    let args = [&["-l", &listen, "--data", folder.path()], &GREET_LATE[..]].concat();
    let mut daemon = Daemon::spawn(command(&args));
    assert_eq!(daemon.listens_on(), addr);
    bob.clicks("#try");
    bob.waits_for("document.getElementById('strip').hidden");
    let draft = bob.evaluates("document.getElementById('box').value");
    assert_eq!(draft, json!("a draft"));
    bob.presses("Enter");
    shows(&bob, "a draft");
    let times =
        bob.evaluates("document.getElementById('log').innerText.split('before').length - 1");
    assert_eq!(times, json!(1));
}

#[test]
fn what_was_written_to_one_person_is_not_sent_to_another_of_that_name() {
    let test = "what_was_written_to_one_person_is_not_sent_to_another_of_that_name";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let mut first = ann(addr);
    let bob = chromium.opens_tab();
    bob.runs_first(DEAF);
    opens_in(&bob, addr);
    says(&bob, "bob");
    is_in(&bob);
    first.reads("bob has joined the chat.");
    says(&bob, "/msg ann hello");
    first.reads("bob (private): hello");
    shows(&bob, "hello");
    bob.evaluates("isMute = isDeaf = true");
    says(&bob, "for the first");
    first.types("/quit");
    first.reads("Goodbye!");
    let mut second = ann(addr);
    bob.evaluates("cut(), isMute = isDeaf = false");
    bob.waits_for("!document.getElementById('strip').hidden");
    bob.clicks("#try");
    bob.waits_for("document.getElementById('waiting').innerText.includes('Send again?')");
    second.types("/me waits");
    second.reads("* ann waits");
}
