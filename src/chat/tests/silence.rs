//! Silence: mutes, lockdowns, raids and reports; and order as a whole, whatever people do.

use super::order::with_operator;
use super::*;
use crate::account::Role;
use crate::dice::Dice;
use crate::message::{KeepOrder, Report};

#[test]
fn no_word_of_the_muted_reaches_anybody_but_a_report_does() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    let carl = chat.guest(2, "carl");
    chat.orders(olga, "/mute bob 30m spam");
    let until = "2026-11-21 16:29 (UTC)";
    let told = chat.screen(bob);
    let silenced = format!("You are muted until {until}: spam. Nobody reads what you say.");
    assert_eq!(told.last(), Some(&silenced));
    chat.screen(carl);
    let refused = format!("You are muted until {until}: spam. Nobody reads that.");
    for line in [
        "hello",
        "/me waves",
        "/msg carl psst",
        "/nick rob",
        "/topic buy",
        "/away buying",
        "/join #buy",
        "/listen #buy",
        "/in #lobby hello",
    ] {
        assert_eq!(chat.answer_to(bob, line), [refused.as_str()], "{line}");
        assert_eq!(chat.screen(carl), [""; 0], "{line}");
    }
    let answer = chat.answer_to(bob, "/report carl is mean");
    assert_eq!(answer, ["An operator reads it now."]);
    let report = "-- bob reported on 2026-11-21 15:59 (UTC): carl is mean --";
    assert_eq!(chat.screen(olga).last().map(String::as_str), Some(report));
    // A new name, or another visit, changes nothing.
    chat.types(bob, "/quit buy this");
    assert_eq!(chat.screen(carl), ["bob has left the chat."]);
    let rob = chat.guest(1, "rob");
    assert_eq!(chat.answer_to(rob, "hello"), [refused.as_str()]);
    chat.screen(carl);
    chat.orders(olga, "/unmute bob");
    assert_eq!(chat.screen(rob), ["You are no longer muted."]);
    chat.types(rob, "hello");
    assert_eq!(chat.screen(carl), ["rob: hello"]);
    chat.orders(olga, "/mute rob 30m");
    chat.wait(Duration::from_secs(1800));
    chat.types(rob, "at last");
    assert_eq!(chat.screen(carl), ["rob: at last"]);
}

#[test]
fn a_mute_by_name_goes_on_to_meet_the_person_under_another() {
    let (mut chat, olga) = with_operator();
    let mary = chat.member(1, "Mary", Role::Member);
    chat.orders(mary, "/join tea");
    chat.orders(mary, "/topic tea");
    let [bob, carl] = [(2, "bob"), (3, "carl")].map(|(slot, text)| {
        let peer = chat.guest_at(slot, "192.0.2.77", text);
        chat.orders(peer, "/join tea");
        peer
    });
    chat.orders(mary, "/mute bob 30m");
    let refused = "You are muted in #tea until 2026-11-21 16:29 (UTC). Nobody reads that.";
    // Bob takes another name where he is not muted, and so does somebody who came under his since.
    chat.orders(bob, "/leave");
    chat.orders(bob, "/nick rob");
    let second = chat.guest_at(4, "192.0.2.77", "bob");
    chat.orders(second, "/nick bert");
    for peer in [bob, second] {
        chat.orders(peer, "/join tea");
        assert_eq!(chat.answer_to(peer, "hello"), [refused]);
    }
    chat.screen(mary);
    chat.orders(carl, "hello");
    assert_eq!(chat.screen(mary), ["carl: hello"]);
    // An operator lifts it like any other.
    chat.orders(olga, "/unmute bob");
    chat.screen(mary);
    for peer in [bob, second] {
        chat.orders(peer, "hello");
    }
    assert_eq!(chat.screen(mary), ["rob: hello", "bert: hello"]);
    assert!(chat.is_here("rob"));
    for peer in [bob, second, carl] {
        chat.orders(peer, "/quit");
    }
    assert!(chat.alone.hub.order.remembers_nobody());
}

#[test]
fn a_guest_takes_no_name_that_is_kept_out() {
    let (mut chat, olga) = with_operator();
    for (line, minutes) in [("/ban bob 30m", 30), ("/kick bob", 1)] {
        chat.guest_at(1, "192.0.2.77", "bob");
        let carl = chat.guest_at(2, "192.0.2.77", "carl");
        chat.orders(olga, line);
        for text in ["bob", "B0b"] {
            let refused = format!("A person called {text} was sent away. Choose another name.");
            assert_eq!(chat.answer_to(carl, &format!("/nick {text}")), [refused]);
        }
        assert!(chat.is_here("carl"));
        chat.wait(Duration::from_secs(60 * minutes));
        chat.orders(carl, "/nick bob");
        assert!(chat.is_here("bob"));
        chat.orders(carl, "/quit");
    }
}

