"""The portal in Django's admin: what staff with and without permissions see, do, and leave in the audit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.auth.models import User
from django.test import Client, override_settings

from clientportal import Permission
from clientportal.stores.sql import SqlHost
from clientportal.web.django import portal
from clientportal.web.django.staff import permissions_of
from django_app.conftest import sqlite, use
from django_app.project import ANA, ANA_AGAIN, SETTING, fill, hidden, log_in

PORTAL = "/admin/clientportal"
EVERYTHING = frozenset(Permission)


def _staff(username: str, *permissions: Permission, superuser: bool = False) -> Client:
    """A browser in which that member of staff is logged in to the admin."""
    user = User.objects.create(username=username, is_staff=True, is_superuser=superuser)
    granted = DjangoPermission.objects.filter(codename__in=[one.value for one in permissions])
    user.user_permissions.set(granted.filter(content_type__app_label="clientportal"))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def salon(on_sqlite: Path, fresh_setting: None) -> None:
    """A salon that has Ana twice."""
    fill()


@pytest.fixture
def mia(salon: None) -> Client:
    """Who may merge, read the audit and end sessions."""
    return _staff(
        "mia",
        Permission.SEE_DUPLICATES,
        Permission.MERGE,
        Permission.SEE_AUDIT,
        Permission.SEE_CLIENTS,
        Permission.EXPLAIN,
        Permission.END_SESSIONS,
    )


def _audit() -> list[tuple[str, str, str, str]]:
    lines = portal().staff("salon", actor="law", permissions=EVERYTHING).audit(limit=50).items
    return [(one.actor, one.action, one.subject, one.outcome) for one in lines if one.actor != "staff:law"]


def _form(page: Any, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes there."""
    forms = re.findall(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', page.content.decode(), flags=re.DOTALL)
    [inside] = [inside for address, inside in forms if address.endswith(action)][:1]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))


def test_merge_and_undo(mia: Client) -> None:
    """Preview, confirm, merged; the journal shows it with an undo; the audit names the Django user and the reason."""
    report = mia.get(f"{PORTAL}/duplicates/")
    assert "client:1 and client:2: same mobile +64215550142" in report.content.decode()
    [compare] = re.findall(r'href="([^"]*compare/[^"]*)"', report.content.decode())
    preview = mia.get(compare.replace("&amp;", "&"))
    assert "ana@kingi.example" in preview.content.decode()
    assert portal().staff("salon", actor="law", permissions=EVERYTHING).merges(ANA) == ()
    fields = _form(preview, "merge/")
    merged = mia.post(
        f"{PORTAL}/duplicates/merge/", {**fields, "survivor": "client:2", "reason": "she rang"}, follow=True
    )
    assert "Merged into client:2." in merged.content.decode()
    again = mia.post(f"{PORTAL}/duplicates/merge/", {**fields, "survivor": "client:2", "reason": "she rang"})
    assert again.status_code == 302, "a form that is sent twice merges once"
    [journal] = portal().staff("salon", actor="law", permissions=EVERYTHING).merges(ANA_AGAIN)
    assert (journal.actor, journal.reason) == ("staff:mia", "she rang")
    undone = mia.post(f"{PORTAL}/duplicates/undo/", _form(merged, "undo/"), follow=True)
    assert "Undone: client:1 stands by itself again." in undone.content.decode()
    assert ("staff:mia", "merge", "client:2", "done") in _audit()


def test_not_a_duplicate(mia: Client) -> None:
    """Said once, the pair is gone from the report."""
    report = mia.get(f"{PORTAL}/duplicates/")
    said = mia.post(f"{PORTAL}/duplicates/dismiss/", _form(report, "dismiss/"), follow=True)
    assert "From now on client:1 and client:2 are two people." in said.content.decode()
    assert "There are no duplicates." in said.content.decode()


