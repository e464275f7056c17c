"""More adapters with one defect each: client rows, the list of them, and what clients have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from clientportal.ports import AnswerKind
from clientportal.stores.memory import MemoryHost
from clientportal.stores.memory.host_rows import AppointmentRow, rows_of
from clientportal.values import (
    AppointmentPage,
    ClientChange,
    ClientPage,
    ClientRecord,
    Holding,
    HostAnswer,
    Money,
    Prefill,
    RecordKind,
    RecordRef,
    When,
)
from testing.broken_adapters import Broken, caught_by, numbered

# --- client rows


@caught_by("test_create")
class CreatesWithMore(Broken):
    """create_client() takes the mobile over as the phone."""

    def create_client(self, draft: Any, key: str) -> HostAnswer:
        return super().create_client(evolve(draft, phone=draft.phone or draft.mobile), key)


@caught_by("test_create_several")
class AnswersInItsOwnOrder(Broken):
    """create_clients() answers in the order of the database."""

    def create_clients(self, drafts: Any) -> Any:
        return list(super().create_clients(drafts))[::-1]


@caught_by("test_update")
class WritesEveryField(Broken):
    """update_client() writes NULL into what the change does not name."""

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        fields = {**dict.fromkeys(("email", "phone", "notes")), **change.fields}
        return super().update_client(ref, evolve(change, fields=fields), key)


@caught_by("test_update")
class StampsEveryField(Broken):
    """update_client() says of every field that it was changed now."""

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        answer = super().update_client(ref, change, key)
        with self.rows() as tx:
            row: Any = tx.get("clients", ref.id)
            if row is not None:
                tx.put(
                    "clients", ref.id, evolve(row, changed_at=dict.fromkeys(("mobile", "email", "phone"), self.now()))
                )
        return answer


@caught_by("test_update")
class DropsCustomFields(Broken):
    """update_client() saves a form that has no custom fields."""

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        (before,) = self.clients([ref])
        return super().update_client(ref, evolve(change, custom=dict.fromkeys(before.custom)), key)


@caught_by("test_stale", "update_client")
@caught_by("test_race_for_a_version", "update_client")
class LastWriteWins(Broken):
    """update_client() ignores the version."""

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        (now,) = self.clients([ref])
        return super().update_client(ref, evolve(change, version=now.version), key)


@caught_by("test_update_nobody")
class UpdatesNobody(Broken):
    """update_client() says done where no row was changed."""

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        answer = super().update_client(ref, change, key)
        return HostAnswer(ref=ref) if answer.kind is AnswerKind.DECLINED else answer


@caught_by("test_delete")
class Cascades(Broken):
    """delete_client() takes the appointments with it."""

    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for row in rows_of(tx, "appointments", AppointmentRow):
                if row.appointment.ref == ref:
                    tx.remove("appointments", row.appointment.id)
        return super().delete_client(ref, key)


@caught_by("test_delete")
class JoinsClients(Broken):
    """appointments() joins the client row, and loses them with it."""

    def appointments(self, refs: Any, when: Any, now: Any, after: str | None, limit: int) -> AppointmentPage:
        there = {one.ref for one in self.clients(refs)}
        return self.relisted([one for one in self.whole(refs, when, now) if one.ref in there], after, limit)


@caught_by("test_erase")
class ErasedButUsable(Broken):
    """erase_client() leaves a row that somebody may log in to."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        answer = super().erase_client(refs, key)
        with self.rows() as tx:
            for record in list(rows_of(tx, "clients", ClientRecord)):
                tx.put("clients", record.ref.id, evolve(record, usable=True))
        return answer


@caught_by("test_erase")
class ErasesEverybody(Broken):
    """erase_client() forgets its WHERE."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        with self.rows() as tx:
            every = [one.ref for one in rows_of(tx, "clients", ClientRecord)]
        return super().erase_client(every, key)


@caught_by("test_erase")
class ErasesBookings(Broken):
    """erase_client() deletes the books with the names in them."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        answer = super().erase_client(refs, key)
        with self.rows() as tx:
            for row in rows_of(tx, "appointments", AppointmentRow):
                if row.appointment.ref in refs:
                    tx.remove("appointments", row.appointment.id)
        return answer


@caught_by("test_erase_guests")
class LeavesTypedContacts(Broken):
    """erase_client() leaves the contacts that were typed at a booking."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        with self.rows() as tx:
            typed = {
                row.appointment.id: row.contacts for row in rows_of(tx, "appointments", AppointmentRow) if row.contacts
            }
        answer = super().erase_client(refs, key)
        with self.rows() as tx:
            for id, contacts in typed.items():
                row: Any = tx.get("appointments", id)
                tx.put("appointments", id, evolve(row, contacts=contacts))
        return answer


@caught_by("test_erase_after_deletion")
class ErasesByTheRow(Broken):
    """erase_client() finds bookings through the client row."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        return super().erase_client([one.ref for one in self.clients(refs)], key)


@caught_by("test_erase_copies", elsewhere=True)
class KeepsCopies(Broken):
    """erase_client() forgets the answers that are kept under their keys."""

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        with self.rows() as tx:
            kept = list(tx.scan("answers"))
        answer = super().erase_client(refs, key)
        with self.rows() as tx:
            for name, one in kept:
                tx.put("answers", name, one)
        return answer


# --- the list of clients


