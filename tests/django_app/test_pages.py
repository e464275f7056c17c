"""The pages, mounted in a Django project: logging in, the session in views of the project's own, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext, override_script_prefix

from clientportal import DurableOperation, KeyRing, RecordRef, presets
from clientportal.policy import SeveralRecords
from clientportal.ports import step
from clientportal.stores.sql import SqlHost
from clientportal.values.documents import Document
from clientportal.web import path_of
from clientportal.web.django import portal
from clientportal.web.django.addresses import own_address
from clientportal.web.django.conf import pages
from clientportal.web.django.decorators import portal_client_required
from clientportal.web.django.views import portal_pages
from django_app.conftest import awaited, sqlite, use
from django_app.project import MIDDLEWARE, PHONE, SETTING, fill, hidden, log_in, send

FORM = "application/x-www-form-urlencoded"
BEN = RecordRef.client("3")


@pytest.fixture(params=["sqlite", "postgres"])
def on_either(request: pytest.FixtureRequest, fresh_setting: None) -> Client:
    """A browser, on either database."""
    request.getfixturevalue(f"on_{request.param}")
    fill()
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def salon(browser: Client) -> Client:
    """A browser, and a salon with clients."""
    fill()
    return browser


def test_a_client_logs_in_by_code(on_either: Client) -> None:
    """The sign-in of the mounted pages sends a code after its response, takes it, and shows the client's own page."""
    page = log_in(on_either)
    assert page.status_code == 303, page.content.decode()
    assert [message.to for message in PHONE.messages] == ["+64275550163"]
    account = on_either.get("/portal/account", secure=True)
    assert account.status_code == 200
    assert "Ngata" in account.content.decode()
    assert on_either.get("/", secure=True).content.decode() == "Kia ora Ben"
    send(on_either, "/portal/log-out", hidden(account))
    assert on_either.get("/", secure=True).content.decode() == "Kia ora"


# --- request.portal_client


def test_nothing_is_read_until_a_view_asks(salon: Client) -> None:
    """The middleware alone costs no statement and no setting; a page that has asked says what it depends on."""
    log_in(salon)
    with CaptureQueriesContext(connections["default"]) as asked, override_settings(CLIENTPORTAL=None):
        about = salon.get("/plain/", secure=True)
    assert (about.content, len(asked), about.has_header("vary")) == (b"about us", 0, False)
    assert salon.get("/", secure=True)["vary"] == "Cookie"
    with override_settings(CLIENTPORTAL=None), pytest.raises(ImproperlyConfigured, match="CLIENTPORTAL is not set"):
        salon.get("/", secure=True)


def test_a_client_is_no_user_of_djangos(salon: Client) -> None:
    """Logged in to the portal, in whatever view: request.user stays anonymous, no session is written."""
    log_in(salon)
    assert salon.get("/orders/", secure=True).content == b"orders of Ben; True"
    assert salon.get("/", secure=True).content == b"Kia ora Ben"
    assert Session.objects.count() == 0
    assert [name for name in salon.cookies if not name.startswith("__Host-portal-")] == []
    assert salon.get("/admin/", secure=True).status_code == 302


def test_a_forged_cookie_is_nobody(salon: Client) -> None:
    """A session's cookie that somebody made up opens nothing, and is no error."""
    log_in(salon)
    name = next(name for name in salon.cookies if "-session-" in name)
    salon.cookies[name] = salon.cookies[name].value[:-4] + "AAAA"
    assert salon.get("/", secure=True).content == b"Kia ora"
    assert salon.get("/shop/", secure=True).status_code == 302


