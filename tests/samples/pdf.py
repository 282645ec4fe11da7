"""Writes PDF files by hand: text, tables, pictures, outline, page labels, form fields, annotations, encryption."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595, 842

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


@dataclass(slots=True)
class Page:
    """A page of lines from top to bottom; a line that starts with ``#`` is set large, as a heading is.

    ``operators`` are drawn before everything else; font F is there, and picture I.
    """

    lines: list[str] = field(default_factory=list)
    table: list[list[str]] = field(default_factory=list)
    picture: bool = False
    note: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    links: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)
    turned: int = 0
    operators: str = ""


def write(left: float, top: float, text: str, size: float = 11) -> str:
    """The operators that write a text; ``top`` counts from the lower edge of the page."""
    return _text(left, top, size, text).decode("latin-1")


def rule(left: float, top: float, right: float, bottom: float) -> str:
    """The operators that draw a line."""
    return f"{left} {top} m {right} {bottom} l S"


def pdf(
    pages: list[Page],
    *,
    outline: list[tuple[int, str, int]] | None = None,
    roman_pages: int = 0,
    password: str | None = None,
) -> bytes:
    """A PDF file. ``outline`` holds (level, title, page number); the first ``roman_pages`` are labelled i, ii, …"""
    writer = _Writer(password)
    catalogue, tree, font, image = writer.reserve(), writer.reserve(), writer.reserve(), writer.reserve()
    writer.put(font, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    writer.put_stream(
        image,
        b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8",
        b"\x20\xc0\xc0\x20",
    )
    numbers = [writer.reserve() for _ in pages]
    widgets: list[int] = []
    for number, page in zip(numbers, pages, strict=True):
        content = writer.reserve()
        writer.put_stream(content, b"", _content(page))
        annotations = _annotations(writer, page, widgets)
        writer.put(
            number,
            f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {page.turned}"
            f" /Contents {content} 0 R"
            f" /Resources << /Font << /F {font} 0 R >> /XObject << /I {image} 0 R >> >>"
            f" /Annots [{_references(annotations)}] >>".encode(),
        )
    writer.put(tree, f"<< /Type /Pages /Kids [{_references(numbers)}] /Count {len(pages)} >>".encode())
    entries = "/Type /Catalog" + f" /Pages {tree} 0 R"
    if outline:
        entries += f" /Outlines {_outline(writer, outline, numbers)} 0 R"
    if roman_pages:
        entries += f" /PageLabels << /Nums [0 << /S /r >> {roman_pages} << /S /D >>] >>"
    if widgets:
        entries += (
            f" /AcroForm << /Fields [{_references(widgets)}] /DR << /Font << /F {font} 0 R >> >> /DA (/F 10 Tf) >>"
        )
    writer.put(catalogue, f"<< {entries} >>".encode())
    return writer.file(catalogue)


class _Writer:
    def __init__(self, password: str | None) -> None:
        self._objects: list[bytes] = []
        self._identity = b"0123456789abcdef"
        self._key = b""
        self._owner = b""
        if password is not None:
            padded = (password.encode("latin-1") + _PADDING)[:32]
            self._owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
            key = hashlib.md5(padded + self._owner + (0xFFFFFFFC).to_bytes(4, "little") + self._identity)
            self._key = key.digest()[:5]

    def reserve(self) -> int:
        self._objects.append(b"")
        return len(self._objects)

    def put(self, number: int, content: bytes) -> None:
        self._objects[number - 1] = content

    def put_stream(self, number: int, entries: bytes, content: bytes) -> None:
        content = self._encrypted(number, content)
        self.put(number, b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content))

    def string(self, number: int, text: str) -> str:
        content = b"\xfe\xff" + text.encode("utf-16-be")
        return f"<{self._encrypted(number, content).hex()}>"

    def _encrypted(self, number: int, content: bytes) -> bytes:
        if not self._key:
            return content
        return _rc4(hashlib.md5(self._key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], content)

    def file(self, catalogue: int) -> bytes:
        trailer = f"/Root {catalogue} 0 R"
        if self._key:
            encryption = self.reserve()
            user = _rc4(self._key, _PADDING)
            self.put(
                encryption,
                f"<< /Filter /Standard /V 1 /R 2 /O <{self._owner.hex()}> /U <{user.hex()}> /P -4 >>".encode(),
            )
            trailer += f" /Encrypt {encryption} 0 R /ID [<{self._identity.hex()}> <{self._identity.hex()}>]"
        parts = [b"%PDF-1.4\n"]
        offsets = []
        for number, content in enumerate(self._objects, start=1):
            offsets.append(sum(map(len, parts)))
            parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        start = sum(map(len, parts))
        parts.append(f"xref\n0 {len(offsets) + 1}\n0000000000 65535 f \n".encode())
        parts.extend(f"{offset:010} 00000 n \n".encode() for offset in offsets)
        parts.append(f"trailer\n<< /Size {len(offsets) + 1} {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode())
        return b"".join(parts)


def _content(page: Page) -> bytes:
    operators = []
    if page.picture:
        operators.append(f"q {WIDTH} 0 0 {HEIGHT} 0 0 cm /I Do Q".encode())
    if page.operators:
        operators.append(page.operators.encode("latin-1"))
    top = HEIGHT - 72
    for line in page.lines:
        size = 20 if line.startswith("#") else 11
        operators.append(_text(72, top, size, line.lstrip("# ")))
        top -= 2 * size
    for row in page.table:
        for column, text in enumerate(row):
            operators.append(f"{72 + column * 110} {top - 6} 110 18 re S".encode())
            operators.append(_text(76 + column * 110, top, 11, text))
        top -= 18
    return b"\n".join(operators)


def _text(left: float, top: float, size: float, text: str) -> bytes:
    quoted = text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /F %.6g Tf %.6g %.6g Td (%s) Tj ET" % (size, left, top, quoted)


def _annotations(writer: _Writer, page: Page, widgets: list[int]) -> list[int]:
    numbers = []
    if page.note:
        number = writer.reserve()
        writer.put(
            number,
            f"<< /Type /Annot /Subtype /Text /Rect [500 700 520 720] /Contents {writer.string(number, page.note)}"
            f" /T {writer.string(number, 'Ines')} >>".encode(),
        )
        numbers.append(number)
    for target, rectangle in page.links.items():
        number = writer.reserve()
        writer.put(
            number,
            f"<< /Type /Annot /Subtype /Link /Rect [{' '.join(map(str, rectangle))}] /Border [0 0 0]"
            f" /A << /S /URI /URI ({target}) >> >>".encode(),
        )
        numbers.append(number)
    for index, (name, value) in enumerate(page.fields.items()):
        number = writer.reserve()
        writer.put(
            number,
            f"<< /Type /Annot /Subtype /Widget /FT /Tx /T {writer.string(number, name)} /V {writer.string(number, value)}"
            f" /Rect [72 {100 + 30 * index} 300 {120 + 30 * index}] /DA (/F 10 Tf) >>".encode(),
        )
        numbers.append(number)
        widgets.append(number)
    return numbers


def _outline(writer: _Writer, entries: list[tuple[int, str, int]], pages: list[int]) -> int:
    root = writer.reserve()
    numbers = [writer.reserve() for _ in entries]
    parents, open_entries = [], [(0, root)]
    for (level, _, _), number in zip(entries, numbers, strict=True):
        while open_entries[-1][0] >= level:
            open_entries.pop()
        parents.append(open_entries[-1][1])
        open_entries.append((level, number))
    children = {
        parent: [n for n, p in zip(numbers, parents, strict=True) if p == parent] for parent in [root, *numbers]
    }
    for (_, title, page), number, parent in zip(entries, numbers, parents, strict=True):
        siblings = children[parent]
        position = siblings.index(number)
        links = f"/Parent {parent} 0 R"
        if position > 0:
            links += f" /Prev {siblings[position - 1]} 0 R"
        if position + 1 < len(siblings):
            links += f" /Next {siblings[position + 1]} 0 R"
        writer.put(
            number,
            f"<< /Title {writer.string(number, title)} {links} {_family(children[number])}"
            f" /Dest [{pages[page - 1]} 0 R /Fit] >>".encode(),
        )
    writer.put(root, f"<< /Type /Outlines {_family(children[root])} >>".encode())
    return root


def _family(children: list[int]) -> str:
    return f"/First {children[0]} 0 R /Last {children[-1]} 0 R /Count {len(children)}" if children else ""


def _references(numbers: list[int]) -> str:
    return " ".join(f"{number} 0 R" for number in numbers)


def _rc4(key: bytes, content: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    result = bytearray()
    for byte in content:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        result.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(result)
