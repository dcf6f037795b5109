//! Giving rooms away, and inheriting them.

use super::*;

#[test]
fn a_room_is_given_to_those_who_accept_it_within_a_day() {
    let (mut chat, [mary, nick, guest]) = tea();
    chat.types(guest, "/join tea");
    let told = chat.answered(mary, "/owner gus");
    assert_eq!(told, "gus has no account. They can type /register first.");
    assert_eq!(
        chat.answered(nick, "/owner accept"),
        "No room is offered to you."
    );
    chat.types(mary, "/owner nick");
    let offer = "mary offers you #tea. Type /owner accept tea within a day, or /owner decline tea.";
    assert_eq!(chat.text(nick), offer);
    chat.wait(Duration::from_secs(24 * 60 * 60));
    assert_eq!(
        chat.answered(nick, "/owner accept"),
        "No room is offered to you."
    );
    let offered = chat.answered(mary, "/owner nick");
    assert!(offered.starts_with("#tea is offered to nick"), "{offered}");
    assert_eq!(
        chat.answered(nick, "/owner decline tea"),
        "#tea is not yours."
    );
    assert!(chat.text(mary).ends_with("nick does not want #tea."));
    chat.types(mary, "/owner nick");
    chat.forget_all();
    assert_eq!(chat.answered(nick, "/owner accept"), "#tea is yours.");
    assert_eq!(chat.owning("tea").owner, Some(account("nick")));
    assert_eq!(chat.text(guest), "nick is the owner of the room now.");
    assert!(chat.answered(mary, "/lock").starts_with("Only the owner"));
    let olga = chat.has_come(3, OPERATOR);
    chat.types(olga, "/join tea");
    let told = chat.answered(olga, "/owner paul");
    assert_eq!(
        told,
        "#tea has an owner, who may give it away. Operators may once the owner has been away for 180 days."
    );
}

#[test]
fn nobody_takes_more_rooms_than_they_may_have() {
    let (mut chat, [mary, nick, _]) = tea();
    for i in 0..ROOMS_OWNED {
        chat.types(nick, &format!("/join room{i}"));
        chat.types(nick, "/lock");
    }
    chat.types(mary, "/owner nick");
    let told = chat.answered(nick, "/owner accept tea");
    assert!(told.starts_with("20 rooms are yours"), "{told}");
    assert_eq!(chat.owning("tea").owner, Some(account("mary")));
}

#[test]
fn the_rooms_of_a_forgotten_account_go_to_heirs() {
    for (heir, trusted, expected) in [
        (Some("paul"), vec!["nick"], Some("paul")),
        (None, vec!["ruth", "nick"], Some("ruth")),
        (None, vec![], None),
    ] {
        let (mut chat, [mary, ..]) = tea();
        chat.types(mary, "/lock");
        for name in trusted {
            chat.types(mary, &format!("/trust {name}"));
        }
        let heir = heir.map(account);
        let mut effects = Effects::default();
        let went = chat
            .alone
            .hub
            .inherit_rooms(account("mary"), heir, &mut effects);
        let expected = expected.map(account);
        assert_eq!(went, [(room("tea"), expected)]);
        assert_eq!(chat.owning("tea").owner, expected);
        assert!(chat.owning("tea").is_locked);
        let mut kept = effects.drain().filter_map(|it| match it {
            Effect::Keep(Keep::Owning(_, KeepOwning::State { owning, .. })) => Some(owning.owner),
            _ => None,
        });
        assert_eq!(kept.next(), Some(expected));
    }
}
