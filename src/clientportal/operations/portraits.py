"""What a person looks like, computed from all their records; and whose saved cards they may pay with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import frozen

from clientportal.operations.frame import Reading
from clientportal.operations.people import Group, records_of, with_moved_bookings
from clientportal.outcomes import ConsentChoice, FieldChoice
from clientportal.records import ContactHistory, Merge, Pointer
from clientportal.rules.surviving import (
    Ways,
    address_of,
    choices_of,
    choose,
    choose_internal,
    proving_keys,
    rules_of,
    shows_all_cards,
    strictest,
)
from clientportal.values import CLIENT_FIELDS, Address, ClientRecord, ContactKey, RecordKind, RecordRef

__all__ = ["Portrait", "card_refs", "journal_of", "own_refs", "portrait", "proofs_of"]


@frozen
class Portrait:
    """What a person looks like, computed from all their records: the six fields that a client may see, and on demand
    what only staff do.
    """

    records: tuple[ClientRecord, ...]
    fields: Mapping[str, FieldChoice]
    ways: Ways
    journal: tuple[Merge, ...] = ()

    @property
    def address(self) -> Address | None:
        """The chosen address, whole."""
        return address_of(self.fields, self.records)

    @property
    def internal(self) -> Mapping[str, FieldChoice]:
        """Birthday, notes and custom fields, each with where it comes from."""
        return choose_internal(self.records, self.ways)

    @property
    def consents(self) -> tuple[ConsentChoice, ...]:
        """What they have agreed to: the strictest answer of all records (law 11)."""
        return strictest(self.records, self.journal)


async def portrait(reading: Reading, group: Group) -> Portrait:
    """Read a group's rows and decide its fields, by the rules that its latest merge was made under."""
    rows = await records_of(reading, group.refs)
    records = tuple(rows[ref] for ref in group.refs if ref in rows)
    journal = await journal_of(reading, group.pointers)
    own = reading.setup.survivorship
    rules = rules_of(journal, reading.policy, own)
    ways = Ways(
        rules, choices_of(journal), reading.policy.contacts.region, await proofs_of(reading, records, rules), own
    )
    return Portrait(records, choose(records, ways, CLIENT_FIELDS), ways, journal)


async def journal_of(reading: Reading, pointers: Sequence[Pointer]) -> tuple[Merge, ...]:
    """The merges that drew those pointers."""
    if not pointers:
        return ()
    return tuple((await reading.state.get_many(Merge, sorted({pointer.merge_id for pointer in pointers}))).values())


async def proofs_of(
    reading: Reading, records: Sequence[ClientRecord], rules: Mapping[str, str]
) -> Mapping[ContactKey, datetime]:
    """When the contacts among which a rule chooses by their proof were proved last; nothing is read where none does."""
    keys = proving_keys(records, rules, reading.policy.contacts.region)
    if not keys:
        return {}
    found = await reading.state.get_many(ContactHistory, sorted(map(str, keys)))
    return {ContactKey.parse(id): one.proved_at for id, one in found.items() if one.proved_at is not None}


async def own_refs(reading: Reading, group: Group) -> tuple[RecordRef, ...]:
    """Those of a group that no merge has brought: whose saved cards are the client's own (law 11)."""
    behind = tuple(pointer.absorbed_ref for pointer in group.pointers)
    brought = frozenset(await with_moved_bookings(reading, behind))
    return tuple(ref for ref in group.refs if ref not in brought)


async def card_refs(reading: Reading, group: Group) -> tuple[RecordRef, ...]:
    """The refs whose saved cards the client may pay with (``merging.cards``).

    A guest's other bookings are in the group by their name and contact, and may have been merged with something
    themselves: their pointers lead elsewhere than to the one that speaks.
    """
    if group.root.kind is not RecordKind.CLIENT:
        pointers = await reading.state.get_many(Pointer, sorted(map(str, group.refs)))
        group = Group(group.root, group.refs, tuple(pointers.values()))
    if shows_all_cards(await journal_of(reading, group.pointers), reading.policy):
        return group.refs
    return await own_refs(reading, group)
