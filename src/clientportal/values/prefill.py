"""What a booking form starts with, as the host hands it over (A14)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from clientportal.errors import InvalidInput
from clientportal.values.field_checks import one_of, text
from clientportal.values.instants import as_utc

__all__ = ["Answer", "CardSummary", "Prefill", "four_digits", "month", "year"]


@frozen
class Answer:
    """One question of an intake form, as it was answered last; ``at`` (aware UTC) is when.

    ``form`` and ``question`` are the host's ids of them.
    """

    form: str = field(validator=text)
    question: str = field(validator=text)
    answer: str = field(validator=text, repr=False)
    at: datetime = field(converter=as_utc)


def four_digits(instance: object, _attribute: object, value: Any) -> None:
    """An attrs validator: the last four digits of a card. Whoever hands over more hands over a card number."""
    if not isinstance(value, str) or len(value) != 4 or not (value.isascii() and value.isdigit()):
        raise InvalidInput(
            f"{type(instance).__name__}.last_four is the last four digits of a card, as text, and nothing else"
        )


def month(instance: object, _attribute: object, value: Any) -> None:
    """An attrs validator: the month in which a card expires."""
    if not isinstance(value, int) or not 1 <= value <= 12:
        raise InvalidInput(f"{type(instance).__name__}.expires_month is 1 to 12")


def year(instance: object, _attribute: object, value: Any) -> None:
    """An attrs validator: the year in which a card expires."""
    if not isinstance(value, int) or not 2000 <= value <= 2999:
        raise InvalidInput(f"{type(instance).__name__}.expires_year has four digits")


@frozen
class CardSummary:
    """A card that the client chose to store: what may be shown of it, and nothing that pays."""

    brand: str = field(validator=text)
    last_four: str = field(validator=four_digits)
    expires_month: int = field(validator=month)
    expires_year: int = field(validator=year)


@frozen
class Prefill:
    """What some records' holder gave at earlier bookings. ``card`` is there only where the client chose to store it."""

    answers: tuple[Answer, ...] = ()
    card: CardSummary | None = field(default=None, validator=one_of(CardSummary, type(None)))
