"""What staff do with a client's password and second factor, and accounts from the platform's past.

Rules: ``rules/resetting_by_staff.py``, ``rules/second_factor.py``, ``rules/importing_accounts.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

from attrs import field, frozen

from clientportal.decisions import Because, Decision, Reason, Refusal, grant
from clientportal.errors import InvalidInput, PolicyError, Refused
from clientportal.operations.accounts import MOST, belongings_of
from clientportal.operations.deleting_clients import MOST_AT_ONCE
from clientportal.operations.frame import Denied, Operation, Reading, alone
from clientportal.operations.logging_in import at_a_place
from clientportal.operations.own_password import context_of, facts_of, pending_links
from clientportal.operations.people import group_of, records_of
from clientportal.operations.performing import perform
from clientportal.operations.setting import Setup, Staff, System
from clientportal.outcomes import (
    AccountImport,
    AccountRow,
    AccountRowOutcome,
    Ended,
    ImportedAccount,
    PasswordReset,
    ResetRow,
)
from clientportal.passwords import Hashing, is_recognised
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    AccountLink,
    Credential,
    Identifier,
    MailPurpose,
    SecondFactor,
    Session,
    Stage,
)
from clientportal.rules.choosing_passwords import read_password
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.importing_accounts import Importing, import_account
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.resetting_by_staff import (
    SettingByStaff,
    StaffResetting,
    judge_staff_reset,
    one_account,
    reset_by_staff,
    set_by_staff,
)
from clientportal.rules.second_factor import LostFactor, remove_by_staff
from clientportal.rules.who_may_manage import Permission, may
from clientportal.rules.whose_contact import keys_of
from clientportal.values import ContactKind, RecordRef, Secret, mask, parse_email
from clientportal.values.clients import MAX_NAME

__all__ = [
    "IMPORT_ACCOUNT",
    "RESET_PASSWORD",
    "RESET_PASSWORDS",
    "SET_PASSWORD",
    "STAFF_REMOVE_SECOND_FACTOR",
    "Whose",
    "import_accounts",
    "reset_passwords",
    "set_password",
]


# --- whose account -------------------------------------------------------------------------------------------------


def _whose(value: RecordRef | str) -> RecordRef | str:
    if not isinstance(cast("object", value), (RecordRef, str)):
        raise InvalidInput(
            f"an account is named by its id, or by the ref of its client; this is {type(value).__name__}"
        )
    return value


@frozen
class Whose:
    """Whose account: by its id, or by the record of the client whose it is."""

    who: RecordRef | str = field(converter=_whose)


def _subject(asked: Any) -> str:
    return str(asked.who)[:200]


async def _account(reading: Reading, who: RecordRef | str) -> Account:
    """The one account that staff mean; else the operation is refused."""
    found = await _accounts(reading, who)
    one = one_account(found)
    if isinstance(one, Refusal):
        raise Denied(one)
    # A login that is under way has this name too, and locks the account after it: none opens a session that is not
    # seen, and so not ended, here.
    await reading.state.hold(f"contact:{one.email}")
    locked = await reading.state.get(Account, one.id, lock=True)
    if locked is None:
        raise Denied(Refusal(Reason.NOT_FOUND, Because("resetting_by_staff.one_account", (("account", "gone"),))))
    return locked


async def _accounts(reading: Reading, who: RecordRef | str) -> Sequence[Account]:
    state = reading.state
    if isinstance(who, str):
        account = await state.get(Account, who)
        return () if account is None else (account,)
    refs = [str(ref) for ref in (await group_of(reading, who)).refs]
    links = await state.find_any(AccountLink, "ref", refs)
    ids = {link.account for link in links if link.revoked_at is None}
    if not ids:
        rows = await records_of(reading, [RecordRef.parse(ref) for ref in refs])
        region = reading.policy.contacts.region
        keys = {str(key) for row in rows.values() for key in keys_of(row, region) if key.kind is ContactKind.EMAIL}
        ids = {one.account for one in (await state.get_many(Identifier, sorted(keys))).values()}
    return tuple((await state.get_many(Account, sorted(ids))).values())


# --- resetting -----------------------------------------------------------------------------------------------------


async def _load_reset(reading: Reading, asked: Whose) -> StaffResetting:
    no = judge_staff_reset(reading.policy, bulk=False)
    if no is not None:
        raise Denied(no)
    account = await _account(reading, asked.who)
    mail = MailRequest(
        purpose=MailPurpose.RESET,
        identity=account.identity,
        address=account.address,
        lane=STRANGERS,
        source=None,
        live=(),
        # Staff ask for it, and the client did not: it spends nothing of what the client may ask for.
        allowances={},
        link_id=reading.fresh_id(),
        message_id=reading.fresh_id(),
        key_id=reading.setup.keys.signing_id,
        # Not among the open links that strangers ask for: they would count them, and know whose password was reset.
        account=account.id,
    )
    return StaffResetting(await belongings_of(reading, account), await pending_links(reading, account), mail)


RESET_PASSWORD = Operation[Whose, StaffResetting, PasswordReset](
    name="reset_password",
    load=_load_reset,
    decide=lambda seen, _asked, policy, now: reset_by_staff(seen, policy, now),
    subject=_subject,
    durable=True,
    previewable=False,
    permission=Permission.RESET_PASSWORDS,
)


@frozen
class _Many:
    rows: int | None
    """How many; ``None`` where it is refused anyway, and none was read for it."""


async def _load_many(_reading: Reading, _asked: _Many) -> None:
    return None


def _decide_many(_seen: None, asked: _Many, policy: Policy, _now: datetime) -> Decision[int]:
    no = judge_staff_reset(policy, bulk=True)
    because = Because("resetting_by_staff.judge_staff_reset", (("rows", str(asked.rows)),))
    return grant(asked.rows or 0, because) if no is None else Decision(no, no.because)


RESET_PASSWORDS = Operation[_Many, None, int](
    name="reset_passwords",
    load=_load_many,
    decide=_decide_many,
    subject=lambda asked: "rows not read" if asked.rows is None else f"{asked.rows} rows",
    durable=True,
    previewable=False,
    permission=Permission.RESET_PASSWORDS,
)


def _each_whose(rows: object) -> list[Whose]:
    """Each row, read. One id is text, and text is iterable: its letters are nobody's ids."""
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise InvalidInput(
            f"reset_passwords: who is a list of accounts' ids and clients' refs, such as [{rows!r:.100}]; "
            f"this is {type(rows).__name__}"
        )
    found = list(islice(cast("Iterable[RecordRef | str]", rows), MOST_AT_ONCE + 1))
    if not 1 <= len(found) <= MOST_AT_ONCE:
        raise InvalidInput(f"reset_passwords: who is 1 to {MOST_AT_ONCE} accounts' ids and clients' refs")
    return [Whose(row) for row in found]


