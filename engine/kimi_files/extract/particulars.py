"""What Outlook's appointments, contacts and tasks say beside their text: when, where, how to reach whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

Key = int | tuple[int, int]
"""A property's number, or the set (the first number of its GUID) and the number in it of a named one; see [MS-OXPROPS]."""

_MEETINGS, _TASKS, _ADDRESSES = 0x00062002, 0x00062003, 0x00062004
_CLASS = 0x001A
_START, _END, _ALL_DAY = (_MEETINGS, 0x820D), (_MEETINGS, 0x820E), (_MEETINGS, 0x8215)
_LOCATION, _ZONE = (_MEETINGS, 0x8208), (_MEETINGS, 0x8234)
_PATTERN, _LAST_DAY = (_MEETINGS, 0x8232), (_MEETINGS, 0x8236)
_CONTACT: tuple[tuple[str, tuple[Key, ...]], ...] = (
    ("Name", (0x3001,)),
    ("Company", (0x3A16,)),
    ("Department", (0x3A18,)),
    ("Position", (0x3A17,)),
    ("Email", ((_ADDRESSES, 0x8084), (_ADDRESSES, 0x8083))),
    ("Email 2", ((_ADDRESSES, 0x8094), (_ADDRESSES, 0x8093))),
    ("Email 3", ((_ADDRESSES, 0x80A4), (_ADDRESSES, 0x80A3))),
    ("Phone at work", (0x3A08,)),
    ("Phone at work 2", (0x3A1B,)),
    ("Phone at home", (0x3A09,)),
    ("Mobile phone", (0x3A1C,)),
    ("Other phone", (0x3A1F,)),
    ("Fax", (0x3A24, 0x3A25)),
    ("Address at work", ((_ADDRESSES, 0x801B),)),
    ("Address at home", ((_ADDRESSES, 0x801A),)),
    ("Other address", ((_ADDRESSES, 0x801C),)),
    ("Web page", ((_ADDRESSES, 0x802B), 0x3A51)),
)
_BIRTHDAY = 0x3A42
_BEGINS, _DUE = (_TASKS, 0x8104), (_TASKS, 0x8105)
_STATUS, _SHARE_DONE, _OWNER = (_TASKS, 0x8101), (_TASKS, 0x8102), (_TASKS, 0x811F)
_STATES = ("not started", "in progress", "completed", "waiting for someone else", "deferred")

# What stands for "never" in Outlook: an appointment without an end repeats until then.
_NEVER = 4500


class Properties(Protocol):
    """The properties of a message; what is missing is empty, 0 or None."""

    def text(self, key: Key) -> str: ...

    def number(self, key: Key) -> int: ...

    def real(self, key: Key) -> float: ...

    def time(self, key: Key) -> datetime | None:
        """In UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Particulars:
    """``kind`` is what it is called; ``lines`` name and value of what it says."""

    kind: str
    lines: list[tuple[str, str]]


def particulars(properties: Properties) -> Particulars | None:
    """None for a message, which says all it has to say in its headers and its text."""
    said = properties.text(_CLASS).casefold()
    for start, kind, lines in _KINDS:
        if said == start or said.startswith(f"{start}."):
            return Particulars(kind, [(name, value) for name, value in lines(properties) if value])
    return None


def _appointment(properties: Properties) -> list[tuple[str, str]]:
    start, end = properties.time(_START), properties.time(_END)
    if properties.number(_ALL_DAY) & 1 and start and end:
        # Days begin at midnight where the appointment was made, which no other time is nearer to in UTC.
        last = end - timedelta(days=1) if end > start else end
        times = [("Start", f"{_day(start)} (all day)"), ("End", f"{_day(last)} (all day)")]
    else:
        times = [("Start", _moment(start)), ("End", _moment(end))]
    pattern, last_day = properties.text(_PATTERN), properties.time(_LAST_DAY)
    if pattern and last_day and last_day.year < _NEVER:
        pattern += f", until {_day(last_day)}"
    return [
        *times,
        ("Time zone", properties.text(_ZONE)),
        ("Location", properties.text(_LOCATION)),
        ("Repeats", pattern),
    ]


def _contact(properties: Properties) -> list[tuple[str, str]]:
    lines = [(name, next(filter(None, map(properties.text, keys)), "")) for name, keys in _CONTACT]
    birthday = properties.time(_BIRTHDAY)
    return [*lines, ("Birthday", _day(birthday) if birthday else "")]


def _task(properties: Properties) -> list[tuple[str, str]]:
    begins, due, status = properties.time(_BEGINS), properties.time(_DUE), properties.number(_STATUS)
    return [
        ("Start", _day(begins) if begins else ""),
        ("Due", _day(due) if due else ""),
        ("Status", _STATES[status] if 0 <= status < len(_STATES) else ""),
        ("Done", f"{properties.real(_SHARE_DONE):.0%}"),
        ("Owner", properties.text(_OWNER)),
    ]


def _moment(time: datetime | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC") if time else ""


def _day(midnight: datetime) -> str:
    return (midnight + timedelta(hours=12)).strftime("%Y-%m-%d")


_KINDS: tuple[tuple[str, str, Callable[[Properties], list[tuple[str, str]]]], ...] = (
    ("ipm.appointment", "Appointment", _appointment),
    ("ipm.schedule.meeting", "Meeting", _appointment),
    # An appointment of a series that was moved or changed.
    ("ipm.ole.class.{00061055-0000-0000-c000-000000000046}", "Appointment", _appointment),
    ("ipm.contact", "Contact", _contact),
    ("ipm.task", "Task", _task),
)
