"""May two accounts with logins become one, and what is left of each?

The attack: two accounts are joined because they look alike, and whoever had made the second one before its owner came
("classic-federated merge") is in the first one from then on. So nothing is joined by itself and nothing that opens an
account is joined at all: the absorbed account's password, second factor, sessions, codes and links end. Staff who know
that both are one person say so, with a reason (V8.2.2, X3). A second attack: who has stolen an account changes its
email and has it merged away before the owner reads the mail that takes the change back: so not while that is possible.

The survivor sees what either saw. It is not undone: an ended password cannot come back. What was joined wrongly is
taken apart again record by record (``unlink``) and appointment by appointment (``assign``), each of which still
carries its evidence; the other client registers anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import evolve, frozen

from clientportal.decisions import Because, Decision, HostEvent, Reason, grant, refuse
from clientportal.outcomes import AccountsMerged
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    AccountLink,
    Consent,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Put,
    Write,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Belongings, forget_account
from clientportal.rules.keeping_records import keep_in_sight

__all__ = ["MergingAccounts", "Moved", "absorb", "merge_accounts", "told"]


@frozen
class MergingAccounts:
    """What is read when staff merge two accounts. ``sight`` is what the absorbed one sees."""

    survivor: Belongings
    absorbed: Belongings
    sight: AccountSight
    actor: str
    notice_ids: tuple[str, str]


@frozen
class Moved:
    """What an account brings to the one that absorbs it."""

    writes: tuple[Write, ...]
    events: tuple[HostEvent, ...]
    records: int
    appointments: int


def absorb(
    survivor: Belongings,
    absorbed: Belongings,
    sight: AccountSight,
    actor: str,
    policy: Policy,
    now: datetime,
    because: Because,
    *,
    with_identifiers: bool = True,
) -> Moved:
    """Move links, appointments and consents to the survivor, and end the absorbed account with every way into it.

    What the survivor has itself stays as it is: also a record that was taken off it ("this is not me"). Of a document
    that both agreed to in one edition the earlier time stays. An email that was proved logs in to the survivor from
    then on, if ``with_identifiers``; one that never was owns nothing, and goes.
    """
    into = survivor.account.id
    shown, events = keep_in_sight(sight, survivor.account, survivor.links, actor, policy, now, because)
    links = _links_for(survivor, absorbed, now)
    made = (*links, *(write.record for write in shown))
    records = sum(isinstance(link, AccountLink) and link.revoked_at is None for link in made)
    assignments = [evolve(one, account=into) for one in absorbed.assignments]
    identifiers = [
        evolve(one, account=into) for one in absorbed.identifiers if with_identifiers and one.proved_at is not None
    ]
    moved = {one.id for one in assignments} | {one.id for one in identifiers}
    ended = [write for write in forget_account(absorbed) if write.record.id not in moved]
    consents = _consents_for(survivor, absorbed)
    kept = (*map(Put, links), *map(Put, assignments), *map(Put, identifiers), *map(Put, consents))
    return Moved((*ended, *kept, *shown), events, records, len(assignments))


def _links_for(survivor: Belongings, absorbed: Belongings, now: datetime) -> tuple[AccountLink, ...]:
    into, own = survivor.account.id, {link.ref for link in survivor.links}
    return tuple(
        evolve(link, id=AccountLink.id_of(into, link.record_ref), version=0, account=into, made_at=now)
        for link in absorbed.links
        if link.ref not in own
    )


def _consents_for(survivor: Belongings, absorbed: Belongings) -> tuple[Consent, ...]:
    into = survivor.account.id
    own = {(one.document, one.edition): one for one in survivor.consents}
    kept: list[Consent] = []
    for one in absorbed.consents:
        same = own.get((one.document, one.edition))
        if same is None:
            kept.append(evolve(one, id=Consent.id_of(into, one.document, one.edition), version=0, account=into))
        elif one.at < same.at:
            kept.append(evolve(same, at=one.at))
    return tuple(kept)


def merge_accounts(seen: MergingAccounts, policy: Policy, now: datetime) -> Decision[AccountsMerged]:
    """Staff say that two accounts are one person's.

    ``proof_needed`` while nobody has proved the survivor's email: its first proof by somebody else would take all of
    that away. ``wait`` while the absorbed account's email was changed so shortly before that it can be taken back.
    """
    survivor, absorbed = seen.survivor.account, seen.absorbed.account
    because = Because(
        "merging_accounts.merge_accounts",
        (
            ("survivor", survivor.id),
            ("absorbed", absorbed.id),
            ("survivor proved", str(survivor.proved_at is not None)),
            ("absorbed proved", str(absorbed.proved_at is not None)),
        ),
        (("accounts.revert_for", str(policy.accounts.revert_for)),),
    )
    if survivor.id == absorbed.id:
        return refuse(Reason.SAME_RECORD, because)
    if survivor.proved_at is None:
        return refuse(Reason.PROOF_NEEDED, because)
    reverts = [
        link.expires_at
        for link in seen.absorbed.mailed
        if link.purpose is MailPurpose.REVERT_EMAIL and link.open_at(now)
    ]
    if reverts:
        return refuse(Reason.WAIT, because, retry_at=max(reverts))
    moved = absorb(seen.survivor, seen.absorbed, seen.sight, seen.actor, policy, now, because)
    event = HostEvent("accounts_merged", (("survivor", survivor.id), ("absorbed", absorbed.id), ("actor", seen.actor)))
    proved = [one for one in (survivor, absorbed) if one.proved_at is not None]
    notices = told(MessageKind.ACCOUNTS_MERGED, survivor.id, proved, seen.notice_ids, policy, now)
    outcome = AccountsMerged(survivor.id, absorbed.id, moved.records, moved.appointments)
    return grant(outcome, because, (*moved.writes, *notices), events=(*moved.events, event))


def told(
    kind: MessageKind, account: str, whom: Iterable[Account], ids: tuple[str, ...], policy: Policy, now: datetime
) -> tuple[Write, ...]:
    """A notice to each of those addresses, in the same commit (I8): as they stand now, for one may be gone then."""
    return tuple(
        Put(
            OutboxMessage(
                id=id,
                kind=kind,
                to=one.email,
                account=account,
                facts={"address": one.address},
                created_at=now,
                due_at=now,
                expires_at=now + policy.messages.notice_life,
            )
        )
        for id, one in zip(ids, whom, strict=False)
    )
