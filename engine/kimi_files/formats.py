"""One table of file formats, what a file is by its content, and the limits of the service."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO

from kimi_files import extras
from kimi_files.containers import compound_streams, member_start, zip_members
from kimi_files.errors import (
    EmptyFile,
    FileTooLarge,
    InvalidArguments,
    InvalidPurpose,
    PasswordRequired,
    QuotaExceeded,
    UnsupportedFile,
)

if TYPE_CHECKING:
    from kimi_files.models import Purpose

MAX_FILES = 1_000
# The service says "100MB" without saying which: the larger reading refuses nothing that the service would take.
MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_TOTAL_BYTES = 10 * 1024 * 1024 * 1024

TNEF_SIGNATURE = b"\x78\x9f\x3e\x22"
"""What Outlook's envelope begins with, wherever it is attached and whatever it is called."""

HEAD_BYTES = 1 << 16
"""How much of a file's beginning decides what it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """``name`` is what people call it; ``reader`` the module of ``kimi_files.extract`` for it, None where there is none.

    Each is one of those below and equal to itself only: to compare them is done for each file and takes no time.
    ``picture``: it comes as a picture rather than as text. ``textual``: its bytes are text, so that the content alone
    cannot tell it from other text and the extension decides.
    """

    name: str
    extensions: tuple[str, ...]
    media_type: str
    purposes: tuple[Purpose, ...]
    reader: str | None
    picture: bool = False
    textual: bool = False


@dataclass(frozen=True, slots=True)
class Identified:
    """What a file is by its content; ``correction`` says in words why that differs from what the name promises."""

    format: Format
    correction: str | None = None


def _text(name: str, extensions: str, media_type: str, reader: str | None = "text") -> Format:
    return Format(name, _split(extensions), media_type, ("file-extract",), reader, textual=True)


def _document(name: str, extensions: str, media_type: str, reader: str | None) -> Format:
    return Format(name, _split(extensions), media_type, ("file-extract",), reader)


def _picture(
    name: str, extensions: str, media_type: str, reader: str | None = "picture", textual: bool = False
) -> Format:
    return Format(
        name, _split(extensions), media_type, ("image", "file-extract"), reader, picture=True, textual=textual
    )


def _video(name: str, extensions: str, media_type: str) -> Format:
    return Format(name, _split(extensions), media_type, ("video",), None)


def _split(extensions: str) -> tuple[str, ...]:
    return tuple("." + extension for extension in extensions.split())


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."

PDF = _document("PDF", "pdf", "application/pdf", "pdf")
# Macro and template variants are the same containers: both engines were seen to read all of them.
DOCX = _document("Word document", "docx docm dotx dotm", _OFFICE + "wordprocessingml.document", "word")
DOC = _document("Word 97-2003 document", "doc dot", "application/msword", "word")
XLSX = _document("Excel workbook", "xlsx xlsm xltx xltm", _OFFICE + "spreadsheetml.sheet", "sheets")
XLS = _document("Excel 97-2003 workbook", "xls xlt", "application/vnd.ms-excel", "sheets")
XLSB = _document("Excel binary workbook", "xlsb", "application/vnd.ms-excel.sheet.binary.macroEnabled.12", "sheets")
PPTX = _document(
    "PowerPoint presentation", "pptx pptm ppsx ppsm potx potm", _OFFICE + "presentationml.presentation", "slides"
)
PPT = _document("PowerPoint 97-2003 presentation", "ppt pps pot", "application/vnd.ms-powerpoint", "slides")
RTF = _document("RTF", "rtf", "application/rtf", "word")
ODT = _document("OpenDocument text", "odt ott fodt", _OPEN + "text", "word")
ODS = _document("OpenDocument spreadsheet", "ods ots fods", _OPEN + "spreadsheet", "sheets")
ODP = _document("OpenDocument presentation", "odp otp fodp", _OPEN + "presentation", "slides")
EPUB = _document("EPUB", "epub", "application/epub+zip", "ebook")
MOBI = _document("Kindle book", "mobi azw azw3 prc", "application/x-mobipocket-ebook", "ebook")
OUTLOOK = _document("Outlook message", "msg", "application/vnd.ms-outlook", "mail")
TNEF = _document("Outlook envelope (winmail.dat)", "tnef", "application/vnd.ms-tnef", "mail")
SIGNED = _document("signed file", "p7m", "application/pkcs7-mime", "signed")
SVGZ = Format("compressed SVG picture", (".svgz",), "image/svg+xml", ("file-extract", "image"), "svg")
ZIP = _document("ZIP archive", "zip jar", "application/zip", "archive")
TAR = _document("tar archive", "tar", "application/x-tar", "archive")
GZIP = _document("gzip archive", "gz tgz", "application/gzip", "archive")
BZIP2 = _document("bzip2 archive", "bz2 tbz2", "application/x-bzip2", "archive")
XZ = _document("xz archive", "xz txz", "application/x-xz", "archive")
ZSTANDARD = _document("Zstandard archive", "zst", "application/zstd", None)
SEVEN_ZIP = _document("7z archive", "7z", "application/x-7z-compressed", "archive")
RAR = _document("RAR archive", "rar", "application/vnd.rar", None)

HTML = _text("HTML", "html htm xhtml xht", "text/html", "web")
MARKDOWN = _text("Markdown", "md markdown mkd mdown mdx", "text/markdown")
CSV = _text("CSV", "csv", "text/csv", "sheets")
TSV = _text("TSV", "tsv tab", "text/tab-separated-values", "sheets")
JSON = _text("JSON", "json json5 jsonc geojson", "application/json")
JSON_LINES = Format(
    "JSON Lines", (".jsonl", ".ndjson"), "application/jsonl", ("file-extract", "batch"), "text", textual=True
)
NOTEBOOK = _text("Jupyter notebook", "ipynb", "application/x-ipynb+json", "notebook")
YAML = _text("YAML", "yaml yml", "application/yaml")
TOML = _text("TOML", "toml", "application/toml")
XML = _text("XML", "xml xsd xsl xslt plist", "application/xml")
FEED = _text("RSS or Atom feed", "rss atom", "application/rss+xml", "feed")
SVG = Format("SVG picture", (".svg",), "image/svg+xml", ("file-extract", "image"), "svg", textual=True)
MAIL = _text("mail message", "eml", "message/rfc822", "mail")
WEB_ARCHIVE = _text("web archive", "mhtml mht", "multipart/related", "web_archive")
TEXT = _text(
    "text", "txt text log ini conf cfg properties rst adoc asciidoc org tex srt vtt diff patch vcf ics", "text/plain"
)
CODE = _text(
    "source code",
    "py py3 pyi go h c cc cpp cxx hh hpp hxx cs java js mjs cjs jsx ts tsx mts cts css scss sass less php jsp asp aspx"
    " rb rs swift kt kts scala groovy gradle pl pm lua r jl dart ex exs erl hs clj cljs elm f f90 for pas vb vbs ps1"
    " bat cmd sh bash zsh fish sql graphql proto tf hcl vue svelte m mm asm s nim zig v sv vhd vhdl cmake gv",
    "text/x-source",
)

PNG = _picture("PNG picture", "png apng", "image/png")
JPEG = _picture("JPEG picture", "jpg jpeg jfif pjpeg pjp jpe", "image/jpeg")
GIF = _picture("GIF picture", "gif", "image/gif")
WEBP = _picture("WebP picture", "webp", "image/webp")
BMP = _picture("BMP picture", "bmp dib", "image/bmp")
ICO = _picture("icon", "ico", "image/x-icon")
XBM = _picture("XBM picture", "xbm", "image/x-xbitmap", textual=True)
TIFF = _picture("TIFF picture", "tif tiff", "image/tiff")
AVIF = _picture("AVIF picture", "avif avifs", "image/avif")
HEIC = _picture("HEIC picture", "heic heif", "image/heic", None)

MP4 = _video("MP4 video", "mp4 m4v", "video/mp4")
QUICKTIME = _video("QuickTime video", "mov qt", "video/quicktime")
MPEG = _video("MPEG video", "mpeg mpg mpe m2ts mts2", "video/mpeg")
AVI = _video("AVI video", "avi", "video/x-msvideo")
WEBM = _video("WebM video", "webm", "video/webm")
MATROSKA = _video("Matroska video", "mkv", "video/x-matroska")
FLASH = _video("Flash video", "flv", "video/x-flv")
WMV = _video("Windows Media video", "wmv asf", "video/x-ms-wmv")
THREE_GPP = _video("3GPP video", "3gpp 3gp 3g2", "video/3gpp")

# fmt: off
FORMATS: tuple[Format, ...] = (
    PDF, DOCX, DOC, XLSX, XLS, XLSB, PPTX, PPT, RTF, ODT, ODS, ODP, EPUB, MOBI, OUTLOOK, TNEF, SIGNED,
    HTML, MARKDOWN, CSV, TSV, JSON, JSON_LINES, NOTEBOOK, YAML, TOML, XML, FEED, SVG, SVGZ, MAIL, WEB_ARCHIVE, TEXT, CODE,
    PNG, JPEG, GIF, WEBP, BMP, ICO, XBM, TIFF, AVIF, HEIC,
    MP4, QUICKTIME, MPEG, AVI, WEBM, MATROSKA, FLASH, WMV, THREE_GPP,
    ZIP, TAR, GZIP, BZIP2, XZ, ZSTANDARD, SEVEN_ZIP, RAR,
)
# fmt: on

_BY_EXTENSION = {extension: known for known in FORMATS for extension in known.extensions}


def by_name(name: str) -> Format | None:
    """The format that a name's extension promises; None where it promises nothing."""
    return _BY_EXTENSION.get(PurePath(name).suffix.lower())


