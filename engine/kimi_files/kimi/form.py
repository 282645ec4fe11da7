"""The body of an upload: one multipart form, streamed from an open file."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

from kimi_files.access import OpenFile
from kimi_files.formats import by_name
from kimi_files.models import Purpose
from kimi_files.progress import Progress

# A change of threads for each read, and a write that the socket's buffer takes at once: both cost time per call.
_READ_BYTES = 4 << 20
_WRITTEN_BYTES = 64 << 10

# What the HTML standard escapes in a file's name; everything else goes as it is, in UTF-8.
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class UploadForm:
    """Purpose first, then the file, as the official clients send it. ``is_sent`` once the last byte has left."""

    def __init__(self, file: OpenFile, sent_name: str, purpose: Purpose, progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self._boundary = secrets.token_hex(16)
        self._before = self._opening(sent_name, purpose)
        self._after = f"\r\n--{self._boundary}--\r\n".encode()
        self.is_sent = False

    @property
    def headers(self) -> dict[str, str]:
        """Type and exact length, so that nothing has to be sent in chunks."""
        length = len(self._before) + self._file.size + len(self._after)
        return {"Content-Type": f"multipart/form-data; boundary={self._boundary}", "Content-Length": str(length)}

    async def chunks(self) -> AsyncIterator[bytes]:
        """The form, four megabytes in memory at a time. FileChanged if the file is not what it was when it was opened."""
        yield self._before
        sent = 0
        async for chunk in self._file.chunks(_READ_BYTES):
            for start in range(0, len(chunk), _WRITTEN_BYTES):
                yield chunk[start : start + _WRITTEN_BYTES]
            sent += len(chunk)
            await self._progress(sent, self._file.size, f"uploading {self._file.name}")
        yield self._after
        self.is_sent = True
        await self._progress(sent, self._file.size, f"Kimi is reading {self._file.name}")

    def _opening(self, sent_name: str, purpose: Purpose) -> bytes:
        known = by_name(sent_name)
        media_type = known.media_type if known else "application/octet-stream"
        name = sent_name.translate(_ESCAPES)
        return (
            f"--{self._boundary}\r\n"
            'Content-Disposition: form-data; name="purpose"\r\n\r\n'
            f"{purpose}\r\n"
            f"--{self._boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        ).encode("utf-8", "replace")
