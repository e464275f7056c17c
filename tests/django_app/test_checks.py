"""The one setting and ``manage.py check``: every mistake is told, with its key and what would be right."""

from __future__ import annotations

import sys
import types
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from clientportal import BaseHost, Business, Capabilities, Channel, InvalidInput, KeyRing, Policy, presets
from clientportal.web.django import SettingError, portal
from clientportal.web.django.conf import Configuration
from clientportal.web.django.mail import DjangoMail
from django_app.conftest import sqlite, use
from django_app.project import KEY, MIDDLEWARE, PHONE, SETTING, Phone

SECURE = {"SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True}
CACHING = "django.middleware.cache.UpdateCacheMiddleware"


def _found(**settings: Any) -> list[str]:
    """The ids that ``check`` finds, over settings in which nothing else is wrong."""
    with override_settings(**{**SECURE, **settings}):
        return [str(one.id).removeprefix("clientportal.") for one in checks.run_checks(tags=["clientportal"])]


def _with(**keys: Any) -> dict[str, Any]:
    return {key: value for key, value in {**SETTING, **keys}.items() if value is not None}


class OnlyReads(BaseHost):
    """A platform that lets nothing be changed."""

    capabilities = Capabilities()


def policies(business: str) -> Policy:
    """A policy for each business that there is."""
    return {"salon": presets.timely(region="NZ")}[business]


def the_keys() -> dict[str, str]:
    """Keys from where a project keeps its secrets."""
    return {"2026-11": KEY}


def of_franchise() -> list[str]:
    """Every business, from the project's own tables."""
    return ["salon", "nails"]


A_POLICY = presets.vcita(region="NZ")


def test_nothing_is_found_where_nothing_is_wrong(on_sqlite: Path) -> None:
    """The project of these tests is as the page for Django says, and every hint is written."""
    assert _found() == []


@pytest.mark.parametrize(
    ("setting", "id", "said"),
    [
        (None, "E001", "is not set"),
        (["salon"], "E001", "is not set"),
        (_with(hots="x"), "E001", "is no key of this setting"),
        (_with(host=None), "E002", "is missing"),
        (_with(host="no.such.Host"), "E002", "cannot be imported"),
        (_with(host=Business), "E002", "is no adapter"),
        (_with(policy=None), "E003", "is missing"),
        (_with(policy="no/such.toml"), "E003", "cannot be read"),
        (_with(policy={"preset": "timly"}), "E003", "'timly' is not one of the presets"),
        (_with(policy={"preset": "timely", "town": "Auckland"}), "E003", "town: no such setting"),
        (_with(policy={"preset": "timely", "changes": {"rebookin": False}}), "E003", "did you mean changes.rebooking?"),
        (_with(policy=7), "E003", "a preset"),
        (_with(policy=lambda business: {}[business]), "E003", "fails"),
        (_with(policy="django_app.test_checks.A_POLICY", senders={}), "E003", "senders"),
        (_with(host=OnlyReads), "E003", "capability"),
        (_with(keys=None), "E004", "is missing"),
        (_with(keys={}), "E004", "at least one key"),
        (_with(keys={"k": "short"}), "E004", "cannot be used"),
        (_with(keys=["k"]), "E004", "it is {"),
        (_with(senders={"sms": "django_app.project.NoSuch"}), "E005", "cannot be imported"),
        (_with(senders={"pigeon": PHONE}), "E005", "is no channel"),
        (_with(senders={"sms": object()}), "E005", "has no method send"),
        (_with(senders=[PHONE]), "E005", "is a dict"),
        (_with(business=None), "E006", "is missing"),
        (_with(base_url=None), "E007", "is missing"),
        (_with(base_url="http://salon.example/portal/"), "E007", "begins with https"),
        (_with(using="elsewhere"), "E008", "no alias"),
        (_with(pages={"template": "x"}), "E009", "there are"),
        (_with(pages={"templates": "/no/such/folder"}), "E009", "no folder"),
        (_with(survivorship={"shoe_size": len}), "E001", "there is no field"),
    ],
)
def test_a_mistake_in_the_setting(on_sqlite: Path, setting: Any, id: str, said: str) -> None:
    """``check`` names the key under an id, with a hint, and nothing that was handed in as a secret."""
    with override_settings(CLIENTPORTAL=setting):
        found = [one for one in checks.run_checks(tags=["clientportal"]) if one.level >= checks.ERROR]
    assert [one.id for one in found] == [f"clientportal.{id}"], found
    assert said in found[0].msg
    assert KEY not in str(found[0]) + str(found[0].hint)


def test_a_mistake_is_one_typed_error(on_sqlite: Path) -> None:
    """Whoever calls ``portal()`` gets ImproperlyConfigured and InvalidInput in one error, which names the key."""
    with override_settings(CLIENTPORTAL=_with(host=None)), pytest.raises(SettingError) as error:
        portal()
    assert error.value.key == "host"
    assert isinstance(error.value, ImproperlyConfigured)
    assert isinstance(error.value, InvalidInput)
    assert "salon.portal.SalonHost" in str(error.value)


def test_every_way_to_say_it(on_sqlite: Path, tmp_path: Path) -> None:
    """Presets, TOML files, dotted paths and objects come to the same."""
    (tmp_path / "policy.toml").write_text('preset = "timely"\nregion = "NZ"\n')
    wanted = presets.timely(region="NZ")
    with override_settings(BASE_DIR=tmp_path):
        for said in ({"preset": "timely", "region": "NZ"}, "timely", "policy.toml", tmp_path / "policy.toml", wanted):
            assert Configuration(_with(policy=said)).policy == wanted
    assert Configuration(_with(policy=str(tmp_path / "policy.toml"))).policy == wanted
    assert Configuration(_with(policy="django_app.test_checks.A_POLICY")).policy == A_POLICY
    by_business: Any = Configuration(_with(policy="django_app.test_checks.policies")).policy
    assert by_business("salon") == wanted


def test_a_preset_with_what_differs(on_sqlite: Path, tmp_path: Path) -> None:
    """A dict says whatever a TOML file can say: tables as dicts, arrays as any sequence, numbers, and None for none."""
    (tmp_path / "policy.toml").write_text(
        'preset = "vcita"\nregion = "DE"\n[changes]\nrebooking = false\nmax_moves = "none"\n'
        '[changes.cancel]\namount = 2\nunit = "days"\n[login]\nidentifiers = ["email"]\n'
        '[matching]\nalike_from = 0.9\n[messages]\nsend_timeout = "15 seconds"\n'
    )
    said = {
        "preset": "vcita",
        "region": "DE",
        "changes": {"rebooking": False, "max_moves": None, "cancel": {"amount": 2, "unit": "days"}},
        "login": {"identifiers": ("email",)},
        "matching": {"alike_from": 0.9},
        "messages": {"send_timeout": timedelta(seconds=15)},
    }
    wanted = Configuration(_with(policy=tmp_path / "policy.toml")).policy
    assert Configuration(_with(policy=said)).policy == wanted
    for keys in ({"2026-11": KEY}, "django_app.test_checks.the_keys", the_keys, KeyRing.from_secrets(the_keys())):
        assert Configuration(_with(keys=keys)).keys.signing_id == "2026-11"
    for phone in ("django_app.project.Phone", Phone, Phone()):
        assert isinstance(Configuration(_with(senders={"sms": phone})).senders[Channel.SMS], Phone)
    mail = Configuration(_with(senders={"email": "clientportal.web.django.mail.DjangoMail"})).senders
    assert isinstance(mail[Channel.EMAIL], DjangoMail)
    assert Configuration(_with()).businesses() == ("salon",)
    assert Configuration(_with(business="parent/salon")).businesses() == ("parent",)
    assert Configuration(_with(businesses="django_app.test_checks.of_franchise")).businesses() == ("salon", "nails")
    asked: HttpRequest = RequestFactory().get("/")
    assert Configuration(_with()).source_of(asked) == "127.0.0.1"
    own = Configuration(_with(names_alike="django_app.test_checks.alike")).pages.site.setup.names_alike
    assert own is not None
    assert own("Ana", "Ana") == 1.0


def alike(first: str, second: str) -> float:
    """How alike two names are, as a project's own rule says."""
    return float(first == second)


# --- what stands around


def test_secret_key_is_no_key(on_sqlite: Path) -> None:
    """The attack: whoever learns SECRET_KEY could make every code; so it is refused as a key, and not shown."""
    assert _found(SECRET_KEY=KEY) == ["E010"]


@pytest.mark.parametrize("beside", [False, True])
def test_keys_in_the_source(on_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: bool) -> None:
    """A key that stands in the settings' file, or in one beside it, is told where DEBUG is off, and only there."""
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "production.py").write_text("from .base import *\n" if beside else f"KEYS = {{'k': '{KEY}'}}\n")
    if beside:
        (folder / "base.py").write_text(f"CLIENTPORTAL = {{'keys': {{'k': '{KEY}'}}}}\n")
    module = types.ModuleType("salon_settings")
    module.__file__ = str(folder / "production.py")
    monkeypatch.setitem(sys.modules, "salon_settings", module)
    assert _found(SETTINGS_MODULE="salon_settings") == ["W001"]
    assert _found(SETTINGS_MODULE="salon_settings", DEBUG=True) == []
    assert _found(SETTINGS_MODULE="salon_settings", CLIENTPORTAL=_with(keys=KeyRing.from_secrets(the_keys()))) == []
    (folder / "base.py").write_text("import os\n")
    (folder / "production.py").write_text("KEYS = {'k': os.environ['CLIENTPORTAL_KEY']}\n")
    assert _found(SETTINGS_MODULE="salon_settings") == []


