"""Slides keep what their XML says: points with their numbers, charts, diagrams, comments, links, footers once."""

from __future__ import annotations

import io
import zipfile

from kimi_files.extract.office.package import Package
from kimi_files.extract.office.slides_package import slides
from tests.samples.slides import Slide, pptx


def written(shapes: str, extra: dict[str, str] | None = None, relations: str = "") -> list[str]:
    """The blocks of a slide of these shapes, with further parts that it refers to."""
    content = io.BytesIO(pptx([Slide("Title")]))
    with zipfile.ZipFile(content, "a") as package:
        for name, part in (extra or {}).items():
            package.writestr(name, part)
    package = Package(content.getvalue())
    slide = package.part("ppt/slides/slide1.xml").replace(b"</p:spTree>", f"{shapes}</p:spTree>".encode())
    related = package.part("ppt/slides/_rels/slide1.xml.rels").replace(
        b"</Relationships>", f"{relations}</Relationships>".encode()
    )
    changed = {"ppt/slides/slide1.xml": slide, "ppt/slides/_rels/slide1.xml.rels": related}
    found = slides(Package(package.rewritten(changed)))
    return [block.text for block in found[0].blocks]


def frame(left: int, top: int, width: int, height: int) -> str:
    """A place in millimetres."""
    return f'<a:xfrm><a:off x="{36000 * left}" y="{36000 * top}"/><a:ext cx="{36000 * width}" cy="{36000 * height}"/></a:xfrm>'


def box(*paragraphs: str, place: str = "", at: str = "") -> str:
    ph = f'<p:ph type="{place}"/>' if place else ""
    properties = f'<p:nvSpPr><p:cNvPr id="9" name="B"/><p:nvPr>{ph}</p:nvPr></p:nvSpPr><p:spPr>{at}</p:spPr>'
    return f"<p:sp>{properties}<p:txBody>{''.join(paragraphs)}</p:txBody></p:sp>"


def line(text: str, properties: str = "") -> str:
    return f"<a:p>{properties}<a:r><a:t>{text}</a:t></a:r></a:p>"


def test_points_keep_their_numbers_and_depth() -> None:
    numbered = '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>'
    deeper = '<a:pPr lvl="1"><a:buAutoNum type="alphaLcParenR"/></a:pPr>'
    shapes = box(line("one", numbered), line("in", deeper), line("too", deeper), line("two", numbered), line("plain"))

    assert written(shapes)[1] == "1. one\n  a) in\n  b) too\n2. two\n\nplain"


def test_charts_are_tables_and_diagrams_lists() -> None:
    chart = (
        '<c:chartSpace xmlns:c="c" xmlns:a="a"><c:title><a:p><a:r><a:t>Costs</a:t></a:r></a:p></c:title>'
        "<c:ser><c:tx><c:v>Mio</c:v>"
        '</c:tx><c:cat><c:pt idx="0"><c:v>Baltic</c:v></c:pt><c:pt idx="1"><c:v>North</c:v></c:pt></c:cat><c:val><c:pt idx="1">'
        "<c:v>0.30000000000000004</c:v></c:pt></c:val></c:ser></c:chartSpace>"
    )
    data = '<d:m xmlns:d="d" xmlns:a="a"><d:pt><d:t><a:p><a:r><a:t>plan</a:t></a:r></a:p></d:t></d:pt></d:m>'
    shapes = (
        '<p:graphicFrame><c:chart xmlns:c="c" r:id="rIdC"/></p:graphicFrame>'
        '<p:graphicFrame><d:relIds xmlns:d="d" r:dm="rIdD"/></p:graphicFrame>'
    )
    relations = (
        '<Relationship Id="rIdC" Type="x/chart" Target="../charts/c.xml"/>'
        '<Relationship Id="rIdD" Type="x/diagramData" Target="../diagrams/d.xml"/>'
    )

    found = written(shapes, {"ppt/charts/c.xml": chart, "ppt/diagrams/d.xml": data}, relations)

    assert found[1:] == ["[chart: Costs]", "|  | Mio |\n| --- | --- |\n| Baltic |  |\n| North | 0.3 |", "- plan"]


