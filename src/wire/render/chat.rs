//! The words of answers about the chat.

use bytes::BytesMut;

use crate::account::Rank;
use crate::message::{AboutChat, HelpRow};

use super::line;

pub(super) fn render(about: &AboutChat, out: &mut BytesMut) {
    match about {
        AboutChat::Help { rows, rank } => help(out, rows, *rank),
        AboutChat::UsersOnline(online) => line(out, &[&format!("Users online: {online}")]),
    }
}

fn help(out: &mut BytesMut, rows: &[HelpRow], rank: Option<Rank>) {
    let rows = rows.iter().filter(|row| row.is_for(rank));
    let width = rows.clone().map(|row| row.usage.chars().count()).max();
    let width = width.unwrap_or(0);
    for row in rows {
        let also = match row.aliases {
            [] => String::new(),
            aliases => format!("; also {}", aliases.join(", ")),
        };
        line(out, &[&format!("{:width$}  {}{also}", row.usage, row.does)]);
    }
}
