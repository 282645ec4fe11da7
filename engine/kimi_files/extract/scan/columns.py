"""Lines that stand somewhere on a page, grouped into what is read from top to bottom: columns one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

# Text that runs in columns fills them; cells of a table are short, or as long as they happen to be.
_FILLED, _FULL = 0.7, 0.85
_FEWEST_FILLED = 0.45
_FEWEST_LINES = 3
_FEWEST_SIGNS = 14
_NEIGHBOURS = 2
# What has more parts is no page of columns, and their order takes long to find.
_MOST_PARTS = 150
# In two columns of text lines stand side by side by chance, in a table for a reason.
_ALIGNED = 0.2
_MOST_ALIGNED = 0.4

# In heights of a line: how far the next line of a column may be, how far words on one line.
_NEXT_LINE = 1.3
_SAME_LINE = 0.5
_MOST_LARGER = 1.5
# The boxes of two columns touch here and there.
_TOUCHING = 0.7


@dataclass(frozen=True, slots=True)
class Line:
    """Words that stand together on one line, and where, in pixels from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def blocks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Runs of lines that are read row by row from top to bottom, in reading order."""
    lines = sorted(lines, key=_place)
    if not lines:
        return
    size = median(line.height for line in lines)
    stacks = _parted(_stacks(lines, size))
    columns = [stack for stack in stacks if _is_column(stack, stacks)]
    band: list[Line] = []
    rest = list(lines)
    for top, bottom in _regions(columns):
        band = [line for line in rest if line.middle < top]
        if band:
            yield band
        within = [line for line in rest if top <= line.middle <= bottom]
        rest = [line for line in rest if line.middle > bottom]
        yield from _in_order(_parts(within, [stack for stack in columns if top <= stack.top < bottom], size))
    if rest:
        yield rest


def signs(text: str) -> int:
    """Characters, wide ones counted twice."""
    return sum(2 if is_wide(sign) else 1 for sign in text)


def is_wide(sign: str) -> bool:
    """Whether a sign takes a whole em: Chinese, Japanese, Korean and their marks."""
    return "\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7af" or "\uf900" <= sign <= "\uffef"


class _Stack:
    """Lines one below the other."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.left = min(line.left for line in lines)
        self.right = max(line.right for line in lines)
        self.top = lines[0].top
        self.bottom = max(line.bottom for line in lines)

    def is_beside(self, other: _Stack) -> bool:
        """Whether some lines stand on the height of some of the other, and none above or below it."""
        return min(self.bottom, other.bottom) > max(self.top, other.top) and not _overlap(self, other)


def _stacks(lines: Sequence[Line], size: float) -> list[_Stack]:
    """Lines that follow each other in a column, as long as there is no doubt which one is next."""
    above: dict[int, list[int]] = {at: [] for at in range(len(lines))}
    below: dict[int, list[int]] = {at: [] for at in range(len(lines))}
    for at, line in enumerate(lines):
        for other in range(at + 1, len(lines)):
            if lines[other].top > line.bottom + _NEXT_LINE * size:
                break
            if (
                lines[other].middle > line.bottom - 0.2 * line.height
                and across(line, lines[other]) > _TOUCHING * line.height
            ):
                below[at].append(other)
                above[other].append(at)
    following = {at: only for at in below if (only := _only(lines, at, below[at])) is not None}
    leading = {at: only for at in above if (only := _only(lines, at, above[at])) is not None}
    stacks, seen = [], set()
    for at in range(len(lines)):
        if at in seen:
            continue
        stack = [at]
        while (after := following.get(stack[-1])) is not None and leading.get(after) == stack[-1]:
            stack.append(after)
        seen.update(stack)
        stacks.append(_Stack([lines[each] for each in stack]))
    return stacks


