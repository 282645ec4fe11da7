"""Reads PDF: markdown by liteparse, checked page by page against the plain text of pdfium."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from kimi_files.errors import DamagedFile, PasswordRequired
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.pdf_page import drawing
from kimi_files.extract.pdf_page.continued import continued
from kimi_files.extract.pdf_page.difference import Letters, difference
from kimi_files.extract.pdf_page.hidden import Hidden, counted, marked, seen_through
from kimi_files.extract.pdf_page.lost import with_lost_lines
from kimi_files.extract.pdf_page.marks import Mark, with_marks, without_false_formulas
from kimi_files.extract.pdf_page.parts import Parts, upright
from kimi_files.extract.pieces import outline_entry, page_texts, sentence, without_running
from kimi_files.extract.scan.reader import Scan, ScanReader

if TYPE_CHECKING:
    from kimi_files.extract.pdf_page.laid import LaidPage
    from kimi_files.extract.pdf_page.levels import Headings, NumberedLevels
    from kimi_files.extract.pdf_page.running import RunningHeadings
    from kimi_files.formats import Format

# Pages are kept until so many are read, since the levels of headings are told by those of other pages.
_KEPT_PAGES = 256

_MAX_OUTLINE = 1_000

# A picture page may carry a stamp or a page number as text.
_STAMP_LETTERS = 100
_FEWEST_LETTERS = 8
_STAMPED_COVERAGE = 0.8
_PICTURE_COVERAGE = 0.05
_DRAWN_PATHS = 40

_EMPTY_FENCE = re.compile(r"\s*```text\s*```\s*")
_SAME_LINK_GOES_ON = re.compile(r"\]\(([^()\s]+)\)(\s?)\[(?=[^\[\]]*\]\(\1\))")
_HEADING = re.compile(r"^(#{1,4}) (.+)$", re.MULTILINE)
_MARKS_IN_TITLE = re.compile(r"\[\^\d+\]|\*\*|[*_`]|\$[^$]*\$|!?\[([^\]]*)\]\([^)]*\)")


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The pages in order, each with the label people call it by, as markdown and as plain text.

    Raises:
        PasswordRequired: The file opens only with a password.
        DamagedFile: It is not a PDF that can be opened, or none of its pages can.
    """
    untrusted_pdf = stream.read()
    with closing(_open(untrusted_pdf)) as document, closing(Parts(untrusted_pdf, len(document))) as parts:
        labels = drawing.page_labels(document)
        entries = list(_outline(document))
        yield from entries
        findings = _Findings(labels, headings=None if entries else [])
        scans = ScanReader()
        pages = _with_tables_continued(_pages(document, untrusted_pdf, parts), labels)
        for number, page in enumerate(pages, start=1):
            findings.note(number, page)
            plain = page.plain if page.plain != page.text else None
            scan = Scan()
            if page.is_picture:
                scan = scans.read(partial(drawing.scan, document, number))
                findings.note_scan(number, scan)
            yield from page_texts(
                number,
                labels[number - 1],
                "page",
                None,
                scan.text or page.text,
                None if scan.text else plain,
                without_text=page.is_picture and not scan.text,
                ocr=scan.ocr,
            )
            if number % 16 == 0 or scan.ocr == "read":
                yield Advance(done=number, total=len(labels), message=f"page {number} of {len(labels)}")
        if len(findings.damaged) == len(labels):
            raise DamagedFile("None of the pages of the PDF can be read.", "Export or download the file again.")
        findings.layout_failed = parts.failed
        yield from findings.outline()
        yield from findings.warnings(_attachments(document))


