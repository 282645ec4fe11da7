"""The encodings that a text from before Unicode most likely has: by its words, and by where signs stand in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from kimi_files.extract.encoding import NOT_ASCII, SAMPLE_BYTES, beyond_ascii, codec_of

if TYPE_CHECKING:
    from chardet import EncodingEra

_TWO_NOT_ASCII = re.compile(rb"[\x80-\xff]{2}")
_NO_ISO = re.compile(rb"[\x80-\x9f]")
_GREEK_CAPITAL = re.compile(rb"(?<![\xb5-\xfe])\xa2[\xdc-\xfe]")
_LEAST_SIGNS = 0.005

# Signs of a wrong guess: control characters and lines of boxes, a sign or a capital inside of a word, two scripts in it.
_LATIN = "A-Za-zªºÀ-ÖØ-öø-ɏ"
_OTHER_SCRIPT = "Ͱ-ϿЀ-ӿ֐-׿؀-ۿก-๛"
_ODD = re.compile(
    "[\x80-\x84\x86-\x9f\ufffd─-▟]"
    f"|(?<=[{_LATIN}])[{_OTHER_SCRIPT}]|(?<=[{_OTHER_SCRIPT}])[{_LATIN}]"
    r"|(?<=[^\W\d_])[¡-¿×÷ˆ˜†‡•‰‚„…‹›€ƒ™№](?=[^\W\d_])"
    "|(?<=[a-zß-öø-ÿа-яё])[À-ÖØ-ÞŠŒŽŸЀ-Я]"
)
_MOST_ODD = 0.05
_MUCH_ODDER = 4
_SURE = 0.6
_BEYOND_LATIN = re.compile(f"[{_OTHER_SCRIPT}぀-鿿가-힯]")
_FEW_LETTERS = 6
_ICELANDIC = {b"\xd0", b"\xde", b"\xf0", b"\xfe"}
_IDEOGRAPHS = re.compile("[　-ヿ一-鿿！-｠\t\n\r -~]")
_KANA_OR_STOP = re.compile("[、。，ぁ-ヺ]")

# In few words no likelihood tells the encodings of the West and of Central Europe, but where each sign stands does: in those
# of DOS and the first Macs letters are where Windows has signs, and in all others some stand where no text has them.
_SMALL = "àáâãäåæçèéêëìíîñòóôõöøùúûüýßœšž"
_SMALL_ON_WINDOWS = f"{_SMALL}ïÿðþ"
# Most texts are from Windows. There, dashes and quotation marks may stand nearly anywhere, and all that stands by itself, but for
# what were a dash, a blank and a point on the first Macs.
_ALSO_ON_WINDOWS = (
    r"|[–—…‘’•µ·]|(?<=\w)[²³](?![^\W\d_])|(?<![^\W\d_])[“”„‚]|[“”„‚†‡](?![^\W\d_])"
    r"|(?<![^\W\d_])[^\x00-\x7fÐÑÊ¥](?![^\W\d_])"
)
_SMALL_CENTRAL = "áâäąăćčçďđéëęěíîľłĺńňóôöőŕřśšşťţúüůűýźžżß"
_ENOUGH_BYTES = 1 << 13
_MOST_FOREIGN_LETTERS = 0.45
_FEW_SIGNS, _NEARLY_ALL = 30, 0.97
# The letters that are met most, roughly: of two encodings that fit, one may give "für" and the other "fźr".
_OFTEN = str.maketrans(dict.fromkeys("éáíóüöäñàèßąęłżś", "2") | dict.fromkeys("çêãõúåøôâïćńčřěšžýőű", "1"))


def _natural(small: str, others: str = "") -> re.Pattern[str]:
    """Signs beyond ASCII where texts have them: a small letter in a word, a quotation mark at its beginning, and so on."""
    large = small.upper().replace("SS", "")
    return re.compile(
        r"(?=[^\x00-\x7f])(?:"
        f"(?:(?<=[A-Za-z{small}{large}])|(?<![^\\s,;('])(?=.(?:[a-z{small}]|\\s)))[{small}](?![A-Z{large}])"
        f"|(?<=[AEOaeou\u00e9])ï|(?<![a-z{small}])[{large}](?=[a-z{small}A-Z{large}])|(?<=[A-Z{large}])[{large}]"
        f"|(?<=[A-Za-z{small}])’(?=[A-Za-z{small}])|(?<=[sxz])’(?=\\s)"
        r"|(?<!\w)[“‘„«¿¡](?=[\w¿¡“‘\"'(\s])|(?<![\s(])[”’»“](?!\w)|(?<=\s)»(?!\w)"
        r"|(?<=\s)[–—](?=\s)|(?<=[\da-z])[–—](?=[\da-zA-Z])|(?<=[\w.,?!\s])…(?!\w)|(?<![^\s,;])•(?=\s)"
        r"|(?<=[\w.,:;!?%«)])\xa0|\xa0(?=[\w(»%:;!?])"
        r"|[£€¥](?=\s?\d)|(?<=[\d\s])[€°£](?!\w)|°(?=[CF]\b)|(?<=[\w\s])[®™](?!\w)|©(?=\s)|(?<!\w)§(?=\s?\d)|(?<=[\dm])[ªº²³½](?!\w)"
        rf"{others})"
    )


_NATURAL, _NATURAL_CENTRAL = map(_natural, (_SMALL, _SMALL_CENTRAL))
_NATURAL_ON_WINDOWS = _natural(_SMALL_ON_WINDOWS, _ALSO_ON_WINDOWS)
_OLD = {"mac_roman": _NATURAL, "cp850": _NATURAL, "cp437": _NATURAL, "cp852": _NATURAL_CENTRAL}
_NEWER = {
    "cp1250": _NATURAL_CENTRAL,
    "iso8859-2": _NATURAL_CENTRAL,
    "cp1254": _natural(f"{_SMALL}ğış"),
    "cp1257": _natural("äåéóõöüßāčēģīķļņōŗšūžąęėįųćłńśź"),
}
# A letter by itself and the sign for a millionth are no words.
_FOREIGN_WORD = re.compile(r"[A-Za-z]*[^\W\d_A-Za-zµ²³][^\W\d_²³]+|[A-Za-z]+[^\W\d_A-Za-zµ²³]")


def likely(sample: bytes) -> Iterator[str]:
    """Encodings in the order in which they are worth trying: chardet's, without those that give odd words."""
    from chardet import EncodingEra, detect_all

    if wide := _wide_ideographs(sample):
        yield wide
        return
    everyday = EncodingEra.MODERN_WEB | EncodingEra.LEGACY_ISO | EncodingEra.LEGACY_REGIONAL
    well = _stands_well(sample[:_ENOUGH_BYTES].decode("cp1252", "replace"), _NATURAL_ON_WINDOWS)
    western = well or _is_plausible(sample, "cp1252")
    if not well and (old := _old(sample)):
        yield from (old, "cp1252")
        return
    for eras in (everyday, EncodingEra.DOS | EncodingEra.LEGACY_MAC):
        found = detect_all(sample, ignore_threshold=True, encoding_era=eras, max_bytes=SAMPLE_BYTES)
        # Of two that are as likely, ISO: what Windows adds to it are bytes that do not occur here, or ISO is implausible.
        found.sort(
            key=lambda result: (-round(result["confidence"], 3), "iso" not in (result["encoding"] or "").lower())
        )
        names = [name for result in found if (name := codec_of(result["encoding"] or "")) is not None]
        if _is_windows(sample):
            names.sort(key=lambda name: name.startswith("iso8859"))
        # Mostly the first that is plausible decodes all of it, and the others are not looked at.
        plausible = (name for name in dict.fromkeys(names) if _is_plausible(sample, name))
        first = next(plausible, None)
        says_little = _says_little(sample) or (well and _has_few_letters(sample))
        if western and (first is None or (_is_latin(sample, first) and says_little)):
            yield "cp1252"
        elif first is not None:
            yield from _older(sample, first, everyday)
        if first is not None:
            yield first
            yield from plausible
        if western or first is not None:
            break
    yield "cp1252"