def identify(name: str, stream: BinaryIO) -> Identified:
    """What a file is, by its content first and by its name where the content is plain text.

    Reads at most about 3 MB of a file of any size, and leaves the stream at its beginning. Raises EmptyFile,
    PasswordRequired for an encrypted Office file, and UnsupportedFile for what is neither a known format nor text.
    """
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if not head:
        raise file_is_empty()
    try:
        found = _binary_format(name, stream, head) or _textual_format(name, head)
    finally:
        stream.seek(0)
    named = by_name(name)
    if named is None or named == found or (named, found) == (XML, FEED):
        return Identified(found)
    return Identified(found, f"the name says {named.name}, the content is {found.name}")


def require_reader(name: str, found: Format) -> str:
    """The module of ``kimi_files.extract`` that reads a format. UnsupportedFile where there is none."""
    if found.reader is not None:
        return found.reader
    if found == HEIC and extras.has("heic"):
        return "picture"
    hint = "Save or export it as PDF, Word, HTML or text."
    if found in (RAR, ZSTANDARD):
        hint = "Unpack it, and read the files that are in it."
    if "video" in found.purposes:
        hint = "It can be uploaded with the purpose 'video'."
    if found == HEIC:
        hint = f"Save it as JPEG, or install the extra 'heic' ({extras.install_command('heic')}) and start the server again."
    raise UnsupportedFile(f"'{name}' cannot be read: there is no reader for the format {found.name}.", hint)


