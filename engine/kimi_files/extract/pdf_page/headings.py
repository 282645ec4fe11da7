"""Headings of a PDF page in one piece: those that go over several lines, and lines of text that were taken for one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kimi_files.extract.pdf_page.styles import Look, Styles
from kimi_files.extract.pdf_page.words import Box, glued

_HEADING = re.compile(r"(#{1,6}) +(\S.*)")
# A number, a letter or a bullet begins a heading or an item of its own.
_BEGINS = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{1,3})*|[A-Z]|[IVX]{1,5})\.? |[•▪●■◦]")
_ALONE = re.compile(r"[^*|\n]{3,120}")
_BOLD = re.compile(rf"\*\*({_ALONE.pattern})\*\*")
_SECTION = re.compile(
    r"((?:[0-9]{1,2}|[A-Z])(?:\.[0-9]{1,2}){1,4})\.? +(?:[0-9.]+ +)?[^\W\d_]|([0-9]{1,2})\.? +(?![^\W\d_]*[0-9])[^\W\d_][^0-9]+$"
)
_PAPER_SECTION = re.compile(
    r"^[IVX]{1,5}\. (?=[^\n]*[^\W\d_]{4})[^a-z\n]{4,90}$(?:\n(?![IVXA-Z]{1,5}\. )(?=[^\n]*[^\W\d_]{4})[^a-z\n]{4,60}$)?",
    re.MULTILINE,
)
_IN_ITALICS = re.compile(r"\*[A-Z]\. ")
# Not the cell of a table.
_PAPER_SUBSECTION = re.compile(
    r"(?<![| \n])[ \n]*+\*([A-Z]\. [^*\n]{3,90})\*(?: \*([^*\n]{2,60})\*)?(?![*\w]) *+(?!\|)\n*"
)
# It stands at the beginning of its paragraph, and all of its line comes in italics.
_PAPER_RUN_IN = re.compile(
    r"^([0-9]{1,2}\)) \*([^*:\n]{2,90})(?:\* \*([^*:\n]{2,60}))?:(?:\*|(?= ))([^*\n]*)\*?[ \n]*", re.MULTILINE
)
_TWO_HEADINGS = re.compile(
    r"\n(?P<level>#{1,6}) (?P<whole>(?P<first>[0-9]{1,2}(?:\.[0-9]{1,2})*)\.? [^\n]*?[^\s\d])"
    r"(?= (?P<second>[0-9]{1,2}(?:\.[0-9]{1,2})+)\.? \D)"
)
_ENDS = re.compile(r"[.:?!。：？！)\]\"”’]\W*$")
_TABLE_OR_FIGURE = (
    r"tab(?:le|elle|leau|la|ela|ell|el|ulka|ella)?|fig(?:ure|ura|uur|ur)?|abb(?:ildung)?|表|図|图|표|таблица|рис"
)
_NO_HEADING = re.compile(
    r"[.:;,?!。：；，？！]\W*$|[.…·]{4}|(?:[.…·] ){3}"
    rf"|^(?:{_TABLE_OR_FIGURE}|exhibit|chart|box)\b",
    re.IGNORECASE,
)
_CAPTION = re.compile(rf"\n#{{1,6}} ((?:{_TABLE_OR_FIGURE})\.? ?[0-9][^\n*]*)$", re.IGNORECASE | re.MULTILINE)
_VALUE = re.compile(r"^[^:]{2,30}: \S*(?:[0-9]{2}|@|://)|[€$£¥] ?[0-9]|[0-9][.,][0-9]{2}(?: ?[€$£¥%]|$)")
_WORD = re.compile(r"\W*[^\W\d_]{2}")
_OTHER = re.compile(r"[|`>]|[-*+] |[0-9]+[.)] |-{3}")

# In shares of the height of a line: lines of one heading stand closer than two headings do.
_CLOSE = 0.65
_MOST_LETTERS = 250
_MOST_RUNS = 4_000
_MOST_BLOCKS = 400
_MOST_SECTIONS = 20
_ALMOST_ALL = 0.8
_SOME = 0.3
_LARGER = 1.1
_MUCH_LARGER = 1.25
_SHORT = 80
_SAME_SIZE = 0.3


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page's markdown and where it stands."""

    text: str
    box: Box | None


