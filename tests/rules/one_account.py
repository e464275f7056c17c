"""One account, one password, one session of it: what the tests of passwords and second factors begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.policy import Policy, SecondFactorUse, presets
from clientportal.records import (
    Account,
    Challenge,
    Credential,
    GuessCounter,
    MailedLink,
    MailPurpose,
    Purpose,
    Put,
    Remove,
    SecondFactor,
    Session,
)
from clientportal.rules.account_sessions import AccountSight
from clientportal.rules.first_proof import Belongings
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.logging_in import Matched, Tried
from clientportal.rules.signing_in import FreshSession
from clientportal.values import ContactKey, Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
TIMETAP, ACUITY, TIMELY = presets.timetap(), presets.acuity(), presets.timely()
EMAIL = "email:ana@example.com"
ANA = ContactKey.parse(EMAIL)
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "device:2", "intent-1", "message-1")
HASH, STRONGER = Secret("$argon2id$weak"), Secret("$argon2id$strong")


def account(**more: Any) -> Account:
    """Ana's, proved."""
    given: dict[str, Any] = {
        "id": "a1", "email": EMAIL, "address": "Ana@example.com", "created_at": NOW - DAY, "proved_at": NOW - DAY,
    }  # fmt: skip
    return Account(**given | more)


def credential(**more: Any) -> Credential:
    """Her password."""
    return Credential(**{"id": "a1", "version": 4, "hash": HASH, "set_at": NOW - DAY, "set_by": "client"} | more)


def counter(**more: Any) -> GuessCounter:
    """Wrong tries at her email by strangers, since noon."""
    return GuessCounter(**{"id": f"{EMAIL}|{STRANGERS}", "identity": EMAIL, "day_began": NOW} | more)


def tried(**more: Any) -> Tried:
    """A try that was charged."""
    given: dict[str, Any] = {
        "identity": EMAIL, "lane": STRANGERS, "account": "a1", "credential": credential(), "charged_in": NOW, "run": 1,
    }  # fmt: skip
    return Tried(**given | more)


def matched(**more: Any) -> Matched:
    """A right password."""
    return Matched(**{"tried": tried()} | more)


def session(**more: Any) -> Session:
    """Ana's, opened just now."""
    given: dict[str, Any] = {
        "id": "s1", "version": 2, "entry": None, "own": (), "identity": EMAIL, "opened_at": NOW, "used_at": NOW,
        "idle_until": NOW + DAY, "ends_at": NOW + 2 * DAY, "account": "a1", "device": "device:1", "confirmed_at": NOW,
    }  # fmt: skip
    return Session(**given | more)


def sight(**more: Any) -> AccountSight:
    """What is read about her account."""
    return AccountSight(**{"account": account()} | more)


def factor(**more: Any) -> SecondFactor:
    """Her authenticator app, confirmed yesterday."""
    given: dict[str, Any] = {
        "id": "a1", "version": 5, "key_id": "k1", "nonce": "n1", "begun_at": NOW - DAY, "confirmed_at": NOW - DAY,
        "last_step": 100, "recovery": ("r1", "r2"),
    }  # fmt: skip
    return SecondFactor(**given | more)


def link(purpose: MailPurpose, **more: Any) -> MailedLink:
    """A link in a mail to her."""
    given: dict[str, Any] = {
        "id": f"l-{purpose.value}", "purpose": purpose, "identity": EMAIL, "key_id": "k1", "created_at": NOW,
        "expires_at": NOW + DAY, "last_mark": NOW,
    }  # fmt: skip
    return MailedLink(**given | more)


def challenge() -> Challenge:
    """A code that one of her sessions asked for."""
    return Challenge(
        id="h1", purpose=Purpose.CLAIM, identity="mobile:+64211234567", lane="x", key_id="k1", created_at=NOW,
        expires_at=NOW + MINUTE, last_mark=NOW, bound_to="s1",
    )  # fmt: skip


def belongings(**more: Any) -> Belongings:
    """Her account with everything on it."""
    given: dict[str, Any] = {
        "account": account(), "credential": credential(), "second_factor": factor(),
        "sessions": (session(), session(id="s2")), "mailed": tuple(map(link, MailPurpose)),
        "challenges": (challenge(),),
    }  # fmt: skip
    return Belongings(**given | more)


def using(policy: Policy, use: SecondFactorUse) -> Policy:
    """The policy with another answer about second factors."""
    return evolve(policy, accounts=evolve(policy.accounts, second_factor=use))


def reason(decision: Decision[Any] | Refusal | None) -> Reason | None:
    """Why not."""
    outcome = decision.outcome if isinstance(decision, Decision) else decision
    return outcome.reason if isinstance(outcome, Refusal) else None


def put(decision: Decision[Any], kind: type[Any]) -> list[Any]:
    """The records of one type that are written."""
    return [one.record for one in decision.changes if isinstance(one, Put) and isinstance(one.record, kind)]


def removed(decision: Decision[Any]) -> set[str]:
    """The ids that are removed."""
    return {one.record.id for one in decision.changes if isinstance(one, Remove)}
