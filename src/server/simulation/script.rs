//! What clients type: names, lines and commands that meet one another, and bytes of all sorts.

use crate::dice::Dice;
use crate::limits::ROOMS_MADE;

const NAMES: [&str; 14] = [
    "ann",
    "BOB",
    "carl",
    "dora",
    "Ann",
    "eve.",
    "אבג",
    "b0b",
    "no name",
    "dara",
    "\u{30a1}\u{30f3}\u{754c}",
    "\u{430}nn",
    "carI",
    "क\u{94d}",
];
const ROOMS: [&str; 10] = [
    "tea",
    "tea",
    "#Tea",
    "lobby",
    "2",
    "#",
    "no room",
    "\u{53f0}\u{6240}",
    "#Iobby",
    "te\u{430}",
];
const TEXTS: [&str; 18] = [
    "hello ann, bob: and (carl)!",
    "-",
    "-- end --",
    "dora, eve.?",
    "\u{5d0}\u{5d1}\u{5d2} \u{1b}[2J",
    "on",
    "ann: I am not ann",
    "BOB (private): psst",
    "\u{feff}",
    "a\u{200b}b \u{ad}c\u{200d} d\u{2800}e\u{fe0f}",
    "x\t  \u{3000}      \t          dora: y",
    "\u{200e}\u{3164}",
    "क\u{94d}\u{200c}ष, \u{61c}x",
    "\u{4}",
    "x",
    "carl dora eve. BOB",
    "BOB, \u{5d0}\u{5d1}\u{5d2}, ann.",
    "\u{30a1}\u{30f3}\u{754c}: eve.",
];
/// Names of rooms where people go about many, apart from those above.
const MANY: usize = 20;
/// More rooms than one person may make.
const TOO_MANY: usize = ROOMS_MADE + 5;
const ENDS: [&str; 4] = ["\n", "\r\n", "\r", "\r\0"];
const ZONES: [&str; 7] = ["", "+05:45", "-0330", "+1", "UTC", "asia/Kolkata", "x"];
const SOUGHT: [&str; 24] = [
    "hello",
    "x",
    "x",
    "line",
    "eve",
    "Carl",
    "hel*",
    "flo*",
    "dora eve",
    "\"ann bob\"",
    "\"carl dora\" in:*",
    "x in:*",
    "eve in:*",
    "flood in:*",
    "x in:tea",
    "bob in:#Tea",
    "from:ann",
    "from:BOB in:*",
    "from:dora x in:*",
    "\u{30a1}\u{30f3}",
    "x before:2026-11-21T16:01",
    "x after:2026-11-21 in:*",
    "-",
    "de*",
];
const DATES: [&str; 5] = [
    "2026-11-21",
    "2026-11-21 16:01",
    "2026-11-21T16:02",
    "2026-11-23",
    "noon",
];
const COMMANDS: [&str; 44] = [
    "/help",
    "/users",
    "/rooms",
    "/join R",
    "/join R",
    "/leave",
    "/topic T",
    "/topic",
    "/who R",
    "/who",
    "/msg N T",
    "/msg N",
    "/reply T",
    "/me T",
    "/nick N",
    "/away T",
    "/away",
    "/back",
    "/whois N",
    "/ignore N",
    "/ignore N",
    "/ignore N",
    "/nick N",
    "/ignore",
    "/unignore N",
    "/history C",
    "/history C before D",
    "/history before D",
    "/more",
    "/more",
    "/search H",
    "/search H",
    "/search H",
    "/seen N",
    "/time Z",
    "/quiet Q",
    "/time",
    "/w N T",
    "/R T",
    "/part",
    "/names",
    "/list",
    "/quiet",
    "/foo T",
];

const ABOUT_ROOMS: [&str; 20] = [
    "/listen R",
    "/listen R",
    "/listen R",
    "/listen R",
    "/in R T",
    "/in R T",
    "/in R T",
    "/in R T",
    "/in R /me T",
    "/in R // T",
    "/in R /who",
    "/in R",
    "/switch R",
    "/switch R",
    "/unlisten R",
    "/unlisten R",
    "/unlisten all",
    "/join R",
    "/who R",
    "/rooms",
];

