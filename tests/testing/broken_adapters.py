"""Adapters with one defect each, such as real ones have had: the in-memory host with one method done wrong.

The name of a class is its defect, its docstring says what is wrong, and the line above it names the test of the
contract that catches it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from attrs import evolve, frozen

from clientportal.errors import Conflict, HostError
from clientportal.ports import AnswerKind, ContactPage
from clientportal.stores.memory import MemoryHost, MemoryStore
from clientportal.stores.memory.host_rows import AppointmentRow, rows_of
from clientportal.testing.contracts import HostGround, ShippedGround
from clientportal.values import (
    AppointmentPage,
    Business,
    ClientPage,
    HostAnswer,
    Money,
    Offer,
    Prefill,
    RecordKind,
    RecordRef,
    Service,
    Slot,
    When,
)

__all__ = ["BROKEN_HOSTS", "BrokenHost"]


@frozen
class BrokenHost:
    """One defect, and the test that catches it."""

    host: type[MemoryHost]
    test: str
    arguments: tuple[Any, ...]
    elsewhere: bool

    def __str__(self) -> str:
        return "-".join((self.host.__name__, self.test.removeprefix("test_"), *map(str, self.arguments)))

    def ground(self, *, whole: bool = False) -> HostGround:
        """A fresh platform with that defect, or the same without it."""
        store = MemoryStore()
        host: Any = MemoryHost if whole else type(self.host.__name__, (self.host,), {"everybody": store})
        return ShippedGround(store, host.elsewhere() if self.elsewhere else host)


BROKEN_HOSTS: list[BrokenHost] = []
Made = TypeVar("Made", bound="type[MemoryHost]")


def caught_by(test: str, *arguments: Any, elsewhere: bool = False) -> Callable[[Made], Made]:
    """Note which test catches the class below."""

    def note(host: Made) -> Made:
        BROKEN_HOSTS.append(BrokenHost(host, test, arguments, elsewhere))
        return host

    return note


def numbered(items: Sequence[Any], after: str | None, limit: int) -> tuple[tuple[Any, ...], str | None]:
    """A page whose cursor counts what went before it."""
    begin = int(after or 0)
    return tuple(items[begin : begin + limit]), str(begin + limit) if len(items) > begin + limit else None


class Broken(MemoryHost):
    """What the defects share."""

    everybody: ClassVar[MemoryStore]

    def whole(self, refs: Sequence[RecordRef], when: When, now: datetime) -> list[Any]:
        """The whole list as it should be."""
        return list(MemoryHost.appointments(self, refs, when, now, None, 100_000).items)

    def relisted(self, items: Sequence[Any], after: str | None, limit: int) -> AppointmentPage:
        """Another list instead."""
        return AppointmentPage(*numbered(items, after, limit))


# --- a WHERE without the tenant, in each method


class NoTenant(Broken):
    """Every business's rows are one table to a method."""

    def there(self, method: str, *arguments: Any) -> Any:
        """What the same statement does to the other business's rows."""
        other = next(one for one in HostGround.businesses if one != self.tenant)
        try:
            with self.everybody.transaction(other) as tx:
                return getattr(MemoryHost(tx, other), method)(*arguments)
        except (Conflict, HostError):
            return None


def _no_tenant(method: str, elsewhere: bool = False) -> None:
    def broken(self: NoTenant, *arguments: Any) -> Any:
        there = self.there(method, *arguments)
        here = getattr(MemoryHost, method)(self, *arguments)
        if here is None or (isinstance(here, HostAnswer) and here.kind in (AnswerKind.DECLINED, AnswerKind.TAKEN)):
            return there or here
        if isinstance(here, list):
            return [*here, *(one for one in there if one not in here)]
        if isinstance(here, AppointmentPage | ContactPage | ClientPage):
            return type(here)((*here.items, *there.items))
        return Prefill((*here.answers, *there.answers)) if isinstance(here, Prefill) else here

    made = type(f"NoTenantIn_{method}", (NoTenant,), {method: broken, "__doc__": f"{method}() forgets the tenant."})
    caught_by("test_tenants", method, elsewhere=elsewhere)(made)


