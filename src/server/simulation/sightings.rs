//! `Sightings`: how often it comes up in plays that somebody hears several rooms or is a program, and what can go wrong
//! only then.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::ROOMS_HEARD;

use super::model::Piece;
use super::stage::Stage;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sight {
    /// A person who heard two rooms at once at some time, or five, or as many as they may.
    TwoRooms,
    FiveRooms,
    AllRooms,
    /// Somebody read a line behind a tag.
    Tagged,
    /// Lines of several rooms came to somebody in one tick, with nothing that was told to them alone in between.
    Together,
    /// The same, where a room had lines before and behind those of another.
    Turns,
    /// A notice of skipped lines stood for lines of several rooms.
    Skipped,
    /// Somebody was not let into another room, or not allowed to make another.
    TooManyHeard,
    TooManyMade,
    /// A program came in, read a line of a room that is not its current one, or a line from before it came.
    Program,
    ProgramElsewhere,
    ProgramPast,
    /// A program read what it had said, and what it had said under the same id before.
    ProgramOwn,
    ProgramAgain,
    /// A program was refused something, or sent what is not the protocol.
    ProgramRefused,
    ProgramMisused,
    /// A notice of skipped lines stood for lines that were objects.
    ProgramSkipped,
    /// A server stopped, or was killed, and another one went on; some rows were lost.
    Stopped,
    Killed,
    Lost,
    /// The disk was full, or dead.
    Full,
    Dead,
    /// A gap was written, and somebody read of one.
    Gap,
    GapRead,
    /// Somebody was told that the disk is slow.
    Behind,
    /// A room of the file was made again, or was there with its topic.
    Woken,
    TopicKept,
    /// Lines of a room came from a file that has those of another room of that name too.
    Former,
    /// Lines came from the file, but for some of people whom their reader ignores.
    Unseen,
    /// Lines came from the file: those of a room, or to somebody who came in.
    FilePage,
    Arrival,
    /// A search found lines, and `/more` showed more of them.
    Found,
    MoreFound,
    /// A program read lines that it had searched for, or asked for.
    ProgramFound,
    ProgramHistory,
    /// Somebody was here before.
    SeenBefore,
    /// A member came back, or took the seat of their older self. A room was somebody's from the start.
    CameBack,
    TakenOver,
    Owned,
    /// Somebody read what was written to them while they were not here.
    MessageLeft,
    /// A password was wrong, or could not be checked; somebody had tried, or registered, too often.
    WrongPassword,
    Unchecked,
    TooOften,
    /// Somebody registered, changed their password, or gave the account up.
    Registered,
    PasswordSet,
    Unregistered,
    /// A room was locked, or unlocked, or its past was opened.
    Locked,
    Unlocked,
    PastOpen,
    /// Somebody was invited to a locked room, or a member who was not here to a room; or somebody in a locked room no longer.
    Invited,
    InvitedAway,
    Uninvited,
    /// Somebody is told that they were invited while they were not here.
    ToldInvited,
    /// Somebody was trusted, or got the room of an account that ended.
    Trusted,
    Inherited,
    /// Somebody was not let into a locked room, did not find it on the list, or asked for it by its name in vain.
    NotInvited,
    NotListed,
    AskedInVain,
    /// Others read where somebody goes without the name of the room.
    Unnamed,
    /// Lines of a locked room were left out of what came from the file, or of what was on its way.
    NotRead,
    HiddenMeanwhile,
    /// A member came back into a locked room, or not into theirs, as it was locked meanwhile.
    BackInLocked,
    LockedOut,
    /// Another server went on with a locked room.
    LockKept,
    /// Somebody was banned who was here, or who was not; or kicked.
    Banned,
    BannedAway,
    Kicked,
    /// A ban by an address meets several people, and was typed once, or again. A ban stands in the place of another.
    TypedOnce,
    TypedTwice,
    Replaced,
    Unbanned,
    /// Somebody was not let in, by this or that, or by a ban that an earlier server made.
    BarredByAccount,
    BarredByAddress,
    BarredByName,
    BarredByKick,
    BanKept,
    /// Somebody could not take a name.
    NameKeptOut,
    /// Somebody who is here was muted, or heard again.
    Muted,
    Heard,
    /// Somebody who is muted said something in a room, or to one person; wanted another name, to be away with a word, a
    /// topic, or a room that there is not; invited somebody; or left with a word.
    SilentInRoom,
    SilentPrivately,
    SilentName,
    SilentAway,
    SilentTopic,
    SilentRoom,
    SilentInvitation,
    LastWordDropped,
    /// They were, by a mute that an earlier server made, or by one of the name that they had; or they registered.
    MuteKept,
    MuteFollows,
    MuteRegistered,
    /// Somebody who is muted reported something, an operator read what had waited for them, or somebody reported too much.
    ReportOfMuted,
    ReportWaited,
    TooManyReports,
    /// A ban was believed in; somebody came in while it was, or while one that is older than the server was.
    BanWatched,
    DoorWatched,
    OldBanWatched,
    /// Somebody said a word that nobody is to read, as they had read that they are muted.
    WordWatched,
}

