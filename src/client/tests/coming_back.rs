//! What a person keeps and loses when the connection breaks. Each object of the server is written here.

use std::time::Duration;

use serde_json::json;

use super::host::Host;

const SIZE: (usize, usize) = (200, 50);

fn come_in(name: &str) -> Host {
    Host::welcomed(name, SIZE)
}

#[test]
fn what_was_typed_last_is_not_sent_again_for_being_away() {
    let mut ann = come_in("Ann");
    let away = json!({"event": "answer", "to": "away", "text": ["You are away."]});
    ann.typed("/away at lunch", away.clone());
    let written = json!({"event": "written", "to": "Bob", "text": "secret"});
    assert_eq!(ann.typed("/msg Bob secret", written), ["to Bob: secret"]);
    for _ in 0..3 {
        assert_eq!(ann.returns("Ann"), ["/away at lunch"]);
        ann.answers(away.clone());
        ann.pong();
    }
}

#[test]
fn only_a_goodbye_that_means_it_keeps_us_away() {
    for (code, again) in [
        ("idle", false),
        ("kicked", false),
        ("banned", false),
        ("replaced", false),
        ("new", false),
        ("shutdown", true),
        ("full", true),
        ("login-timeout", true),
    ] {
        let mut ann = come_in("Ann");
        ann.types("typed");
        ann.tells(json!({"event": "goodbye", "code": code, "text": "Words.", "again": again}));
        ann.desk.lose("the server closed the connection");
        let shown = ann.shown();
        assert!(shown.contains("Words.\r\n"), "{code}: {shown:?}");
        assert_eq!(shown.contains("Press Enter to come back"), !again, "{code}");
        assert_eq!(shown.matches("Disconnected").count(), usize::from(again));
        ann.desk.pass(Duration::from_secs(5));
        assert_eq!(ann.desk.attempt().is_some(), again, "{code}");
        ann.desk.pass(Duration::from_secs(3600));
        ann.types("\r");
        assert!(ann.desk.is_connecting(), "{code}");
        // What somebody says is none.
        let mut ann = come_in("Ann");
        ann.said("lobby", "Bob", "Goodbye!");
        ann.comes_again();
    }
}

#[test]
fn everybody_is_told_how_long_to_wait_and_waits_longer() {
    let mut ann = come_in("Ann");
    ann.tells(json!({"event": "goodbye", "code": "shutdown", "text": "Bye.", "again": true, "after": 20_000}));
    ann.desk.pass(Duration::from_secs(19));
    assert_eq!(ann.desk.attempt(), None);
    ann.desk.pass(Duration::from_secs(11));
    assert!(ann.desk.attempt().is_some());
}

#[test]
fn refusals_on_coming_back_are_waited_out_and_told_in_one_row() {
    for refusal in [
        json!({"event": "refused", "code": "name-taken", "text": "Words."}),
        json!({"event": "refused", "code": "members-only", "text": "Words."}),
        json!({"event": "refused", "code": "busy", "text": "Words."}),
        json!({"event": "goodbye", "code": "full", "text": "Words.", "again": true}),
        json!({"event": "goodbye", "code": "login-timeout", "text": "Words.", "again": true}),
    ] {
        let mut ann = come_in("Ann");
        ann.types("typed");
        ann.comes_again();
        for attempt in 0..3 {
            ann.sent();
            let mut refusal = refusal.clone();
            refusal["re"] = ann.login.clone();
            ann.tells(refusal.clone());
            let shown = ann.shown();
            let rows = shown
                .matches("-- Not let in: Words. Trying again in")
                .count();
            assert_eq!(rows, usize::from(attempt == 0), "{refusal}: {shown:?}");
            assert!(
                shown.ends_with("> typed\r\u{1b}[17C\u{1b}[?7h\u{1b}[?25h"),
                "{shown:?}"
            );
            let mut seconds = 0..60;
            while ann.desk.attempt().is_none() {
                assert!(seconds.next().is_some(), "it does not come again");
                ann.desk.pass(Duration::from_secs(1));
            }
            ann.desk.accept();
        }
        assert_eq!(ann.desk.outcome(), None);
    }
}

