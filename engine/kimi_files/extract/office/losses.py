"""What a library lost of a text, by a count of the file's own words, and the text with it put back in its place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from kimi_files.extract.office.markdown import Block, cell, table

_WORD = re.compile(r"[^\W_]+")
_BETWEEN = "\0"
# General punctuation, and the signs of Latin 1 without its letters and digits.
_PUNCTUATION = (
    (b"\xe2\x80", re.compile(rb"\xe2\x80.", re.DOTALL)),
    (b"\xc2", re.compile(rb"\xc2[\x80-\xa9\xab-\xb1\xb4\xb6-\xb8\xbb\xbf]")),
)
_LOWER = bytes(range(256)).lower()
_NO_LETTERS = bytes(code for code in range(1, 128) if not chr(code).isalnum())
# How far behind the last paragraph the next one is looked for; texts of notes stand elsewhere.
_NEAR = 20_000

INSERTED, DELETED, HIDDEN, COMMENT, END, SIGN = "\x16", "\x17", "\x1a", "\x05", "\x19", "\x1b"
"""Stand in a line for the beginning of what is marked so, for the next of its comments, for the end of a mark, and before a
character that a library does not give.

None of them is white space to Python, as the codes from 1C to 1F are.
"""

_MARKS = {INSERTED: "[inserted: ", DELETED: "[deleted: ", HIDDEN: "[hidden: ", END: "]", SIGN: ""}
_MARKED = re.compile(f"[{INSERTED}{DELETED}{HIDDEN}{COMMENT}{END}{SIGN}]")
_NOT_GIVEN = re.compile(f"{SIGN}[^{_BETWEEN}]?")
_WITHIN_WORD = re.compile(f"(?<=\\w)({COMMENT}+)(\\w+)")
_NOTE_MARK = re.compile(r"\[\^\d+\](?!:)")
# What a library writes for notes, for links and for the ends of lines in cells.
_WRITTEN = re.compile(r"\[\^\d+\](?!:)|\]\([^()\s]*\)|<br>")
# With this part of its signs unknown, a text was read in another code page than its own.
_ILLEGIBLE = 0.02
# A paragraph of which a library has this part is the same paragraph.
_ALIKE = 0.7
# Of a block that is another reading of lost lines, no more than this part are words of the file.
_FOREIGN = 0.3
# A block of more characters than that for each word of the line is another one; to count its words would take time.
_LONGEST_WORD = 40
# Where this part of the letters stands in its place, the words need not be counted.
_MOST = 0.9
# What a library writes before the words of a point in a list, and of a paragraph: a heading's or a list's mark.
_POINT = re.compile(r"\s*(?:[-*•]|\(?[\w.]{1,8}[.)])\s+|\s*")
_PREFIX = re.compile(r"#{1,6} |(?:[-*•]|\(?[\w.]{1,8}[.)])\s+|")


class Line(NamedTuple):
    """A paragraph as one cell, or a table's row as several; ``comments`` stand in it where ``COMMENT`` does.

    ``note`` is the number of the note to the paragraph before it that it is of, 0 for none.
    """

    cells: tuple[str, ...]
    comments: tuple[str, ...] = ()
    note: int = 0

    @property
    def is_marked(self) -> bool:
        """Whether something of it was inserted, deleted, hidden or commented on."""
        return any(map(_has_marks, self.cells))

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

        # A comment on a place within a word follows the word.
        behind = [_WITHIN_WORD.sub(r"\2\1", cell) if COMMENT in cell else cell for cell in self.cells]
        return [_MARKED.sub(shown, cell).strip() for cell in behind]


class Parts(NamedTuple):
    """What stands in a document: ``text`` is its body, with notes and text boxes behind it or behind their paragraphs.

    ``is_all``: the libraries know no more of such a file. ``is_sure``: where they read other letters, theirs are wrong.
    """

    text: list[Line]
    running_heads: list[Line]
    is_all: bool = False
    is_sure: bool = True

    @property
    def is_legible(self) -> bool:
        """Whether the letters could be read in the code page that the file names."""
        unknown = sum(cell.count("\ufffd") for line in self.text for cell in line.cells)
        return not unknown or unknown < _ILLEGIBLE * sum(len(cell) for line in self.text for cell in line.cells)

    def blocks(self) -> list[Block]:
        """The text without any library: paragraphs, notes, and rows of several cells as tables."""
        blocks: list[Block] = []
        rows: list[list[str]] = []
        for line in [*self.text, Line(("",))]:
            if len(line.cells) > 1:
                rows.append(line.shown())
                continue
            if rows:
                blocks.append(Block(table(rows)))
                rows = []
            if line.note and blocks:
                mark = f"[^{line.note}]"
                if not any(mark in block.text for block in blocks[-2:]):
                    blocks[-1] = Block(blocks[-1].text + mark)
                blocks.append(Block(f"{mark}: {line.text}"))
            else:
                blocks.append(Block(line.text))
        return blocks


def words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs, its case aside."""
    return Counter(_all_words(texts))