for _method in (
    "clients", "contacts", "appointments", "appointment", "service", "slots", "slot", "client_list", "prefill",
    "active_codes", "holdings", "create_client", "create_clients", "update_client", "delete_client", "erase_client",
    "move", "cancel", "book", "delete_appointment", "reassign", "restore",
):  # fmt: skip
    _no_tenant(_method)


@caught_by("test_tenants", "business")
class AnyBusiness(Broken):
    """business() reads the first row of the table."""

    def business(self) -> Business:
        return Business(self.tenant, "Kōwhai Hair", "Pacific/Auckland")


@caught_by("test_tenants", "offer")
class RulesOfAnybody(NoTenant):
    """offer() looks the deposit up by the id alone."""

    def offer(self, appointment: Any, change: Any) -> Offer:
        known = self.there("appointment", appointment.id) or self.appointment(appointment.id)
        return Offer(forfeits=Money("20.00", "NZD") if known else None)


@caught_by("test_tenants", "heard")
class FollowsEverywhere(NoTenant):
    """heard() hides the merged record on the screens of every business."""

    def heard(self, event: Any) -> None:
        self.there("delete_client", RecordRef.parse(dict(event.facts)["absorbed"]), "heard")


@caught_by("test_tenants", "outcome", elsewhere=True)
class KeysOfAnybody(Broken):
    """outcome() looks answers up by the key alone."""

    def outcome(self, key: str) -> HostAnswer | None:
        assert self.home is not None
        for business in HostGround.businesses:
            with self.home.transaction(business) as tx:
                found: Any = tx.get("answers", key)
                if found is not None:
                    return found
        return None


@caught_by("test_by_contact")
class FindsTheSpelling(Broken):
    """by_contact() compares the normalised contact with what somebody typed."""

    capabilities = evolve(MemoryHost.capabilities, by_contact=True)

    def by_contact(self, key: Any) -> Sequence[RecordRef]:
        return [one.ref for one in self.contacts(None, 99).items if getattr(one, key.kind.value) == key.value]


@caught_by("test_tenants", "by_contact")
class FindsAnybody(NoTenant):
    """by_contact() looks a contact up in the whole table."""

    capabilities = evolve(MemoryHost.capabilities, by_contact=True)

    def by_contact(self, key: Any) -> Sequence[RecordRef]:
        typed = key.value.replace("+64", "0")
        every = [*self.contacts(None, 99).items, *self.there("contacts", None, 99).items]
        return [one.ref for one in every if (getattr(one, key.kind.value) or "").replace(" ", "") == typed]


# --- reads


@caught_by("test_clients_in_one_answer")
class AbsentIsAnError(Broken):
    """clients() raises where one of the refs is not there."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        found = super().clients(refs)
        if len(found) < len(set(refs)):
            raise HostError("no such client")
        return found


@caught_by("test_last_booked")
class LastBookedByStart(Broken):
    """last_booked_at is the start of the latest appointment."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        found = super().clients(refs)
        with self.rows() as tx:
            every = [row.appointment for row in rows_of(tx, "appointments", AppointmentRow)]
        starts = {one.ref: max((a.start for a in every if a.ref == one.ref), default=None) for one in found}
        return [evolve(one, last_booked_at=starts[one.ref]) for one in found]


@caught_by("test_last_booked")
class LastBookedOfOpenOnes(Broken):
    """last_booked_at leaves cancelled bookings out."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        found = super().clients(refs)
        with self.rows() as tx:
            every = [row.appointment for row in rows_of(tx, "appointments", AppointmentRow)]
        made = {
            one.ref: max((a.made_at for a in every if a.ref == one.ref and a.status.open), default=None)
            for one in found
        }
        return [evolve(one, last_booked_at=made[one.ref]) for one in found]


@caught_by("test_contacts_are_raw", "mobile")
class TidyNumbers(Broken):
    """clients() hands numbers over without what people write between the digits."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        return [evolve(one, mobile=one.mobile and re.sub(r"[^\d+]", "", one.mobile)) for one in super().clients(refs)]


