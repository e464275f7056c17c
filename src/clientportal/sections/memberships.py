"""Memberships: every one ever bought, in any status (M4)."""

from __future__ import annotations

from typing import ClassVar

from clientportal.ports.section import Section
from clientportal.values.memberships import Membership

__all__ = ["Memberships"]


class Memberships(Section[Membership]):
    """The port of memberships. ``page`` lists them latest bought first; ``one`` is needed for the details.

    ``active``: whether the business has activated memberships; that the widget shows them is the policy's to say.
    """

    name: ClassVar[str] = "memberships"
    item: ClassVar[type[Membership]] = Membership
