//! Words of accounts, of order and of rooms that are somebody's, as the server writes them.

use super::*;
use crate::message::{AboutAccount, AboutOwning, RoomNews};

#[test]
fn who_is_sent_away_and_what_owners_do_is_read_back() {
    for who in names() {
        let (name, by) = (who.as_str(), || who.clone());
        let is = |news, what: &str| assert_event(news, Fact::Event { name, what });
        let sent = |is_banned, reason: Option<&str>| News::SentAway {
            who: by(),
            by: "Bob".into(),
            is_banned,
            reason: reason.map(Into::into),
        };
        is(sent(false, None), "was kicked by Bob.");
        is(sent(true, Some("a: b")), "was banned by Bob: a: b");
        for is_so in [true, false] {
            for news in [
                RoomNews::Locked {
                    by: by(),
                    is_locked: is_so,
                },
                RoomNews::TopicLocked {
                    by: by(),
                    is_locked: is_so,
                },
                RoomNews::PastOpened {
                    by: by(),
                    is_open: is_so,
                },
                RoomNews::Slowed {
                    by: by(),
                    seconds: u32::from(is_so) * 10,
                },
                RoomNews::SentOut {
                    who: by(),
                    by: by(),
                    reason: is_so.then(|| "spam".into()),
                },
                RoomNews::Owner(Some(by())),
            ] {
                let line = written(&News::Room(news.clone()).into(), Format::default());
                let (_, what) = line.split_once(' ').unwrap();
                is(News::Room(news), what);
            }
        }
    }
    let nobodys = News::Room(RoomNews::Owner(None));
    let line = written(&nobodys.into(), Format::default());
    assert_eq!(read(&line).fact, Fact::Other);
}

#[test]
fn the_end_of_a_question_for_a_password_is_read_back() {
    let whys = [
        None,
        Some(AboutAccount::WrongPassword),
        Some(AboutAccount::NotTheSame),
        Some(AboutAccount::TooOften { seconds: 7 }),
    ];
    for word in ["/register", "/password", "/unregister"] {
        for why in whys.clone() {
            let why = why.map(Box::new);
            let answer = AboutAccount::NothingChanged { why, word };
            assert_answer(answer, Fact::NothingChanged);
        }
    }
    assert_answer(AboutAccount::LateAnswer, Fact::NotSent);
}

#[test]
fn a_line_that_is_held_back_is_read_back() {
    for room in room_names() {
        let fact = Fact::HeldBack(room.clone());
        assert_answer(AboutOwning::Moved(room), fact);
    }
}
