"""Proving who one is: challenges, the counters and allowances that bound them, sessions, links that have acted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from attrs import frozen

from clientportal.records.stored import stored
from clientportal.values import RecordRef

__all__ = ["Allowance", "Challenge", "GuessCounter", "Purpose", "Session", "SpentLink", "Stage"]


class Purpose(StrEnum):
    """What a challenge is good for; a code for one purpose is worthless for another (V6.6.2)."""

    LOGIN = "login"
    SECOND_PROOF = "second_proof"
    """Another contact of a record whose number may have been recycled (X6)."""
    VERIFY_EMAIL = "verify_email"
    """The email of a registration, typed into the session that registered (A16)."""
    CLAIM = "claim"
    """A contact of one more record, which the account then sees (X5)."""
    CHANGE_CONTACT = "change_contact"
    """The new contact of one's own record (M7)."""


@stored("challenges", lane=("identity", "lane", "expires_at"), bound=("bound_to",), expiry=("expires_at",))
@frozen(kw_only=True)
class Challenge:
    """One open question "type the code that we sent". ``id`` is the digest of the handle, never the handle.

    The code is not here: it is derived from the key ring, this row and ``send_number``. ``last_mark`` is the latest
    time that this row has seen, so that a clock set back revives nothing. ``bound_to`` is the session or account that
    it was asked for, where it is good for nothing else.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    purpose: Purpose
    identity: str
    lane: str
    key_id: str
    created_at: datetime
    expires_at: datetime
    last_mark: datetime
    send_number: int = 1
    misses: int = 0
    spent: bool = False
    bound_to: str | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether a code may still be tried: not spent, and before ``expires_at`` by the later clock."""
        return not self.spent and max(now, self.last_mark) < self.expires_at


@stored("guess_counters", identity=("identity",))
@frozen(kw_only=True)
class GuessCounter:
    """Wrong tries against one identity in one lane; ``id`` is ``identity|lane``. Never reset by a new code."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    identity: str = ""
    day_began: datetime
    day_count: int = 0
    consecutive: int = 0
    wait_until: datetime | None = None
    stopped: bool = False


@stored("allowances", expiry=("forget_at",))
@frozen(kw_only=True)
class Allowance:
    """What one axis (a destination, a source, a prefix, a tenant) has sent; ``id`` names axis and value.

    ``windows`` holds (seconds, began, count) for each limit of the axis.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    windows: tuple[tuple[int, datetime, int], ...] = ()
    last_at: datetime
    forget_at: datetime


class Stage(StrEnum):
    """How far a session has come."""

    OPEN = "open"
    CHOOSING = "choosing"
    """Proved, but several records match: one must be chosen before anything is shown."""
    SECOND_PROOF = "second_proof"
    """Proved, but the number may have been recycled (X6)."""
    SECOND_FACTOR = "second_factor"
    """The password was right; the code of the authenticator app is still to come."""
    ENROLLING = "enrolling"
    """The policy requires a second factor, and the account has none yet."""


@stored("sessions", entry=("entry",), identity=("identity",), account=("account",), expiry=("ends_at",))
@frozen(kw_only=True)
class Session:
    """One signed-in device; ``id`` is the digest of its token.

    ``entry`` is the record it was opened for; the merge pointer is followed at every read, so it keeps its entry
    through merges and comes back at an undo. ``own`` are the records it may switch among. ``because`` says in words
    why it names this record (for staff). ``account`` is the account that it was opened for; ``confirmed_at`` when its
    holder last showed the password again (step-up, V7.5.1); ``viewer`` the member of staff who looks through the
    client's eyes with it, and may touch nothing.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    stage: Stage = Stage.OPEN
    entry: str | None
    own: tuple[RecordRef, ...]
    identity: str
    opened_at: datetime
    used_at: datetime
    idle_until: datetime
    ends_at: datetime
    device: str | None = None
    account: str | None = None
    confirmed_at: datetime | None = None
    viewer: str | None = None
    because: str = ""

    def alive_at(self, now: datetime) -> bool:
        """Whether it may still be used, by the later of ``now`` and its own last mark."""
        seen = max(now, self.used_at)
        return seen < self.idle_until and seen < self.ends_at

    @property
    def entry_ref(self) -> RecordRef | None:
        """``entry`` as a reference."""
        return None if self.entry is None else RecordRef.parse(self.entry)


@stored("spent_links", expiry=("expires_at",))
@frozen(kw_only=True)
class SpentLink:
    """A signed link that has acted. ``id`` is the link's own id."""

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    spent_at: datetime
    expires_at: datetime
