"""Reading accounts: by email, by what hangs on them, and what a mailed link is about.

**The order of locks**, for every operation that touches accounts. Two that take the same locks in two orders each have
what the other waits for, and one is told ``busy``.

1. What was shown: the mailed link, or the challenge of a code with its counter.
2. The names of contacts, ``contact:...``, sorted where there are several. An identifier is locked under
   its name alone, and so at any time after it.
3. The account; all of them, where there are several, before anything that hangs on one.
4. Its sessions.
5. The rest of it: credential, second factor, links, assignments. Of several accounts, one after the other.
6. Other counters, numbers.

An operation may leave steps out, never go back. Which account a session or a link is about is read without a lock
first, and again with one in its turn.
"""

from __future__ import annotations

from collections.abc import Sequence

from clientportal.decisions import Because, Reason, Refusal
from clientportal.operations.frame import Denied, Reading
from clientportal.operations.people import groups_of, load_candidates, records_of
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    Challenge,
    Consent,
    ContactHistory,
    Credential,
    GuessCounter,
    Identifier,
    MailedLink,
    MailPurpose,
    SecondFactor,
    Session,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Belongings, Unproved
from clientportal.rules.guessing import ended_by_owner
from clientportal.rules.mailed_links import MAILED_LINK, judge_mailed
from clientportal.rules.whose_contact import Candidate
from clientportal.values import ContactKey, RecordRef, Secret

__all__ = [
    "MOST",
    "account_by_email",
    "accounts_on",
    "belongings_of",
    "candidates_of",
    "held_lanes",
    "load_mailed",
    "load_sight",
    "load_unproved",
    "people_with",
]

MOST = 100_000
"""More than any account holds: what hangs on one is read whole, because it is taken away or shown whole."""


def accounts_on(reading: Reading, rule: str) -> None:
    """Refuse where the business has switched accounts off (A6), before anything else is looked at."""
    login, accounts = reading.policy.login.enabled, reading.policy.registration.accounts
    if not login or not accounts:
        settings = (("login.enabled", str(login)), ("registration.accounts", str(accounts)))
        raise Denied(Refusal(Reason.DISABLED, Because(rule, (), settings)))


async def account_by_email(reading: Reading, identity: ContactKey, *, lock: bool = False) -> Account | None:
    """The account that this email logs in to."""
    identifier = await reading.state.get(Identifier, str(identity), lock=lock)
    return None if identifier is None else await reading.state.get(Account, identifier.account, lock=lock)


async def belongings_of(reading: Reading, account: Account) -> Belongings:
    """Everything that hangs on one account."""
    state, id = reading.state, account.id
    sessions = await state.find(Session, "account", [id], lock=True, limit=MOST)
    challenges = await state.find_any(Challenge, "bound", [id, *(session.id for session in sessions)], limit=MOST)
    return Belongings(
        account=account,
        credential=await state.get(Credential, id, lock=True),
        second_factor=await state.get(SecondFactor, id, lock=True),
        sessions=tuple(sessions),
        mailed=tuple(await state.find(MailedLink, "account", [id], limit=MOST)),
        challenges=tuple(challenges),
        identifiers=tuple(await state.find(Identifier, "account", [id], limit=MOST)),
        links=tuple(await state.find(AccountLink, "account", [id], limit=MOST)),
        assignments=tuple(await state.find(Assignment, "account", [id], limit=MOST)),
        consents=tuple(await state.find(Consent, "account", [id], limit=MOST)),
    )


async def load_unproved(reading: Reading, identity: ContactKey) -> Unproved:
    """Everything that hangs on an email, read under its name so that two first proofs stand one after the other."""
    await reading.state.hold(f"contact:{identity}")
    identifier = await reading.state.get(Identifier, str(identity), lock=True)
    accounts = list(await reading.state.find(Account, "email", [str(identity)], lock=True, limit=MOST))
    if identifier is not None and all(one.id != identifier.account for one in accounts):
        owner = await reading.state.get(Account, identifier.account, lock=True)
        accounts.extend([owner] if owner is not None else [])
    held = [await belongings_of(reading, account) for account in accounts]
    pending = await reading.state.find(MailedLink, "identity", [str(identity)], limit=MOST)
    return Unproved(identity, identifier, tuple(held), tuple(pending))


async def held_lanes(reading: Reading, identity: ContactKey) -> tuple[GuessCounter, ...]:
    """The counters whose runs of failures end once the mailbox has answered; see ``guessing.ended_by_owner``.

    Only these are locked, with the rest: the address's name is held by now.
    """
    found = await reading.state.find(GuessCounter, "identity", [str(identity)], limit=MOST)
    ids = [one.id for one in ended_by_owner(found)]
    if not ids:
        return ()
    return tuple((await reading.state.get_many(GuessCounter, ids, lock=True)).values())


async def load_mailed(
    reading: Reading, link: Secret, purposes: Sequence[MailPurpose], *, lock: bool = True
) -> MailedLink:
    """The link that this text is, if it may still act; else the operation is refused, whatever is wrong with it."""
    claims = reading.setup.keys.verify(MAILED_LINK, link.reveal())
    mailed: MailedLink | None = None
    if claims is not None and claims.get("t") == reading.tenant:
        mailed = await reading.state.get(MailedLink, str(claims.get("i", "")), lock=lock)
    no = judge_mailed(mailed, claims, purposes, reading.now)
    if no is not None:
        raise Denied(no)
    assert mailed is not None
    return mailed


async def load_sight(reading: Reading, account: Account) -> AccountSight:
    """What an account may see as records, read for opening a session of it."""
    links = tuple(await reading.state.find(AccountLink, "account", [account.id], limit=MOST))
    held = [link.record_ref for link in links if link.revoked_at is None]
    sharing: tuple[Candidate, ...] = ()
    history: ContactHistory | None = None
    if account.proved_at is not None:
        history = await reading.state.get(ContactHistory, str(account.identity))
        sharing, _ = await load_candidates(reading, account.identity, history)
    return AccountSight(
        account=account,
        links=links,
        linked=await candidates_of(reading, held),
        sharing=sharing,
        second_factor=await reading.state.get(SecondFactor, account.id),
        history=history,
    )


async def candidates_of(reading: Reading, refs: Sequence[RecordRef]) -> tuple[Candidate, ...]:
    """The people behind those records, each once, with everything that was merged into them."""
    if not refs:
        return ()
    groups = await groups_of(reading, refs)
    wanted = {group.root: group for group in groups.values()}
    rows = await records_of(reading, [ref for group in wanted.values() for ref in group.refs])
    having: dict[RecordRef, list[RecordRef]] = {}
    for ref in sorted(set(refs)):
        having.setdefault(groups[ref].root, []).append(ref)
    return tuple(
        Candidate(rows[root], tuple(rows[ref] for ref in wanted[root].refs if ref in rows), tuple(having[root]))
        for root in sorted(wanted)
        if root in rows
    )


async def people_with(reading: Reading, identity: ContactKey) -> tuple[tuple[Candidate, ...], int]:
    """The people who have a contact, and how many records the index named; see ``people.load_candidates``."""
    history = await reading.state.get(ContactHistory, str(identity))
    return await load_candidates(reading, identity, history)