#[test]
fn a_server_that_does_not_let_us_in_is_tried_again() {
    for words in [
        "{\"event\":\"hello\"}\n",
        "Enter your username: ",
        "\r\n",
        "220 mail.example.com ESMTP\r\n",
    ] {
        let mut ann = come_in("Ann");
        ann.comes_again();
        ann.desk.receive(words.as_bytes());
        let attempt = ann.desk.attempt();
        ann.desk.pass(Duration::from_secs(60));
        assert_ne!(ann.desk.attempt(), attempt, "{words:?}");
        assert_eq!(ann.desk.outcome(), None);
        // The first time, these words end the client.
        let mut ann = Host::new(Some("Ann"), SIZE);
        ann.desk.receive(words.as_bytes());
        ann.desk.pass(Duration::from_secs(60));
        assert!(ann.desk.outcome().is_some(), "{words:?}");
    }
}

#[test]
fn a_server_that_says_nothing_any_more_is_given_up_within_two_minutes() {
    let mut ann = come_in("Ann");
    ann.types("typed");
    ann.desk.pass(Duration::from_secs(46));
    ann.pong();
    ann.shown();
    ann.desk.pass(Duration::from_secs(80));
    assert!(!ann.shown().contains("Disconnected"));
    ann.desk.pass(Duration::from_secs(40));
    let shown = ann.shown();
    let told = "-- Disconnected: the server has not answered for 90 s. Trying again in";
    assert!(shown.contains(told), "{shown:?}");
    assert!(ann.desk.attempt().is_some());
}

#[test]
fn an_answer_that_was_missed_is_forgotten_with_its_connection() {
    let mut ann = come_in("Ann");
    ann.desk.pass(Duration::from_secs(100));
    assert!(
        ann.shown()
            .contains("-- Disconnected: the server has not answered")
    );
    ann.returns("Ann");
    ann.pong();
    let attempt = ann.desk.attempt();
    for _ in 0..20 {
        ann.desk.pass(Duration::from_secs(30));
        ann.pong();
    }
    assert!(!ann.shown().contains("Disconnected"));
    assert_eq!(ann.desk.attempt(), attempt);
}

#[test]
fn a_person_may_think_about_a_name_for_as_long_as_they_like() {
    let mut ann = Host::new(Some("a b"), SIZE);
    let refused = json!({"event": "refused", "code": "name-invalid", "text": "A username has 1 to 32 letters."});
    ann.answers(refused);
    ann.desk.pass(Duration::from_secs(3600));
    ann.types("Ann\r");
    assert_eq!(ann.sent(), ["login Ann"]);
    // Or longer than the server waits.
    let mut ann = Host::new(None, SIZE);
    ann.pong();
    ann.types("An");
    ann.tells(json!({"event": "goodbye", "code": "login-timeout", "text": "Bye.", "again": true}));
    ann.desk.lose("the server closed the connection");
    assert_eq!(ann.desk.outcome(), None);
    ann.types("n\r");
    assert!(ann.desk.is_connecting());
    ann.desk.accept();
    assert_eq!(ann.sent(), ["login Ann"]);
}

#[test]
fn a_server_without_login_is_told_the_name() {
    let mut ann = Host::new(Some("Ann"), SIZE);
    let welcome =
        json!({"event": "welcome", "name": "127.0.0.1:5000", "person": 1, "current": "lobby"});
    ann.tells(welcome);
    assert_eq!(ann.sent(), ["/nick Ann"]);
}

#[test]
fn a_name_in_another_spelling_is_followed() {
    let mut ann = Host::new(Some("Zoe\u{308}"), SIZE);
    ann.let_in("Zo\u{eb}");
    ann.pong();
    assert_eq!(ann.sent(), [""; 0]);
    let renamed = json!({"event": "renamed", "from": "Zo\u{eb}", "to": "Bea", "person": 1});
    assert_eq!(ann.typed("/nick Bea", renamed), ["/nick Bea"]);
    ann.comes_again();
    assert_eq!(ann.sent(), ["login Bea"]);
}

