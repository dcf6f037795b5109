//! What was said before: from memory, and from a file that these tests stand for.

use super::*;
use crate::error::Unanswered;
use crate::limits::REPLAYED_LINES;
use crate::limits::past::{FOUND_LINES, SEARCH_INTERVAL, SEARCHES};
use crate::message::{
    AboutInput, AboutPast, AboutReading, Before, ForProgram, Page, Past, Seen, Unseen,
};
use crate::moment::Medium;
use crate::wire::machine::{Object, Op};

fn room(text: &str) -> RoomName {
    RoomName::parse(text).unwrap()
}

/// A line of the lobby.
fn line(seq: u64, from: &str, text: &str) -> Arc<Past> {
    let (from, text) = (name(from), text.into());
    Arc::new(Past {
        seq,
        at: seq as i64 * 1000,
        author: PersonId(1),
        account: None,
        room: Some(RoomName::lobby()),
        news: News::Said { from, text },
    })
}

fn lines(seqs: std::ops::Range<u64>) -> Vec<Arc<Past>> {
    seqs.map(|seq| line(seq, "old", &format!("line {seq}")))
        .collect()
}

fn kept(name: RoomName, topic: Option<&str>, page: Option<Page>) -> KeptRoom {
    let topic = topic.map(Into::into);
    KeptRoom {
        name,
        made: 7,
        topic,
        topic_line: None,
        page,
        owning: Default::default(),
        members: Vec::new(),
    }
}

/// A chat that goes on from these lines of the lobby.
fn goes_on(lines: Vec<Arc<Past>>, older: Option<i64>) -> Chat {
    let mut chat = Chat::new();
    let page = Some(Page { lines, older });
    let lobby = kept(RoomName::lobby(), None, page);
    chat.alone
        .go_on(1_795_276_799 << 20, vec![lobby], KeptHouse::default());
    chat
}

impl Chat {
    /// The question that was asked last, and is out.
    pub(super) fn question(&mut self) -> Question {
        let (_, question) = self.asked.pop().expect("something is asked");
        question
    }

    pub(super) fn answers_with(&mut self, peer: PeerId, finding: Result<Finding, Unanswered>) {
        self.event(peer, Event::Answered(finding.as_ref().map_err(|it| *it)));
    }

    /// The texts of earlier lines that the peer has not read yet, and the answers among them.
    fn past(&mut self, peer: PeerId) -> (Vec<String>, Vec<Answer>) {
        let (mut texts, mut answers) = (Vec::new(), Vec::new());
        for message in self.reads(peer) {
            match message {
                Message::Past { past, .. } => {
                    texts.extend(past.news.text().map(String::from));
                }
                Message::Answer(answer) => answers.push(answer),
                _ => {}
            }
        }
        (texts, answers)
    }

    /// What was kept since the last call.
    pub(super) fn kept(&mut self) -> Vec<Keep> {
        std::mem::take(&mut self.kept)
    }
}

#[test]
fn what_a_file_has_is_there_when_people_come_in() {
    let mut chat = goes_on(lines(1..4), None);
    let ann = chat.connect(0);
    chat.types(ann, "ann");
    let (texts, answers) = chat.past(ann);
    assert_eq!(texts, ["line 1", "line 2", "line 3"]);
    assert_eq!(
        answers,
        [AboutReading::History(3).into(), AboutReading::End.into()]
    );
    chat.types(ann, "/history 50");
    assert_eq!(chat.past(ann).0.len(), 3);
    assert_eq!(chat.asked, [], "the file has nothing else");
}

#[test]
fn what_memory_lacks_comes_from_the_file_and_stands_before() {
    let mut chat = goes_on(lines(10..13), Some(10));
    let ann = chat.login(0, "ann");
    chat.reads(ann);
    chat.types(ann, "/history 3");
    assert_eq!(chat.past(ann).0.len(), 3);
    chat.types(ann, "/history 5");
    let question = chat.question();
    let expected = Question::History {
        room: RoomName::lobby(),
        before: Before::Seq(10),
        count: 2,
        unseen: Unseen::default(),
    };
    assert_eq!(question, expected);
    assert_eq!(chat.reads(ann), []);
    let page = Page {
        lines: lines(8..10),
        older: Some(8),
    };
    chat.answers_with(ann, Ok(Finding::Page(page)));
    let (texts, answers) = chat.past(ann);
    assert_eq!(texts, ["line 8", "line 9", "line 10", "line 11", "line 12"]);
    assert_eq!(
        answers,
        [AboutReading::History(5).into(), AboutReading::End.into()]
    );
    chat.types(ann, "/more");
    let Question::History { before, count, .. } = chat.question() else {
        panic!("another question");
    };
    assert_eq!((before, count), (Before::Id(8), FOUND_LINES));
    chat.answers_with(ann, Ok(Finding::Page(Page::default())));
    assert_eq!(chat.answers(ann), [AboutPast::NothingEarlier.into()]);
    chat.types(ann, "/more");
    assert_eq!(chat.answers(ann), [AboutPast::NothingMore.into()]);
}

