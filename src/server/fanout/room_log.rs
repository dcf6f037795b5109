//! `RoomLog`: the lines of one room in a tick. Each line is rendered once, without a stamp, and once more as an object if a
//! program reads the room. The lines in a format are put together from that when they are written: a stamp and a tag before
//! each line of text, a header before each object in a WebSocket frame.

use std::ops::Range;

use bytes::BytesMut;

use crate::limits::END_BYTES;
use crate::message::{Message, Told};
use crate::moment::{Format, Medium, Stamp};
use crate::name::RoomName;
use crate::net::{Gauge, Log, Piece};
use crate::tally;
use crate::wire::{
    FRAME_HEADER_BYTES, is_hidden, is_stamped, put_object, render, stamp, tag, write_object,
};

use super::ids::{Line, Place};

/// A buffer of this size, in bytes, is kept however little of it was used.
pub(super) const MIN_LOG: usize = 4 * 1024;

/// How people read a room: in which format, and behind which tag. People with the same view read the same bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct View {
    /// As far as it shows.
    pub(super) format: Format,
    /// It is empty for people whose current room this is. Programs do not read it.
    pub(super) tag: Box<str>,
}

impl View {
    pub(super) fn new(format: Format, room: Option<&RoomName>) -> View {
        View {
            format: format.shown(),
            tag: room.map(tag).unwrap_or_default().into(),
        }
    }

    /// Whether people of this view do not read the message.
    pub(super) fn hides(&self, message: &Message) -> bool {
        is_hidden(message, self.format, self.is_elsewhere())
    }

    /// Whether programs have this view.
    pub(super) fn is_for_programs(&self) -> bool {
        self.format.is_for_programs()
    }

    /// Whether people of this view have another current room.
    fn is_elsewhere(&self) -> bool {
        !self.tag.is_empty()
    }

    /// Whether people of this view read every possible line as it was rendered.
    pub(super) fn is_plain(&self) -> bool {
        self.format == Format::PLAIN && self.tag.is_empty()
    }
}

/// The lines of one room in the present tick.
#[derive(Debug, Default)]
pub(super) struct RoomLog {
    /// The lines as they read without stamps.
    bytes: BytesMut,
    /// Where each of them ends.
    ends: Vec<u32>,
    /// The same as objects, each with a line end, from the first on. Lines that no program reads are empty, and at the end
    /// they are missing.
    objects: Buffer,
    notes: Vec<Note>,
    /// How many of them some people do not read.
    hidden: Hidden,
}

/// The facts about a line besides its text.
#[derive(Debug, Clone, Copy)]
struct Note {
    unix: i64,
    place: Place,
    is_stamped: bool,
    /// Whether quiet people do not read it.
    from_quiet: bool,
    /// Whether people with another current room do not read it.
    from_elsewhere: bool,
    /// Whether only programs read it. As text it has no bytes.
    from_people: bool,
}

/// How many lines some people do not read. No line is counted twice.
#[derive(Debug, Clone, Copy, Default)]
struct Hidden {
    from_quiet: usize,
    from_elsewhere: usize,
    from_people: usize,
}

impl Hidden {
    /// How many of them people of this view do not read.
    fn from(self, view: &View) -> usize {
        let quiet = if view.format.quiet {
            self.from_quiet
        } else {
            0
        };
        let elsewhere = if view.is_elsewhere() {
            self.from_elsewhere
        } else {
            0
        };
        quiet + elsewhere
    }

    /// The same with those that have no bytes for people.
    fn all_from(self, view: &View) -> usize {
        let people = if view.is_for_programs() {
            0
        } else {
            self.from_people
        };
        self.from(view) + people
    }
}

impl Note {
    fn is_hidden_from(&self, view: &View) -> bool {
        self.from_quiet && view.format.quiet
            || self.from_elsewhere && view.is_elsewhere()
            || self.from_people && !view.is_for_programs()
    }
}

impl RoomLog {
    /// The number behind that of the last line: the next has it.
    pub(super) fn end(&self) -> Line {
        Line::new(self.notes.len())
    }

