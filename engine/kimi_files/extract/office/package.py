"""The parts of an Office Open XML package, with limits before anything is unpacked."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from kimi_files.errors import DamagedFile, TooComplex

# A text part packs 10 to 50 times; a bomb a thousand times. Small files may pack as they like.
_MAX_BYTES = 1 << 30
_MAX_RATIO = 200
_RATIO_MATTERS_FROM = 64 << 20
_MAX_PARTS = 50_000
_MAX_PART_BYTES = 256 << 20
_MAX_DEPTH = 256

_EXPORT_AGAIN = "Open it in its program and save it again, or download it again."

Attributes = dict[str, str]


class Package:
    """An opened package.

    Raises:
        DamagedFile: It is not a ZIP container that can be opened.
        TooComplex: It would unpack to more than a reader can hold.
    """

    def __init__(self, untrusted_bytes: bytes) -> None:
        try:
            self._container = zipfile.ZipFile(io.BytesIO(untrusted_bytes))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise DamagedFile(
                "The file is damaged or cut off: its container cannot be opened.", _EXPORT_AGAIN
            ) from None
        parts = self._container.infolist()
        unpacked = sum(part.file_size for part in parts)
        ratio = unpacked / max(len(untrusted_bytes), 1)
        if len(parts) > _MAX_PARTS or unpacked > _MAX_BYTES or (unpacked > _RATIO_MATTERS_FROM and ratio > _MAX_RATIO):
            raise TooComplex(
                f"The file unpacks to {unpacked // (1 << 20):,} MB in {len(parts):,} parts, which is more than is read.",
                "Split it, or export what you need as CSV or PDF.",
            )
        self._relations: dict[str, list[Attributes]] = {}
        # Some programs write the separators of Windows.
        self.names = {part.filename.replace("\\", "/").lstrip("/"): part.filename for part in parts}
        self._any_case = {name.casefold(): stored for name, stored in self.names.items()}

    def part(self, name: str, limit: int = _MAX_PART_BYTES) -> bytes:
        """The content of a part; empty where there is none.

        Raises:
            DamagedFile: The part is damaged.
            TooComplex: It is larger than ``limit``.
        """
        stored = self.names.get(name) or self._any_case.get(name.casefold())
        if stored is None:
            return b""
        try:
            with self._container.open(stored) as part:
                content = part.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
            raise DamagedFile(f"The file is damaged: its part {name} cannot be unpacked.", _EXPORT_AGAIN) from None
        if len(content) > limit:
            raise TooComplex(f"The part {name} of the file is larger than is read.", "Split the file.")
        return content

    def main(self, usual: str) -> str:
        """The name of the part with the document, workbook or presentation, which is the ``usual`` one nearly always."""
        if usual in self.names:
            return usual
        return next((name for kind, name in self.relations("").values() if kind == "officeDocument"), usual)

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """What a part refers to inside the package: relation id → (last word of its type, part name)."""
        folder = posixpath.dirname(name)
        found: dict[str, tuple[str, str]] = {}
        for related in self._related(name):
            if related.get("TargetMode") != "External":
                target = related.get("Target", "")
                path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
                found[related.get("Id", "")] = (related.get("Type", "").rsplit("/", 1)[-1], path.lstrip("/"))
        return found

    def targets(self, name: str) -> dict[str, str]:
        """The addresses outside of the package that a part refers to, by relation id."""
        outside = (related for related in self._related(name) if related.get("TargetMode") == "External")
        return {related.get("Id", ""): related.get("Target", "") for related in outside}

    def _related(self, name: str) -> list[Attributes]:
        """The relations of a part as they stand."""
        found = self._relations.get(name)
        if found is None:
            found = self._relations[name] = []

            def start(tag: str, attributes: Attributes) -> None:
                if tag == "Relationship":
                    found.append(attributes)

            folder, base = posixpath.split(name)
            parse_xml(self.part(f"{folder}/_rels/{base}.rels".lstrip("/")), start)
        return found

    def rewritten(self, changed: dict[str, bytes]) -> bytes:
        """The package's bytes with other content for some parts, nothing compressed."""
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as container:
            for name in self.names:
                container.writestr(name, changed[name] if name in changed else self.part(name))
        return target.getvalue()


@dataclass(slots=True)
class Node:
    """An element with its attributes, without prefixes but for ``relation`` (``r:id``), its own text and its elements."""

    tag: str
    attributes: Attributes
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def elements(self, *tags: str) -> Iterator[Node]:
        """The elements right below, of these tags if any are named."""
        for child in self.children:
            if not tags or child.tag in tags:
                yield child

    def below(self, *tags: str) -> Iterator[Node]:
        """Elements of these tags however deep, none within another."""
        for child in self.children:
            if child.tag in tags:
                yield child
            else:
                yield from child.below(*tags)

    def every(self) -> Iterator[Node]:
        """The element itself and all below it."""
        yield self
        for child in self.children:
            yield from child.every()


def tree(content: bytes | str, without: frozenset[str] = frozenset()) -> Node | None:
    """A part that is small enough to be held whole, but for elements of some tags; None of an empty one.

    Raises what ``parse_xml`` does.
    """
    root: Node | None = None
    stack: list[Node] = []
    skipped = 0

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal root, skipped
        if skipped or tag in without:
            skipped += 1
            return
        node = Node(tag, attributes)
        if stack:
            stack[-1].children.append(node)
        else:
            root = node
        stack.append(node)

    def end(tag: str) -> None:
        nonlocal skipped
        if skipped:
            skipped -= 1
        else:
            stack.pop()

    def text(characters: str) -> None:
        if not skipped:
            stack[-1].text += characters

    parse_xml(content, start, end, text)
    return root


def parse_xml(
    content: bytes | str,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Walk through XML; tags and attributes come without their namespace prefix. The parser knows few encodings: what is in
    another one comes decoded, whatever it says of itself.

    A document type that declares anything is refused, so that no entity is ever expanded; none is ever fetched.

    Raises:
        DamagedFile: Not well-formed.
        TooComplex: Nested deeper than any document is.
    """
    if not content.strip():
        return
    depth = 0

    def on_start(tag: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise TooComplex("The file's XML is nested too deeply.", _EXPORT_AGAIN)
        start(tag.rpartition(":")[2], _without_prefixes(attributes))

    def on_end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        if end is not None:
            end(tag.rpartition(":")[2])

    parser = _parser()
    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    if text is not None:
        parser.CharacterDataHandler = text
    _parse(parser, content)


def _without_prefixes(attributes: Attributes) -> Attributes:
    if ":" not in "".join(attributes):
        return attributes
    found = {key.rpartition(":")[2]: value for key, value in attributes.items()}
    for key, value in attributes.items() if "id" in found else ():
        if key.endswith(":id"):
            # A slide has an ``id`` and an ``r:id``.
            found["relation"] = value
            found["id"] = attributes.get("id", value)
    return found


def check_xml(content: bytes) -> None:
    """Raises DamagedFile where XML is not well-formed or declares anything; twenty times as fast as going through it."""
    if content.strip():
        _parse(_parser(), content)


def _parser() -> expat.XMLParserType:
    def refuse_declarations(name: str, system: str | None, public: str | None, has_declarations: int) -> None:
        if has_declarations:
            raise DamagedFile("The file's XML declares entities, which no office program writes.", _EXPORT_AGAIN)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse_declarations
    return parser


def _parse(parser: expat.XMLParserType, content: bytes | str) -> None:
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):  # the last two of an encoding that expat does not take
        raise DamagedFile("The file is damaged: its XML is not well-formed.", _EXPORT_AGAIN) from None