def test_what_is_refused_is_told(mia: Client) -> None:
    """A merge that was made meanwhile, an undo of nothing, a record that is none: words, not a crash."""
    report = mia.get(f"{PORTAL}/duplicates/")
    [compare] = re.findall(r'href="([^"]*compare/[^"]*)"', report.content.decode())
    fields = _form(mia.get(compare.replace("&amp;", "&")), "merge/")
    portal().staff("salon", actor="tama", permissions=EVERYTHING).merge(ANA, ANA_AGAIN)
    late = mia.post(f"{PORTAL}/duplicates/merge/", {**fields, "survivor": "client:2"}, follow=True)
    assert late.redirect_chain[-1][0].startswith(f"{PORTAL}/duplicates/")
    assert 'class="error"' in late.content.decode()
    undone = mia.post(f"{PORTAL}/duplicates/undo/", {"merge": "none"}, follow=True)
    assert 'class="error"' in undone.content.decode()
    assert mia.get(f"{PORTAL}/duplicates/compare/", {"r0": "client:1"}).status_code == 404
    assert mia.get(f"{PORTAL}/duplicates/merges/").status_code == 404
    assert mia.get(f"{PORTAL}/duplicates/merges/", {"ref": "client:99"}).status_code in (200, 404)
    assert mia.get(f"{PORTAL}/audit/", {"after": "not a cursor"}).status_code == 404
    assert mia.get(f"{PORTAL}/duplicates/merge/").status_code == 405


def test_sessions_are_seen_and_ended(mia: Client) -> None:
    """A client is found by name, the open sessions are listed, and all of them end at once."""
    client = Client(headers={"accept-language": "en"})
    log_in(client)
    found = mia.get(f"{PORTAL}/sessions/", {"q": "ngata"})
    assert "ref=client%3A3" in found.content.decode()
    page = mia.get(f"{PORTAL}/sessions/", {"ref": "client:3"})
    assert "No session is open." not in page.content.decode()
    ended = mia.post(
        f"{PORTAL}/sessions/end_sessions/", {**_form(page, "end_sessions/"), "reason": "phone lost"}, follow=True
    )
    assert "Sessions of client:3 that have ended: 1." in ended.content.decode()
    assert client.get("/", secure=True).content == b"Kia ora"
    nobody = mia.get(f"{PORTAL}/sessions/", {"q": "nobody is called this"})
    assert "Nobody is found by that." in nobody.content.decode()


def test_the_audit_is_read_only(mia: Client) -> None:
    """It lists who did what, about whom is asked for; nothing can be added, changed or deleted, by nobody."""
    page = mia.get(f"{PORTAL}/duplicates/")
    page = mia.get(f"{PORTAL}/audit/")
    assert "staff:mia" in page.content.decode()
    assert "staff:mia" in mia.get(f"{PORTAL}/audit/", {"subject": ""}).content.decode()
    assert "Nothing." in mia.get(f"{PORTAL}/audit/", {"subject": "client:77"}).content.decode()
    owner = _staff("tama", superuser=True)
    for path in ("add/", "1/change/", "1/delete/", "1/history/"):
        assert owner.get(f"{PORTAL}/audit/{path}").status_code == 404
    assert owner.post(f"{PORTAL}/audit/").status_code == 405


@pytest.mark.parametrize(
    ("path", "needed"),
    [("audit/", "see_audit"), ("duplicates/", "see_duplicates"), ("sessions/?ref=client:1", "explain")],
)
def test_without_the_permission(salon: None, path: str, needed: str) -> None:
    """Staff who have not been granted it are refused, do not see the place on the front page, and are in the audit."""
    leo = _staff("leo", Permission.SEND_LINKS)
    assert leo.get(f"{PORTAL}/{path}").status_code == 403
    assert ("staff:leo", "permission") in [(actor, outcome) for actor, _, _, outcome in _audit()]
    assert PORTAL not in leo.get("/admin/").content.decode()
    granted = _staff("mia", Permission(needed))
    assert granted.get(f"{PORTAL}/{path}").status_code == 200
    assert f"{PORTAL}/{path.partition('/')[0]}/" in granted.get("/admin/").content.decode()


def test_seeing_is_not_doing(salon: None) -> None:
    """Who may see duplicates, and no more, is shown no button, and is refused whatever they send."""
    leo = _staff("leo", Permission.SEE_DUPLICATES, Permission.EXPLAIN)
    page = leo.get(f"{PORTAL}/duplicates/")
    assert "Compare and merge" not in page.content.decode()
    token = hidden(leo.get("/admin/logout/")).get("csrfmiddlewaretoken", "")
    for act, fields in (
        ("duplicates/merge/", {"r0": "client:1", "r1": "client:2"}),
        ("duplicates/dismiss/", {"first": "client:1", "second": "client:2"}),
        ("duplicates/undo/", {"merge": "m"}),
        ("sessions/end_sessions/", {"ref": "client:1"}),
    ):
        assert leo.post(f"{PORTAL}/{act}", {**fields, "csrfmiddlewaretoken": token}).status_code == 403, act
    assert portal().staff("salon", actor="law", permissions=EVERYTHING).merges(ANA) == ()


