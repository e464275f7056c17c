"""A parent with businesses under it, on one database: what they share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast

from attrs import field, frozen

from clientportal.errors import PolicyError

__all__ = ["FranchisePolicy"]

_SECTION = re.compile(r"[a-z][a-z_]{0,39}")


def _names(value: Iterable[str]) -> frozenset[str]:
    return frozenset(value)


def _are_sections(_instance: object, _attribute: object, value: frozenset[str]) -> None:
    for name in value:
        if not isinstance(cast("object", name), str) or not _SECTION.fullmatch(name):
            raise PolicyError(
                f"franchise.shares: {name!r} is no section; one is named like 'gift_cards'", ("franchise.shares",)
            )


@frozen(kw_only=True)
class FranchisePolicy:
    """What the businesses under one parent share. It is read from the parent's policy alone.

    * ``shares``: sections whose items are shown at every business of the parent (M6). Of all others a business shows
      what is its own, and what belongs to the parent as a whole.
    """

    shares: frozenset[str] = field(
        default=frozenset({"account", "gift_cards"}), converter=_names, validator=_are_sections
    )
