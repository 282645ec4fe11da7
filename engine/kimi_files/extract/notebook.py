"""Jupyter notebooks: cells in order, code in fences, with what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.extract import text, web
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.markdown import sections
from kimi_files.extract.pieces import sentence

if TYPE_CHECKING:
    from kimi_files.formats import Format

# What moves the cursor of a terminal, colours its text, or names where a link leads.
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[ -/]?[@-~]|\x1b\][^\x07\x1b\n]*(?:\x07|\x1b\\)")
# "<IPython.core.display.HTML object>": what it shows stands beside it.
_PLACEHOLDER = re.compile(r"\s*<[\w.]+ object(?: at 0x[0-9a-f]+)?>\s*\Z")
_TICKS = re.compile(r"`{3,}")
_PLOTLY = "application/vnd.plotly.v1+json"
_MOST_VALUES = 40
_NO_NOTEBOOK = "The name says Jupyter notebook, but the content is none: it is given as it is."


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The notebook as Markdown in sections. What is no notebook is given unchanged, with a warning."""
    decoded = Decoded(stream, detect_encoding(stream))
    try:
        notebook = json.loads("".join(decoded))
    except ValueError:
        notebook = None
    cells = _cells(notebook)
    if cells is None:
        yield from text.read(stream, name, format)
        yield Warning(message=_NO_NOTEBOOK)
        return
    yield from text.warnings(decoded)
    language = _language(notebook)
    pictures = 0
    parts: list[str] = []
    for cell in cells:
        outputs = [part for part in cell.get("outputs") or () if isinstance(part, dict)]
        pictures += sum(_has_picture(output) for output in outputs)
        parts.extend(_cell(cell, outputs, language))
    yield from sections("\n\n".join(part for part in parts if part.strip()))
    if pictures:
        noun = "picture is" if pictures == 1 else "pictures are"
        yield Warning(message=sentence(f"{pictures:,} {noun} named where they came out, and not shown."))


def _cells(notebook: Any) -> list[dict[str, Any]] | None:
    """The cells, of today's format or of the one before it; None where it is no notebook."""
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets for cell in sheet.get("cells") or ()]
    return [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else None


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata")
    for key in ("language_info", "kernelspec"):
        found = metadata.get(key) if isinstance(metadata, dict) else None
        name = found.get("name" if key == "language_info" else "language") if isinstance(found, dict) else None
        if isinstance(name, str) and name.isidentifier():
            return name
    return ""


def _cell(cell: dict[str, Any], outputs: list[dict[str, Any]], language: str) -> Iterator[str]:
    source = _joined(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    if kind == "code":
        yield _fenced(source, language) if source.strip() else ""
        for output in outputs:
            yield from _output(output)
    elif kind == "heading":
        level = cell.get("level")
        yield "#" * (level if isinstance(level, int) and 1 <= level <= 6 else 1) + " " + source
    else:
        yield source


def _output(output: dict[str, Any]) -> Iterator[str]:
    """What came out, in the form that says most in words."""
    if "traceback" in output or output.get("output_type") in ("error", "pyerr"):
        words = _joined(output.get("traceback"), "\n") or f"{output.get('ename', '')}: {output.get('evalue', '')}"
        yield "Error:\n" + _fenced(words)
        return
    data = output.get("data", output)
    data = data if isinstance(data, dict) else {}
    markup = _joined(data.get("text/html", data.get("html")))
    words = _joined(data.get("text/plain", data.get("text")))
    if _PLOTLY in data:
        yield _chart(data[_PLOTLY])
    elif _has_picture(output):
        yield f"[picture that came out: {' '.join(words.split())}]" if words.strip() else "[picture that came out]"
    elif "text/markdown" in data:
        yield "Output:\n\n" + _joined(data["text/markdown"])
    elif "<table" in markup:
        yield "Output:\n\n" + web.as_markdown(markup)[0].strip()
    elif words.strip() and not (markup and _PLACEHOLDER.match(words)):
        yield "Output:\n" + _fenced(words)
    elif markup:
        yield "Output:\n\n" + web.as_markdown(markup)[0].strip()
    else:
        for kind, value in data.items():
            if isinstance(kind, str) and kind.startswith(("text/", "application/json")):
                yield "Output:\n" + _fenced(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            elif isinstance(kind, str) and "/" in kind and kind != "application/javascript":
                yield f"[what came out is {kind}, not shown]"


def _chart(figure: Any) -> str:
    """What a chart of plotly's says in words: titles, and for each series its kind, its name and its values, if they are few."""
    said = [_title_of(figure, "layout"), *(_title_of(figure, "layout", axis) for axis in ("xaxis", "yaxis"))]
    series = figure.get("data") if isinstance(figure, dict) else None
    for each in series if isinstance(series, list) else ():
        if isinstance(each, dict):
            name = str(each.get("name") or "")
            values = _values(each.get("x", each.get("labels")), each.get("y", each.get("values")))
            words = " ".join(word for word in (str(each.get("type", "series")), name) if word)
            said.append(f"{words}: {values}" if values else words)
    return f"[chart that came out: {' · '.join(dict.fromkeys(filter(None, said)))}]"


def _title_of(figure: Any, *path: str) -> str:
    for key in (*path, "title"):
        figure = figure.get(key) if isinstance(figure, dict) else None
    text = figure.get("text") if isinstance(figure, dict) else figure
    return " ".join(re.sub(r"<[^<>]{0,200}>", " ", text).split()) if isinstance(text, str) else ""


def _values(names: Any, values: Any) -> str:
    if not (isinstance(names, list) and isinstance(values, list) and 0 < len(names) == len(values) <= _MOST_VALUES):
        return ""
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))


def _has_picture(output: dict[str, Any]) -> bool:
    data = output.get("data", output)
    return isinstance(data, dict) and any(key.startswith("image/") or key in ("png", "jpeg", "svg") for key in data)


def _joined(value: Any, between: str = "") -> str:
    """A text, which the format also allows in lines."""
    if isinstance(value, str):
        return value
    lines: Iterable[Any] = value if isinstance(value, list) else ()
    return between.join(line for line in lines if isinstance(line, str))


def _fenced(content: str, language: str = "") -> str:
    content = _on_screen(_CONTROLS.sub("", content)).rstrip("\n")
    longest = max((len(ticks) for ticks in _TICKS.findall(content)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def _on_screen(text: str) -> str:
    """The text as a terminal leaves it: a line that is written again, as progress is, shows what came last."""
    if "\b" in text:
        text = "".join(_without_deleted(text))
    if "\r" not in text:
        return text
    return "\n".join(
        next((part for part in reversed(line.split("\r")) if part.strip()), "") if "\r" in line else line
        for line in text.split("\n")
    )


def _without_deleted(text: str) -> list[str]:
    kept: list[str] = []
    for sign in text:
        if sign != "\b":
            kept.append(sign)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return kept
