"""Reading people: the records that a contact leads to, and everything that was merged into one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from attrs import frozen

from clientportal.decisions import Because, Reason, Refusal
from clientportal.operations.frame import Denied, Reading, client_session
from clientportal.policy import SeenBy
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    ContactEntry,
    ContactHistory,
    Pointer,
    Session,
    Snapshot,
    Trail,
)
from clientportal.rules.matching_keys import demo_key
from clientportal.rules.sessions import judge_session
from clientportal.rules.whose_contact import (
    MOST_BOOKINGS,
    MOST_HITS,
    Candidate,
    is_flagged,
    keys_of,
    name_key,
    one_per_guest,
)
from clientportal.values import ClientRecord, ContactKey, RecordKind, RecordRef
from clientportal.values.clients import MAX_NAME

__all__ = [
    "Group",
    "Principal",
    "assigned_to",
    "group_of",
    "groups_of",
    "load_candidates",
    "locked_account",
    "pointers_to",
    "principal",
    "records_of",
    "roots_of",
    "trail_from",
    "whole_guest",
    "with_moved_bookings",
]


async def records_of(reading: Reading, refs: Sequence[RecordRef]) -> dict[RecordRef, ClientRecord]:
    """The host's rows for those refs, a hundred at a time; absent ones are left out."""
    found: dict[RecordRef, ClientRecord] = {}
    wanted = sorted(set(refs))
    for start in range(0, len(wanted), MOST_HITS):
        for record in await reading.host.clients(wanted[start : start + MOST_HITS]):
            found[record.ref] = record
    return found


async def roots_of(reading: Reading, refs: Sequence[RecordRef]) -> dict[RecordRef, RecordRef]:
    """Where the merge pointers lead: each ref to the record that speaks for it, mostly itself."""
    pointers = await reading.state.get_many(Pointer, [str(ref) for ref in refs])
    return {ref: pointers[str(ref)].root_ref if str(ref) in pointers else ref for ref in refs}


@frozen
class Group:
    """One person: the record that speaks, all refs behind it (the speaker's first), and the pointers that bind them."""

    root: RecordRef
    refs: tuple[RecordRef, ...]
    pointers: tuple[Pointer, ...]


async def group_of(reading: Reading, ref: RecordRef) -> Group:
    """Follow the pointer from ``ref``, and collect everything else that leads to the same place."""
    return await _group_behind(reading, ref, await reading.state.get(Pointer, str(ref)))


async def _group_behind(reading: Reading, ref: RecordRef, pointer: Pointer | None) -> Group:
    root = ref if pointer is None else pointer.root_ref
    return await _group(reading, root, await pointers_to(reading, [root]))


_POINTERS_AT_ONCE = 10_000


async def pointers_to(reading: Reading, roots: Iterable[RecordRef]) -> Sequence[Pointer]:
    """Everything that was merged into any of those: in one read unless it is a great deal, and whole in any case. What
    were left out would be a client's appointments and contacts that nobody sees any more, without a word.
    """
    wanted = sorted({str(root) for root in roots})
    pointers = await reading.state.find_any(Pointer, "root", wanted, limit=_POINTERS_AT_ONCE)
    if len(pointers) < _POINTERS_AT_ONCE:
        return pointers
    found: list[Pointer] = []
    for root in wanted:
        after: str | None = None
        while True:
            page = await reading.state.page(Pointer, "root", [root], after=after, limit=_POINTERS_AT_ONCE)
            found.extend(page.items)
            after = page.next
            if after is None:
                break
    return found


async def groups_of(reading: Reading, refs: Sequence[RecordRef]) -> dict[RecordRef, Group]:
    """The same for several refs in two reads, however many they are."""
    roots = await roots_of(reading, refs)
    pointers = await pointers_to(reading, roots.values())
    groups = {
        root: await _group(reading, root, [one for one in pointers if one.root_ref == root])
        for root in dict.fromkeys(roots.values())
    }
    return {ref: groups[root] for ref, root in roots.items()}


async def _group(reading: Reading, root: RecordRef, pointers: Sequence[Pointer]) -> Group:
    refs = (root, *sorted(found.absorbed_ref for found in pointers))
    return Group(root, await with_moved_bookings(reading, refs), tuple(pointers))


async def with_moved_bookings(reading: Reading, refs: tuple[RecordRef, ...]) -> tuple[RecordRef, ...]:
    """A guest's booking is a record of its own; where the host books anew at a move, the new one is the guest's too."""
    found = dict.fromkeys(refs)
    for ref in refs:
        if ref.kind is RecordKind.BOOKING:
            passed, _ = await trail_from(reading, ref.id)
            found.update(dict.fromkeys(RecordRef.booking(id) for id in passed))
    return tuple(found)


