"""The local service with a chat model that answers: for people whose files may not leave the machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio

from kimi_files.access import OpenFile
from kimi_files.answer import Answer, Exhibit, Question
from kimi_files.content import Content
from kimi_files.kimi.asking import ask_model
from kimi_files.kimi.chat import Chat
from kimi_files.kimi.exhibits import drawn_exhibits
from kimi_files.local.service import Limits, LocalFilesService
from kimi_files.progress import Progress, no_progress
from kimi_files.workers.pool import WorkerPool


class LocalServiceWithChat(LocalFilesService):
    """Files are kept and read on this machine; ``chat`` gets what it needs of them to answer."""

    def __init__(
        self,
        data_dir: Path,
        pool: WorkerPool,
        chat: Chat,
        limits: Limits | None = None,
        *,
        text_required: bool = False,
    ) -> None:
        super().__init__(data_dir, pool, limits, text_required=text_required)
        self._chat = chat

    async def exhibits(
        self, file: OpenFile | str, content: Content, progress: Progress = no_progress
    ) -> Sequence[Exhibit]:
        """A picture as the model will look at it."""
        return await drawn_exhibits(self, file, content, progress)

    async def answer(self, question: Question, contents: Sequence[Content], progress: Progress = no_progress) -> Answer:
        """The model's answer with citations that were checked against the files."""
        search = partial(super().answer, progress=progress)
        return await ask_model(question, contents, self._chat, search, progress)

    async def aclose(self) -> None:
        """End the workers, close the catalogue and the connections."""
        with anyio.CancelScope(shield=True):
            await self._chat.aclose()
            await super().aclose()
