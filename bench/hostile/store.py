"""Servers that share a store, are killed, find the disk full and the catalogue damaged."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from tests.hostile.frames import call, opening
from tests.hostile.process import raw_server


def servers(place: Path, count: int = 200) -> None:
    """Eight servers on one store, each with ``count`` calls: uploads, reads, lists, deletions."""
    failures: list[str] = []
    (place / "one" / "files").mkdir(parents=True)
    for number in range(30):
        (place / "one" / "files" / f"{number % 3}-{number // 3}.txt").write_text(f"words of {number}\n" * 50)

    def work(number: int) -> None:
        with raw_server(place / "one") as server:
            server.send(opening("legacy"))
            for turn in range(count // 4):
                name = f"{number % 3}-{turn % 10}.txt"
                steps = (
                    ("upload_file", {"path": name}), ("get_file_content", {"file": name}), ("list_files", {}),
                    ("ask_about_files", {"question": "words", "files": [name]}),
                )  # fmt: skip
                for step, (tool, arguments) in enumerate(steps):
                    server.send([call("legacy", turn * 4 + step, tool, **arguments)])
                    result = server.answer(turn * 4 + step)
                    if "result" not in result or result["result"].get("isError"):
                        failures.append(json.dumps(result)[:300])
                    server.lines.clear()

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"servers: 8 × {count} calls on one store in {time.perf_counter() - started:.0f} s, {len(failures)} errors")
    for failure in sorted(set(failures))[:5]:
        print("  ", failure)
