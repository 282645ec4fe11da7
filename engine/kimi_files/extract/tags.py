"""Goes through markup that may be anything: not well-formed, of unknown entities, hostile. Nothing is expanded or fetched."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser


def walk(
    markup: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] = lambda tag: None,
    text: Callable[[str], object] = lambda text: None,
) -> None:
    """Go through markup and call for each tag, in small letters and without its prefix, and for each run of text."""
    parser = _Walker(start, end, text)
    parser.feed(markup)
    parser.close()


class _Walker(HTMLParser):
    def __init__(
        self,
        start: Callable[[str, dict[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], object],
    ) -> None:
        super().__init__(convert_charrefs=True)
        self._start, self._end, self._text = start, end, text

    def set_cdata_mode(self, elem: str, **_: object) -> None:
        """Nothing: a title or script that closes itself must not swallow what follows."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag.rpartition(":")[2], {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        self._end(tag.rpartition(":")[2])

    def handle_data(self, data: str) -> None:
        self._text(data)
