"""The parts of an EPUB in reading order, with what its table of contents says about each."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from kimi_files.errors import DamagedFile, TooComplex, UnsupportedFile
from kimi_files.extract.ebook import Part, decoded, said_of
from kimi_files.extract.office.package import Package
from kimi_files.extract.tags import walk
from kimi_files.tokens import estimate_tokens

_DIRECTORY_BYTES = 32 << 20
_MOST_PARTS = 20_000
_MOST_ENTRIES = 50_000

# A file with several chapters in it is cut at them, unless it is short enough to be read whole.
_ONE_PAGE_TOKENS = 2_000
_LEAST_WORDS = 20
_LEAST_WORDS_OF_SECTION = 250

# These scramble a book's fonts and nothing else.
_FOR_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")

_TEXT_TYPES = frozenset(
    {"application/xhtml+xml", "text/html", "application/xml", "text/xml", "text/x-oeb1-document", "image/svg+xml"}
)
_TEXT_NAMES = (".xhtml", ".html", ".htm", ".xml", ".svg")


@dataclass(slots=True)
class _Item:
    path: str
    media_type: str
    properties: str


@dataclass(slots=True)
class _Directory:
    """What the book's directory lists: files by id, the order of reading, and the id of an EPUB 2 table of contents."""

    items: dict[str, _Item] = field(default_factory=dict)
    spine: list[str] = field(default_factory=list)
    contents: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    level: int
    path: str
    fragment: str


def parts(untrusted_bytes: bytes, messages: list[str]) -> Iterator[Part]:
    """The book's files in reading order; one that holds several chapters is cut where they begin.

    Raises:
        UnsupportedFile: The book is protected.
        TooComplex, DamagedFile: It cannot be read.
    """
    package = Package(untrusted_bytes)
    paths, entries = _reading_order(package, messages)
    protected = _protected(package)
    if protected and protected.issuperset(paths):
        raise UnsupportedFile(
            "The book is protected (DRM): only the reading program of the one who bought it can open it.",
            "Use a copy without protection.",
        )
    if len(paths) > _MOST_PARTS:
        raise TooComplex("The book has more parts than are read.", "Split it.")
    of_path: dict[str, list[_Entry]] = {}
    for entry in entries:
        of_path.setdefault(entry.path, []).append(entry)
    damaged = 0
    for path in paths:
        try:
            markup = "" if path in protected else decoded(package.part(path), messages)
        except DamagedFile:
            damaged += 1
            markup = ""
        if path in protected:
            messages.append("Some parts of the book are protected and left out.")
        yield from _cut(markup, of_path.get(path, []))
    if damaged and damaged == len(paths):
        raise DamagedFile("The book is damaged: none of its parts can be unpacked.", "Download it again.")
    if damaged:
        messages.append(f"{damaged} of {len(paths)} parts of the book are damaged and left out.")


_ABOUT = {
    "title": "Title",
    "creator": "Authors",
    "language": "Language",
    "publisher": "Publisher",
    "date": "Date",
    "description": "Description",
}


def about(untrusted_bytes: bytes) -> str:
    """What the book says of itself: its title, its authors, and so on, a line each."""
    package = Package(untrusted_bytes)
    root = _root(package)
    said: dict[str, list[str]] = {}
    current = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal current
        current = tag if tag in _ABOUT else ""
        if current:
            said.setdefault(current, []).append("")

    def end(tag: str) -> None:
        nonlocal current
        current = ""

    def text(characters: str) -> None:
        if current:
            said[current][-1] += characters

    if root:
        walk(_read(package, root), start, end, text)
    return said_of({name: said.get(tag, []) for tag, name in _ABOUT.items()})


def _reading_order(package: Package, messages: list[str]) -> tuple[list[str], list[_Entry]]:
    """Paths of the book's texts in order, and its table of contents; by name where the directory is damaged."""
    root = _root(package)
    directory = _directory(_read(package, root), posixpath.dirname(root)) if root else _Directory()
    paths: list[str] = []
    for identity in directory.spine:
        item = directory.items.get(identity)
        path = _stored(package, item.path) if item else None
        if item and path and (item.media_type in _TEXT_TYPES or path.lower().endswith(_TEXT_NAMES)):
            paths.append(path)
    if not paths:
        paths = sorted(name for name in package.names if name.lower().endswith((".xhtml", ".html", ".htm")))
        if not paths:
            raise DamagedFile("The book is damaged: no text is found in it.", "Download it again.")
        if not directory.spine:
            messages.append("The book's directory is damaged: its parts are given in the order of their names.")
    return list(dict.fromkeys(paths)), _contents(package, directory)


def _root(package: Package) -> str | None:
    """The path of the directory: as the container says, or the first that looks like one."""
    found: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "rootfile":
            found.append(attributes.get("full-path", ""))

    walk(_read(package, "META-INF/container.xml"), start)
    stored = [path for name in found if (path := _stored(package, name))]
    return next(iter([*stored, *(name for name in package.names if name.lower().endswith(".opf"))]), None)


