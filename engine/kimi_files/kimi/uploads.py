"""Brings files into an account: each content once, whatever becomes of the requests.

Before a request leaves, the ledger says so. When nobody knows what became of one (a time-out, a lost reply, a cancel, a
killed process), the account's list is looked at before anything is sent again; a look that fails proves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile

import anyio
import anyio.to_thread

from kimi_files.access import OpenFile
from kimi_files.errors import FileNotFound, InvalidRequest, KimiFilesError, PermissionDenied, QuotaExceeded
from kimi_files.formats import MAX_FILES, MAX_TOTAL_BYTES
from kimi_files.kimi.body import text_parts
from kimi_files.kimi.client import KimiClient, Listing
from kimi_files.kimi.errors import (
    BalanceExhausted,
    ExtractionFailed,
    InvalidKey,
    OutcomeUnknown,
    RemoteFailure,
    RequestRefused,
    ServiceFault,
)
from kimi_files.kimi.ledger import Account, Found, Ledger, Upload
from kimi_files.kimi.marker import HASH_CHARACTERS, marked, new_upload_mark, shown_name, unmarked
from kimi_files.kimi.patience import Patience
from kimi_files.kimi.replies import RemoteFile, known_purpose
from kimi_files.local.locks import claim, end_claim, try_claim
from kimi_files.models import Purpose
from kimi_files.progress import Progress, no_progress

# A list may lag behind an upload by so much: what is missing from it for less is not taken for deleted.
_LAG_SECONDS = 60.0
_REFUSAL_HOLDS_SECONDS = 7 * 86_400.0
_NEARLY_FULL = 0.95
_OLDEST_NAMED = 5
_MOST_CANDIDATES = 5

_ABOUT_THE_CONTENT = (ExtractionFailed, RequestRefused)


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What an account may hold."""

    files: int = MAX_FILES
    bytes: int = MAX_TOTAL_BYTES


