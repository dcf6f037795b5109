//! The page where names are somebody's, and where order is kept. The server is a real one. A script in the page gives
//! some answers in its place, and says what it does not say by itself.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::chromium::Chromium;
use crate::daemon::{Daemon, start};
use crate::page::{GREET_LATE, ann, is_in, opens_in, says, shows};
use crate::tab::Tab;

/// A server that keeps no seats, so that a page comes in again by the name.
fn serve() -> (Daemon, SocketAddr) {
    start(&[&GREET_LATE[..], &["--keep-seat", "0"]].concat())
}

/// The name `bob` is somebody's. `sent` has all that the page sends, and `events` what the server says. `hears` gives the
/// page an object. While `isMuted` holds, nothing that is said goes to the server.
const BESIDE: &str = r#"
    const Real = WebSocket;
    Object.assign(window, { sent: [], events: [], secret: 'right horse', isMuted: false });
    const refused = (code, text) => ({ event: 'refused', code, text });
    const answer = text => ({ event: 'answer', text: [text] });
    const answers = {
        login: ({ name, password }) => {
            if (name !== 'bob' || password === secret) return null;
            return refused('password', password ? 'That is not the password. 2 attempts left.' : 'bob is taken.');
        },
        say: () => isMuted && refused('muted', 'You are muted: spam.'),
        register: ({ password }) => password.length < 8 ? refused('usage', 'Too short.') : answer('It is yours.'),
        password: ({ old, new: password }) => {
            if (old !== secret) return refused('password', 'That is not the password.');
            secret = password;
            return answer('It is changed.');
        },
    };
    window.WebSocket = class extends Real {
        set onmessage(hear) {
            window.hears = object => hear({ data: JSON.stringify(object) });
            window.cut = () => this.close();
            super.onmessage = ({ data }) => {
                const object = JSON.parse(data);
                events.push(object);
                if (object.event === 'hello') object.accounts = 'on';
                hears(object);
            };
        }
        send(text) {
            const object = JSON.parse(text);
            sent.push(object);
            const given = answers[object.op]?.(object);
            if (given) setTimeout(() => hears({ re: object.id, ...given }));
            else super.send(JSON.stringify({ ...object, password: undefined }));
        }
    };
"#;

/// Opens the page with that script.
fn opens(chromium: &Chromium, addr: SocketAddr) -> Tab {
    let tab = chromium.opens_tab();
    tab.runs_first(BESIDE);
    opens_in(&tab, addr);
    tab
}

/// Comes in under a name that is nobody's.
fn comes_in(chromium: &Chromium, addr: SocketAddr) -> Tab {
    let tab = opens(chromium, addr);
    says(&tab, "eve");
    is_in(&tab);
    tab
}

/// This field has the keyboard, and says this.
fn complains(tab: &Tab, field: &str, text: &str) {
    let (field, text) = (json!(field), json!(text));
    tab.waits_for(&format!(
        "document.activeElement.id === {field} && document.activeElement.ariaInvalid === 'true'
            && document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText === {text}"
    ));
}

/// Neither the page, its address and its storage, nor its title, have this text anywhere.
fn keeps_nothing_of(tab: &Tab, secret: &str) {
    let kept = "JSON.stringify([{ ...sessionStorage }, { ...localStorage }, location.href, document.title])
        + document.documentElement.outerHTML";
    let kept = tab.evaluates(kept);
    assert!(
        !kept.as_str().expect("a text").contains(secret),
        "{secret} in {kept}"
    );
}

/// What the page sent last under this op.
fn last_sent(tab: &Tab, op: &str) -> Value {
    tab.evaluates(&format!("sent.findLast(it => it.op === '{op}') ?? null"))
}

#[test]
fn a_name_that_is_somebodys_is_asked_its_password() {
    let test = "a_name_that_is_somebodys_is_asked_its_password";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let bob = opens(&chromium, addr);
    let shown = "document.getElementById('password').checkVisibility()";
    assert_eq!(bob.evaluates(shown), json!(false));
    says(&bob, "bob");
    complains(&bob, "password", "bob is taken.");
    let parts = bob.accessible();
    assert!(
        parts.iter().any(|it| it == "textbox \"Password\""),
        "{parts:#?}"
    );
    says(&bob, "wrong one");
    complains(
        &bob,
        "password",
        "That is not the password. 2 attempts left.",
    );
    let value = "document.getElementById('password').value";
    assert_eq!(bob.evaluates(value), json!(""));
    says(&bob, "right horse");
    is_in(&bob);
    for secret in ["wrong one", "right horse"] {
        keeps_nothing_of(&bob, secret);
    }
    // A lost link comes back by itself, with the password in memory.
    bob.evaluates("sent.length = 0, cut()");
    bob.waits_for("sent.some(it => it.op === 'login') && document.getElementById('strip').hidden");
    assert_eq!(last_sent(&bob, "login")["password"], json!("right horse"));
    // A page that is opened anew has none.
    bob.reloads();
    complains(&bob, "password", "bob is taken.");
    assert_eq!(last_sent(&bob, "login")["password"], Value::Null);
    // The password of one name is not sent for another.
    bob.types("right horse");
    bob.presses("Shift+Tab");
    bob.presses("Control+a");
    says(&bob, "eve");
    is_in(&bob);
    assert_eq!(last_sent(&bob, "login")["password"], Value::Null);
    bob.is_sound(addr);
}