def _directory(markup: str, folder: str) -> _Directory:
    directory = _Directory()

    def start(tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "item":
                path = _joined(folder, attributes.get("href", ""))
                item = _Item(path, attributes.get("media-type", ""), attributes.get("properties", ""))
                directory.items[attributes.get("id", "")] = item
            case "itemref":
                directory.spine.append(attributes.get("idref", ""))
            case "spine":
                directory.contents = attributes.get("toc", "")

    walk(markup, start)
    return directory


def _contents(package: Package, directory: _Directory) -> list[_Entry]:
    """The table of contents of EPUB 3, else that of EPUB 2."""
    items = directory.items.values()
    for item in items:
        if "nav" in item.properties.split() and (found := _from_navigation(package, item.path)):
            return found
    older = [directory.items[directory.contents]] if directory.contents in directory.items else []
    older += [item for item in items if item.media_type == "application/x-dtbncx+xml"]
    for item in older:
        if found := _from_ncx(package, item.path):
            return found
    return []


def _from_navigation(package: Package, path: str) -> list[_Entry]:
    entries: list[_Entry] = []
    words: list[str] = []
    target: str | None = None
    depth, in_contents, kinds = 0, False, 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal target, depth, in_contents, kinds
        if tag == "nav":
            kind = attributes.get("epub:type", "")
            in_contents = "toc" in kind.split() or (not kind and not kinds)
            kinds += 1
            depth = 0
        elif tag == "ol" and in_contents:
            depth += 1
        elif tag == "a" and in_contents:
            target = attributes.get("href", "")
            words.clear()

    def end(tag: str) -> None:
        nonlocal target, depth, in_contents
        if tag == "a" and target is not None:
            _add(package, entries, "".join(words), max(depth, 1), path, target)
            target = None
        elif tag == "ol" and in_contents:
            depth -= 1
        elif tag == "nav":
            in_contents = False

    walk(_read(package, path), start, end, lambda text: words.append(text) if target is not None else None)
    return entries


def _from_ncx(package: Package, path: str) -> list[_Entry]:
    entries: list[_Entry] = []
    words: list[str] = []
    depth, in_map, in_text = 0, False, False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, in_map, in_text
        if tag == "navmap":
            in_map = True
        elif tag == "navpoint":
            depth += 1
            words.clear()
        elif tag == "text":
            in_text = in_map
        elif tag == "content" and in_map:
            _add(package, entries, "".join(words), max(depth, 1), path, attributes.get("src", ""))
            words.clear()

    def end(tag: str) -> None:
        nonlocal depth, in_map, in_text
        if tag == "navmap":
            in_map = False
        elif tag == "navpoint":
            depth -= 1
        elif tag == "text":
            in_text = False

    walk(_read(package, path), start, end, lambda text: words.append(text) if in_text else None)
    return entries


def _add(package: Package, entries: list[_Entry], title: str, level: int, base: str, target: str) -> None:
    href, _, fragment = target.partition("#")
    path = _stored(package, _joined(posixpath.dirname(base), href)) if href else base
    title = " ".join(title.split())
    if path and title and len(entries) < _MOST_ENTRIES:
        entries.append(_Entry(title, min(level, 9), path, unquote(fragment)))


def _protected(package: Package) -> set[str]:
    """The paths of what is encrypted, fonts apart."""
    found: set[str] = set()
    algorithm = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal algorithm
        if tag == "encryptionmethod" and not algorithm:
            algorithm = attributes.get("algorithm", "")
        elif tag == "cipherreference" and algorithm not in _FOR_FONTS:
            path = _stored(package, unquote(attributes.get("uri", "")))
            if path:
                found.add(path)

    def end(tag: str) -> None:
        nonlocal algorithm
        if tag == "encrypteddata":
            algorithm = ""

    walk(_read(package, "META-INF/encryption.xml"), start, end)
    return found


def _cut(markup: str, entries: list[_Entry]) -> Iterator[Part]:
    """A file as one part, or cut at the chapters that begin in the middle of it."""
    cuts: list[tuple[int, list[_Entry]]] = [(0, [])]
    is_short = len(entries) < 2 or estimate_tokens(markup) < _ONE_PAGE_TOKENS
    positions = _positions(markup) if not is_short else {}
    for entry in entries:
        position = positions.get(entry.fragment, 0)
        least = _LEAST_WORDS if entry.level == 1 else _LEAST_WORDS_OF_SECTION
        if position > cuts[-1][0] and _is_worth_cutting(markup, cuts[-1][0], position, least):
            cuts.append((position, []))
        cuts[-1][1].append(entry)
    ends = [position for position, _ in cuts[1:]] + [len(markup)]
    for (start, found), end in zip(cuts, ends, strict=True):
        yield Part(markup[start:end], [(entry.title, entry.level) for entry in found], _deepest(found))


def _deepest(entries: list[_Entry]) -> str:
    """The title of what begins with the first of them: a magazine, its section and its first article may begin at one place."""
    found = entries[:1]
    for entry in entries[1:]:
        if entry.fragment != found[-1].fragment or entry.level <= found[-1].level:
            break
        found = [entry]
    return found[0].title if found else ""


_TABLE = re.compile(r"<(/?)table\b", re.IGNORECASE)
_IDENTITY = re.compile(r"""<[a-z][^<>]*?\s(?:id|name)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)')""", re.IGNORECASE)


def _positions(markup: str) -> dict[str, int]:
    """Where the tag with each id starts."""
    found: dict[str, int] = {}
    for match in _IDENTITY.finditer(markup):
        found.setdefault(match[1] or match[2] or "", match.start())
    return found


def _is_worth_cutting(markup: str, start: int, position: int, least: int) -> bool:
    """Not inside of a table, and not before there are so many words."""
    balance = sum(-1 if match[1] else 1 for match in _TABLE.finditer(markup, start, position))
    return balance <= 0 and len(re.sub(r"<[^>]*>", "", markup[start:position]).split()) >= least


def _stored(package: Package, path: str) -> str | None:
    """The path under which a part is there; some books write its letters in another case."""
    if path in package.names:
        return path
    return next((name for name in package.names if name.casefold() == path.casefold()), None)


def _joined(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0]))).lstrip("/")


def _read(package: Package, path: str) -> str:
    """A part of the book's directory; empty where it is damaged."""
    try:
        return decoded(package.part(path, _DIRECTORY_BYTES), [])
    except DamagedFile:
        return ""
