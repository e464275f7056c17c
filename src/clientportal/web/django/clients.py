"""Who of the business's clients sent a request, for a project's own views."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest

from clientportal.errors import Refused
from clientportal.values import Secret
from clientportal.web.django.conf import configuration, pages, portal
from clientportal.web.messages import Request
from clientportal.web.own_views import refusal_of

if TYPE_CHECKING:
    from clientportal.doors.client import ClientDoor

__all__ = ["PortalClient"]


class PortalClient:
    """``request.portal_client``: false where nobody is logged in to the portal, else the session's door.

    Making one reads nothing, not even the settings. ``signed_in`` (and ``bool()``) asks the portal once per request;
    every method of :class:`~clientportal.doors.client.ClientDoor` can be called on it, and checks the session itself::

        if request.portal_client:
            page = request.portal_client.appointments()

    In an ``async`` view: ``await request.portal_client.asigned_in()``, ``await
    request.portal_client.awaited.appointments()``; the work is done in Django's thread for such, with its connection.

    It has nothing to do with ``request.user``: clients of the portal are not users of Django's, and stay so.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._asked = False

    def __repr__(self) -> str:
        return "<PortalClient>"

    @property
    def touched(self) -> bool:
        """Whether anybody has asked, so that the response depends on the cookie."""
        return self._asked

    @cached_property
    def business(self) -> str:
        """Whose portal this is; of a franchise ``parent/branch``."""
        self._asked = True
        return configuration().business_of(self._request)

    @cached_property
    def token(self) -> Secret | None:
        """What the browser brought: no word yet on whether it is any good."""
        tenant, _, branch = self.business.partition("/")
        asked = Request(method="GET", headers={"cookie": self._request.headers.get("cookie", "")})
        return pages().site.jar_of(asked, tenant, branch).token(asked)

    @cached_property
    def door(self) -> ClientDoor:
        """The door of the session; without one every call is refused as ``session_ended``. Reads nothing."""
        return portal().client(self.token, branch=self.business.partition("/")[2])

    @cached_property
    def refusal(self) -> Refused | None:
        """Why this client may see nothing now: not logged in, or something has to come first; or staff who look through
        the client's eyes send something. ``None``: come in.
        """
        return refusal_of(self.door, str(self._request.method))

    @property
    def signed_in(self) -> bool:
        """Whether a client is logged in, with nothing that has to come first."""
        return self.token is not None and self.refusal is None

    def __bool__(self) -> bool:
        return self.signed_in

    async def asigned_in(self) -> bool:
        """The same in an ``async`` view."""
        return await sync_to_async(lambda: self.signed_in)()

    def __getattr__(self, name: str) -> Any:
        # Only what the class itself has not: the door's own methods.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.door, name)

    @property
    def awaited(self) -> _Awaited:
        """The same methods for ``async`` views."""
        return _Awaited(self)


class _Awaited:
    """A door whose methods are awaited, each carried out in the thread that Django keeps for a request."""

    def __init__(self, client: PortalClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(self._client.door, name)(*args, **kwargs)

        return sync_to_async(call)
