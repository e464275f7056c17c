"""Bookings as JSON: seeing, moving, cancelling, booking again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clientportal.outcomes import Appointments, Booked, Cancelled, ChangeTerms, Moved, PastChange
from clientportal.values import Slot
from clientportal.web.api import Endpoint, Field
from clientportal.web.api_login import idempotency_key
from clientportal.web.visits import Visit

__all__ = ["AFTER", "ENDPOINTS", "LIMIT"]

AFTER = Field(name="after", longest=2000, about="the `next` of the page before")
LIMIT = Field(name="limit", kind="integer", most=200, about="how many at most; 20 unless said")
_FEE = Field(name="accept_fee", kind="money", about="the fee that was shown, where there is one")
_SLOT = Field(name="slot", required=True, longest=200, about="the id of a free time")


async def appointments(visit: Visit, asked: Mapping[str, Any]) -> Appointments:
    when = asked.get("when", "upcoming")
    return await visit.client.appointments(when, after=asked.get("after"), limit=asked.get("limit", 20))


async def appointment(visit: Visit, _asked: Mapping[str, Any]) -> ChangeTerms:
    return await visit.client.change_terms(visit.arguments["id"])


async def past_changes(visit: Visit, asked: Mapping[str, Any]) -> tuple[PastChange, ...]:
    return await visit.client.past_changes(limit=asked.get("limit", 20))


async def slots(visit: Visit, asked: Mapping[str, Any]) -> tuple[Slot, ...]:
    limit = asked.get("limit", 50)
    return await visit.client.slots(visit.arguments["id"], asked["since"], asked["until"], limit=limit)


async def move(visit: Visit, asked: Mapping[str, Any]) -> Moved:
    fee, key = asked.get("accept_fee"), idempotency_key(visit)
    return await visit.client.move(visit.arguments["id"], asked["slot"], accept_fee=fee, key=key)


async def cancel(visit: Visit, asked: Mapping[str, Any]) -> Cancelled:
    return await visit.client.cancel(
        visit.arguments["id"], accept_fee=asked.get("accept_fee"), key=idempotency_key(visit)
    )


async def rebook(visit: Visit, asked: Mapping[str, Any]) -> Booked:
    return await visit.client.rebook(visit.arguments["id"], asked["slot"], key=idempotency_key(visit))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        method="GET",
        path="/api/appointments",
        name="appointments",
        handler=appointments,
        answers=Appointments,
        section="bookings",
        query=(Field(name="when", among=("upcoming", "past")), AFTER, LIMIT),
        about="Upcoming appointments, earliest first, or past ones, latest first",
    ),
    Endpoint(
        method="GET",
        path="/api/appointments/{id}",
        name="appointment",
        handler=appointment,
        answers=ChangeTerms,
        section="bookings",
        about="One appointment, and on what terms it can be changed right now",
    ),
    Endpoint(
        method="GET",
        path="/api/past-changes",
        name="past_changes",
        handler=past_changes,
        answers=tuple[PastChange, ...],
        section="bookings",
        query=(LIMIT,),
        about="What was moved or cancelled here, latest first",
    ),
    Endpoint(
        method="GET",
        path="/api/appointments/{id}/slots",
        name="slots",
        handler=slots,
        answers=tuple[Slot, ...],
        section="bookings",
        query=(
            Field(name="since", kind="moment", required=True),
            Field(name="until", kind="moment", required=True, about="at most 31 days later"),
            LIMIT,
        ),
        about="Free times of the appointment's service",
    ),
    Endpoint(
        method="POST",
        path="/api/appointments/{id}/move",
        name="move",
        handler=move,
        answers=Moved,
        section="bookings",
        body=(_SLOT, _FEE),
        once=True,
        about="Move it to a free time",
    ),
    Endpoint(
        method="POST",
        path="/api/appointments/{id}/cancel",
        name="cancel",
        handler=cancel,
        answers=Cancelled,
        section="bookings",
        body=(_FEE,),
        once=True,
        about="Cancel it",
    ),
    Endpoint(
        method="POST",
        path="/api/appointments/{id}/rebook",
        name="rebook",
        handler=rebook,
        answers=Booked,
        section="bookings",
        body=(_SLOT,),
        once=True,
        about="Book the same service again",
    ),
)
