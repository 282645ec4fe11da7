"""What stands around the content of a web page: menus, footers, notices. It is set apart, not dropped: a guess may be wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

_MARKUP = re.compile(
    r"""<!--|<(?P<close>/?)(?P<tag>[a-z][\w-]*)(?P<attributes>(?>(?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}')*))>""",
    re.IGNORECASE,
)
_RAW_END = {
    tag: re.compile(rf"</{tag}\s*>", re.IGNORECASE)
    for tag in ("script", "style", "template", "textarea", "noscript", "svg")
}
_BLOCKS = frozenset(
    (
        "nav",
        "header",
        "footer",
        "aside",
        "main",
        "article",
        "section",
        "div",
        "ul",
        "ol",
        "dl",
        "form",
        "dialog",
        "table",
    )
)
_ATTRIBUTE = re.compile(r"""\b(role|class|id)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_BLANKS = re.compile(r"\s+|&nbsp;")

_BREAKS = _BLOCKS | {"p", "li", "dt", "dd", "td", "th", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"}
_TAGS = ("nav", "footer", "aside", "dialog")
_ROLES = frozenset(
    ["navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar", "complementary"]
)
# Words of classes and ids that programs for web sites give such parts; whole words only, "navy" is a colour.
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:(?:main|top|sub|site|primary|global|mega|user|footer|side|mobile)?-?(?:nav|navs|navbar|navigation|menu|menus)"
    r"|breadcrumbs?|bread-crumbs?|side-?bar|foot|(?:site|page|global|main)?-?footer|masthead|cookies?|consent|gdpr"
    r"|shar(?:e|ing|er)|sharedaddy|addthis|addtoany|social|socials|social-?(?:links|media|share|sharing|icons|bar|buttons)"
    r"|relat(?:ed|ion)s?|recommend(?:ed|ation|ations|s)?|recirc(?:ulation)?|similar|read-?(?:next|also)|up-?next|prev-?next|next-?prev|cta|outbrain|taboola|more-?(?:stories|news|articles|from)"
    r"|newsletter|subscri(?:be|ption)|sign-?up|promos?|promo(?:tion|ted)s?|adverts?|advertise?ments?|ad-?(?:slot|container|wrapper|box|unit|banner)s?|sponsor(?:ed|s)?"
    r"|pop-?up|modal|overlay|tool-?bar|paginat(?:ion|or)|pager|widget-area|tags?-?(?:list|links|cloud)?|trending|most-?(?:read|popular)"
    r"|popular|recent|recent-?(?:posts|news|articles|stories)|latest|latest-?news|login|comments?|comment-?(?:list|form|respond|area|section)|respond|disqus|disqus_thread|author-?(?:bio|box|info)|post-?(?:meta|navigation|nav)"
    r"|skip-?links?|site-?header|print|hidden-print|copyright|legal)(?=$|[\s_-])",
    re.IGNORECASE,
)
# What WordPress calls a post has its tags and categories among its names.
_POST = re.compile(r"(?:^|\s)(?:hentry|h-entry|type-post|blog-posts?)(?=$|\s)")
# Camel case says the same: "relatedArticles", "sideBar".
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_LONGEST_NAMES = 1_000
# Of the characters on the page that are no link: what content has at least, what furniture has at most, what has to be left.
_CONTENTS = {"main": 0.35, "article": 0.6}
_FURNITURE_SHARE = 0.6
# A name alone may mislead where much is said.
_NAMED_SHARE = 0.2
_MOSTLY_LINKS = 2.0
_LEFT_SHARE = 0.25
_LEFT_CHARACTERS = 250
_LIST_OF_LINKS = 2.0
_FEWEST_LINKED = 60
# A paragraph has so many characters; where they make so much of the page, the part with nearly all of them is the content, and
# what says more outside of it stays, too.
_PARAGRAPH = 80
_FEWEST_SAID = 250
_PARAGRAPHS_SHARE = 0.4
_NEARLY_ALL = 0.8
_MOST_SAID = 200


@dataclass(slots=True)
class _Block:
    """``end`` is -1 where its end tag is missing; ``titles`` and ``tables`` count main headings and headings of tables in it.

    ``said`` are the characters of its paragraphs, ``open`` all that are no link, both without what is ``marked``; ``title``
    is where the first main heading of the page begins.
    """

    tag: str
    start: int
    role: str = ""
    named: bool = False
    end: int = -1
    characters: int = 0
    linked: int = 0
    titles: int = 0
    tables: int = 0
    said: int = 0
    open: int = 0
    title: int = 0
    inner: list[_Block] = field(default_factory=list)

    @property
    def marked(self) -> bool:
        """Whether it says itself that it is furniture."""
        return self.named or self.tag in _TAGS or self.role in _ROLES

    @property
    def plain(self) -> int:
        """Characters that are no link."""
        return self.characters - self.linked


def apart(markup: str) -> tuple[str, str]:
    """The page without what stands around its content, and that; the second is empty where it cannot be told for sure."""
    page = _blocks(markup)
    if page is None:
        return markup, ""
    outer = _content(page)
    content = _innermost(outer or page)
    cuts = _outermost(page, lambda block: _is_furniture(block, page, outer, content))
    left = page.plain - sum(block.plain for block in cuts)
    if not cuts or left < max(_LEFT_CHARACTERS, _LEFT_SHARE * page.plain):
        return markup, ""
    kept, position = [], 0
    for block in cuts:
        kept.append(markup[position : block.start])
        position = block.end
    return "".join(kept) + markup[position:], "\n".join(markup[block.start : block.end] for block in cuts)


def _content(page: _Block) -> _Block | None:
    """The part that says it is the content, if it holds as much of what is no link as is likely."""
    for name, share in _CONTENTS.items():
        found = [block for block in _outermost(page, partial(_is_called, name)) if block.end > 0]
        largest = max(found, key=lambda block: block.plain, default=None)
        if largest is not None and largest.plain >= share * page.plain:
            return largest
    return None


def _innermost(block: _Block) -> _Block | None:
    """The smallest part with nearly all that is said in paragraphs; None where little is said so."""
    least = max(_PARAGRAPHS_SHARE * block.open, _FEWEST_SAID)
    if block.said < least:
        return None
    total, start = block.said, block
    while inner := max(block.inner, key=lambda each: 0 if each.marked or each.end < 0 else each.said, default=None):
        if inner.marked or inner.end < 0 or inner.said < _NEARLY_ALL * total:
            break
        block = inner
    return None if block is start and block.tag == "body" else block


def _is_called(name: str, block: _Block) -> bool:
    return block.tag == name


def _holds(block: _Block, part: _Block | None) -> bool:
    return part is not None and (block is part or _is_in(part, block))


def _is_in(block: _Block, other: _Block) -> bool:
    return other.start < block.start < other.end


def _outermost(page: _Block, wanted: Callable[[_Block], bool]) -> list[_Block]:
    """Blocks that are wanted, without those inside of them, in order."""
    found, waiting = [], page.inner[::-1]
    while waiting:
        block = waiting.pop()
        if wanted(block):
            found.append(block)
        else:
            waiting.extend(reversed(block.inner))
    return found


def _is_furniture(block: _Block, page: _Block, outer: _Block | None, content: _Block | None) -> bool:
    if block.end < 0 or not block.characters or any(_holds(block, part) for part in (outer, content)):
        return False
    if block.plain > _FURNITURE_SHARE * page.plain or 0 < block.titles == page.titles:
        return False
    if block.tag in _TAGS or block.role in _ROLES:
        return True
    is_outside = content is not None and not _is_in(block, content)
    if block.named:
        return is_outside or block.plain <= max(_NAMED_SHARE * page.plain, _MOSTLY_LINKS * block.linked)
    if block.titles or (block.tables and block.plain > block.linked):
        return False
    if outer is not None and not _is_in(block, outer):
        return True
    if content is not None and is_outside:
        # Between the title and the text stand its author, its date, and what it says in short.
        is_introduction = page.title < block.start < content.start and block.plain >= block.linked
        return block.said <= _MOST_SAID and not is_introduction
    return block.linked >= max(_FEWEST_LINKED, _LIST_OF_LINKS * block.plain)


# ---- the tree of blocks


def _blocks(markup: str) -> _Block | None:
    """What stands in what, and how much text and how much of it as links; None for a page that breaks off in the middle."""
    page = _Block("body", 0, end=len(markup))
    stack, opened = [page], Counter[str]()
    position, in_link, in_title, run = 0, False, False, 0
    while match := _MARKUP.search(markup, position):
        count = 0 if in_title else len(_BLANKS.sub("", markup[position : match.start()]))
        _count(stack[-1], count, in_link)
        run += 0 if in_link else count
        tag, closes, position = (match["tag"] or "").lower(), bool(match["close"]), match.end()
        if tag in _BREAKS:
            stack[-1].said += run if run >= _PARAGRAPH else 0
            run = 0
        if not tag:
            position = markup.find("-->", position - 2) + 3
        elif tag in _RAW_END and not closes and not match["attributes"].endswith("/"):
            found = _RAW_END[tag].search(markup, position)
            position = found.end() if found else 0
        if position < match.end():
            return None
        if tag == "a":
            in_link = not closes
        elif tag == "title":
            in_title = not closes
        elif tag == "h1" and not closes:
            stack[-1].titles += 1
            page.title = page.title or match.start()
        elif tag == "th" and not closes:
            stack[-1].tables += 1
        elif tag in _BLOCKS and closes:
            _close(stack, opened, tag, position)
        elif tag in _BLOCKS and not match["attributes"].endswith("/"):
            block = _Block(tag, match.start(), *_described(match["attributes"]))
            stack[-1].inner.append(block)
            stack.append(block)
            opened[tag] += 1
    while len(stack) > 1:
        _leave(stack, opened)
    return page


def _count(block: _Block, characters: int, in_link: bool) -> None:
    block.characters += characters
    if in_link:
        block.linked += characters
    else:
        block.open += characters


def _close(stack: list[_Block], opened: Counter[str], tag: str, end: int) -> None:
    if not opened[tag]:
        return
    while stack[-1].tag != tag:
        _leave(stack, opened)
    stack[-1].end = end
    _leave(stack, opened)


def _leave(stack: list[_Block], opened: Counter[str]) -> None:
    block = stack.pop()
    opened[block.tag] -= 1
    stack[-1].characters += block.characters
    stack[-1].linked += block.linked
    stack[-1].titles += block.titles
    stack[-1].tables += block.tables
    if not block.marked:
        stack[-1].said += block.said
        stack[-1].open += block.open


def _described(attributes: str) -> tuple[str, bool]:
    """Its role, and whether its class or id is a name that such parts have."""
    role, named = "", False
    for match in _ATTRIBUTE.finditer(attributes):
        value = match[2] or match[3] or match[4] or ""
        if match[1].lower() == "role":
            role = value.strip().lower()
        elif len(value) < _LONGEST_NAMES:
            named |= not _POST.search(value) and _NAMES.search(_CAMEL.sub("-", value)) is not None
    return role, named
