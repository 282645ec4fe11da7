"""The words of an RTF text, paragraph by paragraph: what a library's richer reading is measured by."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kimi_files.errors import TooComplex
from kimi_files.extract.office.markdown import Block, table

_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\(.)|([{}])|([^\\{}\r\n]+)", re.DOTALL)
_DEEPEST = 5_000

# Groups whose text is not the document's.
# fmt: off
_NOT_SHOWN = frozenset((
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "objdata", "objclass", "fldinst", "listtable", "revtbl",
    "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "themedata", "colorschememapping", "datastore",
    "latentstyles", "filetbl", "bkmkstart", "bkmkend", "listtext", "pntext", "pnseclvl", "sp", "sn", "picprop",
    "nonshppict", "template", "userprops", "docvar", "mmathpr", "atnid", "atnref", "atrfstart", "atrfend", "pgptbl",
    "xe", "tc", "ftnsep", "ftnsepc", "aftnsep",
))
# fmt: on
_COMMENT = "annotation"
_RUNNING_HEADS = frozenset(("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"))
# Groups that are marked as possibly unknown and hold the document's text all the same.
_SHOWN_ALL_THE_SAME = frozenset(("shptxt", _COMMENT, "footnote", "endnote", "shpinst", "shppict", "cs", "ds", "ts"))
_SIGNS = {
    "tab": "\t",
    "line": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}
_PARAGRAPH_ENDS = frozenset(("par", "sect", "page", "row", "nestrow"))
_CHARSETS = {
    77: "mac_roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "big5",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}


@dataclass(frozen=True, slots=True)
class _State:
    shown: bool = True
    encoding: str = ""
    skip: int = 1  # how many bytes after a \u stand for it in programs that do not know it
    in_table: bool = False
    aside: str = ""  # what the group is, if its text is not the body's


class Words:
    """The words of an RTF text, gone through once: ``body``, ``comments``, and ``running_heads`` (headers and footers).

    Raises TooComplex where groups are nested without end.
    """

    def __init__(self, untrusted_bytes: bytes) -> None:
        self._source = untrusted_bytes
        self._fonts: dict[int, str] = {}
        self._default = "cp1252"
        self._font = 0
        self._in_fonts = False
        self._bytes = bytearray()
        self._text: list[str] = []
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._aside: list[str] = []
        self.body: list[Block] = []
        self.comments: list[str] = []
        self.running_heads: list[str] = []
        self._read()

    def _read(self) -> None:
        state = _State()
        stack: list[tuple[_State, int, bool]] = []
        position, to_skip, optional = 0, 0, False
        while match := _TOKEN.search(self._source, position):
            position = match.end()
            word, number, code, sign, brace, text = match.groups()
            if brace == b"{":
                self._decode(state)
                if len(stack) > _DEEPEST:
                    raise TooComplex("The file is nested too deeply.", "Save it again in its program.")
                stack.append((state, self._font, self._in_fonts))
                to_skip = 0
            elif brace:
                self._decode(state)
                if stack:
                    self._end_aside(state, stack[-1][0])
                    state, self._font, self._in_fonts = stack.pop()
                to_skip = 0
            elif word:
                name, value = word.decode().lower(), None if number is None else int(number)
                if name == "bin":
                    position += max(value or 0, 0)
                    continue
                if name == "u" and value is not None:
                    self._decode(state)
                    self._add(state, chr(value % 0x10000))
                    to_skip = state.skip
                else:
                    state = self._control(state, name, value, optional)
                optional = False
            elif code:
                if to_skip:
                    to_skip -= 1
                elif state.shown:
                    self._bytes.append(int(code, 16))
            elif sign:
                if sign == b"*":
                    optional = True
                    continue
                to_skip = self._symbol(state, sign, to_skip)
            elif text:
                self._bytes += text[to_skip:] if state.shown else b""
                to_skip = max(to_skip - len(text), 0)
            optional = False
        self._decode(state)
        self._end_paragraph(state)
        self._end_table()

    def _control(self, state: _State, name: str, value: int | None, optional: bool) -> _State:
        if name in ("ansicpg", "f", "fcharset"):
            self._decode(state)
        match name:
            case "ansicpg":
                self._default = f"cp{value}"
            case "fonttbl":
                self._in_fonts = True
            case "f":
                self._font = value or 0
            case "fcharset" if self._in_fonts:
                self._fonts[self._font] = _CHARSETS.get(value or 0, "")
            case "uc":
                return replace(state, skip=min(max(value or 0, 0), 16))
            case "intbl":
                return replace(state, in_table=True)
            case "pard":
                self._decode(state)
                return replace(state, in_table=False)
            case _ if name == _COMMENT or name in _RUNNING_HEADS:
                self._decode(state)
                return replace(state, aside=name)
            case "cell" | "nestcell":
                self._decode(state)
                self._cells.append("".join(self._text).strip())
                self._text.clear()
            case "row" | "nestrow":
                self._decode(state)
                self._rows.append([*self._cells])
                self._cells.clear()
                self._text.clear()
            case _ if name in _PARAGRAPH_ENDS:
                self._decode(state)
                if state.in_table or state.aside:
                    self._add(state, "\n")
                else:
                    self._end_paragraph(state)
            case _ if name in _SIGNS:
                self._decode(state)
                self._add(state, _SIGNS[name])
        if name in _NOT_SHOWN or (optional and name not in _SHOWN_ALL_THE_SAME):
            self._decode(state)
            return replace(state, shown=False)
        return state

    def _symbol(self, state: _State, sign: bytes, to_skip: int) -> int:
        if to_skip and sign in b"\\{}":
            return to_skip - 1
        self._decode(state)
        found = {b"~": "\xa0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}"}.get(sign, "")
        if sign in (b"\n", b"\r"):
            self._end_paragraph(state)
        self._add(state, found)
        return 0

    def _add(self, state: _State, text: str) -> None:
        if state.shown:
            (self._aside if state.aside else self._text).append(text)

    def _decode(self, state: _State) -> None:
        if not self._bytes:
            return
        raw, self._bytes = bytes(self._bytes), bytearray()
        try:
            text = raw.decode(self._fonts.get(self._font) or self._default, "replace")
        except LookupError:
            text = raw.decode("cp1252", "replace")
        self._add(state, text)

    def _end_aside(self, state: _State, outer: _State) -> None:
        if state.aside and not outer.aside:
            text = " ".join("".join(self._aside).split())
            self._aside.clear()
            found = self.comments if state.aside == _COMMENT else self.running_heads
            if text and text not in found:
                found.append(text)

    def _end_paragraph(self, state: _State) -> None:
        # Two halves of a character above U+FFFF stand as two numbers.
        text = "".join(self._text).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()
        self._text.clear()
        if not state.in_table:
            self._end_table()
        if text:
            self.body.append(Block(text))

    def _end_table(self) -> None:
        if self._cells:
            self._rows.append([*self._cells])
            self._cells.clear()
        if self._rows:
            self.body.append(Block(table(self._rows)))
            self._rows.clear()
