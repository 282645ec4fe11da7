"""Undoes what programs add to a page to show it: formulas written three times, line numbers beside code, signs beside headings
that link to them, and links to edit a section."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

# A private sign, which no page writes around a number: a formula is put back when the rest is Markdown.
_FORMULA = "\ue0ad"
_FORMULAS = re.compile(f"{_FORMULA}(\\d{{1,7}}){_FORMULA}")
_TEX = re.compile(r'<annotation\b[^<>]*\bencoding\s*=\s*"application/x-tex"[^<>]*>', re.IGNORECASE)
_SCRIPT = re.compile(
    r"""<script\b[^<>]{0,200}\btype\s*=\s*["']math/tex(;\s*mode=display)?["'][^<>]{0,200}>""", re.IGNORECASE
)
# How Wikipedia marks what a browser without MathML does not see, and shows it instead.
_WIKI_HIDDEN = re.compile(r'(<span\b[^<>]{0,300}class="mwe-math-mathml[^<>]{0,300}?)\sstyle="[^"<>]{0,200}"')
_WIKI_PICTURE = re.compile(r'<img\b[^<>]{0,2000}class="mwe-math-fallback-image[^<>]{0,2000}>')

_SPAN = re.compile(r"<(/?)span\b[^<>]*?(/?)>", re.IGNORECASE)
_SHOWN_FORMULA = re.compile(r'<span\b[^<>]{0,300}class="katex-html"', re.IGNORECASE)
_OLD_FORMULA = re.compile(r'<span\b[^<>]{0,300}class="MathJax(?:_Preview)?"', re.IGNORECASE)
_EDIT = re.compile(r'<span\b[^<>]{0,300}class="mw-editsection"', re.IGNORECASE)

# As Markdown: there is less of it to go through.
_SIGNS = "¶§#🔗\u200b"
_LINK = rf"""\[\\?[{_SIGNS}]\]\((?:<[^<>\n#]*+#[^<>\n]*+>|[^()\s<>#]*+#[^()\s]*+)(?:[ ]"[^"\n]*")?\)"""
_LINK_TO_HEADING = re.compile(rf"(?<=[ \t]){_LINK}[ \t]?|{_LINK}")

_NUMBERS = re.compile(
    r"""<td\b[^<>]{0,300}class\s*=\s*["'][^"'<>]{0,100}(?:gutter|lineno)[^"'<>]{0,100}["'][^<>]{0,300}>"""
    r"(?:(?!</?td\b).)*</td\s*>",
    re.IGNORECASE | re.DOTALL,
)
# Nothing is tried twice here: a cell may begin with any number of these.
_WITHIN = r"(?>(?:(?!</?t[dr]\b|</?table\b).)*)"
_BEFORE_CODE = r"(?>(?:(?!</?t[dr]\b|</?table\b|<pre\b).)*)"
_CODE_IN_TABLE = re.compile(
    r"<table\b[^<>]{0,500}>\s*(?:<tbody\b[^<>]{0,200}>\s*)?<tr\b[^<>]{0,200}>\s*<td\b[^<>]{0,500}>"
    rf"({_BEFORE_CODE}<pre\b{_WITHIN})</td\s*>\s*</tr\s*>\s*(?:</tbody\s*>\s*)?</table\s*>",
    re.IGNORECASE | re.DOTALL,
)


def undone(markup: str) -> tuple[str, Callable[[str], str]]:
    """The markup without all that, and what finishes the Markdown that is made of it: it puts the formulas in as TeX."""
    formulas: list[str] = []

    def kept(tex: str, is_display: bool) -> str:
        tex = " ".join(html.unescape(tex).split()).removeprefix("% <![CDATA[").removesuffix("%]]>").strip()
        if tex.startswith(r"{\displaystyle ") and tex.endswith("}"):
            tex = tex[15:-1]
        formulas.append(f"$${tex}$$" if is_display else f"${tex}$")
        return f"{_FORMULA}{len(formulas) - 1}{_FORMULA}"

    if "math/tex" in markup:
        markup = _without_spans(markup, _OLD_FORMULA)
        markup = _with_scripts(markup, kept)
    if "application/x-tex" in markup:
        if "katex-html" in markup:
            markup = _without_spans(markup, _SHOWN_FORMULA)
        if "mwe-math" in markup:
            markup = _WIKI_PICTURE.sub("", _WIKI_HIDDEN.sub(r"\1", markup))
        markup = _with_tex(markup, kept)
    if "mw-editsection" in markup:
        markup = _without_spans(markup, _EDIT)
    if "<pre" in markup and ("gutter" in markup or "lineno" in markup):
        markup = _CODE_IN_TABLE.sub(r"<div>\1</div>", _NUMBERS.sub("", markup))

    def finished(text: str) -> str:
        if any(f"{sign}](" in text for sign in _SIGNS):
            text = _LINK_TO_HEADING.sub("", text)
        # A page may write such a mark itself.
        return _FORMULAS.sub(lambda mark: formulas[int(mark[1])] if int(mark[1]) < len(formulas) else mark[0], text)

    return markup, finished


def _with_scripts(markup: str, kept: Callable[[str, bool], str]) -> str:
    """With what stands for the formulas that scripts of MathJax hold."""
    parts, position = [], 0
    while (script := _SCRIPT.search(markup, position)) and (end := markup.find("</script", script.end())) >= 0:
        parts += [markup[position : script.start()], kept(markup[script.end() : end], script[1] is not None)]
        position = markup.find(">", end) + 1 or len(markup)
    return "".join([*parts, markup[position:]])


def _with_tex(markup: str, kept: Callable[[str, bool], str]) -> str:
    """With what stands for its formulas where the page says them in TeX, too."""
    parts, position = [], 0
    while (start := markup.find("<math", position)) >= 0 and (end := markup.find("</math>", start)) >= 0:
        end += len("</math>")
        tex = _TEX.search(markup, start, end)
        tex_end = markup.find("</annotation", tex.end(), end) if tex else -1
        parts.append(markup[position:start])
        if tex and tex_end >= 0:
            is_display = markup.find('display="block"', start, markup.find(">", start)) >= 0
            parts.append(kept(markup[tex.end() : tex_end], is_display))
        else:
            parts.append(markup[start:end])
        position = end
    return "".join([*parts, markup[position:]])


def _without_spans(markup: str, first: re.Pattern[str]) -> str:
    """Without the elements that begin so; with all that follows where one of them does not end."""
    parts, position = [], 0
    while found := first.search(markup, position):
        depth, end = 0, -1
        for tag in _SPAN.finditer(markup, found.start()):
            if not tag[2]:  # in XHTML, one may close itself
                depth += -1 if tag[1] else 1
            if not depth:
                end = tag.end()
                break
        if end < 0:
            break
        parts.append(markup[position : found.start()])
        position = end
    return "".join([*parts, markup[position:]])