    /// Appends a line, and an object if the name of the room is given. Returns the bytes of the longer one, where text has
    /// this many bytes before it.
    pub(super) fn append(
        &mut self,
        told: &Told<'_>,
        place: Place,
        before: usize,
        room: Option<&RoomName>,
    ) -> usize {
        let Told { message, unix, .. } = *told;
        let start = self.bytes.len();
        render(message, unix, Format::default(), &mut self.bytes);
        let mut bytes = self.bytes.len() - start + before;
        if let Some(room) = room {
            bytes = bytes.max(self.append_object(told, room));
        }
        self.ends.push(self.bytes.len() as u32);
        let note = Note {
            unix,
            place,
            is_stamped: is_stamped(message),
            from_quiet: is_hidden(message, QUIET, false),
            from_elsewhere: is_hidden(message, PROGRAM, true),
            from_people: is_hidden(message, Format::PLAIN, false),
        };
        self.notes.push(note);
        self.hidden.from_quiet += usize::from(note.from_quiet);
        self.hidden.from_elsewhere += usize::from(note.from_elsewhere);
        self.hidden.from_people += usize::from(note.from_people);
        bytes
    }

    fn append_object(&mut self, told: &Told<'_>, room: &RoomName) -> usize {
        let (objects, ends) = &mut self.objects;
        let start = objects.len();
        ends.resize(self.notes.len(), start as u32);
        write_object(told, Some(room), None, objects);
        ends.push(objects.len() as u32);
        objects.len() - start + FRAME_HEADER_BYTES
    }

    /// Whether some views hide the last line.
    pub(super) fn hides_last(&self) -> bool {
        let last = self.notes.last();
        last.is_some_and(|it| it.from_quiet || it.from_elsewhere || it.from_people)
    }

    pub(super) fn freeze(self, gauge: &Gauge) -> Said {
        let RoomLog {
            bytes, ends, notes, ..
        } = self;
        let log = Log::new(bytes, ends, true, gauge);
        Said {
            plain: Rendered { log },
            objects: self.objects,
            notes,
            hidden: self.hidden,
        }
    }
}

#[cfg(test)]
impl RoomLog {
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

const PROGRAM: Format = Format {
    medium: Medium::Json,
    ..Format::PLAIN
};

const QUIET: Format = Format {
    quiet: true,
    ..PROGRAM
};

/// A room log at the end of its tick.
#[derive(Debug)]
pub(super) struct Said {
    /// The lines without stamps.
    pub(super) plain: Rendered,
    /// The lines as objects, as in [`RoomLog`].
    objects: Buffer,
    notes: Vec<Note>,
    hidden: Hidden,
}

impl Said {
    /// The number behind that of the last line.
    pub(super) fn end(&self) -> Line {
        Line::new(self.notes.len())
    }

    /// Whether people of this view read the lines as they are.
    pub(super) fn is_plain(&self, view: &View) -> bool {
        let is_bare = view.format.stamp == Stamp::Off && view.tag.is_empty();
        is_bare && !view.is_for_programs() && self.hidden.from(view) == 0
    }

    /// Whether people of this view read none of the lines.
    pub(super) fn is_hidden(&self, view: &View) -> bool {
        self.hidden.all_from(view) == self.notes.len()
    }

    /// The place in the tick of a line.
    pub(super) fn place(&self, line: Line) -> Place {
        self.notes[line.index()].place
    }

    /// The end of the lines that were said before this place. The first of them must have been.
    pub(super) fn end_before(&self, lines: Range<Line>, place: Place) -> Line {
        let behind_first = lines.start.next();
        let rest = &self.notes[behind_first.index()..lines.end.index()];
        // Where people talk by turns, there is only one.
        if rest.first().is_none_or(|note| note.place > place) {
            return behind_first;
        }
        let count = rest.partition_point(|note| note.place < place);
        Line::new(behind_first.index() + count)
    }

    /// All lines as people of this view read them.
    pub(super) fn render(
        &self,
        view: &View,
        stamped: &mut Stamped,
        mut buffer: Buffer,
        gauge: &Gauge,
    ) -> Rendered {
        self.write(Line::FIRST..self.end(), view, stamped, &mut buffer);
        let (bytes, ends) = buffer;
        tally::write(bytes.len());
        let log = Log::new(bytes, ends, true, gauge);
        Rendered { log }
    }