@dataclass(slots=True)
class _Page:
    """What was made of one page. ``text`` is for reading, ``plain`` for searching."""

    text: str
    plain: str
    is_picture: bool = False
    is_plain: bool = False
    is_damaged: bool = False
    hidden: Counter[str] | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What pdfium alone says of a page; ``plain`` is None where it cannot read it."""

    plain: str | None
    letters: Letters = field(default_factory=partial(Letters, ""))
    is_picture: bool = False
    hidden: Sequence[Hidden] = ()
    marks: Sequence[Mark] = ()


class _Findings:
    """What is said about the file once all pages are read."""

    def __init__(self, labels: list[str], headings: list[OutlineEntry] | None) -> None:
        self.labels = labels
        self.headings = headings
        self.replaced: list[int] = []
        self.damaged: list[int] = []
        self.hidden: Counter[str] = Counter()
        self.hidden_on: list[int] = []
        self.layout_failed = False

    def note(self, number: int, page: _Page) -> None:
        if page.is_damaged:
            self.damaged.append(number)
        if page.hidden:
            self.hidden += page.hidden
            self.hidden_on.append(number)
        if page.is_plain:
            self.replaced.append(number)
        elif self.headings is not None and len(self.headings) < _MAX_OUTLINE:
            self.headings.extend(_headings(page.text, number))

    def note_scan(self, number: int, scan: Scan) -> None:
        if self.headings is not None and len(self.headings) < _MAX_OUTLINE:
            self.headings.extend(scan.outline(number))

    def outline(self) -> Iterator[OutlineEntry]:
        """Headings found in the text, for a file without an outline."""
        return without_running((self.headings or [])[:_MAX_OUTLINE])

    def warnings(self, attachments: list[str]) -> Iterator[Warning]:
        if self.hidden:
            kinds = ", ".join(f"{count:,} {reason}" for reason, count in self.hidden.most_common())
            words = "1 word is" if self.hidden.total() == 1 else f"{self.hidden.total():,} words are"
            where = _named(self.hidden_on, self.labels)
            yield Warning(
                message=sentence(
                    f"{where}: {words} hidden from people who look at it ({kinds}), marked [hidden: …] here."
                )
            )
        if self.layout_failed:
            yield Warning(message="The layout of the file could not be analysed; it is given as plain text.")
        if self.replaced and not self.layout_failed:
            which = _named(self.replaced, self.labels)
            yield Warning(message=sentence(f"{which}: plain text, because formulas or layout did not come out well."))
        if self.damaged:
            yield Warning(message=sentence(f"{_named(self.damaged, self.labels)}: damaged, could not be read."))
        if attachments:
            names = ", ".join(attachments[:10])
            yield Warning(message=sentence(f"{len(attachments)} attached file(s) in the PDF are not read: {names}."))


def _open(untrusted_pdf: bytes) -> Any:
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(untrusted_pdf)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise PasswordRequired(
                "The PDF is encrypted and opens only with a password.", "Save a copy without the password."
            ) from None
        raise DamagedFile(
            "The PDF is damaged or cut off and cannot be opened.", "Export or download the file again."
        ) from None


def _outline(document: Any) -> Iterator[OutlineEntry]:
    """The file's own outline. An entry that leads nowhere stands on the page of the one before it."""
    page = 1
    for number, bookmark in enumerate(document.get_toc(max_depth=9)):
        if number >= _MAX_OUTLINE:
            return
        target = bookmark.get_dest()
        index = target.get_index() if target is not None else None
        if index is not None and 0 <= index < len(document):
            page = index + 1
        entry = outline_entry(bookmark.get_title(), bookmark.level + 1, page)
        if entry is not None:
            yield entry


def _attachments(document: Any) -> list[str]:
    """Names of the files that are attached to the PDF, "?" for a damaged one."""
    import pypdfium2

    names = []
    for index in range(document.count_attachments()):
        try:
            names.append(document.get_attachment(index).get_name() or "?")
        except pypdfium2.PdfiumError:
            names.append("?")
    return names


def _pages(document: Any, untrusted_pdf: bytes, parts: Parts) -> Iterator[_Page]:
    """The pages in order."""
    # These take as long as a few pages, and liteparse reads meanwhile.
    from kimi_files.extract.pdf_page.layout import turned_by
    from kimi_files.extract.pdf_page.levels import NumberedLevels, headings_of
    from kimi_files.extract.pdf_page.running import RunningHeadings

    count = len(document)
    ahead = (_seen(document, number) for number in range(1, count + 1))
    seen: deque[_Seen] = deque()
    headings: list[Headings] = []
    numbered = NumberedLevels()
    running = RunningHeadings()
    made: list[list[_Page]] = []
    for first in range(1, count + 1, parts.size):
        numbers = range(first, min(first + parts.size, count + 1))
        _look_ahead(ahead, seen, len(numbers), parts)
        laid = parts.next()
        headings.append(headings_of(laid))
        turned = {number: angle for number, page in laid.items() if (angle := turned_by(page.items))}
        laid |= upright(untrusted_pdf, turned)
        made.append([_page(document, number, seen.popleft(), laid.get(number)) for number in numbers])
        if numbers.stop > count or sum(map(len, made)) >= _KEPT_PAGES:
            yield from _on_levels(headings, numbered, running, made, numbers.stop)
            made = []


