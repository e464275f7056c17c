"""A client portal that people can use: pages over the doors, for whatever web framework (extra ``web``).

::

    pages = PortalPages(portal, business="salon")
    app.mount("/portal", pages.asgi())      # Starlette, FastAPI; pages.wsgi() for Flask, Django and the rest

How to mount, brand and replace parts of it: docs/howto/web.md.
"""

try:
    import babel as _babel  # noqa: F401  # pyright: ignore[reportUnusedImport, reportMissingTypeStubs]
    import jinja2 as _jinja2  # noqa: F401  # pyright: ignore[reportUnusedImport]
except ImportError as error:
    raise ImportError(
        "clientportal.web needs the extra 'web', which 'django' and 'flask' bring along: "
        "pip install 'clientportal[web]'",
        name=error.name,
    ) from None

from clientportal.web.messages import Request, Response, SetCookie
from clientportal.web.portal_pages import PortalPages
from clientportal.web.routing import Kind, Needs, Route, path_of
from clientportal.web.visits import StaffIdentity, Visit

__all__ = [
    "Kind",
    "Needs",
    "PortalPages",
    "Request",
    "Response",
    "Route",
    "SetCookie",
    "StaffIdentity",
    "Visit",
    "path_of",
]
