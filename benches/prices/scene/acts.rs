//! Everything that one person can do to the loop, a line at a time, and everything else that happens there.

use std::io::ErrorKind;

use crate::inner::chat::Event;
use crate::limits::{LINE_BYTES, LINE_BYTES_RANGE, MISSED_LINES, TOPIC_CHARS};
use crate::{CloseReason, Protocol};

use super::{ANN, BOB, CARL, Load, Scene, house};

pub(super) type Step = fn(&mut Scene);

/// An act to measure, with the steps that make it possible, once and again.
pub(crate) struct Act {
    /// For a command, its word comes first.
    pub(crate) name: &'static str,
    pub(crate) ready: Step,
    pub(crate) act: Step,
    pub(crate) undo: Step,
}

impl Act {
    /// The command that it measures, if there is one.
    pub(crate) fn word(&self) -> &str {
        self.name.split([' ', ',']).next().unwrap_or(self.name)
    }

    pub(super) fn ready(self, ready: Step) -> Act {
        Act { ready, ..self }
    }

    pub(super) fn undo(self, undo: Step) -> Act {
        Act { undo, ..self }
    }
}

pub(super) fn act(name: &'static str, act: Step) -> Act {
    let nothing: Step = |_| {};
    Act {
        name,
        ready: nothing,
        act,
        undo: nothing,
    }
}

/// All acts under a load, in an order in which each can be repeated. The time-outs come behind all that needs those who are
/// idle, because they move the clock.
pub(crate) fn acts(load: Load) -> Vec<Act> {
    let mut acts = talk();
    acts.extend(about_rooms());
    acts.extend(about_several_rooms());
    acts.extend(about_people());
    acts.extend(about_reading());
    acts.extend(coming_in());
    if load == Load::House {
        acts.extend(house::acts());
    }
    acts.extend(leaving());
    if load == Load::House {
        acts.extend(house::last_acts());
    }
    acts
}

fn talk() -> Vec<Act> {
    vec![
        act("a blank line", |it| it.types(ANN, "")),
        act("say, short", |it| it.types(ANN, "hello there")),
        act("say, a line of 8 KiB", |it| it.ann_says("", LINE_BYTES)),
        act("say, a line of 1 MiB", |it| {
            it.ann_says("", *LINE_BYTES_RANGE.end())
        }),
        act("/me, short", |it| it.types(ANN, "/me waves")),
        act("/me, 8 KiB", |it| it.ann_says("/me ", LINE_BYTES)),
        act("/msg, short", |it| it.ann_tells(BOB, "hi")),
        act("/msg, 8 KiB", |it| {
            let line = format!("/msg {} ", it.names[BOB as usize]);
            it.ann_says(&line, LINE_BYTES);
        }),
        act("/msg, to one whom many ignore", |it| {
            it.ann_tells(CARL, "hi")
        }),
        act("/msg, to nobody", |it| it.types(ANN, "/msg zzyzx hi")),
        act("/msg, to a name of 8 KiB", |it| {
            let line = format!("/msg {} hi", "\u{fdfa}".repeat(LINE_BYTES / 3 - 4));
            it.types(ANN, &line);
        }),
        act("/reply TEXT", |it| it.types(ANN, "/reply hi")).ready(|it| {
            let line = format!("/msg {} hi", it.names[ANN as usize]);
            it.types(BOB, &line);
        }),
        act("/nosuchcommand", |it| it.types(ANN, "/nosuchcommand x")),
        act("a notice", |it| it.notice("The server restarts at noon.")),
    ]
}

fn about_rooms() -> Vec<Act> {
    let go_aside: Step = |it| it.types(ANN, "/join side");
    let come_back: Step = |it| it.types(ANN, "/leave");
    vec![
        act("/help", |it| it.types(ANN, "/help")),
        act("/users", |it| it.types(ANN, "/users")),
        act("/rooms", |it| it.types(ANN, "/rooms")),
        act("/join, a new room", go_aside).undo(come_back),
        act("/join, the lobby", |it| it.types(ANN, "/join lobby")).ready(go_aside),
        act("/leave", come_back).ready(go_aside),
        act("/topic", |it| it.types(ANN, "/topic")),
        act("/topic TEXT", |it| {
            let line = format!("/topic {}", "\u{53f0}".repeat(TOPIC_CHARS));
            it.types(ANN, &line);
        })
        .undo(|it| it.types(ANN, "/topic -")),
        act("/who", |it| it.types(ANN, "/who")),
        act("/who, of a small room", |it| it.types(ANN, "/who side"))
            .ready(|it| it.types(BOB, "/join side"))
            .undo(|it| it.types(BOB, "/leave")),
    ]
}

