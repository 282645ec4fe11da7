"""The picture that hosts show beside the server's name: a page with lines.

Small, because the current protocol repeats what a server says of itself in every answer; hence SVG and not a PNG of 700 bytes.
"""

from __future__ import annotations

ICON = (
    "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2024%2024'%20stroke='%233d6bff'%3E"
    "%3Cpath%20d='M5%203h9l5%205v13H5z'%20fill='%23fff'/%3E%3Cpath%20d='M9%2011h6m-6%203h6m-6%203h3'/%3E%3C/svg%3E"
)
