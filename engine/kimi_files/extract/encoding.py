"""Text of any encoding, decoded in constant memory: what the bytes are, and the characters they give."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
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
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffe\uffff]")
_PLAIN = re.compile(r"[\t\n\r -~　、。，：；！？「」]")

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
        self.controls += len(_CONTROL.findall(text))
        lost = text.count(_LOST)
        self.replaced += lost
        return text.replace(_LOST, "\ufffd") if lost else text


def detect_encoding(stream: BinaryIO, declared: str | None = None) -> Encoding:
    """The encoding of a text: by its mark, strictly UTF-8, UTF-16/32 without mark, ``declared``, then by likelihood.

    Reads the stream up to a few times; leaves it anywhere.
    """
    stream.seek(0)
    head = stream.read(_SAMPLE_BYTES)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark), _decodes(stream, name, len(mark)))
    if b"\x00" in head and (wide := _wide(head)):
        return Encoding(wide, exact=_decodes(stream, wide))
    if _decodes(stream, "utf-8"):
        return Encoding(_escaped(stream, head) or "utf-8")
    sample = _sample(stream)
    candidates = ([_codec(declared)] if declared else []) + _likely(sample)
    for candidate in candidates:
        if candidate and _decodes(stream, candidate):
            return Encoding(candidate)
    return Encoding("utf-8" if _mostly_utf8(sample) else next(filter(None, candidates), "cp1252"), exact=False)


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
    while len(sample) < _SAMPLE_BYTES and (block := stream.read(BLOCK_BYTES)):
        position = 0
        while len(sample) < _SAMPLE_BYTES and (found := _NOT_ASCII.search(block, position)):
            start = block.rfind(b"\n", position, found.start()) + 1 or position
            position = block.find(b"\n", found.start() + _WINDOW_BYTES) + 1 or len(block)
            sample += block[start:position][: _SAMPLE_BYTES - len(sample)]
    return bytes(sample)


def _mostly_utf8(sample: bytes) -> bool:
    text = sample.decode("utf-8", "kimi_files.lost")
    return sum(not character.isascii() for character in text) > 2 * text.count(_LOST)


def _codec(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _likely(sample: bytes) -> list[str | None]:
    from chardet import EncodingEra, detect_all

    eras = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO | EncodingEra.LEGACY_REGIONAL | EncodingEra.DOS
    found = detect_all(sample, ignore_threshold=True, encoding_era=eras, prefer_superset=True, max_bytes=_SAMPLE_BYTES)
    return [_codec(result["encoding"]) for result in found if result["encoding"]]
