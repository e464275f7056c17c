"""Everything that stands in a value, however deep: for tests that look for what must *not* be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import fields, has

from clientportal import Secret

__all__ = ["names_in", "texts_in"]


def _walk(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Secret):
        yield name, value.reveal()
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield name, str(key)
            yield from _walk(inner, str(key))
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _walk(inner, name)
    elif has(type(value)):
        # Fields are walked themselves: one that is left out of the repr is still handed over.
        for attribute in fields(type(value)):
            yield from _walk(getattr(value, attribute.name), attribute.name)
    else:
        yield name, str(value)
    yield name, repr(value)


def texts_in(value: Any) -> str:
    """All text of a value: its repr, and every field's text, secrets and fields hidden from the repr included."""
    return "\n".join(text for _, text in _walk(value, ""))


def names_in(value: Any) -> set[str]:
    """The names of all fields of a value that hold something, however deep."""
    return {name for name, _ in _walk(value, "") if name}