/// The rooms that the people of a play name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rooms {
    /// Some of these are alike, and some are no names of rooms.
    Few,
    /// More than one person may hear, and people go about them a lot.
    Many,
}

impl Rooms {
    pub(super) fn new(dice: &mut Dice) -> Rooms {
        match dice.below(3) {
            0 => Rooms::Many,
            _ => Rooms::Few,
        }
    }

    pub(super) fn name(self, dice: &mut Dice) -> String {
        match self {
            // Some are more popular than others.
            Rooms::Many if dice.below(5) > 0 => {
                let most = 1 + dice.below(MANY);
                format!("r{}", dice.below(most))
            }
            Rooms::Few | Rooms::Many => dice.pick(&ROOMS).into(),
        }
    }
}

pub(super) fn name(dice: &mut Dice) -> String {
    dice.pick(&NAMES).into()
}

pub(super) fn text(dice: &mut Dice) -> &'static str {
    dice.pick(&TEXTS)
}

/// Lines about what was said before, and some that there is more of it.
pub(super) fn past(dice: &mut Dice, rooms: Rooms) -> String {
    let (room, text, sought) = (rooms.name(dice), dice.pick(&TEXTS), sought(dice));
    let name = dice.pick(&NAMES);
    match dice.below(12) {
        0 => format!("/join {room}\n/topic {text}\n{text}\n/leave\n"),
        1 => format!("/join {room}\n{text}\n/leave\n/join {room}\n/history\n"),
        2 => format!("/history {}\n/more\n/more\n", 1 + dice.below(30)),
        3 => format!("/history before {}\n/more\n", dice.pick(&DATES)),
        4 => "x\nx, line\n".repeat(1 + dice.below(15)),
        5 => format!("/seen {name}\n/seen {}\n", dice.pick(&NAMES)),
        6 | 9 => {
            let others = [dice.pick(&NAMES), dice.pick(&NAMES), dice.pick(&NAMES)];
            let [first, second, third] = others.map(|it| format!("/ignore {it}\n"));
            format!("{first}{second}{third}/search x in:*\n/search {sought}\n/history\n/more\n")
        }
        7 => format!("x\n/nick {name}\n{text}\n"),
        8 => format!("/history\n/search {sought}\n"),
        // A room of a name that another had before.
        10 => {
            let life = format!("/join {room}\n{}/history 30\n/leave\n", "x\n".repeat(5));
            life.repeat(2)
        }
        _ => format!("/search {sought}\n/more\n/more\n/more\n"),
    }
}

/// What is searched for.
pub(super) fn sought(dice: &mut Dice) -> &'static str {
    dice.pick(&SOUGHT)
}

/// A line without its end.
pub(super) fn line(dice: &mut Dice, rooms: Rooms) -> String {
    match dice.below(14) {
        0..6 => command(dice, rooms),
        6 => dice.pick(&["/quit", "/q", "/exit bye, all"]).into(),
        7 => format!("/{}", dice.pick(&TEXTS)),
        8 => " \t".into(),
        9 => format!("{} {}", dice.pick(&NAMES), "long ".repeat(dice.below(60))),
        10..12 => format!("/in {} {}", rooms.name(dice), dice.pick(&TEXTS)),
        _ => dice.pick(&TEXTS).into(),
    }
}

/// A line that keeps its author here.
pub(super) fn talk(dice: &mut Dice, rooms: Rooms) -> String {
    loop {
        let line = line(dice, rooms);
        if !["/quit", "/q", "/exit bye, all"].contains(&line.as_str()) {
            return line;
        }
    }
}

/// Lines about several rooms, one behind the other: to hear them, to talk in them, or to make them.
pub(super) fn round(dice: &mut Dice, rooms: Rooms) -> String {
    let does = match dice.below(100) {
        0 if rooms == Rooms::Many => {
            let make = |i| format!("/join m{i}\n/topic of m{i}\n");
            return (0..TOO_MANY).map(make).collect();
        }
        0..50 => "/listen",
        _ => "/in",
    };
    let (first, count) = match rooms {
        Rooms::Few => (0, 1 + dice.below(4)),
        Rooms::Many => (dice.below(2) * dice.below(MANY), 1 + dice.below(MANY)),
    };
    let mut lines = String::new();
    for i in first..first + count {
        let room = match rooms {
            Rooms::Few => rooms.name(dice),
            Rooms::Many => format!("r{}", i % MANY),
        };
        match does {
            "/in" => lines += &format!("/in {room} {}\n", dice.pick(&TEXTS)),
            does => lines += &format!("{does} {room}\n"),
        }
        if dice.below(4) == 0 {
            lines += &format!("{}\n", dice.pick(&TEXTS));
        }
    }
    lines
}

