"""Reads texts of word processors: docx and its variants, the binary doc, RTF and OpenDocument."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from kimi_files.errors import DamagedFile, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.markdown import plain_title
from kimi_files.extract.office import by_anydoc, by_office_oxide, libraries
from kimi_files.extract.office.losses import Line, Parts, Reading, letters
from kimi_files.extract.office.markdown import Block, join_blocks
from kimi_files.extract.pieces import outline_entry, page_texts
from kimi_files.extract.symbols import readable
from kimi_files.formats import DOCX, ODT, RTF, Format
from kimi_files.tokens import estimate_tokens

# Up to this many tokens the document is one page; a longer one is cut into sections.
_ONE_PAGE_TOKENS = 2_000
# A heading starts a new section only after this much, so that a list of headings is not a list of pages.
_LEAST_TOKENS = 300
# Text without headings is cut as well, between paragraphs: a citation of a section should be of use.
_MOST_TOKENS = 3_000
# A text of fewer bytes never has more tokens than one page.
_LEAST_BYTES = 1_500
# So many times more or fewer tokens than one page, by samples, are so however they are counted.
_CLEARLY = 1.3
_SAMPLES, _SAMPLE_CHARACTERS = 8, 250

# Below this share of the letters that stand in the file, the library lost text.
_ENOUGH = 0.9
# From this share on, what is missing is put back into its reading, and no other library is asked.
_MOSTLY = 0.6
# Below this one, it read other letters than those that stand there.
_HALF = 0.5

# Of text in its own code page, at least this part of the signs beyond ASCII are letters.
_LETTERS = 0.6

_Library = Callable[[bytes, str], list[Block]]

_NO_TEXT = "The document has no text of its own."


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """A short document as one page, a long one as sections; headings as the outline.

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: Why it cannot be read.
    """
    untrusted_bytes = stream.read()
    if format == ODT:
        from kimi_files.extract.office.open_document import OpenDocument

        document = OpenDocument(untrusted_bytes)
        blocks = document.text() + _running_heads(document.running_heads())
    elif format == RTF:
        blocks = _rtf_blocks(untrusted_bytes)
    elif format == DOCX:
        from kimi_files.extract.office import word_package

        found, heads = word_package.blocks(untrusted_bytes)
        blocks = found + _running_heads(heads)
    else:
        blocks = _doc_blocks(untrusted_bytes)
    yield from _outlined(_sections(list(map(_readable, blocks))))


def _readable(block: Block) -> Block:
    text = readable(block.text)
    return block if text is block.text else Block(text, block.level)


@dataclass(slots=True)
class _Section:
    blocks: list[Block] = field(default_factory=list)
    tokens: float = 0.0


def _rtf_blocks(untrusted_bytes: bytes) -> list[Block]:
    """By anydoc, with the words that it lost or does not read: changes, comments, page heads."""
    from kimi_files.extract import rtf, rtf_signs

    untrusted_bytes = rtf_signs.with_signs(untrusted_bytes)
    return _checked(untrusted_bytes, "rtf", rtf.parts(untrusted_bytes), (by_anydoc.blocks,))


def _doc_blocks(untrusted_bytes: bytes) -> list[Block]:
    """Of a binary document: the library's reading that has most of the file's own words, and the words that it lost."""
    from kimi_files.extract.office import word_binary

    parts = word_binary.parts(untrusted_bytes)
    if parts is None:
        return libraries.blocks(untrusted_bytes, "doc")
    if parts.is_all and parts.text:
        return parts.blocks() + _running_heads([line.text for line in parts.running_heads])
    return _checked(untrusted_bytes, "doc", parts, (by_anydoc.blocks, by_office_oxide.blocks))


def _checked(untrusted_bytes: bytes, kind: str, parts: Parts, readers: Sequence[_Library]) -> list[Block]:
    """The reading of the library that has most of what stands in the file, with what it lost; without it, that alone."""
    heads = parts.running_heads
    try:
        reading = _fullest(untrusted_bytes, kind, parts.text, readers)
    except (DamagedFile, UnsupportedFile):
        if not parts.text:
            raise
        blocks = parts.blocks()
    else:
        blocks = _chosen(reading, parts)
        heads = [line for line in heads if not reading.has_besides(line)]
    return blocks + _running_heads([line.text for line in heads])


def _chosen(reading: Reading, parts: Parts) -> list[Block]:
    if reading.share >= _HALF:
        return reading.with_lost()
    own = parts.blocks()
    has_lost = letters(block.text for block in reading.blocks) < _ENOUGH * letters(block.text for block in own)
    # Letters of another code page than the file's are no words that the library found.
    is_right = parts.is_sure or _clarity(join_blocks(reading.blocks)) < min(_clarity(join_blocks(own)), _LETTERS)
    return own if has_lost or (parts.is_legible and is_right) else reading.blocks


def _clarity(text: str) -> float:
    """Which part of the signs beyond ASCII are letters; 0 where there is no text."""
    foreign = [sign for sign in text if not sign.isascii() and not sign.isspace()]
    return sum(map(str.isalpha, foreign)) / len(foreign) if foreign else float(bool(text))


def _fullest(untrusted_bytes: bytes, kind: str, lines: list[Line], readers: Sequence[_Library]) -> Reading:
    best: Reading | None = None
    failure: DamagedFile | UnsupportedFile | None = None
    for library in readers:
        try:
            reading = Reading(library(untrusted_bytes, kind), lines)
        except (DamagedFile, UnsupportedFile) as error:
            failure = failure or error
            continue
        if best is None or reading.share > best.share:
            best = reading
        if reading.share >= _MOSTLY:
            break
    if best is None:
        raise failure or DamagedFile("The file is damaged.", "Open it in its program and save it again.")
    return best


def _running_heads(texts: list[str]) -> list[Block]:
    return [Block("Headers and footers:\n" + "\n".join(texts))] if texts else []


def _sections(blocks: list[Block]) -> list[_Section]:
    filled = [block for block in blocks if block.text]
    text = join_blocks(filled)
    size = _bytes(text)
    rate = _tokens_a_byte(text) if size > _LEAST_BYTES else 0.0
    is_clear = not _ONE_PAGE_TOKENS / _CLEARLY < size * rate < _ONE_PAGE_TOKENS * _CLEARLY
    if (size * rate if is_clear else estimate_tokens(text)) <= _ONE_PAGE_TOKENS:
        return [_Section(filled)]
    sections = [_Section()]
    for block in filled:
        tokens = _bytes(block.text) * rate
        current = sections[-1]
        is_due = block.level > 0 and (current.tokens >= _LEAST_TOKENS or block.level == 1)
        if current.blocks and not _only_headings(current) and (is_due or current.tokens + tokens > _MOST_TOKENS):
            current = _Section()
            sections.append(current)
        current.blocks.append(block)
        current.tokens += tokens
    return sections


def _tokens_a_byte(text: str) -> float:
    """Of a long text by samples at even distances: to count all of its tokens takes as long as to read the file."""
    distance = max(len(text) // _SAMPLES, _SAMPLE_CHARACTERS)
    sample = "".join(text[start : start + _SAMPLE_CHARACTERS] for start in range(0, len(text), distance))
    return estimate_tokens(sample) / max(_bytes(sample), 1)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _only_headings(section: _Section) -> bool:
    """A chapter's heading stays with the first section of the chapter."""
    return all(block.level for block in section.blocks)


def _outlined(sections: list[_Section]) -> Iterator[PageText | OutlineEntry | Warning]:
    is_one_page = len(sections) == 1
    for number, section in enumerate(sections, start=1):
        headings = [block for block in section.blocks if block.level]
        title = plain_title(headings[0].text.lstrip("# ")) if headings and headings[0] is section.blocks[0] else None
        yield from page_texts(
            number,
            str(number),
            "text" if is_one_page else "section",
            None if is_one_page else title,
            join_blocks(section.blocks),
        )
        yield from _entries(headings, number)
    if not any(section.blocks for section in sections):
        yield Warning(message=_NO_TEXT)


def _entries(headings: Iterable[Block], number: int) -> Iterator[OutlineEntry]:
    for block in headings:
        entry = outline_entry(plain_title(block.text.lstrip("# ")), block.level, number)
        if entry is not None:
            yield entry
