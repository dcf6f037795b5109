//! The words of answers to a line or a key, whatever it was about.

use crate::error::Unanswered;
use crate::limits::QUIT_CHARS;
use crate::message::AboutInput;

pub(super) fn words(about: &AboutInput) -> String {
    match about {
        AboutInput::UnknownCommand(word) => {
            format!("Unknown command: {word}. Type /help for the list.")
        }
        AboutInput::Usage(usage) => format!("How to use it: {usage}"),
        AboutInput::TooLong { limit } => {
            format!("Message too long: the limit is {limit} bytes. Not sent.")
        }
        AboutInput::TooFast { of_address: false } => {
            "You are sending too fast; slowing you down.".into()
        }
        AboutInput::TooFast { of_address: true } => {
            "Too much is coming from your address; slowing everyone there down.".into()
        }
        AboutInput::Unanswered(why) => unanswered(*why).into(),
        AboutInput::QuitTooLong => {
            format!("A last word has at most {QUIT_CHARS} characters. Type a shorter one, or none.")
        }
        AboutInput::HowToQuit => "Type /quit to leave.".into(),
        AboutInput::HowToGoBack => {
            "Press Enter alone to give another name, or to leave: type /quit there.".into()
        }
        AboutInput::StillHere(online) => format!("Yes, {online} online."),
    }
}

fn unanswered(why: Unanswered) -> &'static str {
    match why {
        Unanswered::Busy => "The server is busy. Try again in a few seconds.",
        Unanswered::Failed => "That cannot be done right now. Try again later.",
        Unanswered::Late => "That took too long and was given up. Try again later.",
    }
}
