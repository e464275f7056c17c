"""What survives a merge, what moves, and how it is undone.

A merge draws one edge, from the absorbed record to the survivor; the host's rows stay as they are. What a merged client
shows is *computed* from all records behind the edge, every time, each value with the record it came from. So nothing
depends on the order in which records were merged, undoing is erasing one edge, and no history has to be moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, grant, refuse
from clientportal.outcomes import Evidence, FieldChoice, Merged, MergePlan, Source, Undone
from clientportal.policy import Policy, Survivorship
from clientportal.records import Dismissal, Merge, Pointer, Put, Remove, Write
from clientportal.rules.whose_contact import contact_key, keys_of
from clientportal.values import CLIENT_FIELDS, Address, ClientRecord, ContactKind, MatchKey, RecordRef

__all__ = ["Merging", "Undoing", "address_of", "choices_of", "choose_fields", "merge", "plan", "rules_of", "undo"]


# --- what a merged client shows --------------------------------------------------------------------------------------


def _text(record: ClientRecord, name: str) -> str | None:
    value = getattr(record, name)
    text = None if value is None else str(value)
    return text or None


def _changed(record: ClientRecord, name: str) -> datetime:
    """When the value was last changed; a host that does not say falls through to when the record was made."""
    times = record.changed_at or {}
    return times.get(name, record.created_at)


def choose_fields(
    records: Sequence[ClientRecord],
    rules: Mapping[str, Survivorship],
    choices: Mapping[str, str],
    region: str | None = None,
) -> dict[str, FieldChoice]:
    """Decide every field of a client from all its records (laws 2–6).

    Only records that have something to say are asked: one whose field was never set is neutral, one whose field was
    *cleared* on purpose says "nothing", and says it at the time it was cleared. Ties fall to (time, value, id), so the
    answer is the same for every order of ``records``. ``choices`` are staff's own picks, field -> record; they hold
    while that record is still one of these. With ``region`` contacts that differ in their spelling alone are marked.
    """
    chosen = {
        name: _choose(name, records, rules.get(name, Survivorship.MOST_RECENT), choices.get(name))
        for name in CLIENT_FIELDS
    }
    if region is None:
        return chosen
    return {name: evolve(choice, alike=_alike(choice, region)) for name, choice in chosen.items()}


def _choose(name: str, records: Sequence[ClientRecord], rule: Survivorship, pick: str | None) -> FieldChoice:
    speaking = [record for record in records if _text(record, name) is not None or name in record.cleared]
    sources = tuple(
        Source(record.ref, _text(record, name) or "") for record in sorted(speaking, key=lambda record: record.ref)
    )
    picked = next((record for record in speaking if str(record.ref) == pick), None)
    if picked is not None:
        chosen, by = picked, "staff_choice"
    elif speaking:
        chosen, by = _by_rule(name, speaking, rule), rule.value
    else:
        return FieldChoice(name, None, None, rule.value)
    value = _text(chosen, name)
    others = tuple(source for source in sources if source.ref != chosen.ref)
    return FieldChoice(name, value, chosen.ref, by, others)


def _by_rule(name: str, speaking: Sequence[ClientRecord], rule: Survivorship) -> ClientRecord:
    def tie(record: ClientRecord) -> tuple[float, str, RecordRef]:
        return (_changed(record, name).timestamp(), _text(record, name) or "", record.ref)

    if rule is Survivorship.MOST_RECENT:
        return max(speaking, key=tie)
    if rule is Survivorship.OLDEST:
        return min(speaking, key=lambda record: (record.created_at.timestamp(), _text(record, name) or "", record.ref))
    return max(speaking, key=lambda record: (len(_text(record, name) or ""), *tie(record)))


def address_of(fields: Mapping[str, FieldChoice], records: Sequence[ClientRecord]) -> Address | None:
    """The chosen address, whole: lines of two addresses are never mixed."""
    chosen = fields["address"]
    return next((record.address for record in records if record.ref == chosen.source and chosen.value), None)


# --- merging ----------------------------------------------------------------------------------------------------------


@frozen
class Merging:
    """Everything read for a merge.

    ``groups`` are the survivor's and the absorbed ones' whole groups: root -> its records, the root's own first.
    ``pointers`` are all pointers inside the absorbed groups. ``journal`` are the merges behind every group.
    """

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    roots: Mapping[RecordRef, RecordRef]
    groups: Mapping[RecordRef, tuple[ClientRecord, ...]]
    pointers: tuple[Pointer, ...]
    journal: tuple[Merge, ...]
    dismissals: tuple[Dismissal, ...]
    appointments: Mapping[str, int]
    merge_ids: tuple[str, ...]
    actor: str
    reason: str = ""
    choices: Mapping[str, str] = field(factory=dict[str, str])


def choices_of(journal: Sequence[Merge]) -> dict[str, str]:
    """Staff's picks of a group: of two for one field the later merge's, then the greater id's."""
    choices: dict[str, str] = {}
    for merge_ in sorted(journal, key=lambda entry: (entry.merged_at, entry.id)):
        choices.update(merge_.choices)
    return choices


