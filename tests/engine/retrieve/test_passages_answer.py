"""Questions over real files in small: the right passage first, its place as people name it, the budget kept."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from memory_texts import MemoryTexts

from kimi_files.answer import Answer, Question
from kimi_files.content import Content
from kimi_files.extract.document import OutlineEntry
from kimi_files.retrieve.answering import passages_answer
from kimi_files.retrieve.index import PassageIndex
from kimi_files.tokens import estimate_tokens
from kimi_files.workers.pool import WorkerPool

FILLER = "The board met and spoke about the weather, the office party and the parking spaces of the staff. " * 10
CHINESE_FILLER = "董事会开会讨论了天气、办公室聚会和员工停车位的安排，没有作出任何决定。" * 12


def files(texts: MemoryTexts) -> list[Content]:
    """An annual report, an invoice, a Chinese report, notes: what people ask about together."""
    return [
        texts.add(
            "annual-report.pdf",
            [
                FILLER,
                f"Letter to shareholders\n{FILLER}",
                "Turbines\nThe quarterly turbine inspection found hairline cracks on shaft nine.\n" + FILLER,
                f"Balance sheet\nMillions\n2025 2024\n{'Inventories 1,577 1,373' + chr(10) * 1}Total assets 36,500 37,987\n",
                FILLER,
            ],
            format="PDF",
            labels={3: "17"},
            outline=[
                OutlineEntry(title="Letter to shareholders", level=1, page=2),
                OutlineEntry(title="Turbines", level=1, page=3),
                OutlineEntry(title="Balance sheet", level=1, page=4),
            ],
        ),
        texts.add(
            "2025-11 Nordwerk.xlsx",
            [
                "| position | hours | amount |\n| --- | --- | --- |\n"
                + "".join(f"| small parts {at} | 1 | {at}.50 |\n" for at in range(60))
                + "| replacement shaft 9 | 62 | 48,300.00 |\n"
            ],
            kind="sheet",
            format="Excel workbook",
            labels={1: "Positions"},
        ),
        texts.add(
            "风电场2025年度报告.docx",
            [CHINESE_FILLER, "九号轴的检查发现了细微裂纹，更换费用为48300元。" + CHINESE_FILLER],
        ),
        texts.add(
            "notes.txt", "line one\nline two\n" + "nothing to see\n" * 117 + "The gate code is 4711.\n" + "more\n" * 40
        ),
    ]


async def ask(
    index: PassageIndex, pool: WorkerPool, contents: list[Content], text: str, *queries: str, max_tokens: int = 1_000
) -> Answer:
    return await passages_answer(Question(text, queries, max_tokens), contents, index, pool)


@pytest.mark.parametrize(
    ("question", "file", "place", "text"),
    [
        (
            "What did the inspection find on shaft nine?",
            "annual-report.pdf",
            "page 17",
            "hairline cracks on shaft nine",
        ),
        ("How much are the inventories?", "annual-report.pdf", "page 4", "Inventories 1,577 1,373"),
        (
            "replacement shaft amount",
            "2025-11 Nordwerk.xlsx",
            'sheet "Positions"',
            "| replacement shaft 9 | 62 | 48,300.00 |",
        ),
        ("九号轴有什么问题？", "风电场2025年度报告.docx", "page 2", "九号轴的检查发现了细微裂纹"),
        ("更换 shaft 九号轴 的费用是多少", "风电场2025年度报告.docx", "page 2", "48300元"),
        ("what is the gate code", "notes.txt", "lines ", "The gate code is 4711."),
    ],
)
async def test_the_best_passage_comes_first_and_says_where_it_stands(
    index: PassageIndex, pool: WorkerPool, question: str, file: str, place: str, text: str
) -> None:
    answer = await ask(index, pool, files(MemoryTexts()), question)
    first = answer.citations[0]
    assert (first.number, first.file) == (1, file)
    assert first.place.startswith(place)
    assert text in first.text
    assert (answer.searched_files, answer.searched_pages, answer.overview) == (4, 9, False)
    assert answer.searched_passages > 9


async def test_the_text_is_exact_and_the_heading_that_of_the_outline(index: PassageIndex, pool: WorkerPool) -> None:
    contents = files(MemoryTexts())
    answer = await ask(index, pool, contents, "hairline cracks shaft")
    citation = answer.citations[0]
    page = await contents[0].text(citation.page)
    assert all(part in page for part in citation.text.split("\n…\n"))
    assert citation.heading == "Turbines"


async def test_lines_of_a_text_without_pages_are_the_lines_of_the_text(index: PassageIndex, pool: WorkerPool) -> None:
    text = (
        "".join(f"entry {at}\n" for at in range(1, 2_000))
        + "the needle\n"
        + "".join(f"tail {at}\n" for at in range(900))
    )
    # Small pieces: the number of a line is counted from the beginning of its piece.
    content = MemoryTexts(piece=777).add("server.log", text)
    (citation, *_) = (await ask(index, pool, [content], "needle", max_tokens=300)).citations
    first, last = map(int, citation.place.removeprefix("lines ").split("-"))
    assert first <= 2_000 <= last
    assert citation.text == "\n".join(text.split("\n")[first - 1 : last])


async def test_rows_of_a_long_table_come_with_its_header(index: PassageIndex, pool: WorkerPool) -> None:
    contents = files(MemoryTexts())[1:2]
    answer = await ask(index, pool, contents, "replacement shaft", max_tokens=600)
    assert answer.citations[0].text.startswith("| position | hours | amount |\n…\n")


async def test_a_named_file_comes_before_one_that_matches_as_well(index: PassageIndex, pool: WorkerPool) -> None:
    texts = MemoryTexts()
    contents = [
        texts.add(f"{name}_report.docx", [f"{FILLER}\nThe net profit of the year was {at} million.\n{FILLER}"])
        for at, name in enumerate(("Alpha_2023", "Beta_2023", "Gamma_2023", "Beta_2024", "华为2023年"))
    ]
    for question, file in (
        ("What was the net profit of Beta in 2024?", "Beta_2024_report.docx"),
        ("Gamma 2023: net profit?", "Gamma_2023_report.docx"),
        ("华为2023年的 net profit 是多少", "华为2023年_report.docx"),
    ):
        assert (await ask(index, pool, contents, question)).citations[0].file == file


async def test_queries_share_the_budget_with_the_question(index: PassageIndex, pool: WorkerPool) -> None:
    contents = files(MemoryTexts())
    answer = await ask(index, pool, contents, "What went wrong?", "gate code", "hairline cracks", max_tokens=900)
    assert {"notes.txt", "annual-report.pdf"} <= {citation.file for citation in answer.citations}


async def test_of_passages_that_answer_as_well_the_first_files_come_first(
    index: PassageIndex, pool: WorkerPool
) -> None:
    texts = MemoryTexts()
    one = texts.add("one.docx", [f"{FILLER}\nThe gate code is 4711.\n{FILLER}"])
    two = texts.add("two.docx", [f"{FILLER}\nHairline cracks were found.\n{FILLER}"])
    for contents in ([one, two], [two, one]):
        answer = await ask(index, pool, contents, "gate code", "hairline cracks")
        assert [citation.file for citation in answer.citations][:2] == [content.name for content in contents]


async def test_words_that_stand_nowhere_are_named_as_they_were_written(index: PassageIndex, pool: WorkerPool) -> None:
    answer = await ask(index, pool, files(MemoryTexts()), "What about Zeppelins and the turbine?")
    assert answer.terms_not_found == ("Zeppelins",)


async def test_a_question_that_nothing_answers_gets_no_passage(index: PassageIndex, pool: WorkerPool) -> None:
    answer = await ask(index, pool, files(MemoryTexts()), "Zeppelin Hindenburg?")
    assert (answer.citations, answer.left_out, answer.headings) == ((), 0, ())
    assert answer.terms_not_found == ("Zeppelin", "Hindenburg")


async def test_what_did_not_fit_is_counted_and_its_headings_named(index: PassageIndex, pool: WorkerPool) -> None:
    pages = [f"# Site {at}\nThe impairment charge of the site was high.\n{FILLER}" for at in range(1, 30)]
    content = MemoryTexts().add("sites.docx", pages)
    answer = await ask(index, pool, [content], "impairment charge", max_tokens=700)
    shown = {citation.heading for citation in answer.citations}
    assert 0 < answer.left_out < answer.searched_passages
    assert answer.headings
    assert not {heading.split(",")[0] for heading in answer.headings} & shown
    assert sum(map(estimate_tokens, answer.headings)) <= 60


@pytest.mark.parametrize("question", ["Summarise", "What is this about?", "总结一下"])
async def test_a_question_about_the_whole_gets_outline_and_parts_of_each_file(
    index: PassageIndex, pool: WorkerPool, question: str
) -> None:
    contents = files(MemoryTexts())
    answer = await ask(index, pool, contents, question, max_tokens=3_000)
    assert answer.overview
    assert {citation.file for citation in answer.citations} == {content.name for content in contents}
    outline = answer.citations[0]
    assert outline.place == "outline"
    assert outline.text == "Letter to shareholders (page 2) · Turbines (page 17) · Balance sheet (page 4)"
    assert [citation.number for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
    assert sum(citation.tokens for citation in answer.citations) <= 3_000


async def test_an_overview_reaches_the_end_of_a_long_file(index: PassageIndex, pool: WorkerPool) -> None:
    content = MemoryTexts().add("book.docx", [f"# Chapter {at}\n{FILLER}" for at in range(1, 41)])
    answer = await ask(index, pool, [content], "summarise", max_tokens=2_500)
    pages = [citation.page for citation in answer.citations]
    assert pages[0] == 1
    assert max(pages) > 30
    assert any(15 < page < 26 for page in pages)


async def test_an_overview_of_more_files_than_the_budget_holds_shows_the_first_ones(
    index: PassageIndex, pool: WorkerPool
) -> None:
    texts = MemoryTexts()
    contents = [texts.add(f"{at}.docx", [f"Report {at}. {FILLER}"]) for at in range(30)]
    answer = await ask(index, pool, contents, "summarise", max_tokens=500)
    assert 1 < len({citation.file for citation in answer.citations}) < 30
    assert sum(citation.tokens for citation in answer.citations) <= 500


async def test_files_without_words_are_searched_and_give_nothing(index: PassageIndex, pool: WorkerPool) -> None:
    contents = [MemoryTexts().add("scan.pdf", ["", ""])]
    for question in ("anything", "summarise"):
        answer = await ask(index, pool, contents, question)
        assert (answer.citations, answer.searched_files, answer.searched_passages) == ((), 1, 0)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(60, 3_000),
    st.sampled_from(
        ["shaft nine", "office party", "九号轴 裂纹", "replacement 48,300", "summarise", "code 4711", "总结"]
    ),
)
async def test_what_is_printed_never_costs_more_than_the_budget(
    index: PassageIndex, pool: WorkerPool, max_tokens: int, question: str
) -> None:
    contents = files(MemoryTexts())
    answer = await ask(index, pool, contents, question, max_tokens=max_tokens)
    printed = "\n".join(
        f"[{citation.number}] {citation.file}, {citation.place}"
        + (f" ({citation.heading})" if citation.heading else "")
        + f"\n{citation.text}"
        for citation in answer.citations
    )
    assert estimate_tokens(printed) <= max_tokens
    assert sum(citation.tokens for citation in answer.citations) <= max_tokens
    assert answer.citations
    places = [(citation.file, citation.place) for citation in answer.citations]
    assert len(places) == len(set(places))
