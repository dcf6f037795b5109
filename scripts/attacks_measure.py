"""The tools of attacks.py: a server on a core of its own, a bystander, and a swarm of people who play an attack."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import socket
import statistics
import struct
import subprocess
import tempfile
import time

LINE_EVERY_S, COME_S, BATCH = 0.02, 60, 250
# The kernel should not hold megabytes of floods.
SEND_BUFFER_BYTES = 1 << 16
FENCE = b"Users online"
RESET = struct.pack("ii", 1, 0)
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[:1], CORES[-1:]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Missed(Exception):
    """An attack could not be played to its end."""


def settle():
    """Moves to the load's core and to a new session, so that other work on the machine disturbs this little."""
    os.setsid()
    os.sched_setaffinity(0, LOAD_CORE)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
        pathlib.Path("/proc/self/autogroup").write_text("-15")


def kernel_bytes():
    """The memory that the kernel holds for all TCP sockets of this machine."""
    return int(re.search(r"TCP:.* mem (\d+)", pathlib.Path("/proc/net/sockstat").read_text())[1]) * PAGE_BYTES


class Server:
    """The server's process, on the first core; this one goes to the second."""

    def __init__(self, binary, *options, listen="127.0.0.1:0"):
        self.errors = tempfile.TemporaryFile()
        command = [binary, "--listen", listen, "--quiet", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors)
        announced = self.process.stdout.readline()
        if not announced:
            self.errors.seek(0)
            raise Missed(self.errors.read().decode(errors="replace").strip())
        self.address = (listen.rsplit(":", 1)[0], int(announced.rsplit(b":", 1)[-1]))
        os.sched_setaffinity(self.process.pid, SERVER_CORE)

    def cpu_s(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9

    def memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def is_up(self):
        return self.process.poll() is None

    def stop(self):
        self.process.kill()
        self.process.wait()


class Bystander:
    """Two people in a room of their own, in a process that the load does not delay: one says a line every 20 ms, the
    other reads it. The time of each line is known at the end."""

    def __init__(self, address):
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.ours.close()
            try:
                self.live(address, theirs)
            finally:
                os._exit(1)
        theirs.close()
        if self.ours.recv(1) != b"+":
            raise Missed("the bystanders could not come in")

    def live(self, address, control):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        mouth, ear = (self.come(address, name) for name in (b"mouth", b"ear"))
        control.send(b"+")
        control.recv(1)
        waits, heard, number = [], b"", 0
        while not select.select([control], [], [], 0)[0]:
            number += 1
            begun = time.monotonic()
            mouth.send(b"line %d.\r\n" % number)
            while b" %d." % number not in heard:
                data = ear.recv(65536)
                if not data:
                    break
                heard = (heard + data)[-4096:]
            waits.append(time.monotonic() - begun)
            select.select([control], [], [], max(0, LINE_EVERY_S - waits[-1]))
        control.sendall(json.dumps(waits).encode() + b"\n")
        control.recv(1)

    def come(self, address, name):
        sock = socket.create_connection(address, timeout=COME_S)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(name + b"\r\n/join aside\r\n/users\r\n")
        told = b""
        while FENCE not in told:
            data = sock.recv(65536)
            if not data:
                raise Missed("a bystander was turned away")
            told += data
        return sock

    def begin(self):
        self.ours.send(b"g")

    def end(self):
        self.ours.send(b"s")
        with self.ours.makefile("rb") as told:
            return json.loads(told.readline() or b"[]")

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Person:
    """A connection, the bytes it still has to send, and the bytes it has read."""

    def __init__(self, sock, name):
        self.sock, self.name, self.fd = sock, name, sock.fileno()
        self.out, self.tail, self.feed = b"", b"", None
        self.read, self.awaits, self.is_gone, self.reads = 0, FENCE, False, True
        self.kept = None


class Swarm:
    """Everyone who plays an attack, in one loop."""

    def __init__(self, address):
        self.address, self.people, self.epoll = address, {}, select.epoll()
        self.buffer = bytearray(1 << 18)
        self.dropped = 0

    def come(self, names, lines=b"", **options):
        """People come in and say their lines, and the server has heard them. `lines` may give the lines of each by number."""
        came = []
        names = list(names)
        for start in range(0, len(names), BATCH):
            batch = []
            for i, name in enumerate(names[start:start + BATCH], start):
                person = self.connect(name, **options)
                person.awaits = FENCE
                self.send(person, name + b"\r\n" + (lines(i) if callable(lines) else lines) + b"/users\r\n")
                batch.append(person)
            self.until(lambda: all(it.awaits is None or it.is_gone for it in batch), "people come in")
            came += batch
        return came

    def connect(self, name=b"", source=None, segment=None, receive=None):
        sock = socket.socket()
        if segment:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if source:
            sock.bind((source, 0))
        sock.settimeout(COME_S)
        sock.connect(self.address)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        person = Person(sock, name)
        self.people[person.fd] = person
        self.epoll.register(person.fd, select.EPOLLIN)
        return person

    def send(self, person, data):
        if not person.is_gone:
            person.out += data
            self.flush(person)

    def fence(self, people, seconds=COME_S):
        """Returns once the server has handled everything that they sent."""
        for person in people:
            person.awaits = FENCE
            self.send(person, b"/users\r\n")
        self.until(lambda: all(it.awaits is None or it.is_gone for it in people), "people are answered", seconds)

    def feed(self, people, feeds):
        """From now on they send the output of their generators, as fast as the server takes it."""
        for person in people:
            person.feed = feeds(person)
            self.watch(person)

    def rest(self, people):
        for person in people:
            person.feed, person.out = None, b""
            self.watch(person)

    def stop_reading(self, people):
        for person in people:
            person.reads = False
            self.watch(person)

    def watch(self, person):
        if person.is_gone:
            return
        writes = person.feed or person.out
        reads = select.EPOLLIN if person.reads else select.EPOLLRDHUP
        self.epoll.modify(person.fd, reads | (select.EPOLLOUT if writes else 0))

    def flush(self, person):
        had = bool(person.out)
        try:
            while person.out or person.feed:
                if not person.out:
                    person.out = next(person.feed)
                sent = person.sock.send(person.out)
                person.out = person.out[sent:]
                if person.feed:
                    break
        except BlockingIOError:
            pass
        except OSError:
            return self.lose(person)
        if had or person.out:
            self.watch(person)

    def receive(self, person):
        try:
            count = person.sock.recv_into(self.buffer)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if count == 0:
            return self.lose(person)
        person.read += count
        if person.kept is not None:
            person.kept += self.buffer[:count]
        if person.awaits:
            told = person.tail + self.buffer[:count]
            if person.awaits in told:
                person.awaits, person.tail = None, b""
            else:
                person.tail = told[-64:]

    def lose(self, person):
        """The server has ended the connection."""
        person.is_gone = True
        self.dropped += 1
        self.forget(person)

    def forget(self, person):
        self.epoll.unregister(person.fd)
        del self.people[person.fd]
        person.sock.close()

    def reset(self, people):
        """Resets all connections at once."""
        for person in people:
            person.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        for person in people:
            self.forget(person)

    def turn(self, wait=0.05):
        for fd, mask in self.epoll.poll(wait, 4096):
            person = self.people.get(fd)
            if person and mask & select.EPOLLOUT:
                self.flush(person)
            if person and not person.is_gone and mask & ~select.EPOLLOUT:
                if person.reads:
                    self.receive(person)
                else:
                    self.lose(person)

    def until(self, done, what, seconds=COME_S):
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise Missed(f"not within {seconds} s: {what}")
            self.turn()

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn(min(0.05, max(0, end - time.monotonic())))

    def stop(self):
        for person in list(self.people.values()):
            person.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.forget(person)
        self.epoll.close()


class Stage:
    """A server, the bystanders, and the swarm; and their measurements."""

    def __init__(self, binary, *options, listen="127.0.0.1:0"):
        self.kernel_before = kernel_bytes()
        self.server = Server(binary, *options, listen=listen)
        self.bystander = self.swarm = None
        try:
            self.bystander = Bystander(self.server.address)
            self.swarm = Swarm(self.server.address)
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in (self.swarm, self.bystander, self.server):
            if part:
                part.stop()

    @contextlib.contextmanager
    def measure(self, figures):
        """Fills in what the server used during the block, and how long the bystanders waited."""
        dropped, cpu_s, begun = self.swarm.dropped, self.server.cpu_s(), time.monotonic()
        self.bystander.begin()
        yield
        figures.seconds = time.monotonic() - begun
        figures.cpu_s = self.server.cpu_s() - cpu_s
        figures.memory_bytes = self.server.memory_bytes()
        figures.kernel_bytes = max(0, kernel_bytes() - self.kernel_before)
        figures.waits = self.bystander.end()
        figures.dropped = self.swarm.dropped - dropped
        if not self.server.is_up():
            raise Missed("the server ended")


class Figures:
    """The report on an attack."""

    def __init__(self, what):
        self.what, self.waits, self.cost, self.limit = what, [], "", ""
        self.seconds = self.cpu_s = self.memory_bytes = self.kernel_bytes = self.dropped = 0
        self.is_over = False

    def per(self, count, of):
        """Reports the CPU time of each of this many."""
        self.cost = f"{self.cpu_s / max(1, count) * 1e6:,.1f} µs a {of}"

    def keep_to(self, is_kept, limit):
        """Reports a limit, and whether the server kept it."""
        self.limit, self.is_over = limit, not is_kept


def middle_and_worst(waits):
    """The middle and the worst wait, in milliseconds."""
    if not waits:
        return None, None
    return statistics.median(waits) * 1000, max(waits) * 1000
