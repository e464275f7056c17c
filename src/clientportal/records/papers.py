"""What the portal remembers about documents and forms; they themselves are the platform's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored

__all__ = ["DocumentsSeen"]


@stored("documents_seen")
@frozen(kw_only=True)
class DocumentsSeen:
    """Up to which of one record's documents its client has opened the list (V4). ``id`` is the record.

    Each record has a mark of its own, so that merging and its undo need not touch any: what a client of an absorbed
    record has never opened stays new. ``upto`` is when the newest of those documents was shared, by the platform's own
    clock: the portal's may be ahead of it, and would count as seen what nobody has.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    upto: datetime