def _is_windows(sample: bytes) -> bool:
    """Whether there are signs where ISO has none, or a Greek capital where ISO closes a quotation."""
    signs = len(_NO_ISO.findall(sample))
    return signs > _LEAST_SIGNS * len(NOT_ASCII.findall(sample)) or _GREEK_CAPITAL.search(sample) is not None


def _old(sample: bytes) -> str | None:
    """The encoding of DOS or the first Macs in which each sign stands where texts have it, and in no newer one; of several the
    one with the commoner letters. None where words are in another script. For what does not stand well on Windows."""
    sample = sample[:_ENOUGH_BYTES]
    pairs, foreign = len(_TWO_NOT_ASCII.findall(sample)), len(NOT_ASCII.findall(sample))
    if foreign > _FEW_SIGNS and 2 * pairs > _MOST_FOREIGN_LETTERS * foreign:
        return None
    best, best_score = None, 0
    for name, natural in (_OLD | _NEWER).items():
        text = sample.decode(name, "replace")
        if not _stands_well(text, natural):
            continue
        letters = text.translate(_OFTEN)
        score = 1 + letters.count("2") * 2 + letters.count("1") - text.count("2") * 2 - text.count("1")
        if score > best_score:
            best, best_score = name, score
    return best if best in _OLD else None


