"""What the doors answer with about what a client holds: memberships, packages, gift cards, rewards, saved cards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Generic, TypeVar

from attrs import field, frozen

from clientportal.values import SectionItem
from clientportal.values.memberships import CreditBatch, Membership
from clientportal.values.packages import Package, PackageState

__all__ = ["HeldPage", "MembershipDetails", "PackagePage"]

T = TypeVar("T", bound=SectionItem, covariant=True)


@frozen(kw_only=True)
class HeldPage(Generic[T]):
    """One page of what a client holds; ``next`` is the cursor of the page after it, ``None`` at the end.

    ``zone`` is the business's, by whose calendar every ``last_day`` is meant, ``today`` the day that it is there;
    ``over`` are the ids of what cannot be used any more, because its last day has passed.
    """

    items: tuple[T, ...]
    next: str | None
    zone: str
    today: date
    over: frozenset[str] = frozenset()


@frozen(kw_only=True)
class PackagePage(HeldPage[Package]):
    """A page of packages; ``states`` says of each, by its id, what it is good for today."""

    states: Mapping[str, PackageState] = field(factory=dict[str, PackageState], hash=False)


@frozen(kw_only=True)
class MembershipDetails:
    """One membership, whole (M4): ``usable`` are the credits that can still be used, what ends first first; ``expired``
    those whose last day has passed, the latest first. ``zone`` and ``today`` as on a page.
    """

    membership: Membership
    usable: tuple[CreditBatch, ...]
    expired: tuple[CreditBatch, ...]
    zone: str
    today: date
    over: bool = False
