"""Files that are small on the disk and would take a careless reader's memory, time, files or life.

Each is made by a function of nothing; ``OUTSIDE`` must never come out of any of them, and stands in a file beside them.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.samples import epub, kindle, mail, open_document, seven_zip, sheets, slides, word

GIGABYTE = 1 << 30
OUTSIDE = "canary-of-the-file-outside"

_MEGABYTE = 1 << 20
_MARK = "FILLING"
_SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


@dataclass(frozen=True, slots=True)
class Bomb:
    """``pictures`` asks for pictures of it as well; ``purpose`` is what it is uploaded for."""

    name: str
    make: Callable[[str], bytes]
    pictures: bool = False
    purpose: str = "file-extract"


# ---- what unpacks to a gigabyte


def zipped(members: Iterable[tuple[str, bytes, int, int, int]]) -> bytes:
    """A ZIP of (name, deflated, CRC, size, the size that it tells)."""
    data, directory, count = b"", b"", 0
    for name, deflated, check, _, told in members:
        fields = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, check, len(deflated), min(told, 0xFFFFFFFF), len(name.encode()), 0
        )
        directory += b"PK\1\2\x14\0" + fields + bytes(10) + struct.pack("<I", len(data)) + name.encode()
        data += b"PK\3\4" + fields + name.encode() + deflated
        count += 1
    return data + directory + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(data), 0)


def _deflated(before: bytes, filling: bytes, after: bytes, size: int) -> tuple[bytes, int, int]:
    """``filling`` again and again between the two: deflated, CRC, size."""
    block = filling * (_MEGABYTE // len(filling))
    times = size // len(block)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    # Nothing of an earlier block is used after a full flush: each of them is the same bytes.
    middle = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(after) + packer.flush()
    check = zlib.crc32(before)
    for _ in range(times):
        check = zlib.crc32(block, check)
    return start + middle * times + end, zlib.crc32(after, check), len(before) + times * len(block) + len(after)


def inflated(package: bytes, member: str, filling: str, *, size: int = GIGABYTE, told: int | None = None) -> bytes:
    """The package with one member that unpacks to ``size`` bytes: its mark is replaced by as much filling."""
    members = []
    with zipfile.ZipFile(io.BytesIO(package)) as container:
        for name in container.namelist():
            before, _, after = container.read(name).partition(_MARK.encode())
            deflated, check, real = _deflated(before, filling.encode(), after, size if name == member else 0)
            members.append((name, deflated, check, real, real if told is None or name != member else told))
    return zipped(members)


def _word(told: int | None = None) -> bytes:
    paragraph = word.paragraph("a" * 400)
    return inflated(word.docx([word.paragraph("before"), _MARK]), "word/document.xml", paragraph, told=told)


def _one_text_node(_: str) -> bytes:
    return inflated(word.docx([word.paragraph(_MARK)]), "word/document.xml", "a")


def _sheet(_: str) -> bytes:
    package = sheets.xlsx([sheets.Sheet("One", {"A1": sheets.text(_MARK)})])
    return inflated(package, "xl/worksheets/sheet1.xml", '</t></is></c><c r="B2" t="inlineStr"><is><t>aaaa')


def _slide(_: str) -> bytes:
    package = slides.pptx([slides.Slide(_MARK, ["body"])])
    return inflated(package, "ppt/slides/slide1.xml", "words ")


def _open_text(_: str) -> bytes:
    return inflated(open_document.open_document("text", _MARK), "content.xml", open_document.paragraph("words"))


def _book(_: str) -> bytes:
    return inflated(epub.epub({"a.xhtml": _MARK}), "OEBPS/a.xhtml", "<p>words</p>")


def _nested(depth: int, width: int) -> bytes:
    inner, name = inflated(_zip_of({"a.txt": _MARK.encode()}), "a.txt", "a"), "a.zip"
    for level in range(depth):
        inner = _zip_of({f"{level}-{number}-{name}": inner for number in range(width)})
    return inner


def _zip_of(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in files.items():
            container.writestr(name, content)
    return target.getvalue()


def _overlapping(_: str) -> bytes:
    """Thousands of names in the directory for the same compressed bytes."""
    deflated, check, size = _deflated(b"", b"a", b"", 64 * _MEGABYTE)
    one = zipped([("a.txt", deflated, check, size, size)])
    start = one.index(b"PK\1\2")
    entry = one[start : one.index(b"PK\5\6")]
    count = 20_000
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(entry) * count, start, 0)
    return one[:start] + entry * count + end


def _tar(pack: Callable[[bytes], bytes]) -> Callable[[str], bytes]:
    """Streams of each megabyte, one behind the other: packed once, read as one."""

    def make(_: str) -> bytes:
        header = tarfile.TarInfo("zeros.txt")
        header.size = GIGABYTE
        return pack(header.tobuf()) + pack(bytes(_MEGABYTE)) * 1024 + pack(bytes(1024))

    return make


def _many_names(_: str) -> bytes:
    """Two million names in the directory, each the shortest there is."""
    entry = b"PK\1\2" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a"
    count = 2_000_000
    size = len(entry) * count
    end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, 4)
    end += struct.pack("<4sIQI", b"PK\6\7", 0, 4 + size, 1)
    return (
        b"PK\3\4"
        + entry * count
        + end
        + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    )


def _packed_list(_: str) -> bytes:
    """A 7z archive whose list of files unpacks to a gigabyte."""
    megabyte = seven_zip.LZMA2.pack(bytes(_MEGABYTE))[:-1]  # without its end, it can go on with itself
    packed = megabyte * 1024 + b"\0"
    return seven_zip.with_header(
        packed, b"\x17" + seven_zip.streams([seven_zip.LZMA2], [packed], 0, [GIGABYTE]) + b"\0"
    )


def _packed_svg(_: str) -> bytes:
    return gzip.compress(b"<svg>") + gzip.compress(b" " * _MEGABYTE) * 1024 + gzip.compress(b"</svg>")


# ---- what names more than it holds


def _laughs(root: str, attributes: str, before: str, after: str, use: str = "&l9;") -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "haha">{levels}]>'
        f"<{root} {attributes}>{before}{use}{after}</{root}>"
    )


def _quadratic(_: str) -> bytes:
    return (f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l "{"x" * 100_000}">]><a>{"&l;" * 100_000}</a>').encode()


def _outside(root: str, attributes: str, secret: str) -> str:
    """A document with the file outside as an entity."""
    kinds = f'<!ENTITY one SYSTEM "file://{secret}"><!ENTITY % two SYSTEM "file://{secret}"> %two;'
    return f'<?xml version="1.0"?><!DOCTYPE {root} [{kinds}]><{root} {attributes}>&one;</{root}>'


def _in_word(document: str) -> bytes:
    return _replaced(word.docx([word.paragraph("a")]), "word/document.xml", document.encode())


def _replaced(package: bytes, member: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(package)) as container:
        return _zip_of({**{name: container.read(name) for name in container.namelist()}, member: content})


def _svg_of_files(secret: str) -> bytes:
    uses = "".join(
        f'<image xlink:href="{address}" width="9" height="9"/>'
        for address in (secret, f"file://{secret}", "http://127.0.0.1:9/a.png", "//127.0.0.1/a")
    )
    return f'<svg {_SVG}>{uses}<text>words</text><use xlink:href="{secret}#a"/></svg>'.encode()


def _page_of_files(secret: str) -> bytes:
    return (
        f'<p>words</p><iframe src="file://{secret}"></iframe><img src="file://{secret}">'
        f'<link rel="stylesheet" href="file://{secret}"><object data="{secret}"></object>'
    ).encode()


# ---- pictures of a size that nobody has


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")
    )


def _png_with_text(_: str) -> bytes:
    """A small picture whose text chunk unpacks to a gigabyte."""
    packer = zlib.compressobj(9)
    start = packer.compress(b"a") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"a" * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    data = b"Comment\0\0" + start + block * 1024
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    whole = _png(8, 8)
    return whole[:33] + chunk + whole[33:]


def _bmp(_: str) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIIIII", 99, 0, 0, 54, 40, 50_000, 50_000, 1, 24, 0, 0, 0, 0, 0, 0)


def _tiff(_: str) -> bytes:
    """Sixty thousand by sixty thousand, and a chain of pages that comes back to itself."""
    tags = [
        (256, 4, 60_000),
        (257, 4, 60_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (278, 4, 60_000),
        (279, 4, 9),
    ]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 8)


def _gif(_: str) -> bytes:
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0x80, 0, 0) + bytes(6) + frame * 20_000 + b"\x3b"


def _svg_of_size(_: str) -> bytes:
    return f'<svg {_SVG} width="60000" height="60000"><rect width="60000" height="60000"/><text y="9">w</text></svg>'.encode()


def _svg_of_uses(_: str) -> bytes:
    """Each group uses the one before ten times: 10 to the 12th rectangles."""
    groups = "".join(f'<g id="g{n}">{f"""<use xlink:href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 13))
    return f'<svg {_SVG}><defs><g id="g0"><rect width="9" height="9"/></g>{groups}</defs><use xlink:href="#g12"/></svg>'.encode()