def rules_of(journal: Sequence[Merge], policy: Policy) -> Mapping[str, Survivorship]:
    """The survivorship that a group keeps: that of its latest merge, or today's where nothing was merged."""
    latest = max(journal, key=lambda entry: (entry.merged_at, entry.id), default=None)
    if latest is None:
        return policy.merging.survivorship
    return {name: Survivorship(rule) for name, rule in latest.rules.items()}


def plan(seen: Merging, policy: Policy) -> MergePlan:
    """What the merged client will show, from where, and where the records disagree."""
    records = tuple(record for group in seen.groups.values() for record in group)
    choices = {**choices_of(seen.journal), **seen.choices}
    fields = choose_fields(records, policy.merging.survivorship, choices, policy.contacts.region)
    return MergePlan(
        survivor=seen.survivor,
        absorbed=seen.absorbed,
        fields=tuple(fields.values()),
        appointments=seen.appointments,
        evidence=tuple(str(found) for found in _evidence(seen, policy)),
    )


def _alike(choice: FieldChoice, region: str) -> bool:
    """Whether everybody names the same contact: ``021 555 0142`` and ``+64 21 555 0142`` are no disagreement."""
    if choice.field not in tuple(ContactKind) or not choice.others:
        return False
    kind = ContactKind(choice.field)
    keys = {contact_key(kind, text, region) for text in (choice.value or "", *(one.value for one in choice.others))}
    return len(keys) == 1 and None not in keys


def _evidence(seen: Merging, policy: Policy) -> list[Evidence]:
    found: list[Evidence] = []
    region = policy.contacts.region
    mine = {key: record.ref for record in seen.groups.get(seen.survivor, ()) for key in keys_of(record, region)}
    for root in seen.absorbed:
        for record in seen.groups.get(root, ()):
            for key in sorted(keys_of(record, region) & mine.keys()):
                found.append(Evidence(first=mine[key], second=record.ref, shared=(MatchKey.of(key),)))
    return found


def merge(seen: Merging, policy: Policy, now: datetime) -> Decision[Merged]:
    """Merge records into one survivor: one edge each, one journal entry each, in one commit.

    Both sides must be the heads of their groups: an absorbed record is not merged again, its survivor is. A pair that
    staff have called "not a duplicate" is refused until they take that back (law 12). Merging again what is merged
    already is no error and no second entry (law 1).
    """
    because = Because(
        "merging.merge",
        (("survivor", str(seen.survivor)), ("absorbed", ", ".join(map(str, seen.absorbed)))),
        (("merging.survivorship", ", ".join(f"{k}={v.value}" for k, v in policy.merging.survivorship.items())),),
    )
    for ref in (seen.survivor, *seen.absorbed):
        if ref not in seen.roots:
            return refuse(Reason.NOT_FOUND, because)
    if not seen.absorbed or seen.survivor in seen.absorbed:
        return refuse(Reason.SAME_RECORD, because)
    fresh = tuple(ref for ref in seen.absorbed if seen.roots[ref] != seen.roots[seen.survivor])
    outcome = Merged(seen.survivor, seen.merge_ids[: len(fresh)], plan(seen, policy))
    if not fresh:
        if seen.roots[seen.survivor] in seen.absorbed:
            # They are one already, but the other way round: who survives is a choice of its own, and it was made.
            head = seen.roots[seen.survivor]
            return refuse(Reason.ALREADY_MERGED, because, record=str(seen.survivor), survivor=str(head))
        return grant(evolve(outcome, merges=_merges_between(seen)), because)
    for ref in (seen.survivor, *fresh):
        if seen.roots[ref] != ref:
            return refuse(Reason.ALREADY_MERGED, because, record=str(ref), survivor=str(seen.roots[ref]))
    if seen.dismissals:
        return refuse(
            Reason.NOT_DUPLICATES, because, pair=f"{seen.dismissals[0].first} and {seen.dismissals[0].second}"
        )
    wrong = set(seen.choices) - set(CLIENT_FIELDS)
    members = {str(record.ref) for group in seen.groups.values() for record in group}
    if wrong or not set(seen.choices.values()) <= members:
        return refuse(Reason.NOT_FOUND, because)
    # Later than every merge that it builds on, also where the clock stood still or was set back: the latest one's rules
    # and choices are the group's, and the plan has promised that these are.
    merged_at = max([now, *(entry.merged_at + timedelta(microseconds=1) for entry in seen.journal)])
    writes: list[Write] = []
    events: list[HostEvent] = []
    for merge_id, ref in zip(seen.merge_ids, fresh, strict=False):
        group = seen.groups[ref]
        contacts = {key for record in group for key in keys_of(record, policy.contacts.region)}
        writes.append(
            Put(
                Merge(
                    id=merge_id,
                    survivor=str(seen.survivor),
                    absorbed=str(ref),
                    merged_at=merged_at,
                    actor=seen.actor,
                    reason=seen.reason,
                    rules={name: rule.value for name, rule in policy.merging.survivorship.items()},
                    choices=dict(seen.choices),
                    contacts=tuple(sorted(contacts)),
                )
            )
        )
        writes.append(
            Put(Pointer(id=str(ref), survivor=str(seen.survivor), root=str(seen.survivor), merge_id=merge_id))
        )
        events.append(
            HostEvent("merged", (("survivor", str(seen.survivor)), ("absorbed", str(ref)), ("merge", merge_id)))
        )
    for pointer in seen.pointers:
        if pointer.root_ref in fresh:
            writes.append(Put(evolve(pointer, root=str(seen.survivor))))
    return grant(outcome, because, tuple(writes), events=tuple(events))


