"""Every extension that the contract names, and every other one of the table, is read from a real file of it."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from pydantic import JsonValue

from kimi_files.extract.checked import document_event
from kimi_files.extract.document import PageText, Start
from kimi_files.formats import FORMATS, by_name
from kimi_files.workers.pool import WorkerPool
from kimi_files.workers.process import JobName
from tests.engine.extract.test_archive import ARCHIVES
from tests.samples.epub import epub
from tests.samples.kindle import kf8, mobi
from tests.samples.mail import OutlookMessage, eml, msg, tnef
from tests.samples.open_document import cell, flat, open_document, paragraph, row, sheet, slide, xlsb
from tests.samples.pdf import Page, pdf
from tests.samples.seven_zip import LZMA2, seven_zip
from tests.samples.sheets import Sheet, xlsx
from tests.samples.sheets import text as words
from tests.samples.signed import signed
from tests.samples.slides import Slide, pptx
from tests.samples.word import docx
from tests.samples.word import paragraph as word_paragraph

pytestmark = pytest.mark.asyncio(loop_scope="module")

# In the order of the contract's page.
DOCUMENTS = (
    "pdf txt csv doc docx xls xlsx ppt pptx md dot epub html json mobi log go h c cpp cxx cc cs java js css jsp php py py3 asp"
    " yaml yml ini conf ts tsx"
)
IMAGES = "jpeg png bmp gif svg svgz webp ico xbm dib pjp tif pjpeg avif apng tiff jfif"


def extensions(written: str) -> list[str]:
    return [f".{extension}" for extension in written.split()]


SAID = "turbine"
_FILES = Path(__file__).parents[2] / "samples" / "files"
_DRAWING = f'<svg xmlns="http://www.w3.org/2000/svg"><text y="9">{SAID}</text></svg>'.encode()
_PILLOW = {".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP", ".ico": "ICO", ".xbm": "XBM"}
_PILLOW |= {".dib": "DIB", ".pjp": "JPEG", ".tif": "TIFF", ".pjpeg": "JPEG", ".avif": "AVIF", ".apng": "PNG"}
_PILLOW |= {".tiff": "TIFF", ".jfif": "JPEG", ".jpg": "JPEG", ".jpe": "JPEG", ".avifs": "AVIF"}


def _word() -> bytes:
    return docx([word_paragraph(SAID)])


def _book() -> bytes:
    return mobi(f"<html><body><p>{SAID}</p></body></html>".encode())


def _table() -> bytes:
    return open_document("spreadsheet", sheet("S", row(cell(SAID))))


def _text() -> bytes:
    return open_document("text", paragraph(SAID))


def _show() -> bytes:
    return open_document("presentation", slide(SAID, ""))


MADE: dict[str, Any] = {
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), _word),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm"), lambda: xlsx([Sheet("S", {"A1": words(SAID)})])),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), lambda: pptx([Slide(SAID)])),
    **dict.fromkeys((".odt", ".ott"), _text),
    **dict.fromkeys((".ods", ".ots"), _table),
    **dict.fromkeys((".odp", ".otp"), _show),
    ".fodt": lambda: flat("text", paragraph(SAID)),
    ".fods": lambda: flat("spreadsheet", sheet("S", row(cell(SAID)))),
    ".fodp": lambda: flat("presentation", slide(SAID, "")),
    **dict.fromkeys((".doc", ".dot"), lambda: (_FILES / "report.doc").read_bytes()),
    **dict.fromkeys((".xls", ".xlt"), lambda: (_FILES / "positions.xls").read_bytes()),
    **dict.fromkeys((".ppt", ".pps", ".pot"), lambda: gzip.decompress((_FILES / "talk.ppt.gz").read_bytes())),
    **dict.fromkeys((".mobi", ".prc"), _book),
    **dict.fromkeys((".azw", ".azw3"), lambda: kf8([("A", f"<p>{SAID}</p>")])),
    **dict.fromkeys((".html", ".htm", ".xhtml", ".xht"), lambda: f"<html><p>{SAID}</p></html>".encode()),
    **dict.fromkeys((".mhtml", ".mht"), lambda: eml(html=f"<p>{SAID}</p>", Subject="x").as_bytes()),
    **dict.fromkeys((".zip", ".jar"), lambda: ARCHIVES["a.zip"]),
    ".p7m": lambda: signed(SAID.encode()),
    ".pdf": lambda: pdf([Page([SAID])]),
    ".xlsb": lambda: xlsb("S", [[SAID]]),
    ".rtf": lambda: b"{\\rtf1 " + SAID.encode() + b"}",
    ".epub": lambda: epub({"a.xhtml": f"<p>{SAID}</p>"}),
    ".eml": lambda: eml(SAID, Subject="x").as_bytes(),
    ".msg": lambda: msg(OutlookMessage({0x1000: SAID})),
    ".tnef": lambda: tnef({0x1000: SAID}),
    ".ipynb": lambda: json.dumps({"cells": [{"cell_type": "markdown", "source": SAID}]}).encode(),
    ".json": lambda: json.dumps({"said": SAID}).encode(),
    ".rss": lambda: f"<rss><channel><item><title>{SAID}</title></item></channel></rss>".encode(),
    ".atom": lambda: f'<feed xmlns="http://www.w3.org/2005/Atom"><title>{SAID}</title></feed>'.encode(),
    ".svg": lambda: _DRAWING,
    ".svgz": lambda: gzip.compress(_DRAWING),
    ".tar": lambda: ARCHIVES["a.tar"],
    ".7z": lambda: seven_zip([(LZMA2, {"a.txt": SAID.encode()})]),
    ".gz": lambda: gzip.compress(SAID.encode()),
    ".tgz": lambda: ARCHIVES["a.tgz"],
    ".bz2": lambda: ARCHIVES["a.tar.bz2"],
    ".tbz2": lambda: ARCHIVES["a.tar.bz2"],
    ".xz": lambda: ARCHIVES["a.tar.xz"],
    ".txz": lambda: ARCHIVES["a.tar.xz"],
}
UNCHANGED = f"{SAID} = 1  # as it is\n\tindented, and \u00fcber\n"


def made(extension: str) -> bytes:
    if extension in _PILLOW:
        stream = io.BytesIO()
        mode = "1" if extension == ".xbm" else "RGB"
        Image.new(mode, (16, 16), 1 if mode == "1" else "red").save(stream, _PILLOW[extension])
        return stream.getvalue()
    content: bytes = MADE[extension]() if extension in MADE else UNCHANGED.encode()
    return content


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(size=1)
    yield pool
    await pool.aclose()


async def frames(pool: WorkerPool, job: JobName, data: bytes, **arguments: JsonValue) -> list[bytes]:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        async with pool.job(job, arguments, descriptor=file.fileno()) as untrusted_frames:
            return [frame async for frame in untrusted_frames]


READ = sorted({extension for known in FORMATS if known.reader and not known.picture for extension in known.extensions})


@pytest.mark.parametrize("extension", READ)
async def test_every_extension_with_a_reader_is_read_from_a_real_file(pool: WorkerPool, extension: str) -> None:
    name = f"a file{extension}"
    events = [
        document_event.validate_json(frame) for frame in await frames(pool, "extract", made(extension), name=name)
    ]
    named = by_name(name)
    assert named is not None
    assert events[0] == Start(format=named.name)
    text = "".join(event.text for event in events if isinstance(event, PageText))
    if extension in MADE:
        assert text.strip()
        assert SAID in text or extension in (".doc", ".dot", ".xls", ".xlt", ".ppt", ".pps", ".pot") or "!/" in text
    else:
        assert text == UNCHANGED


@pytest.mark.parametrize("extension", [*extensions(IMAGES), ".jpg"])
async def test_every_image_of_the_contract_is_checked_and_drawn(pool: WorkerPool, extension: str) -> None:
    name, content = f"a{extension}", made(extension)
    (checked,) = await frames(pool, "check", content, name=name, purpose="image")
    assert "px" in json.loads(checked)["details"]
    (drawn,) = await frames(pool, "pictures", content, name=name, pages=None)
    assert json.loads(drawn)["media_type"] in ("image/png", "image/jpeg")


async def test_the_contract_names_fifty_four_extensions_and_all_have_readers() -> None:
    named = [*extensions(DOCUMENTS), *extensions(IMAGES)]
    assert len(set(named)) == len(named) == 54
    assert [extension for extension in named if (found := by_name(f"a{extension}")) is None or not found.reader] == []
    assert {*extensions(DOCUMENTS)} <= {*READ}
