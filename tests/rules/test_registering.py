"""Registering: where from, with which consents, and the same for every address."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason, Refusal
from clientportal.outcomes import Registered
from clientportal.policy import Policy, RegisterFrom, presets
from clientportal.records import Account, Allowance, Consent, Credential, MailPurpose, OutboxMessage, Session
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.registering import Person, Registering, consents_kept, could_register, register
from clientportal.values import Secret
from rules.emails import ACUITY, AGREED, ANA, FRESH, MINUTE, NOW, OFF, TIMETAP, put


def asked(**more: Any) -> MailRequest:
    """The mail that is to go to the address."""
    given: dict[str, Any] = {
        "purpose": MailPurpose.VERIFY, "identity": ANA, "address": "ana@example.com", "lane": "strangers",
        "source": None, "live": (), "allowances": {}, "link_id": "l1", "message_id": "m1", "key_id": "k1",
        "account": "new",
    }  # fmt: skip
    return MailRequest(**given | more)


def registering(**more: Any) -> Registering:
    """Ana on a confirmation page, with both boxes ticked."""
    given: dict[str, Any] = {
        "mail": asked(), "person": Person("Ana", "Kingi", "021 123 4567"), "agreed": AGREED, "from_booking": True,
        "account_id": "new", "fresh": FRESH,
    }  # fmt: skip
    return Registering(**given | more)


def from_where(policy: Policy, where: RegisterFrom) -> Policy:
    """The policy with another answer to "where from?"."""
    return evolve(policy, registration=evolve(policy.registration, register_from=where))


@pytest.mark.requirement("A1")
def test_a_registration_is_one_account_that_owns_nothing() -> None:
    """Account, password, consents, session and mail in one commit; no identifier, nothing proved."""
    decision = register(registering(), Secret("hash"), ACUITY, NOW)
    outcome = decision.outcome
    assert isinstance(outcome, Registered)
    assert (outcome.token, outcome.account) == (FRESH.token, "new")
    assert outcome.resend_at > NOW
    (account,) = put(decision.changes, Account)
    assert (account.proved_at, account.waiting, account.first_name) == (None, "proof", "Ana")
    assert {one.document for one in put(decision.changes, Consent)} == {"terms", "privacy"}
    assert [one.hash for one in put(decision.changes, Credential)] == [Secret("hash")]
    (session,) = put(decision.changes, Session)
    assert (session.account, session.own, session.confirmed_at) == ("new", (), NOW)
    assert [one.account for one in put(decision.changes, OutboxMessage)] == ["new"]
    kinds = {type(one.record).__name__ for one in decision.changes}
    assert "Identifier" not in kinds


@pytest.mark.parametrize(
    ("policy", "more", "reason"),
    [
        (OFF, {}, Reason.DISABLED),
        (presets.timely(), {}, Reason.DISABLED),
        (from_where(ACUITY, RegisterFrom.NOWHERE), {}, Reason.DISABLED),
        (ACUITY, {"from_booking": False}, Reason.BOOKING_FIRST),
        (ACUITY, {"mail": asked(human=False)}, Reason.BOT_SUSPECTED),
        (ACUITY, {"agreed": ()}, Reason.CONSENT_MISSING),
        (ACUITY, {"agreed": (("privacy", "1"), ("terms", "0"))}, Reason.CONSENT_MISSING),
    ],
)
def test_what_is_refused_is_refused_before_and_at_the_commit(
    policy: Policy, more: dict[str, Any], reason: Reason
) -> None:
    """The look before hashing and the commit after it give one answer."""
    for decision in (
        could_register(registering(**more), policy, NOW),
        register(registering(**more), Secret("hash"), policy, NOW),
    ):
        assert isinstance(decision.outcome, Refusal)
        assert decision.outcome.reason is reason
        assert decision.changes == ()


def test_anybody_may_register_where_the_policy_says_anywhere() -> None:
    """TimeTap: no booking needed, no documents named."""
    seen = registering(from_booking=False, agreed=())
    assert could_register(seen, TIMETAP, NOW).granted
    assert register(seen, Secret("hash"), TIMETAP, NOW).granted


def test_used_up_budgets_are_seen_before_anything_is_hashed_and_again_at_the_commit() -> None:
    """An answered call that is asked again under its key is not told to wait: its charge was spent by itself."""
    spent = Allowance(
        id="to:email:ana@example.com|strangers", windows=((600, NOW, 3), (86400, NOW, 3)), last_at=NOW, forget_at=NOW
    )
    seen = registering(mail=asked(allowances={spent.id: spent}))
    for decision in (could_register(seen, ACUITY, NOW), register(seen, Secret("hash"), ACUITY, NOW)):
        assert isinstance(decision.outcome, Refusal)
        assert (decision.outcome.reason, decision.outcome.retry_at) == (Reason.WAIT, NOW + 10 * MINUTE)
    assert could_register(evolve(seen, known=True), ACUITY, NOW).granted


def test_what_was_agreed_to_before_is_not_agreed_to_twice() -> None:
    """One edition of one document is one fact, with the time of the first yes."""
    (first, _) = consents_kept("ana", ACUITY, NOW)
    assert isinstance(first.record, Consent)
    assert len(consents_kept("ana", ACUITY, NOW + MINUTE, (first.record,))) == 1
