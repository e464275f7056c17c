"""Clients change their own details (M7); contacts that need a proof: ``own_contacts.py``. Rules:
``rules/own_details.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidField, InvalidInput, MissingCapability
from clientportal.operations.adding_clients import index_after
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.people import Group, Principal, principal
from clientportal.operations.portraits import portrait
from clientportal.operations.sections import require_section
from clientportal.outcomes.own import DetailsChanged
from clientportal.policy import Policy
from clientportal.records import (
    ContactEntry,
    Receipt,
)
from clientportal.rules.client_fields import read_change
from clientportal.rules.matching_keys import index_keys
from clientportal.rules.own_details import (
    ChangingDetails,
    change_details,
    judge_field,
)
from clientportal.values import (
    CLIENT_FIELDS,
    ClientRecord,
    FieldValue,
    RecordRef,
)

__all__ = [
    "CHANGE_DETAILS",
    "ChangeDetails",
    "IndexedRows",
    "and_index",
    "details_of",
    "indexed",
    "need_update",
    "own_group",
]

T = TypeVar("T")

_MOST = 10_000


# --- typed details ---------------------------------------------------------------------------------------------------


def _plain(value: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    given = cast("object", value)
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in cast("Mapping[object, Any]", given)):
        raise InvalidInput("changes is a mapping from the names of fields, such as {'first_name': 'Ana'}")
    return dict(cast("Mapping[str, FieldValue]", given))


@frozen
class ChangeDetails:
    """What was typed, by the names of the six fields."""

    changes: Mapping[str, FieldValue] = field(repr=False, converter=_plain)


@frozen
class IndexedRows:
    """The rows that may be written, and what the contact index says of them."""

    rows: tuple[ClientRecord, ...]
    entries: tuple[ContactEntry, ...]
    one_commit: bool


@frozen
class _Changing:
    seen: ChangingDetails
    index: IndexedRows


def need_update(reading: Reading) -> None:
    """Refuse where the platform cannot write client rows."""
    if not reading.setup.host.capabilities.update_client:
        raise MissingCapability("changing one's details needs a host that declares update_client", (), "update_client")


async def own_group(reading: Reading, action: str) -> tuple[Principal, Group]:
    """The caller, and all records that are the caller's, where this may be done to the account at all."""
    caller = await principal(reading)
    await require_section(reading, "account", action)
    need_update(reading)
    if caller.group is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("own_details.own_group", (("record", "none is shown"),))))
    return caller, caller.group


async def details_of(
    reading: Reading, caller: Principal, group: Group, fields: Mapping[str, FieldValue]
) -> ChangingDetails:
    """What the rule decides on: the person as they are shown, and what shall be written."""
    seen = await portrait(reading, group)
    return ChangingDetails(
        root=group.root,
        records=seen.records,
        ways=seen.ways,
        fields=fields,
        session=caller.session,
        actor=reading.actor,
        intent_id=reading.fresh_id(),
    )


async def indexed(reading: Reading, rows: Sequence[ClientRecord]) -> IndexedRows:
    """Those rows with what the contact index says of them."""
    entries = await reading.state.find_any(ContactEntry, "ref", sorted(str(one.ref) for one in rows), limit=_MOST)
    return IndexedRows(tuple(rows), tuple(entries), reading.setup.host.shares_transaction)


async def _load_changing(reading: Reading, asked: ChangeDetails) -> _Changing:
    caller, group = await own_group(reading, "change_details")
    for name in asked.changes:
        if name not in CLIENT_FIELDS:
            raise InvalidField(f"{name!r:.60}", f"there is no such field; there are {', '.join(CLIENT_FIELDS)}")
        no = judge_field(name, reading.policy, proved=False)
        if no is not None:
            raise Denied(no)
    change, _ = read_change("", asked.changes, {}, reading.policy)
    seen = await details_of(reading, caller, group, change.fields)
    return _Changing(seen, await indexed(reading, seen.records))


def and_index(decision: Decision[T], index: IndexedRows, policy: Policy, now: datetime) -> Decision[T]:
    """The same decision with the contact index as it is after the write."""
    intent = decision.asks
    if intent is None or intent.for_ref is None or intent.change is None:
        return decision
    row = next(one for one in index.rows if one.ref == intent.for_ref)
    wanted = index_keys(intent.change.applied_to(row, now), policy).keys
    known = [one for one in index.entries if one.ref == str(row.ref)]
    return decision.and_also(*index_after(row.ref, wanted, known, forget=index.one_commit))


def _decide_changing(seen: _Changing, _asked: ChangeDetails, policy: Policy, now: datetime) -> Decision[DetailsChanged]:
    return and_index(change_details(seen.seen, policy, now), seen.index, policy, now)


async def _replay_changing(_reading: Reading, _asked: ChangeDetails, receipt: Receipt) -> Decision[DetailsChanged]:
    outcome = DetailsChanged(RecordRef.parse(receipt.result["ref"]), tuple(receipt.result["fields"].split("\n")))
    return grant(outcome, Because("performing.perform", (("receipt", "found"),)))


CHANGE_DETAILS = Operation[ChangeDetails, _Changing, DetailsChanged](
    name="update_profile",
    load=_load_changing,
    decide=_decide_changing,
    keyed=Keyed(
        lambda outcome: {"ref": str(outcome.ref), "fields": "\n".join(outcome.fields)},
        _replay_changing,
        admit=principal,
    ),
)
