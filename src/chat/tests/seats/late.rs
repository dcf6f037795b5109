//! Seats where the journal answers late, so that a connection ends or a seat is due while an act is out.

use super::*;
use crate::chat::tests::late::Late;

fn connect(late: &mut Late, slot: u32) {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000));
    let format = Format {
        medium: Medium::Json,
        ..Format::default()
    };
    let is_tls = false;
    late.event(
        slot,
        Event::Connected {
            addr,
            is_tls,
            format,
        },
    );
}

fn object(late: &mut Late, slot: u32, op: Op) {
    late.event(slot, Event::Object(&Object { id: None, op }));
}

/// A program that is in, with its token.
fn robot(late: &mut Late) -> String {
    connect(late, 1);
    let (name, password, position) = ("bot".into(), None, None);
    let login = Op::Login {
        name,
        password,
        position,
    };
    object(late, 1, login);
    late.answer();
    last_token(late)
}

fn last_token(late: &Late) -> String {
    let mut newest = late.told.iter().rev();
    let token = newest.find_map(|it| match it {
        Message::Program(ForProgram::Welcome(it)) => Some(token_of(it)),
        _ => None,
    });
    token.expect("a welcome")
}

fn resume(late: &mut Late, slot: u32, token: &str) {
    connect(late, slot);
    let (token, position) = (Secret::new(token), None);
    object(late, slot, Op::Resume { token, position });
}

fn wait(late: &mut Late, time: Duration) {
    late.now.instant += time;
    let mut effects = Effects::default();
    while late.hub.handle_timeout(late.now, &mut effects) {}
    late.take(&mut effects);
}

fn welcomes(late: &Late) -> usize {
    let is_welcome = |it: &&Message| matches!(it, Message::Program(ForProgram::Welcome(_)));
    late.told.iter().filter(is_welcome).count()
}

#[test]
fn a_seat_is_taken_before_it_is_known_that_it_was_lost() {
    let mut late = Late::with(rules());
    let token = robot(&mut late);
    late.event(1, BROKEN);
    resume(&mut late, 2, &token);
    late.answer();
    assert_eq!((welcomes(&late), late.names()), (2, vec!["bot".into()]));
    // Its former connection ends only now, while the act of another one is out.
    let token = last_token(&late);
    resume(&mut late, 3, &token);
    late.event(2, BROKEN);
    late.answer();
    late.answer();
    assert_eq!((welcomes(&late), late.names()), (3, vec!["bot".into()]));
    wait(&mut late, KEEP);
    late.answer();
    assert_eq!(late.names(), ["bot"]);
}

#[test]
fn a_connection_that_ends_before_it_has_the_seat_loses_it_again() {
    let mut late = Late::with(rules());
    let token = robot(&mut late);
    late.event(1, BROKEN);
    late.answer();
    resume(&mut late, 2, &token);
    late.event(2, BROKEN);
    late.answer();
    late.answer();
    assert_eq!((welcomes(&late), late.names()), (1, vec!["bot".into()]));
    resume(&mut late, 3, &token);
    late.answer();
    assert_eq!(welcomes(&late), 2);
    late.event(3, BROKEN);
    late.answer();
    wait(&mut late, KEEP);
    late.answer();
    assert_eq!(late.names(), [""; 0]);
}

#[test]
fn a_seat_that_is_due_while_it_is_taken_is_not_lost() {
    let mut late = Late::with(rules());
    let token = robot(&mut late);
    late.event(1, BROKEN);
    late.answer();
    resume(&mut late, 2, &token);
    wait(&mut late, KEEP);
    late.answer();
    late.answer();
    assert_eq!((welcomes(&late), late.names()), (2, vec!["bot".into()]));
    // The other way round it is gone.
    late.event(2, BROKEN);
    late.answer();
    wait(&mut late, KEEP);
    let token = last_token(&late);
    resume(&mut late, 3, &token);
    late.answer();
    assert!(late.told.contains(&gone()));
    assert_eq!(late.names(), [""; 0]);
}
