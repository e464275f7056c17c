"""Seeing and changing appointments: by a session, by a signed link, by staff. Rules: ``rules/who_may_change.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import group_of, portrait, principal, session_of, trail_from
from clientportal.outcomes import (
    Appointments,
    Booked,
    BookingStart,
    Cancelled,
    ChangeTerms,
    LinkView,
    Moved,
    PastChange,
    Profile,
)
from clientportal.policy import LoginToBook, Policy
from clientportal.records import Put, Receipt, Snapshot, SpentLink, Trail
from clientportal.rules import who_may_change
from clientportal.rules.links import APPOINTMENT_LINK, LinkClaims, judge_link, read_claims
from clientportal.rules.merging import address_of
from clientportal.rules.who_may_change import Change, Changing, terms
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.who_may_see import profile, section_is_open
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    Business,
    ChangeKind,
    Money,
    Offer,
    RecordRef,
    Secret,
    Slot,
    When,
    as_utc,
)

__all__ = [
    "CANCEL",
    "CANCEL_BY_LINK",
    "CHANGE_TERMS",
    "FREE_SLOTS",
    "GET_APPOINTMENT",
    "LINK_SLOTS",
    "LIST_APPOINTMENTS",
    "LOOK_AT_LINK",
    "MOVE",
    "MOVE_BY_LINK",
    "PAST_CHANGES",
    "PROFILE",
    "REBOOK",
    "STAFF_CANCEL",
    "STAFF_MOVE",
    "START_BOOKING",
    "VISITOR_START_BOOKING",
    "AppointmentById",
    "ByLink",
    "ListAppointments",
    "ListChanges",
    "ListSlots",
]

T = TypeVar("T")

MOST_PER_PAGE = 200
MAX_ID = 200


def check_limit(limit: int) -> int:
    """A page holds 1 to 200 items."""
    if not isinstance(cast("object", limit), int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidInput(f"limit is a number from 1 to {MOST_PER_PAGE}")
    return limit


# --- what the client sees ------------------------------------------------------------------------------------------


def _which(when: When | str) -> When:
    try:
        return When(when)
    except ValueError as error:
        raise InvalidInput("the lists are 'upcoming' and 'past'") from error


@frozen
class ListAppointments:
    """Which list, from where, how many."""

    when: When = field(converter=_which)
    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


@frozen
class AppointmentById:
    """Which appointment."""

    id: str


@frozen
class ListChanges:
    """From where, how many."""

    after: str | None = None
    limit: int = field(default=20, converter=check_limit)


def _closed(section: str) -> Denied:
    because = Because("who_may_see.section_is_open", (("section", section),), (("visibility.sections", "closed"),))
    return Denied(Refusal(Reason.DISABLED, because))


async def _load_list(reading: Reading, asked: ListAppointments) -> Appointments:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise _closed("bookings")
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
        raise _closed("account")
    seen = await portrait(reading, caller.group)
    return profile(seen.fields, address_of(seen.fields, seen.records), reading.policy)


PROFILE = Operation[object, Profile, Profile](name="profile", load=_load_profile, decide=given, writes=False)  # type: ignore[arg-type]


async def _load_changes(reading: Reading, asked: ListChanges) -> tuple[PastChange, ...]:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise _closed("bookings")
    found: list[Snapshot] = []
    for ref in caller.refs:
        page = await reading.state.page(Snapshot, "ref", [str(ref)], limit=asked.limit, newest_first=True)
        found.extend(page.items)
    found.sort(key=lambda snapshot: (snapshot.taken_at, snapshot.id), reverse=True)
    return tuple(PastChange(one.change, one.taken_at, one.appointment) for one in found[: asked.limit])


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


async def _load_visitor_start(reading: Reading, _asked: object) -> _Start:
    return _Start(await reading.host.business(), None, ())


async def _load_start(reading: Reading, _asked: object) -> _Start:
    await session_of(reading, needs_record=False)
    business = await reading.host.business()
    if not reading.policy.login.in_booking_flow:
        return _Start(business, None, ())
    shown = await _load_profile(reading, _asked)
    caller = await principal(reading)
    page = await reading.host.appointments(list(caller.refs), When.PAST, reading.now, None, 5)
    return _Start(business, shown, tuple(page.items))


def _decide_start(seen: _Start, _asked: object, policy: Policy, _now: datetime) -> Decision[BookingStart]:
    login = policy.login
    because = Because("who_may_see.booking_start", (), (("login.in_booking_flow", str(login.in_booking_flow)),))
    offered = login.enabled and login.in_booking_flow
    required = offered and login.to_book is LoginToBook.REQUIRED
    return grant(BookingStart(seen.business, offered, required, seen.profile, seen.recent), because)


VISITOR_START_BOOKING = Operation[object, _Start, BookingStart](
    name="visitor_start_booking", load=_load_visitor_start, decide=_decide_start, writes=False
)
START_BOOKING = Operation[object, _Start, BookingStart](
    name="start_booking", load=_load_start, decide=_decide_start, writes=False
)


# --- what may be changed -------------------------------------------------------------------------------------------


async def _shown(
    reading: Reading, id: str, mine: frozenset[RecordRef] | None
) -> tuple[Appointment | None, Trail | None]:
    """The appointment where it is now, if the caller may see it, and the trail that led there."""
    if len(id) > MAX_ID or "\x00" in id:
        return None, None
    passed, trail = await trail_from(reading, id)
    appointment = await reading.host.appointment(passed[-1])
    if appointment is None or (mine is not None and appointment.ref not in mine):
        return None, None
    return appointment, trail


async def load_changes(
    reading: Reading,
    id: str,
    kinds: Sequence[ChangeKind],
    *,
    mine: frozenset[RecordRef] | None,
    slot_id: str | None = None,
    for_ref: RecordRef | None = None,
    name: str = "",
    service: bool = False,
) -> dict[ChangeKind, Changing]:
    """Everything that the rule on one appointment needs, for each kind of change; what they share is read once.

    ``mine`` are the caller's refs; ``None`` is staff. The service is read for rebooking, and where it is asked for.
    """
    appointment, trail = await _shown(reading, id, mine)
    if appointment is None:
        return {kind: Changing(None, False, "UTC", Offer(), None, None, actor=reading.actor) for kind in kinds}
    can = reading.setup.host.capabilities
    slot: Slot | None = None
    if slot_id is not None and can.slots and len(slot_id) <= MAX_ID and "\x00" not in slot_id:
        slot = await reading.host.slot(slot_id)
    service = service or ChangeKind.REBOOK in kinds
    seen = Changing(
        appointment=appointment,
        mine=True,
        zone=(await reading.host.business()).zone,
        offer=Offer(),
        service=await reading.host.service(appointment.service_id) if service else None,
        trail=trail,
        slot=slot,
        staff=mine is None,
        actor=reading.actor,
        intent_id=reading.fresh_id(),
        for_ref=for_ref,
        name=name,
        slots_possible=can.slots and can.book,
    )
    offers = {kind: _able(await reading.host.offer(appointment, kind), kind, reading) for kind in kinds}
    return {kind: evolve(seen, offer=offer) for kind, offer in offers.items()}


async def load_changing(
    reading: Reading,
    id: str,
    kind: ChangeKind,
    *,
    mine: frozenset[RecordRef] | None,
    slot_id: str | None = None,
    for_ref: RecordRef | None = None,
    name: str = "",
    service: bool = False,
) -> Changing:
    """The same for one kind of change."""
    loaded = await load_changes(
        reading, id, (kind,), mine=mine, slot_id=slot_id, for_ref=for_ref, name=name, service=service
    )
    return loaded[kind]


def _able(offer: Offer, kind: ChangeKind, reading: Reading) -> Offer:
    can = reading.setup.host.capabilities
    able = {ChangeKind.CANCEL: can.cancel, ChangeKind.MOVE: can.move and can.slots, ChangeKind.REBOOK: True}[kind]
    return offer if able else Offer(allowed=False, why_not=f"the platform does not offer to {kind.value}")


_Terms = Mapping[ChangeKind, Changing]


async def _load_terms(reading: Reading, asked: AppointmentById) -> _Terms:
    caller = await principal(reading)
    return await load_changes(reading, asked.id, tuple(ChangeKind), mine=frozenset(caller.refs))


def _decide_terms(seen: _Terms, _asked: AppointmentById, policy: Policy, now: datetime) -> Decision[ChangeTerms]:
    cancelling = seen[ChangeKind.CANCEL]
    judged = who_may_change.judge(cancelling, ChangeKind.CANCEL, policy, now)
    if cancelling.appointment is None:
        return refuse(Reason.NOT_FOUND, judged.because)
    each = {kind.value: terms(changing, kind, policy, now) for kind, changing in seen.items()}
    return grant(ChangeTerms(cancelling.appointment, **each), judged.because)


CHANGE_TERMS = Operation[AppointmentById, _Terms, ChangeTerms](
    name="change_terms", load=_load_terms, decide=_decide_terms, subject=lambda asked: asked.id[:200], writes=False
)


async def _load_one(reading: Reading, asked: AppointmentById) -> Appointment | None:
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise _closed("bookings")
    return (await _shown(reading, asked.id, frozenset(caller.refs)))[0]


def _decide_one(
    seen: Appointment | None, _asked: AppointmentById, _policy: Policy, _now: datetime
) -> Decision[Appointment]:
    because = Because("who_may_see.own_appointment")
    return refuse(Reason.NOT_FOUND, because) if seen is None else grant(seen, because)


GET_APPOINTMENT = Operation[AppointmentById, Appointment | None, Appointment](
    name="appointment", load=_load_one, decide=_decide_one, subject=lambda asked: asked.id[:200], writes=False
)


@frozen
class ListSlots:
    """Free times of the appointment's service between two instants (aware); at most 31 days at once."""

    appointment_id: str
    since: datetime = field(converter=as_utc)
    until: datetime = field(converter=as_utc)
    link: Secret | None = None
    limit: int = field(default=50, converter=check_limit)

    def __attrs_post_init__(self) -> None:
        if not timedelta(0) < self.until - self.since <= timedelta(days=31):
            raise InvalidInput("until comes after since, at most 31 days")


