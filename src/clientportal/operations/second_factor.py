"""The authenticator app of an account: passing it, setting it up, taking it off. Rules: ``rules/second_factor.py``."""

from __future__ import annotations

import re
import secrets
import unicodedata
from urllib.parse import quote

from attrs import evolve, field, frozen
from pyotp.hotp import HOTP

from clientportal.decisions import Because, Reason, Refusal
from clientportal.keyring import digest
from clientportal.operations.accounts import load_sight
from clientportal.operations.frame import Denied, Keyed, Operation, Reading
from clientportal.operations.fresh_sessions import fresh_session_of
from clientportal.operations.own_password import account_of_session
from clientportal.operations.people import session_of
from clientportal.operations.sessions import Nothing
from clientportal.operations.signing_in import remember_sign_in, replay_sign_in
from clientportal.operations.typed_codes import read_code
from clientportal.outcomes import Ended, Enrolment, RecoveryCodes, SignedIn
from clientportal.records import Account, GuessCounter, SecondFactor, Session
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.second_factor import (
    Enrolling,
    FactorChange,
    Passing,
    TypedFactor,
    begin_second_factor,
    confirm_second_factor,
    factor_lane,
    new_recovery_codes,
    pass_second_factor,
    remove_second_factor,
)
from clientportal.rules.signing_in import FreshSession
from clientportal.values import Secret

__all__ = [
    "BEGIN_SECOND_FACTOR",
    "CONFIRM_SECOND_FACTOR",
    "NEW_RECOVERY_CODES",
    "REMOVE_SECOND_FACTOR",
    "SECOND_FACTOR",
    "FactorCode",
    "recovery_digest",
]

_DIGITS = 6
_STEP_SECONDS = 30
_RECOVERY = 16
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's: no letter that a digit is taken for. Sixteen of them are 80 bits."""
_MISREAD = str.maketrans("oil", "011")
_LONGEST = 64
_APART = re.compile(r"[\s\-‐-―]")


# --- codes -----------------------------------------------------------------------------------------------------------


@frozen
class FactorCode:
    """What was typed: a code of the app, or a recovery code."""

    code: Secret = field(repr=False)


def recovery_digest(account: str, code: str) -> str:
    """What is kept of a recovery code. No key is in it: the codes outlive the keys. Its 80 bits need none."""
    return digest(f"recovery|{account}|{code}")


def _read_recovery(text: str) -> str | None:
    """A recovery code as it was handed out, however it was typed; ``None`` for text that cannot be one."""
    if len(text) > _LONGEST:
        return None
    code = _APART.sub("", unicodedata.normalize("NFKC", text)).casefold().translate(_MISREAD)
    return code if len(code) == _RECOVERY and set(code) <= set(_ALPHABET) else None


def _recovery_codes(account: str, many: int) -> tuple[tuple[Secret, ...], tuple[str, ...]]:
    plain = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY)) for _ in range(many)]
    shown = tuple(Secret("-".join(code[at : at + 4] for at in range(0, _RECOVERY, 4))) for code in plain)
    return shown, tuple(recovery_digest(account, code) for code in plain)


def _steps_of(reading: Reading, code: str, account: Account, key_id: str, nonce: str) -> tuple[int, ...]:
    """The steps about now whose code this is: the present one, the one before, the one after (RFC 6238, 5.2)."""
    secret = reading.setup.keys.totp_secret(key_id, reading.tenant, account.id, nonce)
    if secret is None:
        return ()
    app, now = HOTP(secret.reveal(), digits=_DIGITS), int(reading.now.timestamp()) // _STEP_SECONDS
    return tuple(step for step in (now - 1, now, now + 1) if Secret(app.at(step)) == Secret(code))


def _enrolment(reading: Reading, account: Account, business: str, key_id: str, nonce: str) -> Enrolment:
    secret = reading.setup.keys.totp_secret(key_id, reading.tenant, account.id, nonce)
    assert secret is not None, "the key that signs is in the ring"
    issuer = quote(business.replace(":", " "), safe="")
    label = f"{issuer}:{quote(account.address, safe='@')}"
    uri = f"otpauth://totp/{label}?secret={secret.reveal()}&issuer={issuer}"
    return Enrolment(Secret(uri), secret)


# --- passing it ------------------------------------------------------------------------------------------------------


def _fresh(reading: Reading, session: Session, account: Account) -> FreshSession:
    return fresh_session_of(reading, account, session.device or STRANGERS)


