"""What looks the same in a picture is told apart by what stands around it, and left alone where that is not sure."""

from __future__ import annotations

import pytest

from kimi_files.extract.scan.signs import set_right


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("请接受,并保持礼貌!谢谢;再见", "请接受，并保持礼貌！谢谢；再见"),
        ("配置文件(例如用户名)在此（见下）（一）", "配置文件（例如用户名）在此（见下）（一）"),
        ("通信（IPC)的一个节点", "通信（IPC）的一个节点"),
        ("回到GUI环境(更多）。", "回到GUI环境（更多）。"),
        ("the shelI and CtrI-Alt", "the shell and Ctrl-Alt"),
    ],
)
def test_what_leaves_no_doubt_is_set_right(read: str, meant: str) -> None:
    assert set_right(read) == meant


@pytest.mark.parametrize(
    "read",
    [
        "Wait, what? (Really!)",
        "用 sudo(8) 来配置，版本 2.7 (青木修), 共 1,000 个",
        "（一）第1节“文件系统”(基本概念)",
        "配置文件(例如用户名)在此",
        "时间 12:30; a,b",
        "Type I of the WebUI, AI and getIndex",
    ],
)
def test_what_may_be_meant_is_left_alone(read: str) -> None:
    assert set_right(read) == read