def _parted(stacks: Sequence[_Stack]) -> list[_Stack]:
    """Stacks cut where a column goes over into lines that are as long as two columns."""
    waiting, done = list(stacks), []
    while waiting:
        stack = waiting.pop()
        beside = (_cut_beside(stack.lines, other) for other in stacks)
        parts = _cut_below_cells(stack.lines, stacks) or next(filter(None, beside), [])
        if parts:
            waiting.extend(_Stack(part) for part in parts)
        else:
            done.append(stack)
    return done


def _cut_below_cells(lines: list[Line], stacks: Sequence[_Stack]) -> list[list[Line]]:
    """The cells of a table's column, and the text that follows them in the same place; nothing if there are no such."""
    width = max(line.right for line in lines) - min(line.left for line in lines)
    full = [line.width >= _FULL * width for line in lines]
    for at in range(_FEWEST_LINES, len(lines) - _FEWEST_LINES + 1):
        if all(full[at : at + _FEWEST_LINES]) and not any(full[at - _FEWEST_LINES : at]):
            cells = _Stack(lines[at - _FEWEST_LINES : at])
            if any(
                _share_aligned(cells, other) == 1 and not _is_running(other)
                for other in stacks
                if cells.is_beside(other)
            ):
                return [lines[:at], lines[at:]]
    return []


def _cut_beside(lines: list[Line], other: _Stack) -> list[list[Line]]:
    """The lines that stand beside the other stack, and those above and below that reach over it; none if there are no such."""
    if not _is_running(other):
        return []
    beside = [at for at, line in enumerate(lines) if other.top < line.middle < other.bottom]
    over = [at for at, line in enumerate(lines) if _overlap(line, other)]
    if len(beside) < _FEWEST_LINES or not over or set(beside) & set(over):
        return []
    first = _widest_gap(lines, max((at for at in over if at < beside[0]), default=-1), beside[0])
    last = _widest_gap(lines, beside[-1], min((at for at in over if at > beside[-1]), default=len(lines)))
    return [part for part in (lines[:first], lines[first:last], lines[last:]) if part]


def _widest_gap(lines: Sequence[Line], start: int, end: int) -> int:
    """Before which line after ``start`` and up to ``end`` the most room is; an end of the lines if there is nothing to part."""
    if start < 0:
        return 0
    if end == len(lines):
        return end
    return max(range(start + 1, end + 1), key=lambda at: lines[at].middle - lines[at - 1].middle)


def _only(lines: Sequence[Line], at: int, others: Sequence[int]) -> int | None:
    """The nearest of the others, if it is the only one on its height and of the same kind."""
    if not others:
        return None
    line = lines[at]
    nearest = min(others, key=lambda other: abs(lines[other].middle - line.middle))
    row = [other for other in others if abs(lines[other].middle - lines[nearest].middle) < _SAME_LINE * line.height]
    found = lines[nearest]
    larger = max(found.height, line.height) / max(min(found.height, line.height), 1.0)
    if len(row) > 1 or larger > _MOST_LARGER or across(line, found) < 0.5 * min(line.width, found.width):
        return None
    return nearest


def across(a: Line | _Stack, b: Line | _Stack) -> float:
    """How much of the page's width both take; negative where there is room between them."""
    return min(a.right, b.right) - max(a.left, b.left)


def _is_column(stack: _Stack, stacks: Sequence[_Stack]) -> bool:
    """Whether it is running text with running text beside it, or with lines that stand on other heights."""
    return _is_running(stack) and any(
        stack.is_beside(other)
        and len(other.lines) >= _FEWEST_LINES
        and (_is_running(other) or _share_aligned(other, stack) <= _MOST_ALIGNED)
        for other in stacks
        if other is not stack
    )


def _is_running(stack: _Stack) -> bool:
    """Whether lines are of running text: many, long, and most of them as long as those around."""
    lines = stack.lines
    if len(lines) < _FEWEST_LINES or median(signs(line.text) for line in lines) < _FEWEST_SIGNS:
        return False
    filled = 0
    for at, line in enumerate(lines):
        around = lines[max(at - _NEIGHBOURS, 0) : at + _NEIGHBOURS + 1]
        filled += line.width >= _FILLED * max(other.width for other in around)
    return filled >= _FEWEST_FILLED * len(lines)