@frozen
class _Slots:
    changing: Changing
    slots: tuple[Slot, ...]


async def _slots_for(reading: Reading, asked: ListSlots, changing: Changing) -> _Slots:
    appointment = changing.appointment
    if appointment is None or not reading.setup.host.capabilities.slots:
        return _Slots(changing, ())
    since = max(asked.since, reading.now)
    if since >= asked.until:
        return _Slots(changing, ())
    found = await reading.host.slots(appointment.service_id, None, since, asked.until, asked.limit)
    return _Slots(changing, tuple(found))


async def _load_slots(reading: Reading, asked: ListSlots) -> _Slots:
    caller = await principal(reading)
    mine = frozenset(caller.refs)
    changing = await load_changing(reading, asked.appointment_id, ChangeKind.MOVE, mine=mine, service=True)
    return await _slots_for(reading, asked, changing)


def _decide_slots(seen: _Slots, _asked: ListSlots, policy: Policy, now: datetime) -> Decision[tuple[Slot, ...]]:
    """Slots are shown to whoever may move there or book there: to nobody else, for nothing."""
    moving = who_may_change.judge(seen.changing, ChangeKind.MOVE, policy, now)
    booking = who_may_change.judge_rebooking(seen.changing, policy, now)
    if moving.reason is not None and booking.reason is not None:
        reason = moving.reason if moving.reason is Reason.NOT_FOUND else booking.reason
        return refuse(reason, booking.because)
    return grant(seen.slots, moving.because)


