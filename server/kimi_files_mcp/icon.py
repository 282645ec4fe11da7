"""The picture that hosts show beside the server's name: a page with lines.

Small, because the current protocol repeats what a server says of itself in every answer; hence SVG and not a PNG of 700 bytes.
"""

from __future__ import annotations

ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' stroke='%233d6bff'%3E"
    "%3Cpath d='M5 3h9l5 5v13H5z' fill='%23fff'/%3E%3Cpath d='M9 11h6m-6 3h6m-6 3h3'/%3E%3C/svg%3E"
)