    /// Appends some of the lines as people of this view read them.
    pub(super) fn write(
        &self,
        lines: Range<Line>,
        view: &View,
        stamped: &mut Stamped,
        (bytes, ends): &mut Buffer,
    ) {
        if view.is_for_programs() {
            return self.write_objects(lines, view, (bytes, ends));
        }
        let View { format, tag } = view;
        let all = self.plain.range(lines.clone());
        let lines = lines.start.index()..lines.end.index();
        bytes.reserve(all.len() + lines.len() * (format.stamp.len() + tag.len()));
        let notes = &self.notes[lines.clone()];
        let plain = self.plain.log.bytes();
        let mut start = all.start;
        for (note, &end) in notes.iter().zip(&self.plain.log.ends()[lines]) {
            let end = end as usize;
            if !note.is_hidden_from(view) {
                if note.is_stamped && format.stamp != Stamp::Off {
                    bytes.extend_from_slice(stamped.at(note.unix, *format));
                }
                bytes.extend_from_slice(tag.as_bytes());
                bytes.extend_from_slice(&plain[start..end]);
            }
            ends.push(bytes.len() as u32);
            start = end;
        }
    }

    /// The same for programs.
    fn write_objects(
        &self,
        lines: Range<Line>,
        view: &View,
        (bytes, ends): (&mut BytesMut, &mut Vec<u32>),
    ) {
        let (objects, all_ends) = &self.objects;
        let end = |line: usize| all_ends.get(line).map_or(objects.len(), |it| *it as usize);
        for line in lines.start.index()..lines.end.index() {
            let start = line.checked_sub(1).map_or(0, end);
            if !self.notes[line].is_hidden_from(view) {
                put_object(&objects[start..end(line)], view.format.medium, bytes);
            }
            ends.push(bytes.len() as u32);
        }
    }

    /// Buffers for another log, unless a burst made them large.
    pub(super) fn thaw(self) -> Option<RoomLog> {
        let (bytes, ends) = take_buffer(self.plain.into_log())?;
        let objects = empty(self.objects).unwrap_or_default();
        let mut notes = self.notes;
        notes.clear();
        Some(RoomLog {
            bytes,
            ends,
            objects,
            notes,
            hidden: Hidden::default(),
        })
    }
}

/// The last stamp that was written. There is a new one for each second and each format.
#[derive(Debug, Default)]
pub(super) struct Stamped {
    of: Option<(i64, Format)>,
    bytes: BytesMut,
}

impl Stamped {
    fn at(&mut self, unix: i64, format: Format) -> &[u8] {
        if self.of != Some((unix, format)) {
            self.of = Some((unix, format));
            self.bytes.clear();
            stamp(&mut self.bytes, unix, format);
        }
        &self.bytes
    }
}

/// Buffers for messages, and for where each of them ends.
pub(super) type Buffer = (BytesMut, Vec<u32>);

/// A log's buffers, emptied to be used again, unless a burst made them large.
pub(super) fn take_buffer(log: Log) -> Option<Buffer> {
    empty(log.into_buffers())
}

fn empty((mut bytes, mut ends): Buffer) -> Option<Buffer> {
    let most = 4 * bytes.len().max(MIN_LOG);
    let is_worth = bytes.capacity() <= most && ends.capacity() * END_BYTES <= most;
    bytes.clear();
    ends.clear();
    is_worth.then_some((bytes, ends))
}

/// Lines of a room log, as some people read them.
#[derive(Debug)]
pub(super) struct Rendered {
    /// A message a line, from the first on. One that is hidden has no bytes.
    log: Log,
}

impl Rendered {
    pub(super) fn piece(&self, lines: Range<Line>) -> Piece<'_> {
        Piece {
            log: &self.log,
            range: self.range(lines),
        }
    }

    /// No queue shares the present copy of the lines from now on; the next to share them makes another.
    pub(super) fn let_go(&mut self) {
        self.log.let_go();
    }

    pub(super) fn into_log(self) -> Log {
        self.log
    }

    pub(super) fn range(&self, lines: Range<Line>) -> Range<usize> {
        let start = |line: Line| match line.index() {
            0 => 0,
            behind => self.log.ends()[behind - 1] as usize,
        };
        start(lines.start)..start(lines.end)
    }
}
