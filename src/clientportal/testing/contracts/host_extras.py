"""The part of the host contract about what clients have: forms, codes, holdings, and moving them to a survivor."""

from __future__ import annotations

import itertools
from datetime import timedelta

from clientportal.operations.trusting import CheckedHost
from clientportal.ports.host import RawContacts
from clientportal.testing.contracts.host_frame import DAY, NOW, Salon, booked
from clientportal.testing.contracts.host_ground import HostGround
from clientportal.testing.contracts.host_writes import WritingHost
from clientportal.values import (
    ActiveCode,
    Answer,
    Appointment,
    CardSummary,
    CodeKind,
    HeldThing,
    Holding,
    HoldingKind,
    HostAnswer,
    Money,
    Prefill,
    RecordRef,
    When,
)

__all__ = ["HoldingHost"]


class HoldingHost(WritingHost):
    """Each thing belongs to one record, is told of that one alone, and is neither lost nor doubled."""

    _things = itertools.count(1)

    def test_prefill(self, ground: HostGround) -> None:
        """What was answered comes for the refs that were asked about, clients and bookings, and for no others."""
        self.needs(ground, "prefill")
        salon = self.salon(ground)
        card = CardSummary("Visa", "4242", 12, 2038)
        booking = RecordRef.booking(salon.bens)
        nuts = Answer("intake", "allergies", "nuts", NOW - DAY)
        tea = Answer("intake", "drink", "tea", NOW)
        self.put(lambda: ground.add_prefill(salon.business, salon.ana, Prefill((nuts,), card)))
        self.put(lambda: ground.add_prefill(salon.business, booking, Prefill((tea,))))
        for refs, answers, expected in (
            ([salon.ana], [nuts], card),
            ([booking], [tea], None),
            ([salon.ben], [], None),
            ([], [], None),
            ([booking, salon.ana, salon.ana], [nuts, tea], card),
        ):
            given = self.read(ground, "prefill", refs)
            assert sorted(given.answers, key=str) == sorted(answers, key=str), [str(ref) for ref in refs]
            assert given.card == expected

    def test_codes(self, ground: HostGround) -> None:
        """A code comes for its own record alone: a client's for the client, a booking's for that booking."""
        self.needs(ground, "active_codes")
        salon = self.salon(ground)
        booking = RecordRef.booking(salon.next)
        five = ActiveCode(
            id="p1", ref=salon.ana, kind=CodeKind.PACKAGE, code="CUT5-8Q2M", name="Five cuts", credits_left=3
        )
        gift = ActiveCode(
            id="g1", ref=booking, kind=CodeKind.GIFT, code="GIFT-1X", name="Gift", balance=Money("0.00", "NZD"),
            expires_at=NOW - timedelta(days=400),
        )  # fmt: skip
        for code in (five, gift):
            self.give(ground, code)
        for refs, expected in (
            ([salon.ana], [five]),
            ([booking], [gift]),
            ([salon.ben, RecordRef.booking(salon.bens)], []),
            ([booking, salon.ana], [five, gift]),
            ([], []),
        ):
            found = self.read(ground, "active_codes", refs)
            told = [(one.ref, one.kind, one.code.reveal(), one.balance, one.credits_left) for one in found]
            wanted = [(one.ref, one.kind, one.code.reveal(), one.balance, one.credits_left) for one in expected]
            assert sorted(told, key=str) == sorted(wanted, key=str)

    def give(self, ground: HostGround, thing: ActiveCode | HeldThing) -> None:
        """One thing of the first business."""
        at = ground.businesses[0]
        self.put(lambda: ground.add_code(at, thing) if isinstance(thing, ActiveCode) else ground.add_holding(at, thing))

    def hold(self, ground: HostGround, ref: RecordRef, kind: HoldingKind, *amounts: Money | None) -> None:
        """Give that record so many things of that kind."""
        for amount in amounts:
            thing = HeldThing(id=f"held-{next(self._things)}", ref=ref, kind=kind, amount=amount)
            self.give(ground, thing)

    def held(self, ground: HostGround, *refs: RecordRef) -> list[Holding]:
        """What those records hold, in a fixed order."""
        return sorted(self.ask(ground, lambda host: host.holdings(refs)), key=str)

    def test_holdings(self, ground: HostGround) -> None:
        """Holdings are counted by record, kind and currency: sums of two currencies are never mixed."""
        self.needs(ground, "holdings")
        salon = self.salon(ground)
        ana, ben = salon.ana, salon.ben
        self.hold(ground, ana, HoldingKind.BALANCE, Money("50.00", "NZD"), Money("20.50", "NZD"), Money("30.00", "AUD"))
        self.hold(ground, ana, HoldingKind.DOCUMENT, None, None)
        self.hold(ground, ben, HoldingKind.INVOICE, Money("12.00", "NZD"))
        anas = [
            Holding(ana, HoldingKind.BALANCE, 2, Money("70.50", "NZD")),
            Holding(ana, HoldingKind.BALANCE, 1, Money("30.00", "AUD")),
            Holding(ana, HoldingKind.DOCUMENT, 2),
        ]
        bens = [Holding(ben, HoldingKind.INVOICE, 1, Money("12.00", "NZD"))]
        assert self.held(ground, ana) == sorted(anas, key=str)
        assert self.held(ground, ben, ana) == sorted([*anas, *bens], key=str)
        assert self.held(ground, RecordRef.client("987654321")) == self.held(ground) == []
        if self.can(ground).delete_client:
            self.do(ground, lambda host: host.delete_client(ana, self.key()))
            assert self.held(ground, ana) == sorted(anas, key=str), "also after the row is gone"

    # --- moving rows to a survivor, and back

    def every(self, ground: HostGround, ref: RecordRef) -> dict[str, Appointment]:
        """Every appointment of a record as the platform says it, by id."""
        return {one.id: one for when in When for one in self.all_of(ground, [ref], when, raw=True)}

    def moves(self, ground: HostGround, refs: list[RecordRef], to: RecordRef) -> HostAnswer:
        """Move the rows of those records to that one."""
        return self.do(ground, lambda host: host.reassign(refs, to, self.key()))

    def back(self, ground: HostGround, refs: list[RecordRef], to: RecordRef) -> HostAnswer:
        """Move what first was theirs to that one."""
        return self.do(ground, lambda host: host.restore(refs, to, self.key()))

    def third(self, ground: HostGround, salon: Salon) -> tuple[RecordRef, str]:
        """Another client with a booking."""
        cleo = self.add_client(ground, "cleo", first_name="Cleo", mobile="021 555 0142")
        wanted = booked("cleos", cleo, NOW + 3 * DAY, service_id=salon.service, booked_as="Cleo")
        return cleo, self.add_booked(ground, wanted)

    def test_reassign(self, ground: HostGround) -> None:
        """Every row of the merged records is the survivor's, counted, and for the client nothing else has changed."""
        self.needs(ground, "reassign")
        salon = self.salon(ground)
        cleo, cleos = self.third(ground, salon)
        anas, bens = self.every(ground, salon.ana), self.every(ground, salon.ben)
        answer = self.moves(ground, [salon.ben, cleo], salon.ana)
        assert sum(answer.moved.values()) >= 2
        assert answer.left == ()
        now = self.every(ground, salon.ana)
        assert set(now) == {*anas, *bens, cleos}
        assert (self.every(ground, salon.ben), self.every(ground, cleo)) == ({}, {})
        for id, before in {**anas, **bens}.items():
            after = now[id]
            assert (after.ref, after.moved_from) == (salon.ana, None if before.ref == salon.ana else before.ref)
            assert (after.version, after.booked_as, after.start) == (before.version, before.booked_as, before.start)
        again = self.moves(ground, [salon.ben, cleo], salon.ana)
        assert sum(again.moved.values()) == 0, "there was nothing left to move"

    def test_reassign_holdings(self, ground: HostGround) -> None:
        """What the merged records hold is the survivor's, neither lost nor doubled, and goes back whole."""
        self.needs(ground, "reassign", "holdings")
        salon = self.salon(ground)
        self.hold(ground, salon.ana, HoldingKind.BALANCE, Money("50.00", "NZD"))
        self.hold(ground, salon.ben, HoldingKind.BALANCE, Money("60.00", "NZD"), Money("10.00", "NZD"))
        self.hold(ground, salon.ben, HoldingKind.DOCUMENT, None)
        before = [self.held(ground, ref) for ref in (salon.ana, salon.ben)]
        self.moves(ground, [salon.ben], salon.ana)
        together = [
            Holding(salon.ana, HoldingKind.DOCUMENT, 1),
            Holding(salon.ana, HoldingKind.BALANCE, 3, Money("120.00", "NZD")),
        ]
        assert self.held(ground, salon.ana) == sorted(together, key=str)
        # Asked for both, each thing is counted for the record that it was moved from first: a plan says the same.
        assert self.held(ground, salon.ana, salon.ben) == sorted([*before[0], *before[1]], key=str)
        self.back(ground, [salon.ben], salon.ben)
        assert [self.held(ground, ref) for ref in (salon.ana, salon.ben)] == before

    def test_restore(self, ground: HostGround) -> None:
        """An undo takes back what was first theirs; what was booked at the survivor meanwhile stays there."""
        self.needs(ground, "reassign")
        salon = self.salon(ground)
        cleo, cleos = self.third(ground, salon)
        before = {ref: self.every(ground, ref) for ref in (salon.ana, salon.ben, cleo)}
        self.moves(ground, [salon.ben, cleo], salon.ana)
        later = self.add_booked(ground, booked("later", salon.ana, NOW + 6 * DAY, service_id=salon.service))
        self.back(ground, [salon.ben], salon.ben)
        assert self.every(ground, salon.ben) == before[salon.ben]
        assert set(self.every(ground, salon.ana)) == {*before[salon.ana], cleos, later}
        self.back(ground, [cleo], cleo)
        assert self.every(ground, cleo) == before[cleo]
        assert set(self.every(ground, salon.ana)) == {*before[salon.ana], later}

    def test_restore_a_chain(self, ground: HostGround) -> None:
        """Rows that moved twice still know where they came from first, and go back step by step."""
        self.needs(ground, "reassign")
        salon = self.salon(ground)
        cleo, cleos = self.third(ground, salon)
        before = {ref: self.every(ground, ref) for ref in (salon.ana, salon.ben, cleo)}
        self.moves(ground, [cleo], salon.ben)
        self.moves(ground, [salon.ben, cleo], salon.ana)
        assert set(self.every(ground, salon.ana)) == {*before[salon.ana], *before[salon.ben], cleos}
        self.back(ground, [salon.ben, cleo], salon.ben)
        assert set(self.every(ground, salon.ben)) == {*before[salon.ben], cleos}
        assert self.every(ground, salon.ana) == before[salon.ana]
        self.back(ground, [cleo], cleo)
        assert {ref: self.every(ground, ref) for ref in before} == before
        # As if they had never been moved: another merge, the other way round, goes back just the same.
        self.moves(ground, [salon.ana], cleo)
        self.back(ground, [salon.ana], salon.ana)
        assert {ref: self.every(ground, ref) for ref in before} == before

    def test_reassign_guests(self, ground: HostGround) -> None:
        """A guest's booking that is moved to a client stays a record of its own, with the contacts typed at it."""
        self.needs(ground, "reassign")
        self.keeps(ground, "guests")
        salon = self.salon(ground)
        typed = RawContacts(RecordRef.booking("gus"), **self.reached(ground, "021 555 0199", guest=True))
        wanted = booked("gus", typed.ref, NOW + DAY, service_id=salon.service, booked_as="Gus")
        gus = RecordRef.booking(self.add_booked(ground, wanted, contacts=typed))
        kept = ("mobile", "phone", "email", "name", "version")
        before = self.ask(ground, lambda host: self.record(host, gus))
        own = self.every(ground, gus)
        self.moves(ground, [gus], salon.ana)
        assert gus.id in self.every(ground, salon.ana)
        after = self.ask(ground, lambda host: self.record(host, gus))
        assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
        (told,) = [one for one in self.run(self.walked(ground)) if one.ref == gus]
        assert (told.mobile, told.phone, told.email) == (typed.mobile, typed.phone, typed.email)
        self.back(ground, [gus], gus)
        assert self.every(ground, gus) == own
        assert gus.id not in self.every(ground, salon.ana)

    def test_reassign_to_a_booking(self, ground: HostGround) -> None:
        """A single booking has room for nothing but itself: everything is left where it is, and said to be."""
        self.needs(ground, "reassign")
        self.keeps(ground, "guests")
        salon = self.salon(ground)
        wanted = booked("gus", RecordRef.booking("gus"), NOW + DAY, service_id=salon.service, booked_as="Gus")
        gus = RecordRef.booking(self.add_booked(ground, wanted, contacts=RawContacts(wanted.ref)))
        before = self.every(ground, salon.ana)
        answer = self.moves(ground, [salon.ana], gus)
        assert (sum(answer.moved.values()), bool(answer.left)) == (0, True)
        assert self.every(ground, salon.ana) == before

    def test_reassign_many(self, ground: HostGround) -> None:
        """A long history moves as a whole."""
        self.needs(ground, "reassign")
        salon = self.salon(ground)
        many = [
            self.add_booked(ground, booked(f"h{at}", salon.ben, NOW - (at + 1) * DAY, service_id=salon.service))
            for at in range(60)
        ]

        async def move(host: CheckedHost) -> HostAnswer:
            return await host.reassign([salon.ben], salon.ana, self.key())

        self.do(ground, move)
        assert set(many) <= set(self.every(ground, salon.ana))
        assert self.every(ground, salon.ben) == {}
