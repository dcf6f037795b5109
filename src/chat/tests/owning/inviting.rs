//! What an invitation lets somebody read, and that it can be taken back.

use super::*;
use crate::journal::AccountAct;

#[test]
fn an_invitation_is_taken_back_from_a_guest_who_registered_meanwhile() {
    let (mut chat, [mary, _, guest]) = tea();
    chat.types(mary, "/lock");
    chat.types(mary, "/invite gus");
    let id = chat.alone.hub.roster.at(guest).map(|it| it.id);
    let mut effects = Effects::default();
    chat.alone.with_hub(chat.now, &mut effects, |_, effects| {
        effects.append(guest, id, Act::Account(AccountAct::Register));
    });
    chat.apply(effects);
    chat.forget_all();
    let told = chat.answered(mary, "/invite gus off");
    assert!(told.contains("gus"), "{told}");
    let refused = "That room is for those who are invited.";
    assert_eq!(chat.answered(guest, "/join tea"), refused);
}

#[test]
fn only_lines_that_a_member_may_read_are_counted_when_they_come_back() {
    let (mut chat, [mary, nick, _]) = tea();
    for line in ["one", "/lock", "two", "/invite nick", "three"] {
        chat.types(mary, line);
        chat.keeps();
    }
    let hub = &mut chat.alone.hub;
    let (place, tea) = (hub.roster.place_at(nick), hub.rooms.find(&room("tea")));
    let (place, tea) = place.zip(tea).expect("both are there");
    let person = hub.roster.get_mut(place).expect("they are here");
    person.extras_mut().left = vec![(room("tea"), 1)];
    assert_eq!(hub.missed(place, tea), Some((1, false)));
}
