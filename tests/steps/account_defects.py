"""Faults of accounts, one each, of the kinds that are really made: what the tests of accounts must catch.

Each is planted into the very function that keeps the promise, and taken out again when the test has ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Because, Decision, grant
from clientportal.operations import account_staff, logging_in, performing
from clientportal.operations.frame import Operation, Reading
from clientportal.operations.performing import perform
from clientportal.policy import Policy
from clientportal.records import (
    Account,
    Credential,
    GuessCounter,
    Identifier,
    MailedLink,
    MailPurpose,
    Put,
    Remove,
    Session,
    Write,
)
from clientportal.rules import (
    first_proof,
    merging_accounts,
    proving,
    resetting_by_staff,
    second_factor,
    sign_in_links,
    whose_appointment,
)
from clientportal.rules.guessing import miss_counted
from clientportal.rules.logging_in import Tried, Trying
from clientportal.rules.whose_appointment import Booking, Whose

__all__ = [
    "Plant",
    "absorbed_sessions_move_along",
    "charged_after_hashing",
    "equal_email_is_enough",
    "factor_skipped_by_link",
    "kept_email_change",
    "kept_sessions",
    "link_not_spent",
    "looks_can_write",
    "recovery_code_kept",
    "rehashed_blindly",
    "staff_reset_whatever_the_policy",
    "step_used_again",
    "trusted_import",
    "unproved_logs_in_anywhere",
]

Plant = Callable[[pytest.MonkeyPatch], None]


# --- passwords -------------------------------------------------------------------------------------------------------


async def _counter_of(reading: Reading, tried: Tried) -> GuessCounter | None:
    return await reading.state.get(GuessCounter, f"{tried.identity}|{tried.lane}", lock=True)


def _late(seen: GuessCounter | None, tried: Tried, policy: Policy, now: datetime) -> Decision[None]:
    counted = miss_counted(seen, tried.identity, tried.lane, policy, now)
    return grant(None, Because("defect.late"), (Put(counted),))


_CHARGE_LATE = Operation[Tried, "GuessCounter | None", None](
    name="charge_late", load=_counter_of, decide=_late, durable=True, previewable=False, audited=False
)


def charged_after_hashing(plant: pytest.MonkeyPatch) -> None:
    """A try is charged when it turned out wrong, and not before: the plug pulled meanwhile, it was free."""
    charge, compare = logging_in.charge_try, logging_in.matched

    def uncharged(seen: Trying, policy: Policy, now: datetime) -> Decision[Tried]:
        return evolve(charge(seen, policy, now), changes=())

    async def then_charged(setup: Any, caller: Any, hashing: Any, tried: Tried, password: Any) -> Any:
        checked = await compare(setup, caller, hashing, tried, password)
        if not checked.matches:
            await perform(setup, caller, _CHARGE_LATE, tried)
        return checked

    plant.setattr(logging_in, "charge_try", uncharged)
    plant.setattr(logging_in, "matched", then_charged)


def rehashed_blindly(plant: pytest.MonkeyPatch) -> None:
    """The stronger hash of the old password is written over whatever is there by then."""

    async def whatever_is_there(reading: Reading, tried: Tried) -> Credential:
        present = await reading.state.get(Credential, tried.account or logging_in.NOBODY, lock=True)
        assert present is not None
        return present

    plant.setattr(logging_in, "must_be_unchanged", whatever_is_there)


def unproved_logs_in_anywhere(plant: pytest.MonkeyPatch) -> None:
    """A registration that nobody has proved logs in wherever its password is typed, and not just where it was made."""
    sound = logging_in.WHOSE_PASSWORD

    async def load(reading: Reading, asked: Any) -> Trying:
        seen = await sound.load(reading, asked)
        for account in await reading.state.find(Account, "email", [str(seen.identity)]):
            if account.proved_at is None:
                credential = await reading.state.get(Credential, account.id)
                return evolve(seen, account=account, credential=credential)
        return seen

    plant.setattr(logging_in, "WHOSE_PASSWORD", evolve(sound, load=load))


def staff_reset_whatever_the_policy(plant: pytest.MonkeyPatch) -> None:
    """The permission alone is asked for, and not whether the business allows it."""
    for module in (account_staff, resetting_by_staff):
        plant.setattr(module, "judge_staff_reset", lambda _policy, *, bulk: None)


def trusted_import(plant: pytest.MonkeyPatch) -> None:
    """What the platform calls verified is taken for proved."""
    sound = account_staff.import_account

    def trusting(seen: Any, row: Any, policy: Policy, now: datetime) -> Any:
        decision = sound(seen, row, policy, now)
        return evolve(decision, changes=tuple(_proved(one, now) for one in decision.changes))

    plant.setattr(account_staff, "import_account", trusting)


def _proved(write: Any, now: datetime) -> Any:
    mailbox = isinstance(write, Put) and isinstance(write.record, (Account, Identifier))
    return Put(evolve(write.record, proved_at=now)) if mailbox else write


# --- proving an email ------------------------------------------------------------------------------------------------


def link_not_spent(plant: pytest.MonkeyPatch) -> None:
    """A mailed link acts and stays as it was."""
    for module in (first_proof, proving, sign_in_links):
        plant.setattr(module, "spend_link", lambda link, _now: Put(link))


def kept_sessions(plant: pytest.MonkeyPatch) -> None:
    """The first proof takes the password away, and leaves whoever is logged in where they are."""
    _wiping_all_but(plant, lambda write: isinstance(write.record, Session))


def kept_email_change(plant: pytest.MonkeyPatch) -> None:
    """The first proof leaves a change of the email under way."""
    _wiping_all_but(
        plant,
        lambda write: isinstance(write.record, MailedLink) and write.record.purpose is MailPurpose.CHANGE_EMAIL,
    )


def _wiping_all_but(plant: pytest.MonkeyPatch, keeps: Callable[[Write], bool]) -> None:
    sound = first_proof.wipe_access

    def wipe(*args: Any, **how: Any) -> tuple[Write, ...]:
        return tuple(write for write in sound(*args, **how) if isinstance(write, Put) or not keeps(write))

    for module in (first_proof, proving):
        plant.setattr(module, "wipe_access", wipe)


def equal_email_is_enough(plant: pytest.MonkeyPatch) -> None:
    """Whatever was booked with an email is the account's that proves it, also what was booked after it was made."""

    def booked(seen: Booking) -> Whose:
        owners = {one.account for one in seen.provers if one.proved_at is not None}
        account = owners.pop() if len(owners) == 1 else None
        return Whose(account, Because("whose_appointment.booked_before_proof"))

    plant.setattr(whose_appointment, "_booked_before_proof", booked)


