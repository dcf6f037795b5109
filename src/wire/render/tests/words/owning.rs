//! The words about rooms that are somebody's.

use super::{Read, ann, bob, of_answers, tea};
use crate::message::{AboutKeeping, AboutOwning, News, RoomNews};

#[rustfmt::skip]
pub(super) fn about_owning() -> Vec<Read> {
    use AboutOwning as It;
    let (by, room, reason) = (ann, tea, |it: &str| Some(it.into()));
    let offered = |by| It::YouAreOffered { by, room: tea() };
    let out = |reason| It::YouAreSentOut { room: tea(), by: ann(), reason };
    let not_yet = |reason| It::NotYet { room: tea(), reason, minutes: 7 };
    let too_soon = It::TooSoon { room: room(), wait: 7, seconds: 10, text: "hi".into() };
    of_answers([
        (It::ForInvited, "That room is for those who are invited."),
        (It::Lobby, "The lobby is nobody's, and open to everyone. Type that in another room."),
        (
            It::NobodysRoom(room()),
            "20 rooms are yours, and that is the most: #tea is nobody's. Give one away with /owner NAME.",
        ),
        (It::NotAMember(bob()), "Bob has no account. They can type /register first."),
        (It::TooManyOwned, "20 rooms are yours, and that is the most. Give one away first."),
        (
            It::YouAreInvited { by: by(), room: room() },
            "Ann invites you to #tea. Type /join tea to go there.",
        ),
        (It::WereInvited { rooms: vec![room()], more: 0 }, "You were invited to #tea. Type /join tea to go there."),
        (
            It::WereInvited { rooms: vec![room(); 2], more: 12 },
            "You were invited to #tea, #tea and 12 more. Type /rooms for the list, and /join ROOM to go to one.",
        ),
        (
            It::YouAreTrusted { by: by(), room: room() },
            "Ann trusts you to keep order in #tea: type /kick NAME or /mute NAME there.",
        ),
        (
            offered(Some(ann())),
            "Ann offers you #tea. Type /owner accept tea within a day, or /owner decline tea.",
        ),
        (
            offered(None),
            "#tea is offered to you. Type /owner accept tea within a day, or /owner decline tea.",
        ),
        (It::Yours(room()), "#tea is yours."),
        (It::Declined(room()), "#tea is not yours."),
        (It::DeclinedBy { who: bob(), room: room() }, "Bob does not want #tea."),
        (It::NothingOffered, "No room is offered to you."),
        (out(reason("spam")), "You were kicked from #tea by Ann: spam. Come back in 10 min."),
        (out(None), "You were kicked from #tea by Ann. Come back in 10 min."),
        (not_yet(reason("spam")), "You were kicked from #tea: spam. Come back in 7 min."),
        (not_yet(None), "You were kicked from #tea. Come back in 7 min."),
        (It::Moved(room()), "You are in #tea now. Enter sends it here."),
        (
            It::MovedAlone(room()),
            "You are in #tea now. Enter sends this line alone here.",
        ),
        (
            It::MovedTopic(room()),
            "You are in #tea now. Type that again to set its topic.",
        ),
        (It::TopicIsLocked(room()), "The topic of #tea is locked. Ask its owner to set it."),
        (too_soon, "Wait 7 s. #tea is slow: one line every 10 s.\r\nNot sent: hi"),
    ])
}

