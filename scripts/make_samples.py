"""Write the sample files that ``demo`` and ``doctor`` read: ``uv run --with reportlab scripts/make_samples.py``.

A wind-farm operator's annual report (PDF with outline, page labels, tables and one scanned page), a workbook with a
hidden sheet, a Word document and a Chinese text. All names and figures are invented.
"""

from __future__ import annotations

import io
import random
from pathlib import Path

import office_oxide
import reportlab.rl_config
from PIL import Image, ImageDraw
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import cm
from reportlab.lib.utils import ImageReader
from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate, Paragraph, Spacer, Table
from reportlab.platypus import Image as Picture

SAMPLES = Path(__file__).parent.parent / "server" / "kimi_files_mcp" / "samples"
reportlab.rl_config.useA85 = 0
STYLES = getSampleStyleSheet()
SITES = [
    "Baltic Eagle",
    "Nordergrund",
    "Kap Arkona",
    "Westerdeich",
    "Fehmarn Sund",
    "Hohe Geest",
    "Altes Land",
    "Sylter Bank",
]
SENTENCES = [
    "{site} delivered {a} GWh in the {quarter} quarter, {b} per cent {trend} than in the year before.",
    "Availability at {site} was {c} per cent; the planned service of {n} turbines was finished before the autumn storms.",
    "The grid operator asked for curtailment on {n} days, for which {site} was compensated in full.",
    "Repair crews from the service base in Husum reached {site} on {m} of {n} ordered days, weather permitting.",
    "Two blades of {site} were exchanged because of leading-edge erosion; the manufacturer bore {b} per cent of the cost.",
    "Neighbouring parishes hold {b} per cent of {site} through the citizens' company founded in 2011.",
    "Lightning struck {site} {m} times; the receptors worked and no turbine stood still for more than a day.",
    "Wages at {site} rose by {b} per cent with the collective agreement of March 2025.",
    "The spare-parts store of {site} was moved to Wilhelmshaven, which shortens the way by {n} kilometres.",
    "Bird monitoring at {site} found {n} resting species and led to {m} shutdowns during the spring migration.",
]
CHAPTERS = {
    "Letter to shareholders": [],
    "Operations": ["Fleet and output", "Turbines", "Grid and curtailment"],
    "People and safety": ["Workforce", "Accidents"],
    "Financial statements": ["Income statement", "Balance sheet", "Notes"],
    "Outlook": [],
}
SPECIAL = {
    "Turbines": "The quarterly turbine inspection found hairline cracks on shaft nine of Nordergrund. The turbine was taken out "
    "of service on 14 May 2025 and ran again from 2 June 2025 with a new shaft. The replacement is invoiced by Nordwerk.",
    "Notes": "An impairment charge of 12.4 million euros was recognised for the Baltic Eagle site, because the feed-in tariff "
    "ends two years earlier than assumed. Without the impairment charge the operating result would have been 61.7 million.",
    "Outlook": "For 2026 the board expects an output between 2,350 and 2,500 GWh and investments of 88 million euros, most of "
    "it for the repowering of Hohe Geest.",
    "Accidents": "The lost-time injury rate fell to 1.8 per million hours worked. One technician was hurt by a falling tool; "
    "tethers have been compulsory since.",
}
INCOME = [
    ["in million euros", "2025", "2024"],
    ["Revenue", "248.6", "231.9"],
    ["Other operating income", "7.3", "9.1"],
    ["Cost of materials", "-61.2", "-58.4"],
    ["Personnel expenses", "-52.8", "-49.6"],
    ["Depreciation", "-80.2", "-78.8"],
    ["Impairment charge", "-12.4", "0.0"],
    ["Operating result", "49.3", "54.2"],
]


def prose(rng: random.Random, sentences: int) -> str:
    """A paragraph of invented but plausible sentences."""
    return " ".join(
        rng.choice(SENTENCES).format(
            site=rng.choice(SITES),
            a=rng.randint(31, 190),
            b=rng.randint(2, 38),
            c=f"{rng.uniform(93, 99):.1f}",
            n=rng.randint(12, 60),
            m=rng.randint(2, 11),
            trend=rng.choice(["more", "less"]),
            quarter=rng.choice(["first", "second", "third", "fourth"]),
        )
        for _ in range(sentences)
    )


