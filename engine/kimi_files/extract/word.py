"""Reads texts of word processors: docx and its variants, the binary doc, RTF and OpenDocument."""

from __future__ import annotations

import html
import io
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from kimi_files.errors import DamagedFile, KimiFilesError, UnsupportedFile
from kimi_files.extract import readers, rtf, rtf_signs
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.markdown import plain_title
from kimi_files.extract.office import by_anydoc, by_office_oxide, flat, word_binary
from kimi_files.extract.office.losses import Line, Parts, Reading, share, with_lost, words
from kimi_files.extract.office.markdown import Block, join_blocks, picture
from kimi_files.extract.office.number_format import general
from kimi_files.extract.office.open_document import OpenDocument
from kimi_files.extract.office.package import Attributes, Package, parse_xml, tree
from kimi_files.extract.office.revisions import DOCUMENT, unplaced_comments, with_visible_revisions
from kimi_files.extract.office.slides_package import chart, diagram
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
_ALL = 0.99
# From this share on, what is missing is put back into its reading, and no other library is asked.
_MOSTLY = 0.6
# Below this one, it read other letters than those that stand there.
_HALF = 0.5

# Of text in its own code page, at least this part of the signs beyond ASCII are letters.
_LETTERS = 0.6
# Nothing here is tried twice: of a document without ends, every byte is looked at once.
_FALLBACK = re.compile(rb"<mc:Fallback>(?>(?:(?!</?mc:Fallback).)*)</mc:Fallback>", re.DOTALL)
_WORDS = re.compile(rb"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_DESCRIPTION = re.compile(rb"<wp:docPr [^<>]*?descr=\"([^\"<>]+)\"")

_FIGURES = {"chart": chart, "chartEx": chart, "diagramData": diagram}

_LONG_NUMBER = re.compile(r"\d{1,15}\.\d{14,17}(?!\d)")

_CHUNK = re.compile(
    rb'<w:altChunk [^<>]*?r:id="([^"<>]+)"[^<>]*?(?:/>|>(?>(?:(?!</?w:altChunk[ >]).)*)</w:altChunk>)', re.DOTALL
)
# A private sign, which no document uses before a number.
_CHUNK_MARK = "\ue0ac"
_CHUNK_READERS = ("web", "web_archive", "text", "word")

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
        document = OpenDocument(untrusted_bytes)
        blocks = document.text() + _running_heads(document.running_heads())
    elif format == RTF:
        blocks = _rtf_blocks(untrusted_bytes)
    elif format == DOCX:
        if not untrusted_bytes.startswith(b"PK"):
            untrusted_bytes = flat.word_package(untrusted_bytes)
        package = Package(untrusted_bytes)
        marked, chunks = _with_marked_chunks(package, untrusted_bytes)
        blocks = _docx_blocks(Package(marked) if chunks else package, marked)
        blocks = list(_with_chunks(blocks, package, chunks)) if chunks else blocks
        blocks += [Block(text) for text in unplaced_comments(package)]
        blocks += _running_heads(_headers_and_footers(package))
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


def _blocks(untrusted_bytes: bytes, kind: str) -> list[Block]:
    """The first of the two libraries that finds text; what anydoc said, where neither does."""
    blocks: list[Block] = []
    failure: DamagedFile | UnsupportedFile | None = None
    try:
        blocks = by_anydoc.blocks(untrusted_bytes, kind)
    except (DamagedFile, UnsupportedFile) as error:
        failure = error
    if not join_blocks(blocks) and by_office_oxide.is_installed():
        try:
            document = by_office_oxide.opened(untrusted_bytes, kind)
            return [block for section in by_office_oxide.sections(document) for block in section.blocks]
        except (DamagedFile, UnsupportedFile) as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return blocks


