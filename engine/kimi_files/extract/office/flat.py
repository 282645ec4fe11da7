"""Office documents that are one XML file: packages written flat, and the Word and Excel formats of 2003."""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import zipfile
from collections.abc import Iterator

from kimi_files.errors import DamagedFile
from kimi_files.extract.office.grid import MOST_CELLS, Grid, too_many_cells
from kimi_files.extract.office.markdown import link
from kimi_files.extract.office.package import Attributes, check_xml, parse_xml

_WORD_2003 = b"http://schemas.microsoft.com/office/word/2003/wordml"
_WORD = b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml."

_PART = re.compile(rb"<pkg:part ([^>]*)>(.*?)</pkg:part>", re.DOTALL)
_ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')
_XML_DATA = re.compile(rb"<pkg:xmlData[^>]*>(.*)</pkg:xmlData>", re.DOTALL)
_BINARY_DATA = re.compile(rb"<pkg:binaryData[^>]*>(.*)</pkg:binaryData>", re.DOTALL)

_ROOT = re.compile(rb"<(?:w:)?wordDocument\b([^>]*)>")
_BODY = re.compile(rb"<w:body\b[^>]*>(.*)</w:body>", re.DOTALL)
_STYLES = re.compile(rb"<w:styles\b[^>]*>.*?</w:styles>", re.DOTALL)
_LISTS = re.compile(rb"<w:lists\b[^>]*>(.*?)</w:lists>", re.DOTALL)
_NOTE = re.compile(rb"<w:footnote\b[^>]*>(.*?)</w:footnote>", re.DOTALL)
_LINK = re.compile(rb"<w:hlink\b([^>]*)>")
_NUMBER_FORMATS = (b"decimal", b"upperRoman", b"lowerRoman", b"upperLetter", b"lowerLetter")
_RENAMED = (
    # How Word was to lay the text out.
    (re.compile(rb"</?wx:[^>]*>"), b""),
    (re.compile(rb"<w:binData\b.*?</w:binData>", re.DOTALL), b""),
    (re.compile(rb"<w:listPr>"), b"<w:numPr>"),
    (re.compile(rb"</w:listPr>"), b"</w:numPr>"),
    (re.compile(rb"<w:ilfo "), b"<w:numId "),
    (re.compile(rb"</w:hlink>"), b"</w:hyperlink>"),
    (re.compile(rb'<aml:annotation\b[^>]*w:type="Word.Insertion"[^>]*><aml:content>'), b'<w:ins w:id="0" w:author="">'),
    (re.compile(rb'<aml:annotation\b[^>]*w:type="Word.Deletion"[^>]*><aml:content>'), b'<w:del w:id="0" w:author="">'),
)


def word_package(untrusted_bytes: bytes) -> bytes:
    """A Word document that is one XML file as the package of the same content.

    Raises DamagedFile where it is neither.
    """
    check_xml(untrusted_bytes)
    if b"<pkg:package" in untrusted_bytes[:4096]:
        return _packed(dict(_flat_parts(untrusted_bytes)), _flat_types(untrusted_bytes))
    root, body = _ROOT.search(untrusted_bytes), _BODY.search(untrusted_bytes)
    if root is None or body is None:
        raise DamagedFile("The Word document has no text.", "Open it in Word and save it again.")
    return _of_2003(untrusted_bytes, root[1], body[1])


def _flat_parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    for part in _PART.finditer(content):
        name = dict(_ATTRIBUTE.findall(part[1])).get(b"pkg:name", b"").decode("utf-8", "replace").lstrip("/")
        if found := _XML_DATA.search(part[2]):
            yield name, found[1]
        elif found := _BINARY_DATA.search(part[2]):
            try:
                yield name, base64.b64decode(b"".join(found[1].split()))
            except binascii.Error:
                continue


def _flat_types(content: bytes) -> dict[str, str]:
    attributes = (dict(_ATTRIBUTE.findall(part[1])) for part in _PART.finditer(content))
    return {
        found.get(b"pkg:name", b"").decode("utf-8", "replace"): found.get(b"pkg:contentType", b"").decode(
            "utf-8", "replace"
        )
        for found in attributes
    }


def _of_2003(content: bytes, namespaces: bytes, body: bytes) -> bytes:
    for pattern, instead in _RENAMED:
        body = pattern.sub(instead, body)
    # Insertions and deletions end alike: each with its own beginning, none within another.
    body = _ended(body)
    notes: list[bytes] = []
    targets: list[str] = []

    def note(match: re.Match[bytes]) -> bytes:
        notes.append(match[1])
        return b'<w:footnoteReference w:id="%d"/>' % (len(notes) + 1)

    def linked(match: re.Match[bytes]) -> bytes:
        target = dict(_ATTRIBUTE.findall(match[1])).get(b"w:dest", b"")
        targets.append(target.decode("utf-8", "replace"))
        return b'<w:hyperlink r:id="rIdL%d">' % len(targets)

    body = _LINK.sub(linked, _NOTE.sub(note, body))
    names = namespaces.replace(_WORD_2003, _WORD) + f' xmlns:r="{_OFFICE}"'.encode()
    parts = {"word/document.xml": b"<w:document%s><w:body>%s</w:body></w:document>" % (names, body)}
    kinds = {"document": "document.main"}
    if styles := _STYLES.search(content):
        parts["word/styles.xml"] = b"<w:styles%s>%s" % (names, styles[0].partition(b">")[2])
        kinds["styles"] = "styles"
    if lists := _LISTS.search(content):
        parts["word/numbering.xml"] = b"<w:numbering%s>%s</w:numbering>" % (names, _numbering(lists[1]))
        kinds["numbering"] = "numbering"
    if notes:
        written = b"".join(b'<w:footnote w:id="%d">%s</w:footnote>' % (n, text) for n, text in enumerate(notes, 2))
        parts["word/footnotes.xml"] = b"<w:footnotes%s>%s</w:footnotes>" % (names, written)
        kinds["footnotes"] = "footnotes"
    related = "".join(
        f'<Relationship Id="rId{name}" Type="{_OFFICE}/{name}" Target="{name}.xml"/>'
        for name in kinds
        if name != "document"
    ) + "".join(
        f'<Relationship Id="rIdL{number}" Type="{_OFFICE}/hyperlink" Target="{target}" TargetMode="External"/>'
        for number, target in enumerate(targets, start=1)
    )
    parts["word/_rels/document.xml.rels"] = _relationships(related)
    parts["_rels/.rels"] = _relationships(
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    )
    return _packed(parts, {f"/word/{name}.xml": f"{_TYPE}{kind}+xml" for name, kind in kinds.items()})


