"""May somebody register here, what must they agree to, and what has a registration then?

The attack first: whoever registers with an address learns from the reply whether it has an account (ASVS V6.3.8), or
owns it before its owner comes (see ``first_proof.py``). So a registration is the same whatever was typed: a new account
that owns nothing but what its own session books (A16), from the same reads and writes; who the address belongs to is
found out when the mail leaves, and told to nobody but the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.outcomes import Registered
from clientportal.policy import Policy, RegisterFrom
from clientportal.records import Account, AccountOrigin, Consent, Credential, Put, Write
from clientportal.rules.account_sessions import AccountSight, open_session
from clientportal.rules.budgets import Spent, charge_all, request_charges
from clientportal.rules.mailed_links import MailRequest, mail_link
from clientportal.rules.signing_in import FreshSession, signed_in
from clientportal.values import Secret, mask

__all__ = ["Person", "Registering", "consents_kept", "could_register", "judge_consents", "register", "waiting_account"]

_WAITING = "proof"


@frozen
class Person:
    """What somebody says about themself."""

    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = field(default=None, repr=False)


@frozen
class Registering:
    """What is read when somebody registers: budgets, never an account or a client.

    ``from_booking``: whether a signed proof of a booking's confirmation page came along (A1, A2). ``agreed`` are the
    documents and editions that were agreed to. ``known`` says that this very call has been answered before, and is
    asked once more under its key.
    """

    mail: MailRequest
    person: Person
    agreed: Sequence[tuple[str, str]]
    from_booking: bool
    account_id: str
    fresh: FreshSession
    known: bool = False


def judge_consents(agreed: Sequence[tuple[str, str]], policy: Policy) -> Refusal | None:
    """Refuse unless every document was agreed to in the very edition that the policy names (A1)."""
    given = dict(agreed)
    needed = policy.registration.consents
    missing = [f"{document} ({edition})" for document, edition in needed.items() if given.get(document) != edition]
    if not missing:
        return None
    because = Because(
        "registering.judge_consents",
        (("missing", ", ".join(missing)),),
        (("registration.consents", ", ".join(f"{name} {edition}" for name, edition in needed.items())),),
    )
    return Refusal(Reason.CONSENT_MISSING, because, facts={"documents": ", ".join(missing)})


def consents_kept(account_id: str, policy: Policy, now: datetime, held: Sequence[Consent] = ()) -> tuple[Write, ...]:
    """What was agreed to, each with its edition and the time (A1); what the account has agreed to before stands."""
    known = {consent.id for consent in held}
    return tuple(
        Put(
            Consent(
                id=Consent.id_of(account_id, document, edition),
                account=account_id,
                document=document,
                edition=edition,
                at=now,
            )
        )
        for document, edition in policy.registration.consents.items()
        if Consent.id_of(account_id, document, edition) not in known
    )


def could_register(seen: Registering, policy: Policy, now: datetime) -> Decision[bool]:
    """Whether a registration would be accepted, before anything is hashed for it. Nothing is charged by that."""
    because = _because(seen, policy)
    no = _judge(seen, because, policy)
    if no is not None:
        return Decision(no, no.because)
    charges = request_charges(seen.mail.identity, seen.mail.lane, seen.mail.source, policy.sends)
    spent = charge_all(seen.mail.allowances, charges, now)
    if isinstance(spent, datetime) and not seen.known:
        return refuse(Reason.WAIT, because, retry_at=spent)
    elsewhere = spent.elsewhere if isinstance(spent, Spent) and not seen.known else ()
    return grant(True, because, spends=elsewhere)


def register(seen: Registering, hashed: Secret, policy: Policy, now: datetime) -> Decision[Registered]:
    """Make an account, open its session, and have a mail sent to the address (A1, A2, A16, TT11).

    The account is new also where the address has one: the mailbox's owner is told then, and the new account is as
    empty as any other until somebody proves the address.
    """
    because = _because(seen, policy)
    no = _judge(seen, because, policy)
    if no is not None:
        return Decision(no, no.because)
    charges = request_charges(seen.mail.identity, seen.mail.lane, seen.mail.source, policy.sends)
    spent = charge_all(seen.mail.allowances, charges, now)
    if isinstance(spent, datetime):
        return refuse(Reason.WAIT, because, retry_at=spent)
    account = waiting_account(seen, now)
    session = open_session(AccountSight(account), seen.fresh, policy, now, because, confirmed=True)
    _, mail = mail_link(seen.mail, policy, now)
    opened = signed_in(seen.fresh, session)
    outcome = Registered(
        token=opened.token,
        device=opened.device,
        stage=opened.stage,
        expires_at=opened.expires_at,
        account=account.id,
        resend_at=spent.again_at,
    )
    writes: tuple[Write, ...] = (
        Put(account),
        Put(Credential(id=account.id, hash=hashed, set_at=now, set_by="client")),
        *consents_kept(account.id, policy, now),
        Put(session),
        *mail,
        *spent.changes,
    )
    return grant(outcome, because, writes, spends=spent.elsewhere)


def waiting_account(seen: Registering, now: datetime) -> Account:
    """The account of a registration: it waits for its proof, and is forgotten where none comes."""
    return Account(
        id=seen.account_id,
        email=str(seen.mail.identity),
        address=seen.mail.address,
        created_at=now,
        origin=AccountOrigin.REGISTERED,
        waiting=_WAITING,
        first_name=seen.person.first_name,
        last_name=seen.person.last_name,
        phone=seen.person.phone,
    )


def _because(seen: Registering, policy: Policy) -> Because:
    return Because(
        "registering.register",
        (
            ("address", mask(seen.mail.identity.value)),
            ("from a booking", str(seen.from_booking)),
        ),
        (
            ("login.enabled", str(policy.login.enabled)),
            ("registration.accounts", str(policy.registration.accounts)),
            ("registration.register_from", policy.registration.register_from.value),
        ),
    )


def _judge(seen: Registering, because: Because, policy: Policy) -> Refusal | None:
    where = policy.registration.register_from
    if not policy.login.enabled or not policy.registration.accounts or where is RegisterFrom.NOWHERE:
        return Refusal(Reason.DISABLED, because)
    if where is RegisterFrom.CONFIRMATION_PAGE and not seen.from_booking:
        return Refusal(Reason.BOOKING_FIRST, because)
    if not seen.mail.human:
        return Refusal(Reason.BOT_SUSPECTED, because)
    return judge_consents(seen.agreed, policy)
