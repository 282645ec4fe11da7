"""Names that lead, or seem to lead, out of the allowed folder, and a tree in which they have somewhere to lead to."""

from __future__ import annotations

import os
import random
import socket
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import anyio
import anyio.to_thread

from kimi_files.access import AccessPolicy, OpenFile, _list_readable, _open_named
from kimi_files.errors import KimiFilesError

INSIDE = (
    "a.txt",
    "sub/b.txt",
    "sub/deep/c.md",
    "Über uns.txt",
    "100%.txt",
    "x!/d.txt",
    "~tilde/e.txt",
    "…/f.txt",
    "two  spaces.txt",
)
SECRET = (
    ".env",
    "sub/.env.local",
    "id_rsa",
    ".ssh/config",
    ".git/config",
    "sub/.aws/credentials",
    "key.pem",
    "sub/.hidden/g.txt",
)
OUTSIDE = ("outside/h.txt", "outside/sub/i.txt", "inside-twin/a.txt", "insid/a.txt", "j.txt")


class Maze:
    """``policy`` allows the folder ``inside``; only the files of ``INSIDE`` may be opened."""

    def __init__(self, place: Path) -> None:
        self.root = Path(os.path.realpath(place))
        self.inside = self.root / "inside"
        for names, folder in ((INSIDE, self.inside), (SECRET, self.inside), (OUTSIDE, self.root)):
            for name in names:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(f"{name} by its words\n")
        self.allowed = {_identity(os.stat(self.inside / name)) for name in INSIDE}
        links = {
            "to-file": "../outside/h.txt", "to-folder": "../outside", "to-root": "/", "to-parent": "..", "to-self": "to-self",
            "to-each": "to-other", "to-other": "to-each", "to-nothing": "../outside/none", "to-inside": "sub/b.txt",
            "to-absolute": str(self.root / "outside"), "to-secret": ".env", "to-hidden": ".ssh", "sub/up": "../..",
            "to-proc": "/proc/self/root", "to-descriptors": "/dev/fd", "chain": "to-folder", "sub/chain": "../chain/sub",
            "to-twin": "../inside-twin", "to-deep": "sub/deep/../deep/../../to-parent/inside/to-folder",
        }  # fmt: skip
        for name, target in links.items():
            (self.inside / name).symlink_to(target)
        self.names = [
            *links,
            *INSIDE,
            *SECRET,
            *OUTSIDE,
            "sub",
            "deep",
            "inside",
            "outside",
            "pipe",
            "socket",
            ".ssh",
            ".git",
        ]
        if sys.platform != "win32":
            os.mkfifo(self.inside / "pipe")
            with socket.socket(socket.AF_UNIX) as listener:
                here = os.getcwd()
                os.chdir(self.inside)  # a socket's path has 108 bytes
                listener.bind("socket")
                os.chdir(here)
        self.policy = AccessPolicy.from_folders([self.inside], self.inside)

    def typed(self, chance: random.Random) -> str:
        """A path that somebody might type, or nobody would."""
        starts = ("", "", "", "/", "./", "../", "~/", "~root/", "//", "file://", "file:///", "/proc/self/root", "/proc/self/cwd/",
                  "/dev/fd/", "\\\\?\\", "C:\\", str(self.inside) + "/", str(self.root) + "/", f"file://{self.inside}/",
                  str(self.inside), f"/proc/self/root{self.inside}/", f"{self.inside}/../",
                  f"//localhost{self.inside}/")  # fmt: skip
        separators = ("/", "/", "/", "/", "//", "/./", "/../", "\\", "%2F", "!/", "\0", "／", "∕", ":")
        steps = (
            "..",
            "..",
            ".",
            "",
            "...",
            "%2e%2e",
            "．．",
            ". .",
            "..;",
            "‥",
            " ",
            "\t",
            "\u202e",
            "\ud800",
            "..\u200b",
            "*",
            "-",
        )
        text = chance.choice(starts)
        if chance.random() < 0.2:  # what may be read, among the rest: else nearly every path ends at its first step
            return text + chance.choice(("", "sub/../", "to-inside/../", "./")) + chance.choice(INSIDE)
        for _ in range(chance.randrange(1, 6)):
            name = chance.choice(self.names if chance.random() < 0.7 else steps)
            text += (self._changed(name, chance) if chance.random() < 0.15 else name) + chance.choice(separators)
        if chance.random() < 0.9:
            text = text[:-1]
        if chance.random() < 0.05:
            text = chance.choice(("'{}'", '"{}"', " {} ", "`{}`", "<{}>", "{}\n", "{}#a", "{}?a", "{}::$DATA", "{}."))\
                .format(text)  # fmt: skip
        if chance.random() < 0.02:
            place = chance.randrange(len(text) + 1)
            text = text[:place] + chr(chance.randrange(1, 0x3000)) * chance.choice((1, 1, 300, 5_000)) + text[place:]
        return text

    def _changed(self, name: str, chance: random.Random) -> str:
        return chance.choice(
            (
                name.upper,
                name.title,
                lambda: unicodedata.normalize("NFD", name),
                lambda: "".join(f"%{byte:02x}" for byte in name.encode("utf-8", "replace")),
                lambda: name[1:] + name[:1],
                lambda: name.replace(".", "．"),
                lambda: name + " ",
            )
        )()

    def leaks(self, count: int, seed: int) -> tuple[list[str], Counter[str]]:
        """Type ``count`` paths; those that led to a file they must not, or failed without a word, and what came of all."""
        # In a thread of anyio's, as they are opened in the server.
        return anyio.run(anyio.to_thread.run_sync, self._leaks, count, seed)

    def _leaks(self, count: int, seed: int) -> tuple[list[str], Counter[str]]:
        chance, wrong, outcomes = random.Random(seed), list[str](), Counter[str]()
        for number in range(count):
            typed = self.typed(chance)
            try:
                outcome = self._listed(typed) if number % 50 == 0 else self._opened(_open_named(typed, self.policy))
            except KimiFilesError as error:
                outcome = error.code
                if any(f"{name} by its words" in str(error) for name in (*SECRET, *OUTSIDE)):
                    outcome = "LEAK in words"
            except Exception as error:
                outcome = f"LEAK of an error: {type(error).__name__}: {error}"
            outcomes[outcome] += 1
            if outcome.startswith("LEAK"):
                wrong.append(f"{outcome}: {typed!r}")
        return wrong, outcomes

    def _opened(self, file: OpenFile) -> str:
        known = _identity(os.fstat(file.descriptor)) in self.allowed
        file.close()
        return "opened" if known else "LEAK of a file"

    def _listed(self, typed: str) -> str:
        found = {_identity(os.stat(path)) for path in _list_readable(typed, self.policy)}
        return "listed" if found <= self.allowed else "LEAK of a listing"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
