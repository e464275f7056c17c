"""django-allauth: ``with_allauth.py URL direct|handler``, asked by ``asking.py``.

``direct`` calls its flows and Django's own ``get_user``, with a session of Django's as the middleware would make one.
``handler`` calls the WSGI application with its JSON interface (``allauth.headless``, for apps). Both as allauth comes,
without its rate limits; sending a message is keeping it.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.urls import include, path
from serving import serve

EMAIL, PASSWORD = "ana@bench.example", "kereru over the harbour"


class Cheapest(Argon2PasswordHasher):
    """What is measured is everything else."""

    time_cost, memory_cost, parallelism = 1, 8, 1


def database(url: str) -> dict[str, Any]:
    """As durable as ours: WAL and FULL on SQLite, the server's own fsync on PostgreSQL. Connections are kept."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        durable = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
        options = {"init_command": durable, "transaction_mode": "IMMEDIATE"}
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:],
            "OPTIONS": options,
            "CONN_MAX_AGE": None,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path[1:],
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "CONN_MAX_AGE": None,
    }


def configure(url: str) -> None:
    """Django with allauth, and one user whose address is proved."""
    apps = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"]
    settings.configure(
        SECRET_KEY="of no use to anybody",
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database(url)},
        INSTALLED_APPS=[*apps, "allauth", "allauth.account", "allauth.headless"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        PASSWORD_HASHERS=[f"{__name__}.Cheapest"],
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        ACCOUNT_LOGIN_METHODS={"email"},
        ACCOUNT_LOGIN_BY_CODE_ENABLED=True,
        ACCOUNT_RATE_LIMITS=False,
        HEADLESS_ONLY=False,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    settings.ROOT_URLCONF = (
        path("accounts/", include("allauth.urls")),
        path("_allauth/", include("allauth.headless.urls")),
    )
    from allauth.account.models import EmailAddress
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = get_user_model().objects.create_user("ana", EMAIL, PASSWORD)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)


def code_of_last_message() -> str:
    """What the client reads; the box is emptied, so that it does not grow."""
    from django.core import mail

    text = mail.outbox[-1].body
    mail.outbox.clear()
    found = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]{3,})$", text, re.MULTILINE)
    assert found, text
    return found[1]


class Direct:
    """Its flows, without URLs, forms and middleware."""

    def __init__(self) -> None:
        from allauth.account.internal.flows import login, login_by_code
        from allauth.account.models import Login
        from allauth.account.stages import LoginByCodeStage, LoginStageController
        from django.contrib import auth
        from django.contrib.sessions.backends.db import SessionStore
        from django.http import HttpRequest

        self.login, self.by_code, self.auth = login, login_by_code.LoginCodeVerificationProcess, auth
        self.Login, self.Stage, self.Controller = Login, LoginByCodeStage, LoginStageController
        self.Session, self.Request = SessionStore, HttpRequest
        self.key = ""

    def _request(self, key: str | None = None) -> Any:
        from allauth.core import context
        from django.contrib.messages.storage import default_storage

        request = self.Request()
        request.method, request.META = "POST", {"SERVER_NAME": "bench.example", "SERVER_PORT": "443"}
        request.session = self.Session(key)
        request.user = self.auth.get_user(request)
        request._messages = default_storage(request)
        context._request_var.set(request)
        return request

    def request(self) -> None:
        """The user of that email, a code in the session, and a message."""
        from allauth.account.utils import filter_users_by_email

        request = self._request()
        (user,) = filter_users_by_email(EMAIL, is_active=True, prefer_verified=True)
        self.by_code.initiate(request=request, user=user, email=EMAIL)
        request.session.save()
        self.key, self.code = request.session.session_key, code_of_last_message()

    def verify(self) -> None:
        """The code of the session against what was typed, and a real login."""
        request = self._request(self.key)
        stage = self.Controller.enter(request, self.Stage.key)
        process = self.by_code.resume(stage)
        assert process.code == self.code
        process.finish(None)
        request.session.save()
        self.key = request.session.session_key

    def session(self) -> None:
        """The session and its user."""
        request = self.Request()
        request.session = self.Session(self.key)
        assert self.auth.get_user(request).is_authenticated

    def log_in(self) -> None:
        """By email and password."""
        request = self._request()
        user = self.auth.authenticate(request, email=EMAIL, password=PASSWORD)
        self.login.perform_password_login(request, {"email": EMAIL}, self.Login(user=user, email=EMAIL))
        request.session.save()
        assert request.session.session_key


class Handler:
    """Its JSON interface through the WSGI application."""

    def __init__(self) -> None:
        from django.core.handlers.wsgi import WSGIHandler

        self.application = WSGIHandler()
        self.token = ""

    def _ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/_allauth/app/v1/auth/{path}",
            "SERVER_NAME": "bench.example",
            "SERVER_PORT": "443",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(sent),
            "CONTENT_LENGTH": str(len(sent)),
            "CONTENT_TYPE": "application/json",
        }
        if token:
            environ["HTTP_X_SESSION_TOKEN"] = token
        status: list[str] = []
        response = self.application(environ, lambda line, _headers: status.append(line))
        answer = json.loads(b"".join(response))
        response.close()
        return int(status[0].split()[0]), answer

    def request(self) -> None:
        """401 is its answer while a login is under way."""
        status, answer = self._ask("POST", "code/request", {"email": EMAIL})
        assert status == 401, answer
        self.token, self.code = answer["meta"]["session_token"], code_of_last_message()

    def verify(self) -> None:
        """The login has a token of its own."""
        status, answer = self._ask("POST", "code/confirm", {"code": self.code}, self.token)
        assert status == 200, answer
        self.token = answer["meta"].get("session_token", self.token)

    def session(self) -> None:
        """Who is this?"""
        status, answer = self._ask("GET", "session", token=self.token)
        assert status == 200, answer

    def log_in(self) -> None:
        """By email and password."""
        status, answer = self._ask("POST", "login", {"email": EMAIL, "password": PASSWORD})
        assert status == 200, answer


@contextmanager
def counting() -> Iterator[list[str]]:
    """Statements that reach the database; SAVEPOINT and its kin are not counted."""
    from django.db import connection

    seen: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.split()[0].upper() not in ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN"):
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


if __name__ == "__main__":
    configure(sys.argv[1])
    way = Direct() if sys.argv[2] == "direct" else Handler()
    operations = {
        "request": way.request,
        "verify": way.verify,
        "session check": way.session,
        "password login": way.log_in,
    }
    serve(f"django-allauth {version('django-allauth')}, {sys.argv[2]}", operations, counting)
