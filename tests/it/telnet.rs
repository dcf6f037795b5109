//! Telnet as bytes on the wire: the bytes of a peer that speaks it, and every byte that comes back.

use socket2::SockRef;

use crate::daemon::start;
use crate::harness::{PROMPT, Person, Running, invalid, serve, serve_with};

const HOW_TO_QUIT: &str = "Type /quit to leave.";

const IAC: u8 = 0xff;
const DONT: u8 = 0xfe;
const DO: u8 = 0xfd;
const WONT: u8 = 0xfc;
const WILL: u8 = 0xfb;
const SB: u8 = 0xfa;
const SE: u8 = 0xf0;
const TIMING_MARK: u8 = 6;
const TTYPE: u8 = 24;
const NAWS: u8 = 31;
const NEW_ENVIRON: u8 = 39;
const CHARSET: u8 = 42;
const WONT_TIMING_MARK: [u8; 3] = [IAC, WONT, TIMING_MARK];

/// Ann, who has sent one command that asks for nothing, so that the server knows that she speaks telnet; and bob, who
/// has netcat.
fn ann_speaks_telnet(server: &Running) -> (Person, Person) {
    let [mut ann, bob] = server.room(["ann", "bob"]);
    ann.sends(&[IAC, 0xf1]);
    (ann, bob)
}

impl Person {
    /// Sends bytes, and gets exactly these back before the answer to a command typed after them.
    fn negotiates(&mut self, sent: &[u8], answer: &[u8]) {
        self.sends(sent);
        self.types("/users x");
        self.gets(answer);
        self.reads("How to use it: /users");
    }
}

fn subnegotiation(option: u8, said: &[u8]) -> Vec<u8> {
    [&[IAC, SB, option], said, &[IAC, SE]].concat()
}

#[test]
fn nothing_of_telnet_is_sent_to_those_who_have_not_spoken_it() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    // A doubled IAC is a byte of bad text, and so is one before a byte that is not a command; neither makes a telnet
    // client.
    ann.sends(b"a\xff\xffb\nc\xff\x01d\n\xff\xeb\xff\n");
    bob.reads("ann: a\u{fffd}b");
    bob.reads("ann: c\u{fffd}␁d");
    bob.reads("ann: \u{fffd}\u{fffd}\u{fffd}");
    // So editing keys are still text.
    ann.types("ab\u{8}");
    bob.reads("ann: ab␈");
    ann.types("/users");
    ann.reads("Users online: 2");
}

#[test]
fn a_command_may_be_cut_anywhere() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let line = b"o\xff\xf1n\xff\xfd\x06e\xff\xfa\x1f\0P\0\x18\xff\xf0\xff\xff\r\0";
    for at in 0..=line.len() {
        let (head, tail) = line.split_at(at);
        ann.sends(head);
        ann.sends(tail);
        ann.gets(&WONT_TIMING_MARK);
        bob.reads("ann: one\u{fffd}");
    }
}

#[test]
fn the_option_table_is_kept() {
    let server = serve();
    let mut ann = server.login("ann");
    let refused = |verb, answer, options: &[u8]| {
        let pairs = options.iter();
        let pairs = pairs.map(move |&it| ([IAC, verb, it], [IAC, answer, it]));
        pairs.collect::<Vec<_>>()
    };
    // The options of the table by name, and some that it does not mention.
    let asked = [1, 3, NAWS, TTYPE, CHARSET, 0, 34, 86, 201, 255];
    let offered = [1, 3, 34, 32, 33, 35, 39, 36, 0, 70, 255];
    let refusals = [refused(DO, WONT, &asked), refused(WILL, DONT, &offered)];
    for (sent, answer) in refusals.concat() {
        ann.negotiates(&sent, &answer);
        ann.negotiates(&sent, &[]);
    }
    for (sent, answer) in [
        ([IAC, WILL, TIMING_MARK], &[][..]),
        ([IAC, WONT, TIMING_MARK], &[]),
        ([IAC, WILL, NAWS], &[IAC, DO, NAWS]),
        ([IAC, WILL, CHARSET], &[IAC, DO, CHARSET]),
        ([IAC, WILL, NAWS], &[]),
        ([IAC, WONT, NAWS], &[IAC, DONT, NAWS]),
        ([IAC, WONT, NAWS], &[]),
        // The peer changes its mind and asks again: the server answers again.
        ([IAC, DONT, 1], &[]),
        ([IAC, DO, 1], &[IAC, WONT, 1]),
        ([IAC, WONT, 3], &[]),
        ([IAC, WILL, 3], &[IAC, DONT, 3]),
    ] {
        ann.negotiates(&sent, answer);
    }
}

