"""The part of the host contract about tenants: no method looks, or reaches, beyond its business."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from attrs import evolve, frozen

from clientportal.decisions import HostEvent
from clientportal.errors import Conflict
from clientportal.operations.trusting import CheckedHost
from clientportal.testing.contracts.host_frame import DAY, NOW, Salon, booked, free
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_writes import WRITES
from clientportal.testing.contracts.section_writes import SECTION_WRITES, SectionWriting
from clientportal.values import (
    ActiveCode,
    Answer,
    AnswerKind,
    Appointment,
    Business,
    ChangeKind,
    ClientChange,
    ClientRecord,
    CodeKind,
    ContactKey,
    ContactKind,
    HeldThing,
    HoldingKind,
    HostAnswer,
    Money,
    Prefill,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["ISOLATED", "NEEDED", "IsolatedHost"]


@frozen
class _Case:
    """The business that asks (``at``, ``mine``), and what only the other one has (``theirs`` and after it)."""

    ground: HostGround
    mine: Salon
    theirs: Salon
    business: Business
    eve: ClientRecord
    evening: Appointment
    slot: Slot | None
    key: str
    items: Mapping[str, Any] = {}
    """By section: what only the other one has, for its Eve."""


_Check = Callable[[Any, _Case, CheckedHost], Awaitable[None]]

NEEDED: Mapping[str, tuple[str, ...]] = {
    **WRITES,
    **{name: (name,) for name in ("by_contact", "slots", "client_list", "prefill", "active_codes", "holdings")},
    "slot": ("slots",),
    "section": (),
    **dict.fromkeys(("business", "clients", "contacts", "appointments", "appointment", "offer", "service"), ()),
    **dict.fromkeys(("outcome", "heard"), ()),
}
"""Every method of the port, with what an adapter declares that implements it."""


class IsolatedHost(SectionWriting):
    """Two businesses under one roof, with rows of the same ids wherever the platform takes them, and others."""

    @pytest.mark.parametrize("method", sorted(NEEDED))
    def test_tenants(self, ground: HostGround, method: str) -> None:
        """No method reads or writes anything of another business, even under its ids: to it they are absent."""
        self.needs(ground, *NEEDED[method])
        if method == "outcome" and ground.host.shares_transaction:
            self.not_declared("tables elsewhere")
        if method == "service":
            self.keeps(ground, "services")
        if method == "section":
            self.all_sections(ground)
        case = self.two(ground)
        if method == "section":
            case = self._with_items(case)
        if method == "restore":
            self.change(ground, "reassign", [case.theirs.ben], case.theirs.ana, self.key())
        before = self.run(self.picture(ground, case.theirs, case.eve.ref))
        self.do(ground, lambda host: ISOLATED[method](self, case, host), case.mine.business)
        if method == "outcome":
            there = self.ask(ground, lambda host: host.outcome(case.key), case.theirs.business)
            assert there is None, "a key belongs to the business that it was used in"
        after = self.run(self.picture(ground, case.theirs, case.eve.ref))
        assert after == before, f"{method}() reached another business"

    def two(self, ground: HostGround) -> _Case:
        """Both businesses, alike; and what only the first one has."""
        there = ground.businesses[0]
        theirs, mine = self.salon(ground), self.salon(ground, ground.businesses[1], " of Rata")
        eve = self.add_client(
            ground, "only-eve", there, first_name="Eve", mobile="021 555 0188", email="eve@example.com"
        )
        service = self.add_service(ground, there, Service("only-perm", "Perm", 2 * DAY / 24))
        evening = self.add_booked(ground, booked("only-a", eve, NOW + 3 * DAY, service_id=service), there)
        # Made for their Ana, whose id may be ours as well.
        late = booked("only-b", theirs.ana, NOW + 4 * DAY, made_at=NOW, service_id=service)
        self.add_booked(ground, late, there)
        slot = None
        if self.has_slots(ground):
            slot = self.add_slot(ground, free("only-s", NOW + 7 * DAY, service_id=service), there)
        self._hold(ground, there, theirs.ana)
        self._hold(ground, there, eve)

        async def read(host: CheckedHost) -> _Case:
            return _Case(
                ground, mine, theirs, await host.business(), await self.record(host, eve),
                await self.appointment(host, evening),
                await host.slot(slot) if slot is not None and self.can(ground).slots else None, self.key(),
            )  # fmt: skip

        return self.ask(ground, read, there)

    def _hold(self, ground: HostGround, there: str, ref: RecordRef) -> None:
        """A form, a code and a gift card, where there are such things."""
        can = self.can(ground)
        if can.prefill:
            given = Prefill((Answer("intake", "allergies", f"nuts {ref.id}", NOW),))
            self.put(lambda: ground.add_prefill(there, ref, given))
        if can.active_codes:
            code = ActiveCode(id=f"code-{ref.id}", ref=ref, kind=CodeKind.GIFT, code=f"G-{ref.id}", name="Gift")
            self.put(lambda: ground.add_code(there, code))
        if can.holdings:
            held = HeldThing(id=f"held-{ref.id}", ref=ref, kind=HoldingKind.BALANCE, amount=Money("50.00", "NZD"))
            self.put(lambda: ground.add_holding(there, held))

    def _with_items(self, case: _Case) -> _Case:
        """Something in each section of the other business: Eve's, and one whose client's id may be ours as well."""
        ground, there, found = case.ground, case.theirs.business, dict[str, Any]()
        for name in self.all_sections(ground):
            eves = self.add_example(ground, name, f"only-{name}", case.eve.ref)
            self.add_example(ground, name, f"also-{name}", case.theirs.ana)
            found[name] = self.found(ground, name, eves, there) or self.example(ground, name, eves, case.eve.ref)
        return evolve(case, items=found)

    async def nothing(self, answering: Awaitable[HostAnswer]) -> None:
        """A write to what is not there: declined, too late, or a conflict; never done."""
        try:
            answer = await answering
        except Conflict:
            return
        assert answer.kind in (AnswerKind.DECLINED, AnswerKind.TAKEN), f"answered {answer.kind.value}"

    # --- one for each method of the port

    async def _business(self, case: _Case, at: CheckedHost) -> None:
        assert (await at.business()).name != case.business.name

    async def _clients(self, case: _Case, at: CheckedHost) -> None:
        records = {one.ref: one for one in await at.clients([case.eve.ref, case.mine.ana, case.mine.ben])}
        assert set(records) == {case.mine.ana, case.mine.ben}
        assert records[case.mine.ana].last_name == "Kingi of Rata"
        assert records[case.mine.ana].last_booked_at != NOW, "that booking is another business's"

    async def _contacts(self, case: _Case, at: CheckedHost) -> None:
        walked = (await at.contacts(None, 100)).items
        assert sorted(one.ref for one in walked) == sorted([case.mine.ana, case.mine.ben])
        strangers = {"ana@example.com", "eve@example.com"} & {one.email for one in walked if one.email}
        assert strangers == set(), "these stand at another business's clients"

    async def _by_contact(self, case: _Case, at: CheckedHost) -> None:
        if not {"mobile", "client_mobile"} & case.ground.lacks:
            assert list(await at.by_contact(ContactKey(ContactKind.MOBILE, "+64215550188"))) == []
            assert set(await at.by_contact(ContactKey(ContactKind.MOBILE, "+64215550142"))) == {case.mine.ana}
        if "email" not in case.ground.lacks:
            assert list(await at.by_contact(ContactKey(ContactKind.EMAIL, "eve@example.com"))) == []

    async def _appointments(self, case: _Case, at: CheckedHost) -> None:
        theirs, mine = [case.eve.ref, RecordRef.booking(case.evening.id)], case.mine
        for when, expected in ((When.UPCOMING, [mine.next, mine.bens]), (When.PAST, [mine.last])):
            assert (await at.appointments(theirs, when, NOW, None, 9)).items == ()
            page = await at.appointments([*theirs, mine.ana, mine.ben], when, NOW, None, 9)
            assert [one.id for one in page.items] == expected
            self._unnamed(*page.items)

    async def _appointment(self, case: _Case, at: CheckedHost) -> None:
        assert await at.appointment(case.evening.id) is None
        self._unnamed(await self.appointment(at, case.mine.next))

    def _unnamed(self, *own: Appointment) -> None:
        # Whether the right name stands there at all is another promise: a platform may have no place for it.
        strangers = {"next", "last", "bens"} & {one.booked_as for one in own}
        assert strangers == set(), "these names were given at another business's bookings"

    async def _offer(self, case: _Case, at: CheckedHost) -> None:
        absent = evolve(case.evening, id="no such appointment")
        for change in ChangeKind:
            told = [await self._offered(at, one, change) for one in (case.evening, absent)]
            assert told[0] == told[1], "another's appointment is absent to the rules as well"

    async def _offered(self, at: CheckedHost, one: Appointment, change: ChangeKind) -> object:
        # What a platform says of an appointment that is not there is its own affair.
        try:
            return await at.offer(one, change)
        except Exception as error:
            return type(error)

    async def _service(self, case: _Case, at: CheckedHost) -> None:
        assert await at.service(case.evening.service_id) is None

    async def _slots(self, case: _Case, at: CheckedHost) -> None:
        for service, expected in ((case.evening.service_id, []), (case.mine.service, list(case.mine.slots))):
            found = await at.slots(service, None, NOW, NOW + 99 * DAY, 9)
            assert [one.id for one in found] == expected

    async def _slot(self, case: _Case, at: CheckedHost) -> None:
        assert case.slot is not None
        assert await at.slot(case.slot.id) is None

    async def _client_list(self, case: _Case, at: CheckedHost) -> None:
        assert [one.ref for one in (await at.client_list(None, None, 9)).items] == [case.mine.ana, case.mine.ben]
        assert (await at.client_list("eve", None, 9)).items == ()

    async def _prefill(self, case: _Case, at: CheckedHost) -> None:
        assert await at.prefill([case.eve.ref, case.theirs.ana, case.mine.ana]) == Prefill()

    async def _active_codes(self, case: _Case, at: CheckedHost) -> None:
        assert list(await at.active_codes([case.eve.ref, case.theirs.ana, case.mine.ana])) == []

    async def _holdings(self, case: _Case, at: CheckedHost) -> None:
        assert list(await at.holdings([case.eve.ref, case.theirs.ana, case.mine.ana])) == []

    async def _section(self, case: _Case, at: CheckedHost) -> None:
        refs = [case.eve.ref, case.theirs.ana, case.mine.ana]
        for name, theirs in case.items.items():
            section = await self.section(at, name)
            assert (await section.page(refs, None, 9)).items == (), f"{name}.page() lists another business's"
            assert await section.one(theirs.id) is None, f"{name}.one() finds another business's"
        if "payments" in case.items:
            section = await self.section(at, "payments")
            assert list(await section.ask("due", refs)) == [], "payments.due() sums another business's"
            assert (await section.transactions(refs, None, 9)).items == ()
        if "documents" in case.items:
            section = await self.section(at, "documents")
            assert await section.ask("newer", refs, None) == 0, "documents.newer() counts another business's"
        if "preferences" in case.items:
            assert list(await (await self.section(at, "preferences")).ask("chosen", refs)) == []
        if "referrals" in case.items:
            assert list(await (await self.section(at, "referrals")).ask("credits", refs)) == []
        for write, trial in SECTION_WRITES.items():
            if (
                trial.section not in case.items
                or trial.allowed_as not in (await self.section(at, trial.section)).actions
            ):
                continue
            change = self.asking(case.ground, write, trial, case.mine, f"{case.key}{write}")
            if trial.on_item:
                theirs = case.items[trial.section]
                await self.nothing(at.write_section(evolve(change, item=theirs.id, version=theirs.version), case.key))
            else:
                await at.write_section(change, f"{case.key}{write}")

    async def _create_client(self, case: _Case, at: CheckedHost) -> None:
        await self.write(at, case.mine, "create_client", case.key)

    async def _create_clients(self, case: _Case, at: CheckedHost) -> None:
        await self.write(at, case.mine, "create_clients", case.key)

    async def _update_client(self, case: _Case, at: CheckedHost) -> None:
        change = ClientChange(case.eve.version, {"first_name": "Mine"})
        await self.nothing(at.update_client(case.eve.ref, change, case.key))
        await self.write(at, case.mine, "update_client", f"{case.key}b")

    async def _delete_client(self, case: _Case, at: CheckedHost) -> None:
        await self.nothing(at.delete_client(case.eve.ref, case.key))
        await self.write(at, case.mine, "delete_client", f"{case.key}b")

    async def _erase_client(self, case: _Case, at: CheckedHost) -> None:
        # "Done" is right also where nothing was there; it only must not reach anything.
        await at.erase_client([case.eve.ref, RecordRef.booking(case.evening.id), case.mine.ana], case.key)

    async def _move(self, case: _Case, at: CheckedHost) -> None:
        own, here = await self.appointment(at, case.mine.next), await at.slot(case.mine.slots[0])
        assert here is not None
        assert case.slot is not None
        await self.nothing(at.move(case.evening, here, None, case.key))
        await self.nothing(at.move(own, case.slot, None, f"{case.key}b"))

    async def _cancel(self, case: _Case, at: CheckedHost) -> None:
        await self.nothing(at.cancel(case.evening, None, case.key))
        await self.write(at, case.mine, "cancel", f"{case.key}b")

    async def _book(self, case: _Case, at: CheckedHost) -> None:
        assert case.slot is not None
        await self.nothing(at.book(case.mine.ana, case.slot, "Ana", case.key))
        await self.write(at, case.mine, "book", f"{case.key}b")

    async def _delete_appointment(self, case: _Case, at: CheckedHost) -> None:
        await self.nothing(at.delete_appointment(case.evening, case.key))
        await self.write(at, case.mine, "delete_appointment", f"{case.key}b")

    async def _reassign(self, case: _Case, at: CheckedHost) -> None:
        await at.reassign([case.eve.ref, case.mine.ben], case.mine.ana, case.key)

    async def _restore(self, case: _Case, at: CheckedHost) -> None:
        await at.reassign([case.mine.ben], case.mine.ana, case.key)
        await at.restore([case.theirs.ben, case.mine.ben], case.mine.ben, f"{case.key}b")

    async def _outcome(self, case: _Case, at: CheckedHost) -> None:
        write = self.first_write(case.ground)
        await self.write(at, case.mine, write, case.key)
        assert await at.outcome(case.key) is not None

    async def _heard(self, case: _Case, at: CheckedHost) -> None:
        facts = (("survivor", str(case.theirs.ana)), ("absorbed", str(case.eve.ref)), ("merge", case.key))
        await at.heard(HostEvent("merged", facts))


ISOLATED: Mapping[str, _Check] = {
    name: check for name in NEEDED if (check := vars(IsolatedHost).get(f"_{name}")) is not None
}
"""By method of the port: how it is shown to stay within its business."""
