//! The client at a terminal: what a person types and sees.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{ChatServer, Home, Person, Scripted, client, is_status};
use crate::program::program;
use serde_json::json;

#[test]
fn two_people_type_while_the_others_lines_come_in() {
    let server = ChatServer::start();
    let (ann_home, bob_home) = (Home::new(), Home::new());
    let mut ann = Person::join(server.port, &ann_home, "Ann", 80, 24);
    let mut bob = Person::join(server.port, &bob_home, "Bob", 80, 24);
    ann.until_seen("Bob has joined the chat.");
    for i in 0..30 {
        ann.keys(&format!("ann types {i}"));
        ann.until_rows(&[&format!("> ann types {i}")]);
        bob.keys(&format!("bob says {i}"));
        bob.until_rows(&[&format!("> bob says {i}")]);
        bob.keys("\r");
        // Bob's line stands above the one that Ann is typing, and hers has not changed.
        ann.until_rows(&[&format!("Bob: bob says {i}"), &format!("> ann types {i}")]);
        assert_eq!(ann.cursor().0 as usize, format!("> ann types {i}").len());
        ann.keys("\r");
        bob.until_rows(&[
            &format!("Bob: bob says {i}"),
            &format!("Ann: ann types {i}"),
            ">",
        ]);
        ann.until_rows(&[&format!("Ann: ann types {i}"), ">"]);
    }
    ann.keys("leave\r");
    ann.end_with(0);
    bob.until_rows(&["Ann has left the chat.", ">"]);
    bob.keys("/quit\r");
    bob.end_with(0);
}

#[test]
fn a_long_line_with_wide_characters_stays_whole_in_a_narrow_window() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 40, 12);
    let (mut stream, _) = server.welcome();
    ann.keys("花子 typed a line that is 🎉 longer than the window is wide");
    let typed = [
        "> 花子 typed a line that is 🎉 longer",
        "  than the window is wide",
    ];
    ann.until_rows(&typed);
    // Into the first row, onto the column after the party popper.
    ann.keys(&"\x1b[D".repeat(31));
    let at = (30, 5);
    ann.until("the cursor", |screen| {
        screen.cursor_position() == (at.1 - 1, at.0)
    });
    stream.says("Bob: 木 reached Ann while she typed a long line");
    ann.until_rows(&[
        "┃ Bob: 木 reached Ann while she typed a",
        "┃   long line",
        typed[0],
        typed[1],
    ]);
    assert_eq!(ann.cursor(), (at.0, at.1 + 1));
    ann.keys("!\r");
    assert_eq!(
        stream.reads(),
        "花子 typed a line that is 🎉! longer than the window is wide"
    );
}

#[test]
fn a_resized_window_shows_no_torn_line() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 60, 12);
    let (mut stream, _) = server.welcome();
    ann.keys("a line that needs two rows when it is narrow 花");
    ann.until_seen("narrow 花");
    for (i, (columns, typed)) in [
        (30, "> a line that needs two rows|  when it is narrow 花"),
        (47, "> a line that needs two rows when it is narrow|  花"),
        (25, "> a line that needs two|  rows when it is narrow|  花"),
        (80, "> a line that needs two rows when it is narrow 花"),
        (46, "> a line that needs two rows when it is narrow|  花"),
    ]
    .into_iter()
    .enumerate()
    {
        ann.resize(columns, 10);
        stream.says(&format!("Bob: {i}"));
        let said = format!("Bob: {i}");
        let rows: Vec<&str> = [&said[..]].into_iter().chain(typed.split('|')).collect();
        ann.until(&format!("{rows:?}"), |screen| {
            let shown: Vec<String> = screen.rows(0, columns).collect();
            let shown = shown.iter().map(|row| row.trim_end());
            let shown: Vec<&str> = shown.filter(|row| !is_status(row)).collect();
            let pieces = shown
                .iter()
                .filter(|row| row.contains("a line that"))
                .count();
            shown.windows(rows.len()).any(|window| window == rows) && pieces == 1
        });
    }
}

#[test]
fn history_outlives_the_run_and_only_its_owner_can_read_it() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
    ann.keys("first\rsecond\r");
    ann.until_rows(&["Ann: first", "Ann: second", ">"]);
    ann.keys("\x04");
    ann.end_with(0);
    let path = home.0.join("chinwag/history");
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
    ann.keys("draft\x1b[A\x1b[A");
    ann.until_rows(&["> first"]);
    ann.keys("\x1b[B\x1b[B");
    ann.until_rows(&["> draft"]);
}