#[test]
fn every_option_there_may_be_is_answered_once() {
    let server = serve();
    for verb in [DO, WILL] {
        for begin in [0, 64, 128, 192] {
            let mut ann = server.login("ann");
            for option in begin..=begin + 63 {
                let answer: &[u8] = match (verb, option) {
                    (DO, _) => &[IAC, WONT, option],
                    (_, TIMING_MARK) => &[],
                    (_, TTYPE) => &[IAC, DO, TTYPE, IAC, SB, TTYPE, 1, IAC, SE],
                    (_, NAWS | CHARSET) => &[IAC, DO, option],
                    _ => &[IAC, DONT, option],
                };
                ann.negotiates(&[IAC, verb, option], answer);
            }
            ann.types("/quit");
            ann.reads("Goodbye!");
            ann.is_closed();
        }
    }
}

#[test]
fn the_terminal_type_is_asked_for_three_times_or_until_a_repeat() {
    let server = serve();
    let ask = subnegotiation(TTYPE, &[1]);
    let is = |name: &[u8]| subnegotiation(TTYPE, &[&[0], name].concat());
    let offered = [&[IAC, DO, TTYPE][..], &ask].concat();

    let mut ann = server.login("ann");
    ann.negotiates(&is(b"UNASKED"), &[]);
    ann.negotiates(&[IAC, WILL, TTYPE], &offered);
    ann.negotiates(&is(b"MUDLET"), &ask);
    ann.negotiates(&is(b"ANSI-256COLOR"), &ask);
    ann.negotiates(&is(b"MTTS 2381"), &[]);
    ann.negotiates(&is(b"MTTS 2381"), &[]);

    let mut bob = server.login("bob");
    bob.negotiates(&[IAC, WILL, TTYPE], &offered);
    bob.negotiates(&is(b"XTERM"), &ask);
    bob.negotiates(&is(b"XTERM"), &[]);
}

#[test]
fn of_character_sets_utf_8_is_accepted() {
    let server = serve();
    let mut ann = server.login("ann");
    let request = |list: &[u8]| subnegotiation(CHARSET, &[&[1], list].concat());
    let rejected = subnegotiation(CHARSET, &[3]);
    ann.negotiates(&request(b";UTF-8"), &[]);
    ann.negotiates(&[IAC, WILL, CHARSET], &[IAC, DO, CHARSET]);
    ann.negotiates(&request(b";ISO-8859-1;US-ASCII"), &rejected);
    ann.negotiates(
        &request(b" UTF-16 UTF-8"),
        &subnegotiation(CHARSET, b"\x02UTF-8"),
    );
}

#[test]
fn the_timing_mark_comes_behind_the_output_already_owed() {
    let server = serve();
    let (mut ann, _bob) = ann_speaks_telnet(&server);
    ann.sends(b"/users\nhalf\xff\xf4\xff\xfd\x06/users\n");
    ann.reads("Users online: 2");
    ann.gets(&WONT_TIMING_MARK);
    ann.reads("");
    ann.reads(HOW_TO_QUIT);
    ann.reads("Users online: 2");
}

#[test]
fn replies_are_bounded_but_every_timing_mark_is_answered() {
    let server = serve();
    let (mut ann, _bob) = ann_speaks_telnet(&server);
    let flood = [IAC, DO, 1, IAC, DONT, 1].repeat(1000);
    ann.negotiates(&flood, &[IAC, WONT, 1].repeat(64));
    let marks = [IAC, DO, TIMING_MARK].repeat(1000);
    ann.negotiates(&marks, &WONT_TIMING_MARK.repeat(1000));
    ann.negotiates(&[IAC, WILL, NAWS], &[]);
    // Each connection has its own limit.
    let mut carl = server.login("carl");
    carl.negotiates(&[IAC, WILL, NAWS], &[IAC, DO, NAWS]);
}

