"""What the front desk does without the portal, and tells it in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from barber.adapter import BarberHost
from barber.tables import BOOKINGS
from barber.values import cents_of, seconds
from clientportal import Portal, RecordRef

__all__ = ["TakenError", "walk_in"]


class TakenError(Exception):
    """Somebody else sits in that chair then."""


def walk_in(engine: Engine, portal: Portal, shop: str, name: str, mobile: str, slot_id: str) -> str:
    """A booking without a customer: the name and the number stand on it, and the portal finds it by them.

    The booking and the portal's index of contacts are there together, or neither is.
    """
    with engine.begin() as connection:
        host = BarberHost(connection, shop)
        slot = host.slot(slot_id)
        cut = None if slot is None else host.service(slot.service_id)
        if slot is None or cut is None:
            raise TakenError
        columns = {
            "shop": shop,
            "name": name[:300],
            "mobile": mobile[:320],
            "chair": int(slot.staff_id or 0),
            "cut": cut.id,
            "start_at": seconds(slot.start),
            "end_at": seconds(slot.end),
            "made_at": seconds(datetime.now(UTC)),
            "cents": cents_of(cut.price),
        }
        try:
            made = connection.execute(insert(BOOKINGS).values(columns))
        except IntegrityError:
            raise TakenError from None
        id = str(made.inserted_primary_key[0])
        portal.on(connection).contact_changed(shop, RecordRef.booking(id))
    return id
