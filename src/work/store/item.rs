//! What waits for the disk, and the memory that it takes.

use crate::message::{Keep, KeepAccount, KeepOrder, KeepOwning, Owning, Past};
use crate::name::RoomName;

use super::line::Line;
use super::missed::Gap;

/// About how many bytes a name takes.
const NAME: usize = 64;

/// Something for the file.
#[derive(Debug)]
pub(super) enum Item {
    /// A line in it is of a kind that is kept.
    Keep(Keep),
    Gap(Gap),
}

impl Item {
    /// About how many bytes it takes.
    pub(super) fn held(&self) -> usize {
        let more = match self {
            Item::Keep(Keep::Line(past)) => {
                let text = Line::of(past).map_or(0, |it| it.text.len());
                size_of::<Past>() + text
            }
            Item::Gap(gap) => gap.topic.as_ref().map_or(0, |it| it.len()),
            Item::Keep(Keep::Account(_, it)) => of_account(it),
            Item::Keep(Keep::Order(it)) => of_order(it),
            Item::Keep(Keep::Owning(_, KeepOwning::State { .. })) => NAME + size_of::<Owning>(),
            Item::Keep(Keep::Owning(..) | Keep::Seen { .. } | Keep::End { .. }) => 0,
        };
        size_of::<Item>() + more
    }

    pub(super) fn is_line(&self) -> bool {
        matches!(self, Item::Keep(Keep::Line(_)))
    }

    /// Whether it is refused if too much waits. What was done to accounts and rooms, and for order, is not: people count on
    /// it, and there is little of it. What somebody has set may change with each of their lines, and is refused as those are.
    pub(super) fn may_be_refused(&self) -> bool {
        match self {
            Item::Keep(Keep::Account(_, KeepAccount::Left { .. })) => true,
            Item::Keep(Keep::Account(..) | Keep::Order(_) | Keep::Owning(..)) => false,
            Item::Keep(Keep::Line(_) | Keep::Seen { .. } | Keep::End { .. }) | Item::Gap(_) => true,
        }
    }
}

fn of_account(it: &KeepAccount) -> usize {
    match it {
        KeepAccount::Made { hash, .. } => NAME + hash.as_ref().map_or(0, |it| it.reveal().len()),
        KeepAccount::Password { hash, .. } => hash.reveal().len(),
        KeepAccount::Left {
            rooms,
            settings,
            ignores,
            ..
        } => {
            let names = rooms.len() + ignores.len();
            settings.time.len() + names * (size_of::<RoomName>() + NAME)
        }
        KeepAccount::Waiting(it) => NAME + it.text.len(),
        KeepAccount::Role(_)
        | KeepAccount::Ended { .. }
        | KeepAccount::Freed
        | KeepAccount::CameIn { .. }
        | KeepAccount::Wrong { .. }
        | KeepAccount::Token { .. }
        | KeepAccount::TokenOver(_)
        | KeepAccount::TokensOver
        | KeepAccount::Read { .. } => 0,
    }
}

fn of_order(it: &KeepOrder) -> usize {
    let length = |text: &Option<std::sync::Arc<str>>| text.as_ref().map_or(0, |it| it.len());
    match it {
        KeepOrder::Made(it) => size_of_val(&**it) + 2 * NAME + it.by.len() + length(&it.reason),
        KeepOrder::Report(it) => NAME + it.text.len(),
        KeepOrder::Audit(it) => {
            let words = [
                Some(&it.by),
                Some(&it.act),
                it.whom.as_ref(),
                it.network.as_ref(),
            ];
            let words: usize = words.into_iter().flatten().map(|it| it.len()).sum();
            words + length(&it.reason)
        }
        KeepOrder::Erase(_) => 2 * NAME,
        KeepOrder::Lifted(..) | KeepOrder::LockedDown(_) | KeepOrder::ReportsRead => 0,
    }
}
