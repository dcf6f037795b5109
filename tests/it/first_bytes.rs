//! Newcomers are known by their first bytes, or by their silence.

use std::time::{Duration, Instant};

use crate::daemon::start;
use crate::harness::{PROMPT, Person};
use crate::program::program;
use crate::real_clients::{CURL, can_play};

#[test]
fn curl_reads_the_page_and_no_prompt() {
    if !can_play("a browser at the door", &[&CURL]) {
        return;
    }
    let (_daemon, addr) = start(&["--greet-after", "300"]);
    let asked = program(CURL.program).args(CURL.args(addr)).output();
    let answer = asked.expect("curl runs").stdout;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.99}");
    assert!(answer.ends_with("</html>\n"));
}

#[test]
fn people_are_greeted_after_a_silence_or_as_soon_as_they_speak() {
    let (_daemon, addr) = start(&["--greet-after", "300"]);
    let begun = Instant::now();
    let mut ann = Person::connect(addr);
    ann.sees(PROMPT);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    ann.types("ann");
    ann.is_welcomed();
    let mut bob = Person::connect(addr);
    bob.types("bob");
    bob.sees(PROMPT);
    bob.is_welcomed();
    ann.reads("ann has joined the chat.");
    ann.reads("bob has joined the chat.");
}