def test_charts_of_later_kinds_are_tables() -> None:
    """A waterfall, as Office writes it since 2016; bubbles with their sizes."""
    waterfall = (
        '<x:chartSpace xmlns:x="x"><x:chartData><x:data><x:strDim><x:lvl><x:pt idx="0">May</x:pt></x:lvl></x:strDim>'
        '<x:numDim><x:lvl><x:pt idx="0">7.5</x:pt></x:lvl></x:numDim></x:data></x:chartData><x:chart><x:series><x:tx>'
        "<x:txData><x:v>Cost</x:v></x:txData></x:tx></x:series></x:chart></x:chartSpace>"
    )
    bubbles = (
        '<c:chartSpace xmlns:c="c"><c:ser><c:xVal><c:pt idx="0"><c:v>1</c:v></c:pt></c:xVal><c:yVal><c:pt idx="0"><c:v>2'
        '</c:v></c:pt></c:yVal><c:bubbleSize><c:pt idx="0"><c:v>30</c:v></c:pt></c:bubbleSize></c:ser></c:chartSpace>'
    )
    frames = "".join(f'<p:graphicFrame><c:chart xmlns:c="c" r:id="rId{name}"/></p:graphicFrame>' for name in "XB")
    relations = (
        '<Relationship Id="rIdX" Type="y/chartEx" Target="../charts/x.xml"/>'
        '<Relationship Id="rIdB" Type="y/chart" Target="../charts/b.xml"/>'
    )

    found = written(frames, {"ppt/charts/x.xml": waterfall, "ppt/charts/b.xml": bubbles}, relations)

    assert [text for text in found[1:] if text] == [
        "|  | Cost |\n| --- | --- |\n| May | 7.5 |",
        "| 1 | 2 (30) |\n| --- | --- |",
    ]


def test_comments_and_links_are_told() -> None:
    comments = '<p:cmLst xmlns:p="p"><p:cm authorId="0"><p:text>Which year?</p:text></p:cm></p:cmLst>'
    linked = '<a:p><a:r><a:rPr><a:hlinkClick r:id="rIdL"/></a:rPr><a:t>report</a:t></a:r></a:p>'
    relations = (
        '<Relationship Id="rIdK" Type="x/comments" Target="../comments/k.xml"/>'
        '<Relationship Id="rIdL" Type="x/hyperlink" Target="https://example.org/r" TargetMode="External"/>'
    )

    found = written(box(linked), {"ppt/comments/k.xml": comments}, relations)

    assert found[1:] == ["[report](https://example.org/r)", "[comment: Which year?]"]


def test_numbers_of_slides_are_no_text_and_a_footer_comes_once() -> None:
    number = box('<a:p><a:fld type="slidenum"><a:t>7</a:t></a:fld></a:p>', place="sldNum")

    assert written(number + box(line("ACME"), place="ftr") + box(line("ACME"), place="ftr"))[1:] == ["ACME"]


def test_boxes_are_read_from_the_top_and_column_by_column() -> None:
    """They are stored from the back to the front: as they were made."""
    shapes = (
        box(line("right below " * 9), at=frame(130, 100, 100, 40))
        + box(line("left below " * 9), at=frame(10, 100, 100, 40))
        + box(line("right head"), at=frame(130, 85, 100, 10))
        + box(line("left head"), at=frame(10, 85, 100, 10))
        + box(line("what it is about"), at=frame(10, 40, 220, 15))
    )

    texts = [text.partition(" below")[0] for text in written(shapes)]

    assert texts == ["## Title", "what it is about", "left head", "left", "right head", "right"]


