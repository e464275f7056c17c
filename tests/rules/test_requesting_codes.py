"""May a code be sent: the same for everybody, and nothing is charged for a refusal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.policy import UnknownIdentity, presets
from clientportal.records import (
    Challenge,
    MessageKind,
    OutboxMessage,
    Purpose,
)
from clientportal.rules.signing_in import (
    STRANGERS,
    CodeRequest,
    request_code,
    sign_in,
)
from clientportal.values import (
    Secret,
    parse_email,
    parse_phone,
)
from rules.codes import (
    MINUTE,
    MOBILE,
    NOW,
    OWNER,
    SECOND,
    TIMELY,
    VCITA,
    challenge,
    counter,
    put,
    reason,
    typed,
)

THREE_OPEN = tuple(challenge(expires_at=NOW + minutes * MINUTE) for minutes in (3, 2, 4))


def asking(contact: str = "021 123 4567", **more: Any) -> CodeRequest:
    """A stranger asks for a code."""
    parsed = parse_email(contact) if "@" in contact else parse_phone(contact, region="NZ")
    given: dict[str, Any] = {
        "contact": parsed, "identity": parsed.key(), "lane": STRANGERS, "source": "192.0.2.7", "live": (),
        "superseded": None, "allowances": {}, "counter": None, "handle": Secret("h"), "handle_digest": "h1",
        "message_id": "m1", "key_id": "k1",
    }  # fmt: skip
    return CodeRequest(**given | more)


def test_a_request_makes_one_challenge_and_one_message() -> None:
    """For ten minutes, resendable after thirty seconds, every budget spent."""
    decision = request_code(asking(), TIMELY, NOW)

    assert put(decision, Challenge) == [challenge()]
    (message,) = put(decision, OutboxMessage)
    assert (message.kind, message.to, message.send_number) == (MessageKind.LOGIN_CODE, MOBILE, 1)
    assert (message.due_at, message.expires_at) == (NOW, NOW + 10 * MINUTE)
    assert decision.granted
    assert decision.outcome.resend_at == NOW + 30 * SECOND  # type: ignore[union-attr]
    assert len(decision.changes) == 2 + 4
    proof = request_code(asking(purpose=Purpose.SECOND_PROOF), TIMELY, NOW)
    assert put(proof, OutboxMessage)[0].kind is MessageKind.SECOND_PROOF_CODE


def test_a_resend_keeps_the_handle_and_its_misses() -> None:
    """Only the latest number verifies; what was tried before stays tried."""
    before = challenge(misses=4, key_id="k0", last_mark=NOW + 2 * SECOND)

    decision = request_code(asking(superseded=before, live=(before,) * 3), TIMELY, NOW + SECOND)

    expected = evolve(before, send_number=2, key_id="k1", expires_at=NOW + 10 * MINUTE + SECOND)
    assert put(decision, Challenge) == [expected]


@pytest.mark.parametrize(
    ("more", "expected", "retry_at"),
    [
        ({"human": False}, Reason.BOT_SUSPECTED, None),
        ({"contact": "0900 12345", "identity": None}, Reason.CONTACT_NOT_ALLOWED, None),
        ({"counter": counter(stopped=True)}, Reason.STOPPED, None),
        ({"live": THREE_OPEN}, Reason.TOO_MANY_CODES, NOW + 2 * MINUTE),
        ({"superseded": challenge(spent=True)}, Reason.CODE_GONE, None),
    ],
)  # fmt: skip
def test_why_no_code_is_sent(more: dict[str, Any], expected: Reason, retry_at: datetime | None) -> None:
    """Each with its own reason, and nothing written."""
    if "contact" in more:
        seen = asking(contact=more["contact"])
    else:
        seen = asking(**more)

    decision = request_code(seen, TIMELY, NOW)

    assert reason(decision) is expected
    assert isinstance(decision.outcome, Refusal)
    assert decision.outcome.retry_at == retry_at
    assert decision.changes == ()


def test_two_open_codes_leave_room_for_a_third() -> None:
    """Three may be open at once."""
    assert request_code(asking(live=(challenge(),) * 2), TIMELY, NOW).granted


def test_login_off_sends_nothing() -> None:
    """Nor does it spend anything."""
    off = evolve(TIMELY, login=evolve(TIMELY.login, enabled=False))

    assert reason(request_code(asking(), off, NOW)) is Reason.DISABLED


def test_a_used_up_budget_refuses_with_the_time() -> None:
    """Right after a code, the next is thirty seconds away."""
    first = request_code(asking(), TIMELY, NOW)
    allowances = {write.record.id: write.record for write in first.changes[2:]}

    again = request_code(asking(allowances=allowances), TIMELY, NOW + SECOND)

    assert reason(again) is Reason.WAIT
    assert isinstance(again.outcome, Refusal)
    assert again.outcome.retry_at == NOW + 30 * SECOND
    assert again.changes == ()


def test_regions_may_be_limited_for_numbers_and_not_for_emails() -> None:
    """With New Zealand alone allowed, an Australian mobile is refused, and any email is not."""
    only_nz = evolve(TIMELY, contacts=evolve(TIMELY.contacts, allowed_regions=frozenset({"NZ"})))

    assert request_code(asking(), only_nz, NOW).granted
    assert request_code(asking("ana@example.com"), only_nz, NOW).granted
    assert reason(request_code(asking("+61 412 345 678"), only_nz, NOW)) is Reason.CONTACT_NOT_ALLOWED
    assert request_code(asking("+61 412 345 678"), TIMELY, NOW).granted


@pytest.mark.parametrize("lane", [STRANGERS, OWNER])
def test_a_reason_names_no_device(lane: str) -> None:
    """Staff read "known device", never the token's digest."""
    facts = dict(request_code(asking(lane=lane), TIMELY, NOW).because.facts)

    assert facts["lane"] == ("strangers" if lane == STRANGERS else "known device")


def test_unknown_identities_are_refused_silently_only_where_the_policy_says_so() -> None:
    """The other ways of treating the unknown are not this one's."""
    assert VCITA.login.unknown is UnknownIdentity.REFUSE_SILENTLY
    assert TIMELY.login.unknown is UnknownIdentity.CREATE_EMPTY


@pytest.mark.requirement("A3")
def test_where_clients_log_in_with_a_password_no_code_is_sent_or_taken() -> None:
    """``disabled``, also for a code that was on its way when the business switched."""
    policy = presets.acuity(region="NZ")
    assert reason(request_code(asking(), policy, NOW)) is Reason.DISABLED
    assert reason(sign_in(typed(), policy, NOW)) is Reason.DISABLED
