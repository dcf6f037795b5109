//! The server inside another program.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use chinwag::{Act, Config, Entries, Error, Handle, Heard, Server};
use socket2::{Domain, SockRef, Socket, Type};

use crate::harness::{Person, config, run, serve, serve_with, until};
#[cfg(target_os = "linux")]
use crate::process::Thread;
use crate::program::program;

#[test]
fn a_program_binds_here_and_runs_on_another_thread() {
    let mut server = Server::bind(config(|_| ())).unwrap();
    let [addr] = server.local_addrs()[..] else {
        panic!("one listener was asked for");
    };
    assert_ne!(addr.port(), 0);
    let handle = server.handle();
    let thread = thread::spawn(move || server.run());

    let mut ann = Person::login(addr, "ann");
    let mut bob = Person::login(addr, "bob");
    ann.reads("bob has joined the chat.");
    ann.types("hi");
    bob.reads("ann: hi");
    handle.shutdown();
    for person in [&mut ann, &mut bob] {
        person.reads("Server is shutting down. Goodbye!");
        person.is_closed();
    }
    thread.join().unwrap().unwrap();
}

#[test]
fn a_handle_can_go_anywhere() {
    fn check<T: Clone + Send + Sync + 'static>(_: &T) {}
    let server = serve();
    check(server.handle());
    let mut ann = server.login("ann");
    let handles: Vec<Handle> = (0..4).map(|_| server.handle().clone()).collect();
    let speakers = handles.into_iter().map(|handle| {
        thread::spawn(move || handle.notice("tea").unwrap());
    });
    speakers.for_each(drop);
    for _ in 0..4 {
        ann.reads("-- tea --");
    }
    let elsewhere = server.handle().clone();
    thread::spawn(move || elsewhere.shutdown());
    ann.reads("Server is shutting down. Goodbye!");
    ann.is_closed();
}

#[test]
fn a_notice_is_read_by_all_who_have_a_name() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let mut stranger = server.connect();
    stranger.sees("Enter your username: ");
    server.handle().notice("back in 5 minutes").unwrap();
    for person in [&mut ann, &mut bob] {
        person.reads("-- back in 5 minutes --");
    }
    stranger.types("carl");
    stranger.is_welcomed();
}

#[test]
fn control_characters_in_a_notice_become_visible() {
    let server = serve();
    let mut ann = server.login("ann");
    let notice = "one\r\nbob: forged\u{1b}[2J\u{202e}";
    server.handle().notice(notice).unwrap();
    ann.reads("-- one␍␊bob: forged␛[2J\u{fffd} --");
}

#[test]
fn the_figures_follow_what_happens() {
    let server = serve();
    let handle = server.handle();
    assert_eq!(handle.stats().connections, 0);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let mut stranger = server.connect();
    stranger.sees("Enter your username: ");
    ann.sends(b"one\n/me waves\n\n/users\n");
    bob.reads("ann: one");
    bob.reads("* ann waves");
    until("three are there, two of them by name", || {
        let stats = handle.stats();
        (stats.connections, stats.online) == (3, 2) && (stats.accepted, stats.said) == (3, 2)
    });
    drop(stranger);
    drop(ann);
    bob.reads("ann has left the chat.");
    until("one is left, and what was counted stays", || {
        let stats = handle.stats();
        (stats.connections, stats.online) == (1, 1) && (stats.accepted, stats.said) == (3, 2)
    });
    assert_eq!(handle.stats().dropped, 0);
}

#[test]
#[cfg(target_os = "linux")]
fn a_watched_source_makes_tick_return_and_without_it_tick_waits() {
    let mut server = Server::bind(config(|config| config.login_timeout = None)).unwrap();
    let (mut sender, mut receiver) = mio::unix::pipe::new().unwrap();
    server.watch(&mut receiver).unwrap();
    // The listener looks for waiting people for the first time. Then there is nothing left to do.
    assert!(server.tick().unwrap().is_continue());

    let (begins, begun) = std::sync::mpsc::channel();
    let ticking = thread::spawn(move || {
        for _ in 0..3 {
            begins.send(Thread::current()).unwrap();
            assert!(server.tick().unwrap().is_continue());
            let read = std::io::Read::read(&mut receiver, &mut [0; 8]);
            assert_eq!(read.expect("there was a reason to return"), 1);
        }
    });
    for thread in begun {
        until("the tick waits", || {
            ticking.is_finished() || thread.is_asleep()
        });
        // Fails if the thread has failed, which is reported below.
        let _ = sender.write_all(b"!");
    }
    ticking.join().unwrap();
}

