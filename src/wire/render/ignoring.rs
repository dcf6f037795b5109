//! The words of answers about the people whom a person ignores.

use crate::message::{AboutIgnoring, IgnoredRow};

pub(super) fn words(about: &AboutIgnoring) -> String {
    match about {
        AboutIgnoring::Ignored(rows) if rows.is_empty() => "You are not ignoring anybody.".into(),
        AboutIgnoring::Ignored(rows) => {
            let entry = |row: &IgnoredRow| match &row.now {
                Some(now) => format!("{} (now {now})", row.name),
                None => row.name.to_string(),
            };
            let entries: Vec<String> = rows.iter().map(entry).collect();
            format!("You are ignoring: {}", entries.join(", "))
        }
        AboutIgnoring::IgnoreSet(name) => {
            format!("You are now ignoring {name}. Type /unignore {name} to undo it.")
        }
        AboutIgnoring::TooManyIgnored => {
            "You cannot ignore more people. Type /unignore NAME to make room.".into()
        }
        AboutIgnoring::IgnoreLifted(name) => format!("You are no longer ignoring {name}."),
        AboutIgnoring::NotIgnored(name) => format!("You are not ignoring {name}."),
    }
}
