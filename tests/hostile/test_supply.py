"""The check of licences takes what asks nothing, and nothing else."""

from __future__ import annotations

import pytest
from scripts.check_supply import permissive


@pytest.mark.parametrize(
    ("expression", "is_permissive"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-3.0-or-later", False),
        ("Apache-2.0 AND GPL-2.0-only", False),
        ("(GPL-2.0-only OR LGPL-2.1-or-later) AND MIT", False),
        ("Elastic-2.0", False),
        ("", False),
    ],
)
def test_what_asks_nothing_of_users_is_permissive(expression: str, is_permissive: bool) -> None:
    assert permissive(expression) is is_permissive