#[test]
fn tick_within_returns_though_nothing_happens() {
    let mut server = Server::bind(config(|config| config.login_timeout = None)).unwrap();
    let mut ann = Person::connect(server.local_addrs()[0]);
    // With nothing to do from the second on, a plain tick would never return.
    for _ in 0..10 {
        assert!(server.tick_within(Duration::ZERO).unwrap().is_continue());
    }
    let running = run(server);
    ann.logs_in("ann");
    drop(running);
    ann.reads("Server is shutting down. Goodbye!");
}

#[test]
fn sockets_that_listen_already_are_served() {
    let given = [
        "127.0.0.1:0".parse().unwrap(),
        "127.0.0.2:0".parse().unwrap(),
    ]
    .map(|addr: SocketAddr| TcpListener::bind(addr).unwrap());
    let addrs = given.each_ref().map(|socket| socket.local_addr().unwrap());
    // Someone who came before the server did.
    let mut early = Person::connect(addrs[0]);
    let watched = given[1].try_clone().unwrap();
    let elsewhere = config(|config| config.listen = vec!["192.0.2.1:1".parse().unwrap()]);
    let server = Server::with_listeners(elsewhere, given.into()).unwrap();
    assert_eq!(server.local_addrs(), addrs);
    assert!(SockRef::from(&watched).out_of_band_inline().unwrap());
    let blocks = watched.accept().map(drop).unwrap_err();
    assert_eq!(blocks.kind(), std::io::ErrorKind::WouldBlock);

    let _running = run(server);
    early.logs_in("early");
    Person::login(addrs[1], "ann");
    early.reads("ann has joined the chat.");
}

#[test]
fn whoever_reaches_a_socket_for_both_by_ipv4_has_an_ipv4_address() {
    let both = Socket::new(Domain::IPV6, Type::STREAM, None).and_then(|socket| {
        socket.set_only_v6(false)?;
        let loopback = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
        socket.bind(&SocketAddr::from((loopback, 0)).into())?;
        socket.listen(1)?;
        Ok(TcpListener::from(socket))
    });
    let Ok(both) = both else {
        // Through the handle, as the test runner keeps what is printed with a macro to itself.
        let _ = writeln!(
            std::io::stderr(),
            "left out: a socket for IPv4 and IPv6, as this machine has no IPv6"
        );
        return;
    };
    let port = both.local_addr().unwrap().port();
    let anonymous = config(|config| config.anonymous = true);
    let _running = run(Server::with_listeners(anonymous, vec![both]).unwrap());
    let mut ann = Person::connect(SocketAddr::from(([127, 0, 0, 1], port)));
    ann.is_welcomed();
    ann.reads(&format!("{} has joined the chat.", ann.addr()));
}

#[test]
fn a_socket_that_does_not_listen_is_refused() {
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(peer.local_addr().unwrap()).unwrap();
    let connected = TcpListener::from(OwnedFd::from(connected));
    let error = Server::with_listeners(config(|_| ()), vec![peer, connected]).unwrap_err();
    assert!(matches!(error, Error::Given(_)));
    assert_eq!(
        error.to_string(),
        "cannot listen on a socket given: the socket does not listen"
    );

    let none = Server::with_listeners(config(|_| ()), vec![]).unwrap_err();
    assert!(matches!(none, Error::Config(_)), "{none}");
}

#[test]
fn a_handle_outlives_its_server_and_says_so() {
    let server = Server::bind(config(|_| ())).unwrap();
    let handle = server.handle();
    drop(server);
    assert!(matches!(handle.notice("anyone?"), Err(Error::Stopped)));
    handle.shutdown();
    assert_eq!(handle.stats().connections, 0);

    let mut server = Server::bind(config(|_| ())).unwrap();
    let handle = server.handle();
    handle.shutdown();
    server.run().unwrap();
    drop(server);
    assert!(matches!(handle.notice("anyone?"), Err(Error::Stopped)));
}

