"""Text of any encoding, decoded in constant memory: what the bytes are, and the characters they give."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from kimi_files.formats import may_be_wide

BLOCK_BYTES = 1 << 20
SAMPLE_BYTES = 1 << 16
"""Of a text whose encoding is not plain, so much is looked at."""

_WINDOW_BYTES = 1 << 12

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_ESCAPES = ((re.compile(rb"\x1b\$\)C"), "iso2022_kr"), (re.compile(rb"\x1b\$[@B]|\x1b\([IJ]"), "iso2022_jp_2"))
# What says UTF-16 in single bytes cannot be UTF-16.
_XML_DECLARATION = re.compile(
    rb"""\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*["'](?!(?i:utf-?(?:16|32)))([A-Za-z][\w.:-]{0,40})["']"""
)
NOT_ASCII = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
_CONTROL_CODES = bytes([*range(0x09), *range(0x0E, 0x20)])
_ASCII_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20)])
_PLAIN = re.compile(r"[\t\n\r -~　、。，：；！？「」]")

# The larger encodings that a smaller name stands for in practice.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
    "big5": "cp950",
}

# No decoder gives a lone surrogate, so that what was replaced can be told from a U+FFFD that stood in the file.
_LOST = "\udfff"


def _lose(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return _LOST, error.end


codecs.register_error("kimi_files.lost", _lose)


@dataclass(frozen=True, slots=True)
class Encoding:
    """``name`` is a Python codec; ``mark`` the bytes of byte order mark before the text; ``exact`` whether all decodes."""

    name: str
    mark: int = 0
    exact: bool = True


class Decoded:
    """The characters of a stream in parts, to be gone through once.

    ``replaced`` counts, so far, the places that the encoding cannot explain (U+FFFD in the text), ``controls`` the
    characters that no text has, and ``characters`` all of them.
    """

    def __init__(self, stream: BinaryIO, encoding: Encoding) -> None:
        self._stream = stream
        self._encoding = encoding
        self.replaced = 0
        self.controls = 0
        self.characters = 0

    def __iter__(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(self._encoding.name)(errors="kimi_files.lost")
        self._stream.seek(self._encoding.mark)
        while block := self._stream.read(BLOCK_BYTES):
            yield self._counted(decoder.decode(block))
        yield self._counted(decoder.decode(b"", final=True))

    def _counted(self, text: str) -> str:
        self.characters += len(text)
        self.controls += _controls(text)
        lost = text.count(_LOST)
        self.replaced += lost
        return text.replace(_LOST, "\ufffd") if lost else text


def _controls(text: str) -> int:
    if text.isascii():  # ten times as fast as the pattern, and what most large files are
        return len(text) - len(text.encode().translate(None, _ASCII_CONTROLS))
    return len(_CONTROL.findall(text))


def detect_encoding(stream: BinaryIO, declared: str | None = None) -> Encoding:
    """The encoding of a text: by its mark, strictly UTF-8, UTF-16/32 without mark, ``declared``, then by likelihood.

    Reads the stream up to a few times; leaves it anywhere.
    """
    stream.seek(0)
    head = stream.read(SAMPLE_BYTES)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark), _decodes(stream, name, len(mark)))
    if may_be_wide(head) and (wide := _wide(head)):
        return Encoding(wide, exact=_decodes(stream, wide))
    if _decodes(stream, "utf-8"):
        return Encoding(_escaped(stream, head) or "utf-8")
    sample = _sample(stream)
    if _mostly_utf8(sample):
        return Encoding("utf-8", exact=False)
    if declared is None and (said := _XML_DECLARATION.match(head)):
        declared = said[1].decode("ascii")
    named = codec_of(declared) if declared else None
    if named and _decodes(stream, named):
        return Encoding(named)
    from kimi_files.extract.likely_encoding import likely

    first = named
    for candidate in likely(sample):
        first = first or candidate
        if _decodes(stream, candidate):
            return Encoding(candidate)
    return Encoding(first or "cp1252", exact=False)


def code_page(raw: bytes) -> Encoding:
    """The code page of texts from before Unicode, between which control signs stand: told by the letters themselves."""
    if raw.isascii():
        return Encoding("ascii")
    found = detect_encoding(io.BytesIO(raw.translate(None, _CONTROL_CODES)))
    return Encoding("cp1252", exact=False) if found.name.startswith("utf") else found


def _decodes(stream: BinaryIO, name: str, start: int = 0) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    stream.seek(start)
    try:
        while block := stream.read(BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _wide(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: the one that gives the most letters, digits and blanks, and no controls."""
    best, best_score = None, 0
    for name in _WIDE:
        try:
            text = codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeError:
            continue
        score = len(_PLAIN.findall(text))
        if score * int(name[4:6]) > best_score and not _CONTROL.search(text):
            best, best_score = name, score * int(name[4:6])
    return best


def _escaped(stream: BinaryIO, head: bytes) -> str | None:
    """The encodings that hide in seven bits."""
    for pattern, name in _ESCAPES:
        if pattern.search(head) and _decodes(stream, name):
            return name
    return None


def _sample(stream: BinaryIO) -> bytes:
    """Whole lines around what is not ASCII: a log may begin with megabytes that are the same in every encoding."""
    sample = bytearray()
    stream.seek(0)
    while len(sample) < SAMPLE_BYTES and (block := stream.read(BLOCK_BYTES)):
        position = 0
        while len(sample) < SAMPLE_BYTES and (found := NOT_ASCII.search(block, position)):
            start = block.rfind(b"\n", position, found.start()) + 1 or position
            position = block.find(b"\n", found.start() + _WINDOW_BYTES) + 1 or len(block)
            sample += block[start:position][: SAMPLE_BYTES - len(sample)]
    return bytes(sample)


def _mostly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "kimi_files.lost")
    return beyond_ascii(text) > 5 * text.count(_LOST)


def beyond_ascii(text: str) -> int:
    """How many characters are beyond ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def codec_of(name: str) -> str | None:
    """The codec that decodes what programs call by this name; None where there is none."""
    try:
        codec = codecs.lookup(name)
    except LookupError:
        return None
    return _SUPERSETS.get(codec.name, codec.name) if codec._is_text_encoding else None