def looks_like_text(head: bytes) -> bool:
    """Whether the beginning of a file is text in some encoding: UTF-8, UTF-16, UTF-32 or an older one."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return _decodes_as_text(head, "utf-32")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decodes_as_text(head, "utf-16")
    if _SHIFTS in head:
        head = head.translate(None, b"\x0e\x0f")
    controls = len(_CONTROL_BYTES.findall(head))
    # A log may hold a stray control character; compressed or packed data has one in every ten bytes or so.
    if controls * 200 <= len(head):
        return True
    if may_be_wide(head):
        return any(_decodes_as_text(head, encoding) for encoding in _WIDE_ENCODINGS)
    return controls * 20 <= len(head) and _is_utf_8(head)


def may_be_wide(head: bytes) -> bool:
    """Whether a file without a byte order mark may be UTF-16 or UTF-32: it has zero bytes, which in plain text are strays."""
    return b"\x00" in head and len(head.translate(None, _PLAIN_BYTES)) > _LEAST_OTHERS * len(head)


def check_size(size: int, limit: int = MAX_FILE_BYTES) -> None:
    """EmptyFile or FileTooLarge, in the contract's words, for a size that the service does not take."""
    if size == 0:
        raise file_is_empty()
    if size > limit:
        raise FileTooLarge(
            f"File size is too large, max file size is {limit >> 20}MB, please confirm and re-upload the file"
        )


