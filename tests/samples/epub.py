"""Writes EPUB files: chapters with a table of contents of EPUB 3, of EPUB 2, or with neither."""

from __future__ import annotations

import io
import zipfile
from typing import Literal

_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def epub(
    chapters: dict[str, str],
    contents: list[tuple[str, int, str]] | None = None,
    version: Literal["nav", "ncx"] = "nav",
    extra: dict[str, str | bytes] | None = None,
) -> bytes:
    """A book of the given files (name → body markup or a whole file); ``contents`` are (title, level, target)."""
    items = "".join(
        f'<item id="c{number}" href="{name.replace(" ", "%20")}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(len(chapters)))
    parts: dict[str, str | bytes] = {"META-INF/container.xml": _CONTAINER}
    attributes = ""
    if contents and version == "nav":
        items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        parts["OEBPS/nav.xhtml"] = xhtml(_navigation(contents))
    elif contents:
        items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        attributes = ' toc="ncx"'
        parts["OEBPS/toc.ncx"] = _ncx(contents)
    parts["OEBPS/book.opf"] = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f"<manifest>{items}</manifest><spine{attributes}>{spine}</spine></package>"
    )
    for name, body in chapters.items():
        parts[f"OEBPS/{name}"] = body if body.startswith("<?xml") else xhtml(body)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as container:
        container.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        for name, content in {**parts, **(extra or {})}.items():
            container.writestr(name, content)
    return target.getvalue()


def xhtml(body: str) -> str:
    """A page as books have it: its title closes itself, which HTML does not know."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" '
        'xmlns:epub="http://www.idpf.org/2007/ops">'
        f'<head><title/><script type="text/javascript" src="a/b.js"/></head><body>{body}</body></html>'
    )


def _navigation(contents: list[tuple[str, int, str]]) -> str:
    markup, depth = '<nav epub:type="landmarks"><ol><li><a href="x.xhtml">No chapter</a></li></ol></nav>', 0
    markup += '<nav epub:type="toc"><h1>Contents</h1>'
    for title, level, target in contents:
        markup += "<ol>" * (level - depth) + "</ol>" * (depth - level)
        markup += f'<li><a href="{target}"><span>{title}</span></a></li>'
        depth = level
    return markup + "</ol>" * depth + "</nav>"


def _ncx(contents: list[tuple[str, int, str]]) -> str:
    markup, depth = "", 0
    for title, level, target in contents:
        markup += "</navPoint>" * (depth - level + 1)
        markup += f'<navPoint><navLabel><text>{title}</text></navLabel><content src="{target}"/>'
        depth = level
    return (
        '<?xml version="1.0"?><!DOCTYPE ncx PUBLIC "-//NISO//DTD ncx 2005-1//EN" '
        '"http://www.daisy.org/z3986/2005/ncx-2005-1.dtd">'
        "<ncx><docTitle><text>The book's own title</text></docTitle>"
        f"<navMap>{markup}{'</navPoint>' * depth}</navMap></ncx>"
    )