@caught_by("test_contacts_are_raw", "email")
class LowerEmails(Broken):
    """contacts() folds the case of emails."""

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        page = super().contacts(after, limit)
        return evolve(page, items=tuple(evolve(one, email=one.email and one.email.lower()) for one in page.items))


@caught_by("test_walk")
class WalksClientsAlone(Broken):
    """contacts() leaves out bookings that are their own record."""

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        page = super().contacts(after, limit)
        return evolve(page, items=tuple(one for one in page.items if one.ref.kind is RecordKind.CLIENT))


@caught_by("test_contacts_meanwhile")
class WalksByNumber(Broken):
    """contacts() is LIMIT and OFFSET."""

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        return ContactPage(*numbered(super().contacts(None, 99_999).items, after, limit))


@caught_by("test_appointments_meanwhile", When.UPCOMING)
@caught_by("test_appointments_meanwhile", When.PAST)
class PagesByNumber(Broken):
    """appointments() is LIMIT and OFFSET."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        return self.relisted(self.whole(refs, when, now), after, limit)


@caught_by("test_client_list_meanwhile")
class ListsByNumber(Broken):
    """client_list() is LIMIT and OFFSET."""

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        return ClientPage(*numbered(super().client_list(search, None, 99_999).items, after, limit))


@caught_by("test_order", When.PAST)
class PastEarliestFirst(Broken):
    """appointments() lists both lists in one direction."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        return self.relisted(sorted(self.whole(refs, when, now), key=lambda one: (one.start, one.id)), after, limit)


@caught_by("test_order", When.UPCOMING)
class TiesAtRandom(Broken):
    """appointments() orders by the start alone, so that ties fall as they like in each statement."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        found = sorted(self.whole(refs, when, now), key=lambda one: (one.start, hash((one.id, after, limit))))
        return self.relisted(found, after, limit)


@caught_by("test_clock_changes", "Pacific/Auckland")
@caught_by("test_clock_changes", "Australia/Lord_Howe")
class ByWallClock(Broken):
    """appointments() is ordered by the local time as text."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        found = self.whole(refs, when, now)
        found.sort(key=lambda one: f"{one.local_start:%Y-%m-%d %H:%M}", reverse=when is When.PAST)
        return self.relisted(found, after, limit)


@caught_by("test_second_hour")
@caught_by("test_clock_changes", "America/New_York")
class WallClocksWithoutOffset(Broken):
    """Times are stored as wall clocks, and the hour that comes twice is read as the first."""

    async def add_appointments(self, appointments: Any, **more: Any) -> None:
        kept: list[Any] = []
        for one in appointments:
            start, end = self.stored(one.start, one.zone), self.stored(one.end, one.zone)
            kept.append(evolve(one, start=start, end=max(start, end)))
        await super().add_appointments(kept, **more)

    def stored(self, moment: datetime, zone: str) -> datetime:
        """Written down and read back."""
        place = ZoneInfo(zone)
        return moment.astimezone(place).replace(tzinfo=place, fold=0).astimezone(UTC)


@caught_by("test_split_at_now")
class EndsNowIsUpcoming(Broken):
    """What ends at now is upcoming (>= instead of >)."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        return super().appointments(refs, when, now - timedelta(microseconds=1), after, limit)


@caught_by("test_split_at_now")
class SplitByStart(Broken):
    """What has begun is past."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        every = [*self.whole(refs, When.PAST, now)[::-1], *self.whole(refs, When.UPCOMING, now)]
        found = [one for one in every if (one.start > now) is (when is When.UPCOMING)]
        return self.relisted(found if when is When.UPCOMING else found[::-1], after, limit)


@caught_by("test_precision")
class WholeSeconds(Broken):
    """Times lose their fractions of a second."""

    async def add_appointments(self, appointments: Any, **more: Any) -> None:
        await super().add_appointments(
            [evolve(one, start=one.start.replace(microsecond=0), end=one.end.replace(microsecond=0))
             for one in appointments], **more)  # fmt: skip


@caught_by("test_appointment")
class NaiveTimes(Broken):
    """appointment() hands over times without a zone."""

    def appointment(self, id: str) -> Any:
        found = super().appointment(id)
        return found and evolve(found, start=found.start.replace(tzinfo=None))


