"""One visit of one page: who comes, to which business, in which language, and what they are answered with."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from attrs import define, evolve, field, frozen

from clientportal.doors import AsyncClientDoor, AsyncStaffDoor, AsyncVisitorDoor
from clientportal.doors.portal import client_of, staff_of, visitor_of
from clientportal.errors import InvalidContact, Refused
from clientportal.outcomes import SignedIn
from clientportal.policy import Policy
from clientportal.rules.who_may_manage import Permission
from clientportal.values import Business, Secret
from clientportal.web.branding import Theme, theme_of
from clientportal.web.cookies import Jar
from clientportal.web.forms import Form
from clientportal.web.languages import Words
from clientportal.web.messages import Request, Response, SetCookie
from clientportal.web.protection import form_token
from clientportal.web.refusals import LEADS_TO, retry_after, status_of

if TYPE_CHECKING:
    from clientportal.operations.setting import Setup
    from clientportal.outcomes import SectionEntry
    from clientportal.web.menu import MenuEntry
    from clientportal.web.routing import Found
    from clientportal.web.site import Site

__all__ = ["StaffIdentity", "Visit"]


@frozen(kw_only=True)
class StaffIdentity:
    """Who the host says is at the screen: see ``portal.staff(...)``."""

    actor: str
    permissions: frozenset[Permission | str] = field(converter=frozenset)
    reason: str = ""


@define(slots=False, eq=False, kw_only=True)
class Visit:
    """What a page has at hand. Made by ``PortalPages`` for each request, and good for that one.

    * ``client``, ``visitor``, ``staff``: the doors, awaited, whatever colour the portal has.
    * ``setup``: what the portal was built with, at this business (of a franchise), in the visit's language.
    * ``words``: the texts of the visit's language; ``business``: whose pages these are; ``policy``: its policy, now.
    * ``arguments``: what the path names; ``get(name)``: the query's.
    * ``sections``: what is open, and what may be done there; ``menu``: where its pages are.
    * ``form``: what was typed, for showing it again with what is wrong; ``once``: the idempotency key with it.
    * ``entry``: ``""``, or ``"/widget"`` inside the booking widget: the same pages.
    """

    site: Site = field(repr=False)
    request: Request = field(repr=False)
    found: Found = field(repr=False)
    tenant: str
    setup: Setup = field(repr=False)
    business: Business
    words: Words = field(repr=False)
    jar: Jar = field(repr=False)
    entry: str = ""
    identity: StaffIdentity | None = None
    sections: tuple[SectionEntry, ...] = ()
    menu: tuple[MenuEntry, ...] = ()
    _cookies: list[SetCookie] = field(factory=list[SetCookie], repr=False, init=False)
    _opened: Secret | None = field(default=None, repr=False, init=False)
    _closed: bool = field(default=False, init=False)

    # --- who

    @property
    def token(self) -> Secret | None:
        """The session's token: what the browser brought, or what it has been given since; ``None`` once it is logged
        out. Whether it is any good, a door says.
        """
        if self._closed or self._opened is not None:
            return self._opened
        return self.site.token_of(self.request, self.found.route.kind, self.jar)

    @property
    def signed_in(self) -> bool:
        """Whether the browser brought a session along."""
        return self.token is not None

    @property
    def client(self) -> AsyncClientDoor:
        """The door of the session; without one, every call is refused as ``session_ended``."""
        return AsyncClientDoor(self.setup, client_of(self.token))

    @cached_property
    def visitor(self) -> AsyncVisitorDoor:
        """The visitor's door, with this browser's address and known device."""
        proof = self.request.form.get("_human") or None
        return AsyncVisitorDoor(
            self.setup, visitor_of(self.tenant, self.request.source, self.jar.device(self.request), proof)
        )

    @cached_property
    def staff(self) -> AsyncStaffDoor:
        """The door of whoever the host says is at the screen; only where the route needs ``STAFF``."""
        assert self.identity is not None, "this page's route does not need staff"
        who = self.identity
        # What staff cause is written to clients in the business's language, whatever staff read.
        return AsyncStaffDoor(
            evolve(self.setup, language=None), staff_of(self.tenant, who.actor, who.permissions, who.reason)
        )

    # --- what is asked

    @property
    def policy(self) -> Policy:
        """The business's policy, now."""
        return self.setup.policy_here(self.tenant)

    @property
    def now(self) -> datetime:
        """The portal's clock."""
        return self.setup.clock()

    @property
    def arguments(self) -> Mapping[str, str]:
        """What the path names: ``{id}`` in the route is ``visit.arguments["id"]``."""
        return self.found.arguments

    def get(self, name: str) -> str | None:
        """One value of the query; ``None`` where it is not there, or empty."""
        return self.request.query.get(name) or None

    @cached_property
    def form(self) -> Form:
        """What was typed."""
        return Form(self.request.form)

    @property
    def once(self) -> str | None:
        """The idempotency key that was drawn when the form was shown: pass it as ``key=``, and a form that is sent
        twice acts once.
        """
        return self.request.form.get("_once") or None

    @property
    def theme(self) -> Theme:
        """The business's colours, made readable."""
        return theme_of(self.business.branding)

    # --- addresses

    def url(self, path: str, **query: str | int | None) -> str:
        """The address of one of our own pages, in the entry that this visit came by: relative to the host."""
        asked = {name: str(value) for name, value in query.items() if value is not None}
        return f"{self.request.root}{self.entry}{path}{'?' + urlencode(asked) if asked else ''}"

    @property
    def here(self) -> str:
        """Where this visit is, below the entry, with its query: what ``next`` may lead back to."""
        query = self.request.query_string
        path = self.site.path_below(self.request)
        return f"{path}?{query}" if query else path

    @property
    def next(self) -> str | None:
        """Where the visitor wanted to go, if that is a page of ours; nothing else that stands in an address counts."""
        return self.site.own_page(self.request.form.get("next") or self.request.query.get("next"))

    # --- answering

    def render(self, template: str | tuple[str, ...], status: int = 200, **values: Any) -> Response:
        """A page from a template; of several from the first that there is."""
        return self.site.render(self, template, status, values)

    def redirect(self, path: str, *, notice: str | None = None, **query: str | int | None) -> Response:
        """Lead to another page of ours, which begins with ``notice``, the key of a text."""
        if notice is not None:
            self.set_cookie(self.jar.make("notice", notice, None))
        headers = {"location": self.url(path, **query), "content-type": "text/plain; charset=utf-8"}
        return Response(status=303, headers=headers)

    def refused(self, error: Refused) -> Response:
        """The page of a refusal: its text for clients, its status; or the page that has to come first."""
        leads_to = LEADS_TO.get(error.reason)
        if leads_to is not None and self.identity is None:
            if self.token is not None and error.reason.value == "session_ended":
                self.forget()
            # What was sent is shown again by the page of the same address, where there is one.
            back = self.here if self.request.method in ("GET", "HEAD") else self.site.path_below(self.request)
            return self.redirect(leads_to, next=self.next or self.site.own_page(back))
        response = self.render(
            "error.html", status_of(error.reason), title=self.words("error.title"), text=self.says(error)
        )
        return self.with_retry(response, error)

    def says(self, error: Refused) -> str:
        """What the client reads of a refusal, with the time from which on it is worth trying again."""
        text = self.words.refusal(error)
        if error.retry_at is None:
            return text
        again = self.words.time(error.retry_at, self.business.zone)
        if (error.retry_at - self.now).total_seconds() > 43_200:
            again = self.words.moment(error.retry_at, self.business.zone)
        return f"{text} {self.words('error.retry_at', time=again)}"

    def with_retry(self, response: Response, error: Refused) -> Response:
        """The same with ``Retry-After``, where time heals it."""
        if error.retry_at is None:
            return response
        return response.with_headers({"retry-after": retry_after(error.retry_at, self.now)})

    def form_again(self, template: str, error: Refused, *, at: str | None = None, **values: Any) -> Response:
        """The same form once more, with what was typed, and what was refused: as an alert, or at one field.

        What has to come first, such as showing the password again, is led to instead.
        """
        if error.reason in LEADS_TO:
            return self.refused(error)
        said = self.says(error)
        shown = self.form.alert(said, error.reason) if at is None else self.form.wrong(at, said)
        return self.with_retry(self.render(template, status_of(error.reason), form=shown, **values), error)

    def contact_again(self, template: str, error: InvalidContact, at: str, **values: Any) -> Response:
        """The same form once more: what stands in a field is no number, or no address."""
        form = self.form.wrong(at, self.words(f"contact.{error.problem}"))
        return self.render(template, 422, form=form, **values)

    # --- cookies

    def set_cookie(self, cookie: SetCookie) -> None:
        """Goes out with the response."""
        self._cookies.append(cookie)

    def keep(self, signed_in: SignedIn) -> None:
        """Log this browser in: whatever token it had is of no use any more."""
        life = self.policy.sessions.lives_for
        for cookie in self.jar.keep(signed_in.token, signed_in.device, life):
            self.set_cookie(cookie)
        self.set_cookie(self.jar.drop("form"))
        self._opened = signed_in.token

    def forget(self) -> None:
        """Log this browser out; what makes it a known device stays."""
        self.set_cookie(self.jar.drop("session"))
        self._opened, self._closed = None, True

    @cached_property
    def form_token(self) -> str:
        """The token of every form on this page, bound to the session, or to a cookie drawn for it."""
        bound_to = self.bound_to
        if bound_to is None:
            bound_to = secrets.token_urlsafe(24)
            self.set_cookie(self.jar.make("form", bound_to, None))
        return self.token_for_forms(bound_to)

    def token_for_forms(self, bound_to: str) -> str:
        """What a form must bring back to count as ours."""
        actor = "" if self.identity is None else self.identity.actor
        return form_token(self.setup.keys, self.tenant, f"{actor}\n{bound_to}")

    @property
    def bound_to(self) -> str | None:
        """The secret of this browser that its forms are bound to: the session's, else a cookie of its own."""
        token = self.token
        return token.reveal() if token is not None else self.jar.read(self.request, "form")

    def finished(self, response: Response) -> Response:
        """With every cookie that was set on the way; the last of one name counts."""
        latest = {cookie.name: cookie for cookie in self._cookies}
        return response.with_cookies(*latest.values())
