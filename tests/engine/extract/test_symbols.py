"""Codes of symbol fonts become the signs that people see."""

from __future__ import annotations

import pytest

from kimi_files.extract.symbols import readable, sign, with_signs


@pytest.mark.parametrize(
    ("font", "code", "shown"),
    [
        ("Wingdings", 0xF0FC, "✓"),
        ("Wingdings", 0xFB, "✗"),
        ("Wingdings", 0xF0A8, "☐"),
        ("Wingdings", 0xF06C, "●"),
        ("Wingdings", 0xF06E, "■"),
        ("Wingdings", 0xF076, "❖"),
        ("Wingdings", 0xF0D8, "➢"),
        ("Wingdings", 0x8C, "❶"),
        ("Wingdings 2", 0x52, "☑"),
        ("Symbol", 0xF0AE, "→"),
        ("Symbol", 0x61, "α"),
        ("Symbol", 0xF0B3, "≥"),
        ("Symbol", 0xE5, "∑"),
        ("Monotype Sorts", 0xF034, "✔"),
        ("ZapfDingbats", 0x6C, "●"),
        ("ITC Zapf Dingbats", 0xB6, "❶"),
        ("Zapf Dingbats", 0xF0D4, "➔"),
        ("Arial", 0x2122, "™"),
    ],
)
def test_codes_are_what_their_font_draws(font: str, code: int, shown: str) -> None:
    assert sign(font, code) == shown


def test_without_a_font_the_place_tells_points_from_letters() -> None:
    text = "\uf0b7 one\n  \uf06c two\nx \uf0b3 \uf061 and \uf0e0 y"

    assert readable(text) == "• one\n  ● two\nx ≥ α and → y"
    assert readable("- \uf0d6 done\n\uf0af costs\n\uf0fc done") == "- √ done\n↓ costs\n✓ done"
    assert readable("\uf065 = 4\n\uf046 note\n- \uf044 on") == "ε = 4\n☞ note\n- Δ on"
    assert readable("\uf0e5 x", is_formula=True).endswith(" x")
    assert readable("a \uf0e6 b", is_formula=True) == "a ⎛ b"


def test_other_private_characters_stay() -> None:
    assert with_signs("Symbol", "a\ue000\uf0d7b") == "a\ue000⋅b"
    assert readable("\ue000 plain") == "\ue000 plain"