def _svg_of_filters(_: str) -> bytes:
    blurs = '<feGaussianBlur stdDeviation="500"/><feTurbulence baseFrequency="9" numOctaves="9999"/>' * 500
    side = 'width="5000" height="5000"'
    return f'<svg {_SVG} {side}><filter id="f">{blurs}</filter><rect {side} filter="url(#f)"/></svg>'.encode()


# ---- tables that are empty up to their last cell


def _far_cell(_: str) -> bytes:
    return sheets.xlsx([sheets.Sheet("Far", {"A1": sheets.text("near"), "XFD1048576": sheets.text("far")})])


def _far_cells(_: str) -> bytes:
    """Every cell repeated to the edge, in every row."""
    cells = open_document.cell("x", ' table:number-columns-repeated="16384"')
    rows = open_document.row(cells, repeated=1_048_576)
    return open_document.open_document("spreadsheet", open_document.sheet("One", rows))


def _merged(_: str) -> bytes:
    return sheets.xlsx([sheets.Sheet("One", {"A1": sheets.text("x")}, merged=["A1:XFD1048576"] * 50)])


# ---- what is nested until a stack ends


def _deep(opened: str, closed: str, depth: int = 200_000, before: str = "", after: str = "") -> Callable[[str], bytes]:
    return lambda _: (before + opened * depth + "words" + closed * depth + after).encode()


