"""What follows where a record is linked to an account, taken off it, or left?

Whether it is, ``claiming.py`` decides. Every link keeps its evidence, who made it and when, and its revocation; the
platform is told of both in the same commit. Links are to the records themselves, so that merging and its undo need not
touch them: an account sees whoever speaks for a linked record today (X3, X5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, Refusal, grant, refuse
from clientportal.outcomes import Detached, ProfileOption
from clientportal.outcomes.claiming import Claimed, LinkLine
from clientportal.policy import Policy, SeenBy
from clientportal.records import (
    Account,
    AccountLink,
    ContactHistory,
    LinkEvidence,
    NumberCounter,
    Put,
    Remove,
    Session,
    Stage,
    Write,
)
from clientportal.rules.account_sessions import AccountSight, own_records
from clientportal.rules.claiming import AskForProof, Leave, Link, LinkFacts, LinkRule, held_to_the_laws
from clientportal.rules.sessions import Person, label_profiles, number_equals
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.rules.whose_contact import Candidate
from clientportal.values import RecordKind, RecordRef, mask

__all__ = [
    "Claim",
    "Leaving",
    "NotOfAccount",
    "StaffLinking",
    "claim",
    "leave",
    "line_of",
    "link_by_staff",
    "links_after",
    "may_claim",
    "not_of_account",
    "only_own",
    "taken_off",
    "unlink",
]


def links_after(
    verdict: Link,
    candidates: Sequence[Candidate],
    account: Account,
    held: Sequence[AccountLink],
    evidence: LinkEvidence,
    actor: str,
    now: datetime,
) -> tuple[tuple[Write, ...], tuple[HostEvent, ...]]:
    """The links that a verdict makes, each with its evidence, and what the platform is told of it.

    Of a guest every booking is linked: each is a record of its own. What is linked already stays as it is.
    """
    writes: list[Write] = []
    events: list[HostEvent] = []
    known = {link.id: link for link in held}
    wanted = [one for one in candidates if one.ref in verdict.refs]
    for candidate in sorted(wanted, key=lambda one: one.ref):
        for ref in _as_linked(candidate):
            link = AccountLink(
                id=AccountLink.id_of(account.id, ref),
                account=account.id,
                ref=str(ref),
                evidence=evidence,
                made_at=now,
                actor=actor,
                because=str(verdict.because),
            )
            before = known.get(link.id)
            if before is not None and before.revoked_at is None:
                continue
            writes.append(Put(link if before is None else evolve(link, version=before.version)))
            events.append(_told("linked", link, actor))
    return tuple(writes), tuple(events)


def _as_linked(candidate: Candidate) -> tuple[RecordRef, ...]:
    """The records to link for one person: the one that has what was proved, and a guest's further bookings."""
    bookings = [one.ref for one in candidate.members if one.ref.kind is candidate.ref.kind is RecordKind.BOOKING]
    return (candidate.entry, *sorted(ref for ref in bookings if ref != candidate.entry))


def _told(kind: str, link: AccountLink, actor: str) -> HostEvent:
    facts = (("account", link.account), ("record", link.ref), ("evidence", link.evidence.value), ("actor", actor))
    return HostEvent(kind, facts)


def taken_off(
    account: Account,
    refs: Sequence[RecordRef],
    held: Sequence[AccountLink],
    actor: str,
    now: datetime,
    because: Because,
) -> tuple[tuple[Write, ...], tuple[HostEvent, ...]]:
    """Take records off an account. It is remembered also where there was no link but an equal email."""
    known = {link.id: link for link in held}
    writes: list[Write] = []
    events: list[HostEvent] = []
    for ref in sorted(set(refs)):
        id = AccountLink.id_of(account.id, ref)
        link = known.get(id) or AccountLink(
            id=id,
            account=account.id,
            ref=str(ref),
            evidence=LinkEvidence.PROVED_EMAIL,
            made_at=now,
            actor=actor,
            because=str(because),
        )
        if link.revoked_at is None:
            writes.append(Put(evolve(link, revoked_at=now, revoked_by=actor)))
            events.append(_told("unlinked", link, actor))
    return tuple(writes), tuple(events)


def line_of(link: AccountLink, account: Account | None, *, sees: bool) -> LinkLine:
    """One link as staff see it."""
    return LinkLine(
        account=link.account,
        address="" if account is None else account.address,
        record=link.record_ref,
        evidence=link.evidence,
        made_at=link.made_at,
        actor=link.actor,
        because=link.because,
        revoked_at=link.revoked_at,
        revoked_by=link.revoked_by,
        sees=sees,
    )


# --- a client claims -------------------------------------------------------------------------------------------------