def _share_aligned(stack: _Stack, other: _Stack) -> float:
    aligned = sum(any(abs(a.middle - b.middle) < _ALIGNED * a.height for b in other.lines) for a in stack.lines)
    return aligned / len(stack.lines)


def _regions(columns: Sequence[_Stack]) -> Iterator[tuple[float, float]]:
    """From where to where the page is set in columns."""
    top = bottom = -1.0
    for stack in sorted(columns, key=lambda stack: stack.top):
        if stack.top >= bottom:
            if bottom > 0:
                yield top, bottom
            top, bottom = stack.top, stack.bottom
        bottom = max(bottom, stack.bottom)
    if bottom > 0:
        yield top, bottom


def _parts(lines: Sequence[Line], columns: Sequence[_Stack], size: float) -> list[_Stack]:
    """The columns of a region, and what else stands in it: what lies in one column's width and close together is one part."""
    taken = {id(line) for column in columns for line in column.lines}
    groups: list[list[Line]] = []
    for line in lines:
        if id(line) in taken:
            continue
        near = [group for group in groups if any(_is_near(line, other, columns, size) for other in group)]
        for group in near:
            groups.remove(group)
        groups.append([each for group in near for each in group] + [line])
    found, apart = list(columns), []
    for part in (_Stack(sorted(group, key=_place)) for group in groups):
        home = next((at for at, column in enumerate(found) if _is_piece(part, column, size)), None)
        if home is None:
            apart.append(part)
        else:
            found[home] = _Stack(sorted(found[home].lines + part.lines, key=_place))
    return found + apart


def _is_piece(part: _Stack, column: _Stack, size: float) -> bool:
    """Whether it is words of a column's lines that blanks keep off: a caption beside them has more lines."""
    return (
        part.bottom - part.top < _FEWEST_LINES * size
        and column.left - size < part.left
        and part.right < column.right + size
        and any(abs(a.middle - b.middle) < _SAME_LINE * a.height for a in part.lines for b in column.lines)
    )


def _place(line: Line) -> tuple[float, float]:
    return line.top, line.left


def _is_near(a: Line, b: Line, columns: Sequence[_Stack], size: float) -> bool:
    if max(a.top, b.top) - min(a.bottom, b.bottom) > _NEXT_LINE * size:
        return False
    left, right = min(a.left, b.left), max(a.right, b.right)
    return across(a, b) > 0 or any(column.left - size <= left and right <= column.right + size for column in columns)


def _in_order(parts: Sequence[_Stack]) -> Iterator[list[Line]]:
    """What is above comes before what is below it, and what is left before what is right unless something lies between.

    After T. Breuel, High Performance Document Layout Analysis, 2003.
    """
    if len(parts) > _MOST_PARTS:
        yield from (part.lines for part in sorted(parts, key=lambda part: (part.top, part.left)))
        return
    waiting = sorted(parts, key=lambda part: (part.left, part.top))
    before = {id(part): {id(other) for other in parts if _is_before(other, part, parts)} for part in parts}
    while waiting:
        first = next((part for part in waiting if not before[id(part)]), waiting[0])
        waiting.remove(first)
        for part in waiting:
            before[id(part)].discard(id(first))
        yield first.lines


def _is_before(a: _Stack, b: _Stack, parts: Sequence[_Stack]) -> bool:
    if a is b:
        return False
    if _overlap(a, b):
        return a.top < b.top
    if a.left > b.left:
        return False
    upper, lower = (a, b) if a.top < b.top else (b, a)
    return not any(
        part is not a
        and part is not b
        and upper.bottom <= part.top
        and part.bottom <= lower.top
        and _overlap(part, a)
        and _overlap(part, b)
        for part in parts
    )


def _overlap(a: Line | _Stack, b: _Stack) -> bool:
    return across(a, b) > _TOUCHING * b.lines[0].height
