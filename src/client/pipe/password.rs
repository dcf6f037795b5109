//! What a pipe does when the server asks for a password.

use super::{Pipe, Status};

impl Pipe<'_> {
    /// The name is somebody's. The server gets the password once, if there is one.
    pub(super) fn give_password(&mut self) {
        let password = self.config.password.as_ref();
        match (password, &mut self.refusal) {
            (Some(password), refusal @ None) => {
                let unanswered = "it was asked for again";
                *refusal = Some(unanswered.into());
                let line = format!("{}\n", password.reveal());
                self.session.answer_password();
                self.send(&line);
            }
            (_, Some(why)) => {
                let sentence = format!("the server refused the password: {why}");
                self.end(Status::Refused, sentence);
            }
            (None, None) => {
                let name = self.session.offered().unwrap_or("This name");
                let sentence =
                    format!("{name} has a password. Give it in CHAT_PASSWORD or --password-file");
                self.end(Status::Refused, sentence);
            }
        }
    }
}
