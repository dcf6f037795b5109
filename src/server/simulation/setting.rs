//! The setting of a play: a world and a configuration, by the dice.

use std::time::Duration;

use crate::dice::Dice;
use crate::limits::{SEND_QUEUE_BYTES, SEND_QUEUE_BYTES_RANGE};
use crate::net::simulated::Nature;
use crate::rate::Rate;
use crate::server::Config;

/// Whether the queues are so short that those who do not read miss something of a flood.
pub(super) fn is_tight(config: &Config) -> bool {
    config.all_queues <= SEND_QUEUE_BYTES
}

/// A world that is a little out of the ordinary.
pub(super) fn nature(dice: &mut Dice, config: &Config) -> Nature {
    // What fills the queues is to come through in the end.
    let least = if is_tight(config) { 8000 } else { 100 };
    let small = |dice: &mut Dice| least + dice.below(3000);
    Nature {
        outbound: if dice.below(2) == 0 {
            small(dice)
        } else {
            1 << 16
        },
        inbound: if dice.below(2) == 0 {
            small(dice)
        } else {
            1 << 16
        },
        interrupts: [0, 0, 5, 20][dice.below(4)],
        write_takes: Duration::from_micros([0, 0, 50, 400][dice.below(4)]),
        events: [1, 3, 1024][dice.below(3)],
        reset_discards: dice.below(2) == 0,
    }
}

/// Limits that are met often.
pub(super) fn config(dice: &mut Dice) -> Config {
    let mut config = Config {
        anonymous: dice.below(4) == 0,
        max_clients: 2 + dice.below(12),
        max_line: [64, 100, 8192][dice.below(3)],
        history: [0, 3, 200][dice.below(3)],
        keep_guests: Duration::ZERO,
        keep_members: Duration::ZERO,
        drain: Duration::from_secs(1 + dice.below(5) as u64),
        ..Config::default()
    };
    if dice.below(3) == 0 {
        config.send_queue = SEND_QUEUE_BYTES_RANGE.start() + dice.below(4000);
        config.all_queues = config.send_queue + dice.below(2) * config.send_queue / 2;
    }
    config.max_per_ip = (dice.below(4) == 0).then(|| 1 + dice.below(4));
    let (lines, burst) = (5 + dice.below(60) as u32, 1 + dice.below(60) as u32);
    config.rate = Rate::new(lines, burst).filter(|_| dice.below(2) == 0);
    config.rate_on_loopback = dice.below(3) == 0;
    let seconds = |dice: &mut Dice| Some(Duration::from_secs(3 + dice.below(60) as u64));
    config.login_timeout = seconds(dice).filter(|_| dice.below(3) > 0);
    config.idle_timeout = seconds(dice).filter(|_| dice.below(3) == 0);
    config.motd = (dice.below(3) == 0).then(|| "Be kind.\n\nTea at five.".into());
    config
}
