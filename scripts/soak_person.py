"""One person in the crowd of soak.py: a connection, a script of their acts, and all the lines that they must read.

This must hold: each author's numbered lines reach everyone in the room one by one, except for lines that a notice in
their place says were skipped. If it does not hold, the code raises Wrong with a sentence that says so.
"""

import collections
import heapq
import itertools
import re
import selectors
import socket
import struct
import time

# An answer never takes longer than this, whatever else happens.
ANSWER_S = 120
SMALL_BUFFER_BYTES, LARGE_BUFFER_BYTES = 4096, 1 << 20
END = b"the connection's end"
NUMBERED = re.compile(rb"#(\d+) ")
PAST = re.compile(rb"\[[-0-9: ]+\] ([^ ]+): #(\d+) ")
SKIPPED = re.compile(rb"-- (\d+) messages? skipped --$")
PRIVATE = re.compile(rb"([^ ]+) \(private\): private (\d+)$")
TELNET = re.compile(rb"\xff\xfa.*?\xff\xf0|\xff[\xfb-\xfe].", re.DOTALL)


class Wrong(Exception):
    """Something happened that must not happen."""


class Author:
    """A person who numbers their lines: how many they sent, and how many somebody has read."""

    def __init__(self, room):
        self.room, self.sent, self.heard = room, 0, 0


class Crowd:
    """Everyone, the loop that moves them, and the facts about all of them."""

    def __init__(self, port):
        self.port = port
        self.phase = "gathering"
        self.authors, self.in_room, self.people = {}, collections.defaultdict(dict), []
        self.settled = self.speaking = self.running = 0
        self.count = collections.Counter()
        self.privates, self.taken, self.received = itertools.count(1), set(), set()
        self.names = itertools.count(1)
        self.selector, self.timers, self.order = selectors.DefaultSelector(), [], itertools.count()

    def later(self, seconds, act):
        heapq.heappush(self.timers, (time.monotonic() + seconds, next(self.order), act))

    def turn(self):
        """Waits for the next events, and handles them."""
        wait = self.timers[0][0] - time.monotonic() if self.timers else 1
        for key, mask in self.selector.select(min(max(wait, 0), 1)):
            if mask & selectors.EVENT_WRITE:
                key.data.flush()
            if mask & selectors.EVENT_READ:
                key.data.receive(1 << 16)
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            heapq.heappop(self.timers)[2]()

    def add(self, name, room, small):
        person = Person(self, name, room, small)
        self.people.append(person)
        self.running += 1
        return person

    def add_author(self, name, room):
        self.authors[name] = self.in_room[room][name] = Author(room)