#[test]
fn a_password_behind_a_command_is_neither_sent_nor_kept() {
    let test = "a_password_behind_a_command_is_neither_sent_nor_kept";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let eve = comes_in(&chromium, addr);
    let text = "document.getElementById('question-text').innerText";
    for word in ["register", "password", "unregister"] {
        eve.types(&format!("/{word} hunter2!"));
        keeps_nothing_of(&eve, "hunter2!");
        eve.presses("Enter");
        let words = format!("Type /{word} alone; you are asked for the password.");
        eve.waits_for(&format!("{text} === {}", json!(words)));
        let value = eve.evaluates("document.getElementById('box').value");
        assert_eq!(value, json!(format!("/{word}")));
        eve.presses("Control+a");
        eve.presses("Backspace");
    }
    eve.types("/register");
    eve.presses("Shift+Enter");
    says(&eve, "hunter2!");
    eve.waits_for(&format!("{text}.startsWith('Type /register alone')"));
    keeps_nothing_of(&eve, "hunter2!");
    let sent = eve.evaluates("JSON.stringify(sent)");
    assert!(!sent.to_string().contains("hunter2!"), "{sent}");
    eve.is_sound(addr);
}

#[test]
fn a_panel_asks_for_passwords() {
    let test = "a_panel_asks_for_passwords";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let eve = comes_in(&chromium, addr);
    eve.is_a_phone(320, 568);
    says(&eve, "/register");
    eve.waits_for("document.activeElement.id === 'fresh'");
    let small = "[...document.querySelectorAll('#account input, #account button')]
        .filter(it => it.checkVisibility() && it.offsetHeight < 44).length";
    assert_eq!(eve.evaluates(small), json!(0));
    let is_narrow = "document.documentElement.scrollWidth <= 320";
    assert_eq!(eve.evaluates(is_narrow), json!(true));
    eve.types("short");
    eve.presses("Tab");
    says(&eve, "other");
    complains(&eve, "again", "Type the same once more.");
    eve.presses("Control+a");
    says(&eve, "short");
    complains(&eve, "fresh", "Too short.");
    eve.presses("Escape");
    eve.waits_for("document.activeElement.id === 'box' && !document.getElementById('fresh').value");
    says(&eve, "/register");
    eve.waits_for("document.activeElement.id === 'fresh'");
    eve.types("a  long one");
    eve.presses("Tab");
    says(&eve, "a  long one");
    shows(&eve, "It is yours.");
    eve.waits_for("document.activeElement.id === 'box'");
    assert_eq!(
        last_sent(&eve, "register")["password"],
        json!("a  long one")
    );
    says(&eve, "/password");
    eve.waits_for("document.activeElement.id === 'present'");
    for (field, text) in [
        ("present", "wrong one"),
        ("fresh", "brand new"),
        ("again", "brand new"),
    ] {
        eve.waits_for(&format!("document.activeElement.id === '{field}'"));
        eve.types(text);
        eve.presses(if field == "again" { "Enter" } else { "Tab" });
    }
    complains(&eve, "present", "That is not the password.");
    says(&eve, "right horse");
    shows(&eve, "It is changed.");
    let op = last_sent(&eve, "password");
    assert_eq!([&op["old"], &op["new"]], ["right horse", "brand new"]);
    for secret in ["a  long one", "wrong one", "brand new", "right horse"] {
        keeps_nothing_of(&eve, secret);
    }
    eve.is_sound(addr);
}

#[test]
fn an_end_for_good_is_said_and_no_link_is_opened_by_itself() {
    let test = "an_end_for_good_is_said_and_no_link_is_opened_by_itself";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let eve = comes_in(&chromium, addr);
    for code in ["replaced", "kicked", "banned"] {
        let goodbye = json!({"event": "goodbye", "code": code, "text": "Why it ends. Goodbye!", "again": false, "after": 0});
        eve.evaluates(&format!("hears({goodbye}), cut()"));
        // The text of a link that is tried again goes on.
        eve.waits_for(
            "document.getElementById('strip-text').innerText === 'Why it ends. Goodbye!'",
        );
        eve.waits_for("document.getElementById('try').innerText === 'Come in again'");
        eve.clicks("#try");
        eve.waits_for("document.getElementById('strip').hidden");
    }
    eve.is_sound(addr);
}

#[test]
fn removed_lines_fold_into_one() {
    let test = "removed_lines_fold_into_one";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let eve = comes_in(&chromium, addr);
    let mut ann = ann(addr);
    for text in ["first", "spam 1", "between", "spam 2", "spam 3", "last"] {
        ann.types(text);
    }
    shows(&eve, "last");
    eve.evaluates("hears({ event: 'erased', room: 'lobby', seqs: events.filter(it => it.text?.startsWith('spam')).map(it => it.seq) })");
    shows(&eve, "3 messages were removed.");
    let lines = "[...document.querySelectorAll('#log .line:not(.moves)')].map(line =>
        (line.classList.contains('follow') ? '' : line.querySelector('.name')?.innerText ?? '') + '|' + line.querySelector('.text').innerText)";
    let left = [
        "ann|first",
        "|between",
        "|3 messages were removed.",
        "ann|last",
    ];
    assert_eq!(eve.evaluates(lines), json!(left));
    eve.is_sound(addr);
}

#[test]
fn what_the_muted_wrote_is_in_the_box_again() {
    let test = "what_the_muted_wrote_is_in_the_box_again";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let (_daemon, addr) = serve();
    let eve = comes_in(&chromium, addr);
    eve.evaluates("isMuted = true");
    for _ in 0..2 {
        eve.presses("Control+a");
        says(&eve, "//me too");
        shows(&eve, "You are muted: spam.");
        eve.waits_for("document.getElementById('box').value === '//me too'");
    }
    let said = "document.getElementById('log').innerText.split('You are muted').length - 1";
    assert_eq!(eve.evaluates(said), json!(1));
    eve.evaluates("isMuted = false");
    eve.presses("Enter");
    shows(&eve, "/me too");
    eve.waits_for("document.getElementById('box').value === ''");
    eve.is_sound(addr);
}
