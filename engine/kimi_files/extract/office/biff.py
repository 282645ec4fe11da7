"""Workbooks in Excel's binary format (BIFF 5 and 8) by their own records: cells as they are shown, comments, text boxes.

Structures as Microsoft publishes them in [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kimi_files.errors import PasswordRequired
from kimi_files.extract.edits import edited
from kimi_files.extract.office.compound import Compound
from kimi_files.extract.office.grid import MOST_CELLS, Grid, too_many_cells
from kimi_files.extract.office.markdown import is_power
from kimi_files.extract.office.number_format import BUILT_IN, Shown, formatter, general

# fmt: off
_FORMULA, _EOF, _DATEMODE, _NOTE, _FILEPASS, _CONTINUE, _CODEPAGE = 0x0006, 0x000A, 0x0022, 0x001C, 0x002F, 0x003C, 0x0042
_OBJECT, _BOUNDSHEET, _MULRK, _RSTRING, _XF, _SST, _LABELSST = 0x005D, 0x0085, 0x00BD, 0x00D6, 0x00E0, 0x00FC, 0x00FD
_TEXT_BOX, _HLINK, _NUMBER, _LABEL, _BOOLERR, _STRING, _RK = 0x01B6, 0x01B8, 0x0203, 0x0204, 0x0205, 0x0207, 0x027E
_FORMAT, _BOF, _SERIES_TEXT, _FONT, _ROW, _COLUMNS = 0x041E, 0x0809, 0x100D, 0x0031, 0x0208, 0x007D
# fmt: on
_BIFF_8 = 0x0600
_STREAMS = ("Workbook", "Book")
_MOST_BYTES = 256 << 20
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
_WIDE, _RICH, _PHONETIC = 1, 8, 4
_SUPERSCRIPT, _HIDDEN_ROW = 1, 0x20
_CODEPAGES = {1200: "utf-16-le", 10000: "mac_roman", 32768: "mac_roman", 32769: "cp1252", 21010: "utf-16-le"}


@dataclass(slots=True)
class Sheet:
    """``cut_off``: the file ends before the sheet does."""

    name: str
    hidden: bool
    cut_off: bool = False
    grid: Grid = field(default_factory=Grid)


def sheets(untrusted_bytes: bytes) -> list[Sheet] | None:
    """The sheets in the order of their tabs; None where the records cannot be followed.

    Raises:
        PasswordRequired: The workbook is encrypted.
        TooComplex: It has more cells than are read.
    """
    try:
        stream = _stream(untrusted_bytes)
        return None if stream is None else _sheets(stream)
    except (struct.error, ValueError, IndexError):
        # What a damaged file raises; the libraries then say what is wrong.
        return None


def _sheets(stream: bytes) -> list[Sheet]:
    try:
        return _Book(stream).sheets()
    except PasswordRequired:
        # A protected structure is encrypted with a password that nobody is asked for.
        from kimi_files.extract.office.biff_key import decrypted

        plain = decrypted(stream)
        if plain is None:
            raise
        return _Book(plain).sheets()


def _stream(untrusted_bytes: bytes) -> bytes | None:
    if untrusted_bytes.startswith(struct.pack("<H", _BOF)):
        return untrusted_bytes
    container = Compound(untrusted_bytes)
    found = (container.stream(name, _MOST_BYTES) for name in _STREAMS)
    return next((stream for stream in found if stream is not None), None)


class _Book:
    def __init__(self, stream: bytes) -> None:
        self._stream = stream
        self._is_8 = struct.unpack_from("<H", stream, 4)[0] >= _BIFF_8
        self._encoding = "cp1252"
        self._is_1904 = False
        self._listed: list[tuple[int, Sheet]] = []
        self._strings: list[str] = []
        # For each font whether it is raised. Nobody knows why, but there is no font of number 4.
        self._raised: list[bool] = []
        self._codes: dict[int, str] = dict(BUILT_IN)
        self._styles: list[int] = []
        self._shown: dict[int, Shown] = {}
        self._filled = 0

    def sheets(self) -> list[Sheet]:
        self._read_globals()
        for offset, sheet in self._listed:
            self._read_sheet(offset, sheet)
        return [sheet for _, sheet in self._listed]

    def _records(self, position: int, wanted: frozenset[int] | None = None) -> Iterator[tuple[int, bytes, int]]:
        """Kind, content, and place of each whole record from here on, of these kinds only if any are named."""
        stream, end = self._stream, len(self._stream) - 4
        unpack = struct.Struct("<HH").unpack_from
        while position <= end:
            kind, size = unpack(stream, position)
            if position + size > end:
                return
            if wanted is None or kind in wanted:
                yield kind, stream[position + 4 : position + 4 + size], position
            position += 4 + size

    def _continued(self, position: int) -> list[bytes]:
        """The content of the record at a place and of those that continue it."""
        found: list[bytes] = []
        for kind, content, _ in self._records(position):
            if found and kind != _CONTINUE:
                break
            found.append(content)
        return found

    def _read_globals(self) -> None:
        for kind, content, position in self._records(0, _OF_BOOK):
            match kind:
                case 0x000A:
                    break
                case 0x002F:
                    raise PasswordRequired(
                        "The file is encrypted and opens only with a password.", "Save a copy without the password."
                    )
                case 0x0042:
                    number = struct.unpack_from("<H", content)[0]
                    self._encoding = _CODEPAGES.get(number, f"cp{number}")
                case 0x0022:
                    self._is_1904 = content[:1] == b"\x01"
                case 0x0085:
                    offset, state = struct.unpack_from("<IB", content)
                    self._listed.append((offset, Sheet(self._short_text(content, 6), state & 3 != 0)))
                case 0x041E:
                    text = self._long_text(content, 2) if self._is_8 else self._short_text(content, 2)
                    self._codes[struct.unpack_from("<H", content)[0]] = text
                case 0x00E0:
                    self._styles.append(struct.unpack_from("<H", content, 2)[0])
                case 0x00FC:
                    self._strings = list(_shared_strings(self._continued(position), self._raised))
                case 0x0031:
                    self._raised.append(struct.unpack_from("<H", content, 8)[0] == _SUPERSCRIPT)
                    if len(self._raised) == 4:
                        self._raised.append(False)
        else:
            # Without an end to the part about the whole book, nothing of it can be believed.
            raise ValueError("no end of globals")

    def _read_sheet(self, start: int, sheet: Sheet) -> None:
        depth = 0
        boxes: dict[int, str] = {}
        notes: list[tuple[int, int, int, str]] = []
        latest, waiting = -1, None
        links: list[tuple[int, int, str]] = []
        hidden_rows: set[int] = set()
        hidden_columns: set[int] = set()
        charted: dict[str, None] = {}
        for kind, content, position in self._records(start, _OF_SHEETS):
            if kind in _CELLS:
                if depth == 1:
                    waiting = self._cell(kind, content, sheet)
            elif kind == _BOF:
                depth += 1
            elif kind == _EOF:
                depth -= 1
                if depth <= 0:
                    break
            elif kind == _ROW and depth == 1:
                row, flags = struct.unpack_from("<H10xH", content)
                if flags & _HIDDEN_ROW:
                    hidden_rows.add(row)
            elif kind == _COLUMNS and depth == 1:
                first, last, flags = struct.unpack_from("<HH4xH", content)
                if flags & 1:
                    hidden_columns.update(range(first, min(last, 255) + 1))
            elif kind == _SERIES_TEXT:
                charted[self._short_text(content, 2)] = None
            elif depth > 1:
                continue
            elif kind == _STRING and waiting is not None:
                parts = self._continued(position)
                self._put(sheet, *waiting, self._text_across(parts))
                waiting = None
            elif kind == _OBJECT and len(content) >= 8:
                latest = struct.unpack_from("<H", content, 6)[0]
            elif kind == _TEXT_BOX and self._is_8 and len(content) >= 12:
                boxes[latest] = _box_text(self._continued(position), struct.unpack_from("<H", content, 10)[0])
            elif kind == _NOTE:
                self._note(content, sheet, notes)
            elif kind == _HLINK:
                links.extend(_links(content))
        else:
            sheet.cut_off = True
        grid = sheet.grid
        grid.hide(hidden_rows, hidden_columns)
        grid.chart(list(charted))
        for row, column, number, author in notes:
            grid.comment(row, column, author, boxes.pop(number, ""))
        grid.asides[:0] = [text for text in boxes.values() if text.strip()]
        for row, column, target in links:
            grid.link(row, column, target)

    def _cell(self, kind: int, content: bytes, sheet: Sheet) -> tuple[int, int] | None:
        """Keep a cell's text; its place where the text comes with the next record."""
        row, column, style = struct.unpack_from("<HHH", content)
        match kind:
            case 0x00FD:
                index = struct.unpack_from("<I", content, 6)[0]
                self._put(sheet, row, column, self._strings[index] if index < len(self._strings) else "")
            case 0x0204 | 0x00D6:
                self._put(sheet, row, column, self._long_text(content, 6))
            case 0x0203:
                self._put(sheet, row, column, self._number(struct.unpack_from("<d", content, 6)[0], style))
            case 0x027E:
                self._put(sheet, row, column, self._number(_rk(struct.unpack_from("<I", content, 6)[0]), style))
            case 0x00BD:
                for place in range((len(content) - 6) // 6):
                    style, packed = struct.unpack_from("<HI", content, 4 + 6 * place)
                    self._put(sheet, row, column + place, self._number(_rk(packed), style))
            case 0x0205:
                self._put(sheet, row, column, _truth(content[6], content[7]))
            case 0x0006 | 0x0206 | 0x0406:
                result = content[6:14]
                if result[6:] != b"\xff\xff":
                    self._put(sheet, row, column, self._number(struct.unpack("<d", result)[0], style))
                elif result[0] == 0:
                    return row, column
                elif result[0] in (1, 2):
                    self._put(sheet, row, column, _truth(result[2], result[0] - 1))
        return None

    def _put(self, sheet: Sheet, row: int, column: int, text: str) -> None:
        if text:
            sheet.grid.put(row, column, text)
            self._filled += 1
            if self._filled > MOST_CELLS:
                raise too_many_cells()

    def _number(self, value: float, style: int) -> str:
        shown = self._shown.get(style)
        if shown is None:
            number = self._styles[style] if style < len(self._styles) else 0
            shown = self._shown[style] = formatter(self._codes.get(number, ""), self._is_1904)
        try:
            return shown(value)
        except (ValueError, OverflowError):
            return general(value) if value == value and abs(value) != float("inf") else str(value)

    def _note(self, content: bytes, sheet: Sheet, notes: list[tuple[int, int, int, str]]) -> None:
        row, column = struct.unpack_from("<HH", content)
        if self._is_8:
            number = struct.unpack_from("<H", content, 6)[0]
            notes.append((row, column, number, self._long_text(content, 8).strip()))
        elif row != 0xFFFF:
            size = struct.unpack_from("<H", content, 4)[0]
            sheet.grid.comment(row, column, "", self._decoded(content[6 : 6 + size]))

    def _short_text(self, content: bytes, position: int) -> str:
        size = content[position]
        if not self._is_8:
            return self._decoded(content[position + 1 : position + 1 + size])
        return _unicode(content, position + 2, size, content[position + 1])

    def _long_text(self, content: bytes, position: int) -> str:
        size = struct.unpack_from("<H", content, position)[0]
        if not self._is_8:
            return self._decoded(content[position + 2 : position + 2 + size])
        flags = content[position + 2]
        start = position + 3 + (2 if flags & _RICH else 0) + (4 if flags & _PHONETIC else 0)
        return _unicode(content, start, size, flags)

    def _text_across(self, parts: list[bytes]) -> str:
        if not self._is_8:
            return self._long_text(b"".join(parts), 0)
        return next(_strings_across(parts, 0, 1), "")

    def _decoded(self, raw: bytes) -> str:
        try:
            return raw.decode(self._encoding, "replace")
        except LookupError:
            return raw.decode("cp1252", "replace")


# Some programs write formulas with the number of an older format.
_CELLS = frozenset((_FORMULA, 0x0206, 0x0406, _MULRK, _RSTRING, _LABELSST, _NUMBER, _LABEL, _BOOLERR, _RK))
_OF_BOOK = frozenset((_EOF, _FILEPASS, _CODEPAGE, _DATEMODE, _BOUNDSHEET, _FORMAT, _XF, _SST, _FONT))
_OF_SHEETS = _CELLS | {_BOF, _EOF, _SERIES_TEXT, _STRING, _OBJECT, _TEXT_BOX, _NOTE, _HLINK, _ROW, _COLUMNS}


def _shared_strings(parts: list[bytes], raised: Sequence[bool]) -> Iterator[str]:
    count = struct.unpack_from("<I", parts[0], 4)[0]
    return _strings_across(parts, 8, count, raised if any(raised) else [])


def _with_powers(text: str, runs: bytes, raised: Sequence[bool]) -> str:
    """A text of several fonts, some of which are raised."""
    starts = [(start, font < len(raised) and raised[font]) for start, font in struct.iter_unpack("<HH", runs)]
    ends = [start for start, _ in starts[1:]] + [len(text)]
    return edited(
        text,
        [
            (start, start, "^")
            for (start, is_raised), end in zip(starts, ends, strict=True)
            if is_raised and is_power(text[start:end], text[max(start - 1, 0) : start])
        ],
    )


def _strings_across(parts: list[bytes], position: int, count: int, raised: Sequence[bool] = ()) -> Iterator[str]:
    """Texts that follow each other over records; one that is cut begins its rest with a byte that says how wide it is."""
    number = 0
    part = parts[0]

    def moved() -> bool:
        nonlocal number, part, position
        while position >= len(part):
            if number + 1 >= len(parts):
                return False
            position -= len(part)
            number += 1
            part = parts[number]
        return True

    for _ in range(count):
        if not moved():
            return
        size, flags = struct.unpack_from("<HB", part, position)
        position += 3
        skip = runs = 0
        if flags & _RICH:
            skip = runs = 4 * int(struct.unpack_from("<H", part, position)[0])
            position += 2
        if flags & _PHONETIC:
            skip += int(struct.unpack_from("<I", part, position)[0])
            position += 4
        width = 1 + (flags & _WIDE)
        text = part[position : position + size * width].decode("utf-16-le" if width == 2 else "latin-1", "replace")
        position += size * width
        while len(text) < size and position > len(part) - width and number + 1 < len(parts):
            number += 1
            part = parts[number]
            width = 1 + (part[0] & _WIDE) if part else 1
            left = size - len(text)
            text += part[1 : 1 + left * width].decode("utf-16-le" if width == 2 else "latin-1", "replace")
            position = 1 + left * width
        # What says where fonts begin may be cut as well: then it is not looked at.
        if runs and raised and position + runs <= len(part):
            text = _with_powers(text, part[position : position + runs], raised)
        yield text
        position += skip


def _box_text(parts: list[bytes], size: int) -> str:
    """The text of a text box: its records begin, each, with how wide its characters are."""
    text = ""
    for part in parts[1:]:
        if len(text) >= size or not part:
            break
        text += _unicode(part, 1, size - len(text), part[0])
    return text.replace("\r", "\n").strip()


def _unicode(content: bytes, start: int, size: int, flags: int) -> str:
    if flags & _WIDE:
        return content[start : start + 2 * size].decode("utf-16-le", "replace")
    return content[start : start + size].decode("latin-1")


def _rk(packed: int) -> float:
    """A number packed into 30 bits and two flags: a hundredth of it, a whole number."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = float(struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0])
    return value / 100 if packed & 1 else value


def _truth(value: int, is_error: int) -> str:
    if is_error:
        return _ERRORS.get(value, "#ERROR!")
    return "TRUE" if value else "FALSE"


_URL = bytes.fromhex("e0c9ea79f9bace118c8200aa004ba90b")


def _links(content: bytes) -> Iterator[tuple[int, int, str]]:
    """The cell and the address of a link to the web; one within the workbook has none."""
    row, _, column, _ = struct.unpack_from("<4H", content)
    place = content.find(_URL, 8)
    if place >= 0:
        size = struct.unpack_from("<I", content, place + 16)[0]
        address = content[place + 20 : place + 20 + size].decode("utf-16-le", "replace").partition("\0")[0]
        yield row, column, address