/// Ann is in the lobby, and hears a room of Bob's or none.
fn about_several_rooms() -> Vec<Act> {
    let listen: Step = |it| {
        it.types(BOB, "/join side");
        it.types(ANN, "/listen side");
    };
    let unlisten: Step = |it| {
        it.types(ANN, "/unlisten side");
        it.types(BOB, "/leave");
    };
    vec![
        act("/listen, a new room", |it| it.types(ANN, "/listen side")).undo(unlisten),
        act("/listen, the lobby", |it| it.types(ANN, "/listen lobby"))
            .ready(|it| it.types(ANN, "/join side"))
            .undo(|it| it.types(ANN, "/leave")),
        act("/unlisten ROOM", |it| it.types(ANN, "/unlisten side"))
            .ready(listen)
            .undo(unlisten),
        act("/unlisten all", |it| it.types(ANN, "/unlisten all"))
            .ready(listen)
            .undo(|it| {
                it.types(BOB, "/leave");
                it.settle_anew(ANN);
            }),
        act("/switch ROOM", |it| it.types(ANN, "/switch side"))
            .ready(listen)
            .undo(|it| {
                it.types(ANN, "/switch lobby");
                it.types(ANN, "/unlisten side");
                it.types(BOB, "/leave");
            }),
        act("/in, short", |it| it.types(ANN, "/in side hello there"))
            .ready(listen)
            .undo(unlisten),
        act("/in, 8 KiB", |it| it.ann_says("/in side ", LINE_BYTES))
            .ready(listen)
            .undo(unlisten),
        act("/in, a room that one does not hear", |it| {
            it.types(ANN, "/in side hello there")
        }),
    ]
}

fn about_people() -> Vec<Act> {
    vec![
        act("/nick NAME", |it| it.types(ANN, "/nick Somebody-Else")).undo(|it| {
            let line = format!("/nick {}", it.names[ANN as usize]);
            it.types(ANN, &line);
        }),
        act("/nick, taken", |it| {
            let line = format!("/nick {}", it.names[BOB as usize]);
            it.types(ANN, &line);
        }),
        act("/away TEXT", |it| it.types(ANN, "/away lunch")).undo(|it| it.types(ANN, "/back")),
        act("/back, to 50 messages", |it| it.types(ANN, "/back")).ready(|it| {
            it.types(ANN, "/away");
            let line = format!("/msg {} {}", it.names[ANN as usize], "x".repeat(250));
            for _ in 0..MISSED_LINES {
                it.types(BOB, &line);
            }
        }),
        act("/whois NAME", |it| it.ann_asks("/whois", BOB)),
        act("/whois, of nobody", |it| it.types(ANN, "/whois zzyzx")),
        act("/ignore, the list", |it| it.types(ANN, "/ignore")),
        act("/ignore NAME", |it| it.ann_asks("/ignore", it.last()))
            .undo(|it| it.ann_asks("/unignore", it.last())),
        act("/ignore, one whom many ignore", |it| {
            it.ann_asks("/ignore", CARL)
        })
        .ready(|it| it.ann_asks("/unignore", CARL))
        .undo(|it| it.settle_anew(ANN)),
        act("/unignore NAME", |it| it.ann_asks("/unignore", CARL))
            .ready(|it| it.ann_asks("/ignore", CARL))
            .undo(|it| it.settle_anew(ANN)),
    ]
}

