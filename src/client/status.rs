//! `Unread` and the status row: which room we are in, who is here, what is unread, and how the link is. Counts go in, one
//! row of text comes out.

use std::collections::VecDeque;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::name::RoomName;

/// How many people to count private messages of, each for themselves.
const PEOPLE: usize = 20;

/// What stands between two parts of the row.
const SEPARATOR: &str = " · ";

/// Columns between the two ends of the row.
const GAP: usize = 2;

/// What was said elsewhere and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Unread {
    rooms: VecDeque<(RoomName, usize)>,
    people: VecDeque<(String, usize)>,
    /// The next line is the first one that is unread.
    rule_is_due: bool,
}

impl Unread {
    /// Somebody said something in a room other than ours.
    pub(super) fn said_in(&mut self, room: &RoomName) {
        count(&mut self.rooms, room.clone(), crate::limits::ROOMS_HEARD);
    }

    /// Somebody wrote to us.
    pub(super) fn wrote(&mut self, name: &str) {
        count(&mut self.people, name.into(), PEOPLE);
    }

    /// The person is in this room, or says something there.
    pub(super) fn read_room(&mut self, room: &RoomName) {
        self.rooms.retain(|it| it.0 != *room);
    }

    /// The person writes to somebody.
    pub(super) fn read_person(&mut self, name: &str) {
        self.people.retain(|it| !it.0.eq_ignore_ascii_case(name));
    }

    /// The person has read everything.
    pub(super) fn read_all(&mut self) {
        self.rooms.clear();
        self.people.clear();
    }

    fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.people.is_empty()
    }

    /// From now on, lines are unread: the first of them has a rule above it.
    pub(super) fn begin(&mut self) {
        self.rule_is_due = true;
    }

    /// Lines are read as they come.
    pub(super) fn end(&mut self) {
        self.rule_is_due = false;
    }

    /// Whether a rule has to stand above the next line.
    pub(super) fn take_rule(&mut self) -> bool {
        std::mem::take(&mut self.rule_is_due)
    }
}

/// Counts one more of this, which goes to the end.
fn count<T: PartialEq>(counts: &mut VecDeque<(T, usize)>, of: T, most: usize) {
    match counts.iter_mut().find(|it| it.0 == of) {
        Some(it) => it.1 = it.1.saturating_add(1),
        None => {
            if counts.len() == most {
                counts.pop_front();
            }
            counts.push_back((of, 1));
        }
    }
}

/// The rule above unread lines.
pub(super) fn rule(columns: usize) -> String {
    const WORD: &str = " new ";
    const WIDEST: usize = 67;
    let dashes = columns.min(WIDEST).saturating_sub(WORD.len());
    let (left, right) = (dashes / 2, dashes - dashes / 2);
    format!("{}{WORD}{}", "─".repeat(left), "─".repeat(right))
}

/// The row: `#den · 12 here · #ops 1 · private Carol 1`, and how the link is at its right end.
pub(super) fn row(
    room: &RoomName,
    here: Option<usize>,
    unread: &Unread,
    link: &str,
    columns: usize,
) -> String {
    let link = fitting(link, columns);
    let space = columns.saturating_sub(link.width() + GAP);
    let mut parts = vec![room.to_string()];
    let rooms = unread.rooms.iter();
    parts.extend(rooms.map(|(room, count)| format!("{room} {count}")));
    let people = unread.people.iter();
    parts.extend(people.map(|(name, count)| format!("private {name} {count}")));
    // What is unread goes before the number of people.
    if let Some(here) = here {
        let with = [&parts[..1], &[format!("{here} here")], &parts[1..]].concat();
        if unread.is_empty() || with.join(SEPARATOR).width() <= space {
            parts = with;
        }
    }
    let parts = parts.join(SEPARATOR);
    let left = fitting(&parts, space);
    let gap = columns.saturating_sub(left.width() + link.width());
    format!("{left}{}{link}", " ".repeat(gap))
}

/// As much of a text as fits into so many columns.
fn fitting(text: &str, columns: usize) -> &str {
    if text.width() <= columns {
        return text;
    }
    let mut end = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if text[..at + cluster.len()].width() > columns {
            break;
        }
        end = at + cluster.len();
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).unwrap()
    }

    #[test]
    fn the_row_tells_where_we_are_and_what_is_unread() {
        let mut unread = Unread::default();
        let shown = |unread: &Unread| row(&room("den"), Some(12), unread, "online", 60);
        assert_eq!(
            shown(&unread).trim_end(),
            format!("#den · 12 here{}online", " ".repeat(40))
        );
        unread.said_in(&room("ops"));
        unread.said_in(&room("ops"));
        unread.wrote("Carol");
        assert!(shown(&unread).starts_with("#den · 12 here · #ops 2 · private Carol 1  "));
        // In a narrow window it is what is unread that stays.
        let narrow = row(&room("den"), Some(12), &unread, "online", 40);
        assert_eq!(narrow, "#den · #ops 2 · private Carol 1   online");
        unread.read_room(&room("Ops"));
        unread.read_person("carol");
        assert!(shown(&unread).starts_with("#den · 12 here   "));
        unread.wrote("Carol");
        unread.read_all();
        assert!(!shown(&unread).contains("Carol"));
    }

    #[test]
    fn the_row_is_as_wide_as_the_window_whatever_it_is_about() {
        let mut unread = Unread::default();
        for i in 0..1000 {
            unread.said_in(&room(&format!("room{i}")));
            unread.wrote(&format!("花子{i}"));
        }
        assert_eq!(unread.people.len(), PEOPLE);
        assert_eq!(unread.rooms.len(), crate::limits::ROOMS_HEARD);
        for columns in 1..200 {
            let row = row(&room("花子"), None, &unread, "offline", columns);
            assert_eq!(row.width(), columns, "{row:?}");
            assert!(rule(columns).width() <= columns.max(5));
        }
    }
}
