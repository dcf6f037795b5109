//! Peers who are asked for a password: what their next line is, and whether their client hides it.
//!
//! Clients of telnet say nothing of themselves on a port like ours until the server does, but their lines end in CR LF, where
//! those of netcat end in LF (RFC 854, RFC 1123 §3.3.1). So clients whose lines end in CR are taken for telnet at a
//! question for a password, until one of them does not answer.

use crate::id::Slot;

use super::Connections;

/// In one byte: the flags below, and in the upper two bits how often `WILL ECHO` was sent that the decoder does not know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Secrecy(u8);

/// Their client speaks telnet.
const TELNET: u8 = 1;
/// Their next line answers a question for a password.
const ASKED: u8 = 2;
/// Their client was told not to show it.
const MASKED: u8 = 4;
/// The question stands on the line where they type.
const AT_PROMPT: u8 = 8;
/// Their last line ended in CR.
const CR: u8 = 16;
/// Their client was told not to show a line, and has not said a word of telnet by the end of it.
const MUTE: u8 = 32;
const A_WILL: u8 = 64;

/// How a question for a password has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct SecretEnd {
    /// The client does not show what is typed, and is to show it again.
    pub(in crate::server) was_masked: bool,
    /// The person's line end was not shown either, and the cursor still stands behind the question.
    pub(in crate::server) at_prompt: bool,
}

impl Connections {
    /// Notes that a valid command of telnet has come from a peer.
    pub(in crate::server) fn note_telnet(&mut self, slot: Slot) {
        self.peers[slot.index()].secrecy.0 |= TELNET;
    }

    /// Notes how a line of a peer ended, if this part of its input has the end.
    pub(in crate::server) fn note_line_end(&mut self, slot: Slot, part: &[u8]) {
        let secrecy = &mut self.peers[slot.index()].secrecy;
        match part {
            [.., b'\r'] | [.., b'\r', b'\n'] => secrecy.0 |= CR,
            // An LF alone may belong to the CR before it.
            [_, .., b'\n'] => secrecy.0 &= !CR,
            _ => {}
        }
    }

    /// Whether a peer's next line answers a question for a password.
    pub(in crate::server) fn is_asked_secret(&self, slot: Slot) -> bool {
        self.peers[slot.index()].secrecy.has(ASKED)
    }

    /// A peer's next line answers a question for a password, which stands on that line if it is `at_prompt`. Returns whether
    /// the client is to be told now that it is not to show the line.
    pub(in crate::server) fn ask_secret(&mut self, slot: Slot, at_prompt: bool) -> bool {
        let secrecy = &mut self.peers[slot.index()].secrecy;
        let seems_so = secrecy.has(CR) && !secrecy.has(MUTE);
        let is_told = (secrecy.has(TELNET) || seems_so) && !secrecy.has(MASKED);
        secrecy.0 &= !AT_PROMPT;
        secrecy.0 |= ASKED | if at_prompt { AT_PROMPT } else { 0 };
        if is_told {
            // The count is taken out whenever something comes, so it hardly ever is more than one.
            secrecy.0 = secrecy.0.checked_add(A_WILL).unwrap_or(secrecy.0) | MASKED;
        }
        is_told
    }

    /// A peer's next line is a line like any other, if it was not one.
    pub(in crate::server) fn end_secret(&mut self, slot: Slot) -> SecretEnd {
        let end = self.secret_end(slot);
        let secrecy = &mut self.peers[slot.index()].secrecy;
        if secrecy.has(MASKED) && !secrecy.has(TELNET) {
            secrecy.0 |= MUTE;
        }
        secrecy.0 &= !(ASKED | MASKED | AT_PROMPT);
        end
    }

    /// How the question for a password would end now.
    pub(in crate::server) fn secret_end(&self, slot: Slot) -> SecretEnd {
        let secrecy = self.peers[slot.index()].secrecy;
        let was_masked = secrecy.has(MASKED);
        SecretEnd {
            was_masked,
            at_prompt: was_masked && secrecy.has(TELNET) && secrecy.has(AT_PROMPT),
        }
    }

    /// Takes out how often `WILL ECHO` was sent that the decoder does not know of.
    pub(in crate::server) fn take_wills(&mut self, slot: Slot) -> u8 {
        let secrecy = &mut self.peers[slot.index()].secrecy;
        let wills = secrecy.0 / A_WILL;
        secrecy.0 %= A_WILL;
        wills
    }
}

