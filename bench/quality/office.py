"""How much of a real office file's text comes out: word recall and precision of the readers and of each engine alone.

``python -m bench.quality.office FOLDER --references FOLDER [--half looked|unseen] [--formats doc,xls]``,
with ``--rounds 5`` what that takes of the binary formats. See README.md.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import datetime
import hashlib
import io
import multiprocessing
import quopri
import re
import sys
import time
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree

SECONDS = 30.0
"""No file of the corpora needs as long; one that does counts as nothing read."""

# What the readers and the references write around words, and no one reads as words of the file.
_MARKUP = (
    # Marks for what is bold or struck out stand within words.
    (re.compile(r"~~|\*\*"), ""),
    # A power, which references write as one number with what it is of.
    (re.compile(r"(?<=[\w)])\^(?=[\w+−–-])"), ""),
    (re.compile(r"<br/?>|\\(?=[|*_#`])|_x000D_"), " "),
    (re.compile(r"^\| ---[ |-]*$", re.MULTILINE), ""),
    # A link may be a part of a word.
    (re.compile(r"(?<!!)\[([^\[\]\n]{1,400})\]\((?:[^()\s]|\([^()\s]*\))*\)"), r"\1"),
    (re.compile(r"\]\(\s*(?:<[^<>]*>|(?:[^()\s]|\([^()\s]*\))*)(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)"), "] "),
    (re.compile(r"<https?://[^<>\s]*>|\[hidden\]"), " "),
    # What stands for a file within the file.
    (re.compile(r"\[embedded [^\]\n]{0,80}\]"), " "),
    (re.compile(r"\[hidden on this sheet[^\]\n]*\]"), " "),
    (re.compile(r"\[\^\d+\](?::)?"), " "),
    (re.compile(r"\[(?:comment|inserted|deleted|moved away|hidden|picture|chart|note)\b[^:\]\n]{0,300}:"), " "),
    # What Excel writes for older programs before the words of a thread.
    (re.compile(r"\[Threaded comment\].{0,300}?Comment:", re.DOTALL), " "),
    # A sheet that is mostly empty is told cell by cell.
    (re.compile(r"(?:^| · )[A-Z]{1,3}\d{1,7}: ", re.MULTILINE), " "),
    (re.compile(r"^(Headers and footers|Notes|Comments|Text boxes|Charts?):\s*$", re.MULTILINE), ""),
)
# Word processors do not say which number a paragraph has; readers and exports write it or do not.
_LIST_MARK = re.compile(
    r"^[> \t#]*(?:[-*•·▪–]|\(?(?:(?:\d{1,3}|[A-Za-z]{1,2}|[ivxlcIVXLC]{1,5})[.)])+(?:\d{1,3})?)[ \t]+(?=\S)",
    re.MULTILINE,
)
# LibreOffice's export of binary workbooks and of its own leaves comments on cells out, or some; ours tell them all the same.
_EQUATION = re.compile(r"\$\$.*?\$\$|\$(?=[^\s\d])[^$\n]{1,400}(?<=\S)\$", re.DOTALL)
_COMMENTS = re.compile(r"\[comment (?:on|by) [^\]]*\]")
_WITHOUT_COMMENTS = ("xls", "ods")
_CELL_LIST_MARK = re.compile(r"(?:\| |<br>)(?:\(?(?:\d{1,3}|[A-Za-z]{1,2}|[ivxlcIVXLC]{1,5})[.)][ \t]+)+(?=[^\s|])")
# Charts of workbooks, headers and footers of their printed pages: LibreOffice's are others, and its own.
_SHEETS_ASIDE = re.compile(r"\[chart: [^\]]*\]|^Headers and footers:\n(?:.+\n?)+", re.MULTILINE)
_SHEETS = ("xls", "xlsx", "xlsm", "xlsb", "ods")
# A time is one however it is written, to the second; a number is compared to ten digits.
_CLOCK = re.compile(r"\b(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?(?: ?([AaPp])\.?[Mm]?\.?\b)?")
_LONG_NUMBER = re.compile(r"\d+\.\d{6,}(?:E[+-]\d+)?", re.IGNORECASE)
_WITH_LISTS = (
    "doc",
    "docx",
    "docm",
    "dotx",
    "rtf",
    "odt",
    "ppt",
    "pptx",
    "odp",
    "html",
    "htm",
    "xhtml",
    "mht",
    "mhtml",
)
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


# A truth value is one however it is written.
_TRUTH = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True)
class Score:
    recall: float
    precision: float


def words(text: str, kind: str) -> Counter[str]:
    """The words without markup (and the marks of lists), each Chinese, Japanese or Korean character one, in lower case."""
    from kimi_files.extract.symbols import readable

    if kind in _WITHOUT_COMMENTS:
        text = _COMMENTS.sub(" ", text)
    if kind in _SHEETS:
        text = _SHEETS_ASIDE.sub(" ", text)
    if kind in _WITH_LISTS:
        text = _CELL_LIST_MARK.sub(" ", _LIST_MARK.sub("", text))
    # References have the codes of symbol fonts.
    text = readable(text)
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    text = _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.10g}", text)
    if kind in _SHEETS:
        text = _CLOCK.sub(_clock, text)
    if kind in ("docx", "docm", "dotx"):
        text = _EQUATION.sub(" ", text)
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    return Counter(_TRUTH.get(word, word) for word in _WORD.findall(text.casefold()))


def _clock(time: re.Match[str]) -> str:
    hour = int(time[1])
    if time[4]:
        hour = hour % 12 + (12 if time[4] in "pP" else 0)
    return f"{hour}:{time[2]}:{time[3]}" if (time[3] or "00") != "00" else f"{hour}:{time[2]}"


def score(found: Counter[str], reference: Counter[str]) -> Score:
    common = (found & reference).total()
    return Score(common / max(reference.total(), 1), common / found.total() if found.total() else 1.0)


def half(content: bytes) -> str:
    """Which half of a corpus a file belongs to: ``looked`` was seen while the readers were written, ``unseen`` never."""
    return "looked" if hashlib.sha256(content).digest()[0] % 2 == 0 else "unseen"


# ---- references


def reference(path: Path, folder: Path) -> str | None:
    """The text of a file by something that is neither of the engines nor the readers; None where there is none."""
    kind = path.suffix.lower()
    for made in folder.glob(f"{path.name}.fod?"):
        return "\n".join(_flat_open_document(made.read_bytes(), kind[1:]))
    if kind in (".html", ".htm", ".xhtml"):
        markup = _decoded(path.read_bytes())
        return None if markup is None else "\n".join(_visible(markup))
    if kind in (".mht", ".mhtml"):
        pages = [_decoded(page, charset) for page, charset in _archived_pages(path.read_bytes())]
        return "\n".join(line for page in pages if page for line in _visible(page)) if all(pages) else None
    if kind in (".csv", ".tsv"):
        text = path.read_bytes().decode("utf-8-sig")
        return None if "\0" in text else text
    if kind in (".docx", ".docm", ".dotx", ".pptx", ".pptm", ".ppsx"):
        return "\n".join(_package_text(path.read_bytes(), kind))
    return None


_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_NOT_READ = frozenset(
    (
        *(f"{_OFFICE}{tag}" for tag in ("binary-data", "settings", "scripts", "font-face-decls", "styles", "meta")),
        *(f"{_OFFICE}{tag}" for tag in ("automatic-styles", "forms")),
        *(f"{_TEXT}{tag}" for tag in ("sequence-decls", "table-of-content-source", "note-citation", "page-number")),
        f"{_OFFICE}event-listeners",
        # What is said when a cell is typed in.
        f"{_TABLE}content-validations",
        # A file within the file.
        "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}object",
    )
)


def _flat_open_document(content: bytes, kind: str) -> Iterator[str]:
    """Lines of what LibreOffice made of a file: paragraphs in order, notes, comments, headers and footers each once."""
    root = ElementTree.fromstring(content)
    is_excel = kind.startswith("xls")
    for cell in root.iter(f"{_TABLE}table-cell"):
        if kind in _WITHOUT_COMMENTS:
            for comment in cell.findall(f"{_OFFICE}annotation"):
                cell.remove(comment)
        if cell.get(f"{_OFFICE}value-type") == "date" and (shown := cell.find(f"{_TEXT}p")) is not None:
            # A date is one however it is written: compared is what it is, not how it is shown.
            shown[:] = []
            shown.text = _date(cell.get(f"{_OFFICE}date-value", ""), is_excel) or shown.text
    for comment in root.iter(f"{_OFFICE}annotation"):
        first = comment.find(f"{_TEXT}p")
        if first is not None and "".join(first.itertext()).rstrip().endswith(":"):
            # Excel writes who says it into the comment.
            comment.remove(first)
        for reply in [part for part in comment if part.text == "Reply:"]:
            comment.remove(reply)
    body = root.find(f"{_OFFICE}body")
    if body is not None:
        yield from _open_lines(body)
    if body is not None and body.find(f"{_OFFICE}text") is not None:
        heads: dict[str, None] = {}
        for page in root.iter(f"{_STYLE}master-page"):
            for part in page:
                heads.update(dict.fromkeys(_open_lines(part)))
        yield from heads


_EPOCH = datetime.datetime(1899, 12, 30)


def _date(value: str, is_excel: bool) -> str | None:
    """A date as it is, to the second; before its first day, Excel has a number, and until March of 1900 a day more."""
    try:
        moment = datetime.datetime.fromisoformat(re.sub(r"\.\d+$", "", value))
    except ValueError:
        return None
    part = re.search(r"\.\d+$", value)
    moment += datetime.timedelta(seconds=round(float(part[0]) if part else 0.0))
    if is_excel and moment < _EPOCH:
        exact = moment + datetime.timedelta(seconds=(float(part[0]) if part else 0.0) % 0.5)
        return f"{(exact - _EPOCH).total_seconds() / 86400:.10g}"
    if is_excel and moment < datetime.datetime(1900, 3, 1):
        moment += datetime.timedelta(days=1)
        if moment.year < 1900:
            return moment.isoformat(" ").replace("1899-12-31", "1900-01-00").removesuffix(" 00:00:00")
    return moment.isoformat(" ").removesuffix(" 00:00:00")


def _open_lines(node: ElementTree.Element) -> Iterator[str]:
    if node.tag in _NOT_READ:
        return
    if node.tag in (f"{_TEXT}p", f"{_TEXT}h"):
        inner: list[str] = []
        yield "".join(_open_words(node, inner))
        yield from inner
        return
    if node.tag in (f"{_SVG}title", f"{_SVG}desc"):
        yield node.text or ""
        return
    if node.tag == f"{_TABLE}table" and node.find(f"{_TABLE}table-source") is not None:
        # What LibreOffice keeps of another file.
        return
    if node.tag == f"{_TABLE}table-cell":
        times = int(node.get(f"{_TABLE}number-columns-repeated", "1"))
        lines = [line for child in node for line in _open_lines(child)]
        yield from lines * min(times, 16_384)
        return
    if node.tag == f"{_TABLE}table-row":
        times = int(node.get(f"{_TABLE}number-rows-repeated", "1"))
        lines = [line for child in node for line in _open_lines(child)]
        yield from lines * min(times, 5000)
        return
    for child in node:
        yield from _open_lines(child)


def _open_words(node: ElementTree.Element, inner: list[str]) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag == f"{_TEXT}note" or child.tag == f"{_OFFICE}annotation" or "drawing:1.0}" in str(child.tag):
            inner.extend(_open_lines(child))
        elif child.tag in (f"{_TEXT}tab", f"{_TEXT}s", f"{_TEXT}line-break"):
            yield " "
        elif child.tag not in _NOT_READ:
            yield from _open_words(child, inner)
        yield child.tail or ""


class _Visible(HTMLParser):
    """The texts of a page that a browser shows, and what it shows instead of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "template", "svg", "math"):
            self._unseen += 1
        elif tag == "img":
            self.found.append(dict(attrs).get("alt") or "")
        elif tag not in (
            "b",
            "i",
            "em",
            "strong",
            "span",
            "a",
            "font",
            "u",
            "sup",
            "sub",
            "code",
            "small",
            "wbr",
            "mark",
        ):
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "template", "svg", "math"):
            self._unseen = max(self._unseen - 1, 0)
        elif tag in ("td", "th", "p", "div", "li", "title", "h1", "h2", "h3", "h4", "h5", "h6", "option", "button"):
            self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)


_CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)


def _decoded(content: bytes, charset: str = "utf-8") -> str | None:
    """A page as UTF-8 or as it declares; None where it is neither: what a browser shows of it is no truth."""
    declared = _CHARSET.search(content[:4096])
    for name in ("utf-8", charset, declared[1].decode() if declared else "utf-8"):
        with suppress(UnicodeDecodeError, LookupError):
            return content.decode(name)
    return None


_HEADER = re.compile(rb"^([\w-]+):[ \t]*((?:.*(?:\r?\n[ \t]+)?)+?)\r?$", re.MULTILINE)
_BOUNDARY = re.compile(rb"""boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))""", re.IGNORECASE)
_PART_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)


def _archived_pages(content: bytes) -> Iterator[tuple[bytes, str]]:
    """The pages in a web archive, and the charset that each is said to be in; without any library for mail."""
    head, _, body = re.sub(rb"\r\n?", b"\n", content.lstrip()).partition(b"\n\n")
    fields = {name.lower(): value for name, value in _HEADER.findall(head + b"\n")}
    kind = fields.get(b"content-type", b"").strip()
    boundary = _BOUNDARY.search(kind)
    if kind.lower().startswith(b"multipart/") and boundary:
        for part in re.split(rb"^--" + re.escape(boundary[1] or boundary[2]) + rb"(?:--)?[ \t]*$", body, flags=re.M)[
            1:
        ]:
            yield from _archived_pages(part)
    elif kind.lower().startswith((b"text/html", b"application/xhtml")):
        encoding = fields.get(b"content-transfer-encoding", b"").strip().lower()
        if encoding == b"base64":
            body = base64.b64decode(body)
        elif encoding == b"quoted-printable":
            body = quopri.decodestring(body)
        charset = _PART_CHARSET.search(kind)
        yield body, charset[1].decode() if charset else "utf-8"


