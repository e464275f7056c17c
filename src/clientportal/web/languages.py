"""In which language a page is, and how dates and money are written in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import field, frozen
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal

from clientportal.decisions import Reason, Refusal
from clientportal.errors import InvalidInput, Refused
from clientportal.messages.texts import Catalogue
from clientportal.values import Money
from clientportal.web.words import CATALOGUES

__all__ = ["Words", "catalogue_of", "choose_language", "zone_name"]

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")
_OFFER = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


def _fill(text: str, facts: Mapping[str, str]) -> str:
    """A text with its placeholders filled; one that begins with a capital letter begins with one when it is filled."""

    def fact(found: re.Match[str]) -> str:
        name = found[1]
        filled = facts.get(name) or facts.get(name.lower(), "")
        return filled[:1].upper() + filled[1:] if name[0].isupper() else filled

    return _PLACEHOLDER.sub(fact, text)


def catalogue_of(language: str) -> Mapping[str, str] | None:
    """The texts for a language: its own, or for "de-AT" those of "de"."""
    return CATALOGUES.get(language) or CATALOGUES.get(language.partition("-")[0])


@frozen
class Words:
    """The texts of one language, in one business's terms.

    ``words("sign_in.title")`` is a text, its placeholders filled from what is given and from ``facts``: what the
    business calls its clients, appointments and the like (``{noun}``, ``{appointment}``, ``{Appointments}`` where a
    sentence begins with it), and its own name (``{business}``). What is filled in is never looked at as a text again.
    ``own`` are the host's texts for this language; ``texts`` is the portal's catalogue, speaking it.
    """

    language: str
    texts: Catalogue = field(repr=False)
    facts: Mapping[str, str] = field(factory=dict[str, str])
    own: Mapping[str, str] = field(factory=dict[str, str], repr=False)

    def __call__(self, key: str, **facts: object) -> str:
        return _fill(self._text(key), {**self.facts, **{name: str(value) for name, value in facts.items()}})

    def _text(self, key: str) -> str:
        text = self.own.get(key) or (catalogue_of(self.language) or CATALOGUES["en"]).get(key)
        if text is None:
            raise InvalidInput(f"there is no text {key!r} in the catalogue of the pages ({self.language})")
        return text

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.own or key in (catalogue_of(self.language) or CATALOGUES["en"])

    def or_else(self, key: str, otherwise: str) -> str:
        """The text of a key that only a host has texts for, else that."""
        return self(key) if self.has(key) else otherwise

    def refusal(self, error: Refused) -> str:
        """What the client reads of a refusal."""
        return self.reason(error.refusal)

    def reason(self, refusal: Refusal, _otherwise: str = "") -> str:
        """The same for a refusal that was not raised."""
        return self.texts.for_client(refusal, **self.facts)

    def plain_reason(self, reason: Reason) -> str:
        """The same for a reason that needs no facts."""
        return self.texts.fill(f"reason.{reason.value}.client", self.facts)

    # --- dates and money

    @property
    def locale(self) -> Locale:
        """How this language writes numbers and dates."""
        return Locale.parse(self.language.replace("-", "_"))

    def moment(self, at: datetime, zone: str) -> str:
        """Day, time and zone: "Wednesday, November 25, 2026, 2:00 PM NZDT"."""
        return f"{self.day(at, zone)}, {self.time(at, zone)} {zone_name(at, zone)}"

    def day(self, at: datetime | date, zone: str | None = None, *, short: bool = False) -> str:
        """A day; of an instant, the day that it is in ``zone``."""
        where = at.astimezone(ZoneInfo(zone)).date() if isinstance(at, datetime) and zone is not None else at
        return format_date(where, "medium" if short else "full", locale=self.locale)

    def time(self, at: datetime, zone: str) -> str:
        """The time of day in a zone."""
        return format_time(at.astimezone(ZoneInfo(zone)), "short", tzinfo=ZoneInfo(zone), locale=self.locale)

    def number(self, value: int | Decimal) -> str:
        """A number as this language writes it, exact."""
        return format_decimal(value, locale=self.locale, decimal_quantization=False)

    def money(self, amount: Money) -> str:
        """An amount with its currency, exact: no digit is rounded off."""
        exponent = amount.amount.as_tuple().exponent
        exact = isinstance(exponent, int) and exponent < -2
        return format_currency(
            amount.amount, amount.currency, locale=self.locale, currency_digits=not exact, decimal_quantization=False
        )


def zone_name(at: datetime, zone: str) -> str:
    """What clocks there call their time, such as "NZDT"; where they only count, "UTC+04"."""
    name = at.astimezone(ZoneInfo(zone)).tzname() or "UTC"
    return name if name[0].isalpha() else f"UTC{name}"


def choose_language(offered: Iterable[str], chosen: str | None, accepted: str) -> str:
    """The language that was chosen by hand, else the first that the browser asks for, among those offered."""
    languages = tuple(offered)
    if chosen in languages:
        return str(chosen)
    wanted: list[tuple[float, int, str]] = []
    for number, piece in enumerate(accepted[:500].split(",")):
        found = _OFFER.fullmatch(piece)
        if found is not None and float(found[2] or 1) > 0:
            wanted.append((-float(found[2] or 1), number, found[1].lower()))
    for _, _, tag in sorted(wanted):
        match = _best(languages, tag)
        if match is not None:
            return match
    return languages[0]


def _best(languages: Iterable[str], tag: str) -> str | None:
    """The very language that is asked for, else one with the same first part: "de" for "de-at"."""
    alike = [one for one in languages if one.lower().partition("-")[0] == tag.partition("-")[0]]
    return next((one for one in alike if one.lower() == tag), alike[0] if alike else None)
