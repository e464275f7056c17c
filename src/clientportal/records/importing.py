"""Which rows of a file have become clients, so that an import that died can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored

__all__ = ["ImportedClient"]


@stored("imported_clients", ref=("ref",), expiry=("forget_at",))
@frozen(kw_only=True)
class ImportedClient:
    """One row of one import was added as ``ref``. ``id`` is the keyed digest of the import's name and the row's text.

    The row's ``line`` is no part of the id: a file may be put right and run again under its name. ``ref`` is empty
    while a host elsewhere has been asked and nobody has recorded its answer; the key that it was asked under is ``id``.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    ref: str = ""
    line: int
    at: datetime
    forget_at: datetime
