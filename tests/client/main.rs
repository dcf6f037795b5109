//! The client as people and scripts use it: at the end of a pseudo-terminal, and in a pipe.

mod broken_link;
mod delivery;
#[path = "../../src/dice.rs"]
mod dice;
mod harness;
mod history;
mod keyboard;
mod looks;
mod namespaces;
mod passwords;
mod pipe;
#[path = "../it/program.rs"]
mod program;
mod reconnecting;
mod settings;
mod several_rooms;
mod storm;
mod terminal;
mod tls;
mod ways_out;
