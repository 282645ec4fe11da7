"""Writes OpenDocument files, RTF and xlsb: what other office programs than Microsoft's newest save."""

from __future__ import annotations

import io
import struct
import zipfile

from tests.samples.package import relations

_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
        ("style", "style"),
        ("svg", "svg-compatible"),
        ("meta", "meta"),
    )
)
_SPACES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def open_document(
    kind: str,
    body: str,
    *,
    styles: str = "",
    master: str = "",
    extra: dict[str, str] | None = None,
    secret: bool = False,
) -> bytes:
    """A file of that kind (text, spreadsheet, presentation); ``master`` is the content of its master page."""
    entry = '<manifest:file-entry manifest:full-path="content.xml">'
    entry += "<manifest:encryption-data/>" if secret else ""
    parts = {
        "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="m">{entry}</manifest:file-entry></manifest:manifest>',
        "content.xml": f'<?xml version="1.0"?><office:document-content {_SPACES}><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body>"
        "</office:document-content>",
        "styles.xml": f"<office:document-styles {_SPACES}><office:master-styles><style:master-page>{master}"
        "</style:master-page></office:master-styles></office:document-styles>",
        **(extra or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(zipfile.ZipInfo("mimetype"), f"application/vnd.oasis.opendocument.{kind}")
        for name, content in parts.items():
            container.writestr(name, content)
    return target.getvalue()


def flat(kind: str, body: str, styles: str = "") -> bytes:
    """The same in one element of XML, not packed."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n\n<office:document {_SPACES} '
        f'office:mimetype="application/vnd.oasis.opendocument.{kind}"><office:automatic-styles>{styles}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document>"
    ).encode()


def paragraph(text: str) -> str:
    return f"<text:p>{text}</text:p>"


def sheet(name: str, rows: str, style: str = "shown") -> str:
    return f'<table:table table:name="{name}" table:style-name="{style}">{rows}</table:table>'


def row(*cells: str, repeated: int = 1) -> str:
    attribute = f' table:number-rows-repeated="{repeated}"' if repeated > 1 else ""
    return f"<table:table-row{attribute}>{''.join(cells)}</table:table-row>"


def cell(text: str = "", attributes: str = "") -> str:
    return f"<table:table-cell {attributes}>{paragraph(text) if text else ''}</table:table-cell>"


def slide(title: str, body: str, notes: str = "", style: str = "shown") -> str:
    """A slide whose title comes last in the file, as it may."""
    return (
        f'<draw:page draw:name="page1" draw:style-name="{style}">'
        f"<draw:frame><draw:text-box>{body}</draw:text-box></draw:frame>"
        f'<draw:frame presentation:class="title"><draw:text-box>{paragraph(title)}</draw:text-box></draw:frame>'
        f"<presentation:notes><draw:page-thumbnail/><draw:frame><draw:text-box>{paragraph(notes)}</draw:text-box>"
        "</draw:frame></presentation:notes></draw:page>"
    )


def xlsb(
    name: str, rows: list[list[str | float | tuple[int, bytes]]], beside: dict[str, str | bytes] | None = None
) -> bytes:
    """A binary workbook of one sheet: texts, numbers, or cells by their record's kind and value; and parts ``beside`` it."""
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(name))
    content = record(129) + record(145)
    for number, cells in enumerate(rows):
        content += record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for column, value in enumerate(cells):
            place = struct.pack("<II", column, 0)
            if isinstance(value, tuple):
                content += record(value[0], place + value[1])
            elif isinstance(value, str):
                content += record(6, place + wide(value))
            else:
                content += record(5, place + struct.pack("<d", value))
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>',
        "_rels/.rels": relations({"rId1": ("officeDocument", "xl/workbook.bin")}),
        "xl/workbook.bin": book + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": relations({"rId1": ("worksheet", "worksheets/sheet1.bin")}),
        "xl/worksheets/sheet1.bin": content + record(146) + record(130),
        **(beside or {}),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        for part, data in parts.items():
            container.writestr(part, data)
    return target.getvalue()


def record(kind: int, content: bytes = b"") -> bytes:
    head = bytes((kind,)) if kind < 128 else bytes((kind & 0x7F | 0x80, kind >> 7))
    size, sizes = len(content), b""
    while size > 127:
        sizes += bytes((size & 0x7F | 0x80,))
        size >>= 7
    return head + sizes + bytes((size,)) + content


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