def _docx_blocks(package: Package, untrusted_bytes: bytes) -> list[Block]:
    """By the libraries, with changes and comments told, and with what those lose."""
    shown = with_visible_revisions(package, untrusted_bytes)
    if shown is not untrusted_bytes:
        package, untrusted_bytes = Package(shown), shown
    blocks = _blocks(untrusted_bytes, "docx")
    main = package.main(DOCUMENT)
    figures = sorted(related for related in package.relations(main).values() if related[0] in _FIGURES)
    if any(kind == "chart" for kind, _ in figures):
        # The library writes a chart's values with all the digits of a binary number: 4.4000000000000004.
        blocks = [Block(_LONG_NUMBER.sub(lambda n: general(float(n[0])), block.text), block.level) for block in blocks]
    # A shape stands twice in the file, the second time for programs from before 2010.
    written = package.part(main)
    written = _FALLBACK.sub(b"", written) if b"<mc:Fallback>" in written else written
    texts = list(_paragraphs(written))
    if _letters(blocks) < _ALL * sum(map(_count, texts)):
        blocks = with_lost(blocks, [Line((text,)) for text in texts])
    return blocks + list(_lost_descriptions(written, blocks)) + list(_lost_figures(package, figures, blocks))


def _with_marked_chunks(package: Package, untrusted_bytes: bytes) -> tuple[bytes, dict[str, str]]:
    """The document with a mark where a file of another format is to stand in its text, and the part of each mark."""
    main = package.main(DOCUMENT)
    parts = {identity: part for identity, (kind, part) in package.relations(main).items() if kind == "aFChunk"}
    if not parts:
        return untrusted_bytes, {}
    chunks: dict[str, str] = {}

    def mark(chunk: re.Match[bytes]) -> bytes:
        text = f"{_CHUNK_MARK}{len(chunks)}{_CHUNK_MARK}"
        chunks[text] = parts.get(chunk[1].decode("utf-8", "replace"), "")
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>".encode()

    changed = _CHUNK.sub(mark, package.part(main))
    return (package.rewritten({main: changed}), chunks) if chunks else (untrusted_bytes, {})


def _with_chunks(blocks: list[Block], package: Package, chunks: dict[str, str]) -> Iterator[Block]:
    """The blocks with what each mark stands for; at the end, what a library left out."""
    waiting = dict(chunks)
    for block in blocks:
        part = waiting.pop(block.text.strip(), None)
        if part is None:
            yield block
        else:
            yield from _chunk_blocks(package, part)
    for part in waiting.values():
        yield from _chunk_blocks(package, part)


def _chunk_blocks(package: Package, part: str) -> Iterator[Block]:
    """A file of another format within the document, one deep: HTML, RTF, plain text, another document."""
    name = posixpath.basename(part)
    try:
        identified, module, plain = readers.find_reader(io.BytesIO(package.part(part)), name)
        if identified.format == DOCX:
            content = plain.read()
            yield from _docx_blocks(Package(content), content)
        elif module in _CHUNK_READERS:
            for event in readers.read(module, plain, name, identified.format):
                if isinstance(event, PageText):
                    yield Block(event.text.strip())
        else:
            yield Block(f"[embedded {name}: {identified.format.name}, not read]")
    except KimiFilesError as error:
        yield Block(f"[embedded {name}: {error}]")


def _lost_descriptions(written: bytes, blocks: list[Block]) -> Iterator[Block]:
    """What describes a shape, which the libraries give for pictures alone."""
    described = _DESCRIPTION.findall(written) if b' descr="' in written else ()
    if not described:
        return
    there = words(block.text for block in blocks)
    for description in dict.fromkeys(described):
        text = html.unescape(description.decode("utf-8", "replace"))
        if words([text]) - there:
            yield Block(picture(text))


def _lost_figures(package: Package, figures: list[tuple[str, str]], blocks: list[Block]) -> Iterator[Block]:
    """Charts and diagrams that the libraries do not give, after the text."""
    for kind, part in figures:
        root = tree(package.part(part))
        found = list(_FIGURES[kind](root)) if root is not None else []
        if found and share(blocks, words(block.text for block in found)) < _ENOUGH:
            yield from found