@caught_by("test_appointment")
class OpenOnesAlone(Broken):
    """appointments() leaves cancelled ones out."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        found = [one for one in self.whole(refs, when, now) if one.status.value != "cancelled"]
        return self.relisted(found, after, limit)


@caught_by("test_single_bookings")
class BookingsOfGuestsAlone(Broken):
    """appointments() knows ``booking:`` only where the booking has no client row."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        return self.relisted([one for one in self.whole(refs, when, now) if one.ref in refs], after, limit)


@caught_by("test_single_bookings")
class ListedTwice(Broken):
    """appointments() asks for clients and for single bookings, and adds the answers."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        found = [one for ref in dict.fromkeys(refs) for one in self.whole([ref], when, now)]
        return self.relisted(sorted(found, key=lambda one: one.start), after, limit)


@caught_by("test_thousands_of_refs")
class OneParameterEach(Broken):
    """appointments() has a parameter for each ref."""

    def appointments(self, refs: Any, when: Any, now: datetime, after: str | None, limit: int) -> AppointmentPage:
        if len(refs) > 32_766:
            raise RuntimeError("too many SQL variables")
        return super().appointments(refs, when, now, after, limit)


@caught_by("test_odd_ids")
class CastsTheId(Broken):
    """appointment() lets the database cast the id."""

    def appointment(self, id: str) -> Any:
        if len(id) > 300 or "\x00" in id:
            raise RuntimeError("DataError")
        return super().appointment(id.strip())


@caught_by("test_odd_refs")
class CastsTheRefs(Broken):
    """clients() casts ids to numbers for a column that has none."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        for ref in refs:
            if ref.id[:1] in "-+.0123456789":
                int(ref.id)
        return super().clients(refs)


@caught_by("test_cursors", "contacts")
class AnyCursor(Broken):
    """contacts() takes a cursor that it cannot read for the beginning."""

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        try:
            return super().contacts(after, limit)
        except ValueError:
            return super().contacts(None, limit)


@caught_by("test_slots")
class UntilIsIncluded(Broken):
    """slots() takes the end of the period in."""

    def slots(self, service_id: str, staff_id: Any, since: datetime, until: datetime, limit: int) -> Sequence[Slot]:
        return super().slots(service_id, staff_id, since, until + timedelta(microseconds=1), limit)


@caught_by("test_service")
class BookableRegardless(Broken):
    """service() says of every service that it can be booked."""

    def service(self, id: str) -> Service | None:
        found = super().service(id)
        return found and evolve(found, bookable_online=True)


# --- changing appointments


@caught_by("test_stale", "cancel")
@caught_by("test_stale", "move")
@caught_by("test_race_for_a_version", "cancel")
class VersionUnchecked(Broken):
    """Writes go to the row, whatever its version."""

    def _current(self, tx: Any, appointment: Any) -> AppointmentRow:
        row: Any = tx.get("appointments", appointment.id)
        if row is None:
            raise Conflict("gone")
        return row


@caught_by("test_race_for_a_version", "cancel", elsewhere=True)
class VersionCheckedBefore(Broken):
    """The version is read by a statement of its own, and written by another."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        now = self.appointment(appointment.id)
        if now is None or now.version != appointment.version:
            raise Conflict("it has changed")
        time.sleep(0.25)  # long enough for another to have looked as well, on a machine that is busy
        while True:
            try:
                return super().cancel(self.appointment(appointment.id), fee, key)
            except Conflict:
                continue


@caught_by("test_taken", "move")
@caught_by("test_taken", "book")
@caught_by("test_race_for_a_slot", "book")
class TakenTwice(Broken):
    """A free time is whatever the page showed."""

    def _free(self, tx: Any, slot: Slot) -> Slot:
        return slot

    def slot(self, id: str) -> Slot | None:
        return super().slot(id)


@caught_by("test_race_for_a_slot", "book", elsewhere=True)
class FreeBefore(Broken):
    """Whether a time is free is read by a statement of its own."""

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        if self.slot(slot.id) is None:
            return HostAnswer(AnswerKind.TAKEN)
        time.sleep(0.25)  # long enough for another to have looked as well, on a machine that is busy
        with self.rows() as tx:
            made = evolve(
                self._template(), id=f"b-{key}", ref=ref, start=slot.start, end=slot.end, service_id=slot.service_id
            )
            tx.put("appointments", made.id, AppointmentRow(made))
        with self.rows() as tx:
            tx.remove("slots", slot.id)
        return HostAnswer(appointment=made)

    def _template(self) -> Any:
        with self.rows() as tx:
            return next(rows_of(tx, "appointments", AppointmentRow)).appointment


@caught_by("test_rolls_back", "cancel")
@caught_by("test_with_the_portal", "cancel")
@caught_by("test_joins_the_callers_transaction", "rollback")
class CommitsByItself(Broken):
    """cancel() has a connection of its own."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        with self.everybody.transaction(self.tenant) as tx:
            return MemoryHost(tx, self.tenant).cancel(appointment, fee, key)