def letters(texts: Iterable[str]) -> int:
    """How many letters and digits there are."""
    return sum(sum(map(str.isalnum, text)) for text in texts)


def _all_words(texts: Iterable[str]) -> list[str]:
    return _WORD.findall("\n".join(texts).casefold())


def share(blocks: Sequence[Block], expected: Counter[str]) -> float:
    """Which part of the ``expected`` words stands in the blocks; 1 where none are expected."""
    return _share(words(block.text for block in blocks), expected)


def with_lost(blocks: list[Block], lines: Sequence[Line]) -> list[Block]:
    """The blocks, each line whose words are in none of them behind the block of the line before it, and marks in place."""
    return Reading(blocks, lines).with_lost()


class Reading:
    """A library's ``blocks`` beside the ``lines`` that stand in the file, each looked for behind the one before it."""

    def __init__(self, blocks: list[Block], lines: Sequence[Line]) -> None:
        self.blocks = blocks
        self._lines = lines
        self._known: dict[int, Counter[str]] = {}
        self._letters = _letters(_without_marks(_joined([block.text for block in blocks])), len(blocks))
        self._joined = b"".join(self._letters)
        written = _joined(["".join(line.cells) for line in lines])
        # The lines of which something is marked.
        self._marked: set[int] = set()
        if _has_marks(written):
            self._marked.update(turn for turn, text in enumerate(written.split(_BETWEEN)) if _has_marks(text))
        self._wanted = _letters(_NOT_GIVEN.sub("", written) if SIGN in written else written, len(lines))
        # Where each line's letters stand, near behind those before them or at the beginning; -1 where they do not.
        self._places: list[int] = []
        self._are_in_order = True
        self._found = 0
        position = 0
        for wanted in self._wanted:
            place = self._joined.find(wanted, position, position + _NEAR + len(wanted))
            if place < 0 and position and len(wanted) > 3:
                place = self._joined.find(wanted, 0, _NEAR + len(wanted))
            self._places.append(place)
            if place < position:
                self._are_in_order = False
            if place >= 0:
                self._found += len(wanted)
                position = max(place + len(wanted), position)

    @cached_property
    def share(self) -> float:
        """Which part of the lines' letters stands where it should, or of their words anywhere, if that is more."""
        total = sum(map(len, self._wanted))
        if self._found >= _MOST * total:
            return self._found / total if total else 1.0
        return max(self._found / total, _share(self._there, self._expected))

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(map(len, self._letters))][:-1]

    @cached_property
    def _there(self) -> Counter[str]:
        return words(block.text for block in self.blocks)

    @cached_property
    def _expected(self) -> Counter[str]:
        return words(cell for line in self._lines for cell in line.cells)

    def has_besides(self, line: Line) -> bool:
        """Whether the blocks have these words more often than the lines do, as where a library mixes in page heads."""
        wanted = _letters("".join(line.cells), 1)[0]
        return bool(wanted) and self._joined.count(wanted) > self._all_wanted.count(wanted)

    @cached_property
    def _all_wanted(self) -> bytes:
        return b"".join(self._wanted)

    def with_lost(self) -> list[Block]:
        """The blocks with the lines that are in none of them, and marks in place."""
        return self.blocks if self._are_in_order and not self._marked else self._mended()

    def _same(self) -> dict[int, int]:
        """Block → line of the same letters, where there is one: neither's words need be counted."""
        same: dict[int, int] = {}
        for turn, (wanted, place) in enumerate(zip(self._wanted, self._places, strict=True)):
            number = bisect_right(self._starts, place) - 1
            if wanted and place >= 0 and self._starts[number] == place and self._letters[number] == wanted:
                same.setdefault(number, turn)
        return same

    def _mended(self) -> list[Block]:
        blocks, letters, starts = self.blocks, self._letters, self._starts
        same = self._same()
        left = _Left([block for number, block in enumerate(blocks) if number not in same])
        alike = frozenset(same.values())
        changed: dict[int, Block] = {}
        matched: set[int] = set()
        added: dict[int, list[Block]] = {}
        position = 0
        for turn, (line, wanted, found) in enumerate(zip(self._lines, self._wanted, self._places, strict=True)):
            is_next = found >= position
            if found >= 0 and wanted:
                position = max(found + len(wanted), position)
            number = bisect_right(starts, max(position - 1, 0)) - 1
            if found >= 0 and wanted:
                matched.add(number)
            counted = None if is_next or turn in alike else words(line.cells)
            if counted is None or left.has(counted):
                if turn not in alike:
                    left.take(line)
                if turn not in self._marked:
                    continue
                if (marked := self._with_marks(line, wanted, number, changed)) is not None:
                    changed[number] = marked
                    continue
                if not any(mark in cell for cell in line.cells for mark in (INSERTED, DELETED, HIDDEN)):
                    # Words that stand there already are not told again for the sake of a sign.
                    added.setdefault(number, []).extend(Block(comment) for comment in line.comments)
                    continue
            elif (other := self._garbled(number, counted, matched)) is not None:
                changed[other] = _marked(blocks[other], line)
                matched.add(other)
                position = max(position, starts[other] + len(letters[other]))
                left.take(line)
                continue
            added.setdefault(number, []).append(Block(line.text))
        spoilt = set(self._spoilt(added, matched))
        result = added.get(-1, [])
        for number, block in enumerate(blocks):
            if number not in spoilt:
                result.append(changed.get(number, block))
            result.extend(added.get(number, ()))
        return result

    def _with_marks(self, line: Line, wanted: bytes, number: int, changed: dict[int, Block]) -> Block | None:
        """The block with the marks of a line that it is, or whose row it has; None where it is more than the line."""
        if number < 0:
            return None
        block = self.blocks[number]
        if _is_table(block):
            return _with_row(changed.get(number, block), line, wanted)
        if self._letters[number] == wanted and number not in changed:
            return _marked(block, line)
        return _with_point(changed.get(number, block), line, wanted)

    def _garbled(self, number: int, counted: Counter[str], matched: set[int]) -> int | None:
        """Which of the blocks from this one on is the line with some words lost or spoilt, if one is."""
        total = counted.total()
        longest = _LONGEST_WORD * (total + 10)
        for other in range(max(number, 0), min(number + 3, len(self.blocks))):
            if other in matched or _is_table(self.blocks[other]) or len(self.blocks[other].text) > longest:
                continue
            there = self._words_of(other)
            if _common(there, counted) >= _ALIKE * max(there.total(), total):
                return other
        return None

    def _words_of(self, number: int) -> Counter[str]:
        """The words of a block, which is looked at for several lines."""
        if number not in self._known:
            self._known[number] = words([self.blocks[number].text])
        return self._known[number]

    def _spoilt(self, added: dict[int, list[Block]], matched: set[int]) -> Iterator[int]:
        """Blocks behind a lost line, as many as lines were lost there, of words that the file does not have."""
        for number, lines in added.items():
            for other in range(number + 1, min(number + 1 + len(lines), len(self.blocks))):
                there = self._words_of(other)
                if other in matched or _share(self._expected, there) > _FOREIGN:
                    break
                if there and not self.blocks[other].text.startswith(("![", "[")):
                    yield other


