"""Signs of symbol fonts as the characters that people see: office programs store them as codes that mean nothing elsewhere."""

from __future__ import annotations

import re

# From 0x20 on and from 0xA0 on, as Adobe and Microsoft draw them; a blank where nothing is drawn that has a meaning.
_SYMBOL = (
    " !∀#∃%&∍()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}~ ",
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭ ",
)
_WINGDINGS = (
    " 🖉✂✁👓🕭🕮🕯🕿✆🖂🖃📪📫📬📭🗀🗁🗎🗏🗐🗄⌛🖮🖰🖲🖳🖴🖫🖬✇✍🖎✌🖏👍👎☜☞☝☟🖐☺😐☹💣🕱🏳🏱✈☼🌢❄🕆✞🕈✠✡☪☯🕉☸♈♉♊♋♌♍♎♏♐♑♒♓&&●❍■□❐❑❒⬧⧫◆❖⬥⌧⮹⌘🏵🏶❝❞▯",
    "·○⭕◯◉◎🔿▪☐▴✦★✶✷✹✵⯐⌖✧⯏⯑✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘🕙🕚🕛↩↪↶↷⮴⮵⮶⮷🙪🙫🙕🙔🙗🙖🙐🙑🙒🙓⌫⌦⮘➢⮙⮛⮈⮊⮉⮋←→↑↓↖↗↙↘←➔↑↓↖↗↙↘⇦⇨⇧⇩⬄⇳⬁⬀⬃⬂▭▫✗✓☒☑ ",
)
_NUMBERS = dict(enumerate("⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x80))
# Unicode has Zapf's signs in the order of their codes, but for those that it had before.
_DINGBATS = {code: chr(code + (0x26E0 if code < 0x7F else 0x26C0)) for code in (*range(0x21, 0x7F), *range(0xA1, 0xFF))}
_DINGBATS |= dict(zip(b"%*+Hlnstuw\xa8\xa9\xaa\xab\xd5\xd6\xd7\xf0", "☎☛☞★●■▲▼◆◗♣♦♥♠→↔↕ ", strict=True))
_DINGBATS |= dict(enumerate("①②③④⑤⑥⑦⑧⑨⑩", 0xAC))
_OTHERS = {
    **dict.fromkeys(("zapf dingbats", "zapfdingbats", "itc zapf dingbats", "monotype sorts"), _DINGBATS),
    "wingdings 2": dict(zip(b"OPQRSTU\x98\x99\xa2\xa3", "✗✓☒☑☒☒⊗●○■□", strict=True)),
    "wingdings 3": dict(zip(b'!"#$fghipqrstuvw}', "←→↑↓←→↑↓▲▼△▽◀▶◁▷▶", strict=True)),
    "webdings": dict(zip(b"34567acgrn", "◀▶▲▼⏪✔□■✗●", strict=True)),
}
_FONTS = re.compile("symbol$|wingdings(?: [23])?$|webdings$|(?:itc )?zapf ?dingbats$|monotype sorts$")

# The codes of symbol fonts as characters of their own: U+F020 to U+F0FF.
_PRIVATE = re.compile("[\uf020-\uf0ff]")
_POINT = re.compile("(?m)^(\\s*(?:[-*|>] )*\\s*)([\uf020-\uf0ff])(?=[\\s\u00a0])")
_PRIVATE_START = 0xF000
# Nobody makes points of thumbs and signs of the zodiac: lines begin with Greek letters (but ☜ ☞ ☺), ↑ → ↓ and √.
_NO_POINTS = frozenset(range(ord("A"), ord("l"))) - frozenset(b"EFJ") | frozenset(b"\xad\xae\xaf\xd6")


def is_symbol_font(font: str) -> bool:
    """Whether the letters of a font are signs."""
    return _FONTS.match(font.casefold()) is not None


def sign(font: str, code: int) -> str:
    """The character for a code of a font; blank where the font draws nothing that is known."""
    name = font.casefold()
    if not _FONTS.match(name):
        return readable(chr(code))
    code &= 0xFF
    if name in _OTHERS:
        return _OTHERS[name].get(code, " ")
    return _in(_SYMBOL if name == "symbol" else _WINGDINGS, code) or (
        _NUMBERS.get(code, " ") if name != "symbol" else " "
    )


def with_signs(font: str, text: str) -> str:
    """A text in a symbol font as what it shows; only codes that are no letters elsewhere are taken for signs."""
    return _PRIVATE.sub(lambda found: sign(font, ord(found[0])), text)


def readable(text: str, is_formula: bool = False) -> str:
    """A text of which the fonts are not known, with signs for private codes.

    Before a line they are points as Wingdings draws them. Within one, letters are Greek; the rest are marks and arrows
    of Wingdings or, where formulas are likely, signs and brackets of Symbol.
    """
    if text.isascii() or not _PRIVATE.search(text):
        return text
    text = _POINT.sub(lambda found: found[1] + _point(ord(found[2]) - _PRIVATE_START), text)
    return _PRIVATE.sub(lambda found: _within(ord(found[0]) - _PRIVATE_START, is_formula), text)


def _point(code: int) -> str:
    if code == 0xB7:
        return "•"
    return sign("Symbol" if code in _NO_POINTS else "Wingdings", code)


def _within(code: int, is_formula: bool) -> str:
    # An arrow, a point and signs of sums are Symbol's wherever they stand.
    is_mark = code >= 0xD5 and not is_formula and _in(_WINGDINGS, code) in "➢←→↑↓➔⇦⇨✗✓☒☑"
    return sign("Wingdings" if is_mark or 0x7F < code < 0xA0 or code == 0xA7 or code == 0xA8 else "Symbol", code)


def _in(table: tuple[str, str], code: int) -> str:
    start = 0x20 if code < 0x80 else 0xA0
    return table[code >= 0x80][code - start] if code - start < len(table[code >= 0x80]) and code >= start else ""
