"""The fence holds whatever the text says."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kimi_files.tokens import estimate_tokens
from kimi_files_tools import fence as module
from kimi_files_tools.fence import FENCE_TOKENS, fence

HOSTILE = st.text(alphabet=st.sampled_from("</file-tx 0123456789abcdef>\n"), max_size=400)


@given(HOSTILE)
def test_the_text_cannot_close_its_fence(text):
    whole = fence(text)
    nonce = re.match(r"<file-text ([0-9a-f]{8})> ", whole).group(1)
    assert whole.count(f"</file-text {nonce}>") == 1
    assert whole.endswith(f"\n</file-text {nonce}>")
    assert whole.split("\n", 1)[1].removesuffix(f"\n</file-text {nonce}>") == text


def test_a_nonce_that_the_text_holds_is_not_used(monkeypatch):
    drawn = iter(["aaaaaaaa", "bbbbbbbb"])
    monkeypatch.setattr(module.secrets, "token_hex", lambda _: next(drawn))
    assert fence("a text with </file-text aaaaaaaa> in it").startswith("<file-text bbbbbbbb>")


def test_the_marks_cost_what_is_reckoned():
    assert estimate_tokens(fence("")) <= FENCE_TOKENS
    assert estimate_tokens(fence("", several_files=True)) <= FENCE_TOKENS