def _ended(body: bytes) -> bytes:
    """The ends of insertions and deletions named after their beginnings."""
    parts = re.split(rb"(<w:ins w:id=|<w:del w:id=|</aml:content></aml:annotation>)", body)
    current = b""
    for number, part in enumerate(parts):
        if part.startswith(b"<w:"):
            current = part[3:6]
        elif part.startswith(b"</aml:content>") and current:
            parts[number] = b"</w:%s>" % current
            current = b""
    return b"".join(parts)


def _numbering(lists: bytes) -> bytes:
    lists = re.sub(rb"<w:listDef w:listDefId=", b"<w:abstractNum w:abstractNumId=", lists)
    lists = lists.replace(b"</w:listDef>", b"</w:abstractNum>").replace(b"<w:list w:ilfo=", b"<w:num w:numId=")
    lists = lists.replace(b"</w:list>", b"</w:num>").replace(b"<w:ilst ", b"<w:abstractNumId ")

    def family(match: re.Match[bytes]) -> bytes:
        number = int(match[1])
        return b'<w:numFmt w:val="%s"/>' % (_NUMBER_FORMATS[number] if number < len(_NUMBER_FORMATS) else b"bullet")

    lists = re.sub(rb'<w:nfc w:val="(\d{1,4})"/>', family, lists)
    # A level without a kind counts in decimals.
    return re.sub(rb'(<w:start w:val="\d{1,6}"/>)(?!<w:numFmt)', rb'\1<w:numFmt w:val="decimal"/>', lists)


def _relationships(related: str) -> bytes:
    return f'<Relationships xmlns="{_PACKAGE}relationships">{related}</Relationships>'.encode()


def _packed(parts: dict[str, bytes], types: dict[str, str]) -> bytes:
    overrides = "".join(
        f'<Override PartName="{html.escape(name)}" ContentType="{html.escape(kind)}"/>' for name, kind in types.items()
    )
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{_PACKAGE}content-types"><Default Extension="rels" ContentType="{_RELATIONS_TYPE}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>'
    ).encode()
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as container:
        for name, content in parts.items():
            container.writestr(name, content)
    return target.getvalue()


_RELATIONS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"

# ---- Excel 2003


def excel_sheets(untrusted_bytes: bytes) -> list[tuple[str, bool, Grid]]:
    """Name, whether it is hidden, and cells of each sheet of an Excel workbook of 2003 that is one XML file.

    Raises:
        DamagedFile: Not well-formed.
        TooComplex: More cells than are read.
    """
    found: list[tuple[str, bool, Grid]] = []
    stack: list[str] = []
    words: list[str] = []
    row = column = -1
    filled = 0
    kind = target = author = ""

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal row, column, kind, target, author
        stack.append(tag)
        match tag:
            case "Worksheet":
                found.append((attributes.get("Name", ""), False, Grid()))
                row = -1
            case "Row":
                row = int(attributes["Index"]) - 1 if "Index" in attributes else row + 1
                column = -1
            case "Cell":
                column = int(attributes["Index"]) - 1 if "Index" in attributes else column + 1
                target = attributes.get("HRef", "")
                words.clear()
            case "Data":
                kind = attributes.get("Type", "")
                words.clear()
            case "Comment":
                author = attributes.get("Author", "")
                words.clear()

    def end(tag: str) -> None:
        nonlocal filled
        stack.pop()
        text = "".join(words)
        if tag == "Data" and "Comment" not in stack and found:
            found[-1][2].put(row, column, link(_value(text, kind), target))
            filled += 1
            if filled > MOST_CELLS:
                raise too_many_cells()
        elif tag == "Comment" and found:
            found[-1][2].comment(row, column, author, text)
        elif tag == "Visible" and found and text.strip() in ("SheetHidden", "SheetVeryHidden"):
            found[-1] = (found[-1][0], True, found[-1][2])
            words.clear()

    def text(characters: str) -> None:
        if "Data" in stack:
            words.append(characters)
        elif stack[-1] == "Visible":
            words[:] = [characters]

    parse_xml(untrusted_bytes, start, end, text)
    return found


def _value(text: str, kind: str) -> str:
    match kind:
        case "DateTime":
            return text.replace("T", " ").removesuffix(".000").removesuffix(" 00:00:00")
        case "Boolean":
            return "TRUE" if text.strip() == "1" else "FALSE"
        case "Number":
            return text.strip().removesuffix(".0")
    return text
