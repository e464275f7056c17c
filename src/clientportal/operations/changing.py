"""Terms, free slots, cancelling, moving, rebooking: by a session, and by staff. Rules: ``rules/who_may_change.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.appointments import closed
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.paging import check_limit
from clientportal.operations.people import Principal, principal, trail_from
from clientportal.operations.portraits import portrait
from clientportal.outcomes import (
    Booked,
    Cancelled,
    ChangeTerms,
    Moved,
)
from clientportal.policy import Policy
from clientportal.records import Receipt, Snapshot, Trail
from clientportal.rules import who_may_change
from clientportal.rules.franchises import belongs_to
from clientportal.rules.who_may_change import Change, Changing, terms
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.who_may_see import section_is_open
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ChangeKind,
    Money,
    Offer,
    RecordRef,
    Secret,
    Slot,
    as_utc,
)

__all__ = [
    "CANCEL",
    "CHANGE_TERMS",
    "FREE_SLOTS",
    "GET_APPOINTMENT",
    "MOVE",
    "REBOOK",
    "STAFF_CANCEL",
    "STAFF_MOVE",
    "AppointmentById",
    "FreeSlots",
    "ListSlots",
    "decide_slots",
    "load_changes",
    "load_changing",
    "read_shown",
    "slots_for",
]

MAX_ID = 200


@frozen
class AppointmentById:
    """Which appointment."""

    id: str


async def _own_bookings(reading: Reading) -> Principal:
    """The caller, where clients may see bookings at all."""
    caller = await principal(reading)
    if not section_is_open("bookings", reading.policy):
        raise closed("bookings")
    return caller


async def read_shown(
    reading: Reading, id: str, mine: frozenset[RecordRef] | None
) -> tuple[Appointment | None, Trail | None]:
    """The appointment where it is now, if the caller may see it, and the trail that led there."""
    if len(id) > MAX_ID or "\x00" in id:
        return None, None
    passed, trail = await trail_from(reading, id)
    appointment = await reading.host.appointment(passed[-1])
    # What is assigned to the caller's account is theirs by itself, whoever's record it stands under (A7).
    if appointment is None or (mine is not None and not mine & {appointment.ref, RecordRef.booking(appointment.id)}):
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
    account: str | None = None,
) -> dict[ChangeKind, Changing]:
    """Everything that the rule on one appointment needs, for each kind of change; what they share is read once.

    ``mine`` are the caller's refs; ``None`` is staff. The service is read for rebooking, and where it is asked for.
    """
    appointment, trail = await read_shown(reading, id, mine)
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
        # An account that shows no record books again for the record that the appointment stands under.
        for_ref=for_ref or (appointment.ref if mine is not None else None),
        name=name or appointment.booked_as,
        slots_possible=can.slots and can.book,
        account=account,
        elsewhere=not belongs_to(appointment.business, reading.setup.branch),
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
    account: str | None = None,
) -> Changing:
    """The same for one kind of change."""
    loaded = await load_changes(
        reading, id, (kind,), mine=mine, slot_id=slot_id, for_ref=for_ref, name=name, service=service, account=account
    )
    return loaded[kind]


def _able(offer: Offer, kind: ChangeKind, reading: Reading) -> Offer:
    can = reading.setup.host.capabilities
    able = {ChangeKind.CANCEL: can.cancel, ChangeKind.MOVE: can.move and can.slots, ChangeKind.REBOOK: True}[kind]
    return offer if able else Offer(allowed=False, why_not=f"the platform does not offer to {kind.value}")


_Terms = Mapping[ChangeKind, Changing]


async def _load_terms(reading: Reading, asked: AppointmentById) -> _Terms:
    caller = await _own_bookings(reading)
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
    caller = await _own_bookings(reading)
    return (await read_shown(reading, asked.id, frozenset(caller.refs)))[0]


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
class FreeSlots:
    """Free times, and what each of the changes they are for is judged by."""

    changes: Mapping[ChangeKind, Changing]
    slots: tuple[Slot, ...]


async def slots_for(
    reading: Reading, asked: ListSlots, id: str, kinds: Sequence[ChangeKind], mine: frozenset[RecordRef]
) -> FreeSlots:
    """The free times of an appointment's service, for those kinds of change."""
    changes = await load_changes(reading, id, kinds, mine=mine, service=True)
    appointment = changes[kinds[0]].appointment
    since = max(asked.since, reading.now)
    if appointment is None or not reading.setup.host.capabilities.slots or since >= asked.until:
        return FreeSlots(changes, ())
    found = await reading.host.slots(appointment.service_id, None, since, asked.until, asked.limit)
    return FreeSlots(changes, tuple(found))


async def _load_slots(reading: Reading, asked: ListSlots) -> FreeSlots:
    caller = await _own_bookings(reading)
    kinds = (ChangeKind.MOVE, ChangeKind.REBOOK)
    return await slots_for(reading, asked, asked.appointment_id, kinds, frozenset(caller.refs))


def decide_slots(seen: FreeSlots, _asked: ListSlots, policy: Policy, now: datetime) -> Decision[tuple[Slot, ...]]:
    """Slots are shown to whoever may move there or book there: to nobody else, for nothing."""
    judged = [
        who_may_change.judge_rebooking(changing, policy, now)
        if kind is ChangeKind.REBOOK
        else who_may_change.judge(changing, kind, policy, now)
        for kind, changing in seen.changes.items()
    ]
    allowed = next((one for one in judged if one.reason is None), None)
    if allowed is not None:
        return grant(seen.slots, allowed.because)
    last = judged[-1]
    return refuse(last.reason or Reason.NOT_FOUND, last.because)


FREE_SLOTS = Operation[ListSlots, FreeSlots, tuple[Slot, ...]](
    name="slots", load=_load_slots, decide=decide_slots, subject=lambda asked: asked.appointment_id[:200], writes=False
)


# --- changing ------------------------------------------------------------------------------------------------------


async def _name_of(reading: Reading, caller: Principal) -> str:
    """The name that a new booking is made under: the client's own today, never an old booking's (X9)."""
    if caller.group is None:
        account = caller.account
        parts = (account.first_name, account.last_name) if account is not None else ()
    else:
        seen = await portrait(reading, caller.group)
        parts = (seen.fields["first_name"].value, seen.fields["last_name"].value)
    return " ".join(filter(None, parts))


def _loader(kind: ChangeKind) -> Callable[[Reading, Change], object]:
    async def load(reading: Reading, asked: Change) -> Changing:
        caller = await _own_bookings(reading)
        name = ""
        if kind is ChangeKind.REBOOK:
            name = await _name_of(reading, caller)
        return await load_changing(
            reading,
            asked.appointment_id,
            kind,
            mine=frozenset(caller.refs),
            slot_id=asked.slot_id,
            for_ref=caller.root,
            name=name,
            account=caller.account.id if caller.account is not None else None,
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


_REPLAYED = Because("performing.perform", (("receipt", "found"),))


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
    keyed=Keyed(_remember, _replay_cancel, admit=_own_bookings),
)
MOVE = Operation[Change, Changing, Moved](
    name="move",
    load=_loader(ChangeKind.MOVE),  # type: ignore[arg-type]
    decide=who_may_change.move,
    subject=_about,
    keyed=Keyed(_remember, _replay_move, admit=_own_bookings),
)
REBOOK = Operation[Change, Changing, Booked](
    name="rebook",
    load=_loader(ChangeKind.REBOOK),  # type: ignore[arg-type]
    decide=who_may_change.rebook,
    subject=_about,
    keyed=Keyed(_remember, _replay_book, admit=_own_bookings),
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
