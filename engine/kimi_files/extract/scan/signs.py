"""Signs that look the same in a picture and are not: set right where what stands around them leaves no doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kimi_files.extract.scan.widths import AS_NARROW, MEASURED_BRACKETS, WIDE

_HAN = "㐀-鿿豈-﫿"
# In a million characters of Debian's Chinese manuals, wide marks stand in these places 20 to 300 times as often as narrow ones.
_MARK = re.compile(f"(?<=[{_HAN}）])[,:;!?](?=[{_HAN}A-Za-z0-9“（《])|(?<=”)[,:;](?=[{_HAN}“])")
# Whether brackets are wide is the author's choice. Who mixes both has seldom as many wide ones on a page as this.
_FEWEST_WIDE = 4
_WIDE_BRACKET = re.compile("[（）]")
_BRACKET = re.compile(f"[()（）{MEASURED_BRACKETS}\n]")
_OPENING = "(（" + MEASURED_BRACKETS[0]
_IDEOGRAPH = re.compile(f"[{_HAN}]")
_AFTER_CHINESE = re.compile(f"[{_HAN}、。，：；]")
_LAST_L = re.compile(r"(?<=[a-z]{2})I(?![A-Za-z0-9])")


def set_right(text: str) -> str:
    """Wide marks and brackets in Chinese text, and an l at the end of a small word that was read as a capital I.

    What was measured as narrow stays so, and so does the other bracket of its pair.
    """
    if _IDEOGRAPH.search(text):
        signs = list(text)
        has_wide = len(_WIDE_BRACKET.findall(text)) >= _FEWEST_WIDE
        for opening, closing in _pairs(text):
            if text[opening] in MEASURED_BRACKETS or text[closing] in MEASURED_BRACKETS:
                signs[opening], signs[closing] = "(", ")"
            elif _is_wide(text, opening, closing, has_wide):
                signs[opening], signs[closing] = "（", "）"
        text = _MARK.sub(lambda mark: mark[0].translate(WIDE), "".join(signs))
    return _LAST_L.sub("l", text.translate(AS_NARROW))


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """Where brackets on one line open and close."""
    opened: list[int] = []
    for found in _BRACKET.finditer(text):
        if found[0] == "\n":
            opened.clear()
        elif found[0] in _OPENING:
            opened.append(found.start())
        elif opened:
            yield opened.pop(), found.start()


def _is_wide(text: str, opening: int, closing: int, has_wide: bool) -> bool:
    """Whether one of two brackets was read as wide, or both enclose Chinese and stand in it, where others are wide."""
    if "（" in text[opening] or "）" in text[closing]:
        return True
    before, after = text[opening - 1 : opening], text[closing + 1 : closing + 2]
    if not (has_wide and _IDEOGRAPH.search(text, opening, closing)):
        return False
    return bool(_IDEOGRAPH.match(before) or (before.isalnum() and _AFTER_CHINESE.match(after)))
