"""Every failure that reaches an agent or a user, as one tree.

KimiFilesError
├── InvalidRequest                 400 invalid_request_error
│   ├── PathNotFound                   file_not_found
│   ├── NotAFile                       not_a_file
│   ├── EmptyFile                      empty_file
│   ├── FileTooLarge                   file_too_large
│   ├── FileChanged                    file_changed
│   ├── QuotaExceeded                  quota_exceeded
│   ├── InvalidPurpose                 invalid_purpose
│   ├── InvalidBatchFile               invalid_batch_file
│   ├── InvalidImage                   invalid_image
│   ├── InvalidVideo                   invalid_video
│   ├── InvalidArguments               invalid_arguments
│   ├── InvalidPages                   invalid_pages
│   ├── InvalidCursor                  invalid_cursor
│   ├── UnsupportedFile                unsupported
│   ├── PasswordRequired               password_required
│   ├── DamagedFile                    damaged_file
│   ├── NoText                         no_text
│   └── TooComplex                     too_complex
├── PermissionDenied               403 permission_denied_error
│   ├── PathNotAllowed                 path_not_allowed
│   ├── SecretRefused                  secret_refused
│   └── AccessDenied                   access_denied
├── FileNotFound                   404 resource_not_found_error / file_id_not_found
└── ServerError                    500 server_error
    ├── ReaderDied                     reader_died
    ├── ReaderTimeout                  reader_timeout
    ├── DiskFull                       disk_full
    └── StoreDamaged                   store_damaged

A message says what happened and why; the hint says what to do next. Both go to the agent. Neither ever holds a key,
a token or a file's content.
"""

from __future__ import annotations

from typing import ClassVar

from kimi_files.models import ErrorDetail, ErrorResponse


class KimiFilesError(Exception):
    """Base of the tree. ``status`` is the HTTP status under which the contract reports it."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint

    def to_response(self) -> ErrorResponse:
        """The error as the contract's ``ErrorResponse``, the hint at the end of the message."""
        return ErrorResponse(error=ErrorDetail(message=str(self), type=self.type, code=self.code))


class InvalidRequest(KimiFilesError):
    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class PathNotFound(InvalidRequest):
    code = "file_not_found"


class NotAFile(InvalidRequest):
    """A folder, device, socket, FIFO: something that has no bytes of its own to read."""

    code = "not_a_file"


class EmptyFile(InvalidRequest):
    code = "empty_file"


class FileTooLarge(InvalidRequest):
    code = "file_too_large"


class FileChanged(InvalidRequest):
    """The file grew, shrank or was written to while it was read."""

    code = "file_changed"


class QuotaExceeded(InvalidRequest):
    code = "quota_exceeded"


class InvalidPurpose(InvalidRequest):
    code = "invalid_purpose"


class InvalidBatchFile(InvalidRequest):
    code = "invalid_batch_file"


class InvalidImage(InvalidRequest):
    code = "invalid_image"


class InvalidVideo(InvalidRequest):
    code = "invalid_video"


class InvalidArguments(InvalidRequest):
    code = "invalid_arguments"


class InvalidPages(InvalidRequest):
    code = "invalid_pages"


class InvalidCursor(InvalidRequest):
    code = "invalid_cursor"


class UnsupportedFile(InvalidRequest):
    code = "unsupported"


class PasswordRequired(InvalidRequest):
    code = "password_required"


class DamagedFile(InvalidRequest):
    code = "damaged_file"


class NoText(InvalidRequest):
    code = "no_text"


class TooComplex(InvalidRequest):
    """A limit of the reader was crossed: decompressed size, nesting, number of cells, pixels."""

    code = "too_complex"


class PermissionDenied(KimiFilesError):
    status = 403
    type = "permission_denied_error"
    code = "permission_denied"


class PathNotAllowed(PermissionDenied):
    code = "path_not_allowed"


class SecretRefused(PermissionDenied):
    code = "secret_refused"


class AccessDenied(PermissionDenied):
    """The operating system refused to open the file."""

    code = "access_denied"


class FileNotFound(KimiFilesError):
    """No file has this id."""

    status = 404
    type = "resource_not_found_error"
    code = "file_id_not_found"


class ServerError(KimiFilesError):
    pass


class ReaderDied(ServerError):
    """The worker process that parsed the file ended without an answer."""

    code = "reader_died"


class ReaderTimeout(ServerError):
    code = "reader_timeout"


class DiskFull(ServerError):
    code = "disk_full"


class StoreDamaged(ServerError):
    code = "store_damaged"
