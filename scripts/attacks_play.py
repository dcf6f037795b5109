"""The attacks of attacks.py: somebody tries to make everyone wait, or to make the server run out of memory."""

import ctypes
import itertools
import socket
import subprocess
import time

from attacks_measure import FENCE, Figures, Missed, Stage, middle_and_worst

FLOOD_S = 4
BLANK = b"\r\n" * 2048
WIDE = "\N{PALM TREE}".encode()
PROSE = b"the quick brown fox jumps over the lazy dog and then once more "
# The limits that the server must keep: a bystander's wait in the middle, the end of a mass reset, many zones compared
# with one, and the memory that the kernel holds for each person who reads nothing.
MIDDLE_MS, OVER_S, ZONES, UNREAD_BYTES = 10, 0.2, 2, 1 << 20


def names(prefix, count):
    return [b"%s%d" % (prefix, i) for i in range(count)]


def prose(length):
    return (PROSE * (length // len(PROSE) + 1))[:length]


def fill_history(stage, person, count=200, length=300):
    stage.swarm.send(person, b"".join(b"%s\r\n" % prose(length) for _ in range(count)))
    stage.swarm.fence([person])


def undisturbed(binary):
    figures = Figures("undisturbed")
    with Stage(binary) as stage:
        with stage.measure(figures):
            stage.swarm.go_on(2)
    yield figures


def flood(binary):
    """Everyone sends blank lines, as fast as they are taken."""
    for count in (200, 800):
        figures = Figures(f"{count} flood blank lines")
        with Stage(binary) as stage:
            flooders = stage.swarm.come(names(b"f", count))
            stage.swarm.feed(flooders, lambda _: itertools.repeat(BLANK))
            with stage.measure(figures):
                stage.swarm.go_on(FLOOD_S)
            figures.cost = busy(figures)
        yield figures


def busy(figures):
    return f"{figures.cpu_s / figures.seconds:.0%} busy"


def turns(binary):
    """Each of 800 sends blank lines, commands with long answers and half lines by turns."""
    figures = Figures("800 flood by turns")
    parts = [BLANK[:1024], b"/history\r\n" * 8, b"/who\r\n" * 8, b"/us", b"ers\r\n"]
    with Stage(binary) as stage:
        flooders = stage.swarm.come(names(b"f", 800))
        fill_history(stage, flooders[0])
        stage.swarm.feed(flooders, lambda it: itertools.islice(itertools.cycle(parts), it.fd % 3, None))
        with stage.measure(figures):
            stage.swarm.go_on(FLOOD_S)
        figures.cost = busy(figures)
    middle, _ = middle_and_worst(figures.waits)
    figures.keep_to(middle is not None and middle <= MIDDLE_MS, f"middle {MIDDLE_MS} ms")
    yield figures


def long_names(stage, count):
    """Names that grow most when they are compared, of those that the server takes."""
    for letter in ("\ufdfa", "\ufdfb", "\ufb03", "\u0390", "\u00e9"):
        probe = stage.swarm.connect()
        probe.kept = bytearray()
        stage.swarm.send(probe, (letter * 27 + "00000\r\n").encode())
        stage.swarm.until(lambda: probe.is_gone or probe.kept.count(b"\r\n"), "a name is taken or refused")
        taken = b"Welcome" in probe.kept
        stage.swarm.reset([probe])
        if taken:
            return [(letter * 27 + f"{i:05}").encode() for i in range(1, count + 1)], letter
    raise Missed("no name was taken")


def history_of_long_names(binary):
    """Somebody ignores 100 names that fold long, and asks for the history again and again."""
    asked = 100
    with Stage(binary) as stage:
        ignored, letter = long_names(stage, 100)
        figures = Figures(f"100 ignored names of 27 x U+{ord(letter):04X}, /history x {asked}")
        stage.swarm.come(ignored)
        talker, = stage.swarm.come([b"talker"])
        fill_history(stage, talker)
        asker, = stage.swarm.come([b"asker"], ignoring(ignored))
        with stage.measure(figures):
            stage.swarm.send(asker, b"/history\r\n" * asked)
            stage.swarm.fence([asker])
        figures.per(asked, "line")
    yield figures


def mass_reset(binary):
    """People who ignore the same hundred, and a reset of many at once."""
    for count, are_long, is_of_ignored in ((300, True, True), (300, True, False), (5000, False, True), (5000, False, False)):
        with Stage(binary) as stage:
            whom = long_names(stage, 100)[0] if are_long else names(b"v", 100)
            long = " who fold long" if are_long else ""
            figures = Figures(f"{count:,} ignore 100{long}; {'the ignored' if is_of_ignored else 'all'} are reset")
            ignored = stage.swarm.come(whom)
            people = stage.swarm.come(names(b"p", count), ignoring(whom))
            asker, = stage.swarm.come([b"asker"])
            gone = ignored if is_of_ignored else people
            left = len(ignored) + len(people) + 3 - len(gone)
            with stage.measure(figures):
                begun = time.monotonic()
                stage.swarm.reset(gone)
                took = wait_until_online(stage, asker, left) - begun
            figures.cost = f"over in {took:.2f} s, {figures.cpu_s:.2f} s of CPU"
            if count == 5000:
                figures.keep_to(took <= OVER_S, f"over in {OVER_S} s")
        yield figures


def ignoring(people):
    return b"".join(b"/ignore %s\r\n" % name for name in people)


def wait_until_online(stage, asker, count):
    """The time when a person read that only this many people are online."""
    end = time.monotonic() + 60
    told = b"%s: %d\r\n" % (FENCE, count)
    while time.monotonic() < end:
        asker.kept = bytearray()
        stage.swarm.fence([asker])
        if told in asker.kept:
            return time.monotonic()
    raise Missed(f"not all were gone after a minute: {bytes(asker.kept[-80:])!r}")


def rename(binary):
    """Many ignore one who takes another name again and again, and who stands last in their full lists."""
    count, renames = 8000, 100
    figures = Figures(f"{count:,} ignore one who renames, and 99 others")
    with Stage(binary) as stage:
        whom = names(b"v", 99) + [b"star"]
        *_, star = stage.swarm.come(whom)
        stage.swarm.come(names(b"p", count), b"/quiet on\r\n" + ignoring(whom))
        with stage.measure(figures):
            stage.swarm.send(star, b"".join(b"/nick star%d\r\n" % i for i in range(renames)))
            stage.swarm.fence([star])
        figures.per(renames, "rename")
    yield figures


def formats(binary):
    """What a line costs where people read it in many formats."""
    def zone(i):
        quarters = i - 48
        return b"%c%02d:%02d" % (b"-"[0] if quarters < 0 else b"+"[0], abs(quarters) // 4, abs(quarters) % 4 * 15)

    rooms = [
        ("600 people, one zone, no stamps", 600, lambda i: b"/time off +01:00\r\n"),
        ("600 people, 105 zones, no stamps", 600, lambda i: b"/time off %s\r\n" % zone(i % 105)),
        ("630 people, all formats", 630, lambda i: b"/time %s %s\r\n/quiet %s\r\n" % (
            (b"off", b"on", b"full")[i // 2 % 3], zone(i // 6 % 105), (b"off", b"on")[i % 2])),
        ("1,000 people, one zone, stamps", 1000, lambda i: b"/time on +01:00\r\n"),
        ("1,000 people, 24 zones, stamps", 1000, lambda i: b"/time on %s\r\n" % zone(4 * (i % 24) + 4)),
    ]
    costs = {}
    for what, count, lines in rooms:
        figures = Figures(what)
        with Stage(binary) as stage:
            people = stage.swarm.come(names(b"p", count), lines)
            talk = b"%s\r\n" % prose(30) * 2000
            with stage.measure(figures):
                said = say_in_bursts(stage, people[0], people[1], talk, 2000)
            figures.per(said, "line")
            costs[what] = figures.cpu_s / said
        if "24 zones" in what:
            ratio = costs[what] / costs[rooms[3][0]]
            figures.cost += f" ({ratio:.1f} x one zone)"
            figures.keep_to(ratio <= ZONES, f"{ZONES} x one zone")
        yield figures


def changing_formats(binary):
    """Many change what stands before each line again and again, beside one who talks much."""
    figures = Figures("800 change stamps and zones again and again, one talks")
    with Stage(binary) as stage:
        changers = stage.swarm.come(names(b"c", 800))
        talker, hearer = stage.swarm.come([b"talker", b"hearer"])
        changes = b"".join(b"/time %s +%02d:00\r\n" % (stamp, i) for i in range(12) for stamp in (b"on", b"full"))
        stage.swarm.feed(changers, lambda it: itertools.repeat(changes))
        with stage.measure(figures):
            said = say_in_bursts(stage, talker, hearer, (prose(300) + b"\r\n") * 100, 100)
        figures.cost = f"{busy(figures)}, {said / figures.seconds:,.0f} lines a second"
    yield figures


def say_in_bursts(stage, talker, hearer, talk, lines, seconds=FLOOD_S, times=None):
    """Says a burst as soon as the last one was heard, for this long or this many times. Returns the number of lines."""
    end, said = time.monotonic() + seconds, 0
    while said < times * lines if times else time.monotonic() < end:
        before = hearer.read
        stage.swarm.send(talker, talk)
        stage.swarm.until(lambda: hearer.read - before >= len(talk) or hearer.is_gone, "a burst is heard")
        said += lines
    return said


def away(binary):
    """What a long line costs where somebody is away."""
    for length in (8192, 1 << 20):
        for what in ("nobody is away", "somebody is away elsewhere", "somebody is away in the room"):
            figures = Figures(f"a line of {size(length)}, {what}")
            with Stage(binary, "--max-line", str(length), "--send-queue", str(8 << 20)) as stage:
                talker, hearer = stage.swarm.come([b"talker", b"hearer"])
                if what != "nobody is away":
                    where = b"/join elsewhere\r\n" if "elsewhere" in what else b""
                    stage.swarm.come([b"absent"], where + b"/away\r\n")
                with stage.measure(figures):
                    said = say_in_bursts(stage, talker, hearer, prose(length) + b"\r\n", 1, seconds=2)
                figures.per(said, "line")
            yield figures


def size(length):
    return f"{length >> 20} MiB" if length >= 1 << 20 else f"{length >> 10} KiB"


def long_line_to_readers(binary):
    """A line as long as may be, of bytes that are shown as three each, to people who read as fast as they can."""
    figures = Figures("a line of 1 MiB, 3 MiB to read, to 5 who read at full speed")
    with Stage(binary, "--max-line", str(1 << 20)) as stage:
        talker, = stage.swarm.come([b"talker"])
        hearers = stage.swarm.come(names(b"h", 5), segment=1448, receive=1 << 17)
        before = [it.read for it in hearers]
        with stage.measure(figures):
            stage.swarm.send(talker, b"\x01" * (1 << 20) + b"\r\n")
            stage.swarm.until(
                lambda: all(it.is_gone or it.read - was >= 3 << 20 for it, was in zip(hearers, before)),
                "a long line is heard or its readers are dropped")
        figures.per(1, "line")
    yield figures


def away_words(binary):
    """People whose names are plain words are away with long words of why, and somebody says a sentence."""
    words = (b"the of and to in is it you that he was for on are with as his they at be this from have or by one had not "
             b"but what all were when we there can an your which their said if do will each about how up out them then "
             b"she many some so these would other into has more her two like him see time could no make than first been "
             b"its who now people my made over did down only way find use may").split()[:93]
    figures = Figures("93 called 'the', 'of', ... are away with 200 emoji")
    yield from answers(binary, figures, words, b" ".join(words))


def named_away(binary):
    """A line that names as many as it can hold, all of whom are away."""
    letters = b"abcdefghjkmnpqrstuvwxyz"
    words = [bytes(pair) for pair in itertools.product(letters, letters)][:300]
    figures = Figures("a line names 300 who are away with 200 emoji")
    yield from answers(binary, figures, words, b" ".join(words))


def answers(binary, figures, absent, line):
    with Stage(binary) as stage:
        came = stage.swarm.come(absent, b"/away %s\r\n" % (WIDE * 200))
        talker, = stage.swarm.come([b"talker"])
        before = talker.read
        with stage.measure(figures):
            said, end = 0, time.monotonic() + 1
            while time.monotonic() < end:
                stage.swarm.send(talker, line + b"\r\n")
                stage.swarm.fence([talker])
                said += 1
        answered = (talker.read - before) / said
        figures.per(said, "line")
        figures.cost += f", answered {answered:,.0f} B"
        if len(came) != len(absent):
            raise Missed("not all names were taken")
    yield figures


def newcomers(binary):
    """Many come back at once, into a big room with a history."""
    for what, lines in (("no history", 0), ("64 KB of history", 20)):
        figures = Figures(f"500 come into 2,000 at once, {what}")
        with Stage(binary) as stage:
            people = stage.swarm.come(names(b"p", 2000))
            if lines:
                fill_history(stage, people[0], lines, 3200)
            newcomers = [stage.swarm.connect() for _ in range(500)]
            stage.swarm.go_on(0.2)
            with stage.measure(figures):
                for i, person in enumerate(newcomers):
                    stage.swarm.send(person, b"n%d\r\n/users\r\n" % i)
                stage.swarm.until(lambda: not any(it.awaits for it in newcomers), "newcomers are in")
                stage.swarm.fence(people[:1])
            figures.cost = f"{figures.cpu_s:.2f} s of CPU in {figures.seconds:.2f} s"
        yield figures


def slow_asker(binary):
    """Many read nothing, and one who is slow asks for the history: three times, in all as much as is promised to anyone."""
    count, asked = 2500, 3
    figures = Figures(f"{count:,} read nothing, a slow one asks for {asked} x 64 KB")
    with Stage(binary) as stage:
        talker, hearer = stage.swarm.come([b"talker", b"hearer"])
        still = stage.swarm.come(names(b"s", count), segment=536, receive=4096)
        asker, = stage.swarm.come([b"asker"], segment=536, receive=4096)
        stage.swarm.stop_reading(still + [asker])
        talk = (prose(300) + b"\r\n") * 100
        with stage.measure(figures):
            say_in_bursts(stage, talker, hearer, talk, 100, seconds=2)
            stage.swarm.send(asker, b"/history 200\r\n" * asked)
            say_in_bursts(stage, talker, hearer, talk, 100, seconds=1)
        is_dropped = asker.is_gone
        if not is_dropped:
            asker.reads = True
            stage.swarm.watch(asker)
            stage.swarm.go_on(1)
            is_dropped = asker.is_gone
        figures.cost = f"the slow one is {'dropped' if is_dropped else 'answered'}"
    yield figures


def unread(binary):
    """People who read nothing, in the middle of much talk: what the kernel holds for them. Fewer on loopback, where each
    may take four megabytes."""
    for what, segment, count in (("on loopback", None, 200), ("as from outside", 1448, 400)):
        figures = Figures(f"{count} read nothing, {what}")
        with Stage(binary) as stage:
            talker, hearer = stage.swarm.come([b"talker", b"hearer"])
            still = stage.swarm.come(names(b"s", count), segment=segment, receive=4096)
            stage.swarm.stop_reading(still)
            talk = (prose(4000) + b"\r\n") * 100
            with stage.measure(figures):
                say_in_bursts(stage, talker, hearer, talk, 100, times=(16 << 20) // len(talk))
            each = figures.kernel_bytes / count
            figures.cost = f"the kernel holds {each / 1024:,.0f} KiB for each"
            figures.keep_to(each <= UNREAD_BYTES, f"{UNREAD_BYTES >> 10} KiB for each")
        yield figures


def trickle(binary):
    """A newcomer who gives no name, and sends a byte now and then: how long the seat is held."""
    figures = Figures("a byte each 0.4 s, --login-timeout 2")
    most = 15
    with Stage(binary, "--login-timeout", "2") as stage:
        sock = socket.create_connection(stage.server.address)
        begun = time.monotonic()
        with stage.measure(figures):
            while time.monotonic() - begun < most:
                stage.swarm.go_on(0.4)
                try:
                    sock.send(b"x")
                except OSError:
                    break
        held = time.monotonic() - begun
        figures.cost = f"the seat is held for {held:.1f} s" if held < most else f"the seat is held for over {most} s"
        sock.close()
    yield figures


def reconnecting(binary):
    """Somebody comes anew as soon as the rate is used up. Rates are off for loopback, so this has a network of its own."""
    figures = Figures("one address comes anew for a fresh rate")
    if not enter_network():
        raise Missed("left out: it needs root and iproute2, for a network of its own")
    seconds = FLOOD_S
    with Stage(binary, listen="192.0.2.1:0") as stage:
        hearer, = stage.swarm.come([b"hearer"], source="192.0.2.2")
        with stage.measure(figures):
            end, connects = time.monotonic() + seconds, 0
            hearer.kept = bytearray()
            while time.monotonic() < end:
                connects += 1
                sock = socket.create_connection(stage.server.address, timeout=5, source_address=("192.0.2.3", 0))
                sock.sendall(b"f%d\r\n" % connects + b"say it\r\n" * 120)
                sock.shutdown(socket.SHUT_WR)
                stage.swarm.turn(0.01)
                sock.close()
            stage.swarm.go_on(0.3)
            said = hearer.kept.count(b": say it")
        figures.cost = f"{said / seconds:,.0f} lines a second, {connects / seconds:,.0f} connections"
    yield figures


def enter_network():
    """Moves this process into a network of its own with two addresses outside the loopback."""
    new_network = 0x40000000  # CLONE_NEWNET of unshare(2)
    if ctypes.CDLL(None, use_errno=True).unshare(new_network):
        return False
    commands = ["ip link set lo up", *(f"ip addr add 192.0.2.{i}/32 dev lo" for i in (1, 2, 3))]
    try:
        return all(subprocess.run(it.split(), capture_output=True).returncode == 0 for it in commands)
    except OSError:
        return False


def fast_reader(binary):
    """Much waits for one person, whose queue may be large, and who then reads as fast as can be."""
    waiting = 400 << 20
    figures = Figures("one reads 400 MiB that waited, at full speed")
    with Stage(binary, "--send-queue", str(1 << 30)) as stage:
        talker, hearer, reader = stage.swarm.come([b"talker", b"hearer", b"reader"])
        stage.swarm.stop_reading([reader])
        talk = (prose(8000) + b"\r\n") * 100
        say_in_bursts(stage, talker, hearer, talk, 100, times=waiting // len(talk))
        with stage.measure(figures):
            reader.reads = True
            stage.swarm.watch(reader)
            stage.swarm.until(lambda: reader.is_gone or reader.read >= waiting * 9 // 10, "it is read")
        figures.cost = f"{figures.cpu_s:.2f} s of CPU"
    yield figures


ATTACKS = {
    "undisturbed": undisturbed,
    "flood": flood,
    "turns": turns,
    "long-names": history_of_long_names,
    "mass-reset": mass_reset,
    "rename": rename,
    "formats": formats,
    "changing-formats": changing_formats,
    "away": away,
    "long-line": long_line_to_readers,
    "away-words": away_words,
    "named-away": named_away,
    "newcomers": newcomers,
    "slow-asker": slow_asker,
    "unread": unread,
    "trickle": trickle,
    "reconnecting": reconnecting,
    "fast-reader": fast_reader,
}