#[test]
fn editing_keys_edit_and_tab_completes() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    stream.tells(json!({"event": "joined", "room": "lobby", "name": "Zoë", "person": 3}));
    ann.until_seen("Zoë has joined");
    ann.keys("zo\thello wrld\x1b[D\x1b[D\x1b[Do\r");
    assert_eq!(stream.reads(), "Zoë: hello world");
    ann.keys("/us\t\r");
    assert_eq!(stream.reads(), "/users ");
    ann.keys("send\r");
    ann.until_seen("How to use it: send <MSG>.");
    ann.keys("//slash\r");
    assert_eq!(stream.reads(), "/slash");
    ann.until_rows(&["Ann: /slash", ">"]);
}

#[test]
fn a_paste_of_several_lines_waits_for_one_key() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    ann.keys("typed\x1b[200~ and pasted\x1b[201~");
    ann.until_rows(&["> typed and pasted"]);
    ann.keys("\x1b[200~one\r/two\r\rthree\x1b[201~");
    ann.until_seen("Send these 3 lines?");
    ann.keys("x");
    ann.until_rows(&["-- Nothing was sent. --", "> typed and pasted"]);
    ann.keys("\x1b[200~one\r/two\r\rthree\r\x1b[201~\r\r");
    for line in ["one", "/two", "three", "typed and pasted"] {
        assert_eq!(stream.reads(), line);
    }
    ann.until_rows(&[
        "Ann: one",
        "Ann: /two",
        "Ann: three",
        "Ann: typed and pasted",
        ">",
    ]);
}

#[test]
fn nothing_a_server_sends_drives_the_terminal() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    ann.until_seen("Welcome");
    let before = ann.raw.len();
    stream.says("Bob: \x1b]0;owned\x07\x1b[2J\x1bc\u{9b}5n\x08\x0e\r\n");
    stream.says("Bob: done");
    ann.until_seen("done");
    let shown = std::str::from_utf8(&ann.raw[before..]).unwrap();
    for forbidden in [
        "\x1b]", "\x1bc", "\x1b[2J", "\x07", "\u{9b}", "\x08", "\x0e",
    ] {
        assert!(!shown.contains(forbidden), "{forbidden:?} in {shown:?}");
    }
    ann.until_seen("Bob: ␛]0;owned␇␛[2J␛c");
}

#[test]
fn the_server_restarts_and_the_typed_line_stays() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    let mut ann = Person::join(port, &home, "Ann", 80, 24);
    ann.keys("half a li");
    ann.until_rows(&["> half a li"]);
    drop(server);
    ann.until_rows(&["(offline) > half a li"]);
    ann.until_seen("-- Disconnected: ");
    ann.keys("ne");
    ann.until_rows(&["(offline) > half a line"]);
    ann.keys("\r");
    ann.until_seen("-- Not connected: the line stays here");
    let _server = ChatServer::start_on(port, &[]);
    ann.until_rows(&["Ann has joined the chat.", "> half a line"]);
    ann.keys("\r");
    ann.until_rows(&["Ann: half a line", ">"]);
    ann.keys("/nick Zoe\r");
    ann.until_rows(&["Ann is now known as Zoe.", ">"]);
}

#[test]
fn without_reconnecting_a_lost_server_ends_it_with_1() {
    let (server, home) = (ChatServer::start(), Home::new());
    let command = client(server.port, &home.0, &["-n", "Ann", "--no-reconnect"]);
    let mut ann = Person::sit_down(command, 80, 24);
    ann.until_seen("Ann has joined");
    drop(server);
    ann.end_with(1);
    assert!(ann.rows().last().unwrap().starts_with("client: the "));
}

#[test]
fn a_taken_name_is_asked_for_again() {
    let (server, home) = (ChatServer::start(), Home::new());
    let _ann = Person::join(server.port, &home, "Ann", 80, 24);
    let mut bob = Person::sit_down(client(server.port, &home.0, &["-n", "ann"]), 80, 24);
    bob.until_rows(&["That username is taken.", "Enter your username:"]);
    bob.keys("Bob\r");
    bob.until_rows(&[
        "Enter your username: Bob",
        "Welcome to the chat!",
        "Type /help for the list of commands.",
        "Bob has joined the chat.",
        ">",
    ]);
}

