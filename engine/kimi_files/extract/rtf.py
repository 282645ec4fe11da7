"""What stands in an RTF text, paragraph by paragraph: what a library's richer reading is measured by."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kimi_files.errors import TooComplex
from kimi_files.extract.office.losses import COMMENT, DELETED, END, HIDDEN, INSERTED, Line, Parts
from kimi_files.extract.office.markdown import comment

_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)", re.DOTALL)
# What of it a token is.
_NAME, _VALUE, _BYTE, _SIGN, _BRACE, _TEXT = range(1, 7)
_GROUPS = re.compile(rb"[{}]|\\[{}\\]|\\bin(\d{1,10}) ?")
_DEEPEST = 5_000

# Groups whose text is not the document's.
# fmt: off
_NOT_SHOWN = frozenset((
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "objdata", "objclass", "fldinst", "listtable", "revtbl",
    "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "themedata", "colorschememapping", "datastore",
    "latentstyles", "filetbl", "bkmkstart", "bkmkend", "listtext", "pntext", "pnseclvl", "sp", "sn", "picprop",
    "nonshppict", "template", "userprops", "docvar", "mmathpr", "atnid", "atnref", "atrfstart", "atrfend", "pgptbl",
    "xe", "tc", "ftnsep", "ftnsepc", "aftnsep", "nonesttables",
))
_COMMENT, _AUTHOR = "annotation", "atnauthor"
_HEADS = frozenset(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"))
_NOTES = frozenset(("footnote", "endnote"))
_BOX = "shptxt"
# Groups whose paragraphs are not those of the text around them.
_APART = _HEADS | _NOTES | {_COMMENT, _AUTHOR, _BOX}
# Groups that are marked as possibly unknown and hold the document's text all the same.
_SHOWN_ALL_THE_SAME = _APART | {"shpinst", "shppict", "cs", "ds", "ts", "ud", "nesttableprops"}
_MARKS = {"revised": INSERTED, "deleted": DELETED, "v": HIDDEN}
_SIGNS = {
    "tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ",
}
_SYMBOLS = {b"~": " ", b"_": "-"}
_PARAGRAPH_ENDS = frozenset(("par", "sect", "page"))
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gb18030", 81: "big5", 83: "iso8859_8", 84: "mac_arabic",
    85: "mac_greek", 86: "mac_turkish", 87: "cp874", 88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932", 129: "cp949",
    130: "johab", 134: "gb18030", 136: "big5", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}
_PAGES = {
    708: "iso8859_6", 709: "iso8859_6", 819: "latin_1", 936: "gb18030", 1361: "johab", 10000: "mac_roman", 10001: "cp932",
    10002: "big5", 10003: "cp949", 10004: "mac_arabic", 10005: "iso8859_8", 10006: "mac_greek", 10007: "mac_cyrillic",
    10008: "gb18030", 10010: "mac_romanian", 10017: "mac_cyrillic", 10021: "cp874", 10029: "mac_latin2", 10079: "mac_iceland",
    10081: "mac_turkish", 10082: "mac_croatian", 54936: "gb18030", 65001: "utf-8",
}
# fmt: on
_SETTINGS = (
    "f",
    "deff",
    "fcharset",
    "cpg",
    "ansicpg",
    "mac",
    "pc",
    "pca",
    "plain",
    "uc",
    "intbl",
    "pard",
    "cell",
    "nestcell",
    "row",
    "nestrow",
    "upr",
    "ud",
    "u",
    "bin",
)  # fmt: skip
_SAYS_SOMETHING = {
    name.encode() for names in (_NOT_SHOWN, _APART, _MARKS, _SIGNS, _PARAGRAPH_ENDS, _SETTINGS) for name in names
}
_KNOWN_TO_ALL = {
    *(f"cp{page}" for page in (874, 932, 949, *range(1250, 1259))),
    "gb18030",
    "big5",
    "mac_roman",
    "utf-8",
}
_NOT_PLAIN = re.compile(f"[\0-\x08\x0e-\x1f{COMMENT}{DELETED}{END}{HIDDEN}{INSERTED}]")
# A mark around nothing.
_MARKED_NOTHING = re.compile(f"[{DELETED}{HIDDEN}{INSERTED}](\\s*){END}")


def parts(untrusted_bytes: bytes) -> Parts:
    """The paragraphs and rows with marks for what is inserted, deleted, hidden and commented on; each page head once.

    Raises TooComplex where groups are nested without end.
    """
    return _Source(untrusted_bytes).parts()


@dataclass(slots=True)
class _State:
    """What holds until the group ends. ``skip`` is how many bytes after a \\u stand for it in older programs."""

    shown: bool = True
    skip: int = 1
    in_table: bool = False
    mark: str = ""
    font: int | None = None
    in_fonts: bool = False
    in_both: bool = False
    is_around_shown: bool = True

    def inner(self) -> _State:
        """What holds in a group within. Of what is written for old programs and for new ones, the first is for the old."""
        shown = self.shown and not self.in_both
        return _State(shown, self.skip, self.in_table, self.mark, self.font, self.in_fonts, False, self.shown)


@dataclass(slots=True)
class _Flow:
    """Paragraphs that follow each other: the body's, those of a note, a page head or a text box."""

    kind: str = ""
    lines: list[Line] = field(default_factory=list)
    # What stands behind the paragraph that is being read: its notes and boxes.
    behind: list[Line] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    mark: str = ""

    def add(self, text: str, mark: str) -> None:
        if mark != self.mark:
            self.words.append((END if self.mark else "") + mark)
            self.mark = mark
        self.words.append(text)

    def end_cell(self) -> None:
        self.cells.append(self._taken())

    def end_line(self, *, is_row: bool = False) -> None:
        rest = self._taken()
        if self.cells and not is_row:
            self._keep(tuple(self.cells))
            self.cells.clear()
        if is_row and self.cells:
            self._keep((*self.cells, rest) if rest else tuple(self.cells))
            self.cells.clear()
        elif rest:
            self._keep((rest,))
        self.lines += self.behind
        self.behind.clear()

    def text(self) -> str:
        self.end_line()
        return " ".join(" ".join(line.text.split()) for line in self.lines)

    def _keep(self, cells: tuple[str, ...]) -> None:
        if any(cells):
            count = sum(cell.count(COMMENT) for cell in cells)
            self.lines.append(Line(cells, tuple(self.comments[:count])))
            del self.comments[:count]

    def _taken(self) -> str:
        text = "".join(self.words) + (END if self.mark else "")
        self.words.clear()
        self.mark = ""
        if END in text:
            text = _MARKED_NOTHING.sub(r"\1", text)
        if not text.isascii():
            # Two halves of a character above U+FFFF stand as two numbers.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return text.strip()