async def trail_from(reading: Reading, id: str) -> tuple[tuple[str, ...], Trail | None]:
    """Every id that an appointment has had since it had that one, the present one last, and the trail that ends there.

    A host that makes a new appointment at every move left a trail of several steps (X1).
    """
    trail = await reading.state.get(Trail, id)
    passed = [id]
    while trail is not None and trail.current_id not in passed:
        passed.append(trail.current_id)
        trail = await reading.state.get(Trail, trail.current_id)
    return tuple(passed), trail


async def load_candidates(
    reading: Reading, key: ContactKey, history: ContactHistory | None
) -> tuple[tuple[Candidate, ...], int]:
    """The people who have a contact, and how many records the index named.

    A hit of the index is a hint: the host's row is read again, and counts only if it still has the contact. An absorbed
    record whose row is gone counts still: the journal keeps its contacts. A miss asks the host where it can answer.
    Of a contact that staff have flagged as nobody's (X4) nobody's row is read; what follows from it, the rules say.
    Beyond ``MOST_HITS`` records, up to ``MOST_BOOKINGS``, guests' bookings are read as well, and counted by people.
    """
    entries = await reading.state.find_any(ContactEntry, "key", [str(key), str(demo_key(key))], limit=MOST_BOOKINGS + 1)
    # A demo client has its contact where nobody else has it: what is anybody's leads to them alone (V12).
    people = [entry for entry in entries if entry.key == str(key)]
    hits = [RecordRef.parse(entry.ref) for entry in people or entries]
    if not hits and reading.setup.host.capabilities.by_contact:
        hits = list(await reading.host.by_contact(key))
    rows_of_clients = sum(ref.kind is RecordKind.CLIENT for ref in hits)
    if is_flagged(history) or len(hits) > MOST_BOOKINGS or rows_of_clients > MOST_HITS:
        return (), len(hits)
    detached: frozenset[RecordRef] = frozenset(history.detached) if history is not None else frozenset()
    refs = [ref for ref in dict.fromkeys(hits) if ref not in detached]
    if not refs:
        return (), 0
    roots = await roots_of(reading, refs)
    pointers = await pointers_to(reading, roots.values())
    members: dict[RecordRef, list[RecordRef]] = {root: [root] for root in roots.values()}
    for pointer in pointers:
        members.setdefault(pointer.root_ref, [pointer.root_ref]).append(pointer.absorbed_ref)
    rows = await records_of(reading, [ref for group in members.values() for ref in group])
    region = reading.policy.contacts.region
    having: dict[RecordRef, list[RecordRef]] = {}
    for ref in sorted(refs):
        if (ref in rows and key in keys_of(rows[ref], region)) or (ref not in rows and roots[ref] != ref):
            having.setdefault(roots[ref], []).append(ref)
    candidates = one_per_guest(
        [
            Candidate(rows[root], tuple(rows[ref] for ref in members[root] if ref in rows), tuple(having[root]))
            for root in sorted(having)
            if root in rows
        ]
    )
    if len(hits) <= MOST_HITS:
        return candidates, len(refs)
    person = {member.ref: candidate.ref for candidate in candidates for member in candidate.members}
    many = len({person.get(ref, roots[ref]) for ref in refs})
    return (candidates if many <= MOST_HITS else ()), many


@frozen
class Principal:
    """Whoever holds the session: the record it is for today, its account, and all refs whose things it sees.

    ``group`` is ``None`` where an account's session shows no record: its email is not proved yet, or the business shows
    single appointments (A7). ``bookings`` are the appointments assigned to the account, each as a ref of its own.
    """

    session: Session
    group: Group | None
    account: Account | None = None
    bookings: tuple[RecordRef, ...] = ()

    @property
    def root(self) -> RecordRef | None:
        """The record that speaks for the client, if any."""
        return None if self.group is None else self.group.root

    @property
    def refs(self) -> tuple[RecordRef, ...]:
        """Every record and every single appointment behind it."""
        return self.bookings if self.group is None else self.group.refs


async def session_of(reading: Reading, *, needs_record: bool, needs_factor: bool = True, lock: bool = False) -> Session:
    """The caller's session, checked in this very unit: a session that was revoked elsewhere fails here (I7)."""
    caller = client_session(reading.caller)
    session = reading.opened
    if lock or session is None:
        session = await reading.state.get(Session, caller.session_id, lock=lock)
    no = judge_session(session, reading.policy, reading.now, needs_record=needs_record, needs_factor=needs_factor)
    if no is not None:
        raise Denied(no)
    assert session is not None
    if session.viewer is None and reading.now - session.used_at >= reading.policy.sessions.noted_every:
        reading.session = session
    return session


