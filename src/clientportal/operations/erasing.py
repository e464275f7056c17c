"""Reading everything about one client, to hand it out or to erase it (X7). Rule: ``rules/erasing.py``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, Reason, grant, refuse
from clientportal.errors import MissingCapability
from clientportal.keyring import digest
from clientportal.operations.accounts import belongings_of, people_with
from clientportal.operations.frame import Operation, Reading, Unfinished
from clientportal.operations.leaving import held_group
from clientportal.operations.people import Group, group_of, records_of
from clientportal.outcomes import Erased
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    AccountLink,
    Allowance,
    Assignment,
    AuditEntry,
    Challenge,
    ClientNumber,
    ContactChange,
    ContactEntry,
    ContactHistory,
    Dismissal,
    DocumentsSeen,
    GuessCounter,
    HostWrite,
    Identifier,
    ImportedClient,
    Intent,
    MailedLink,
    Merge,
    Notice,
    OutboxMessage,
    Payment,
    Referral,
    Session,
    Snapshot,
    Stored,
)
from clientportal.rules.budgets import TYPED, mailbox
from clientportal.rules.erasing import ERASE as ERASE_NAME
from clientportal.rules.erasing import Held, erased, flattened, only_theirs
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.who_may_manage import Permission
from clientportal.rules.whose_contact import MOST_HITS, keys_of
from clientportal.sections import SECTIONS, STANDING
from clientportal.sections.payments import Payments
from clientportal.values import (
    ActiveCode,
    Appointment,
    ContactKey,
    ContactKind,
    Holding,
    ItemPage,
    Prefill,
    RecordRef,
    SectionItem,
    When,
)

__all__ = ["ERASE", "OnePerson", "load_erased", "load_person"]

_MOST = 100_000
_PAGE = 200
_LANES = frozenset({"", STRANGERS, TYPED, "staff", "verify"})
"""Whose budgets are not a device's: of a notice, a stranger, a typed address, an invitation, a registration's code."""


@frozen
class OnePerson:
    """Which client, by any of their records."""

    ref: RecordRef


class _Found:
    """What was found so far, by kind, each once."""

    def __init__(self) -> None:
        self.by_kind: dict[type[Stored], dict[str, Stored]] = {}

    def put(self, records: Iterable[Stored]) -> None:
        for record in records:
            self.by_kind.setdefault(type(record), {})[record.id] = record

    def as_stored(self) -> dict[type[Stored], tuple[Stored, ...]]:
        return {kind: tuple(found[id] for id in sorted(found)) for kind, found in self.by_kind.items()}


async def load_person(reading: Reading, asked: OnePerson) -> Held:
    """Everything about one client, whichever of their records is named."""
    return await _load_group(reading, await group_of(reading, asked.ref))


async def load_erased(reading: Reading, intent: Intent) -> Held:
    """The same once a platform elsewhere has erased its part: its rows say nothing any more, so the contacts that they
    had are the intent's. What was merged meanwhile was not erased there, and is not erased here.
    """
    root = intent.refs[0] if intent.for_ref is None else intent.for_ref
    return await _load_group(reading, Group(root, intent.refs, ()), frozenset(intent.entries), intent.id)


async def _load_group(
    reading: Reading, group: Group, known: frozenset[ContactKey] = frozenset(), finishing: str | None = None
) -> Held:
    rows = await records_of(reading, group.refs)
    appointments = await _appointments(reading, group.refs)
    found = _Found()
    found.put(group.pointers)
    await _by_ref(reading, group, appointments, found)
    keys = known | _contacts(reading, Held(group.root, group.refs, tuple(rows.values())), found)
    logins = await _logins(reading, found)
    shared = await _shared(reading, group, keys | logins)
    await _check_under_way(reading, group, appointments, keys, finishing)
    family = await _accounts(reading, group, keys, shared, found)
    keys |= logins
    own = keys - shared - family
    await _by_contact(reading, group, keys, own, found)
    await _by_subject(reading, group, appointments, found)
    return Held(
        root=group.root,
        refs=group.refs,
        records=tuple(rows[ref] for ref in group.refs if ref in rows),
        appointments=appointments,
        others=(*await _of_the_platform(reading, group.refs), *await _items(reading, group.refs)),
        stored=found.as_stored(),
        contacts=own,
    )


async def _of_the_platform(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Prefill | ActiveCode | Holding, ...]:
    """What else the platform has of them, where it says so: answers in forms, a card, codes, and what it counts."""
    others: list[Prefill | ActiveCode | Holding] = []
    can = reading.setup.host.capabilities
    for start in range(0, len(refs), MOST_HITS):
        some = refs[start : start + MOST_HITS]
        if can.prefill and (given := await reading.host.prefill(some)) != Prefill():
            others.append(given)
        if can.active_codes:
            others.extend(await reading.host.active_codes(some))
        if can.holdings:
            others.extend(await reading.host.holdings(some))
    return tuple(others)


async def _items(reading: Reading, refs: tuple[RecordRef, ...]) -> Sequence[SectionItem]:
    """Whatever stands in the platform's sections, shown to clients or not."""
    found: list[SectionItem] = []
    for name in dict.fromkeys((*SECTIONS, *reading.policy.visibility.sections)):
        port = None if name in STANDING else await reading.host.section(name)
        if port is None:
            continue
        found += await _every(port.page, refs)
        if name == Payments.name:
            found += await _every(port.transactions, refs)
    return found