#[test]
fn what_memory_has_is_shown_if_the_file_cannot_be_read() {
    for (finding, sentence) in [
        (Ok(Finding::Behind), Answer::from(AboutPast::Behind)),
        (Ok(Finding::TooMuch), AboutPast::TooMuch.into()),
        (
            Err(Unanswered::Late),
            AboutInput::Unanswered(Unanswered::Late).into(),
        ),
        (
            Ok(Finding::Seen(None)),
            AboutInput::Unanswered(Unanswered::Failed).into(),
        ),
    ] {
        let mut chat = goes_on(lines(10..13), Some(10));
        let ann = chat.login(0, "ann");
        chat.reads(ann);
        chat.types(ann, "/history 5");
        chat.question();
        chat.answers_with(ann, finding);
        let (texts, answers) = chat.past(ann);
        assert_eq!(texts.len(), 3);
        assert_eq!(answers.last(), Some(&sentence));
    }
}

#[test]
fn who_ignores_all_who_spoke_last_is_told_to_look_further_back() {
    let mut chat = goes_on(lines(10..13), Some(10));
    let ann = chat.login(0, "ann");
    chat.types(ann, "/history 5 before 1970-01-01");
    chat.question();
    chat.reads(ann);
    let page = Page {
        lines: Vec::new(),
        older: Some(4),
    };
    chat.answers_with(ann, Ok(Finding::Page(page)));
    assert_eq!(chat.answers(ann), [AboutPast::FurtherBack.into()]);
    chat.types(ann, "/more");
    let Question::History { before, .. } = chat.question() else {
        panic!("another question");
    };
    assert_eq!(before, Before::Id(4));
}

#[test]
fn a_date_is_that_of_the_readers_clock() {
    let mut chat = goes_on(lines(10..13), Some(10));
    let ann = chat.login(0, "ann");
    chat.types(ann, "/time off +2");
    chat.reads(ann);
    let before = |chat: &mut Chat, typed: &str| {
        chat.types(ann, typed);
        let Question::History { before, count, .. } = chat.question() else {
            panic!("another question");
        };
        chat.answers_with(ann, Ok(Finding::Page(Page::default())));
        (before, count)
    };
    // Line 12 is from 1970-01-01 00:00:12.
    assert_eq!(
        before(&mut chat, "/history 5 before 1970-01-01 02:00"),
        (Before::At(0), 5)
    );
    assert_eq!(
        before(&mut chat, "/history BEFORE 1970-01-01"),
        (Before::At(-7_200_000), REPLAYED_LINES)
    );
    chat.reads(ann);
    assert_eq!(
        before(&mut chat, "/history 4 before 1970-01-02"),
        (Before::Seq(10), 1)
    );
    assert_eq!(chat.past(ann).0, ["line 10", "line 11", "line 12"]);
    chat.types(ann, "/history 4 before noon");
    let sentence = chat.answers(ann).remove(0);
    let Answer::Past(AboutPast::NoQuery(why)) = sentence else {
        panic!("another answer");
    };
    assert!(why.to_string().starts_with("'noon' is not a date."));
    for wrong in [
        "/history x",
        "/history 0 before 2026-11-20",
        "/history 5 after 2",
    ] {
        chat.types(ann, wrong);
        assert!(matches!(
            chat.answers(ann)[..],
            [Answer::Input(AboutInput::Usage(_))]
        ));
    }
}

