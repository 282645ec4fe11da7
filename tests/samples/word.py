"""Writes docx files (paragraphs of WordprocessingML with notes, comments, tracked changes, headers), and those of Word 95."""

from __future__ import annotations

import struct

from tests.samples.mail import compound
from tests.samples.package import OFFICE, package, relations

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_NAMESPACES = f'xmlns:w="{_W}" xmlns:r="{OFFICE}"'

_NUMBERING = (
    f'<w:numbering {_NAMESPACES}><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
    '<w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl><w:lvl w:ilvl="1"><w:start w:val="1"/>'
    '<w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2)"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
)
_STYLES = f"<w:styles {_NAMESPACES}>" + "".join(
    f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
    f'<w:pPr><w:outlineLvl w:val="{level - 1}"/></w:pPr></w:style>'
    for level in (1, 2, 3)
)


def docx(
    body: list[str],
    *,
    footnotes: dict[int, str] | None = None,
    comments: dict[int, tuple[str, str]] | None = None,
    header: str = "",
    link: str = "",
) -> bytes:
    """A Word document of the given paragraphs; ``comments`` maps ids to (author, text), ``link`` is the target of rId9."""
    reference = '<w:headerReference w:type="default" r:id="rId4"/>' if header else ""
    parts: dict[str, str | bytes] = {
        "word/document.xml": f"<w:document {_NAMESPACES}><w:body>{''.join(body)}"
        f"<w:sectPr>{reference}</w:sectPr></w:body></w:document>",
        "word/styles.xml": _STYLES + "</w:styles>",
        "word/numbering.xml": _NUMBERING,
    }
    targets = {"rId1": ("styles", "styles.xml"), "rId2": ("numbering", "numbering.xml")}
    if footnotes:
        targets["rId3"] = ("footnotes", "footnotes.xml")
        notes = "".join(f'<w:footnote w:id="{n}">{paragraph(text)}</w:footnote>' for n, text in footnotes.items())
        parts["word/footnotes.xml"] = f"<w:footnotes {_NAMESPACES}>{notes}</w:footnotes>"
    if header:
        targets["rId4"] = ("header", "header1.xml")
        parts["word/header1.xml"] = f"<w:hdr {_NAMESPACES}>{paragraph(header)}</w:hdr>"
    if comments:
        targets["rId5"] = ("comments", "comments.xml")
        texts = "".join(
            f'<w:comment w:id="{n}" w:author="{author}">{paragraph(text)}</w:comment>'
            for n, (author, text) in comments.items()
        )
        parts["word/comments.xml"] = f"<w:comments {_NAMESPACES}>{texts}</w:comments>"
    if link:
        targets["rId9"] = ("hyperlink", link)
    parts["word/_rels/document.xml.rels"] = relations(targets)
    types = {"word/document.xml": f"{_TYPE}document.main+xml"}
    for name in parts:
        kind = name.removeprefix("word/").removesuffix(".xml").rstrip("1")
        if kind in ("styles", "numbering", "footnotes", "header", "comments"):
            types[name] = f"{_TYPE}{kind}+xml"
    return package(parts, types, "word/document.xml")


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*texts: str) -> str:
    """A paragraph of plain texts, or of runs that are already markup."""
    return f"<w:p>{''.join(text if text.startswith('<') else run(text) for text in texts)}</w:p>"


def heading(level: int, text: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="Heading{level}"/></w:pPr>{run(text)}</w:p>'


def point(level: int, text: str) -> str:
    """A paragraph of the numbered list."""
    return f'<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr></w:pPr>{run(text)}</w:p>'


def table(rows: list[list[str]]) -> str:
    """A table; a cell that starts with ``>>`` spans two columns, one with ``v`` before ``|`` starts a vertical merge."""
    lines = []
    for row in rows:
        cells = []
        for text in row:
            properties = ""
            if text.startswith(">>"):
                properties = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>'
            elif text.startswith("v|"):
                properties = '<w:tcPr><w:vMerge w:val="restart"/></w:tcPr>'
            elif text == "^":
                properties = "<w:tcPr><w:vMerge/></w:tcPr>"
            words = "" if text == "^" else text.removeprefix(">>").removeprefix("v|")
            cells.append(f"<w:tc>{properties}{paragraph(words)}</w:tc>")
        lines.append(f"<w:tr>{''.join(cells)}</w:tr>")
    columns = max(sum(2 if text.startswith(">>") else 1 for text in row) for row in rows)
    return f"<w:tbl><w:tblGrid>{'<w:gridCol/>' * columns}</w:tblGrid>{''.join(lines)}</w:tbl>"


def word_97(runs: list[tuple[str, bytes]], fonts: list[str] | None = None, fields: bytes = b"") -> bytes:
    """A binary document of runs with the properties of their characters; without styles, its first paragraph is a heading.

    ``fields`` is the stream with the data of form fields.
    """
    text = "".join(words for words, _ in runs)
    start, place = 0x400, 0x400 + 2 * len(text) + -2 * len(text) % 512
    # A page of character properties: where runs begin, where each one's properties stand, these from the end on.
    page = bytearray(512)
    page[511] = len(runs)
    position, top = start, 511
    for number, (words, properties) in enumerate(runs):
        struct.pack_into("<II", page, 4 * number, position, position + 2 * len(words))
        position += 2 * len(words)
        if properties:
            top = (top - 1 - len(properties)) // 2 * 2
            page[top : top + 1 + len(properties)] = bytes([len(properties)]) + properties
            page[4 * (len(runs) + 1) + number] = top // 2
    pages = struct.pack("<3I", start, position, place // 512)
    pieces = struct.pack("<2I", 0, len(text)) + struct.pack("<HIH", 0, start, 0)
    pieces = b"\x02" + struct.pack("<I", len(pieces)) + pieces
    names = b"".join(
        bytes([39 + 2 * len(name) + 2]) + bytes(39) + (name + "\0").encode("utf-16-le") for name in fonts or []
    )
    names = struct.pack("<HH", len(fonts or []), 0) + names
    block, tables = bytearray(start), b""
    for field, table in ((0xFA, pages), (0x112, names), (0x1A2, pieces)):
        struct.pack_into("<II", block, field, len(tables), len(table))
        tables += table
    struct.pack_into("<HH", block, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", block, 10, 0x0200)
    struct.pack_into("<i", block, 0x4C, len(text))
    main = (bytes(block) + text.encode("utf-16-le")).ljust(place, b"\0") + page
    return compound({"WordDocument": main, "1Table": tables, "Data": fields})


def word_95(text: str, encoding: str = "cp1252", heads: str = "") -> bytes:
    """A document of Word 95 with paragraphs that end with a carriage return; in UTF-16 as in its Far Eastern edition.

    ``heads`` is the text of its headers and footers.
    """
    raw = (text + heads).encode(encoding)
    header = struct.pack("<HHHHHH", 0xA5DC, 0x0068, 0xC02D, 0x0409, 0, 0x1000 if encoding.startswith("utf-16") else 0)
    header = header.ljust(0x18, b"\0") + struct.pack("<II", 0x300, 0x300 + len(raw))
    header = header.ljust(0x34, b"\0") + struct.pack("<8i", len(text), 0, len(heads), 0, 0, 0, 0, 0)
    return compound({"WordDocument": (header.ljust(0x300, b"\0") + raw).ljust(4_096, b"\0")})
