"""Lines of a PDF page that end before they are full, as in an address: joined, they would read as one sentence."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise

from kimi_files.extract.pdf_page.words import width_of

_LONGEST = 500
"""Characters of a block that is looked at: addresses and the like are short."""

_MOST_LINES = 400
_OTHER = ("#", "|", "- ", "* ", "> ", "```", "---", "$$", "[^", "![")

# A line is not full where the next word would have ended before this part of the widest line.
_ROOM = 0.75
# Where so much of the lines of a block is full, it is running text that has a column of its own.
_FULL = 40
_ENDS = tuple(".:;!?。：；！？")


def with_short_lines(markdown: str, plain: str) -> str:
    """The markdown with line breaks in paragraphs where the page's plain text has lines that end early."""
    blocks = markdown.split("\n\n")
    short = [number for number, block in enumerate(blocks) if _may_have_short_lines(block)]
    lines = [line for line in map(_single_spaced, plain.split("\n")) if line] if short else []
    if not 2 <= len(lines) <= _MOST_LINES:
        return markdown
    widest = 0
    joined = " ".join(lines)
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    for number in short:
        bare = " ".join(blocks[number].replace("*", "").replace("\\", "").split())
        place = joined.find(bare)
        first = bisect_right(starts, place) - 1
        if place >= 0 and starts[first] == place and len(bare) > len(lines[first]):
            last = bisect_right(starts, place + len(bare) - 1)
            widest = widest or sorted(map(width_of, lines))[-max(len(lines) // 10, 1)]
            blocks[number] = _broken(blocks[number], lines[first:last], widest)
    return "\n\n".join(blocks)


def _single_spaced(line: str) -> str:
    line = line.strip()
    return " ".join(line.split()) if "  " in line or "\t" in line or "\xa0" in line else line


def _may_have_short_lines(block: str) -> bool:
    return len(block) <= _LONGEST and " " in block and "\n" not in block and not block.startswith(_OTHER)


def _broken(block: str, lines: list[str], widest: int) -> str:
    """A paragraph of these lines with breaks behind those that are not full; behind all of them if most are not."""
    words = block.split()
    counts = [line.count(" ") + 1 for line in lines]
    if sum(counts) != len(words):
        return block
    longest = max(map(width_of, lines))
    room = _ROOM * (longest if len(lines) > 2 and longest >= _FULL else widest)
    ends = [_ends_early(line, following, room) for line, following in pairwise(lines)]
    if 2 * sum(ends) > len(ends):
        ends = [not _goes_on(line, following) for line, following in pairwise(lines)]
    written, position = "", 0
    for count, end in zip(counts, [*ends, False], strict=True):
        written += " ".join(words[position : position + count]) + ("\n" if end else " ")
        position += count
    return written.rstrip()


def _ends_early(line: str, following: str, room: float) -> bool:
    return not _goes_on(line, following) and width_of(line) + 1 + width_of(following.partition(" ")[0]) <= room


def _goes_on(line: str, following: str) -> bool:
    """Whether a line is the middle of a sentence, as far as scripts with small letters tell, or a raised number follows."""
    return len(following) <= 2 or (following[0].islower() and not line.endswith(_ENDS))
