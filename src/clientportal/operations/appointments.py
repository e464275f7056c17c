"""What a client sees of their own: appointments, profile, what was changed, where a booking starts.

Rules: ``rules/who_may_see.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.frame import Denied, Operation, Reading
from clientportal.operations.paging import Paged, check_limit
from clientportal.operations.people import Principal, principal, session_of
from clientportal.operations.portraits import card_refs, portrait
from clientportal.outcomes import (
    Appointments,
    BookingStart,
    PastChange,
    Profile,
)
from clientportal.policy import LoginToBook, Policy
from clientportal.records import Snapshot, Trail
from clientportal.rules.who_may_change import not_online
from clientportal.rules.who_may_see import account_profile, booking_profile, latest_answers, profile, section_is_open
from clientportal.values import (
    Appointment,
    Business,
    Prefill,
    RecordRef,
    When,
)

__all__ = [
    "LIST_APPOINTMENTS",
    "PAST_CHANGES",
    "PROFILE",
    "START_BOOKING",
    "VISITOR_START_BOOKING",
    "ListAppointments",
    "ListChanges",
    "closed",
    "profile_of",
]


def _which(when: When | str) -> When:
    try:
        return When(when)
    except ValueError as error:
        raise InvalidInput("the lists are 'upcoming' and 'past'") from error


@frozen
class ListAppointments(Paged):
    """Which list, from where, how many."""

    when: When = field(converter=_which)
    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


@frozen
class ListChanges:
    """How many."""

    limit: int = field(default=20, converter=check_limit)


def closed(section: str) -> Denied:
    because = Because("who_may_see.section_is_open", (("section", section),), (("visibility.sections", "closed"),))
    return Denied(Refusal(Reason.DISABLED, because))


async def _load_list(reading: Reading, asked: ListAppointments) -> Appointments:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise closed("bookings")
    page = await reading.host.appointments(list(caller.refs), asked.when, reading.now, asked.after, asked.limit)
    return Appointments(tuple(page.items), page.next)


def given(seen: object, _asked: object, _policy: Policy, _now: datetime) -> Decision[object]:
    """The decision of a plain read: what was read may be seen, because the loader read it for this caller alone."""
    return grant(seen, Because("who_may_see.own"))


LIST_APPOINTMENTS = Operation[ListAppointments, Appointments, Appointments](
    name="appointments",
    load=_load_list,
    decide=given,  # type: ignore[arg-type]
    writes=False,
)


async def _load_profile(reading: Reading, _asked: object) -> Profile:
    caller = await principal(reading)
    if not section_is_open("account", reading.policy):
        raise closed("account")
    return await profile_of(reading, caller)


async def profile_of(reading: Reading, caller: Principal) -> Profile:
    """The client's own contact fields: the record's, or where no record is shown the account's."""
    if caller.group is None:
        return account_profile(caller.account, reading.policy)
    seen = await portrait(reading, caller.group)
    return profile(seen.fields, seen.address, reading.policy)


PROFILE = Operation[object, Profile, Profile](name="profile", load=_load_profile, decide=given, writes=False)  # type: ignore[arg-type]


async def _load_changes(reading: Reading, asked: ListChanges) -> tuple[PastChange, ...]:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise closed("bookings")
    found: list[Snapshot] = []
    if caller.group is None:
        found.extend(await _changes_of_assigned(reading, caller.bookings))
    for ref in () if caller.group is None else caller.group.refs:
        page = await reading.state.page(Snapshot, "ref", [str(ref)], limit=asked.limit, newest_first=True)
        found.extend(page.items)
    found.sort(key=lambda snapshot: (snapshot.taken_at, snapshot.id), reverse=True)
    return tuple(PastChange(one.change, one.taken_at, one.appointment) for one in found[: asked.limit])


async def _changes_of_assigned(reading: Reading, bookings: Sequence[RecordRef]) -> Sequence[Snapshot]:
    """What was changed of single appointments, whoever's record each stands under, under every id that they have had.

    Found by the appointment alone: by the record, they would come with everything else of that client, which an
    account that shows no record may not see (A7).
    """
    ids = dict.fromkeys(ref.id for ref in bookings)
    later = list(ids)
    while later:
        trails = await reading.state.find_any(Trail, "current", later, limit=_MOST)
        later = [trail.id for trail in trails if trail.id not in ids]
        ids.update(dict.fromkeys(later))
    return await reading.state.find_any(Snapshot, "appointment", list(ids), limit=_MOST) if ids else ()


_MOST = 100_000
"""More than any account has: the newest changes are picked among all of them."""


PAST_CHANGES = Operation[ListChanges, tuple[PastChange, ...], tuple[PastChange, ...]](
    name="past_changes",
    load=_load_changes,
    decide=given,  # type: ignore[arg-type]
    writes=False,
)


@frozen
class _Start:
    business: Business
    profile: Profile | None
    recent: tuple[Appointment, ...]
    prefill: Prefill = field(factory=Prefill)


async def _load_visitor_start(reading: Reading, _asked: object) -> _Start:
    return _Start(await reading.host.business(), None, ())


async def _load_start(reading: Reading, _asked: object) -> _Start:
    await session_of(reading, needs_record=False)
    business = await reading.host.business()
    if not reading.policy.login.in_booking_flow:
        return _Start(business, None, ())
    caller = await principal(reading)
    shown: Profile | None = None
    given = Prefill()
    if section_is_open("account", reading.policy):
        shown = booking_profile(await profile_of(reading, caller), caller.account, reading.policy)
        if reading.setup.host.capabilities.prefill and caller.refs:
            given = await _prefill(reading, caller)
    if not section_is_open("bookings", reading.policy):
        return _Start(business, shown, (), given)
    page = await reading.host.appointments(list(caller.refs), When.PAST, reading.now, None, 5)
    return _Start(business, shown, tuple(page.items), given)


async def _prefill(reading: Reading, caller: Principal) -> Prefill:
    """What every record's forms were answered with, and the card of those records alone whose cards are the client's:
    who was merged into another by mistake must not pay for them.
    """
    given = await reading.host.prefill(list(caller.refs))
    if given.card is None or caller.group is None or len(caller.refs) == 1:
        return given
    whose = await card_refs(reading, caller.group)
    if set(whose) == set(caller.refs):
        return given
    return evolve(given, card=(await reading.host.prefill(list(whose))).card if whose else None)


def _decide_start(seen: _Start, _asked: object, policy: Policy, _now: datetime) -> Decision[BookingStart]:
    login = policy.login
    closed = not_online(policy)
    if closed is not None:
        return refuse(Reason.DISABLED, closed)
    because = Because("who_may_see.booking_start", (), (("login.in_booking_flow", str(login.in_booking_flow)),))
    offered = login.enabled and login.in_booking_flow
    required = offered and login.to_book is LoginToBook.REQUIRED
    start = BookingStart(
        seen.business,
        offered,
        required,
        seen.profile,
        seen.recent,
        answers=latest_answers(seen.prefill.answers),
        card=seen.prefill.card,
    )
    return grant(start, because)


VISITOR_START_BOOKING = Operation[object, _Start, BookingStart](
    name="visitor_start_booking", load=_load_visitor_start, decide=_decide_start, writes=False
)
START_BOOKING = Operation[object, _Start, BookingStart](
    name="start_booking", load=_load_start, decide=_decide_start, writes=False
)
