//! The `client` in a real terminal: tmux, which knows the mouse, marked pastes and modes, and reports which are on.

use std::env;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, start};
use crate::harness::{Person, until};
use crate::real_clients::{TMUX, Window, can_play};

/// A shell in a terminal. The terminal itself edits its lines.
struct Shell {
    window: Window,
    home: PathBuf,
}

impl Shell {
    fn open(name: &str) -> Shell {
        let home = env::temp_dir().join(format!("chinwag-{}-{name}-home", std::process::id()));
        fs::create_dir_all(&home).expect("a folder can be made");
        let script = format!(
            "cd {} && env HISTFILE= XDG_STATE_HOME=. XDG_CONFIG_HOME={} PS1='shell$ ' bash --norc --noprofile --noediting -i",
            home.display(),
            home.display()
        );
        let window = Window::run(name, &script);
        window.shows("shell$");
        Shell { window, home }
    }

    /// Runs the client in it, and ann comes in.
    fn chats(&self, addr: SocketAddr) {
        let client = env!("CARGO_BIN_EXE_client");
        let port = addr.port();
        self.window.types(&format!("{client} -p {port} -n ann"));
        self.window.shows("ann has joined the chat.");
    }

    /// Makes the terminal send bytes as it sends reports.
    fn reports(&self, bytes: &[u8]) {
        let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let bytes = bytes.iter().map(String::as_str);
        let args: Vec<&str> = ["send-keys", "-H"].into_iter().chain(bytes).collect();
        self.window.tmux(&args);
    }

    fn presses(&self, text: &str) {
        self.window.tmux(&["send-keys", "-l", text]);
    }

