"""The bodies of short texts, kept in memory: what is asked for once is often asked for again."""

from __future__ import annotations

from collections import OrderedDict


class BodyCache:
    """Keeps the bodies used last, by file id, up to ``most_bytes`` in all.

    A file's text never changes and no id is given twice, so an entry is right for as long as the file is there.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._bodies: OrderedDict[str, bytes] = OrderedDict()

    def get(self, file_id: str) -> bytes | None:
        """The body, if it is kept. Ask the service first whether the file is."""
        body = self._bodies.get(file_id)
        if body is not None:
            self._bodies.move_to_end(file_id)
        return body

    def put(self, file_id: str, body: bytes) -> None:
        """Keep a body, and forget those that were not used for longest."""
        self._bytes += len(body) - len(self._bodies.pop(file_id, b""))
        self._bodies[file_id] = body
        while self._bytes > self._most_bytes:
            _, forgotten = self._bodies.popitem(last=False)
            self._bytes -= len(forgotten)
