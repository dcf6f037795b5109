#!/usr/bin/env python3
"""A thousand people of every kind on one server for some minutes, and nothing may be lost.

Run it from the root of the repository: `scripts/soak.py --minutes 10`. It builds the server, pins it to one core and
itself to another, and lets people talk, listen, come and go, read slowly, stop reading, flood, send rubbish and use
commands. Each author numbers their own lines, so that a gap is a loss and a repeat is a duplicate. The server may tell
people who fall behind that lines were skipped; in rooms where only numbered lines are said, each skipped line counts.
Prints a short report; on failure, exits 1 with one line that says what is wrong. It needs only Linux and Python 3.9.
"""

import argparse
import os
import pathlib
import random
import re
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from soak_behaviour import AUTHORS, KINDS, SPEAKERS, STILL, STILL_ROOMS, live
from soak_person import Crowd, Wrong

# Shares of the people, in percent; the others listen.
SHARES = {
    "talker": 10, "still_talker": 2, "flooder": 1, "passer": 10,
    "slow": 5, "stalled": 5, "hooligan": 4, "commander": 10,
}
PEOPLE_PER_ROOM, PEOPLE_PER_S = 110, 500
GATHER_S, END_S, SAMPLE_S = 120, 120, 2
# The most that memory may grow from the first minute to the end, each the median over a minute: readers who stall take
# that long from one stall to the next.
GROWTH = 1.05


class Server:
    """The server's process, on a core of its own if there are two."""

    def __init__(self, binary, send_queue):
        self.errors = tempfile.TemporaryFile()
        options = ["--listen", "127.0.0.1:0", "--quiet", "--send-queue", str(send_queue)]
        self.process = subprocess.Popen([binary, *options], stdout=subprocess.PIPE, stderr=self.errors)
        announced = self.process.stdout.readline()
        if not announced:
            self.process.wait()
            self.check()
        self.port = int(announced.rsplit(b":", 1)[-1])
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(self.process.pid, cores[:1])
            os.sched_setaffinity(0, cores[1:2])

    def memory(self, field):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+) kB", status)[1])

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check(self):
        if self.process.poll() is not None:
            self.errors.seek(0)
            last = self.errors.read().decode(errors="replace").strip().splitlines()[-1:]
            raise Wrong(f"the server ended with {self.process.returncode}: {' '.join(last)}")

    def stop(self):
        self.check()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            raise Wrong("the server did not end within 30 s of SIGTERM") from None
        if status:
            raise Wrong(f"the server ended with {status} after SIGTERM")


def gather(port, people):
    """Gives everyone their script, and lets them in little by little; the people whom others must know about come first."""
    crowd = Crowd(port)
    crowd.regulars = []
    numbers = {kind: max(1, people * share // 100) for kind, share in SHARES.items()}
    numbers["listener"] = max(0, people - sum(numbers.values()))
    rooms = [b"room%d" % i for i in range(max(1, people // PEOPLE_PER_ROOM))]
    for kind in sorted(KINDS, key=lambda kind: kind not in AUTHORS):
        where = STILL_ROOMS if kind in STILL else rooms
        for i in range(numbers[kind]):
            name = b"%s-%d" % (kind.encode(), next(crowd.names))
            join(crowd, kind, name, where[i % len(where)])
    return crowd


def join(crowd, kind, name, room):
    person = crowd.add(name, room, small=kind in ("slow", "stalled"))
    person.is_counted = kind in STILL
    if kind in AUTHORS:
        crowd.add_author(name, room)
    if kind not in ("passer", "hooligan", "commander"):
        crowd.regulars.append(person)
    crowd.speaking += kind in SPEAKERS
    script = live(person, KINDS[kind], kind in SPEAKERS)
    crowd.later(len(crowd.people) / PEOPLE_PER_S, lambda: person.begin(script))


def turn_until(crowd, done, seconds, complaint):
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Wrong(complaint())
        crowd.turn()


def soak(server, people, minutes):
    crowd = gather(server.port, people)
    turn_until(crowd, lambda: crowd.settled == people, GATHER_S, lambda: f"only {crowd.settled} of {people} came in")
    crowd.phase, began, samples = "talking", time.monotonic(), []
    while (elapsed := time.monotonic() - began) < minutes * 60:
        if elapsed >= len(samples) * SAMPLE_S:
            server.check()
            samples.append(server.memory("VmRSS"))
        crowd.turn()
    crowd.phase = "over"
    turn_until(crowd, lambda: crowd.running == 0, END_S, lambda: f"{crowd.running} people never read to the end")
    lost = crowd.taken ^ crowd.received
    if lost:
        raise Wrong(f"{len(lost)} private messages were lost, the first number {min(lost)}")
    cpu_s = server.cpu_s()
    server.stop()
    return crowd, samples, cpu_s


def report(crowd, samples, cpu_s):
    minute = 60 // SAMPLE_S
    late = statistics.median(samples[-minute:])
    early = statistics.median(samples[minute:][:minute] or samples[-minute:])
    said, count = sum(author.sent for author in crowd.authors.values()), crowd.count
    print(f"people {len(crowd.people)}, connects {count['connects']}, resets {count['resets']}")
    print(f"lines said {said}, deliveries {count['deliveries']}, private {count['private']}")
    print(f"skipped {count['skipped']}, lost 0")
    print(f"memory after one minute {early:.0f} kB, at the end {late:.0f} kB, highest {max(samples)} kB")
    print(f"CPU time {cpu_s:.1f} s")
    if late > early * GROWTH:
        raise Wrong(f"memory grew from {early:.0f} kB to {late:.0f} kB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", help="the server to run, in place of one that is built")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--send-queue", type=int, default=524_288, help="bytes that may wait for one reader")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    asked = parser.parse_args()
    random.seed(asked.seed)
    if not asked.server:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "server"], check=True)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = None
    try:
        server = Server(asked.server or "target/release/server", asked.send_queue)
        report(*soak(server, asked.people, asked.minutes))
    except Wrong as wrong:
        sys.exit(f"soak: {wrong} (--seed {asked.seed})")
    finally:
        if server:
            server.process.kill()


if __name__ == "__main__":
    main()
