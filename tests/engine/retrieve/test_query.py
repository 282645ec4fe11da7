"""What a question is taken to ask for."""

from __future__ import annotations

import pytest

from kimi_files.retrieve.query import asked, names_nothing, naming, wants_figure


@pytest.mark.parametrize(
    "question",
    [
        "How much did the shaft cost?",
        "What is the FY2018 capital expenditure amount (in USD millions) for 3M? Say why.",
        "Assume you are an analyst. What was the gross margin?",
        "Did revenue grow between 2021 and 2022?",
        "营业收入是多少？",
        "研发费用占比",
        "公司有几个子公司",
        "净利润同比增长了吗",
        "Wie hoch war der Umsatz 2023?",
        "¿Cuántos empleados hay?",
        "社員は何人ですか",
    ],
)
def test_questions_that_want_a_figure(question: str) -> None:
    assert wants_figure(question)


@pytest.mark.parametrize(
    "question",
    [
        "Why did revenue fall?",
        "Who signed the contract with a total of 5 pages?",
        "What did the inspection find? State the amount if there is one.",
        "Where does the story take place?",
        "为什么利润下降了",
        "谁负责这个项目",
        "如何更换九号轴",
        "报告中几乎没有提到的事情",
    ],
)
def test_questions_that_want_none(question: str) -> None:
    assert not wants_figure(question)


@pytest.mark.parametrize(
    "question",
    [
        "Summarise", "summarize this document please", "What is this about?", "What are the main points of the report?",
        "tl;dr", "Give me an overview of these files.", "总结", "总结一下这份文件", "概括这篇文章的主要内容",
        "这份报告讲了什么？", "请介绍一下这个文档", "What does it say?", "",
        "Fasse diese Dateien bitte kurz zusammen", "Worum geht es in dem Dokument?", "Résume ce document", "¿De qué trata?",
        "Resuma o documento", "Riassumi il testo", "О чём этот документ?", "この文書を要約してください", "資料の内容を教えて",
        "Was ist das?", "Zusammenfassung", "C'est quoi ce fichier",
    ],
)  # fmt: skip
def test_questions_about_the_whole_name_nothing(question: str) -> None:
    assert names_nothing(question)


@pytest.mark.parametrize(
    "question",
    [
        "Summarise the chapter on turbines",
        "What is the notice period?",
        "总结涡轮机一章",
        "净利润是多少",
        "revenue",
        "Who is Anna?",
        "Fasse das Kapitel über Turbinen zusammen",
        "第3章を要約してください",
        "When was the war?",
        "Where is the door?",
        "Who is his son?",
        "What is the principal?",
        "war",
    ],
)
def test_questions_that_name_something(question: str) -> None:
    assert not names_nothing(question)


@pytest.mark.parametrize(
    ("question", "there", "not_there"),
    [
        ("What is the notice period of the lease?", {"notic", "period", "leas"}, {"what", "is", "the", "of"}),
        ("What was capex in FY2018?", {"capex", "purchas", "equip", "fiscal", "2018"}, {"fy2018"}),
        ("请问公司的营业收入是多少？", {"营业", "收入", "revenu"}, {"多少", "多", "请问"}),
        ("Nordwerk 的发票金额", {"nordwerk", "发票", "invoic"}, {"的"}),
    ],
)
def test_words_to_look_for(question: str, there: set[str], not_there: set[str]) -> None:
    weights = asked(question).weights
    assert there <= set(weights)
    assert not not_there & set(weights)


def test_a_period_weighs_less_than_what_is_asked_for() -> None:
    weights = asked("What was the severance in Q2 of FY2018?").weights
    assert weights["sever"] > max(weights[word] for word in ("second", "quarter", "fiscal", "2018")) > 0


def test_words_that_were_said_weigh_more_than_their_synonyms() -> None:
    weights = asked("What was capex in 2018? Answer from the appendix.").weights
    assert weights["capex"] == 1.0
    assert weights["capex"] > weights["appendix"] >= weights["expenditur"] > 0


NAMES = ["3M_2018_10K.pdf", "3M_2022_10K.pdf", "WALMART_2018_10K.pdf", "BESTBUY_2019_10K.pdf", "AMCOR_2023Q2_10Q.pdf"]


@pytest.mark.parametrize(
    ("question", "clearest"),
    [
        ("What is the FY2018 capex of 3M?", {0}),
        ("What did Walmart report for fiscal 2018?", {2}),
        ("Are Best Buy's margins stable?", {3}),
        ("What is Amcor's debt at the end of Q2 2023?", {4}),
        ("Are Best Buy's 2019 margins at Best better than BestBuy's?", {3}),
        ("What did WALMART pay?", {2}),
        ("What happened in 2018?", set()),
        ("what did walmart pay for a market", set()),
        ("What is the total debt?", set()),
    ],
)
def test_files_are_named_by_two_words_or_half_of_their_name(question: str, clearest: set[int]) -> None:
    assert {at for at, clear in enumerate(naming(question, NAMES)) if clear == 1.0} == clearest


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("华为2023年的营收是多少", {0}),
        ("腾讯的净利润", {1}),
        ("租赁合同什么时候到期", {2}),
        ("营收是多少", set()),
    ],
)
def test_files_with_chinese_names_are_named_by_pairs_of_signs(question: str, named: set[int]) -> None:
    names = ["华为2023年度报告.pdf", "腾讯2023年度报告.pdf", "房屋租赁合同.docx", "会议纪要2023年度.docx"]
    assert {at for at, clear in enumerate(naming(question, names)) if clear == 1.0} == named


def test_of_several_years_the_last_one_names_the_report() -> None:
    clearness = naming("How did 3M's capex change from FY2018 to FY2022?", NAMES)
    assert clearness[1] == 1.0 > clearness[0] > clearness[2]


def test_a_small_number_alone_names_no_file() -> None:
    assert naming("What happened on 21 April?", ["chapter 21.docx", "chapter 22.docx"]) == [0.0, 0.0]
    assert naming("What is in Chapter 21?", ["chapter 21.docx", "notes.docx"]) == [1.0, 0.0]


def test_what_all_names_share_tells_none_apart() -> None:
    assert naming("The Annual Report 2025", ["Annual Report 2025 A.pdf", "Annual Report 2025 B.pdf"]) == [0.0, 0.0]


def test_each_of_several_named_files_counts_in_full() -> None:
    names = ["WALMART_2018_10K.pdf", "BestBuy annual report 2017.pdf", "WALMART_2017_10K.pdf", "notes.txt"]
    clearness = naming("Compare the revenue of Walmart in 2018 with that of Best Buy", names)
    assert clearness[:2] == [1.0, 1.0]
    assert 0 < clearness[2] < 1
    assert clearness[3] == 0


def test_stop_words_of_the_question_s_language_weigh_little_and_are_not_missed() -> None:
    question = asked("Wie richtet man während der Installation das WLAN ein?")
    assert question.weights["wlan"] == 1.0
    assert 0 < question.weights["der"] == question.weights["wahrend"] < 1
    assert [raw for raw, _ in question.said] == ["richtet", "Installation", "WLAN"]


@pytest.mark.parametrize("text", ["die cast parts", "der Umsatz", "Los Angeles", "como lake prices"])
def test_a_single_stop_word_of_another_language_is_a_word(text: str) -> None:
    assert set(asked(text).weights.values()) >= {1.0}
    assert len(asked(text).said) == len(text.split())


def test_a_letter_is_looked_for_with_the_sign_beside_it() -> None:
    weights = asked("怎样用 U 盘启动？").weights
    assert weights["u盘"] == 1.0
    assert "u" not in weights
