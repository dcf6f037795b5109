//! Any bytes of a program, as one object. What it asks for is clean, and means the same when it is written again.

#![no_main]

use chinwag::inner::Secret;
use chinwag::inner::wire::machine::{Object, Op, Position, parse};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Short, so that the fuzzer finds longer texts soon.
const LIMIT: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes, LIMIT) {
        Ok(object) => assert_sound(&object),
        Err((id, misuse)) => {
            assert!(!misuse.sentence.is_empty());
            assert!(id.is_none_or(|id| serde_json::from_str::<Value>(&id).is_ok()));
        }
    }
});

fn assert_sound(object: &Object) {
    assert_hides_secrets(object);
    let Some(mut written) = written(&object.op) else {
        return;
    };
    let members = written.as_object().into_iter().flatten();
    let texts =
        members.filter(|(name, _)| !["password", "old", "new", "resume"].contains(&name.as_str()));
    for text in texts.filter_map(|(_, value)| value.as_str()) {
        assert!(!text.contains(is_unclean), "{text:?}");
    }
    if let Some(id) = &object.id {
        written["id"] = serde_json::from_str(id).expect("an id is JSON");
    }
    let written = written.to_string();
    // What stands for a character may have more bytes than the character.
    let again = parse(written.as_bytes(), 3 * LIMIT);
    assert_eq!(again.ok().as_ref(), Some(object), "{written}");
}

/// No password is shown by accident.
fn assert_hides_secrets(object: &Object) {
    let secrets = match &object.op {
        Op::Register { password } | Op::Unregister { password, .. } => vec![password],
        Op::Resume { token, .. } => vec![token],
        Op::Password { old, new } => vec![old, new],
        _ => return,
    };
    let shown = format!("{:?}", object.op);
    let is_telling = |secret: &&&Secret| secret.reveal().len() > 16;
    for secret in secrets.iter().filter(is_telling) {
        assert!(!shown.contains(secret.reveal()), "it is shown");
    }
}

/// A tab is space.
fn is_unclean(c: char) -> bool {
    c.is_control() && c != '\t'
}

fn journal(position: Option<Position>) -> Option<String> {
    Some(format!("{:x}", position?.journal?))
}

fn written(op: &Op) -> Option<Value> {
    Some(match op {
        Op::Login {
            name,
            password,
            position,
        } => json!({
            "op": "login",
            "name": name,
            "password": password.as_ref().map(Secret::reveal),
            "since": position.map(|it| it.seq),
            "journal": journal(*position),
        }),
        Op::Resume { token, position } => json!({
            "op": "login",
            "resume": token.reveal(),
            "since": position.map(|it| it.seq),
            "journal": journal(*position),
        }),
        Op::Register { password } => json!({"op": "register", "password": password.reveal()}),
        Op::Password { old, new } => {
            json!({"op": "password", "old": old.reveal(), "new": new.reveal()})
        }
        Op::Unregister { password, to } => {
            json!({"op": "unregister", "password": password.reveal(), "to": to})
        }
        Op::Say { text, room } => json!({"op": "say", "text": text, "room": room}),
        Op::Do { text, room } => json!({"op": "do", "text": text, "room": room}),
        Op::Join { room, is_current } => json!({"op": "join", "room": room, "current": is_current}),
        Op::Leave { room } => json!({"op": "leave", "room": room}),
        Op::Write { to, text } => json!({"op": "write", "to": to, "text": text}),
        Op::History {
            room,
            before,
            count,
        } => json!({"op": "history", "room": room, "before": before, "count": count}),
        Op::Search { query, before } => {
            json!({"op": "search", "query": query, "before": before})
        }
        Op::Command { line } => json!({"op": "command", "line": line}),
        Op::Ping => json!({"op": "ping"}),
        Op::Quit { text } => json!({"op": "quit", "text": text}),
        Op::TooLong { .. } => return None,
    })
}
