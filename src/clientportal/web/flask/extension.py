"""The extension itself: what it puts into an application, and how the application's routes reach the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import flask
from werkzeug.exceptions import default_exceptions

from clientportal.doors import AsyncPortal, Portal
from clientportal.doors.base import stepped
from clientportal.errors import InvalidInput, Refused
from clientportal.web.answers import unreadable
from clientportal.web.flask.client import RETURN, portal_client, to_page
from clientportal.web.flask.commands import commands
from clientportal.web.flask.mounted import Business, Mounted, Source, mounted_here
from clientportal.web.messages import MAX_BODY, BadRequest, TooLarge, peer_address
from clientportal.web.portal_pages import PortalPages
from clientportal.web.refusals import LEADS_TO, retry_after, status_of

__all__ = ["ClientPortal"]

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SETTINGS: dict[str, type | tuple[type, ...]] = {
    "CLIENTPORTAL_BUSINESS": str,
    "CLIENTPORTAL_BUSINESSES": (list, tuple),
    "CLIENTPORTAL_PUMP": bool,
    "CLIENTPORTAL_URL_PREFIX": str,
}


class ClientPortal:
    """The extension. One object serves any number of applications; each has one portal.

    * ``portal``: a ``Portal``, or a function from the application to one, for what only its configuration knows.
    * ``business``: whose pages these are, or a function that says it of a request, as for ``PortalPages``;
      ``CLIENTPORTAL_BUSINESS`` unless given.
    * ``url_prefix``: where the pages are; ``CLIENTPORTAL_URL_PREFIX`` unless given, else ``/portal``.
    * ``source``: the address that a request comes from, which budgets are counted by; ``request.remote_addr`` unless
      given, which is the proxy's unless Werkzeug's ``ProxyFix`` is told of it.
    * everything else is handed to ``PortalPages``: ``staff``, ``templates``, ``words``, ``documents``, ….

    Raises ``InvalidInput`` for whatever cannot work, when the application is made and not at the first request.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        portal: Portal | Callable[[flask.Flask], Portal] | None = None,
        business: Business | None = None,
        url_prefix: str | None = None,
        *,
        source: Source | None = None,
        name: str = "client_portal",
        **pages: Any,
    ) -> None:
        self._portal = portal
        self._business = business
        self._url_prefix = url_prefix
        self._source = source or _peer
        self._name = name
        self._pages = pages
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: flask.Flask,
        portal: Portal | Callable[[flask.Flask], Portal] | None = None,
        business: Business | None = None,
        url_prefix: str | None = None,
    ) -> None:
        """Put the portal into an application; what is given here goes before what the extension was made with."""
        if not isinstance(cast("object", app), flask.Flask):
            raise InvalidInput(f"app is a flask.Flask, not {type(app).__name__}; in a factory: init_app(app)")
        if "clientportal" in app.extensions:
            raise InvalidInput("this application has a client portal already; business= may be a function for several")
        settings = _settings_of(app)
        whose = business or self._business or settings.get("CLIENTPORTAL_BUSINESS")
        if whose is None:
            raise InvalidInput("whose portal is it? Pass business='…', or set CLIENTPORTAL_BUSINESS")
        opened = _portal_of(app, portal or self._portal)
        prefix = _checked_prefix(opened, url_prefix or self._url_prefix or settings.get("CLIENTPORTAL_URL_PREFIX"))
        shown: dict[str, Any] = {**self._pages, "routes": (*self._pages.get("routes", ()), RETURN)}
        app.extensions["clientportal"] = Mounted(
            portal=opened,
            pages=PortalPages(opened, whose, **shown),
            blueprint=self._name,
            business=whose,
            businesses=_businesses(settings, whose),
            pumps=settings.get("CLIENTPORTAL_PUMP", True),
            source=self._source,
        )
        app.register_blueprint(self._blueprint(prefix))
        app.add_template_global(cast("Any", portal_client), "portal_client")
        app.cli.add_command(commands)
        # What a host's own view does not catch. A handler that the application registers for itself goes before.
        if Refused not in app.error_handler_spec[None][None]:
            app.register_error_handler(Refused, refused)

    def _blueprint(self, prefix: str) -> flask.Blueprint:
        made = flask.Blueprint(self._name, __name__, url_prefix=prefix)
        for rule in ("/", "/<path:path>"):
            made.add_url_rule(rule, "page", page, methods=_METHODS, provide_automatic_options=False)
        return made


# --- one page --------------------------------------------------------------------------------------------------------


