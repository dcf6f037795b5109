//! The content of a wide window: the rows shown, and the line being typed.

/// A reader of the screen.
#[derive(Debug, Default)]
pub(super) struct Screen {
    /// The text after the last row that has ended.
    tail: String,
}

impl Screen {
    /// Takes in the output for the terminal, and returns the rows shown since the last call.
    pub(super) fn read(&mut self, shown: &str) -> Vec<String> {
        self.tail.push_str(&without_sequences(shown));
        let tail = std::mem::take(&mut self.tail);
        let (rows, tail) = tail.rsplit_once('\n').unwrap_or(("", &tail));
        self.tail = last_drawn(tail).into();
        let rows = rows.split('\n').map(last_drawn);
        rows.filter(|row| !row.is_empty() && !is_status(row))
            .map(String::from)
            .collect()
    }

    /// The prompt before the typed text, and that text.
    pub(super) fn typed(&self) -> (&str, &str) {
        let end = self.tail.find("> ").map_or(self.tail.len(), |at| at + 2);
        self.tail.split_at(end)
    }
}

/// Whether this is the row above the prompt that tells how the link is.
fn is_status(row: &str) -> bool {
    let links = [" online", " offline", " connecting", " coming back"];
    row.starts_with('#') && row.contains("    ") && links.iter().any(|it| row.ends_with(it))
}

/// The visible part of everything that was drawn in a row, each time from its beginning.
fn last_drawn(row: &str) -> &str {
    let row = row.trim_end_matches('\r');
    row.rsplit('\r').next().unwrap_or(row)
}

/// Without control sequences, and without bells and shifts.
fn without_sequences(text: &str) -> String {
    let mut rest = text.split('\x1b');
    let mut plain: String = rest.next().unwrap_or_default().into();
    for sequence in rest {
        let last = match sequence.as_bytes().first() {
            Some(b'[') => sequence.find(|c: char| c.is_ascii_alphabetic()),
            Some(b'(') => Some(1),
            _ => Some(0),
        };
        let last = last.expect("a whole sequence");
        plain.push_str(&sequence[last + 1..]);
    }
    plain.replace(['\x07', '\x0f'], "")
}
