"""The files service that the settings name, made at the first call: everything that costs start-up time is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kimi_files import reports
from kimi_files.workers.pool import WorkerPool

if TYPE_CHECKING:
    from kimi_files.kimi.chat import Chat
    from kimi_files.kimi.service import KimiFilesService
    from kimi_files.service import FilesService
    from kimi_files_mcp.settings import Settings


def start(settings: Settings, reads: int = 0, *, text_required: bool = False) -> FilesService:
    """The service; nothing of its own is opened or sent before its first call.

    ``reads`` is how many files are about to be read here: readers for them start beside the imports and the opening.
    ``text_required``: a file without text is refused for ``file-extract``, as Kimi does, also on this machine.
    """
    reports.watch_this_process()
    if settings.service == "kimi":
        return start_kimi(settings)
    pool = WorkerPool(strict=settings.strict)
    pool.prepare(reads)
    if settings.chat is not None:
        from kimi_files.kimi.local_chat import LocalServiceWithChat

        return LocalServiceWithChat(settings.data_dir, pool, start_chat(settings), text_required=text_required)
    from kimi_files.local.service import LocalFilesService

    return LocalFilesService(settings.data_dir, pool, text_required=text_required)


def start_kimi(settings: Settings) -> KimiFilesService:
    """The service of the account in the settings, answering by Kimi or by the chat endpoint that the user named."""
    from kimi_files.kimi.chat import Chat
    from kimi_files.kimi.client import KimiClient
    from kimi_files.kimi.service import KimiFilesService
    from kimi_files.local.service import LocalFilesService

    assert settings.kimi is not None
    client = KimiClient(settings.kimi)
    chat = start_chat(settings) if settings.chat is not None else Chat(client, settings.model, is_kimi=True)
    return KimiFilesService(
        client, LocalFilesService(settings.data_dir, WorkerPool(strict=settings.strict)), settings.data_dir, chat
    )


def start_chat(settings: Settings) -> Chat:
    """Who answers questions: the chat endpoint that the user named, else Kimi."""
    from kimi_files.kimi.chat import Chat
    from kimi_files.kimi.client import KimiClient

    endpoint = settings.chat or settings.kimi
    assert endpoint is not None
    return Chat(KimiClient(endpoint), settings.model, is_kimi=settings.chat is None)
