"""The chain that makes the audit tamper-evident: what was sealed, in which order, and where the chain ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from attrs import field, frozen

from clientportal.records.stored import stored

__all__ = ["AuditChain", "AuditSeal", "SealedEntry"]


@frozen
class SealedEntry:
    """One audit entry as it was sealed: its id, the digest over it, and whether a key of the ring vouched for it."""

    entry: str
    digest: str
    vouched: bool


@stored("audit_seals", order=("number",))
@frozen(kw_only=True)
class AuditSeal:
    """One batch of audit entries, sealed together; ``id`` is its number, so that there is one of each.

    ``previous`` is the digest of the seal before, ``digest`` its own; ``upto`` counts the entries of all seals up to
    and with this one. Digests alone, and salted ones: nothing of what is erased can be read, or guessed, from here.
    """

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str
    version: int = 0
    number: int
    previous: str
    digest: str
    sealed_at: datetime
    newest_at: datetime
    upto: int
    entries: tuple[SealedEntry, ...]


@stored("audit_chains")
@frozen(kw_only=True)
class AuditChain:
    """Where the chain of one business ends, signed with a key of the ring; ``id`` is always ``chain``.

    ``number`` and ``digest`` are those of the last seal, ``entries`` how many were ever sealed. What was older than
    the business keeps is summarised: ``pruned`` is the last seal that went, ``pruned_digest`` its digest.
    """

    CHAIN: ClassVar[str] = "chain"

    TABLE: ClassVar[str]
    KEYS: ClassVar[Mapping[str, tuple[str, ...]]]
    id: str = CHAIN
    version: int = 0
    number: int = 0
    digest: str = ""
    entries: int = 0
    sealed_at: datetime
    pruned: int = 0
    pruned_digest: str = ""
    pruned_entries: int = 0
    pruned_until: datetime | None = None
    key_id: str = ""
    mark: str = field(default="", repr=False)