impl Sight {
    /// Those of any play.
    pub(super) const ALWAYS: [Sight; 17] = [
        Sight::TwoRooms,
        Sight::FiveRooms,
        Sight::AllRooms,
        Sight::Tagged,
        Sight::Together,
        Sight::Turns,
        Sight::Skipped,
        Sight::TooManyHeard,
        Sight::TooManyMade,
        Sight::Program,
        Sight::ProgramElsewhere,
        Sight::ProgramPast,
        Sight::ProgramOwn,
        Sight::ProgramAgain,
        Sight::ProgramRefused,
        Sight::ProgramMisused,
        Sight::ProgramSkipped,
    ];

    /// Those of a play with members.
    #[cfg(feature = "accounts")]
    pub(super) const MEMBERS: [Sight; 10] = [
        Sight::CameBack,
        Sight::TakenOver,
        Sight::Owned,
        Sight::MessageLeft,
        Sight::WrongPassword,
        Sight::Unchecked,
        Sight::TooOften,
        Sight::Registered,
        Sight::PasswordSet,
        Sight::Unregistered,
    ];

    /// Those of a play with locked rooms, and operators.
    #[cfg(feature = "accounts")]
    pub(super) const ORDER: [Sight; 49] = [
        Sight::Locked,
        Sight::Unlocked,
        Sight::PastOpen,
        Sight::Invited,
        Sight::InvitedAway,
        Sight::Uninvited,
        Sight::ToldInvited,
        Sight::Trusted,
        Sight::Inherited,
        Sight::NotInvited,
        Sight::NotListed,
        Sight::AskedInVain,
        Sight::Unnamed,
        Sight::NotRead,
        Sight::BackInLocked,
        Sight::LockedOut,
        Sight::LockKept,
        Sight::Banned,
        Sight::BannedAway,
        Sight::Kicked,
        Sight::TypedOnce,
        Sight::TypedTwice,
        Sight::Replaced,
        Sight::Unbanned,
        Sight::BarredByAccount,
        Sight::BarredByAddress,
        Sight::BarredByName,
        Sight::BarredByKick,
        Sight::BanKept,
        Sight::NameKeptOut,
        Sight::Muted,
        Sight::Heard,
        Sight::SilentInRoom,
        Sight::SilentPrivately,
        Sight::SilentName,
        Sight::SilentAway,
        Sight::SilentTopic,
        Sight::SilentRoom,
        Sight::SilentInvitation,
        Sight::LastWordDropped,
        Sight::MuteKept,
        Sight::MuteRegistered,
        Sight::ReportOfMuted,
        Sight::ReportWaited,
        Sight::TooManyReports,
        Sight::BanWatched,
        Sight::DoorWatched,
        Sight::OldBanWatched,
        Sight::WordWatched,
    ];

    /// Those of a play with a store.
    pub(super) const STORE: [Sight; 19] = [
        Sight::Stopped,
        Sight::Killed,
        Sight::Lost,
        Sight::Full,
        Sight::Dead,
        Sight::Gap,
        Sight::GapRead,
        Sight::Behind,
        Sight::Woken,
        Sight::TopicKept,
        Sight::Former,
        Sight::Unseen,
        Sight::FilePage,
        Sight::Arrival,
        Sight::Found,
        Sight::MoreFound,
        Sight::ProgramFound,
        Sight::ProgramHistory,
        Sight::SeenBefore,
    ];
}

#[derive(Debug, Default, Clone)]
pub(super) struct Sightings(BTreeMap<Sight, usize>);

impl Sightings {
    pub(super) fn add(&mut self, sight: Sight, count: usize) {
        *self.0.entry(sight).or_default() += count;
    }

