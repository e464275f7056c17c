"""What did the host do, and what follows from it?

Some decisions need one write by the host: a new record, a moved appointment. Its answer comes in here as a fact, and
the rest of the decision comes out, in the same transaction where the host shares one, else in the one after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

from attrs import evolve

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.outcomes import Booked, Cancelled, Detached, Moved, SignedIn
from clientportal.outcomes.client_list import Added
from clientportal.outcomes.sections import SectionChanged
from clientportal.records import HostWrite, Intent
from clientportal.rules.reassigning import MOVING_ROWS, settle_rows
from clientportal.rules.signing_in import open_for_new_record
from clientportal.rules.who_may_change import remember_change
from clientportal.rules.whose_appointment import carried_over
from clientportal.values import AnswerKind, AppointmentStatus, HostAnswer, RecordRef

__all__ = ["settle", "settled_result"]

T = TypeVar("T")

_OF_HOST = (
    HostWrite.SECTION,
    HostWrite.SETTLE,
    HostWrite.UPDATE_CLIENT,
    HostWrite.DELETE_CLIENT,
    HostWrite.ERASE_CLIENT,
    HostWrite.DELETE_APPOINTMENT,
)
"""What the host alone keeps (TT4, X7). An appointment that staff delete leaves no snapshot: it is meant to be gone."""


def settle(intent: Intent, answer: HostAnswer, forecast: T, fresh_id: str) -> Decision[T]:
    """Complete the decision that asked for ``intent`` with the host's answer.

    ``forecast`` is the outcome that was expected; the real one is it, corrected by the answer. A host that says no has
    written nothing, and then nothing is written here.
    """
    if intent.write in MOVING_ROWS:
        return settle_rows(intent, answer, forecast)
    because = Because("settling.settle", (("host answered", answer.kind.value), ("asked because", intent.because)))
    if answer.kind is AnswerKind.TAKEN:
        return refuse(Reason.SLOT_TAKEN, because)
    if answer.kind is AnswerKind.DECLINED:
        # What forbids a fresh booking after all sends the client to the business (T9); there is nothing to change.
        reason = Reason.CONTACT_BUSINESS if intent.write is HostWrite.BOOK else Reason.NOT_CHANGEABLE
        return refuse(reason, because, why=answer.note)
    if intent.write is HostWrite.CREATE_CLIENT:
        if answer.ref is None:
            return refuse(Reason.CONTACT_BUSINESS, because)
        return grant(_with_record(forecast, answer.ref), because, open_for_new_record(intent, answer.ref))
    if intent.write in _OF_HOST:
        return grant(_with_item(forecast, answer), because)
    changes = (*remember_change(intent, answer.appointment, fresh_id), *carried_over(intent, answer.appointment))
    return grant(_with_appointment(forecast, answer), because, changes)


def settled_result(forecast: Mapping[str, str], answer: HostAnswer) -> dict[str, str]:
    """What an idempotency key remembers of a change, corrected by the host's answer as its outcome is."""
    result = dict(forecast)
    if "client" in result and answer.ref is not None:
        result["client"] = str(answer.ref)
    if "appointment" in result:
        if answer.appointment is not None:
            result["appointment"] = answer.appointment.id
        result["waits"] = "1" if answer.kind is AnswerKind.WAITS else ""
    if "item" in result:
        result["item"] = answer.item or result["item"]
        result["waits"] = "1" if answer.kind is AnswerKind.WAITS else ""
    return result


def _with_record(forecast: T, ref: RecordRef) -> T:
    match forecast:
        case SignedIn():
            return cast("T", evolve(forecast, record=ref))
        case Added():
            return cast("T", evolve(forecast, ref=ref))
        case Detached(signed_in=SignedIn() as signed_in):
            return cast("T", evolve(forecast, signed_in=evolve(signed_in, record=ref)))
        case _:
            return forecast


def _with_item(forecast: T, answer: HostAnswer) -> T:
    if not isinstance(forecast, SectionChanged):
        return forecast
    waits = answer.kind is AnswerKind.WAITS
    return cast("T", evolve(forecast, item=answer.item or forecast.item, waits=waits))


def _with_appointment(forecast: T, answer: HostAnswer) -> T:
    waits = answer.kind is AnswerKind.WAITS
    match forecast:
        case Moved() | Booked():
            return cast("T", evolve(forecast, appointment=answer.appointment or forecast.appointment, waits=waits))
        case Cancelled():
            status = AppointmentStatus.CANCELLED if answer.appointment is None else answer.appointment.status
            after = answer.appointment or forecast.appointment
            return cast("T", evolve(forecast, appointment=after, status=status, waits=waits))
        case _:
            return forecast