@caught_by("test_stale", "cancel")
class SwallowsConflicts(Broken):
    """cancel() takes a conflict for a success."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        try:
            return super().cancel(appointment, fee, key)
        except Conflict:
            return HostAnswer(appointment=self.appointment(appointment.id))


@caught_by("test_move")
class OldTimeStaysTaken(Broken):
    """move() does not give the old time back."""

    def _give_back(self, tx: Any, row: Any) -> None:
        return None


@caught_by("test_cancel")
class TimeStaysTaken(OldTimeStaysTaken):
    """cancel() does not give the time back."""


@caught_by("test_delete_appointment")
class DeletedTimeStaysTaken(OldTimeStaysTaken):
    """delete_appointment() does not give the time back."""


@caught_by("test_delete_appointment")
class DeletedIsCancelled(Broken):
    """delete_appointment() only marks the row."""

    def delete_appointment(self, appointment: Any, key: str) -> HostAnswer:
        answer = self.cancel(appointment, None, key)
        return evolve(answer, appointment=None)


@caught_by("test_move")
class MovesACopy(Broken):
    """move() books anew and leaves the old appointment as it was."""

    move_makes_new_id = True

    def _cancel(self, tx: Any, row: Any, fee: Any) -> HostAnswer:
        return HostAnswer()


@caught_by("test_move")
class MovedUnderTheOldVersion(Broken):
    """move() leaves the version as it was."""

    def move(self, appointment: Any, slot: Slot, fee: Any, key: str) -> HostAnswer:
        answer = super().move(appointment, slot, fee, key)
        if answer.appointment is None:
            return answer
        with self.rows() as tx:
            row: Any = tx.get("appointments", appointment.id)
            same = evolve(row.appointment, version=appointment.version)
            tx.put("appointments", same.id, evolve(row, appointment=same))
        return evolve(answer, appointment=same)


@caught_by("test_book")
class BooksUnderTheRecordsName(Broken):
    """book() forgets the name that was given."""

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        return super().book(ref, slot, "", key)


@caught_by("test_book_for_nobody")
class BooksForNobody(Broken):
    """book() takes the time before it looks who it is for."""

    def book(self, ref: RecordRef, slot: Slot, name: str, key: str) -> HostAnswer:
        answer = super().book(ref, slot, name, key)
        if answer.kind is AnswerKind.DECLINED:
            with self.rows() as tx:
                tx.remove("slots", slot.id)
        return answer


@caught_by("test_an_id_is_never_given_again")
class IdsAgain(Broken):
    """create_client() takes the highest id and adds one."""

    def create_client(self, draft: Any, key: str) -> HostAnswer:
        made = super().create_client(draft, key)
        with self.rows() as tx:
            row: Any = tx.get("clients", made.ref.id)  # type: ignore[union-attr]
            tx.remove("clients", row.ref.id)
            again = evolve(row, ref=RecordRef.client("zz-gone"))
            tx.put("clients", again.ref.id, again)
        return HostAnswer(ref=again.ref)


@caught_by("test_same_key", "book", elsewhere=True)
class WritesAgain(Broken):
    """The same key writes again."""

    def _once(self, key: str, write: Any) -> HostAnswer:
        with self.rows() as tx:
            answer = write(tx)
            tx.put("answers", key, answer)
            return answer


@caught_by("test_outcome", "cancel", elsewhere=True)
class ForgetsAnswers(Broken):
    """outcome() knows no key."""

    def outcome(self, key: str) -> HostAnswer | None:
        return None


@caught_by("test_outcome", "cancel", elsewhere=True)
class GuessesOutcomes(Broken):
    """outcome() says done of whatever it does not know."""

    def outcome(self, key: str) -> HostAnswer | None:
        return super().outcome(key) or HostAnswer()


# --- what is left


@caught_by("test_business")
class CalendarOfTheServer(Broken):
    """business() counts days in the zone of the server."""

    def business(self) -> Business:
        return evolve(super().business(), zone="UTC")


@caught_by("test_fields_of_a_client")
class ShortNotes(Broken):
    """clients() hands over what a column of its own had room for."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        return [evolve(one, notes=one.notes and one.notes[:10]) for one in super().clients(refs)]