def _share(there: Counter[str], expected: Counter[str]) -> float:
    total = expected.total()
    return _common(there, expected) / total if total else 1.0


def _common(counted: Counter[str], other: Counter[str]) -> int:
    return sum([min(counted[word], other[word]) for word in counted.keys() & other.keys()])


class _Left:
    """How often each word of the blocks stands there beside the lines that were found."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._blocks = blocks
        self._there: Counter[str] | None = None
        self._taken: Counter[str] = Counter()
        self._found: list[str] = []

    def take(self, line: Line) -> None:
        self._found.extend(line.cells)

    def has(self, counted: Counter[str]) -> bool:
        # Words are only counted where a line is not in its place.
        if self._there is None:
            self._there = words(block.text for block in self._blocks)
        if self._found:
            self._taken.update(_all_words(self._found))
            self._found.clear()
        return all(self._there[word] - self._taken[word] >= count for word, count in counted.items())


def _is_table(block: Block) -> bool:
    return block.text.startswith("|")


def _with_row(block: Block, line: Line, wanted: bytes) -> Block | None:
    """The table with the line's words, which have marks, for those of its row; None where the row is not found."""
    shown = [cell(text) for text in line.shown() if text]
    rows = block.text.split("\n")
    for number, letters in enumerate(_letters(_joined(rows), len(rows))):
        if letters != wanted:
            continue
        cells = rows[number].removeprefix("| ").removesuffix(" |").split(" | ")
        if sum(map(bool, cells)) == len(shown):
            waiting = iter(shown)
            rows[number] = f"| {' | '.join(next(waiting) if text else '' for text in cells)} |"
            return Block("\n".join(rows), block.level)
    return None