#[test]
fn a_mention_rings_the_bell_while_the_window_has_no_focus() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    stream.says("Bob: ann, one");
    ann.until_seen("one");
    // The text typed after the news of the focus shows that the client has read the news.
    ann.keys("\x1b[Ox");
    ann.until_rows(&["> x"]);
    stream.says("Bob: no mention");
    ann.until_seen("no mention");
    assert!(!ann.raw.contains(&7));
    stream.says("Bob: ANN! two");
    ann.until_seen("two");
    assert!(ann.raw.contains(&7));
    let raw = String::from_utf8_lossy(&ann.raw);
    assert!(raw.contains("\x1b[1;7mANN\x1b[0m"));
}

#[test]
fn colours_are_left_out_where_they_are_not_wanted() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut plain = client(server.port, &home.0, &["-n", "Ann"]);
    plain.env("NO_COLOR", "1");
    let flag = client(server.port, &home.0, &["-n", "Bob", "--no-color", "--time"]);
    for command in [plain, flag] {
        let mut person = Person::sit_down(command, 80, 24);
        person.until_seen("has joined the chat.");
        person.keys("leave\r");
        person.end_with(0);
        let raw = String::from_utf8_lossy(&person.raw).replace("\x1b[0m", "");
        let colored = raw.split("\x1b[").skip(1).any(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .starts_with('m')
        });
        assert!(!colored, "{raw:?}");
    }
}

#[test]
fn a_dumb_terminal_gets_no_escape_sequence() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut command = client(server.port, &home.0, &[]);
    command.env("TERM", "dumb");
    let mut ann = Person::sit_down(command, 80, 24);
    ann.until_rows(&["Enter your username:"]);
    ann.keys("a b\n");
    ann.until_seen("A username has");
    ann.keys("Ann\n");
    ann.until_seen("Ann has joined the chat.");
    ann.keys("leave\n");
    ann.end_with(0);
    assert!(!ann.raw.contains(&0x1b));
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut shell = program("bash");
    shell
        .args(["--norc", "--noprofile", "--noediting", "-i"])
        .env("PS1", "shell$ ")
        .env("TERM", "xterm")
        .env("HISTFILE", "")
        .env("XDG_STATE_HOME", &home.0);
    let mut ann = Person::sit_down(shell, 80, 24);
    ann.until_seen("shell$");
    let client = env!("CARGO_BIN_EXE_client");
    ann.keys(&format!("{client} -p {} -n Ann\n", server.port));
    ann.until_seen("Ann has joined the chat.");
    ann.keys("kept");
    ann.until_rows(&["> kept"]);
    ann.keys("\x1a");
    ann.until("the shell", |screen| {
        let contents = screen.contents();
        contents.contains("Stopped") && !contents.contains("> kept")
    });
    ann.keys("stty -a | grep -o ' icanon'; echo $((6 * 7))\n");
    ann.until_seen(" icanon");
    ann.until_seen("42");
    ann.keys("fg\n");
    ann.until_rows(&["> kept"]);
    ann.keys(" on\r");
    ann.until_rows(&["Ann: kept on", ">"]);
    ann.keys("leave\r");
    ann.until_rows(&["Goodbye!", "shell$"]);
    ann.keys("echo status=$?\n");
    ann.until_seen("status=0");
    ann.keys("exit\n");
    ann.end();
}

#[test]
#[cfg(target_os = "linux")]
fn a_person_whose_output_cannot_be_written_is_told() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut shell = crate::program::program("sh");
    let client = env!("CARGO_BIN_EXE_client");
    let script = format!("{client} -p {} -n ann > /dev/full", server.port);
    shell.args(["-c", &script]);
    shell
        .env("XDG_STATE_HOME", &home.0)
        .env("XDG_CONFIG_HOME", &home.0);
    let mut ann = Person::sit_down(shell, 80, 24);
    ann.end_with(1);
    let sentence = "client: cannot print what the server says: No space left on device";
    assert!(ann.rows()[0].starts_with(sentence), "{:?}", ann.rows());
}
