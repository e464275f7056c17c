"""The one setting, ``CLIENTPORTAL``: read when it is needed, each mistake told with the key that it is in."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from clientportal.doors import Portal
from clientportal.doors.checks import check_base_url
from clientportal.errors import ClientPortalError, InvalidInput, PolicyError
from clientportal.keyring import KeyRing
from clientportal.policy import Policy, policy_from_toml, presets
from clientportal.policy.toml import policy_from_tables
from clientportal.ports import Channel
from clientportal.web.django.templates_of import django_template, template_folders
from clientportal.web.portal_pages import PortalPages

if TYPE_CHECKING:
    from clientportal.web.messages import Request

__all__ = ["Configuration", "SettingError", "configuration", "forget", "pages", "portal"]

_NAME = "CLIENTPORTAL"
_OWN = frozenset(
    {
        "host", "policy", "keys", "senders", "base_url", "using", "business", "business_of", "businesses",
        "staff_businesses", "source", "pages", "deliver_after_response",
    }
)  # fmt: skip
_FOR_PORTAL = frozenset(inspect.signature(Portal.__init__).parameters) - {"self", "store", "clock"} - _OWN
_FOR_PAGES = frozenset(inspect.signature(PortalPages.__init__).parameters) - {"self", "portal", "business"}
_PRESETS: tuple[str, ...] = tuple(presets.__all__)


class SettingError(InvalidInput, ImproperlyConfigured):
    """``CLIENTPORTAL`` cannot be used as it is; ``key`` names the entry, or is empty where it is about the whole."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{_NAME}[{key!r}] {message}" if key else f"{_NAME} {message}")
        self.key = key


