"""One small JSON file beside the blobs for each kept file, from which a lost catalogue is made again."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kimi_files.local.blobs import write_whole
from kimi_files.models import FileObject

_log = logging.getLogger(__name__)


class FileRecord(BaseModel):
    """A kept file and the hash of its bytes."""

    model_config = ConfigDict(frozen=True)

    file: FileObject
    sha256: str

    @property
    def extension(self) -> str:
        """Lower-case extension with its dot, or ''. It decides with the bytes how a file is read."""
        return extension_of(self.file.filename)


def extension_of(name: str) -> str:
    """Lower-case extension of a file's name with its dot, or ''."""
    return Path(name).suffix.lower()


class Records:
    """Records under ``data_dir``/files."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "files"

    def prepare(self) -> None:
        """Make the folder."""
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def write(self, record: FileRecord) -> None:
        """Write a record. Call it inside the transaction that adds the file to the catalogue."""
        write_whole(self._path(record.file.id), record.model_dump_json(exclude_none=True).encode())

    def remove(self, file_id: str) -> None:
        """Remove a record, if it is there."""
        # Not synced: a record that comes back after a loss of power is one of an unknown file, and removed as such.
        self._path(file_id).unlink(missing_ok=True)

    def ids(self) -> list[str]:
        """The ids of all records, readable or not."""
        return [path.stem for path in self._folder.glob("file_*.json")]

    def read_all(self) -> list[FileRecord]:
        """The records that can be read, in the order in which the files were made."""
        records = [record for file_id in self.ids() if (record := self._read(file_id)) is not None]
        return sorted(records, key=lambda record: (record.file.created_at, record.file.id))

    def remove_unknown(self, known: Collection[str]) -> bool:
        """Remove the records of files that are not known; False if one of them is kept because it cannot be read."""
        for path in self._folder.glob(".file_*"):
            path.unlink(missing_ok=True)  # half a record, of a process that was killed
        whole = True
        for file_id in [file_id for file_id in self.ids() if file_id not in known]:
            if self._read(file_id) is None:
                whole = False
            else:
                self.remove(file_id)
        return whole

    def _read(self, file_id: str) -> FileRecord | None:
        try:
            return FileRecord.model_validate_json(self._path(file_id).read_bytes())
        except ValidationError:
            _log.warning("the record of %s cannot be read; it is kept", file_id)
            return None

    def _path(self, file_id: str) -> Path:
        return self._folder / f"{file_id}.json"
