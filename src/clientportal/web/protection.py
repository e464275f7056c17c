"""What keeps other sites from acting for a client, and from showing or reading the pages.

The attacks, and what stands against each:

* *Another site posts a form here* with the client's cookies (CSRF). Every POST needs a token that is derived from the
  cookie of this very browser, and the browser must not say that the form came from elsewhere.
* *Another site shows the pages in a frame* and lets the client click what is underneath: ``frame-ancestors``.
* *Markup that got into a page runs*: nothing may run at all, ``default-src 'none'``, and there is no script to allow.
* *A page leaks where the client goes*: no address is told to another site, and personal pages are stored nowhere.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from clientportal.errors import InvalidInput
from clientportal.keyring import KeyRing
from clientportal.web.messages import Request

__all__ = ["came_from_here", "check_origins", "form_token", "origin_of", "page_headers", "token_fits"]

_HSTS = "max-age=31536000"


def form_token(keys: KeyRing, tenant: str, bound_to: str) -> str:
    """The token of every form that is shown to one browser: ``bound_to`` is the secret of its cookie."""
    return keys.fingerprint("web.form", tenant, bound_to)


def token_fits(expected: str, given: str) -> bool:
    """Whether a form brought the token back, compared in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass"))


def came_from_here(request: Request, own_origin: str) -> bool:
    """Whether the browser says that this was sent by a page of ours, or does not say.

    ``Sec-Fetch-Site`` decides where there is one: no page can set it. ``same-site`` is another host (a neighbour on the
    same domain). Otherwise ``Origin`` is compared with the configured address, never with ``Host``. What says neither
    is no browser of today: the token alone decides then.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin == own_origin


def origin_of(address: str) -> str:
    """Scheme, host and port of an address, as browsers write them."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"


def check_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """The sites that may show the widget: each exactly scheme, host and port, so that none can carry more into CSP."""
    found = tuple(origins)
    for origin in found:
        parts = urlsplit(origin)
        plain = parts.scheme in ("https", "http") and parts.hostname and origin_of(origin) == origin
        if not plain or any(c in origin for c in " ;,'\"*") or not origin.isascii():
            raise InvalidInput(f"widget_origins: {origin!r} is no origin; one is 'https://www.example.com'")
    return found


def page_headers(*, https: bool, framed_by: Iterable[str] = (), images: Iterable[str] = ()) -> dict[str, str]:
    """The headers of every page; ``images`` are the origins of logos."""
    ancestors = " ".join(framed_by) or "'none'"
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        " ".join(("img-src", "'self'", *images)),
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
    )
    headers = {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        # Not "no-referrer": with it browsers say "Origin: null" on our own forms. No other site is told anything.
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-robots-tag": "noindex",
    }
    if ancestors == "'none'":
        headers["x-frame-options"] = "DENY"
    if https:
        headers["strict-transport-security"] = _HSTS
    return headers