def _deep_word(_: str) -> bytes:
    opened, closed = "<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>"
    return word.docx([opened * 200_000 + word.paragraph("words") + closed * 200_000])


def _deep_mail(_: str) -> bytes:
    head = "From: a@example.org\nSubject: s\nMIME-Version: 1.0\n"
    parts = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(20_000))
    return (head + parts + "Content-Type: text/plain\n\nwords\n").encode()


def _deep_attachments(_: str) -> bytes:
    message = mail.eml("words", Subject="inner")
    for level in range(60):
        message = mail.eml("words", attachments=[("a.eml", message)], Subject=f"level {level}")
    return message.as_bytes()


# ---- PDF


def pdf_of(objects: list[str | bytes], root: int = 1) -> bytes:
    """A file of these objects, numbered from 1, with a table that is right."""
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += (
            f"{number} 0 obj\n".encode() + (content if isinstance(content, bytes) else content.encode()) + b"\nendobj\n"
        )
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    return (
        data
        + f"xref\n0 {count}\n0000000000 65535 f \n{table}".encode()
        + f"trailer << /Size {count} /Root {root} 0 R >>\nstartxref\n{len(data)}\n%%EOF\n".encode()
    )


def _stream(content: bytes, attributes: str = "") -> bytes:
    return f"<< /Length {len(content)} {attributes} >>\nstream\n".encode() + content + b"\nendstream"


