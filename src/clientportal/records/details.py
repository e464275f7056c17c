"""What clients changed of their own contacts, for as long as it can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import attrs
from attrs import frozen

from clientportal.records.stored import stored
from clientportal.values import RecordRef

__all__ = ["ContactChange"]


@stored("contact_changes", ref=("ref", "at"), expiry=("expires_at",))
@frozen(kw_only=True)
class ContactChange:
    """A contact of a record was replaced by one that was proved. ``before`` is the earlier one as it was written; the
    link that the earlier one got names this record, and puts it back until ``expires_at``.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    ref: str
    field: str
    before: str = attrs.field(repr=False)
    after: str = attrs.field(repr=False)
    at: datetime
    expires_at: datetime
    spent: bool = False

    @property
    def record_ref(self) -> RecordRef:
        """Whose contact it is."""
        return RecordRef.parse(self.ref)
