"""The process that a host starts: settings, log, workspace, and the SDK's loop over stdin and stdout."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kimi_files import reports
from kimi_files.access import AccessPolicy
from kimi_files.errors import KimiFilesError
from kimi_files.redaction import RedactingFormatter
from kimi_files_mcp.pipes import Pipes, taken
from kimi_files_mcp.settings import Settings, read_settings
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.service import FilesService
    from kimi_files_mcp.start.front import Front
    from kimi_files_mcp.start.recording import Recording

_log = logging.getLogger(__name__)

_RECORD_AFTER_SECONDS = 2.0  # when a host has asked what it asks at start


def run_server(
    folders: Sequence[str] = (),
    service: str | None = None,
    data_dir: str | None = None,
    strict: bool = False,
    *,
    front: Front | None = None,
    recording: Recording | None = None,
) -> None:
    """Serve until stdin ends: behind the front that answered so far, or alone, and then make the recording for the next.

    A wrong setting ends the process with one line on stderr, which hosts show.
    """
    start_log()
    try:
        settings = read_settings(os.environ, folders, service, data_dir, strict)
    except KimiFilesError as error:
        sys.exit(f"kimi-files-mcp: {error}")
    reports.keep_in(settings.reports)
    # Importing creates tens of thousands of lasting objects: collecting in between costs a third of the CPU time.
    gc.disable()
    import anyio

    from kimi_files_mcp.app import build_server
    from kimi_files_mcp.guard import serve

    server = build_server(open_workspace(settings))
    if front is not None and not front.is_wanted:
        _import_for_calls()
    gc.freeze()
    gc.enable()

    async def alone() -> None:
        async with anyio.create_task_group() as tasks:
            if recording is not None:
                tasks.start_soon(_record_later, recording)
            await serve(server, Pipes(*taken()))
            tasks.cancel_scope.cancel()

    try:
        if front is not None:
            anyio.run(serve, server, front)
        else:
            anyio.run(alone)
    except Exception as error:
        from kimi_files_tools.failure import as_error

        sys.exit(f"kimi-files-mcp: {as_error(error)}")


def _import_for_calls() -> None:
    """What the first calls would import, while nobody waits."""
    import kimi_files_tools.find_result
    import kimi_files_tools.picture_result
    import kimi_files_tools.text_result  # noqa: F401


async def _record_later(recording: Recording) -> None:
    """Record what the SDK answers at start. Where that cannot be kept, the next start is like this one."""
    import anyio.to_thread

    def record() -> None:
        from kimi_files_mcp.start.recorder import imported_files, recorded

        recording.write(recorded(), imported_files())

    await anyio.sleep(_RECORD_AFTER_SECONDS)
    try:
        await anyio.to_thread.run_sync(record)
    except Exception as error:
        _log.info("the start is not recorded: %s", error)


def open_workspace(settings: Settings, policy: AccessPolicy | None = None) -> Workspace:
    """The workspace of these settings; the service behind it starts at the first call."""

    async def start_service(reads: int) -> FilesService:
        from kimi_files_mcp.services import start

        return start(settings, reads)

    return Workspace(policy or settings.policy, start_service)


def start_log() -> None:
    """Diagnostics to stderr, level by KIMI_FILES_LOG; stdout belongs to the protocol."""
    level = os.environ.get("KIMI_FILES_LOG", "WARNING").upper()
    known = level if level in logging.getLevelNamesMapping() else "WARNING"
    logging.basicConfig(stream=sys.stderr, level=known, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    # Lines of every request at INFO say nothing that ours do not, and hold the ids of files.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
