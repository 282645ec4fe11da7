"""How long work tells how far it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

Progress = Callable[[float, float | None, str], Awaitable[None]]
"""``await progress(done, total, message)``; ``total`` is None where it is not known. Called often: listeners thin it out."""


async def no_progress(done: float, total: float | None, message: str) -> None:
    """For callers that nobody listens to."""
