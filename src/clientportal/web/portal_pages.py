"""A complete portal of pages over one portal object, for whatever framework: a request in, a response out."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from clientportal.doors import AsyncPortal, AsyncVisitorDoor, Portal
from clientportal.doors.portal import setup_at, visitor_of
from clientportal.errors import ClientPortalError, InvalidInput, Refused
from clientportal.ports import step
from clientportal.web.answers import json_error, plain_problem, unreadable
from clientportal.web.languages import choose_language
from clientportal.web.menu import menu_for
from clientportal.web.messages import BadRequest, Request, Response
from clientportal.web.protection import came_from_here, token_fits
from clientportal.web.routes import ROUTES
from clientportal.web.routing import Found, Kind, Needs, Route, Table
from clientportal.web.site import WIDGET, Site, Templates, bearer_of
from clientportal.web.visits import StaffIdentity, Visit

if TYPE_CHECKING:
    from clientportal.web.asgi import AsgiApp
    from clientportal.web.wsgi import WsgiApp

__all__ = ["PortalPages"]

_log = logging.getLogger("clientportal.web")
_SAFE = ("GET", "HEAD")

StaffOf = Callable[[Request], "StaffIdentity | Awaitable[StaffIdentity | None] | None"]


class PortalPages:
    """The pages of a client portal: sign-in, chooser, every section, and staff's own pages.

    * ``portal``: a :class:`~clientportal.Portal` or :class:`~clientportal.AsyncPortal`.
    * ``business``: whose pages these are, or a function that says it of a request; ``"parent/salon"`` is one business
      of a franchise, with cookies of its own.
    * ``base_url``: where the pages are, for the protection of forms and cookies; the portal's own unless given. Links
      in messages begin with the portal's, so mount the pages where that points.
    * ``templates``: a folder with your own templates, or several; each replaces the shipped one of the same name.
    * ``staff``: says who of your staff sends a request, or ``None``; without it there are no pages for staff.
    * ``widget_origins``: sites that may show the pages inside a frame, below ``/widget/``.
    * ``documents``: where the documents are that a registration agrees to (``registration.consents``).
    * ``words``: language -> key -> your own text of the pages; a language that is not shipped is brought along whole.
    * ``routes``: pages of your own; they come before the shipped ones.

    Mount it: ``app.mount("/portal", pages.asgi())``, or ``pages.wsgi()``; or call :meth:`handle` yourself.
    """

    def __init__(
        self,
        portal: Portal | AsyncPortal,
        business: str | Callable[[Request], str],
        *,
        base_url: str | None = None,
        templates: Templates | None = None,
        staff: StaffOf | None = None,
        widget_origins: Iterable[str] = (),
        documents: Mapping[str, str] | None = None,
        words: Mapping[str, Mapping[str, str]] | None = None,
        routes: Iterable[Route] = (),
    ) -> None:
        if not isinstance(cast("object", portal), Portal | AsyncPortal):
            raise InvalidInput("portal is a Portal or an AsyncPortal")
        if not isinstance(cast("object", business), str) and not callable(business):
            raise InvalidInput("business is the business's id, or a function from a request to it")
        self.portal = portal
        self._business = business
        self._staff = staff
        self.site = Site(
            portal._setup,
            Table((*routes, *ROUTES)),
            base_url=portal._setup.base_url if base_url is None else base_url,
            templates=templates,
            widget_origins=tuple(widget_origins),
            plain=not isinstance(portal, AsyncPortal),
            documents=documents,
            words=words,
        )

    # --- answering

    def handle(self, request: Request) -> Response:
        """Answer a request, without an event loop; afterwards, when it was sent, call :meth:`finish`."""
        if isinstance(self.portal, AsyncPortal):
            raise InvalidInput("an AsyncPortal is awaited: use handle_async, or asgi()")
        return step(self._answer(request))

    async def handle_async(self, request: Request) -> Response:
        """The same, awaited; a plain portal's work is done in a thread."""
        if isinstance(self.portal, AsyncPortal):
            return await self._answer(request)
        return await asyncio.to_thread(self.handle, request)

    def protected(self, response: Response) -> Response:
        """With the protecting headers of every page: for what a mount has to answer by itself."""
        return response.with_headers(self.site.headers(None))

    def finish(self, response: Response) -> None:
        """What comes after a response: messages that it has put into the outbox are sent now. Never raises."""
        if response.after is not None:
            step(response.after())

    async def finish_async(self, response: Response) -> None:
        """The same, awaited."""
        if response.after is None:
            return
        if isinstance(self.portal, AsyncPortal):
            await response.after()
        else:
            await asyncio.to_thread(self.finish, response)

    def asgi(self, **options: Any) -> AsgiApp:
        """An ASGI application: ``app.mount("/portal", pages.asgi())`` in Starlette and FastAPI."""
        from clientportal.web.asgi import AsgiApp

        return AsgiApp(self, **options)

    def wsgi(self, **options: Any) -> WsgiApp:
        """A WSGI application, for Flask, Django and everything else that speaks it."""
        from clientportal.web.wsgi import WsgiApp

        return WsgiApp(self, **options)

    # --- the way of one request

    async def _answer(self, request: Request) -> Response:
        route, tenant = None, ""
        try:
            business = self._business if isinstance(self._business, str) else self._business(request)
            tenant, _, branch = business.partition("/")
            route, response = await self._answer_for(request, tenant, branch)
        except BadRequest as error:
            response = unreadable(request.path, error, _accepted(request))
        except Exception:
            # Neither path nor values: links and codes stand there.
            _log.exception("a page failed: %s", request.method)
            response = plain_problem(request.path, 500, "failed", _accepted(request))
        response = response.with_headers(self.site.headers(None, self.site.entry_of(request)))
        if request.method == "HEAD":
            response = evolve(response, headers={**response.headers, **_length(response)}, body=b"")
        if request.method in _SAFE or route is None:
            return response
        return evolve(response, after=self._pump(tenant))

    async def _answer_for(self, request: Request, tenant: str, branch: str) -> tuple[Route | None, Response]:
        path = self.site.path_below(request)
        method = "GET" if request.method == "HEAD" else request.method
        found = self.site.table.find(method, path)
        if found is not None and found.route.needs is Needs.STAFF and self.site.entry_of(request):
            # The attack: another site shows the entry that may be framed, and staff click what is underneath.
            found = Found(Route(method, found.route.path, _missing, Needs.NOTHING))
        if found is None:
            known = self.site.table.methods(path)
            if known:
                allow = {"allow": ", ".join(known)}
                return None, plain_problem(path, 405, "method", _accepted(request), allow)
            kind = Kind.JSON if path.startswith("/api/") else Kind.PAGE
            found = Found(Route(method, path, _missing, Needs.NOTHING, kind=kind))
        visit = await self._visit(request, tenant, branch, found)
        try:
            response = await self._page(visit)
        except Refused as error:
            response = json_error(visit, error) if _is_json(visit) else visit.refused(error)
        except BadRequest:
            raise
        except InvalidInput as error:
            response = json_error(visit, error) if _is_json(visit) else self._bad_input(visit, error)
        except ClientPortalError:
            _log.exception("%s %s failed", found.route.method, found.route.path)
            response = self._broken(visit)
        response = response.with_headers(self.site.headers(visit, visit.entry))
        return found.route, visit.finished(response)

    async def _visit(self, request: Request, tenant: str, branch: str, found: Found) -> Visit:
        setup = setup_at(self.site.setup, branch)
        door = AsyncVisitorDoor(setup, visitor_of(tenant, request.source, None, None))
        business = (await door.start_booking()).business
        jar = self.site.jar_of(request, tenant, branch)
        policy = setup.policy_here(tenant)
        language = choose_language(
            self.site.offered(policy), jar.read(request, "language"), request.headers.get("accept-language", "")
        )
        return Visit(
            site=self.site,
            request=request,
            found=found,
            tenant=tenant,
            setup=setup_at(setup, branch, language),
            business=business,
            words=self.site.words_for(language, business, policy),
            jar=jar,
            entry=WIDGET if self.site.entry_of(request) else "",
        )

    async def _page(self, visit: Visit) -> Response:
        route = visit.found.route
        if route.needs is Needs.STAFF:
            visit.identity = await self._identity(visit.request)
            if visit.identity is None:
                return visit.render(
                    "error.html", 403, title=visit.words("error.title"), text=visit.words("error.staff_only")
                )
        if visit.request.method not in _SAFE and route.checked and (refused := self._protected(visit)) is not None:
            return refused
        if route.needs is Needs.SESSION:
            if visit.token is None:
                return self._to_sign_in(visit)
            if route.kind is Kind.PAGE:
                visit.menu = await menu_for(visit)
        return await route.page(visit)

    def _protected(self, visit: Visit) -> Response | None:
        """Refuse what another site may have sent. What brings its token in a header of its own needs no form token."""
        request = visit.request
        if _is_json(visit) and bearer_of(request) is not None:
            return None
        if _is_json(visit) and visit.found.route.needs is Needs.NOTHING:
            # No session acts here. JSON cannot be sent from another site without asking first, and nobody answers that.
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            same = kind == "application/json" and came_from_here(
                request, self.site.origin(visit.tenant, visit.setup.branch)
            )
            return None if same else json_error(visit, None, status=403)
        given = request.form.get("_token") or request.headers.get("x-csrf-token", "")
        bound_to = visit.bound_to
        fits = bound_to is not None and token_fits(visit.token_for_forms(bound_to), given)
        if fits and came_from_here(request, self.site.origin(visit.tenant, visit.setup.branch)):
            return None
        if _is_json(visit):
            return json_error(visit, None, status=403)
        return visit.render(
            "error.html", 403, title=visit.words("error.form_title"), text=visit.words("error.form_text")
        )

    def _to_sign_in(self, visit: Visit) -> Response:
        if _is_json(visit):
            return json_error(visit, None, status=401)
        back = visit.here if visit.request.method in _SAFE else None
        return visit.redirect("/sign-in", next=self.site.own_page(back))

    async def _identity(self, request: Request) -> StaffIdentity | None:
        if self._staff is None:
            return None
        said = self._staff(request)
        return await said if inspect.isawaitable(said) else said

    def _bad_input(self, visit: Visit, error: InvalidInput) -> Response:
        text = visit.words("error.input_text")
        _log.info("%s %s: %s", visit.found.route.method, visit.found.route.path, type(error).__name__)
        return visit.render("error.html", 400, title=visit.words("error.title"), text=text)

    def _broken(self, visit: Visit) -> Response:
        if _is_json(visit):
            return json_error(visit, None, status=500)
        return visit.render("error.html", 500, title=visit.words("error.title"), text=visit.words("error.broken_text"))

    def _pump(self, tenant: str) -> Callable[[], Any]:
        async def run() -> None:
            try:
                if isinstance(self.portal, AsyncPortal):
                    await self.portal.deliver(tenant)
                else:
                    self.portal.deliver(tenant)
            except Exception:
                # The messages stay in the outbox: the next request, or the next run of the pump, sends them.
                _log.exception("sending what is due failed; it is tried again")

        return run


async def _missing(visit: Visit) -> Response:
    if _is_json(visit):
        return json_error(visit, None, status=404)
    return visit.render("error.html", 404, title=visit.words("error.title"), text=visit.words("error.no_page"))


def _is_json(visit: Visit) -> bool:
    return visit.found.route.kind is Kind.JSON


def _length(response: Response) -> dict[str, str]:
    return {"content-length": str(len(response.body))} if isinstance(response.body, bytes) else {}


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")