    /// Whether each of these modes is on: reports of the mouse, in SGR's form, cursor keys and the keypad for applications,
    /// inserting.
    fn modes(&self) -> String {
        let flags =
            "#{mouse_any_flag}#{mouse_sgr_flag}#{keypad_cursor_flag}#{keypad_flag}#{insert_flag}";
        let modes = self.window.tmux(&["display-message", "-p", flags]);
        modes.trim_end().into()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

#[test]
fn what_was_left_on_is_off_in_the_client_and_behind_it() {
    if !can_play(
        "what_was_left_on_is_off_in_the_client_and_behind_it",
        &[&TMUX],
    ) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let shell = Shell::open("left-on");
    assert_eq!(shell.modes(), "00000");
    shell
        .window
        .types(r"printf '\033[?1000;1003;1006;1h\033=\033[4h'");
    until("everything is on", || shell.modes() == "11111");
    shell.chats(addr);
    assert_eq!(shell.modes(), "00000");
    shell.window.types("leave");
    // Text typed before that still goes to the client.
    until("the shell is back", || {
        let screen = shell.window.tmux(&["capture-pane", "-p"]);
        screen.trim_end().ends_with("shell$")
    });
    shell
        .window
        .types("stty -a | grep -o ' icanon'; echo $((6 * 7))");
    shell.window.shows(" icanon\n42");
    assert_eq!(shell.modes(), "00000");
    // No paste is marked any more: pasted text looks typed.
    shell.window.tmux(&["set-buffer", "echo $((7 * 8))\n"]);
    shell.window.tmux(&["paste-buffer", "-p"]);
    shell.window.shows("\n56\n");
}

#[test]
fn the_client_reads_what_the_terminal_tells() {
    if !can_play("the_client_reads_what_the_terminal_tells", &[&TMUX]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let shell = Shell::open("reports");
    shell.chats(addr);
    bob.reads("ann has joined the chat.");
    for report in [
        &b"\x1b[<64;10;5M"[..],
        b"\x1b[32;10;5M",
        b"\x1b[M !!",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        b"\x1b[12;40R",
    ] {
        shell.presses("half");
        shell.window.shows("> half");
        shell.reports(report);
        shell.window.types(" a line");
        bob.reads("ann: half a line");
    }
    shell.window.tmux(&["set-buffer", "one\ntwo\n"]);
    for (answer, line) in [("n", "no"), ("Enter", "one")] {
        shell.window.tmux(&["paste-buffer", "-p"]);
        shell.window.shows("Send these 2 lines?");
        shell.reports(b"\x1b[<64;10;5M");
        shell.window.tmux(&["send-keys", answer]);
        if answer == "n" {
            shell.window.shows("-- Nothing was sent. --");
            shell.window.types("no");
        }
        bob.reads(&format!("ann: {line}"));
    }
    bob.reads("ann: two");
}

#[test]
fn a_terminal_that_is_closed_ends_the_client() {
    if !can_play("a_terminal_that_is_closed_ends_the_client", &[&TMUX]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let shell = Shell::open("closed");
    shell.chats(addr);
    bob.reads("ann has joined the chat.");
    shell.window.tmux(&["kill-server"]);
    bob.reads("ann has left the chat.");
}

#[test]
fn after_a_restart_a_line_is_read_in_the_room_it_was_typed_for() {
    let test = "after_a_restart_a_line_is_read_in_the_room_it_was_typed_for";
    if !can_play(test, &[&TMUX]) {
        return;
    }
    let (daemon, addr) = start(&[]);
    let shell = Shell::open("restart");
    shell.chats(addr);
    shell.window.types("/join #den");
    shell.window.shows("You are in #den now.");
    shell.presses("half a li");
    daemon.signal(Signal::SIGTERM);
    shell.window.shows("(offline) > half a li");
    shell.window.types("ne");
    shell.window.shows("-- Not connected: the line stays here");
    // Clears the screen, so that the next words on it are new.
    shell.window.tmux(&["send-keys", "C-l"]);
    shell.window.shows_no_more("You are in #den now.");
    daemon.ends();
    let _daemon = Daemon::spawn(command(&["-l", &addr.to_string()]));
    shell.window.shows("You are in #den now.");
    shell.window.shows("> half a line");
    let mut bob = Person::login(addr, "bob");
    shell.window.types("");
    shell.window.shows("ann: half a line");
    // In the lobby he has not read any of it.
    bob.types("/join #den");
    bob.reads("You are in #den now.");
    // As history, with a stamp.
    while !bob.reads_line().ends_with("ann: half a line") {}
}

#[test]
fn a_server_that_lets_nobody_in_is_tried_again() {
    if !can_play("a_server_that_lets_nobody_in_is_tried_again", &[&TMUX]) {
        return;
    }
    let (daemon, addr) = start(&[]);
    let shell = Shell::open("full");
    shell.chats(addr);
    shell.presses("typed");
    daemon.signal(Signal::SIGTERM);
    shell.window.shows("(offline) > typed");
    daemon.ends();
    let full = TcpListener::bind(addr).expect("the port is free");
    let mut turned_away = full.accept().expect("ann comes again").0;
    let goodbye = r#"{"event":"goodbye","code":"full","text":"Server is full. Try again later.","again":true,"after":0}"#;
    turned_away
        .write_all(format!("{goodbye}\n").as_bytes())
        .expect("ann reads");
    drop((turned_away, full));
    shell
        .window
        .shows("-- Not let in: Server is full. Try again later. Trying again in");
    shell.window.shows("(offline) > typed");
    let mut daemon = Daemon::spawn(command(&["-l", &addr.to_string()]));
    daemon.listens_on();
    shell.window.tmux(&["send-keys", "C-l"]);
    shell.window.shows_no_more("ann has joined the chat.");
    shell.window.types("");
    shell.window.shows("ann has joined the chat.");
    shell.window.shows("> typed");
}

#[test]
fn a_person_who_was_sent_away_comes_back_at_the_press_of_a_key() {
    let test = "a_person_who_was_sent_away_comes_back_at_the_press_of_a_key";
    if !can_play(test, &[&TMUX]) {
        return;
    }
    let (mut daemon, addr) = start(&["--idle-timeout", "1"]);
    let shell = Shell::open("sent-away");
    shell.chats(addr);
    shell
        .window
        .shows("Press Enter to come back, Ctrl-C to leave.");
    daemon.logs("ann left");
    shell.window.tmux(&["send-keys", "C-l"]);
    shell.window.shows_no_more("ann has joined the chat.");
    shell.window.types("");
    shell.window.shows("ann has joined the chat.");
}

#[test]
fn words_stay_whole_and_typed_lines_are_found_again() {
    let test = "words_stay_whole_and_typed_lines_are_found_again";
    if !can_play(test, &[&TMUX]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let shell = Shell::open("words");
    let client = env!("CARGO_BIN_EXE_client");
    shell.window.types(&format!("{client} {addr} -n ann"));
    bob.reads("ann has joined the chat.");
    bob.types("it is: 10,000 people on one thread, and this line is so long that it goes on below");
    shell.window.shows("that it goes\n        on below\n#lobby");
    shell.window.types("hello there");
    bob.reads("ann: hello there");
    let searches = || {
        shell.window.tmux(&["send-keys", "C-r"]);
        shell.presses("LO TH");
        shell.window.shows("online\n(search: LO TH) > hello there");
    };
    shell.presses("a draft");
    searches();
    shell.window.tmux(&["send-keys", "Escape"]);
    shell.window.shows("online\n> a draft");
    searches();
    shell.window.tmux(&["send-keys", "Enter"]);
    shell.window.shows("online\n> hello there");
    shell.window.types(", again");
    bob.reads("ann: hello there, again");
    shell.presses("a typed line that is wider than this window");
    shell
        .window
        .tmux(&["resize-window", "-x", "40", "-y", "20"]);
    shell
        .window
        .shows("on one thread,\n    and this line is so long that it\n    goes on below");
    shell
        .window
        .shows("> a typed line that is wider than this\n  window");
}

#[test]
fn after_a_kill_the_client_is_where_it_was_with_its_line() {
    let test = "after_a_kill_the_client_is_where_it_was_with_its_line";
    if !can_play(test, &[&TMUX]) {
        return;
    }
    let shell = Shell::open("killed");
    let data = shell.home.join("data");
    let data = ["--data", data.to_str().expect("a path in UTF-8")];
    let (daemon, addr) = start(&data);
    shell.chats(addr);
    shell.window.types("/join #den");
    shell.window.shows("You are in #den now.");
    shell.window.types("/listen tea");
    shell.window.shows("You hear #tea too.");
    shell.presses("half a li");
    shell.window.shows("> half a li");
    daemon.signal(Signal::SIGKILL);
    shell.window.shows("(offline) > half a li");
    daemon.ends();
    // Clears the screen, so that the next words on it are new.
    shell.window.tmux(&["send-keys", "C-l"]);
    shell.window.shows_no_more("You are in #den now.");
    let mut daemon = Daemon::spawn(command(&[&["-l", &addr.to_string()], &data[..]].concat()));
    daemon.listens_on();
    let [mut bob, mut cid] = ["bob", "cid"].map(|name| Person::login(addr, name));
    for (person, room) in [(&mut bob, "den"), (&mut cid, "tea")] {
        person.types(&format!("/join #{room}"));
        while person.reads_line() != format!("You are in #{room} now.") {}
    }
    shell.window.shows("You hear #tea too.");
    shell.window.shows("online\n> half a li");
    shell.window.types("ne");
    shell.window.shows("ann: half a line");
    // The other room is a key away.
    shell.window.tmux(&["send-keys", "M-2"]);
    shell.window.shows("You are in #tea now.");
    shell.window.types("and here");
    for (person, line) in [(&mut bob, "ann: half a line"), (&mut cid, "ann: and here")] {
        let is_said = |row: &String| row.contains("ann: ");
        let said = (0..10).map(|_| person.reads_line()).find(is_said);
        assert_eq!(said.as_deref(), Some(line), "it is the first line of hers");
    }
}
