"""Pages: how much one may ask for at once, and where the next one begins.

The cursors of stores and hosts are places in a list: they hold names, ids, contacts. Whoever is handed one keeps it in
an address, and sends it back in an access log. So no cursor leaves a door as it is: it is sealed with the key ring, for
one business and one list, which also makes it one that nobody else can make (ASVS V14.2.1, V2.2.1).
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from attrs import evolve, fields, has

from clientportal.errors import InvalidCursor, InvalidInput
from clientportal.keyring import KeyRing
from clientportal.values import ItemPage

__all__ = ["Paged", "check_limit", "hand_out", "take_back"]

MOST_PER_PAGE = 200
_LONGEST = 20_000
"""More than the cursor of any host that keeps a place in it."""

T = TypeVar("T")


class Paged:
    """A request for one page, with ``after`` as the cursor that its caller was handed, whose answer has ``next``."""

    __slots__ = ()


def check_limit(limit: int) -> int:
    """A page holds 1 to 200 items."""
    if not isinstance(cast("object", limit), int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidInput(f"limit is a number from 1 to {MOST_PER_PAGE}")
    return limit


def take_back(request: T, keys: KeyRing, tenant: str, operation: str) -> T:
    """The same request with the cursor as the list wrote it; raises ``InvalidCursor`` for one that it did not."""
    page: Any = getattr(request, "page", None)
    if isinstance(page, Paged):
        return cast("T", evolve(cast("Any", request), page=take_back(page, keys, tenant, operation)))
    after: object = getattr(request, "after", None)
    if not isinstance(request, Paged) or after is None:
        return request
    plain = keys.unseal(_kind(operation), tenant, after, longest=_LONGEST) if isinstance(after, str) else None
    if plain is None:
        raise InvalidCursor("this is not a cursor that this list handed out: hand in the last page's next, as it is")
    return cast("T", evolve(cast("Any", request), after=plain))


def hand_out(answer: T, request: object, keys: KeyRing, tenant: str, operation: str) -> T:
    """The same page with a sealed cursor; also where the page is a part of what is shown with it."""
    if not isinstance(getattr(request, "page", request), Paged) or not has(type(answer)):
        return answer
    made: dict[str, Any] = {}
    for name in (one.name for one in fields(cast("Any", type(answer)))):
        part = getattr(answer, name)
        if name == "next" and part is not None:
            made[name] = keys.seal(_kind(operation), tenant, str(part)).reveal()
        elif isinstance(part, ItemPage):
            made[name] = hand_out(cast("Any", part), request, keys, tenant, operation)
    return cast("T", evolve(cast("Any", answer), **made)) if made else answer


def _kind(operation: str) -> str:
    return f"cursor|{operation}"
