"""Numbers as a spreadsheet shows them, by the format codes of Excel; days in ISO order, whatever order the code has."""

from __future__ import annotations

import datetime
import operator
import re
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache

EPOCH = datetime.datetime(1899, 12, 30)
EPOCH_1904 = datetime.datetime(1904, 1, 1)

_FRACTION, _FRACTIONS = "# ?/?", "# ??/??"
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"

# Codes that Excel numbers without spelling them out: ECMA-376, 18.8.30, those of Chinese, Japanese, Korean and Thai too.
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
    12: _FRACTION,
    13: _FRACTIONS,
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: _MOMENT,
    32: "h:mm",
    33: "h:mm:ss",
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: "#,##0;-#,##0;-",
    42: "$#,##0;-$#,##0;$-",
    43: "#,##0.00;-#,##0.00;-",
    44: "$#,##0.00;-$#,##0.00;$-",
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    59: "0",
    60: "0.00",
    61: "#,##0",
    62: "#,##0.00",
    67: "0%",
    68: "0.00%",
    69: _FRACTION,
    70: _FRACTIONS,
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), *range(34, 37), *range(50, 59), *range(71, 75), 81), _DAY),
    75: "h:mm",
    76: "h:mm:ss",
    77: _MOMENT,
    78: "mm:ss",
    79: "[h]:mm:ss",
    80: "mm:ss.0",
}

_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[+-]?\d+)?)\]", re.IGNORECASE)
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<>": operator.ne,
}
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<elapsed>h+|m+|s+)\]|\[[^\]]*\]'
    r"|(?P<general>General)|(?P<noon>AM/PM|A/P)|(?P<power>E[+-])|(?P<moment>y+|m+|d+|h+|s+|aaa+|g+|e+)"
    r"|(?P<place>[0#?])|(?P<text>@)|(?P<sign>[.,%/])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)

# Excel's numbers go to 1E308, and a code may have 30 places after the point.
_CONTEXT = Context(prec=400)
_LONGEST_DECIMAL = 14
# The parts of a code are for positive numbers, negative ones, zero and text.
_TEXT_IS_LAST = 3
# Excel's own limit is 255.
_LONGEST_CODE = 1_000

Shown = Callable[[float], str]


def general(value: float) -> str:
    """A number without a format: 1 rather than 1.0, and no digits beyond those that a spreadsheet keeps."""
    if value == int(value) and abs(value) < 1e16:
        return str(int(value))
    written = f"{value:.15g}"
    if "e" not in written:
        return written
    plain = f"{Decimal(written):f}" if abs(value) < 1 else ""
    return plain if plain and len(plain) <= _LONGEST_DECIMAL else written.upper()


@lru_cache(maxsize=4096)
def formatter(code: str, is_1904: bool = False) -> Shown:
    """What shows numbers by a format code. It raises ValueError and OverflowError for a number that cannot be shown."""
    epoch = EPOCH_1904 if is_1904 else EPOCH
    if code.strip().lower() in ("", "general", "@") or len(code) > _LONGEST_CODE:
        return general
    sections = [_Section(part) for part in _split(code)][:4]
    if len(sections) == 1 and sections[0].condition is None:
        # The usual case, without a choice for each number.
        return lambda value: _shown(value, sections[0], value < 0, epoch)

    def shown(value: float) -> str:
        section, is_signed = _chosen(value, sections)
        return _shown(value, section, is_signed and value < 0, epoch)

    return shown


@lru_cache(maxsize=4096)
def text_formatter(code: str) -> Callable[[str], str] | None:
    """What shows texts by a format code, with words around them or the mark of hidden ones; None where they stay as they are."""
    if len(code) > _LONGEST_CODE or ("@" not in code and code.count(";") < _TEXT_IS_LAST):
        return None
    sections = _split(code)
    if len(sections) > _TEXT_IS_LAST and not _Section(sections[_TEXT_IS_LAST]).tokens:
        return _hidden
    section = _Section(sections[-1])
    if not section.has_text or not any(kind == "literal" and words.strip() for kind, words in section.tokens):
        return None
    return lambda text: "".join(text if kind == "text" else words for kind, words in section.tokens).strip()


def _hidden(text: str) -> str:
    return f"[hidden: {text}]" if text.strip() else text


