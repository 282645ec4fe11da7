"""A peer, a proxy in front of it, and services that speak to it with a clock that never makes anybody wait."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kimi_files.access import OpenFile
from kimi_files.kimi.chat import Chat
from kimi_files.kimi.client import KimiClient
from kimi_files.kimi.endpoint import Endpoint, checked_endpoint
from kimi_files.kimi.patience import RetryPolicy
from kimi_files.kimi.service import KimiFilesService
from kimi_files.kimi.uploads import AccountLimits
from kimi_files.local.service import Limits, LocalFilesService
from kimi_files.models import FileObject, Purpose
from kimi_files.service import FilesService
from kimi_files.workers.pool import WorkerPool
from tests.engine.kimi.faulty_proxy import Proxy, faulty
from tests.engine.kimi.peer import KEY, Peer, peer


class FastClock:
    """Time passes only where somebody waits; ``waits`` are the seconds of each wait."""

    def __init__(self) -> None:
        self.now = 1_795_334_400.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass(slots=True)
class World:
    """``peer`` is the account as it is, ``proxy`` the way to it; tests set ``proxy.plan``."""

    folder: Path
    peer: Peer
    proxy: Proxy
    clock: FastClock
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def start(
        self,
        name: str = "data",
        *,
        base_url: str = "",
        model: str | None = None,
        policy: RetryPolicy | None = None,
        limits: AccountLimits | None = None,
    ) -> KimiFilesService:
        """A service; two with the same ``name`` share a data folder, as two servers of one user do."""
        data_dir = self.folder / name
        client = KimiClient(endpoint(base_url or self.proxy.base_url), policy, self.clock)
        local = LocalFilesService(data_dir, WorkerPool(size=1))
        service = KimiFilesService(client, local, data_dir, Chat(client, model, is_kimi=True), limits)
        self._stack.push_async_callback(service.aclose)
        return service

    def file(self, name: str = "a.txt", text: str = "The replacement shaft cost 48,300.00 euros.\n") -> Path:
        """A file on this machine."""
        path = self.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def folder_file(self, name: str, text: str) -> Path:
        """A file of somebody else."""
        path = self.folder / "others" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    def uploads(self) -> int:
        """How many upload requests reached the proxy."""
        return self.proxy.seen["POST /v1/files"]


@asynccontextmanager
async def world(folder: Path, limits: Limits | None = None) -> AsyncIterator[World]:
    """Everything, until the end of the block. ``limits`` are the peer's."""
    async with peer(folder / "peer", limits) as running, faulty(running.address) as proxy, AsyncExitStack() as stack:
        yield World(folder, running, proxy, FastClock(), stack)


def endpoint(base_url: str, key: str = KEY) -> Endpoint:
    return checked_endpoint(base_url, "MOONSHOT_BASE_URL", key, "MOONSHOT_API_KEY")


def opened(path: Path) -> OpenFile:
    return OpenFile(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), path, str(path))


async def create(service: FilesService, path: Path, purpose: Purpose = "file-extract") -> FileObject:
    async with opened(path) as file:
        return await service.create(file, purpose)
