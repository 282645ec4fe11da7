"""Word documents that are packages (docx) or one XML file, by the libraries, and what those lose: charts, changes, comments."""

from __future__ import annotations

import html
import io
import posixpath
import re
from collections.abc import Iterator

from kimi_files.errors import KimiFilesError
from kimi_files.extract import readers
from kimi_files.extract.document import PageText
from kimi_files.extract.office import libraries
from kimi_files.extract.office.losses import Line, letters, share, with_lost, words
from kimi_files.extract.office.markdown import Block, picture
from kimi_files.extract.office.package import Attributes, Package, parse_xml, tree
from kimi_files.extract.office.revisions import DOCUMENT, unplaced_comments, with_visible_revisions
from kimi_files.formats import DOCX

# Below this share of what stands in the file, a library lost a chart; below that one, a paragraph.
_ENOUGH = 0.9
_ALL = 0.99
# Nothing here is tried twice: of a document without ends, every byte is looked at once.
_FALLBACK = re.compile(rb"<mc:Fallback>(?>(?:(?!</?mc:Fallback).)*)</mc:Fallback>", re.DOTALL)
_WORDS = re.compile(rb"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_DESCRIPTION = re.compile(rb"<wp:docPr [^<>]*?descr=\"([^\"<>]+)\"")

_CHARTS = ("chart", "chartEx")
_FIGURES = (*_CHARTS, "diagramData")

_LONG_NUMBER = re.compile(r"\d{1,15}\.\d{14,17}(?!\d)")

_CHUNK = re.compile(
    rb'<w:altChunk [^<>]*?r:id="([^"<>]+)"[^<>]*?(?:/>|>(?>(?:(?!</?w:altChunk[ >]).)*)</w:altChunk>)', re.DOTALL
)
# A private sign, which no document uses before a number.
_CHUNK_MARK = "\ue0ac"
_CHUNK_READERS = ("web", "web_archive", "text", "word")


def blocks(untrusted_bytes: bytes) -> tuple[list[Block], list[str]]:
    """The text with comments that have no place in it behind it; and the lines of all headers and footers, each once.

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: Why it cannot be read.
    """
    if not untrusted_bytes.startswith(b"PK"):
        from kimi_files.extract.office import flat

        untrusted_bytes = flat.word_package(untrusted_bytes)
    package = Package(untrusted_bytes)
    marked, chunks = _with_marked_chunks(package, untrusted_bytes)
    found = _read(Package(marked) if chunks else package, marked)
    found = list(_with_chunks(found, package, chunks)) if chunks else found
    return found + [Block(text) for text in unplaced_comments(package)], _headers_and_footers(package)


def _read(package: Package, untrusted_bytes: bytes) -> list[Block]:
    """By the libraries, with changes and comments told, and with what those lose."""
    shown = with_visible_revisions(package, untrusted_bytes)
    if shown is not untrusted_bytes:
        package, untrusted_bytes = Package(shown), shown
    blocks = libraries.blocks(untrusted_bytes, "docx")
    main = package.main(DOCUMENT)
    figures = sorted(related for related in package.relations(main).values() if related[0] in _FIGURES)
    if any(kind == "chart" for kind, _ in figures):
        from kimi_files.extract.office.number_format import general

        # The library writes a chart's values with all the digits of a binary number: 4.4000000000000004.
        blocks = [Block(_LONG_NUMBER.sub(lambda n: general(float(n[0])), block.text), block.level) for block in blocks]
    # A shape stands twice in the file, the second time for programs from before 2010.
    written = package.part(main)
    written = _FALLBACK.sub(b"", written) if b"<mc:Fallback>" in written else written
    texts = list(_paragraphs(written))
    if letters(block.text for block in blocks) < _ALL * letters(texts):
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
            yield from _read(Package(content), content)
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
    if not figures:
        return
    from kimi_files.extract.office.slides_package import chart, diagram

    for kind, part in figures:
        root = tree(package.part(part))
        found = list((chart if kind in _CHARTS else diagram)(root)) if root is not None else []
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
