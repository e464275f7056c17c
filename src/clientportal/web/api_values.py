"""What the doors answer with as JSON, and as the schema that says so: both are read from the same types.

Nothing is shown that is for staff or for the machinery: no reasons in full (``Because``), no ids of records, no
versions. A :class:`~clientportal.values.Secret` is left out too, but where an endpoint says that its holder is to have
it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from attrs import fields, has

from clientportal.decisions import Because, Refusal
from clientportal.errors import InvalidInput
from clientportal.values import Money, RecordRef, Secret, SectionItem
from clientportal.web.languages import Words

__all__ = ["AMOUNT", "CURRENCY", "HIDDEN", "Schemas", "to_json"]

HIDDEN = frozenset({"ref", "refs", "moved_from", "version", "device", "record", "account", "because", "business_id"})
"""Names that are the machinery's own, wherever they stand."""
_HIDDEN_TYPES: tuple[type, ...] = (RecordRef, Because)


def _shown(kind: Any, revealed: frozenset[str]) -> list[tuple[str, Any]]:
    """The fields of a type that go out, each with its type."""
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind) if not one.name.startswith("_")]
    return [(name, hints[name]) for name in names if name in revealed or not _is_hidden(name, hints[name])]


def _is_hidden(name: str, hint: Any) -> bool:
    parts = (hint, *get_args(hint))
    return name in HIDDEN or any(part in _HIDDEN_TYPES or part is Secret for part in parts)


def to_json(value: Any, words: Words, texts: Any, revealed: frozenset[str] = frozenset()) -> Any:
    """A value as JSON knows it; a refusal as its reason and the client's text."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return value.value
        case str():
            return value
        case Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case date():
            return value.isoformat()
        case time():
            return value.isoformat()
        case float():
            return value if isfinite(value) else None
        case timedelta():
            return int(value.total_seconds())
        case Secret():
            return value.reveal()
        case Money():
            return {"amount": f"{value.amount:f}", "currency": value.currency}
        case Refusal():
            return {"reason": value.reason.value, "text": words.reason(value, texts.for_client(value))}
        case Mapping():
            pairs = cast("Mapping[object, Any]", value).items()
            return {str(name): to_json(one, words, texts, revealed) for name, one in pairs}
        case _ if has(cast("Any", type(value))):
            return {
                name: to_json(getattr(value, name), words, texts, revealed) for name, _ in _shown(type(value), revealed)
            }
        case frozenset():
            return sorted(to_json(one, words, texts, revealed) for one in cast("frozenset[object]", value))
        case Sequence():
            return [to_json(one, words, texts, revealed) for one in cast("Sequence[object]", value)]
        case _:
            raise InvalidInput(f"{type(value).__name__} is nothing that JSON can hold")


_PLAIN: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {"type": "integer", "description": "seconds"},
    Decimal: {"type": "string", "description": "an exact decimal number"},
    Secret: {"type": "string"},
    Any: {},
}
AMOUNT = r"-?[0-9]{1,15}(\.[0-9]{1,6})?"
CURRENCY = "[A-Z]{3}"
_MONEY = {
    "type": "object",
    "description": "exact: the amount is decimal text in the currency's main unit",
    "properties": {
        "amount": {"type": "string", "pattern": f"^{AMOUNT}$"},
        "currency": {"type": "string", "pattern": f"^{CURRENCY}$"},
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
_ITEM: Mapping[str, Any] = {
    "type": "object",
    "description": "an item of a platform's own: its id, and whatever fields it has",
    "properties": {"id": {"type": "string"}},
    "required": ["id"],
}
_REFUSAL = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "text": {"type": "string"}},
    "required": ["reason", "text"],
    "additionalProperties": False,
}


class Schemas:
    """The schemas of types, each named once under ``#/components/schemas``."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {"Money": dict(_MONEY), "Refusal": dict(_REFUSAL)}

    def of(self, hint: Any, revealed: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The schema of a type, by reference where it has a name."""
        if hint in _PLAIN:
            return dict(_PLAIN[hint])
        if hint is Money:
            return _ref("Money")
        if hint is Refusal:
            return _ref("Refusal")
        if hint is SectionItem:
            return dict(_ITEM)
        origin, args = get_origin(hint), get_args(hint)
        if isinstance(hint, TypeVar):
            return {}
        if origin in (Union, types.UnionType):
            return self._one_of(args, revealed)
        if origin in (tuple, list, Sequence, frozenset):
            return {"type": "array", "items": self.of(args[0], revealed)}
        if origin in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(args[1], revealed)}
        if isinstance(hint, type) and issubclass(hint, Enum):
            return {"type": "string", "enum": [one.value for one in hint]}
        kind = cast("Any", origin or hint)
        if has(kind):
            return self._object(kind, args, revealed)
        raise InvalidInput(f"there is no schema of {hint!r}")

    def _one_of(self, args: tuple[Any, ...], revealed: frozenset[str]) -> dict[str, Any]:
        return {"anyOf": [{"type": "null"} if one is type(None) else self.of(one, revealed) for one in args]}

    def _object(self, kind: Any, args: tuple[Any, ...], revealed: frozenset[str]) -> dict[str, Any]:
        name = "".join((kind.__name__, *(f"Of{one.__name__}" for one in args if isinstance(one, type))))
        bound = _variables(kind, args)
        shown = [(field, _bound(hint, bound)) for field, hint in _shown(kind, revealed)]
        before = self.named.get(name)
        if before is not None and before["required"] != [field for field, _ in shown]:
            raise InvalidInput(f"{name} is described twice, with other fields: one name is one schema")
        if before is None:
            self.named[name] = {"required": [field for field, _ in shown]}
            self.named[name] = {
                "type": "object",
                "description": _first_sentence(kind.__doc__ or ""),
                "properties": {field: self.of(hint, revealed) for field, hint in shown},
                "required": [field for field, _ in shown],
                "additionalProperties": False,
            }
        return _ref(name)


def _bound(hint: Any, bound: Mapping[Any, Any]) -> Any:
    """A generic field's type with what its class was made of in the place of the variable."""
    if hint in bound:
        return bound[hint]
    variables = getattr(hint, "__parameters__", ())
    return hint[tuple(bound.get(one, one) for one in variables)] if any(one in bound for one in variables) else hint


def _variables(kind: Any, args: tuple[Any, ...]) -> dict[Any, Any]:
    """What stands for each type variable of a class: of its own, and of the generic classes that it is made of."""
    bound = dict(zip(getattr(kind, "__parameters__", ()), args, strict=False))
    for base in getattr(kind, "__orig_bases__", ()):
        if isinstance(get_origin(base), type) and has(get_origin(base)):
            bound |= zip(get_origin(base).__parameters__, get_args(base), strict=False)
    return bound


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _first_sentence(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
