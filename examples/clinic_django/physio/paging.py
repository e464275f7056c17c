"""Pages in the order of instants, over rows that the database can sort by wall clock alone."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from typing import TypeAlias

from django.db.models import Q, QuerySet

from clientportal import Appointment
from physio.models import Booking
from physio.wall_clocks import WIDEST, plain_utc

__all__ = ["Place", "first_of", "order", "place_of"]

Place: TypeAlias = tuple[float, str]


def order(seconds: float, number: str, upcoming: bool) -> Place:
    """The past is turned round; those that start at the same time are not."""
    return (seconds if upcoming else -seconds), number


def place_of(one: Appointment, upcoming: bool) -> Place:
    """Where an appointment stands in its list."""
    return order(one.start.timestamp(), one.id, upcoming)


def first_of(
    many: int,
    rows: QuerySet[Booking],
    upcoming: bool,
    made: Callable[[Booking], Appointment],
    wanted: Callable[[Appointment], bool],
) -> list[Appointment]:
    """The first so many of the wanted ones, by instant.

    By the clocks on their walls, nine in Auckland comes after eight in Lisbon, which is half a day later; and in the
    night when clocks go forward even one clock's times are not in order. But none is further than WIDEST from UTC. So
    rows are read as the database sorts them, until the next one could not start before the last of those found.
    """
    found: list[tuple[Place, Appointment]] = []
    for row in _by_wall_clock(rows, upcoming, many + 20):
        if len(found) >= many:
            last = plain_utc(found[many - 1][1].start)
            if row.starts - WIDEST > last if upcoming else row.starts + WIDEST < last:
                break
        one = made(row)
        if wanted(one):
            insort(found, (place_of(one, upcoming), one), key=lambda pair: pair[0])
    return [one for _, one in found[:many]]


def _by_wall_clock(rows: QuerySet[Booking], upcoming: bool, many: int) -> Iterator[Booking]:
    """Row by row, a few at a time: for most clients one statement is the whole of it."""
    rows = rows.order_by("starts", "pk") if upcoming else rows.order_by("-starts", "-pk")
    some = list(rows[:many])
    while some:
        yield from some
        if len(some) < many:
            return
        last = some[-1]
        beyond = (
            Q(starts__gt=last.starts) | Q(starts=last.starts, pk__gt=last.pk)
            if upcoming
            else Q(starts__lt=last.starts) | Q(starts=last.starts, pk__lt=last.pk)
        )
        some = list(rows.filter(beyond)[:many])