def with_whole_headings(blocks: Sequence[Block], styles: Styles) -> list[Block] | None:
    """The blocks with headings over several lines joined, and what is none as text; None where nothing changes."""
    if styles.runs > _MOST_RUNS or len(blocks) > _MOST_BLOCKS:
        return None
    found: list[Block] = []
    changed = False
    for block in (_lowered(_raised(block, styles), styles) for block in blocks):
        last = found[-1] if found else None
        if last is not None and (joined := _joined(last, block, styles)) is not None:
            found[-1] = joined
            changed = True
        else:
            found.append(block)
    return found if changed or found != list(blocks) else None


def with_headings_marked(paragraphs: Sequence[Block], styles: Styles) -> list[Block]:
    """Paragraphs put together from words, as headings where a number or large letters, and a font of their own, say so."""
    return [_marked(paragraph, styles) for paragraph in paragraphs]


def with_headings_of_papers(markdown: str, plain: str) -> str:
    """The markdown with headings in the font of the text, as papers of IEEE have: "I. INTRODUCTION", "A. Data" in italics.

    ``plain`` is the text of the page in its lines.
    """
    for line in _PAPER_SECTION.findall(plain)[:_MOST_SECTIONS]:
        pattern = re.compile(r"[\s*_]+".join(map(re.escape, line.split())) + r"(?!\w)[*_]*")
        matches = list(pattern.finditer(markdown))
        start = markdown.rfind("\n", 0, matches[0].start()) + 1 if matches else 0
        if len(matches) == 1 and markdown[start : start + 1] != "|":
            before, after = markdown[: matches[0].start()].rstrip(" #*_\n"), markdown[matches[0].end() :].lstrip()
            markdown = f"{before}\n\n## {' '.join(line.split())}\n\n{after}".strip()
    if _IN_ITALICS.search(markdown):
        lines = {"".join(line.split()) for line in plain.splitlines()}
        markdown = _PAPER_SUBSECTION.sub(lambda found: _subsection(found, lines), markdown).strip()
    return _PAPER_RUN_IN.sub(_run_in, markdown).strip() if ") *" in markdown else markdown


def with_headings_apart(markdown: str, plain: str) -> str:
    """The markdown with two headings in one line as two: "3.3 Ships 3.3.1 Old ships"; what is over a table is none."""
    if not markdown.startswith("#") and "\n#" not in markdown:
        return markdown
    # With a line end before each heading, what is none is passed over quickly.
    text = _CAPTION.sub(r"\n**\1**", f"\n{markdown}")
    while found := next((found for found in _TWO_HEADINGS.finditer(text) if _are_two(found, plain)), None):
        level = min(len(found["level"]) + found["second"].count(".") - found["first"].count("."), 6)
        text = f"{text[: found.end('whole')]}\n\n{'#' * max(level, 1)} {text[found.end('whole') :].lstrip()}"
    return text[1:]


def _subsection(found: re.Match[str], lines: set[str]) -> str:
    """A heading in italics that is a line or two of the page, out of the paragraph that took it in."""
    parts = [part for part in found.groups() if part]
    if not all("".join(part.split()) in lines for part in parts):
        return found[0]
    return f"\n\n### {glued(parts)}\n\n"


def _run_in(found: re.Match[str]) -> str:
    """A heading of the third level out of the paragraph that it begins: "1) Data: We took …"."""
    number, *title, text = (part or "" for part in found.groups())
    after = f"{text.strip()} " if text.strip() else ""
    return f"\n#### {number} {glued(filter(None, title))}\n\n{after}"


def _are_two(found: re.Match[str], plain: str) -> bool:
    """Whether the second number of a line is that of the section after the first, and begins a line of the page."""
    first, second = ([int(part) for part in found[key].split(".")] for key in ("first", "second"))
    depth = len(second) - 1
    is_next = second == [*first, 1] or (depth < len(first) and second == [*first[:depth], first[depth] + 1])
    return is_next and re.search(rf"^\s*{re.escape(found['second'])}(?!\d)", plain, re.MULTILINE) is not None


def _raised(block: Block, styles: Styles) -> Block:
    """A short paragraph in bold letters as the heading that it is, if it has a number or its letters are large."""
    match = _BOLD.fullmatch(block.text)
    level = _level(match[1], block.box, styles) if match and block.box else 0
    return Block(f"{'#' * level} {match[1]}", block.box) if match and level else block


def _level(title: str, box: Box, styles: Styles) -> int:
    """The level of a short text that stands alone, by its number or its large letters; 0 if it has neither."""
    if _NO_HEADING.search(title):
        return 0
    if number := _SECTION.match(title):
        return min((number[1] or "").count(".") + 2, 6)
    return 2 if _is_title(title) and styles.of(box).style[1] > _MUCH_LARGER * styles.body[1] > 0 else 0


