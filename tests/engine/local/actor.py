"""Another process on the same store: ``actor.py DATA_DIR FOLDER SCENARIO``. Each line it prints is something done."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
from stores import CountingPool, content, create, written

from kimi_files.local import catalogue as catalogue_module
from kimi_files.local.catalogue import Catalogue
from kimi_files.local.service import LocalFilesService


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def at_call(number: int, real: Callable[..., Any], instead: Callable[..., Any] = die) -> Callable[..., Any]:
    """``real``, but ``instead`` at the given call."""
    calls = 0

    def counted(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        return (instead if calls == number else real)(*arguments, **options)

    return counted


async def share(service: LocalFilesService, pool: CountingPool, folder: Path, seed: str) -> None:
    """Everything at once on files that other processes use too, and on some of its own."""
    randomly = random.Random(seed)
    for turn in range(20):
        name = f"{randomly.randrange(4)}.txt"
        await content(service, folder / name)
        made = await create(service, folder / name)
        read = await service.content(made.id)
        assert await read.text(1) == (folder / name).read_text()
        own = await create(service, written(folder / f"{seed}-{turn}.txt", f"{seed} {turn}"))
        if turn % 2:
            await service.delete(own.id)
        await service.list(limit=7)
        # A shared one: the newest may be another process's own, and be deleted by now.
        await service.list(limit=7, after=made.id)
    print("jobs", pool.jobs.count("extract"))


async def create_until_killed(service: LocalFilesService, folder: Path, where: str, number: str) -> None:
    """Make and delete files until the process kills itself at the given call of a function."""
    if where == "fsync":
        os.fsync = at_call(int(number), os.fsync)
    elif where == "replace":
        Path.replace = at_call(int(number), Path.replace)  # type: ignore[method-assign]
    elif where == "unlink":
        Path.unlink = at_call(int(number), Path.unlink)  # type: ignore[method-assign]
    else:
        real = getattr(catalogue_module, where)
        setattr(catalogue_module, where, at_call(int(number), real, lambda *arguments: (real(*arguments), die())))
    for turn in range(1_000):
        made = await create(service, written(folder / f"{turn}.txt", f"text {turn}\n" * 100))
        print("made", made.id, flush=True)
        if turn % 3 == 1:
            print("deleting", made.id, flush=True)
            await service.delete(made.id)


async def read_until_killed(service: LocalFilesService, folder: Path) -> None:
    Catalogue.add_rows = at_call(2, Catalogue.add_rows)  # type: ignore[method-assign]
    await content(service, folder / "long.log")


async def main(data_dir: str, folder: str, scenario: str, *arguments: str) -> None:
    pool = CountingPool()
    service = LocalFilesService(Path(data_dir), pool)
    if scenario == "share":
        await share(service, pool, Path(folder), *arguments)
    elif scenario == "create_until_killed":
        await create_until_killed(service, Path(folder), *arguments)
    else:
        await read_until_killed(service, Path(folder))
    await service.aclose()


anyio.run(main, *sys.argv[1:])