async def reset_passwords(
    setup: Setup, caller: Staff, rows: Iterable[RecordRef | str], *, preview: bool = False
) -> tuple[ResetRow, ...]:
    """Every row a reset of its own, whole or not at all; one that is refused keeps no other from its own.

    Whoever may not reset has no row read: a generator may be long, or ask the platform's database for each.
    """
    policy = setup.policy_of(caller.tenant)
    if may(caller.permissions, RESET_PASSWORDS.permission) or judge_staff_reset(policy, bulk=True):
        # It will be refused, and the audit is to have that.
        await perform(setup, caller, RESET_PASSWORDS, _Many(None), preview=preview)
    asked = _each_whose(rows)
    await perform(setup, caller, RESET_PASSWORDS, _Many(len(asked)), preview=preview)
    done: list[ResetRow] = []
    for one in asked:
        try:
            reset: PasswordReset = await perform(setup, caller, RESET_PASSWORD, one)
            done.append(ResetRow(one.who, reset))
        except Refused as refused:
            done.append(ResetRow(one.who, refusal=refused.refusal))
    return tuple(done)


# --- setting one ---------------------------------------------------------------------------------------------------


@frozen
class _Set:
    who: RecordRef | str
    password: Secret = field(repr=False)
    made: Secret | None = field(repr=False)
    listed: bool
    breached: bool


async def _load_set(reading: Reading, asked: _Set) -> SettingByStaff:
    no = judge_staff_reset(reading.policy, bulk=False)
    if no is not None:
        raise Denied(no)
    if asked.made is None:  # the policy was switched at this very moment
        raise Denied(Refusal(Reason.BUSY, Because("resetting_by_staff.set_by_staff", (("hash", "not made"),))))
    account = await _account(reading, asked.who)
    return SettingByStaff(
        belongings=await belongings_of(reading, account),
        pending=await pending_links(reading, account),
        context=await context_of(reading, account),
        password=asked.password,
        listed=asked.listed,
        breached=asked.breached,
        made=asked.made,
        actor=reading.actor,
        message_id=reading.fresh_id(),
    )


SET_PASSWORD = Operation[_Set, SettingByStaff, PasswordReset](
    name="set_password",
    load=_load_set,
    decide=lambda seen, _asked, policy, now: set_by_staff(seen, policy, now),
    subject=_subject,
    durable=True,
    previewable=False,
    permission=Permission.RESET_PASSWORDS,
)


async def set_password(
    setup: Setup, caller: Staff, who: RecordRef | str, password: Secret, *, preview: bool = False
) -> PasswordReset:
    """Hash it at a place, then judge and store it. What is refused anyway is not hashed first."""
    alone(setup, SET_PASSWORD.name)
    if preview:
        raise PolicyError(f"{SET_PASSWORD.name} cannot be previewed: it ends sessions")
    policy, whose = setup.policy_of(caller.tenant), Whose(who)
    typed = read_password(password, policy.passwords)
    if may(caller.permissions, SET_PASSWORD.permission) or judge_staff_reset(policy, bulk=False):
        # It will be refused, and the audit is to have that: there is no need to hash anything for it.
        unmade = _Set(whose.who, typed, made=None, listed=False, breached=False)
        return await perform(setup, caller, SET_PASSWORD, unmade)
    listed, breached = await facts_of(setup, typed)

    async def make(hashing: Hashing) -> PasswordReset:
        made = await hashing.make(typed)
        return await perform(setup, caller, SET_PASSWORD, _Set(whose.who, typed, made, listed, breached))

    return await at_a_place(setup, caller, SET_PASSWORD.name, make)


