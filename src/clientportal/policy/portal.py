"""The portal itself: what a client may do in it, and how it presents itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import cast
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen
from attrs.validators import ge, instance_of

from clientportal.errors import InvalidContact, PolicyError
from clientportal.values import parse_email

__all__ = ["DASHBOARD", "HOME_TEXTS", "TERMS", "CallToAction", "PortalPolicy"]

DASHBOARD = "dashboard"
"""The page that is there whatever sections are open; ``menu`` and ``opens_with`` may name it like one."""

TERMS = (
    "appointment",
    "appointments",
    "service",
    "services",
    "staff",
    "membership",
    "memberships",
    "package",
    "packages",
    "gift_card",
    "gift_cards",
    "reward",
    "rewards",
    "pet",
    "pets",
    "document",
    "documents",
    "form",
    "forms",
    "invoice",
    "invoices",
)
"""The things that a business may call by words of its own. What it calls its clients is ``clients.noun``."""

HOME_TEXTS = ("title", "welcome")
"""The texts of the public page that a business may write itself."""

_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
_SECTION = re.compile(r"[a-z][a-z_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def _refused(setting: str, why: str) -> PolicyError:
    return PolicyError(f"portal.{setting}: {why}", (f"portal.{setting}",))


def _is_text(value: object, longest: int) -> bool:
    """Whether it is something to show: one line without controls, neither empty nor endless."""
    return isinstance(value, str) and value.isprintable() and len(value.strip()) > 0 and len(value) <= longest


def _listed(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


# --- actions and calls to them ----------------------------------------------------------------------------------------


def _actions(value: Iterable[str] | None) -> frozenset[str] | None:
    return None if value is None else frozenset(value)


def _named(_instance: object, _attribute: object, value: frozenset[str] | None) -> None:
    for name in sorted(value or ()):
        if not _ACTION.fullmatch(name):
            raise _refused("actions", f"{name!r} is no action; one is named <section>.<action>, such as 'payments.pay'")


def _is_https(value: str) -> bool:
    if not value.isprintable() or not value.isascii() or any(c in value for c in " \"'<>\\"):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


@frozen(kw_only=True)
class CallToAction:
    """A prominent button: what it does here (``action``), or where it leads (``url``).

    * ``action``: a section, or what is done in it: ``"documents"``, ``"payments.pay"``. The button is there where the
      client may do that now.
    * ``url``: an address that begins with https://, such as your booking page.
    * ``label``: what is on it. May be left out for an action: the button then has its usual word.
    """

    action: str | None = None
    url: str | None = None
    label: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.action is None) == (self.url is None):
            raise _refused("calls_to_action", "each has an action or a url, and not both")
        if self.action is not None and not (_ACTION.fullmatch(self.action) or _SECTION.fullmatch(self.action)):
            raise _refused(
                "calls_to_action", f"{self.action!r} is no action; one is named <section> or <section>.<action>"
            )
        if self.url is not None and not _is_https(self.url):
            raise _refused("calls_to_action", f"{self.url!r} is no address that begins with https://")
        if self.url is not None and self.label is None:
            raise _refused("calls_to_action", f"the address {self.url!r} needs a label: there is no usual word for it")
        if self.label is not None and not _is_text(self.label, 60):
            raise _refused("calls_to_action", f"a label is one line of 1 to 60 characters, not {self.label!r}")

    @property
    def section(self) -> str | None:
        """The section that it is in, if it stays in the portal."""
        return None if self.action is None else self.action.partition(".")[0]


def _calls(value: Iterable[CallToAction]) -> tuple[CallToAction, ...]:
    return tuple(value)


def _are_calls(_instance: object, _attribute: object, value: tuple[object, ...]) -> None:
    for one in value:
        if not isinstance(one, CallToAction):
            raise _refused("calls_to_action", f"each is a CallToAction(action=…) or (url=…, label=…), not {one!r}")


# --- the menu ---------------------------------------------------------------------------------------------------------


def _is_menu(_instance: object, _attribute: object, value: tuple[str, ...]) -> None:
    for name in value:
        if not isinstance(cast("object", name), str) or not _SECTION.fullmatch(name):
            raise _refused("menu", f"{name!r} is no section; one is named like 'bookings'")
        if value.count(name) > 1:
            raise _refused("menu", f"{name!r} stands in it twice")


def _is_page(_instance: object, _attribute: object, value: str | None) -> None:
    if value is not None and (not isinstance(cast("object", value), str) or not _SECTION.fullmatch(value)):
        raise _refused("opens_with", f"a section or '{DASHBOARD}' is needed, not {value!r}")


# --- words and languages ----------------------------------------------------------------------------------------------


def _frozen_texts(value: Mapping[str, str]) -> Mapping[str, str]:
    if not isinstance(cast("object", value), Mapping):
        raise PolicyError("words and texts are a mapping from name to text", ("portal.words", "portal.home"))
    return MappingProxyType(dict(value))


def _check_texts(setting: str, names: tuple[str, ...], longest: int, value: Mapping[str, str]) -> None:
    for key, text in value.items():
        language, dot, name = key.rpartition(".")
        if name not in names or (dot and not _LANGUAGE.fullmatch(language)):
            raise _refused(
                setting,
                f"there is no {key!r}; there are {', '.join(names)}, each also for one language: 'de.{names[0]}'",
            )
        if not _is_text(text, longest):
            raise _refused(setting, f"{key!r} is one line of 1 to {longest} characters, not {text!r}")


def _words(_instance: object, _attribute: object, value: Mapping[str, str]) -> None:
    _check_texts("words", TERMS, 40, value)


def _home(_instance: object, _attribute: object, value: Mapping[str, str]) -> None:
    _check_texts("home", HOME_TEXTS, 500, value)


def _language(_instance: object, attribute: Attribute[str], value: str) -> None:
    if not isinstance(cast("object", value), str) or not _LANGUAGE.fullmatch(value):
        raise _refused(attribute.name, f"a language is named like 'en' or 'pt-BR', not {value!r}")


def _languages(instance: object, attribute: Attribute[tuple[str, ...]], value: tuple[str, ...]) -> None:
    for one in value:
        _language(instance, cast("Attribute[str]", attribute), one)


def _mailbox(_instance: object, _attribute: object, value: str | None) -> None:
    if value is None:
        return
    try:
        parse_email(value)
    except (InvalidContact, TypeError, AttributeError) as error:
        raise _refused("demo_address", f"an email address is needed, not {value!r}") from error


@frozen(kw_only=True)
class PortalPolicy:
    """What the business lets its clients do in the portal, and how the portal presents itself.

    * ``actions``: what clients may do, each as ``<section>.<action>`` (V5); ``None`` is everything that the open
      sections can do. What is not named is refused on the server, from an open session's next call on.
    * ``opens_with``: the section that opens after signing in, or ``"dashboard"``. ``None`` is the account (M2); where
      that is closed, what stands first in the menu.
    * ``menu``: the order of the menu (M2). Which sections are open is ``visibility.sections``'s to say: what is open
      and not named here follows in that order, and what is named here and not open is not in the menu.
    * ``calls_to_action``: prominent buttons, each there where the client may do it now.
    * ``words``: what the business calls things: ``{"appointment": "lesson", "de.appointment": "Stunde"}``. A name with
      a language before it is for that language alone.
    * ``language``: the language of whoever has not chosen one; ``languages``: the others that can be chosen.
    * ``home``: the ``title`` and ``welcome`` of the public page, in the same way as ``words``. Never markup.
    * ``messages_per_day``†: how often one client may write to the business in a day (V10).
    * ``notices_by_email``: whether what the portal notifies of goes to the client's email as well (V13), as far as they
      want such messages (M11).
    * ``demo_address``: where everything goes that is sent to the demo client (V12): the owner's own email. ``None``
      sends the demo client nothing.
    """

    actions: frozenset[str] | None = field(default=None, converter=_actions, validator=_named)
    opens_with: str | None = field(default=None, validator=_is_page)
    menu: tuple[str, ...] = field(default=(), converter=_listed, validator=_is_menu)
    calls_to_action: tuple[CallToAction, ...] = field(default=(), converter=_calls, validator=_are_calls)
    words: Mapping[str, str] = field(factory=dict[str, str], converter=_frozen_texts, validator=_words, hash=False)
    language: str = field(default="en", validator=_language)
    languages: tuple[str, ...] = field(default=(), converter=_listed, validator=_languages)
    home: Mapping[str, str] = field(factory=dict[str, str], converter=_frozen_texts, validator=_home, hash=False)
    messages_per_day: int = field(default=20, validator=ge(1))
    notices_by_email: bool = field(default=False, validator=instance_of(bool))
    demo_address: str | None = field(default=None, validator=_mailbox)

    @property
    def offered(self) -> tuple[str, ...]:
        """Every language that can be chosen, the business's own first."""
        return tuple(dict.fromkeys((self.language, *self.languages)))

    def language_for(self, chosen: str | None) -> str:
        """The language of somebody who chose that one; the business's own where it is not offered (any more)."""
        return chosen if chosen is not None and chosen in self.offered else self.language

    def word(self, term: str, language: str) -> str | None:
        """What the business calls a thing in a language; ``None`` where it has no word of its own."""
        return self.words.get(f"{language}.{term}", self.words.get(term))

    def home_text(self, name: str, language: str) -> str | None:
        """A text of the public page in a language; ``None`` where the business has not written it."""
        return self.home.get(f"{language}.{name}", self.home.get(name))