#[test]
fn a_server_that_has_ended_returns_at_once_and_takes_no_requests() {
    let mut server = Server::bind(config(|_| ())).unwrap();
    let handle = server.handle();
    handle.shutdown();
    assert!(server.run().is_ok());
    assert!(server.run().is_ok());
    assert!(server.tick().unwrap().is_break());
    assert!(server.tick_within(Duration::MAX).unwrap().is_break());
    assert!(matches!(handle.notice("anyone?"), Err(Error::Stopped)));
    assert!(matches!(handle.set_motd(None), Err(Error::Stopped)));
}

#[test]
fn a_notice_has_a_text_and_not_too_much_of_it() {
    let server = serve();
    let handle = server.handle();
    let mut ann = server.login("ann");
    for blank in ["", "  ", "\r\n", "\u{3000}\t", "\u{feff} \u{202e}"] {
        let refused = handle.notice(blank).unwrap_err();
        assert!(matches!(refused, Error::Config(_)), "{refused}");
        assert_eq!(
            refused.to_string(),
            "a notice cannot be blank; give it a text"
        );
    }
    let most = "x".repeat(chinwag::limits::NOTICE_BYTES);
    let refused = handle.notice(&format!("{most}x")).unwrap_err();
    assert!(matches!(refused, Error::Config(_)), "{refused}");
    assert_eq!(
        refused.to_string(),
        "a notice has at most 8192 bytes; say it in several"
    );
    handle.notice(&most).unwrap();
    ann.reads(&format!("-- {most} --"));
}

#[test]
fn notices_wait_for_the_server_up_to_a_bound() {
    let server = Server::bind(config(|_| ())).unwrap();
    let addr = server.local_addrs()[0];
    let handle = server.handle();
    let mut taken = 0;
    let refused = loop {
        match handle.notice("tea") {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, Error::Busy), "{refused}");
    assert_eq!(taken, chinwag::limits::REQUESTS);
    let _running = run(server);
    let mut ann = Person::login(addr, "ann");
    handle.notice("there is room again").unwrap();
    ann.reads("-- there is room again --");
}

#[test]
fn a_value_out_of_range_is_refused_before_anything_is_bound() {
    let changes: [fn(&mut Config); 7] = [
        |config| config.listen.clear(),
        |config| config.max_clients = 0,
        |config| config.max_line = 63,
        |config| config.send_queue = 1,
        |config| config.all_queues = 1,
        |config| config.max_line = 1 << 20,
        |config| config.drain = Duration::MAX,
    ];
    for change in changes {
        let Err(Error::Config(sentence)) = Server::bind(config(change)) else {
            panic!("a value out of range was taken");
        };
        assert!(!sentence.is_empty());
    }
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let first = Server::bind(config(|_| ())).unwrap();
    let taken = first.local_addrs()[0];
    let error = Server::bind(config(|config| config.listen = vec![taken.into()])).unwrap_err();
    assert!(matches!(error, Error::Listen { addr, .. } if addr == taken));
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {taken}: Address already in use")
    );
}

