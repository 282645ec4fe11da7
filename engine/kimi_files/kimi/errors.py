"""Failures that only a remote service knows, as part of the one tree.

KimiFilesError
├── InvalidRequest                 400 invalid_request_error
│   ├── RequestRefused                 request_refused
│   ├── ExtractionFailed               extraction_failed
│   └── PromptTooLong                  prompt_too_long
├── ContentRefused                 400 content_filter / content_refused
├── InvalidKey                     401 invalid_authentication_error / invalid_api_key
├── RemoteDenied                   403 permission_denied_error / denied_by_service
├── RateLimited                    429 rate_limit_reached_error / rate_limited
├── BalanceExhausted               429 exceeded_current_quota_error / balance_exhausted
└── ServerError                    500
    ├── ServiceUnreachable         503 server_unavailable / service_unreachable
    ├── ServiceFault               502 server_error / service_fault
    └── OutcomeUnknown             504 server_unavailable / outcome_unknown
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kimi_files.errors import InvalidRequest, KimiFilesError, PermissionDenied, ServerError


class RequestRefused(InvalidRequest):
    """The service refused a request for a reason that none of the other errors stands for."""

    code = "request_refused"


class ExtractionFailed(InvalidRequest):
    """The service could not get a text out of a file."""

    code = "extraction_failed"


class PromptTooLong(InvalidRequest):
    """What was sent does not fit the model's context window."""

    code = "prompt_too_long"


class ContentRefused(KimiFilesError):
    """The service's filter judged the request too risky."""

    status = 400
    type = "content_filter"
    code = "content_refused"


class InvalidKey(KimiFilesError):
    """The service does not accept the key."""

    status = 401
    type = "invalid_authentication_error"
    code = "invalid_api_key"


class RemoteDenied(PermissionDenied):
    """The account may not do this."""

    code = "denied_by_service"


class RateLimited(KimiFilesError):
    """The account sends more than its tier allows; the message says how long to wait."""

    status = 429
    type = "rate_limit_reached_error"
    code = "rate_limited"


class BalanceExhausted(KimiFilesError):
    """The account has no balance left, or is suspended: waiting does not help."""

    status = 429
    type = "exceeded_current_quota_error"
    code = "balance_exhausted"


class ServiceUnreachable(ServerError):
    """No connection to the service could be made, or it broke."""

    status = 503
    type = "server_unavailable"
    code = "service_unreachable"


class ServiceFault(ServerError):
    """The service failed, or answered with something that is not what the contract says."""

    status = 502
    code = "service_fault"


class OutcomeUnknown(ServerError):
    """Whether the service did what it was asked cannot be told yet."""

    status = 504
    type = "server_unavailable"
    code = "outcome_unknown"


@dataclass(slots=True, eq=False)
class RemoteFailure(Exception):
    """One request that brought no usable answer; inside this package only, callers get ``error``.

    ``kind`` says what is known about its effect. *refused*: the service said no, nothing was done, and it will say no
    again. *busy*: nothing was done, and it may work later. *unknown*: it may have been done. ``wait`` is how many seconds
    the service asked to wait. ``settling``: the service may still be at work on it.
    """

    error: KimiFilesError
    kind: Literal["refused", "busy", "unknown"]
    wait: float | None = None
    settling: bool = False
