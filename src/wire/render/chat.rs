//! The words of answers about the chat.

use bytes::BytesMut;

use crate::message::{AboutChat, HelpRow};

use super::line;

pub(super) fn render(about: &AboutChat, out: &mut BytesMut) {
    match about {
        AboutChat::Help(rows) => help(out, rows),
        AboutChat::UsersOnline(online) => line(out, &[&format!("Users online: {online}")]),
    }
}

fn help(out: &mut BytesMut, rows: &[HelpRow]) {
    let width = rows.iter().map(|row| row.usage.chars().count()).max();
    let width = width.unwrap_or(0);
    for row in rows {
        let also = match row.aliases {
            [] => String::new(),
            aliases => format!("; also {}", aliases.join(", ")),
        };
        line(out, &[&format!("{:width$}  {}{also}", row.usage, row.does)]);
    }
}