FREE_SLOTS = Operation[ListSlots, _Slots, tuple[Slot, ...]](
    name="slots", load=_load_slots, decide=_decide_slots, subject=lambda asked: asked.appointment_id[:200], writes=False
)


# --- changing ------------------------------------------------------------------------------------------------------


def _loader(kind: ChangeKind) -> Callable[[Reading, Change], object]:
    async def load(reading: Reading, asked: Change) -> Changing:
        caller = await principal(reading)
        name = ""
        if kind is ChangeKind.REBOOK:
            seen = await portrait(reading, caller.group)
            name = " ".join(filter(None, (seen.fields["first_name"].value, seen.fields["last_name"].value)))
        return await load_changing(
            reading,
            asked.appointment_id,
            kind,
            mine=frozenset(caller.refs),
            slot_id=asked.slot_id,
            for_ref=caller.root,
            name=name,
        )

    return load


def _staff_loader(kind: ChangeKind) -> Callable[[Reading, Change], object]:
    async def load(reading: Reading, asked: Change) -> Changing:
        return await load_changing(reading, asked.appointment_id, kind, mine=None, slot_id=asked.slot_id)

    return load


def _remember(outcome: Moved | Cancelled | Booked) -> Mapping[str, str]:
    fee = getattr(outcome, "fee", None)
    forfeits = getattr(outcome, "forfeits", None)
    return {
        "appointment": outcome.appointment.id,
        "waits": "1" if outcome.waits else "",
        "fee": "" if fee is None else str(fee),
        "forfeits": "" if forfeits is None else str(forfeits),
    }


