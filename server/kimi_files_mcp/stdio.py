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
from kimi_files_mcp.settings import Settings, read_settings
from kimi_files_tools.workspace import Workspace

if TYPE_CHECKING:
    from kimi_files.service import FilesService


def run_server(
    folders: Sequence[str] = (), service: str | None = None, data_dir: str | None = None, strict: bool = False
) -> None:
    """Serve until stdin ends. A wrong setting ends the process with one line on stderr, which hosts show."""
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
    gc.freeze()
    gc.enable()
    try:
        anyio.run(serve, server)
    except Exception as error:
        from kimi_files_tools.failure import as_error

        sys.exit(f"kimi-files-mcp: {as_error(error)}")


def open_workspace(settings: Settings, policy: AccessPolicy | None = None) -> Workspace:
    """The workspace of these settings; the service behind it starts at the first call."""

    async def start_service() -> FilesService:
        from kimi_files_mcp.services import start

        return start(settings)

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
