"""Markdown from office-oxide's document model, section by section: a slide, a sheet, a part of a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kimi_files.errors import DamagedFile, PasswordRequired, TooComplex, UnsupportedFile
from kimi_files.extract.office.markdown import Block, heading, indented, join_blocks, link, marked, picture, table

_MAX_DEPTH = 24

_RUNNING = (
    "first_page_header",
    "header",
    "even_page_header",
    "first_page_footer",
    "footer",
    "even_page_footer",
)


@dataclass(frozen=True, slots=True)
class Section:
    title: str | None
    blocks: list[Block]
    notes: str
    hidden: bool


def is_installed() -> bool:
    """Whether the library can be imported: its wheel for Linux needs a younger glibc than some machines have."""
    try:
        import office_oxide  # noqa: F401
    except ImportError:
        return False
    return True


def opened(untrusted_bytes: bytes, kind: str) -> Any:
    """office-oxide's document; ``kind`` is the extension that stands for the format ("xls").

    Raises:
        PasswordRequired, DamagedFile: As office-oxide says.
        UnsupportedFile: The library is not installed.
    """
    try:
        import office_oxide
    except ImportError:
        raise UnsupportedFile(
            "This file needs the library office-oxide, which this machine does not have.",
            "Save the file in the current format of its program, or as PDF.",
        ) from None
    try:
        return office_oxide.Document.from_bytes(untrusted_bytes, kind)
    except office_oxide.OfficeOxideError as error:
        # The library has one exception for everything; its message tells the kinds apart.
        if "encrypted" in str(error) or "password" in str(error):
            raise PasswordRequired(
                "The file is encrypted and opens only with a password.", "Save a copy without the password."
            ) from None
        raise DamagedFile(
            "The file is damaged and cannot be read.", "Open it in its program and save it again."
        ) from None


def sections(document: Any) -> Iterator[Section]:
    """The sections in the file's order, each as blocks of markdown."""
    model = document.to_ir()
    # The model carries a preview of the file as base64.
    model.get("metadata", {}).pop("thumbnail", None)
    for section in model["sections"]:
        yield Section(
            title=section.get("title") or None,
            blocks=list(_blocks(section["elements"], 0)),
            notes=join_blocks(_blocks(section.get("speaker_notes") or (), 0)),
            hidden=bool(section.get("hidden")),
        )


def blocks(untrusted_bytes: bytes, kind: str) -> list[Block]:
    """The whole document as blocks but for its comments, which have lost their places; raises what ``opened`` does."""
    found = (block for section in sections(opened(untrusted_bytes, kind)) for block in section.blocks)
    return [block for block in found if not block.text.startswith("[comment")]


def running_heads(document: Any) -> list[str]:
    """Texts of headers and footers, each once."""
    texts = []
    for section in document.to_ir()["sections"]:
        for key in _RUNNING:
            texts.append(join_blocks(_blocks((section.get(key) or {}).get("content") or (), 0)))
    return list(dict.fromkeys(text for text in texts if text))


def _blocks(elements: Iterable[dict[str, Any]], depth: int) -> Iterator[Block]:
    if depth > _MAX_DEPTH:
        raise TooComplex("The file is more deeply nested than is read.", "Export it as PDF.")
    for element in elements:
        match element["type"]:
            case "heading":
                yield heading(_inline(element.get("content")), element["level"])
            case "paragraph":
                yield Block(_paragraph(element.get("content") or []))
            case "list":
                yield Block(_list(element, depth))
            case "table":
                yield Block(_table(element, depth))
            case "text_box" | "block_quote":
                yield from _blocks(element.get("content") or (), depth + 1)
            case "image":
                yield Block(picture(element.get("alt_text")))
            case "footnote" | "endnote":
                yield Block(_note(element, depth))
            case "code_block":
                yield Block(f"```\n{element.get('content') or element.get('text') or ''}\n```")
            case "page_break" | "thematic_break":
                pass
            case _:
                yield from _blocks(_nested(element), depth + 1)


def _nested(element: dict[str, Any]) -> list[dict[str, Any]]:
    """Elements within one of a kind that a later version of the library may bring."""
    content = element.get("content") or []
    return [part for part in content if isinstance(part, dict) and "type" in part] if isinstance(content, list) else []


def _paragraph(content: list[dict[str, Any]]) -> str:
    """Bold is kept where it makes a whole paragraph stand out; marks inside sentences would hide words from a search."""
    text = _inline(content).strip()
    words = [part for part in content if (part.get("text") or "").strip()]
    is_bold = bool(words) and len(words) == len(content) and all(part.get("bold") for part in words)
    return marked(text, "**") if is_bold and "\n" not in text else text


def _inline(content: Iterable[dict[str, Any]] | None) -> str:
    return "".join(_run(part) for part in content or ()).replace("~~~~", "")


def _run(part: dict[str, Any]) -> str:
    match part["type"]:
        case "text":
            text: str = part["text"]
            if part.get("strikethrough"):
                text = marked(text, "~~")
            return link(text, part.get("hyperlink") or "")
        case "line_break":
            return "\n"
        case "image":
            return picture(part.get("alt_text"))
        case "footnote_ref" | "endnote_ref":
            return f"[^{part.get('note_id', 0)}]"
    return ""


def _note(element: dict[str, Any], depth: int) -> str:
    """A foot- or endnote, or a comment, which this library models as a note marked "comment" or "B7 (Author)"."""
    text = indented(join_blocks(_blocks(element.get("content") or (), depth + 1)), 4)
    marker, author = element.get("marker") or "", element.get("author") or ""
    if not author and marker != "comment":
        return f"[^{element.get('id', 0)}]: {text}"
    place = f" on {marker}" if "(" in marker else f" by {author}" if author else ""
    return f"[comment{place}: {text}]"


def _list(element: dict[str, Any], depth: int) -> str:
    if depth > _MAX_DEPTH:
        raise TooComplex("The file is more deeply nested than is read.", "Export it as PDF.")
    lines = []
    for number, point in enumerate(element.get("items") or (), start=element.get("start_number") or 1):
        mark = f"{number}. " if element.get("ordered") else "- "
        inner = join_blocks(_blocks(point.get("content") or (), depth + 1)).replace("\n\n", "\n")
        if point.get("nested"):
            inner += "\n" + _list(point["nested"], depth + 1)
        if inner.strip():
            lines.append(mark + indented(inner, len(mark)))
    return "\n".join(lines)


def _table(element: dict[str, Any], depth: int) -> str:
    """The table as a grid: a merged cell's text stands in its first place, the other places are empty."""
    rows: list[list[str]] = []
    taken: dict[int, int] = {}
    for row in element.get("rows") or ():
        line: list[str] = []
        for content in row.get("cells") or ():
            while taken.get(len(line), 0) > 0:
                line.append("")
            column, width = len(line), content.get("col_span") or 1
            line.append(_cell(content.get("content") or (), depth))
            line.extend([""] * (width - 1))
            for covered in range(column, column + width):
                taken[covered] = content.get("row_span") or 1
        rows.append(line)
        taken = {column: left - 1 for column, left in taken.items() if left > 1}
    return table(rows)


def _cell(elements: Iterable[dict[str, Any]], depth: int) -> str:
    """A cell's paragraphs, without marks for bold: in a table they would stand in the way of its words."""
    parts = []
    for element in elements:
        if element["type"] == "paragraph":
            parts.append(_inline(element.get("content")))
        else:
            parts.append(join_blocks(_blocks([element], depth + 1)))
    return "\n".join(part for part in parts if part)
