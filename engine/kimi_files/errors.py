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

from typing import TYPE_CHECKING, ClassVar

from kimi_files.redaction import redacted

if TYPE_CHECKING:
    from kimi_files.models import ErrorResponse


class KimiFilesError(Exception):
    """Base of the tree. ``status`` is the HTTP status under which the contract reports it."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = redacted(message)
        self.hint = redacted(hint)
        super().__init__(f"{self.message} {self.hint}".strip())

    def to_response(self) -> ErrorResponse:
        """The error as the contract's ``ErrorResponse``, the hint at the end of the message."""
        from kimi_files.models import ErrorDetail, ErrorResponse  # readers raise errors, and need no pydantic for it

        return ErrorResponse(error=ErrorDetail(message=str(self), type=self.type, code=self.code))


class InvalidRequest(KimiFilesError):
    """The request cannot be answered as it stands."""

    status = 400
    type = "invalid_request_error"
    code = "invalid_request"


class PathNotFound(InvalidRequest):
    """No file stands at this path; the message names what is spelt similarly."""

    code = "file_not_found"


class NotAFile(InvalidRequest):
    """A folder, device, socket, FIFO: something that has no bytes of its own to read."""

    code = "not_a_file"


class EmptyFile(InvalidRequest):
    """The file has no bytes."""

    code = "empty_file"


class FileTooLarge(InvalidRequest):
    """The file is larger than 100 MB."""

    code = "file_too_large"


class FileChanged(InvalidRequest):
    """The file grew, shrank or was written to while it was read."""

    code = "file_changed"


class QuotaExceeded(InvalidRequest):
    """The kept files have reached their number or their size; delete some."""

    code = "quota_exceeded"


class InvalidPurpose(InvalidRequest):
    """The file is of another kind than its purpose asks for."""

    code = "invalid_purpose"


class InvalidBatchFile(InvalidRequest):
    """Lines of a batch file are wrong; the message names the first of them with the reason."""

    code = "invalid_batch_file"


class InvalidImage(InvalidRequest):
    """The bytes are no image that can be shown."""

    code = "invalid_image"


class InvalidVideo(InvalidRequest):
    """The bytes are no video in a known container."""

    code = "invalid_video"


class InvalidArguments(InvalidRequest):
    """Arguments, options or settings do not fit; the message says which and how."""

    code = "invalid_arguments"


class InvalidPages(InvalidRequest):
    """The file has no such pages; the message says which it has."""

    code = "invalid_pages"


class InvalidCursor(InvalidRequest):
    """The cursor belongs to another file or to an earlier state of this one."""

    code = "invalid_cursor"


class UnsupportedFile(InvalidRequest):
    """No reader exists for this format; the message says what to do instead."""

    code = "unsupported"


class PasswordRequired(InvalidRequest):
    """The file is encrypted."""

    code = "password_required"


class DamagedFile(InvalidRequest):
    """The file cannot be read as what it claims to be."""

    code = "damaged_file"


class NoText(InvalidRequest):
    """Nothing in the file can be searched; pictures show its pages."""

    code = "no_text"


class TooComplex(InvalidRequest):
    """A limit of the reader was crossed: decompressed size, nesting, number of cells, pixels."""

    code = "too_complex"


class PermissionDenied(KimiFilesError):
    """Something was not allowed, or the user was asked and did not agree."""

    status = 403
    type = "permission_denied_error"
    code = "permission_denied"


class PathNotAllowed(PermissionDenied):
    """The path is outside the allowed folders, or a link leads out of them."""

    code = "path_not_allowed"


class SecretRefused(PermissionDenied):
    """Keys, password stores, sessions and hidden folders are never read, wherever they stand."""

    code = "secret_refused"


class AccessDenied(PermissionDenied):
    """The operating system refused to open the file."""

    code = "access_denied"


LIST_FILES_HINT = "List the files to see the ids there are."
"""For agents, HTTP clients and people alike: each has a way of its own to list them."""


class FileNotFound(KimiFilesError):
    """No file has this id."""

    status = 404
    type = "resource_not_found_error"
    code = "file_id_not_found"


class ServerError(KimiFilesError):
    """A fault of the server, not of the request."""


class ReaderDied(ServerError):
    """The worker process that parsed the file ended without an answer."""

    code = "reader_died"


class ReaderTimeout(ServerError):
    """Parsing took longer than the deadline, and was stopped."""

    code = "reader_timeout"


class DiskFull(ServerError):
    """There is no room for the file; nothing was kept of it."""

    code = "disk_full"


class StoreDamaged(ServerError):
    """The store of kept files cannot be read; `kimi-files-mcp doctor` says more."""

    code = "store_damaged"
