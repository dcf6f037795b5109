//! Who may do what to whom, and where: every command about accounts, order, and rooms that are somebody's, from everyone
//! to everyone, by what happens, held against tables that were written by hand.

mod doing;
mod tables;

use std::collections::BTreeSet;

use super::*;
use crate::account::{Rank, Role};
use crate::message::RoomMember;
use tables::{TO_NOBODY, TO_PEOPLE};

const RANKS: [Rank; 5] = [
    Rank::Guest,
    Rank::Member,
    Rank::Trusted,
    Rank::Owner,
    Rank::Operator,
];

/// Where the author and the target are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// Nobody's room. Who is trusted or an owner is that elsewhere.
    Lobby,
    /// The room in which the author is what they are, and the target too.
    Own,
    /// A room of somebody else. The author is what they are elsewhere, and the target is it here.
    Others,
    /// The author is in the room of `Own`, and the target in the lobby.
    Apart,
}

const PLACES: [Place; 4] = [Place::Lobby, Place::Own, Place::Others, Place::Apart];

/// People in a room.
struct Scene {
    chat: Chat,
    /// An operator in the lobby, who is not the author.
    operator: PeerId,
    author: PeerId,
    target: PeerId,
    /// A member in the room `tea`, who owns the rooms that nobody else does.
    third: PeerId,
    /// The room where the author is.
    room: &'static str,
}

impl Scene {
    fn new(author: Rank, target: Rank, place: Place) -> Scene {
        let mut chat = Chat::new();
        chat.alone.go_on(0, Vec::new(), KeptHouse::default());
        let operator = chat.member(1, "Olga", Role::Operator);
        let [from, to] = [(2, "Anna", author), (3, "Tom", target)]
            .map(|(slot, name, rank)| person(&mut chat, slot, name, rank));
        let third = chat.member(4, "Third", Role::Member);
        for line in ["/join den", "/topic dens", "/join tea", "/topic tea"] {
            chat.types(third, line);
        }
        // A room has one owner.
        let both_own = author == Rank::Owner && target == Rank::Owner;
        let home = match place {
            Place::Own | Place::Apart if !both_own => "den",
            Place::Lobby | Place::Own | Place::Others | Place::Apart => "tea",
        };
        for room in ["den", "tea"] {
            keep(&mut chat, room, Rank::Owner, third);
        }
        keep(&mut chat, home, target, to);
        keep(&mut chat, "den", author, from);
        let (room, its) = match place {
            Place::Lobby => ("lobby", "lobby"),
            Place::Own => ("den", "den"),
            Place::Others => ("tea", "tea"),
            Place::Apart => ("den", "lobby"),
        };
        for (peer, room) in [(from, room), (to, its)] {
            chat.types(peer, &format!("/join {room}"));
        }
        let mut scene = Scene {
            chat,
            operator,
            author: from,
            target: to,
            third,
            room,
        };
        scene.forget_all();
        scene
    }
}

/// Somebody who comes in, with an account unless they are a guest.
fn person(chat: &mut Chat, slot: u32, name: &str, rank: Rank) -> PeerId {
    match rank {
        Rank::Guest => chat.guest(slot, name),
        Rank::Operator => chat.member(slot, name, Role::Operator),
        Rank::Member | Rank::Trusted | Rank::Owner => chat.member(slot, name, Role::Member),
    }
}

/// Has a peer be an owner of a room, or trusted in it.
fn keep(chat: &mut Chat, room: &str, rank: Rank, peer: PeerId) {
    let hub = &mut chat.alone.hub;
    let person = hub.roster.at(peer).unwrap();
    let account = hub.account_of(person).map(|it| it.id);
    let id = hub.rooms.find(&RoomName::parse(room).unwrap()).unwrap();
    let room = hub.rooms.get_mut(id).unwrap();
    match rank {
        Rank::Owner => room.owning.owner = account,
        Rank::Trusted => {
            let account = account.unwrap();
            let member = RoomMember {
                account,
                trusted: Some(1),
                invited: None,
            };
            let at = room.ranks.partition_point(|it| it.account < account);
            room.ranks.insert(at, member);
        }
        Rank::Guest | Rank::Member | Rank::Operator => {}
    }
}

/// Compares what happens with a table, and shows all rows that differ.
fn compare(rows: impl Iterator<Item = (String, String, &'static str)>) {
    let wrong = rows.filter(|(_, happens, expected)| happens != expected);
    let wrong: Vec<String> = wrong
        .map(|(what, happens, expected)| format!("{what}: {happens}, not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn everyone_does_to_others_what_the_table_says_and_nothing_else() {
    let rows = TO_PEOPLE.into_iter().flat_map(|(command, expected)| {
        let authors = RANKS.into_iter().zip(expected);
        authors.flat_map(move |(author, expected)| {
            PLACES
                .into_iter()
                .zip(expected)
                .map(move |(place, expected)| {
                    let happens = |target| Scene::new(author, target, place).does(command);
                    let row: String = RANKS.into_iter().map(happens).collect();
                    (format!("{command} by {author:?}, {place:?}"), row, expected)
                })
        })
    });
    compare(rows);
}

#[test]
fn everyone_does_what_the_table_says_and_nothing_else() {
    let rows = TO_NOBODY.into_iter().flat_map(|(command, expected)| {
        let places = PLACES.into_iter().zip(expected);
        places.map(move |(place, expected)| {
            let happens = |author| Scene::new(author, Rank::Guest, place).does(command);
            let row: String = RANKS.into_iter().map(happens).collect();
            (format!("{command}, {place:?}"), row, expected)
        })
    });
    compare(rows);
}

#[test]
fn every_command_that_asks_what_one_is_has_a_table() {
    let lines = TO_PEOPLE.iter().map(|(it, _)| *it);
    let lines = lines.chain(TO_NOBODY.iter().map(|(it, _)| *it));
    let known: BTreeSet<&str> = lines.filter_map(|it| it.split(' ').next()).collect();
    let missing: Vec<&str> = commands::words_of_rank()
        .filter(|it| !known.contains(it))
        .collect();
    assert_eq!(missing, [""; 0]);
}