def _visible(markup: str) -> Iterator[str]:
    parser = _Visible()
    parser.feed(markup)
    yield "".join(parser.found)


_PARTS = {
    ".docx": re.compile(r"word/(document\d*|footnotes|endnotes|comments|header\d*|footer\d*)\.xml$"),
    ".pptx": re.compile(r"ppt/(slides/slide\d+|notesSlides/notesSlide\d+|comments/\w+)\.xml$"),
}


def _package_text(content: bytes, kind: str) -> Iterator[str]:
    """Paragraphs of every part that holds text for people, with descriptions of pictures; repeated headers once."""
    pattern = _PARTS[".pptx" if kind.startswith(".pp") else ".docx"]
    heads: dict[str, None] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            part = package.read(name) if name.endswith(".xml") else b""
            is_chart = b"chartSpace" in part[:2000]
            if is_chart or b"dataModel" in part[:2000] or pattern.match(name):
                root = ElementTree.fromstring(part)
                _without_repeated_heads(root, heads)
                is_diagram = b"dataModel" in part[:2000]
                lines = list((_chart_lines if is_chart else _diagram_lines if is_diagram else _xml_lines)(root))
                if "/header" in name or "/footer" in name:
                    heads.update(dict.fromkeys(line for line in lines if line.strip()))
                else:
                    yield from lines
    yield from heads