_CATALOGUE = "<< /Type /Catalog /Pages 2 0 R >>"
_FONT = "/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
_PAGE = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R {_FONT} >>"
_DRAWS_X = (
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
)
_PAGES = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
_WORDS = _stream(b"BT /F 12 Tf 50 700 Td (words) Tj ET")


def _page_loop(_: str) -> bytes:
    return pdf_of(
        [
            _CATALOGUE,
            "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 99 >>",
            "<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count 9 >>",
        ]
    )


def _page_diamonds(_: str) -> bytes:
    """Each node has the next one ten times: 10 to the 9th pages in a kilobyte."""
    nodes = [f"<< /Type /Pages /Kids [{f'{n + 1} 0 R ' * 10}] /Count {10 ** (11 - n)} >>" for n in range(2, 11)]
    return pdf_of(
        [_CATALOGUE, *nodes, "<< /Type /Page /Parent 10 0 R /MediaBox [0 0 600 800] /Contents 12 0 R >>", _WORDS]
    )


def _many_pages(_: str) -> bytes:
    return pdf_of([_CATALOGUE, "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>", _PAGE, _WORDS])


def _long_stream(_: str) -> bytes:
    packer = zlib.compressobj(9)
    start = packer.compress(b"BT /F 12 Tf ") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"(words) Tj " * (_MEGABYTE // 11)) + packer.flush(zlib.Z_FULL_FLUSH)
    return pdf_of([_CATALOGUE, _PAGES, _PAGE, _stream(start + block * 1024, "/Filter /FlateDecode")])


def _filters(_: str) -> bytes:
    """A gigabyte, deflated three times over."""
    packer = zlib.compressobj(9)
    start = packer.compress(b" ") + packer.flush(zlib.Z_FULL_FLUSH)
    once = start + (packer.compress(b" " * _MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)) * 1024
    content = zlib.compress(zlib.compress(once, 9), 9)
    return pdf_of([_CATALOGUE, _PAGES, _PAGE, _stream(content, "/Filter [/FlateDecode /FlateDecode /FlateDecode]")])


def _form_loop(_: str) -> bytes:
    form = _stream(
        b"/X Do /X Do /X Do", "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >>"
    )
    return pdf_of([_CATALOGUE, _PAGES, _DRAWS_X, _stream(b"/X Do"), form])


def _form_diamonds(_: str) -> bytes:
    """Each form draws the next one ten times."""
    forms = [
        _stream(
            b"/X Do " * 10,
            f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {n + 1} 0 R >> >>",
        )
        for n in range(5, 17)
    ]
    last = _stream(b"BT /F 1 Tf (x) Tj ET", f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] {_FONT}")
    return pdf_of([_CATALOGUE, _PAGES, _DRAWS_X, _stream(b"/X Do"), *forms, last])


def _outline_loop(_: str) -> bytes:
    catalogue = "<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>"
    outlines = [
        "<< /First 6 0 R /Last 6 0 R /Count 1 >>",
        "<< /Title (a) /Parent 5 0 R /Next 6 0 R /First 6 0 R /Dest [3 0 R /Fit] >>",
    ]
    return pdf_of([catalogue, _PAGES, _PAGE, _WORDS, *outlines])


def _previous_loop(_: str) -> bytes:
    whole = pdf_of([_CATALOGUE, _PAGES, _PAGE, _WORDS])
    start = whole.rindex(b"xref\n0")
    return whole.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _vast_page(_: str) -> bytes:
    return pdf_of([_CATALOGUE, _PAGES, _PAGE.replace("600 800", "1000000000 1000000000"), _WORDS])


def _vast_picture(_: str) -> bytes:
    picture = _stream(
        zlib.compress(bytes(9999)),
        "/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB"
        " /BitsPerComponent 8 /Filter /FlateDecode",
    )
    return pdf_of([_CATALOGUE, _PAGES, _DRAWS_X, _stream(b"600 0 0 800 0 0 cm /X Do"), picture])


def _deep_arrays(_: str) -> bytes:
    return pdf_of([_CATALOGUE.replace(">>", f"/Names {'[' * 200_000}{']' * 200_000} >>"), _PAGES, _PAGE, _WORDS])


# ---- others


def _looping_book(_: str) -> bytes:
    """A phrase of the dictionary that stands for itself twice."""
    whole = kindle.mobi(b"<p>" + b"a" * 9_999, compression=17480)
    tables = kindle.huffman_tables(of_zero=bytes((255, 255)))
    original = kindle.huffman_tables()
    return whole.replace(original[1][:40], tables[1][:40])


def _looping_sectors(_: str) -> bytes:
    """A compound file whose directory is a chain that never ends."""
    whole = bytearray(mail.compound({"WordDocument": b"a" * 9_999, "1Table": b"b" * 9_999}))
    first = struct.unpack("<I", whole[48:52])[0]
    table = 512 * (1 + struct.unpack("<I", whole[76:80])[0])
    struct.pack_into("<I", whole, table + 4 * first, first)
    return bytes(whole)


def _aliases(_: str) -> bytes:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 12))
    return ("l0: &l0 haha\n" + levels).encode()


