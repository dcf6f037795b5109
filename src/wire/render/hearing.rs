//! The words of answers about hearing rooms besides the current one.

use crate::limits::ROOMS_HEARD;
use crate::message::AboutHearing;
use crate::name::RoomName;

use super::names;

pub(super) fn words(about: &AboutHearing) -> String {
    match about {
        AboutHearing::Too(room) => {
            let name = room.name();
            format!("You hear {room} too. Say something there with /in {name} TEXT.")
        }
        AboutHearing::Already(room) => format!("You hear {room} already."),
        AboutHearing::NoMore(rooms) => {
            let rooms = rooms.iter().map(RoomName::to_string).collect();
            format!("You no longer hear {}.", names(rooms))
        }
        AboutHearing::NoOther => "You hear no other room.".into(),
        AboutHearing::Current(room) => {
            format!("You are in {room} now. Go elsewhere first: /switch ROOM.")
        }
        AboutHearing::NotHeard(room) => {
            let name = room.name();
            format!("You do not hear {room}. Type /listen {name} first.")
        }
        AboutHearing::NotSent(room) => {
            let name = room.name();
            format!("You do not hear {room}. Not sent. Type /listen {name} first.")
        }
        AboutHearing::OnlySaid => {
            "Only text and /me ACTION can be said in another room. Not sent.".into()
        }
        AboutHearing::TooMany => format!(
            "You are in {ROOMS_HEARD} rooms, and that is the most. Leave one with /unlisten."
        ),
    }
}
