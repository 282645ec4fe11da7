"""Argument types that several tools share, forgiving about the forms in which agents write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

MOST_FILES = 50
"""How many files one question may be about."""


def as_text(value: Any) -> Any:
    """None is nothing, a number is its digits, a list its parts with commas: what agents send for "3" or "3,4"."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return value


def as_list(value: Any) -> Any:
    """One text is a list of one, None is an empty list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def or_default(default: int) -> BeforeValidator:
    """None, which some hosts send for an argument left out, means the default."""
    return BeforeValidator(lambda value: default if value is None else value)


File = Annotated[str, Field(description="File id (file_…) or path", min_length=1)]
"""A file as an agent names it."""