def _money(text: str) -> Money | None:
    amount, _, currency = text.partition(" ")
    return Money(amount, currency) if text else None


async def _again(reading: Reading, receipt: Receipt) -> tuple[Appointment | None, bool, Money | None, Money | None]:
    """What a change with this key ended in: the appointment as it is now, or as last seen where the row is gone."""
    id = receipt.result["appointment"]
    appointment = await reading.host.appointment(id)
    if appointment is None:
        page = await reading.state.page(Snapshot, "appointment", [id], limit=1, newest_first=True)
        appointment = page.items[0].appointment if page.items else None
    result = receipt.result
    return appointment, bool(result["waits"]), _money(result["fee"]), _money(result["forfeits"])


_REPLAYED = Because("frame.perform", (("receipt", "found"),))


async def _replay_move(reading: Reading, _asked: object, receipt: Receipt) -> Decision[Moved]:
    appointment, waits, fee, _ = await _again(reading, receipt)
    if appointment is None:
        return refuse(Reason.NOT_FOUND, _REPLAYED)
    return grant(Moved(appointment, waits, fee), _REPLAYED)


async def _replay_cancel(reading: Reading, _asked: object, receipt: Receipt) -> Decision[Cancelled]:
    appointment, waits, fee, forfeits = await _again(reading, receipt)
    if appointment is None:
        return refuse(Reason.NOT_FOUND, _REPLAYED)

    status = appointment.status if waits else AppointmentStatus.CANCELLED
    return grant(Cancelled(appointment, status, fee, forfeits, waits), _REPLAYED)


async def _replay_book(reading: Reading, _asked: object, receipt: Receipt) -> Decision[Booked]:
    appointment, waits, _, _ = await _again(reading, receipt)
    if appointment is None:
        return refuse(Reason.NOT_FOUND, _REPLAYED)
    return grant(Booked(appointment, waits), _REPLAYED)


def _about(asked: Change) -> str:
    return asked.appointment_id[:200]


CANCEL = Operation[Change, Changing, Cancelled](
    name="cancel",
    load=_loader(ChangeKind.CANCEL),  # type: ignore[arg-type]
    decide=who_may_change.cancel,
    subject=_about,
    keyed=Keyed(_remember, _replay_cancel),
)
MOVE = Operation[Change, Changing, Moved](
    name="move",
    load=_loader(ChangeKind.MOVE),  # type: ignore[arg-type]
    decide=who_may_change.move,
    subject=_about,
    keyed=Keyed(_remember, _replay_move),
)
REBOOK = Operation[Change, Changing, Booked](
    name="rebook",
    load=_loader(ChangeKind.REBOOK),  # type: ignore[arg-type]
    decide=who_may_change.rebook,
    subject=_about,
    keyed=Keyed(_remember, _replay_book),
)
STAFF_CANCEL = Operation[Change, Changing, Cancelled](
    name="staff_cancel",
    load=_staff_loader(ChangeKind.CANCEL),  # type: ignore[arg-type]
    decide=who_may_change.cancel,
    subject=_about,
    permission=Permission.CHANGE_APPOINTMENTS,
    keyed=Keyed(_remember, _replay_cancel),
)
STAFF_MOVE = Operation[Change, Changing, Moved](
    name="staff_move",
    load=_staff_loader(ChangeKind.MOVE),  # type: ignore[arg-type]
    decide=who_may_change.move,
    subject=_about,
    permission=Permission.CHANGE_APPOINTMENTS,
    keyed=Keyed(_remember, _replay_move),
)


# --- by a signed link ----------------------------------------------------------------------------------------------


@frozen
class ByLink:
    """A signed link, and what to do with it."""

    link: Secret = field(repr=False)
    slot_id: str | None = None
    accept_fee: Money | None = None


@frozen
class _Linked:
    claims: LinkClaims
    changes: Mapping[ChangeKind, Changing]