class _Section:
    """One of up to four parts of a code: for positive numbers, negative ones, zero, and text."""

    def __init__(self, code: str) -> None:
        condition = _CONDITION.search(code)
        self.condition = None if condition is None else (_COMPARED[condition[1]], float(condition[2]))
        self.tokens = list(_tokens(code))
        kinds = [kind for kind, _ in self.tokens]
        self.has_text = "text" in kinds
        self.is_general = "general" in kinds
        self.is_fraction = "place" in kinds and ("sign", "/") in self.tokens
        self.percent = self.tokens.count(("sign", "%"))
        letters = {words[0].lower() for kind, words in self.tokens if kind in ("moment", "elapsed")}
        # Places in a time are parts of a second; beside other letters they are what matters.
        self.is_moment = bool(letters & set("ymdhs" if "place" in kinds else "ymdhsgea")) and (
            "place" not in kinds or "s" in letters
        )
        self.parts = min(kinds.count("place"), 9) if self.is_moment else 0
        self.has_day = bool(letters & set("ydgea")) or (not letters & set("hs") and "elapsed" not in kinds)
        self._read_places(kinds)

    def _read_places(self, kinds: list[str]) -> None:
        """Which tokens are places before and after the point, and what ``,`` asks for."""
        tokens = self.tokens
        point = tokens.index(("sign", ".")) if ("sign", ".") in tokens else len(tokens)
        self.power = kinds.index("power") if "power" in kinds else len(tokens)
        places = [number for number in range(self.power) if kinds[number] == "place"]
        self.whole = [number for number in places if number < point]
        self.fraction = [number for number in places if number > point]
        self.zeros = _least([tokens[number][1] for number in reversed(self.whole)])
        self.least = _least([tokens[number][1] for number in self.fraction])
        last = self.whole[-1] if self.whole else point
        between = tokens[self.whole[0] : last] if self.whole else []
        self.is_grouped = ("sign", ",") in between
        self.thousands = sum(_commas(tokens, number) for number in {last, places[-1] if places else last})
        self.around = self._around(places)

    def _around(self, places: list[int]) -> tuple[str, str] | None:
        """What stands before and behind the digits, where nothing stands between them."""
        if not places or self.power < len(self.tokens) or (self.is_grouped and self.zeros > 1):
            return None
        inside = self.tokens[places[0] : places[-1] + 1]
        if any(kind != "place" and token not in ((kind, ","), (kind, ".")) for token in inside for kind in token[:1]):
            return None
        before, behind = self.tokens[: places[0]], self.tokens[places[-1] + 1 :]
        return _words(before).lstrip(), _words(behind).rstrip()


def _commas(tokens: list[tuple[str, str]], place: int) -> int:
    """How many stand right behind a place: each asks for thousands."""
    count = 0
    while tokens[place + 1 + count : place + 2 + count] == [("sign", ",")]:
        count += 1
    return count


def _least(places: list[str]) -> int:
    """How many digits are shown at least: up to the last 0."""
    return max((number for number, place in enumerate(places, start=1) if place == "0"), default=0)


def _words(tokens: list[tuple[str, str]]) -> str:
    return "".join(words for kind, words in tokens if kind != "sign" or words in "%/")


