//! How newcomers read, and their names if they give none.

use super::*;
use crate::id::Slot;
use crate::message::{AboutConnection, AboutReading, News};
use crate::moment::Stamp;

#[test]
fn everyone_reads_as_it_was_said_when_they_came() {
    let mut chat = Chat::new();
    let stamped = Format {
        stamp: Stamp::Clock,
        ..Format::default()
    };
    // A person who leaves at the prompt leaves nothing to the next one in the slot.
    let gone = chat.connect_as(0, stamped);
    chat.event(gone, Event::Disconnected(CloseReason::EndOfInput));
    for (slot, format) in [(0, Format::default()), (1, stamped), (1, Format::default())] {
        let peer = chat.connect_as(slot, format);
        chat.types(peer, "*");
        chat.types(peer, "ann");
        chat.types(peer, "/time");
        assert_eq!(chat.answers(peer), [AboutReading::TimeSet(format).into()]);
        chat.types(peer, "/quit");
    }
}

#[test]
fn in_anonymous_mode_an_address_is_a_name_and_no_time_runs() {
    let mut chat = Chat::with(Rules {
        anonymous: true,
        ..Rules::default()
    });
    let ann = chat.connect(0);
    let addr = "127.0.0.1:50000".parse().unwrap();
    let joined = News::Joined(Username::from_addr(addr));
    assert_eq!(
        chat.reads(ann),
        [AboutConnection::Welcome.into(), joined.into()]
    );
    assert_eq!(chat.alone.next_timeout(), None);
}

#[test]
fn in_anonymous_mode_a_second_one_of_an_address_has_a_name_of_it_too() {
    let mut chat = Chat::with(Rules {
        anonymous: true,
        ..Rules::default()
    });
    let addr = || Event::Connected {
        addr: "[::1]:5000".parse().unwrap(),
        is_tls: false,
        format: Format::default(),
    };
    let peers = [0, 1, 2].map(|slot| PeerId {
        slot: Slot::new(slot),
        generation: slot as u32,
    });
    for peer in peers {
        chat.event(peer, addr());
        assert!(
            chat.reads(peer).contains(&AboutConnection::Welcome.into()),
            "{peer}"
        );
    }
    assert_eq!(
        chat.online(),
        ["[::1]:5000", "[::1]:5000-2", "[::1]:5000-3"]
    );
    chat.types(peers[0], "/msg [::1]:5000-3 hi");
    assert_eq!(chat.reads(peers[2]).len(), 1);
    chat.types(peers[2], "/away");
    chat.reads(peers[0]);
    chat.types(peers[0], "([::1]:5000-3)?");
    assert_eq!(chat.answers(peers[0]).len(), 1);
    // A number that has become free is given again.
    chat.types(peers[1], "/quit");
    let fourth = PeerId {
        slot: Slot::new(1),
        generation: 4,
    };
    chat.event(fourth, addr());
    assert_eq!(chat.online().last(), Some(&"[::1]:5000-2"));
}
