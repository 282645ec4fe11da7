"""What a library lost of a text, by a count of the file's own words, and the text with it put back in its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kimi_files.extract.office.markdown import Block

_WORD = re.compile(r"[^\W_]+")
# How far behind the last paragraph the next one is looked for; texts of notes stand elsewhere.
_NEAR = 20_000

INSERTED, DELETED, HIDDEN, COMMENT, END = "\x1c", "\x1d", "\x1a", "\x05", "\x19"
"""Stand in a line for the beginning of what is marked so, for the next of its comments, and for the end of a mark."""

_MARKS = {INSERTED: "[inserted: ", DELETED: "[deleted: ", HIDDEN: "[hidden: ", END: "]"}
_MARKED = re.compile(f"[{INSERTED}{DELETED}{HIDDEN}{COMMENT}{END}]")
_NOTE_MARK = re.compile(r"\[\^\d+\](?!:)")
# A paragraph of which a library has this part is the same paragraph.
_ALIKE = 0.7
# A block of more characters than that for each word of the line is another one; to count its words would take time.
_LONGEST_WORD = 40
# What a library writes before the words of a paragraph: a heading's or a list's mark.
_PREFIX = re.compile(r"#{1,6} |(?:[-*•]|\(?[\w.]{1,8}[.)])\s+|")


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph as one cell, or a table's row as several; ``comments`` stand in it where ``COMMENT`` does."""

    cells: tuple[str, ...]
    comments: tuple[str, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Whether something of it was inserted, deleted, hidden or commented on."""
        return any(_MARKED.search(cell) for cell in self.cells)

    @property
    def text(self) -> str:
        return " | ".join(cell for cell in self.shown() if cell)

    def shown(self) -> list[str]:
        """The cells with words for what is marked."""
        if not self.is_marked:
            return list(self.cells)
        waiting = iter(self.comments)

        def shown(mark: re.Match[str]) -> str:
            return f" {next(waiting, '')}" if mark[0] == COMMENT else _MARKS[mark[0]]

        return [_MARKED.sub(shown, cell).strip() for cell in self.cells]


def words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs, its case aside."""
    return Counter(_WORD.findall("\n".join(texts).casefold()))


def share(blocks: Sequence[Block], expected: Counter[str]) -> float:
    """Which part of the ``expected`` words stands in the blocks; 1 where none are expected."""
    total = expected.total()
    return (words(block.text for block in blocks) & expected).total() / total if total else 1.0


def with_lost(blocks: list[Block], lines: Sequence[Line]) -> list[Block]:
    """The blocks, each line whose words are in none of them behind the block of the line before it, and marks in place."""
    left = words(block.text for block in blocks)
    written = "\n".join(cell for line in lines for cell in line.cells)
    if not _MARKED.search(written) and not words([written]) - left:
        return blocks
    letters = [_letters(_NOTE_MARK.sub("", block.text)) for block in blocks]
    starts = _starts(letters)
    joined = "".join(letters)
    changed: dict[int, Block] = {}
    matched: set[int] = set()
    added: dict[int, list[Block]] = {}
    position = 0
    for line in lines:
        wanted = _letters("".join(line.cells))
        found = _found(joined, wanted, position)
        is_next = found >= position
        if found >= 0 and wanted:
            position = max(found + len(wanted), position)
        number = bisect_right(starts, max(position - 1, 0)) - 1
        if found >= 0 and wanted:
            matched.add(number)
        counted = words(line.cells)
        if is_next or counted <= left:
            left -= counted
            if not line.is_marked:
                continue
            if number >= 0 and letters[number] == wanted and number not in changed and not _is_table(blocks[number]):
                changed[number] = _marked(blocks[number], line)
                continue
            if line.comments and not any(mark in cell for cell in line.cells for mark in (INSERTED, DELETED, HIDDEN)):
                added.setdefault(number, []).extend(Block(comment) for comment in line.comments)
                continue
        elif (other := _garbled(blocks, number, counted, matched)) is not None:
            changed[other] = _marked(blocks[other], line)
            matched.add(other)
            position = max(position, starts[other] + len(letters[other]))
            left -= counted
            continue
        added.setdefault(number, []).append(Block(line.text))
    result = added.get(-1, [])
    for number, block in enumerate(blocks):
        result.append(changed.get(number, block))
        result.extend(added.get(number, ()))
    return result


def _garbled(blocks: list[Block], number: int, counted: Counter[str], matched: set[int]) -> int | None:
    """Which of the blocks from this one on is the line with some words lost or spoilt, if one is."""
    longest = _LONGEST_WORD * (counted.total() + 10)
    for other in range(max(number, 0), min(number + 3, len(blocks))):
        if other in matched or _is_table(blocks[other]) or len(blocks[other].text) > longest:
            continue
        there = words([blocks[other].text])
        if (there & counted).total() >= _ALIKE * max(there.total(), counted.total()):
            return other
    return None


def _is_table(block: Block) -> bool:
    return block.text.startswith("|")


def _marked(block: Block, line: Line) -> Block:
    """The block with the line's words, which have marks, for its own; references to notes move to its end."""
    prefix = _PREFIX.match(block.text)
    notes = "".join(_NOTE_MARK.findall(block.text))
    return Block((prefix[0] if prefix else "") + line.text + notes, block.level)


def _found(joined: str, wanted: str, position: int) -> int:
    """Where the letters stand, near behind the position or at the beginning; -1 where they do not."""
    found = joined.find(wanted, position, position + _NEAR + len(wanted))
    if found < 0 and position and len(wanted) > 3:
        found = joined.find(wanted, 0, _NEAR + len(wanted))
    return found


def _starts(letters: list[str]) -> list[int]:
    starts: list[int] = []
    length = 0
    for part in letters:
        starts.append(length)
        length += len(part)
    return starts


def _letters(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))