_PagesOf = Callable[[Sequence[RecordRef], str | None, int], Awaitable[ItemPage[Any]]]


async def _every(pages: _PagesOf, refs: Sequence[RecordRef]) -> Sequence[SectionItem]:
    found: list[SectionItem] = []
    after: str | None = None
    while True:
        page = await pages(refs, after, _PAGE)
        found.extend(page.items)
        after = page.next
        if after is None:
            return found


async def _appointments(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Appointment, ...]:
    found: dict[str, Appointment] = {}
    for when in When:
        after: str | None = None
        while True:
            page = await reading.host.appointments(refs, when, reading.now, after, _PAGE)
            found.update({one.id: one for one in page.items})
            after = page.next
            if after is None:
                break
    return tuple(found[id] for id in sorted(found))


async def _by_ref(reading: Reading, group: Group, appointments: Sequence[Appointment], found: _Found) -> None:
    state, refs = reading.state, [str(ref) for ref in group.refs]
    ids = [one.id for one in appointments]
    found.put((await state.get_many(ClientNumber, sorted(refs))).values())
    found.put((await state.get_many(DocumentsSeen, sorted(refs))).values())
    found.put(await state.find_any(ContactChange, "ref", refs, limit=_MOST))
    found.put(await state.find_any(ContactEntry, "ref", refs, limit=_MOST))
    found.put(await state.find_any(Snapshot, "ref", refs, limit=_MOST))
    found.put(await state.find_any(ImportedClient, "ref", refs, limit=_MOST))
    found.put(await state.find_any(OutboxMessage, "record", refs, limit=_MOST))
    found.put(await state.find_any(Notice, "ref", refs, limit=_MOST))
    found.put(await state.find_any(Payment, "record", refs, limit=_MOST))
    found.put((await state.get_many(Referral, sorted(refs))).values())
    found.put(await state.find_any(Referral, "referrer", refs, limit=_MOST))
    found.put(await state.find_any(Session, "entry", refs, limit=_MOST))
    found.put(await state.find_any(AccountLink, "ref", refs, limit=_MOST))
    found.put(await state.find_any(Assignment, "ref", refs, limit=_MOST))
    for key in ("survivor", "absorbed"):
        found.put(await state.find_any(Merge, key, refs, limit=_MOST))
    for key in ("first", "second"):
        found.put(await state.find_any(Dismissal, key, refs, limit=_MOST))
    for start in range(0, len(ids), _PAGE):
        some = ids[start : start + _PAGE]
        found.put(await state.find_any(Snapshot, "appointment", some, limit=_MOST))
        found.put(await state.find_any(Notice, "booking", some, limit=_MOST))
        found.put((await state.get_many(Assignment, some)).values())


