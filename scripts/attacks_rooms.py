"""The attacks of attacks.py by people who hear many rooms at once."""

import itertools
import time

from attacks_measure import Figures, Stage, middle_and_worst
from attacks_play import FLOOD_S, MIDDLE_MS, OVER_S, busy, ignoring, names, prose, wait_until_online

# With the lobby, as many as one person may hear.
OTHERS = names(b"r", 15)
ROOMS = [b"lobby", *OTHERS]
HEAR_ALL = b"/quiet on\r\n" + b"".join(b"/listen %s\r\n" % room for room in OTHERS)
LINE = prose(62) + b"\r\n"
# How long a bystander may wait beside floods in sixteen rooms, compared with as many in one room.
SIXTEEN_ROOMS = 2


def hear_all_from(i):
    """Hears all rooms. Everyone in turn has another one as their current room."""
    return HEAR_ALL + (b"/switch %s\r\n" % ROOMS[i % 16] if i % 16 else b"")


def hear_all_but_one(i):
    """Hears all rooms, and ignores the one who floods one of them. The server has to put each one's lines together."""
    return hear_all_from(i) + ignoring([b"f-" + ROOMS[i // 16 % 16]])


def hearing_floods(binary):
    """Many hear sixteen people who talk as fast as can be, in one room or in a room each."""
    count, in_one_room = 2000, None
    for what, lines in (
        ("in one room", b""),
        ("in 16 rooms", hear_all_from),
        ("in 16 rooms, and ignore one", hear_all_but_one),
    ):
        figures = Figures(f"{count:,} hear 16 floods {what}")
        with Stage(binary) as stage:
            stay = lambda i: b"" if not lines or i == 0 else b"/join %s\r\n" % ROOMS[i]
            talkers = stage.swarm.come([b"f-" + room for room in ROOMS], stay)
            stage.swarm.come(names(b"p", count), lines)
            stage.swarm.feed(talkers, lambda _: itertools.repeat(LINE))
            with stage.measure(figures):
                stage.swarm.go_on(FLOOD_S)
            figures.cost = busy(figures)
        middle, _ = middle_and_worst(figures.waits)
        if in_one_room:
            figures.keep_to(middle is not None and middle <= SIXTEEN_ROOMS * in_one_room, f"{SIXTEEN_ROOMS} x one room")
        in_one_room = in_one_room or middle
        yield figures


def coming_and_going(binary):
    """Many enter and leave a room by turns, as fast as they are taken: by going there, and by hearing it."""
    for what, lines in (("/join and /leave", b"/join r0\r\n/leave\r\n"), ("/listen and /unlisten", b"/listen r0\r\n/unlisten r0\r\n")):
        figures = Figures(f"800 {what} by turns")
        with Stage(binary) as stage:
            people = stage.swarm.come(names(b"p", 800))
            stage.swarm.feed(people, lambda _: itertools.repeat(lines * 50))
            with stage.measure(figures):
                stage.swarm.go_on(FLOOD_S)
            figures.cost = busy(figures)
        yield figures


def switching(binary):
    """Many make one room after the other their current one, as fast as they are taken, while all are flooded."""
    figures = Figures("200 /switch by turns among 16 floods")
    with Stage(binary) as stage:
        talkers = stage.swarm.come([b"f-" + room for room in ROOMS], lambda i: b"/join %s\r\n" % ROOMS[i])
        people = stage.swarm.come(names(b"p", 200), HEAR_ALL)
        switches = b"".join(b"/switch %s\r\n" % room for room in OTHERS + ROOMS[:1])
        stage.swarm.feed(talkers, lambda _: itertools.repeat(LINE))
        stage.swarm.feed(people, lambda _: itertools.repeat(switches))
        with stage.measure(figures):
            stage.swarm.go_on(FLOOD_S)
        figures.cost = busy(figures)
    middle, _ = middle_and_worst(figures.waits)
    figures.keep_to(middle is not None and middle <= MIDDLE_MS, f"middle {MIDDLE_MS} ms")
    yield figures


def shared_rename(binary):
    """One who shares sixteen rooms with many takes another name again and again. All read it in each room, or ignore it."""
    count, renames = 2000, 50
    for what, lines in (("", HEAR_ALL), (", and ignore that one", HEAR_ALL + ignoring([b"star"]))):
        figures = Figures(f"{count:,} share 16 rooms with one who renames{what}")
        with Stage(binary) as stage:
            star, = stage.swarm.come([b"star"], HEAR_ALL)
            stage.swarm.come(names(b"p", count), lines)
            with stage.measure(figures):
                stage.swarm.send(star, b"".join(b"/nick star%d\r\n" % i for i in range(renames)))
                stage.swarm.fence([star])
            figures.per(renames, "rename")
        yield figures


def shared_reset(binary):
    """People who hear sixteen rooms each are reset all at once."""
    count = 2000
    figures = Figures(f"{count:,} who hear 16 rooms are reset")
    with Stage(binary) as stage:
        asker, = stage.swarm.come([b"asker"], HEAR_ALL)
        people = stage.swarm.come(names(b"p", count), HEAR_ALL)
        with stage.measure(figures):
            begun = time.monotonic()
            stage.swarm.reset(people)
            took = wait_until_online(stage, asker, 3) - begun
        figures.cost = f"over in {took:.2f} s, {figures.cpu_s:.2f} s of CPU"
        figures.keep_to(took <= OVER_S, f"over in {OVER_S} s")
    yield figures


ATTACKS_IN_ROOMS = {
    "hearing-floods": hearing_floods,
    "coming-and-going": coming_and_going,
    "switching": switching,
    "shared-rename": shared_rename,
    "shared-reset": shared_reset,
}
