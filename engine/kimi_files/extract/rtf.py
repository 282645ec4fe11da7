"""What stands in an RTF text, paragraph by paragraph: what a library's richer reading is measured by."""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from kimi_files.errors import TooComplex
from kimi_files.extract.office.losses import COMMENT, DELETED, END, HIDDEN, INSERTED, Line, Parts
from kimi_files.extract.office.markdown import comment

# What stands between two texts, a few words of it; a text; bytes written as numbers; a sign.
_PIECE = re.compile(
    rb"((?:[{}\r\n]+|\\[a-zA-Z*][a-zA-Z0-9\\*{}-]*(?<!\\) ?){1,16})([^\\{}\r\n]*)"
    rb"|([^\\{}\r\n]+)|((?:\\'[0-9a-fA-F]{2})+)|\\(.)",
    re.DOTALL,
)
_BETWEEN, _BEHIND, _TEXT, _NUMBERS, _SIGN = range(1, 6)
_WORD = re.compile(rb"(\\\*[\r\n]*)?\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|(\}\{|[{}])|([^\\{}\r\n]+)|\\(.)", re.DOTALL)
# In which session of Word a run was written: most of what tells one place between two texts from another.
_SESSION = re.compile(rb"\\insrsid(?<!\\\\insrsid)\d+ ?(?:\\charrsid\d+ ?)?")
_LONE_WORD = re.compile(rb"([a-zA-Z]{1,32})(?:-?\d{1,10})? ?[\r\n]*")
_DATA = re.compile(rb"(?<!\\)\\bin(\d{1,10}) ?")
_FONT_WORD = re.compile(rb"\\(f|fcharset|cpg)(-?\d{1,10})?(?![a-zA-Z\d])")
_ESCAPE = re.compile(rb"\\[\\{]")
_BRACE = re.compile(rb"\\[\\{}]|([{}])")
_BACKSLASH = 0x5C
_DEEPEST = 5_000
_LONGEST_KNOWN, _LONGEST_WORD, _MOST_KNOWN = 4_096, 64, 20_000
# Where sessions are told at all, the first is near the beginning.
_NEAR = 1 << 16

