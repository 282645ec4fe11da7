"""Edits in JSON text: one member changes, every other character stays."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files_mcp.hosts import jsonc

NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
INDENTS = st.sampled_from([None, 0, 2, 4, "\t"])
ENTRY = {"command": "/opt/k", "args": ["--allow", "/d"]}


def put(text: str, path: tuple[str, ...], value: object, *, comments: bool = True) -> str:
    return jsonc.with_value(text, path, value, comments=comments)


@given(OBJECTS, INDENTS, st.booleans())
def test_any_json_is_read_as_the_standard_library_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert jsonc.parse(text, comments=False).value == value


@given(OBJECTS, OBJECTS, INDENTS, st.sampled_from(["\n", "\r\n"]))
def test_an_entry_goes_in_and_comes_out_and_nothing_else_changes(settings, servers, indent, line_end):
    settings["mcpServers"] = servers
    text = json.dumps(settings, indent=indent).replace("\n", line_end)
    with_it = put(text, ("mcpServers", "kimi-files"), ENTRY, comments=False)
    assert json.loads(with_it) == {**settings, "mcpServers": {**servers, "kimi-files": ENTRY}}
    assert line_end not in text or with_it.count("\n") == with_it.count(line_end)
    if "kimi-files" not in servers and servers:
        assert jsonc.without_member(with_it, ("mcpServers", "kimi-files"), comments=False) == text


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), INDENTS, st.data())
def test_any_member_can_be_taken_out(value, indent, data):
    key = data.draw(st.sampled_from(sorted(value)))
    left = jsonc.without_member(json.dumps(value, indent=indent), (key,), comments=False)
    assert json.loads(left) == {name: inner for name, inner in value.items() if name != key}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "k": 1\n}'),
        ("{\n}\n", '{\n  "k": 1\n}\n'),
        ('{"a": 1}', '{"a": 1, "k": 1}'),
        ('{"a": 1,}', '{"a": 1, "k": 1}'),
        ('{\n    "a": 1\n}', '{\n    "a": 1,\n    "k": 1\n}'),
        ('{\n\t"a": 1,\n}', '{\n\t"a": 1,\n\t"k": 1,\n}'),
        ('{\n  "a": 1 // one\n}', '{\n  "a": 1, // one\n  "k": 1\n}'),
        ('{\n  "a": 1, // one\n  // two\n}', '{\n  "a": 1, // one\n  // two\n  "k": 1,\n}'),
        ("{\n  // nothing yet\n}", '{\n  // nothing yet\n  "k": 1\n}'),
        ("/* c */ {} // d", '/* c */ {\n  "k": 1\n} // d'),
        ('{\n  "k": 2 /* mine */\n}', '{\n  "k": 1 /* mine */\n}'),
    ],
)
def test_a_member_is_written_in_the_style_of_the_file(before, after):
    assert put(before, ("k",), 1) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"k": 1}', "{}"),
        ('{\n  "k": 1\n}\n', "{}\n"),
        ('{"a": 1, "k": 1}', '{"a": 1}'),
        ('{"k": 1, "a": 1}', '{"a": 1}'),
        ('{\n  "a": 1, // one\n  "k": 1\n}', '{\n  "a": 1 // one\n}'),
        ('{\n  "a": 1,\n  // ours\n  "k": 1,\n}', '{\n  "a": 1,\n  // ours\n}'),
        ('{\n  "k": {\n    "b": [1, 2]\n  },\n  "a": 1\n}', '{\n  "a": 1\n}'),
        ('{\n  "a": 1\n}', '{\n  "a": 1\n}'),
    ],
)
def test_a_member_goes_with_its_comma_and_its_line(before, after):
    assert jsonc.without_member(before, ("k",), comments=True) == after
    assert jsonc.parse(after, comments=True).value.keys() <= {"a"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{"a": 1', "line 1, column 8"),
        ('{\n  "a": sk-canary\n}', "line 2, column 8"),
        ('{\n  "a" 1\n}', "line 2, column 7"),
        ('{"a": 1} {}', "line 1, column 10"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a": 1 /* }', "line 1, column 9"),
        ('{"a": "\n"}', "line 1, column 7"),
        ("[" * 5_000, "line 1, column 102"),
    ],
)
def test_what_is_not_json_is_named_by_its_place_and_never_quoted(text, place):
    with pytest.raises(jsonc.NotJson) as caught:
        jsonc.parse(text, comments=True)
    assert str(caught.value).startswith(place)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("text", ['{"a": 1,}', "[1,]", '{"a": 1} // c', '{/* c */ "a": 1}'])
def test_comments_and_trailing_commas_are_errors_where_the_host_reads_none(text):
    with pytest.raises(jsonc.NotJson):
        jsonc.parse(text, comments=False)
    assert jsonc.parse(text, comments=True).value in ({"a": 1}, [1])


@pytest.mark.parametrize("text", ['{"s": []}', '{"s": null}', '{"s": "x"}', '{"s": {"k": 3}}', "[]"])
def test_a_value_that_is_no_object_is_not_overwritten(text):
    with pytest.raises(TypeError):
        jsonc.with_fields(text, ("s", "k"), {("command",): "x"}, comments=False)