class Listed(Broken):
    """Another list of clients instead."""

    def every(self, search: str | None = None) -> list[ClientRecord]:
        """The whole list as it should be."""
        return list(MemoryHost.client_list(self, search, None, 99_999).items)

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        return ClientPage(*numbered(self.listed(search), after, limit))

    def listed(self, search: str | None) -> list[ClientRecord]:
        """The broken list."""
        return self.every(search)


@caught_by("test_list")
class LosesNameless(Listed):
    """A page goes on after a last name, and NULL is after nothing."""

    def listed(self, search: str | None) -> list[ClientRecord]:
        return [one for one in self.every(search) if one.last_name is not None]


@caught_by("test_list")
class UpperCaseFirst(Listed):
    """The list is ordered by bytes."""

    def listed(self, search: str | None) -> list[ClientRecord]:
        return sorted(self.every(search), key=lambda one: (one.last_name or "~", one.first_name or "~", one.ref.id))


@caught_by("test_list_shows_the_record")
class HidesTheShut(Listed):
    """The list leaves out whom nobody may log in to."""

    def listed(self, search: str | None) -> list[ClientRecord]:
        return [one for one in self.every(search) if one.usable]


@caught_by("test_search")
class Unescaped(Listed):
    """A search is LIKE, with its wildcards."""

    def listed(self, search: str | None) -> list[ClientRecord]:
        if search and set(search) & {"%", "_"}:
            return self.every()
        return self.every(search)


@caught_by("test_search")
class AnyWord(Listed):
    """A search finds whoever has one of its words."""

    def listed(self, search: str | None) -> list[ClientRecord]:
        found = [one for word in (search or "").split() or [""] for one in self.every(word)]
        return list({one.ref: one for one in found}.values())


# --- what clients have


@caught_by("test_prefill")
class AnswersOfEverybody(Broken):
    """prefill() takes the answers of all bookings of a form."""

    def prefill(self, refs: Sequence[RecordRef]) -> Prefill:
        with self.rows() as tx:
            every = [RecordRef.parse(key) for key, _ in tx.scan("prefills")]
        return super().prefill(every if refs else [])


@caught_by("test_codes")
class CodesOfItsBookings(Broken):
    """active_codes() hands a client the codes of all bookings."""

    def active_codes(self, refs: Sequence[RecordRef]) -> Any:
        own = [RecordRef.booking(one.id) for when in When for one in self.whole(refs, when, self.now())]
        found = super().active_codes([*refs, *own])
        return [evolve(one, ref=refs[0]) if one.ref not in refs else one for one in found]


@caught_by("test_holdings")
class AddsCurrencies(Broken):
    """holdings() sums amounts whatever they are in."""

    def holdings(self, refs: Sequence[RecordRef]) -> Any:
        sums: dict[Any, Holding] = {}
        for one in super().holdings(refs):
            before = sums.get((one.ref, one.kind))
            if before is not None and before.amount is not None and one.amount is not None:
                total = Money(before.amount.amount + one.amount.amount, before.amount.currency)
                one = evolve(one, count=one.count + before.count, amount=total)
            sums[one.ref, one.kind] = one
        return list(sums.values())


@caught_by("test_holdings")
class HoldingsOfRows(Broken):
    """holdings() joins the client row, and loses them with it."""

    def holdings(self, refs: Sequence[RecordRef]) -> Any:
        return super().holdings([one.ref for one in self.clients(refs)])


@caught_by("test_reassign")
class MovesAnew(Broken):
    """reassign() counts as a change of each appointment."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        answer = super().reassign(refs, to, key)
        with self.rows() as tx:
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                one = evolve(row.appointment, version=f"{row.appointment.version}0")
                tx.put("appointments", one.id, evolve(row, appointment=one))
        return answer


@caught_by("test_reassign")
class MovesOneRecord(Broken):
    """reassign() moves the rows of the first record alone."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        return super().reassign(refs[:1], to, key)


@caught_by("test_restore")
class GivesEverythingBack(Broken):
    """restore() gives all of the survivor's rows to whoever comes back."""

    def restore(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            holder = {row.appointment.ref for row in rows_of(tx, "appointments", AppointmentRow)
                      if row.appointment.moved_from in refs}  # fmt: skip
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                if row.appointment.ref in holder:
                    back = evolve(row.appointment, ref=to, moved_from=None)
                    tx.put("appointments", back.id, evolve(row, appointment=back))
        return HostAnswer()


@caught_by("test_restore_a_chain")
class ForgetsTheFirst(Broken):
    """reassign() remembers where a row was moved from last."""

    def reassign(self, refs: Sequence[RecordRef], to: RecordRef, key: str) -> HostAnswer:
        with self.rows() as tx:
            for row in list(rows_of(tx, "appointments", AppointmentRow)):
                if row.appointment.ref in refs:
                    last = evolve(row.appointment, moved_from=None)
                    tx.put("appointments", last.id, evolve(row, appointment=last))
        return super().reassign(refs, to, key)


@caught_by("test_reassign_guests")
class GuestsVanish(Broken):
    """A guest's booking that was moved is no record of its own any more."""

    def clients(self, refs: Sequence[RecordRef]) -> Any:
        found = super().clients(refs)
        moved = {one.ref for one in found if self._moved(one.ref)}
        return [one for one in found if one.ref not in moved]

    def _moved(self, ref: RecordRef) -> bool:
        one = self.appointment(ref.id) if ref.kind is RecordKind.BOOKING else None
        return one is not None and one.moved_from is not None
