"""One code, one try, one session: what the tests of signing in begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from clientportal.decisions import Decision, Reason, Refusal
from clientportal.policy import presets
from clientportal.records import (
    Challenge,
    GuessCounter,
    Purpose,
    Put,
)
from clientportal.rules.signing_in import (
    STRANGERS,
    FreshSession,
    SignIn,
    Verdict,
)
from clientportal.rules.whose_contact import Candidate
from clientportal.values import (
    ClientRecord,
    RecordRef,
    Secret,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
TICK = timedelta(microseconds=1)
TIMELY = presets.timely(region="NZ")
VCITA = presets.vcita(region="NZ")
MOBILE = "mobile:+64211234567"
OWNER = "device-1"
FRESH = FreshSession(Secret("token"), "digest", Secret("device"), "lane-2", "intent-1", "message-1")


def challenge(**more: Any) -> Challenge:
    """A code sent at noon to +64 21 123 4567, asked for by a stranger."""
    given: dict[str, Any] = {
        "id": "h1", "purpose": Purpose.LOGIN, "identity": MOBILE, "lane": STRANGERS, "key_id": "k1",
        "created_at": NOW, "expires_at": NOW + 10 * MINUTE, "last_mark": NOW,
    }  # fmt: skip
    return Challenge(**given | more)


def counter(**more: Any) -> GuessCounter:
    """Wrong tries so far."""
    return GuessCounter(**{"id": f"{MOBILE}|{STRANGERS}", "identity": MOBILE, "day_began": NOW} | more)


def person(id: str, **more: Any) -> Candidate:
    """A record with that contact."""
    record = ClientRecord(RecordRef.client(id), **{"created_at": NOW - DAY} | more)
    return Candidate(record, (record,))


def typed(verdict: Verdict = Verdict.RIGHT, **more: Any) -> SignIn:
    """One typed code."""
    given: dict[str, Any] = {"challenge": challenge(), "counter": None, "verdict": verdict, "fresh": FRESH}
    return SignIn(**given | more)


def reason(decision: Decision[Any]) -> Reason:
    """Why it was refused."""
    assert isinstance(decision.outcome, Refusal)
    return decision.outcome.reason


def put(decision: Decision[Any], kind: type[Any]) -> list[Any]:
    """The records of one type that are written."""
    return [write.record for write in decision.changes if isinstance(write, Put) and isinstance(write.record, kind)]