#[test]
fn a_room_whose_lines_were_not_read_yet_shows_them_once_the_file_answers() {
    let mut chat = Chat::new();
    let (tea, den) = (room("tea"), room("Den"));
    let rooms = vec![
        kept(tea, Some("leaves"), None),
        kept(
            den,
            None,
            Some(Page {
                lines: lines(1..3),
                older: None,
            }),
        ),
    ];
    chat.alone.go_on(0, rooms, KeptHouse::default());
    let ann = chat.login(0, "ann");
    chat.types(ann, "/rooms");
    let answers = chat.answers(ann);
    let Answer::Rooms(crate::message::AboutRooms::Rooms { rows, .. }) = &answers[0] else {
        panic!("{answers:?}");
    };
    let names: Vec<&str> = rows.iter().map(|it| it.name.name()).collect();
    assert_eq!(names, ["lobby", "tea"], "nobody is in the other");
    chat.types(ann, "/join tea");
    let (texts, answers) = chat.past(ann);
    assert_eq!(texts, [""; 0]);
    assert!(format!("{answers:?}").contains("leaves"), "{answers:?}");
    let page = Page {
        lines: lines(5..6),
        older: None,
    };
    assert!(matches!(
        chat.question(),
        Question::History {
            before: Before::End,
            ..
        }
    ));
    chat.answers_with(ann, Ok(Finding::Page(page)));
    assert_eq!(chat.past(ann).0, ["line 5"]);
    chat.types(ann, "/join den");
    assert_eq!(chat.past(ann).0, ["line 1", "line 2"]);
    assert_eq!(chat.asked, []);
}

#[test]
fn searches_are_asked_with_what_their_reader_does_not_see() {
    let mut chat = goes_on(Vec::new(), None);
    let [ann, bob] = [chat.login(0, "ann"), chat.login(1, "bob")];
    chat.types(ann, "/ignore bob");
    chat.types(bob, "/nick rob");
    chat.reads(ann);
    chat.types(ann, "/search tea in:*");
    let Question::Search {
        query,
        here,
        before,
        count,
        unseen,
    } = chat.question()
    else {
        panic!("another question");
    };
    assert_eq!((query.words(), here), ("tea".into(), RoomName::lobby()));
    assert_eq!((before, count), (Before::End, FOUND_LINES));
    assert_eq!((unseen.people.len(), unseen.names), (1, vec![name("bob")]));
    let page = Page {
        lines: lines(5..6),
        older: Some(3),
    };
    chat.answers_with(ann, Ok(Finding::Page(page)));
    let (texts, answers) = chat.past(ann);
    assert_eq!(texts, ["line 5"]);
    let found = AboutPast::Found {
        count: 1,
        has_more: true,
        words: "tea".into(),
    };
    assert_eq!(answers, [found.into(), AboutPast::More.into()]);
    chat.types(ann, "/more");
    let Question::Search { before, .. } = chat.question() else {
        panic!("another question");
    };
    assert_eq!(before, Before::Id(3));
}

#[test]
fn so_many_searches_are_answered_and_then_one_at_a_time() {
    let mut chat = goes_on(Vec::new(), None);
    let ann = chat.login(0, "ann");
    chat.reads(ann);
    let search = |chat: &mut Chat| {
        chat.types(ann, "/search tea");
        let is_asked = !chat.asked.is_empty();
        if is_asked {
            chat.question();
            chat.answers_with(ann, Ok(Finding::Page(Page::default())));
            chat.reads(ann);
        }
        is_asked
    };
    (0..SEARCHES).for_each(|_| assert!(search(&mut chat)));
    assert!(!search(&mut chat));
    let seconds = SEARCH_INTERVAL.as_secs();
    let wait = AboutPast::TooManySearches(seconds);
    assert_eq!(chat.answers(ann), [wait.into()]);
    chat.wait(SEARCH_INTERVAL);
    assert!(search(&mut chat));
    assert!(!search(&mut chat));
}

#[test]
fn who_is_here_and_who_was() {
    let mut chat = goes_on(Vec::new(), None);
    let ann = chat.login(0, "Ann");
    chat.types(ann, "/seen ann");
    assert!(
        chat.answers(ann)
            .contains(&AboutPast::Here(name("Ann")).into())
    );
    chat.types(ann, "/seen bob");
    assert_eq!(chat.question(), Question::Seen(name("bob")));
    let seen = Some(Seen {
        name: name("Bob"),
        at: 5,
    });
    chat.answers_with(ann, Ok(Finding::Seen(seen.clone())));
    assert_eq!(chat.answers(ann), [AboutPast::Seen(seen).into()]);
    chat.types(ann, "/seen no such name");
    assert_eq!(chat.answers(ann), [AboutPast::Seen(None).into()]);
}