def _lowered(block: Block, styles: Styles) -> Block:
    """A line of the text that begins with a word in bold letters ("Account: 1234") as what it is, no heading.

    liteparse may know a line's first font alone: then a number, an address or an amount behind the word tells.
    """
    match = _HEADING.fullmatch(block.text)
    if match is None or block.box is None or _SECTION.match(match[2]):
        return block
    has_value = _VALUE.search(match[2]) is not None
    if not has_value and ": " not in match[2]:
        return block
    look = styles.of(block.box)
    # Fonts of bitmaps have no size.
    is_large = look.style[1] > _LARGER * styles.body[1] or look.height > _LARGER * styles.height
    return block if is_large or not (has_value or look.of_body >= _SOME) else Block(match[2], block.box)


def _marked(paragraph: Block, styles: Styles) -> Block:
    title, box = paragraph.text, paragraph.box
    if box is None or not _ALONE.fullmatch(title):
        return paragraph
    is_numbered = _SECTION.match(title) is not None
    if not (is_numbered or _is_title(title)):
        return paragraph
    look = styles.of(box)
    # A number may be in a font of its own.
    if look.of_body > 0 or not (is_numbered or look.share >= _ALMOST_ALL):
        return paragraph
    level = _level(title, box, styles)
    return Block(f"{'#' * level} {title}", box) if level else paragraph


def _is_title(text: str) -> bool:
    return bool(_WORD.match(text)) and not text[0].islower() and len(text) <= _SHORT


def _joined(upper: Block, lower: Block, styles: Styles) -> Block | None:
    """Two blocks as one where one of them is only a line of the other."""
    above, below = _HEADING.fullmatch(upper.text), _HEADING.fullmatch(lower.text)
    if not (above or below) or upper.box is None or lower.box is None:
        return None
    if (not above and _OTHER.match(upper.text)) or (not below and _OTHER.match(lower.text)):
        return None
    if min(upper.box.right, lower.box.right) <= max(upper.box.left, lower.box.left):
        return None
    gap, height = lower.box.top - upper.box.bottom, min(upper.box.height, lower.box.height)
    if not -_CLOSE * height < gap < _CLOSE * height:
        return None
    first, second = _bare(above[2] if above else upper.text), _bare(below[2] if below else lower.text)
    may_go_on = above and not below and _goes_on(above[2], lower.text)
    # Most headings have a long text below them, which is told before a look at all letters of the page.
    if len(first) + len(second) > _MOST_LETTERS and not may_go_on:
        return None
    ours, theirs = styles.of(upper.box), styles.of(lower.box)
    if not -_CLOSE * ours.height < gap < _CLOSE * ours.height:
        return None
    box = upper.box.with_(lower.box)
    if _is_one_heading(ours, theirs, styles.body[1]) and not _BEGINS.match(second):
        # A number tells the level of the first line, the size of the letters that of the second.
        of_two_levels = (
            above and below and above[1] != below[1] and any(map(str.isupper, second)) and not _SECTION.match(first)
        )
        is_text = not below and ours.style != theirs.style and (len(second) > _SHORT or _NO_HEADING.search(second))
        is_other = not above and (_NO_HEADING.search(first) or not (_WORD.match(first) or _SECTION.match(first)))
        if of_two_levels or is_text or is_other or len(first) + len(second) > _MOST_LETTERS:
            return None
        return Block(f"{above[1] if above else below[1] if below else ''} {glued([first, second])}", box)
    # A line of the text that some words of another font made look like a heading.
    is_text = ours.of_body >= _SOME or ours.style[1] <= _LARGER * styles.body[1]
    if above and may_go_on and is_text:
        return Block(glued([above[2], lower.text]), box)
    return None


def _is_one_heading(ours: Look, theirs: Look, body: float) -> bool:
    if ours.style == theirs.style and min(ours.share, theirs.share) >= _ALMOST_ALL:
        return not ours.of_body and not theirs.of_body
    return abs(ours.style[1] - theirs.style[1]) < _SAME_SIZE and ours.style[1] > _LARGER * body > 0


def _goes_on(line: str, text: str) -> bool:
    """Whether a text goes on with the sentence of a line, as far as scripts with small letters tell."""
    first = _bare(text)[:1]
    is_apart = _ENDS.search(line) or _SECTION.match(line) or _bare(text).startswith("by ")
    return not is_apart and first.isalpha() and first.lower() == first


def _bare(text: str) -> str:
    return text.replace("**", "").strip("*_ ")
