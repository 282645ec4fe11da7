"""Chinese, Japanese and Korean of a PDF page: lines without blanks between them, and not taken for code."""

from __future__ import annotations

import re
from itertools import pairwise

from kimi_files.extract.pdf_page.words import glued, wide_signs, width_of

_SIGN = "[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]"
_BLANK = re.compile(f"(?<={_SIGN}) (?={_SIGN})")
_FENCED = re.compile(r"^```\n((?:(?!```)[^\n]+\n)+)```$", re.MULTILINE)
_MOST = 0.6
_FULL = 0.6


def without_false_code(markdown: str) -> str:
    """The markdown with lines of text as text: signs that are all as wide look like code."""

    def text(found: re.Match[str]) -> str:
        lines = [line.strip() for line in found[1].splitlines()]
        letters = "".join(found[1].split())
        return glued(lines) if wide_signs(letters) > _MOST * len(letters) else found[0]

    return markdown if markdown.isascii() or "```" not in markdown else _FENCED.sub(text, markdown)


def without_breaks(markdown: str, plain: str) -> str:
    """The markdown with no blank between two signs that only the end of a line parts.

    ``plain`` is the text of the page in its lines.
    """
    if markdown.isascii() or not _BLANK.search(markdown):
        return markdown
    lines = [line.strip() for line in plain.splitlines() if not line.isspace() and line]
    # A line that is much shorter than the next one ends where its author ended it.
    ends = {above[-1] + below[0] for above, below in pairwise(lines) if width_of(above) > _FULL * width_of(below)}
    # What stands apart within a line may do so on purpose.
    ends -= {plain[place.start() - 1] + plain[place.end()] for place in _BLANK.finditer(plain)}
    return _BLANK.sub(
        lambda place: "" if markdown[place.start() - 1] + markdown[place.end()] in ends else " ", markdown
    )
