"""The client's session in a host's own views: a proxy that reads nothing until it is used, and a decorator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote, unquote, urlencode

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.local import LocalProxy
from werkzeug.routing import BuildError, RequestRedirect

from clientportal.doors import ClientDoor
from clientportal.errors import InvalidInput, Refused
from clientportal.web.flask.mounted import mounted_here
from clientportal.web.messages import Response
from clientportal.web.own_views import refusal_of
from clientportal.web.refusals import LEADS_TO
from clientportal.web.routing import Route
from clientportal.web.visits import Visit

__all__ = ["RETURN", "portal_client", "portal_client_required", "to_page"]

P = ParamSpec("P")
R = TypeVar("R")

_KEPT = "clientportal.client"
_MARK = "__portal_client_required__"
_RETURN = "/return"
_SAFE = ("GET", "HEAD")


class SessionHere:
    """The session of the browser that is being answered: a ``ClientDoor``, and as a truth value whether it is open."""

    def __init__(self, door: ClientDoor) -> None:
        self._door = door
        self._refused: Refused | None = None
        self._asked = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._door, name)

    def __bool__(self) -> bool:
        return self.refused is None

    def __repr__(self) -> str:
        return "<the client's session of this request>"

    @property
    def refused(self) -> Refused | None:
        """Why it opens nothing, such as ``session_ended`` or ``choose_first``, or ``look_only`` where staff who look
        through the client's eyes send something; asked once for a request.
        """
        if not self._asked:
            self._refused = refusal_of(self._door, flask.request.method)
            self._asked = True
        return self._refused


def _session_here() -> SessionHere:
    # Kept with the request, not in ``g``: that outlives one where an application context stands around several.
    kept = flask.request.environ
    if _KEPT not in kept:
        kept[_KEPT] = SessionHere(mounted_here().client())
        flask.after_this_request(_varied)
    return cast("SessionHere", kept[_KEPT])


def _varied(response: flask.Response) -> flask.Response:
    """The attack: a page that greets one client by name, and that a cache hands to the next one."""
    response.vary.add("Cookie")
    return response


portal_client: ClientDoor = cast("ClientDoor", LocalProxy(_session_here))
"""The door of the session of the browser that is being answered: every method of ``portal.client(token)``.

Nothing is read until it is used. As a truth value it says whether the session is open, with one look that is kept for
the request: ``{% if portal_client %}``. A response that was made by asking says ``Vary: Cookie``. Without a session its
methods raise ``Refused``, which the extension answers with the sign-in.
"""


def portal_client_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only a client's open session see a view; everybody else is led to the sign-in, and back here after it.

    Stands below ``@app.get(…)``. What has to come first besides, such as choosing among several records, is led to
    likewise; what the policy has closed altogether is refused.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        no = _session_here().refused
        if no is None:
            # A view may be "async def": Flask runs it to its end, as it does without the decorator.
            return cast("R", flask.current_app.ensure_sync(view)(*args, **kwargs))
        if no.reason not in LEADS_TO:
            raise no
        return cast("R", to_page(LEADS_TO[no.reason]))

    setattr(guarded, _MARK, True)
    return guarded


def to_page(path: str) -> Any:
    """Lead to a page of the portal, and from there back to where this request wanted to go, if it only looked."""
    asked = flask.request
    query = asked.query_string.decode("latin-1")
    back = quote(asked.path, safe="/!$&'()*+,;=:@") + (f"?{query}" if query else "")
    values: dict[str, Any] = {"path": path.removeprefix("/")}
    if asked.method in _SAFE and _leads_back(back):
        values["next"] = f"{_RETURN}?{urlencode({'to': back}, safe='/')}"
    endpoint = f"{mounted_here().blueprint}.page"
    rules = flask.current_app.url_map.iter_rules(endpoint)
    in_prefix = {name for rule in cast("Iterable[Any]", rules) for name in rule.arguments} - {"path"}
    named = {name: value for name, value in (asked.view_args or {}).items() if name in in_prefix}
    try:
        address = flask.url_for(endpoint, **{**named, **values})
    except BuildError:
        missing = ", ".join(sorted(in_prefix - set(named)))
        raise InvalidInput(
            f"the portal's url_prefix has {missing} in it, which this view's own route must name"
        ) from None
    return flask.redirect(address, 303)


def _leads_back(back: str) -> bool:
    """Whether an address is one of the application's own views that ask for a session.

    The attack: ``?next=//evil.example`` after a login that looks right (an open redirect), or a view that acts when it
    is merely opened. So only what the application's own routes know counts, and of those only what the decorator
    marks; the scheme and the host are never taken from it.
    """
    path, _, _ = back.partition("?")
    plain = back.isascii() and back.isprintable() and "\\" not in back
    adapter = flask.current_app.create_url_adapter(flask.request)
    if not plain or not back.startswith("/") or back.startswith("//") or adapter is None:
        return False
    try:
        endpoint, _ = adapter.match(unquote(path), method="GET")
    except (HTTPException, RequestRedirect):
        return False
    return getattr(flask.current_app.view_functions.get(endpoint), _MARK, False) is True


async def _back(visit: Visit) -> Response:
    """Where a login leads that began at a view of the application."""
    to = visit.get("to") or ""
    if not _leads_back(to):
        return visit.redirect("/start")
    headers = {"location": f"{flask.request.script_root}{to}", "content-type": "text/plain; charset=utf-8"}
    return Response(status=303, headers=headers)


RETURN = Route("GET", _RETURN, _back)