@pytest.mark.parametrize("path", ["/shop/", "/awaited-shop/", "/orders/", "/awaited-orders/"])
def test_a_view_for_clients_leads_to_the_sign_in_and_back(salon: Client, path: str) -> None:
    """Plain or awaited, function or class: whoever is not logged in goes to the sign-in, and from there comes back."""
    away = salon.get(path, {"size": "M", "to": "Ben & Co"}, secure=True)
    assert away.status_code == 302
    assert away["location"].startswith("/portal/sign-in?next=%2Fto%2F")
    page = salon.get(away["location"], secure=True)
    page = send(salon, "/portal/sign-in", {**hidden(page), "contact": "027 555 0163"}, follow=True)
    page = send(salon, "/portal/sign-in/code", {**hidden(page), "code": PHONE.messages[-1].text[:6]}, follow=True)
    assert page.redirect_chain[-1] == (f"{path}?size=M&to=Ben+%26+Co", 303)
    assert b" of Ben" in page.content


@pytest.mark.parametrize("path", ["/shop/", "/awaited-shop/", "/orders/", "/awaited-orders/"])
def test_the_same_views_under_asgi(salon: Client, path: str) -> None:
    """With an event loop the same views answer the same, and the pages work on Django's own thread."""
    log_in(salon)

    async def ask() -> tuple[int, bytes, int, bytes]:
        browser = AsyncClient()
        browser.cookies = salon.cookies
        mine = await browser.get(path, secure=True)
        theirs = await AsyncClient().get(path, secure=True)
        account = await browser.get("/portal/account", secure=True)
        return mine.status_code, mine.content, theirs.status_code, account.content

    status, content, away, account = awaited(ask())
    assert (status, away) == (200, 302)
    assert b" of Ben" in content
    assert b"Ngata" in account


@pytest.mark.parametrize("prefix", ["", "/app"])
def test_the_way_back_in_other_letters_and_below_a_prefix(salon: Client, prefix: str) -> None:
    """An address with letters beyond ASCII, and a project that a server has put below ``/app``, lead back as well."""
    log_in(salon)
    with override_script_prefix(f"{prefix}/"):
        away = Client().get("/für-kunden/", {"q": "grün"}, secure=True, SCRIPT_NAME=prefix)
        assert away["location"].startswith(f"{prefix}/portal/sign-in?next=%2Fto%2F")
        to = parse_qs(urlsplit(away["location"]).query)["next"][0]
        back = salon.get("/portal" + to, secure=True, SCRIPT_NAME=prefix)
        assert back["location"] == f"{prefix}/f%C3%BCr-kunden/?q=gr%C3%BCn"
        assert salon.get("/für-kunden/", secure=True, SCRIPT_NAME=prefix).content == b"shop of Ben"


def test_what_was_sent_is_not_led_back_to(salon: Client) -> None:
    """A form to a view for clients leads to the sign-in alone: a link could not send it again."""
    assert salon.post("/shop/", secure=True)["location"] == "/portal/sign-in"


def test_a_way_back_that_is_too_long_is_left_out(salon: Client) -> None:
    """An address longer than the portal's own would take does not make the sign-in fail."""
    assert salon.get("/shop/", {"q": "k" * 400}, secure=True)["location"] == "/portal/sign-in"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "evil.example",
        "/no-view-is-here/", "///evil.example", "/\t/evil.example", "",
    ],
)  # fmt: skip
def test_the_way_back_is_one_of_the_project(salon: Client, address: str) -> None:
    """After a login nothing leads to another site, nor to where this project has no page (an open redirect)."""
    assert own_address(address) is None
    log_in(salon)
    if address:
        assert salon.get("/portal" + path_of("to", address), secure=True).status_code == 404


def test_what_has_to_come_first_comes_first(salon: Client) -> None:
    """A number on two records, and a policy that asks which: a view for clients leads to the chooser, and back."""
    policy = presets.timely(region="NZ")
    policy = evolve(policy, login=evolve(policy.login, several=SeveralRecords.CHOOSE))
    with override_settings(CLIENTPORTAL={**SETTING, "policy": policy}):
        log_in(salon, "021 555 0142")
        away = salon.get("/shop/", secure=True)
        assert away["location"].startswith("/portal/choose?next=%2Fto%2F")
        assert salon.get("/", secure=True).content == b"Kia ora"


