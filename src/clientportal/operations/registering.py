"""Registering from anywhere or from a booking. Rules: ``rules/registering.py``.

Three steps: *look* whether it would be accepted, in a unit that writes nothing; *hash*, outside of any unit;
*register*, in one commit. A crash before the last leaves nothing behind, and nothing charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import cast

from attrs import evolve, field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant, refuse
from clientportal.errors import InvalidInput
from clientportal.keyring import digest
from clientportal.operations.frame import Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import NOBODY, fresh_session, fresh_session_of
from clientportal.operations.mailing import load_mail_request
from clientportal.operations.new_passwords import hash_new, judge_new, read_new
from clientportal.operations.performing import perform, receipt_id_of
from clientportal.operations.setting import Setup, Visitor
from clientportal.outcomes import Registered
from clientportal.policy import Policy
from clientportal.records import Account, MailPurpose, Put, Receipt, Remove, Session
from clientportal.rules.links import APPOINTMENT_LINK, judge_link, read_claims
from clientportal.rules.registering import Person, Registering, could_register, register
from clientportal.rules.sessions import judge_session
from clientportal.rules.signing_in import STRANGERS, signed_in
from clientportal.values import Email, Secret, mask, parse_email, parse_phone

__all__ = [
    "CONFIRMATION",
    "MAY_REGISTER",
    "REGISTER",
    "ConfirmationOf",
    "Registration",
    "agreed_to",
    "person_of",
    "register_client",
]

_CONFIRMATION = "confirmation"
_CONFIRMATION_LIFE = timedelta(days=1)
_MAX_NAME = 100


# --- what is typed ---------------------------------------------------------------------------------------------------


def agreed_to(consents: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Document -> edition, as it came from a form."""
    given = cast("object", {} if consents is None else consents)
    if not isinstance(given, Mapping):
        raise InvalidInput(
            f"consents is a mapping of document to edition, such as {{'terms': '2026-01'}}; this is "
            f"{type(given).__name__}"
        )
    pairs = tuple(cast("Mapping[object, object]", given).items())
    if not all(isinstance(name, str) and isinstance(edition, str) for name, edition in pairs):
        raise InvalidInput("consents is a mapping of text to text: each document with the edition that was agreed to")
    return tuple(sorted(cast("tuple[tuple[str, str], ...]", pairs)))


def person_of(first_name: str | None, last_name: str | None, phone: str | None, policy: Policy) -> Person:
    """What somebody says about themself: names of at most 100 characters, a phone that can be read."""
    for what, name in (("first_name", first_name), ("last_name", last_name)):
        if name is not None and len(name) > _MAX_NAME:
            raise InvalidInput(f"{what} has at most {_MAX_NAME} characters; this has {len(name)}")
        if name is not None and not name.isprintable():
            raise InvalidInput(f"{what} is one line of printable text")
    typed = (phone or "").strip()
    if typed:
        parse_phone(typed, region=policy.contacts.region)
    return Person((first_name or "").strip() or None, (last_name or "").strip() or None, typed or None)


@frozen
class Registration:
    """What a visitor typed. ``hash`` is the password's, once it is made; ``once`` the idempotency key of the whole."""

    email: str
    first_name: str | None
    last_name: str | None
    phone: str | None
    agreed: tuple[tuple[str, str], ...]
    came_from: Secret | None
    hash: Secret | None = field(default=None, repr=False)
    once: str | None = None


def _is_from_booking(reading: Reading, came_from: Secret | None) -> bool:
    """Whether this was signed for the confirmation page of a booking, or is the signed link to one (A2).

    A link that has acted still says that its reader is who was booked; registering does not use it up.
    """
    if came_from is None:
        return False
    keys, text = reading.setup.keys, came_from.reveal()
    claims = keys.verify(_CONFIRMATION, text)
    if claims is not None:
        return claims.get("t") == reading.tenant and reading.now.timestamp() < int(claims.get("e", 0))
    link = read_claims(keys.verify(APPOINTMENT_LINK, text), reading.tenant)
    return judge_link(link, False, reading.now) is None


async def _load_registering(reading: Reading, asked: Registration) -> Registering:
    email: Email = parse_email(asked.email)
    person = person_of(asked.first_name, asked.last_name, asked.phone, reading.policy)
    account_id = reading.fresh_id()
    mail = await load_mail_request(reading, MailPurpose.VERIFY, email, account=account_id)
    return Registering(
        mail=mail,
        person=person,
        agreed=asked.agreed,
        from_booking=_is_from_booking(reading, asked.came_from),
        account_id=account_id,
        fresh=fresh_session(reading, NOBODY, account=account_id),
    )


# --- would it be accepted? -------------------------------------------------------------------------------------------


@frozen
class _Looked:
    seen: Registering
    business: str


