"""Views of a project's own that only a client of the portal may open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast, overload

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from clientportal.errors import Refused
from clientportal.web.django.clients import PortalClient
from clientportal.web.refusals import LEADS_TO

__all__ = ["PortalClientRequiredMixin", "PortalRequest", "client_of_request", "portal_client_required"]

View = TypeVar("View", bound=Callable[..., Any])


def client_of_request(request: HttpRequest) -> PortalClient:
    """``request.portal_client``, or what is missing from the settings."""
    client = getattr(request, "portal_client", None)
    if client is None:
        raise ImproperlyConfigured(
            "request.portal_client is not there: put 'clientportal.web.django.middleware.PortalClientMiddleware' into "
            "MIDDLEWARE"
        )
    return cast("PortalClient", client)


def _led_away(request: HttpRequest, refusal: Refused | None) -> HttpResponseBase | None:
    from clientportal.web.django.addresses import page_address

    if refusal is None:
        return None
    leads_to = LEADS_TO.get(refusal.reason)
    if leads_to is None:
        raise PermissionDenied(refusal.client_text)
    # What was sent cannot be sent again by a link; whoever looked at a page comes back to it.
    back = request.get_full_path() if request.method in ("GET", "HEAD") else None
    return HttpResponseRedirect(page_address(request, leads_to, back=back))


@overload
def portal_client_required(view: View) -> View: ...
@overload
def portal_client_required(view: None = None) -> Callable[[View], View]: ...
def portal_client_required(view: Any = None) -> Any:
    """Only for a client who is logged in to the portal; everybody else is led to its sign-in, and back afterwards.

    For plain and ``async`` views. Where something has to come first (which profile, a second proof), it leads there.
    Whom the portal shows nothing (it is switched off, say) gets ``PermissionDenied``.
    """
    if view is None:
        return portal_client_required
    if iscoroutinefunction(view):

        @wraps(view)
        async def awaited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            refusal = await sync_to_async(_refusal)(request)
            away = _led_away(request, refusal)
            return away or await cast("Awaitable[HttpResponseBase]", view(request, *args, **kwargs))

        return awaited

    @wraps(view)
    def plain(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        away = _led_away(request, _refusal(request))
        return away or cast("HttpResponseBase", view(request, *args, **kwargs))

    return plain


def _refusal(request: HttpRequest) -> Refused | None:
    return client_of_request(request).refusal


class PortalRequest(HttpRequest):
    """For annotations alone: a request behind ``PortalClientMiddleware``, as a type checker has to know it."""

    portal_client: PortalClient


class PortalClientRequiredMixin:
    """The same for class-based views: ``class Shop(PortalClientRequiredMixin, TemplateView)``, before the view."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Refuse before any method of the view is called."""
        go_on = cast("Any", super()).dispatch
        if not getattr(type(self), "view_is_async", False):
            return portal_client_required(go_on)(request, *args, **kwargs)

        async def awaited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await go_on(request, *args, **kwargs)

        return portal_client_required(awaited)(request, *args, **kwargs)