async def locked_account(reading: Reading) -> Account | None:
    """The account of the caller's session, locked; ``None`` where it has none, or nobody knows it any more."""
    session = await session_of(reading, needs_record=False)
    return None if session.account is None else await reading.state.get(Account, session.account, lock=True)


async def principal(reading: Reading) -> Principal:
    """The caller's session with its record or account: whose data may be read, from the session alone.

    Which of the two it shows, ``visibility.appointments`` says at every call: a business that switches between records
    and assigned appointments loses neither (A7).
    """
    session = await session_of(reading, needs_record=True)
    linked = reading.linked if session is reading.opened else None
    account: Account | None = None
    if session.account is not None:
        if linked is None:
            account = await reading.state.get(Account, session.account)
        else:
            account = cast("Account | None", linked.get("account"))
        if account is None:
            raise Denied(Refusal(Reason.SESSION_ENDED, Because("sessions.judge_session", (("account", "gone"),))))
        reading.actor = f"account:{account.id}"
    entry = session.entry_ref
    if entry is None or reading.policy.visibility.appointments is SeenBy.ASSIGNED:
        bookings = () if account is None else await assigned_to(reading, account)
        return Principal(session, None, account, bookings)
    if linked is None:
        group = await group_of(reading, entry)
    else:
        group = await _group_behind(reading, entry, cast("Pointer | None", linked.get("entry")))
    if group.root.kind is RecordKind.BOOKING:
        group = await whole_guest(reading, session, account, group)
    if account is None:
        reading.actor = str(group.root)
    return Principal(session, group, account)


async def whole_guest(reading: Reading, session: Session, account: Account | None, group: Group) -> Group:
    """A guest's booking with the others of the same guest: those that have the proved contact and the same name, and
    those that the account is linked to (see ``whose_contact.one_per_guest``).

    What an account merely typed proves nothing, and adds nothing.
    """
    name = await _booked_name(reading, group.root)
    found = dict.fromkeys(group.refs)
    if not name:
        return group
    if account is None or account.proved_at is not None:
        identity = ContactKey.parse(session.identity)
        candidates, _ = await load_candidates(reading, identity, await reading.state.get(ContactHistory, str(identity)))
        same = [one for one in candidates if one.ref.kind is RecordKind.BOOKING and name_key(one.speaker.name) == name]
        found.update(dict.fromkeys(member.ref for one in same for member in one.members if one.speaker.usable))
    if account is not None:
        links = await reading.state.find(AccountLink, "account", [account.id], limit=_MOST_LINKS)
        mine = [one.record_ref for one in links if one.revoked_at is None and one.record_ref.kind is RecordKind.BOOKING]
        rows = await records_of(reading, mine)
        found.update(dict.fromkeys(ref for ref in mine if ref in rows and name_key(rows[ref].name) == name))
        found = {ref: None for ref in found if ref not in {one.record_ref for one in links if one.revoked_at}}
    return Group(group.root, await with_moved_bookings(reading, (group.root, *found)), group.pointers)


_MOST_LINKS = 10_000


async def _booked_name(reading: Reading, ref: RecordRef) -> str:
    """The name on a booking, also where the platform deletes what is cancelled: then the snapshot has it."""
    row = (await records_of(reading, [ref])).get(ref)
    if row is not None:
        return name_key(row.name)
    page = await reading.state.page(Snapshot, "ref", [str(ref)], limit=1, newest_first=True)
    return name_key(page.items[0].appointment.booked_as[:MAX_NAME]) if page.items else ""


_MOST_ASSIGNED = 100_000
"""More than any account has: one that were left out would be missing from the client's list without a word."""


async def assigned_to(reading: Reading, account: Account) -> tuple[RecordRef, ...]:
    """The appointments that are assigned to an account, each as it is called today (X1).

    Before the account's email is proved, only what its own session booked (A16): whatever else was given to it may be
    another's, whose email somebody typed.
    """
    held = await reading.state.find(Assignment, "account", [account.id], limit=_MOST_ASSIGNED)
    shown = [one for one in held if one.own_booking or account.proved_at is not None]
    found = dict.fromkeys(assignment.id for assignment in shown)
    ahead = list(found)
    while ahead:
        trails = await reading.state.get_many(Trail, ahead)
        ahead = [trail.current_id for trail in trails.values() if trail.current_id not in found]
        found.update(dict.fromkeys(ahead))
    return tuple(RecordRef.booking(id) for id in found)
