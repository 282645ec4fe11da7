"""A notebook's cells and what came out of them are Markdown in order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kimi_files.extract import notebook
from tests.engine.extract.reading import Reading, read


def cells(*found: dict[str, Any]) -> Reading:
    content = {"cells": list(found), "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}
    return read(notebook.read, json.dumps(content).encode(), "a.ipynb")


def code(source: str | list[str], *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs)}


def test_cells_and_outputs_stand_in_order() -> None:
    found = cells(
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        code(["a = 1\n", "print(a)"], {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]}),
        {"cell_type": "raw", "source": "raw words"},
    )
    assert found.texts == ["# Title\nwords\n\n```python\na = 1\nprint(a)\n```\n\nOutput:\n```\n1\n2\n```\n\nraw words"]
    assert found.outline == [(1, "Title", 1)]
    assert found.warnings == []


def test_errors_lose_their_colours_and_tables_become_markdown() -> None:
    table = "<style>th {}</style><table><tr><th>a</th></tr><tr><td>1</td></tr></table>"
    (text,) = cells(
        code(
            "x", {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[0;31mE\x1b[0m: v", "line 2"]}
        ),
        code("df", {"output_type": "execute_result", "data": {"text/html": [table], "text/plain": ["   a\n0  1"]}}),
    ).texts
    assert "Error:\n```\nE: v\nline 2\n```" in text
    assert "Output:\n\n| a |\n| --- |\n| 1 |" in text


def test_progress_is_shown_as_a_terminal_leaves_it() -> None:
    written = (
        "start\r\n\x1b[?25l\r\x1b[K  10%|#    |\r\x1b[K 100%|#####|\x1b[?25h\r\n1/3\b\b\b2/3\b\b\b3/3\n"
        "\x1b]8;;http://x\x07a link\x1b]8;;\x07"
    )
    (found,) = cells(code("run()", {"output_type": "stream", "name": "stdout", "text": written})).texts
    assert "Output:\n```\nstart\n 100%|#####|\n3/3\na link\n```" in found


def test_what_is_shown_counts_and_not_the_name_of_the_object() -> None:
    data = {"text/html": "<p>Shown <b>here</b></p>", "text/plain": "<IPython.core.display.HTML object>"}
    (found,) = cells(code("show()", {"output_type": "display_data", "data": data})).texts
    assert found.endswith("Output:\n\nShown **here**")


def test_charts_that_are_data_are_told_in_words() -> None:
    figure = {
        "data": [
            {"type": "bar", "name": "Sales", "x": ["2024", "2025"], "y": [3, 4.5]},
            {"type": "scatter", "name": "Many", "x": list(range(99)), "y": list(range(99))},
            {"type": "pie", "labels": ["a"], "values": [1]},
        ],
        "layout": {
            "title": {"text": "By <b>year</b>"},
            "xaxis": {"title": {"text": "year"}},
            "yaxis": {"title": "million"},
        },
    }
    chart = {
        "output_type": "display_data",
        "data": {"application/vnd.plotly.v1+json": figure, "text/html": "<script></script>"},
    }
    other = {
        "output_type": "display_data",
        "data": {"application/vnd.vegalite.v5+json": {}, "application/javascript": "x"},
    }
    (text,) = cells(code("show()", chart, other)).texts

    assert (
        "[chart that came out: By year · year · million · bar Sales: 2024 3, 2025 4.5 · scatter Many · pie: a 1]"
        in text
    )
    assert text.rstrip().endswith("[what came out is application/vnd.vegalite.v5+json, not shown]")


def test_a_chart_may_hold_anything() -> None:
    broken = [None, [], {"data": 1, "layout": []}, {"data": [1, {"x": "a", "y": [1]}], "layout": {"title": 7}}]
    outputs = [{"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": each}} for each in broken]
    assert cells(code("show()", *outputs)).texts[0].count("[chart that came out: ") == len(broken)


def test_pictures_are_named_and_counted() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["<Figure 1>"]}}
    found = cells(code("plot()", picture))
    assert found.texts[0].endswith("[picture that came out: <Figure 1>]")
    assert "iVBOR" not in found.texts[0]
    assert found.warnings == ["1 picture is named where they came out, and not shown."]


def test_a_fence_in_a_cell_does_not_end_its_fence() -> None:
    (text,) = cells(code('s = """\n```\n"""')).texts
    assert text.startswith("````python\n")
    assert text.endswith("\n````")


def test_the_format_before_todays_is_read() -> None:
    content = {"worksheets": [{"cells": [{"cell_type": "code", "input": "1+1", "outputs": [{"text": "2"}]}]}]}
    assert read(notebook.read, json.dumps(content).encode(), "a.ipynb").texts == [
        "```\n1+1\n```\n\nOutput:\n```\n2\n```"
    ]


@pytest.mark.parametrize("content", [b"[]", b'{"cells": 3}', b'{"cells": [', b'"x"'])
def test_what_is_no_notebook_is_given_as_it_is(content: bytes) -> None:
    found = read(notebook.read, content, "a.ipynb")
    assert found.texts == [content.decode()]
    assert found.warnings == ["The name says Jupyter notebook, but the content is none: it is given as it is."]


@pytest.mark.parametrize("cell", [{"cell_type": "code", "source": 7, "outputs": [3, {"data": [1]}]}, {"outputs": {}}])
def test_cells_of_another_shape_do_not_stop_the_others(cell: dict[str, Any]) -> None:
    assert "kept" in cells(cell, {"cell_type": "markdown", "source": "kept"}).texts[0]