def page(path: str = "", **_named: Any) -> flask.Response:
    """Every page of the portal: ``url_for("client_portal.page", path="bookings")``.

    ``_named`` is what a prefix such as ``/<business>/portal`` names; ``business`` finds it in
    ``flask.request.view_args``.
    """
    mounted = mounted_here()
    asked = flask.request
    below = f"/{path}"
    try:
        root = asked.script_root + asked.path.removesuffix(below)
        answer = mounted.pages.handle(mounted.request(path=below, root=root, body=_body(asked)))
    except BadRequest as error:
        language = asked.headers.get("Accept-Language", "")
        answer = mounted.pages.protected(unreadable(below, error, language))
    body = answer.body
    pieces: bytes | Iterator[bytes] = stepped(body) if isinstance(body, AsyncIterator) else body
    sent = flask.current_app.response_class(pieces, answer.status, answer.header_lines())
    if answer.after is not None and mounted.pumps:
        # When the server has sent it: a slow provider keeps nobody waiting, and tells nobody who is a client.
        sent.call_on_close(partial(mounted.pages.finish, answer))
    return sent


def _body(asked: flask.Request) -> bytes:
    """The body, which the application may have read before us: a check of its own that looks into ``request.form``."""
    if asked.content_length is not None and asked.content_length > MAX_BODY:
        raise TooLarge(f"a body has at most {MAX_BODY} bytes")
    if "form" in vars(asked) and asked.form:
        return urlencode(list(asked.form.items(multi=True))).encode()
    # Without a length the body ends where the server says that it does; no more of it is read than may come.
    if asked.content_length is None and (read := asked.stream.read(MAX_BODY + 1)):
        return read
    return asked.get_data()


def _peer(asked: flask.Request) -> str | None:
    return peer_address(asked.remote_addr)


# --- what a view of the host does not catch --------------------------------------------------------------------------


def refused(error: Refused) -> Any:
    """A refusal from a view of the host: the portal's page that has to come first, or the status that it stands for.

    As an ``HTTPException``, so that the application's own page for 403, 404 or 429 is shown, with the text for clients.
    """
    if error.reason in LEADS_TO:
        return to_page(LEADS_TO[error.reason])
    answer = default_exceptions[status_of(error.reason)](error.client_text)
    shown = flask.current_app.make_response(flask.current_app.handle_http_exception(answer))
    if error.retry_at is not None:
        shown.headers["Retry-After"] = retry_after(error.retry_at, mounted_here().pages.site.setup.clock())
    return shown


# --- what an application is set up with ------------------------------------------------------------------------------


def _settings_of(app: flask.Flask) -> dict[str, Any]:
    given = {
        name: value for name, value in cast("dict[str, Any]", app.config).items() if name.startswith("CLIENTPORTAL_")
    }
    for name, value in given.items():
        if name not in _SETTINGS:
            raise InvalidInput(f"there is no setting {name}; there are {', '.join(_SETTINGS)}")
        if not isinstance(value, _SETTINGS[name]):
            raise InvalidInput(f"{name} cannot be {value!r}")
    return given


def _portal_of(app: flask.Flask, given: Portal | Callable[[flask.Flask], Portal] | None) -> Portal:
    made: object = given(app) if callable(given) else given
    if isinstance(made, AsyncPortal):
        raise InvalidInput("Flask has no event loop for an AsyncPortal: pass a Portal")
    if not isinstance(made, Portal):
        raise InvalidInput("portal is a Portal, or a function from the application to one")
    return made


def _checked_prefix(portal: Portal, given: str | None) -> str:
    prefix = "/portal" if given is None else given
    if not prefix.startswith("/") or (prefix != "/" and prefix.endswith("/")):
        raise InvalidInput(
            f"url_prefix begins with '/' and does not end with it, as '/portal' does; this is {prefix!r}"
        )
    base = portal._setup.base_url
    if base and "<" not in prefix and not urlsplit(base).path.endswith(f"{prefix.rstrip('/')}/"):
        raise InvalidInput(
            f"links in messages would lead elsewhere: the portal's base_url is {base!r}, which does not end with "
            f"{prefix.rstrip('/')}/, where url_prefix puts the pages"
        )
    return prefix


def _businesses(settings: dict[str, Any], business: Business) -> tuple[str, ...]:
    named = settings.get("CLIENTPORTAL_BUSINESSES")
    if named is not None:
        return tuple(named)
    return (business.partition("/")[0],) if isinstance(business, str) else ()
