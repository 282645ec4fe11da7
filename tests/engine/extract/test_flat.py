"""Office documents that are one XML file are read as what they are, whatever their name says."""

from __future__ import annotations

import io
import zipfile

import pytest

from kimi_files.errors import DamagedFile
from kimi_files.extract import sheets, word
from kimi_files.formats import DOCX, XLSX, identify
from tests.engine.extract.reading import read
from tests.samples.word import docx, heading, paragraph

WORD_2003 = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?><?mso-application progid="Word.Document"?>
<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"
xmlns:aml="http://schemas.microsoft.com/aml/2001/core"
xmlns:wx="http://schemas.microsoft.com/office/word/2003/auxHint"><w:lists><w:listDef w:listDefId="0"><w:lvl w:ilvl="0">
<w:start w:val="1"/><w:nfc w:val="4"/><w:lvlText w:val="%1)"/></w:lvl></w:listDef><w:list w:ilfo="1"><w:ilst w:val="0"/></w:list>
</w:lists><w:styles><w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr>
</w:style></w:styles><w:body><wx:sect><w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Report</w:t></w:r></w:p>
<w:p><w:r><w:t>Costs </w:t></w:r>
<aml:annotation aml:id="1" w:type="Word.Insertion" aml:author="A"><aml:content><w:r><w:t>rose</w:t></w:r>
</aml:content></aml:annotation><w:r><w:footnote><w:p><w:r><w:t>By a tenth.</w:t></w:r></w:p></w:footnote></w:r></w:p>
<w:p><w:pPr><w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/></w:listPr></w:pPr><w:r><w:t>first</w:t></w:r></w:p>
<w:p><w:hlink w:dest="https://example.org/r"><w:r><w:t>link</w:t></w:r></w:hlink></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
</wx:sect></w:body></w:wordDocument>"""

EXCEL_2003 = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"
xmlns:x="urn:schemas-microsoft-com:office:excel"><Worksheet ss:Name="Positions"><Table>
<Row><Cell><Data ss:Type="String">name</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">day</Data></Cell></Row>
<Row ss:Index="4"><Cell ss:HRef="https://example.org/a"><Data ss:Type="String">shaft</Data>
<Comment ss:Author="Mai"><ss:Data>sure?</ss:Data></Comment></Cell>
<Cell><Data ss:Type="Number">1</Data></Cell><Cell><Data ss:Type="DateTime">2023-03-15T00:00:00.000</Data></Cell></Row></Table>
</Worksheet><Worksheet ss:Name="Rates"><Table><Row><Cell><Data ss:Type="Boolean">1</Data></Cell></Row></Table>
<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions></Worksheet></Workbook>"""


def flat_package() -> bytes:
    parts = ""
    with zipfile.ZipFile(io.BytesIO(docx([heading(1, "Report"), paragraph("Costs rose.")]))) as package:
        for name in package.namelist():
            if name != "[Content_Types].xml":
                kind = (
                    "document.main" if name.endswith("document.xml") else name.rpartition("/")[2].removesuffix(".xml")
                )
                kind = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"
                content = package.read(name).decode()
                parts += f'<pkg:part pkg:name="/{name}" pkg:contentType="{kind}"><pkg:xmlData>{content}</pkg:xmlData></pkg:part>'
    start = '<?xml version="1.0"?><?mso-application progid="Word.Document"?>'
    return f'{start}<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">{parts}</pkg:package>'.encode()


def test_word_xml_of_2003_keeps_headings_lists_notes_changes_links_and_tables() -> None:
    found = identify("a.doc", io.BytesIO(WORD_2003.encode()))

    assert (found.format, found.correction) == (
        DOCX,
        "the name says Word 97-2003 document, the content is Word document",
    )
    assert read(word.read, WORD_2003.encode(), "a.doc").texts == [
        "# Report\n\nCosts [inserted: rose][^1]\n\n[^1]: By a tenth.\n\na) first\n\n[link](https://example.org/r)\n\n"
        "| a | b |\n| --- | --- |"
    ]


def test_a_package_written_flat_is_read_as_the_package() -> None:
    assert read(word.read, flat_package(), "a.xml").texts == ["# Report\n\nCosts rose."]


def test_excel_xml_of_2003_keeps_places_dates_comments_links_and_hidden_sheets() -> None:
    found = identify("a.xls", io.BytesIO(EXCEL_2003.encode()))
    reading = read(sheets.read, EXCEL_2003.encode(), "a.xls")

    assert found.format == XLSX
    assert reading.texts == [
        "| name |  | day |\n| --- | --- | --- |\n| [shaft](https://example.org/a) | 1 | 2023-03-15 |\n\n"
        "[comment on A4 (Mai): sure?]",
        "| TRUE |\n| --- |",
    ]
    assert [(page.label, page.hidden) for page in reading.pages] == [("Positions", False), ("Rates", True)]


@pytest.mark.parametrize(("content", "reader"), [(WORD_2003, word), (EXCEL_2003, sheets)])
def test_one_that_is_cut_off_is_a_typed_error(content: str, reader: object) -> None:
    with pytest.raises(DamagedFile):
        read(reader.read, content[: len(content) * 2 // 3].encode(), "a.xml")  # type: ignore[attr-defined]
