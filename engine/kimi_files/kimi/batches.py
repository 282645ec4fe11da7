"""Batches: many chat requests in one file, run by the service within a day; results joined with the requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError

from kimi_files.errors import KimiFilesError
from kimi_files.kimi.body import text_parts
from kimi_files.kimi.client import KimiClient
from kimi_files.kimi.errors import BalanceExhausted, InvalidKey, OutcomeUnknown, RemoteFailure, RequestRefused
from kimi_files.kimi.patience import Patience
from kimi_files.kimi.replies import odd_reply
from kimi_files.progress import Progress, no_progress

ENDED = frozenset({"completed", "failed", "expired", "cancelled"})

_REQUEST = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
_FIRST_POLL = 2.0
_LONGEST_POLL = 60.0
_MOST_PAGES = 50


class BatchCounts(BaseModel):
    """How many requests there are, have been answered, have failed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    total: int = 0
    completed: int = 0
    failed: int = 0


class Batch(BaseModel):
    """A batch as the service describes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    status: str
    input_file_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    created_at: int | None = None
    request_counts: BatchCounts | None = None
    errors: Any = None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_running(self) -> bool:
        """Whether results are still to be expected of it."""
        return not self.has_ended and self.status != "cancelling"

    @property
    def counts(self) -> BatchCounts:
        return self.request_counts or BatchCounts()


@dataclass(frozen=True, slots=True)
class Joined:
    """How many requests of a batch got an answer, failed, or have no result."""

    answered: int
    failed: int
    missing: int


class Batches:
    """The batches of an account."""

    def __init__(self, client: KimiClient) -> None:
        self._client = client

    async def run(self, input_file_id: str, progress: Progress = no_progress) -> Batch:
        """Start a batch over an uploaded file, once: each costs. One that still runs over it is taken up, and after a lost
        reply it is looked for before another is started."""
        known = await self._of_file(input_file_id, progress)
        running = [batch for batch in known if batch.is_running]
        if running:
            return max(running, key=lambda batch: batch.created_at or 0)
        before = {batch.id for batch in known}
        patience = Patience(self._client.policy, self._client.clock, progress)
        while True:
            try:
                return _batch(
                    await self._client.post("/batches", {"input_file_id": input_file_id, **_REQUEST}, "a batch")
                )
            except RemoteFailure as failure:
                if failure.kind == "unknown":
                    started = await self._started(input_file_id, before, settling=failure.settling, progress=progress)
                    if started is not None:
                        return started
                await patience.after(failure)

    async def status(self, batch_id: str, progress: Progress = no_progress) -> Batch:
        """A batch as it is now. FileNotFound if there is none."""

        async def look() -> Batch:
            return _batch(await self._client.get_once(f"/batches/{quote(batch_id, safe='')}", "a batch"))

        return await self._client.patiently(look, progress)

    async def until_it_ends(self, batch: Batch, progress: Progress = no_progress) -> Batch:
        """Wait for a batch, up to a minute between two looks."""
        pause = _FIRST_POLL
        while not batch.has_ended:
            counts = batch.counts
            done = counts.completed + counts.failed
            await progress(done, counts.total or None, f"{batch.id} {batch.status}")
            await self._client.clock.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL)
            batch = await self.status(batch.id, progress)
        return batch

    async def results(self, batch: Batch, target: Path, progress: Progress = no_progress) -> Joined:
        """Write one line for each request into ``target``, in the order of the requests: its answer, or why there is none.

        RequestRefused while the batch has no results. The file appears whole or not at all.
        """
        if batch.output_file_id is None and batch.error_file_id is None:
            raise RequestRefused(
                f"{batch.id} has no results: it is {batch.status}{_reasons(batch)}.", "See batch status."
            )
        with TemporaryFile() as requests, TemporaryFile() as answers, TemporaryFile() as errors:
            for file_id, body in (
                (batch.input_file_id, requests),
                (batch.output_file_id, answers),
                (batch.error_file_id, errors),
            ):
                if file_id is not None:
                    await progress(0, None, f"loading {file_id}")
                    with TemporaryFile() as content:
                        await self._client.content(file_id, content, progress)
                        await anyio.to_thread.run_sync(_copy_text, content, body)
            return await anyio.to_thread.run_sync(_join, requests, answers, errors, target)

    async def _of_file(self, input_file_id: str, progress: Progress) -> list[Batch]:
        """The batches over a file. Raises if the list cannot be read to its end."""
        found: list[Batch] = []
        path = "/batches?limit=100"
        for _ in range(_MOST_PAGES):
            batches, has_more = await self._client.patiently(partial(self._page, path), progress)
            found += [batch for batch in batches if batch.input_file_id == input_file_id]
            if not has_more or not batches:
                break
            path = f"/batches?limit=100&after={quote(batches[-1].id, safe='')}"
        return found

    async def _page(self, path: str) -> tuple[list[Batch], bool]:
        page = await self._client.get_once(path, "a list of batches")
        records = page.get("data")
        if not isinstance(records, list):
            raise odd_reply("a list of batches", 200)
        return [_batch(record) for record in records], page.get("has_more") is True

    async def _started(
        self, input_file_id: str, before: set[str], *, settling: bool, progress: Progress
    ) -> Batch | None:
        """The batch that a request of unknown outcome started; None if none, proven by looks that succeeded."""
        for pause in self._client.policy.settle if settling else (0.0,):
            await self._client.clock.sleep(pause)
            try:
                batches = await self._of_file(input_file_id, progress)
            except (InvalidKey, BalanceExhausted):
                raise
            except KimiFilesError as error:
                raise OutcomeUnknown(
                    f"Whether the batch has started is not known yet: {error.message}",
                    "Look at the batches in the account's console before you start another: each one costs.",
                ) from error
            for batch in batches:
                if batch.id not in before:
                    return batch
        return None


def _batch(record: object) -> Batch:
    try:
        return Batch.model_validate(record)
    except ValidationError:
        raise odd_reply("a batch", 200) from None


def _reasons(batch: Batch) -> str:
    data = batch.errors.get("data") if isinstance(batch.errors, dict) else batch.errors
    words = (
        [str(error.get("message", "")) for error in data if isinstance(error, dict)] if isinstance(data, list) else []
    )
    return f" ({'; '.join(words)[:300]})" if words else ""


def _copy_text(content: IO[bytes], target: IO[bytes]) -> None:
    """The lines as they are, whichever form the service gives them in."""
    for part in text_parts(content):
        target.write(part.encode("utf-8", "replace"))


def _join(requests: IO[bytes], answers: IO[bytes], errors: IO[bytes], target: Path) -> Joined:
    found = {**_places(errors), **_places(answers)}
    order = [custom_id for custom_id, _ in _lines(requests)]
    answered = failed = missing = 0
    partial = target.with_name(f".{target.name}.partial")
    try:
        with partial.open("wb") as out:
            for custom_id in dict.fromkeys([*order, *found]):
                place = found.get(custom_id)
                if place is None:
                    missing += 1
                    line = json.dumps({"custom_id": custom_id, "response": None, "error": _NO_RESULT}).encode()
                else:
                    line = _line_at(place)
                    if _is_answer(line):
                        answered += 1
                    else:
                        failed += 1
                out.write(line.rstrip(b"\r\n") + b"\n")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Joined(answered, failed, missing)


_NO_RESULT = {"message": "the batch ended without a result for this request", "code": "no_result"}
_Place = tuple[IO[bytes], int]


def _places(body: IO[bytes]) -> dict[str, _Place]:
    """Where the line of each request stands: the lines themselves may be too many for the memory."""
    return {custom_id: (body, offset) for custom_id, offset in _lines(body)}


def _lines(body: IO[bytes]) -> Iterator[tuple[str, int]]:
    body.seek(0)
    while True:
        offset = body.tell()
        line = body.readline()
        if not line:
            return
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise odd_reply("a batch file", 200).error from None
        if isinstance(value, dict) and isinstance(value.get("custom_id"), str):
            yield value["custom_id"], offset


def _line_at(place: _Place) -> bytes:
    body, offset = place
    body.seek(offset)
    return body.readline()


def _is_answer(line: bytes) -> bool:
    value = json.loads(line)
    response = value.get("response")
    status = response.get("status_code", 200) if isinstance(response, dict) else None
    return value.get("error") is None and isinstance(status, int) and status < 300
