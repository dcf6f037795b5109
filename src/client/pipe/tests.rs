//! The server's words that a pipe knows, and its report of lines that were not sent.

use super::*;
use crate::message::{AboutConnection, AboutInput, Answer, Message};
use crate::moment::Format;
use crate::wire::render;
use bytes::BytesMut;

#[test]
fn the_words_of_the_server_are_those_that_it_says() {
    fn said(message: impl Into<Message>) -> String {
        let mut out = BytesMut::new();
        render(&message.into(), 0, Format::default(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }
    for of_address in [false, true] {
        let line = said(Answer::from(AboutInput::TooFast { of_address }));
        assert!(is_slowed_down(&line), "{line}");
    }
    for message in [AboutConnection::ShuttingDown, AboutConnection::IdleTimedOut] {
        let line = said(message);
        assert!(is_dismissal(line.trim_end()), "{line}");
    }
}

#[test]
fn the_lines_that_were_not_sent_are_counted_behind_the_reason() {
    for (reason, unsent, told) in [
        ("gone", (0, true), "gone"),
        ("gone", (1, false), "gone; 1 line was not sent"),
        ("gone", (2, true), "gone; at least 2 lines were not sent"),
        ("Go.", (2, false), "Go. 2 lines were not sent"),
    ] {
        assert_eq!(with_unsent(reason, unsent), told);
    }
}
