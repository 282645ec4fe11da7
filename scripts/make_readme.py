"""Writes what README shows of real sessions: an example of each tool, and docs/session.svg, the picture at its top.

Both are one session of the real server (``real_session``), without the extras, which read more. A test holds them to it, and
``--check``, which writes nothing and fails if they are stale. ``--python`` names the interpreter whose server is asked.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from real_session import Call, Exchange, session, uploaded_id
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PICTURE = ROOT / "docs" / "session.svg"

_START, _END = "<!-- examples: made by scripts/make_readme.py -->", "<!-- end of examples -->"
_COLUMNS = 118

_QUESTION = {
    "question": "What did the new shaft nine cost, and when is it inspected again?",
    "files": ["."],
    "queries": ["replacement shaft 9 amount", "shaft nine inspected again"],
    "max_tokens": 500,
}

_EXAMPLES = (
    Call("upload_file", lambda _: {"path": "annual-report.pdf"}),
    Call("get_file_content", lambda _: {"file": "annual-report.pdf", "find": "hairline cracks"}),
    Call("ask_about_files", lambda _: _QUESTION),
    Call("list_files", lambda _: {"purpose": "file-extract"}),
    Call("delete_file", lambda earlier: {"file_id": uploaded_id(earlier)}),
)
# With the number of lines that the picture has room for.
_SHOWN = (
    (Call("get_file_content", lambda _: {"file": "annual-report.pdf"}), 10),
    (_EXAMPLES[1], 10),
    (_EXAMPLES[2], 21),
    (Call("get_file_content", lambda _: {"file": "anual-report.pdf"}), 10),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    if options.check:
        sys.exit(stale(options.python) or None)
    README.write_text(with_examples(README.read_text("utf-8"), options.python), encoding="utf-8")
    PICTURE.write_text(picture(options.python), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes\n")


def stale(python: str = sys.executable) -> str:
    """What README and its picture do not show as the server answers it now, and the remedy; empty where they do."""
    readme = README.read_text("utf-8")
    now = with_examples(readme, python)
    new = [line for line in now.splitlines() if line not in readme.splitlines()]
    if now == readme and _words(PICTURE.read_text("utf-8")) == _words(picture(python)):
        return ""
    return f"README or its picture is stale (run scripts/make_readme.py); the server now says {new[:3]}"


@cache
def _exchanges(python: str) -> Sequence[Exchange]:
    return session([*(call for call, _ in _SHOWN), *_EXAMPLES], python)


def with_examples(readme: str, python: str = sys.executable) -> str:
    """README with the part between its two marks made anew."""
    before, _, rest = readme.partition(_START)
    _, _, after = rest.partition(_END)
    assert after, f"README has no lines {_START} and {_END}"
    return f"{before}{_START}\n" + "\n".join(_examples(python)) + f"\n{_END}{after}"


def _examples(python: str) -> Iterator[str]:
    for exchange in _exchanges(python)[len(_SHOWN) :]:
        yield ""
        yield f"**`{exchange.tool}`** `{_as_json(exchange)}`"
        yield ""
        yield "```"
        yield from exchange.text.splitlines()
        yield "```"
    yield ""


def picture(python: str = sys.executable) -> str:
    """The session as a terminal shows it, in SVG; lines that are wider or more than fit are cut and say so."""
    console = Console(record=True, width=_COLUMNS, file=_Nowhere(), force_terminal=True, color_system="truecolor")
    for exchange, (_, most_lines) in zip(_exchanges(python), _SHOWN, strict=False):
        console.print(Text(f"▸ {exchange.tool} {_as_json(exchange)}", "bold cyan"))
        lines = exchange.text.splitlines()
        long = len(lines) > most_lines  # then its lines are cut too, so that more of them are seen
        for line in lines[:most_lines]:
            console.print(Text(line, _style(line, exchange)), no_wrap=long, overflow="ellipsis" if long else "fold")
        if long:
            console.print(Text(f"… {len(lines) - most_lines} more lines", "dim"))
        console.print()
    drawn = console.export_svg(title="what an agent sees", theme=MONOKAI, unique_id="session")
    # Its font would come from another server, where pages may load nothing.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def _words(drawn: str) -> str:
    """The text in a picture, without regard to how it is drawn."""
    picture = ElementTree.fromstring(drawn)  # noqa: S314 - drawn here
    parts = (element.text or "" for element in picture.iter("{http://www.w3.org/2000/svg}text"))
    return " ".join(" ".join(parts).split())


def _style(line: str, exchange: Exchange) -> str:
    if exchange.failed:
        return "red"
    if line.startswith(("<file-text", "</file-text")):
        return "dim"
    return "bold" if re.fullmatch(r"\[(page|sheet) .*\]|\[\d\] .*", line) else ""


def _as_json(exchange: Exchange) -> str:
    return json.dumps(exchange.arguments, ensure_ascii=False)


class _Nowhere:
    """A file that takes what the console prints while it records."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


if __name__ == "__main__":
    main()