def file_is_empty() -> EmptyFile:
    """The contract's words for a file of no bytes."""
    return EmptyFile("File size is zero, please confirm and re-upload the file")


def too_many_files(limit: int = MAX_FILES) -> QuotaExceeded:
    """The contract's words for one file too many."""
    return QuotaExceeded(
        f"The number of files you have uploaded exceeded the max file count {limit},"
        " please delete previous uploaded files"
    )


def too_many_bytes(limit: int = MAX_TOTAL_BYTES) -> QuotaExceeded:
    """No room left in all: the contract has no words for it."""
    return QuotaExceeded(
        f"The files you have uploaded would exceed the max total size {limit >> 30}GB,"
        " please delete previous uploaded files"
    )


def check_purpose(purpose: str) -> Purpose:
    """The purpose itself. InvalidPurpose, in the contract's words, for a word that is none."""
    from kimi_files.models import PURPOSES  # readers, which import this module, need no pydantic

    for known in PURPOSES:
        if purpose == known:
            return known
    raise InvalidPurpose(f"Invalid purpose: {purpose[:100]!r}.", f"It is one of {', '.join(PURPOSES)}.")


def check_listing(purpose: str | None, limit: int) -> None:
    """InvalidPurpose or InvalidArguments for what no list can be made by. ``purpose`` None is any, ``limit`` counts files."""
    if purpose is not None:
        check_purpose(purpose)
    if limit < 1:
        raise InvalidArguments(f"limit is {limit}.", "It is 1 or more.")


_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
_PLAIN_BYTES = bytes([9, 10, 13, *range(0x20, 0x7F)])
_LEAST_OTHERS = 0.15
# Korean mail of the nineties: after this, control characters go over to Korean and back.
_SHIFTS = b"\x1b$)C"
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f\ufffe\uffff]")
# Compiled at its first use: such wide ranges take longer than the whole table above.
_COMMON_CHARACTERS = r"[\s!-~\u00a0-\u06ff\u0900-\u0e7f\u1e00-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\uffef]"
_WIDE_ENCODINGS = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def _is_utf_8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.end == len(head) and error.start >= len(head) - 3
    return True


