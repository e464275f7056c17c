"""The part of the host contract about changing appointments: move, cancel, book, delete."""

from __future__ import annotations

import inspect
from datetime import datetime
from typing import Any

import pytest

from clientportal.operations.trusting import CheckedHost
from clientportal.testing.contracts.host_frame import DAY, NOW, Salon, booked
from clientportal.testing.contracts.host_ground import HostGround, NotOnThisPlatform
from clientportal.testing.contracts.host_writes import WRITES, WritingHost
from clientportal.values import AnswerKind, Appointment, ClientDraft, HostAnswer, Money, RecordRef, Slot, When

__all__ = ["ChangingHost"]


class ChangingHost(WritingHost):
    """A platform may keep the id of a moved appointment or make a new one, and may delete what is cancelled."""

    async def moved(self, ground: HostGround, salon: Salon, id: str, slot: str) -> HostAnswer:
        """Move that appointment into that free time."""

        async def work(host: CheckedHost) -> HostAnswer:
            return await self.versioned(host, salon, "move", await self.appointment(host, id), self.key(), slot)

        return await self.done(ground, work, salon.business)

    def free_at(self, ground: HostGround, salon: Salon, start: datetime) -> list[Slot]:
        """The free times that start then."""
        return list(self.ask(ground, lambda host: host.slots(salon.service, None, start, start + ground.precision, 9)))

    def is_open(self, ground: HostGround, id: str) -> bool:
        """Whether that appointment is still to happen."""
        one = self.ask(ground, lambda host: host.appointment(id))
        return one is not None and one.status.open

    def settled(self, answer: HostAnswer) -> HostAnswer:
        """That answer, where the business need not agree first."""
        if answer.kind is AnswerKind.WAITS:
            self.not_declared("changes without the business's approval")
        assert answer.kind is AnswerKind.DONE
        return answer

    def test_move(self, ground: HostGround) -> None:
        """A moved appointment stands in its new time and nowhere else; that time is taken, the one it left is free."""
        self.needs(ground, "move", "slots")
        salon = self.salon(ground)
        first, second = (self.read(ground, "slot", id) for id in salon.slots)
        assert first is not None
        assert second is not None
        before = self.ask(ground, lambda host: self.appointment(host, salon.next))
        after = self.settled(self.run(self.moved(ground, salon, salon.next, first.id))).appointment
        assert after is not None
        self._stands_in(ground, salon, before, after, first)
        again = self.settled(self.run(self.moved(ground, salon, after.id, second.id))).appointment
        assert again is not None
        self._stands_in(ground, salon, after, again, second)
        assert [one.start for one in self.free_at(ground, salon, first.start)] == [first.start]

    def _stands_in(self, ground: HostGround, salon: Salon, before: Appointment, after: Appointment, slot: Slot) -> None:
        assert after == self.ask(ground, lambda host: host.appointment(after.id)), "the answer is what is there"
        assert (after.start, after.end, after.zone, after.service_id) == (
            slot.start,
            slot.end,
            slot.zone,
            salon.service,
        )
        assert (after.ref, after.booked_as) == (before.ref, before.booked_as)
        assert (after.id, after.version) != (before.id, before.version), "a change changes the version"
        assert self.ask(ground, lambda host: host.slot(slot.id)) is None, "the time is taken"
        assert self.free_at(ground, salon, slot.start) == []
        still = [one.id for one in self.all_of(ground, [salon.ana], When.UPCOMING) if one.status.open]
        assert still == [after.id], "it stands in one place"

    def test_waits(self, ground: HostGround) -> None:
        """Where the business has to agree first, a change is a request: nothing moves and nothing is free meanwhile."""
        self.needs(ground, "move", "slots")
        salon = self.salon(ground)
        before = self.ask(ground, lambda host: self.appointment(host, salon.next))
        answer = self.run(self.moved(ground, salon, salon.next, salon.slots[0]))
        if answer.kind is not AnswerKind.WAITS:
            self.not_declared("changes that the business has to agree to")
        one = self.ask(ground, lambda host: self.appointment(host, salon.next))
        assert (one.start, one.status.value) == (before.start, "requested")
        assert one.version != before.version

    @pytest.mark.parametrize("write", ["move", "book"])
    def test_taken(self, ground: HostGround, write: str) -> None:
        """Who comes too late for a time is told ``TAKEN``, and nothing is written."""
        self.needs(ground, write, "slots")
        salon = self.salon(ground)
        slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
        assert slot is not None

        async def take(host: CheckedHost, id: str, ref: RecordRef) -> HostAnswer:
            if write == "book":
                return await host.book(ref, slot, "", self.key())
            return await host.move(await self.appointment(host, id), slot, None, self.key())

        self.settled(self.do(ground, lambda host: take(host, salon.next, salon.ana)))
        before = self.run(self.picture(ground, salon))
        assert self.do(ground, lambda host: take(host, salon.bens, salon.ben)).kind is AnswerKind.TAKEN
        assert self.run(self.picture(ground, salon)) == before

    def test_cancel(self, ground: HostGround) -> None:
        """A cancelled appointment is open no more, also for whoever looks next, and its time is free again."""
        self.needs(ground, "cancel")
        salon, can = self.salon(ground), self.can(ground)
        id, slot = salon.next, None
        if can.move and can.slots:
            slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
            moved = self.settled(self.run(self.moved(ground, salon, salon.next, salon.slots[0]))).appointment
            assert moved is not None
            id = moved.id
        before = self.ask(ground, lambda host: self.appointment(host, id))
        answer = self.settled(self.do(ground, lambda host: host.cancel(before, None, self.key())))
        assert answer.appointment == self.ask(ground, lambda host: host.appointment(id))
        assert not self.is_open(ground, id)
        if answer.appointment is not None:
            assert answer.appointment.version != before.version
            assert answer.appointment.start == before.start
        if slot is not None:
            assert [one.start for one in self.free_at(ground, salon, slot.start)] == [slot.start]
        else:
            self.untried("free times (that its time is free again)")
        assert self.is_open(ground, salon.bens), "nobody else's"

    @pytest.mark.parametrize("write", ["cancel", "move"])
    def test_fee(self, ground: HostGround, write: str) -> None:
        """A write that is handed a fee charges it with the change, or is ``DECLINED`` and changes nothing."""
        self.needs(ground, *WRITES[write])
        salon, fee = self.salon(ground), Money("10.00", ground.currency)
        before = self.run(self.picture(ground, salon))
        one = self.ask(ground, lambda host: self.appointment(host, salon.next))

        async def change(host: CheckedHost) -> HostAnswer:
            if write == "cancel":
                return await host.cancel(one, fee, self.key())
            free = await host.slot(salon.slots[0])
            assert free is not None
            return await host.move(one, free, fee, self.key())

        answer = self.do(ground, change)
        if answer.kind is AnswerKind.DECLINED:
            assert self.run(self.picture(ground, salon)) == before
            return
        self.settled(answer)
        id = answer.appointment.id if answer.appointment is not None else one.id
        assert self._owed(ground, salon, id) == fee, "done, and the fee is not charged"
        assert self._owed(ground, salon, salon.bens) is None, "nobody else's"

    def _owed(self, ground: HostGround, salon: Salon, id: str) -> Money | None:
        async def look() -> Money | None:
            said: Any = ground.owed(salon.business, id)
            owed: Money | None = await said if inspect.isawaitable(said) else said
            return owed

        try:
            return self.run(look())
        except NotOnThisPlatform:
            self.not_declared("what is charged (HostGround.owed)")

    def test_book(self, ground: HostGround) -> None:
        """A new booking stands in that time, for that record, under that name, made now; the time is taken."""
        self.needs(ground, "book", "slots")
        salon = self.salon(ground)
        slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
        assert slot is not None
        answer = self.do(ground, lambda host: host.book(salon.ben, slot, "Ben's mum", self.key()))
        made = answer.appointment
        assert made is not None, "the answer names the booking"
        assert made == self.ask(ground, lambda host: host.appointment(made.id))
        assert (made.ref, made.service_id, made.start, made.end) == (salon.ben, salon.service, slot.start, slot.end)
        if self.has(ground, "booked_as"):
            assert made.booked_as == "Ben's mum"
        assert made.id in [one.id for one in self.all_of(ground, [salon.ben], When.UPCOMING)]
        assert self.ask(ground, lambda host: host.slot(slot.id)) is None
        (ben,) = self.ask(ground, lambda host: host.clients([salon.ben]))
        assert ben.last_booked_at is not None
        assert ben.last_booked_at >= made.made_at, "it is their newest booking"

    def test_book_for_nobody(self, ground: HostGround) -> None:
        """A booking for a record that is not there is ``DECLINED``, and the time stays free."""
        self.needs(ground, "book", "slots")
        salon = self.salon(ground)
        slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
        assert slot is not None
        before = self.run(self.picture(ground, salon))
        nobody = RecordRef.client("987654321")
        answer = self.do(ground, lambda host: host.book(nobody, slot, "Nobody", self.key()))
        assert answer.kind is AnswerKind.DECLINED
        assert self.run(self.picture(ground, salon)) == before

    def test_delete_appointment(self, ground: HostGround) -> None:
        """A deleted appointment is in no list, an open one's time is free again; twice does no harm."""
        self.needs(ground, "delete_appointment")
        salon, can = self.salon(ground), self.can(ground)
        id, slot = salon.next, None
        if can.move and can.slots:
            slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
            moved = self.run(self.moved(ground, salon, salon.next, salon.slots[0]))
            if moved.kind is AnswerKind.DONE and moved.appointment is not None:
                id = moved.appointment.id
            else:
                slot = None
        for one_id in (id, salon.last):
            one = self.read(ground, "appointment", one_id)
            answer = self.change(ground, "delete_appointment", one, self.key())
            assert (answer.kind, answer.appointment) == (AnswerKind.DONE, None)
            assert self.read(ground, "appointment", one_id) is None
            again = self.change(ground, "delete_appointment", one, self.key())
            assert again.kind is AnswerKind.DECLINED
        gone = {id, salon.last}
        for when in When:
            refs = [salon.ana, *(RecordRef.booking(one) for one in gone)]
            assert not gone & {one.id for one in self.all_of(ground, refs, when)}
        if slot is not None:
            assert [one.start for one in self.free_at(ground, salon, slot.start)] == [slot.start]
        else:
            self.untried("free times (that its time is free again)")
        assert self.is_open(ground, salon.bens), "nobody else's"

    def test_an_id_is_never_given_again(self, ground: HostGround) -> None:
        """A new row never gets the id of one that is gone: its history, and its records here, would come with it."""
        can = self.can(ground)
        clients, appointments = (
            can.delete_client and can.create_client,
            can.delete_appointment and can.book and can.slots,
        )
        if not (clients or appointments):
            self.not_declared("delete_client and create_client, or delete_appointment, book and slots")
        if clients:
            gone = self.add_client(ground, "zz-gone", first_name="Gone")
            self.do(ground, lambda host: host.delete_client(gone, self.key()))
            made = self.do(ground, lambda host: host.create_client(ClientDraft("New"), self.key())).ref
            assert made != gone
        else:
            self.untried("delete_client and create_client")
        if appointments:
            salon = self.salon(ground)
            last = self.add_booked(ground, booked("zz-last", salon.ana, NOW + 8 * DAY, service_id=salon.service))
            one = self.ask(ground, lambda host: self.appointment(host, last))
            self.do(ground, lambda host: host.delete_appointment(one, self.key()))
            slot = self.ask(ground, lambda host: host.slot(salon.slots[0]))
            assert slot is not None
            answer = self.do(ground, lambda host: host.book(salon.ana, slot, "", self.key()))
            assert answer.appointment is not None
            assert answer.appointment.id != last
        else:
            self.untried("delete_appointment, book and slots")