def _merges_between(seen: Merging) -> tuple[str, ...]:
    wanted = {str(ref) for ref in seen.absorbed}
    return tuple(entry.id for entry in seen.journal if entry.absorbed in wanted and entry.undone_at is None)


# --- undoing ----------------------------------------------------------------------------------------------------------


@frozen
class Undoing:
    """Everything read for an undo. ``pointers`` are all pointers of the group that the absorbed record is in; ``gone``
    says that the platform has neither of the two any more.
    """

    merge: Merge | None
    pointers: tuple[Pointer, ...]
    actor: str
    gone: bool = False


def undo(seen: Undoing, policy: Policy, now: datetime) -> Decision[Undone]:
    """Erase the edge of one merge: the absorbed record stands by itself again, with what had been merged into *it*.

    In any order: merges drawn before or after this one keep their own edges. Later bookings stay where they were made.
    Refused once both were deleted (TT4) or erased (X7), or after ``merging.undo_for``.
    """
    entry = seen.merge
    because = Because(
        "merging.undo",
        (("merge", entry.id if entry else "–"),),
        (("merging.undo_for", str(policy.merging.undo_for)),),
    )
    if entry is None:
        return refuse(Reason.NOT_FOUND, because)
    if entry.undone_at is not None:
        return refuse(Reason.UNDONE_ALREADY, because)
    if entry.erased or seen.gone:
        return refuse(Reason.ERASED, because)
    if now > entry.merged_at + policy.merging.undo_for:
        return refuse(Reason.UNDO_TOO_LATE, because)
    edge = next((pointer for pointer in seen.pointers if pointer.merge_id == entry.id), None)
    if edge is None:
        return refuse(Reason.NOT_FOUND, because)
    writes: list[Write] = [Remove(edge), Put(evolve(entry, undone_at=now, undone_by=seen.actor))]
    below = _below(edge.id, seen.pointers)
    writes.extend(Put(evolve(pointer, root=edge.id)) for pointer in below)
    absorbed, survivor = RecordRef.parse(entry.absorbed), RecordRef.parse(entry.survivor)
    event = HostEvent("unmerged", (("survivor", entry.survivor), ("absorbed", entry.absorbed), ("merge", entry.id)))
    return grant(Undone(survivor, absorbed), because, tuple(writes), events=(event,))


def _below(head: str, pointers: Sequence[Pointer]) -> list[Pointer]:
    """The pointers of everything that was merged into ``head``, directly or not."""
    found: list[Pointer] = []
    heads = {head}
    while heads:
        layer = [pointer for pointer in pointers if pointer.survivor in heads]
        found.extend(layer)
        heads = {pointer.id for pointer in layer}
    return found