def _without_repeated_heads(root: ElementTree.Element, heads: dict[str, None]) -> None:
    """Take the dates and footers out of a slide, to be told once for all slides."""
    for above in root.iter():
        for shape in [part for part in above if str(part.tag).endswith("}sp")]:
            kinds = {part.get("type") for part in shape.iter() if str(part.tag).endswith("}ph")}
            if kinds & {"dt", "ftr", "hdr"}:
                heads.update(dict.fromkeys(_xml_lines(shape)))
                above.remove(shape)


def _chart_lines(root: ElementTree.Element) -> Iterator[str]:
    """Titles, names of series, and values: the categories stand once for each series in the file, once in the picture."""
    categories: dict[str, str] = {}
    for node in root.iter():
        match str(node.tag).rpartition("}")[2]:
            case "title":
                yield from ("".join(part.itertext()) for part in node.iter() if str(part.tag).endswith("}p"))
            case "tx":
                yield from (value.text or "" for value in node.iter() if str(value.tag).endswith("}v"))
            case "cat" | "xVal":
                categories.update((place, value) for place, value in _points(node) if place not in categories)
            case "val" | "yVal" | "bubbleSize" | "strDim" | "numDim":
                yield from (value for _, value in _points(node))
    yield from categories.values()


def _diagram_lines(root: ElementTree.Element) -> Iterator[str]:
    for paragraph in root.iter("{http://schemas.openxmlformats.org/drawingml/2006/main}p"):
        yield "".join(part.text or "" for part in paragraph.iter() if str(part.tag).endswith("}t"))


