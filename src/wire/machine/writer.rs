//! `Writer`: one JSON object (RFC 8259), member by member, in the order in which they are written.

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use crate::moment::{Civil, Offset};

/// An object that is being written. It is complete once [`end`](Writer::end) was called.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut BytesMut,
    has_members: bool,
}

impl<'a> Writer<'a> {
    /// Begins an object.
    pub(crate) fn new(out: &'a mut BytesMut) -> Writer<'a> {
        out.put_u8(b'{');
        Writer {
            out,
            has_members: false,
        }
    }

    /// Begins an object that tells of an event.
    pub(super) fn event(out: &'a mut BytesMut, event: &str) -> Writer<'a> {
        let mut writer = Writer::new(out);
        writer.text("event", event);
        writer
    }

    pub(crate) fn end(self) {
        self.out.put_u8(b'}');
    }

    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        string(self.out, text);
    }

    pub(super) fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.raw(name, "null"),
        }
    }

    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        // Writing to a buffer that grows never fails.
        let _ = write!(self.out, "{number}");
    }

    pub(super) fn numbers(&mut self, name: &str, numbers: &[u64]) {
        self.array(name, numbers, |out, it| _ = write!(out, "{it}"));
    }

    pub(crate) fn flag(&mut self, name: &str, flag: bool) {
        self.raw(name, if flag { "true" } else { "false" });
    }

    /// A time in milliseconds since 1970-01-01 00:00 UTC, as of RFC 3339.
    pub(super) fn time(&mut self, name: &str, at: i64) {
        self.name(name);
        let it = Civil::at(at.div_euclid(1000), Offset::default());
        let millis = at.rem_euclid(1000);
        let (date, clock) = ((it.year, it.month, it.day), (it.hour, it.minute, it.second));
        let _ = write!(
            self.out,
            "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{millis:03}Z\"",
            date.0, date.1, date.2, clock.0, clock.1, clock.2
        );
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.put_slice(json.as_bytes());
    }

    /// An array of these values, each written by the function.
    pub(super) fn array<T>(
        &mut self,
        name: &str,
        values: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut BytesMut, T),
    ) {
        self.name(name);
        self.out.put_u8(b'[');
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.out.put_u8(b',');
            }
            write(self.out, value);
        }
        self.out.put_u8(b']');
    }

    /// An object, written by the function.
    pub(super) fn object(&mut self, name: &str, write: impl FnOnce(&mut Writer<'_>)) {
        self.value(name, |out| {
            let mut object = Writer::new(out);
            write(&mut object);
            object.end();
        });
    }

    /// Any value, written by the function.
    pub(super) fn value(&mut self, name: &str, write: impl FnOnce(&mut BytesMut)) {
        self.name(name);
        write(self.out);
    }

    fn name(&mut self, name: &str) {
        if std::mem::replace(&mut self.has_members, true) {
            self.out.put_u8(b',');
        }
        string(self.out, name);
        self.out.put_u8(b':');
    }
}

/// Writes a string with its quotes. Clean text needs no escapes but for quotes, backslashes and tabs; the others are
/// there for texts of which the server is not the judge.
pub(super) fn string(out: &mut BytesMut, text: &str) {
    out.put_u8(b'"');
    let mut plain = 0;
    for (i, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.put_slice(&text.as_bytes()[plain..i]);
        plain = i + 1;
        match byte {
            b'"' | b'\\' => out.put_slice(&[b'\\', byte]),
            b'\t' => out.put_slice(b"\\t"),
            b'\n' => out.put_slice(b"\\n"),
            b'\r' => out.put_slice(b"\\r"),
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
    }
    out.put_slice(&text.as_bytes()[plain..]);
    out.put_u8(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let texts = [
            "",
            "plain",
            "a\"b\\c\td\r\ne\u{0}\u{1f}",
            "\u{7f}\u{2028}é台🎉",
            "</script>",
        ];
        for text in texts {
            let mut out = BytesMut::new();
            let mut writer = Writer::event(&mut out, "said");
            writer.text("text", text);
            writer.number("seq", (1 << 53) - 1);
            writer.flag("current", true);
            writer.text_or_null("topic", None);
            writer.array("lines", [text, "x"], string);
            writer.end();
            let read: serde_json::Value = serde_json::from_slice(&out).expect("it is JSON");
            let expected = serde_json::json!({
                "event": "said", "text": text, "seq": 9_007_199_254_740_991_u64, "current": true,
                "topic": null, "lines": [text, "x"],
            });
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        for (at, time) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_795_276_799_007, "2026-11-21T15:59:59.007Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            let mut out = BytesMut::new();
            let mut writer = Writer::new(&mut out);
            writer.time("at", at);
            writer.end();
            assert_eq!(out, format!("{{\"at\":\"{time}\"}}"));
        }
    }
}
