"""One appointment and what is read about it: what the tests of changes begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve
from hypothesis import strategies as st

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.policy import ChangePolicy, Policy, presets
from clientportal.rules.who_may_change import (
    Changing,
    Judged,
)
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    Money,
    Offer,
    RecordRef,
    Service,
    Slot,
)

START = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
NZD10, NZD20, NZD65 = (Money(amount, "NZD") for amount in ("10.00", "20.00", "65.00"))
ANA = RecordRef.client("ana")
TIMELY = presets.timely(region="NZ")
KINDS = st.sampled_from([ChangeKind.CANCEL, ChangeKind.MOVE])


def changes(**settings: Any) -> Policy:
    """Timely with other change settings."""
    return evolve(TIMELY, changes=ChangePolicy(**settings))


def appointment(**more: Any) -> Appointment:
    """A cut on Wednesday, 25 November 2026, 14:00 in Auckland."""
    given: dict[str, Any] = {
        "id": "a1", "ref": ANA, "service_id": "cut", "start": START, "end": START + HOUR, "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED, "made_at": START - 90 * HOUR, "staff_id": "mia", "staff_name": "Mia",
        "price": NZD65, "version": "7", "booked_as": "Ana K",
    }  # fmt: skip
    return Appointment(**given | more)


def slot(**more: Any) -> Slot:
    """The same on the day after, with Tom."""
    given: dict[str, Any] = {
        "id": "s1", "service_id": "cut", "start": START + 24 * HOUR, "end": START + 25 * HOUR,
        "zone": "Pacific/Auckland", "staff_id": "tom", "staff_name": "Tom",
    }  # fmt: skip
    return Slot(**given | more)


def seen(**more: Any) -> Changing:
    """What is read about it."""
    given: dict[str, Any] = {
        "appointment": appointment(), "mine": True, "zone": "Pacific/Auckland", "offer": Offer(),
        "service": Service("cut", "Cut", HOUR), "trail": None, "slot": slot(), "actor": "client:ana",
        "intent_id": "i1", "name": "Ana Kingi",
    }  # fmt: skip
    return Changing(**given | more)


def reason(decision: Decision[Any]) -> Reason:
    """Why it was refused."""
    assert isinstance(decision.outcome, Refusal)
    return decision.outcome.reason


def cost(judged: Judged) -> tuple[bool, Any]:
    """How strict an answer is: a no is stricter than any fee, a larger fee stricter than a smaller one."""
    return judged.reason is not None, judged.fee.amount if judged.fee else 0
