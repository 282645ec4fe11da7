"""Word's EQ fields, its equations before there was an editor: as LaTeX, or as words where they hold no mathematics."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_START = re.compile(r"\s*EQ\s+(?=\S)", re.IGNORECASE)
_FORMAT = re.compile(r'\\\*\s*(?:"[^"]*"|\S+)')
_SWITCH = re.compile(r"\\([abdfilorsx])(?=\s*[\\(])", re.IGNORECASE)
_OPTION = re.compile(r"\s*\\(?:([lrbfv]c)\s*\\(.)|([a-z]{2})\s*(-?\d+)?)", re.IGNORECASE | re.DOTALL)
_OPENING = re.compile(r"\s*\(")
_DEEPEST = 16
_LONGEST = 4_000
_LATEX = {sign: "\\" + sign for sign in "%&#_{}$"}
_RINGS = frozenset("○◯〇□◇△")
_CLOSED_BY = {"(": ")", "[": "]", "{": "}", "<": ">"}
_SUMS = {"su": r"\sum", "pr": r"\prod"}


def equation(instruction: str) -> str | None:
    r"""What an EQ field shows: ``$\frac{1}{2}$``; None for other fields. One that breaks the rules is told as it is written."""
    start = _START.match(instruction)
    if start is None:
        return None
    written = _FORMAT.sub("", instruction[start.end() :]).strip()
    try:
        parts = _Source(written).parts("") if len(written) <= _LONGEST else [written]
    except ValueError:
        return written
    is_latex = any(map(_is_mathematics, parts))
    shown = "".join(_shown(part, is_latex) for part in parts)
    return f"${shown}$" if is_latex else shown


@dataclass(slots=True)
class _Switch:
    r"""``\b \lc\{ (…)``: its letter, its options with their number or sign, and what stands in its brackets."""

    letter: str
    options: dict[str, str] = field(default_factory=dict)
    elements: list[list[_Part]] = field(default_factory=list)


_Part = str | _Switch


class _Source:
    """Raises ValueError where brackets are missing or too deep."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._depth = text, 0, 0
        # A country that writes 1,5 parts elements with semicolons.
        self._between = ";" if ";" in text else ","

    def parts(self, ends: str) -> list[_Part]:
        """Signs and switches up to one of ``ends``, which is left, or to the end of the text where there are none."""
        found: list[_Part] = []
        while self._at < len(self._text) and self._text[self._at] not in ends:
            if switch := _SWITCH.match(self._text, self._at):
                self._at = switch.end()
                found.append(self._switch(switch[1].lower()))
            elif self._text[self._at] == "(":
                self._at += 1
                found += ["(", *self._within(")"), ")"]
                self._at += 1
            else:
                is_escaped = self._text[self._at] == "\\" and not self._text[self._at + 1 : self._at + 2].isalnum()
                self._at += is_escaped and self._at + 1 < len(self._text)
                found.append(self._text[self._at])
                self._at += 1
        return found

    def _switch(self, letter: str) -> _Switch:
        switch = _Switch(letter)
        while option := _OPTION.match(self._text, self._at):
            switch.options[(option[1] or option[3]).lower()] = option[2] or option[4] or ""
            self._at = option.end()
        opening = _OPENING.match(self._text, self._at)
        if opening is None:
            raise ValueError("no brackets")
        self._at = opening.end()
        while True:
            switch.elements.append(self._within(self._between + ")"))
            self._at += 1
            if self._text[self._at - 1] == ")":
                return switch

    def _within(self, ends: str) -> list[_Part]:
        if self._depth == _DEEPEST:
            raise ValueError("too deep")
        self._depth += 1
        parts = self.parts(ends)
        self._depth -= 1
        if self._at == len(self._text):
            raise ValueError("no end")
        return parts


def _is_mathematics(part: _Part) -> bool:
    if isinstance(part, str):
        return False
    if part.letter in "fris" or (part.letter == "a" and part.options.get("co", "1") not in ("", "1")):
        return True
    inner = [inner for element in part.elements for inner in element]
    if part.letter == "o":  # what is raised over words is how they are read
        inner = [one for one in inner if isinstance(one, str) or one.letter != "s"]
    return any(map(_is_mathematics, inner))


def _shown(part: _Part, is_latex: bool) -> str:
    if isinstance(part, str):
        return _LATEX.get(part, part) if is_latex else part
    elements = ["".join(_shown(inner, is_latex) for inner in element).strip() for element in part.elements]
    first, others = elements[0], elements[1:]
    match part.letter:
        case "f":
            return rf"\frac{{{first}}}{{{', '.join(others)}}}"
        case "r":
            return rf"\sqrt[{first}]{{{', '.join(others)}}}" if others else rf"\sqrt{{{first}}}"
        case "s":
            below = "do" in part.options and "up" not in part.options
            return f"^{{{first}}}_{{{', '.join(others)}}}" if others else f"{'_' if below else '^'}{{{first}}}"
        case "i":
            bounds = (f"_{{{first}}}" if first else "") + (f"^{{{others[0]}}}" if others and others[0] else "")
            sign = next((_SUMS[option] for option in part.options if option in _SUMS), r"\int")
            return f"{sign}{bounds} {', '.join(others[1:])}"
        case "b":
            opening = part.options.get("lc", part.options.get("bc", "" if "rc" in part.options else "("))
            closing = part.options.get("rc", "" if "lc" in part.options else _CLOSED_BY.get(opening, opening))
            return f"{_shown(opening, is_latex)}{first}{_shown(closing, is_latex)}"
        case "a":
            return _array(elements, max(int(part.options.get("co") or 1), 1), is_latex)
        case "o":
            return _overstruck(part.elements, is_latex)
        case "d":
            return " "
    return ", ".join(elements)


def _array(elements: list[str], columns: int, is_latex: bool) -> str:
    rows = [elements[at : at + columns] for at in range(0, len(elements), columns)]
    if not is_latex:
        return "; ".join(elements)
    return r"\begin{matrix}" + r" \\ ".join(" & ".join(row) for row in rows) + r"\end{matrix}"


def _overstruck(elements: list[list[_Part]], is_latex: bool) -> str:
    """Words with their reading in brackets behind them, as Chinese and Japanese have above them; a sign in a ring in brackets."""
    readings, words = [], []
    is_ringed = False
    for element in elements:
        raised = [part for part in element if not isinstance(part, str) and part.letter == "s"]
        shown = "".join(_shown(part, is_latex) for part in element if part not in raised).strip()
        readings += [_shown(part, is_latex=False) for one in raised for inner in one.elements for part in inner]
        is_ringed = is_ringed or shown in _RINGS
        words += [shown] if shown not in _RINGS else []
    text = "".join(words)
    if readings:
        return f"{text}({''.join(readings).strip()})"
    return f"({text})" if is_ringed and text else text or "".join(_RINGS & {"".join(map(str, one)) for one in elements})
