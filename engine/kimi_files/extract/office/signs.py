"""Signs, raised numbers, equations and form fields of a Word document as text, before a library drops or mixes them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from kimi_files.extract.edits import edited
from kimi_files.extract.office.equations import equation
from kimi_files.extract.office.markdown import is_power
from kimi_files.extract.symbols import sign

_WORTH_LOOKING = re.compile(
    rb"<w:(?:sym |noBreakHyphen/>|ffData>|instrText(?: [^<>]*)?>\s*(?i:eq|set|ask|macrobutton|gotobutton)[\s<\\])"
    rb'|<w:vertAlign w:val="superscript"/>|\xef(?:\x80[\xa0-\xbf]|[\x81-\x82][\x80-\xbf]|\x83[\x80-\xbf])'
)
_SIGN = re.compile(rb'<w:sym (?=[^<>]*w:font="([^"<>]*)")(?=[^<>]*w:char="([0-9A-Fa-f]{1,4})")[^<>]*/>')
_RAISED = re.compile(rb'<w:vertAlign w:val="superscript"/>')
# To the next raised text, and to the next field, at most: a search from each to the end takes the square of the time.
_REST_OF_RUN = re.compile(
    rb"(?>(?:[^<]|<(?!/w:r>|w:t[ >]|w:vertAlign w:val=\"superscript\"/>))*)<w:t(?: [^<>]*)?>([^<]*)</w:t>"
)
_PRIVATE_TEXT = re.compile(
    rb"<w:t(?: [^<>]*)?>([^<\xef]*(?:\xef(?!\x80[\xa0-\xbf]|[\x81-\x83])[^<\xef]*)*\xef(?:\x80[\xa0-\xbf]|[\x81-\x83])[^<]*)"
)
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_FONT = re.compile(
    rb'<w:rFonts [^<>]*?w:(?:ascii|hAnsi)="((?:Symbol|Wingdings|Webdings|(?:ITC )?Zapf|Monotype Sorts)[^"<>]*)"'
)
_FIELD = re.compile(
    rb"<w:fldChar [^<>]*(?<!/)>\s*<w:ffData>((?>(?:[^<]|<(?!/w:ffData>|w:ffData>))*))</w:ffData>\s*</w:fldChar>"
)
_FIELD_PARTS = re.compile(
    rb'<w:fldChar [^<>]*w:fldCharType="(?P<part>begin|separate|end)"|<w:(?:instrText|t)(?: [^<>]*)?(?<!/)>(?P<words>[^<]*)'
)
_BUTTON = re.compile(r"\s*(?:MACRO|GOTO)BUTTON\s+\S+\s+(.+)", re.IGNORECASE | re.DOTALL)
# These give a bookmark its text, which is shown where it is referred to.
_NOT_SHOWN = re.compile(r"\s*(?:SET|ASK)\s", re.IGNORECASE)
_CHECKED = re.compile(rb'<w:checked(?: w:val="([^"<>]*)")?/>')
_CHECKED_FIRST = re.compile(rb'<w:default(?: w:val="([^"<>]*)")?/>')
_CHOICE = re.compile(rb'<w:listEntry w:val="([^"<>]*)"/>')
_CHOSEN = re.compile(rb'<w:result w:val="([0-9]{1,4})"/>')
_CHOSEN_FIRST = re.compile(rb'<w:default w:val="([0-9]{1,4})"/>')
_APART = re.compile(rb"</w:p>|<w:(?:tab|br|cr)[ /]")
_NEAR = 4_000


def with_text(document: bytes) -> bytes:
    """The XML of a document with text for signs of symbol fonts, boxes and choices of forms, fields, powers and hyphens."""
    if not _WORTH_LOOKING.search(document):
        return document
    document = document.replace(b"<w:noBreakHyphen/>", b"<w:t>-</w:t>")
    document = _SIGN.sub(
        lambda found: text_element(sign(found[1].decode("utf-8", "replace"), int(found[2], 16))), document
    )
    if b"<w:ffData>" in document:
        document = _FIELD.sub(lambda found: text_element(_form_field(found[1])) + found[0], document)
    if b"<w:instrText" in document:
        document = edited(document, _fields(document))
    document = _PRIVATE_TEXT.sub(lambda found: _shown(document, found), document)
    return edited(document, ((place, place, b"^") for place in _powers(document)))


def text_element(words: str) -> bytes:
    """The XML of a text in a run; none for no words."""
    return f'<w:t xml:space="preserve">{html.escape(words, quote=False)}</w:t>'.encode() if words else b""


def _form_field(properties: bytes) -> str:
    """A check box, or what is chosen from a list; what was typed into a field stands in the text."""
    if b"<w:checkBox>" in properties:
        state = _CHECKED.search(properties) or _CHECKED_FIRST.search(properties)
        return "☑" if state and (state[1] or b"1") in (b"1", b"true", b"on") else "☐"
    choices = _CHOICE.findall(properties)
    state = _CHOSEN.search(properties) or _CHOSEN_FIRST.search(properties)
    number = int(state[1]) if state else 0
    return html.unescape(choices[number].decode("utf-8", "replace")) if number < len(choices) else ""


@dataclass(slots=True)
class _Field:
    """One that has begun: its instruction, and where the words of its result are, once that follows."""

    start: int
    instruction: list[bytes] = field(default_factory=list)
    result: list[tuple[int, int]] | None = None


def _fields(document: bytes) -> Iterator[tuple[int, int, bytes]]:
    """What fields show that have no result in the file, put in; and results that are not shown, taken out."""
    begun: list[_Field] = []
    for part in _FIELD_PARTS.finditer(document):
        if part["part"] == b"begin":
            begun.append(_Field(part.start()))
        elif not begun:
            continue
        elif part["words"] is not None:
            if begun[-1].result is None:
                begun[-1].instruction.append(part["words"])
            elif part["words"].strip():
                begun[-1].result.append(part.span("words"))
        elif part["part"] == b"separate":
            begun[-1].result = []
        else:
            ended = begun.pop()
            instruction = html.unescape(b"".join(ended.instruction).decode("utf-8", "replace"))
            if _NOT_SHOWN.match(instruction):
                yield from ((start, end, b"") for start, end in ended.result or ())
            elif not ended.result:
                button = _BUTTON.match(instruction)
                words = button[1].strip() if button else equation(instruction)
                yield ended.start, ended.start, text_element(words or "")


def _shown(document: bytes, found: re.Match[bytes]) -> bytes:
    """A text with private codes as the font of its run, if it is known, shows them."""
    run = document[max(document.rfind(b"<w:rPr>", max(found.start() - _NEAR, 0), found.start()), 0) : found.start()]
    font = _FONT.search(run) if b"</w:r>" not in run and len(run) < _NEAR else None
    text = found[1].decode("utf-8", "replace")
    if font is None:
        # Where it stands in its line tells more, and is known later.
        return found[0]
    name = font[1].decode("utf-8", "replace")
    text = _PRIVATE.sub(lambda code: html.escape(sign(name, ord(code[0])), quote=False), text)
    return document[found.start() : found.start(1)] + text.encode()


def _powers(document: bytes) -> Iterator[int]:
    """Where a raised number begins that follows something: without a sign before it, 2^16 would be 216."""
    for start, text, before in _raised(document):
        if is_power(text, document[max(before - 4, 0) : before].decode("utf-8", "ignore").replace("&lt;", "<")):
            yield start


def _raised(document: bytes) -> Iterator[tuple[int, str, int]]:
    """Each raised text, the parts of which may stand in runs of their own: its place, and where what is before it ends."""
    start, text, before, end = -1, "", 0, -1
    for found in _RAISED.finditer(document):
        words = _REST_OF_RUN.match(document, found.end())
        if words is None:
            continue
        last = document.rfind(b"</w:t>", max(found.start() - _NEAR, 0), found.start())
        if last >= 0 and last + len(b"</w:t>") == end:
            text += words[1].decode("utf-8", "replace")
        else:
            if start >= 0:
                yield start, text, before
            is_apart = last < 0 or _APART.search(document, last, found.start())
            start, before = (-1, 0) if is_apart else (words.start(1), last)
            text = words[1].decode("utf-8", "replace")
        end = words.end()
    if start >= 0:
        yield start, text, before
