"""Makes references for ``bench.quality.office``: LibreOffice's reading of each file, of what is stored in it.

``python -m bench.quality.references CORPUS FOLDER [--formats xlsx,ods,…] [--most 600]``

LibreOffice reckons today's date, random numbers and much that other programs wrote anew, and lays pivot tables out again. A
reader of files gives what is stored, so formulas are taken out before LibreOffice sees a workbook: their stored results stay,
and one without a result, as libraries write them, is its own text.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import re
import shutil
import struct
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

KINDS = {
    "doc": "fodt",
    "dot": "fodt",
    "rtf": "fodt",
    "odt": "fodt",
    "ppt": "fodp",
    "odp": "fodp",
    "xls": "fods",
    "xlsx": "fods",
    "xlsm": "fods",
    "xlsb": "fods",
    "ods": "fods",
}
LARGEST = 3_000_000
BATCH = 12
BATCH_SECONDS, FILE_SECONDS = 120.0, 30.0

_FORMULA = re.compile(rb"<((?:\w+:)?)f(?: [^<>]*)?(?:/>|>[^<]*</\1f>)")
_NO_RESULT = re.compile(
    rb"<((?:\w+:)?)c(?![^<>]* t=\"str\")((?: [^<>]*)?)><\1f(?: [^<>]*)?>([^<]+)</\1f>(?:<\1v ?/>|<\1v></\1v>)?(?=</\1c>)"
)
_TYPE = re.compile(rb" t=\"\w*\"")
_PIVOT = re.compile(rb"<Relationship [^<>]*/pivotTable\"[^<>]*(?:/>|></Relationship>)")
_OPEN_FORMULA = re.compile(rb" table:formula=(?:\"[^\"]*\"|'[^']*')")
# Of xlsb: a formula's record → the record of its result, and how long that is (a text says so itself).
_RESULTS = {8: (6, None), 9: (5, 16), 10: (4, 9), 11: (3, 9)}


def as_stored(content: bytes, kind: str) -> bytes:
    """The workbook with results for formulas and cells for pivot tables; anything else as it is."""
    rewrite = {"xlsx": _excel_part, "xlsm": _excel_part, "xlsb": _binary_part, "ods": _open_part}.get(kind)
    if rewrite is None:
        return content
    try:
        return _rewritten(content, rewrite)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error, IndexError):
        return content


def _rewritten(content: bytes, rewrite: Callable[[str, bytes], bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for part in package.infolist():
            kept = zipfile.ZIP_STORED if part.filename == "mimetype" else zipfile.ZIP_DEFLATED
            written.writestr(part.filename, rewrite(part.filename, package.read(part)), kept)
    return target.getvalue()


def _excel_part(name: str, content: bytes) -> bytes:
    if name.endswith(".rels"):
        return _PIVOT.sub(b"", content)
    if b"sheetData" not in content:
        return content
    return _FORMULA.sub(b"", _NO_RESULT.sub(_as_text, content))


def _as_text(cell: re.Match[bytes]) -> bytes:
    return b'<%sc%s t="str"><%sv>=%s</%sv>' % (cell[1], _TYPE.sub(b"", cell[2]), cell[1], cell[3], cell[1])


def _open_part(name: str, content: bytes) -> bytes:
    return _OPEN_FORMULA.sub(b"", content) if name == "content.xml" else content


def _binary_part(name: str, content: bytes) -> bytes:
    if name.endswith(".rels"):
        return _PIVOT.sub(b"", content)
    if "worksheets/" not in name or not name.endswith(".bin"):
        return content
    return b"".join(_record(*_RESULTS.get(kind, (kind, None)), kind, body) for kind, body in _records(content))


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(content):
        kind, place = content[place], place + 1
        if kind & 0x80:
            kind, place = (kind & 0x7F) | (content[place] << 7), place + 1
        size = shift = 0
        while True:
            byte, place = content[place], place + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield kind, content[place : place + size]
        place += size


def _record(kind: int, length: int | None, was: int, body: bytes) -> bytes:
    if kind != was:
        body = body[: 12 + 2 * struct.unpack_from("<I", body, 8)[0] if length is None else length]
    head = bytes([kind]) if kind < 0x80 else bytes([(kind & 0x7F) | 0x80, kind >> 7])
    size, sizes = len(body), b""
    while size >= 0x80:
        sizes, size = sizes + bytes([(size & 0x7F) | 0x80]), size >> 7
    return head + sizes + bytes([size]) + body


def _convert(files: list[Path], made: Path, target: str, profile: Path, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "from").mkdir()
        for file in files:
            (folder / "from" / file.name).write_bytes(as_stored(file.read_bytes(), file.suffix[1:]))
        command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", target]
        names = [str(folder / "from" / file.name) for file in files]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*command, "--outdir", scratch, *names], timeout=seconds, capture_output=True, check=False)
        for file in files:
            found = folder / f"{file.stem}.{target}"
            if found.exists() and found.stat().st_size:
                shutil.move(found, made / f"{file.name}.{target}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.quality.references")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--formats", default=",".join(KINDS))
    parser.add_argument("--most", type=int, default=600)
    chosen = parser.parse_args()
    chosen.folder.mkdir(exist_ok=True)
    profile = (chosen.folder / ".profile").absolute()
    for kind in chosen.formats.split(","):
        target = KINDS[kind]
        there = sorted((chosen.corpus / kind).iterdir()) if (chosen.corpus / kind).exists() else []
        files = [file for file in there if file.stat().st_size < LARGEST][: chosen.most]
        missing = [file for file in files if not (chosen.folder / f"{file.name}.{target}").exists()]
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            _convert(batch, chosen.folder, target, profile, BATCH_SECONDS)
            for file in batch:
                if not (chosen.folder / f"{file.name}.{target}").exists():
                    _convert([file], chosen.folder, target, profile, FILE_SECONDS)
        made = sum((chosen.folder / f"{file.name}.{target}").exists() for file in files)
        print(f"{kind}: {made} of {len(files)}", flush=True)


if __name__ == "__main__":
    main()