def _decodes_as_text(head: bytes, encoding: str) -> bool:
    width = 4 if "32" in encoding else 2
    whole = head[: len(head) // width * width]
    try:
        text = whole.decode(encoding)
    except UnicodeDecodeError as error:
        # A character above U+FFFF may be cut in two at the end of the head.
        if error.start < len(whole) - 2:
            return False
        text = whole[: error.start].decode(encoding, "ignore")
    if not text:
        return encoding not in _WIDE_ENCODINGS  # a byte order mark and nothing else
    return not _CONTROL_CHARACTERS.search(text) and len(re.findall(_COMMON_CHARACTERS, text)) >= 0.9 * len(text)


# ---- by signature

_PROGRAM = "a program"
_AUDIO = "an audio file"
_FONT = "a font"
_NO_ARCHIVE = "no archive by its content: it is damaged, or one part of several"

_SIGNATURES: tuple[tuple[int, bytes, Format | str], ...] = (
    # First: a tar archive begins with its first file's name, which may look like anything.
    (257, b"ustar", TAR),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (0, b"II+\x00", TIFF),
    (0, b"MM\x00+", TIFF),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", WMV),
    (0, b"FLV\x01", FLASH),
    (0, b"\x00\x00\x01\xba", MPEG),
    (0, b"\x00\x00\x01\xb3", MPEG),
    (0, TNEF_SIGNATURE, TNEF),
    (60, b"BOOKMOBI", MOBI),
    (60, b"TEXtREAd", MOBI),
    (0, b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (0, b"Rar!\x1a\x07", RAR),
    (0, b"BZh", BZIP2),
    (0, b"\xfd7zXZ\x00", XZ),
    (0, b"\x28\xb5\x2f\xfd", ZSTANDARD),
    # Word 1 and 2, Excel 2 to 4: from before there were containers.
    (0, b"\xdb\xa5-\x00", DOC),
    (0, b"\x9b\xa5", DOC),
    (0, b"\x09\x00\x04\x00", XLS),
    (0, b"\x09\x02\x06\x00", XLS),
    (0, b"\x09\x04\x06\x00", XLS),
    (0, b"\x7fELF", f"{_PROGRAM} for Linux (ELF)"),
    (0, b"MZ", f"{_PROGRAM} for Windows"),
    (0, b"\xfe\xed\xfa\xce", f"{_PROGRAM} for macOS"),
    (0, b"\xfe\xed\xfa\xcf", f"{_PROGRAM} for macOS"),
    (0, b"\xce\xfa\xed\xfe", f"{_PROGRAM} for macOS"),
    (0, b"\xcf\xfa\xed\xfe", f"{_PROGRAM} for macOS"),
    (0, b"\xca\xfe\xba\xbe", f"{_PROGRAM} (Java class or macOS)"),
    (0, b"\x00asm", f"{_PROGRAM} (WebAssembly)"),
    (0, b"dex\n", f"{_PROGRAM} for Android"),
    (0, b"!<arch>\n", "a library of object files"),
    (0, b"SQLite format 3\x00", "an SQLite database"),
    (4, b"Standard Jet DB", "an Access database"),
    (4, b"Standard ACE DB", "an Access database"),
    (0, b"!BDN", "an Outlook mailbox"),
    (0, b"\xffWPC", "a WordPerfect document"),
    (0, b"8BPS", "a Photoshop picture"),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (0, b"AT&TFORM", "a DjVu document"),
    (0, b"ITSF", "a compiled help file"),
    (0, b"MSCF", "a cabinet archive"),
    (0, b"OTTO", _FONT),
    (0, b"wOFF", _FONT),
    (0, b"wOF2", _FONT),
    (0, b"ID3", _AUDIO),
    (0, b"OggS", _AUDIO),
    (0, b"fLaC", _AUDIO),
    (0, b"MThd", _AUDIO),
    (0, b"\xff\xfb", _AUDIO),
    (0, b"\xff\xf3", _AUDIO),
    (0, b"PAR1", "a Parquet file"),
)


_MAGIC_BYTES = 24

# A sequence, however its length is written, of which the first says that it is signed (2) or encrypted (3).
_ENVELOPE = re.compile(
    rb"\x30(?:[\x01-\x80]|[\x81-\x84].{1,4}?)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07([\x02\x03])", re.DOTALL
)
# Excel 5 to 2003 without its container, as some programs export it: nearly text in UTF-16.
_BARE_WORKBOOKS = (b"\x09\x08\x08\x00\x00\x05", b"\x09\x08\x10\x00\x00\x06")


def _binary_format(name: str, stream: BinaryIO, head: bytes) -> Format | None:
    """The format of a file that is not plain text; None where it is text. UnsupportedFile where it is neither."""
    if head.startswith((b"%PDF-", b"\xef\xbb\xbf%PDF-")):
        return PDF
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        return RTF
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")):
        return _zip_format(name, stream)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound_format(name, stream)
    if head.startswith(_BARE_WORKBOOKS):
        return XLS
    if envelope := _ENVELOPE.match(head):
        # What is in it may be text, and nearly all of the file.
        if envelope[1] == b"\x03":
            raise _refused(name, "an encrypted message")
        return SIGNED
    if head.startswith(b"\x1f\x8b"):
        return SVGZ if by_name(name) == SVGZ else GZIP
    if _CONTROL_BYTES.search(head, 0, _MAGIC_BYTES) and (marked := _signature(name, head)):
        # Pixels as they are may look like text: a light picture, not packed, has hardly a control character.
        return marked
    if looks_like_text(head):
        # A word processor's leftovers may stand before a PDF, but a text about PDF is a text.
        return PDF if by_name(name) == PDF and b"%PDF-" in head[:1024] else None
    found = _signature(name, head) or _media_container(name, head) or (PDF if b"%PDF-" in head[:1024] else None)
    if found is None and by_name(name) in (MAIL, WEB_ARCHIVE) and _HEADERS_START.match(head):
        # What is attached to it may stand there as it is, not as text.
        return by_name(name)
    if found is None and (named := by_name(name)) is not None and named.reader == "archive":
        raise _refused(name, _NO_ARCHIVE)
    if found is None:
        raise _refused(name, "neither text nor of a format that is known")
    return found


def _signature(name: str, head: bytes) -> Format | None:
    for offset, magic, found in _SIGNATURES:
        if head.startswith(magic, offset):
            if isinstance(found, str):
                raise _refused(name, found)
            return found
    if (
        head.startswith(b"BM")
        and len(head) >= 18
        and struct.unpack("<I", head[14:18])[0] in (12, 40, 52, 56, 64, 108, 124)
    ):
        return BMP
    if by_name(name) == BMP and head.startswith((b"\x28\x00\x00\x00", b"\x0c\x00\x00\x00", b"\x7c\x00\x00\x00")):
        return BMP
    if _is_old_tar(head):
        return TAR
    if head.startswith(b"\x00\x00\x01\x00") and 0 < int.from_bytes(head[4:6], "little") <= 256:
        return ICO
    return None


def _is_old_tar(head: bytes) -> bool:
    """A tar archive from before 1988: no mark, but the sum of its first header's bytes stands in it, in octal."""
    header = head[:512]
    told = re.fullmatch(rb"[ \x00]*([0-7]{1,7})[ \x00]*", header[148:156])
    return len(header) == 512 and told is not None and int(told[1], 8) == sum(header[:148] + b" " * 8 + header[156:])


def _media_container(name: str, head: bytes) -> Format | None:
    if head.startswith(b"RIFF"):
        kinds = {b"WEBP": WEBP, b"AVI ": AVI}
        if head[8:12] in kinds:
            return kinds[head[8:12]]
        raise _refused(name, _AUDIO if head[8:12] == b"WAVE" else "a RIFF file that is neither picture nor video")
    if head[4:8] == b"ftyp":
        return _brand_format(name, head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"pnot", b"skip", b"free"):
        return QUICKTIME
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"\x42\x82\x84webm" in head[:4096] else MATROSKA
    for first, packet in ((0, 188), (4, 192)):
        if len(head) > first + 2 * packet and all(head[first + turn * packet] == 0x47 for turn in range(3)):
            return MPEG
    return None


def _brand_format(name: str, head: bytes) -> Format:
    major = head[8:12]
    brands = head[8 : min(int.from_bytes(head[:4], "big"), 256)]
    if major in (b"avif", b"avis") or (major in (b"mif1", b"msf1", b"miaf") and b"avif" in brands):
        return AVIF
    if major in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return HEIC
    if major == b"qt  ":
        return QUICKTIME
    if major.startswith((b"3gp", b"3g2", b"3gr", b"3gs")):
        return THREE_GPP
    if major in (b"M4A ", b"M4B ", b"M4P "):
        raise _refused(name, _AUDIO)
    if major == b"crx ":
        raise _refused(name, "a camera's raw picture")
    return MP4


# Of a package with folders of other names than Microsoft's.
_MAIN_PARTS = {"workbook.bin": XLSB, "workbook.xml": XLSX, "document.xml": DOCX, "presentation.xml": PPTX}


def _zip_format(name: str, stream: BinaryIO) -> Format:
    members = zip_members(stream)
    folders = {member.name.partition("/")[0] for member in members if "/" in member.name}
    names = {member.name for member in members}
    if "[Content_Types].xml" in names or "_rels" in folders:
        if "xl/workbook.bin" in names:
            return XLSB
        for folder, known in (("word", DOCX), ("xl", XLSX), ("ppt", PPTX)):
            if folder in folders:
                return known
        for part, known in _MAIN_PARTS.items():
            if any(part == member.rpartition("/")[2] for member in names):
                return known
    for member in members:
        if member.name == "mimetype":
            declared = member_start(stream, member, 200)
            for known in (ODT, ODS, ODP, EPUB):
                if declared.startswith(known.media_type.encode()):
                    return known
    if "META-INF/container.xml" in names:
        return EPUB
    if "content.xml" in names:
        for member in members:
            if member.name == "META-INF/manifest.xml":
                declared = member_start(stream, member, 4096)
                for known in (ODT, ODS, ODP):
                    if f'"{known.media_type}"'.encode() in declared:
                        return known
    if "Index/Document.iwa" in names or folders >= {"Index", "Metadata"}:
        raise _refused(name, "a document of Apple's Pages, Numbers or Keynote")
    return ZIP


def _compound_format(name: str, stream: BinaryIO) -> Format:
    # Their names are the same in any case.
    streams = {stream_name.casefold() for stream_name in compound_streams(stream)}
    if "encryptedpackage" in streams:
        raise PasswordRequired(
            f"'{name}' is protected by a password.", "Save it without one in the program that made it, and try again."
        )
    for key, known in (
        ("worddocument", DOC),
        ("workbook", XLS),
        ("book", XLS),
        ("powerpoint document", PPT),
        ("pp40", PPT),
        ("__properties_version1.0", OUTLOOK),
    ):
        if key in streams:
            return known
    named = by_name(name)
    if not streams and named in (DOC, XLS, PPT, OUTLOOK):
        # The directory is damaged: the format's own reader says so better.
        return named
    if "visiodocument" in streams:
        raise _refused(name, "a Visio drawing")
    raise _refused(name, "an OLE2 container that holds no document, workbook, presentation or message")


# ---- by text

# Atomic groups: what stands before the first element is skipped in one pass, however often comments repeat.
_BEFORE_ROOT = r"(?>(?:<\?xml[^>]*>|<!--.*?-->|\s)*)"
_BEFORE_CODE = r"(?>(?://[^\n]*\n|/\*.*?\*/|#[^\n]*\n|\s)*)"
_HTML_ROOT = re.compile(_BEFORE_ROOT + r"<(?:!doctype\s+html|html)[\s>]", re.I | re.S)
_HTML_PART = re.compile(_BEFORE_ROOT + r"<(?:head|body|title|meta|table|div|style|script)[\s>]", re.I | re.S)
_SVG_ROOT = re.compile(_BEFORE_ROOT + r"(?:<!doctype\s+svg[^>]*>\s*)?<(?:svg:)?svg[\s>]", re.I | re.S)
_FEED_ROOT = re.compile(_BEFORE_ROOT + r"<(?:rss|feed|rdf:RDF)[\s>]", re.I | re.S)
# Office documents as one XML file: of 2003, and packages written flat.
_OFFICE_XML = (
    ("http://schemas.microsoft.com/office/word/2003/wordml", DOCX),
    ("urn:schemas-microsoft-com:office:spreadsheet", XLSX),
    ('progid="Word.Document"', DOCX),
    *((f'office:mimetype="{known.media_type}"', known) for known in (ODT, ODS, ODP)),
)
_XML_START = re.compile(r"\s*<\?xml\s")
_WEB_ARCHIVE_START = re.compile(r"^mime-version:.*^content-type:\s*multipart/related", re.I | re.S | re.M)
# As mail servers keep messages, by names without an extension: a first header, a sender, and what programs write on the way.
_MAIL_START = re.compile(
    r"(?:Return-Path|Received|Delivered-To|From|To|Date|Subject|Message-ID|MIME-Version|DKIM-Signature|X-[\w-]+): ",
    re.I,
)
_MAIL_FROM = re.compile(r"^From: ", re.I | re.M)
_MAIL_SENT = re.compile(r"^(?:To|Received|Return-Path|Delivered-To): ", re.I | re.M)
_MAIL_WAY = re.compile(r"^(?:Date|Message-ID|MIME-Version|Received): ", re.I | re.M)
_HEADERS_START = re.compile(rb"\s*(?:[A-Za-z][\w-]*:.*\n(?:[ \t].*\n)*)+?Content-Type:", re.I)
_GRAPH_START = re.compile(_BEFORE_CODE + r"(?:strict\s+)?(?:di)?graph\b[^;{]{0,200}\{", re.I | re.S)
_BITMAP_START = re.compile(r"(?>(?:/\*.*?\*/|\s)*)#define\s+\S+_width\s+\d+", re.S)
_JSON_START = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:["{\[\]\-\d]|true|false|null|$))')


def _textual_format(name: str, head: bytes) -> Format:
    named = by_name(name)
    start = _decoded_start(head)
    if named in (None, OUTLOOK) and _is_mail(start):
        return MAIL
    if named is None or not named.textual or named in _OFTEN_MISNAMED:
        found = _marked_up(start, fragments=named != XML)
        if found is not None and not (named == HTML and found in (XML, SVG)):
            return found
    if named == FEED:
        return TEXT
    if named == XBM:
        return XBM if _BITMAP_START.match(start) else TEXT
    if named is not None and named.textual:
        return named
    if named == XLS:
        return _delimited(start)
    if named == DOC and _GRAPH_START.match(start):
        return CODE
    return JSON if _JSON_START.match(start) and _is_json(start, complete=len(head) < HEAD_BYTES) else TEXT


# Exports of databases and web sites often carry one of these names whatever they are.
_OFTEN_MISNAMED = (HTML, XML, FEED, CSV, TSV, WEB_ARCHIVE)


def _marked_up(start: str, fragments: bool) -> Format | None:
    if _HTML_ROOT.match(start) or (fragments and _HTML_PART.match(start)):
        return HTML
    if _SVG_ROOT.match(start):
        return SVG
    if _WEB_ARCHIVE_START.search(start[:2048]):
        return WEB_ARCHIVE
    if _FEED_ROOT.match(start):
        return FEED
    if _XML_START.match(start):
        return next((known for mark, known in _OFFICE_XML if mark in start[:4096]), XML)
    return None


def _is_mail(start: str) -> bool:
    """As mail servers keep it; a page that a browser saved was sent to no one."""
    if not _MAIL_START.match(start):
        return False
    headers = start.replace("\r\n", "\n").partition("\n\n")[0]
    way = _MAIL_SENT if _WEB_ARCHIVE_START.search(headers) else _MAIL_WAY
    return _MAIL_FROM.search(headers) is not None and way.search(headers) is not None


def _delimited(start: str) -> Format:
    """What a workbook's name was given to: the separator of its first lines decides."""
    lines = [line for line in start.splitlines()[:5] if line.strip()]
    if lines and all("\t" in line for line in lines):
        return TSV
    if lines and all("," in line or ";" in line for line in lines):
        return CSV
    return TEXT


def _is_json(start: str, complete: bool) -> bool:
    if not complete:
        return True
    try:
        json.loads(start)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded_start(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    if may_be_wide(head):
        # Text without a byte order mark: the zero bytes of its ASCII letters stand behind or before them.
        return head.decode("utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be", "replace")
    return head.decode("utf-8-sig", "replace")


# What would make of it something that can be read.
_REMEDIES = {
    "a WordPerfect document": "Open it in LibreOffice Writer and save it as DOCX.",
    "a Visio drawing": "Open it in Visio or LibreOffice Draw and export it as PDF.",
    "a document of Apple's Pages, Numbers or Keynote": "Export it there as PDF, Word, Excel or PowerPoint.",
    "a DjVu document": "Convert it to PDF.",
    "a Photoshop picture": "Export it as PNG.",
    "a JPEG 2000 picture": "Save it as PNG or JPEG.",
    _NO_ARCHIVE: "Download it again, or unpack all parts together, in one folder, and read the files.",
    "a JPEG XL picture": "Save it as PNG or JPEG.",
}


def _refused(name: str, what: str) -> UnsupportedFile:
    hint = _REMEDIES.get(what, "What can be read: documents, sheets, slides, web pages, text and pictures.")
    return UnsupportedFile(f"'{name}' is {what}.", hint)
