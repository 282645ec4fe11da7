"""What a question asks for: its words and their weights, whether it wants a figure, and which files it names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

from kimi_files.retrieve.statements import implied, named
from kimi_files.retrieve.stop_words import ENGLISH, is_english, is_stop_word, stop_words
from kimi_files.retrieve.thesaurus import DERIVED, GROUPS
from kimi_files.retrieve.words import is_unspaced, is_year, letter_pairs, raw_words, words

THESAURUS_WEIGHT = 0.6
# Words of the sentences around the one that asks: how to answer, where to look.
BESIDE_WEIGHT = 0.6
# FY2018, Q2 and 2018 stand over every table, and name the column rather than the place.
PERIOD_WEIGHT = 0.3
# Stop words of other languages than English: among files in several languages they tell which of them are meant.
STOP_WEIGHT = 0.4
STATEMENT_WEIGHT = 2.0
STATEMENT_ITEM_WEIGHT = 1.0
EARLIER_YEAR_WEIGHT = 0.5

# Words of questions about the whole of a file. They name nothing that stands in it.
_OVERVIEW = """summarise summarize summary summaries sum overview gist tldr tl dr outline abstract main key points point idea
    ideas topic topics theme themes takeaways takeaway highlights highlight content contents file files document
    documents report reports text texts paper papers pdf page pages article articles attachment attachments brief
    briefly short note notes folder folders say says describe description introduce introduction general
    important whole entire read analyse analyze analysis review purpose subject sentence sentences words bullet
    bullets"""
_OVERVIEW_WORDS = frozenset(_OVERVIEW.split())

# The same in other languages: in an English question "principal" is the sum that is owed.
_OVERVIEW_ELSEWHERE = """fass fasse fassen zusammen zusammenfassung zusammenfassen überblick inhalt inhalte kern kernaussagen
    hauptpunkte wichtig wichtigste wichtigsten punkte thema themen datei dateien dokument dokumente bericht kurz beschreibe geht
    worum handelt steht beschreiben hauptaussagen
    résume résumer résumez résumé synthèse aperçu contenu fichier fichiers principal principaux principales idées texte
    rapport parle brièvement sujet
    resume resumir resumen resuma resumo síntesis síntese contenido conteúdo documento documentos archivo archivos arquivo
    arquivos ideas puntos pontos texto informe relatório trata principais describe brevemente
    riassumi riassumere riassunto riassuma sintesi contenuto documenti relazione punti idee testo parla principali
    vat samen samenvatten samenvatting inhoud bestand bestanden hoofdpunten onderwerp rapport
    кратко краткое содержание перескажи резюме обзор документ документа документе документы файл файла файле файлы
    основные основная главные мысли тезисы текст отчёт отчет говорится опиши тема"""
_OVERVIEW_WORDS_ELSEWHERE = _OVERVIEW_WORDS.union(_OVERVIEW_ELSEWHERE.split())

_CHINESE_STOP = re.compile(
    "为什么|什么时候|是什么|有什么|什么|多少|哪一年|哪一个|哪些|哪个|哪里|哪儿|哪位|哪种|哪家|哪年|哪|谁|怎么样|怎么|怎样|如何|为何"
    "|请问|请列出|请给出|请说明|请|告诉我|帮我|是否|有没有|能否|可以|一下|根据|按照|关于|对于|分别|以及|其中|这个|那个|这些|那些|这份|这篇|这本"
    "|该|几(?=[个年月日次种人位家块元天岁本条名点])|吗|呢|的|了|是"
)
_UNSPACED_OVERVIEW = re.compile(
    "要約|概要|まとめ|文書|書類|資料|ファイル|レポート|記事|本文|全体|ポイント|テーマ|教えて|ください|書かれて|書いて|どんな|何|この|その"
    "|について|です|ます|して|いる|[はがをにのでともかい]|"
    "总结|概括|概述|摘要|归纳|综述|简述|简介|介绍|梳理|提炼|主要|内容|大意|要点|重点|主题|讲了|讲的|说了|说的|写了|全文|文件|文档|文章|报告|材料|资料|附件|论文"
    "|大概|核心|关键|中心思想|思想|一句话|简单|简要|讲|说|写|都|些|在|有|和|与|及|我|你|它|分析|阅读|看看|看|这|本|份|篇|个|要|给|把|用|做|下|话|、"
)

_SENTENCE_END = re.compile(r"(?<=[?!])\s+|(?<=[\w)%\"])[.:]\s+|(?<=[？！。])|\n+")
_ASKS = re.compile(
    r"\?|\b(?:how|what|which|when|where|who|whom|whose|why)\b|？|吗|呢|什么|多少|哪|谁|几(?!乎|何)|怎|如何|为何|是否|多[大高长远]",
    re.IGNORECASE,
)
_WANTS_FIGURE = re.compile(
    r"\bhow (?:much|many|large|big|high|low|long|old|far|fast|heavy|tall|often)\b"
    r"|\b(?:ratio|percent|percentage|amount|margin|rate|total|average|number of|quantity|price|cost|value|growth|turnover"
    r"|sum|salary|balance|figure|net|quantify|usd|eur|rmb|per cent|million|billion|thousand"
    r"|revenues?|sales|income|earnings|profit|loss|costs|expenses?|spend|spending|cogs|ebitda|ebit|capex|expenditures?|cash"
    r"|assets|liabilit(?:y|ies)|debt|equity|inventory|inventories|dividends?|payables?|receivables?|capital|budget|tax"
    r"|highest|lowest|largest|smallest|biggest|increased?|decreased?|grow|grew|drop|decline|worst)\b|[%$€£¥]"
    "|多少|占比|比例|比率|比重|几(?!乎|何)|率|百分|同比|环比|增幅|降幅|增速|金额|总额|合计|总计|总数|数量|数额|人数|次数|平均|多大|多高|多长|多远"
    "|价格|单价|费用|成本|收入|利润|余额|营收"
    r"|\bwie ?(?:viele?n?|hoch|groß|lange?|oft|teuer|weit|schwer|alt)\b|\bcombien\b|\bcuánt[oa]s?\b|\bquant[oaei]s?\b|\bhoeveel\b"
    r"|\bсколько\b|いくら|いくつ|何(?:人|円|年|回|個|件|台|本|枚|割|倍|歳|%|％|パーセント|キロ|メートル)",
    re.IGNORECASE,
)
_WANTS_NO_FIGURE = re.compile(
    r"\b(?:why|who|whom|whose|drove|drives?|driven|drivers?|caused?|reasons?)\b"
    "|为什么|为何|谁|原因|怎么样|怎样|如何",
    re.IGNORECASE,
)

# Words so common in file names that they tell no file from another.
_NAME_WORDS = "the of and a an to in on for final copy new draft annual report 年度 度报 报告 年报 文件 文档 资料"
_COMMON_IN_NAMES = frozenset(_NAME_WORDS.split())

_PERIOD_WORDS = frozenset(("fiscal", "quarter"))
_SHORTEST_BEGINNING = 3
_MOST_JOINED = 4
_YEAR_DIGITS = 4
_BEGINNING_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Asked:
    """One wording. ``weights`` gives each word to look for its weight; ``said`` each word as it was written, with the
    words of the index that it became."""

    weights: dict[str, float]
    said: tuple[tuple[str, tuple[str, ...]], ...]
    wants_figure: bool


def asked(text: str) -> Asked:
    """Take a question or a few search words apart."""
    asking, beside = _asking(text)
    said, said_beside = tuple(_said(asking)), tuple(_said(beside))
    stop = stop_words(raw.casefold() for raw in raw_words(text))
    weights: dict[str, float] = {}
    for raw, found in said:
        weight = PERIOD_WEIGHT if any(word in _PERIOD_WORDS or is_year(word) for word in found) else 1.0
        for word in found:
            weights[word] = max(STOP_WEIGHT if raw.casefold() in stop else weight, weights.get(word, 0.0))
    weights.update(dict.fromkeys(letter_pairs(raw_words(_CHINESE_STOP.sub(" ", asking))), 1.0))
    for part, weight in ((asking, THESAURUS_WEIGHT), (beside, THESAURUS_WEIGHT * BESIDE_WEIGHT)):
        for raw, found in said_beside if part is beside else ():
            for word in found:
                weights.setdefault(word, STOP_WEIGHT if raw.casefold() in stop else BESIDE_WEIGHT)
        for word in _synonyms(_CHINESE_STOP.sub(" ", part)):
            weights.setdefault(word, weight)
    figure = wants_figure(text)
    weights.update(dict.fromkeys(implied(asking) if figure else (), STATEMENT_ITEM_WEIGHT))
    weights.update(dict.fromkeys(named(text), STATEMENT_WEIGHT))
    telling = tuple(one for one in (*said, *said_beside) if one[0].casefold() not in stop)
    return Asked(weights, telling, figure)


def wants_figure(question: str) -> bool:
    """Whether the first sentence that asks something asks for a number, and not for a person or a reason."""
    asking, _ = _asking(question)
    return bool(_WANTS_FIGURE.search(asking)) and not _WANTS_NO_FIGURE.search(asking)


def names_nothing(question: str) -> bool:
    """Whether a question is about a file as a whole: "summarise", "worum geht es", "总结一下这份文件"."""
    raws = raw_words(_CHINESE_STOP.sub(" ", question))
    if any(_UNSPACED_OVERVIEW.sub("", raw) for raw in raws if is_unspaced(raw)):
        return False
    said = {raw.casefold() for raw in raws if not is_unspaced(raw)}
    if said <= ENGLISH | _OVERVIEW_WORDS:
        return True
    if is_english(said):
        # "When was the war?" asks for something, though these are stop words elsewhere.
        return False
    others = said - _OVERVIEW_WORDS_ELSEWHERE
    return all(map(is_stop_word, others)) and (len(said) > 1 or not others)


def naming(question: str, names: Sequence[str]) -> list[float]:
    """How clearly a question names each of the files, 1 for the clearest; all 0 if it names none.

    A word of the question counts if it is capitalised or holds a digit, a run of Chinese signs by its pairs; the rarer
    among the names, the more. Nothing is named unless two words of a name are said, or half of them, or half of those
    that are made of letters: a single word of a long name says too little, and sends good questions to the wrong file.
    Of several years the last one counts: a report tells the years before it too. A file is measured by those with which
    it shares what was said: of "Walmart and Best Buy" each names one.
    """
    of_names = [_name_words(name) for name in names]
    said = _naming_words(question)
    files_with = Counter(word for of_name in of_names for word in of_name)
    earlier = set(sorted(filter(is_year, said))[:-1])
    clearness = [0.0] * len(names)
    named_by: list[set[str]] = [set() for _ in names]
    for at, of_name in enumerate(of_names):
        hits = {word: share for word in of_name if (share := _said_share(word, said))}
        # What most names have in common tells none of them apart.
        telling = {word: share for word, share in hits.items() if files_with[word] * 2 <= max(len(names), 2)}
        if telling and _is_named(of_name, hits, said):
            named_by[at] = set(telling)
            clearness[at] = sum(
                share * (EARLIER_YEAR_WEIGHT if word in earlier else 1.0) * math.log(1 + len(names) / files_with[word])
                for word, share in telling.items()
            )
    best: dict[str, float] = {}
    for words_of_name, clear in zip(named_by, clearness, strict=True):
        best.update((word, clear) for word in words_of_name if clear > best.get(word, 0.0))
    return [
        clear / max(best[word] for word in words_of_name) if words_of_name else 0.0
        for words_of_name, clear in zip(named_by, clearness, strict=True)
    ]


def _is_named(of_name: Mapping[str, bool], hits: Iterable[str], said: Mapping[str, int]) -> bool:
    """Whether enough of a name was said; ``of_name`` tells of each of its words whether letters alone stand there."""
    letters = [word for word in hits if of_name[word]]
    count = sum(said.get(word, 1) for word in hits if not _is_small_number(word))
    return count >= 2 or count * 2 >= len(of_name) or (len(letters) * 2 >= sum(of_name.values()) > 0)


def _is_small_number(word: str) -> bool:
    """A day, a chapter, a version: it names a file only beside other words."""
    return word.isdigit() and len(word) < _YEAR_DIGITS


def _said_share(word: str, said: Mapping[str, int]) -> float:
    """1 if a word of a name was said, less if only its beginning was: MGM for MGMRESORTS."""
    if word in said:
        return 1.0
    begun = any(word[:length] in said for length in range(_SHORTEST_BEGINNING, len(word)))
    return _BEGINNING_SHARE if begun and word.isalpha() and word.isascii() else 0.0


def _asking(text: str) -> tuple[str, str]:
    """The first sentence that asks something (the first at all, if none does), and the rest."""
    sentences = [sentence for sentence in _SENTENCE_END.split(text.strip()) if sentence]
    at = next((at for at, sentence in enumerate(sentences) if _ASKS.search(sentence)), 0)
    return "".join(sentences[at : at + 1]), " ".join(sentences[:at] + sentences[at + 1 :])


def _said(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for raw in raw_words(_CHINESE_STOP.sub(" ", text)):
        lowered = raw.casefold()
        if lowered in ENGLISH or (len(lowered) == 1 and lowered.isascii() and lowered.isalpha()):
            continue
        if found := tuple(words(raw)):
            yield raw, found


def _synonyms(text: str) -> Iterator[str]:
    """The words that go with all phrases of the thesaurus that stand in a text."""
    said = words(text)
    spaced, unspaced = _thesaurus()
    for at, word in enumerate(said):
        for phrase, others in spaced.get(word, ()):
            if tuple(said[at : at + len(phrase)]) == phrase:
                yield from others
    for signs, others in unspaced:
        if signs in text:
            yield from others


_Spaced = dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]]


@cache
def _thesaurus() -> tuple[_Spaced, list[tuple[str, tuple[str, ...]]]]:
    """What goes with each phrase: phrases by their first word, and Chinese phrases as they are written."""
    spaced: _Spaced = {}
    unspaced: list[tuple[str, tuple[str, ...]]] = []
    for phrases, lines in (*((group, group) for group in GROUPS), *DERIVED):
        others = tuple(dict.fromkeys(word for line in lines for word in _phrase(line)))
        for phrase in phrases:
            if is_unspaced(phrase):
                unspaced.append((phrase, others))
            else:
                found = _phrase(phrase)
                spaced.setdefault(found[0], []).append((found, others))
    return spaced, unspaced


def _phrase(phrase: str) -> tuple[str, ...]:
    """The words of a phrase. Single Chinese signs of a longer one would match everywhere."""
    found = [word for raw in raw_words(phrase) if raw not in ENGLISH for word in words(raw)]
    if is_unspaced(phrase) and len(phrase) > 1:
        return tuple(word for word in found if len(word) > 1)
    return tuple(found)


def _name_words(name: str) -> dict[str, bool]:
    """The words of a file's name without its extension, Chinese by its pairs of signs; True for those of letters alone."""
    found: dict[str, bool] = {}
    for raw in raw_words(PurePath(name).stem):
        if is_unspaced(raw):
            found.update(dict.fromkeys(_pairs(raw), False))
        else:
            found.update(dict.fromkeys(words(raw), raw.isalpha()))
    return {word: letters for word, letters in found.items() if word not in _COMMON_IN_NAMES}


def _naming_words(question: str) -> dict[str, int]:
    """What in a question may be part of a file's name, and of how many words of the question it is made.

    Neighbouring words also count as one, for names that are written without spaces: "Best Buy" is BESTBUY.
    """
    raw = raw_words(question)
    found: dict[str, int] = {}
    for at, word in enumerate(raw):
        if is_unspaced(word):
            found.update(dict.fromkeys(_pairs(word), 1))
        elif _may_name(word):
            for one in words(word):
                found.setdefault(one, 1)
            for count in range(2, min(_MOST_JOINED, len(raw) - at) + 1):
                joined = words("".join(raw[at : at + count]).lower())
                found.update((one, count) for one in joined if found.get(one, 0) < count)
    return found


def _may_name(word: str) -> bool:
    capitalised = word[0].isupper() and word.casefold() not in ENGLISH
    return capitalised or any(sign.isdigit() for sign in word)


def _pairs(run: str) -> Iterable[str]:
    return (run[at : at + 2] for at in range(len(run) - 1)) if len(run) > 1 else (run,)
