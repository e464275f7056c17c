"""Which page answers which address: one declarative list."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from clientportal.web.messages import Response
    from clientportal.web.visits import Visit

__all__ = ["Found", "Kind", "Needs", "Page", "Route", "Table", "path_of"]

Page = Callable[["Visit"], Awaitable["Response"]]
"""A page: what a visit is answered with. Raises what the doors raise."""

_AS_IT_STANDS = re.compile(r"[A-Za-z0-9_.-]+")
_MASKED = "~"
_PLACE = re.compile(r"\{(\w+)(:signed)?\}|[^{]+")
_SIGNED = r"[\w-]+\.[\w-]+\.[\w-]+"


def _place(found: re.Match[str]) -> str:
    if found[1] is None:
        return re.escape(found[0])
    return f"(?P<{found[1]}>{_SIGNED if found[2] else '[^/]+'})"


class Needs(StrEnum):
    """Whom a page is for."""

    NOTHING = "nothing"
    """Everybody, logged in or not."""
    SESSION = "session"
    """Whoever is logged in; everybody else is led to the sign-in."""
    STAFF = "staff"
    """A member of staff, whom the host names."""


class Kind(StrEnum):
    """What an address answers with, also where it refuses."""

    PAGE = "page"
    JSON = "json"


@frozen
class Route:
    """One address.

    * ``path``: below the mount; ``{name}`` is one segment, which the page finds in ``visit.arguments``, and
      ``{name:signed}`` one that looks like a signed link.
    * ``section``: the section of the portal that it belongs to; ``menu``: the key of the text under which it stands in
      the menu, where that section is open.
    * ``checked``: whether what is sent must bring a form's token. Not where the address itself is the proof and no
      cookie counts: a mail provider unsubscribes by a POST of its own (RFC 8058).
    """

    method: str
    path: str
    page: Page
    needs: Needs = Needs.SESSION
    section: str | None = None
    menu: str | None = None
    kind: Kind = Kind.PAGE
    checked: bool = True


@frozen
class Found:
    """The route of a request, and what its path names."""

    route: Route
    arguments: Mapping[str, str] = field(factory=dict[str, str], repr=False)


def _segment(text: str) -> str:
    # A server decodes a path before anybody sees it, so a slash in an id would be two segments. Such an id is masked.
    if _AS_IT_STANDS.fullmatch(text) and text not in (".", ".."):
        return text
    return _MASKED + base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


def _unmasked(segment: str) -> str:
    if not segment.startswith(_MASKED):
        return segment
    masked = segment.removeprefix(_MASKED)
    try:
        return base64.b64decode(masked + "=" * (-len(masked) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return segment


def path_of(*parts: str) -> str:
    """The path of parts that may hold anything, ids of the host's among them: ``path_of("bookings", id)``."""
    return "".join(f"/{_segment(part)}" for part in parts)


class Table:
    """All routes; the first that fits answers."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[Route, re.Pattern[str]]] = []
        for route in self.routes:
            if "{" in route.path:
                self._patterns.append((route, re.compile(_PLACE.sub(_place, route.path))))
            else:
                self._fixed.setdefault((route.method, route.path), route)

    def find(self, method: str, path: str) -> Found | None:
        """The route of a method and a path."""
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return Found(fixed)
        for route, pattern in self._patterns:
            if route.method == method and (found := pattern.fullmatch(path)) is not None:
                return Found(route, {name: _unmasked(text) for name, text in found.groupdict().items()})
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that an address knows; none, where there is no such address."""
        return tuple(method for method in ("GET", "POST", "PUT", "DELETE") if self.find(method, path) is not None)
