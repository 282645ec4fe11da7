"""Writes pptx files (titles, bullets, tables, pictures with alt text, notes, hidden slides) and those of PowerPoint 95."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from tests.samples.mail import compound
from tests.samples.package import OFFICE, package, relations

_A = "http://schemas.openxmlformats.org/drawingml/2006/main"
_P = "http://schemas.openxmlformats.org/presentationml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.presentationml."
_NAMESPACES = f'xmlns:a="{_A}" xmlns:p="{_P}" xmlns:r="{OFFICE}"'
_TREE = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c63680000008200817700000000" + "49454e44ae426082"
)


@dataclass(slots=True)
class Slide:
    title: str = ""
    bullets: list[str] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    alternative: str = ""
    notes: str = ""
    hidden: bool = False


def pptx(slides: list[Slide], order: list[int] | None = None) -> bytes:
    """A presentation; ``order`` lists slide indices as they are shown, where that differs from their file names."""
    parts: dict[str, str | bytes] = {"ppt/media/image1.png": _PIXEL}
    types = {"ppt/presentation.xml": f"{_TYPE}presentation.main+xml"}
    targets = {}
    for number, slide in enumerate(slides, start=1):
        name = f"ppt/slides/slide{number}.xml"
        parts[name] = _slide(slide)
        types[name] = f"{_TYPE}slide+xml"
        targets[f"rId{number}"] = ("slide", f"slides/slide{number}.xml")
        own = {"rId1": ("image", "../media/image1.png")}
        if slide.notes:
            own["rId2"] = ("notesSlide", f"../notesSlides/notesSlide{number}.xml")
            notes = f"ppt/notesSlides/notesSlide{number}.xml"
            body = _shape(2, "body", [slide.notes])
            parts[notes] = f"<p:notes {_NAMESPACES}><p:cSld><p:spTree>{_TREE}{body}</p:spTree></p:cSld></p:notes>"
            types[notes] = f"{_TYPE}notesSlide+xml"
            parts[f"ppt/notesSlides/_rels/notesSlide{number}.xml.rels"] = relations(
                {"rId1": ("slide", f"../slides/slide{number}.xml")}
            )
        parts[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(own)
    listed = "".join(f'<p:sldId id="{256 + index}" r:id="rId{index + 1}"/>' for index in order or range(len(slides)))
    parts["ppt/presentation.xml"] = (
        f'<p:presentation {_NAMESPACES}><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/>'
        '<p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    )
    parts["ppt/_rels/presentation.xml.rels"] = relations(targets)
    return package(parts, types, "ppt/presentation.xml")


def _slide(slide: Slide) -> str:
    shapes = ""
    if slide.title:
        shapes += _shape(2, "title", [slide.title], top=300_000)
    if slide.bullets:
        shapes += _shape(3, "body", slide.bullets, top=1_500_000)
    if slide.table:
        shapes += _table(slide.table)
    if slide.alternative:
        shapes += (
            f'<p:pic><p:nvPicPr><p:cNvPr id="9" name="Picture 9" descr="{slide.alternative}"/><p:cNvPicPr/><p:nvPr/>'
            '</p:nvPicPr><p:blipFill><a:blip r:embed="rId1"/></p:blipFill><p:spPr><a:xfrm><a:off x="0" y="5000000"/>'
            '<a:ext cx="99" cy="99"/></a:xfrm></p:spPr></p:pic>'
        )
    hidden = ' show="0"' if slide.hidden else ""
    return f"<p:sld {_NAMESPACES}{hidden}><p:cSld><p:spTree>{_TREE}{shapes}</p:spTree></p:cSld></p:sld>"


def _shape(identity: int, role: str, texts: list[str], top: int = 0) -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{identity}" name="Shape {identity}"/><p:cNvSpPr/><p:nvPr><p:ph type="{role}"/>'
        f'</p:nvPr></p:nvSpPr><p:spPr><a:xfrm><a:off x="0" y="{top}"/><a:ext cx="9000000" cy="900000"/></a:xfrm></p:spPr>'
        f"<p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>"
    )


def _table(rows: list[list[str]]) -> str:
    def cell(text: str) -> str:
        return f"<a:tc><a:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    lines = "".join(f'<a:tr h="1">{"".join(map(cell, row))}</a:tr>' for row in rows)
    grid = '<a:gridCol w="1"/>' * len(rows[0])
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="7" name="Table"/><p:cNvGraphicFramePr/><p:nvPr/>'
        '</p:nvGraphicFramePr><p:xfrm><a:off x="0" y="3000000"/><a:ext cx="9" cy="9"/></p:xfrm><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/table">'
        f"<a:tbl><a:tblGrid>{grid}</a:tblGrid>{lines}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )


def powerpoint_97(boxes: list[tuple[tuple[int, int], str, list[tuple[int, int]], list[tuple[int, int]]]]) -> bytes:
    """A presentation of one slide with text boxes: left and top, text with "\\r" between paragraphs, runs of paragraphs as
    (characters, depth), runs of characters as (characters, raised by)."""

    def record(kind: int, content: bytes, *, holds_others: bool = False) -> bytes:
        return struct.pack("<HHI", 15 if holds_others else 0, kind, len(content)) + content

    def box(place: tuple[int, int], text: str, depths: list[tuple[int, int]], raised: list[tuple[int, int]]) -> bytes:
        # A paragraph's alignment stands between what is looked for, a font's size before how far it is raised.
        styles = b"".join(struct.pack("<IHIH", count, depth, 0x800, 0) for count, depth in depths)
        styles += b"".join(struct.pack("<IIHh", count, 0xA0000, 18, rise) for count, rise in raised)
        left, top = place
        inner = record(0x0F9F, struct.pack("<I", 1)) + record(0x0FA0, text.encode("utf-16-le")) + record(0x0FA1, styles)
        anchor = record(0xF010, struct.pack("<4h", top, left, left + 900, top + 300))
        return record(0xF004, anchor + record(0xF00D, inner, holds_others=True), holds_others=True)

    drawing = record(0xF003, b"".join(box(*each) for each in boxes), holds_others=True)
    drawing = record(0x040C, record(0xF002, drawing, holds_others=True), holds_others=True)
    slide = record(0x03EE, record(0x03EF, bytes(24)) + drawing, holds_others=True)
    listed = record(0x0FF0, record(0x03F3, struct.pack("<5I", 2, 0, 0, 256, 0)), holds_others=True)
    document = record(0x03E8, listed, holds_others=True)
    places = record(0x1772, struct.pack("<3I", 1 | 2 << 20, 0, len(document)))
    stream = document + slide
    edit = record(0x0FF5, struct.pack("<7I", 256, 0, 0, len(stream), 1, 3, 0))
    user = record(0x0FF6, struct.pack("<3I", 20, 0xE391C05F, len(stream) + len(places)))
    return compound({"PowerPoint Document": stream + places + edit, "Current User": user})


def powerpoint_95(slides: list[Slide], encoding: str = "cp1252") -> bytes:
    """Titles, bullets and notes as PowerPoint 95 wrote them, after a master that is no slide of the show."""
    shown = b"".join(_slide_95(slide, encoding) for slide in slides)
    masters = _slide_95(Slide("Click to edit the master"), encoding)
    document = _record_95(0x03E9, bytes(44)) + _list_95(11, masters) + _list_95(10, shown)
    stream = _record_95(0x0003, _record_95(0x03E8, document, holds_others=True), holds_others=True)
    return compound({"Current User": b"\x05\0\0\0Smith", "PowerPoint Document": stream})


def _record_95(kind: int, content: bytes, place: int = 0, *, holds_others: bool = False) -> bytes:
    return struct.pack("<4I", kind, 0xFFFF if holds_others else 0, len(content), place) + content


def _list_95(place: int, content: bytes) -> bytes:
    return _record_95(0x07D0, content, place, holds_others=True)


def _slide_95(slide: Slide, encoding: str) -> bytes:
    notes = _record_95(0x03F0, _text_95(2, slide.notes, encoding), 37, holds_others=True)
    text = _text_95(0, slide.title, encoding) + _text_95(1, "\r".join(slide.bullets), encoding)
    return _record_95(0x03EE, notes + _record_95(0x0BB8, text, 20, holds_others=True), 16, holds_others=True)


def _text_95(kind: int, text: str, encoding: str) -> bytes:
    """A text beside another string, which tells of its looks."""
    words = _record_95(0x07EE, text.encode(encoding), 53) + _record_95(0x07EE, b"Arial", 48)
    looks = _record_95(0x0FA3, struct.pack("<I", kind) + bytes(32))
    return _record_95(0x0FA2, looks + _record_95(0x0FE0, words, holds_others=True), holds_others=True)


def powerpoint_4(slides: list[Slide], *, is_macintosh: bool = False, encoding: str = "cp1252") -> bytes:
    """Titles, bullets and notes in zones as PowerPoint 4 wrote them, the last of which tells where the others are."""
    order = ">" if is_macintosh else "<"

    def packed(kinds: str, *numbers: int) -> bytes:
        return struct.pack(order + kinds, *numbers)

    zones = [bytes(24)]

    def zone(content: bytes) -> int:
        zones.append(content)
        return len(zones) - 1

    def text(words: str) -> bytes:
        raw = words.encode(encoding)
        looks = packed("HI", 0x0C, len(raw)) + packed("HI", 0x10, 1) + bytes(16) + packed("HI", 0x18, len(raw))
        return (
            bytes(52)
            + packed("HI", 1, len(raw))
            + raw
            + bytes(len(raw) % 2)
            + looks
            + packed("HI", 0x1C, 1)
            + bytes(28)
        )

    def page(title: str, body: str, other: str = "") -> int:
        texts, places = b"", []
        for words in (title, body):
            places.append(14 + len(texts) if words else 0)
            texts += text(words) if words else b""
        texts += text(other) if other else b""
        return zone(packed("I", zone(packed("IIHI", *places, 0, 14) + texts)) + bytes(34))

    entries = bytes(16)
    for number, slide in enumerate(slides, start=1):
        notes = page("", slide.notes, str(number)) if slide.notes else 0
        record = zone(packed("4I", 0, 0, page(slide.title, "\r".join(slide.bullets)), notes) + bytes(18))
        entries += bytes(12) + packed("I", record)
    listed = zone(bytes(6) + packed("IHH", zone(entries), 1, len(slides)) + bytes(8))
    document = zone(bytes(34) + packed("I", listed) + bytes(108))
    start = 30 + 8 * len(zones)
    table = b""
    for content in zones:
        table += packed("II", 0x80 << 24 | len(content), start)
        start += len(content)
    head = packed("IIIHHIHH", 0x0BADDEED, 4, 30, len(zones), 10, start, 102, document) + bytes(6)
    return compound({"Current ID": bytes(4), "PP40": head + table + b"".join(zones)})
