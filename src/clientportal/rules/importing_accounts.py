"""What becomes of an account that the platform brings along from its past?

The attack (Sudhodanan & Paverd, "non-verifying source"): somebody registered at the platform with an email that is not
theirs; the platform says ``verified``, and nobody ever asked the mailbox. So whatever an import says of an email, it is
unproved here: the old password works, the account shows the row that the platform names and nothing that an equal email
would add, and the first proof by somebody else takes the password away (``first_proof.py``).

Run again, it adds nobody twice: an email names one account, and one that is there is not touched.
"""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import AccountRowOutcome, ImportedAccount
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    AccountLink,
    AccountOrigin,
    Credential,
    Identifier,
    LinkEvidence,
    Put,
    Write,
)
from clientportal.values import ContactKey, Secret, mask

__all__ = ["Importing", "import_account"]

IMPORT = "import"


@frozen
class Importing:
    """What is read about one row. ``known`` is the account that has its email, with its password and its link to the
    row's record; ``exists`` says whether the host has that record."""

    identity: ContactKey
    address: str = field(repr=False)
    hash: Secret | None = field(repr=False)
    exists: bool
    account_id: str
    known: Account | None = None
    credential: Credential | None = None
    link: AccountLink | None = None


def import_account(
    seen: Importing, row: ImportedAccount, policy: Policy, now: datetime
) -> Decision[tuple[AccountRowOutcome, str]]:
    """One row, whole or not at all: what became of it, and the account that it is."""
    because = Because(
        "importing_accounts.import_account",
        (("email", mask(seen.identity.value)), ("account", "there" if seen.known is not None else "new")),
        (("registration.accounts", str(policy.registration.accounts)),),
    )
    no = _refused(seen, because, policy)
    if no is not None:
        return Decision(no, because)
    if seen.known is not None:
        return _met_again(seen, seen.known, row, because, now)
    account = Account(
        id=seen.account_id,
        email=str(seen.identity),
        address=seen.address,
        created_at=now,
        origin=AccountOrigin.IMPORTED,
        first_name=row.first_name,
        last_name=row.last_name,
        phone=row.phone,
    )
    writes: list[Write] = [Put(account), Put(Identifier(id=str(seen.identity), account=account.id))]
    if seen.hash is not None:
        writes.append(Put(Credential(id=account.id, hash=seen.hash, set_at=now, set_by=IMPORT)))
    writes.extend(_link(account, row, now))
    return grant((AccountRowOutcome.ADDED, account.id), because, tuple(writes))


def _refused(seen: Importing, because: Because, policy: Policy) -> Refusal | None:
    if not policy.registration.accounts:
        return Refusal(Reason.DISABLED, because)
    return None if seen.exists else Refusal(Reason.NOT_FOUND, because)


def _met_again(
    seen: Importing, known: Account, row: ImportedAccount, because: Because, now: datetime
) -> Decision[tuple[AccountRowOutcome, str]]:
    """Another row with an email that is there: the same row once more, or another person of the household.

    The second person's record joins the first one's account only where both had one password: else the first would see
    what was the second one's alone. Nothing is ever added to an account that was not imported.
    """
    if row.ref is None or seen.link is not None or known.origin is not AccountOrigin.IMPORTED:
        return grant((AccountRowOutcome.UNCHANGED, known.id), because)
    if seen.hash is None or seen.credential is None or seen.credential.hash != seen.hash:
        return refuse(Reason.ALREADY_REGISTERED, because)
    return grant((AccountRowOutcome.LINKED, known.id), because, _link(known, row, now))


def _link(account: Account, row: ImportedAccount, now: datetime) -> tuple[Write, ...]:
    if row.ref is None:
        return ()
    return (
        Put(
            AccountLink(
                id=AccountLink.id_of(account.id, row.ref),
                account=account.id,
                ref=str(row.ref),
                evidence=LinkEvidence.HOST,
                made_at=now,
                actor=IMPORT,
            )
        ),
    )