class Configuration:
    """What the setting says. Nothing of it is imported or built before it is asked for."""

    def __init__(self, given: object) -> None:
        if not isinstance(given, Mapping):
            raise SettingError("", "is not set: it is a dict with at least 'host', 'policy', 'keys' and 'business'")
        self.given = cast("Mapping[str, Any]", given)
        unknown = [str(key) for key in self.given if key not in _OWN | _FOR_PORTAL]
        if unknown:
            known = ", ".join(sorted(_OWN | _FOR_PORTAL))
            raise SettingError(unknown[0], f"is no key of this setting; there are {known}")

    def _needed(self, key: str, what: str) -> Any:
        if self.given.get(key) is None:
            raise SettingError(key, f"is missing: {what}")
        return self.given[key]

    def _imported(self, key: str, said: Any) -> Any:
        """A dotted path becomes what it names; everything else is meant as it stands."""
        if not isinstance(said, str):
            return said
        try:
            return import_string(said)
        except ImportError as error:
            raise SettingError(key, f"names {said!r}, which cannot be imported: {error}") from error

    # --- what the portal is made of

    @property
    def using(self) -> str:
        """The alias of the database that the portal's tables are in."""
        alias = self.given.get("using", "default")
        if alias not in settings.DATABASES:
            raise SettingError("using", f"names {alias!r}, which is no alias of DATABASES")
        return str(alias)

    @cached_property
    def host(self) -> Any:
        """The adapter."""
        what = "the dotted path of your adapter, such as 'salon.portal.SalonHost'"
        host = self._imported("host", self._needed("host", what))
        if not callable(getattr(host, "open", None)) or getattr(host, "capabilities", None) is None:
            raise SettingError("host", f"is {host!r}, which is no adapter: it has no open() and no capabilities")
        return host

    @cached_property
    def policy(self) -> Policy | Callable[[str], Policy]:
        """The policy: a preset's name, a TOML file, a dotted path, a Policy, or a function from business to Policy."""
        what = f"a preset ({', '.join(_PRESETS)}), the path of a TOML file, or the dotted path of a Policy"
        said = self._needed("policy", what)
        try:
            found = self._policy_of(said)
        except (PolicyError, OSError) as error:
            raise SettingError("policy", f"cannot be read: {error}") from error
        if not isinstance(found, Policy) and not callable(found):
            raise SettingError("policy", f"is {type(found).__name__}; it is {what}")
        return cast("Policy | Callable[[str], Policy]", found)

    def _policy_of(self, said: Any) -> Any:
        if isinstance(said, Mapping):
            return policy_from_tables(cast("Mapping[str, Any]", said))
        if isinstance(said, str) and said in _PRESETS:
            return policy_from_tables({"preset": said})
        if isinstance(said, Path) or (isinstance(said, str) and said.endswith(".toml")):
            base = getattr(settings, "BASE_DIR", None)
            return policy_from_toml(Path(said) if base is None else Path(base) / said)
        return self._imported("policy", said)

    @cached_property
    def keys(self) -> KeyRing:
        """The key ring: id -> secret, the signing one first; a KeyRing; or what gives one of these."""
        what = "{'2026-11': os.environ['CLIENTPORTAL_KEY']}, with a secret that KeyRing.generate_secret() made"
        found = self._imported("keys", self._needed("keys", what))
        if callable(found):
            found = cast("Any", found)()
        if isinstance(found, KeyRing):
            return found
        if not isinstance(found, Mapping):
            raise SettingError("keys", f"is {type(found).__name__}; it is {what}")
        try:
            return KeyRing.from_secrets(cast("Mapping[str, str]", found))
        except (InvalidInput, TypeError, AttributeError) as error:
            raise SettingError("keys", f"cannot be used: {error}") from None

    @cached_property
    def senders(self) -> Mapping[Channel, Any]:
        """Channel -> sender: a dotted path of an object, or of a class that is made without arguments."""
        said: object = self.given.get("senders") or {}
        if not isinstance(said, Mapping):
            raise SettingError("senders", "is a dict such as {'sms': 'salon.sms.Provider'}")
        found: dict[Channel, Any] = {}
        for name, one in cast("Mapping[str, Any]", said).items():
            try:
                channel = Channel(name)
            except ValueError:
                known = ", ".join(one.value for one in Channel)
                raise SettingError("senders", f"has {name!r}, which is no channel; there are {known}") from None
            sender = self._imported("senders", one)
            found[channel] = sender() if isinstance(sender, type) else sender
            if not callable(getattr(found[channel], "send", None)):
                raise SettingError("senders", f"[{name!r}] has no method send(message)")
        return found

    @property
    def base_url(self) -> str:
        """Where the pages are: links in messages begin with it."""
        said = self._needed("base_url", "where the pages are, such as 'https://salon.example/portal/'")
        try:
            return check_base_url(str(said))
        except InvalidInput as error:
            raise SettingError("base_url", f"cannot be used: {error}") from None

    def option(self, key: str) -> Any:
        """Whatever else the portal takes; a dotted path stands for what it names."""
        return self._imported(key, self.given[key])

    @cached_property
    def portal(self) -> Portal:
        """The portal, over Django's own connection."""
        from clientportal.stores.sql.django import DjangoStore

        more = {key: self.option(key) for key in self.given if key in _FOR_PORTAL}
        given = {"host": self.host, "policy": self.policy, "keys": self.keys, "senders": self.senders}
        try:
            return Portal(store=DjangoStore(self.using), base_url=self.base_url, **given, **more)
        except PolicyError as error:
            raise SettingError("policy", f"cannot be carried out: {error}") from error
        except ClientPortalError as error:
            raise SettingError("", f"cannot be used: {error}") from error

    # --- which business

    def business_of(self, request: HttpRequest) -> str:
        """Whose pages a request is for; of a franchise ``parent/branch``."""
        if "business_of" in self.given:
            return str(self._imported("business_of", self.given["business_of"])(request))
        return str(self._needed("business", "the id of your business; of many, 'business_of' says which, by request"))

    def businesses(self) -> tuple[str, ...]:
        """Every business whose messages are sent and whose records are looked after here."""
        said = self._imported("businesses", self.given.get("businesses"))
        if said is None:
            return (str(self._needed("business", "or 'businesses', all of them, for the commands")).partition("/")[0],)
        found = said() if callable(said) else said
        return tuple(str(one) for one in cast("Iterable[object]", found))

    def businesses_of_staff(self, user: Any) -> tuple[str, ...]:
        """Those that a Django user may act for. Of several businesses nobody's are everybody's."""
        said = self._imported("staff_businesses", self.given.get("staff_businesses"))
        if said is not None:
            return tuple(str(one) for one in said(user))
        known = self.businesses()
        return known if len(known) == 1 or user.is_superuser else ()

    # --- the pages

    def source_of(self, request: HttpRequest) -> str | None:
        """The address that a request came from, by which budgets are counted."""
        said = self._imported("source", self.given.get("source"))
        return request.META.get("REMOTE_ADDR") if said is None else said(request)

    @cached_property
    def pages(self) -> PortalPages:
        """The pages, with the project's own templates before the shipped ones."""
        from clientportal.web.django.staff import identity_of
        from clientportal.web.django.views import ROUTES

        said = dict(self.given.get("pages") or {})
        unknown = sorted(set(said) - _FOR_PAGES)
        if unknown:
            raise SettingError("pages", f"has {unknown[0]!r}; there are {', '.join(sorted(_FOR_PAGES))}")
        said = {key: self._imported("pages", one) if key in ("staff", "routes") else one for key, one in said.items()}
        said.setdefault("staff", identity_of)
        said.setdefault("templates", template_folders())
        said["routes"] = (*said.get("routes", ()), *ROUTES)
        try:
            made = PortalPages(self.portal, self._business_of_page, **said)
        except SettingError:
            raise
        except ClientPortalError as error:
            raise SettingError("pages", f"cannot be used: {error}") from error
        cast("Any", made.site._templates.globals)["django"] = django_template
        return made

    def _business_of_page(self, request: Request) -> str:
        return self.business_of(request.native)


_lock = threading.RLock()
_current: Configuration | None = None


def configuration() -> Configuration:
    """What ``CLIENTPORTAL`` says; read once, and again where a test overrides a setting."""
    global _current
    with _lock:
        if _current is None:
            _current = Configuration(getattr(settings, _NAME, None))
        return _current


def forget(*, setting: str = _NAME, **_signal: object) -> None:
    """The receiver of ``setting_changed``: what was built from the old value is not used again."""
    global _current
    if setting in (_NAME, "DATABASES", "TEMPLATES", "BASE_DIR"):
        with _lock:
            _current = None


def portal() -> Portal:
    """The portal that ``CLIENTPORTAL`` describes, made at the first call."""
    with _lock:
        return configuration().portal


def pages() -> PortalPages:
    """The pages over it, made at the first call."""
    with _lock:
        return configuration().pages