async def _load_looked(reading: Reading, asked: Registration) -> _Looked:
    seen = await _load_registering(reading, asked)
    answered = receipt_id_of(reading.setup, reading.caller, REGISTER, asked, asked.once)
    if answered is not None:
        seen = evolve(seen, known=await reading.state.get(Receipt, answered) is not None)
    return _Looked(seen, (await reading.host.business()).name)


def _decide_looked(seen: _Looked, _asked: Registration, policy: Policy, now: datetime) -> Decision[str]:
    decision = could_register(seen.seen, policy, now)
    if isinstance(decision.outcome, Refusal):
        return Decision(decision.outcome, decision.because)
    return grant(seen.business, decision.because, spends=decision.spends)


MAY_REGISTER = Operation[Registration, _Looked, str](
    name="may_register",
    load=_load_looked,
    decide=_decide_looked,
    subject=lambda asked: mask(asked.email.strip()[:254]),
    writes=False,
    durable=True,
    previewable=False,
    humans_only=True,
)


# --- registering -----------------------------------------------------------------------------------------------------


def _decide_register(seen: Registering, asked: Registration, policy: Policy, now: datetime) -> Decision[Registered]:
    assert asked.hash is not None
    return register(seen, asked.hash, policy, now)


def _remember(outcome: Registered) -> Mapping[str, str]:
    return {
        "session": digest(outcome.token.reveal()),
        "account": outcome.account,
        "resend": outcome.resend_at.isoformat(),
    }


async def _replay(reading: Reading, _asked: Registration, receipt: Receipt) -> Decision[Registered]:
    """The same registration once more: its session under a new token; the old token is dead (I2)."""
    because = Because("registering.replay", (("receipt", "found"),))
    session = await reading.state.get(Session, receipt.result.get("session", ""), lock=True)
    no = judge_session(session, reading.policy, reading.now, needs_record=False)
    account = await reading.state.get(Account, receipt.result.get("account", ""))
    if session is None or account is None or no is not None:
        return refuse(Reason.SESSION_ENDED, because)
    fresh = fresh_session_of(reading, account, session.device or STRANGERS)
    moved = evolve(session, id=fresh.digest, version=0)
    opened = signed_in(fresh, moved)
    outcome = Registered(
        token=opened.token,
        device=opened.device,
        stage=opened.stage,
        expires_at=opened.expires_at,
        account=account.id,
        resend_at=datetime.fromisoformat(receipt.result["resend"]),
    )
    kept = evolve(receipt, result={**receipt.result, "session": fresh.digest})
    return grant(outcome, because, (Remove(session), Put(moved), Put(kept)))


REGISTER = Operation[Registration, Registering, Registered](
    name="register",
    load=_load_registering,
    decide=_decide_register,
    subject=lambda asked: mask(asked.email.strip()[:254]),
    durable=True,
    previewable=False,
    keyed=Keyed(_remember, _replay, scope=lambda asked: asked.email.strip().casefold(), judges_proof=True),
)


async def register_client(setup: Setup, caller: Visitor, asked: Registration, password: Secret) -> Registered:
    """Look, hash, register; see the top of this file."""
    chosen = read_new(setup, caller.tenant, password)
    business = await perform(setup, caller, MAY_REGISTER, asked)
    context = (business, asked.email, asked.first_name, asked.last_name)
    await judge_new(setup, caller.tenant, chosen, context)
    hashed = await hash_new(setup, caller.tenant, chosen, "register", asked.email.strip().casefold(), asked.once)
    return await perform(setup, caller, REGISTER, evolve(asked, hash=hashed), key=asked.once)


# --- the confirmation page -------------------------------------------------------------------------------------------


@frozen
class ConfirmationOf:
    """Which booking the host has just made."""

    appointment_id: str


async def _load_confirmation(reading: Reading, asked: ConfirmationOf) -> Secret | None:
    appointment = await reading.host.appointment(asked.appointment_id)
    if appointment is None:
        return None
    claims: dict[str, str | int] = {
        "a": appointment.id,
        "e": int((reading.now + _CONFIRMATION_LIFE).timestamp()),
        "i": reading.fresh_id(),
    }
    return reading.setup.keys.sign(_CONFIRMATION, reading.tenant, claims)


def _decide_confirmation(
    seen: Secret | None, asked: ConfirmationOf, _policy: Policy, _now: datetime
) -> Decision[Secret]:
    because = Because("registering.confirmation", (("appointment", asked.appointment_id[:200]),))
    return refuse(Reason.NOT_FOUND, because) if seen is None else grant(seen, because)


CONFIRMATION = Operation[ConfirmationOf, Secret | None, Secret](
    name="confirmation",
    load=_load_confirmation,
    decide=_decide_confirmation,
    subject=lambda asked: asked.appointment_id[:200],
    writes=False,
)
