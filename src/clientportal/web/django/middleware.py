"""``request.portal_client`` for a project's own views."""

from __future__ import annotations

from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction  # pyright: ignore[reportDeprecated]
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from clientportal.web.django.clients import PortalClient
from clientportal.web.django.reports import hide_cookies

__all__ = ["PortalClientMiddleware"]


class PortalClientMiddleware:
    """Puts a lazy :class:`~clientportal.web.django.clients.PortalClient` on every request: nothing is read for it until
    a view asks.

    It neither reads nor sets ``request.user``, and writes no session of Django's. A response that was made by asking
    says so (``Vary: Cookie``), so that no cache hands one client's page to another: therefore it stands after
    ``UpdateCacheMiddleware`` in ``MIDDLEWARE``, where there is one.

    The portal's cookies stand in no report that Django makes of an error.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response
        # Before Python 3.12 only asgiref's own function sees what Django has marked as awaited.
        self._awaited = bool(iscoroutinefunction(get_response))  # pyright: ignore[reportDeprecated]
        if self._awaited:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> object:
        hide_cookies(request)
        client = PortalClient(request)
        cast("Any", request).portal_client = client
        if self._awaited:
            return self._later(request, client)
        return _varied(self._get_response(request), client)

    async def _later(self, request: HttpRequest, client: PortalClient) -> HttpResponseBase:
        return _varied(await self._get_response(request), client)


def _varied(response: HttpResponseBase, client: PortalClient) -> HttpResponseBase:
    if client.touched:
        patch_vary_headers(response, ("Cookie",))
    return response
