"""Quick add, and changing a client (TT7, TT10). Rules: ``rules/client_fields.py``.

Both are written by the platform, in the same commit as the contact index, the number and the audit; inside the
platform's own transaction (``portal.on(connection)``) they are kept or undone with it, so that staff can add a client
while they make an appointment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.operations.client_list import need
from clientportal.operations.demo_client import without_demo
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.people import load_candidates, records_of
from clientportal.outcomes.client_list import Added, ClientChanged
from clientportal.policy import Policy
from clientportal.records import (
    ContactEntry,
    ContactHistory,
    HostWrite,
    Intent,
    NumberCounter,
    Put,
    Receipt,
    Remove,
    Write,
)
from clientportal.rules.client_fields import Typed, read_change, read_contacts, read_draft
from clientportal.rules.client_numbers import COUNTER, next_number
from clientportal.rules.matching_keys import index_keys, proposing_keys
from clientportal.rules.who_may_manage import Permission
from clientportal.values import ClientChange, ClientDraft, ClientRecord, ContactKey, MatchKey, RecordKind, RecordRef

__all__ = ["ADD_CLIENT", "CHANGE_CLIENT", "AddClient", "ChangeClient", "index_after"]

_REPLAYED = Because("performing.perform", (("receipt", "found"),))


def _plain(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """A form may come as any mapping; a request must not change under whoever decides on it."""
    given = cast("object", value)
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in cast("Mapping[object, Any]", given)):
        raise InvalidInput("fields and custom are mappings from the names of fields, such as {'first_name': 'Ana'}")
    return dict(cast("Mapping[str, Any]", given))


# --- adding ----------------------------------------------------------------------------------------------------------


@frozen
class AddClient:
    """What was typed into quick add."""

    fields: Typed = field(repr=False, converter=_plain)
    custom: Mapping[str, str | None] = field(repr=False, converter=_plain)


@frozen
class _Adding:
    draft: ClientDraft
    keys: tuple[ContactKey, ...]
    alike: tuple[RecordRef, ...]
    counter: NumberCounter | None
    actor: str
    intent_id: str


async def _load_adding(reading: Reading, asked: AddClient) -> _Adding:
    need(reading, "create_client", "adding a client")
    draft = read_draft(asked.fields, asked.custom, reading.policy)
    keys = read_contacts(asked.fields, reading.policy)
    alike: dict[RecordRef, None] = {}
    for key in keys:
        # Held as a first login with this number holds it: of two that add it at once the second finds the first's.
        await reading.state.hold(f"contact:{key}")
        history = await reading.state.get(ContactHistory, str(key))
        candidates, _ = await load_candidates(reading, key, history)
        alike.update(dict.fromkeys(one.ref for one in without_demo(candidates)))
    counter = await reading.state.get(NumberCounter, COUNTER, lock=True)
    return _Adding(draft, keys, tuple(sorted(alike)), counter, reading.actor, reading.fresh_id())


def _decide_adding(seen: _Adding, _asked: AddClient, policy: Policy, now: datetime) -> Decision[Added]:
    """Never refused for looking like somebody: two people share a telephone. Who they are is named instead."""
    number, counted = next_number(seen.counter)
    because = Because("client_fields.add", (("number", str(number)), ("alike", str(len(seen.alike)))))
    intent = Intent(
        id=seen.intent_id,
        write=HostWrite.CREATE_CLIENT,
        actor=seen.actor,
        asked_at=now,
        due_at=now,
        draft=seen.draft,
        entries=seen.keys,
        proposing=tuple(sorted(map(str, proposing_keys(seen.draft, policy)))),
        number=number,
        because=str(because),
    )
    return grant(Added(None, number, seen.alike), because, (counted,), asks=intent)


def _remember(outcome: Added) -> Mapping[str, str]:
    return {"client": "" if outcome.ref is None else str(outcome.ref), "number": str(outcome.number)}


async def _replay_adding(reading: Reading, asked: AddClient, receipt: Receipt) -> Decision[Added]:
    ref = RecordRef.parse(receipt.result["client"])
    alike: dict[RecordRef, None] = {}
    for key in read_contacts(asked.fields, reading.policy):
        candidates, _ = await load_candidates(reading, key, await reading.state.get(ContactHistory, str(key)))
        alike.update(dict.fromkeys(one.ref for one in without_demo(candidates) if one.ref != ref))
    return grant(Added(ref, int(receipt.result["number"]), tuple(sorted(alike))), _REPLAYED)


ADD_CLIENT = Operation[AddClient, _Adding, Added](
    name="add_client",
    load=_load_adding,
    decide=_decide_adding,
    permission=Permission.ADD_CLIENTS,
    keyed=Keyed(_remember, _replay_adding),
)


# --- changing --------------------------------------------------------------------------------------------------------


@frozen
class ChangeClient:
    """Which row, as of which version, and what is written into it."""

    ref: RecordRef
    version: str
    fields: Typed = field(repr=False, converter=_plain)
    custom: Mapping[str, str | None] = field(repr=False, converter=_plain)


@frozen
class _Writing:
    row: ClientRecord | None
    change: ClientChange
    written: tuple[str, ...]
    entries: tuple[ContactEntry, ...]
    one_commit: bool
    actor: str
    intent_id: str


async def _load_changing(reading: Reading, asked: ChangeClient) -> _Writing:
    need(reading, "update_client", "changing a client")
    change, written = read_change(asked.version, asked.fields, asked.custom, reading.policy)
    rows = await records_of(reading, [asked.ref]) if asked.ref.kind is RecordKind.CLIENT else {}
    return _Writing(
        row=rows.get(asked.ref),
        change=change,
        written=written,
        entries=tuple(await reading.state.find(ContactEntry, "ref", [str(asked.ref)])),
        one_commit=reading.setup.host.shares_transaction,
        actor=reading.actor,
        intent_id=reading.fresh_id(),
    )


def _decide_changing(seen: _Writing, asked: ChangeClient, policy: Policy, now: datetime) -> Decision[ClientChanged]:
    because = Because("client_fields.change", (("client", str(asked.ref)), ("fields", ", ".join(sorted(seen.written)))))
    if seen.row is None:
        return refuse(Reason.NOT_FOUND, because)
    if seen.row.version != asked.version:
        return refuse(Reason.CHANGED_MEANWHILE, because)
    intent = Intent(
        id=seen.intent_id,
        write=HostWrite.UPDATE_CLIENT,
        actor=seen.actor,
        asked_at=now,
        due_at=now,
        for_ref=asked.ref,
        change=seen.change,
        because=str(because),
    )
    wanted = index_keys(seen.change.applied_to(seen.row, now), policy).keys
    writes = index_after(asked.ref, wanted, seen.entries, forget=seen.one_commit)
    return grant(ClientChanged(asked.ref, seen.written), because, writes, asks=intent)


def index_after(
    ref: RecordRef, wanted: frozenset[MatchKey], known: Sequence[ContactEntry], *, forget: bool
) -> tuple[Write, ...]:
    """The contact index after the change. A host elsewhere may still say no: what is there stays until the next walk,
    for a hit is read again before it counts, and one that is missing is a client who cannot log in.
    """
    entries = {entry.id: entry for entry in (ContactEntry.of(ref, key) for key in sorted(wanted))}
    there = {entry.id for entry in known}
    new = (Put(entry) for id, entry in entries.items() if id not in there)
    stale = (Remove(entry) for entry in known if entry.id not in entries) if forget else ()
    return (*new, *stale)


async def _replay_changing(_reading: Reading, asked: ChangeClient, receipt: Receipt) -> Decision[ClientChanged]:
    names = tuple(name for name in receipt.result["fields"].split("\n") if name)
    return grant(ClientChanged(asked.ref, names), _REPLAYED)


CHANGE_CLIENT = Operation[ChangeClient, _Writing, ClientChanged](
    name="change_client",
    load=_load_changing,
    decide=_decide_changing,
    subject=lambda asked: str(asked.ref),
    permission=Permission.CHANGE_CLIENTS,
    keyed=Keyed(lambda outcome: {"fields": "\n".join(outcome.fields)}, _replay_changing),
)
