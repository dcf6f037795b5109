#!/usr/bin/env python3
"""Makes docs/client.svg: a real terminal with a real conversation in it.

Run it from the root of the repository after `cargo build --release`, or name the folder of the programs: `scripts/picture.py
target/debug`. It needs tmux. A server listens on a free port of the loopback, two clients talk at two terminals, and the
script draws the screen of the first one.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time
import unicodedata
from xml.sax.saxutils import escape

PROGRAMS = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "target/release")
COLUMNS, ROWS = 80, 18
DEADLINE_S = 20

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE, MARGIN = 8.4, 18, 14, 14
BACKGROUND, FOREGROUND = "#1d2021", "#ebdbb2"
PALETTE = [
    "#282828", "#fb4934", "#98971a", "#d79921", "#458588", "#b16286", "#689d6a", "#a89984",
    "#928374", "#fb4934", "#b8bb26", "#fabd2f", "#83a598", "#d3869b", "#8ec07c", "#ebdbb2",
]


class Terminals:
    """Terminals of a tmux server of our own."""

    def __init__(self, directory):
        self.base = ["tmux", "-S", os.path.join(directory, "tmux"), "-f", "/dev/null"]

    def run(self, *args):
        return subprocess.run(self.base + list(args), check=True, capture_output=True, text=True).stdout

    def open(self, name, command, environment):
        variables = [word for pair in environment.items() for word in ("-e", "=".join(pair))]
        size = ["-x", str(COLUMNS), "-y", str(ROWS)]
        self.run("new-session", "-d", "-s", name, *size, *variables, command)

    def type(self, name, text):
        self.run("send-keys", "-t", name, "-l", "--", text)

    def press(self, name, key):
        self.run("send-keys", "-t", name, key)

    def until(self, name, text):
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.run("capture-pane", "-p", "-t", name):
            if time.monotonic() > deadline:
                sys.exit(f"picture: {name} never saw {text!r}")
            time.sleep(0.02)

    def picture(self, name):
        cursor = self.run("display", "-p", "-t", name, "#{cursor_x} #{cursor_y}").split()
        return self.run("capture-pane", "-e", "-p", "-t", name), tuple(map(int, cursor))

    def close(self):
        subprocess.run(self.base + ["kill-server"], check=False, capture_output=True)


def converse(terminals, port, directory):
    """Bob's lines come in while Ann is in the middle of a line."""
    client = shlex.quote(os.path.abspath(PROGRAMS / "client"))
    for name in ("Ann", "Bob"):
        home = os.path.join(directory, name)
        environment = {"XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "CHAT_PORT": str(port), "LANG": "C.UTF-8"}
        terminals.open(name, f"{client} --name {name}", environment)
        terminals.until(name, "Welcome")
    terminals.until("Ann", "Bob has joined")

    def say(name, text, seen_by):
        terminals.type(name, text)
        terminals.press(name, "Enter")
        terminals.until(seen_by, text.removeprefix("send ").removeprefix("/in ops ")[:40])

    for name in ("Ann", "Bob"):
        terminals.type(name, "/listen ops")
        terminals.press(name, "Enter")
        terminals.until(name, "You hear #ops too.")
    terminals.until("Ann", "#ops Bob listens in")
    say("Ann", "hello Bob, is the new build up?", "Bob")
    say("Bob", "send it is: 10,000 people on one thread", "Ann")
    terminals.type("Ann", "I type a line that is longer than my window is wide, 花子 and 🎉 and all,")
    say("Bob", "Ann, look: this one came while you were typing", "Ann")
    say("Bob", "/in ops and so did this; your line stays whole, and what others say is as long as they like", "Ann")
    terminals.type("Ann", " and nothing tears it")
    terminals.until("Ann", "nothing tears it")


def columns_of(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def runs(line):
    """Cuts a line with SGR sequences into (column, text, style)."""
    style, column = {}, 0
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            style = restyled(style, [int(n or 0) for n in part[2:-1].split(";")])
            continue
        # Wide characters stand alone, so that each begins in its own column in any font.
        for text in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]", part):
            yield column, text, style
            column += sum(map(columns_of, text))


def restyled(style, codes):
    style = dict(style)
    for code in codes:
        if code == 0:
            style = {}
        elif code in (1, 2, 7):
            style[{1: "bold", 2: "dim", 7: "reverse"}[code]] = True
        elif 30 <= code <= 37:
            style["color"] = PALETTE[code - 30]
        elif 90 <= code <= 97:
            style["color"] = PALETTE[code - 90 + 8]
        elif code == 39:
            style.pop("color", None)
    return style


def rectangle(column, row, columns, color):
    x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT
    width = columns * CELL_WIDTH
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" fill="{color}"/>'


def drawn(column, row, text, style):
    color = style.get("color", FOREGROUND)
    columns = sum(map(columns_of, text))
    if style.get("reverse"):
        yield rectangle(column, row, columns, color)
        color = BACKGROUND
    weight = ' font-weight="bold"' if style.get("bold") else ""
    opacity = ' opacity="0.6"' if style.get("dim") else ""
    x, y = MARGIN + column * CELL_WIDTH, MARGIN + row * CELL_HEIGHT + FONT_SIZE
    length = f' textLength="{columns * CELL_WIDTH:.1f}"' if len(text) > 1 else ""
    yield f'<text x="{x:.1f}" y="{y}" fill="{color}"{weight}{opacity}{length}>{escape(text)}</text>'


def svg(screen, cursor):
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * CELL_HEIGHT + 2 * MARGIN
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{FONT_SIZE}" xml:space="preserve">'
    )
    yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
    yield rectangle(cursor[0], cursor[1], 1, FOREGROUND)
    for row, line in enumerate(screen.split("\n")):
        for column, text, style in runs(line):
            if text.strip():
                yield from drawn(column, row, text, style)
    yield "</svg>"


def main():
    with tempfile.TemporaryDirectory() as directory:
        command = [PROGRAMS / "server", "--quiet", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        terminals = Terminals(directory)
        try:
            port = server.stdout.readline().strip().rsplit(":", 1)[1]
            converse(terminals, port, directory)
            screen, cursor = terminals.picture("Ann")
        finally:
            terminals.close()
            server.terminate()
            server.wait()
    picture = pathlib.Path("docs/client.svg")
    picture.parent.mkdir(exist_ok=True)
    picture.write_text("\n".join(svg(screen, cursor)) + "\n", encoding="utf-8")


main()
