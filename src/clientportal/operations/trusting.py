"""A host is believed only as far as its contract goes.

Adapters are written by others, over tables that they know and we do not. One that forgets a ``WHERE`` would show a
client somebody else's appointments, and nothing behind it could tell. So every answer is held against what was asked,
before anything is decided on it; what the host itself raises passes through untouched.

Where a platform has moved the rows of merged records (``reassign``), everything behind here still names the record
that a row belonged to first: what is decided, shown and remembered is the same before and after, and after an undo.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence, Set
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import evolve

from clientportal.decisions import HostEvent
from clientportal.errors import HostError
from clientportal.operations.trusting_sections import CheckedSection
from clientportal.ports.host import AsyncHost, ContactPage, RawContacts
from clientportal.records import HostWrite, Intent
from clientportal.rules.franchises import is_shown
from clientportal.values import (
    ActiveCode,
    Answer,
    AnswerKind,
    Appointment,
    AppointmentPage,
    Business,
    ChangeKind,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    ContactKey,
    Holding,
    HostAnswer,
    Money,
    Offer,
    Prefill,
    RecordKind,
    RecordRef,
    SectionWrite,
    Service,
    Slot,
    When,
)

__all__ = ["CheckedHost", "check_outcome"]

V = TypeVar("V")

_TAKING = (HostWrite.MOVE, HostWrite.BOOK)
"""The writes that take a slot, and so may come too late for it."""
_LEAVING_NOTHING = (
    HostWrite.DELETE_APPOINTMENT,
    HostWrite.DELETE_CLIENT,
    HostWrite.ERASE_CLIENT,
    HostWrite.REASSIGN,
    HostWrite.RESTORE,
    HostWrite.SECTION,
    HostWrite.SETTLE,
)
"""The writes after which there is no appointment to answer with."""


def _named(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _a(kind: type[V], answer: object, method: str) -> V:
    if not isinstance(answer, kind):
        raise HostError(f"{method}() answers with {kind.__name__}; this answered with {_named(answer)}")
    return answer


def _several(kind: type[V], answer: object, method: str) -> Sequence[V]:
    if not isinstance(answer, Sequence) or isinstance(answer, str | bytes):
        raise HostError(f"{method}() answers with a sequence of {kind.__name__}; this answered with {_named(answer)}")
    several = cast("Sequence[object]", answer)
    for one in several:
        if not isinstance(one, kind):
            raise HostError(f"{method}() answers with a sequence of {kind.__name__}; in this there was {_named(one)}")
    return cast("Sequence[V]", several)


def _cursor(after: object, method: str) -> None:
    if after is not None and not isinstance(after, str):
        raise HostError(f"{method}() answers with a cursor of text or None; this one is {_named(after)}")


def _that_one(kind: type[V], answer: object, id: str, method: str) -> V | None:
    if answer is None:
        return None
    found = _a(kind, answer, method)
    if (own := cast("Any", found).id) != id:
        raise HostError(f"{method}() was asked for {id!r} and answered with {own!r}")
    return found


M = TypeVar("M", Appointment, ActiveCode)


def _as_before_moving(one: M) -> M:
    return one if one.moved_from is None else evolve(one, ref=one.moved_from, moved_from=None)


def _written(
    method: str, write: HostWrite, answer: object, *, service_id: str | None = None, ref: RecordRef | None = None
) -> HostAnswer:
    """What a write was answered with, where it was to be of that service and for that record."""
    said = _a(HostAnswer, answer, method)
    if said.appointment is not None:
        said = evolve(said, appointment=_as_before_moving(said.appointment))
    if said.kind is AnswerKind.TAKEN and write not in _TAKING:
        raise HostError(f"{method}() answered that the slot is taken, but {write.value} takes no slot")
    if write is HostWrite.CREATE_CLIENT and said.kind is AnswerKind.DONE and said.ref is None:
        raise HostError(f"{method}() answered that it is done without the ref of the record that was created")
    after = said.appointment
    if after is not None and write in _LEAVING_NOTHING:
        raise HostError(
            f"{method}() answered with the appointment {after.id!r}; {write.value} leaves none to answer with"
        )
    if write is HostWrite.UPDATE_CLIENT and ref is not None and said.ref not in (None, ref):
        raise HostError(f"{method}() was asked for {ref} and answered with {said.ref}")
    if after is None or said.kind not in (AnswerKind.DONE, AnswerKind.WAITS):
        return said
    if service_id is not None and after.service_id != service_id:
        raise HostError(
            f"{method}() was asked for the service {service_id!r} and answered with an appointment of "
            f"{after.service_id!r}"
        )
    # A guest's booking is a record of its own: a host that books anew has made a new one.
    if ref is not None and ref.kind is RecordKind.CLIENT and after.ref != ref:
        raise HostError(f"{method}() was asked for {ref} and answered with an appointment of {after.ref}")
    return said


def check_outcome(intent: Intent, answer: HostAnswer) -> HostAnswer:
    """What a host elsewhere says became of a write, held against what the write was."""
    before = intent.appointment
    match intent.write:
        case HostWrite.BOOK:
            service_id = None if intent.slot is None else intent.slot.service_id
            return _written("outcome", intent.write, answer, service_id=service_id, ref=intent.for_ref)
        case HostWrite.UPDATE_CLIENT:
            return _written("outcome", intent.write, answer, ref=intent.for_ref)
        case HostWrite.MOVE | HostWrite.CANCEL if before is not None:
            return _written("outcome", intent.write, answer, service_id=before.service_id, ref=before.ref)
        case _:
            return _written("outcome", intent.write, answer)


class CheckedHost:
    """The awaited face of a host, with every answer held against its contract; raises ``HostError`` where it breaks."""

    def __init__(self, host: AsyncHost, branch: str = "", shares: Set[str] = frozenset()) -> None:
        # Untyped on purpose: what the types promise is what is checked here.
        self._host: Any = host
        self._branch = branch
        self._shares = shares

    async def business(self) -> Business:
        return _a(Business, await self._host.business(), "business")

    async def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        records = _several(ClientRecord, await self._host.clients(refs), "clients")
        left = set(refs)
        for record in records:
            if record.ref not in left:
                problem = "twice with the same record" if record.ref in refs else "with a record that was not asked for"
                raise HostError(f"clients() answered {problem}: {record.ref}")
            left.remove(record.ref)
        return records

    async def contacts(self, after: str | None, limit: int) -> ContactPage:
        page = _a(ContactPage, await self._host.contacts(after, limit), "contacts")
        _several(RawContacts, page.items, "contacts")
        _cursor(page.next, "contacts")
        return page

    async def by_contact(self, key: ContactKey) -> Sequence[RecordRef]:
        return _several(RecordRef, await self._host.by_contact(key), "by_contact")

    async def appointments(
        self, refs: Sequence[RecordRef], when: When, now: datetime, after: str | None, limit: int
    ) -> AppointmentPage:
        page = _a(AppointmentPage, await self._host.appointments(refs, when, now, after, limit), "appointments")
        asked = frozenset(refs)
        for one in _several(Appointment, page.items, "appointments"):
            if one.ref not in asked and RecordRef.booking(one.id) not in asked:
                raise HostError(f"appointments() answered with an appointment that was not asked for: of {one.ref}")
            if not is_shown(one.business, "bookings", self._branch, self._shares):
                raise HostError(
                    f"appointments() was asked at {self._branch!r} and answered with what {one.business!r} has"
                )
        if len(page.items) > limit:
            raise HostError(f"appointments() was asked for at most {limit} and answered with {len(page.items)}")
        _cursor(page.next, "appointments")
        if any(one.moved_from is not None for one in page.items):
            page = evolve(page, items=tuple(map(_as_before_moving, page.items)))
        return page

    async def appointment(self, id: str) -> Appointment | None:
        found = _that_one(Appointment, await self._host.appointment(id), id, "appointment")
        if found is None or not is_shown(found.business, "bookings", self._branch, self._shares):
            return None
        return _as_before_moving(found)

    async def offer(self, appointment: Appointment, change: ChangeKind) -> Offer:
        return _a(Offer, await self._host.offer(appointment, change), "offer")

    async def service(self, id: str) -> Service | None:
        return _that_one(Service, await self._host.service(id), id, "service")

    async def slots(
        self, service_id: str, staff_id: str | None, since: datetime, until: datetime, limit: int
    ) -> Sequence[Slot]:
        free = _several(Slot, await self._host.slots(service_id, staff_id, since, until, limit), "slots")
        for one in free:
            if one.service_id != service_id:
                raise HostError(
                    f"slots() was asked for the service {service_id!r} and answered with a slot of {one.service_id!r}"
                )
        return free

    async def slot(self, id: str) -> Slot | None:
        return _that_one(Slot, await self._host.slot(id), id, "slot")

    async def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        given = _a(Prefill, await self._host.prefill(refs), "prefill")
        _several(Answer, given.answers, "prefill")
        return given

    async def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        answer = await self._host.create_client(draft, key)
        return _written("create_client", HostWrite.CREATE_CLIENT, answer)

    async def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        page = _a(ClientPage, await self._host.client_list(search, after, limit), "client_list")
        seen: set[RecordRef] = set()
        for one in _several(ClientRecord, page.items, "client_list"):
            if one.ref.kind is not RecordKind.CLIENT:
                raise HostError(f"client_list() answers with client rows; this is {one.ref}")
            if one.ref in seen:
                raise HostError(f"client_list() answered twice with the same record: {one.ref}")
            seen.add(one.ref)
        if len(page.items) > limit:
            raise HostError(f"client_list() was asked for at most {limit} and answered with {len(page.items)}")
        _cursor(page.next, "client_list")
        return page

    async def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]:
        answers = _several(HostAnswer, await self._host.create_clients(drafts), "create_clients")
        if len(answers) != len(drafts):
            raise HostError(f"create_clients() answers each of {len(drafts)} drafts; this has {len(answers)} answers")
        for answer in answers:
            _written("create_clients", HostWrite.CREATE_CLIENT, answer)
        made = [answer.ref for answer in answers if answer.kind is AnswerKind.DONE]
        if len(set(made)) != len(made):
            raise HostError("create_clients() answered with one record for two drafts")
        return answers

    async def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        answer = await self._host.update_client(ref, change, key)
        return _written("update_client", HostWrite.UPDATE_CLIENT, answer, ref=ref)

    async def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        return _written("delete_client", HostWrite.DELETE_CLIENT, await self._host.delete_client(ref, key))

    async def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        return _written("erase_client", HostWrite.ERASE_CLIENT, await self._host.erase_client(refs, key))

    async def move(self, appointment: Appointment, slot: Slot, fee: Money | None, key: str) -> HostAnswer:
        answer = await self._host.move(appointment, slot, fee, key)
        return _written("move", HostWrite.MOVE, answer, service_id=appointment.service_id, ref=appointment.ref)

    async def cancel(self, appointment: Appointment, fee: Money | None, key: str) -> HostAnswer:
        answer = await self._host.cancel(appointment, fee, key)
        return _written("cancel", HostWrite.CANCEL, answer, service_id=appointment.service_id, ref=appointment.ref)

    async def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        answer = await self._host.book(ref, slot, name, key)
        return _written("book", HostWrite.BOOK, answer, service_id=slot.service_id, ref=ref)

    async def delete_appointment(self, appointment: Appointment, key: str) -> HostAnswer:
        answer = await self._host.delete_appointment(appointment, key)
        return _written("delete_appointment", HostWrite.DELETE_APPOINTMENT, answer)

    async def active_codes(self, refs: Sequence[RecordRef]) -> Sequence[ActiveCode]:
        codes = _several(ActiveCode, await self._host.active_codes(refs), "active_codes")
        asked = frozenset(refs)
        for one in codes:
            if one.ref not in asked:
                raise HostError(f"active_codes() answered with a code that was not asked for: of {one.ref}")
        return [_as_before_moving(one) for one in codes]

    async def holdings(self, refs: Sequence[RecordRef]) -> Sequence[Holding]:
        held = _several(Holding, await self._host.holdings(refs), "holdings")
        asked = frozenset(refs)
        for one in held:
            if one.ref not in asked:
                raise HostError(f"holdings() answered with what was not asked for: of {one.ref}")
        return held

    async def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        return _written("reassign", HostWrite.REASSIGN, await self._host.reassign(refs, to, key))

    async def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        return _written("restore", HostWrite.RESTORE, await self._host.restore(refs, to, key))

    async def section(self, name: str) -> CheckedSection | None:
        found: Any = self._host.section(name)
        if inspect.isawaitable(found):
            found = await found
        if found is None:
            return None
        if getattr(found, "name", None) != name:
            raise HostError(f"section() was asked for {name!r} and answered with {_named(found)}")
        return CheckedSection(found, self._branch, self._shares)

    async def write_section(self, change: SectionWrite, key: str) -> HostAnswer:
        section = await self.section(change.section)
        if section is None:
            raise HostError(f"section({change.section!r}) answered with nothing, though it was there a moment ago")
        return _written(f"{change.section}.write", HostWrite.SECTION, await section.write(change, key))

    async def outcome(self, key: str) -> HostAnswer | None:
        answer = await self._host.outcome(key)
        if answer is None:
            return None
        said = _a(HostAnswer, answer, "outcome")
        after = said.appointment
        return said if after is None else evolve(said, appointment=_as_before_moving(after))

    async def heard(self, event: HostEvent) -> None:
        await self._host.heard(event)
