"""What a record is to a store: a frozen value with an id, a version and declared keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol, TypeVar

from attrs import frozen

__all__ = ["Put", "RECORD_TYPES", "Remove", "Stored", "Write", "stored"]


class Stored(Protocol):
    """What a store needs to know of a record."""

    TABLE: ClassVar[str]
    """The name of its table, without a prefix."""
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    """Key name -> the attributes that make it, in order; a store indexes (tenant, attributes, id)."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> int: ...


R = TypeVar("R", bound=Stored)


@frozen
class Put:
    """Store ``record``; refused as a conflict unless the stored version is still ``record.version``."""

    record: Stored


@frozen
class Remove:
    """Remove ``record``; refused as a conflict unless the stored version is still ``record.version``."""

    record: Stored


Write = Put | Remove


RECORD_TYPES: list[type[Stored]] = []
"""Every record type, in the order of this file: what a store makes tables of."""

_C = TypeVar("_C")


def stored(table: str, **keys: tuple[str, ...]) -> Callable[[type[_C]], type[_C]]:
    """Declare a record type: its table and its shared keys."""

    def declare(cls: type[_C]) -> type[_C]:
        cls.TABLE = table  # type: ignore[attr-defined]
        cls.KEYS = keys  # type: ignore[attr-defined]
        RECORD_TYPES.append(cls)  # type: ignore[arg-type]
        return cls

    return declare
