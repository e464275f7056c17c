"""What sealing the audit, and verifying the chain, give back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from attrs import field, frozen

from clientportal.errors import InvalidInput

__all__ = ["AuditBreak", "AuditHead", "AuditVerdict", "BreakKind", "Sealed"]


class BreakKind(StrEnum):
    """What is wrong with the chain."""

    CHANGED = "changed"
    """An entry says something else than when it was sealed."""
    REMOVED = "removed"
    """An entry that was sealed is not there any more."""
    INSERTED = "inserted"
    """An entry, or a seal, that the chain does not know."""
    FORGED = "forged"
    """An entry that no key of the ring had vouched for: written, or changed, past the library before it was sealed."""
    SEAL_CHANGED = "seal_changed"
    """A seal says something else than when it was made."""
    SEAL_REMOVED = "seal_removed"
    """A seal is missing."""
    REORDERED = "reordered"
    """A seal stands in another one's place."""
    HEAD = "head"
    """The end of the chain is missing, or was not signed with the key that it names."""
    KEY_GONE = "key_gone"
    """The key that signed the end of the chain, or for a day an open entry, is not in the ring: nothing can be said."""
    TRUNCATED = "truncated"
    """The anchor is beyond the end of the chain: newer seals were cut off, or an older copy was put back."""
    REWRITTEN = "rewritten"
    """The chain has another seal where the anchor was taken: it was made anew by somebody who had the key."""


@frozen
class AuditBreak:
    """The first thing that does not hold: in which seal, and at which entry where it is one."""

    kind: BreakKind
    seal: int
    entry: str | None = None


@frozen
class AuditHead:
    """Where a chain ends: an *anchor*, once it is kept where whoever can write to the database cannot.

    ``seal`` is the number of the last one, ``entries`` how many entries are behind it.
    """

    business: str
    seal: int
    digest: str
    entries: int
    sealed_at: datetime

    def to_json(self) -> str:
        """One line of JSON, which :meth:`from_json` reads back."""
        told = {"business": self.business, "seal": self.seal, "digest": self.digest, "entries": self.entries}
        return json.dumps({**told, "sealed_at": self.sealed_at.isoformat()}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> AuditHead:
        """Read what :meth:`to_json` wrote; raises ``InvalidInput`` for anything else."""
        try:
            told = cast("Mapping[str, Any]", json.loads(text))
            head = cls(
                str(told["business"]),
                int(told["seal"]),
                str(told["digest"]),
                int(told["entries"]),
                datetime.fromisoformat(str(told["sealed_at"])),
            )
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidInput(
                f"an anchor is what audit_head(business).to_json() has written: {type(error).__name__}"
            ) from None
        if head.sealed_at.tzinfo is None:
            raise InvalidInput("sealed_at of an anchor has a zone, as audit_head(business).to_json() writes it")
        return head


@frozen
class Sealed:
    """What one call has sealed: ``entries`` in ``seals``. ``waiting`` are left until a key that vouches for them is in
    the ring. ``broken`` is why nothing was sealed: the chain's end does not hold.
    """

    entries: int = 0
    seals: int = 0
    waiting: int = 0
    broken: AuditBreak | None = None


@frozen
class AuditVerdict:
    """What verifying has found. ``broken`` is the first thing that does not hold; ``None``: it is all as it was sealed.

    ``entries`` and ``seals`` were compared and hold, up to ``upto``. ``erased`` entries among them have lost their
    words, as an erasure does; ``pruned`` older ones are summarised. ``unsealed`` entries wait to be sealed,
    ``waiting`` of them for a key that is not in this ring. ``anchored`` says whether the anchor was found; ``None``
    where none was given, or it is older than what is kept.
    """

    broken: AuditBreak | None
    entries: int = 0
    seals: int = 0
    upto: datetime | None = None
    erased: int = 0
    pruned: int = 0
    pruned_until: datetime | None = None
    unsealed: int = 0
    waiting: int = 0
    anchored: bool | None = field(default=None)

    @property
    def intact(self) -> bool:
        """Whether nothing was found that does not hold."""
        return self.broken is None
