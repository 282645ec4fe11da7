"""What no tool looks for in the source."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+(?![ \w(])")


def test_no_group_of_a_pattern_is_repeated_possessively() -> None:
    """Python 3.11.0 to 3.11.4, which Debian 12 has, lose matches of these (gh-106052); ``(?>(?:…)*)`` says the same."""
    assert _POSSESSIVE_GROUP.search(r"<a>(?:[^<]|<(?!/a))*+</a>")
    found = [
        f"{path.relative_to(_ROOT)}:{number}"
        for room in ("engine", "server", "tools")
        for path in (_ROOT / room).rglob("*.py")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if _POSSESSIVE_GROUP.search(line)
    ]

    assert found == []