impl Secrecy {
    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::accounts::SECRET_BYTES;
    use crate::server::Config;
    use crate::server::simulation::{Scene, answer};

    const NOP: &[u8] = b"\xff\xf1";

    /// Somebody who has sent this first, and then come in as Ann.
    fn ann(first: &[u8]) -> (Scene, usize) {
        let mut scene = Scene::with(Config::default());
        let ann = scene.connect("127.0.0.1");
        scene.send(ann, [first, b"Ann\r\n"].concat());
        let heard = String::from_utf8_lossy(&scene.heard_bytes(ann)).into_owned();
        assert!(heard.contains("Welcome"), "{heard}");
        (scene, ann)
    }

    #[track_caller]
    fn assert_heard(scene: &Scene, pair: usize, heard: &[u8]) {
        let is = scene.heard_bytes(pair);
        assert_eq!(
            is.escape_ascii().to_string(),
            heard.escape_ascii().to_string()
        );
    }

    #[test]
    fn a_client_that_speaks_telnet_hides_the_answer_and_shows_what_follows() {
        let (mut scene, ann) = ann(NOP);
        scene.send(ann, b"/secret new\r\n");
        assert_heard(&scene, ann, b"\xff\xfb\x01New password:\r\n");
        // It agrees, which is not answered.
        scene.send(ann, b"\xff\xfd\x01");
        assert_heard(&scene, ann, b"");
        scene.send(ann, b" two  blanks\r\n");
        assert_heard(&scene, ann, b"\xff\xfc\x01");
        scene.send(ann, b"\xff\xfe\x01\r\n");
        assert_heard(&scene, ann, b"");
        assert_eq!(scene.secrets, [b" two  blanks"]);
        // From now on it is as it was.
        scene.send(ann, b"\xff\xfd\x01/topic\r\n");
        assert_heard(
            &scene,
            ann,
            b"\xff\xfc\x01#lobby has no topic. Type /topic TEXT to set one.\r\n",
        );
    }

    #[test]
    fn behind_a_prompt_the_line_end_that_nobody_saw_is_made_up_for() {
        let mut scene = Scene::with(Config::default());
        let ann = scene.connect("127.0.0.1");
        scene.send(ann, [NOP, b"/secret login\r\n"].concat());
        let prompts = b"Enter your username: \xff\xfb\x01Password: ";
        assert_heard(&scene, ann, prompts);
        scene.send(ann, b"pass\r\n");
        assert_heard(&scene, ann, b"\r\n\xff\xfc\x01");
        assert_eq!(scene.secrets, [b"pass"]);
    }

    #[test]
    fn everyone_else_is_told_that_it_shows() {
        let mut scene = Scene::with(Config::default());
        let ann = scene.connect("127.0.0.1");
        scene.send(ann, b"/secret login\n");
        let prompts = b"Enter your username: Password (it shows as you type): ";
        assert_heard(&scene, ann, prompts);
        scene.send(ann, b"pass\nAnn\n");
        let heard = scene.heard(ann);
        assert!(heard.starts_with("Welcome"), "{heard}");
        assert_eq!(scene.secrets, [b"pass"]);
        scene.send(ann, b"/secret again\n");
        assert_heard(&scene, ann, b"Once more (it shows as you type):\r\n");
    }

    #[test]
    fn a_client_that_ends_lines_as_telnet_does_is_asked_whether_it_is_one() {
        // GNU telnet is silent until then, and answers.
        let mut scene = Scene::with(Config::default());
        let ann = scene.connect("127.0.0.1");
        scene.send(ann, b"/secret login\r\n");
        assert_heard(&scene, ann, b"Enter your username: \xff\xfb\x01Password: ");
        scene.send(ann, b"\xff\xfd\x01");
        scene.send(ann, b"pass\r\n");
        assert_heard(&scene, ann, b"\r\n\xff\xfc\x01");
        scene.send(ann, b"/secret login\r\n");
        assert_heard(&scene, ann, b"\xff\xfb\x01Password: ");
        // Netcat can be told to end lines so. It does not answer, and is not asked again.
        let bob = scene.connect("127.0.0.1");
        scene.send(bob, b"/secret login\r\n");
        assert_heard(&scene, bob, b"Enter your username: \xff\xfb\x01Password: ");
        scene.send(bob, b"pass\r\n");
        assert_heard(&scene, bob, b"\xff\xfc\x01");
        scene.send(bob, b"/secret login\r\n");
        assert_heard(&scene, bob, b"Password (it shows as you type): ");
    }

