//! The chat without a link and a terminal: what it wants done.

use super::*;
use crate::client::history::History;

/// Somebody whom the server has let in.
fn chat() -> Chat {
    let config = Config {
        host: "chat.example".into(),
        port: 8080,
        name: Some("Ann".into()),
        color: false,
        time: false,
        reconnect: true,
        drawing: true,
        signals: Vec::new(),
    };
    let mut chat = Chat::new(&config, History::open(None), (80, 24), || 0);
    hears(&mut chat, "Enter your username: ");
    hears(&mut chat, "Welcome to the chat!\r\n");
    chat.errands.clear();
    chat
}

fn hears(chat: &mut Chat, text: &str) {
    let event = Some(LinkEvent::Received(text.len()));
    chat.follow(event, text.as_bytes(), Instant::now());
}

#[test]
fn a_server_that_slows_us_down_is_waited_for() {
    let mut chat = chat();
    hears(&mut chat, "Bob: You are sending too fast;\r\n");
    assert_eq!(chat.take_errand(), None);
    let line = "You are sending too fast; slowing you down.\r\n";
    hears(&mut chat, line);
    assert_eq!(chat.take_errand(), Some(Errand::ExpectSlowReads));
}