class _Source:
    def __init__(self, untrusted_bytes: bytes) -> None:
        self._source = untrusted_bytes
        self._fonts: dict[int, str] = {}
        self._default = "cp1252"
        self._default_font = 0
        self._bytes = bytearray()
        self._state = _State()
        self._flows = [_Flow()]
        self._heads: dict[str, None] = {}
        self._author = ""
        self._notes = 0
        self._used: set[str] = set()

    def parts(self) -> Parts:
        self._read()
        while len(self._flows) > 1:
            self._end_flow()
        self._flows[0].end_line()
        heads = [Line((head,)) for head in self._heads]
        return Parts(self._flows[0].lines, heads, is_sure=not self._used <= _KNOWN_TO_ALL)

    def _read(self) -> None:
        source, find = self._source, _TOKEN.search
        stack: list[tuple[_State, int]] = []
        position, to_skip, optional = 0, 0, False
        while match := find(source, position):
            position = match.end()
            kind = match.lastindex
            if kind == _TEXT:
                text = match[_TEXT]
                if self._state.shown:
                    self._bytes += text[to_skip:] if to_skip else text
                to_skip = max(to_skip - len(text), 0)
            elif kind in (_NAME, _VALUE):
                name = match[_NAME]
                if name not in _SAYS_SOMETHING and not optional:
                    continue
                value = int(match[_VALUE]) if kind == _VALUE else None
                if name == b"bin":
                    position += max(value or 0, 0)
                    continue
                if name == b"u" and value is not None:
                    self._add(chr(value % 0x10000))
                    to_skip = self._state.skip
                else:
                    self._control(name.decode(), value, optional)
                    if not self._state.shown and not self._state.in_fonts:
                        position = self._end_of_group(position)
            elif kind == _BYTE:
                if to_skip:
                    to_skip -= 1
                elif self._state.shown:
                    self._bytes.append(int(match[_BYTE], 16))
            elif match[_BRACE] == b"{":
                self._decode()
                if len(stack) > _DEEPEST:
                    raise TooComplex("The file is nested too deeply.", "Save it again in its program.")
                stack.append((self._state, len(self._flows)))
                self._state = self._state.inner()
                to_skip = 0
            elif kind == _BRACE:
                self._decode()
                if stack:
                    self._state, count = stack.pop()
                    while len(self._flows) > count:
                        self._end_flow()
                to_skip = 0
            elif match[_SIGN] == b"*":
                optional = True
                continue
            else:
                to_skip = self._symbol(match[_SIGN], to_skip)
            optional = False
        self._decode()

    def _end_of_group(self, position: int) -> int:
        """Where the group ends in which nothing is shown: its inner groups are not gone through."""
        depth = 0
        while match := _GROUPS.search(self._source, position):
            position = match.end()
            if match[0] == b"{":
                depth += 1
            elif match[0] == b"}":
                if not depth:
                    return match.start()
                depth -= 1
            elif match[1]:
                position += int(match[1])
        return len(self._source)

    def _control(self, name: str, value: int | None, optional: bool) -> None:
        state = self._state
        if name in _MARKS:
            self._decode()
            state.mark = _MARKS[name] if value != 0 else ""
        elif name in _SIGNS:
            self._add(_SIGNS[name])
        elif name in _PARAGRAPH_ENDS:
            self._decode()
            if state.in_table:
                self._add("\n")
            elif state.shown:
                self._flows[-1].end_line()
        elif name in _APART:
            self._decode()
            if state.shown:
                self._flows.append(_Flow(name))
                state.in_table = False
        elif name in _NOT_SHOWN or (optional and name not in _SHOWN_ALL_THE_SAME):
            self._decode()
            state.in_fonts = state.in_fonts or name == "fonttbl"
            state.shown = False
        else:
            self._setting(name, value)

    def _setting(self, name: str, value: int | None) -> None:
        state = self._state
        match name:
            case "f":
                self._decode()
                state.font = value or 0
            case "deff":
                self._default_font = value or 0
            case "fcharset" if state.in_fonts and state.font is not None:
                self._fonts[state.font] = _CHARSETS.get(value or 0, "")
            case "cpg" if state.in_fonts and state.font is not None and value:
                self._fonts[state.font] = _PAGES.get(value, f"cp{value}")
            case "ansicpg" if value:
                self._default = _PAGES.get(value, f"cp{value}")
            case "mac" | "pc" | "pca":
                self._default = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[name]
            case "plain":
                self._decode()
                state.mark, state.font = "", None
            case "uc":
                state.skip = min(max(value or 0, 0), 16)
            case "intbl":
                state.in_table = True
            case "pard":
                self._decode()
                state.in_table = False
            case "cell" | "nestcell":
                self._decode()
                self._flows[-1].end_cell()
            case "row" | "nestrow":
                self._decode()
                self._flows[-1].end_line(is_row=True)
            case "upr":
                state.in_both = True
            case "ud":
                state.shown = state.is_around_shown

    def _symbol(self, sign: bytes, to_skip: int) -> int:
        if sign in b"\\{}":
            if to_skip:
                return to_skip - 1
            # It may be the second byte of a letter of Chinese, Japanese or Korean.
            self._bytes += sign
        elif sign in (b"\n", b"\r"):
            self._control("par", None, optional=False)
        elif sign in _SYMBOLS:
            self._add(_SYMBOLS[sign])
        return 0

    def _add(self, text: str) -> None:
        self._decode()
        if self._state.shown:
            self._flows[-1].add(text, self._state.mark)

    def _decode(self) -> None:
        if not self._bytes:
            return
        raw, self._bytes = bytes(self._bytes), bytearray()
        if raw.isascii():
            text = raw.decode("ascii")
        else:
            font = self._default_font if self._state.font is None else self._state.font
            encoding = self._fonts.get(font) or self._default
            self._used.add(encoding)
            try:
                text = raw.decode(encoding, "replace")
            except LookupError:
                # Letters that nothing here can read are better told by the library than made up.
                text = raw.decode("ascii", "replace")
        if self._state.shown:
            # No sign of a file is one of our marks.
            text = text if text.isprintable() else _NOT_PLAIN.sub("", text)
            self._flows[-1].add(text, self._state.mark)

    def _end_flow(self) -> None:
        """Keep what stood apart: a comment as a sign in its paragraph, a note or a box behind it, a page head once."""
        flow = self._flows.pop()
        around = self._flows[-1]
        if flow.kind == _AUTHOR:
            self._author = flow.text()
        elif flow.kind == _COMMENT:
            if said := flow.text():
                around.comments.append(comment(self._author, said))
                around.add(COMMENT, self._state.mark)
            self._author = ""
        elif flow.kind in _HEADS:
            flow.end_line()
            self._heads.update(dict.fromkeys(line.text for line in flow.lines))
        else:
            flow.end_line()
            if flow.kind in _NOTES and flow.lines:
                self._notes += 1
                flow.lines = [line._replace(note=self._notes) for line in flow.lines]
            around.behind += flow.lines
