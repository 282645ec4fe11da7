"""The estimate keeps to a real vocabulary: the counts below are those of o200k_base."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kimi_files.tokens import estimate_tokens

# The numbers are counts of o200k_base.
SAMPLES = [
    pytest.param(
        "The quarterly turbine inspection found hairline cracks on shaft nine. The shaft was replaced in November, "
        "and the supplier agreed to bear half of the cost, because the casting had been weaker than agreed.",
        39,
        id="english",
    ),
    pytest.param(
        "季度检查发现九号轴有细微裂纹。该轴已于十一月更换，由于铸件的强度低于合同要求，供应商同意承担一半的费用。",
        43,
        id="chinese",
    ),
    pytest.param(
        "def parts(text: str, size: int) -> Iterator[str]:\n    for start in range(0, len(text), size):\n"
        "        yield text[start : start + size]\n\n\nclass Reader(Protocol):\n    def read(self) -> Document: ...\n",
        50,
        id="code",
    ),
    pytest.param(
        '{"id":"file_01jd8x6w2m9q","object":"file","bytes":2184531,"created_at":1795334400,"purpose":"file-extract"}',
        40,
        id="json",
    ),
    pytest.param(
        "| position | hours | amount |\n| --- | --- | --- |\n| replacement shaft 9 | 62 | 48,300.00 |\n"
        "| crane, two days | 16 | 3,120.50 |\n",
        46,
        id="table",
    ),
    pytest.param(
        "1,577 1,373 1,420 262 58 13 2,023 16 1,828 2,152 1,410 2,497 1,354 1,247 846 1,065 142",
        55,
        id="numbers",
    ),
    pytest.param(
        "Ежеквартальная проверка турбины выявила микротрещины на валу номер девять. Вал был заменён в ноябре.",
        32,
        id="russian",
    ),
    pytest.param(
        "四半期ごとのタービン検査で、九番軸に微細な亀裂が見つかりました。費用の半分は供給業者が負担します。",
        44,
        id="japanese",
    ),
    pytest.param(
        "분기별 터빈 점검에서 9번 축에 미세한 균열이 발견되었습니다. 축은 11월에 교체되었습니다.",
        33,
        id="korean",
    ),
]


@pytest.mark.parametrize(("text", "tokens"), SAMPLES)
def test_the_estimate_is_near_the_count_and_rather_above_it(text: str, tokens: int) -> None:
    assert tokens * 0.9 <= estimate_tokens(text) <= tokens * 1.3


def test_an_empty_text_costs_nothing() -> None:
    assert estimate_tokens("") == 0


@given(st.text(), st.text())
def test_two_texts_together_cost_no_more_than_each_alone(one: str, other: str) -> None:
    # What a budget is promised on: parts that were counted one by one, joined.
    assert estimate_tokens(one + other) <= estimate_tokens(one) + estimate_tokens(other) + 2
