"""The client list of the shipped SQL host, and what staff do with a client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from clientportal.errors import Conflict
from clientportal.ports.host import AnswerKind, HostAnswer
from clientportal.sections.documents import Documents
from clientportal.stores.sql import host_queries as queries
from clientportal.stores.sql import host_rows as rows
from clientportal.stores.sql.cursors import read_cursor, write_cursor
from clientportal.stores.sql.erasing_items import DROP_ITEM, WRITE_ITEM, items_of, without_person
from clientportal.stores.sql.host_sections import StoredSections
from clientportal.stores.sql.host_tables import CLIENTS
from clientportal.stores.sql.tables import storable
from clientportal.values import (
    STAFF_FIELDS,
    ClientChange,
    ClientDraft,
    ClientPage,
    ClientRecord,
    RecordKind,
    RecordRef,
)
from clientportal.values.searching import list_place, search_words

__all__ = ["ListedClients", "id_from", "wanted"]

_NO_CLIENT = "there is no such client"


class ListedClients(StoredSections):
    """The part of ``SqlHost`` that has to do with client rows."""

    def now(self) -> datetime:
        """When something is created or changed: clients and bookings are stamped with it, aware UTC."""
        return datetime.now(UTC)

    async def clients(self, refs: Sequence[RecordRef]) -> Sequence[ClientRecord]:
        """The records of those refs, of both kinds, each with the time of its newest booking made."""
        asked = wanted(refs)
        if not any(asked.values()):
            return []
        query = queries.clients_of(self._face.sqlite)
        return [rows.client_of(row) for row in await self._among(query, asked)]

    async def client_list(self, search: str | None, after: str | None, limit: int) -> ClientPage:
        """A page of every client row, or of those in which every word of ``search`` occurs."""
        words = search_words(search or "")
        if not all(map(storable, words)):
            return ClientPage(())
        scope = (self.tenant, "clients", *words)
        asked: dict[str, Any] = {f"p_word{n}": word for n, word in enumerate(words)}
        if after is not None:
            asked["p_last"], asked["p_first"], asked["p_id"] = read_cursor(scope, after, [str, str, str])
        query = queries.client_list(len(words), after is not None, self._face.sqlite)
        found = await self._rows(query, p_limit=limit + 1, **asked)
        items = tuple(rows.client_of(row) for row in found[:limit])
        if len(found) <= limit:
            return ClientPage(items)
        last = items[-1]
        return ClientPage(items, write_cursor(scope, [*list_place(last), last.ref.id]))

    async def create_client(self, draft: ClientDraft, key: str) -> HostAnswer:
        """A new client with these fields and nothing else."""
        return (await self.create_clients([(draft, key)]))[0]

    async def create_clients(self, drafts: Sequence[tuple[ClientDraft, str]]) -> Sequence[HostAnswer]:
        """Several new clients, in one statement that is run for all of them."""
        now = self.now()
        new = [ClientRecord(RecordRef.client(id_from("client", key)), now, **_fields(draft)) for draft, key in drafts]
        await self._insert(queries.adding(CLIENTS), [{"version": 1, **rows.client_row(record)} for record in new])
        return [HostAnswer(ref=record.ref) for record in new]

    async def update_client(self, ref: RecordRef, change: ClientChange, key: str) -> HostAnswer:
        """Write those fields, where the row still has the version that was decided on."""
        found = await self.clients([ref]) if ref.kind is RecordKind.CLIENT else ()
        if not found:
            return HostAnswer(AnswerKind.DECLINED, note=_NO_CLIENT)
        if found[0].version != change.version:
            raise Conflict("the client has changed since it was read")
        # What is read here and what is written are one: the statement asks for the version again.
        await self.change_client(change.applied_to(found[0], self.now()))
        return HostAnswer(ref=ref)

    async def delete_client(self, ref: RecordRef, key: str) -> HostAnswer:
        """The row goes; appointments name it by its id alone, and stay as they are."""
        named = ref.kind is RecordKind.CLIENT and storable(ref.id)
        gone = await self._run(queries.DELETE_CLIENT, p_id=ref.id) if named else 0
        return HostAnswer() if gone == 1 else HostAnswer(AnswerKind.DECLINED, note=_NO_CLIENT)

    async def erase_client(self, refs: Sequence[RecordRef], key: str) -> HostAnswer:
        """Overwrite who they are, in their rows and on their bookings; what was booked and paid for stays."""
        asked = queries.listed(wanted(refs), self._face.sqlite)
        clients, appointments = queries.erasing(self._face.sqlite)
        named = queries.listed({"p_refs": [str(ref) for ref in refs if storable(ref.id)]}, self._face.sqlite)
        await self._run(queries.forgetting_prefills(self._face.sqlite), **asked, **named)
        await self._forget_labels(refs, asked)
        await self._erase_items(asked, named)
        await self._run(clients, p_clients=asked["p_clients"])
        await self._run(appointments, **asked)
        return HostAnswer()

    async def _erase_items(self, asked: dict[str, Any], named: dict[str, Any]) -> None:
        rows_of_items = await self._rows(items_of(self._face.sqlite), **asked, **named)
        kinds = {name: one.item for name, one in self.item_sections().items()}
        gone, changed = without_person(rows_of_items, kinds)
        for statement, values in ((DROP_ITEM, gone), (WRITE_ITEM, changed)):
            if values:
                await self._face.change(statement, [{"p_tenant": self.tenant, **one} for one in values])
        await self.forget_contents([one["p_id"] for one in gone if one["p_section"] == Documents.name])

    async def _among(self, query: Any, asked: dict[str, list[str]], **more: Any) -> Sequence[Any]:
        return await self._rows(query, **queries.listed(asked, self._face.sqlite), **more)


def wanted(refs: Sequence[RecordRef]) -> dict[str, list[str]]:
    """The ids of refs by their kind; what no column can hold is nobody's id."""
    ids: dict[RecordKind, dict[str, None]] = {RecordKind.CLIENT: {}, RecordKind.BOOKING: {}}
    for ref in refs:
        if storable(ref.id):
            ids[ref.kind][ref.id] = None
    return {"p_clients": list(ids[RecordKind.CLIENT]), "p_bookings": list(ids[RecordKind.BOOKING])}


def id_from(*parts: str) -> str:
    """An id that follows from what asked for it: a write that is tried again makes the same one."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _fields(draft: ClientDraft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in (*STAFF_FIELDS, "custom")}
