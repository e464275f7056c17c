"""What the doors give back about links in mails, changed emails and joined accounts."""

from __future__ import annotations

from attrs import frozen

__all__ = ["AccountsMerged", "EmailTakenBack"]


@frozen
class EmailTakenBack:
    """The account has its earlier email again, no password, and no session.

    ``joined``: meanwhile the earlier email had become another account's, so what this one held is that account's now.
    """

    joined: bool


@frozen
class AccountsMerged:
    """Two accounts are one: ``survivor`` stays. ``records`` and ``appointments`` are how many came along."""

    survivor: str
    absorbed: str
    records: int
    appointments: int
