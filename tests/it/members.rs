//! Members, guests and operators, with the words as they read them: over telnet, over netcat and as programs, and over a
//! restart.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::Value;

use crate::daemon::{Daemon, command};
use crate::harness::{PROMPT, Person};
use crate::keeping::Folder;
use crate::output::ends_cleanly;

const QUESTION: &str = "Password (it shows as you type): ";
pub(crate) const HELP: &str = "Type /help for the list of commands.";
const HIDE: [u8; 3] = [0xff, 0xfb, 1];
const SHOW: [u8; 3] = [0xff, 0xfc, 1];

/// Does something with accounts by the shell, with this on standard input.
pub(crate) fn account(folder: &Folder, args: &[&str], input: &str) -> String {
    use std::io::Write;
    let args = [&["account"], args, &["--data", folder.path()]].concat();
    let mut child = command(&args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("it can be run");
    let mut stdin = child.stdin.take().expect("standard input is piped");
    // Not every act reads.
    drop(writeln!(stdin, "{input}"));
    drop(stdin);
    let done = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    assert_eq!(
        (done.status.code(), text(done.stderr)),
        (Some(0), "".into())
    );
    text(done.stdout).trim_end().into()
}

/// The password of a member whom [`serve`] has made.
pub(crate) fn password(name: &str) -> String {
    format!("the password of {}", name.to_lowercase())
}

/// A server on an empty directory. Ann is its operator, and the others are members.
pub(crate) fn serve(test: &str, members: &[&str], args: &[&str]) -> (Folder, Daemon, SocketAddr) {
    let folder = Folder::new(test);
    for name in ["Ann"].iter().chain(members) {
        let told = account(&folder, &["add", name], &password(name));
        assert_eq!(told, format!("{name} has an account now, as a member."));
    }
    let told = account(&folder, &["role", "Ann", "operator"], "");
    assert_eq!(told, "Ann is an operator now.");
    let (daemon, addr) = folder.serve(args);
    (folder, daemon, addr)
}

/// Stops the server as a service manager does, and starts it again.
pub(crate) fn restarts(folder: &Folder, daemon: Daemon) -> (Daemon, SocketAddr) {
    ends_cleanly(daemon);
    folder.serve(&[])
}

impl Person {
    /// Gives a name and its password.
    pub(crate) fn gives(&mut self, name: &str, password: &str) {
        self.sees(PROMPT);
        self.types(name);
        self.sees(QUESTION);
        self.types(password);
    }

    /// Comes in as the owner of a name, and reads everything that this brings.
    pub(crate) fn member(addr: SocketAddr, name: &str) -> Person {
        let mut person = Person::connect(addr);
        person.gives(name, &password(name));
        let welcome = person.reads_line();
        assert!(welcome.starts_with("Welcome"), "{welcome}");
        person.answered("/back", "You were not away.");
        person
    }

    /// A guest from another address of this machine.
    pub(crate) fn guest(addr: SocketAddr, last: u8, name: &str) -> Person {
        let mut person = Person::connect_from([127, 0, 0, last].into(), addr);
        person.sees(PROMPT);
        person.types(name);
        person.is_welcomed();
        person.answered("/back", "You were not away.");
        person
    }

    /// Types a line, and reads until this answer.
    pub(crate) fn answered(&mut self, line: &str, answer: &str) {
        self.types(line);
        self.reads_until(answer);
    }

    /// Types a line, and takes the next line that has these words.
    pub(crate) fn answered_with(&mut self, line: &str, words: &str) -> String {
        self.types(line);
        self.hears(words)
    }

    /// Takes lines until one has these words, and returns it.
    pub(crate) fn hears(&mut self, words: &str) -> String {
        loop {
            let line = self.reads_line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Reads this as the last line, and no more.
    pub(crate) fn is_sent_away(&mut self, goodbye: &str) {
        self.reads_until(goodbye);
        self.is_closed();
    }
}

#[test]
fn echo_is_taken_over_for_a_password_and_given_back_whatever_comes_of_it() {
    let (_folder, _daemon, addr) = serve("members-echo", &[], &[]);
    let nop = [0xff, 0xf1];
    let asks = |person: &mut Person, question: &str| {
        person.gets(&HIDE);
        person.sees(question);
    };
    let mut ann = Person::connect(addr);
    ann.sees(PROMPT);
    ann.sends(&[&nop[..], b"Ann\r\n"].concat());
    asks(&mut ann, "Password: ");
    // Agreement is not answered.
    ann.sends(b"\xff\xfd\x01wrong one\r\n");
    ann.sees("\r\n");
    ann.gets(&SHOW);
    ann.sees("That is not the password. 2 attempts left.\r\n");
    asks(&mut ann, "Password: ");
    ann.sends(b"\r\n");
    ann.sees("\r\n");
    ann.gets(&SHOW);
    ann.sees(PROMPT);
    ann.sends(b"Ann\r\n");
    asks(&mut ann, "Password: ");
    ann.sends(format!("{}\r\n", password("Ann")).as_bytes());
    ann.sees("\r\n");
    ann.gets(&SHOW);
    ann.sees(&format!(
        "Welcome, Ann!\r\n1 wrong password since then, last from 127.0.0.1.\r\n{HELP}\r\nAnn has joined the chat.\r\n"
    ));
    ann.sends(b"/password\r\n");
    asks(&mut ann, "Password:\r\n");
    ann.sends(format!("{}\r\n", password("Ann")).as_bytes());
    ann.gets(&SHOW);
    asks(&mut ann, "New password:\r\n");
    ann.sends(b"one thing else\r\n");
    ann.gets(&SHOW);
    asks(&mut ann, "Once more:\r\n");
    ann.sends(b"another thing\r\n");
    ann.gets(&SHOW);
    ann.reads(
        "These are two different passwords. Nothing was changed. Type /password to try again.",
    );
    ann.sends(b"/password\r\n");
    asks(&mut ann, "Password:\r\n");
    // Ctrl-C, as telnet sends it.
    ann.sends(b"half\xff\xf4");
    ann.gets(&SHOW);
    ann.reads("Nothing was changed. Type /password to try again.");
    ann.types("/quit");
    ann.hears("Goodbye!");
}

#[test]
fn a_name_is_registered_changed_and_given_up() {
    let (folder, daemon, addr) = serve("members-register", &[], &[]);
    let mut mia = Person::guest(addr, 2, "Mia");
    mia.types("/register tea at four");
    mia.reads("Type /register alone; you are asked for the password.");
    let asks = |person: &mut Person, line: &str, question: &str| {
        person.types(line);
        person.reads(&format!("{question} (it shows as you type):"));
    };
    asks(&mut mia, "/register", "New password");
    mia.types("short");
    mia.reads("A password has 8 bytes at least. Nothing was changed. Type /register to try again.");
    mia.types("not so short");
    mia.reads("That was not sent, in case it is a password. Type it again to send it.");
    asks(&mut mia, "/register", "New password");
    asks(&mut mia, " tea  at four ", "Once more");
    mia.types(" tea  at four ");
    mia.reads("Mia is yours from now on.");
    mia.types("/register");
    mia.reads("You have an account: Mia. Type /password to change its password.");
    asks(&mut mia, "/password", "Password");
    asks(&mut mia, " tea  at four ", "New password");
    asks(&mut mia, "coffee at five", "Once more");
    mia.types("coffee at five");
    mia.reads("You have a new password from now on.");
    mia.types("/quit");
    mia.reads("Goodbye!");

    let (daemon, addr) = restarts(&folder, daemon);
    for name in ["mia", "MIA", "Mi\u{430}"] {
        let mut other = Person::connect(addr);
        other.gives(name, " tea  at four ");
        other.reads("That is not the password. 2 attempts left.");
    }
    let mut mia = Person::connect(addr);
    mia.gives("mia", "coffee at five");
    mia.hears("Welcome back, Mia! You were last here on ");
    mia.reads("3 wrong passwords since then, last from 127.0.0.1.");
    mia.answered("/back", "You were not away.");
    mia.types("/unregister");
    let gone = mia.reads_line();
    assert!(
        gone.ends_with("and so does the name Mia: nobody else can take it."),
        "{gone}"
    );
    mia.reads("Password (it shows as you type):");
    mia.types("coffee at five");
    mia.reads("Your account is gone. Nobody else can take the name Mia.");
    mia.types("/quit");
    mia.reads("Goodbye!");
    let (_daemon, addr) = restarts(&folder, daemon);
    let mut other = Person::connect(addr);
    other.sees(PROMPT);
    other.types("Mia");
    other.reads("That username is taken.");
    account(&folder, &["remove", "Mia"], "");
    other.sees(PROMPT);
    other.types("Mia");
    other.is_welcomed();
}

#[test]
fn who_comes_in_again_takes_their_seat() {
    let (_folder, _daemon, addr) = serve("members-seat", &["Mia"], &[]);
    let mut bob = Person::guest(addr, 2, "Bob");
    let mut first = Person::member(addr, "Mia");
    bob.hears("Mia has joined the chat.");
    first.answered("/join den", "You are in #den now.");
    bob.hears("Mia has gone to #den.");
    let mut second = Person::connect(addr);
    second.gives("mia", &password("Mia"));
    second.hears("Welcome back, Mia!");
    second.reads(HELP);
    second.reads("You are in #den now.");
    first.is_sent_away("You came in from elsewhere. Goodbye!");
    second.answered("/leave", "You are in #lobby now.");
    bob.reads("Mia has come in.");
    second.types("still me");
    bob.reads("Mia: still me");
    // As a program, too.
    let mut third = Person::connect(addr);
    third.types(&format!(
        r#"{{"op":"login","name":"Mia","password":"{}"}}"#,
        password("Mia")
    ));
    assert_eq!(third.object("welcome")["name"], "Mia");
    second.is_sent_away("You came in from elsewhere. Goodbye!");
    let mut fourth = Person::member(addr, "Mia");
    let goodbye = third.object("goodbye");
    assert_eq!(
        (&goodbye["code"], &goodbye["again"]),
        (&"replaced".into(), &false.into())
    );
    fourth.types("hello");
    bob.reads("Mia: hello");
}

impl Person {
    /// Takes objects until one of this event.
    pub(crate) fn object(&mut self, event: &str) -> Value {
        loop {
            let line = self.reads_to(b"\n");
            // Behind the greeting of a person, an object begins on a line of its own.
            if let Ok(object) = serde_json::from_str::<Value>(&line)
                && object["event"] == event
            {
                return object;
            }
        }
    }
}

#[test]
fn what_happens_while_a_member_is_away_waits_for_them() {
    let (folder, daemon, addr) = serve("members-away", &["Mia"], &[]);
    let mut ann = Person::member(addr, "Ann");
    let mut mia = Person::member(addr, "Mia");
    mia.types("see you");
    ann.hears("Mia: see you");
    mia.types("/quit");
    mia.reads("Goodbye!");
    ann.hears("Mia has left the chat.");
    let mut bob = Person::guest(addr, 2, "Bob");
    bob.types("/msg mia call me");
    bob.reads("Mia is not here. They read it when they come.");
    bob.types("one");
    ann.hears("Bob: one");
    ann.types("two");
    ann.types("/quit");
    ann.reads("Goodbye!");
    bob.hears("Ann has left the chat.");
    bob.types("/report Ann has left");
    bob.reads("No operator is here. They read it when they come in.");
    let (_daemon, addr) = restarts(&folder, daemon);
    let mut mia = Person::connect(addr);
    mia.gives("Mia", &password("Mia"));
    mia.hears("Welcome back, Mia!");
    mia.reads(HELP);
    mia.reads_until("-- 1 message came while you were not here --");
    let message = mia.reads_line();
    assert!(message.ends_with("] Bob (private): call me"), "{message}");
    mia.reads("-- end --");
    mia.reads("-- 2 lines since you left; /catchup shows them --");
    mia.hears("Mia has joined the chat.");
    mia.types("/catchup");
    mia.reads("-- last 2 messages, times in UTC --");
    for line in ["] Bob: one", "] Ann: two"] {
        let read = mia.reads_line();
        assert!(read.ends_with(line), "{read}");
    }
    let mut ann = Person::connect(addr);
    ann.gives("Ann", &password("Ann"));
    ann.hears("Welcome back, Ann!");
    let report = ann.hears("-- Bob reported on ");
    assert!(report.ends_with(" (UTC): Ann has left --"), "{report}");
    // Read once.
    ann.types("/quit");
    ann.hears("Goodbye!");
    let mut ann = Person::connect(addr);
    ann.gives("Ann", &password("Ann"));
    ann.hears("Ann has joined the chat.");
    ann.types("/users");
    ann.reads("Users online: 2");
}

#[test]
fn another_password_ends_what_was_begun_with_the_former_one() {
    let (folder, _daemon, addr) = serve("members-password", &["Mia"], &[]);
    let mut mia = Person::member(addr, "Mia");
    // Somebody has given the name, and not the password yet.
    let mut pending = Person::connect(addr);
    pending.sees(PROMPT);
    pending.types("Mia");
    pending.sees(QUESTION);
    for (line, answer) in [
        ("/password", "Password (it shows as you type):"),
        (&password("Mia"), "New password (it shows as you type):"),
        ("coffee at five", "Once more (it shows as you type):"),
        ("coffee at five", "You have a new password from now on."),
    ] {
        mia.types(line);
        mia.reads(answer);
    }
    pending.types(&password("Mia"));
    pending.reads("That is not the password. 2 attempts left.");
    pending.sees(QUESTION);
    pending.types("coffee at five");
    pending.hears("Welcome back, Mia!");
    mia.is_sent_away("You came in from elsewhere. Goodbye!");
    account(&folder, &["password", "Mia"], "cake at six o'clock");
    pending.is_sent_away("Your password was changed. Come in again with the new one. Goodbye!");
    let mut mia = Person::connect(addr);
    mia.gives("Mia", "coffee at five");
    mia.reads("That is not the password. 2 attempts left.");
    mia.sees(QUESTION);
    mia.types("cake at six o'clock");
    mia.hears("Welcome back, Mia!");
}
