"""What the parts of the host contract share: units of work, a small salon, and a picture of all that is there."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from attrs import evolve, frozen

from clientportal.operations.trusting import CheckedHost
from clientportal.ports.host import Capabilities, RawContacts
from clientportal.records import Write
from clientportal.sections import SECTIONS
from clientportal.sections.payments import Payments
from clientportal.testing.contracts.host_ground import LACKS, HostGround, NotOnThisPlatform, Said
from clientportal.testing.contracts.proving import Proving
from clientportal.testing.contracts.running import Running
from clientportal.values import (
    Appointment,
    AppointmentStatus,
    ClientRecord,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["CUT", "DAY", "HOUR", "NOW", "HostFrame", "Salon", "booked", "free"]

T = TypeVar("T")

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2035, 11, 20, 21, tzinfo=UTC)
"""What the contract takes for now: a Wednesday morning in Auckland, ahead of every real clock, so that a platform whose
own rules keep the past from being changed lets these appointments be changed."""
CUT = Service("cut", "Cut", timedelta(minutes=45))
_MADE = datetime(2019, 5, 6, 7, 30, tzinfo=UTC)
_LACKING = frozenset({"mobile", "phone", "email", "address", "notes", "custom", "birthday", "consents"})
_CONTACTS = frozenset({"mobile", "phone", "email"})
_keys = itertools.count(1)


def _for_clients(ground: HostGround) -> frozenset[str]:
    """What a client's own row has no place for."""
    return ground.lacks | {"mobile"} if "client_mobile" in ground.lacks else ground.lacks


def _for_guests(ground: HostGround) -> frozenset[str]:
    """What a booking without a client row has no place for."""
    return ground.lacks | {"email"} if "guest_email" in ground.lacks else ground.lacks


def booked(id: str, ref: RecordRef, start: datetime, **fields: Any) -> Appointment:
    """A confirmed appointment of 45 minutes."""
    given: dict[str, Any] = {
        "service_id": "cut",
        "service_name": "Cut",
        "end": start + CUT.duration,
        "zone": "Pacific/Auckland",
        "status": AppointmentStatus.CONFIRMED,
        "made_at": _MADE,
        **fields,
    }
    return Appointment(id=id, ref=ref, start=start, **given)


def free(id: str, start: datetime, **fields: Any) -> Slot:
    """A free time of 45 minutes."""
    given: dict[str, Any] = {"service_id": "cut", "zone": "Pacific/Auckland", "end": start + CUT.duration, **fields}
    return Slot(id=id, start=start, **given)


@frozen
class Salon:
    """What stands in the tables of one business: two clients, their appointments, and two free times."""

    business: str
    service: str
    ana: RecordRef
    ben: RecordRef
    next: str
    last: str
    bens: str
    slots: tuple[str, ...] = ()

    @property
    def refs(self) -> list[RecordRef]:
        """Whatever may be asked about."""
        return [self.ana, self.ben, *(RecordRef.booking(id) for id in (self.next, self.last, self.bens))]


