"""Where the portal's pages are, and the way back from them to a project's own."""

from __future__ import annotations

from urllib.parse import unquote, urlencode, urlsplit

from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from clientportal.web.django.conf import configuration
from clientportal.web.routing import path_of

__all__ = ["BACK", "mounted_at", "own_address", "page_address"]

BACK = "/to/{address}"
"""A page of the portal, for whoever is logged in, that leads on to an address of the project's.

The portal's own ``next`` leads to its own pages and nowhere else. So the way back to a project's page is a page of the
portal, which holds the address to the same test.
"""
_LONGEST = 350


def mounted_at(request: HttpRequest | None = None) -> str:
    """The path that the pages are mounted under, with a slash at its end."""
    given = request.resolver_match.kwargs if request is not None and request.resolver_match is not None else {}
    here = {name: value for name, value in given.items() if name != "rest"}
    for kwargs in (here, {}):
        try:
            return reverse("clientportal:page", kwargs={**kwargs, "rest": ""})
        except NoReverseMatch:
            continue
    # Mounted in another way, in front of Django for example: where the setting says that the pages are.
    return urlsplit(configuration().base_url).path


def page_address(request: HttpRequest, page: str, *, back: str | None = None) -> str:
    """The address of one of the portal's pages, relative to the host, from which the way leads ``back``."""
    address = mounted_at(request).rstrip("/") + page
    if back is None or own_address(back) is None or len(back.encode()) > _LONGEST:
        return address
    return f"{address}?{urlencode({'next': path_of('to', back)})}"


def own_address(address: str) -> str | None:
    """The same address, where it is one of this project's own, relative to the host; else ``None``.

    The attack: a link to the sign-in that leads on to ``//evil.example`` (an open redirect), where somebody who has
    just logged in types their code again. So an address begins with one slash and has a view of this project's.
    """
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return None
    path, prefix = unquote(urlsplit(address).path), get_script_prefix()
    if not path.startswith(prefix):
        return None
    try:
        resolve(f"/{path.removeprefix(prefix)}")
    except (Resolver404, ValueError):
        return None
    return address
