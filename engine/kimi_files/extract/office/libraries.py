"""A text document by one of the two libraries for office formats, where nothing is known of it but what they find."""

from __future__ import annotations

from kimi_files.errors import DamagedFile, UnsupportedFile
from kimi_files.extract.office import by_anydoc, by_office_oxide
from kimi_files.extract.office.markdown import Block, join_blocks


def blocks(untrusted_bytes: bytes, kind: str) -> list[Block]:
    """The first of the two libraries that finds text; what anydoc said, where neither does."""
    found: list[Block] = []
    failure: DamagedFile | UnsupportedFile | None = None
    try:
        found = by_anydoc.blocks(untrusted_bytes, kind)
    except (DamagedFile, UnsupportedFile) as error:
        failure = error
    if not join_blocks(found) and by_office_oxide.is_installed():
        try:
            document = by_office_oxide.opened(untrusted_bytes, kind)
            return [block for section in by_office_oxide.sections(document) for block in section.blocks]
        except (DamagedFile, UnsupportedFile) as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return found