def _contacts(reading: Reading, held: Held, found: _Found) -> frozenset[ContactKey]:
    """Every contact that was ever known to be theirs: of the rows, the index, and the journals of their merges."""
    keys = {key for row in held.records for key in keys_of(row, reading.policy.contacts.region)}
    for entry in found.by_kind.get(ContactEntry, {}).values():
        if (key := cast("ContactEntry", entry).contact) is not None:
            keys.add(key)
    for one in found.by_kind.get(Merge, {}).values():
        merge = cast("Merge", one)
        if RecordRef.parse(merge.absorbed) in held.refs:
            keys.update(merge.contacts)
    return frozenset(keys)


async def _logins(reading: Reading, found: _Found) -> frozenset[ContactKey]:
    """The emails that the accounts linked to them log in with: one that was changed is on no row of the platform's."""
    ids = {cast("AccountLink", one).account for one in found.by_kind.get(AccountLink, {}).values()}
    ids.update(cast("Assignment", one).account for one in found.by_kind.get(Assignment, {}).values())
    accounts = await reading.state.get_many(Account, sorted(ids))
    emails = {one.email for one in accounts.values()}
    emails.update(one.id for one in await reading.state.find_any(Identifier, "account", sorted(ids), limit=_MOST))
    return frozenset(map(ContactKey.parse, emails))


async def _shared(reading: Reading, group: Group, keys: frozenset[ContactKey]) -> frozenset[ContactKey]:
    """Those that somebody else has, too."""
    shared: set[ContactKey] = set()
    for key in sorted(keys):
        people, hits = await people_with(reading, key)
        if any(person.ref != group.root for person in people) or (
            hits and not people and not await _only_of(reading, group, key)
        ):
            shared.add(key)
    return frozenset(shared)


async def _only_of(reading: Reading, group: Group, key: ContactKey) -> bool:
    """Whether the index names nobody else: the platform's rows have said nothing since they were erased."""
    entries = await reading.state.find(ContactEntry, "key", [str(key)], limit=_MOST)
    return bool(entries) and all(RecordRef.parse(one.ref) in group.refs for one in entries)


async def _check_under_way(
    reading: Reading,
    group: Group,
    appointments: Sequence[Appointment],
    keys: frozenset[ContactKey],
    finishing: str | None,
) -> None:
    """What a platform elsewhere was asked for and has not answered is finished first: its answer would bring back what
    is erased now. ``finishing`` is the erasing itself, whose answer is just being recorded."""
    ids = frozenset(one.id for one in appointments)
    identities = frozenset(map(str, keys))
    for intent in await reading.state.find(Intent, "state", ["open"], limit=_MOST):
        if intent.id == finishing:
            continue
        about = {intent.for_ref, *intent.refs}
        if intent.appointment is not None:
            about.add(intent.appointment.ref)
        named = intent.appointment is not None and intent.appointment.id in ids
        proved = intent.session is not None and intent.session.identity in identities
        if named or proved or not about.isdisjoint(group.refs):
            raise Unfinished(intent.id)


async def _accounts(
    reading: Reading, group: Group, keys: frozenset[ContactKey], shared: frozenset[ContactKey], found: _Found
) -> frozenset[ContactKey]:
    """Put what hangs on the accounts that are theirs alone; answer the emails of those that lead to others, too."""
    state, refs = reading.state, frozenset(group.refs)
    emails = sorted(str(key) for key in keys if key.kind is ContactKind.EMAIL)
    ids = {cast("AccountLink", one).account for one in found.by_kind.get(AccountLink, {}).values()}
    ids.update(cast("Assignment", one).account for one in found.by_kind.get(Assignment, {}).values())
    ids.update(one.account for one in (await state.get_many(Identifier, emails)).values())
    if emails:
        ids.update(one.id for one in await state.find_any(Account, "email", emails, limit=_MOST))
    family: set[ContactKey] = set()
    for account in (await state.get_many(Account, sorted(ids))).values():
        seen = await belongings_of(reading, account)
        if only_theirs(seen, refs, keys, shared):
            found.put(flattened(seen))
            found.put(await state.find(OutboxMessage, "account", [account.id], limit=_MOST))
        else:
            family.update((account.identity, *(ContactKey.parse(one.id) for one in seen.identifiers)))
            found.put(one for one in seen.sessions if not refs.isdisjoint(one.own))
    return frozenset(family)


