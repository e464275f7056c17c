"""What does the survivor of a merge take over, and what stays with its own record?

Appointments, forms, documents, memberships, packages, gift cards, balances and invoices are the client's, from
whichever record: nothing of them is lost or doubled (law 7). A saved card is a way to pay, and one person's is not
another's: whether it comes along, ``merging.cards`` says. Nothing that opens an account is ever joined (law 11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from clientportal.outcomes import FieldChoice, Holdings, HoldingSum, PlannedLogin
from clientportal.policy import MergedCards, Policy, SeenBy
from clientportal.records import Account, AccountLink, Identifier, Merge
from clientportal.rules.surviving import OWN, SurvivorshipRule, own_name
from clientportal.rules.whose_contact import keys_of
from clientportal.values import ClientRecord, ContactKey, ContactKind, Holding, HoldingKind, Money, RecordRef, mask

__all__ = ["LeadsTo", "emails_that_lead", "left_behind", "logins_of", "remarks_of", "taken_over", "who_leads"]


@frozen
class LeadsTo:
    """An account, and the records of the client that it is linked to or whose email it has proved."""

    account: Account
    refs: tuple[RecordRef, ...]


def taken_over(each: Sequence[Holding], cards: Iterable[RecordRef]) -> Holdings:
    """Sort what the records hold into what the merged client has and what stays where it is.

    ``cards`` are the records whose saved cards come along. Sums are exact, and of one currency each.
    """
    whose = frozenset(cards)
    ordered = tuple(sorted(each, key=_place))
    left = tuple(one for one in ordered if one.kind is HoldingKind.CARD and one.ref not in whose)
    sums: dict[tuple[HoldingKind, str], HoldingSum] = {}
    for one in ordered:
        if one not in left:
            key = (one.kind, one.amount.currency if one.amount is not None else "")
            sums[key] = _plus(sums.get(key), one)
    return Holdings(ordered, tuple(sums[key] for key in sorted(sums)), left)


def _place(one: Holding) -> tuple[RecordRef, HoldingKind, str]:
    return (one.ref, one.kind, "" if one.amount is None else str(one.amount))


def _plus(so_far: HoldingSum | None, one: Holding) -> HoldingSum:
    if so_far is None:
        return HoldingSum(one.kind, one.count, one.amount, one.credits)
    amount: Money | None = so_far.amount
    if amount is not None and one.amount is not None:
        amount = amount + one.amount
    counted = [credits for credits in (so_far.credits, one.credits) if credits is not None]
    return HoldingSum(one.kind, so_far.count + one.count, amount, sum(counted) if counted else None)


def emails_that_lead(records: Iterable[ClientRecord], policy: Policy) -> frozenset[tuple[ContactKey, RecordRef]]:
    """The emails by which whoever has proved one sees the record that it stands on (TT11); none where a business shows
    single appointments: there a record's email opens nothing of it (A7).
    """
    if not policy.registration.accounts or policy.visibility.appointments is not SeenBy.RECORD:
        return frozenset()
    return frozenset(
        (key, record.ref)
        for record in records
        for key in keys_of(record, policy.contacts.region)
        if key.kind is ContactKind.EMAIL
    )


def who_leads(
    links: Iterable[AccountLink],
    emails: Iterable[tuple[ContactKey, RecordRef]],
    owners: Mapping[str, Identifier],
    policy: Policy,
) -> Mapping[str, tuple[RecordRef, ...]]:
    """The ids of the accounts that lead to any of these records, each with the records: by a link, or by a proved email
    that stands there. ``owners`` are who logs in with these emails.

    The attack: somebody types Ana's email into a registration and never proves it; or "this is not me" took the record
    off an account whose email it still has. Neither leads there.
    """
    if not policy.registration.accounts:
        return {}
    every = [(link.account, link.record_ref, link.revoked_at is None) for link in links]
    leads = {(account, ref) for account, ref, stands in every if stands}
    taken_off = {(account, ref) for account, ref, _ in every} - leads
    proved = {id: one.account for id, one in owners.items() if one.proved_at is not None}
    leads |= {(proved[str(key)], ref) for key, ref in emails if str(key) in proved} - taken_off
    return {
        account: tuple(sorted(ref for whose, ref in leads if whose == account))
        for account in sorted({account for account, _ in leads})
    }


def logins_of(leading: Sequence[LeadsTo], survivor: RecordRef) -> tuple[PlannedLogin, ...]:
    """The accounts that lead to the client afterwards, their addresses masked: whole ones only ``links()`` shows."""
    ordered = sorted(leading, key=lambda one: one.account.id)
    return tuple(
        PlannedLogin(one.account.id, mask(one.account.address), tuple(sorted(one.refs)), survivor) for one in ordered
    )


def left_behind(
    holdings: Holdings | None,
    members: Iterable[RecordRef],
    cards: Iterable[RecordRef],
    internal: Sequence[FieldChoice],
) -> tuple[str, ...]:
    """In words, what the survivor does not take over: so that whoever merges knows it before, not from the client."""
    setting = f"merging.cards = {MergedCards.SURVIVORS.value}"
    said: list[str] = []
    if holdings is None:
        others = ", ".join(map(str, sorted(set(members) - set(cards))))
        if others:
            said.append(f"saved cards of {others}, if there are any: they stay with that record ({setting})")
    else:
        for one in holdings.left:
            noun = "saved card" if one.count == 1 else "saved cards"
            said.append(f"{one.count} {noun} of {one.ref}: a card stays with its own record ({setting})")
    for choice in internal:
        others = ", ".join(str(other.ref) for other in choice.others if other.value and other.value != choice.value)
        if others:
            said.append(f"{choice.field} of {others}: not shown ({choice.rule}), and kept in that record")
    return tuple(said)


def remarks_of(
    holdings: Holdings | None,
    logins: Sequence[PlannedLogin],
    journal: Sequence[Merge],
    own: Mapping[str, SurvivorshipRule],
    *,
    unfounded: Sequence[tuple[RecordRef, RecordRef]] = (),
) -> tuple[str, ...]:
    """In words, what else is worth knowing before it is done. ``unfounded``: of these pairs nothing says that they are
    one person.
    """
    said: list[str] = []
    if holdings is None:
        said.append(
            "this platform does not say what its records hold (capability holdings): forms, documents, memberships, "
            "packages, gift cards, balances and invoices become the client's, uncounted"
        )
    if len(logins) > 1:
        said.append(
            f"{len(logins)} accounts lead to this client afterwards: each keeps its own password, and none opens "
            "another; merge_accounts makes them one"
        )
    known = {name: own_name(rule) for name, rule in own.items()}
    gone = {
        (name, rule)
        for entry in journal
        for name, rule in entry.rules.items()
        if rule.startswith(OWN) and known.get(name) != rule
    }
    for name, rule in sorted(gone):
        said.append(f"{name} was decided by {rule}, which is not registered any more")
    for absorbed, survivor in unfounded:
        said.append(f"nothing that the duplicate report goes by says that {absorbed} is one person with {survivor}")
    return tuple(said)