def _tokens(code: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup
        if kind in ("quoted", "escaped", "currency", "other"):
            yield "literal", match[kind]
        elif kind is not None:
            yield kind, match[kind]


def _split(code: str) -> list[str]:
    parts = [""]
    for sign in re.findall(r'"[^"]*"?|\\.|[_*].|\[[^\]]*\]|;|.', code, re.DOTALL):
        if sign == ";":
            parts.append("")
        else:
            parts[-1] += sign
    return parts


def _chosen(value: float, sections: list[_Section]) -> tuple[_Section, bool]:
    """The part for this number, and whether it needs a sign: the first whose condition it meets, or by its sign."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or section.condition[0](value, section.condition[1]):
                return section, section is sections[0] or section.condition is not None
        return sections[0], True
    numbers = [section for section in sections if not section.has_text] or sections
    if value < 0 and len(numbers) > 1:
        return numbers[1], False
    return (numbers[2], False) if value == 0 and len(numbers) > 2 else (numbers[0], True)


def _shown(value: float, section: _Section, is_negative: bool, epoch: datetime.datetime) -> str:
    if section.is_moment:
        return _day(value, section, epoch) if section.has_day else _time(value, section)
    sign = "-" if is_negative else ""
    if section.is_general or section.has_text:
        number = general(abs(value) if section.is_general else value)
        written = "".join(number if kind in ("general", "text") else words for kind, words in section.tokens)
        return (sign if section.is_general else "") + written.strip()
    if not section.tokens:
        # A number that the code hides is in the file all the same; that a zero is not shown, says nothing.
        return _hidden(general(value)) if value else "0"
    amount = abs(value) * 100**section.percent
    if section.is_fraction:
        return sign + _as_fraction(amount, section)
    return sign + _digits(amount / 1000**section.thousands if section.thousands else amount, section)


def _digits(amount: float, section: _Section) -> str:
    """The digits in their places, with what the code writes between and around them."""
    power = ""
    if section.power < len(section.tokens):
        amount, power = _mantissa(amount, section)
    head, _, tail = _rounded(amount, len(section.fraction)).partition(".")
    if len(tail) > section.least:
        tail = tail[: section.least] + tail[section.least :].rstrip("0")
    head = head.rjust(section.zeros, "0") if head != "0" else "0" * section.zeros
    if section.around is not None:
        before, behind = section.around
        if section.is_grouped and len(head) > 3:
            head = f"{int(head):,}"
        return f"{before}{head}.{tail}{behind}" if tail else f"{before}{head}{behind}"
    filled = _filled(head, section)
    filled.update(zip(section.fraction, tail, strict=False))
    written: list[str] = []
    for number, (kind, words) in enumerate(section.tokens):
        if kind == "place":
            written.append(filled.get(number, ""))
        elif kind == "power":
            written.append(power)
        elif kind != "sign" or words in "%/" or (words == "." and tail):
            written.append(words)
    return "".join(written).strip()


def _filled(head: str, section: _Section) -> dict[int, str]:
    """What stands at each place before the point: the first place takes what the others leave."""
    filled: dict[int, str] = {}
    end = len(head)
    for number in reversed(section.whole):
        start = 0 if number == section.whole[0] else max(end - 1, 0)
        signs = []
        for place in range(start, end):
            left = len(head) - place - 1
            signs.append(head[place] + ("," if section.is_grouped and left and left % 3 == 0 else ""))
        filled[number] = "".join(signs)
        end = start
    return filled


def _mantissa(amount: float, section: _Section) -> tuple[float, str]:
    """The number before E, and what stands behind: of ``##0.0E+0``, powers of a thousand."""
    step = max(len(section.whole), 1)
    number = Decimal(f"{amount:.15g}")
    exponent = number.adjusted() // step * step if number else 0
    mantissa = number.scaleb(-exponent, _CONTEXT)
    if mantissa and _quantized(mantissa, len(section.fraction)) >= 10**step:
        exponent += step
        mantissa = number.scaleb(-exponent, _CONTEXT)
    places = sum(1 for kind, _ in section.tokens[section.power :] if kind == "place")
    sign = "-" if exponent < 0 else "+" if section.tokens[section.power][1].endswith("+") else ""
    return float(mantissa), f"E{sign}{abs(exponent):0{places}d}"


def _rounded(amount: float, digits: int) -> str:
    """As a spreadsheet rounds: half away from zero, of the number as it is written."""
    written = f"{amount:.15g}"
    if "e" not in written:
        head, _, tail = written.partition(".")
        if len(tail) <= digits:
            return f"{head}.{tail:0<{digits}}" if digits else head
    return f"{_quantized(Decimal(written), digits):f}"


def _quantized(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _CONTEXT)


def _as_fraction(amount: float, section: _Section) -> str:
    """``# ?/?`` as a whole number and a fraction, ``?/?`` as a fraction alone; ``# ?/8`` in eighths."""
    slash = section.tokens.index(("sign", "/"))
    above = "".join(words for kind, words in section.tokens[:slash] if kind in ("place", "literal")).rstrip()
    below = re.match(r"\s*([0#?\d]*)", "".join(words for _, words in section.tokens[slash + 1 :]))
    written = below[1] if below is not None else ""
    has_whole = bool(re.search(r"[0#?]\s+[0#?]+$", above))
    exact = Fraction(Decimal(f"{amount:.15g}"))
    whole = int(exact) if has_whole else 0
    rest = exact - whole
    under = int(written) if written.isdigit() else 0
    if not under:
        under = rest.limit_denominator(10 ** min(max(len(written), 1), 7) - 1).denominator
    over = round(rest * under)
    if has_whole and over == under:
        whole, over = whole + 1, 0
    if has_whole and not over:
        return str(whole)
    return f"{whole} {over}/{under}" if whole else f"{over}/{under}"


def _day(value: float, section: _Section, epoch: datetime.datetime) -> str:
    seconds, part = _seconds(value, section)
    if value < 0:
        raise ValueError(value)
    days, rest = divmod(seconds, 86_400)
    if epoch is EPOCH and days <= 60:
        # Excel counts a day that was not, February 29th of 1900, and shows its day 0 as one of January.
        day = "1900-02-29" if days == 60 else f"1900-{1 + days // 32:02}-{days - 31 * (days // 32):02}"
    else:
        day = (epoch + datetime.timedelta(days)).date().isoformat()
    if not rest and not part.strip("0"):
        return day
    return f"{day} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}{part and '.'}{part}"


def _seconds(value: float, section: _Section) -> tuple[int, str]:
    """Whole seconds without their sign, and the digits behind the point that the code shows."""
    unit = 10**section.parts
    seconds, ticks = divmod(round(abs(value) * 86_400 * unit), unit)
    return seconds, f"{ticks:0{section.parts}d}" if section.parts else ""


def _time(value: float, section: _Section) -> str:
    """A time of the day, or one that has passed, as the code shows it."""
    shown = section.tokens
    seconds, part = _seconds(value, section)
    is_half = any(kind == "noon" for kind, _ in shown)
    written: list[str] = []
    is_told = False
    for kind, words in shown:
        letter = words[:1].lower()
        if kind == "elapsed":
            written.append(f"{seconds // {'h': 3600, 'm': 60, 's': 1}[letter]:0{len(words)}d}")
        elif kind == "moment":
            hour = seconds // 3600 % 24
            hour = (hour % 12 or 12) if is_half else hour
            count = {"h": hour, "m": seconds // 60 % 60, "s": seconds % 60}[letter]
            written.append(f"{count:0{min(len(words), 2)}d}")
        elif kind == "noon":
            is_late = seconds // 3600 % 24 >= 12
            written.append(words.partition("/")[2 if is_late else 0])
        elif kind == "place":
            written.append("" if is_told else part)
            is_told = True
        else:
            written.append(words)
    return ("-" if value < 0 else "") + "".join(written).strip()
