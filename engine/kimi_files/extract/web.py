"""HTML as Markdown: headings, links, tables and descriptions of pictures stay; scripts and styles go."""

from __future__ import annotations

import base64
import contextlib
import html
import re
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import BinaryIO

from kimi_files.extract import rendered
from kimi_files.extract.document import Advance, OutlineEntry, PageText, Warning  # noqa: A004
from kimi_files.extract.encoding import Decoded, detect_encoding
from kimi_files.extract.furniture import apart
from kimi_files.extract.markdown import headings, sections
from kimi_files.extract.office.markdown import is_power
from kimi_files.extract.pieces import one_line, page_texts, sentence
from kimi_files.extract.text import warnings
from kimi_files.formats import Format

AROUND = "menus"
"""The label of the page with what stands around a web page's content."""

# Browsers, too, look for it in the first kilobyte; XHTML may say it in its first line.
_DECLARED = re.compile(
    rb"""<meta[^>]+charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]+encoding\s*=\s*["']([\w.:-]+)""", re.I
)
_DECLARED_WITHIN = 4096
# Text that a browser does not show is kept, since tabs and folded parts hold it too, but says so.
_HIDING = r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
# A raised text behind a letter, a number or a bracket; links to notes are none.
_RAISED = re.compile(
    r"(?:(?<=[\w)\]])|(?<=</i>)|(?<=</em>)|(?<=</var>)|(?<=</b>))<sup(?: [^<>]*)?>\s{0,9}([^<>\s]{1,8})\s{0,9}</sup>"
)
_WORTH_LOOKING = re.compile(_HIDING, re.IGNORECASE)
_HIDDEN = re.compile(
    r"<(?:div|span|p|section|article|aside|a|b|i|em|strong|font|label|li|t[dh]|h[1-6])\s"
    rf"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*?\bstyle\s*=\s*(?:"[^"<]*?(?:{_HIDING})[^"<]*"|'[^'<]*?(?:{_HIDING})[^'<]*')"""
    r"""(?:[^<>"']|"[^"<]*"|'[^'<]*')*>(?!\s*</)""",
    re.IGNORECASE,
)

