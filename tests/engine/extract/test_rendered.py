"""What programs add to a page to show it is undone: a formula is said once, code keeps its lines, a heading is its words."""

from __future__ import annotations

import pytest

from kimi_files.extract.rendered import undone
from kimi_files.extract.web import as_markdown

TEX = '<annotation encoding="application/x-tex">a_i &lt; b\\,\\{c\\}</annotation>'
MATHML = f"<math><semantics><mrow><msub><mi>a</mi><mi>i</mi></msub></mrow>{TEX}</semantics></math>"
CODE = "```\ndef f():\n    return 1\n```"


def text(markup: str) -> str:
    return as_markdown(markup)[0].strip()


def test_a_formula_that_is_written_several_times_is_said_once_as_tex() -> None:
    katex = (
        f'<span class="katex"><span class="katex-mathml">{MATHML}</span>'
        '<span class="katex-html" aria-hidden="true"><span class="base"><span class="strut"/>a<span>i</span></span></span></span>'
    )
    assert text(f"<p>As {katex} says.</p>") == r"As $a_i < b\,\{c\}$ says."
    wiki = (
        '<span class="mwe-math-element"><span class="mwe-math-mathml-inline mwe-math-mathml-a11y" style="display: none;">'
        '<math><mi>x</mi><annotation encoding="application/x-tex">{\\displaystyle x}</annotation></math></span>'
        '<img src="https://x.example/1" class="mwe-math-fallback-image-inline" alt="{\\displaystyle x}"/></span>'
    )
    assert text(f"<p>As {wiki} says.</p>") == "As $x$ says."
    assert text(MATHML.replace("<math", '<math display="block"')) == r"$$a_i < b\,\{c\}$$"
    assert text("<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>") == "1/2"


def test_a_formula_in_a_script_is_said_without_what_shows_it() -> None:
    shown = '<span class="MathJax_Preview">a</span><span class="MathJax" id="M-1"><span class="math">ab</span></span>'
    page = f'<p>As {shown}<script type="math/tex" id="M">a_b</script> says.</p>'
    assert text(f'{page}<script type="math/tex; mode=display">c < d</script>') == "As $a_b$ says.\n\n$$c < d$$"


@pytest.mark.parametrize(
    "page",
    [
        '<table class="highlighttable"><tr><td class="linenos"><div><pre>1\n2</pre></div></td>'
        '<td class="code"><div><pre><span>def</span> f():\n    return 1\n</pre></div></td></tr></table>',
        '<figure class="highlight"><table><tbody><tr><td class="gutter"><pre>1<br>2<br></pre></td><td class="code"><pre>'
        '<span class="line">def f():</span><br><span class="line">    return 1</span><br></pre></td></tr></tbody></table>',
    ],
    ids=["sphinx", "hexo"],
)
def test_code_beside_its_line_numbers_keeps_its_lines(page: str) -> None:
    assert text(page) == CODE


def test_headings_are_their_words_without_links_to_them_and_to_edit_them() -> None:
    assert text('<h2>Use<a class="headerlink" href="#use" title="Permalink">¶</a></h2>') == "## Use"
    assert text("<h2><a href='/p#use'>#</a> Use</h2>") == "## Use"
    assert text('<p>f()<a href="#f">¶</a> and <a href="#g">¶</a> more</p>') == "f() and more"
    edit = '<span class="mw-editsection"><span>[</span><a href="/w?action=edit">edit</a><span>]</span></span>'
    assert text(f'<h2><span id="H">History</span>{edit}</h2><p>Old.</p>') == "## History\n\nOld."
    assert "[# 7](/issues#7)" in text('<p>See <a href="/issues#7"># 7</a></p>')


def test_what_does_not_end_is_left_as_it_is() -> None:
    for start in (
        '<span class="mw-editsection">',
        '<span class="katex-html">application/x-tex',
        '<math><annotation encoding="application/x-tex">',
    ):
        assert "words" in text(f"<p>words {start * 2000} more</p>")


def test_what_would_be_tried_in_many_ways_is_tried_once() -> None:
    page = "<table><tr><td>" + "<pre>" * 100_000 + "</td><td>lineno"
    assert undone(page)[0] == page
    link = f"[#]({'#' * 500_000} "
    assert undone(page)[1](link) == link


def test_a_mark_that_a_page_writes_itself_is_left_as_it_is() -> None:
    assert text(f"<p>{MATHML} \ue0ad9\ue0ad words</p>") == "$a_i < b\\,\\{c\\}$ \ue0ad9\ue0ad words"
