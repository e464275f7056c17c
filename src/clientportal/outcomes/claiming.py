"""What the doors give back about claiming records, linking them, and whose a booking is."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because
from clientportal.outcomes.clients import ProfileOption
from clientportal.records import LinkEvidence
from clientportal.values import RecordRef

__all__ = ["Claimed", "LinkLine", "Match"]


@frozen
class Claimed:
    """What a proved contact has brought an account.

    ``options`` are all records that the account may be for now, as ``client.profiles()`` lists them, ``added`` those
    that are new among them: ``client.switch(...)`` goes there. ``proof_needed``: another record has that contact, but
    the contact alone is not enough; claim another contact of that record as well.
    """

    options: tuple[ProfileOption, ...]
    added: tuple[ProfileOption, ...]
    proof_needed: bool = False


@frozen
class LinkLine:
    """One account that sees, or saw, a record, as staff see it; times are aware UTC.

    ``sees`` says whether it may be for that record now. Where it may only because it has proved an email that the
    record has, ``evidence`` is ``proved_email`` and ``made_at`` the time of that proof.
    """

    account: str
    address: str = field(repr=False)
    record: RecordRef
    evidence: LinkEvidence
    made_at: datetime
    actor: str
    because: str = ""
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    sees: bool = True


@frozen
class Match:
    """Which client row a booking made while logged out belongs to; ``None`` is a new one, and ``because`` says why."""

    ref: RecordRef | None
    because: Because