# Bing, Google, Microsoft's and Facebook's gate before a link.
_WORTH_UNWRAPPING = re.compile(r"bing\.com/ck/a|google\.[a-z.]{2,6}/url|safelinks\.protection|facebook\.com/l\.php")
_DETOUR = re.compile(
    r"https?://(?:www\.bing\.com/ck/a|(?:www\.)?google\.[a-z.]{2,6}/url|[\w.-]{1,60}safelinks\.protection\.outlook\.com/"
    r"|l\.facebook\.com/l\.php)\?[^\s()<>\"\]]{1,4000}"
)
# An address that has no words of its own is said once.
_WORDLESS = re.compile(r"\[(https?://(?>[^\s\[\]()<>]{1,4000}))\]\(\1\)")
_TITLE = re.compile(r"<title(?:\s[^>]*)?>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_TITLE_WITHIN = 1 << 16
# What a site joins its name to a headline with.
_JOINED_TITLES = re.compile(r"\s+[|:·•»«›‹/–—-]+\s+|\s*[｜|»›]\s*|:\s+|：")
_NEAR, _FIRST_HEADINGS, _TOP_LEVELS, _LEAST_TITLE = 20_000, 30, 3, 6

# Pictures and frames that tell a server that the page was read, and blanks that were pictures: a dot, or nothing at all.
_UNSEEN = re.compile(
    r"""<(?:img|iframe)\b(?=[^<>]{0,2000}\s(?:width|height)\s*=\s*["']?[01](?:px)?["'\s/>])"""
    r"""(?![^<>]{0,2000}\salt\s*=\s*["']?[^"'\s<>])[^<>]{0,2000}>""",
    re.IGNORECASE,
)

# In XHTML any element may close itself; as HTML, a title or a script that does would swallow the rest of the page.
_XHTML_START = re.compile(r"\A\s*<\?xml|http://www\.w3\.org/1999/xhtml")
_SELF_CLOSED = re.compile(
    r"<(title|style|script|textarea|iframe|noscript|a|b|i|em|strong|span|div|p|h[1-6]|li|t[dh])\b"
    r"""((?>(?:[^<>"'/]|"[^"<]*"|'[^'<]*'|/(?!>))*))/>""",
    re.IGNORECASE,
)


def read(
    stream: BinaryIO,
    name: str,
    format: Format,  # noqa: A002
) -> Iterator[PageText | OutlineEntry | Warning | Advance]:
    """The text in sections, with its headings; the title above it where no heading says the same."""
    decoded = decoded_markup(stream)
    markup = "".join(decoded)
    yield from warnings(decoded)
    page = converted(markup)
    del markup
    yield from page_events([page])


@dataclass(frozen=True, slots=True)
class Page:
    """``text`` has the title above it where no heading says the same; ``around`` are menus and the like; ``messages`` are
    what the converter warns of."""

    text: str
    around: str
    messages: Sequence[str]


def converted(markup: str) -> Page:
    """A whole page as Markdown, its content apart from what stands around it."""
    content, around = apart(markup)
    text, messages = as_markdown(content)
    words, more = "", list(messages)
    if around:
        words, others = as_markdown(around, is_xhtml=_XHTML_START.search(markup, 0, _TITLE_WITHIN) is not None)
        words, more = words.strip(), [*messages, *others]
    return Page(_titled(text, _title(markup), words), words, more)


def page_events(pages: Sequence[Page]) -> Iterator[PageText | OutlineEntry | Warning]:
    """The content in sections, and last, as a page of its own, what stands around it."""
    around = "\n\n".join(page.around for page in pages if page.around)
    number = 0
    for event in sections("\n\n".join(text for page in pages if (text := page.text.strip()))):
        if isinstance(event, PageText):
            number = max(number, event.number)
            if around:  # of two pages, neither is called by its lines
                event = replace(event, kind="section")
        yield event
    if around:
        yield from page_texts(number + 1, AROUND, "section", None, around)
    for message in dict.fromkeys(message for page in pages for message in page.messages):
        yield Warning(message=sentence(message))


def decoded_markup(stream: BinaryIO, declared: str | None = None) -> Decoded:
    """The characters of a page in the encoding that is ``declared`` for it, that it declares, or that it is in."""
    return Decoded(stream, detect_encoding(stream, declared or _declared(stream)))


def as_markdown(markup: str, *, is_xhtml: bool = False) -> tuple[str, list[str]]:
    """A page, or a part of one, as Markdown, and what the converter warns of. XHTML is recognised by its beginning, too."""
    import html_to_markdown

    if "<sup" in markup:
        markup = _RAISED.sub(lambda raised: f"^{raised[1]}" if is_power(raised[1], "x") else raised[0], markup)
    markup, finished = rendered.undone(_UNSEEN.sub(" ", markup))
    if _WORTH_LOOKING.search(markup):
        markup = _HIDDEN.sub(r"\g<0>[hidden] ", markup)
    is_xhtml = is_xhtml or _XHTML_START.search(markup, 0, _TITLE_WITHIN) is not None
    result = html_to_markdown.convert(
        _SELF_CLOSED.sub(r"<\1\2></\1>", markup) if is_xhtml else markup,
        html_to_markdown.ConversionOptions(
            extract_metadata=False,
            bullets="*-+",
            # Tabs, folded parts and menus hold text, too: nothing of the page is left out.
            hidden_content="all",
            preprocessing=html_to_markdown.PreprocessingOptions(
                enabled=False, remove_navigation=False, remove_forms=False
            ),
            # A picture inside of the page as base64 would be nothing but tokens.
            inline_data_media="alt_text_only",
            compact_tables=True,
            br_in_tables=True,
        ),
    )
    # Where a word may be parted, browsers show nothing, and no one who looks for the word types it.
    content = (result.content or "").replace("\u00ad", "")
    text = _WORDLESS.sub(r"<\1>", content)
    return finished(_unwrapped(text)), [warning.message for warning in result.warnings]


def _unwrapped(text: str) -> str:
    """Links to where they lead, without the detours that search engines and mail scanners put before it."""
    if not _WORTH_UNWRAPPING.search(text):
        return text
    return _DETOUR.sub(lambda match: _target(match[0]) or match[0], text)


def _target(address: str) -> str:
    parts = urllib.parse.urlsplit(address.replace("&amp;", "&"))
    query = urllib.parse.parse_qs(parts.query)
    for key in ("u", "url", "q"):
        for value in query.get(key, ()):
            if key == "u" and value.startswith("a1"):
                with contextlib.suppress(ValueError):
                    value = base64.urlsafe_b64decode(value[2:] + "=" * (-len(value[2:]) % 4)).decode()
            if value.startswith("/") and parts.netloc.endswith("bing.com"):
                value = f"https://www.bing.com{value}"
            if value.startswith(("http://", "https://")):
                # Nothing that ends a link of Markdown may come out of it.
                return urllib.parse.quote(value, safe="%/:=&?~#+!$,;'@*[]-._")
    return ""


def _declared(stream: BinaryIO) -> str | None:
    stream.seek(0)
    match = _DECLARED.search(stream.read(_DECLARED_WITHIN))
    if match is None:
        return None
    name = (match[1] or match[2]).decode()
    # What says UTF-16 in single bytes cannot be UTF-16.
    return None if name.lower().startswith(("utf-16", "utf-32")) else name


def _title(markup: str) -> str:
    match = _TITLE.search(markup, 0, _TITLE_WITHIN)
    return one_line(html.unescape(match[1])) if match else ""


def _titled(text: str, title: str, around: str) -> str:
    """The text with the page's title above it, unless its headings say it. Most sites add their name to the headline."""
    near = [heading for heading in islice(headings(text[:_NEAR]), _FIRST_HEADINGS) if heading.level <= _TOP_LEVELS]
    folded = title.casefold()
    if not title or (near and near[0].title.casefold() == folded):
        return text
    said = [heading for heading in near if len(heading.title) >= _LEAST_TITLE and heading.title.casefold() in folded]
    if not said:
        return f"# {title}\n\n{text}"
    everything = " ".join(f"{text} {around}".casefold().split())
    if all(part.casefold() in everything for part in _JOINED_TITLES.split(title) if part):
        return text
    # As a heading it would stand twice in the outline, and part the headline from what stands above it.
    end = text.find("\n", said[0].start)
    return f"{text[:end]}\n\n{title}{text[end:]}" if end > 0 else f"{text}\n\n{title}"
