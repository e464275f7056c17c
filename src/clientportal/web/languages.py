"""In which language a page is, and how dates and money are written in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from attrs import field, frozen
from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency

from clientportal.decisions import Refusal
from clientportal.errors import InvalidInput, Refused
from clientportal.values import Money
from clientportal.web.words import CATALOGUES

__all__ = ["Words", "choose_language", "zone_name"]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_OFFER = re.compile(r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")


@frozen
class Words:
    """The texts of one language, in one business's terms.

    ``words("sign_in.title")`` is a text, its placeholders filled from what is given and from ``facts`` (``{noun}``,
    ``{nouns}``, ``{business}``). What is filled in is never looked at as a text again.
    """

    language: str
    facts: Mapping[str, str] = field(factory=dict[str, str])
    own: Mapping[str, str] = field(factory=dict[str, str], repr=False)

    def __call__(self, key: str, **facts: object) -> str:
        given = {**self.facts, **{name: str(value) for name, value in facts.items()}}
        return _PLACEHOLDER.sub(lambda found: given.get(found[1], ""), self._text(key))

    def _text(self, key: str) -> str:
        text = self.own.get(key) or CATALOGUES[self.language].get(key)
        if text is None:
            raise InvalidInput(f"there is no text {key!r} in the catalogue of the pages ({self.language})")
        return text

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self.own or key in CATALOGUES[self.language]

    def refusal(self, error: Refused) -> str:
        """What the client reads of a refusal: the portal's own text in English, its translation elsewhere."""
        return self.reason(error.refusal, error.client_text)

    def reason(self, refusal: Refusal, otherwise: str) -> str:
        """The same for a refusal that was not raised; ``otherwise`` is what the portal's catalogue says."""
        key = f"reason.{refusal.reason.value}"
        return self(key, **refusal.facts) if self.has(key) else otherwise

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
        if found is not None:
            wanted.append((-float(found[2] or 1), number, found[1].lower()))
    for weight, _, tag in sorted(wanted):
        match = next((one for one in languages if tag in (one.lower(), one.lower().partition("-")[0])), None)
        match = match or next((one for one in languages if one.lower() == tag.partition("-")[0]), None)
        if match is not None and weight < 0:
            return match
    return languages[0]
