"""A page that fails, in a project that has its errors mailed: what is in the mail, and in the log."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core import mail
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings
from django.utils.log import AdminEmailHandler
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from clientportal.errors import StoreError
from clientportal.web.django import reports, views
from django_app.project import SETTING, fill, hidden, log_in, send

TYPED = "correct horse battery staple"
LINK = "k1.c2VjcmV0.bWFj"


@pytest.fixture
def salon(browser: Client) -> Client:
    """A salon with clients, one of whom is logged in."""
    fill()
    log_in(browser)
    return browser


@pytest.fixture
def mailed(settings_of_errors: None) -> Any:
    """Django's own handler for errors, on its own logger, as a new project has it."""
    handler, logger = AdminEmailHandler(), logging.getLogger("django.request")
    handler.setLevel(logging.ERROR)
    logger.addHandler(handler)
    yield lambda: "\n".join(f"{one.subject}\n{one.body}" for one in mail.outbox)
    logger.removeHandler(handler)


@pytest.fixture
def settings_of_errors() -> Any:
    """Somebody reads the mails, including what a browser shows of them."""
    mail.outbox = []
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ADMINS=[("Mia", "mia@salon.example")], EMAIL_BACKEND=backend):
        yield


def secrets_of(browser: Client) -> list[str]:
    """The session's token, and that of the known device."""
    return [one.value for name, one in browser.cookies.items() if "portal-" in name and one.value]


def test_a_page_that_fails_mails_nobody_a_password(
    salon: Client, mailed: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The store fails while a form is sent to a link of a mail: the report has neither what was typed, nor a cookie,
    nor the link.
    """
    fields = hidden(salon.get("/portal/account", secure=True))

    async def fails(_self: Any, _request: Any) -> Any:
        raise StoreError("the database failed")

    monkeypatch.setattr(type(views.pages()), "_answer_for", fails)
    answer = send(salon, f"/portal/reset/{LINK}?link={LINK}", {**fields, "password": TYPED})
    assert answer.status_code == 500
    said = mailed()
    assert "Internal Server Error: /portal/" in said
    assert len(secrets_of(salon)) >= 2
    for secret in (TYPED, LINK, *secrets_of(salon)):
        assert secret not in said + caplog.text


def test_what_is_refused_is_logged_without_its_address(salon: Client, caplog: pytest.LogCaptureFixture) -> None:
    """A link that is not good (any more) is a warning in Django's log, and stands there without the link."""
    answer = salon.get(f"/portal/l/{LINK}", secure=True)
    assert answer.status_code >= 400
    said = [one.getMessage() for one in caplog.records if one.name == "django.request"]
    assert said == [f"{answer.reason_phrase}: /portal/"]


def test_a_view_of_the_projects_that_fails_tells_no_session(salon: Client, mailed: Any) -> None:
    """An error in a view of the project's own is reported with what was sent, and without the portal's cookies."""
    salon.cookies["colour"] = "green"
    with override_settings(CLIENTPORTAL=SETTING):
        salon.raise_request_exception = False
        assert salon.get("/surrounded/?colour=blue", secure=True).status_code == 500
    said = mailed()
    assert "/surrounded/?colour=blue" in said
    assert "colour = 'green'" in said
    for secret in secrets_of(salon):
        assert secret not in said


def test_a_filter_of_the_projects_own_stays() -> None:
    """What the project hides is hidden as before; ours comes in front of it, once."""

    class Own(SafeExceptionReporterFilter):
        def get_safe_request_meta(self, request: Any) -> dict[str, Any]:
            return {}

    request: Any = RequestFactory().post("/portal/sign-in", {"code": "123456"})
    request.COOKIES["portal-session-x"] = "token"
    request.exception_reporter_filter = Own()
    reports.hide_cookies(request)
    once = type(request.exception_reporter_filter)
    reports.hide_cookies(request)
    assert type(request.exception_reporter_filter) is once
    reports.hide_everything(request)
    text = ExceptionReporter(request, None, None, None).get_traceback_text()
    assert isinstance(request, HttpRequest)
    assert "123456" not in text
    assert "'token'" not in text
    assert request.exception_reporter_filter.get_safe_request_meta(request) == {}