#[test]
fn a_name_chosen_while_the_welcome_is_awaited_is_taken_behind_it() {
    let mut ann = come_in("Ann");
    ann.comes_again();
    assert_eq!(ann.sent(), ["login Ann"]);
    ann.types("/nick Bea\r");
    let welcome = json!({"event": "welcome", "re": ann.login, "name": "Ann", "person": 1, "current": "lobby"});
    ann.tells(welcome);
    assert_eq!(ann.sent(), ["/nick Bea"]);
}

#[test]
fn what_was_typed_behind_a_room_that_was_not_answered_does_not_come_back_to_the_line() {
    let mut ann = come_in("Ann");
    ann.types("/join #den\rsecret for den\r");
    assert_eq!(ann.sent(), ["/join #den"]);
    ann.desk
        .lose("the connection was lost: Connection reset by peer");
    let shown = ann.shown();
    assert!(shown.contains("-- Not sent: --") && shown.contains("| secret for den"));
    ann.comes_again();
    ann.sent();
    ann.let_in("Ann");
    ann.types("\r\r");
    ann.pong();
    assert_eq!(ann.sent(), [""; 0]);
}

#[test]
fn a_person_who_is_ignored_no_more_is_not_ignored_again() {
    let granted = json!({"event": "answer", "to": "ignore", "text": ["x"]});
    let refused = json!({"event": "refused", "code": "nobody", "text": "x"});
    let joined =
        |name: &str| json!({"event": "joined", "room": "lobby", "name": name, "person": 7});
    let mut ann = come_in("Ann");
    ann.typed("/ignore Bob", granted.clone());
    assert_eq!(ann.returns("Ann"), ["/ignore Bob"]);
    ann.answers(refused.clone());
    ann.pong();
    // In another spelling they are the same.
    ann.tells(joined("bob"));
    assert_eq!(ann.sent(), ["/ignore bob"]);
    ann.typed("/unignore Bob", refused);
    assert_eq!(ann.returns("Ann"), [""; 0]);
    ann.tells(joined("Bob"));
    assert_eq!(ann.sent(), [""; 0]);
}

#[test]
fn what_was_not_sent_yet_is_sent_behind_the_return() {
    let mut ann = come_in("Ann");
    let lines: String = (0..60).map(|i| format!("{i}\r")).collect();
    ann.types(&format!("\u{1b}[200~{lines}\u{1b}[201~\r"));
    assert_eq!(ann.sent().len(), 48);
    assert_eq!(ann.returns("Ann"), [""; 0]);
    ann.pong();
    let rest: Vec<String> = (48..60).map(|i| format!("#lobby: {i}")).collect();
    assert_eq!(ann.sent(), rest);
}

#[test]
fn a_seat_that_the_server_does_not_give_back_is_left_for_a_new_one() {
    for event in [
        json!({"event": "refused", "code": "resume-gone", "text": "Gone."}),
        json!({"event": "error", "code": "member", "text": "\"since\" is no such thing."}),
    ] {
        let mut ann = Host::new(Some("Ann"), SIZE);
        let welcome = |journal: &str| {
            json!({
                "event": "welcome", "name": "Ann", "person": 1, "current": "lobby", "journal": journal, "resume": "t",
            })
        };
        ann.answers(welcome("j"));
        ann.comes_again();
        assert_eq!(ann.sent(), ["login Annt"]);
        ann.answers(event);
        assert_eq!(ann.sent(), ["login Ann"]);
        ann.answers(welcome("k"));
        assert!(ann.shown().contains("Welcome to the chat!"));
        // It breaks before we have caught up with another journal.
        ann.comes_again();
        assert_eq!(ann.sent(), ["login Annt"]);
        assert_eq!(ann.since, json!(1));
    }
}
