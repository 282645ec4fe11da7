"""Texts in legacy encodings: how many are read as what they are, against the encoding that their folder is named after.

``python -m bench.quality.encodings DIR`` with the folder ``tests`` of GitHub ``chardet/chardet``: one for each encoding, some
with the language behind it. A text is right if it is the same as decoded by the folder's encoding, line ends aside. Beside it
stand chardet alone and charset-normalizer, if it is installed. ``--each`` names the texts that differ; ``--bare`` takes the
declarations of encodings out of XML first, which all readers go by.
"""

from __future__ import annotations

import argparse
import codecs
import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kimi_files.extract.encoding import Decoded, detect_encoding

_CODECS = {
    "macroman": "mac_roman",
    "maccyrillic": "mac_cyrillic",
    "ibm855": "cp855",
    "ibm866": "cp866",
    # The names mean what programs of Windows and the web mean by them.
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso8859-1": "cp1252",
    "iso-8859-1": "cp1252",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
    "tis-620": "cp874",
}
_DECLARATION = re.compile(rb"""\s+encoding\s*=\s*["'][^"']*["'](?=[^<>]*\?>)""")
_LANGUAGES = (
    "arabic", "bulgarian", "croatian", "czech", "greek", "hebrew", "hungarian", "polish", "romanian", "russian", "slovak",
    "slovene", "turkish",
)  # fmt: skip


@dataclass(frozen=True)
class Text:
    name: str
    data: bytes
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    texts = list(_texts(options.folder, bare=options.bare))
    print(f"{len(texts)} texts\n\n| reader | right | CPU s |\n|---|---|---|")
    for name, reader in (("ours", _ours), ("chardet alone", _chardet), ("charset-normalizer", _normalizer)):
        start, wrong = time.process_time(), []
        try:
            wrong = [text.name for text in texts if _plain(reader(text.data)) != _plain(text.text)]
        except ImportError:
            continue
        print(f"| {name} | {len(texts) - len(wrong)} | {time.process_time() - start:.1f} |")
        if options.each:
            print("".join(f"    {one}\n" for one in wrong), end="")


def _texts(folder: Path, *, bare: bool) -> Iterator[Text]:
    for path in sorted(folder.glob("*/*")):
        name = path.parent.name.lower()
        for language in _LANGUAGES:
            name = name.removesuffix(f"-{language}")
        try:
            codec = codecs.lookup(_CODECS.get(name, name)).name
            data = path.read_bytes()
            if bare:
                data = _DECLARATION.sub(b"", data, count=1)
            yield Text(f"{path.parent.name}/{path.name}", data, data.decode(codec))
        except (LookupError, UnicodeDecodeError) as error:
            print(f"left out: {path.parent.name}/{path.name} ({type(error).__name__})")


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _ours(data: bytes) -> str:
    stream = io.BytesIO(data)
    return "".join(Decoded(stream, detect_encoding(stream)))


def _chardet(data: bytes) -> str:
    import chardet

    return _guessed(data, lambda: chardet.detect(data)["encoding"])


def _normalizer(data: bytes) -> str:
    import charset_normalizer

    def guess() -> str | None:
        best = charset_normalizer.from_bytes(data).best()
        return None if best is None else best.encoding

    return _guessed(data, guess)


def _guessed(data: bytes, guess: Callable[[], str | None]) -> str:
    try:
        name = codecs.lookup(guess() or "utf-8").name
        return data.decode(_CODECS.get(name.replace("_", "-"), _CODECS.get(name, name)), "replace")
    except LookupError:
        return ""


if __name__ == "__main__":
    main()
