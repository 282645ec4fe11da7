"""Small pieces of markdown that every office reader writes the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_ROMAN = ((50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
# A power or the number of a note; not the letters of "3rd", "1er" and "Nº".
_POWER = re.compile("[-−–+]?(?:[0-9]{1,4}|[0-9]{0,2}[kmnxyNT](?:[-−–+][0-9])?)")
_NOT_BEFORE_POWER = "([{<^"
_ONLY_PICTURES = re.compile(r"(?:!\[\]\([^()]*\)\s*)*")
_BREAKS = re.compile(r"\s*[\r\n\v\f]+\s*")


class Block(NamedTuple):
    """A paragraph, list, table or heading as markdown. ``level`` is 1 to 9 for a heading, 0 for anything else."""

    text: str
    level: int = 0


def join_blocks(blocks: Iterable[Block]) -> str:
    return "\n\n".join(block.text for block in blocks if block.text)


def heading(title: str, level: int) -> Block:
    """A heading on one line; nothing where the title is empty."""
    line = " ".join(title.split())
    level = min(max(level, 1), 9)
    return Block(f"{'#' * min(level, 6)} {line}", level) if line else Block("")


def table(rows: Sequence[Sequence[str]]) -> str:
    """A markdown table, its first row as the header; rows and columns without any text are left away."""
    written = [[cell(text) if text else "" for text in row] for row in rows]
    filled = [row for row in written if any(row)]
    if not filled:
        return ""
    width = max(map(len, filled))
    for row in filled:
        row.extend([""] * (width - len(row)))
    columns = [column for column in zip(*filled, strict=True) if any(column)]
    lines = [f"| {' | '.join(row)} |" for row in zip(*columns, strict=True)]
    lines.insert(1, f"| {' | '.join(['---'] * len(columns))} |")
    return "\n".join(lines)


def table_row(cells: Iterable[str]) -> str:
    """One row of a table, every cell in its place."""
    return f"| {' | '.join(map(cell, cells))} |"


def cell(text: str) -> str:
    """A cell's text on one line, with nothing in it that would end the cell."""
    if text.isalnum():
        return text
    # Excel writes a carriage return inside of a cell this way.
    text = text.replace("_x000D_", "").strip() if "_x000D_" in text else text.strip()
    if "|" in text:
        text = text.replace("|", "\\|")
    if not text.isprintable():
        text = _BREAKS.sub("<br>", text)
    return text


def marked(text: str, mark: str) -> str:
    """Text between marks, with blanks at its ends outside of them."""
    core = text.strip()
    if not core:
        return text
    start = text.index(core[0])
    return f"{text[:start]}{mark}{core}{mark}{text[start + len(core) :]}"


def is_power(text: str, before: str) -> bool:
    """Whether a raised text after another one needs a sign before it, without which 2^16 would be 216."""
    return (
        bool(before)
        and not before[-1].isspace()
        and before[-1] not in _NOT_BEFORE_POWER
        and _POWER.fullmatch(text) is not None
    )


def comment(author: str, words: str) -> str:
    """A comment where it stands in the text."""
    return f"[comment by {author}: {words}]" if author else f"[comment: {words}]"


def picture(alternative: str | None, name: str = "picture") -> str:
    """What stands for a picture, which its ``name`` tells from others; nothing for one that is not described."""
    words = " ".join((alternative or "").split()).replace("[", "(").replace("]", ")")
    return f"![{words}]({_NOT_IN_NAMES.sub('', name) or 'picture'})" if words else ""


def picture_without_words(name: str) -> str:
    """What says that a picture is there which nobody described."""
    return f"![]({_NOT_IN_NAMES.sub('', name) or 'picture'})"


def has_only_pictures(text: str) -> bool:
    """Whether nothing stands in a text but pictures that nobody described."""
    return _ONLY_PICTURES.fullmatch(text) is not None


def link(text: str, target: str) -> str:
    """A link to somewhere outside of the file; one within it is its text."""
    if not text.strip() or not target or target.startswith("#") or target == text.strip():
        return text
    return f"[{text}]({target})"


def marker(family: str, number: int, suffix: str = ".") -> str:
    """The mark of a list's point; ``family`` is decimal, lower_alpha, upper_roman and so on, anything else a bullet."""
    match family:
        case "decimal":
            return f"{number}{suffix}"
        case "lower_alpha" | "upper_alpha":
            letters = _alphabetic(number)
            return f"{letters.upper() if family.startswith('upper') else letters}{suffix}"
        case "lower_roman" | "upper_roman":
            numeral = _roman(number)
            return f"{numeral.upper() if family.startswith('upper') else numeral}{suffix}"
    return "-"


def indented(text: str, width: int) -> str:
    """The text as the content of a list point: every line but the first moved right."""
    return text.replace("\n", "\n" + " " * width)


def _alphabetic(number: int) -> str:
    """a, b, … z, aa, bb, … as word processors count."""
    times, letter = divmod(max(number, 1) - 1, 26)
    return chr(ord("a") + letter) * min(times + 1, 8)


def _roman(number: int) -> str:
    if not 1 <= number < 90:
        return str(number)
    numeral = ""
    for value, letters in _ROMAN:
        while number >= value:
            numeral += letters
            number -= value
    return numeral
