"""The portal in Django's admin: the audit, clients' sessions, duplicates.

No page here reads a table. Each asks ``portal().staff(...)`` as the user who looks, so that permission, audit and
refusal are the portal's own; Django's permissions say which of the portal's a user has (``staff.permissions_of``).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlencode

from attrs import frozen
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.db.models import Model
from django.db.transaction import non_atomic_requests
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.views.decorators.http import require_GET, require_POST

from clientportal.decisions import Reason
from clientportal.doors.staff import StaffDoor
from clientportal.errors import InvalidInput, MissingCapability, Refused
from clientportal.rules.who_may_manage import Permission
from clientportal.values import RecordRef
from clientportal.web.django.conf import configuration
from clientportal.web.django.models import Audit, Duplicates, Sessions
from clientportal.web.django.staff import permissions_of, staff_door
from clientportal.web.pages_staff import rows_of

__all__ = ["AuditAdmin", "DuplicatesAdmin", "SessionsAdmin"]

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

_PER_PAGE = 50
_MOST_RECORDS = 50

Given = Mapping[str, str]


@frozen
class Desk:
    """One request to a page of the admin: who asks, for which business, and the door to ask at."""

    request: HttpRequest
    door: StaffDoor
    business: str
    businesses: tuple[str, ...]

    @property
    def given(self) -> Given:
        """What was typed or linked to."""
        return cast("Given", self.request.POST if self.request.method == "POST" else self.request.GET)

    @property
    def ref(self) -> RecordRef | None:
        """The record that the page is about, if it is about one."""
        said = self.given.get("ref", "").strip()
        return RecordRef.parse(said) if said else None


Page = Callable[[Desk], HttpResponseBase]


class _PortalAdmin(_ModelAdmin):
    """A place in the admin with pages of its own; the pages that change rows are not there at all."""

    opens: ClassVar[Permission]
    pages: ClassVar[tuple[tuple[str, str, bool], ...]] = ()
    """Path -> name of the method, and whether it changes something (POST alone)."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the portal stands on the admin's front page."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether this place does. What a page shows, and what it refuses, the door decides."""
        return self.opens in permissions_of(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is edited here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def get_urls(self) -> list[Any]:
        """The front page, which the admin's index leads to, and those besides."""
        first = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        urls = [path("", self._view(self.front, changes=False), name=first)]
        return urls + [
            path(f"{name}/", self._view(getattr(self, method), changes=changes), name=f"clientportal_{name}")
            for name, method, changes in self.pages
        ]

    def front(self, desk: Desk) -> HttpResponseBase:
        """The place's own page."""
        raise NotImplementedError

    def _view(self, page: Page, *, changes: bool) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest) -> HttpResponseBase:
            try:
                return page(_desk(request))
            except Refused as no:
                if no.reason is Reason.PERMISSION:
                    raise PermissionDenied(no.staff_text) from None
                if not changes:
                    raise Http404(no.staff_text) from None
                messages.error(request, no.staff_text)
                return HttpResponseRedirect(reverse(f"{self.admin_site.name}:clientportal_duplicates_changelist"))
            except InvalidInput as error:
                raise Http404(str(error)) from None

        once = (require_POST if changes else require_GET)(view)
        for alias in connections:
            # What ends a session commits by itself, and a look is in the audit before it is answered.
            once = non_atomic_requests(using=alias)(once)
        return cast("Callable[..., HttpResponseBase]", self.admin_site.admin_view(once))

    def _page(self, desk: Desk, template: str, title: str, **values: object) -> HttpResponseBase:
        shared = {
            **self.admin_site.each_context(desk.request),
            "opts": self.opts,
            "title": title,
            "business": desk.business,
            "businesses": desk.businesses,
            "site": self.admin_site.name,
            "front": f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_changelist",
        }
        desk.request.current_app = self.admin_site.name
        return TemplateResponse(desk.request, f"admin/clientportal/{template}.html", {**shared, **values})

    def _address(self, desk: Desk, name: str, **asked: object) -> str:
        query = {"business": desk.business, **{key: str(value) for key, value in asked.items()}}
        return f"{reverse(f'{self.admin_site.name}:{name}')}?{urlencode(query)}"

    def _more(self, desk: Desk, after: str | None, **asked: object) -> str | None:
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return None if after is None else self._address(desk, name, after=after, **asked)


def _desk(request: HttpRequest) -> Desk:
    allowed = configuration().businesses_of_staff(request.user)
    given = request.POST if request.method == "POST" else request.GET
    business = given.get("business") or (allowed[0] if allowed else "")
    if business not in allowed:
        raise PermissionDenied("This business's portal is not yours to look after.")
    return Desk(request, staff_door(request.user, business, given.get("reason", "")), business, allowed)


@admin.register(Audit)
class AuditAdmin(_PortalAdmin):
    """Who did what, on whom, why, and how it ended."""

    opens = Permission.SEE_AUDIT

    def front(self, desk: Desk) -> HttpResponseBase:
        """The audit, newest first; of one client or contact, if ``subject`` says so."""
        subject = desk.given.get("subject", "").strip()
        page = desk.door.audit(subject=subject or None, after=desk.given.get("after"), limit=_PER_PAGE)
        more = self._more(desk, page.next, subject=subject)
        return self._page(desk, "audit", "Audit", lines=page.items, subject=subject, more=more)