def test_without_the_middleware_a_view_says_what_is_missing(salon: Client) -> None:
    """Not an AttributeError, but the line that belongs into MIDDLEWARE."""
    with override_settings(MIDDLEWARE=MIDDLEWARE[:-1]), pytest.raises(ImproperlyConfigured, match="MIDDLEWARE"):
        salon.get("/shop/", secure=True)
    assert portal_client_required(lambda request: None).__name__ == "<lambda>"


# --- the mount


def test_forms_are_protected_without_djangos_token(salon: Client) -> None:
    """With Django's own check on, the pages' forms work; without the portal's token they are refused."""
    strict = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    assert log_in(strict).status_code == 303
    assert send(strict, "/portal/sign-in", {"contact": "027 555 0163"}).status_code == 403


def test_messages_leave_after_the_response(salon: Client) -> None:
    """Whoever asks for a code does not wait for the provider: it is called when the response is closed."""
    page = salon.get("/portal/sign-in", secure=True)
    cookies = "; ".join(f"{one.key}={one.coded_value}" for one in salon.cookies.values())
    for number, delivering, sent in (("027+555+0163", False, 0), ("021+555+0142", True, 2)):
        with override_settings(CLIENTPORTAL={**SETTING, "deliver_after_response": delivering}):
            typed = "&".join(f"{name}={value}" for name, value in {**hidden(page), "contact": number}.items())
            asked = RequestFactory(headers={"cookie": cookies}).post("/portal/sign-in", typed, FORM, secure=True)
            response = portal_pages(asked, rest="sign-in")
            assert (response.status_code, PHONE.messages) == (303, [])
            response.close()
            assert len(PHONE.messages) == sent


def test_what_cannot_be_read_is_refused(salon: Client) -> None:
    """A body that is too large, one in pieces without a length, and a form that is no UTF-8."""
    assert salon.post("/portal/sign-in", b"x" * 300_000, content_type=FORM, secure=True).status_code == 413
    assert salon.post("/portal/sign-in", b"contact=%ff", content_type=FORM, secure=True).status_code == 400
    without = RequestFactory().post("/portal/sign-in", b"contact=1", content_type=FORM, secure=True)
    without.META["CONTENT_LENGTH"] = ""
    assert portal_pages(without, rest="sign-in").status_code == 403


def test_who_may_frame_the_pages_they_say_themselves(salon: Client) -> None:
    """Django's clickjacking middleware does not shut the widget, and nobody frames the rest."""
    framing = {**SETTING, "pages": {"widget_origins": ["https://www.kowhai.example"]}}
    with override_settings(CLIENTPORTAL=framing):
        widget = salon.get("/portal/widget/sign-in", secure=True)
        assert "x-frame-options" not in widget
        assert "frame-ancestors https://www.kowhai.example" in widget["content-security-policy"]
        assert salon.get("/portal/sign-in", secure=True)["x-frame-options"] == "DENY"
        cookie = widget.cookies[next(iter(widget.cookies))]
        assert cookie.OutputString().endswith("SameSite=None; Secure; Partitioned")


def test_a_download_goes_out_in_pieces(salon: Client) -> None:
    """A shared document of three blocks, as Django streams it, with and without an event loop."""
    content = bytes(range(256)) * 800
    plan = Document(
        id="d1", ref=BEN, name="Plan.pdf", media_type="application/pdf", size=0, shared_at=datetime.now(UTC)
    )
    with transaction.atomic():
        step(SqlHost(connections["default"], "salon").add_document(plan, content))
    policy = presets.timely(region="NZ")
    policy = evolve(policy, visibility=evolve(policy.visibility, sections=("documents", "account")))
    with override_settings(CLIENTPORTAL={**SETTING, "policy": policy}):
        log_in(salon)
        answer = salon.get("/portal/documents/d1", secure=True)
        assert (answer.status_code, answer.streaming, answer["content-type"]) == (200, True, "application/pdf")
        got = b"".join(answer.streaming_content)
        assert (len(got), hash(got)) == (len(content), hash(content))

        async def ask() -> int:
            browser = AsyncClient()
            browser.cookies = salon.cookies
            response = await browser.get("/portal/documents/d1", secure=True)
            return sum([len(piece) async for piece in response.streaming_content])

        assert awaited(ask()) == len(content)


