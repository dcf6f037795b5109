//! The page with members, operators and guests, as the server itself answers.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::chromium::Chromium;
use crate::daemon::command;
use crate::keeping::Folder;
use crate::page::{GREET_LATE, is_in, opens, says, shows};
use crate::tab::Tab;

/// Makes an account by the shell, with the password on standard input.
fn add(folder: &Folder, name: &str, role: &str, password: &str) {
    let mut adding = command(&["account", "add", name, role, "--data", folder.path()]);
    let mut adding = adding.stdin(Stdio::piped()).spawn().expect("it can be run");
    let mut stdin = adding.stdin.take().expect("standard input is piped");
    writeln!(stdin, "{password}").expect("it reads");
    drop(stdin);
    let done = adding.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{done:?}");
}

/// The field of this name has the keyboard, and what stands at it begins so.
fn complains(tab: &Tab, field: &str, begin: &str) {
    let (field, begin) = (json!(field), json!(begin));
    tab.waits_for(&format!(
        "document.activeElement.id === {field} && document.activeElement.form.querySelector('.error').innerText.startsWith({begin})"
    ));
}

/// Types the passwords of the panel, and sends them.
fn fills(tab: &Tab, fields: &[(&str, &str)]) {
    for (number, (field, text)) in fields.iter().enumerate() {
        tab.waits_for(&format!("document.activeElement.id === '{field}'"));
        tab.types(text);
        let is_last = number + 1 == fields.len();
        tab.presses(if is_last { "Enter" } else { "Tab" });
    }
}

fn has_ended(tab: &Tab, begin: &str) {
    let begin = json!(begin);
    tab.waits_for(&format!(
        "document.getElementById('strip-text').innerText.startsWith({begin}) && document.getElementById('try').innerText === 'Come in again'"
    ));
}

#[test]
fn a_member_comes_in_changes_the_password_and_is_in_once() {
    let test = "a_member_comes_in_changes_the_password_and_is_in_once";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let folder = Folder::new("page-member");
    add(&folder, "bob", "member", "right horse");
    let (_server, addr) = folder.serve(&GREET_LATE);
    let bob = opens(&chromium, addr);
    says(&bob, "Bob");
    complains(
        &bob,
        "password",
        "bob is a member's name. Type the password to come in.",
    );
    says(&bob, "wrong horse");
    complains(
        &bob,
        "password",
        "That is not the password. 2 attempts left.",
    );
    says(&bob, "right horse");
    is_in(&bob);
    let other = opens(&chromium, addr);
    says(&other, "bob");
    complains(
        &other,
        "password",
        "bob is a member's name. Type the password to come in.",
    );
    says(&other, "right horse");
    is_in(&other);
    has_ended(&bob, "You came in from elsewhere. Goodbye!");
    says(&other, "/password");
    fills(
        &other,
        &[
            ("present", "wrong horse"),
            ("fresh", "brand new horse"),
            ("again", "brand new horse"),
        ],
    );
    complains(&other, "present", "That is not the password.");
    says(&other, "right horse");
    shows(&other, "password from now on.");
    // What the first one remembers is right no more.
    bob.comes_to_front();
    bob.clicks("#try");
    complains(&bob, "password", "That is not the password.");
    says(&bob, "brand new horse");
    is_in(&bob);
    has_ended(&other, "You came in from elsewhere. Goodbye!");
    for tab in [bob, other] {
        tab.is_sound(addr);
    }
}

#[test]
fn a_guest_registers_and_gives_the_account_up() {
    let test = "a_guest_registers_and_gives_the_account_up";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let folder = Folder::new("page-registers");
    let (_server, addr) = folder.serve(&GREET_LATE);
    let eve = opens(&chromium, addr);
    says(&eve, "eve");
    is_in(&eve);
    eve.types("/reg");
    eve.waits_for("document.getElementById('choices').innerText.startsWith('/register')");
    says(&eve, "ister");
    fills(&eve, &[("fresh", "short"), ("again", "short")]);
    eve.waits_for(
        "document.activeElement.id === 'fresh' && document.getElementById('account-error').innerText",
    );
    eve.presses("Control+a");
    fills(&eve, &[("fresh", "pass  wörd")]);
    eve.waits_for("document.activeElement.id === 'again'");
    eve.presses("Control+a");
    fills(&eve, &[("again", "pass  wörd")]);
    shows(&eve, "eve is yours from now on.");
    // A reload takes the seat again, and another tab needs the password.
    eve.reloads();
    is_in(&eve);
    let eve = opens(&chromium, addr);
    says(&eve, "eve");
    complains(
        &eve,
        "password",
        "eve is a member's name. Type the password to come in.",
    );
    says(&eve, "pass  wörd");
    is_in(&eve);
    says(&eve, "/unregister");
    fills(&eve, &[("present", "pass  wörd")]);
    shows(&eve, "Your account is gone.");
    eve.is_sound(addr);
}

#[test]
fn the_muted_and_the_kicked_read_why() {
    let test = "the_muted_and_the_kicked_read_why";
    let Some(chromium) = Chromium::start(test) else {
        return;
    };
    let folder = Folder::new("page-order");
    add(&folder, "olga", "operator", "right horse");
    let (_server, addr) = folder.serve(&GREET_LATE);
    let olga = opens(&chromium, addr);
    says(&olga, "olga");
    complains(
        &olga,
        "password",
        "olga is a member's name. Type the password to come in.",
    );
    says(&olga, "right horse");
    is_in(&olga);
    let eve = opens(&chromium, addr);
    says(&eve, "eve");
    is_in(&eve);
    olga.comes_to_front();
    says(&olga, "/mute eve 10m spam");
    shows(&eve, "You are muted until ");
    eve.comes_to_front();
    says(&eve, "buy now");
    eve.waits_for("document.getElementById('box').value === 'buy now'");
    olga.comes_to_front();
    says(&olga, "/kick eve spam");
    has_ended(&eve, "You were kicked by olga: spam.");
    let log = "document.getElementById('log').innerText.includes('buy now')";
    assert_eq!(olga.evaluates(log), json!(false));
    for tab in [olga, eve] {
        tab.is_sound(addr);
    }
}