def test_columns_of_scripts_from_right_to_left_begin_at_the_right() -> None:
    left, right = box(line("שמאל"), at=frame(10, 50, 90, 90)), box(line("ימין"), at=frame(120, 50, 90, 90))

    assert written(left + right)[1:] == ["ימין", "שמאל"]


def test_a_placeholder_stands_where_its_layout_has_it() -> None:
    layout = f"<p:sldLayout><p:cSld><p:spTree>{box(place='body', at=frame(10, 20, 220, 30))}</p:spTree></p:cSld></p:sldLayout>"
    relation = '<Relationship Id="rIdL" Type="x/slideLayout" Target="../slideLayouts/l.xml"/>'
    shapes = box(line("below"), at=frame(10, 100, 220, 30)) + box(line("above"), place="body")

    texts = written(
        shapes,
        {"ppt/slideLayouts/l.xml": layout.replace("<p:sldLayout", '<p:sldLayout xmlns:p="p" xmlns:a="a"')},
        relation,
    )

    assert texts[1:] == ["above", "below"]


def test_a_placeholder_that_neither_layout_nor_master_places_is_read() -> None:
    """A layout names its master, and a master its layouts."""

    def part(kind: str) -> str:
        return f'<p:{kind} xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>{box(place="body")}</p:spTree></p:cSld></p:{kind}>'

    def relation(kind: str, target: str) -> str:
        return f'<Relationship Id="r{kind}" Type="x/{kind}" Target="../{target}.xml"/>'

    def relations(kind: str, target: str) -> str:
        space = "http://schemas.openxmlformats.org/package/2006/relationships"
        return f'<Relationships xmlns="{space}">{relation(kind, target)}</Relationships>'

    parts = {
        "ppt/slideLayouts/l.xml": part("sldLayout"),
        "ppt/slideLayouts/_rels/l.xml.rels": relations("slideMaster", "slideMasters/m"),
        "ppt/slideMasters/m.xml": part("sldMaster"),
        "ppt/slideMasters/_rels/m.xml.rels": relations("slideLayout", "slideLayouts/l"),
    }

    texts = written(box(line("words"), place="chart"), parts, relation("slideLayout", "slideLayouts/l"))

    assert texts[1:] == ["words"]


def test_the_labels_of_a_drawing_stay_as_they_were_made() -> None:
    places = [(10, 150), (60, 90), (110, 60), (160, 100), (205, 130)]
    shapes = "".join(box(line(f"step {n}"), at=frame(x, y, 30, 10)) for n, (x, y) in enumerate(places))

    assert written(shapes)[1:] == [f"step {n}" for n in range(5)]


def test_powers_and_signs_of_symbol_fonts_are_told() -> None:
    raised = '<a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r>'
    arrow = '<a:r><a:rPr><a:sym typeface="Symbol"/></a:rPr><a:t>\uf0ae</a:t></a:r>'
    shapes = box(f"<a:p><a:r><a:t>10</a:t></a:r>{raised}{arrow}<a:r><a:t>\uf0fc</a:t></a:r></a:p>")

    assert written(shapes)[1:] == ["10^6→✓"]


def test_a_large_picture_that_nobody_described_is_told_of() -> None:
    def picture(at: str) -> str:
        return f'<p:pic><p:nvPicPr><p:cNvPr id="5" name="Picture 5"/></p:nvPicPr><p:spPr>{at}</p:spPr></p:pic>'

    assert written(picture(frame(10, 40, 200, 120)))[1:] == ["![](Picture5)"]
    assert written(picture(frame(10, 10, 20, 20)))[1:] == []


def test_a_table_of_one_cell_is_its_text() -> None:
    cell = f"<a:tc><a:txBody>{line('boxed')}</a:txBody></a:tc>"

    assert written(f"<p:graphicFrame><a:tbl><a:tr>{cell}</a:tr></a:tbl></p:graphicFrame>")[1:] == ["boxed"]