def scanned_page() -> io.BytesIO:
    """A page of which only a picture exists."""
    picture = Image.new("L", (1000, 1300), 255)
    draw = ImageDraw.Draw(picture)
    draw.text((80, 80), "Auditor's report (signed copy)", fill=20, font_size=44)
    for line in range(9):
        draw.text(
            (80, 220 + line * 80), "We have audited the annual report of Nordlicht Wind AG.", fill=60, font_size=28
        )
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=12, optimize=True)
    file.seek(0)
    return file


class Report(BaseDocTemplate):
    """Adds each heading to the outline and the number to each page."""

    def afterFlowable(self, flowable: object) -> None:  # noqa: N802 - the library's name
        level = getattr(flowable, "outline_level", None)
        if level is not None:
            title = flowable.getPlainText()  # type: ignore[attr-defined]
            key = f"{level}-{title}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(title, key, level)


def heading(title: str, level: int) -> Paragraph:
    paragraph = Paragraph(title, STYLES["Heading1" if level == 0 else "Heading2"])
    paragraph.outline_level = level
    return paragraph


def write_report() -> None:
    rng = random.Random(2025)
    template = PageTemplate(
        frames=[Frame(2.5 * cm, 2.5 * cm, 16 * cm, 24.5 * cm)],
        onPage=lambda canvas, document: canvas.drawCentredString(A4[0] / 2, 1.5 * cm, str(document.page)),
    )
    story: list[object] = [
        Spacer(1, 6 * cm),
        Paragraph("Annual Report 2025", STYLES["Title"]),
        Paragraph("Nordlicht Wind AG", STYLES["Title"]),
        PageBreak(),
    ]
    for number, (chapter, sections) in enumerate(CHAPTERS.items(), 1):
        story.append(heading(f"{number} {chapter}", 0))
        for section_number, section in enumerate(sections or [chapter], 1):
            if sections:
                story.append(heading(f"{number}.{section_number} {section}", 1))
            story.append(Paragraph(prose(rng, 4), STYLES["BodyText"]))
            if section in SPECIAL:
                story.append(Paragraph(SPECIAL[section], STYLES["BodyText"]))
            if section == "Income statement":
                table = Table(INCOME, hAlign="LEFT")
                table.setStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("ALIGN", (1, 0), (-1, -1), "RIGHT")])
                story.append(table)
            story.extend(Paragraph(prose(rng, rng.randint(4, 7)), STYLES["BodyText"]) for _ in range(9))
        story.append(PageBreak())
        if chapter == "Financial statements":
            story.extend([Picture(ImageReader(scanned_page()).fp, 15.9 * cm, 24 * cm), PageBreak()])
    report = Report(str(SAMPLES / "annual-report.pdf"), pagesize=A4, title="Annual Report 2025", invariant=True)
    report.addPageTemplates([template])
    report.build(story)


def write_workbook() -> None:
    workbook = office_oxide.XlsxWriter()
    positions = workbook.add_sheet("Positions")
    rows = [
        ("position", "hours", "amount"),
        ("replacement shaft 9", 62, 48300),
        ("crane and crew", 41, 22950),
        ("alignment and test run", 18, 5400),
        ("travel Husum - Nordergrund", 6, 890),
    ]
    for row, cells in enumerate(rows):
        for column, value in enumerate(cells):
            workbook.set_cell(positions, row, column, value)
    terms = workbook.add_sheet("Terms")
    workbook.set_cell(terms, 0, 0, "Payable within 30 days of 12 June 2025, VAT not included")
    workbook.save(SAMPLES / "invoice-nordwerk.xlsx")


def write_minutes() -> None:
    office_oxide.create_from_markdown(
        "# Minutes of the safety meeting\n\nHusum, 20 May 2025\n\n## Decisions\n\n- Tool tethers are compulsory from 1 June.\n"
        "- Shaft nine is inspected again after 500 hours.\n\n## Open points\n\nWho trains the crews of Kap Arkona is decided in June.\n",  # noqa: E501
        "docx",
        SAMPLES / "safety-minutes.docx",
    )


def write_summary() -> None:
    (SAMPLES / "年度摘要.md").write_text(
        "# 2025年度摘要\n\n## 经营情况\n\n公司全年发电量为2,410吉瓦时,比上年增长百分之四。九号主轴发现裂纹,更换费用为48,300欧元。\n\n"  # noqa: E501
        "## 财务情况\n\n营业收入为2.486亿欧元,波罗的海之鹰风场计提减值准备1,240万欧元。\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    SAMPLES.mkdir(parents=True, exist_ok=True)
    write_report()
    write_workbook()
    write_minutes()
    write_summary()
