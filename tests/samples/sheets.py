"""Writes xlsx files: cells of every type, dates, merged cells, hidden sheets."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.samples.package import OFFICE, package, relations

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"'
    ' applyNumberFormat="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


@dataclass(slots=True)
class Sheet:
    """``cells`` maps "B2" to ready ``<c>`` content made by the functions below; rows come out in order."""

    name: str
    cells: dict[str, str] = field(default_factory=dict)
    state: str = "visible"
    merged: list[str] = field(default_factory=list)
    heads: str = ""


def text(words: str) -> str:
    return f't="inlineStr"><is><t>{words}</t></is>'


def number(value: float) -> str:
    return f"><v>{value}</v>"


def date(days: float) -> str:
    """A date by its days since 1899-12-30."""
    return f's="2"><v>{days}</v>'


def formula(expression: str, result: float) -> str:
    return f"><f>{expression}</f><v>{result}</v>"


def truth(value: bool) -> str:
    return f't="b"><v>{int(value)}</v>'


def xlsx(sheets: list[Sheet], beside: dict[str, str] | None = None) -> bytes:
    """A workbook, and parts ``beside`` those that make one, by their names."""
    parts: dict[str, str | bytes] = {"xl/styles.xml": _STYLES, **(beside or {})}
    types = {"xl/workbook.xml": f"{_TYPE}sheet.main+xml", "xl/styles.xml": f"{_TYPE}styles+xml"}
    targets = {"rId99": ("styles", "styles.xml")}
    if "xl/persons/person.xml" in parts:
        targets["rId98"] = ("person", "persons/person.xml")
    listed = ""
    for index, sheet in enumerate(sheets, start=1):
        name = f"xl/worksheets/sheet{index}.xml"
        parts[name] = _worksheet(sheet)
        types[name] = f"{_TYPE}worksheet+xml"
        targets[f"rId{index}"] = ("worksheet", f"worksheets/sheet{index}.xml")
        listed += f'<sheet name="{sheet.name}" sheetId="{index}" state="{sheet.state}" r:id="rId{index}"/>'
    parts["xl/workbook.xml"] = f'<workbook xmlns="{_MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>'
    parts["xl/_rels/workbook.xml.rels"] = relations(targets)
    return package(parts, types, "xl/workbook.xml")


def _worksheet(sheet: Sheet) -> str:
    rows: dict[int, list[tuple[str, str]]] = {}
    for place, content in sheet.cells.items():
        rows.setdefault(int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), []).append((place, content))
    lines = "".join(
        f'<row r="{row}">{"".join(f"""<c r="{place}" {content}</c>""" for place, content in cells)}</row>'
        for row, cells in sorted(rows.items())
    )
    merged = "".join(f'<mergeCell ref="{area}"/>' for area in sheet.merged)
    merged = f"<mergeCells>{merged}</mergeCells>" if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData>{merged}{sheet.heads}</worksheet>'
