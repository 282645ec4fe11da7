"""Numbers as a spreadsheet shows them, by the format codes of Excel; dates in ISO order, whatever order the code has."""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

EPOCH = datetime.datetime(1899, 12, 30)
EPOCH_1904 = datetime.datetime(1904, 1, 1)

# Codes that Excel numbers without spelling them out.
BUILT_IN = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: "$#,##0;-$#,##0",
    6: "$#,##0;-$#,##0",
    7: "$#,##0.00;-$#,##0.00",
    8: "$#,##0.00;-$#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: "#,##0;-#,##0;-",
    42: "$#,##0;-$#,##0;$-",
    43: "#,##0.00;-#,##0.00;-",
    44: "$#,##0.00;-$#,##0.00;$-",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 59)), "yyyy-mm-dd"),
    22: "yyyy-mm-dd hh:mm",
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 45, 47), "hh:mm:ss"),
    46: "[h]:mm:ss",
}

_LITERAL = re.compile(r'"([^"]*)"?|\\(.)|\[\$([^\]-]*)[^\]]*\]|\[([^\]]*)\]|_.|\*.')
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[+-]?\d+)?)\]", re.IGNORECASE)
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
}
_DATE_LETTERS = re.compile(r"[dyhs]|m", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_PLACES = re.compile(r"[0#?](?:[0#?,. ]*[0#?])?,*")
_SCIENTIFIC = re.compile(r"[0#?.]+E[+-][0#?]+", re.IGNORECASE)

# Excel's numbers go to 1E308, and a code may have 30 places after the point.
_CONTEXT = Context(prec=400)

Shown = Callable[[float], str]


def general(value: float) -> str:
    """A number without a format: 1 rather than 1.0, and no digits beyond those that a spreadsheet keeps."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.15g}"


@lru_cache(maxsize=4096)
def formatter(code: str, is_1904: bool = False) -> Shown:
    """What shows numbers by a format code. It raises ValueError and OverflowError for a number that cannot be shown."""
    epoch = EPOCH_1904 if is_1904 else EPOCH
    if code.strip().lower() in ("", "general", "@"):
        return general
    sections = [_Section(part) for part in _split(code)]
    return lambda value: _shown(value, _chosen(value, sections), sections, epoch)


class _Section:
    """One of up to four parts of a code: for positive numbers, negative ones, zero, and text."""

    def __init__(self, code: str) -> None:
        literals: list[str] = []
        condition = _CONDITION.search(code)
        self.condition = None if condition is None else (_COMPARED[condition[1]], float(condition[2]))
        self.is_elapsed = _ELAPSED.search(code) is not None

        def keep(match: re.Match[str]) -> str:
            words = next((group for group in match.groups()[:3] if group is not None), "")
            literals.append(words)
            # A private sign holds the place of what is written as it stands, so that its letters are no code.
            return chr(0xE000 + len(literals) - 1) if words and len(literals) < 0x1000 else ""

        bare = _LITERAL.sub(keep, code)
        self._literals = literals
        self.is_date = bool(_DATE_LETTERS.search(re.sub("general", "", bare, flags=re.IGNORECASE)))
        self.has_day = bool(re.search("[dy]", bare, re.IGNORECASE)) or not re.search("[hs]", bare, re.IGNORECASE)
        self.is_plain = "general" in bare.lower() or "/" in bare
        self.is_scientific = bool(_SCIENTIFIC.search(bare))
        places = (_SCIENTIFIC if self.is_scientific else _PLACES).search(bare)
        self._before, self._after = (bare, "") if places is None else (bare[: places.start()], bare[places.end() :])
        self.places = "" if places is None else places[0]
        self.percent = bare.count("%")

    def dressed(self, digits: str, sign: str) -> str:
        return self._words(self._before).lstrip() + sign + digits + self._words(self._after).rstrip()

    def _words(self, text: str) -> str:
        return "".join(
            self._literals[ord(sign) - 0xE000] if 0 <= ord(sign) - 0xE000 < len(self._literals) else sign
            for sign in text
            if sign not in "@"
        )


def _split(code: str) -> list[str]:
    parts = [""]
    for sign in re.findall(r'"[^"]*"?|\\.|\[[^\]]*\]|;|.', code, re.DOTALL):
        if sign == ";":
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _chosen(value: float, sections: list[_Section]) -> _Section:
    """The part for this number: the first whose condition it meets, or by its sign."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or section.condition[0](value, section.condition[1]):
                return section
    elif value < 0 and len(sections) > 1 and sections[1].places:
        return sections[1]
    elif value == 0 and len(sections) > 2:
        return sections[2]
    return sections[0]


def _shown(value: float, section: _Section, sections: list[_Section], epoch: datetime.datetime) -> str:
    if section.is_elapsed:
        return _elapsed(value)
    if section.is_date:
        return _moment(value, epoch, section.has_day)
    if section.is_plain:
        return general(value)
    sign = "-" if value < 0 and (section is sections[0] or section.condition) else ""
    amount = abs(value) * 100**section.percent
    if not section.places:
        # A number that the code hides is in the file all the same.
        return section.dressed("", "") or general(value)
    if section.is_scientific:
        fraction = section.places.upper().partition("E")[0].partition(".")[2]
        return section.dressed(f"{amount:.{len(fraction)}E}", sign)
    return section.dressed(_digits(amount, section.places), sign)


def _digits(amount: float, places: str) -> str:
    scaled = places.rstrip(",")
    whole, _, fraction = scaled.partition(".")
    fraction = "".join(sign for sign in fraction if sign in "0#?")
    written = _rounded(amount / 1000 ** (len(places) - len(scaled)), len(fraction))
    head, _, tail = written.partition(".")
    least = len(fraction.rstrip("#?"))
    while len(tail) > least and tail.endswith("0"):
        tail = tail[:-1]
    zeros = whole.count("0")
    head = head.rjust(zeros, "0") if zeros or head != "0" else ""
    if "," in whole:
        head = f"{int(head):,}" if head else ""
    return f"{head}.{tail}" if tail else head


def _rounded(amount: float, digits: int) -> str:
    """As a spreadsheet rounds: half away from zero, of the number as it is written."""
    return f"{Decimal(f'{amount:.15g}').quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _CONTEXT):f}"


def _moment(value: float, epoch: datetime.datetime, has_day: bool) -> str:
    seconds = round(value * 86_400)
    if seconds < 0:
        raise ValueError(value)
    if not has_day and value < 1:
        return str((datetime.datetime.min + datetime.timedelta(seconds=seconds)).time())
    moment = epoch + datetime.timedelta(seconds=seconds)
    if seconds % 86_400 == 0:
        return moment.date().isoformat()
    return moment.isoformat(" ")


def _elapsed(value: float) -> str:
    """Hours that may be more than a day's."""
    seconds = round(abs(value) * 86_400)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{'-' if value < 0 else ''}{hours}:{minutes:02}:{seconds:02}"