def _look_ahead(ahead: Iterator[_Seen], seen: deque[_Seen], enough: int, parts: Parts) -> None:
    """Fill ``seen`` with ``enough`` pages, and with more of them as long as there is nothing else to do."""
    while len(seen) < enough or not (parts.is_ready or len(seen) >= _KEPT_PAGES):
        page = next(ahead, None)
        if page is None:
            return
        seen.append(page)


def _on_levels(
    headings: Sequence[Headings],
    numbered: NumberedLevels,
    running: RunningHeadings,
    made: Sequence[Sequence[_Page]],
    stop: int,
) -> list[_Page]:
    """The pages of the last of the parts with their headings on the levels of all parts, and without running ones.

    ``stop`` is the page after them.
    """
    from kimi_files.extract.pdf_page.levels import levels, with_levels, with_numbered_levels

    found_pages = list(chain.from_iterable(made))
    number = first = stop - len(found_pages)
    recent = -len(made)
    for pages, found, changed in zip(made, headings[recent:], levels(headings)[recent:], strict=True):
        for page in pages:
            if changed and (titles := found.titles.get(number)):
                page.text = with_levels(page.text, titles, changed)
            running.add(page.text, number)
            numbered.add(page.text)
            number += 1
    for number, page in enumerate(found_pages, start=first):
        page.text = running.without(page.text, number)
    if of_depths := numbered.of_depths():
        for page in found_pages:
            page.text = with_numbered_levels(page.text, of_depths)
    return found_pages


def _with_tables_continued(pages: Iterable[_Page], labels: list[str]) -> Iterator[_Page]:
    """The pages with the tables that go on from one to the next marked, and their heads repeated."""
    last: _Page | None = None
    for number, page in enumerate(pages):
        if last is not None:
            if not (last.is_plain or page.is_plain) and (
                both := continued(last.text, page.text, labels[number - 1], labels[number])
            ):
                last.text, page.text = both.before, both.after
            yield last
        last = page
    if last is not None:
        yield last


def _seen(document: Any, number: int) -> _Seen:
    import pypdfium2

    try:
        page = document[number - 1]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return _Seen(None)
    with closing(page), closing(text_page):
        plain = _tidy(text_page.get_text_range())
        letters = Letters(plain)
        return _Seen(plain, letters, _is_picture(page, letters.count), *seen_through(page, text_page))


def _page(document: Any, number: int, seen: _Seen, laid: LaidPage | None) -> _Page:
    """One page from both engines; ``laid`` is None where liteparse has nothing."""
    from kimi_files.extract.pdf_page.layout import put_right, with_links, without_false_strikes

    markdown = "" if laid is None or _EMPTY_FENCE.fullmatch(laid.markdown) else laid.markdown.strip()
    if "](" in markdown:
        # A link over several lines or words comes as one link for each of them.
        markdown = _SAME_LINK_GOES_ON.sub(r"\2", markdown)
    if not markdown.isascii():
        from kimi_files.extract.pdf_page.ideographs import without_false_code

        markdown = without_false_code(markdown)
    if seen.plain is None:
        return _Page(markdown, markdown, is_damaged=not markdown)
    plain, letters = seen.plain, seen.letters
    filled = " ".join(field.value for field in (laid.fields if laid else ()) if field.value)
    unseen = " ".join(run.text for run in seen.hidden)
    arranged = put_right(laid, markdown) if markdown and laid is not None else markdown
    differs = other = difference(arranged, letters, filled, unseen)
    if not other.is_little:
        differs = other if arranged == markdown else difference(markdown, letters, filled, unseen)
        if differs.is_much:
            # Text outside of the visible page (printers' marks, the other half of a spread) is in no reader's eye.
            plain = _bounded(document, number)
            letters = Letters(plain)
            differs, other = (difference(text, letters, filled, unseen) for text in (markdown, arranged))
    if other.is_no_worse_than(differs):
        markdown, differs = arranged, other
    if laid is not None and differs.lost >= _FEWEST_LETTERS and not differs.is_much:
        markdown = with_lost_lines(markdown, plain, differs.missing, laid)
    text = plain if differs.is_much else _by_lines(markdown, plain)
    if seen.marks:
        text, plain = with_marks(text, seen.marks), with_marks(plain, seen.marks)
    if laid and not differs.is_much:
        text = with_links(laid, without_false_strikes(laid, text) if "~~" in text else text)
    page = _Page(
        _join(text, _extras(laid, text)),
        _join(plain, _extras(laid, plain)),
        is_picture=seen.is_picture,
        is_plain=differs.is_much,
    )
    if seen.hidden:
        page.text, page.plain = marked(page.text, seen.hidden), marked(page.plain, seen.hidden)
        page.hidden = counted(seen.hidden)
    return page