class Uploads:
    """``locks`` is a folder for the locks that keep two processes from sending the same content at once."""

    def __init__(self, client: KimiClient, ledger: Ledger, locks: Path, limits: AccountLimits | None = None) -> None:
        self._client = client
        self._ledger = ledger
        self._locks = locks
        self._limits = limits or AccountLimits()
        self._pinned: set[str] = set()

    async def put(
        self, file: OpenFile, sha256: str, purpose: Purpose, *, kept: bool, progress: Progress = no_progress
    ) -> RemoteFile:
        """The file of the account with these bytes, sent now unless it is there; ready to be used.

        ``kept``: it stays until it is deleted, under this name. Otherwise any name will do, and it may be removed when the
        account is nearly full. Raises ExtractionFailed with the service's words, QuotaExceeded, OutcomeUnknown,
        FileChanged, and what else the service says.
        """
        async with claim(self._lock(sha256, purpose)):
            await self._look_once(progress)
            row = await self._row_of(file, sha256, purpose, kept=kept)
            remote = await self._known(row, file, kept=kept, progress=progress) if row else None
            if remote is None:
                remote = await self._send(file, sha256, purpose, kept=kept, progress=progress)
            try:
                return await self.when_read(remote, file.name, progress)
            except ExtractionFailed as error:
                await self._remove_failed(remote, error)
                raise

    async def when_read(self, remote: RemoteFile, name: str, progress: Progress = no_progress) -> RemoteFile:
        """A file when the service has read it. ExtractionFailed with its words if it cannot, ServiceFault if not in time."""
        policy, clock = self._client.policy, self._client.clock
        begun, pause = clock.monotonic(), policy.first_poll
        while not remote.usable:
            if remote.failed:
                details = remote.as_file().status_details or "it gave no reason"
                raise ExtractionFailed(f"Kimi could not read '{name}': {details}.", "Save it in another format.")
            if clock.monotonic() - begun > policy.poll_deadline:
                raise ServiceFault(f"Kimi is still reading '{name}'.", "Call again later: it is not sent again.")
            await progress(0, None, f"Kimi is reading {name}")
            await clock.sleep(pause)
            pause = min(pause * 1.5, policy.longest_poll)
            remote = await self._client.file(remote.id, progress)
        return remote

    async def absorb(self, listing: Listing) -> set[str]:
        """Bring ledger and list together: what was sent and not known is found, what is gone is forgotten.

        Files that carry the mark of another installation are noted by their content and never touched. A second copy that
        a lost reply left behind is deleted; the ids of those that were.
        """
        removed: set[str] = set()
        found: list[Found] = []
        rows = await self._ledger.all()
        by_mark = {row.mark: row for row in rows if row.mark}
        known_ids = {row.file_id for row in rows}
        contents = {(row.sha256[:HASH_CHARACTERS], row.purpose, row.name) for row in rows}
        there = {file.id for file in listing.files}
        for file in listing.files:
            name = unmarked(file.filename)
            if file.id in known_ids or name is None:
                continue
            row = by_mark.get(name.upload)
            purpose = known_purpose(file.purpose)
            if row is not None and row.sha256.startswith(name.content):
                if await self._settle(row, file, there):
                    removed.add(file.id)
            elif purpose and not file.failed and (name.content, purpose, name.name) not in contents:
                found.append(Found(file, name.content, purpose, name.name))
        await self._ledger.adopt(found, self._client.clock.time())
        if listing.complete:
            for row in rows:
                if row.state == "stored" and row.file_id not in there:
                    await self._forget_missing(row, listing)
            total = sum(file.bytes for file in listing.files)
            await self._ledger.note_filling(Account(len(listing.files) - len(removed), total))
        return removed

    @contextmanager
    def pinned(self, file_ids: Sequence[str]) -> Iterator[None]:
        """Keep these files from being removed to make room, until the end of the block."""
        added = set(file_ids) - self._pinned
        self._pinned |= added
        try:
            yield
        finally:
            self._pinned -= added

    # What is there already

    def _lock(self, sha256: str, purpose: Purpose) -> Path:
        name = hashlib.sha256(f"{self._ledger.account} {sha256[:HASH_CHARACTERS]} {purpose}".encode()).hexdigest()
        return self._locks / f"kimi-{name[:32]}"

    async def _look_once(self, progress: Progress) -> None:
        """The first upload from here: what another installation, or one whose ledger was lost, has sent is known then."""
        if await self._ledger.filling() is None:
            await self.absorb(await self._client.files(progress))

    async def _row_of(self, file: OpenFile, sha256: str, purpose: Purpose, *, kept: bool) -> Upload | None:
        row = await self._ledger.find(sha256, purpose, file.name)
        if row is None and not kept:
            row = await self._ledger.find_content(sha256, purpose, Path(file.name).suffix.lower())
        if row is not None and row.sha256 != sha256:
            if row.bytes not in (0, file.size):
                return None
            await self._ledger.complete(row.number, sha256)
        return row

    async def _known(self, row: Upload, file: OpenFile, *, kept: bool, progress: Progress) -> RemoteFile | None:
        """The file of a row, if it is still there; None if it has to be sent."""
        now = self._client.clock.time()
        if row.state == "refused":
            if not kept and now - row.changed_at < _REFUSAL_HOLDS_SECONDS:
                raise ExtractionFailed(row.detail)
            return None
        if row.state == "sending":
            recent = now - row.changed_at < sum(self._client.policy.settle) + 1
            remote = await self._look_for(row, settling=recent, progress=progress)
            if remote is None:
                return None
            await self._note(row, remote)
        else:
            assert row.file_id
            try:
                remote = await self._client.file(row.file_id, progress)
            except FileNotFound:
                await self._ledger.forget_file(row.file_id, row.bytes)
                return None
        if kept and not row.kept:
            await self._ledger.keep(row.number)
        return remote

    # Sending

    async def _send(
        self, file: OpenFile, sha256: str, purpose: Purpose, *, kept: bool, progress: Progress
    ) -> RemoteFile:
        patience = Patience(self._client.policy, self._client.clock, progress)
        made_room = False
        while True:
            await self._make_room(file.size, progress)
            now = self._client.clock.time()
            row = await self._ledger.begin(sha256, purpose, file.name, file.size, new_upload_mark(), kept=kept, now=now)
            try:
                remote = await self._client.upload(file, marked(file.name, sha256, row.mark), purpose, progress)
            except RemoteFailure as failure:
                if isinstance(failure.error, QuotaExceeded) and not made_room and await self._evict(1, progress):
                    made_room = True
                    continue
                found = await self._after(failure, row, patience, progress)
                if found is None:
                    continue
                remote = found
            await self._note(row, remote)
            return remote

    async def _after(
        self, failure: RemoteFailure, row: Upload, patience: Patience, progress: Progress
    ) -> RemoteFile | None:
        """The file, if the failed request left it; None, after a wait, if it has to be sent again. Else the failure's error."""
        if failure.kind == "unknown":
            await self._ledger.doubt(row.number)
            found = await self._look_for(row, settling=failure.settling, progress=progress)
            if found is not None:
                return found
        try:
            await patience.after(failure)
        except KimiFilesError as error:
            await self._give_up(row.number, error)
            if isinstance(error, QuotaExceeded):
                raise await self._with_oldest(error) from None
            raise
        return None

    async def _give_up(self, number: int, error: KimiFilesError) -> None:
        """Nothing was stored by the last request; an earlier one of unknown outcome is still remembered."""
        row = await self._ledger.get(number)
        if row is None:
            return
        if isinstance(error, _ABOUT_THE_CONTENT) and not row.kept:
            await self._ledger.refused(number, error.message, self._client.clock.time())
        elif not row.doubtful:
            await self._ledger.forget(number)

    async def _note(self, row: Upload, remote: RemoteFile) -> None:
        with anyio.CancelScope(shield=True):
            await self._ledger.stored(row.number, remote, self._client.clock.time())
            current = await self._ledger.get(row.number)
        if current is not None and current.doubtful:
            await self._remove_copies(current)

    # Looking

    async def _look_for(self, row: Upload, *, settling: bool, progress: Progress) -> RemoteFile | None:
        """What a request of unknown outcome left in the account; None if nothing, proven by looks that succeeded."""
        others: set[str] = set()
        for pause in self._client.policy.settle if settling else (0.0,):
            if pause:
                await progress(0, None, f"looking whether {row.name} arrived")
                await self._client.clock.sleep(pause)
            listing = await self._listing(row, progress)
            found = await self._find(row, listing, others)
            if found is not None:
                return found
            if not listing.complete:
                raise _not_known_yet(row.name, "the service's list is not complete")
        return None

    async def _listing(self, row: Upload, progress: Progress) -> Listing:
        try:
            return await self._client.files(progress)
        except (InvalidKey, BalanceExhausted, PermissionDenied):
            raise
        except KimiFilesError as error:
            raise _not_known_yet(row.name, error.message) from error

    async def _find(self, row: Upload, listing: Listing, others: set[str]) -> RemoteFile | None:
        """The file that this row's upload left, by the mark in its name, or by its content if the mark did not survive.

        ``others`` are files that have been compared and are not it; those that turn out so are added.
        """
        copies = _copies(row, listing)
        if copies:
            return copies[0]
        known = others | {upload.file_id for upload in await self._ledger.all() if upload.file_id}
        candidates = [
            file
            for file in listing.files
            if file.bytes == row.bytes
            and file.purpose == row.purpose
            and file.id not in known
            and unmarked(file.filename) is None
            and _same_name(file.filename, row.name)
        ]
        for file in sorted(candidates, key=lambda file: -file.created_at)[:_MOST_CANDIDATES]:
            if await self._proves(file, row):
                return file
            others.add(file.id)
        return None

    async def _proves(self, file: RemoteFile, row: Upload) -> bool:
        """Whether the content that the service gives back is that of this upload, letter for letter."""
        if row.purpose not in ("file-extract", "batch"):
            return False
        with TemporaryFile() as body:
            try:
                await self._client.content(file.id, body)
            except (FileNotFound, InvalidRequest):
                return False  # it gives none: no proof
            except KimiFilesError as error:
                raise _not_known_yet(row.name, error.message) from error

            def digest() -> str:
                hashed = hashlib.sha256()
                for part in text_parts(body):
                    hashed.update(part.encode("utf-8", "replace"))
                return hashed.hexdigest()

            try:
                return await anyio.to_thread.run_sync(digest) == row.sha256
            except RemoteFailure as failure:
                raise _not_known_yet(row.name, failure.error.message) from failure

    async def _settle(self, row: Upload, file: RemoteFile, there: Collection[str]) -> bool:
        """A file with a row's mark and another id: the one that was not known, or one too many; whether it was deleted."""
        lock = self._lock(row.sha256, row.purpose)
        descriptor = await anyio.to_thread.run_sync(try_claim, lock)
        if descriptor is None:
            return False  # it is being sent right now, by whom we need not ask
        try:
            current = await self._ledger.get(row.number)
            if current is None or current.file_id == file.id:
                return False
            if current.state == "stored" and current.file_id in there:
                return await self._deleted(file)
            await self._ledger.stored(row.number, file, self._client.clock.time())
            return False
        finally:
            end_claim(lock, descriptor)

    async def _deleted(self, copy: RemoteFile) -> bool:
        try:
            return await self._client.delete_file(copy.id)
        except KimiFilesError:
            return False  # it does no harm but to the quota, and the next look at the list finds it again

    async def _remove_copies(self, row: Upload) -> None:
        """After a request of unknown outcome and one that worked: delete what the first left, if it came late."""
        try:
            listing = await self._client.files()
            copies = _copies(row, listing)
            if row.file_id in {copy.id for copy in copies} and listing.complete:
                for copy in copies:
                    if copy.id != row.file_id:
                        await self._client.delete_file(copy.id)
                await self._ledger.settle(row.number)
        except KimiFilesError:
            return  # the file is there; the row stays doubtful, and the next look at the list does the same

    async def _forget_missing(self, row: Upload, listing: Listing) -> None:
        current = await self._ledger.get(row.number)
        if current and current.state == "stored" and current.changed_at < listing.begun_at - _LAG_SECONDS:
            assert current.file_id
            await self._ledger.forget_file(current.file_id, 0)

    async def _remove_failed(self, remote: RemoteFile, error: ExtractionFailed) -> None:
        """Delete a file that the service could not read. One that was only read is not sent again for some days."""
        row = await self._ledger.by_file(remote.id)
        await self._client.delete_file(remote.id)
        await self._ledger.forget_file(remote.id, remote.bytes)
        if row is not None and not row.kept:
            now = self._client.clock.time()
            again = await self._ledger.begin(
                row.sha256, row.purpose, row.name, row.bytes, row.mark, kept=False, now=now
            )
            await self._ledger.refused(again.number, error.message, now)

    # Room

    async def _make_room(self, size: int, progress: Progress) -> None:
        """Remove transient files, oldest first, while the account is nearly full. Kept ones stay whatever happens."""
        if not self._nearly_full(await self._ledger.filling(), size) or not await self._ledger.transient(1):
            return
        await self.absorb(await self._client.files(progress))
        while self._nearly_full(await self._ledger.filling(), size):
            if not await self._evict(1, progress):
                return

    def _nearly_full(self, account: Account | None, size: int) -> bool:
        return account is not None and (
            account.files + 1 > self._limits.files * _NEARLY_FULL
            or account.bytes + size > self._limits.bytes * _NEARLY_FULL
        )

    async def _evict(self, count: int, progress: Progress) -> int:
        """Delete the oldest transient files; how many went."""
        gone = 0
        for row in await self._ledger.transient(self._limits.files):
            if gone == count:
                break
            assert row.file_id
            lock = self._lock(row.sha256, row.purpose)
            descriptor = None if row.file_id in self._pinned else await anyio.to_thread.run_sync(try_claim, lock)
            if descriptor is None:
                continue  # in use
            try:
                await progress(0, None, f"making room: removing {row.name}, which was only read")
                await self._client.delete_file(row.file_id)
                await self._ledger.forget_file(row.file_id, row.bytes)
                gone += 1
            finally:
                end_claim(lock, descriptor)
        return gone

    async def _with_oldest(self, error: QuotaExceeded) -> QuotaExceeded:
        """The quota error with what could go. If the list cannot be read, it says how to see it."""
        how = "delete_file removes one by its id; at a terminal, kimi-files-mcp delete --all --older-than 30d."
        try:
            listing = await self._client.files()
        except KimiFilesError:
            return QuotaExceeded(error.message, f"See list_files; {how}")
        oldest = sorted(listing.files, key=lambda file: file.created_at)[:_OLDEST_NAMED]
        names = ", ".join(f"{shown_name(file.filename)[:60]} ({file.id}, {_date(file)})" for file in oldest)
        return QuotaExceeded(error.message, f"The oldest of {len(listing.files)} files: {names}; {how}")


def _copies(row: Upload, listing: Listing) -> list[RemoteFile]:
    """The files with a row's mark, usable ones first, then by age."""
    found: list[RemoteFile] = []
    for file in listing.files:
        name = unmarked(file.filename)
        if (
            name is not None
            and row.mark
            and name.upload == row.mark
            and name.content == row.sha256[:HASH_CHARACTERS]
            and file.bytes in (0, row.bytes)
        ):
            found.append(file)
    return sorted(found, key=lambda file: (file.failed, not file.usable, file.created_at))


def _same_name(filename: str, name: str) -> bool:
    """Whether the service may have made one of the other: the same, or with `` (1)`` before the extension."""
    stem, extension = Path(name).stem, Path(name).suffix
    return filename == name or (
        filename.startswith(f"{stem} (") and filename.endswith(f"){extension}") and len(filename) - len(name) <= 8
    )


def _date(file: RemoteFile) -> str:
    return datetime.fromtimestamp(file.created_at, UTC).strftime("%Y-%m-%d")


def _not_known_yet(name: str, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"Whether '{name}' has arrived is not known yet: {why}",
        "Call again: it is looked for first and never sent twice.",
    )