class HostFrame(Running, Proving):
    """Runs questions and changes in units of work of the portal's store, as the portal does."""

    contract = "HostContract"

    @pytest.fixture
    def ground(self) -> Any:
        """Override: a fresh platform."""
        raise NotImplementedError("override the fixture `ground` with one that returns a fresh HostGround")

    @pytest.fixture(autouse=True)
    def _open(self, _private_loop: None, ground: HostGround) -> None:
        self.put(ground.open)

    # --- what is declared

    def can(self, ground: HostGround) -> Capabilities:
        """What the adapter declares."""
        return ground.host.capabilities

    def needs(self, ground: HostGround, *capabilities: str) -> None:
        """This test is about those; without them it is left out."""
        for one in capabilities:
            if not getattr(ground.host.capabilities, one):
                self.not_declared(one)

    def keeps(self, ground: HostGround, *things: str) -> None:
        """This test is about what a platform may have no place for."""
        for one in things:
            if one in ground.lacks:
                self.not_declared(LACKS[one])

    def has(self, ground: HostGround, thing: str) -> bool:
        """Whether the platform has a place for that; where it has none, the report says that this was not tried."""
        if thing in ground.lacks:
            self.untried(LACKS[thing])
        return thing not in ground.lacks

    def key(self) -> str:
        """A key that no write had before."""
        return f"contract-{next(_keys)}"

    # --- units of work

    async def asked(
        self, ground: HostGround, question: Callable[[CheckedHost], Awaitable[T]], business: str | None = None
    ) -> T:
        """Ask the host in a unit of its own."""
        async with ground.store.begin(business or ground.businesses[0], ground.host, writes=False) as unit:
            return await question(CheckedHost(unit.host))

    async def done(
        self,
        ground: HostGround,
        change: Callable[[CheckedHost], Awaitable[T]],
        business: str | None = None,
        writes: Sequence[Write] = (),
    ) -> T:
        """Let the host write in a unit that is committed."""
        async with ground.store.begin(business or ground.businesses[0], ground.host, writes=True) as unit:
            answer = await change(CheckedHost(unit.host))
            await unit.commit(writes)
            return answer

    def ask(
        self, ground: HostGround, question: Callable[[CheckedHost], Awaitable[T]], business: str | None = None
    ) -> T:
        """The same, run to its end."""
        return self.run(self.asked(ground, question, business))

    def do(self, ground: HostGround, change: Callable[[CheckedHost], Awaitable[T]], business: str | None = None) -> T:
        """The same, run to its end."""
        return self.run(self.done(ground, change, business))

    def read(self, ground: HostGround, method: str, *arguments: Any, business: str | None = None) -> Any:
        """What one method of the host answers, in a unit of its own."""
        return self.ask(ground, lambda host: getattr(host, method)(*arguments), business)

    def change(self, ground: HostGround, method: str, *arguments: Any, business: str | None = None) -> Any:
        """What one write of the host answers, in a unit that is committed."""
        return self.do(ground, lambda host: getattr(host, method)(*arguments), business)

    # --- filling the tables

    def put(self, adding: Callable[[], Said[T]]) -> T:
        """Put something into the platform's tables, by a method of either colour.

        A ground that cannot, though its adapter declares the capability, leaves it unproven: that is a failure.
        """

        async def work() -> T:
            made: Any = adding()
            answer: T = await made if inspect.isawaitable(made) else made
            return answer

        try:
            return self.run(work())
        except NotOnThisPlatform as missing:
            pytest.fail(f"the adapter declares what only HostGround.{missing} can prove: write that method")

    def kept(self, ground: HostGround, record: ClientRecord) -> ClientRecord:
        """The record with the fields that the platform has a place for; without a mobile it is reached another way."""
        fields = _LACKING & _for_clients(ground)
        emptied: dict[str, Any] = {name: {} if name in ("custom", "consents") else None for name in fields}
        kept = evolve(record, **emptied)
        if record.mobile and not (kept.mobile or kept.phone or kept.email):
            return evolve(kept, **self.reached(ground, record.mobile))
        return kept

    def reached(self, ground: HostGround, mobile: str, *, guest: bool = False) -> dict[str, Any]:
        """A contact that the platform has a place for: that mobile, else what comes nearest."""
        lacking = _for_guests(ground) if guest else _for_clients(ground)
        if "mobile" not in lacking:
            return {"mobile": mobile}
        if "email" not in lacking:
            return {"email": f"{''.join(filter(str.isdecimal, mobile))}@post.test"}
        return {"phone": mobile}

    def add_client(self, ground: HostGround, id: str, business: str | None = None, **fields: Any) -> RecordRef:
        """A client row of that business, with what the platform keeps of those fields."""
        record = self.kept(ground, ClientRecord(RecordRef.client(id), _MADE, **fields))
        return self.put(lambda: ground.add_client(business or ground.businesses[0], record))

    def add_booked(
        self,
        ground: HostGround,
        appointment: Appointment,
        business: str | None = None,
        contacts: RawContacts | None = None,
    ) -> str:
        """An appointment, without what the platform has no place for."""
        leaving: dict[str, Any] = {
            "booked_as": {"booked_as": ""},
            "staff": {"staff_id": None, "staff_name": ""},
            "price": {"price": None},
            "zones": {"zone": ground.zone},
            str(appointment.status.value): {"status": self.status(ground, appointment.status)},
        }
        for lacking in ground.lacks & leaving.keys():
            appointment = evolve(appointment, **leaving[lacking])
        if contacts is not None:
            contacts = self._typed(ground, contacts)
        return self.put(lambda: ground.add_appointment(business or ground.businesses[0], appointment, contacts))

    def _typed(self, ground: HostGround, contacts: RawContacts) -> RawContacts:
        """What the platform keeps of the contacts that were typed at a booking."""
        lacking = _for_guests(ground)
        emptied: dict[str, Any] = dict.fromkeys(_CONTACTS & lacking)
        kept = evolve(contacts, **emptied)
        if contacts.mobile and not (kept.mobile or kept.email):
            return evolve(kept, **self.reached(ground, contacts.mobile, guest=True))
        return kept

    def status(self, ground: HostGround, wanted: AppointmentStatus) -> AppointmentStatus:
        """That state, or the nearest that the platform has."""
        return AppointmentStatus.CONFIRMED if wanted.value in ground.lacks else wanted

    def add_slot(self, ground: HostGround, slot: Slot, business: str | None = None) -> str:
        """A free time."""
        if "staff" in ground.lacks:
            slot = evolve(slot, staff_id=None, staff_name="")
        return self.put(lambda: ground.add_slot(business or ground.businesses[0], evolve(slot, zone=ground.zone)))

    def add_service(self, ground: HostGround, business: str | None = None, service: Service = CUT) -> str:
        """A service."""
        return self.put(lambda: ground.add_service(business or ground.businesses[0], service))

    def has_slots(self, ground: HostGround) -> bool:
        """Whether free times play a part."""
        can = self.can(ground)
        return can.slots or can.move or can.book

    def salon(self, ground: HostGround, business: str | None = None, tag: str = "") -> Salon:
        """Fill one business. The same ids are proposed for each, so that a forgotten tenant meets the wrong row."""
        at = business or ground.businesses[0]
        service = self.add_service(ground, at)
        ana = self.add_client(
            ground, "ana", at, first_name="Ana", last_name=f"Kingi{tag}", mobile="021 555 0142",
            email=f"ana{tag.replace(' ', '.')}@example.com", notes="likes tea",
        )  # fmt: skip
        ben = self.add_client(ground, "ben", at, first_name="Ben", last_name=f"Ngata{tag}", mobile="021 555 0163")
        rows = (("next", ana, DAY), ("last", ana, -DAY), ("bens", ben, 2 * DAY))
        ids = [
            self.add_booked(ground, booked(id, ref, NOW + when, service_id=service, booked_as=f"{id}{tag}"), at)
            for id, ref, when in rows
        ]
        slots: list[str] = []
        if self.has_slots(ground):
            times = (("s1", 5 * DAY), ("s2", 6 * DAY))
            slots = [self.add_slot(ground, free(id, NOW + when, service_id=service), at) for id, when in times]
        return Salon(at, service, ana, ben, ids[0], ids[1], ids[2], tuple(slots))

    # --- what is there

    def all_of(self, ground: HostGround, refs: Sequence[RecordRef], when: When, **more: Any) -> list[Appointment]:
        """The whole of one list of appointments, page by page."""
        return self.run(self.listed(ground, refs, when, **more))

    async def listed(
        self, ground: HostGround, refs: Sequence[RecordRef], when: When, limit: int = 50, business: str | None = None,
        now: datetime = NOW, raw: bool = False,
    ) -> list[Appointment]:  # fmt: skip
        """The same, awaited. ``raw``: as the platform says it, also where its rows were moved to a survivor."""
        found: list[Appointment] = []
        after: str | None = None
        while True:
            async with ground.store.begin(business or ground.businesses[0], ground.host, writes=False) as unit:
                host = unit.host if raw else CheckedHost(unit.host)
                page = await host.appointments(refs, when, now, after, limit)
            found += page.items
            after = page.next
            if after is None:
                return found
            assert len(found) < 1000, "these pages never end"

    async def walked(self, ground: HostGround, business: str | None = None, limit: int = 100) -> list[RawContacts]:
        """The walk over all contacts."""
        found: list[RawContacts] = []
        after: str | None = None
        while True:
            async with ground.store.begin(business or ground.businesses[0], ground.host, writes=False) as unit:
                page = await CheckedHost(unit.host).contacts(after, limit)
            assert len(page.items) <= limit, f"contacts() was asked for at most {limit}"
            found += page.items
            after = page.next
            if after is None:
                return found
            assert len(found) < 1000, "these pages never end"

    async def picture(self, ground: HostGround, salon: Salon, *more: RecordRef) -> dict[str, Any]:
        """Everything that can be read of a business: what a write that wrote nothing leaves as it is."""
        can, business = self.can(ground), salon.business
        names = await self.sections_of(ground, business)
        walked = await self.walked(ground, business)
        refs = sorted({*salon.refs, *more, *(one.ref for one in walked)})

        async def look(host: CheckedHost) -> dict[str, Any]:
            seen: dict[str, Any] = {"clients": sorted(await host.clients(refs), key=lambda one: one.ref)}
            if can.slots:
                seen["slots"] = await host.slots(salon.service, None, NOW - 99 * DAY, NOW + 99 * DAY, 99)
            if can.client_list:
                seen["list"] = [one.ref for one in (await host.client_list(None, None, 99)).items]
            if can.prefill:
                given = await host.prefill(refs)
                seen["prefill"] = (sorted(map(str, given.answers)), given.card)
            if can.active_codes:
                seen["codes"] = sorted(one.id for one in await host.active_codes(refs[:100]))
            if can.holdings:
                seen["holdings"] = sorted(map(repr, await host.holdings(refs[:100])))
            for name in names:
                seen[f"section {name}"] = await self.shelf(host, name, refs)
            return seen

        seen = await self.asked(ground, look, business)
        seen["contacts"] = sorted(walked, key=lambda one: one.ref)
        for when in When:
            seen[when.value] = await self.listed(ground, refs, when, business=business, raw=True)
        return seen

    async def sections_of(self, ground: HostGround, business: str) -> list[str]:
        """The names of the sections that the platform has: of those that ship, and of its own."""
        own: Sequence[Any] = getattr(ground.host, "sections", ())
        names = dict.fromkeys((*SECTIONS, *(one.name for one in own)))

        async def look(host: CheckedHost) -> list[str]:
            return [name for name in names if await host.section(name) is not None]

        return await self.asked(ground, look, business)

    async def shelf(self, host: CheckedHost, name: str, refs: Sequence[RecordRef]) -> list[Any]:
        """What stands in a section of those records, and the money that has moved."""
        section = await host.section(name)
        assert section is not None, f"section({name!r}) is there"
        found: list[Any] = list((await section.page(refs, None, 99)).items)
        if name == Payments.name:
            found += (await section.transactions(refs, None, 99)).items
        return found
