"""An address, the accounts that typed it, a link on its way to it: what the tests of proving an email begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from clientportal.policy import Policy, presets
from clientportal.records import (
    Account,
    AccountLink,
    Assignment,
    Challenge,
    Consent,
    Credential,
    Identifier,
    LinkEvidence,
    MailedLink,
    MailPurpose,
    MessageKind,
    OutboxMessage,
    Purpose,
    Put,
    SecondFactor,
    Session,
    Write,
)
from clientportal.rules.first_proof import Belongings
from clientportal.rules.signing_in import FreshSession
from clientportal.values import ContactKey, Secret

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERS = "email:ana@example.com"
ANA = ContactKey.parse(HERS)
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "device:n", "intent-1", "message-1")
ACUITY, TIMETAP = presets.acuity(region="NZ"), presets.timetap(region="NZ")
AGREED = (("privacy", "1"), ("terms", "1"))
OFF: Policy = evolve(ACUITY, login=evolve(ACUITY.login, enabled=False))


def account(id: str = "eve", **more: Any) -> Account:
    """Somebody registered with Ana's address."""
    given: dict[str, Any] = {"email": HERS, "address": "ana@example.com", "created_at": NOW - DAY, "waiting": "proof"}
    return Account(id=id, **given | more)


def mailed(id: str = "link", purpose: MailPurpose = MailPurpose.VERIFY, **more: Any) -> MailedLink:
    """A link in a mail to Ana."""
    given: dict[str, Any] = {
        "identity": HERS, "address": "ana@example.com", "account": "eve", "key_id": "k1", "created_at": NOW - HOUR,
        "expires_at": NOW + HOUR, "last_mark": NOW - HOUR,
    }  # fmt: skip
    return MailedLink(id=id, purpose=purpose, **given | more)


def session(id: str = "s1", **more: Any) -> Session:
    """A session of that account."""
    given: dict[str, Any] = {
        "entry": None, "own": (), "identity": HERS, "opened_at": NOW - HOUR, "used_at": NOW - HOUR,
        "idle_until": NOW + DAY, "ends_at": NOW + DAY, "account": "eve",
    }  # fmt: skip
    return Session(id=id, **given | more)


def challenge(id: str = "code", **more: Any) -> Challenge:
    """A code on its way, for that account."""
    given: dict[str, Any] = {
        "purpose": Purpose.VERIFY_EMAIL, "identity": HERS, "lane": "verify", "key_id": "k1", "created_at": NOW,
        "expires_at": NOW + 10 * MINUTE, "last_mark": NOW, "bound_to": "eve",
    }  # fmt: skip
    return Challenge(id=id, **given | more)


def message(kind: MessageKind, **more: Any) -> OutboxMessage:
    """A mail about to leave."""
    given: dict[str, Any] = {"to": HERS, "created_at": NOW, "due_at": NOW, "expires_at": NOW + DAY}
    return OutboxMessage(id="m1", kind=kind, **given | more)


def everything(id: str = "eve", **more: Any) -> Belongings:
    """An account with one of each thing that can hang on one."""
    given: dict[str, Any] = {
        "account": account(id),
        "credential": Credential(id=id, version=4, hash=Secret("old"), set_at=NOW - DAY, set_by="client"),
        "second_factor": SecondFactor(id=id, key_id="k1", nonce="n", begun_at=NOW - DAY),
        "sessions": (session(f"{id}-s", account=id),),
        "mailed": (
            mailed(f"{id}-verify", account=id),
            mailed(f"{id}-revert", MailPurpose.REVERT_EMAIL, account=id, identity="email:old@example.com"),
        ),
        "challenges": (challenge(f"{id}-code", bound_to=id),),
        "identifiers": (Identifier(id=f"email:{id}@example.com", account=id),),
        "links": (
            AccountLink(
                id=f"{id}|client:x", account=id, ref="client:x", evidence=LinkEvidence.STAFF, made_at=NOW, actor="mia"
            ),
        ),
        "assignments": (Assignment(id=f"{id}-a1", account=id, ref="client:x", at=NOW, actor="mia"),),
        "consents": (Consent(id=f"{id}|c", account=id, document="terms", edition="1", at=NOW),),
    }  # fmt: skip
    return Belongings(**given | more)


def put(writes: tuple[Write, ...], kind: type[Any]) -> list[Any]:
    """What is written, of one type."""
    return [write.record for write in writes if isinstance(write, Put) and isinstance(write.record, kind)]


def removed(writes: tuple[Write, ...]) -> set[str]:
    """The ids of all that is removed."""
    return {write.record.id for write in writes if not isinstance(write, Put)}
