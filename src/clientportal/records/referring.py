"""Who came by whose recommendation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored
from clientportal.values import RecordRef

__all__ = ["Referral"]


@stored("referrals", referrer=("referrer", "at"))
@frozen(kw_only=True)
class Referral:
    """A friend came by somebody's link. ``id`` is the friend's record, so that a friend counts once.

    Whether it counts today follows from who is who today: see ``rules/referring.py``.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    referrer: str
    appointment_id: str
    at: datetime

    @property
    def friend_ref(self) -> RecordRef:
        """The friend."""
        return RecordRef.parse(self.id)

    @property
    def referrer_ref(self) -> RecordRef:
        """Whose link it was."""
        return RecordRef.parse(self.referrer)