# --- the second factor ---------------------------------------------------------------------------------------------


async def _load_removal(reading: Reading, asked: Whose) -> LostFactor:
    account = await _account(reading, asked.who)
    sessions = await reading.state.find(Session, "account", [account.id], lock=True, limit=MOST)
    factor = await reading.state.get(SecondFactor, account.id, lock=True)
    waiting = tuple(one for one in sessions if one.stage is Stage.SECOND_FACTOR)
    return LostFactor(account, factor, waiting, reading.fresh_id())


STAFF_REMOVE_SECOND_FACTOR = Operation[Whose, LostFactor, Ended](
    name="staff_remove_second_factor",
    load=_load_removal,
    decide=lambda seen, _asked, policy, now: remove_by_staff(seen, policy, now),
    subject=_subject,
    durable=True,
    previewable=False,
    permission=Permission.RESET_PASSWORDS,
)


# --- accounts from the past ----------------------------------------------------------------------------------------


@frozen
class _Row:
    row: ImportedAccount = field(repr=False)


def _check(row: ImportedAccount) -> None:
    """What is wrong with a row, whatever the store holds: raises ``InvalidInput``."""
    for name in ("first_name", "last_name", "phone"):
        text = getattr(row, name)
        if text is not None and (not isinstance(text, str) or len(text) > MAX_NAME or not text.isprintable()):
            raise InvalidInput(f"{name} is text of at most {MAX_NAME} characters, without control characters")
    if not isinstance(cast("object", row.email), str):
        raise InvalidInput(f"email is text; this is {type(row.email).__name__}")
    if not isinstance(cast("object", row.password_hash), (Secret, type(None))):
        raise InvalidInput(f"password_hash is text or a Secret; this is {type(row.password_hash).__name__}")
    if not isinstance(cast("object", row.ref), (RecordRef, type(None))):
        raise InvalidInput(f"ref is a RecordRef; this is {type(row.ref).__name__}")


async def _load_row(reading: Reading, asked: _Row) -> Importing:
    row = asked.row
    _check(row)
    email = parse_email(row.email)
    stored = row.password_hash
    if stored is not None and not is_recognised(stored, reading.setup.gate.past):
        raise InvalidInput(
            "password_hash is of no kind that this portal can compare with: argon2, or one of its past_hashes"
        )
    state = reading.state
    await state.hold(f"contact:{email.key()}")
    identifier = await state.get(Identifier, str(email.key()), lock=True)
    known = None if identifier is None else await state.get(Account, identifier.account, lock=True)
    link: AccountLink | None = None
    if known is not None and row.ref is not None:
        link = await state.get(AccountLink, AccountLink.id_of(known.id, row.ref))
    return Importing(
        identity=email.key(),
        address=email.address,
        hash=stored,
        exists=row.ref is None or bool(await reading.host.clients([row.ref])),
        account_id=reading.fresh_id(),
        known=known,
        credential=None if known is None else await state.get(Credential, known.id),
        link=link,
    )


IMPORT_ACCOUNT = Operation[_Row, Importing, tuple[AccountRowOutcome, str]](
    name="import_account",
    load=_load_row,
    decide=lambda seen, asked, policy, now: import_account(seen, asked.row, policy, now),
    subject=lambda asked: mask(asked.row.email.strip()[:254]) if isinstance(cast("Any", asked.row.email), str) else "",
)


async def import_accounts(
    setup: Setup, caller: System, rows: Iterable[ImportedAccount], progress: Callable[[AccountRow], None] | None
) -> AccountImport:
    """Every row in a commit of its own; one that cannot be imported says why, and keeps no other from it."""
    done: list[AccountRow] = []
    if not isinstance(cast("object", rows), Iterable):
        raise InvalidInput(f"rows are an iterable of ImportedAccount; this is {type(rows).__name__}")
    for number, row in enumerate(rows, 1):
        if not isinstance(cast("object", row), ImportedAccount):
            raise InvalidInput(f"row {number} is not an ImportedAccount but {type(row).__name__}")
        try:
            outcome, account = await perform(setup, caller, IMPORT_ACCOUNT, _Row(row))
            done.append(AccountRow(number, outcome, account))
        except Refused as refused:
            done.append(AccountRow(number, AccountRowOutcome.REFUSED, problem=refused.staff_text))
        except InvalidInput as wrong:
            done.append(AccountRow(number, AccountRowOutcome.REFUSED, problem=str(wrong)))
        if progress is not None:
            progress(done[-1])
    return AccountImport(tuple(done))
