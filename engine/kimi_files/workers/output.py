"""What a worker sends: records that it makes without pydantic, which would take longer to load than most files to read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar


class Output:
    """Base of frozen dataclasses whose fields are JSON, or such dataclasses. The server has pydantic check each."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    at_once: ClassVar = False
    """Whether it is of use only at once, and does not wait to be sent together with what follows."""

    def to_json(self) -> bytes:
        """The record as JSON, its fields in their order. ValueError for what JSON or UTF-8 cannot hold."""
        return json.dumps(vars(self), default=vars, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


class Within:
    """Limits of a field, for its ``Annotated``, in the words of pydantic's schema: ``ge``, ``le``, ``lt``, ``min_length`` …"""

    def __init__(self, **limits: float) -> None:
        self._limits = limits

    def __get_pydantic_core_schema__(self, source: object, schema: Callable[[object], dict[str, Any]]) -> Any:
        return schema(source) | self._limits