# --- the second factor -----------------------------------------------------------------------------------------------


def step_used_again(plant: pytest.MonkeyPatch) -> None:
    """A code of the app is good for as long as it is shown, however often."""
    plant.setattr(second_factor, "_fresh_step", lambda typed, _last: next(iter(sorted(typed.steps)), None))


def recovery_code_kept(plant: pytest.MonkeyPatch) -> None:
    """A recovery code is compared, and stays on the list."""
    sound = second_factor._used

    def used(factor: Any, typed: Any) -> Any:
        after = sound(factor, typed)
        return after if after is None or typed.recovery is None else factor

    plant.setattr(second_factor, "_used", used)


def factor_skipped_by_link(plant: pytest.MonkeyPatch) -> None:
    """Who follows a link in a mail is not asked for the app's code."""
    sound = sign_in_links.open_session
    plant.setattr(sign_in_links, "open_session", lambda *args, **how: sound(*args, **how, second_passed=True))


# --- staff -----------------------------------------------------------------------------------------------------------


def absorbed_sessions_move_along(plant: pytest.MonkeyPatch) -> None:
    """Whoever is logged in to the absorbed account is logged in to the surviving one after the merge."""
    sound = merging_accounts.absorb

    def absorb(survivor: Any, absorbed: Any, *args: Any, **how: Any) -> Any:
        moved = sound(survivor, absorbed, *args, **how)
        into = survivor.account.id
        return evolve(moved, writes=tuple(_kept_for(into, write) for write in moved.writes))

    plant.setattr(merging_accounts, "absorb", absorb)


def _kept_for(account: str, write: Write) -> Write:
    if isinstance(write, Remove) and isinstance(write.record, Session):
        return Put(evolve(write.record, account=account))
    return write


def looks_can_write(plant: pytest.MonkeyPatch) -> None:
    """A session of staff who look through a client's eyes is a session like any other."""
    plant.setattr(performing, "judge_look", lambda _viewer, _operation, *, writes: None)
    plant.setattr(performing, "as_looked_at", lambda decision, _viewer, _operation: decision)