def _points(node: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for point in node.iter():
        if str(point.tag).endswith("}pt"):
            value = "".join(point.itertext()).strip()
            with contextlib.suppress(ValueError):
                value = f"{float(value):.15g}"
            yield point.get("idx", ""), value


def _xml_lines(node: ElementTree.Element, inline: bool = False) -> Iterator[str]:
    name = str(node.tag).rpartition("}")[2]
    # Equations are not compared: here they are single signs, in what is read LaTeX.
    if name in ("Fallback", "oMath", "oMathPara"):
        return
    if name in ("docPr", "cNvPr") and not (name == "cNvPr" and inline):
        described = node.get("descr")
        if described:
            yield described
    if name == "text":
        # Of a slide's comment.
        yield node.text or ""
        return
    if name in ("p", "si", "pt"):
        inner: list[str] = []
        yield "".join(_xml_words(node, inner))
        yield from inner
        return
    # In a text, a picture's description stands at its place and again at the picture.
    for child in node:
        yield from _xml_lines(child, inline or name == "inline" or name == "anchor")


def _xml_words(node: ElementTree.Element, inner: list[str]) -> Iterator[str]:
    for child in node:
        name = str(child.tag).rpartition("}")[2]
        if name in ("t", "delText", "v"):
            yield child.text or ""
        elif name in ("tab", "br", "cr"):
            yield " "
        elif name == "noBreakHyphen":
            yield "-"
        elif name == "sym":
            yield _sign(child)
        elif name in ("oMath", "oMathPara"):
            continue
        elif name in ("p", "drawing", "pict", "Choice", "object"):
            inner.extend(_xml_lines(child))
        elif name not in ("Fallback", "fld") or (
            name == "fld" and not (child.get("type") or "").startswith("slidenum")
        ):
            yield from _xml_words(child, inner)


def _sign(node: ElementTree.Element) -> str:
    from kimi_files.extract.symbols import sign

    attributes = {name.rpartition("}")[2]: value for name, value in node.attrib.items()}
    return sign(attributes.get("font", ""), int(attributes.get("char", "20"), 16))


# ---- readers


def by_readers(content: bytes, name: str) -> str:
    """What the product reads."""
    from kimi_files.extract import readers
    from kimi_files.extract.document import PageText

    stream = io.BytesIO(content)
    identified, module, stream = readers.find_reader(stream, name)
    pages: dict[int, list[str]] = defaultdict(list)
    for event in readers.read(module, stream, name, identified.format):
        if isinstance(event, PageText):
            pages[event.number].append(event.text)
    return "\n\n".join("".join(parts) for parts in pages.values())


# The libraries know formats by these extensions alone.
_PLAIN = {".docm": ".docx", ".dotx": ".docx", ".dot": ".doc", ".xlsm": ".xlsx"}


def by_anydoc(content: bytes, name: str) -> str:
    import anydoc

    return str(
        anydoc.to_markdown_bytes(
            content, None if name.endswith("xls") else _PLAIN.get(Path(name).suffix, Path(name).suffix)[1:]
        )
    )


def by_office_oxide(content: bytes, name: str) -> str:
    oxide: Any = import_module("office_oxide")
    if name.endswith((".html", ".htm")):
        # Of pages, the library that the readers use, with its own settings, stands in this column.
        pages: Any = import_module("html_to_markdown")
        return str(pages.convert(content.decode("utf-8", "replace")).content or "")
    kind = _PLAIN.get(Path(name).suffix, Path(name).suffix)
    return str(oxide.Document.from_bytes(content, kind[1:]).to_markdown())


WAYS: dict[str, Callable[[bytes, str], str]] = {
    "ours": by_readers,
    "anydoc": by_anydoc,
    "office-oxide": by_office_oxide,
}


def _times(files: list[Path], kind: str, rounds: int) -> None:
    """CPU milliseconds a file: ours, then anydoc, turn by turn in this process, each file's least of so many rounds.

    Only files in which both find text count: to refuse one takes no time.
    """
    pairs: list[tuple[float, float]] = []
    for path in files:
        content, name = path.read_bytes(), path.name.lower()
        taken: list[list[float]] = [[], []]
        try:
            # The first round, in which libraries are loaded, is not counted.
            for number in range(rounds + 1):
                for turn, way in enumerate((by_readers, by_anydoc)):
                    started = time.process_time()
                    is_read = bool(way(content, name).strip())
                    if number and is_read:
                        taken[turn].append(time.process_time() - started)
        except Exception:
            continue
        if all(taken):
            pairs.append((min(taken[0]) * 1000, min(taken[1]) * 1000))
    ours, theirs = (sum(pair[turn] for pair in pairs) for turn in (0, 1))
    half_of_files = median(pair[0] / pair[1] for pair in pairs)
    print(
        f"{kind:5} {len(pairs):4} files  ours {ours / len(pairs):6.2f} ms  anydoc {theirs / len(pairs):6.2f} ms"
        f"  all files {ours / theirs:5.2f} x  file in the middle {half_of_files:5.2f} x"
    )


def _serve(pipe: Connection) -> None:
    while True:
        way, path = pipe.recv()
        content = path.read_bytes()
        started = time.process_time()
        try:
            text = WAYS[way](content, path.name.lower())
        except BaseException as error:  # a parser's panic is no Exception
            pipe.send((None, time.process_time() - started, f"{type(error).__name__}: {error}"[:200]))
        else:
            pipe.send((text, time.process_time() - started, ""))


class _Reader:
    """A process that reads files one at a time; a new one after it died or hung, as parsers do."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None

    def read(self, way: str, path: Path) -> tuple[str | None, float, str]:
        """The text or None, CPU seconds, and what went wrong."""
        if self._process is None or not self._process.is_alive():
            self._pipe, theirs = self._context.Pipe()
            self._process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send((way, path))
            if not self._pipe.poll(SECONDS):
                raise EOFError("too slow")
            answer: tuple[str | None, float, str] = self._pipe.recv()
            return answer
        except (EOFError, OSError) as error:
            self._process.kill()
            self._process.join()
            self._process = None
            return None, 0.0, f"died: {error}"


def _name(way: str, kind: str) -> str:
    return "html-to-markdown" if way == "office-oxide" and kind == "html" else way


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality.office")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--references", type=Path, required=True)
    parser.add_argument("--half", choices=("looked", "unseen"), default="unseen")
    parser.add_argument("--formats", default="doc,ppt,xls,docx,xlsx,pptx,rtf,odt")
    parser.add_argument("--most", type=int, default=150)
    parser.add_argument("--worst", type=int, default=0, help="name the files with the lowest scores")
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument(
        "--rounds", type=int, default=0, help="only time so many rounds of ours and anydoc in one process"
    )
    chosen = parser.parse_args()
    if chosen.rounds:
        for kind in chosen.formats.split(","):
            files = sorted(path for path in (chosen.corpus / kind).iterdir() if half(path.read_bytes()) == chosen.half)
            _times(files, kind, chosen.rounds)
        return
    reader = _Reader()
    ways = ["ours"] if chosen.only_ours else list(WAYS)
    for kind in chosen.formats.split(","):
        scores: dict[str, list[tuple[Score, str, str]]] = defaultdict(list)
        seconds: Counter[str] = Counter()
        count = 0
        for path in sorted((chosen.corpus / kind).iterdir()):
            if count == chosen.most or half(path.read_bytes()) != chosen.half:
                continue
            try:
                text = reference(path, chosen.references)
            except (
                ElementTree.ParseError,
                zipfile.BadZipFile,
                KeyError,
                ValueError,
                EOFError,
                zlib.error,
                RuntimeError,
            ):
                continue
            if text is None or not (expected := words(text, kind)):
                continue
            count += 1
            for way in ways:
                found, taken, wrong = reader.read(way, path)
                seconds[way] += taken  # type: ignore[assignment]
                mark = Score(0.0, 1.0) if found is None else score(words(found, kind), expected)
                scores[way].append((mark, path.name, wrong))
        for way in ways:
            marks = [mark for mark, _, _ in scores[way]]
            if marks:
                recall, precision = (sum(getattr(m, f) for m in marks) / len(marks) for f in ("recall", "precision"))
                failed = sum(bool(wrong) for _, _, wrong in scores[way])
                print(
                    f"{kind:5} {_name(way, kind):16} {len(marks):4} files  recall {recall:.3f}  precision {precision:.3f}"
                    f"  not read {failed:3}  {seconds[way] / len(marks) * 1000:7.1f} ms"
                )
        if chosen.worst:
            low = sorted(scores["ours"], key=lambda each: min(each[0].recall, each[0].precision))
            for mark, name, wrong in low[: chosen.worst]:
                print(f"      {mark.recall:.3f} {mark.precision:.3f} {name} {wrong}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