def may_claim(account: Account | None, policy: Policy) -> Refusal | None:
    """Whether this session can add records to an account at all.

    The attack: registering is free, so codes to other people's numbers would be. An account claims only once its own
    email is proved; and where single appointments are shown, no record would be.
    """
    because = Because(
        "linking.may_claim",
        (("email of the account", "none" if account is None else "proved" if account.proved_at else "not proved"),),
        (
            ("registration.accounts", str(policy.registration.accounts)),
            ("visibility.appointments", policy.visibility.appointments.value),
        ),
    )
    by_record = policy.visibility.appointments is SeenBy.RECORD
    if account is None or not policy.registration.accounts or not by_record:
        return Refusal(Reason.DISABLED, because)
    return None if account.proved_at is not None else Refusal(Reason.PROOF_NEEDED, because)


@frozen(kw_only=True)
class Claim:
    """What is read when a contact was proved for an account. ``candidates`` are all who have a proved contact.

    ``spent`` is written whatever follows: the code or link that proved it is used up. ``numbers`` are the client
    numbers that people have, by record.
    """

    session: Session
    sight: AccountSight
    facts: LinkFacts
    candidates: tuple[Candidate, ...]
    history: ContactHistory | None
    rule: LinkRule
    spent: tuple[Write, ...]
    numbers: Mapping[RecordRef, int]
    counter: NumberCounter | None
    actor: str


def claim(seen: Claim, policy: Policy, now: datetime) -> Decision[Claimed]:
    """Link what the proved contact leads to, as far as the rule allows, and say what the account may be for now.

    A proof that opens nothing by itself leaves the contact's history as it is: it must not make it look fresh (X6).
    """
    account = seen.sight.account
    verdict = held_to_the_laws(seen.rule, seen.facts, seen.candidates, policy)
    writes: tuple[Write, ...] = seen.spent
    events: tuple[HostEvent, ...] = ()
    sight = seen.sight
    if isinstance(verdict, Link):
        made, events = links_after(
            verdict, seen.candidates, account, sight.links, LinkEvidence.PROVED_CONTACT, seen.actor, now
        )
        contact = seen.facts.contact
        fresh = evolve(seen.history or ContactHistory(id=str(contact)), proved_at=now)
        writes = (*writes, *made, *((Put(fresh),) if not verdict.further else ()))
        linked = [one for one in seen.candidates if one.ref in verdict.refs]
        sight = evolve(sight, linked=(*sight.linked, *linked))
    before = {candidate.ref for candidate in own_records(seen.sight, policy)}
    own = own_records(sight, policy)
    people, numbered = number_equals(
        [Person(one.ref, one.speaker, seen.numbers.get(one.ref)) for one in own], seen.counter
    )
    session = only_own(seen.session, own, policy)
    options = label_profiles(people, _current(session, own))
    outcome = Claimed(
        options=options,
        added=tuple(option for option, one in zip(options, own, strict=True) if one.ref not in before),
        proof_needed=isinstance(verdict, AskForProof) or (isinstance(verdict, Link) and bool(verdict.further)),
    )
    return grant(outcome, verdict.because, (*writes, *numbered, Put(session)), events=events)


def _current(session: Session, own: Sequence[Candidate]) -> RecordRef | None:
    """The person that the session is for, as they are called among the account's own today."""
    entry = session.entry_ref
    return next((one.ref for one in own if entry in one.refs), None)


def only_own(session: Session, own: Sequence[Candidate], policy: Policy) -> Session:
    """The session with what its account may be for now: still for the same person, else for the only one there is, else
    nobody is chosen yet. Stages that come before a record (a second factor) stay.
    """
    refs = tuple(one.entry for one in own)
    if session.stage not in (Stage.OPEN, Stage.CHOOSING):
        return evolve(session, own=refs)
    if _current(session, own) is not None:
        return evolve(session, own=refs, stage=Stage.OPEN)
    if len(own) > 1 and policy.visibility.appointments is SeenBy.RECORD:
        return evolve(session, own=refs, entry=None, stage=Stage.CHOOSING)
    return evolve(session, own=refs, entry=str(refs[0]) if len(refs) == 1 else None, stage=Stage.OPEN)


# --- leaving ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Leaving:
    """What is read to take a record off an account. ``sessions`` are all of the account's, ``session`` the caller's."""

    sight: AccountSight
    sessions: tuple[Session, ...]
    session: Session | None = None
    numbers: Mapping[RecordRef, int] = field(factory=dict[RecordRef, int])
    actor: str


def _elsewhere(seen: Leaving, refs: frozenset[RecordRef]) -> tuple[Write, ...]:
    """The account's other sessions that are for that record end at once (I7)."""
    mine = None if seen.session is None else seen.session.id
    return tuple(Remove(one) for one in seen.sessions if one.id != mine and one.entry_ref in refs)