@caught_by("test_guests")
class NamelessGuests(Broken):
    """clients() forgets the name that was typed at a guest's booking."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        kind = RecordKind.BOOKING
        return [evolve(one, first_name=None) if one.ref.kind is kind else one for one in super().clients(refs)]


@caught_by("test_walk_says_what_the_record_says")
class NamesOfAnotherColumn(Broken):
    """contacts() tells a name that the record does not have."""

    def contacts(self, after: str | None, limit: int) -> ContactPage:
        page = super().contacts(after, limit)
        return evolve(page, items=tuple(evolve(one, name="Ana") for one in page.items))


@caught_by("test_offer")
class ForbidsWithoutAWord(Broken):
    """offer() says no and not why."""

    def offer(self, appointment: Any, change: Any) -> Offer:
        return Offer(allowed=appointment.start > self.now() + timedelta(days=99_999))


@caught_by("test_commits", "cancel")
class SaysDone(Broken):
    """cancel() answers before anything is written, and nothing is."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        return HostAnswer(appointment=self.appointment(appointment.id))


@caught_by("test_fee", "cancel")
class CancelsForNothing(Broken):
    """cancel() does not look at the fee."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        return super().cancel(appointment, None, key)


@caught_by("test_fee", "move")
class MovesForNothing(Broken):
    """move() does not look at the fee."""

    def move(self, appointment: Any, slot: Slot, fee: Any, key: str) -> HostAnswer:
        return super().move(appointment, slot, None, key)


@caught_by("test_fee", "cancel")
class DeclinesTooLate(Broken):
    """cancel() finds out that it cannot charge when it has cancelled."""

    def cancel(self, appointment: Any, fee: Any, key: str) -> HostAnswer:
        answer = super().cancel(appointment, None, key)
        return answer if fee is None else HostAnswer(AnswerKind.DECLINED, note="the card was refused")


@caught_by("test_waits")
class MovesWhileItAsks(Broken):
    """move() says that the business has to agree, and has moved already."""

    def move(self, appointment: Any, slot: Slot, fee: Any, key: str) -> HostAnswer:
        return evolve(super().move(appointment, slot, fee, key), kind=AnswerKind.WAITS)


@caught_by("test_reassign_holdings")
class LeavesHoldings(Broken):
    """reassign() moves appointments, and leaves balances with a record that nobody sees."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            kept = list(tx.scan("holdings"))
            answer = super().reassign(refs, to, key)
            for name, row in kept:
                tx.put("holdings", name, row)
        return answer


@caught_by("test_reassign_many")
class MovesAPage(Broken):
    """reassign() moves what fits on a page."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            theirs = [row for row in rows_of(tx, "appointments", AppointmentRow) if row.appointment.ref in refs]
            answer = super().reassign(refs, to, key)
            for row in theirs[50:]:
                tx.put("appointments", row.appointment.id, row)
        return answer


@caught_by("test_reassign_to_a_booking")
class MovesToABooking(Broken):
    """reassign() hangs a history on a guest's single booking."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        if to.kind is RecordKind.CLIENT:
            return super().reassign(refs, to, key)
        return HostAnswer(moved={"appointments": len(refs)})
