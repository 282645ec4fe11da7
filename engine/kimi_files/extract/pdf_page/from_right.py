"""Pages in scripts that run from right to left: the words of markdown come as they stand from left to right, pdfium's as read."""

from __future__ import annotations

import re

_FROM_RIGHT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_HEADING = re.compile("(#{1,6}) +(.+)")
_BRACKETS = str.maketrans("()[]{}", ")(][}{")
_CLOSED_FIRST = re.compile(r"[^()]*\)")
_OPENED_FIRST = re.compile(r"[^()]*\(")
_NUMBER = re.compile(r"\w{1,3}\)")
_LINE_ENDS = re.compile(r"[ \t]*\r?\n")


def runs_from_right(plain: str) -> bool:
    """Whether most letters of a page are of such a script."""
    if plain.isascii() or not _FROM_RIGHT.search(plain):
        return False
    return 2 * len(_FROM_RIGHT.findall(plain)) > sum(map(str.isalpha, plain))


def as_read(markdown: str, plain: str) -> str:
    """The lines of pdfium's text of a page, those that the markdown has as headings marked as such."""
    levels: dict[str, str] = {}
    for line in markdown.split("\n"):
        if found := _HEADING.fullmatch(line):
            levels.setdefault(_letters(found[2]), found[1])
    lines = [line.strip() for line in _LINE_ENDS.split(plain)]
    # Brackets may come as they are drawn: the one that looks to the left where a text is opened.
    mirrored = [line for line in lines if _FROM_RIGHT.search(line)]
    if sum(map(bool, map(_CLOSED_FIRST.match, mirrored))) > sum(map(bool, map(_OPENED_FIRST.match, mirrored))):
        lines = [_turned(line) if _FROM_RIGHT.search(line) else line for line in lines]
    written = ""
    for line in lines:
        mark = levels.get(_letters(line), "") if line else ""
        between = "\n\n" if mark or written.rpartition("\n")[2].startswith("#") else "\n"
        written += f"{between if written else ''}{mark} {line}" if mark else f"{between if written else ''}{line}"
    return written.strip()


def _turned(line: str) -> str:
    """A line with its brackets the other way round, but for that of its number."""
    number = _NUMBER.match(line)
    start = number.end() if number else 0
    return line[:start] + line[start:].translate(_BRACKETS)


def _letters(text: str) -> str:
    """The letters and digits of a text, in any order."""
    return "".join(sorted(filter(str.isalnum, text)))