def _with_point(block: Block, line: Line, wanted: bytes) -> Block | None:
    """The list with the line's words, which have marks, for those of its point; None where it has no such point."""
    points = block.text.split("\n")
    for number, point in enumerate(points) if len(points) > 1 else ():
        found = _POINT.match(point)
        if found is not None and _letters(point[found.end() :], 1)[0] == wanted:
            points[number] = found[0] + line.text
            return Block("\n".join(points), block.level)
    return None


def _marked(block: Block, line: Line) -> Block:
    """The block with the line's words, which have marks, for its own; references to notes move to its end."""
    found = _PREFIX.match(block.text)
    prefix, text = found[0] if found else "", line.text
    number = _letters(prefix, 1)[0] if prefix else b""
    if number and _letters(text, 1)[0].startswith(number):
        # It was written by hand, and the line has it as well.
        prefix = ""
    notes = "".join(_NOTE_MARK.findall(block.text)) if "[^" in block.text else ""
    return Block(prefix + text + notes, block.level)


def _has_marks(text: str) -> bool:
    return not text.isprintable() and _MARKED.search(text) is not None


def _joined(texts: list[str]) -> str:
    joined = _BETWEEN.join(texts)
    if joined.count(_BETWEEN) >= len(texts):
        return _BETWEEN.join(text.replace(_BETWEEN, " ") for text in texts)
    return joined


def _without_marks(written: str) -> str:
    if "[^" in written or "](" in written or "<br>" in written:
        return _WRITTEN.sub(" ", written)
    return written


def _letters(joined: str, count: int) -> list[bytes]:
    """The letters and digits of each of so many texts, in lower case: of all at once, which takes a tenth of the time.

    As UTF-8, in which punctuation beyond ASCII is found fast; what of it is not known here counts as letters.
    """
    letters = joined.encode("utf-8", "surrogatepass").translate(_LOWER, _NO_LETTERS)
    for lead, signs in _PUNCTUATION:
        if lead in letters:
            letters = signs.sub(b"", letters)
    return letters.split(_BETWEEN.encode()) if count else []
