//! The work of every command and every event, counted: it must not grow with the number of people. The bench `prices`
//! plays the same scenes and times them.

#[path = "../../benches/prices/scene/mod.rs"]
mod scene;

use crate::limits::{
    ABSENCES_TOLD, ANSWER_BYTES, HISTORY_LINES, LINE_BYTES, ROOMS, USERNAME_CHARS,
};

use scene::{Act, Load, Scene, acts, forgotten};

use super::{TALLY, Tally};

const PEOPLE: [u32; 3] = [10, 1_000, 10_000];

/// Few people are ignored: only the number of people must not matter.
const IGNORED: u32 = 10;

/// Forms that one line makes of names: four of each of a few names.
const FOLDS: usize = 16;

/// Words of a long line. A form is made of each, and another where the word names somebody who is away.
const WORDS: usize = LINE_BYTES / 6;

/// Most bytes of a name that a form is made of: some letters are written with four characters of four bytes.
const FOLDED: usize = 16 * USERNAME_CHARS;

/// Steps of loops for one line: a few times over all rooms, a room's history and the words of a long line.
const STEPS: usize = 3 * (ROOMS + HISTORY_LINES + WORDS);

/// Messages rendered for one line: a room's history with what stands around it.
const WRITES: usize = HISTORY_LINES + 50;

/// Bytes rendered for one line: an answer, and the longest line to its author and to others.
const BYTES: usize = ANSWER_BYTES + 2 * LINE_BYTES;

/// Formats that differ in what is shown of talk: two stamps in 105 zones, with and without those who come and go, and
/// both of these without stamps. What was said in a tick is put together once for each.
const FORMATS: usize = 2 * (2 * 105 + 1);

/// Commands that look at everyone a few times. Those who keep order have them, and `/report` knows its author from others at
/// an address.
const LOOKS_AT_ALL: [&str; 10] = [
    "/kick",
    "/ban",
    "/unban",
    "/mute",
    "/unmute",
    "/lock",
    "/lockdown",
    "/people",
    "/report",
    // In what is kept for each.
    "/erase",
];

/// Steps of such a command for each person.
const LOOKS: usize = 4;

/// Steps and folds that a shutdown takes for each person, whatever the others have done.
const STEPS_EACH: usize = 16;

