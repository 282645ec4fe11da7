"""Signs that look the same in a picture and are not: set right where what stands around them leaves no doubt."""

from __future__ import annotations

import re

_HAN = "㐀-鿿豈-﫿"
# In Chinese text of Debian's manuals, between two ideographs, the narrow form stands for these in 1 of 270 places.
_MARKS = re.compile(f"(?<=[{_HAN}])[,:;!?](?=[{_HAN}])")
_WIDE = str.maketrans(",:;!?()", "，：；！？（）")
_BRACKETS = re.compile(r"[(（]([^()（）\n]{1,200})[)）]")
_IDEOGRAPH = re.compile(f"[{_HAN}]")
_IN_CHINESE = re.compile(f"[{_HAN}、。，：；！？》」]")
_LAST_L = re.compile(r"(?<=[a-z]{2})I(?![A-Za-z0-9])")


def set_right(text: str) -> str:
    """Wide marks and brackets in Chinese text, and an l at the end of a small word that was read as a capital I."""
    if not _IDEOGRAPH.search(text):
        return _LAST_L.sub("l", text)
    text = _MARKS.sub(lambda mark: mark[0].translate(_WIDE), text)
    return _LAST_L.sub("l", _BRACKETS.sub(_alike, text))


def _alike(found: re.Match[str]) -> str:
    """Both brackets wide if one was read so, or if they enclose Chinese and follow it without a blank."""
    before = found.string[found.start() - 1 : found.start()]
    is_wide = found[0][0] == "（" or found[0][-1] == "）"
    if is_wide or (_IN_CHINESE.fullmatch(before) and _IDEOGRAPH.search(found[1])):
        return f"（{found[1]}）"
    return found[0]
