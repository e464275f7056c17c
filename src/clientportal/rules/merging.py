"""What does a merge write, and what does the merged client show afterwards?

A merge draws one edge, from the absorbed record to the survivor; the host's rows stay as they are. What a merged client
shows is *computed* from all records behind the edge, every time, each value with the record it came from (see
``surviving.py``). So nothing depends on the order in which records were merged, undoing is erasing one edge (see
``undoing.py``), and no history has to be moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, Refusal, grant
from clientportal.outcomes import Evidence, Merged, MergePlan
from clientportal.policy import Policy
from clientportal.policy.merging import is_merged_field
from clientportal.records import Dismissal, Merge, Pointer, Put, Remove, Session, Write
from clientportal.rules.erasing import is_blank
from clientportal.rules.surviving import (
    SurvivorshipRule,
    Ways,
    choices_of,
    choose,
    choose_internal,
    rules_of,
    rules_today,
    shows_all_cards,
    strictest,
)
from clientportal.rules.taking_over import LeadsTo, left_behind, logins_of, remarks_of, taken_over
from clientportal.rules.who_is_the_same import Component, judge_pairs
from clientportal.rules.whose_contact import keys_of
from clientportal.values import CLIENT_FIELDS, ClientRecord, ContactKey, Holding, RecordRef

__all__ = ["Merging", "merge", "plan"]


@frozen
class Merging:
    """Everything read for a merge, and, from ``appointments`` on, for its plan alone: a merge writes a few rows, and
    need not read a history for that.

    * ``groups`` are the survivor's and the absorbed ones' whole groups: root -> its records, the root's own first.
    * ``pointers`` are all pointers inside the absorbed groups; ``journal`` are the merges behind every group.
    * ``own``: the platform's own rules of survivorship.
    * ``shut_out``: the sessions of all of them, where nobody may log in to the survivor.
    * ``appointments``: how many each group brings; ``proofs``: when a contact was proved last.
    * ``common``: what the groups have in common, weighed as in the duplicate report.
    * ``holdings``: what the records hold; ``None`` where the platform does not say. ``own_cards`` are the refs whose
      cards are the survivor's own: no merge has brought them. ``logins``: the accounts that lead to any of the groups.
    * ``sees_clients``: whether staff may look at clients, and so at what is internal.
    """

    survivor: RecordRef
    absorbed: tuple[RecordRef, ...]
    roots: Mapping[RecordRef, RecordRef]
    groups: Mapping[RecordRef, tuple[ClientRecord, ...]]
    pointers: tuple[Pointer, ...]
    journal: tuple[Merge, ...]
    dismissals: tuple[Dismissal, ...]
    merge_ids: tuple[str, ...]
    actor: str
    reason: str = ""
    choices: Mapping[str, str] = field(factory=dict[str, str])
    own: Mapping[str, SurvivorshipRule] = field(factory=dict[str, SurvivorshipRule])
    shut_out: tuple[Session, ...] = ()
    appointments: Mapping[str, int] = field(factory=dict[str, int])
    proofs: Mapping[ContactKey, datetime] = field(factory=dict[ContactKey, datetime])
    holdings: tuple[Holding, ...] | None = None
    own_cards: tuple[RecordRef, ...] = ()
    logins: tuple[LeadsTo, ...] = ()
    common: Component = field(factory=Component)
    sees_clients: bool = True

    @property
    def fresh(self) -> tuple[RecordRef, ...]:
        """Those of the absorbed that are not one with the survivor yet."""
        return tuple(ref for ref in self.absorbed if self.roots.get(ref) != self.roots.get(self.survivor))

    @property
    def records(self) -> tuple[ClientRecord, ...]:
        """All rows behind the client."""
        return tuple(record for group in self.groups.values() for record in group)


# --- the plan ---------------------------------------------------------------------------------------------------------


def plan(seen: Merging, policy: Policy) -> MergePlan:
    """What the merged client will show, from where, what it takes over, and where the records disagree.

    Where they are one already nothing is decided anew: the plan then says what the group shows by its own rules. Who
    may not look at clients is shown what a client may see, and nothing of what only the profile for staff has.
    """
    records = seen.records
    anew = bool(seen.fresh)
    rules = rules_today(policy, seen.own) if anew else rules_of(seen.journal, policy, seen.own)
    choices = {**choices_of(seen.journal), **(seen.choices if anew else {})}
    ways = Ways(rules, choices, policy.contacts.region, seen.proofs, seen.own)
    # The attack: a plan can be asked for with any two records, and would read out what is internal in either.
    internal = tuple(choose_internal(records, ways).values()) if seen.sees_clients else ()
    members = tuple(record.ref for record in records)
    every = shows_all_cards(() if anew else seen.journal, policy)
    cards = members if every else seen.own_cards or (seen.survivor,)
    holdings = None if seen.holdings is None else taken_over(seen.holdings, cards)
    logins = logins_of(seen.logins, seen.roots.get(seen.survivor, seen.survivor))
    evidence = _evidence(seen, policy)
    return MergePlan(
        survivor=seen.survivor,
        absorbed=seen.absorbed,
        fields=tuple(choose(records, ways, CLIENT_FIELDS).values()),
        appointments=seen.appointments,
        evidence=evidence,
        internal=internal,
        consents=strictest(records, seen.journal) if seen.sees_clients else (),
        holdings=holdings,
        cards=tuple(sorted(cards)),
        logins=logins,
        left_behind=left_behind(holdings, members, cards, internal),
        remarks=remarks_of(holdings, logins, seen.journal, seen.own, unfounded=_unfounded(seen, evidence)),
    )


def _evidence(seen: Merging, policy: Policy) -> tuple[Evidence, ...]:
    """What speaks for these being one person, and what against it, as the duplicate report weighs it."""
    heads = frozenset(seen.groups)
    return tuple(one for one in judge_pairs(seen.common, policy) if {one.first, one.second} <= heads)


def _unfounded(seen: Merging, evidence: tuple[Evidence, ...]) -> tuple[tuple[RecordRef, RecordRef], ...]:
    """Those to be absorbed that nothing leads to from the survivor, each with the survivor: not by what they have in
    common, nor by way of another that is absorbed with them.
    """
    head = seen.roots.get(seen.survivor, seen.survivor)
    pairs = [(one.first, one.second) for one in evidence if one.apart is None]
    reached, ahead = {head}, [head]
    while ahead:
        here = ahead.pop()
        beside = {other for pair in pairs if here in pair for other in pair} - reached
        reached |= beside
        ahead.extend(sorted(beside))
    return tuple((ref, seen.survivor) for ref in seen.fresh if seen.roots.get(ref, ref) not in reached)


# --- the merge --------------------------------------------------------------------------------------------------------


def merge(seen: Merging, policy: Policy, now: datetime) -> Decision[Merged]:
    """Merge records into one survivor: one edge each, one journal entry each, in one commit.

    Both sides must be the heads of their groups: an absorbed record is not merged again, its survivor is. A pair that
    staff have called "not a duplicate" is refused until they take that back (law 12). Merging again what is merged
    already is no error and no second entry (law 1).
    """
    because = Because(
        "merging.merge",
        (("survivor", str(seen.survivor)), ("absorbed", ", ".join(map(str, seen.absorbed)))),
        (
            ("merging.survivorship", ", ".join(f"{k}={v}" for k, v in rules_today(policy, seen.own).items())),
            ("merging.cards", policy.merging.cards.value),
        ),
    )
    no = _judge(seen, because)
    if no is not None:
        return Decision(no, because)
    # A rule of the platform's that answers nonsense is found out before anything is merged, not when it is shown.
    choose(seen.records, Ways(rules_today(policy, seen.own), seen.choices, None, {}, seen.own), tuple(seen.own))
    fresh = seen.fresh
    outcome = Merged(seen.survivor, seen.merge_ids[: len(fresh)])
    if not fresh:
        return grant(evolve(outcome, merges=_merges_between(seen)), because)
    writes: list[Write] = []
    for merge_id, ref in zip(seen.merge_ids, fresh, strict=False):
        survivor = str(seen.survivor)
        writes.append(Put(_entry(seen, ref, merge_id, policy, now)))
        writes.append(Put(Pointer(id=str(ref), survivor=survivor, root=survivor, merge_id=merge_id)))
    for pointer in seen.pointers:
        if pointer.root_ref in fresh:
            writes.append(Put(evolve(pointer, root=str(seen.survivor))))
    # The attack: the platform has shut somebody out, and staff merge another record into theirs. Whoever is logged in
    # to the other one would be shown what was shut.
    writes.extend(Remove(session) for session in seen.shut_out)
    events = tuple(
        HostEvent("merged", (("survivor", str(seen.survivor)), ("absorbed", str(ref)), ("merge", merge_id)))
        for merge_id, ref in zip(seen.merge_ids, fresh, strict=False)
    )
    return grant(outcome, because, tuple(writes), events=events)


def _judge(seen: Merging, because: Because) -> Refusal | None:
    """Why they cannot be merged, if so."""

    def no(reason: Reason, **facts: str) -> Refusal:
        return Refusal(reason, because, facts=facts)

    if any(ref not in seen.roots for ref in (seen.survivor, *seen.absorbed)):
        return no(Reason.NOT_FOUND)
    if not seen.absorbed or seen.survivor in seen.absorbed:
        return no(Reason.SAME_RECORD)
    fresh, head = seen.fresh, seen.roots[seen.survivor]
    if not fresh:
        # They may be one already, but the other way round: who survives is a choice of its own, and it was made.
        return (
            no(Reason.ALREADY_MERGED, record=str(seen.survivor), survivor=str(head)) if head in seen.absorbed else None
        )
    merged = next((ref for ref in (seen.survivor, *fresh) if seen.roots[ref] != ref), None)
    if merged is not None:
        return no(Reason.ALREADY_MERGED, record=str(merged), survivor=str(seen.roots[merged]))
    heads = {record.ref: record for record in seen.records}
    erased = next((ref for ref in (seen.survivor, *fresh) if is_blank(heads[ref])), None)
    if erased is not None:
        # Nobody is in it. Merged into it, a client could not log in any more; the other way round, somebody would be
        # shown what another had booked who asked to be forgotten (X7).
        return no(Reason.ERASED, what=f"erased: {erased}")
    if len({record.demo for record in seen.records}) > 1:
        # Nobody is in the demo client, and its contacts may be anybody's: one with a client, the portal would write to
        # a stranger in the client's name (V12).
        return no(Reason.NOT_CHANGEABLE, why="the demo client is one with nobody")
    if seen.dismissals:
        return no(Reason.NOT_DUPLICATES, pair=f"{seen.dismissals[0].first} and {seen.dismissals[0].second}")
    members = {str(record.ref) for record in seen.records}
    if not all(is_merged_field(name) and ref in members for name, ref in seen.choices.items()):
        return no(Reason.NOT_FOUND)
    return None


def _entry(seen: Merging, ref: RecordRef, merge_id: str, policy: Policy, now: datetime) -> Merge:
    """The journal of one absorbed record, with its contacts and what it refused: they outlive the host's row.

    What had been merged into it before refused by its own entry: were it written here too, undoing that merge would
    leave its "no" behind.
    """
    brought = {pointer.id for pointer in seen.pointers}
    own = [record for record in seen.groups[ref] if str(record.ref) not in brought]
    refused = {name for record in own for name, given in record.consents.items() if not given}
    contacts = {key for record in seen.groups[ref] for key in keys_of(record, policy.contacts.region)}
    return Merge(
        id=merge_id,
        survivor=str(seen.survivor),
        absorbed=str(ref),
        # Later than every merge that it builds on, also where the clock stood still or was set back: the latest one's
        # rules and choices are the group's, and the plan has promised that these are.
        merged_at=max([now, *(entry.merged_at + timedelta(microseconds=1) for entry in seen.journal)]),
        actor=seen.actor,
        reason=seen.reason,
        rules=rules_today(policy, seen.own),
        choices=dict(seen.choices),
        cards=policy.merging.cards.value,
        contacts=tuple(sorted(contacts)),
        refused=tuple(sorted(refused)),
    )


def _merges_between(seen: Merging) -> tuple[str, ...]:
    wanted = {str(ref) for ref in seen.absorbed}
    return tuple(entry.id for entry in seen.journal if entry.absorbed in wanted and entry.undone_at is None)