def _one_line(_: str) -> bytes:
    return b"word " * (10 * _MEGABYTE)


def _marks(_: str) -> bytes:
    return ("a" + "\u0301" * 5_000_000 + "\n" + "\u202e\u200b" * 2_000_000).encode()


def _columns(_: str) -> bytes:
    return b"," * 5_000_000 + b"\n" + b"," * 5_000_000 + b"x\n"


def _deep_rtf(_: str) -> bytes:
    return b"{\\rtf1 " + b"{" * 200_000 + b"words" + b"}" * 200_000 + b"}"


def _fonts_rtf(_: str) -> bytes:
    """Runs of a symbol font that look like much and say nothing."""
    return b"{\\rtf1{\\fonttbl{\\f1 Symbol;}}{\\colortbl;}" + (b"\\f1" + b"\\b" * 50) * 5_000 + b" words}"


def _raised_word(_: str) -> bytes:
    """Raised texts without a text, and fields without an end."""
    runs = '<w:vertAlign w:val="superscript"/>' * 20_000 + "<w:fldChar><w:ffData/></w:fldChar>" * 20_000
    return word.docx([word.paragraph("words"), f"<w:p>{runs}</w:p>"])


def _bin_rtf(_: str) -> bytes:
    return b"{\\rtf1 " + b"\\bin2147483647 a" * 9_999 + b"\\u-99999999999999999999 words}"


def _stars(_: str) -> bytes:
    return b"*_[`" * 500_000 + b"](" * 200_000


def _attributes(_: str) -> bytes:
    return b"<p " + b" ".join(b"a%d=x" % n for n in range(500_000)) + b">words</p>" + b"<p a='" * 100_000


def _opf(secret: str) -> bytes:
    return _replaced(epub.epub({"a.xhtml": "<p>words</p>"}), "OEBPS/a.xhtml", _outside("html", "", secret).encode())