def _paragraphs(written: bytes) -> Iterator[str]:
    """The words of each paragraph, also of those in drawings, which no library gives."""
    if b"<a:t>" in written:
        written = written.replace(b"<a:t>", b"<w:t>").replace(b"</a:t>", b"</w:t>").replace(b"</a:p>", b"</w:p>")
    for paragraph in written.split(b"</w:p>"):
        text = html.unescape(b"".join(_WORDS.findall(paragraph)).decode("utf-8", "replace"))
        if text and not text.isspace():
            yield text


def _rtf_blocks(untrusted_bytes: bytes) -> list[Block]:
    """By anydoc, with the words that it lost or does not read: changes, comments, page heads."""
    untrusted_bytes = rtf_signs.with_signs(untrusted_bytes)
    return _checked(untrusted_bytes, "rtf", rtf.parts(untrusted_bytes), (by_anydoc.blocks,))


def _letters(blocks: list[Block]) -> int:
    return sum(_count(block.text) for block in blocks)


def _count(text: str) -> int:
    return sum(map(str.isalnum, text))


def _doc_blocks(untrusted_bytes: bytes) -> list[Block]:
    """Of a binary document: the library's reading that has most of the file's own words, and the words that it lost."""
    parts = word_binary.parts(untrusted_bytes)
    if parts is None:
        return _blocks(untrusted_bytes, "doc")
    if parts.is_all and parts.text:
        return parts.blocks() + _running_heads([line.text for line in parts.running_heads])
    return _checked(untrusted_bytes, "doc", parts, (by_anydoc.blocks, by_office_oxide.blocks))


def _checked(untrusted_bytes: bytes, kind: str, parts: Parts, libraries: Sequence[_Library]) -> list[Block]:
    """The reading of the library that has most of what stands in the file, with what it lost; without it, that alone."""
    heads = parts.running_heads
    try:
        reading = _fullest(untrusted_bytes, kind, parts.text, libraries)
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
    has_lost = _letters(reading.blocks) < _ENOUGH * _letters(own)
    # Letters of another code page than the file's are no words that the library found.
    is_right = parts.is_sure or _clarity(join_blocks(reading.blocks)) < min(_clarity(join_blocks(own)), _LETTERS)
    return own if has_lost or (parts.is_legible and is_right) else reading.blocks


def _clarity(text: str) -> float:
    """Which part of the signs beyond ASCII are letters; 0 where there is no text."""
    foreign = [sign for sign in text if not sign.isascii() and not sign.isspace()]
    return sum(map(str.isalpha, foreign)) / len(foreign) if foreign else float(bool(text))


def _fullest(untrusted_bytes: bytes, kind: str, lines: list[Line], libraries: Sequence[_Library]) -> Reading:
    best: Reading | None = None
    failure: DamagedFile | UnsupportedFile | None = None
    for library in libraries:
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


def _headers_and_footers(package: Package) -> list[str]:
    """The lines of every header and footer, each once."""
    texts: list[str] = []
    for part in sorted(package.names):
        if part.startswith(("word/header", "word/footer")) and part.endswith(".xml"):
            texts.extend(_plain_text(package.part(part)).splitlines())
    return list(dict.fromkeys(texts))


def _plain_text(part: bytes) -> str:
    words: list[str] = []
    stack: list[str] = []

    def start(tag: str, attributes: Attributes) -> None:
        stack.append(tag)
        if tag in ("tab", "br", "tc"):
            words.append(" ")
        elif tag == "docPr" and "Fallback" not in stack:
            words.append(picture(attributes.get("descr")))

    def end(tag: str) -> None:
        stack.pop()
        if tag == "p":
            words.append("\n")

    def text(content: str) -> None:
        # A shape stands twice in the file, the second time for programs from before 2010.
        if stack and stack[-1] == "t" and "Fallback" not in stack:
            words.append(content)

    parse_xml(part, start, end, text)
    lines = (" ".join(line.split()) for line in "".join(words).splitlines())
    return "\n".join(line for line in lines if line)


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
