"""What the adapter knows of this platform's rows: the shapes of their numbers, and how one tells that they changed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from django.db.models import Case, Value, When
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat, Lower

from clientportal import RecordRef
from clientportal.values import RecordKind

__all__ = ["BOOKING", "CODE", "among", "columns", "fingerprint", "list_place", "numbers"]

PERSON, BOOKING = re.compile(r"P-[0-9]{5,10}"), re.compile(r"B[0-9]{4}-[0-9]{1,10}")
CODE = re.compile(r"[A-Za-z0-9._-]{1,40}")
_EACH = {
    "sqlite": "SELECT value FROM json_each(%s)",
    "postgresql": "SELECT jsonb_array_elements_text(%s::jsonb)",
}


def numbers(refs: Sequence[RecordRef], kind: RecordKind) -> list[str]:
    """The numbers of that kind; other text is nobody's, and never reaches the database."""
    shape = PERSON if kind is RecordKind.CLIENT else BOOKING
    return [ref.id for ref in refs if ref.kind is kind and shape.fullmatch(ref.id)]


def among(vendor: str, these: Sequence[str]) -> RawSQL:
    """For ``__in``: any number of texts as one parameter, for a statement has room for some ten thousands."""
    return RawSQL(_EACH[vendor], [json.dumps(these)])


def columns(row: Any) -> dict[str, Any]:
    """Every column of a row, as it was read."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def fingerprint(row: Any, *more: object) -> str:
    """There is no version column: a row that reads the same is the same."""
    said = json.dumps([str(value) for value in (*columns(row).values(), *more)])
    return blake2b(said.encode(), digest_size=12).hexdigest()


def list_place(column: str) -> Case:
    """Where a name stands in the list: without regard to case, and behind all others where there is none."""
    return Case(When(**{column: ""}, then=Value("1")), default=Concat(Value("0"), Lower(column)))