fn command(dice: &mut Dice, rooms: Rooms) -> String {
    let share = if rooms == Rooms::Many { 2 } else { 1 };
    let command = match dice.below(4) < share {
        true => dice.pick(&ABOUT_ROOMS),
        false => dice.pick(&COMMANDS),
    };
    let mut line = String::new();
    for (i, word) in command.split(' ').enumerate() {
        let spaces = if dice.below(8) == 0 { "  " } else { " " };
        line.push_str(if i == 0 { "" } else { spaces });
        match word {
            "R" => line.push_str(&rooms.name(dice)),
            "N" => line.push_str(dice.pick(&NAMES)),
            "T" => line.push_str(dice.pick(&TEXTS)),
            "C" => line.push_str(dice.pick(&["1", "3", "500", "0", "x", ""])),
            "D" => line.push_str(dice.pick(&DATES)),
            "H" => line.push_str(dice.pick(&SOUGHT)),
            "Q" => line.push_str(dice.pick(&["on", "OFF", "x"])),
            "Z" => {
                let stamp = dice.pick(&["on", "full", "off", ""]);
                line.push_str(&format!("{stamp} {}", dice.pick(&ZONES)));
            }
            word if dice.below(6) == 0 => line.push_str(&word.to_uppercase()),
            word => line.push_str(word),
        }
    }
    match dice.below(20) {
        0 => format!("/{line}"),
        1 => format!("  {line} "),
        2 => format!("{line} {}", "long".repeat(80)),
        3 => format!(
            "{}{line}",
            dice.pick(&["\u{feff} ", "\u{200e}", "\u{2800}", "\0"])
        ),
        _ => line,
    }
}

pub(super) fn end(dice: &mut Dice) -> &'static str {
    ENDS[dice.below(ENDS.len())]
}

/// Bytes that nobody would type.
pub(super) fn noise(dice: &mut Dice) -> Vec<u8> {
    const ODD: [u8; 16] = [
        0, 3, 4, 8, 9, 10, 13, 21, 23, 27, 127, 128, 0xc3, 0xe2, 0xa9, b' ',
    ];
    let odd = |dice: &mut Dice| match dice.below(3) {
        0 => ODD[dice.below(ODD.len())],
        // A brace makes a program of a person who has typed nothing.
        1 => Some(dice.below(0xff) as u8)
            .filter(|it| *it != b'{')
            .unwrap_or(b'}'),
        _ => b'a' + dice.below(26) as u8,
    };
    (0..1 + dice.below(40)).map(|_| odd(dice)).collect()
}

/// Telnet commands. The options among them are refused.
pub(super) fn telnet(dice: &mut Dice) -> Vec<u8> {
    let option = [1, 3, 6, 34][dice.below(4)];
    match dice.below(12) {
        0 => vec![255, 241],
        9 => vec![255, 250, 31, 0, 80, 0, 255, 255, 240],
        10 => vec![255, 250, option, b'x', 255, 246],
        11 => [
            &[255, 250, [31, 24, 42][dice.below(3)], 255, 255][..],
            &[b'y'; 50],
        ]
        .concat(),
        1 => vec![255, 246],
        2 => vec![255, 244],
        3 => vec![255, 247],
        4 => vec![255, 248],
        5 => vec![255, 250, option, 255, 255, b'\n', 255, 240],
        6 => vec![255, 255],
        _ => vec![255, 251 + dice.below(4) as u8, option],
    }
}

/// The first words of another protocol.
pub(super) fn stranger(dice: &mut Dice) -> &'static str {
    let words = [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "SSH-2.0-x\r\n",
        "\u{16}\u{3}\u{1}",
    ];
    words[dice.below(words.len())]
}
