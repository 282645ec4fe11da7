"""What the markdown of a PDF page lost of the letters of its plain text, and what it added."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

# A page goes by its plain text where markdown lost more than a tenth of its letters, or has a quarter more: the mark
# of formulas rewritten as LaTeX that nobody wrote.
_MOST_LOST = 0.10
_MOST_ADDED = 0.25
_LITTLE_LOST = 0.005
_LITTLE_ADDED = 0.02
_FEWEST_LETTERS = 8

_TARGET = re.compile(r"\]\([^)\s]*\)")
_FENCE = re.compile(r"^```\w*$", re.MULTILINE)
_ASCII = bytes(range(128))
_NO_ASCII_LETTER = bytes(code for code in range(256) if not (code < 128 and chr(code).isalnum()))


class Letters:
    """The letters and digits of a text, which are compared as a multiset, in no order."""

    __slots__ = ("all",)

    def __init__(self, text: str) -> None:
        # ASCII is told from the rest, and letters in it from marks, without a look at each of them.
        raw = text.encode("utf-8", "surrogatepass")
        others = raw.translate(None, _ASCII).decode("utf-8", "surrogatepass")
        self.all = raw.translate(None, _NO_ASCII_LETTER).decode() + "".join(filter(str.isalnum, others))

    @property
    def count(self) -> int:
        return len(self.all)

    def not_shared(self, other: Letters) -> tuple[Counter[str], Counter[str]]:
        """What is left of both between the beginnings and the ends that are the same."""
        ours, theirs = self.all, other.all
        same = _same(ours, theirs)
        ours, theirs = ours[same:][::-1], theirs[same:][::-1]
        same = _same(ours, theirs)
        return Counter(ours[same:]), Counter(theirs[same:])


@dataclass(frozen=True, slots=True)
class Difference:
    """Letters and digits that markdown lost and added, of ``count`` in the plain text."""

    lost: int
    added: int
    count: int
    missing: Counter[str]
    """The letters that were lost."""

    @property
    def is_much(self) -> bool:
        """Whether the markdown is not to be trusted."""
        return self.lost > _MOST_LOST * self.count or self.added > _MOST_ADDED * self.count

    @property
    def is_little(self) -> bool:
        return self.lost <= _LITTLE_LOST * self.count and self.added <= _LITTLE_ADDED * self.count

    def is_no_worse_than(self, other: Difference) -> bool:
        lost, added = self.lost - other.lost, self.added - other.added
        return lost <= _LITTLE_LOST * self.count and added <= _LITTLE_ADDED * self.count


def difference(markdown: str, plain: Letters, filled: str = "", unseen: str = "") -> Difference:
    """How markdown differs from the plain text of its page.

    ``filled`` are the values of the form's fields, which only liteparse writes into the page, ``unseen`` the hidden
    texts, which it may leave out.
    """
    seen = _TARGET.sub("]", markdown)
    if "```" in seen:
        seen = _FENCE.sub("", seen)
    theirs, ours = plain.not_shared(Letters(seen))
    if filled or unseen:
        lost, added = theirs - ours - Counter(Letters(unseen).all), ours - theirs - Counter(Letters(filled).all)
    else:
        lost, added = theirs - ours, ours - theirs
    return Difference(lost.total(), added.total(), max(plain.count, _FEWEST_LETTERS), lost)


def _same(text: str, other: str) -> int:
    """With how many characters both begin."""
    least, most = 0, min(len(text), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if text[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