async def _counter(reading: Reading, account: Account) -> GuessCounter | None:
    return await reading.state.get(GuessCounter, f"{account.email}|{factor_lane(account)}", lock=True)


async def _load_passing(reading: Reading, asked: FactorCode) -> Passing:
    recovery = _read_recovery(asked.code.reveal())
    code = "" if recovery is not None else read_code(asked.code.reveal(), _DIGITS)
    session = await session_of(reading, needs_record=False, needs_factor=False, lock=True)
    account = None if session.account is None else await reading.state.get(Account, session.account)
    if account is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("second_factor.pass", (("account", "none"),))))
    reading.session = None
    reading.actor = f"account:{account.id}"
    counter = await _counter(reading, account)
    sight = await load_sight(reading, account)
    factor = sight.second_factor
    typed = TypedFactor(recovery=None if recovery is None else recovery_digest(account.id, recovery))
    if recovery is None and factor is not None:
        typed = TypedFactor(_steps_of(reading, code, account, factor.key_id, factor.nonce))
    return Passing(session, sight, typed, counter, _fresh(reading, session, account))


SECOND_FACTOR = Operation[FactorCode, Passing, SignedIn](
    name="second_factor",
    load=_load_passing,
    decide=lambda seen, _asked, policy, now: pass_second_factor(seen, policy, now),
    durable=True,
    previewable=False,
    keyed=Keyed(remember_sign_in, replay_sign_in, judges_proof=True),
)


# --- setting it up and taking it off ---------------------------------------------------------------------------------


async def _load_change(reading: Reading, *, codes: bool = False) -> FactorChange:
    session, account = await account_of_session(reading, lock=True)
    factor = await reading.state.get(SecondFactor, account.id, lock=True)
    made = _recovery_codes(account.id, reading.policy.accounts.recovery_codes) if codes else ((), ())
    return FactorChange(
        session=session,
        account=account,
        factor=factor,
        message_id=reading.fresh_id(),
        codes=made[0],
        digests=made[1],
    )


async def _load_begin(reading: Reading, _asked: Nothing) -> FactorChange:
    seen = await _load_change(reading)
    business = (await reading.host.business()).name
    key_id, nonce = reading.setup.keys.signing_id, reading.fresh_id()
    enrolment = _enrolment(reading, seen.account, business, key_id, nonce)
    return evolve(seen, key_id=key_id, nonce=nonce, enrolment=enrolment)


BEGIN_SECOND_FACTOR = Operation[Nothing, FactorChange, Enrolment](
    name="begin_second_factor",
    load=_load_begin,
    decide=lambda seen, _asked, policy, now: begin_second_factor(seen, policy, now),
    durable=True,
    previewable=False,
)


async def _load_enrolling(reading: Reading, asked: FactorCode) -> Enrolling:
    code = read_code(asked.code.reveal(), _DIGITS)
    change = await _load_change(reading, codes=True)
    account, factor = change.account, change.factor
    typed = TypedFactor()
    if factor is not None:
        key_id, nonce = factor.next_key_id or factor.key_id, factor.next_nonce or factor.nonce
        typed = TypedFactor(_steps_of(reading, code, account, key_id, nonce))
    return Enrolling(
        change=change,
        sight=await load_sight(reading, account),
        typed=typed,
        counter=await _counter(reading, account),
        fresh=_fresh(reading, change.session, account),
    )


CONFIRM_SECOND_FACTOR = Operation[FactorCode, Enrolling, RecoveryCodes](
    name="confirm_second_factor",
    load=_load_enrolling,
    decide=lambda seen, _asked, policy, now: confirm_second_factor(seen, policy, now),
    durable=True,
    previewable=False,
)


async def _load_codes(reading: Reading, _asked: Nothing) -> FactorChange:
    return await _load_change(reading, codes=True)


NEW_RECOVERY_CODES = Operation[Nothing, FactorChange, RecoveryCodes](
    name="new_recovery_codes",
    load=_load_codes,
    decide=lambda seen, _asked, policy, now: new_recovery_codes(seen, policy, now),
    durable=True,
    previewable=False,
)


async def _load_removal(reading: Reading, _asked: Nothing) -> FactorChange:
    return await _load_change(reading)


REMOVE_SECOND_FACTOR = Operation[Nothing, FactorChange, Ended](
    name="remove_second_factor",
    load=_load_removal,
    decide=lambda seen, _asked, policy, now: remove_second_factor(seen, policy, now),
    durable=True,
    previewable=False,
)
