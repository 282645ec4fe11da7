"""A drawing gives its words and its picture, and reaches for nothing outside of it."""

from __future__ import annotations

import gzip
import io
import time
from pathlib import Path

import pytest
from PIL import Image

from kimi_files.errors import DamagedFile, TooComplex
from kimi_files.extract import svg
from kimi_files.extract.picture import LONG_SIDE, Drawing
from tests.engine.extract.reading import read

SPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
CHART = (
    f'<?xml version="1.0"?><svg {SPACE} width="200" height="100"><title>Sales &amp; costs</title><desc>By year</desc>'
    "<style>text { fill: red }</style><metadata>by a program</metadata>"
    '<rect width="50" height="100" fill="#00ff00"/><text x="1">North <tspan>and</tspan> South</text>'
    '<text><tspan y="1">first line</tspan><tspan y="2">second line</tspan></text></svg>'
)


def drawn(content: str | bytes) -> Drawing:
    (drawing,) = svg.draw(io.BytesIO(content if isinstance(content, bytes) else content.encode()), "a.svg")
    return drawing


def pixels(content: str | bytes) -> Image.Image:
    return Image.open(io.BytesIO(drawn(content).data)).convert("RGBA")


@pytest.mark.parametrize("content", [CHART.encode(), CHART.encode("utf-16"), gzip.compress(CHART.encode())])
def test_words_of_a_drawing_are_its_text(content: bytes) -> None:
    reading = read(svg.read, content, "a.svgz" if content.startswith(b"\x1f\x8b") else "a.svg")
    assert reading.texts == ["Sales & costs\nBy year\nNorth and South\nfirst line\nsecond line"]
    assert reading.pages[0].title == "Sales & costs"
    assert reading.warnings == ["These are the words of the picture; call with pictures=true to see it."]


def test_what_stands_for_markup_in_a_switch_is_not_told_twice() -> None:
    def box(words: str, instead: str) -> str:
        html = f'<foreignObject><div xmlns="http://www.w3.org/1999/xhtml">{words}</div></foreignObject>'
        return f"<g><switch>{html}<text>{instead}</text></switch></g>"

    drawing = f"<svg {SPACE}>{box('A long label', 'A long...')}{box('', 'Without')}<text>After</text></svg>"
    assert read(svg.read, drawing.encode(), "a.svg").texts == ["A long label\nWithout\nAfter"]


def test_a_drawing_without_words_is_a_picture_without_text() -> None:
    (page,) = read(svg.read, f"<svg {SPACE}><rect/></svg>".encode(), "a.svg").pages
    assert (page.kind, page.text, page.without_text) == ("picture", "", True)


def test_a_drawing_is_drawn_as_large_as_models_take_it() -> None:
    image = pixels(CHART)
    assert image.size == (LONG_SIDE, LONG_SIDE // 2)
    assert image.getpixel((100, 700)) == (0, 255, 0, 255)


@pytest.mark.parametrize(
    "size", ['width="60000" height="60000"', 'viewBox="0 0 10 1000000"', 'width="1e9" height="1"', 'viewBox="0 0 1 1"']
)
def test_no_size_that_a_drawing_claims_makes_its_picture_larger(size: str) -> None:
    drawing = drawn(f"<svg {SPACE} {size}><circle r='1'/></svg>")
    assert max(drawing.width, drawing.height) <= LONG_SIDE


@pytest.mark.parametrize(
    "reference",
    [
        "xlink:href='{path}'",
        'href="{path}"',
        'href = "file://{path}"',
        'href="&#47;{path}"',
        "xmlns:x='http://www.w3.org/1999/xlink' x:href='{path}'",
        'href="&place;"',
    ],
)
def test_files_beside_a_drawing_are_not_drawn(tmp_path: Path, reference: str) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), "red").save(secret)
    used = reference.format(path=secret)
    content = (
        f'<!DOCTYPE svg [<!ENTITY place "{secret}">]><svg {SPACE} width="10" height="10">'
        f'<image {used} width="10" height="10"/></svg>'
    )
    assert pixels(content).getcolors() == [(LONG_SIDE * LONG_SIDE, (0, 0, 0, 0))]


def test_entities_of_programs_are_known_and_bombs_are_not_expanded() -> None:
    declared = '<!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg"><!ENTITY green "#00ff00">]>'
    image = pixels(
        f'{declared}<svg xmlns="&ns;" width="2" height="2"><rect width="2" height="2" fill="&green;"/></svg>'
    )
    assert image.getpixel((5, 5)) == (0, 255, 0, 255)
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    start = time.perf_counter()
    with pytest.raises((DamagedFile, TooComplex)):
        drawn(f'<!DOCTYPE svg [<!ENTITY a0 "ha">{laughs}]><svg {SPACE}><text>&a11;</text></svg>')
    assert time.perf_counter() - start < 10
    many = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 10_000}">]><svg {SPACE}><text>{"&a;" * 10_000}</text></svg>'
    with pytest.raises(TooComplex):
        drawn(many)


def test_parts_inside_of_parts_are_drawn_or_refused_and_never_end_the_process() -> None:
    def nested(depth: int) -> str:
        square = '<rect width="2" height="2" fill="#00ff00"/>'
        return f'<svg {SPACE} width="2" height="2">{"<g>" * depth}{square}{"</g>" * depth}</svg>'

    assert pixels(nested(900)).getpixel((5, 5)) == (0, 255, 0, 255)
    with pytest.raises(TooComplex):
        drawn(nested(200_000))


def test_what_unpacks_without_end_or_not_at_all_is_refused() -> None:
    with pytest.raises(TooComplex):
        read(svg.read, gzip.compress(bytes(40 << 20), 9), "a.svgz")
    with pytest.raises(DamagedFile):
        read(svg.read, b"\x1f\x8b\x08\x00rubbish that is no stream", "a.svgz")
    with pytest.raises(DamagedFile):
        drawn("<svg><g>")


@pytest.mark.skipif(not any(Path("/usr/share/fonts").rglob("*Sans*.ttf")), reason="no fonts on this machine")
@pytest.mark.parametrize("family", ["", 'font-family="Arial"', 'font-family="None Such, sans-serif"'])
def test_words_are_drawn_in_fonts_that_are_there(family: str) -> None:
    image = pixels(
        f'<svg {SPACE} width="200" height="50"><text {family} x="10" y="30" font-size="20">Hello</text></svg>'
    )
    assert image.getchannel("A").getextrema() == (0, 255)