#[test]
fn nothing_of_a_subnegotiation_reaches_the_chat() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let long = b"leak\r\n/quit\n\x04\xff\xff".repeat(70);
    ann.sends(b"one ");
    ann.sends(&subnegotiation(NEW_ENVIRON, &long));
    ann.sends(&subnegotiation(NAWS, b"\0\x50\0\x04"));
    ann.sends(&subnegotiation(TTYPE, b"\0leak\n"));
    ann.sends(&[IAC, SB, IAC, SE]);
    ann.types("line");
    bob.reads("ann: one line");
}

#[test]
fn interrupts_drop_the_partial_line_and_tell_how_to_leave() {
    let server = serve();
    let (mut ann, mut bob) = ann_speaks_telnet(&server);
    for key in [&b"\xff\xf4"[..], b"\xff\xf3", b"\x03"] {
        ann.sends(&[b"half a li", key, b"whole\n"].concat());
        ann.reads("");
        ann.reads(HOW_TO_QUIT);
        bob.reads("ann: whole");
    }
    // At the beginning of a line the key also counts for people who do not speak telnet; within a line it is text.
    bob.sends(b"\x03two\x03\n");
    bob.reads("");
    bob.reads(HOW_TO_QUIT);
    ann.reads("bob: two␃");
}

#[test]
fn an_interrupt_at_the_prompt_prompts_again() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.sends(b"al\xff\xf4\xff\xfd\x06");
    ann.gets(&WONT_TIMING_MARK);
    ann.reads("");
    ann.reads(HOW_TO_QUIT);
    ann.sees(PROMPT);
    ann.types("ann");
    ann.is_welcomed();
}

#[test]
fn the_end_of_input_is_read_as_leaving() {
    let server = serve();
    for last in [&b"\xff\xec"[..], b"\x04", b"\xff\xf1\x04", b"x\xff\xf7\x04"] {
        let (mut ann, mut bob) = ann_speaks_telnet(&server);
        ann.sends(last);
        ann.reads("Goodbye!");
        ann.is_closed();
        bob.reads("ann has left the chat.");
        bob.sends(last);
        bob.reads("Goodbye!");
        bob.is_closed();
    }
}

#[test]
fn the_end_of_input_ends_the_line_in_front_of_it() {
    let server = serve();
    let (mut ann, mut bob) = ann_speaks_telnet(&server);
    ann.sends(b"not \x04 yet\nlast words\xff\xecnever said\n");
    ann.reads("Goodbye!");
    ann.is_closed();
    bob.reads("ann: not ␄ yet");
    bob.reads("ann: last words");
    bob.reads("ann has left the chat.");
}

#[test]
fn one_may_leave_at_the_prompt() {
    let server = serve();
    for last in [&b"\xff\xec"[..], b"\x04"] {
        let mut ann = server.connect();
        ann.sees(PROMPT);
        ann.sends(last);
        ann.reads("");
        ann.reads("Goodbye!");
        ann.is_closed();
    }
}

#[test]
fn are_you_there_is_answered_visibly() {
    let server = serve();
    let (mut ann, _bob) = ann_speaks_telnet(&server);
    ann.sends(b"\xff\xf6");
    ann.reads("");
    ann.reads("Yes, 2 online.");
    let mut carl = server.connect();
    carl.sees(PROMPT);
    carl.sends(b"\xff\xf6");
    carl.reads("");
    carl.reads("Yes, 2 online.");
    carl.sees(PROMPT);
}

#[test]
fn keys_edit_the_line_of_those_who_speak_telnet() {
    let server = serve();
    let (mut ann, mut bob) = ann_speaks_telnet(&server);
    for (typed, read) in [
        (&b"hellp\x08o\r\n"[..], "hello"),
        (b"hellp\x7fo\r\0", "hello"),
        (b"hellp\xff\xf7o\n", "hello"),
        ("花子\x7f\x7fZoë\x7fe\n".as_bytes(), "Zoe"),
        (b"one two\x17three\n", "one three"),
        (b"wrong\x15right\n", "right"),
        (b"wrong\xff\xf8right\n", "right"),
        (
            b"\x08\x08\x15\x17\xff\xf7\xff\xf8still here\n",
            "still here",
        ),
    ] {
        ann.sends(typed);
        bob.reads(&format!("ann: {read}"));
    }
    // It can also erase the rest of a line that was too long.
    ann.sends(&[&b"x".repeat(9000)[..], b"\x15ok\n"].concat());
    ann.reads("Message too long: the limit is 8192 bytes. Not sent.");
    bob.reads("ann: ok");
}