/// Runs the first test of this module in a process of its own, to see everything that the library prints.
#[test]
fn the_library_prints_nothing() {
    let name = "embedding::a_program_binds_here_and_runs_on_another_thread";
    let output = program(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{out}");
    let printed: Vec<&str> = out.lines().filter(|line| !line.is_empty()).collect();
    let [running, test, result] = printed[..] else {
        panic!("more than the test runner's own lines: {printed:#?}");
    };
    assert_eq!(running, "running 1 test");
    assert_eq!(test, format!("test {name} ... ok"));
    assert!(result.starts_with("test result: ok. 1 passed"), "{result}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// The next entry, as a line.
fn next(entries: &mut Entries) -> String {
    let Some(Heard::Entry { entry, author }) = entries.next() else {
        panic!("an entry");
    };
    let author = author.map_or("nobody".into(), |it| format!("{} in {}", it.name, it.room));
    let act = match entry.act {
        Act::ComeIn { name, .. } => format!("comes in as {name}"),
        Act::Say { text, .. } => format!("says {text}"),
        Act::Go { room } => format!("goes to {room}"),
        Act::Rename { name } => format!("becomes {name}"),
        Act::Write { text, .. } => format!("writes {text}"),
        Act::Notice { text } => format!("tells all {text}"),
        Act::Announce { room, name, text } => format!("has {name} say {text} in {room}"),
        Act::Leave { .. } => "leaves".into(),
        act => panic!("{act:?}"),
    };
    format!("{author} {act}")
}

#[test]
fn a_program_hears_each_entry_once_and_in_order() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut entries = server.handle().entries().unwrap();
    let mut others = server.handle().entries().unwrap();
    let mut bob = server.login("bob");
    ann.reads("bob has joined the chat.");
    for line in ["hi", "/join den", "/nick Rob", "/nick ann", "/msg ann psst"] {
        bob.types(line);
    }
    bob.types("/quit");
    ann.reads_until("bob: hi");
    let expected = [
        "bob in #lobby comes in as bob",
        "bob in #lobby says hi",
        "bob in #den goes to #den",
        "Rob in #den becomes Rob",
        // Which is taken.
        "Rob in #den becomes ann",
        "Rob in #den writes psst",
        "Rob in #den leaves",
    ];
    for entries in [&mut entries, &mut others] {
        assert_eq!(expected.map(|_| next(entries)), expected);
        assert!(entries.try_next().is_none());
    }
    server.handle().shutdown();
    assert_eq!(next(&mut entries), "ann in #lobby leaves");
    assert!(entries.next().is_none());
}

#[test]
fn a_program_speaks_in_rooms_and_to_people() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut bob = server.login("bob");
    ann.reads("bob has joined the chat.");
    let mut entries = server.handle().entries().unwrap();
    bob.types("/join den");
    assert_eq!(next(&mut entries), "bob in #den goes to #den");
    ann.reads("bob has gone to #den.");
    bob.reads_until("You are in #den now.");

    let people = server.handle().people().unwrap();
    let shown = people.iter().map(|it| format!("{} {}", it.name, it.room));
    assert_eq!(shown.collect::<Vec<_>>(), ["ann #lobby", "bob #den"]);

    server.handle().say("den", "clock", "it is five").unwrap();
    server.handle().say("nowhere", "clock", "tick").unwrap();
    assert_eq!(
        next(&mut entries),
        "nobody has clock say it is five in #den"
    );
    bob.reads("clock: it is five");
    server.handle().write(people[0].id, "just you").unwrap();
    ann.reads("-- just you --");
    let rule = "has 1 to 32 letters, digits, '_', '-' or '.'";
    let room_rule = format!("A room's name {rule}; it cannot have a space");
    for (room, name, text, sentence) in [
        ("a b", "clock", "x", &*room_rule),
        ("den", "", "x", &format!("A username {rule}")),
        (
            "den",
            "clock",
            " ",
            "a message cannot be blank; give it a text",
        ),
    ] {
        let refused = server.handle().say(room, name, text);
        assert!(
            matches!(&refused, Err(Error::Config(it)) if it == sentence),
            "{refused:?}"
        );
    }

    server.handle().close(people[1].id, "out of hours").unwrap();
    bob.reads("-- out of hours --");
    bob.is_closed();
    // That person is gone; the next one with the name is someone else.
    let mut bob = server.login("bob");
    server.handle().close(people[1].id, "once more").unwrap();
    ann.reads("bob has joined the chat.");
    bob.types("still here");
    ann.reads("bob: still here");
}

#[test]
fn no_text_of_a_program_reaches_a_row_of_its_own() {
    let server = serve();
    let mut ann = server.login("ann");
    let handle = server.handle();
    let [spaces, eight] = [" ".repeat(70), " ".repeat(8)];
    let text = format!("hi{spaces}bob (private): psst");
    handle.say("lobby", "bridge", &text).unwrap();
    ann.reads(&format!("bridge: hi{eight}bob (private): psst"));
    handle.notice(&text).unwrap();
    ann.reads(&format!("-- hi{eight}bob (private): psst --"));
}

#[test]
fn what_a_program_said_is_history() {
    let server = serve_with(|config| config.history = 10);
    let _ann = server.login("ann");
    server.handle().say("lobby", "clock", "it is five").unwrap();
    server.handle().people().unwrap();
    let mut bob = server.connect();
    bob.types("bob");
    while !bob.reads_line().ends_with("clock: it is five") {}
}
