"""Takes out of a text what no reader of the file sees: characters that can hide instructions from people and not from models.

Joiners stay where a script or an emoji needs them. What was taken out is counted and told at the end.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from kimi_files.extract.document import DocumentEvent, OutlineEntry, PageText, Warning  # noqa: A004

_KINDS = {
    "tag": "tag characters",
    "zero": "of zero width",
    "bidi": "that turn the direction of writing",
    "joiner": "joiners where nothing is joined",
    "selector": "variation selectors",
}

# Scripts whose letters change or part at a joiner: Arabic to N'Ko, India to Mongolia, their later blocks; and pictures.
_JOINING = (
    "\u0600-\u08ff\u0900-\u109f\u1780-\u18af\u1900-\u1cff\ua800-\ua82f\ua880-\ua8ff\ua980-\uaaff\uabc0-\uabff"
    "\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010eff\U00011000-\U00011fff"
    "\u2190-\u2bff\u3030\u303d\ufe0f\U0001f000-\U0001faff"
)
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
# To look for these first is ten times as fast; a run of them and the character before it hold all that decides.
_RUN = re.compile(f"[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff{_SELECTORS}\U000e0000-\U000e007f\U0001f3f4]+")
_HIDDEN = re.compile(
    # The flags of England, Scotland and Wales are written with tags.
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]{1,7}\U000e007f)"
    "|(?P<tag>[\U000e0000-\U000e007f]+)"
    "|(?P<zero>[\u200b\u2060-\u2064\u206a-\u206f\ufeff]+)"
    "|(?P<bidi>[\u202a-\u202e\u2066-\u2069]+|[\u200e\u200f\u061c]{2,})"
    f"|(?P<kept>(?<=[{_JOINING}])[\u200c\u200d])"
    "|(?P<joiner>[\u200c\u200d]+)"
    f"|(?P<selector>(?<=[{_SELECTORS}])[{_SELECTORS}]+)"
)


def without_invisible(events: Iterable[DocumentEvent]) -> Iterator[DocumentEvent]:
    """The same events with nothing invisible in them, and at the end a warning that counts what was taken out."""
    found: Counter[str] = Counter()
    before = {"text": "", "plain": ""}
    page = 0
    for event in events:
        if isinstance(event, PageText):
            if event.number != page:
                page, before = event.number, {"text": "", "plain": ""}
            yield _cleaned_page(event, before, found)
        elif isinstance(event, OutlineEntry):
            # Its words stand on the page too, where they are counted.
            title = cleaned(event.title, Counter())
            yield event if title == event.title else replace(event, title=title or "…")
        else:
            yield event
    if found:
        yield _warning(found)


def cleaned(text: str, found: Counter[str], before: str = "") -> str:
    """``text`` without what is invisible; adds to ``found`` how much of which kind. ``before`` is the character before it."""
    if text.isascii():
        return text

    whole = before + text

    def judged_run(match: re.Match[str]) -> str:
        context = whole[max(match.start() - 1, 0) : match.start()]
        return _HIDDEN.sub(judged, context + match[0])[len(context) :]

    def judged(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        if kind not in _KINDS:
            return match[0]
        found[kind] += len(match[0])
        return ""

    return _RUN.sub(judged_run, whole)[len(before) :]


def _cleaned_page(event: PageText, before: dict[str, str], found: Counter[str]) -> PageText:
    changed: dict[str, Any] = {}
    for field in ("text", "plain", "label", "title"):
        whole = getattr(event, field)
        if not whole:
            continue
        # The layers hold the same words: only one of them counts.
        counted = found if field == "text" else Counter[str]()
        part = cleaned(whole, counted, before.get(field, ""))
        if field in before:
            before[field] = _context(part)
        if part != whole:
            changed[field] = part or (str(event.number) if field == "label" else "")
    return replace(event, **changed) if changed else event


def _context(part: str) -> str:
    """The last character, where it decides about what follows and is none of those that are judged themselves."""
    last = part[-1:]
    return "" if not last or last.isascii() or _RUN.match(last) else last


def _warning(found: Counter[str]) -> Warning:
    total = found.total()
    kinds = ", ".join(f"{found[kind]:,} {words}" for kind, words in _KINDS.items() if found[kind])
    plural = "s" if total > 1 else ""
    return Warning(
        message=f"{total:,} invisible character{plural} removed ({kinds}): text may have been hidden from people"
    )