/// Plays everything at each number of people, and fails with all that costs too much.
fn check(load: Load) {
    let mut scenes = PEOPLE.map(|people| Scene::of(load, people, IGNORED));
    let mut findings = Vec::new();
    // A line of 1 MiB does what one of 8 KiB does.
    let acts = acts(load);
    // What is done to everyone takes something for each of them.
    let acts = acts.iter().filter(|act| !act.name.ends_with(", of all"));
    for act in acts.filter(|act| !act.name.contains("1 MiB")) {
        let work = scenes.each_mut().map(|scene| play(scene, act));
        let [_, some, many] = &work;
        let looks = match LOOKS_AT_ALL.contains(&act.word()) {
            true => PEOPLE.map(|people| LOOKS * people as usize),
            false => [0; PEOPLE.len()],
        };
        let each = work.iter().zip(looks);
        let excess = each.flat_map(|(work, looks)| excess(act, work, looks));
        let grown = growth(&some.handled, &many.handled, looks[PEOPLE.len() - 1]);
        let found = excess.chain(grown);
        findings.extend(found.map(|it| format!("{}: {it}", act.name)));
    }
    let [_, some, many] = scenes.each_mut().map(shutdown);
    if many > 2 * some + STEPS_EACH {
        findings.push(format!("a shutdown: {some} and {many} for each person"));
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// The work that an act caused: in handling it, and in dealing out everyone's output.
struct Work {
    handled: Tally,
    dealt: Tally,
}

fn play(scene: &mut Scene, act: &Act) -> Work {
    (act.ready)(scene);
    scene.end_tick();
    TALLY.take();
    (act.act)(scene);
    let handled = TALLY.take();
    scene.end_tick();
    let dealt = TALLY.take();
    (act.undo)(scene);
    scene.end_tick();
    Work { handled, dealt }
}

/// The work that exceeds what one line, one event or one leaving may do, at any number of people.
fn excess(act: &Act, work: &Work, looks: usize) -> Vec<String> {
    let Work {
        handled: work,
        dealt,
    } = work;
    let (folds, steps) = match act.name.contains("8 KiB") {
        // For each absence that a line mentions, the author's record of absences told is searched.
        true => (FOLDS + 2 * WORDS, STEPS + WORDS * ABSENCES_TOLD),
        false => (FOLDS, STEPS),
    };
    // A notice is for every room.
    let writes = WRITES + if act.name == "a notice" { ROOMS } else { 0 };
    let bounds = [
        ("names folded", work.folds, folds),
        ("bytes of folded names", work.folded, work.folds * FOLDED),
        // People who ignore the speaker are looked at when they are left out.
        ("steps", work.steps, steps + looks + 2 * work.left_out),
        ("messages rendered", work.writes, writes),
        ("bytes rendered", work.bytes, BYTES),
        ("formats put together", dealt.writes, FORMATS),
    ];
    let over = bounds.into_iter().filter(|(_, found, most)| found > most);
    over.map(|(what, found, most)| format!("{found} {what}, more than {most}"))
        .collect()
}

/// The work that grows when there are ten times as many people, and must not. Rooms and people left out do grow in
/// number.
fn growth(some: &Tally, many: &Tally, looks: usize) -> Vec<String> {
    let steps = looks + 2 * some.steps + 2 * ROOMS + 2 * many.left_out;
    let bounds = [
        ("names folded", some.folds, many.folds, some.folds + FOLDS),
        ("steps", some.steps, many.steps, steps),
        (
            "messages rendered",
            some.writes,
            many.writes,
            some.writes + FOLDS,
        ),
    ];
    let over = bounds.into_iter().filter(|(_, _, many, most)| many > most);
    over.map(|(what, some, many, _)| format!("{some} {what} grow to {many}"))
        .collect()
}

/// The steps and folds of a shutdown, for each person.
fn shutdown(scene: &mut Scene) -> usize {
    TALLY.take();
    scene.shut_down();
    let work = TALLY.take();
    (work.steps + work.folds) / scene.people() as usize
}

#[test]
fn a_line_costs_the_same_among_any_number_of_people() {
    check(Load::Plain);
}

#[test]
fn ignoring_costs_what_it_changes() {
    check(Load::Ignores);
}

#[test]
fn a_history_costs_what_is_shown_of_it() {
    check(Load::History);
}

#[test]
fn formats_that_nobody_can_tell_apart_cost_nothing() {
    check(Load::Formats);
}

#[test]
fn names_are_folded_once_and_are_bounded() {
    check(Load::LongNames);
}

#[test]
fn a_line_is_looked_through_once_for_those_who_are_away() {
    check(Load::Away);
}

#[test]
fn other_rooms_cost_nothing() {
    check(Load::Rooms);
}

#[test]
fn people_who_hear_the_same_rooms_share_what_they_read() {
    check(Load::Several);
}

#[test]
fn accounts_and_order_cost_the_same_however_many_members_there_are() {
    check(Load::House);
}

#[test]
fn every_command_and_every_event_is_played() {
    let mut house = Scene::of(Load::House, PEOPLE[0], IGNORED);
    let help = house.answer("/help");
    assert!(help.contains("/lockdown"), "{help}");
    assert_eq!(forgotten(Load::House, &help), [""; 0]);
    let mut scene = Scene::of(Load::Plain, PEOPLE[0], IGNORED);
    let help = scene.answer("/help");
    assert!(help.contains("/help"), "{help}");
    assert_eq!(forgotten(Load::Plain, &help), [""; 0]);
    assert_eq!(
        forgotten(Load::Plain, "/help  x\n/brew TEA  y\n"),
        ["/brew"]
    );
    for act in acts(Load::Plain) {
        play(&mut scene, &act);
    }
    assert!(scene.has_played_every_event());
}
