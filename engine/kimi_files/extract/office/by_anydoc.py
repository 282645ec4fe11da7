"""Markdown from anydoc's document model. Only ``to_document`` is called: it cannot send anything anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

from kimi_files.errors import DamagedFile, KimiFilesError, PasswordRequired, TooComplex, UnsupportedFile
from kimi_files.extract.office.markdown import (
    Block,
    heading,
    indented,
    join_blocks,
    link,
    marked,
    marker,
    picture,
    table,
)

_MAX_DEPTH = 24
_EMBEDDED = "Embedded object"


def blocks(untrusted_bytes: bytes, kind: str) -> list[Block]:
    """The whole document as blocks; ``kind`` is the extension that stands for the format ("docx").

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: As anydoc says.
    """
    anydoc = _library()
    try:
        # It has no name of its own for xls, but knows one by its content.
        document = anydoc.to_document(untrusted_bytes, None if kind == "xls" else kind)
    except anydoc.ConvertError as error:
        raise _as_ours(anydoc, error) from None
    return list(_Writer(document).document())


@cache
def _library() -> Any:
    """Its compiled part alone: what stands around that loads a client for HTTP, which takes longer than to read most files."""
    package = find_spec("anydoc")
    compiled = PathFinder.find_spec("anydoc._anydoc", package.submodule_search_locations if package else None)
    if compiled is None or compiled.loader is None:
        return import_module("anydoc")
    library = module_from_spec(compiled)
    compiled.loader.exec_module(library)
    return library


def _as_ours(anydoc: Any, error: Exception) -> KimiFilesError:
    if isinstance(error, anydoc.EncryptedError):
        return PasswordRequired(
            "The file is encrypted and opens only with a password.", "Save a copy without the password."
        )
    if isinstance(error, anydoc.ResourceLimitError):
        return TooComplex("The file is larger or more deeply nested than is read.", "Split it, or export it as PDF.")
    if isinstance(error, anydoc.UnsupportedError):
        return UnsupportedFile("The file is of a kind that is not read.", "Save it in a current format.")
    return DamagedFile("The file is damaged and cannot be read.", "Open it in its program and save it again.")


class _Writer:
    """Writes blocks; a note's text follows the block that refers to it, so that it stays on its page."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._notes = {note.id: note for note in document.notes}
        self._numbers: dict[str, int] = {}
        self._due: list[str] = []

    def document(self) -> Iterator[Block]:
        for block in self._document.blocks:
            if block.kind == "paragraph":
                yield Block(self._paragraph(block.content, 0))
            else:
                yield from self._block(block, 0)
            if self._due:
                yield from self._due_notes()

    def _due_notes(self) -> Iterator[Block]:
        while self._due:
            note = self._notes[self._due.pop(0)]
            yield Block(f"[^{self._numbers[note.id]}]: {indented(self._text(note.blocks, 1), 4)}")

    def _block(self, block: Any, depth: int) -> Iterator[Block]:
        if depth > _MAX_DEPTH:
            raise TooComplex("The file is more deeply nested than is read.", "Export it as PDF.")
        match block.kind:
            case "heading":
                yield heading(self._inline(block.content, depth), block.level)
            case "paragraph":
                yield Block(self._paragraph(block.content, depth))
            case "list":
                yield Block(self._list(block.list, depth))
            case "table":
                yield from self._table(block.table, depth)
            case "block_quote":
                quoted = join_blocks(part for inner in block.blocks for part in self._block(inner, depth + 1))
                yield Block("> " + quoted.replace("\n", "\n> ") if quoted else "")
            case "code_block":
                yield Block(f"```{block.lang or ''}\n{block.text}\n```")
            case "math":
                yield Block(f"$$\n{block.text}\n$$")
            case "rule":
                yield Block("---")

    def _text(self, inner: list[Any], depth: int) -> str:
        return join_blocks(part for block in inner for part in self._block(block, depth + 1))

    def _paragraph(self, content: list[Any], depth: int) -> str:
        """Bold is kept where it makes a whole paragraph stand out; marks inside sentences would hide words from a search."""
        parts = []
        has_words, is_bold = False, True
        # Each look into the library's model makes new Python objects: nothing is looked at twice.
        for part in content:
            kind = part.kind
            if kind != "text":
                parts.append(self._run(part, kind, depth + 1))
                is_bold = False
                continue
            text, style = part.text, part.style
            has_words = has_words or not text.isspace()
            is_bold = is_bold and style is not None and style.bold and not text.isspace()
            parts.append(marked(text, "~~") if style is not None and style.strike else text)
        text = "".join(parts).replace("~~~~", "").strip()
        return marked(text, "**") if is_bold and has_words and "\n" not in text else text

    def _inline(self, content: list[Any] | None, depth: int) -> str:
        return "".join([self._run(part, part.kind, depth + 1) for part in content or ()]).replace("~~~~", "")

    def _run(self, part: Any, kind: str, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise TooComplex("The file is more deeply nested than is read.", "Export it as PDF.")
        match kind:
            case "text":
                style = part.style
                return marked(part.text, "~~") if style is not None and style.strike else part.text
            case "link":
                is_outside = part.target is not None and part.target.kind != "anchor"
                return link(self._inline(part.content, depth), part.target.value if is_outside else "")
            case "image":
                # What is embedded is no picture, though the library gives it as one.
                return f"[e{part.alt[1:]}]" if (part.alt or "").startswith(_EMBEDDED) else picture(part.alt)
            case "note_ref":
                return self._note_mark(part.note_id)
            case "line_break":
                return "\n"
            case "math":
                return f"${part.text}$"
            case "checkbox":
                return "[x] " if part.checked else "[ ] "
        return ""

    def _note_mark(self, note: str) -> str:
        if note not in self._notes:
            return ""
        if note not in self._numbers:
            self._numbers[note] = len(self._numbers) + 1
            self._due.append(note)
        return f"[^{self._numbers[note]}]"

    def _list(self, points: Any, depth: int) -> str:
        lines = []
        for number, point in enumerate(points.items, start=points.start):
            mark = (point.marker_label or marker(points.marker, number)).strip() + " "
            inner = self._text(point.blocks, depth)
            # Points of one list stand close together; a nested list follows its point directly.
            lines.append(mark + indented(inner.replace("\n\n", "\n"), len(mark)))
        return "\n".join(lines)

    def _table(self, grid: Any, depth: int) -> Iterator[Block]:
        cells = [[slot.cell for slot in row] for row in grid.grid]
        if grid.kind == "layout" or (all(len(row) <= 1 for row in cells) and len(cells) <= 1):
            for row in cells:
                for content in row:
                    for block in content.blocks if content is not None else ():
                        yield from self._block(block, depth + 1)
            return
        yield Block(table([[self._cell(content, depth) for content in row] for row in cells]))

    def _cell(self, content: Any, depth: int) -> str:
        if content is None:
            return ""
        inner = content.blocks
        if len(inner) == 1 and inner[0].kind == "paragraph":
            return self._inline(inner[0].content, depth + 1)
        return join_blocks(part for block in inner for part in self._in_cell(block, depth + 1))

    def _in_cell(self, block: Any, depth: int) -> Iterator[Block]:
        if block.kind in ("paragraph", "heading"):
            # Without marks for bold or headings: in a table they would stand in the way of its words.
            yield Block(self._inline(block.content, depth))
            return
        if block.kind != "table":
            yield from self._block(block, depth)
            return
        for row in block.table.grid:
            yield Block(" / ".join(self._cell(slot.cell, depth + 1) for slot in row if slot.cell is not None))
