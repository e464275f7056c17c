"""A small Django project, set up once per process: a salon; clients use the portal, staff the admin."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

import django
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections, transaction

from clientportal import Appointment, Business, ClientRecord, OutgoingMessage, RecordRef
from clientportal.ports import step
from clientportal.stores.sql import SqlHost

__all__ = [
    "ANA",
    "ANA_AGAIN",
    "KEY",
    "MIDDLEWARE",
    "PHONE",
    "SETTING",
    "Phone",
    "fill",
    "hidden",
    "log_in",
    "send",
    "set_up",
]

ANA, ANA_AGAIN = RecordRef.client("1"), RecordRef.client("2")

KEY = "uB1c8ZfVYkFQ0nJ6cQ1nI0v3m4k7o2w5r8t9y1a2b3c="
"""A secret as ``KeyRing.generate_secret()`` makes them."""

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clientportal.web.django.middleware.PortalClientMiddleware",
]


class Phone:
    """Takes every SMS and keeps it."""

    def __init__(self) -> None:
        self.messages: list[OutgoingMessage] = []

    def send(self, message: OutgoingMessage) -> None:
        """Take it."""
        self.messages.append(message)


class MailServer(BaseEmailBackend):
    """An email backend of the project: takes what it is handed, or fails as it is told to."""

    taken: ClassVar[list[EmailMessage]] = []
    fails: ClassVar[list[Exception]] = []
    """What it fails with from now on; nothing, as long as it works."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        """Take them all."""
        for failure in self.fails:
            raise failure
        self.taken.extend(messages)
        return len(messages)


PHONE = Phone()

SETTING = {
    "host": "clientportal.stores.sql.SqlHost",
    "policy": {"preset": "timely", "region": "NZ"},
    "keys": {"2026-11": KEY},
    "senders": {"sms": PHONE},
    "base_url": "https://testserver/portal/",
    "business": "salon",
}


def set_up() -> None:
    """Configure Django for this process; a second call does nothing."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY="tests-of-the-app-are-no-secret-to-anybody-at-all",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="django_app.urls",
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.admin",
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "clientportal.web.django",
        ],
        MIDDLEWARE=MIDDLEWARE,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        CLIENTPORTAL=SETTING,
    )
    django.setup()


set_up()


def fill() -> None:
    """A salon with Ana Kingi, whom its list has twice, and an appointment of hers in three days."""
    from clientportal.web.django import portal

    with transaction.atomic():
        salon = SqlHost(connections["default"], "salon")
        now = datetime.now(UTC)
        step(salon.add_business(Business("salon", "Kōwhai Hair", "Pacific/Auckland")))
        step(
            salon.add_clients(
                [
                    ClientRecord(ANA, now, "Ana", "Kingi", mobile="021 555 0142"),
                    ClientRecord(ANA_AGAIN, now, "Ana", "Kingi", email="ana@kingi.example", mobile="+64 21 555 0142"),
                    ClientRecord(RecordRef.client("3"), now, "Ben", "Ngata", mobile="027 555 0163"),
                ]
            )
        )
        start = now + timedelta(days=3)
        cut = Appointment(
            id="a1", ref=ANA_AGAIN, service_id="cut", start=start, end=start + timedelta(minutes=45),
            zone="Pacific/Auckland", status="confirmed", made_at=now, service_name="Cut",
        )  # fmt: skip
        step(salon.add_appointments([cut]))
    portal().walk_contacts("salon")


def hidden(response: Any) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode()))


def send(browser: Any, path: str, fields: dict[str, str], **more: Any) -> Any:
    """Send a form as browsers do; Django's test client would send it in parts, which the pages take for a file."""
    typed = {"content_type": "application/x-www-form-urlencoded", "secure": True, **more}
    return browser.post(path, urlencode(fields), **typed)


def log_in(browser: Any, number: str = "027 555 0163", *, next: str = "") -> Any:
    """Log in by code through the mounted pages, as a person does; what the last page answered."""
    asked = {"next": next} if next else {}
    page = browser.get("/portal/sign-in", asked, secure=True)
    page = send(browser, "/portal/sign-in", {**hidden(page), "contact": number}, follow=True)
    return send(browser, "/portal/sign-in/code", {**hidden(page), "code": PHONE.messages[-1].text[:6]})
