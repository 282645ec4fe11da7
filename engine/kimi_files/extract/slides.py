"""Reads presentations: pptx and its variants, the binary ppt, OpenDocument. A slide is a page, with its notes at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from kimi_files.errors import DamagedFile, UnsupportedFile
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.office.markdown import Block, has_only_pictures, join_blocks
from kimi_files.extract.pieces import outline_entry, page_texts, sentence
from kimi_files.formats import ODP, Format

if TYPE_CHECKING:
    from kimi_files.extract.office import by_office_oxide, open_document, slides_binary, slides_package

# PowerPoint's binary formats, the newest first.
_BINARY = ("slides_binary", "slides_95", "slides_4")

# Below this share of the letters that the other library finds, slides were lost.
_ENOUGH = 0.85

_CUT_BY_TITLES = "The slides could not be told apart exactly: the text is cut where a slide's title stands."


@dataclass(frozen=True, slots=True)
class _Slide:
    title: str | None
    text: str
    hidden: bool = False


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """One page a slide, in the order in which they are shown.

    Raises:
        PasswordRequired, TooComplex, DamagedFile, UnsupportedFile: Why it cannot be read.
    """
    untrusted_bytes = stream.read()
    if format == ODP:
        from kimi_files.extract.office.open_document import OpenDocument

        slides, is_exact = [_own_slide(slide) for slide in OpenDocument(untrusted_bytes).slides()], True
    else:
        kind = "pptx" if untrusted_bytes.startswith(b"PK") else "ppt"
        slides, is_exact = _slides(untrusted_bytes, kind)
    slides = slides or [_Slide(None, "")]
    for number, slide in enumerate(slides, start=1):
        yield from page_texts(number, str(number), "slide", slide.title, slide.text, hidden=slide.hidden)
        entry = outline_entry(slide.title or "", 1, number)
        if entry is not None:
            yield entry
    if not is_exact:
        yield Warning(message=_CUT_BY_TITLES)
    yield from _said_about("hidden in the show", (n for n, slide in enumerate(slides, 1) if slide.hidden))
    yield from _said_about("without text", (n for n, slide in enumerate(slides, 1) if has_only_pictures(slide.text)))


def _said_about(what: str, numbers: Iterable[int]) -> Iterator[Warning]:
    named = [str(number) for number in numbers]
    if named:
        word = "Slide" if len(named) == 1 else "Slides"
        yield Warning(message=sentence(f"{word} {what}: {', '.join(named)}."))


def _slides(untrusted_bytes: bytes, kind: str) -> tuple[list[_Slide], bool]:
    """The slides, and whether they are cut where slides end."""
    own = [_own_slide(slide) for slide in _own_slides(untrusted_bytes, kind) or ()]
    if any(slide.text for slide in own):
        return own, True
    from kimi_files.extract.office import by_anydoc, by_office_oxide

    failure: DamagedFile | UnsupportedFile | None = None
    exact: list[_Slide] = []
    try:
        document = by_office_oxide.opened(untrusted_bytes, kind)
        exact = [_slide(section) for section in by_office_oxide.sections(document)]
    except (DamagedFile, UnsupportedFile) as error:
        failure = error
    if kind == "pptx" and exact:
        return exact, True
    try:
        loose = _cut_at_titles(by_anydoc.blocks(untrusted_bytes, kind))
    except (DamagedFile, UnsupportedFile) as error:
        if failure is not None:
            raise failure from error
        return exact, True
    if exact and _letters(exact) >= _ENOUGH * _letters(loose):
        return exact, True
    return loose, len(loose) <= 1


def _slide(section: by_office_oxide.Section) -> _Slide:
    # The library names a slide without a title after its number.
    has_title = section.title is not None and any(block.level for block in section.blocks)
    title = " ".join(section.title.split()) if section.title and has_title else None
    return _Slide(title, _with_notes(section.blocks, section.notes), section.hidden)


def _own_slides(
    untrusted_bytes: bytes, kind: str
) -> Sequence[slides_binary.Slide] | Sequence[slides_package.Slide] | None:
    if kind == "ppt":
        for name in _BINARY:
            found: list[slides_binary.Slide] | None = import_module(f"kimi_files.extract.office.{name}").slides(
                untrusted_bytes
            )
            if found is not None:
                return found
        return None
    from kimi_files.extract.office import slides_package
    from kimi_files.extract.office.package import Package

    return slides_package.slides(Package(untrusted_bytes))


def _own_slide(slide: slides_binary.Slide | slides_package.Slide | open_document.Slide) -> _Slide:
    return _Slide(slide.title, _with_notes(slide.blocks, slide.notes), slide.hidden)


def _with_notes(blocks: list[Block], notes: str) -> str:
    parts = [join_blocks(blocks), f"Notes:\n{notes}" if notes else ""]
    return "\n\n".join(part for part in parts if part)


def _cut_at_titles(blocks: list[Block]) -> list[_Slide]:
    groups: list[list[Block]] = []
    for block in blocks:
        if block.level or not groups:
            groups.append([])
        groups[-1].append(block)
    return [_Slide(_title(group), join_blocks(group)) for group in groups]


def _title(group: list[Block]) -> str | None:
    return group[0].text.lstrip("# ") if group[0].level else None


def _letters(slides: list[_Slide]) -> int:
    counts: Counter[str] = Counter()
    for slide in slides:
        counts.update(slide.text)
    return sum(count for character, count in counts.items() if character.isalnum())
