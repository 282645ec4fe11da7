"""Comments, tracked changes and hidden text of a Word document, told in its text before a library drops or mixes them."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from kimi_files.extract.office.package import Attributes, Package, parse_xml

DOCUMENT = "word/document.xml"
_COMMENTS = "word/comments.xml"

_WORTH_LOOKING = re.compile(rb"<w:(?:ins|del|moveFrom|commentReference|vanish|ruby)[ />]")
_RUBY = re.compile(
    rb"<w:ruby>(?:(?!</?w:ruby>|<w:rt>).)*+<w:rt>((?:(?!</?w:rt>).)*+)</w:rt><w:rubyBase>((?:(?!</?w:rubyBase>).)*+)"
    rb"</w:rubyBase></w:ruby>",
    re.DOTALL,
)
_RUN_WORDS = re.compile(rb"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_VANISH = rb'<w:vanish(?: w:val="(?:1|true|on)")?/>'
# Nothing here is tried twice: of a document without ends, every byte is looked at once.
_HIDDEN_RUN = re.compile(
    rb"(<w:r(?: [^<>]*+)?><w:rPr>(?:(?!</?w:rPr>|<w:r[ >]|<w:vanish[ /]).)*+)"
    + _VANISH
    + rb"((?:(?!</?w:rPr>|<w:r[ >]).)*+</w:rPr>)((?:(?!</?w:r[ >]|<w:t[ >]).)*+<w:t[ >](?:(?!</?w:r[ >]).)*+)(</w:r>)",
    re.DOTALL,
)
_COMMENT = re.compile(rb'<w:commentReference\b[^>]*w:id="([^"]*)"[^>]*/>')
_DELETED_TEXT = re.compile(rb"(</?w:)delText\b")
_NEXT_OF_SAME_KIND = re.compile(rb"</w:(ins|del|moveFrom)>\s*<w:\1(?: [^>]*)?(?<!/)>")
_START = re.compile(rb"<w:(ins|del|moveFrom)(?: [^>]*)?(?<!/)>")
_END = re.compile(rb"</w:(?:ins|del|moveFrom)>")
_WORDS = {b"ins": b"inserted", b"del": b"deleted", b"moveFrom": b"moved away"}


def with_visible_revisions(package: Package, untrusted_bytes: bytes) -> bytes:
    """The document with "[inserted: …]", "[deleted: …]", "[hidden: …]" and "[comment by …: …]" in its text, where it has any."""
    main = package.main(DOCUMENT)
    document = package.part(main)
    if not _WORTH_LOOKING.search(document):
        return untrusted_bytes
    comments = _comments(package)

    def comment(match: re.Match[bytes]) -> bytes:
        words = comments.get(match[1].decode("utf-8", "replace"))
        return _text(f" [comment {words}]") if words else b""

    changed = _RUBY.sub(_with_reading, document) if b"<w:ruby>" in document else document
    changed = _COMMENT.sub(comment, changed)
    changed = _DELETED_TEXT.sub(rb"\1t", changed)
    changed = _NEXT_OF_SAME_KIND.sub(b"", changed)
    changed = _START.sub(lambda match: _run(b"[" + _WORDS[match[1]] + b": "), changed)
    changed = _END.sub(lambda match: _run(b"]"), changed)
    changed = _HIDDEN_RUN.sub(lambda run: run[1] + run[2] + _text("[hidden: ") + run[3] + _text("]") + run[4], changed)
    return package.rewritten({main: changed})


def unplaced_comments(package: Package) -> list[str]:
    """Comments that the text does not refer to: those on notes and headers, and those whose place was lost."""
    comments = _comments(package)
    if not comments:
        return []
    placed = {match[1].decode("utf-8", "replace") for match in _COMMENT.finditer(package.part(package.main(DOCUMENT)))}
    return [f"[comment {words}]" for identity, words in comments.items() if identity not in placed]


def _with_reading(ruby: re.Match[bytes]) -> bytes:
    """Words, and in brackets how they are read: no library gives either."""
    reading, base = (b"".join(_RUN_WORDS.findall(part)) for part in (ruby[1], ruby[2]))
    return b'<w:t xml:space="preserve">%s(%s)</w:t>' % (base, reading)


def _run(words: bytes) -> bytes:
    return b'<w:r><w:t xml:space="preserve">' + words + b"</w:t></w:r>"


def _text(words: str) -> bytes:
    return f'<w:t xml:space="preserve">{escape(words)}</w:t>'.encode()


def _comments(package: Package) -> dict[str, str]:
    """Comment id → "by AUTHOR: TEXT"."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    is_text = False

    def start(tag: str, attributes: Attributes) -> None:
        nonlocal current, is_text
        is_text = tag in ("t", "delText")
        if tag == "comment":
            current = found.setdefault(attributes.get("id", ""), [f"by {attributes.get('author') or 'unknown'}:"])
        elif tag == "p":
            current.append(" ")

    def end(tag: str) -> None:
        nonlocal is_text
        is_text = False

    def text(words: str) -> None:
        if is_text:
            current.append(words)

    related = package.relations(package.main(DOCUMENT)).values()
    parse_xml(package.part(next((part for kind, part in related if kind == "comments"), _COMMENTS)), start, end, text)
    return {identity: " ".join("".join(words).split()) for identity, words in found.items()}