fn about_reading() -> Vec<Act> {
    vec![
        act("/history", |it| it.types(ANN, "/history")),
        act("/history 200", |it| it.types(ANN, "/history 200")),
        act("/history, before a date", |it| {
            it.types(ANN, "/history 200 before 2026-11-20 18:00")
        }),
        act("/search", |it| {
            it.types(ANN, "/search deploy* \"two words\" in:*")
        }),
        act("/more", |it| it.types(ANN, "/more")),
        act("/seen, nobody", |it| it.types(ANN, "/seen nobody")),
        act("/time, another zone", |it| {
            it.types(ANN, "/time full +05:45")
        })
        .undo(|it| it.types(ANN, "/time off +00:00")),
        act("/quiet on", |it| it.types(ANN, "/quiet on")).undo(|it| it.types(ANN, "/quiet off")),
        act("the key that interrupts", |it| {
            it.happen(ANN, Event::Interrupt)
        }),
        act("are you there", |it| it.happen(ANN, Event::AreYouThere)),
        act("a line too long", |it| {
            it.happen(ANN, Event::LineTooLong { limit: LINE_BYTES });
        }),
        act("sent too fast", |it| {
            it.happen(ANN, Event::TooFast { of_address: false })
        }),
    ]
}

fn coming_in() -> Vec<Act> {
    let connect: Step = |it| it.connects(it.spare());
    let gone: Step = |it| it.leaves(it.spare());
    vec![
        act("connect", connect).undo(gone),
        act("come in under a name", |it| {
            let name = it.names[it.spare() as usize].clone();
            it.types(it.spare(), &name);
        })
        .ready(connect)
        .undo(gone),
        act("come in under a name that all ignore", |it| {
            it.gives_name(ANN);
        })
        .ready(|it| {
            it.leaves(ANN);
            it.connects(ANN);
        })
        .undo(|it| it.settle_anew(ANN)),
        act("a name that is taken", |it| {
            let name = it.names[BOB as usize].clone();
            it.types(it.spare(), &name);
        })
        .ready(connect)
        .undo(gone),
        act("a name of 8 KiB", |it| {
            let name = format!("a{}", "\u{301}\u{323}".repeat(LINE_BYTES / 4 - 1));
            it.types(it.spare(), &name);
        })
        .ready(connect)
        .undo(gone),
        act("another protocol", |it| {
            it.happen(it.spare(), Event::WrongProtocol(Protocol::Http));
        })
        .ready(connect),
    ]
}

fn leaving() -> Vec<Act> {
    let ann_returns: Step = |it| {
        it.come(ANN);
        it.settle_anew(ANN);
    };
    vec![
        act("/quit", |it| it.types(ANN, "/quit")).undo(ann_returns),
        act("/quit, with a last word", |it| it.types(ANN, "/quit bye")).undo(ann_returns),
        act("the key that ends the input", |it| {
            it.happen(ANN, Event::EndOfInput)
        })
        .undo(ann_returns),
        act("leave by FIN", |it| it.leaves(ANN)).undo(ann_returns),
        act("leave by reset", |it| it.is_reset(ANN)).undo(ann_returns),
        act("leave by reset, one of the crowd", |it| {
            it.is_reset(it.last())
        })
        .undo(|it| {
            it.come(it.last());
            it.settle_anew(it.last());
        }),
        act("a login times out", Scene::act_on_time).ready(Scene::wait_for_a_login),
        act("an idle person times out", Scene::act_on_time).ready(Scene::wait_for_an_idler),
    ]
}

impl Scene {
    fn ann_asks(&mut self, command: &str, about: u32) {
        let line = format!("{command} {}", self.names[about as usize]);
        self.types(ANN, &line);
    }

    fn ann_tells(&mut self, whom: u32, text: &str) {
        let line = format!("/msg {} {text}", self.names[whom as usize]);
        self.types(ANN, &line);
    }

    /// This many bytes of text, after a command or not.
    fn ann_says(&mut self, command: &str, bytes: usize) {
        let mut line = command.to_string();
        let text = if bytes > LINE_BYTES {
            &self.longest
        } else {
            &self.long
        };
        let mut most = bytes.saturating_sub(command.len()).min(text.len());
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        line.push_str(&text[..most]);
        self.types(ANN, &line);
    }

    fn is_reset(&mut self, slot: u32) {
        let reason = CloseReason::Broken(ErrorKind::ConnectionReset);
        self.happen(slot, Event::Disconnected(reason));
    }
}