#[test]
fn nobody_registers_during_a_lockdown() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    chat.wait(Duration::from_secs(11 * 60));
    chat.orders(olga, "/lockdown");
    let refused = "Nobody can register at the moment: guests are kept out. Try again later.";
    assert_eq!(chat.answer_to(bob, "/register"), [refused]);
    // Nor does somebody who had begun before.
    let now = chat.now;
    let mut effects = Effects::default();
    chat.alone.with_hub(now, &mut effects, |hub, effects| {
        let id = hub.roster.at(bob).map(|it| it.id);
        let act = crate::journal::AccountAct::Register;
        effects.append(bob, id, crate::journal::Act::Account(act));
    });
    chat.apply(effects);
    assert_eq!(chat.screen(bob), [refused]);
    chat.orders(olga, "/lockdown off");
    chat.screen(bob);
    chat.orders(bob, "/register");
    assert!(chat.alone.hub.question_for(bob).is_some());
}

#[test]
fn a_lockdown_keeps_guests_out_silences_the_newest_and_ends_by_itself() {
    let (mut chat, olga) = with_operator();
    let oskar = chat.member(8, "Oskar", Role::Operator);
    let old = chat.guest(1, "old");
    chat.wait(Duration::from_secs(11 * 60));
    let new = chat.guest(2, "new1");
    chat.screen(oskar);
    let answer = chat.answer_to(olga, "/lockdown 40m");
    let until = "2026-11-21 16:50 (UTC)";
    assert_eq!(
        answer,
        [format!(
            "Nobody but members comes in until {until}. Guests of the last 10 minutes are silent. /lockdown off ends it."
        )]
    );
    let told = format!("Olga lets in nobody but members until {until}. /lockdown off ends it.");
    assert_eq!(chat.screen(oskar), [told]);
    assert!(
        chat.screen(new)
            .last()
            .is_some_and(|it| it.starts_with("You are muted until"))
    );
    assert!(chat.answer_to(new, "hi")[0].starts_with("You are muted until"));
    chat.screen(olga);
    chat.types(old, "hi");
    assert_eq!(chat.screen(olga), ["old: hi"]);
    let late = chat.stranger(3);
    chat.types(late, "late");
    assert_eq!(
        chat.screen(late),
        [
            format!(
                "Enter your username: This server is for members at the moment until {until}. Type the name of your account, or come back then."
            ),
            "Enter your username: ".into()
        ]
    );
    let anna = chat.account("Anna", Role::Member);
    chat.comes_in_as(late, "Anna", anna);
    assert!(chat.is_here("Anna"));
    let still = format!("Still nobody but members comes in, until {until}. /lockdown off ends it.");
    chat.screen(olga);
    for (minutes, reads) in [
        (14, None),
        (1, Some(still.as_str())),
        (15, Some(&still)),
        (9, None),
    ] {
        chat.wait(Duration::from_secs(minutes * 60));
        assert_eq!(chat.screen(olga).first().map(String::as_str), reads);
    }
    chat.wait(Duration::from_secs(60));
    assert_eq!(
        chat.screen(olga),
        ["The lockdown is over. Guests come in again."]
    );
    chat.types(new, "hi");
    assert_eq!(chat.screen(olga), ["new1: hi"]);
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn three_commands_end_a_raid() {
    let (mut chat, olga) = with_operator();
    let old = chat.guest(99, "old");
    chat.wait(Duration::from_secs(3600));
    for slot in 1..51 {
        chat.guest(slot, &format!("raider{slot}"));
    }
    chat.orders(olga, "/lockdown");
    let list = chat.answer_to(olga, "/people new 10m");
    assert_eq!(list.len(), 51);
    assert_eq!(
        list[1],
        "raider1   guest  192.0.2.1   text  2026-11-21 16:59"
    );
    let asks = ["That is 50 people. Type the same line again to do it."];
    assert_eq!(chat.answer_to(olga, "/kick new 10m raid"), asks);
    let answer = chat.answer_to(olga, "/kick new 10m raid");
    assert_eq!(
        answer.last().map(String::as_str),
        Some("50 people are out for a minute.")
    );
    assert_eq!(chat.online(), ["Olga", "old"]);
    chat.types(old, "phew");
    assert_eq!(chat.screen(olga), ["old: phew"]);
}

#[test]
fn a_report_waits_for_an_operator_and_one_person_makes_three_an_hour() {
    let (mut chat, olga) = with_operator();
    chat.types(olga, "/quit");
    let bob = chat.guest(1, "bob");
    chat.kept.clear();
    let waits = ["No operator is here. They read it when they come in."];
    for _ in 0..3 {
        assert_eq!(chat.answer_to(bob, "/report help"), waits);
    }
    let refused = ["Too many reports. Try again in 20 min."];
    assert_eq!(chat.answer_to(bob, "/report help"), refused);
    let report = |it: &&Keep| matches!(it, Keep::Order(KeepOrder::Report(Report { .. })));
    assert_eq!(chat.kept.iter().filter(report).count(), 3);
    let again = chat.stranger(0);
    let account = chat.alone.hub.accounts.find(&name("Olga")).unwrap();
    let account = chat.alone.hub.accounts.get(account).unwrap().id;
    chat.comes_in_as(again, "Olga", account);
    let read = chat.screen(again);
    let reports = read.iter().filter(|it| it.contains("reported on"));
    assert_eq!(reports.count(), 3);
    assert!(chat.kept.contains(&Keep::Order(KeepOrder::ReportsRead)));
    chat.wait(Duration::from_secs(1200));
    assert_eq!(
        chat.answer_to(bob, "/report help"),
        ["An operator reads it now."]
    );
}

#[test]
fn an_announcement_names_its_author_and_everyone_reads_it() {
    let (mut chat, olga) = with_operator();
    let bob = chat.guest(1, "bob");
    chat.types(bob, "/join tea");
    chat.screen(bob);
    let answer = chat.answer_to(olga, "/announce tea at five");
    let news = "-- Olga announces: tea at five --";
    assert_eq!(answer, [news, "2 people read it."]);
    assert_eq!(chat.screen(bob), [news]);
    assert_eq!(
        chat.audited().last().unwrap(),
        "Olga announce - - tea at five"
    );
}

/// A line that an operator, or somebody who would be one, might type.
fn line(dice: &mut Dice) -> String {
    let whom = dice.pick(&[
        "ann",
        "BOB",
        "carl",
        "Olga",
        "Mia",
        "192.0.2.1",
        "192.0.2.0/24",
        "2001:db8::1",
        "1",
        "127.0.0.1",
        "new 1m",
        "x/y",
    ]);
    let time = dice.pick(&["", "1m", "2m spam", "forever", "all 1m", "spam", "9x"]);
    match dice.below(16) {
        0 | 1 => format!("/kick {whom} {time}"),
        2 | 3 => format!("/ban {whom} {time}"),
        4 => format!("/unban {whom}"),
        5 | 6 => format!("/mute {whom} {time}"),
        7 => format!("/unmute {whom}"),
        8 => format!("/lockdown {}", dice.pick(&["", "1m", "off"])),
        9 => "/report help".into(),
        10 => format!("/people {}", dice.pick(&["", "new 1m"])),
        11 => dice.pick(&["/bans", "/audit", "/announce hi"]).into(),
        12 => format!("/join {}", dice.pick(&["tea", "den"])),
        13 => format!("/nick {}", dice.pick(&["ann", "dora", "b0b"])),
        14 => "/quit so long".into(),
        _ => "hello".into(),
    }
}

#[test]
fn order_is_the_same_on_all_servers_whatever_people_do() {
    const IPS: [&str; 4] = ["192.0.2.1", "192.0.2.2", "127.0.0.1", "2001:db8::1"];
    for seed in 0..6 {
        let mut dice = Dice::new(seed);
        let mut chat = Chat::new();
        let mut twin = Twin::of(&mut chat.alone, chat.now);
        twin.go_on(Vec::new(), KeptHouse::default());
        chat.alone.go_on(0, Vec::new(), KeptHouse::default());
        let olga = ("Olga", chat.account("Olga", Role::Operator));
        let mia = ("Mia", chat.account("Mia", Role::Member));
        let mut peers: [Option<PeerId>; 6] = [None; 6];
        for _ in 0..1500 {
            let slot = dice.below(peers.len());
            let here = peers[slot].filter(|it| chat.readers.is_connected(*it));
            match here {
                None => peers[slot] = Some(chat.stranger_at(slot as u32, dice.pick(&IPS))),
                Some(peer) if chat.readers.name(peer).is_none() => match dice.below(4) {
                    0 | 1 => {
                        let (text, account) = if dice.below(3) > 0 { olga } else { mia };
                        let id = chat.alone.hub.accounts.index(account).unwrap();
                        let account_here = chat.alone.hub.accounts.get(id).unwrap().place;
                        // Nobody takes over a seat here.
                        if account_here.is_none() {
                            chat.comes_in_as(peer, text, account);
                        }
                    }
                    _ => chat.types(peer, dice.pick(&["ann", "bob", "carl"])),
                },
                Some(peer) => chat.types(peer, &line(&mut dice)),
            }
            while let Some((peer, question)) = chat.asked.pop() {
                let finding = match question {
                    Question::Audit(_) => Finding::Audit(Vec::new()),
                    _ if dice.below(2) == 0 => Finding::Behind,
                    _ => Finding::Kept,
                };
                chat.event(peer, Event::Answered(Ok(&finding)));
            }
            if dice.below(4) == 0 {
                chat.wait(Duration::from_millis(dice.below(40_000) as u64));
            }
            chat.alone.check();
            twin.follow(&mut chat.alone);
        }
        for peer in chat.readers.connected().collect::<Vec<_>>() {
            chat.event(peer, Event::Disconnected(CloseReason::EndOfInput));
        }
        twin.follow(&mut chat.alone);
        assert!(chat.alone.hub.order.remembers_nobody());
        assert!(chat.kept.len() > 100, "much was done");
    }
}
