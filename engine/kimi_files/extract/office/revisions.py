"""Comments, tracked changes and hidden text of a Word document, told in its text before a library drops or mixes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kimi_files.extract.edits import edited
from kimi_files.extract.office import signs
from kimi_files.extract.office.package import Attributes, Package, parse_xml

DOCUMENT = "word/document.xml"
_COMMENTS = "word/comments.xml"
_NOTES = ("footnotes", "endnotes")

_WORTH_LOOKING = re.compile(rb"<w:(?:ins|del|moveFrom|commentReference|vanish|ruby)[ />]")
_RUBY = re.compile(
    rb"<w:ruby>(?>(?:(?!</?w:ruby>|<w:rt>).)*)<w:rt>((?>(?:(?!</?w:rt>).)*))</w:rt><w:rubyBase>((?>(?:(?!</?w:rubyBase>).)*))"
    rb"</w:rubyBase></w:ruby>",
    re.DOTALL,
)
_RUN_WORDS = re.compile(rb"<w:t(?: [^<>]*)?>([^<]*)</w:t>")
_VANISH = rb'<w:vanish(?: w:val="(?:1|true|on)")?/>'
# Nothing here is tried twice: of a document without ends, every byte is looked at once.
_HIDDEN_RUN = re.compile(
    rb"(<w:r(?: [^<>]*+)?><w:rPr>(?>(?:(?!</?w:rPr>|<w:r[ >]|<w:vanish[ /]).)*))"
    + _VANISH
    + rb"((?>(?:(?!</?w:rPr>|<w:r[ >]).)*)</w:rPr>)((?>(?:(?!</?w:r[ >]|<w:t[ >]).)*)<w:t[ >](?>(?:(?!</?w:r[ >]).)*))(</w:r>)",
    re.DOTALL,
)
_COMMENT = re.compile(rb'<w:commentReference\b[^>]*w:id="([^"]*)"[^>]*/>')
_DELETED_TEXT = re.compile(rb"(</?w:)delText\b")
_NEXT_OF_SAME_KIND = re.compile(rb"</w:(ins|del|moveFrom)>\s*<w:\1(?: [^>]*)?(?<!/)>")
_CHANGE = re.compile(rb"</?w:(?:ins|del|moveFrom)(?: [^>]*)?(?<!/)>")
_CHANGE_OR_TEXT = re.compile(
    rb"<w:(?:(?P<start>ins|del|moveFrom)(?: [^>]*)?(?<!/)>|t(?: [^<>]*)?(?<!/)>(?P<text>[^<]*)"
    rb'|fldChar [^<>]*w:fldCharType="(?P<field>begin|separate|end)")|</w:(?P<end>ins|del|moveFrom)>'
)
_WORDS = {b"ins": b"inserted", b"del": b"deleted", b"moveFrom": b"moved away"}


@dataclass(slots=True)
class _Change:
    """What was inserted, deleted or moved away: where it starts, its first words begin and its last ones end; -1 for nowhere."""

    kind: bytes
    start: int
    first: int = -1
    last: int = -1


def with_visible_revisions(package: Package, untrusted_bytes: bytes) -> bytes:
    """The document with "[inserted: …]", "[deleted: …]", "[hidden: …]" and "[comment by …: …]" in its text, where it has any.

    So are signs, powers and form fields, which libraries drop as well.
    """
    main = package.main(DOCUMENT)
    document = package.part(main)
    shown = signs.with_text(document)
    notes = {part: package.part(part) for kind, part in package.relations(main).values() if kind in _NOTES}
    changed_notes = {part: signs.with_text(content) for part, content in notes.items()}
    parts = {part: content for part, content in changed_notes.items() if content is not notes[part]}
    if not _WORTH_LOOKING.search(document):
        parts |= {main: shown} if shown is not document else {}
        return package.rewritten(parts) if parts else untrusted_bytes
    comments = _comments(package)

    def comment(match: re.Match[bytes]) -> bytes:
        words = comments.get(match[1].decode("utf-8", "replace"))
        return signs.text_element(f" [comment {words}]") if words else b""

    changed = _RUBY.sub(_with_reading, shown) if b"<w:ruby>" in shown else shown
    changed = _COMMENT.sub(comment, changed)
    changed = _DELETED_TEXT.sub(rb"\1t", changed)
    changed = _NEXT_OF_SAME_KIND.sub(b"", changed)
    changed = _with_changes(changed)
    before, behind = signs.text_element("[hidden: "), signs.text_element("]")
    changed = _HIDDEN_RUN.sub(lambda run: run[1] + run[2] + before + run[3] + behind + run[4], changed)
    return package.rewritten({**parts, main: changed})


def unplaced_comments(package: Package) -> list[str]:
    """Comments that the text does not refer to: those on notes and headers, and those whose place was lost."""
    comments = _comments(package)
    if not comments:
        return []
    placed = {match[1].decode("utf-8", "replace") for match in _COMMENT.finditer(package.part(package.main(DOCUMENT)))}
    return [f"[comment {words}]" for identity, words in comments.items() if identity not in placed]


def _with_changes(document: bytes) -> bytes:
    """Marks for the ends of each change that has words.

    One that begins or ends in a field's instruction, which is not shown, is marked at its first or last words.
    """
    if not _CHANGE.search(document):
        return document
    marks: list[tuple[int, int, bytes]] = []
    changes: list[_Change] = []
    # Of each field that has begun: whether its instruction has not ended.
    fields: list[bool] = []
    for found in _CHANGE_OR_TEXT.finditer(document):
        is_shown = True not in fields
        if kind := found["start"]:
            changes.append(_Change(kind, found.start() if is_shown else -1))
        elif found["end"] and changes:
            depth, change = len(changes), changes.pop()
            start, end = b"[" + _WORDS[change.kind] + b": ", b"]"
            if change.first < 0:
                continue
            marks.append((change.start, depth, _run(start)) if change.start >= 0 else (change.first, depth, start))
            marks.append((found.start(), -depth, _run(end)) if is_shown else (change.last, -depth, end))
        elif state := found["field"]:
            if state == b"begin":
                fields.append(True)
            elif fields:
                fields[-1:] = [False] if state == b"separate" else []
        elif found["text"] and is_shown:
            for change in changes:
                change.first = found.start("text") if change.first < 0 else change.first
                change.last = found.end("text")
    return _CHANGE.sub(b"", edited(document, ((place, place, words) for place, _, words in sorted(marks))))


def _run(words: bytes) -> bytes:
    return b'<w:r><w:t xml:space="preserve">' + words + b"</w:t></w:r>"


def _with_reading(ruby: re.Match[bytes]) -> bytes:
    """Words, and in brackets how they are read: no library gives either."""
    reading, base = (b"".join(_RUN_WORDS.findall(part)) for part in (ruby[1], ruby[2]))
    return b'<w:t xml:space="preserve">%s(%s)</w:t>' % (base, reading)


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