class Person:
    """One connection at a time, its next act, and all the lines that it must read."""

    def __init__(self, crowd, name, room, small=False):
        self.crowd, self.name, self.room, self.small = crowd, name, room, small
        self.sock = self.script = self.awaited = None
        self.ignoring, self.may_end = set(), False
        self.steps = self.owed = self.missing = 0
        # Every line in the room is numbered, and this person is there from the first line on.
        self.is_counted = False

    # Their acts: a script yields the seconds to wait, or the beginning of the line that it waits for.

    def begin(self, script):
        self.script = script
        self.go_on(None)

    def go_on(self, line):
        self.awaited = None
        self.steps += 1
        try:
            wanted = self.script.send(line)
        except StopIteration:
            return
        if isinstance(wanted, tuple):
            self.awaited, step = wanted, self.steps
            self.crowd.later(ANSWER_S, lambda: self.be_impatient(step))
        else:
            self.crowd.later(wanted, lambda: self.go_on(None))

    def be_impatient(self, step):
        if self.steps == step:
            raise Wrong(f"{self.name.decode()} waited {ANSWER_S} s for {b' or '.join(self.awaited).decode()}")

    def answer(self, command, *beginnings):
        """Sends a command and waits for its answer, a line that begins in one of these ways."""
        self.send(command + b"\r\n")
        yield beginnings

    def enter(self):
        self.sock = socket.socket()
        self.sock.setblocking(False)
        if self.small:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        self.out, self.tail, self.may_end, self.events = b"", b"", False, 0
        self.sock.connect_ex(("127.0.0.1", self.crowd.port))
        self.crowd.count["connects"] += 1
        self.watch(selectors.EVENT_READ)
        self.forget_room()
        yield from self.answer(self.name, b"Welcome", b"Enter your username: Welcome")
        yield from self.move(self.room)

    def move(self, room):
        """Goes to another room. Before that, they must have read every line that somebody else there has read."""
        must = self.heard_by_others()
        yield from self.answer(b"/join " + room, b"You are in #%s now." % room)
        self.check_read(must)
        self.room = room
        self.forget_room()
        for name in self.crowd.in_room[room]:
            self.meet(name)
        self.is_arriving = True

    def fence(self):
        """When the answer comes, everything sent to them before it has been read."""
        yield from self.answer(b"/users", b"Users online: ")

    def leave(self, how):
        must = self.heard_by_others()
        if how == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.crowd.count["resets"] += 1
        else:
            self.may_end = True
            if how == "quit":
                self.send(b"/quit\r\n")
            else:
                self.sock.shutdown(socket.SHUT_WR)
            yield (END,)
            self.check_read(must)
        self.watch(0)
        self.sock.close()
        self.forget_room()

    def say(self, padding=b" and so on"):
        author = self.crowd.authors[self.name]
        author.sent += 1
        self.send(b"#%d%s\r\n" % (author.sent, padding))

    # The socket.

    def watch(self, events):
        if events and self.events:
            self.crowd.selector.modify(self.sock, events, self)
        elif events:
            self.crowd.selector.register(self.sock, events, self)
        elif self.events:
            self.crowd.selector.unregister(self.sock)
        self.events = events

    def catch_up(self):
        """From now on, reads as fast as bytes come."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LARGE_BUFFER_BYTES)
        self.watch(selectors.EVENT_READ)

    def send(self, data):
        self.out += data
        self.flush()

    def flush(self):
        try:
            while self.out:
                self.out = self.out[self.sock.send(self.out[: 1 << 16]):]
        except BlockingIOError:
            pass
        except OSError as error:
            raise Wrong(f"{self.name.decode()} cannot send: {error}") from None
        events = self.events & ~selectors.EVENT_WRITE | (selectors.EVENT_WRITE if self.out else 0)
        if events != self.events:
            self.watch(events)

    def receive(self, most):
        try:
            data = self.sock.recv(most)
        except BlockingIOError:
            return
        except OSError as error:
            raise Wrong(f"{self.name.decode()} was cut off: {error}") from None
        if not data:
            return self.ended()
        lines = (self.tail + data).split(b"\r\n")
        self.tail = lines.pop()
        for line in lines:
            self.read(line)

    def ended(self):
        if not self.may_end:
            raise Wrong(f"{self.name.decode()} was closed by the server")
        if self.awaited == (END,):
            self.go_on(b"")

    # The lines they read.

    def forget_room(self):
        self.expected, self.at_most, self.stale, self.is_arriving = {}, {}, set(), False

    def meet(self, name):
        """From now on, this person hears the author's lines. The first number is known if the author has not begun."""
        sent = self.crowd.authors[name].sent
        self.expected.pop(name, None)
        if sent == 0:
            self.expected[name] = 1
        self.at_most[name] = sent + 1

    def read(self, line):
        if b"\xff" in line:
            line = TELNET.sub(b"", line)
        name, _, text = line.partition(b": ")
        author = self.crowd.authors.get(name)
        if author and (numbered := NUMBERED.match(text)):
            number = int(numbered[1])
            self.crowd.count["deliveries"] += 1
            if self.expected.get(name) != number or self.stale:
                self.gap(name, author, number)
            self.expected[name] = number + 1
            author.heard = max(author.heard, number)
            return
        if past := self.is_arriving and PAST.match(line):
            if past[1] in self.at_most:
                self.expected[past[1]] = int(past[2]) + 1
        elif line == b"-- end --":
            self.is_arriving = False
        elif skipped := SKIPPED.match(line):
            self.owed += int(skipped[1])
            self.crowd.count["skipped"] += int(skipped[1])
            self.stale = set(self.crowd.in_room[self.room])
        elif private := PRIVATE.match(line):
            self.take_private(private)
        if self.awaited and line.startswith(self.awaited):
            self.go_on(line)

    def gap(self, name, author, number):
        who = f"{self.name.decode()} in {self.room.decode()}"
        if name in self.ignoring or author.room != self.room:
            raise Wrong(f"{who} reads #{number} of {name.decode()}, who is ignored or elsewhere")
        expected = self.expected.get(name)
        if expected is not None and number < expected:
            raise Wrong(f"{who} reads #{number} of {name.decode()} again, after #{expected - 1}")
        expected = min(number, self.at_most[name]) if expected is None else expected
        self.miss(name, number - expected, f"#{expected} of {name.decode()}")
        self.stale.discard(name)

    def miss(self, name, lines, first):
        """This many lines of an author are missing: they must be among the skipped ones."""
        self.missing += lines
        if lines and (name not in self.stale or self.missing > self.owed):
            raise Wrong(f"{self.name.decode()} in {self.room.decode()} lost {lines} lines from {first} on")

    def take_private(self, private):
        if private[1] == b"To":
            raise Wrong("the echo of a private message passes for one")
        number = int(private[2])
        if number in self.crowd.received:
            raise Wrong(f"{self.name.decode()} reads private message {number} twice")
        self.crowd.received.add(number)
        self.crowd.count["private"] += 1

    def heard_by_others(self):
        """The last line of each author in the room that somebody has read."""
        return {name: author.heard for name, author in self.crowd.in_room[self.room].items()}

    def check_read(self, must):
        """Checks that they have read these authors up to these numbers, if they should have."""
        for name, number in must.items():
            if name != self.name and name not in self.ignoring and name in self.at_most:
                expected = self.expected.get(name, self.at_most[name])
                if number >= expected:
                    self.miss(name, number - expected + 1, f"#{expected} of {name.decode()}")

    def check_at_end(self):
        self.check_read({name: author.sent for name, author in self.crowd.in_room[self.room].items()})
        if self.is_counted and self.missing != self.owed:
            raise Wrong(f"{self.name.decode()} misses {self.missing} lines and was told of {self.owed}")
