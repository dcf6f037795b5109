//! How a room is kept, as everyone in it is shown; and what becomes of invitations.

use super::*;

#[test]
fn without_arguments_commands_show_how_the_room_is_kept() {
    let (mut chat, [mary, nick, guest]) = tea();
    for peer in [nick, guest] {
        chat.types(peer, "/join tea");
    }
    let shown = |chat: &mut Chat, peer| {
        let lines = ["/owner", "/trust", "/invite", "/slow"];
        lines.map(|line| chat.answered(peer, line))
    };
    let open = [
        "The owner of #tea is mary. It is open to everyone.",
        "Nobody is trusted in #tea.",
        "Nobody is invited to #tea.",
        "#tea is not slow.",
    ];
    for peer in [mary, nick, guest] {
        assert_eq!(shown(&mut chat, peer), open);
    }
    for line in [
        "/trust nick",
        "/trust paul",
        "/lock",
        "/topic lock",
        "/slow 10",
    ] {
        chat.types(mary, line);
    }
    chat.types(mary, "/invite ruth");
    chat.forget_all();
    let locked = [
        "The owner of #tea is mary. It is locked, and so is its topic.",
        "Trusted in #tea: nick and paul.",
        "Invited to #tea: mary, nick, ruth and gus.",
        "#tea is slow: one line every 10 s.",
    ];
    for peer in [mary, nick, guest] {
        assert_eq!(shown(&mut chat, peer), locked);
    }
    // Elsewhere one is shown another room.
    chat.types(guest, "/leave");
    assert_eq!(
        shown(&mut chat, guest),
        [
            "#lobby has no owner; operators keep it. It is open to everyone.",
            "Nobody is trusted in #lobby.",
            "Nobody is invited to #lobby.",
            "#lobby is not slow.",
        ]
    );
}

#[test]
fn a_list_of_people_has_an_end() {
    let (mut chat, [mary, ..]) = tea();
    for number in 0..60 {
        let name = format!("guest{number}");
        chat.login(10 + number, &name);
        chat.types(mary, &format!("/invite {name}"));
    }
    chat.forget_all();
    let listed = chat.answered(mary, "/invite");
    assert!(listed.ends_with("guest49 and 10 more."), "{listed}");
}

#[test]
fn those_who_are_not_invited_any_more_stay_until_they_are_sent_out() {
    let (mut chat, [mary, nick, guest]) = tea();
    for (peer, line) in [(nick, "/join tea"), (guest, "/listen tea")] {
        chat.types(peer, line);
    }
    chat.types(mary, "/lock");
    for who in ["nick", "gus"] {
        chat.forget_all();
        let stays = format!(
            "{who} is not invited to #tea any more, but is still in it: type /kick {who} to send them out."
        );
        assert_eq!(chat.answered(mary, &format!("/invite {who} off")), stays);
    }
    chat.types(mary, "goodbye");
    assert_eq!(chat.text(nick), "mary: goodbye");
    chat.types(nick, "/leave");
    // In an open room nobody needs to be invited, and those who are trusted may stay.
    for (first, nick_types) in [("/unlock", "/join tea"), ("/trust nick", "/join tea")] {
        chat.types(mary, first);
        chat.types(nick, nick_types);
        chat.forget_all();
        assert_eq!(
            chat.answered(mary, "/invite nick off"),
            "nick is not invited to #tea any more."
        );
        chat.types(mary, "/lock");
    }
}
