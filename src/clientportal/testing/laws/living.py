"""Living through a history: what the platform and its clients do, done through the doors and to the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import TypeVar

from attrs import evolve, frozen

from clientportal.decisions import Reason
from clientportal.errors import Conflict, Refused
from clientportal.outcomes import SignedIn
from clientportal.rules.whose_contact import contact_key
from clientportal.testing.laws.histories import BETWEEN_LOGINS, NUMBERS, THINGS, Newcomer, Step
from clientportal.testing.laws.looking import Eyes, Seen
from clientportal.testing.laws.model import Model, ModelBooking
from clientportal.testing.laws.platforms import Ground, Platform
from clientportal.testing.laws.telling import record_words
from clientportal.values import Appointment, AppointmentStatus, Business, ContactKind, HeldThing, RecordRef

__all__ = ["Lived", "MadeMerge"]

T = TypeVar("T")

_ids = count(1)


@frozen
class MadeMerge:
    """A merge that was granted, and can be undone."""

    business: str
    id: str
    survivor: RecordRef
    absorbed: RecordRef


class Lived:
    """Two businesses on one platform, each with the model of what should be so.

    Every mismatch is raised as :class:`~clientportal.testing.laws.looking.Broke`. ``told`` says in words what happened.
    """

    def __init__(self, platform: Platform, ground: Ground, clients: Sequence[Sequence[Newcomer]]) -> None:
        self.platform = platform
        self.ground = ground
        self.told: list[str] = []
        self.models: dict[str, Model] = {}
        self.merges: list[MadeMerge] = []
        self.eyes = Eyes(platform, ground, self.models)
        for newcomers in clients:
            business = f"law-{next(_ids)}"
            platform.add_business(Business(business, "Kōwhai Hair", "Pacific/Auckland"))
            self.models[business] = Model()
            platform.portal.walk_contacts(business)
            for newcomer in newcomers:
                self._add(business, newcomer)

    @property
    def asked(self) -> Counter[int]:
        """How often each law was asked."""
        return self.eyes.asked

    # --- the platform

    def _add(self, business: str, newcomer: Newcomer) -> None:
        model = self.models[business]
        # Ids are the same in every business: whoever mixes businesses up finds somebody.
        ref = RecordRef.client(f"c{len(model.refs) + 1}")
        self._store(business, newcomer.record(ref))
        self.told.append(f"{business}: {record_words(model.rows[ref])}")
        if newcomer.holds is not None:
            self._hold(business, ref, newcomer.holds)

    def _store(self, business: str, record: object) -> None:
        self.platform.put_client(business, record)  # type: ignore[arg-type]
        self._told_of(business, record.ref)  # type: ignore[attr-defined]

    def _told_of(self, business: str, ref: RecordRef) -> None:
        """The portal and the model hear of a row as the platform has it."""
        self.platform.portal.contact_changed(business, ref)
        row = self.platform.client(business, ref)
        assert row is not None, f"the platform has lost {ref}"
        self.models[business].know(row)

    def _add_another(self, business: str, step: Step) -> bool:
        if len(self.models[business].refs) > 6:
            return False
        self._add(
            business,
            Newcomer(step.first % 4, step.number, step.second % 3, step.second % 4, step.first % 3, None, False),
        )
        return True

    def _book(self, business: str, step: Step) -> bool:
        ref = self._row(business, step.first)
        if ref is None:
            return False
        model, now = self.models[business], self.ground.clock()
        # Half of all bookings are made at the very moment of another: ties are broken all the same.
        start = now + timedelta(days=3 + step.number - 4 * (step.second % 2), hours=step.first)
        booking = ModelBooking(f"a{len(model.bookings) + 1}", ref, start, now)
        model.bookings[booking.id] = booking
        end = start + timedelta(minutes=45)
        appointment = Appointment(
            id=booking.id, ref=ref, service_id="cut", start=start, end=end, zone="Pacific/Auckland",
            status=AppointmentStatus.CONFIRMED, made_at=now, service_name="Cut",
        )  # fmt: skip
        self.platform.put_appointment(business, appointment)
        self.told.append(f"{business}: {booking.id} is booked for {ref}, on {start:%Y-%m-%d %H:%M}")
        return True

    def _give(self, business: str, step: Step) -> bool:
        ref = self._row(business, step.first)
        if ref is None:
            return False
        self._hold(business, ref, step.second + step.number)
        return True

    def _hold(self, business: str, ref: RecordRef, which: int) -> None:
        model = self.models[business]
        kind, amount, credits = THINGS[which % len(THINGS)]
        thing = HeldThing(id=f"h{len(model.things) + 1}", ref=ref, kind=kind, amount=amount, credits=credits)
        model.things.append(thing)
        self.platform.put_holding(business, thing)
        worth = "" if amount is None else f" of {amount}"
        self.told.append(f"{business}: {ref} gets a {kind.value}{worth}")

    def _change_contact(self, business: str, step: Step) -> bool:
        ref = self._row(business, step.first)
        if ref is None:
            return False
        mobile = NUMBERS[step.number][step.second % 3]
        self._store(business, evolve(self.models[business].rows[ref], mobile=mobile))
        self.told.append(f"{business}: the mobile of {ref} is {mobile!r} now")
        return True

    # --- clients

    def _log_in(self, business: str, step: Step) -> bool:
        number = NUMBERS[step.number][step.first % 3]
        model, portal = self.models[business], self.platform.portal
        self.ground.clock.advance(BETWEEN_LOGINS)
        meant = model.found_by(number, self.ground.policy.contacts.region)
        sent = portal.visitor(business).request_code(number)
        portal.deliver(business)
        signed_in = portal.visitor(business).verify_code(sent.handle, self.ground.letters.last_code())
        self.told.append(f"{business}: somebody logs in with a code to {number!r}; {signed_in.record} is opened")
        self.eyes.same(4, signed_in.new_record, meant is None, f"A new record for {number}")
        if meant is None:
            self._welcome(business, signed_in)
        else:
            self.eyes.same(4, signed_in.record, meant, f"Whom {number} opens")
        self._remember(business, signed_in, number)
        return True

    def _welcome(self, business: str, signed_in: SignedIn) -> None:
        """A record was made for a number that nobody had (T6)."""
        assert signed_in.record is not None
        self._told_of(business, signed_in.record)

    def _remember(self, business: str, signed_in: SignedIn, number: str) -> None:
        assert signed_in.record is not None
        key = contact_key(ContactKind.MOBILE, number, self.ground.policy.contacts.region)
        self.eyes.sessions.append(Seen(business, signed_in.token, signed_in.record, str(key), number))

    def _not_me(self, business: str, step: Step) -> bool:
        mine = [one for one in self.eyes.sessions if one.business == business]
        if not mine:
            return False
        model, session = self.models[business], mine[step.first % len(mine)]
        self.ground.clock.advance(BETWEEN_LOGINS)
        detached = self.platform.portal.client(session.token).not_me()
        self.told.append(f"{business}: the session of {session.entry} says: this is not me")
        model.taken_off |= {(session.key, ref) for ref in model.person(session.entry)}
        self.eyes.sessions = [one for one in self.eyes.sessions if (one.business, one.key) != (business, session.key)]
        if detached.signed_in is not None:
            self._welcome(business, detached.signed_in)
            self._remember(business, detached.signed_in, session.number)
        return True

    # --- whom a step is about

    def _any(self, business: str, number: int) -> RecordRef:
        refs = self.models[business].refs
        return refs[number % len(refs)]

    def _row(self, business: str, number: int) -> RecordRef | None:
        ref = self._any(business, number)
        return ref if ref in self.models[business].rows else None

    def _pair(self, business: str, step: Step) -> tuple[RecordRef, RecordRef]:
        return self._any(business, step.first), self._any(business, step.second)

    def _answer(self, call: Callable[[], T]) -> T | Reason:
        """What was answered, or why it was refused; what was in somebody's way is tried again, as callers do."""
        for _ in range(20):
            try:
                return call()
            except Conflict:
                continue
            except Refused as refused:
                if refused.reason is not Reason.BUSY:
                    return refused.reason
        return Reason.BUSY