def test_who_is_no_staff(salon: None) -> None:
    """A user without the staff flag, or who was deactivated, has no permission here, whatever they were granted."""
    user = User.objects.create(username="eve", is_superuser=True)
    assert permissions_of(user) == frozenset()
    user.is_staff, user.is_active = True, False
    assert permissions_of(user) == frozenset()
    user.is_active = True
    assert permissions_of(user) == EVERYTHING
    assert Client().get(f"{PORTAL}/audit/").status_code == 302


def test_forms_bring_djangos_token(salon: None) -> None:
    """The admin's own forms are Django's, and protected as all of them are."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create(username="tama", is_staff=True, is_superuser=True))
    assert strict.post(f"{PORTAL}/duplicates/dismiss/", {"first": "client:1", "second": "client:2"}).status_code == 403


def test_businesses_apart(salon: None) -> None:
    """Of several businesses staff look after those that the project says; nobody by default, administrators all."""

    def hers(user: Any) -> list[str]:
        return ["nails"] if user.username == "mia" else []

    mia, leo = _staff("mia", Permission.SEE_AUDIT), _staff("leo", Permission.SEE_AUDIT)
    owner = _staff("tama", superuser=True)
    both = {**SETTING, "businesses": ["salon", "nails"]}
    with override_settings(CLIENTPORTAL={**both, "staff_businesses": hers}):
        assert mia.get(f"{PORTAL}/audit/").status_code == 200
        assert mia.get(f"{PORTAL}/audit/", {"business": "salon"}).status_code == 403
        assert leo.get(f"{PORTAL}/audit/").status_code == 403
    with override_settings(CLIENTPORTAL=both):
        assert mia.get(f"{PORTAL}/audit/").status_code == 403
        page = owner.get(f"{PORTAL}/audit/", {"business": "nails"}).content.decode()
        assert '<option value="nails" selected>' in page


def test_with_atomic_requests(on_sqlite: Path, fresh_setting: None) -> None:
    """Where every request is a transaction the admin's pages are outside of it, so sessions can be ended."""
    use(sqlite(on_sqlite, ATOMIC_REQUESTS=True))
    fill()
    mia = _staff("mia", Permission.EXPLAIN, Permission.END_SESSIONS)
    assert mia.post(f"{PORTAL}/sessions/end_sessions/", {"ref": "client:3"}).status_code == 302


def test_the_pages_for_staff_take_djangos_login(mia: Client) -> None:
    """Below the mount, /staff is for whoever is logged in to the admin and may do anything in the portal."""
    assert mia.get("/portal/staff/duplicates", secure=True).status_code == 200
    assert _staff("leo").get("/portal/staff", secure=True).status_code == 403
    assert Client().get("/portal/staff", secure=True).status_code == 403
    with override_settings(CLIENTPORTAL={**SETTING, "businesses": ["salon", "nails"]}):
        assert mia.get("/portal/staff/duplicates", secure=True).status_code == 403


class WithoutAList(SqlHost):
    """A platform that can do everything but list its clients."""

    capabilities = evolve(SqlHost.capabilities, client_list=False)


def test_a_platform_without_a_client_list(mia: Client) -> None:
    """A client is logged out by the id, which can be typed; the pages for staff begin with the duplicates."""
    log_in(Client(headers={"accept-language": "en"}))
    with override_settings(CLIENTPORTAL={**SETTING, "host": WithoutAList}):
        unknown = mia.get(f"{PORTAL}/sessions/", {"q": "ngata"}).content.decode()
        assert "Your platform has no list to search; type an id, such as client:7." in unknown
        page = mia.get(f"{PORTAL}/sessions/", {"q": "client:3"})
        ended = mia.post(f"{PORTAL}/sessions/end_sessions/", _form(page, "end_sessions/"), follow=True)
        assert "Sessions of client:3 that have ended: 1." in ended.content.decode()
        pages = mia.get("/portal/staff", follow=True, secure=True)
        assert pages.redirect_chain[-1][0].endswith("/portal/staff/duplicates")
        assert "client:2" in pages.content.decode()