def _stands_well(text: str, natural: re.Pattern[str]) -> bool:
    foreign = beyond_ascii(text)
    if len(natural.findall(text)) < (foreign if foreign < _FEW_SIGNS else _NEARLY_ALL * foreign):
        return False
    words = "".join(_FOREIGN_WORD.findall(text))
    return beyond_ascii(words) <= _MOST_FOREIGN_LETTERS * len(words)


def _older(sample: bytes, everyday: str, eras: EncodingEra) -> list[str]:
    """The encoding of DOS or the first Macs that explains far better what an everyday one explains oddly."""
    from chardet import EncodingEra, detect_all

    found = detect_all(sample, encoding_era=eras | EncodingEra.DOS | EncodingEra.LEGACY_MAC, max_bytes=SAMPLE_BYTES)
    name = codec_of(found[0]["encoding"] or "") if found and found[0]["confidence"] >= _SURE else None
    if name is None or name == everyday or _oddity(sample, everyday) < _MUCH_ODDER * max(_oddity(sample, name), 0.001):
        return []
    return [name]


def _is_plausible(sample: bytes, name: str) -> bool:
    """Whether it gives little that is odd: whether there is more is known long before its end."""
    text = sample.decode(name, "ignore")
    foreign = beyond_ascii(text)
    return foreign > 0 and next(islice(_ODD.finditer(text), int(_MOST_ODD * foreign), None), None) is None


def _oddity(sample: bytes, name: str) -> float:
    """Which part of the characters beyond ASCII stand where no writing has them; 1 if nothing decodes."""
    text = sample.decode(name, "ignore")
    foreign = beyond_ascii(text)
    return len(_ODD.findall(text)) / foreign if foreign else 1.0


def _is_latin(sample: bytes, name: str) -> bool:
    """Whether the text has no other letters than Latin ones, or single letters where other scripts have words."""
    return not _TWO_NOT_ASCII.search(sample) or not _BEYOND_LATIN.search(sample.decode(name, "ignore"))


def _says_little(sample: bytes) -> bool:
    """A few different letters are not enough to tell one Latin alphabet from another; Iceland's are."""
    letters = set(NOT_ASCII.findall(sample))
    return len(letters) < _FEW_LETTERS and not letters & _ICELANDIC


def _has_few_letters(sample: bytes) -> bool:
    """Whether most of what is beyond ASCII are signs, as in measures and prices, and letters in other encodings only."""
    foreign = b"".join(NOT_ASCII.findall(sample)).decode("cp1252", "ignore")
    return 2 * sum(map(str.isalpha, foreign)) < len(foreign)


def _wide_ideographs(sample: bytes) -> str | None:
    """UTF-16 of nothing but Chinese or Japanese, which has no zero bytes: it makes sense in one byte order only."""
    shares = {}
    for name in ("utf-16-le", "utf-16-be"):
        text = sample[: len(sample) // 2 * 2].decode(name, "replace")
        shares[name] = len(_IDEOGRAPHS.findall(text)) / len(text) if _KANA_OR_STOP.search(text) else 0.0
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= 0.95 and min(shares.values()) <= 0.8 else None
