"""A decision in words, with everything that it says and writes: what a test that proves all of it compares with.

Fields that have their default are left out, a removal is named by its kind, id and version, and secrets are shown: the
tests' own are none.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, cast

import attrs

from clientportal.decisions import Because, Decision, Refusal
from clientportal.records import Put, Remove, Write
from clientportal.values import ContactKey, MatchKey, Money, RecordRef, Secret

__all__ = ["in_full"]


def in_full(said: object) -> list[str]:
    """The outcome, why, each write, each event, and what the host is asked, a line each; long lines go on indented."""
    lines = [shown(said)]
    if isinstance(said, tuple | list):
        lines = [shown(one) for one in cast("tuple[object, ...]", said)]
    elif isinstance(said, Refusal):
        lines = _refused(said)
    elif isinstance(said, Decision):
        decision = cast("Decision[Any]", said)
        outcome = decision.outcome
        lines = _refused(outcome) if isinstance(outcome, Refusal) else [f"yes: {shown(outcome)}"]
        if not isinstance(outcome, Refusal) or outcome.because != decision.because:
            lines.append(f"because {decision.because}")
        lines += map(written, decision.changes)
        lines += (f"event {shown(event)}" for event in decision.events)
        if decision.asks is not None:
            lines.append(f"asks {shown(decision.asks)}")
    return [part for line in lines for part in _wrapped(line)]


def _refused(no: Refusal) -> list[str]:
    more = "".join(f", {told}" for told in _told(no) if not told.startswith(("reason=", "because=")))
    return [f"no: {no.reason.value}{more}", f"because {no.because}"]


def written(write: Write) -> str:
    """One write."""
    record = write.record
    if isinstance(write, Put):
        return f"put {shown(record)}"
    return f"remove {type(record).__name__} {record.id} (version {record.version})"


def shown(value: object) -> str:
    """One value."""
    if isinstance(value, Secret):
        return f"secret {value.reveal()}"
    if isinstance(value, Because | RecordRef | MatchKey | ContactKey | Money | timedelta):
        return str(value)
    if isinstance(value, Put | Remove):
        return written(value)
    if isinstance(value, datetime):
        return _time(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return "{" + ", ".join(sorted(f"{name}: {shown(one)}" for name, one in items)) + "}"
    if isinstance(value, frozenset | set):
        return "{" + ", ".join(sorted(map(shown, cast("frozenset[object]", value)))) + "}"
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(shown, cast("tuple[object, ...]", value))) + ")"
    if attrs.has(type(value)):
        return _of_attrs(cast("attrs.AttrsInstance", value))
    return str(value) if isinstance(value, str) and value else repr(value)


def _time(value: datetime) -> str:
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(" ") if utc.second or utc.microsecond else utc.isoformat(" ", "minutes")


def _of_attrs(value: attrs.AttrsInstance) -> str:
    told = _told(value)
    return f"{type(value).__name__}({', '.join(told)})" if told else type(value).__name__


def _told(value: attrs.AttrsInstance) -> list[str]:
    told: list[str] = []
    for field in attrs.fields(type(value)):
        held = getattr(value, field.name)
        default: object = field.default
        if isinstance(default, attrs.Factory):
            made = cast("Any", default)
            default = made.factory(value) if made.takes_self else made.factory()
        if held != default or type(held) is not type(default):
            told.append(f"{field.name}={shown(held)}")
    return told


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
