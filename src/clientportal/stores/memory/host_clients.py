"""The client list of the in-memory host, and what staff do with a client: the twin of ``stores.sql.host_clients``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from attrs import evolve

from clientportal.errors import Conflict
from clientportal.ports.host import AnswerKind, HostAnswer
from clientportal.stores.memory.host_holdings import forget_labels
from clientportal.stores.memory.host_rows import (
    AppointmentRow,
    id_from,
    latest_bookings,
    next_version,
    rows_of,
)
from clientportal.stores.memory.host_sections import StoredSections
from clientportal.stores.memory.item_rows import erase_items
from clientportal.stores.memory.ordering import Place, read_cursor, write_cursor
from clientportal.stores.memory.transaction import MemoryTransaction
from clientportal.values import (
    STAFF_FIELDS,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    RecordKind,
    RecordRef,
)
from clientportal.values.searching import list_place, search_words, searched_text

__all__ = ["ListedClients"]

_NO_CLIENT = "there is no such client"


class ListedClients(StoredSections):
    """The part of the in-memory host that has to do with client rows."""

    def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        words = search_words(search or "")
        scope = (self.tenant, "clients", *words)
        edge = None if after is None else read_cursor(scope, after)
        found: list[tuple[Place, ClientRecord]] = []
        with self.rows() as tx:
            for client in rows_of(tx, "clients", ClientRecord):
                place: Place = (*list_place(client), client.ref.id)
                if (edge is None or place > edge) and _has(client, words):
                    found.append((place, client))
            found.sort(key=lambda entry: entry[0])
            page = found[:limit]
            latest = latest_bookings(tx, [client.ref for _, client in page])
        more = write_cursor(scope, page[-1][0]) if len(found) > limit else None
        return ClientPage(tuple(evolve(client, last_booked_at=latest.get(client.ref)) for _, client in page), more)

    def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            ref = RecordRef.client(id_from("client", key))
            fields = {name: getattr(draft, name) for name in (*STAFF_FIELDS, "custom")}
            tx.put("clients", ref.id, ClientRecord(ref, self.now(), **fields, version="1"))
            return HostAnswer(ref=ref)

        return self._once(key, write)

    def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            before = _client(tx, ref)
            if before is None:
                return HostAnswer(AnswerKind.DECLINED, note=_NO_CLIENT)
            if before.version != change.version:
                raise Conflict("the client has changed since it was read")
            after = change.applied_to(before, self.now())
            tx.put("clients", ref.id, evolve(after, version=next_version(before.version)))
            return HostAnswer(ref=ref)

        return self._once(key, write)

    def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        def write(tx: MemoryTransaction) -> HostAnswer:
            if _client(tx, ref) is None:
                return HostAnswer(AnswerKind.DECLINED, note=_NO_CLIENT)
            tx.remove("clients", ref.id)
            return HostAnswer()

        return self._once(key, write)

    def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        wanted = frozenset(refs)

        def write(tx: MemoryTransaction) -> HostAnswer:
            for ref in sorted(wanted):
                if (client := _client(tx, ref)) is not None:
                    tx.put("clients", ref.id, _erased(client))
            erased: set[str] = set()
            for row in rows_of(tx, "appointments", AppointmentRow):
                one = row.appointment
                if one.ref in wanted or RecordRef.booking(one.id) in wanted:
                    nobodys = evolve(one, booked_as="", version=next_version(one.version))
                    tx.put("appointments", one.id, evolve(row, appointment=nobodys, contacts=None))
                    erased.add(one.id)
            _forget_in_answers(tx, erased)
            for ref in (theirs := wanted | {RecordRef.booking(id) for id in erased}):
                tx.remove("prefills", str(ref))
            forget_labels(tx, theirs)
            erase_items(self, tx, theirs)
            return HostAnswer()

        return self._once(key, write)


def _client(tx: MemoryTransaction, ref: RecordRef) -> ClientRecord | None:
    return cast("ClientRecord | None", tx.get("clients", ref.id)) if ref.kind is RecordKind.CLIENT else None


def _has(client: ClientRecord, words: Sequence[str]) -> bool:
    text = searched_text(client) if words else ""
    return all(word in text for word in words)


def _erased(client: ClientRecord) -> ClientRecord:
    """The row, with nobody in it."""
    return ClientRecord(client.ref, client.created_at, usable=False, version=next_version(client.version))


def _forget_in_answers(tx: MemoryTransaction, ids: set[str]) -> None:
    # A host elsewhere remembers what it answered: with the appointment, and the name it was booked under.
    for key, row in tx.scan("answers"):
        answer = cast("HostAnswer", row)
        if answer.appointment is not None and answer.appointment.id in ids:
            tx.put("answers", key, evolve(answer, appointment=evolve(answer.appointment, booked_as="")))