def _by_lines(markdown: str, plain: str) -> str:
    """The markdown with what the lines of pdfium's text tell: where words and headings end, and in which order they are read."""
    from kimi_files.extract.pdf_page.headings import with_headings_apart, with_headings_of_papers
    from kimi_files.extract.pdf_page.lines import with_short_lines

    # What only other scripts need is not loaded for a page in English.
    if not plain.isascii():
        from kimi_files.extract.pdf_page.from_right import as_read, runs_from_right
        from kimi_files.extract.pdf_page.ideographs import without_breaks

        if runs_from_right(plain):
            return as_read(markdown, plain)
        markdown = without_breaks(markdown, plain)
    text = without_false_formulas(markdown, plain)
    text = with_short_lines(with_headings_of_papers(text, plain), plain)
    return with_headings_apart(text, plain)


def _bounded(document: Any, number: int) -> str:
    """The text within the visible page."""
    with closing(document[number - 1]) as page, closing(page.get_textpage()) as text_page:
        return _tidy(text_page.get_text_bounded())


def _tidy(plain: str) -> str:
    """pdfium's text with plain line ends; its mark for a hyphen at the end of a line goes, so the word is whole."""
    return plain.replace("\r\n", "\n").replace("\ufffe", "").replace("\x00", "").strip()


def _is_picture(page: Any, letters: int) -> bool:
    """Whether a picture or a drawing is what there is to see on the page, rather than text or nothing at all."""
    import pypdfium2

    if letters > _STAMP_LETTERS:
        return False
    width, height = page.get_size()
    covered = 0.0
    paths = 0
    for shape in page.get_objects(max_depth=3):
        if shape.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH:
            paths += 1
        elif shape.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE:
            left, bottom, right, top = shape.get_bounds()
            covered += max(right - left, 0.0) * max(top - bottom, 0.0)
    coverage: float = covered / max(width * height, 1.0)
    if letters > _FEWEST_LETTERS:
        return coverage >= _STAMPED_COVERAGE
    return coverage >= _PICTURE_COVERAGE or paths >= _DRAWN_PATHS


def _extras(laid: LaidPage | None, text: str) -> str:
    """Form fields and written annotations that the page's text does not have."""
    if laid is None:
        return ""
    fields = [line for field in laid.fields if (line := _field_line(field))]
    notes = [line for note in laid.annotations if (line := _note_line(note)) and note.contents.strip() not in text]
    parts = []
    if fields:
        parts.append("Form fields:\n" + "\n".join(fields))
    if notes:
        parts.append("Annotations:\n" + "\n".join(notes))
    return "\n\n".join(parts)


def _field_line(field: Any) -> str:
    label = " ".join((field.alternate_name or field.name or "").split())
    if field.field_type == "checkbox":
        return f"- [{'x' if field.checked else ' '}] {label}"
    if field.field_type == "radio":
        return f"- {label}: {field.export_value or 'chosen'}" if field.checked else ""
    if field.field_type in ("pushbutton", "signature") or not (label or field.value):
        return ""
    value = ", ".join(field.selected_options) or field.value or ""
    return f"- {label}: {value}".rstrip()


def _note_line(note: Any) -> str:
    contents = (note.contents or "").strip()
    if not contents or note.subtype in ("link", "widget", "popup"):
        return ""
    return f"- {note.subtype}{f' by {note.title}' if note.title else ''}: {contents}"


def _join(text: str, extras: str) -> str:
    return f"{text}\n\n{extras}" if text and extras else text or extras


def _headings(markdown: str, number: int) -> Iterator[OutlineEntry]:
    for match in _HEADING.finditer(markdown):
        entry = outline_entry(_MARKS_IN_TITLE.sub(r"\1", match[2]), len(match[1]), number)
        if entry is not None and any(character.isalpha() for character in entry.title):
            yield entry


def _named(numbers: Iterable[int], labels: list[str]) -> str:
    """The pages as people write them: "Pages 31-33, 40"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    names = [labels[a - 1] if a == b else f"{labels[a - 1]}-{labels[b - 1]}" for a, b in runs]
    single = len(runs) == 1 and runs[0][0] == runs[0][1]
    return f"{'Page' if single else 'Pages'} {', '.join(names)}"