async def _link(reading: Reading, link: Secret, *, lock: bool) -> tuple[LinkClaims, frozenset[RecordRef]]:
    claims = read_claims(reading.setup.keys.verify(APPOINTMENT_LINK, link.reveal()), reading.tenant)
    spent = await reading.state.get(SpentLink, claims.link_id, lock=lock) if claims is not None else None
    no = judge_link(claims, spent is not None, reading.now)
    if no is not None or claims is None:
        raise Denied(no or Refusal(Reason.LINK_GONE, Because("links.judge_link")))
    group = await group_of(reading, claims.client)
    reading.actor = f"link:{group.root}"
    return claims, frozenset(group.refs)


async def _load_looking(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=False)
    kinds = (ChangeKind.CANCEL, ChangeKind.MOVE)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, kinds, mine=mine))


async def _load_cancelling(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=True)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, (ChangeKind.CANCEL,), mine=mine))


async def _load_moving(reading: Reading, asked: ByLink) -> _Linked:
    claims, mine = await _link(reading, asked.link, lock=True)
    kinds = (ChangeKind.MOVE,)
    return _Linked(claims, await load_changes(reading, claims.appointment_id, kinds, mine=mine, slot_id=asked.slot_id))


def _decide_look(seen: _Linked, _asked: ByLink, policy: Policy, now: datetime) -> Decision[LinkView]:
    because = Because("links.look")
    cancelling, moving = seen.changes[ChangeKind.CANCEL], seen.changes[ChangeKind.MOVE]
    if cancelling.appointment is None:
        return refuse(Reason.LINK_GONE, because)
    return grant(
        LinkView(
            # A link is no session: the name on the booking is for those who have proved who they are (T2).
            evolve(cancelling.appointment, booked_as=""),
            cancel=terms(cancelling, ChangeKind.CANCEL, policy, now),
            move=terms(moving, ChangeKind.MOVE, policy, now),
        ),
        because,
    )


def _spending(decision: Decision[T], claims: LinkClaims, now: datetime) -> Decision[T]:
    """The same decision, using the link up where it is a yes."""
    if not decision.granted or decision.asks is None:
        return decision
    spent = SpentLink(id=claims.link_id, spent_at=now, expires_at=claims.expires_at)
    return evolve(decision.and_also(Put(spent)), asks=evolve(decision.asks, link=claims.link_id))


def _decide_link_cancel(seen: _Linked, asked: ByLink, policy: Policy, now: datetime) -> Decision[Cancelled]:
    cancelling = seen.changes[ChangeKind.CANCEL]
    if cancelling.appointment is None:
        return refuse(Reason.LINK_GONE, Because("links.cancel"))
    change = Change(cancelling.appointment.id, None, asked.accept_fee)
    return _spending(who_may_change.cancel(cancelling, change, policy, now), seen.claims, now)


def _decide_link_move(seen: _Linked, asked: ByLink, policy: Policy, now: datetime) -> Decision[Moved]:
    moving = seen.changes[ChangeKind.MOVE]
    if moving.appointment is None:
        return refuse(Reason.LINK_GONE, Because("links.move"))
    change = Change(moving.appointment.id, asked.slot_id, asked.accept_fee)
    return _spending(who_may_change.move(moving, change, policy, now), seen.claims, now)


async def _load_link_slots(reading: Reading, asked: ListSlots) -> _Slots:
    assert asked.link is not None
    claims, mine = await _link(reading, asked.link, lock=False)
    changing = await load_changing(reading, claims.appointment_id, ChangeKind.MOVE, mine=mine, service=True)
    return await _slots_for(reading, asked, changing)


LOOK_AT_LINK = Operation[ByLink, _Linked, LinkView](
    name="look_at_link", load=_load_looking, decide=_decide_look, writes=False
)
LINK_SLOTS = Operation[ListSlots, _Slots, tuple[Slot, ...]](
    name="link_slots", load=_load_link_slots, decide=_decide_slots, writes=False
)
CANCEL_BY_LINK = Operation[ByLink, _Linked, Cancelled](
    name="cancel_by_link", load=_load_cancelling, decide=_decide_link_cancel, durable=True, previewable=False
)
MOVE_BY_LINK = Operation[ByLink, _Linked, Moved](
    name="move_by_link", load=_load_moving, decide=_decide_link_move, durable=True, previewable=False
)