def leave(seen: Leaving, option: str, policy: Policy, now: datetime) -> Decision[tuple[ProfileOption, ...]]:
    """Take one of the account's own records off it. Anything else, existing or not, is simply not found."""
    because = Because("linking.leave", (("record", option[:200]),))
    own = own_records(seen.sight, policy)
    gone = next((one for one in own if option in set(map(str, one.refs))), None)
    if gone is None or seen.session is None:
        return refuse(Reason.NOT_FOUND, because)
    refs = gone.refs
    account = seen.sight.account
    writes, events = taken_off(account, tuple(refs), seen.sight.links, seen.actor, now, because)
    left = tuple(one for one in own if one.ref != gone.ref)
    session = only_own(seen.session, left, policy)
    people = [Person(one.ref, one.speaker, seen.numbers.get(one.ref)) for one in left]
    options = label_profiles(people, _current(session, left))
    return grant(options, because, (*writes, *_elsewhere(seen, refs), Put(session)), events=events)


@frozen(kw_only=True)
class NotOfAccount:
    """What is read for "this is not me" in a session of an account."""

    session: Session
    sight: AccountSight
    sessions: tuple[Session, ...]
    fresh: FreshSession
    actor: str


def not_of_account(seen: NotOfAccount, policy: Policy, now: datetime) -> Decision[Detached]:
    """ "This is not me": the record that the session shows is taken off this account, and stays off (X6).

    The record keeps its contacts, and others who see it go on: an account speaks for itself alone. The account's other
    sessions for that record end; this one goes on under a new token, for what is left (V7.2.4).
    """
    account = seen.sight.account
    own = own_records(seen.sight, policy) if policy.visibility.appointments is SeenBy.RECORD else ()
    current = _current(seen.session, own)
    because = Because("linking.not_of_account", (("record", "none" if current is None else str(current)),))
    if current is None:
        return refuse(Reason.CHOOSE_FIRST if seen.session.stage is Stage.CHOOSING else Reason.NOT_FOUND, because)
    gone = next(one for one in own if one.ref == current)
    refs = gone.refs
    writes, events = taken_off(account, tuple(refs), seen.sight.links, seen.actor, now, because)
    others = tuple(Remove(one) for one in seen.sessions if one.id != seen.session.id and one.entry_ref in refs)
    left = tuple(one for one in own if one.ref != current)
    session = only_own(
        evolve(seen.session, id=seen.fresh.digest, version=0, used_at=now, because=str(because)), left, policy
    )
    outcome = Detached(mask(account.identity.value), signed_in(seen.fresh, session, left))
    return grant(outcome, because, (*writes, *others, Remove(seen.session), Put(session)), events=events)


def unlink(
    seen: Leaving | None, ref: RecordRef, group: frozenset[RecordRef], policy: Policy, now: datetime
) -> Decision[int]:
    """Staff take a record off an account, with all that was merged into it; sessions that show it end.

    A record that the account sees by its email alone is taken off just as well, and stays off.
    """
    because = Because("linking.unlink", (("record", str(ref)),))
    if seen is None:
        return refuse(Reason.NOT_FOUND, because)
    linked = {link.record_ref for link in seen.sight.links if link.revoked_at is None}
    shown = [one for one in own_records(seen.sight, policy) if one.refs & group]
    refs = frozenset((linked & group) | {member for one in shown for member in one.refs})
    if not refs:
        return refuse(Reason.NOT_LINKED, because)
    writes, events = taken_off(seen.sight.account, tuple(refs), seen.sight.links, seen.actor, now, because)
    ended = _elsewhere(seen, refs | group)
    return grant(len(ended), because, (*writes, *ended), events=events)


# --- staff link ------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class StaffLinking:
    """What is read when staff link a record: the account, the person, the links there are."""

    account: Account | None
    candidates: tuple[Candidate, ...]
    held: tuple[AccountLink, ...]
    facts: LinkFacts
    rule: LinkRule
    actor: str


def link_by_staff(seen: StaffLinking, policy: Policy, now: datetime) -> Decision[bool]:
    """Staff say that a record is an account's, and answer for it; also where it was taken off before.

    The platform's own rule, where there is one, may say no to staff as well.
    """
    because = Because("linking.link_by_staff", (("account", seen.facts.account[:200]),))
    if seen.account is None or not seen.candidates:
        return refuse(Reason.NOT_FOUND, because)
    verdict = held_to_the_laws(seen.rule, seen.facts, seen.candidates, policy)
    if isinstance(verdict, Leave):
        return refuse(Reason.NOT_FOUND, verdict.because)
    if isinstance(verdict, AskForProof):
        return refuse(Reason.PROOF_NEEDED, verdict.because)
    writes, events = links_after(verdict, seen.candidates, seen.account, seen.held, LinkEvidence.STAFF, seen.actor, now)
    return grant(bool(writes), verdict.because, writes, events=events)
