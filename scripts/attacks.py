#!/usr/bin/env python3
"""Attacks one server after the other, and prints what a bystander notices and what it costs.

Run it from the root of the repository: `cargo build --release && scripts/attacks.py`. Each attack gets a fresh server on the
first core, and runs on the second. Meanwhile somebody in another room says a line every 20 ms, and the table shows how
long it took until the line was read, in the middle and at worst. Some rows have a limit that the server must keep; if it
misses one, the exit status is 1. The script only prints the other figures, and does not judge them. It takes about four
minutes, on Linux with two cores and Python 3.9 or later; some attacks need 20,000 open files.
"""

import argparse
import os
import resource
import signal
import sys

sys.dont_write_bytecode = True

from attacks_measure import Figures, Missed, middle_and_worst, settle
from attacks_play import ATTACKS
from attacks_rooms import ATTACKS_IN_ROOMS

ATTACKS = ATTACKS | ATTACKS_IN_ROOMS

COLUMNS = "{:58} {:>9} {:>9}  {:48} {:>7} {:>7} {:>7}"


def show(figures):
    middle, worst = middle_and_worst(figures.waits)
    ms = lambda it: "-" if it is None else f"{it:,.1f}"
    mib = lambda it: f"{it / (1 << 20):,.0f}"
    limit = f"  {'MISSED' if figures.is_over else 'kept'}: {figures.limit}" if figures.limit else ""
    print(COLUMNS.format(
        figures.what, ms(middle), ms(worst), figures.cost, mib(figures.memory_bytes), mib(figures.kernel_bytes),
        f"{figures.dropped:,}") + limit, flush=True)


def play(attack, binary):
    """Runs an attack in a new process, which may change its network. Returns whether a limit was missed."""
    child = os.fork()
    if child:
        try:
            return os.waitpid(child, 0)[1] != 0
        except KeyboardInterrupt:
            os.killpg(child, signal.SIGKILL)
            raise
    status = 2
    try:
        settle()
        is_missed = False
        for figures in attack(binary):
            show(figures)
            is_missed |= figures.is_over
        status = int(is_missed)
    except Missed as missed:
        what = Figures(attack.__doc__.split(":")[0].split(".")[0].strip())
        print(f"{what.what}: {missed}", flush=True)
        status = 0 if str(missed).startswith("left out") else 2
    except Exception as error:
        print(f"{attack.__name__}: {error!r}", flush=True)
    finally:
        os._exit(status)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="target/release/server", help="the server to attack")
    parser.add_argument("--only", metavar="NAME", action="append", choices=sorted(ATTACKS), help="one attack; repeatable")
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(COLUMNS.format("attack", "middle ms", "worst ms", "cost", "MiB", "kernel", "dropped"))
    chosen = asked.only or ATTACKS
    missed = [name for name in ATTACKS if name in chosen and play(ATTACKS[name], asked.server)]
    if missed:
        sys.exit(f"attacks: not kept: {', '.join(missed)}")


if __name__ == "__main__":
    main()