    #[test]
    fn what_is_typed_ahead_counts() {
        let (mut scene, ann) = ann(NOP);
        let bytes = b"/secret new\r\n  one\r\n/secret again\r\n\ttwo \r\n/topic\r\n";
        let heard = b"\xff\xfb\x01New password:\r\n\xff\xfc\x01\xff\xfb\x01Once more:\r\n\xff\xfc\x01#lobby has no topic. Type /topic TEXT to set one.\r\n";
        scene.send(ann, bytes);
        assert_heard(&scene, ann, heard);
        assert_eq!(scene.secrets, [&b"  one"[..], b"\ttwo "]);
        for at in 1..bytes.len() {
            scene.secrets.clear();
            scene.send(ann, &bytes[..at]);
            scene.send(ann, &bytes[at..]);
            assert_heard(&scene, ann, heard);
            assert_eq!(scene.secrets, [&b"  one"[..], b"\ttwo "], "cut at {at}");
        }
        // All the answers to these questions.
        scene.send(ann, b"\xff\xfd\x01\xff\xfe\x01".repeat(2 * bytes.len()));
        assert_heard(&scene, ann, b"");
    }

    #[test]
    fn what_is_typed_ahead_of_a_held_question_counts() {
        for cut in [3, 20, 25, 29] {
            let (mut scene, ann) = ann(NOP);
            let mut jobs = scene.server.jobs().expect("nobody has them");
            // A worker gives the line back, and meanwhile the rest waits.
            let bytes = b"/ask /secret new\r\n  one\r\n/topic\r\n";
            scene.send(ann, &bytes[..cut]);
            scene.send(ann, &bytes[cut..]);
            assert_heard(&scene, ann, b"");
            answer(jobs.try_next().expect("a question"));
            scene.rest();
            let heard = b"\xff\xfb\x01New password:\r\n\xff\xfc\x01#lobby has no topic. Type /topic TEXT to set one.\r\n";
            assert_heard(&scene, ann, heard);
            assert_eq!(scene.secrets, [b"  one"]);
        }
    }

    #[test]
    fn who_begins_to_speak_telnet_at_the_question_is_not_stuck() {
        let (mut scene, ann) = ann(b"");
        scene.send(ann, b"/secret new\n");
        assert_heard(&scene, ann, b"New password (it shows as you type):\r\n");
        scene.send(ann, b"\xff\xfd\x01pass\n/secret new\n");
        let heard = b"\xff\xfc\x01\xff\xfb\x01New password:\r\n";
        assert_heard(&scene, ann, heard);
        scene.send(ann, b"word\n");
        assert_heard(&scene, ann, b"\xff\xfc\x01");
        assert_eq!(scene.secrets, [b"pass", b"word"]);
    }

    #[test]
    fn a_client_shows_what_is_typed_again_however_the_question_ends() {
        let (mut scene, ann) = ann(NOP);
        scene.send(ann, b"/secret new\r\n");
        scene.heard_bytes(ann);
        scene.send(ann, b"half\x04\xff\xec");
        assert_heard(&scene, ann, b"\xff\xfc\x01Goodbye!\r\n");
        assert_eq!(scene.secrets, [b"half\x04"]);

        let (mut scene, ann) = self::ann(NOP);
        scene.send(ann, b"/secret new\r\n");
        scene.heard_bytes(ann);
        scene.send(ann, b"\xff\xec");
        assert_heard(&scene, ann, b"Goodbye!\r\n\xff\xfc\x01");
    }

    #[test]
    fn an_answer_without_a_line_end_counts_and_a_long_one_does_not() {
        let (mut scene, ann) = ann(NOP);
        scene.send(ann, b"/secret login\r\n");
        scene.heard_bytes(ann);
        scene.send(ann, [b'x'; SECRET_BYTES + 1]);
        let heard = format!("\r\nMessage too long: the limit is {SECRET_BYTES} bytes.");
        let is = scene.heard(ann);
        assert!(is.starts_with(&heard), "{is}");
        scene.send(ann, b"\r\npass");
        scene.world.finish(ann);
        scene.rest();
        assert_eq!(scene.secrets, [b"pass"]);
    }
}