def test_an_address_without_https(on_sqlite: Path) -> None:
    """For trying things out only: with DEBUG off it is told."""
    here = _with(base_url="http://localhost:8000/portal/")
    assert _found(CLIENTPORTAL=here) == ["W002"]
    assert _found(CLIENTPORTAL=here, DEBUG=True) == []


def test_an_address_that_leads_nowhere(on_sqlite: Path) -> None:
    """Links in messages begin with base_url: no view of the project is there."""
    assert _found(CLIENTPORTAL=_with(base_url="https://testserver/elsewhere/")) == ["W003"]


def test_a_database_that_begins_deferred(on_sqlite: Path) -> None:
    """SQLite without transaction_mode IMMEDIATE fails under two writers."""
    use({**sqlite(on_sqlite), "OPTIONS": {}})
    assert _found() == ["W004"]


def test_atomic_requests_and_a_mount_of_ones_own(on_sqlite: Path) -> None:
    """The shipped view stands outside of ATOMIC_REQUESTS; one that does not is an error, for nobody could log in."""
    use(sqlite(on_sqlite, ATOMIC_REQUESTS=True))
    assert _found() == []
    assert _found(CLIENTPORTAL=_with(base_url="https://testserver/plain/")) == ["E011"]


@pytest.mark.parametrize(
    ("middleware", "ids"),
    [
        (MIDDLEWARE[:-1], ["W005"]),
        ([*MIDDLEWARE, CACHING], ["E012"]),
        ([CACHING, *MIDDLEWARE], []),
    ],
)
def test_the_middleware(on_sqlite: Path, middleware: list[str], ids: list[str]) -> None:
    """Missing, or before the one that caches what a client has been shown."""
    assert _found(MIDDLEWARE=middleware) == ids


def test_the_cookies_of_staff(on_sqlite: Path) -> None:
    """Next to a portal on https, Django's own cookies do not travel over http."""
    assert _found(SESSION_COOKIE_SECURE=False, CSRF_COOKIE_SECURE=False) == ["W006", "W006"]
    assert _found(SESSION_COOKIE_SECURE=False, DEBUG=True) == []


def test_a_policy_that_one_business_cannot_carry_out(on_sqlite: Path) -> None:
    """Where each business has its own policy, every one that is named is held against the host and the senders."""

    def each(business: str) -> Policy:
        policy = presets.timely(region="NZ")
        return policy if business == "salon" else evolve(policy, login=evolve(policy.login, recycled_after=None))

    assert _found(CLIENTPORTAL=_with(policy=each, businesses=["salon", "nails"])) == []
    bad = _with(policy=lambda b: A_POLICY if b == "nails" else each(b), businesses=["salon", "nails"])
    assert _found(CLIENTPORTAL=bad) == ["E003"]