    pub(super) fn add_all(&mut self, other: &Sightings) {
        other.0.iter().for_each(|(it, count)| self.add(*it, *count));
    }

    /// Those of the sights that came up less often than this.
    pub(super) fn rarer_than(&self, least: usize, sights: &[Sight]) -> Vec<Sight> {
        let count = |it: &Sight| self.0.get(it).copied().unwrap_or(0);
        let all = sights.iter().copied();
        all.filter(|it| count(it) < least).collect()
    }

    /// Somebody was in so many rooms at once, at most.
    pub(super) fn note_rooms(&mut self, most: usize) {
        self.add(Sight::TwoRooms, (most >= 2).into());
        self.add(Sight::FiveRooms, (most >= 5).into());
        self.add(Sight::AllRooms, (most >= ROOMS_HEARD).into());
    }

    /// Somebody was owed this in one tick.
    pub(super) fn note_tick(&mut self, owed: &[Piece]) {
        for lines in owed.split(|it| it.room.is_none()) {
            let mut runs: Vec<_> = lines.iter().map(|it| it.room).collect();
            runs.dedup();
            let rooms = runs.iter().collect::<BTreeSet<_>>().len();
            let hears_several = lines.iter().any(|it| it.is_tagged);
            self.add(Sight::Together, (hears_several && rooms > 1).into());
            self.add(Sight::Turns, (hears_several && runs.len() > rooms).into());
        }
    }

    pub(super) fn note_read(&mut self, piece: &Piece) {
        let begins = |words: &str| piece.bytes.starts_with(words.as_bytes()).into();
        self.add(Sight::Tagged, piece.is_tagged.into());
        self.add(Sight::TooManyHeard, begins("You are in 16 rooms, "));
        self.add(Sight::TooManyMade, begins("You have made 50 rooms "));
        if piece.is_object {
            self.note_object(piece);
        } else if piece.room.is_none() {
            self.note_answer(piece);
        }
    }

    fn note_answer(&mut self, piece: &Piece) {
        let text = String::from_utf8_lossy(&piece.bytes);
        let is_gap =
            text.contains(" lines were not kept --") || text.contains("1 line was not kept");
        self.add(Sight::GapRead, is_gap.into());
        self.add(
            Sight::Behind,
            text.starts_with("What was said last is not on the disk")
                .into(),
        );
        self.add(
            Sight::SeenBefore,
            text.contains(" was last here on ").into(),
        );
    }

    fn note_object(&mut self, piece: &Piece) {
        let text = String::from_utf8_lossy(&piece.bytes);
        let is = |event: &str| text.starts_with(&format!("{{\"event\":\"{event}\""));
        let is_past = text.contains("\"past\":true");
        let is_own = is("said") && text.contains("\"re\":") && !is_past;
        self.add(Sight::Program, is("welcome").into());
        self.add(Sight::ProgramElsewhere, piece.is_tagged.into());
        self.add(Sight::ProgramPast, is_past.into());
        self.add(Sight::ProgramOwn, is_own.into());
        self.add(Sight::ProgramRefused, is("refused").into());
        self.add(Sight::ProgramMisused, is("error").into());
    }

    /// One notice stood for these lines.
    pub(super) fn note_skipped<'a>(&mut self, lines: impl Iterator<Item = &'a Piece>) {
        let lines: Vec<_> = lines.collect();
        let rooms: BTreeSet<_> = lines.iter().map(|it| it.room).collect();
        self.add(Sight::Skipped, (rooms.len() > 1).into());
        let has_object = lines.iter().any(|it| it.is_object);
        self.add(Sight::ProgramSkipped, has_object.into());
    }
}

impl Stage {
    /// The sights that have come up.
    pub(super) fn sightings(&self) -> Sightings {
        let mut seen = self.seen_so_far();
        seen.add(Sight::ProgramAgain, self.model.told_again);
        seen.add_all(self.model.sights());
        #[cfg(feature = "accounts")]
        for it in [&self.guard.seen, &self.hush.seen] {
            seen.add_all(it);
        }
        seen
    }

    /// What clients have seen, and what came up in the store, with that of earlier servers.
    pub(super) fn seen_so_far(&self) -> Sightings {
        let mut seen = Sightings::default();
        #[cfg(feature = "store")]
        seen.add_all(&self.store_sights());
        for client in &self.clients {
            seen.add_all(&client.seen);
            seen.note_rooms(client.most_rooms);
        }
        seen
    }
}
