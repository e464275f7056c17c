"""What the doors give back about codes."""

from __future__ import annotations

from attrs import frozen

from clientportal.values import ActiveCode

__all__ = ["Codes"]


@frozen
class Codes:
    """The client's active codes: packages, gifts, subscriptions; in each what ends first comes first.

    ``offered`` is false where the platform keeps none: leave the section out then. ``zone`` is the business's, by
    which a ``last_day`` is meant.
    """

    codes: tuple[ActiveCode, ...]
    offered: bool
    zone: str
