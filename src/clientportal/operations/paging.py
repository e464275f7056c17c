"""Pages: how much one may ask for at once."""

from __future__ import annotations

from typing import cast

from clientportal.errors import InvalidInput

__all__ = ["check_limit"]

MOST_PER_PAGE = 200


def check_limit(limit: int) -> int:
    """A page holds 1 to 200 items."""
    if not isinstance(cast("object", limit), int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidInput(f"limit is a number from 1 to {MOST_PER_PAGE}")
    return limit