BOMBS = (
    Bomb("text.docx", lambda _: _word()),
    Bomb("lying.docx", lambda _: _word(told=2_000)),
    Bomb("one-node.docx", _one_text_node),
    Bomb("sheet.xlsx", _sheet),
    Bomb("slide.pptx", _slide),
    Bomb("text.odt", _open_text),
    Bomb("book.epub", _book),
    Bomb("nested.zip", lambda _: _nested(4, 4)),
    Bomb("nested.zip.docx", lambda _: _nested(1, 10)),
    Bomb("overlapping.zip", _overlapping),
    Bomb("names.zip", _many_names),
    Bomb("list.7z", _packed_list),
    Bomb("zeros.tgz", _tar(gzip.compress)),
    Bomb("zeros.txz", _tar(lzma.compress)),
    Bomb("zeros.tbz2", _tar(bz2.compress)),
    Bomb("pixels.svgz", _packed_svg, pictures=True),
    Bomb("laughs.docx", lambda _: _in_word(_laughs("document", "", "", ""))),
    Bomb("laughs.xml", lambda _: _laughs("a", "", "", "").encode()),
    Bomb("laughs.svg", lambda _: _laughs("svg", _SVG, "<text>", "</text>").encode(), pictures=True),
    Bomb("laughs.xhtml", lambda _: _laughs("html", "", "<body>", "</body>").encode()),
    Bomb("laughs.yaml", _aliases),
    Bomb("quadratic.xml", _quadratic),
    Bomb("quadratic.svg", lambda _: _quadratic(_).replace(b"<a>", b"<svg>").replace(b"</a>", b"</svg>"), pictures=True),
    Bomb("outside.docx", lambda secret: _in_word(_outside("document", "", secret))),
    Bomb("outside.xml", lambda secret: _outside("a", "", secret).encode()),
    Bomb("outside.svg", lambda secret: _outside("svg", _SVG, secret).encode(), pictures=True),
    Bomb("outside.epub", _opf),
    Bomb("links.svg", _svg_of_files, pictures=True),
    Bomb("links.html", _page_of_files),
    Bomb("pixels.png", lambda _: _png(50_000, 50_000), purpose="image"),
    Bomb("text.png", _png_with_text, purpose="image"),
    Bomb("pixels.bmp", _bmp, purpose="image"),
    Bomb("pixels.tif", _tiff, purpose="image"),
    Bomb("frames.gif", _gif, purpose="image"),
    Bomb("pixels.svg", _svg_of_size, pictures=True),
    Bomb("uses.svg", _svg_of_uses, pictures=True),
    Bomb("filters.svg", _svg_of_filters, pictures=True),
    Bomb("far.xlsx", _far_cell),
    Bomb("far.ods", _far_cells),
    Bomb("merged.xlsx", _merged),
    Bomb("deep.docx", _deep_word),
    Bomb("deep.html", _deep("<div>", "</div>")),
    Bomb("tables.html", _deep("<table><tr><td>", "</td></tr></table>")),
    Bomb("deep.xml", _deep("<a>", "</a>")),
    Bomb("deep.svg", _deep("<g>", "</g>", before=f"<svg {_SVG}>", after="</svg>"), pictures=True),
    Bomb("deep.json", _deep("[", "]")),
    Bomb("deep.yaml", _deep("[", "]")),
    Bomb("deep.toml", _deep("[", "]", before="a = ")),
    Bomb("deep.md", _deep("> ", "")),
    Bomb("deep.ipynb", _deep("[", "]", before='{"nbformat":4,"cells":', after="}")),
    Bomb("deep.rtf", _deep_rtf),
    Bomb("binary.rtf", _bin_rtf),
    Bomb("fonts.rtf", _fonts_rtf),
    Bomb("raised.docx", _raised_word),
    Bomb("deep.eml", _deep_mail),
    Bomb("attachments.eml", _deep_attachments),
    Bomb("pages.pdf", _page_loop, pictures=True),
    Bomb("diamonds.pdf", _page_diamonds, pictures=True),
    Bomb("count.pdf", _many_pages, pictures=True),
    Bomb("stream.pdf", _long_stream, pictures=True),
    Bomb("filters.pdf", _filters, pictures=True),
    Bomb("forms.pdf", _form_loop, pictures=True),
    Bomb("form-diamonds.pdf", _form_diamonds, pictures=True),
    Bomb("outline.pdf", _outline_loop),
    Bomb("previous.pdf", _previous_loop),
    Bomb("vast.pdf", _vast_page, pictures=True),
    Bomb("picture.pdf", _vast_picture, pictures=True),
    Bomb("arrays.pdf", _deep_arrays),
    Bomb("phrases.mobi", _looping_book),
    Bomb("sectors.doc", _looping_sectors),
    Bomb("sectors.xls", _looping_sectors),
    Bomb("sectors.msg", _looping_sectors),
    Bomb("line.txt", _one_line),
    Bomb("marks.txt", _marks),
    Bomb("columns.csv", _columns),
    Bomb("stars.md", _stars),
    Bomb("attributes.html", _attributes),
    Bomb("line.jsonl", lambda _: b"[" * 200_000, purpose="batch"),
)
