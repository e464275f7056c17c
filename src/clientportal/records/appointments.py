"""What the portal remembers of appointments that it changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored
from clientportal.values import Appointment, ChangeKind

__all__ = ["Snapshot", "Trail"]


@stored("snapshots", ref=("ref", "taken_at"), appointment=("appointment_id", "taken_at"))
@frozen(kw_only=True)
class Snapshot:
    """An appointment as it was just before it was changed: hosts that delete would lose it."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    ref: str
    appointment_id: str
    taken_at: datetime
    change: ChangeKind
    actor: str
    appointment: Appointment


@stored("trails", current=("current_id",))
@frozen(kw_only=True)
class Trail:
    """Where an appointment (``id``) is now, and how often it was moved: a link sent earlier follows it (X1)."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    current_id: str
    moves: int = 0
