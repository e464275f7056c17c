"""Staff reset a password where the business lets them, and never see one."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from clientportal.decisions import Reason
from clientportal.policy import Policy, SecondFactorUse, StaffReset
from clientportal.records import Credential, MailedLink, MailPurpose, MessageKind, OutboxMessage
from clientportal.rules.guessing import STRANGERS
from clientportal.rules.mailed_links import MailRequest
from clientportal.rules.resetting_by_staff import (
    SettingByStaff,
    StaffResetting,
    judge_staff_reset,
    one_account,
    reset_by_staff,
    set_by_staff,
)
from clientportal.values import Secret
from rules.one_account import (
    ACUITY,
    ANA,
    NOW,
    STRONGER,
    TIMETAP,
    account,
    belongings,
    link,
    put,
    reason,
    removed,
    using,
)

MAIL = MailRequest(MailPurpose.RESET, ANA, "Ana@example.com", STRANGERS, None, (), {}, "l-new", "m-new", "k1")
ENDED = {"s1", "s2", "h1", "l-reset", "l-sign_in", "l-change_email", "l-invitation", "l-asked"}


def letting(reset: StaffReset) -> Policy:
    """TimeTap's policy with another answer."""
    return evolve(TIMETAP, registration=evolve(TIMETAP.registration, staff_reset=reset))


@pytest.mark.requirement("A4")
@pytest.mark.requirement("TT3")
def test_who_may_reset_how_many_the_policy_says() -> None:
    """Never (A4), one at a time, or many (TT3); and nowhere where nobody logs in."""
    allowed = {
        (reset, bulk): judge_staff_reset(letting(reset), bulk=bulk) is None
        for reset in StaffReset
        for bulk in (False, True)
    }
    assert [pair for pair, yes in allowed.items() if yes] == [
        (StaffReset.SINGLE, False),
        (StaffReset.SINGLE_AND_BULK, False),
        (StaffReset.SINGLE_AND_BULK, True),
    ]
    off = evolve(TIMETAP, login=evolve(TIMETAP.login, enabled=False))
    assert reason(judge_staff_reset(off, bulk=False)) is Reason.DISABLED


def test_staff_must_mean_exactly_one_account() -> None:
    """None is not found; of two nobody guesses."""
    assert one_account([account()]) == account()
    assert reason(one_account([])) is Reason.NOT_FOUND  # type: ignore[arg-type]
    assert reason(one_account([account(), account(id="a2")])) is Reason.SEVERAL_ACCOUNTS  # type: ignore[arg-type]


@pytest.mark.requirement("TT3")
def test_a_reset_takes_the_password_and_mails_a_link() -> None:
    """Sessions, codes and links end in the same commit; the second factor stays."""
    seen = StaffResetting(belongings(), (link(MailPurpose.RESET, id="l-asked"),), MAIL)
    decision = reset_by_staff(seen, TIMETAP, NOW)
    assert removed(decision) == ENDED | {"a1"}
    assert [one.id for one in put(decision, MailedLink)] == ["l-new"]
    assert [(one.kind, one.mailed_link_id) for one in put(decision, OutboxMessage)] == [
        (MessageKind.RESET_PASSWORD, "l-new")
    ]
    assert (decision.outcome.ended, decision.outcome.mailed) == (2, True)  # type: ignore[union-attr]
    bare = reset_by_staff(evolve(seen, belongings=belongings(credential=None)), TIMETAP, NOW)
    assert removed(bare) == ENDED
    assert reason(reset_by_staff(seen, ACUITY, NOW)) is Reason.DISABLED


def setting(**more: Any) -> SettingByStaff:
    """Mia types a password for Ana."""
    given: dict[str, Any] = {
        "belongings": belongings(), "pending": (link(MailPurpose.RESET, id="l-asked"),), "context": ("Kōwhai Hair",),
        "password": Secret("tui in the kowhai tree"), "listed": False, "breached": False, "made": STRONGER,
        "actor": "staff:mia", "message_id": "m1",
    }  # fmt: skip
    return SettingByStaff(**given | more)


@pytest.mark.requirement("TT3")
def test_a_password_that_staff_typed_ends_every_session_and_the_client_is_told() -> None:
    """It says who set it; it must be as good as one of the client's own."""
    decision = set_by_staff(setting(), TIMETAP, NOW)
    assert removed(decision) == ENDED
    assert put(decision, Credential) == [
        Credential(id="a1", version=4, hash=STRONGER, set_at=NOW, set_by="staff:mia"),
    ]
    assert [one.kind for one in put(decision, OutboxMessage)] == [MessageKind.PASSWORD_CHANGED]
    (first,) = put(set_by_staff(setting(belongings=belongings(credential=None)), TIMETAP, NOW), Credential)
    assert first.version == 0
    assert reason(set_by_staff(setting(password=Secret("tui")), TIMETAP, NOW)) is Reason.PASSWORD_TOO_SHORT
    assert reason(set_by_staff(setting(breached=True), TIMETAP, NOW)) is Reason.PASSWORD_BREACHED
    assert reason(set_by_staff(setting(), ACUITY, NOW)) is Reason.DISABLED
    short = setting(password=Secret("nine char"))
    assert reason(set_by_staff(short, using(TIMETAP, SecondFactorUse.REQUIRED), NOW)) is None
