//! The tables, written by hand.
//!
//! `x`: it is done. `r`: it is done in the room of the author alone. `-`: it is not.

/// In the lobby, in one's own room, in a room of others, and in one's own with the target in the lobby.
type Places = [&'static str; 4];

const NONE: Places = ["-----", "-----", "-----", "-----"];

/// Operators do it to everyone but operators.
const BY_OPERATORS: [Places; 5] = [NONE, NONE, NONE, NONE, ["xxxx-", "xxxx-", "xxxx-", "xxxx-"]];

/// Those who keep a room do it there, to everyone.
const INVITING: [Places; 5] = [
    NONE,
    NONE,
    ["-----", "xxxxx", "-----", "xxxxx"],
    ["-----", "xxxxx", "-----", "xxxxx"],
    ["-----", "xxxxx", "xxxxx", "xxxxx"],
];

/// What is done to whom: a row for each author, in it the places, and for each place a letter for each target. Authors and
/// targets are a guest, a member, somebody who is trusted, an owner, and an operator. An owner whom the owner of a room
/// meets there is that in another room.
pub(super) const TO_PEOPLE: [(&str, [Places; 5]); 13] = [
    (
        "/kick Tom",
        [
            NONE,
            NONE,
            ["-----", "rr---", "-----", "-----"],
            ["-----", "rrrr-", "-----", "-----"],
            ["xxxx-", "xxxx-", "xxxx-", "xxxx-"],
        ],
    ),
    (
        "/mute Tom",
        [
            NONE,
            NONE,
            ["-----", "rr---", "-----", "rr---"],
            ["-----", "rrrr-", "-----", "rrrr-"],
            ["xxxx-", "xxxx-", "xxxx-", "xxxx-"],
        ],
    ),
    // What an operator did, those who keep a room do not undo. Nobody can have muted an operator.
    ("/unmute Tom", BY_OPERATORS),
    // What an owner did, everyone who keeps the room may undo. In the lobby it was an operator.
    (
        "/unmute Tom in the room",
        [
            NONE,
            NONE,
            ["-----", "xxxx-", "-----", "xxxx-"],
            ["-----", "xxxx-", "-----", "xxxx-"],
            ["xxxx-", "xxxx-", "xxxx-", "xxxx-"],
        ],
    ),
    // In their room they take back words of those who have less to say there.
    (
        "/erase Tom",
        [
            NONE,
            NONE,
            ["-----", "xx---", "-----", "-----"],
            ["-----", "xxxx-", "-----", "-----"],
            ["xxxxx", "xxxxx", "xxxxx", "xxxxx"],
        ],
    ),
    ("/ban Tom", BY_OPERATORS),
    ("/unban Tom", BY_OPERATORS),
    ("/invite Tom", INVITING),
    ("/invite Tom off", INVITING),
    // A guest has no account. Those who are trusted stay so.
    (
        "/trust Tom",
        [
            NONE,
            NONE,
            NONE,
            ["-----", "-x-xx", "-----", "-x-xx"],
            ["-----", "-x-xx", "-x-xx", "-x-xx"],
        ],
    ),
    (
        "/untrust Tom",
        [
            NONE,
            NONE,
            NONE,
            ["-----", "--x--", "-----", "--x--"],
            ["-----", "--x--", "--x--", "--x--"],
        ],
    ),
    // Only owners give away a room that has one.
    (
        "/owner Tom",
        [NONE, NONE, NONE, ["-----", "-xxxx", "-----", "-xxxx"], NONE],
    ),
    (
        "/unregister to Tom",
        [
            NONE,
            ["-xxxx", "-xxxx", "-xxxx", "-xxxx"],
            ["-xxxx", "-xxxx", "-xxxx", "-xxxx"],
            ["-xxxx", "-xxxx", "-xxxx", "-xxxx"],
            ["-xxxx", "-xxxx", "-xxxx", "-xxxx"],
        ],
    ),
];

/// Everyone does it, or those who have an account, or operators, wherever they are.
const EVERYONE: Places = ["xxxxx", "xxxxx", "xxxxx", "xxxxx"];
const MEMBERS: Places = ["-xxxx", "-xxxx", "-xxxx", "-xxxx"];
const OPERATORS: Places = ["----x", "----x", "----x", "----x"];

/// What is done to nobody in particular: for each place a letter for each author.
pub(super) const TO_NOBODY: [(&str, Places); 18] = [
    ("/register", ["x----", "x----", "x----", "x----"]),
    ("/password", MEMBERS),
    ("/unregister", MEMBERS),
    ("/catchup", MEMBERS),
    ("/lock", ["-----", "--xxx", "----x", "--xxx"]),
    ("/unlock", ["-----", "--xxx", "----x", "--xxx"]),
    ("/topic lock", ["----x", "--xxx", "----x", "--xxx"]),
    ("/topic unlock", ["----x", "--xxx", "----x", "--xxx"]),
    ("/slow 10", ["----x", "--xxx", "----x", "--xxx"]),
    ("/past open", ["-----", "---xx", "----x", "---xx"]),
    ("/owner accept tea", MEMBERS),
    ("/owner decline tea", MEMBERS),
    ("/report fire", EVERYONE),
    ("/bans", ["----x", "--xxx", "----x", "--xxx"]),
    ("/lockdown", OPERATORS),
    ("/announce tea", OPERATORS),
    ("/people", OPERATORS),
    ("/audit", OPERATORS),
];
