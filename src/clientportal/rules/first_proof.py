"""What happens to everything that was put on an email before anybody had proved it?

Sudhodanan & Paverd ("Pre-hijacked accounts", 2022) found five ways to own an account before its victim makes one. All
of them begin with an attacker who *types* the victim's email somewhere, and wait for the victim to prove it:

* **classic-federated merge**: the victim logs in another way, and the two accounts become one that both can open;
* **unexpired session**: the victim takes the account over, the attacker is still logged in;
* **trojan identifier**: the attacker has added an identifier of their own, and resets the password by it later;
* **unexpired email change**: the attacker has begun to change the email, and finishes when the victim is in;
* **non-verifying source**: an import or a widget says ``verified``, and nobody ever asked the mailbox.

So an email that is typed owns nothing (see :class:`~clientportal.records.Identifier`), a link in a mail proves the
mailbox and not the registration that it was sent for, and the first proof takes the rest away: :func:`first_proof`.
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    Challenge,
    Consent,
    Credential,
    Identifier,
    MailedLink,
    Put,
    Remove,
    SecondFactor,
    Session,
    Write,
)
from clientportal.values import ContactKey

__all__ = ["Belongings", "Unproved", "first_proof", "forget_account", "wipe_access"]


@frozen
class Belongings:
    """Everything that hangs on one account."""

    account: Account
    credential: Credential | None = None
    second_factor: SecondFactor | None = None
    sessions: tuple[Session, ...] = ()
    mailed: tuple[MailedLink, ...] = ()
    challenges: tuple[Challenge, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[AccountLink, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    consents: tuple[Consent, ...] = ()


@frozen
class Unproved:
    """Everything that hangs on an email that is about to be proved for the first time.

    ``identifier`` says which account it logs in to already, if any; ``accounts`` are all that merely typed it.
    """

    identity: ContactKey
    identifier: Identifier | None
    accounts: tuple[Belongings, ...]


def first_proof(seen: Unproved, prover: Account, now: datetime, *, same_person: bool) -> tuple[Write, ...]:
    """Make ``prover`` the account that the email logs in to, and take from everybody else what they put on it.

    ``same_person`` says that whoever proves the mailbox is known to be who made the account: they hold its session, or
    have shown its password. Then it keeps its password and sessions (A16). Else all of that was perhaps put there by
    somebody else, and goes; so does every other account that typed this email, with all that hangs on it.
    """
    writes: list[Write] = [Put(evolve(prover, proved_at=now))]
    identifier = seen.identifier or Identifier(id=str(seen.identity), account=prover.id)
    writes.append(Put(evolve(identifier, account=prover.id, proved_at=now)))
    for belongings in seen.accounts:
        if belongings.account.id != prover.id:
            writes.extend(forget_account(belongings, sparing=identifier.id))
        elif not same_person:
            writes.extend(wipe_access(belongings, sparing=identifier.id))
    return tuple(writes)


def wipe_access(seen: Belongings, *, sparing: str = "", keep_second_factor: bool = False) -> tuple[Write, ...]:
    """End every way into one account: password, sessions, codes and links under way, other identifiers, second factor.

    ``sparing`` is the identifier that stays. What the account may see is not touched.
    """
    gone: list[Write] = [Remove(session) for session in seen.sessions]
    if seen.credential is not None:
        gone.append(Remove(seen.credential))
    if seen.second_factor is not None and not keep_second_factor:
        gone.append(Remove(seen.second_factor))
    gone.extend(Remove(link) for link in seen.mailed)
    gone.extend(Remove(challenge) for challenge in seen.challenges)
    gone.extend(Remove(one) for one in seen.identifiers if one.id != sparing)
    return tuple(gone)


def forget_account(seen: Belongings, *, sparing: str = "") -> tuple[Write, ...]:
    """Remove an account with everything that hangs on it. Appointments stay with the platform, merely assigned to
    nobody."""
    return (
        *wipe_access(seen, sparing=sparing),
        *(Remove(link) for link in seen.links),
        *(Remove(assignment) for assignment in seen.assignments),
        *(Remove(consent) for consent in seen.consents),
        Remove(seen.account),
    )