#[test]
fn without_a_file_people_are_told_so() {
    let mut chat = Chat::new();
    let ann = chat.login(0, "ann");
    for typed in ["/search tea", "/seen bob"] {
        chat.reads(ann);
        chat.types(ann, typed);
        assert_eq!(chat.answers(ann), [AboutPast::NothingKept.into()]);
    }
    chat.types(ann, "/topic tea");
    chat.types(ann, "hi");
    assert_eq!((chat.kept(), chat.asked.len()), (Vec::new(), 0));
}

#[test]
fn what_is_said_in_rooms_is_kept_and_what_is_private_is_not() {
    let mut chat = goes_on(Vec::new(), None);
    let [ann, bob] = [chat.login(0, "ann"), chat.login(1, "bob")];
    let seen = |it: &Keep| matches!(it, Keep::Seen { .. });
    assert!(chat.kept().iter().all(seen));
    for (peer, typed, texts) in [
        (ann, "hi", &["said hi"][..]),
        (ann, "/me waves", &["did waves"]),
        (ann, "/msg bob psst", &[]),
        (ann, "/topic leaves", &["topic leaves"]),
        (ann, "/topic -", &["topic "]),
        (ann, "/join den", &[]),
        (ann, "/nick eve", &["seen ann", "seen eve"]),
        (ann, "/leave", &["end #den"]),
        (bob, "/quit so long", &["seen bob"]),
    ] {
        chat.types(peer, typed);
        let text = |it: Keep| match it {
            Keep::Seen { name, .. } => format!("seen {name}"),
            Keep::End { room, .. } => format!("end {room}"),
            Keep::Account(..) | Keep::Order(_) | Keep::Owning(..) => panic!("{it:?}"),
            Keep::Line(past) => match &past.news {
                News::Said { text, .. } => format!("said {text}"),
                News::Action { text, .. } => format!("did {text}"),
                News::TopicSet { topic, .. } => {
                    format!("topic {}", topic.as_deref().unwrap_or_default())
                }
                other => panic!("{other:?}"),
            },
        };
        let kept: Vec<String> = chat.kept().into_iter().map(text).collect();
        assert_eq!(kept, texts, "{typed}");
    }
}

#[test]
fn a_stop_ends_no_room_and_the_numbers_go_on() {
    let mut chat = goes_on(Vec::new(), None);
    assert_eq!(chat.alone.last(), 1_795_276_799 << 20, "nobody came in yet");
    let ann = chat.login(0, "ann");
    let Keep::Seen { .. } = chat.kept()[0] else {
        panic!("she came in");
    };
    assert!(chat.alone.last() >= (1_795_276_799 + 1) << 20);
    chat.types(ann, "/join den");
    chat.kept();
    chat.shut_down();
    let ended = |it: &Keep| matches!(it, Keep::End { .. });
    assert!(!chat.kept().iter().any(ended));
}

#[test]
fn programs_get_lines_as_data() {
    let mut chat = goes_on(lines(10..13), Some(10));
    let format = Format {
        medium: Medium::Json,
        ..Format::default()
    };
    let bot = chat.connect_as(0, format);
    let op = |chat: &mut Chat, op| {
        let id = Some("1".into());
        chat.event(bot, Event::Object(&Object { id, op }));
    };
    let name = "bot".into();
    op(
        &mut chat,
        Op::Login {
            position: None,
            name,
            password: None,
        },
    );
    chat.reads(bot);
    let history = |before, count| Op::History {
        room: None,
        before,
        count: Some(count),
    };
    op(&mut chat, history(Some(12), 1));
    let answer = |lines, has_more| {
        vec![Message::from(ForProgram::Lines {
            room: Some(RoomName::lobby()),
            lines,
            has_more,
        })]
    };
    assert_eq!(chat.reads(bot), answer(lines(11..12), true));
    op(&mut chat, history(Some(12), 500));
    let Question::History { before, count, .. } = chat.question() else {
        panic!("another question");
    };
    assert_eq!((before, count), (Before::Seq(10), 98));
    let page = Page {
        lines: lines(9..10),
        older: None,
    };
    chat.answers_with(bot, Ok(Finding::Page(page)));
    assert_eq!(chat.reads(bot), answer(lines(9..12), false));
    op(
        &mut chat,
        Op::Search {
            query: "tea".into(),
            before: Some(5),
        },
    );
    let Question::Search { before, .. } = chat.question() else {
        panic!("another question");
    };
    assert_eq!(before, Before::Seq(5));
}