@admin.register(Sessions)
class SessionsAdmin(_PortalAdmin):
    """A client's open sessions, which can be ended."""

    opens = Permission.EXPLAIN
    pages = (("end_sessions", "end", True),)

    def front(self, desk: Desk) -> HttpResponseBase:
        """Of one client; which one, a search finds."""
        search, ref = desk.given.get("q", "").strip(), desk.ref
        try:
            found = desk.door.clients(search, limit=20).lines if search and ref is None else ()
        except MissingCapability:
            # Logging a client out must not need a list: whose id it is can be typed, and is in the audit.
            found, ref = (), _ref_of(search)
            if ref is None:
                messages.warning(desk.request, "Your platform has no list to search; type an id, such as client:7.")
        sessions = desk.door.sessions(ref) if ref is not None else ()
        may_end = Permission.END_SESSIONS in permissions_of(desk.request.user)
        return self._page(
            desk, "sessions", "Sessions", q=search, found=found, ref=ref, sessions=sessions, may_end=may_end
        )

    def end(self, desk: Desk) -> HttpResponseBase:
        """Log the client out everywhere."""
        ref = _needed(desk)
        ended = desk.door.end_sessions(ref)
        messages.success(desk.request, f"Sessions of {ref} that have ended: {ended.sessions}.")
        return HttpResponseRedirect(self._address(desk, "clientportal_sessions_changelist", ref=ref))


@admin.register(Duplicates)
class DuplicatesAdmin(_PortalAdmin):
    """Records that look like one person: merge them, take a merge back, or say that they are two."""

    opens = Permission.SEE_DUPLICATES
    pages = (
        ("compare", "compare", False),
        ("merge", "merge", True),
        ("dismiss", "dismiss", True),
        ("merges", "journal", False),
        ("undo", "undo", True),
    )

    def front(self, desk: Desk) -> HttpResponseBase:
        """The report: each group with why, and what can be done about it."""
        page = desk.door.duplicates(after=desk.given.get("after"), limit=20)
        groups = [(group, self._compared(desk, group.refs[:_MOST_RECORDS])) for group in page.groups]
        may_merge = Permission.MERGE in permissions_of(desk.request.user)
        more = self._more(desk, page.next)
        return self._page(desk, "duplicates", "Duplicates", groups=groups, more=more, may_merge=may_merge)

    def _compared(self, desk: Desk, refs: tuple[RecordRef, ...]) -> str:
        return self._address(desk, "clientportal_compare", **{f"r{at}": ref for at, ref in enumerate(refs)})

    def compare(self, desk: Desk) -> HttpResponseBase:
        """The records side by side, and what the merged client would show: before anything is done."""
        survivor, absorbed, picks = _asked(desk)
        plan = desk.door.plan_merge(survivor, absorbed, choices=picks)
        return self._page(
            desk,
            "compare",
            "Merge these records?",
            plan=plan,
            records=sorted((plan.survivor, *plan.absorbed)),
            rows=rows_of(plan, (*plan.fields, *plan.internal)),
            picks=picks,
            once=secrets.token_urlsafe(18),
        )

    def merge(self, desk: Desk) -> HttpResponseBase:
        """Merge them as the page before has shown."""
        survivor, absorbed, picks = _asked(desk)
        done = desk.door.merge(survivor, absorbed, choices=picks, key=desk.given.get("once") or None)
        messages.success(desk.request, f"Merged into {done.survivor}. It can be undone below.")
        return HttpResponseRedirect(self._address(desk, "clientportal_merges", ref=done.survivor))

    def dismiss(self, desk: Desk) -> HttpResponseBase:
        """ "Not a duplicate"."""
        first, second = (RecordRef.parse(desk.given.get(name, "")) for name in ("first", "second"))
        desk.door.dismiss(first, second)
        messages.success(desk.request, f"From now on {first} and {second} are two people.")
        return HttpResponseRedirect(self._address(desk, "clientportal_duplicates_changelist"))

    def journal(self, desk: Desk) -> HttpResponseBase:
        """What was merged into one client, latest first, each with its undo."""
        ref = _needed(desk)
        may_undo = Permission.MERGE in permissions_of(desk.request.user)
        return self._page(
            desk,
            "merges",
            f"Merges of {ref}",
            ref=ref,
            merges=desk.door.merges(ref),
            may_undo=may_undo,
            once=secrets.token_urlsafe(18),
        )

    def undo(self, desk: Desk) -> HttpResponseBase:
        """Take one merge back."""
        done = desk.door.undo(desk.given.get("merge", ""), key=desk.given.get("once") or None)
        messages.success(desk.request, f"Undone: {done.absorbed} stands by itself again.")
        return HttpResponseRedirect(self._address(desk, "clientportal_merges", ref=done.survivor))


def _ref_of(typed: str) -> RecordRef | None:
    try:
        return RecordRef.parse(typed)
    except InvalidInput:
        return None


def _needed(desk: Desk) -> RecordRef:
    if desk.ref is None:
        raise InvalidInput("this page is about one client: ref=client:1")
    return desk.ref


def _asked(desk: Desk) -> tuple[RecordRef, tuple[RecordRef, ...], Mapping[str, RecordRef]]:
    """The survivor, the others, and staff's picks."""
    given = desk.given
    refs = [RecordRef.parse(given[name]) for at in range(_MOST_RECORDS) if (name := f"r{at}") in given]
    if len(refs) < 2:
        raise InvalidInput("a merge needs two records or more, as r0, r1 …")
    survivor = RecordRef.parse(given["survivor"]) if given.get("survivor") else refs[0]
    picks = {
        name.removeprefix("pick_"): RecordRef.parse(value)
        for name, value in given.items()
        if name.startswith("pick_") and value
    }
    return survivor, tuple(ref for ref in refs if ref != survivor), picks