# --- transactions


def test_a_code_is_not_asked_for_inside_of_a_transaction(salon: Client) -> None:
    """What must commit by itself says so, and what to do about it: the attack is a rollback that takes guesses back."""
    with pytest.raises(DurableOperation, match=r"transaction\.non_atomic_requests"):
        salon.get("/surrounded/", secure=True)


def test_with_atomic_requests_the_pages_stay_outside(on_sqlite: Path, fresh_setting: None) -> None:
    """Where every request is a transaction, clients log in through the pages, and views read inside of theirs."""
    use(sqlite(on_sqlite, ATOMIC_REQUESTS=True))
    fill()
    browser = Client(headers={"accept-language": "en"})
    assert log_in(browser).status_code == 303
    assert browser.get("/orders/", secure=True).content == b"orders of Ben; True"


# --- whose pages, and what they look like


def test_the_business_of_a_request(salon: Client) -> None:
    """Many businesses on one installation: a function of the request says whose pages it is for."""

    def by_host(request: Any) -> str:
        return "salon" if request.get_host() == "testserver" else "other"

    setting = {key: value for key, value in SETTING.items() if key != "business"}
    with override_settings(CLIENTPORTAL={**setting, "business_of": by_host, "businesses": ["salon"]}):
        assert "Kōwhai Hair" in salon.get("/portal/", secure=True).content.decode()
        assert log_in(salon).status_code == 303
        assert salon.get("/shop/", secure=True).content == b"shop of Ben"


def test_the_address_that_budgets_count_by(salon: Client) -> None:
    """Behind a proxy the project says which header it trusts; without a say it is the server's own word."""
    seen: list[str] = []

    def source(request: Any) -> str:
        seen.append(request.headers["x-real-ip"])
        return "203.0.113.9"

    with override_settings(CLIENTPORTAL={**SETTING, "source": source}):
        salon.get("/portal/sign-in", secure=True, headers={"x-real-ip": "203.0.113.9"})
    assert seen == ["203.0.113.9"]


def test_a_projects_own_templates_come_first(salon: Client, tmp_path: Path) -> None:
    """A page is replaced by one of the same name; its frame may be a Django template on the project's own base."""
    own = tmp_path / "templates"
    (own / "clientportal").mkdir(parents=True)
    (own / "clientportal" / "layout.html").write_text(
        "{% set content %}{% block content %}{% endblock %}{% endset %}"
        '{{ django("salon/portal.html", title=business.name, content=content) }}'
    )
    (own / "salon").mkdir()
    (own / "salon" / "portal.html").write_text(
        '{% extends "base.html" %}{% block content %}{{ content }}<p>{{ title }} {{ request.path }}</p>{% endblock %}'
    )
    (own / "base.html").write_text("<nav>Salon & Sons</nav>{% block content %}{% endblock %}")
    from django.conf import settings

    engine = {**settings.TEMPLATES[0], "DIRS": [str(own)]}
    with override_settings(TEMPLATES=[engine]):
        page = salon.get("/portal/sign-in", secure=True).content.decode()
    assert page.startswith("<nav>Salon & Sons</nav>")
    assert 'name="contact"' in page
    assert "<p>Kōwhai Hair /portal/sign-in</p>" in page


def test_the_portal_is_built_once(browser: Client) -> None:
    """Each call of portal() and pages() is the same object, until a setting changes."""
    assert portal() is portal()
    assert pages().portal is portal()
    before = portal()
    with override_settings(CLIENTPORTAL={**SETTING, "keys": {"2026-12": KeyRing.generate_secret()}}):
        assert portal() is not before