#[test]
fn keys_edit_the_username_too() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.sends(b"\xff\xf1amm\x7f\x7fnn!\r\n");
    ann.reads(&invalid("it cannot have '!'"));
    ann.sees(PROMPT);
    ann.sends(b"\x7fann!\x7f\r\n");
    ann.is_welcomed();
    ann.reads("ann has joined the chat.");
}

#[test]
fn a_synch_sent_as_urgent_data_keeps_its_mark() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"one \xff");
    let stream = ann.stream();
    let sent = SockRef::from(&stream).send_out_of_band(&[0xf2]);
    assert_eq!(sent.expect("the server takes urgent data"), 1);
    ann.types("line");
    bob.reads("ann: one line");
}

#[test]
fn the_hello_of_putty_is_answered_so_that_it_edits_by_itself() {
    let server = serve();
    let mut ann = server.connect();
    ann.sees(PROMPT);
    ann.sends(
        b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03",
    );
    ann.gets(b"\xff\xfd\x1f\xff\xfe\x20\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0");
    ann.gets(b"\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03");
    ann.sends(b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfa\x18\0XTERM\xff\xf0");
    ann.gets(&subnegotiation(TTYPE, &[1]));
    ann.sends(b"ann\r\n");
    ann.is_welcomed();
}

/// The first bytes of other protocols, and the server's name for each.
pub(crate) const STRANGERS: [(&[u8], &str); 7] = [
    (
        b"GET / HTTP/1.1\r\nHost: chat\r\nUser-Agent: x\r\n\r\n",
        "HTTP",
    ),
    (b"POST /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nhi\n", "HTTP"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP"),
    (
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\xff\xf4\xff\xfd\x06\n\n",
        "TLS",
    ),
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH"),
    (
        b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nann\r\n",
        "the PROXY protocol",
    ),
    (
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\xdc\x04\x01\xbbann\r\n",
        "the PROXY protocol",
    ),
];

#[test]
fn a_request_longer_than_one_read_is_known_too() {
    let server = serve_with(|config| config.anonymous = true);
    let mut ann = server.connect();
    ann.is_welcomed();
    ann.reads(&format!("{} has joined the chat.", ann.addr()));
    let mut stranger = server.connect();
    ann.reads(&format!("{} has joined the chat.", stranger.addr()));
    let request = format!("GET /{} HTTP/1.1\r\nHost: chat\r\n\r\n", "x".repeat(60_000));
    stranger.sends(request.as_bytes());
    let answer = stranger.reads_until("");
    assert!(
        answer.contains(&"HTTP/1.1 400 Bad Request".into()),
        "{answer:?}"
    );
    ann.reads(&format!("{} has left the chat.", stranger.addr()));
}

#[test]
fn strangers_are_told_what_this_is_and_nobody_notices_them() {
    let (mut daemon, addr) = start(&[]);
    let mut ann = Person::login(addr, "ann");
    for (first, protocol) in STRANGERS {
        let mut stranger = Person::connect(addr);
        stranger.sees(PROMPT);
        stranger.sends(first);
        if protocol == "HTTP" {
            stranger.reads("HTTP/1.1 400 Bad Request");
            stranger.reads("Content-Type: text/plain");
            stranger.reads("Connection: close");
            stranger.reads("");
        }
        stranger.reads(&format!(
            "This is a chat server and does not speak {protocol}. Connect with telnet or nc."
        ));
        stranger.is_closed();
        let from = stranger.addr();
        daemon.logs(&format!("{from} turned away: spoke {protocol}, not chat"));
    }
    let mut bob = Person::login(addr, "bob");
    bob.types("/users");
    bob.reads("Users online: 2");
    ann.reads("bob has joined the chat.");
}