# Groups whose text is not the document's.
_FONTS = b"fonttbl"
_NOT_SHOWN = (
    b"fonttbl colortbl stylesheet info pict objdata objclass fldinst listtable revtbl listoverridetable rsidtbl generator"
    b" xmlnstbl themedata colorschememapping datastore latentstyles filetbl bkmkstart bkmkend listtext pntext pnseclvl sp sn"
    b" picprop nonshppict template userprops docvar mmathpr atnid atnref atrfstart atrfend pgptbl xe tc ftnsep ftnsepc"
    b" aftnsep nonesttables"
).split()
_COMMENT, _AUTHOR = b"annotation", b"atnauthor"
_HEADS = frozenset(b"header headerl headerr headerf footer footerl footerr footerf".split())
_NOTES = frozenset((b"footnote", b"endnote"))
_BOX = b"shptxt"
# Groups whose paragraphs are not those of the text around them.
_APART = _HEADS | _NOTES | {_COMMENT, _AUTHOR, _BOX}
_MARKS = {b"revised": INSERTED, b"deleted": DELETED, b"v": HIDDEN}
_SIGNS = {
    b"tab": "\t", b"line": "\n", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”", b"bullet": "•", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_SYMBOLS = {b"~": " ", b"_": "-"}
_PARAGRAPH_ENDS = (b"par", b"sect", b"page")
# Groups that are marked as possibly unknown and hold the document's text all the same.
_SHOWN_ALL_THE_SAME = frozenset((*_APART, *_MARKS, *_SIGNS, *_PARAGRAPH_ENDS)) | frozenset(
    b"shpinst shppict cs ds ts ud u nesttableprops".split()
)
_DEFAULTS = {b"mac": "mac_roman", b"pc": "cp437", b"pca": "cp850"}
# fmt: off
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
class _Flow:
    """Paragraphs that follow each other: the body's, those of a note, a page head or a text box."""

    kind: bytes = b""
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
            count = sum(cell.count(COMMENT) for cell in cells) if self.comments else 0
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


_Around = tuple[bool, bool, bool, int, str, int, int]
"""Of a group around: ``shown``, ``in_both``, ``in_table``, ``skip``, ``mark``, ``font``, and how many flows there are."""


class _Source:
    def __init__(self, untrusted_bytes: bytes) -> None:
        # A line's end ends a word as well, and says nothing.
        source = _without_data(untrusted_bytes)
        self._source = _SESSION.sub(b"\n", source) if source.find(b"\\insrsid", 0, _NEAR) >= 0 else source
        self._fonts: dict[int, str] = {}
        self._default = "cp1252"
        self._default_font = 0
        self._bytes = bytearray()
        # What holds until the group ends. ``skip`` is how many bytes after a \u stand for it in older programs.
        self._shown, self._in_both, self._in_table = True, False, False
        self._skip, self._mark, self._font = 1, "", -1
        self._around: list[_Around] = []
        self._to_skip = 0
        # In how many groups the one stands in which nothing is shown.
        self._hidden_at = 0
        self._has_fonts = False
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
        # Programs write the same between their texts again and again: what says something in it is found out once.
        known: dict[bytes, Sequence[_Order]] = {}
        source, position = self._source, 0
        while position < len(source):
            for piece in _PIECE.finditer(source, position):
                kind = piece.lastindex
                if kind == _BEHIND:
                    between, text = piece.group(_BETWEEN, _BEHIND)
                    orders = known.get(between)
                    for act, word, value in _remembered(between, known) if orders is None else orders:
                        act(self, word, value)
                    if not self._shown:
                        if not self._ends_here(piece.end()):
                            position = self._end_of_hidden(piece.start(), piece.end(_BETWEEN))
                            break
                    elif self._to_skip:
                        self._read_text(text, 0)
                    else:
                        self._bytes += text
                elif kind == _TEXT:
                    self._read_text(piece[_TEXT], 0)
                elif kind == _NUMBERS:
                    self._read_numbers(piece[_NUMBERS])
                else:
                    self._read_sign(piece[_SIGN], 0)
            else:
                break
        self._decode()

    def _ends_here(self, position: int) -> bool:
        """Whether the group in which nothing is shown is no more than what was gone through already."""
        is_deepest = len(self._around) == self._hidden_at and not self._has_fonts
        return is_deepest and self._source.startswith(b"}", position)

    def _end_of_hidden(self, start: int, position: int) -> int:
        """Where the group ends in which nothing is shown: what is in it is not gone through, but for the fonts."""
        for _ in self._around[self._hidden_at :]:
            position = _end_of_group(self._source, position) + 1
        del self._around[self._hidden_at :]
        end = _end_of_group(self._source, position)
        if self._has_fonts:
            self._read_fonts(self._source[start:end])
        return end

    def _read_fonts(self, table: bytes) -> None:
        font: int | None = None
        for name, written in _FONT_WORD.findall(table):
            value = int(written or 0)
            if name == b"f":
                font = value
            elif font is not None and name == b"fcharset":
                self._fonts[font] = _CHARSETS.get(value, "")
            elif font is not None and value:
                self._fonts[font] = _PAGES.get(value, f"cp{value}")

    def _open(self, word: bytes, value: int) -> None:
        around = self._around
        if len(around) > _DEEPEST:
            raise TooComplex("The file is nested too deeply.", "Save it again in its program.")
        flows = len(self._flows)
        around.append((self._shown, self._in_both, self._in_table, self._skip, self._mark, self._font, flows))
        self._to_skip = 0
        if self._in_both:
            # Of what is written for old programs and for new ones, the first is for the old.
            self._hide(word, value)
            self._in_both = False

    def _close(self, word: bytes, value: int) -> None:
        self._to_skip = 0
        if self._around:
            self._restore(self._around.pop())

    def _reopen(self, word: bytes, value: int) -> None:
        if self._around and not self._around[-1][1]:
            self._to_skip = 0
            self._restore(self._around[-1])
        else:
            self._close(word, value)
            self._open(word, value)

    def _restore(self, around: _Around) -> None:
        is_apart = around[6] < len(self._flows)
        if is_apart or around[4] != self._mark or around[5] != self._font:
            self._decode()
        self._shown, self._in_both, self._in_table, self._skip, self._mark, self._font, flows = around
        while is_apart and flows < len(self._flows):
            self._end_flow()

    def _hide(self, word: bytes, value: int) -> None:
        if self._shown:
            self._decode()
            self._shown = False
            self._hidden_at, self._has_fonts = len(self._around), word == _FONTS

    def _begin_mark(self, word: bytes, value: int) -> None:
        self._decode()
        self._mark = _MARKS[word] if value else ""

    def _add_sign(self, word: bytes, value: int) -> None:
        self._add(_SIGNS[word])

    def _end_paragraph(self, word: bytes, value: int) -> None:
        self._decode()
        if self._in_table:
            self._add("\n")
        elif self._shown:
            self._flows[-1].end_line()

    def _begin_flow(self, word: bytes, value: int) -> None:
        self._decode()
        if self._shown:
            self._flows.append(_Flow(word))
            self._in_table = False

    def _set_font(self, word: bytes, value: int) -> None:
        if value != self._font:
            self._decode()
            self._font = value

    def _set_default_font(self, word: bytes, value: int) -> None:
        self._default_font = value

    def _set_default_page(self, word: bytes, value: int) -> None:
        if value:
            self._default = _PAGES.get(value, f"cp{value}")

    def _set_default_charset(self, word: bytes, value: int) -> None:
        self._default = _DEFAULTS[word]

    def _set_plain(self, word: bytes, value: int) -> None:
        if self._mark or self._font != -1:
            self._decode()
            self._mark, self._font = "", -1

    def _set_skip(self, word: bytes, value: int) -> None:
        self._skip = min(max(value, 0), 16)

    def _set_in_table(self, word: bytes, value: int) -> None:
        self._in_table = word == b"intbl"

    def _end_cell(self, word: bytes, value: int) -> None:
        if self._shown:
            self._decode()
            self._flows[-1].end_cell()

    def _end_row(self, word: bytes, value: int) -> None:
        if self._shown:
            self._decode()
            self._flows[-1].end_line(is_row=True)

    def _begin_both(self, word: bytes, value: int) -> None:
        self._in_both = True

    def _begin_new(self, word: bytes, value: int) -> None:
        self._shown = self._around[-1][0] if self._around else True

    def _add_character(self, word: bytes, value: int) -> None:
        if value:
            self._add(chr(value % 0x10000))
            self._to_skip = self._skip

    def _read_text(self, text: bytes, value: int) -> None:
        if self._to_skip:
            text, self._to_skip = text[self._to_skip :], max(self._to_skip - len(text), 0)
        if self._shown:
            self._bytes += text

    def _read_numbers(self, written: bytes) -> None:
        self._read_text(unhexlify(written.replace(b"\\'", b"")), 0)

    def _read_sign(self, sign: bytes, value: int) -> None:
        if sign in b"\\{}":
            # It may be the second byte of a letter of Chinese, Japanese or Korean.
            self._read_text(sign, 0)
            return
        self._to_skip = 0
        if sign in b"\r\n":
            self._end_paragraph(sign, 0)
        elif sign in _SYMBOLS:
            self._add(_SYMBOLS[sign])

    def _add(self, text: str) -> None:
        self._decode()
        if self._shown:
            self._flows[-1].add(text, self._mark)

    def _decode(self) -> None:
        if not self._bytes:
            return
        raw, self._bytes = self._bytes, bytearray()
        if raw.isascii():
            text = raw.decode("ascii")
        else:
            font = self._default_font if self._font == -1 else self._font
            encoding = self._fonts.get(font) or self._default
            self._used.add(encoding)
            try:
                text = raw.decode(encoding, "replace")
            except LookupError:
                # Letters that nothing here can read are better told by the library than made up.
                text = raw.decode("ascii", "replace")
        # No sign of a file is one of our marks.
        text = text if text.isprintable() else _NOT_PLAIN.sub("", text)
        self._flows[-1].add(text, self._mark)

    def _end_flow(self) -> None:
        """Keep what stood apart: a comment as a sign in its paragraph, a note or a box behind it, a page head once."""
        flow = self._flows.pop()
        around = self._flows[-1]
        if flow.kind == _AUTHOR:
            self._author = flow.text()
        elif flow.kind == _COMMENT:
            if said := flow.text():
                around.comments.append(comment(self._author, said))
                around.add(COMMENT, self._mark)
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


_Order = tuple[Callable[[_Source, bytes, int], None], bytes, int]
"""What a word or text asks for: it is called with the word and its number."""

_ACTIONS: dict[bytes, Callable[[_Source, bytes, int], None]] = {
    **dict.fromkeys(_NOT_SHOWN, _Source._hide),
    **dict.fromkeys(_APART, _Source._begin_flow),
    **dict.fromkeys(_MARKS, _Source._begin_mark),
    **dict.fromkeys(_SIGNS, _Source._add_sign),
    **dict.fromkeys(_PARAGRAPH_ENDS, _Source._end_paragraph),
    **dict.fromkeys(_DEFAULTS, _Source._set_default_charset),
    **dict.fromkeys((b"cell", b"nestcell"), _Source._end_cell),
    **dict.fromkeys((b"row", b"nestrow"), _Source._end_row),
    **dict.fromkeys((b"intbl", b"pard"), _Source._set_in_table),
    b"ansicpg": _Source._set_default_page,
    b"f": _Source._set_font,
    b"deff": _Source._set_default_font,
    b"plain": _Source._set_plain,
    b"uc": _Source._set_skip,
    b"upr": _Source._begin_both,
    b"ud": _Source._begin_new,
    b"u": _Source._add_character,
}
_BRACES = {b"{": _Source._open, b"}": _Source._close, b"}{": _Source._reopen}


class _Words(dict[bytes, Sequence[_Order]]):
    """What words ask for with all that stands behind each up to the next, as it is written but for what is ``before`` it.

    It is kept from file to file where there is no text in it.
    """

    def __init__(self, before: bytes) -> None:
        super().__init__()
        self._before = before

    def __missing__(self, written: bytes) -> Sequence[_Order]:
        found = _LONE_WORD.fullmatch(written)
        says_nothing = found is not None and found[1] not in _ACTIONS and self is not _STARRED
        orders = () if says_nothing else tuple(_read_words(self._before + written))
        if len(self) > _MOST_KNOWN:
            self.clear()
        if len(written) <= _LONGEST_WORD and not any(act is _Source._read_text for act, _, _ in orders):
            self[written] = orders
        return orders


_FIRST, _WORDS, _STARRED = _Words(b""), _Words(b"\\"), _Words(b"\\*\\")


def _read_words(between: bytes) -> Iterator[_Order]:
    """What each word asks for, a brace or a text. A word behind ``\\*`` that is unknown begins a group that is not shown."""
    for found in _WORD.finditer(between):
        starred, name, number, brace, text, sign = found.groups()
        if starred and name not in _SHOWN_ALL_THE_SAME:
            yield _Source._hide, name, 0
        elif name in _ACTIONS:
            yield _ACTIONS[name], name, int(number or name in _MARKS)
        elif brace:
            yield _BRACES[brace], brace, 0
        elif text:
            yield _Source._read_text, text, 0
        elif sign and sign != b"*":
            yield _Source._read_sign, sign, 0


def _remembered(between: bytes, known: dict[bytes, Sequence[_Order]]) -> Iterable[_Order]:
    """What is asked for by all of it, kept for the next time where it is not too long."""
    if len(known) > _MOST_KNOWN:
        known.clear()
    if len(between) > _LONGEST_KNOWN:
        return _read_words(between)
    if b"\\\\" in between or between.count(b"\\*") > between.count(b"\\*\\"):
        orders = [*_read_words(between)]
    else:
        # Nothing but words and braces: most of them were read before.
        orders = []
        for start, part in zip(chain((_FIRST,), repeat(_STARRED)), between.split(b"\\*\\"), strict=False):
            first, *words = part.split(b"\\")
            orders += start[first]
            orders += chain.from_iterable(map(_WORDS.__getitem__, words))
    known[between] = orders
    return orders


def _without_data(source: bytes) -> bytes:
    """Without what stands there as bytes of any kind."""
    if b"\\bin" not in source:
        return source
    kept: list[bytes] = []
    position = place = 0
    while (place := source.find(b"\\bin", place)) >= 0:
        data = _DATA.match(source, place)
        place += 4
        if data is not None:
            kept.append(source[position : data.start()])
            position = place = data.end() + int(data[1])
    return b"".join((*kept, source[position:]))


def _end_of_group(source: bytes, position: int) -> int:
    """Where the group ends in which this place is."""
    depth = 0
    while (end := source.find(b"}", position)) >= 0:
        opened, closed = source.count(b"{", position, end), 1
        if source[end - 1] == _BACKSLASH or (opened and _ESCAPE.search(source, position, end)):
            braces = _BRACE.findall(source, position, end + 1)
            opened, closed = braces.count(b"{"), braces.count(b"}")
        if depth + opened < closed:
            return end
        depth += opened - closed
        position = end + 1
    return len(source)
