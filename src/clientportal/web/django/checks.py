"""``manage.py check``: what is wrong with ``CLIENTPORTAL`` and what stands around it, before anybody uses it.

Errors (``E``) are what cannot work. Warnings (``W``) are what works and is not safe. None of them reads a database.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.urls import Resolver404, resolve

from clientportal.policy import Policy
from clientportal.web.django.conf import Configuration, SettingError

__all__ = ["check_portal"]

_IDS = {
    "": "E001", "host": "E002", "policy": "E003", "keys": "E004", "senders": "E005", "business": "E006",
    "base_url": "E007", "using": "E008", "pages": "E009",
}  # fmt: skip
_MIDDLEWARE = "clientportal.web.django.middleware.PortalClientMiddleware"
_CACHING = "django.middleware.cache.UpdateCacheMiddleware"


def check_portal(app_configs: object = None, **_options: Any) -> list[CheckMessage]:
    """Everything below, in this order; after an error in the setting itself, nothing that is made of it."""
    try:
        read = Configuration(getattr(settings, "CLIENTPORTAL", None))
    except SettingError as error:
        return [_said(error)]
    mistakes = list(_mistakes(read))
    if mistakes:
        return mistakes
    return [found for look in _LOOKS for found in look(read)]


def _said(error: SettingError) -> CheckMessage:
    number = _IDS.get(error.key, "E001")
    return Error(str(error), hint="See docs/howto/django.md.", id=f"clientportal.{number}")


def _mistakes(read: Configuration) -> Iterator[CheckMessage]:
    """Each key that cannot be used as it is; if all can, the portal that they make."""
    needed: tuple[Callable[[], object], ...] = (
        lambda: read.using, lambda: read.host, lambda: read.policy, lambda: read.keys, lambda: read.senders,
        lambda: read.base_url, read.businesses,
    )  # fmt: skip
    wrong = 0
    for one in needed:
        try:
            one()
        except SettingError as error:
            wrong += 1
            yield _said(error)
    if wrong:
        return
    try:
        pages = read.pages
        if not isinstance(read.policy, Policy):
            for business in read.businesses():
                pages.site.setup.policy_of(business)
    except SettingError as error:
        yield _said(error)
    except (LookupError, ValueError) as error:
        yield Error(f"CLIENTPORTAL['policy'] fails: {error}", id="clientportal.E003")


# --- keys


def _keys_apart(read: Configuration) -> Iterator[CheckMessage]:
    """The attack: whoever learns ``SECRET_KEY``, from a stray settings dump say, could make every code and link."""
    secret = str(settings.SECRET_KEY)
    if any(secret == text for text in _texts_of(read)):
        yield Error(
            "SECRET_KEY is one of CLIENTPORTAL['keys'].",
            hint="Make a secret of its own with KeyRing.generate_secret(): each can then be changed without the other.",
            id="clientportal.E010",
        )


def _keys_in_source(read: Configuration) -> Iterator[CheckMessage]:
    """The attack: whoever can read the repository, or one of its backups, can make every code and link."""
    if settings.DEBUG:
        return
    written = _written_in(_settings_file())
    if any(text in written for text in _texts_of(read)):
        yield Warning(
            "A secret of CLIENTPORTAL['keys'] stands in the source of the settings.",
            hint="Read it from the environment, or from where your other secrets are.",
            id="clientportal.W001",
        )


def _texts_of(read: Configuration) -> list[str]:
    """The secrets, where the setting names them as text. A ring that somebody has made keeps its own."""
    keys: object = read.given["keys"]
    texts = cast("Mapping[str, object]", keys).values() if isinstance(keys, Mapping) else ()
    return [one for one in texts if isinstance(one, str)]


def _settings_file() -> Path | None:
    module = sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", None) or ""))
    file = getattr(module, "__file__", None)
    return None if file is None else Path(file)


def _written_in(file: Path | None) -> set[str]:
    """Every text that stands as such in a settings file, or in one beside it (``settings/base.py``)."""
    if file is None or file.suffix != ".py":
        return set()
    beside = file.parent.glob("*.py") if file.parent.name == "settings" else (file,)
    trees = [ast.parse(one.read_text(encoding="utf-8")) for one in beside]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


# --- where the pages are


def _https(read: Configuration) -> Iterator[CheckMessage]:
    if read.base_url.startswith("https://") or settings.DEBUG:
        return
    yield Warning(
        f"CLIENTPORTAL['base_url'] is {read.base_url}: codes, links and sessions would cross the network in the open.",
        hint="Use https:// wherever DEBUG is off. The portal's cookies are Secure then.",
        id="clientportal.W002",
    )


def _mounted(read: Configuration) -> Iterator[CheckMessage]:
    """Links in messages begin with ``base_url``; the view there has to be out of ``ATOMIC_REQUESTS``."""
    path = urlsplit(read.base_url.replace("{business}", "business")).path
    below = path.removeprefix(str(settings.FORCE_SCRIPT_NAME or "").rstrip("/"))
    try:
        view: Any = cast("Any", resolve(below)).func
    except (Resolver404, ImproperlyConfigured):
        yield Warning(
            f"No URL of this project is at {path}, where CLIENTPORTAL['base_url'] says that the pages are.",
            hint="path('portal/', include('clientportal.web.django.urls')), and base_url='https://…/portal/'.",
            id="clientportal.W003",
        )
        return
    exempt: set[str] = getattr(view, "_non_atomic_requests", set())
    for alias in connections:
        if connections.settings[alias].get("ATOMIC_REQUESTS") and alias not in exempt:
            yield Error(
                f"ATOMIC_REQUESTS is on for {alias!r}, and the view at {path} is inside of it: nobody could log in.",
                hint="Use clientportal.web.django.urls, or decorate your view with transaction.non_atomic_requests.",
                id="clientportal.E011",
            )


# --- what stands around


def _sqlite(read: Configuration) -> Iterator[CheckMessage]:
    database = connections.settings[read.using]
    if database["ENGINE"].endswith("sqlite3") and database["OPTIONS"].get("transaction_mode") != "IMMEDIATE":
        yield Warning(
            f"The SQLite database {read.using!r} begins its transactions deferred: one that reads first and writes "
            "then fails as soon as anybody else has written in between ('database is locked').",
            hint="DATABASES[…]['OPTIONS'] = {'transaction_mode': 'IMMEDIATE'}",
            id="clientportal.W004",
        )


def _middleware(_read: Configuration) -> Iterator[CheckMessage]:
    order: list[str] = list(settings.MIDDLEWARE or ())
    if _MIDDLEWARE not in order:
        yield Warning(
            "request.portal_client is not there: its middleware is not in MIDDLEWARE.",
            hint=f"Add '{_MIDDLEWARE}'. The mounted pages work without it; your own views for clients do not.",
            id="clientportal.W005",
        )
    elif _CACHING in order and order.index(_CACHING) > order.index(_MIDDLEWARE):
        yield Error(
            "PortalClientMiddleware stands before UpdateCacheMiddleware: what one client sees would be kept for all.",
            hint="Put it after UpdateCacheMiddleware, so that the cache is told that a response depends on the cookie.",
            id="clientportal.E012",
        )


def _cookies(read: Configuration) -> Iterator[CheckMessage]:
    """Staff's own cookies travel next to the portal's, and open more."""
    if settings.DEBUG or not read.base_url.startswith("https://"):
        return
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        if not getattr(settings, name):
            yield Warning(
                f"{name} is off: the cookie of staff, who may merge clients and read the audit, also goes over http.",
                hint=f"{name} = True",
                id="clientportal.W006",
            )


_LOOKS = (_keys_apart, _keys_in_source, _https, _mounted, _sqlite, _middleware, _cookies)