async def _by_contact(
    reading: Reading, group: Group, keys: frozenset[ContactKey], own: frozenset[ContactKey], found: _Found
) -> None:
    state = reading.state
    for session in await state.find_any(Session, "identity", sorted(map(str, keys)), limit=_MOST) if keys else ():
        if ContactKey.parse(session.identity) in own or not frozenset(group.refs).isdisjoint(session.own):
            found.put([session])
    if not own:
        return
    texts = sorted(map(str, own))
    challenges = await state.find_any(Challenge, "lane", texts, limit=_MOST)
    counters = await state.find_any(GuessCounter, "identity", texts, limit=_MOST)
    found.put(challenges)
    found.put(counters)
    found.put(await state.find_any(MailedLink, "identity", texts, limit=_MOST))
    found.put(await state.find_any(OutboxMessage, "contact", texts, limit=_MOST))
    histories = await state.get_many(ContactHistory, texts)
    found.put(one for one in histories.values() if not one.placeholder)
    lanes = (
        _LANES
        | {f"claim:{digest(str(key))[:32]}" for key in own}
        | {one.lane for one in challenges}
        | {one.id.removeprefix(f"{one.identity}|") for one in counters}
    )
    places = {f"to:{mailbox(key)}" for key in own} | {f"reach:{key.value}" for key in own}
    wanted = sorted(f"{place}|{lane}" for place in places for lane in lanes)
    found.put((await state.get_many(Allowance, wanted)).values())


async def _by_subject(reading: Reading, group: Group, appointments: Sequence[Appointment], found: _Found) -> None:
    """What the audit tells of them: under their records, appointments, merges, accounts and pairs."""
    subjects = {str(ref) for ref in group.refs} | {one.id for one in appointments}
    subjects.update(found.by_kind.get(Merge, {}))
    subjects.update(f"account:{id}" for id in found.by_kind.get(Account, {}))
    for one in found.by_kind.get(Dismissal, {}).values():
        pair = cast("Dismissal", one)
        subjects.update((f"{pair.first} and {pair.second}", f"{pair.second} and {pair.first}"))
    every = sorted(subjects)
    for start in range(0, len(every), _PAGE):
        found.put(await reading.state.find_any(AuditEntry, "subject", every[start : start + _PAGE], limit=_MOST))


# --- erasing ----------------------------------------------------------------------------------------------------------


async def _load_erasing(reading: Reading, asked: OnePerson) -> tuple[Held, Intent]:
    if not reading.setup.host.capabilities.erase_client:
        raise MissingCapability("erasing needs a host that declares erase_client", (), "erase_client")
    held = await _load_group(reading, await held_group(reading, asked.ref))
    region = reading.policy.contacts.region
    contacts = held.contacts.union(*(keys_of(row, region) for row in held.records))
    intent = Intent(
        id=reading.fresh_id(),
        write=HostWrite.ERASE_CLIENT,
        actor=reading.actor,
        asked_at=reading.now,
        due_at=reading.now,
        for_ref=held.root,
        refs=held.refs,
        entries=tuple(sorted(contacts)),
    )
    return held, intent


def _decide_erasing(seen: tuple[Held, Intent], _asked: OnePerson, _policy: Policy, _now: datetime) -> Decision[Erased]:
    held, intent = seen
    because = Because("erasing.erased", (("records", str(len(held.refs))),))
    if not held.anything:
        return refuse(Reason.NOT_FOUND, because)
    changes = erased(held)
    # What was asked about them since then is told without words, too; there is nothing to ask the platform for.
    if held.nothing_left and all(isinstance(change.record, AuditEntry) for change in changes):
        return grant(Erased(held.root, held.refs, already=True), because, changes)
    return grant(Erased(held.root, held.refs), because, changes, asks=evolve(intent, because=str(because)))


ERASE = Operation[OnePerson, tuple[Held, Intent], Erased](
    name=ERASE_NAME,
    load=_load_erasing,
    decide=_decide_erasing,
    subject=lambda asked: str(asked.ref),
    permission=Permission.ERASE,
    durable=True,
)
