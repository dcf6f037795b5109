//! The client as people and scripts use it: at the end of a pseudo-terminal, and in a pipe.

#[path = "../../src/dice.rs"]
mod dice;
mod harness;
mod history;
mod keyboard;
mod looks;
mod passwords;
mod pipe;
#[path = "../it/program.rs"]
mod program;
mod reconnecting;
mod several_rooms;
mod storm;
mod terminal;
mod tls;
mod ways_out;
