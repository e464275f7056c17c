"""A shop with a few customers, and chairs for the next week."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, insert

from barber.tables import BOOKINGS, CHAIRS, CUSTOMERS, CUTS, OPENINGS, SHOPS
from barber.values import columns_of, seconds
from clientportal.values import ClientDraft

__all__ = ["JACK", "seed"]

ZONE = "Europe/London"
JACK = "07400 123456"
"""The number of the one that the story is about."""
_CUTS = (("trim", "Trim", 30, 2200), ("shave", "Hot towel shave", 45, 3500))


def seed(engine: Engine, shop: str, now: datetime) -> None:
    """Fill an empty database."""
    with engine.begin() as connection:

        def add(table: object, **columns: object) -> int:
            made = connection.execute(insert(table).values(shop=shop, **columns))  # type: ignore[arg-type]
            return int(made.inserted_primary_key[0]) if "id" in table.c else 0  # type: ignore[attr-defined]

        def person(first: str, last: str, mobile: str | None, email: str | None = None) -> int:
            draft = ClientDraft(first, last, email=email, mobile=mobile)
            return add(CUSTOMERS, since=seconds(now - timedelta(days=700)), **columns_of(draft))

        def at(days: int, clock: str) -> int:
            day = now.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=days)
            return seconds(datetime.combine(day, time.fromisoformat(clock), tzinfo=ZoneInfo(ZONE)).astimezone(UTC))

        def cut(who: int, chair: int, code: str, days: int, clock: str, state: str, name: str) -> None:
            minutes, cents = next((long, cents) for one, _, long, cents in _CUTS if one == code)
            times = {"start_at": at(days, clock), "end_at": at(days, clock) + 60 * minutes}
            made = seconds(now - timedelta(days=max(0, -days) + 3))
            add(
                BOOKINGS,
                customer=who,
                name=name,
                chair=chair,
                cut=code,
                state=state,
                made_at=made,
                cents=cents,
                **times,
            )

        add(SHOPS, name="Fleet Street Barbers", zone=ZONE)
        for code, title, minutes, cents in _CUTS:
            add(CUTS, code=code, title=title, minutes=minutes, cents=cents, online=True)
        sam, ida = add(CHAIRS, barber="Sam"), add(CHAIRS, barber="Ida")
        jack = person("Jack", "O'Connor", JACK)
        again = person("John", "O'Connor", "+44 7400 123456", "jack@example.com")
        nell = person("Nell", "Byrne", "07400 654321")
        cut(jack, sam, "trim", 3, "10:00", "booked", "Jack")
        cut(jack, sam, "shave", -30, "11:00", "done", "Jack")
        cut(jack, ida, "trim", -60, "09:30", "no_show", "Jack")
        cut(again, ida, "trim", -200, "16:00", "done", "John O'Connor")
        cut(nell, ida, "shave", 3, "14:00", "booked", "Nell")
        for days in range(1, 8):
            for chair in (sam, ida):
                for clock in ("09:00", "10:00", "11:00", "14:00", "15:00", "16:30"):
                    start = at(days, clock)
                    for code, _, minutes, _ in _CUTS:
                        add(OPENINGS, chair=chair, cut=code, start_at=start, end_at=start + 60 * minutes)