#[rustfmt::skip]
pub(super) fn about_keeping() -> Vec<Read> {
    use AboutKeeping as It;
    let room = tea;
    let locked = |is_locked| It::Locked { room: tea(), is_locked };
    let topic_locked = |is_locked| It::TopicLocked { room: tea(), is_locked };
    let past = |is_open| It::Past { room: tea(), is_open };
    let slowed = |seconds| It::Slowed { room: tea(), seconds };
    let trusted = |is_trusted| It::Trusted { who: bob(), room: tea(), is_trusted };
    let invited = |is_invited, stays| It::Invited { who: bob(), room: tea(), is_invited, stays };
    let are_invited = |count, more| It::WhoIsInvited { room: tea(), who: vec![bob(); count], more };
    let are_trusted = |count| It::WhoIsTrusted { room: tea(), who: vec![bob(); count], more: 0 };
    let kept = |owner, is_locked, is_topic_locked| It::Kept { room: tea(), owner, is_locked, is_topic_locked };
    of_answers([
        (locked(true), "#tea is locked. Type /invite NAME to let somebody in."),
        (locked(false), "#tea is unlocked: everyone may come in and read what was said there."),
        (topic_locked(true), "The topic of #tea is locked."),
        (topic_locked(false), "Everyone in #tea may set its topic."),
        (past(true), "Those who are invited read all that was said in #tea."),
        (past(false), "Those who are invited read #tea from then on."),
        (slowed(10), "#tea is slow: one line every 10 s."),
        (slowed(0), "#tea is no longer slow."),
        (It::NoSeconds, "Type /slow and a number of seconds up to 3600, or /slow off."),
        (trusted(true), "Bob keeps order in #tea too now."),
        (trusted(false), "Bob no longer keeps order in #tea."),
        (invited(true, false), "Bob is invited to #tea."),
        (invited(false, false), "Bob is not invited to #tea any more."),
        (invited(false, true), "Bob is not invited to #tea any more, but is still in it: type /kick Bob to send them out."),
        (are_invited(0, 0), "Nobody is invited to #tea."),
        (are_invited(1, 0), "Invited to #tea: Bob."),
        (are_invited(2, 3), "Invited to #tea: Bob, Bob and 3 more."),
        (are_trusted(0), "Nobody is trusted in #tea."),
        (are_trusted(2), "Trusted in #tea: Bob and Bob."),
        (It::Pause { room: tea(), seconds: 0 }, "#tea is not slow."),
        (It::Pause { room: tea(), seconds: 10 }, "#tea is slow: one line every 10 s."),
        (kept(None, false, false), "#tea has no owner; operators keep it. It is open to everyone."),
        (kept(Some(bob()), false, true), "The owner of #tea is Bob. It is open to everyone, and its topic is locked."),
        (kept(Some(bob()), true, false), "The owner of #tea is Bob. It is locked."),
        (kept(Some(bob()), true, true), "The owner of #tea is Bob. It is locked, and so is its topic."),
        (
            It::TooManyInvited(room()),
            "#tea has as many people as it can remember. Type /invite NAME off first.",
        ),
        (It::SentOut { who: bob(), room: room() }, "Bob is out of #tea."),
        (
            It::MayNotBeSentOut(bob()),
            "Bob keeps order here too. Ask the owner or an operator.",
        ),
        (It::NotInRoom { who: bob(), room: room() }, "Bob is not in #tea."),
        (
            It::Offered { who: bob(), room: room() },
            "#tea is offered to Bob. It is theirs if they accept within a day.",
        ),
        (
            It::HasOwner(room()),
            "#tea has an owner, who may give it away. Operators may once the owner has been away for 180 days.",
        ),
        (It::OwnAlready(room()), "#tea is theirs already."),
    ])
}

#[rustfmt::skip]
pub(super) fn news_of_rooms() -> Vec<Read> {
    use RoomNews as It;
    let (who, by) = (bob, ann);
    let out = |reason| It::SentOut { who: who(), by: by(), reason };
    [
        (
            It::Locked { by: by(), is_locked: true },
            "Ann has locked the room: only those who are invited come in.",
        ),
        (
            It::Locked { by: by(), is_locked: false },
            "Ann has unlocked the room: everyone may come in and read what was said.",
        ),
        (It::TopicLocked { by: by(), is_locked: true }, "Ann has locked the topic."),
        (It::TopicLocked { by: by(), is_locked: false }, "Ann has unlocked the topic."),
        (
            It::PastOpened { by: by(), is_open: true },
            "Ann has opened the past: those who are invited read all of it.",
        ),
        (
            It::PastOpened { by: by(), is_open: false },
            "Ann has closed the past: people read it from their invitation on.",
        ),
        (It::Slowed { by: by(), seconds: 0 }, "Ann has made the room as fast as ever."),
        (It::Slowed { by: by(), seconds: 5 }, "Ann has made the room slow: one line every 5 s."),
        (out(Some("spam".into())), "Bob was kicked from the room by Ann: spam."),
        (out(None), "Bob was kicked from the room by Ann."),
        (It::Owner(Some(who())), "Bob is the owner of the room now."),
        (It::Owner(None), "The room has no owner now. Operators keep it."),
    ]
    .map(|(it, words)| (News::Room(it).into(), words))
    .into()
}
