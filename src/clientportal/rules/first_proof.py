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

from collections.abc import Iterable
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
    MailPurpose,
    Put,
    Remove,
    SecondFactor,
    Session,
    Write,
)
from clientportal.values import ContactKey

__all__ = ["Belongings", "Unproved", "first_proof", "forget_account", "spend_link", "wipe_access"]

_END_AT_PROOF = frozenset(
    {MailPurpose.VERIFY, MailPurpose.RESET, MailPurpose.SIGN_IN, MailPurpose.CHANGE_EMAIL, MailPurpose.INVITATION}
)
"""Links on their way to an address that say whose it is. One that takes a change back, or claims a record, does not."""


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

    ``identifier`` says which account it logs in to already, if any; ``accounts`` are all that merely typed it, and the
    one that it logs in to; ``pending`` are the links on their way to this address, whoever asked for them.
    """

    identity: ContactKey
    identifier: Identifier | None
    accounts: tuple[Belongings, ...]
    pending: tuple[MailedLink, ...] = ()

    def of(self, account_id: str) -> Belongings | None:
        """What hangs on one of the accounts."""
        return next((one for one in self.accounts if one.account.id == account_id), None)

    @property
    def owner(self) -> Belongings | None:
        """What hangs on the account that the email logs in to already, proved or brought along by the platform."""
        return None if self.identifier is None else self.of(self.identifier.account)

    @property
    def pending_proofs(self) -> tuple[MailedLink, ...]:
        """Of the links on their way those that would say whose the address is."""
        return tuple(link for link in self.pending if link.purpose in _END_AT_PROOF)

    def is_owned_by_another(self, account_id: str) -> bool:
        """Whether the email logs in to another account than that one."""
        return self.identifier is not None and self.identifier.account != account_id


def spend_link(link: MailedLink, now: datetime) -> Put:
    """The link has acted, and never does again."""
    return Put(evolve(link, spent=True, last_mark=max(now, link.last_mark)))


def first_proof(
    seen: Unproved,
    prover: Account,
    now: datetime,
    *,
    same_person: bool,
    acting: MailedLink | None = None,
    password: Credential | None = None,
) -> tuple[Write, ...]:
    """Make ``prover`` the account that the email logs in to, and take from everybody else what they put on it.

    ``same_person`` says that whoever proves the mailbox is known to be who made the account: they hold its session, or
    have shown its password. Then it keeps its password and sessions (A16). Else all of that was perhaps put there by
    somebody else, and goes; so does every other account that typed this email, with all that hangs on it.

    ``acting`` is the link that proves it, which is used up; every other link to this address that would say whose it
    is goes. ``password`` is the one that the prover sets by it.
    """
    identifier = seen.identifier or Identifier(id=str(seen.identity), account=prover.id)
    kept = "" if acting is None else acting.id
    writes: list[Write] = [
        Put(evolve(prover, proved_at=now, waiting=None)),
        Put(evolve(identifier, account=prover.id, proved_at=now)),
    ]
    own = seen.of(prover.id)
    if own is not None and not same_person:
        writes.extend(wipe_access(own, sparing=identifier.id, acting=kept, password=password))
    elif password is not None:
        writes.append(Put(password))
    for belongings in seen.accounts:
        if belongings.account.id != prover.id:
            writes.extend(forget_account(belongings, sparing=identifier.id, acting=kept))
    writes.extend(Remove(link) for link in seen.pending_proofs if link.id != kept)
    if acting is not None:
        writes.append(spend_link(acting, now))
    return _each_once(writes)


def _each_once(writes: Iterable[Write]) -> tuple[Write, ...]:
    """A link is found by its address and by its account: it is removed once."""
    return tuple({(type(write.record), write.record.id): write for write in writes}.values())


def wipe_access(
    seen: Belongings,
    *,
    sparing: str = "",
    keep_second_factor: bool = False,
    keep_reverts: bool = False,
    keep_proved: bool = False,
    acting: str = "",
    password: Credential | None = None,
) -> tuple[Write, ...]:
    """End every way into one account: password, sessions, codes and links under way, other identifiers, second factor.

    ``sparing`` is the identifier that stays, ``acting`` the link that does this, ``password`` the one that takes the
    old one's place. ``keep_reverts``: links that take a changed email back stay; they are the way home of an owner
    whose account was taken over, and whoever took it must not end them by a reset. ``keep_proved``: other emails that
    were proved stay; only staff can have brought them, by merging another account of the same person. What the account
    may see is not touched.
    """
    gone: list[Write] = [Remove(session) for session in seen.sessions]
    if password is not None:
        gone.append(Put(password if seen.credential is None else evolve(password, version=seen.credential.version)))
    elif seen.credential is not None:
        gone.append(Remove(seen.credential))
    if seen.second_factor is not None and not keep_second_factor:
        gone.append(Remove(seen.second_factor))
    kept = {MailPurpose.REVERT_EMAIL} if keep_reverts else set[MailPurpose]()
    gone.extend(Remove(link) for link in seen.mailed if link.id != acting and link.purpose not in kept)
    gone.extend(Remove(challenge) for challenge in seen.challenges)
    gone.extend(
        Remove(one) for one in seen.identifiers if one.id != sparing and not (keep_proved and one.proved_at is not None)
    )
    return tuple(gone)


def forget_account(seen: Belongings, *, sparing: str = "", acting: str = "") -> tuple[Write, ...]:
    """Remove an account with everything that hangs on it. Appointments stay with the platform, merely assigned to
    nobody."""
    return (
        *wipe_access(seen, sparing=sparing, acting=acting),
        *(Remove(link) for link in seen.links),
        *(Remove(assignment) for assignment in seen.assignments),
        *(Remove(consent) for consent in seen.consents),
        Remove(seen.account),
    )
