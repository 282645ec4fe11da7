"""Signs of symbol fonts and powers of an RTF text as characters, before a library takes them for letters and numbers."""

from __future__ import annotations

import re
from functools import lru_cache

from kimi_files.extract.edits import edited
from kimi_files.extract.office.markdown import is_power
from kimi_files.extract.symbols import sign

_SYMBOL_FONT = re.compile(
    rb"\\f(\d{1,5})(?:\\|\b)[^;]{0,200}?[ }](Symbol|Wingdings(?: [23])?|Webdings|(?:ITC )?Zapf ?Dingbats|Monotype Sorts)"
    rb"(?:\{\\\*\\falt [^{};]{0,80}\})?\Z"
)
# Most other fonts are told by the ends of their names; behind one in braces may stand what is taken for it.
_ENDS_OF_NAMES = (b"Symbol", b"dings", b"dings 2", b"dings 3", b"Dingbats", b"Monotype Sorts", b"}")
_FONTS_WITHIN = 1 << 16
# Words that say how a text looks, and none that ends a paragraph or a cell.
_LOOK = (
    rb"\\(?!par|cell|tab|line|row|sect|page|nestcell|footnote|chftn|super|nosupersub|u-?\d|bin)"
    rb"[a-z]{1,20}-?\d{0,9} ?"
)
_LOOKS = rb"(?>(?:[{}\r\n]|" + _LOOK + rb")*)"
# Of a run, whose font ends where another begins.
_LOOKS_OF_RUN = rb"(?>(?:[\r\n]|(?!\\f\d)" + _LOOK + rb")*)"
_RAISED = re.compile(rb"\\super(?![a-z0-9]) ?" + _LOOKS + rb"([^\s\\{}]{1,8})(?=[\\}])")
_ENDS = re.compile(rb"\\(?:par|cell|tab|line|row|sect|page|nestcell|footnote)(?![a-z])")
_WORDS = re.compile(rb"\\[a-z]{1,20}-?\d{0,9} ?|[{}\r\n]")
_NEAR = 400
# A code from U+F020 to U+F0FF before what stands for it in old programs, a byte, or a letter.
_CODE = rb"\\u-(?:3[89]|40)\d\d ?(?:\\'[0-9a-fA-F]{2}|[?_])|\\'[0-9a-fA-F]{2}|[!-\[\]-z|~]"
_CODES = re.compile(rb"\\u(-\d{4}) ?(?:\\'[0-9a-fA-F]{2}|[?_])|\\'([0-9a-fA-F]{2})|([!-\[\]-z|~])")


def with_signs(untrusted_bytes: bytes) -> bytes:
    """The same text with ``^`` before powers and Unicode for signs of symbol fonts."""
    changed = _with_powers(untrusted_bytes) if b"\\super" in untrusted_bytes else untrusted_bytes
    start = max(changed.find(b"\\fonttbl", 0, _FONTS_WITHIN), 0)
    end = changed.find(b"{\\colortbl", start, start + _FONTS_WITHIN)
    end = end if end > 0 else start + _FONTS_WITHIN
    described = (font for font in changed[start:end].split(b";")[:-1] if font.endswith(_ENDS_OF_NAMES))
    fonts = {found[1]: found[2] for font in described if (found := _SYMBOL_FONT.search(font))}
    if not fonts:
        return changed
    numbers = b"|".join(fonts)
    run = re.compile(rb"\\f(" + numbers + rb")(?!\d)( ?" + _LOOKS_OF_RUN + rb")((?>(?:" + _CODE + rb")+))")

    def shown(found: re.Match[bytes]) -> bytes:
        font = fonts[found[1]].decode("ascii")
        codes = (
            0x10000 + int(private) if private else int(byte, 16) if byte else plain[0]
            for private, byte, plain in _CODES.findall(found[3])
        )
        return b"\\f" + found[1] + found[2] + b"".join([_unicode(font, code) for code in codes])

    return run.sub(shown, changed)


def _with_powers(untrusted_bytes: bytes) -> bytes:
    def is_one(found: re.Match[bytes]) -> bool:
        before = _ENDS.split(untrusted_bytes[max(found.start() - _NEAR, 0) : found.start()])[-1]
        return is_power(found[1].decode("latin-1"), _WORDS.sub(b"", before).decode("latin-1"))

    places = (found.start(1) for found in _RAISED.finditer(untrusted_bytes) if is_one(found))
    return edited(untrusted_bytes, ((place, place, b"^") for place in places))


@lru_cache(1_024)
def _unicode(font: str, code: int) -> bytes:
    units = sign(font, code).encode("utf-16-le")
    numbers = [int.from_bytes(units[place : place + 2], "little", signed=True) for place in range(0, len(units), 2)]
    return b"{\\uc0" + b"".join(b"\\u%d " % number for number in numbers) + b"}"
