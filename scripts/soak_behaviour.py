"""How the people of soak.py behave: scripts for a Person, which run as long as the talk goes on."""

import random
import selectors
import time

# Rooms where every line is numbered, and nobody comes or goes once the talk has begun. So much is said there that slow
# or stalling readers fill the kernel's buffer for them, some 4 MB, and a send queue as well.
STILL_ROOMS = [b"still1", b"still2"]
STILL_LINES_PER_S, STILL_PADDING = 100, b" " + b"x" * 2000
SLOW_READ_BYTES, SLOW_READ_S = 4096, 0.1
STALL_S = 30
FLOOD_LINES, FLOOD_PAUSE_S = 300, 10
# Bytes that end the input, or may end it.
KEYS = b"\x04\xff"


def live(person, behaviour, speaks):
    crowd = person.crowd
    yield from person.enter()
    crowd.settled += 1
    while crowd.phase == "gathering":
        yield 0.5
    yield from behaviour(person)
    yield from person.fence()
    crowd.speaking -= speaks
    while crowd.speaking:
        yield 0.2
    yield from person.fence()
    person.check_at_end()
    crowd.running -= 1


def talk(person):
    while person.crowd.phase == "talking":
        yield random.expovariate(1 / 5)
        person.say()


def talk_much(person):
    others = len(person.crowd.in_room[person.room])
    while person.crowd.phase == "talking":
        yield random.expovariate(STILL_LINES_PER_S / others)
        person.say(STILL_PADDING)


def flood(person):
    while person.crowd.phase == "talking":
        yield random.uniform(0, 2 * FLOOD_PAUSE_S)
        for _ in range(FLOOD_LINES):
            person.say(b" flood")


def listen(person):
    while person.crowd.phase == "talking":
        yield 1


def pass_by(person):
    while person.crowd.phase == "talking":
        yield random.uniform(0.5, 10)
        yield from person.leave(random.choice(("quit", "fin", "fin", "reset", "reset")))
        yield random.uniform(0, 2)
        person.name = b"passer-%d" % next(person.crowd.names)
        yield from person.enter()


def read_slowly(person):
    person.watch(0)
    while person.crowd.phase == "talking":
        yield SLOW_READ_S
        person.receive(SLOW_READ_BYTES)
    person.catch_up()


def stall(person):
    """Begins somewhere in the cycle of stalls, so that about the same number of people stall at any time."""
    began = time.monotonic() - random.uniform(0, 2 * STALL_S)
    while person.crowd.phase == "talking":
        stalls = (time.monotonic() - began) % (2 * STALL_S) < STALL_S
        if stalls != (person.events == 0):
            person.watch(0 if stalls else selectors.EVENT_READ)
        yield 0.5
    person.catch_up()


def misbehave(person):
    while person.crowd.phase == "talking":
        yield random.uniform(0.2, 3)
        kind = random.choice(("half", "long", "binary", "telnet", "none"))
        if kind == "half":
            person.send(b"half a line")
            yield random.uniform(0, 2)
            person.send(b" and its end\n")
        elif kind == "long":
            yield from person.answer(b"x" * random.randrange(8193, 100_000), b"Message too long: ")
        elif kind == "binary":
            person.send(random.randbytes(random.randrange(2000)).translate(None, KEYS) + b"\n")
        elif kind == "telnet":
            option = bytes([random.randrange(64)])
            verbs = [b"\xff" + bytes([verb]) + option for verb in (251, 252, 253, 254)]
            more = [b"\xff\xfa" + option + b"rubbish\r\n\xff\xf0", b"\xff\xf6", b"\xff\xf4", b"\xff\xff", b"\xff\xf1"]
            person.send(b"te" + b"ln".join(random.choices(verbs + more, k=5)) + b"et\r\n")
        yield from person.fence()


def command(person):
    while person.crowd.phase == "talking":
        yield random.uniform(0.2, 3)
        yield from random.choice(COMMANDS)(person)


def take_another_name(person):
    name = b"commander-%d" % next(person.crowd.names)
    yield from person.answer(b"/nick " + name, b"%s is now known as %s." % (person.name, name))
    person.name = name


def go_elsewhere(person):
    rooms = [room for room in person.crowd.in_room if room not in STILL_ROOMS and room != person.room]
    if rooms:
        yield from person.move(random.choice(rooms))


def write_privately(person):
    number, to = next(person.crowd.privates), random.choice(person.crowd.regulars)
    command = b"/msg %s private %d" % (to.name, number)
    yield from person.answer(command, b"To %s (private): private %d" % (to.name, number))
    person.crowd.taken.add(number)


def ask(person):
    yield from person.answer(b"/who", b"In #" + person.room)
    yield from person.answer(b"/history 5", b"-- end --", b"This room has no history")


def be_away(person):
    yield from person.answer(b"/away tea", b"You are away.")
    yield random.uniform(0, 3)
    yield from person.answer(b"/back", b"You are back.", b"-- end --")


def ignore_someone(person):
    name = random.choice(list(person.crowd.in_room[person.room]))
    yield from person.answer(b"/ignore " + name, b"You are now ignoring %s." % name)
    person.ignoring.add(name)
    yield random.uniform(0, 5)
    yield from person.answer(b"/unignore " + name, b"You are no longer ignoring %s." % name)
    person.ignoring.discard(name)
    person.meet(name)


COMMANDS = (take_another_name, go_elsewhere, write_privately, write_privately, ask, be_away, ignore_someone)
KINDS = {
    "talker": talk, "still_talker": talk_much, "flooder": flood, "listener": listen, "passer": pass_by,
    "slow": read_slowly, "stalled": stall, "hooligan": misbehave, "commander": command,
}
AUTHORS = ("talker", "still_talker", "flooder")
# Until these are done, lines may still be said.
SPEAKERS = AUTHORS + ("commander",)
STILL = ("still_talker", "slow", "stalled")
