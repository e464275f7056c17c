"""What the shipped hosts say of rows that they do not move when records are merged."""

from __future__ import annotations

from collections.abc import Iterable

from clientportal.values.clients import RecordRef

__all__ = ["left_behind", "nothing_for_a_booking"]


def left_behind(forms: Iterable[RecordRef], cards: Iterable[RecordRef]) -> tuple[str, ...]:
    """What stays with the merged records, each named once.

    The answers of booking forms are one row a record: the survivor has, or will have, a row of its own, and a row in
    its place would be lost when that is written. A saved card is a way to pay, and its holder's alone.
    """
    return (
        *(f"{ref}: answers in booking forms, one row a record" for ref in sorted(set(forms))),
        *(f"{ref}: saved cards, which are their holder's alone" for ref in sorted(set(cards))),
    )


def nothing_for_a_booking(to: RecordRef) -> tuple[str, ...]:
    """Why nothing is moved where a guest's single booking survives."""
    return (f"everything: {to} is a single booking, and has room for nothing but itself",)
